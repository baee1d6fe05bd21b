/*
 * A terminal that reads the software card with OpenPACE (libeac) and OpenSSL,
 * implementations of PACE, Chip Authentication, secure messaging and signatures
 * that share nothing with ours.
 *
 *   openpace CARD PASSWORD ARC [POINT PARAMETER KEY [FILE ...]]
 *
 * connects to a card (line.h), opens PACE by the card access number, of six digits,
 * or the MRZ, of 90 characters, with the suite whose object identifier ends in ARC,
 * and selects the eMRTD application in secure messaging. Given the chip's point for
 * Chip Authentication in hexadecimal, the number of its domain parameters, and the
 * SubjectPublicKeyInfo for Active Authentication in hexadecimal, it does both before
 * it reads, and reads with the session keys of Chip Authentication. It prints EF.COM,
 * or the files with the given identifiers, in hexadecimal, one per line. It exits
 * with 1 if anything is wrong.
 */
#include <eac/ca.h>
#include <eac/eac.h>
#include <eac/objects.h>
#include <eac/pace.h>
#include <openssl/buffer.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "line.h"
static EAC_CTX *eac;

static BUF_MEM *buffer(const unsigned char *bytes, size_t n)
{
	BUF_MEM *b = BUF_MEM_new();
	check(b != NULL && BUF_MEM_grow(b, n) == n, "memory");
	memcpy(b->data, bytes, n);
	return b;
}

/* transmit sends a command and returns the length of the response, of 1024 bytes at
 * most. */
static size_t transmit(const unsigned char *command, size_t n, unsigned char *response)
{
	return line_transmit(command, n, response, 1024);
}

static void ok(const unsigned char *response, size_t n, const char *what)
{
	check(response[n - 2] == 0x90 && response[n - 1] == 0x00, what);
}

/* general_authenticate does one step of PACE and returns the object in the answer. */
static BUF_MEM *general_authenticate(int last, unsigned char tag, const BUF_MEM *data)
{
	unsigned char command[512] = {last ? 0x00 : 0x10, 0x86, 0x00, 0x00}, response[1024];
	size_t inner = data ? data->length + 2 : 0, n = 4;
	command[n++] = (unsigned char)(inner + 2);
	command[n++] = 0x7C;
	command[n++] = (unsigned char)inner;
	if (data) {
		command[n++] = tag;
		command[n++] = (unsigned char)data->length;
		memcpy(command + n, data->data, data->length);
		n += data->length;
	}
	command[n++] = 0x00;
	n = transmit(command, n, response);
	ok(response, n, "general authenticate");
	return buffer(response + 4, response[3]);
}

static void pace(const char *secret, unsigned char arc)
{
	const int zone = strlen(secret) == 90;
	unsigned char set[] = {0x00, 0x22, 0xC1, 0xA4, 15, 0x80, 10, 0x04, 0x00, 0x7F, 0x00,
			       0x07, 0x02, 0x02, 0x04, 0x02, arc,  0x83, 1,    zone ? 1 : 2};
	unsigned char response[1024];
	PACE_SEC *password = PACE_SEC_new(secret, strlen(secret), zone ? PACE_MRZ : PACE_CAN);
	BUF_MEM *theirs, *ours;

	check(password != NULL, "password");
	ok(response, transmit(set, sizeof set, response), "manage security environment");
	check(PACE_STEP2_dec_nonce(eac, password, general_authenticate(0, 0, NULL)), "nonce");
	ours = PACE_STEP3A_generate_mapping_data(eac);
	check(ours != NULL, "mapping data");
	check(PACE_STEP3A_map_generator(eac, general_authenticate(0, 0x81, ours)), "map generator");
	ours = PACE_STEP3B_generate_ephemeral_key(eac);
	check(ours != NULL, "ephemeral key");
	theirs = general_authenticate(0, 0x83, ours);
	check(PACE_STEP3B_compute_shared_secret(eac, theirs), "shared secret");
	check(PACE_STEP3C_derive_keys(eac), "session keys");
	ours = PACE_STEP3D_compute_authentication_token(eac, theirs);
	check(ours != NULL, "token");
	check(PACE_STEP3D_verify_authentication_token(eac, general_authenticate(1, 0x85, ours)) == 1, "the card's token");
	check(EAC_CTX_set_encryption_ctx(eac, EAC_ID_PACE), "secure messaging");
}

/* secured sends one protected command and returns the data of the response. */
static BUF_MEM *secured(const unsigned char header[4], const unsigned char *data, size_t n, int le)
{
	unsigned char objects[512], command[600], message[600] = {0x0C, header[1], header[2], header[3], 0x80};
	unsigned char response[1024];
	size_t length = 0;
	BUF_MEM *mac, *plain = buffer(response, 0);

	check(EAC_increment_ssc(eac), "counter");
	if (n > 0) {
		BUF_MEM *sealed = EAC_encrypt(eac, EAC_add_iso_pad(eac, buffer(data, n)));
		check(sealed != NULL, "encrypt");
		objects[length++] = 0x87;
		objects[length++] = (unsigned char)(sealed->length + 1);
		objects[length++] = 0x01;
		memcpy(objects + length, sealed->data, sealed->length);
		length += sealed->length;
	}
	if (le > 0) {
		objects[length++] = 0x97;
		objects[length++] = 1;
		objects[length++] = (unsigned char)le;
	}
	memcpy(message + 16, objects, length);
	mac = EAC_authenticate(eac, EAC_add_iso_pad(eac, buffer(message, 16 + length)));
	check(mac != NULL, "authenticate");
	objects[length++] = 0x8E;
	objects[length++] = 8;
	memcpy(objects + length, mac->data, 8);
	length += 8;
	memcpy(command, message, 4);
	command[4] = (unsigned char)length;
	memcpy(command + 5, objects, length);
	command[5 + length] = 0x00;

	n = transmit(command, 6 + length, response);
	ok(response, n, "a protected command");
	check(n >= 16, "an unprotected response");
	check(EAC_increment_ssc(eac), "counter");
	n -= 2 + 10;
	check(EAC_verify_authentication(eac, EAC_add_iso_pad(eac, buffer(response, n)), buffer(response + n + 2, 8)) == 1,
	      "the response's checksum");
	if (response[0] == 0x87) {
		plain = EAC_decrypt(eac, buffer(response + 3, response[1] - 1u));
		check(plain != NULL, "decrypt");
		plain = EAC_remove_iso_pad(plain);
	}
	return plain;
}

/* libeac exports these but does not declare them. */
BUF_MEM *KA_CTX_generate_key(const KA_CTX *ctx, BN_CTX *bn_ctx);
int KA_CTX_compute_key(KA_CTX *ctx, const BUF_MEM *in, BN_CTX *bn_ctx);
int KA_CTX_derive_keys(const KA_CTX *ctx, const BUF_MEM *nonce, EVP_MD_CTX *md_ctx);

static BUF_MEM *unhex(const char *text)
{
	long n;
	unsigned char *bytes = OPENSSL_hexstr2buf(text, &n);
	check(bytes != NULL, "hexadecimal digits");
	return buffer(bytes, (size_t)n);
}

static const int anything = 0x100; /* Le for as many bytes as there are */

/* chip_authentication is version 1 of Doc 9303-11, 6.2, without nonce and token. The
 * next response proves that the chip has its private key. */
static void chip_authentication(const BUF_MEM *point, int parameter, unsigned char arc)
{
	static const unsigned char set_template[4] = {0x0C, 0x22, 0x41, 0xA4}, authenticate[4] = {0x0C, 0x86, 0, 0};
	unsigned char set[] = {0x80, 10, 0x04, 0x00, 0x7F, 0x00, 0x07, 0x02, 0x02, 0x03, 0x02, arc};
	unsigned char data[256] = {0x7C, 0, 0x80, 0};
	const int protocols[] = {NID_id_CA_ECDH_AES_CBC_CMAC_128, NID_id_CA_ECDH_AES_CBC_CMAC_192,
				 NID_id_CA_ECDH_AES_CBC_CMAC_256};
	BUF_MEM *ours, *answer;
	KA_CTX *agreement;

	check(arc >= 2 && arc <= 4 && EAC_CTX_init_ca(eac, protocols[arc - 2], parameter), "Chip Authentication");
	agreement = eac->ca_ctx->ka_ctx;
	ours = KA_CTX_generate_key(agreement, NULL);
	check(ours != NULL && ours->length < 120, "a key for Chip Authentication");
	data[1] = (unsigned char)(ours->length + 2);
	data[3] = (unsigned char)ours->length;
	memcpy(data + 4, ours->data, ours->length);
	secured(set_template, set, sizeof set, 0);
	answer = secured(authenticate, data, ours->length + 4, anything);
	check(answer->length == 2 && answer->data[0] == 0x7C && answer->data[1] == 0, "the answer to Chip Authentication");
	check(KA_CTX_compute_key(agreement, point, NULL), "the chip's key");
	check(KA_CTX_derive_keys(agreement, NULL, NULL), "keys of Chip Authentication");
	check(EAC_CTX_set_encryption_ctx(eac, EAC_ID_CA), "secure messaging of Chip Authentication");
}

/* active_authentication is by ECDSA with SHA-256, as r || s. */
static void active_authentication(const BUF_MEM *spki)
{
	static const unsigned char internal_authenticate[4] = {0x0C, 0x88, 0, 0};
	const unsigned char *der = (const unsigned char *)spki->data;
	unsigned char challenge[8], *signature = NULL;
	EVP_PKEY *key = d2i_PUBKEY(NULL, &der, (long)spki->length);
	EVP_MD_CTX *digest = EVP_MD_CTX_new();
	ECDSA_SIG *pair = ECDSA_SIG_new();
	BUF_MEM *plain;
	int half, length;

	check(key != NULL && digest != NULL && pair != NULL, "the key of EF.DG15");
	check(RAND_bytes(challenge, sizeof challenge) == 1, "challenge");
	plain = secured(internal_authenticate, challenge, sizeof challenge, anything);
	half = (int)plain->length / 2;
	check(plain->length == 2u * (unsigned)((EVP_PKEY_bits(key) + 7) / 8), "the signature has another length");
	check(ECDSA_SIG_set0(pair, BN_bin2bn((unsigned char *)plain->data, half, NULL),
			     BN_bin2bn((unsigned char *)plain->data + half, half, NULL)), "signature");
	length = i2d_ECDSA_SIG(pair, &signature);
	check(length > 0 && EVP_DigestVerifyInit(digest, NULL, EVP_sha256(), NULL, key) == 1, "verify");
	check(EVP_DigestVerify(digest, signature, (size_t)length, challenge, sizeof challenge) == 1,
	      "the signature of Active Authentication");
}

/* print_file reads a file in secure messaging, its length first, and prints it. */
static void print_file(unsigned fid)
{
	static const unsigned char select_file[4] = {0x0C, 0xA4, 0x02, 0x0C};
	const unsigned char name[2] = {(unsigned char)(fid >> 8), (unsigned char)fid};
	const size_t most = 96; /* every length in the response has one byte */
	size_t at = 0, size = 6, i;

	secured(select_file, name, sizeof name, 0);
	while (at < size) {
		const unsigned char read_binary[4] = {0x0C, 0xB0, (unsigned char)(at >> 8), (unsigned char)at};
		size_t wanted = size - at < most ? size - at : most;
		BUF_MEM *part = secured(read_binary, NULL, 0, (int)wanted);
		const unsigned char *b = (const unsigned char *)part->data;
		check(part->length == wanted, "a part of a file");
		if (at == 0) {
			check(b[1] <= 0x82, "the length of a file");
			size = b[1] < 0x80 ? 2u + b[1] : b[1] == 0x81 ? 3u + b[2] : 4u + ((size_t)b[2] << 8 | b[3]);
			check(size >= 6 && size < 0x8000, "the length of a file");
		}
		for (i = 0; i < wanted; i++)
			printf("%02x", b[i]);
		at += wanted;
		BUF_MEM_free(part);
	}
	putchar('\n');
}

int main(int argc, char **argv)
{
	static const unsigned char select_access[] = {0x00, 0xA4, 0x02, 0x0C, 0x02, 0x01, 0x1C};
	static const unsigned char read_access[] = {0x00, 0xB0, 0x00, 0x00, 0x00};
	static const unsigned char document[] = {0xA0, 0x00, 0x00, 0x02, 0x47, 0x10, 0x01};
	static const unsigned char select_document[4] = {0x0C, 0xA4, 0x04, 0x0C};
	unsigned char response[1024];
	size_t n;
	int i;

	check(argc == 4 || argc >= 7, "usage: openpace CARD PASSWORD ARC [POINT PARAMETER KEY [FILE ...]]");
	line_open(argv[1]);
	EAC_init();
	eac = EAC_CTX_new();
	check(eac != NULL, "context");

	ok(response, transmit(select_access, sizeof select_access, response), "select EF.CardAccess");
	n = transmit(read_access, sizeof read_access, response);
	ok(response, n, "read EF.CardAccess");
	check(EAC_CTX_init_ef_cardaccess(response, n - 2, eac), "EF.CardAccess");
	pace(argv[2], (unsigned char)atoi(argv[3]));
	secured(select_document, document, sizeof document, 0);
	if (argc >= 7) {
		chip_authentication(unhex(argv[4]), atoi(argv[5]), (unsigned char)atoi(argv[3]));
		active_authentication(unhex(argv[6]));
	}
	if (argc <= 7)
		print_file(0x011E); /* EF.COM */
	for (i = 7; i < argc; i++)
		print_file((unsigned)strtoul(argv[i], NULL, 16));
	return 0;
}

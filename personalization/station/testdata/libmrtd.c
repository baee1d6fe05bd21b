/*
 * A terminal that reads the software card with libmrtd, an implementation of
 * Basic Access Control and its secure messaging that shares nothing with ours.
 *
 *   libmrtd PORT KEY FILE...
 *
 * connects to a card on the loopback interface (two bytes of length, then the
 * APDU), opens it by the MRZ information, of 24 characters, and prints each file,
 * named by its identifier (0101), in hexadecimal on a line. It exits with 1 when
 * anything is not as it should be.
 */
#include <arpa/inet.h>
#include <nfc/nfc.h>
#include <mrtd/mrtd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static int card;

static void check(int ok, const char *what)
{
	if (!ok) {
		fprintf(stderr, "%s\n", what);
		exit(1);
	}
}

static void receive(uint8_t *into, size_t n)
{
	while (n > 0) {
		ssize_t got = read(card, into, n);
		check(got > 0, "the card hung up");
		into += got;
		n -= (size_t)got;
	}
}

/* libmrtd reaches the card by this function of libnfc alone. */
int nfc_initiator_transceive_bytes(nfc_device *device, const uint8_t *command, const size_t n,
                                   uint8_t *response, const size_t room, int timeout)
{
	uint8_t frame[512] = {(uint8_t)(n >> 8), (uint8_t)n}, length[2];
	size_t size;
	(void)device;
	(void)timeout;
	check(n <= sizeof frame - 2, "a long command");
	memcpy(frame + 2, command, n);
	check(write(card, frame, n + 2) == (ssize_t)n + 2, "write");
	receive(length, sizeof length);
	size = (size_t)length[0] << 8 | length[1];
	check(size <= room, "a response longer than asked for");
	receive(response, size);
	return (int)size;
}

static void connect_to(const char *port)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(port))};
	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	card = socket(AF_INET, SOCK_STREAM, 0);
	check(card >= 0 && connect(card, (struct sockaddr *)&at, sizeof at) == 0, "connect");
}

int main(int argc, char **argv)
{
	static uint8_t file[32768];
	uint8_t enc[16], mac[16];
	uint64_t counter;
	check(argc > 3 && strlen(argv[2]) == 24, "usage: libmrtd PORT KEY FILE...");
	connect_to(argv[1]);
	mrtd_bac_randomize_rndifd_kifd();
	check(mrtd_bac_keyhandshake(NULL, (const uint8_t *)argv[2], enc, mac, &counter) >= 0, "Basic Access Control");
	for (int i = 3; i < argc; i++) {
		unsigned id = (unsigned)strtoul(argv[i], NULL, 16);
		uint8_t index[2] = {(uint8_t)(id >> 8), (uint8_t)id};
		int length = 0;
		mrtd_fileread_read(NULL, index, file, &length, enc, mac, &counter);
		check(length > 0, argv[i]);
		for (int j = 0; j < length; j++)
			printf("%02x", file[j]);
		printf("\n");
	}
	return 0;
}

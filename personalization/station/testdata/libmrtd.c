/*
 * A terminal that reads the software card with libmrtd, an implementation of
 * Basic Access Control and its secure messaging that shares nothing with ours.
 *
 *   libmrtd CARD KEY FILE...
 *
 * connects to a card (line.h), opens it by the MRZ information, of 24 characters, and
 * prints each file, given by its identifier, for example 0101, in hexadecimal on one
 * line. It exits with 1 if anything is wrong.
 */
#include <nfc/nfc.h>
#include <mrtd/mrtd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../chip/softcard/testdata/line.h"

/* libmrtd talks to the card only by this function of libnfc. */
int nfc_initiator_transceive_bytes(nfc_device *device, const uint8_t *command, const size_t n,
                                   uint8_t *response, const size_t room, int timeout)
{
	(void)device;
	(void)timeout;
	return (int)line_transmit(command, n, response, room);
}

int main(int argc, char **argv)
{
	static uint8_t file[32768];
	uint8_t enc[16], mac[16];
	uint64_t counter;
	check(argc > 3 && strlen(argv[2]) == 24, "usage: libmrtd CARD KEY FILE...");
	line_open(argv[1]);
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

/*
 * The connection between a terminal and a card: a port of the loopback interface (two
 * bytes of length, then the APDU) or, as pcsc:READER, a reader of PC/SC, if the program
 * is built with -DPCSC and libpcsclite.
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* check ends the program if something is wrong. */
static void check(int ok, const char *what)
{
	if (!ok) {
		fprintf(stderr, "%s\n", what);
		exit(1);
	}
}

static int line_socket = -1; /* -1 if the card is in a reader */

#ifdef PCSC
#include <winscard.h>

static SCARDHANDLE line_card;
static DWORD line_protocol;

/* line_insert connects to the card in the first reader whose name begins so. */
static void line_insert(const char *name)
{
	SCARDCONTEXT context;
	char readers[1024];
	const char *r = readers;
	DWORD n = sizeof readers;
	LONG status;
	check(SCardEstablishContext(SCARD_SCOPE_SYSTEM, NULL, NULL, &context) == SCARD_S_SUCCESS, "PC/SC");
	check(SCardListReaders(context, NULL, readers, &n) == SCARD_S_SUCCESS, "list readers");
	while (*r && strncmp(r, name, strlen(name)) != 0)
		r += strlen(r) + 1;
	check(*r, "no such reader");
	status = SCardConnect(context, r, SCARD_SHARE_EXCLUSIVE, SCARD_PROTOCOL_T0 | SCARD_PROTOCOL_T1, &line_card, &line_protocol);
	check(status == SCARD_S_SUCCESS, pcsc_stringify_error(status));
}

static size_t line_exchange(const unsigned char *command, size_t n, unsigned char *response, size_t room)
{
	DWORD length = room;
	const SCARD_IO_REQUEST *how = line_protocol == SCARD_PROTOCOL_T0 ? SCARD_PCI_T0 : SCARD_PCI_T1;
	check(SCardTransmit(line_card, how, command, n, NULL, response, &length) == SCARD_S_SUCCESS, "transmit");
	return length;
}
#else
static void line_insert(const char *name)
{
	check(0, name);
}

static size_t line_exchange(const unsigned char *command, size_t n, unsigned char *response, size_t room)
{
	(void)command, (void)n, (void)response, (void)room;
	return 0;
}
#endif

/* line_open connects to a card. */
static void line_open(const char *where)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	if (strncmp(where, "pcsc:", 5) == 0) {
		line_insert(where + 5);
		return;
	}
	at.sin_port = htons((unsigned short)atoi(where));
	line_socket = socket(AF_INET, SOCK_STREAM, 0);
	check(line_socket >= 0 && connect(line_socket, (struct sockaddr *)&at, sizeof at) == 0, "connect");
}

static void line_receive(unsigned char *into, size_t n)
{
	while (n > 0) {
		ssize_t got = read(line_socket, into, n);
		check(got > 0, "the card hung up");
		into += got;
		n -= (size_t)got;
	}
}

/* line_transmit sends a command and returns the length of the response. */
static size_t line_transmit(const unsigned char *command, size_t n, unsigned char *response, size_t room)
{
	unsigned char frame[1024] = {(unsigned char)(n >> 8), (unsigned char)n}, length[2];
	if (line_socket < 0) {
		n = line_exchange(command, n, response, room);
		check(n >= 2, "a response without status word");
		return n;
	}
	check(n <= sizeof frame - 2, "a long command");
	memcpy(frame + 2, command, n);
	check(write(line_socket, frame, n + 2) == (ssize_t)n + 2, "write");
	line_receive(length, sizeof length);
	n = (size_t)length[0] << 8 | length[1];
	check(n >= 2 && n <= room, "a response without status word, or longer than asked for");
	line_receive(response, n);
	return n;
}

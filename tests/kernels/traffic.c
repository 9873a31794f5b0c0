/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * traffic - requests over real TCP of which it is known what was sent: whatever the in-kernel program has a loop for.
 * The server reads to the end of a connection, and answers how many bytes there were. The client prints a line for each
 * request: TRACE|SPAN|WHAT, with "-" for the ids where there is no context. The same on every run.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define CONTEXT_LEN  55
#define PIECE_MAX    65536
#define PAUSE_NS     4000000 /* between pieces, so that they are not joined */
#define CONNECT_MAX  500
#define N_CHUNKS     300 /* more than one call of the program's loop takes */
#define N_FRAMES     200
#define BIG_HEAD_LEN 30000

/* A connection in the making: what is to be sent next, and how much was. */
struct connection {
	int fd;
	uint32_t len;
	uint64_t n_sent;
	uint8_t piece[PIECE_MAX];
};

/* A context: its value, and what the line says that is printed of it. */
struct context {
	char value[CONTEXT_LEN + 1];
	char ids[50];
};

static void die(const char *what)
{
	fprintf(stderr, "kernel_traffic: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void pause_ns(long ns)
{
	const struct timespec t = { .tv_nsec = ns };

	nanosleep(&t, NULL);
}

/* SplitMix64: ids that differ, and are never zero. */
static uint64_t next_id(void)
{
	static uint64_t state = 20240917;
	uint64_t z = state += 0x9e3779b97f4a7c15u;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return (z ^ z >> 31) | 1;
}

static struct context new_context(void)
{
	const unsigned long long high = next_id(), low = next_id(), span = next_id();
	struct context c;

	snprintf(c.value, sizeof(c.value), "00-%016llx%016llx-%016llx-01", high, low, span);
	snprintf(c.ids, sizeof(c.ids), "%016llx%016llx|%016llx", high, low, span);
	return c;
}

static void put(struct connection *c, const void *bytes, uint32_t len)
{
	if (len > sizeof(c->piece) - c->len)
		die("a piece is too long");
	memcpy(c->piece + c->len, bytes, len);
	c->len += len;
}

static void put_text(struct connection *c, const char *text)
{
	put(c, text, (uint32_t)strlen(text));
}

/* Sends the first len bytes of what was put. */
static void send_part(struct connection *c, uint32_t len)
{
	for (uint32_t at = 0; at < len;) {
		const ssize_t n = send(c->fd, c->piece + at, len - at, MSG_NOSIGNAL);

		if (n < 0)
			die("send");
		at += (uint32_t)n;
	}
	c->n_sent += len;
	c->len -= len;
	memmove(c->piece, c->piece + len, c->len);
	pause_ns(PAUSE_NS);
}

static void send_all(struct connection *c)
{
	send_part(c, c->len);
}

/* A head with its context behind some n_fill bytes of other fields; more are fields that follow. */
static void put_head(struct connection *c, const char *what, const char *method, uint32_t n_fill, const char *more)
{
	const struct context context = new_context();
	char line[128];

	snprintf(line, sizeof(line), "%s /page HTTP/1.1\r\nhost: tests\r\n", method);
	put_text(c, line);
	for (uint32_t i = 0; i < n_fill / 50; i++) {
		snprintf(line, sizeof(line), "x-fill-%05u: abcdefghijklmnopqrstuvwxyz01234567\r\n", i);
		put_text(c, line);
	}
	snprintf(line, sizeof(line), "traceparent: %s\r\n", context.value);
	put_text(c, line);
	put_text(c, more);
	put_text(c, "\r\n");
	printf("%s|%s\n", context.ids, what);
}

static void heads(struct connection *c)
{
	put_head(c, "at the head", "GET", 0, "");
	send_all(c);
	put_head(c, "1000 bytes deep", "GET", 1000, "");
	send_all(c);
	put_text(c, "GET /page HTTP/1.1\r\nhost: tests\r\n\r\n");
	printf("-|-|without a context\n");
	send_all(c);
	put_head(c, "first of three", "GET", 0, "");
	put_head(c, "second of three", "GET", 100, "");
	put_head(c, "third of three", "GET", 0, "");
	send_all(c);
	put_head(c, "at the end of a big head", "GET", BIG_HEAD_LEN, "");
	send_all(c);
	for (uint32_t cut = 1; cut < 120; cut += 17) {
		put_head(c, "cut", "GET", 0, "");
		send_part(c, cut);
		send_all(c);
	}
}

static void bodies(struct connection *c)
{
	static const char body[] = "GET /not HTTP/1.1\r\ntraceparent: "
				   "00-0123456789abcdef0123456789abcdef-0123456789abcdef-01\r\n\r\n";
	char field[64];

	snprintf(field, sizeof(field), "content-length: %zu\r\n", sizeof(body) - 1);
	put_head(c, "with a body", "POST", 0, field);
	put_text(c, body);
	put_head(c, "behind a body", "GET", 0, "");
	send_all(c);
	put_head(c, "with a body in the next segment", "POST", 0, field);
	send_all(c);
	put_text(c, body);
	put_head(c, "behind a body in the next segment", "GET", 0, "");
	send_all(c);
}

static void chunks(struct connection *c)
{
	put_head(c, "with chunks", "POST", 0, "transfer-encoding: chunked\r\n");
	for (uint32_t i = 0; i < N_CHUNKS; i++)
		put_text(c, "3;of=it\r\nGET\r\n");
	put_text(c, "0\r\n\r\n");
	put_head(c, "behind chunks", "GET", 0, "");
	send_all(c);
	put_head(c, "with chunks over segments", "POST", 0, "transfer-encoding: chunked\r\n");
	for (uint32_t i = 0; i < N_CHUNKS; i++)
		put_text(c, "4\r\nPUT \r\n");
	send_part(c, c->len - 2);
	put_text(c, "0\r\n\r\n");
	put_head(c, "behind chunks over segments", "GET", 0, "");
	send_all(c);
}

/* A frame of HTTP/2: its header, and the bytes behind it (RFC 9113 4.1). */
static void put_frame(struct connection *c, uint8_t type, uint8_t flags, uint8_t stream, const void *bytes,
		      uint32_t len)
{
	const uint8_t header[] = {
		(uint8_t)(len >> 16), (uint8_t)(len >> 8), (uint8_t)len, type, flags, 0, 0, 0, stream
	};

	put(c, header, sizeof(header));
	put(c, bytes, len);
}

static void http2(struct connection *c)
{
	put_text(c, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
	put_frame(c, 4, 0, 0, "", 0);
	for (uint8_t stream = 1; stream < 12; stream += 2) {
		const struct context context = new_context();
		char block[128];
		/* GET, http, /, authority "tests"; traceparent as a literal that is not indexed (RFC 7541 6) */
		const int len = snprintf(block, sizeof(block), "\x82\x86\x84\x41\x05tests\x10\x0btraceparent\x37%s",
					 context.value);

		put_frame(c, 1, 0x04, stream, block, (uint32_t)len);
		for (uint32_t i = 0; i < N_FRAMES; i++)
			put_frame(c, 0, i + 1 == N_FRAMES, stream, "GET", 3);
		printf("%s|HTTP/2\n", context.ids);
		if (stream % 4 == 1)
			send_part(c, c->len - 5);
	}
	send_all(c);
}

static struct sockaddr_in address_of(const char *host, const char *port)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(port)) };

	if (inet_pton(AF_INET, host, &a.sin_addr) != 1)
		die(host);
	return a;
}

/* The server may not be there yet. */
static void connect_to(struct connection *c, const struct sockaddr_in *to)
{
	const int one = 1;

	for (int i = 0;; i++) {
		c->fd = socket(AF_INET, SOCK_STREAM, 0);
		if (c->fd < 0 || setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one)))
			die("socket");
		if (connect(c->fd, (const struct sockaddr *)to, sizeof(*to)) == 0)
			break;
		if (i == CONNECT_MAX)
			die("connect");
		close(c->fd);
		pause_ns(PAUSE_NS * 5);
	}
	c->len = 0;
	c->n_sent = 0;
}

/* Has all of it arrived? */
static void finish(struct connection *c)
{
	uint64_t n_seen = 0;

	if (shutdown(c->fd, SHUT_WR) || recv(c->fd, &n_seen, sizeof(n_seen), MSG_WAITALL) != sizeof(n_seen))
		die("no answer");
	if (n_seen != c->n_sent) {
		fprintf(stderr, "kernel_traffic: %llu bytes sent, %llu arrived\n", (unsigned long long)c->n_sent,
			(unsigned long long)n_seen);
		exit(1);
	}
	close(c->fd);
}

static void serve(const struct sockaddr_in *at)
{
	const int one = 1, fd = socket(AF_INET, SOCK_STREAM, 0);
	static uint8_t bytes[PIECE_MAX];

	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) ||
	    bind(fd, (const struct sockaddr *)at, sizeof(*at)) || listen(fd, 16))
		die("listen");
	for (;;) {
		const int peer = accept(fd, NULL, NULL);
		uint64_t n_seen = 0;
		ssize_t n;

		if (peer < 0)
			die("accept");
		while ((n = recv(peer, bytes, sizeof(bytes), 0)) > 0)
			n_seen += (uint64_t)n;
		send(peer, &n_seen, sizeof(n_seen), MSG_NOSIGNAL);
		close(peer);
	}
}

int main(int argc, char **argv)
{
	static void (*const all[])(struct connection * c) = { heads, bodies, chunks, http2 };
	static struct connection c;
	struct sockaddr_in address;

	if (argc < 4 || (strcmp(argv[1], "serve") && (strcmp(argv[1], "send") || argc != 5))) {
		fprintf(stderr, "usage: kernel_traffic serve ADDRESS PORT | kernel_traffic send ADDRESS PORT ROUNDS\n");
		return 2;
	}
	address = address_of(argv[2], argv[3]);
	if (!strcmp(argv[1], "serve"))
		serve(&address);
	for (int round = atoi(argv[4]); round > 0; round--)
		for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++) {
			connect_to(&c, &address);
			all[i](&c);
			finish(&c);
		}
	return 0;
}

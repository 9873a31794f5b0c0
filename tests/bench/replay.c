/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * replay - sends the frames of a packet capture out of an interface, at an even rate. (root)
 *
 *	replay FILE INTERFACE PACKETS_PER_SECOND
 *
 * The file is read into memory first. Prints how many frames were sent, and the seconds. Meant for a veth pair in a
 * network namespace of its own.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <pcap/pcap.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/bench/measure.h"

/* Frames between two looks at the clock. */
#define BURST 16

struct frame {
	size_t off;
	uint32_t len;
};

static uint8_t *bytes;
static struct frame *frames;
static uint32_t n_frames;

static void die(const char *what, const char *why)
{
	fprintf(stderr, "replay: %s: %s\n", what, why);
	exit(1);
}

static void *grow(void *old, size_t size)
{
	void *grown = realloc(old, size);

	if (!grown)
		die("memory", strerror(errno));
	return grown;
}

static void read_frames(const char *path)
{
	char text[PCAP_ERRBUF_SIZE];
	pcap_t *pcap = pcap_open_offline(path, text);
	size_t n_bytes = 0, cap_bytes = 0;
	struct pcap_pkthdr *header;
	uint32_t cap_frames = 0;
	const u_char *at;
	int rc;

	if (!pcap)
		die(path, text);
	while ((rc = pcap_next_ex(pcap, &header, &at)) == 1) {
		if (n_bytes + header->caplen > cap_bytes)
			bytes = grow(bytes, cap_bytes = 2 * cap_bytes + header->caplen + (1u << 20));
		if (n_frames == cap_frames)
			frames = grow(frames, (cap_frames = 2 * cap_frames + 1024) * sizeof(*frames));
		memcpy(bytes + n_bytes, at, header->caplen);
		frames[n_frames++] = (struct frame) { n_bytes, header->caplen };
		n_bytes += header->caplen;
	}
	if (rc == PCAP_ERROR)
		die(path, pcap_geterr(pcap));
	pcap_close(pcap);
}

static int open_interface(const char *name)
{
	struct sockaddr_ll to = { .sll_family = AF_PACKET, .sll_ifindex = (int)if_nametoindex(name) };
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);

	if (!to.sll_ifindex || fd < 0 || bind(fd, (struct sockaddr *)&to, sizeof(to)))
		die(name, strerror(errno));
	return fd;
}

static void wait_until(double time)
{
	double left = time - measure_wall();

	if (left > 200e-6)
		usleep((useconds_t)((left - 100e-6) * 1e6));
	while (measure_wall() < time)
		;
}

int main(int argc, char **argv)
{
	double rate = argc == 4 ? strtod(argv[3], NULL) : 0, start;
	int fd;

	if (!(rate > 0)) {
		fprintf(stderr, "usage: replay FILE INTERFACE PACKETS_PER_SECOND\n");
		return 2;
	}
	read_frames(argv[1]);
	fd = open_interface(argv[2]);
	start = measure_wall();
	for (uint32_t i = 0; i < n_frames; i++) {
		if (i % BURST == 0)
			wait_until(start + i / rate);
		while (send(fd, bytes + frames[i].off, frames[i].len, 0) < 0)
			if (errno != ENOBUFS && errno != EINTR)
				die(argv[2], strerror(errno));
	}
	printf("%u %.6f\n", n_frames, measure_wall() - start);
	close(fd);
	free(frames);
	free(bytes);
	return 0;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cable - see the header. What comes is written to a tap interface with IFF_NAPI_FRAGS: the kernel makes each piece of
 * the write a piece of the frame. What goes is sent by a packet socket, which puts all but the link header of a long
 * frame into pages.
 */
#include "tests/diff/kernel/cable.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_packet.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <sched.h>
#include <stdbool.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "capture/tc.h"
#include "tests/diff/kernel/program.h"

#define INTERFACE "wsdiff"
#define MTU	  65500
/* The kernel takes pieces of a page. */
#define PIECE_MAX  4096
#define PIECES_MAX 17

/* Nothing but the test's frames passes: no neighbour is looked for. */
static void disable_ipv6(void)
{
	int fd = open("/proc/sys/net/ipv6/conf/default/disable_ipv6", O_WRONLY | O_CLOEXEC);

	if (fd >= 0) {
		if (write(fd, "1", 1) != 1)
			program_die("disable_ipv6");
		close(fd);
	}
}

static void set_up(int socket_fd)
{
	struct ifreq r = { .ifr_name = INTERFACE };

	r.ifr_mtu = MTU;
	if (ioctl(socket_fd, SIOCSIFMTU, &r))
		program_die("mtu");
	r.ifr_flags = IFF_UP | IFF_NOARP;
	if (ioctl(socket_fd, SIOCSIFFLAGS, &r))
		program_die("interface up");
}

void cable_open(struct cable *w, int program_fd)
{
	struct ifreq r = { .ifr_name = INTERFACE, .ifr_flags = IFF_TAP | IFF_NO_PI | IFF_NAPI | IFF_NAPI_FRAGS };
	struct sockaddr_ll address = { .sll_family = AF_PACKET };
	struct ws_error err = { 0 };

	if (unshare(CLONE_NEWNET))
		program_die("network namespace");
	disable_ipv6();
	w->tap_fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK);
	if (w->tap_fd < 0 || ioctl(w->tap_fd, TUNSETIFF, &r))
		program_die("tap interface");
	w->packet_fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	address.sll_ifindex = (int)if_nametoindex(INTERFACE);
	if (w->packet_fd < 0 || bind(w->packet_fd, (struct sockaddr *)&address, sizeof(address)))
		program_die("packet socket");
	if (ws_tc_attach(if_nametoindex(INTERFACE), INTERFACE, (const int[]) { program_fd, program_fd }, false, &w->tc,
			 &err))
		program_die(err.text);
	set_up(w->packet_fd);
}

static bool has_vlan(const uint8_t *frame)
{
	return (frame[12] == 0x81 && frame[13] == 0x00) || (frame[12] == 0x88 && frame[13] == 0xa8);
}

/* Cuts it: the link header at least comes first, in one piece with as much of the rest as n says. */
static int cut(const uint8_t *frame, uint32_t len, uint64_t n, struct iovec piece[PIECES_MAX])
{
	uint32_t at = 14 + (uint32_t)(n * 0x9e3779b97f4a7c15u >> 32) % (len < 250 ? len - 13 : 237), k = 1;

	piece[0] = (struct iovec) { (void *)frame, at };
	for (; at < len; k++) {
		uint32_t size = len - at;

		if (size > PIECE_MAX)
			size = PIECE_MAX;
		else if (k + 2 < PIECES_MAX && size > 1 && n % 3 == 0)
			size = 1 + (uint32_t)(n % (size - 1));
		piece[k] = (struct iovec) { (void *)(frame + at), size };
		at += size;
	}
	return (int)k;
}

void cable_give(struct cable *w, const uint8_t *frame, uint32_t len, uint64_t n)
{
	struct iovec piece[PIECES_MAX];

	if (has_vlan(frame)) {
		if (send(w->packet_fd, frame, len, 0) != (ssize_t)len && errno != ENOBUFS)
			program_die("send");
	} else if (writev(w->tap_fd, piece, cut(frame, len, n, piece)) != (ssize_t)len) {
		program_die("writev");
	}
}

void cable_close(struct cable *w)
{
	ws_tc_detach(w->tc);
	close(w->packet_fd);
	close(w->tap_fd);
}

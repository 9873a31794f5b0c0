/* SPDX-License-Identifier: BSD-2-Clause */
/* idle_tap - see the header. The instructions are written by hand: there is nothing to compile. */
#include "capture/overhead/idle_tap.h"

#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "capture/netns.h"

/* Loads "return 0": no byte of the frame is wanted. Returns its descriptor or -errno. */
static int load(struct ws_error *err)
{
	static const struct bpf_insn program[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = 0 },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	const int fd = bpf_prog_load(BPF_PROG_TYPE_SOCKET_FILTER, "idle_tap", "Dual BSD/GPL", program,
				     sizeof(program) / sizeof(*program), NULL);

	return fd < 0 ? ws_error(err, fd, "the kernel refuses an empty program: %s; run `capture check`", strerror(-fd))
		      : fd;
}

/* Opens and binds the socket where the thread is. As in tap.c: the program goes on before the socket is bound. */
static int attach(const char *interface, int program_fd, struct ws_error *err)
{
	struct sockaddr_ll address = { .sll_family = AF_PACKET,
				       .sll_protocol = htons(ETH_P_ALL),
				       .sll_ifindex = (int)if_nametoindex(interface) };
	int fd, rc = 0;

	if (!address.sll_ifindex)
		return ws_error(err, -ENODEV, "interface %s: there is none of that name", interface);
	fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return ws_error(err, -errno, "cannot open a packet socket: %s; run as root", strerror(errno));
	if (setsockopt(fd, SOL_SOCKET, SO_ATTACH_BPF, &program_fd, sizeof(program_fd)))
		rc = ws_error(err, -errno, "interface %s: cannot attach an empty program: %s", interface,
			      strerror(errno));
	else if (bind(fd, (struct sockaddr *)&address, sizeof(address)))
		rc = ws_error(err, -errno, "interface %s: cannot bind: %s", interface, strerror(errno));
	if (rc)
		close(fd);
	return rc ? rc : fd;
}

int ws_idle_tap_open(const struct ws_point_options *point, struct ws_error *err)
{
	const int program_fd = load(err);
	int home_fd, fd, rc;

	if (program_fd < 0)
		return program_fd;
	fd = ws_netns_enter(point->netns, &home_fd, err);
	if (fd == 0) {
		fd = attach(point->interface, program_fd, err);
		rc = ws_netns_leave(home_fd, err);
		if (rc && fd >= 0)
			close(fd);
		fd = rc ? rc : fd;
	}
	close(program_fd); /* the socket holds it */
	return fd;
}

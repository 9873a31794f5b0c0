/* SPDX-License-Identifier: BSD-2-Clause */
/* socket - see the header. */
#include "capture/socket.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "capture/netns.h"
#include "lib/packet.h"

/* Reserved (RFC 1701): no frame has it. */
#define ETHERTYPE_OF_NOTHING 0xffff

/* Returns an EtherType, 0 for an IP header, or -errno. */
static int link_proto(int socket_fd, const char *interface, struct ws_error *err)
{
	struct ifreq request = { 0 };

	strncpy(request.ifr_name, interface, sizeof(request.ifr_name) - 1);
	if (ioctl(socket_fd, SIOCGIFHWADDR, &request))
		return ws_error(err, -errno, "interface %s: cannot read its type: %s", interface, strerror(errno));
	switch (request.ifr_hwaddr.sa_family) {
	case ARPHRD_ETHER:
	case ARPHRD_LOOPBACK:
		return WS_ETHERTYPE_ETHERNET;
	case ARPHRD_NONE:
	case ARPHRD_TUNNEL:
	case ARPHRD_TUNNEL6:
	case ARPHRD_SIT:
	case ARPHRD_IPGRE:
	case 823: /* ARPHRD_IP6GRE, which libc does not name */
	case ARPHRD_PPP:
	case 519: /* ARPHRD_RAWIP, likewise */
		return 0;
	default:
		return ws_error(err, -EAFNOSUPPORT,
				"interface %s: link type %d is neither Ethernet nor IP; choose another tracing point",
				interface, request.ifr_hwaddr.sa_family);
	}
}

int ws_socket_open(const struct ws_point_options *p, int *fd, unsigned int *ifindex, uint16_t *proto,
		   struct ws_error *err)
{
	const char *netns = p->netns, *interface = p->interface;
	unsigned int index;
	int home_fd, socket_fd = -1, rc, leave_rc;

	rc = ws_netns_enter(netns, &home_fd, err);
	if (rc)
		return rc;
	index = if_nametoindex(interface);
	if (!index) {
		rc = ws_error(err, -ENODEV, "interface %s: there is none of that name%s%s; `ip link` shows them",
			      interface, netns ? " in network namespace " : "", netns ? netns : "");
	} else if (p->ifindex && index != p->ifindex) {
		rc = ws_error(
			err, -ENODEV,
			"interface %s: has the index %u, not %u as in the plan: it is another one by now; `capture "
			"collect` and `capture plan` again",
			interface, index, p->ifindex);
	} else {
		socket_fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
		rc = socket_fd < 0
			     ? ws_error(err, -errno, "cannot open a packet socket: %s; run as root", strerror(errno))
			     : link_proto(socket_fd, interface, err);
	}
	leave_rc = ws_netns_leave(home_fd, err);
	if (rc < 0 || leave_rc) {
		if (socket_fd >= 0)
			close(socket_fd);
		return rc < 0 ? rc : leave_rc;
	}
	*fd = socket_fd;
	*ifindex = index;
	*proto = (uint16_t)rc;
	return 0;
}

/* What the socket runs goes on before it is bound: not one frame is queued. */
int ws_socket_attach(int fd, const char *interface, unsigned int ifindex, int program_fd, struct ws_error *err)
{
	static struct sock_filter none = { .code = BPF_RET | BPF_K, .k = 0 };
	const struct sock_fprog nothing = { .len = 1, .filter = &none };
	const struct sockaddr_ll address = { .sll_family = AF_PACKET,
					     .sll_protocol = htons(program_fd < 0 ? ETHERTYPE_OF_NOTHING : ETH_P_ALL),
					     .sll_ifindex = (int)ifindex };
	const int rc = program_fd < 0 ? setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &nothing, sizeof(nothing))
				      : setsockopt(fd, SOL_SOCKET, SO_ATTACH_BPF, &program_fd, sizeof(program_fd));

	if (rc)
		return ws_error(err, -errno, "interface %s: cannot attach the program: %s", interface, strerror(errno));
	if (bind(fd, (const struct sockaddr *)&address, sizeof(address)))
		return ws_error(err, -errno, "interface %s: cannot bind: %s", interface, strerror(errno));
	return 0;
}

int ws_socket_look(int fd, const char *interface, struct ws_error *err)
{
	int socket_error = 0;
	socklen_t len = sizeof(socket_error);

	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &socket_error, &len) == 0 && socket_error)
		return ws_error(err, -socket_error, "interface %s: went down or away: %s", interface,
				strerror(socket_error));
	return 0;
}

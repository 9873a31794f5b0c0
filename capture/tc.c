/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tc - see the header.
 *
 * A filter of clsact has a handle that says that it is ours, and which of a few slots it fills. Who fills a slot holds,
 * as long as it lives, an abstract Unix socket whose name has the interface and the slot: a filter in a slot whose
 * socket can be bound is a dead one's. Such sockets belong to the network namespace, as the interface does.
 */
#include "capture/tc.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/membarrier.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include "capture/netns.h"

/* Of linux/bpf.h since Linux 6.6; Debian 12's is older. */
#define TCX_INGRESS 46
#define TCX_EGRESS  47
#define LINK_BEFORE (1u << 3)

#define HANDLE_BASE 0x57530001u
#define PRIORITY    1
/* Recordings at one interface at the same time. */
#define SLOTS_MAX 8

struct ws_tc {
	int ifindex;
	int link_fd[WS_TC_WAYS]; /* tcx; -1: none */
	int lease_fd;		 /* clsact: holds the slot; -1: none */
	uint32_t slot;
	bool has_filter[WS_TC_WAYS];
};

static const enum bpf_tc_attach_point attach_point[WS_TC_WAYS] = { BPF_TC_INGRESS, BPF_TC_EGRESS };

/* Returns the link's descriptor, or -errno. */
static int create_link(int program_fd, int ifindex, enum ws_tc_way way)
{
	union bpf_attr attr = { 0 };
	long fd;

	attr.link_create.prog_fd = (uint32_t)program_fd;
	attr.link_create.target_ifindex = (uint32_t)ifindex;
	attr.link_create.attach_type = way == WS_TC_IN ? TCX_INGRESS : TCX_EGRESS;
	attr.link_create.flags = LINK_BEFORE;
	fd = syscall(SYS_bpf, BPF_LINK_CREATE, &attr, sizeof(attr)); /* libbpf 1.1 has no call for it */
	return fd < 0 ? -errno : (int)fd;
}

static int attach_tcx(struct ws_tc *tc, const int program_fd[WS_TC_WAYS])
{
	for (int way = 0; way < WS_TC_WAYS; way++) {
		int fd = create_link(program_fd[way], tc->ifindex, way);

		if (fd < 0)
			return fd;
		tc->link_fd[way] = fd;
	}
	return 0;
}

/* Returns the socket that holds the slot, or -errno: -EADDRINUSE if a living process has it. */
static int lease(int ifindex, uint32_t slot)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0), len, rc;

	if (fd < 0)
		return -errno;
	len = snprintf(address.sun_path + 1, sizeof(address.sun_path) - 1, "wirespan-tc-%d-%u", ifindex, slot);
	if (bind(fd, (struct sockaddr *)&address,
		 (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)len))) {
		rc = -errno;
		close(fd);
		return rc;
	}
	return fd;
}

/* Is it a program of a tap? */
static bool is_tap(uint32_t program_id)
{
	struct bpf_prog_info info = { 0 };
	uint32_t len = sizeof(info);
	int fd = bpf_prog_get_fd_by_id(program_id);
	bool is_ours = fd >= 0 && bpf_obj_get_info_by_fd(fd, &info, &len) == 0 && strncmp(info.name, "tap_", 4) == 0;

	if (fd >= 0)
		close(fd);
	return is_ours;
}

static int remove_filter(int ifindex, uint32_t slot, enum ws_tc_way way)
{
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = ifindex, .attach_point = attach_point[way]);
	LIBBPF_OPTS(bpf_tc_opts, opts, .handle = HANDLE_BASE + slot, .priority = PRIORITY);

	return bpf_tc_detach(&hook, &opts);
}

/* Removes the filters of a slot that nobody holds. */
static void clean(int ifindex, uint32_t slot)
{
	for (int way = 0; way < WS_TC_WAYS; way++) {
		LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = ifindex, .attach_point = attach_point[way]);
		LIBBPF_OPTS(bpf_tc_opts, opts, .handle = HANDLE_BASE + slot, .priority = PRIORITY);

		if (bpf_tc_query(&hook, &opts) == 0 && is_tap(opts.prog_id))
			remove_filter(ifindex, slot, way);
	}
}

/* Cleans all slots that nobody holds, and takes the first of them. */
static int take_slot(struct ws_tc *tc)
{
	int rc = -EADDRINUSE;

	for (uint32_t slot = 0; slot < SLOTS_MAX; slot++) {
		int fd = lease(tc->ifindex, slot);

		if (fd < 0) {
			rc = fd;
			continue;
		}
		clean(tc->ifindex, slot);
		if (tc->lease_fd >= 0) {
			close(fd);
			continue;
		}
		tc->lease_fd = fd;
		tc->slot = slot;
	}
	return tc->lease_fd >= 0 ? 0 : rc;
}

static int attach_clsact(struct ws_tc *tc, const char *interface, const int program_fd[WS_TC_WAYS],
			 struct ws_error *err)
{
	LIBBPF_OPTS(bpf_tc_hook, qdisc, .ifindex = tc->ifindex, .attach_point = BPF_TC_INGRESS | BPF_TC_EGRESS);
	int rc = bpf_tc_hook_create(&qdisc);

	if (rc && rc != -EEXIST)
		return ws_error(err, rc, "interface %s: no clsact there: %s; use --hook socket", interface,
				strerror(-rc));
	rc = take_slot(tc);
	if (rc)
		return ws_error(err, rc, "interface %s: %d recordings are at its clsact already, or: %s", interface,
				SLOTS_MAX, strerror(-rc));
	for (int way = 0; way < WS_TC_WAYS; way++) {
		LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = tc->ifindex, .attach_point = attach_point[way]);
		LIBBPF_OPTS(bpf_tc_opts, opts, .prog_fd = program_fd[way], .handle = HANDLE_BASE + tc->slot,
			    .priority = PRIORITY);

		rc = bpf_tc_attach(&hook, &opts);
		if (rc)
			return ws_error(err, rc,
					"interface %s: cannot add a filter of priority %d at clsact: %s; `tc filter "
					"show dev %s "
					"ingress` (egress) shows what is there; or use --hook socket",
					interface, PRIORITY, strerror(-rc), interface);
		tc->has_filter[way] = true;
	}
	return 0;
}

int ws_tc_attach(unsigned int ifindex, const char *interface, const int program_fd[WS_TC_WAYS], bool wants_clsact,
		 struct ws_tc **tc, struct ws_error *err)
{
	struct ws_tc *t = calloc(1, sizeof(*t));
	int rc;

	if (!t)
		return ws_error(err, -ENOMEM, "out of memory");
	t->ifindex = (int)ifindex;
	t->lease_fd = t->link_fd[WS_TC_IN] = t->link_fd[WS_TC_OUT] = -1;
	rc = wants_clsact ? -EINVAL : attach_tcx(t, program_fd);
	if ((rc == -EINVAL || rc == -EOPNOTSUPP) && t->link_fd[WS_TC_IN] < 0) /* no tcx in this kernel */
		rc = attach_clsact(t, interface, program_fd, err);
	else if (rc)
		ws_error(err, rc, "interface %s: cannot attach at tcx: %s", interface, strerror(-rc));
	if (rc)
		ws_tc_detach(t);
	else
		*tc = t;
	return rc;
}

const char *ws_tc_kind(const struct ws_tc *tc)
{
	return tc->link_fd[WS_TC_IN] >= 0 ? "tcx" : "clsact";
}

/* Is the namespace the one that this thread is in? To enter it, too, is a privilege. */
static bool is_home(int netns_fd)
{
	struct stat there, here;

	return fstat(netns_fd, &there) == 0 && stat("/proc/thread-self/ns/net", &here) == 0 &&
	       there.st_ino == here.st_ino && there.st_dev == here.st_dev;
}

/* Filters are removed in the interface's namespace, which the lease belongs to, whatever has become of its name. */
static void remove_filters(const struct ws_tc *tc)
{
	int netns_fd = ioctl(tc->lease_fd, SIOCGSKNS), home_fd;
	char path[64];

	snprintf(path, sizeof(path), "/proc/thread-self/fd/%d", netns_fd);
	if (netns_fd >= 0 && is_home(netns_fd))
		*path = '\0';
	if (netns_fd >= 0 && ws_netns_enter(path, &home_fd, NULL) == 0) {
		for (int way = 0; way < WS_TC_WAYS; way++)
			if (tc->has_filter[way])
				remove_filter(tc->ifindex, tc->slot, way);
		ws_netns_leave(home_fd, NULL);
		syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0); /* until no CPU runs them any more */
	}
	if (netns_fd >= 0)
		close(netns_fd);
}

void ws_tc_detach(struct ws_tc *tc)
{
	if (!tc)
		return;
	for (int way = 0; way < WS_TC_WAYS; way++)
		if (tc->link_fd[way] >= 0)
			close(tc->link_fd[way]); /* waits by itself */
	if (tc->lease_fd >= 0) {
		remove_filters(tc);
		close(tc->lease_fd);
	}
	free(tc);
}

bool ws_tc_has_tcx(void)
{
	static const struct bpf_insn pass[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = -1 }, /* TC_ACT_UNSPEC */
		{ .code = BPF_JMP | BPF_EXIT },
	};
	const int program_fd = bpf_prog_load(BPF_PROG_TYPE_SCHED_CLS, "tap_probe", "GPL", pass, 2, NULL);
	int link_fd;

	if (program_fd < 0)
		return false;
	link_fd = create_link(program_fd, (int)if_nametoindex("lo"), WS_TC_IN);
	close(program_fd);
	if (link_fd >= 0)
		close(link_fd);
	return link_fd >= 0;
}

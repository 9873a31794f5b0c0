/* SPDX-License-Identifier: BSD-2-Clause */
/* privilege - see the header. */
#include "capture/privilege.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/securebits.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

struct sets {
	uint64_t effective, permitted, inheritable;
};

static const struct {
	int number;
	const char *name;
} names[] = {
	{ CAP_BPF, "CAP_BPF" },
	{ CAP_NET_ADMIN, "CAP_NET_ADMIN" },
	{ CAP_NET_RAW, "CAP_NET_RAW" },
	{ CAP_PERFMON, "CAP_PERFMON" },
	{ CAP_SYS_ADMIN, "CAP_SYS_ADMIN" },
	{ CAP_SYS_PTRACE, "CAP_SYS_PTRACE" },
	{ CAP_KILL, "CAP_KILL" },
	{ CAP_DAC_OVERRIDE, "CAP_DAC_OVERRIDE" },
	{ CAP_DAC_READ_SEARCH, "CAP_DAC_READ_SEARCH" },
};

/* Of the calling thread; all zero if the kernel does not say. */
static struct sets get_sets(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = { 0 };
	struct sets s = { 0 };

	if (syscall(SYS_capget, &header, data))
		return s;
	for (int i = _LINUX_CAPABILITY_U32S_3 - 1; i >= 0; i--) {
		s.effective = s.effective << 32 | data[i].effective;
		s.permitted = s.permitted << 32 | data[i].permitted;
		s.inheritable = s.inheritable << 32 | data[i].inheritable;
	}
	return s;
}

static int set_sets(const struct sets *s)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];

	for (int i = 0; i < _LINUX_CAPABILITY_U32S_3; i++) {
		data[i].effective = (uint32_t)(s->effective >> 32 * i);
		data[i].permitted = (uint32_t)(s->permitted >> 32 * i);
		data[i].inheritable = (uint32_t)(s->inheritable >> 32 * i);
	}
	return syscall(SYS_capset, &header, data) ? -errno : 0;
}

static bool kernel_knows(int number)
{
	return prctl(PR_CAPBSET_READ, number, 0, 0, 0) >= 0;
}

/* CAP_BPF and CAP_PERFMON are parts of CAP_SYS_ADMIN, which had them alone before Linux 5.8. */
static int bpf_number(void)
{
	return kernel_knows(CAP_BPF) ? CAP_BPF : CAP_SYS_ADMIN;
}

uint64_t ws_privilege_effective(void)
{
	return get_sets().effective;
}

uint64_t ws_privilege_needed(const struct ws_capture_options *o)
{
	uint64_t needed = WS_CAP(CAP_NET_RAW);

	if (o->with_ebpf)
		needed |= WS_CAP(bpf_number()) | (kernel_knows(CAP_PERFMON) ? WS_CAP(CAP_PERFMON) : 0);
	if (o->with_ebpf && o->hook != WS_HOOK_SOCKET)
		needed |= WS_CAP(CAP_NET_ADMIN);
	for (uint32_t i = 0; i < o->n_points; i++)
		if (o->point[i].netns && *o->point[i].netns)
			needed |= WS_CAP(CAP_SYS_ADMIN);
	return needed;
}

static const char *what_for(int number)
{
	switch (number) {
	case CAP_BPF:
		return "to load the in-kernel program";
	case CAP_NET_ADMIN:
		return "to attach it at traffic control (--hook)";
	case CAP_NET_RAW:
		return "to open packet sockets at the tracing points";
	case CAP_PERFMON: /* else it guards against speculative execution, by refusing pointers that are computed */
		return "for the kernel to take a program that computes where it reads";
	case CAP_SYS_ADMIN:
		return kernel_knows(CAP_BPF) ? "to enter other network namespaces (--netns)"
					     : "to load the in-kernel program, and to enter network namespaces";
	default:
		return "";
	}
}

const char *ws_privilege_name(int number)
{
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (names[i].number == number)
			return names[i].name;
	return NULL;
}

const char *ws_privilege_names(uint64_t caps, char text[WS_PRIVILEGE_TEXT])
{
	size_t len = 0;

	strcpy(text, "none");
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (caps & WS_CAP(names[i].number))
			len += (size_t)snprintf(text + len, WS_PRIVILEGE_TEXT - len, "%s%s", len ? ", " : "",
						names[i].name);
	return text;
}

int ws_privilege_check(const struct ws_capture_options *o, struct ws_error *err)
{
	uint64_t have = ws_privilege_effective(), missing;
	const uint64_t needed = ws_privilege_needed(o);
	char words[600] = "", list[WS_PRIVILEGE_TEXT];
	size_t len = 0;

	if (have & WS_CAP(CAP_SYS_ADMIN))
		have |= WS_CAP(CAP_BPF) | WS_CAP(CAP_PERFMON);
	missing = needed & ~have;
	if (!missing)
		return 0;
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (missing & WS_CAP(names[i].number))
			len += (size_t)snprintf(words + len, sizeof(words) - len, "%s%s is missing, %s",
						len ? "; " : "", names[i].name, what_for(names[i].number));
	return ws_error(err, -EPERM, "%s. Run as root, or with %s (see capabilities(7), setpriv, setcap)", words,
			ws_privilege_names(needed, list));
}

/* Before Linux 5.19 no bpf() at all was for those without the capability, unless a sysctl let everybody. */
static bool bpf_is_refused(void)
{
	union bpf_attr attr = { 0 };

	attr.map_fd = (uint32_t)-1;
	return syscall(SYS_bpf, BPF_MAP_LOOKUP_ELEM, &attr, sizeof(attr)) && errno == EPERM;
}

uint64_t ws_privilege_try_without(uint64_t keep, const char *dir, bool uses_bpf)
{
	struct sets s = get_sets();
	uint64_t more = 0;

	s.effective = s.permitted & keep;
	if (set_sets(&s))
		return s.permitted;
	if (uses_bpf && bpf_is_refused())
		more |= WS_CAP(bpf_number());
	if (faccessat(AT_FDCWD, dir, W_OK | X_OK, AT_EACCESS) && errno == EACCES)
		more |= WS_CAP(CAP_DAC_OVERRIDE);
	return (keep | more) & s.permitted;
}

/* What only CAP_SETPCAP may do. Without it, no_new_privs alone keeps programs from getting more than we have. */
static void narrow(uint64_t keep, bool has_children)
{
	for (int number = 0; number < 64 && kernel_knows(number); number++)
		if (!(keep & WS_CAP(number)))
			prctl(PR_CAPBSET_DROP, number, 0, 0, 0);
	if (!has_children) /* then not even root gets any by starting a program */
		prctl(PR_SET_SECUREBITS,
		      SECBIT_NOROOT | SECBIT_NOROOT_LOCKED | SECBIT_NO_SETUID_FIXUP | SECBIT_NO_SETUID_FIXUP_LOCKED |
			      SECBIT_KEEP_CAPS_LOCKED | SECBIT_NO_CAP_AMBIENT_RAISE |
			      SECBIT_NO_CAP_AMBIENT_RAISE_LOCKED,
		      0, 0, 0);
}

int ws_privilege_keep(uint64_t keep, bool has_children, struct ws_error *err)
{
	struct sets s = get_sets();
	int rc;

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return ws_error(err, -errno, "cannot set no_new_privs: %s", strerror(errno));
	if (!has_children)
		prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	if (s.permitted & WS_CAP(CAP_SETPCAP)) {
		s.effective |= WS_CAP(CAP_SETPCAP);
		if (set_sets(&s) == 0)
			narrow(keep, has_children);
	}
	s.permitted &= keep;
	s.effective = s.permitted;
	s.inheritable = has_children ? s.inheritable & keep : 0;
	rc = set_sets(&s);
	if (rc == 0 && (get_sets().effective | get_sets().permitted) & ~keep)
		rc = -EPERM;
	return rc ? ws_error(err, rc, "cannot give up capabilities: %s", strerror(-rc)) : 0;
}

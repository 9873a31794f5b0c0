/* SPDX-License-Identifier: BSD-2-Clause */
/* check - see the header. */
#include "capture/check.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "capture/privilege.h"
#include "capture/tc.h"
#include "lib/tap_config.h"
#include "tap.skel.h"

static bool report(FILE *out, bool is_ok, const char *what, const char *detail, const char *advice)
{
	fprintf(out, "%-4s  %-22s %s\n", is_ok ? "ok" : "FAIL", what, detail);
	if (!is_ok)
		fprintf(out, "      -> %s\n", advice);
	return is_ok;
}

static bool check_packet_socket(FILE *out)
{
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	const char *detail = fd >= 0 ? "can be opened" : strerror(errno);

	if (fd >= 0)
		close(fd);
	return report(out, fd >= 0, "packet socket", detail, "run as root, or with CAP_NET_RAW");
}

/* Of those that the usual recording needs; the others are for some options only. */
static bool check_capabilities(FILE *out)
{
	const struct ws_capture_options usual = { .with_ebpf = true };
	const uint64_t have = ws_privilege_effective();
	char text[WS_PRIVILEGE_TEXT], detail[WS_PRIVILEGE_TEXT + 32];
	struct ws_error err = { 0 };
	const bool is_ok = ws_privilege_check(&usual, &err) == 0;

	snprintf(detail, sizeof(detail), "%s: %s", is_ok ? "there" : "have",
		 ws_privilege_names(have & (WS_CAP(CAP_BPF) | WS_CAP(CAP_PERFMON) | WS_CAP(CAP_NET_ADMIN) |
					    WS_CAP(CAP_NET_RAW) | WS_CAP(CAP_SYS_ADMIN)),
				    text));
	report(out, is_ok, "capabilities", detail, err.text);
	if (!(have & WS_CAP(CAP_NET_ADMIN)))
		fprintf(out, "note  %-22s CAP_NET_ADMIN is missing: no --hook tc\n", "");
	if (!(have & WS_CAP(CAP_SYS_ADMIN)))
		fprintf(out, "note  %-22s CAP_SYS_ADMIN is missing: no --netns, no BPF run time\n", "");
	return is_ok;
}

/* Loads the program for one of the hooks. Returns 0 with words of how it went, or -errno. */
static int try_program(bool is_at_tc, char detail[128])
{
	struct tap_bpf *program = tap_bpf__open();
	struct bpf_prog_info info = { 0 };
	uint32_t len = sizeof(info);
	int fd, rc = program ? 0 : -errno;

	if (program) {
		((struct ws_tap_config *)&program->rodata->config)->is_at_tc = is_at_tc;
		bpf_map__set_max_entries(program->maps.scratches, (uint32_t)libbpf_num_possible_cpus());
		bpf_program__set_autoload(program->progs.tap, !is_at_tc);
		bpf_program__set_autoload(program->progs.tap_entry, !is_at_tc);
		bpf_program__set_autoload(program->progs.tap_tc, is_at_tc);
		bpf_program__set_autoload(program->progs.tap_in, is_at_tc);
		bpf_program__set_autoload(program->progs.tap_out, is_at_tc);
		rc = tap_bpf__load(program);
	}
	fd = rc == 0 ? bpf_program__fd(is_at_tc ? program->progs.tap_tc : program->progs.tap) : -1;
	if (rc == 0 && bpf_obj_get_info_by_fd(fd, &info, &len) == 0) {
		char verified[32] = "";

		if (info.verified_insns) /* told since Linux 5.16 */
			snprintf(verified, sizeof(verified), "%u verified, ", info.verified_insns);
		snprintf(detail, 128, "loads: %u instructions, %s%s", info.xlated_prog_len / 8, verified,
			 info.jited_prog_len ? "compiled" : "interpreted: slow");
	} else
		snprintf(detail, 128, "%s", strerror(-rc));
	tap_bpf__destroy(program);
	return rc;
}

static bool check_program(FILE *out)
{
	char detail[128];
	int rc = try_program(false, detail);

	return report(out, rc == 0, "in-kernel program", detail,
		      rc == -EPERM || rc == -EACCES
			      ? "run as root, or with CAP_BPF and CAP_PERFMON; look at "
				"/proc/sys/kernel/lockdown too"
			      : "needs Linux 5.10 or later; on an older kernel use `capture run --no-ebpf --pcap`");
}

/* The other hook is no requirement. */
static void tell_tc(FILE *out)
{
	char detail[128];
	int rc = try_program(true, detail);

	if (rc)
		fprintf(out, "note  %-22s not there: %s; --hook socket needs none of it\n", "--hook tc", detail);
	else
		fprintf(out, "ok    %-22s %s; %s\n", "--hook tc",
			ws_tc_has_tcx() ? "tcx" : "clsact, as there is no tcx (Linux 6.6)", detail);
}

/* No requirement either. */
static void tell_seccomp(FILE *out)
{
	const bool is_there = access("/proc/sys/kernel/seccomp/actions_avail", R_OK) == 0;

	fprintf(out, "%s  %-22s %s\n", is_there ? "ok  " : "note", "seccomp",
		is_there ? "a recording is left the system calls that it needs"
			 : "not there: a recording may make any system call, without any capability");
}

static void advise_cpus(FILE *out)
{
	long n_cpus = sysconf(_SC_NPROCESSORS_ONLN);

	fprintf(out, "note  %-22s %ld online%s\n", "CPUs", n_cpus,
		n_cpus > 2 ? "; give the reader one that the traffic does not use: --cpu, isolcpus" : "");
}

bool ws_check(FILE *out)
{
	const char *too_old =
		"needs Linux 5.10 or later, and root or CAP_BPF; `capture run --no-ebpf --pcap` needs neither";
	bool is_ok = true, has_ring;
	struct utsname name = { 0 };
	char detail[160];
	int fd;

	libbpf_set_print(NULL);
	uname(&name);
	snprintf(detail, sizeof(detail), "%.64s %.64s", name.release, name.machine);
	report(out, true, "kernel", detail, "");
	is_ok &= check_capabilities(out);
	is_ok &= check_packet_socket(out);
	has_ring = libbpf_probe_bpf_map_type(BPF_MAP_TYPE_RINGBUF, NULL) == 1;
	is_ok &= report(out, has_ring, "BPF ring buffer", has_ring ? "there" : "not available", too_old);
	is_ok &= check_program(out);
	tell_tc(out);
	fd = bpf_enable_stats(BPF_STATS_RUN_TIME);
	fprintf(out, "%s  %-22s %s\n", fd >= 0 ? "ok  " : "note", "BPF run time",
		fd >= 0 ? "can be counted" : "cannot be counted: the manifest will not have the program's cost");
	if (fd >= 0)
		close(fd);
	tell_seccomp(out);
	advise_cpus(out);
	fprintf(out,
		is_ok ? "This machine can record with eBPF.\n" : "This machine cannot record with eBPF as it is.\n");
	return is_ok;
}

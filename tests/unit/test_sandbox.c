/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What is left to a recording: the same capabilities and filter as `capture run` has, in a child that then tries what
 * it must not and what it must. No root; as root it is seen that capabilities go, too.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* after the standard headers that it needs */
#include <cmocka.h>

#include "capture/privilege.h"
#include "capture/sandbox.h"
#include "capture/whole_file.h"
#include "tests/unit/sanitized.h"
#include "tests/unit/written_files.h"

#ifdef WS_COVERAGE
#include <gcov.h>
#define WRITE_COUNTS() __gcov_dump()
#else
#define WRITE_COUNTS() ((void)0)
#endif

static char dir[64];

/* Ends the child with the number of the line. */
#define NEED(condition)                                                                                  \
	do {                                                                                             \
		if (!(condition)) {                                                                      \
			dprintf(STDERR_FILENO, "line %d: %s (errno %d)\n", __LINE__, #condition, errno); \
			_exit(1);                                                                        \
		}                                                                                        \
	} while (0)

#define REFUSED(call, number) NEED((errno = 0, (call) == -1 && errno == (number)))

static void enter(const struct ws_sandbox_needs *needs)
{
	struct ws_error err = { 0 };

	NEED(ws_privilege_keep(0, needs->has_children, &err) == 0);
	NEED(ws_sandbox_enter(needs, &err) == 0);
}

/* body, in a child of its own, which is to come to its end. */
static void in_child(void (*body)(void))
{
	int status = -1;
	const pid_t pid = fork();

	if (pid == 0) {
		body();
		WRITE_COUNTS();
		_exit(0);
	}
	assert_true(pid > 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static const char *in(const char *name)
{
	static char path[128];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	return path;
}

static void try_what_is_refused(void)
{
	char *const argv[] = { "true", NULL };
	union bpf_attr attr = { .map_type = BPF_MAP_TYPE_ARRAY, .key_size = 4, .value_size = 4, .max_entries = 1 };
	const struct sigaction ignore = { .sa_handler = SIG_IGN };
	uint64_t n = 8;
	int first;

	put(dir, "there", "as it was");
	enter(&(struct ws_sandbox_needs) { 0 });
	REFUSED(socket(AF_INET, SOCK_STREAM, 0), EPERM);
	REFUSED(socket(AF_NETLINK, SOCK_RAW, 0), EPERM);
	REFUSED(execve("/bin/true", argv, NULL), EPERM);
#ifndef WS_COVERAGE /* which writes its counts */
	REFUSED(open(in("new"), O_WRONLY | O_CREAT | O_EXCL, 0600), EPERM);
	REFUSED(open(in("there"), O_WRONLY), EPERM);
	REFUSED(open(in("there"), O_RDWR), EPERM);
	REFUSED(open(in("there"), O_RDONLY | O_TRUNC), EPERM);
	n += 4;
#endif
	NEED(mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED);
	REFUSED(syscall(SYS_bpf, BPF_MAP_CREATE, &attr, sizeof(attr)), EPERM);
	REFUSED(mount("none", dir, "tmpfs", 0, NULL), ENOSYS);
	REFUSED(chmod(in("there"), 0777), ENOSYS);
	REFUSED(symlink("there", in("link")), ENOSYS);
#ifndef WS_SANITIZED /* which need them for themselves */
	REFUSED(ptrace(PTRACE_TRACEME, 0, NULL, NULL), EPERM);
	REFUSED(kill(getppid(), 0), EPERM);
	REFUSED(fork(), ENOSYS);
	n += 3;
#endif
	NEED(ws_sandbox_refused(&first) == n && first == SYS_socket);
	/* somebody's signal is no refused call */
	NEED(sigaction(SIGUSR1, &ignore, NULL) == 0 && ws_sandbox_refused(NULL) == n);
}

static void refuses(void **state)
{
	struct stat st;

	(void)state;
	in_child(try_what_is_refused);
	assert_int_equal(access(in("new"), F_OK), -1);
	assert_int_equal(stat(in("there"), &st), 0);
	assert_int_equal(st.st_size, strlen("as it was"));
}

static void try_what_is_needed(void)
{
	const struct timespec moment = { .tv_nsec = 1000 };
	struct ws_whole_file file = { 0 }, late = { 0 };
	struct ws_error err = { 0 };
	char from[128], *memory;
	int fd;

	put(dir, "nic.rec.zst.part", "");
	snprintf(from, sizeof(from), "%s", in("nic.rec.zst.part"));
	fd = open(from, O_WRONLY | O_CLOEXEC);
	NEED(fd >= 0 && ws_whole_file_name(in("run.json"), 0600, &file, &err) == 0);
	NEED(ws_whole_file_name(in("late.json"), 0600, &late, &err) == 0 && ws_whole_file_prepare(&file, &err) == 0);
	enter(&(struct ws_sandbox_needs) { 0 });
	NEED(write(fd, "records", 7) == 7 && fsync(fd) == 0 && close(fd) == 0);
	NEED(renameat2(AT_FDCWD, from, AT_FDCWD, in("nic.rec.zst"), RENAME_NOREPLACE) == 0);
	NEED(ws_whole_file_put(&file, "{}", &err) == 0 && access(in("run.json"), R_OK) == 0);
#ifndef WS_COVERAGE
	NEED(ws_whole_file_put(&late, "{}", &err) == -EPERM && strstr(err.text, "late.json.part: cannot write"));
	NEED(ws_sandbox_refused(NULL) == 1);
#endif
	fd = open(in("run.json"), O_RDONLY | O_CLOEXEC);
	NEED(fd >= 0 && read(fd, from, sizeof(from)) == 2);
	memory = malloc(64 << 20);
	NEED(memory && memset(memory, 1, 64 << 20));
	memory = realloc(memory, 128 << 20);
	NEED(memory);
	free(memory);
	NEED(clock_nanosleep(CLOCK_MONOTONIC, 0, &moment, NULL) == 0 && sysconf(_SC_NPROCESSORS_ONLN) > 0);
	ws_whole_file_close(&file);
	ws_whole_file_close(&late);
}

static void allows(void **state)
{
	(void)state;
	in_child(try_what_is_needed);
}

static void *read_then_try(void *context)
{
	char byte;

	NEED(read(*(int *)context, &byte, 1) == 1);
	REFUSED(socket(AF_INET, SOCK_STREAM, 0), EPERM);
	return NULL;
}

/* A thread that was there before, as packet captures have. */
static void try_in_threads(void)
{
	pthread_t thread;
	int ends[2];

	NEED(pipe(ends) == 0 && pthread_create(&thread, NULL, read_then_try, &ends[0]) == 0);
	enter(&(struct ws_sandbox_needs) { 0 });
	NEED(write(ends[1], "", 1) == 1 && pthread_join(thread, NULL) == 0 && ws_sandbox_refused(NULL) == 1);
}

static void holds_all_threads(void **state)
{
	(void)state;
	in_child(try_in_threads);
}

/* The command may be ended, and nobody else. */
static void try_to_end(void)
{
	const pid_t command = fork();
	int status;

	if (command == 0) {
		pause();
		_exit(3);
	}
	enter(&(struct ws_sandbox_needs) { .command = command });
#ifndef WS_SANITIZED
	REFUSED(kill(1, 0), EPERM);
	REFUSED(kill(-command, 0), EPERM);
#endif
	NEED(kill(command, SIGTERM) == 0 && waitpid(command, &status, 0) == command);
	NEED(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM);
}

static void ends_its_command(void **state)
{
	(void)state;
	in_child(try_to_end);
}

/* Programs can be started, and the filter is theirs as well. */
static void try_watching(void)
{
	int status, fd;
	pid_t child;

	enter(&(struct ws_sandbox_needs) { .has_children = true });
	fd = socket(AF_INET, SOCK_DGRAM, 0);
	NEED(fd >= 0 && close(fd) == 0);
	fd = open(in("watched"), O_WRONLY | O_CREAT | O_EXCL, 0600);
	NEED(fd >= 0 && close(fd) == 0);
	REFUSED(mount("none", dir, "tmpfs", 0, NULL), EPERM);
	REFUSED(ptrace(PTRACE_TRACEME, 0, NULL, NULL), EPERM);
	child = fork();
	if (child == 0) {
		execl("/bin/sh", "sh", "-c",
		      "grep -q '^Seccomp:.2' /proc/self/status && ! mount -t tmpfs none . 2>/dev/null", (char *)NULL);
		_exit(9);
	}
	NEED(child > 0 && waitpid(child, &status, 0) == child && status == 0);
}

static void watches(void **state)
{
	(void)state;
	in_child(try_watching);
}

/* The value of a line of /proc/self/status. */
static unsigned long long status_of(const char *key, int base)
{
	FILE *file = fopen("/proc/self/status", "re");
	unsigned long long value = 77777;
	char line[256];

	NEED(file);
	while (fgets(line, sizeof(line), file))
		if (strncmp(line, key, strlen(key)) == 0 && line[strlen(key)] == ':')
			value = strtoull(line + strlen(key) + 1, NULL, base);
	fclose(file);
	return value;
}

static void look_at_status(void)
{
	const bool had_setpcap = ws_privilege_effective() & WS_CAP(CAP_SETPCAP);

	enter(&(struct ws_sandbox_needs) { 0 });
	NEED(status_of("CapEff", 16) == 0 && status_of("CapPrm", 16) == 0 && status_of("CapInh", 16) == 0);
	NEED(status_of("CapAmb", 16) == 0 && (!had_setpcap || status_of("CapBnd", 16) == 0));
	NEED(status_of("NoNewPrivs", 10) == 1 && status_of("Seccomp", 10) == 2);
}

static void status_says_so(void **state)
{
	(void)state;
	in_child(look_at_status);
}

/* Root without capabilities gets none back by starting a program, which --watch has to be able to. */
static void try_to_get_back(void)
{
	struct ws_error err = { 0 };

	NEED(ws_privilege_keep(0, true, &err) == 0);
	execl("/bin/sh", "sh", "-c", "grep -q '^CapEff:.0*$' /proc/self/status", (char *)NULL);
	_exit(9);
}

static void gets_nothing_back(void **state)
{
	(void)state;
	in_child(try_to_get_back);
}

static void keep_some(void)
{
	const uint64_t some = WS_CAP(CAP_KILL) | WS_CAP(CAP_NET_RAW), had = ws_privilege_effective();
	struct ws_error err = { 0 };

	NEED(ws_privilege_keep(some, false, &err) == 0 && ws_privilege_effective() == (had & some));
}

static void keeps_what_is_named(void **state)
{
	(void)state;
	in_child(keep_some);
}

/* In a directory of somebody else's, root needs the right to write there after all. */
static void try_foreign_directory(void)
{
	NEED(ws_privilege_try_without(0, dir, false) == 0);
	if (geteuid() != 0)
		return;
	NEED(ws_privilege_effective() == 0);
	NEED(ws_privilege_try_without(0, "/proc/1/nothing", false) == 0); /* a failure that no capability helps */
}

static void give_away(void)
{
	const uint64_t override = WS_CAP(CAP_DAC_OVERRIDE), had = ws_privilege_effective();

	if (geteuid() != 0 || !(had & WS_CAP(CAP_CHOWN)))
		return;
	NEED(chown(dir, 65534, 65534) == 0);
	NEED(ws_privilege_try_without(0, dir, false) == (had & override));
}

static void knows_what_a_directory_needs(void **state)
{
	(void)state;
	in_child(try_foreign_directory);
	in_child(give_away);
}

static void says_what_is_missing(void **state)
{
	static struct ws_capture_options o = { .with_ebpf = true, .n_points = 1, .point = { { .netns = "node1" } } };
	struct ws_error err = { 0 };
	char text[WS_PRIVILEGE_TEXT];

	(void)state;
	assert_string_equal(ws_privilege_names(0, text), "none");
	assert_string_equal(ws_privilege_names(ws_privilege_needed(&o), text),
			    "CAP_BPF, CAP_NET_RAW, CAP_PERFMON, CAP_SYS_ADMIN");
	o.hook = WS_HOOK_TC;
	o.point[0].netns = NULL;
	assert_string_equal(ws_privilege_names(ws_privilege_needed(&o), text),
			    "CAP_BPF, CAP_NET_ADMIN, CAP_NET_RAW, CAP_PERFMON");
	o.with_ebpf = false;
	assert_string_equal(ws_privilege_names(ws_privilege_needed(&o), text), "CAP_NET_RAW");
	if (ws_privilege_effective() & WS_CAP(CAP_NET_RAW)) {
		assert_int_equal(ws_privilege_check(&o, &err), 0);
		return;
	}
	assert_int_equal(ws_privilege_check(&o, &err), -EPERM);
	assert_non_null(strstr(err.text, "CAP_NET_RAW is missing, to open packet sockets"));
}

static int make_dir(void **state)
{
	(void)state;
	strcpy(dir, "/tmp/wirespan-sandbox.XXXXXX");
	return mkdtemp(dir) ? 0 : -1;
}

static int remove_dir(void **state)
{
	(void)state;
	return remove_tree(dir);
}

#define IN_A_DIR(test) cmocka_unit_test_setup_teardown(test, make_dir, remove_dir)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_A_DIR(refuses),
		IN_A_DIR(allows),
		IN_A_DIR(holds_all_threads),
		IN_A_DIR(ends_its_command),
		IN_A_DIR(watches),
		IN_A_DIR(status_says_so),
		IN_A_DIR(gets_nothing_back),
		IN_A_DIR(keeps_what_is_named),
		IN_A_DIR(knows_what_a_directory_needs),
		IN_A_DIR(says_what_is_missing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

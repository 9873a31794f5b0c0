/* SPDX-License-Identifier: BSD-2-Clause */
/* sandbox - see the header. The one file that knows libseccomp. */
#include "capture/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/sockios.h>
#include <seccomp.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <ucontext.h>
#include <unistd.h>

/* Where the handler can say what a refused call returns; elsewhere the kernel says it, and nobody counts. */
#if defined(__x86_64__)
#define RESULT(context) ((context)->uc_mcontext.gregs[REG_RAX])
#elif defined(__aarch64__)
#define RESULT(context) ((context)->uc_mcontext.regs[0])
#endif

/* Of the process, as the filter is; a signal's handler has no other place to write to. */
static atomic_ullong n_refused;
static atomic_int first_refused = -1;

/* What the reader, the packet captures, the writers, zstd, libc and the end of it all need; whatever their arguments.
 */
static const int allowed[] = {
	/* memory */
	SCMP_SYS(brk),
	SCMP_SYS(munmap),
	SCMP_SYS(mremap),
	SCMP_SYS(madvise),
	SCMP_SYS(msync),
	/* files that are open, and their names */
	SCMP_SYS(read),
	SCMP_SYS(readv),
	SCMP_SYS(pread64),
	SCMP_SYS(write),
	SCMP_SYS(writev),
	SCMP_SYS(pwrite64),
	SCMP_SYS(lseek),
	SCMP_SYS(close),
	SCMP_SYS(fsync),
	SCMP_SYS(fdatasync),
	SCMP_SYS(fallocate),
	SCMP_SYS(ftruncate),
	SCMP_SYS(fadvise64),
	SCMP_SYS(fcntl),
	SCMP_SYS(fstat),
	SCMP_SYS(newfstatat),
	SCMP_SYS(stat),
	SCMP_SYS(lstat),
	SCMP_SYS(statx),
	SCMP_SYS(fstatfs),
	SCMP_SYS(access),
	SCMP_SYS(faccessat),
	SCMP_SYS(faccessat2),
	SCMP_SYS(rename),
	SCMP_SYS(renameat),
	SCMP_SYS(renameat2),
	SCMP_SYS(unlink),
	SCMP_SYS(unlinkat),
	SCMP_SYS(getcwd),
	SCMP_SYS(readlink),
	SCMP_SYS(readlinkat),
	/* packet sockets that are open */
	SCMP_SYS(poll),
	SCMP_SYS(ppoll),
	SCMP_SYS(recvfrom),
	SCMP_SYS(recvmsg),
	SCMP_SYS(getsockopt),
	SCMP_SYS(setsockopt),
	SCMP_SYS(getsockname),
	SCMP_SYS(eventfd2),
	SCMP_SYS(shutdown),
	/* time */
	SCMP_SYS(clock_gettime),
	SCMP_SYS(clock_getres),
	SCMP_SYS(gettimeofday),
	SCMP_SYS(time),
	SCMP_SYS(nanosleep),
	SCMP_SYS(clock_nanosleep),
	/* threads that are there, signals, the command's end */
	SCMP_SYS(futex),
	SCMP_SYS(set_robust_list),
	SCMP_SYS(rseq),
	SCMP_SYS(sched_yield),
	SCMP_SYS(sched_getaffinity),
	SCMP_SYS(membarrier),
	SCMP_SYS(restart_syscall),
	SCMP_SYS(rt_sigaction),
	SCMP_SYS(rt_sigprocmask),
	SCMP_SYS(rt_sigreturn),
	SCMP_SYS(rt_sigtimedwait),
	SCMP_SYS(sigaltstack),
	SCMP_SYS(wait4),
	SCMP_SYS(waitid),
	SCMP_SYS(exit),
	SCMP_SYS(exit_group),
	/* about ourselves */
	SCMP_SYS(getpid),
	SCMP_SYS(getppid),
	SCMP_SYS(gettid),
	SCMP_SYS(getuid),
	SCMP_SYS(geteuid),
	SCMP_SYS(getgid),
	SCMP_SYS(getegid),
	SCMP_SYS(getrusage),
	SCMP_SYS(getcpu),
	SCMP_SYS(uname),
	SCMP_SYS(sysinfo),
	SCMP_SYS(getrandom),
	SCMP_SYS(getrlimit),
	SCMP_SYS(times),
	SCMP_SYS(capget),
#ifdef WS_SANDBOX_SANITIZED /* what they look for at the end, in a process of their own */
	SCMP_SYS(clone),
	SCMP_SYS(ptrace),
	SCMP_SYS(prctl),
	SCMP_SYS(pipe2),
	SCMP_SYS(getdents64),
	SCMP_SYS(process_vm_readv),
	SCMP_SYS(sched_setaffinity),
	SCMP_SYS(tgkill),
	SCMP_SYS(tkill),
	SCMP_SYS(kill),
#endif
};

/* What finds and removes the filters of clsact. */
static const int for_netlink[] = {
	SCMP_SYS(bind), SCMP_SYS(sendto), SCMP_SYS(sendmsg), SCMP_SYS(setns), SCMP_SYS(epoll_create1),
};

/* What is allowed with some arguments only, and answered with EPERM otherwise. */
static const int limited[] = {
	SCMP_SYS(open),	  SCMP_SYS(openat),   SCMP_SYS(mmap),	SCMP_SYS(mprotect), SCMP_SYS(bpf),
	SCMP_SYS(ioctl),  SCMP_SYS(kill),     SCMP_SYS(tgkill), SCMP_SYS(socket),   SCMP_SYS(prlimit64),
	SCMP_SYS(execve), SCMP_SYS(execveat), SCMP_SYS(ptrace), SCMP_SYS(setns),
};

/* What nobody needs who records and asks a cluster: with has_children. */
static const int forbidden[] = {
	SCMP_SYS(ptrace),
	SCMP_SYS(process_vm_readv),
	SCMP_SYS(process_vm_writev),
	SCMP_SYS(kexec_load),
	SCMP_SYS(kexec_file_load),
	SCMP_SYS(init_module),
	SCMP_SYS(finit_module),
	SCMP_SYS(delete_module),
	SCMP_SYS(reboot),
	SCMP_SYS(swapon),
	SCMP_SYS(swapoff),
	SCMP_SYS(mount),
	SCMP_SYS(umount2),
	SCMP_SYS(pivot_root),
	SCMP_SYS(chroot),
	SCMP_SYS(move_mount),
	SCMP_SYS(fsopen),
	SCMP_SYS(fsmount),
	SCMP_SYS(fsconfig),
	SCMP_SYS(open_tree),
	SCMP_SYS(settimeofday),
	SCMP_SYS(clock_settime),
	SCMP_SYS(acct),
	SCMP_SYS(quotactl),
	SCMP_SYS(iopl),
	SCMP_SYS(ioperm),
	SCMP_SYS(sethostname),
	SCMP_SYS(setdomainname),
	SCMP_SYS(syslog),
	SCMP_SYS(userfaultfd),
	SCMP_SYS(open_by_handle_at),
	SCMP_SYS(vhangup),
	SCMP_SYS(mknod),
	SCMP_SYS(mknodat),
	SCMP_SYS(add_key),
	SCMP_SYS(keyctl),
	SCMP_SYS(request_key),
};

#define N(array) (sizeof(array) / sizeof(*(array)))

#ifdef RESULT
static void on_refused(int number, siginfo_t *info, void *context)
{
	ucontext_t *const interrupted = context;
	int nobody = -1, rc = -ENOSYS;

	(void)number;
	if (info->si_code != 1) /* SYS_SECCOMP: not somebody's kill() */
		return;
	for (size_t i = 0; i < N(limited); i++)
		if (limited[i] == info->si_syscall)
			rc = -EPERM;
	atomic_fetch_add(&n_refused, 1);
	atomic_compare_exchange_strong(&first_refused, &nobody, info->si_syscall);
	RESULT(interrupted) = rc;
}
#endif

static int allow_all_of(scmp_filter_ctx filter, const int *call, size_t n, uint32_t action)
{
	int rc = 0;

	for (size_t i = 0; i < n && rc == 0; i++)
		rc = seccomp_rule_add(filter, action, call[i], 0); /* what a machine does not have is no error */
	return rc;
}

/* Allows the call if of argument number arg the bits of mask are value. */
static int allow_if(scmp_filter_ctx filter, int call, unsigned int arg, uint64_t mask, uint64_t value)
{
	const struct scmp_arg_cmp only = { .arg = arg, .op = SCMP_CMP_MASKED_EQ, .datum_a = mask, .datum_b = value };

	return seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, call, 1, &only);
}

/* Likewise of an int, whose upper half is anything. */
static int allow_int(scmp_filter_ctx filter, int call, unsigned int arg, uint32_t value)
{
	return allow_if(filter, call, arg, UINT32_MAX, value);
}

/* Memory that holds no programs; files that are not written to; of bpf(), what reads. */
static int allow_with_arguments(scmp_filter_ctx f, const struct ws_sandbox_needs *needs)
{
	const uint64_t writes = WS_SANDBOX_WRITES;
	/* the terminal's width; whether an interface is up, and of which number it is; a socket's namespace */
	static const uint32_t controls[] = { TCGETS, TIOCGWINSZ, FIONREAD, SIOCGIFFLAGS, SIOCGIFINDEX, SIOCGSKNS };
	static const uint32_t bpf_reads[] = { BPF_MAP_LOOKUP_ELEM, BPF_OBJ_GET_INFO_BY_FD };
	int rc = 0;

	rc |= allow_if(f, SCMP_SYS(mmap), 2, PROT_EXEC, 0);
	rc |= allow_if(f, SCMP_SYS(mprotect), 2, PROT_EXEC, 0);
	rc |= allow_if(f, SCMP_SYS(openat), 2, writes, O_RDONLY);
	rc |= allow_if(f, SCMP_SYS(open), 1, writes, O_RDONLY);
	rc |= allow_if(f, SCMP_SYS(prlimit64), 2, UINT64_MAX, 0); /* no new limit */
	for (size_t i = 0; i < N(controls); i++)
		rc |= allow_int(f, SCMP_SYS(ioctl), 1, controls[i]);
	for (size_t i = 0; i < N(bpf_reads); i++)
		rc |= allow_int(f, SCMP_SYS(bpf), 0, bpf_reads[i]);
#ifndef WS_SANDBOX_SANITIZED
	rc |= allow_int(f, SCMP_SYS(tgkill), 0, (uint32_t)getpid()); /* abort() */
	if (needs->command > 0)
		rc |= allow_int(f, SCMP_SYS(kill), 0, (uint32_t)needs->command);
#endif
	if (needs->removes_filters)
		rc |= allow_int(f, SCMP_SYS(socket), 0, AF_NETLINK);
	return rc ? -ENOMEM : 0;
}

static int make_filter(const struct ws_sandbox_needs *needs, scmp_filter_ctx *filter)
{
#ifdef RESULT
	const uint32_t refuse = SCMP_ACT_TRAP;
#else
	const uint32_t refuse = SCMP_ACT_ERRNO(ENOSYS);
#endif
	scmp_filter_ctx f = seccomp_init(needs->has_children ? SCMP_ACT_ALLOW : refuse);
	int rc;

	if (!f)
		return -ENOMEM;
	rc = seccomp_attr_set(f, SCMP_FLTATR_CTL_TSYNC, 1); /* all threads, or none */
	/* without this, kernels before 5.16 slow the process down for fear of what it might run */
	seccomp_attr_set(f, SCMP_FLTATR_CTL_SSB, 1);
	if (rc == 0 && needs->has_children) { /* programs that are started do not have our handler */
		rc = allow_all_of(f, forbidden, N(forbidden), SCMP_ACT_ERRNO(EPERM));
	} else if (rc == 0) {
		rc = allow_all_of(f, allowed, N(allowed), SCMP_ACT_ALLOW);
		if (rc == 0 && needs->removes_filters)
			rc = allow_all_of(f, for_netlink, N(for_netlink), SCMP_ACT_ALLOW);
		if (rc == 0)
			rc = allow_with_arguments(f, needs);
	}
	if (rc)
		seccomp_release(f);
	else
		*filter = f;
	return rc;
}

int ws_sandbox_enter(const struct ws_sandbox_needs *needs, struct ws_error *err)
{
	scmp_filter_ctx filter;
	int rc = make_filter(needs, &filter);

#ifdef RESULT
	const struct sigaction action = { .sa_sigaction = on_refused, .sa_flags = SA_SIGINFO | SA_NODEFER };

	if (rc == 0 && sigaction(SIGSYS, &action, NULL))
		rc = -errno;
#endif
	if (rc)
		return ws_error(err, rc, "cannot make the filter of system calls: %s", strerror(-rc));
	rc = seccomp_load(filter);
	seccomp_release(filter);
	return rc ? ws_error(err, rc, "this kernel takes no filter of system calls (seccomp): %s", strerror(-rc)) : 0;
}

uint64_t ws_sandbox_refused(int *first)
{
	if (first)
		*first = atomic_load(&first_refused);
	return atomic_load(&n_refused);
}

const char *ws_sandbox_call_name(int number, char text[64])
{
	char *name = seccomp_syscall_resolve_num_arch(SCMP_ARCH_NATIVE, number);

	if (name)
		snprintf(text, 64, "%s", name);
	else
		snprintf(text, 64, "number %d", number);
	free(name);
	return text;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * wall_clock - preloaded, it sets the wall clock of one program, and leaves everybody else's alone. WS_WALL_CLOCK=FILE:
 * 16 bytes, how far the clock is set in nanoseconds, which may change at any time, and how often it was read.
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define NS_PER_S 1000000000

struct setting {
	_Atomic int64_t ahead_ns;
	_Atomic uint64_t n_readings;
};

static struct setting *setting;
static int (*read_clock)(clockid_t clock, struct timespec *ts);

__attribute__((constructor)) static void begin(void)
{
	const char *path = getenv("WS_WALL_CLOCK");
	const int fd = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
	void *mapped = fd < 0 ? MAP_FAILED : mmap(NULL, sizeof(*setting), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	*(void **)&read_clock = dlsym(RTLD_NEXT, "clock_gettime");
	if (mapped == MAP_FAILED || !read_clock)
		_exit(70);
	setting = mapped;
	close(fd);
}

int clock_gettime(clockid_t clock, struct timespec *ts)
{
	int64_t ahead_ns, ns;
	int rc;

	/* before begin(), by constructors of other libraries */
	if (!read_clock)
		*(void **)&read_clock = dlsym(RTLD_NEXT, "clock_gettime");
	rc = read_clock(clock, ts);
	if (rc || clock != CLOCK_REALTIME || !setting)
		return rc;
	ahead_ns = setting->ahead_ns;
	ns = ts->tv_nsec + ahead_ns % NS_PER_S;
	ts->tv_sec += ahead_ns / NS_PER_S + (ns >= NS_PER_S) - (ns < 0);
	ts->tv_nsec = ns - (ns >= NS_PER_S) * (int64_t)NS_PER_S + (ns < 0) * (int64_t)NS_PER_S;
	setting->n_readings++;
	return 0;
}

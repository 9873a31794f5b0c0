/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * failing - preloaded, it lets an allocation of a program fail, whichever library makes it.
 *
 *	WS_FAIL_AT=N      the N-th allocation fails, from 1; 0: none
 *	WS_FAIL_ON=1      and all that follow
 *	WS_FAIL_COUNT=FD  at the end the number of allocations is written to that file descriptor
 *
 * What the program starts is spared. With AddressSanitizer's own allocator in the program that one is called.
 */
#include <errno.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t n, size_t size);
extern void *__libc_realloc(void *old, size_t size);
extern void *__libc_memalign(size_t alignment, size_t size);
extern void *__interceptor_malloc(size_t size) __attribute__((weak));
extern void *__interceptor_calloc(size_t n, size_t size) __attribute__((weak));
extern void *__interceptor_realloc(void *old, size_t size) __attribute__((weak));
extern void *__interceptor_memalign(size_t alignment, size_t size) __attribute__((weak));

static atomic_uint_fast64_t n_allocations;
static uint64_t fail_at;
static bool fails_on, is_on;
static int count_fd = -1;

__attribute__((constructor)) static void begin(void)
{
	const char *at = getenv("WS_FAIL_AT"), *on = getenv("WS_FAIL_ON"), *fd = getenv("WS_FAIL_COUNT");

	fail_at = at ? strtoull(at, NULL, 10) : 0;
	fails_on = on && *on == '1';
	count_fd = fd ? atoi(fd) : -1;
	unsetenv("LD_PRELOAD");
	is_on = true;
}

__attribute__((destructor)) static void end(void)
{
	char text[32];
	const int n = snprintf(text, sizeof(text), "%llu\n", (unsigned long long)n_allocations);

	is_on = false;
	if (count_fd >= 0 && write(count_fd, text, (size_t)n) != n)
		_exit(70);
}

static bool fails(void)
{
	uint64_t n;

	if (!is_on)
		return false;
	n = ++n_allocations;
	if (!fail_at || (fails_on ? n < fail_at : n != fail_at))
		return false;
	errno = ENOMEM;
	return true;
}

void *malloc(size_t size)
{
	return fails() ? NULL : __interceptor_malloc ? __interceptor_malloc(size) : __libc_malloc(size);
}

void *calloc(size_t n, size_t size)
{
	return fails() ? NULL : __interceptor_calloc ? __interceptor_calloc(n, size) : __libc_calloc(n, size);
}

void *realloc(void *old, size_t size)
{
	return fails() ? NULL : __interceptor_realloc ? __interceptor_realloc(old, size) : __libc_realloc(old, size);
}

void *reallocarray(void *old, size_t n, size_t size)
{
	size_t bytes;

	if (__builtin_mul_overflow(n, size, &bytes)) {
		errno = ENOMEM;
		return NULL;
	}
	return realloc(old, bytes);
}

static void *aligned(size_t alignment, size_t size)
{
	return fails()			? NULL
	       : __interceptor_memalign ? __interceptor_memalign(alignment, size)
					: __libc_memalign(alignment, size);
}

void *aligned_alloc(size_t alignment, size_t size)
{
	return aligned(alignment, size);
}

void *memalign(size_t alignment, size_t size)
{
	return aligned(alignment, size);
}

int posix_memalign(void **to, size_t alignment, size_t size)
{
	void *made = aligned(alignment, size);

	if (!made)
		return ENOMEM;
	*to = made;
	return 0;
}

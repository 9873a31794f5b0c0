/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * allocators - the C library's, whose every call asks fails() first, which the file that includes this defines before.
 * With AddressSanitizer's own allocator in the program that one is called.
 */
#ifndef WS_TEST_ALLOCATORS_H
#define WS_TEST_ALLOCATORS_H

#include <errno.h>
#include <stddef.h>

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t n, size_t size);
extern void *__libc_realloc(void *old, size_t size);
extern void *__libc_memalign(size_t alignment, size_t size);
extern void *__interceptor_malloc(size_t size) __attribute__((weak));
extern void *__interceptor_calloc(size_t n, size_t size) __attribute__((weak));
extern void *__interceptor_realloc(void *old, size_t size) __attribute__((weak));
extern void *__interceptor_memalign(size_t alignment, size_t size) __attribute__((weak));

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

#endif

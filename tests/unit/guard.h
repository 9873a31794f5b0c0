/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * guard - test input that ends where readable memory ends: one byte read too many kills the test.
 */
#ifndef WS_TEST_GUARD_H
#define WS_TEST_GUARD_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "lib/bytes.h"

/* Readable bytes before the guard page: whole pages on every machine that we know. */
#define WS_GUARD_BYTES (1u << 18)
#define WS_GUARD_PAGE  (1u << 16)

/* The first byte that must not be read. */
static uint8_t *ws_guard_end(void)
{
	static uint8_t *end;
	uint8_t *start;

	if (end)
		return end;
	start = mmap(NULL, WS_GUARD_BYTES + WS_GUARD_PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (start == MAP_FAILED || mprotect(start + WS_GUARD_BYTES, WS_GUARD_PAGE, PROT_NONE)) {
		perror("guard page");
		abort();
	}
	end = start + WS_GUARD_BYTES;
	return end;
}

/* A copy of the bytes that ends at the guard page; it stands until the next call. */
static struct ws_bytes ws_guard(const void *data, uint32_t len)
{
	uint8_t *end = ws_guard_end();

	if (len >= WS_GUARD_BYTES)
		abort();
	end[-(int64_t)len - 1] = 0xa5; /* not what the last input left there */
	if (len)
		memcpy(end - len, data, len);
	return (struct ws_bytes) { .data = end - len, .len = len };
}

#endif

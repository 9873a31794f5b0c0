/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * bytes - bounded reads of flat bytes, the only way in which the parsers touch a frame or a payload.
 *
 * In the kernel the bytes lie in a map value of WS_BYTES_BUFFER bytes, and every offset is masked to it: the verifier
 * accepts the read without a branch, and a read beyond len yields stale bytes. On the host nothing beyond len is
 * touched. Either way callers ask ws_bytes_has(), or compare what ws_bytes_word() led them to with len.
 */
#ifndef WS_BYTES_H
#define WS_BYTES_H

#include <stdint.h>

#ifndef __always_inline
#define __always_inline inline __attribute__((always_inline))
#endif

/*
 * Before a loop of constant length that should stay a loop: unrolled, the in-kernel program is four times as large, and
 * at the rate of real requests its instructions come from memory, not from the cache.
 */
#ifdef __bpf__
#define WS_KEEP_LOOP _Pragma("clang loop unroll(disable)")
#else
#define WS_KEEP_LOOP
#endif

/* For what is used in several places of the in-kernel program and would be copied into each: see above. */
#ifdef __bpf__
#define WS_ONE_COPY static __attribute__((noinline))
#else
#define WS_ONE_COPY static inline
#endif

/* Flat bytes, not owned. */
struct ws_bytes {
	const uint8_t *data;
	uint32_t len;
};

/* Offsets that a kernel buffer can hold: a power of two. */
#define WS_BYTES_MAX 32768
/* Bytes behind the highest offset at which a read may begin: the newline search looks at 64 at a time. */
#define WS_BYTES_SLACK 128
/* The size of a kernel buffer. */
#define WS_BYTES_BUFFER (WS_BYTES_MAX + WS_BYTES_SLACK)

#ifdef __bpf__
/* Masks an offset where the verifier can see it; the barrier keeps the compiler from reasoning it away. */
static __always_inline uint64_t ws_bytes_mask(uint64_t off)
{
	asm volatile("" : "+r"(off));
	return off & (WS_BYTES_MAX - 1);
}
#define WS_BYTES_AT(type, b, off) (*(const type *)((b)->data + ws_bytes_mask(off)))
#else
#include <string.h>
#define WS_BYTES_AT(type, b, off)                                   \
	({                                                          \
		type value_;                                        \
		memcpy(&value_, (b)->data + (off), sizeof(value_)); \
		value_;                                             \
	})
#endif

/* Are the n bytes at off among those at hand? */
static __always_inline int ws_bytes_has(const struct ws_bytes *b, uint32_t off, uint32_t n)
{
	return off <= b->len && n <= b->len - off;
}

static __always_inline uint8_t ws_bytes_u8(const struct ws_bytes *b, uint32_t off)
{
	return WS_BYTES_AT(uint8_t, b, off);
}

static __always_inline uint16_t ws_bytes_be16(const struct ws_bytes *b, uint32_t off)
{
	return __builtin_bswap16(WS_BYTES_AT(uint16_t, b, off));
}

static __always_inline uint32_t ws_bytes_be32(const struct ws_bytes *b, uint32_t off)
{
	return __builtin_bswap32(WS_BYTES_AT(uint32_t, b, off));
}

/*
 * The eight bytes at off, the first in the lowest place; bytes beyond len are zero on the host and stale in the kernel:
 * callers compare what they found with len.
 */
static __always_inline uint64_t ws_bytes_word(const struct ws_bytes *b, uint32_t off)
{
#ifndef __bpf__
	if (!ws_bytes_has(b, off, 8)) {
		uint64_t word = 0;

		if (off < b->len)
			memcpy(&word, b->data + off, b->len - off);
		return word;
	}
#endif
	return WS_BYTES_AT(uint64_t, b, off);
}

/* Bytes that one ws_bytes_find_newline() looks at. */
#define WS_BYTES_STEP 64

/*
 * The offset of the first line feed in the WS_BYTES_STEP bytes at off, or off + WS_BYTES_STEP. Eight bytes at a time: a
 * zero byte of x is the lowest 0x80 of (x - 0x01..) & ~x & 0x80.. (bits above the lowest may be wrong). In the kernel
 * the answer may lie beyond len.
 */
static __always_inline uint32_t ws_bytes_find_newline(const struct ws_bytes *b, uint32_t off)
{
	const uint64_t ones = 0x0101010101010101u;
#ifdef __bpf__
	const uint8_t *from = b->data + ws_bytes_mask(off); /* one check for all eight reads */
#pragma unroll
#endif
	for (uint32_t i = 0; i < WS_BYTES_STEP; i += 8) {
#ifdef __bpf__
		uint64_t word = *(const uint64_t *)(from + i);
#else
		uint64_t word = ws_bytes_word(b, off + i);
#endif
		uint64_t x = word ^ (ones * '\n');
		uint64_t zero = (x - ones) & ~x & (ones << 7);

		if (zero) /* the number of whole bytes below the lowest set bit */
			return off + i + (uint32_t)((((zero - 1) & ones) * ones) >> 56) - 1;
	}
	return off + WS_BYTES_STEP;
}

static __always_inline void ws_bytes_copy16(const struct ws_bytes *b, uint32_t off, uint8_t to[16])
{
	uint64_t low = WS_BYTES_AT(uint64_t, b, off);
	uint64_t high = WS_BYTES_AT(uint64_t, b, off + 8);

	__builtin_memcpy(to, &low, 8);
	__builtin_memcpy(to + 8, &high, 8);
}

/* The IPv4 address at off as an IPv4-mapped IPv6 address (RFC 4291 2.5.5.2). */
static __always_inline void ws_bytes_v4_mapped(const struct ws_bytes *b, uint32_t off, uint8_t to[16])
{
	uint64_t low = 0;
	uint64_t high = (uint64_t)WS_BYTES_AT(uint32_t, b, off) << 32 | 0xffff0000u;

	__builtin_memcpy(to, &low, 8);
	__builtin_memcpy(to + 8, &high, 8);
}

#endif

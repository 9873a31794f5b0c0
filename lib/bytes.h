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

/* What lies in memory may have changed: the compiler reads it again, and the verifier knows nothing of it. */
#ifdef __bpf__
#define WS_FORGET() asm volatile("" : : : "memory")
#else
#define WS_FORGET()
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

/* Bytes that one ws_bytes_newlines() looks at. */
#define WS_BYTES_STEP 64

/*
 * Which of the WS_BYTES_STEP bytes at off may be a line feed: bit i for byte off + i. Eight bytes at a time: the
 * highest bit of a byte that is less than 0x0b is set by the subtraction, and so is that of some others, which real
 * heads do not have; the bits are then gathered by a multiplication. Callers look at the byte, and at len: bytes behind
 * it may be named.
 */
static __always_inline uint64_t ws_bytes_newlines(const struct ws_bytes *b, uint32_t off)
{
	const uint64_t ones = 0x0101010101010101u;
	uint64_t all = 0;
#ifdef __bpf__
	const uint8_t *from = b->data + ws_bytes_mask(off); /* one check for all eight reads */
#pragma unroll
#else
	const uint8_t *from = b->data + off;
	uint8_t last[WS_BYTES_STEP];

	if (!ws_bytes_has(b, off, WS_BYTES_STEP)) {
		memset(last, 0, sizeof(last));
		if (off < b->len)
			memcpy(last, from, b->len - off);
		from = last;
	}
#pragma GCC unroll 8
#endif
	for (uint32_t i = 0; i < WS_BYTES_STEP; i += 8) {
		uint64_t word;

#ifdef __bpf__
		word = *(const uint64_t *)(from + i);
#else
		memcpy(&word, from + i, sizeof(word));
#endif
		all |= (((word - ones * 0x0b) & (ones << 7)) * 0x0002040810204081u >> 56) << i;
	}
	return all;
}

/* The number of the lowest bit that is set; word is not 0. */
static __always_inline uint32_t ws_bytes_lowest(uint64_t word)
{
#ifdef __bpf__
	static const uint8_t number[64] = {
		0,  1,	2,  7,	3,  13, 8,  19, 4,  25, 14, 28, 9,  34, 20, 40, 5,  17, 26, 38, 15, 46,
		29, 48, 10, 31, 35, 54, 21, 50, 41, 57, 63, 6,	12, 18, 24, 27, 33, 39, 16, 37, 45, 47,
		30, 53, 49, 56, 62, 11, 23, 32, 36, 44, 52, 55, 61, 22, 43, 51, 60, 42, 59, 58,
	}; /* by the six highest bits of the product with a de Bruijn sequence */

	return number[(word & (0 - word)) * 0x0218a392cd3d5dbfu >> 58];
#else
	return (uint32_t)__builtin_ctzll(word);
#endif
}

/* Writes a word to eight bytes; the kernel's are aligned for it, and need not be written one by one. */
static __always_inline void ws_bytes_put(uint8_t *to, uint64_t word)
{
#ifdef __bpf__
	to = __builtin_assume_aligned(to, 8);
#endif
	__builtin_memcpy(to, &word, 8);
}

static __always_inline void ws_bytes_copy16(const struct ws_bytes *b, uint32_t off, uint8_t to[16])
{
	uint64_t low = WS_BYTES_AT(uint64_t, b, off);
	uint64_t high = WS_BYTES_AT(uint64_t, b, off + 8);

	ws_bytes_put(to, low);
	ws_bytes_put(to + 8, high);
}

/* The IPv4 address at off as an IPv4-mapped IPv6 address (RFC 4291 2.5.5.2). */
static __always_inline void ws_bytes_v4_mapped(const struct ws_bytes *b, uint32_t off, uint8_t to[16])
{
	uint64_t low = 0;
	uint64_t high = (uint64_t)WS_BYTES_AT(uint32_t, b, off) << 32 | 0xffff0000u;

	ws_bytes_put(to, low);
	ws_bytes_put(to + 8, high);
}

#endif

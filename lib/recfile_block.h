/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * recfile_block - a block of records as bytes and back: columns, delta-coded in byte planes, before and after zstd; and
 * the layout of the frames around it, which reader and writer share. Specified in recfile.md.
 */
#ifndef WS_RECFILE_BLOCK_H
#define WS_RECFILE_BLOCK_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "lib/record.h"

/* zstd's skippable frames begin with one of sixteen numbers; this one is ours. */
#define WS_RECFILE_SKIPPABLE_MAGIC 0x184d2a5au
/* Behind it and the frame's size: what kind of mark follows. */
#define WS_RECFILE_SIGNATURE 0x46525357u /* "WSRF" */

enum ws_recfile_kind {
	WS_RECFILE_KIND_HEAD = 1,
	WS_RECFILE_KIND_BLOCK = 2,
	WS_RECFILE_KIND_END = 3,
};

/* In the flags of a head. */
#define WS_RECFILE_PREFERS_LIST 1u

/* Marks and compressed blocks larger than this are not ours. */
#define WS_RECFILE_MARK_MAX	     4096u
#define WS_RECFILE_FRAME_MAX	     (1u << 26)
#define WS_RECFILE_BLOCK_RECORDS_MAX 65536u

/* Little-endian integers at any address. */
static inline uint16_t ws_recfile_get16(const uint8_t *from)
{
	uint16_t value;

	memcpy(&value, from, sizeof(value));
	return value;
}

static inline uint32_t ws_recfile_get32(const uint8_t *from)
{
	uint32_t value;

	memcpy(&value, from, sizeof(value));
	return value;
}

/* The most bytes that the columns of n records take, and what encoding them needs beside. */
size_t ws_recfile_columns_bound(uint32_t n);

/* Encodes n records as columns into to (ws_recfile_columns_bound(n) bytes). Returns the number of bytes written. */
size_t ws_recfile_columns_encode(const struct ws_record *records, uint32_t n, uint8_t *to);

/*
 * Decodes len bytes into exactly n records. Columns that this program does not know are skipped, those that are missing
 * are zero; what records of version 1 did not say is filled in, see recfile.md. Returns 0, or -EINVAL if the bytes
 * contradict themselves; then the records are undefined.
 */
int ws_recfile_columns_decode(const uint8_t *from, size_t len, struct ws_record *records, uint32_t n);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * recfile_block - a block of records as bytes and back, before and after zstd; and the layout of the frames around it,
 * which reader and writer share. Specified in recfile.md.
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

/* What encoding needs beside the block. NULL without memory. To be freed; NULL is nothing. */
struct ws_recfile_encoder *ws_recfile_encoder_new(void);
void ws_recfile_encoder_free(struct ws_recfile_encoder *e);

/* The most bytes that a block of n records takes before zstd. */
size_t ws_recfile_block_bound(uint32_t n);

/*
 * Encodes 1 to WS_RECFILE_BLOCK_RECORDS records as a block into to (ws_recfile_block_bound(n) bytes). n_random: how
 * many of its last bytes are not worth compressing. Returns the number of bytes written.
 */
size_t ws_recfile_block_encode(struct ws_recfile_encoder *e, const struct ws_record *records, uint32_t n, uint8_t *to,
			       size_t *n_random);

/* Rows of its tables that decoding a block of n records needs beside the records. */
static inline size_t ws_recfile_rows(uint32_t n)
{
	return 2 * (size_t)n;
}

/*
 * Decodes len bytes of a block into exactly n records. rows: ws_recfile_rows(n) records, for the time of the call.
 * Columns that this program does not know are skipped, those that are missing are zero. Returns 0, or -EINVAL if the
 * bytes contradict themselves; then the records are undefined.
 */
int ws_recfile_block_decode(const uint8_t *from, size_t len, struct ws_record *records, uint32_t n,
			    struct ws_record *rows);

/* The same of a block of version 1; what records of version 1 did not say is filled in, see recfile.md. */
int ws_recfile_columns_decode(const uint8_t *from, size_t len, struct ws_record *records, uint32_t n);

#endif

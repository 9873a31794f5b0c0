/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * recfile_columns - the columns that records are stored in, and how a column's values become bytes and back, wherever
 * its rows lie. What versions 1 and 2 of the file share; for recfile_*.c only. The bytes are specified in recfile.md.
 */
#ifndef WS_RECFILE_COLUMNS_H
#define WS_RECFILE_COLUMNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "lib/record.h"

enum ws_recfile_encoding {
	WS_RECFILE_CONSTANT = 0,   /* one value for all rows */
	WS_RECFILE_DELTA = 1,	   /* zigzag difference from the row before, in byte planes, lowest first */
	WS_RECFILE_ROWS = 2,	   /* values as they are */
	WS_RECFILE_DICTIONARY = 3, /* a byte a row: the number of its value; then the values, in order of appearance */
	/* of version 2, for what every record has a value of */
	WS_RECFILE_PLANES = 4,	 /* values in byte planes */
	WS_RECFILE_OF_FLOW = 5,	 /* like delta, from what the flow's record before leads to expect */
	WS_RECFILE_LITERALS = 6, /* the values that no earlier one is referred to for */
};

/* Which table of a block of version 2 a column stands in. */
enum ws_recfile_table {
	WS_RECFILE_RECORDS = 0,
	WS_RECFILE_FLOWS = 1,  /* what the packets of a connection's direction have in common */
	WS_RECFILE_SHAPES = 2, /* what requests of one kind have in common */
	WS_RECFILE_N_TABLES = 3,
};

struct ws_recfile_column {
	uint16_t id; /* never used again for anything else */
	uint16_t off;
	uint8_t width;
	uint8_t encoding; /* unless the values are all the same */
	uint8_t table;	  /* of version 2, as it is written */
	uint8_t base_off; /* of version 2: the 4-byte field whose value is taken off; 0: none */
};

/* Columns that are not as they lie in the record. */
#define WS_RECFILE_ID_TIME	  1
#define WS_RECFILE_ID_TRACE	  2
#define WS_RECFILE_ID_SPAN	  3
#define WS_RECFILE_ID_PARENT	  4
#define WS_RECFILE_ID_SEQ	  9
#define WS_RECFILE_ID_DONE	  32
#define WS_RECFILE_ID_STREAM	  33
#define WS_RECFILE_ID_ACK	  40
#define WS_RECFILE_ID_FLOW	  256 /* number in the table of flows */
#define WS_RECFILE_ID_SHAPE	  257 /* and of shapes */
#define WS_RECFILE_ID_TRACE_FROM  258 /* which earlier value is meant */
#define WS_RECFILE_ID_SPAN_FROM	  259
#define WS_RECFILE_ID_PARENT_FROM 260

/* Does the table of flows have it, too: where a flow's records count from? */
static inline bool ws_recfile_is_start(uint16_t id)
{
	return id == WS_RECFILE_ID_SEQ || id == WS_RECFILE_ID_ACK || id == WS_RECFILE_ID_STREAM;
}

#define WS_RECFILE_N_COLUMNS 41
/* The most entries that a block's directory has: all columns, the starts of flows (3), the numbers above (5). */
#define WS_RECFILE_N_ENTRIES (WS_RECFILE_N_COLUMNS + 3 + 5)
/* Of version 2: where the directory begins. */
#define WS_RECFILE_DIRECTORY_OFF 24

/* Which value an id is. Other numbers lead to an earlier record, see recfile.md. */
enum ws_recfile_from {
	WS_RECFILE_FROM_NONE = 0,    /* zero */
	WS_RECFILE_FROM_LITERAL = 1, /* the next of the column's literals */
};

extern const struct ws_recfile_column ws_recfile_columns[WS_RECFILE_N_COLUMNS];

/* The column of this number; NULL: there is none among the record's fields. */
const struct ws_recfile_column *ws_recfile_column(uint16_t id);

/* A column's entry in the directory: id (2 bytes), width, encoding, bytes (4). */
#define WS_RECFILE_ENTRY_LEN 8

/*
 * What column 32 holds: how long after its time the record's ids were complete, which is 0 for a head in one segment.
 * Without a context there is no such moment, and the field is stored as it is: 0.
 */
static inline uint64_t ws_recfile_done_base(const struct ws_record *r)
{
	return r->reason == WS_REASON_CONTEXT ? r->ts_ns : 0;
}

/* Differences as numbers that are small if the difference is, whatever its sign: modulo 2^64, or 2^32. */
static inline uint64_t ws_recfile_zigzag64(uint64_t d)
{
	return d << 1 ^ (0 - (d >> 63));
}

static inline uint64_t ws_recfile_unzigzag64(uint64_t z)
{
	return z >> 1 ^ (0 - (z & 1));
}

static inline uint32_t ws_recfile_zigzag32(uint32_t d)
{
	return d << 1 ^ (0 - (d >> 31));
}

static inline uint32_t ws_recfile_unzigzag32(uint32_t z)
{
	return z >> 1 ^ (0 - (z & 1));
}

/*
 * Encodes n values, one after the other at `from`, in the smallest of the encodings that suit the column. to: room for
 * n * (width + 1) bytes. Returns the bytes written.
 */
uint32_t ws_recfile_column_encode(const struct ws_recfile_column *c, const uint8_t *from, uint32_t n, uint8_t *to,
				  uint8_t *encoding);

/*
 * Decodes a column into the field of n rows. n_planes: how many planes of a delta there must be; UINT32_MAX: any number
 * up to the width. Returns 0, or -EINVAL.
 */
int ws_recfile_column_decode(const struct ws_recfile_column *c, uint8_t encoding, const uint8_t *from, uint32_t size,
			     struct ws_record *rows, uint32_t n, uint32_t n_planes);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * trays - sightings with a context, packed, and put by identity into trays: those of one packet lie in one tray,
 * so that a run is joined tray by tray, each small enough for the cache.
 *
 * Memory is bounded: what goes beyond the limit lies in a temporary file (scratch.h). Each thread writes
 * through a writer of its own. A tray is read back by list, its sightings in the order of their writers, each
 * writer's in the order in which they were put there.
 */
#ifndef WS_ANALYZE_TRAYS_H
#define WS_ANALYZE_TRAYS_H

#include <stdbool.h>
#include <stddef.h>

#include "analyze/sighting.h"

/* A struct ws_sighting with a context, as far as the join needs it; its file is kept beside it. */
struct ws_packed {
	uint8_t trace_id[16];
	uint8_t span_id[8];
	uint32_t seq;
	uint32_t tuple;
	int64_t ts_ns;
	uint32_t payload_len;
	uint16_t n_segments;
	uint8_t direction;
	uint8_t trace_id_len; /* 8 or 16 */
};

_Static_assert(sizeof(struct ws_packed) == 48, "a packed sighting has no padding");

/* What is kept of a sighting where single packets are told of, not only counted. */
struct ws_packed_more {
	uint64_t row;	    /* rises as rows were read */
	uint32_t stream_id; /* HTTP/2; 0 for HTTP/1.x */
	uint8_t family;	    /* enum ws_family */
	uint8_t http_version;
	uint8_t id_version; /* as in struct ws_place */
	uint8_t zero;
};

_Static_assert(sizeof(struct ws_packed_more) == 16, "it has no padding");

/* Writers that there can be. */
#define WS_TRAY_WRITERS_MAX 16

/* A list of no tray. */
#define WS_NO_LIST UINT8_MAX

struct ws_trays;
struct ws_tray_writer;

/*
 * Trays for about n_expected sightings, of which memory_bytes are kept in memory; what is being written comes on top.
 * list_of_file: one list a file, which must outlive the trays. has_more: each sighting comes with a struct
 * ws_packed_more. 0 or -ENOMEM. To be closed with ws_trays_close().
 */
int ws_trays_open(uint64_t n_expected, uint64_t memory_bytes, const uint8_t *list_of_file, bool has_more,
		  struct ws_trays **trays);

/* Closes the writers, too. NULL is fine. */
void ws_trays_close(struct ws_trays *trays);

uint32_t ws_trays_n(const struct ws_trays *trays);

/* Opens the next writer, the trays' own; not while others write. 0, -ENOMEM, or -EMFILE: there are too many. */
int ws_trays_writer(struct ws_trays *trays, struct ws_tray_writer **writer);

/*
 * Puts a sighting, seen in that file, onto its tray; more: NULL if the trays have none. 0, -ENOMEM, or what writing the
 * temporary file says.
 */
int ws_tray_put(struct ws_tray_writer *writer, uint32_t file, const struct ws_packed *packed,
		const struct ws_packed_more *more);

/* How many sightings of the list lie on the tray, of writers first .. end - 1. */
size_t ws_tray_count(const struct ws_trays *trays, uint32_t tray, uint32_t list, uint32_t first, uint32_t end);

/*
 * Copies these to at, the file of each to file, and what the trays have more to more. Several threads may read at once,
 * also while others write, if not with these writers. 0, or what reading the temporary file says.
 */
int ws_tray_read(const struct ws_trays *trays, uint32_t tray, uint32_t list, uint32_t first, uint32_t end,
		 struct ws_packed *at, uint16_t *file, struct ws_packed_more *more);

/* Takes what lies there off the tray: its memory is used again. */
void ws_tray_clear(struct ws_trays *trays, uint32_t tray, uint32_t first, uint32_t end);

static inline uint64_t ws_packed_mix(uint64_t a, uint64_t b)
{
	unsigned __int128 product = (unsigned __int128)a * b;

	return (uint64_t)product ^ (uint64_t)(product >> 64);
}

/* Folded multiplication, as in wyhash: its upper bits say the tray, its lower ones are free. */
static inline uint64_t ws_packed_hash(const struct ws_packed *packed)
{
	uint64_t word[3];

	memcpy(word, packed->trace_id, sizeof(word));
	return ws_packed_mix(
		ws_packed_mix(word[0] ^ UINT64_C(0xa0761d6478bd642f), word[1] ^ UINT64_C(0xe7037ed1a0b428db)) ^
			UINT64_C(0x8ebc6af09c88c6e3),
		ws_packed_mix(word[2] ^ UINT64_C(0x589965cc75374cc3),
			      ((uint64_t)packed->trace_id_len << 32 | packed->seq) ^ UINT64_C(0x1d8e4e27c47d124f)));
}

static inline bool ws_packed_same(const struct ws_packed *a, const struct ws_packed *b)
{
	return !memcmp(a, b, offsetof(struct ws_packed, tuple)) && a->trace_id_len == b->trace_id_len;
}

static inline struct ws_packed ws_pack(const struct ws_sighting *s)
{
	struct ws_packed packed = {
		.seq = s->identity.seq,
		.tuple = s->tuple,
		.ts_ns = s->ts_ns,
		.payload_len = s->payload_len,
		.n_segments = s->n_segments,
		.direction = s->direction,
		.trace_id_len = (uint8_t)s->identity.trace_id_len,
	};

	memcpy(packed.trace_id, s->identity.trace_id, sizeof(packed.trace_id));
	memcpy(packed.span_id, s->identity.span_id, sizeof(packed.span_id));
	return packed;
}

/* The sighting again; what was not kept is 0. */
static inline struct ws_sighting ws_unpack(const struct ws_packed *packed, uint16_t file)
{
	struct ws_sighting s = {
		.identity.seq = packed->seq,
		.identity.trace_id_len = packed->trace_id_len,
		.ts_ns = packed->ts_ns,
		.tuple = packed->tuple,
		.payload_len = packed->payload_len,
		.n_segments = packed->n_segments,
		.direction = packed->direction,
		.reason = WS_REASON_CONTEXT,
		.file = file,
	};

	memcpy(s.identity.trace_id, packed->trace_id, sizeof(packed->trace_id));
	memcpy(s.identity.span_id, packed->span_id, sizeof(packed->span_id));
	return s;
}

#endif

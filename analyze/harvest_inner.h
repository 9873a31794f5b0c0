/* SPDX-License-Identifier: BSD-2-Clause */
/* harvest_inner - what a harvest is: for harvest, harvest_packets and harvest_rows alone. */
#ifndef WS_ANALYZE_HARVEST_INNER_H
#define WS_ANALYZE_HARVEST_INNER_H

#include "analyze/harvest.h"
#include "analyze/headings.h"
#include "analyze/sorter.h"

struct ws_harvest {
	struct ws_study *study;
	unsigned int needs;
	uint32_t *point; /* one a file of the catalog: the first file at its point */
	struct ws_bulk_sink sink;
	/* NULL where there is no need */
	struct ws_sorter *latencies;
	struct ws_sorter *pairings;
	struct ws_sorter *packets; /* pairs or strays */
	struct ws_sorter *rows;
	struct ws_sorter *alike;   /* the same as counts of rows that are alike */
	struct ws_sorter *matches; /* of judged points, counterparts that are alike */
	struct ws_sorter *traces;
	struct ws_division *division;
	struct ws_headings headings[WS_BULK_THREADS_MAX]; /* of each reader; then, all in the first */
	bool is_sorted;					  /* packets are */
	bool has_alike;					  /* all rows are among those that are alike */
};

/* The order of what has the same key: by sequence number, then order at the NIC. */
struct ws_harvest_tie {
	uint32_t seq;
	uint32_t nic_file; /* the catalog's; of one node, so that their order is that of the join */
	int64_t nic_ns;
	uint64_t nic_row;
};

struct ws_harvest_pair {
	struct ws_sort_key key; /* source; entry */
	struct ws_harvest_tie tie;
	struct ws_identity identity;
	int64_t vport_ns;
	uint32_t tuple[WS_N_SIDES];
	uint32_t stream_id;
	uint16_t vport_file;
	uint8_t family, http_version, id_version, way, class, zero;
};

struct ws_harvest_stray {
	struct ws_sort_key key; /* source, node, side, file; stamp */
	uint64_t row;
	struct ws_identity identity;
	uint32_t tuple;
	uint32_t stream_id;
	uint16_t file;
	uint8_t family, http_version, id_version, cause, side, source;
};

/* A sighting of any file, as far as a flow at a point is looked at. */
struct ws_harvest_row {
	struct ws_sort_key key; /* point (its first file), tuple; sequence number */
	int64_t ts_ns;
	uint64_t row;	 /* of those that are alike, how many there are */
	uint64_t digest; /* of the identity; of those that are alike 0 */
	uint32_t ids_end_off;
	uint32_t ctx_off;
	uint32_t ctx_len;
	uint32_t searched_len;
	uint16_t ctx_segment;
	uint16_t ids_end_segment;
	uint16_t families;
	uint16_t malformed;
	uint16_t file;
	uint8_t direction, reason, family, flaw, flags, http_version;
};

struct ws_harvest_kept_match {
	struct ws_sort_key key; /* file of the records */
	struct ws_harvest_match match;
};

/* That a file has a trace id. */
struct ws_harvest_trace {
	struct ws_sort_key id;
	uint64_t file;
};

_Static_assert(sizeof(struct ws_harvest_row) == 72, "a row has no padding");

int ws_harvest_compare_ties(const struct ws_harvest_tie *a, const struct ws_harvest_tie *b);
int ws_harvest_compare_pairs(const void *a, const void *b);
int ws_harvest_compare_strays(const void *a, const void *b);
int ws_harvest_compare_rows(const void *a, const void *b);
int ws_harvest_compare_matches(const void *a, const void *b);
int ws_harvest_compare_traces(const void *a, const void *b);

struct ws_harvest_tie ws_harvest_tie_of(const struct ws_bulk_pair *pair);

/* The stamp at which a pair came in, to sort by. */
uint64_t ws_harvest_entry_of(const struct ws_bulk_pair *pair);

/* As struct ws_bulk_sink has it. */
int ws_harvest_keep_pair(struct ws_harvest *harvest, uint32_t number, const struct ws_bulk_pair *pair);
int ws_harvest_keep_stray(struct ws_harvest *harvest, uint32_t number, const struct ws_bulk_stray *stray);
int ws_harvest_take_row(void *context, uint32_t number, uint64_t row, const struct ws_sighting *sighting,
			const struct ws_place *place);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/* bulk_read - reads the rows of a run onto trays, and what has no context beside them; see bulk.h. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/bulk_inner.h"
#include "analyze/bulk_told.h"
#include "analyze/collector.h"
#include "analyze/radix.h"

/* What a thread that reads rows fills. */
struct reader {
	struct ws_bulk *bulk;
	uint32_t number;
	uint64_t n_rows;
	const uint8_t *family; /* by file: the one that was asked for; NULL: all */
	struct ws_tray_writer *writer;
	struct ws_misses *misses;	/* by file */
	uint64_t *n_misses_room;	/* by file */
	uint64_t n_contexts[UINT8_MAX]; /* by list */
	int rc;
};

struct reading {
	struct ws_bulk *bulk;
	const uint8_t *family;
	struct reader reader[WS_COLLECT_PARTS_MAX];
	uint32_t n;
};

static int begin_reader(void *context, void **writer)
{
	struct reading *reading = context;
	size_t n_files = reading->bulk->study->catalog.n_files;
	uint32_t number = reading->n++;
	struct reader *reader = &reading->reader[number];

	reader->number = number;
	reader->bulk = reading->bulk;
	reader->family = reading->family;
	reader->misses = calloc(n_files + 1, sizeof(*reader->misses));
	reader->n_misses_room = calloc(n_files + 1, sizeof(*reader->n_misses_room));
	*writer = reader;
	if (!reader->misses || !reader->n_misses_room)
		return -ENOMEM;
	return ws_trays_writer(reading->bulk->trays, &reader->writer);
}

static int add_miss(struct reader *reader, uint32_t file, uint64_t miss)
{
	struct ws_misses *misses = &reader->misses[file];

	if (misses->n == reader->n_misses_room[file]) {
		uint64_t room = misses->n ? 2 * misses->n : 64;
		uint64_t *grown = realloc(misses->at, room * sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		misses->at = grown;
		reader->n_misses_room[file] = room;
	}
	misses->at[misses->n++] = miss;
	return 0;
}

/* Rows of a part come behind those of the part before. */
#define PART_ROWS (UINT64_C(1) << 48)

static int put_context(struct reader *reader, const struct ws_sighting *s, const struct ws_place *place, uint64_t row)
{
	struct ws_packed packed = ws_pack(s);
	struct ws_packed_more more = { .row = row, .family = s->family };

	if (place) {
		more.stream_id = place->stream_id;
		more.http_version = place->http_version;
		more.id_version = place->id_version;
	}
	return ws_tray_put(reader->writer, s->file, &packed, reader->bulk->has_more ? &more : NULL);
}

static int take_row(void *writer, const struct ws_sighting *sighting, const struct ws_place *place)
{
	struct reader *reader = writer;
	const struct ws_bulk_sink *sink = reader->bulk->wish->sink;
	struct ws_sighting s = *sighting;
	uint8_t list = reader->bulk->list_of_file[s.file];
	uint64_t row = reader->number * PART_ROWS + reader->n_rows++;

	if (reader->family && s.reason == WS_REASON_CONTEXT &&
	    (s.family != reader->family[s.file] || s.family == WS_FAMILY_NONE)) {
		s.reason = WS_REASON_OTHER_FAMILY;
		s.ids_end_off = WS_NEVER;
	}
	if (sink && sink->row)
		reader->rc = sink->row(sink->context, reader->number, row, &s, place);
	if (list == WS_NO_LIST || reader->rc)
		return reader->rc;
	if (s.reason == WS_REASON_CONTEXT) {
		reader->n_contexts[list]++;
		reader->rc = put_context(reader, &s, place, row);
	} else {
		reader->rc = add_miss(reader, s.file, ws_miss(&s));
	}
	return reader->rc;
}

/* Puts the misses of all readers and files together, by node, and sorts them. */
static int gather_misses(struct ws_bulk *bulk, struct reading *reading)
{
	const struct ws_study *study = bulk->study;
	int rc = 0;

	for (uint32_t f = 0; f < study->catalog.n_files && !rc; f++) {
		uint8_t list = bulk->list_of_file[f];
		struct ws_misses *to;

		if (list == WS_NO_LIST)
			continue;
		to = &bulk->misses[list / WS_N_SIDES][list % WS_N_SIDES][study->vantage[f].node];
		for (uint32_t i = 0; i < reading->n && !rc; i++) {
			struct ws_misses *from = &reading->reader[i].misses[f];
			uint64_t *grown = from->n ? realloc(to->at, (to->n + from->n) * sizeof(*grown)) : to->at;

			rc = from->n && !grown ? -ENOMEM : 0;
			if (rc || !from->n)
				continue;
			memcpy(grown + to->n, from->at, from->n * sizeof(*grown));
			to->at = grown;
			to->n += from->n;
			free(from->at);
			*from = (struct ws_misses) { 0 };
		}
	}
	for (int source = 0; source < WS_N_SOURCES; source++) {
		for (uint32_t i = 0; i < WS_N_SIDES * study->n_nodes && bulk->is_joined[source] && !rc; i++) {
			struct ws_misses *misses = &bulk->misses[source][i % WS_N_SIDES][i / WS_N_SIDES];

			rc = ws_radix_sort(misses->at, misses->n);
		}
	}
	return rc;
}

/* What is known once all is read: how many contexts, and so how many pairs there can be. */
static int take_counts(struct ws_bulk *bulk, const struct reading *reading)
{
	for (int source = 0; source < WS_N_SOURCES; source++) {
		struct ws_join *join = &bulk->study->view[source].join;
		uint64_t n;

		if (!bulk->is_joined[source])
			continue;
		for (int side = 0; side < WS_N_SIDES; side++) {
			for (uint32_t i = 0; i < reading->n; i++)
				join->n_contexts[side] += reading->reader[i].n_contexts[WS_N_SIDES * source + side];
		}
		for (int side = 0; side < WS_N_SIDES && bulk->told; side++)
			join->n_contexts[side] += ws_bulk_told_pairs(bulk->told, source);
		if (join->n_contexts[0] + join->n_contexts[1] > UINT32_MAX / 2)
			return -EOVERFLOW;
		n = join->n_contexts[0] < join->n_contexts[1] ? join->n_contexts[0] : join->n_contexts[1];
		for (int way = 0; way < WS_N_WAYS && bulk->wish->latencies; way++) {
			bulk->heap[source][way].at = malloc((n + 1) * sizeof(uint64_t));
			if (!bulk->heap[source][way].at)
				return -ENOMEM;
		}
	}
	return 0;
}

/* The number of the family in each file, where one was asked for; to be freed. */
static int number_family(const struct ws_bulk *bulk, uint8_t **family)
{
	const struct ws_catalog *catalog = &bulk->study->catalog;

	if (!bulk->wish->family)
		return 0;
	*family = malloc((size_t)catalog->n_files + 1);
	for (uint32_t f = 0; f < catalog->n_files && *family; f++)
		(*family)[f] = ws_file_family(&catalog->file[f], bulk->wish->family);
	return *family ? 0 : -ENOMEM;
}

int ws_bulk_read(struct ws_bulk *bulk, struct ws_store *store, const bool *read, struct ws_error *err)
{
	struct ws_study *study = bulk->study;
	struct reading *reading = calloc(1, sizeof(*reading));
	const struct ws_collect_sink sink = { reading, begin_reader, take_row };
	uint8_t *family = NULL;
	int rc = reading ? number_family(bulk, &family) : -ENOMEM;

	if (rc) {
		free(reading);
		return ws_bulk_complain(rc, err);
	}
	reading->bulk = bulk;
	reading->family = family;
	rc = ws_bulk_told_open(bulk, store, family, &bulk->told, err);
	rc = rc ? rc
		: ws_collect_rows(store, &study->catalog, read, bulk->wish->sink && bulk->wish->sink->has_places,
				  &study->tuples, &sink, err);
	for (uint32_t i = 0; i < reading->n && rc; i++) {
		if (reading->reader[i].rc == rc)
			ws_bulk_complain(rc, err);
	}
	if (!rc) {
		bulk->n_readers = reading->n;
		rc = gather_misses(bulk, reading);
		rc = rc ? rc : take_counts(bulk, reading);
		rc = rc ? ws_bulk_complain(rc, err) : ws_bulk_told_check(bulk, store, err);
	}
	for (uint32_t i = 0; i < reading->n; i++) {
		for (uint32_t f = 0; f < study->catalog.n_files && reading->reader[i].misses; f++)
			free(reading->reader[i].misses[f].at);
		free(reading->reader[i].misses);
		free(reading->reader[i].n_misses_room);
	}
	free(reading);
	free(family);
	return rc;
}

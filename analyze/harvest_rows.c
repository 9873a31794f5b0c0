/* SPDX-License-Identifier: BSD-2-Clause */
/* harvest_rows - what is kept of the rows that were read, joined or not: flows at points, and trace ids; see harvest.h.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/harvest_inner.h"

/* Sightings that are shown at once, at least, if there are so many; then those that belong to the last one. */
#define SHOWN_AT_ONCE 4096

int ws_harvest_compare_rows(const void *a, const void *b)
{
	const struct ws_harvest_row *left = a, *right = b;

	if (left->file != right->file)
		return left->file < right->file ? -1 : 1;
	if (left->ts_ns != right->ts_ns)
		return left->ts_ns < right->ts_ns ? -1 : 1;
	return (left->row > right->row) - (left->row < right->row);
}

int ws_harvest_compare_traces(const void *a, const void *b)
{
	const struct ws_harvest_trace *left = a, *right = b;

	return (left->file > right->file) - (left->file < right->file);
}

/* A flow at a point, as one number. */
static uint64_t flow_of(const struct ws_harvest *harvest, const struct ws_sighting *s)
{
	return (uint64_t)harvest->point[s->file] << 32 | s->tuple;
}

static int keep_row(struct ws_harvest *harvest, uint32_t number, uint64_t row, const struct ws_sighting *s,
		    const struct ws_place *place)
{
	const uint64_t flow = flow_of(harvest, s);
	const struct ws_heading heading = { flow + 1, s->ts_ns, row, s->file, s->direction };
	const struct ws_harvest_row kept = {
		.key = { flow, s->identity.seq },
		.ts_ns = s->ts_ns,
		.row = row,
		.ids_end_off = s->ids_end_off,
		.ctx_off = place->ctx_off,
		.ctx_len = place->ctx_len,
		.searched_len = place->searched_len,
		.ctx_segment = place->ctx_segment,
		.ids_end_segment = place->ids_end_segment,
		.families = place->families,
		.malformed = place->malformed,
		.file = s->file,
		.direction = s->direction,
		.reason = s->reason,
		.family = s->family,
		.flaw = place->flaw,
		.flags = place->flags,
		.http_version = place->http_version,
	};

	int rc = s->direction ? ws_headings_note(&harvest->headings[number], &heading) : 0;

	return rc ? rc : ws_sorter_put(harvest->rows, number, &kept);
}

int ws_harvest_take_row(void *context, uint32_t number, uint64_t row, const struct ws_sighting *s,
			const struct ws_place *place)
{
	struct ws_harvest_trace trace = { .file = s->file };
	struct ws_harvest *harvest = context;
	int rc = 0;

	if (harvest->needs & WS_NEED_SIGHTINGS && !harvest->has_alike)
		rc = keep_row(harvest, number, row, s, place);
	if (rc || !(harvest->needs & WS_NEED_TRACES) || s->reason != WS_REASON_CONTEXT)
		return rc;
	memcpy(&trace.id, s->identity.trace_id, sizeof(trace.id));
	return ws_sorter_put(harvest->traces, number, &trace);
}

int ws_harvest_take_alike(struct ws_harvest *harvest, const struct ws_sighting *sighting, const struct ws_place *place,
			  uint64_t n)
{
	harvest->has_alike = true;
	harvest->sink.has_places = harvest->needs & (WS_NEED_PAIRS | WS_NEED_STRAYS);
	harvest->sink.row = harvest->needs & WS_NEED_TRACES ? ws_harvest_take_row : NULL;
	return keep_row(harvest, 0, n, sighting, place);
}

/* Room for more, of all kinds. */
static int grow(struct ws_sightings *list, bool has_alike)
{
	uint32_t room = list->room ? 2 * list->room : 64;
	struct ws_sighting *at = realloc(list->at, room * sizeof(*at));
	struct ws_place *place;

	if (!at)
		return -ENOMEM;
	list->at = at;
	place = realloc(list->place, room * sizeof(*place));
	if (!place)
		return -ENOMEM;
	list->place = place;
	if (has_alike) {
		uint64_t *n_alike = realloc(list->n_alike, room * sizeof(*n_alike));

		if (!n_alike)
			return -ENOMEM;
		list->n_alike = n_alike;
	}
	list->room = room;
	return 0;
}

static int append(struct ws_sightings *list, const struct ws_harvest_row *row, bool has_alike)
{
	int rc = list->n == list->room ? grow(list, has_alike) : 0;

	if (rc)
		return rc;
	if (has_alike)
		list->n_alike[list->n] = row->row;
	list->at[list->n] = (struct ws_sighting) {
		.identity.seq = (uint32_t)row->key.minor,
		.ts_ns = row->ts_ns,
		.tuple = (uint32_t)row->key.major,
		.ids_end_off = row->ids_end_off,
		.direction = row->direction,
		.reason = row->reason,
		.family = row->family,
		.file = row->file,
	};
	list->place[list->n++] = (struct ws_place) {
		.ctx_off = row->ctx_off,
		.ctx_len = row->ctx_len,
		.searched_len = row->searched_len,
		.ctx_segment = row->ctx_segment,
		.ids_end_segment = row->ids_end_segment,
		.families = row->families,
		.malformed = row->malformed,
		.flaw = row->flaw,
		.flags = row->flags,
		.http_version = row->http_version,
	};
	return 0;
}

uint8_t ws_harvest_direction(const struct ws_harvest *harvest, const struct ws_sighting *s)
{
	return harvest ? ws_headings_find(&harvest->headings[0], flow_of(harvest, s)) : 0;
}

/* Must what was gathered be shown before that row comes? key: of the last one; n of them. */
static bool is_full(const struct ws_sort_key *key, uint64_t n, const struct ws_harvest_row *row)
{
	if (!n || !row || row->key.major >> 32 != key->major >> 32)
		return n > 0;
	return n >= SHOWN_AT_ONCE && (row->key.major != key->major || row->key.minor != key->minor);
}

int ws_harvest_sightings(struct ws_harvest *harvest,
			 int (*show)(void *context, const struct ws_sightings *sightings, const char *point),
			 void *context)
{
	const struct ws_catalog *catalog = &harvest->study->catalog;
	struct ws_sightings *list = calloc((size_t)catalog->n_files + 1, sizeof(*list));
	const struct ws_harvest_row *row = NULL;
	struct ws_sort_key key = { 0 };
	uint64_t n = 0;
	int rc = list ? ws_sorter_sort(harvest->rows) : -ENOMEM;

	for (uint32_t i = 1; i < WS_BULK_THREADS_MAX && !rc; i++) {
		rc = ws_headings_add(&harvest->headings[0], &harvest->headings[i]);
		ws_headings_close(&harvest->headings[i]);
	}
	do {
		rc = rc ? rc : ws_sorter_next(harvest->rows, (const void **)&row);
		if (!rc && is_full(&key, n, row)) {
			rc = show(context, list, catalog->file[key.major >> 32].point);
			for (uint32_t i = 0; i < catalog->n_files; i++)
				list[i].n = 0;
			n = 0;
		}
		if (!rc && row) {
			key = row->key;
			rc = append(&list[row->file], row, harvest->has_alike);
			n++;
		}
	} while (!rc && row);
	for (uint32_t i = 0; i < catalog->n_files && list; i++) {
		free(list[i].at);
		free(list[i].place);
		free(list[i].n_alike);
	}
	free(list);
	ws_sorter_close(harvest->rows);
	harvest->rows = NULL;
	return rc;
}

int ws_harvest_traces(struct ws_harvest *harvest, uint64_t *n_traces)
{
	struct ws_harvest_trace last = { .file = UINT64_MAX };
	const struct ws_harvest_trace *trace = NULL;
	int rc = ws_sorter_sort(harvest->traces);

	do {
		rc = rc ? rc : ws_sorter_next(harvest->traces, (const void **)&trace);
		if (rc || !trace)
			break;
		n_traces[trace->file] += memcmp(trace, &last, sizeof(last)) != 0;
		last = *trace;
	} while (!rc);
	ws_sorter_close(harvest->traces);
	harvest->traces = NULL;
	return rc;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* harvest_rows - what is kept of the rows that were read, joined or not: flows at points, and trace ids; see harvest.h.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

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

static struct ws_harvest_row row_of(const struct ws_harvest *harvest, const struct ws_sighting *s,
				    const struct ws_place *place)
{
	return (struct ws_harvest_row) {
		.key = { flow_of(harvest, s), s->identity.seq },
		.ts_ns = s->ts_ns,
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
}

/* Notes which way the flow went, if that is known. */
static int note_heading(struct ws_harvest *harvest, uint32_t number, uint64_t row, const struct ws_sighting *s)
{
	const struct ws_heading heading = { flow_of(harvest, s) + 1, s->ts_ns, row, s->file, s->direction };

	return s->direction ? ws_headings_note(&harvest->headings[number], &heading) : 0;
}

int ws_harvest_take_row(void *context, uint32_t number, uint64_t row, const struct ws_sighting *s,
			const struct ws_place *place)
{
	struct ws_harvest_trace trace = { .file = s->file };
	struct ws_harvest *harvest = context;
	int rc = 0;

	if (harvest->needs & WS_NEED_SIGHTINGS) {
		struct ws_harvest_row kept = row_of(harvest, s, place);

		kept.row = row;
		kept.digest = XXH3_64bits(&s->identity, sizeof(s->identity));
		rc = harvest->has_alike ? 0 : note_heading(harvest, number, row, s);
		rc = rc ? rc : ws_sorter_put(harvest->rows, number, &kept);
	}
	if (rc || !(harvest->needs & WS_NEED_TRACES) || s->reason != WS_REASON_CONTEXT)
		return rc;
	memcpy(&trace.id, s->identity.trace_id, sizeof(trace.id));
	return ws_sorter_put(harvest->traces, number, &trace);
}

int ws_harvest_take_alike(struct ws_harvest *harvest, const struct ws_sighting *sighting, const struct ws_place *place,
			  uint64_t last_row, uint64_t n)
{
	struct ws_harvest_row kept = row_of(harvest, sighting, place);
	int rc = note_heading(harvest, 0, last_row, sighting);

	kept.row = n;
	harvest->has_alike = true;
	return rc ? rc : ws_sorter_put(harvest->alike, 0, &kept);
}

/* Sightings that are gathered to be shown, one list a file. */
struct display {
	struct ws_sightings *list;
	enum ws_shown shown;
	struct ws_sort_key key; /* of the last one */
	uint64_t n;
};

/* Room for more, of all kinds. */
static int grow(struct ws_sightings *list, enum ws_shown shown)
{
	uint32_t room = list->room ? 2 * list->room : 64;
	uint64_t **number = shown == WS_SHOWN_ALIKE ? &list->n_alike : &list->digest, *numbers;
	struct ws_sighting *at = realloc(list->at, room * sizeof(*at));
	struct ws_place *place;

	if (!at)
		return -ENOMEM;
	list->at = at;
	place = realloc(list->place, room * sizeof(*place));
	if (!place)
		return -ENOMEM;
	list->place = place;
	numbers = realloc(*number, room * sizeof(*numbers));
	if (!numbers)
		return -ENOMEM;
	*number = numbers;
	list->room = room;
	return 0;
}

static int append(struct display *display, const struct ws_harvest_row *row)
{
	struct ws_sightings *list = &display->list[row->file];
	int rc = list->n == list->room ? grow(list, display->shown) : 0;

	if (rc)
		return rc;
	if (display->shown == WS_SHOWN_ALIKE)
		list->n_alike[list->n] = row->row;
	else
		list->digest[list->n] = row->digest;
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
	display->key = row->key;
	display->n++;
	return 0;
}

uint8_t ws_harvest_direction(const struct ws_harvest *harvest, const struct ws_sighting *s)
{
	return harvest ? ws_headings_find(&harvest->headings[0], flow_of(harvest, s)) : 0;
}

/* Must what was gathered be shown before that row comes? */
static bool is_full(const struct display *display, const struct ws_harvest_row *row)
{
	const struct ws_sort_key *key = &display->key;

	if (!display->n || !row || row->key.major >> 32 != key->major >> 32)
		return display->n > 0;
	return display->n >= SHOWN_AT_ONCE && (row->key.major != key->major || row->key.minor != key->minor);
}

/* Shows all of a sorter's, which is closed then. */
static int show_sorted(struct ws_harvest *harvest, struct ws_sorter **sorter, enum ws_shown shown, ws_harvest_show show,
		       void *context)
{
	const struct ws_catalog *catalog = &harvest->study->catalog;
	struct display display = { .list = calloc((size_t)catalog->n_files + 1, sizeof(*display.list)),
				   .shown = shown };
	const struct ws_harvest_row *row = NULL;
	int rc = display.list ? ws_sorter_sort(*sorter) : -ENOMEM;

	do {
		rc = rc ? rc : ws_sorter_next(*sorter, (const void **)&row);
		if (!rc && is_full(&display, row)) {
			rc = show(context, shown, display.list, catalog->file[display.key.major >> 32].point);
			for (uint32_t i = 0; i < catalog->n_files; i++)
				display.list[i].n = 0;
			display.n = 0;
		}
		if (!rc && row)
			rc = append(&display, row);
	} while (!rc && row);
	for (uint32_t i = 0; i < catalog->n_files && display.list; i++) {
		free(display.list[i].at);
		free(display.list[i].place);
		free(display.list[i].n_alike);
		free(display.list[i].digest);
	}
	free(display.list);
	ws_sorter_close(*sorter);
	*sorter = NULL;
	return rc;
}

int ws_harvest_sightings(struct ws_harvest *harvest, ws_harvest_show show, void *context)
{
	int rc = 0;

	for (uint32_t i = 1; i < WS_BULK_THREADS_MAX && !rc; i++) {
		rc = ws_headings_add(&harvest->headings[0], &harvest->headings[i]);
		ws_headings_close(&harvest->headings[i]);
	}
	if (!rc && harvest->has_alike)
		rc = show_sorted(harvest, &harvest->alike, WS_SHOWN_ALIKE, show, context);
	return rc ? rc
		  : show_sorted(harvest, &harvest->rows, harvest->has_alike ? WS_SHOWN_AGAIN : WS_SHOWN_EACH, show,
				context);
}

/* Their order does not matter: they are counted. */
int ws_harvest_compare_matches(const void *a, const void *b)
{
	(void)a;
	(void)b;
	return 0;
}

int ws_harvest_keep_match(struct ws_harvest *harvest, const struct ws_harvest_match *match)
{
	const struct ws_harvest_kept_match kept = { .key = { match->at[0].file, 0 }, .match = *match };

	return ws_sorter_put(harvest->matches, 0, &kept);
}

int ws_harvest_matches(struct ws_harvest *harvest, ws_harvest_take_match take, void *context)
{
	const struct ws_harvest_kept_match *kept = NULL;
	int rc = harvest->matches ? ws_sorter_sort(harvest->matches) : 0;

	while (!rc && harvest->matches && !(rc = ws_sorter_next(harvest->matches, (const void **)&kept)) && kept)
		rc = take(context, &kept->match);
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

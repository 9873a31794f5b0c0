/* SPDX-License-Identifier: BSD-2-Clause */
/* listing - the sightings of each file as one array, in time order; see collector.h. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/collector.h"
#include "analyze/radix.h"

#define SIGHTINGS_MAX (UINT32_C(1) << 31)

/* A database is not believed to have more rows than this before they are read. */
#define TOLD_MAX (UINT32_C(1) << 24)

/* What a part's thread fills. */
struct list_part {
	const struct ws_catalog *catalog;
	struct ws_sightings *sightings; /* one a file */
};

struct lists {
	const struct ws_catalog *catalog;
	struct list_part part[WS_COLLECT_PARTS_MAX];
	uint32_t n_parts;
};

/* Makes room for n more sightings, and then some. 0, -EOVERFLOW or -ENOMEM. */
static int reserve(struct ws_sightings *list, uint64_t n, bool with_places)
{
	uint64_t room = 2 * (uint64_t)list->room;
	struct ws_sighting *grown;
	struct ws_place *places;

	if (list->n + n <= list->room)
		return 0;
	if (list->n + n > SIGHTINGS_MAX)
		return -EOVERFLOW;
	room = room < list->n + n ? list->n + n : room;
	room = room > SIGHTINGS_MAX ? SIGHTINGS_MAX : room;
	grown = realloc(list->at, (size_t)room * sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	list->at = grown;
	if (with_places) {
		places = realloc(list->place, (size_t)room * sizeof(*places));
		if (!places)
			return -ENOMEM;
		list->place = places;
	}
	list->room = (uint32_t)room;
	return 0;
}

static int begin_part(void *context, void **writer)
{
	struct lists *lists = context;
	struct list_part *part = &lists->part[lists->n_parts];

	part->catalog = lists->catalog;
	part->sightings = calloc((size_t)lists->catalog->n_files + 1, sizeof(*part->sightings));
	if (!part->sightings)
		return -ENOMEM;
	lists->n_parts++;
	*writer = part;
	return 0;
}

static int take_row(void *writer, const struct ws_sighting *sighting, const struct ws_place *place)
{
	struct list_part *part = writer;
	struct ws_sightings *list = &part->sightings[sighting->file];

	if (list->n == list->room) {
		uint64_t told = part->catalog->file[sighting->file].n_requests;
		int rc = reserve(list, list->room ? 1 : (told < TOLD_MAX ? told : TOLD_MAX) + 64, place != NULL);

		if (rc)
			return rc;
	}
	list->at[list->n] = *sighting;
	if (place)
		list->place[list->n] = *place;
	list->n++;
	return 0;
}

/* Puts sightings into time order; equal stamps stay in order of request_id. Kernels write them nearly so. */
static int sort_by_time(struct ws_sightings *list)
{
	struct ws_sightings sorted = { .n = list->n, .room = list->n };
	struct ws_radix_item *item;
	uint32_t i = 1;
	int rc;

	while (i < list->n && list->at[i - 1].ts_ns <= list->at[i].ts_ns)
		i++;
	if (i >= list->n)
		return 0;
	item = malloc(list->n * sizeof(*item));
	sorted.at = malloc(list->n * sizeof(*sorted.at));
	sorted.place = list->place ? malloc(list->n * sizeof(*sorted.place)) : NULL;
	rc = item && sorted.at && (sorted.place || !list->place) ? 0 : -ENOMEM;
	for (i = 0; i < list->n && !rc; i++)
		item[i] = (struct ws_radix_item) { ws_radix_bias(list->at[i].ts_ns), i };
	rc = rc ? rc : ws_radix_sort_items(item, list->n);
	for (i = 0; i < list->n && !rc; i++) {
		sorted.at[i] = list->at[item[i].tag];
		if (list->place)
			sorted.place[i] = list->place[item[i].tag];
	}
	free(item);
	ws_sightings_close(rc ? &sorted : list);
	if (!rc)
		*list = sorted;
	return rc;
}

/* Appends the sightings of a part, which is emptied; what needs no copy is not copied. */
static int append(struct ws_sightings *list, struct ws_sightings *part)
{
	int rc = 0;

	if (!list->n) {
		ws_sightings_close(list);
		*list = *part;
		*part = (struct ws_sightings) { 0 };
		return 0;
	}
	rc = part->n ? reserve(list, part->n, part->place != NULL) : 0;
	if (!rc && part->n) {
		memcpy(list->at + list->n, part->at, part->n * sizeof(*part->at));
		if (part->place)
			memcpy(list->place + list->n, part->place, part->n * sizeof(*part->place));
		list->n += part->n;
	}
	ws_sightings_close(part);
	return rc;
}

/* Puts the parts' lists of a file together. */
static int put_together(struct lists *lists, uint32_t file, struct ws_sightings *list)
{
	int rc = 0;

	for (uint32_t i = 0; i < lists->n_parts && !rc; i++)
		rc = append(list, &lists->part[i].sightings[file]);
	return rc ? rc : sort_by_time(list);
}

int ws_collect(struct ws_store *store, const struct ws_catalog *catalog, const bool *wanted, bool with_places,
	       struct ws_tuples *tuples, struct ws_sightings *sightings, struct ws_error *err)
{
	struct lists lists = { .catalog = catalog };
	const struct ws_collect_sink sink = { &lists, begin_part, take_row };
	int rc = ws_collect_rows(store, catalog, wanted, with_places, tuples, &sink, err);

	for (uint32_t i = 0; i < catalog->n_files && !rc; i++) {
		rc = put_together(&lists, i, &sightings[i]);
		if (rc)
			ws_error(err, rc, "out of memory");
	}
	for (uint32_t i = 0; i < lists.n_parts; i++) {
		for (uint32_t file = 0; file < catalog->n_files; file++)
			ws_sightings_close(&lists.part[i].sightings[file]);
		free(lists.part[i].sightings);
	}
	return rc;
}

void ws_sightings_close(struct ws_sightings *sightings)
{
	if (!sightings)
		return;
	free(sightings->at);
	free(sightings->place);
	*sightings = (struct ws_sightings) { 0 };
}

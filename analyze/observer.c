/* SPDX-License-Identifier: BSD-2-Clause */
/* observer - see observer.h. */
#include "analyze/observer.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Conditions that say how a run was watched. */
static const char *const watch_keys[] = { "attached", "search_bytes", NULL };

/* What the watch of a cell rests on. */
static struct ws_watch make_watch(const struct ws_cell *cell, const struct ws_e2e *e2e, const struct ws_bundle *bundle)
{
	struct ws_watch watch = { .cell = cell, .attached = ws_conditions_get(cell->conditions, "attached") };

	for (uint32_t i = 0; i < e2e->n; i++) {
		if (e2e->row[i].cell == cell && e2e->row[i].sample.n)
			watch.end_to_end = &e2e->row[i];
	}
	for (int source = 0; source < WS_N_SOURCES; source++) {
		for (int way = 0; way < WS_N_WAYS; way++)
			watch.strand[source][way] = ws_bundle_find(bundle, cell, source, way);
	}
	return watch;
}

/* Does the cell say what was attached, and was it for latencies? */
static bool is_watched(const struct ws_cell *cell)
{
	return ws_conditions_get(cell->conditions, "attached") &&
	       !ws_conditions_is(cell->conditions, "purpose", "detection");
}

static int compare_to_bare(struct ws_vigil *vigil)
{
	const struct ws_watch *bare = ws_vigil_find(vigil, "none");

	for (uint32_t i = 0; i < vigil->n && bare && bare->end_to_end; i++) {
		struct ws_watch *watch = &vigil->watch[i];
		int rc;

		if (watch == bare || !watch->end_to_end)
			continue;
		rc = ws_compare(bare->end_to_end->sample.at, bare->end_to_end->sample.n, watch->end_to_end->sample.at,
				watch->end_to_end->sample.n, &watch->shift);
		if (rc)
			return rc;
		watch->has_shift = true;
	}
	return 0;
}

/* Makes the vigil of all cells with this one's label. done: flags of the cells that have theirs. */
static int make_vigil(const struct ws_campaign *campaign, uint32_t first, const ws_label *label,
		      const struct ws_e2e *e2e, const struct ws_bundle *bundle, bool *done, struct ws_vigil *vigil)
{
	vigil->watch = calloc(campaign->n_cells, sizeof(*vigil->watch));
	if (!vigil->watch)
		return -ENOMEM;
	memcpy(vigil->label, label[first], sizeof(vigil->label));
	for (uint32_t i = first; i < campaign->n_cells; i++) {
		const struct ws_cell *cell = &campaign->cell[i];

		if (done[i] || !is_watched(cell) || strcmp(label[first], label[i]))
			continue;
		done[i] = true;
		vigil->watch[vigil->n++] = make_watch(cell, e2e, bundle);
	}
	return compare_to_bare(vigil);
}

int ws_observer_open(const struct ws_campaign *campaign, const struct ws_e2e *e2e, const struct ws_bundle *bundle,
		     struct ws_observer *observer)
{
	struct ws_observer made = { .vigil = calloc((size_t)campaign->n_cells + 1, sizeof(*made.vigil)) };
	bool *done = calloc((size_t)campaign->n_cells + 1, sizeof(*done));
	bool *shown = calloc((size_t)campaign->n_cells + 1, sizeof(*shown));
	ws_label *label = NULL;
	int rc = made.vigil && done && shown ? 0 : -ENOMEM;

	for (uint32_t i = 0; i < campaign->n_cells && !rc; i++)
		shown[i] = is_watched(&campaign->cell[i]);
	rc = rc ? rc : ws_labels_make(campaign, shown, watch_keys, &label);
	for (uint32_t i = 0; i < campaign->n_cells && !rc; i++) {
		struct ws_vigil *vigil = &made.vigil[made.n];

		if (done[i] || !shown[i])
			continue;
		rc = make_vigil(campaign, i, label, e2e, bundle, done, vigil);
		if (rc || vigil->n > 1) {
			made.n++;
		} else {
			free(vigil->watch);
			*vigil = (struct ws_vigil) { 0 };
		}
	}
	free(label);
	free(shown);
	free(done);
	if (rc)
		ws_observer_close(&made);
	else
		*observer = made;
	return rc;
}

void ws_observer_close(struct ws_observer *observer)
{
	if (!observer)
		return;
	for (uint32_t i = 0; i < observer->n; i++)
		free(observer->vigil[i].watch);
	free(observer->vigil);
	*observer = (struct ws_observer) { 0 };
}

const struct ws_watch *ws_vigil_find(const struct ws_vigil *vigil, const char *attached)
{
	for (uint32_t i = 0; i < vigil->n; i++) {
		if (!strcmp(vigil->watch[i].attached, attached))
			return &vigil->watch[i];
	}
	return NULL;
}

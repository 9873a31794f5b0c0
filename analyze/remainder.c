/* SPDX-License-Identifier: BSD-2-Clause */
/* remainder - the second pass over a tray: joins what is no pair of one and one; see bulk.h. */
#include <errno.h>
#include <stdlib.h>

#include "analyze/bulk_inner.h"
#include "analyze/radix.h"

/* The order of n sightings of a side: by node and file, in each by time, equal stamps as they were read. To be freed.
 */
static int order_side(const struct ws_bulk *bulk, const struct ws_packed *at, const uint16_t *file, size_t n,
		      struct ws_radix_item **order)
{
	struct ws_radix_item *item = malloc((n + 1) * sizeof(*item));
	int rc;

	if (!item)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++)
		item[i] = (struct ws_radix_item) { ws_radix_bias(at[i].ts_ns), i };
	rc = ws_radix_sort_items(item, n);
	for (size_t i = 0; i < n; i++)
		item[i].key = bulk->rank_of_file[file[item[i].tag]];
	rc = rc ? rc : ws_radix_sort_items(item, n);
	if (rc)
		free(item);
	else
		*order = item;
	return rc;
}

/* One side of a haul as a join takes it; its sightings are to be freed. */
static int view_of(const struct ws_bulk *bulk, const struct ws_haul *haul, enum ws_source source, enum ws_side side,
		   struct ws_side_view *made)
{
	const struct ws_view *view = &bulk->study->view[source];
	uint32_t first_file = (uint32_t)(view->file[side] - bulk->study->catalog.file);
	size_t first = side == WS_SIDE_NIC ? 0 : haul->n_nic;
	size_t n = side == WS_SIDE_NIC ? haul->n_nic : haul->n - haul->n_nic;
	struct ws_sighting *sighting = malloc((n + 1) * sizeof(*sighting));
	struct ws_radix_item *order = NULL;
	int rc = sighting ? order_side(bulk, haul->at + first, haul->file + first, n, &order) : -ENOMEM;

	for (size_t i = 0; i < n && !rc; i++) {
		size_t from = first + order[i].tag;

		sighting[i] = ws_unpack(&haul->at[from], haul->file[from]);
	}
	free(order);
	*made = (struct ws_side_view) {
		.at = sighting,
		.n = (uint32_t)n,
		.vantage = &bulk->study->vantage[first_file],
		.n_vantages = view->n_files[side],
		.first_file = first_file,
	};
	return rc;
}

/* Takes over what a tray's join has found. */
static int take(struct ws_bulk_worker *worker, enum ws_source source, const struct ws_join *join)
{
	struct ws_handful *handful = &worker->handful;
	int rc = ws_handful_reserve(handful, (size_t)join->n_pairs + 1);

	for (uint32_t i = 0; i < join->n_pairs && !rc; i++) {
		const struct ws_pair *pair = &join->pair[i];

		handful->at[pair->way][handful->n[pair->way]++] = ws_pair_latency_ns(join, pair);
	}
	if (rc)
		return rc;
	ws_handful_heap(worker, source);
	ws_join_add_counts(&worker->sum[source], join);
	return 0;
}

/* Joins what lies on a tray of a source. The views' sightings are to be freed. */
static int join_source(struct ws_bulk_worker *worker, enum ws_source source, uint32_t tray,
		       struct ws_side_view side[WS_N_SIDES], struct ws_join *join)
{
	struct ws_bulk *bulk = worker->bulk;
	uint32_t first = bulk->keeps_all ? 0 : bulk->n_readers;
	uint32_t end = bulk->keeps_all ? bulk->n_readers : bulk->n_readers + bulk->n_workers;
	const struct ws_join_known known = {
		.votes = (const uint32_t(*)[WS_N_WAYS])bulk->worker[0].votes[source],
		.n_tuples = bulk->study->tuples.n,
		.misses = { bulk->misses[source][0], bulk->misses[source][1] },
	};
	int rc = ws_haul_load(worker, source, tray, first, end);

	for (int i = 0; i < WS_N_SIDES && !rc; i++)
		rc = view_of(bulk, &worker->haul, source, i, &side[i]);
	rc = rc ? rc : ws_join_open_part(&side[WS_SIDE_NIC], &side[WS_SIDE_VPORT], &known, join);
	if (!rc && bulk->absence[source]) {
		pthread_mutex_lock(&bulk->naming);
		rc = ws_absence_of(bulk->absence[source], join);
		pthread_mutex_unlock(&bulk->naming);
	}
	return rc ? rc : take(worker, source, join);
}

int ws_remainder(struct ws_bulk_worker *worker, uint32_t tray)
{
	struct ws_bulk *bulk = worker->bulk;
	struct ws_side_view side[WS_N_SOURCES][WS_N_SIDES] = { 0 };
	struct ws_join join[WS_N_SOURCES] = { 0 };
	int rc = 0;

	for (int source = 0; source < WS_N_SOURCES && !rc; source++) {
		if (bulk->is_joined[source])
			rc = join_source(worker, source, tray, side[source], &join[source]);
	}
	if (!rc && bulk->keeps_all)
		rc = ws_accord_add(&join[WS_SOURCE_EBPF], &join[WS_SOURCE_PCAP], &worker->accord);
	if (!rc)
		ws_tray_clear(bulk->trays, tray, 0, bulk->n_readers + bulk->n_workers);
	for (int source = 0; source < WS_N_SOURCES; source++) {
		ws_join_close(&join[source]);
		for (int i = 0; i < WS_N_SIDES; i++)
			free((struct ws_sighting *)side[source][i].at);
	}
	return rc;
}

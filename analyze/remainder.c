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

/* What a source saw of a tray's packets, as its join takes it. All owned. */
struct batch {
	struct ws_side_view side[WS_N_SIDES];
	struct ws_sighting *sighting[WS_N_SIDES];
	struct ws_packed_more *more[WS_N_SIDES]; /* one a sighting; NULL: not wanted */
	struct ws_join join;
};

static void batch_close(struct batch *batch)
{
	ws_join_close(&batch->join);
	for (int side = 0; side < WS_N_SIDES; side++) {
		free(batch->sighting[side]);
		free(batch->more[side]);
	}
}

/* One side of a haul. */
static int take_side(const struct ws_bulk *bulk, const struct ws_haul *haul, enum ws_source source, enum ws_side side,
		     struct batch *batch)
{
	const struct ws_view *view = &bulk->study->view[source];
	uint32_t first_file = (uint32_t)(view->file[side] - bulk->study->catalog.file);
	size_t first = side == WS_SIDE_NIC ? 0 : haul->n_nic;
	size_t n = side == WS_SIDE_NIC ? haul->n_nic : haul->n - haul->n_nic;
	struct ws_sighting *sighting = batch->sighting[side] = malloc((n + 1) * sizeof(*sighting));
	struct ws_packed_more *more = batch->more[side] = haul->more ? malloc((n + 1) * sizeof(*more)) : NULL;
	struct ws_radix_item *order = NULL;
	int rc = sighting && (more || !haul->more) ? order_side(bulk, haul->at + first, haul->file + first, n, &order)
						   : -ENOMEM;

	for (size_t i = 0; i < n && !rc; i++) {
		size_t from = first + order[i].tag;

		sighting[i] = ws_unpack(&haul->at[from], haul->file[from]);
		if (more)
			more[i] = haul->more[from];
	}
	free(order);
	batch->side[side] = (struct ws_side_view) {
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

/* A pair of the batch's join, to be told. */
static struct ws_bulk_pair pair_of(const struct batch *batch, enum ws_source source, const struct ws_pair *pair)
{
	struct ws_bulk_pair told = { .source = source, .way = pair->way, .class = pair->class };

	for (int side = 0; side < WS_N_SIDES; side++) {
		told.at[side] = &batch->sighting[side][pair->at[side]];
		told.more[side] = batch->more[side] ? &batch->more[side][pair->at[side]] : NULL;
	}
	return told;
}

static int tell_all(const struct ws_bulk_worker *worker, enum ws_source source, const struct batch *batch)
{
	const struct ws_bulk_sink *sink = worker->bulk->wish->sink;
	const struct ws_join *join = &batch->join;
	int rc = 0;

	for (uint32_t i = 0; i < join->n_pairs && sink->pair && !rc; i++) {
		struct ws_bulk_pair told = pair_of(batch, source, &join->pair[i]);

		rc = sink->pair(sink->context, worker->number, &told);
	}
	for (uint32_t i = 0; i < join->n_strays && sink->stray && !rc; i++) {
		const struct ws_stray *stray = &join->stray[i];
		const struct ws_packed_more *more = batch->more[stray->side];
		struct ws_bulk_stray told = { source, stray->side, stray->cause,
					      &batch->sighting[stray->side][stray->at],
					      more ? &more[stray->at] : NULL };

		rc = sink->stray(sink->context, worker->number, &told);
	}
	return rc;
}

/* Joins what lies on a tray of a source, and tells of it. */
static int join_source(struct ws_bulk_worker *worker, enum ws_source source, uint32_t tray, struct batch *batch)
{
	struct ws_bulk *bulk = worker->bulk;
	const struct ws_bulk_sink *sink = bulk->wish->sink;
	uint32_t first = bulk->keeps_all ? 0 : bulk->n_readers;
	uint32_t end = bulk->keeps_all ? bulk->n_readers : bulk->n_readers + bulk->n_workers;
	const struct ws_join_known known = {
		.votes = (const uint32_t(*)[WS_N_WAYS])bulk->worker[0].votes[source],
		.n_tuples = bulk->study->tuples.n,
		.misses = { bulk->misses[source][0], bulk->misses[source][1] },
	};
	bool is_naming = bulk->absence[source] || (sink && sink->is_naming);
	int rc = ws_haul_load(worker, source, tray, first, end);

	for (int i = 0; i < WS_N_SIDES && !rc; i++)
		rc = take_side(bulk, &worker->haul, source, i, batch);
	rc = rc ? rc : ws_join_open_part(&batch->side[WS_SIDE_NIC], &batch->side[WS_SIDE_VPORT], &known, &batch->join);
	if (is_naming)
		pthread_mutex_lock(&bulk->naming);
	if (!rc && bulk->absence[source])
		rc = ws_absence_of(bulk->absence[source], &batch->join);
	if (!rc && sink)
		rc = tell_all(worker, source, batch);
	if (is_naming)
		pthread_mutex_unlock(&bulk->naming);
	return rc ? rc : take(worker, source, &batch->join);
}

/* Both sources' batches of a tray, and who is to be told what both have paired. */
struct both {
	struct ws_bulk_worker *worker;
	struct batch batch[WS_N_SOURCES];
};

static int tell_paired(void *context, const struct ws_accord_packet *packet)
{
	const struct both *both = context;
	const struct batch *ebpf = &both->batch[WS_SOURCE_EBPF];
	const struct ws_bulk_sink *sink = both->worker->bulk->wish->sink;
	struct ws_bulk_paired told = {
		.first = pair_of(ebpf, WS_SOURCE_EBPF, &ebpf->join.pair[packet->first]),
		.nth = packet->nth,
		.way = packet->way,
		.ebpf_ns = packet->ebpf_ns,
		.pcap_ns = packet->pcap_ns,
	};

	return sink->paired(sink->context, both->worker->number, &told);
}

int ws_remainder(struct ws_bulk_worker *worker, uint32_t tray)
{
	struct ws_bulk *bulk = worker->bulk;
	const struct ws_bulk_sink *sink = bulk->wish->sink;
	struct both both = { .worker = worker };
	int rc = 0;

	for (int source = 0; source < WS_N_SOURCES && !rc; source++) {
		if (bulk->is_joined[source])
			rc = join_source(worker, source, tray, &both.batch[source]);
	}
	/* repetitions with the same entry are compared in order at the NIC */
	for (int source = 0; source < WS_N_SOURCES && bulk->keeps_all && !rc; source++)
		rc = ws_join_sort(&both.batch[source].join);
	if (!rc && bulk->keeps_all)
		rc = ws_accord_add(&both.batch[WS_SOURCE_EBPF].join, &both.batch[WS_SOURCE_PCAP].join, &worker->accord,
				   sink && sink->paired ? tell_paired : NULL, &both);
	if (!rc)
		ws_tray_clear(bulk->trays, tray, 0, bulk->n_readers + bulk->n_workers);
	for (int source = 0; source < WS_N_SOURCES; source++)
		batch_close(&both.batch[source]);
	return rc;
}

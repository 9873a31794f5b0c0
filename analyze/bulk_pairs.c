/* SPDX-License-Identifier: BSD-2-Clause */
/* bulk_pairs - see bulk_pairs.h. */
#include "analyze/bulk_pairs.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/numbers.h"

struct ws_bulk_pairs {
	const struct ws_bulk *bulk;
	const struct ws_roster *roster;
	uint32_t n_tuples;
	uint32_t (*votes[WS_N_SOURCES])[WS_N_WAYS]; /* by node and tuple at the vport; NULL: not joined */
	uint64_t n[WS_N_SOURCES];
	uint64_t n_class[WS_N_SOURCES][WS_N_WAYS][WS_N_CLASSES];
	struct ws_numbers latencies[WS_N_SOURCES][WS_N_WAYS]; /* ns, in no order */
	struct ws_accord accord;
};

/* A pair of one source, as the join has it. */
struct seen {
	struct ws_sighting at[WS_N_SIDES];
	struct ws_packed_more more[WS_N_SIDES];
	struct ws_bulk_pair pair;
	uint64_t ns;
};

int ws_bulk_pairs_open(const struct ws_bulk *bulk, const struct ws_roster *roster, struct ws_bulk_pairs **pairs)
{
	const struct ws_study *study = bulk->study;
	struct ws_bulk_pairs *made = calloc(1, sizeof(*made));
	bool is_whole = made;

	if (made)
		*made = (struct ws_bulk_pairs) { .bulk = bulk, .roster = roster, .n_tuples = study->tuples.n };
	for (int source = 0; source < WS_N_SOURCES && is_whole; source++) {
		if (!bulk->is_joined[source])
			continue;
		made->votes[source] = calloc((size_t)study->n_nodes * study->tuples.n + 1,
					     sizeof(*made->votes[source]));
		is_whole = made->votes[source];
	}
	if (!is_whole) {
		ws_bulk_pairs_close(made);
		return -ENOMEM;
	}
	*pairs = made;
	return 0;
}

/* Fills in what the source saw. 0 or -EPROTO. */
static int look(const struct ws_bulk_pairs *pairs, const struct ws_far_pair *pair, enum ws_source source,
		struct seen *seen)
{
	for (int side = 0; side < WS_N_SIDES; side++) {
		const struct ws_far_spot *spot = &pair->at[source][side];

		seen->at[side] = (struct ws_sighting) {
			.identity = pair->identity,
			.ts_ns = spot->ts_ns,
			.tuple = ws_roster_find(pairs->roster, spot->flow_id),
			.payload_len = spot->payload_len,
			.n_segments = spot->n_segments,
			.direction = spot->direction,
			.reason = WS_REASON_CONTEXT,
			.file = spot->file,
		};
		seen->more[side] = (struct ws_packed_more) {
			.row = spot->row,
			.stream_id = spot->stream_id,
			.family = spot->family,
			.http_version = spot->http_version,
			.id_version = spot->id_version,
		};
		if (seen->at[side].tuple >= pairs->n_tuples)
			return -EPROTO;
		seen->pair.at[side] = &seen->at[side];
		seen->pair.more[side] = &seen->more[side];
	}
	seen->pair.source = source;
	seen->pair.way = (uint8_t)ws_single_way(&seen->at[0], &seen->at[1]);
	seen->pair.class = ws_pair_class(&seen->at[0], &seen->at[1], seen->pair.way, false);
	seen->ns = ws_latency_ns(seen->pair.way, seen->at[WS_SIDE_NIC].ts_ns, seen->at[WS_SIDE_VPORT].ts_ns);
	return 0;
}

/* Counts a source's pair, and tells of it. */
static int take_one(struct ws_bulk_pairs *pairs, enum ws_source source, const struct seen *seen)
{
	const struct ws_bulk *bulk = pairs->bulk;
	const struct ws_bulk_sink *sink = bulk->wish->sink;
	const struct ws_sighting *vport = &seen->at[WS_SIDE_VPORT];
	const uint64_t node = bulk->study->vantage[vport->file].node;
	const uint8_t way = seen->pair.way;
	int rc = bulk->wish->latencies ? ws_numbers_add(&pairs->latencies[source][way], seen->ns) : 0;

	pairs->votes[source][node * pairs->n_tuples + vport->tuple][way]++;
	pairs->n_class[source][way][seen->pair.class]++;
	pairs->n[source]++;
	return !rc && sink->pair ? sink->pair(sink->context, 0, &seen->pair) : rc;
}

/* A packet that both sources paired. */
static int compare(struct ws_bulk_pairs *pairs, const struct seen seen[WS_N_SOURCES])
{
	const struct ws_bulk_sink *sink = pairs->bulk->wish->sink;
	const struct seen *ebpf = &seen[WS_SOURCE_EBPF], *pcap = &seen[WS_SOURCE_PCAP];
	const struct ws_bulk_paired told = { ebpf->pair, 0, ebpf->pair.way, ebpf->ns, pcap->ns };
	int rc = ws_accord_packet(&pairs->accord, ebpf->pair.way, ebpf->ns, pcap->pair.way, pcap->ns);

	return !rc && sink->paired && ebpf->pair.way == pcap->pair.way ? sink->paired(sink->context, 0, &told) : rc;
}

int ws_bulk_pairs_take(struct ws_bulk_pairs *pairs, const struct ws_far_pair *pair)
{
	const bool are_both = pairs->bulk->keeps_all && pair->is_seen[WS_SOURCE_EBPF] && pair->is_seen[WS_SOURCE_PCAP];
	struct seen seen[WS_N_SOURCES];
	int rc = 0;

	for (int source = 0; source < WS_N_SOURCES && !rc; source++)
		rc = pair->is_seen[source] ? look(pairs, pair, source, &seen[source]) : 0;
	if (!rc && are_both &&
	    seen[WS_SOURCE_EBPF].at[WS_SIDE_VPORT].tuple != seen[WS_SOURCE_PCAP].at[WS_SIDE_VPORT].tuple)
		rc = -EAGAIN;
	for (int source = 0; source < WS_N_SOURCES && !rc; source++)
		rc = pair->is_seen[source] ? take_one(pairs, source, &seen[source]) : 0;
	return !rc && are_both ? compare(pairs, seen) : rc;
}

uint64_t ws_bulk_pairs_n(const struct ws_bulk_pairs *pairs, enum ws_source source)
{
	return pairs->n[source];
}

/* Lets the heap, which is empty, have the latencies, with room for all that there can be. */
static int hand_over_latencies(struct ws_numbers *latencies, struct ws_heap *heap, uint64_t n_max)
{
	uint64_t *grown = realloc(latencies->at, (n_max + 1) * sizeof(*grown));

	if (!grown)
		return -ENOMEM;
	free(heap->at);
	heap->at = grown;
	heap->n = latencies->n;
	*latencies = (struct ws_numbers) { 0 };
	return 0;
}

int ws_bulk_pairs_hand_over(struct ws_bulk_pairs *pairs, struct ws_bulk *bulk)
{
	const struct ws_study *study = bulk->study;
	struct ws_bulk_worker *worker = &bulk->worker[0];
	int rc = 0;

	for (int source = 0; source < WS_N_SOURCES && !rc; source++) {
		const uint64_t *n_contexts = study->view[source].join.n_contexts;
		struct ws_join *sum = &worker->sum[source];

		if (!bulk->is_joined[source])
			continue;
		for (uint64_t i = 0; i < (uint64_t)study->n_nodes * pairs->n_tuples; i++) {
			uint64_t to = i / pairs->n_tuples * study->tuples.n + i % pairs->n_tuples;

			for (int way = 0; way < WS_N_WAYS; way++)
				worker->votes[source][to][way] += pairs->votes[source][i][way];
		}
		sum->n_pairs += (uint32_t)pairs->n[source];
		for (int way = 0; way < WS_N_WAYS && !rc; way++) {
			for (int class = 0; class < WS_N_CLASSES; class ++)
				sum->n_class[way][class] += pairs->n_class[source][way][class];
			if (bulk->wish->latencies)
				rc = hand_over_latencies(&pairs->latencies[source][way], &bulk->heap[source][way],
							 n_contexts[0] < n_contexts[1] ? n_contexts[0] : n_contexts[1]);
		}
		pairs->accord.n_pairs[source] = pairs->n[source];
	}
	if (!rc && bulk->keeps_all) {
		worker->accord = pairs->accord;
		pairs->accord = (struct ws_accord) { 0 };
	}
	return rc;
}

void ws_bulk_pairs_close(struct ws_bulk_pairs *pairs)
{
	if (!pairs)
		return;
	for (int source = 0; source < WS_N_SOURCES; source++) {
		free(pairs->votes[source]);
		for (int way = 0; way < WS_N_WAYS; way++)
			free(pairs->latencies[source][way].at);
	}
	ws_accord_close(&pairs->accord);
	free(pairs);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* agreement - see agreement.h. */
#include "analyze/agreement.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/grouping.h"
#include "analyze/radix.h"

/* A pair, as the two sources know it in common. */
struct common {
	struct ws_identity identity;
	uint64_t latency_ns;
	uint32_t pair; /* index */
	uint8_t way;
};

/* Puts pairs into order of their entry. To be freed. */
static int order_pairs(const struct ws_join *join, struct ws_radix_item **order)
{
	struct ws_radix_item *item = malloc(((size_t)join->n_pairs + 1) * sizeof(*item));
	int rc;

	if (!item)
		return -ENOMEM;
	for (uint32_t i = 0; i < join->n_pairs; i++)
		item[i] = (struct ws_radix_item) { ws_radix_bias(ws_pair_entry_ns(join, &join->pair[i])), i };
	rc = ws_radix_sort_items(item, join->n_pairs);
	if (rc)
		free(item);
	else
		*order = item;
	return rc;
}

/* One more than the largest tuple at the vports. */
static uint32_t count_tuples(const struct ws_join *join)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < join->n_pairs; i++) {
		uint32_t tuple = join->side[WS_SIDE_VPORT].at[join->pair[i].at[WS_SIDE_VPORT]].tuple;

		n = tuple >= n ? tuple + 1 : n;
	}
	return n;
}

/*
 * The join's pairs in order of their entry. n_tuples: of both joins together: so that node and tuple make one number.
 * To be freed.
 */
static int list_pairs(const struct ws_join *join, uint32_t n_tuples, struct common **list)
{
	struct common *made = malloc(((size_t)join->n_pairs + 1) * sizeof(*made));
	struct ws_radix_item *order;
	int rc = made ? order_pairs(join, &order) : -ENOMEM;

	if (rc) {
		free(made);
		return rc;
	}
	for (uint32_t i = 0; i < join->n_pairs; i++) {
		const struct ws_pair *pair = &join->pair[order[i].tag];
		const struct ws_sighting *vport = &join->side[WS_SIDE_VPORT].at[pair->at[WS_SIDE_VPORT]];
		uint64_t flow = (uint64_t)ws_pair_node(join, pair) * n_tuples + vport->tuple;

		if (flow > UINT32_MAX / 2)
			rc = -EOVERFLOW;
		made[i] = (struct common) { vport->identity, ws_pair_latency_ns(join, pair), (uint32_t)order[i].tag,
					    pair->way };
		/* The identity of a packet of a flow: which node and tuple, and which of the two lengths a trace id can
		 * have. */
		made[i].identity.trace_id_len = 2 * (uint32_t)flow + (vport->identity.trace_id_len == 16);
	}
	free(order);
	if (rc)
		free(made);
	else
		*list = made;
	return rc;
}

int ws_accord_packet(struct ws_accord *accord, unsigned int ebpf_way, uint64_t ebpf_ns, unsigned int pcap_way,
		     uint64_t pcap_ns)
{
	accord->n++;
	if (ebpf_way == pcap_way)
		return ws_numbers_add(&accord->way[ebpf_way], ws_radix_bias((int64_t)(ebpf_ns - pcap_ns)));
	accord->n_way_differs++;
	return 0;
}

/* Who is told of packets. */
struct listener {
	int (*tell)(void *context, const struct ws_accord_packet *packet);
	void *context;
};

/* Walks both chains of every group side by side. */
static int compare(const struct ws_grouping *grouping, struct common *const list[2], const struct listener *listener,
		   struct ws_accord *accord)
{
	int rc = 0;

	for (uint32_t i = 0; i < grouping->n && !rc; i++) {
		uint32_t ebpf = grouping->group[i].first[0], pcap = grouping->group[i].first[1], nth = 0;
		uint32_t first = ebpf != WS_NOBODY ? list[0][ebpf].pair : 0;

		for (; ebpf != WS_NOBODY && pcap != WS_NOBODY && !rc; nth++) {
			const struct common *a = &list[0][ebpf], *b = &list[1][pcap];

			rc = ws_accord_packet(accord, a->way, a->latency_ns, b->way, b->latency_ns);
			if (!rc && a->way == b->way && listener->tell) {
				const struct ws_accord_packet packet = { first, nth, a->way, a->latency_ns,
									 b->latency_ns };

				rc = listener->tell(listener->context, &packet);
			}
			ebpf = grouping->next[0][ebpf];
			pcap = grouping->next[1][pcap];
		}
	}
	return rc;
}

/* Says how n differences, biased by ws_radix_bias(), are spread; they are sorted. The sum is exact. */
static int spread(uint64_t *biased, uint64_t n, struct ws_difference *out)
{
	struct ws_estimate median;
	__int128 sum = 0;
	int rc = ws_radix_sort(biased, n);

	if (rc || !n)
		return rc;
	for (uint64_t i = 0; i < n; i++)
		sum += ws_radix_unbias(biased[i]);
	median = ws_quantile_estimate(biased, n, WS_MEDIAN);
	*out = (struct ws_difference) {
		.n = n,
		.mean_ns = (double)sum / (double)n,
		.p05_ns = ws_radix_unbias(biased[ws_quantile_rank(n, WS_P(5)) - 1]),
		.p25_ns = ws_radix_unbias(biased[ws_quantile_rank(n, WS_P(25)) - 1]),
		.median_ns = ws_radix_unbias(median.value),
		.p75_ns = ws_radix_unbias(biased[ws_quantile_rank(n, WS_P(75)) - 1]),
		.p95_ns = ws_radix_unbias(biased[ws_quantile_rank(n, WS_P(95)) - 1]),
		.has_interval = median.has_interval,
		.median_low_ns = ws_radix_unbias(median.low),
		.median_high_ns = ws_radix_unbias(median.high),
	};
	return 0;
}

int ws_accord_add(const struct ws_join *ebpf, const struct ws_join *pcap, struct ws_accord *accord,
		  int (*tell)(void *context, const struct ws_accord_packet *packet), void *context)
{
	uint32_t n_tuples = count_tuples(ebpf), n_pcap = count_tuples(pcap);
	const struct listener listener = { tell, context };
	struct common *list[2] = { NULL, NULL };
	struct ws_grouping grouping = { 0 };
	int rc;

	n_tuples = n_pcap > n_tuples ? n_pcap : n_tuples;
	rc = list_pairs(ebpf, n_tuples, &list[0]);
	rc = rc ? rc : list_pairs(pcap, n_tuples, &list[1]);
	if (!rc) {
		const struct ws_members members[2] = {
			{ list[0], sizeof(*list[0]), ebpf->n_pairs, NULL },
			{ list[1], sizeof(*list[1]), pcap->n_pairs, NULL },
		};

		rc = ws_grouping_open(members, &grouping);
	}
	rc = rc ? rc : compare(&grouping, list, &listener, accord);
	ws_grouping_close(&grouping);
	free(list[0]);
	free(list[1]);
	accord->n_pairs[0] += ebpf->n_pairs;
	accord->n_pairs[1] += pcap->n_pairs;
	return rc;
}

/* Appends the differences of another accord, which are freed. */
static int append(struct ws_numbers *to, struct ws_numbers *from)
{
	uint64_t *grown = to->at;

	if (from->n) {
		grown = realloc(to->at, (to->n + from->n) * sizeof(*grown));
		if (!grown)
			return -ENOMEM;
		memcpy(grown + to->n, from->at, from->n * sizeof(*grown));
	}
	to->at = grown;
	to->n += from->n;
	free(from->at);
	*from = (struct ws_numbers) { 0 };
	return 0;
}

int ws_accord_complete(struct ws_accord *const *accord, uint32_t n, struct ws_agreement *agreement)
{
	struct ws_agreement made = { 0 };
	int rc = 0;

	for (uint32_t i = 0; i < n; i++) {
		made.n += accord[i]->n;
		made.n_way_differs += accord[i]->n_way_differs;
		made.n_ebpf_only += accord[i]->n_pairs[0] - accord[i]->n;
		made.n_pcap_only += accord[i]->n_pairs[1] - accord[i]->n;
		for (int way = 0; way < WS_N_WAYS && i && !rc; way++)
			rc = append(&accord[0]->way[way], &accord[i]->way[way]);
	}
	for (int way = 0; way < WS_N_WAYS && !rc; way++)
		rc = spread(accord[0]->way[way].at, accord[0]->way[way].n, &made.way[way]);
	if (!rc)
		*agreement = made;
	return rc;
}

void ws_accord_close(struct ws_accord *accord)
{
	for (int way = 0; way < WS_N_WAYS && accord; way++)
		free(accord->way[way].at);
	if (accord)
		*accord = (struct ws_accord) { 0 };
}

void ws_pairings_close(struct ws_pairings *pairings)
{
	if (!pairings)
		return;
	free(pairings->ebpf_ns);
	free(pairings->pcap_ns);
	*pairings = (struct ws_pairings) { 0 };
}

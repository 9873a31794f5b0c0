/* SPDX-License-Identifier: BSD-2-Clause */
/* harvest - see harvest.h. What is kept of rows that were read is in harvest_rows.c, pairs and strays in
 * harvest_packets.c. */
#include "analyze/harvest.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/harvest_inner.h"
#include "analyze/numbers.h"
#include "analyze/radix.h"

struct latency {
	struct ws_sort_key key; /* source, direction, node; entry */
	struct ws_harvest_tie tie;
	uint64_t ns;
};

struct pairing {
	struct ws_sort_key key; /* direction; first entry */
	struct ws_harvest_tie tie;
	uint32_t nth, zero;
	uint64_t ebpf_ns;
	uint64_t pcap_ns;
};

int ws_harvest_compare_ties(const struct ws_harvest_tie *a, const struct ws_harvest_tie *b)
{
	if (a->seq != b->seq)
		return a->seq < b->seq ? -1 : 1;
	if (a->nic_file != b->nic_file)
		return a->nic_file < b->nic_file ? -1 : 1;
	if (a->nic_ns != b->nic_ns)
		return a->nic_ns < b->nic_ns ? -1 : 1;
	return (a->nic_row > b->nic_row) - (a->nic_row < b->nic_row);
}

struct ws_harvest_tie ws_harvest_tie_of(const struct ws_bulk_pair *pair)
{
	const struct ws_sighting *nic = pair->at[WS_SIDE_NIC];

	return (struct ws_harvest_tie) { nic->identity.seq, nic->file, nic->ts_ns, pair->more[WS_SIDE_NIC]->row };
}

uint64_t ws_harvest_entry_of(const struct ws_bulk_pair *pair)
{
	return ws_radix_bias(pair->at[pair->way == WS_WAY_RX ? WS_SIDE_NIC : WS_SIDE_VPORT]->ts_ns);
}

static int compare_latencies(const void *a, const void *b)
{
	return ws_harvest_compare_ties(&((const struct latency *)a)->tie, &((const struct latency *)b)->tie);
}

static int compare_pairings(const void *a, const void *b)
{
	const struct pairing *left = a, *right = b;
	int order = ws_harvest_compare_ties(&left->tie, &right->tie);

	return order ? order : (left->nth > right->nth) - (left->nth < right->nth);
}

static int keep_latency(struct ws_harvest *harvest, uint32_t number, const struct ws_bulk_pair *pair)
{
	uint64_t node = harvest->study->vantage[pair->at[WS_SIDE_NIC]->file].node;
	const struct latency latency = {
		.key = { (WS_N_WAYS * (uint64_t)pair->source + pair->way) << 32 | node, ws_harvest_entry_of(pair) },
		.tie = ws_harvest_tie_of(pair),
		.ns = ws_latency_ns(pair->way, pair->at[WS_SIDE_NIC]->ts_ns, pair->at[WS_SIDE_VPORT]->ts_ns),
	};

	return ws_sorter_put(harvest->latencies, number, &latency);
}

static int take_pair(void *context, uint32_t number, const struct ws_bulk_pair *pair)
{
	struct ws_harvest *harvest = context;
	int rc = 0;

	if (harvest->needs & WS_NEED_ORDER)
		rc = keep_latency(harvest, number, pair);
	if (!rc && harvest->needs & WS_NEED_PAIRS)
		rc = ws_harvest_keep_pair(harvest, number, pair);
	if (!rc && harvest->needs & WS_NEED_STRATA)
		rc = ws_division_pair(harvest->division, pair->source, pair->at[WS_SIDE_NIC], pair->at[WS_SIDE_VPORT],
				      pair->way, pair->class);
	return rc;
}

static int take_stray(void *context, uint32_t number, const struct ws_bulk_stray *stray)
{
	struct ws_harvest *harvest = context;
	int rc = 0;

	if (harvest->needs & WS_NEED_STRAYS)
		rc = ws_harvest_keep_stray(harvest, number, stray);
	if (!rc && harvest->needs & WS_NEED_STRATA)
		rc = ws_division_stray(harvest->division, stray->source, stray->side, stray->cause, stray->at);
	return rc;
}

static int take_paired(void *context, uint32_t number, const struct ws_bulk_paired *told)
{
	struct ws_harvest *harvest = context;
	const struct pairing pairing = {
		.key = { told->way, ws_harvest_entry_of(&told->first) },
		.tie = ws_harvest_tie_of(&told->first),
		.nth = told->nth,
		.ebpf_ns = told->ebpf_ns,
		.pcap_ns = told->pcap_ns,
	};

	return ws_sorter_put(harvest->pairings, number, &pairing);
}

uint32_t ws_harvest_n_parts(unsigned int needs)
{
	return (needs & WS_NEED_ORDER ? 2 : 0) + !!(needs & WS_NEED_PAIRS) + !!(needs & WS_NEED_STRAYS) +
	       !!(needs & WS_NEED_SIGHTINGS) + (needs & WS_NEED_ALIKE ? 2 : 0) + !!(needs & WS_NEED_TRACES);
}

static int open_sorter(size_t record_bytes, int (*compare)(const void *, const void *), uint64_t memory_bytes,
		       struct ws_sorter **sorter)
{
	const struct ws_sorter_plan plan = {
		record_bytes, compare, memory_bytes, WS_BULK_THREADS_MAX, ws_bulk_n_threads(),
	};

	return ws_sorter_open(&plan, sorter);
}

/* Finds the first file at each file's point. 0 or -ENOMEM. */
static int find_points(struct ws_harvest *harvest)
{
	const struct ws_catalog *catalog = &harvest->study->catalog;

	harvest->point = calloc((size_t)catalog->n_files + 1, sizeof(*harvest->point));
	for (uint32_t i = 0; i < catalog->n_files && harvest->point; i++) {
		while (strcmp(catalog->file[harvest->point[i]].point, catalog->file[i].point) != 0)
			harvest->point[i]++;
	}
	return harvest->point ? 0 : -ENOMEM;
}

int ws_harvest_open(struct ws_study *study, unsigned int needs, unsigned int by, uint64_t memory_bytes,
		    struct ws_harvest **harvest)
{
	struct ws_harvest *made = calloc(1, sizeof(*made));
	int rc;

	if (!made)
		return -ENOMEM;
	made->study = study;
	made->needs = needs;
	made->sink = (struct ws_bulk_sink) {
		.context = made,
		.has_more = needs & (WS_NEED_ORDER | WS_NEED_PAIRS | WS_NEED_STRAYS),
		.has_places = needs & (WS_NEED_PAIRS | WS_NEED_STRAYS | WS_NEED_SIGHTINGS),
		.is_naming = needs & WS_NEED_STRATA,
		.row = needs & (WS_NEED_SIGHTINGS | WS_NEED_TRACES) ? ws_harvest_take_row : NULL,
		.pair = needs & (WS_NEED_ORDER | WS_NEED_PAIRS | WS_NEED_STRATA) ? take_pair : NULL,
		.stray = needs & (WS_NEED_STRAYS | WS_NEED_STRATA) ? take_stray : NULL,
		.paired = needs & WS_NEED_ORDER ? take_paired : NULL,
	};
	rc = find_points(made);
	if (!rc && needs & WS_NEED_ORDER)
		rc = open_sorter(sizeof(struct latency), compare_latencies, memory_bytes, &made->latencies);
	if (!rc && needs & WS_NEED_ORDER)
		rc = open_sorter(sizeof(struct pairing), compare_pairings, memory_bytes, &made->pairings);
	if (!rc && needs & WS_NEED_PAIRS)
		rc = open_sorter(sizeof(struct ws_harvest_pair), ws_harvest_compare_pairs, memory_bytes,
				 &made->packets);
	if (!rc && needs & WS_NEED_STRAYS)
		rc = open_sorter(sizeof(struct ws_harvest_stray), ws_harvest_compare_strays, memory_bytes,
				 &made->packets);
	if (!rc && needs & WS_NEED_SIGHTINGS)
		rc = open_sorter(sizeof(struct ws_harvest_row), ws_harvest_compare_rows, memory_bytes, &made->rows);
	if (!rc && needs & WS_NEED_ALIKE)
		rc = open_sorter(sizeof(struct ws_harvest_row), ws_harvest_compare_rows, memory_bytes, &made->alike);
	if (!rc && needs & WS_NEED_ALIKE)
		rc = open_sorter(sizeof(struct ws_harvest_kept_match), ws_harvest_compare_matches, memory_bytes,
				 &made->matches);
	if (!rc && needs & WS_NEED_TRACES)
		rc = open_sorter(sizeof(struct ws_harvest_trace), ws_harvest_compare_traces, memory_bytes,
				 &made->traces);
	if (!rc && needs & WS_NEED_STRATA)
		rc = ws_division_open(study, by, &made->division);
	if (rc)
		ws_harvest_close(made);
	else
		*harvest = made;
	return rc;
}

const struct ws_bulk_sink *ws_harvest_sink(const struct ws_harvest *harvest)
{
	return &harvest->sink;
}

uint64_t ws_harvest_n_rows(const struct ws_harvest *harvest)
{
	return ws_sorter_n(harvest->rows);
}

void ws_harvest_end_rows(struct ws_harvest *harvest)
{
	harvest->sink.has_places = harvest->needs & (WS_NEED_PAIRS | WS_NEED_STRAYS);
	harvest->sink.row = NULL;
}

void ws_harvest_close(struct ws_harvest *harvest)
{
	if (!harvest)
		return;
	ws_sorter_close(harvest->latencies);
	ws_sorter_close(harvest->pairings);
	ws_sorter_close(harvest->packets);
	ws_sorter_close(harvest->rows);
	ws_sorter_close(harvest->alike);
	ws_sorter_close(harvest->matches);
	ws_sorter_close(harvest->traces);
	ws_division_close(harvest->division);
	for (uint32_t i = 0; i < WS_BULK_THREADS_MAX; i++)
		ws_headings_close(&harvest->headings[i]);
	free(harvest->point);
	free(harvest);
}

int ws_harvest_series(struct ws_harvest *harvest,
		      int (*take)(void *context, enum ws_source source, enum ws_way way, const uint64_t *latency_ns,
				  uint64_t n),
		      void *context)
{
	const struct latency *latency = NULL;
	struct ws_numbers series = { 0 };
	uint64_t major = 0;
	int rc = ws_sorter_sort(harvest->latencies);

	do {
		rc = rc ? rc : ws_sorter_next(harvest->latencies, (const void **)&latency);
		if (!rc && series.n && (!latency || latency->key.major != major)) {
			rc = take(context, (major >> 32) / WS_N_WAYS, (major >> 32) % WS_N_WAYS, series.at, series.n);
			series.n = 0;
		}
		if (!rc && latency) {
			major = latency->key.major;
			rc = ws_numbers_add(&series, latency->ns);
		}
	} while (!rc && latency);
	free(series.at);
	ws_sorter_close(harvest->latencies);
	harvest->latencies = NULL;
	return rc;
}

int ws_harvest_pairings(struct ws_harvest *harvest, struct ws_pairings paired[WS_N_WAYS])
{
	struct ws_numbers numbers[WS_N_WAYS][WS_N_SOURCES] = { 0 };
	const struct pairing *pairing = NULL;
	int rc = ws_sorter_sort(harvest->pairings);

	do {
		rc = rc ? rc : ws_sorter_next(harvest->pairings, (const void **)&pairing);
		if (rc || !pairing)
			break;
		rc = ws_numbers_add(&numbers[pairing->key.major][WS_SOURCE_EBPF], pairing->ebpf_ns);
		rc = rc ? rc : ws_numbers_add(&numbers[pairing->key.major][WS_SOURCE_PCAP], pairing->pcap_ns);
	} while (!rc);
	for (int way = 0; way < WS_N_WAYS; way++) {
		if (rc) {
			free(numbers[way][WS_SOURCE_EBPF].at);
			free(numbers[way][WS_SOURCE_PCAP].at);
		} else {
			paired[way] = (struct ws_pairings) {
				numbers[way][WS_SOURCE_EBPF].at,
				numbers[way][WS_SOURCE_PCAP].at,
				numbers[way][WS_SOURCE_EBPF].n,
			};
		}
	}
	ws_sorter_close(harvest->pairings);
	harvest->pairings = NULL;
	return rc;
}

int ws_harvest_strata(struct ws_harvest *harvest, struct ws_strata *strata)
{
	return ws_division_end(harvest->division, strata);
}

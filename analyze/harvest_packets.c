/* SPDX-License-Identifier: BSD-2-Clause */
/* harvest_packets - every pair, or every sighting without a partner, to be told of one after the other; see harvest.h.
 */
#include "analyze/harvest_inner.h"
#include "analyze/radix.h"

int ws_harvest_compare_pairs(const void *a, const void *b)
{
	return ws_harvest_compare_ties(&((const struct ws_harvest_pair *)a)->tie,
				       &((const struct ws_harvest_pair *)b)->tie);
}

int ws_harvest_compare_strays(const void *a, const void *b)
{
	const struct ws_harvest_stray *left = a, *right = b;

	return (left->row > right->row) - (left->row < right->row);
}

int ws_harvest_keep_pair(struct ws_harvest *harvest, uint32_t number, const struct ws_bulk_pair *told)
{
	const struct ws_sighting *vport = told->at[WS_SIDE_VPORT];
	const struct ws_packed_more *more = told->more[WS_SIDE_VPORT];
	const struct ws_harvest_pair pair = {
		.key = { told->source, ws_harvest_entry_of(told) },
		.tie = ws_harvest_tie_of(told),
		.identity = vport->identity,
		.vport_ns = vport->ts_ns,
		.tuple = { told->at[WS_SIDE_NIC]->tuple, vport->tuple },
		.stream_id = more->stream_id,
		.vport_file = vport->file,
		.family = more->family,
		.http_version = more->http_version,
		.id_version = more->id_version,
		.way = told->way,
		.class = told->class,
	};

	return ws_sorter_put(harvest->packets, number, &pair);
}

int ws_harvest_keep_stray(struct ws_harvest *harvest, uint32_t number, const struct ws_bulk_stray *told)
{
	const struct ws_sighting *s = told->at;
	uint64_t node = harvest->study->vantage[s->file].node;
	const struct ws_harvest_stray stray = {
		.key = { (((uint64_t)told->source << 32 | node) * WS_N_SIDES + told->side) << 16 | s->file,
			 ws_radix_bias(s->ts_ns) },
		.row = told->more->row,
		.identity = s->identity,
		.tuple = s->tuple,
		.stream_id = told->more->stream_id,
		.file = s->file,
		.family = told->more->family,
		.http_version = told->more->http_version,
		.id_version = told->more->id_version,
		.cause = told->cause,
		.side = told->side,
		.source = (uint8_t)told->source,
	};

	return ws_sorter_put(harvest->packets, number, &stray);
}

static struct ws_told told_pair(const struct ws_harvest_pair *pair)
{
	struct ws_told told = {
		.source = (enum ws_source)pair->key.major,
		.is_pair = true,
		.way = pair->way,
		.class = pair->class,
		.at = {
			.identity = pair->identity,
			.ts_ns = pair->vport_ns,
			.tuple = pair->tuple[WS_SIDE_VPORT],
			.family = pair->family,
			.file = pair->vport_file,
		},
		.other = {
			.ts_ns = pair->tie.nic_ns,
			.tuple = pair->tuple[WS_SIDE_NIC],
			.file = (uint16_t)pair->tie.nic_file,
		},
		.http_version = pair->http_version,
		.stream_id = pair->stream_id,
	};

	told.at.identity.trace_id[WS_ID_VERSION_BYTE] |= pair->id_version;
	return told;
}

static struct ws_told told_stray(const struct ws_harvest_stray *stray)
{
	struct ws_told told = {
		.source = stray->source,
		.side = stray->side,
		.cause = stray->cause,
		.at = {
			.identity = stray->identity,
			.ts_ns = ws_radix_unbias(stray->key.minor),
			.tuple = stray->tuple,
			.family = stray->family,
			.file = stray->file,
		},
		.http_version = stray->http_version,
		.stream_id = stray->stream_id,
	};

	told.at.identity.trace_id[WS_ID_VERSION_BYTE] |= stray->id_version;
	return told;
}

int ws_harvest_next(struct ws_harvest *harvest, struct ws_told *told)
{
	const void *record = NULL;
	int rc = harvest->is_sorted ? 0 : ws_sorter_sort(harvest->packets);

	harvest->is_sorted = true;
	rc = rc ? rc : ws_sorter_next(harvest->packets, &record);
	if (rc || !record)
		return rc;
	*told = harvest->needs & WS_NEED_PAIRS ? told_pair(record) : told_stray(record);
	return 1;
}

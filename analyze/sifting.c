/* SPDX-License-Identifier: BSD-2-Clause */
/* sifting - the first pass over a tray: what was seen once at each side is a pair at once; see bulk.h. */
#include <errno.h>
#include <stdlib.h>

#include "analyze/bulk_inner.h"

/* Instead of a partner: it has none yet; it is no matter of one and one. */
#define NOBODY_YET 0
#define NOT_SINGLE UINT32_MAX

/* How far ahead of its use a slot is fetched. */
#define AHEAD 8

/* Identities of different nodes are different, although they are often the same packet on its way. */
#define NODE_FACTOR UINT64_C(0x9e3779b97f4a7c15)

/* Room for so many sightings; what was there is lost. */
static int make_haul(struct ws_haul *haul, size_t room, bool has_more)
{
	free(haul->at);
	free(haul->file);
	free(haul->more);
	haul->at = malloc(room * sizeof(*haul->at));
	haul->file = malloc(room * sizeof(*haul->file));
	haul->more = has_more ? malloc(room * sizeof(*haul->more)) : NULL;
	haul->room = haul->at && haul->file && (haul->more || !has_more) ? room : 0;
	return haul->room ? 0 : -ENOMEM;
}

int ws_haul_load(struct ws_bulk_worker *worker, enum ws_source source, uint32_t tray, uint32_t first, uint32_t end)
{
	const struct ws_trays *trays = worker->bulk->trays;
	struct ws_haul *haul = &worker->haul;
	uint32_t list = WS_N_SIDES * (uint32_t)source;
	size_t n_nic = ws_tray_count(trays, tray, list + WS_SIDE_NIC, first, end);
	size_t n = n_nic + ws_tray_count(trays, tray, list + WS_SIDE_VPORT, first, end);
	int rc;

	if (n > UINT32_MAX / 2)
		return -EOVERFLOW;
	if (n > haul->room) {
		rc = make_haul(haul, n + n / 4, worker->bulk->has_more);
		if (rc)
			return rc;
	}
	haul->n_nic = n_nic;
	haul->n = n;
	rc = n ? ws_tray_read(trays, tray, list + WS_SIDE_NIC, first, end, haul->at, haul->file, haul->more) : 0;
	return rc || !n ? rc
			: ws_tray_read(trays, tray, list + WS_SIDE_VPORT, first, end, haul->at + n_nic,
				       haul->file + n_nic, haul->more ? haul->more + n_nic : NULL);
}

int ws_handful_reserve(struct ws_handful *handful, size_t n)
{
	if (n <= handful->room)
		return 0;
	for (int way = 0; way < WS_N_WAYS; way++) {
		free(handful->at[way]);
		handful->at[way] = malloc(n * sizeof(*handful->at[way]));
	}
	handful->room = handful->at[0] && handful->at[1] ? n : 0;
	return handful->room ? 0 : -ENOMEM;
}

void ws_handful_heap(struct ws_bulk_worker *worker, enum ws_source source)
{
	struct ws_handful *handful = &worker->handful;

	for (int way = 0; way < WS_N_WAYS; way++) {
		struct ws_heap *heap = &worker->bulk->heap[source][way];
		uint64_t at = atomic_fetch_add(&heap->n, handful->n[way]);

		if (heap->at && handful->n[way])
			memcpy(heap->at + at, handful->at[way], handful->n[way] * sizeof(*heap->at));
		handful->n[way] = 0;
	}
}

/* Room for the table and the partners of a haul; the table is emptied. */
static int make_room(struct ws_bulk_worker *worker, const struct ws_haul *haul)
{
	size_t n_slots = 64;

	while (n_slots < haul->n + haul->n / 8)
		n_slots *= 2;
	if (n_slots > worker->n_slots) {
		free(worker->slot);
		worker->slot = malloc(n_slots * sizeof(*worker->slot));
		worker->n_slots = worker->slot ? n_slots : 0;
	}
	if (haul->n > worker->n_partners) {
		free(worker->partner);
		worker->partner = malloc(haul->room * sizeof(*worker->partner));
		worker->n_partners = worker->partner ? haul->room : 0;
	}
	if (!worker->slot || !worker->partner)
		return -ENOMEM;
	worker->mask = n_slots - 1;
	memset(worker->slot, 0, n_slots * sizeof(*worker->slot));
	return ws_handful_reserve(&worker->handful, haul->room);
}

/* Finds who has one partner at the other side, and nobody else. */
static void match(struct ws_bulk_worker *worker, const struct ws_haul *haul)
{
	const struct ws_vantage *vantage = worker->bulk->study->vantage;
	const uint64_t mask = worker->mask;
	uint64_t ahead[AHEAD];

	for (size_t next = 0; next < haul->n + AHEAD; next++) {
		uint64_t hash = ahead[next % AHEAD];
		size_t i = next - AHEAD;

		if (next < haul->n) {
			uint64_t node = vantage[haul->file[next]].node;

			ahead[next % AHEAD] = ws_packed_hash(&haul->at[next]) ^ node * NODE_FACTOR;
			__builtin_prefetch(&worker->slot[ahead[next % AHEAD] & mask], 1);
		}
		if (next < AHEAD)
			continue;
		worker->partner[i] = NOBODY_YET;
		for (uint64_t at = hash & mask;; at = (at + 1) & mask) {
			uint32_t first = worker->slot[at];

			if (!first) {
				worker->slot[at] = (uint32_t)i + 1;
				break;
			}
			first--;
			if (!ws_packed_same(&haul->at[first], &haul->at[i]) ||
			    vantage[haul->file[first]].node != vantage[haul->file[i]].node)
				continue;
			if (first < haul->n_nic && i >= haul->n_nic && worker->partner[first] == NOBODY_YET) {
				worker->partner[first] = (uint32_t)i + 1;
				worker->partner[i] = first + 1;
			} else {
				/* one more than one and one: neither it nor those before it */
				if (worker->partner[first] != NOBODY_YET && worker->partner[first] != NOT_SINGLE)
					worker->partner[worker->partner[first] - 1] = NOT_SINGLE;
				worker->partner[first] = worker->partner[i] = NOT_SINGLE;
			}
			break;
		}
	}
}

static bool is_single(const struct ws_bulk_worker *worker, size_t i)
{
	return worker->partner[i] != NOBODY_YET && worker->partner[i] != NOT_SINGLE;
}

/* What decides the way and the class, without the ids. */
static struct ws_sighting traits(const struct ws_packed *packed)
{
	return (struct ws_sighting) {
		.ts_ns = packed->ts_ns,
		.tuple = packed->tuple,
		.payload_len = packed->payload_len,
		.n_segments = packed->n_segments,
		.direction = packed->direction,
	};
}

/* Takes the pairs out of a haul. */
static void pair(struct ws_bulk_worker *worker, const struct ws_haul *haul, enum ws_source source)
{
	const struct ws_bulk *bulk = worker->bulk;
	struct ws_handful *handful = &worker->handful;
	struct ws_join *sum = &worker->sum[source];

	for (size_t i = 0; i < haul->n_nic; i++) {
		struct ws_sighting nic, vport;
		uint64_t node;
		unsigned int way;

		if (!is_single(worker, i))
			continue;
		nic = traits(&haul->at[i]);
		vport = traits(&haul->at[worker->partner[i] - 1]);
		node = bulk->study->vantage[haul->file[i]].node;
		way = ws_single_way(&nic, &vport);
		worker->votes[source][node * bulk->study->tuples.n + vport.tuple][way]++;
		if (bulk->keeps_all)
			continue;
		sum->n_pairs++;
		sum->n_class[way][ws_pair_class(&nic, &vport, way, false)]++;
		handful->at[way][handful->n[way]++] = ws_latency_ns(way, nic.ts_ns, vport.ts_ns);
	}
}

/* Tells of a pair of the haul: the NIC's sighting i and its partner. */
static int tell_pair(const struct ws_bulk_worker *worker, enum ws_source source, size_t i)
{
	const struct ws_bulk_sink *sink = worker->bulk->wish->sink;
	const struct ws_haul *haul = &worker->haul;
	const size_t of[WS_N_SIDES] = { i, worker->partner[i] - 1 };
	struct ws_bulk_pair pair = { .source = source };
	struct ws_sighting s[WS_N_SIDES];

	for (int side = 0; side < WS_N_SIDES; side++) {
		s[side] = ws_unpack(&haul->at[of[side]], haul->file[of[side]]);
		pair.at[side] = &s[side];
		pair.more[side] = haul->more ? &haul->more[of[side]] : NULL;
	}
	pair.way = (uint8_t)ws_single_way(&s[0], &s[1]);
	pair.class = ws_pair_class(&s[0], &s[1], pair.way, false);
	return sink->pair(sink->context, worker->number, &pair);
}

/* Tells of all pairs of the haul, if anybody wants to know. */
static int tell(struct ws_bulk_worker *worker, enum ws_source source)
{
	const struct ws_bulk_sink *sink = worker->bulk->wish->sink;
	int rc = 0;

	if (!sink || !sink->pair || worker->bulk->keeps_all)
		return 0;
	if (sink->is_naming)
		pthread_mutex_lock(&worker->bulk->naming);
	for (size_t i = 0; i < worker->haul.n_nic && !rc; i++)
		rc = is_single(worker, i) ? tell_pair(worker, source, i) : 0;
	if (sink->is_naming)
		pthread_mutex_unlock(&worker->bulk->naming);
	return rc;
}

static int sift_source(struct ws_bulk_worker *worker, enum ws_source source, uint32_t tray)
{
	const struct ws_bulk *bulk = worker->bulk;
	const struct ws_haul *haul = &worker->haul;
	int rc = ws_haul_load(worker, source, tray, 0, bulk->n_readers);

	if (rc || !haul->n)
		return rc;
	rc = make_room(worker, haul);
	if (rc)
		return rc;
	match(worker, haul);
	pair(worker, haul, source);
	ws_handful_heap(worker, source);
	rc = tell(worker, source);
	for (size_t i = 0; i < haul->n && !bulk->keeps_all && !rc; i++)
		rc = is_single(worker, i) ? 0
					  : ws_tray_put(worker->writer, haul->file[i], &haul->at[i],
							haul->more ? &haul->more[i] : NULL);
	return rc;
}

int ws_sift(struct ws_bulk_worker *worker, uint32_t tray)
{
	const struct ws_bulk *bulk = worker->bulk;
	int rc = 0;

	for (int source = 0; source < WS_N_SOURCES && !rc; source++)
		rc = bulk->is_joined[source] ? sift_source(worker, source, tray) : 0;
	if (!rc && !bulk->keeps_all)
		ws_tray_clear(bulk->trays, tray, 0, bulk->n_readers);
	return rc;
}

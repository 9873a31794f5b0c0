/* SPDX-License-Identifier: BSD-2-Clause */
/* bulk_told - see bulk_told.h. */
#include "analyze/bulk_told.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/bulk_pairs.h"
#include "analyze/radix.h"
#include "lib/clickhouse/access.h"

/* Values that came n times. */
struct tally {
	int64_t value;
	uint64_t n;
};

struct tallies {
	struct tally *at;
	uint64_t n, room;
	uint64_t sum; /* of all n */
};

/* Pairs of a flow. */
struct ballot {
	uint32_t node;
	uint32_t tuple; /* at the vport */
	uint8_t way;
	uint8_t class;
	uint64_t n;
};

struct ballots {
	struct ballot *at;
	uint64_t n, room;
	uint64_t sum;
};

struct ws_bulk_told {
	const struct ws_bulk *bulk;
	struct ws_roster roster;
	struct ballots ballots[WS_N_SOURCES];
	struct tallies latencies[WS_N_SOURCES][WS_N_WAYS];
	struct tallies differences[WS_N_WAYS];
	uint64_t n_both;
	uint64_t n_way_differs;
	bool is_torn; /* both sources paired a packet, with other addresses: only the packets themselves tell more */
	struct ws_bulk_pairs *pairs; /* NULL: nobody wants to be told of single pairs */
	const char *fault;
	int rc; /* of what was done with a single pair */
};

/* Makes room for one more. 0 or -ENOMEM. */
static int grow(void *list, uint64_t n, uint64_t *room, size_t size)
{
	uint64_t more = *room ? 2 * *room : 256;
	void *grown;

	if (n < *room)
		return 0;
	grown = realloc(*(void **)list, more * size);
	if (!grown)
		return -ENOMEM;
	*(void **)list = grown;
	*room = more;
	return 0;
}

static int add_tally(struct tallies *tallies, int64_t value, uint64_t n)
{
	int rc = grow(&tallies->at, tallies->n, &tallies->room, sizeof(*tallies->at));

	if (rc)
		return rc;
	tallies->at[tallies->n++] = (struct tally) { value, n };
	tallies->sum += n;
	return 0;
}

static int add_ballot(struct ws_bulk_told *told, struct ballots *ballots, const struct ws_told *row)
{
	uint32_t nic = ws_roster_find(&told->roster, row->a), vport = ws_roster_find(&told->roster, row->b);
	struct ballot ballot = {
		.node = (uint32_t)(row->c >> 5),
		.tuple = vport,
		.way = row->c >> 4 & 1,
		.class = (row->c & 15) | (nic != vport ? WS_CLASS_NAT : 0),
		.n = row->n,
	};
	int rc;

	if (nic == UINT32_MAX || vport == UINT32_MAX || row->c >> 5 >= told->bulk->study->n_nodes) {
		told->fault = "a request of a flow that is not there";
		return -EPROTO;
	}
	rc = grow(&ballots->at, ballots->n, &ballots->room, sizeof(*ballots->at));
	if (rc)
		return rc;
	ballots->at[ballots->n++] = ballot;
	ballots->sum += row->n;
	return 0;
}

static int add_both(struct ws_bulk_told *told, const struct ws_told *row)
{
	told->n_both += row->n;
	told->n_way_differs += row->c ? row->n : 0;
	told->is_torn |= ws_roster_find(&told->roster, row->a) != ws_roster_find(&told->roster, row->b);
	return 0;
}

static int take(void *context, const struct ws_told *row)
{
	struct ws_bulk_told *told = context;

	switch (row->kind) {
	case WS_TOLD_EBPF:
		return add_ballot(told, &told->ballots[WS_SOURCE_EBPF], row);
	case WS_TOLD_PCAP:
		return add_ballot(told, &told->ballots[WS_SOURCE_PCAP], row);
	case WS_TOLD_EBPF_NS:
		return add_tally(&told->latencies[WS_SOURCE_EBPF][row->c & 1], row->a, row->n);
	case WS_TOLD_PCAP_NS:
		return add_tally(&told->latencies[WS_SOURCE_PCAP][row->c & 1], row->a, row->n);
	case WS_TOLD_BOTH:
		return add_both(told, row);
	case WS_TOLD_DIFFERENCE:
		return add_tally(&told->differences[row->c & 1], row->a, row->n);
	default:
		return 0;
	}
}

static int take_pair(void *context, const struct ws_far_pair *pair)
{
	struct ws_bulk_told *told = context;

	told->rc = ws_bulk_pairs_take(told->pairs, pair);
	if (told->rc == -EPROTO)
		told->fault = "a request of a flow that is not there";
	return told->rc;
}

/* An error of ours in words. */
static int complain(const struct ws_bulk_told *told, struct ws_store *store, int rc, struct ws_error *err)
{
	if (rc == -ENOMEM)
		return ws_error(err, rc, "out of memory");
	if (told->fault)
		return ws_error(err, rc, "%s: holds %s: drop the run, and load it again", ws_store_path(store),
				told->fault);
	return told->rc && rc != -EAGAIN ? ws_bulk_complain(rc, err) : rc;
}

/* Are there more requests than latencies are exact of? */
static bool are_many(const struct ws_bulk *bulk, const struct ws_far *far)
{
	const struct ws_catalog *catalog = &bulk->study->catalog;
	uint64_t n = 0;

	for (uint32_t f = 0; f < catalog->n_files; f++)
		n += bulk->list_of_file[f] != WS_NO_LIST ? catalog->file[f].n_requests : 0;
	return n > ws_far_access(far)->n_exact;
}

int ws_bulk_told_open(struct ws_bulk *bulk, struct ws_store *store, const uint8_t *family, struct ws_bulk_told **told,
		      struct ws_error *err)
{
	struct ws_far *far = ws_store_far(store);
	const struct ws_bulk_sink *sink = bulk->wish->sink;
	struct ws_far_question question = {
		.catalog = &bulk->study->catalog,
		.vantage = bulk->study->vantage,
		.list_of_file = bulk->list_of_file,
		.family = family,
		.is_joined = { bulk->is_joined[0], bulk->is_joined[1] },
		.latencies = bulk->wish->latencies,
		.agreement = bulk->keeps_all,
		.ids = sink && sink->has_places,
	};
	const bool are_single = sink && (sink->pair || sink->paired);
	struct ws_far_listener listener = { .alike = are_single ? NULL : take, .pair = take_pair };
	struct ws_bulk_told *made;
	int rc;

	*told = NULL;
	if (!far || bulk->wish->reads_all || (sink && sink->row) || (!bulk->is_joined[0] && !bulk->is_joined[1]))
		return 0;
	made = calloc(1, sizeof(*made));
	if (!made)
		return ws_error(err, -ENOMEM, "out of memory");
	made->bulk = bulk;
	question.rounds = question.latencies && !are_single && are_many(bulk, far);
	listener.context = made;
	rc = ws_roster_open(store, &bulk->study->tuples, &made->roster, err);
	if (!rc && are_single) {
		rc = ws_bulk_pairs_open(bulk, &made->roster, &made->pairs);
		rc = rc ? complain(made, store, rc, err) : 0;
	}
	if (!rc) {
		rc = ws_far_sift(far, &question, &listener, err);
		rc = rc ? complain(made, store, rc, err) : 0;
	}
	if (!rc && made->is_torn)
		ws_far_restrict(far, NULL, NULL);
	if (rc || made->is_torn)
		ws_bulk_told_close(made);
	else
		*told = made;
	bulk->study->rounding = *told && question.rounds ? WS_SIFT_ROUNDING : 0;
	return rc;
}

uint64_t ws_bulk_told_pairs(const struct ws_bulk_told *told, enum ws_source source)
{
	return told->pairs ? ws_bulk_pairs_n(told->pairs, source) : told->ballots[source].sum;
}

int ws_bulk_told_check(const struct ws_bulk *bulk, const struct ws_store *store, struct ws_error *err)
{
	const struct ws_study *study = bulk->study;
	uint64_t n_read = 0, n_wanted = 0;

	for (int source = 0; source < WS_N_SOURCES && bulk->told; source++) {
		for (int side = 0; side < WS_N_SIDES && bulk->is_joined[source]; side++) {
			n_read += study->view[source].join.n_contexts[side];
			for (uint32_t node = 0; node < study->n_nodes; node++)
				n_read += bulk->misses[source][side][node].n;
		}
	}
	for (uint32_t f = 0; f < study->catalog.n_files && bulk->told; f++)
		n_wanted += bulk->list_of_file[f] != WS_NO_LIST ? study->catalog.file[f].n_requests : 0;
	return n_read == n_wanted ? 0
				  : ws_error(err, -EPROTO,
					     "%s: %" PRIu64 " requests were told of or read, of %" PRIu64
					     ": the store has changed meanwhile: try again",
					     ws_store_path(store), n_read, n_wanted);
}

static void take_source(struct ws_bulk *bulk, const struct ws_bulk_told *told, enum ws_source source)
{
	const struct ballots *ballots = &told->ballots[source];
	struct ws_bulk_worker *worker = &bulk->worker[0];
	struct ws_join *sum = &worker->sum[source];

	for (uint64_t i = 0; i < ballots->n; i++) {
		const struct ballot *ballot = &ballots->at[i];

		worker->votes[source][(size_t)ballot->node * bulk->study->tuples.n + ballot->tuple][ballot->way] +=
			(uint32_t)ballot->n;
		sum->n_class[ballot->way][ballot->class] += ballot->n;
		sum->n_pairs += (uint32_t)ballot->n;
	}
	for (int way = 0; way < WS_N_WAYS && bulk->wish->latencies; way++) {
		struct ws_heap *heap = &bulk->heap[source][way];
		const struct tallies *tallies = &told->latencies[source][way];

		for (uint64_t i = 0; i < tallies->n; i++) {
			for (uint64_t k = 0; k < tallies->at[i].n; k++)
				heap->at[heap->n++] = (uint64_t)tallies->at[i].value;
		}
	}
}

/* Adds the differences of the packets that both sources paired. */
static int take_differences(const struct tallies *tallies, struct ws_numbers *differences)
{
	uint64_t n = differences->n + tallies->sum;
	uint64_t *grown = realloc(differences->at, (n + 1) * sizeof(*grown));

	if (!grown)
		return -ENOMEM;
	differences->at = grown;
	differences->room = n + 1;
	for (uint64_t i = 0; i < tallies->n; i++) {
		for (uint64_t k = 0; k < tallies->at[i].n; k++)
			grown[differences->n++] = ws_radix_bias(tallies->at[i].value);
	}
	return 0;
}

int ws_bulk_told_take(struct ws_bulk *bulk, struct ws_bulk_told *told)
{
	struct ws_accord *accord = &bulk->worker[0].accord;
	int rc = 0;

	if (told->pairs)
		return ws_bulk_pairs_hand_over(told->pairs, bulk);
	for (int source = 0; source < WS_N_SOURCES; source++) {
		if (bulk->is_joined[source])
			take_source(bulk, told, source);
	}
	if (!bulk->keeps_all)
		return 0;
	accord->n += told->n_both;
	accord->n_way_differs += told->n_way_differs;
	for (int source = 0; source < WS_N_SOURCES; source++)
		accord->n_pairs[source] += told->ballots[source].sum;
	for (int way = 0; way < WS_N_WAYS && !rc; way++)
		rc = take_differences(&told->differences[way], &accord->way[way]);
	return rc;
}

void ws_bulk_told_close(struct ws_bulk_told *told)
{
	if (!told)
		return;
	ws_roster_close(&told->roster);
	ws_bulk_pairs_close(told->pairs);
	for (int source = 0; source < WS_N_SOURCES; source++) {
		free(told->ballots[source].at);
		for (int way = 0; way < WS_N_WAYS; way++)
			free(told->latencies[source][way].at);
	}
	for (int way = 0; way < WS_N_WAYS; way++)
		free(told->differences[way].at);
	free(told);
}

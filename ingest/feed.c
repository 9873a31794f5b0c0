/* SPDX-License-Identifier: BSD-2-Clause */
/* feed - see the header. */
#include "ingest/feed.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "ingest/flows.h"
#include "ingest/relay.h"
#include "lib/threads.h"

/*
 * One that is filled, one that is inserted, and what is read ahead while another file is inserted, or committed: of a
 * packet capture that takes as long as reading.
 */
#define N_BLOCKS	16
#define RECORDS_MAX	WS_FEED_BLOCK_RECORDS
#define CLOCK_PAIRS_MAX 64

struct clock_pair {
	uint64_t monotonic_ns;
	uint64_t realtime_ns;
};

/* Records, and what goes into other tables with them. */
struct block {
	struct ws_record *record;
	int64_t *flow_id; /* of each record; from the file's first one on until it is inserted */
	uint32_t n_records;
	uint32_t n_responses;	  /* of them */
	struct ws_flow_key *flow; /* that are new in it, in order of their numbers */
	uint32_t n_flows;
	uint32_t cap_flows;
	uint32_t n_clock_pairs;
	struct clock_pair clock_pair[CLOCK_PAIRS_MAX];
};

struct ws_feed {
	struct ws_relay relay;
	struct block block[N_BLOCKS];
	struct block *filling; /* NULL: none */
	struct ws_flows *flows;
	uint32_t n_flows;
	struct ws_feed_counts counts;
	ws_feed_read *read;
	void *context;
	pthread_t thread; /* that reads */
	bool is_reading;
	struct ws_error err; /* of that thread */
	int rc;
};

/* The block to fill, if need be the next one. */
static int take_block(struct ws_feed *f, struct block **block)
{
	uint32_t slot;
	int rc = 0;

	if (!f->filling) {
		rc = ws_relay_wait_empty(&f->relay, &slot);
		if (rc)
			return rc;
		f->filling = &f->block[slot];
		f->filling->n_records = f->filling->n_responses = 0;
		f->filling->n_flows = f->filling->n_clock_pairs = 0;
	}
	*block = f->filling;
	return 0;
}

static void give_block(struct ws_feed *f)
{
	if (f->filling)
		ws_relay_give(&f->relay);
	f->filling = NULL;
}

/* Notes that the flow is new in the block. */
static int add_flow(struct block *b, const struct ws_flow_key *key)
{
	if (b->n_flows == b->cap_flows) {
		uint32_t cap = b->cap_flows ? 2 * b->cap_flows : 64;
		struct ws_flow_key *grown = realloc(b->flow, cap * sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		b->flow = grown;
		b->cap_flows = cap;
	}
	b->flow[b->n_flows++] = *key;
	return 0;
}

int ws_feed_record(struct ws_feed *f, const struct ws_record *r)
{
	struct ws_flow_key key;
	struct block *b;
	int64_t n;
	int rc = take_block(f, &b);

	if (rc)
		return rc;
	ws_flow_key_of(r, &key);
	n = ws_flows_number(f->flows, &key);
	if (n < 0)
		return (int)n;
	if (n == f->n_flows) {
		rc = add_flow(b, &key);
		if (rc)
			return rc;
		f->n_flows++;
	}
	b->record[b->n_records] = *r;
	b->flow_id[b->n_records++] = n;
	if (r->reason == WS_REASON_HTTP_RESPONSE) {
		b->n_responses++;
		f->counts.n_responses++;
	} else {
		f->counts.n_requests++;
		f->counts.n_contexts += r->reason == WS_REASON_CONTEXT;
	}
	if (b->n_records == RECORDS_MAX)
		give_block(f);
	return 0;
}

int ws_feed_clock_pair(struct ws_feed *f, uint64_t monotonic_ns, uint64_t realtime_ns)
{
	struct block *b;
	int rc = take_block(f, &b);

	if (rc)
		return rc;
	b->clock_pair[b->n_clock_pairs++] = (struct clock_pair) { monotonic_ns, realtime_ns };
	if (b->n_clock_pairs == CLOCK_PAIRS_MAX)
		give_block(f);
	return 0;
}

static void *read_file(void *context)
{
	struct ws_feed *f = context;

	f->rc = f->read(f->context, f, &f->err);
	if (f->rc == 0)
		give_block(f);
	ws_relay_end(&f->relay);
	return NULL;
}

/* first_flow_id: of the file's flows; *next_flow_id: of those that come. */
static int insert_block(struct ws_database *db, struct block *b, int64_t first_flow_id, int64_t *next_flow_id,
			struct ws_error *err)
{
	int rc = 0;

	for (uint32_t i = 0; rc == 0 && i < b->n_flows; i++)
		rc = ws_database_add_flow(db, &b->flow[i], (*next_flow_id)++, err);
	for (uint32_t i = 0; rc == 0 && i < b->n_clock_pairs; i++)
		rc = ws_database_add_clock_pair(db, b->clock_pair[i].monotonic_ns, b->clock_pair[i].realtime_ns, err);
	for (uint32_t i = 0; i < b->n_records; i++)
		b->flow_id[i] += first_flow_id;
	return rc ? rc : ws_database_add_records(db, b->record, b->flow_id, b->n_records, b->n_responses, err);
}

/* Inserts blocks until there are no more, or one cannot be. */
static int insert_all(struct ws_database *db, struct ws_feed *f, struct ws_error *err)
{
	int64_t first_flow_id, next_flow_id;
	int rc = ws_database_next_flow_id(db, &first_flow_id, err);
	uint32_t slot;

	if (rc)
		return rc;
	next_flow_id = first_flow_id;
	while (rc == 0 && ws_relay_wait_full(&f->relay, &slot)) {
		rc = insert_block(db, &f->block[slot], first_flow_id, &next_flow_id, err);
		ws_relay_return(&f->relay);
	}
	return rc;
}

static void end_reading(struct ws_feed *f, bool wants_more)
{
	if (!f->is_reading)
		return;
	if (!wants_more)
		ws_relay_stop(&f->relay);
	pthread_join(f->thread, NULL);
	f->is_reading = false;
}

static void free_feed(struct ws_feed *f)
{
	for (uint32_t i = 0; i < N_BLOCKS; i++) {
		free(f->block[i].record);
		free(f->block[i].flow_id);
		free(f->block[i].flow);
	}
	ws_flows_free(f->flows);
	free(f);
}

static struct ws_feed *new_feed(void)
{
	struct ws_feed *f = calloc(1, sizeof(*f));
	bool is_whole = f;

	for (uint32_t i = 0; is_whole && i < N_BLOCKS; i++) {
		f->block[i].record = malloc(RECORDS_MAX * sizeof(*f->block[i].record));
		f->block[i].flow_id = malloc(RECORDS_MAX * sizeof(*f->block[i].flow_id));
		is_whole = f->block[i].record && f->block[i].flow_id;
	}
	is_whole = is_whole && (f->flows = ws_flows_new());
	if (is_whole)
		return f;
	if (f)
		free_feed(f);
	return NULL;
}

int ws_feed_open(ws_feed_read *read, void *context, struct ws_feed **feed, struct ws_error *err)
{
	struct ws_feed *f = new_feed();
	int code;

	if (!f || ws_relay_init(&f->relay, N_BLOCKS)) {
		if (f)
			free_feed(f);
		return ws_error(err, -ENOMEM, "out of memory");
	}
	f->read = read;
	f->context = context;
	code = pthread_create(&f->thread, NULL, read_file, f);
	f->is_reading = code == 0;
	if (code) {
		ws_feed_close(f);
		return ws_error(err, -code, "cannot start a thread: %s", ws_thread_words(code));
	}
	*feed = f;
	return 0;
}

int ws_feed_insert(struct ws_feed *f, struct ws_database *db, struct ws_feed_counts *counts, struct ws_error *err)
{
	int rc = insert_all(db, f, err);

	end_reading(f, rc == 0);
	if (rc == 0 && f->rc)
		rc = ws_error(err, f->rc, "%s", f->err.text);
	if (rc == 0)
		*counts = f->counts;
	return rc;
}

void ws_feed_close(struct ws_feed *f)
{
	if (!f)
		return;
	end_reading(f, false);
	ws_relay_destroy(&f->relay);
	free_feed(f);
}

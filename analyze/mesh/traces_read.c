/* SPDX-License-Identifier: BSD-2-Clause */
/* traces_read - see traces.h and traces_inner.h: from the rows of a run to its passages in order. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/mesh/far_passages.h"
#include "analyze/mesh/traces_inner.h"
#include "analyze/ns.h"
#include "analyze/radix.h"

/* Rows of a part come behind those of the part before. */
#define PART_ROWS (UINT64_C(1) << 48)

/* What is to be known of a file, by its place in the catalog. */
struct place {
	uint32_t point;
	uint32_t taken; /* which of the run's files */
	int64_t offset_ns;
	bool is_elsewhere; /* neither NIC nor vport */
	bool has_responses;
};

/* One a thread, each in cache lines of its own. */
struct reader {
	_Alignas(64) struct reading *reading;
	uint32_t number;
	uint64_t n_rows;
	uint64_t n_elsewhere;
	uint64_t n_requests;  /* into calls */
	uint64_t *n_contexts; /* by file */
	int rc;
};

struct reading {
	struct ws_traces *traces;
	const struct ws_atlas *atlas;
	struct ws_atlas_run *run;
	struct place *place; /* by file of the catalog, as is_taken */
	bool *is_taken;
	uint32_t n_files;
	struct reader reader[WS_COLLECT_PARTS_MAX];
	uint32_t n;
};

/* How contacts and members compare alike: in the order of identities, of which a response has none. */
static int compare_facts(const struct ws_trace_facts *a, const struct ws_trace_facts *b, int by_ids)
{
	if (a->seq != b->seq)
		return a->seq < b->seq ? -1 : 1;
	if (a->kind != b->kind)
		return a->kind == WS_PASSAGE_RESPONSE ? -1 : 1;
	if (a->kind == WS_PASSAGE_REQUEST && by_ids)
		return by_ids;
	if (a->kind == WS_PASSAGE_REQUEST && a->trace_id_len != b->trace_id_len)
		return a->trace_id_len < b->trace_id_len ? -1 : 1;
	return (a->row > b->row) - (a->row < b->row);
}

int ws_trace_contact_compare(const void *a, const void *b)
{
	const struct ws_trace_contact *left = a, *right = b;
	int by_ids = memcmp(left->trace_id, right->trace_id, sizeof(left->trace_id));

	by_ids = by_ids ? by_ids : memcmp(left->span_id, right->span_id, sizeof(left->span_id));
	return compare_facts(&left->facts, &right->facts, by_ids);
}

int ws_trace_member_compare(const void *a, const void *b)
{
	const struct ws_trace_member *left = a, *right = b;

	if (left->realtime_ns != right->realtime_ns)
		return left->realtime_ns < right->realtime_ns ? -1 : 1;
	if (left->point != right->point)
		return left->point < right->point ? -1 : 1;
	return compare_facts(&left->facts, &right->facts, memcmp(left->span_id, right->span_id, sizeof(left->span_id)));
}

static int begin_reader(void *context, void **writer)
{
	struct reading *reading = context;
	struct reader *reader = &reading->reader[reading->n];

	reader->reading = reading;
	reader->number = reading->n++;
	reader->n_contexts = calloc((size_t)reading->n_files + 1, sizeof(*reader->n_contexts));
	*writer = reader;
	return reader->n_contexts ? 0 : -ENOMEM;
}

static struct ws_sort_key contact_key(uint32_t point, uint32_t tuple, int64_t realtime_ns)
{
	return (struct ws_sort_key) { (uint64_t)point << 32 | tuple, ws_radix_bias(realtime_ns) };
}

static int put_contact(struct reader *reader, const struct place *place, const struct ws_sighting *s,
		       const struct ws_trace_facts *facts, int64_t realtime_ns)
{
	struct ws_trace_contact contact = { .key = contact_key(place->point, s->tuple, realtime_ns), .facts = *facts };

	memcpy(contact.trace_id, s->identity.trace_id, sizeof(contact.trace_id));
	memcpy(contact.span_id, s->identity.span_id, sizeof(contact.span_id));
	return ws_sorter_put(reader->reading->traces->contacts, reader->number, &contact);
}

static int put_member(struct reader *reader, const struct place *place, const struct ws_sighting *s,
		      const struct ws_trace_facts *facts, int64_t realtime_ns)
{
	struct ws_trace_member member = {
		.facts = *facts,
		.realtime_ns = realtime_ns,
		.tuple = s->tuple,
		.point = place->point,
	};

	member.key = ws_trace_key(s->identity.trace_id);
	memcpy(member.span_id, s->identity.span_id, sizeof(member.span_id));
	return ws_sorter_put(reader->reading->traces->members, reader->number, &member);
}

/* A sink's: a request, by the thread of its part. */
static int take_request(void *writer, const struct ws_sighting *s, const struct ws_place *unused)
{
	struct reader *reader = writer;
	const struct place *place = &reader->reading->place[s->file];
	int64_t realtime_ns = ws_ns_plus(s->ts_ns, place->offset_ns);
	struct ws_trace_facts facts = {
		.row = reader->number * PART_ROWS + reader->n_rows++,
		.seq = s->identity.seq,
		.of_seq = s->identity.seq,
		.kind = WS_PASSAGE_REQUEST,
		.direction = s->direction,
		.family = s->family,
		.trace_id_len = (uint8_t)s->identity.trace_id_len,
	};

	(void)unused;
	if (s->reason != WS_REASON_CONTEXT)
		return 0;
	reader->n_contexts[s->file]++;
	if (place->is_elsewhere)
		reader->n_elsewhere++;
	else
		reader->n_requests++;
	if (place->has_responses)
		reader->rc = put_contact(reader, place, s, &facts, realtime_ns);
	else if (!place->is_elsewhere)
		reader->rc = put_member(reader, place, s, &facts, realtime_ns);
	return reader->rc;
}

static int put_response(struct ws_traces *traces, const struct ws_passage *passage, uint64_t row)
{
	struct ws_trace_contact contact = {
		.key = contact_key(passage->point, passage->tuple, passage->realtime_ns),
		.facts = {
			.row = row,
			.seq = passage->identity.seq,
			.of_seq = passage->ack,
			.status = passage->status,
			.kind = WS_PASSAGE_RESPONSE,
			.direction = passage->direction,
		},
	};

	if (passage->tuple == UINT32_MAX)
		traces->n_strange++;
	else
		traces->rc = ws_sorter_put(traces->contacts, 0, &contact);
	return traces->rc;
}

static int take_response(void *context, const struct ws_passage *passage)
{
	struct ws_traces *traces = context;

	return put_response(traces, passage, traces->n_responses++);
}

/* From a store. */
static int take_far_request(void *context, const struct ws_sighting *s)
{
	struct reading *reading = context;

	return take_request(&reading->reader[0], s, NULL);
}

static int take_far_response(void *context, const struct ws_far_response *response)
{
	struct reading *reading = context;
	struct ws_atlas_run *run = reading->run;
	const struct place *place = &reading->place[response->file];
	const struct ws_passage passage = {
		.identity.seq = response->seq,
		.realtime_ns = ws_ns_plus(response->ts_ns, place->offset_ns),
		.tuple = ws_atlas_reversed(reading->atlas, run, response->tuple),
		.ack = response->ack,
		.point = place->point,
		.status = response->status,
		.direction = response->direction,
	};

	run->file[place->taken].n_responses++;
	return put_response(reading->traces, &passage, response->row);
}

/* Were there as many requests with a context as each file is said to have? */
static int check_counts(const struct reading *reading, const struct ws_atlas_run *run, struct ws_error *err)
{
	for (uint32_t i = 0; i < reading->n_files; i++) {
		const struct ws_file *file = &run->catalog.file[i];
		uint64_t n = 0;

		for (uint32_t k = 0; k < reading->n; k++)
			n += reading->reader[k].n_contexts[i];
		if (reading->is_taken[i] && n != file->n_contexts)
			return ws_error(err, -EPROTO,
					"%s: holds another number of requests with a context than %s has: it is "
					"damaged: remove it and run ingest again",
					ws_store_path(run->store), file->path);
	}
	return 0;
}

/* What is to be known of the catalog's files. */
static int find_places(struct reading *reading, struct ws_error *err)
{
	const struct ws_atlas_run *run = reading->run;
	const size_t n = (size_t)reading->n_files + 1;

	reading->place = calloc(n, sizeof(*reading->place));
	reading->is_taken = calloc(n, sizeof(*reading->is_taken));
	if (!reading->place || !reading->is_taken)
		return ws_error(err, -ENOMEM, "out of memory");
	for (uint32_t i = 0; i < run->n_files; i++) {
		const struct ws_atlas_file *file = &run->file[i];
		const struct ws_atlas_point *point = &reading->atlas->point[file->point];
		uint32_t at = (uint32_t)(file->file - run->catalog.file);

		reading->is_taken[at] = true;
		reading->place[at] = (struct place) {
			.point = file->point,
			.offset_ns = file->offset_ns,
			.taken = i,
			.is_elsewhere = point->role == WS_ROLE_OTHER,
			.has_responses = point->has_responses,
		};
	}
	return 0;
}

/* Requests as rows: all, or those that are left. */
static int read_requests(struct reading *reading, struct ws_tuples *tuples, struct ws_error *err)
{
	const struct ws_collect_sink sink = { reading, begin_reader, take_request };
	struct ws_atlas_run *run = reading->run;

	return ws_collect_rows(run->store, &run->catalog, reading->is_taken, false, tuples, &sink, err);
}

/* From a store: what is packed where it lies. *left: what remains to be read as rows. */
static int read_packed(struct reading *reading, enum ws_far_left *left, struct ws_error *err)
{
	const size_t n = (size_t)reading->n_files + 1;
	bool *wanted = calloc(n, sizeof(*wanted));
	int64_t *offset_ns = calloc(n, sizeof(*offset_ns));
	struct ws_far_passages passages = {
		.far = ws_store_far(reading->run->store),
		.catalog = &reading->run->catalog,
		.roster = &reading->run->roster,
		.wanted_requests = wanted,
		.wanted_responses = reading->is_taken,
		.offset_ns = offset_ns,
		.request = take_far_request,
		.response = take_far_response,
		.context = reading,
	};
	struct ws_far_counts counts = { 0 };
	void *writer;
	int rc = !wanted || !offset_ns || begin_reader(reading, &writer) ? ws_error(err, -ENOMEM, "out of memory") : 0;

	for (uint32_t f = 0; f < reading->n_files && !rc; f++) {
		/* the others are only counted */
		wanted[f] = reading->is_taken[f] &&
			    (!reading->place[f].is_elsewhere || reading->place[f].has_responses);
		offset_ns[f] = reading->place[f].offset_ns;
	}
	rc = rc ? rc : ws_atlas_open_reversed(reading->atlas, reading->run, err);
	rc = rc ? rc : ws_far_passages(&passages, &counts, left, err);
	for (uint32_t f = 0; f < reading->n_files && !rc && *left != WS_FAR_LEFT_ALL; f++) {
		if (reading->is_taken[f] && !wanted[f]) {
			reading->reader[0].n_contexts[f] += counts.file[f].n_contexts;
			reading->reader[0].n_elsewhere += counts.file[f].n_contexts;
		}
	}
	ws_far_counts_close(&counts);
	free(wanted);
	free(offset_ns);
	return rc;
}

static int read_all(struct reading *reading, struct ws_atlas *atlas, struct ws_error *err)
{
	const struct ws_passage_sink sink = { reading->traces, take_response };
	struct ws_atlas_run *run = reading->run;
	enum ws_far_left left = WS_FAR_LEFT_ALL;
	int rc = find_places(reading, err);

	if (!rc && ws_store_far(run->store))
		rc = read_packed(reading, &left, err);
	if (!rc && left != WS_FAR_LEFT_NONE)
		rc = read_requests(reading, &atlas->tuples, err);
	rc = rc ? rc : check_counts(reading, run, err);
	if (rc)
		return rc;
	return left == WS_FAR_LEFT_ALL ? ws_atlas_read_responses(atlas, run, &sink, err)
				       : ws_atlas_check_responses(run, err);
}

int ws_traces_read(struct ws_traces *traces, struct ws_atlas *atlas, struct ws_atlas_run *run, struct ws_error *err)
{
	struct reading reading = { .traces = traces, .atlas = atlas, .run = run, .n_files = run->catalog.n_files };
	int rc = read_all(&reading, atlas, err);

	for (uint32_t i = 0; i < reading.n; i++) {
		if (rc && reading.reader[i].rc == rc)
			ws_traces_complain(rc, err);
		traces->n_elsewhere += reading.reader[i].n_elsewhere;
		traces->n_requests += reading.reader[i].n_requests;
		free(reading.reader[i].n_contexts);
	}
	if (traces->rc)
		ws_traces_complain(traces->rc, err);
	free(reading.place);
	free(reading.is_taken);
	return rc;
}

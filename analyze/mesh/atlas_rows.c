/* SPDX-License-Identifier: BSD-2-Clause */
/* atlas_rows - see atlas.h and atlas_inner.h: the requests and responses of a run. */
#include <errno.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/far.h"
#include "analyze/mesh/atlas_inner.h"
#include "analyze/mesh/far_windows.h"
#include "analyze/query.h"

#define PASSAGES_MAX (UINT32_C(1) << 31)

struct reading {
	struct ws_atlas *atlas;
	struct ws_atlas_run *run;
	const struct ws_passage_sink *sink;
};

void ws_trace_forms(const uint8_t *trace_id, uint32_t len, struct ws_trace_forms *forms)
{
	static const uint8_t zero[8];

	*forms = (struct ws_trace_forms) { .len = { len }, .n = 1 };
	memcpy(forms->bytes[0], trace_id, len);
	if (len == 8) {
		memcpy(forms->bytes[1] + 8, trace_id, 8);
		forms->len[forms->n++] = 16;
	} else if (!memcmp(trace_id, zero, sizeof(zero))) {
		memcpy(forms->bytes[1], trace_id + 8, 8);
		forms->len[forms->n++] = 8;
	}
}

bool ws_atlas_has_trace(const struct ws_atlas *atlas, const struct ws_identity *identity)
{
	struct ws_trace_forms forms;

	if (!atlas->trace_id_len)
		return true;
	ws_trace_forms(atlas->trace_id, atlas->trace_id_len, &forms);
	for (uint32_t i = 0; i < forms.n; i++) {
		if (identity->trace_id_len == forms.len[i] && !memcmp(identity->trace_id, forms.bytes[i], forms.len[i]))
			return true;
	}
	return false;
}

/* The file of that id among those that are taken, or NULL. */
static struct ws_atlas_file *file_of(const struct ws_atlas_run *run, int64_t file_id)
{
	for (uint32_t i = 0; i < run->n_files; i++) {
		if (run->file[i].file_id == file_id)
			return &run->file[i];
	}
	return NULL;
}

/* A sink's: puts the passage into the atlas, if its connection carried the trace. */
static int add(void *context, const struct ws_passage *passage)
{
	struct reading *reading = context;
	struct ws_atlas *atlas = reading->atlas;
	struct ws_atlas_run *run = reading->run;

	if (passage->tuple == UINT32_MAX || !run->of_trace[passage->tuple])
		return 0;
	if (atlas->n_passages >= run->passage_room) {
		uint64_t room = atlas->n_passages < 512 ? 1024 : 2 * (uint64_t)atlas->n_passages;
		struct ws_passage *grown;

		if (room > PASSAGES_MAX)
			return -EOVERFLOW;
		grown = realloc(atlas->passage, room * sizeof(*grown));
		if (!grown)
			return -ENOMEM;
		atlas->passage = grown;
		run->passage_room = (uint32_t)room;
	}
	atlas->passage[atlas->n_passages++] = *passage;
	return 0;
}

static int read_ids(sqlite3_stmt *row, struct ws_passage *passage)
{
	int trace_len = sqlite3_column_bytes(row, 7);

	if ((trace_len != 8 && trace_len != 16) || ws_query_bytes(row, 8, passage->identity.span_id, 8))
		return -EPROTO;
	memcpy(passage->identity.trace_id, sqlite3_column_blob(row, 7), (size_t)trace_len);
	passage->identity.trace_id_len = (uint32_t)trace_len;
	passage->has_parent = sqlite3_column_type(row, 9) != SQLITE_NULL;
	if (passage->has_parent && ws_query_bytes(row, 9, passage->parent_span_id, 8))
		return -EPROTO;
	ws_identity_settle(&passage->identity, passage->family);
	return 0;
}

/* What requests and responses have in common: columns 0 to 5. *taken: is it of a file, and of a flow, that counts? */
static int read_common(struct reading *reading, sqlite3_stmt *row, struct ws_passage *passage, bool *taken)
{
	struct ws_atlas_file *file = file_of(reading->run, sqlite3_column_int64(row, 0));

	for (int i = 0; i < 6; i++)
		if (sqlite3_column_type(row, i) != SQLITE_INTEGER)
			return -EPROTO;
	*taken = file != NULL;
	if (!file)
		return 0;
	if (passage->kind == WS_PASSAGE_RESPONSE)
		file->n_responses++;
	else
		file->n_contexts++;
	passage->tuple = ws_roster_find(&reading->run->roster, sqlite3_column_int64(row, 1));
	if (passage->tuple == UINT32_MAX)
		return -EPROTO;
	passage->ts_ns = sqlite3_column_int64(row, 2);
	passage->realtime_ns = (int64_t)((uint64_t)passage->ts_ns + (uint64_t)file->offset_ns);
	passage->done_ns = passage->realtime_ns;
	passage->identity.seq = (uint32_t)sqlite3_column_int64(row, 3);
	passage->direction = (uint8_t)sqlite3_column_int(row, 4);
	passage->payload_len = (uint32_t)sqlite3_column_int64(row, 5);
	passage->point = file->point;
	return 0;
}

static const char request_query[] =
	"SELECT file_id, flow_id, ts_ns, seq, direction, payload_len, family, trace_id, span_id, parent_span_id,"
	" done_ts_ns FROM request NOT INDEXED WHERE reason = 16";

static int take_request(sqlite3_stmt *row, void *context)
{
	struct reading *reading = context;
	struct ws_passage passage = { .kind = WS_PASSAGE_REQUEST, .family = (uint8_t)sqlite3_column_int(row, 6) };
	bool taken;
	int rc = read_common(reading, row, &passage, &taken);

	if (rc || !taken || !reading->run->of_trace[passage.tuple])
		return rc;
	passage.done_ns = (int64_t)((uint64_t)ws_query_int_or(row, 10, passage.ts_ns) - (uint64_t)passage.ts_ns +
				    (uint64_t)passage.realtime_ns);
	rc = read_ids(row, &passage);
	if (rc)
		return rc;
	/* others tell whose a response is: where there are none, they tell nothing */
	if (!reading->atlas->point[passage.point].has_responses &&
	    !ws_atlas_has_trace(reading->atlas, &passage.identity))
		return 0;
	return add(reading, &passage);
}

uint32_t ws_atlas_reversed(const struct ws_atlas *atlas, struct ws_atlas_run *run, uint32_t tuple)
{
	const struct ws_tuple *there = &atlas->tuples.at[tuple];
	struct ws_tuple back = *there;

	if (run->reversed[tuple] == WS_NOT_LOOKED_UP) {
		memcpy(back.saddr, there->daddr, sizeof(back.saddr));
		memcpy(back.daddr, there->saddr, sizeof(back.daddr));
		back.sport = there->dport;
		back.dport = there->sport;
		run->reversed[tuple] = ws_tuples_find(&atlas->tuples, &back);
	}
	return run->reversed[tuple];
}

int ws_atlas_open_reversed(const struct ws_atlas *atlas, struct ws_atlas_run *run, struct ws_error *err)
{
	if (run->reversed)
		return 0;
	run->reversed = malloc(((size_t)atlas->tuples.n + 1) * sizeof(*run->reversed));
	if (!run->reversed)
		return ws_error(err, -ENOMEM, "out of memory");
	for (uint32_t i = 0; i < atlas->tuples.n; i++)
		run->reversed[i] = WS_NOT_LOOKED_UP;
	return 0;
}

static const char response_query[] = "SELECT file_id, flow_id, ts_ns, seq, direction, payload_len, ack, status"
				     " FROM response NOT INDEXED";

static int take_response(sqlite3_stmt *row, void *context)
{
	struct reading *reading = context;
	struct ws_passage passage = {
		.kind = WS_PASSAGE_RESPONSE,
		.ack = (uint32_t)sqlite3_column_int64(row, 6),
		.status = (uint16_t)sqlite3_column_int(row, 7),
	};
	bool taken;
	int rc = read_common(reading, row, &passage, &taken);

	if (rc || !taken)
		return rc;
	passage.tuple = ws_atlas_reversed(reading->atlas, reading->run, passage.tuple);
	return reading->sink->take(reading->sink->context, &passage);
}

static int take_tuple_of_trace(sqlite3_stmt *row, void *context)
{
	struct reading *reading = context;
	uint32_t tuple = ws_roster_find(&reading->run->roster, sqlite3_column_int64(row, 0));

	if (tuple == UINT32_MAX)
		return -EPROTO;
	reading->run->of_trace[tuple] = true;
	return 0;
}

/* Finds tuples of requests of which something is these bytes. */
static int find_tuples(struct reading *reading, const char *what, const char *hex, struct ws_error *err)
{
	char query[160];

	snprintf(query, sizeof(query), "SELECT DISTINCT flow_id FROM request WHERE reason = 16 AND %s = x'%s'", what,
		 hex);
	return ws_query_each(reading->run->store, query, 0, "its requests", take_tuple_of_trace, reading, err);
}

/*
 * Finds the tuples on which the trace went. All requests on them are read: they tell whose a response is. A Datadog
 * id's upper half is not part of the identity.
 */
static int find_trace(struct reading *reading, struct ws_error *err)
{
	struct ws_atlas *atlas = reading->atlas;
	struct ws_trace_forms forms;
	int rc = 0;

	reading->run->of_trace = calloc((size_t)atlas->tuples.n + 1, sizeof(bool));
	if (!reading->run->of_trace)
		return ws_error(err, -ENOMEM, "out of memory");
	ws_trace_forms(atlas->trace_id, atlas->trace_id_len, &forms);
	for (uint32_t i = 0; i < forms.n && !rc; i++) {
		char hex[33];

		for (uint32_t k = 0; k < forms.len[i]; k++)
			snprintf(hex + (size_t)2 * k, 3, "%02x", forms.bytes[i][k]);
		rc = find_tuples(reading, "trace_id", hex, err);
		if (!rc && forms.len[i] == 8)
			rc = find_tuples(reading, "family = 5 AND substr(trace_id, -8)", hex, err);
	}
	return rc;
}

/* Were there as many rows of each file as it is said to have? A damaged database may lose them without a word. */
static int complain_of_counts(const struct ws_atlas_run *run, const struct ws_file *file, struct ws_error *err)
{
	return ws_error(err, -EPROTO,
			"%s: holds other numbers of requests with a context or of responses than %s has: it is "
			"damaged: remove it and run ingest again",
			ws_store_path(run->store), file->path);
}

int ws_atlas_check_responses(const struct ws_atlas_run *run, struct ws_error *err)
{
	int rc = 0;

	for (uint32_t i = 0; i < run->n_files && !rc; i++) {
		if (run->file[i].n_responses != run->file[i].file->n_responses)
			rc = complain_of_counts(run, run->file[i].file, err);
	}
	return rc;
}

/* Are the rows only some of those that the files have? Who has asked for that has counted all of them. */
static bool is_restricted(const struct ws_atlas_run *run)
{
	return ws_store_far(run->store) && ws_far_is_restricted(ws_store_far(run->store));
}

int ws_atlas_read_responses(struct ws_atlas *atlas, struct ws_atlas_run *run, const struct ws_passage_sink *sink,
			    struct ws_error *err)
{
	struct reading reading = { atlas, run, sink };
	int rc = ws_atlas_open_reversed(atlas, run, err);

	rc = rc ? rc : ws_query_each(run->store, response_query, 0, "its responses", take_response, &reading, err);
	return rc || is_restricted(run) ? rc : ws_atlas_check_responses(run, err);
}

int ws_atlas_read_passages(struct ws_atlas *atlas, struct ws_atlas_run *run, struct ws_error *err)
{
	struct reading reading = { .atlas = atlas, .run = run };
	const struct ws_passage_sink sink = { &reading, add };
	int rc = ws_store_far(run->store) ? ws_far_windows(atlas, run, err) : 0;

	run->passage_room = atlas->n_passages; /* what there is more is not known: it grows anew */
	rc = rc ? rc : find_trace(&reading, err);
	rc = rc ? rc : ws_query_each(run->store, request_query, 0, "its requests", take_request, &reading, err);
	for (uint32_t i = 0; i < run->n_files && !rc && !is_restricted(run); i++) {
		if (run->file[i].n_contexts != run->file[i].file->n_contexts)
			rc = complain_of_counts(run, run->file[i].file, err);
	}
	return rc ? rc : ws_atlas_read_responses(atlas, run, &sink, err);
}

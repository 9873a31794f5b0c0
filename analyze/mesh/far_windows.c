/* SPDX-License-Identifier: BSD-2-Clause */
/* far_windows - see far_windows.h. */
#include "analyze/mesh/far_windows.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/far.h"
#include "analyze/mesh/far_trace.h"
#include "lib/clickhouse/result.h"
#include "lib/text_stream.h"

/* Of more requests, or of more flows of one connection, the queries would be too long: a server takes 256 KB. */
#define WINDOWS_MAX 50
#define QUERY_MAX   150000

/* From a request of the trace's to the next one on its connection, as one file saw both. */
struct window {
	int64_t file_id;
	int64_t flow_id;
	int64_t from_ns;
	int64_t until_ns; /* INT64_MAX: there is no next one */
	uint32_t seq;
	uint32_t next_seq;
	uint32_t tuple;
};

struct windows {
	const struct ws_atlas *atlas;
	struct ws_atlas_run *run;
	const char *condition; /* of the run's rows */
	struct window at[WINDOWS_MAX];
	uint32_t n;
};

/* file_id, and flow_id of the window's connection: as requests went, or the other way round. */
static void put_connection(const struct windows *windows, const struct window *window, bool is_back, FILE *out)
{
	const struct ws_roster *roster = &windows->run->roster;

	fprintf(out, "file_id = %" PRId64 " AND flow_id IN (", window->file_id);
	for (uint32_t i = 0; i < roster->n; i++) {
		uint32_t tuple = roster->entry[i].tuple;

		if (is_back)
			tuple = ws_atlas_reversed(windows->atlas, windows->run, tuple);
		if (tuple == window->tuple)
			fprintf(out, "%" PRId64 ", ", roster->entry[i].flow_id);
	}
	fputs("-1)", out); /* no flow has this number */
}

/* The first requests behind the windows' own: of each, whether there is one, when, and its seq. */
static void put_next(const void *context, FILE *out)
{
	const struct windows *windows = context;
	static const char *const what[] = { "toInt64(countIf(", ", toInt64(minIf(ts_ns, ",
					    ", toInt64(argMinIf(seq, ts_ns, " };

	for (uint32_t i = 0; i < windows->n; i++) {
		for (int k = 0; k < 3; k++) {
			fputs(i && !k ? ", " : "", out);
			fputs(what[k], out);
			put_connection(windows, &windows->at[i], false, out);
			fprintf(out, " AND ts_ns > %" PRId64 "))", windows->at[i].from_ns);
		}
	}
	fprintf(out, " FROM request WHERE %s AND reason = 16", windows->condition);
}

/* Responses behind a window that may be of its request all the same. */
static void put_late(const void *context, FILE *out)
{
	const struct windows *windows = context;

	fputs("SELECT toInt64(countIf(0", out);
	for (uint32_t i = 0; i < windows->n; i++) {
		const struct window *window = &windows->at[i];

		if (window->until_ns == INT64_MAX)
			continue;
		fputs(" OR (", out);
		put_connection(windows, window, true, out);
		fprintf(out,
			" AND ts_ns > %" PRId64 " AND toUInt32(toInt64(ack) - %" PRIu32 ") BETWEEN 1 AND %" PRIu32 ")",
			window->until_ns, window->seq, window->next_seq - window->seq);
	}
	fprintf(out, ")) FROM response WHERE %s", windows->condition);
}

static void put_windows(const struct windows *windows, bool is_back, FILE *out)
{
	fputs("0", out);
	for (uint32_t i = 0; i < windows->n; i++) {
		const struct window *window = &windows->at[i];

		fputs(" OR (", out);
		put_connection(windows, window, is_back, out);
		fprintf(out, " AND ts_ns >= %" PRId64 " AND ts_ns <= %" PRId64 ")", window->from_ns, window->until_ns);
	}
}

static void put_requests(const void *context, FILE *out)
{
	const struct windows *windows = context;

	fputs("NOT (", out);
	ws_far_put_files(windows->run, true, out);
	fputs(") OR ", out);
	put_windows(windows, false, out);
}

static void put_responses(const void *context, FILE *out)
{
	const struct windows *windows = context;

	put_windows(windows, true, out);
}

/* The trace's requests; of one more than WINDOWS_MAX. */
static void put_own(const void *context, FILE *out)
{
	const struct windows *windows = context;

	fprintf(out, "toInt64(file_id), flow_id, ts_ns, toUInt32(seq) FROM request WHERE %s AND reason = 16 AND ",
		windows->condition);
	ws_far_put_files(windows->run, true, out);
	fputs(" AND ", out);
	ws_far_put_is_of_trace(windows->atlas, out);
	fprintf(out, " LIMIT %d", WINDOWS_MAX + 1);
}

/* Opens the rows of a query; none, if it is too long. */
static int open_rows(const struct windows *windows, void (*put)(const void *windows, FILE *out), const uint8_t *kind,
		     uint32_t n_kinds, struct ws_result **result, struct ws_error *err)
{
	char *query = ws_text_written(put, windows);
	int rc = query ? 0 : ws_error(err, -ENOMEM, "out of memory");

	if (!rc && strlen(query) <= QUERY_MAX)
		rc = ws_result_open(ws_far_client(ws_store_far(windows->run->store)), query, kind, n_kinds, result,
				    err);
	free(query);
	return rc;
}

/* Windows without ends. *are_few: are they all? */
static int find_beginnings(struct windows *windows, bool *are_few, struct ws_error *err)
{
	static const uint8_t kind[] = { WS_KIND_I64, WS_KIND_I64, WS_KIND_I64, WS_KIND_U32 };
	struct ws_result *result = NULL;
	const struct ws_value *row;
	int status = 0, rc = open_rows(windows, put_own, kind, sizeof(kind), &result, err);

	*are_few = result != NULL;
	while (!rc && *are_few && (status = ws_result_next(result, &row, err)) > 0) {
		struct window window = {
			.file_id = row[0].integer,
			.flow_id = row[1].integer,
			.from_ns = row[2].integer,
			.until_ns = INT64_MAX,
			.seq = (uint32_t)row[3].integer,
			.tuple = ws_roster_find(&windows->run->roster, row[1].integer),
		};

		*are_few = windows->n < WINDOWS_MAX && window.tuple != UINT32_MAX;
		if (*are_few)
			windows->at[windows->n++] = window;
	}
	ws_result_close(result);
	return rc || status > 0 ? rc : status;
}

/* Takes the row of put_next(). Is none of the next requests before its window's own in the stream? */
static bool take_ends(struct windows *windows, const struct ws_value *row)
{
	bool are_plain = true;

	for (uint32_t i = 0; i < windows->n; i++, row += 3) {
		struct window *window = &windows->at[i];

		if (!row[0].integer)
			continue;
		window->until_ns = row[1].integer;
		window->next_seq = (uint32_t)row[2].integer;
		are_plain &= (int32_t)(window->next_seq - window->seq) >= 0;
	}
	return are_plain;
}

/* Their ends. *are_plain: as take_ends(). */
static int find_ends(struct windows *windows, bool *are_plain, struct ws_error *err)
{
	uint8_t kind[3 * WINDOWS_MAX];
	struct ws_result *result = NULL;
	const struct ws_value *row;
	int status = 0, rc;

	memset(kind, WS_KIND_I64, sizeof(kind));
	rc = open_rows(windows, put_next, kind, 3 * windows->n, &result, err);
	*are_plain = result != NULL;
	/* there is one; what comes behind it may be an error */
	while (result && (status = ws_result_next(result, &row, err)) > 0)
		*are_plain &= take_ends(windows, row);
	ws_result_close(result);
	return rc ? rc : status;
}

/* Is nothing behind a window that may belong into it? */
static int count_late(const struct windows *windows, bool *are_plain, struct ws_error *err)
{
	char *query = ws_text_written(put_late, windows);
	int64_t n = 0;
	int rc = query ? ws_client_number(ws_far_client(ws_store_far(windows->run->store)), query, &n, err)
		       : ws_error(err, -ENOMEM, "out of memory");

	*are_plain &= !n;
	free(query);
	return rc;
}

static int narrow(const struct windows *windows, struct ws_error *err)
{
	struct ws_far *far = ws_store_far(windows->run->store);
	char *requests = ws_text_written(put_requests, windows), *responses = ws_text_written(put_responses, windows);
	int rc = requests && responses ? 0 : -ENOMEM;

	rc = rc ? rc : ws_far_narrow(far, WS_TABLE_REQUEST, requests);
	rc = rc ? rc : ws_far_narrow(far, WS_TABLE_RESPONSE, responses);
	free(requests);
	free(responses);
	return rc ? ws_error(err, rc, "out of memory") : 0;
}

static bool has_responses(const struct ws_atlas_run *run)
{
	bool has = false;

	for (uint32_t i = 0; i < run->n_files; i++)
		has |= run->file[i].file->n_responses > 0;
	return has;
}

int ws_far_windows(const struct ws_atlas *atlas, struct ws_atlas_run *run, struct ws_error *err)
{
	struct windows *windows;
	bool goes = false;
	char *condition;
	int rc;

	if (!ws_far_is_restricted(ws_store_far(run->store)) || !has_responses(run))
		return 0;
	windows = calloc(1, sizeof(*windows));
	condition = ws_far_condition_of(ws_store_far(run->store), NULL, UINT32_MAX);
	rc = windows && condition ? ws_atlas_open_reversed(atlas, run, err) : ws_error(err, -ENOMEM, "out of memory");
	if (!rc) {
		windows->atlas = atlas;
		windows->run = run;
		windows->condition = condition;
		rc = find_beginnings(windows, &goes, err);
	}
	if (!rc && goes && windows->n)
		rc = find_ends(windows, &goes, err);
	if (!rc && goes && windows->n)
		rc = count_late(windows, &goes, err);
	if (!rc && goes)
		rc = narrow(windows, err);
	free(condition);
	free(windows);
	return rc;
}

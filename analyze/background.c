/* SPDX-License-Identifier: BSD-2-Clause */
/* background - see background.h. */
#include "analyze/background.h"

#include <errno.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/overhead/trials_read.h"
#include "analyze/query.h"

/* A status is three digits; what is more cannot be one. */
#define STATUS_MAX 999

/* What is read here, for error texts. */
#define WHAT "its conditions and load logs"

static int take_condition(sqlite3_stmt *row, void *context)
{
	return ws_conditions_set(context, ws_query_text(row, 0), ws_query_text(row, 1));
}

static int take_conditions_hash(sqlite3_stmt *row, void *context)
{
	struct ws_background *background = context;

	free(background->conditions_hash);
	background->conditions_hash = strdup(ws_query_text(row, 0));
	return background->conditions_hash ? 0 : -ENOMEM;
}

static int take_manifest(sqlite3_stmt *row, void *context)
{
	struct ws_background *background = context;

	free(background->manifest_hash);
	free(background->manifest_json);
	background->manifest_hash = strdup(ws_query_text(row, 0));
	background->manifest_json = strdup(ws_query_text(row, 1));
	return background->manifest_hash && background->manifest_json ? 0 : -ENOMEM;
}

/* A row of table load_log. */
struct known_log {
	int64_t load_log_id;
	uint64_t n_requests;
};

/* What a load log is read into. */
struct reading {
	struct ws_background *background;
	struct known_log *log; /* by index of traffic */
	uint64_t room;	       /* of the log that is being read */
};

static int take_log(sqlite3_stmt *row, void *context)
{
	struct reading *reading = context;
	struct ws_background *background = reading->background;
	uint32_t n = background->n_traffic;
	struct ws_traffic *grown = realloc(background->traffic, (n + 1) * sizeof(*grown)), *traffic;
	struct known_log *logs;

	if (!grown)
		return -ENOMEM;
	background->traffic = grown;
	traffic = &grown[n];
	*traffic = (struct ws_traffic) { 0 };
	background->n_traffic++;
	logs = realloc(reading->log, (n + 1) * sizeof(*logs));
	if (!logs)
		return -ENOMEM;
	reading->log = logs;
	logs[n] = (struct known_log) { sqlite3_column_int64(row, 0), (uint64_t)sqlite3_column_int64(row, 6) };
	traffic->path = strdup(ws_query_text(row, 1));
	traffic->content_hash = strdup(ws_query_text(row, 2));
	traffic->format = strdup(ws_query_text(row, 3));
	traffic->complete = sqlite3_column_int(row, 4);
	traffic->resolution_ns = (uint64_t)sqlite3_column_int64(row, 5);
	return traffic->path && traffic->content_hash && traffic->format ? 0 : -ENOMEM;
}

static int grow(struct ws_traffic *traffic, uint64_t room)
{
	int64_t *start = realloc(traffic->start_ns, room * sizeof(*start));
	uint64_t *latency;
	uint16_t *status;

	if (!start)
		return -ENOMEM;
	traffic->start_ns = start;
	latency = realloc(traffic->latency_ns, room * sizeof(*latency));
	if (!latency)
		return -ENOMEM;
	traffic->latency_ns = latency;
	status = realloc(traffic->status, room * sizeof(*status));
	if (!status)
		return -ENOMEM;
	traffic->status = status;
	return 0;
}

static int take_request(sqlite3_stmt *row, void *context)
{
	struct reading *reading = context;
	struct ws_traffic *traffic = &reading->background->traffic[reading->background->n_traffic - 1];
	int64_t latency = sqlite3_column_int64(row, 1), status = sqlite3_column_int64(row, 2);

	for (int i = 0; i < 3; i++)
		if (sqlite3_column_type(row, i) != SQLITE_INTEGER)
			return -EPROTO;
	if (latency < 0 || status < 0 || status > STATUS_MAX)
		return -EPROTO;
	if (traffic->n == reading->room) {
		uint64_t room = reading->room ? 2 * reading->room : 1024;

		if (grow(traffic, room))
			return -ENOMEM;
		reading->room = room;
	}
	traffic->start_ns[traffic->n] = sqlite3_column_int64(row, 0);
	traffic->latency_ns[traffic->n] = (uint64_t)latency;
	traffic->status[traffic->n++] = (uint16_t)status;
	return 0;
}

static int read_logs(struct ws_store *store, struct ws_background *background, struct ws_error *err)
{
	struct reading reading = { .background = background };
	int rc = ws_query_each(store,
			       "SELECT load_log_id, path, content_hash, format, complete, resolution_ns, n_requests"
			       " FROM load_log"
			       " ORDER BY name",
			       0, WHAT, take_log, &reading, err);
	uint32_t n = background->n_traffic;

	/* take_request adds to the last log that counts. */
	for (uint32_t i = 0; i < n && !rc; i++) {
		background->n_traffic = i + 1;
		reading.room = 0;
		rc = ws_query_each(store,
				   "SELECT start_ns, latency_ns, status FROM load_request WHERE load_log_id = ?"
				   " ORDER BY start_ns, request_no",
				   reading.log[i].load_log_id, WHAT, take_request, &reading, err);
		if (!rc && background->traffic[i].n != reading.log[i].n_requests)
			rc = ws_error(err, -EPROTO,
				      "%s: holds %llu requests of %s, which has %llu: it is damaged: remove it and run "
				      "ingest "
				      "again",
				      ws_store_path(store), (unsigned long long)background->traffic[i].n,
				      background->traffic[i].path, (unsigned long long)reading.log[i].n_requests);
	}
	background->n_traffic = n;
	free(reading.log);
	return rc;
}

int ws_background_conditions(struct ws_store *store, struct ws_conditions *conditions, struct ws_error *err)
{
	return ws_query_each(store, "SELECT key, value FROM condition", 0, WHAT, take_condition, conditions, err);
}

int ws_background_open(struct ws_store *store, struct ws_background *background, struct ws_error *err)
{
	struct ws_background made = { 0 };
	int rc = ws_background_conditions(store, &made.conditions, err);

	rc = rc ? rc
		: ws_query_each(store, "SELECT content_hash FROM condition_file", 0, WHAT, take_conditions_hash, &made,
				err);
	rc = rc ? rc
		: ws_query_each(store, "SELECT content_hash, json FROM manifest", 0, WHAT, take_manifest, &made, err);
	rc = rc ? rc : read_logs(store, &made, err);
	rc = rc ? rc : ws_store_trials(store, &made.trials, err);
	if (rc)
		ws_background_close(&made);
	else
		*background = made;
	return rc;
}

void ws_background_close(struct ws_background *background)
{
	if (!background)
		return;
	ws_conditions_close(&background->conditions);
	for (uint32_t i = 0; i < background->n_traffic; i++)
		ws_traffic_close(&background->traffic[i]);
	free(background->traffic);
	ws_trials_close(&background->trials);
	free(background->conditions_hash);
	free(background->manifest_hash);
	free(background->manifest_json);
	*background = (struct ws_background) { 0 };
}

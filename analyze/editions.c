/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * editions - see editions.h. A view of the same name in SQLite's schema "temp" is what a query means; "main" is the
 * file. Each text below makes of a version what the next one has; `git log -p lib/schema.sql` tells what changed.
 */
#include "analyze/editions.h"

#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>

/*
 * Version 1 had no conditions and no load logs.
 */
static const char before_2[] =
	"CREATE TEMP VIEW condition AS SELECT '' AS key, '' AS value WHERE 0;"
	"CREATE TEMP VIEW condition_file AS SELECT '' AS content_hash, '' AS json WHERE 0;"
	"CREATE TEMP VIEW load_log AS SELECT 0 AS load_log_id, '' AS name, '' AS path, '' AS content_hash,"
	" 0 AS size_bytes, '' AS format, '' AS clock, 0 AS resolution_ns, 0 AS n_requests, 0 AS n_unread_lines,"
	" 0 AS complete WHERE 0;"
	"CREATE TEMP VIEW load_request AS SELECT 0 AS load_log_id, 0 AS start_ns, 0 AS request_no, 0 AS latency_ns,"
	" 0 AS status, 0 AS n_bytes_in, '' AS error WHERE 0;";

/*
 * Versions 1 and 2 looked for W3C and B3 only, in HTTP/1 and in the frame in which the request began, and kept of a
 * request the context that they found: it is what records of that time say of it, too (complete_version_1() in
 * lib/recfile_block.c).
 */
static const char before_3[] =
	"CREATE TEMP VIEW family AS SELECT file_id, column1 AS family, column2 AS name"
	" FROM main.file, (VALUES (1, 'w3c'), (2, 'b3'));"
	"CREATE TEMP VIEW request AS SELECT *, 1 AS http_version, iif(reason = 16, 1 << family, 0) AS families,"
	" 0 AS malformed, iif(reason = 16, 1, NULL) AS ctx_segment, iif(reason = 16, 1, NULL) AS ids_end_segment,"
	" iif(reason = 16, ts_ns, NULL) AS done_ts_ns, NULL AS stream_id, 0 AS flaw,"
	" iif(length(trace_id) = 8, 1, 0) AS flags FROM main.request;";

/* Up to version 3 there were no responses and no cluster snapshots. */
static const char before_4[] =
	"CREATE TEMP VIEW point AS SELECT *, NULL AS pod FROM main.point;"
	"CREATE TEMP VIEW response AS SELECT 0 AS response_id, 0 AS file_id, 0 AS flow_id, 0 AS ts_ns, 0 AS seq,"
	" 0 AS ack, 0 AS direction, 0 AS payload_len, 0 AS status WHERE 0;"
	"CREATE TEMP VIEW snapshot AS SELECT 0 AS snapshot_id, '' AS path, '' AS content_hash, 0 AS taken_ns,"
	" '' AS overlay, '' AS mtls, 0 AS n_unread WHERE 0;"
	"CREATE TEMP VIEW owner AS SELECT x'' AS address, '' AS kind, '' AS namespace, '' AS name, '' AS service,"
	" '' AS workload, '' AS node, 0 AS from_ns, 0 AS until_ns WHERE 0;"
	"CREATE TEMP VIEW span AS SELECT x'' AS trace_id, x'' AS span_id, '' AS service, '' AS kind, 0 AS start_ns,"
	" 0 AS duration_ns, '' AS operation, x'' AS parent_span_id, '' AS node, '' AS pod WHERE 0;"
	"CREATE TEMP VIEW dependency AS SELECT '' AS caller, '' AS callee, 0 AS n_calls WHERE 0;"
	"CREATE TEMP VIEW synchronization AS SELECT '' AS node, '' AS method, 0 AS at_ns, 0 AS offset_ns,"
	" 0 AS bound_ns WHERE 0;";

/* What the table of files had less. */
static const char files_before_3[] =
	"CREATE TEMP VIEW file AS SELECT *, 'w3c,b3' AS contexts, 0 AS prefers_list, 0 AS n_responses FROM main.file;";
static const char files_before_4[] = "CREATE TEMP VIEW file AS SELECT *, 0 AS n_responses FROM main.file;";

/* Trials were made for a while before these interrupts were counted. */
static const char uncounted_irq_work[] =
	"CREATE TEMP VIEW overhead_trial AS SELECT *, NULL AS n_irq_work FROM main.overhead_trial;";

/* Is there a table overhead_trial without that column? */
static int lacks_irq_work(sqlite3 *db, bool *lacks)
{
	static const char query[] = "SELECT count(*) > 0 AND sum(name = 'n_irq_work') = 0 FROM"
				    " pragma_table_info('overhead_trial', 'main')";
	sqlite3_stmt *row = NULL;
	int code = sqlite3_prepare_v2(db, query, -1, &row, NULL);

	if (code == SQLITE_OK) {
		code = sqlite3_step(row);
		*lacks = code == SQLITE_ROW && sqlite3_column_int(row, 0);
		code = code == SQLITE_ROW ? SQLITE_OK : code;
	}
	sqlite3_finalize(row);
	return code;
}

int ws_edition_adapt(sqlite3 *db, int version)
{
	const char *const sql[] = {
		version < 2 ? before_2 : NULL,
		version < 3 ? before_3 : NULL,
		version < 3   ? files_before_3
		: version < 4 ? files_before_4
			      : NULL,
		version < 4 ? before_4 : NULL,
	};
	bool lacks = false;
	int code = sqlite3_exec(db, "PRAGMA temp_store = MEMORY", NULL, NULL, NULL);

	for (size_t i = 0; i < sizeof(sql) / sizeof(*sql) && code == SQLITE_OK; i++)
		code = sql[i] ? sqlite3_exec(db, sql[i], NULL, NULL, NULL) : SQLITE_OK;
	if (code == SQLITE_OK)
		code = lacks_irq_work(db, &lacks);
	if (code == SQLITE_OK && lacks)
		code = sqlite3_exec(db, uncounted_irq_work, NULL, NULL, NULL);
	return code;
}

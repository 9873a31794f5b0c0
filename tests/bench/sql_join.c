/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sql_join - what analyze's join is measured against: the same pairs and exact quantiles, by SQL alone.
 *
 *	sql_join RUN.DB
 *
 * RUN.DB is changed: a covering index is added, so give it a copy. A run of make_run: two files, records, requests sent
 * again 200 ms later; that a pair's stamps lie within 100 ms is how SQL is told which sightings belong together - in
 * real traffic nobody could tell it so. Prints the seconds of index, join and sorting, then a line for each direction:
 * name, n, and p50, p90 and p99 in ns, as x(ceil(q n)).
 */
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/bench/measure.h"

static sqlite3 *db;

static void die(void)
{
	fprintf(stderr, "sql_join: %s\n", sqlite3_errmsg(db));
	exit(1);
}

static double execute(const char *sql)
{
	double start = measure_wall();

	if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
		die();
	return measure_wall() - start;
}

static sqlite3_int64 number(const char *sql, int way, sqlite3_int64 at)
{
	sqlite3_stmt *s;
	sqlite3_int64 value;

	if (sqlite3_prepare_v2(db, sql, -1, &s, NULL) != SQLITE_OK)
		die();
	sqlite3_bind_int(s, 1, way);
	sqlite3_bind_int64(s, 2, at);
	if (sqlite3_step(s) != SQLITE_ROW)
		die();
	value = sqlite3_column_int64(s, 0);
	sqlite3_finalize(s);
	return value;
}

int main(int argc, char **argv)
{
	static const char *const name[] = { "", "rx", "tx" };
	static const int percent[] = { 50, 90, 99 };
	double index, join, sort;

	if (argc != 2) {
		fprintf(stderr, "usage: sql_join RUN.DB\n");
		return 2;
	}
	if (sqlite3_open_v2(argv[1], &db, SQLITE_OPEN_READWRITE, NULL) != SQLITE_OK)
		die();
	execute("PRAGMA cache_size = -262144; PRAGMA temp_store = MEMORY; PRAGMA synchronous = OFF");
	index = execute("CREATE INDEX covering ON request (file_id, trace_id, span_id, seq, ts_ns, direction)");
	join = execute("CREATE TEMP TABLE pair AS SELECT n.direction AS way, abs(v.ts_ns - n.ts_ns) AS ns"
		       " FROM request AS n CROSS JOIN request AS v ON v.file_id = (SELECT file_id FROM file JOIN point"
		       "  USING (point_id) WHERE name = 'vport') AND v.trace_id = n.trace_id AND v.span_id = n.span_id"
		       "  AND v.seq = n.seq AND v.ts_ns BETWEEN n.ts_ns - 100000000 AND n.ts_ns + 100000000"
		       " WHERE n.file_id = (SELECT file_id FROM file JOIN point USING (point_id) WHERE name = 'nic')");
	sort = execute("CREATE TEMP TABLE sorted AS SELECT way, ns FROM pair ORDER BY way, ns");
	printf("%.6f %.6f %.6f\n", index, join, sort);
	for (int way = 1; way <= 2; way++) {
		sqlite3_int64 n = number("SELECT count(*) FROM sorted WHERE way = ?", way, 0);
		sqlite3_int64 first = number("SELECT min(rowid) FROM sorted WHERE way = ?", way, 0);

		printf("%s %lld", name[way], (long long)n);
		for (int i = 0; i < 3; i++)
			printf(" %lld", (long long)number("SELECT ns FROM sorted WHERE way = ? AND rowid = ?", way,
							  first + (n * percent[i] + 99) / 100 - 1));
		printf("\n");
	}
	sqlite3_close(db);
	return 0;
}

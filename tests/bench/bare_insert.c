/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bare_insert - the floor under ingest: the rows of record files, read beforehand, into the same table by INSERT ...
 * SELECT from the same virtual table, a transaction a file. No hash, no reading, no flows.
 *
 *	bare_insert DATABASE FILE.REC.ZST...
 *
 * Prints the seconds that all transactions took together. DATABASE must not exist.
 */
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/bench/virtual_rows.h"
#include "lib/recfile.h"
#include "tests/bench/measure.h"

extern const char ws_schema_sql[];

static sqlite3 *db;
static struct ws_rows rows;
static struct ws_record *records;
static uint64_t n_records, cap_records;

static void die(const char *what)
{
	fprintf(stderr, "bare_insert: %s\n", what);
	exit(1);
}

static void execute(const char *sql)
{
	if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
		die(sqlite3_errmsg(db));
}

static void read_file(const char *path)
{
	struct ws_recfile_reader *r;
	const struct ws_record *block;
	struct ws_error err = { 0 };
	uint32_t n;

	n_records = 0;
	if (ws_recfile_open(path, &r, &err))
		die(err.text);
	for (;;) {
		if (ws_recfile_next(r, &block, &n, &err))
			die(err.text);
		if (n == 0)
			break;
		if (n_records + n > cap_records) {
			cap_records = 2 * (n_records + n);
			records = realloc(records, cap_records * sizeof(*records));
			if (!records)
				die("out of memory");
		}
		memcpy(records + n_records, block, n * sizeof(*block));
		n_records += n;
	}
	ws_recfile_reader_close(r);
}

static double insert_all(void)
{
	static int64_t flow_id[WS_RECFILE_BLOCK_RECORDS];
	sqlite3_stmt *insert;
	double start;

	if (sqlite3_prepare_v2(db, ws_rows_insert_requests_sql, -1, &insert, NULL) != SQLITE_OK)
		die(sqlite3_errmsg(db));
	for (uint32_t i = 0; i < WS_RECFILE_BLOCK_RECORDS; i++)
		flow_id[i] = i % 8 + 1;
	rows.file_id++;
	rows.flow_id = flow_id;
	start = measure_wall();
	execute("BEGIN IMMEDIATE");
	for (uint64_t at = 0; at < n_records; at += rows.n) {
		rows.record = records + at;
		rows.n = n_records - at < WS_RECFILE_BLOCK_RECORDS ? (uint32_t)(n_records - at)
								   : WS_RECFILE_BLOCK_RECORDS;
		if (sqlite3_step(insert) != SQLITE_DONE)
			die(sqlite3_errmsg(db));
		sqlite3_reset(insert);
	}
	execute("COMMIT");
	start = measure_wall() - start;
	sqlite3_finalize(insert);
	return start;
}

int main(int argc, char **argv)
{
	double seconds = 0;

	if (argc < 3) {
		fprintf(stderr, "usage: bare_insert DATABASE FILE.REC.ZST...\n");
		return 2;
	}
	if (sqlite3_open(argv[1], &db) != SQLITE_OK)
		die(argv[1]);
	execute("PRAGMA foreign_keys = ON; PRAGMA cache_size = -65536"); /* as ingest has them */
	execute(ws_schema_sql);
	if (ws_rows_register(db, &rows) != SQLITE_OK)
		die(sqlite3_errmsg(db));
	for (int i = 2; i < argc; i++) {
		read_file(argv[i]);
		seconds += insert_all();
	}
	sqlite3_close(db);
	free(records);
	printf("%.6f\n", seconds);
	return 0;
}

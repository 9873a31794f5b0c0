/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bare_insert - the floor under ingest: the rows of record files, read beforehand, into the same table by INSERT ...
 * SELECT from the same virtual table, a transaction a file. No hash, no reading, no flows: these are numbered
 *beforehand, as ingest numbers them, so that the table is the same to the last byte.
 *
 *	bare_insert DATABASE FILE.REC.ZST...
 *
 * Prints the seconds that all transactions took together, of the wall and of the processor. DATABASE must not exist.
 */
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ingest/flows.h"
#include "ingest/rows.h"
#include "lib/recfile.h"
#include "tests/bench/measure.h"

extern const char ws_schema_sql[];

static sqlite3 *db;
static struct ws_rows rows;
static struct ws_record *records;
static int64_t *flow_id, last_flow_id;
static uint64_t n_records, cap_records;
static double wall, cpu;

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
			flow_id = realloc(flow_id, cap_records * sizeof(*flow_id));
			if (!records || !flow_id)
				die("out of memory");
		}
		memcpy(records + n_records, block, n * sizeof(*block));
		n_records += n;
	}
	ws_recfile_reader_close(r);
}

/* A file's flows get the numbers behind those of the files before, in order of appearance. */
static void number_flows(void)
{
	struct ws_flows *flows = ws_flows_new();
	int64_t last = last_flow_id;

	if (!flows)
		die("out of memory");
	for (uint64_t i = 0; i < n_records; i++) {
		struct ws_flow_key key;
		int64_t n;

		ws_flow_key_of(&records[i], &key);
		n = ws_flows_number(flows, &key);
		if (n < 0)
			die("out of memory");
		flow_id[i] = last + n + 1;
		if (flow_id[i] > last_flow_id)
			last_flow_id = flow_id[i];
	}
	ws_flows_free(flows);
}

static void insert_all(void)
{
	sqlite3_stmt *insert;
	double wall_start, cpu_start;

	if (sqlite3_prepare_v2(db, ws_rows_insert_requests_sql, -1, &insert, NULL) != SQLITE_OK)
		die(sqlite3_errmsg(db));
	rows.file_id++;
	wall_start = measure_wall();
	cpu_start = measure_cpu();
	execute("BEGIN IMMEDIATE");
	for (uint64_t at = 0; at < n_records; at += rows.n) {
		rows.record = records + at;
		rows.flow_id = flow_id + at;
		rows.n = n_records - at < WS_RECFILE_BLOCK_RECORDS ? (uint32_t)(n_records - at)
								   : WS_RECFILE_BLOCK_RECORDS;
		if (sqlite3_step(insert) != SQLITE_DONE)
			die(sqlite3_errmsg(db));
		sqlite3_reset(insert);
	}
	execute("COMMIT");
	wall += measure_wall() - wall_start;
	cpu += measure_cpu() - cpu_start;
	sqlite3_finalize(insert);
}

int main(int argc, char **argv)
{
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
		number_flows();
		insert_all();
	}
	sqlite3_close(db);
	free(flow_id);
	free(records);
	printf("%.6f %.6f\n", wall, cpu);
	return 0;
}

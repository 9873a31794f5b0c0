/* SPDX-License-Identifier: BSD-2-Clause */
/* roster - see roster.h. */
#include "analyze/roster.h"

#include <errno.h>
#include <sqlite3.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static const char query[] = "SELECT flow_id, ip_version, saddr, daddr, sport, dport FROM flow ORDER BY flow_id";

static int compare(const void *a, const void *b)
{
	int64_t left = ((const struct ws_roster_entry *)a)->flow_id;
	int64_t right = ((const struct ws_roster_entry *)b)->flow_id;

	return (left > right) - (left < right);
}

uint32_t ws_roster_find(const struct ws_roster *roster, int64_t flow_id)
{
	struct ws_roster_entry key = { .flow_id = flow_id };
	const struct ws_roster_entry *entry;
	uint64_t guess;

	if (!roster->n)
		return UINT32_MAX;
	/* Flows are numbered without gaps for the most part. */
	guess = (uint64_t)flow_id - (uint64_t)roster->entry[0].flow_id;
	if (guess < roster->n && roster->entry[guess].flow_id == flow_id)
		return roster->entry[guess].tuple;
	entry = bsearch(&key, roster->entry, roster->n, sizeof(*entry), compare);
	return entry ? entry->tuple : UINT32_MAX;
}

/* An integer that is at least low and at most high? */
static bool is_number(sqlite3_stmt *row, int column, int64_t low, int64_t high)
{
	int64_t n = sqlite3_column_int64(row, column);

	return sqlite3_column_type(row, column) == SQLITE_INTEGER && n >= low && n <= high;
}

static int copy_address(sqlite3_stmt *row, int column, uint8_t address[16])
{
	if (sqlite3_column_bytes(row, column) != 16)
		return -EPROTO;
	memcpy(address, sqlite3_column_blob(row, column), 16);
	return 0;
}

static int add_row(struct ws_roster *roster, sqlite3_stmt *row, struct ws_tuples *tuples)
{
	struct ws_roster_entry entry = { .flow_id = sqlite3_column_int64(row, 0) };
	struct ws_tuple tuple = {
		.sport = (uint16_t)sqlite3_column_int(row, 4),
		.dport = (uint16_t)sqlite3_column_int(row, 5),
		.ip_version = (uint32_t)sqlite3_column_int(row, 1),
	};
	int rc;

	if (!is_number(row, 1, 4, 6) || !is_number(row, 4, 0, UINT16_MAX) || !is_number(row, 5, 0, UINT16_MAX))
		return -EPROTO;
	if (copy_address(row, 2, tuple.saddr) || copy_address(row, 3, tuple.daddr))
		return -EPROTO;
	if (roster->n == roster->room) {
		uint32_t room = roster->room ? 2 * roster->room : 256;
		struct ws_roster_entry *grown = room ? realloc(roster->entry, room * sizeof(*grown)) : NULL;

		if (!grown)
			return -ENOMEM;
		roster->entry = grown;
		roster->room = room;
	}
	rc = ws_tuples_add(tuples, &tuple, &entry.tuple);
	if (!rc)
		roster->entry[roster->n++] = entry;
	return rc;
}

int ws_roster_open(struct ws_store *store, struct ws_tuples *tuples, struct ws_roster *roster, struct ws_error *err)
{
	struct ws_roster made = { 0 };
	sqlite3_stmt *row = NULL;
	int status, rc = 0;

	if (sqlite3_prepare_v2(ws_store_connection(store), query, -1, &row, NULL) != SQLITE_OK)
		return ws_store_error(store, "cannot read its flows", err);
	while (!rc && (status = sqlite3_step(row)) == SQLITE_ROW)
		rc = add_row(&made, row, tuples);
	if (rc == -EPROTO)
		ws_error(err, rc, "%s: a flow's address or port cannot be one: remove the file and run ingest again",
			 ws_store_path(store));
	else if (rc)
		ws_error(err, rc, "out of memory");
	else if (status != SQLITE_DONE)
		rc = ws_store_error(store, "cannot read its flows", err);
	sqlite3_finalize(row);
	if (rc)
		ws_roster_close(&made);
	else
		*roster = made;
	return rc;
}

void ws_roster_close(struct ws_roster *roster)
{
	if (!roster)
		return;
	free(roster->entry);
	*roster = (struct ws_roster) { 0 };
}

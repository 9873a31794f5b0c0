/* SPDX-License-Identifier: BSD-2-Clause */
/* store_catalog - which files a database holds, and what is known of each as a whole; see store.h. */
#include <errno.h>
#include <inttypes.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/query.h"
#include "analyze/store.h"

/* The column's text, to be freed; NULL when memory is short. An SQL NULL is empty. */
static char *text_of(sqlite3_stmt *row, int column)
{
	const char *text = (const char *)sqlite3_column_text(row, column);

	return strdup(text ? text : "");
}

static enum ws_role role_of(const char *role)
{
	if (!strcmp(role, "nic"))
		return WS_ROLE_NIC;
	return strcmp(role, "vport") ? WS_ROLE_OTHER : WS_ROLE_VPORT;
}

/* Fills in a file from a row of file_query. 0, -ENOMEM or -EPROTO. */
static int read_file(sqlite3_stmt *row, struct ws_file *file, const struct ws_store *store, struct ws_error *err)
{
	const char *source = (const char *)sqlite3_column_text(row, 1);
	const char *role = (const char *)sqlite3_column_text(row, 2);
	int64_t search = ws_query_int_or(row, 13, UINT32_MAX);

	*file = (struct ws_file) {
		.file_id = sqlite3_column_int64(row, 0),
		.source = WS_SOURCE_PCAP,
		.role = role_of(role ? role : ""),
		.point = text_of(row, 3),
		.node = text_of(row, 14),
		.pod = text_of(row, 15),
		.path = text_of(row, 4),
		.content_hash = text_of(row, 5),
		.n_requests = (uint64_t)sqlite3_column_int64(row, 6),
		.n_contexts = (uint64_t)sqlite3_column_int64(row, 7),
		.n_frames = (uint64_t)sqlite3_column_int64(row, 8),
		.unread_bytes = (uint64_t)sqlite3_column_int64(row, 9),
		.complete = sqlite3_column_int(row, 10),
		.first_ns = ws_query_int_or(row, 11, INT64_MIN),
		.last_ns = ws_query_int_or(row, 12, INT64_MAX),
		.n_responses = (uint64_t)sqlite3_column_int64(row, 16),
		.search_bytes = search < 0 || search > UINT32_MAX ? UINT32_MAX : (uint32_t)search,
	};
	if (!file->point || !file->node || !file->pod || !file->path || !file->content_hash)
		return ws_error(err, -ENOMEM, "out of memory");
	if (source && !strcmp(source, "ebpf"))
		file->source = WS_SOURCE_EBPF;
	else if (!source || strcmp(source, "pcap"))
		return ws_error(err, -EPROTO, "%s: file %s has the unknown source '%s'", ws_store_path(store),
				file->path, source ? source : "");
	return 0;
}

static const char file_query[] =
	"SELECT file_id, source, role, name, path, content_hash, n_requests, n_contexts, n_frames, unread_bytes,"
	" complete, first_ns, last_ns, search_bytes, node, pod, n_responses FROM file JOIN point USING (point_id)"
	" ORDER BY source != 'ebpf', role != 'nic', role != 'vport', name, file_id";

/* Adds the rows (name, n) that the query has for the file. */
static int read_tallies(struct ws_store *store, const char *query, int64_t file_id, struct ws_tallies *tallies,
			struct ws_error *err)
{
	sqlite3_stmt *row = NULL;
	int status, rc = 0;

	if (sqlite3_prepare_v2(ws_store_connection(store), query, -1, &row, NULL) != SQLITE_OK)
		return ws_store_error(store, "cannot read the ledger", err);
	sqlite3_bind_int64(row, 1, file_id);
	while (!rc && (status = sqlite3_step(row)) == SQLITE_ROW) {
		const char *name = (const char *)sqlite3_column_text(row, 0);

		rc = ws_tallies_add(tallies, name ? name : "", (uint64_t)sqlite3_column_int64(row, 1));
		if (rc)
			ws_error(err, rc, "out of memory");
	}
	if (!rc && status != SQLITE_DONE)
		rc = ws_store_error(store, "cannot read the ledger", err);
	sqlite3_finalize(row);
	return rc;
}

/* Reads the names of the families that the file was searched for. */
static int read_families(struct ws_store *store, struct ws_file *file, struct ws_error *err)
{
	sqlite3_stmt *row = NULL;
	int status, rc = 0;

	if (sqlite3_prepare_v2(ws_store_connection(store),
			       "SELECT family, name FROM family WHERE file_id = ? ORDER BY 1", -1, &row,
			       NULL) != SQLITE_OK)
		return ws_store_error(store, "cannot read its families", err);
	sqlite3_bind_int64(row, 1, file->file_id);
	while (!rc && (status = sqlite3_step(row)) == SQLITE_ROW) {
		int64_t family = sqlite3_column_int64(row, 0);

		if (family <= WS_FAMILY_NONE || family >= WS_MAX_FAMILIES) {
			rc = ws_error(err, -EPROTO,
				      "%s: file %s was searched for a family of number %" PRId64
				      ", which there is not: remove the database and run ingest again",
				      ws_store_path(store), file->path, family);
		} else {
			file->family[family] = text_of(row, 1);
			rc = file->family[family] ? 0 : ws_error(err, -ENOMEM, "out of memory");
		}
	}
	if (!rc && status != SQLITE_DONE)
		rc = ws_store_error(store, "cannot read its families", err);
	sqlite3_finalize(row);
	return rc;
}

/* Reads all files into the catalog, which is to be closed whatever the outcome. */
static int read_files(struct ws_store *store, sqlite3_stmt *row, struct ws_catalog *catalog, struct ws_error *err)
{
	int status;

	while ((status = sqlite3_step(row)) == SQLITE_ROW) {
		struct ws_file *grown = realloc(catalog->file, (catalog->n_files + 1) * sizeof(*grown)), *file;
		int rc;

		if (!grown)
			return ws_error(err, -ENOMEM, "out of memory");
		catalog->file = grown;
		file = &grown[catalog->n_files++];
		rc = read_file(row, file, store, err);
		if (!rc)
			rc = read_tallies(store, "SELECT reason, n_frames FROM ledger WHERE file_id = ? ORDER BY 1",
					  file->file_id, &file->reasons, err);
		if (!rc)
			rc = read_tallies(store, "SELECT kind, n FROM loss WHERE file_id = ? ORDER BY 1", file->file_id,
					  &file->losses, err);
		rc = rc ? rc : read_families(store, file, err);
		if (rc)
			return rc;
	}
	return status == SQLITE_DONE ? 0 : ws_store_error(store, "cannot read its files", err);
}

int ws_store_catalog(struct ws_store *store, struct ws_catalog *catalog, struct ws_error *err)
{
	struct ws_catalog made = { 0 };
	sqlite3_stmt *row = NULL;
	int rc;

	if (sqlite3_prepare_v2(ws_store_connection(store), file_query, -1, &row, NULL) != SQLITE_OK)
		return ws_store_error(store, "cannot read its files", err);
	rc = read_files(store, row, &made, err);
	sqlite3_finalize(row);
	if (rc)
		ws_catalog_close(&made);
	else
		*catalog = made;
	return rc;
}

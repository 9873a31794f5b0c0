/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * database_rows - rows of requests and responses into the run's database: from an image (ingest/image.h), which is
 * attached under a name of its own as long as a file is under way.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "ingest/database_inner.h"

#define IMAGE_NAME "image"
/* More than any database ends with, and far from where ids end. */
#define ID_MAX (1ll << 48)

/* The first page of an empty database with the two tables, which are as they are in this one. */
static int make_first_page(struct ws_database *db, sqlite3 *empty, struct ws_error *err)
{
	struct ws_sql sql = { empty, (char *)":memory:" };
	sqlite3_stmt *s = NULL;
	sqlite3_int64 len = 0;
	uint8_t *bytes = NULL;
	int rc = ws_sql_prepare(&db->sql,
				"SELECT sql FROM sqlite_schema WHERE name IN ('request', 'response') AND type = 'table'"
				" ORDER BY name",
				&s, err);

	if (rc == 0)
		rc = ws_sql_execute(&sql, "PRAGMA page_size = 65536", err);
	while (rc == 0 && sqlite3_step(s) == SQLITE_ROW)
		rc = ws_sql_execute(&sql, (const char *)sqlite3_column_text(s, 0), err);
	sqlite3_finalize(s);
	if (rc)
		return rc;
	bytes = sqlite3_serialize(empty, "main", &len, 0);
	if (!bytes || len != WS_IMAGE_ROOT_RESPONSE * (sqlite3_int64)WS_IMAGE_PAGE_BYTES)
		rc = ws_error(err, bytes ? -EINVAL : -ENOMEM, "%s: its tables of requests and responses are not ours",
			      db->sql.path);
	else
		memcpy(db->first_page, bytes, WS_IMAGE_PAGE_BYTES);
	sqlite3_free(bytes);
	return rc;
}

static int prepare_images(struct ws_database *db, struct ws_error *err)
{
	struct ws_sql empty = { NULL, (char *)":memory:" };
	int rc;

	db->first_page = malloc(WS_IMAGE_PAGE_BYTES);
	if (!db->first_page)
		return ws_error(err, -ENOMEM, "out of memory");
	if (sqlite3_open(":memory:", &empty.db) != SQLITE_OK)
		rc = ws_sql_fail(&empty, err);
	else
		rc = make_first_page(db, empty.db, err);
	sqlite3_close(empty.db);
	if (rc) {
		free(db->first_page);
		db->first_page = NULL;
	}
	return rc;
}

/* The number that the next row would get. */
static int next_id(struct ws_database *db, const char *select_max, int64_t *id, struct ws_error *err)
{
	int rc = ws_sql_select_number(&db->sql, select_max, 0, id, err);

	if (rc == 0 && (*id < 0 || *id >= ID_MAX))
		rc = ws_error(err, -ERANGE, "%s: the ids in it are used up; move it away and load again", db->sql.path);
	(*id)++;
	return rc;
}

int ws_database_rows_start(struct ws_database *db, struct ws_rows_start *start, struct ws_error *err)
{
	struct ws_rows_start s = { .file_id = db->file_id };
	int rc = db->first_page ? 0 : prepare_images(db, err);

	if (rc == 0)
		rc = next_id(db, "SELECT max(request_id) FROM request", &s.request_id, err);
	if (rc == 0)
		rc = next_id(db, "SELECT max(response_id) FROM response", &s.response_id, err);
	if (rc == 0)
		rc = next_id(db, "SELECT max(flow_id) FROM flow", &s.flow_id, err);
	s.first_page = db->first_page;
	if (rc == 0)
		*start = s;
	return rc;
}

int ws_database_attach_images(struct ws_database *db, struct ws_error *err)
{
	return ws_sql_execute(&db->sql, "ATTACH ':memory:' AS " IMAGE_NAME, err);
}

void ws_database_detach_images(struct ws_database *db)
{
	sqlite3_exec(db->sql.db, "DETACH " IMAGE_NAME, NULL, NULL, NULL);
}

int ws_database_add_image(struct ws_database *db, struct ws_image *image, struct ws_error *err)
{
	uint64_t len;
	uint8_t *bytes = ws_image_finish(image, &len);

	if (sqlite3_deserialize(db->sql.db, IMAGE_NAME, bytes, (sqlite3_int64)len, (sqlite3_int64)len,
				SQLITE_DESERIALIZE_READONLY) != SQLITE_OK)
		return ws_sql_fail(&db->sql, err);
	/* mapped: the pages are read where they lie */
	return ws_sql_execute(&db->sql,
			      "PRAGMA " IMAGE_NAME ".mmap_size = 1073741824;"
			      "INSERT INTO main.request SELECT * FROM " IMAGE_NAME ".request;"
			      "INSERT INTO main.response SELECT * FROM " IMAGE_NAME ".response",
			      err);
}

void ws_database_forget_image(struct ws_database *db)
{
	sqlite3_deserialize(db->sql.db, IMAGE_NAME, NULL, 0, 0, 0);
}

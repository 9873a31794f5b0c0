/* SPDX-License-Identifier: BSD-2-Clause */
/* database_documents - the JSON documents of a run in its database: the manifest and the conditions. */
#include <errno.h>
#include <string.h>

#include "ingest/database_inner.h"
#include "lib/control.h"

int ws_database_put_manifest(struct ws_database *db, const char *hash, const char *json, struct ws_error *err)
{
	int rc = ws_sql_begin(&db->sql, "BEGIN IMMEDIATE", err);

	if (rc)
		return rc;
	rc = ws_sql_run_with_texts(&db->sql, err, "DELETE FROM manifest WHERE content_hash <> ?", hash, NULL);
	if (rc == 0)
		rc = ws_sql_run_with_texts(
			&db->sql, err, "INSERT INTO manifest SELECT ?1, ?2 WHERE NOT EXISTS (SELECT 1 FROM manifest)",
			hash, json, NULL);
	if (rc == 0) /* points that are known already take what the manifest says of them */
		rc = ws_sql_execute(
			&db->sql,
			"UPDATE point SET (role, node, interface, netns, pod) ="
			" (SELECT coalesce(p.value ->> 'role', role), p.value ->> 'node', p.value ->> 'interface',"
			"  p.value ->> 'netns', p.value ->> 'pod'"
			"  FROM manifest, json_each(manifest.json, '$.points') AS p WHERE p.value ->> 'name' = "
			"point.name)"
			" WHERE name IN (SELECT p.value ->> 'name' FROM manifest, json_each(manifest.json, "
			"'$.points') AS p)",
			err);
	return ws_sql_end(&db->sql, rc, err);
}

int ws_database_contexts(struct ws_database *db, char *text, size_t size, bool *prefers_list, struct ws_error *err)
{
	sqlite3_stmt *statement;
	int rc = ws_sql_prepare(&db->sql,
				"SELECT group_concat(c.value), manifest.json ->> '$.configuration.prefers' = 'list'"
				" FROM manifest, json_each(manifest.json, '$.configuration.contexts') AS c",
				&statement, err);

	if (rc)
		return rc;
	rc = sqlite3_step(statement);
	if (rc == SQLITE_ROW && sqlite3_column_type(statement, 0) == SQLITE_TEXT) {
		const char *found = (const char *)sqlite3_column_text(statement, 0);

		snprintf(text, size, "%s", found ? found : "");
		*prefers_list = sqlite3_column_int(statement, 1);
		rc = found ? 1 : ws_error(err, -ENOMEM, "%s: out of memory", db->sql.path);
	} else {
		rc = rc == SQLITE_ROW || rc == SQLITE_DONE ? 0 : ws_sql_fail(&db->sql, err);
	}
	sqlite3_finalize(statement);
	return rc;
}

/* A member of the object: key, type, and the value as a text, NULL for one that is no plain value. */
static int put_condition(struct ws_database *db, sqlite3_stmt *member, sqlite3_stmt *insert, struct ws_error *err)
{
	const char *key = (const char *)sqlite3_column_text(member, 0);
	const char *type = (const char *)sqlite3_column_text(member, 1);
	const char *value = (const char *)sqlite3_column_text(member, 2);
	const int key_len = sqlite3_column_bytes(member, 0), value_len = sqlite3_column_bytes(member, 2);

	if (!key || !type)
		return ws_error(err, -ENOMEM, "out of memory");
	if (key_len == 0 || ws_control_in(key, (size_t)key_len))
		return ws_error(err, -EINVAL, "a key is empty or holds a control character");
	if (!value)
		return ws_error(err, -EINVAL, "\"%.200s\" is %s; a condition is a string, a number, true or false", key,
				strcmp(type, "object") == 0  ? "an object"
				: strcmp(type, "array") == 0 ? "an array"
				: strcmp(type, "null") == 0  ? "null"
							     : "too large");
	if (ws_control_in(value, (size_t)value_len))
		return ws_error(err, -EINVAL, "the value of \"%.200s\" holds a control character", key);
	sqlite3_bind_text(insert, 1, key, key_len, SQLITE_STATIC);
	sqlite3_bind_text(insert, 2, value, value_len, SQLITE_STATIC);
	if (sqlite3_step(insert) != SQLITE_DONE) {
		int code = sqlite3_extended_errcode(db->sql.db);

		sqlite3_reset(insert);
		return code == SQLITE_CONSTRAINT_PRIMARYKEY
			       ? ws_error(err, -EINVAL, "\"%.200s\" stands there twice", key)
			       : ws_sql_fail(&db->sql, err);
	}
	sqlite3_reset(insert);
	return 0;
}

/* SQLite ends a text at an escaped NUL, and says nothing. */
static bool holds_escaped_nul(const char *json)
{
	while ((json = strchr(json, '\\'))) {
		if (strncmp(json, "\\u0000", 6) == 0)
			return true;
		json += json[1] ? 2 : 1;
	}
	return false;
}

/* SQLite's json_valid() says no for want of memory, too. Asked again, does it say yes? */
static bool is_valid_now(sqlite3_stmt *statement)
{
	sqlite3_reset(statement);
	return sqlite3_step(statement) == SQLITE_ROW && sqlite3_column_int(statement, 0);
}

/* Is the text one JSON object? */
static int check_object(struct ws_database *db, const char *json, struct ws_error *err)
{
	sqlite3_stmt *statement;
	int rc = ws_sql_prepare(&db->sql, "SELECT CASE WHEN json_valid(?1) THEN json_type(?1) = 'object' END",
				&statement, err);

	if (rc)
		return rc;
	sqlite3_bind_text(statement, 1, json, -1, SQLITE_STATIC);
	if (holds_escaped_nul(json))
		rc = ws_error(err, -EINVAL, "a text holds a NUL byte (\\u0000)");
	else if (sqlite3_step(statement) != SQLITE_ROW)
		rc = ws_sql_fail(&db->sql, err);
	else if (!sqlite3_column_int(statement, 0))
		rc = is_valid_now(statement) ? ws_error(err, -ENOMEM, "out of memory")
					     : ws_error(err, -EINVAL, "no JSON object, {\"key\": value, ...}");
	sqlite3_finalize(statement);
	return rc;
}

static int put_members(struct ws_database *db, const char *json, struct ws_error *err)
{
	sqlite3_stmt *member = NULL, *insert = NULL;
	int rc = ws_sql_prepare(
		&db->sql,
		"SELECT key, type, CASE"
		" WHEN type IN ('true', 'false') THEN type"
		" WHEN type = 'text' THEN value"
		" WHEN type NOT IN ('integer', 'real') OR abs(1.0 * value) > 1.7976931348623157e308 THEN NULL"
		" WHEN typeof(value) = 'real' AND abs(value) < 1e15 AND value = CAST(value AS INTEGER)"
		"  THEN CAST(CAST(value AS INTEGER) AS TEXT)"
		" ELSE CAST(value AS TEXT) END FROM json_each(?)",
		&member, err);
	int code;

	if (rc == 0)
		rc = ws_sql_prepare(&db->sql, "INSERT INTO condition VALUES (?, ?)", &insert, err);
	if (rc)
		goto out;
	sqlite3_bind_text(member, 1, json, -1, SQLITE_STATIC);
	while ((code = sqlite3_step(member)) == SQLITE_ROW && rc == 0)
		rc = put_condition(db, member, insert, err);
	if (rc == 0 && code != SQLITE_DONE)
		rc = ws_sql_fail(&db->sql, err);
out:
	sqlite3_finalize(member);
	sqlite3_finalize(insert);
	return rc;
}

int ws_database_put_conditions(struct ws_database *db, const char *hash, const char *json, struct ws_error *err)
{
	int64_t n_others = 0, n = 0;
	int rc = ws_sql_begin(&db->sql, "BEGIN IMMEDIATE", err);

	if (rc)
		return rc;
	rc = ws_sql_run_with_texts(&db->sql, err, "DELETE FROM condition_file WHERE content_hash <> ?", hash, NULL);
	n_others = sqlite3_changes(db->sql.db);
	if (rc == 0)
		rc = ws_sql_select_number(&db->sql, "SELECT count(*) FROM condition_file", 0, &n, err);
	if (rc == 0 && n == 0)
		rc = check_object(db, json, err);
	if (rc == 0 && n_others)
		rc = ws_sql_execute(&db->sql, "DELETE FROM condition", err);
	if (rc == 0 && n == 0)
		rc = put_members(db, json, err);
	if (rc == 0 && n == 0)
		rc = ws_sql_run_with_texts(&db->sql, err, "INSERT INTO condition_file VALUES (?, ?)", hash, json, NULL);
	return ws_sql_end(&db->sql, rc, err);
}

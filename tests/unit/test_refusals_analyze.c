/* SPDX-License-Identifier: BSD-2-Clause */
/* What analyze does where an allocation is refused. */
#include <jansson.h>
#include <sqlite3.h>

#include "analyze/clocks/clocks.h"
#include "analyze/publication.h"
#include "analyze/store.h"
#include "tests/unit/refusing.h"

extern const char ws_schema_sql[];

static enum outcome open_run(void)
{
	struct ws_error err = { 0 };
	struct ws_store *store;
	int rc = ws_store_open(dir, &store, &err);

	if (rc)
		return told(rc, &err);
	ws_store_close(store);
	return WHOLE;
}

static void a_sound_database_is_not_called_damaged(void **state)
{
	sqlite3 *db;

	(void)state;
	assert_int_equal(sqlite3_open(in_place("run.db"), &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, ws_schema_sql, NULL, NULL, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
	with_each_refused(open_run);
}

static enum outcome make_clocks(void)
{
	struct ws_clocks clocks;

	if (ws_clocks_unrelated(3, &clocks))
		return SHORT;
	ws_clocks_close(&clocks);
	return WHOLE;
}

static void clocks_of_nodes_without_relation(void **state)
{
	(void)state;
	with_each_refused(make_clocks);
}

static int write_json(const void *content, FILE *out)
{
	json_t *made = json_object();

	(void)content;
	json_object_set_new(made, "one", json_integer(1));
	json_object_set_new(made, "two", json_integer(2));
	json_dumpf(made, out, 0);
	json_decref(made);
	return 0;
}

static enum outcome publish(void)
{
	struct ws_publication publication;
	struct ws_error err = { 0 };
	char read[64] = "";
	FILE *file;
	int rc;

	unlink(in_place("made.json"));
	rc = ws_publication_open(dir, &publication, &err);
	rc = rc ? rc : ws_publication_write(&publication, "made.json", write_json, NULL, &err);
	refused_one = 0;
	file = fopen(in_place("made.json"), "r");
	if (rc)
		return file ? WRONG : told(rc, &err);
	return file && fgets(read, sizeof(read), file) && strcmp(read, "{\"one\": 1, \"two\": 2}") == 0 ? WHOLE : WRONG;
}

static void what_json_lacks_is_not_published(void **state)
{
	(void)state;
	with_each_refused(publish);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_sound_database_is_not_called_damaged),
		TEST(clocks_of_nodes_without_relation),
		TEST(what_json_lacks_is_not_published),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* A campaign's cluster snapshot, read once for all of its runs; which directories are runs, and which campaigns. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ingest/inputs.h"
#include "tests/unit/snapshot_world.h"

/* A run without a snapshot has that of the campaign, the nearest above it, but none from above what the user named. */
static void snapshots_of_the_campaign(void **state)
{
	struct world *w = *state;

	load(w);
	assert_int_equal(w->loaded.n, 0);
	put(w->dir, "cluster/pods.json", "{\"items\":[" POD("of-campaign", "10.0.0.1", "") "]}");
	put(w->dir, "cluster/update-0001/pods.json", "{\"items\":[" POD("of-campaign", "10.0.0.1", "") "]}");
	assert_int_equal(ws_load_snapshots(w->db, w->run, w->run, NULL, &w->loaded, &w->err), 0);
	assert_int_equal(w->loaded.n, 0);
	load(w);
	assert_string_equal(ask(w, "SELECT path FROM snapshot ORDER BY snapshot_id"),
			    "../cluster\n../cluster/update-0001\n");
	assert_string_equal(ask(w, "SELECT name FROM owner"), "of-campaign\n");
	put(w->run, "cluster/pods.json", "{\"items\":[" POD("of-run", "10.0.0.1", "") "]}");
	load(w);
	assert_string_equal(ask(w, "SELECT name FROM owner"), "of-run\n");
}

/* Traces are collected after the load, for the campaign; a watched run took its own snapshot before. */
static void a_run_with_its_own_has_the_campaigns_traces(void **state)
{
	struct world *w = *state;

	put(w->dir, "cluster/pods.json", "{\"items\":[" POD("of-campaign", "10.0.0.1", "") "]}");
	put(w->dir, "cluster/dependencies.json", "{\"data\":[{\"parent\":\"a\",\"child\":\"b\",\"callCount\":7}]}");
	put(w->dir, "cluster/traces-1.json",
	    "{\"data\":[{\"spans\":[{\"traceID\":\"0123456789abcdef\",\"spanID\":\"1\",\"operationName\":\"o\","
	    "\"startTime\":5,\"duration\":1,\"processID\":\"p\"}],\"processes\":{\"p\":{\"serviceName\":\"a\"}}}]}");
	put(w->run, "cluster/pods.json", "{\"items\":[" POD("of-run", "10.0.0.1", "") "]}");
	load(w);
	assert_string_equal(ask(w, "SELECT name FROM owner"), "of-run\n");
	assert_string_equal(ask(w, "SELECT service, duration_ns FROM span"), "a|1000\n");
	assert_string_equal(ask(w, "SELECT * FROM dependency"), "a|b|7\n");
	load(w);
	assert_true(w->loaded.was_there);
}

static void count_run(void *context, const char *dir)
{
	char *text = context;

	snprintf(text + strlen(text), 256 - strlen(text), "%s ", strrchr(dir, '/') + 1);
}

/* A snapshot is no run, and makes none of its directory. */
static void a_snapshot_is_no_run(void **state)
{
	struct world *w = *state;
	char text[256] = "", path[128];
	const struct ws_runs_visitor visitor = { count_run, NULL, text };
	uint32_t n;

	put(w->dir, "cluster/load.anything", "");
	put(w->dir, "cluster/node/n/nic.pcap", "");
	put(w->dir, "other/cluster/pods.json", "{}");
	assert_int_equal(ws_runs_visit(w->dir, &visitor, &n, &w->err), 0);
	assert_string_equal(text, "run ");
	snprintf(path, sizeof(path), "%s/other", w->dir);
	assert_int_equal(ws_runs_visit(path, &visitor, &n, &w->err), 0);
	assert_int_equal(n, 0);
}

static void note_stray(void *context, const char *dir, const char *path, const char *run)
{
	char *text = context;

	snprintf(text + strlen(text), 256 - strlen(text), "(%s above %s) ", path + strlen(dir) + 1,
		 run + strlen(dir) + 1);
}

/* A load log or conditions with runs below them belong to none, and hide none; with records they are a run's. */
static void files_of_a_campaign(void **state)
{
	struct world *w = *state;
	char text[256] = "", path[128];
	const struct ws_runs_visitor visitor = { count_run, note_stray, text };
	uint32_t n;

	put(w->dir, "load.h2load", "");
	put(w->dir, "conditions.json", "{}");
	put(w->dir, "plan.json", "{}");
	put(w->dir, "reports/index.html", "");
	put(w->dir, "week/load.k6.csv", "");
	put(w->dir, "week/day/nic.pcap", "");
	put(w->dir, "week/day/load.h2load", ""); /* of the run */
	put(w->dir, "week/day/old/nic.pcap", "");
	put(w->dir, "week/night/load.h2load", "");
	put(w->dir, "week/night/cluster/nic.pcap", "");
	put(w->dir, "planned/run.json", "{}");
	put(w->dir, "planned/load.h2load", "");
	put(w->dir, "planned/a/nic.pcap", "");
	assert_int_equal(ws_runs_visit(w->dir, &visitor, &n, &w->err), 0);
	assert_string_equal(text, "(load.h2load above planned) (conditions.json above planned) planned run "
				  "(load.k6.csv above day) day night ");
	assert_int_equal(n, 4);
	text[0] = '\0';
	snprintf(path, sizeof(path), "%s/week/night", w->dir);
	assert_int_equal(ws_runs_visit(path, &visitor, &n, &w->err), 0);
	assert_string_equal(text, "night ");
}

/* All that a run's database has of snapshots, in its own order; of paths the end. */
static const char *dump(const struct world *w, const char *run)
{
	static char text[16384];
	struct world other = *w;

	snprintf(other.run, sizeof(other.run), "%s", run);
	snprintf(text, sizeof(text), "%s", ask(&other, "SELECT rowid, hex(address), * FROM owner ORDER BY rowid"));
	strcat(text, ask(&other, "SELECT hex(trace_id), hex(span_id), hex(parent_span_id), service, kind, start_ns,"
				 " duration_ns, operation, node, pod FROM span"));
	strcat(text, ask(&other, "SELECT * FROM dependency"));
	strcat(text, ask(&other, "SELECT rowid, * FROM synchronization"));
	strcat(text, ask(&other, "SELECT snapshot_id, substr(path, -10), content_hash, taken_ns, overlay, mtls,"
				 " n_unread FROM snapshot"));
	return text;
}

/* Loads the snapshot of the campaign for another run below it; is it copied? */
static bool is_copied(struct world *w, const char *name, struct ws_snapshot_memory *memory, char run[128])
{
	struct ws_database *db;
	char path[256];
	bool is_copy;

	snprintf(path, sizeof(path), "%s/conditions.json", name);
	put(w->dir, path, "{}");
	snprintf(run, 128, "%s/%s", w->dir, name);
	snprintf(path, sizeof(path), "%s/run.db", run);
	assert_int_equal(ws_database_open(path, &db, &w->err), 0);
	ws_loaded_snapshots_free(&w->loaded);
	assert_int_equal(ws_load_snapshots(db, run, w->dir, memory, &w->loaded, &w->err), 0);
	assert_false(w->loaded.was_there);
	is_copy = w->loaded.copied_from;
	ws_database_close(db);
	return is_copy;
}

#define TRACE(id, name)                                                                                             \
	"{\"traceID\":\"" id "\",\"spans\":[{\"traceID\":\"" id "\",\"spanID\":\"1\",\"operationName\":\"o\","      \
	"\"references\":[],\"startTime\":5,\"duration\":3,\"tags\":[{\"key\":\"span.kind\",\"value\":\"server\"}]," \
	"\"processID\":\"p\"},{\"traceID\":\"" id "\",\"spanID\":\"2\",\"operationName\":\"o\",\"references\":[{"   \
	"\"refType\":\"CHILD_OF\",\"spanID\":\"1\"}],\"startTime\":6,\"duration\":1,\"processID\":\"p\"},{}],"      \
	"\"processes\":{\"p\":{\"serviceName\":\"" name "\"}}}"

/* The runs of a campaign have the same rows, whether they are read or copied from the run before. */
static void a_campaigns_snapshot_is_read_once(void **state)
{
	struct ws_snapshot_memory memory = { 0 };
	struct world *w = *state;
	char first[128], second[128], run[128], expected[16384], path[256];

	put(w->dir, "cluster/snapshot.json", TAKEN(100));
	put(w->dir, "cluster/pods.json",
	    "{\"items\":[" POD("a", "10.0.0.1", STARTED(1)) "," POD("b", "10.0.0.2", "") ",7]}");
	put(w->dir, "cluster/node/n1/chrony.txt", "A,b,1,5.0,0.000001,0,0,0,0,0,0.000002,0.000003,1,Normal\n");
	put(w->dir, "cluster/dependencies.json", "{\"data\":[{\"parent\":\"x\",\"child\":\"y\",\"callCount\":3}]}");
	put(w->dir, "cluster/traces-1.json", "{\"data\":[" TRACE("1", "x") "," TRACE("2", "y") "]}");
	put(w->dir, "cluster/traces-2.json", "{\"data\":[" TRACE("2", "y") "," TRACE("3", "z") "]}");
	put(w->dir, "cluster/update-0001/snapshot.json", TAKEN(200));
	put(w->dir, "cluster/update-0001/pods.json", "{\"items\":[" POD("a", "10.0.0.1", STARTED(1)) "]}");
	put(w->dir, "cluster/update-0001/traces.json", "{\"data\":[" TRACE("3", "z") "," TRACE("4", "z") "]}");
	assert_false(is_copied(w, "first", &memory, first));
	assert_int_equal(w->loaded.at[0].n_spans, 6);
	assert_int_equal(w->loaded.at[0].n_unread, 4); /* 7, and a span of each trace */
	assert_int_equal(w->loaded.at[1].n_spans, 2);
	assert_false(is_copied(w, "alone", NULL, run));
	strcpy(expected, dump(w, run));
	assert_string_equal(dump(w, first), expected);
	assert_true(is_copied(w, "it's deep/er", &memory, second));
	assert_string_equal(dump(w, second), expected);
	snprintf(path, sizeof(path), "%s/run.db", first);
	assert_string_equal(w->loaded.copied_from, path);
	snprintf(w->run, sizeof(w->run), "%s", second);
	assert_string_equal(ask(w, "SELECT path FROM snapshot"), "../../cluster\n../../cluster/update-0001\n");

	snprintf(path, sizeof(path), "%s/run.db", second);
	assert_int_equal(remove(path), 0); /* the next reads again */
	assert_false(is_copied(w, "third", &memory, run));
	assert_string_equal(dump(w, run), expected);
	snprintf(path, sizeof(path), "%s/third/run.db", w->dir);
	put(w->dir, "third/run.db", "no database, and long enough that SQLite has to look at what it says: it is none");
	assert_false(is_copied(w, "fourth", &memory, run));
	assert_string_equal(dump(w, run), expected);
	ws_snapshot_memory_free(&memory);
}

/* Of a database that somebody has changed nothing is taken over, and nothing of half of one. */
static void no_copy_of_other_snapshots(void **state)
{
	static const char *const spoil[] = { "UPDATE snapshot SET content_hash = 'x' WHERE snapshot_id = 2",
					     "DELETE FROM snapshot WHERE snapshot_id = 2",
					     "INSERT INTO snapshot VALUES (3, 'x', 'x', 1, NULL, NULL, 0)",
					     "PRAGMA user_version = 3", "DROP TABLE synchronization" };
	struct world *w = *state;
	char first[128], run[128], path[256], expected[16384];

	put(w->dir, "cluster/pods.json", "{\"items\":[" POD("a", "10.0.0.1", "") "]}");
	put(w->dir, "cluster/update-0001/traces.json", "{\"data\":[" TRACE("1", "x") "]}");
	for (size_t i = 0; i < sizeof(spoil) / sizeof(spoil[0]); i++) {
		struct ws_snapshot_memory memory = { 0 };
		char name[16];
		sqlite3 *db;

		snprintf(name, sizeof(name), "first%zu", i);
		assert_false(is_copied(w, name, &memory, first));
		strcpy(expected, dump(w, first));
		snprintf(path, sizeof(path), "%s/run.db", first);
		assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
		assert_int_equal(sqlite3_exec(db, spoil[i], NULL, NULL, NULL), SQLITE_OK);
		sqlite3_close(db);
		snprintf(name, sizeof(name), "second%zu", i);
		assert_false(is_copied(w, name, &memory, run));
		assert_string_equal(dump(w, run), expected);
		ws_snapshot_memory_free(&memory);
	}
}

/* Two campaigns, and a run with a snapshot of its own between them. */
static void each_campaign_has_its_own(void **state)
{
	struct ws_snapshot_memory memory = { 0 };
	struct world *w = *state;
	char run[128];

	put(w->dir, "x/cluster/pods.json", "{\"items\":[" POD("of-x", "10.0.0.1", "") "]}");
	put(w->dir, "y/cluster/pods.json", "{\"items\":[" POD("of-y", "10.0.0.1", "") "]}");
	put(w->dir, "x/2/cluster/pods.json", "{\"items\":[" POD("of-run", "10.0.0.1", "") "]}");
	assert_false(is_copied(w, "x/1", &memory, run));
	assert_false(is_copied(w, "x/2", &memory, run));
	snprintf(w->run, sizeof(w->run), "%s", run);
	assert_string_equal(ask(w, "SELECT name FROM owner"), "of-run\n");
	assert_true(is_copied(w, "x/3", &memory, run));
	snprintf(w->run, sizeof(w->run), "%s", run);
	assert_string_equal(ask(w, "SELECT name FROM owner"), "of-x\n");
	assert_false(is_copied(w, "y/1", &memory, run));
	snprintf(w->run, sizeof(w->run), "%s", run);
	assert_string_equal(ask(w, "SELECT name FROM owner"), "of-y\n");
	ws_snapshot_memory_free(&memory);
}

/* It is hashed and then read: what changes meanwhile must not be taken for what was hashed. Here it changes after the
 * hash of the campaign's snapshot was taken for its first run, and before the second reads it. */
static void a_snapshot_that_changes_is_refused(void **state)
{
	static const char *const names[] = { "pods.json", "services.json", "node/n1/chrony.txt", "notes.txt" };
	struct world *w = *state;
	char first[128], path[256];

	put(w->dir, "cluster/pods.json", "{\"items\":[" POD("a", "10.0.0.1", "") "]}");
	put(w->dir, "cluster/services.json", "{\"items\":[]}");
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct ws_snapshot_memory memory = { 0 };
		char name[64];

		snprintf(name, sizeof(name), "first%zu", i);
		assert_false(is_copied(w, name, &memory, first));
		free(memory.database);
		memory.database = NULL;
		snprintf(path, sizeof(path), "%s/cluster/%s", w->dir, names[i]);
		snprintf(name, sizeof(name), "cluster/%s", names[i]);
		if (access(path, F_OK) == 0 && i == 1)
			assert_int_equal(unlink(path), 0);
		else
			put(w->dir, name, i == 0 ? "{\"items\":[" POD("other", "10.0.0.1", "") "]}" : "");
		ws_loaded_snapshots_free(&w->loaded);
		assert_int_equal(ws_load_snapshots(w->db, w->run, w->dir, &memory, &w->loaded, &w->err), -EAGAIN);
		if (!strstr(w->err.text, "cluster: changed while it was read") || !strstr(w->err.text, w->dir))
			fail_msg("%s", w->err.text);
		assert_string_equal(ask(w, "SELECT (SELECT count(*) FROM snapshot), (SELECT count(*) FROM owner)"),
				    "0|0\n");
		ws_snapshot_memory_free(&memory);
	}
	load(w);
	assert_string_equal(ask(w, "SELECT name FROM owner"), "other\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_run_with_its_own_has_the_campaigns_traces),
		TEST(snapshots_of_the_campaign),
		TEST(a_snapshot_is_no_run),
		TEST(files_of_a_campaign),
		TEST(a_campaigns_snapshot_is_read_once),
		TEST(no_copy_of_other_snapshots),
		TEST(each_campaign_has_its_own),
		TEST(a_snapshot_that_changes_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

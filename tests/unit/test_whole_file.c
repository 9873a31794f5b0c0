/* SPDX-License-Identifier: BSD-2-Clause */
/* Files that capture writes: new ones for their owner only, whatever somebody has put under their names. No root. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* after the standard headers that it needs */
#include <cmocka.h>

#include "capture/whole_file.h"
#include "ingest/database.h"
#include "lib/recfile.h"
#include "tests/unit/written_files.h"

struct place {
	char dir[64];
	char text[160];
};

static int make_place(void **state)
{
	struct place *p = calloc(1, sizeof(*p));

	if (!p)
		return -1;
	strcpy(p->dir, "/tmp/wirespan-whole.XXXXXX");
	if (!mkdtemp(p->dir))
		return -1;
	*state = p;
	return 0;
}

static int remove_place(void **state)
{
	struct place *p = *state;

	remove_tree(p->dir);
	free(p);
	return 0;
}

/* DIR/NAME; good until the next call. */
static const char *in(struct place *p, const char *name)
{
	snprintf(p->text, sizeof(p->text), "%s/%s", p->dir, name);
	return p->text;
}

static void plant(struct place *p, const char *target, const char *name)
{
	char to[160];

	snprintf(to, sizeof(to), "%s", in(p, target));
	assert_int_equal(symlink(to, in(p, name)), 0);
}

static void holds(struct place *p, const char *name, const char *text)
{
	char bytes[64] = "";
	FILE *file = fopen(in(p, name), "rb");

	assert_non_null(file);
	bytes[fread(bytes, 1, sizeof(bytes) - 1, file)] = '\0';
	fclose(file);
	assert_string_equal(bytes, text);
}

static mode_t mode_of(struct place *p, const char *name)
{
	struct stat st;

	assert_int_equal(lstat(in(p, name), &st), 0);
	return st.st_mode;
}

static int write_file(struct place *p, const char *name, const char *text)
{
	char path[160];
	struct ws_error err = { 0 };

	snprintf(path, sizeof(path), "%s", in(p, name));
	return ws_whole_file_write(path, 0600, text, &err);
}

static void replaces_and_is_private(void **state)
{
	struct place *p = *state;

	assert_int_equal(write_file(p, "run.json", "{1}"), 0);
	assert_int_equal(write_file(p, "run.json", "{2}"), 0);
	holds(p, "run.json", "{2}");
	assert_int_equal(mode_of(p, "run.json"), S_IFREG | 0600);
	assert_int_equal(access(in(p, "run.json.part"), F_OK), -1);
}

/* A link under the temporary name is removed, one under the name is replaced; where they lead is untouched. */
static void follows_no_link(void **state)
{
	struct place *p = *state;

	put(p->dir, "secret", "secret");
	plant(p, "secret", "run.json");
	plant(p, "secret", "run.json.part");
	assert_int_equal(write_file(p, "run.json", "{}"), 0);
	holds(p, "secret", "secret");
	holds(p, "run.json", "{}");
	assert_int_equal(mode_of(p, "run.json"), S_IFREG | 0600);
	plant(p, "nowhere", "other.json.part");
	assert_int_equal(write_file(p, "other.json", "{}"), 0);
	assert_int_equal(access(in(p, "nowhere"), F_OK), -1);
}

/* Not into a file that somebody holds open, or has linked there. */
static void makes_a_new_file(void **state)
{
	struct place *p = *state;
	char from[160];

	put(p->dir, "secret", "secret");
	snprintf(from, sizeof(from), "%s", in(p, "secret"));
	assert_int_equal(link(from, in(p, "run.json.part")), 0);
	assert_int_equal(write_file(p, "run.json", "{}"), 0);
	holds(p, "secret", "secret");
}

/* Opened ahead, it is there before it is written; unused, it is gone. */
static void prepared(void **state)
{
	struct place *p = *state;
	struct ws_whole_file file;
	struct ws_error err = { 0 };

	assert_int_equal(ws_whole_file_name(in(p, "run.json"), 0600, &file, &err), 0);
	assert_int_equal(ws_whole_file_prepare(&file, &err), 0);
	assert_int_equal(mode_of(p, "run.json.part"), S_IFREG | 0600);
	assert_int_equal(ws_whole_file_put(&file, "{1}", &err), 0);
	assert_int_equal(ws_whole_file_put(&file, "{2}", &err), 0);
	assert_int_equal(ws_whole_file_prepare(&file, &err), 0);
	ws_whole_file_close(&file);
	holds(p, "run.json", "{2}");
	assert_int_equal(access(in(p, "run.json.part"), F_OK), -1);
}

static void no_directory(void **state)
{
	struct place *p = *state;
	struct ws_error err = { 0 };

	assert_int_equal(ws_whole_file_write(in(p, "gone/run.json"), 0600, "{}", &err), -ENOENT);
	assert_non_null(strstr(err.text, "gone/run.json.part: cannot write: No such file or directory"));
}

static int create_records(struct place *p, struct ws_error *err)
{
	const struct ws_recfile_head head = { .point = "nic", .contexts = "w3c" };
	struct ws_recfile_writer *writer = NULL;
	char path[160];
	int rc;

	snprintf(path, sizeof(path), "%s", in(p, "nic.rec.zst"));
	rc = ws_recfile_create(path, &head, 3, &writer, err);
	ws_recfile_close(writer);
	return rc;
}

/* Records: a link is somebody's file of that name, even if it leads nowhere. */
static void records_follow_no_link(void **state)
{
	static const char *const name[] = { "nic.rec.zst", "nic.rec.zst.part" };
	struct place *p = *state;

	for (int i = 0; i < 2; i++) {
		struct ws_error err = { 0 };

		plant(p, "nowhere", name[i]);
		assert_int_equal(create_records(p, &err), -EEXIST);
		assert_non_null(strstr(err.text, name[i]));
		assert_int_equal(access(in(p, "nowhere"), F_OK), -1);
		unlink(in(p, name[i]));
	}
	assert_int_equal(create_records(p, &(struct ws_error) { 0 }), 0);
	assert_int_equal(mode_of(p, "nic.rec.zst.part"), S_IFREG | 0600);
}

/* The database: a link to it is refused, one to its directory is the user's own way to name it. */
static void database_follows_no_link(void **state)
{
	struct place *p = *state;
	struct ws_database *db = NULL;
	struct ws_error err = { 0 };
	char path[160];

	assert_int_equal(mkdir(in(p, "run"), 0700), 0);
	plant(p, "nowhere", "run/run.db");
	snprintf(path, sizeof(path), "%s", in(p, "run/run.db"));
	assert_int_equal(ws_database_open(path, &db, &err), -ELOOP);
	assert_non_null(strstr(err.text, "run/run.db: a symbolic link"));
	assert_int_equal(access(in(p, "nowhere"), F_OK), -1);
	put(p->dir, "secret", "");
	unlink(path);
	plant(p, "secret", "run/run.db");
	assert_int_equal(ws_database_open(path, &db, &err), -ELOOP);
	holds(p, "secret", "");
	unlink(path);
	plant(p, "run", "alias");
	assert_int_equal(ws_database_open(in(p, "alias/run.db"), &db, &err), 0);
	ws_database_close(db);
	assert_int_equal(mode_of(p, "run/run.db") & S_IFMT, S_IFREG);
}

#define IN_A_PLACE(test) cmocka_unit_test_setup_teardown(test, make_place, remove_place)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_A_PLACE(replaces_and_is_private),
		IN_A_PLACE(follows_no_link),
		IN_A_PLACE(makes_a_new_file),
		IN_A_PLACE(prepared),
		IN_A_PLACE(no_directory),
		IN_A_PLACE(records_follow_no_link),
		IN_A_PLACE(database_follows_no_link),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

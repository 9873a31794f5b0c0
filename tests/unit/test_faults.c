/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_faults - what a recording meets in mid-run, as far as it can be made without one: no room, files and namespaces
 * that go away, somebody else in the directory, a wall clock that is set. tests/faults/ makes it with real ones.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "capture/clock.h"
#include "capture/directory.h"
#include "capture/netns.h"
#include "lib/recfile.h"

static char directory[] = "/tmp/test_faults.XXXXXX";

static char *path_of(const char *name)
{
	static char path[128];

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	return path;
}

static struct ws_recfile_writer *create(const char *name)
{
	const struct ws_recfile_head head = { .point = "nic", .contexts = "w3c" };
	struct ws_recfile_writer *w;
	struct ws_error err = { 0 };

	if (ws_recfile_create(path_of(name), &head, 3, &w, &err))
		fail_msg("%s", err.text);
	return w;
}

/* Fills a block with records that do not get smaller; returns what writing it returns. */
static int write_block(struct ws_recfile_writer *w, struct ws_error *err)
{
	const struct ws_recfile_mark mark = { 0 };
	struct ws_record *r;
	uint64_t random = 88172645463325252u;

	while ((r = ws_recfile_slot(w))) {
		memset(r, 0, sizeof(*r));
		for (size_t i = 0; i < sizeof(r->trace_id); i++) {
			random ^= random << 13;
			random ^= random >> 7;
			random ^= random << 17;
			r->trace_id[i] = (uint8_t)random;
		}
	}
	return ws_recfile_flush(w, &mark, err);
}

/* The file ends with the last block that fitted, and says so; nothing more goes into it. */
static void what_does_not_fit_is_cut_off(void **state)
{
	const struct rlimit all = { RLIM_INFINITY, RLIM_INFINITY };
	struct rlimit limit = { 200000, RLIM_INFINITY };
	const struct ws_recfile_mark mark = { 0 };
	const struct ws_recfile_status *status;
	struct ws_recfile_reader *reader;
	const struct ws_record *records;
	struct ws_recfile_writer *w = create("limited");
	struct ws_error err = { 0 };
	uint32_t n, n_blocks = 0;
	struct stat st;
	int rc;

	(void)state;
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
	while ((rc = write_block(w, &err)) == 0)
		n_blocks++;
	setrlimit(RLIMIT_FSIZE, &all);
	assert_int_equal(rc, -EFBIG);
	assert_non_null(strstr(err.text, "limited.part: cannot write: File too large"));
	assert_true(n_blocks >= 1);
	assert_int_equal(ws_recfile_pending(w), 0);
	assert_int_equal(ws_recfile_written_records(w), n_blocks * WS_RECFILE_BLOCK_RECORDS);
	assert_int_equal(ws_recfile_finish(w, &mark, &err), -EFBIG);
	assert_int_equal(stat(path_of("limited.part"), &st), 0);
	assert_int_equal(ws_recfile_written_bytes(w), st.st_size);
	ws_recfile_close(w);
	assert_int_equal(ws_recfile_open(path_of("limited.part"), &reader, &err), 0);
	do
		assert_int_equal(ws_recfile_next(reader, &records, &n, &err), 0);
	while (n);
	status = ws_recfile_reader_status(reader);
	assert_int_equal(status->n_records, n_blocks * WS_RECFILE_BLOCK_RECORDS);
	assert_int_equal(status->unread_bytes, 0);
	assert_int_equal(status->n_cut_records, 0);
	ws_recfile_reader_close(reader);
	unlink(path_of("limited.part"));
}

/* A file that cannot even have its head is not left in the way. */
static void no_room_for_the_head(void **state)
{
	const struct ws_recfile_head head = { .point = "nic", .contexts = "w3c" };
	const struct rlimit all = { RLIM_INFINITY, RLIM_INFINITY };
	struct rlimit limit = { 10, RLIM_INFINITY };
	struct ws_recfile_writer *w;
	struct ws_error err = { 0 };

	(void)state;
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
	assert_int_equal(ws_recfile_create(path_of("none"), &head, 3, &w, &err), -EFBIG);
	setrlimit(RLIMIT_FSIZE, &all);
	assert_int_not_equal(access(path_of("none.part"), F_OK), 0);
}

static void a_file_that_goes_is_missed(void **state)
{
	struct ws_recfile_writer *w = create("gone");
	const struct ws_recfile_mark mark = { 0 };
	struct ws_error err = { 0 };
	char elsewhere[128];

	(void)state;
	assert_int_equal(ws_recfile_look(w, &err), 0);
	strcpy(elsewhere, path_of("elsewhere"));
	assert_int_equal(rename(path_of("gone.part"), elsewhere), 0);
	assert_int_equal(ws_recfile_look(w, &err), -ENOENT);
	assert_non_null(strstr(err.text, "gone.part: is not there any more"));
	close(open(path_of("gone.part"), O_CREAT | O_WRONLY, 0600)); /* another one of that name */
	assert_int_equal(ws_recfile_look(w, &err), -ENOENT);
	assert_int_equal(ws_recfile_finish(w, &mark, &err), -ENOENT);
	assert_int_not_equal(access(path_of("gone"), F_OK), 0);
	unlink(path_of("gone.part"));
	unlink(elsewhere);
	ws_recfile_close(w);
}

static void a_directory_is_for_one(void **state)
{
	struct ws_error err = { 0 };
	int first, second = -1;

	(void)state;
	assert_int_equal(ws_directory_lock(directory, &first, &err), 0);
	assert_int_equal(ws_directory_lock(directory, &second, &err), -EBUSY);
	assert_int_equal(second, -1);
	assert_non_null(strstr(err.text, "another capture records into it"));
	close(first);
	assert_int_equal(ws_directory_lock(directory, &second, &err), 0);
	close(second);
	assert_int_equal(ws_directory_lock(path_of("none"), &second, &err), -ENOENT);
}

/* Names of namespaces are files; any will do. */
static void a_namespace_that_goes_is_missed(void **state)
{
	const struct ws_netns_id none = { 0 };
	struct ws_error err = { 0 };
	struct ws_netns_id id;

	(void)state;
	close(open(path_of("netns"), O_CREAT | O_WRONLY, 0600));
	id = ws_netns_id(path_of("netns"));
	assert_int_not_equal(id.ino, 0);
	assert_int_equal(ws_netns_look(path_of("netns"), &id, &err), 0);
	unlink(path_of("netns"));
	assert_int_equal(ws_netns_look(path_of("netns"), &id, &err), -ESTALE);
	assert_non_null(strstr(err.text, "netns: was deleted"));
	/* our own, and one that goes with a process */
	assert_int_equal(ws_netns_id(NULL).ino, 0);
	assert_int_equal(ws_netns_id("/proc/self/ns/net").ino, 0);
	assert_int_equal(ws_netns_look(NULL, &none, &err), 0);
}

static uint64_t step(int64_t gone_ns, int64_t realtime_gone_ns)
{
	const struct ws_clock_pair before = { 1000, 1700000000000000000 };
	const struct ws_clock_pair now = { before.monotonic_ns + (uint64_t)gone_ns,
					   before.realtime_ns + (uint64_t)realtime_gone_ns };

	return ws_clock_step_ns(&before, &now);
}

static void a_clock_that_is_set_is_not_adjusted(void **state)
{
	const int64_t second = 1000000000;

	(void)state;
	assert_int_equal(step(second, second), 0);
	assert_int_equal(step(second, 3 * second), 2 * second);
	assert_int_equal(step(second, -second), 2 * second);
	assert_int_equal(step(second, second + second / 12), 0); /* chrony, at its fastest */
	assert_int_equal(step(20000000, 20000000 + 9000000), 0); /* readings are not exact */
	assert_int_equal(step(600 * second, 602 * second), 0);	 /* over ten minutes: may be */
	assert_int_equal(step(0, -3600 * second), 3600 * second);
}

static int set_up(void **state)
{
	(void)state;
	return mkdtemp(directory) ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	return rmdir(directory);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_does_not_fit_is_cut_off),
		cmocka_unit_test(no_room_for_the_head),
		cmocka_unit_test(a_file_that_goes_is_missed),
		cmocka_unit_test(a_directory_is_for_one),
		cmocka_unit_test(a_namespace_that_goes_is_missed),
		cmocka_unit_test(a_clock_that_is_set_is_not_adjusted),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}

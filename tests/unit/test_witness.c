/* SPDX-License-Identifier: BSD-2-Clause */
/* Files that change, are cut, replaced or taken away while they are read: that is seen, and nothing of them is kept. */
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

#include <cmocka.h>

#include "ingest/witness.h"
#include "tests/unit/written_files.h"

static char dir[64], path[96];

static int make_file(void **state)
{
	(void)state;
	strcpy(dir, "/tmp/wirespan-witness.XXXXXX");
	if (!mkdtemp(dir))
		return -1;
	snprintf(path, sizeof(path), "%s/nic.pcap", dir);
	put(dir, "nic.pcap", "some bytes");
	return 0;
}

static int remove_file(void **state)
{
	(void)state;
	return remove_tree(dir);
}

static void is_noticed(const struct ws_witness *witness, const char *words)
{
	struct ws_error err = { 0 };

	assert_int_equal(ws_witness_check(witness, path, &err), -EAGAIN);
	assert_non_null(strstr(err.text, words));
	assert_non_null(strstr(err.text, "nic.pcap"));
}

static void begin(struct ws_witness *witness)
{
	assert_int_equal(ws_witness_begin(witness, path, NULL), 0);
}

static void a_file_that_stays_as_it_is_is_fine(void **state)
{
	struct ws_witness witness;

	(void)state;
	begin(&witness);
	assert_int_equal(ws_witness_check(&witness, path, NULL), 0);
}

static void a_file_that_grows_is_noticed(void **state)
{
	struct ws_witness witness;

	(void)state;
	begin(&witness);
	put(dir, "nic.pcap", "some bytes, and more");
	is_noticed(&witness, "changed");
}

static void a_file_that_is_cut_is_noticed(void **state)
{
	struct ws_witness witness;

	(void)state;
	begin(&witness);
	assert_int_equal(truncate(path, 3), 0);
	is_noticed(&witness, "changed");
}

static void another_file_of_the_name_is_noticed(void **state)
{
	struct ws_witness witness;
	char other[96];

	(void)state;
	begin(&witness);
	put(dir, "other", "same bytes");
	snprintf(other, sizeof(other), "%s/other", dir);
	assert_int_equal(rename(other, path), 0);
	is_noticed(&witness, "changed");
}

static void other_bytes_in_their_place_are_noticed(void **state)
{
	const struct timespec later[2] = { { .tv_sec = 1700000000 }, { .tv_sec = 1700000000, .tv_nsec = 1 } };
	struct ws_witness witness;

	(void)state;
	begin(&witness);
	put(dir, "nic.pcap", "SOME BYTES");
	assert_int_equal(utimensat(0, path, later, 0), 0); /* a clock that is too coarse does not spoil the test */
	is_noticed(&witness, "changed");
}

static void a_file_that_goes_away_is_noticed(void **state)
{
	struct ws_witness witness;

	(void)state;
	begin(&witness);
	assert_int_equal(unlink(path), 0);
	is_noticed(&witness, "went away");
	assert_int_equal(ws_witness_begin(&witness, path, NULL), -ENOENT);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_file, remove_file)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_file_that_stays_as_it_is_is_fine),     TEST(a_file_that_grows_is_noticed),
		TEST(a_file_that_is_cut_is_noticed),	      TEST(another_file_of_the_name_is_noticed),
		TEST(other_bytes_in_their_place_are_noticed), TEST(a_file_that_goes_away_is_noticed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

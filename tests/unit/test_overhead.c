/* SPDX-License-Identifier: BSD-2-Clause */
/* test_overhead - the order of treatments, the choice of them, and programs that run beside us. */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "capture/overhead/child.h"
#include "capture/overhead/shuffle.h"
#include "capture/overhead/treatment.h"
#include "lib/trials.h"
#include "tests/unit/written_files.h"

/* splitmix64 of seed 1234567, as its authors' program prints it. */
static void the_random_numbers_are_known(void **state)
{
	uint64_t seed = 1234567;

	(void)state;
	assert_true(ws_shuffle_next(&seed) == UINT64_C(6457827717110365317));
	assert_true(ws_shuffle_next(&seed) == UINT64_C(3203168211198807973));
	assert_true(ws_shuffle_next(&seed) == UINT64_C(9817491932198370423));
}

static void a_seed_repeats_its_order(void **state)
{
	uint64_t one = 42, other = 42;
	uint32_t a[8], b[8];

	(void)state;
	for (int block = 0; block < 100; block++) {
		uint32_t seen = 0;

		ws_shuffle(&one, a, 8);
		ws_shuffle(&other, b, 8);
		assert_memory_equal(a, b, sizeof(a));
		for (int i = 0; i < 8; i++)
			seen |= 1u << a[i];
		assert_int_equal(seen, 0xff); /* each once */
	}
}

/* Of 24,000 blocks of four, each of the 24 orders comes 1000 times, give or take five standard deviations. */
static void every_order_is_as_likely(void **state)
{
	uint32_t count[256] = { 0 }, order[4], n_orders = 0;
	uint64_t random = 7;

	(void)state;
	for (int block = 0; block < 24000; block++) {
		ws_shuffle(&random, order, 4);
		count[order[0] << 6 | order[1] << 4 | order[2] << 2 | order[3]]++;
	}
	for (int i = 0; i < 256; i++) {
		if (!count[i])
			continue;
		n_orders++;
		assert_in_range(count[i], 845, 1155);
	}
	assert_int_equal(n_orders, 24);
}

/* The first is what the others are compared with; names are such as overhead.json takes. */
static void treatments_have_proper_names(void **state)
{
	(void)state;
	assert_string_equal(ws_treatment[0].name, WS_TREATMENT_NONE);
	assert_in_range(WS_N_TREATMENTS, 2, WS_TREATMENTS_MAX);
	for (int i = 0; i < WS_N_TREATMENTS; i++) {
		assert_non_null(ws_treatment[i].name);
		assert_in_range(strlen(ws_treatment[i].name), 1, WS_TREATMENT_NAME_MAX);
		assert_in_range(strlen(ws_treatment[i].words), 1, WS_TREATMENT_WORDS_MAX);
		assert_int_equal(strspn(ws_treatment[i].name, "abcdefghijklmnopqrstuvwxyz0123456789_-"),
				 strlen(ws_treatment[i].name));
		for (int k = 0; k < i; k++)
			assert_string_not_equal(ws_treatment[i].name, ws_treatment[k].name);
	}
}

static void lists_of_treatments_are_read(void **state)
{
	static const char *const wrong[] = { "", "ebpf,", ",ebpf", "ebp", "ebpfx", "EBPF", "ebpf tcpdump" };
	bool is_chosen[WS_N_TREATMENTS];

	(void)state;
	assert_int_equal(ws_treatments_parse(NULL, is_chosen, NULL), 0);
	for (int i = 0; i < WS_N_TREATMENTS; i++)
		assert_int_equal(is_chosen[i], ws_treatment[i].is_usual);
	assert_int_equal(ws_treatments_parse("tcpdump,ebpf,tcpdump", is_chosen, NULL), 0);
	for (int i = 0; i < WS_N_TREATMENTS; i++)
		assert_int_equal(is_chosen[i], i == 0 || !strcmp(ws_treatment[i].name, "ebpf") ||
						       !strcmp(ws_treatment[i].name, "tcpdump"));
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		struct ws_error err = { 0 };

		assert_int_equal(ws_treatments_parse(wrong[i], is_chosen, &err), -EINVAL);
		assert_non_null(strstr(err.text, "--treatments"));
	}
}

static char dir[] = "/tmp/wirespan-test-overhead.XXXXXX";

static int make_dir(void **state)
{
	(void)state;
	return mkdtemp(dir) ? 0 : -1;
}

static int remove_dir(void **state)
{
	(void)state;
	return remove_tree(dir);
}

/* Runs a shell's text to its end. */
static void run(const char *text, struct ws_child *child)
{
	char said[64], *const argv[] = { (char *)"sh", (char *)"-c", (char *)text, NULL };
	struct ws_error err = { 0 };

	snprintf(said, sizeof(said), "%s/said", dir);
	assert_int_equal(ws_child_start(argv, NULL, said, child, &err), 0);
	assert_true(ws_child_wait(child, UINT64_MAX, NULL));
}

static void what_a_child_did_is_known(void **state)
{
	struct ws_child child;
	char line[64];

	(void)state;
	run("echo one; echo two words >&2; echo; exit 3", &child);
	assert_int_equal(child.status, 3);
	ws_child_last_line(&child, line, sizeof(line));
	assert_string_equal(line, "two words");
	ws_child_close(&child);
	run("printf 'a\\033[31mb'; kill -9 $$", &child);
	assert_int_equal(child.status, 128 + SIGKILL);
	ws_child_last_line(&child, line, sizeof(line));
	assert_string_equal(line, "a?[31mb");
	ws_child_close(&child);
	ws_child_close(&child);
}

/* Nothing of ours goes to a child: it has its three files, and the directory that it looks into. */
static void a_child_inherits_nothing(void **state)
{
	struct ws_child child;
	char line[64];
	int fd[2];

	(void)state;
	assert_int_equal(pipe(fd), 0);
	run("ls /proc/self/fd | wc -l", &child);
	ws_child_last_line(&child, line, sizeof(line));
	assert_string_equal(line, "4");
	ws_child_close(&child);
	close(fd[0]);
	close(fd[1]);
}

static void what_is_no_program_says_so(void **state)
{
	char said[64], *const argv[] = { (char *)"/no/such/program", NULL };
	struct ws_error err = { 0 };
	struct ws_child child;
	char line[128];

	(void)state;
	snprintf(said, sizeof(said), "%s/said", dir);
	assert_int_equal(ws_child_start(argv, NULL, said, &child, &err), 0);
	assert_true(ws_child_wait(&child, UINT64_MAX, NULL));
	assert_int_equal(child.status, 127);
	ws_child_last_line(&child, line, sizeof(line));
	assert_non_null(strstr(line, "cannot run /no/such/program"));
	ws_child_close(&child);
}

/* One that runs costs something, can be waited for in vain, and is ended by closing. */
static void a_child_ends_when_it_is_told(void **state)
{
	char said[64], *const argv[] = { (char *)"sh", (char *)"-c", (char *)"while :; do :; done", NULL };
	const volatile sig_atomic_t stop = 1;
	struct ws_error err = { 0 };
	struct ws_child child;
	pid_t pid;

	(void)state;
	snprintf(said, sizeof(said), "%s/said", dir);
	assert_int_equal(ws_child_start(argv, NULL, said, &child, &err), 0);
	pid = child.pid;
	assert_false(ws_child_wait(&child, 0, NULL));
	assert_false(ws_child_wait(&child, UINT64_MAX, &stop));
	while (ws_child_cpu_ns(&child) < 1000000)
		usleep(1000);
	ws_child_end(&child, SIGTERM);
	assert_int_equal(child.status, 128 + SIGTERM);
	assert_true(child.cpu_ns >= 1000000);
	assert_int_equal(ws_child_cpu_ns(&child), 0);
	assert_int_equal(kill(pid, 0), -1);
	ws_child_close(&child);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_random_numbers_are_known), cmocka_unit_test(a_seed_repeats_its_order),
		cmocka_unit_test(every_order_is_as_likely),	cmocka_unit_test(treatments_have_proper_names),
		cmocka_unit_test(lists_of_treatments_are_read), cmocka_unit_test(what_a_child_did_is_known),
		cmocka_unit_test(a_child_inherits_nothing),	cmocka_unit_test(what_is_no_program_says_so),
		cmocka_unit_test(a_child_ends_when_it_is_told),
	};

	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}

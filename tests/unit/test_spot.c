/* SPDX-License-Identifier: BSD-2-Clause */
/* test_spot - groups of contexts, and the bytes that must be searched for so many of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "analyze/spot.h"
#include "analyze/steps.h"
#include "tests/unit/random.h"

#define N(array) (sizeof(array) / sizeof(*(array)))

/* Adds a spot of HTTP/1 to 10.0.0.1:80. */
static struct ws_spot *add(struct ws_spots *spots, enum ws_spot_kind kind, const char *family, uint32_t end_off)
{
	struct ws_spot spot = {
		.kind = kind, .http_version = 1, .dport = 80, .going = WS_GOING_RX, .end_off = end_off, .n = 1
	};

	memcpy(spot.daddr, "\0\0\0\0\0\0\0\0\0\0\xff\xff\x0a\0\0\1", sizeof(spot.daddr));
	assert_int_equal(ws_spots_family(spots, family, &spot.family), 0);
	assert_int_equal(ws_spots_add(spots, &spot), 0);
	return &spots->at[spots->n - 1];
}

/* A group of the given ends, ascending, of which so many were expected. Some that are equal are one place, some are
 * not. */
static struct ws_spot_group group_of(struct ws_spot *spot, const uint32_t *end, uint64_t n, uint64_t n_expected)
{
	struct ws_spot_group group = { .found = spot, .n_found = n, .n_expected = n_expected, .expected_known = true };

	for (uint64_t i = 0; i < n; i++) {
		if (i % 3 && end[i] == end[i - 1])
			spot[group.n_places - 1].n++;
		else
			spot[group.n_places++] = (struct ws_spot) { .end_off = end[i], .n = 1 };
	}
	return group;
}

static void assert_threshold(const struct ws_spot_group *group, uint32_t percent, uint32_t bytes)
{
	struct ws_threshold threshold = ws_spot_threshold(group, percent, true);

	assert_int_equal(threshold.kind, WS_THRESHOLD_BYTES);
	assert_int_equal(threshold.bytes, bytes);
}

static void nothing_expected_has_no_threshold(void **state)
{
	struct ws_spot_group group = { .expected_known = true };

	(void)state;
	for (int i = 0; i < WS_N_THRESHOLDS; i++)
		assert_int_equal(ws_spot_threshold(&group, ws_threshold_percent[i], true).kind, WS_THRESHOLD_UNKNOWN);
}

static void one_context_is_all_of_them(void **state)
{
	struct ws_spot spot[1];
	struct ws_spot_group group = group_of(spot, (uint32_t[]) { 77 }, 1, 1);

	(void)state;
	for (int i = 0; i < WS_N_THRESHOLDS; i++)
		assert_threshold(&group, ws_threshold_percent[i], 77);
	assert_threshold(&group, 1, 77);
}

static void share_reached_exactly_is_reached(void **state)
{
	struct ws_spot spot[10];
	struct ws_spot_group group = group_of(spot, (uint32_t[]) { 10, 20, 30, 40, 50, 60, 70, 80, 90, 100 }, 10, 10);

	(void)state;
	assert_threshold(&group, 50, 50);
	assert_threshold(&group, 51, 60);
	assert_threshold(&group, 90, 90);
	assert_threshold(&group, 91, 100);
	assert_threshold(&group, 99, 100);
	assert_threshold(&group, 100, 100);
}

static void ties_are_one_step(void **state)
{
	struct ws_spot spot[4];
	struct ws_spot_group group = group_of(spot, (uint32_t[]) { 5, 9, 9, 9 }, 4, 4);

	(void)state;
	assert_threshold(&group, 25, 5);
	assert_threshold(&group, 26, 9);
	assert_threshold(&group, 100, 9);
}

static void what_was_not_found_keeps_the_rate_below(void **state)
{
	struct ws_spot spot[9];
	struct ws_spot_group group = group_of(spot, (uint32_t[]) { 1, 2, 3, 4, 5, 6, 7, 8, 9 }, 9, 10);

	(void)state;
	assert_threshold(&group, 50, 5);
	assert_threshold(&group, 90, 9);
	assert_int_equal(ws_spot_threshold(&group, 99, true).kind, WS_THRESHOLD_NEVER);
	assert_int_equal(ws_spot_threshold(&group, 100, true).kind, WS_THRESHOLD_NEVER);
	/* The same of a search that ended at a window: it may lie behind. */
	assert_int_equal(ws_spot_threshold(&group, 99, false).kind, WS_THRESHOLD_NOT_SEARCHED);
	assert_int_equal(ws_spot_threshold(&group, 90, false).kind, WS_THRESHOLD_BYTES);
}

static void unknown_expectation_has_no_threshold(void **state)
{
	struct ws_spot spot[1];
	struct ws_spot_group group = group_of(spot, (uint32_t[]) { 77 }, 1, 1);

	(void)state;
	group.expected_known = false;
	assert_int_equal(ws_spot_threshold(&group, 50, true).kind, WS_THRESHOLD_UNKNOWN);
}

static void large_numbers_do_not_overflow(void **state)
{
	struct ws_spot_group group = { .expected_known = true, .n_expected = UINT64_MAX };

	(void)state;
	assert_int_equal(ws_spot_threshold(&group, 100, true).kind, WS_THRESHOLD_NEVER);
}

/* As the definition has it: the smallest N, tried one after the other. */
static void threshold_is_the_definition(void **state)
{
	static struct ws_spot spot[300];
	uint32_t end[300];

	(void)state;
	for (uint32_t round = 0; round < 400; round++) {
		uint64_t n = (uint32_t)(random_number() % 300),
			 n_expected = n + (uint32_t)(random_number() % 3) * (uint32_t)(random_number() % 20);
		struct ws_spot_group group;

		for (uint64_t i = 0; i < n; i++)
			end[i] = (i ? end[i - 1] : 0) + (uint32_t)(random_number() % 3);
		group = group_of(spot, end, n, n_expected);
		for (uint32_t percent = 1; percent <= 100 && n_expected; percent += percent < 98 ? 7 : 1) {
			struct ws_threshold threshold = ws_spot_threshold(&group, percent, true);
			uint32_t bytes = 0;
			uint64_t n_found = 0;

			for (; bytes < 1000 && 100 * n_found < percent * n_expected; bytes++) {
				n_found = 0;
				for (uint64_t i = 0; i < n; i++)
					n_found += end[i] <= bytes;
			}
			if (100 * n_found < percent * n_expected) {
				assert_int_equal(threshold.kind, WS_THRESHOLD_NEVER);
			} else {
				assert_int_equal(threshold.kind, WS_THRESHOLD_BYTES);
				assert_int_equal(threshold.bytes, bytes - 1);
			}
		}
	}
}

static void groups_by_family_come_in_order_of_name(void **state)
{
	struct ws_spots spots = { 0 };
	struct ws_spot_groups groups;

	(void)state;
	add(&spots, WS_SPOT_FOUND, "w3c", 90);
	add(&spots, WS_SPOT_FOUND, "header:x", 50);
	add(&spots, WS_SPOT_FOUND, "w3c", 70);
	add(&spots, WS_SPOT_MISSED, "b3", 0);
	assert_int_equal(ws_spot_groups_open(&spots, WS_BY_FAMILY, false, 0, &groups), 0);
	assert_int_equal(groups.n, 3);
	assert_string_equal(groups.at[0].family, "b3");
	assert_int_equal(groups.at[0].n_found, 0);
	assert_int_equal(groups.at[0].n_expected, 1);
	assert_string_equal(groups.at[1].family, "header:x");
	assert_string_equal(groups.at[2].family, "w3c");
	assert_int_equal(groups.at[2].n_found, 2);
	assert_int_equal(groups.at[2].found[0].end_off, 70);
	assert_int_equal(groups.at[2].found[1].end_off, 90);
	assert_int_equal(groups.at[2].http_version, 0);
	assert_null(groups.at[2].hop);
	ws_spot_groups_close(&groups);
	assert_int_equal(ws_spot_groups_open(&spots, 0, false, 0, &groups), 0);
	assert_int_equal(groups.n, 1);
	assert_null(groups.at[0].family);
	assert_int_equal(groups.at[0].n_found, 3);
	assert_int_equal(groups.at[0].n_expected, 4);
	ws_spot_groups_close(&groups);
	ws_spots_close(&spots);
}

static void hops_differ_in_way_address_and_port(void **state)
{
	struct ws_spots spots = { 0 };
	struct ws_spot_groups groups;
	char text[WS_GROUP_WORDS_MAX];

	(void)state;
	add(&spots, WS_SPOT_FOUND, "b3", 1);
	add(&spots, WS_SPOT_FOUND, "b3", 2)->going = WS_GOING_TX;
	add(&spots, WS_SPOT_FOUND, "b3", 3)->dport = 81;
	add(&spots, WS_SPOT_FOUND, "b3", 4)->daddr[15] = 9;
	add(&spots, WS_SPOT_FOUND, "b3", 5)->http_version = 2;
	add(&spots, WS_SPOT_FOUND, "b3", 6);
	assert_int_equal(ws_spot_groups_open(&spots, WS_BY_HOP, false, 0, &groups), 0);
	assert_int_equal(groups.n, 4);
	assert_int_equal(groups.at[0].n_found, 3);
	assert_string_equal(ws_spot_group_words(&groups.at[0], text), "rx 10.0.0.1:80");
	ws_spot_groups_close(&groups);
	assert_int_equal(ws_spot_groups_open(&spots, WS_BY_HOP | WS_BY_FAMILY | WS_BY_FORMAT, false, 0, &groups), 0);
	assert_int_equal(groups.n, 5);
	assert_string_equal(ws_spot_group_words(&groups.at[4], text), "b3, HTTP/2, rx 10.0.0.1:80");
	ws_spot_groups_close(&groups);
	memset(spots.at[0].daddr, 0xfe, sizeof(spots.at[0].daddr));
	spots.n = 1;
	assert_int_equal(ws_spot_groups_open(&spots, WS_BY_HOP, false, 0, &groups), 0);
	assert_string_equal(ws_spot_group_words(&groups.at[0], text),
			    "rx [fefe:fefe:fefe:fefe:fefe:fefe:fefe:fefe]:80");
	ws_spot_groups_close(&groups);
	ws_spots_close(&spots);
}

static void open_requests_make_their_groups_unknown(void **state)
{
	struct ws_spots spots = { 0 };
	struct ws_spot_groups groups;

	(void)state;
	add(&spots, WS_SPOT_FOUND, "b3", 1);
	add(&spots, WS_SPOT_FOUND, "w3c", 2);
	add(&spots, WS_SPOT_FOUND, "w3c", 3)->http_version = 2;
	add(&spots, WS_SPOT_OPEN, "none", 0);
	/* It may be of either family, but it is no HTTP/2. */
	assert_int_equal(ws_spot_groups_open(&spots, WS_BY_FAMILY | WS_BY_FORMAT, false, 0, &groups), 0);
	assert_int_equal(groups.n, 3);
	assert_false(groups.at[0].expected_known);
	assert_int_equal(groups.at[0].n_open, 1);
	assert_false(groups.at[1].expected_known);
	assert_int_equal(groups.at[2].http_version, 2);
	assert_true(groups.at[2].expected_known);
	assert_int_equal(groups.at[2].n_open, 0);
	ws_spot_groups_close(&groups);
	/* Of a capture it is nobody's loss. */
	assert_int_equal(ws_spot_groups_open(&spots, WS_BY_FAMILY, true, 0, &groups), 0);
	assert_true(groups.at[0].expected_known);
	assert_int_equal(groups.at[0].n_expected, 1);
	ws_spot_groups_close(&groups);
	assert_int_equal(ws_spot_groups_open(&spots, 0, false, 0, &groups), 0);
	assert_false(groups.at[0].expected_known);
	assert_int_equal(groups.at[0].n_found, 3);
	ws_spot_groups_close(&groups);
	ws_spots_close(&spots);
}

static void open_requests_alone_are_no_group(void **state)
{
	struct ws_spots spots = { 0 };
	struct ws_spot_groups groups;

	(void)state;
	add(&spots, WS_SPOT_OPEN, "none", 0);
	for (unsigned int by = 0; by < 8; by++) {
		assert_int_equal(ws_spot_groups_open(&spots, by, false, 3, &groups), 0);
		assert_int_equal(groups.n, 0);
		ws_spot_groups_close(&groups);
	}
	ws_spots_close(&spots);
	assert_int_equal(ws_spot_groups_open(&spots, WS_BY_FAMILY, false, 0, &groups), 0);
	assert_int_equal(groups.n, 0);
	ws_spot_groups_close(&groups);
	ws_spot_groups_close(NULL);
	ws_spots_close(NULL);
}

static void unread_requests_count_in_every_group(void **state)
{
	struct ws_spots spots = { 0 };
	struct ws_spot_groups groups;

	(void)state;
	add(&spots, WS_SPOT_FOUND, "b3", 1);
	add(&spots, WS_SPOT_FOUND, "w3c", 2);
	assert_int_equal(ws_spot_groups_open(&spots, WS_BY_FAMILY, false, 1, &groups), 0);
	for (uint32_t i = 0; i < 2; i++) {
		assert_true(groups.at[i].expected_known);
		assert_int_equal(groups.at[i].n_expected, 2);
		assert_threshold(&groups.at[i], 50, i + 1);
		assert_int_equal(ws_spot_threshold(&groups.at[i], 51, true).kind, WS_THRESHOLD_NEVER);
	}
	ws_spot_groups_close(&groups);
	ws_spots_close(&spots);
}

static void families_keep_their_names_when_put_together(void **state)
{
	struct ws_spots all = { 0 }, more = { 0 };
	struct ws_spot_groups groups;

	(void)state;
	add(&all, WS_SPOT_FOUND, "header:x-a", 1);
	add(&more, WS_SPOT_FOUND, "header:x-b", 2);
	add(&more, WS_SPOT_FOUND, "header:x-a", 3);
	assert_int_equal(ws_spots_append(&all, &more, true), 0);
	ws_spots_close(&more);
	assert_int_equal(all.n, 3);
	assert_int_equal(all.n_families, 2);
	assert_int_equal(ws_spot_groups_open(&all, WS_BY_FAMILY, false, 0, &groups), 0);
	assert_string_equal(groups.at[0].family, "header:x-a");
	assert_int_equal(groups.at[0].n_found, 2);
	assert_string_equal(groups.at[1].family, "header:x-b");
	assert_int_equal(groups.at[1].found[0].end_off, 2);
	ws_spot_groups_close(&groups);
	ws_spots_close(&all);
}

static void alike_requests_are_one_spot(void **state)
{
	struct ws_spots spots = { 0 }, all = { 0 };
	struct ws_spot_groups groups;
	uint64_t n[3] = { 0 };

	(void)state;
	/* many different ones, and each more often than once */
	for (uint32_t i = 0; i < 9000; i++)
		add(&spots, i % 3, "b3", i % 3 == WS_SPOT_FOUND ? i % 900 : 0);
	assert_int_equal(spots.n, 300 + 2);
	for (uint32_t i = 0; i < spots.n; i++)
		n[spots.at[i].kind] += spots.at[i].n;
	assert_int_equal(n[WS_SPOT_FOUND], 3000);
	assert_int_equal(n[WS_SPOT_MISSED], 3000);
	assert_int_equal(n[WS_SPOT_OPEN], 3000);
	assert_int_equal(ws_spots_append(&all, &spots, true), 0);
	assert_int_equal(ws_spots_append(&all, &spots, false), 0);
	assert_int_equal(all.n, spots.n);
	assert_int_equal(ws_spot_groups_open(&all, 0, false, 0, &groups), 0);
	assert_int_equal(groups.n, 1);
	assert_int_equal(groups.at[0].n_places, 300);
	assert_int_equal(groups.at[0].n_found, 6000);
	assert_int_equal(groups.at[0].n_missed, 6000);
	assert_int_equal(groups.at[0].n_open, 3000);
	for (uint32_t i = 0; i < 300; i++) {
		assert_int_equal(groups.at[0].found[i].end_off, 3 * i);
		assert_int_equal(groups.at[0].found[i].n, 20);
	}
	ws_spot_groups_close(&groups);
	ws_spots_close(&spots);
	ws_spots_close(&all);
}

/* The curve of n contexts that end at 1 .. n: how many rows it has, and its last row. */
static uint32_t rows_of(uint32_t n, char last[128])
{
	struct ws_spot *spot = calloc(n, sizeof(*spot));
	struct ws_spot_group group = {
		.found = spot, .n_places = n, .n_found = n, .n_expected = n, .expected_known = true
	};
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);
	uint32_t n_rows = 0;

	for (uint32_t i = 0; i < n; i++)
		spot[i] = (struct ws_spot) { .end_off = i + 1, .n = 1 };
	ws_steps_write(&group, "p", "c", UINT32_MAX, n, out);
	fclose(out);
	for (char *at = text; *at; at = strchr(at, '\n') + 1) {
		n_rows++;
		snprintf(last, 128, "%.*s", (int)strcspn(at, "\n"), at);
	}
	free(text);
	free(spot);
	return n_rows;
}

static void curve_has_every_offset_or_quantiles(void **state)
{
	char last[128];

	(void)state;
	assert_int_equal(rows_of(1, last), 2);
	assert_int_equal(rows_of(1000, last), 1001);
	assert_int_equal(strncmp(last, "p\tc\toffsets\t1000\t1.000000\t", 26), 0);
	assert_int_equal(rows_of(54321, last), 1001);
	assert_int_equal(strncmp(last, "p\tc\toffsets\t54321\t1.000000\t", 27), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_expected_has_no_threshold),
		cmocka_unit_test(one_context_is_all_of_them),
		cmocka_unit_test(share_reached_exactly_is_reached),
		cmocka_unit_test(ties_are_one_step),
		cmocka_unit_test(what_was_not_found_keeps_the_rate_below),
		cmocka_unit_test(unknown_expectation_has_no_threshold),
		cmocka_unit_test(large_numbers_do_not_overflow),
		cmocka_unit_test(threshold_is_the_definition),
		cmocka_unit_test(groups_by_family_come_in_order_of_name),
		cmocka_unit_test(hops_differ_in_way_address_and_port),
		cmocka_unit_test(open_requests_make_their_groups_unknown),
		cmocka_unit_test(open_requests_alone_are_no_group),
		cmocka_unit_test(unread_requests_count_in_every_group),
		cmocka_unit_test(alike_requests_are_one_spot),
		cmocka_unit_test(families_keep_their_names_when_put_together),
		cmocka_unit_test(curve_has_every_offset_or_quantiles),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

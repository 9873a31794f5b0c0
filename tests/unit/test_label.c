/* SPDX-License-Identifier: BSD-2-Clause */
/* Labels: different cells have different ones, and no more is told than tells them apart. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "analyze/label.h"

#define CELLS_MAX 512

/* A campaign of cells that have conditions and nothing else. */
static struct ws_campaign campaign;
static struct ws_conditions conditions[CELLS_MAX];
static struct ws_cell cells[CELLS_MAX];

/* Adds a cell of keys and values; NULL ends them. */
static void add(const char *first, ...)
{
	uint32_t n = campaign.n_cells++;
	va_list texts;

	va_start(texts, first);
	for (const char *key = first; key; key = va_arg(texts, const char *))
		assert_int_equal(ws_conditions_set(&conditions[n], key, va_arg(texts, const char *)), 0);
	va_end(texts);
	cells[n].conditions = &conditions[n];
	campaign.cell = cells;
}

static int begin(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < campaign.n_cells; i++)
		ws_conditions_close(&conditions[i]);
	campaign = (struct ws_campaign) { 0 };
	return 0;
}

/* Checks the labels of all cells, in their order. */
static void check(const bool *shown, const char *const *without, const char *const *wanted)
{
	ws_label *label;

	assert_int_equal(ws_labels_make(&campaign, shown, without, &label), 0);
	for (uint32_t i = 0; i < campaign.n_cells; i++)
		assert_string_equal(label[i], wanted[i]);
	free(label);
}

static void what_does_not_vary_is_not_told(void **state)
{
	(void)state;
	add("overlay", "vxlan", "headers", "proposed", "rate_per_s", "80", "node", "n1", NULL);
	add("overlay", "ipip", "headers", "proposed", "rate_per_s", "80", "node", "n1", NULL);
	check(NULL, NULL, (const char *const[]) { "VXLAN", "IPIP" });
}

static void other_keys_are_told_only_where_the_leading_ones_are_not_enough(void **state)
{
	(void)state;
	add("overlay", "vxlan", "rate_per_s", "1", "duration_s", "6", NULL);
	add("overlay", "vxlan", "rate_per_s", "80", "duration_s", "3", NULL);
	add("overlay", "ipip", "rate_per_s", "80", "duration_s", "3", "node", "a", NULL);
	add("overlay", "ipip", "rate_per_s", "80", "duration_s", "3", "node", "b", NULL);
	check(NULL, NULL,
	      (const char *const[]) { "VXLAN, 1/s", "VXLAN, 80/s", "IPIP, 80/s, node a", "IPIP, 80/s, node b" });
}

static void a_key_that_is_missing_is_told(void **state)
{
	(void)state;
	add("note", "cold", NULL);
	add("note", "hot", NULL);
	add("overlay", "vxlan", NULL);
	check(NULL, NULL, (const char *const[]) { "no overlay, note cold", "no overlay, note hot", "VXLAN" });
}

static void cells_that_differ_only_in_what_is_left_out_are_named_alike(void **state)
{
	(void)state;
	add("overlay", "vxlan", "attached", "both", NULL);
	add("overlay", "vxlan", "attached", "ebpf", NULL);
	add("overlay", "ipip", "attached", "both", NULL);
	check(NULL, (const char *const[]) { "attached", NULL }, (const char *const[]) { "VXLAN", "VXLAN", "IPIP" });
	check(NULL, (const char *const[]) { "attached", "overlay", NULL },
	      (const char *const[]) { "all runs", "all runs", "all runs" });
}

static void cells_that_are_not_shown_do_not_count(void **state)
{
	const bool shown[] = { true, true, false };

	(void)state;
	add("overlay", "vxlan", "rate_per_s", "1", NULL);
	add("overlay", "vxlan", "rate_per_s", "80", NULL);
	add("overlay", "ipip", "rate_per_s", "80", NULL);
	check(shown, NULL, (const char *const[]) { "1/s", "80/s", "" });
}

static void nothing_in_a_label_ends_a_column(void **state)
{
	(void)state;
	add("overlay", "a\tb", NULL);
	add("overlay", "c\nd", NULL);
	check(NULL, NULL, (const char *const[]) { "a?b", "c?d" });
}

/* Whatever the conditions: cells that are not alike have labels that differ. */
static void no_two_are_named_alike(void **state)
{
	static const char *const keys[] = { "overlay", "headers", "rate_per_s", "attached", "node", "zone" };
	static const char *const values[] = { NULL, "a", "b" };
	ws_label *label;

	(void)state;
	for (uint32_t i = 0; i < 400; i++) {
		uint32_t rest = i * 2654435761u % 729;

		cells[i].conditions = &conditions[i];
		campaign.cell = cells;
		campaign.n_cells = i + 1;
		for (size_t k = 0; k < 6; k++, rest /= 3) {
			if (values[rest % 3])
				assert_int_equal(ws_conditions_set(&conditions[i], keys[k], values[rest % 3]), 0);
		}
	}
	assert_int_equal(ws_labels_make(&campaign, NULL, NULL, &label), 0);
	for (uint32_t a = 0; a < campaign.n_cells; a++) {
		for (uint32_t b = 0; b < a; b++) {
			bool alike = !ws_conditions_compare(&conditions[a], &conditions[b]);

			assert_int_equal(!strcmp(label[a], label[b]), alike);
		}
	}
	free(label);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(what_does_not_vary_is_not_told, begin),
		cmocka_unit_test_setup(other_keys_are_told_only_where_the_leading_ones_are_not_enough, begin),
		cmocka_unit_test_setup(a_key_that_is_missing_is_told, begin),
		cmocka_unit_test_setup(cells_that_differ_only_in_what_is_left_out_are_named_alike, begin),
		cmocka_unit_test_setup(cells_that_are_not_shown_do_not_count, begin),
		cmocka_unit_test_setup(nothing_in_a_label_ends_a_column, begin),
		cmocka_unit_test_setup_teardown(no_two_are_named_alike, begin, begin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

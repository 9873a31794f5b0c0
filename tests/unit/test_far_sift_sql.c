/* SPDX-License-Identifier: BSD-2-Clause */
/* test_far_sift_sql - what servers are asked: well formed whatever runs and files are called, and no more than was
 * wanted. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "analyze/far_sift_sql.h"
#include "analyze/trays.h"
#include "lib/clickhouse/client.h"
#include "tests/unit/sql_text.h"

static struct ws_file file[3] = { { .file_id = 11 }, { .file_id = 22 }, { .file_id = 333 } };
static const struct ws_catalog catalog = { file, 3 };
static const struct ws_vantage vantage[3];
static const uint8_t list_of_file[3] = { 0, 1, WS_NO_LIST };

static struct ws_far_question question(void)
{
	return (struct ws_far_question) {
		.catalog = &catalog,
		.vantage = vantage,
		.list_of_file = list_of_file,
		.is_joined = { true, false },
		.latencies = true,
	};
}

static struct ws_sift_sql sql_of(const struct ws_far_question *asked, const char *condition, const uint64_t *left)
{
	return (struct ws_sift_sql) {
		.question = asked,
		.condition = condition,
		.suffix = "_local",
		.n_slices = 1,
		.left = left,
	};
}

static void names_stay_inside_their_quotes(void **state)
{
	static const char *const name[] = { "it's",   "a\\", "\\'", "') OR 1 = 1 --", "x' SETTINGS max_threads = 1 --",
					    "\"`%s%n" };

	(void)state;
	for (size_t i = 0; i < sizeof(name) / sizeof(*name); i++) {
		const struct ws_far_question asked = question();
		char *literal = ws_client_quoted(name[i]), condition[128], *text, *prewhere, *where;
		uint64_t left[WS_SIFT_BUCKETS / 64] = { 5 };
		struct ws_sift_sql sql = sql_of(&asked, condition, left);

		sql.n_left = 2;
		snprintf(condition, sizeof(condition), "run = %s AND load IN (7)", literal);
		for (int i_question = 0; i_question < 2; i_question++) {
			text = i_question ? ws_sift_sql_pairs(&sql) : ws_sift_sql_ask(&sql);
			assert_true(is_whole(text));
			assert_non_null(strstr(text, condition));
			free(text);
		}
		assert_int_equal(ws_sift_sql_left(&sql, &prewhere, &where), 0);
		assert_true(is_whole(prewhere));
		assert_true(is_whole(where));
		assert_non_null(strstr(where, condition));
		free(prewhere);
		free(where);
		free(literal);
	}
}

static void only_what_was_wanted_is_asked(void **state)
{
	struct ws_far_question asked = question();
	struct ws_sift_sql sql = sql_of(&asked, "run = 'r'", NULL);
	char *text = ws_sift_sql_ask(&sql);

	(void)state;
	assert_non_null(strstr(text, "FROM request_local WHERE run = 'r'"));
	assert_non_null(strstr(text, "[11, 22]"));
	assert_null(strstr(text, "333"));
	assert_null(strstr(text, "roundToExp2"));
	assert_null(strstr(text, "distributed_group_by_no_merge"));
	free(text);
	asked.rounds = true;
	sql.n_slices = 4;
	sql.slice = 3;
	sql.suffix = "";
	sql.is_all = true;
	text = ws_sift_sql_ask(&sql);
	assert_true(is_whole(text));
	assert_non_null(strstr(text, "roundToExp2(size)), 1024)"));
	assert_non_null(strstr(text, "% 4 = 3"));
	assert_non_null(strstr(text, "distributed_group_by_no_merge = 1"));
	free(text);
}

/* Expressions before the FROM of a query, that of all in parentheses. */
static uint32_t count_columns(const char *text)
{
	uint32_t n = 1;

	for (int depth = 0; depth || strncmp(text, " FROM ", 6) != 0; text++) {
		assert_true(*text);
		depth += (*text == '(') - (*text == ')');
		n += !depth && *text == ',';
	}
	return n;
}

static void pairs_have_a_kind_for_every_column(void **state)
{
	(void)state;
	for (unsigned int wanted = 0; wanted < 8; wanted++) {
		struct ws_far_question asked = question();
		struct ws_sift_sql sql = sql_of(&asked, "1", NULL);
		uint8_t kind[WS_SIFT_COLUMNS_MAX];
		char *text;

		asked.is_joined[0] = wanted & 1;
		asked.is_joined[1] = wanted & 2;
		asked.ids = wanted & 4;
		text = ws_sift_sql_pairs(&sql);
		assert_int_equal(count_columns(text), ws_sift_pair_kinds(&asked, kind));
		assert_int_equal(!!strstr(text, "stream_id"), asked.ids && wanted & 3);
		assert_int_equal(!!strstr(text, "q0"), wanted & 1);
		assert_int_equal(!!strstr(text, "q2"), !!(wanted & 2));
		free(text);
	}
}

static void little_is_looked_at_again(void **state)
{
	const struct ws_far_question asked = question();
	uint64_t *left = calloc(WS_SIFT_BUCKETS / 64, sizeof(*left));
	struct ws_sift_sql sql = sql_of(&asked, "1", left);
	char *prewhere, *where;

	(void)state;
	assert_int_equal(ws_sift_sql_left(&sql, &prewhere, &where), 0);
	assert_null(strstr(where, "SELECT"));
	free(prewhere);
	free(where);
	left[1] = 2;
	sql.n_left = 1;
	assert_int_equal(ws_sift_sql_left(&sql, &prewhere, &where), 0);
	assert_non_null(strstr(prewhere, " IN (65)"));
	assert_non_null(strstr(where, " IN (65)"));
	free(prewhere);
	free(where);
	memset(left, 0xff, WS_SIFT_BUCKETS / 8);
	sql.n_left = WS_SIFT_BUCKETS;
	assert_int_equal(ws_sift_sql_left(&sql, &prewhere, &where), 0);
	assert_true(is_whole(prewhere));
	assert_in_range(strlen(prewhere) + strlen(where), 1, 10000);
	free(prewhere);
	free(where);
	free(left);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_stay_inside_their_quotes),
		cmocka_unit_test(only_what_was_wanted_is_asked),
		cmocka_unit_test(pairs_have_a_kind_for_every_column),
		cmocka_unit_test(little_is_looked_at_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

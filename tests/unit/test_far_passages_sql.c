/* SPDX-License-Identifier: BSD-2-Clause */
/* test_far_passages_sql - what servers are asked of traces: well formed whatever runs are called, no more than was
 * wanted, and short enough for a server however many files there are. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "analyze/mesh/far_passages_sql.h"
#include "lib/clickhouse/client.h"
#include "tests/unit/sql_text.h"

/* What a server takes of a query, 18.16's and later ones' default. */
#define QUERY_MAX 262144

static struct ws_file file[WS_FAR_FILES_MAX];
static bool wanted[WS_FAR_FILES_MAX];
static int64_t offset_ns[WS_FAR_FILES_MAX];
static struct ws_catalog catalog = { .file = file };
static const struct ws_far_passages passages = { .catalog = &catalog, .offset_ns = offset_ns };
static const struct ws_far_server server = { .suffix = "_local" };

/* n files, of which the even ones are wanted. */
static struct ws_passages_sql sql_of(uint32_t n, const char *condition)
{
	catalog.n_files = n;
	for (uint32_t f = 0; f < n; f++) {
		file[f].file_id = 1000000 + f;
		offset_ns[f] = f % 4 ? INT64_MIN : INT64_MAX;
		wanted[f] = f % 2 == 0;
	}
	return (struct ws_passages_sql) {
		.passages = &passages,
		.wanted = wanted,
		.condition = condition,
		.file_bytes = 2,
		.flow_bytes = 4,
		.n_slices = 1,
	};
}

/* Each question in turn. */
static char *ask(const struct ws_passages_sql *sql, int question)
{
	char *text = question == 0   ? ws_passages_sql_requests(sql, &server)
		     : question == 1 ? ws_passages_sql_responses(sql, &server)
				     : ws_passages_sql_left(sql);

	assert_non_null(text);
	return text;
}

static void names_stay_inside_their_quotes(void **state)
{
	static const char *const name[] = { "it's", "a\\", "\\'", "') OR 1 = 1 --", "\"`%s%n" };

	(void)state;
	for (size_t i = 0; i < 3 * sizeof(name) / sizeof(*name); i++) {
		char *literal = ws_client_quoted(name[i / 3]), condition[128], *text;
		struct ws_passages_sql sql = sql_of(2, condition);

		sql.by_identity = true;
		snprintf(condition, sizeof(condition), "run = %s AND load IN (7)", literal);
		text = ask(&sql, i % 3);
		assert_true(is_whole(text));
		assert_non_null(strstr(text, condition));
		free(text);
		free(literal);
	}
}

static void only_what_was_wanted_is_asked(void **state)
{
	(void)state;
	for (int question = 0; question < 3; question++) {
		struct ws_passages_sql sql = sql_of(3, "run = 'r'");
		char *text = ask(&sql, question);

		assert_non_null(strstr(text, "1000002"));
		assert_null(strstr(text, "1000001"));
		assert_null(strstr(text, "ORDER BY"));
		assert_null(strstr(text, "distributed_group_by_no_merge"));
		assert_int_equal(!!strstr(text, "_local AS one"), question < 2);
		free(text);
		sql.n_slices = 4;
		sql.slice = 3;
		text = ask(&sql, question);
		assert_int_equal(!!strstr(text, "% 4 = 3"), question < 2);
		free(text);
	}
}

static void queries_of_many_files_are_not_too_long(void **state)
{
	const size_t of_condition = 24 * WS_FAR_FILES_MAX; /* ws_far_condition_of() lists a load of each file */

	(void)state;
	for (int question = 0; question < 3; question++) {
		struct ws_passages_sql sql = sql_of(WS_FAR_FILES_MAX, "1");
		char *text;

		sql.by_identity = true;
		memset(wanted, true, sizeof(wanted));
		text = ask(&sql, question);
		assert_true(is_whole(text));
		assert_in_range(strlen(text) + 2 * of_condition, 1, QUERY_MAX);
		free(text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_stay_inside_their_quotes),
		cmocka_unit_test(only_what_was_wanted_is_asked),
		cmocka_unit_test(queries_of_many_files_are_not_too_long),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

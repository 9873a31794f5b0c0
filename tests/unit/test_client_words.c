/* SPDX-License-Identifier: BSD-2-Clause */
/* What a ClickHouse server says in place of a result: the right -errno, advice, and nothing hostile shown. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* after the standard headers that it needs */
#include <cmocka.h>

#include "lib/clickhouse/client.h"
#include "lib/clickhouse/client_words.h"
#include "tests/unit/guard.h"

static int refuse(long status, const char *body, struct ws_error *err)
{
	const struct ws_bytes b = ws_guard(body, (uint32_t)strlen(body));

	return ws_client_refusal("http://h:1", status, b.data, b.len, err);
}

static void test_codes(void **state)
{
	static const struct {
		long status;
		const char *body;
		int rc;
		const char *words;
	} cases[] = {
		{ 401,
		  "Code: 193, e.displayText() = DB::Exception: Wrong password for user x, e.what() = DB::Exception\n",
		  -EACCES, "http://h:1: Wrong password for user x: is WIRESPAN_STORE_PASSWORD" },
		{ 403, "Code: 516. DB::Exception: x: Authentication failed. (AUTHENTICATION_FAILED)", -EACCES,
		  "are the user in the URL" },
		{ 500, "Code: 243. DB::Exception: Cannot reserve 1.00 MiB, not enough space", -ENOSPC,
		  "no room is left" },
		{ 500, "Code: 1001, e.displayText() = std::exception: errno: 28, strerror: No space left on device",
		  -ENOSPC, "no room is left" },
		{ 500,
		  "Code: 279, e.displayText() = DB::NetException: All connection tries failed. Log: \n\nCode: 32, "
		  "e.displayText() = DB::Exception: Attempt to read after eof, e.what() = DB::Exception\nCode: 210, "
		  "e.displayText() = DB::NetException: Connection refused (127.0.0.1:43), e.what() = DB::NetException",
		  -EHOSTUNREACH, "(127.0.0.1:43)" },
		{ 500, "Code: 49, e.displayText() = DB::Exception: DDL background thread is not initialized.",
		  -EHOSTUNREACH, "name all servers" },
		{ 500,
		  "Code: 159, e.displayText() = DB::Exception: Watching task "
		  "/clickhouse/task_queue/ddl/query-0000000269 is "
		  "executing longer than distributed_ddl_task_timeout (=3) seconds. There are 1 unfinished hosts (0 of "
		  "them "
		  "are currently active), they are going to execute the query in background, e.what() = DB::Exception",
		  -EHOSTUNREACH, "a server of the cluster does not" },
		{ 500, "Code: 159. DB::Exception: Timeout exceeded: elapsed 3 seconds (TIMEOUT_EXCEEDED)", -ETIMEDOUT,
		  "max_execution_time" },
		{ 500,
		  "Code: 999, e.displayText() = Coordination::Exception: Session expired (Session expired), e.what() = "
		  "Coordination::Exception",
		  -EHOSTUNREACH, "http://h:1: Session expired (Session expired): the servers' ZooKeeper" },
		{ 500, "Code: 701. DB::Exception: Requested cluster 'x' not found. (CLUSTER_DOESNT_EXIST)", -EREMOTEIO,
		  "remote_servers" },
		{ 404, "Code: 81, e.displayText() = DB::Exception: Database x doesn't exist", -ENOENT,
		  "no run was loaded" },
		{ 200, "Code: 395, e.displayText() = DB::Exception: thrown, e.what() = DB::Exception", -EREMOTEIO,
		  "http://h:1: thrown (code 395)" },
		{ 403, "", -EACCES, "HTTP 403" },
		{ 502, "<html>Bad gateway</html>", -EREMOTEIO, "HTTP 502: <html>Bad gateway</html>" },
		{ 200, "It works!", -EPROTO, "is it a ClickHouse server?" },
		{ 500, "Code: 99999999999999999999999, x", -EREMOTEIO, "HTTP 500" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct ws_error err = { 0 };

		assert_int_equal(refuse(cases[i].status, cases[i].body, &err), cases[i].rc);
		if (!strstr(err.text, cases[i].words))
			fail_msg("not said: %s\nbut: %s", cases[i].words, err.text);
		assert_null(strchr(err.text, '\n'));
	}
}

static void test_hostile(void **state)
{
	static char body[200000];
	struct ws_error err = { 0 };

	(void)state;
	for (size_t i = 0; i + 1 < sizeof(body); i++)
		body[i] = (char)(i % 255 + 1);
	memcpy(body, "Code: 9, %s%n\x1b[2J\x7f\xc2\x9b", 20);
	assert_int_equal(refuse(500, body, &err), -EREMOTEIO);
	assert_true(strlen(err.text) < 600);
	for (const char *c = err.text; *c; c++)
		assert_true(*c >= ' ' && *c < 0x7f);
	assert_true(ws_client_is_exception((const uint8_t *)"Code: 9", 7));
	assert_false(ws_client_is_exception((const uint8_t *)"Code: 9", 6));
	assert_false(ws_client_is_exception((const uint8_t *)"Code: x", 7));
	assert_false(ws_client_is_exception(NULL, 0));
}

static void test_versions(void **state)
{
	(void)state;
	assert_int_equal(ws_client_version_of("18.16.1\n"), WS_CLIENT_OLDEST);
	assert_int_equal(ws_client_version_of("24.8.4.13"), 24008);
	assert_int_equal(ws_client_version_of("1.1.54388"), 1001);
	assert_int_equal(ws_client_version_of(""), 0);
	assert_int_equal(ws_client_version_of("18"), 0);
	assert_int_equal(ws_client_version_of("18."), 0);
	assert_int_equal(ws_client_version_of("-18.1"), 0);
	assert_int_equal(ws_client_version_of("99999999999.1"), 0);
	assert_int_equal(ws_client_version_of("<html>"), 0);
}

static void test_quoted(void **state)
{
	char *quoted = ws_client_quoted("it's a \\ run");

	(void)state;
	assert_string_equal(quoted, "'it\\'s a \\\\ run'");
	free(quoted);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_codes),
		cmocka_unit_test(test_hostile),
		cmocka_unit_test(test_versions),
		cmocka_unit_test(test_quoted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

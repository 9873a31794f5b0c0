/* SPDX-License-Identifier: BSD-2-Clause */
/* Where a store is: URLs, good and bad; passwords, which are never repeated; the names of runs. */
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

#include "lib/clickhouse/access.h"
#include "lib/clickhouse/url.h"

static void test_good(void **state)
{
	char text[WS_URL_HOST_TEXT_LEN];
	struct ws_error err = { 0 };
	struct ws_url url;

	(void)state;
	assert_int_equal(ws_url_parse("clickhouse://db.example:9001/traces_1", &url, &err), 0);
	assert_false(url.is_tls);
	assert_string_equal(url.user, "");
	assert_string_equal(url.database, "traces_1");
	assert_int_equal(url.n_hosts, 1);
	assert_string_equal(ws_url_host_text(&url, 0, text), "http://db.example:9001");
	assert_int_equal(ws_url_parse("clickhouses://me-1@a,[::1]:9443,10.0.0.1/d", &url, &err), 0);
	assert_true(url.is_tls);
	assert_string_equal(url.user, "me-1");
	assert_int_equal(url.n_hosts, 3);
	assert_string_equal(ws_url_host_text(&url, 0, text), "https://a:8443");
	assert_string_equal(ws_url_host_text(&url, 1, text), "https://[::1]:9443");
	assert_string_equal(ws_url_host_text(&url, 2, text), "https://10.0.0.1:8443");
}

static void test_bad(void **state)
{
	static const char *const bad[] = {
		"",
		"http://a/d",
		"clickhouse:/a/d",
		"clickhouse://a",
		"clickhouse:///d",
		"clickhouse://a/",
		"clickhouse://a/d/e",
		"clickhouse://a/d?x=1",
		"clickhouse://a/d;DROP",
		"clickhouse://a/d`",
		"clickhouse://@a/d",
		"clickhouse://a b/d",
		"clickhouse://a,/d",
		"clickhouse://,a/d",
		"clickhouse://a:0/d",
		"clickhouse://a:65536/d",
		"clickhouse://a:99999999999999999999/d",
		"clickhouse://a:/d",
		"clickhouse://a:8x/d",
		"clickhouse://[::1/d",
		"clickhouse://[::1]x/d",
		"clickhouse://::1/d",
		"clickhouse://u'@a/d",
		"clickhouse://a\x1b/d",
	};
	const struct ws_url before = { .n_hosts = 7 };

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct ws_error err = { 0 };
		struct ws_url url = before;

		if (ws_url_parse(bad[i], &url, &err) != -EINVAL)
			fail_msg("taken: %s", bad[i]);
		assert_true(err.text[0]);
		assert_null(strchr(err.text, '\x1b'));
		assert_int_equal(url.n_hosts, 7); /* untouched */
	}
}

/* Whatever it holds, and wherever: a password in the URL is refused, and not said again. */
static void test_password_in_url(void **state)
{
	static const char *const bad[] = { "clickhouse://me:s3cret@a/d", "clickhouse://me:s3c/s3cret@a/d",
					   "clickhouse://me:s3cret@s3cret@a/d", "clickhouse://:s3cret@a/d" };

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct ws_error err = { 0 };
		struct ws_url url;

		assert_int_equal(ws_url_parse(bad[i], &url, &err), -EINVAL);
		assert_non_null(strstr(err.text, "WIRESPAN_STORE_PASSWORD"));
		assert_null(strstr(err.text, "s3cret"));
	}
}

static void test_too_many(void **state)
{
	char text[16 + 2 * (WS_URL_HOSTS_MAX + 1) + 8] = "clickhouse://a";
	struct ws_error err;
	struct ws_url url;

	(void)state;
	for (int i = 1; i < WS_URL_HOSTS_MAX; i++)
		strcat(text, ",a");
	strcat(text, "/d");
	assert_int_equal(ws_url_parse(text, &url, &err), 0);
	assert_int_equal(url.n_hosts, WS_URL_HOSTS_MAX);
	strcpy(text + strlen(text) - 2, ",a/d");
	assert_int_equal(ws_url_parse(text, &url, &err), -EINVAL);
}

static void write_file(const char *path, const char *text, mode_t mode)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
	assert_int_equal(chmod(path, mode), 0);
}

static void test_password(void **state)
{
	char path[] = "/tmp/wirespan-password.XXXXXX";
	struct ws_access access = { 0 };
	struct ws_error err;

	(void)state;
	close(mkstemp(path));
	unsetenv("WIRESPAN_STORE_PASSWORD");
	setenv("WIRESPAN_STORE_SECONDS", "7", 1);
	assert_int_equal(ws_access_open("clickhouse://a/d", NULL, NULL, &access, &err), 0);
	assert_null(access.password);
	assert_int_equal(access.quiet_s, 7);
	assert_true(access.n_exact == WS_STORE_EXACT);
	ws_access_close(&access);
	setenv("WIRESPAN_STORE_PASSWORD", "from environment", 1);
	setenv("WIRESPAN_STORE_SECONDS", "-7", 1);
	setenv("WIRESPAN_STORE_EXACT", "1000", 1);
	assert_int_equal(ws_access_open("clickhouse://a/d", NULL, NULL, &access, &err), 0);
	assert_string_equal(access.password, "from environment");
	assert_int_equal(access.quiet_s, 60);
	assert_true(access.n_exact == 1000);
	unsetenv("WIRESPAN_STORE_EXACT");
	ws_access_close(&access);
	write_file(path, "from file\r\nsecond line\n", 0600);
	assert_int_equal(ws_access_open("clickhouse://a/d", path, NULL, &access, &err), 0);
	assert_string_equal(access.password, "from file");
	ws_access_close(&access);
	write_file(path, "from file\n", 0640);
	assert_int_equal(ws_access_open("clickhouse://a/d", path, NULL, &access, &err), -EACCES);
	assert_null(strstr(err.text, "from file"));
	write_file(path, "\n", 0600);
	assert_int_equal(ws_access_open("clickhouse://a/d", path, NULL, &access, &err), -EINVAL);
	write_file(path, "a\tb\n", 0600);
	assert_int_equal(ws_access_open("clickhouse://a/d", path, NULL, &access, &err), -EINVAL);
	assert_int_equal(ws_access_open("clickhouse://a/d", "/", NULL, &access, &err), -EINVAL);
	unlink(path);
	assert_int_equal(ws_access_open("clickhouse://a/d", path, NULL, &access, &err), -ENOENT);
	setenv("WIRESPAN_STORE_PASSWORD", "a\nX-Injected: 1", 1);
	assert_int_equal(ws_access_open("clickhouse://a/d", NULL, NULL, &access, &err), -EINVAL);
	unsetenv("WIRESPAN_STORE_PASSWORD");
	unsetenv("WIRESPAN_STORE_SECONDS");
}

static void is_named(const char *root, const char *dir, const char *given, const char *wanted)
{
	struct ws_error err = { 0 };
	char *name = NULL;

	assert_int_equal(ws_access_run_name(root, dir, given, &name, &err), 0);
	assert_string_equal(name, wanted);
	free(name);
}

static void test_run_name(void **state)
{
	char dir[] = "/tmp/wirespan-run.XXXXXX", below[64];
	struct ws_error err;
	char *name;

	(void)state;
	assert_non_null(mkdtemp(dir));
	is_named(dir, dir, NULL, strrchr(dir, '/') + 1);
	snprintf(below, sizeof(below), "%s/run-003", dir);
	is_named(dir, below, "campaign", "campaign/run-003");
	is_named(dir, dir, "it's", "it's");
	is_named("/", "/run-1", "all", "all/run-1");
	assert_int_equal(chdir(dir), 0);
	is_named(".", "./run-003", "c", "c/run-003");
	is_named(".", ".", NULL, strrchr(dir, '/') + 1);
	assert_int_equal(ws_access_run_name("/", "/", NULL, &name, &err), -EINVAL);
	assert_int_equal(ws_access_run_name(dir, dir, "", &name, &err), -EINVAL);
	assert_int_equal(ws_access_run_name(dir, dir, "a\nb", &name, &err), -EINVAL);
	assert_int_equal(chdir("/"), 0);
	rmdir(dir);
	assert_int_equal(ws_access_run_name(dir, dir, NULL, &name, &err), -ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_password_in_url),
		cmocka_unit_test(test_too_many),
		cmocka_unit_test(test_password),
		cmocka_unit_test(test_run_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

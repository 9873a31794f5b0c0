/* SPDX-License-Identifier: BSD-2-Clause */
/* What lib/ does where an allocation is refused. */
#include <arpa/inet.h>
#include <jansson.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <zlib.h>
#include <zstd.h>

#include "lib/clickhouse/result.h"
#include "lib/log/unpack.h"
#include "lib/text_stream.h"
#include "lib/trials.h"
#include "tests/unit/refusing.h"

static enum outcome write_text(void)
{
	struct ws_text_stream stream;
	char *text, *at;
	size_t len;

	if (ws_text_stream_open(&stream))
		return SHORT;
	for (int i = 0; i < 10000; i++)
		fprintf(stream.out, "%d\n", i);
	if (ws_text_stream_finish(&stream, &text, &len))
		return SHORT;
	at = text;
	for (int i = 0; i < 10000; i++)
		if (strtol(at, &at, 10) != i || *at++ != '\n')
			return WRONG;
	return *at == '\0' && at == text + len ? WHOLE : WRONG;
}

static void a_text_in_memory_has_no_hole(void **state)
{
	(void)state;
	with_each_refused(write_text);
}

static void an_empty_text_is_one(void **state)
{
	struct ws_text_stream stream;
	size_t len = 1;
	char *text;

	(void)state;
	assert_int_equal(ws_text_stream_open(&stream), 0);
	assert_int_equal(ws_text_stream_finish(&stream, &text, &len), 0);
	assert_string_equal(text, "");
	assert_int_equal(len, 0);
	free(text);
	ws_text_stream_close(&stream); /* ended */
	assert_int_equal(ws_text_stream_open(&stream), 0);
	fputs("forgotten", stream.out);
	ws_text_stream_close(&stream);
}

#define WORDS "more words than a text that is read has room for at first"

static const char overhead[] = "{\"version\": 1, \"seed\": 1,"
			       "\"treatments\": [{\"name\": \"none\", \"words\": \"" WORDS "\"}],"
			       "\"trials\": [{\"treatment\": \"none\", "
			       "\"block\": 1, \"position\": 1, \"n_requests\": 1, \"n_failed\": 0, \"duration_ns\": 1, "
			       "\"latency_mean_ns\": 1, \"latency_median_ns\": 1, \"latency_p99_ns\": 1, "
			       "\"window_ns\": 1, \"busy_ns\": 1, \"softirq_ns\": 1, \"steal_ns\": 0, "
			       "\"own_cpu_ns\": 0, \"n_wakeups\": 0, \"n_irq_work\": null, \"load_cpu_ns\": 1, "
			       "\"n_frames\": null, \"n_lost\": null}]}";

static enum outcome read_trials(void)
{
	struct ws_error err = { 0 };
	struct ws_trials trials;
	int rc = ws_trials_read(overhead, strlen(overhead), &trials, &err);

	if (rc)
		return told(rc, &err);
	return strcmp(trials.treatment[0].words, WORDS) == 0 ? WHOLE : WRONG;
}

static void a_text_in_json_keeps_its_end(void **state)
{
	(void)state;
	with_each_refused(read_trials);
}

#define TEXT_MAX 300

/* Of each length: wherever the room for what jansson saves of it ends, one has its end just there. */
static enum outcome read_texts(void)
{
	char json[TEXT_MAX * (TEXT_MAX + 4)];
	size_t n = 0;
	json_t *made;

	for (int len = 1; len <= TEXT_MAX; len++)
		n += (size_t)sprintf(json + n, "%c\"%0*d\"", len == 1 ? '[' : ',', len, 0);
	json[n++] = ']';
	made = json_loadb(json, n, 0, NULL);
	if (ws_json_memory_was_short())
		return SHORT;
	for (int len = 1; len <= TEXT_MAX; len++)
		if (json_string_length(json_array_get(made, (size_t)len - 1)) != (size_t)len)
			return WRONG;
	json_decref(made);
	return WHOLE;
}

static void jansson_reads_no_text_beyond_its_end(void **state)
{
	(void)state;
	with_each_refused(read_texts);
}

#define PLAIN_LEN 300000

static const char *packed_name;

/* What cannot be unpacked for want of memory is no damage. */
static enum outcome unpack(void)
{
	const uint64_t refused = refused_one;
	bool is_packed, is_cut = false;
	size_t n = 0;
	FILE *file;
	int c;

	refused_one = 0;
	in_place(packed_name);
	refused_one = refused;
	file = ws_unpack_open(in_place(packed_name), &is_packed, &is_cut);
	if (!file)
		return errno == ENOMEM ? SHORT : WRONG;
	errno = 0;
	while ((c = getc(file)) != EOF)
		n++;
	if (ferror(file))
		return errno == ENOMEM ? SHORT : WRONG;
	return n == PLAIN_LEN && !is_cut ? WHOLE : WRONG;
}

static void what_cannot_be_unpacked_for_want_of_memory_is_not_damaged(void **state)
{
	static uint8_t plain[PLAIN_LEN], packed[PLAIN_LEN + 1000];
	size_t n;
	gzFile gz;

	(void)state;
	for (size_t i = 0; i < sizeof(plain); i++)
		plain[i] = (uint8_t)(i * i >> 7);
	n = ZSTD_compress(packed, sizeof(packed), plain, sizeof(plain), 3);
	assert_false(ZSTD_isError(n));
	put_bytes(dir, "plain.zst", packed, n);
	gz = gzopen(in_place("plain.gz"), "wb");
	assert_int_equal(gzwrite(gz, plain, sizeof(plain)), sizeof(plain));
	assert_int_equal(gzclose(gz), Z_OK);
	packed_name = "plain.zst";
	with_each_refused(unpack);
	packed_name = "plain.gz";
	with_each_refused(unpack);
}

/* Requests that came to the server without their query, of those of all trials. */
static unsigned *n_bare;

/* Answers one request: its version, a row, or, as ClickHouse does without a database, that there is no such table. */
static void answer(int fd)
{
	static const char row[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n\1\7";
	static const char version[] = "HTTP/1.1 200 OK\r\nContent-Length: 8\r\nConnection: close\r\n\r\n18.16.1\n";
	static const char none[] = "HTTP/1.1 404 Not Found\r\nContent-Length: 46\r\nConnection: close\r\n\r\n"
				   "Code: 60, e.displayText() = Table default.flow";
	char text[4096] = "";
	ssize_t n = 0, got;

	while (!strstr(text, "FORMAT RowBinary") && !strstr(text, "version()") &&
	       (got = read(fd, text + n, sizeof(text) - 1 - (size_t)n)) > 0)
		n += got;
	if (strstr(text, "version()")) {
		got = write(fd, version, sizeof(version) - 1);
	} else if (n) {
		const bool is_whole = strstr(text, "database=traces HTTP/1.1\r\n");

		*n_bare += !is_whole;
		got = is_whole ? write(fd, row, sizeof(row) - 1) : write(fd, none, sizeof(none) - 1);
	}
	close(fd);
}

/* Starts a server in a process of its own, which *server is. Returns its port. */
static uint16_t serve(pid_t *server)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int listener = socket(AF_INET, SOCK_STREAM, 0);
	socklen_t len = sizeof(at);

	assert_int_equal(bind(listener, (struct sockaddr *)&at, sizeof(at)), 0);
	assert_int_equal(listen(listener, 64), 0);
	assert_int_equal(getsockname(listener, (struct sockaddr *)&at, &len), 0);
	*server = fork();
	assert_true(*server >= 0);
	if (*server == 0)
		prctl(PR_SET_PDEATHSIG, SIGKILL); /* a check that fails leaves it behind */
	while (*server == 0)
		answer(accept(listener, NULL, NULL));
	close(listener);
	return ntohs(at.sin_port);
}

static char store_url[64];

static enum outcome ask_store(void)
{
	static const uint8_t kind[] = { WS_KIND_U8 };
	const uint64_t refused = refused_one;
	const struct ws_value *row = NULL;
	struct ws_result *result = NULL;
	struct ws_access access = { 0 };
	struct ws_error err = { 0 };
	struct ws_client *client;
	int rc;

	refused_one = 0;
	if (ws_access_open(store_url, NULL, NULL, &access, &err) || ws_client_open(&access, 0, &client, &err))
		return WRONG;
	ws_client_use_database(client);
	refused_one = refused;
	rc = ws_result_open(client, "toUInt8(port) FROM flow", kind, 1, &result, &err);
	rc = rc ? rc : ws_result_next(result, &row, &err);
	if (rc == 1 && row[0].integer != 7)
		return WRONG;
	rc = rc == 1 ? ws_result_next(result, &row, &err) : rc;
	refused_one = 0;
	ws_result_close(result);
	ws_client_close(client);
	ws_access_close(&access);
	return rc ? told(rc, &err) : row ? WHOLE : WRONG;
}

static void no_request_goes_to_a_store_without_its_query(void **state)
{
	pid_t server;

	(void)state;
	n_bare = mmap(NULL, sizeof(*n_bare), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_true(n_bare != MAP_FAILED);
	snprintf(store_url, sizeof(store_url), "clickhouse://127.0.0.1:%u/traces", (unsigned)serve(&server));
	assert_int_equal(ask_store(), WHOLE); /* libraries are ready from then on */
	with_each_refused(ask_store);
	kill(server, SIGKILL);
	assert_int_equal(waitpid(server, NULL, 0), server);
	assert_int_equal(*n_bare, 0);
	munmap(n_bare, sizeof(*n_bare));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_text_in_memory_has_no_hole),
		TEST(an_empty_text_is_one),
		TEST(a_text_in_json_keeps_its_end),
		TEST(jansson_reads_no_text_beyond_its_end),
		TEST(what_cannot_be_unpacked_for_want_of_memory_is_not_damaged),
		TEST(no_request_goes_to_a_store_without_its_query),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

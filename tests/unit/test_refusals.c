/* SPDX-License-Identifier: BSD-2-Clause */
/* What lib/ does where an allocation is refused. */
#include <jansson.h>
#include <zlib.h>
#include <zstd.h>

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_text_in_memory_has_no_hole),
		TEST(an_empty_text_is_one),
		TEST(a_text_in_json_keeps_its_end),
		TEST(jansson_reads_no_text_beyond_its_end),
		TEST(what_cannot_be_unpacked_for_want_of_memory_is_not_damaged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

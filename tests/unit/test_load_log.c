/* SPDX-License-Identifier: BSD-2-Clause */
/* Logs of load generators, each format: what is read, what is refused, and logs that end anywhere. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/log/log_read.h"
#include "tests/fuzz/memory_file.h"

#define COUNT(a)      (sizeof(a) / sizeof(*(a)))
#define REQUESTS_MAX  8
#define ERROR_LEN_MAX 64

#define HEY_HEADER "response-time,DNS+dialup,DNS,Request-write,Response-delay,Response-read,status-code,offset\n"
#define K6_HEADER  "metric_name,timestamp,metric_value,check,error,error_code,group,method,name,status,url,extra_tags\n"

/* What a log gave. */
struct seen {
	struct ws_log_facts facts;
	struct ws_error err;
	uint32_t n;
	struct {
		struct ws_log_request request;
		char error[ERROR_LEN_MAX];
	} at[REQUESTS_MAX];
};

static int take(void *context, const struct ws_log_request *r)
{
	struct seen *s = context;

	assert_in_range(s->n, 0, REQUESTS_MAX - 1);
	assert_in_range(r->error_len, 0, ERROR_LEN_MAX - 1);
	s->at[s->n].request = *r;
	if (r->error_len)
		memcpy(s->at[s->n].error, r->error, r->error_len);
	s->at[s->n++].error[r->error_len] = '\0';
	return 0;
}

static int read_bytes(const char *text, size_t len, struct seen *s)
{
	memset(s, 0, sizeof(*s));
	set_file((const uint8_t *)text, len);
	return ws_log_read(file_path, take, s, &s->facts, &s->err);
}

static int read_text(const char *text, struct seen *s)
{
	return read_bytes(text, strlen(text), s);
}

static void request_is(const struct seen *s, uint32_t i, int64_t start_ns, int64_t latency_ns, int status,
		       int64_t n_bytes_in, const char *error)
{
	const struct ws_log_request *r = &s->at[i].request;

	assert_in_range(i, 0, s->n - 1);
	assert_int_equal(r->start_ns, start_ns);
	assert_int_equal(r->latency_ns, latency_ns);
	assert_int_equal(r->status, status);
	assert_int_equal(r->n_bytes_in, n_bytes_in);
	assert_string_equal(s->at[i].error, error);
}

static void facts_are(const struct seen *s, const char *format, const char *clock, int64_t resolution_ns, uint64_t n_ok,
		      uint64_t n_not_ok, uint64_t n_unanswered)
{
	assert_string_equal(s->facts.format, format);
	assert_string_equal(s->facts.clock, clock);
	assert_int_equal(s->facts.resolution_ns, resolution_ns);
	assert_int_equal(s->facts.n_ok, n_ok);
	assert_int_equal(s->facts.n_not_ok, n_not_ok);
	assert_int_equal(s->facts.n_unanswered, n_unanswered);
	assert_int_equal(s->facts.n_requests, n_ok + n_not_ok + n_unanswered);
	assert_int_equal(s->facts.n_requests, s->n);
	assert_int_equal(s->facts.n_unread_lines, 0);
	assert_true(s->facts.is_complete);
}

static const char h2load_log[] = "1795392421397512\t200\t879\n"
				 "1795392421410719\t-1\t572\n"
				 "1795392421423524\t503\t0\n";

static void h2load(void **state)
{
	struct seen s;

	(void)state;
	assert_int_equal(read_text(h2load_log, &s), 0);
	facts_are(&s, "h2load", "realtime", 1000, 1, 1, 1);
	request_is(&s, 0, 1795392421397512000, 879000, 200, -1, "");
	request_is(&s, 1, 1795392421410719000, 572000, 0, -1, "");
	request_is(&s, 2, 1795392421423524000, 0, 503, -1, "");
}

static const char vegeta_csv_log[] =
	"1577836800000000001,200,1234567,12,345,,aGVsbG8=,attack,0,GET,http://a/,Q29udGVudC1MZW5ndGg6IDUN\n"
	"1577836800012500000,404,7,0,9,404 Not Found,,attack,1,GET,http://a/,\n"
	"1577836800025000000,0,30000000000,0,0,\"Get \"\"http://a/\"\": dial, or\nnot\",,attack,2,GET,http://a/,\n";

static void vegeta_csv(void **state)
{
	struct seen s;

	(void)state;
	assert_int_equal(read_text(vegeta_csv_log, &s), 0);
	facts_are(&s, "vegeta_csv", "realtime", 1, 1, 1, 1);
	request_is(&s, 0, 1577836800000000001, 1234567, 200, 345, "");
	request_is(&s, 1, 1577836800012500000, 7, 404, 9, "404 Not Found");
	request_is(&s, 2, 1577836800025000000, 30000000000, 0, 0, "Get \"http://a/\": dial, or\nnot");
}

/* The oldest has six columns; a log has the same number in all of its rows. */
static void vegeta_csv_of_older_versions(void **state)
{
	static const char *const columns[] = {
		"1577836800000000001", "200", "5", "1", "2", "", "b", "a", "0", "GET", "u", "h", "one too many"
	};
	char text[128] = "";
	struct seen s;

	(void)state;
	for (uint32_t n = 1; n <= COUNT(columns); n++) {
		const bool is_known = n >= 6 && n <= 12;
		size_t len = strlen(text);

		snprintf(text + len, sizeof(text) - len, "%s%s", n > 1 ? "," : "", columns[n - 1]);
		len = strlen(text);
		text[len] = '\n';
		assert_int_equal(read_bytes(text, len + 1, &s), is_known ? 0 : -EINVAL);
		assert_int_equal(s.n, is_known);
		text[len] = '\0';
	}
	assert_int_equal(read_text("1,200,5,1,2,\n2,200,5,1,2,,\n", &s), -EINVAL);
	assert_non_null(strstr(s.err.text, "line 2 "));
	assert_non_null(strstr(s.err.text, "it has 7 columns where the lines before have 6"));
}

static const char vegeta_json_log[] =
	"{\"attack\":\"\",\"seq\":0,\"code\":200,\"timestamp\":\"2020-01-01T09:00:00.000000001+09:00\",\"latency\":"
	"1234567,"
	"\"bytes_out\":0,\"bytes_in\":345,\"error\":\"\",\"body\":\"aGVsbG8=\",\"method\":\"GET\",\"url\":\"http://a/"
	"\","
	"\"headers\":{\"Content-Length\":[\"5\"]}}\n"
	"{\"attack\":\"\",\"seq\":1,\"code\":0,\"timestamp\":\"2019-12-31T23:59:59.5Z\",\"latency\":7,\"bytes_out\":0,"
	"\"bytes_in\":0,\"error\":\"Get \\\"http://a/\\\": "
	"EOF\\n\",\"body\":null,\"method\":\"GET\",\"url\":\"http://a/\","
	"\"headers\":null}\n";

static void vegeta_json(void **state)
{
	struct seen s;

	(void)state;
	assert_int_equal(read_text(vegeta_json_log, &s), 0);
	facts_are(&s, "vegeta_json", "realtime", 1, 1, 0, 1);
	request_is(&s, 0, 1577836800000000001, 1234567, 200, 345, "");
	request_is(&s, 1, 1577836799500000000, 7, 0, 0, "Get \"http://a/\": EOF\n");
}

static const char hey_log[] = HEY_HEADER "0.0034,0.0009,0.0000,0.0002,0.0018,0.0005,200,0.0002\n"
					 "12.5000,0.0005,0.0000,0.0002,-0.0028,0.0005,502,3.0005\n";

static void hey_csv(void **state)
{
	struct seen s;

	(void)state;
	assert_int_equal(read_text(hey_log, &s), 0);
	facts_are(&s, "hey_csv", "relative", 100000, 1, 1, 0);
	request_is(&s, 0, 200000, 3400000, 200, -1, "");
	request_is(&s, 1, 3000500000, 12500000000, 502, -1, "");
	assert_int_equal(read_text(HEY_HEADER, &s), 0);
	facts_are(&s, "hey_csv", "relative", 100000, 0, 0, 0);
	assert_int_equal(read_text("response-time,DNS+dialup,DNS,Request-write,Response-delay,Response-read\n", &s),
			 -EINVAL);
	assert_non_null(strstr(s.err.text, "it names no column status-code"));
}

static const char k6_csv_log[] = K6_HEADER
	"http_reqs,1595325560,1.000000,,,,,GET,http://a/,200,http://a/,\n"
	"http_req_duration,1595325560,221.899001,,,,,GET,http://a/,200,http://a/,\n"
	"checks,1595325560,1.000000,is fine,,,,,,,,\n"
	"http_req_duration,1595325561,0.000000,,\"dial: i/o, timeout\",1211,,GET,http://a/,0,http://a/,a=b\n";

static void k6_csv(void **state)
{
	struct seen s;

	(void)state;
	assert_int_equal(read_text(k6_csv_log, &s), 0);
	facts_are(&s, "k6_csv", "realtime", 1000000000, 1, 0, 1);
	request_is(&s, 0, 1595325559778100999, 221899001, 200, -1, "");
	request_is(&s, 1, 1595325561000000000, 0, 0, -1, "dial: i/o, timeout");
}

/* The columns stand where the header says; one that is not read may be missing. */
static void k6_csv_of_other_columns(void **state)
{
	struct seen s;

	(void)state;
	assert_int_equal(read_text("metric_name,status,metric_value,metadata,timestamp\r\n"
				   "http_req_duration,204,1.5,,1595325560\r\n",
				   &s),
			 0);
	facts_are(&s, "k6_csv", "realtime", 1000000000, 1, 0, 0);
	request_is(&s, 0, 1595325559998500000, 1500000, 204, -1, "");
	assert_int_equal(read_text("metric_name,timestamp,metric_value\n", &s), -EINVAL);
	assert_non_null(strstr(s.err.text, "line 1 "));
	assert_non_null(strstr(s.err.text, "it names no column status"));
	assert_int_equal(read_text("metric_name,timestamp,metric_value,status,status\n", &s), -EINVAL);
	assert_non_null(strstr(s.err.text, "it names two columns status"));
}

static void k6_csv_times(void **state)
{
	static const struct {
		const char *time;
		int64_t start_ns;
		int64_t resolution_ns;
	} cases[] = {
		{ "1595325560", 1595325559999000000, 1000000000 },
		{ "1595325560123", 1595325560122000000, 1000000 },
		{ "1595325560123456", 1595325560122456000, 1000 },
		{ "1595325560123456789", 1595325560122456789, 1 },
		{ "2020-07-21T11:59:20+02:00", 1595325559999000000, 1000000000 },
		{ "2020-07-21T09:59:20Z", 1595325559999000000, 1000000000 },
		{ "2020-07-21T09:59:20.12Z", 1595325560119000000, 10000000 },
		{ "2020-07-21T09:59:20.123456789Z", 1595325560122456789, 1 },
	};
	static const char *const wrong[] = {
		"",	      "159532556", "15953255601", "1595325560.5", "9999999999999999999", "9999999999999",
		"2020-07-21", "now",	   "-595325560"
	};
	char text[256];
	struct seen s;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		snprintf(text, sizeof(text), "metric_name,timestamp,metric_value,status\nhttp_req_duration,%s,1,200\n",
			 cases[i].time);
		assert_int_equal(read_text(text, &s), 0);
		facts_are(&s, "k6_csv", "realtime", cases[i].resolution_ns, 1, 0, 0);
		request_is(&s, 0, cases[i].start_ns, 1000000, 200, -1, "");
	}
	for (size_t i = 0; i < COUNT(wrong); i++) {
		snprintf(text, sizeof(text), "metric_name,timestamp,metric_value,status\nhttp_req_duration,%s,1,200\n",
			 wrong[i]);
		assert_int_equal(read_text(text, &s), -EINVAL);
	}
	assert_int_equal(read_text("metric_name,timestamp,metric_value,status\nhttp_req_duration,1595325560,1,200\n"
				   "http_req_duration,1595325560123,1,200\n",
				   &s),
			 -EINVAL);
	assert_non_null(strstr(s.err.text, "written in another way"));
	assert_int_equal(
		read_text("metric_name,timestamp,metric_value,status\nhttp_req_duration,0000000001,1000.1,200\n", &s),
		-EINVAL);
	assert_non_null(strstr(s.err.text, "began before 1970"));
}

#define K6_POINT(value, time)                                                                                   \
	"{\"metric\":\"http_req_duration\",\"type\":\"Point\",\"data\":{\"time\":\"" time "\",\"value\":" value \
	",\"tags\":{\"status\":\"200\"}}}\n"

static const char k6_json_log[] =
	"{\"type\":\"Metric\",\"data\":{\"name\":\"http_req_duration\",\"type\":\"trend\"},\"metric\":\"http_req_"
	"duration\"}\n"
	"{\"metric\":\"http_reqs\",\"type\":\"Point\",\"data\":{\"time\":\"2017-05-09T14:34:45Z\",\"value\":1,\"tags\":"
	"null}}\n"
	"{\"metric\":\"http_req_duration\",\"type\":\"Point\",\"data\":{\"time\":\"2017-05-09T14:34:45.625742514+02:"
	"00\","
	"\"value\":459.865729,\"tags\":{\"group\":\"::my group::json\",\"method\":\"GET\",\"status\":\"200\"}}}\n"
	"{\"metric\":\"http_req_duration\",\"type\":\"Point\",\"data\":{\"time\":\"2017-05-09T14:34:46Z\","
	"\"value\":1.23456789e+03,\"tags\":{\"error\":\"dial: timeout\",\"error_code\":\"1211\",\"status\":\"0\"}}}\n";

static void k6_json(void **state)
{
	struct seen s;

	(void)state;
	assert_int_equal(read_text(k6_json_log, &s), 0);
	facts_are(&s, "k6_json", "realtime", 1, 1, 0, 1);
	request_is(&s, 0, 1494333285625742514 - 459865729, 459865729, 200, -1, "");
	request_is(&s, 1, 1494340486000000000 - 1234567890, 1234567890, 0, -1, "dial: timeout");
}

/* Whatever whole number of ns k6 divided by a million and wrote in as few digits as tell it from others. */
static void k6_json_latencies_are_exact(void **state)
{
	int64_t ns = 1;

	(void)state;
	for (int i = 0; i < 20000; i++) {
		char text[256], value[40];
		struct seen s;

		ns = (int64_t)((uint64_t)ns * 6364136223846793005u + 1442695040888963407u);
		ns = (int64_t)((uint64_t)ns >> 14 >> (i % 50)); /* up to 13 days */
		for (int digits = 1; digits <= 17; digits++) {
			snprintf(value, sizeof(value), "%.*g", digits, (double)ns / 1e6);
			if (strtod(value, NULL) == (double)ns / 1e6)
				break;
		}
		snprintf(text, sizeof(text), K6_POINT("%s", "2017-05-09T14:34:46Z"), value);
		assert_int_equal(read_text(text, &s), 0);
		assert_int_equal(s.at[0].request.latency_ns, ns);
		ns += i;
	}
}

/* One line of each format that is none, and a word of what is said. */
static void lines_that_are_none(void **state)
{
	static const struct {
		const char *good;
		const char *bad;
		const char *said;
	} cases[] = {
		{ h2load_log, "1795392421397512\t200\n", "expected three columns" },
		{ h2load_log, "1795392421397512\t200\t879\t1\n", "expected three columns" },
		{ h2load_log, "1795392421397512 200 879\n", "expected three columns" },
		{ h2load_log, "-795392421397512\t200\t879\n", "column start is not a number" },
		{ h2load_log, "17953924213975120\t200\t879\n", "column start is too large" },
		{ h2load_log, "1795392421397512\t-2\t879\n", "column status is not a number" },
		{ h2load_log, "1795392421397512\t\t879\n", "column status is not a number" },
		{ h2load_log, "1795392421397512\t1000\t879\n", "no HTTP status" },
		{ h2load_log, "1795392421397512\t4294967496\t879\n", "no HTTP status" },
		{ h2load_log, "1795392421397512\t200\t8.79\n", "column latency is not a number" },
		{ h2load_log, "1795392421397512\t200\t879\r\n", "column latency is not a number" },
		{ h2load_log, "x\n", "expected three columns" },
		{ vegeta_csv_log, "1,200,5,1,2,,,,,,\n", "it has 11 columns where" },
		{ vegeta_csv_log, "1.5,200,5,1,2,,,,,,,\n", "column timestamp is not a number" },
		{ vegeta_csv_log, "1,2x0,5,1,2,,,,,,,\n", "column status is not a number" },
		{ vegeta_csv_log, "1,65535,5,1,2,,,,,,,\n", "no HTTP status" },
		{ vegeta_csv_log, "1,200,-5,1,2,,,,,,,\n", "column latency is not a number" },
		{ vegeta_csv_log, "1,200,5,,2,,,,,,,\n", "column bytes out is not a number" },
		{ vegeta_csv_log, "1,200,5,1,18446744073709551615,,,,,,,\n", "column bytes in is too large" },
		{ vegeta_csv_log, "1,200,5,1,2,a\"b,,,,,,\n", "a quote that neither begins nor ends" },
		{ vegeta_json_log, "x\n", "not one JSON object" },
		{ vegeta_json_log, "[]\n", "not one JSON object" },
		{ vegeta_json_log, "{}{}\n", "not one JSON object" },
		{ vegeta_json_log, "{}\n", "\"timestamp\" is no time" },
		{ vegeta_json_log, "{\"timestamp\":1577836800}\n", "\"timestamp\" is no time" },
		{ vegeta_json_log, "{\"timestamp\":\"2020-01-01T00:00:00Z\\u0000\"}\n", "not one JSON object" },
		{ vegeta_json_log, "{\"timestamp\":\"2020-01-01T00:00:00Z\"}\n", "\"latency\" is no number" },
		{ vegeta_json_log, "{\"timestamp\":\"2020-01-01T00:00:00Z\",\"latency\":1.5}\n", "\"latency\" is no" },
		{ vegeta_json_log, "{\"timestamp\":\"2020-01-01T00:00:00Z\",\"latency\":-1}\n", "\"latency\" is no" },
		{ vegeta_json_log, "{\"timestamp\":\"2020-01-01T00:00:00Z\",\"latency\":1}\n", "\"code\" is no" },
		{ vegeta_json_log, "{\"timestamp\":\"2020-01-01T00:00:00Z\",\"latency\":1,\"code\":2}\n",
		  "\"bytes_in\" is no" },
		{ vegeta_json_log,
		  "{\"timestamp\":\"2020-01-01T00:00:00Z\",\"latency\":1,\"code\":2000,\"bytes_in\":0}\n",
		  "no HTTP status" },
		{ hey_log, "0.0034,0,0,0,0,0,200\n", "it has 7 columns where" },
		{ hey_log, "0.0034,0,0,0,0,0,200,-1.0\n", "column offset is not a number of seconds" },
		{ hey_log, "0.0034,0,0,0,0,0,200,1.0000000001\n", "column offset is too large, or finer" },
		{ hey_log, "NaN,0,0,0,0,0,200,1\n", "column response-time is not a number of seconds" },
		{ hey_log, "1,0,0,0,0,0,,1\n", "column status is not a number" },
		{ hey_log, HEY_HEADER, "column offset is not a number" },
		{ k6_csv_log, "http_req_duration,1595325560,1,,,,,,,200,\n", "it has 11 columns where" },
		{ k6_csv_log, "http_reqs,1595325560\n", "it has 2 columns where" },
		{ k6_csv_log, "http_req_duration,1595325560,1e3,,,,,,,200,,\n", "not a number of milliseconds" },
		{ k6_csv_log, "http_req_duration,1595325560,1.0000001,,,,,,,200,,\n", "too large, or finer" },
		{ k6_csv_log, "http_req_duration,1595325560,1,,,,,,,,,\n", "column status is not a number" },
		{ k6_json_log, "http_req_duration\n", "not one JSON object" },
		{ k6_json_log, "x\n", "not one JSON object" },
		{ k6_json_log, "{\"a\":\"http_req_duration\"}\n", "neither a \"Point\" nor a \"Metric\"" },
		{ k6_json_log, "{\"metric\":\"http_req_duration\",\"type\":\"Point\"}\n", "\"time\" is no time" },
		{ k6_json_log, K6_POINT("\"1\"", "2020-01-01T00:00:00Z"), "\"value\" is no number" },
		{ k6_json_log, K6_POINT("-1", "2020-01-01T00:00:00Z"), "\"value\" is no number" },
		{ k6_json_log, K6_POINT("1e300", "2020-01-01T00:00:00Z"), "\"value\" is no number" },
		{ k6_json_log, K6_POINT("1e999", "2020-01-01T00:00:00Z"), "not one JSON object" },
		{ k6_json_log, K6_POINT("1", "2020-01-01"), "\"time\" is no time" },
		{ k6_json_log, K6_POINT("1001", "1970-01-01T00:00:01Z"), "began before 1970" },
		{ k6_json_log,
		  "{\"metric\":\"http_req_duration\",\"type\":\"Point\",\"data\":{\"time\":\"2020-01-01T00:00:00Z\","
		  "\"value\":1,\"tags\":{}}}\n",
		  "tag \"status\" is no number" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		uint32_t n_lines = 1;
		char text[4096], where[32];
		struct seen s;

		for (const char *at = cases[i].good; *at; at++)
			n_lines += *at == '\n';
		snprintf(text, sizeof(text), "%s%s", cases[i].good, cases[i].bad);
		snprintf(where, sizeof(where), "line %u", n_lines);
		if (read_text(text, &s) != -EINVAL)
			fail_msg("not refused: %s", cases[i].bad);
		if (!strstr(s.err.text, cases[i].said) || !strstr(s.err.text, where) || !strstr(s.err.text, file_path))
			fail_msg("%s: said: %s", cases[i].bad, s.err.text);
		assert_int_equal(s.facts.n_requests, 0);
	}
}

static void nul_bytes(void **state)
{
	struct seen s;

	(void)state;
	assert_int_equal(read_bytes("1,200,5,1,2,a\0b\n", 16, &s), -EINVAL);
	assert_non_null(strstr(s.err.text, "its error holds a NUL byte"));
	assert_int_equal(read_bytes("1\t200\t5\n\0\0\0\0\n", 13, &s), -EINVAL);
	assert_int_equal(read_bytes("1\t200\t5\n\0\0\0\0", 12, &s), 0); /* what a crash leaves is cut off */
	assert_int_equal(s.facts.n_unread_lines, 1);
	assert_int_equal(read_bytes("\0\0\0\0\n", 5, &s), -EINVAL);
}

static void unknown_formats(void **state)
{
	static const char *const texts[] = {
		"x\n",
		"\n\n\nx\n",
		"Running 30s test @ http://a/\n",
		"1795392421397512",
		"1 200 5\n",
		"\t200\t5\n",
		"{}\n",
		"[1]\n",
		"{\"timestamp\":1,\"latency\":1}\n",
		"{\"type\":\"Point\"}\n",
		"{\n",
		",,,,,\n",
		"metric",
		"response",
		"\xff\xfe\n",
	};
	struct seen s;

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++) {
		assert_int_equal(read_text(texts[i], &s), -EINVAL);
		assert_non_null(strstr(s.err.text, "no log of h2load (--log-file), vegeta"));
	}
	assert_int_equal(read_text("", &s), -EINVAL);
	assert_non_null(strstr(s.err.text, "empty"));
	assert_int_equal(read_text("\n\n", &s), -EINVAL);
}

static void empty_lines(void **state)
{
	struct seen s;

	(void)state;
	assert_int_equal(read_text("\n1\t200\t5\n\n\n2\t200\t5\n\n", &s), 0);
	facts_are(&s, "h2load", "realtime", 1000, 2, 0, 0);
	assert_int_equal(read_text("1,200,5,1,2,\r\n\r\n", &s), 0);
	facts_are(&s, "vegeta_csv", "realtime", 1, 1, 0, 0);
}

/* Every log, cut at every byte: what is in front of the cut is read, and it is said what is not. */
static void cut_at_every_byte(void **state)
{
	static const char *const logs[] = { h2load_log, vegeta_csv_log, vegeta_json_log,
					    hey_log,	k6_csv_log,	k6_json_log };

	(void)state;
	for (size_t i = 0; i < COUNT(logs); i++) {
		const size_t len = strlen(logs[i]);
		struct seen whole, s;

		assert_int_equal(read_text(logs[i], &whole), 0);
		for (size_t n = 0; n < len; n++) {
			int rc = read_bytes(logs[i], n, &s);

			assert_true(rc == 0 || (rc == -EINVAL && s.n == 0 && *s.err.text));
			if (rc)
				continue;
			assert_string_equal(s.facts.format, whole.facts.format);
			assert_int_equal(s.facts.n_requests, s.n);
			assert_true(s.n <= whole.n);
			assert_int_equal(s.facts.is_complete, s.facts.n_unread_lines == 0);
			for (uint32_t j = 0; j < s.n; j++)
				request_is(&whole, j, s.at[j].request.start_ns, s.at[j].request.latency_ns,
					   s.at[j].request.status, s.at[j].request.n_bytes_in, s.at[j].error);
			if (logs[i][n - 1] != '\n')
				assert_false(s.facts.is_complete);
		}
	}
}

static void cut_in_a_quoted_field(void **state)
{
	struct seen s;

	(void)state;
	assert_int_equal(read_text("1,200,5,1,2,\n2,0,5,1,2,\"a\nb\n", &s), 0);
	assert_int_equal(s.n, 1);
	assert_int_equal(s.facts.n_unread_lines, 2);
	assert_false(s.facts.is_complete);
	assert_int_equal(read_text("metric_name,timestamp,metric_value,\"sta\n", &s), 0);
	assert_int_equal(s.n, 0);
	assert_false(s.facts.is_complete);
}

/* Any byte changed to some others: nothing worse than an error. */
static void changed_bytes(void **state)
{
	static const char *const logs[] = { h2load_log, vegeta_csv_log, vegeta_json_log,
					    hey_log,	k6_csv_log,	k6_json_log };
	static const char others[] = { '"', ',', '\n', '\t', '\0', '9', '-', '\xff', '{', '}' };

	(void)state;
	for (size_t i = 0; i < COUNT(logs); i++) {
		char text[2048];
		struct seen s;

		strcpy(text, logs[i]);
		for (size_t at = 0; logs[i][at]; at++) {
			for (size_t j = 0; j < COUNT(others); j++) {
				int rc;

				text[at] = others[j];
				rc = read_bytes(text, strlen(logs[i]), &s);
				assert_true(rc == 0 || (rc == -EINVAL && strstr(s.err.text, "line ")));
			}
			text[at] = logs[i][at];
		}
	}
}

static int refuse_second(void *context, const struct ws_log_request *request)
{
	(void)request;
	return ++*(int *)context == 2 ? -ENOSPC : 0;
}

/* What the taker says ends the reading, in every format. */
static void refusal_stops(void **state)
{
	static const char *const logs[] = { h2load_log, vegeta_csv_log, vegeta_json_log,
					    hey_log,	k6_csv_log,	k6_json_log };

	(void)state;
	for (size_t i = 0; i < COUNT(logs); i++) {
		struct ws_log_facts facts = { 0 };
		struct ws_error err = { 0 };
		int n_calls = 0;

		set_file((const uint8_t *)logs[i], strlen(logs[i]));
		assert_int_equal(ws_log_read(file_path, refuse_second, &n_calls, &facts, &err), -ENOSPC);
		assert_int_equal(n_calls, 2);
		assert_null(facts.format);
	}
}

static void no_such_file(void **state)
{
	struct ws_log_facts facts;
	struct ws_error err;
	struct seen s;

	(void)state;
	assert_int_equal(ws_log_read("/no/such/file", take, &s, &facts, &err), -ENOENT);
	assert_string_equal(err.text, "/no/such/file: cannot open: No such file or directory");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(h2load),
		cmocka_unit_test(vegeta_csv),
		cmocka_unit_test(vegeta_csv_of_older_versions),
		cmocka_unit_test(vegeta_json),
		cmocka_unit_test(hey_csv),
		cmocka_unit_test(k6_csv),
		cmocka_unit_test(k6_csv_of_other_columns),
		cmocka_unit_test(k6_csv_times),
		cmocka_unit_test(k6_json),
		cmocka_unit_test(k6_json_latencies_are_exact),
		cmocka_unit_test(lines_that_are_none),
		cmocka_unit_test(nul_bytes),
		cmocka_unit_test(unknown_formats),
		cmocka_unit_test(empty_lines),
		cmocka_unit_test(cut_at_every_byte),
		cmocka_unit_test(cut_in_a_quoted_field),
		cmocka_unit_test(changed_bytes),
		cmocka_unit_test(refusal_stops),
		cmocka_unit_test(no_such_file),
	};

	return cmocka_run_group_tests_name("load log", tests, NULL, NULL);
}

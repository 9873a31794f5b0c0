/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * log_columns - logs of load generators that are columns of text. Where the formats are from:
 *   h2load      `h2load --log-file`: h2load(1) of nghttp2; start in us, status, latency in us, with tabs between
 *   vegeta_csv  `vegeta encode --to csv`: lib/results.go of vegeta 6 to 12, which added columns at the end
 *   hey_csv     `hey -o csv`: requester/print.go and report.go of hey 0.1.2 and later
 *   k6_csv      `k6 run --out csv`: output/csv/output.go of k6
 */
#include <errno.h>
#include <string.h>

#include "lib/decimal.h"
#include "lib/log/log_format.h"

#define NS_DIGITS 9
#define MS_DIGITS 6
#define US_DIGITS 3
#define K6_METRIC "http_req_duration"

static bool begins_with_digits(const char *line, size_t len, char behind)
{
	size_t n = 0;

	while (n < len && line[n] >= '0' && line[n] <= '9')
		n++;
	return n > 0 && n < len && line[n] == behind;
}

static bool begins_with(const char *line, size_t len, const char *text)
{
	size_t n = strlen(text);

	return len >= n && memcmp(line, text, n) == 0;
}

/* Says of a column what ws_integer_read() or its like found wrong with it. */
static int wrong_number(struct ws_log *log, int rc, const char *name, const char *expected)
{
	if (rc == -ERANGE)
		return ws_log_wrong(log, "column %s is too large, or finer than a nanosecond", name);
	return ws_log_wrong(log, "column %s is not %s", name, expected);
}

static int read_integer(struct ws_log *log, const struct ws_csv_field *f, const char *name, uint32_t scale,
			int64_t *value)
{
	int rc = ws_integer_read(f->text, f->len, scale, value);

	return rc ? wrong_number(log, rc, name, "a number of digits") : 0;
}

static int read_status(struct ws_log *log, const struct ws_csv_field *f, int *status)
{
	int64_t value;
	int rc = read_integer(log, f, "status", 0, &value);

	if (rc == 0)
		*status = value <= 999 ? (int)value : -1;
	return rc;
}

static bool is_h2load(const char *line, size_t len)
{
	return begins_with_digits(line, len, '\t');
}

static int read_h2load(struct ws_log *log)
{
	static const char *const names[] = { "start", "status", "latency" };
	const char *at = log->line.text, *end = at + log->line.len;
	struct ws_log_request r = { .n_bytes_in = -1 };
	struct ws_csv_field f[3];
	int rc;

	for (int i = 0; i < 3; i++) {
		const char *tab = memchr(at, '\t', (size_t)(end - at));

		if (!tab != (i == 2))
			return ws_log_wrong(
				log, "expected three columns with tabs between: start (us), status, latency (us)");
		f[i] = (struct ws_csv_field) { at, (size_t)((tab ? tab : end) - at) };
		at = tab ? tab + 1 : end;
	}
	rc = read_integer(log, &f[0], names[0], US_DIGITS, &r.start_ns);
	if (rc == 0 && !(f[1].len == 2 && memcmp(f[1].text, "-1", 2) == 0)) /* that is a request that failed */
		rc = read_status(log, &f[1], &r.status);
	if (rc == 0)
		rc = read_integer(log, &f[2], names[2], US_DIGITS, &r.latency_ns);
	return rc ? rc : ws_log_give(log, &r);
}

const struct ws_log_format ws_log_h2load = { "h2load", "realtime", 1000, is_h2load, NULL, read_h2load };

/* Splits the row; 1: into as many columns as the rows before; 0: the file ends within it. */
static int read_columns(struct ws_log *log)
{
	int rc = ws_csv_split(log->lines, &log->line, log->path, &log->row, log->err);

	if (rc <= 0 || log->line.is_cut)
		return rc < 0 ? rc : 0;
	if (log->n_columns && log->row.n != log->n_columns)
		return ws_log_wrong(log, "it has %u columns where the lines before have %u", log->row.n,
				    log->n_columns);
	return 1;
}

static bool is_vegeta(const char *line, size_t len)
{
	return begins_with_digits(line, len, ',');
}

static int read_vegeta(struct ws_log *log)
{
	enum { TIMESTAMP, CODE, LATENCY, BYTES_OUT, BYTES_IN, ERROR, N_LEAST, N_MOST = 12 };
	const struct ws_csv_field *f = log->row.field;
	struct ws_log_request r = { 0 };
	int64_t n_bytes_out;
	int rc = read_columns(log);

	if (rc <= 0)
		return rc;
	if (log->row.n < N_LEAST || log->row.n > N_MOST)
		return ws_log_wrong(
			log,
			"it has %u columns; expected 6 to 12: timestamp (ns), code, latency (ns), bytes out, "
			"bytes in, error ...",
			log->row.n);
	log->n_columns = log->row.n;
	rc = read_integer(log, &f[TIMESTAMP], "timestamp", 0, &r.start_ns);
	if (rc == 0)
		rc = read_status(log, &f[CODE], &r.status);
	if (rc == 0)
		rc = read_integer(log, &f[LATENCY], "latency", 0, &r.latency_ns);
	if (rc == 0)
		rc = read_integer(log, &f[BYTES_OUT], "bytes out", 0, &n_bytes_out);
	if (rc == 0)
		rc = read_integer(log, &f[BYTES_IN], "bytes in", 0, &r.n_bytes_in);
	if (rc)
		return rc;
	r.error = f[ERROR].text;
	r.error_len = f[ERROR].len;
	return ws_log_give(log, &r);
}

const struct ws_log_format ws_log_vegeta_csv = { "vegeta_csv", "realtime", 1, is_vegeta, NULL, read_vegeta };

/* Where the columns of these names stand; UINT32_MAX for one that is not there. */
static int read_names(struct ws_log *log, const char *const *names, uint32_t n_names, uint32_t n_needed)
{
	int rc = read_columns(log);

	if (rc <= 0)
		return rc;
	log->n_columns = log->row.n;
	for (uint32_t i = 0; i < n_names; i++) {
		log->column[i] = UINT32_MAX;
		for (uint32_t j = 0; j < log->row.n; j++) {
			if (log->row.field[j].len != strlen(names[i]) ||
			    memcmp(log->row.field[j].text, names[i], log->row.field[j].len) != 0)
				continue;
			if (log->column[i] != UINT32_MAX)
				return ws_log_wrong(log, "it names two columns %s", names[i]);
			log->column[i] = j;
		}
		if (log->column[i] == UINT32_MAX && i < n_needed)
			return ws_log_wrong(log, "it names no column %s", names[i]);
	}
	return 0;
}

static const char *const hey_names[] = { "response-time", "status-code", "offset" };
enum { HEY_LATENCY, HEY_STATUS, HEY_START, HEY_N };

static bool is_hey(const char *line, size_t len)
{
	return begins_with(line, len, "response-time,");
}

static int read_hey_header(struct ws_log *log)
{
	return read_names(log, hey_names, HEY_N, HEY_N);
}

static int read_hey(struct ws_log *log)
{
	const struct ws_csv_field *f = log->row.field;
	struct ws_log_request r = { .n_bytes_in = -1 };
	uint32_t n_digits = 0, i;
	int rc = read_columns(log);

	if (rc <= 0)
		return rc;
	i = log->column[HEY_START];
	rc = ws_decimal_read(f[i].text, f[i].len, NS_DIGITS, &r.start_ns, &n_digits);
	if (rc)
		return wrong_number(log, rc, hey_names[HEY_START], "a number of seconds");
	ws_log_note_digits(log, n_digits);
	i = log->column[HEY_LATENCY];
	rc = ws_decimal_read(f[i].text, f[i].len, NS_DIGITS, &r.latency_ns, NULL);
	if (rc)
		return wrong_number(log, rc, hey_names[HEY_LATENCY], "a number of seconds");
	rc = read_status(log, &f[log->column[HEY_STATUS]], &r.status);
	return rc ? rc : ws_log_give(log, &r);
}

const struct ws_log_format ws_log_hey_csv = { "hey_csv", "relative", 100000, is_hey, read_hey_header, read_hey };

static const char *const k6_names[] = { "metric_name", "timestamp", "metric_value", "status", "error" };
enum { K6_NAME, K6_END, K6_LATENCY, K6_STATUS, K6_ERROR, K6_N, K6_N_NEEDED = K6_ERROR };

static bool is_k6(const char *line, size_t len)
{
	return begins_with(line, len, "metric_name,");
}

static int read_k6_header(struct ws_log *log)
{
	_Static_assert(K6_N <= WS_LOG_COLUMNS_MAX, "columns have room");
	return read_names(log, k6_names, K6_N, K6_N_NEEDED);
}

/* K6_CSV_TIME_FORMAT is not in the log: seconds, ms, us and ns since the epoch are told by their number of digits. */
static int read_k6_time(struct ws_log *log, const struct ws_csv_field *f, int64_t *ns)
{
	enum { S_LEN = 10, MS_LEN = 13, US_LEN = 16, NS_LEN = 19, RFC3339 = 1 };
	uint32_t n_digits = 0, form = RFC3339;
	int rc;

	if (f->len == S_LEN || f->len == MS_LEN || f->len == US_LEN || f->len == NS_LEN) {
		form = (uint32_t)f->len;
		n_digits = form - S_LEN;
		rc = ws_integer_read(f->text, f->len, NS_DIGITS - n_digits, ns);
	} else {
		rc = ws_rfc3339_read(f->text, f->len, ns, &n_digits);
	}
	if (rc)
		return wrong_number(log, rc, "timestamp", "a time of 10, 13, 16 or 19 digits or of RFC 3339");
	if (log->time_form && form != log->time_form)
		return ws_log_wrong(log, "its timestamp is written in another way than those before");
	log->time_form = form;
	ws_log_note_digits(log, n_digits);
	return 0;
}

static int read_k6(struct ws_log *log)
{
	const struct ws_csv_field *f = log->row.field, *metric = &f[log->column[K6_NAME]];
	struct ws_log_request r = { .n_bytes_in = -1 };
	int64_t end_ns;
	int rc = read_columns(log);

	if (rc <= 0)
		return rc;
	if (metric->len != strlen(K6_METRIC) || memcmp(metric->text, K6_METRIC, metric->len) != 0)
		return 0;
	rc = read_k6_time(log, &f[log->column[K6_END]], &end_ns);
	if (rc)
		return rc;
	rc = ws_decimal_read(f[log->column[K6_LATENCY]].text, f[log->column[K6_LATENCY]].len, MS_DIGITS, &r.latency_ns,
			     NULL);
	if (rc)
		return wrong_number(log, rc, k6_names[K6_LATENCY], "a number of milliseconds");
	rc = read_status(log, &f[log->column[K6_STATUS]], &r.status);
	if (rc)
		return rc;
	if (log->column[K6_ERROR] != UINT32_MAX) {
		r.error = f[log->column[K6_ERROR]].text;
		r.error_len = f[log->column[K6_ERROR]].len;
	}
	if (r.latency_ns > end_ns)
		return ws_log_wrong(log, "its request began before 1970");
	r.start_ns = end_ns - r.latency_ns;
	return ws_log_give(log, &r);
}

const struct ws_log_format ws_log_k6_csv = { "k6_csv", "realtime", 1000000000, is_k6, read_k6_header, read_k6 };

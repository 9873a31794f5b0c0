/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * log_json - logs of load generators that are JSON, one object a line. Where the formats are from:
 *   vegeta_json  `vegeta encode --to json`: jsonResult in lib/results_easyjson.go of vegeta 12
 *   k6_json      `k6 run --out json`: sampleEnvelope and metricEnvelope in output/json/wrapper.go of k6
 * With the files of spans the only one of ingest that knows jansson.
 */
#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <string.h>

#include "lib/decimal.h"
#include "lib/json_memory.h"
#include "lib/log/log_format.h"

#define NS_PER_MS 1e6
#define K6_METRIC "http_req_duration"

/*
 * A number of ms that k6 made from whole ns by a division is turned back exactly if it is shorter: both roundings
 * together move the product by less than half a ns.
 */
#define K6_LATENCY_MAX_NS 0x1p51

static json_t *parse(const char *line, size_t len)
{
	json_t *object = json_loadb(line, len, 0, NULL);

	if (object && (!json_is_object(object) || ws_json_memory_was_short())) {
		json_decref(object);
		return NULL;
	}
	return object;
}

static int wrong_json(struct ws_log *log)
{
	if (ws_json_memory_was_short())
		return ws_error(log->err, -ENOMEM, "%s: out of memory", log->path);
	return ws_log_wrong(log, "it is not one JSON object");
}

/* A text of an object, NULL if it has none of that name. */
static const char *text_of(const json_t *object, const char *key)
{
	return json_string_value(json_object_get(object, key));
}

static int read_time(struct ws_log *log, const json_t *object, const char *key, int64_t *ns)
{
	const json_t *time = json_object_get(object, key);
	uint32_t n_digits;

	if (!json_is_string(time) || ws_rfc3339_read(json_string_value(time), json_string_length(time), ns, &n_digits))
		return ws_log_wrong(log, "\"%s\" is no time of RFC 3339 from 1970 to 2262", key);
	ws_log_note_digits(log, n_digits);
	return 0;
}

static int read_count(struct ws_log *log, const json_t *object, const char *key, int64_t *value)
{
	const json_t *count = json_object_get(object, key);

	if (!json_is_integer(count) || json_integer_value(count) < 0)
		return ws_log_wrong(log, "\"%s\" is no number of digits", key);
	*value = json_integer_value(count);
	return 0;
}

static void set_error(struct ws_log_request *r, const char *error)
{
	r->error = error;
	r->error_len = error ? strlen(error) : 0;
}

static bool has_keys(const char *line, size_t len, const char *const *keys)
{
	json_t *object = len && line[0] == '{' ? parse(line, len) : NULL;
	bool has = object;

	for (; has && *keys; keys++)
		has = json_object_get(object, *keys);
	json_decref(object);
	return has;
}

static bool is_vegeta(const char *line, size_t len)
{
	static const char *const keys[] = { "timestamp", "latency", "code", NULL };

	return has_keys(line, len, keys);
}

static int read_vegeta(struct ws_log *log)
{
	json_t *object = parse(log->line.text, log->line.len);
	struct ws_log_request r = { 0 };
	int64_t code = 0;
	int rc;

	if (!object)
		return wrong_json(log);
	rc = read_time(log, object, "timestamp", &r.start_ns);
	if (rc == 0)
		rc = read_count(log, object, "latency", &r.latency_ns);
	if (rc == 0)
		rc = read_count(log, object, "code", &code);
	if (rc == 0)
		rc = read_count(log, object, "bytes_in", &r.n_bytes_in);
	if (rc == 0) {
		r.status = code <= 999 ? (int)code : -1;
		set_error(&r, text_of(object, "error"));
		rc = ws_log_give(log, &r);
	}
	json_decref(object);
	return rc;
}

const struct ws_log_format ws_log_vegeta_json = { "vegeta_json", "realtime", 1000000000, is_vegeta, NULL, read_vegeta };

static bool is_k6(const char *line, size_t len)
{
	static const char *const keys[] = { "type", "metric", "data", NULL };

	return has_keys(line, len, keys);
}

static int read_k6_point(struct ws_log *log, const json_t *data)
{
	const json_t *value = json_object_get(data, "value"), *tags = json_object_get(data, "tags");
	const char *status = text_of(tags, "status");
	struct ws_log_request r = { .n_bytes_in = -1 };
	int64_t end_ns, code;
	double latency_ns;
	int rc = read_time(log, data, "time", &end_ns);

	if (rc)
		return rc;
	latency_ns = json_is_number(value) ? json_number_value(value) * NS_PER_MS : -1;
	if (!(latency_ns >= 0 && latency_ns < K6_LATENCY_MAX_NS))
		return ws_log_wrong(log, "\"value\" is no number of milliseconds");
	r.latency_ns = llround(latency_ns);
	if (!status || ws_integer_read(status, strlen(status), 0, &code))
		return ws_log_wrong(log, "tag \"status\" is no number of digits");
	r.status = code <= 999 ? (int)code : -1;
	if (r.latency_ns > end_ns)
		return ws_log_wrong(log, "its request began before 1970");
	r.start_ns = end_ns - r.latency_ns;
	set_error(&r, text_of(tags, "error"));
	return ws_log_give(log, &r);
}

/* Eight lines of nine are of other metrics: they are told by not holding a word, which is much faster than to parse
 * them. */
static bool is_of_other_metric(const struct ws_line *line)
{
	return line->len >= 2 && line->text[0] == '{' && !memmem(line->text, line->len, K6_METRIC, strlen(K6_METRIC));
}

static int read_k6(struct ws_log *log)
{
	json_t *object;
	const char *type, *metric;
	int rc = 0;

	if (is_of_other_metric(&log->line))
		return 0;
	object = parse(log->line.text, log->line.len);
	if (!object)
		return wrong_json(log);
	type = text_of(object, "type");
	metric = text_of(object, "metric");
	if (!type || !metric || (strcmp(type, "Point") != 0 && strcmp(type, "Metric") != 0))
		rc = ws_log_wrong(log, "it is neither a \"Point\" nor a \"Metric\"");
	else if (strcmp(type, "Point") == 0 && strcmp(metric, K6_METRIC) == 0)
		rc = read_k6_point(log, json_object_get(object, "data"));
	json_decref(object);
	return rc;
}

const struct ws_log_format ws_log_k6_json = { "k6_json", "realtime", 1000000000, is_k6, NULL, read_k6 };

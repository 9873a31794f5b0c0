/* SPDX-License-Identifier: BSD-2-Clause */
/* reference - see the header. */
#include "tests/diff/kernel/reference.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define METHOD_MAX 20
#define BODY_MAX   (1u << 30)

static const struct {
	const char *name;
	uint8_t header;
} names[] = {
	{ "traceparent:", WS_HEADER_TRACEPARENT },
	{ "tracestate:", WS_HEADER_TRACESTATE },
	{ "x-b3-traceid:", WS_HEADER_B3_TRACE },
	{ "x-b3-spanid:", WS_HEADER_B3_SPAN },
	{ "x-b3-parentspanid:", WS_HEADER_B3_PARENT },
	{ "x-b3-sampled:", WS_HEADER_B3_SAMPLED },
	{ "x-b3-flags:", WS_HEADER_B3_FLAGS },
	{ "b3:", WS_HEADER_B3_SINGLE },
	{ "uber-trace-id:", WS_HEADER_JAEGER },
	{ "x-datadog-trace-id:", WS_HEADER_DATADOG_TRACE },
	{ "x-datadog-parent-id:", WS_HEADER_DATADOG_PARENT },
	{ "x-datadog-sampling-priority:", WS_HEADER_DATADOG_PRIORITY },
	{ "x-datadog-tags:", WS_HEADER_DATADOG_TAGS },
	{ "sw8:", WS_HEADER_SW8 },
	{ "x-amzn-trace-id:", WS_HEADER_AWS },
	{ "x-cloud-trace-context:", WS_HEADER_GOOGLE },
	{ "x-request-id:", WS_HEADER_REQUEST_ID },
};

static bool begins_with(const uint8_t *line, uint32_t len, const char *name)
{
	const size_t n = strlen(name);

	return n <= len && strncasecmp((const char *)line, name, n) == 0;
}

/* Bytes of the method at the beginning; 0: there is none. Without a blank behind it, len. */
static uint32_t method_len(const uint8_t *bytes, uint32_t len)
{
	uint32_t n = 0;

	while (n < len && ((bytes[n] >= 'A' && bytes[n] <= 'Z') || (bytes[n] == '-' && n > 0)))
		n++;
	if (n == 0 || n > METHOD_MAX || (n < len && bytes[n] != ' '))
		return 0;
	return n;
}

/* RFC 9112 3.2: the forms of a request's target. */
static bool is_target(const uint8_t *bytes, uint32_t n_method)
{
	const uint8_t c = bytes[n_method + 1];

	return c == '/' || c == '*' || c == 'h' || c == 'H' || (n_method == 7 && !memcmp(bytes, "CONNECT", 7));
}

/* Does the request line, without its line feed, end as one does? */
static bool is_request_line(const uint8_t *line, uint32_t len)
{
	if (len > 0 && line[len - 1] == '\r')
		len--;
	return len >= 9 && !memcmp(line + len - 9, " HTTP/1.", 8) && isdigit(line[len - 1]);
}

/* Content-Length (RFC 9112 6.2), of which at most 24 bytes are looked at. */
static void read_length(const uint8_t *value, uint32_t len, struct reference *r)
{
	uint64_t number = 0;
	uint32_t at = 0, n = 0;

	while (at < len && (value[at] == ' ' || value[at] == '\t'))
		at++;
	for (; at + n < len && isdigit(value[at + n]) && n < 11; n++)
		number = number * 10 + (value[at + n] - '0');
	at += n;
	r->is_body_known = n > 0 && n <= 10 && number <= BODY_MAX && at < 24 &&
			   (at == len || value[at] == ' ' || value[at] == '\t' || value[at] == '\r');
	r->body_len = r->is_body_known ? (uint32_t)number : 0;
}

static void read_value(const uint8_t *line, uint32_t line_off, uint32_t n_name, uint32_t len, bool is_cut,
		       uint8_t header, const struct ws_wanted *wanted, struct reference *r)
{
	const uint32_t blanks_end = n_name + REFERENCE_BLANKS < len ? n_name + REFERENCE_BLANKS : len;

	while (n_name < blanks_end && (line[n_name] == ' ' || line[n_name] == '\t'))
		n_name++;

	const uint32_t n_cr = len > n_name && line[len - 1] == '\r';
	const struct ws_field field = { .header = header,
					.is_cut = is_cut,
					.value = line + n_name,
					.len = len - n_name - n_cr,
					.line_off = line_off,
					.value_off = line_off + n_name };

	ws_contexts_add(&r->contexts, wanted, &field);
}

/* A header line without its line feed, or as much of it as there is. */
static void read_line(const uint8_t *line, uint32_t line_off, uint32_t len, bool is_cut, const struct ws_wanted *wanted,
		      bool *is_chunked, struct reference *r)
{
	static const char content_length[] = "content-length:";
	static const uint32_t n_content_length = sizeof(content_length) - 1;

	for (uint32_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (begins_with(line, len, names[i].name))
			read_value(line, line_off, (uint32_t)strlen(names[i].name), len, is_cut, names[i].header,
				   wanted, r);
	for (uint32_t i = 0; i < wanted->n_user; i++)
		if (begins_with(line, len, wanted->user_name[i]))
			read_value(line, line_off, (uint32_t)strlen(wanted->user_name[i]), len, is_cut,
				   (uint8_t)(WS_HEADER_USER + i), wanted, r);
	if (!is_cut && begins_with(line, len, content_length))
		read_length(line + n_content_length, len - n_content_length, r);
	*is_chunked |= begins_with(line, len, "transfer-encoding:");
}

static enum reference_end end_with(struct reference *r, enum reference_end end, uint32_t stop)
{
	r->stop = stop;
	return r->end = end;
}

/* The first line. Returns its length with its line feed; 0: the answer is in r. */
static uint32_t read_first(const uint8_t *bytes, uint32_t len, struct reference *r)
{
	const uint32_t n_method = method_len(bytes, len);
	const uint8_t *feed;

	if (n_method == 0) {
		end_with(r, REFERENCE_NOT_HTTP, 0);
		return 0;
	}
	if (n_method + 2 > len) {
		end_with(r, REFERENCE_IN_METHOD, len);
		return 0;
	}
	if (bytes[n_method + 1] <= ' ' || bytes[n_method + 1] >= 0x7f) {
		end_with(r, REFERENCE_NOT_HTTP, 0);
		return 0;
	}
	r->is_request_start = true;
	feed = memchr(bytes, '\n', len);
	if (!feed) {
		end_with(r, is_target(bytes, n_method) ? REFERENCE_RAN_OUT : REFERENCE_NOT_HTTP, len);
		return 0;
	}
	if (!is_request_line(bytes, (uint32_t)(feed - bytes))) {
		end_with(r, REFERENCE_NOT_HTTP, 0);
		return 0;
	}
	return (uint32_t)(feed - bytes) + 1;
}

static bool is_empty_line(const uint8_t *bytes, uint32_t len)
{
	return (len >= 1 && bytes[0] == '\n') || (len >= 2 && bytes[0] == '\r' && bytes[1] == '\n');
}

void reference_read(const uint8_t *bytes, uint32_t len, uint32_t window, const struct ws_wanted *wanted,
		    struct reference *r)
{
	const uint32_t limit = window + REFERENCE_MARGIN, n = len < limit ? len : limit;
	bool is_chunked = false;
	uint32_t at;

	memset(r, 0, sizeof(*r));
	r->is_body_known = true;
	at = read_first(bytes, n, r);
	if (at == 0) {
		if (r->end == REFERENCE_RAN_OUT && n == limit)
			end_with(r, REFERENCE_WINDOW, limit);
		return;
	}
	for (;;) {
		const uint8_t *feed;

		if (is_empty_line(bytes + at, n - at)) {
			end_with(r, REFERENCE_WHOLE, at + 1 + (bytes[at] == '\r'));
			r->is_chunked = is_chunked;
			return;
		}
		if (at >= window) {
			end_with(r, REFERENCE_WINDOW, at);
			return;
		}
		feed = memchr(bytes + at, '\n', n - at);
		if (at < n)
			read_line(bytes + at, at, feed ? (uint32_t)(feed - bytes) - at : n - at, !feed, wanted,
				  &is_chunked, r);
		if (!feed) {
			end_with(r, n == limit ? REFERENCE_WINDOW : REFERENCE_RAN_OUT, n);
			return;
		}
		at = (uint32_t)(feed - bytes) + 1;
	}
}

uint32_t reference_slot(const uint8_t *bytes, uint32_t len)
{
	if (len >= 9 && !memcmp(bytes, "HTTP/1.", 7) && bytes[8] == ' ')
		return WS_REASON_HTTP_RESPONSE;
	if (len >= 3 && bytes[0] >= 20 && bytes[0] <= 24 && bytes[1] == 3 && bytes[2] <= 4)
		return WS_REASON_TLS;
	if (len >= 9 && bytes[3] == 1) {
		const uint32_t n = (uint32_t)bytes[0] << 16 | (uint32_t)bytes[1] << 8 | bytes[2];

		if (n >= 1 && n <= 16384 && (bytes[4] & 4) && !(bytes[4] & ~0x2d) && !(bytes[5] & 0x80) &&
		    (bytes[8] & 1))
			return WS_REASON_UNDECODABLE;
	}
	return WS_REASON_OTHER_PAYLOAD;
}

uint16_t reference_status(const uint8_t *bytes, uint32_t len)
{
	char digits[4] = { 0 };

	if (len < 12 || !isdigit(bytes[9]) || !isdigit(bytes[10]) || !isdigit(bytes[11]))
		return 0;
	memcpy(digits, bytes + 9, 3);
	return (uint16_t)strtoul(digits, NULL, 10);
}

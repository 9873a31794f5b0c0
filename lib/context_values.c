/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * context_values - see the header.
 *
 * Where a standard says lower case, upper case is refused: W3C, B3, Datadog's tag. Jaeger's clients read hex with their
 * languages' number parsers, which take both: there both count, as the same id.
 */
#include "lib/context_values.h"

#include <string.h>

/* 16 hex digits, not all zero. */
static uint8_t take_span(struct ws_value *v, struct ws_part *part, uint8_t id[8])
{
	const uint8_t flaw = ws_take_hex(v, 16, id);

	if (flaw)
		return flaw;
	if (ws_is_zero(id, 8))
		return WS_FLAW_ZERO;
	ws_value_put_part(v, part);
	return WS_FLAW_NONE;
}

/* version "-" trace-id "-" parent-id "-" flags (W3C Trace Context 3.2.2); a later version may go on behind a "-". */
static uint8_t read_traceparent(struct ws_value *v, struct ws_candidate *got)
{
	uint8_t version = 0, flags = 0, flaw;

	v->separator = '-';
	if ((flaw = ws_take_byte(v, &version)))
		return flaw;
	if (version == 0xff)
		return WS_FLAW_VERSION;
	if ((flaw = ws_take_separator(v)) || (flaw = ws_take_trace(v, got)) || (flaw = ws_take_separator(v)) ||
	    (flaw = take_span(v, &got->span, got->span_id)) || (flaw = ws_take_separator(v)) ||
	    (flaw = ws_take_byte(v, &flags)))
		return flaw;
	got->sampled = flags & 1 ? WS_SAMPLED_YES : WS_SAMPLED_NO;
	if (version > 0 && v->at < v->end && *v->at == '-')
		return WS_FLAW_NONE;
	return ws_take_end(v);
}

/* 32 hex digits, or 16. */
static uint8_t take_b3_trace(struct ws_value *v, struct ws_candidate *got)
{
	uint8_t flaw = ws_take_hex(v, 16, got->trace_id);

	if (flaw)
		return flaw;
	if (v->at == v->end && v->is_cut)
		return WS_GOES_ON;
	if (v->at < v->end && ws_value_is_digit(v, *v->at)) {
		if ((flaw = ws_take_hex(v, 16, got->trace_id + 8)))
			return flaw;
	} else {
		memcpy(got->trace_id + 8, got->trace_id, 8);
		memset(got->trace_id, 0, 8);
		got->flags = WS_FLAG_TRACE_ID_64;
	}
	if (ws_is_zero(got->trace_id, 16))
		return WS_FLAW_ZERO;
	ws_value_put_part(v, &got->trace);
	return WS_FLAW_NONE;
}

static uint8_t read_b3_trace(struct ws_value *v, struct ws_candidate *got)
{
	const uint8_t flaw = take_b3_trace(v, got);

	return flaw ? flaw : ws_take_end(v);
}

static uint8_t read_b3_span(struct ws_value *v, struct ws_part *part, uint8_t id[8])
{
	const uint8_t flaw = take_span(v, part, id);

	return flaw ? flaw : ws_take_end(v);
}

/* Is the value the word, or its beginning where it is cut? */
static bool says(const struct ws_value *v, const char *word)
{
	const size_t n = ws_value_left(v), len = strlen(word);

	return (n == len || (n > 0 && n < len && v->is_cut)) && !memcmp(v->at, word, n);
}

/* 1, 0, true, false; anything else says nothing. */
static uint8_t read_b3_sampled(struct ws_value *v, struct ws_candidate *got)
{
	if (says(v, "1") || says(v, "true"))
		got->sampled = WS_SAMPLED_YES;
	else if (says(v, "0") || says(v, "false"))
		got->sampled = WS_SAMPLED_NO;
	return WS_FLAW_NONE;
}

/* 1: debug, which implies that it is sampled. */
static uint8_t read_b3_flags(struct ws_value *v, struct ws_candidate *got)
{
	got->is_debug = says(v, "1");
	return WS_FLAW_NONE;
}

static bool is_decision_alone(const struct ws_value *v)
{
	return v->at < v->end && (*v->at == '0' || *v->at == '1' || *v->at == 'd') &&
	       (v->at + 1 == v->end || ws_value_is_blank(v->at[1]));
}

/*
 * trace-id "-" span-id [ "-" decision [ "-" parent-span-id ] ]. A decision (0, 1, d) may also come alone: then there is
 * no context, and nothing wrong.
 */
static uint8_t read_b3_single(struct ws_value *v, struct ws_candidate *got)
{
	uint8_t flaw;

	v->separator = '-';
	if (is_decision_alone(v))
		return WS_FLAW_NONE;
	if ((flaw = take_b3_trace(v, got)) || (flaw = ws_take_separator(v)) ||
	    (flaw = take_span(v, &got->span, got->span_id)))
		return flaw;
	if (ws_value_is_done(v))
		return ws_take_end(v);
	if ((flaw = ws_take_separator(v)))
		return flaw;
	if (v->at == v->end)
		return v->is_cut ? WS_GOES_ON : WS_FLAW_PART;
	if (*v->at == '1' || *v->at == 'd')
		got->sampled = WS_SAMPLED_YES;
	else if (*v->at == '0')
		got->sampled = WS_SAMPLED_NO;
	else
		return WS_FLAW_CHARACTER;
	v->at++;
	if (ws_value_is_done(v))
		return ws_take_end(v);
	if ((flaw = ws_take_separator(v)) || (flaw = take_span(v, &got->parent, got->parent_span_id)))
		return flaw;
	return ws_take_end(v);
}

/* trace ":" span ":" parent ":" flags, in hex; flags: 1 sampled, 2 debug, which implies it. Parent: of old clients. */
static uint8_t read_jaeger(struct ws_value *v, struct ws_candidate *got)
{
	uint8_t flags[4], flaw;
	size_t n;

	v->separator = ':';
	v->digits = WS_DIGITS_HEX;
	if ((flaw = ws_take_short_hex(v, 32, got->trace_id, &n)))
		return flaw;
	if (ws_is_zero(got->trace_id, 16))
		return WS_FLAW_ZERO;
	ws_value_put_part(v, &got->trace);
	got->flags = n <= 16 ? WS_FLAG_TRACE_ID_64 : 0;
	if ((flaw = ws_take_separator(v)) || (flaw = ws_take_short_hex(v, 16, got->span_id, &n)))
		return flaw;
	if (ws_is_zero(got->span_id, 8))
		return WS_FLAW_ZERO;
	ws_value_put_part(v, &got->span);
	if ((flaw = ws_take_separator(v)))
		return flaw;
	if (v->at == v->end || (*v->at != ':' && *v->at != '%')) {
		if ((flaw = ws_take_short_hex(v, 16, got->parent_span_id, &n)))
			return flaw;
		if (!ws_is_zero(got->parent_span_id, 8))
			ws_value_put_part(v, &got->parent);
	}
	if ((flaw = ws_take_separator(v)) || (flaw = ws_take_short_hex(v, 8, flags, &n)))
		return flaw;
	if (n > 2)
		return WS_FLAW_LENGTH;
	got->sampled = flags[3] & 3 ? WS_SAMPLED_YES : WS_SAMPLED_NO;
	return ws_take_end(v);
}

/* A decimal number of 64 bits, not zero. */
static uint8_t read_datadog_id(struct ws_value *v, struct ws_part *part, uint8_t id[8])
{
	uint8_t flaw;

	v->digits = WS_DIGITS_DECIMAL;
	if ((flaw = ws_take_decimal(v, id)))
		return flaw;
	if (ws_is_zero(id, 8))
		return WS_FLAW_ZERO;
	ws_value_put_part(v, part);
	return ws_take_end(v);
}

/* An integer: above zero is sampled. Anything else says nothing. */
static uint8_t read_datadog_priority(struct ws_value *v, struct ws_candidate *got)
{
	const bool is_negative = v->at < v->end && *v->at == '-';
	uint8_t number[8];

	v->at += is_negative;
	if (ws_take_decimal(v, number) == WS_FLAW_NONE && ws_take_end(v) == WS_FLAW_NONE)
		got->sampled = is_negative || ws_is_zero(number, 8) ? WS_SAMPLED_NO : WS_SAMPLED_YES;
	return WS_FLAW_NONE;
}

/*
 * Tags: name "=" text, between commas. That of the trace id's upper 64 bits goes into the candidate as its parent,
 * which Datadog has none of.
 */
static uint8_t read_datadog_tags(struct ws_value *v, struct ws_candidate *got)
{
	static const char name[] = "_dd.p.tid=";
	const uint8_t *comma = NULL;
	uint8_t flaw;

	v->separator = ',';
	for (; ws_value_skip_blanks(v), !ws_value_begins_with(v, name); v->at = comma + 1)
		if (!(comma = memchr(v->at, ',', ws_value_left(v))))
			return WS_FLAW_NONE;
	v->at += sizeof(name) - 1;
	if ((flaw = ws_take_hex(v, 16, got->parent_span_id)))
		return flaw;
	if (v->at == v->end && v->is_cut)
		return WS_GOES_ON;
	ws_value_put_part(v, &got->parent);
	return !ws_value_is_done(v) && *v->at != ',' ? ws_take_end(v) : WS_FLAW_NONE;
}

static uint8_t read_datadog_trace(struct ws_value *v, struct ws_candidate *got)
{
	got->flags = WS_FLAG_TRACE_ID_64;
	return read_datadog_id(v, &got->trace, got->trace_id + 8);
}

static uint8_t read_header(uint8_t header, struct ws_value *v, struct ws_candidate *got)
{
	switch (header) {
	case WS_HEADER_TRACEPARENT:
		return read_traceparent(v, got);
	case WS_HEADER_B3_TRACE:
		return read_b3_trace(v, got);
	case WS_HEADER_B3_SPAN:
		return read_b3_span(v, &got->span, got->span_id);
	case WS_HEADER_B3_PARENT:
		return read_b3_span(v, &got->parent, got->parent_span_id);
	case WS_HEADER_B3_SAMPLED:
		return read_b3_sampled(v, got);
	case WS_HEADER_B3_FLAGS:
		return read_b3_flags(v, got);
	case WS_HEADER_B3_SINGLE:
		return read_b3_single(v, got);
	case WS_HEADER_JAEGER:
		return read_jaeger(v, got);
	case WS_HEADER_DATADOG_TRACE:
		return read_datadog_trace(v, got);
	case WS_HEADER_DATADOG_PARENT:
		return read_datadog_id(v, &got->span, got->span_id);
	case WS_HEADER_DATADOG_PRIORITY:
		return read_datadog_priority(v, got);
	case WS_HEADER_DATADOG_TAGS:
		return read_datadog_tags(v, got);
	case WS_HEADER_SW8:
		return ws_read_sw8(v, got);
	case WS_HEADER_AWS:
		return ws_read_aws(v, got);
	case WS_HEADER_GOOGLE:
		return ws_read_google(v, got);
	default:
		return ws_read_text(v, got);
	}
}

uint8_t ws_value_read(uint8_t header, struct ws_value *v, struct ws_candidate *got)
{
	bool is_empty;
	uint8_t flaw;

	v->at = v->begin;
	ws_value_skip_blanks(v);
	while (!v->is_cut && v->end > v->at && ws_value_is_blank(v->end[-1]))
		v->end--;
	is_empty = v->at == v->end;
	flaw = read_header(header, v, got);
	if (flaw == WS_GOES_ON)
		return WS_FLAW_NONE;
	return flaw == WS_FLAW_PART && is_empty ? WS_FLAW_LENGTH : flaw;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * context_vendors - the values of SkyWalking, AWS and Google, and those that are any text: see lib/context_values.h.
 *
 * Neither AWS nor Google says whether hex is upper or lower case, and a UUID may be read in either (RFC 9562 4): both
 * count, as the same id.
 */
#include "lib/context_values.h"

#include <string.h>
#include <xxhash.h>

#define SW8_INDEX_MAX 10 /* digits of INT32_MAX */

static void hash_id(const uint8_t *text, size_t len, struct ws_candidate *got)
{
	XXH128_canonical_t hash;

	XXH128_canonicalFromHash(&hash, XXH3_128bits(text, len));
	memcpy(got->trace_id, hash.digest, 16);
	got->flags = WS_FLAG_HASHED_ID;
}

/*
 * sample "-" trace "-" parent segment "-" span index "-" ..., of which the next four say nothing of ids. trace and
 * segment are any text, in Base64. A span's name is that of its segment and its index in there.
 */
uint8_t ws_read_sw8(struct ws_value *v, struct ws_candidate *got)
{
	uint8_t text[WS_BASE64_TEXT_MAX + 1 + SW8_INDEX_MAX], flaw;
	XXH64_canonical_t hash;
	size_t len, n = 0;

	v->separator = '-';
	if (v->at < v->end && *v->at != '0' && *v->at != '1')
		return WS_FLAW_CHARACTER;
	if (v->at == v->end)
		return ws_value_why_short(v, 0);
	got->sampled = *v->at++ == '1' ? WS_SAMPLED_YES : WS_SAMPLED_NO;
	if ((flaw = ws_take_separator(v)) || (flaw = ws_take_base64(v, text, &len)))
		return flaw;
	if (!ws_text_is_128_bits(text, len, got->trace_id))
		hash_id(text, len, got);
	if (ws_is_zero(got->trace_id, 16))
		return WS_FLAW_ZERO;
	ws_value_put_part(v, &got->trace);
	if ((flaw = ws_take_separator(v)) || (flaw = ws_take_base64(v, text, &len)) || (flaw = ws_take_separator(v)))
		return flaw;
	text[len++] = '-';
	v->digits = WS_DIGITS_DECIMAL;
	while (n < SW8_INDEX_MAX && n < ws_value_left(v) && ws_value_is_digit(v, v->at[n]))
		text[len++] = v->at[n++];
	if (n == 0 || (n == ws_value_left(v) && v->is_cut))
		return ws_value_why_short(v, n);
	v->at += n;
	if (!ws_value_is_done(v) && *v->at != '-')
		return ws_value_is_digit(v, *v->at) ? WS_FLAW_LENGTH : WS_FLAW_CHARACTER;
	XXH64_canonicalFromHash(&hash, XXH3_64bits(text, len));
	memcpy(got->span_id, hash.digest, 8);
	ws_value_put_part(v, &got->span);
	return ws_value_is_done(v) ? ws_take_end(v) : WS_FLAW_NONE;
}

/* A field of AWS ends at a semicolon. */
static uint8_t take_aws_end(const struct ws_value *v)
{
	if (ws_value_is_done(v) || *v->at == ';')
		return WS_FLAW_NONE;
	return ws_value_is_digit(v, *v->at) || *v->at == '-' ? WS_FLAW_LENGTH : WS_FLAW_CHARACTER;
}

/* Root=1-TTTTTTTT-NNNNNNNNNNNNNNNNNNNNNNNN: a time and a number, which together are 128 bits. */
static uint8_t take_aws_root(struct ws_value *v, struct ws_candidate *got)
{
	uint8_t flaw;

	v->separator = '-';
	if (v->at == v->end || *v->at == ';')
		return v->at == v->end && v->is_cut ? WS_GOES_ON : WS_FLAW_PART;
	if (*v->at != '1')
		return WS_FLAW_VERSION;
	v->at++;
	if ((flaw = ws_take_separator(v)) || (flaw = ws_take_hex(v, 8, got->trace_id)) || (flaw = ws_take_separator(v)))
		return flaw;
	v->separator = ';';
	if ((flaw = ws_take_hex(v, 24, got->trace_id + 4)))
		return flaw;
	if (ws_is_zero(got->trace_id, 16))
		return WS_FLAW_ZERO;
	ws_value_put_part(v, &got->trace);
	return take_aws_end(v);
}

/* Parent=16 hex digits; zeros: there is none. */
static uint8_t take_aws_parent(struct ws_value *v, struct ws_candidate *got)
{
	uint8_t flaw;

	v->separator = ';';
	if ((flaw = ws_take_hex(v, 16, got->span_id)))
		return flaw;
	if (!ws_is_zero(got->span_id, 8))
		ws_value_put_part(v, &got->span);
	return take_aws_end(v);
}

static void take_aws_sampled(const struct ws_value *v, struct ws_candidate *got)
{
	if (ws_value_left(v) > 0 && *v->at == '1')
		got->sampled = WS_SAMPLED_YES;
	else if (ws_value_left(v) > 0 && *v->at == '0')
		got->sampled = WS_SAMPLED_NO;
}

/* One field; others than these three say nothing of the context. Of one that comes twice the first counts. */
static uint8_t take_aws_field(struct ws_value *v, struct ws_candidate *got, bool *has_parent)
{
	uint8_t flaw = WS_FLAW_NONE;

	ws_value_skip_blanks(v);
	if (ws_value_begins_with(v, "Root=") && !got->trace.is_there) {
		v->at += 5;
		flaw = take_aws_root(v, got);
	} else if (ws_value_begins_with(v, "Parent=") && !*has_parent) {
		v->at += 7;
		flaw = take_aws_parent(v, got);
		*has_parent = flaw == WS_FLAW_NONE;
	} else if (ws_value_begins_with(v, "Sampled=") && got->sampled == WS_SAMPLED_UNKNOWN) {
		v->at += 8;
		take_aws_sampled(v, got);
	}
	return flaw;
}

/* Fields between semicolons, in any order. A context is known once it is known whether it has a parent. */
uint8_t ws_read_aws(struct ws_value *v, struct ws_candidate *got)
{
	const uint8_t *semicolon = NULL;
	bool has_parent = false;
	uint8_t flaw;

	v->digits = WS_DIGITS_HEX;
	for (;; v->at = semicolon + 1) {
		flaw = take_aws_field(v, got, &has_parent);
		if (flaw || !(semicolon = memchr(v->at, ';', ws_value_left(v))))
			break;
	}
	if (flaw && flaw != WS_GOES_ON)
		return flaw;
	if (!got->trace.is_there)
		return v->is_cut ? WS_GOES_ON : WS_FLAW_PART;
	if (flaw == WS_GOES_ON || (v->is_cut && !v->is_full && !has_parent))
		got->trace.is_there = false;
	return WS_FLAW_NONE;
}

/* Behind Google's ";": o=N, of which bit 0 says whether it is sampled. */
static uint8_t take_google_options(struct ws_value *v, struct ws_candidate *got)
{
	uint8_t options[8], flaw;

	v->separator = ';';
	v->digits = WS_DIGITS_DECIMAL;
	if ((ws_value_left(v) > 0 && v->at[0] != 'o') || (ws_value_left(v) > 1 && v->at[1] != '='))
		return WS_FLAW_CHARACTER;
	if (ws_value_left(v) < 2)
		return v->is_cut ? WS_GOES_ON : WS_FLAW_PART;
	v->at += 2;
	if (ws_value_is_done(v))
		return ws_take_end(v);
	if ((flaw = ws_take_decimal(v, options)))
		return flaw;
	got->sampled = options[7] & 1 ? WS_SAMPLED_YES : WS_SAMPLED_NO;
	return ws_take_end(v);
}

/* "/" [ span ], in decimal; 0: there is none. */
static uint8_t take_google_span(struct ws_value *v, struct ws_candidate *got)
{
	uint8_t flaw;

	v->at++;
	v->separator = ';';
	v->digits = WS_DIGITS_DECIMAL;
	if (v->at == v->end || !ws_value_is_digit(v, *v->at))
		return WS_FLAW_NONE;
	if ((flaw = ws_take_decimal(v, got->span_id)))
		return flaw;
	if (!ws_is_zero(got->span_id, 8))
		ws_value_put_part(v, &got->span);
	return WS_FLAW_NONE;
}

/*
 * trace [ "/" [ span ] ] [ ";o=" [ options ] ]. A context is known once it is known whether it has a span.
 */
uint8_t ws_read_google(struct ws_value *v, struct ws_candidate *got)
{
	uint8_t flaw;

	v->separator = '/';
	v->digits = WS_DIGITS_HEX;
	if ((flaw = ws_take_trace(v, got)))
		return flaw;
	if (v->at < v->end && *v->at == '/' && (flaw = take_google_span(v, got))) {
		got->trace.is_there = false;
		return flaw;
	}
	if (v->at == v->end && v->is_cut && !got->span.is_there)
		got->trace.is_there = false;
	if (v->at < v->end && *v->at == ';') {
		v->at++;
		return take_google_options(v, got);
	}
	return ws_take_end(v);
}

/*
 * Any printable text: a UUID or 32 hex digits are 128 bits, 16 are 64, anything else is hashed. Its end must be known;
 * one that is longer than what is looked at is refused.
 */
uint8_t ws_read_text(struct ws_value *v, struct ws_candidate *got)
{
	const size_t len = ws_value_left(v);

	v->digits = WS_DIGITS_HEX;
	for (const uint8_t *c = v->at; c < v->end; c++)
		if (*c < ' ' || *c > '~')
			return WS_FLAW_CHARACTER;
	if (v->is_full || (len == 0 && !v->is_cut))
		return WS_FLAW_LENGTH;
	if (v->is_cut)
		return WS_GOES_ON;
	if (len == 16 && ws_take_hex(v, 16, got->trace_id + 8) == WS_FLAW_NONE) {
		got->flags = WS_FLAG_TRACE_ID_64;
	} else if (!ws_text_is_128_bits(v->at, len, got->trace_id)) {
		hash_id(v->at, len, got);
	}
	if (ws_is_zero(got->trace_id, 16))
		return WS_FLAW_ZERO;
	v->at = v->end;
	ws_value_put_part(v, &got->trace);
	return WS_FLAW_NONE;
}

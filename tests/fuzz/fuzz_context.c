/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fuzz_context - a libFuzzer target: any bytes as the values of context headers.
 *
 * Input, by its first byte:
 *	'W'    a list of families, as --context takes it
 *	other  32 bytes for ids, a byte for decisions, then lines, each from four bytes: the header; what to do with its
 *	       value, which is first written as its standard says; where; and a byte, or how many bytes of the input
 *	       to put there
 * What must hold:
 *	- a value that was only written is read back as the same ids
 *	- of any value, a beginning that is known to be cut says nothing else than the whole: a part that counts is the
 *	  same in both, and what is refused stays refused
 *	- a context is found within N bytes if and only if its ids end there
 *	- nothing outside a value is read: each lies in a heap block of its size
 * No corpus is needed to reach the formats.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "lib/context.h"
#include "lib/names.h"
#include "tests/fuzz/input.h"
#include "tests/fuzz/must.h"

#define VALUE_MAX 600
#define LINES_MAX 24
#define LINE_LEN  1000 /* offsets between lines: more than a value */

struct ids {
	uint8_t trace[16];
	uint8_t span[8];
	uint8_t parent[8];
	uint8_t decision;
};

static uint64_t number(const uint8_t bytes[8])
{
	uint64_t n;

	memcpy(&n, bytes, 8);
	return __builtin_bswap64(n);
}

static void base64(const char *text, char *to)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const size_t len = strlen(text);
	size_t n = 0;

	for (size_t i = 0; i < len; i += 3) {
		uint32_t bits = (uint32_t)(uint8_t)text[i] << 16;

		bits |= i + 1 < len ? (uint32_t)(uint8_t)text[i + 1] << 8 : 0;
		bits |= i + 2 < len ? (uint32_t)(uint8_t)text[i + 2] : 0;
		for (int shift = 18; shift >= 0; shift -= 6)
			to[n++] = digits[bits >> shift & 63];
		if (i + 1 >= len)
			to[n - 2] = '=';
		if (i + 2 >= len)
			to[n - 1] = '=';
	}
	to[n] = '\0';
}

static const char *uuid(const uint8_t id[16], char text[37])
{
	char hex[33];

	ws_hex_text(id, 16, hex);
	snprintf(text, 37, "%.8s-%.4s-%.4s-%.4s-%.12s", hex, hex + 8, hex + 12, hex + 16, hex + 20);
	return text;
}

/* The texts of SkyWalking's trace and segment; the former is a UUID, a number, or neither. */
static void sw8_texts(const struct ids *ids, char trace[64], char segment[64])
{
	char hex[33];

	if (ids->decision & 2)
		uuid(ids->trace, trace);
	else
		snprintf(trace, 64, "%s%s", ws_hex_text(ids->trace, 16, hex), ids->decision & 4 ? ".7.16" : "");
	snprintf(segment, 64, "%s.8.1", ws_hex_text(ids->parent, 8, hex));
}

/* A header's value as its standard says. */
static size_t write_value(uint8_t header, const struct ids *ids, char *to)
{
	const unsigned int sampled = ids->decision & 1;
	char trace[33], span[17], parent[17], text[64], segment[64], b64[2][128];

	ws_hex_text(ids->trace, 16, trace);
	ws_hex_text(ids->span, 8, span);
	ws_hex_text(ids->parent, 8, parent);
	switch (header) {
	case WS_HEADER_TRACEPARENT:
		return (size_t)sprintf(to, "00-%s-%s-%02x", trace, span, sampled);
	case WS_HEADER_B3_TRACE:
		return (size_t)sprintf(to, "%s", trace);
	case WS_HEADER_B3_SPAN:
		return (size_t)sprintf(to, "%s", span);
	case WS_HEADER_B3_PARENT:
		return (size_t)sprintf(to, "%s", parent);
	case WS_HEADER_B3_SAMPLED:
	case WS_HEADER_B3_FLAGS:
	case WS_HEADER_DATADOG_PRIORITY:
		return (size_t)sprintf(to, "%u", sampled);
	case WS_HEADER_B3_SINGLE:
		return (size_t)sprintf(to, "%s-%s-%u-%s", trace, span, sampled, parent);
	case WS_HEADER_JAEGER:
		return (size_t)sprintf(to, "%s:%lx:%lx:%x", trace, number(ids->span), number(ids->parent), sampled);
	case WS_HEADER_DATADOG_TRACE:
		return (size_t)sprintf(to, "%lu", number(ids->trace + 8));
	case WS_HEADER_DATADOG_PARENT:
		return (size_t)sprintf(to, "%lu", number(ids->span));
	case WS_HEADER_DATADOG_TAGS:
		return (size_t)sprintf(to, "_dd.p.dm=-1,_dd.p.tid=%.16s", trace);
	case WS_HEADER_SW8:
		sw8_texts(ids, text, segment);
		base64(text, b64[0]);
		base64(segment, b64[1]);
		return (size_t)sprintf(to, "%u-%s-%s-37-c3Zj-aW5z-L2E=-MTAuMC4wLjE6ODA=", sampled, b64[0], b64[1]);
	case WS_HEADER_AWS:
		return (size_t)sprintf(to, "Root=1-%.8s-%s;Parent=%s;Sampled=%u", trace, trace + 8, span, sampled);
	case WS_HEADER_GOOGLE:
		return (size_t)sprintf(to, "%s/%lu;o=%u", trace, number(ids->span), sampled);
	default:
		return (size_t)sprintf(to, "%s", uuid(ids->trace, text));
	}
}

/* The header's value, changed by the input or not. Returns its length. */
static size_t make_value(struct input *in, uint8_t header, const struct ids *ids, uint8_t how, uint8_t value[VALUE_MAX])
{
	char text[VALUE_MAX];
	size_t len = write_value(header, ids, text), n;
	const size_t at = next(in) % (len + 1);
	const uint8_t byte = next(in);

	memcpy(value, text, len);
	switch (how % 5) {
	case 1: /* another byte */
		if (at < len)
			value[at] = byte;
		break;
	case 2: /* shorter */
		len = at;
		break;
	case 3: /* bytes from the input put there */
		n = byte < in->len ? byte : in->len;
		memmove(value + at + n, value + at, len - at);
		memcpy(value + at, in->bytes, n);
		in->bytes += n;
		in->len -= n;
		len += n;
		break;
	case 4: /* nothing but bytes from the input */
		len = byte < in->len ? byte : in->len;
		memcpy(value, in->bytes, len);
		in->bytes += len;
		in->len -= len;
		break;
	}
	return len;
}

static void add(struct ws_contexts *c, const struct ws_wanted *wanted, uint8_t header, const uint8_t *value, size_t len,
		uint32_t line_off, bool is_cut)
{
	uint8_t *copy = malloc(len);
	const struct ws_field field = { .header = header,
					.is_cut = is_cut,
					.value = copy,
					.len = (uint32_t)len,
					.line_off = line_off,
					.value_off = line_off + 20 };

	MUST(copy || len == 0);
	if (len)
		memcpy(copy, value, len);
	ws_contexts_add(c, wanted, &field);
	free(copy);
}

static void check_part(const struct ws_part *cut, const uint8_t *cut_id, const struct ws_part *whole,
		       const uint8_t *whole_id, size_t n)
{
	if (!cut->is_there)
		return;
	MUST(whole->is_there && whole->end_off == cut->end_off && whole->begin_off == cut->begin_off);
	MUST(!memcmp(cut_id, whole_id, n));
}

static void check_beginnings(const struct ws_wanted *wanted, uint8_t header, const uint8_t *value, size_t len)
{
	struct ws_contexts whole = { 0 };

	add(&whole, wanted, header, value, len, 0, false);
	for (size_t n = 0; n <= len; n++) {
		struct ws_contexts cut = { 0 };

		add(&cut, wanted, header, value, n, 0, true);
		MUST(!cut.malformed || whole.malformed == cut.malformed);
		MUST(!cut.malformed == !cut.flaw);
		for (uint32_t f = 0; f < WS_MAX_FAMILIES && !whole.malformed; f++) {
			const struct ws_candidate *a = &cut.candidate[f], *b = &whole.candidate[f];

			check_part(&a->trace, a->trace_id, &b->trace, b->trace_id, 16);
			check_part(&a->span, a->span_id, &b->span, b->span_id, 8);
			check_part(&a->parent, a->parent_span_id, &b->parent, b->parent_span_id, 8);
			MUST(!a->trace.is_there || a->flags == b->flags);
			/* AWS and Google may have no span: that must be known by then */
			MUST(f < WS_FAMILY_AWS || !a->trace.is_there || a->span.is_there == b->span.is_there);
		}
	}
}

static void check_found(const struct ws_contexts *c, const struct ws_wanted *wanted, uint32_t end_off)
{
	struct ws_record r = { 0 }, within = { 0 };
	uint8_t why = 0;

	if (!ws_contexts_choose(c, wanted, UINT32_MAX, &r, &why)) {
		MUST(why == WS_REASON_MALFORMED || why == WS_REASON_INCOMPLETE || why == WS_REASON_NO_CONTEXT);
		MUST(r.families == 0 && r.family == 0 && r.ids_end_off == 0);
		return;
	}
	MUST(r.reason == WS_REASON_CONTEXT && (r.families & 1u << r.family) && ws_slot_name(16u + r.family));
	MUST(r.ids_end_off <= end_off && r.ctx_off < r.ids_end_off && r.ctx_off + r.ctx_len >= r.ids_end_off);
	MUST(number(r.trace_id) | number(r.trace_id + 8));
	MUST(ws_contexts_choose(c, wanted, r.ids_end_off, &within, &why));
	MUST(within.family == r.family && within.ids_end_off == r.ids_end_off);
	MUST(!memcmp(within.span_id, r.span_id, 8) && !memcmp(within.trace_id + 8, r.trace_id + 8, 8));
	memset(&within, 0, sizeof(within));
	if (!ws_contexts_choose(c, wanted, r.ids_end_off - 1, &within, &why))
		MUST(within.ids_end_off == 0);
	else
		MUST(wanted->prefers_list && within.family != r.family);
}

/* What was only written is read as it was. */
static void check_written(const struct ws_wanted *wanted, uint8_t header, const struct ids *ids)
{
	const uint8_t family = header >= WS_HEADER_USER ? WS_FAMILY_USER + header - WS_HEADER_USER : WS_FAMILY_NONE;
	const bool is_text = header == WS_HEADER_REQUEST_ID || family;
	struct ws_contexts c = { 0 };
	struct ws_record r = { 0 };
	char text[64], segment[68], value[VALUE_MAX];
	uint8_t why;

	for (uint8_t h = header; h <= (header == WS_HEADER_B3_TRACE	   ? WS_HEADER_B3_SAMPLED
				       : header == WS_HEADER_DATADOG_TRACE ? WS_HEADER_DATADOG_TAGS
									   : header);
	     h++)
		add(&c, wanted, h, (const uint8_t *)value, write_value(h, ids, value), h * 100u, false);
	MUST(c.malformed == 0 && ws_contexts_choose(&c, wanted, UINT32_MAX, &r, &why));
	sw8_texts(ids, text, segment);
	if (header == WS_HEADER_SW8) {
		XXH64_canonical_t hash;

		strcat(segment, "-37");
		XXH64_canonicalFromHash(&hash, XXH3_64bits(segment, strlen(segment)));
		MUST(!memcmp(r.span_id, hash.digest, 8));
	} else {
		MUST(number(r.span_id) == (is_text ? 0 : number(ids->span)));
	}
	if (header == WS_HEADER_SW8 && strchr(text, '.')) {
		XXH128_canonical_t hash;

		XXH128_canonicalFromHash(&hash, XXH3_128bits(text, strlen(text)));
		MUST(!memcmp(r.trace_id, hash.digest, 16) && r.flags == WS_FLAG_HASHED_ID);
	} else {
		MUST(!memcmp(r.trace_id, ids->trace, 16) && r.flags == 0);
	}
	if (header == WS_HEADER_B3_TRACE || header == WS_HEADER_B3_SINGLE || header == WS_HEADER_JAEGER)
		MUST(!memcmp(r.parent_span_id, ids->parent, 8));
	else
		MUST(number(r.parent_span_id) == 0);
	MUST(r.sampled == (is_text ? WS_SAMPLED_UNKNOWN : ids->decision & 1 ? WS_SAMPLED_YES : WS_SAMPLED_NO));
}

static void check_all_written(const struct ws_wanted *wanted, const struct ids *ids)
{
	static const uint8_t first[] = { WS_HEADER_TRACEPARENT, WS_HEADER_B3_TRACE,	 WS_HEADER_B3_SINGLE,
					 WS_HEADER_JAEGER,	WS_HEADER_DATADOG_TRACE, WS_HEADER_SW8,
					 WS_HEADER_AWS,		WS_HEADER_GOOGLE,	 WS_HEADER_REQUEST_ID,
					 WS_HEADER_USER,	WS_HEADER_USER + 1 };

	/* zeros are no ids; an upper half of zeros is none to Datadog */
	if (!number(ids->trace) || !number(ids->trace + 8) || !number(ids->span) || !number(ids->parent))
		return;
	for (size_t i = 0; i < sizeof(first); i++)
		check_written(wanted, first[i], ids);
}

static void check_list(const uint8_t *bytes, size_t len)
{
	char *list = strndup((const char *)bytes, len), text[WS_FAMILY_TEXT_LEN], names[1024] = "";
	struct ws_wanted wanted, again;
	struct ws_error err = { 0 };

	MUST(list);
	if (ws_wanted_parse(list, &wanted, &err)) {
		MUST(err.text[0]);
		free(list);
		return;
	}
	MUST(wanted.families && wanted.n_user <= WS_USER_HEADERS_MAX);
	for (int rank = 0; rank < WS_MAX_FAMILIES; rank++)
		for (uint8_t f = 0; f < WS_MAX_FAMILIES; f++)
			if ((wanted.families & 1u << f) && wanted.rank[f] == rank)
				strcat(strcat(names, names[0] ? "," : ""), ws_wanted_family_name(&wanted, f, text));
	MUST(ws_wanted_parse(names, &again, &err) == 0);
	MUST(!memcmp(&again, &wanted, sizeof(wanted)));
	free(list);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ws_contexts contexts = { 0 };
	struct input in = { data, size };
	uint8_t value[VALUE_MAX];
	struct ws_wanted wanted;
	struct ids ids;
	uint32_t n = 0;

	if (size > 0 && data[0] == 'W') {
		check_list(data + 1, size - 1);
		return 0;
	}
	if (size < sizeof(ids))
		return 0;
	memcpy(&ids, data, sizeof(ids));
	in.bytes += sizeof(ids);
	in.len -= sizeof(ids);
	MUST(ws_wanted_parse("google,all,header:x-a,header:x-b", &wanted, NULL) == 0);
	wanted.prefers_list = ids.decision >> 7;
	check_all_written(&wanted, &ids);
	for (; in.len >= 4 && n < LINES_MAX; n++) {
		const uint8_t header = next(&in) % (WS_N_HEADERS + 2), how = next(&in);
		const size_t len = make_value(&in, header, &ids, how, value);

		check_beginnings(&wanted, header, value, len);
		add(&contexts, &wanted, header, value, len, n * LINE_LEN, how >> 7);
	}
	check_found(&contexts, &wanted, n * LINE_LEN);
	return 0;
}

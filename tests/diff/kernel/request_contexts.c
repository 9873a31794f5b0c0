/* SPDX-License-Identifier: BSD-2-Clause */
/* request_contexts - the header lines of every family, written down with their ids. Inner part of request.h. */
#include <xxhash.h>

#include "tests/diff/kernel/request_text.h"

static void random_bytes(struct text *t, uint8_t *bytes, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		bytes[i] = (uint8_t)dice_u64(t->dice);
	bytes[0] |= 1; /* never all zero */
}

static void say_hex(struct text *t, const uint8_t *bytes, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		say(t, "%02x", bytes[i]);
		if (i == n / 2)
			mark(t);
	}
}

static struct request_context *begin_context(struct text *t, uint8_t family)
{
	struct request_context *c = &t->request->context[t->request->n_contexts++];

	memset(c, 0, sizeof(*c));
	c->family = family;
	c->ctx_off = t->len;
	random_bytes(t, c->trace_id, 16);
	random_bytes(t, c->span_id, 8);
	return c;
}

/* The ids of the context end here. */
static void end_ids(struct text *t, struct request_context *c)
{
	c->ids_end_off = c->ctx_end = t->len;
	mark(t);
}

static void shorten_trace(struct text *t, struct request_context *c)
{
	if (!dice_chance(t->dice, 30))
		return;
	memset(c->trace_id, 0, 8);
	c->trace_id[8] |= 1;
	c->flags = WS_FLAG_TRACE_ID_64;
}

static void say_trace(struct text *t, const struct request_context *c)
{
	const uint32_t n = c->flags & WS_FLAG_TRACE_ID_64 ? 8 : 16;

	say_hex(t, c->trace_id + 16 - n, n);
}

static void say_w3c(struct text *t)
{
	struct request_context *c = begin_context(t, WS_FAMILY_W3C);
	const uint32_t flags = dice_below(t->dice, 256);

	begin_line(t, "traceparent");
	say(t, "00-");
	say_trace(t, c);
	say(t, "-");
	say_hex(t, c->span_id, 8);
	end_ids(t, c);
	say(t, "-%02x", flags);
	c->sampled = flags & 1 ? WS_SAMPLED_YES : WS_SAMPLED_NO;
	end_line(t);
}

/* Lines of the family's in some order; n of them. */
static void shuffle(struct text *t, int *part, int n)
{
	for (int i = n - 1; i > 0; i--) {
		const int j = (int)dice_below(t->dice, (uint32_t)i + 1), was = part[i];

		part[i] = part[j];
		part[j] = was;
	}
}

static void say_b3(struct text *t)
{
	struct request_context *c = begin_context(t, WS_FAMILY_B3);
	int part[4] = { 0, 1, 2, 3 };
	bool has_begun = false;

	shorten_trace(t, c);
	shuffle(t, part, 4);
	for (int i = 0; i < 4; i++) {
		const uint32_t line_off = t->len;

		switch (part[i]) {
		case 0:
			begin_line(t, "X-B3-TraceId");
			say_trace(t, c);
			break;
		case 1:
			begin_line(t, "X-B3-SpanId");
			say_hex(t, c->span_id, 8);
			break;
		case 2:
			if (dice_chance(t->dice, 50))
				continue;
			begin_line(t, "X-B3-ParentSpanId");
			random_bytes(t, c->parent_span_id, 8);
			say_hex(t, c->parent_span_id, 8);
			break;
		default:
			c->sampled = dice_chance(t->dice, 50) ? WS_SAMPLED_YES : WS_SAMPLED_NO;
			begin_line(t, "X-B3-Sampled");
			say(t, "%d", c->sampled == WS_SAMPLED_YES);
			end_line(t);
			continue;
		}
		if (!has_begun)
			c->ctx_off = line_off;
		has_begun = true;
		c->ctx_end = t->len;
		if (part[i] < 2)
			c->ids_end_off = t->len;
		end_line(t);
	}
}

static void say_b3_single(struct text *t)
{
	struct request_context *c = begin_context(t, WS_FAMILY_B3_SINGLE);

	shorten_trace(t, c);
	begin_line(t, "b3");
	say_trace(t, c);
	say(t, "-");
	say_hex(t, c->span_id, 8);
	end_ids(t, c);
	if (dice_chance(t->dice, 70)) {
		c->sampled = dice_chance(t->dice, 50) ? WS_SAMPLED_YES : WS_SAMPLED_NO;
		say(t, "-%d", c->sampled == WS_SAMPLED_YES);
		if (dice_chance(t->dice, 50)) {
			random_bytes(t, c->parent_span_id, 8);
			say(t, "-");
			say_hex(t, c->parent_span_id, 8);
			c->ctx_end = t->len;
		}
	}
	end_line(t);
}

static void say_jaeger(struct text *t)
{
	struct request_context *c = begin_context(t, WS_FAMILY_JAEGER);

	shorten_trace(t, c);
	begin_line(t, "uber-trace-id");
	say_trace(t, c);
	say(t, ":");
	say_hex(t, c->span_id, 8);
	end_ids(t, c);
	say(t, ":");
	if (dice_chance(t->dice, 50)) {
		random_bytes(t, c->parent_span_id, 8);
		say_hex(t, c->parent_span_id, 8);
		c->ctx_end = t->len;
	} else {
		say(t, "0");
	}
	c->sampled = dice_chance(t->dice, 50) ? WS_SAMPLED_YES : WS_SAMPLED_NO;
	say(t, ":%d", c->sampled == WS_SAMPLED_YES);
	end_line(t);
}

static unsigned long long number_of(const uint8_t id[8])
{
	unsigned long long n = 0;

	for (int i = 0; i < 8; i++)
		n = n << 8 | id[i];
	return n;
}

static void say_datadog(struct text *t)
{
	struct request_context *c = begin_context(t, WS_FAMILY_DATADOG);
	const bool is_long = dice_chance(t->dice, 50);

	c->trace_id[8] |= 1;
	if (!is_long) {
		memset(c->trace_id, 0, 8);
		c->flags = WS_FLAG_TRACE_ID_64;
	}
	begin_line(t, "x-datadog-trace-id");
	say(t, "%llu", number_of(c->trace_id + 8));
	end_line(t);
	begin_line(t, "x-datadog-parent-id");
	say(t, "%llu", number_of(c->span_id));
	end_ids(t, c);
	end_line(t);
	begin_line(t, "x-datadog-sampling-priority");
	c->sampled = dice_chance(t->dice, 50) ? WS_SAMPLED_YES : WS_SAMPLED_NO;
	say(t, "%d", c->sampled == WS_SAMPLED_YES);
	end_line(t);
	if (is_long) {
		begin_line(t, "x-datadog-tags");
		say(t, "_dd.p.dm=-1,_dd.p.tid=");
		say_hex(t, c->trace_id, 8);
		end_line(t);
	}
}

static void say_base64(struct text *t, const char *text)
{
	static const char digit[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const size_t len = strlen(text);

	for (size_t i = 0; i < len; i += 3) {
		const size_t n = len - i < 3 ? len - i : 3;
		uint32_t word = 0;

		for (size_t j = 0; j < 3; j++)
			word = word << 8 | (j < n ? (uint8_t)text[i + j] : 0);
		say(t, "%c%c%c%c", digit[word >> 18], digit[word >> 12 & 63], n > 1 ? digit[word >> 6 & 63] : '=',
		    n > 2 ? digit[word & 63] : '=');
	}
}

static void say_skywalking(struct text *t)
{
	struct request_context *c = begin_context(t, WS_FAMILY_SKYWALKING);
	char trace[64], segment[64], span[128];
	const uint32_t index = dice_below(t->dice, 1000);
	XXH64_canonical_t span_hash;

	if (dice_chance(t->dice, 50)) {
		for (int i = 0; i < 16; i++)
			sprintf(trace + 2 * i, "%02x", c->trace_id[i]);
	} else {
		XXH128_canonical_t hash;

		sprintf(trace, "%u.%u.%u", dice_below(t->dice, 100000), 7u, dice_below(t->dice, 1000000));
		XXH128_canonicalFromHash(&hash, XXH3_128bits(trace, strlen(trace)));
		memcpy(c->trace_id, hash.digest, 16);
		c->flags = WS_FLAG_HASHED_ID;
	}
	sprintf(segment, "segment.%u", dice_below(t->dice, 1000000));
	sprintf(span, "%s-%u", segment, index);
	XXH64_canonicalFromHash(&span_hash, XXH3_64bits(span, strlen(span)));
	memcpy(c->span_id, span_hash.digest, 8);
	c->sampled = dice_chance(t->dice, 50) ? WS_SAMPLED_YES : WS_SAMPLED_NO;
	begin_line(t, "sw8");
	say(t, "%d-", c->sampled == WS_SAMPLED_YES);
	say_base64(t, trace);
	say(t, "-");
	say_base64(t, segment);
	say(t, "-%u", index);
	end_ids(t, c);
	say(t, "-");
	say_base64(t, "cart");
	say(t, "-");
	say_base64(t, "/add");
	end_line(t);
}

static void say_aws(struct text *t)
{
	struct request_context *c = begin_context(t, WS_FAMILY_AWS);

	begin_line(t, "X-Amzn-Trace-Id");
	say(t, "Root=1-");
	say_hex(t, c->trace_id, 4);
	say(t, "-");
	say_hex(t, c->trace_id + 4, 12);
	say(t, ";Parent=");
	say_hex(t, c->span_id, 8);
	end_ids(t, c);
	c->sampled = dice_chance(t->dice, 50) ? WS_SAMPLED_YES : WS_SAMPLED_NO;
	say(t, ";Sampled=%d", c->sampled == WS_SAMPLED_YES);
	end_line(t);
}

static void say_google(struct text *t)
{
	struct request_context *c = begin_context(t, WS_FAMILY_GOOGLE);

	begin_line(t, "X-Cloud-Trace-Context");
	say_trace(t, c);
	say(t, "/%llu", number_of(c->span_id));
	end_ids(t, c);
	c->sampled = dice_chance(t->dice, 50) ? WS_SAMPLED_YES : WS_SAMPLED_NO;
	say(t, ";o=%d", c->sampled == WS_SAMPLED_YES);
	end_line(t);
}

/* x-request-id, or the first header that the user named. */
static void say_text(struct text *t, uint8_t family, const char *name)
{
	struct request_context *c = begin_context(t, family);
	const uint8_t *id = c->trace_id;

	memset(c->span_id, 0, 8);
	begin_line(t, name);
	if (dice_chance(t->dice, 50)) {
		say_trace(t, c);
	} else {
		for (int i = 0; i < 16; i++)
			say(t, "%s%02x", i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "", id[i]);
	}
	end_ids(t, c);
	end_line(t);
}

void request_say_context(struct text *t, uint8_t family)
{
	static void (*const say_it[])(struct text *) = {
		[WS_FAMILY_W3C] = say_w3c,
		[WS_FAMILY_B3] = say_b3,
		[WS_FAMILY_B3_SINGLE] = say_b3_single,
		[WS_FAMILY_JAEGER] = say_jaeger,
		[WS_FAMILY_DATADOG] = say_datadog,
		[WS_FAMILY_AWS] = say_aws,
		[WS_FAMILY_SKYWALKING] = say_skywalking,
		[WS_FAMILY_GOOGLE] = say_google,
	};

	if (family == WS_FAMILY_REQUEST_ID)
		say_text(t, family, "x-request-id");
	else if (family == WS_FAMILY_USER)
		say_text(t, family, "x-my-trace");
	else
		say_it[family](t);
}

void request_say_broken(struct text *t)
{
	uint8_t id[16];

	random_bytes(t, id, 16);
	if (dice_chance(t->dice, 50)) {
		begin_line(t, "traceparent");
		say(t, "00-");
		say_hex(t, id, 16);
		say(t, "-Z00000000000000a-01");
		t->request->malformed |= 1u << WS_FAMILY_W3C;
	} else {
		begin_line(t, "X-B3-TraceId");
		say_hex(t, id, 16);
		t->request->is_incomplete = true;
	}
	end_line(t);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* generator_text - payloads, most of them requests, many of them not quite as they should be. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "tests/diff/kernel/generator_inner.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

__attribute__((format(printf, 2, 3))) static void say(struct generator_text *t, const char *format, ...)
{
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(t->bytes + t->len, PAYLOAD_MAX - t->len, format, args);
	va_end(args);
	t->len += (uint32_t)n < PAYLOAD_MAX - t->len ? (uint32_t)n : PAYLOAD_MAX - t->len - 1;
}

static void say_many(struct generator_text *t, char c, uint32_t n)
{
	if (n > PAYLOAD_MAX - t->len)
		n = PAYLOAD_MAX - t->len;
	memset(t->bytes + t->len, c, n);
	t->len += n;
}

static void say_random(struct generator *g, struct generator_text *t, uint32_t n)
{
	for (uint32_t i = 0; i < n && t->len < PAYLOAD_MAX; i++)
		t->bytes[t->len++] = (char)dice_u64(&g->dice);
}

static void say_hex(struct generator *g, struct generator_text *t, uint32_t n)
{
	while (n--)
		say(t, "%c", "0123456789abcdef"[dice_below(&g->dice, 16)]);
}

static void say_blanks(struct generator *g, struct generator_text *t, uint32_t n_max)
{
	for (uint32_t n = dice_below(&g->dice, n_max + 1); n; n--)
		say(t, "%c", dice_chance(&g->dice, 80) ? ' ' : '\t');
}

static void end_line(struct generator *g, struct generator_text *t)
{
	say(t, "%s", dice_chance(&g->dice, 95) ? "\r\n" : dice_chance(&g->dice, 80) ? "\n" : "\r");
}

/* Changes some letters' case; then the line's name is still the same. */
static void say_name(struct generator *g, struct generator_text *t, const char *name)
{
	int changes = dice_chance(&g->dice, 40);

	for (; *name; name++) {
		int is_letter = (*name | 0x20) >= 'a' && (*name | 0x20) <= 'z';

		say(t, "%c", changes && is_letter && dice_chance(&g->dice, 50) ? *name ^ 0x20 : *name);
	}
	say(t, ":");
	if (dice_chance(&g->dice, 70))
		say(t, " ");
	else
		say_blanks(g, t, dice_chance(&g->dice, 80) ? 3 : 90);
}

/* Behind a value: mostly the line's end, sometimes blanks, sometimes what spoils the value. */
static void end_value(struct generator *g, struct generator_text *t)
{
	if (dice_chance(&g->dice, 10))
		say_blanks(g, t, dice_chance(&g->dice, 80) ? 10 : 90);
	if (dice_chance(&g->dice, 4))
		say(t, "%c", dice_below(&g->dice, 256));
	end_line(g, t);
}

/* One byte of what was said since from becomes another one. */
static void spoil(struct generator *g, struct generator_text *t, uint32_t from)
{
	static const char by[] = "0fgAF-: \t\r\nxz/`@G\x7f";

	char c = dice_chance(&g->dice, 80) ? by[dice_below(&g->dice, sizeof(by) - 1)] : (char)dice_u64(&g->dice);

	if (t->len > from)
		t->bytes[from + dice_below(&g->dice, t->len - from)] = c;
}

static void say_traceparent(struct generator *g, struct generator_text *t)
{
	uint32_t from = t->len;

	say_name(g, t, "traceparent");
	if (dice_chance(&g->dice, 90))
		say(t, "00-");
	else
		say(t, "%02x-", dice_below(&g->dice, 256));
	if (dice_chance(&g->dice, 97))
		say_hex(g, t, 32);
	else
		say_many(t, '0', 32);
	say(t, "-");
	if (dice_chance(&g->dice, 97))
		say_hex(g, t, 16);
	else
		say_many(t, '0', 16);
	say(t, "-%02x", dice_below(&g->dice, 8) ? dice_below(&g->dice, 2) : dice_below(&g->dice, 256));
	if (dice_chance(&g->dice, 5))
		say(t, "-more=%u", dice_below(&g->dice, 1000));
	if (dice_chance(&g->dice, 10))
		spoil(g, t, from);
	end_value(g, t);
}

static void say_b3(struct generator *g, struct generator_text *t, int part)
{
	static const char *const name[] = { "X-B3-TraceId", "X-B3-SpanId", "X-B3-ParentSpanId", "X-B3-Sampled",
					    "X-B3-Flags" };
	static const char *const decision[] = { "1", "0", "true", "false", "d", "", "2" };
	uint32_t from = t->len;

	say_name(g, t, name[part]);
	if (part == 0)
		say_hex(g, t, dice_chance(&g->dice, 95) ? DICE_PICK(&g->dice, 16, 32) : dice_below(&g->dice, 40));
	else if (part < 3)
		say_hex(g, t, dice_chance(&g->dice, 95) ? 16 : dice_below(&g->dice, 40));
	else
		say(t, "%s", decision[dice_below(&g->dice, COUNT(decision))]);
	if (dice_chance(&g->dice, 5))
		spoil(g, t, from);
	end_value(g, t);
}

static void say_filler(struct generator *g, struct generator_text *t, uint32_t n)
{
	static const char *const name[] = { "Cookie",	  "User-Agent", "Host", "x-request-id",
					    "tracestate", "x-b3",	"T",	"" };
	const char *chosen = name[dice_below(&g->dice, COUNT(name))];
	uint32_t n_name = (uint32_t)strlen(chosen) + 4; /* colon, blank, line's end */

	say(t, "%s: ", chosen);
	say_many(t, 'f', n > n_name ? n - n_name : 0);
	end_line(g, t);
}

/* The ids of B3 in some order, often with others of its lines, sometimes with strangers between. */
static void say_b3_lines(struct generator *g, struct generator_text *t)
{
	int part[5] = { 0, 1, 2, 3, 4 };
	int n = 5;

	for (int i = 4; i > 0 && dice_chance(&g->dice, 70); i--) {
		int j = (int)dice_below(&g->dice, (uint32_t)i + 1), was = part[i];

		part[i] = part[j];
		part[j] = was;
	}
	for (int i = 0; i < n; i++) {
		if (dice_chance(&g->dice, part[i] < 2 ? 8 : 50))
			continue;
		say_b3(g, t, part[i]);
		if (dice_chance(&g->dice, 10))
			say_filler(g, t, dice_below(&g->dice, 60));
	}
}

/* What looks like a context and is none. */
static void say_decoy(struct generator *g, struct generator_text *t)
{
	static const char *const before[] = { " ", "\t", "x", "X-Copy: ", "trace-parent: 1\r\n ", "\r" };

	say(t, "%s", before[dice_below(&g->dice, COUNT(before))]);
	if (dice_chance(&g->dice, 50))
		say_traceparent(g, t);
	else
		say_b3(g, t, (int)dice_below(&g->dice, 5));
}

static void say_context(struct generator *g, struct generator_text *t)
{
	switch (dice_below(&g->dice, 10)) {
	case 0:
	case 1:
	case 2:
	case 3:
		say_traceparent(g, t);
		break;
	case 4:
	case 5:
	case 6:
		say_b3_lines(g, t);
		break;
	case 7:
		say_b3_lines(g, t);
		say_traceparent(g, t);
		break;
	case 8:
		say_decoy(g, t);
		break;
	default:
		break; /* none at all */
	}
}

static void say_request_line(struct generator *g, struct generator_text *t)
{
	static const char *const method[] = { "GET",	 "POST", "OPTIONS", "M-SEARCH", "TWENTY-LETTER-METHOD",
					      "CONNECT", "THE" };
	static const char *const target[] = { "/", "/", "/", "/cart?id=", "http://shop.example/", "*", "shop" };

	say(t, "%s ", method[dice_chance(&g->dice, 80) ? 0 : dice_below(&g->dice, COUNT(method))]);
	say(t, "%s", target[dice_below(&g->dice, COUNT(target))]);
	say_many(t, 'p', dice_chance(&g->dice, 85) ? dice_below(&g->dice, 30) : dice_below(&g->dice, 400));
	say(t, "%s", dice_chance(&g->dice, 97) ? " HTTP/1.1" : dice_chance(&g->dice, 50) ? " HTTP/2.0" : "");
	end_line(g, t);
}

/* Where the context should begin: anywhere, at the head's start, or where its ids end near the window's border. */
static uint32_t context_place(struct generator *g)
{
	uint32_t near;

	if (dice_chance(&g->dice, 25))
		return 0;
	if (dice_chance(&g->dice, 50))
		return dice_below(&g->dice, dice_chance(&g->dice, 90) ? 1500 : 3000);
	near = g->window + 60;
	return near > 200 ? near - dice_below(&g->dice, 200) : dice_below(&g->dice, 200);
}

static void say_request(struct generator *g, struct generator_text *t)
{
	uint32_t place = context_place(g);

	say_request_line(g, t);
	while (t->len < place) {
		uint32_t rest = place - t->len;

		say_filler(g, t,
			   rest < 40 || dice_chance(&g->dice, 10)
				   ? rest
				   : 20 + dice_below(&g->dice, rest < 400 ? rest - 20 : 380));
	}
	if (dice_chance(&g->dice, 10))
		say_decoy(g, t);
	say_context(g, t);
	if (dice_chance(&g->dice, 50))
		say_filler(g, t, dice_below(&g->dice, dice_chance(&g->dice, 80) ? 100 : 1500));
	if (dice_chance(&g->dice, 15)) /* the head goes on in a later segment */
		t->len -= dice_below(&g->dice, t->len < 200 ? t->len : 200);
	else
		say(t, "%s", dice_chance(&g->dice, 95) ? "\r\n" : "\n");
	if (dice_chance(&g->dice, 20))
		say_traceparent(g, t);
	if (dice_chance(&g->dice, 30))
		say_random(g, t, dice_below(&g->dice, 500));
}

/* A status line, whole or not, as it should be or not quite. */
static void say_response(struct generator *g, struct generator_text *t)
{
	const uint32_t from = t->len;

	say(t, "HTTP/1.%u %03u ", dice_below(&g->dice, 2), dice_below(&g->dice, 1000));
	say(t, "OK\r\nContent-Length: 0\r\n\r\n");
	if (dice_chance(&g->dice, 20))
		t->bytes[from + 8 + dice_below(&g->dice, 5)] = (char)dice_u64(&g->dice);
	if (dice_chance(&g->dice, 20))
		t->len = from + 7 + dice_below(&g->dice, 7);
}

void generator_payload(struct generator *g, struct generator_text *t)
{
	uint32_t kind = dice_below(&g->dice, 100);

	if (kind < 84) {
		say_request(g, t);
	} else if (kind < 88) {
		say_response(g, t);
	} else if (kind < 92) {
		say(t, "%c%c", DICE_PICK(&g->dice, 20, 22, 23, 24, 25), 3);
		say(t, "%c", dice_below(&g->dice, 6));
		say_random(g, t, dice_below(&g->dice, 300));
	} else if (kind < 96) {
		say_random(g, t, dice_below(&g->dice, 600));
	}
}

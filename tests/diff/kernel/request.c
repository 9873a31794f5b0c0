/* SPDX-License-Identifier: BSD-2-Clause */
/* request - see the header. The contexts: request_contexts.c. */
#include "tests/diff/kernel/request_text.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

/* Header lines of about n bytes that carry no context, some with names that are nearly one's. */
static void say_fillers(struct text *t, uint32_t n)
{
	static const char *const name[] = { "Cookie",	      "user-agent", "Host",
					    "x-b3",	      "traceparen", "traceparents",
					    "x-b3-traceids",  "Accept",	    "sw",
					    "x-trace-parent", "b",	    "authorization" };
	const uint32_t end = t->len + n;

	while (t->len + 20 < end) {
		uint32_t left = end - t->len - 20;
		uint32_t len = dice_chance(t->dice, 90) ? dice_below(t->dice, left < 200 ? left + 1 : 200)
							: dice_below(t->dice, left < 5000 ? left + 1 : 5000);

		say(t, "%s: ", name[dice_below(t->dice, COUNT(name))]);
		memset(t->bytes + t->len, 'f', len);
		t->len += len;
		if (len > 30 && dice_chance(t->dice, 10)) /* no line of its own: it stands in a value */
			memcpy(t->bytes + t->len - 20, "traceparent: 00-abcd", 20);
		end_line(t);
	}
}

static bool has_family(const struct request *r, uint8_t family)
{
	for (uint32_t i = 0; i < r->n_contexts; i++)
		if (r->context[i].family == family)
			return true;
	return false;
}

static void say_contexts(struct text *t, const struct request_kind *kind)
{
	struct request *r = t->request;
	uint32_t n = kind->family ? 1 : DICE_PICK(t->dice, 0, 1, 1, 1, 1, 2, 3);

	if (kind->has_context && n == 0)
		n = 1;
	if (n == 0 && dice_chance(t->dice, 50))
		request_say_broken(t);
	while (n--) {
		const uint8_t family = kind->family ? kind->family
						    : (uint8_t)DICE_PICK(t->dice, WS_FAMILY_W3C, WS_FAMILY_B3,
									 WS_FAMILY_B3_SINGLE, WS_FAMILY_JAEGER,
									 WS_FAMILY_DATADOG, WS_FAMILY_SKYWALKING,
									 WS_FAMILY_AWS, WS_FAMILY_GOOGLE,
									 WS_FAMILY_REQUEST_ID, WS_FAMILY_USER);

		if (has_family(r, family))
			continue;
		request_say_context(t, family);
		if (n > 0 && dice_chance(t->dice, 50))
			say_fillers(t, dice_below(t->dice, 300));
	}
}

static void say_request_line(struct text *t)
{
	static const char *const method[] = { "GET", "GET", "POST", "OPTIONS", "M-SEARCH", "TWENTY-LETTER-METHOD" };
	static const char *const target[] = { "/", "/cart?id=", "http://shop.example/", "*", "/GET /p/" };

	say(t, "%s", method[dice_below(t->dice, COUNT(method))]);
	t->request->mark[t->request->n_marks++] = 1 + dice_below(t->dice, t->len - 1);
	mark(t);
	say(t, " ");
	mark(t);
	say(t, "%s", target[dice_below(t->dice, COUNT(target))]);
	mark(t);
	for (uint32_t n = dice_chance(t->dice, 90) ? dice_below(t->dice, 20) : dice_below(t->dice, 600); n; n--)
		say(t, "p");
	say(t, " HTTP/1.1");
	mark(t);
	end_line(t);
}

static const char decoy[] = "GET /decoy HTTP/1.1\r\ntraceparent: "
			    "00-11111111111111111111111111111111-2222222222222222-01\r\n\r\n";

/* Bytes of a body, in which stands what looks like a request. */
static void say_data(struct text *t, uint32_t len, bool has_decoy)
{
	const uint32_t n_decoy = sizeof(decoy) - 1;

	memset(t->bytes + t->len, 'y', len);
	for (uint32_t at = 0; has_decoy && at + n_decoy <= len; at += n_decoy + 100)
		memcpy(t->bytes + t->len + at, decoy, n_decoy);
	t->len += len;
}

/* RFC 9112 7.1, with extensions and trailers now and then. */
static void say_chunks(struct text *t, uint32_t len)
{
	while (len) {
		const uint32_t n = 1 + dice_below(t->dice, len > 300 || dice_chance(t->dice, 50) ? len
							   : len < 20				 ? len
												 : 20);

		say(t, dice_chance(t->dice, 50) ? "%x" : "%03X", n);
		say(t, "%s\r\n",
		    dice_chance(t->dice, 80)   ? ""
		    : dice_chance(t->dice, 50) ? ";a=b"
					       : " ; name=\"GET / \"");
		say_data(t, n, true);
		say(t, "\r\n");
		len -= n;
	}
	say(t, "0\r\n%s\r\n", dice_chance(t->dice, 80) ? "" : "X-Sum: 1\r\nServer-Timing: a\r\n");
}

void request_make(struct dice *d, const struct request_kind *kind, uint8_t *bytes, struct request *r)
{
	struct text t = { .bytes = (char *)bytes, .request = r, .dice = d };
	uint32_t before, rest, body_len = kind->body_max ? dice_below(d, kind->body_max + 1) : 0;
	uint32_t body = kind->body_max ? dice_below(d, 100) : 100;
	bool is_chunked = body >= 50 && body < 70;

	memset(r, 0, sizeof(*r));
	r->is_body_known = true;
	say_request_line(&t);
	rest = kind->head_len > t.len + 300 ? kind->head_len - t.len - 300 : 0;
	before = kind->place == 0 ? 0 : kind->place == 1 ? rest : dice_below(d, rest + 1);
	say_fillers(&t, before);
	say_contexts(&t, kind);
	if (body < 50)
		say(&t, "content-Length:%s%u\r\n", dice_chance(d, 80) ? " " : "", body_len);
	else if (is_chunked)
		say(&t, "Transfer-encodinG: chunked\r\n");
	else if (body < 80 && kind->ends_openly)
		say(&t, "Content-Length: %s\r\n", body & 1 ? "12345678901" : "two");
	mark(&t);
	say_fillers(&t, rest - before);
	say(&t, "\r");
	mark(&t);
	say(&t, "\n");
	r->head_len = t.len;
	r->is_body_known = body < 70 || body >= 80 || !kind->ends_openly;
	if (is_chunked)
		say_chunks(&t, body_len);
	else if (body < 50 || !r->is_body_known)
		say_data(&t, body_len, r->is_body_known);
	r->len = t.len;
}

/* Does a count rather than b? */
static bool comes_first(const struct ws_wanted *wanted, const struct request_context *a,
			const struct request_context *b)
{
	if (wanted->prefers_list)
		return wanted->rank[a->family] < wanted->rank[b->family];
	return a->ids_end_off < b->ids_end_off;
}

void request_truth(const struct request *r, const struct ws_wanted *wanted, uint32_t window, struct ws_record *want)
{
	const struct request_context *best = NULL;

	memset(want, 0, sizeof(*want));
	want->malformed = r->malformed & wanted->families;
	for (uint32_t i = 0; i < r->n_contexts; i++) {
		const struct request_context *c = &r->context[i];

		if (!(wanted->families & 1u << c->family) || c->ids_end_off > window)
			continue;
		want->families |= (uint16_t)(1u << c->family);
		if (!best || comes_first(wanted, c, best))
			best = c;
	}
	if (!best) {
		const bool is_half = r->is_incomplete && (wanted->families & 1u << WS_FAMILY_B3);

		want->reason = want->malformed ? WS_REASON_MALFORMED
			       : is_half       ? WS_REASON_INCOMPLETE
					       : WS_REASON_NO_CONTEXT;
		return;
	}
	want->reason = WS_REASON_CONTEXT;
	want->family = best->family;
	want->flags = best->flags;
	want->sampled = best->sampled;
	memcpy(want->trace_id, best->trace_id, 16);
	memcpy(want->span_id, best->span_id, 8);
	memcpy(want->parent_span_id, best->parent_span_id, 8);
	want->ctx_off = best->ctx_off;
	want->ctx_len = best->ctx_end - best->ctx_off;
	want->ids_end_off = best->ids_end_off;
}

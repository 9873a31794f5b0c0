/* SPDX-License-Identifier: BSD-2-Clause */
/* context - see the header. How a value is read: lib/context_values.c. */
#include "lib/context.h"

#include <errno.h>
#include <string.h>

#include "lib/context_values.h"
#include "lib/names.h"

#define COUNT(array)	 (sizeof(array) / sizeof(*(array)))
#define FAMILY_BIT(f)	 ((uint16_t)(1u << (f)))
#define N_NAMED_FAMILIES (WS_FAMILY_REQUEST_ID + 1)

static const char user_prefix[] = "header:";

const char ws_wanted_default[] = "default";

const struct ws_header_kind ws_header_kinds[WS_HEADER_USER] = {
#define ENTRY(symbol, name, family, value_max) [WS_HEADER_##symbol] = { name, sizeof(name) - 1, value_max, family },
	WS_HEADERS(ENTRY)
#undef ENTRY
};

/* An entry of the list under way; not owned, not ended by a zero. */
struct entry {
	const char *text;
	size_t len;
};

static void want(struct ws_wanted *wanted, uint8_t family, uint8_t *rank)
{
	if (wanted->families & FAMILY_BIT(family))
		return;
	wanted->families |= FAMILY_BIT(family);
	wanted->rank[family] = (*rank)++;
}

/* Words about an entry, of which at most so much is shown. */
#define SHOWN(e) (int)((e)->len < 100 ? (e)->len : 100), (e)->text

/* RFC 9110 5.6.2 */
static bool is_token_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || (c && strchr("!#$%&'*+-.^_`|~", c));
}

/* The name that stands behind "header:", to lower case and with its colon. */
static int user_name(const struct entry *e, char name[WS_NAME_MAX + 1], struct ws_error *err)
{
	const char *from = e->text + sizeof(user_prefix) - 1;
	const size_t len = e->len - (sizeof(user_prefix) - 1);

	if (len < 2 || len > WS_NAME_MAX - 1)
		return ws_error(err, -EINVAL, "%.*s: a header's name has 2 to %d characters", SHOWN(e),
				WS_NAME_MAX - 1);
	for (size_t i = 0; i < len; i++) {
		name[i] = from[i] >= 'A' && from[i] <= 'Z' ? (char)(from[i] | 0x20) : from[i];
		if (!is_token_char(name[i]))
			return ws_error(err, -EINVAL,
					"%.*s: a header's name is made of letters, digits, and !#$%%&'*+-.^_`|~",
					SHOWN(e));
	}
	memcpy(name + len, ":", 2);
	for (size_t i = 0; i < WS_HEADER_USER; i++) {
		if (!ws_header_kinds[i].name || strcmp(ws_header_kinds[i].name, name) != 0)
			continue;
		if (ws_header_kinds[i].family == WS_FAMILY_NONE)
			return ws_error(err, -EINVAL, "%.*s: this header says where a request ends, not whose it is",
					SHOWN(e));
		return ws_error(err, -EINVAL, "%.*s: this is a header of %s: give that name", SHOWN(e),
				ws_family_name(ws_header_kinds[i].family));
	}
	return 0;
}

static int want_user(struct ws_wanted *wanted, const struct entry *e, uint8_t *rank, struct ws_error *err)
{
	char name[WS_NAME_MAX + 1] = { 0 };
	int rc = user_name(e, name, err);

	if (rc)
		return rc;
	for (uint32_t i = 0; i < wanted->n_user; i++)
		if (!strcmp(wanted->user_name[i], name))
			return 0;
	if (wanted->n_user == WS_USER_HEADERS_MAX)
		return ws_error(err, -EINVAL, "%.*s: at most %d headers can be named", SHOWN(e), WS_USER_HEADERS_MAX);
	memcpy(wanted->user_name[wanted->n_user], name, sizeof(name));
	want(wanted, (uint8_t)(WS_FAMILY_USER + wanted->n_user++), rank);
	return 0;
}

static bool entry_is(const struct entry *e, const char *word)
{
	return e->len == strlen(word) && !memcmp(e->text, word, e->len);
}

static int want_entry(struct ws_wanted *wanted, const struct entry *e, uint8_t *rank, struct ws_error *err)
{
	const bool is_all = entry_is(e, "all"), is_default = entry_is(e, ws_wanted_default);
	bool is_known = is_all || is_default;

	if (e->len == 0)
		return ws_error(err, -EINVAL, "an empty name in the list of contexts");
	if (e->len >= sizeof(user_prefix) - 1 && !memcmp(e->text, user_prefix, sizeof(user_prefix) - 1))
		return want_user(wanted, e, rank, err);
	for (uint8_t f = WS_FAMILY_NONE + 1; f < N_NAMED_FAMILIES; f++) {
		if (!is_all && !(is_default && f != WS_FAMILY_REQUEST_ID) && !entry_is(e, ws_family_name(f)))
			continue;
		want(wanted, f, rank);
		is_known = true;
	}
	if (is_known)
		return 0;
	return ws_error(err, -EINVAL,
			"%.*s: no family of contexts; there are w3c, b3, b3-single, jaeger, datadog, skywalking, aws, "
			"google, x-request-id, header:NAME, and default and all, between commas",
			SHOWN(e));
}

int ws_wanted_parse(const char *list, struct ws_wanted *wanted, struct ws_error *err)
{
	struct ws_wanted w = { 0 };
	uint8_t rank = 0;
	struct entry e;
	int rc;

	for (e.text = list;; e.text += e.len + 1) {
		e.len = strcspn(e.text, ",");
		if ((rc = want_entry(&w, &e, &rank, err)))
			return rc;
		if (e.text[e.len] == '\0')
			break;
	}
	*wanted = w;
	return 0;
}

const char *ws_wanted_family_name(const struct ws_wanted *wanted, uint8_t family, char text[WS_FAMILY_TEXT_LEN])
{
	const uint32_t i = family - (uint32_t)WS_FAMILY_USER;

	if (family < WS_FAMILY_USER || i >= wanted->n_user || i >= WS_USER_HEADERS_MAX)
		return ws_family_name(family);
	snprintf(text, WS_FAMILY_TEXT_LEN, "%s%.*s", user_prefix, (int)strcspn(wanted->user_name[i], ":"),
		 wanted->user_name[i]);
	return text;
}

/* The family whose header it is, if it is wanted; else WS_FAMILY_NONE. */
static uint8_t family_of(const struct ws_wanted *wanted, uint8_t header, uint32_t *value_max)
{
	uint8_t family;

	if (header >= WS_N_HEADERS)
		return WS_FAMILY_NONE;
	if (header >= WS_HEADER_USER) {
		*value_max = WS_USER_VALUE_MAX;
		family = (uint8_t)(WS_FAMILY_USER + header - WS_HEADER_USER);
	} else {
		*value_max = ws_header_kinds[header].value_max;
		family = ws_header_kinds[header].family;
	}
	return wanted->families & FAMILY_BIT(family) ? family : WS_FAMILY_NONE;
}

static bool has_many_headers(uint8_t family)
{
	return family == WS_FAMILY_B3 || family == WS_FAMILY_DATADOG;
}

/* AWS and Google may leave the span out, and the others that follow have none. */
static bool is_complete(uint8_t family, const struct ws_candidate *k)
{
	return k->trace.is_there && (k->span.is_there || family >= WS_FAMILY_AWS);
}

static void place(struct ws_part *part, const struct ws_field *field)
{
	if (!part->is_there)
		return;
	part->begin_off = field->line_off;
	part->end_off = field->is_compressed ? field->end_off : field->value_off + part->end_off;
}

/* What was there before stands. */
static void merge(struct ws_candidate *to, const struct ws_candidate *got)
{
	if (!to->trace.is_there && got->trace.is_there) {
		to->trace = got->trace;
		to->flags = got->flags;
		memcpy(to->trace_id, got->trace_id, sizeof(to->trace_id));
	}
	if (!to->span.is_there && got->span.is_there) {
		to->span = got->span;
		memcpy(to->span_id, got->span_id, sizeof(to->span_id));
	}
	if (!to->parent.is_there && got->parent.is_there) {
		to->parent = got->parent;
		memcpy(to->parent_span_id, got->parent_span_id, sizeof(to->parent_span_id));
	}
	if (to->sampled == WS_SAMPLED_UNKNOWN)
		to->sampled = got->sampled;
	to->is_debug |= got->is_debug;
}

void ws_contexts_add(struct ws_contexts *c, const struct ws_wanted *wanted, const struct ws_field *field)
{
	struct ws_candidate got = { 0 }, *k;
	struct ws_value v = { 0 };
	uint32_t value_max = 0;
	const uint8_t family = family_of(wanted, field->header, &value_max);
	uint8_t flaw;

	if (family == WS_FAMILY_NONE)
		return;
	if (field->header == WS_HEADER_TRACESTATE) {
		c->has_tracestate = true;
		return;
	}
	v.is_full = field->len >= value_max;
	v.is_cut = field->is_cut || v.is_full;
	v.begin = field->value;
	v.end = v.begin + (v.is_full ? value_max : field->len);
	flaw = ws_value_read(field->header, &v, &got);
	if (flaw != WS_FLAW_NONE) {
		c->malformed |= FAMILY_BIT(family);
		c->flaw = c->flaw == WS_FLAW_NONE ? flaw : c->flaw;
		return;
	}
	place(&got.trace, field);
	place(&got.span, field);
	place(&got.parent, field);
	k = &c->candidate[family];
	c->begun |= FAMILY_BIT(family);
	if (has_many_headers(family))
		merge(k, &got);
	else if (got.trace.is_there && !is_complete(family, k))
		*k = got;
}

static uint32_t max_u32(uint32_t a, uint32_t b)
{
	return a > b ? a : b;
}

static uint32_t ids_end_off(const struct ws_candidate *k)
{
	return k->span.is_there ? max_u32(k->trace.end_off, k->span.end_off) : k->trace.end_off;
}

/* Does a count rather than b, of which both are complete? */
static bool comes_first(const struct ws_contexts *c, const struct ws_wanted *wanted, uint8_t a, uint8_t b)
{
	const uint32_t a_off = ids_end_off(&c->candidate[a]), b_off = ids_end_off(&c->candidate[b]);

	if (wanted->prefers_list || a_off == b_off)
		return wanted->rank[a] < wanted->rank[b];
	return a_off < b_off;
}

/* From the first byte of the first line that has one of its ids to the end of the last id. */
static void take_place(const struct ws_candidate *k, bool has_parent, struct ws_record *r)
{
	uint32_t begin = k->trace.begin_off, end = ids_end_off(k);

	r->ids_end_off = end;
	if (k->span.is_there && k->span.begin_off < begin)
		begin = k->span.begin_off;
	if (has_parent && k->parent.begin_off < begin)
		begin = k->parent.begin_off;
	if (has_parent)
		end = max_u32(end, k->parent.end_off);
	r->ctx_off = begin;
	r->ctx_len = end - begin;
}

static void take_context(const struct ws_candidate *k, uint8_t family, uint32_t window, struct ws_record *r)
{
	const bool has_parent = k->parent.is_there && k->parent.end_off <= window;

	r->reason = WS_REASON_CONTEXT;
	r->family = family;
	r->sampled = k->is_debug ? WS_SAMPLED_YES : k->sampled;
	memcpy(r->trace_id, k->trace_id, sizeof(r->trace_id));
	memcpy(r->span_id, k->span_id, sizeof(r->span_id));
	memset(r->parent_span_id, 0, sizeof(r->parent_span_id));
	if (family == WS_FAMILY_DATADOG) { /* in place of the parent: the upper half of the trace id */
		const bool has_upper = has_parent && !ws_is_zero(k->parent_span_id, sizeof(k->parent_span_id));

		if (has_upper)
			memcpy(r->trace_id, k->parent_span_id, sizeof(k->parent_span_id));
		r->flags |= has_upper ? 0 : k->flags;
		take_place(k, false, r);
		return;
	}
	if (has_parent)
		memcpy(r->parent_span_id, k->parent_span_id, sizeof(r->parent_span_id));
	r->flags |= k->flags;
	take_place(k, has_parent, r);
}

static uint8_t why_none(const struct ws_contexts *c)
{
	if (c->malformed)
		return WS_REASON_MALFORMED;
	for (uint32_t f = 0; f < WS_MAX_FAMILIES; f++)
		if (c->candidate[f].trace.is_there || c->candidate[f].span.is_there)
			return WS_REASON_INCOMPLETE;
	return WS_REASON_NO_CONTEXT;
}

int ws_contexts_choose(const struct ws_contexts *c, const struct ws_wanted *wanted, uint32_t window,
		       struct ws_record *r, uint8_t *why)
{
	uint8_t best = WS_FAMILY_NONE;

	r->families = 0;
	r->malformed = c->malformed;
	r->flaw = c->flaw;
	r->flags |= c->has_tracestate ? WS_FLAG_TRACESTATE : 0;
	for (uint8_t f = WS_FAMILY_NONE + 1; f < WS_MAX_FAMILIES; f++) {
		const struct ws_candidate *k = &c->candidate[f];

		if (!(c->begun & FAMILY_BIT(f)) || !is_complete(f, k) || ids_end_off(k) > window)
			continue;
		r->families |= FAMILY_BIT(f);
		if (best == WS_FAMILY_NONE || comes_first(c, wanted, f, best))
			best = f;
	}
	if (best == WS_FAMILY_NONE) {
		*why = why_none(c);
		return 0;
	}
	take_context(&c->candidate[best], best, window, r);
	return 1;
}

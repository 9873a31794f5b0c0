/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_context_choice - several context headers in one head: which context counts, where it is, what is found within a
 * window, what is said of the others.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "lib/context.h"
#include "lib/names.h"
#include "tests/unit/context_heads.h"
#include "tests/unit/guard.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

static const struct {
	const char *name;
	uint8_t header;
} names[] = {
#define ENTRY(symbol, name, family, value_max) { name, WS_HEADER_##symbol },
	WS_HEADERS(ENTRY)
#undef ENTRY
		{ "x-mine:", WS_HEADER_USER },
};

/* The header that the line is, and the length of its name; those that are none of a context begin with a colon. */
static uint8_t header_of(const char *line, uint32_t *name_len)
{
	for (size_t i = 0; i < COUNT(names); i++) {
		*name_len = (uint32_t)strlen(names[i].name);
		if (!strncasecmp(line, names[i].name, *name_len))
			return names[i].header;
	}
	*name_len = 0;
	return WS_HEADER_NONE;
}

/* "PREFER " before a list: its order counts. */
static void parse(const char *list, struct ws_wanted *wanted)
{
	const bool prefers_list = !strncmp(list, "PREFER ", 7);

	assert_int_equal(ws_wanted_parse(list + (prefers_list ? 7 : 0), wanted, NULL), 0);
	wanted->prefers_list = prefers_list;
}

static void add_line(struct ws_contexts *c, const struct ws_wanted *wanted, const char *line, uint32_t line_off)
{
	uint32_t name_len;
	const uint8_t header = header_of(line, &name_len);
	const struct ws_bytes value = ws_guard(line + name_len, (uint32_t)strlen(line) - name_len);
	const struct ws_field field = { .header = header,
					.value = value.data,
					.len = value.len,
					.line_off = line_off,
					.value_off = line_off + name_len };

	ws_contexts_add(c, wanted, &field);
}

/* Reads a head whose first line begins at off; text gets its lines. Returns where it ends. */
static uint32_t read_head(const struct head_case *c, uint32_t off, const struct ws_wanted *wanted,
			  struct ws_contexts *contexts, char text[1024])
{
	memset(contexts, 0, sizeof(*contexts));
	text[0] = '\0';
	for (size_t i = 0; i < COUNT(c->lines) && c->lines[i]; i++) {
		add_line(contexts, wanted, c->lines[i], off + (uint32_t)strlen(text));
		strcat(strcat(text, c->lines[i]), "\r\n");
	}
	return off + (uint32_t)strlen(text);
}

static uint32_t end_of(const char *text, const char *string)
{
	const char *at = strstr(text, string);

	assert_non_null(at);
	return (uint32_t)(at - text) + (uint32_t)strlen(string);
}

static void check_hex(const char *want, const uint8_t *id, size_t n)
{
	char text[33];

	assert_string_equal(ws_hex_text(id, n, text), want);
}

static void check_found(const struct head_case *c, const char *text, uint32_t off, bool has_parent,
			const struct ws_record *r)
{
	const uint32_t begin = off + end_of(text, c->begin) - (uint32_t)strlen(c->begin);
	const uint32_t ids_end = off + end_of(text, c->ids_end);
	const uint32_t end = has_parent && c->ctx_end ? off + end_of(text, c->ctx_end) : ids_end;

	assert_int_equal(r->reason, WS_REASON_CONTEXT);
	assert_int_equal(r->family, c->family);
	check_hex(c->trace, r->trace_id, 16);
	check_hex(c->span, r->span_id, 8);
	check_hex(has_parent ? c->parent : NO_ID, r->parent_span_id, 8);
	assert_int_equal(r->sampled, c->sampled);
	assert_int_equal(r->ids_end_off, ids_end);
	assert_int_equal(r->ctx_off, begin);
	assert_int_equal(r->ctx_off + r->ctx_len, end);
	assert_int_equal(r->malformed, 0);
	assert_int_equal(r->flaw, WS_FLAW_NONE);
}

static void check_none(const struct ws_record *r)
{
	static const struct ws_record none;

	assert_memory_equal(r->trace_id, none.trace_id, 32);
	assert_int_equal(r->reason, 0);
	assert_int_equal(r->family, WS_FAMILY_NONE);
	assert_int_equal(r->sampled, UNKNOWN);
	assert_int_equal(r->ctx_off, 0);
	assert_int_equal(r->ctx_len, 0);
	assert_int_equal(r->ids_end_off, 0);
}

static void whole_head(void **state)
{
	const struct head_case *c = *state;
	struct ws_contexts contexts;
	struct ws_wanted wanted;
	struct ws_record r = { 0 };
	char text[1024];
	uint8_t why = 0;

	parse(c->wanted, &wanted);
	read_head(c, 17, &wanted, &contexts, text);
	assert_int_equal(ws_contexts_choose(&contexts, &wanted, UINT32_MAX, &r, &why), c->family != WS_FAMILY_NONE);
	assert_int_equal(r.families, c->families);
	assert_int_equal(r.flags, c->flags);
	assert_int_equal(why, c->reason);
	if (c->family != WS_FAMILY_NONE)
		check_found(c, text, 17, true, &r);
	else
		check_none(&r);
}

/* The families that a window shows grow with it, and what counts is one of them. */
static void check_window(const struct head_case *c, int is_found, uint16_t families, const struct ws_record *r)
{
	assert_int_equal(is_found, r->families != 0);
	assert_int_equal(r->families & ~c->families, 0);
	assert_int_equal(families & ~r->families, 0);
	if (is_found)
		assert_true(r->families & 1u << r->family);
	else
		check_none(r);
}

/* A context is found within N if its ids end there, its parent and Datadog's tags if they end there too. */
static void in_windows(void **state)
{
	const struct head_case *c = *state;
	struct ws_contexts contexts;
	struct ws_wanted wanted;
	uint16_t families = 0;
	char text[1024];
	uint8_t why = 0;
	uint32_t end, parent_end, tags_end = 0;

	parse(c->wanted, &wanted);
	end = read_head(c, 65500, &wanted, &contexts, text);
	parent_end = c->parent && strcmp(c->parent, NO_ID) != 0 ? 65500 + end_of(text, c->parent) : 0;
	if (c->family == DD && !(c->flags & BITS_64))
		tags_end = 65500 + end_of(text, "640cfd8d00000000");
	for (uint32_t window = 65500; window <= end; window++) {
		struct ws_record r = { 0 };
		const int is_found = ws_contexts_choose(&contexts, &wanted, window, &r, &why);

		check_window(c, is_found, families, &r);
		families = r.families;
		if (is_found)
			assert_true(r.ids_end_off <= window);
		if (!is_found || (wanted.prefers_list && r.family != c->family))
			continue;
		if (window >= tags_end) {
			check_found(c, text, 65500, window >= parent_end, &r);
			continue;
		}
		assert_int_equal(r.flags & BITS_64, BITS_64);
		check_hex(NO_ID DD_TRACE_L, r.trace_id, 16);
	}
	assert_int_equal(families, c->families);
}

/* The largest window counts like any other. */
static void window_of_64_kib(void **state)
{
	struct ws_contexts c = { 0 };
	struct ws_wanted wanted;
	uint8_t why = 0;

	(void)state;
	parse("default", &wanted);
	/* "traceparent: 00-" and the ids are 65 bytes */
	add_line(&c, &wanted, TRACEPARENT, 65536 - 65);
	for (uint32_t window = 65535; window <= 65537; window++) {
		struct ws_record r = { 0 };

		assert_int_equal(ws_contexts_choose(&c, &wanted, window, &r, &why), window >= 65536);
		assert_int_equal(r.ids_end_off, window >= 65536 ? 65536 : 0);
	}
}

/* The first refused value says why; each family that was refused has its bit. */
static void flaws_of_several(void **state)
{
	struct ws_contexts c = { 0 };
	struct ws_wanted wanted;
	struct ws_record r = { 0 };
	uint8_t why = 0;

	(void)state;
	parse("default", &wanted);
	add_line(&c, &wanted, "x-request-id:", 0);
	add_line(&c, &wanted, "x-cloud-trace-context: x", 50);
	add_line(&c, &wanted, "traceparent: ff-" W_TRACE "-" W_SPAN "-01", 100);
	add_line(&c, &wanted, "x-b3-parentspanid: " NO_ID, 200);
	assert_int_equal(ws_contexts_choose(&c, &wanted, UINT32_MAX, &r, &why), 0);
	assert_int_equal(why, WS_REASON_MALFORMED);
	assert_int_equal(r.malformed, BIT(W3C) | BIT(B3) | BIT(GOOGLE));
	assert_int_equal(r.flaw, WS_FLAW_CHARACTER);
	add_line(&c, &wanted, B3_SPAN, 300);
	add_line(&c, &wanted, B3_TRACE, 400);
	assert_int_equal(ws_contexts_choose(&c, &wanted, UINT32_MAX, &r, &why), 1);
	assert_int_equal(r.family, WS_FAMILY_B3);
	assert_int_equal(r.malformed, BIT(W3C) | BIT(B3) | BIT(GOOGLE));
	assert_int_equal(r.flaw, WS_FLAW_CHARACTER);
}

/* HTTP/2: a field's place is that of its compressed form, whatever its value's length. */
static void compressed_fields(void **state)
{
	static const char trace[] = B_TRACE, span[] = B_SPAN, parent[] = B_PARENT;
	struct ws_field fields[] = {
		{ .header = WS_HEADER_B3_PARENT, .value = (const uint8_t *)parent, .line_off = 30, .end_off = 31 },
		{ .header = WS_HEADER_B3_TRACE, .value = (const uint8_t *)trace, .line_off = 40, .end_off = 65 },
		{ .header = WS_HEADER_B3_SPAN, .value = (const uint8_t *)span, .line_off = 70, .end_off = 84 },
	};
	struct ws_contexts c = { 0 };
	struct ws_wanted wanted;
	uint8_t why = 0;

	(void)state;
	parse("default", &wanted);
	for (size_t i = 0; i < COUNT(fields); i++) {
		fields[i].is_compressed = true;
		fields[i].len = (uint32_t)strlen((const char *)fields[i].value);
		fields[i].value_off = 7777;
		ws_contexts_add(&c, &wanted, &fields[i]);
	}
	for (uint32_t window = 83; window <= 84; window++) {
		struct ws_record r = { 0 };

		assert_int_equal(ws_contexts_choose(&c, &wanted, window, &r, &why), window == 84);
		if (window < 84)
			continue;
		check_hex(B_TRACE, r.trace_id, 16);
		check_hex(B_PARENT, r.parent_span_id, 8);
		assert_int_equal(r.ctx_off, 30);
		assert_int_equal(r.ctx_len, 54);
		assert_int_equal(r.ids_end_off, 84);
	}
}

/* A value is looked at up to its header's limit, however it came: a longer one is as if it were cut there. */
static void values_beyond_the_limit(void **state)
{
	static char value[512] = "Root=1-5759e988-bd862e3fe1be46a994272793;Self=1-";
	struct ws_field field = { .header = WS_HEADER_AWS, .value = (const uint8_t *)value, .line_off = 0 };
	struct ws_wanted wanted;
	uint8_t why = 0;

	(void)state;
	parse("default", &wanted);
	memset(value + strlen(value), 'a', 400);
	for (uint32_t len = 254; len <= 260; len++) {
		for (int is_cut = 0; is_cut <= 1; is_cut++) {
			struct ws_contexts c = { 0 };
			struct ws_record r = { 0 };

			field.len = len;
			field.is_cut = is_cut;
			ws_contexts_add(&c, &wanted, &field);
			/* of 255 bytes that are cut, more may show a parent; of 256, what follows is not looked at */
			assert_int_equal(ws_contexts_choose(&c, &wanted, UINT32_MAX, &r, &why), !is_cut || len >= 256);
			assert_int_equal(r.malformed, 0);
		}
	}
}

/* A number that the limit cuts is not taken for a shorter one. */
static void number_across_the_limit(void **state)
{
	static char value[] = "                                   " W_TRACE "/123456789;o=1";
	struct ws_field field = { .header = WS_HEADER_GOOGLE, .value = (const uint8_t *)value };
	struct ws_wanted wanted;
	uint8_t why = 0;

	(void)state;
	parse("default", &wanted);
	field.len = sizeof(value) - 1;
	assert_in_range(field.len, 73, 90);
	for (int n_blanks = 35; n_blanks >= 0; n_blanks--, field.value++, field.len--) {
		struct ws_contexts c = { 0 };
		struct ws_record r = { 0 };
		/* 32 digits, a slash, nine digits and the byte behind them within the first 72 bytes */
		const int is_found = n_blanks + 43 <= 72;

		ws_contexts_add(&c, &wanted, &field);
		assert_int_equal(ws_contexts_choose(&c, &wanted, UINT32_MAX, &r, &why), is_found);
		check_hex(is_found ? "00000000075bcd15" : NO_ID, r.span_id, 8);
	}
}

/* A part of a cut line is no context, and a whole line behind it counts. */
static void whole_line_behind_a_cut_one(void **state)
{
	static const char cut[] = "00-" B_TRACE "-";
	const struct ws_field field = { .header = WS_HEADER_TRACEPARENT,
					.is_cut = true,
					.value = (const uint8_t *)cut,
					.len = sizeof(cut) - 1,
					.line_off = 10,
					.value_off = 22 };
	struct ws_contexts c = { 0 };
	struct ws_wanted wanted;
	struct ws_record r = { 0 };
	uint8_t why = 0;

	(void)state;
	parse("default", &wanted);
	ws_contexts_add(&c, &wanted, &field);
	assert_int_equal(ws_contexts_choose(&c, &wanted, UINT32_MAX, &r, &why), 0);
	assert_int_equal(why, WS_REASON_INCOMPLETE);
	add_line(&c, &wanted, TRACEPARENT, 100);
	assert_int_equal(ws_contexts_choose(&c, &wanted, UINT32_MAX, &r, &why), 1);
	check_hex(W_TRACE, r.trace_id, 16);
	assert_int_equal(r.ctx_off, 100);
}

/* Headers that are no context's, and numbers that are no header's, say nothing. */
static void other_headers(void **state)
{
	static const struct ws_contexts none;
	struct ws_contexts c = { 0 };
	struct ws_wanted wanted;

	(void)state;
	parse("all,header:x-mine", &wanted);
	for (int header = 0; header < 256; header++) {
		const struct ws_field field = { .header = (uint8_t)header, .value = (const uint8_t *)"a-b", .len = 3 };

		if (header > WS_HEADER_NONE && header < WS_HEADER_CONTENT_LENGTH)
			continue;
		if (header == WS_HEADER_USER)
			continue;
		ws_contexts_add(&c, &wanted, &field);
		assert_memory_equal(&c, &none, sizeof(c));
	}
}

int main(void)
{
	static struct CMUnitTest tests[2 * COUNT(cases) + 7] = {
		cmocka_unit_test(window_of_64_kib),	   cmocka_unit_test(flaws_of_several),
		cmocka_unit_test(compressed_fields),	   cmocka_unit_test(values_beyond_the_limit),
		cmocka_unit_test(number_across_the_limit), cmocka_unit_test(whole_line_behind_a_cut_one),
		cmocka_unit_test(other_headers),
	};
	size_t n = 7;

	for (size_t i = 0; i < COUNT(cases); i++) {
		tests[n++] = (struct CMUnitTest) { .name = cases[i].name,
						   .test_func = whole_head,
						   .initial_state = (void *)&cases[i] };
		tests[n++] = (struct CMUnitTest) { .name = cases[i].name,
						   .test_func = in_windows,
						   .initial_state = (void *)&cases[i] };
	}
	return cmocka_run_group_tests_name("context choice", tests, NULL, NULL);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* test_context_wanted - lists of the contexts that are looked for, and the names of families, flaws and ledger slots.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <errno.h>
#include <string.h>

#include "lib/context.h"
#include "lib/names.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

/* A list, and the families in the order of their ranks. */
struct list_case {
	const char *list;
	const char *families;
};

#define NINE	"w3c,b3,b3-single,jaeger,datadog,skywalking,aws,google"
#define LONGEST "x234567890123456789012345678901234567-9" /* with its colon, WS_NAME_MAX */

static const struct list_case lists[] = {
	{ "w3c", "w3c" },
	{ "b3,w3c", "b3,w3c" },
	{ "default", NINE },
	{ "all", NINE ",x-request-id" },
	{ "x-request-id,default", "x-request-id," NINE },
	{ "google,all", "google,w3c,b3,b3-single,jaeger,datadog,skywalking,aws,x-request-id" },
	{ "default,all", NINE ",x-request-id" },
	{ "b3,b3,w3c,b3", "b3,w3c" },
	{ "header:x-mine", "header:x-mine" },
	{ "header:X-Mine,w3c,header:id,header:x-mine", "header:x-mine,w3c,header:id" },
	{ "header:" LONGEST, "header:" LONGEST },
	{ "header:a1,header:b1,header:c1,header:!#$%&'*+-.^_`|~9",
	  "header:a1,header:b1,header:c1,header:!#$%&'*+-.^_`|~9" },
};

/* A list, and what its words begin with, and have in them. */
static const struct {
	const char *list;
	const char *begin;
	const char *has;
} bad_lists[] = {
	{ "", "an empty name", "list" },
	{ "w3c,", "an empty name", "list" },
	{ "w3c,,b3", "an empty name", "list" },
	{ "zipkin", "zipkin:", "header:NAME" },
	{ "w3c,zipkin,b3", "zipkin:", "header:NAME" },
	{ "W3C", "W3C:", "w3c" },
	{ "w3c, b3", " b3:", "b3" },
	{ "none", "none:", "w3c" },
	{ "unknown", "unknown:", "w3c" },
	{ "header-1", "header-1:", "header:NAME" },
	{ "header", "header:", "header:NAME" },
	{ "header:", "header::", "2 to 39" },
	{ "b3,header:x", "header:x:", "2 to 39" },
	{ "header:" LONGEST "0", "header:" LONGEST "0:", "2 to 39" },
	{ "header:x-mine:", "header:x-mine::", "made of" },
	{ "header:x mine", "header:x mine:", "made of" },
	{ "header:x\xc3\xa4", "header:x\xc3\xa4:", "made of" },
	{ "header:Traceparent", "header:Traceparent:", "w3c" },
	{ "header:b3", "header:b3:", "b3-single" },
	{ "header:x-request-id", "header:x-request-id:", "x-request-id" },
	{ "header:content-length", "header:content-length:", "where a request ends" },
	{ "header:a1,header:a2,header:a3,header:a4,header:a5", "header:a5:", "at most 4" },
};

/* The families by rank, as a list. */
static void to_list(const struct ws_wanted *wanted, char list[256])
{
	char text[WS_FAMILY_TEXT_LEN];
	uint8_t n = 0;

	list[0] = '\0';
	for (uint8_t rank = 0; rank < WS_MAX_FAMILIES; rank++) {
		for (uint8_t f = 0; f < WS_MAX_FAMILIES; f++) {
			if (!(wanted->families & 1u << f) || wanted->rank[f] != rank)
				continue;
			strcat(strcat(list, n++ ? "," : ""), ws_wanted_family_name(wanted, f, text));
		}
	}
	assert_int_equal(n, __builtin_popcount(wanted->families));
}

static void lists_that_can_be_read(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(lists); i++) {
		struct ws_error err = { 0 };
		struct ws_wanted wanted;
		char text[256];

		memset(&wanted, 0xa5, sizeof(wanted));
		assert_int_equal(ws_wanted_parse(lists[i].list, &wanted, &err), 0);
		assert_string_equal(err.text, "");
		to_list(&wanted, text);
		assert_string_equal(text, lists[i].families);
		assert_false(wanted.prefers_list);
	}
}

/* The list that is made from what was read reads as the same. */
static void lists_come_back(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(lists); i++) {
		struct ws_wanted wanted, again;
		char text[256];

		assert_int_equal(ws_wanted_parse(lists[i].list, &wanted, NULL), 0);
		to_list(&wanted, text);
		assert_int_equal(ws_wanted_parse(text, &again, NULL), 0);
		assert_memory_equal(&again, &wanted, sizeof(again));
	}
}

static void lists_that_cannot_be_read(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(bad_lists); i++) {
		struct ws_wanted wanted, before;
		struct ws_error err = { 0 };

		memset(&wanted, 0xa5, sizeof(wanted));
		before = wanted;
		assert_int_equal(ws_wanted_parse(bad_lists[i].list, &wanted, &err), -EINVAL);
		assert_int_equal(strncmp(err.text, bad_lists[i].begin, strlen(bad_lists[i].begin)), 0);
		assert_non_null(strstr(err.text + strlen(bad_lists[i].begin), bad_lists[i].has));
		assert_memory_equal(&wanted, &before, sizeof(wanted));
		assert_int_equal(ws_wanted_parse(bad_lists[i].list, &wanted, NULL), -EINVAL);
	}
}

/* A list of any length, hostile or not, ends in words that fit. */
static void long_lists(void **state)
{
	static char list[1 << 16];
	struct ws_wanted wanted;
	struct ws_error err;

	(void)state;
	memset(list, 'x', sizeof(list) - 1);
	assert_int_equal(ws_wanted_parse(list, &wanted, &err), -EINVAL);
	assert_true(strlen(err.text) < sizeof(err.text) - 1);
	for (size_t i = 0; i + 4 < sizeof(list); i += 4)
		memcpy(list + i, "w3c,", 4);
	memcpy(list + sizeof(list) - 4, "w3c", 4);
	assert_int_equal(ws_wanted_parse(list, &wanted, &err), 0);
	assert_int_equal(wanted.families, 1u << WS_FAMILY_W3C);
}

/* A user's family that the list does not name has its place's name. */
static void families_that_are_not_wanted(void **state)
{
	char text[WS_FAMILY_TEXT_LEN];
	struct ws_wanted wanted;

	(void)state;
	assert_int_equal(ws_wanted_parse("header:x-mine", &wanted, NULL), 0);
	assert_string_equal(ws_wanted_family_name(&wanted, WS_FAMILY_USER, text), "header:x-mine");
	assert_string_equal(ws_wanted_family_name(&wanted, WS_FAMILY_USER + 1, text), "header-2");
	assert_string_equal(ws_wanted_family_name(&wanted, WS_FAMILY_AWS, text), "aws");
	assert_string_equal(ws_wanted_family_name(&wanted, 10, text), "unknown");
	assert_string_equal(ws_wanted_family_name(&wanted, 255, text), "unknown");
}

/* A ledger slot for each family, named after it. */
static void slots_of_families(void **state)
{
	(void)state;
	for (uint8_t f = 0; f < WS_MAX_FAMILIES; f++) {
		const char *slot = ws_slot_name(ws_reason_slot(WS_REASON_CONTEXT, f));
		char want[64] = "context_";

		if (f == WS_FAMILY_NONE || !strcmp(ws_family_name(f), "unknown")) {
			assert_null(slot);
			continue;
		}
		strcat(want, ws_family_name(f));
		for (char *c = want; *c; c++)
			*c = *c == '-' ? '_' : *c;
		assert_string_equal(slot, want);
	}
}

/* Every reason has a name of its own. */
static void slots_of_reasons(void **state)
{
	(void)state;
	for (uint32_t slot = 0; slot < 2 * WS_N_REASONS; slot++) {
		const bool is_reason = slot < WS_REASON_CONTEXT ||
				       (slot >= WS_REASON_HEAD_CONTINUED && slot <= WS_REASON_UNDECODABLE);

		if (is_reason)
			assert_non_null(ws_slot_name(slot));
		else if (slot >= WS_REASON_HEAD_CONTINUED)
			assert_null(ws_slot_name(slot));
		for (uint32_t other = 0; is_reason && other < slot; other++)
			assert_false(ws_slot_name(other) && !strcmp(ws_slot_name(other), ws_slot_name(slot)));
	}
}

static void names_of_flaws(void **state)
{
	(void)state;
	assert_string_equal(ws_flaw_name(WS_FLAW_NONE), "none");
	assert_string_equal(ws_flaw_name(WS_FLAW_LENGTH), "length");
	assert_string_equal(ws_flaw_name(WS_FLAW_PART), "part");
	assert_string_equal(ws_flaw_name(WS_N_FLAWS), "unknown");
	for (uint8_t flaw = 0; flaw < WS_N_FLAWS; flaw++)
		assert_string_not_equal(ws_flaw_name(flaw), "unknown");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lists_that_can_be_read),
		cmocka_unit_test(lists_come_back),
		cmocka_unit_test(lists_that_cannot_be_read),
		cmocka_unit_test(long_lists),
		cmocka_unit_test(families_that_are_not_wanted),
		cmocka_unit_test(slots_of_families),
		cmocka_unit_test(slots_of_reasons),
		cmocka_unit_test(names_of_flaws),
	};

	return cmocka_run_group_tests_name("wanted", tests, NULL, NULL);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* test_trials - overhead.json: what is written is read again, number by number; what cannot be is refused in words. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/trials.h"
#include "tests/unit/random.h"

/* So many blocks of two treatments with random numbers; the first counts no frames. */
static struct ws_trials make(uint32_t n_blocks)
{
	struct ws_trials made = { .seed = 7, .n_treatments = 2 };

	strcpy(made.treatment[0].name, "none");
	strcpy(made.treatment[1].name, "ebpf-2_x");
	strcpy(made.treatment[1].words, "a \"program\" at both points");
	for (uint32_t i = 0; i < 2 * n_blocks; i++) {
		struct ws_trial trial = { .treatment = i % 2 };

		for (int k = 0; k < WS_N_TRIAL_MEMBERS; k++)
			*ws_trial_number(&trial, &ws_trial_member[k]) = 1 + (int64_t)(random_number() >> 12);
		trial.block = 1 + i / 2;
		trial.position = 1 + i % 2;
		if (i % 2 == 0)
			trial.n_frames = trial.n_lost = -1;
		assert_int_equal(ws_trials_add(&made, &trial), 0);
	}
	return made;
}

/* The document as a text; the caller's, to be freed. */
static char *text_of(json_t *document)
{
	char *text = json_dumps(document, JSON_INDENT(1));

	assert_non_null(text);
	json_decref(document);
	return text;
}

static void what_is_written_is_read(void **state)
{
	struct ws_trials written = make(50), read;
	char *text = text_of(ws_trials_json(&written));
	struct ws_error err = { 0 };

	(void)state;
	assert_int_equal(ws_trials_read(text, strlen(text), &read, &err), 0);
	assert_int_equal(read.seed, 7);
	assert_int_equal(read.n_treatments, 2);
	assert_string_equal(read.treatment[1].name, "ebpf-2_x");
	assert_string_equal(read.treatment[1].words, "a \"program\" at both points");
	assert_int_equal(read.n, 100);
	for (uint32_t i = 0; i < read.n; i++) {
		assert_int_equal(read.at[i].treatment, written.at[i].treatment);
		for (int k = 0; k < WS_N_TRIAL_MEMBERS; k++)
			assert_int_equal(*ws_trial_number(&read.at[i], &ws_trial_member[k]),
					 *ws_trial_number(&written.at[i], &ws_trial_member[k]));
	}
	ws_trials_close(&read);
	ws_trials_close(&read);
	ws_trials_close(NULL);
	ws_trials_close(&written);
	free(text);
}

/* Every member is in the table once: there is no place of a struct that is not written. */
static void every_member_has_its_place(void **state)
{
	(void)state;
	for (int k = 0; k < WS_N_TRIAL_MEMBERS; k++) {
		assert_int_equal(ws_trial_member[k].off,
				 offsetof(struct ws_trial, block) + (size_t)k * sizeof(int64_t));
		assert_in_range(ws_trial_member[k].off, 0, sizeof(struct ws_trial) - sizeof(int64_t));
	}
	assert_int_equal(offsetof(struct ws_trial, n_lost) + sizeof(int64_t), sizeof(struct ws_trial));
}

/* A document, cut anywhere, is no document; and nothing is left to be freed. */
static void cut_documents_are_refused(void **state)
{
	struct ws_trials written = make(1), read;
	char *text = text_of(ws_trials_json(&written));
	struct ws_error err;

	(void)state;
	for (size_t len = 0; len < strlen(text) - 1; len++) {
		*err.text = '\0';
		assert_int_equal(ws_trials_read(text, len, &read, &err), -EINVAL);
		assert_non_null(strstr(err.text, "no JSON"));
	}
	ws_trials_close(&written);
	free(text);
}

/* Whatever is put in place of a number, in any member: it is refused, and the words name the member. */
static void no_number_is_taken_for_one(void **state)
{
	static const char *const other[] = { "\"1\"", "1.5", "1e3", "true", "[1]", "{}", "-2", "9007199254740993" };
	struct ws_trials written = make(1), read;

	(void)state;
	for (int k = 0; k < WS_N_TRIAL_MEMBERS; k++) {
		for (size_t i = 0; i < sizeof(other) / sizeof(*other); i++) {
			json_t *document = ws_trials_json(&written);
			json_t *trial = json_array_get(json_object_get(document, "trials"), 1);
			struct ws_error err = { 0 };
			char *text;

			assert_int_equal(json_object_set_new(trial, ws_trial_member[k].name,
							     json_loads(other[i], JSON_DECODE_ANY, NULL)),
					 0);
			text = text_of(document);
			assert_int_equal(ws_trials_read(text, strlen(text), &read, &err), -EINVAL);
			assert_non_null(strstr(err.text, "trial 2"));
			free(text);
		}
	}
	ws_trials_close(&written);
}

/* null is for what need not be known. */
static void only_some_may_be_unknown(void **state)
{
	struct ws_trials written = make(1), read;

	(void)state;
	for (int k = 0; k < WS_N_TRIAL_MEMBERS; k++) {
		json_t *document = ws_trials_json(&written);
		json_t *trial = json_array_get(json_object_get(document, "trials"), 1);
		struct ws_error err = { 0 };
		char *text;
		int rc;

		json_object_set_new(trial, ws_trial_member[k].name, json_null());
		text = text_of(document);
		rc = ws_trials_read(text, strlen(text), &read, &err);
		assert_int_equal(rc, ws_trial_member[k].least < 0 ? 0 : -EINVAL);
		if (rc == 0)
			ws_trials_close(&read);
		free(text);
	}
	ws_trials_close(&written);
}

/* As many trials as there may be are read; one more is refused. */
static void there_is_an_end_to_trials(void **state)
{
	struct ws_trials written = make(WS_TRIALS_MAX / 2), read;
	char *text = text_of(ws_trials_json(&written));
	struct ws_trial more = written.at[0];
	struct ws_error err = { 0 };

	(void)state;
	assert_int_equal(ws_trials_read(text, strlen(text), &read, &err), 0);
	assert_int_equal(read.n, WS_TRIALS_MAX);
	ws_trials_close(&read);
	free(text);
	more.block = WS_TRIALS_MAX;
	assert_int_equal(ws_trials_add(&written, &more), 0);
	text = text_of(ws_trials_json(&written));
	assert_int_equal(ws_trials_read(text, strlen(text), &read, &err), -EINVAL);
	free(text);
	ws_trials_close(&written);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_written_is_read),   cmocka_unit_test(every_member_has_its_place),
		cmocka_unit_test(cut_documents_are_refused), cmocka_unit_test(no_number_is_taken_for_one),
		cmocka_unit_test(only_some_may_be_unknown),  cmocka_unit_test(there_is_an_end_to_trials),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

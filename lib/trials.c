/* SPDX-License-Identifier: BSD-2-Clause */
/* trials - see the header. */
#include "lib/trials.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "lib/json_memory.h"

#define AT(member) offsetof(struct ws_trial, member)

/* In the order of the struct. */
const struct ws_trial_member ws_trial_member[WS_N_TRIAL_MEMBERS] = {
	{ "block", AT(block), 1 },
	{ "position", AT(position), 1 },
	{ "n_requests", AT(n_requests), 1 },
	{ "n_failed", AT(n_failed), 0 },
	{ "duration_ns", AT(duration_ns), 1 },
	{ "latency_mean_ns", AT(latency_mean_ns), 0 },
	{ "latency_median_ns", AT(latency_median_ns), 0 },
	{ "latency_p99_ns", AT(latency_p99_ns), 0 },
	{ "window_ns", AT(window_ns), 1 },
	{ "busy_ns", AT(busy_ns), 0 },
	{ "softirq_ns", AT(softirq_ns), 0 },
	{ "steal_ns", AT(steal_ns), 0 },
	{ "own_cpu_ns", AT(own_cpu_ns), 0 },
	{ "n_wakeups", AT(n_wakeups), 0 },
	{ "n_irq_work", AT(n_irq_work), -1 },
	{ "load_cpu_ns", AT(load_cpu_ns), 0 },
	{ "n_frames", AT(n_frames), -1 },
	{ "n_lost", AT(n_lost), -1 },
};

int ws_trials_add(struct ws_trials *trials, const struct ws_trial *trial)
{
	const uint32_t n = trials->n;

	if ((n & (n - 1)) == 0) { /* none, or a power of two: there is room for no more */
		struct ws_trial *grown = realloc(trials->at, (n ? 2 * (size_t)n : 1) * sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		trials->at = grown;
	}
	trials->at[trials->n++] = *trial;
	return 0;
}

uint32_t ws_trials_find(const struct ws_trials *trials, const char *name)
{
	for (uint32_t i = 0; i < trials->n_treatments; i++)
		if (strcmp(trials->treatment[i].name, name) == 0)
			return i;
	return UINT32_MAX;
}

void ws_trials_close(struct ws_trials *trials)
{
	if (!trials)
		return;
	free(trials->at);
	*trials = (struct ws_trials) { 0 };
}

static json_t *trial_json(const struct ws_trials *trials, struct ws_trial trial)
{
	json_t *object = json_pack("{s:s}", "treatment", trials->treatment[trial.treatment].name);
	int rc = !object;

	for (int i = 0; i < WS_N_TRIAL_MEMBERS; i++) {
		const int64_t number = *ws_trial_number(&trial, &ws_trial_member[i]);

		rc |= json_object_set_new(object, ws_trial_member[i].name,
					  number < 0 ? json_null() : json_integer(number));
	}
	if (!rc)
		return object;
	json_decref(object);
	return NULL;
}

json_t *ws_trials_json(const struct ws_trials *trials)
{
	json_t *treatments = json_array(), *list = json_array();
	json_t *document = json_pack("{s:i, s:I, s:o, s:o}", "version", WS_TRIALS_VERSION, "seed",
				     (json_int_t)trials->seed, "treatments", treatments, "trials", list);
	int rc = !document;

	for (uint32_t i = 0; !rc && i < trials->n_treatments; i++)
		rc |= json_array_append_new(treatments, json_pack("{s:s, s:s}", "name", trials->treatment[i].name,
								  "words", trials->treatment[i].words));
	for (uint32_t i = 0; !rc && i < trials->n; i++)
		rc |= json_array_append_new(list, trial_json(trials, trials->at[i]));
	if (!rc)
		return document;
	json_decref(document);
	return NULL;
}

static bool is_name(const char *text, size_t len)
{
	return len > 0 && len <= WS_TREATMENT_NAME_MAX && strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789_-") == len;
}

/* One line that steers no terminal; other letters than ASCII's are not needed. */
static bool is_words(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (text[i] < ' ' || text[i] > '~')
			return false;
	return len <= WS_TREATMENT_WORDS_MAX;
}

static int read_treatment(const json_t *value, struct ws_trials *trials, struct ws_error *err)
{
	const json_t *name = json_object_get(value, "name"), *words = json_object_get(value, "words");
	struct ws_treatment_name *t = &trials->treatment[trials->n_treatments];
	const uint32_t number = trials->n_treatments + 1;

	if (!json_is_string(name) || !is_name(json_string_value(name), json_string_length(name)))
		return ws_error(err, -EINVAL,
				"treatment %u: its name is no text of 1 to %d lower-case letters, digits, '_', '-'",
				number, WS_TREATMENT_NAME_MAX);
	if (!json_is_string(words) || !is_words(json_string_value(words), json_string_length(words)))
		return ws_error(err, -EINVAL, "treatment %u: \"words\" is no line of at most %d ASCII characters",
				number, WS_TREATMENT_WORDS_MAX);
	if (ws_trials_find(trials, json_string_value(name)) != UINT32_MAX)
		return ws_error(err, -EINVAL, "treatment %u: \"%s\" stands there twice", number,
				json_string_value(name));
	memcpy(t->name, json_string_value(name), json_string_length(name) + 1);
	memcpy(t->words, json_string_value(words), json_string_length(words) + 1);
	trials->n_treatments++;
	return 0;
}

static int read_treatments(const json_t *document, struct ws_trials *trials, struct ws_error *err)
{
	const json_t *list = json_object_get(document, "treatments");
	const size_t n = json_array_size(list);
	int rc = 0;

	if (n == 0 || n > WS_TREATMENTS_MAX)
		return ws_error(err, -EINVAL, "\"treatments\" is no array of 1 to %d objects", WS_TREATMENTS_MAX);
	for (size_t i = 0; i < n && !rc; i++)
		rc = read_treatment(json_array_get(list, i), trials, err);
	return rc;
}

static int read_number(const json_t *object, const struct ws_trial_member *member, size_t index, struct ws_trial *trial,
		       struct ws_error *err)
{
	const json_t *value = json_object_get(object, member->name);
	int64_t number = -1;

	if (json_is_integer(value))
		number = json_integer_value(value);
	else if (!json_is_null(value) || member->least >= 0)
		return ws_error(err, -EINVAL, "trial %zu: \"%s\" is no whole number%s", index + 1, member->name,
				member->least < 0 ? ", and not null" : "");
	if (!ws_trial_number_can_be(member, number) || (json_is_integer(value) && number < 0))
		return ws_error(err, -EINVAL, "trial %zu: \"%s\" is %lld, which cannot be", index + 1, member->name,
				(long long)number);
	*ws_trial_number(trial, member) = number;
	return 0;
}

static int read_trial(const json_t *object, size_t index, struct ws_trials *trials, struct ws_error *err)
{
	const json_t *treatment = json_object_get(object, "treatment");
	struct ws_trial trial = { 0 };
	int rc = 0;

	if (!json_is_object(object))
		return ws_error(err, -EINVAL, "trial %zu is no object", index + 1);
	trial.treatment = json_is_string(treatment) ? ws_trials_find(trials, json_string_value(treatment)) : UINT32_MAX;
	if (trial.treatment == UINT32_MAX)
		return ws_error(err, -EINVAL, "trial %zu: \"treatment\" is none of those listed", index + 1);
	for (int i = 0; i < WS_N_TRIAL_MEMBERS && !rc; i++)
		rc = read_number(object, &ws_trial_member[i], index, &trial, err);
	if (rc)
		return rc;
	if (trial.block > WS_TRIALS_MAX || trial.position > WS_TREATMENTS_MAX)
		return ws_error(err, -EINVAL, "trial %zu: its block or position is beyond what there can be",
				index + 1);
	return ws_trials_add(trials, &trial) ? ws_error(err, -ENOMEM, "out of memory") : 0;
}

static int compare(const void *a, const void *b)
{
	const struct ws_trial *left = a, *right = b;

	return left->block != right->block
		       ? (left->block > right->block) - (left->block < right->block)
		       : (left->treatment > right->treatment) - (left->treatment < right->treatment);
}

/* A block has each treatment once at most. */
static int check_blocks(const struct ws_trials *trials, struct ws_error *err)
{
	struct ws_trial *sorted = malloc(trials->n * sizeof(*sorted));
	int rc = 0;

	if (!sorted)
		return ws_error(err, -ENOMEM, "out of memory");
	memcpy(sorted, trials->at, trials->n * sizeof(*sorted));
	qsort(sorted, trials->n, sizeof(*sorted), compare);
	for (uint32_t i = 1; i < trials->n && !rc; i++)
		if (compare(&sorted[i - 1], &sorted[i]) == 0)
			rc = ws_error(err, -EINVAL, "block %lld has the treatment \"%s\" twice",
				      (long long)sorted[i].block, trials->treatment[sorted[i].treatment].name);
	free(sorted);
	return rc;
}

static int read_document(const json_t *document, struct ws_trials *trials, struct ws_error *err)
{
	const json_t *version = json_object_get(document, "version"), *seed = json_object_get(document, "seed");
	const json_t *list = json_object_get(document, "trials");
	const size_t n = json_array_size(list);
	int rc;

	if (!json_is_integer(version) || json_integer_value(version) != WS_TRIALS_VERSION)
		return ws_error(err, -EINVAL, "\"version\" is not %d", WS_TRIALS_VERSION);
	if (!json_is_integer(seed) || json_integer_value(seed) < 0)
		return ws_error(err, -EINVAL, "\"seed\" is no whole number from 0");
	trials->seed = json_integer_value(seed);
	if (n == 0 || n > WS_TRIALS_MAX)
		return ws_error(err, -EINVAL, "\"trials\" is no array of 1 to %d objects", WS_TRIALS_MAX);
	rc = read_treatments(document, trials, err);
	for (size_t i = 0; i < n && !rc; i++)
		rc = read_trial(json_array_get(list, i), i, trials, err);
	return rc ? rc : check_blocks(trials, err);
}

int ws_trials_read(const char *json, size_t len, struct ws_trials *trials, struct ws_error *err)
{
	struct ws_trials read = { 0 };
	json_error_t why;
	json_t *document = json_loadb(json, len, JSON_REJECT_DUPLICATES, &why);
	int rc;

	if (ws_json_memory_was_short()) { /* a text may lack its end */
		json_decref(document);
		return ws_error(err, -ENOMEM, "out of memory");
	}
	if (!document)
		return ws_error(err, -EINVAL, "line %d: no JSON: %s", why.line, why.text);
	rc = json_is_object(document) ? read_document(document, &read, err)
				      : ws_error(err, -EINVAL, "no JSON object, {\"key\": value, ...}");
	json_decref(document);
	if (rc)
		ws_trials_close(&read);
	else
		*trials = read;
	return rc;
}

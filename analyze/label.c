/* SPDX-License-Identifier: BSD-2-Clause */
/* label - see label.h. */
#include "analyze/label.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What the labels of some cells have in common. */
struct labelling {
	const struct ws_campaign *campaign;
	const char *const *without;
	uint32_t *cell; /* indexes of those shown, alike ones together */
	uint32_t n;
};

static bool is_among(const char *key, const char *const *list)
{
	for (; list && *list; list++) {
		if (!strcmp(key, *list))
			return true;
	}
	return false;
}

static const struct ws_conditions *conditions_of(const struct labelling *labelling, uint32_t i)
{
	return labelling->campaign->cell[labelling->cell[i]].conditions;
}

/* Do cells first to last - 1 have different values of the key, or only some of them one? */
static bool varies(const struct labelling *labelling, uint32_t first, uint32_t last, const char *key)
{
	const char *own = ws_conditions_get(conditions_of(labelling, first), key);

	for (uint32_t i = first + 1; i < last; i++) {
		const char *value = ws_conditions_get(conditions_of(labelling, i), key);

		if (!own != !value || (own && strcmp(own, value)))
			return true;
	}
	return false;
}

/* Are two cells alike in the leading conditions that are told? */
static bool alike_at_first(const struct labelling *labelling, uint32_t a, uint32_t b)
{
	for (size_t i = 0; ws_conditions_leading[i]; i++) {
		const char *key = ws_conditions_leading[i];
		const char *left = ws_conditions_get(conditions_of(labelling, a), key);
		const char *right = ws_conditions_get(conditions_of(labelling, b), key);

		if (!is_among(key, labelling->without) && (!left != !right || (left && strcmp(left, right))))
			return false;
	}
	return true;
}

/* Appends words to a label, after a comma if they are not the first. Labels stand in tables: no tab, no line feed. */
static void append(ws_label label, const char *words)
{
	size_t n = strlen(label);

	snprintf(label + n, WS_LABEL_MAX - n, "%s%s", n ? ", " : "", words);
	for (; label[n]; n++) {
		if ((unsigned char)label[n] < ' ' || label[n] == 0x7f)
			label[n] = '?';
	}
}

/* Tells the key of cells first to last - 1, if it tells any of them apart. */
static void tell(const struct labelling *labelling, uint32_t first, uint32_t last, const char *key, ws_label *labels)
{
	if (is_among(key, labelling->without) || ws_condition_is_bookkeeping(key) ||
	    !varies(labelling, first, last, key))
		return;
	for (uint32_t i = first; i < last; i++) {
		const char *value = ws_conditions_get(conditions_of(labelling, i), key);
		ws_label words;

		if (value)
			ws_condition_words(key, value, words, sizeof(words));
		else
			snprintf(words, sizeof(words), "no %s", key);
		append(labels[labelling->cell[i]], words);
	}
}

/* Is it the first of the cells first to last - 1 that has the key? Then the key's turn has come. */
static bool is_first_with(const struct labelling *labelling, uint32_t first, uint32_t cell, const char *key)
{
	for (uint32_t i = first; i < cell; i++) {
		if (ws_conditions_get(conditions_of(labelling, i), key))
			return false;
	}
	return true;
}

/* Tells what the leading conditions do not: of cells that are alike in these. */
static void tell_rest(const struct labelling *labelling, uint32_t first, uint32_t last, ws_label *labels)
{
	for (uint32_t i = first; i < last && last - first > 1; i++) {
		const struct ws_conditions *conditions = conditions_of(labelling, i);

		for (uint32_t k = 0; k < conditions->n; k++) {
			const char *key = conditions->at[k].key;

			if (!is_among(key, ws_conditions_leading) && is_first_with(labelling, first, i, key))
				tell(labelling, first, last, key, labels);
		}
	}
}

/* Puts cells that are alike in the leading conditions together; their order stays. */
static int group(struct labelling *labelling)
{
	uint32_t *order = malloc((labelling->n + 1) * sizeof(*order)), n = 0;
	bool *done = calloc((size_t)labelling->n + 1, sizeof(*done));
	int rc = order && done ? 0 : -ENOMEM;

	for (uint32_t i = 0; i < labelling->n && !rc; i++) {
		for (uint32_t k = i; k < labelling->n && !done[i]; k++) {
			if (k != i && (done[k] || !alike_at_first(labelling, i, k)))
				continue;
			order[n++] = labelling->cell[k];
			done[k] = k != i;
		}
	}
	free(done);
	if (rc) {
		free(order);
		return rc;
	}
	free(labelling->cell);
	labelling->cell = order;
	return 0;
}

int ws_labels_make(const struct ws_campaign *campaign, const bool *shown, const char *const *without, ws_label **labels)
{
	struct labelling labelling = { .campaign = campaign, .without = without };
	ws_label *made = calloc((size_t)campaign->n_cells + 1, sizeof(*made));
	int rc = made ? 0 : -ENOMEM;

	labelling.cell = malloc(((size_t)campaign->n_cells + 1) * sizeof(*labelling.cell));
	if (!labelling.cell)
		rc = -ENOMEM;
	for (uint32_t i = 0; i < campaign->n_cells && !rc; i++) {
		if (!shown || shown[i])
			labelling.cell[labelling.n++] = i;
	}
	rc = rc ? rc : group(&labelling);
	for (size_t i = 0; ws_conditions_leading[i] && !rc && labelling.n; i++)
		tell(&labelling, 0, labelling.n, ws_conditions_leading[i], made);
	for (uint32_t first = 0, last; first < labelling.n && !rc; first = last) {
		for (last = first + 1; last < labelling.n && alike_at_first(&labelling, first, last);)
			last++;
		tell_rest(&labelling, first, last, made);
	}
	for (uint32_t i = 0; i < labelling.n && !rc; i++) {
		if (!*made[labelling.cell[i]])
			append(made[labelling.cell[i]], campaign->is_run ? "this run" : "all runs");
	}
	free(labelling.cell);
	if (rc)
		free(made);
	else
		*labels = made;
	return rc;
}

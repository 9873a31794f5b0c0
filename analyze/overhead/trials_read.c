/* SPDX-License-Identifier: BSD-2-Clause */
/* trials_read - see trials_read.h. */
#include "analyze/overhead/trials_read.h"

#include <errno.h>
#include <sqlite3.h>
#include <string.h>

#include "analyze/query.h"

/* What is read here, for error texts. */
#define WHAT "what capturing costs"

static int take_table(sqlite3_stmt *row, void *context)
{
	(void)row;
	*(bool *)context = true;
	return 0;
}

static int take_seed(sqlite3_stmt *row, void *context)
{
	struct ws_trials *trials = context;

	trials->seed = sqlite3_column_int64(row, 0);
	return 0;
}

static int take_treatment(sqlite3_stmt *row, void *context)
{
	struct ws_trials *trials = context;
	struct ws_treatment_name *t = &trials->treatment[trials->n_treatments];
	const char *name = ws_query_text(row, 1), *words = ws_query_text(row, 2);

	if (sqlite3_column_int64(row, 0) != trials->n_treatments || trials->n_treatments == WS_TREATMENTS_MAX ||
	    strlen(name) >= sizeof(t->name) || strlen(words) >= sizeof(t->words))
		return -EPROTO;
	strcpy(t->name, name);
	strcpy(t->words, words);
	trials->n_treatments++;
	return 0;
}

static int take_trial(sqlite3_stmt *row, void *context)
{
	struct ws_trials *trials = context;
	struct ws_trial trial = { 0 };
	const int64_t treatment = sqlite3_column_int64(row, 0);

	if (treatment < 0 || treatment >= trials->n_treatments || trials->n == WS_TRIALS_MAX)
		return -EPROTO;
	trial.treatment = (uint32_t)treatment;
	for (int i = 0; i < WS_N_TRIAL_MEMBERS; i++) {
		const int64_t number = ws_query_int_or(row, i + 1, -1);

		if (!ws_trial_number_can_be(&ws_trial_member[i], number))
			return -EPROTO;
		*ws_trial_number(&trial, &ws_trial_member[i]) = number;
	}
	return ws_trials_add(trials, &trial);
}

int ws_store_trials(struct ws_store *store, struct ws_trials *trials, struct ws_error *err)
{
	char query[1024];
	bool has_table = false;
	int n = snprintf(query, sizeof(query), "SELECT treatment_no");
	int rc = ws_query_each(store, "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'overhead_trial'", 0,
			       WHAT, take_table, &has_table, err);

	if (rc || !has_table)
		return rc;
	for (int i = 0; i < WS_N_TRIAL_MEMBERS; i++)
		n += snprintf(query + n, sizeof(query) - (size_t)n, ", %s", ws_trial_member[i].name);
	snprintf(query + n, sizeof(query) - (size_t)n, " FROM overhead_trial ORDER BY block, position");
	rc = ws_query_each(store, "SELECT treatment_no, name, words FROM overhead_treatment ORDER BY 1", 0, WHAT,
			   take_treatment, trials, err);
	rc = rc ? rc
		: ws_query_each(store, "SELECT json ->> '$.seed' FROM overhead_file", 0, WHAT, take_seed, trials, err);
	return rc ? rc : ws_query_each(store, query, 0, WHAT, take_trial, trials, err);
}

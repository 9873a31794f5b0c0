/* SPDX-License-Identifier: BSD-2-Clause */
/* selection - see selection.h. */
#include "analyze/selection.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static bool is_directory(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

static int bad_operand(const char *operand, struct ws_error *err)
{
	return ws_error(err, -EINVAL, "%s: neither a directory nor DIR:KEY=VALUE,... (KEY: a condition, or source)",
			operand);
}

/*
 * Finds where the conditions begin: behind the last colon that has a directory before it. *conditions NULL: there are
 * none; *dir NULL: no directory was named. 0 or -ENOMEM.
 */
static int split(const char *operand, char **dir, const char **conditions)
{
	*dir = NULL;
	*conditions = NULL;
	if (is_directory(operand)) {
		*dir = strdup(operand);
		return *dir ? 0 : -ENOMEM;
	}
	*conditions = operand;
	for (const char *at = strchr(operand, ':'); at; at = strchr(at + 1, ':')) {
		char *before = strndup(operand, (size_t)(at - operand));

		if (!before)
			return -ENOMEM;
		if (!is_directory(before)) {
			free(before);
			continue;
		}
		free(*dir);
		*dir = before;
		*conditions = at + 1;
	}
	return 0;
}

static int take_source(const char *value, struct ws_selection *selection)
{
	for (int source = 0; source < WS_N_SOURCES; source++) {
		if (!strcmp(value, ws_source_name(source))) {
			selection->has_source = true;
			selection->source = source;
			return 0;
		}
	}
	return -EINVAL;
}

/* Takes KEY=VALUE,... apart; in place. */
static int take_conditions(char *text, struct ws_selection *selection)
{
	char *rest, *part = strtok_r(text, ",", &rest);
	int rc = part ? 0 : -EINVAL;

	for (; part && !rc; part = strtok_r(NULL, ",", &rest)) {
		char *equals = strchr(part, '=');

		if (!equals || equals == part)
			return -EINVAL;
		*equals = 0;
		rc = strcmp(part, "source") ? ws_conditions_set(&selection->wanted, part, equals + 1)
					    : take_source(equals + 1, selection);
	}
	return rc;
}

static int parse(const char *operand, const char *default_dir, struct ws_selection *selection, struct ws_error *err)
{
	const char *conditions;
	char *copy;
	int rc = split(operand, &selection->dir, &conditions);

	if (rc == 0 && !selection->dir && default_dir) {
		selection->dir = strdup(default_dir);
		rc = selection->dir ? 0 : -ENOMEM;
	}
	if (rc)
		return ws_error(err, rc, "out of memory");
	if (!selection->dir)
		return bad_operand(operand, err);
	if (conditions) {
		copy = strdup(conditions);
		rc = copy ? take_conditions(copy, selection) : -ENOMEM;
		free(copy);
	}
	return rc == -EINVAL ? bad_operand(operand, err) : rc ? ws_error(err, rc, "out of memory") : 0;
}

static bool is_selected(const struct ws_selection *selection, const struct ws_conditions *conditions)
{
	if (!selection->campaign.is_run && !ws_conditions_get(&selection->wanted, "purpose") &&
	    ws_conditions_is(conditions, "purpose", "detection"))
		return false;
	for (uint32_t i = 0; i < selection->wanted.n; i++) {
		if (!ws_conditions_is(conditions, selection->wanted.at[i].key, selection->wanted.at[i].value))
			return false;
	}
	return true;
}

static int choose(struct ws_selection *selection, struct ws_error *err)
{
	const struct ws_campaign *campaign = &selection->campaign;
	struct ws_cell *cell = &selection->cell;

	cell->run = calloc(campaign->n_runs, sizeof(*cell->run));
	if (!cell->run)
		return ws_error(err, -ENOMEM, "out of memory");
	for (uint32_t i = 0; i < campaign->n_runs; i++) {
		if (is_selected(selection, &campaign->run[i].findings.background.conditions))
			cell->run[cell->n_runs++] = i;
	}
	if (!cell->n_runs)
		return ws_error(err, -ENODATA,
				"%s: no run in %s has these conditions (runs for detection are left out "
				"unless purpose=detection is asked for)",
				selection->operand, selection->dir);
	cell->conditions = &campaign->run[cell->run[0]].findings.background.conditions;
	return 0;
}

int ws_selection_open(const char *operand, const char *default_dir, const struct ws_invocation *invocation,
		      struct ws_selection *selection, struct ws_error *err)
{
	struct ws_selection made = { .operand = operand };
	struct ws_invocation here = *invocation;
	char *name = NULL;
	int rc = parse(operand, default_dir, &made, err);

	here.dir = made.dir;
	here.origin.root = made.dir;
	if (!default_dir || !made.dir || strcmp(made.dir, default_dir))
		here.origin.run = NULL; /* it is the name of --dir's run */
	rc = rc ? rc : ws_origin_name(&here.origin, made.dir, &name, err);
	if (name)
		here.origin.run = name;
	rc = rc ? rc : ws_campaign_open(&here, WS_FIND_LATENCIES, &made.campaign, err);
	free(name);
	rc = rc ? rc : choose(&made, err);
	if (rc)
		ws_selection_close(&made);
	else
		*selection = made;
	return rc;
}

void ws_selection_close(struct ws_selection *selection)
{
	if (!selection)
		return;
	free(selection->cell.run);
	ws_campaign_close(&selection->campaign);
	ws_conditions_close(&selection->wanted);
	free(selection->dir);
	*selection = (struct ws_selection) { 0 };
}

/* Do the selected runs have different values of the key, or only some of them one? */
static bool varies(const struct ws_selection *selection, const char *key)
{
	for (uint32_t i = 1; i < selection->cell.n_runs; i++) {
		const struct ws_run *run = selection->campaign.run;

		if (ws_conditions_compare_key(&run[selection->cell.run[0]].findings.background.conditions,
					      &run[selection->cell.run[i]].findings.background.conditions, key))
			return true;
	}
	return false;
}

uint32_t ws_selections_common(const struct ws_selection *a, const struct ws_selection *b)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < a->cell.n_runs; i++) {
		struct stat left, right;
		bool found = false;

		if (stat(a->campaign.run[a->cell.run[i]].dir, &left))
			continue;
		for (uint32_t k = 0; k < b->cell.n_runs && !found; k++)
			found = !stat(b->campaign.run[b->cell.run[k]].dir, &right) && left.st_dev == right.st_dev &&
				left.st_ino == right.st_ino;
		n += found;
	}
	return n;
}

bool ws_selections_same(const struct ws_selection *a, const struct ws_selection *b)
{
	return a->cell.n_runs == b->cell.n_runs && ws_selections_common(a, b) == a->cell.n_runs;
}

const char *ws_selection_mixes(const struct ws_selection *selection, const char *after)
{
	const char *least = NULL;

	for (uint32_t i = 0; i < selection->cell.n_runs; i++) {
		const struct ws_conditions *conditions =
			&selection->campaign.run[selection->cell.run[i]].findings.background.conditions;

		for (uint32_t k = 0; k < conditions->n; k++) {
			const char *key = conditions->at[k].key;

			if (!ws_condition_is_bookkeeping(key) && (!after || strcmp(key, after) > 0) &&
			    (!least || strcmp(key, least) < 0) && varies(selection, key))
				least = key;
		}
	}
	return least;
}

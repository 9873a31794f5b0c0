/* SPDX-License-Identifier: BSD-2-Clause */
/* pooling - see pooling.h. */
#include "analyze/pooling.h"

#include <errno.h>
#include <stdlib.h>

#include "analyze/label.h"

/* Conditions that only say which of several recordings of the same moment a run is. */
static const char *const same_moment[] = { "run", "node", NULL };

static bool has_strata(const struct ws_campaign *campaign, const struct ws_cell *cell)
{
	bool has = false;

	for (uint32_t i = 0; i < cell->n_runs; i++) {
		const struct ws_strata *strata = &campaign->run[cell->run[i]].findings.strata;

		has |= strata->n || strata->n_leftovers;
	}
	return has && !ws_conditions_is(cell->conditions, "purpose", "detection");
}

int ws_pooling_open(const struct ws_campaign *campaign, struct ws_strata *strata)
{
	bool *shown = calloc((size_t)campaign->n_cells + 1, sizeof(*shown));
	struct ws_strata made = { 0 };
	ws_label *label = NULL;
	int rc = shown ? 0 : -ENOMEM;

	for (uint32_t i = 0; i < campaign->n_cells && !rc; i++)
		shown[i] = has_strata(campaign, &campaign->cell[i]);
	rc = rc ? rc : ws_labels_make(campaign, shown, same_moment, &label);
	for (uint32_t i = 0; i < campaign->n_cells && !rc; i++) {
		const struct ws_cell *cell = &campaign->cell[i];

		for (uint32_t k = 0; k < cell->n_runs && shown[i] && !rc; k++)
			rc = ws_strata_add(&made, &campaign->run[cell->run[k]].findings.strata, label[i]);
	}
	rc = rc ? rc : ws_strata_complete(&made);
	free(shown);
	free(label);
	if (rc)
		ws_strata_close(&made);
	else
		*strata = made;
	return rc;
}

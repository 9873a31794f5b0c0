/* SPDX-License-Identifier: BSD-2-Clause */
/* far_judged - see far_judged.h. To far_sift, records are one side of a node that is the point, its capture the other.
 */
#include "analyze/far_judged.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/detection.h"
#include "analyze/far_sift.h"
#include "analyze/trays.h"

struct sifting {
	const struct ws_roster *roster;
	uint64_t n_rows;  /* of both */
	uint64_t n_alike; /* identities that both have once: of each two rows */
	bool is_torn;	  /* by other addresses */
	bool has_more;	  /* than there are rows for */
};

/* Assigns the files of judged points to lists. Returns whether each point has one record file and its capture. */
static bool assign(const struct ws_study *study, struct ws_far_judged *judged)
{
	const struct ws_catalog *catalog = &study->catalog;
	bool is_simple = true;

	for (uint32_t f = 0; f < catalog->n_files; f++) {
		const struct ws_file *capture = ws_capture_at(catalog, &catalog->file[f]);
		uint32_t at = capture ? (uint32_t)(capture - catalog->file) : 0;

		if (!capture || !study->wanted[f])
			continue;
		is_simple &= judged->list_of_file[at] == WS_NO_LIST;
		judged->list_of_file[f] = 0;
		judged->list_of_file[at] = 1;
		judged->vantage[f].node = judged->vantage[at].node = at;
	}
	return is_simple;
}

static int take(void *context, const struct ws_told *told)
{
	struct sifting *sifting = context;
	uint32_t tuple;

	if (told->kind != WS_TOLD_EBPF)
		return 0;
	sifting->has_more = told->n > sifting->n_rows / 2 - sifting->n_alike;
	if (sifting->has_more)
		return -EPROTO;
	tuple = ws_roster_find(sifting->roster, told->a);
	sifting->n_alike += told->n;
	sifting->is_torn |= tuple == UINT32_MAX || tuple != ws_roster_find(sifting->roster, told->b);
	return 0;
}

/* The first list stands for the NIC's, the second one for the vport's. */
static int sift(struct ws_far *far, const struct ws_study *study, const struct ws_roster *roster,
		struct ws_far_judged *judged, struct ws_error *err)
{
	struct ws_far_question question = {
		.catalog = &study->catalog,
		.vantage = judged->vantage,
		.list_of_file = judged->list_of_file,
		.is_joined = { true, false },
	};
	struct sifting sifting = { .roster = roster, .n_rows = judged->n_rows };
	const struct ws_far_listener listener = { .alike = take, .context = &sifting };
	int rc;

	for (uint8_t reason = 0; reason < WS_N_REASONS; reason++) {
		if (reason != WS_REASON_CONTEXT && ws_record_is_settled(reason))
			question.bare_reasons |= UINT64_C(1) << reason;
	}
	rc = ws_far_sift(far, &question, &listener, err);
	if (sifting.has_more)
		ws_error(err, rc,
			 "%s: told of more requests than a file has: the store has changed meanwhile: try again",
			 ws_far_name(far));
	judged->is_sifted = !rc && !sifting.is_torn;
	if (judged->is_sifted)
		judged->n_rows -= 2 * sifting.n_alike;
	else
		ws_far_restrict(far, NULL, NULL);
	return rc;
}

int ws_far_judged_open(struct ws_far *far, const struct ws_study *study, const struct ws_roster *roster,
		       struct ws_far_judged *judged, struct ws_error *err)
{
	const uint32_t n_files = study->catalog.n_files;
	struct ws_far_judged made = {
		.list_of_file = malloc((size_t)n_files + 1),
		.vantage = calloc((size_t)n_files + 1, sizeof(*made.vantage)),
	};
	bool is_simple;
	int rc = made.list_of_file && made.vantage ? 0 : ws_error(err, -ENOMEM, "out of memory");

	if (!rc) {
		memset(made.list_of_file, WS_NO_LIST, (size_t)n_files + 1);
		is_simple = assign(study, &made);
		for (uint32_t f = 0; f < n_files; f++)
			made.n_rows += made.list_of_file[f] != WS_NO_LIST ? study->catalog.file[f].n_requests : 0;
		if (made.n_rows && is_simple)
			rc = sift(far, study, roster, &made, err);
	}
	if (rc)
		ws_far_judged_close(&made);
	else
		*judged = made;
	return rc;
}

void ws_far_judged_close(struct ws_far_judged *judged)
{
	if (!judged)
		return;
	free(judged->list_of_file);
	free(judged->vantage);
	*judged = (struct ws_far_judged) { 0 };
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* findings - see findings.h. */
#include "analyze/findings.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/harvest.h"
#include "lib/record.h"

/* Takes over what a source's view says. */
static void take_outcome(const struct ws_view *view, struct ws_outcome *outcome)
{
	const struct ws_join *join = &view->join;

	outcome->present = view->present;
	outcome->joined = view->joined;
	memcpy(outcome->why, view->why, sizeof(outcome->why));
	outcome->n_lost = ws_view_n_lost(view);
	memcpy(outcome->n_class, join->n_class, sizeof(outcome->n_class));
	memcpy(outcome->n_cause, join->n_cause, sizeof(outcome->n_cause));
	memcpy(outcome->n_contexts, join->n_contexts, sizeof(outcome->n_contexts));
	outcome->n_strays = join->n_strays;
	outcome->n_causes = join->n_causes;
}

/*
 * Adds a node's part to the series' effective number of independent pairs. Each node by itself: its pairs follow one
 * another, and its clock is its own.
 */
static int weigh(void *context, enum ws_source source, enum ws_way way, const uint64_t *in_time_order, uint64_t n)
{
	struct ws_findings *findings = context;

	for (uint32_t i = 0; i < findings->series.n; i++) {
		const struct ws_series *series = &findings->series.at[i];

		if (series->source == source && series->way == way)
			findings->effective_n[i] += ws_effective_least(in_time_order, n, series->summary.median.value);
	}
	return 0;
}

static int find_latencies(struct ws_study *study, struct ws_findings *findings)
{
	int rc = ws_series_open(study, &findings->series);

	rc = rc ? rc : ws_harvest_series(study->harvest, weigh, findings);
	findings->has_agreement = !rc && study->has_agreement;
	if (!findings->has_agreement)
		return rc;
	findings->agreement = study->agreement;
	return ws_harvest_pairings(study->harvest, findings->paired);
}

/* What the join has told. */
static int find_in_join(struct ws_study *study, unsigned int needs, struct ws_findings *findings, struct ws_error *err)
{
	int rc = 0;

	for (int source = 0; source < WS_N_SOURCES; source++)
		take_outcome(&study->view[source], &findings->outcome[source]);
	if (needs & WS_FIND_LATENCIES)
		rc = find_latencies(study, findings);
	if (!rc && study->has_strata)
		rc = ws_harvest_strata(study->harvest, &findings->strata);
	return rc ? ws_bulk_complain(rc, err) : 0;
}

/* What was seen at each point, whatever was seen elsewhere. */
static int find_by_point(struct ws_study *study, unsigned int needs, struct ws_findings *findings, struct ws_error *err)
{
	const bool detections = needs & WS_FIND_DETECTIONS, traces = needs & WS_FIND_TRACES;
	const uint32_t n = study->catalog.n_files;
	bool reads_traces = false;
	int rc = 0;

	findings->detection = detections ? calloc((size_t)n + 1, sizeof(*findings->detection)) : NULL;
	findings->n_traces = study->n_traces;
	study->n_traces = NULL;
	if (traces && !findings->n_traces) {
		findings->n_traces = calloc((size_t)n + 1, sizeof(*findings->n_traces));
		reads_traces = true;
	}
	if ((detections && !findings->detection) || (traces && !findings->n_traces))
		return ws_error_bare(err, -ENOMEM);
	if (detections)
		rc = ws_detections_open(study, findings->detection, &findings->n_detections, err);
	if (!rc && reads_traces) {
		rc = ws_harvest_traces(study->harvest, findings->n_traces);
		if (rc)
			ws_bulk_complain(rc, err);
	}
	return rc;
}

static int read_background(const struct ws_origin *origin, const char *dir, struct ws_background *background,
			   struct ws_error *err)
{
	struct ws_store *store = NULL;
	int rc = ws_store_open_from(origin, dir, &store, err);

	rc = rc ? rc : ws_background_open(store, background, err);
	ws_store_close(store);
	return rc;
}

/* What is needed of the study of a run. */
static unsigned int study_needs(unsigned int needs, const struct ws_invocation *invocation)
{
	unsigned int of_study = 0;

	if (needs & WS_FIND_JOIN)
		of_study |= WS_NEED_JOIN;
	if (needs & WS_FIND_LATENCIES)
		of_study |= WS_NEED_JOIN | WS_NEED_LATENCIES | WS_NEED_ORDER;
	if (needs & WS_FIND_LATENCIES && invocation->by & WS_BY_NAMES)
		of_study |= WS_NEED_STRATA;
	if (needs & WS_FIND_LATENCIES && needs & WS_FIND_EDGES)
		of_study |= WS_NEED_EDGES;
	if (needs & WS_FIND_DETECTIONS)
		of_study |= WS_NEED_SIGHTINGS;
	if (needs & WS_FIND_TRACES)
		of_study |= WS_NEED_TRACES;
	return of_study;
}

int ws_findings_open(const char *dir, const struct ws_invocation *invocation, unsigned int needs,
		     struct ws_findings *findings, struct ws_error *err)
{
	struct ws_invocation here = *invocation;
	struct ws_findings made = { 0 };
	struct ws_study study = { 0 };
	int rc = read_background(&invocation->origin, dir, &made.background, err);

	here.dir = dir;
	rc = rc ? rc : ws_study_open(&here, study_needs(needs, invocation), &study, err);
	if (!rc && needs) {
		made.has_names = ws_study_has_names(&study);
		rc = find_in_join(&study, needs, &made, err);
		rc = rc ? rc : find_by_point(&study, needs, &made, err);
	}
	ws_study_hand_over(&study, &made.catalog, &made.wanted);
	if (rc)
		ws_findings_close(&made);
	else
		*findings = made;
	return rc;
}

void ws_findings_close(struct ws_findings *findings)
{
	if (!findings)
		return;
	for (uint32_t i = 0; i < findings->n_detections; i++)
		ws_detection_close(&findings->detection[i]);
	free(findings->detection);
	for (int way = 0; way < WS_N_WAYS; way++)
		ws_pairings_close(&findings->paired[way]);
	ws_series_close(&findings->series);
	ws_strata_close(&findings->strata);
	free(findings->n_traces);
	free(findings->wanted);
	ws_catalog_close(&findings->catalog);
	ws_background_close(&findings->background);
	*findings = (struct ws_findings) { 0 };
}

const struct ws_series *ws_findings_series(const struct ws_findings *findings, enum ws_source source, enum ws_way way)
{
	for (uint32_t i = 0; i < findings->series.n; i++) {
		if (findings->series.at[i].source == source && findings->series.at[i].way == way)
			return &findings->series.at[i];
	}
	return NULL;
}

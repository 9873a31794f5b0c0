/* SPDX-License-Identifier: BSD-2-Clause */
/* findings - see findings.h. */
#include "analyze/findings.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/record.h"

static int compare_ids(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(((struct ws_identity *)NULL)->trace_id));
}

/* Counts the different trace ids of the sightings. 0 or -ENOMEM. */
static int count_traces(const struct ws_sightings *sightings, uint64_t *n_traces)
{
	uint8_t(*id)[16] = malloc(((size_t)sightings->n + 1) * sizeof(*id));
	uint64_t n = 0, n_different = 0;

	if (!id)
		return -ENOMEM;
	for (uint32_t i = 0; i < sightings->n; i++) {
		if (sightings->at[i].reason == WS_REASON_CONTEXT)
			memcpy(id[n++], sightings->at[i].identity.trace_id, sizeof(*id));
	}
	qsort(id, n, sizeof(*id), compare_ids);
	for (uint64_t i = 0; i < n; i++)
		n_different += i == 0 || memcmp(id[i], id[i - 1], sizeof(*id)) != 0;
	free(id);
	*n_traces = n_different;
	return 0;
}

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
 * The series' effective number of independent pairs, from joins that are in order of time. Each node by itself: its
 * pairs follow one another, and its clock is its own.
 */
static int weigh(const struct ws_study *study, struct ws_findings *findings)
{
	for (uint32_t i = 0; i < findings->series.n; i++) {
		const struct ws_series *series = &findings->series.at[i];
		const struct ws_join *join = &study->view[series->source].join;
		uint64_t *in_time_order = malloc(series->n * sizeof(*in_time_order)), n = 0;

		if (!in_time_order)
			return -ENOMEM;
		for (uint32_t node = 0; node < study->n_nodes; node++) {
			n = 0;
			for (uint32_t k = 0; k < join->n_pairs; k++) {
				const struct ws_pair *pair = &join->pair[k];

				if (pair->way == series->way && ws_pair_node(join, pair) == node)
					in_time_order[n++] = ws_pair_latency_ns(join, pair);
			}
			if (n)
				findings->effective_n[i] += ws_effective_least(in_time_order, n,
									       series->summary.median.value);
		}
		free(in_time_order);
	}
	return 0;
}

/* An error of ours in words. Returns rc. */
static int complain(int rc, struct ws_error *err)
{
	return rc ? ws_error(err, rc, "%s", strerror(-rc)) : 0;
}

static int find_latencies(struct ws_study *study, struct ws_findings *findings)
{
	const struct ws_view *ebpf = &study->view[WS_SOURCE_EBPF], *pcap = &study->view[WS_SOURCE_PCAP];
	int rc = ws_series_open(study, &findings->series);

	for (int source = 0; source < WS_N_SOURCES && !rc; source++)
		rc = ws_join_sort(&study->view[source].join);
	rc = rc ? rc : weigh(study, findings);
	findings->has_agreement = !rc && ebpf->joined && pcap->joined;
	if (findings->has_agreement)
		rc = ws_agreement(&ebpf->join, &pcap->join, findings->paired, &findings->agreement);
	return rc;
}

/* By what is asked for, or by edge for those who want these anyway. */
static int find_strata(struct ws_study *study, unsigned int needs, struct ws_findings *findings)
{
	unsigned int by = study->by & WS_BY_NAMES;

	if (!by && needs & WS_FIND_EDGES && ws_naming_is_known(&study->naming))
		by = WS_BY_EDGE;
	return by ? ws_strata_open(study, by, &findings->strata) : 0;
}

/* What needs the join. */
static int find_in_join(struct ws_study *study, unsigned int needs, struct ws_findings *findings, struct ws_error *err)
{
	int rc = 0;

	for (int source = 0; source < WS_N_SOURCES; source++)
		take_outcome(&study->view[source], &findings->outcome[source]);
	if (needs & WS_FIND_LATENCIES)
		rc = find_latencies(study, findings);
	if (!rc && needs & WS_FIND_LATENCIES)
		rc = find_strata(study, needs, findings);
	return complain(rc, err);
}

static int add_detection(struct ws_study *study, uint32_t file, struct ws_findings *findings)
{
	int rc = ws_detection_open(study, file, &findings->detection[findings->n_detections]);

	findings->n_detections += !rc;
	return rc;
}

/* What needs the sightings of a point, whatever was seen elsewhere. */
static int find_by_point(struct ws_study *study, unsigned int needs, struct ws_findings *findings, struct ws_error *err)
{
	const bool detections = needs & WS_FIND_DETECTIONS, traces = needs & WS_FIND_TRACES;
	const uint32_t n = study->catalog.n_files;
	int rc = 0;

	findings->detection = detections ? calloc((size_t)n + 1, sizeof(*findings->detection)) : NULL;
	findings->n_traces = traces ? calloc((size_t)n + 1, sizeof(*findings->n_traces)) : NULL;
	if ((detections && !findings->detection) || (traces && !findings->n_traces))
		return complain(-ENOMEM, err);
	for (uint32_t i = 0; i < n && (detections || traces) && !rc; i++) {
		rc = ws_study_show(study, i, err);
		if (!rc && detections && study->wanted[i])
			rc = complain(add_detection(study, i, findings), err);
		if (!rc && traces)
			rc = complain(count_traces(&study->sightings[i], &findings->n_traces[i]), err);
	}
	return rc;
}

static int read_background(const char *dir, struct ws_background *background, struct ws_error *err)
{
	struct ws_store *store = NULL;
	int rc = ws_store_open(dir, &store, err);

	rc = rc ? rc : ws_background_open(store, background, err);
	ws_store_close(store);
	return rc;
}

/* How deep the study of a run has to go. */
static enum ws_depth depth_for(unsigned int needs)
{
	if (needs & (WS_FIND_DETECTIONS | WS_FIND_TRACES))
		return needs & WS_FIND_LATENCIES ? WS_DEPTH_ALL : WS_DEPTH_SIGHTINGS;
	return needs ? WS_DEPTH_JOIN : WS_DEPTH_CATALOG;
}

int ws_findings_open(const char *dir, const struct ws_invocation *invocation, unsigned int needs,
		     struct ws_findings *findings, struct ws_error *err)
{
	struct ws_invocation here = *invocation;
	struct ws_findings made = { 0 };
	struct ws_study study = { 0 };
	enum ws_depth depth = depth_for(needs);
	int rc = read_background(dir, &made.background, err);

	here.dir = dir;
	rc = rc ? rc : ws_study_open(&here, depth, &study, err);
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

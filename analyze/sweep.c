/* SPDX-License-Identifier: BSD-2-Clause */
/* sweep - see sweep.h. */
#include "analyze/sweep.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Conditions in which a live search differs from the search of the whole head beside it. */
static const char *const live_keys[] = { "search_bytes", "attached", NULL };

/* Conditions that make curves of one panel. */
static const char *const curve_keys[] = { "headers", "search_bytes", "attached", "purpose", NULL };

/* Conditions that no label tells; of runs for detection, not even what ran beside: it does not change what is found. */
static const char *const label_keys[] = { "search_bytes", "purpose", NULL };
static const char *const detection_keys[] = { "search_bytes", "purpose", "attached", NULL };

static int compare_offsets(const void *a, const void *b)
{
	uint32_t left = *(const uint32_t *)a, right = *(const uint32_t *)b;

	return (left > right) - (left < right);
}

/* The run's detection by that source at that point, or NULL. */
static const struct ws_detection *find_detection(const struct ws_run *run, enum ws_source source, const char *point)
{
	for (uint32_t i = 0; i < run->findings.n_detections; i++) {
		const struct ws_detection *detection = &run->findings.detection[i];

		if (detection->file->source == source && !strcmp(detection->file->point, point))
			return detection;
	}
	return NULL;
}

/* How many contexts passed the point while the run was recorded. false: nobody knows. */
static bool expected_of(const struct ws_run *run, const struct ws_detection *detection, uint64_t *n_expected)
{
	const struct ws_run *companion = run->companion;
	const struct ws_detection *other;

	*n_expected = detection->n_expected;
	if (detection->expected_known)
		return true;
	other = companion ? find_detection(companion, detection->file->source, detection->file->point) : NULL;
	if (!other || !other->expected_known || other->file->n_requests != detection->file->n_requests)
		return false;
	*n_expected = other->n_expected;
	return true;
}

/* Adds the places of what a run found, and what it remarks. */
static int add_places(const struct ws_detection *detection, struct ws_probe *probe)
{
	const struct ws_subject subject = ws_subject_of(detection, NULL);
	int rc;

	probe->n_unread += subject.n_unread;
	probe->saw_whole &= subject.saw_whole;
	rc = ws_spots_append(&probe->spots, &detection->spots, !subject.open_is_out);
	return rc ? rc : ws_remarks_append(&probe->remarks, &detection->remarks);
}

/* Adds what a run found to a probe of its cell. */
static int add_detection(const struct ws_run *run, const struct ws_detection *detection, struct ws_probe *probe)
{
	uint64_t n_expected, n = probe->n_found + detection->n_found;
	uint32_t *grown = realloc(probe->found_at, (n + 1) * sizeof(*grown));

	if (!grown)
		return -ENOMEM;
	probe->found_at = grown;
	memcpy(grown + probe->n_found, detection->found_at, detection->n_found * sizeof(*grown));
	probe->n_found = n;
	probe->expected_known &= expected_of(run, detection, &n_expected);
	probe->n_expected += n_expected;
	probe->n_open += detection->n_open;
	if (detection->file->search_bytes < probe->window)
		probe->window = detection->file->search_bytes;
	return add_places(detection, probe);
}

/* The probe of the sweep's last cell with that source and point; made if it is new. NULL: out of memory. */
static struct ws_probe *probe_of(struct ws_sweep *sweep, const struct ws_cell *cell, const struct ws_file *file)
{
	struct ws_probe *grown;

	for (uint32_t i = sweep->n; i > 0 && sweep->probe[i - 1].cell == cell; i--) {
		struct ws_probe *probe = &sweep->probe[i - 1];

		if (probe->source == file->source && !strcmp(probe->point, file->point))
			return probe;
	}
	grown = realloc(sweep->probe, (sweep->n + 1) * sizeof(*grown));
	if (!grown)
		return NULL;
	sweep->probe = grown;
	grown[sweep->n] = (struct ws_probe) {
		.cell = cell,
		.source = file->source,
		.point = file->point,
		.window = UINT32_MAX,
		.expected_known = true,
		.saw_whole = true,
		.for_detection = ws_conditions_is(cell->conditions, "purpose", "detection"),
		.offsets = WS_NO_PROBE,
	};
	return &grown[sweep->n++];
}

static int add_cell(const struct ws_campaign *campaign, const struct ws_cell *cell, struct ws_sweep *sweep)
{
	for (uint32_t i = 0; i < cell->n_runs; i++) {
		const struct ws_run *run = &campaign->run[cell->run[i]];

		for (uint32_t k = 0; k < run->findings.n_detections; k++) {
			const struct ws_detection *detection = &run->findings.detection[k];
			struct ws_probe *probe = probe_of(sweep, cell, detection->file);

			if (!probe || add_detection(run, detection, probe))
				return -ENOMEM;
		}
	}
	return 0;
}

/* Finds the search of the whole head beside each live one, among the probes for detection, or among the others. */
static void find_offsets(struct ws_sweep *sweep, bool for_detection, const ws_label *kin)
{
	const struct ws_cell *cells = sweep->campaign->cell;

	for (uint32_t i = 0; i < sweep->n; i++) {
		struct ws_probe *live = &sweep->probe[i];

		for (uint32_t k = 0;
		     k < sweep->n && live->live && live->for_detection == for_detection && live->offsets == WS_NO_PROBE;
		     k++) {
			const struct ws_probe *probe = &sweep->probe[k];

			if (!probe->live && probe->for_detection == for_detection && probe->source == live->source &&
			    !strcmp(probe->point, live->point) &&
			    !strcmp(kin[probe->cell - cells], kin[live->cell - cells]))
				live->offsets = k;
		}
	}
}

/* Is there, for a probe of a capture, one of eBPF records of the same cell and point? Probes of a cell lie together. */
static bool has_ebpf(const struct ws_sweep *sweep, uint32_t capture)
{
	const struct ws_probe *probe = sweep->probe;

	for (uint32_t i = capture; i > 0 && probe[i - 1].cell == probe[capture].cell; i--) {
		if (probe[i - 1].source == WS_SOURCE_EBPF && !strcmp(probe[i - 1].point, probe[capture].point))
			return true;
	}
	return false;
}

/* Chooses what the figure shows. */
static int choose_drawn(struct ws_sweep *sweep)
{
	bool *has_live = calloc((size_t)sweep->n + 1, sizeof(*has_live)), purpose = false, live = false;

	if (!has_live)
		return -ENOMEM;
	for (uint32_t i = 0; i < sweep->n; i++)
		purpose |= sweep->probe[i].for_detection;
	for (uint32_t i = 0; i < sweep->n; i++) {
		const struct ws_probe *probe = &sweep->probe[i];

		live |= probe->live && probe->for_detection == purpose;
		if (probe->live && probe->for_detection == purpose && probe->offsets != WS_NO_PROBE)
			has_live[probe->offsets] = true;
	}
	for (uint32_t i = 0; i < sweep->n; i++) {
		struct ws_probe *probe = &sweep->probe[i];

		if (probe->live)
			probe->drawn = ws_probe_rate(probe, probe->window).has_rate;
		else
			probe->drawn = (!live || has_live[i]) && ws_probe_rate(probe, 0).has_rate &&
				       (probe->source == WS_SOURCE_EBPF || !has_ebpf(sweep, i));
		probe->drawn &= probe->for_detection == purpose;
	}
	free(has_live);
	return 0;
}

/* The labels of the cells that are for detection, or of the others: they are told apart among themselves. */
struct labels {
	ws_label *label;
	ws_label *panel;
	ws_label *kin; /* without what tells a live search from the search of the whole head beside it */
};

static int make_labels(const struct ws_campaign *campaign, const bool *shown, bool for_detection, struct labels *labels)
{
	bool *among = calloc((size_t)campaign->n_cells + 1, sizeof(*among));
	int rc = among ? 0 : -ENOMEM;

	for (uint32_t i = 0; i < campaign->n_cells && !rc; i++)
		among[i] = shown[i] &&
			   ws_conditions_is(campaign->cell[i].conditions, "purpose", "detection") == for_detection;
	rc = rc ? rc : ws_labels_make(campaign, among, for_detection ? detection_keys : label_keys, &labels->label);
	rc = rc ? rc : ws_labels_make(campaign, among, curve_keys, &labels->panel);
	rc = rc ? rc : ws_labels_make(campaign, among, live_keys, &labels->kin);
	free(among);
	return rc;
}

/* Sorts what was found, gives the probes their labels, and finds out how they belong together. */
static int complete(const struct ws_campaign *campaign, const bool *shown, struct ws_sweep *sweep)
{
	struct labels labels[2] = { 0 };
	int rc = make_labels(campaign, shown, false, &labels[false]);

	rc = rc ? rc : make_labels(campaign, shown, true, &labels[true]);
	for (uint32_t i = 0; i < sweep->n && !rc; i++) {
		struct ws_probe *probe = &sweep->probe[i];
		size_t cell = (size_t)(probe->cell - campaign->cell);

		qsort(probe->found_at, probe->n_found, sizeof(*probe->found_at), compare_offsets);
		probe->live = !probe->saw_whole;
		memcpy(probe->label, labels[probe->for_detection].label[cell], sizeof(probe->label));
		if (probe->for_detection && !strcmp(probe->label, "all runs"))
			strcpy(probe->label, "all runs for detection");
		memcpy(probe->panel, labels[probe->for_detection].panel[cell], sizeof(probe->panel));
	}
	for (int i = 0; i < 2; i++) {
		if (!rc)
			find_offsets(sweep, i, labels[i].kin);
		free(labels[i].label);
		free(labels[i].panel);
		free(labels[i].kin);
	}
	return rc ? rc : choose_drawn(sweep);
}

int ws_sweep_open(const struct ws_campaign *campaign, const struct ws_invocation *invocation, struct ws_sweep *sweep)
{
	struct ws_sweep made = {
		.campaign = campaign,
		.search_bytes = invocation->search_bytes,
		.n_search_bytes = invocation->n_search_bytes,
		.by = invocation->by,
	};
	bool *shown = calloc((size_t)campaign->n_cells + 1, sizeof(*shown));
	int rc = shown ? 0 : -ENOMEM;

	for (uint32_t i = 0; i < campaign->n_cells && !rc; i++) {
		uint32_t n = made.n;

		rc = add_cell(campaign, &campaign->cell[i], &made);
		shown[i] = made.n > n;
	}
	rc = rc ? rc : complete(campaign, shown, &made);
	free(shown);
	if (rc)
		ws_sweep_close(&made);
	else
		*sweep = made;
	return rc;
}

void ws_sweep_close(struct ws_sweep *sweep)
{
	if (!sweep)
		return;
	for (uint32_t i = 0; i < sweep->n; i++) {
		free(sweep->probe[i].found_at);
		ws_spots_close(&sweep->probe[i].spots);
		ws_remarks_close(&sweep->probe[i].remarks);
	}
	free(sweep->probe);
	*sweep = (struct ws_sweep) { 0 };
}

struct ws_detection_rate ws_probe_rate(const struct ws_probe *probe, uint32_t search_bytes)
{
	struct ws_detection_rate rate = {
		.n_detected = ws_offsets_within(probe->found_at, probe->n_found, search_bytes),
	};

	rate.has_rate = probe->expected_known && probe->n_expected >= rate.n_detected && probe->n_expected > 0 &&
			(search_bytes <= probe->window || probe->saw_whole);
	if (rate.has_rate)
		rate.rate = ws_wilson(rate.n_detected, probe->n_expected);
	return rate;
}

struct ws_subject ws_probe_subject(const struct ws_sweep *sweep, const struct ws_probe *probe)
{
	return (struct ws_subject) {
		.run = sweep->campaign->is_run ? NULL : sweep->campaign->run[probe->cell->run[0]].name,
		.label = sweep->campaign->is_run ? NULL : probe->label,
		.conditions = probe->cell->conditions,
		.source = probe->source,
		.point = probe->point,
		.spots = &probe->spots,
		.remarks = &probe->remarks,
		.n_unread = probe->n_unread,
		.saw_whole = probe->saw_whole,
		.search_bytes = probe->window,
	};
}

struct ws_subject *ws_sweep_subjects(const struct ws_sweep *sweep)
{
	struct ws_subject *subject = malloc(((size_t)sweep->n + 1) * sizeof(*subject));

	for (uint32_t i = 0; i < sweep->n && subject; i++)
		subject[i] = ws_probe_subject(sweep, &sweep->probe[i]);
	return subject;
}

uint32_t ws_probe_bytes_for(const struct ws_probe *probe, uint32_t percent)
{
	uint64_t rank = (probe->n_expected * percent + 99) / 100;

	return probe->expected_known && rank > 0 && rank <= probe->n_found ? probe->found_at[rank - 1] : 0;
}

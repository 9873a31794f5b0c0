/* SPDX-License-Identifier: BSD-2-Clause */
/* sweep - see sweep.h. */
#include "analyze/sweep.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/figure.h"
#include "analyze/json.h"
#include "lib/context.h"

#define NUMBER_MAX 96

/* Conditions in which a live search differs from the search of the whole head beside it. */
static const char *const live_keys[] = { "search_bytes", "attached", NULL };

/* Conditions that make curves of one panel. */
static const char *const curve_keys[] = { "headers", "search_bytes", "attached", "duration_s", "purpose", NULL };

/* Conditions that no label tells: what ran beside a search does not change what it finds. */
static const char *const detection_keys[] = { "search_bytes", "purpose", "attached", NULL };
static const char *const other_keys[] = { "search_bytes", "purpose", NULL };

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

/* The run that the run's condition "beside" names, or NULL. */
static const struct ws_run *find_companion(const struct ws_campaign *campaign, const struct ws_run *run)
{
	const char *name = ws_conditions_get(&run->findings.background.conditions, "beside");

	for (uint32_t i = 0; i < campaign->n_runs && name; i++) {
		if (!strcmp(campaign->run[i].name, name))
			return &campaign->run[i];
	}
	return NULL;
}

/* How many contexts passed the point while the run was recorded. false: nobody knows. */
static bool expected_of(const struct ws_campaign *campaign, const struct ws_run *run,
			const struct ws_detection *detection, uint64_t *n_expected)
{
	const struct ws_run *companion = find_companion(campaign, run);
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

/* Adds what a run found to a probe of its cell. */
static int add_detection(const struct ws_campaign *campaign, const struct ws_run *run,
			 const struct ws_detection *detection, struct ws_probe *probe)
{
	uint64_t n_expected, n = probe->n_found + detection->n_found;
	uint32_t *grown = realloc(probe->found_at, (n + 1) * sizeof(*grown));

	if (!grown)
		return -ENOMEM;
	probe->found_at = grown;
	memcpy(grown + probe->n_found, detection->found_at, detection->n_found * sizeof(*grown));
	probe->n_found = n;
	probe->expected_known &= expected_of(campaign, run, detection, &n_expected);
	probe->n_expected += n_expected;
	probe->n_open += detection->n_open;
	if (detection->file->search_bytes < probe->window)
		probe->window = detection->file->search_bytes;
	return 0;
}

/* The probe of the sweep's last cell with that source and point; made if it is new. NULL: out of memory. */
static struct ws_probe *probe_of(struct ws_sweep *sweep, const struct ws_cell *cell, const struct ws_file *file)
{
	struct ws_probe *grown;

	for (uint32_t i = 0; i < sweep->n; i++) {
		struct ws_probe *probe = &sweep->probe[i];

		if (probe->cell == cell && probe->source == file->source && !strcmp(probe->point, file->point))
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

			if (!probe || add_detection(campaign, run, detection, probe))
				return -ENOMEM;
		}
	}
	return 0;
}

int ws_sweep_open(struct ws_campaign *campaign, const struct ws_invocation *invocation, struct ws_sweep *sweep)
{
	struct ws_sweep made = {
		.campaign = campaign,
		.search_bytes = invocation->search_bytes,
		.n_search_bytes = invocation->n_search_bytes,
	};
	int rc = 0;

	for (uint32_t i = 0; i < campaign->n_cells && !rc; i++) {
		uint32_t n = made.n;

		rc = add_cell(campaign, &campaign->cell[i], &made);
		campaign->cell[i].hidden = made.n == n;
	}
	if (rc) {
		ws_sweep_close(&made);
		return rc;
	}
	for (uint32_t i = 0; i < made.n; i++) {
		struct ws_probe *probe = &made.probe[i];

		qsort(probe->found_at, probe->n_found, sizeof(*probe->found_at), compare_offsets);
		probe->live = probe->window < WS_WINDOW_MAX;
		ws_cell_label(campaign, probe->cell, ws_probe_is_for_detection(probe) ? detection_keys : other_keys,
			      probe->label);
		ws_cell_label(campaign, probe->cell, curve_keys, probe->panel);
	}
	*sweep = made;
	return 0;
}

void ws_sweep_close(struct ws_sweep *sweep)
{
	if (!sweep)
		return;
	for (uint32_t i = 0; i < sweep->n; i++)
		free(sweep->probe[i].found_at);
	free(sweep->probe);
	*sweep = (struct ws_sweep) { 0 };
}

struct ws_detection_rate ws_probe_rate(const struct ws_probe *probe, uint32_t search_bytes)
{
	struct ws_detection_rate rate = {
		.n_detected = ws_offsets_within(probe->found_at, probe->n_found, search_bytes),
	};

	rate.has_rate = probe->expected_known && probe->n_expected >= rate.n_detected && probe->n_expected > 0 &&
			search_bytes <= probe->window;
	if (rate.has_rate)
		rate.rate = ws_wilson(rate.n_detected, probe->n_expected);
	return rate;
}

uint32_t ws_probe_bytes_for(const struct ws_probe *probe, uint32_t percent)
{
	uint64_t rank = (probe->n_expected * percent + 99) / 100;

	return probe->expected_known && rank > 0 && rank <= probe->n_found ? probe->found_at[rank - 1] : 0;
}

const struct ws_probe *ws_probe_offsets(const struct ws_sweep *sweep, const struct ws_probe *live)
{
	for (uint32_t i = 0; i < sweep->n; i++) {
		const struct ws_probe *probe = &sweep->probe[i];

		if (!probe->live && probe->source == live->source && !strcmp(probe->point, live->point) &&
		    ws_cells_alike(probe->cell, live->cell, live_keys))
			return probe;
	}
	return NULL;
}

static json_t *number_if(bool known, json_int_t n)
{
	return known ? json_integer(n) : json_null();
}

static json_t *rate_json(const struct ws_sweep *sweep, const struct ws_probe *probe, uint32_t search_bytes)
{
	struct ws_detection_rate rate = ws_probe_rate(probe, search_bytes);
	json_t *object = json_pack(
		"{s:o, s:o, s:o, s:s, s:o, s:s, s:I, s:o, s:I}", "run",
		ws_json_text(sweep->campaign->run[probe->cell->run[0]].name), "label", ws_json_text(probe->label),
		"conditions", ws_conditions_json(probe->cell->conditions), "source", ws_source_name(probe->source),
		"point", ws_json_text(probe->point), "kind", probe->live ? "live" : "offsets", "search_bytes",
		(json_int_t)search_bytes, "expected", number_if(probe->expected_known, (json_int_t)probe->n_expected),
		"detected", (json_int_t)rate.n_detected);
	int rc = !object;

	rc |= json_object_set_new(object, "rate", rate.has_rate ? json_real(rate.rate.rate) : json_null());
	rc |= json_object_set_new(object, "ci_low", rate.has_rate ? json_real(rate.rate.low) : json_null());
	rc |= json_object_set_new(object, "ci_high", rate.has_rate ? json_real(rate.rate.high) : json_null());
	rc |= json_object_set_new(object, "unresolved", json_integer((json_int_t)probe->n_open));
	if (rc) {
		json_decref(object);
		return NULL;
	}
	return object;
}

static int print_json(const struct ws_sweep *sweep, FILE *out)
{
	json_t *document = json_object(), *points = json_array();
	int rc = 0;

	for (uint32_t i = 0; i < sweep->n; i++) {
		const struct ws_probe *probe = &sweep->probe[i];

		if (probe->live)
			rc |= json_array_append_new(points, rate_json(sweep, probe, probe->window));
		for (uint32_t k = 0; k < sweep->n_search_bytes && !probe->live; k++)
			rc |= json_array_append_new(points, rate_json(sweep, probe, sweep->search_bytes[k]));
	}
	rc |= json_object_set_new(document, "points", points);
	if (rc) {
		json_decref(document);
		return -ENOMEM;
	}
	return ws_json_print(document, out);
}

static void print_row(const struct ws_sweep *sweep, const struct ws_probe *probe, uint32_t search_bytes, FILE *out)
{
	struct ws_detection_rate rate = ws_probe_rate(probe, search_bytes);

	fprintf(out, "%s\t%s\t%s\t%s\t%s\t%" PRIu32 "\t", sweep->campaign->run[probe->cell->run[0]].name, probe->label,
		ws_source_name(probe->source), probe->point, probe->live ? "live" : "offsets", search_bytes);
	if (probe->expected_known)
		fprintf(out, "%" PRIu64 "\t%" PRIu64 "\t", probe->n_expected, rate.n_detected);
	else
		fprintf(out, "NaN\t%" PRIu64 "\t", rate.n_detected);
	if (rate.has_rate)
		fprintf(out, "%.6f\t%.6f\t%.6f\n", rate.rate.rate, rate.rate.low, rate.rate.high);
	else
		fputs("NaN\tNaN\tNaN\n", out);
}

static void print_tsv(const struct ws_sweep *sweep, FILE *out)
{
	fputs("# contexts found within the first search_bytes of a request's payload; ci: Wilson 95%; NaN: not known\n"
	      "# kind: live, a search in the kernel that ended there; offsets, from a search of the whole head\n"
	      "# run\tlabel\tsource\tpoint\tkind\tsearch_bytes\texpected\tdetected\trate\tci_low\tci_high\n",
	      out);
	for (uint32_t i = 0; i < sweep->n; i++) {
		const struct ws_probe *probe = &sweep->probe[i];

		if (probe->live)
			print_row(sweep, probe, probe->window, out);
		for (uint32_t k = 0; k < sweep->n_search_bytes && !probe->live; k++)
			print_row(sweep, probe, sweep->search_bytes[k], out);
	}
}

/* A rate with its interval, in percent. */
static const char *rate_text(const struct ws_detection_rate *rate, char text[NUMBER_MAX])
{
	if (rate->has_rate)
		snprintf(text, NUMBER_MAX, "%.1f%% [%.1f, %.1f]", 100 * rate->rate.rate, 100 * rate->rate.low,
			 100 * rate->rate.high);
	else
		snprintf(text, NUMBER_MAX, "unknown");
	return text;
}

static void print_bytes(uint32_t n, FILE *out)
{
	if (n)
		fprintf(out, "%9" PRIu32, n);
	else
		fprintf(out, "%9s", "-");
}

static int label_width(const struct ws_sweep *sweep)
{
	int width = 24;

	for (uint32_t i = 0; i < sweep->n; i++) {
		int n = (int)strlen(sweep->probe[i].label);

		width = n > width ? n : width;
	}
	return width;
}

static void print_table(const struct ws_sweep *sweep, FILE *out)
{
	int width = label_width(sweep);
	char text[2][NUMBER_MAX];
	bool first = true;

	fprintf(out,
		"bytes to search for so many of the contexts, from the offsets of a search of the whole head\n"
		"%-*s  %-6s%-8s%10s%9s%9s%9s%9s\n",
		width, "", "source", "point", "expected", "50%", "90%", "99%", "100%");
	for (uint32_t i = 0; i < sweep->n; i++) {
		const struct ws_probe *probe = &sweep->probe[i];

		if (probe->live)
			continue;
		fprintf(out, "%-*s  %-6s%-8s", width, probe->label, ws_source_name(probe->source), probe->point);
		if (probe->expected_known)
			fprintf(out, "%10" PRIu64, probe->n_expected);
		else
			fprintf(out, "%10s", "unknown");
		for (int k = 0; k < 4; k++)
			print_bytes(ws_probe_bytes_for(probe, (const uint32_t[]) { 50, 90, 99, 100 }[k]), out);
		fputc('\n', out);
	}
	for (uint32_t i = 0; i < sweep->n; i++) {
		const struct ws_probe *probe = &sweep->probe[i], *offsets = ws_probe_offsets(sweep, probe);
		struct ws_detection_rate live = ws_probe_rate(probe, probe->window), said = { 0 };

		if (!probe->live)
			continue;
		if (first)
			fprintf(out,
				"\nlive searches [Wilson 95%% interval], and what the offsets say of that many "
				"bytes\n%-*s  %-8s%8s%10s%24s%24s\n",
				width, "", "point", "bytes", "expected", "found live", "by offsets");
		first = false;
		if (offsets)
			said = ws_probe_rate(offsets, probe->window);
		fprintf(out, "%-*s  %-8s%8" PRIu32 "%10" PRIu64 "%24s%24s\n", width, probe->label, probe->point,
			probe->window, probe->n_expected, rate_text(&live, text[0]), rate_text(&said, text[1]));
	}
}

int ws_sweep_print(const struct ws_sweep *sweep, enum ws_format format, FILE *out)
{
	if (format == WS_FORMAT_JSON)
		return print_json(sweep, out);
	if (format == WS_FORMAT_TSV)
		print_tsv(sweep, out);
	else
		print_table(sweep, out);
	return 0;
}

bool ws_probe_is_for_detection(const struct ws_probe *probe)
{
	return ws_conditions_is(probe->cell->conditions, "purpose", "detection");
}

/* Has the campaign runs for detection? Then the others are for something else. */
static bool has_purpose(const struct ws_sweep *sweep)
{
	for (uint32_t i = 0; i < sweep->n; i++) {
		if (ws_probe_is_for_detection(&sweep->probe[i]))
			return true;
	}
	return false;
}

/* Has the campaign a live search at all, or one that belongs to this probe? */
static bool has_live(const struct ws_sweep *sweep, const struct ws_probe *offsets)
{
	for (uint32_t i = 0; i < sweep->n; i++) {
		const struct ws_probe *probe = &sweep->probe[i];

		if (probe->live && (!offsets || ws_probe_offsets(sweep, probe) == offsets))
			return true;
	}
	return false;
}

/* Is there, for a probe of a capture, one of eBPF records that says the same? */
static bool has_ebpf(const struct ws_sweep *sweep, const struct ws_probe *capture)
{
	for (uint32_t i = 0; i < sweep->n; i++) {
		const struct ws_probe *probe = &sweep->probe[i];

		if (probe->source == WS_SOURCE_EBPF && probe->cell == capture->cell &&
		    !strcmp(probe->point, capture->point))
			return true;
	}
	return false;
}

bool ws_probe_is_drawn(const struct ws_sweep *sweep, const struct ws_probe *probe)
{
	if (has_purpose(sweep) && !ws_probe_is_for_detection(probe))
		return false;
	if (probe->live)
		return ws_probe_rate(probe, probe->window).has_rate;
	if (has_live(sweep, NULL) && !has_live(sweep, probe))
		return false;
	return ws_probe_rate(probe, 0).has_rate && (probe->source == WS_SOURCE_EBPF || !has_ebpf(sweep, probe));
}

static void write_point(const struct ws_probe *probe, const char *panel, uint32_t search_bytes, FILE *out)
{
	const char *headers = ws_conditions_get(probe->cell->conditions, "headers");
	struct ws_detection_rate rate = ws_probe_rate(probe, search_bytes);

	ws_figure_put_name(out, panel);
	putc('\t', out);
	ws_figure_put_name(out, headers ? headers : ws_source_name(probe->source));
	fprintf(out, "\t%s\t%" PRIu32 "\t%.6f\t%.6f\t%.6f\n", probe->live ? "live" : "offsets", search_bytes,
		rate.rate.rate, rate.rate.low, rate.rate.high);
}

/* Writes a probe's rows: the one of a live search, or every step of the offsets. */
static void write_curve(const struct ws_probe *probe, const char *label, FILE *out)
{
	char panel[2 * WS_LABEL_MAX];

	snprintf(panel, sizeof(panel), "%s, %s", probe->point, label);
	write_point(probe, panel, probe->live ? probe->window : 0, out);
	for (uint64_t i = 0; i < probe->n_found && !probe->live; i++) {
		if (i + 1 == probe->n_found || probe->found_at[i] != probe->found_at[i + 1])
			write_point(probe, panel, probe->found_at[i], out);
	}
}

int ws_sweep_write_panels(const struct ws_sweep *sweep, FILE *out)
{
	bool *done = calloc((size_t)sweep->n + 1, sizeof(*done));

	if (!done)
		return -ENOMEM;
	fputs("# part of the contexts found within the first search_bytes of a request's payload; Wilson 95% interval\n"
	      "# panel\tcurve\tkind\tsearch_bytes\trate\tci_low\tci_high\n",
	      out);
	for (uint32_t i = 0; i < sweep->n; i++) {
		const struct ws_probe *first = &sweep->probe[i];

		if (done[i] || !ws_probe_is_drawn(sweep, first))
			continue;
		for (uint32_t k = i; k < sweep->n; k++) {
			const struct ws_probe *probe = &sweep->probe[k];

			if (done[k] || !ws_probe_is_drawn(sweep, probe) || strcmp(probe->point, first->point) ||
			    !ws_cells_alike(first->cell, probe->cell, curve_keys))
				continue;
			done[k] = true;
			write_curve(probe, first->panel, out);
		}
	}
	free(done);
	return ferror(out) ? -EIO : 0;
}

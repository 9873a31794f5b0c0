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
	return 0;
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

/* Finds the search of the whole head beside each live one. kin: labels of the cells without what tells these two apart.
 */
static void find_offsets(struct ws_sweep *sweep, const ws_label *kin)
{
	const struct ws_cell *cells = sweep->campaign->cell;

	for (uint32_t i = 0; i < sweep->n; i++) {
		struct ws_probe *live = &sweep->probe[i];

		for (uint32_t k = 0; k < sweep->n && live->live && live->offsets == WS_NO_PROBE; k++) {
			const struct ws_probe *probe = &sweep->probe[k];

			if (!probe->live && probe->source == live->source && !strcmp(probe->point, live->point) &&
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

/* Sorts what was found, gives the probes their labels, and finds out how they belong together. */
static int complete(const struct ws_campaign *campaign, const bool *shown, struct ws_sweep *sweep)
{
	ws_label *label[2] = { NULL, NULL }, *panel = NULL, *kin = NULL;
	int rc = ws_labels_make(campaign, shown, label_keys, &label[0]);

	rc = rc ? rc : ws_labels_make(campaign, shown, detection_keys, &label[1]);
	rc = rc ? rc : ws_labels_make(campaign, shown, curve_keys, &panel);
	rc = rc ? rc : ws_labels_make(campaign, shown, live_keys, &kin);
	for (uint32_t i = 0; i < sweep->n && !rc; i++) {
		struct ws_probe *probe = &sweep->probe[i];
		size_t cell = (size_t)(probe->cell - campaign->cell);

		qsort(probe->found_at, probe->n_found, sizeof(*probe->found_at), compare_offsets);
		probe->live = probe->window < WS_WINDOW_MAX;
		memcpy(probe->label, label[probe->for_detection][cell], sizeof(probe->label));
		memcpy(probe->panel, panel[cell], sizeof(probe->panel));
	}
	if (!rc)
		find_offsets(sweep, kin);
	rc = rc ? rc : choose_drawn(sweep);
	free(label[0]);
	free(label[1]);
	free(panel);
	free(kin);
	return rc;
}

int ws_sweep_open(const struct ws_campaign *campaign, const struct ws_invocation *invocation, struct ws_sweep *sweep)
{
	struct ws_sweep made = {
		.campaign = campaign,
		.search_bytes = invocation->search_bytes,
		.n_search_bytes = invocation->n_search_bytes,
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

static json_t *rate_json(const struct ws_sweep *sweep, const struct ws_probe *probe, uint32_t search_bytes)
{
	struct ws_detection_rate rate = ws_probe_rate(probe, search_bytes);
	json_t *object = json_pack(
		"{s:o, s:o, s:o, s:s, s:o, s:s, s:I, s:o, s:I}", "run",
		ws_json_text(sweep->campaign->run[probe->cell->run[0]].name), "label", ws_json_text(probe->label),
		"conditions", ws_conditions_json(probe->cell->conditions), "source", ws_source_name(probe->source),
		"point", ws_json_text(probe->point), "kind", probe->live ? "live" : "offsets", "search_bytes",
		(json_int_t)search_bytes, "expected", ws_json_integer_if(probe->expected_known, probe->n_expected),
		"detected", (json_int_t)rate.n_detected);
	int rc = !object;

	rc |= json_object_set_new(object, "rate", ws_json_real_if(rate.has_rate, rate.rate.rate));
	rc |= json_object_set_new(object, "ci_low", ws_json_real_if(rate.has_rate, rate.rate.low));
	rc |= json_object_set_new(object, "ci_high", ws_json_real_if(rate.has_rate, rate.rate.high));
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

/* Every live search, beside what the offsets say of that many bytes. */
static void print_live(const struct ws_sweep *sweep, int width, FILE *out)
{
	char text[2][NUMBER_MAX], expected[32];
	bool first = true;

	for (uint32_t i = 0; i < sweep->n; i++) {
		const struct ws_probe *probe = &sweep->probe[i];
		struct ws_detection_rate live = ws_probe_rate(probe, probe->window), said = { 0 };

		if (!probe->live)
			continue;
		if (first)
			fprintf(out,
				"\nlive searches [Wilson 95%% interval], and what the offsets say of that many "
				"bytes\n%-*s  %-8s%8s%10s%24s%24s\n",
				width, "", "point", "bytes", "expected", "found live", "by offsets");
		first = false;
		if (probe->offsets != WS_NO_PROBE)
			said = ws_probe_rate(&sweep->probe[probe->offsets], probe->window);
		snprintf(expected, sizeof(expected), "%" PRIu64, probe->n_expected);
		fprintf(out, "%-*s  %-8s%8" PRIu32 "%10s%24s%24s\n", width, probe->label, probe->point, probe->window,
			probe->expected_known ? expected : "unknown", rate_text(&live, text[0]),
			probe->offsets != WS_NO_PROBE ? rate_text(&said, text[1]) : "-");
	}
}

static void print_table(const struct ws_sweep *sweep, FILE *out)
{
	int width = label_width(sweep);

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
	print_live(sweep, width, out);
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

/* Is there another curve of the same name: the same panel, point, headers, kind? */
static bool has_twin(const struct ws_sweep *sweep, const struct ws_probe *probe)
{
	for (uint32_t i = 0; i < sweep->n; i++) {
		const struct ws_probe *other = &sweep->probe[i];

		if (other != probe && other->drawn && !other->live && !probe->live &&
		    !strcmp(other->panel, probe->panel) && !strcmp(other->point, probe->point) &&
		    !ws_conditions_compare_key(other->cell->conditions, probe->cell->conditions, "headers"))
			return true;
	}
	return false;
}

/* Names the probe's curve: its headers; where these are not enough, its label. */
static const char *curve_of(const struct ws_sweep *sweep, const struct ws_probe *probe)
{
	const char *headers = ws_conditions_get(probe->cell->conditions, "headers");

	return !headers || has_twin(sweep, probe) ? probe->label : headers;
}

static void write_point(const struct ws_probe *probe, const char *panel, const char *curve, uint32_t search_bytes,
			FILE *out)
{
	struct ws_detection_rate rate = ws_probe_rate(probe, search_bytes);

	ws_figure_put_name(out, panel);
	putc('\t', out);
	ws_figure_put_name(out, curve);
	fprintf(out, "\t%s\t%" PRIu32 "\t%.6f\t%.6f\t%.6f\n", probe->live ? "live" : "offsets", search_bytes,
		rate.rate.rate, rate.rate.low, rate.rate.high);
}

/* Writes a probe's rows: the one of a live search, or every step of the offsets. */
static void write_curve(const struct ws_sweep *sweep, const struct ws_probe *probe, FILE *out)
{
	const char *curve = curve_of(sweep, probe);
	char panel[2 * WS_LABEL_MAX];

	snprintf(panel, sizeof(panel), "%s, %s", probe->point, probe->panel);
	write_point(probe, panel, curve, probe->live ? probe->window : 0, out);
	for (uint64_t i = 0; i < probe->n_found && !probe->live; i++) {
		if (i + 1 == probe->n_found || probe->found_at[i] != probe->found_at[i + 1])
			write_point(probe, panel, curve, probe->found_at[i], out);
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

		for (uint32_t k = i; k < sweep->n && first->drawn && !done[i]; k++) {
			const struct ws_probe *probe = &sweep->probe[k];

			if (done[k] || !probe->drawn || strcmp(probe->point, first->point) ||
			    strcmp(probe->panel, first->panel))
				continue;
			done[k] = k != i;
			write_curve(sweep, probe, out);
		}
	}
	free(done);
	return ferror(out) ? -EIO : 0;
}

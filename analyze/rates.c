/* SPDX-License-Identifier: BSD-2-Clause */
/* rates - how detection over a campaign is printed, and what its figure draws; see sweep.h. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/figure.h"
#include "analyze/json.h"
#include "analyze/sweep.h"

/* Room for a rate with its interval. */
#define NUMBER_MAX 96

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

/* The largest number of bytes in the figure. */
static uint32_t last_of(const struct ws_sweep *sweep)
{
	uint32_t last = 0;

	for (uint32_t i = 0; i < sweep->n; i++) {
		const struct ws_probe *probe = &sweep->probe[i];
		uint32_t own = probe->live ? probe->window : probe->n_found ? probe->found_at[probe->n_found - 1] : 0;

		if (probe->drawn && own > last)
			last = own;
	}
	return last;
}

/* Writes a probe's rows: the one of a live search, or every step of the offsets, and where the figure ends. */
static void write_curve(const struct ws_sweep *sweep, const struct ws_probe *probe, uint32_t last, FILE *out)
{
	const char *curve = curve_of(sweep, probe);
	char panel[2 * WS_LABEL_MAX];

	snprintf(panel, sizeof(panel), "%s, %s", probe->point, probe->panel);
	write_point(probe, panel, curve, probe->live ? probe->window : 0, out);
	for (uint64_t i = 0; i < probe->n_found && !probe->live; i++) {
		if (i + 1 == probe->n_found || probe->found_at[i] != probe->found_at[i + 1])
			write_point(probe, panel, curve, probe->found_at[i], out);
	}
	if (!probe->live && (!probe->n_found || probe->found_at[probe->n_found - 1] < last) && probe->window >= last)
		write_point(probe, panel, curve, last, out);
}

int ws_sweep_write_panels(const struct ws_sweep *sweep, FILE *out)
{
	bool *done = calloc((size_t)sweep->n + 1, sizeof(*done));
	uint32_t last = last_of(sweep);

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
			write_curve(sweep, probe, last, out);
		}
	}
	free(done);
	return ferror(out) ? -EIO : 0;
}

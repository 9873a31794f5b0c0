/* SPDX-License-Identifier: BSD-2-Clause */
/* rates - how detection over a campaign is printed, and what its figure draws; see sweep.h. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/figure.h"
#include "analyze/json.h"
#include "analyze/steps.h"
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
	struct ws_subject *subject = ws_sweep_subjects(sweep);
	int rc = !subject;

	for (uint32_t i = 0; i < sweep->n; i++) {
		const struct ws_probe *probe = &sweep->probe[i];

		if (probe->live)
			rc |= json_array_append_new(points, rate_json(sweep, probe, probe->window));
		for (uint32_t k = 0; k < sweep->n_search_bytes && !probe->live; k++)
			rc |= json_array_append_new(points, rate_json(sweep, probe, sweep->search_bytes[k]));
	}
	rc |= json_object_set_new(document, "points", points);
	rc |= rc ? rc : ws_subjects_json(subject, sweep->n, sweep->by, document);
	free(subject);
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

static int print_tsv(const struct ws_sweep *sweep, FILE *out)
{
	struct ws_subject *subject = ws_sweep_subjects(sweep);
	int rc;

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
	rc = subject ? ws_subjects_print_tsv(subject, sweep->n, sweep->by, out) : -ENOMEM;
	free(subject);
	return rc;
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

static int label_width(const struct ws_sweep *sweep)
{
	int width = 24;

	for (uint32_t i = 0; i < sweep->n; i++) {
		int n = (int)strlen(sweep->probe[i].label);

		width = n > width ? n : width;
	}
	return width;
}

static int point_width(const struct ws_sweep *sweep)
{
	int width = 8;

	for (uint32_t i = 0; i < sweep->n; i++) {
		int n = (int)strlen(sweep->probe[i].point) + 1;

		width = n > width ? n : width;
	}
	return width;
}

/* Every live search, beside what the offsets say of that many bytes. */
static void print_live(const struct ws_sweep *sweep, int width, FILE *out)
{
	char text[2][NUMBER_MAX], expected[32];
	int points = point_width(sweep);
	bool first = true;

	for (uint32_t i = 0; i < sweep->n; i++) {
		const struct ws_probe *probe = &sweep->probe[i];
		struct ws_detection_rate live = ws_probe_rate(probe, probe->window), said = { 0 };

		if (!probe->live)
			continue;
		if (first)
			fprintf(out,
				"\nlive searches [Wilson 95%% interval], and what the offsets say of that many "
				"bytes\n%-*s  %-*s%8s%10s%24s%24s\n",
				width, "", points, "point", "bytes", "expected", "found live", "by offsets");
		first = false;
		if (probe->offsets != WS_NO_PROBE)
			said = ws_probe_rate(&sweep->probe[probe->offsets], probe->window);
		snprintf(expected, sizeof(expected), "%" PRIu64, probe->n_expected);
		fprintf(out, "%-*s  %-*s%8" PRIu32 "%10s%24s%24s\n", width, probe->label, points, probe->point,
			probe->window, probe->expected_known ? expected : "unknown", rate_text(&live, text[0]),
			probe->offsets != WS_NO_PROBE ? rate_text(&said, text[1]) : "-");
	}
}

/* Says where rates are lower bounds. */
static void print_notes(const struct ws_sweep *sweep, FILE *out)
{
	for (uint32_t i = 0; i < sweep->n; i++) {
		const struct ws_probe *probe = &sweep->probe[i];

		if (probe->n_unread)
			fprintf(out,
				"\n%s, %s, %s: the records of %" PRIu64
				" requests were lost: they count as not found, so that the rates are lower bounds\n",
				probe->label, probe->point, ws_source_name(probe->source), probe->n_unread);
	}
}

static int print_table(const struct ws_sweep *sweep, FILE *out)
{
	struct ws_subject *subject = ws_sweep_subjects(sweep);
	int rc = subject ? ws_subjects_print_table(subject, sweep->n, sweep->by, out) : -ENOMEM;

	print_live(sweep, label_width(sweep), out);
	print_notes(sweep, out);
	free(subject);
	return rc;
}

int ws_sweep_print(const struct ws_sweep *sweep, enum ws_format format, FILE *out)
{
	if (format == WS_FORMAT_JSON)
		return print_json(sweep, out);
	return format == WS_FORMAT_TSV ? print_tsv(sweep, out) : print_table(sweep, out);
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

/* Writes a probe's rows: the one of a live search, or every step of the offsets, group by group. */
static int write_probe(const struct ws_sweep *sweep, const struct ws_probe *probe, uint32_t last, FILE *out)
{
	const struct ws_subject subject = ws_probe_subject(sweep, probe);
	struct ws_detection_rate rate = ws_probe_rate(probe, probe->window);
	char panel[2 * WS_LABEL_MAX], words[WS_GROUP_WORDS_MAX], curve[WS_LABEL_MAX + WS_GROUP_WORDS_MAX];
	struct ws_spot_groups groups;
	int rc;

	snprintf(panel, sizeof(panel), "%s, %s", probe->point, probe->panel);
	if (probe->live) {
		ws_steps_write_row(panel, curve_of(sweep, probe), true, probe->window, &rate.rate, out);
		return 0;
	}
	rc = ws_subject_groups(&subject, sweep->by, &groups);
	if (rc)
		return rc;
	for (uint32_t i = 0; i < groups.n; i++) {
		const struct ws_spot_group *group = &groups.at[i];

		if (!group->expected_known || !group->n_expected)
			continue;
		snprintf(curve, sizeof(curve), groups.n > 1 ? "%s, %s" : "%s", curve_of(sweep, probe),
			 ws_spot_group_words(group, words));
		ws_steps_write(group, panel, curve, UINT32_MAX, last, out);
	}
	ws_spot_groups_close(&groups);
	return 0;
}

int ws_sweep_write_panels(const struct ws_sweep *sweep, FILE *out)
{
	bool *done = calloc((size_t)sweep->n + 1, sizeof(*done));
	uint32_t last = last_of(sweep);
	int rc = 0;

	if (!done)
		return -ENOMEM;
	ws_steps_write_head(out);
	for (uint32_t i = 0; i < sweep->n; i++) {
		const struct ws_probe *first = &sweep->probe[i];

		for (uint32_t k = i; k < sweep->n && first->drawn && !done[i] && !rc; k++) {
			const struct ws_probe *probe = &sweep->probe[k];

			if (done[k] || !probe->drawn || strcmp(probe->point, first->point) ||
			    strcmp(probe->panel, first->panel))
				continue;
			done[k] = k != i;
			rc = write_probe(sweep, probe, last, out);
		}
	}
	free(done);
	return rc ? rc : ferror(out) ? -EIO : 0;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* e2e - see e2e.h. */
#include "analyze/e2e.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/curve.h"
#include "analyze/json.h"
#include "analyze/summary.h"

/* Conditions that make curves of one panel. */
static const char *const curve_keys[] = { "headers", "attached", "search_bytes", NULL };

static bool has_traffic(const struct ws_campaign *campaign, const struct ws_cell *cell)
{
	for (uint32_t i = 0; i < cell->n_runs; i++) {
		if (campaign->run[cell->run[i]].findings.background.n_traffic)
			return true;
	}
	return false;
}

/* Conditions that are in no label of a setting. */
static const char *const layout_keys[] = { "headers", NULL };

/* Gives the rows their labels. */
static int label_rows(const struct ws_campaign *campaign, const bool *shown, struct ws_e2e *e2e)
{
	ws_label *label = NULL, *panel = NULL, *setting = NULL;
	int rc = ws_labels_make(campaign, shown, NULL, &label);

	rc = rc ? rc : ws_labels_make(campaign, shown, curve_keys, &panel);
	rc = rc ? rc : ws_labels_make(campaign, shown, layout_keys, &setting);
	for (uint32_t i = 0; i < e2e->n && !rc; i++) {
		struct ws_e2e_row *row = &e2e->row[i];
		size_t cell = (size_t)(row->cell - campaign->cell);

		memcpy(row->label, label[cell], sizeof(row->label));
		memcpy(row->panel, panel[cell], sizeof(row->panel));
		memcpy(row->setting, setting[cell], sizeof(row->setting));
	}
	free(label);
	free(panel);
	free(setting);
	return rc;
}

int ws_e2e_open(const struct ws_campaign *campaign, struct ws_e2e *e2e)
{
	struct ws_e2e made = { .campaign = campaign, .row = calloc((size_t)campaign->n_cells + 1, sizeof(*made.row)) };
	bool *shown = calloc((size_t)campaign->n_cells + 1, sizeof(*shown));
	int rc = made.row && shown ? 0 : -ENOMEM;

	for (uint32_t i = 0; i < campaign->n_cells && !rc; i++) {
		const struct ws_cell *cell = &campaign->cell[i];

		shown[i] = has_traffic(campaign, cell) && !ws_conditions_is(cell->conditions, "purpose", "detection");
		if (!shown[i])
			continue;
		made.row[made.n].cell = cell;
		rc = ws_cell_end_to_end(campaign, cell, &made.row[made.n].sample);
		made.n += !rc;
	}
	rc = rc ? rc : label_rows(campaign, shown, &made);
	free(shown);
	if (rc)
		ws_e2e_close(&made);
	else
		*e2e = made;
	return rc;
}

void ws_e2e_close(struct ws_e2e *e2e)
{
	if (!e2e)
		return;
	for (uint32_t i = 0; i < e2e->n; i++)
		ws_sample_close(&e2e->row[i].sample);
	free(e2e->row);
	*e2e = (struct ws_e2e) { 0 };
}

/* Calls take for every load log of the row. */
static int each_log(const struct ws_e2e *e2e, const struct ws_e2e_row *row,
		    int (*take)(const struct ws_run *run, const struct ws_traffic *traffic,
				const struct ws_schedule *schedule, void *context),
		    void *context)
{
	int rc = 0;

	for (uint32_t i = 0; i < row->cell->n_runs && !rc; i++) {
		const struct ws_run *run = &e2e->campaign->run[row->cell->run[i]];

		for (uint32_t k = 0; k < run->findings.background.n_traffic && !rc; k++) {
			const struct ws_traffic *traffic = &run->findings.background.traffic[k];
			struct ws_schedule schedule;

			rc = ws_schedule_tell(traffic, &schedule);
			rc = rc ? rc : take(run, traffic, &schedule, context);
		}
	}
	return rc;
}

static int add_log_json(const struct ws_run *run, const struct ws_traffic *traffic, const struct ws_schedule *schedule,
			void *list)
{
	bool known = schedule->has_gaps;
	json_t *log = json_pack("{s:o, s:o, s:o, s:s, s:b, s:I, s:I, s:I, s:I}", "run", ws_json_text(run->name), "path",
				ws_json_text(traffic->path), "content_hash", ws_json_text(traffic->content_hash),
				"format", traffic->format, "complete", traffic->complete, "requests",
				(json_int_t)schedule->n, "answered_ok", (json_int_t)schedule->n_good, "answered_other",
				(json_int_t)schedule->n_bad, "unanswered", (json_int_t)schedule->n_unanswered);
	int rc = !log;

	rc |= json_object_set_new(log, "pace", json_string(ws_pace_name(ws_schedule_pace(schedule))));
	rc |= json_object_set_new(log, "rate_per_s", ws_json_real_if(schedule->has_rate, schedule->rate_per_s));
	rc |= json_object_set_new(log, "gap_min_ms", ws_json_real_if(known, (double)schedule->gap_min_ns / 1e6));
	rc |= json_object_set_new(log, "gap_median_ms", ws_json_real_if(known, (double)schedule->gap_median_ns / 1e6));
	rc |= json_object_set_new(log, "gap_max_ms", ws_json_real_if(known, (double)schedule->gap_max_ns / 1e6));
	rc |= json_object_set_new(log, "gap_cv", ws_json_real_if(known, schedule->gap_cv));
	rc |= json_object_set_new(log, "in_flight_max", ws_json_integer_if(known, schedule->in_flight_max));
	rc |= json_object_set_new(log, "part_after_answer", ws_json_real_if(known, schedule->part_after_answer));
	return rc | json_array_append_new(list, log) ? -ENOMEM : 0;
}

static json_t *row_json(const struct ws_e2e *e2e, const struct ws_e2e_row *row)
{
	json_t *object = json_pack("{s:o, s:o}", "run", ws_json_text(e2e->campaign->run[row->cell->run[0]].name),
				   "label", ws_json_text(row->label));
	json_t *logs = json_array();
	int rc = !object;

	rc |= json_object_set_new(object, "conditions", ws_conditions_json(row->cell->conditions));
	if (row->sample.n)
		rc |= ws_summary_json(&row->sample, WS_UNIT_MS, object);
	else
		rc |= json_object_set_new(object, "n", json_integer(0));
	rc |= each_log(e2e, row, add_log_json, logs);
	rc |= json_object_set_new(object, "load_logs", logs);
	if (rc) {
		json_decref(object);
		return NULL;
	}
	return object;
}

static int print_json(const struct ws_e2e *e2e, FILE *out)
{
	json_t *document = json_object(), *list = json_array();
	int rc = 0;

	for (uint32_t i = 0; i < e2e->n; i++)
		rc |= json_array_append_new(list, row_json(e2e, &e2e->row[i]));
	rc |= json_object_set_new(document, "series", list);
	if (rc) {
		json_decref(document);
		return -ENOMEM;
	}
	return ws_json_print(document, out);
}

static void print_tsv(const struct ws_e2e *e2e, FILE *out)
{
	fprintf(out, "# end-to-end latency of the requests answered with a status from 200 to 399; intervals at 95%%, "
		     "NaN where none exists for this n\n# run\tlabel");
	ws_summary_tsv_header(WS_UNIT_MS, out);
	fputc('\n', out);
	for (uint32_t i = 0; i < e2e->n; i++) {
		const struct ws_e2e_row *row = &e2e->row[i];

		if (!row->sample.n)
			continue;
		fprintf(out, "%s\t%s", e2e->campaign->run[row->cell->run[0]].name, row->label);
		ws_summary_tsv(&row->sample, WS_UNIT_MS, out);
		fputc('\n', out);
	}
}

static int print_log(const struct ws_run *run, const struct ws_traffic *traffic, const struct ws_schedule *schedule,
		     void *context)
{
	FILE *out = context;

	fprintf(out,
		"%s/%s (%s): %" PRIu64 " requests, %" PRIu64 " answered 2xx or 3xx, %" PRIu64 " other, %" PRIu64
		" unanswered",
		run->name, traffic->path, traffic->format, schedule->n, schedule->n_good, schedule->n_bad,
		schedule->n_unanswered);
	if (schedule->has_rate)
		fprintf(out, "; pace %s: %.2f/s kept", ws_pace_name(ws_schedule_pace(schedule)), schedule->rate_per_s);
	if (schedule->has_rate)
		fprintf(out, "; pace %s: %.2f/s kept", ws_pace_name(ws_schedule_pace(schedule)), schedule->rate_per_s);
	if (schedule->has_gaps)
		fprintf(out, ", gaps %.2f .. %.2f ms (median %.2f, CV %.2f), at most %" PRIu64 " in flight",
			(double)schedule->gap_min_ns / 1e6, (double)schedule->gap_max_ns / 1e6,
			(double)schedule->gap_median_ns / 1e6, schedule->gap_cv, schedule->in_flight_max);
	else if (schedule->n > 1)
		fprintf(out, "; no gaps: its times have steps of %.3g s", (double)traffic->resolution_ns / 1e9);
	if (!traffic->complete)
		fputs("; the log was cut off", out);
	fputc('\n', out);
	return 0;
}

static int print_table(const struct ws_e2e *e2e, FILE *out)
{
	int width = 20, rc = 0;

	for (uint32_t i = 0; i < e2e->n; i++) {
		if ((int)strlen(e2e->row[i].label) > width)
			width = (int)strlen(e2e->row[i].label);
	}
	fprintf(out, "%-*s%9s%9s%26s%26s%26s%26s%9s\n", width, "end to end [ms]", "n", "min", "median [95%]",
		"mean [95%]", "p90 [95%]", "p99 [95%]", "max");
	for (uint32_t i = 0; i < e2e->n; i++) {
		const struct ws_sample *sample = &e2e->row[i].sample;
		const struct ws_summary *summary = &sample->summary;
		char min[32], max[32], text[4][WS_ESTIMATE_MAX];

		fprintf(out, "%-*s%9" PRIu64, width, e2e->row[i].label, sample->n);
		if (sample->n)
			fprintf(out, "%9s%26s%26s%26s%26s%9s", ws_summary_number((double)summary->min / 1e6, min),
				ws_summary_estimate(&summary->median, WS_UNIT_MS, text[0]),
				ws_summary_mean(sample, WS_UNIT_MS, text[1]),
				ws_summary_estimate(&summary->p90, WS_UNIT_MS, text[2]),
				ws_summary_estimate(&summary->p99, WS_UNIT_MS, text[3]),
				ws_summary_number((double)summary->max / 1e6, max));
		fputc('\n', out);
	}
	for (uint32_t i = 0; i < e2e->n; i++) {
		char text[WS_ESTIMATE_MAX];

		if (e2e->row[i].sample.n_rounds > 1)
			fprintf(out, "%s: rounds and their medians %s ms\n", e2e->row[i].label,
				ws_summary_rounds(&e2e->row[i].sample, WS_UNIT_MS, text));
	}
	fputs("\nschedule kept\n", out);
	for (uint32_t i = 0; i < e2e->n && !rc; i++)
		rc = each_log(e2e, &e2e->row[i], print_log, out);
	return rc;
}

int ws_e2e_print(const struct ws_e2e *e2e, enum ws_format format, FILE *out)
{
	if (format == WS_FORMAT_JSON)
		return print_json(e2e, out);
	if (format == WS_FORMAT_TABLE)
		return print_table(e2e, out);
	print_tsv(e2e, out);
	return 0;
}

/* Is there, among the rows of the same panel, one with nothing attached? */
static bool has_bare(const struct ws_e2e *e2e, const struct ws_e2e_row *row)
{
	for (uint32_t i = 0; i < e2e->n; i++) {
		if (e2e->row[i].sample.n && ws_conditions_is(e2e->row[i].cell->conditions, "attached", "none") &&
		    !strcmp(row->panel, e2e->row[i].panel))
			return true;
	}
	return false;
}

/* Is there another row in the panel with the same headers and the same attached? */
static bool has_twin(const struct ws_e2e *e2e, const struct ws_e2e_row *row)
{
	for (uint32_t i = 0; i < e2e->n; i++) {
		const struct ws_e2e_row *other = &e2e->row[i];

		if (other != row && !strcmp(other->panel, row->panel) &&
		    !ws_conditions_compare_key(other->cell->conditions, row->cell->conditions, "headers") &&
		    !ws_conditions_compare_key(other->cell->conditions, row->cell->conditions, "attached"))
			return true;
	}
	return false;
}

/* Names the row's curve: headers, and what was attached if that is not nothing; where these are not enough, its label.
 */
static void name_curve(const struct ws_e2e *e2e, const struct ws_e2e_row *row, ws_label name)
{
	const char *headers = ws_conditions_get(row->cell->conditions, "headers");
	const char *attached = ws_conditions_get(row->cell->conditions, "attached");
	char words[64] = "";

	if (attached && strcmp(attached, "none"))
		ws_condition_words("attached", attached, words, sizeof(words));
	snprintf(name, WS_LABEL_MAX, "%s%s%s", headers ? headers : "", headers && *words ? ", " : "", words);
	if (!*name || has_twin(e2e, row))
		memcpy(name, row->label, WS_LABEL_MAX);
}

/* Writes the curve of a row, if it is drawn. */
static int write_curve(const struct ws_e2e *e2e, const struct ws_e2e_row *row, FILE *out)
{
	const char *attached = ws_conditions_get(row->cell->conditions, "attached");
	ws_label name;

	if (!row->sample.n || (attached && strcmp(attached, "none") && has_bare(e2e, row)))
		return 0;
	name_curve(e2e, row, name);
	return ws_curve_write_drawn(&(struct ws_curve) { { row->panel, name },
							 row->sample.at,
							 row->sample.n,
							 WS_CURVE_PANEL_MAX,
							 row->sample.summary.dkw_eps,
							 6 },
				    out);
}

int ws_e2e_write_panels(const struct ws_e2e *e2e, FILE *out)
{
	bool *done = calloc((size_t)e2e->n + 1, sizeof(*done));
	int rc = 0;

	if (!done)
		return -ENOMEM;
	fputs("# end-to-end latency as distribution functions with their 95% bands (DKW)\n"
	      "# panel\tcurve\tlatency_ms\tcdf\tdkw_low\tdkw_high\n",
	      out);
	for (uint32_t i = 0; i < e2e->n; i++) {
		for (uint32_t k = i; k < e2e->n && !done[i]; k++) {
			if (done[k] || strcmp(e2e->row[i].panel, e2e->row[k].panel))
				continue;
			done[k] = k != i;
			rc = rc ? rc : write_curve(e2e, &e2e->row[k], out);
		}
	}
	free(done);
	return rc;
}

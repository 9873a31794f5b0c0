/* SPDX-License-Identifier: BSD-2-Clause */
/* bundle - see bundle.h. */
#include "analyze/bundle.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/curve.h"
#include "analyze/json.h"
#include "analyze/summary.h"

/* Conditions that make curves of one panel. */
static const char *const curve_keys[] = { "attached", "search_bytes", NULL };

static bool has_pairs(const struct ws_campaign *campaign, const struct ws_cell *cell)
{
	for (uint32_t i = 0; i < cell->n_runs; i++) {
		if (campaign->run[cell->run[i]].findings.series.n)
			return true;
	}
	return false;
}

static int add_cell(const struct ws_campaign *campaign, const struct ws_cell *cell, struct ws_bundle *bundle)
{
	for (int source = 0; source < WS_N_SOURCES; source++) {
		for (int way = 0; way < WS_N_WAYS; way++) {
			struct ws_strand *strand = &bundle->strand[bundle->n];
			int rc = ws_cell_latencies(campaign, cell, source, way, &strand->sample);

			if (rc)
				return rc;
			if (!strand->sample.n)
				continue;
			strand->cell = cell;
			strand->source = source;
			strand->way = way;
			bundle->n++;
		}
	}
	return 0;
}

/* Names what measured a strand, and what ran beside it. */
static void name_method(const struct ws_strand *strand, ws_label method)
{
	const char *attached = ws_conditions_get(strand->cell->conditions, "attached");
	const char *self = strand->source == WS_SOURCE_EBPF ? "eBPF" : "pcap";
	char words[64];

	if (attached && !strcmp(attached, "both")) {
		snprintf(method, WS_LABEL_MAX, "%s, %s beside it", self,
			 strand->source == WS_SOURCE_EBPF ? "pcap" : "eBPF");
	} else if (attached && strcmp(attached, ws_source_name(strand->source))) {
		ws_condition_words("attached", attached, words, sizeof(words));
		snprintf(method, WS_LABEL_MAX, "%s%s%s", strncmp(words, self, strlen(self)) ? self : "",
			 strncmp(words, self, strlen(self)) ? ", " : "", words);
	} else {
		snprintf(method, WS_LABEL_MAX, "%s%s", self, attached ? " alone" : "");
	}
}

/* Is there another strand of the same panel and direction with that method? */
static bool has_twin(const struct ws_bundle *bundle, const struct ws_strand *strand)
{
	for (uint32_t i = 0; i < bundle->n; i++) {
		const struct ws_strand *other = &bundle->strand[i];

		if (other != strand && other->source == strand->source && other->way == strand->way &&
		    !strcmp(other->panel, strand->panel) &&
		    ws_conditions_compare_key(other->cell->conditions, strand->cell->conditions, "attached") == 0)
			return true;
	}
	return false;
}

/* Gives the strands their labels. */
static int label_strands(const struct ws_campaign *campaign, const bool *shown, struct ws_bundle *bundle)
{
	ws_label *label = NULL, *panel = NULL;
	int rc = ws_labels_make(campaign, shown, NULL, &label);

	rc = rc ? rc : ws_labels_make(campaign, shown, curve_keys, &panel);
	for (uint32_t i = 0; i < bundle->n && !rc; i++) {
		struct ws_strand *strand = &bundle->strand[i];

		memcpy(strand->label, label[strand->cell - campaign->cell], sizeof(strand->label));
		memcpy(strand->panel, panel[strand->cell - campaign->cell], sizeof(strand->panel));
		name_method(strand, strand->method);
	}
	for (uint32_t i = 0; i < bundle->n && !rc; i++) {
		struct ws_strand *strand = &bundle->strand[i];
		const char *search_bytes = ws_conditions_get(strand->cell->conditions, "search_bytes");
		size_t n = strlen(strand->method);

		if (has_twin(bundle, strand))
			snprintf(strand->method + n, sizeof(strand->method) - n, ", %s bytes",
				 search_bytes ? search_bytes : "unknown");
	}
	free(label);
	free(panel);
	return rc;
}

int ws_bundle_open(const struct ws_campaign *campaign, struct ws_bundle *bundle)
{
	struct ws_bundle made = { .campaign = campaign };
	bool *shown = calloc((size_t)campaign->n_cells + 1, sizeof(*shown));
	int rc;

	made.strand = calloc((size_t)campaign->n_cells * WS_SERIES_MAX + 1, sizeof(*made.strand));
	rc = made.strand && shown ? 0 : -ENOMEM;
	for (uint32_t i = 0; i < campaign->n_cells && !rc; i++) {
		const struct ws_cell *cell = &campaign->cell[i];

		shown[i] = has_pairs(campaign, cell) && !ws_conditions_is(cell->conditions, "purpose", "detection");
		if (shown[i])
			rc = add_cell(campaign, cell, &made);
	}
	rc = rc ? rc : label_strands(campaign, shown, &made);
	free(shown);
	if (rc)
		ws_bundle_close(&made);
	else
		*bundle = made;
	return rc;
}

void ws_bundle_close(struct ws_bundle *bundle)
{
	if (!bundle)
		return;
	for (uint32_t i = 0; i < bundle->n; i++)
		ws_sample_close(&bundle->strand[i].sample);
	free(bundle->strand);
	*bundle = (struct ws_bundle) { 0 };
}

const struct ws_strand *ws_bundle_find(const struct ws_bundle *bundle, const struct ws_cell *cell,
				       enum ws_source source, enum ws_way way)
{
	for (uint32_t i = 0; i < bundle->n; i++) {
		const struct ws_strand *strand = &bundle->strand[i];

		if (strand->cell == cell && strand->source == source && strand->way == way)
			return strand;
	}
	return NULL;
}

/* How the cell's pairs in that direction came about, by class; "matched" always, others where there are any. */
static json_t *classes_json(const struct ws_campaign *campaign, const struct ws_strand *strand)
{
	json_t *object = json_object();

	for (unsigned int class = 0; class < WS_N_CLASSES && object; class ++) {
		uint64_t n = 0;

		for (uint32_t i = 0; i < strand->cell->n_runs; i++)
			n += campaign->run[strand->cell->run[i]].findings.outcome[strand->source].n_class[strand->way]
													 [class];
		if (n || class == 0)
			json_object_set_new(object, ws_class_name(class), json_integer((json_int_t)n));
	}
	return object;
}

static json_t *strand_json(const struct ws_bundle *bundle, const struct ws_strand *strand)
{
	json_t *object = json_pack(
		"{s:o, s:o, s:o, s:s, s:s}", "run", ws_json_text(bundle->campaign->run[strand->cell->run[0]].name),
		"label", ws_json_text(strand->label), "conditions", ws_conditions_json(strand->cell->conditions),
		"source", ws_source_name(strand->source), "direction", ws_way_name(strand->way));
	int rc = !object;

	rc |= ws_summary_json(&strand->sample, WS_UNIT_US, object);
	rc |= json_object_set_new(object, "classes", classes_json(bundle->campaign, strand));
	if (rc) {
		json_decref(object);
		return NULL;
	}
	return object;
}

static int print_json(const struct ws_bundle *bundle, FILE *out)
{
	json_t *document = json_object(), *list = json_array();
	int rc = 0;

	for (uint32_t i = 0; i < bundle->n; i++)
		rc |= json_array_append_new(list, strand_json(bundle, &bundle->strand[i]));
	rc |= json_object_set_new(document, "series", list);
	if (rc) {
		json_decref(document);
		return -ENOMEM;
	}
	return ws_json_print(document, out);
}

static void print_tsv(const struct ws_bundle *bundle, FILE *out)
{
	fputs("# latency between the tracing points; intervals at 95%, NaN where none exists for this n\n"
	      "# run\tlabel\tsource\tdirection",
	      out);
	ws_summary_tsv_header(WS_UNIT_US, out);
	fputc('\n', out);
	for (uint32_t i = 0; i < bundle->n; i++) {
		const struct ws_strand *strand = &bundle->strand[i];

		fprintf(out, "%s\t%s\t%s\t%s", bundle->campaign->run[strand->cell->run[0]].name, strand->label,
			ws_source_name(strand->source), ws_way_name(strand->way));
		ws_summary_tsv(&strand->sample, WS_UNIT_US, out);
		fputc('\n', out);
	}
}

/* What the cell's runs lost and left unmatched, a line each where it is not nothing. */
static void print_exceptions(const struct ws_run *run, FILE *out)
{
	for (int source = 0; source < WS_N_SOURCES; source++) {
		const struct ws_outcome *outcome = &run->findings.outcome[source];

		if (outcome->present && !outcome->joined)
			fprintf(out, "%s, %s: no pairs: %s\n", run->name, ws_source_name(source), outcome->why);
		if (outcome->n_strays || outcome->n_lost)
			fprintf(out, "%s, %s: unmatched %" PRIu64 ", lost %" PRIu64 "\n", run->name,
				ws_source_name(source), outcome->n_strays, outcome->n_lost);
	}
}

static void print_table(const struct ws_bundle *bundle, FILE *out)
{
	int width = 20;

	for (uint32_t i = 0; i < bundle->n; i++) {
		if ((int)strlen(bundle->strand[i].label) > width)
			width = (int)strlen(bundle->strand[i].label);
	}
	fprintf(out, "%-*s  %-6s%-4s%8s%9s%26s%26s%26s%9s\n", width, "latency [us]", "source", "dir", "n", "min",
		"median [95%]", "mean [95%]", "p99 [95%]", "max");
	for (uint32_t i = 0; i < bundle->n; i++) {
		const struct ws_strand *strand = &bundle->strand[i];
		const struct ws_summary *summary = &strand->sample.summary;
		char min[32], max[32], text[3][WS_ESTIMATE_MAX];

		fprintf(out, "%-*s  %-6s%-4s%8" PRIu64 "%9s%26s%26s%26s%9s\n", width, strand->label,
			ws_source_name(strand->source), ws_way_name(strand->way), strand->sample.n,
			ws_summary_number((double)summary->min / 1e3, min),
			ws_summary_estimate(&summary->median, WS_UNIT_US, text[0]),
			ws_summary_mean(&strand->sample, WS_UNIT_US, text[1]),
			ws_summary_estimate(&summary->p99, WS_UNIT_US, text[2]),
			ws_summary_number((double)summary->max / 1e3, max));
	}
	for (uint32_t i = 0; i < bundle->n; i++) {
		const struct ws_strand *strand = &bundle->strand[i];
		char text[WS_ESTIMATE_MAX];

		if (strand->sample.n_rounds > 1)
			fprintf(out, "%s, %s %s: rounds and their medians %s us\n", strand->label,
				ws_source_name(strand->source), ws_way_name(strand->way),
				ws_summary_rounds(&strand->sample, WS_UNIT_US, text));
	}
	fputc('\n', out);
	for (uint32_t i = 0; i < bundle->campaign->n_runs; i++)
		print_exceptions(&bundle->campaign->run[i], out);
}

int ws_bundle_print(const struct ws_bundle *bundle, enum ws_format format, FILE *out)
{
	if (format == WS_FORMAT_JSON)
		return print_json(bundle, out);
	if (format == WS_FORMAT_TSV)
		print_tsv(bundle, out);
	else
		print_table(bundle, out);
	return 0;
}

static int write_curve(const struct ws_strand *strand, FILE *out)
{
	char panel[2 * WS_LABEL_MAX];

	snprintf(panel, sizeof(panel), "%s, %s", ws_way_name(strand->way), strand->panel);
	return ws_curve_write_drawn(&(struct ws_curve) { { panel, strand->method },
							 strand->sample.at,
							 strand->sample.n,
							 WS_CURVE_PANEL_MAX,
							 strand->sample.summary.dkw_eps,
							 3 },
				    out);
}

int ws_bundle_write_panels(const struct ws_bundle *bundle, FILE *out)
{
	bool *done = calloc((size_t)bundle->n + 1, sizeof(*done));
	int rc = 0;

	if (!done)
		return -ENOMEM;
	fputs("# latency between the tracing points as distribution functions with their 95% bands (DKW)\n"
	      "# panel\tcurve\tlatency_us\tcdf\tdkw_low\tdkw_high\n",
	      out);
	for (uint32_t i = 0; i < bundle->n; i++) {
		const struct ws_strand *first = &bundle->strand[i];

		for (uint32_t k = i; k < bundle->n && !done[i]; k++) {
			const struct ws_strand *strand = &bundle->strand[k];

			if (done[k] || strand->way != first->way || strcmp(strand->panel, first->panel))
				continue;
			done[k] = k != i;
			rc = rc ? rc : write_curve(strand, out);
		}
	}
	free(done);
	return rc;
}

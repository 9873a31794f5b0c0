/* SPDX-License-Identifier: BSD-2-Clause */
/* cdf - see cdf.h. */
#include "analyze/cdf.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "analyze/coverage.h"
#include "analyze/json.h"
#include "analyze/latency_words.h"
#include "analyze/whereabouts.h"

/* Columns of the table: what a row is, and one a series. */
#define LABEL_WIDTH 20
#define CELL_WIDTH  21

static json_t *unmatched_json(const struct ws_join *join)
{
	json_t *object = json_object();

	for (int side = 0; side < WS_N_SIDES; side++) {
		for (unsigned int cause = 0; cause < join->n_causes; cause++) {
			char key[64];

			snprintf(key, sizeof(key), "%s_%s", ws_side_name(side), ws_cause_name(cause));
			json_object_set_new(object, key, json_integer((json_int_t)join->n_cause[side][cause]));
		}
	}
	return object;
}

static json_t *series_json(const struct ws_cdf *cdf, const struct ws_series *series)
{
	const struct ws_join *join = &cdf->study->view[series->source].join;
	json_t *object = json_pack("{s:s, s:s}", "source", ws_source_name(series->source), "direction",
				   ws_way_name(series->way));
	int rc = !object;

	rc = rc ? rc : ws_latency_json(&series->summary, join->n_class[series->way], object);
	rc |= json_object_set_new(object, "unmatched", unmatched_json(join));
	if (rc) {
		json_decref(object);
		return NULL;
	}
	return object;
}

static json_t *difference_json(enum ws_way way, const struct ws_difference *d)
{
	return json_pack("{s:s, s:I, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "direction", ws_way_name(way), "n",
			 (json_int_t)d->n, "mean_diff_us", ws_json_real(d->mean_ns / 1000), "median_diff_us",
			 ws_json_signed_us(d->median_ns), "median_diff_ci_low_us",
			 d->has_interval ? ws_json_signed_us(d->median_low_ns) : json_null(), "median_diff_ci_high_us",
			 d->has_interval ? ws_json_signed_us(d->median_high_ns) : json_null(), "p05_diff_us",
			 ws_json_signed_us(d->p05_ns), "p25_diff_us", ws_json_signed_us(d->p25_ns), "p75_diff_us",
			 ws_json_signed_us(d->p75_ns), "p95_diff_us", ws_json_signed_us(d->p95_ns));
}

static json_t *agreement_json(const struct ws_agreement *agreement)
{
	json_t *object, *list = json_array();

	if (!agreement) {
		json_decref(list);
		return json_null();
	}
	for (int way = 0; way < WS_N_WAYS; way++) {
		if (agreement->way[way].n)
			json_array_append_new(list, difference_json(way, &agreement->way[way]));
	}
	object = json_pack("{s:I, s:I, s:I, s:I, s:o}", "n", (json_int_t)agreement->n, "n_ebpf_only",
			   (json_int_t)agreement->n_ebpf_only, "n_pcap_only", (json_int_t)agreement->n_pcap_only,
			   "n_direction_differs", (json_int_t)agreement->n_way_differs, "directions", list);
	return object;
}

static json_t *input_json(const struct ws_file *file)
{
	return json_pack("{s:s, s:o, s:o, s:o}", "source", ws_source_name(file->source), "point",
			 ws_json_text(file->point), "path", ws_json_text(file->path), "content_hash",
			 ws_json_text(file->content_hash));
}

/* The files that the numbers were made from, and sources that could not be joined. */
static int add_inputs(const struct ws_study *study, json_t *document)
{
	json_t *inputs = json_array(), *missing = json_array();
	int rc = 0;

	for (int source = 0; source < WS_N_SOURCES; source++) {
		const struct ws_view *view = &study->view[source];

		for (int side = 0; side < WS_N_SIDES && view->joined; side++) {
			for (uint32_t i = 0; i < view->n_files[side]; i++)
				rc |= json_array_append_new(inputs, input_json(&view->file[side][i]));
		}
		if (view->present && !view->joined)
			rc |= json_array_append_new(missing, json_pack("{s:s, s:o}", "source", ws_source_name(source),
								       "why", ws_json_text(view->why)));
	}
	rc |= json_object_set_new(document, "not_joined", missing);
	rc |= json_object_set_new(document, "inputs", inputs);
	return rc;
}

static int print_json(const struct ws_cdf *cdf, FILE *out)
{
	json_t *document = json_object(), *list = json_array();
	int rc = 0;

	for (uint32_t i = 0; i < cdf->set->n; i++)
		rc |= json_array_append_new(list, series_json(cdf, &cdf->set->at[i]));
	rc |= json_object_set_new(document, "series", list);
	rc |= json_object_set_new(document, "agreement", agreement_json(cdf->agreement));
	if (cdf->study->rounding > 0)
		rc |= json_object_set_new(document, "max_relative_rounding", json_real(cdf->study->rounding));
	rc |= add_inputs(cdf->study, document);
	if (rc) {
		json_decref(document);
		return -ENOMEM;
	}
	return ws_json_print(document, out);
}

static int print_tsv(const struct ws_cdf *cdf, FILE *out)
{
	fprintf(out, "# latency between the tracing points; intervals at 95%%, NaN where none exists for this n\n");
	ws_whereabouts_print(cdf->study, "# ", out);
	ws_latency_put_rounding(cdf->study->rounding, out);
	fputs("# source\tdirection\t", out);
	ws_latency_put_tsv_names(out);
	for (uint32_t i = 0; i < cdf->set->n; i++) {
		const struct ws_series *series = &cdf->set->at[i];

		fprintf(out, "%s\t%s\t", ws_source_name(series->source), ws_way_name(series->way));
		ws_latency_put_tsv(&series->summary, out);
	}
	return 0;
}

/* Microseconds with four figures that mean something. */
static const char *us_text(double us, char text[32])
{
	double size = us < 0 ? -us : us;

	snprintf(text, 32, "%.*f", size >= 1000 ? 0 : size >= 100 ? 1 : size >= 10 ? 2 : 3, us);
	return text;
}

static void print_us(double us, FILE *out)
{
	char text[32];

	fprintf(out, "%*s", CELL_WIDTH, us_text(us, text));
}

static void print_quantile(const struct ws_series_set *set, int q, FILE *out)
{
	fprintf(out, "%-*s", LABEL_WIDTH, ws_latency_quantile_name(q));
	for (uint32_t i = 0; i < set->n; i++)
		print_us((double)ws_latency_quantile(&set->at[i].summary, q)->value / 1000, out);
	fprintf(out, "\n%-*s", LABEL_WIDTH, "  95% interval");
	for (uint32_t i = 0; i < set->n; i++) {
		const struct ws_estimate *estimate = ws_latency_quantile(&set->at[i].summary, q);
		char low[32], high[32], cell[80] = "n too small";

		if (estimate->has_interval)
			snprintf(cell, sizeof(cell), "%s .. %s", us_text((double)estimate->low / 1000, low),
				 us_text((double)estimate->high / 1000, high));
		fprintf(out, "%*s", CELL_WIDTH, cell);
	}
	fputc('\n', out);
}

static void print_summary(const struct ws_series_set *set, FILE *out)
{
	fprintf(out, "%-*s", LABEL_WIDTH, "latency [us]");
	for (uint32_t i = 0; i < set->n; i++)
		fprintf(out, "%*s %s", CELL_WIDTH - 3, ws_source_name(set->at[i].source), ws_way_name(set->at[i].way));
	fprintf(out, "\n%-*s", LABEL_WIDTH, "n");
	for (uint32_t i = 0; i < set->n; i++)
		fprintf(out, "%*" PRIu64, CELL_WIDTH, set->at[i].n);
	fprintf(out, "\n%-*s", LABEL_WIDTH, "min");
	for (uint32_t i = 0; i < set->n; i++)
		print_us((double)set->at[i].summary.min / 1000, out);
	fprintf(out, "\n%-*s", LABEL_WIDTH, "mean");
	for (uint32_t i = 0; i < set->n; i++)
		print_us(set->at[i].summary.mean / 1000, out);
	fputc('\n', out);
	for (int q = 0; q < WS_LATENCY_QUANTILES; q++)
		print_quantile(set, q, out);
	fprintf(out, "%-*s", LABEL_WIDTH, "max");
	for (uint32_t i = 0; i < set->n; i++)
		print_us((double)set->at[i].summary.max / 1000, out);
	fprintf(out, "\n%-*s", LABEL_WIDTH, "CDF band (DKW 95%)");
	for (uint32_t i = 0; i < set->n; i++)
		fprintf(out, "%*s%.4f", CELL_WIDTH - 6, "+- ", set->at[i].summary.dkw_eps);
	fputc('\n', out);
}

static void print_classes(const struct ws_cdf *cdf, FILE *out)
{
	const struct ws_series_set *set = cdf->set;

	for (unsigned int class = 0; class < WS_N_CLASSES; class ++) {
		uint64_t n = 0;

		for (uint32_t i = 0; i < set->n; i++)
			n += cdf->study->view[set->at[i].source].join.n_class[set->at[i].way][class];
		if (!n && class)
			continue;
		/* The longest names are longer than the label: they push the first number. */
		fprintf(out, "%-*s", LABEL_WIDTH, ws_class_name(class));
		for (uint32_t i = 0; i < set->n; i++) {
			int pushed = i ? 0 : (int)strlen(ws_class_name(class)) - LABEL_WIDTH;

			fprintf(out, "%*" PRIu64, CELL_WIDTH - (pushed > 0 ? pushed : 0),
				cdf->study->view[set->at[i].source].join.n_class[set->at[i].way][class]);
		}
		fputc('\n', out);
	}
}

static void print_unmatched(const struct ws_study *study, FILE *out)
{
	for (int source = 0; source < WS_N_SOURCES; source++) {
		const struct ws_join *join = &study->view[source].join;

		for (int side = 0; side < WS_N_SIDES && join->n_strays; side++) {
			for (int cause = 0; cause < WS_N_CAUSES; cause++) {
				if (join->n_cause[side][cause])
					fprintf(out, "unmatched: %s, %" PRIu64 " seen at %s only: %s\n",
						ws_source_name(source), join->n_cause[side][cause], ws_side_name(side),
						ws_cause_name(cause));
			}
		}
	}
}

static void print_agreement(const struct ws_agreement *agreement, FILE *out)
{
	fprintf(out,
		"\neBPF minus pcap [us], the same packets: %" PRIu64 " in both, %" PRIu64 " only in eBPF, %" PRIu64
		" only in pcap, %" PRIu64 " with opposite directions\n",
		agreement->n, agreement->n_ebpf_only, agreement->n_pcap_only, agreement->n_way_differs);
	fprintf(out, "%-12s%12s%12s%12s%12s%24s%12s%12s\n", "direction", "n", "p05", "p25", "median", "95% interval",
		"p75", "p95");
	for (int way = 0; way < WS_N_WAYS; way++) {
		const struct ws_difference *d = &agreement->way[way];
		char text[6][32], interval[80] = "n too small";

		if (!d->n)
			continue;
		if (d->has_interval)
			snprintf(interval, sizeof(interval), "%s .. %s",
				 us_text((double)d->median_low_ns / 1000, text[0]),
				 us_text((double)d->median_high_ns / 1000, text[1]));
		fprintf(out, "%-12s%12" PRIu64 "%12s%12s%12s%24s", ws_way_name(way), d->n,
			us_text((double)d->p05_ns / 1000, text[2]), us_text((double)d->p25_ns / 1000, text[3]),
			us_text((double)d->median_ns / 1000, text[4]), interval);
		fprintf(out, "%12s%12s\n", us_text((double)d->p75_ns / 1000, text[2]),
			us_text((double)d->p95_ns / 1000, text[3]));
	}
}

static int print_table(const struct ws_cdf *cdf, FILE *out)
{
	char text[WS_COVERAGE_MAX];

	ws_whereabouts_print(cdf->study, "", out);
	if (cdf->set->n) {
		print_summary(cdf->set, out);
		fputc('\n', out);
		print_classes(cdf, out);
	} else {
		fprintf(out, "no pairs: no packet with a context was seen at both points\n");
	}
	print_unmatched(cdf->study, out);
	if (cdf->agreement)
		print_agreement(cdf->agreement, out);
	ws_coverage_join(cdf->study, text);
	fprintf(out, "\n%s\n", text);
	ws_coverage_files(cdf->study, text);
	ws_coverage_warnings(cdf->study, text);
	fprintf(out, "%s\n", text);
	return 0;
}

int ws_cdf_print(const struct ws_cdf *cdf, enum ws_format format, FILE *out)
{
	switch (format) {
	case WS_FORMAT_JSON:
		return print_json(cdf, out);
	case WS_FORMAT_TSV:
		return print_tsv(cdf, out);
	default:
		return print_table(cdf, out);
	}
}

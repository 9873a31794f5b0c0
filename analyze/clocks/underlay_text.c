/* SPDX-License-Identifier: BSD-2-Clause */
/* underlay_text - see underlay.h: table, TSV, JSON, and what the figure draws. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/clocks/alignment.h"
#include "analyze/curve.h"
#include "analyze/figure.h"
#include "analyze/json.h"
#include "analyze/radix.h"
#include "analyze/terminal.h"
#include "analyze/clocks/underlay.h"

/* Room for a number with its bound. */
#define CELL_MAX 80

/* Columns of a node's or service's name. */
#define NAME_WIDTH 28

static bool is_one_way(const struct ws_underlay_row *row)
{
	return row->what != WS_UNDERLAY_ROUND_TRIP;
}

/* "43.112", and with clocks in it "43.112 +- 12.300". */
static const char *cell(const struct ws_delay_quantile *quantile, bool one_way, char text[CELL_MAX])
{
	if (one_way)
		snprintf(text, CELL_MAX, "%.3f +- %.3f", (double)quantile->value_ns / 1e3,
			 (double)quantile->bound_ns / 1e3);
	else
		snprintf(text, CELL_MAX, "%.3f", (double)quantile->value_ns / 1e3);
	return text;
}

static void print_row(const struct ws_underlay_row *row, FILE *out)
{
	const struct ws_terminal terminal = ws_terminal_find(out);
	bool one_way = is_one_way(row);
	int width = one_way ? 22 : 14;
	char text[5][CELL_MAX], interval[CELL_MAX] = "-";

	if (row->median.has_interval)
		snprintf(interval, sizeof(interval), "%.3f .. %.3f", (double)row->median.low_ns / 1e3,
			 (double)row->median.high_ns / 1e3);
	fputs("  ", out);
	ws_terminal_put(&terminal, row->from, NAME_WIDTH, true, out);
	fputs(" -> ", out);
	ws_terminal_put(&terminal, row->to, NAME_WIDTH, true, out);
	fprintf(out, "%9" PRIu32 "%*s%*s%24s%*s%*s%*s\n", row->n, width, cell(&row->min, one_way, text[0]), width,
		cell(&row->median, one_way, text[1]), interval, width, cell(&row->p90, one_way, text[2]), width,
		cell(&row->p99, one_way, text[3]), width, cell(&row->max, one_way, text[4]));
}

static void print_title(const struct ws_underlay *underlay, const struct ws_underlay_row *row, FILE *out)
{
	char title[CELL_MAX];
	bool one_way = row->what != WS_UNDERLAY_ROUND_TRIP;
	int width = one_way ? 22 : 14;

	snprintf(title, sizeof(title), "%s%s%s%s",
		 row->scope == WS_UNDERLAY_NODES ? "nodes: " : "services: ", ws_underlay_what_name(row->what),
		 one_way ? ", clocks by " : "", one_way ? ws_align_name(underlay->align) : "");
	fprintf(out, "%-62s%9s%*s%*s%24s%*s%*s%*s\n", title, "n", width, "min [us]", width, "median", "[95%]", width,
		"p90", width, "p99", width, "max");
}

static void print_notes(const struct ws_underlay *underlay, FILE *out)
{
	if (underlay->align == WS_ALIGN_NONE && underlay->n_packets)
		fputs("one way is not told: it takes two nodes' clocks. --align packets, chrony or ptp brings them "
		      "together\n",
		      out);
	else if (underlay->n_unbound)
		fprintf(out,
			"of %" PRIu64 " packets one way is not told: --align %s does not relate their nodes' clocks\n",
			underlay->n_unbound, ws_align_name(underlay->align));
	if (underlay->align != WS_ALIGN_NONE && underlay->n_packets > underlay->n_unbound)
		fputs("+-: what the clocks leave open; the true quantile is within it, even where it reads below "
		      "zero; [95%]: of the sample alone, without it\n",
		      out);
	if (underlay->n_unpaired)
		fprintf(out,
			"%" PRIu64 " calls have no response at both NICs: there and back takes one; record with "
			"--responses\n",
			underlay->n_unpaired);
	if (underlay->n_repeated)
		fprintf(out, "%" PRIu64 " calls with repeated packets left out\n", underlay->n_repeated);
}

static void print_table(const struct ws_underlay *underlay, FILE *out)
{
	const struct ws_underlay_row *last = NULL;

	for (uint32_t i = 0; i < underlay->n_rows; i++) {
		const struct ws_underlay_row *row = &underlay->row[i];

		if (!last || last->scope != row->scope || last->what != row->what)
			print_title(underlay, row, out);
		print_row(row, out);
		last = row;
	}
	print_notes(underlay, out);
}

static void tsv_quantile(const struct ws_delay_quantile *quantile, bool one_way, FILE *out)
{
	fprintf(out, "\t%.3f", (double)quantile->value_ns / 1e3);
	if (quantile->has_interval)
		fprintf(out, "\t%.3f\t%.3f", (double)quantile->low_ns / 1e3, (double)quantile->high_ns / 1e3);
	else
		fputs("\tNaN\tNaN", out);
	fprintf(out, "\t%.3f", one_way ? (double)quantile->bound_ns / 1e3 : 0.0);
}

static void print_tsv(const struct ws_underlay *underlay, FILE *out)
{
	static const char *const name[] = { "min", "median", "p90", "p99", "max" };

	fprintf(out,
		"# delay from NIC to NIC; clocks by %s: the true quantile is within clock_bound of what is told; "
		"intervals at 95%%, NaN where none exists for this n\n# scope\twhat\tfrom\tto\tn",
		ws_align_name(underlay->align));
	for (size_t i = 0; i < sizeof(name) / sizeof(*name); i++)
		fprintf(out, "\t%s_us\t%s_ci_low_us\t%s_ci_high_us\t%s_clock_bound_us", name[i], name[i], name[i],
			name[i]);
	fputc('\n', out);
	for (uint32_t i = 0; i < underlay->n_rows; i++) {
		const struct ws_underlay_row *row = &underlay->row[i];
		bool one_way = is_one_way(row);

		fprintf(out, "%s\t%s\t", row->scope == WS_UNDERLAY_NODES ? "nodes" : "services",
			ws_underlay_what_name(row->what));
		ws_figure_put_name(out, row->from);
		fputc('\t', out);
		ws_figure_put_name(out, row->to);
		fprintf(out, "\t%" PRIu32, row->n);
		tsv_quantile(&row->min, one_way, out);
		tsv_quantile(&row->median, one_way, out);
		tsv_quantile(&row->p90, one_way, out);
		tsv_quantile(&row->p99, one_way, out);
		tsv_quantile(&row->max, one_way, out);
		fputc('\n', out);
	}
}

static json_t *quantile_json(const struct ws_delay_quantile *quantile, bool one_way)
{
	json_t *object = json_pack("{s:o, s:o}", "value_us", ws_json_signed_us(quantile->value_ns), "clock_bound_us",
				   ws_json_us(one_way ? quantile->bound_ns : 0));
	int rc = json_object_set_new(object, "ci_low_us",
				     quantile->has_interval ? ws_json_signed_us(quantile->low_ns) : json_null());

	rc |= json_object_set_new(object, "ci_high_us",
				  quantile->has_interval ? ws_json_signed_us(quantile->high_ns) : json_null());
	if (rc) {
		json_decref(object);
		return NULL;
	}
	return object;
}

static json_t *row_json(const struct ws_underlay_row *row)
{
	bool one_way = is_one_way(row);
	json_t *object = json_pack("{s:s, s:s, s:o, s:o, s:I}", "scope",
				   row->scope == WS_UNDERLAY_NODES ? "nodes" : "services", "what",
				   ws_underlay_what_name(row->what), "from", ws_json_text(row->from), "to",
				   ws_json_text(row->to), "n", (json_int_t)row->n);
	int rc = json_object_set_new(object, "min", quantile_json(&row->min, one_way));

	rc |= json_object_set_new(object, "median", quantile_json(&row->median, one_way));
	rc |= json_object_set_new(object, "p90", quantile_json(&row->p90, one_way));
	rc |= json_object_set_new(object, "p99", quantile_json(&row->p99, one_way));
	rc |= json_object_set_new(object, "max", quantile_json(&row->max, one_way));
	if (rc) {
		json_decref(object);
		return NULL;
	}
	return object;
}

static int print_json(const struct ws_underlay *underlay, FILE *out)
{
	json_t *document = json_pack("{s:s, s:I, s:I, s:I, s:I}", "align", ws_align_name(underlay->align),
				     "packets_from_nic_to_nic", (json_int_t)underlay->n_packets,
				     "packets_between_unrelated_clocks", (json_int_t)underlay->n_unbound,
				     "calls_with_repeated_packets", (json_int_t)underlay->n_repeated,
				     "calls_without_response", (json_int_t)underlay->n_unpaired);
	json_t *list = json_array();
	int rc = !document;

	for (uint32_t i = 0; i < underlay->n_rows; i++)
		rc |= json_array_append_new(list, row_json(&underlay->row[i]));
	rc |= json_object_set_new(document, "delays", list);
	if (rc) {
		json_decref(document);
		return -ENOMEM;
	}
	return ws_json_print(document, out);
}

int ws_underlay_print(const struct ws_underlay *underlay, enum ws_format format, FILE *out)
{
	if (format == WS_FORMAT_JSON)
		return print_json(underlay, out);
	if (format == WS_FORMAT_TABLE)
		print_table(underlay, out);
	else
		print_tsv(underlay, out);
	return 0;
}

/* Writes one row's curve. What is below zero, by less than the stamps are good for, is drawn at zero. */
static int write_curve(const struct ws_underlay_row *row, FILE *out)
{
	uint64_t *delay_ns = malloc(row->n * sizeof(*delay_ns));
	char curve[256];
	int rc;

	if (!delay_ns)
		return -ENOMEM;
	for (uint32_t i = 0; i < row->n; i++)
		delay_ns[i] = ws_radix_unbias(row->value[i]) < 0 ? 0 : (uint64_t)ws_radix_unbias(row->value[i]);
	snprintf(curve, sizeof(curve), "%s - %s", row->from, row->to);
	rc = ws_curve_write_drawn(&(struct ws_curve) { { "there and back between NICs", curve },
						       delay_ns,
						       row->n,
						       WS_CURVE_PANEL_MAX,
						       ws_dkw_eps(row->n, WS_ALPHA),
						       3 },
				  out);
	free(delay_ns);
	return rc;
}

int ws_underlay_write_panels(const struct ws_underlay *underlay, FILE *out)
{
	int rc = 0;

	fputs("# delay of the network there and back between two NICs, as distribution functions with their 95% bands "
	      "(DKW)\n# panel\tcurve\tdelay_us\tcdf\tdkw_low\tdkw_high\n",
	      out);
	for (uint32_t i = 0; i < underlay->n_rows && !rc; i++) {
		const struct ws_underlay_row *row = &underlay->row[i];

		if (row->scope == WS_UNDERLAY_NODES && row->what == WS_UNDERLAY_ROUND_TRIP)
			rc = write_curve(row, out);
	}
	return rc;
}

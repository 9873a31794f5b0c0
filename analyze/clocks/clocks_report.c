/* SPDX-License-Identifier: BSD-2-Clause */
/* clocks_report - see clocks_report.h: numbers, table and TSV; clocks_json.c has the JSON. */
#include "analyze/clocks/clocks_report.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/clocks/clocks_inner.h"
#include "analyze/figure.h"
#include "analyze/radix.h"
#include "analyze/statistics.h"
#include "analyze/terminal.h"

int ws_knots_summarize(const struct ws_clock_knot *knot, uint32_t n_knots, struct ws_knots_summary *summary)
{
	struct ws_knots_summary made = { 0 };
	uint64_t *bound = malloc(((size_t)n_knots + 1) * sizeof(*bound));
	int rc;

	if (!bound)
		return -ENOMEM;
	for (uint32_t i = 0; i < n_knots; i++)
		bound[i] = knot[i].bound_ns;
	rc = ws_radix_sort(bound, n_knots);
	if (!rc && n_knots) {
		made.at_ns = knot->at_ns + (int64_t)(((uint64_t)knot[n_knots - 1].at_ns - (uint64_t)knot->at_ns) / 2);
		made.correction_ns = ws_clock_knots_at(knot, n_knots, made.at_ns, &made.bound_ns);
		made.least_bound_ns = bound[0];
		made.median_bound_ns = bound[ws_quantile_rank(n_knots, WS_MEDIAN) - 1];
		made.largest_bound_ns = bound[n_knots - 1];
	}
	free(bound);
	if (!rc)
		*summary = made;
	return rc;
}

/* The last word of a method on a node, or NULL. */
static const struct ws_clock_word *find_word(const struct ws_atlas *atlas, uint32_t node, const char *method)
{
	const struct ws_clock_word *word = NULL;

	for (uint32_t i = 0; i < atlas->n_clock_words; i++) {
		if (atlas->clock_word[i].node == node && !strcmp(atlas->clock_word[i].method, method))
			word = &atlas->clock_word[i];
	}
	return word;
}

struct ws_words_compared ws_words_compare(const struct ws_clocks_report *report, uint32_t node, const char *method,
					  const struct ws_knots_summary *summary)
{
	uint32_t reference = report->clocks->node[node].reference;
	const struct ws_clock_word *own = find_word(report->atlas, node, method);
	const struct ws_clock_word *other = find_word(report->atlas, reference, method);
	struct ws_words_compared compared = { .known = own && other && node != reference };
	uint64_t allowed, apart;
	int64_t correction_ns;

	if (!compared.known)
		return compared;
	compared.known = !__builtin_sub_overflow(own->offset_ns, other->offset_ns, &correction_ns);
	compared.correction_ns = correction_ns;
	compared.bound_ns = ws_clock_bounds_add(own->bound_ns, other->bound_ns);
	allowed = ws_clock_bounds_add(compared.bound_ns, summary->bound_ns);
	apart = correction_ns > summary->correction_ns ? (uint64_t)correction_ns - (uint64_t)summary->correction_ns
						       : (uint64_t)summary->correction_ns - (uint64_t)correction_ns;
	compared.agrees = apart <= allowed;
	return compared;
}

/* Microseconds with three digits behind the point: exact to the ns. */
static const char *us(int64_t ns, char text[32])
{
	uint64_t size = ns < 0 ? -(uint64_t)ns : (uint64_t)ns;

	snprintf(text, 32, "%s%" PRIu64 ".%03u", ns < 0 ? "-" : "", size / 1000, (unsigned int)(size % 1000));
	return text;
}

static const char *us_bound(uint64_t ns, char text[32])
{
	if (ns == WS_CLOCK_UNBOUND || ns > INT64_MAX)
		snprintf(text, 32, "-");
	else
		us((int64_t)ns, text);
	return text;
}

static const char *us_round_trip(int64_t ns, char text[32])
{
	return us_bound(ns == INT64_MAX ? WS_CLOCK_UNBOUND : (uint64_t)(ns < 0 ? 0 : ns), text);
}

/* A node, or one node against another. */
struct row {
	const char *name;
	const char *other;
	const struct ws_knots_summary *summary;
	double drift_ppm;
	const uint64_t *n_crossings;
	int64_t min_round_trip_ns;
	uint32_t n_jumps;
};

static void print_row(const struct row *row, int width, FILE *out)
{
	const struct ws_terminal terminal = ws_terminal_find(out);
	char text[5][32];

	ws_terminal_put(&terminal, row->name, (uint32_t)width, true, out);
	fputs("  ", out);
	ws_terminal_put(&terminal, row->other, (uint32_t)width, true, out);
	fprintf(out, "%20s%12.3f%12s%12s%12s%12s%10" PRIu64 "%10" PRIu64 "%7" PRIu32,
		us(-row->summary->correction_ns, text[0]), row->drift_ppm, us_bound(row->summary->bound_ns, text[1]),
		us_bound(row->summary->median_bound_ns, text[2]), us_bound(row->summary->largest_bound_ns, text[3]),
		us_round_trip(row->min_round_trip_ns, text[4]), row->n_crossings[0], row->n_crossings[1], row->n_jumps);
}

static void print_words(const struct ws_clocks_report *report, uint32_t node, const struct ws_knots_summary *summary,
			FILE *out)
{
	static const char *const method[] = { "chrony", "ptp" };
	char text[2][32];

	for (size_t i = 0; i < sizeof(method) / sizeof(*method); i++) {
		struct ws_words_compared compared = ws_words_compare(report, node, method[i], summary);

		if (compared.known)
			fprintf(out, "  %s: %s +- %s%s", method[i], us(-compared.correction_ns, text[0]),
				us_bound(compared.bound_ns, text[1]), compared.agrees ? "" : " DISAGREES");
	}
}

static void print_head(const char *first, const char *second, int width, FILE *out)
{
	fprintf(out, "%-*s  %-*s%20s%12s%12s%12s%12s%12s%10s%10s%7s\n", width, first, width, second, "offset [us]",
		"drift us/s", "+- [us]", "median +-", "max +-", "min r.t.", "to it", "from it", "jumps");
}

static int print_nodes(const struct ws_clocks_report *report, int width, FILE *out)
{
	const struct ws_clocks *clocks = report->clocks;
	struct ws_knots_summary summary;
	int rc = 0;

	print_head("node", "reference", width, out);
	for (uint32_t i = 0; i < clocks->n_nodes && !rc; i++) {
		const struct ws_clock_model *model = &clocks->node[i];

		rc = ws_knots_summarize(model->knot, model->n_knots, &summary);
		if (rc)
			break;
		print_row(&(struct row) { report->atlas->node[i],
					  model->bound_ns == WS_CLOCK_UNBOUND ? "-"
									      : report->atlas->node[model->reference],
					  &summary, model->drift_ppm, model->n_crossings, model->min_round_trip_ns,
					  model->n_jumps },
			  width, out);
		print_words(report, i, &summary, out);
		fputc('\n', out);
	}
	return rc;
}

static int print_pairs(const struct ws_clocks_report *report, int width, FILE *out)
{
	const struct ws_clocks *clocks = report->clocks;
	struct ws_knots_summary summary;
	int rc = 0;

	if (clocks->n_pairs)
		fputc('\n', out);
	if (clocks->n_pairs)
		print_head("node", "against", width, out);
	for (uint32_t i = 0; i < clocks->n_pairs && !rc; i++) {
		const struct ws_clock_pair *pair = &clocks->pair[i];

		rc = ws_knots_summarize(pair->knot, pair->n_knots, &summary);
		if (rc)
			break;
		print_row(&(struct row) { report->atlas->node[pair->node], report->atlas->node[pair->other], &summary,
					  pair->drift_ppm, pair->n_crossings, pair->min_round_trip_ns, pair->n_jumps },
			  width, out);
		fputc('\n', out);
		for (uint32_t k = 0; k < pair->n_jumps; k++) {
			const struct ws_clock_jump *jump = &pair->jump[k];
			char text[32];

			fprintf(out, "%-*s  jumped by %s us at %.3f s, give or take %.3f s\n", width, "",
				us(-jump->size_ns, text), (double)(jump->at_ns - pair->knot->at_ns) / 1e9,
				(double)jump->within_ns / 1e9);
		}
	}
	return rc;
}

static int print_table(const struct ws_clocks_report *report, FILE *out)
{
	const struct ws_crossings *crossings = report->crossings;
	int width = 10, rc;

	for (uint32_t i = 0; i < report->atlas->n_nodes; i++) {
		uint32_t columns = ws_terminal_width(report->atlas->node[i]);

		width = (int)columns > width && columns < 64 ? (int)columns : width;
	}
	rc = print_nodes(report, width, out);
	rc = rc ? rc : print_pairs(report, width, out);
	fprintf(out,
		"\noffset: the node's clock less the other one, in the middle of the run; +-: it is within, there; "
		"r.t.: delay there and back in the network\n"
		"%" PRIu64 " requests and %" PRIu64 " responses from NIC to NIC; %" PRIu64
		" calls within a node, %" PRIu64 " packets seen at one NIC only, %" PRIu64
		" calls with repeated packets left out\n",
		crossings->n_requests, crossings->n_responses, crossings->n_local, crossings->n_one_end,
		crossings->n_repeated);
	return rc;
}

static void tsv_row(const char *kind, const struct row *row, FILE *out)
{
	char text[6][32];

	fprintf(out, "%s\t", kind);
	ws_figure_put_name(out, row->name);
	fputc('\t', out);
	ws_figure_put_name(out, row->other);
	fprintf(out, "\t%s\t%.6f\t%s\t%s\t%s\t%s\t%s\t%" PRIu64 "\t%" PRIu64 "\t%" PRIu32 "\n",
		us(-row->summary->correction_ns, text[0]), row->drift_ppm, us_bound(row->summary->bound_ns, text[1]),
		us_bound(row->summary->least_bound_ns, text[2]), us_bound(row->summary->median_bound_ns, text[3]),
		us_bound(row->summary->largest_bound_ns, text[4]), us_round_trip(row->min_round_trip_ns, text[5]),
		row->n_crossings[0], row->n_crossings[1], row->n_jumps);
}

static int print_tsv(const struct ws_clocks_report *report, FILE *out)
{
	const struct ws_clocks *clocks = report->clocks;
	char *const *name = report->atlas->node;
	struct ws_knots_summary summary;
	int rc = 0;

	fprintf(out, "# clocks of nodes against their references, then of nodes that sent to each other; in the middle "
		     "of the run\n# kind\tnode\tother\toffset_us\tdrift_us_per_s\tbound_us\tbound_min_us\t"
		     "bound_median_us\tbound_max_us\tmin_round_trip_us\tpackets_to\tpackets_from\tjumps\n");
	for (uint32_t i = 0; i < clocks->n_nodes && !rc; i++) {
		const struct ws_clock_model *model = &clocks->node[i];

		rc = ws_knots_summarize(model->knot, model->n_knots, &summary);
		if (!rc)
			tsv_row("node",
				&(struct row) { name[i],
						model->bound_ns == WS_CLOCK_UNBOUND ? "-" : name[model->reference],
						&summary, model->drift_ppm, model->n_crossings,
						model->min_round_trip_ns, model->n_jumps },
				out);
	}
	for (uint32_t i = 0; i < clocks->n_pairs && !rc; i++) {
		const struct ws_clock_pair *pair = &clocks->pair[i];

		rc = ws_knots_summarize(pair->knot, pair->n_knots, &summary);
		if (!rc)
			tsv_row("pair",
				&(struct row) { name[pair->node], name[pair->other], &summary, pair->drift_ppm,
						pair->n_crossings, pair->min_round_trip_ns, pair->n_jumps },
				out);
	}
	return rc;
}

int ws_clocks_print(const struct ws_clocks_report *report, enum ws_format format, FILE *out)
{
	if (format == WS_FORMAT_JSON)
		return ws_clocks_print_json(report, out);
	return format == WS_FORMAT_TABLE ? print_table(report, out) : print_tsv(report, out);
}

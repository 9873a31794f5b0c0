/* SPDX-License-Identifier: BSD-2-Clause */
/* contrast - how a comparison is printed; see compare.h. */
#include <errno.h>
#include <inttypes.h>

#include "analyze/compare.h"
#include "analyze/json.h"
#include "analyze/summary.h"

static struct ws_unit unit_of(const struct ws_contrast *contrast)
{
	return contrast->is_end_to_end ? WS_UNIT_MS : WS_UNIT_US;
}

static int set_shift(json_t *object, const char *name, const struct ws_shift *shift, struct ws_unit unit)
{
	int rc = ws_summary_set(object, name, "", unit, true, (double)shift->shift_ns);

	rc |= ws_summary_set(object, name, "_ci_low", unit, shift->has_interval, (double)shift->low_ns);
	rc |= ws_summary_set(object, name, "_ci_high", unit, shift->has_interval, (double)shift->high_ns);
	return rc;
}

static json_t *contrast_json(const struct ws_contrast *contrast)
{
	static const char *const verdict[] = { "too_few", "no_difference_found", "shape_differs", "b_larger",
					       "b_smaller" };
	const struct ws_comparison *c = &contrast->comparison;
	struct ws_unit unit = unit_of(contrast);
	char words[WS_VERDICT_WORDS_MAX];
	json_t *object = json_pack("{s:s, s:I, s:I, s:f, s:f}", "quantity", ws_contrast_name(contrast), "n_a",
				   (json_int_t)c->n_a, "n_b", (json_int_t)c->n_b, "effective_n_a",
				   contrast->sample[0].effective_n, "effective_n_b", contrast->sample[1].effective_n);
	int rc = !object;

	for (int k = 0; k < 2 && !contrast->is_end_to_end; k++)
		rc |= json_object_set_new(object, k ? "source_b" : "source_a",
					  json_string(ws_source_name(contrast->source[k])));
	rc |= ws_summary_set(object, "median", "_a", unit, true, (double)contrast->sample[0].summary.median.value);
	rc |= ws_summary_set(object, "median", "_b", unit, true, (double)contrast->sample[1].summary.median.value);
	rc |= set_shift(object, "median_shift", &c->median, unit);
	rc |= set_shift(object, "p90_shift", &c->p90, unit);
	rc |= set_shift(object, "p99_shift", &c->p99, unit);
	rc |= json_object_set_new(object, "ks_d", json_real(c->distance.d));
	rc |= json_object_set_new(object, "ks_p", json_real(c->distance.p));
	rc |= json_object_set_new(object, "ks_p_exact", json_boolean(c->distance.p_is_exact));
	rc |= ws_summary_set(object, "wasserstein", "", unit, true, c->distance.wasserstein_ns);
	rc |= json_object_set_new(object, "verdict", json_string(verdict[c->verdict]));
	ws_verdict_words(c, unit, words, sizeof(words));
	rc |= json_object_set_new(object, "words", json_string(words));
	if (rc) {
		json_decref(object);
		return NULL;
	}
	return object;
}

static int set_signed(json_t *object, const char *name, const struct ws_signed_estimate *estimate)
{
	int rc = ws_summary_set(object, name, "", WS_UNIT_US, true, (double)estimate->ns);

	rc |= ws_summary_set(object, name, "_ci_low", WS_UNIT_US, estimate->has_interval, (double)estimate->low_ns);
	rc |= ws_summary_set(object, name, "_ci_high", WS_UNIT_US, estimate->has_interval, (double)estimate->high_ns);
	return rc;
}

static int set_limit(json_t *object, const char *name, const struct ws_limit *limit, bool known)
{
	int rc = ws_summary_set(object, name, "", WS_UNIT_US, known, limit->ns);

	rc |= ws_summary_set(object, name, "_ci_low", WS_UNIT_US, known, limit->low_ns);
	rc |= ws_summary_set(object, name, "_ci_high", WS_UNIT_US, known, limit->high_ns);
	return rc;
}

static json_t *same_json(const struct ws_same_packets *same)
{
	const struct ws_bland_altman *agreement = &same->agreement;
	json_t *object = json_pack("{s:s, s:I}", "direction", ws_way_name(same->way), "n", (json_int_t)same->n);
	int rc = !object;

	rc |= set_signed(object, "median_diff", &agreement->median);
	rc |= set_signed(object, "p025_diff", &agreement->p025);
	rc |= set_signed(object, "p975_diff", &agreement->p975);
	rc |= set_limit(object, "bias", &agreement->bias, true);
	rc |= ws_summary_set(object, "sd_diff", "", WS_UNIT_US, agreement->has_spread, agreement->sd_ns);
	rc |= set_limit(object, "limit_low", &agreement->lower, agreement->has_spread);
	rc |= set_limit(object, "limit_high", &agreement->upper, agreement->has_spread);
	rc |= json_object_set_new(object, "trend_slope",
				  same->has_trend ? ws_json_real(same->trend.slope) : json_null());
	rc |= json_object_set_new(object, "trend_correlation",
				  same->has_trend ? ws_json_real(same->trend.correlation) : json_null());
	if (rc) {
		json_decref(object);
		return NULL;
	}
	return object;
}

static json_t *selection_json(const struct ws_selection *selection)
{
	json_t *runs = json_array(), *mixed = json_array();

	for (uint32_t i = 0; i < selection->cell.n_runs; i++)
		json_array_append_new(runs, ws_json_text(selection->campaign.run[selection->cell.run[i]].name));
	for (const char *key = ws_selection_mixes(selection, NULL); key; key = ws_selection_mixes(selection, key))
		json_array_append_new(mixed, ws_json_text(key));
	return json_pack("{s:o, s:o, s:o}", "operand", ws_json_text(selection->operand), "runs", runs, "mixed", mixed);
}

static int print_json(const struct ws_compare *compare, FILE *out)
{
	json_t *document = json_object(), *list = json_array(), *same = json_array();
	int rc = json_object_set_new(document, "a", selection_json(compare->a));

	rc |= json_object_set_new(document, "b", selection_json(compare->b));
	rc |= json_object_set_new(document, "runs_in_common",
				  json_integer(ws_selections_common(compare->a, compare->b)));
	for (uint32_t i = 0; i < compare->n; i++)
		rc |= json_array_append_new(list, contrast_json(&compare->contrast[i]));
	for (uint32_t i = 0; i < compare->n_same; i++)
		rc |= json_array_append_new(same, same_json(&compare->same[i]));
	rc |= json_object_set_new(document, "comparisons", list);
	rc |= json_object_set_new(document, "same_packets", same);
	if (rc) {
		json_decref(document);
		return -ENOMEM;
	}
	return ws_json_print(document, out);
}

static void put_shift(const struct ws_shift *shift, struct ws_unit unit, FILE *out)
{
	fprintf(out, "\t%.6f", (double)shift->shift_ns / ws_unit_ns(unit));
	if (shift->has_interval)
		fprintf(out, "\t%.6f\t%.6f", (double)shift->low_ns / ws_unit_ns(unit),
			(double)shift->high_ns / ws_unit_ns(unit));
	else
		fputs("\tNaN\tNaN", out);
}

static void print_tsv(const struct ws_compare *compare, FILE *out)
{
	fputs("# B minus A; intervals at 95%, NaN where none exists for these n; units as in column unit\n"
	      "# quantity\tsource_a\tsource_b\tunit\tn_a\tn_b\tmedian_shift\tmedian_shift_ci_low\tmedian_shift_ci_high"
	      "\tp90_shift\tp90_shift_ci_low\tp90_shift_ci_high\tp99_shift\tp99_shift_ci_low\tp99_shift_ci_high"
	      "\tks_d\tks_p\twasserstein\n",
	      out);
	for (uint32_t i = 0; i < compare->n; i++) {
		const struct ws_contrast *contrast = &compare->contrast[i];
		const struct ws_comparison *c = &contrast->comparison;
		struct ws_unit unit = unit_of(contrast);

		fprintf(out, "%s\t%s\t%s\t%s\t%" PRIu64 "\t%" PRIu64, ws_contrast_name(contrast),
			contrast->is_end_to_end ? "-" : ws_source_name(contrast->source[0]),
			contrast->is_end_to_end ? "-" : ws_source_name(contrast->source[1]), unit.name, c->n_a, c->n_b);
		put_shift(&c->median, unit, out);
		put_shift(&c->p90, unit, out);
		put_shift(&c->p99, unit, out);
		fprintf(out, "\t%.6f\t%.6g\t%.6f\n", c->distance.d, c->distance.p,
			c->distance.wasserstein_ns / ws_unit_ns(unit));
	}
}

static void print_shift(const char *name, const struct ws_shift *shift, struct ws_unit unit, FILE *out)
{
	char text[3][32];

	fprintf(out, "  %-8s shift %s %s", name, ws_summary_number((double)shift->shift_ns / ws_unit_ns(unit), text[0]),
		unit.name);
	if (shift->has_interval)
		fprintf(out, " [%s, %s]\n", ws_summary_number((double)shift->low_ns / ws_unit_ns(unit), text[1]),
			ws_summary_number((double)shift->high_ns / ws_unit_ns(unit), text[2]));
	else
		fputs(" [n too small]\n", out);
}

static void print_contrast(const struct ws_contrast *contrast, FILE *out)
{
	const struct ws_comparison *c = &contrast->comparison;
	struct ws_unit unit = unit_of(contrast);
	char words[WS_VERDICT_WORDS_MAX], text[2][WS_ESTIMATE_MAX], number[32], caution[WS_CAUTION_MAX];

	fputs(ws_contrast_name(contrast), out);
	if (!contrast->is_end_to_end)
		fprintf(out, ", A by %s, B by %s", ws_source_name(contrast->source[0]),
			ws_source_name(contrast->source[1]));
	ws_verdict_words(c, unit, words, sizeof(words));
	fprintf(out, ": %s%s.\n", words,
		contrast->source[0] == contrast->source[1]
			? ws_summary_caution(&contrast->sample[0], &contrast->sample[1], unit, caution)
			: "");
	fprintf(out, "  median   A %s, B %s %s\n",
		ws_summary_estimate(&contrast->sample[0].summary.median, unit, text[0]),
		ws_summary_estimate(&contrast->sample[1].summary.median, unit, text[1]), unit.name);
	print_shift("median", &c->median, unit, out);
	print_shift("p90", &c->p90, unit, out);
	print_shift("p99", &c->p99, unit, out);
	fprintf(out, "  Kolmogorov-Smirnov D = %.4f, p = %.3g (%s); Wasserstein-1 %s %s\n", c->distance.d,
		c->distance.p, c->distance.p_is_exact ? "exact" : "asymptotic",
		ws_summary_number(c->distance.wasserstein_ns / ws_unit_ns(unit), number), unit.name);
	fprintf(out, "  n = %" PRIu64 " and %" PRIu64 ", worth %.0f and %.0f independent requests\n", c->n_a, c->n_b,
		contrast->sample[0].effective_n, contrast->sample[1].effective_n);
}

static void print_signed(const char *name, const struct ws_signed_estimate *estimate, FILE *out)
{
	fprintf(out, "  %-16s %9.3f us", name, (double)estimate->ns / 1000);
	if (estimate->has_interval)
		fprintf(out, " [%.3f, %.3f]\n", (double)estimate->low_ns / 1000, (double)estimate->high_ns / 1000);
	else
		fputs(" [n too small]\n", out);
}

static void print_same(const struct ws_same_packets *same, FILE *out)
{
	const struct ws_bland_altman *agreement = &same->agreement;

	fprintf(out, "%s, the same %" PRIu64 " packets, B minus A:\n", ws_way_name(same->way), same->n);
	print_signed("median", &agreement->median, out);
	print_signed("percentile 2.5", &agreement->p025, out);
	print_signed("percentile 97.5", &agreement->p975, out);
	fprintf(out, "  %-16s %9.3f us", "mean (bias)", agreement->bias.ns / 1000);
	if (agreement->has_spread)
		fprintf(out, " [%.3f, %.3f], sd %.3f; limits of agreement, if normal: %.3f .. %.3f us",
			agreement->bias.low_ns / 1000, agreement->bias.high_ns / 1000, agreement->sd_ns / 1000,
			agreement->lower.ns / 1000, agreement->upper.ns / 1000);
	fputc('\n', out);
	if (same->has_trend)
		fprintf(out, "  trend: %.4f us for each us of latency (correlation %.2f)\n", same->trend.slope,
			same->trend.correlation);
}

/* What an operand is, and what is mixed in it. */
static void print_operand(const char *name, const struct ws_selection *selection, FILE *out)
{
	const char *separator = "; mixed: ";

	fprintf(out, "%s: %s (%" PRIu32 " runs", name, selection->operand, selection->cell.n_runs);
	for (const char *key = ws_selection_mixes(selection, NULL); key; key = ws_selection_mixes(selection, key)) {
		fprintf(out, "%s%s", separator, key);
		separator = ", ";
	}
	fputs(")\n", out);
}

static void print_table(const struct ws_compare *compare, FILE *out)
{
	uint32_t n_common = ws_selections_common(compare->a, compare->b);

	print_operand("A", compare->a, out);
	print_operand("B", compare->b, out);
	if (n_common && !compare->n_same)
		fprintf(out,
			"A and B have %" PRIu32
			" runs in common: they are not independent, and differences look smaller "
			"than they are\n",
			n_common);
	for (uint32_t i = 0; i < compare->n; i++) {
		fputc('\n', out);
		print_contrast(&compare->contrast[i], out);
	}
	for (uint32_t i = 0; i < compare->n_same; i++) {
		fputc('\n', out);
		print_same(&compare->same[i], out);
	}
	fputs("\nIntervals, bands and p-values take requests for independent draws; those of one load are not quite: "
	      "see "
	      "what n is worth.\n",
	      out);
}

int ws_compare_print(const struct ws_compare *compare, enum ws_format format, FILE *out)
{
	if (format == WS_FORMAT_JSON)
		return print_json(compare, out);
	if (format == WS_FORMAT_TSV)
		print_tsv(compare, out);
	else
		print_table(compare, out);
	return 0;
}

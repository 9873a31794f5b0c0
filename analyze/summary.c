/* SPDX-License-Identifier: BSD-2-Clause */
/* summary - see summary.h. */
#include "analyze/summary.h"

#include <inttypes.h>

#include "analyze/json.h"

/* The quantiles that are told. */
static const char *const quantile_name[] = { "median", "p90", "p99" };
#define N_QUANTILES 3

double ws_unit_ns(struct ws_unit unit)
{
	double ns = 1;

	for (int i = 0; i < unit.digits; i++)
		ns *= 10;
	return ns;
}

static const struct ws_estimate *quantile(const struct ws_sample *sample, int i)
{
	return i == 0 ? &sample->summary.median : i == 1 ? &sample->summary.p90 : &sample->summary.p99;
}

int ws_summary_set(json_t *object, const char *name, const char *middle, struct ws_unit unit, bool known, double ns)
{
	char key[64];

	snprintf(key, sizeof(key), "%s%s_%s", name, middle, unit.name);
	return json_object_set_new(object, key, ws_json_real_if(known, ns / ws_unit_ns(unit)));
}

int ws_summary_json(const struct ws_sample *sample, struct ws_unit unit, json_t *object)
{
	const struct ws_summary *summary = &sample->summary;
	int rc = json_object_set_new(object, "n", json_integer((json_int_t)sample->n));

	rc |= json_object_set_new(object, "effective_n", ws_json_real(sample->effective_n));
	rc |= json_object_set_new(object, "rounds", json_integer(sample->n_rounds));
	rc |= ws_summary_set(object, "round_median_min", "", unit, true, (double)sample->round_median_min);
	rc |= ws_summary_set(object, "round_median_max", "", unit, true, (double)sample->round_median_max);
	rc |= ws_summary_set(object, "min", "", unit, true, (double)summary->min);
	rc |= ws_summary_set(object, "mean", "", unit, true, summary->mean);
	rc |= ws_summary_set(object, "mean", "_ci_low", unit, sample->has_mean_interval, sample->mean_low);
	rc |= ws_summary_set(object, "mean", "_ci_high", unit, sample->has_mean_interval, sample->mean_high);
	for (int q = 0; q < N_QUANTILES; q++) {
		const struct ws_estimate *estimate = quantile(sample, q);

		rc |= ws_summary_set(object, quantile_name[q], "", unit, true, (double)estimate->value);
		rc |= ws_summary_set(object, quantile_name[q], "_ci_low", unit, estimate->has_interval,
				     (double)estimate->low);
		rc |= ws_summary_set(object, quantile_name[q], "_ci_high", unit, estimate->has_interval,
				     (double)estimate->high);
	}
	rc |= ws_summary_set(object, "max", "", unit, true, (double)summary->max);
	rc |= json_object_set_new(object, "dkw_eps", json_real(summary->dkw_eps));
	return rc;
}

void ws_summary_tsv_header(struct ws_unit unit, FILE *out)
{
	const char *u = unit.name;

	fprintf(out,
		"\tn\teffective_n\trounds\tround_median_min_%s\tround_median_max_%s\tmin_%s\tmean_%s\tmean_ci_low_%s"
		"\tmean_ci_high_%s",
		u, u, u, u, u, u);
	for (int q = 0; q < N_QUANTILES; q++)
		fprintf(out, "\t%s_%s\t%s_ci_low_%s\t%s_ci_high_%s", quantile_name[q], u, quantile_name[q], u,
			quantile_name[q], u);
	fprintf(out, "\tmax_%s\tdkw_eps", u);
}

static void put(double ns, bool known, struct ws_unit unit, FILE *out)
{
	if (known)
		fprintf(out, "\t%.6f", ns / ws_unit_ns(unit));
	else
		fputs("\tNaN", out);
}

void ws_summary_tsv(const struct ws_sample *sample, struct ws_unit unit, FILE *out)
{
	fprintf(out, "\t%" PRIu64 "\t%.1f\t%" PRIu32, sample->n, sample->effective_n, sample->n_rounds);
	put((double)sample->round_median_min, true, unit, out);
	put((double)sample->round_median_max, true, unit, out);
	put((double)sample->summary.min, true, unit, out);
	put(sample->summary.mean, true, unit, out);
	put(sample->mean_low, sample->has_mean_interval, unit, out);
	put(sample->mean_high, sample->has_mean_interval, unit, out);
	for (int q = 0; q < N_QUANTILES; q++) {
		const struct ws_estimate *estimate = quantile(sample, q);

		put((double)estimate->value, true, unit, out);
		put((double)estimate->low, estimate->has_interval, unit, out);
		put((double)estimate->high, estimate->has_interval, unit, out);
	}
	put((double)sample->summary.max, true, unit, out);
	fprintf(out, "\t%.6f", sample->summary.dkw_eps);
}

const char *ws_summary_number(double value, char text[32])
{
	double size = value < 0 ? -value : value;

	snprintf(text, 32, "%.*f", size >= 1000 ? 0 : size >= 100 ? 1 : size >= 10 ? 2 : 3, value);
	return text;
}

const char *ws_summary_rounds(const struct ws_sample *sample, struct ws_unit unit, char text[WS_ESTIMATE_MAX])
{
	char low[32], high[32];

	if (sample->n_rounds > 1)
		snprintf(text, WS_ESTIMATE_MAX, "%" PRIu32 ": %s .. %s", sample->n_rounds,
			 ws_summary_number((double)sample->round_median_min / ws_unit_ns(unit), low),
			 ws_summary_number((double)sample->round_median_max / ws_unit_ns(unit), high));
	else
		snprintf(text, WS_ESTIMATE_MAX, "%" PRIu32, sample->n_rounds);
	return text;
}

const char *ws_summary_caution(const struct ws_sample *a, const struct ws_sample *b, struct ws_unit unit,
			       char text[WS_CAUTION_MAX])
{
	bool overlap = a->round_median_min <= b->round_median_max && b->round_median_min <= a->round_median_max;
	const double ns = ws_unit_ns(unit);
	char number[4][32];

	if (a->n_rounds < 2 || b->n_rounds < 2)
		snprintf(text, WS_CAUTION_MAX,
			 "; rounds %" PRIu32 " and %" PRIu32 ": how far rounds differ is not known", a->n_rounds,
			 b->n_rounds);
	else
		snprintf(text, WS_CAUTION_MAX, "; medians of the rounds: A %s .. %s, B %s .. %s %s%s",
			 ws_summary_number((double)a->round_median_min / ns, number[0]),
			 ws_summary_number((double)a->round_median_max / ns, number[1]),
			 ws_summary_number((double)b->round_median_min / ns, number[2]),
			 ws_summary_number((double)b->round_median_max / ns, number[3]), unit.name,
			 overlap ? ", which overlap: rounds of the same differ as much" : "");
	return text;
}

static const char *with_interval(double value, bool known, double low, double high, struct ws_unit unit,
				 char text[WS_ESTIMATE_MAX])
{
	char middle[32], left[32], right[32];

	ws_summary_number(value / ws_unit_ns(unit), middle);
	if (known)
		snprintf(text, WS_ESTIMATE_MAX, "%s [%s, %s]", middle, ws_summary_number(low / ws_unit_ns(unit), left),
			 ws_summary_number(high / ws_unit_ns(unit), right));
	else
		snprintf(text, WS_ESTIMATE_MAX, "%s [-]", middle);
	return text;
}

const char *ws_summary_estimate(const struct ws_estimate *estimate, struct ws_unit unit, char text[WS_ESTIMATE_MAX])
{
	return with_interval((double)estimate->value, estimate->has_interval, (double)estimate->low,
			     (double)estimate->high, unit, text);
}

const char *ws_summary_mean(const struct ws_sample *sample, struct ws_unit unit, char text[WS_ESTIMATE_MAX])
{
	return with_interval(sample->summary.mean, sample->has_mean_interval, sample->mean_low, sample->mean_high, unit,
			     text);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* latency_words - see latency_words.h. */
#include "analyze/latency_words.h"

#include <inttypes.h>

#include "analyze/json.h"

const char *ws_latency_quantile_name(int i)
{
	static const char *const name[WS_LATENCY_QUANTILES] = { "median", "p90", "p99" };

	return name[i];
}

const struct ws_estimate *ws_latency_quantile(const struct ws_summary *summary, int i)
{
	return i == 0 ? &summary->median : i == 1 ? &summary->p90 : &summary->p99;
}

static int set_quantile(json_t *object, const char *name, const struct ws_estimate *estimate)
{
	char key[64];
	int rc;

	snprintf(key, sizeof(key), "%s_us", name);
	rc = json_object_set_new(object, key, ws_json_us(estimate->value));
	snprintf(key, sizeof(key), "%s_ci_low_us", name);
	rc |= json_object_set_new(object, key, estimate->has_interval ? ws_json_us(estimate->low) : json_null());
	snprintf(key, sizeof(key), "%s_ci_high_us", name);
	return rc | json_object_set_new(object, key, estimate->has_interval ? ws_json_us(estimate->high) : json_null());
}

static json_t *classes_json(const uint64_t n_class[WS_N_CLASSES])
{
	json_t *object = json_object();

	for (unsigned int class = 0; class < WS_N_CLASSES; class ++) {
		if (n_class[class] || class == 0)
			json_object_set_new(object, ws_class_name(class), json_integer((json_int_t)n_class[class]));
	}
	return object;
}

int ws_latency_json(const struct ws_summary *summary, const uint64_t n_class[WS_N_CLASSES], json_t *object)
{
	int rc = json_object_set_new(object, "n", json_integer((json_int_t)summary->n));

	rc |= json_object_set_new(object, "min_us", ws_json_us(summary->min));
	rc |= json_object_set_new(object, "mean_us", ws_json_real(summary->mean / 1000));
	for (int i = 0; i < WS_LATENCY_QUANTILES; i++)
		rc |= set_quantile(object, ws_latency_quantile_name(i), ws_latency_quantile(summary, i));
	rc |= json_object_set_new(object, "max_us", ws_json_us(summary->max));
	rc |= json_object_set_new(object, "dkw_eps", json_real(summary->dkw_eps));
	return rc | json_object_set_new(object, "classes", classes_json(n_class));
}

void ws_latency_put_tsv_names(FILE *out)
{
	fputs("n\tmin_us\tmean_us", out);
	for (int i = 0; i < WS_LATENCY_QUANTILES; i++) {
		const char *name = ws_latency_quantile_name(i);

		fprintf(out, "\t%s_us\t%s_ci_low_us\t%s_ci_high_us", name, name, name);
	}
	fputs("\tmax_us\tdkw_eps\n", out);
}

void ws_latency_put_tsv(const struct ws_summary *summary, FILE *out)
{
	fprintf(out, "%" PRIu64 "\t%.3f\t%.6f", summary->n, (double)summary->min / 1000, summary->mean / 1000);
	for (int i = 0; i < WS_LATENCY_QUANTILES; i++) {
		const struct ws_estimate *estimate = ws_latency_quantile(summary, i);

		fprintf(out, "\t%.3f", (double)estimate->value / 1000);
		if (estimate->has_interval)
			fprintf(out, "\t%.3f\t%.3f", (double)estimate->low / 1000, (double)estimate->high / 1000);
		else
			fputs("\tNaN\tNaN", out);
	}
	fprintf(out, "\t%.3f\t%.6f\n", (double)summary->max / 1000, summary->dkw_eps);
}

void ws_latency_put_rounding(double rounding, FILE *out)
{
	if (rounding > 0)
		fprintf(out, "# the store rounded each latency, by at most %.3f%% of it\n", 100 * rounding);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* compare - see compare.h. */
#include "analyze/compare.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/curve.h"
#include "analyze/figure.h"
#include "analyze/radix.h"

/* Points that a figure of differences has at most. */
#define POINTS_DRAWN_MAX 1000

const char *ws_contrast_name(const struct ws_contrast *contrast)
{
	return contrast->is_end_to_end ? "e2e" : ws_way_name(contrast->way);
}

/* Keeps the contrast if both have numbers; else gives its samples up. */
static int keep(struct ws_contrast *contrast, struct ws_compare *compare)
{
	int rc = 0;

	if (contrast->sample[0].n && contrast->sample[1].n) {
		rc = ws_compare(contrast->sample[0].at, contrast->sample[0].n, contrast->sample[1].at,
				contrast->sample[1].n, &contrast->comparison);
		if (!rc) {
			compare->contrast[compare->n++] = *contrast;
			return 0;
		}
	}
	ws_sample_close(&contrast->sample[0]);
	ws_sample_close(&contrast->sample[1]);
	return rc;
}

static int add_end_to_end(struct ws_compare *compare)
{
	struct ws_contrast made = { .is_end_to_end = true };
	int rc = ws_cell_end_to_end(&compare->a->campaign, &compare->a->cell, &made.sample[0]);

	if (!rc && ws_cell_end_to_end(&compare->b->campaign, &compare->b->cell, &made.sample[1])) {
		ws_sample_close(&made.sample[0]);
		rc = -ENOMEM;
	}
	return rc ? rc : keep(&made, compare);
}

static int add_latencies(struct ws_compare *compare, enum ws_source a, enum ws_source b, enum ws_way way)
{
	struct ws_contrast made = { .way = way, .source = { a, b } };
	int rc = ws_cell_latencies(&compare->a->campaign, &compare->a->cell, a, way, &made.sample[0]);

	if (!rc && ws_cell_latencies(&compare->b->campaign, &compare->b->cell, b, way, &made.sample[1])) {
		ws_sample_close(&made.sample[0]);
		rc = -ENOMEM;
	}
	return rc ? rc : keep(&made, compare);
}

/* The sources that an operand means: the named one, or each by itself against the same of the other. */
static int add_all_latencies(struct ws_compare *compare)
{
	int rc = 0;

	for (int source = 0; source < WS_N_SOURCES && !rc; source++) {
		bool fixed = compare->a->has_source || compare->b->has_source;
		enum ws_source a = compare->a->has_source ? compare->a->source : (enum ws_source)source;
		enum ws_source b = compare->b->has_source ? compare->b->source : (enum ws_source)source;

		if (compare->a->has_source && !compare->b->has_source)
			b = a;
		if (compare->b->has_source && !compare->a->has_source)
			a = b;
		for (int way = 0; way < WS_N_WAYS && !rc; way++)
			rc = add_latencies(compare, a, b, way);
		if (fixed)
			break;
	}
	return rc;
}

/* Adds a run's packets to those that were measured twice. */
static int add_pairings(const struct ws_pairings *pairings, bool pcap_minus_ebpf, struct ws_same_packets *same)
{
	uint64_t n = same->n + pairings->n;
	int64_t *difference = realloc(same->difference_ns, (n + 1) * sizeof(*difference)), *mean;

	if (!difference)
		return -ENOMEM;
	same->difference_ns = difference;
	mean = realloc(same->mean_ns, (n + 1) * sizeof(*mean));
	if (!mean)
		return -ENOMEM;
	same->mean_ns = mean;
	for (uint64_t i = 0; i < pairings->n; i++) {
		int64_t d = (int64_t)(pairings->ebpf_ns[i] - pairings->pcap_ns[i]);

		difference[same->n] = pcap_minus_ebpf ? -d : d;
		/* Half of each, so that no sum can overflow. */
		mean[same->n++] = (int64_t)(pairings->ebpf_ns[i] / 2 + pairings->pcap_ns[i] / 2);
	}
	return 0;
}

static int describe(struct ws_same_packets *same)
{
	uint64_t *biased = malloc((same->n + 1) * sizeof(*biased));
	int rc;

	if (!biased)
		return -ENOMEM;
	for (uint64_t i = 0; i < same->n; i++)
		biased[i] = ws_radix_bias(same->difference_ns[i]);
	rc = ws_radix_sort(biased, same->n);
	rc = rc ? rc : ws_bland_altman(biased, same->n, &same->agreement);
	free(biased);
	if (!rc)
		same->has_trend = !ws_bland_altman_trend(same->difference_ns, same->mean_ns, same->n, &same->trend);
	return rc;
}

int ws_same_packets_open(const struct ws_campaign *campaign, const struct ws_cell *cell, enum ws_way way,
			 bool pcap_minus_ebpf, struct ws_same_packets *same)
{
	struct ws_same_packets made = { .way = way };
	int rc = 0;

	for (uint32_t i = 0; i < cell->n_runs && !rc; i++)
		rc = add_pairings(&campaign->run[cell->run[i]].findings.paired[way], pcap_minus_ebpf, &made);
	if (!rc && made.n)
		rc = describe(&made);
	if (rc)
		ws_same_packets_close(&made);
	else
		*same = made;
	return rc;
}

void ws_same_packets_close(struct ws_same_packets *same)
{
	if (!same)
		return;
	free(same->difference_ns);
	free(same->mean_ns);
	*same = (struct ws_same_packets) { 0 };
}

/* Whether the operands are the two methods of the same runs. */
static bool by_both_methods(const struct ws_compare *compare)
{
	return compare->a->has_source && compare->b->has_source && compare->a->source != compare->b->source &&
	       ws_selections_same(compare->a, compare->b);
}

int ws_compare_open(const struct ws_selection *a, const struct ws_selection *b, struct ws_compare *compare,
		    struct ws_error *err)
{
	struct ws_compare made = { .a = a, .b = b };
	int rc = by_both_methods(&made) ? 0 : add_end_to_end(&made);

	rc = rc ? rc : add_all_latencies(&made);
	for (int way = 0; way < WS_N_WAYS && !rc && by_both_methods(&made); way++) {
		struct ws_same_packets same;

		rc = ws_same_packets_open(&a->campaign, &a->cell, way, b->source == WS_SOURCE_PCAP, &same);
		if (!rc && same.n)
			made.same[made.n_same++] = same;
		else if (!rc)
			ws_same_packets_close(&same);
	}
	if (rc)
		ws_error(err, rc, "%s", strerror(-rc));
	else if (!made.n)
		rc = ws_error(err, -ENODATA,
			      "%s and %s have nothing in common to compare: no load log in both, and no "
			      "pairs by the same source",
			      a->operand, b->operand);
	if (rc)
		ws_compare_close(&made);
	else
		*compare = made;
	return rc;
}

void ws_compare_close(struct ws_compare *compare)
{
	if (!compare)
		return;
	for (uint32_t i = 0; i < compare->n; i++) {
		ws_sample_close(&compare->contrast[i].sample[0]);
		ws_sample_close(&compare->contrast[i].sample[1]);
	}
	for (uint32_t i = 0; i < compare->n_same; i++)
		ws_same_packets_close(&compare->same[i]);
	*compare = (struct ws_compare) { 0 };
}

int ws_same_packets_write(const struct ws_same_packets *same, const char *panel, FILE *out)
{
	const struct ws_bland_altman *agreement = &same->agreement;
	uint64_t step = (same->n + POINTS_DRAWN_MAX - 1) / POINTS_DRAWN_MAX;
	const struct {
		const char *name;
		double ns;
	} line[] = {
		{ "median", (double)agreement->median.ns },
		{ "percentile 2.5", (double)agreement->p025.ns },
		{ "percentile 97.5", (double)agreement->p975.ns },
	};

	for (uint64_t i = 0; i < same->n; i += step) {
		ws_figure_put_name(out, panel);
		fprintf(out, "\tpacket\t%.3f\t%.3f\n", (double)same->mean_ns[i] / 1000,
			(double)same->difference_ns[i] / 1000);
	}
	for (size_t i = 0; i < sizeof(line) / sizeof(*line); i++) {
		ws_figure_put_name(out, panel);
		fprintf(out, "\t%s\tNaN\t%.3f\n", line[i].name, line[i].ns / 1000);
	}
	return ferror(out) ? -EIO : 0;
}

int ws_compare_write_panels(const struct ws_compare *compare, FILE *out)
{
	fputs("# two selections of runs as distribution functions with their 95% bands (DKW)\n"
	      "# panel\tcurve\tlatency_us\tcdf\tdkw_low\tdkw_high\n",
	      out);
	for (uint32_t i = 0; i < compare->n; i++) {
		const struct ws_contrast *contrast = &compare->contrast[i];
		bool one_source = !contrast->is_end_to_end && contrast->source[0] == contrast->source[1];
		char panel[64];

		snprintf(panel, sizeof(panel), "%s%s%s", ws_contrast_name(contrast), one_source ? ", " : "",
			 one_source ? ws_source_name(contrast->source[0]) : "");
		for (int k = 0; k < 2; k++) {
			const struct ws_sample *sample = &contrast->sample[k];
			int rc = ws_curve_write_drawn(&(struct ws_curve) { { panel, k ? "B" : "A" },
									   sample->at,
									   sample->n,
									   WS_CURVE_PANEL_MAX,
									   sample->summary.dkw_eps,
									   3 },
						      out);

			if (rc)
				return rc;
		}
	}
	return 0;
}

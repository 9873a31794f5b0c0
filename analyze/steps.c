/* SPDX-License-Identifier: BSD-2-Clause */
/* steps - see steps.h. */
#include "analyze/steps.h"

#include <inttypes.h>

#include "analyze/figure.h"

void ws_steps_write_head(FILE *out)
{
	fputs("# part of the contexts found within the first search_bytes of a request's payload; Wilson 95% interval\n"
	      "# panel\tcurve\tkind\tsearch_bytes\trate\tci_low\tci_high\n",
	      out);
}

void ws_steps_write_row(const char *panel, const char *curve, bool live, uint32_t search_bytes,
			const struct ws_proportion *rate, FILE *out)
{
	ws_figure_put_name(out, panel);
	putc('\t', out);
	ws_figure_put_name(out, curve);
	fprintf(out, "\t%s\t%" PRIu32 "\t%.6f\t%.6f\t%.6f\n", live ? "live" : "offsets", search_bytes, rate->rate,
		rate->low, rate->high);
}

static void write_step(const struct ws_spot_group *group, const char *panel, const char *curve, uint32_t search_bytes,
		       uint64_t n_found, FILE *out)
{
	struct ws_proportion rate = ws_wilson(n_found, group->n_expected);

	ws_steps_write_row(panel, curve, false, search_bytes, &rate, out);
}

void ws_steps_write(const struct ws_spot_group *group, const char *panel, const char *curve, uint32_t reach,
		    uint32_t last, FILE *out)
{
	uint64_t n = group->n_found, n_rows = n < WS_STEPS_DRAWN_MAX ? n : WS_STEPS_DRAWN_MAX, written = 0;
	uint32_t place = 0; /* of these and those before it the last one that is written has all */

	write_step(group, panel, curve, 0, 0, out);
	for (uint64_t i = 0; i < n_rows; i++) {
		uint64_t k = n == n_rows ? i : (uint64_t)((unsigned __int128)(n - 1) * i / (n_rows - 1));

		if (k < written)
			continue;
		for (; place < group->n_places; place++) {
			if (written > k && group->found[place].end_off != group->found[place - 1].end_off)
				break;
			written += group->found[place].n;
		}
		write_step(group, panel, curve, group->found[place - 1].end_off, written, out);
	}
	if ((!n || group->found[group->n_places - 1].end_off < last) && reach >= last)
		write_step(group, panel, curve, last, n, out);
}

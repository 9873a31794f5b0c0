/* SPDX-License-Identifier: BSD-2-Clause */
/* clocks_drawn - see clocks_report.h: what the figure of `analyze clocks` draws. */
#include <math.h>

#include "analyze/clocks/clocks_report.h"
#include "analyze/clocks/envelope.h"
#include "analyze/figure.h"

/* Knots of a node that are drawn at most. */
#define DRAWN_MAX 400

/* A node's clock against its reference's, less where it was at the beginning and less its drift. */
static void write_node(const struct ws_clocks_report *report, uint32_t node, FILE *out)
{
	const struct ws_clock_model *model = &report->clocks->node[node];
	uint32_t step = model->n_knots / DRAWN_MAX + 1;

	for (uint32_t i = 0; i < model->n_knots; i += step) {
		const struct ws_clock_knot *knot = &model->knot[i];
		double at_s = ws_ns_between(knot->at_ns, model->knot->at_ns) / 1e9;
		double offset_us = -ws_ns_between(knot->correction_ns, model->knot->correction_ns) / 1e3;
		double bound_us = (double)knot->bound_ns / 1e3;

		if (knot->bound_ns == WS_CLOCK_UNBOUND)
			continue;
		offset_us -= model->drift_ppm * at_s;
		ws_figure_put_name(out, report->atlas->node[node]);
		fprintf(out, "\t%.6f\t%.3f\t%.3f\t%.3f\t%.3f\n", at_s, offset_us, offset_us - bound_us,
			offset_us + bound_us, model->drift_ppm);
	}
}

int ws_clocks_write_drawn(const struct ws_clocks_report *report, FILE *out)
{
	fputs("# clocks against their references', less where they were at first and less their drift; low and high: "
	      "the "
	      "bound\n# node\tat_s\toffset_us\tlow_us\thigh_us\tdrift_us_per_s\n",
	      out);
	for (uint32_t i = 0; i < report->clocks->n_nodes; i++) {
		const struct ws_clock_model *model = &report->clocks->node[i];

		if (model->reference != i && model->bound_ns != WS_CLOCK_UNBOUND)
			write_node(report, i, out);
	}
	return 0;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * e2e - what a request took from end to end, as the load generator saw it, and the schedule that it kept: `analyze
 * e2e`.
 */
#ifndef WS_ANALYZE_E2E_H
#define WS_ANALYZE_E2E_H

#include <stdio.h>

#include "analyze/invocation.h"
#include "analyze/label.h"
#include "analyze/sample.h"

/* One cell of the campaign that has a load log. */
struct ws_e2e_row {
	const struct ws_cell *cell;
	ws_label label;
	ws_label panel;		 /* of the figure: the label without headers and what was attached */
	ws_label setting;	 /* the label without headers: what differs in nothing else has the same */
	struct ws_sample sample; /* n may be 0: nothing was answered */
};

struct ws_e2e {
	const struct ws_campaign *campaign;
	struct ws_e2e_row *row;
	uint32_t n;
};

/*
 * Takes the cells that have a load log, those apart that are for detection: other programs that ran beside them are in
 * their latency. 0 or -ENOMEM. To be closed with ws_e2e_close().
 */
int ws_e2e_open(const struct ws_campaign *campaign, struct ws_e2e *e2e);

/* NULL is fine. */
void ws_e2e_close(struct ws_e2e *e2e);

/* Prints in the given format. 0, -ENOMEM or -EIO. */
int ws_e2e_print(const struct ws_e2e *e2e, enum ws_format format, FILE *out);

/*
 * Writes what the figure draws, as panels.gp wants it: a panel for each set of conditions apart from the headers, in it
 * a curve for each layout of headers. Where a panel has runs with nothing attached, only those are drawn.
 */
int ws_e2e_write_panels(const struct ws_e2e *e2e, FILE *out);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * expense - what a trace's time was spent on.
 *
 * The end-to-end time is divided along what was waited for: from the end of a callee's time back to the child call that
 * ended last, to its beginning, and so on, and the same within each of these calls. Only differences of stamps of one
 * node go into it, so it needs no clocks that agree. What is left of a round trip when all that was seen is taken off
 * is unknown. The parts add up to the whole to the nanosecond.
 */
#ifndef WS_ANALYZE_EXPENSE_H
#define WS_ANALYZE_EXPENSE_H

#include "analyze/mesh/journey.h"

/* Sets end_to_end_ns, n_roots_whole, part_ns, sum_ns, n_summed and the stages' self_ns; the stages are made. 0 or
 * -ENOMEM. */
int ws_expense_make(struct ws_journey *journey);

#endif

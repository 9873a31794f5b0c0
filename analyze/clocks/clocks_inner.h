/* SPDX-License-Identifier: BSD-2-Clause */
/* clocks_inner - what the files of clocks.h share. */
#ifndef WS_ANALYZE_CLOCKS_INNER_H
#define WS_ANALYZE_CLOCKS_INNER_H

#include "analyze/clocks/clocks.h"

/* Fills drift_ppm and bound_ns from knots. Drift: least squares, of the stretches between jumps together. */
void ws_clock_knots_tell(const struct ws_clock_knot *knot, uint32_t n_knots, double *drift_ppm, uint64_t *bound_ns);

/* What adding two bounds gives; unbound if one is. */
uint64_t ws_clock_bounds_add(uint64_t a, uint64_t b);

/* a + b, at most what a number of 64 bits can hold. */
int64_t ws_clock_ns_add(int64_t a, int64_t b);

/* Relates the nodes by the pairs, which are there: fills the models' references, knots and numbers. 0 or -ENOMEM. */
int ws_clocks_relate(struct ws_clocks *clocks);

#endif

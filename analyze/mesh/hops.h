/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * hops - every packet of a journey, one after the other, repeats and all.
 */
#ifndef WS_ANALYZE_HOPS_H
#define WS_ANALYZE_HOPS_H

#include "analyze/mesh/journey.h"

/* Sets hop, n_hops, n_repeats and n_missed; the stages are made and placed. 0 or -ENOMEM. */
int ws_hops_make(struct ws_journey *journey);

#endif

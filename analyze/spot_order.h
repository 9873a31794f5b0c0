/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * spot_order - puts spots into the order of their groups: by family, version, hop, key, kind, and place.
 */
#ifndef WS_ANALYZE_SPOT_ORDER_H
#define WS_ANALYZE_SPOT_ORDER_H

#include "analyze/spot.h"

/* By version and hop: what is known of a request without a context, too. Then by family before these. <0, 0, >0. */
int ws_spot_compare_way(const struct ws_spot *a, const struct ws_spot *b);
int ws_spot_compare_group(const struct ws_spot *a, const struct ws_spot *b);

void ws_spots_sort(struct ws_spot *spot, uint32_t n);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pooling - the latencies of all runs of a campaign, told apart by name and by the runs' conditions.
 */
#ifndef WS_ANALYZE_POOLING_H
#define WS_ANALYZE_POOLING_H

#include "analyze/campaign.h"

/*
 * Puts the strata of the runs together: those of one label, whichever run and node they were seen at. Runs that are for
 * detection are left out. 0, -ENOMEM or -EOVERFLOW. To be closed with ws_strata_close().
 */
int ws_pooling_open(const struct ws_campaign *campaign, struct ws_strata *strata);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * audit - every run's account in a line a file: what passed, what was found, what was lost, and whether every request
 * of the load was seen: `analyze ledger` of a campaign.
 */
#ifndef WS_ANALYZE_AUDIT_H
#define WS_ANALYZE_AUDIT_H

#include <stdbool.h>
#include <stdio.h>

#include "analyze/campaign.h"
#include "analyze/invocation.h"

/* Requests of a load that got an answer, whatever its status. */
struct ws_sent {
	bool known; /* the run, or the one recorded beside it, has a load log */
	uint64_t n; /* requests in the logs */
	uint64_t n_answered;
};

/* The load of a run; its own, else that of the run that its condition "beside" names. */
struct ws_sent ws_audit_sent(const struct ws_campaign *campaign, const struct ws_run *run);

/* What a file lost, of whatever kind, and do its reasons add up to its frames? */
bool ws_audit_balances(const struct ws_file *file);

/* Do those of all files of all runs? */
bool ws_audit_all_balance(const struct ws_campaign *campaign);

/*
 * Prints in the given format. Needs WS_FIND_LATENCIES and WS_FIND_TRACES. A trace stands for a request of the load,
 * where nothing else on the network carries contexts. 0, -ENOMEM or -EIO.
 */
int ws_audit_print(const struct ws_campaign *campaign, enum ws_format format, FILE *out);

#endif

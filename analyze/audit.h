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

/* What was sent while a run was recorded. */
struct ws_sent {
	bool known;	     /* the run, or its companion, has a load log */
	uint64_t n;	     /* requests in the logs */
	uint64_t n_answered; /* of these, with an answer, whatever its status */
};

/* The load of a run; its own, else its companion's. */
struct ws_sent ws_audit_sent(const struct ws_run *run);

/*
 * How many answered requests of the load a file of the run has no trace of. false: it cannot be said, for there is no
 * load log, or the search ended before it could see all contexts. Needs WS_FIND_TRACES.
 */
bool ws_audit_unseen(const struct ws_run *run, uint32_t file, uint64_t *n_unseen);

/* Do the file's reasons add up to its frames? */
bool ws_audit_balances(const struct ws_file *file);

/* Do those of all files of all runs? */
bool ws_audit_all_balance(const struct ws_campaign *campaign);

/*
 * Prints in the given format. Needs WS_FIND_LATENCIES and WS_FIND_TRACES. A trace stands for a request of the load,
 * where nothing else on the network carries contexts. 0, -ENOMEM or -EIO.
 */
int ws_audit_print(const struct ws_campaign *campaign, enum ws_format format, FILE *out);

#endif

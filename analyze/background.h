/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * background - what run.db knows of a run beside its packets: conditions, load logs, manifest, overhead. Reads through
 * the store.
 */
#ifndef WS_ANALYZE_BACKGROUND_H
#define WS_ANALYZE_BACKGROUND_H

#include "analyze/conditions.h"
#include "analyze/store.h"
#include "analyze/traffic.h"
#include "lib/trials.h"

struct ws_background {
	struct ws_conditions conditions;
	struct ws_traffic *traffic; /* load logs, by name */
	uint32_t n_traffic;
	struct ws_trials trials; /* of `capture run --overhead`; empty without */
	char *conditions_hash;	 /* XXH3-128 of conditions.json; NULL without one */
	char *manifest_hash;	 /* of run.json; NULL without one */
	char *manifest_json;	 /* run.json as it was */
};

/* Reads it all. 0, -EIO, -EPROTO (a row contradicts the schema) or -ENOMEM. To be closed with ws_background_close(). */
int ws_background_open(struct ws_store *store, struct ws_background *background, struct ws_error *err);

/* Reads the conditions only. As above, to be closed with ws_conditions_close(); also on failure. */
int ws_background_conditions(struct ws_store *store, struct ws_conditions *conditions, struct ws_error *err);

/* NULL is fine. */
void ws_background_close(struct ws_background *background);

#endif

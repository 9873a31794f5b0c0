/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * roster - table flow as analyze needs it: from a flow's number to its addresses and ports.
 */
#ifndef WS_ANALYZE_ROSTER_H
#define WS_ANALYZE_ROSTER_H

#include "analyze/store.h"
#include "analyze/tuple.h"

/* Which tuple a row of table flow has. */
struct ws_roster_entry {
	int64_t flow_id;
	uint32_t tuple; /* index */
};

struct ws_roster {
	struct ws_roster_entry *entry; /* by flow_id */
	uint32_t n;
	uint32_t room;
};

/*
 * Reads table flow; its tuples are added to tuples. 0, -EIO, -EPROTO (a row contradicts the schema) or -ENOMEM.
 * To be closed with ws_roster_close().
 */
int ws_roster_open(struct ws_store *store, struct ws_tuples *tuples, struct ws_roster *roster, struct ws_error *err);

/* NULL is fine. */
void ws_roster_close(struct ws_roster *roster);

/* The tuple of a flow, or UINT32_MAX if there is no such flow. */
uint32_t ws_roster_find(const struct ws_roster *roster, int64_t flow_id);

#endif

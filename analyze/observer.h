/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * observer - what measuring does to the measured: cells that differ only in what was attached, side by side.
 */
#ifndef WS_ANALYZE_OBSERVER_H
#define WS_ANALYZE_OBSERVER_H

#include "analyze/bundle.h"
#include "analyze/comparison.h"
#include "analyze/e2e.h"

/* One way of being watched. Pointers are into the e2e and bundle that it was made of; NULL where there is none. */
struct ws_watch {
	const struct ws_cell *cell;
	const char *attached;
	const struct ws_e2e_row *end_to_end;
	const struct ws_strand *strand[WS_N_SOURCES][WS_N_WAYS];
	bool has_shift; /* of the end-to-end latency, against nothing attached */
	struct ws_comparison shift;
};

/* Two or more ways of being watched under conditions that are alike otherwise. */
struct ws_vigil {
	ws_label label;
	struct ws_watch *watch; /* in order of what is attached */
	uint32_t n;
};

struct ws_observer {
	struct ws_vigil *vigil;
	uint32_t n;
};

/*
 * Puts together what e2e and bundle, of the same campaign, say. Both must outlive it. 0, -ENOMEM or -EOVERFLOW.
 * To be closed with ws_observer_close().
 */
int ws_observer_open(const struct ws_campaign *campaign, const struct ws_e2e *e2e, const struct ws_bundle *bundle,
		     struct ws_observer *observer);

/* NULL is fine. */
void ws_observer_close(struct ws_observer *observer);

/* The watch with that attached, or NULL. */
const struct ws_watch *ws_vigil_find(const struct ws_vigil *vigil, const char *attached);

#endif

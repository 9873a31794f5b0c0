/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tc - programs in front of an interface's traffic control, one for what comes and one for what goes: by tcx
 * (Linux 6.6), whose links end with the process, or as filters of clsact, which stay until somebody removes them.
 */
#ifndef WS_CAPTURE_TC_H
#define WS_CAPTURE_TC_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/error.h"

struct ws_tc;

enum ws_tc_way {
	WS_TC_IN = 0,
	WS_TC_OUT = 1,
	WS_TC_WAYS = 2,
};

/*
 * Attaches both programs, as the first of those that are there. wants_clsact: by clsact even where there is tcx. The
 * calling thread is in the interface's network namespace. Returns 0 or -errno; then nothing stays attached.
 *
 * Of clsact, filters that killed recordings have left at the interface are removed; nobody else's are touched, and the
 * qdisc stays.
 */
int ws_tc_attach(unsigned int ifindex, const char *interface, const int program_fd[WS_TC_WAYS], bool wants_clsact,
		 struct ws_tc **tc, struct ws_error *err);

/* "tcx" or "clsact"; static. */
const char *ws_tc_kind(const struct ws_tc *tc);

/* Detaches, and waits until no CPU runs the programs any more. NULL is nothing. */
void ws_tc_detach(struct ws_tc *tc);

/* Does this kernel take links of tcx at an interface? Tries it at the loopback for a moment, with an empty program. */
bool ws_tc_has_tcx(void);

#endif

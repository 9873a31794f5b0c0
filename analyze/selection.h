/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * selection - some runs, named by a directory and by conditions: an operand of `analyze compare`.
 *
 * DIR, or DIR:KEY=VALUE,KEY=VALUE..., or, where a directory is given otherwise, KEY=VALUE,... alone. The key "source"
 * is no condition: it says which method's latencies are meant. A directory whose own name has such a part is taken as
 * it is.
 */
#ifndef WS_ANALYZE_SELECTION_H
#define WS_ANALYZE_SELECTION_H

#include "analyze/campaign.h"

struct ws_selection {
	const char *operand; /* as the user wrote it */
	char *dir;
	struct ws_conditions wanted;
	bool has_source;
	enum ws_source source; /* only if has_source */
	struct ws_campaign campaign;
	struct ws_cell cell; /* the runs selected: at least one */
};

/*
 * Parses an operand, opens the campaign, and selects. default_dir: for operands without a directory; NULL: there is
 * none. Runs for detection are left out unless the directory is one, or "purpose" is asked for. 0; -EINVAL: the operand
 * makes no sense; -ENODATA: no run has these conditions; what ws_campaign_open() says. To be closed with
 * ws_selection_close().
 */
int ws_selection_open(const char *operand, const char *default_dir, const struct ws_invocation *invocation,
		      struct ws_selection *selection, struct ws_error *err);

/* NULL is fine. */
void ws_selection_close(struct ws_selection *selection);

/* How many runs the two selections have in common, and are they of the very same runs? */
uint32_t ws_selections_common(const struct ws_selection *a, const struct ws_selection *b);
bool ws_selections_same(const struct ws_selection *a, const struct ws_selection *b);

/* The first key behind after (NULL: of all) in which the selected runs differ: what is mixed. NULL: there is none. */
const char *ws_selection_mixes(const struct ws_selection *selection, const char *after);

#endif

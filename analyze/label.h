/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * label - what tells a campaign's cells apart, in words: "VXLAN, proposed, 80/s".
 */
#ifndef WS_ANALYZE_LABEL_H
#define WS_ANALYZE_LABEL_H

#include "analyze/campaign.h"

/* Room for a label; what does not fit is cut. */
#define WS_LABEL_MAX 256

typedef char ws_label[WS_LABEL_MAX];

/*
 * Makes a label for each cell, of what tells it from the other cells that are shown (NULL: all): overlay, headers, rate
 * and what was attached where they vary; other conditions where these are not enough; "no KEY" where a cell lacks one
 * that others have. Keys in without (a list that NULL ends; NULL: none) are left out: cells that differ in nothing else
 * get the same label. Where nothing is left to tell: "all runs". Labels of cells that are not shown are empty. 0 or
 * -ENOMEM; to be freed.
 */
int ws_labels_make(const struct ws_campaign *campaign, const bool *shown, const char *const *without,
		   ws_label **labels);

#endif

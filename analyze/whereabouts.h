/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * whereabouts - which pod of which node a tracing point is beside.
 */
#ifndef WS_ANALYZE_WHEREABOUTS_H
#define WS_ANALYZE_WHEREABOUTS_H

#include <stdio.h>

#include "analyze/study.h"

/*
 * Prints a line for each point that was asked for, each after the prefix: "vport-reviews-v1: default/reviews-v1
 * (reviews), node2". Nothing where there are no names: see ws_study_has_names().
 */
void ws_whereabouts_print(const struct ws_study *study, const char *prefix, FILE *out);

/* Room for what ws_whereabouts_words() writes. */
#define WS_WHEREABOUTS_MAX 640

/* What is known of a point, without its name: "default/reviews-v1 (reviews), node2"; "" if nothing is. Returns text. */
const char *ws_whereabouts_words(const struct ws_owners *owners, const struct ws_file *file,
				 char text[WS_WHEREABOUTS_MAX]);

#endif

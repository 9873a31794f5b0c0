/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * waterfall - draws a journey: the tree of its calls, and a bar each on a common scale of time.
 */
#ifndef WS_ANALYZE_WATERFALL_H
#define WS_ANALYZE_WATERFALL_H

#include "analyze/mesh/journey.h"
#include "analyze/terminal.h"

/* With characters, as wide as the terminal. 0 or -ENOMEM. */
int ws_waterfall_print(const struct ws_journey *journey, const struct ws_terminal *terminal, FILE *out);

/* As an SVG document, 1000 pixels wide. The same journey gives the same bytes. */
void ws_waterfall_write_svg(const struct ws_journey *journey, FILE *out);

/* In words, how nodes' bars came to their place, and how far they may be off; "" where there is nothing to say. Returns
 * text. */
#define WS_FOOTING_MAX 192
const char *ws_waterfall_footing(const struct ws_journey *journey, char text[WS_FOOTING_MAX]);

#endif

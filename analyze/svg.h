/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * svg - takes a picture over from an SVG document into an HTML page.
 */
#ifndef WS_ANALYZE_SVG_H
#define WS_ANALYZE_SVG_H

#include <stddef.h>

/*
 * The document's svg element, with "PREFIX-" before every id and every reference to one, and label as what it says to
 * those who do not see it. Only the elements and attributes that draw are taken over: no prolog, no scripts, no
 * style sheets, no titles, no links, no event handlers, no references to anything outside. *text is the caller's
 * (free). 0; -EBADMSG: this is no SVG document; -ENOMEM.
 */
int ws_svg_take_over(const char *svg, size_t len, const char *prefix, const char *label, char **text, size_t *text_len);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/* wanted - the contexts that are looked for as a list in words, as record files and databases keep it. */
#ifndef WS_WANTED_H
#define WS_WANTED_H

#include "lib/context.h"
#include "lib/recfile.h"

#define WS_WANTED_TEXT_LEN (WS_RECFILE_CONTEXTS_MAX + 1)

/*
 * The list with every family named, in its order: "default" and "all" mean what they mean to the program that wrote it.
 * ws_wanted_parse() reads the same from it, but for prefers_list. Returns text.
 */
const char *ws_wanted_text(const struct ws_wanted *wanted, char text[WS_WANTED_TEXT_LEN]);

#endif

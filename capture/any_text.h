/* SPDX-License-Identifier: BSD-2-Clause */
/* any_text - texts of the system and of other programs as JSON. */
#ifndef WS_ANY_TEXT_H
#define WS_ANY_TEXT_H

#include <jansson.h>

/* Text that need not be UTF-8, with '?' for what is not; NULL is null. The caller's. NULL: out of memory. */
json_t *ws_any_text(const char *text);

#endif

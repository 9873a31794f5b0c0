/* SPDX-License-Identifier: BSD-2-Clause */
/* client_words - what a ClickHouse server answers in place of a result, in words with what to do about it. */
#ifndef WS_CLIENT_WORDS_H
#define WS_CLIENT_WORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/error.h"

/* Does the body begin with an exception: "Code: 60, e.displayText() = DB::Exception: ...", or "Code: 60. DB::..."? */
bool ws_client_is_exception(const uint8_t *body, size_t n);

/*
 * server: its address. status: HTTP's. body: n hostile bytes, of which what can be printed is shown, cut. Sets the
 * words; returns the -errno that client.h lists.
 */
int ws_client_refusal(const char *server, long status, const uint8_t *body, size_t n, struct ws_error *err);

/* The server's version as year * 1000 + number from "18.16.1"; 0 for anything else. */
uint32_t ws_client_version_of(const char *text);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * idle_tap - a program that does nothing, attached where and as the tap's is: what a packet costs that is shown to any
 * program at all.
 */
#ifndef WS_IDLE_TAP_H
#define WS_IDLE_TAP_H

#include "capture/options.h"
#include "lib/error.h"

/* Attaches one at the point. Returns its socket, the caller's to close, or -errno. */
int ws_idle_tap_open(const struct ws_point_options *point, struct ws_error *err);

#endif

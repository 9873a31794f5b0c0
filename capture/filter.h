/* SPDX-License-Identifier: BSD-2-Clause */
/* filter - the text of a filter ("daddr=10.244.1.0/24,dport=9080") to what the in-kernel program compares. */
#ifndef WS_CAPTURE_FILTER_H
#define WS_CAPTURE_FILTER_H

#include "lib/error.h"
#include "lib/tap_config.h"

/*
 * Parts are KEY=VALUE, joined by commas: saddr, daddr, addr (either) with an address or a prefix; sport, dport, port
 * (either) with a number; vni with a number. Returns 0, or -EINVAL with words that name the part.
 */
int ws_filter_parse(const char *text, struct ws_filter *filter, struct ws_error *err);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/* tunnels - the text of --vxlan-port, the same for recording and for reading packet captures. */
#ifndef WS_TUNNELS_H
#define WS_TUNNELS_H

#include "lib/packet.h"

/* UDP ports of VXLAN, in decimal, joined by commas, at most WS_VXLAN_PORTS_MAX. Returns 0, or -EINVAL. */
int ws_tunnels_parse(const char *text, struct ws_tunnels *tunnels);

#endif

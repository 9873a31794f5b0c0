/* SPDX-License-Identifier: BSD-2-Clause */
/* tunnels - see the header. */
#include "lib/tunnels.h"

#include <errno.h>
#include <stdlib.h>

int ws_tunnels_parse(const char *text, struct ws_tunnels *tunnels)
{
	struct ws_tunnels t = { 0 };
	uint32_t n = 0;

	for (;;) {
		char *end;
		unsigned long port = strtoul(text, &end, 10);

		if (*text < '0' || *text > '9' || port == 0 || port > UINT16_MAX || n == WS_VXLAN_PORTS_MAX)
			return -EINVAL;
		t.vxlan_port[n++] = (uint16_t)port;
		if (*end == '\0')
			break;
		if (*end != ',')
			return -EINVAL;
		text = end + 1;
	}
	*tunnels = t;
	return 0;
}

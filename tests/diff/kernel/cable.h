/* SPDX-License-Identifier: BSD-2-Clause */
/* cable - an interface of the test's own, in a network namespace of its own, that frames come to and go from. */
#ifndef WS_TEST_CABLE_H
#define WS_TEST_CABLE_H

#include <stdint.h>

struct ws_tc;

struct cable {
	int tap_fd;
	int packet_fd;
	struct ws_tc *tc;
};

/* Makes the interface, with the program at both of its ends. The process moves to a new namespace. Ends it on failure.
 */
void cable_open(struct cable *w, int program_fd);

/*
 * Gives a frame to the program, in several pieces, as the kernel has what an application has sent; how cut, n says. A
 * frame with a VLAN tag goes: of one that comes, the kernel takes the tag out. Others come.
 */
void cable_give(struct cable *w, const uint8_t *frame, uint32_t len, uint64_t n);

void cable_close(struct cable *w);

#endif

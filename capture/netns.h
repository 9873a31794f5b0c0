/* SPDX-License-Identifier: BSD-2-Clause */
/* netns - step into a network namespace and back; sockets opened in between belong to it. */
#ifndef WS_NETNS_H
#define WS_NETNS_H

#include "lib/error.h"

/*
 * Moves the calling thread into the namespace: a name as `ip netns` knows it, or a path with a '/' in it (such as
 * /proc/PID/ns/net); NULL or "" stays. *home_fd is what ws_netns_leave() needs, -1 if the thread did not move.
 */
int ws_netns_enter(const char *name, int *home_fd, struct ws_error *err);

/* Moves the calling thread back. */
int ws_netns_leave(int home_fd, struct ws_error *err);

#endif

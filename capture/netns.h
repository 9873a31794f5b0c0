/* SPDX-License-Identifier: BSD-2-Clause */
/* netns - step into a network namespace and back; sockets opened in between belong to it. */
#ifndef WS_NETNS_H
#define WS_NETNS_H

#include <sys/types.h>

#include "lib/error.h"

/*
 * Moves the calling thread into the namespace: a name as `ip netns` knows it, or a path with a '/' in it (such as
 * /proc/PID/ns/net); NULL or "" stays. *home_fd is what ws_netns_leave() needs, -1 if the thread did not move.
 */
int ws_netns_enter(const char *name, int *home_fd, struct ws_error *err);

/* Moves the calling thread back. */
int ws_netns_leave(int home_fd, struct ws_error *err);

/* Which namespace a name leads to. */
struct ws_netns_id {
	dev_t dev;
	ino_t ino; /* 0: not known, or not to be looked at again */
};

/* Our own has no name, and one of /proc/PID goes with its process, not with its namespace: their ids are not known. */
struct ws_netns_id ws_netns_id(const char *name);

/*
 * Does the name still lead there? A namespace that was deleted lives on as long as a socket of ours is in it, and
 * nobody else can reach it. Returns 0, or -ESTALE.
 */
int ws_netns_look(const char *name, const struct ws_netns_id *id, struct ws_error *err);

#endif

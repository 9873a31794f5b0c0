/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * socket - a raw packet socket at a point's interface: what the in-kernel program sits at, or, where that is at tc,
 * what tells when the interface goes away.
 */
#ifndef WS_CAPTURE_SOCKET_H
#define WS_CAPTURE_SOCKET_H

#include <stdint.h>

#include "capture/options.h"
#include "lib/error.h"

/*
 * Opens a socket in the point's namespace; *fd is the caller's. *proto: what the interface's frames begin with, an
 * EtherType, or 0 for an IP header. Returns 0 or -errno.
 */
int ws_socket_open(const struct ws_point_options *p, int *fd, unsigned int *ifindex, uint16_t *proto,
		   struct ws_error *err);

/*
 * Binds it to the interface, with the program on it, which takes no frame; program_fd -1: so that no frame comes.
 * Returns 0 or -errno.
 */
int ws_socket_attach(int fd, const char *interface, unsigned int ifindex, int program_fd, struct ws_error *err);

/* Has the interface gone away since? Returns 0 or -errno with words. */
int ws_socket_look(int fd, const char *interface, struct ws_error *err);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sniffer - a packet capture of one tracing point, in a thread of its own: what `tcpdump -w` does, beside the tap.
 * Stamps are the kernel's, in nanoseconds.
 */
#ifndef WS_CAPTURE_SNIFFER_H
#define WS_CAPTURE_SNIFFER_H

#include <stdbool.h>
#include <stdint.h>

#include "capture/options.h"
#include "lib/error.h"

/* Between a capture's buffer filling and its reader's waking, at most. */
#define WS_SNIFFER_TIMEOUT_MS 100

struct ws_sniffer;

struct ws_sniffer_facts {
	uint64_t n_received;	      /* packets that passed the kernel's filter, by libpcap */
	uint64_t n_dropped;	      /* for want of room in the buffer */
	uint64_t n_interface_dropped; /* by the interface, before the capture */
	uint64_t n_written;
};

/*
 * Begins to capture point number index of the options into path, a new file, in a thread that has no capability.
 * Returns 0 or -errno; the sniffer is the caller's.
 */
int ws_sniffer_open(const struct ws_capture_options *o, uint32_t index, const char *path, struct ws_sniffer **sniffer,
		    struct ws_error *err);

/* Takes what the kernel still holds, completes the file, and gives it its name. Returns 0 or -errno. */
int ws_sniffer_finish(struct ws_sniffer *s, struct ws_error *err);

/* The same whatever its thread has met: what was captured until its interface went away is a capture, too. */
int ws_sniffer_complete(struct ws_sniffer *s, struct ws_error *err);

/* Has the thread ended with an error? ws_sniffer_finish() says which. */
bool ws_sniffer_has_failed(struct ws_sniffer *s);

/* Is the unfinished file still where it was made? Returns 0, or -ENOENT. */
int ws_sniffer_look(const struct ws_sniffer *s, struct ws_error *err);

/* All zero before ws_sniffer_finish(). */
const struct ws_sniffer_facts *ws_sniffer_facts(const struct ws_sniffer *s);

/* Ends and frees; an unfinished file stays under its temporary name. NULL is nothing. */
void ws_sniffer_close(struct ws_sniffer *s);

#endif

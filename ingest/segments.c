/* SPDX-License-Identifier: BSD-2-Clause */
/* segments - see the header. */
#include "ingest/segments.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int ws_held_keep(struct ws_held *held, struct ws_sightings *sightings, const struct ws_segment *segment, uint32_t slot)
{
	const uint32_t len = segment->captured_len;

	if (sightings->held_bytes + len > WS_HELD_BYTES_MAX)
		return -ENOBUFS;
	held->bytes = malloc(len ? len : 1);
	if (!held->bytes)
		return -ENOMEM;
	memcpy(held->bytes, segment->payload, len);
	held->frame = *segment->frame;
	held->len = len;
	held->ack = segment->ack;
	held->slot = slot;
	sightings->held_bytes += len;
	return 0;
}

struct ws_segment ws_held_segment(const struct ws_held *held)
{
	return (struct ws_segment) { &held->frame, held->bytes, held->len, held->ack };
}

void ws_held_drop(struct ws_held *held, struct ws_sightings *sightings)
{
	if (!held->bytes)
		return;
	sightings->held_bytes -= held->len;
	free(held->bytes);
	held->bytes = NULL;
	held->len = 0;
}

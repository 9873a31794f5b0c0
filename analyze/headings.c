/* SPDX-License-Identifier: BSD-2-Clause */
/* headings - see headings.h. */
#include "analyze/headings.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

#define SLOTS_FIRST 64
#define SLOTS_MAX   (UINT32_C(1) << 31)

static struct ws_heading *slot_of(const struct ws_headings *headings, uint64_t flow_plus_1)
{
	uint64_t hash = flow_plus_1 * UINT64_C(0x9e3779b97f4a7c15);
	uint32_t mask = headings->n_slots - 1, at = (uint32_t)(hash >> 32) & mask;

	while (headings->at[at].flow_plus_1 && headings->at[at].flow_plus_1 != flow_plus_1)
		at = (at + 1) & mask;
	return &headings->at[at];
}

static int grow(struct ws_headings *headings)
{
	struct ws_headings made = { .n = headings->n };

	if (headings->n_slots == SLOTS_MAX)
		return -EOVERFLOW;
	made.n_slots = headings->n_slots ? 2 * headings->n_slots : SLOTS_FIRST;
	made.at = calloc(made.n_slots, sizeof(*made.at));
	if (!made.at)
		return -ENOMEM;
	for (uint32_t i = 0; i < headings->n_slots; i++) {
		if (headings->at[i].flow_plus_1)
			*slot_of(&made, headings->at[i].flow_plus_1) = headings->at[i];
	}
	free(headings->at);
	*headings = made;
	return 0;
}

static bool is_later(const struct ws_heading *a, const struct ws_heading *b)
{
	if (a->file != b->file)
		return a->file > b->file;
	return a->ts_ns != b->ts_ns ? a->ts_ns > b->ts_ns : a->row > b->row;
}

int ws_headings_note(struct ws_headings *headings, const struct ws_heading *heading)
{
	struct ws_heading *slot;
	int rc = headings->n >= headings->n_slots / 2 ? grow(headings) : 0;

	if (rc)
		return rc;
	slot = slot_of(headings, heading->flow_plus_1);
	headings->n += !slot->flow_plus_1;
	if (!slot->flow_plus_1 || is_later(heading, slot))
		*slot = *heading;
	return 0;
}

int ws_headings_add(struct ws_headings *headings, const struct ws_headings *more)
{
	int rc = 0;

	for (uint32_t i = 0; i < more->n_slots && !rc; i++)
		rc = more->at[i].flow_plus_1 ? ws_headings_note(headings, &more->at[i]) : 0;
	return rc;
}

uint8_t ws_headings_find(const struct ws_headings *headings, uint64_t flow)
{
	const struct ws_heading *slot = headings->n ? slot_of(headings, flow + 1) : NULL;

	return slot ? slot->direction : 0;
}

void ws_headings_close(struct ws_headings *headings)
{
	if (!headings)
		return;
	free(headings->at);
	*headings = (struct ws_headings) { 0 };
}

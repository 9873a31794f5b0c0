/* SPDX-License-Identifier: BSD-2-Clause */
/* counterparts - see counterparts.h. */
#include "analyze/counterparts.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

struct matching {
	const struct ws_sightings *list[2];
	struct ws_identity *identity[2]; /* what is compared of each sighting */
	uint8_t *is_left[2];		 /* flags: sightings of flows and sequence numbers that a list has more often */
	bool any_left;
	ws_take_counterparts take;
	void *context;
};

/* What is compared: flow and sequence number, and, with digests, the context. */
static void fill(struct matching *matching, bool with_digests)
{
	for (int side = 0; side < 2; side++) {
		const struct ws_sightings *list = matching->list[side];

		for (uint32_t i = 0; i < list->n; i++) {
			struct ws_identity *identity = &matching->identity[side][i];

			*identity = (struct ws_identity) { .seq = list->at[i].identity.seq,
							   .trace_id_len = list->at[i].tuple };
			if (with_digests)
				memcpy(identity->trace_id, &list->digest[i], sizeof(list->digest[i]));
		}
	}
}

/* Of at most one sighting a list: they are counterparts, or alone. */
static int take_single(struct matching *matching, const struct ws_grouping *grouping, const struct ws_group *group)
{
	if (group->first[0] == group->last[0] && group->first[1] == group->last[1])
		return matching->take(matching->context, group->first[0], group->first[1]);
	for (int side = 0; side < 2; side++) {
		for (uint32_t i = group->first[side]; i != WS_NOBODY; i = grouping->next[side][i])
			matching->is_left[side][i] = 1;
	}
	matching->any_left = true;
	return 0;
}

/* Of what is left, what each list has once. */
static int take_once(struct matching *matching, const struct ws_grouping *grouping, const struct ws_group *group)
{
	(void)grouping;
	if (group->first[0] == WS_NOBODY || group->first[1] == WS_NOBODY || group->first[0] != group->last[0] ||
	    group->first[1] != group->last[1])
		return 0;
	matching->is_left[0][group->first[0]] = 0;
	matching->is_left[1][group->first[1]] = 0;
	return matching->take(matching->context, group->first[0], group->first[1]);
}

static int take_in_order(struct matching *matching, const struct ws_grouping *grouping, const struct ws_group *group)
{
	uint32_t at[2] = { group->first[0], group->first[1] };
	int rc = 0;

	while ((at[0] != WS_NOBODY || at[1] != WS_NOBODY) && !rc) {
		rc = matching->take(matching->context, at[0], at[1]);
		for (int side = 0; side < 2; side++)
			at[side] = at[side] != WS_NOBODY ? grouping->next[side][at[side]] : WS_NOBODY;
	}
	return rc;
}

/* Puts into groups what is compared, of all sightings or of those that are left. */
static int each_group(struct matching *matching, bool of_all,
		      int (*take)(struct matching *, const struct ws_grouping *, const struct ws_group *))
{
	struct ws_grouping grouping = { 0 };
	struct ws_members members[2];
	int rc;

	for (int side = 0; side < 2; side++)
		members[side] = (struct ws_members) { matching->identity[side], sizeof(*matching->identity[side]),
						      matching->list[side]->n,
						      of_all ? NULL : matching->is_left[side] };
	rc = ws_grouping_open(members, &grouping);
	for (uint32_t g = 0; g < grouping.n && !rc; g++)
		rc = take(matching, &grouping, &grouping.group[g]);
	ws_grouping_close(&grouping);
	return rc;
}

int ws_counterparts_each(const struct ws_sightings *records, const struct ws_sightings *capture,
			 ws_take_counterparts take, void *context)
{
	struct matching matching = { .list = { records, capture }, .take = take, .context = context };
	int rc = 0;

	for (int side = 0; side < 2; side++) {
		size_t n = (size_t)matching.list[side]->n + 1;

		matching.identity[side] = malloc(n * sizeof(*matching.identity[side]));
		matching.is_left[side] = calloc(n, sizeof(*matching.is_left[side]));
		rc = matching.identity[side] && matching.is_left[side] ? rc : -ENOMEM;
	}
	if (!rc) {
		fill(&matching, false);
		rc = each_group(&matching, true, take_single);
	}
	if (!rc && matching.any_left) {
		fill(&matching, true);
		rc = each_group(&matching, false, take_once);
		fill(&matching, false);
		rc = rc ? rc : each_group(&matching, false, take_in_order);
	}
	for (int side = 0; side < 2; side++) {
		free(matching.identity[side]);
		free(matching.is_left[side]);
	}
	return rc;
}

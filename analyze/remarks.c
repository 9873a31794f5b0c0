/* SPDX-License-Identifier: BSD-2-Clause */
/* remarks - see remarks.h. */
#include "analyze/remarks.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/sighting.h"
#include "lib/names.h"

struct ws_family_remark *ws_remarks_family(struct ws_remarks *remarks, const char *name)
{
	struct ws_family_remark *grown;
	char *copy;

	for (uint32_t i = 0; i < remarks->n_families; i++) {
		if (!strcmp(remarks->family[i].name, name))
			return &remarks->family[i];
	}
	grown = realloc(remarks->family, (remarks->n_families + 1) * sizeof(*grown));
	if (!grown)
		return NULL;
	remarks->family = grown;
	copy = strdup(name);
	if (!copy)
		return NULL;
	grown[remarks->n_families] = (struct ws_family_remark) { .name = copy };
	return &grown[remarks->n_families++];
}

int ws_remarks_append(struct ws_remarks *remarks, const struct ws_remarks *more)
{
	remarks->is_judged |= more->is_judged;
	for (uint32_t i = 0; i < WS_N_MISSES; i++) {
		remarks->miss[i].n += more->miss[i].n;
		remarks->miss[i].n_with_context += more->miss[i].n_with_context;
	}
	for (uint32_t i = 0; i < more->n_families; i++) {
		const struct ws_family_remark *from = &more->family[i];
		struct ws_family_remark *to = ws_remarks_family(remarks, from->name);

		if (!to)
			return -ENOMEM;
		to->n_noted += from->n_noted;
		to->n_used += from->n_used;
		for (int flaw = 0; flaw < WS_N_FLAWS; flaw++)
			to->n_malformed[flaw] += from->n_malformed[flaw];
	}
	return 0;
}

void ws_remarks_close(struct ws_remarks *remarks)
{
	if (!remarks)
		return;
	for (uint32_t i = 0; i < remarks->n_families; i++)
		free(remarks->family[i].name);
	free(remarks->family);
	*remarks = (struct ws_remarks) { 0 };
}

const char *ws_miss_name(uint8_t reason)
{
	if (reason == WS_REASON_NO_RECORD)
		return "no_record";
	if (reason == WS_REASON_OTHER_FAMILY)
		return "other_family";
	return reason == WS_REASON_CONTEXT ? NULL : ws_slot_name(reason);
}

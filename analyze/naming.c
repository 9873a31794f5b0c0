/* SPDX-License-Identifier: BSD-2-Clause */
/* naming - see naming.h. */
#include "analyze/naming.h"

#include <errno.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/ns.h"
#include "analyze/query.h"

static int take_number(sqlite3_stmt *row, void *context)
{
	int64_t *number = context;

	*number = sqlite3_column_int64(row, 0);
	return 0;
}

/* The median of the readings of a file's clocks says how far they are apart: enough to tell who had an address. */
static int read_offset(struct ws_store *store, const struct ws_file *file, int64_t *offset_ns, bool *has_offset,
		       struct ws_error *err)
{
	static const char query[] = "SELECT realtime_ns - monotonic_ns FROM clock_pair WHERE file_id = ?1 ORDER BY 1"
				    " LIMIT 1 OFFSET (SELECT count(*) / 2 FROM clock_pair WHERE file_id = ?1)";
	int64_t number = INT64_MIN;
	int rc;

	if (file->source == WS_SOURCE_PCAP) {
		*has_offset = true;
		return 0;
	}
	rc = ws_query_each(store, query, file->file_id, "its clock readings", take_number, &number, err);
	*has_offset = number != INT64_MIN;
	*offset_ns = *has_offset ? number : 0;
	return rc;
}

int ws_naming_open(struct ws_store *store, const struct ws_catalog *catalog, struct ws_naming *naming,
		   struct ws_error *err)
{
	struct ws_naming made = {
		.offset_ns = calloc((size_t)catalog->n_files + 1, sizeof(*made.offset_ns)),
		.has_offset = calloc((size_t)catalog->n_files + 1, sizeof(*made.has_offset)),
		.latest_ns = INT64_MAX - 1,
	};
	int rc = made.offset_ns && made.has_offset ? 0 : ws_error(err, -ENOMEM, "out of memory");

	rc = rc ? rc : ws_owners_read(store, &made.owners, err);
	rc = rc ? rc
		: ws_query_each(store, "SELECT taken_ns FROM snapshot WHERE taken_ns IS NOT NULL ORDER BY 1", 0,
				"its cluster snapshots", take_number, &made.latest_ns, err);
	for (uint32_t i = 0; i < catalog->n_files && !rc && made.owners.n; i++)
		rc = read_offset(store, &catalog->file[i], &made.offset_ns[i], &made.has_offset[i], err);
	if (rc)
		ws_naming_close(&made);
	else
		*naming = made;
	return rc;
}

void ws_naming_close(struct ws_naming *naming)
{
	if (!naming)
		return;
	ws_owners_close(&naming->owners);
	free(naming->offset_ns);
	free(naming->has_offset);
	free(naming->memo);
	*naming = (struct ws_naming) { 0 };
}

int64_t ws_naming_realtime(const struct ws_naming *naming, const struct ws_sighting *sighting)
{
	if (!naming->has_offset[sighting->file])
		return naming->latest_ns;
	return ws_ns_plus(sighting->ts_ns, naming->offset_ns[sighting->file]);
}

int ws_naming_changes(const struct ws_naming *naming, uint32_t file, int64_t first_ns, int64_t last_ns,
		      struct ws_numbers *at_ns)
{
	const int64_t after_ns = ws_ns_plus(first_ns, naming->offset_ns[file]);
	const int64_t until_ns = ws_ns_plus(last_ns, naming->offset_ns[file]);
	const bool is_absurd = after_ns > until_ns; /* an overflow: any moment may lie between */
	int rc = 0;

	for (uint32_t i = 0; i < naming->owners.n && naming->has_offset[file]; i++) {
		const int64_t moment_ns[] = { naming->owners.at[i].from_ns, naming->owners.at[i].until_ns };

		for (int k = 0; k < 2 && !rc; k++) {
			if (is_absurd || (moment_ns[k] > after_ns && moment_ns[k] <= until_ns))
				rc = ws_numbers_add(at_ns, (uint64_t)moment_ns[k]);
		}
	}
	return rc;
}

/* Does the memo hold no longer than until the number, if that is later than the time that is asked for; else from it
 * on? */
static void bound(struct ws_naming_memo *memo, int64_t number_ns, int64_t realtime_ns)
{
	if (number_ns > realtime_ns)
		memo->until_ns = number_ns < memo->until_ns ? number_ns : memo->until_ns;
	else
		memo->from_ns = number_ns > memo->from_ns ? number_ns : memo->from_ns;
}

static int compare_addresses(const void *address, const void *owner)
{
	return memcmp(address, ((const struct ws_owner *)owner)->address, 16);
}

/* Finds out who had the address then, and from when to when there is no other answer. */
static struct ws_party look_up(const struct ws_owners *owners, const uint8_t address[16], int64_t realtime_ns,
			       struct ws_naming_memo *memo)
{
	const struct ws_owner *any = owners->n
					     ? bsearch(address, owners->at, owners->n, sizeof(*any), compare_addresses)
					     : NULL;
	const struct ws_owner *first = any, *end = owners->at + owners->n;
	struct ws_party party = { .is_outside = owners->n && !any };

	memcpy(party.address, address, sizeof(party.address));
	while (first && first > owners->at && !compare_addresses(address, first - 1))
		first--;
	for (const struct ws_owner *owner = first; any && owner < end && !compare_addresses(address, owner); owner++) {
		bound(memo, owner->from_ns, realtime_ns);
		bound(memo, owner->until_ns, realtime_ns);
	}
	party.owner = any ? ws_owners_find(owners, address, realtime_ns) : NULL;
	return party;
}

/* Makes room for memos of all tuples. */
static int reserve(struct ws_naming *naming, uint32_t n_tuples)
{
	struct ws_naming_memo *grown;

	if (n_tuples <= naming->n_memos)
		return 0;
	grown = realloc(naming->memo, (size_t)n_tuples * sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	memset(grown + naming->n_memos, 0, (n_tuples - naming->n_memos) * sizeof(*grown));
	naming->memo = grown;
	naming->n_memos = n_tuples;
	return 0;
}

static const struct ws_naming_memo *memo_of(struct ws_naming *naming, const struct ws_tuples *tuples, uint32_t tuple,
					    int64_t realtime_ns)
{
	struct ws_naming_memo *memo = &naming->memo[tuple];

	if (realtime_ns >= memo->from_ns && realtime_ns < memo->until_ns)
		return memo;
	*memo = (struct ws_naming_memo) { .from_ns = INT64_MIN, .until_ns = INT64_MAX };
	memo->caller = look_up(&naming->owners, tuples->at[tuple].saddr, realtime_ns, memo);
	memo->callee = look_up(&naming->owners, tuples->at[tuple].daddr, realtime_ns, memo);
	return memo;
}

/* A pod says more than the service that it was chosen for, and that more than the node that it runs on. */
static bool says_more(const struct ws_party *a, const struct ws_party *b)
{
	return a->owner && (!b->owner || a->owner->kind < b->owner->kind);
}

int ws_naming_parties(struct ws_naming *naming, const struct ws_tuples *tuples, const struct ws_sighting *sighting,
		      const struct ws_sighting *other, struct ws_parties *parties)
{
	int64_t realtime_ns = ws_naming_realtime(naming, sighting);
	const struct ws_naming_memo *memo;
	int rc = reserve(naming, tuples->n);

	if (rc)
		return rc;
	memo = memo_of(naming, tuples, sighting->tuple, realtime_ns);
	*parties = (struct ws_parties) { memo->caller, memo->callee };
	if (!other || other->tuple == sighting->tuple)
		return 0;
	memo = memo_of(naming, tuples, other->tuple, realtime_ns);
	if (says_more(&memo->caller, &parties->caller))
		parties->caller = memo->caller;
	if (says_more(&memo->callee, &parties->callee))
		parties->callee = memo->callee;
	return 0;
}

const char *ws_naming_caller(const struct ws_party *party, char text[WS_OWNER_TEXT_MAX])
{
	return party->is_outside ? "outside" : ws_naming_callee(party, text);
}

const char *ws_naming_callee(const struct ws_party *party, char text[WS_OWNER_TEXT_MAX])
{
	return ws_owner_service(party->owner, party->address, text);
}

const char *ws_naming_edge(const struct ws_parties *parties, char text[WS_EDGE_WORDS_MAX])
{
	char caller[WS_OWNER_TEXT_MAX], callee[WS_OWNER_TEXT_MAX];

	snprintf(text, WS_EDGE_WORDS_MAX, "%.250s -> %.250s", ws_naming_caller(&parties->caller, caller),
		 ws_naming_callee(&parties->callee, callee));
	return text;
}

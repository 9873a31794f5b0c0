/* SPDX-License-Identifier: BSD-2-Clause */
/* strata - see strata.h. */
#include "analyze/strata.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const char *or_unknown(const char *text)
{
	return text && *text ? text : WS_KEY_UNKNOWN;
}

struct ws_key ws_strata_key(unsigned int by, const struct ws_parties *parties, unsigned int way, const char *pod,
			    const char *node, struct ws_key_room *room)
{
	const struct ws_party *party = !parties || way >= WS_N_WAYS ? NULL
				       : way == WS_WAY_RX	    ? &parties->callee
								    : &parties->caller;
	const struct ws_owner *owner = party ? party->owner : NULL;
	struct ws_key key = { 0 };

	if (by & WS_BY_EDGE)
		key.part[WS_KEY_EDGE] = parties ? ws_naming_edge(parties, room->edge) : WS_KEY_UNKNOWN;
	if (by & WS_BY_POD) {
		*room->pod = 0;
		if (owner && owner->kind == WS_OWNER_POD)
			ws_owner_full_name(owner, party->address, room->pod, sizeof(room->pod));
		key.part[WS_KEY_POD] = or_unknown(*pod ? pod : room->pod);
	}
	if (by & WS_BY_SERVICE)
		key.part[WS_KEY_SERVICE] = party ? ws_naming_callee(party, room->service) : WS_KEY_UNKNOWN;
	if (by & WS_BY_NODE)
		key.part[WS_KEY_NODE] = or_unknown(*node || !owner ? node : owner->node);
	return key;
}

uint64_t ws_leftover_n_strays(const struct ws_leftover *leftover)
{
	uint64_t n = 0;

	for (int side = 0; side < WS_N_SIDES; side++) {
		for (int cause = 0; cause < WS_N_CAUSES; cause++)
			n += leftover->n_cause[side][cause];
	}
	return n;
}

/* The key that was found last for a tuple and direction, and what it was found for. */
struct memo {
	const struct ws_owner *caller, *callee;
	uint32_t other_tuple;
	uint32_t key_plus_1; /* 0: none */
	uint32_t stratum;
	uint16_t file;
	uint8_t source;
};

struct ws_division {
	struct ws_study *study;
	struct ws_strata made;
	uint64_t *room;		/* of each stratum's latencies */
	struct memo *memo;	/* one a tuple at the vport and direction */
	uint32_t n_memos;	/* tuples */
	uint32_t *stratum_of;	/* of key, source and direction: its index + 1 */
	uint32_t *leftover_of;	/* of key and source: likewise */
	uint32_t n_keys_mapped; /* how many keys these two know */
};

static int grow_maps(struct ws_division *work)
{
	uint32_t n = work->made.keys.n, room;
	uint32_t *grown;

	if (n <= work->n_keys_mapped)
		return 0;
	room = n < 64 ? 64 : 2 * n;
	grown = realloc(work->stratum_of, (size_t)room * WS_N_SOURCES * WS_N_WAYS * sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	work->stratum_of = grown;
	memset(grown + (size_t)work->n_keys_mapped * WS_N_SOURCES * WS_N_WAYS, 0,
	       (size_t)(room - work->n_keys_mapped) * WS_N_SOURCES * WS_N_WAYS * sizeof(*grown));
	grown = realloc(work->leftover_of, (size_t)room * WS_N_SOURCES * sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	work->leftover_of = grown;
	memset(grown + (size_t)work->n_keys_mapped * WS_N_SOURCES, 0,
	       (size_t)(room - work->n_keys_mapped) * WS_N_SOURCES * sizeof(*grown));
	work->n_keys_mapped = room;
	return 0;
}

/* The index of the stratum, which is made if it is new. */
static int find_stratum(struct ws_division *work, uint32_t key, enum ws_source source, enum ws_way way, uint32_t *index)
{
	struct ws_strata *made = &work->made;
	uint32_t *known;
	int rc = grow_maps(work);

	if (rc)
		return rc;
	known = &work->stratum_of[((size_t)key * WS_N_SOURCES + source) * WS_N_WAYS + way];
	if (!*known) {
		/* doubled when it is a power of two */
		if (!(made->n & (made->n - 1))) {
			size_t room = made->n ? 2 * (size_t)made->n : 1;
			struct ws_stratum *grown = realloc(made->at, room * sizeof(*grown));
			uint64_t *rooms;

			if (!grown)
				return -ENOMEM;
			made->at = grown;
			rooms = realloc(work->room, room * sizeof(*rooms));
			if (!rooms)
				return -ENOMEM;
			work->room = rooms;
		}
		work->room[made->n] = 0;
		made->at[made->n++] = (struct ws_stratum) { .key = key, .source = source, .way = way };
		*known = made->n;
	}
	*index = *known - 1;
	return 0;
}

static int find_leftover(struct ws_division *work, uint32_t key, enum ws_source source, struct ws_leftover **leftover)
{
	struct ws_strata *made = &work->made;
	uint32_t *known, n = made->n_leftovers;
	int rc = grow_maps(work);

	if (rc)
		return rc;
	known = &work->leftover_of[(size_t)key * WS_N_SOURCES + source];
	if (!*known) {
		if (!(n & (n - 1))) {
			struct ws_leftover *grown = realloc(made->leftover, (n ? 2 * (size_t)n : 1) * sizeof(*grown));

			if (!grown)
				return -ENOMEM;
			made->leftover = grown;
		}
		made->leftover[made->n_leftovers++] = (struct ws_leftover) { .key = key, .source = source };
		*known = made->n_leftovers;
	}
	*leftover = &made->leftover[*known - 1];
	return 0;
}

static int key_of(struct ws_division *work, const struct ws_parties *parties, unsigned int way,
		  const struct ws_file *file, const char *node, uint32_t *index)
{
	struct ws_key_room room;
	struct ws_key key = ws_strata_key(work->made.by, parties, way, file->role == WS_ROLE_VPORT ? file->pod : "",
					  node, &room);

	return ws_keys_add(&work->made.keys, &key, index);
}

/* Memos for all tuples that there are: they come with the first pair. */
static int make_memos(struct ws_division *work)
{
	if (work->n_memos >= work->study->tuples.n)
		return 0;
	free(work->memo);
	work->n_memos = 0;
	work->memo = calloc((size_t)work->study->tuples.n * WS_N_WAYS, sizeof(*work->memo));
	if (!work->memo)
		return -ENOMEM;
	work->n_memos = work->study->tuples.n;
	return 0;
}

/* The stratum of a pair. */
static int divide(struct ws_division *work, enum ws_source source, const struct ws_sighting *nic,
		  const struct ws_sighting *vport, unsigned int way, uint32_t *index)
{
	struct ws_parties parties;
	struct memo *memo;
	uint32_t key;
	int rc = make_memos(work);

	rc = rc ? rc : ws_naming_parties(&work->study->naming, &work->study->tuples, vport, nic, &parties);
	if (rc)
		return rc;
	memo = &work->memo[WS_N_WAYS * (size_t)vport->tuple + way];
	if (memo->key_plus_1 && memo->caller == parties.caller.owner && memo->callee == parties.callee.owner &&
	    memo->other_tuple == nic->tuple && memo->file == vport->file && memo->source == source) {
		*index = memo->stratum;
		return 0;
	}
	rc = key_of(work, &parties, way, &work->study->catalog.file[vport->file], ws_study_node(work->study, vport),
		    &key);
	rc = rc ? rc : find_stratum(work, key, source, way, index);
	if (!rc)
		*memo = (struct memo) { parties.caller.owner, parties.callee.owner, nic->tuple, key + 1, *index,
					vport->file,	      (uint8_t)source };
	return rc;
}

int ws_division_pair(struct ws_division *work, enum ws_source source, const struct ws_sighting *nic,
		     const struct ws_sighting *vport, unsigned int way, unsigned int class)
{
	struct ws_stratum *stratum;
	uint32_t index;
	int rc = divide(work, source, nic, vport, way, &index);

	if (rc)
		return rc;
	stratum = &work->made.at[index];
	if (stratum->n == work->room[index]) {
		uint64_t room = stratum->n ? stratum->n + stratum->n / 2 : 64;
		uint64_t *grown = realloc(stratum->latency_ns, room * sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		stratum->latency_ns = grown;
		work->room[index] = room;
	}
	stratum->latency_ns[stratum->n++] = ws_latency_ns(way, nic->ts_ns, vport->ts_ns);
	stratum->n_class[class % WS_N_CLASSES]++;
	return 0;
}

int ws_division_stray(struct ws_division *work, enum ws_source source, enum ws_side side, enum ws_cause cause,
		      const struct ws_sighting *s)
{
	struct ws_leftover *leftover;
	struct ws_parties parties;
	uint32_t key;
	int rc = ws_naming_parties(&work->study->naming, &work->study->tuples, s, NULL, &parties);

	rc = rc ? rc
		: key_of(work, &parties, ws_kernel_way(side, s->direction), &work->study->catalog.file[s->file],
			 ws_study_node(work->study, s), &key);
	rc = rc ? rc : find_leftover(work, key, source, &leftover);
	if (!rc)
		leftover->n_cause[side][cause]++;
	return rc;
}

/* Counts what got lost at the points of a source. */
static int count_lost(struct ws_division *work, enum ws_source source)
{
	const struct ws_study *study = work->study;
	int rc = 0;

	for (uint32_t f = 0; f < study->catalog.n_files && !rc; f++) {
		const struct ws_file *file = &study->catalog.file[f];
		uint64_t n = ws_tallies_sum(&file->losses);
		struct ws_leftover *leftover;
		uint32_t key;

		if (!n || !study->wanted[f] || file->source != source || file->role == WS_ROLE_OTHER)
			continue;
		rc = key_of(work, NULL, WS_N_WAYS, file, study->node[study->vantage[f].node], &key);
		rc = rc ? rc : find_leftover(work, key, source, &leftover);
		if (!rc)
			leftover->n_lost += n;
	}
	return rc;
}

int ws_division_open(struct ws_study *study, unsigned int by, struct ws_division **division)
{
	struct ws_division *made = calloc(1, sizeof(*made));

	if (!made)
		return -ENOMEM;
	made->study = study;
	made->made.by = by & WS_BY_NAMES;
	*division = made;
	return 0;
}

int ws_division_end(struct ws_division *work, struct ws_strata *strata)
{
	int rc = 0;

	for (int source = 0; source < WS_N_SOURCES && !rc; source++)
		rc = count_lost(work, source);
	rc = rc ? rc : ws_strata_complete(&work->made);
	if (rc)
		return rc;
	*strata = work->made;
	work->made = (struct ws_strata) { 0 };
	return 0;
}

void ws_division_close(struct ws_division *division)
{
	if (!division)
		return;
	ws_strata_close(&division->made);
	free(division->room);
	free(division->memo);
	free(division->stratum_of);
	free(division->leftover_of);
	free(division);
}

void ws_strata_close(struct ws_strata *strata)
{
	if (!strata)
		return;
	for (uint32_t i = 0; i < strata->n; i++)
		free(strata->at[i].latency_ns);
	free(strata->at);
	free(strata->leftover);
	ws_keys_close(&strata->keys);
	*strata = (struct ws_strata) { 0 };
}

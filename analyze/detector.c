/* SPDX-License-Identifier: BSD-2-Clause */
/* detector - looks at a file's sightings, some at a time: who found which context, and what it means; see detection.h.
 */
#include "analyze/detection.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/counterparts.h"
#include "analyze/harvest.h"
#include "analyze/strata.h"
#include "lib/names.h"
#include "lib/record.h"

/* Does the reason leave open whether the request has a context? */
static bool is_open(uint8_t reason)
{
	switch (reason) {
	case WS_REASON_BEYOND_WINDOW:
	case WS_REASON_SPLIT:
	case WS_REASON_TRUNCATED:
	case WS_REASON_LOST_SEGMENT:
	case WS_REASON_OUT_OF_ORDER:
	case WS_REASON_UNDECODABLE:
		return true;
	default:
		return false;
	}
}

static int compare_ends(const void *a, const void *b)
{
	const struct ws_spot *left = a, *right = b;

	return (left->end_off > right->end_off) - (left->end_off < right->end_off);
}

/* Lists where each context ends that was found, ascending. 0 or -ENOMEM. */
static int list_ends(const struct ws_spots *spots, uint32_t n_found, uint32_t **found_at)
{
	uint32_t *at = malloc(((size_t)n_found + 1) * sizeof(*at)), n = 0, n_listed = 0;
	struct ws_spot *found = malloc(((size_t)spots->n + 1) * sizeof(*found));

	if (!at || !found) {
		free(at);
		free(found);
		return -ENOMEM;
	}
	for (uint32_t i = 0; i < spots->n; i++) {
		if (spots->at[i].kind == WS_SPOT_FOUND)
			found[n++] = spots->at[i];
	}
	qsort(found, n, sizeof(*found), compare_ends);
	for (uint32_t i = 0; i < n; i++) {
		for (uint64_t k = 0; k < found[i].n; k++)
			at[n_listed++] = found[i].end_off;
	}
	free(found);
	*found_at = at;
	return 0;
}

bool ws_record_is_settled(uint8_t reason)
{
	return reason != WS_REASON_UNREAD && !is_open(reason);
}

/* A capture is its own judge: what it left open is told, and is nobody's loss. */
const struct ws_file *ws_capture_at(const struct ws_catalog *catalog, const struct ws_file *file)
{
	for (uint32_t i = 0; i < catalog->n_files && file->source != WS_SOURCE_PCAP; i++) {
		if (catalog->file[i].source == WS_SOURCE_PCAP && !strcmp(catalog->file[i].point, file->point))
			return &catalog->file[i];
	}
	return NULL;
}

/* The key of a tuple's requests, and what it was found for. */
struct named {
	const struct ws_owner *caller;
	const struct ws_owner *callee;
	uint32_t key_plus_1; /* 0: none */
	uint8_t going;
};

/* Remarks by family, while the families are numbers. */
struct counts {
	uint64_t noted[WS_MAX_FAMILIES];
	uint64_t used[WS_MAX_FAMILIES];
	uint64_t malformed[WS_MAX_FAMILIES][WS_N_FLAWS];
};

/* Looks at a file of the study, some of its sightings at a time. */
struct detector {
	struct ws_study *study;
	struct ws_detection made;
	const struct ws_file *capture; /* who judges; NULL: there is none */
	struct counts counts;
	uint64_t n_undecodable; /* HTTP/2 requests that nobody can read, and that have a record */
	struct named *named;	/* by tuple: the key that was found last; NULL where nothing is told apart by name */
};

static enum ws_going going_of(const struct detector *work, const struct ws_sighting *s)
{
	uint8_t direction = s->direction ? s->direction : ws_harvest_direction(work->study->harvest, s);

	if (direction != WS_DIRECTION_IN && direction != WS_DIRECTION_OUT)
		return WS_GOING_UNKNOWN;
	if (work->made.file->role == WS_ROLE_OTHER)
		return direction == WS_DIRECTION_IN ? WS_GOING_IN : WS_GOING_OUT;
	return (direction == WS_DIRECTION_IN) == (work->made.file->role == WS_ROLE_NIC) ? WS_GOING_RX : WS_GOING_TX;
}

/* The key of a request, where requests are told apart by name. */
static int find_key(struct detector *work, const struct ws_sighting *s, struct ws_spot *spot)
{
	static const unsigned int way_of[] = { [WS_GOING_UNKNOWN] = WS_N_WAYS,
					       [WS_GOING_RX] = WS_WAY_RX,
					       [WS_GOING_TX] = WS_WAY_TX,
					       [WS_GOING_IN] = WS_N_WAYS,
					       [WS_GOING_OUT] = WS_N_WAYS };
	const struct ws_file *file = work->made.file;
	struct named *named = &work->named[s->tuple];
	struct ws_parties parties;
	struct ws_key_room room;
	struct ws_key key;
	int rc = ws_naming_parties(&work->study->naming, &work->study->tuples, s, NULL, &parties);

	if (rc)
		return rc;
	if (!named->key_plus_1 || named->caller != parties.caller.owner || named->callee != parties.callee.owner ||
	    named->going != spot->going) {
		key = ws_strata_key(work->study->by, &parties, way_of[spot->going],
				    file->role == WS_ROLE_VPORT ? file->pod : "", ws_study_node(work->study, s), &room);
		rc = ws_keys_add(&work->made.spots.keys, &key, &named->key_plus_1);
		if (rc)
			return rc;
		*named = (struct named) { parties.caller.owner, parties.callee.owner, named->key_plus_1 + 1,
					  spot->going };
	}
	spot->key = named->key_plus_1 - 1;
	return 0;
}

/* Notes a request of list, which is that of file, as a spot. */
static int add_spot(struct detector *work, enum ws_spot_kind kind, const struct ws_file *file,
		    const struct ws_sightings *list, uint32_t i)
{
	const struct ws_sighting *s = &list->at[i];
	const struct ws_place *place = &list->place[i];
	const struct ws_tuple *tuple = &work->study->tuples.at[s->tuple];
	struct ws_spot spot = {
		.dport = tuple->dport,
		.going = (uint8_t)going_of(work, s),
		.http_version = place->http_version,
		.kind = (uint8_t)kind,
		.n = list->n_alike ? list->n_alike[i] : 1,
	};
	const char *family = kind == WS_SPOT_OPEN ? "none" : ws_file_family_name(file, s->family);
	int rc = ws_spots_family(&work->made.spots, family, &spot.family);

	if (!rc && work->named)
		rc = find_key(work, s, &spot);
	memcpy(spot.daddr, tuple->daddr, sizeof(spot.daddr));
	if (kind == WS_SPOT_FOUND) {
		spot.begin_off = place->ctx_off;
		spot.end_off = s->ids_end_off;
		spot.length = place->ctx_len;
		spot.searched_len = place->searched_len;
		spot.begin_segment = place->ctx_segment;
		spot.end_segment = place->ids_end_segment;
	}
	return rc ? rc : ws_spots_add(&work->made.spots, &spot);
}

/* Both lists, side by side. */
struct both {
	struct detector *work;
	const struct ws_sightings *records, *capture;
	uint64_t n; /* requests that each stands for */
};

/* Compares a request's record with what the capture says of it; WS_NOBODY: there is none. */
static int judge(void *context, uint32_t r, uint32_t c)
{
	const struct both *both = context;
	struct detector *work = both->work;
	struct ws_detection *made = &work->made;
	uint8_t truth = c != WS_NOBODY ? both->capture->at[c].reason : (uint8_t)WS_REASON_TRUNCATED;
	uint8_t ours = r != WS_NOBODY ? both->records->at[r].reason : (uint8_t)WS_REASON_NO_RECORD;
	bool has_context = truth == WS_REASON_CONTEXT;

	if (ours != WS_REASON_NO_RECORD && ws_record_is_settled(ours))
		return 0;
	made->remarks.miss[ours].n += ours == WS_REASON_NO_RECORD ? both->n : 0;
	made->remarks.miss[ours].n_with_context += has_context ? both->n : 0;
	made->n_resolved += has_context ? both->n : 0;
	made->n_open += is_open(truth) ? both->n : 0;
	if (has_context)
		return add_spot(work, WS_SPOT_MISSED, work->capture, both->capture, c);
	if (!is_open(truth))
		return 0;
	return r != WS_NOBODY ? add_spot(work, WS_SPOT_OPEN, made->file, both->records, r)
			      : add_spot(work, WS_SPOT_OPEN, work->capture, both->capture, c);
}

static void count(const struct ws_sighting *s, const struct ws_place *place, uint64_t n, struct counts *counts)
{
	if (s->reason == WS_REASON_CONTEXT)
		counts->used[s->family % WS_MAX_FAMILIES] += n;
	for (unsigned int left = place->families; left; left &= left - 1)
		counts->noted[__builtin_ctz(left)] += n;
	for (unsigned int left = place->malformed; left; left &= left - 1)
		counts->malformed[__builtin_ctz(left)][place->flaw < WS_N_FLAWS ? place->flaw : WS_FLAW_NONE] += n;
}

/* Takes the counts over, by name; families of which nothing was seen are left out. */
static int take_counts(const struct ws_file *file, const struct counts *counts, struct ws_remarks *remarks)
{
	for (uint8_t family = 1; family < WS_MAX_FAMILIES; family++) {
		struct ws_family_remark *remark;
		uint64_t n = counts->noted[family] + counts->used[family];

		for (int flaw = 0; flaw < WS_N_FLAWS; flaw++)
			n += counts->malformed[family][flaw];
		if (!n)
			continue;
		remark = ws_remarks_family(remarks, ws_file_family_name(file, family));
		if (!remark)
			return -ENOMEM;
		remark->n_noted = counts->noted[family];
		remark->n_used = counts->used[family];
		memcpy(remark->n_malformed, counts->malformed[family], sizeof(remark->n_malformed));
	}
	return 0;
}

/* Looks at what the file itself says. */
static int look(struct detector *work, const struct ws_sightings *sightings)
{
	struct ws_detection *made = &work->made;
	int rc = 0;

	for (uint32_t i = 0; i < sightings->n && !rc; i++) {
		const struct ws_sighting *s = &sightings->at[i];
		/* The frames of other requests are in the ledger. */
		const bool is_later = sightings->place[i].flags & WS_FLAG_LATER_IN_FRAME;
		const uint64_t n = sightings->n_alike ? sightings->n_alike[i] : 1;

		count(s, &sightings->place[i], n, &work->counts);
		made->remarks.miss[s->reason].n += s->reason != WS_REASON_CONTEXT ? n : 0;
		made->n_unread += s->reason == WS_REASON_UNREAD && is_later ? n : 0;
		work->n_undecodable += s->reason == WS_REASON_UNDECODABLE && !is_later ? n : 0;
		if (s->reason == WS_REASON_CONTEXT) {
			if (n > UINT32_MAX - made->n_found)
				return -EOVERFLOW;
			made->n_found += (uint32_t)n;
			rc = add_spot(work, WS_SPOT_FOUND, made->file, sightings, i);
		} else if (is_open(s->reason) && !made->has_capture) {
			made->n_open += n;
			rc = add_spot(work, WS_SPOT_OPEN, made->file, sightings, i);
		}
	}
	return rc;
}

/* Looks at sightings of some flows at the file's point, one list a file of the catalog. */
static int look_at_point(struct detector *work, enum ws_shown shown, const struct ws_sightings *sightings)
{
	const struct ws_file *first = work->study->catalog.file;
	struct both both = { .work = work, .records = &sightings[work->made.file - first], .n = 1 };
	int rc = 0;

	if (work->study->by & WS_BY_NAMES && !work->named) {
		work->named = calloc((size_t)work->study->tuples.n + 1, sizeof(*work->named));
		if (!work->named)
			return -ENOMEM;
	}
	if (shown != WS_SHOWN_AGAIN)
		rc = look(work, both.records);
	/* Of records, the capture at the point is the judge: it knows, too, what has no record because it was lost. */
	if (!rc && work->capture && shown != WS_SHOWN_ALIKE) {
		both.capture = &sightings[work->capture - first];
		rc = ws_counterparts_each(both.records, both.capture, judge, &both);
	}
	return rc;
}

static int detector_open(struct ws_study *study, uint32_t file, struct detector **detector)
{
	struct detector *made = calloc(1, sizeof(*made));

	if (!made)
		return -ENOMEM;
	made->study = study;
	made->made.file = &study->catalog.file[file];
	made->capture = ws_capture_at(&study->catalog, made->made.file);
	made->made.has_capture = made->made.remarks.is_judged = made->capture != NULL;
	made->made.n_unread = ws_file_n_unread(made->made.file);
	*detector = made;
	return 0;
}

static void detector_close(struct detector *detector)
{
	if (!detector)
		return;
	ws_detection_close(&detector->made);
	free(detector->named);
	free(detector);
}

/* When all sightings were looked at: what was found. 0 or -ENOMEM. */
static int detector_end(struct detector *work, struct ws_detection *detection)
{
	struct ws_detection *made = &work->made;
	/* HTTP/2 connections that were there before the recording: their requests are in the ledger only. */
	uint64_t n_undecodable = ws_tallies_get(&made->file->reasons, ws_slot_name(WS_REASON_UNDECODABLE));
	int rc = list_ends(&made->spots, made->n_found, &made->found_at);

	made->remarks.miss[WS_REASON_UNREAD].n = made->n_unread;
	rc = rc ? rc : take_counts(made->file, &work->counts, &made->remarks);
	if (rc)
		return rc;
	made->n_unrecorded = n_undecodable > work->n_undecodable ? n_undecodable - work->n_undecodable : 0;
	made->n_open += made->n_unrecorded;
	made->expected_known = made->file->source == WS_SOURCE_PCAP || made->has_capture || !made->n_open;
	made->n_expected = made->n_found + made->n_resolved + (made->has_capture ? 0 : made->n_unread);
	*detection = *made;
	*made = (struct ws_detection) { 0 };
	return 0;
}

/* One detector a wanted file. */
struct detectors {
	struct ws_study *study;
	struct detector **of_file; /* NULL: not wanted */
};

/* Shows sightings at a point to whom they concern. */
static int show_point(void *context, enum ws_shown shown, const struct ws_sightings *sightings, const char *point)
{
	const struct detectors *detectors = context;
	int rc = 0;

	for (uint32_t i = 0; i < detectors->study->catalog.n_files && !rc; i++) {
		if (detectors->of_file[i] && !strcmp(detectors->study->catalog.file[i].point, point))
			rc = look_at_point(detectors->of_file[i], shown, sightings);
	}
	return rc;
}

/* Judges counterparts that are alike. */
static int take_match(void *context, const struct ws_harvest_match *match)
{
	const struct detectors *detectors = context;
	struct ws_harvest_match one = *match;
	struct ws_sightings list[2];
	struct both both = { detectors->of_file[match->at[0].file], &list[0], &list[1], match->n };

	for (int i = 0; i < 2; i++)
		list[i] = (struct ws_sightings) { &one.at[i], &one.place[i], 1, 1, &one.n, NULL };
	return judge(&both, match->is_seen[0] ? 0 : WS_NOBODY, match->is_seen[1] ? 0 : WS_NOBODY);
}

int ws_detections_open(struct ws_study *study, struct ws_detection *detection, uint32_t *n, struct ws_error *err)
{
	const uint32_t n_files = study->catalog.n_files;
	struct detectors detectors = { study, calloc((size_t)n_files + 1, sizeof(*detectors.of_file)) };
	int rc = detectors.of_file ? 0 : -ENOMEM;
	uint32_t n_made = 0;

	for (uint32_t i = 0; i < n_files && !rc; i++)
		rc = study->wanted[i] ? detector_open(study, i, &detectors.of_file[i]) : 0;
	rc = rc ? rc : ws_harvest_sightings(study->harvest, show_point, &detectors);
	rc = rc ? rc : ws_harvest_matches(study->harvest, take_match, &detectors);
	for (uint32_t i = 0; i < n_files && !rc; i++) {
		if (!detectors.of_file[i])
			continue;
		rc = detector_end(detectors.of_file[i], &detection[n_made]);
		n_made += !rc;
	}
	for (uint32_t i = 0; i < n_files && detectors.of_file; i++)
		detector_close(detectors.of_file[i]);
	free(detectors.of_file);
	if (rc) {
		while (n_made)
			ws_detection_close(&detection[--n_made]);
		return ws_bulk_complain(rc, err);
	}
	*n = n_made;
	return 0;
}

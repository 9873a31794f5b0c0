/* SPDX-License-Identifier: BSD-2-Clause */
/* detection - see detection.h. */
#include "analyze/detection.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/grouping.h"
#include "lib/record.h"

/* Does the reason leave open whether the request has a context? */
static bool is_open(uint8_t reason)
{
	return reason == WS_REASON_BEYOND_WINDOW || reason == WS_REASON_SPLIT || reason == WS_REASON_TRUNCATED;
}

static int compare(const void *a, const void *b)
{
	uint32_t left = *(const uint32_t *)a, right = *(const uint32_t *)b;

	return (left > right) - (left < right);
}

/* The capture's sightings at the point of the file, or NULL. */
static const struct ws_sightings *capture_at(const struct ws_study *study, const struct ws_file *file)
{
	for (uint32_t i = 0; i < study->catalog.n_files; i++) {
		const struct ws_file *other = &study->catalog.file[i];

		if (other->source == WS_SOURCE_PCAP && !strcmp(other->point, file->point))
			return &study->sightings[i];
	}
	return NULL;
}

/* Requests without regard to contexts: the same sequence number in the same flow. To be freed. */
static struct ws_identity *list_requests(const struct ws_sightings *sightings)
{
	struct ws_identity *list = calloc((size_t)sightings->n + 1, sizeof(*list));

	for (uint32_t i = 0; i < sightings->n && list; i++) {
		list[i].seq = sightings->at[i].identity.seq;
		list[i].trace_id_len = sightings->at[i].tuple;
	}
	return list;
}

/* Compares the records with the capture, request by request, repetitions in time order. */
static void count(const struct ws_grouping *grouping, const struct ws_sightings *records,
		  const struct ws_sightings *capture, struct ws_detection *detection)
{
	detection->n_open = 0;
	for (uint32_t g = 0; g < grouping->n; g++) {
		uint32_t r = grouping->group[g].first[0], c = grouping->group[g].first[1];

		while (r != WS_NOBODY || c != WS_NOBODY) {
			uint8_t truth = c != WS_NOBODY ? capture->at[c].reason : (uint8_t)WS_REASON_TRUNCATED;
			bool undecided = r == WS_NOBODY || is_open(records->at[r].reason);

			detection->n_resolved += undecided && truth == WS_REASON_CONTEXT;
			detection->n_open += undecided && is_open(truth);
			r = r != WS_NOBODY ? grouping->next[0][r] : r;
			c = c != WS_NOBODY ? grouping->next[1][c] : c;
		}
	}
}

static int resolve(const struct ws_sightings *records, const struct ws_sightings *capture,
		   struct ws_detection *detection)
{
	struct ws_identity *list[2] = { list_requests(records), list_requests(capture) };
	struct ws_members members[2] = {
		{ list[0], sizeof(*list[0]), records->n, NULL },
		{ list[1], sizeof(*list[1]), capture->n, NULL },
	};
	struct ws_grouping grouping = { 0 };
	int rc = list[0] && list[1] ? ws_grouping_open(members, &grouping) : -ENOMEM;

	if (!rc) {
		count(&grouping, records, capture, detection);
		detection->n_expected = detection->n_found + detection->n_resolved;
		detection->expected_known = true;
	}
	ws_grouping_close(&grouping);
	free(list[0]);
	free(list[1]);
	return rc;
}

int ws_detection_open(const struct ws_study *study, uint32_t file, struct ws_detection *detection)
{
	const struct ws_sightings *sightings = &study->sightings[file], *capture;
	struct ws_detection made = { .file = &study->catalog.file[file] };
	int rc = 0;

	made.found_at = malloc(((size_t)sightings->n + 1) * sizeof(*made.found_at));
	if (!made.found_at)
		return -ENOMEM;
	for (uint32_t i = 0; i < sightings->n; i++) {
		if (sightings->at[i].reason == WS_REASON_CONTEXT)
			made.found_at[made.n_found++] = sightings->at[i].ids_end_off;
		made.n_open += is_open(sightings->at[i].reason);
	}
	qsort(made.found_at, made.n_found, sizeof(*made.found_at), compare);
	made.n_expected = made.n_found;
	/*
	 * A capture is its own judge: what it left open is told, and is nobody's loss. Of records, the capture at the
	 * point is: it knows, too, what has no record because it was lost.
	 */
	made.expected_known = made.file->source == WS_SOURCE_PCAP || !made.n_open;
	capture = made.file->source == WS_SOURCE_PCAP ? NULL : capture_at(study, made.file);
	if (capture)
		rc = resolve(sightings, capture, &made);
	if (rc)
		ws_detection_close(&made);
	else
		*detection = made;
	return rc;
}

void ws_detection_close(struct ws_detection *detection)
{
	if (!detection)
		return;
	free(detection->found_at);
	*detection = (struct ws_detection) { 0 };
}

uint64_t ws_offsets_within(const uint32_t *offset, uint64_t n, uint32_t search_bytes)
{
	uint64_t low = 0, high = n;

	while (low < high) {
		uint64_t middle = low + (high - low) / 2;

		if (offset[middle] <= search_bytes)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

struct ws_detection_rate ws_detection_rate(const struct ws_detection *detection, uint32_t search_bytes)
{
	struct ws_detection_rate rate = {
		.n_detected = ws_offsets_within(detection->found_at, detection->n_found, search_bytes),
	};

	rate.has_rate = detection->expected_known && detection->n_expected > 0 &&
			search_bytes <= detection->file->search_bytes;
	if (rate.has_rate)
		rate.rate = ws_wilson(rate.n_detected, detection->n_expected);
	return rate;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* detection - see detection.h. */
#include "analyze/detection.h"

#include <stdlib.h>

int ws_detection_groups(const struct ws_detection *detection, unsigned int by, struct ws_spot_groups *groups)
{
	const bool open_is_out = detection->has_capture || detection->file->source == WS_SOURCE_PCAP;
	int rc = ws_spot_groups_open(&detection->spots, by, open_is_out,
				     detection->has_capture ? 0 : detection->n_unread, groups);

	/* what has no record may belong to any group that HTTP/2 may belong to */
	for (uint32_t i = 0; rc == 0 && detection->n_unrecorded && i < groups->n; i++) {
		if (groups->at[i].http_version == 1)
			continue;
		groups->at[i].n_open += detection->n_unrecorded;
		groups->at[i].expected_known &= open_is_out;
	}
	return rc;
}

void ws_detection_close(struct ws_detection *detection)
{
	if (!detection)
		return;
	free(detection->found_at);
	ws_spots_close(&detection->spots);
	ws_remarks_close(&detection->remarks);
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
			(search_bytes <= detection->file->search_bytes || ws_file_saw_whole_heads(detection->file));
	if (rate.has_rate)
		rate.rate = ws_wilson(rate.n_detected, detection->n_expected);
	return rate;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* hosts - the same segments by the host's path, ingest/heads.h: of what passes whole and in order both say the same. */
#ifndef WS_TEST_HOSTS_H
#define WS_TEST_HOSTS_H

#include "lib/context.h"
#include "tests/diff/kernel/expectation.h"

#define HOSTS_RECORDS_MAX 4096

struct hosts {
	struct ws_record record[HOSTS_RECORDS_MAX];
	uint32_t n_records;
	uint64_t n_frames[WS_N_REASONS];
};

/*
 * Gives it the frames that passed, each with its stamp; one without gets that of the frame before it. Only streams that
 * are not left out are read.
 */
void hosts_read(struct hosts *h, const struct passed *passed, uint32_t n, const struct ws_wanted *wanted,
		bool (*is_left_out)(const struct stream *s));

#endif

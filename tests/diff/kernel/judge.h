/* SPDX-License-Identifier: BSD-2-Clause */
/* judge - what the tests of the in-kernel program have in common: configurations, records gathered, differences told.
 */
#ifndef WS_TEST_JUDGE_H
#define WS_TEST_JUDGE_H

#include "capture/assembly.h"
#include "lib/context.h"
#include "lib/tap_config.h"
#include "tests/diff/kernel/program.h"

#define JUDGE_RECORDS_MAX 4096
/* So many findings are told in full. */
#ifndef JUDGE_TOLD_MAX
#define JUDGE_TOLD_MAX 12
#endif

struct judge_setup {
	const char *name;
	const char *contexts; /* as of --context */
	uint8_t prefers_list;
	struct ws_tap_config config; /* names: made from contexts */
};

/* A program and its reader at work. */
struct judge {
	const struct judge_setup *setup;
	struct ws_wanted wanted;
	struct ws_tap_config config;
	struct program program;
	struct ws_assembly *assembly;
	struct ws_tap_counters before;
	uint64_t *stamp; /* where the next message's stamp goes, if there is 0 */
	uint32_t n_messages;
	uint32_t n_bad_messages; /* that the assembly refused */
	struct ws_record record[JUDGE_RECORDS_MAX];
	uint32_t n_records;
};

/* What was found, of the whole test. */
struct tally {
	uint64_t n_passed, n_failed;
	uint64_t n_told;
	uint64_t slot[WS_N_REASONS]; /* frames */
	uint64_t encap[WS_N_ENCAPS]; /* records */
	uint64_t family[WS_MAX_FAMILIES];
	uint64_t n_frames, n_records, n_of_several, n_later, n_socket, n_run;
	uint64_t n_host; /* records that the host's path has, too */
	uint64_t n_responses, n_without_status, n_host_responses;
};

void judge_open(struct judge *j, const struct judge_setup *setup, const struct subject *subject);
void judge_close(struct judge *j, struct tally *t);

/* A new reader, and an account that begins at zero. */
void judge_begin(struct judge *j);

/* Gives a frame to the program; *stamp is that of its messages, if there are any. */
void judge_give(struct judge *j, const uint8_t *frame, uint32_t len, int by_socket, uint64_t *stamp);

/* No more frames: unfinished heads are recorded, and the account since judge_begin() is made. Forgets all flows. */
void judge_end(struct judge *j, uint64_t n_frames[WS_N_REASONS]);

/* Counts a check that failed, and says whether it is to be told. */
int judge_fails(struct tally *t);

/* Returns how many fields differ, and may print which. */
int judge_differ(const struct ws_record *have, const struct ws_record *want, int is_told);

#endif

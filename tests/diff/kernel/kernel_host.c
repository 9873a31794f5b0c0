/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * kernel_host - does the in-kernel program, with the reader of its messages, say of every request what it must? (root)
 *
 *	kernel_host TAP.BPF.O [SEED [PERCENT [tc]]]     PERCENT of the usual number of rounds; from 1000 on every byte
 *						of every head is a split; tc: the program at tc, not that at a socket
 *	kernel_host --seeds DIR [SEED [FRAMES]]    writes a corpus for tests/fuzz/fuzz_frame.c
 *
 * Five parts, each with its own idea of what is right:
 * - streams: connections whose requests are known from writing them, in segments cut, repeated, late or lost;
 * - splits: heads of 1 to 60 KB cut in two at every byte;
 * - connections: HTTP/2 in all kinds of pieces;
 * - singles: frames one by one, many of them damaged, against a second reading of the payload;
 * - wakeups: messages come without waking who reads them.
 * The frames are given to the program as it will see them: see program.h. What it counts and what its reader says must
 * balance, frame by frame, reason by reason.
 */
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/names.h"
#include "tests/diff/kernel/connections.h"
#include "tests/diff/kernel/singles.h"
#include "tests/diff/kernel/splits.h"
#include "tests/diff/kernel/streams.h"
#include "tests/diff/kernel/wakeups.h"

#define DEFAULT_SEED 20240917
#define N_SEEDS	     500
#define N_ROUNDS     150
#define N_HTTP2	     1000
#define N_SINGLES    20000
/* Of heads of 8 KB and more every so many bytes, beside the awkward places: with 1 the test takes a minute longer. */
#define SPLIT_STRIDE 8

/* Slots that the frames must have filled. */
static const uint8_t wanted_slots[] = {
	WS_REASON_NO_PAYLOAD,	 WS_REASON_FILTERED,	   WS_REASON_TLS,
	WS_REASON_OTHER_PAYLOAD, WS_REASON_HTTP_RESPONSE,  WS_REASON_BEYOND_WINDOW,
	WS_REASON_SPLIT,	 WS_REASON_MALFORMED,	   WS_REASON_INCOMPLETE,
	WS_REASON_NO_CONTEXT,	 WS_REASON_HEAD_CONTINUED, WS_REASON_LOST_SEGMENT,
	WS_REASON_OUT_OF_ORDER,	 WS_REASON_HTTP2,	   WS_REASON_UNDECODABLE,
};

static void pin_to_one_cpu(void)
{
	cpu_set_t cpus;

	CPU_ZERO(&cpus);
	CPU_SET(sched_getcpu(), &cpus);
	sched_setaffinity(0, sizeof(cpus), &cpus); /* only makes it faster */
}

static void require(uint64_t n, const char *what, struct tally *t)
{
	if (n) {
		t->n_passed++;
		return;
	}
	t->n_failed++;
	printf("FAILED: the test saw nothing of this kind: %s\n", what);
}

/* Did the frames exercise everything? */
static void check_coverage(struct tally *t)
{
	for (uint32_t i = 0; i < sizeof(wanted_slots); i++)
		require(t->slot[wanted_slots[i]], ws_slot_name(wanted_slots[i]), t);
	for (uint8_t i = WS_FAMILY_W3C; i <= WS_FAMILY_REQUEST_ID; i++)
		require(t->family[i], ws_family_name(i), t);
	require(t->family[WS_FAMILY_USER], "a header that the user named", t);
	for (uint8_t i = 0; i < WS_N_ENCAPS; i++)
		require(t->encap[i], ws_encap_name(i), t);
	require(t->n_of_several, "ids that end in a later segment", t);
	require(t->n_later, "pipelined requests", t);
	require(t->n_host, "records of the host's path", t);
	require(t->n_responses, "responses", t);
	require(t->n_without_status, "status lines without a status", t);
	require(t->n_host_responses, "responses of the host's path", t);
	require(t->n_socket, "frames longer than BPF_PROG_RUN takes", t);
}

static void print_counts(const struct tally *t)
{
	printf("frames by reason:\n");
	for (uint32_t i = 0; i < WS_N_REASONS; i++)
		if (t->slot[i])
			printf("  %-22s %10llu\n", ws_slot_name(i), (unsigned long long)t->slot[i]);
	printf("records by encapsulation:");
	for (uint8_t i = 0; i < WS_N_ENCAPS; i++)
		printf(" %s %llu", ws_encap_name(i), (unsigned long long)t->encap[i]);
	printf("\n%llu frames, %llu by BPF_PROG_RUN, %llu by socket; %llu records as they must be, %llu of them with "
	       "ids that "
	       "end in a later segment, %llu pipelined, %llu also by the host's path; %llu responses, %llu by the "
	       "host's path\n",
	       (unsigned long long)t->n_frames, (unsigned long long)t->n_run, (unsigned long long)t->n_socket,
	       (unsigned long long)t->n_records, (unsigned long long)t->n_of_several, (unsigned long long)t->n_later,
	       (unsigned long long)t->n_host, (unsigned long long)t->n_responses,
	       (unsigned long long)t->n_host_responses);
}

static int run_all(const struct subject *subject, uint64_t seed, uint32_t percent)
{
	static struct tally t;

	pin_to_one_cpu();
	printf("%s, seed %llu\n", subject->is_at_tc ? "tc" : "socket", (unsigned long long)seed);
	wakeups_run(subject, &t);
	streams_run(subject, seed, 1 + N_ROUNDS * percent / 100, &t);
	splits_run(subject, seed, percent >= 1000 ? 1 : SPLIT_STRIDE, &t);
	connections_run(subject, seed, 1 + N_HTTP2 * percent / 100, &t);
	singles_run(subject, seed, 1 + N_SINGLES * percent / 100, &t);
	print_counts(&t);
	check_coverage(&t);
	printf("%llu passed, %llu failed\n", (unsigned long long)t.n_passed, (unsigned long long)t.n_failed);
	return t.n_failed != 0;
}

int main(int argc, char **argv)
{
	const int writes_seeds = argc > 1 && !strcmp(argv[1], "--seeds"), at = writes_seeds ? 2 : 1;
	const uint64_t seed = argc > at + 1 ? strtoull(argv[at + 1], NULL, 0) : DEFAULT_SEED;
	const uint32_t n = argc > at + 2 ? (uint32_t)strtoul(argv[at + 2], NULL, 0) : writes_seeds ? N_SEEDS : 100;

	const struct subject subject = { .path = argv[1], .is_at_tc = argc > at + 3 && !strcmp(argv[at + 3], "tc") };

	if (argc <= at || argc > at + 3 + subject.is_at_tc) {
		fprintf(stderr, "usage: kernel_host TAP.BPF.O [SEED [PERCENT [tc]]] | --seeds DIR [SEED [FRAMES]]\n");
		return 2;
	}
	return writes_seeds ? singles_write_seeds(argv[2], seed, n) : run_all(&subject, seed, n);
}

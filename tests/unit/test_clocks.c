/* SPDX-License-Identifier: BSD-2-Clause */
/* test_clocks - clocks from packets: by hand, against simulated clocks whose truth is known, and hostile times. */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "analyze/clocks/clocks.h"
#include "analyze/clocks/region.h"
#include "tests/unit/sanitized.h"

/* 2023-11-14, in ns. */
#define BEGIN INT64_C(1700000000000000000)

/* splitmix64: the same numbers on every machine. */
static uint64_t random_next(uint64_t *seed)
{
	uint64_t x = *seed += UINT64_C(0x9e3779b97f4a7c15);

	x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
	return x ^ x >> 31;
}

static int64_t correction(const struct ws_clocks *clocks, uint32_t node, int64_t at_ns, uint64_t *bound)
{
	return ws_clocks_correction(clocks, node, at_ns, bound);
}

static void one_request_and_response_bound_by_half_their_round_trip(void **state)
{
	/* Node 1 is 1000 ns ahead; 30 ns there, 50 ns back. */
	const struct ws_crossing crossing[] = {
		{ BEGIN, BEGIN + 1030, 0, 1 },
		{ BEGIN + 1030, BEGIN + 80, 1, 0 },
	};
	struct ws_clocks clocks;
	uint64_t bound;

	(void)state;
	assert_int_equal(ws_clocks_estimate(crossing, 2, 2, &clocks), 0);
	/* received - sent: 1030 there, -950 back: the middle, and half of 80. */
	assert_int_equal(correction(&clocks, 1, BEGIN + 1030, &bound), -990);
	assert_int_equal(bound, 40);
	assert_int_equal(correction(&clocks, 0, BEGIN, &bound), 0);
	assert_int_equal(bound, 0);
	assert_int_equal(clocks.node[1].reference, 0);
	assert_int_equal(clocks.node[1].min_round_trip_ns, 80);
	assert_int_equal(clocks.node[1].n_crossings[0], 1);
	assert_int_equal(clocks.node[1].n_crossings[1], 1);
	assert_int_equal(clocks.n_pairs, 1);
	ws_clocks_close(&clocks);
}

static void between_two_nodes_adds_up_over_a_third(void **state)
{
	/* 1 is 500 ahead of 0, 2 is 700 behind 0; both talk to 0 only: 10 ns each way. */
	const struct ws_crossing crossing[] = {
		{ BEGIN, BEGIN + 510, 0, 1 },
		{ BEGIN + 510, BEGIN + 20, 1, 0 },
		{ BEGIN + 100, BEGIN - 590, 0, 2 },
		{ BEGIN - 590, BEGIN + 120, 2, 0 },
	};
	struct ws_clocks clocks;
	uint64_t bound;

	(void)state;
	assert_int_equal(ws_clocks_estimate(crossing, 4, 3, &clocks), 0);
	assert_int_equal(clocks.node[1].reference, 0);
	assert_int_equal(clocks.node[2].reference, 0);
	assert_int_equal(ws_clocks_between(&clocks, 1, BEGIN + 510, 2, BEGIN - 590, &bound), 700 + 500);
	assert_int_equal(bound, 20);
	assert_int_equal(ws_clocks_between(&clocks, 0, BEGIN, 1, BEGIN + 510, &bound), -500);
	assert_int_equal(bound, 10);
	assert_int_equal(ws_clocks_between(&clocks, 1, BEGIN + 510, 0, BEGIN, &bound), 500);
	assert_int_equal(ws_clocks_between(&clocks, 2, BEGIN, 2, BEGIN + 5, &bound), 0);
	assert_int_equal(bound, 0);
	ws_clocks_close(&clocks);
}

static void one_direction_relates_nothing(void **state)
{
	const struct ws_crossing crossing[] = { { BEGIN, BEGIN + 10, 0, 1 }, { BEGIN + 50, BEGIN + 60, 0, 1 } };
	struct ws_clocks clocks;
	uint64_t bound;

	(void)state;
	assert_int_equal(ws_clocks_estimate(crossing, 2, 2, &clocks), 0);
	assert_int_equal(correction(&clocks, 1, BEGIN, &bound), 0);
	assert_true(bound == WS_CLOCK_UNBOUND);
	assert_int_equal(ws_clocks_between(&clocks, 0, BEGIN, 1, BEGIN, &bound), 0);
	assert_true(bound == WS_CLOCK_UNBOUND);
	ws_clocks_close(&clocks);
}

static void unknown_nodes_are_refused_and_own_packets_left_out(void **state)
{
	const struct ws_crossing beyond = { BEGIN, BEGIN, 0, 2 }, own = { BEGIN, BEGIN, 1, 1 };
	struct ws_clocks clocks = { 0 };

	(void)state;
	assert_int_equal(ws_clocks_estimate(&beyond, 1, 2, &clocks), -EINVAL);
	assert_null(clocks.node);
	assert_int_equal(ws_clocks_estimate(&own, 1, 2, &clocks), 0);
	assert_int_equal(clocks.n_pairs, 0);
	ws_clocks_close(&clocks);
	assert_int_equal(ws_clocks_estimate(NULL, 0, 0, &clocks), 0);
	ws_clocks_close(&clocks);
}

static void words_are_constant_corrections(void **state)
{
	const int64_t offset[] = { 5, -7, 0 };
	const uint64_t said[] = { 10, 20, WS_CLOCK_UNBOUND };
	struct ws_clocks clocks;
	uint64_t bound;

	(void)state;
	assert_int_equal(ws_clocks_from_words(offset, said, 3, &clocks), 0);
	assert_int_equal(correction(&clocks, 0, 0, &bound), 5);
	assert_int_equal(bound, 10);
	assert_int_equal(correction(&clocks, 1, INT64_MAX, &bound), -7);
	assert_int_equal(bound, 20);
	assert_int_equal(correction(&clocks, 2, BEGIN, &bound), 0);
	assert_true(bound == WS_CLOCK_UNBOUND);
	assert_int_equal(ws_clocks_between(&clocks, 0, BEGIN, 1, BEGIN, &bound), -12);
	assert_int_equal(bound, 30);
	ws_clocks_between(&clocks, 0, BEGIN, 2, BEGIN, &bound);
	assert_true(bound == WS_CLOCK_UNBOUND);
	ws_clocks_close(&clocks);
}

/* A node's clock: ns ahead of true time, as a function of true seconds. */
struct clock {
	double shift_ns;
	double drift; /* ns/s */
	double swing_ns;
	double period_s;
	double jump_ns;
	double jump_s;
};

static double ahead(const struct clock *clock, double t_s)
{
	return clock->shift_ns + clock->drift * t_s +
	       (clock->period_s > 0 ? clock->swing_ns * sin(2 * M_PI * t_s / clock->period_s) : 0) +
	       (t_s >= clock->jump_s ? clock->jump_ns : 0);
}

static int64_t reads(const struct clock *clock, double t_s)
{
	return BEGIN + (int64_t)floor(t_s * 1e9 + ahead(clock, t_s));
}

/* How long a simulated packet takes: at least so much, and a tail. */
struct network {
	double least_ns[2]; /* there, back */
	double tail_ns;
};

static double unit(uint64_t *seed)
{
	return ((double)(random_next(seed) >> 11) + 0.5) / 9007199254740992.0;
}

static double tail(uint64_t *seed, double mean)
{
	return -mean * log(unit(seed));
}

/* Requests from a to b and their responses; returns the least round trip. */
static double simulate(const struct clock *clock, uint16_t a, uint16_t b, const struct network *network, uint32_t n,
		       double every_s, uint64_t *seed, struct ws_crossing *crossing)
{
	double t = 0, least = INFINITY;

	for (uint32_t i = 0; i < n; i++) {
		double there = network->least_ns[0] + tail(seed, network->tail_ns);
		double back = network->least_ns[1] + tail(seed, network->tail_ns);
		double come, gone;

		t += tail(seed, every_s);
		come = t + there / 1e9;
		gone = come + 1e-3 + tail(seed, 3e-3);
		crossing[2 * i] = (struct ws_crossing) { reads(&clock[a], t), reads(&clock[b], come), a, b };
		crossing[2 * i + 1] = (struct ws_crossing) { reads(&clock[b], gone),
							     reads(&clock[a], gone + back / 1e9), b, a };
		least = fmin(least, there + back);
	}
	return least;
}

#define N_CALLS	 800
#define EVERY_S	 0.0125
#define N_MOMENT 300

/* Is the truth within the bound, from shortly after the first packet to the end? Numbers are cut to whole ns: 2. */
static bool is_sound(const struct ws_clocks *clocks, const struct clock *clock, uint32_t node, uint32_t reference)
{
	for (int i = 0; i <= N_MOMENT; i++) {
		double t = 0.1 + i * (N_CALLS * EVERY_S * 0.9) / N_MOMENT;
		double truth = ahead(&clock[reference], t) - ahead(&clock[node], t);
		uint64_t bound;
		int64_t have = ws_clocks_correction(clocks, node, reads(&clock[node], t), &bound);

		if (bound == WS_CLOCK_UNBOUND || fabs((double)have - truth) > (double)bound + 2)
			return false;
	}
	return true;
}

static struct clock any_clock(uint64_t *seed, int kind)
{
	struct clock clock = { .shift_ns = (unit(seed) - 0.5) * 6e9, .jump_s = INFINITY };

	if (kind > 0)
		clock.drift = (unit(seed) - 0.5) * 1e5;
	if (kind == 2) { /* 5 us/s more or less, over half a minute */
		clock.period_s = 30 + 30 * unit(seed);
		clock.swing_ns = (unit(seed) - 0.5) * 1e4 * clock.period_s / (2 * M_PI);
	}
	if (kind == 3) {
		clock.jump_ns = (1e6 + unit(seed) * 2e7) * (unit(seed) < 0.5 ? -1 : 1);
		clock.jump_s = 3 + 4 * unit(seed);
	}
	return clock;
}

static uint64_t least_bound(const struct ws_clock_pair *pair)
{
	uint64_t least = UINT64_MAX;

	for (uint32_t i = 0; i < pair->n_knots; i++)
		least = pair->knot[i].bound_ns < least ? pair->knot[i].bound_ns : least;
	return least;
}

/* 100 cases; of so many the truth shall be within the bound at every moment, and the bound within half a round trip. */
static void hundred_cases(int kind, double there_ns, double back_ns, int n_needed)
{
	struct ws_crossing *crossing = calloc(2 * N_CALLS, sizeof(*crossing));
	int n_sound = 0, n_narrow = 0;

	assert_non_null(crossing);
	for (uint64_t i = 1; i <= 100; i++) {
		uint64_t seed = i * UINT64_C(1000003);
		struct clock clock[2] = { any_clock(&seed, 1), any_clock(&seed, kind) };
		struct network network = { { there_ns, back_ns }, 20000 };
		double least = simulate(clock, 0, 1, &network, N_CALLS, EVERY_S, &seed, crossing);
		struct ws_clocks clocks;

		assert_int_equal(ws_clocks_estimate(crossing, 2 * N_CALLS, 2, &clocks), 0);
		assert_int_equal(clocks.node[1].reference, 0);
		n_sound += is_sound(&clocks, clock, 1, 0);
		n_narrow += (double)least_bound(&clocks.pair[0]) <= least / 2 + 1;
		assert_int_equal(clocks.pair[0].n_jumps, kind == 3);
		ws_clocks_close(&clocks);
	}
	free(crossing);
	print_message(
		"kind %d, %g + %g us: truth within the bound in %d of 100, bound within half a round trip in %d\n",
		kind, there_ns / 1e3, back_ns / 1e3, n_sound, n_narrow);
	assert_true(n_sound >= n_needed);
	assert_true(n_narrow >= 95);
}

static void shifted_clocks_are_within_the_bound(void **state)
{
	(void)state;
	hundred_cases(0, 100000, 100, 100);
}

static void drifting_clocks_are_within_the_bound(void **state)
{
	(void)state;
	hundred_cases(1, 10000, 10000, 100);
	hundred_cases(1, 100000, 100, 100);
}

static void wandering_clocks_are_within_the_bound(void **state)
{
	(void)state;
	hundred_cases(2, 10000, 10000, 100);
	hundred_cases(2, 40000, 10000, 95);
}

static void jumping_clocks_are_within_the_bound(void **state)
{
	(void)state;
	hundred_cases(3, 40000, 10000, 95);
}

static void a_chain_of_nodes_adds_its_bounds(void **state)
{
	struct ws_crossing *crossing = calloc(6 * N_CALLS, sizeof(*crossing));
	struct network network = { { 10000, 15000 }, 20000 };
	uint64_t seed = 7;
	struct clock clock[4];
	struct ws_clocks clocks;

	(void)state;
	assert_non_null(crossing);
	for (int i = 0; i < 4; i++)
		clock[i] = any_clock(&seed, 1);
	for (uint16_t i = 0; i < 3; i++)
		simulate(clock, i, i + 1, &network, N_CALLS, EVERY_S, &seed, crossing + 2 * N_CALLS * i);
	assert_int_equal(ws_clocks_estimate(crossing, 6 * N_CALLS, 4, &clocks), 0);
	/* Nodes 1 and 2 have two neighbours each; equal numbers: the lower. */
	for (uint32_t i = 0; i < 4; i++) {
		assert_int_equal(clocks.node[i].reference, 1);
		assert_true(is_sound(&clocks, clock, i, 1));
	}
	assert_true(clocks.node[3].bound_ns > clocks.node[2].bound_ns);
	assert_true(fabs(clocks.node[2].drift_ppm - (clock[2].drift - clock[1].drift) / 1e3) < 1);
	ws_clocks_close(&clocks);
	free(crossing);
}

static void a_wrong_stamp_spoils_its_neighbourhood_only(void **state)
{
	struct ws_crossing *crossing = calloc(2 * N_CALLS, sizeof(*crossing));
	struct network network = { { 10000, 10000 }, 20000 };
	uint64_t seed = 3, bound;
	struct clock clock[2] = { any_clock(&seed, 1), any_clock(&seed, 1) };
	struct ws_clocks clocks;

	(void)state;
	assert_non_null(crossing);
	simulate(clock, 0, 1, &network, N_CALLS, EVERY_S, &seed, crossing);
	/* Received a second before it was sent. */
	crossing[N_CALLS].received_ns -= 1000000000;
	assert_int_equal(ws_clocks_estimate(crossing, 2 * N_CALLS, 2, &clocks), 0);
	ws_clocks_correction(&clocks, 1, reads(&clock[1], 2), &bound);
	assert_true(bound < 20000);
	ws_clocks_correction(&clocks, 1, reads(&clock[1], N_CALLS * EVERY_S - 2), &bound);
	assert_true(bound < 20000);
	ws_clocks_close(&clocks);
	free(crossing);
}

static void hostile_times_do_no_harm(void **state)
{
	const int64_t evil[] = { 0, 1, -1, INT64_MIN, INT64_MIN + 1, INT64_MAX, INT64_MAX - 1, BEGIN, -BEGIN };
	struct ws_crossing crossing[400];
	uint64_t seed = 11, bound;

	(void)state;
	for (int round = 0; round < WS_ROUNDS(200); round++) {
		struct ws_clocks clocks;

		for (int i = 0; i < 400; i++)
			crossing[i] = (struct ws_crossing) {
				evil[random_next(&seed) % 9],
				evil[random_next(&seed) % 9],
				(uint16_t)(random_next(&seed) % 4),
				(uint16_t)(random_next(&seed) % 4),
			};
		for (int i = 0; i < 400 && round % 3 == 0; i++)
			crossing[i].sent_ns = (int64_t)random_next(&seed);
		assert_int_equal(ws_clocks_estimate(crossing, 400, 4, &clocks), 0);
		for (uint32_t i = 0; i < 9; i++) {
			for (uint32_t node = 0; node < 4; node++) {
				ws_clocks_correction(&clocks, node, evil[i], &bound);
				ws_clocks_between(&clocks, node, evil[i], 3 - node, evil[8 - i], &bound);
			}
		}
		ws_clocks_close(&clocks);
	}
}

static void stamps_far_apart_make_few_knots(void **state)
{
	enum { N = 200000 };
	struct ws_crossing *crossing = calloc(N, sizeof(*crossing));
	uint64_t seed = 5;
	struct ws_clocks clocks;

	(void)state;
	assert_non_null(crossing);
	for (int i = 0; i < N; i++) {
		int64_t at = (int64_t)(random_next(&seed) >> 2);

		crossing[i] = (struct ws_crossing) { at, at + 1000, (uint16_t)(i % 2), (uint16_t)(1 - i % 2) };
	}
	assert_int_equal(ws_clocks_estimate(crossing, N, 2, &clocks), 0);
	for (uint32_t i = 0; i < clocks.n_nodes; i++)
		assert_true(clocks.node[i].n_knots <= 1 << 17);
	ws_clocks_close(&clocks);
	free(crossing);
}

static void a_region_keeps_what_is_possible_and_no_more(void **state)
{
	struct ws_region region = ws_region_box(100, 10), other = ws_region_box(5, 1);
	double least, largest;

	(void)state;
	ws_region_offsets(&region, &least, &largest);
	assert_true(least == -100 && largest == 100);
	ws_region_cut(&region, 1, 0, 40);
	ws_region_offsets(&region, &least, &largest);
	assert_true(least == -100 && largest == 40);
	/* 2 s on at 10 ns/s, and 3 ns/s per s of wander: 3 * 2^2 / 2 more. */
	ws_region_advance(&region, 2, 3);
	ws_region_offsets(&region, &least, &largest);
	assert_true(fabs(least - (-100 - 20 - 6 - 3)) <= 3 + 1e-9 && least <= -126);
	assert_true(largest >= 66 && largest <= 66 + 3 + 1e-9);
	ws_region_intersect(&region, &other);
	ws_region_offsets(&region, &least, &largest);
	assert_true(fabs(least + 5) < 1e-9 && fabs(largest - 5) < 1e-9);
	ws_region_cut(&region, 1, 0, -6);
	assert_int_equal(region.n, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_request_and_response_bound_by_half_their_round_trip),
		cmocka_unit_test(between_two_nodes_adds_up_over_a_third),
		cmocka_unit_test(one_direction_relates_nothing),
		cmocka_unit_test(unknown_nodes_are_refused_and_own_packets_left_out),
		cmocka_unit_test(words_are_constant_corrections),
		cmocka_unit_test(a_region_keeps_what_is_possible_and_no_more),
		cmocka_unit_test(shifted_clocks_are_within_the_bound),
		cmocka_unit_test(drifting_clocks_are_within_the_bound),
		cmocka_unit_test(wandering_clocks_are_within_the_bound),
		cmocka_unit_test(jumping_clocks_are_within_the_bound),
		cmocka_unit_test(a_chain_of_nodes_adds_its_bounds),
		cmocka_unit_test(a_wrong_stamp_spoils_its_neighbourhood_only),
		cmocka_unit_test(hostile_times_do_no_harm),
		cmocka_unit_test(stamps_far_apart_make_few_knots),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* The schedule of a load is told from its start times: even, in bursts, closed loop. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "analyze/traffic.h"

#define N  400
#define MS INT64_C(1000000)

/* A load of n requests; start and latency by the request's number. */
static struct ws_schedule tell_coarse(uint64_t resolution_ns, uint64_t n, int64_t (*start_ns)(uint64_t i),
				      uint64_t (*latency_ns)(uint64_t i))
{
	struct ws_traffic traffic = { .n = n, .resolution_ns = resolution_ns };
	struct ws_schedule schedule;

	traffic.start_ns = calloc(n + 1, sizeof(*traffic.start_ns));
	traffic.latency_ns = calloc(n + 1, sizeof(*traffic.latency_ns));
	traffic.status = calloc(n + 1, sizeof(*traffic.status));
	for (uint64_t i = 0; i < n; i++) {
		traffic.start_ns[i] = start_ns(i);
		if (resolution_ns)
			traffic.start_ns[i] -= traffic.start_ns[i] % (int64_t)resolution_ns;
		traffic.latency_ns[i] = latency_ns(i);
		traffic.status[i] = i % 100 == 7 ? 503 : i % 100 == 8 ? 0 : 200;
	}
	assert_int_equal(ws_schedule_tell(&traffic, &schedule), 0);
	ws_traffic_close(&traffic);
	return schedule;
}

static struct ws_schedule tell(uint64_t n, int64_t (*start_ns)(uint64_t i), uint64_t (*latency_ns)(uint64_t i))
{
	return tell_coarse(0, n, start_ns, latency_ns);
}

/* A number between 0 and 1 that depends on i alone. */
static double noise(uint64_t i)
{
	return (double)((i * 2654435761u + 12345) % 1000003 % 1000) / 1000;
}

static uint64_t varied(uint64_t i)
{
	return (uint64_t)(2 * MS + (int64_t)(20.0 * (double)MS * noise(i) * noise(i + 1)));
}

static int64_t every_12_5_ms(uint64_t i)
{
	/* A generator's timer of whole milliseconds, before the epoch of the machine's clock. */
	return -1000 * MS + (int64_t)(i * 25 / 2) * MS;
}

static void a_constant_rate_is_even(void **state)
{
	struct ws_schedule s = tell(N, every_12_5_ms, varied);

	(void)state;
	assert_int_equal(ws_schedule_pace(&s), WS_PACE_EVEN);
	assert_true(s.rate_per_s > 79.9 && s.rate_per_s < 80.1);
	assert_true(s.gap_cv < 0.05);
	assert_int_equal(s.gap_min_ns, 12 * MS);
	assert_int_equal(s.gap_max_ns, 13 * MS);
	assert_int_equal(s.n_bad, 4);
	assert_int_equal(s.n_unanswered, 4);
	assert_int_equal(s.n_good, N - 8);
	assert_int_equal(s.in_flight_max, 2);
}

static int64_t eight_at_once(uint64_t i)
{
	return (int64_t)(i / 8) * 100 * MS + (int64_t)(i % 8) * 1000;
}

static void bursts_are_seen(void **state)
{
	struct ws_schedule s = tell(N, eight_at_once, varied);

	(void)state;
	assert_int_equal(ws_schedule_pace(&s), WS_PACE_BURSTS);
	assert_true(s.in_flight_max >= 8);
}

/* Each request starts 20 us after the answer to the one before. */
static int64_t after_the_answer(uint64_t i)
{
	int64_t at = 0;

	for (uint64_t k = 0; k < i; k++)
		at += (int64_t)varied(k) + 20000;
	return at;
}

static void a_closed_loop_is_seen(void **state)
{
	struct ws_schedule s = tell(N, after_the_answer, varied);

	(void)state;
	assert_int_equal(ws_schedule_pace(&s), WS_PACE_CLOSED_LOOP);
	assert_int_equal(s.in_flight_max, 1);
	assert_true(s.part_after_answer > 0.99);
}

static uint64_t just_under_the_gap(uint64_t i)
{
	(void)i;
	return 11500000;
}

static void an_even_rate_is_no_closed_loop_by_accident(void **state)
{
	struct ws_schedule s = tell(N, every_12_5_ms, just_under_the_gap);

	(void)state;
	assert_int_equal(ws_schedule_pace(&s), WS_PACE_EVEN);
}

static int64_t at_random(uint64_t i)
{
	int64_t at = 0;

	for (uint64_t k = 0; k < i; k++)
		at += (int64_t)(25.0 * (double)MS * noise(k) * (noise(k + 3) + 0.2));
	return at;
}

static uint64_t quick(uint64_t i)
{
	(void)i;
	return 1000;
}

static void random_arrivals_are_uneven(void **state)
{
	struct ws_schedule s = tell(N, at_random, quick);

	(void)state;
	assert_int_equal(ws_schedule_pace(&s), WS_PACE_UNEVEN);
}

static uint64_t much_longer_than_the_gap(uint64_t i)
{
	return (uint64_t)(300 * MS + (int64_t)(50.0 * (double)MS * noise(i)));
}

static int64_t even_but_for_jitter(uint64_t i)
{
	return (int64_t)i * 12500000 + (int64_t)(5.0 * (double)MS * noise(i));
}

/* With many in flight, an answer is always near: that is chance, not a loop. */
static void many_in_flight_are_no_closed_loop(void **state)
{
	struct ws_schedule even = tell(N, even_but_for_jitter, much_longer_than_the_gap);
	struct ws_schedule random = tell(N, at_random, much_longer_than_the_gap);

	(void)state;
	assert_true(even.in_flight_max > 20);
	assert_int_equal(ws_schedule_pace(&even), WS_PACE_EVEN);
	assert_int_equal(ws_schedule_pace(&random), WS_PACE_UNEVEN);
}

static void whole_seconds_say_nothing_of_gaps(void **state)
{
	struct ws_schedule few = tell_coarse(1000000000, 80, every_12_5_ms, varied);
	struct ws_schedule many = tell_coarse(1000000000, 4000, every_12_5_ms, varied);

	(void)state;
	assert_false(few.has_rate);
	assert_true(many.has_rate);
	assert_false(many.has_gaps);
	assert_true(many.rate_per_s > 78 && many.rate_per_s < 82);
	assert_int_equal(ws_schedule_pace(&many), WS_PACE_UNKNOWN);
}

static int64_t all_at_once(uint64_t i)
{
	(void)i;
	return 5;
}

static void few_requests_have_no_pattern(void **state)
{
	(void)state;
	for (uint64_t n = 0; n < 9; n++) {
		struct ws_schedule s = tell(n, every_12_5_ms, varied);

		assert_int_equal(ws_schedule_pace(&s), WS_PACE_UNKNOWN);
		assert_int_equal(s.has_gaps, n >= 2);
	}
	assert_false(tell(20, all_at_once, varied).has_gaps);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_constant_rate_is_even),
		cmocka_unit_test(bursts_are_seen),
		cmocka_unit_test(a_closed_loop_is_seen),
		cmocka_unit_test(an_even_rate_is_no_closed_loop_by_accident),
		cmocka_unit_test(random_arrivals_are_uneven),
		cmocka_unit_test(many_in_flight_are_no_closed_loop),
		cmocka_unit_test(whole_seconds_say_nothing_of_gaps),
		cmocka_unit_test(few_requests_have_no_pattern),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

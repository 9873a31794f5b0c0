/* SPDX-License-Identifier: BSD-2-Clause */
/* measure - clocks, medians and random numbers of the benchmarks. */
#ifndef WS_BENCH_MEASURE_H
#define WS_BENCH_MEASURE_H

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static inline double measure_clock(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* Seconds of this process on its processor: what "a core" means. */
static inline double measure_cpu(void)
{
	return measure_clock(CLOCK_PROCESS_CPUTIME_ID);
}

static inline double measure_wall(void)
{
	return measure_clock(CLOCK_MONOTONIC);
}

static int measure_compare(const void *a, const void *b)
{
	const double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* The median of n values, which it sorts. */
static inline double measure_median(double *value, uint32_t n)
{
	qsort(value, n, sizeof(*value), measure_compare);
	return n % 2 ? value[n / 2] : (value[n / 2 - 1] + value[n / 2]) / 2;
}

static void measure_print_values(const double *value, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		printf("%s%.9g", i ? "," : "\t", value[i]);
	if (n == 0)
		printf("\t");
}

/* What a figure is of. Texts without tabs. */
struct measure_figure {
	const char *stage;
	const char *size;
	const char *quantity;
	const char *unit;
	const char *baseline; /* what it is compared with, or "" */
	const char *target;   /* "ratio <= 2", "value >= 6", or "" */
};

/*
 * Prints a line for bench.py: a value for each round, and the baseline's of the same rounds (NULL: none). Medians,
 * spread and ratio are made there.
 */
static inline void measure_tell(const struct measure_figure *f, const double *value, const double *baseline, uint32_t n)
{
	printf("figure\t%s\t%s\t%s\t%s", f->stage, f->size, f->quantity, f->unit);
	measure_print_values(value, n);
	printf("\t%s", f->baseline);
	measure_print_values(baseline, baseline ? n : 0);
	printf("\t%s\n", f->target);
}

/* splitmix64: good enough for ids, and the same everywhere. */
static inline uint64_t measure_random(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15u;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return z ^ z >> 31;
}

/* A time with this mean between independent events. */
static inline double measure_exponential(uint64_t *state, double mean)
{
	return -mean * log(((double)(measure_random(state) >> 11) + 1) / 9007199254740993.0);
}

#endif

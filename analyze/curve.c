/* SPDX-License-Identifier: BSD-2-Clause */
/* curve - see curve.h. Numbers are put together by hand: a run of a million pairs has a row for most of them. */
#include "analyze/curve.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

/* The longest row: names, a 64-bit number of ns, three fractions. */
#define ROW_MAX 128

#define FRACTION_DIGITS 9
#define FRACTION_ONE	1000000000

/* Writes n with at least so many digits. Returns where the text ends. */
static char *put_number(char *at, uint64_t n, int n_digits)
{
	char digit[20];
	int i = 0;

	do {
		digit[i++] = (char)('0' + n % 10);
		n /= 10;
	} while (n || i < n_digits);
	while (i)
		*at++ = digit[--i];
	return at;
}

static char *put_us(char *at, uint64_t ns)
{
	at = put_number(at, ns / 1000, 1);
	*at++ = '.';
	return put_number(at, ns % 1000, 3);
}

/* Writes a probability, cut to 0..1. */
static char *put_fraction(char *at, double fraction)
{
	uint64_t n = fraction <= 0 ? 0 : fraction >= 1 ? FRACTION_ONE : (uint64_t)llround(fraction * FRACTION_ONE);

	*at++ = '\t';
	at = put_number(at, n / FRACTION_ONE, 1);
	*at++ = '.';
	return put_number(at, n % FRACTION_ONE, FRACTION_DIGITS);
}

/* Writes the row that says: k of the series' pairs took no longer than this. */
static void put_row(const struct ws_series *series, uint64_t ns, uint64_t k, FILE *out)
{
	double fraction = (double)k / (double)series->n, eps = series->summary.dkw_eps;
	char row[ROW_MAX], *at = row;

	at = stpcpy(at, ws_source_name(series->source));
	*at++ = '\t';
	at = stpcpy(at, ws_way_name(series->way));
	*at++ = '\t';
	at = put_us(at, ns);
	at = put_fraction(at, fraction);
	at = put_fraction(at, fraction - eps);
	at = put_fraction(at, fraction + eps);
	*at++ = '\n';
	fwrite(row, 1, (size_t)(at - row), out);
}

static void put_header(const char *what, FILE *out)
{
	fprintf(out,
		"# %s; cdf: part of the pairs that took no longer; dkw_low, dkw_high: its 95%% band\n"
		"# source\tdirection\tlatency_us\tcdf\tdkw_low\tdkw_high\n",
		what);
}

void ws_curve_write(const struct ws_series_set *set, FILE *out)
{
	put_header("latency between the tracing points, every point", out);
	for (uint32_t i = 0; i < set->n; i++) {
		const struct ws_series *series = &set->at[i];

		for (uint64_t k = 0; k < series->n; k++) {
			if (k + 1 == series->n || series->latency_ns[k] != series->latency_ns[k + 1])
				put_row(series, series->latency_ns[k], k + 1, out);
		}
	}
}

/* Every step of a short series, as two corners; repeated latencies are one step. */
static void draw_steps(const struct ws_series *series, FILE *out)
{
	uint64_t below = 0;

	for (uint64_t k = 0; k < series->n; k++) {
		if (k + 1 < series->n && series->latency_ns[k] == series->latency_ns[k + 1])
			continue;
		put_row(series, series->latency_ns[k], below, out);
		put_row(series, series->latency_ns[k], k + 1, out);
		below = k + 1;
	}
}

/* Quantiles of a long series, the smallest and the largest latency among them. */
static void draw_quantiles(const struct ws_series *series, FILE *out)
{
	const uint64_t n_rows = WS_CURVE_DRAWN_MAX - 1;

	put_row(series, series->latency_ns[0], 0, out);
	for (uint64_t i = 0; i < n_rows; i++) {
		uint64_t k = (uint64_t)((unsigned __int128)(series->n - 1) * i / (n_rows - 1));

		put_row(series, series->latency_ns[k], k + 1, out);
	}
}

void ws_curve_write_drawn(const struct ws_series_set *set, FILE *out)
{
	put_header("latency between the tracing points, the points that the figure draws", out);
	for (uint32_t i = 0; i < set->n; i++) {
		if (2 * set->at[i].n <= WS_CURVE_DRAWN_MAX)
			draw_steps(&set->at[i], out);
		else
			draw_quantiles(&set->at[i], out);
	}
}

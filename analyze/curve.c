/* SPDX-License-Identifier: BSD-2-Clause */
/* curve - see curve.h. Numbers are put together by hand: a run of a million pairs has a row for most of them. */
#include "analyze/curve.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/figure.h"
#include "analyze/latency_words.h"
#include "lib/text_stream.h"

/* The longest row behind its names: a 64-bit number of ns, three fractions. */
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

/* Writes ns in a unit of 10^n_digits ns. */
static char *put_latency(char *at, uint64_t ns, uint32_t n_digits)
{
	uint64_t unit = n_digits == 3 ? 1000 : 1000000;

	at = put_number(at, ns / unit, 1);
	*at++ = '.';
	return put_number(at, ns % unit, (int)n_digits);
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

/* Writes the row that says: k of the sample took no longer than this. names: as every row begins. */
static void put_row(const struct ws_curve *curve, const char *names, uint64_t ns, uint64_t k, FILE *out)
{
	double fraction = (double)k / (double)curve->n;
	char row[ROW_MAX], *at = row;

	fputs(names, out);
	at = put_latency(at, ns, curve->n_digits);
	at = put_fraction(at, fraction);
	at = put_fraction(at, fraction - curve->eps);
	at = put_fraction(at, fraction + curve->eps);
	*at++ = '\n';
	fwrite(row, 1, (size_t)(at - row), out);
}

static void write_points(const struct ws_curve *curve, const char *names, FILE *out)
{
	for (uint64_t k = 0; k < curve->n; k++) {
		if (k + 1 == curve->n || curve->latency_ns[k] != curve->latency_ns[k + 1])
			put_row(curve, names, curve->latency_ns[k], k + 1, out);
	}
}

/* Every step of a short sample, as two corners; repeated latencies are one step. */
static void draw_steps(const struct ws_curve *curve, const char *names, FILE *out)
{
	uint64_t below = 0;

	for (uint64_t k = 0; k < curve->n; k++) {
		if (k + 1 < curve->n && curve->latency_ns[k] == curve->latency_ns[k + 1])
			continue;
		put_row(curve, names, curve->latency_ns[k], below, out);
		put_row(curve, names, curve->latency_ns[k], k + 1, out);
		below = k + 1;
	}
}

/* Quantiles of a long sample, the smallest and the largest latency among them. */
static void draw_quantiles(const struct ws_curve *curve, const char *names, FILE *out)
{
	const uint64_t n_rows = curve->n_drawn - 1;

	put_row(curve, names, curve->latency_ns[0], 0, out);
	for (uint64_t i = 0; i < n_rows; i++) {
		uint64_t k = (uint64_t)((unsigned __int128)(curve->n - 1) * i / (n_rows - 1));

		put_row(curve, names, curve->latency_ns[k], k + 1, out);
	}
}

static void write_drawn(const struct ws_curve *curve, const char *names, FILE *out)
{
	if (2 * curve->n <= curve->n_drawn)
		draw_steps(curve, names, out);
	else
		draw_quantiles(curve, names, out);
}

/* Writes the rows; the names are put into gnuplot's words once. */
static int write_rows(const struct ws_curve *curve,
		      void (*write)(const struct ws_curve *curve, const char *names, FILE *out), FILE *out)
{
	struct ws_text_stream stream;
	char *names;
	int rc = ws_text_stream_open(&stream);

	if (rc)
		return rc;
	for (int i = 0; i < 2; i++) {
		ws_figure_put_name(stream.out, curve->name[i]);
		putc('\t', stream.out);
	}
	rc = ws_text_stream_finish(&stream, &names, NULL);
	if (rc)
		return rc;
	write(curve, names, out);
	free(names);
	return ferror(out) ? -EIO : 0;
}

int ws_curve_write(const struct ws_curve *curve, FILE *out)
{
	return write_rows(curve, write_points, out);
}

int ws_curve_write_drawn(const struct ws_curve *curve, FILE *out)
{
	return write_rows(curve, write_drawn, out);
}

static int write_set(const struct ws_series_set *set, const char *what,
		     int (*write)(const struct ws_curve *curve, FILE *out), FILE *out)
{
	int rc = 0;

	fprintf(out,
		"# %s; cdf: part of the pairs that took no longer; dkw_low, dkw_high: its 95%% band\n"
		"# source\tdirection\tlatency_us\tcdf\tdkw_low\tdkw_high\n",
		what);
	ws_latency_put_rounding(set->rounding, out);
	for (uint32_t i = 0; i < set->n && !rc; i++) {
		const struct ws_series *series = &set->at[i];

		rc = write(&(struct ws_curve) { { ws_source_name(series->source), ws_way_name(series->way) },
						series->latency_ns,
						series->n,
						WS_CURVE_DRAWN_MAX,
						series->summary.dkw_eps,
						3 },
			   out);
	}
	return rc;
}

int ws_curves_write(const struct ws_series_set *set, FILE *out)
{
	return write_set(set, "latency between the tracing points, every point", ws_curve_write, out);
}

int ws_curves_write_drawn(const struct ws_series_set *set, FILE *out)
{
	return write_set(set, "latency between the tracing points, the points that the figure draws",
			 ws_curve_write_drawn, out);
}

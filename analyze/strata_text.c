/* SPDX-License-Identifier: BSD-2-Clause */
/* strata_text - see strata_text.h. */
#include "analyze/strata_text.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/curve.h"
#include "analyze/json.h"
#include "analyze/latency_words.h"
#include "analyze/summary.h"

/* A key's words and source take so many columns of the table at least, and are not cut. */
#define WIDTH_MIN 12

static const struct ws_key *key_of(const struct ws_strata *strata, uint32_t key)
{
	return &strata->keys.at[key];
}

static json_t *causes_json(const struct ws_leftover *leftover)
{
	json_t *object = json_object();

	for (int i = 0; i < WS_N_SIDES * WS_N_CAUSES; i++) {
		int side = i / WS_N_CAUSES, cause = i % WS_N_CAUSES;
		char key[64];

		snprintf(key, sizeof(key), "%s_%s", ws_side_name(side), ws_cause_name(cause));
		json_object_set_new(object, key,
				    json_integer(leftover ? (json_int_t)leftover->n_cause[side][cause] : 0));
	}
	return object;
}

/* What is left over of a key and source, or NULL. */
static const struct ws_leftover *leftover_of(const struct ws_strata *strata, uint32_t key, enum ws_source source)
{
	uint32_t low = 0, high = strata->n_leftovers;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		const struct ws_leftover *at = &strata->leftover[middle];
		int order = ws_key_compare(key_of(strata, at->key), key_of(strata, key));

		order = order ? order : (int)at->source - (int)source;
		if (!order)
			return at;
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

static json_t *stratum_json(const struct ws_strata *strata, const struct ws_stratum *stratum)
{
	json_t *object = json_pack("{s:s, s:s}", "source", ws_source_name(stratum->source), "direction",
				   ws_way_name(stratum->way));
	int rc = !object;

	rc = rc ? rc : ws_key_json(key_of(strata, stratum->key), object);
	rc = rc ? rc : ws_latency_json(&stratum->summary, stratum->n_class, object);
	rc |= json_object_set_new(object, "unmatched", causes_json(leftover_of(strata, stratum->key, stratum->source)));
	if (rc) {
		json_decref(object);
		return NULL;
	}
	return object;
}

static json_t *leftover_json(const struct ws_strata *strata, const struct ws_leftover *leftover)
{
	json_t *object = json_pack("{s:s}", "source", ws_source_name(leftover->source));
	int rc = !object;

	rc = rc ? rc : ws_key_json(key_of(strata, leftover->key), object);
	rc |= json_object_set_new(object, "unmatched", causes_json(leftover));
	rc |= json_object_set_new(object, "lost", json_integer((json_int_t)leftover->n_lost));
	if (rc) {
		json_decref(object);
		return NULL;
	}
	return object;
}

static int print_json(const struct ws_strata *strata, FILE *out)
{
	json_t *document = json_object(), *series = json_array(), *leftovers = json_array();
	int rc = 0;

	for (uint32_t i = 0; i < strata->n; i++)
		rc |= json_array_append_new(series, stratum_json(strata, &strata->at[i]));
	for (uint32_t i = 0; i < strata->n_leftovers; i++)
		rc |= json_array_append_new(leftovers, leftover_json(strata, &strata->leftover[i]));
	rc |= json_object_set_new(document, "series", series);
	rc |= json_object_set_new(document, "left_over", leftovers);
	if (rc) {
		json_decref(document);
		return -ENOMEM;
	}
	return ws_json_print(document, out);
}

static void print_tsv_row(const struct ws_strata *strata, const struct ws_stratum *stratum, FILE *out)
{
	ws_key_put_tsv(key_of(strata, stratum->key), out);
	fprintf(out, "%s\t%s\t", ws_source_name(stratum->source), ws_way_name(stratum->way));
	ws_latency_put_tsv(&stratum->summary, out);
}

static void print_tsv(const struct ws_strata *strata, FILE *out)
{
	const struct ws_key none = { 0 }, *key = strata->keys.n ? strata->keys.at : &none;

	fputs("# latency between the tracing points; intervals at 95%, NaN where none exists for this n\n# ", out);
	ws_key_put_tsv_names(key, out);
	fputs("source\tdirection\t", out);
	ws_latency_put_tsv_names(out);
	for (uint32_t i = 0; i < strata->n; i++)
		print_tsv_row(strata, &strata->at[i], out);
	fputs("\n# in no latency: sightings without a partner, records or frames that got lost\n# ", out);
	ws_key_put_tsv_names(key, out);
	fputs("source\tpoint\treason\tn\n", out);
	for (uint32_t i = 0; i < strata->n_leftovers; i++) {
		const struct ws_leftover *leftover = &strata->leftover[i];
		const char *source = ws_source_name(leftover->source);

		for (int k = 0; k < WS_N_SIDES * WS_N_CAUSES; k++) {
			uint64_t n = leftover->n_cause[k / WS_N_CAUSES][k % WS_N_CAUSES];

			if (!n)
				continue;
			ws_key_put_tsv(key_of(strata, leftover->key), out);
			fprintf(out, "%s\t%s\t%s\t%" PRIu64 "\n", source, ws_side_name(k / WS_N_CAUSES),
				ws_cause_name(k % WS_N_CAUSES), n);
		}
		if (!leftover->n_lost)
			continue;
		ws_key_put_tsv(key_of(strata, leftover->key), out);
		fprintf(out, "%s\tany\trecords_lost\t%" PRIu64 "\n", source, leftover->n_lost);
	}
}

/* How wide a part's column is; 0: there is none. */
static int width_of(const struct ws_strata *strata, enum ws_key_part part)
{
	int width = WIDTH_MIN;

	if (!strata->keys.n || !strata->keys.at[0].part[part])
		return 0;
	for (uint32_t i = 0; i < strata->keys.n; i++) {
		int own = (int)strlen(strata->keys.at[i].part[part]);

		width = own > width ? own : width;
	}
	return width + 2;
}

static void put_key(const struct ws_key *key, const int width[WS_N_KEY_PARTS], FILE *out)
{
	for (int part = 0; part < WS_N_KEY_PARTS; part++) {
		const char *text = key ? key->part[part] : ws_key_part_name(part);

		if (!width[part])
			continue;
		ws_key_put_text(text, out);
		fprintf(out, "%*s", width[part] - (int)strlen(text), "");
	}
}

static void print_leftovers(const struct ws_strata *strata, FILE *out)
{
	for (uint32_t i = 0; i < strata->n_leftovers; i++) {
		const struct ws_leftover *leftover = &strata->leftover[i];
		char words[WS_KEY_WORDS_MAX];

		for (int k = 0; k < WS_N_SIDES * WS_N_CAUSES; k++) {
			uint64_t n = leftover->n_cause[k / WS_N_CAUSES][k % WS_N_CAUSES];

			if (!n)
				continue;
			fprintf(out, "unmatched: %s, ", ws_source_name(leftover->source));
			ws_key_put_text(ws_key_words(key_of(strata, leftover->key), words), out);
			fprintf(out, ": %" PRIu64 " seen at %s only: %s\n", n, ws_side_name(k / WS_N_CAUSES),
				ws_cause_name(k % WS_N_CAUSES));
		}
		if (!leftover->n_lost)
			continue;
		fprintf(out, "lost: %s, ", ws_source_name(leftover->source));
		ws_key_put_text(ws_key_words(key_of(strata, leftover->key), words), out);
		fprintf(out, ": %" PRIu64 " %s\n", leftover->n_lost,
			leftover->source == WS_SOURCE_EBPF ? "records" : "frames");
	}
}

static void print_table(const struct ws_strata *strata, FILE *out)
{
	int width[WS_N_KEY_PARTS];
	char text[WS_STRATA_COVERAGE_MAX];

	for (int part = 0; part < WS_N_KEY_PARTS; part++)
		width[part] = width_of(strata, part);
	fputs("latency [us], with 95% intervals in brackets; [-]: n is too small for one\n", out);
	put_key(NULL, width, out);
	fprintf(out, "%-7s%-4s%8s%10s%28s%28s%28s%10s\n", "source", "dir", "n", "mean", "median", "p90", "p99", "max");
	for (uint32_t i = 0; i < strata->n; i++) {
		const struct ws_stratum *stratum = &strata->at[i];
		char number[2][32], estimate[WS_LATENCY_QUANTILES][WS_ESTIMATE_MAX];

		put_key(key_of(strata, stratum->key), width, out);
		for (int q = 0; q < WS_LATENCY_QUANTILES; q++)
			ws_summary_estimate(ws_latency_quantile(&stratum->summary, q), WS_UNIT_US, estimate[q]);
		fprintf(out, "%-7s%-4s%8" PRIu64 "%10s%28s%28s%28s%10s\n", ws_source_name(stratum->source),
			ws_way_name(stratum->way), stratum->n,
			ws_summary_number(stratum->summary.mean / 1000, number[0]), estimate[0], estimate[1],
			estimate[2], ws_summary_number((double)stratum->summary.max / 1000, number[1]));
	}
	if (!strata->n)
		fputs("no pairs: no packet with a context was seen at both points\n", out);
	fputc('\n', out);
	print_leftovers(strata, out);
	fprintf(out, "%s\n", ws_strata_coverage(strata, text));
}

int ws_strata_print(const struct ws_strata *strata, enum ws_format format, FILE *out)
{
	if (format == WS_FORMAT_JSON)
		return print_json(strata, out);
	if (format == WS_FORMAT_TSV)
		print_tsv(strata, out);
	else
		print_table(strata, out);
	return 0;
}

const char *ws_strata_coverage(const struct ws_strata *strata, char text[WS_STRATA_COVERAGE_MAX])
{
	uint64_t n_pairs = 0, n_strays = 0, n_lost = 0;

	for (uint32_t i = 0; i < strata->n; i++)
		n_pairs += strata->at[i].n;
	for (uint32_t i = 0; i < strata->n_leftovers; i++) {
		n_strays += ws_leftover_n_strays(&strata->leftover[i]);
		n_lost += strata->leftover[i].n_lost;
	}
	snprintf(text, WS_STRATA_COVERAGE_MAX,
		 "%" PRIu64 " pairs in %" PRIu32 " series; sightings unmatched %" PRIu64
		 "; records and frames lost %" PRIu64,
		 n_pairs, strata->n, n_strays, n_lost);
	if (strata->n > WS_STRATA_DRAWN_MAX)
		snprintf(text + strlen(text), WS_STRATA_COVERAGE_MAX - strlen(text),
			 "; the figure shows the %d with the most packets", WS_STRATA_DRAWN_MAX);
	return text;
}

/* More packets first; of as many, the first in order. */
static int compare_sizes(const void *left, const void *right)
{
	const struct ws_stratum *a = *(const struct ws_stratum *const *)left;
	const struct ws_stratum *b = *(const struct ws_stratum *const *)right;

	if (a->n != b->n)
		return a->n < b->n ? 1 : -1;
	return (a > b) - (a < b);
}

/* rx before tx; else as they are. */
static int compare_places(const void *left, const void *right)
{
	const struct ws_stratum *a = *(const struct ws_stratum *const *)left;
	const struct ws_stratum *b = *(const struct ws_stratum *const *)right;

	if (a->way != b->way)
		return (int)a->way - (int)b->way;
	return (a > b) - (a < b);
}

/* The name of a stratum's panel: direction, and conditions if there are any. */
static void name_panel(const struct ws_strata *strata, const struct ws_stratum *stratum, char text[WS_KEY_WORDS_MAX])
{
	const char *label = key_of(strata, stratum->key)->part[WS_KEY_LABEL];

	snprintf(text, WS_KEY_WORDS_MAX, "%s%s%s", ws_way_name(stratum->way), label ? ", " : "", label ? label : "");
}

static int write_curve(const struct ws_strata *strata, const struct ws_stratum *stratum, FILE *out)
{
	char panel[WS_KEY_WORDS_MAX], words[WS_KEY_WORDS_MAX], name[2 * WS_KEY_WORDS_MAX];

	name_panel(strata, stratum, panel);
	snprintf(name, sizeof(name), "%s, %s", stratum->source == WS_SOURCE_EBPF ? "eBPF" : "pcap",
		 ws_key_words(key_of(strata, stratum->key), words));
	return ws_curve_write_drawn(&(struct ws_curve) { { panel, name },
							 stratum->latency_ns,
							 stratum->n,
							 WS_CURVE_PANEL_MAX,
							 stratum->summary.dkw_eps,
							 3 },
				    out);
}

int ws_strata_write_panels(const struct ws_strata *strata, FILE *out)
{
	const struct ws_stratum **drawn = malloc(((size_t)strata->n + 1) * sizeof(*drawn));
	uint32_t n = strata->n < WS_STRATA_DRAWN_MAX ? strata->n : WS_STRATA_DRAWN_MAX;
	int rc = 0;

	if (!drawn)
		return -ENOMEM;
	for (uint32_t i = 0; i < strata->n; i++)
		drawn[i] = &strata->at[i];
	qsort(drawn, strata->n, sizeof(*drawn), compare_sizes);
	qsort(drawn, n, sizeof(*drawn), compare_places);
	fputs("# latency between the tracing points as distribution functions with their 95% bands (DKW)\n"
	      "# panel\tcurve\tlatency_us\tcdf\tdkw_low\tdkw_high\n",
	      out);
	/* rows of a panel lie together */
	for (uint32_t i = 0; i < n && !rc; i++) {
		char panel[WS_KEY_WORDS_MAX], other[WS_KEY_WORDS_MAX];
		const struct ws_stratum *first = drawn[i];

		if (!first)
			continue;
		name_panel(strata, first, panel);
		for (uint32_t k = i; k < n && !rc; k++) {
			if (!drawn[k])
				continue;
			name_panel(strata, drawn[k], other);
			if (strcmp(panel, other))
				continue;
			rc = write_curve(strata, drawn[k], out);
			drawn[k] = NULL;
		}
	}
	free(drawn);
	return rc ? rc : ferror(out) ? -EIO : 0;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* offsets_text - how offsets are printed, and what their figure draws; see offsets.h. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "analyze/figure.h"
#include "analyze/offsets.h"

/* The spreads of a row, and how they are called. */
#define N_SPREADS 4
static const char *const spread_name[N_SPREADS] = { "begin", "end", "length", "searched" };

static const struct ws_spread *spread(const struct ws_offsets_row *row, int i)
{
	return (const struct ws_spread *[]) { &row->begin, &row->end, &row->length, &row->searched }[i];
}

static json_t *spread_json(const struct ws_spread *s)
{
	return json_pack("{s:I, s:I, s:I, s:I, s:I}", "min_bytes", (json_int_t)s->min, "median_bytes",
			 (json_int_t)s->median, "p90_bytes", (json_int_t)s->p90, "p99_bytes", (json_int_t)s->p99,
			 "max_bytes", (json_int_t)s->max);
}

/* The bins that are not empty. */
static json_t *bins_json(const uint64_t n[WS_OFFSETS_BINS], uint32_t bin_bytes)
{
	json_t *list = json_array();

	for (uint32_t i = 0; i < WS_OFFSETS_BINS; i++) {
		if (n[i])
			json_array_append_new(list, json_pack("{s:I, s:I}", "from_bytes", (json_int_t)i * bin_bytes,
							      "n", (json_int_t)n[i]));
	}
	return list;
}

static json_t *row_json(const struct ws_offsets *offsets, const struct ws_offsets_row *row)
{
	json_t *object = ws_subject_json(row->subject, row->group, offsets->by);
	char text[WS_OFFSETS_WORDS_MAX];
	int rc = !object;

	rc |= json_object_set_new(object, "expected",
				  ws_json_integer_if(row->group->expected_known, row->group->n_expected));
	rc |= json_object_set_new(object, "n", json_integer((json_int_t)row->group->n_found));
	for (int i = 0; i < N_SPREADS; i++)
		rc |= json_object_set_new(object, spread_name[i], spread_json(spread(row, i)));
	rc |= json_object_set_new(object, "begin_behind_first_segment", json_integer((json_int_t)row->n_begin_later));
	rc |= json_object_set_new(object, "end_behind_first_segment", json_integer((json_int_t)row->n_end_later));
	rc |= json_object_set_new(object, "last_segment", json_integer(row->last_segment));
	rc |= json_object_set_new(object, "begins", bins_json(row->n_begins, offsets->bin_bytes));
	rc |= json_object_set_new(object, "ends", bins_json(row->n_ends, offsets->bin_bytes));
	rc |= json_object_set_new(object, "words", ws_json_text(ws_offsets_words(offsets, row, text)));
	if (rc) {
		json_decref(object);
		return NULL;
	}
	return object;
}

static int print_json(const struct ws_offsets *offsets, FILE *out)
{
	json_t *document = json_object(), *list = json_array();
	int rc = json_object_set_new(document, "bin_bytes", json_integer(offsets->bin_bytes));

	for (uint32_t i = 0; i < offsets->n; i++)
		rc |= json_array_append_new(list, row_json(offsets, &offsets->row[i]));
	rc |= json_object_set_new(document, "offsets", list);
	if (rc) {
		json_decref(document);
		return -ENOMEM;
	}
	return ws_json_print(document, out);
}

static void print_tsv(const struct ws_offsets *offsets, FILE *out)
{
	fputs("# where in the head the contexts sit, in bytes from the request line's first byte; end: behind the ids; "
	      "-: not told apart\n",
	      out);
	ws_subject_put_tsv_names(offsets->subject, offsets->n_subjects, out);
	fputs("family\theaders\thttp_version\tdirection\tdaddr\tdport\tn", out);
	for (int i = 0; i < N_SPREADS; i++)
		fprintf(out, "\t%s_min\t%s_median\t%s_p90\t%s_p99\t%s_max", spread_name[i], spread_name[i],
			spread_name[i], spread_name[i], spread_name[i]);
	fputs("\tbegin_behind_first_segment\tend_behind_first_segment\tlast_segment\n", out);
	for (uint32_t k = 0; k < offsets->n; k++) {
		const struct ws_offsets_row *row = &offsets->row[k];

		ws_subject_put_tsv(row->subject, row->group, out);
		fprintf(out, "%" PRIu64, row->group->n_found);
		for (int i = 0; i < N_SPREADS; i++) {
			const struct ws_spread *s = spread(row, i);

			fprintf(out, "\t%" PRIu32 "\t%" PRIu32 "\t%" PRIu32 "\t%" PRIu32 "\t%" PRIu32, s->min,
				s->median, s->p90, s->p99, s->max);
		}
		fprintf(out, "\t%" PRIu64 "\t%" PRIu64 "\t%u\n", row->n_begin_later, row->n_end_later,
			row->last_segment);
	}
}

/* How dark a cell of the strip is: the part of the contexts that have a byte there. */
static char shade(uint64_t k, uint64_t n)
{
	if (!k)
		return '.';
	return 10 * k < n ? ':' : 2 * k < n ? '-' : 10 * k < 9 * n ? '+' : '#';
}

static void print_strip(const struct ws_offsets *offsets, const struct ws_offsets_row *row, FILE *out)
{
	fputs("    |", out);
	for (int i = 0; i < WS_OFFSETS_BINS; i++)
		fputc(shade(row->n_covers[i], row->group->n_found), out);
	fprintf(out, "| %" PRIu32 "\n", offsets->bin_bytes * WS_OFFSETS_BINS);
}

static void print_table(const struct ws_offsets *offsets, FILE *out)
{
	char name[WS_OFFSETS_NAME_MAX], text[WS_OFFSETS_WORDS_MAX];

	fprintf(out,
		"where in the head the contexts sit, in bytes from the request line's first byte\n"
		"strips: %d cells of %" PRIu32 " bytes; . none of the contexts, : under 10%%, - under 50%%, + under "
		"90%%, # more\n",
		WS_OFFSETS_BINS, offsets->bin_bytes);
	for (uint32_t k = 0; k < offsets->n; k++) {
		const struct ws_offsets_row *row = &offsets->row[k];

		fprintf(out, "\n%s\n", ws_offsets_name(offsets, row, name));
		print_strip(offsets, row, out);
		fprintf(out, "    %-10s%8s%8s%8s%8s%8s%8s\n", "", "n", "min", "median", "90%", "99%", "max");
		for (int i = 0; i < N_SPREADS; i++) {
			const struct ws_spread *s = spread(row, i);

			fprintf(out,
				"    %-10s%8" PRIu64 "%8" PRIu32 "%8" PRIu32 "%8" PRIu32 "%8" PRIu32 "%8" PRIu32 "\n",
				spread_name[i], row->group->n_found, s->min, s->median, s->p90, s->p99, s->max);
		}
		if (row->n_end_later)
			fprintf(out,
				"    behind the first segment: %" PRIu64 " begin, %" PRIu64
				" end; the last in segment %u\n",
				row->n_begin_later, row->n_end_later, row->last_segment);
	}
	if (offsets->n)
		fputc('\n', out);
	for (uint32_t k = 0; k < offsets->n; k++)
		fprintf(out, "%s\n", ws_offsets_words(offsets, &offsets->row[k], text));
}

int ws_offsets_print(const struct ws_offsets *offsets, enum ws_format format, FILE *out)
{
	if (format == WS_FORMAT_JSON)
		return print_json(offsets, out);
	if (format == WS_FORMAT_TSV)
		print_tsv(offsets, out);
	else
		print_table(offsets, out);
	return 0;
}

static void write_bins(const char *name, const char *kind, const uint64_t bin[WS_OFFSETS_BINS], uint64_t n,
		       uint32_t bin_bytes, FILE *out)
{
	for (uint32_t i = 0; i < WS_OFFSETS_BINS; i++) {
		if (!bin[i])
			continue;
		ws_figure_put_name(out, name);
		fprintf(out, "\t%s\t%" PRIu32 "\t%" PRIu32 "\t%.6f\n", kind, i * bin_bytes, (i + 1) * bin_bytes,
			(double)bin[i] / (double)n);
	}
}

bool ws_offsets_is_drawn(const struct ws_offsets *offsets, const struct ws_offsets_row *row)
{
	const struct ws_subject *subject = row->subject;

	for (uint32_t i = 0; i < offsets->n; i++) {
		const struct ws_subject *other = offsets->row[i].subject;
		bool is_alike = other->conditions == subject->conditions && !strcmp(other->point, subject->point);

		if ((!subject->saw_whole && other->saw_whole) ||
		    (subject->source == WS_SOURCE_PCAP && other->source == WS_SOURCE_EBPF && is_alike &&
		     other->saw_whole == subject->saw_whole))
			return false;
	}
	return true;
}

int ws_offsets_write_bins(const struct ws_offsets *offsets, FILE *out)
{
	char name[WS_OFFSETS_NAME_MAX];

	fputs("# part of the contexts that begin, or whose ids end, in a piece of the head\n"
	      "# row\tkind\tfrom_bytes\tto_bytes\tpart\n",
	      out);
	for (uint32_t k = 0; k < offsets->n; k++) {
		const struct ws_offsets_row *row = &offsets->row[k];

		if (!ws_offsets_is_drawn(offsets, row))
			continue;
		ws_offsets_name(offsets, row, name);
		write_bins(name, "begin", row->n_begins, row->group->n_found, offsets->bin_bytes, out);
		write_bins(name, "end", row->n_ends, row->group->n_found, offsets->bin_bytes, out);
	}
	return ferror(out) ? -EIO : 0;
}

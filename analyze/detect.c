/* SPDX-License-Identifier: BSD-2-Clause */
/* detect - see detect.h. */
#include "analyze/detect.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "analyze/coverage.h"
#include "analyze/json.h"
#include "analyze/steps.h"

#define NOTE_MAX    512
#define LABEL_WIDTH 14
#define CELL_WIDTH  24

/* What the reader of a file's rates must know; empty if nothing. */
static const char *note_of(const struct ws_detection *d, char text[NOTE_MAX])
{
	const char *point = d->file->point, *source = ws_source_name(d->file->source);

	*text = 0;
	if (!d->expected_known)
		snprintf(text, NOTE_MAX,
			 "%s, %s: of %" PRIu64 " requests it is not known whether they carry a context (the search "
			 "ended before, or HTTP/2 was not "
			 "readable): "
			 "no rate without a capture of the same point (capture run --pcap), or a search of the whole "
			 "head",
			 point, source, d->n_open);
	else if (!d->has_capture && d->n_unread)
		snprintf(text, NOTE_MAX,
			 "%s, %s: the records of %" PRIu64
			 " requests were lost, and whether they carry a context is not known: they count as not found "
			 "in every group, so that the rates are lower bounds",
			 point, source, d->n_unread);
	else if (d->file->source == WS_SOURCE_EBPF && d->n_resolved)
		snprintf(text, NOTE_MAX,
			 "%s, %s: %" PRIu64 " of the %" PRIu64
			 " contexts expected are known from the capture only; %" PRIu64
			 " requests stay undecided and are not counted",
			 point, source, d->n_resolved, d->n_expected, d->n_open);
	else if (d->n_open)
		snprintf(text, NOTE_MAX,
			 "%s, %s: %" PRIu64 " requests whose head was not captured in full, or whose HTTP/2 nobody can "
			 "read, are not counted",
			 point, source, d->n_open);
	return text;
}

/* A number that may be unknown. */
static json_t *number_if(bool known, json_int_t n)
{
	return known ? json_integer(n) : json_null();
}

static json_t *rate_json(const struct ws_detection *d, uint32_t search_bytes)
{
	struct ws_detection_rate rate = ws_detection_rate(d, search_bytes);

	return json_pack("{s:s, s:o, s:I, s:o, s:I, s:o, s:o, s:o, s:o, s:I}", "source",
			 ws_source_name(d->file->source), "point", ws_json_text(d->file->point), "search_bytes",
			 (json_int_t)search_bytes, "expected", number_if(d->expected_known, (json_int_t)d->n_expected),
			 "detected", (json_int_t)rate.n_detected, "rate",
			 rate.has_rate ? json_real(rate.rate.rate) : json_null(), "ci_low",
			 rate.has_rate ? json_real(rate.rate.low) : json_null(), "ci_high",
			 rate.has_rate ? json_real(rate.rate.high) : json_null(), "searched_bytes",
			 number_if(d->file->search_bytes != UINT32_MAX, d->file->search_bytes), "unresolved",
			 (json_int_t)d->n_open);
}

static int print_json(const struct ws_detect *detect, FILE *out)
{
	json_t *document = json_object(), *points = json_array(), *notes = json_array();
	char text[NOTE_MAX];
	int rc = 0;

	for (uint32_t i = 0; i < detect->n; i++) {
		for (uint32_t k = 0; k < detect->n_search_bytes; k++)
			rc |= json_array_append_new(points, rate_json(&detect->detection[i], detect->search_bytes[k]));
		if (*note_of(&detect->detection[i], text))
			rc |= json_array_append_new(notes, ws_json_text(text));
	}
	rc |= json_object_set_new(document, "points", points);
	rc |= ws_subjects_json(detect->subject, detect->n, detect->by, document);
	rc |= json_object_set_new(document, "notes", notes);
	if (rc) {
		json_decref(document);
		return -ENOMEM;
	}
	return ws_json_print(document, out);
}

static int print_tsv(const struct ws_detect *detect, FILE *out)
{
	fprintf(out, "# contexts found within the first search_bytes of a request's payload; ci: Wilson 95%%; NaN: not "
		     "known\n"
		     "# source\tpoint\tsearch_bytes\texpected\tdetected\trate\tci_low\tci_high\tsearched_bytes\n");
	for (uint32_t i = 0; i < detect->n; i++) {
		const struct ws_detection *d = &detect->detection[i];

		for (uint32_t k = 0; k < detect->n_search_bytes; k++) {
			struct ws_detection_rate rate = ws_detection_rate(d, detect->search_bytes[k]);

			fprintf(out, "%s\t%s\t%" PRIu32 "\t", ws_source_name(d->file->source), d->file->point,
				detect->search_bytes[k]);
			if (d->expected_known)
				fprintf(out, "%" PRIu64 "\t", d->n_expected);
			else
				fputs("NaN\t", out);
			fprintf(out, "%" PRIu64 "\t", rate.n_detected);
			if (rate.has_rate)
				fprintf(out, "%.6f\t%.6f\t%.6f\t", rate.rate.rate, rate.rate.low, rate.rate.high);
			else
				fputs("NaN\tNaN\tNaN\t", out);
			if (d->file->search_bytes != UINT32_MAX)
				fprintf(out, "%" PRIu32 "\n", d->file->search_bytes);
			else
				fputs("NaN\n", out);
		}
	}
	return ws_subjects_print_tsv(detect->subject, detect->n, detect->by, out);
}

/* The width of a file's column: its point's name is not cut. */
static int cell_width(const struct ws_detection *d)
{
	int n = (int)strlen(d->file->point) + 7;

	return n > CELL_WIDTH ? n : CELL_WIDTH;
}

static void print_cell(const struct ws_detection *d, uint32_t search_bytes, FILE *out)
{
	struct ws_detection_rate rate = ws_detection_rate(d, search_bytes);
	char cell[64] = "unknown";

	if (rate.has_rate)
		snprintf(cell, sizeof(cell), "%.1f%% [%.1f, %.1f]", 100 * rate.rate.rate, 100 * rate.rate.low,
			 100 * rate.rate.high);
	else if (search_bytes > d->file->search_bytes)
		snprintf(cell, sizeof(cell), "not searched");
	fprintf(out, "%*s", cell_width(d), cell);
}

static int print_table(const struct ws_detect *detect, FILE *out)
{
	char text[WS_COVERAGE_MAX];
	int rc;

	fprintf(out, "contexts found, of those that passed [Wilson 95%% interval]\n%-*s", LABEL_WIDTH, "search bytes");
	for (uint32_t i = 0; i < detect->n; i++) {
		snprintf(text, sizeof(text), "%s %s", detect->detection[i].file->point,
			 ws_source_name(detect->detection[i].file->source));
		fprintf(out, "%*s", cell_width(&detect->detection[i]), text);
	}
	fprintf(out, "\n%-*s", LABEL_WIDTH, "n expected");
	for (uint32_t i = 0; i < detect->n; i++) {
		snprintf(text, sizeof(text), "%" PRIu64, detect->detection[i].n_expected);
		fprintf(out, "%*s", cell_width(&detect->detection[i]),
			detect->detection[i].expected_known ? text : "unknown");
	}
	fputc('\n', out);
	for (uint32_t k = 0; k < detect->n_search_bytes; k++) {
		fprintf(out, "%-*" PRIu32, LABEL_WIDTH, detect->search_bytes[k]);
		for (uint32_t i = 0; i < detect->n; i++)
			print_cell(&detect->detection[i], detect->search_bytes[k], out);
		fputc('\n', out);
	}
	fputc('\n', out);
	rc = ws_subjects_print_table(detect->subject, detect->n, detect->by, out);
	fputc('\n', out);
	for (uint32_t i = 0; i < detect->n; i++) {
		if (*note_of(&detect->detection[i], text))
			fprintf(out, "%s\n", text);
	}
	ws_coverage_files(detect->study, text);
	ws_coverage_warnings(detect->study, text);
	fprintf(out, "%s\n", text);
	return rc;
}

int ws_detect_print(const struct ws_detect *detect, enum ws_format format, FILE *out)
{
	if (format == WS_FORMAT_JSON)
		return print_json(detect, out);
	if (format == WS_FORMAT_TSV)
		return print_tsv(detect, out);
	return print_table(detect, out);
}

/* Where the figure ends. */
static uint32_t last_of(const struct ws_detect *detect)
{
	uint32_t last = 0;

	for (uint32_t i = 0; i < detect->n; i++) {
		const struct ws_detection *d = &detect->detection[i];
		uint32_t own = !ws_file_saw_whole_heads(d->file) ? d->file->search_bytes
			       : d->n_found			 ? d->found_at[d->n_found - 1]
								 : 0;

		last = own > last ? own : last;
	}
	return last;
}

/* Writes the curves of a file, and, where its search ended before the heads did, a mark there. */
static int write_file(const struct ws_detect *detect, uint32_t i, uint32_t last, FILE *out)
{
	const struct ws_subject *subject = &detect->subject[i];
	char words[WS_GROUP_WORDS_MAX], curve[2 * WS_GROUP_WORDS_MAX];
	struct ws_spot_groups groups;
	int rc = ws_subject_groups(subject, detect->by, &groups);

	if (rc)
		return rc;
	for (uint32_t k = 0; k < groups.n; k++) {
		const struct ws_spot_group *group = &groups.at[k];
		struct ws_proportion rate;

		if (!group->expected_known || !group->n_expected)
			continue;
		snprintf(curve, sizeof(curve), "%s, %s", subject->source == WS_SOURCE_EBPF ? "eBPF" : "pcap",
			 ws_subject_group_words(subject, group, detect->by, words));
		ws_steps_write(group, subject->point, curve, subject->saw_whole ? UINT32_MAX : subject->search_bytes,
			       last, out);
		rate = ws_wilson(group->n_found, group->n_expected);
		if (!subject->saw_whole)
			ws_steps_write_row(subject->point, curve, true, subject->search_bytes, &rate, out);
	}
	ws_spot_groups_close(&groups);
	return 0;
}

int ws_detect_write_panels(const struct ws_detect *detect, FILE *out)
{
	uint32_t last = last_of(detect);
	int rc = 0;

	ws_steps_write_head(out);
	/* Rows of a panel lie together: a point is written with the first of its files. */
	for (uint32_t i = 0; i < detect->n; i++) {
		bool is_first = true;

		for (uint32_t k = 0; k < i; k++)
			is_first &= strcmp(detect->subject[k].point, detect->subject[i].point) != 0;
		for (uint32_t k = i; k < detect->n && is_first && !rc; k++) {
			if (!strcmp(detect->subject[k].point, detect->subject[i].point))
				rc = write_file(detect, k, last, out);
		}
	}
	return rc ? rc : ferror(out) ? -EIO : 0;
}

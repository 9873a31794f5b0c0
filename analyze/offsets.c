/* SPDX-License-Identifier: BSD-2-Clause */
/* offsets - see offsets.h. */
#include "analyze/offsets.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A number, and how many requests have it. */
struct number {
	uint32_t value;
	uint64_t n;
};

static int compare(const void *a, const void *b)
{
	uint32_t left = ((const struct number *)a)->value, right = ((const struct number *)b)->value;

	return (left > right) - (left < right);
}

/* The number at a rank, from 1, of numbers in ascending order. */
static uint32_t at_rank(const struct number *number, uint64_t rank)
{
	for (; rank > number->n; number++)
		rank -= number->n;
	return number->value;
}

/* The spread of one number of each context found; room: for so many places. */
static struct ws_spread spread_of(const struct ws_spot_group *group, uint32_t (*number_of)(const struct ws_spot *),
				  struct number *room)
{
	uint64_t n = group->n_found;

	for (uint32_t i = 0; i < group->n_places; i++)
		room[i] = (struct number) { number_of(&group->found[i]), group->found[i].n };
	qsort(room, group->n_places, sizeof(*room), compare);
	return (struct ws_spread) {
		.min = at_rank(room, 1),
		.median = at_rank(room, ws_quantile_rank(n, WS_MEDIAN)),
		.p90 = at_rank(room, ws_quantile_rank(n, WS_P(90))),
		.p99 = at_rank(room, ws_quantile_rank(n, WS_P(99))),
		.max = at_rank(room, n),
	};
}

static uint32_t begin_of(const struct ws_spot *spot)
{
	return spot->begin_off;
}

static uint32_t end_of(const struct ws_spot *spot)
{
	return spot->end_off;
}

static uint32_t length_of(const struct ws_spot *spot)
{
	return spot->length;
}

static uint32_t searched_of(const struct ws_spot *spot)
{
	return spot->searched_len;
}

static int make_row(const struct ws_subject *subject, const struct ws_spot_group *group, struct ws_offsets_row *row)
{
	struct number *room = malloc(group->n_places * sizeof(*room));

	if (!room)
		return -ENOMEM;
	*row = (struct ws_offsets_row) {
		.subject = subject,
		.group = group,
		.begin = spread_of(group, begin_of, room),
		.end = spread_of(group, end_of, room),
		.length = spread_of(group, length_of, room),
		.searched = spread_of(group, searched_of, room),
	};
	for (uint32_t i = 0; i < group->n_places; i++) {
		const struct ws_spot *spot = &group->found[i];

		row->n_begin_later += spot->begin_segment > 1 ? spot->n : 0;
		row->n_end_later += spot->end_segment > 1 ? spot->n : 0;
		row->last_segment = spot->end_segment > row->last_segment ? spot->end_segment : row->last_segment;
	}
	free(room);
	return 0;
}

/* The smallest of 1, 2, 5, 10, 20 ... that makes n fit into the bins. */
static uint32_t bin_bytes_for(uint32_t n)
{
	static const uint32_t factor[] = { 1, 2, 5 };

	for (uint32_t decade = 1;; decade *= 10) {
		for (int i = 0; i < 3; i++) {
			if ((uint64_t)decade * factor[i] * WS_OFFSETS_BINS >= n || decade >= 100000000)
				return decade * factor[i];
		}
	}
}

static uint32_t bin_of(uint32_t off, uint32_t bin_bytes)
{
	uint32_t bin = off / bin_bytes;

	return bin < WS_OFFSETS_BINS ? bin : WS_OFFSETS_BINS - 1;
}

static void fill_bins(struct ws_offsets *offsets)
{
	uint32_t last = 1;

	for (uint32_t i = 0; i < offsets->n; i++)
		last = offsets->row[i].end.max > last ? offsets->row[i].end.max : last;
	offsets->bin_bytes = bin_bytes_for(last);
	for (uint32_t i = 0; i < offsets->n; i++) {
		struct ws_offsets_row *row = &offsets->row[i];

		for (uint32_t k = 0; k < row->group->n_places; k++) {
			const struct ws_spot *spot = &row->group->found[k];
			uint32_t begin = bin_of(spot->begin_off, offsets->bin_bytes);
			uint32_t end = bin_of(spot->end_off ? spot->end_off - 1 : 0, offsets->bin_bytes);

			row->n_begins[begin] += spot->n;
			row->n_ends[end] += spot->n;
			for (uint32_t bin = begin; bin <= end; bin++)
				row->n_covers[bin] += spot->n;
		}
	}
}

static int make_rows(struct ws_offsets *offsets)
{
	uint32_t n = 0;
	int rc = 0;

	for (uint32_t i = 0; i < offsets->n_subjects && !rc; i++) {
		rc = ws_subject_groups(&offsets->subject[i], offsets->by, &offsets->groups[i]);
		n += offsets->groups[i].n;
	}
	offsets->row = calloc((size_t)n + 1, sizeof(*offsets->row));
	rc = offsets->row ? rc : -ENOMEM;
	for (uint32_t i = 0; i < offsets->n_subjects && !rc; i++) {
		for (uint32_t k = 0; k < offsets->groups[i].n && !rc; k++) {
			const struct ws_spot_group *group = &offsets->groups[i].at[k];

			if (!group->n_found)
				continue;
			rc = make_row(&offsets->subject[i], group, &offsets->row[offsets->n]);
			offsets->n += !rc;
		}
	}
	return rc;
}

int ws_offsets_open(const struct ws_sweep *sweep, struct ws_offsets *offsets)
{
	struct ws_offsets made = { .by = sweep->by, .n_subjects = sweep->n };
	int rc = 0;

	made.subject = ws_sweep_subjects(sweep);
	made.groups = calloc((size_t)sweep->n + 1, sizeof(*made.groups));
	rc = made.subject && made.groups ? make_rows(&made) : -ENOMEM;
	if (rc) {
		ws_offsets_close(&made);
		return rc;
	}
	fill_bins(&made);
	*offsets = made;
	return 0;
}

void ws_offsets_close(struct ws_offsets *offsets)
{
	if (!offsets)
		return;
	for (uint32_t i = 0; i < offsets->n_subjects && offsets->groups; i++)
		ws_spot_groups_close(&offsets->groups[i]);
	free(offsets->groups);
	free(offsets->row);
	free(offsets->subject);
	*offsets = (struct ws_offsets) { 0 };
}

const char *ws_offsets_name(const struct ws_offsets *offsets, const struct ws_offsets_row *row,
			    char text[WS_OFFSETS_NAME_MAX])
{
	char words[WS_GROUP_WORDS_MAX];

	char window[32] = "";

	if (!row->subject->saw_whole)
		snprintf(window, sizeof(window), ", first %" PRIu32 " bytes", row->subject->search_bytes);
	snprintf(text, WS_OFFSETS_NAME_MAX, "%s%s%s, %s%s: %s", row->subject->label ? row->subject->label : "",
		 row->subject->label ? ", " : "", row->subject->point, ws_source_name(row->subject->source), window,
		 ws_subject_group_words(row->subject, row->group, offsets->by, words));
	return text;
}

/* A share in percent: whole, where it is not between 0 and 1, or 99 and 100. */
static const char *percent(uint64_t k, uint64_t n, char text[16])
{
	double share = 100 * (double)k / (double)n;

	snprintf(text, 16, (share > 0 && share < 1) || (share > 99 && share < 100) ? "%.2f%%" : "%.0f%%", share);
	return text;
}

/* Appends to a text of WS_OFFSETS_WORDS_MAX. */
static void append(char *text, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void append(char *text, const char *format, ...)
{
	size_t n = strlen(text);
	va_list args;

	va_start(args, format);
	vsnprintf(text + n, WS_OFFSETS_WORDS_MAX - n, format, args);
	va_end(args);
}

static void append_places(char *text, const struct ws_offsets_row *row)
{
	uint64_t n = row->group->n_found;

	if (n == 1) {
		append(text,
		       "the only one found ends after %" PRIu32 " bytes of the request: %" PRIu32
		       " bytes stand before it, and it is %" PRIu32 " bytes long.",
		       row->end.max, row->begin.min, row->length.max);
		return;
	}
	append(text, "all %" PRIu64 " found end within %" PRIu32 " bytes of the request", n, row->end.max);
	if (row->end.p99 < row->end.max)
		append(text, ", 99%% within %" PRIu32, row->end.p99);
	append(text,
	       "; a search of less than %" PRIu32 " bytes finds none. At the median %" PRIu32
	       " bytes stand before a context, and it is %" PRIu32 " bytes long.",
	       row->end.min, row->begin.median, row->length.median);
}

const char *ws_offsets_words(const struct ws_offsets *offsets, const struct ws_offsets_row *row,
			     char text[WS_OFFSETS_WORDS_MAX])
{
	const struct ws_spot_group *group = row->group;
	char name[WS_OFFSETS_NAME_MAX], share[16];

	snprintf(text, WS_OFFSETS_WORDS_MAX, "%s: ", ws_offsets_name(offsets, row, name));
	append_places(text, row);
	if (row->n_end_later)
		append(text, " %s end behind the first TCP segment, the last in segment %u.",
		       percent(row->n_end_later, group->n_found, share), row->last_segment);
	if (group->expected_known && group->n_expected > group->n_found)
		append(text, " %" PRIu64 " more were not found%s.", group->n_expected - group->n_found,
		       row->subject->n_unread ? ", or had none: their records were lost" : "");
	if (!row->subject->saw_whole)
		append(text, " Only the first %" PRIu32 " bytes were searched: what lies behind them is not here.",
		       row->subject->search_bytes);
	return text;
}

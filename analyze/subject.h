/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * subject - one search of which thresholds, places and remarks are told: a file of a run, or a cell, source and point
 * of a campaign; and how these are printed.
 */
#ifndef WS_ANALYZE_SUBJECT_H
#define WS_ANALYZE_SUBJECT_H

#include <stdio.h>

#include "analyze/detection.h"
#include "analyze/json.h"

/* Nothing is owned. */
struct ws_subject {
	const char *run;			/* the first of its cell; NULL: there is but one */
	const char *label;			/* of its cell; NULL with run */
	const struct ws_conditions *conditions; /* NULL: none are known */
	enum ws_source source;
	const char *point;
	const struct ws_spots *spots;
	const struct ws_remarks *remarks;
	bool open_is_out; /* as for ws_spot_groups_open() */
	uint64_t n_unread;
	bool saw_whole;	       /* the search ended where heads end */
	uint32_t search_bytes; /* where it ended if not */
};

/* The subject of a file of a run by itself. conditions: NULL if none are known. */
struct ws_subject ws_subject_of(const struct ws_detection *detection, const struct ws_conditions *conditions);

/* Its groups. As ws_spot_groups_open(). */
int ws_subject_groups(const struct ws_subject *subject, unsigned int by, struct ws_spot_groups *groups);

/* The smallest number of bytes that finds so many percent of the group. */
struct ws_threshold ws_subject_threshold(const struct ws_subject *subject, const struct ws_spot_group *group,
					 uint32_t percent);

/* Room for a threshold in words. */
#define WS_THRESHOLD_TEXT_MAX 32

/* "104"; "never"; ">128", if it lies beyond what was searched; "unknown". Returns text. */
const char *ws_subject_threshold_words(const struct ws_subject *subject, const struct ws_threshold *threshold,
				       char text[WS_THRESHOLD_TEXT_MAX]);

/* The group in words, with the layout of the headers if it was asked for. Returns text. */
const char *ws_subject_group_words(const struct ws_subject *subject, const struct ws_spot_group *group, unsigned int by,
				   char text[WS_GROUP_WORDS_MAX]);

/* The columns of a table that say whose row it is and how many bytes were searched, and their names. */
struct ws_subject_widths {
	int label; /* 0: there are none */
	int point;
};
struct ws_subject_widths ws_subjects_widths(const struct ws_subject *subject, uint32_t n);
void ws_subject_put_names(const struct ws_subject *subject, uint32_t n, FILE *out);
void ws_subject_put(const struct ws_subject *subject, struct ws_subject_widths widths, FILE *out);

/* The same in TSV, each with a tab behind it; and those of the group. */
void ws_subject_put_tsv_names(const struct ws_subject *subject, uint32_t n, FILE *out);
void ws_subject_put_tsv(const struct ws_subject *subject, const struct ws_spot_group *group, FILE *out);
void ws_subject_put_tsv_plain(const struct ws_subject *subject, FILE *out);

/* A new object that says whose it is, and, unless it is NULL, which group's. NULL: out of memory. */
json_t *ws_subject_json(const struct ws_subject *subject, const struct ws_spot_group *group, unsigned int by);

/*
 * Prints, for n subjects, thresholds by group, why no context was found, which values were refused and which families
 * were there: into a document as "thresholds", "reasons", "malformed", "families"; as tables of TSV, an empty line
 * before each; as tables for the eye. 0 or -ENOMEM.
 */
int ws_subjects_json(const struct ws_subject *subject, uint32_t n, unsigned int by, json_t *document);
int ws_subjects_print_tsv(const struct ws_subject *subject, uint32_t n, unsigned int by, FILE *out);
int ws_subjects_print_table(const struct ws_subject *subject, uint32_t n, unsigned int by, FILE *out);

#endif

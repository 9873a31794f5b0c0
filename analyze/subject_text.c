/* SPDX-License-Identifier: BSD-2-Clause */
/* subject_text - subjects as TSV and as tables for the eye; see subject.h. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/subject.h"
#include "lib/names.h"

static int put_thresholds_tsv(const struct ws_subject *subject, unsigned int by, FILE *out)
{
	struct ws_spot_groups groups;
	int rc = ws_subject_groups(subject, by, &groups);

	if (rc)
		return rc;
	for (uint32_t i = 0; i < groups.n; i++) {
		const struct ws_spot_group *group = &groups.at[i];

		ws_subject_put_tsv(subject, group, out);
		if (group->expected_known)
			fprintf(out, "%" PRIu64 "\t%" PRIu64, group->n_expected, group->n_found);
		else
			fprintf(out, "NaN\t%" PRIu64, group->n_found);
		for (int k = 0; k < WS_N_THRESHOLDS; k++) {
			struct ws_threshold t = ws_subject_threshold(subject, group, ws_threshold_percent[k]);

			if (t.kind == WS_THRESHOLD_BYTES)
				fprintf(out, "\t%" PRIu32, t.bytes);
			else
				fputs("\tNaN", out);
		}
		fputc('\n', out);
	}
	ws_spot_groups_close(&groups);
	return 0;
}

static void put_misses_tsv(const struct ws_subject *subject, FILE *out)
{
	for (int reason = 0; reason < WS_N_MISSES; reason++) {
		const struct ws_miss *miss = &subject->remarks->miss[reason];

		if (!miss->n || !ws_miss_name((uint8_t)reason))
			continue;
		ws_subject_put_tsv_plain(subject, out);
		fprintf(out, "%s\t%" PRIu64 "\t", ws_miss_name((uint8_t)reason), miss->n);
		if (subject->remarks->is_judged)
			fprintf(out, "%" PRIu64 "\n", miss->n_with_context);
		else
			fputs("NaN\n", out);
	}
}

static void put_families_tsv(const struct ws_subject *subject, FILE *out)
{
	for (uint32_t i = 0; i < subject->remarks->n_families; i++) {
		const struct ws_family_remark *remark = &subject->remarks->family[i];

		ws_subject_put_tsv_plain(subject, out);
		fprintf(out, "%s\tnoted\t%" PRIu64 "\n", remark->name, remark->n_noted);
		ws_subject_put_tsv_plain(subject, out);
		fprintf(out, "%s\tused\t%" PRIu64 "\n", remark->name, remark->n_used);
		for (uint8_t flaw = 0; flaw < WS_N_FLAWS; flaw++) {
			if (!remark->n_malformed[flaw])
				continue;
			ws_subject_put_tsv_plain(subject, out);
			fprintf(out, "%s\tmalformed_%s\t%" PRIu64 "\n", remark->name, ws_flaw_name(flaw),
				remark->n_malformed[flaw]);
		}
	}
}

/* The columns of what is told apart by name. */
static void put_key_names(unsigned int by, FILE *out)
{
	const struct ws_key key = { .part = {
					    [WS_KEY_EDGE] = by & WS_BY_EDGE ? "" : NULL,
					    [WS_KEY_POD] = by & WS_BY_POD ? "" : NULL,
					    [WS_KEY_SERVICE] = by & WS_BY_SERVICE ? "" : NULL,
					    [WS_KEY_NODE] = by & WS_BY_NODE ? "" : NULL,
				    } };

	ws_key_put_tsv_names(&key, out);
}

int ws_subjects_print_tsv(const struct ws_subject *subject, uint32_t n, unsigned int by, FILE *out)
{
	int rc = 0;

	fputs("\n\n# the smallest N that finds so many percent of the contexts; NaN: never, or not known; -: not told "
	      "apart\n",
	      out);
	ws_subject_put_tsv_names(subject, n, out);
	fputs("family\theaders\thttp_version\tdirection\tdaddr\tdport\t", out);
	put_key_names(by, out);
	fputs("expected\tfound", out);
	for (int k = 0; k < WS_N_THRESHOLDS; k++)
		fprintf(out, "\tn%" PRIu32 "_bytes", ws_threshold_percent[k]);
	fputc('\n', out);
	for (uint32_t i = 0; i < n && !rc; i++)
		rc = put_thresholds_tsv(&subject[i], by, out);
	fputs("\n\n# requests in which no context was found; with_context: of these, as the capture of the same point "
	      "knows\n",
	      out);
	ws_subject_put_tsv_names(subject, n, out);
	fputs("reason\tn\twith_context\n", out);
	for (uint32_t i = 0; i < n; i++)
		put_misses_tsv(&subject[i], out);
	fputs("\n\n# heads by family: with a complete context (noted), with the one that counts (used), with a refused "
	      "value\n",
	      out);
	ws_subject_put_tsv_names(subject, n, out);
	fputs("family\twhat\tn\n", out);
	for (uint32_t i = 0; i < n; i++)
		put_families_tsv(&subject[i], out);
	return rc;
}

/* The width of the column of groups: n subjects, and their groups. */
static int words_width(const struct ws_subject *subject, const struct ws_spot_groups *groups, uint32_t n,
		       unsigned int by)
{
	char text[WS_GROUP_WORDS_MAX];
	int width = 12;

	for (uint32_t i = 0; i < n; i++) {
		for (uint32_t k = 0; k < groups[i].n; k++) {
			int len = (int)strlen(ws_subject_group_words(&subject[i], &groups[i].at[k], by, text));

			width = len > width ? len : width;
		}
	}
	return width;
}

static void print_thresholds(const struct ws_subject *subject, const struct ws_spot_groups *groups,
			     struct ws_subject_widths widths, int width, unsigned int by, FILE *out)
{
	char words[WS_GROUP_WORDS_MAX], text[WS_THRESHOLD_TEXT_MAX];

	for (uint32_t i = 0; i < groups->n; i++) {
		const struct ws_spot_group *group = &groups->at[i];

		ws_subject_put(subject, widths, out);
		fprintf(out, "%-*s", width, ws_subject_group_words(subject, group, by, words));
		snprintf(text, sizeof(text), "%" PRIu64, group->n_expected);
		fprintf(out, "%10s%9" PRIu64, group->expected_known ? text : "unknown", group->n_found);
		for (int k = 0; k < WS_N_THRESHOLDS; k++) {
			struct ws_threshold t = ws_subject_threshold(subject, group, ws_threshold_percent[k]);

			fprintf(out, "%9s", ws_subject_threshold_words(subject, &t, text));
		}
		fputc('\n', out);
	}
}

static void print_misses(const struct ws_subject *subject, uint32_t n, struct ws_subject_widths widths, FILE *out)
{
	bool first = true;

	for (uint32_t i = 0; i < n; i++) {
		for (int reason = 0; reason < WS_N_MISSES; reason++) {
			const struct ws_miss *miss = &subject[i].remarks->miss[reason];

			if (!miss->n || !ws_miss_name((uint8_t)reason))
				continue;
			if (first) {
				fputs("\nrequests in which no context was found, and how many of them have one as the "
				      "capture knows\n",
				      out);
				ws_subject_put_names(subject, n, out);
				fprintf(out, "%-20s%10s%10s\n", "reason", "requests", "have one");
			}
			first = false;
			ws_subject_put(&subject[i], widths, out);
			fprintf(out, "%-20s%10" PRIu64, ws_miss_name((uint8_t)reason), miss->n);
			if (subject[i].remarks->is_judged)
				fprintf(out, "%10" PRIu64 "\n", miss->n_with_context);
			else
				fprintf(out, "%10s\n", "unknown");
		}
	}
}

/* Families: only where there is more to tell than which one counts. */
static void print_families(const struct ws_subject *subject, uint32_t n, struct ws_subject_widths widths, FILE *out)
{
	bool first = true;

	for (uint32_t i = 0; i < n; i++) {
		for (uint32_t k = 0; k < subject[i].remarks->n_families; k++) {
			const struct ws_family_remark *remark = &subject[i].remarks->family[k];
			uint64_t n_malformed = 0;

			for (int flaw = 0; flaw < WS_N_FLAWS; flaw++)
				n_malformed += remark->n_malformed[flaw];
			if (!n_malformed && remark->n_noted == remark->n_used)
				continue;
			if (first) {
				fputs("\nheads with contexts of several families, or with refused values\n", out);
				ws_subject_put_names(subject, n, out);
				fprintf(out, "%-20s%10s%10s%10s  by first flaw\n", "family", "noted", "used",
					"refused");
			}
			first = false;
			ws_subject_put(&subject[i], widths, out);
			fprintf(out, "%-20s%10" PRIu64 "%10" PRIu64 "%10" PRIu64, remark->name, remark->n_noted,
				remark->n_used, n_malformed);
			for (uint8_t flaw = 0; flaw < WS_N_FLAWS; flaw++) {
				if (remark->n_malformed[flaw])
					fprintf(out, "  %s %" PRIu64, ws_flaw_name(flaw), remark->n_malformed[flaw]);
			}
			fputc('\n', out);
		}
	}
}

int ws_subjects_print_table(const struct ws_subject *subject, uint32_t n, unsigned int by, FILE *out)
{
	const struct ws_subject_widths widths = ws_subjects_widths(subject, n);
	struct ws_spot_groups *groups = calloc((size_t)n + 1, sizeof(*groups));
	int rc = groups ? 0 : -ENOMEM, width;

	for (uint32_t i = 0; i < n && !rc; i++)
		rc = ws_subject_groups(&subject[i], by, &groups[i]);
	if (rc)
		goto out;
	width = words_width(subject, groups, n, by);
	fputs("bytes to search for so many of the contexts, from recorded offsets\n", out);
	ws_subject_put_names(subject, n, out);
	fprintf(out, "%-*s%10s%9s", width, "contexts", "expected", "found");
	for (int k = 0; k < WS_N_THRESHOLDS; k++)
		fprintf(out, "%8" PRIu32 "%%", ws_threshold_percent[k]);
	fputc('\n', out);
	for (uint32_t i = 0; i < n; i++)
		print_thresholds(&subject[i], &groups[i], widths, width, by, out);
	print_misses(subject, n, widths, out);
	print_families(subject, n, widths, out);
out:
	for (uint32_t i = 0; i < n && groups; i++)
		ws_spot_groups_close(&groups[i]);
	free(groups);
	return rc;
}

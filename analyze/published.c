/* SPDX-License-Identifier: BSD-2-Clause */
/* published - see published.h. */
#include "analyze/published.h"

#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Nobody publishes more than this. */
#define TEXT_MAX (1u << 20)

/* Columns of differences.tsv and of findings.tsv. */
#define N_REASON_COLUMNS  3
#define N_FINDING_COLUMNS 5

/* Reads a whole text file, a 0 behind it. To be freed. */
static int read_text(const char *path, char **text, struct ws_error *err)
{
	FILE *file = fopen(path, "rbe");
	char *made = NULL;
	size_t n;
	int rc = 0;

	if (!file)
		return ws_error(err, -errno, "%s: %s", path, strerror(errno));
	made = malloc(TEXT_MAX + 1);
	n = made ? fread(made, 1, TEXT_MAX + 1, file) : 0;
	if (!made)
		rc = ws_error(err, -ENOMEM, "out of memory");
	else if (ferror(file) || n > TEXT_MAX)
		rc = ws_error(err, -EINVAL, "%s: cannot be read, or is larger than 1 MiB", path);
	else if (memchr(made, 0, n))
		rc = ws_error(err, -EINVAL, "%s: is no text", path);
	fclose(file);
	if (rc) {
		free(made);
		return rc;
	}
	made[n] = 0;
	*text = made;
	return 0;
}

/* Takes a line apart at its tabs, in place. Returns how many columns it has; those beyond the last wanted are not kept.
 */
static uint32_t split(char *line, const char **column, uint32_t n_wanted)
{
	uint32_t n = 0;

	for (char *at = line; at; n++) {
		char *tab = strchr(at, '\t');

		if (tab)
			*tab++ = 0;
		if (n < n_wanted)
			column[n] = at;
		at = tab;
	}
	return n;
}

/* Is it one of the words? */
static bool is_among(const char *word, const char *words)
{
	size_t n = strlen(word);
	const char *at = n ? strstr(words, word) : NULL;

	return at && (at == words || at[-1] == ' ') && (!at[n] || at[n] == ' ');
}

static int add_row(struct ws_published *published, const char *const *column)
{
	struct ws_published_row *grown = realloc(published->row, (published->n + 1) * sizeof(*grown)), *row;
	char *end;

	if (!grown)
		return -ENOMEM;
	published->row = grown;
	row = &grown[published->n];
	memcpy(row->text, column, sizeof(row->text));
	row->value = strtod(row->text[WS_PUBLISHED_VALUE], &end);
	if (end == row->text[WS_PUBLISHED_VALUE] || *end || !isfinite(row->value) ||
	    !is_among(row->text[WS_PUBLISHED_UNIT], "ms us ratio") ||
	    !is_among(row->text[WS_PUBLISHED_RELATION], "= <"))
		return -EINVAL;
	published->n++;
	return 0;
}

static int add_reason(struct ws_published *published, const char *const *column)
{
	struct ws_published_reason *grown = realloc(published->reason, (published->n_reasons + 1) * sizeof(*grown));

	if (!grown)
		return -ENOMEM;
	published->reason = grown;
	grown[published->n_reasons++] = (struct ws_published_reason) { column[0], column[1], column[2] };
	return 0;
}

static int add_finding(struct ws_published *published, const char *const *column)
{
	struct ws_published_finding *grown = realloc(published->finding, (published->n_findings + 1) * sizeof(*grown));

	if (!grown)
		return -ENOMEM;
	published->finding = grown;
	grown[published->n_findings++] = (struct ws_published_finding) { column[0], column[1], column[2], column[3],
									 column[4] };
	return 0;
}

/* Takes a file of lines with that many columns apart. */
static int read_lines(const char *path, char *text, uint32_t n_columns,
		      int (*add)(struct ws_published *published, const char *const *column),
		      struct ws_published *published, struct ws_error *err)
{
	const char *column[WS_N_PUBLISHED_COLUMNS];
	uint32_t number = 0;

	for (char *line = text, *next; line && *line; line = next) {
		int rc;

		next = strchr(line, '\n');
		if (next)
			*next++ = 0;
		number++;
		if (*line == '#' || !*line)
			continue;
		rc = split(line, column, n_columns) == n_columns ? add(published, column) : -EINVAL;
		if (rc == -EINVAL)
			return ws_error(err, rc,
					"%s: line %u: %u columns are expected, separated by tabs; a value is a "
					"number, its unit ms, us or ratio, its relation = or <",
					path, number, n_columns);
		if (rc)
			return ws_error(err, rc, "out of memory");
	}
	return 0;
}

int ws_published_open(const char *dir, struct ws_published *published, struct ws_error *err)
{
	static const struct {
		const char *name;
		uint32_t n_columns;
		int (*add)(struct ws_published *published, const char *const *column);
		bool may_miss;
	} file[] = {
		{ "published.tsv", WS_N_PUBLISHED_COLUMNS, add_row, false },
		{ "findings.tsv", N_FINDING_COLUMNS, add_finding, true },
		{ "differences.tsv", N_REASON_COLUMNS, add_reason, true },
	};
	struct ws_published made = { 0 };
	int rc = 0;

	for (size_t i = 0; i < sizeof(file) / sizeof(*file) && !rc; i++) {
		char *path;

		if (asprintf(&path, "%s/%s", dir, file[i].name) < 0) {
			rc = ws_error(err, -ENOMEM, "out of memory");
			break;
		}
		rc = read_text(path, &made.text[i], err);
		if (!rc)
			rc = read_lines(path, made.text[i], file[i].n_columns, file[i].add, &made, err);
		else if (rc == -ENOENT && file[i].may_miss)
			rc = 0;
		free(path);
	}
	if (rc)
		ws_published_close(&made);
	else
		*published = made;
	return rc;
}

void ws_published_close(struct ws_published *published)
{
	if (!published)
		return;
	free(published->row);
	free(published->reason);
	free(published->finding);
	for (size_t i = 0; i < sizeof(published->text) / sizeof(*published->text); i++)
		free(published->text[i]);
	*published = (struct ws_published) { 0 };
}

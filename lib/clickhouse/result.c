/* SPDX-License-Identifier: BSD-2-Clause */
/* result - see the header. */
#include "lib/clickhouse/result.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define MARK	  1
#define WORDS_MAX 4096
#define CAP_FIRST (64u << 10)

struct ws_result {
	struct ws_client *client;
	struct ws_answer *answer;
	uint8_t *kinds;
	uint32_t n_columns;
	struct ws_value *values;
	uint8_t *bytes; /* that came and were not given out */
	size_t at;
	size_t n;
	size_t cap;
};

int ws_result_open(struct ws_client *client, const char *query, const uint8_t *kinds, uint32_t n_columns,
		   struct ws_result **result, struct ws_error *err)
{
	struct ws_result *r = calloc(1, sizeof(*r));
	char *sql = NULL;
	int rc;

	if (!r || asprintf(&sql, "SELECT toUInt8(%d), %s FORMAT RowBinary", MARK, query) < 0) {
		free(r);
		return ws_error(err, -ENOMEM, "out of memory");
	}
	r->client = client;
	r->n_columns = n_columns;
	r->kinds = malloc(n_columns + 1);
	r->values = calloc(n_columns + 1, sizeof(*r->values));
	r->bytes = malloc(CAP_FIRST);
	r->cap = CAP_FIRST;
	rc = r->kinds && r->values && r->bytes ? 0 : ws_error(err, -ENOMEM, "out of memory");
	if (rc == 0) {
		memcpy(r->kinds, kinds, n_columns);
		rc = ws_answer_open(client, sql, &r->answer, err);
	}
	free(sql);
	if (rc)
		ws_result_close(r);
	else
		*result = r;
	return rc;
}

/* Appends what comes next. As ws_answer_read(). */
static int read_more(struct ws_result *r, struct ws_error *err)
{
	const uint8_t *bytes;
	size_t n;
	int rc = ws_answer_read(r->answer, &bytes, &n, err);

	if (rc <= 0)
		return rc;
	if (r->at) {
		memmove(r->bytes, r->bytes + r->at, r->n - r->at);
		r->n -= r->at;
		r->at = 0;
	}
	if (r->n + n > r->cap) {
		const size_t cap = 2 * r->cap > r->n + n ? 2 * r->cap : r->n + n;
		uint8_t *grown = realloc(r->bytes, cap);

		if (!grown)
			return ws_error(err, -ENOMEM, "out of memory");
		r->bytes = grown;
		r->cap = cap;
	}
	memcpy(r->bytes + r->n, bytes, n);
	r->n += n;
	return 1;
}

/*
 * The bytes of an exception's words. Later versions have them between two lines "__exception__", a line with a tag
 * behind the first, and before the second a line with their number and the tag.
 */
static size_t count_words(const uint8_t *words, size_t n)
{
	const uint8_t *mark = memmem(words, n, "\r\n__exception__", 15);
	const uint8_t *line = mark ? memrchr(words, '\n', (size_t)(mark - words)) : NULL;

	return line ? (size_t)(line - words) : n;
}

/* Where a row should begin, something else does: an exception's words, or damage. */
static int no_row(struct ws_result *r, struct ws_error *err)
{
	const uint8_t *words;
	int rc = 1;

	while (rc == 1 && r->n - r->at < WORDS_MAX)
		rc = read_more(r, NULL);
	words = memmem(r->bytes + r->at, r->n - r->at, "Code: ", 6);
	if (words)
		return ws_answer_exception(r->answer, words, count_words(words, (size_t)(r->bytes + r->n - words)),
					   err);
	return ws_error(err, -EBADMSG, "%s: its answer is not the rows that were asked for: is it a ClickHouse server?",
			ws_client_name(r->client));
}

/* Returns the bytes of the row, its mark included; 0 for more, -EBADMSG. */
static int64_t row_at(struct ws_result *r, const uint8_t *bytes, size_t n)
{
	size_t at = 1;

	if (n == 0)
		return 0;
	if (bytes[0] != MARK)
		return -EBADMSG;
	for (uint32_t i = 0; i < r->n_columns; i++) {
		const int64_t took = ws_rowbinary_value(r->kinds[i], bytes + at, n - at, &r->values[i]);

		if (took <= 0)
			return took;
		at += (size_t)took;
	}
	return (int64_t)at;
}

int ws_result_next(struct ws_result *r, const struct ws_value **values, struct ws_error *err)
{
	for (;;) {
		const int64_t took = row_at(r, r->bytes + r->at, r->n - r->at);
		int rc;

		if (took > 0) {
			r->at += (size_t)took;
			*values = r->values;
			return 1;
		}
		if (took < 0)
			return no_row(r, err);
		rc = read_more(r, err);
		if (rc < 0)
			return rc;
		if (rc == 0 && r->n > r->at)
			return ws_error(err, -EBADMSG, "%s: its answer ends in the middle of a row",
					ws_client_name(r->client));
		if (rc == 0)
			return 0;
	}
}

void ws_result_close(struct ws_result *r)
{
	if (!r)
		return;
	ws_answer_close(r->answer);
	free(r->kinds);
	free(r->values);
	free(r->bytes);
	free(r);
}

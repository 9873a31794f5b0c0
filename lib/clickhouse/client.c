/* SPDX-License-Identifier: BSD-2-Clause */
/* client - see the header: what is asked, over transfers of HTTP. */
#include "lib/clickhouse/client.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/clickhouse/client_words.h"
#include "lib/clickhouse/transfer.h"

/* Bytes of an answer that wait to be read. */
#define AHEAD_MAX (1u << 20)
/* Of an error's words. */
#define REFUSAL_MAX (64u << 10)
/* An error comes with its HTTP status, not behind a part of the answer. */
#define WHOLE "wait_end_of_query=1"
/* The first versions that know a setting: older ones refuse what they do not know. */
#define VERSION_MUTATIONS_SYNC 20003
#define VERSION_ASYNC_INSERT   21011

struct ws_answer {
	struct ws_transfer t;
	struct ws_piece out; /* what the reader looks at */
};

struct ws_post {
	struct ws_transfer t;
};

/* A request whose answer is taken as a whole; what is taken is the caller's. */
static int ask(struct ws_client *client, const char *settings, const char *sql, struct ws_piece *answer,
	       struct ws_error *err)
{
	struct ws_transfer t = { 0 };
	int rc = ws_transfer_begin(client, &t, settings, NULL, sql, strlen(sql), NULL);

	if (rc)
		return ws_error(err, rc, "out of memory");
	rc = ws_transfer_wait(&t, false, err);
	if (rc == 0)
		rc = ws_transfer_check(&t, err);
	if (rc == 0 && answer) {
		*answer = t.in;
		t.in = (struct ws_piece) { 0 };
	}
	ws_transfer_close(&t);
	return rc;
}

int ws_client_execute(struct ws_client *client, const char *sql, struct ws_error *err)
{
	/* what all servers of a cluster are to do is waited for, but not as long as what looks like silence */
	const uint32_t wait_s = client->access->quiet_s > 3 ? client->access->quiet_s / 4 * 3 : 1;
	/* rows are removed later, as 18.16 does, which knows no such setting */
	const char *later = client->version >= VERSION_MUTATIONS_SYNC ? "&mutations_sync=0" : "";
	char settings[128];

	snprintf(settings, sizeof(settings), WHOLE "&distributed_ddl_task_timeout=%u%s", wait_s, later);
	return ask(client, settings, sql, NULL, err);
}

int ws_client_text(struct ws_client *client, const char *sql, char **text, struct ws_error *err)
{
	struct ws_piece answer = { 0 };
	int rc = ask(client, WHOLE, sql, &answer, err);

	if (rc)
		return rc;
	*text = strndup(answer.bytes ? (char *)answer.bytes : "", answer.n);
	free(answer.bytes);
	return *text ? 0 : ws_error(err, -ENOMEM, "out of memory");
}

int ws_client_number(struct ws_client *client, const char *sql, int64_t *number, struct ws_error *err)
{
	char *text, *end;
	long long value;
	int rc = ws_client_text(client, sql, &text, err);

	if (rc)
		return rc;
	errno = 0;
	value = strtoll(text, &end, 10);
	if (end == text || strcmp(end, "\n") != 0 || errno)
		rc = ws_error(err, -EPROTO,
			      "%s: it answers no number where one was asked for: is it a ClickHouse server?",
			      client->name);
	else
		*number = value;
	free(text);
	return rc;
}

/* Who is there? */
static int ask_version(struct ws_client *client, struct ws_error *err)
{
	char *text;
	int rc = ws_client_text(client, "SELECT version()", &text, err);

	if (rc)
		return rc;
	client->version = ws_client_version_of(text);
	text[strcspn(text, "\r\n")] = '\0';
	if (client->version == 0)
		rc = ws_error(err, -EPROTO, "%s: it does not say its version: is it a ClickHouse server?",
			      client->name);
	else if (client->version < WS_CLIENT_OLDEST)
		rc = ws_error(err, -EPROTO, "%s: ClickHouse %.20s is too old: %d.%d or later is needed", client->name,
			      text, WS_CLIENT_OLDEST / 1000, WS_CLIENT_OLDEST % 1000);
	free(text);
	return rc;
}

int ws_client_open_one(const struct ws_access *access, uint32_t host, struct ws_client **client, struct ws_error *err)
{
	struct ws_client *c = calloc(1, sizeof(*c));
	int rc = 0;

	if (!c || !(c->multi = ws_transfers_new()))
		rc = ws_error(err, -ENOMEM, "out of memory");
	if (rc == 0) {
		c->access = access;
		c->host = host;
		ws_url_host_text(&access->url, host, c->name);
		rc = ask_version(c, err);
	}
	if (rc)
		ws_client_close(c);
	else
		*client = c;
	return rc;
}

int ws_client_open(const struct ws_access *access, uint32_t first, struct ws_client **client, struct ws_error *err)
{
	const uint32_t n = access->url.n_hosts;
	struct ws_error first_err = { 0 };
	int rc = -EHOSTUNREACH;

	for (uint32_t i = 0; i < n; i++) {
		rc = ws_client_open_one(access, (first + i) % n, client, err);
		if (rc != -EHOSTUNREACH && rc != -ETIMEDOUT && rc != -ECONNRESET)
			return rc;
		if (i == 0 && err)
			first_err = *err;
	}
	return n > 1 ? ws_error(err, rc, "none of the store's %u servers can be reached; the first: %s", n,
				first_err.text)
		     : rc;
}

void ws_client_close(struct ws_client *client)
{
	if (!client)
		return;
	ws_transfers_free(client->multi);
	free(client);
}

const char *ws_client_name(const struct ws_client *client)
{
	return client->name;
}

const struct ws_url *ws_client_url(const struct ws_client *client)
{
	return &client->access->url;
}

void ws_client_use_database(struct ws_client *client)
{
	client->has_database = true;
}

int ws_answer_open(struct ws_client *client, const char *sql, struct ws_answer **answer, struct ws_error *err)
{
	/* a server that computes says so in headers, and is told from one that is silent */
	static const char settings[] = "send_progress_in_http_headers=1&http_headers_progress_interval_ms=5000";
	struct ws_answer *a = calloc(1, sizeof(*a));
	char *copy = a ? strdup(sql) : NULL;

	if (a)
		a->t = (struct ws_transfer) { .sql = copy, .may_pause = true, .in_max = AHEAD_MAX };
	if (!copy || ws_transfer_begin(client, &a->t, settings, NULL, copy, strlen(copy), NULL)) {
		free(a);
		return ws_error(err, -ENOMEM, "out of memory");
	}
	*answer = a;
	return 0;
}

/* Under another status than 200: the words, as far as they are of interest. */
static int refused(struct ws_answer *a, struct ws_error *err)
{
	struct ws_transfer *t = &a->t;
	int rc;

	t->may_pause = false;
	t->in_max = REFUSAL_MAX + AHEAD_MAX;
	ws_transfer_resume(t);
	rc = ws_transfer_wait(t, false, err);
	return rc ? rc : ws_client_refusal(t->client->name, ws_transfer_status(t), t->in.bytes, t->in.n, err);
}

int ws_answer_read(struct ws_answer *a, const uint8_t **bytes, size_t *n, struct ws_error *err)
{
	struct ws_transfer *t = &a->t;
	struct ws_piece taken = a->out;
	int rc = 0;

	taken.n = 0;
	if (t->in.n == 0)
		ws_transfer_resume(t);
	rc = ws_transfer_wait(t, true, err);
	if (rc)
		return rc;
	if (t->in.n && (ws_transfer_status(t) != 200 || t->has_exception))
		return refused(a, err);
	if (t->in.n) {
		a->out = t->in;
		t->in = taken;
		*bytes = a->out.bytes;
		*n = a->out.n;
		return 1;
	}
	return ws_transfer_check(t, err);
}

int ws_answer_exception(const struct ws_answer *a, const uint8_t *bytes, size_t n, struct ws_error *err)
{
	return ws_client_refusal(a->t.client->name, 200, bytes, n, err);
}

void ws_answer_close(struct ws_answer *a)
{
	if (!a)
		return;
	ws_transfer_close(&a->t);
	free(a->out.bytes);
	free(a);
}

struct ws_post *ws_post_open(struct ws_client *client, const char *sql, const uint8_t *body, size_t n)
{
	/* each shard has its rows when the answer comes, not later: from 26.2 on inserts are otherwise collected */
	const char *settings = client->version >= VERSION_ASYNC_INSERT ? "insert_distributed_sync=1&async_insert=0"
								       : "insert_distributed_sync=1";
	struct ws_post *post = calloc(1, sizeof(*post));

	if (post && ws_transfer_begin(client, &post->t, settings, sql, body, n, "Content-Encoding: gzip")) {
		free(post);
		post = NULL;
	}
	return post;
}

int ws_post_wait(struct ws_post *post, struct ws_error *err)
{
	struct ws_transfer *t = &post->t;
	int rc = ws_transfer_wait(t, false, err);

	if (rc == 0)
		rc = ws_transfer_check(t, err);
	if (rc == 0 && t->in.n)
		rc = ws_client_refusal(t->client->name, 200, t->in.bytes, t->in.n, err);
	return rc;
}

void ws_post_close(struct ws_post *post)
{
	if (!post)
		return;
	ws_transfer_close(&post->t);
	free(post);
}

char *ws_client_quoted(const char *text)
{
	char *quoted = malloc(2 * strlen(text) + 3), *at = quoted;

	if (!quoted)
		return NULL;
	*at++ = '\'';
	for (; *text; text++) {
		if (*text == '\'' || *text == '\\')
			*at++ = '\\';
		*at++ = *text;
	}
	*at++ = '\'';
	*at = '\0';
	return quoted;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * client - see the header. Requests are transfers of one libcurl multi handle: whoever waits for one lets all go on. An
 * answer that its reader has not taken yet is not read any further, so that memory is bounded.
 */
#include "lib/clickhouse/client.h"

#include <curl/curl.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lib/clickhouse/client_words.h"

#define CONNECT_S 10
/* Bytes of an answer that wait to be read. */
#define AHEAD_MAX (1u << 20)
/* Of an answer that is taken as a whole, and of an error's words. */
#define TEXT_MAX    (16u << 20)
#define REFUSAL_MAX (64u << 10)
/* Whoever waits looks at the clock so often. */
#define POLL_MS 500

/* Received bytes. */
struct piece {
	uint8_t *bytes;
	size_t n;
	size_t cap;
};

struct transfer {
	struct ws_client *client;
	CURL *easy;
	struct curl_slist *headers;
	char *url;
	char *sql; /* of a request whose body it is */
	struct piece in;
	size_t in_max; /* more bytes wait (may_pause), or are too many */
	bool may_pause;
	bool is_paused;
	bool is_too_long;
	bool has_length;    /* the end of the answer can be told from a cut */
	bool has_exception; /* a header says so */
	bool is_done;
	bool is_out_of_memory;
	CURLcode code;	    /* of what is done */
	int64_t active_ns;  /* when a byte went last, either way */
	curl_off_t n_moved; /* bytes by then */
	char words[CURL_ERROR_SIZE];
};

struct ws_client {
	const struct ws_access *access;
	CURLM *multi;
	uint32_t host;
	uint32_t version;
	bool has_database;
	char name[WS_URL_HOST_TEXT_LEN];
};

struct ws_answer {
	struct transfer t;
	struct piece out; /* what the reader looks at */
};

struct ws_post {
	struct transfer t;
};

static int64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ll + t.tv_nsec;
}

static size_t take_body(char *bytes, size_t size, size_t n, void *context)
{
	struct transfer *t = context;
	struct piece *in = &t->in;

	n *= size;
	if (t->may_pause && in->n && in->n + n > t->in_max) {
		t->is_paused = true;
		return CURL_WRITEFUNC_PAUSE;
	}
	if (!t->may_pause && in->n + n > t->in_max) {
		t->is_too_long = true;
		return 0;
	}
	if (in->n + n > in->cap) {
		const size_t cap = 2 * in->cap > in->n + n ? 2 * in->cap : in->n + n;
		uint8_t *grown = realloc(in->bytes, cap);

		if (!grown) {
			t->is_out_of_memory = true;
			return 0;
		}
		in->bytes = grown;
		in->cap = cap;
	}
	memcpy(in->bytes + in->n, bytes, n);
	in->n += n;
	return n;
}

static bool is_header(const char *line, size_t n, const char *name)
{
	return n >= strlen(name) && strncasecmp(line, name, strlen(name)) == 0;
}

static size_t take_header(char *line, size_t size, size_t n, void *context)
{
	struct transfer *t = context;

	n *= size;
	t->active_ns = now_ns();
	t->has_length = t->has_length || is_header(line, n, "content-length:") ||
			is_header(line, n, "transfer-encoding: chunked");
	t->has_exception = t->has_exception || is_header(line, n, "x-clickhouse-exception-code:");
	return n;
}

static int take_progress(void *context, curl_off_t down_all, curl_off_t down, curl_off_t up_all, curl_off_t up)
{
	struct transfer *t = context;

	(void)down_all;
	(void)up_all;
	if (down + up != t->n_moved) {
		t->n_moved = down + up;
		t->active_ns = now_ns();
	}
	return 0;
}

static void close_transfer(struct transfer *t)
{
	if (t->easy) {
		curl_multi_remove_handle(t->client->multi, t->easy);
		curl_easy_cleanup(t->easy);
	}
	curl_slist_free_all(t->headers);
	free(t->url);
	free(t->sql);
	free(t->in.bytes);
	*t = (struct transfer) { 0 };
}

/* Appends a header; the password's copy is wiped. */
static bool add_header(struct transfer *t, const char *name, const char *value)
{
	struct curl_slist *grown;
	char *line;
	int n = asprintf(&line, "%s%s", name, value);

	if (n < 0)
		return false;
	grown = curl_slist_append(t->headers, line);
	explicit_bzero(line, (size_t)n);
	free(line);
	if (grown)
		t->headers = grown;
	return grown != NULL;
}

static bool add_headers(struct transfer *t, const char *more)
{
	const struct ws_access *access = t->client->access;

	return add_header(t, "Expect:", "") && add_header(t, "Content-Type: ", "application/octet-stream") &&
	       (!*access->url.user || add_header(t, "X-ClickHouse-User: ", access->url.user)) &&
	       (!access->password || (*access->url.user || add_header(t, "X-ClickHouse-User: ", "default"))) &&
	       (!access->password || add_header(t, "X-ClickHouse-Key: ", access->password)) &&
	       (!more || add_header(t, more, ""));
}

/* settings: "a=1&b=2"; query: NULL if it is the body. */
static bool make_url(struct transfer *t, const char *settings, const char *query)
{
	const struct ws_client *client = t->client;
	char *escaped = query ? curl_easy_escape(t->easy, query, 0) : NULL;
	int n = -1;

	if (escaped || !query)
		n = asprintf(&t->url, "%s/?%s%s%s%s%s", client->name, settings,
			     client->has_database ? "&database=" : "",
			     client->has_database ? client->access->url.database : "", query ? "&query=" : "",
			     query ? escaped : "");
	curl_free(escaped);
	if (n < 0)
		t->url = NULL;
	return n >= 0;
}

static void set_options(struct transfer *t, const void *body, size_t n)
{
	const struct ws_access *access = t->client->access;

	curl_easy_setopt(t->easy, CURLOPT_URL, t->url);
	curl_easy_setopt(t->easy, CURLOPT_HTTPHEADER, t->headers);
	curl_easy_setopt(t->easy, CURLOPT_POSTFIELDS, body);
	curl_easy_setopt(t->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)n);
	curl_easy_setopt(t->easy, CURLOPT_WRITEFUNCTION, take_body);
	curl_easy_setopt(t->easy, CURLOPT_WRITEDATA, t);
	curl_easy_setopt(t->easy, CURLOPT_HEADERFUNCTION, take_header);
	curl_easy_setopt(t->easy, CURLOPT_HEADERDATA, t);
	curl_easy_setopt(t->easy, CURLOPT_XFERINFOFUNCTION, take_progress);
	curl_easy_setopt(t->easy, CURLOPT_XFERINFODATA, t);
	curl_easy_setopt(t->easy, CURLOPT_NOPROGRESS, 0l);
	curl_easy_setopt(t->easy, CURLOPT_ERRORBUFFER, t->words);
	curl_easy_setopt(t->easy, CURLOPT_PRIVATE, t);
	curl_easy_setopt(t->easy, CURLOPT_NOSIGNAL, 1l);
	curl_easy_setopt(t->easy, CURLOPT_NOPROXY, "*"); /* a store is a neighbour */
	curl_easy_setopt(t->easy, CURLOPT_PROTOCOLS_STR, access->url.is_tls ? "https" : "http");
	curl_easy_setopt(t->easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	curl_easy_setopt(t->easy, CURLOPT_CONNECTTIMEOUT, (long)CONNECT_S);
	curl_easy_setopt(t->easy, CURLOPT_BUFFERSIZE, 128l << 10);
	curl_easy_setopt(t->easy, CURLOPT_UPLOAD_BUFFERSIZE, 256l << 10);
	if (access->ca_path)
		curl_easy_setopt(t->easy, CURLOPT_CAINFO, access->ca_path);
}

/* Begins a request. Of one that fails for want of memory nothing is left. */
static int begin(struct ws_client *client, struct transfer *t, const char *settings, const char *query,
		 const void *body, size_t n, const char *header)
{
	t->client = client;
	t->in_max = t->in_max ? t->in_max : TEXT_MAX;
	t->active_ns = now_ns();
	t->easy = curl_easy_init();
	if (!t->easy || !make_url(t, settings, query) || !add_headers(t, header)) {
		close_transfer(t);
		return -ENOMEM;
	}
	set_options(t, body, n);
	if (curl_multi_add_handle(client->multi, t->easy) != CURLM_OK) {
		curl_easy_cleanup(t->easy);
		t->easy = NULL;
		close_transfer(t);
		return -ENOMEM;
	}
	return 0;
}

/* What is done is noted where it belongs. */
void ws_client_step(struct ws_client *client)
{
	int n_running, n_left;
	CURLMsg *message;

	curl_multi_perform(client->multi, &n_running);
	while ((message = curl_multi_info_read(client->multi, &n_left))) {
		struct transfer *t;

		if (message->msg != CURLMSG_DONE)
			continue;
		curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&t);
		t->is_done = true;
		t->code = message->data.result;
	}
}

/* What libcurl failed with. */
static int failed(const struct transfer *t, struct ws_error *err)
{
	const char *name = t->client->name, *words = *t->words ? t->words : curl_easy_strerror(t->code);

	if (t->is_out_of_memory || t->code == CURLE_OUT_OF_MEMORY)
		return ws_error(err, -ENOMEM, "%s: out of memory", name);
	if (t->is_too_long)
		return ws_error(err, -EPROTO,
				"%s: its answer is longer than any that was asked for: is it a ClickHouse server?",
				name);
	switch (t->code) {
	case CURLE_COULDNT_RESOLVE_HOST:
	case CURLE_COULDNT_CONNECT:
	case CURLE_OPERATION_TIMEDOUT: /* of connecting only */
		return ws_error(err, -EHOSTUNREACH, "%s: cannot connect: %s: is the server up?", name, words);
	case CURLE_SSL_CONNECT_ERROR:
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_SSL_CACERT_BADFILE:
	case CURLE_SSL_ISSUER_ERROR:
	case CURLE_SSL_CERTPROBLEM:
	case CURLE_SSL_CIPHER:
		return ws_error(err, -EACCES, "%s: TLS: %s: --store-ca FILE names the certificates to check it against",
				name, words);
	case CURLE_PARTIAL_FILE:
	case CURLE_RECV_ERROR:
	case CURLE_SEND_ERROR:
	case CURLE_GOT_NOTHING:
		return ws_error(err, -ECONNRESET, "%s: the connection was cut: %s: when the server is up, do it again",
				name, words);
	default:
		return ws_error(err, -EPROTO, "%s: %s: is it a ClickHouse server?", name, words);
	}
}

/* The status of what has begun to come; 0: nothing yet. */
static long status_of(const struct transfer *t)
{
	long status = 0;

	curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status);
	return status;
}

/* Lets things go on until t is done or, with in_part, has bytes. */
static int wait_for(struct transfer *t, bool in_part, struct ws_error *err)
{
	struct ws_client *client = t->client;
	const int64_t quiet_ns = client->access->quiet_s * 1000000000ll;

	t->active_ns = now_ns();
	ws_client_step(client);
	while (!t->is_done && !(in_part && t->in.n)) {
		if (now_ns() - t->active_ns > quiet_ns)
			return ws_error(
				err, -ETIMEDOUT,
				"%s: no answer for %u s: is it too busy? WIRESPAN_STORE_SECONDS sets how long to wait",
				client->name, client->access->quiet_s);
		if (curl_multi_poll(client->multi, NULL, 0, POLL_MS, NULL) != CURLM_OK)
			return ws_error(err, -ENOMEM, "%s: out of memory", client->name);
		ws_client_step(client);
	}
	return 0;
}

/* What was answered under another status than 200, or with words in place of nothing; when all of it is there. */
static int check_answer(const struct transfer *t, struct ws_error *err)
{
	const long status = status_of(t);

	if (t->code != CURLE_OK)
		return failed(t, err);
	if (status != 200 || t->has_exception || ws_client_is_exception(t->in.bytes, t->in.n))
		return ws_client_refusal(t->client->name, status, t->in.bytes, t->in.n, err);
	if (!t->has_length)
		return ws_error(err, -EPROTO,
				"%s: an answer whose end cannot be told from a cut: is it a ClickHouse server?",
				t->client->name);
	return 0;
}

/* A request whose answer is taken as a whole; what is taken is the caller's. */
static int ask(struct ws_client *client, const char *sql, struct piece *answer, struct ws_error *err)
{
	struct transfer t = { 0 };
	int rc = begin(client, &t, "wait_end_of_query=1", NULL, sql, strlen(sql), NULL);

	if (rc)
		return ws_error(err, rc, "out of memory");
	rc = wait_for(&t, false, err);
	if (rc == 0)
		rc = check_answer(&t, err);
	if (rc == 0 && answer) {
		*answer = t.in;
		t.in = (struct piece) { 0 };
	}
	close_transfer(&t);
	return rc;
}

int ws_client_execute(struct ws_client *client, const char *sql, struct ws_error *err)
{
	return ask(client, sql, NULL, err);
}

int ws_client_text(struct ws_client *client, const char *sql, char **text, struct ws_error *err)
{
	struct piece answer = { 0 };
	int rc = ask(client, sql, &answer, err);

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

static void init_curl(void)
{
	curl_global_init(CURL_GLOBAL_DEFAULT);
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
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	struct ws_client *c = calloc(1, sizeof(*c));
	int rc = 0;

	pthread_once(&once, init_curl);
	if (!c || !(c->multi = curl_multi_init()))
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
	curl_multi_cleanup(client->multi);
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

uint32_t ws_client_version(const struct ws_client *client)
{
	return client->version;
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
		a->t = (struct transfer) { .sql = copy, .may_pause = true, .in_max = AHEAD_MAX };
	if (!copy || begin(client, &a->t, settings, NULL, copy, strlen(copy), NULL)) {
		free(a);
		return ws_error(err, -ENOMEM, "out of memory");
	}
	*answer = a;
	return 0;
}

/* Under another status than 200: the words, as far as they are of interest. */
static int refused(struct ws_answer *a, struct ws_error *err)
{
	struct transfer *t = &a->t;
	int rc;

	t->may_pause = false;
	t->in_max = REFUSAL_MAX + AHEAD_MAX;
	if (t->is_paused)
		curl_easy_pause(t->easy, CURLPAUSE_CONT);
	rc = wait_for(t, false, err);
	return rc ? rc : ws_client_refusal(t->client->name, status_of(t), t->in.bytes, t->in.n, err);
}

int ws_answer_read(struct ws_answer *a, const uint8_t **bytes, size_t *n, struct ws_error *err)
{
	struct transfer *t = &a->t;
	struct piece taken = a->out;
	int rc = 0;

	taken.n = 0;
	if (t->is_paused && t->in.n == 0) {
		t->is_paused = false;
		curl_easy_pause(t->easy, CURLPAUSE_CONT);
	}
	rc = wait_for(t, true, err);
	if (rc)
		return rc;
	if (t->in.n && (status_of(t) != 200 || t->has_exception))
		return refused(a, err);
	if (t->in.n) {
		a->out = t->in;
		t->in = taken;
		*bytes = a->out.bytes;
		*n = a->out.n;
		return 1;
	}
	return check_answer(t, err);
}

int ws_answer_exception(const struct ws_answer *a, const uint8_t *bytes, size_t n, struct ws_error *err)
{
	return ws_client_refusal(a->t.client->name, 200, bytes, n, err);
}

void ws_answer_close(struct ws_answer *a)
{
	if (!a)
		return;
	close_transfer(&a->t);
	free(a->out.bytes);
	free(a);
}

struct ws_post *ws_post_open(struct ws_client *client, const char *sql, const uint8_t *body, size_t n)
{
	struct ws_post *post = calloc(1, sizeof(*post));

	/* each shard has its rows when the answer comes, not later */
	if (post && begin(client, &post->t, "insert_distributed_sync=1", sql, body, n, "Content-Encoding: gzip")) {
		free(post);
		post = NULL;
	}
	return post;
}

int ws_post_wait(struct ws_post *post, struct ws_error *err)
{
	struct transfer *t = &post->t;
	int rc = wait_for(t, false, err);

	if (rc == 0)
		rc = check_answer(t, err);
	if (rc == 0 && t->in.n)
		rc = ws_client_refusal(t->client->name, 200, t->in.bytes, t->in.n, err);
	return rc;
}

void ws_post_close(struct ws_post *post)
{
	if (!post)
		return;
	close_transfer(&post->t);
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

/* SPDX-License-Identifier: BSD-2-Clause */
/* transfer - see the header. */
#include "lib/clickhouse/transfer.h"

#include <curl/curl.h>
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lib/clickhouse/client.h"
#include "lib/clickhouse/client_words.h"

#define CONNECT_S 10
/* Whoever waits looks at the clock so often. */
#define POLL_MS 500

_Static_assert(WS_TRANSFER_WORDS_LEN >= CURL_ERROR_SIZE, "room for libcurl's words");

/*
 * libcurl was refused memory so often, in the whole process: it has one allocator. 7.88 does not always say so: it
 * drops the query of an address that it has no room for, and would ask another question then.
 */
static atomic_uint_fast64_t n_refusals;

static void *noted(void *taken)
{
	n_refusals += !taken;
	return taken;
}

static void *take(size_t size)
{
	return noted(malloc(size));
}

static void *take_more(void *old, size_t size)
{
	return noted(realloc(old, size));
}

static void *take_zeroed(size_t n, size_t size)
{
	return noted(calloc(n, size));
}

static char *take_text(const char *text)
{
	return noted(strdup(text));
}

static int64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static size_t take_body(char *bytes, size_t size, size_t n, void *context)
{
	struct ws_transfer *t = context;
	struct ws_piece *in = &t->in;

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
	struct ws_transfer *t = context;

	n *= size;
	t->active_ns = now_ns();
	t->has_length = t->has_length || is_header(line, n, "content-length:") ||
			is_header(line, n, "transfer-encoding: chunked");
	t->has_exception = t->has_exception || is_header(line, n, "x-clickhouse-exception-code:");
	return n;
}

static int take_progress(void *context, curl_off_t down_all, curl_off_t down, curl_off_t up_all, curl_off_t up)
{
	struct ws_transfer *t = context;

	(void)down_all;
	(void)up_all;
	if (down + up != t->n_moved) {
		t->n_moved = down + up;
		t->active_ns = now_ns();
	}
	return 0;
}

/* Before a request goes out: nothing of it is missing. */
static int may_go_out(void *context, char *remote, char *local, int remote_port, int local_port)
{
	const struct ws_transfer *t = context;

	(void)remote;
	(void)local;
	(void)remote_port;
	(void)local_port;
	return t->refusals_before == n_refusals ? CURL_PREREQFUNC_OK : CURL_PREREQFUNC_ABORT;
}

void ws_transfer_close(struct ws_transfer *t)
{
	if (t->easy) {
		curl_multi_remove_handle(t->client->multi, t->easy);
		curl_easy_cleanup(t->easy);
	}
	curl_slist_free_all(t->headers);
	free(t->url);
	free(t->sql);
	free(t->in.bytes);
	*t = (struct ws_transfer) { 0 };
}

/* Appends a header; the password's copy is wiped. */
static bool add_header(struct ws_transfer *t, const char *name, const char *value)
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

static bool add_headers(struct ws_transfer *t, const char *more)
{
	const struct ws_access *access = t->client->access;

	return add_header(t, "Expect:", "") && add_header(t, "Content-Type: ", "application/octet-stream") &&
	       (!*access->url.user || add_header(t, "X-ClickHouse-User: ", access->url.user)) &&
	       (!access->password || (*access->url.user || add_header(t, "X-ClickHouse-User: ", "default"))) &&
	       (!access->password || add_header(t, "X-ClickHouse-Key: ", access->password)) &&
	       (!more || add_header(t, more, ""));
}

/* settings: "a=1&b=2"; query: NULL if it is the body. */
static bool make_url(struct ws_transfer *t, const char *settings, const char *query)
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

/* False: libcurl has no memory for a copy of one of the texts. */
static bool set_options(struct ws_transfer *t, const void *body, size_t n)
{
	const struct ws_access *access = t->client->access;

	curl_easy_setopt(t->easy, CURLOPT_HTTPHEADER, t->headers);
	curl_easy_setopt(t->easy, CURLOPT_POSTFIELDS, body);
	curl_easy_setopt(t->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)n);
	curl_easy_setopt(t->easy, CURLOPT_WRITEFUNCTION, take_body);
	curl_easy_setopt(t->easy, CURLOPT_WRITEDATA, t);
	curl_easy_setopt(t->easy, CURLOPT_HEADERFUNCTION, take_header);
	curl_easy_setopt(t->easy, CURLOPT_HEADERDATA, t);
	curl_easy_setopt(t->easy, CURLOPT_XFERINFOFUNCTION, take_progress);
	curl_easy_setopt(t->easy, CURLOPT_XFERINFODATA, t);
	curl_easy_setopt(t->easy, CURLOPT_NOPROGRESS, 0L);
	curl_easy_setopt(t->easy, CURLOPT_PREREQFUNCTION, may_go_out);
	curl_easy_setopt(t->easy, CURLOPT_PREREQDATA, t);
	curl_easy_setopt(t->easy, CURLOPT_ERRORBUFFER, t->words);
	curl_easy_setopt(t->easy, CURLOPT_PRIVATE, t);
	curl_easy_setopt(t->easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(t->easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	curl_easy_setopt(t->easy, CURLOPT_CONNECTTIMEOUT, (long)CONNECT_S);
	curl_easy_setopt(t->easy, CURLOPT_BUFFERSIZE, 128L << 10);
	curl_easy_setopt(t->easy, CURLOPT_UPLOAD_BUFFERSIZE, 256L << 10);
	return curl_easy_setopt(t->easy, CURLOPT_URL, t->url) == CURLE_OK &&
	       curl_easy_setopt(t->easy, CURLOPT_NOPROXY, "*") == CURLE_OK && /* a store is a neighbour */
	       curl_easy_setopt(t->easy, CURLOPT_PROTOCOLS_STR, access->url.is_tls ? "https" : "http") == CURLE_OK &&
	       (!access->ca_path || curl_easy_setopt(t->easy, CURLOPT_CAINFO, access->ca_path) == CURLE_OK);
}

int ws_transfer_begin(struct ws_client *client, struct ws_transfer *t, const char *settings, const char *query,
		      const void *body, size_t n, const char *header)
{
	t->client = client;
	t->in_max = t->in_max ? t->in_max : WS_TRANSFER_TEXT_MAX;
	t->active_ns = now_ns();
	t->refusals_before = n_refusals;
	t->easy = curl_easy_init();
	if (!t->easy || !make_url(t, settings, query) || !add_headers(t, header) || !set_options(t, body, n)) {
		ws_transfer_close(t);
		return -ENOMEM;
	}
	if (curl_multi_add_handle(client->multi, t->easy) != CURLM_OK) {
		curl_easy_cleanup(t->easy);
		t->easy = NULL;
		ws_transfer_close(t);
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
		struct ws_transfer *t;

		if (message->msg != CURLMSG_DONE)
			continue;
		curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&t);
		t->is_done = true;
		t->code = message->data.result;
	}
}

/* What libcurl failed with. */
static int failed(const struct ws_transfer *t, struct ws_error *err)
{
	const char *name = t->client->name, *words = *t->words ? t->words : curl_easy_strerror(t->code);

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

long ws_transfer_status(const struct ws_transfer *t)
{
	long status = 0;

	curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status);
	return status;
}

int ws_transfer_wait(struct ws_transfer *t, bool in_part, struct ws_error *err)
{
	struct ws_client *client = t->client;
	const int64_t quiet_ns = client->access->quiet_s * 1000000000LL;

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

int ws_transfer_check(const struct ws_transfer *t, struct ws_error *err)
{
	const long status = ws_transfer_status(t);

	if (t->is_out_of_memory || t->code == CURLE_OUT_OF_MEMORY || t->refusals_before != n_refusals)
		return ws_error(err, -ENOMEM, "%s: out of memory", t->client->name);
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

void ws_transfer_resume(struct ws_transfer *t)
{
	if (!t->is_paused)
		return;
	t->is_paused = false;
	curl_easy_pause(t->easy, CURLPAUSE_CONT);
}

static void init_curl(void)
{
	curl_global_init_mem(CURL_GLOBAL_DEFAULT, take, free, take_more, take_text, take_zeroed);
}

void *ws_transfers_new(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, init_curl);
	return curl_multi_init();
}

void ws_transfers_free(void *multi)
{
	curl_multi_cleanup(multi);
}

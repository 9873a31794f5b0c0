/* SPDX-License-Identifier: BSD-2-Clause */
/* collect_traces - asks Jaeger for the mesh's own spans and its service graph, and copies files of traces. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <jansson.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "capture/clock.h"
#include "capture/collect/collection.h"
#include "lib/json_scan.h"

/* Jaeger returns so many traces of a service at most; with Elasticsearch behind it, it may not be asked for more. */
#define TRACES_LIMIT 10000
#define SERVICES_MAX 256u
#define URL_MAX	     4096

/* Text as a part of a URL's query. */
static int encode(const char *text, char *to, size_t room)
{
	static const char hex[] = "0123456789ABCDEF";
	size_t n = 0;

	for (; *text; text++) {
		const unsigned char c = (unsigned char)*text;
		const bool is_plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
				      strchr("-._~", c);

		if (n + 4 > room)
			return -ENAMETOOLONG;
		if (is_plain) {
			to[n++] = (char)c;
		} else {
			to[n++] = '%';
			to[n++] = hex[c >> 4];
			to[n++] = hex[c & 15];
		}
	}
	to[n] = '\0';
	return 0;
}

static int ask(struct ws_collection *c, const struct ws_source_kind *kind, const char *name, const char *file,
	       const char *url, struct ws_error *err)
{
	char seconds[16];
	/* --globoff: brackets in the URL are an IPv6 address's */
	const char *const argv[] = { "curl", "--silent", "--show-error", "--fail", "--globoff", "--max-time", seconds,
				     url,    NULL };
	const struct ws_question question = {
		.kind = kind,
		.name = name,
		.file = file,
		.argv = argv,
		.max_bytes = WS_COLLECTION_CLUSTER_BYTES,
		.mode = 0644,
	};

	snprintf(seconds, sizeof(seconds), "%" PRIu32, c->o->timeout_s);
	return ws_collection_add(c, &question, err);
}

/* The URL given, without a slash at its end, and what comes behind it. */
__attribute__((format(printf, 3, 4))) static void make_url(const struct ws_collection *c, char url[URL_MAX],
							   const char *format, ...)
{
	size_t n = strlen(c->o->jaeger);
	va_list args;

	while (n && c->o->jaeger[n - 1] == '/')
		n--;
	snprintf(url, URL_MAX, "%.*s", (int)n, c->o->jaeger);
	n = strlen(url);
	va_start(args, format);
	vsnprintf(url + n, URL_MAX - n, format, args);
	va_end(args);
}

/* Asks for the traces of every service in Jaeger's list; *n_traces counts the files. */
static int ask_for_services(struct ws_collection *c, const struct ws_source_kind *kind, const char *list_path,
			    uint64_t now_us, uint32_t *n_traces, uint32_t *n_refused, struct ws_error *err)
{
	const uint64_t lookback_us = (uint64_t)c->o->lookback_s * 1000000u;
	json_t *document = json_load_file(list_path, JSON_ALLOW_NUL, NULL), *service;
	size_t i;
	int rc = 0;

	if (!json_is_array(json_object_get(document, "data")))
		++*n_refused;
	json_array_foreach(json_object_get(document, "data"), i, service)
	{
		const char *text = json_string_value(service);
		char encoded[1024], url[URL_MAX], name[32], file[48];

		if (rc)
			break;
		if (!text || strlen(text) != json_string_length(service) || *n_traces == SERVICES_MAX ||
		    encode(text, encoded, sizeof(encoded))) {
			++*n_refused;
			continue;
		}
		snprintf(name, sizeof(name), "traces-%" PRIu32, ++*n_traces);
		snprintf(file, sizeof(file), "%s.json", name);
		/* Jaeger takes times in us; lookback is its page's own word */
		make_url(c, url, "/api/traces?service=%s&start=%" PRIu64 "&end=%" PRIu64 "&lookback=custom&limit=%d",
			 encoded, now_us - lookback_us, now_us, TRACES_LIMIT);
		rc = ask(c, kind, name, file, url, err);
	}
	json_decref(document);
	return rc;
}

/* How many traces an answer holds: values of the outermost object's member "data". 0 as well if it cannot be read. */
static uint32_t count_traces(const char *path)
{
	struct ws_json_scan scan = { 0 };
	enum ws_json_event event = WS_JSON_MORE;
	uint8_t bytes[65536];
	uint32_t n_traces = 0;
	bool is_data = false;
	ssize_t n = 0;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	while (fd >= 0 && event != WS_JSON_BROKEN && (n = read(fd, bytes, sizeof(bytes))) > 0) {
		size_t at = 0;

		while ((event = ws_json_scan(&scan, bytes, (size_t)n, &at)) == WS_JSON_BEGIN || event == WS_JSON_END) {
			if (event == WS_JSON_BEGIN && scan.depth == 1)
				is_data = ws_json_scan_is_key(&scan, "data");
			else if (event == WS_JSON_BEGIN && scan.depth == 2 && is_data)
				n_traces++;
		}
	}
	if (fd >= 0)
		close(fd);
	return n_traces;
}

/* Of the sources from first on: an answer that is as long as answers can be may leave traces out. */
static void note_full_answers(struct ws_collection *c, uint32_t first)
{
	for (uint32_t i = first; i < c->n_sources; i++) {
		struct ws_source *source = &c->source[i];

		if (source->result.status == WS_COMMAND_OK && count_traces(source->path) >= TRACES_LIMIT)
			snprintf(source->result.words, sizeof(source->result.words),
				 "%s holds %d traces, the most that Jaeger is asked for: there may be more; a shorter "
				 "--lookback asks for fewer",
				 source->file, TRACES_LIMIT);
	}
}

static int ask_jaeger(struct ws_collection *c, const struct ws_source_kind *traces, uint32_t *n_traces,
		      struct ws_error *err)
{
	const uint64_t now_us = ws_clock_ns(CLOCK_REALTIME) / 1000u;
	const uint32_t list = c->n_sources;
	uint32_t n_refused = 0;
	char url[URL_MAX], path[PATH_MAX];
	int rc;

	make_url(c, url, "/api/services");
	rc = ask(c, traces, "jaeger-services", NULL, url, err);
	if (rc == 0)
		rc = ws_collection_run(c, err);
	if (rc == 0 && c->source[list].result.status == WS_COMMAND_OK) {
		snprintf(path, sizeof(path), "%s", c->source[list].path);
		rc = ask_for_services(c, traces, path, now_us, n_traces, &n_refused, err);
		unlink(path);
	}
	if (n_refused)
		snprintf(c->source[list].result.words, sizeof(c->source[list].result.words),
			 "%u of Jaeger's services left out: no JSON, no names, or more than %u", n_refused,
			 SERVICES_MAX);
	if (rc == 0)
		rc = ws_collection_run(c, err);
	if (rc == 0)
		note_full_answers(c, list + 1);
	return rc;
}

static int ask_dependencies(struct ws_collection *c, const struct ws_source_kind *kind, struct ws_error *err)
{
	const uint64_t now_ms = ws_clock_ns(CLOCK_REALTIME) / 1000000u;
	char url[URL_MAX];
	int rc;

	make_url(c, url, "/api/dependencies?endTs=%" PRIu64 "&lookback=%" PRIu64, now_ms,
		 (uint64_t)c->o->lookback_s * 1000u);
	rc = ask(c, kind, NULL, "dependencies.json", url, err);
	return rc ? rc : ws_collection_run(c, err);
}

static int copy_bytes(int from_fd, int to_fd, uint64_t *n_bytes)
{
	char buffer[65536];
	ssize_t n;

	while ((n = read(from_fd, buffer, sizeof(buffer))) > 0) {
		if (write(to_fd, buffer, (size_t)n) != n)
			return -ENOSPC;
		*n_bytes += (uint64_t)n;
	}
	return n ? -errno : 0;
}

/* Copies a file of the user's; that it cannot be read is no error of the collection, but that ours cannot be written.
 */
static int copy(struct ws_collection *c, const struct ws_source_kind *kind, const char *origin, uint32_t number,
		struct ws_error *err)
{
	const char *dot = strrchr(origin, '.');
	const bool has_lines = dot && (strcmp(dot, ".jsonl") == 0 || strcmp(dot, ".ndjson") == 0);
	char file[48], path[PATH_MAX], part[PATH_MAX], words[256] = "";
	enum ws_command_status status = WS_COMMAND_OK;
	struct stat st;
	uint64_t n_bytes = 0;
	int from_fd, to_fd, rc;

	snprintf(file, sizeof(file), "traces-%" PRIu32 ".json%s", number, has_lines ? "l" : "");
	rc = ws_collection_path(c, file, path, sizeof(path), err);
	if (rc == 0 && (size_t)snprintf(part, sizeof(part), "%s.%s.part", path, c->o->node) >= sizeof(part))
		rc = ws_error(err, -ENAMETOOLONG, "%s: the path is too long", path);
	if (rc)
		return rc;
	from_fd = open(origin, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (from_fd < 0 || fstat(from_fd, &st) || !S_ISREG(st.st_mode)) {
		snprintf(words, sizeof(words), "%.180s: %s", origin,
			 from_fd < 0 ? strerror(errno) : "not a regular file");
		if (from_fd >= 0)
			close(from_fd);
		return ws_collection_note_copy(c, kind, file, origin, WS_COMMAND_FAILED, 0, words, err);
	}
	unlink(part);
	to_fd = open(part, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	rc = to_fd < 0 ? -errno : copy_bytes(from_fd, to_fd, &n_bytes);
	close(from_fd);
	if (to_fd >= 0)
		close(to_fd);
	if (rc == 0 && rename(part, path))
		rc = -errno;
	if (rc) {
		unlink(part);
		return ws_error(err, rc, "%s: cannot be copied to %s: %s", origin, path, strerror(-rc));
	}
	return ws_collection_note_copy(c, kind, file, origin, status, n_bytes, words, err);
}

int ws_collect_traces(struct ws_collection *c, struct ws_error *err)
{
	const struct ws_source_kind *traces = ws_source_kind_find("traces", 6);
	const struct ws_source_kind *dependencies = ws_source_kind_find("dependencies", 12);
	const char *nobody = "nobody said where: --jaeger URL, or --traces FILE";
	uint32_t n_traces = 0;
	int rc = 0;

	if (ws_collection_wants(c, traces)) {
		if (c->o->jaeger)
			rc = ask_jaeger(c, traces, &n_traces, err);
		else if (!c->o->n_traces)
			rc = ws_collection_skip(c, traces, nobody, err);
		for (uint32_t i = 0; rc == 0 && i < c->o->n_traces; i++)
			rc = copy(c, traces, c->o->traces[i], ++n_traces, err);
	}
	if (rc == 0 && ws_collection_wants(c, dependencies))
		rc = c->o->jaeger ? ask_dependencies(c, dependencies, err)
				  : ws_collection_skip(c, dependencies, "nobody said where: --jaeger URL", err);
	return rc;
}

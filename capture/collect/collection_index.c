/* SPDX-License-Identifier: BSD-2-Clause */
/* collection_index - snapshot.json: the list of a snapshot's sources, to which every node's collector adds its own. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <jansson.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "capture/any_text.h"
#include "capture/clock.h"
#include "capture/collect/collection.h"
#include "lib/json_memory.h"

#define INDEX_FILE "snapshot.json"
#define NS_PER_MS  1000000u

static const char *status_word(const struct ws_source *source)
{
	if (source->is_skipped)
		return "skipped";
	switch (source->result.status) {
	case WS_COMMAND_OK:
		return "ok";
	case WS_COMMAND_MISSING:
		return "missing";
	case WS_COMMAND_TIMEOUT:
		return "timeout";
	case WS_COMMAND_TOO_LARGE:
		return "too_large";
	case WS_COMMAND_NOT_RUN:
	case WS_COMMAND_INTERRUPTED:
		return "interrupted";
	default:
		return "failed";
	}
}

static json_t *entry(const struct ws_collection *c, const struct ws_source *source)
{
	json_t *command = json_array();
	json_t *object;

	for (int i = 0; source->argv[i]; i++)
		json_array_append_new(command, ws_any_text(source->argv[i]));
	object = json_pack("{s:o, s:o, s:o, s:s, s:i, s:I, s:I, s:I, s:o}", "name", ws_any_text(source->name), "file",
			   ws_any_text(source->file ? source->file : ""), "command", command, "status",
			   status_word(source), "exit_status", source->result.exit_status, "n_bytes",
			   (json_int_t)source->result.n_bytes, "duration_ms",
			   (json_int_t)(source->result.duration_ns / NS_PER_MS), "taken_realtime_ns",
			   (json_int_t)source->asked_realtime_ns, "words", ws_any_text(source->result.words));
	if (object && source->kind->is_of_node)
		json_object_set_new(object, "node", json_string(c->o->node));
	return object;
}

static bool text_is(const json_t *object, const char *key, const char *text)
{
	const char *value = json_string_value(json_object_get(object, key));

	return value && strcmp(value, text) == 0;
}

/* Is the older entry the same source's? */
static bool is_same(const struct ws_collection *c, const json_t *older, const struct ws_source *source)
{
	if (!text_is(older, "name", source->name))
		return false;
	return source->kind->is_of_node ? text_is(older, "node", c->o->node) : !json_object_get(older, "node");
}

static bool answered(const struct ws_source *source)
{
	return source->is_done && !source->is_skipped && source->result.status == WS_COMMAND_OK;
}

/* Was one of this kind, or the list of them, got in this collection? Then files of it that were not got are old. */
static bool kind_answered(const struct ws_collection *c, const char *kind)
{
	for (uint32_t i = 0; i < c->n_sources; i++)
		if (strcmp(c->source[i].kind->name, kind) == 0 && answered(&c->source[i]))
			return true;
	return false;
}

static bool has_file(const struct ws_collection *c, const char *file)
{
	for (uint32_t i = 0; i < c->n_sources; i++)
		if (answered(&c->source[i]) && c->source[i].file && strcmp(c->source[i].file, file) == 0)
			return true;
	return false;
}

/* Files that are one a container, an interface, a service of Jaeger's: those of things gone since are removed. */
static const struct {
	const char *kind;
	const char *pattern; /* in the node's directory if the kind is of the node */
} by_item[] = {
	{ "crictl", "crictl-*.json" },
	{ "docker", "docker-*.json" },
	{ "nerdctl", "nerdctl-*.json" },
	{ "offload", "offload-*.txt" },
	{ "pid", "pid-*.json" },
	{ "traces", "traces-+([0-9]).json?(l)" }, /* others are of who made them by hand */
};

/* Is the file of an earlier collection's, and no longer true? */
static bool is_stale(const struct ws_collection *c, const char *file)
{
	char pattern[WS_SNAPSHOT_NODE_MAX + 64];

	if (has_file(c, file))
		return false;
	for (size_t i = 0; i < sizeof(by_item) / sizeof(by_item[0]); i++) {
		const struct ws_source_kind *kind = ws_source_kind_find(by_item[i].kind, strlen(by_item[i].kind));

		if (kind->is_of_node)
			snprintf(pattern, sizeof(pattern), "node/%s/%s", c->o->node, by_item[i].pattern);
		else
			snprintf(pattern, sizeof(pattern), "%s", by_item[i].pattern);
		if (fnmatch(pattern, file, FNM_PATHNAME | FNM_EXTMATCH) == 0 && kind_answered(c, kind->name))
			return true;
	}
	return false;
}

static void remove_stale(const struct ws_collection *c, const char *folder)
{
	char path[PATH_MAX], file[PATH_MAX];
	struct dirent *item;
	DIR *dir;

	if (ws_collection_path(c, folder, path, sizeof(path), NULL))
		return;
	dir = opendir(path);
	while (dir && (item = readdir(dir))) {
		if (item->d_name[0] == '.' || fnmatch("*.part", item->d_name, 0) == 0)
			continue;
		if (snprintf(file, sizeof(file), "%s%s%s", folder, *folder ? "/" : "", item->d_name) < PATH_MAX &&
		    is_stale(c, file) && ws_collection_path(c, file, path, sizeof(path), NULL) == 0)
			unlink(path);
	}
	if (dir)
		closedir(dir);
}

/* Keeps of the older entries those that this collection has nothing better for. */
static json_t *merge(const struct ws_collection *c, const json_t *older)
{
	json_t *sources = json_array(), *item;
	bool *is_kept_older = calloc(c->n_sources ? c->n_sources : 1, sizeof(*is_kept_older));
	size_t i;

	if (!sources || !is_kept_older)
		goto out;
	json_array_foreach(older, i, item)
	{
		const char *file = json_string_value(json_object_get(item, "file"));
		bool is_replaced = file && *file && is_stale(c, file);

		for (uint32_t k = 0; !is_replaced && k < c->n_sources; k++) {
			if (!is_same(c, item, &c->source[k]))
				continue;
			is_replaced = answered(&c->source[k]) ||
				      (!c->source[k].is_skipped && !text_is(item, "status", "ok"));
			is_kept_older[k] = !is_replaced;
		}
		if (!is_replaced)
			json_array_append(sources, item);
	}
	for (uint32_t k = 0; k < c->n_sources; k++)
		if (!is_kept_older[k])
			json_array_append_new(sources, entry(c, &c->source[k]));
out:
	free(is_kept_older);
	return sources;
}

/* The list as it is: *index is NULL if there is none. */
static int read_index(const char *path, json_t **index, struct ws_error *err)
{
	json_error_t why;

	*index = NULL;
	if (access(path, F_OK))
		return 0;
	*index = json_load_file(path, 0, &why);
	if (json_is_object(*index))
		return 0;
	json_decref(*index);
	*index = NULL;
	return ws_error(err, -EPROTO, "%s: line %d: no list of a snapshot's sources: %s; move it away", path, why.line,
			why.text);
}

static int write_json(const json_t *index, const char *path, const char *node, struct ws_error *err)
{
	char part[PATH_MAX];
	FILE *file = NULL;
	int fd, rc = 0;

	if (ws_json_memory_was_short())
		return ws_error(err, -ENOMEM, "%s: out of memory", path);
	if ((size_t)snprintf(part, sizeof(part), "%s.%s.part", path, node) >= sizeof(part))
		return ws_error(err, -ENAMETOOLONG, "%s: the path is too long", path);
	unlink(part); /* never through a link */
	fd = open(part, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	if (fd >= 0)
		file = fdopen(fd, "w");
	if (!file || json_dumpf(index, file, JSON_INDENT(1)) || fflush(file) || rename(part, path))
		rc = ws_error(err, errno ? -errno : -EIO, "%s: cannot be written: %s", path, strerror(errno));
	if (file)
		fclose(file);
	else if (fd >= 0)
		close(fd);
	if (rc)
		unlink(part);
	return rc;
}

/* The oldest of what it has: a snapshot is no younger than that. */
static int64_t oldest_ns(const struct ws_collection *c, const json_t *sources)
{
	int64_t ns = (int64_t)c->taken_realtime_ns;
	json_t *item;
	size_t i;

	json_array_foreach(sources, i, item)
	{
		int64_t taken_ns = json_integer_value(json_object_get(item, "taken_realtime_ns"));

		if (text_is(item, "status", "ok") && taken_ns > 0 && taken_ns < ns)
			ns = taken_ns;
	}
	return ns;
}

int ws_collection_write_index(const struct ws_collection *c, const char *state, struct ws_error *err)
{
	char path[PATH_MAX], lock[PATH_MAX], folder[WS_SNAPSHOT_NODE_MAX + 16];
	json_t *older = NULL, *index = NULL, *sources;
	int lock_fd = -1;
	int rc = ws_collection_path(c, INDEX_FILE, path, sizeof(path), err);

	if (rc == 0)
		rc = ws_collection_path(c, ".lock", lock, sizeof(lock), err);
	if (rc)
		return rc;
	lock_fd = open(lock, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
	if (lock_fd < 0 || flock(lock_fd, LOCK_EX)) {
		rc = ws_error(err, -errno, "%s: cannot be locked: %s", lock, strerror(errno));
		goto out;
	}
	rc = read_index(path, &older, err);
	if (rc)
		goto out;
	snprintf(folder, sizeof(folder), "node/%s", c->o->node);
	remove_stale(c, folder);
	remove_stale(c, "");
	sources = merge(c, json_object_get(older, "sources"));
	index = json_pack("{s:i, s:s, s:s, s:I, s:I, s:o}", "version", 1, "state", state, "node", c->o->node,
			  "taken_realtime_ns", (json_int_t)oldest_ns(c, sources), "ended_realtime_ns",
			  (json_int_t)ws_clock_ns(CLOCK_REALTIME), "sources", sources);
	rc = index ? write_json(index, path, c->o->node, err) : ws_error(err, -ENOMEM, "out of memory");
out:
	json_decref(older);
	json_decref(index);
	if (lock_fd >= 0)
		close(lock_fd);
	return rc;
}

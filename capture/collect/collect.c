/* SPDX-License-Identifier: BSD-2-Clause */
/* collect - see the header. The stages are collect_*.c, the list of what was got is collection_index.c. */
#include "capture/collect/collect.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "capture/clock.h"
#include "capture/collect/collection.h"
#include "capture/directory.h"

#define UPDATES_MAX 10000

/* One collector a node and directory: it holds the lock as long as it runs. */
static int lock_node(const struct ws_snapshot_options *o, const char *cluster, int *lock_fd, struct ws_error *err)
{
	char path[PATH_MAX];
	int rc;

	if ((size_t)snprintf(path, sizeof(path), "%s/.%s.lock", cluster, o->node) >= sizeof(path))
		return ws_error(err, -ENAMETOOLONG, "%s: the path is too long", cluster);
	*lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
	if (*lock_fd >= 0 && flock(*lock_fd, LOCK_EX | LOCK_NB) == 0)
		return 0;
	rc = -errno;
	if (rc == -EWOULDBLOCK)
		return ws_error(err, -EBUSY, "%s: another `capture collect` of the node %s is writing it; wait for it",
				cluster, o->node);
	return ws_error(err, rc, "%s: cannot be locked: %s", path, strerror(-rc));
}

/* Directories that are made here are written to by names that are known: not through a link that somebody else made. */
static int check_links(const char *cluster, const char *node, struct ws_error *err)
{
	static const char *const below[] = { "", "/node", "/node/" };

	for (int i = 0; i < 3; i++) {
		char path[PATH_MAX];
		struct stat st;

		if ((size_t)snprintf(path, sizeof(path), "%s%s%s", cluster, below[i], i == 2 ? node : "") >=
		    sizeof(path))
			return ws_error(err, -ENAMETOOLONG, "%s: the path is too long", cluster);
		if (lstat(path, &st) == 0 && S_ISLNK(st.st_mode) && st.st_uid != geteuid() && st.st_uid != 0)
			return ws_error(err, -EPERM, "%s: a link that user %u made, which is not followed: remove it",
					path, (unsigned int)st.st_uid);
	}
	return 0;
}

/* Makes the snapshot's directory; an update's has another name until it is complete. */
static int prepare(struct ws_collection *c, const char *cluster, struct ws_error *err)
{
	char path[PATH_MAX], folder[WS_SNAPSHOT_NODE_MAX + 16];
	int rc;

	if ((c->o->is_update ? asprintf(&c->dir, "%s/.update.%s.part", cluster, c->o->node)
			     : asprintf(&c->dir, "%s", cluster)) < 0) {
		c->dir = NULL;
		return ws_error(err, -ENOMEM, "out of memory");
	}
	if (c->o->is_update)
		ws_directory_remove(c->dir);
	snprintf(folder, sizeof(folder), "node/%s", c->o->node);
	rc = ws_collection_path(c, folder, path, sizeof(path), err);
	return rc ? rc : ws_directory_make(path, err);
}

/* A collection that asked nothing of the node leaves no empty directory, which would be read as a node. */
static void remove_empty(const struct ws_collection *c)
{
	char path[PATH_MAX], folder[WS_SNAPSHOT_NODE_MAX + 16];

	snprintf(folder, sizeof(folder), "node/%s", c->o->node);
	if (ws_collection_path(c, folder, path, sizeof(path), NULL) == 0)
		rmdir(path);
	if (ws_collection_path(c, "node", path, sizeof(path), NULL) == 0)
		rmdir(path);
}

/* Gives the update the next free number. */
static int number_update(struct ws_collection *c, const char *cluster, struct ws_error *err)
{
	for (int number = 1; number < UPDATES_MAX; number++) {
		char path[PATH_MAX];

		if ((size_t)snprintf(path, sizeof(path), "%s/update-%04d", cluster, number) >= sizeof(path))
			return ws_error(err, -ENAMETOOLONG, "%s: the path is too long", cluster);
		if (access(path, F_OK) == 0)
			continue;
		if (rename(c->dir, path) == 0)
			return 0;
		if (errno != EEXIST && errno != ENOTEMPTY)
			return ws_error(err, -errno, "%s: cannot be renamed to %s: %s", c->dir, path, strerror(errno));
	}
	return ws_error(err, -EFBIG, "%s: has %d updates already", cluster, UPDATES_MAX - 1);
}

static int run_stages(struct ws_collection *c, struct ws_error *err)
{
	int (*const stages[])(struct ws_collection *, struct ws_error *) = {
		ws_collect_fixed, ws_collect_offloads, ws_collect_containers, ws_collect_processes, ws_collect_traces,
	};
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < sizeof(stages) / sizeof(stages[0]); i++)
		rc = stages[i](c, err);
	return rc;
}

/* What became of a kind of source: the sources of it added up. */
struct outcome {
	uint32_t n_asked;
	uint32_t n_ok;
	uint64_t n_bytes;
	const struct ws_source *trouble; /* the first that did not answer */
	const char *note;		 /* what one that answered has to say */
};

static struct outcome add_up(const struct ws_collection *c, const struct ws_source_kind *kind)
{
	struct outcome sum = { .note = "" };

	for (uint32_t i = 0; i < c->n_sources; i++) {
		const struct ws_source *source = &c->source[i];

		if (source->kind != kind)
			continue;
		if (source->is_done && !source->is_skipped && source->result.status == WS_COMMAND_OK) {
			if (!*sum.note)
				sum.note = source->result.words;
			if (!*source->file)
				continue; /* a list: what is in it counts */
			sum.n_ok++;
			sum.n_bytes += source->result.n_bytes;
		} else if (!sum.trouble) {
			sum.trouble = source;
		}
		sum.n_asked++;
	}
	return sum;
}

/* The last line: programs say first what they tried, and last why it failed. */
static const char *last_line(const char *words)
{
	const char *feed = strrchr(words, '\n');

	return feed ? feed + 1 : words;
}

static const char *word_of(const struct ws_source *source)
{
	static const char *const words[] = {
		[WS_COMMAND_NOT_RUN] = "not run",   [WS_COMMAND_OK] = "ok",
		[WS_COMMAND_MISSING] = "missing",   [WS_COMMAND_FAILED] = "failed",
		[WS_COMMAND_TIMEOUT] = "timeout",   [WS_COMMAND_TOO_LARGE] = "too large",
		[WS_COMMAND_INTERRUPTED] = "ended",
	};

	return source->is_skipped ? "skipped" : words[source->result.status];
}

/* The table's line of a kind. */
static void tell_kind(const struct ws_collection *c, const struct ws_source_kind *kind,
		      void (*tell)(void *context, const char *line), void *context)
{
	const struct outcome sum = add_up(c, kind);
	char line[768], status[32], why[512] = "";

	if (sum.trouble) {
		const char *words = last_line(sum.trouble->result.words);

		snprintf(why, sizeof(why), "%.300s%s%s%s", words, *words ? "; " : "",
			 sum.n_ok ? "" : "without it: ", sum.n_ok ? "" : kind->worth);
	} else {
		snprintf(why, sizeof(why), "%.300s", last_line(sum.note));
	}
	if (!sum.trouble && !sum.n_asked)
		snprintf(status, sizeof(status), "none");
	else if (kind->file || (sum.trouble && !sum.n_ok))
		snprintf(status, sizeof(status), "%s", sum.trouble ? word_of(sum.trouble) : "ok");
	else
		snprintf(status, sizeof(status), "%u of %u", sum.n_ok, sum.n_asked);
	snprintf(line, sizeof(line), "%-20s %-10s %12llu  %s", kind->name, status, (unsigned long long)sum.n_bytes,
		 why);
	tell(context, line);
}

static void tell_table(const struct ws_collection *c, void (*tell)(void *context, const char *line), void *context)
{
	char line[PATH_MAX];

	snprintf(line, sizeof(line), "%-20s %-10s %12s  %s", "source", "status", "bytes", "why");
	tell(context, line);
	for (const struct ws_source_kind *kind = ws_source_kinds; kind->name; kind++)
		if (ws_collection_wants(c, kind))
			tell_kind(c, kind, tell, context);
}

/* Writes the list of what was got, also of what was got until the user wanted an end. */
static int conclude(struct ws_collection *c, const char *cluster, int rc, struct ws_error *err)
{
	uint32_t n_ok = 0;
	int index_rc;

	if (rc && rc != -EINTR)
		return rc;
	for (uint32_t i = 0; i < c->n_sources; i++)
		n_ok += c->source[i].is_done && !c->source[i].is_skipped && c->source[i].file && *c->source[i].file &&
			c->source[i].result.status == WS_COMMAND_OK;
	if (c->o->is_update && (rc || !n_ok))
		return rc ? rc : ws_error(err, -ENODATA, "no source has answered; see the table");
	index_rc = ws_collection_write_index(c, rc ? "interrupted" : "complete", rc ? NULL : err);
	if (rc == 0)
		rc = index_rc;
	if (rc == 0 && !n_ok)
		rc = ws_error(err, -ENODATA, "no source has answered; see the table");
	if (rc == 0 && c->o->is_update)
		rc = number_update(c, cluster, err);
	return rc;
}

int ws_snapshot_take(const struct ws_snapshot_options *o, void (*tell)(void *context, const char *line), void *context,
		     struct ws_error *err)
{
	struct ws_collection c = { .o = o, .taken_realtime_ns = ws_clock_ns(CLOCK_REALTIME) };
	char cluster[PATH_MAX];
	int lock_fd = -1, rc;

	if ((size_t)snprintf(cluster, sizeof(cluster), "%s/cluster", o->dir) >= sizeof(cluster))
		return ws_error(err, -ENAMETOOLONG, "%s: the path is too long", o->dir);
	rc = check_links(cluster, o->node, err);
	if (rc == 0)
		rc = ws_directory_make(cluster, err);
	if (rc == 0)
		rc = lock_node(o, cluster, &lock_fd, err);
	if (rc)
		goto out;
	rc = prepare(&c, cluster, err);
	if (rc == 0)
		rc = run_stages(&c, err);
	if (c.dir)
		remove_empty(&c);
	rc = conclude(&c, cluster, rc, err);
	if (tell && (rc == 0 || rc == -EINTR || rc == -ENODATA))
		tell_table(&c, tell, context);
	if (rc && o->is_update && c.dir)
		ws_directory_remove(c.dir);
out:
	if (lock_fd >= 0)
		close(lock_fd);
	ws_collection_close(&c);
	return rc;
}

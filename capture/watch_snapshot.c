/* SPDX-License-Identifier: BSD-2-Clause */
/* watch_snapshot - see the header. */
#include "capture/watch_snapshot.h"

#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <fts.h>
#include <libgen.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include "capture/plan/plan.h"
#include "capture/plan/plan_update.h"
#include "lib/cluster/cluster.h"

static bool is_directory(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

/* A link costs nothing; on another file system, or where links are not allowed, a copy. */
static int copy_file(const char *from, const char *to, mode_t mode, struct ws_error *err)
{
	int from_fd, to_fd, rc = 0;
	ssize_t n;

	if (link(from, to) == 0)
		return 0;
	from_fd = open(from, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (from_fd < 0)
		return ws_error(err, -errno, "%s: cannot read: %s", from, strerror(errno));
	to_fd = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
	if (to_fd < 0) {
		rc = ws_error(err, -errno, "%s: cannot create: %s", to, strerror(errno));
		goto out;
	}
	while ((n = sendfile(to_fd, from_fd, NULL, 1 << 30)) > 0)
		;
	if (n < 0)
		rc = ws_error(err, -errno, "%s: cannot copy: %s", to, strerror(errno));
	close(to_fd);
out:
	close(from_fd);
	return rc;
}

static int copy_entry(FTS *fts, const FTSENT *e, const char *from, const char *to, struct ws_error *err)
{
	char path[PATH_MAX];

	/* locks, and what is being written just now, are somebody else's */
	if (e->fts_level > 0 && (e->fts_name[0] == '.' || fnmatch("*.part", e->fts_name, 0) == 0)) {
		fts_set(fts, (FTSENT *)e, FTS_SKIP);
		return 0;
	}
	if ((size_t)snprintf(path, sizeof(path), "%s%s", to, e->fts_path + strlen(from)) >= sizeof(path))
		return ws_error(err, -ENAMETOOLONG, "%s: too long", e->fts_path);
	switch (e->fts_info) {
	case FTS_D:
		if (e->fts_level == 1 && ws_plan_is_update(e->fts_name)) {
			fts_set(fts, (FTSENT *)e, FTS_SKIP);
			return 0;
		}
		if (mkdir(path, 0755) && errno != EEXIST)
			return ws_error(err, -errno, "%s: cannot make: %s", path, strerror(errno));
		return 0;
	case FTS_F:
		return copy_file(e->fts_path, path, e->fts_statp->st_mode & 0777, err);
	case FTS_DNR:
	case FTS_ERR:
	case FTS_NS:
		return ws_error(err, -e->fts_errno, "%s: cannot read: %s", e->fts_path, strerror(e->fts_errno));
	default:
		return 0;
	}
}

static int copy_tree(const char *from, const char *to, struct ws_error *err)
{
	char *const roots[] = { (char *)from, NULL };
	FTS *fts = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
	const FTSENT *e;
	int rc = 0;

	if (!fts)
		return ws_error(err, -errno, "%s: cannot read: %s", from, strerror(errno));
	while (rc == 0 && (e = fts_read(fts)))
		rc = copy_entry(fts, e, from, to, err);
	fts_close(fts);
	return rc;
}

static void remove_tree(char *path)
{
	char *const roots[] = { path, NULL };
	FTS *fts = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
	const FTSENT *e;

	while (fts && (e = fts_read(fts))) {
		if (e->fts_info == FTS_DP)
			rmdir(e->fts_accpath);
		else if (e->fts_info != FTS_D)
			unlink(e->fts_accpath);
	}
	if (fts)
		fts_close(fts);
}

int ws_watch_snapshot(const struct ws_capture_options *o, struct ws_error *err)
{
	char to[PATH_MAX], part[PATH_MAX + 8], beside[PATH_MAX], *copy = strdup(o->plan_path);
	const char *from = beside;
	int rc = 0;

	if (!copy)
		return ws_error(err, -ENOMEM, "out of memory");
	if ((size_t)snprintf(to, sizeof(to), "%s/" WS_CLUSTER_DIR, o->dir) >= sizeof(to) ||
	    (size_t)snprintf(beside, sizeof(beside), "%s/" WS_CLUSTER_DIR, dirname(copy)) >= sizeof(beside)) {
		rc = ws_error(err, -ENAMETOOLONG, "%s: too long", o->dir);
		goto out;
	}
	if (is_directory(to))
		goto out;
	if (!is_directory(from))
		from = o->plan->snapshot_path;
	if (!is_directory(from)) {
		rc = ws_error(
			err, -ENOENT,
			"--watch needs the snapshot that the plan was made from, and it is neither in %s nor in %s: "
			"copy it there, or take one with `capture collect --dir %s`",
			beside, from, o->dir);
		goto out;
	}
	/* whole, or not at all: a half one would be taken for the run's */
	snprintf(part, sizeof(part), "%s.part", to);
	remove_tree(part);
	rc = copy_tree(from, part, err);
	if (rc == 0 && rename(part, to))
		rc = ws_error(err, -errno, "%s: cannot rename to %s: %s", part, to, strerror(errno));
	if (rc)
		remove_tree(part);
out:
	free(copy);
	return rc;
}

void ws_watch_remove_update(const char *run_dir, const char *name)
{
	char path[PATH_MAX];

	if (ws_plan_is_update(name) &&
	    (size_t)snprintf(path, sizeof(path), "%s/" WS_CLUSTER_DIR "/%s", run_dir, name) < sizeof(path))
		remove_tree(path);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* publication - see publication.h. */
#include "analyze/publication.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "lib/json_memory.h"

/* A draft is called .NAME.wirespan-PID.tmp: nobody else's file is. */
#define DRAFT_MARK   ".wirespan-"
#define DRAFT_SUFFIX ".tmp"

static bool is_draft_name(const char *name)
{
	const size_t mark_len = strlen(DRAFT_MARK), suffix_len = strlen(DRAFT_SUFFIX);
	size_t len = strlen(name), end;

	if (*name != '.' || len < suffix_len || strcmp(name + len - suffix_len, DRAFT_SUFFIX) != 0)
		return false;
	len -= suffix_len;
	end = len;
	while (len > 0 && name[len - 1] >= '0' && name[len - 1] <= '9')
		len--;
	return len < end && len > mark_len && strncmp(name + len - mark_len, DRAFT_MARK, mark_len) == 0;
}

/* Takes the draft away if its process was killed: it has no lock then. What is not surely that stays. */
static void remove_if_abandoned(int dir_fd, const char *name)
{
	struct stat st;
	int fd;

	if (fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) || !S_ISREG(st.st_mode) || st.st_uid != geteuid())
		return;
	fd = openat(dir_fd, name, O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return;
	if (flock(fd, LOCK_EX | LOCK_NB) == 0)
		unlinkat(dir_fd, name, 0);
	close(fd);
}

static void remove_abandoned(int dir_fd)
{
	const int fd = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;

	if (!d) {
		if (fd >= 0)
			close(fd);
		return;
	}
	while ((entry = readdir(d)))
		if (is_draft_name(entry->d_name))
			remove_if_abandoned(dir_fd, entry->d_name);
	closedir(d);
}

static bool is_link(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0 && S_ISLNK(st.st_mode);
}

/* no_follow: O_NOFOLLOW, or 0 where the user has named the directory, be it by a link. */
static int open_directory(const char *dir, int no_follow, struct ws_publication *publication, struct ws_error *err)
{
	struct ws_publication made = { .dir = strdup(dir) };
	int rc = 0;

	if (!made.dir)
		return ws_error(err, -ENOMEM, "out of memory");
	if (mkdir(dir, 0777) && errno != EEXIST)
		rc = -errno;
	made.dir_fd = rc ? -1 : open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC | no_follow);
	if (!rc && made.dir_fd < 0)
		rc = -errno;
	/* Told once here, rather than for every file. */
	if (!rc && faccessat(made.dir_fd, ".", W_OK | X_OK, AT_EACCESS))
		rc = -errno;
	if (rc && no_follow && is_link(dir))
		rc = -ELOOP;
	if (rc) {
		ws_error(err, rc, "%s: cannot write there: %s: no files were written, --out DIR puts them elsewhere",
			 dir, rc == -ELOOP ? "it is a link, which is not followed" : strerror(-rc));
		ws_publication_close(&made);
		return rc;
	}
	remove_abandoned(made.dir_fd);
	*publication = made;
	return 0;
}

int ws_publication_open(const char *dir, struct ws_publication *publication, struct ws_error *err)
{
	return open_directory(dir, 0, publication, err);
}

int ws_publication_open_for(const char *out, const char *dir, struct ws_publication *publication, struct ws_error *err)
{
	char path[PATH_MAX];

	if (out)
		return ws_publication_open(out, publication, err);
	if (snprintf(path, sizeof(path), "%s/reports", dir) >= (int)sizeof(path))
		return ws_error(err, -ENAMETOOLONG, "%s: the name is too long", dir);
	return open_directory(path, O_NOFOLLOW, publication, err); /* what is written stays below the run */
}

void ws_publication_close(struct ws_publication *publication)
{
	if (!publication || !publication->dir)
		return;
	free(publication->dir);
	if (publication->dir_fd >= 0)
		close(publication->dir_fd);
	*publication = (struct ws_publication) { .dir_fd = -1 };
}

static int complain(const struct ws_draft *draft, int rc, struct ws_error *err)
{
	return ws_error(err, rc, "%s/%s: cannot write it: %s", draft->publication->dir, draft->name, strerror(-rc));
}

/*
 * A new file, neither through a link nor into one that others hold open, and locked as long as it is open. Between both
 * it may be taken for an abandoned one: then it has no name any more, and is made again.
 */
static int create_draft(int dir_fd, const char *name)
{
	struct stat st = { 0 };
	int fd = -1;

	for (int i = 0; i < 10 && st.st_nlink == 0; i++) {
		if (fd >= 0)
			close(fd);
		unlinkat(dir_fd, name, 0);
		fd = openat(dir_fd, name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
		if (fd < 0)
			return -1;
		flock(fd, LOCK_EX | LOCK_NB); /* where there are no locks, nobody can take it away either */
		if (fstat(fd, &st))
			st.st_nlink = 1;
	}
	return fd;
}

int ws_draft_open(const struct ws_publication *publication, const char *name, struct ws_draft *draft,
		  struct ws_error *err)
{
	struct ws_draft made = { .publication = publication };
	int fd, rc;

	snprintf(made.name, sizeof(made.name), "%s", name);
	/* The process's number: two runs at once do not write into each other's file. */
	snprintf(made.temporary, sizeof(made.temporary), ".%s" DRAFT_MARK "%ld" DRAFT_SUFFIX, made.name,
		 (long)getpid());
	fd = create_draft(publication->dir_fd, made.temporary);
	if (fd < 0)
		return complain(&made, -errno, err);
	made.file = fdopen(fd, "w+");
	if (!made.file) {
		rc = complain(&made, -errno, err);
		close(fd);
		unlinkat(publication->dir_fd, made.temporary, 0);
		return rc;
	}
	*draft = made;
	return 0;
}

/* Why a write failed long ago, of which stdio keeps no more than that: most often there is no room. */
static int reason_of_failure(int fd)
{
	struct statvfs fs;

	return fstatvfs(fd, &fs) == 0 && fs.f_bavail == 0 ? -ENOSPC : -EIO;
}

int ws_draft_publish(struct ws_draft *draft, struct ws_error *err)
{
	int dir_fd = draft->publication->dir_fd, rc = 0;

	errno = 0;
	if (fflush(draft->file) || ferror(draft->file))
		rc = errno ? -errno : reason_of_failure(fileno(draft->file));
	if (fclose(draft->file) && !rc)
		rc = -errno;
	draft->file = NULL;
	if (!rc && ws_json_memory_was_short()) /* what was written may lack something */
		rc = -ENOMEM;
	if (!rc && renameat(dir_fd, draft->temporary, dir_fd, draft->name))
		rc = -errno;
	if (!rc)
		return 0;
	unlinkat(dir_fd, draft->temporary, 0);
	return complain(draft, rc, err);
}

void ws_draft_close(struct ws_draft *draft)
{
	if (!draft || !draft->file)
		return;
	fclose(draft->file);
	unlinkat(draft->publication->dir_fd, draft->temporary, 0);
	draft->file = NULL;
}

int ws_publication_write(const struct ws_publication *publication, const char *name,
			 int (*write)(const void *content, FILE *out), const void *content, struct ws_error *err)
{
	struct ws_draft draft = { 0 };
	int rc = ws_draft_open(publication, name, &draft, err);

	if (rc)
		return rc;
	rc = write(content, draft.file);
	if (rc == -EIO)
		rc = reason_of_failure(fileno(draft.file));
	if (rc)
		ws_error(err, rc, "%s/%s: cannot write it: %s", publication->dir, name, strerror(-rc));
	else
		rc = ws_draft_publish(&draft, err);
	ws_draft_close(&draft);
	return rc;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* directory - see the header. */
#include "capture/directory.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

int ws_directory_make(const char *dir, struct ws_error *err)
{
	char *path = strdup(dir);
	int rc = 0;

	if (!path)
		return ws_error(err, -ENOMEM, "out of memory");
	for (char *slash = strchr(path + 1, '/'); *path && slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		mkdir(path, 0755); /* whether the last one can be made is what counts */
		*slash = '/';
	}
	if (mkdir(path, 0755) && errno != EEXIST)
		rc = ws_error(err, -errno, "%s: cannot make the directory: %s", dir, strerror(errno));
	free(path);
	return rc;
}

int ws_directory_lock(const char *dir, int *fd, struct ws_error *err)
{
	const int dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (dir_fd < 0) /* who may write there, but not read, has to do without */
		return errno == EACCES
			       ? 0
			       : ws_error(err, -errno, "%s: cannot open the directory: %s", dir, strerror(errno));
	if (flock(dir_fd, LOCK_EX | LOCK_NB) && errno == EWOULDBLOCK) {
		close(dir_fd);
		return ws_error(
			err, -EBUSY,
			"%s: another capture records into it; name another directory, or wait until it has ended", dir);
	}
	*fd = dir_fd;
	return 0;
}

static int remove_item(const char *path, const struct stat *st, int type, struct FTW *where)
{
	(void)st;
	(void)type;
	(void)where;
	remove(path);
	return 0;
}

void ws_directory_remove(const char *dir)
{
	nftw(dir, remove_item, 16, FTW_DEPTH | FTW_PHYS);
}

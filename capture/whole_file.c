/* SPDX-License-Identifier: BSD-2-Clause */
/* whole_file - see the header. */
#include "capture/whole_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/recfile.h"

int ws_whole_file_name(const char *path, mode_t mode, struct ws_whole_file *file, struct ws_error *err)
{
	struct ws_whole_file made = { .path = strdup(path), .mode = mode, .fd = -1 };

	if (asprintf(&made.part_path, "%s" WS_RECFILE_PART_SUFFIX, path) < 0)
		made.part_path = NULL;
	if (!made.path || !made.part_path) {
		ws_whole_file_close(&made);
		return ws_error(err, -ENOMEM, "out of memory");
	}
	*file = made;
	return 0;
}

int ws_whole_file_prepare(struct ws_whole_file *file, struct ws_error *err)
{
	if (file->fd >= 0)
		return 0;
	if (unlink(file->part_path) && errno != ENOENT)
		return ws_error(err, -errno, "%s: cannot be removed: %s", file->part_path, strerror(errno));
	file->fd = open(file->part_path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, file->mode);
	if (file->fd < 0)
		return ws_error(err, -errno, "%s: cannot write: %s", file->part_path, strerror(errno));
	return 0;
}

static int write_all(int fd, const char *text)
{
	size_t len = strlen(text);

	while (len > 0) {
		const ssize_t n = write(fd, text, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		text += n;
		len -= (size_t)n;
	}
	return 0;
}

int ws_whole_file_put(struct ws_whole_file *file, const char *text, struct ws_error *err)
{
	int rc = ws_whole_file_prepare(file, err);

	if (rc)
		return rc;
	rc = write_all(file->fd, text);
	if (!rc && file->syncs && fsync(file->fd))
		rc = -errno;
	if (close(file->fd) && !rc) /* some file systems say it only now */
		rc = -errno;
	file->fd = -1;
	if (!rc && rename(file->part_path, file->path))
		rc = -errno;
	if (!rc)
		return 0;
	unlink(file->part_path);
	return ws_error(err, rc, "%s: cannot write: %s", file->part_path, strerror(-rc));
}

void ws_whole_file_close(struct ws_whole_file *file)
{
	if (file->path && file->fd >= 0) {
		close(file->fd);
		unlink(file->part_path);
	}
	free(file->path);
	free(file->part_path);
	*file = (struct ws_whole_file) { .fd = -1 };
}

int ws_whole_file_write(const char *path, mode_t mode, const char *text, struct ws_error *err)
{
	struct ws_whole_file file = { .fd = -1 };
	int rc = ws_whole_file_name(path, mode, &file, err);

	file.syncs = true;
	if (rc == 0)
		rc = ws_whole_file_put(&file, text, err);
	ws_whole_file_close(&file);
	return rc;
}

bool ws_whole_file_is_there(const char *path)
{
	return faccessat(AT_FDCWD, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

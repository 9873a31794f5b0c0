/* SPDX-License-Identifier: BSD-2-Clause */
/* scratch - see scratch.h. */
#include "analyze/scratch.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const char *ws_scratch_directory(void)
{
	const char *directory = getenv("TMPDIR");

	return directory && *directory ? directory : "/var/tmp";
}

int ws_scratch_open(int *fd)
{
	static const char name[] = "wirespan-XXXXXX";
	const char *directory = ws_scratch_directory();
	size_t size = strlen(directory) + 1 + sizeof(name);
	int made = open(directory, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600), rc = 0;
	char *path;

	if (made >= 0) {
		*fd = made;
		return 0;
	}
	/* not every file system has such files */
	path = malloc(size);
	if (!path)
		return -ENOMEM;
	stpcpy(stpcpy(stpcpy(path, directory), "/"), name);
	made = mkostemp(path, O_CLOEXEC);
	if (made < 0) {
		rc = -errno;
	} else {
		unlink(path);
		*fd = made;
	}
	free(path);
	return rc;
}

int ws_scratch_write(int fd, const void *from, size_t n, uint64_t off)
{
	const char *at = from;

	while (n) {
		ssize_t done = pwrite(fd, at, n, (off_t)off);

		if (done < 0 && errno != EINTR)
			return -errno;
		at += done > 0 ? done : 0;
		off += done > 0 ? (uint64_t)done : 0;
		n -= done > 0 ? (size_t)done : 0;
	}
	return 0;
}

int ws_scratch_read(int fd, void *to, size_t n, uint64_t off)
{
	char *at = to;

	while (n) {
		ssize_t done = pread(fd, at, n, (off_t)off);

		if (done == 0)
			return -EIO;
		if (done < 0 && errno != EINTR)
			return -errno;
		at += done > 0 ? done : 0;
		off += done > 0 ? (uint64_t)done : 0;
		n -= done > 0 ? (size_t)done : 0;
	}
	return 0;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* still_there - see the header. */
#include "lib/still_there.h"

#include <errno.h>
#include <sys/stat.h>

int ws_still_there(int fd, const char *path, struct ws_error *err)
{
	struct stat ours, there;

	if (fstat(fd, &ours))
		return 0;
	/* who may not look there does not know, and does not complain */
	if (stat(path, &there) ? errno != ENOENT && errno != ENOTDIR && errno != ESTALE
			       : ours.st_dev == there.st_dev && ours.st_ino == there.st_ino)
		return 0;
	return ws_error(err, -ENOENT,
			"%s: is not there any more: it was removed, moved, or replaced while it was written", path);
}

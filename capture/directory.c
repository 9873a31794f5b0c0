/* SPDX-License-Identifier: BSD-2-Clause */
/* directory - see directory.h. */
#include "capture/directory.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int ws_make_directories(const char *dir, struct ws_error *err)
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

/* SPDX-License-Identifier: BSD-2-Clause */
/* asset - see asset.h. */
#include "analyze/asset.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Ours have a few KiB. */
#define ASSET_MAX ((size_t)1 << 20)

/* Puts the path together, if there is room for it and a file that can be read. */
static int try_path(const char *dir, const char *place, const char *name, char *path, size_t size)
{
	int n = snprintf(path, size, "%s%s/%s", dir, place, name);

	if (n < 0 || (size_t)n >= size)
		return -ENAMETOOLONG;
	return access(path, R_OK) ? -errno : 0;
}

int ws_asset_find(const char *name, char *path, size_t size, struct ws_error *err)
{
	static const char *const place[] = { "/../../reports", "/../share/wirespan" };
	const char *reports = getenv("WIRESPAN_REPORTS");
	char dir[PATH_MAX];
	ssize_t n;
	int rc;

	if (reports && *reports) {
		if (!realpath(reports, dir))
			return ws_error(err, -ENOENT, "WIRESPAN_REPORTS=%s: %s", reports, strerror(errno));
		rc = try_path(dir, "", name, path, size);
		return rc ? ws_error(err, -ENOENT, "%s/%s (WIRESPAN_REPORTS): %s", dir, name, strerror(-rc)) : 0;
	}
	n = readlink("/proc/self/exe", dir, sizeof(dir) - 1);
	dir[n > 0 ? n : 0] = 0;
	if (strrchr(dir, '/'))
		*strrchr(dir, '/') = 0;
	for (size_t i = 0; i < sizeof(place) / sizeof(*place); i++) {
		if (try_path(dir, place[i], name, path, size) == 0)
			return 0;
	}
	return ws_error(err, -ENOENT, "%s is neither in %s%s nor in %s%s; WIRESPAN_REPORTS=DIR says where it is", name,
			dir, place[0], dir, place[1]);
}

int ws_asset_read(const char *name, char **text, size_t *len, struct ws_error *err)
{
	char path[2 * PATH_MAX], *made = NULL;
	FILE *file = NULL;
	size_t n = 0;
	int rc = ws_asset_find(name, path, sizeof(path), err);

	if (rc)
		return rc;
	file = fopen(path, "re");
	if (!file)
		return ws_error(err, -errno, "%s: %s", path, strerror(errno));
	made = malloc(ASSET_MAX + 1);
	if (!made) {
		rc = ws_error(err, -ENOMEM, "out of memory");
		goto out;
	}
	n = fread(made, 1, ASSET_MAX + 1, file);
	if (ferror(file))
		rc = ws_error(err, -EIO, "%s: cannot read it", path);
	else if (n > ASSET_MAX)
		rc = ws_error(err, -EFBIG, "%s: has more than %zu bytes: this cannot be ours", path, ASSET_MAX);
	if (rc)
		goto out;
	made[n] = 0;
	*text = made;
	*len = n;
	made = NULL;
out:
	free(made);
	fclose(file);
	return rc;
}

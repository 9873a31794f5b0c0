/* SPDX-License-Identifier: BSD-2-Clause */
/* netns - see the header. */
#include "capture/netns.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void path_of(const char *name, char path[PATH_MAX])
{
	snprintf(path, PATH_MAX, "%s%s", strchr(name, '/') ? "" : "/run/netns/", name);
}

int ws_netns_enter(const char *name, int *home_fd, struct ws_error *err)
{
	char path[PATH_MAX];
	int there_fd, here_fd, rc;

	if (!name || !*name) {
		*home_fd = -1;
		return 0;
	}
	path_of(name, path);
	there_fd = open(path, O_RDONLY | O_CLOEXEC);
	if (there_fd < 0)
		return ws_error(err, -errno,
				"network namespace %s: cannot open %s: %s; `ip netns list` shows the names", name, path,
				strerror(errno));
	here_fd = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
	if (here_fd < 0 || setns(there_fd, CLONE_NEWNET)) {
		rc = ws_error(err, -errno, "network namespace %s: cannot enter: %s; run as root", name,
			      strerror(errno));
		close(there_fd);
		if (here_fd >= 0)
			close(here_fd);
		return rc;
	}
	close(there_fd);
	*home_fd = here_fd;
	return 0;
}

int ws_netns_leave(int home_fd, struct ws_error *err)
{
	int rc = 0;

	if (home_fd < 0)
		return 0;
	if (setns(home_fd, CLONE_NEWNET))
		rc = ws_error(err, -errno, "cannot return to the first network namespace: %s", strerror(errno));
	close(home_fd);
	return rc;
}

struct ws_netns_id ws_netns_id(const char *name)
{
	char path[PATH_MAX];
	struct stat st;

	if (!name || !*name)
		return (struct ws_netns_id) { 0 };
	path_of(name, path);
	if (lstat(path, &st) || S_ISLNK(st.st_mode))
		return (struct ws_netns_id) { 0 };
	return (struct ws_netns_id) { st.st_dev, st.st_ino };
}

int ws_netns_look(const char *name, const struct ws_netns_id *id, struct ws_error *err)
{
	struct ws_netns_id now;

	if (!id->ino)
		return 0;
	now = ws_netns_id(name);
	if (now.dev == id->dev && now.ino == id->ino)
		return 0;
	return ws_error(err, -ESTALE, "network namespace %s: was deleted", name);
}

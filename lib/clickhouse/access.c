/* SPDX-License-Identifier: BSD-2-Clause */
/* access - see the header. */
#include "lib/clickhouse/access.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/control.h"

#define QUIET_S	     60
#define PASSWORD_MAX 1024

/* The file's first line; a file that others may read is refused, as ssh does. */
static int read_password(const char *path, char **password, struct ws_error *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK), rc = 0;
	char text[PASSWORD_MAX + 2];
	struct stat st;
	ssize_t n;

	if (fd < 0)
		return ws_error(err, -errno, "%s: cannot open: %s", path, strerror(errno));
	n = fstat(fd, &st) || !S_ISREG(st.st_mode) ? -1 : read(fd, text, sizeof(text) - 1);
	close(fd);
	if (n < 0)
		return ws_error(err, -EINVAL, "%s: cannot be read, or is no regular file", path);
	text[n] = '\0';
	text[strcspn(text, "\r\n")] = '\0';
	if (st.st_mode & (S_IRWXG | S_IRWXO))
		rc = ws_error(err, -EACCES, "%s: others may read it, and the password in it: chmod 600 %s", path, path);
	else if (!*text || strlen(text) > PASSWORD_MAX || ws_control_in(text, strlen(text)))
		rc = ws_error(
			err, -EINVAL,
			"%s: its first line is the password: 1 to %d characters, none of them a control character",
			path, PASSWORD_MAX);
	else if (!(*password = strdup(text)))
		rc = ws_error(err, -ENOMEM, "out of memory");
	explicit_bzero(text, sizeof(text));
	return rc;
}

static int take_password(const char *path, char **password, struct ws_error *err)
{
	const char *from_environment = getenv("WIRESPAN_STORE_PASSWORD");

	if (path)
		return read_password(path, password, err);
	if (!from_environment || !*from_environment)
		return 0;
	if (strlen(from_environment) > PASSWORD_MAX || ws_control_in(from_environment, strlen(from_environment)))
		return ws_error(err, -EINVAL,
				"WIRESPAN_STORE_PASSWORD: at most %d characters, none of them a control character",
				PASSWORD_MAX);
	*password = strdup(from_environment);
	return *password ? 0 : ws_error(err, -ENOMEM, "out of memory");
}

/* A number in the environment, if it is one that makes sense: min to max. */
static uint64_t number_of(const char *name, uint64_t min, uint64_t max, uint64_t otherwise)
{
	const char *text = getenv(name);
	char *end;
	unsigned long long n = text ? strtoull(text, &end, 10) : 0;

	return text && *text >= '0' && *text <= '9' && !*end && n >= min && n <= max ? n : otherwise;
}

int ws_access_open(const char *url, const char *password_file, const char *ca_path, struct ws_access *access,
		   struct ws_error *err)
{
	struct ws_url parsed;
	char *password = NULL;
	int rc = ws_url_parse(url, &parsed, err);

	if (rc == 0)
		rc = take_password(password_file, &password, err);
	if (rc == 0)
		*access = (struct ws_access) { parsed, password, ca_path,
					       (uint32_t)number_of("WIRESPAN_STORE_SECONDS", 1, 86400, QUIET_S),
					       number_of("WIRESPAN_STORE_EXACT", 0, UINT64_MAX, WS_STORE_EXACT) };
	return rc;
}

void ws_access_close(struct ws_access *access)
{
	if (access->password)
		explicit_bzero(access->password, strlen(access->password));
	free(access->password);
	access->password = NULL;
}

/* The last part of the absolute path of root; the caller's, to be freed. */
static int name_of_root(const char *root, char **name, struct ws_error *err)
{
	char *path = realpath(root, NULL);
	const char *last;

	if (!path)
		return ws_error(err, -errno, "%s: %s", root, strerror(errno));
	last = strrchr(path, '/') + 1;
	*name = strdup(last);
	free(path);
	return *name ? 0 : ws_error(err, -ENOMEM, "out of memory");
}

int ws_access_run_name(const char *root, const char *dir, const char *given, char **name, struct ws_error *err)
{
	const size_t root_len = strlen(root);
	const char *below = strncmp(dir, root, root_len) == 0 ? dir + root_len : "";
	char *first = NULL, *all = NULL;
	int rc = 0;

	if (!given)
		rc = name_of_root(root, &first, err);
	if (rc)
		return rc;
	if (asprintf(&all, "%s%s%s", given ? given : first, *below && *below != '/' ? "/" : "", below) < 0) {
		all = NULL;
		rc = ws_error(err, -ENOMEM, "out of memory");
	} else if (!*all || strlen(all) > WS_RUN_NAME_MAX || ws_control_in(all, strlen(all))) {
		rc = ws_error(
			err, -EINVAL,
			"%s: the name of a run in a store has 1 to %d characters, none of them a control character; "
			"say --run NAME",
			dir, WS_RUN_NAME_MAX);
	}
	free(first);
	if (rc)
		free(all);
	else
		*name = all;
	return rc;
}

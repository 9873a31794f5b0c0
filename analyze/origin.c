/* SPDX-License-Identifier: BSD-2-Clause */
/* origin - see origin.h. */
#include "analyze/origin.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/clickhouse/result.h"

int ws_origin_open(struct ws_origin *origin, struct ws_error *err)
{
	struct ws_access *access;
	int rc;

	if (!origin->url)
		return 0;
	access = calloc(1, sizeof(*access));
	if (!access)
		return ws_error(err, -ENOMEM, "out of memory");
	rc = ws_access_open(origin->url, origin->password_file, origin->ca_path, access, err);
	if (rc)
		free(access);
	else
		origin->access = access;
	return rc;
}

void ws_origin_close(struct ws_origin *origin)
{
	if (!origin || !origin->access)
		return;
	ws_access_close(origin->access);
	free(origin->access);
	origin->access = NULL;
}

/* Adds the directory of a run: root, and what its name has more than root's. */
static int add_run(struct ws_directories *found, const char *dir, const char *rest, struct ws_error *err)
{
	char **grown = realloc(found->run, (found->n_runs + 1) * sizeof(*grown)), *path;

	if (grown)
		found->run = grown;
	if (!grown || asprintf(&path, "%s%s", dir, rest) < 0)
		return ws_error(err, -ENOMEM, "out of memory");
	grown[found->n_runs++] = path;
	return 0;
}

/* A directory's end comes before all that a name may go on with. */
static int rank_of(unsigned char c)
{
	return c == '/' ? 1 : c ? c + 1 : 0;
}

/* As a walk through directories meets them: by name, part by part. */
static int compare_paths(const void *a, const void *b)
{
	const unsigned char *left = *(const unsigned char *const *)a, *right = *(const unsigned char *const *)b;

	while (*left && *left == *right) {
		left++;
		right++;
	}
	return rank_of(*left) - rank_of(*right);
}

/* The runs of that name, or below it. */
static int list_runs(struct ws_client *client, const char *name, const char *dir, struct ws_directories *found,
		     struct ws_error *err)
{
	static const uint8_t kind[] = { WS_KIND_STRING };
	char *literal = ws_client_quoted(name), *query = NULL;
	const struct ws_value *value;
	struct ws_result *result = NULL;
	size_t name_len = strlen(name);
	int rc, status = 0;

	if (!literal ||
	    asprintf(&query, "run FROM run WHERE run = %s OR substring(run, 1, %zu) = concat(%s, '/') GROUP BY run",
		     literal, name_len + 1, literal) < 0)
		query = NULL;
	rc = query ? ws_result_open(client, query, kind, 1, &result, err) : ws_error(err, -ENOMEM, "out of memory");
	while (!rc && (status = ws_result_next(result, &value, err)) > 0) {
		char *run = strndup((const char *)value->bytes, value->n_bytes);

		rc = run && strlen(run) >= name_len ? add_run(found, dir, run + name_len, err)
						    : ws_error(err, -ENOMEM, "out of memory");
		free(run);
	}
	ws_result_close(result);
	free(query);
	free(literal);
	return rc ? rc : status;
}

/* Has the store a run of that name, or one below it? 1, 0, or -errno. */
static int is_known(struct ws_client *client, const char *name, struct ws_error *err)
{
	struct ws_directories found = { 0 };
	int rc = list_runs(client, name, "", &found, err);

	rc = rc ? rc : found.n_runs > 0;
	ws_directories_close(&found);
	return rc;
}

/* The first that is known of a path's last part, its last two, and so on; path: of them all. */
static int find_name(struct ws_client *client, const char *path, char **name, struct ws_error *err)
{
	const char *at = strrchr(path, '/'), *last = at;
	int known = 0;

	for (uint32_t n = 0; at && n <= WS_DIRECTORIES_DEEP && strlen(at + 1) <= WS_RUN_NAME_MAX; n++) {
		known = is_known(client, at + 1, err);
		if (known)
			break;
		at = memrchr(path, '/', (size_t)(at - path));
	}
	if (known < 0)
		return known;
	*name = known && at != last ? strdup(at + 1) : NULL;
	return known && at != last && !*name ? ws_error(err, -ENOMEM, "out of memory") : 0;
}

int ws_origin_name(const struct ws_origin *origin, const char *root, char **name, struct ws_error *err)
{
	struct ws_client *client = NULL;
	char *path;
	int rc;

	*name = NULL;
	if (!origin->access || origin->run || !root)
		return 0;
	path = realpath(root, NULL);
	if (!path && errno == ENOMEM)
		return ws_error(err, -ENOMEM, "out of memory");
	if (!path) /* one that is not there is told of when it is looked into */
		return 0;
	rc = ws_client_open(origin->access, 0, &client, err);
	if (!rc) {
		ws_client_use_database(client);
		rc = find_name(client, path, name, err);
	}
	ws_client_close(client);
	free(path);
	return rc;
}

/* What lies below a run is none. */
static void settle(struct ws_directories *found, const char *dir)
{
	qsort(found->run, found->n_runs, sizeof(*found->run), compare_paths);
	if (!found->n_runs || strcmp(found->run[0], dir))
		return;
	while (found->n_runs > 1)
		free(found->run[--found->n_runs]);
}

int ws_origin_find(const struct ws_origin *origin, const char *dir, struct ws_directories *found, struct ws_error *err)
{
	struct ws_directories made = { 0 };
	struct ws_client *client = NULL;
	char *name = NULL;
	int rc;

	if (!origin->access)
		return ws_directories_find(dir, found, err);
	rc = ws_access_run_name(origin->root, dir, origin->run, &name, err);
	rc = rc ? rc : ws_client_open(origin->access, 0, &client, err);
	if (!rc) {
		ws_client_use_database(client);
		rc = list_runs(client, name, dir, &made, err);
	}
	if (!rc && !made.n_runs)
		rc = ws_error(
			err, -ENOENT,
			"%s: no run of the name %s, or below it: run `ingest --dir %s --store %s` first; `analyze "
			"runs --store %s` lists what there is",
			origin->url, name, dir, origin->url, origin->url);
	if (rc) {
		ws_directories_close(&made);
	} else {
		settle(&made, dir);
		*found = made;
	}
	ws_client_close(client);
	free(name);
	return rc;
}

int ws_origin_is_run(const struct ws_origin *origin, const char *dir, bool *is_run, struct ws_error *err)
{
	struct ws_directories found = { 0 };
	int rc;

	if (!origin->access) {
		*is_run = ws_directory_is_run(dir);
		return 0;
	}
	rc = ws_origin_find(origin, dir, &found, err);
	if (rc)
		return rc;
	*is_run = ws_directories_are(&found, dir);
	ws_directories_close(&found);
	return 0;
}

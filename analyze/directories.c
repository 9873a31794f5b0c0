/* SPDX-License-Identifier: BSD-2-Clause */
/* directories - see directories.h. */
#include "analyze/directories.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int out_of_memory(struct ws_error *err)
{
	return ws_error(err, -ENOMEM, "out of memory");
}

bool ws_directory_is_run(const char *dir)
{
	char path[PATH_MAX]; /* no longer path can be opened */

	return snprintf(path, sizeof(path), "%s/run.db", dir) < (int)sizeof(path) && access(path, F_OK) == 0;
}

/* Are there files in the directory that ingest would load? */
static bool has_run_files(struct dirent *const *entries, int n)
{
	static const char *const end[] = { ".rec.zst", ".pcap", ".pcap.gz", ".pcap.zst", ".pcapng", ".cap" };

	for (int i = 0; i < n; i++) {
		const char *name = entries[i]->d_name;
		size_t len = strlen(name);

		if (!strcmp(name, "run.json") || !strcmp(name, "conditions.json") || !strcmp(name, "overhead.json") ||
		    !strncmp(name, "load.", 5))
			return true;
		for (size_t k = 0; k < sizeof(end) / sizeof(*end); k++) {
			if (len > strlen(end[k]) && !strcmp(name + len - strlen(end[k]), end[k]))
				return true;
		}
	}
	return false;
}

/* Adds a copy of dir to a list. */
static int add(char ***list, uint32_t *n, const char *dir, struct ws_error *err)
{
	char **grown = realloc(*list, (*n + 1) * sizeof(*grown)), *copy = strdup(dir);

	if (grown)
		*list = grown;
	if (!grown || !copy) {
		free(copy);
		return out_of_memory(err);
	}
	grown[(*n)++] = copy;
	return 0;
}

static int is_visible(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

/* By bytes: alphasort heeds the locale. */
static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

/* Adds the run in dir, or else the runs below it. */
static int add_runs(const char *dir, int depth, struct ws_directories *found, struct ws_error *err)
{
	struct dirent **entries;
	int n, rc = 0;

	if (ws_directory_is_run(dir))
		return add(&found->run, &found->n_runs, dir, err);
	n = scandir(dir, &entries, is_visible, by_name);
	if (n < 0)
		return ws_error(err, -errno, "%s: %s", dir, strerror(errno));
	if (has_run_files(entries, n))
		rc = add(&found->unloaded, &found->n_unloaded, dir, err);
	for (int i = 0; i < n; i++) {
		char *path = NULL;
		struct stat st;

		if (!rc && asprintf(&path, "%s/%s", dir, entries[i]->d_name) < 0) {
			path = NULL;
			rc = out_of_memory(err);
		}
		if (!rc && depth < WS_DIRECTORIES_DEEP && lstat(path, &st) == 0 && S_ISDIR(st.st_mode))
			rc = add_runs(path, depth + 1, found, err);
		free(path);
		free(entries[i]);
	}
	free(entries);
	return rc;
}

int ws_directories_find(const char *dir, struct ws_directories *directories, struct ws_error *err)
{
	struct ws_directories found = { 0 };
	int rc = add_runs(dir, 0, &found, err);

	if (rc)
		ws_directories_close(&found);
	else
		*directories = found;
	return rc;
}

bool ws_directories_are(const struct ws_directories *directories, const char *dir)
{
	return directories->n_runs == 1 && !strcmp(directories->run[0], dir);
}

void ws_directories_close(struct ws_directories *directories)
{
	if (!directories)
		return;
	for (uint32_t i = 0; i < directories->n_runs; i++)
		free(directories->run[i]);
	for (uint32_t i = 0; i < directories->n_unloaded; i++)
		free(directories->unloaded[i]);
	free(directories->run);
	free(directories->unloaded);
	*directories = (struct ws_directories) { 0 };
}

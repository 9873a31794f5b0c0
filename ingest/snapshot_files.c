/* SPDX-License-Identifier: BSD-2-Clause */
/* snapshot_files - see the header. */
#include "ingest/snapshot_files.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/cluster/cluster.h"
#include "lib/text_stream.h"

#define UPDATE_PREFIX "update-"
#define PART_SUFFIX   ".part"
/* A snapshot's directories in each other: node/NODE/ */
#define DEPTH_MAX 3

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

void ws_snapshot_names_free(char **names, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		free(names[i]);
	free(names);
}

static int add_name(char ***names, uint32_t *n, const char *name)
{
	char **grown = *names, *copy = strdup(name);

	if ((*n & (*n - 1)) == 0)
		grown = realloc(*names, (*n ? 2 * (size_t)*n : 1) * sizeof(*grown));
	if (grown)
		*names = grown;
	if (!grown || !copy) {
		free(copy);
		return -ENOMEM;
	}
	(*names)[(*n)++] = copy;
	return 0;
}

/* A file that is being written. */
static bool is_part(const char *name)
{
	const size_t len = strlen(name), suffix_len = strlen(PART_SUFFIX);

	return len >= suffix_len && strcmp(name + len - suffix_len, PART_SUFFIX) == 0;
}

int ws_snapshot_names(const char *dir, const char *prefix, char ***names, uint32_t *n, struct ws_error *err)
{
	const size_t len = strlen(prefix);
	char **found = NULL;
	uint32_t n_found = 0;
	struct dirent *entry;
	DIR *d = opendir(dir);
	int rc = 0;

	if (!d)
		return ws_error(err, -errno, "%s: cannot open: %s", dir, strerror(errno));
	while (rc == 0 && (entry = readdir(d)))
		if (entry->d_name[0] != '.' && strncmp(entry->d_name, prefix, len) == 0 && !is_part(entry->d_name))
			rc = add_name(&found, &n_found, entry->d_name);
	closedir(d);
	if (rc) {
		ws_snapshot_names_free(found, n_found);
		return ws_error(err, rc, "%s: out of memory", dir);
	}
	if (n_found > 1)
		qsort(found, n_found, sizeof(*found), compare_names);
	*names = found;
	*n = n_found;
	return 0;
}

static int hash_directory(FILE *lines, const char *dir, const char *shown, int depth, struct ws_error *err);

/* The line 'NAME HASH' of a file, or those of a directory; prefix: where it is within the snapshot. */
static int hash_entry(FILE *lines, const char *dir, const char *prefix, const char *name, int depth,
		      struct ws_error *err)
{
	char *path = NULL, *shown = NULL, hash[WS_DIGEST_TEXT_LEN];
	uint64_t size_bytes;
	struct stat st;
	int rc;

	if (asprintf(&path, "%s/%s", dir, name) < 0 || asprintf(&shown, "%s%s", prefix, name) < 0) {
		rc = ws_error(err, -ENOMEM, "%s: out of memory", dir);
	} else if (stat(path, &st)) {
		rc = ws_error(err, -errno, "%s: cannot open: %s", path, strerror(errno));
	} else if (S_ISDIR(st.st_mode)) {
		rc = depth == DEPTH_MAX ? 0 : hash_directory(lines, path, shown, depth + 1, err);
	} else {
		rc = ws_digest_file(path, hash, &size_bytes, err);
		if (rc == 0)
			fprintf(lines, "%s %s\n", shown, hash);
	}
	free(path);
	free(shown);
	return rc;
}

static int hash_directory(FILE *lines, const char *dir, const char *shown, int depth, struct ws_error *err)
{
	char **names = NULL, *prefix = NULL;
	uint32_t n = 0;
	int rc = ws_snapshot_names(dir, "", &names, &n, err);

	if (rc)
		return rc;
	if (asprintf(&prefix, "%s%s", shown, *shown ? "/" : "") < 0)
		rc = ws_error(err, -ENOMEM, "%s: out of memory", dir);
	for (uint32_t i = 0; rc == 0 && i < n; i++)
		if (depth > 0 || strncmp(names[i], UPDATE_PREFIX, strlen(UPDATE_PREFIX)) != 0)
			rc = hash_entry(lines, dir, prefix, names[i], depth, err);
	free(prefix);
	ws_snapshot_names_free(names, n);
	return rc;
}

static int hash_snapshot(struct ws_snapshot_place *place, struct ws_error *err)
{
	struct ws_text_stream lines;
	char *text = NULL;
	size_t len;
	int rc = ws_text_stream_open(&lines);

	if (rc)
		return ws_error(err, rc, "%s: out of memory", place->path);
	rc = hash_directory(lines.out, place->path, "", 0, err);
	if (rc == 0 && (rc = ws_text_stream_finish(&lines, &text, &len)))
		ws_error(err, rc, "%s: out of memory", place->path);
	if (rc == 0)
		ws_digest_bytes(text, len, place->hash);
	ws_text_stream_close(&lines);
	free(text);
	return rc;
}

int ws_snapshot_check(const struct ws_snapshot_place *places, uint32_t n, struct ws_error *err)
{
	for (uint32_t i = 0; i < n; i++) {
		struct ws_snapshot_place now = places[i]; /* its texts are those of the other */
		int rc = hash_snapshot(&now, err);

		if (rc == -ENOMEM)
			return rc;
		if (rc || strcmp(now.hash, places[i].hash) != 0)
			return ws_error(err, -EAGAIN,
					"%s: changed while it was read: nothing of it was loaded; wait until nothing "
					"writes it any more, and run ingest again",
					places[i].path);
	}
	return 0;
}

void ws_snapshot_places_free(struct ws_snapshot_place *places, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		free(places[i].path);
		free(places[i].shown);
	}
	free(places);
}

/* Adds PARENT/NAME. */
static int add_place(struct ws_snapshot_place **places, uint32_t *n, const char *parent, const char *shown_parent,
		     const char *name, struct ws_error *err)
{
	struct ws_snapshot_place *grown = realloc(*places, (*n + 1) * sizeof(*grown)), place = { 0 };

	if (grown)
		*places = grown;
	if (!grown || asprintf(&place.path, "%s/%s", parent, name) < 0)
		return ws_error(err, -ENOMEM, "%s: out of memory", parent);
	if (asprintf(&place.shown, "%s%s", shown_parent, name) < 0) {
		free(place.path);
		return ws_error(err, -ENOMEM, "%s: out of memory", parent);
	}
	(*places)[(*n)++] = place;
	return hash_snapshot(&(*places)[*n - 1], err);
}

static bool has_directory(const char *parent, const char *name)
{
	char path[PATH_MAX]; /* no longer path can be opened */
	struct stat st;

	return snprintf(path, sizeof(path), "%s/%s", parent, name) < (int)sizeof(path) && stat(path, &st) == 0 &&
	       S_ISDIR(st.st_mode);
}

/* The snapshot in parent, and its updates; up: how the run directory calls the parent, "" or "../" and so on. */
static int add_snapshot(struct ws_snapshot_place **places, uint32_t *n, const char *parent, const char *up,
			struct ws_error *err)
{
	char **names = NULL, *shown = NULL, *path = NULL;
	uint32_t n_names = 0;
	int rc = add_place(places, n, parent, up, WS_CLUSTER_DIR, err);

	if (rc == 0 &&
	    (asprintf(&path, "%s/" WS_CLUSTER_DIR, parent) < 0 || asprintf(&shown, "%s" WS_CLUSTER_DIR "/", up) < 0))
		rc = ws_error(err, -ENOMEM, "%s: out of memory", parent);
	if (rc == 0)
		rc = ws_snapshot_names(path, UPDATE_PREFIX, &names, &n_names, err);
	for (uint32_t i = 0; rc == 0 && i < n_names; i++)
		if (has_directory(path, names[i]))
			rc = add_place(places, n, path, shown, names[i], err);
	ws_snapshot_names_free(names, n_names);
	free(path);
	free(shown);
	return rc;
}

void ws_snapshot_memory_free(struct ws_snapshot_memory *memory)
{
	ws_snapshot_places_free(memory->place, memory->n);
	free(memory->database);
	*memory = (struct ws_snapshot_memory) { 0 };
}

/* A copy of the places; up takes the place of the first n_cut characters of what is shown. */
static int copy_places(const struct ws_snapshot_place *from, uint32_t n, const char *up, size_t n_cut,
		       struct ws_snapshot_place **places, struct ws_error *err)
{
	struct ws_snapshot_place *copy = calloc(n, sizeof(*copy));
	bool is_whole = copy;

	for (uint32_t i = 0; is_whole && i < n; i++) {
		copy[i] = from[i];
		copy[i].path = strdup(from[i].path);
		if (asprintf(&copy[i].shown, "%s%s", up, from[i].shown + n_cut) < 0)
			copy[i].shown = NULL;
		is_whole = copy[i].path && copy[i].shown;
	}
	if (!is_whole) {
		if (copy)
			ws_snapshot_places_free(copy, n);
		return ws_error(err, -ENOMEM, "out of memory");
	}
	*places = copy;
	return 0;
}

/* The snapshot in a directory above the run's: as it is in memory, or read, and in memory from now on. */
static int recall_snapshot(struct ws_snapshot_memory *memory, const char *parent, const char *up,
			   struct ws_snapshot_place **places, uint32_t *n, struct ws_error *err)
{
	struct stat st = { 0 };
	char *path;
	int rc;

	if (asprintf(&path, "%s/" WS_CLUSTER_DIR, parent) < 0)
		return ws_error(err, -ENOMEM, "%s: out of memory", parent);
	rc = stat(path, &st) ? ws_error(err, -errno, "%s: cannot open: %s", path, strerror(errno)) : 0;
	free(path);
	if (rc)
		return rc;
	if (memory->n && memory->device == st.st_dev && memory->inode == st.st_ino) {
		rc = copy_places(memory->place, memory->n, up, 0, places, err);
		*n = rc ? 0 : memory->n;
		return rc;
	}
	ws_snapshot_memory_free(memory);
	rc = add_snapshot(places, n, parent, up, err);
	if (rc == 0)
		rc = copy_places(*places, *n, "", strlen(up), &memory->place, err);
	if (rc == 0) {
		memory->n = *n;
		memory->device = st.st_dev;
		memory->inode = st.st_ino;
	}
	return rc;
}

/* Cuts the last name off a path, if that leaves root or what is below it; up grows along. */
static bool go_up(char *path, size_t root_len, char *up)
{
	char *slash = strrchr(path, '/');

	if (!slash || (size_t)(slash - path) < root_len)
		return false;
	*slash = '\0';
	strcat(up, "../");
	return true;
}

/* Goes up until there is a snapshot, if there is one. */
static bool find_up(char *path, size_t root_len, char *up)
{
	while (!has_directory(path, WS_CLUSTER_DIR))
		if (!go_up(path, root_len, up))
			return false;
	return true;
}

int ws_snapshot_places(const char *dir, const char *root, struct ws_snapshot_memory *memory,
		       struct ws_snapshot_place **places, uint32_t *n, struct ws_error *err)
{
	struct ws_snapshot_place *found = NULL;
	char *parent = strdup(dir), *up = calloc(2, strlen(dir) * 2 + 1); /* "../" for "/x" */
	const size_t root_len = strlen(root);
	uint32_t n_found = 0;
	bool is_own = false;
	int rc = 0;

	if (!parent || !up) {
		rc = ws_error(err, -ENOMEM, "%s: out of memory", dir);
		goto out;
	}
	if (!find_up(parent, root_len, up))
		goto out;
	if (*up && memory) {
		rc = recall_snapshot(memory, parent, up, &found, &n_found, err);
	} else {
		is_own = !*up;
		rc = add_snapshot(&found, &n_found, parent, up, err);
	}
	if (rc == 0 && is_own && go_up(parent, root_len, up) && find_up(parent, root_len, up)) {
		rc = add_place(&found, &n_found, parent, up, WS_CLUSTER_DIR, err);
		if (rc == 0)
			found[n_found - 1].mesh_only = true;
	}
out:
	free(parent);
	free(up);
	if (rc) {
		ws_snapshot_places_free(found, n_found);
		return rc;
	}
	*places = found;
	*n = n_found;
	return 0;
}

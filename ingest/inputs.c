/* SPDX-License-Identifier: BSD-2-Clause */
/* inputs - see the header. */
#include "ingest/inputs.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/cluster/cluster.h"
#include "lib/control.h"
#include "lib/recfile.h"

/* Directories in directories are followed this deep. */
#define DEPTH_MAX 8

static const struct {
	const char *text;
	enum ws_source source;
	bool is_part;
} suffixes[] = {
	{ ".rec.zst", WS_SOURCE_EBPF, false },	  { ".rec.zst" WS_RECFILE_PART_SUFFIX, WS_SOURCE_EBPF, true },
	{ ".pcap", WS_SOURCE_PCAP, false },	  { ".pcap" WS_RECFILE_PART_SUFFIX, WS_SOURCE_PCAP, true },
	{ ".pcap.gz", WS_SOURCE_PCAP, false },	  { ".pcap.zst", WS_SOURCE_PCAP, false },
	{ ".pcapng", WS_SOURCE_PCAP, false },	  { ".pcapng.gz", WS_SOURCE_PCAP, false },
	{ ".pcapng.zst", WS_SOURCE_PCAP, false }, { ".cap", WS_SOURCE_PCAP, false },
	{ ".cap.gz", WS_SOURCE_PCAP, false },	  { ".cap.zst", WS_SOURCE_PCAP, false },
};

#define LOG_PREFIX "load."

static void free_input(struct ws_input *input)
{
	free(input->point);
	free(input->path);
}

static int add(struct ws_inputs *inputs, const char *point, size_t point_len, char *path, enum ws_source source,
	       bool is_part)
{
	struct ws_input *grown = realloc(inputs->input, (inputs->n + 1) * sizeof(*grown));
	char *name = strndup(point, point_len);

	if (grown)
		inputs->input = grown;
	if (!grown || !name) {
		free(name);
		free(path);
		return -ENOMEM;
	}
	inputs->input[inputs->n++] = (struct ws_input) { name, path, source, is_part };
	return 0;
}

static int compare(const void *a, const void *b)
{
	const struct ws_input *left = a, *right = b;
	int order = strcmp(left->point, right->point);

	return order ? order : (int)left->source - (int)right->source;
}

static bool is_point_name(const char *name, size_t len)
{
	return len > 0 && len <= WS_RECFILE_NAME_MAX && !ws_control_in(name, len);
}

static int add_log(struct ws_inputs *inputs, const char *name, size_t name_len, char *path)
{
	struct ws_log_input *grown = realloc(inputs->log, (inputs->n_logs + 1) * sizeof(*grown));
	char *copy = strndup(name, name_len);

	if (grown)
		inputs->log = grown;
	if (!grown || !copy) {
		free(copy);
		free(path);
		return -ENOMEM;
	}
	inputs->log[inputs->n_logs++] = (struct ws_log_input) { copy, path };
	return 0;
}

static int compare_logs(const void *a, const void *b)
{
	const struct ws_log_input *left = a, *right = b;

	return strcmp(left->name, right->name);
}

static int bad_point_name(const char *name, struct ws_error *err)
{
	char shown[256];

	snprintf(shown, sizeof(shown), "%s", name);
	for (char *c = shown; *c; c++)
		if ((unsigned char)*c < ' ' || (unsigned char)*c >= 0x7f)
			*c = '?';
	return ws_error(err, -EINVAL,
			"%s: a point's name has 1 to %d characters, none of them a control character; rename the file",
			shown, WS_RECFILE_NAME_MAX);
}

/* A file whose name begins with "load.". Compressing it later does not make it another log. */
static int consider_log(const char *dir, const char *name, struct ws_inputs *inputs, struct ws_error *err)
{
	static const char *const packed[] = { ".gz", ".zst" };
	size_t len = strlen(name);
	char *path;

	if (!is_point_name(name, len))
		return ws_error(err, -EINVAL,
				"%s: a load log's name (load.ANYTHING) has at most %d characters, none of them a "
				"control character; rename it",
				dir, WS_RECFILE_NAME_MAX);
	for (size_t i = 0; i < sizeof(packed) / sizeof(packed[0]); i++) {
		size_t suffix_len = strlen(packed[i]);

		if (strcmp(name + len - suffix_len, packed[i]) == 0) {
			len -= suffix_len;
			break;
		}
	}
	if (asprintf(&path, "%s/%s", dir, name) < 0)
		return -ENOMEM;
	return add_log(inputs, name, len, path);
}

/* Is the file one that we load? Then it is added. */
static int consider(const char *dir, const char *name, struct ws_inputs *inputs, struct ws_error *err)
{
	size_t len = strlen(name);
	char *path;

	if (strcmp(name, "run.json") == 0)
		return asprintf(&inputs->manifest_path, "%s/%s", dir, name) < 0 ? -ENOMEM : 0;
	if (strcmp(name, "conditions.json") == 0)
		return asprintf(&inputs->conditions_path, "%s/%s", dir, name) < 0 ? -ENOMEM : 0;
	if (strcmp(name, "overhead.json") == 0)
		return asprintf(&inputs->overhead_path, "%s/%s", dir, name) < 0 ? -ENOMEM : 0;
	for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
		size_t suffix_len = strlen(suffixes[i].text);

		if (len <= suffix_len || strcmp(name + len - suffix_len, suffixes[i].text) != 0)
			continue;
		if (!is_point_name(name, len - suffix_len))
			return bad_point_name(name, err);
		if (asprintf(&path, "%s/%s", dir, name) < 0)
			return -ENOMEM;
		return add(inputs, name, len - suffix_len, path, suffixes[i].source, suffixes[i].is_part);
	}
	if (strncmp(name, LOG_PREFIX, strlen(LOG_PREFIX)) == 0 && name[strlen(LOG_PREFIX)])
		return consider_log(dir, name, inputs, err);
	return 0;
}

/* The same, and two files for one thing by name, so that all words are the same wherever the directory lies. */
static int compare_files(const void *a, const void *b)
{
	const struct ws_input *left = a, *right = b;
	int order = compare(a, b);

	return order ? order : strcmp(left->path, right->path);
}

static int compare_log_files(const void *a, const void *b)
{
	const struct ws_log_input *left = a, *right = b;
	int order = compare_logs(a, b);

	return order ? order : strcmp(left->path, right->path);
}

static int check_unique(const struct ws_inputs *inputs, struct ws_error *err)
{
	for (uint32_t i = 1; i < inputs->n; i++)
		if (compare(&inputs->input[i - 1], &inputs->input[i]) == 0)
			return ws_error(err, -EEXIST, "%s and %s are two files for one point; move one of them away",
					inputs->input[i - 1].path, inputs->input[i].path);
	for (uint32_t i = 1; i < inputs->n_logs; i++)
		if (compare_logs(&inputs->log[i - 1], &inputs->log[i]) == 0)
			return ws_error(err, -EEXIST, "%s and %s are two files for one load log; move one of them away",
					inputs->log[i - 1].path, inputs->log[i].path);
	return 0;
}

/* A cluster snapshot is of a run or a campaign, and none itself. */
static int is_visible(const struct dirent *entry)
{
	return entry->d_name[0] != '.' && strcmp(entry->d_name, WS_CLUSTER_DIR) != 0;
}

int ws_inputs_find(const char *dir, struct ws_inputs *inputs, struct ws_error *err)
{
	struct ws_inputs found = { 0 };
	struct dirent **entry;
	int n = scandir(dir, &entry, is_visible, alphasort), rc = 0;

	if (n < 0)
		return ws_error(err, -errno, "%s: cannot open: %s", dir, strerror(errno));
	for (int i = 0; i < n; i++) {
		rc = rc ? rc : consider(dir, entry[i]->d_name, &found, err);
		free(entry[i]);
	}
	free(entry);
	if (rc == -ENOMEM)
		ws_error(err, rc, "%s: out of memory", dir);
	if (rc == 0 && found.n > 1)
		qsort(found.input, found.n, sizeof(*found.input), compare_files);
	if (rc == 0 && found.n_logs > 1)
		qsort(found.log, found.n_logs, sizeof(*found.log), compare_log_files);
	if (rc == 0)
		rc = check_unique(&found, err);
	if (rc)
		ws_inputs_free(&found);
	else
		*inputs = found;
	return rc;
}

int ws_inputs_add_pcap(struct ws_inputs *inputs, const char *point, const char *path, struct ws_error *err)
{
	char *copy;

	if (!is_point_name(point, strlen(point)))
		return bad_point_name(point, err);
	copy = strdup(path);
	if (!copy)
		return ws_error(err, -ENOMEM, "out of memory");
	for (uint32_t i = 0; i < inputs->n; i++) {
		struct ws_input *input = &inputs->input[i];

		if (input->source == WS_SOURCE_PCAP && strcmp(input->point, point) == 0) {
			free(input->path);
			input->path = copy;
			input->is_part = false;
			return 0;
		}
	}
	if (add(inputs, point, strlen(point), copy, WS_SOURCE_PCAP, false))
		return ws_error(err, -ENOMEM, "out of memory");
	qsort(inputs->input, inputs->n, sizeof(*inputs->input), compare);
	return 0;
}

bool ws_inputs_are_some(const struct ws_inputs *inputs)
{
	return inputs->n || inputs->n_logs || inputs->conditions_path || inputs->overhead_path;
}

void ws_inputs_free(struct ws_inputs *inputs)
{
	for (uint32_t i = 0; i < inputs->n; i++)
		free_input(&inputs->input[i]);
	for (uint32_t i = 0; i < inputs->n_logs; i++) {
		free(inputs->log[i].name);
		free(inputs->log[i].path);
	}
	free(inputs->input);
	free(inputs->log);
	free(inputs->manifest_path);
	free(inputs->conditions_path);
	free(inputs->overhead_path);
	*inputs = (struct ws_inputs) { 0 };
}

static void free_paths(char **paths, int n)
{
	for (int i = 0; i < n; i++)
		free(paths[i]);
	free(paths);
}

/* The directories in dir that runs are looked for in, by name; the caller's, to be freed. */
static int list_below(const char *dir, char ***paths, int *n_paths, struct ws_error *err)
{
	struct dirent **entries;
	int n = scandir(dir, &entries, is_visible, alphasort), n_found = 0, rc = 0;
	char **found;

	if (n < 0)
		return ws_error(err, -errno, "%s: cannot read: %s", dir, strerror(errno));
	found = calloc((size_t)n + 1, sizeof(*found));
	if (!found)
		rc = ws_error(err, -ENOMEM, "out of memory");
	for (int i = 0; i < n; i++) {
		char *path = NULL;
		struct stat st;

		if (rc == 0 && asprintf(&path, "%s/%s", dir, entries[i]->d_name) < 0) {
			path = NULL;
			rc = ws_error(err, -ENOMEM, "out of memory");
		}
		if (rc == 0 && lstat(path, &st) == 0 && S_ISDIR(st.st_mode))
			found[n_found++] = path;
		else
			free(path);
		free(entries[i]);
	}
	free(entries);
	if (rc) {
		free_paths(found, found ? n_found : 0);
		return rc;
	}
	*paths = found;
	*n_paths = n_found;
	return 0;
}

/* What is in a directory; NOTHING if it cannot be opened. */
enum content {
	NOTHING,
	OF_ANYWHERE, /* load logs and conditions, which may lie in a campaign's directory by mistake */
	OF_A_RUN,    /* or something that is wrong with one */
};

static enum content content_of(const char *dir, struct ws_inputs *inputs, int *rc)
{
	*rc = ws_inputs_find(dir, inputs, NULL);
	if (*rc)
		return *rc == -ENOENT || *rc == -ENOTDIR || *rc == -EACCES ? NOTHING : OF_A_RUN;
	if (inputs->n || inputs->manifest_path || inputs->overhead_path)
		return OF_A_RUN;
	return ws_inputs_are_some(inputs) ? OF_ANYWHERE : NOTHING;
}

/*
 * The path of a run below dir, the first by name; the caller's, to be freed. NULL: there is none that can be seen.
 * Returns 0 or -ENOMEM.
 */
static int find_run_below(const char *dir, int depth, char **run)
{
	char **paths;
	int n, rc;

	*run = NULL;
	if (depth == DEPTH_MAX)
		return 0;
	rc = list_below(dir, &paths, &n, NULL);
	if (rc)
		return rc == -ENOMEM ? rc : 0;
	for (int i = 0; i < n && rc == 0 && !*run; i++) {
		struct ws_inputs inputs = { 0 };
		const enum content content = content_of(paths[i], &inputs, &rc);

		rc = rc == -ENOMEM ? rc : 0;
		if (rc == 0 && content == NOTHING)
			rc = find_run_below(paths[i], depth + 1, run);
		else if (rc == 0 && !(*run = strdup(paths[i])))
			rc = -ENOMEM;
		ws_inputs_free(&inputs);
	}
	free_paths(paths, n);
	return rc;
}

struct walk {
	const struct ws_runs_visitor *visitor;
	uint32_t *n_runs;
	struct ws_error *err;
};

/* Is the directory a campaign in spite of its files? Then they are told. Returns 1, 0, or -ENOMEM. */
static int tell_strays(const struct walk *w, const char *dir, int depth, const struct ws_inputs *inputs)
{
	char *run;
	int rc = find_run_below(dir, depth, &run);

	if (rc == 0 && run && w->visitor->stray) {
		for (uint32_t i = 0; i < inputs->n_logs; i++)
			w->visitor->stray(w->visitor->context, dir, inputs->log[i].path, run);
		if (inputs->conditions_path)
			w->visitor->stray(w->visitor->context, dir, inputs->conditions_path, run);
	}
	rc = rc ? rc : run != NULL;
	free(run);
	return rc;
}

static int visit_below(const struct walk *w, const char *dir, int depth)
{
	struct ws_inputs inputs = { 0 };
	char **paths;
	int n, rc;
	enum content content = content_of(dir, &inputs, &rc);

	if (content == OF_ANYWHERE) {
		rc = tell_strays(w, dir, depth, &inputs);
		content = rc == 1 ? NOTHING : content;
		rc = rc == 1 ? 0 : rc;
	}
	ws_inputs_free(&inputs);
	if (rc == -ENOMEM)
		return ws_error(w->err, rc, "%s: out of memory", dir);
	if (content != NOTHING) {
		w->visitor->run(w->visitor->context, dir);
		(*w->n_runs)++;
		return 0;
	}
	if (rc)
		return ws_error(w->err, rc, "%s: cannot open: %s", dir, strerror(-rc));
	if (depth == DEPTH_MAX)
		return 0;
	rc = list_below(dir, &paths, &n, w->err);
	if (rc)
		return rc;
	for (int i = 0; rc == 0 && i < n; i++)
		rc = visit_below(w, paths[i], depth + 1);
	free_paths(paths, n);
	return rc;
}

int ws_runs_visit(const char *dir, const struct ws_runs_visitor *visitor, uint32_t *n_runs, struct ws_error *err)
{
	const struct walk w = { visitor, n_runs, err };

	*n_runs = 0;
	return visit_below(&w, dir, 0);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * collect_containers - asks each container runtime which containers run, and for each what it is. The ids come out of a
 * program: only plain ones become arguments and names of files.
 */
#include <ctype.h>
#include <errno.h>
#include <jansson.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "capture/collect/collection.h"

#define LIST_BYTES (256ull << 20)

enum shape {
	SHAPE_LINES,	  /* an id a line */
	SHAPE_CONTAINERS, /* {"containers": [{"id": ...}]} */
	SHAPE_SANDBOXES,  /* {"items": [{"id": ...}]} */
};

/* A list of a runtime's, and what asks for one of it. */
struct runtime_list {
	const char *kind;
	const char *name;
	enum shape shape;
	const char *list[8];
	const char *inspect[6]; /* the id comes behind it */
};

static const struct runtime_list lists[] = {
	{ "crictl", "crictl-ps", SHAPE_CONTAINERS, { "crictl", "ps", "-o", "json" }, { "crictl", "inspect" } },
	{ "crictl", "crictl-pods", SHAPE_SANDBOXES, { "crictl", "pods", "-o", "json" }, { "crictl", "inspectp" } },
	{ "docker", "docker-ps", SHAPE_LINES, { "docker", "ps", "--no-trunc", "-q" }, { "docker", "inspect" } },
	{ "nerdctl",
	  "nerdctl-ps",
	  SHAPE_LINES,
	  { "nerdctl", "--namespace", "k8s.io", "ps", "--no-trunc", "-q" },
	  { "nerdctl", "--namespace", "k8s.io", "inspect" } },
};

#define N_LISTS (sizeof(lists) / sizeof(lists[0]))

static int ask_for_list(struct ws_collection *c, const struct runtime_list *list, const struct ws_source_kind *kind,
			struct ws_error *err)
{
	const struct ws_question question = {
		.kind = kind,
		.name = list->name,
		.argv = list->list,
		.netns = c->o->netns,
		.max_bytes = LIST_BYTES,
		.mode = 0600,
	};

	return ws_collection_add(c, &question, err);
}

/* Environments of containers are in the answer, and with them often passwords: only its owner may read it. */
static int ask_for_one(struct ws_collection *c, const struct runtime_list *list, const struct ws_source_kind *kind,
		       const char *id, struct ws_error *err)
{
	const char *argv[sizeof(list->inspect) / sizeof(list->inspect[0]) + 2];
	char name[256], file[256];
	const struct ws_question question = {
		.kind = kind,
		.name = name,
		.file = file,
		.argv = argv,
		.netns = c->o->netns,
		.max_bytes = WS_COLLECTION_ITEM_BYTES,
		.mode = 0600,
	};
	int n = 0;

	for (; list->inspect[n]; n++)
		argv[n] = list->inspect[n];
	argv[n++] = id;
	argv[n] = NULL;
	snprintf(name, sizeof(name), "%s-%s", list->kind, id);
	snprintf(file, sizeof(file), "%s-%s.json", list->kind, id);
	return ws_collection_add(c, &question, err);
}

/* Text without a NUL in it, or NULL. */
static const char *whole_text(const json_t *value)
{
	const char *text = json_string_value(value);

	return text && strlen(text) == json_string_length(value) ? text : NULL;
}

/* Adds a question for each id in a runtime's JSON; others than plain ids are counted. */
static int ask_for_json(struct ws_collection *c, const struct runtime_list *list, const struct ws_source_kind *kind,
			const char *path, uint32_t *n_asked, uint32_t *n_refused, struct ws_error *err)
{
	json_t *document = json_load_file(path, JSON_ALLOW_NUL, NULL), *item;
	const char *key = list->shape == SHAPE_CONTAINERS ? "containers" : "items";
	size_t i;
	int rc = 0;

	if (!document)
		++*n_refused;
	json_array_foreach(json_object_get(document, key), i, item)
	{
		const char *id = whole_text(json_object_get(item, "id"));
		const char *state = json_string_value(json_object_get(item, "state"));

		if (rc)
			break;
		if (state && strcmp(state, "SANDBOX_NOTREADY") == 0)
			continue;
		if (!id || !ws_collection_id_is_safe(id) || *n_asked == WS_COLLECTION_ITEMS_MAX) {
			++*n_refused;
			continue;
		}
		rc = ask_for_one(c, list, kind, id, err);
		++*n_asked;
	}
	json_decref(document);
	return rc;
}

/* The same for a list of lines. */
static int ask_for_lines(struct ws_collection *c, const struct runtime_list *list, const struct ws_source_kind *kind,
			 const char *path, uint32_t *n_asked, uint32_t *n_refused, struct ws_error *err)
{
	FILE *file = fopen(path, "re");
	char *line = NULL;
	size_t room = 0;
	ssize_t n;
	int rc = 0;

	if (!file)
		return ws_error(err, -errno, "%s: cannot be read: %s", path, strerror(errno));
	while (rc == 0 && (n = getline(&line, &room, file)) >= 0) {
		while (n && isspace((unsigned char)line[n - 1]))
			line[--n] = '\0';
		if (!n)
			continue;
		if (strlen(line) != (size_t)n || !ws_collection_id_is_safe(line) ||
		    *n_asked == WS_COLLECTION_ITEMS_MAX) {
			++*n_refused;
			continue;
		}
		rc = ask_for_one(c, list, kind, line, err);
		++*n_asked;
	}
	free(line);
	fclose(file);
	return rc;
}

/* Reads the list that source number i has printed, and asks for what is in it. */
static int read_list(struct ws_collection *c, uint32_t i, struct ws_error *err)
{
	const struct ws_source_kind *kind = c->source[i].kind;
	const struct runtime_list *list = NULL;
	uint32_t n_asked = 0, n_refused = 0;
	char path[PATH_MAX];
	int rc;

	for (size_t k = 0; k < N_LISTS; k++)
		if (strcmp(c->source[i].name, lists[k].name) == 0)
			list = &lists[k];
	if (!list || c->source[i].result.status != WS_COMMAND_OK)
		return 0;
	snprintf(path, sizeof(path), "%s", c->source[i].path); /* the sources move when one is added */
	rc = (list->shape == SHAPE_LINES ? ask_for_lines : ask_for_json)(c, list, kind, path, &n_asked, &n_refused,
									 err);
	unlink(path);
	if (n_refused)
		snprintf(c->source[i].result.words, sizeof(c->source[i].result.words),
			 "%u of what %s lists left out: no JSON, no plain ids, or more than %u", n_refused,
			 list->list[0], WS_COLLECTION_ITEMS_MAX);
	return rc;
}

int ws_collect_containers(struct ws_collection *c, struct ws_error *err)
{
	const uint32_t first = c->n_sources;
	int rc = 0;

	for (size_t k = 0; rc == 0 && k < N_LISTS; k++) {
		const struct ws_source_kind *kind = ws_source_kind_find(lists[k].kind, strlen(lists[k].kind));

		if (ws_collection_wants(c, kind))
			rc = ask_for_list(c, &lists[k], kind, err);
	}
	if (rc == 0)
		rc = ws_collection_run(c, err);
	for (uint32_t i = first, end = c->n_sources; i < end; i++) {
		if (rc == 0)
			rc = read_list(c, i, err);
		else if (c->source[i].path)
			unlink(c->source[i].path);
	}
	return rc ? rc : ws_collection_run(c, err);
}

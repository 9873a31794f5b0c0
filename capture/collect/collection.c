/* SPDX-License-Identifier: BSD-2-Clause */
/* collection - see the header. snapshot.json is collection_index.c. */
#include "capture/collect/collection.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "capture/clock.h"

bool ws_collection_wants(const struct ws_collection *c, const struct ws_source_kind *kind)
{
	const size_t n = strlen(kind->name);

	for (const char *word = c->o->only; word; word = strchr(word, ',')) {
		word += *word == ',';
		if (strncmp(word, kind->name, n) == 0 && (word[n] == ',' || !word[n]))
			return true;
	}
	return !c->o->only;
}

bool ws_collection_id_is_safe(const char *id)
{
	size_t n = strlen(id);

	if (!n || n > 200 || !isalnum((unsigned char)id[0]))
		return false;
	for (; *id; id++)
		if (!isalnum((unsigned char)*id) && *id != '-' && *id != '_')
			return false;
	return true;
}

int ws_collection_path(const struct ws_collection *c, const char *file, char *path, size_t room, struct ws_error *err)
{
	int n = snprintf(path, room, "%s/%s", c->dir, file);

	if (n >= 0 && (size_t)n < room)
		return 0;
	return ws_error(err, -ENAMETOOLONG, "%s/%s: the path is too long", c->dir, file);
}

/* A new source of the collection's, all zero but for kind and name. */
static int new_source(struct ws_collection *c, const struct ws_source_kind *kind, const char *name,
		      struct ws_source **source, struct ws_error *err)
{
	if (c->n_sources == c->n_room) {
		uint32_t n_room = c->n_room ? 2 * c->n_room : 64;
		struct ws_source *more = realloc(c->source, n_room * sizeof(*more));

		if (!more)
			return ws_error(err, -ENOMEM, "out of memory");
		c->source = more;
		c->n_room = n_room;
	}
	*source = &c->source[c->n_sources];
	memset(*source, 0, sizeof(**source));
	(*source)->kind = kind;
	(*source)->name = strdup(name ? name : kind->name);
	c->n_sources++;
	return (*source)->name ? 0 : ws_error(err, -ENOMEM, "out of memory");
}

static int set_files(const struct ws_collection *c, struct ws_source *source, const char *file, struct ws_error *err)
{
	const char *node = source->kind->is_of_node ? c->o->node : "";
	const char *in = source->kind->is_of_node ? "node/" : "", *slash = source->kind->is_of_node ? "/" : "";
	int n;

	/* two nodes' collectors may work in one directory, but not two of one node */
	if (file)
		n = asprintf(&source->file, "%s%s%s%s", in, node, slash, file);
	else
		n = asprintf(&source->file, "%s%s%s.%s.answer", in, node, slash, source->name);
	if (n < 0) {
		source->file = NULL;
		return ws_error(err, -ENOMEM, "out of memory");
	}
	if (asprintf(&source->path, "%s/%s%s%s", c->dir, source->file, file ? "" : ".", file ? "" : c->o->node) < 0)
		source->path = NULL;
	if (asprintf(&source->part_path, "%s/%s.%s.part", c->dir, source->file, c->o->node) < 0)
		source->part_path = NULL;
	if (!file)
		source->file[0] = '\0';
	return source->path && source->part_path ? 0 : ws_error(err, -ENOMEM, "out of memory");
}

int ws_collection_add(struct ws_collection *c, const struct ws_question *question, struct ws_error *err)
{
	struct ws_source *source = NULL;
	int rc = new_source(c, question->kind, question->name, &source, err);

	if (rc)
		return rc;
	source->netns = question->netns;
	source->max_bytes = question->max_bytes;
	source->mode = question->mode;
	for (int i = 0; question->argv[i]; i++) {
		if (i == WS_COLLECTION_ARGV_MAX)
			return ws_error(err, -E2BIG, "%s: too many arguments", question->argv[0]);
		source->argv[i] = strdup(question->argv[i]);
		if (!source->argv[i])
			return ws_error(err, -ENOMEM, "out of memory");
	}
	return set_files(c, source, question->file, err);
}

int ws_collection_skip(struct ws_collection *c, const struct ws_source_kind *kind, const char *words,
		       struct ws_error *err)
{
	struct ws_source *source = NULL;
	int rc = new_source(c, kind, NULL, &source, err);

	if (rc)
		return rc;
	source->is_done = source->is_skipped = true;
	source->result.exit_status = -1;
	snprintf(source->result.words, sizeof(source->result.words), "%s", words);
	return 0;
}

int ws_collection_note_copy(struct ws_collection *c, const struct ws_source_kind *kind, const char *file,
			    const char *origin, enum ws_command_status status, uint64_t n_bytes, const char *words,
			    struct ws_error *err)
{
	struct ws_source *source = NULL;
	int rc = new_source(c, kind, file, &source, err);

	if (rc)
		return rc;
	source->is_done = true;
	source->asked_realtime_ns = ws_clock_ns(CLOCK_REALTIME);
	source->file = strdup(file);
	source->argv[0] = strdup("cp");
	source->argv[1] = strdup(origin);
	source->result.status = status;
	source->result.exit_status = status == WS_COMMAND_OK ? 0 : 1;
	source->result.n_bytes = n_bytes;
	snprintf(source->result.words, sizeof(source->result.words), "%s", words);
	return source->file && source->argv[0] && source->argv[1] ? 0 : ws_error(err, -ENOMEM, "out of memory");
}

int ws_collection_run(struct ws_collection *c, struct ws_error *err)
{
	struct ws_command *command = calloc(c->n_sources ? c->n_sources : 1, sizeof(*command));
	uint64_t realtime_ns = ws_clock_ns(CLOCK_REALTIME), boottime_ns = ws_clock_ns(CLOCK_BOOTTIME);
	uint32_t n = 0;
	int rc;

	if (!command)
		return ws_error(err, -ENOMEM, "out of memory");
	for (uint32_t i = 0; i < c->n_sources; i++) {
		const struct ws_source *source = &c->source[i];

		if (source->is_done)
			continue;
		command[n++] = (struct ws_command) {
			.argv = (const char *const *)source->argv,
			.path = source->path,
			.part_path = source->part_path,
			.netns = source->netns,
			.mode = source->mode,
			.timeout_ns = (uint64_t)c->o->timeout_s * 1000000000u,
			.max_bytes = source->max_bytes,
		};
	}
	rc = ws_commands_run(command, n, c->o->stop, err);
	n = 0;
	for (uint32_t i = 0; i < c->n_sources; i++) {
		struct ws_source *source = &c->source[i];

		if (source->is_done)
			continue;
		source->result = command[n++];
		source->asked_realtime_ns = realtime_ns;
		source->asked_boottime_ns = boottime_ns;
		source->is_done = true;
	}
	free(command);
	if (rc == 0 && c->o->stop && *c->o->stop)
		rc = ws_error(err, -EINTR, "interrupted");
	return rc;
}

void ws_collection_close(struct ws_collection *c)
{
	for (uint32_t i = 0; i < c->n_sources; i++) {
		free(c->source[i].name);
		free(c->source[i].file);
		free(c->source[i].path);
		free(c->source[i].part_path);
		for (int k = 0; c->source[i].argv[k]; k++)
			free(c->source[i].argv[k]);
	}
	free(c->source);
	free(c->dir);
	*c = (struct ws_collection) { 0 };
}

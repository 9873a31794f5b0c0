/* SPDX-License-Identifier: BSD-2-Clause */
/* atlas - see atlas.h: which runs, points and clocks there are. */
#include "analyze/mesh/atlas.h"

#include <errno.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/mesh/atlas_inner.h"
#include "analyze/mesh/far_trace.h"
#include "analyze/mesh/traces_inner.h"
#include "analyze/origin.h"
#include "analyze/query.h"
#include "analyze/text_pool.h"

static int out_of_memory(struct ws_error *err)
{
	return ws_error(err, -ENOMEM, "out of memory");
}

int ws_atlas_node(struct ws_atlas *atlas, const char *name, uint32_t *index)
{
	char **grown, *copy;
	uint32_t i = 0;

	while (i < atlas->n_nodes && strcmp(atlas->node[i], name))
		i++;
	if (i == atlas->n_nodes) {
		grown = realloc(atlas->node, ((size_t)i + 1) * sizeof(*grown));
		if (!grown)
			return -ENOMEM;
		atlas->node = grown;
		copy = strdup(name);
		if (!copy)
			return -ENOMEM;
		grown[atlas->n_nodes++] = copy;
	}
	*index = i;
	return 0;
}

/* What a run is called in the atlas: its directory below the campaign's. */
static const char *name_of(const char *campaign, const char *dir)
{
	size_t n = strlen(campaign);

	return dir[n] ? dir + n + strspn(dir + n, "/") : "";
}

/* What the point table says of one point. */
struct point_facts {
	char *node;
	char *pod;
	char *interface;
};

static int take_point(sqlite3_stmt *row, void *context)
{
	struct point_facts *facts = context;

	facts->node = strdup(ws_query_text(row, 0));
	facts->pod = strdup(ws_query_text(row, 1));
	facts->interface = strdup(ws_query_text(row, 2));
	return facts->node && facts->pod && facts->interface ? 0 : -ENOMEM;
}

static void free_facts(struct point_facts *facts)
{
	free(facts->node);
	free(facts->pod);
	free(facts->interface);
}

/* Differences of the clocks, to be sorted. */
struct offsets {
	int64_t *at_ns;
	size_t n;
	size_t room;
};

static int take_clock_pair(sqlite3_stmt *row, void *context)
{
	struct offsets *offsets = context;

	if (offsets->n == offsets->room) {
		size_t room = offsets->room ? 2 * offsets->room : 256;
		int64_t *grown = realloc(offsets->at_ns, room * sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		offsets->at_ns = grown;
		offsets->room = room;
	}
	offsets->at_ns[offsets->n++] =
		(int64_t)((uint64_t)sqlite3_column_int64(row, 1) - (uint64_t)sqlite3_column_int64(row, 0));
	return 0;
}

static int compare_int64(const void *a, const void *b)
{
	int64_t left = *(const int64_t *)a, right = *(const int64_t *)b;

	return (left > right) - (left < right);
}

/*
 * The offset of CLOCK_REALTIME over CLOCK_MONOTONIC on a node: the median of all readings of the run's files there, so
 * that one offset serves them all and their stamps keep their differences. A clock that was set in the middle of the
 * run has no such offset; the side with more readings wins.
 */
static int monotonic_offset(struct ws_store *store, const char *node, int64_t *offset_ns, struct ws_error *err)
{
	static const char query[] = "SELECT monotonic_ns, realtime_ns FROM clock_pair JOIN file USING (file_id)"
				    " JOIN point USING (point_id) WHERE source = 'ebpf' AND coalesce(node, '') = ";
	struct offsets offsets = { 0 };
	char *text = sqlite3_mprintf("%s%Q", query, node);
	int rc = text ? ws_query_each(store, text, 0, "its clock readings", take_clock_pair, &offsets, err)
		      : out_of_memory(err);

	if (!rc) {
		qsort(offsets.at_ns, offsets.n, sizeof(*offsets.at_ns), compare_int64);
		*offset_ns = offsets.n ? offsets.at_ns[offsets.n / 2] : 0;
	}
	sqlite3_free(text);
	free(offsets.at_ns);
	return rc;
}

/* A stamp moved by an offset; unknown ends of a window stay unknown. */
static int64_t moved(int64_t ts_ns, int64_t offset_ns)
{
	return ts_ns == INT64_MIN || ts_ns == INT64_MAX ? ts_ns : (int64_t)((uint64_t)ts_ns + (uint64_t)offset_ns);
}

/* Adds the point of a file. The texts of facts are taken over. */
static int add_point(struct ws_atlas *atlas, const char *run, const struct ws_file *file, struct point_facts *facts,
		     int64_t offset_ns)
{
	struct ws_atlas_point *grown = realloc(atlas->point, ((size_t)atlas->n_points + 1) * sizeof(*grown)), *point;
	const char *slash = strrchr(run, '/');
	const char *node = *facts->node ? facts->node : *run ? (slash ? slash + 1 : run) : "this node";

	if (!grown)
		return -ENOMEM;
	atlas->point = grown;
	point = &grown[atlas->n_points];
	*point = (struct ws_atlas_point) {
		.run = strdup(run),
		.name = strdup(file->point),
		.pod = facts->pod,
		.interface = facts->interface,
		.source = file->source,
		.role = file->role,
		.first_ns = moved(file->first_ns, offset_ns),
		.last_ns = moved(file->last_ns, offset_ns),
		.has_responses = file->n_responses > 0,
		.n_lost = ws_tallies_sum(&file->losses) + ws_file_n_unread(file),
	};
	facts->pod = facts->interface = NULL;
	atlas->n_points++;
	if (!point->run || !point->name)
		return -ENOMEM;
	return ws_atlas_node(atlas, node, &point->node);
}

/* Is there a file of eBPF's at the same point, which is asked for? */
static bool is_seen_better(const struct ws_catalog *catalog, const struct ws_file *file,
			   const struct ws_invocation *invocation)
{
	for (uint32_t i = 0; i < catalog->n_files && file->source != WS_SOURCE_EBPF; i++) {
		const struct ws_file *other = &catalog->file[i];

		if (other->source == WS_SOURCE_EBPF && invocation->source[WS_SOURCE_EBPF] &&
		    !strcmp(other->point, file->point))
			return true;
	}
	return false;
}

static int add_file(struct ws_atlas *atlas, struct ws_atlas_run *run, const char *name, const struct ws_file *file,
		    struct ws_error *err)
{
	struct point_facts facts = { 0 };
	int64_t offset_ns = 0;
	int rc = ws_query_each(run->store,
			       "SELECT node, pod, interface FROM point JOIN file USING (point_id) WHERE file_id = ?",
			       file->file_id, "its points", take_point, &facts, err);

	if (!rc && !facts.node)
		rc = ws_error(err, -EPROTO, "%s: a file has no point: remove the file and run ingest again",
			      ws_store_path(run->store));
	if (!rc && file->source == WS_SOURCE_EBPF)
		rc = monotonic_offset(run->store, facts.node, &offset_ns, err);
	if (!rc) {
		run->file[run->n_files++] = (struct ws_atlas_file) {
			.file_id = file->file_id, .point = atlas->n_points, .offset_ns = offset_ns, .file = file
		};
		if (add_point(atlas, name, file, &facts, offset_ns))
			rc = out_of_memory(err);
	}
	free_facts(&facts);
	return rc;
}

static int read_run(struct ws_atlas *atlas, struct ws_atlas_run *run, const char *dir,
		    const struct ws_invocation *invocation, const struct ws_atlas_wanted *wanted, struct ws_error *err)
{
	int rc = ws_store_open_from(&invocation->origin, dir, &run->store, err);

	rc = rc ? rc : ws_store_catalog(run->store, &run->catalog, err);
	if (rc)
		return rc;
	run->file = calloc((size_t)run->catalog.n_files + 1, sizeof(*run->file));
	if (!run->file)
		return out_of_memory(err);
	for (uint32_t i = 0; i < run->catalog.n_files && !rc; i++) {
		const struct ws_file *file = &run->catalog.file[i];

		if (invocation->source[file->source] && !is_seen_better(&run->catalog, file, invocation))
			rc = add_file(atlas, run, name_of(invocation->dir, dir), file, err);
	}
	rc = rc ? rc : ws_owners_read(run->store, &atlas->owners, err);
	if (!rc && !wanted->traces && ws_store_far(run->store))
		rc = ws_far_trace(atlas, run, err);
	rc = rc ? rc : ws_roster_open(run->store, &atlas->tuples, &run->roster, err);
	if (!rc)
		rc = wanted->traces ? ws_traces_read(wanted->traces, atlas, run, err)
				    : ws_atlas_read_passages(atlas, run, err);
	return rc ? rc : ws_atlas_read_mesh(atlas, run, !wanted->without_spans, err);
}

static void close_run(struct ws_atlas_run *run)
{
	ws_roster_close(&run->roster);
	ws_catalog_close(&run->catalog);
	ws_store_close(run->store);
	free(run->file);
	free(run->reversed);
	free(run->of_trace);
}

static int compare_passages(const void *a, const void *b)
{
	const struct ws_passage *left = a, *right = b;

	if (left->realtime_ns != right->realtime_ns)
		return left->realtime_ns < right->realtime_ns ? -1 : 1;
	if (left->point != right->point)
		return left->point < right->point ? -1 : 1;
	if (left->identity.seq != right->identity.seq)
		return left->identity.seq < right->identity.seq ? -1 : 1;
	return memcmp(&left->identity, &right->identity, sizeof(left->identity));
}

int ws_atlas_open(const struct ws_invocation *invocation, const struct ws_atlas_wanted *wanted, struct ws_atlas *atlas,
		  struct ws_error *err)
{
	struct ws_directories found = { 0 };
	struct ws_atlas made = { 0 };
	int rc = ws_origin_find(&invocation->origin, invocation->dir, &found, err);

	if (wanted->trace_id) {
		memcpy(made.trace_id, wanted->trace_id, wanted->trace_id_len);
		made.trace_id_len = wanted->trace_id_len;
	}
	if (!rc && !found.n_runs)
		rc = ws_error(err, -ENOENT, "%s: no run.db in it or below it: run `ingest --dir %s` first",
			      invocation->dir, invocation->dir);
	for (uint32_t i = 0; i < found.n_runs && !rc; i++) {
		struct ws_atlas_run run = { 0 };

		rc = read_run(&made, &run, found.run[i], invocation, wanted, err);
		close_run(&run);
	}
	made.unloaded = found.unloaded;
	made.n_unloaded = found.n_unloaded;
	found.unloaded = NULL;
	found.n_unloaded = 0;
	ws_directories_close(&found);
	if (rc) {
		ws_atlas_close(&made);
		return rc;
	}
	if (made.n_passages)
		qsort(made.passage, made.n_passages, sizeof(*made.passage), compare_passages);
	ws_atlas_settle_mesh(&made);
	*atlas = made;
	return 0;
}

void ws_atlas_close(struct ws_atlas *atlas)
{
	if (!atlas)
		return;
	for (uint32_t i = 0; i < atlas->n_points; i++) {
		free(atlas->point[i].run);
		free(atlas->point[i].name);
		free(atlas->point[i].pod);
		free(atlas->point[i].interface);
	}
	for (uint32_t i = 0; i < atlas->n_nodes; i++)
		free(atlas->node[i]);
	for (uint32_t i = 0; i < atlas->n_unloaded; i++)
		free(atlas->unloaded[i]);
	free(atlas->point);
	free(atlas->node);
	free(atlas->unloaded);
	free(atlas->passage);
	ws_tuples_close(&atlas->tuples);
	ws_owners_close(&atlas->owners);
	free(atlas->span);
	free(atlas->claim);
	free(atlas->clock_word);
	ws_text_pool_close(atlas->texts);
	*atlas = (struct ws_atlas) { 0 };
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* study - see study.h. */
#include "analyze/study.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/absence.h"
#include "analyze/background.h"
#include "analyze/bulk.h"
#include "analyze/collector.h"
#include "analyze/store.h"

_Static_assert((int)WS_ROLE_NIC == (int)WS_SIDE_NIC && (int)WS_ROLE_VPORT == (int)WS_SIDE_VPORT,
	       "roles begin with the sides");

static int compare_texts(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static uint32_t find_node(const struct ws_study *study, const char *name)
{
	const char **found = bsearch(&name, study->node, study->n_nodes, sizeof(*study->node), compare_texts);

	return found ? (uint32_t)(found - study->node) : 0;
}

/*
 * Lists the nodes, and says of every file when and at which of them it was recorded. Points of which the node is not
 * known are those of one node: the only one that is known, if it is only one.
 */
static void find_nodes(struct ws_study *study)
{
	uint32_t n = study->catalog.n_files, n_different = 0;

	for (uint32_t i = 0; i < n; i++)
		study->node[i] = study->catalog.file[i].node;
	qsort(study->node, n, sizeof(*study->node), compare_texts);
	for (uint32_t i = 0; i < n; i++) {
		if (!i || strcmp(study->node[i], study->node[n_different - 1]))
			study->node[n_different++] = study->node[i];
	}
	if (n_different == 2 && !*study->node[0]) {
		study->node[0] = study->node[1];
		n_different = 1;
	}
	study->n_nodes = n_different;
	for (uint32_t i = 0; i < n; i++) {
		const struct ws_file *file = &study->catalog.file[i];

		study->vantage[i] = (struct ws_vantage) { file->first_ns, file->last_ns, ws_file_n_unread(file),
							  find_node(study, file->node) };
	}
}

static bool watches_node(const struct ws_study *study, const struct ws_view *view, enum ws_side side, uint32_t node)
{
	const struct ws_vantage *vantage = &study->vantage[view->file[side] - study->catalog.file];

	for (uint32_t i = 0; i < view->n_files[side]; i++) {
		if (vantage[i].node == node)
			return true;
	}
	return false;
}

/* Finds the files of a source, and whether there is a node with both a NIC and a vport among them. */
static void find_files(const struct ws_study *study, enum ws_source source, struct ws_view *view)
{
	bool is_complete = false;

	for (uint32_t i = 0; i < study->catalog.n_files; i++) {
		const struct ws_file *file = &study->catalog.file[i];

		if (file->source != source || !study->wanted[i])
			continue;
		view->present = true;
		if (file->role == WS_ROLE_OTHER)
			continue;
		if (!view->n_files[file->role]++)
			view->file[file->role] = file;
	}
	for (int side = 0; side < WS_N_SIDES; side++) {
		if (!view->file[side] && view->present && !*view->why)
			snprintf(view->why, sizeof(view->why), "no %s file of a point with the role %s was loaded",
				 ws_source_name(source), ws_side_name(side));
	}
	for (uint32_t node = 0; node < study->n_nodes && view->file[0] && view->file[1]; node++)
		is_complete |= watches_node(study, view, 0, node) && watches_node(study, view, 1, node);
	if (!is_complete && view->present && !*view->why)
		snprintf(view->why, sizeof(view->why),
			 "no node has both a NIC and a vport among the %s files that were loaded",
			 ws_source_name(source));
}

/* Puts the sightings of several files of a side into one block, by node and file. */
static int gather(struct ws_study *study, const struct ws_view *view, enum ws_side side, struct ws_sighting **block,
		  uint32_t *n)
{
	uint32_t first = (uint32_t)(view->file[side] - study->catalog.file), end = first + view->n_files[side];
	uint64_t n_all = 0;

	for (uint32_t f = first; f < end; f++)
		n_all += study->sightings[f].n;
	if (n_all > UINT32_MAX / 2)
		return -EOVERFLOW;
	*block = malloc((n_all + 1) * sizeof(**block));
	if (!*block)
		return -ENOMEM;
	*n = 0;
	for (uint32_t node = 0; node < study->n_nodes; node++) {
		for (uint32_t f = first; f < end; f++) {
			struct ws_sightings *list = &study->sightings[f];

			if (study->vantage[f].node != node)
				continue;
			if (list->n)
				memcpy(*block + *n, list->at, list->n * sizeof(**block));
			free(list->at);
			list->at = *block + *n;
			*n += list->n;
		}
	}
	return 0;
}

static int side_view(struct ws_study *study, enum ws_source source, enum ws_side side, struct ws_side_view *made)
{
	const struct ws_view *view = &study->view[source];
	uint32_t first = (uint32_t)(view->file[side] - study->catalog.file);

	*made = (struct ws_side_view) {
		.at = study->sightings[first].at,
		.n = study->sightings[first].n,
		.vantage = &study->vantage[first],
		.n_vantages = view->n_files[side],
		.first_file = first,
	};
	if (view->n_files[side] > 1) {
		int rc = gather(study, view, side, &study->block[source][side], &made->n);

		made->at = study->block[source][side];
		return rc;
	}
	return 0;
}

static int join(struct ws_study *study, enum ws_source source, struct ws_error *err)
{
	struct ws_view *view = &study->view[source];
	struct ws_side_view side[WS_N_SIDES];
	int rc = 0;

	if (!view->present || *view->why)
		return 0;
	for (int i = 0; i < WS_N_SIDES && !rc; i++)
		rc = side_view(study, source, i, &side[i]);
	rc = rc ? rc : ws_join_open(&side[WS_SIDE_NIC], &side[WS_SIDE_VPORT], &view->join);
	view->joined = !rc;
	rc = rc ? rc : ws_absence_explain(study, source);
	return rc ? ws_error(err, rc, "cannot join the points: %s", strerror(-rc)) : 0;
}

/* Takes out contexts of another family than the one that was asked for. */
static void keep_family(const struct ws_file *file, const char *name, struct ws_sightings *sightings)
{
	uint8_t family = ws_file_family(file, name);

	for (uint32_t i = 0; i < sightings->n; i++) {
		struct ws_sighting *s = &sightings->at[i];

		if (s->reason != WS_REASON_CONTEXT || (s->family == family && family != WS_FAMILY_NONE))
			continue;
		s->reason = WS_REASON_OTHER_FAMILY;
		s->ids_end_off = WS_NEVER;
	}
}

/* Frees the blocks; the files' sightings that lie in them are theirs no more. */
static void close_blocks(struct ws_study *study, enum ws_source source)
{
	for (int side = 0; side < WS_N_SIDES; side++) {
		const struct ws_view *view = &study->view[source];

		if (!study->block[source][side])
			continue;
		for (uint32_t i = 0; i < view->n_files[side]; i++)
			study->sightings[view->file[side] - study->catalog.file + i].at = NULL;
		free(study->block[source][side]);
		study->block[source][side] = NULL;
	}
}

/* Frees the sightings, and the joins, which point into them. */
static void forget(struct ws_study *study)
{
	for (int source = 0; source < WS_N_SOURCES; source++) {
		ws_join_close(&study->view[source].join);
		close_blocks(study, source);
	}
	for (uint32_t i = 0; i < study->catalog.n_files && study->sightings; i++)
		ws_sightings_close(&study->sightings[i]);
	ws_tuples_close(&study->tuples);
}

/* The sightings of a file, as its catalog entry tells their number, which is only a guess. */
static uint64_t bytes_of(const struct ws_file *file)
{
	const uint64_t row_bytes = sizeof(struct ws_sighting) + sizeof(struct ws_place);

	return file->n_requests < UINT32_MAX ? file->n_requests * row_bytes : UINT32_MAX * row_bytes;
}

static uint64_t bytes_of_all(const struct ws_study *study)
{
	uint64_t bytes = 0;

	for (uint32_t i = 0; i < study->catalog.n_files; i++)
		bytes += bytes_of(&study->catalog.file[i]);
	return bytes;
}

/* Chooses all files at a file's point, unless they cost more than is left. Returns what they cost. */
static uint64_t choose_point(struct ws_study *study, uint32_t file, uint64_t left_bytes)
{
	const struct ws_catalog *catalog = &study->catalog;
	uint64_t bytes = 0;

	for (uint32_t i = 0; i < catalog->n_files; i++)
		bytes += strcmp(catalog->file[i].point, catalog->file[file].point) ? 0 : bytes_of(&catalog->file[i]);
	if (bytes > left_bytes)
		return 0;
	for (uint32_t i = 0; i < catalog->n_files; i++)
		study->shown[i] |= !strcmp(catalog->file[i].point, catalog->file[file].point);
	return bytes;
}

int ws_study_show(struct ws_study *study, uint32_t file, struct ws_error *err)
{
	const uint32_t n = study->catalog.n_files;
	uint64_t bytes;
	int rc;

	if (!study->store || study->shown[file])
		return 0;
	forget(study);
	memset(study->shown, 0, n * sizeof(*study->shown));
	bytes = choose_point(study, file, UINT64_MAX);
	for (uint32_t i = file + 1; i < n && bytes < study->memory_bytes; i++)
		bytes += study->shown[i] ? 0 : choose_point(study, i, study->memory_bytes - bytes);
	rc = ws_collect(study->store, &study->catalog, study->shown, true, &study->tuples, study->sightings, err);
	for (uint32_t i = 0; i < n && study->family && !rc; i++)
		keep_family(&study->catalog.file[i], study->family, &study->sightings[i]);
	return rc;
}

static int load(struct ws_study *study, struct ws_store *store, const struct ws_invocation *invocation,
		enum ws_depth depth, struct ws_error *err)
{
	bool *read, by_point;
	uint32_t n;
	int rc = ws_store_catalog(store, &study->catalog, err);

	study->by = invocation->by;
	rc = rc ? rc : ws_naming_open(store, &study->catalog, &study->naming, err);

	if (!rc && depth == WS_DEPTH_SIGHTINGS)
		rc = ws_background_conditions(store, &study->conditions, err);
	if (rc)
		return rc;
	n = study->catalog.n_files;
	study->sightings = calloc((size_t)n + 1, sizeof(*study->sightings));
	study->wanted = calloc((size_t)n + 1, sizeof(*study->wanted));
	study->node = calloc((size_t)n + 1, sizeof(*study->node));
	study->vantage = calloc((size_t)n + 1, sizeof(*study->vantage));
	read = calloc((size_t)n + 1, sizeof(*read));
	if (!study->sightings || !study->wanted || !study->node || !study->vantage || !read) {
		free(read);
		return ws_error(err, -ENOMEM, "out of memory");
	}
	by_point = depth == WS_DEPTH_SIGHTINGS ||
		   (depth == WS_DEPTH_ALL && bytes_of_all(study) > invocation->memory_bytes);
	for (uint32_t i = 0; i < n; i++) {
		const struct ws_file *file = &study->catalog.file[i];

		study->wanted[i] = invocation->source[file->source];
		/* The join needs two points; all else may look at what another source saw at the same point. */
		read[i] = (depth == WS_DEPTH_ALL && !by_point) || (study->wanted[i] && file->role != WS_ROLE_OTHER);
	}
	find_nodes(study);
	for (int source = 0; source < WS_N_SOURCES; source++)
		find_files(study, source, &study->view[source]);
	if (depth == WS_DEPTH_COUNTS || depth == WS_DEPTH_LATENCIES)
		rc = ws_bulk_join(study, store, read,
				  &(struct ws_bulk_wish) { depth == WS_DEPTH_LATENCIES, invocation->memory_bytes,
							   invocation->family },
				  err);
	if (depth >= WS_DEPTH_JOIN)
		rc = ws_collect(store, &study->catalog, read, depth != WS_DEPTH_JOIN && !by_point, &study->tuples,
				study->sightings, err);
	for (uint32_t i = 0; i < n && invocation->family && !rc; i++)
		keep_family(&study->catalog.file[i], invocation->family, &study->sightings[i]);
	for (int source = 0; source < WS_N_SOURCES && depth >= WS_DEPTH_JOIN && !rc; source++)
		rc = join(study, source, err);
	if (!rc && by_point) {
		study->shown = calloc((size_t)n + 1, sizeof(*study->shown));
		study->family = invocation->family;
		study->memory_bytes = invocation->memory_bytes;
		rc = study->shown ? 0 : ws_error(err, -ENOMEM, "out of memory");
	}
	free(read);
	return rc;
}

int ws_study_open(const struct ws_invocation *invocation, enum ws_depth depth, struct ws_study *study,
		  struct ws_error *err)
{
	struct ws_study made = { 0 };
	struct ws_store *store = NULL;
	int rc = ws_store_open(invocation->dir, &store, err);

	if (rc)
		return rc;
	rc = load(&made, store, invocation, depth, err);
	if (!rc && made.shown)
		made.store = store;
	else
		ws_store_close(store);
	if (rc)
		ws_study_close(&made);
	else
		*study = made;
	return rc;
}

void ws_study_hand_over(struct ws_study *study, struct ws_catalog *catalog, bool **wanted)
{
	for (int source = 0; source < WS_N_SOURCES; source++) {
		for (int way = 0; way < WS_N_WAYS; way++)
			free(study->view[source].latency_ns[way]);
	}
	forget(study);
	free(study->sightings);
	free(study->shown);
	ws_store_close(study->store);
	free(study->node);
	free(study->vantage);
	ws_naming_close(&study->naming);
	ws_conditions_close(&study->conditions);
	*catalog = study->catalog;
	*wanted = study->wanted;
	*study = (struct ws_study) { 0 };
}

void ws_study_close(struct ws_study *study)
{
	struct ws_catalog catalog;
	bool *wanted;

	if (!study)
		return;
	ws_study_hand_over(study, &catalog, &wanted);
	ws_catalog_close(&catalog);
	free(wanted);
}

bool ws_study_has_names(const struct ws_study *study)
{
	bool has_names = ws_naming_is_known(&study->naming);

	for (int source = 0; source < WS_N_SOURCES; source++)
		has_names |= study->view[source].n_files[0] > 1 || study->view[source].n_files[1] > 1;
	return has_names;
}

const char *ws_study_node(const struct ws_study *study, const struct ws_sighting *sighting)
{
	return study->node[study->vantage[sighting->file].node];
}

uint64_t ws_view_n_lost(const struct ws_view *view)
{
	uint64_t n = 0;

	for (int side = 0; side < WS_N_SIDES; side++) {
		for (uint32_t i = 0; i < view->n_files[side]; i++)
			n += ws_tallies_sum(&view->file[side][i].losses);
	}
	return n;
}

int ws_study_check_family(const struct ws_study *study, const struct ws_invocation *invocation, struct ws_error *err)
{
	for (uint32_t i = 0; i < study->catalog.n_files && invocation->family; i++) {
		if (study->wanted[i] && ws_file_family(&study->catalog.file[i], invocation->family))
			return 0;
	}
	return !invocation->family
		       ? 0
		       : ws_error(err, -ENODATA, "%s: --family %s: no file was searched for contexts of this family",
				  invocation->dir, invocation->family);
}

int ws_study_check_files(const struct ws_study *study, const struct ws_invocation *invocation, struct ws_error *err)
{
	if (study->view[WS_SOURCE_EBPF].present || study->view[WS_SOURCE_PCAP].present)
		return 0;
	return ws_error(err, -ENODATA, "%s/run.db: holds no %s: add files and run `ingest --dir %s` again",
			invocation->dir,
			!invocation->one_source		     ? "files"
			: invocation->source[WS_SOURCE_EBPF] ? "ebpf records"
							     : "packet captures",
			invocation->dir);
}

int ws_study_check(const struct ws_study *study, const struct ws_invocation *invocation, struct ws_error *err)
{
	const struct ws_view *view = study->view;

	if (view[WS_SOURCE_EBPF].joined || view[WS_SOURCE_PCAP].joined)
		return 0;
	if (ws_study_check_files(study, invocation, err))
		return -ENODATA;
	return ws_error(err, -ENODATA, "%s/run.db: %s: add the missing file and run `ingest --dir %s` again",
			invocation->dir, view[view[WS_SOURCE_EBPF].present ? WS_SOURCE_EBPF : WS_SOURCE_PCAP].why,
			invocation->dir);
}

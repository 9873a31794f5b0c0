/* SPDX-License-Identifier: BSD-2-Clause */
/* study - see study.h. */
#include "analyze/study.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/background.h"
#include "analyze/bulk.h"
#include "analyze/far_sightings.h"
#include "analyze/far_traces.h"
#include "analyze/harvest.h"
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

/* Which files are read: the join needs two points; all else may look at what another source saw at the same point. */
static void choose_files(const struct ws_study *study, unsigned int needs, bool *read)
{
	for (uint32_t i = 0; i < study->catalog.n_files; i++) {
		const struct ws_file *file = &study->catalog.file[i];

		read[i] = needs & (WS_NEED_SIGHTINGS | WS_NEED_TRACES) ||
			  (study->wanted[i] && file->role != WS_ROLE_OTHER);
	}
}

/* How a run is joined. */
struct joining {
	struct ws_store *store;
	const struct ws_invocation *invocation;
	unsigned int needs;
	const bool *read;
};

/* Opens the harvest, if anything is needed of it, and joins. reads_all: as struct ws_bulk_wish has it. */
static int join(struct ws_study *study, const struct joining *joining, bool reads_all, struct ws_error *err)
{
	const struct ws_invocation *invocation = joining->invocation;
	const unsigned int needs = joining->needs;
	/* trace ids that nobody counted need all rows */
	const bool may_tell = needs & WS_NEED_SIGHTINGS && !(needs & WS_NEED_TRACES) && ws_store_far(joining->store);
	const unsigned int of_harvest = (needs & ~(unsigned int)(WS_NEED_JOIN | WS_NEED_LATENCIES | WS_NEED_EDGES)) |
					(may_tell ? WS_NEED_ALIKE : 0);
	const unsigned int of_join = needs & ~(unsigned int)(WS_NEED_SIGHTINGS | WS_NEED_TRACES);
	const unsigned int by = study->by & WS_BY_NAMES ? study->by : WS_BY_EDGE;
	const uint64_t part_bytes = invocation->memory_bytes / (!!of_join + ws_harvest_n_parts(of_harvest));
	struct ws_bulk_wish wish = {
		.joins = of_join,
		.latencies = needs & WS_NEED_LATENCIES,
		.reads_all = reads_all,
		.memory_bytes = part_bytes,
		.family = invocation->family,
	};
	bool told = false;
	int rc = 0;

	if (of_harvest) {
		rc = ws_harvest_open(study, of_harvest, by, part_bytes, &study->harvest);
		if (rc)
			return ws_bulk_complain(rc, err);
	}
	study->has_strata = of_harvest & WS_NEED_STRATA;
	if (may_tell)
		rc = ws_far_sightings(joining->store, study, invocation->family, part_bytes, &told, err);
	if (rc || (told && !(needs & ~(unsigned int)WS_NEED_SIGHTINGS)))
		return rc;
	wish.sink = study->harvest ? ws_harvest_sink(study->harvest) : NULL;
	return ws_bulk_join(study, joining->store, joining->read, &wish, err);
}

/* Lets a store count what it can count; needs loses what is found. */
static int ask_traces(struct ws_study *study, struct ws_store *store, const struct ws_invocation *invocation,
		      unsigned int *needs, struct ws_error *err)
{
	int rc;

	/* contexts of other families have no id, then */
	if (!(*needs & WS_NEED_TRACES) || !ws_store_far(store) || invocation->family)
		return 0;
	rc = ws_far_traces(ws_store_far(store), &study->catalog, &study->n_traces, err);
	if (study->n_traces)
		*needs &= ~(unsigned int)WS_NEED_TRACES;
	return rc;
}

static int load(struct ws_study *study, struct ws_store *store, const struct ws_invocation *invocation,
		unsigned int needs, struct ws_error *err)
{
	int rc = ws_store_catalog(store, &study->catalog, err);
	bool *read;
	uint32_t n;

	study->by = invocation->by;
	rc = rc ? rc : ws_naming_open(store, &study->catalog, &study->naming, err);
	if (!rc && needs & WS_NEED_SIGHTINGS)
		rc = ws_background_conditions(store, &study->conditions, err);
	if (rc)
		return rc;
	n = study->catalog.n_files;
	study->wanted = calloc((size_t)n + 1, sizeof(*study->wanted));
	study->node = calloc((size_t)n + 1, sizeof(*study->node));
	study->vantage = calloc((size_t)n + 1, sizeof(*study->vantage));
	read = calloc((size_t)n + 1, sizeof(*read));
	if (!study->wanted || !study->node || !study->vantage || !read) {
		free(read);
		return ws_error(err, -ENOMEM, "out of memory");
	}
	for (uint32_t i = 0; i < n; i++)
		study->wanted[i] = invocation->source[study->catalog.file[i].source];
	find_nodes(study);
	for (int source = 0; source < WS_N_SOURCES; source++)
		find_files(study, source, &study->view[source]);
	if (needs & WS_NEED_EDGES && (study->by & WS_BY_NAMES || ws_naming_is_known(&study->naming)))
		needs |= WS_NEED_STRATA;
	rc = ask_traces(study, store, invocation, &needs, err);
	choose_files(study, needs, read);
	if (needs && !rc) {
		const struct joining joining = { store, invocation, needs, read };

		rc = join(study, &joining, false, err);
		if (rc == -EAGAIN) { /* the harvest knows of pairs that are none: once more, from the beginning */
			ws_harvest_close(study->harvest);
			study->harvest = NULL;
			rc = join(study, &joining, true, err);
		}
	}
	free(read);
	return rc;
}

int ws_study_open(const struct ws_invocation *invocation, unsigned int needs, struct ws_study *study,
		  struct ws_error *err)
{
	struct ws_store *store = NULL;
	int rc = ws_store_open_from(&invocation->origin, invocation->dir, &store, err);

	if (rc)
		return rc;
	*study = (struct ws_study) { 0 };
	rc = load(study, store, invocation, needs, err);
	ws_store_close(store);
	if (rc)
		ws_study_close(study);
	return rc;
}

void ws_study_hand_over(struct ws_study *study, struct ws_catalog *catalog, bool **wanted)
{
	for (int source = 0; source < WS_N_SOURCES; source++) {
		for (int way = 0; way < WS_N_WAYS; way++)
			free(study->view[source].latency_ns[way]);
	}
	ws_harvest_close(study->harvest);
	free(study->n_traces);
	ws_tuples_close(&study->tuples);
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

/* SPDX-License-Identifier: BSD-2-Clause */
/* study - see study.h. */
#include "analyze/study.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/background.h"
#include "analyze/collector.h"
#include "analyze/store.h"

_Static_assert((int)WS_ROLE_NIC == (int)WS_SIDE_NIC && (int)WS_ROLE_VPORT == (int)WS_SIDE_VPORT,
	       "roles begin with the sides");

/* Finds the two files of a source. */
static void find_files(const struct ws_study *study, enum ws_source source, struct ws_view *view)
{
	const struct ws_file *second[WS_N_SIDES] = { NULL, NULL };

	for (uint32_t i = 0; i < study->catalog.n_files; i++) {
		const struct ws_file *file = &study->catalog.file[i];

		if (file->source != source || !study->wanted[i])
			continue;
		view->present = true;
		if (file->role == WS_ROLE_OTHER)
			continue;
		if (!view->file[file->role])
			view->file[file->role] = file;
		else
			second[file->role] = file;
	}
	for (int side = 0; side < WS_N_SIDES; side++) {
		if (second[side])
			snprintf(view->why, sizeof(view->why),
				 "points '%s' and '%s' both have the role %s: which of them to join is not known",
				 view->file[side]->point, second[side]->point, ws_side_name(side));
		else if (!view->file[side] && view->present && !*view->why)
			snprintf(view->why, sizeof(view->why), "no %s file of a point with the role %s was loaded",
				 ws_source_name(source), ws_side_name(side));
	}
}

static struct ws_side_view side_view(const struct ws_study *study, const struct ws_file *file)
{
	const struct ws_sightings *sightings = &study->sightings[file - study->catalog.file];

	return (struct ws_side_view) { sightings->at, sightings->n, file->first_ns, file->last_ns,
				       ws_file_n_unread(file) };
}

static int join(struct ws_study *study, enum ws_source source, struct ws_error *err)
{
	struct ws_view *view = &study->view[source];
	struct ws_side_view side[WS_N_SIDES];
	int rc;

	if (!view->present || *view->why)
		return 0;
	for (int i = 0; i < WS_N_SIDES; i++)
		side[i] = side_view(study, view->file[i]);
	rc = ws_join_open(&side[WS_SIDE_NIC], &side[WS_SIDE_VPORT], &view->join);
	view->joined = !rc;
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

static int load(struct ws_study *study, struct ws_store *store, const struct ws_invocation *invocation,
		enum ws_depth depth, struct ws_error *err)
{
	bool *read;
	uint32_t n;
	int rc = ws_store_catalog(store, &study->catalog, err);

	if (!rc && depth == WS_DEPTH_SIGHTINGS)
		rc = ws_background_conditions(store, &study->conditions, err);
	if (rc)
		return rc;
	n = study->catalog.n_files;
	study->sightings = calloc((size_t)n + 1, sizeof(*study->sightings));
	study->wanted = calloc((size_t)n + 1, sizeof(*study->wanted));
	read = calloc((size_t)n + 1, sizeof(*read));
	if (!study->sightings || !study->wanted || !read) {
		free(read);
		return ws_error(err, -ENOMEM, "out of memory");
	}
	for (uint32_t i = 0; i < n; i++) {
		const struct ws_file *file = &study->catalog.file[i];

		study->wanted[i] = invocation->source[file->source];
		/* The join needs two points; all else may look at what another source saw at the same point. */
		read[i] = (depth != WS_DEPTH_JOIN && depth != WS_DEPTH_PLACES) ||
			  (study->wanted[i] && file->role != WS_ROLE_OTHER);
	}
	for (int source = 0; source < WS_N_SOURCES; source++)
		find_files(study, source, &study->view[source]);
	if (depth >= WS_DEPTH_SIGHTINGS)
		rc = ws_collect(store, &study->catalog, read, depth != WS_DEPTH_JOIN, &study->tuples, study->sightings,
				err);
	for (uint32_t i = 0; i < n && invocation->family && !rc; i++)
		keep_family(&study->catalog.file[i], invocation->family, &study->sightings[i]);
	for (int source = 0; source < WS_N_SOURCES && depth >= WS_DEPTH_JOIN && !rc; source++)
		rc = join(study, source, err);
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
	ws_store_close(store);
	if (rc)
		ws_study_close(&made);
	else
		*study = made;
	return rc;
}

void ws_study_hand_over(struct ws_study *study, struct ws_catalog *catalog, bool **wanted)
{
	for (int source = 0; source < WS_N_SOURCES; source++)
		ws_join_close(&study->view[source].join);
	for (uint32_t i = 0; i < study->catalog.n_files && study->sightings; i++)
		ws_sightings_close(&study->sightings[i]);
	free(study->sightings);
	ws_tuples_close(&study->tuples);
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

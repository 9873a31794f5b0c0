/* SPDX-License-Identifier: BSD-2-Clause */
/* absence - see absence.h. */
#include "analyze/absence.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Room for "NAMESPACE/NAME"; Kubernetes allows 63 and 253 characters. */
#define POD_TEXT_MAX 512

/* A pod, and the file of its vport. */
struct post {
	const char *pod;
	uint32_t file;
	bool has_address;
};

/* What names say of the points of a source. */
struct ws_absence {
	struct ws_study *study;
	const struct ws_view *view;
	struct post *post; /* by pod; those of which it is known */
	uint32_t n_posts;
	uint32_t *post_of;	/* one an owner: index + 1; 0: its vport was not watched */
	const char **node_name; /* one a node, as the owners call it; "" not known */
	bool *all_known;	/* one a node: the pods of all its vports */
};

static int compare_posts(const void *a, const void *b)
{
	return strcmp(((const struct post *)a)->pod, ((const struct post *)b)->pod);
}

static void list_posts(struct ws_absence *work)
{
	const struct ws_study *study = work->study;
	const struct ws_file *file = work->view->file[WS_SIDE_VPORT];

	for (uint32_t i = 0; i < work->view->n_files[WS_SIDE_VPORT]; i++) {
		uint32_t f = (uint32_t)(&file[i] - study->catalog.file);

		if (*file[i].pod)
			work->post[work->n_posts++] = (struct post) { file[i].pod, f, false };
		else
			work->all_known[study->vantage[f].node] = false;
	}
	qsort(work->post, work->n_posts, sizeof(*work->post), compare_posts);
}

/* Finds each pod's vport, and from the pods the names of nodes that the points do not know. */
static void find_pods(struct ws_absence *work)
{
	const struct ws_owners *owners = &work->study->naming.owners;

	for (uint32_t i = 0; i < owners->n; i++) {
		const struct ws_owner *owner = &owners->at[i];
		char text[POD_TEXT_MAX];
		struct post key = { .pod = text }, *found;
		uint32_t node;

		if (owner->kind != WS_OWNER_POD)
			continue;
		ws_owner_full_name(owner, owner->address, text, sizeof(text));
		found = bsearch(&key, work->post, work->n_posts, sizeof(*work->post), compare_posts);
		if (!found)
			continue;
		work->post_of[i] = (uint32_t)(found - work->post) + 1;
		found->has_address = true;
		node = work->study->vantage[found->file].node;
		if (!*work->node_name[node])
			work->node_name[node] = owner->node;
	}
	/* the addresses of a pod that is not in the snapshot may be any */
	for (uint32_t p = 0; p < work->n_posts; p++) {
		if (!work->post[p].has_address)
			work->all_known[work->study->vantage[work->post[p].file].node] = false;
	}
}

/* The vport of an owner's pod at that node; NULL: none was watched. */
static const struct post *post_of(const struct ws_absence *work, const struct ws_owner *owner, uint32_t node)
{
	uint32_t post = owner ? work->post_of[owner - work->study->naming.owners.at] : 0;

	if (!post || work->study->vantage[work->post[post - 1].file].node != node)
		return NULL;
	return &work->post[post - 1];
}

static bool is_pod_of(const struct ws_owner *owner, const char *node_name)
{
	return owner && owner->kind == WS_OWNER_POD && (!*node_name || !strcmp(owner->node, node_name));
}

static bool was_watched(const struct ws_absence *work, const struct post *post, int64_t ts_ns)
{
	const struct ws_vantage *vantage = &work->study->vantage[post->file];

	return ts_ns >= vantage->first_ns && ts_ns <= vantage->last_ns;
}

static enum ws_cause cause_at_nic(const struct ws_absence *work, const struct ws_sighting *s,
				  const struct ws_parties *parties, enum ws_cause cause)
{
	uint32_t node = work->study->vantage[s->file].node;
	const struct post *of_caller = post_of(work, parties->caller.owner, node);
	const struct post *of_callee = post_of(work, parties->callee.owner, node);
	bool was = (of_caller && was_watched(work, of_caller, s->ts_ns)) ||
		   (of_callee && was_watched(work, of_callee, s->ts_ns));

	if (of_caller || of_callee)
		return was ? cause : WS_CAUSE_OUTSIDE_WINDOW;
	if (work->all_known[node] && (is_pod_of(parties->caller.owner, work->node_name[node]) ||
				      is_pod_of(parties->callee.owner, work->node_name[node])))
		return WS_CAUSE_OTHER_POD;
	return cause;
}

static enum ws_cause cause_at_vport(const struct ws_parties *parties, enum ws_cause cause)
{
	const struct ws_owner *caller = parties->caller.owner, *callee = parties->callee.owner;
	bool is_local = caller && callee && caller->kind == WS_OWNER_POD && callee->kind == WS_OWNER_POD &&
			*caller->node && !strcmp(caller->node, callee->node);

	return is_local ? WS_CAUSE_LOCAL : cause;
}

int ws_absence_of(struct ws_absence *work, struct ws_join *join)
{
	struct ws_study *study = work->study;

	for (uint32_t i = 0; i < join->n_strays; i++) {
		struct ws_stray *stray = &join->stray[i];
		const struct ws_sighting *s = &join->side[stray->side].at[stray->at];
		enum ws_cause cause = stray->cause;
		struct ws_parties parties;
		int rc;

		if (cause != WS_CAUSE_LOST && cause != WS_CAUSE_UNREAD)
			continue;
		rc = ws_naming_parties(&study->naming, &study->tuples, s, NULL, &parties);
		if (rc)
			return rc;
		cause = stray->side == WS_SIDE_NIC ? cause_at_nic(work, s, &parties, cause)
						   : cause_at_vport(&parties, cause);
		join->n_cause[stray->side][stray->cause]--;
		join->n_cause[stray->side][cause]++;
		stray->cause = (uint8_t)cause;
	}
	return 0;
}

int ws_absence_open(struct ws_study *study, enum ws_source source, struct ws_absence **absence)
{
	struct ws_absence *made;
	uint32_t n_nodes = study->n_nodes;

	*absence = NULL;
	if (!ws_naming_is_known(&study->naming))
		return 0;
	made = calloc(1, sizeof(*made));
	if (!made)
		return -ENOMEM;
	made->study = study;
	made->view = &study->view[source];
	made->post = malloc(((size_t)made->view->n_files[WS_SIDE_VPORT] + 1) * sizeof(*made->post));
	made->post_of = calloc((size_t)study->naming.owners.n + 1, sizeof(*made->post_of));
	made->node_name = malloc(((size_t)n_nodes + 1) * sizeof(*made->node_name));
	made->all_known = malloc((size_t)n_nodes + 1);
	if (!made->post || !made->post_of || !made->node_name || !made->all_known) {
		ws_absence_close(made);
		return -ENOMEM;
	}
	for (uint32_t i = 0; i < n_nodes; i++) {
		made->node_name[i] = study->node[i];
		made->all_known[i] = true;
	}
	list_posts(made);
	find_pods(made);
	*absence = made;
	return 0;
}

void ws_absence_close(struct ws_absence *absence)
{
	if (!absence)
		return;
	free(absence->post);
	free(absence->post_of);
	free(absence->node_name);
	free(absence->all_known);
	free(absence);
}

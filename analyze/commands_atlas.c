/* SPDX-License-Identifier: BSD-2-Clause */
/* commands_atlas - see commands.h: those that look at all nodes together. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "analyze/clocks/alignment.h"
#include "analyze/mesh/atlas.h"
#include "analyze/commands.h"
#include "analyze/mesh/export.h"
#include "analyze/mesh/journey_output.h"
#include "analyze/publication.h"
#include "analyze/mesh/topology_output.h"
#include "lib/names.h"

/* All that the commands here look at. */
struct view {
	struct ws_atlas atlas;
	struct ws_calls calls;
	struct ws_clocks clocks;
};

static void close_view(struct view *view)
{
	ws_clocks_close(&view->clocks);
	ws_calls_close(&view->calls);
	ws_atlas_close(&view->atlas);
}

/* Opens atlas, calls and clocks, and warns of runs that were left out. */
static int open_view(const struct ws_invocation *invocation, const struct ws_atlas_wanted *wanted, struct view *view,
		     struct ws_error *err)
{
	struct view made = { 0 };
	struct ws_error warning;
	int rc = ws_atlas_open(invocation, wanted, &made.atlas, err);

	if (rc)
		return rc;
	for (uint32_t i = 0; i < made.atlas.n_unloaded; i++) {
		ws_error(&warning, 0, "%s: not loaded, left out: run `ingest --dir %s`", made.atlas.unloaded[i],
			 invocation->dir);
		ws_tell("warning: ", warning.text);
	}
	rc = ws_calls_open(&made.atlas, &made.calls);
	if (rc)
		ws_error(err, rc, "%s: %s", invocation->dir, strerror(-rc));
	else if (invocation->align != WS_ALIGN_NONE)
		rc = ws_atlas_align(&made.atlas, &made.calls, invocation->align, &made.clocks, err);
	if (rc)
		close_view(&made);
	else
		*view = made;
	return rc;
}

static const struct ws_clocks *clocks_of(const struct ws_invocation *invocation, const struct view *view)
{
	return invocation->align == WS_ALIGN_NONE ? NULL : &view->clocks;
}

/* How many traces there are, and the id of one. */
static uint64_t count_traces(const struct view *view, const struct ws_identity **example)
{
	const struct ws_identity *last = NULL;
	uint64_t n = 0;

	*example = NULL;
	for (uint32_t i = 0; i < view->calls.n; i++) {
		const struct ws_identity *identity = ws_call_identity(&view->atlas, &view->calls.at[i]);

		if (!identity->trace_id_len || (last && last->trace_id_len == identity->trace_id_len &&
						!memcmp(last->trace_id, identity->trace_id, sizeof(last->trace_id))))
			continue;
		*example = *example ? *example : identity;
		last = identity;
		n++;
	}
	return n;
}

/* Tells that the trace is not there, and what is. */
static void tell_missing(const struct ws_invocation *invocation)
{
	struct ws_atlas_wanted wanted = { .without_spans = true };
	struct ws_invocation unaligned = *invocation;
	const struct ws_identity *example;
	struct ws_error err = { 0 };
	struct view view;
	char id[33], other[33];
	uint64_t n;

	unaligned.align = WS_ALIGN_NONE;
	if (open_view(&unaligned, &wanted, &view, &err)) {
		ws_tell("", err.text);
		return;
	}
	ws_hex_text(invocation->trace_id, invocation->trace_id_len, id);
	n = count_traces(&view, &example);
	if (n)
		ws_error(&err, 0, "%s: no request with the trace id %s; the runs there have %llu traces, such as %s",
			 invocation->dir, id, (unsigned long long)n,
			 ws_hex_text(example->trace_id, example->trace_id_len, other));
	else
		ws_error(&err, 0,
			 "%s: no request with the trace id %s; the runs there have no requests with a context "
			 "at a NIC or a vport: `analyze ledger` tells why",
			 invocation->dir, id);
	ws_tell("", err.text);
	close_view(&view);
}

int ws_command_trace(const struct ws_invocation *invocation)
{
	/* Clocks are told from all packets, not from one trace's. */
	struct ws_atlas_wanted all = { 0 },
			       wanted = { .trace_id = invocation->trace_id, .trace_id_len = invocation->trace_id_len };
	struct ws_journey journey = { 0 };
	struct ws_error err = { 0 };
	struct view view;
	int status, rc = open_view(invocation, invocation->align == WS_ALIGN_NONE ? &wanted : &all, &view, &err);

	if (rc) {
		ws_tell("", err.text);
		return WS_STATUS_FAILED;
	}
	rc = ws_journey_open(&view.atlas, &view.calls, clocks_of(invocation, &view), invocation->trace_id,
			     invocation->trace_id_len, &journey);
	journey.align = invocation->align;
	if (rc == -ENOENT)
		tell_missing(invocation);
	else if (rc)
		ws_tell_failure(rc);
	status = rc ? WS_STATUS_FAILED : ws_tell_printed(ws_journey_print(&journey, invocation->format, stdout));
	if (!status)
		status = ws_tell_published(invocation, ws_journey_publish(&journey, invocation, &err), &err);
	ws_journey_close(&journey);
	close_view(&view);
	return status;
}

int ws_command_topology(const struct ws_invocation *invocation)
{
	struct ws_invocation unaligned = *invocation; /* every number of it is of one node */
	struct ws_atlas_wanted wanted = { 0 };
	struct ws_topology topology = { 0 };
	struct ws_error err = { 0 };
	struct view view;
	int status, rc;

	unaligned.align = WS_ALIGN_NONE;
	rc = open_view(&unaligned, &wanted, &view, &err);
	if (rc) {
		ws_tell("", err.text);
		return WS_STATUS_FAILED;
	}
	rc = ws_topology_open(&view.atlas, &view.calls, &topology);
	if (rc)
		ws_tell_failure(rc);
	status = rc ? WS_STATUS_FAILED : ws_tell_printed(ws_topology_print(&topology, invocation->format, stdout));
	if (!status && !topology.n_calls)
		status = ws_tell_nothing(invocation, "no request with a context at a NIC or a vport; `analyze ledger` "
						     "tells why");
	if (!status)
		status = ws_tell_published(invocation, ws_topology_publish(&topology, invocation, &err), &err);
	ws_topology_close(&topology);
	close_view(&view);
	return status;
}

/* Opens a file that is there whole or not at all; or standard output. */
static int open_output(const char *path, struct ws_publication *publication, struct ws_draft *draft, FILE **out,
		       struct ws_error *err)
{
	const char *slash = path ? strrchr(path, '/') : NULL, *name = slash ? slash + 1 : path;
	char dir[PATH_MAX];
	int rc;

	*out = stdout;
	if (!path)
		return 0;
	if (!*name || strlen(name) >= sizeof(draft->name) || (slash && (size_t)(slash - path) >= sizeof(dir)))
		return ws_error(err, -EINVAL, "%s: it is no name of a file, or one that is too long", path);
	snprintf(dir, sizeof(dir), "%.*s", slash == path ? 1 : slash ? (int)(slash - path) : 1, slash ? path : ".");
	rc = ws_publication_open(dir, publication, err);
	rc = rc ? rc : ws_draft_open(publication, name, draft, err);
	if (!rc)
		*out = draft->file;
	return rc;
}

/* Tells what is not in the export, and why. */
static void tell_left_out(const struct ws_invocation *invocation, const struct ws_export_count *count)
{
	struct ws_error err;

	if (count->n_apart) {
		ws_error(&err, 0, "%llu intervals between nodes are left out: their clocks are not aligned%s",
			 (unsigned long long)count->n_apart,
			 invocation->align == WS_ALIGN_NONE ? "; --align packets does it" : "");
		ws_tell("warning: ", err.text);
	}
	if (count->n_gaps) {
		ws_error(&err, 0,
			 "%llu intervals are left out: stations between were not seen, so it is not known whose "
			 "time it was",
			 (unsigned long long)count->n_gaps);
		ws_tell("warning: ", err.text);
	}
	if (count->n_negative) {
		ws_error(&err, 0,
			 "%llu intervals are left out: they end before they begin, within the error of the clocks",
			 (unsigned long long)count->n_negative);
		ws_tell("warning: ", err.text);
	}
}

int ws_command_export(const struct ws_invocation *invocation)
{
	struct ws_atlas_wanted wanted = { .without_spans = true };
	struct ws_publication publication = { .dir_fd = -1 };
	struct ws_export_count count = { 0 };
	struct ws_draft draft = { 0 };
	struct ws_error err = { 0 };
	struct view view;
	FILE *out = NULL;
	int status = WS_STATUS_FAILED, rc = open_view(invocation, &wanted, &view, &err);

	if (rc) {
		ws_tell("", err.text);
		return WS_STATUS_FAILED;
	}
	if (!view.calls.n) {
		status = ws_tell_nothing(invocation, "no request with a context at a NIC or a vport; `analyze ledger` "
						     "tells why");
		close_view(&view);
		return status;
	}
	rc = open_output(invocation->out, &publication, &draft, &out, &err);
	if (!rc) {
		rc = ws_export_write(&view.atlas, &view.calls, clocks_of(invocation, &view), invocation->format, out,
				     &count);
		if (!invocation->out)
			status = ws_tell_printed(rc);
		else if (rc)
			ws_error(&err, rc, "%s: cannot write it: %s", invocation->out, strerror(-rc));
		else
			rc = ws_draft_publish(&draft, &err);
	}
	if (invocation->out || !out) {
		status = rc ? WS_STATUS_FAILED : WS_STATUS_DONE;
		if (rc)
			ws_tell("", err.text);
	}
	if (!status)
		tell_left_out(invocation, &count);
	ws_draft_close(&draft);
	ws_publication_close(&publication);
	close_view(&view);
	return status;
}

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
#include "analyze/mesh/traces.h"
#include "lib/names.h"

/* All that the commands here look at. */
struct view {
	struct ws_atlas atlas;
	struct ws_traces *traces;
	struct ws_clocks clocks;
};

static void close_view(struct view *view)
{
	ws_clocks_close(&view->clocks);
	ws_traces_close(view->traces);
	ws_atlas_close(&view->atlas);
}

/* Warns of runs that were left out. */
static void warn_of_unloaded(const struct ws_invocation *invocation, const struct ws_atlas *atlas)
{
	struct ws_error warning;

	for (uint32_t i = 0; i < atlas->n_unloaded; i++) {
		ws_error(&warning, 0, "%s: not loaded, left out: run `ingest --dir %s`", atlas->unloaded[i],
			 invocation->dir);
		ws_tell("warning: ", warning.text);
	}
}

/* Opens atlas and traces, which know where the view is. */
static int open_view(const struct ws_invocation *invocation, bool without_spans, struct view *view,
		     struct ws_error *err)
{
	int rc = ws_traces_open(invocation, without_spans, &view->atlas, &view->traces, err);

	if (!rc)
		warn_of_unloaded(invocation, &view->atlas);
	return rc;
}

/* Goes through all traces for what clocks and lookout (which may be NULL) need of them. */
static int align_view(const struct ws_invocation *invocation, struct ws_lookout *watch, struct view *view,
		      struct ws_error *err)
{
	bool by_packets = invocation->align == WS_ALIGN_PACKETS;
	struct ws_crossings crossings = { 0 };
	int rc = 0;

	if (by_packets || watch)
		rc = ws_crossings_gather(&view->atlas, view->traces, watch, by_packets ? &crossings : NULL, err);
	rc = rc ? rc : ws_atlas_align(&view->atlas, &crossings, invocation->align, &view->clocks, err);
	ws_crossings_close(&crossings);
	return rc;
}

static int rewind_view(struct view *view, struct ws_error *err)
{
	int rc = ws_traces_rewind(view->traces);

	return rc ? ws_traces_complain(rc, err) : 0;
}

static const struct ws_clocks *clocks_of(const struct ws_invocation *invocation, const struct view *view)
{
	return invocation->align == WS_ALIGN_NONE ? NULL : &view->clocks;
}

/* Counts the traces of a window's calls, which are in order, and keeps the first one's id. */
static uint64_t count_traces(const struct ws_atlas *atlas, const struct ws_calls *calls, struct ws_identity *example)
{
	const struct ws_identity *last = NULL;
	uint64_t n = 0;

	for (uint32_t i = 0; i < calls->n; i++) {
		const struct ws_identity *identity = ws_call_identity(atlas, &calls->at[i]);

		if (!identity->trace_id_len || (last && last->trace_id_len == identity->trace_id_len &&
						!memcmp(last->trace_id, identity->trace_id, sizeof(last->trace_id))))
			continue;
		if (!example->trace_id_len)
			*example = *identity;
		last = identity;
		n++;
	}
	return n;
}

/* Tells that the trace is not there, and what is. */
static void tell_missing(const struct ws_invocation *invocation)
{
	struct ws_identity example = { 0 };
	struct ws_error err = { 0 };
	struct view view = { 0 };
	const struct ws_calls *calls;
	char id[33], other[33];
	uint64_t n = 0;
	int rc = open_view(invocation, true, &view, &err);

	if (!rc) {
		while (!(rc = ws_traces_next(view.traces, &calls)) && calls)
			n += count_traces(&view.atlas, calls, &example);
		rc = rc ? ws_traces_complain(rc, &err) : 0;
	}
	ws_hex_text(invocation->trace_id, invocation->trace_id_len, id);
	if (n && !rc)
		ws_error(&err, 0, "%s: no request with the trace id %s; the runs there have %llu traces, such as %s",
			 invocation->dir, id, (unsigned long long)n,
			 ws_hex_text(example.trace_id, example.trace_id_len, other));
	else if (!rc)
		ws_error(&err, 0,
			 "%s: no request with the trace id %s; the runs there have no requests with a context "
			 "at a NIC or a vport: `analyze ledger` tells why",
			 invocation->dir, id);
	ws_tell("", err.text);
	close_view(&view);
}

/* What clocks, and who watches what, are told from: all packets, not one trace's. */
static int look_around(const struct ws_invocation *invocation, struct view *view, struct ws_lookout **watch,
		       struct ws_error *err)
{
	int rc = open_view(invocation, true, view, err);

	if (!rc) {
		rc = ws_lookout_open(&view->atlas, watch);
		rc = rc ? ws_error(err, rc, "out of memory") : align_view(invocation, *watch, view, err);
	}
	ws_traces_close(view->traces);
	view->traces = NULL;
	return rc;
}

/* Prints and publishes the journey of the trace; -ENOENT: there is none. */
static int tell_journey(const struct ws_invocation *invocation, const struct ws_journey_source *source, int *status,
			struct ws_error *err)
{
	struct ws_journey journey = { 0 };
	int rc = ws_journey_open(source, invocation->trace_id, invocation->trace_id_len, &journey);

	if (rc)
		return rc;
	journey.align = invocation->align;
	*status = ws_tell_printed(ws_journey_print(&journey, invocation->format, stdout));
	if (!*status)
		*status = ws_tell_published(invocation, ws_journey_publish(&journey, invocation, err), err);
	ws_journey_close(&journey);
	return 0;
}

int ws_command_trace(const struct ws_invocation *invocation)
{
	const struct ws_atlas_wanted wanted = { .trace_id = invocation->trace_id,
						.trace_id_len = invocation->trace_id_len };
	struct ws_lookout *watch = NULL;
	struct ws_calls calls = { 0 };
	struct ws_atlas atlas = { 0 };
	struct ws_error err = { 0 };
	struct view around = { 0 };
	int status = WS_STATUS_FAILED, rc = 0;

	if (invocation->align != WS_ALIGN_NONE)
		rc = look_around(invocation, &around, &watch, &err);
	rc = rc ? rc : ws_atlas_open(invocation, &wanted, &atlas, &err);
	if (!rc && !watch)
		warn_of_unloaded(invocation, &atlas);
	if (!rc) {
		rc = ws_calls_open(&atlas, &calls);
		if (rc)
			ws_error(&err, rc, "%s: %s", invocation->dir, strerror(-rc));
	}
	if (rc) {
		ws_tell("", err.text);
	} else {
		struct ws_journey_source source = { &atlas, &calls, clocks_of(invocation, &around), watch };

		if (watch)
			ws_lookout_move(watch, &atlas);
		rc = tell_journey(invocation, &source, &status, &err);
		if (rc == -ENOENT)
			tell_missing(invocation);
		else if (rc)
			ws_tell_failure(rc);
	}
	ws_lookout_close(watch);
	ws_calls_close(&calls);
	ws_atlas_close(&atlas);
	close_view(&around);
	return status;
}

/* Goes through all traces, twice if it has to know first who is watched where. */
static int make_topology(struct view *view, struct ws_topology *topology, struct ws_error *err)
{
	struct ws_topology_maker *maker = NULL;
	const struct ws_calls *calls;
	int rc = ws_topology_maker_open(&view->atlas, &maker);

	if (!rc && ws_topology_learns(maker)) {
		while (!(rc = ws_traces_next(view->traces, &calls)) && calls)
			ws_topology_learn(maker, calls);
		rc = rc ? rc : ws_traces_rewind(view->traces);
	}
	while (!rc && !(rc = ws_traces_next(view->traces, &calls)) && calls)
		rc = ws_topology_add(maker, calls);
	rc = rc ? rc : ws_topology_finish(maker, topology);
	ws_topology_maker_close(maker);
	if (rc)
		return ws_traces_complain(rc, err);
	topology->n_unanswered = ws_traces_n_unanswered(view->traces);
	topology->n_elsewhere = ws_traces_n_elsewhere(view->traces);
	return 0;
}

int ws_command_topology(const struct ws_invocation *invocation)
{
	struct ws_topology topology = { 0 };
	struct ws_error err = { 0 };
	struct view view = { 0 };
	int status = WS_STATUS_FAILED, rc = open_view(invocation, false, &view, &err);

	rc = rc ? rc : make_topology(&view, &topology, &err);
	if (rc) {
		ws_tell("", err.text);
		close_view(&view);
		return WS_STATUS_FAILED;
	}
	status = ws_tell_printed(ws_topology_print(&topology, invocation->format, stdout));
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

/* Writes all traces' intervals, and tells how many. rc of writing: *rc_written; 0, or what goes wrong else, in words.
 */
static int write_export(const struct ws_invocation *invocation, struct view *view, FILE *out,
			struct ws_export_count *count, int *rc_written, struct ws_error *err)
{
	const struct ws_export_plan plan = { &view->atlas, clocks_of(invocation, view), invocation->format, out };
	struct ws_export *export = NULL;
	const struct ws_calls *calls;
	int rc = 0;

	*rc_written = ws_export_open(&plan, &export);
	while (!*rc_written && !(rc = ws_traces_next(view->traces, &calls)) && calls)
		*rc_written = ws_export_write(export, calls);
	if (export)
		*count = *ws_export_count(export);
	ws_export_close(export);
	return rc ? ws_traces_complain(rc, err) : 0;
}

/* Brings the clocks together, if that is asked for. */
static int prepare_export(const struct ws_invocation *invocation, struct view *view, struct ws_error *err)
{
	int rc = open_view(invocation, true, view, err);

	if (!rc && invocation->align != WS_ALIGN_NONE)
		rc = align_view(invocation, NULL, view, err);
	return rc || invocation->align != WS_ALIGN_PACKETS ? rc : rewind_view(view, err);
}

int ws_command_export(const struct ws_invocation *invocation)
{
	struct ws_publication publication = { .dir_fd = -1 };
	struct ws_export_count count = { 0 };
	struct ws_draft draft = { 0 };
	struct ws_error err = { 0 };
	struct view view = { 0 };
	FILE *out = NULL;
	int status = WS_STATUS_FAILED, written = 0, rc = prepare_export(invocation, &view, &err);

	if (!rc && !ws_traces_any(view.traces)) {
		status = ws_tell_nothing(invocation, "no request with a context at a NIC or a vport; `analyze ledger` "
						     "tells why");
		close_view(&view);
		return status;
	}
	rc = rc ? rc : open_output(invocation->out, &publication, &draft, &out, &err);
	rc = rc ? rc : write_export(invocation, &view, out, &count, &written, &err);
	if (!rc && written && invocation->out)
		rc = ws_error(&err, written, "%s: cannot write it: %s", invocation->out, strerror(-written));
	if (!rc && invocation->out)
		rc = ws_draft_publish(&draft, &err);
	if (rc)
		ws_tell("", err.text);
	else
		status = invocation->out ? WS_STATUS_DONE : ws_tell_printed(written);
	if (!status)
		tell_left_out(invocation, &count);
	ws_draft_close(&draft);
	ws_publication_close(&publication);
	close_view(&view);
	return status;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* commands_clocks - see commands.h: the nodes' clocks, and the network between the nodes. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "analyze/clocks/alignment.h"
#include "analyze/clocks/clocks_report.h"
#include "analyze/commands.h"
#include "analyze/clocks/underlay.h"

/* What both commands look at. */
struct view {
	struct ws_atlas atlas;
	struct ws_traces *traces;
	struct ws_crossings crossings;
	struct ws_clocks clocks;
};

static void close_view(struct view *view)
{
	ws_clocks_close(&view->clocks);
	ws_crossings_close(&view->crossings);
	ws_traces_close(view->traces);
	ws_atlas_close(&view->atlas);
}

/* Opens the traces, and warns of runs that were left out. Where it is stays: the traces know their atlas. */
static int open_traces(const struct ws_invocation *invocation, struct view *view, struct ws_error *err)
{
	struct ws_error warning;
	int rc = ws_traces_open(invocation, true, &view->atlas, &view->traces, err);

	for (uint32_t i = 0; i < view->atlas.n_unloaded && !rc; i++) {
		ws_error(&warning, 0, "%s: not loaded, left out: run `ingest --dir %s`", view->atlas.unloaded[i],
			 invocation->dir);
		ws_tell("warning: ", warning.text);
	}
	return rc;
}

int ws_command_clocks(const struct ws_invocation *invocation)
{
	struct view view = { 0 };
	struct ws_clocks_report report = { &view.atlas, &view.crossings, &view.clocks };
	struct ws_error err = { 0 };
	int status = WS_STATUS_FAILED, rc = open_traces(invocation, &view, &err);

	rc = rc ? rc : ws_crossings_gather(&view.atlas, view.traces, NULL, &view.crossings, &err);
	if (rc) {
		ws_tell("", err.text);
		close_view(&view);
		return WS_STATUS_FAILED;
	}
	ws_traces_close(view.traces); /* their memory is needed */
	view.traces = NULL;
	rc = ws_atlas_align(&view.atlas, &view.crossings, WS_ALIGN_PACKETS, &view.clocks, &err);
	if (rc)
		ws_tell_nothing(invocation, err.text);
	else
		status = ws_tell_printed(ws_clocks_print(&report, invocation->format, stdout));
	if (!status)
		status = ws_tell_published(invocation, ws_clocks_publish(&report, invocation, &err), &err);
	close_view(&view);
	return status;
}

/* The clocks, and then all delays. */
static int make_underlay(const struct ws_invocation *invocation, struct view *view, struct ws_underlay *underlay,
			 struct ws_error *err)
{
	const struct ws_calls *calls;
	int rc = 0;

	if (invocation->align == WS_ALIGN_PACKETS) {
		rc = ws_crossings_gather(&view->atlas, view->traces, NULL, &view->crossings, err);
		if (!rc) {
			rc = ws_traces_rewind(view->traces);
			if (rc)
				ws_traces_complain(rc, err);
		}
	}
	rc = rc ? rc : ws_atlas_align(&view->atlas, &view->crossings, invocation->align, &view->clocks, err);
	ws_crossings_close(&view->crossings);
	if (rc)
		return rc;
	while (!(rc = ws_traces_next(view->traces, &calls)) && calls) {
		rc = ws_underlay_add(&view->atlas, calls, &view->clocks, underlay);
		if (rc)
			return ws_error(err, rc, "%s: %s", invocation->dir, strerror(-rc));
	}
	if (rc)
		return ws_traces_complain(rc, err);
	rc = ws_underlay_finish(underlay);
	return rc ? ws_error(err, rc, "%s: %s", invocation->dir, strerror(-rc)) : 0;
}

int ws_command_underlay(const struct ws_invocation *invocation)
{
	struct ws_underlay underlay = { .align = invocation->align };
	struct view view = { 0 };
	struct ws_error err = { 0 };
	int status = WS_STATUS_FAILED, rc = open_traces(invocation, &view, &err);

	rc = rc ? rc : make_underlay(invocation, &view, &underlay, &err);
	if (rc) {
		ws_tell("", err.text);
	} else {
		status = ws_tell_printed(ws_underlay_print(&underlay, invocation->format, stdout));
		if (!status && !underlay.n_rows)
			status = ws_tell_nothing(invocation, "no request was seen at the NICs of two nodes: record the "
							     "NIC of every node, `capture plan` finds them");
		if (!status)
			status = ws_tell_published(invocation, ws_underlay_publish(&underlay, invocation, &err), &err);
	}
	ws_underlay_close(&underlay);
	close_view(&view);
	return status;
}

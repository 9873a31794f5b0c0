/* SPDX-License-Identifier: BSD-2-Clause */
/* commands_clocks - see commands.h: the nodes' clocks, and the network between the nodes. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "analyze/clocks/alignment.h"
#include "analyze/clocks/clocks_report.h"
#include "analyze/commands.h"
#include "analyze/clocks/underlay.h"

/* Opens atlas and calls, and warns of runs that were left out. */
static int open_calls(const struct ws_invocation *invocation, struct ws_atlas *atlas, struct ws_calls *calls,
		      struct ws_error *err)
{
	const struct ws_atlas_wanted wanted = { .without_spans = true };
	struct ws_error warning;
	int rc = ws_atlas_open(invocation, &wanted, atlas, err);

	if (rc)
		return rc;
	for (uint32_t i = 0; i < atlas->n_unloaded; i++) {
		ws_error(&warning, 0, "%s: not loaded, left out: run `ingest --dir %s`", atlas->unloaded[i],
			 invocation->dir);
		ws_tell("warning: ", warning.text);
	}
	rc = ws_calls_open(atlas, calls);
	if (rc) {
		ws_error(err, rc, "%s: %s", invocation->dir, strerror(-rc));
		ws_atlas_close(atlas);
	}
	return rc;
}

int ws_command_clocks(const struct ws_invocation *invocation)
{
	struct ws_crossings crossings = { 0 };
	struct ws_clocks clocks = { 0 };
	struct ws_calls calls = { 0 };
	struct ws_atlas atlas = { 0 };
	struct ws_clocks_report report = { &atlas, &crossings, &clocks };
	struct ws_error err = { 0 };
	int status = WS_STATUS_FAILED, rc = open_calls(invocation, &atlas, &calls, &err);

	if (rc) {
		ws_tell("", err.text);
		return WS_STATUS_FAILED;
	}
	rc = ws_atlas_align(&atlas, &calls, WS_ALIGN_PACKETS, &clocks, &err);
	if (!rc) {
		rc = ws_crossings_open(&atlas, &calls, &crossings);
		if (rc)
			ws_error(&err, rc, "%s: %s", invocation->dir, strerror(-rc));
	}
	if (rc)
		ws_tell_nothing(invocation, err.text);
	else
		status = ws_tell_printed(ws_clocks_print(&report, invocation->format, stdout));
	if (!status)
		status = ws_tell_published(invocation, ws_clocks_publish(&report, invocation, &err), &err);
	ws_clocks_close(&clocks);
	ws_crossings_close(&crossings);
	ws_calls_close(&calls);
	ws_atlas_close(&atlas);
	return status;
}

int ws_command_underlay(const struct ws_invocation *invocation)
{
	struct ws_underlay underlay = { 0 };
	struct ws_clocks clocks = { 0 };
	struct ws_calls calls = { 0 };
	struct ws_atlas atlas = { 0 };
	struct ws_error err = { 0 };
	int status = WS_STATUS_FAILED, rc = open_calls(invocation, &atlas, &calls, &err);

	if (rc) {
		ws_tell("", err.text);
		return WS_STATUS_FAILED;
	}
	rc = ws_atlas_align(&atlas, &calls, invocation->align, &clocks, &err);
	if (!rc) {
		rc = ws_underlay_open(&atlas, &calls, &clocks, invocation->align, &underlay);
		if (rc)
			ws_error(&err, rc, "%s: %s", invocation->dir, strerror(-rc));
	}
	if (rc) {
		ws_tell("", err.text);
	} else {
		status = ws_tell_printed(ws_underlay_print(&underlay, invocation->format, stdout));
		if (!status && !underlay.n)
			status = ws_tell_nothing(invocation, "no request was seen at the NICs of two nodes: record the "
							     "NIC of every node, `capture plan` finds them");
		if (!status)
			status = ws_tell_published(invocation, ws_underlay_publish(&underlay, invocation, &err), &err);
	}
	ws_underlay_close(&underlay);
	ws_clocks_close(&clocks);
	ws_calls_close(&calls);
	ws_atlas_close(&atlas);
	return status;
}

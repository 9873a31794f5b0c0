/* SPDX-License-Identifier: BSD-2-Clause */
/* alignment_files - the files that `analyze clocks` and `analyze underlay` leave behind. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "analyze/clocks/clocks_report.h"
#include "analyze/figure.h"
#include "analyze/publication.h"
#include "analyze/clocks/underlay.h"

/* Writes one of a command's texts. */
typedef int (*writer)(const void *content, FILE *out);

/* Draws what drawn writes. */
static int draw(const struct ws_figure *of, writer drawn, const void *content, const struct ws_publication *publication,
		struct ws_error *err)
{
	struct ws_figure figure = *of;
	int rc = ws_figure_open(&figure.data, err);

	if (rc)
		return rc;
	rc = drawn(content, figure.data);
	rc = rc ? ws_error(err, rc, "%s: cannot draw it: %s", figure.name, strerror(-rc))
		: ws_figure_publish(&figure, publication, err);
	fclose(figure.data);
	return rc;
}

static int clocks_tsv(const void *content, FILE *out)
{
	return ws_clocks_print(content, WS_FORMAT_TSV, out);
}

static int clocks_json(const void *content, FILE *out)
{
	return ws_clocks_print_json(content, out);
}

static int clocks_drawn(const void *content, FILE *out)
{
	return ws_clocks_write_drawn(content, out);
}

int ws_clocks_publish(const struct ws_clocks_report *report, const struct ws_invocation *invocation,
		      struct ws_error *err)
{
	static const struct ws_figure figure = { .name = "clocks", .coverage = "" };
	struct ws_publication publication;
	int rc = ws_publication_open_for(invocation->out, invocation->dir, &publication, err);

	if (rc)
		return rc;
	rc = ws_publication_write(&publication, "clocks.tsv", clocks_tsv, report, err);
	rc = rc ? rc : ws_publication_write(&publication, "clocks.json", clocks_json, report, err);
	rc = rc ? rc : ws_publication_write(&publication, "clocks-drawn.tsv", clocks_drawn, report, err);
	if (!rc && invocation->figure && report->clocks->n_pairs)
		rc = draw(&figure, clocks_drawn, report, &publication, err);
	ws_publication_close(&publication);
	return rc;
}

static int underlay_tsv(const void *content, FILE *out)
{
	return ws_underlay_print(content, WS_FORMAT_TSV, out);
}

static int underlay_json(const void *content, FILE *out)
{
	return ws_underlay_print(content, WS_FORMAT_JSON, out);
}

static int underlay_panels(const void *content, FILE *out)
{
	return ws_underlay_write_panels(content, out);
}

/* Is there anything to draw? */
static bool has_panels(const struct ws_underlay *underlay)
{
	return underlay->n_rows && underlay->row->scope == WS_UNDERLAY_NODES &&
	       underlay->row->what == WS_UNDERLAY_ROUND_TRIP;
}

int ws_underlay_publish(const struct ws_underlay *underlay, const struct ws_invocation *invocation,
			struct ws_error *err)
{
	static const struct ws_figure figure = {
		.name = "underlay", .script = "panels", .x_label = "delay [µs]", .coverage = ""
	};
	struct ws_publication publication;
	int rc = ws_publication_open_for(invocation->out, invocation->dir, &publication, err);

	if (rc)
		return rc;
	rc = ws_publication_write(&publication, "underlay.tsv", underlay_tsv, underlay, err);
	rc = rc ? rc : ws_publication_write(&publication, "underlay.json", underlay_json, underlay, err);
	rc = rc ? rc : ws_publication_write(&publication, "underlay-drawn.tsv", underlay_panels, underlay, err);
	if (!rc && invocation->figure && has_panels(underlay))
		rc = draw(&figure, underlay_panels, underlay, &publication, err);
	ws_publication_close(&publication);
	return rc;
}

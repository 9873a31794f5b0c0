/* SPDX-License-Identifier: BSD-2-Clause */
/* report - see report.h. */
#include "analyze/report.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Copies what was drawn from. */
static int copy(FILE *from, FILE *to)
{
	char buffer[65536];
	size_t n;

	rewind(from);
	while ((n = fread(buffer, 1, sizeof(buffer), from)) > 0)
		fwrite(buffer, 1, n, to);
	return ferror(from) || ferror(to) ? -EIO : 0;
}

/* Keeps NAME.SUFFIX: the bytes, or, if they are NULL, what series holds. */
static int keep(const struct ws_report *report, const char *name, const char *suffix, const char *bytes, size_t n,
		FILE *series, struct ws_error *err)
{
	struct ws_draft draft = { 0 };
	char file[64];
	int rc;

	snprintf(file, sizeof(file), "%s.%s", name, suffix);
	rc = ws_draft_open(&report->publication, file, &draft, err);
	if (rc)
		return rc;
	if (bytes)
		fwrite(bytes, 1, n, draft.file);
	else if (copy(series, draft.file))
		rc = ws_error(err, -EIO, "%s/%s: cannot write it", report->publication.dir, file);
	rc = rc ? rc : ws_draft_publish(&draft, err);
	ws_draft_close(&draft);
	return rc;
}

int ws_report_figure(struct ws_report *report, const struct ws_figure *figure,
		     int (*write)(const void *content, FILE *out), const void *content, const char *alt,
		     const char *caption, struct ws_error *err)
{
	struct ws_figure drawn = *figure;
	char *svg = NULL, file[64];
	size_t len = 0;
	int rc = ws_figure_open(&drawn.data, err);

	if (rc)
		return rc;
	rc = write(content, drawn.data);
	if (rc) {
		ws_error(err, rc, "%s: %s", figure->name, strerror(-rc));
		goto out;
	}
	rc = keep(report, figure->name, "tsv", NULL, 0, drawn.data, err);
	if (rc || !report->invocation->figure)
		goto out;
	if (ws_figure_render_svg(&drawn, &svg, &len, &report->missing)) {
		ws_page_warning(&report->page, "A figure is missing here: %s", report->missing.text);
		goto out;
	}
	snprintf(file, sizeof(file), "%s.svg", figure->name);
	rc = keep(report, figure->name, "svg", svg, len, NULL, err);
	if (!rc && ws_page_figure(&report->page, svg, len, file, alt, caption))
		ws_page_warning(&report->page, "A figure is missing here: gnuplot's %s could not be taken over", file);
out:
	fclose(drawn.data);
	free(svg);
	return rc;
}

/* Puts together what the chapters need. */
static int gather(struct ws_report *report, struct ws_error *err)
{
	int rc = ws_sweep_open(report->campaign, report->invocation, &report->sweep);

	rc = rc ? rc : ws_offsets_open(&report->sweep, &report->offsets);
	rc = rc ? rc : ws_e2e_open(report->campaign, &report->e2e);
	rc = rc ? rc : ws_bundle_open(report->campaign, &report->bundle);
	rc = rc ? rc : ws_observer_open(report->campaign, &report->e2e, &report->bundle, &report->observer);
	if (rc)
		return ws_error(err, rc, "%s", strerror(-rc));
	if (!report->invocation->published)
		return 0;
	rc = ws_published_open(report->invocation->published, &report->published, err);
	report->has_published = !rc;
	return rc;
}

static int write_chapters(struct ws_report *report, struct ws_error *err)
{
	static int (*const chapter[])(struct ws_report * report, struct ws_error * err) = {
		ws_chapter_overview, ws_chapter_end_to_end, ws_chapter_detection, ws_chapter_positions,
		ws_chapter_latency,  ws_chapter_edges,	    ws_chapter_agreement, ws_chapter_observer,
		ws_chapter_overhead, ws_chapter_published,  ws_chapter_accounts,  ws_chapter_runs,
		ws_chapter_method,
	};
	int rc = 0;

	for (size_t i = 0; i < sizeof(chapter) / sizeof(*chapter) && !rc; i++)
		rc = chapter[i](report, err);
	return rc;
}

static void release(struct ws_report *report)
{
	ws_page_close(&report->page);
	ws_publication_close(&report->publication);
	ws_published_close(&report->published);
	ws_observer_close(&report->observer);
	ws_bundle_close(&report->bundle);
	ws_e2e_close(&report->e2e);
	ws_offsets_close(&report->offsets);
	ws_sweep_close(&report->sweep);
}

int ws_report_write(const struct ws_campaign *campaign, const struct ws_invocation *invocation,
		    struct ws_error *missing, struct ws_error *err)
{
	struct ws_report report = { .campaign = campaign, .invocation = invocation };
	struct ws_draft html = { 0 }, markdown = { 0 };
	char title[WS_LABEL_MAX + 32];
	int rc = gather(&report, err);

	rc = rc ? rc : ws_publication_open_for(invocation->out, invocation->dir, &report.publication, err);
	rc = rc ? rc : ws_draft_open(&report.publication, "report.html", &html, err);
	rc = rc ? rc : ws_draft_open(&report.publication, "report.md", &markdown, err);
	if (rc)
		goto out;
	if (campaign->is_run)
		snprintf(title, sizeof(title), "One run");
	else
		snprintf(title, sizeof(title), "A campaign of %u runs", campaign->n_runs);
	rc = ws_page_begin(&report.page, html.file, markdown.file, title,
			   "How long does the container network hold a request?", err);
	rc = rc ? rc : write_chapters(&report, err);
	rc = rc ? rc : ws_page_end(&report.page, err);
	rc = rc ? rc : ws_draft_publish(&html, err);
	rc = rc ? rc : ws_draft_publish(&markdown, err);
out:
	*missing = report.missing;
	ws_draft_close(&html);
	ws_draft_close(&markdown);
	release(&report);
	return rc;
}

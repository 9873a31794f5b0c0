/* SPDX-License-Identifier: BSD-2-Clause */
/* gallery - see gallery.h. */
#include "analyze/gallery.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

#include "analyze/coverage.h"
#include "analyze/curve.h"
#include "analyze/figure.h"
#include "analyze/publication.h"

/* Writes one of a command's texts. */
typedef int (*writer)(const void *content, FILE *out);

static int write_points(const void *content, FILE *out)
{
	ws_curve_write(((const struct ws_cdf *)content)->set, out);
	return 0;
}

static int write_drawn(const void *content, FILE *out)
{
	ws_curve_write_drawn(((const struct ws_cdf *)content)->set, out);
	return 0;
}

static int write_cdf_json(const void *content, FILE *out)
{
	return ws_cdf_print(content, WS_FORMAT_JSON, out);
}

static int write_rates(const void *content, FILE *out)
{
	return ws_detect_print(content, WS_FORMAT_TSV, out);
}

static int write_detect_json(const void *content, FILE *out)
{
	return ws_detect_print(content, WS_FORMAT_JSON, out);
}

static int publish(const struct ws_publication *publication, const char *name, writer write, const void *content,
		   struct ws_error *err)
{
	struct ws_draft draft = { 0 };
	int rc = ws_draft_open(publication, name, &draft, err);

	if (rc)
		return rc;
	rc = write(content, draft.file);
	if (rc)
		ws_error(err, rc, "%s/%s: cannot write it: %s", publication->dir, name, strerror(-rc));
	else
		rc = ws_draft_publish(&draft, err);
	ws_draft_close(&draft);
	return rc;
}

static int open_publication(const struct ws_invocation *invocation, struct ws_publication *publication,
			    struct ws_error *err)
{
	char dir[PATH_MAX];

	if (invocation->out)
		return ws_publication_open(invocation->out, publication, err);
	if (snprintf(dir, sizeof(dir), "%s/reports", invocation->dir) >= (int)sizeof(dir))
		return ws_error(err, -ENAMETOOLONG, "%s: the name is too long", invocation->dir);
	return ws_publication_open(dir, publication, err);
}

/* Draws what write writes; to paper, or to a terminal if there is no publication. */
static int draw(const char *name, const char *coverage, writer write, const void *content,
		const struct ws_publication *publication, FILE *out, struct ws_error *err)
{
	struct ws_figure figure = { .name = name, .coverage = coverage };
	int rc = ws_figure_open(&figure.data, err);

	if (rc)
		return rc;
	rc = write(content, figure.data);
	if (!rc && publication)
		rc = ws_figure_publish(&figure, publication, err);
	else if (!rc)
		rc = ws_figure_print(&figure, out, err);
	fclose(figure.data);
	return rc;
}

int ws_gallery_cdf(const struct ws_cdf *cdf, const struct ws_invocation *invocation, struct ws_error *err)
{
	struct ws_publication publication;
	char coverage[WS_COVERAGE_MAX];
	int rc = open_publication(invocation, &publication, err);

	if (rc)
		return rc;
	rc = publish(&publication, "cdf.tsv", write_points, cdf, err);
	rc = rc ? rc : publish(&publication, "cdf-drawn.tsv", write_drawn, cdf, err);
	rc = rc ? rc : publish(&publication, "cdf.json", write_cdf_json, cdf, err);
	ws_coverage_join(cdf->study, coverage);
	ws_coverage_warnings(cdf->study, coverage);
	if (!rc && invocation->figure && cdf->set->n)
		rc = draw("cdf", coverage, write_drawn, cdf, &publication, NULL, err);
	ws_publication_close(&publication);
	return rc;
}

int ws_gallery_print_cdf(const struct ws_cdf *cdf, FILE *out, struct ws_error *err)
{
	return cdf->set->n ? draw("cdf", "", write_drawn, cdf, NULL, out, err) : 0;
}

/* Is there anything to draw? */
static bool has_rates(const struct ws_detect *detect)
{
	for (uint32_t i = 0; i < detect->n; i++) {
		if (ws_detection_rate(&detect->detection[i], detect->search_bytes[0]).has_rate)
			return true;
	}
	return false;
}

int ws_gallery_detect(const struct ws_detect *detect, const struct ws_invocation *invocation, struct ws_error *err)
{
	struct ws_publication publication;
	char coverage[WS_COVERAGE_MAX];
	int rc = open_publication(invocation, &publication, err);

	if (rc)
		return rc;
	rc = publish(&publication, "detect.tsv", write_rates, detect, err);
	rc = rc ? rc : publish(&publication, "detect.json", write_detect_json, detect, err);
	ws_coverage_files(detect->study, coverage);
	ws_coverage_warnings(detect->study, coverage);
	if (!rc && invocation->figure && has_rates(detect))
		rc = draw("detect", coverage, write_rates, detect, &publication, NULL, err);
	ws_publication_close(&publication);
	return rc;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* gallery - see gallery.h. */
#include "analyze/gallery.h"

#include <errno.h>
#include <string.h>

#include "analyze/coverage.h"
#include "analyze/curve.h"
#include "analyze/figure.h"
#include "analyze/publication.h"

/* Writes one of a command's texts. */
typedef int (*writer)(const void *content, FILE *out);

static int write_points(const void *content, FILE *out)
{
	return ws_curves_write(((const struct ws_cdf *)content)->set, out);
}

static int write_drawn(const void *content, FILE *out)
{
	return ws_curves_write_drawn(((const struct ws_cdf *)content)->set, out);
}

static int write_cdf_json(const void *content, FILE *out)
{
	return ws_cdf_print(content, WS_FORMAT_JSON, out);
}

static int write_rates(const void *content, FILE *out)
{
	return ws_detect_print(content, WS_FORMAT_TSV, out);
}

static int write_detect_panels(const void *content, FILE *out)
{
	return ws_detect_write_panels(content, out);
}

static int write_detect_json(const void *content, FILE *out)
{
	return ws_detect_print(content, WS_FORMAT_JSON, out);
}

static int write_bundle_panels(const void *content, FILE *out)
{
	return ws_bundle_write_panels(content, out);
}

static int write_bundle_tsv(const void *content, FILE *out)
{
	return ws_bundle_print(content, WS_FORMAT_TSV, out);
}

static int write_bundle_json(const void *content, FILE *out)
{
	return ws_bundle_print(content, WS_FORMAT_JSON, out);
}

static int write_sweep_panels(const void *content, FILE *out)
{
	return ws_sweep_write_panels(content, out);
}

static int write_sweep_tsv(const void *content, FILE *out)
{
	return ws_sweep_print(content, WS_FORMAT_TSV, out);
}

static int write_sweep_json(const void *content, FILE *out)
{
	return ws_sweep_print(content, WS_FORMAT_JSON, out);
}

static int write_offsets_bins(const void *content, FILE *out)
{
	return ws_offsets_write_bins(content, out);
}

static int write_offsets_tsv(const void *content, FILE *out)
{
	return ws_offsets_print(content, WS_FORMAT_TSV, out);
}

static int write_offsets_json(const void *content, FILE *out)
{
	return ws_offsets_print(content, WS_FORMAT_JSON, out);
}

static int write_e2e_panels(const void *content, FILE *out)
{
	return ws_e2e_write_panels(content, out);
}

static int write_e2e_tsv(const void *content, FILE *out)
{
	return ws_e2e_print(content, WS_FORMAT_TSV, out);
}

static int write_e2e_json(const void *content, FILE *out)
{
	return ws_e2e_print(content, WS_FORMAT_JSON, out);
}

static int write_compare_panels(const void *content, FILE *out)
{
	return ws_compare_write_panels(content, out);
}

static int write_compare_tsv(const void *content, FILE *out)
{
	return ws_compare_print(content, WS_FORMAT_TSV, out);
}

static int write_compare_json(const void *content, FILE *out)
{
	return ws_compare_print(content, WS_FORMAT_JSON, out);
}

static int write_strata_panels(const void *content, FILE *out)
{
	return ws_strata_write_panels(content, out);
}

static int write_strata_tsv(const void *content, FILE *out)
{
	return ws_strata_print(content, WS_FORMAT_TSV, out);
}

static int write_strata_json(const void *content, FILE *out)
{
	return ws_strata_print(content, WS_FORMAT_JSON, out);
}

/* A command's texts and figure. */
struct sheet {
	struct ws_figure figure; /* its data apart */
	writer tsv;
	writer json;  /* NULL: none */
	writer drawn; /* what the figure draws */
	bool has_figure;
};

/* Draws; to paper, or to a terminal if there is no publication. */
static int draw(const struct sheet *sheet, const void *content, const struct ws_publication *publication, FILE *out,
		struct ws_error *err)
{
	struct ws_figure figure = sheet->figure;
	int rc = ws_figure_open(&figure.data, err);

	if (rc)
		return rc;
	rc = ws_error_bare(err, sheet->drawn(content, figure.data));
	if (!rc && publication)
		rc = ws_figure_publish(&figure, publication, err);
	else if (!rc)
		rc = ws_figure_print(&figure, out, err);
	fclose(figure.data);
	return rc;
}

static int publish_sheet(const struct sheet *sheet, const void *content, const struct ws_invocation *invocation,
			 struct ws_error *err)
{
	struct ws_publication publication;
	char name[64];
	int rc = ws_publication_open_for(invocation->out, invocation->dir, &publication, err);

	if (rc)
		return rc;
	snprintf(name, sizeof(name), "%s.tsv", sheet->figure.name);
	rc = ws_publication_write(&publication, name, sheet->tsv, content, err);
	if (!rc && sheet->drawn != sheet->tsv) {
		snprintf(name, sizeof(name), "%s-drawn.tsv", sheet->figure.name);
		rc = ws_publication_write(&publication, name, sheet->drawn, content, err);
	}
	snprintf(name, sizeof(name), "%s.json", sheet->figure.name);
	if (!rc && sheet->json)
		rc = ws_publication_write(&publication, name, sheet->json, content, err);
	if (!rc && invocation->figure && sheet->has_figure)
		rc = draw(sheet, content, &publication, NULL, err);
	ws_publication_close(&publication);
	return rc;
}

static const struct sheet cdf_sheet = { { .name = "cdf" }, write_points, write_cdf_json, write_drawn, true };
static const struct sheet detect_sheet = {
	{ .name = "detect", .script = "sweep" }, write_rates, write_detect_json, write_detect_panels, true,
};
static const struct sheet bundle_sheet = {
	{ .name = "cdf", .script = "panels", .x_label = "latency [µs]", .coverage = "" },
	write_bundle_tsv,
	write_bundle_json,
	write_bundle_panels,
	true,
};
static const struct sheet strata_sheet = {
	{ .name = "cdf-by", .script = "panels", .x_label = "latency [µs]", .coverage = "" },
	write_strata_tsv,
	write_strata_json,
	write_strata_panels,
	true,
};
static const struct sheet sweep_sheet = {
	{ .name = "detect", .script = "sweep", .coverage = "" },
	write_sweep_tsv,
	write_sweep_json,
	write_sweep_panels,
	true,
};
static const struct sheet offsets_sheet = {
	{ .name = "offsets", .coverage = "" }, write_offsets_tsv, write_offsets_json, write_offsets_bins, true,
};
static const struct sheet e2e_sheet = {
	{ .name = "e2e", .script = "panels", .x_label = "end-to-end latency [ms]", .coverage = "" },
	write_e2e_tsv,
	write_e2e_json,
	write_e2e_panels,
	true,
};

static int write_differences(const void *content, FILE *out)
{
	const struct ws_compare *compare = content;
	int rc = 0;

	fputs("# differences of the latencies of the same packets, B minus A, over the mean of both\n"
	      "# panel\tkind\tmean_us\tdifference_us\n",
	      out);
	for (uint32_t i = 0; i < compare->n_same && !rc; i++)
		rc = ws_same_packets_write(&compare->same[i], ws_way_name(compare->same[i].way), out);
	return rc;
}

static const struct sheet differences_sheet = {
	{ .name = "compare-packets", .script = "agreement", .coverage = "", .x_label = "mean of both [µs]" },
	write_differences,
	NULL,
	write_differences,
	true,
};
static const struct sheet compare_sheet = {
	{ .name = "compare", .script = "panels", .x_label = "latency [µs]", .coverage = "" },
	write_compare_tsv,
	write_compare_json,
	write_compare_panels,
	true,
};

int ws_gallery_cdf(const struct ws_cdf *cdf, const struct ws_invocation *invocation, struct ws_error *err)
{
	char coverage[WS_COVERAGE_MAX];
	struct sheet sheet = cdf_sheet;

	ws_coverage_join(cdf->study, coverage);
	ws_coverage_warnings(cdf->study, coverage);
	sheet.figure.coverage = coverage;
	sheet.has_figure = cdf->set->n > 0;
	return publish_sheet(&sheet, cdf, invocation, err);
}

int ws_gallery_print_cdf(const struct ws_cdf *cdf, FILE *out, struct ws_error *err)
{
	struct sheet sheet = cdf_sheet;

	sheet.figure.coverage = "";
	return cdf->set->n ? draw(&sheet, cdf, NULL, out, err) : 0;
}

int ws_gallery_strata(const struct ws_strata *strata, const struct ws_invocation *invocation, struct ws_error *err)
{
	char coverage[WS_STRATA_COVERAGE_MAX];
	struct sheet sheet = strata_sheet;

	sheet.figure.coverage = ws_strata_coverage(strata, coverage);
	sheet.has_figure = strata->n > 0;
	return publish_sheet(&sheet, strata, invocation, err);
}

int ws_gallery_print_strata(const struct ws_strata *strata, FILE *out, struct ws_error *err)
{
	return strata->n ? draw(&strata_sheet, strata, NULL, out, err) : 0;
}

/* Is there anything to draw? */
static bool has_rates(const struct ws_detect *detect)
{
	for (uint32_t i = 0; i < detect->n; i++) {
		if (detect->detection[i].spots.n && ws_detection_rate(&detect->detection[i], 0).has_rate)
			return true;
	}
	return false;
}

int ws_gallery_detect(const struct ws_detect *detect, const struct ws_invocation *invocation, struct ws_error *err)
{
	char coverage[WS_COVERAGE_MAX];
	struct sheet sheet = detect_sheet;

	ws_coverage_files(detect->study, coverage);
	ws_coverage_warnings(detect->study, coverage);
	sheet.figure.coverage = coverage;
	sheet.has_figure = has_rates(detect);
	return publish_sheet(&sheet, detect, invocation, err);
}

int ws_gallery_bundle(const struct ws_bundle *bundle, const struct ws_invocation *invocation, struct ws_error *err)
{
	char coverage[WS_COVERAGE_MAX];
	struct sheet sheet = bundle_sheet;

	ws_coverage_bundle(bundle, coverage);
	sheet.figure.coverage = coverage;
	sheet.has_figure = bundle->n > 0;
	return publish_sheet(&sheet, bundle, invocation, err);
}

int ws_gallery_print_bundle(const struct ws_bundle *bundle, FILE *out, struct ws_error *err)
{
	return bundle->n ? draw(&bundle_sheet, bundle, NULL, out, err) : 0;
}

/* Is there a rate to draw? */
static bool has_known_rate(const struct ws_sweep *sweep)
{
	for (uint32_t i = 0; i < sweep->n; i++) {
		if (ws_probe_rate(&sweep->probe[i], 0).has_rate)
			return true;
	}
	return false;
}

int ws_gallery_sweep(const struct ws_sweep *sweep, const struct ws_invocation *invocation, struct ws_error *err)
{
	char coverage[WS_COVERAGE_MAX];
	struct sheet sheet = sweep_sheet;

	ws_coverage_sweep(sweep, coverage);
	sheet.figure.coverage = coverage;
	sheet.has_figure = has_known_rate(sweep);
	return publish_sheet(&sheet, sweep, invocation, err);
}

int ws_gallery_offsets(const struct ws_offsets *offsets, const struct ws_invocation *invocation, struct ws_error *err)
{
	struct sheet sheet = offsets_sheet;

	sheet.has_figure = offsets->n > 0;
	return publish_sheet(&sheet, offsets, invocation, err);
}

/* Is there an answer to draw? */
static bool has_answers(const struct ws_e2e *e2e)
{
	for (uint32_t i = 0; i < e2e->n; i++) {
		if (e2e->row[i].sample.n)
			return true;
	}
	return false;
}

int ws_gallery_e2e(const struct ws_e2e *e2e, const struct ws_invocation *invocation, struct ws_error *err)
{
	char coverage[WS_COVERAGE_MAX];
	struct sheet sheet = e2e_sheet;

	ws_coverage_e2e(e2e, coverage);
	sheet.figure.coverage = coverage;
	sheet.has_figure = has_answers(e2e);
	return publish_sheet(&sheet, e2e, invocation, err);
}

int ws_gallery_print_e2e(const struct ws_e2e *e2e, FILE *out, struct ws_error *err)
{
	return has_answers(e2e) ? draw(&e2e_sheet, e2e, NULL, out, err) : 0;
}

int ws_gallery_compare(const struct ws_compare *compare, const struct ws_invocation *invocation, struct ws_error *err)
{
	int rc = invocation->out ? publish_sheet(&compare_sheet, compare, invocation, err) : 0;

	if (rc >= 0 && invocation->out && compare->n_same) {
		int more = publish_sheet(&differences_sheet, compare, invocation, err);

		rc = more ? more : rc;
	}
	return rc;
}

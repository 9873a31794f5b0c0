/* SPDX-License-Identifier: BSD-2-Clause */
/* coverage - see coverage.h. */
#include "analyze/coverage.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "lib/names.h"

/* Above this, what analyze sees is the exception, and it says so. */
#define TLS_PERCENT_TOLD 50

static void add(char text[WS_COVERAGE_MAX], const char *format, ...) __attribute__((format(printf, 2, 3)));

static void add(char text[WS_COVERAGE_MAX], const char *format, ...)
{
	size_t n = strlen(text);
	va_list args;

	va_start(args, format);
	vsnprintf(text + n, WS_COVERAGE_MAX - n, format, args);
	va_end(args);
}

uint64_t ws_coverage_lost(const struct ws_file *file)
{
	return ws_tallies_sum(&file->losses);
}

double ws_coverage_tls_percent(const struct ws_file *file)
{
	uint64_t payload = ws_tallies_sum(&file->reasons);

	/* The reasons for which a frame is turned down before its payload is looked at come first, this one last of
	 * them. */
	for (uint32_t slot = 0; slot <= WS_REASON_NO_PAYLOAD; slot++)
		payload -= ws_tallies_get(&file->reasons, ws_slot_name(slot));
	return payload ? 100.0 * (double)ws_tallies_get(&file->reasons, ws_slot_name(WS_REASON_TLS)) / (double)payload
		       : 0;
}

/* Says of a file what its reader must know, on lines of its own. */
static void warn(const struct ws_file *file, char text[WS_COVERAGE_MAX])
{
	double tls = ws_coverage_tls_percent(file);

	if (tls > TLS_PERCENT_TOLD)
		add(text, "%s%s, %s: %.0f%% of payload is TLS", *text ? "\n" : "", file->point,
		    ws_source_name(file->source), tls);
	if (!file->complete)
		add(text, "%s%s, %s: the file was cut off, %" PRIu64 " bytes at its end were not read",
		    *text ? "\n" : "", file->point, ws_source_name(file->source), file->unread_bytes);
}

void ws_coverage_join(const struct ws_study *study, char text[WS_COVERAGE_MAX])
{
	*text = 0;
	for (int source = 0; source < WS_N_SOURCES; source++) {
		const struct ws_view *view = &study->view[source];
		const struct ws_join *join = &view->join;
		uint64_t n[WS_N_WAYS] = { 0 };

		if (!view->present)
			continue;
		if (!view->joined) {
			add(text, "%s%s: no pairs: %s", *text ? "\n" : "", ws_source_name(source), view->why);
			continue;
		}
		for (int way = 0; way < WS_N_WAYS; way++) {
			for (int class = 0; class < WS_N_CLASSES; class ++)
				n[way] += join->n_class[way][class];
		}
		add(text,
		    "%s%s: %" PRIu64 " rx, %" PRIu64 " tx pairs of %" PRIu64 " + %" PRIu64
		    " sightings; unmatched %" PRIu32 "; %s lost %" PRIu64,
		    *text ? "\n" : "", ws_source_name(source), n[WS_WAY_RX], n[WS_WAY_TX],
		    join->n_contexts[WS_SIDE_NIC], join->n_contexts[WS_SIDE_VPORT], join->n_strays,
		    source == WS_SOURCE_EBPF ? "records" : "frames", ws_view_n_lost(view));
	}
	if (study->rounding > 0)
		add(text, "%sthe store rounded each latency and each difference, by at most %.3f%% of it",
		    *text ? "\n" : "", 100 * study->rounding);
}

void ws_coverage_files(const struct ws_study *study, char text[WS_COVERAGE_MAX])
{
	*text = 0;
	for (uint32_t i = 0; i < study->catalog.n_files; i++) {
		const struct ws_file *file = &study->catalog.file[i];

		if (!study->wanted[i])
			continue;
		add(text, "%s%s, %s: %" PRIu64 " frames, %" PRIu64 " requests, %" PRIu64 " contexts; %s lost %" PRIu64,
		    *text ? "\n" : "", file->point, ws_source_name(file->source), file->n_frames, file->n_requests,
		    file->n_contexts, file->source == WS_SOURCE_EBPF ? "records" : "frames", ws_coverage_lost(file));
	}
}

void ws_coverage_warnings(const struct ws_study *study, char text[WS_COVERAGE_MAX])
{
	for (uint32_t i = 0; i < study->catalog.n_files; i++) {
		if (study->wanted[i])
			warn(&study->catalog.file[i], text);
	}
}

/* Adds up what the runs behind the strands left unmatched and lost; each run and source once. */
static void add_up_strays(const struct ws_bundle *bundle, uint64_t *n_strays, uint64_t *n_lost)
{
	const struct ws_campaign *campaign = bundle->campaign;

	for (uint32_t i = 0; i < bundle->n; i++) {
		const struct ws_strand *strand = &bundle->strand[i];
		bool first = i == 0 || bundle->strand[i - 1].cell != strand->cell ||
			     bundle->strand[i - 1].source != strand->source;

		for (uint32_t k = 0; k < strand->cell->n_runs && first; k++) {
			const struct ws_outcome *outcome =
				&campaign->run[strand->cell->run[k]].findings.outcome[strand->source];

			*n_strays += outcome->n_strays;
			*n_lost += outcome->n_lost;
		}
	}
}

void ws_coverage_bundle(const struct ws_bundle *bundle, char text[WS_COVERAGE_MAX])
{
	uint64_t n[WS_N_WAYS] = { 0 }, n_strays = 0, n_lost = 0;

	*text = 0;
	for (uint32_t i = 0; i < bundle->n; i++)
		n[bundle->strand[i].way] += bundle->strand[i].sample.n;
	add_up_strays(bundle, &n_strays, &n_lost);
	add(text,
	    "%" PRIu64 " rx, %" PRIu64 " tx pairs; sightings unmatched %" PRIu64 "; records and frames lost %" PRIu64,
	    n[WS_WAY_RX], n[WS_WAY_TX], n_strays, n_lost);
}

void ws_coverage_e2e(const struct ws_e2e *e2e, char text[WS_COVERAGE_MAX])
{
	uint64_t n = 0, n_good = 0, n_unanswered = 0;

	*text = 0;
	for (uint32_t i = 0; i < e2e->n; i++) {
		const struct ws_cell *cell = e2e->row[i].cell;

		n_good += e2e->row[i].sample.n;
		for (uint32_t k = 0; k < cell->n_runs; k++) {
			const struct ws_background *background = &e2e->campaign->run[cell->run[k]].findings.background;

			for (uint32_t log = 0; log < background->n_traffic; log++) {
				n += background->traffic[log].n;
				for (uint64_t r = 0; r < background->traffic[log].n; r++)
					n_unanswered += background->traffic[log].status[r] == 0;
			}
		}
	}
	add(text,
	    "%" PRIu64 " requests in the load logs: %" PRIu64 " answered 2xx or 3xx, %" PRIu64 " other, %" PRIu64
	    " unanswered",
	    n, n_good, n - n_good - n_unanswered, n_unanswered);
}

void ws_coverage_sweep(const struct ws_sweep *sweep, char text[WS_COVERAGE_MAX])
{
	uint64_t n_expected = 0, n_open = 0;
	uint32_t n_unknown = 0;

	*text = 0;
	for (uint32_t i = 0; i < sweep->n; i++) {
		const struct ws_probe *probe = &sweep->probe[i];

		if (probe->live && !probe->expected_known)
			n_unknown++;
		if (!probe->drawn || probe->live)
			continue;
		n_expected += probe->n_expected;
		n_open += probe->n_open;
	}
	add(text,
	    "%" PRIu64 " contexts by offsets; %" PRIu64 " requests undecided; live searches without a known rate: %u",
	    n_expected, n_open, n_unknown);
}

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
		    source == WS_SOURCE_EBPF ? "records" : "frames",
		    ws_coverage_lost(view->file[WS_SIDE_NIC]) + ws_coverage_lost(view->file[WS_SIDE_VPORT]));
	}
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

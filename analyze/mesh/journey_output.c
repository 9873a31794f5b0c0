/* SPDX-License-Identifier: BSD-2-Clause */
/* journey_output - see journey_output.h. */
#include "analyze/mesh/journey_output.h"

#include "analyze/publication.h"
#include "analyze/mesh/waterfall.h"
#include "lib/names.h"

int ws_journey_print(const struct ws_journey *journey, enum ws_format format, FILE *out)
{
	switch (format) {
	case WS_FORMAT_TSV:
		return ws_journey_print_tsv(journey, out);
	case WS_FORMAT_JSON:
		return ws_journey_print_json(journey, out);
	default:
		return ws_journey_print_table(journey, out);
	}
}

static int write_tsv(const void *journey, FILE *out)
{
	return ws_journey_print_tsv(journey, out);
}

static int write_json(const void *journey, FILE *out)
{
	return ws_journey_print_json(journey, out);
}

static int write_svg(const void *journey, FILE *out)
{
	ws_waterfall_write_svg(journey, out);
	return 0;
}

static int publish(const struct ws_journey *journey, const struct ws_publication *publication, const char *suffix,
		   int (*write)(const void *journey, FILE *out), struct ws_error *err)
{
	char name[64], id[33];

	snprintf(name, sizeof(name), "trace-%s.%s", ws_hex_text(journey->trace_id, sizeof(journey->trace_id), id),
		 suffix);
	return ws_publication_write(publication, name, write, journey, err);
}

int ws_journey_publish(const struct ws_journey *journey, const struct ws_invocation *invocation, struct ws_error *err)
{
	struct ws_publication publication = { 0 };
	int rc = ws_publication_open_for(invocation->out, invocation->dir, &publication, err);

	if (rc)
		return rc;
	rc = publish(journey, &publication, "tsv", write_tsv, err);
	rc = rc ? rc : publish(journey, &publication, "json", write_json, err);
	if (!rc && invocation->figure)
		rc = publish(journey, &publication, "svg", write_svg, err);
	ws_publication_close(&publication);
	return rc;
}

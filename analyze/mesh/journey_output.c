/* SPDX-License-Identifier: BSD-2-Clause */
/* journey_output - see journey_output.h. */
#include "analyze/mesh/journey_output.h"

#include <errno.h>
#include <string.h>

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

static int write_svg(const struct ws_journey *journey, FILE *out)
{
	ws_waterfall_write_svg(journey, out);
	return 0;
}

/* A journey, and how it is written. */
struct form {
	const struct ws_journey *journey;
	int (*write)(const struct ws_journey *journey, FILE *out);
};

static int write_form(const void *content, FILE *out)
{
	const struct form *form = content;

	return form->write(form->journey, out);
}

static int publish(const struct ws_journey *journey, const struct ws_publication *publication, const char *suffix,
		   int (*write)(const struct ws_journey *journey, FILE *out), struct ws_error *err)
{
	const struct form form = { journey, write };
	char name[64], id[33];

	snprintf(name, sizeof(name), "trace-%s.%s", ws_hex_text(journey->trace_id, sizeof(journey->trace_id), id),
		 suffix);
	return ws_publication_write(publication, name, write_form, &form, err);
}

int ws_journey_publish(const struct ws_journey *journey, const struct ws_invocation *invocation, struct ws_error *err)
{
	struct ws_publication publication = { 0 };
	int rc = ws_publication_open_for(invocation->out, invocation->dir, &publication, err);

	if (rc)
		return rc;
	rc = publish(journey, &publication, "tsv", ws_journey_print_tsv, err);
	rc = rc ? rc : publish(journey, &publication, "json", ws_journey_print_json, err);
	if (!rc && invocation->figure)
		rc = publish(journey, &publication, "svg", write_svg, err);
	ws_publication_close(&publication);
	return rc;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* far_sql - see far_sql.h. */
#include "analyze/far_sql.h"

#include <inttypes.h>

/* before, behind: what stands around each number. */
static void put_numbers(const struct ws_catalog *catalog, ws_far_number number, const void *context, const char *before,
			const char *behind, FILE *out)
{
	for (int part = 0; part < 2; part++) {
		const char *comma = "";

		fputs(part ? "], [" : "transform(file_id, [", out);
		for (uint32_t f = 0; f < catalog->n_files; f++) {
			int64_t own = 0;

			if (!number(context, f, &own))
				continue;
			if (part)
				fprintf(out, "%s%s%" PRId64 "%s", comma, before, own, behind);
			else
				fprintf(out, "%s%" PRId64, comma, catalog->file[f].file_id);
			comma = ", ";
		}
	}
	fputs("], ", out);
}

void ws_far_put_numbers(const struct ws_catalog *catalog, ws_far_number number, const void *context, FILE *out)
{
	put_numbers(catalog, number, context, "", "", out);
	fputs("0)", out);
}

void ws_far_put_wide_numbers(const struct ws_catalog *catalog, ws_far_number number, const void *context, FILE *out)
{
	/* quoted: literals of both signs have no type in common */
	put_numbers(catalog, number, context, "toInt64('", "')", out);
	fputs("toInt64(0))", out);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* export_text - see export.h: texts that may be anything, as each format quotes them. */
#include <string.h>

#include "analyze/mesh/export.h"
#include "analyze/utf8.h"

void ws_export_string(const char *text, FILE *out)
{
	const char *end = text + strlen(text);

	putc_unlocked('"', out);
	while (text < end) {
		char encoded[4];
		uint32_t c;

		if (*text >= 0x20 && *text < 0x7f && *text != '"' && *text != '\\') {
			putc_unlocked(*text++, out);
			continue;
		}
		c = ws_utf8_take(&text, end);
		if (c < 0x20)
			fprintf(out, "\\u%04x", (unsigned)c);
		else if (c == '"' || c == '\\')
			fprintf(out, "\\%c", (int)c);
		else
			fwrite_unlocked(encoded, 1, ws_utf8_put(encoded, c), out);
	}
	putc_unlocked('"', out);
}

void ws_export_field(const char *text, FILE *out)
{
	bool is_quoted = strpbrk(text, ",\"\r\n") != NULL;

	if (!is_quoted) {
		fputs_unlocked(text, out);
		putc_unlocked(',', out);
		return;
	}
	putc_unlocked('"', out);
	for (; *text; text++) {
		if (*text == '"')
			putc_unlocked('"', out);
		putc_unlocked(*text, out);
	}
	fputs_unlocked("\",", out);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* terminal - see terminal.h. */
#include "analyze/terminal.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include "analyze/utf8.h"

#define COLUMNS_DEFAULT 100

struct ws_terminal ws_terminal_find(FILE *out)
{
	static const char *const variable[] = { "LC_ALL", "LC_CTYPE", "LANG" };
	struct winsize size = { 0 };
	const char *width = getenv("COLUMNS"), *locale = NULL;
	unsigned long columns = width ? strtoul(width, NULL, 10) : 0;

	if (!columns && ioctl(fileno(out), TIOCGWINSZ, &size) == 0)
		columns = size.ws_col;
	for (size_t i = 0; i < sizeof(variable) / sizeof(*variable) && (!locale || !*locale); i++)
		locale = getenv(variable[i]);
	return (struct ws_terminal) {
		.columns = columns < 40 || columns > 500 ? COLUMNS_DEFAULT : (uint32_t)columns,
		.is_utf8 = locale && (strcasestr(locale, "utf-8") || strcasestr(locale, "utf8")),
	};
}

uint32_t ws_terminal_width(const char *text)
{
	const char *end = text + strlen(text);
	uint32_t n = 0;

	for (; text < end; n++)
		ws_utf8_take(&text, end);
	return n;
}

void ws_terminal_put_field(const char *text, FILE *out)
{
	const char *end = text + strlen(text);

	while (text < end) {
		uint32_t c = ws_utf8_take(&text, end);
		char encoded[4];

		fwrite(encoded, 1, ws_utf8_put(encoded, c < 0x20 ? ' ' : c), out);
	}
}

void ws_terminal_put(const struct ws_terminal *terminal, const char *text, uint32_t width, bool pads, FILE *out)
{
	const char *end = text + strlen(text);
	bool is_cut = ws_terminal_width(text) > width;
	uint32_t n = 0;

	for (; text < end && n + is_cut < width; n++) {
		uint32_t c = ws_utf8_take(&text, end);
		char encoded[4];

		if (c == WS_UTF8_REPLACEMENT || c < 0x20 || (c >= 0x80 && !terminal->is_utf8))
			c = '?';
		fwrite(encoded, 1, ws_utf8_put(encoded, c), out);
	}
	if (is_cut && width) {
		fputs(terminal->is_utf8 ? "…" : "~", out);
		n++;
	}
	for (; pads && n < width; n++)
		putc(' ', out);
}

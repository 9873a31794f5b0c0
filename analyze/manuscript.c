/* SPDX-License-Identifier: BSD-2-Clause */
/* manuscript - see manuscript.h. */
#include "analyze/manuscript.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/markup.h"

int ws_manuscript_open(struct ws_manuscript *manuscript)
{
	int rc;

	*manuscript = (struct ws_manuscript) { 0 };
	rc = ws_text_stream_open(&manuscript->html_stream);
	rc = rc ? rc : ws_text_stream_open(&manuscript->markdown_stream);
	if (rc) {
		ws_manuscript_close(manuscript);
		return rc;
	}
	manuscript->html = manuscript->html_stream.out;
	manuscript->markdown = manuscript->markdown_stream.out;
	return 0;
}

void ws_manuscript_put(struct ws_manuscript *manuscript, const char *text, struct ws_around around)
{
	fputs(around.html[0], manuscript->html);
	ws_markup_html(manuscript->html, text, strlen(text), WS_SPACE_FOLDED);
	fputs(around.html[1], manuscript->html);
	fputs(around.markdown[0], manuscript->markdown);
	ws_markup_markdown(manuscript->markdown, text);
	fputs(around.markdown[1], manuscript->markdown);
}

int ws_manuscript_put_format(struct ws_manuscript *manuscript, const char *format, va_list args,
			     struct ws_around around)
{
	char *text;

	if (vasprintf(&text, format, args) < 0)
		return -ENOMEM;
	ws_manuscript_put(manuscript, text, around);
	free(text);
	return 0;
}

int ws_manuscript_finish(struct ws_manuscript *manuscript)
{
	int rc = ws_text_stream_finish(&manuscript->html_stream, &manuscript->html_text, &manuscript->html_len);
	int rc_markdown = ws_text_stream_finish(&manuscript->markdown_stream, &manuscript->markdown_text,
						&manuscript->markdown_len);

	manuscript->html = manuscript->markdown = NULL;
	return rc ? rc : rc_markdown;
}

void ws_manuscript_close(struct ws_manuscript *manuscript)
{
	ws_text_stream_close(&manuscript->html_stream);
	ws_text_stream_close(&manuscript->markdown_stream);
	free(manuscript->html_text);
	free(manuscript->markdown_text);
	*manuscript = (struct ws_manuscript) { 0 };
}

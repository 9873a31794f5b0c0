/* SPDX-License-Identifier: BSD-2-Clause */
/* manuscript - see manuscript.h. */
#include "analyze/manuscript.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/markup.h"

int ws_manuscript_open(struct ws_manuscript *manuscript)
{
	*manuscript = (struct ws_manuscript) { 0 };
	manuscript->html = open_memstream(&manuscript->html_text, &manuscript->html_len);
	if (manuscript->html)
		manuscript->markdown = open_memstream(&manuscript->markdown_text, &manuscript->markdown_len);
	if (manuscript->markdown)
		return 0;
	ws_manuscript_close(manuscript);
	return -ENOMEM;
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

/* text: the file's, which it has when it is closed. */
static int finish(FILE **file, char *const *text)
{
	int rc = ferror(*file) ? -ENOMEM : 0;

	if (fclose(*file) || !*text)
		rc = -ENOMEM;
	*file = NULL;
	return rc;
}

int ws_manuscript_finish(struct ws_manuscript *manuscript)
{
	int rc = finish(&manuscript->html, &manuscript->html_text);
	int rc_markdown = finish(&manuscript->markdown, &manuscript->markdown_text);

	return rc ? rc : rc_markdown;
}

void ws_manuscript_close(struct ws_manuscript *manuscript)
{
	if (manuscript->html)
		fclose(manuscript->html);
	if (manuscript->markdown)
		fclose(manuscript->markdown);
	free(manuscript->html_text);
	free(manuscript->markdown_text);
	*manuscript = (struct ws_manuscript) { 0 };
}

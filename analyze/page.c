/* SPDX-License-Identifier: BSD-2-Clause */
/* page - see page.h. The body goes to memory, since the table of contents before it is known only at its end. */
#include "analyze/page.h"

#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/asset.h"
#include "analyze/manuscript.h"
#include "analyze/markup.h"
#include "analyze/svg.h"

#define ANCHOR_MAX 96

/* No scripts, nothing from anywhere, no forms; the style and data: icons are the page's own. */
#define POLICY "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'"

/* What a call may follow. */
enum place { IN_FLOW, IN_LIST, IN_TABLE, IN_ROW };

struct ws_page_state {
	struct ws_manuscript head, contents, body;
	char (*anchor)[ANCHOR_MAX];
	size_t n_anchors;
	enum place place;
	enum ws_page_cells cells[WS_PAGE_COLUMNS_MAX];
	size_t n_columns, n_cells; /* of the table; of the row so far */
	unsigned n_figures, depth; /* depth: of details */
	int rc;			   /* the first failure */
};

void ws_page_fail(struct ws_page *page, int rc)
{
	page->state->rc = page->state->rc ? page->state->rc : rc;
}

static FILE *html(struct ws_page *page)
{
	return page->state->body.html;
}

static FILE *markdown(struct ws_page *page)
{
	return page->state->body.markdown;
}

/* Ends what an element of the flow cannot stand in. */
static void enter_flow(struct ws_page *page)
{
	struct ws_page_state *state = page->state;

	if (state->place == IN_LIST) {
		fputs("</ul>\n", html(page));
		putc('\n', markdown(page));
	} else if (state->place != IN_FLOW) {
		ws_page_fail(page, -EINVAL);
		ws_page_table_end(page);
	}
	state->place = IN_FLOW;
}

#define AROUND(html_begin, html_end, markdown_begin, markdown_end) \
	((struct ws_around) { { html_begin, html_end }, { markdown_begin, markdown_end } })

static void put(struct ws_page *page, const char *text, struct ws_around around)
{
	ws_manuscript_put(&page->state->body, text, around);
}

static void put_format(struct ws_page *page, const char *format, va_list args, struct ws_around around)
{
	int rc = ws_manuscript_put_format(&page->state->body, format, args, around);

	if (rc)
		ws_page_fail(page, rc);
}

/* Makes the text's anchor one that no other has. It begins as no figure's ids do. NULL: no memory. */
static const char *new_anchor(struct ws_page *page, const char *text)
{
	struct ws_page_state *state = page->state;
	char made[ANCHOR_MAX], (*grown)[ANCHOR_MAX];
	size_t len, i = 0;
	unsigned n = 0;

	ws_markup_anchor(text, made, sizeof(made) - sizeof("section--4294967295"));
	if (!*made || (made[0] == 'f' && made[1] >= '0' && made[1] <= '9')) {
		memmove(made + strlen("section-"), made, strlen(made) + 1);
		memcpy(made, "section-", strlen("section-"));
	}
	len = strlen(made);
	while (i < state->n_anchors) {
		if (strcmp(state->anchor[i++], made) == 0) {
			snprintf(made + len, sizeof(made) - len, "-%u", ++n);
			i = 0;
		}
	}
	grown = realloc(state->anchor, (state->n_anchors + 1) * sizeof(*grown));
	if (!grown) {
		ws_page_fail(page, -ENOMEM);
		return NULL;
	}
	state->anchor = grown;
	memcpy(grown[state->n_anchors], made, sizeof(made));
	return grown[state->n_anchors++];
}

void ws_page_heading(struct ws_page *page, int level, const char *text)
{
	const char *anchor = new_anchor(page, text);
	struct ws_page_state *state = page->state;

	enter_flow(page);
	if (level < 2 || level > 4 || !anchor) {
		ws_page_fail(page, -EINVAL);
		return;
	}
	fprintf(html(page), "<h%d id=\"%s\">", level, anchor);
	fprintf(markdown(page), "%.*s ", level, "####");
	put(page, text, AROUND("", "", "", "\n\n"));
	fprintf(html(page), "</h%d>\n", level);
	if (level != 2)
		return;
	fprintf(state->contents.html, "<li><a href=\"#%s\">", anchor);
	ws_manuscript_put(&state->contents, text, AROUND("", "</a></li>\n", "- [", "]"));
	fprintf(state->contents.markdown, "(#%s)\n", anchor);
}

void ws_page_paragraph(struct ws_page *page, const char *format, ...)
{
	va_list args;

	enter_flow(page);
	va_start(args, format);
	put_format(page, format, args, AROUND("<p>", "</p>\n", "", "\n\n"));
	va_end(args);
}

void ws_page_warning(struct ws_page *page, const char *format, ...)
{
	va_list args;

	enter_flow(page);
	va_start(args, format);
	put_format(page, format, args,
		   AROUND("<p class=\"warning\" role=\"note\"><strong>Warning:</strong> ", "</p>\n", "> **Warning:** ",
			  "\n\n"));
	va_end(args);
}

static void enter_list(struct ws_page *page)
{
	if (page->state->place == IN_LIST)
		return;
	enter_flow(page);
	fputs("<ul>\n", html(page));
	page->state->place = IN_LIST;
}

void ws_page_list_item(struct ws_page *page, const char *format, ...)
{
	va_list args;

	enter_list(page);
	va_start(args, format);
	put_format(page, format, args, AROUND("<li>", "</li>\n", "- ", "\n"));
	va_end(args);
}

void ws_page_list_link(struct ws_page *page, const char *path, const char *format, ...)
{
	va_list args;

	enter_list(page);
	fputs("<li><a href=\"", html(page));
	ws_markup_path(html(page), path);
	va_start(args, format);
	put_format(page, format, args, AROUND("\">", "</a></li>\n", "- [", "]("));
	va_end(args);
	ws_markup_path(markdown(page), path);
	fputs(")\n", markdown(page));
}

static const char *cell_class(enum ws_page_cells cells)
{
	return cells == WS_CELLS_NUMBER ? " class=\"number\"" : cells == WS_CELLS_CODE ? " class=\"code\"" : "";
}

static void put_column(struct ws_page *page, const struct ws_page_column *column)
{
	fprintf(html(page), "<th scope=\"col\"%s>", cell_class(column->cells));
	put(page, column->name, AROUND("", "", " ", ""));
	if (column->unit)
		put(page, column->unit, AROUND(" <span class=\"unit\">[", "]</span>", " \\[", "\\]"));
	fputs("</th>", html(page));
	fputs(" |", markdown(page));
}

void ws_page_table_begin(struct ws_page *page, const char *caption, const struct ws_page_column *columns,
			 size_t n_columns)
{
	struct ws_page_state *state = page->state;

	enter_flow(page);
	if (!n_columns || n_columns > WS_PAGE_COLUMNS_MAX) {
		ws_page_fail(page, -EINVAL);
		return;
	}
	/* The box scrolls, not the page; who has no mouse scrolls it with the focus. */
	fputs("<div class=\"table\" tabindex=\"0\">\n<table>\n", html(page));
	if (caption && *caption)
		put(page, caption, AROUND("<caption><span>", "</span></caption>\n", "**", "**\n\n"));
	fputs("<thead>\n<tr>", html(page));
	putc('|', markdown(page));
	for (size_t i = 0; i < n_columns; i++) {
		put_column(page, &columns[i]);
		state->cells[i] = columns[i].cells;
	}
	fputs("</tr>\n</thead>\n<tbody>\n", html(page));
	fputs("\n|", markdown(page));
	for (size_t i = 0; i < n_columns; i++)
		fputs(columns[i].cells == WS_CELLS_NUMBER ? " ---: |" : " :--- |", markdown(page));
	putc('\n', markdown(page));
	state->n_columns = n_columns;
	state->place = IN_TABLE;
}

void ws_page_cell(struct ws_page *page, const char *format, ...)
{
	struct ws_page_state *state = page->state;
	enum ws_page_cells cells;
	va_list args;
	bool is_head;

	if (state->place == IN_TABLE) {
		fputs("<tr>", html(page));
		putc('|', markdown(page));
		state->place = IN_ROW;
		state->n_cells = 0;
	}
	if (state->place != IN_ROW || state->n_cells == state->n_columns) {
		ws_page_fail(page, -EINVAL);
		return;
	}
	cells = state->cells[state->n_cells++];
	is_head = cells == WS_CELLS_NAME && state->n_cells == 1;
	fprintf(html(page), "<%s%s>", is_head ? "th scope=\"row\"" : "td", cell_class(cells));
	va_start(args, format);
	put_format(page, format, args, AROUND("", is_head ? "</th>" : "</td>", " ", " |"));
	va_end(args);
}

void ws_page_row_end(struct ws_page *page)
{
	struct ws_page_state *state = page->state;

	if (state->place != IN_ROW) {
		ws_page_fail(page, -EINVAL);
		return;
	}
	while (state->n_cells < state->n_columns)
		ws_page_cell(page, "%s", "");
	fputs("</tr>\n", html(page));
	putc('\n', markdown(page));
	state->place = IN_TABLE;
}

void ws_page_table_end(struct ws_page *page)
{
	if (page->state->place == IN_ROW)
		ws_page_row_end(page);
	if (page->state->place != IN_TABLE) {
		ws_page_fail(page, -EINVAL);
		return;
	}
	fputs("</tbody>\n</table>\n</div>\n", html(page));
	putc('\n', markdown(page));
	page->state->place = IN_FLOW;
}

int ws_page_figure(struct ws_page *page, const char *svg, size_t svg_len, const char *file, const char *alt,
		   const char *caption)
{
	char prefix[16], *picture;
	size_t picture_len;
	int rc;

	snprintf(prefix, sizeof(prefix), "f%u", page->state->n_figures + 1);
	rc = ws_svg_take_over(svg, svg_len, prefix, alt, &picture, &picture_len);
	if (rc == -EBADMSG)
		return rc;
	if (rc) {
		ws_page_fail(page, rc);
		return 0;
	}
	enter_flow(page);
	page->state->n_figures++;
	fputs("<figure>\n", html(page));
	fwrite(picture, 1, picture_len, html(page));
	free(picture);
	fputs("![", markdown(page));
	ws_markup_markdown(markdown(page), alt);
	fputs("](", markdown(page));
	ws_markup_path(markdown(page), file);
	fputs(")\n\n", markdown(page));
	put(page, caption, AROUND("\n<figcaption>", "</figcaption>\n</figure>\n", "*", "*\n\n"));
	return 0;
}

/* What is folded stands behind the details, not in it: so paper and the style sheet can show it. */
void ws_page_details_begin(struct ws_page *page, const char *summary)
{
	enter_flow(page);
	fputs("<details><summary>", html(page));
	ws_markup_html(html(page), summary, strlen(summary), WS_SPACE_FOLDED);
	fputs("</summary></details>\n<div class=\"folded\">\n", html(page));
	/* In a line that begins with a tag GitHub reads HTML, not Markdown. */
	fputs("<details>\n<summary>", markdown(page));
	ws_markup_html(markdown(page), summary, strlen(summary), WS_SPACE_FOLDED);
	fputs("</summary>\n\n", markdown(page));
	page->state->depth++;
}

void ws_page_details_end(struct ws_page *page)
{
	enter_flow(page);
	if (!page->state->depth) {
		ws_page_fail(page, -EINVAL);
		return;
	}
	fputs("</div>\n", html(page));
	fputs("</details>\n\n", markdown(page));
	page->state->depth--;
}

void ws_page_code(struct ws_page *page, const char *text)
{
	enter_flow(page);
	/* HTML drops the first line feed behind <pre>. */
	fputs("<pre tabindex=\"0\">\n", html(page));
	ws_markup_html(html(page), text, strlen(text), WS_SPACE_KEPT);
	fputs("</pre>\n", html(page));
	ws_markup_fenced(markdown(page), text);
	putc('\n', markdown(page));
}

static void write_head(struct ws_manuscript *head, const char *style, const char *title, const char *subtitle)
{
	fputs("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
	      "<meta http-equiv=\"Content-Security-Policy\" content=\"" POLICY "\">\n"
	      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
	      "<meta name=\"referrer\" content=\"no-referrer\">\n"
	      "<link rel=\"icon\" href=\"data:,\">\n<title>",
	      head->html);
	ws_markup_html(head->html, title, strlen(title), WS_SPACE_FOLDED);
	fprintf(head->html, "</title>\n<style>\n%s</style>\n</head>\n<body>\n<header>\n", style);
	ws_manuscript_put(head, title, AROUND("<h1>", "</h1>\n", "# ", "\n\n"));
	if (subtitle)
		ws_manuscript_put(head, subtitle, AROUND("<p>", "</p>\n", "", "\n\n"));
	fputs("</header>\n", head->html);
}

int ws_page_begin(struct ws_page *page, FILE *html_file, FILE *markdown_file, const char *title, const char *subtitle,
		  struct ws_error *err)
{
	struct ws_page made = { .html = html_file, .markdown = markdown_file };
	char *style = NULL;
	size_t style_len;
	int rc = ws_asset_read("page.css", &style, &style_len, err);

	if (rc)
		return rc;
	if (strstr(style, "</") || strlen(style) != style_len) {
		rc = ws_error(err, -EBADMSG, "page.css: no style sheet that could stand in a page: it has a </ or a 0");
		goto out;
	}
	rc = -ENOMEM;
	made.state = calloc(1, sizeof(*made.state));
	if (made.state && !ws_manuscript_open(&made.state->head) && !ws_manuscript_open(&made.state->contents) &&
	    !ws_manuscript_open(&made.state->body) && new_anchor(&made, title))
		rc = 0;
	if (rc) {
		ws_error(err, rc, "out of memory");
		goto out;
	}
	write_head(&made.state->head, style, title, subtitle);
	*page = made;
	made.state = NULL;
out:
	ws_page_close(&made);
	free(style);
	return rc;
}

/* Head, contents if there are any, body. 0 or -errno. */
static int write_out(const struct ws_page *page)
{
	const struct ws_manuscript *head = &page->state->head, *body = &page->state->body;
	const struct ws_manuscript *contents = &page->state->contents;

	errno = 0;
	fwrite(head->html_text, 1, head->html_len, page->html);
	fwrite(head->markdown_text, 1, head->markdown_len, page->markdown);
	if (contents->html_len) {
		fprintf(page->html, "<nav aria-label=\"Contents\">\n<ul>\n%s</ul>\n</nav>\n", contents->html_text);
		fprintf(page->markdown, "%s\n", contents->markdown_text);
	}
	fputs("<main>\n", page->html);
	fwrite(body->html_text, 1, body->html_len, page->html);
	fwrite(body->markdown_text, 1, body->markdown_len, page->markdown);
	fputs("</main>\n</body>\n</html>\n", page->html);
	if (fflush(page->html) || fflush(page->markdown) || ferror(page->html) || ferror(page->markdown))
		return errno ? -errno : -EIO;
	return 0;
}

int ws_page_end(struct ws_page *page, struct ws_error *err)
{
	struct ws_page_state *state = page->state;
	int rc;

	enter_flow(page);
	if (state->depth)
		ws_page_fail(page, -EINVAL);
	rc = state->rc;
	rc = rc ? rc : ws_manuscript_finish(&state->head);
	rc = rc ? rc : ws_manuscript_finish(&state->contents);
	rc = rc ? rc : ws_manuscript_finish(&state->body);
	if (rc)
		return ws_error(err, rc, rc == -EINVAL ? "the page is no document" : "out of memory");
	rc = write_out(page);
	return rc ? ws_error(err, rc, "cannot write the page: %s", strerror(-rc)) : 0;
}

void ws_page_close(struct ws_page *page)
{
	if (!page || !page->state)
		return;
	ws_manuscript_close(&page->state->head);
	ws_manuscript_close(&page->state->contents);
	ws_manuscript_close(&page->state->body);
	free(page->state->anchor);
	free(page->state);
	page->state = NULL;
}

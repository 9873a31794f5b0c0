/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * page - one document written twice at once: as a self-contained HTML page and as Markdown.
 *
 * The HTML has its style and its pictures in it, no scripts, and asks for nothing from anywhere. The Markdown is
 * GitHub's (tables), and names its pictures as files. The same calls give the same bytes.
 *
 * All texts are plain text, hostile or not: they are escaped for each medium, line feeds and tabs become spaces,
 *control characters and what is not UTF-8 become U+FFFD. Texts are copied. Formats are printf's.
 *
 * No call but the first and the last tells of failure: the first failure is kept, and ws_page_end() returns it.
 *
 *	rc = ws_page_begin(&page, html, markdown, "Campaign", "3 runs", err);
 *	...
 *	rc = rc ? rc : ws_page_end(&page, err);
 *	ws_page_close(&page);
 */
#ifndef WS_ANALYZE_PAGE_H
#define WS_ANALYZE_PAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "lib/error.h"

/* What the cells of a column are. */
enum ws_page_cells {
	WS_CELLS_TEXT,
	WS_CELLS_NUMBER, /* to the right, digits of the same width */
	WS_CELLS_NAME,	 /* names its row: the row's header, if it is the first column */
	WS_CELLS_CODE,	 /* hashes, paths: all letters of the same width */
};

struct ws_page_column {
	const char *name;
	const char *unit; /* shown as "name [unit]"; NULL: none */
	enum ws_page_cells cells;
};

#define WS_PAGE_COLUMNS_MAX 32

/* Zeroed: nothing to close. */
struct ws_page {
	FILE *html, *markdown; /* the caller's */
	struct ws_page_state *state;
};

/*
 * Begins the document. title and subtitle (NULL: none) stand on top; a table of contents of the level 2 headings
 * follows them. Both files are the caller's, and are written by ws_page_end(). 0; -ENOENT: page.css, the style, is
 * missing; other -errno. To be closed with ws_page_close().
 */
int ws_page_begin(struct ws_page *page, FILE *html, FILE *markdown, const char *title, const char *subtitle,
		  struct ws_error *err);

/* What should stand in the document cannot: rc is kept as a failure of its own is. */
void ws_page_fail(struct ws_page *page, int rc);

/*
 * A heading of level 2, 3 or 4. Its anchor is made of its text: "eBPF, rx" is #ebpf-rx, the same as on GitHub; a second
 * one is #ebpf-rx-1.
 */
void ws_page_heading(struct ws_page *page, int level, const char *text);

__attribute__((format(printf, 2, 3))) void ws_page_paragraph(struct ws_page *page, const char *format, ...);

/* A paragraph that nobody should overlook: a warning. */
__attribute__((format(printf, 2, 3))) void ws_page_warning(struct ws_page *page, const char *format, ...);

/* An item of a list. Items in a row are one list. */
__attribute__((format(printf, 2, 3))) void ws_page_list_item(struct ws_page *page, const char *format, ...);

/*
 * The same, the text being a link to a file beside the page ("cdf.tsv", "../run1/reports/cdf.svg"). It is always a
 * relative path: "http://host/" is the file "http:" beside the page.
 */
__attribute__((format(printf, 3, 4))) void ws_page_list_link(struct ws_page *page, const char *path, const char *format,
							     ...);

/* A table. caption stands above it; NULL: none. At most WS_PAGE_COLUMNS_MAX columns. */
void ws_page_table_begin(struct ws_page *page, const char *caption, const struct ws_page_column *columns,
			 size_t n_columns);

/* The next cell of the row. One more than there are columns is a failure (-EINVAL). */
__attribute__((format(printf, 2, 3))) void ws_page_cell(struct ws_page *page, const char *format, ...);

/* Ends the row; missing cells are empty. */
void ws_page_row_end(struct ws_page *page);

void ws_page_table_end(struct ws_page *page);

/*
 * A picture. svg: an SVG document, as ws_figure_render_svg() makes it; it is taken over without scripts, styles, titles
 * and references to anything outside of it, and its ids get a prefix of their own. file: what the Markdown shows, a
 * relative path. alt: what the picture says, for those who do not see it. 0, or -EBADMSG: this is no SVG document that
 * could be taken over, nothing was written, the page goes on; other failures are told at the end.
 */
int ws_page_figure(struct ws_page *page, const char *svg, size_t svg_len, const char *file, const char *alt,
		   const char *caption);

/* What follows up to ws_page_details_end() is folded behind the summary on the screen; on paper it is not. Can be
 * nested. */
void ws_page_details_begin(struct ws_page *page, const char *summary);
void ws_page_details_end(struct ws_page *page);

/* Lines as they are, all letters of the same width; here line feeds and tabs stay. */
void ws_page_code(struct ws_page *page, const char *text);

/*
 * Writes what was kept into both files and flushes them. 0; -ENOMEM; -EIO and other -errno of writing; -EINVAL: the
 * calls made no document (a table or details not ended, a cell outside of a table). In all cases the page is to be
 * closed.
 */
int ws_page_end(struct ws_page *page, struct ws_error *err);

/* Frees what the page holds; not the files. NULL, a zeroed and a closed page are fine. */
void ws_page_close(struct ws_page *page);

#endif

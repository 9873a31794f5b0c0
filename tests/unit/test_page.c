/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_page - the page in both media: hostile texts and pictures do no harm, the same calls give the same bytes.
 *
 * test_page HTML MARKDOWN writes the page of the test, with pictures that gnuplot draws, for tests/browser.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "analyze/entity.h"
#include "analyze/figure.h"
#include "analyze/markup.h"
#include "analyze/page.h"
#include "analyze/svg.h"

#define N(array) (sizeof(array) / sizeof(*(array)))

static const char hostile[] = "<script>alert(1)</script> | \"'& ](javascript:alert(1)) `x` **b** \\ \xff\x1b[0m";

static const char small_svg[] =
	"<?xml version=\"1.0\"?>\n<!DOCTYPE svg [ <!ENTITY x \"]>\"> ]>\n<!-- <svg> -->\n"
	"<svg width=\"64\" height=\"32\" viewBox=\"0 0 64 32\" xmlns=\"http://www.w3.org/2000/svg\""
	" xmlns:xlink=\"http://www.w3.org/1999/xlink\" onload=\"alert(1)\">\n<title>Gnuplot</title>\n"
	"<defs><circle id='dot' r='2'/><use xlink:href='#dot' id='dots'/></defs>\n"
	"<rect width=\"64\" height=\"32\" fill=\"#ffffff\" class=\"warning\"/>\n"
	"<g style='fill:url(#dot)' clip-path='url(\"#dots\")'><text x='1'>a &lt;b&gt; &#956;s</text></g>\n</svg>\n";

/* A text that a writer wrote, and its end. */
struct sheet {
	FILE *file;
	char *text;
	size_t len;
};

static void open_sheet(struct sheet *sheet)
{
	*sheet = (struct sheet) { 0 };
	sheet->file = open_memstream(&sheet->text, &sheet->len);
	assert_non_null(sheet->file);
}

static void close_sheet(struct sheet *sheet)
{
	if (sheet->file)
		fclose(sheet->file);
	free(sheet->text);
}

static const char *read_sheet(struct sheet *sheet)
{
	assert_int_equal(fclose(sheet->file), 0);
	sheet->file = NULL;
	return sheet->text;
}

static void assert_has(const char *text, const char *part)
{
	if (!strstr(text, part))
		fail_msg("\"%s\" is not in:\n%s", part, text);
}

static void assert_has_not(const char *text, const char *part)
{
	if (strstr(text, part))
		fail_msg("\"%s\" is in:\n%s", part, text);
}

static void assert_html(const char *text, const char *want)
{
	struct sheet sheet;

	open_sheet(&sheet);
	ws_markup_html(sheet.file, text, strlen(text), WS_SPACE_FOLDED);
	assert_string_equal(read_sheet(&sheet), want);
	close_sheet(&sheet);
}

static void assert_markdown(const char *text, const char *want)
{
	struct sheet sheet;

	open_sheet(&sheet);
	ws_markup_markdown(sheet.file, text);
	assert_string_equal(read_sheet(&sheet), want);
	close_sheet(&sheet);
}

static void html_shows_just_the_text(void **state)
{
	(void)state;
	assert_html("a<b>&\"c'", "a&lt;b&gt;&amp;&quot;c&#39;");
	assert_html("a\n\tb\r", "a  b ");
	assert_html("\x01\x1b\x7f", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");
	assert_html("\xc2\xb5s \xe2\x82\xac \xf0\x9f\x98\x80", "\xc2\xb5s \xe2\x82\xac \xf0\x9f\x98\x80");
}

static void what_is_no_utf8_is_replaced_byte_by_byte(void **state)
{
	(void)state;
	assert_html("\xff", "\xef\xbf\xbd");
	assert_html("\xc0\xaf", "\xef\xbf\xbd\xef\xbf\xbd");		     /* overlong */
	assert_html("\xe0\x80\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"); /* overlong */
	assert_html("\xed\xa0\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"); /* half of a surrogate pair */
	assert_html("\xf4\x90\x80\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"); /* beyond 10ffff */
	assert_html("\xe2\x82", "\xef\xbf\xbd\xef\xbf\xbd");				     /* cut at the end */
	assert_html("\xe2\x82<", "\xef\xbf\xbd\xef\xbf\xbd&lt;");			     /* cut before markup */
	assert_html("a\xe2\x80\xae"
		    "b",
		    "a\xef\xbf\xbd"
		    "b");			     /* turns the direction */
	assert_html("\xef\xbf\xbe", "\xef\xbf\xbd"); /* no character */
}

static void markdown_shows_just_the_text(void **state)
{
	(void)state;
	assert_markdown("a|b", "a\\|b");
	assert_markdown("\\|", "\\\\\\|");
	assert_markdown("not_ip *b* `c` #1 ~x~ $y$", "not\\_ip \\*b\\* \\`c\\` \\#1 \\~x\\~ \\$y\\$");
	assert_markdown("](javascript:alert(1))", "\\](javascript:alert(1))");
	assert_markdown("![x](y)", "!\\[x\\](y)");
	assert_markdown("<script>&amp;", "&lt;script&gt;&amp;amp;");
	assert_markdown("http://a.example www.a.example", "http\\://a.example www\\.a.example");
	assert_markdown("  a\n\nb\n", "a  b");
}

static void markdown_block_does_not_become_a_list_or_a_line(void **state)
{
	(void)state;
	assert_markdown("- a", "\\- a");
	assert_markdown("+", "\\+");
	assert_markdown("---", "\\---");
	assert_markdown("===", "\\===");
	assert_markdown("12. a", "12\\. a");
	assert_markdown("12) a", "12\\) a");
	assert_markdown("-1.5", "-1.5");
	assert_markdown("1.5 ms", "1.5 ms");
	assert_markdown("2024", "2024");
}

static void fence_is_longer_than_the_text_s_own(void **state)
{
	struct sheet sheet;

	(void)state;
	open_sheet(&sheet);
	ws_markup_fenced(sheet.file, "a\tb\r\n````\nc\x1b");
	assert_string_equal(read_sheet(&sheet), "`````\na\tb\n````\nc\xef\xbf\xbd\n`````\n");
	close_sheet(&sheet);
}

static void link_never_leads_to_another_host(void **state)
{
	static const char *const path[][2] = {
		{ "reports/cdf.svg", "reports/cdf.svg" },
		{ "../run 1/a(b).tsv", "../run%201/a%28b%29.tsv" },
		{ "javascript:alert(1)", "javascript%3Aalert%281%29" },
		{ "http://host/", "http%3A//host/" },
		{ "//host/", ".//host/" },
		{ "/etc/passwd", "./etc/passwd" },
		{ "a?b#c\"><x", "a%3Fb%23c%22%3E%3Cx" },
		{ "\\\\host\n", "%5C%5Chost%0A" },
		{ "", "." },
	};

	(void)state;
	for (size_t i = 0; i < N(path); i++) {
		struct sheet sheet;

		open_sheet(&sheet);
		ws_markup_path(sheet.file, path[i][0]);
		assert_string_equal(read_sheet(&sheet), path[i][1]);
		close_sheet(&sheet);
	}
}

static void anchor_is_that_of_github(void **state)
{
	char anchor[16];

	(void)state;
	ws_markup_anchor("eBPF, rx", anchor, sizeof(anchor));
	assert_string_equal(anchor, "ebpf-rx");
	ws_markup_anchor(" not_ip / <b> ", anchor, sizeof(anchor));
	assert_string_equal(anchor, "not_ip--b-");
	ws_markup_anchor("0123456789abcdefgh", anchor, sizeof(anchor));
	assert_string_equal(anchor, "0123456789abcde");
	ws_markup_anchor("\xc2\xb5", anchor, sizeof(anchor));
	assert_string_equal(anchor, "");
}

static void entities_are_decoded_within_their_room(void **state)
{
	static const char *const text[][2] = {
		{ "&lt;&gt;&amp;&quot;&apos;", "<>&\"'" },
		{ "&#181;&#xB5;&#xb5;", "\xc2\xb5\xc2\xb5\xc2\xb5" },
		{ "&#x20ac;&#128512;", "\xe2\x82\xac\xf0\x9f\x98\x80" },
		{ "&#0;&#x110000;&#99999999999;", "&#0;&#x110000;&#99999999999;" },
		{ "&nbsp;&;&#;&#x;&#xg;&", "&nbsp;&;&#;&#x;&#xg;&" },
		{ "&amp;lt;", "&lt;" },
	};
	char plain[64];

	(void)state;
	for (size_t i = 0; i < N(text); i++) {
		size_t n = ws_entity_decode(text[i][0], strlen(text[i][0]), plain);

		assert_true(n <= strlen(text[i][0]));
		assert_int_equal(n, strlen(text[i][1]));
		assert_memory_equal(plain, text[i][1], n);
	}
}

/* The picture as it was taken over; to be freed. */
static char *take_over(const char *svg)
{
	char *text;
	size_t len;

	assert_int_equal(ws_svg_take_over(svg, strlen(svg), "f7", "a \"label\"", &text, &len), 0);
	assert_int_equal(strlen(text), len);
	return text;
}

static void picture_has_ids_of_its_own(void **state)
{
	char *text = take_over(small_svg);

	(void)state;
	assert_string_equal(text, "<svg role=\"img\" aria-label=\"a &quot;label&quot;\" width=\"64\" height=\"32\""
				  " viewBox=\"0 0 64 32\">\n\n"
				  "<defs><circle id=\"f7-dot\" r=\"2\"/><use xlink:href=\"#f7-dot\" id=\"f7-dots\"/>"
				  "</defs>\n<rect width=\"64\" height=\"32\" fill=\"#ffffff\"/>\n"
				  "<g style=\"fill:url(#f7-dot)\" clip-path=\"url(&quot;#f7-dots&quot;)\">"
				  "<text x=\"1\">a &lt;b&gt; \xce\xbcs</text></g>\n</svg>");
	free(text);
}

static void hostile_picture_brings_nothing_along(void **state)
{
	char *text = take_over(
		"<svg xmlns:x='y'><script>alert(1)</script><style>@import 'http://h/'</style>"
		"<foreignObject><g><p onclick='x'>evil</p></g></foreignObject>"
		"<a href='javascript:alert(1)'><text>evil</text></a>"
		"<image href='http://h/evil.png'/><animate attributeName='href' to='evil'/>"
		"<g onclick='evil()' ONLOAD='evil()' href='evil' xlink:href=' #x' fill='url(http://h/evil)'"
		" stroke='&#117;rl(evil)' filter='URL( #evil)' style='background:image-set(\"evil\")'"
		" mask='u\\72l(evil)' data-x='evil' tabindex='1' id='a\"><evil>'>"
		"<![CDATA[<b>]]><!-- evil --><?evil?>&lt;/svg&gt;&#60;i></g></svg><evil>");

	(void)state;
	assert_string_equal(text, "<svg role=\"img\" aria-label=\"a &quot;label&quot;\">"
				  "<g id=\"f7-a&quot;&gt;&lt;evil&gt;\">&lt;b&gt;&lt;/svg&gt;&lt;i&gt;</g></svg>");
	free(text);
}

static void what_is_no_picture_is_refused(void **state)
{
	static const char *const broken[] = {
		"",
		"hello",
		"<html></html>",
		"<svg",
		"<svg>",
		"<svg/",
		"<svg a>",
		"<svg a=b/>",
		"<svg a='b>",
		"<svg><g></svg>",
		"<svg></g></svg>",
		"</svg>",
		"<svg><!-- </svg>",
		"<svg><![CDATA[ </svg>",
		"<svg><?x </svg>",
		"<svg><!DOCTYPE x></svg>",
		"<!DOCTYPE svg [ <svg/>",
		"<svg></svg x>",
		"<svg>< g/></svg>",
	};
	char deep[65 * 3 + 6] = "<svg>", *text = NULL;
	size_t len = 0;

	(void)state;
	for (size_t i = 0; i < N(broken); i++) {
		if (ws_svg_take_over(broken[i], strlen(broken[i]), "f1", "", &text, &len) != -EBADMSG)
			fail_msg("not refused: %s", broken[i]);
	}
	for (int i = 0; i < 65; i++)
		strcat(deep, "<g>");
	assert_int_equal(ws_svg_take_over(deep, strlen(deep), "f1", "", &text, &len), -EBADMSG);
	/* A picture that ends at any byte before its last is refused, and nothing behind it is read. */
	for (size_t n = 0; n < strlen(small_svg) - 1; n++) {
		char *cut = malloc(n + 1);

		assert_non_null(cut);
		memcpy(cut, small_svg, n);
		assert_int_equal(ws_svg_take_over(cut, n, "f1", "", &text, &len), -EBADMSG);
		free(cut);
	}
	assert_null(text);
}

static void put_table(struct ws_page *page)
{
	static const struct ws_page_column columns[] = {
		{ .name = "curve", .cells = WS_CELLS_NAME },
		{ .name = "p99", .unit = "\xc2\xb5s", .cells = WS_CELLS_NUMBER },
		{ .name = "a|b", .cells = WS_CELLS_CODE }
	};

	ws_page_table_begin(page, "Latency", columns, N(columns));
	ws_page_cell(page, "eBPF %s", "rx");
	ws_page_cell(page, "%.1f", 25.04);
	ws_page_cell(page, "%s", hostile);
	ws_page_row_end(page);
	ws_page_cell(page, "short");
	ws_page_row_end(page);
	ws_page_table_end(page);
}

static void put_all(struct ws_page *page)
{
	ws_page_warning(page, "%d%% of payload is TLS", 98);
	ws_page_heading(page, 2, "Latency");
	ws_page_paragraph(page, "%s", hostile);
	assert_int_equal(ws_page_figure(page, small_svg, strlen(small_svg), "cdf.svg", "curves", hostile), 0);
	assert_int_equal(ws_page_figure(page, "no", 2, "cdf.svg", "curves", "never seen"), -EBADMSG);
	assert_int_equal(ws_page_figure(page, small_svg, strlen(small_svg), "a b.svg", hostile, "two"), 0);
	put_table(page);
	ws_page_heading(page, 2, "Latency");
	ws_page_list_item(page, "- %s", "one");
	ws_page_list_link(page, "javascript:x", "%s", "]two");
	ws_page_details_begin(page, hostile);
	ws_page_heading(page, 3, "f1-gpDot");
	ws_page_code(page, "$ analyze cdf\n</pre>\n```\n");
	ws_page_details_end(page);
}

struct two_sheets {
	struct sheet html, markdown;
};

static void write_all(struct two_sheets *sheets)
{
	struct ws_page page = { 0 };
	struct ws_error err = { 0 };

	open_sheet(&sheets->html);
	open_sheet(&sheets->markdown);
	assert_int_equal(ws_page_begin(&page, sheets->html.file, sheets->markdown.file, hostile, "sub", &err), 0);
	put_all(&page);
	assert_int_equal(ws_page_end(&page, &err), 0);
	ws_page_close(&page);
	ws_page_close(&page);
	read_sheet(&sheets->html);
	read_sheet(&sheets->markdown);
}

static void close_all(struct two_sheets *sheets)
{
	close_sheet(&sheets->html);
	close_sheet(&sheets->markdown);
}

static void page_in_html(void **state)
{
	static const char escaped[] =
		"&lt;script&gt;alert(1)&lt;/script&gt; | &quot;&#39;&amp; ](javascript:alert(1)) `x` "
		"**b** \\ \xef\xbf\xbd\xef\xbf\xbd[0m";
	static const char *const parts[] = {
		"<html lang=\"en\">",
		"content=\"default-src 'none'; style-src 'unsafe-inline'; img-src data:;",
		"<nav aria-label=\"Contents\">\n<ul>\n<li><a href=\"#latency\">Latency</a></li>\n",
		"\n<li><a href=\"#latency-1\">Latency</a></li>\n</ul>",
		"<p class=\"warning\" role=\"note\"><strong>Warning:</strong> 98% of payload is TLS</p>",
		"<h2 id=\"latency\">Latency</h2>",
		"<h2 id=\"latency-1\">Latency</h2>",
		"<h3 id=\"section-f1-gpdot\">",
		"<circle id=\"f1-dot\"",
		"<circle id=\"f2-dot\"",
		"<caption><span>Latency</span></caption>",
		"<th scope=\"col\" class=\"number\">p99 <span class=\"unit\">[\xc2\xb5s]</span></th>",
		"<tr><th scope=\"row\">eBPF rx</th><td class=\"number\">25.0</td><td class=\"code\">",
		"<tr><th scope=\"row\">short</th><td class=\"number\"></td><td class=\"code\"></td></tr>",
		"<ul>\n<li>- one</li>\n<li><a href=\"javascript%3Ax\">]two</a></li>\n</ul>",
		"<pre tabindex=\"0\">\n$ analyze cdf\n&lt;/pre&gt;\n```\n</pre>",
	};
	struct two_sheets sheets;

	(void)state;
	write_all(&sheets);
	for (size_t i = 0; i < N(parts); i++)
		assert_has(sheets.html.text, parts[i]);
	assert_has(sheets.html.text, escaped);
	assert_has_not(sheets.html.text, "<script");
	assert_has_not(sheets.html.text, "never seen");
	close_all(&sheets);
}

static void page_in_markdown(void **state)
{
	static const char *const parts[] = {
		"- [Latency](#latency)\n- [Latency](#latency-1)\n\n",
		"> **Warning:** 98% of payload is TLS\n\n",
		"## Latency\n\n",
		"![curves](cdf.svg)\n\n*&lt;script&gt;",
		"](a%20b.svg)\n\n*two*\n\n",
		"**Latency**\n\n| curve | p99 \\[\xc2\xb5s\\] | a\\|b |\n| :--- | ---: | :--- |\n| eBPF rx | 25.0 |",
		"| 25.0 | &lt;script&gt;",
		"| short |  |  |\n\n",
		"- \\- one\n- [\\]two](javascript%3Ax)\n\n",
		"<details>\n<summary>&lt;script&gt;alert(1)&lt;/script&gt;",
		"````\n$ analyze cdf\n</pre>\n```\n````\n\n</details>\n\n",
	};
	struct two_sheets sheets;

	(void)state;
	write_all(&sheets);
	for (size_t i = 0; i < N(parts); i++)
		assert_has(sheets.markdown.text, parts[i]);
	assert_has_not(sheets.markdown.text, "<script");
	assert_has_not(sheets.markdown.text, "](javascript:alert(1))\n");
	close_all(&sheets);
}

static void same_calls_give_the_same_bytes(void **state)
{
	struct two_sheets first, second;

	(void)state;
	write_all(&first);
	write_all(&second);
	assert_string_equal(first.html.text, second.html.text);
	assert_string_equal(first.markdown.text, second.markdown.text);
	close_all(&first);
	close_all(&second);
}

/* What the calls of a document that is none come to. */
static int end_of(void (*put)(struct ws_page *page))
{
	struct ws_page page = { 0 };
	struct ws_error err = { 0 };
	struct two_sheets sheets;
	int rc;

	open_sheet(&sheets.html);
	open_sheet(&sheets.markdown);
	assert_int_equal(ws_page_begin(&page, sheets.html.file, sheets.markdown.file, "t", NULL, &err), 0);
	put(&page);
	rc = ws_page_end(&page, &err);
	assert_int_equal(rc == 0, err.text[0] == 0);
	ws_page_close(&page);
	close_all(&sheets);
	return rc;
}

static void put_nothing(struct ws_page *page)
{
	(void)page;
}

static void put_open_details(struct ws_page *page)
{
	ws_page_details_begin(page, "open");
}

static void put_lost_cell(struct ws_page *page)
{
	ws_page_cell(page, "lost");
}

static void put_long_row(struct ws_page *page)
{
	ws_page_table_begin(page, NULL, &(struct ws_page_column) { .name = "one" }, 1);
	ws_page_cell(page, "1");
	ws_page_cell(page, "2");
	ws_page_row_end(page);
	ws_page_table_end(page);
}

static void put_text_into_table(struct ws_page *page)
{
	ws_page_table_begin(page, NULL, &(struct ws_page_column) { .name = "one" }, 1);
	ws_page_cell(page, "1");
	ws_page_paragraph(page, "text");
}

static void put_too_wide_table(struct ws_page *page)
{
	ws_page_table_begin(page, NULL, NULL, WS_PAGE_COLUMNS_MAX + 1);
}

static void calls_that_make_no_document_are_told_at_the_end(void **state)
{
	(void)state;
	assert_int_equal(end_of(put_nothing), 0);
	assert_int_equal(end_of(put_open_details), -EINVAL);
	assert_int_equal(end_of(put_lost_cell), -EINVAL);
	assert_int_equal(end_of(put_long_row), -EINVAL);
	assert_int_equal(end_of(put_text_into_table), -EINVAL);
	assert_int_equal(end_of(put_too_wide_table), -EINVAL);
}

static void full_disk_is_told_at_the_end(void **state)
{
	struct ws_page page = { 0 };
	struct ws_error err = { 0 };
	struct sheet markdown;
	FILE *full = fopen("/dev/full", "w");

	(void)state;
	if (!full)
		skip();
	open_sheet(&markdown);
	assert_int_equal(ws_page_begin(&page, full, markdown.file, "t", NULL, &err), 0);
	put_all(&page);
	assert_int_equal(ws_page_end(&page, &err), -ENOSPC);
	assert_has(err.text, "cannot write the page");
	ws_page_close(&page);
	fclose(full);
	close_sheet(&markdown);
}

static void missing_style_is_told_at_the_beginning(void **state)
{
	struct ws_page page = { 0 };
	struct ws_error err = { 0 };
	char *reports = strdup(getenv("WIRESPAN_REPORTS"));

	(void)state;
	setenv("WIRESPAN_REPORTS", "/nonexistent", 1);
	assert_int_equal(ws_page_begin(&page, stdout, stdout, "t", NULL, &err), -ENOENT);
	assert_has(err.text, "WIRESPAN_REPORTS=/nonexistent");
	assert_null(page.state);
	ws_page_close(&page);
	setenv("WIRESPAN_REPORTS", reports, 1);
	free(reports);
}

static void name_in_a_figure_s_data_is_one_field(void **state)
{
	struct sheet sheet;

	(void)state;
	open_sheet(&sheet);
	ws_figure_put_name(sheet.file, "# a\t\"b\"\n\xff`id`\\n");
	assert_string_equal(read_sheet(&sheet), "\xc2\xa0# a 'b' \xef\xbf\xbd`id`\\\\n");
	close_sheet(&sheet);
}

/* A figure with a hostile name among its panels: made-up numbers, the same every time. */
static void fill_panels(FILE *data, int n_panels)
{
	static const char *const curve[] = { "eBPF rx (NIC to vport)", "eBPF tx (vport to NIC)",
					     "pcap rx (NIC to vport)" };

	static const char *const panel[] = { "80 requests/s", hostile, "#3", "w3c, \\n original", "w3c, proposed" };

	fputs("# panel\tcurve\tx\tcdf\tlow\thigh\n", data);
	for (int p = 0; p < n_panels; p++) {
		for (size_t k = 0; k < N(curve); k++) {
			for (int i = 0; i <= 40; i++) {
				double cdf = i / 40.0;

				ws_figure_put_name(data, panel[p]);
				fprintf(data, "\t%s\t%.3f\t%.4f\t%.4f\t%.4f\n", curve[k],
					(20 + 6 * (double)k + p) * (1 + 2 * cdf * cdf), cdf, cdf < 0.1 ? 0 : cdf - 0.1,
					cdf > 0.9 ? 1 : cdf + 0.1);
			}
		}
	}
}

static void fill_sweep(FILE *data)
{
	static const char *const curve[] = { "original", "original, again", "proposed" };

	fputs("# panel\tcurve\tkind\tx\ty\tlow\thigh\n", data);
	for (size_t k = 0; k < N(curve); k++) {
		for (int live = 0; live < 2; live++) {
			for (int bytes = 100; bytes <= 1500; bytes += live ? 200 : 100) {
				double rate = k == 2 ? bytes >= 200 : bytes < 300 ? 0 : bytes < 900 ? 0.6 : 0.9;

				fprintf(data, "productpage\t%s\t%s\t%d\t%.4f\t%.4f\t%.4f\n", curve[k],
					live ? "live" : "offsets", bytes, rate, rate < 0.05 ? 0 : rate - 0.05,
					rate > 0.95 ? 1 : rate + 0.05);
			}
		}
	}
}

/* Draws the figure twice, and takes it into the page. 0 or -errno. */
static int put_figure(struct ws_page *page, const char *script, int n_panels, struct ws_error *err)
{
	struct ws_figure figure = { .name = "made-up", .script = script, .coverage = "made up\nfor the test" };
	char *svg[2] = { NULL, NULL };
	size_t len[2] = { 0, 0 };
	int rc = ws_figure_open(&figure.data, err);

	if (rc)
		return rc;
	if (n_panels)
		fill_panels(figure.data, n_panels);
	else
		fill_sweep(figure.data);
	for (size_t i = 0; !rc && i < N(svg); i++)
		rc = ws_figure_render_svg(&figure, &svg[i], &len[i], err);
	if (!rc && (len[0] != len[1] || memcmp(svg[0], svg[1], len[0]) != 0))
		rc = ws_error(err, -EBADMSG, "%s.gp: not twice the same bytes", script);
	if (!rc && ws_page_figure(page, svg[0], len[0], "made-up.svg", "made-up curves", hostile))
		rc = ws_error(err, -EBADMSG, "%s.gp: not a picture that can be taken over", script);
	free(svg[0]);
	free(svg[1]);
	fclose(figure.data);
	return rc;
}

static int put_figures(struct ws_page *page, struct ws_error *err)
{
	int rc = put_figure(page, "panels", 1, err);

	rc = rc ? rc : put_figure(page, "panels", 5, err);
	return rc ? rc : put_figure(page, "sweep", 0, err);
}

static void figures_of_gnuplot_are_taken_over(void **state)
{
	struct ws_page page = { 0 };
	struct ws_error err = { 0 };
	struct two_sheets sheets;

	(void)state;
	open_sheet(&sheets.html);
	open_sheet(&sheets.markdown);
	assert_int_equal(ws_page_begin(&page, sheets.html.file, sheets.markdown.file, "t", NULL, &err), 0);
	if (put_figures(&page, &err))
		fail_msg("%s", err.text);
	assert_int_equal(ws_page_end(&page, &err), 0);
	ws_page_close(&page);
	read_sheet(&sheets.html);
	assert_has(sheets.html.text, "<g id=\"f1-gnuplot_canvas\">");
	assert_has(sheets.html.text, "<g id=\"f3-gnuplot_canvas\">");
	assert_has(sheets.html.text, "#f2-gp");
	assert_has(sheets.html.text, "&lt;script&gt;alert(1)&lt;/script&gt;");
	assert_has(sheets.html.text, "#3</text>");
	assert_has(sheets.html.text, "w3c, \\n original</text>");
	assert_has_not(sheets.html.text, "<script");
	assert_has_not(sheets.html.text, "id='gp");
	assert_has_not(sheets.html.text, "Gnuplot");
	close_all(&sheets);
}

static void put_wide_table(struct ws_page *page)
{
	struct ws_page_column columns[14] = { { .name = "curve", .cells = WS_CELLS_NAME } };

	for (size_t i = 1; i < N(columns); i++)
		columns[i] = (struct ws_page_column) { .name = "quantile", .unit = "ms", .cells = WS_CELLS_NUMBER };
	ws_page_table_begin(page, "A table that is wider than a phone, with a caption that is longer than that is wide",
			    columns, N(columns));
	for (int row = 0; row < 60; row++) {
		ws_page_cell(page, "row %d of_a_name_without_any_place_to_break_it_at_all", row);
		for (size_t i = 1; i < N(columns); i++)
			ws_page_cell(page, "%.3f", row * 1.25 * (double)i);
		ws_page_row_end(page);
	}
	ws_page_table_end(page);
}

/* The page for tests/browser. */
static int write_sample(const char *html_path, const char *markdown_path)
{
	FILE *html = fopen(html_path, "w"), *markdown = fopen(markdown_path, "w");
	struct ws_page page = { 0 };
	struct ws_error err = { 0 };
	int rc = html && markdown ? 0 : ws_error(&err, -errno, "cannot write there: %s", strerror(errno));

	rc = rc ? rc : ws_page_begin(&page, html, markdown, "A page of every kind of block", hostile, &err);
	if (!rc) {
		put_all(&page);
		ws_page_heading(&page, 2, "Figures");
		rc = put_figures(&page, &err);
		ws_page_heading(&page, 2,
				"A word of a hundred letters and no place to break: "
				"0123456789012345678901234567890123456789012345678901234567890123456789");
		ws_page_details_begin(&page, "All of the table");
		put_wide_table(&page);
		ws_page_details_end(&page);
		ws_page_code(&page,
			     "analyze cdf --dir runs/a-rather-long-name --source ebpf --format tsv "
			     "--and-so-on-until-the-line-is-wider-than-any-screen-that-a-person-could-have | less");
	}
	rc = rc ? rc : ws_page_end(&page, &err);
	ws_page_close(&page);
	if (html && fclose(html) && !rc)
		rc = ws_error(&err, -errno, "%s: %s", html_path, strerror(errno));
	if (markdown && fclose(markdown) && !rc)
		rc = ws_error(&err, -errno, "%s: %s", markdown_path, strerror(errno));
	if (rc)
		fprintf(stderr, "test_page: %s\n", err.text);
	return rc ? 1 : 0;
}

int main(int argc, char *argv[])
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(html_shows_just_the_text),
		cmocka_unit_test(what_is_no_utf8_is_replaced_byte_by_byte),
		cmocka_unit_test(markdown_shows_just_the_text),
		cmocka_unit_test(markdown_block_does_not_become_a_list_or_a_line),
		cmocka_unit_test(fence_is_longer_than_the_text_s_own),
		cmocka_unit_test(link_never_leads_to_another_host),
		cmocka_unit_test(anchor_is_that_of_github),
		cmocka_unit_test(entities_are_decoded_within_their_room),
		cmocka_unit_test(picture_has_ids_of_its_own),
		cmocka_unit_test(hostile_picture_brings_nothing_along),
		cmocka_unit_test(what_is_no_picture_is_refused),
		cmocka_unit_test(page_in_html),
		cmocka_unit_test(page_in_markdown),
		cmocka_unit_test(same_calls_give_the_same_bytes),
		cmocka_unit_test(calls_that_make_no_document_are_told_at_the_end),
		cmocka_unit_test(full_disk_is_told_at_the_end),
		cmocka_unit_test(missing_style_is_told_at_the_beginning),
		cmocka_unit_test(name_in_a_figure_s_data_is_one_field),
		cmocka_unit_test(figures_of_gnuplot_are_taken_over),
	};

	/* Tests run in the source tree, whatever directory they were built in. */
	setenv("WIRESPAN_REPORTS", "reports", 0);
	if (argc == 3)
		return write_sample(argv[1], argv[2]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

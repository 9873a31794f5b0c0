/* SPDX-License-Identifier: BSD-2-Clause */
/* gnuplot as it can be: missing, failing, hanging, killed, talking without end, drawing half a picture. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "analyze/figure.h"
#include "analyze/plotter.h"

/* A directory that is PATH, with a gnuplot in it, and the reports, with a script in them. */
struct place {
	char dir[64];
	char gnuplot[96];
	char script[96];
	char out[96];
	char path[2048]; /* PATH as it was */
};

static int make_place(void **state)
{
	struct place *p = calloc(1, sizeof(*p));
	FILE *script;

	if (!p)
		return -1;
	strcpy(p->dir, "/tmp/wirespan-plotter.XXXXXX");
	if (!mkdtemp(p->dir))
		return -1;
	snprintf(p->gnuplot, sizeof(p->gnuplot), "%s/gnuplot", p->dir);
	snprintf(p->script, sizeof(p->script), "%s/some.gp", p->dir);
	snprintf(p->out, sizeof(p->out), "%s/out", p->dir);
	snprintf(p->path, sizeof(p->path), "%s", getenv("PATH") ? getenv("PATH") : "");
	script = fopen(p->script, "w");
	if (!script || fclose(script))
		return -1;
	setenv("PATH", p->dir, 1);
	setenv("WIRESPAN_REPORTS", p->dir, 1);
	setenv("WIRESPAN_GNUPLOT_SECONDS", "1", 1);
	*state = p;
	return 0;
}

static int remove_place(void **state)
{
	struct place *p = *state;
	char command[256];

	setenv("PATH", p->path, 1);
	unsetenv("WIRESPAN_REPORTS");
	unsetenv("WIRESPAN_GNUPLOT_SECONDS");
	snprintf(command, sizeof(command), "rm -rf %s", p->dir);
	free(p);
	return system(command);
}

/* A gnuplot of these lines of shell. */
static void be(const struct place *p, const char *lines)
{
	FILE *file = fopen(p->gnuplot, "w");

	assert_non_null(file);
	fprintf(file, "#!/bin/sh\nPATH=%s\n%s\n", p->path, lines);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(chmod(p->gnuplot, 0755), 0);
}

/* Draws; no child is left, not even a dead one. */
static int draw(struct ws_error *err)
{
	struct ws_figure figure = { .name = "some", .coverage = "" };
	char *svg = NULL;
	size_t len = 0;
	int rc;

	assert_int_equal(ws_figure_open(&figure.data, err), 0);
	rc = ws_figure_render_svg(&figure, &svg, &len, err);
	assert_true(rc ? svg == NULL : svg && len);
	free(svg);
	fclose(figure.data);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	assert_int_equal(errno, ECHILD);
	return rc;
}

static void fails(int rc, const char *words)
{
	struct ws_error err = { 0 };

	assert_int_equal(draw(&err), rc);
	if (!strstr(err.text, words))
		fail_msg("'%s' is not in: %s", words, err.text);
}

static void a_whole_picture_is_taken(void **state)
{
	struct ws_error err = { 0 };

	be(*state, "echo '<svg></svg>'; echo");
	assert_int_equal(draw(&err), 0);
}

static void a_missing_one_is_named(void **state)
{
	(void)state;
	fails(-ENOENT, "install the package gnuplot-nox");
}

static void a_failing_one_is_quoted(void **state)
{
	be(*state, "echo '<svg></svg>'; echo first >&2; echo last words >&2; echo >&2; exit 3");
	fails(-EIO, "gnuplot failed (status 3): last words");
}

static void one_that_hangs_is_ended(void **state)
{
	be(*state, "echo '<svg></svg>'; exec sleep 1000");
	fails(-ETIMEDOUT, "did not end within 1 s");
}

static void a_killed_one_is_told(void **state)
{
	be(*state, "kill -9 $$");
	fails(-EIO, "ended by signal 9");
}

static void one_that_talks_without_end_is_ended(void **state)
{
	setenv("WIRESPAN_GNUPLOT_SECONDS", "1000", 1);
	be(*state, "exec yes >&2");
	fails(-EFBIG, "without end");
	be(*state, "exec yes");
	fails(-EFBIG, "without end");
}

static void half_a_picture_is_none(void **state)
{
	be(*state, "echo '<svg><path'");
	fails(-EIO, "half of it");
	be(*state, ":");
	fails(-EIO, "drew nothing");
}

/* SVG is drawn and PDF is not: what is there is whole, and nothing else is. */
static void only_whole_files_are_published(void **state)
{
	struct place *p = *state;
	struct ws_figure figure = { .name = "some", .coverage = "" };
	struct ws_publication publication;
	struct ws_error err = { 0 };
	char command[256];

	be(p, "case \"$*\" in *svg*) echo '<svg></svg>' ;; *) echo '%PDF-1.5' ;; esac");
	assert_int_equal(ws_publication_open(p->out, &publication, &err), 0);
	assert_int_equal(ws_figure_open(&figure.data, &err), 0);
	assert_int_equal(ws_figure_publish(&figure, &publication, &err), WS_FIGURE_MISSING);
	be(p, "echo '%PDF-1.5 /CreationDate (D:20300102030405) %%EOF <svg></svg>'");
	assert_int_equal(ws_figure_publish(&figure, &publication, &err), WS_FIGURE_MISSING);
	be(p, "case \"$*\" in *svg*) echo '<svg></svg>' ;; *) echo '%PDF-1.5 /CreationDate (D:20300102030405) %%EOF' "
	      ";; esac");
	setenv("PATH", p->path, 1);
	snprintf(command, sizeof(command), "[ \"$(ls -A %s)\" = some.svg ]", p->out);
	assert_int_equal(system(command), 0);
	setenv("PATH", p->dir, 1);
	assert_int_equal(ws_figure_publish(&figure, &publication, &err), 0);
	setenv("PATH", p->path, 1);
	snprintf(command, sizeof(command), "grep -q 'D:19700101000000' %s/some.pdf", p->out);
	assert_int_equal(system(command), 0);
	fclose(figure.data);
	ws_publication_close(&publication);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_place, remove_place)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_whole_picture_is_taken), TEST(a_missing_one_is_named),
		TEST(a_failing_one_is_quoted),	TEST(one_that_hangs_is_ended),
		TEST(a_killed_one_is_told),	TEST(one_that_talks_without_end_is_ended),
		TEST(half_a_picture_is_none),	TEST(only_whole_files_are_published),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* Result files: whole or not at all, and nothing stays of a process that was killed while it wrote. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
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

#include "analyze/publication.h"
#include "tests/unit/written_files.h"

static char dir[64];

static int make_dir(void **state)
{
	(void)state;
	strcpy(dir, "/tmp/wirespan-publication.XXXXXX");
	return mkdtemp(dir) ? 0 : -1;
}

static int remove_dir(void **state)
{
	(void)state;
	return remove_tree(dir);
}

/* How many files there are whose names begin with a dot. */
static int count_hidden(void)
{
	struct dirent *entry;
	DIR *d = opendir(dir);
	int n = 0;

	assert_non_null(d);
	while ((entry = readdir(d)))
		n += entry->d_name[0] == '.' && strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
	closedir(d);
	return n;
}

static const char *in(const char *name)
{
	static char path[256];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	return path;
}

static void open_here(struct ws_publication *publication)
{
	struct ws_error err = { 0 };

	if (ws_publication_open(dir, publication, &err))
		fail_msg("%s", err.text);
}

static void open_and_close(void)
{
	struct ws_publication publication;

	open_here(&publication);
	ws_publication_close(&publication);
}

/* Another process that has begun a file and waits, until it is killed or told to complete it. */
static pid_t begin_elsewhere(const char *name, int *tell)
{
	struct ws_publication publication;
	struct ws_draft draft;
	int begun[2], told[2];
	char byte = 0;
	pid_t pid;

	assert_int_equal(pipe(begun), 0);
	assert_int_equal(pipe(told), 0);
	pid = fork();
	if (pid == 0) {
		close(told[1]);
		if (ws_publication_open(dir, &publication, NULL) || ws_draft_open(&publication, name, &draft, NULL) ||
		    fputs("whole", draft.file) < 0 || write(begun[1], &byte, 1) != 1 || read(told[0], &byte, 1) != 1)
			_exit(1);
		_exit(ws_draft_publish(&draft, NULL) ? 1 : 0);
	}
	close(told[0]);
	close(begun[1]);
	assert_int_equal(read(begun[0], &byte, 1), 1);
	close(begun[0]);
	*tell = told[1];
	return pid;
}

static void what_a_killed_process_left_goes(void **state)
{
	int status, tell;
	const pid_t pid = begin_elsewhere("cdf.tsv", &tell);

	(void)state;
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	close(tell);
	assert_int_equal(count_hidden(), 1);
	open_and_close();
	assert_int_equal(count_hidden(), 0);
	assert_int_equal(access(in("cdf.tsv"), F_OK), -1);
}

static void what_another_process_writes_stays(void **state)
{
	int status, tell;
	const pid_t pid = begin_elsewhere("cdf.tsv", &tell);
	struct stat st;

	(void)state;
	open_and_close();
	assert_int_equal(count_hidden(), 1);
	assert_int_equal(write(tell, "", 1), 1);
	close(tell);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_int_equal(count_hidden(), 0);
	assert_int_equal(stat(in("cdf.tsv"), &st), 0);
	assert_int_equal(st.st_size, strlen("whole"));
}

/* Names that are not ours, and what is no file of ours. */
static void what_is_not_ours_stays(void **state)
{
	static const char *const names[] = { ".cdf.tsv.7.tmp",	     ".wirespan-.tmp", ".a.wirespan-7.tmpx",
					     ".a.wirespan-7x.tmp",   ".a-7.tmp",       ".tmp",
					     "a.b.wirespan-123.tmp", ".7.tmp",	       ".a.wirespan7.tmp" };
	const size_t n = sizeof(names) / sizeof(*names);

	(void)state;
	for (size_t i = 0; i < n; i++)
		put(dir, names[i], "somebody's");
	put(dir, "elsewhere", "somebody's");
	assert_int_equal(symlink("elsewhere", in(".link.wirespan-1.tmp")), 0);
	assert_int_equal(mkdir(in(".dir.wirespan-1.tmp"), 0700), 0);
	assert_int_equal(mkfifo(in(".fifo.wirespan-1.tmp"), 0600), 0);
	put(dir, ".stale.wirespan-1.tmp", "ours");
	open_and_close();
	for (size_t i = 0; i < n; i++)
		if (access(in(names[i]), F_OK))
			fail_msg("%s is gone", names[i]);
	assert_int_equal(access(in(".link.wirespan-1.tmp"), F_OK), 0);
	assert_int_equal(access(in(".dir.wirespan-1.tmp"), F_OK), 0);
	assert_int_equal(access(in(".fifo.wirespan-1.tmp"), F_OK), 0);
	assert_int_equal(access(in(".stale.wirespan-1.tmp"), F_OK), -1);
}

/* At the temporary name there may be a link, or a file that somebody holds open. */
static void a_draft_is_a_new_file(void **state)
{
	struct ws_publication publication;
	char name[96], text[16] = "";
	struct ws_draft draft;
	int fd;

	(void)state;
	open_here(&publication);
	put(dir, "elsewhere", "somebody's");
	snprintf(name, sizeof(name), ".a.wirespan-%ld.tmp", (long)getpid());
	assert_int_equal(symlink("elsewhere", in(name)), 0);
	assert_int_equal(ws_draft_open(&publication, "a", &draft, NULL), 0);
	fputs("ours", draft.file);
	assert_int_equal(ws_draft_publish(&draft, NULL), 0);
	put(dir, name, "held");
	fd = open(in(name), O_RDONLY);
	assert_int_equal(ws_draft_open(&publication, "a", &draft, NULL), 0);
	fputs("ours", draft.file);
	assert_int_equal(ws_draft_publish(&draft, NULL), 0);
	assert_int_equal(read(fd, text, sizeof(text)), 4);
	assert_string_equal(text, "held");
	close(fd);
	fd = open(in("elsewhere"), O_RDONLY);
	assert_int_equal(read(fd, text, sizeof(text)), strlen("somebody's"));
	close(fd);
	ws_publication_close(&publication);
	assert_int_equal(count_hidden(), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_dir, remove_dir)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_a_killed_process_left_goes),
		TEST(what_another_process_writes_stays),
		TEST(what_is_not_ours_stays),
		TEST(a_draft_is_a_new_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

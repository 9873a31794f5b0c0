/* SPDX-License-Identifier: BSD-2-Clause */
/* Standard files that whoever starts a program has closed, or that are full: nothing takes their place, and it is said.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/standard.h"

/* What a child of this process ends with. */
static int status_of(int (*child)(void))
{
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0)
		_exit(child());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static int print_to_closed(void)
{
	struct ws_error err = { 0 };

	close(STDOUT_FILENO);
	ws_standard_keep();
	printf("something\n");
	return ws_standard_flush(&err) == -EBADF && strstr(err.text, "standard output") ? 0 : 1;
}

static int open_after_all_are_closed(void)
{
	for (int fd = 0; fd <= STDERR_FILENO; fd++)
		close(fd);
	ws_standard_keep();
	return open("/dev/null", O_RDWR) > STDERR_FILENO ? 0 : 1;
}

static int print_to_full(void)
{
	struct ws_error err = { 0 };
	int fd = open("/dev/full", O_WRONLY);

	if (fd < 0 || dup2(fd, STDOUT_FILENO) < 0)
		return 2;
	printf("something\n");
	return ws_standard_flush(&err) == -ENOSPC && strstr(err.text, "No space left") ? 0 : 1;
}

/* More than a buffer holds: the failure is known before the end. */
static int print_much_to_full(void)
{
	int fd = open("/dev/full", O_WRONLY);

	if (fd < 0 || dup2(fd, STDOUT_FILENO) < 0)
		return 2;
	for (int i = 0; i < 100000; i++)
		printf("something\n");
	return ws_standard_flush(NULL) < 0 ? 0 : 1;
}

static int print_nothing_to_closed(void)
{
	close(STDOUT_FILENO);
	ws_standard_keep();
	return ws_standard_flush(NULL) == 0 ? 0 : 1;
}

static void closed_output_cannot_be_written_to(void **state)
{
	(void)state;
	assert_int_equal(status_of(print_to_closed), 0);
	assert_int_equal(status_of(print_nothing_to_closed), 0);
}

static void closed_files_are_not_taken_by_others(void **state)
{
	(void)state;
	assert_int_equal(status_of(open_after_all_are_closed), 0);
}

static void full_output_is_said(void **state)
{
	(void)state;
	assert_int_equal(status_of(print_to_full), 0);
	assert_int_equal(status_of(print_much_to_full), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(closed_output_cannot_be_written_to),
		cmocka_unit_test(closed_files_are_not_taken_by_others),
		cmocka_unit_test(full_output_is_said),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* Outside programs as capture runs them: how they end, what is kept of them, and that nothing of them stays. No root.
 */
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

/* after the standard headers that it needs */
#include <cmocka.h>

#include "capture/collect/command.h"

#define SECOND_NS 1000000000ull

struct place {
	char dir[64];
	char path[96];
	char part[112];
};

static int make_place(void **state)
{
	struct place *place = calloc(1, sizeof(*place));

	if (!place)
		return -1;
	strcpy(place->dir, "/tmp/wirespan-command.XXXXXX");
	if (!mkdtemp(place->dir))
		return -1;
	snprintf(place->path, sizeof(place->path), "%s/answer", place->dir);
	snprintf(place->part, sizeof(place->part), "%s.part", place->path);
	*state = place;
	return 0;
}

static int remove_place(void **state)
{
	struct place *place = *state;

	unlink(place->path);
	unlink(place->part);
	rmdir(place->dir);
	free(place);
	return 0;
}

static struct ws_command ask(const struct place *place, const char *const *argv)
{
	return (struct ws_command) { .argv = argv,
				     .path = place->path,
				     .part_path = place->part,
				     .mode = 0600,
				     .timeout_ns = 20 * SECOND_NS,
				     .max_bytes = 1 << 20 };
}

static void run(struct ws_command *command)
{
	struct ws_error err = { 0 };

	assert_int_equal(0, ws_commands_run(command, 1, NULL, &err));
	assert_int_equal(-1, waitpid(-1, NULL, WNOHANG)); /* no child is left, not even a dead one */
	assert_int_equal(ECHILD, errno);
	assert_int_equal(-1, access(command->part_path, F_OK));
}

static void file_is(const struct place *place, const char *text)
{
	char buffer[4096] = "";
	FILE *file = fopen(place->path, "re");

	assert_non_null(file);
	assert_true(fread(buffer, 1, sizeof(buffer) - 1, file) < sizeof(buffer));
	fclose(file);
	assert_string_equal(text, buffer);
}

static void what_it_prints_is_kept(void **state)
{
	const char *const argv[] = { "printf", "%s", "a $(b) 'c'\n\xff", NULL };
	struct ws_command command = ask(*state, argv);
	const struct place *place = *state;
	struct stat st;

	run(&command);
	assert_int_equal(WS_COMMAND_OK, command.status);
	assert_int_equal(0, command.exit_status);
	assert_int_equal(12, command.n_bytes);
	file_is(place, "a $(b) 'c'\n\xff");
	assert_int_equal(0, stat(place->path, &st));
	assert_int_equal(0600, st.st_mode & 0777);
}

static void a_failure_leaves_the_older_answer(void **state)
{
	const char *const good[] = { "echo", "older", NULL };
	const char *const bad[] = { "sh", "-c", "echo half; echo one >&2; printf 'two\\001\\n' >&2; exit 3", NULL };
	struct ws_command command = ask(*state, good);

	run(&command);
	command = ask(*state, bad);
	run(&command);
	assert_int_equal(WS_COMMAND_FAILED, command.status);
	assert_int_equal(3, command.exit_status);
	assert_string_equal("one\ntwo?", command.words);
	file_is(*state, "older\n");
}

static void a_missing_program_is_named(void **state)
{
	const char *const argv[] = { "wirespan-no-such-program", NULL };
	struct ws_command command = ask(*state, argv);

	run(&command);
	assert_int_equal(WS_COMMAND_MISSING, command.status);
	assert_non_null(strstr(command.words, "wirespan-no-such-program"));
}

static void a_file_that_is_no_program_fails(void **state)
{
	const char *const argv[] = { "/etc/passwd", NULL };
	struct ws_command command = ask(*state, argv);

	run(&command);
	assert_int_equal(WS_COMMAND_FAILED, command.status);
}

static void a_program_that_hangs_is_ended(void **state)
{
	const char *const argv[] = { "sleep", "1000", NULL };
	struct ws_command command = ask(*state, argv);

	command.timeout_ns = SECOND_NS / 5;
	run(&command);
	assert_int_equal(WS_COMMAND_TIMEOUT, command.status);
	assert_int_equal(128 + SIGTERM, command.exit_status);
}

static void one_that_ignores_sigterm_is_killed(void **state)
{
	const char *const argv[] = { "sh", "-c", "trap '' TERM; while :; do sleep 1; done", NULL };
	struct ws_command command = ask(*state, argv);

	command.timeout_ns = SECOND_NS / 5;
	run(&command);
	assert_int_equal(WS_COMMAND_TIMEOUT, command.status);
	assert_int_equal(128 + SIGKILL, command.exit_status);
}

static void one_that_prints_without_end_is_ended(void **state)
{
	const char *const argv[] = { "yes", NULL };
	const struct place *place = *state;
	struct ws_command command = ask(place, argv);

	command.max_bytes = 100000;
	run(&command);
	assert_int_equal(WS_COMMAND_TOO_LARGE, command.status);
	assert_true(command.n_bytes <= 100000);
	assert_int_equal(-1, access(place->path, F_OK));
}

static void as_much_as_is_allowed_is_kept(void **state)
{
	const char *const argv[] = { "head", "-c", "100000", "/dev/zero", NULL };
	struct ws_command command = ask(*state, argv);

	command.max_bytes = 100000;
	run(&command);
	assert_int_equal(WS_COMMAND_OK, command.status);
	assert_int_equal(100000, command.n_bytes);
}

static void words_without_end_do_not_fill_memory(void **state)
{
	const char *const argv[] = { "sh", "-c", "head -c 3000000 /dev/zero | tr '\\0' x >&2; echo end >&2; exit 1",
				     NULL };
	struct ws_command command = ask(*state, argv);

	run(&command);
	assert_int_equal(WS_COMMAND_FAILED, command.status);
	assert_true(strlen(command.words) < WS_COMMAND_WORDS_MAX);
	assert_non_null(strstr(command.words, "xend"));
}

/* Is a process of that id alive (not a zombie that its new parent has not yet waited for)? */
static int is_alive(pid_t pid)
{
	char path[64], text[256] = "", *at;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	file = fopen(path, "re");
	if (!file)
		return 0;
	at = fgets(text, sizeof(text), file) ? strrchr(text, ')') : NULL;
	fclose(file);
	return at && at[1] == ' ' && at[2] != 'Z' && at[2] != 'X';
}

static void a_grandchild_that_holds_the_pipe_is_not_waited_for(void **state)
{
	const char *const argv[] = { "sh", "-c", "sleep 1000 & echo $!", NULL };
	const struct place *place = *state;
	struct ws_command command = ask(place, argv);
	FILE *file;
	int pid = 0;

	run(&command);
	assert_int_equal(WS_COMMAND_OK, command.status);
	file = fopen(place->path, "re");
	assert_non_null(file);
	assert_int_equal(1, fscanf(file, "%d", &pid));
	fclose(file);
	for (int i = 0; is_alive(pid) && i < 1000; i++) /* it was killed: its end takes a moment */
		usleep(10000);
	assert_false(is_alive(pid));
}

/* One that left the group cannot be found; it must not be waited for, nor stop the answer. */
static void a_grandchild_of_another_group_is_not_waited_for(void **state)
{
	const char *const argv[] = { "sh", "-c", "setsid sleep 15 & echo done", NULL };
	struct ws_command command = ask(*state, argv);

	run(&command);
	assert_int_equal(WS_COMMAND_OK, command.status);
	assert_true(command.duration_ns < 15 * SECOND_NS);
	file_is(*state, "done\n");
}

static void it_gets_no_descriptor_of_ours(void **state)
{
	const char *const argv[] = { "sh", "-c", "ls /proc/self/fd | tr '\\n' ' '; readlink /proc/self/fd/0", NULL };
	struct ws_command command = ask(*state, argv);
	int fd = open("/dev/null", O_RDONLY); /* to be inherited, if nothing is done about it */

	assert_true(fd >= 0);
	assert_true(dup2(fd, 57) == 57);
	run(&command);
	close(57);
	close(fd);
	file_is(*state, "0 1 2 3 /dev/null\n"); /* 3: ls reads the directory */
}

static void it_works_without_standard_descriptors(void **state)
{
	const char *const argv[] = { "sh", "-c", "echo out; echo words >&2", NULL };
	struct ws_command command = ask(*state, argv);
	int kept[3];

	for (int i = 0; i < 3; i++)
		kept[i] = fcntl(i, F_DUPFD_CLOEXEC, 100);
	for (int i = 0; i < 3; i++)
		close(i);
	ws_commands_run(&command, 1, NULL, NULL);
	for (int i = 0; i < 3; i++) {
		dup2(kept[i], i);
		close(kept[i]);
	}
	assert_int_equal(WS_COMMAND_OK, command.status);
	assert_string_equal("words", command.words);
	file_is(*state, "out\n");
}

/* Signals 32 and 33 are the C library's own: it leaves them ignored. */
static void signals_are_as_at_the_start(void **state)
{
	const char *const argv[] = {
		"sh", "-c", "grep -E 'Sig(Blk|Ign)' /proc/$$/status | tr -d '\\t\\n' | sed 's/000000018/000000000/'",
		NULL
	};
	struct ws_command command = ask(*state, argv);
	sigset_t some, before;

	sigemptyset(&some);
	sigaddset(&some, SIGTERM);
	sigprocmask(SIG_BLOCK, &some, &before);
	signal(SIGPIPE, SIG_IGN);
	run(&command);
	signal(SIGPIPE, SIG_DFL);
	sigprocmask(SIG_SETMASK, &before, NULL);
	file_is(*state, "SigBlk:0000000000000000SigIgn:0000000000000000");
}

static void many_run_and_each_keeps_its_own(void **state)
{
	enum { N = 3 * WS_COMMANDS_AT_ONCE + 1 };
	const struct place *place = *state;
	struct ws_command command[N];
	const char *argv[N][3];
	char path[N][128], part[N][128], text[N][16];

	for (int i = 0; i < N; i++) {
		snprintf(text[i], sizeof(text[i]), "%d", i);
		snprintf(path[i], sizeof(path[i]), "%s/%d", place->dir, i);
		snprintf(part[i], sizeof(part[i]), "%s/%d.part", place->dir, i);
		argv[i][0] = i % 5 == 4 ? "false" : "echo";
		argv[i][1] = text[i];
		argv[i][2] = NULL;
		command[i] = ask(place, argv[i]);
		command[i].path = path[i];
		command[i].part_path = part[i];
	}
	assert_int_equal(0, ws_commands_run(command, N, NULL, NULL));
	for (int i = 0; i < N; i++) {
		char line[16] = "";
		FILE *file = fopen(path[i], "re");

		assert_int_equal(i % 5 == 4 ? WS_COMMAND_FAILED : WS_COMMAND_OK, command[i].status);
		assert_int_equal(i % 5 == 4, file == NULL);
		if (!file)
			continue;
		assert_non_null(fgets(line, sizeof(line), file));
		assert_int_equal(i, atoi(line));
		fclose(file);
		unlink(path[i]);
	}
}

static volatile sig_atomic_t stop;

static void on_alarm(int number)
{
	(void)number;
	stop = 1;
}

static void a_stop_ends_what_runs_and_starts_nothing(void **state)
{
	const char *const argv[] = { "sh", "-c", "echo half; sleep 1000", NULL };
	struct sigaction action = { .sa_handler = on_alarm }, before;
	struct ws_command command[2 * WS_COMMANDS_AT_ONCE];
	const struct place *place = *state;
	char path[2 * WS_COMMANDS_AT_ONCE][128], part[2 * WS_COMMANDS_AT_ONCE][128];

	for (int i = 0; i < 2 * WS_COMMANDS_AT_ONCE; i++) {
		snprintf(path[i], sizeof(path[i]), "%s/%d", place->dir, i);
		snprintf(part[i], sizeof(part[i]), "%s/%d.part", place->dir, i);
		command[i] = ask(place, argv);
		command[i].path = path[i];
		command[i].part_path = part[i];
		command[i].timeout_ns = 1000 * SECOND_NS;
	}
	sigaction(SIGALRM, &action, &before);
	alarm(1);
	assert_int_equal(0, ws_commands_run(command, 2 * WS_COMMANDS_AT_ONCE, &stop, NULL));
	sigaction(SIGALRM, &before, NULL);
	for (int i = 0; i < 2 * WS_COMMANDS_AT_ONCE; i++) {
		assert_int_equal(i < WS_COMMANDS_AT_ONCE ? WS_COMMAND_INTERRUPTED : WS_COMMAND_NOT_RUN,
				 command[i].status);
		assert_int_equal(-1, access(path[i], F_OK));
		assert_int_equal(-1, access(part[i], F_OK));
	}
}

/* A file that cannot be written is our error, with words, and ends all. */
static void no_room_is_an_error(void **state)
{
	const char *const argv[] = { "echo", "text", NULL };
	struct ws_command command = ask(*state, argv);
	struct ws_error err = { 0 };

	command.part_path = "/proc/wirespan-cannot-be-made.part";
	assert_true(ws_commands_run(&command, 1, NULL, &err) < 0);
	assert_non_null(strstr(err.text, "/proc/wirespan-cannot-be-made.part"));
}

/* What is in the way of a temporary file is replaced, never followed. */
static void a_link_in_the_way_is_not_followed(void **state)
{
	const char *const argv[] = { "echo", "text", NULL };
	const struct place *place = *state;
	struct ws_command command = ask(place, argv);
	char target[96];

	snprintf(target, sizeof(target), "%s/target", place->dir);
	assert_int_equal(0, symlink(target, place->part));
	run(&command);
	assert_int_equal(WS_COMMAND_OK, command.status);
	assert_int_equal(-1, access(target, F_OK));
}

/* Whoever starts us may ignore SIGCHLD: then no dead child waits for us, and how it ended is not known. */
static void without_dead_children_it_ends_all_the_same(void **state)
{
	const char *const argv[] = { "echo", "said", NULL };
	struct ws_command command = ask(*state, argv);

	assert_true(signal(SIGCHLD, SIG_IGN) != SIG_ERR);
	run(&command);
	signal(SIGCHLD, SIG_DFL);
	assert_int_equal(WS_COMMAND_FAILED, command.status);
	assert_int_equal(-1, command.exit_status);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, make_place, remove_place)
	const struct CMUnitTest tests[] = {
		TEST(what_it_prints_is_kept),
		TEST(a_failure_leaves_the_older_answer),
		TEST(a_missing_program_is_named),
		TEST(a_file_that_is_no_program_fails),
		TEST(a_program_that_hangs_is_ended),
		TEST(one_that_ignores_sigterm_is_killed),
		TEST(one_that_prints_without_end_is_ended),
		TEST(as_much_as_is_allowed_is_kept),
		TEST(words_without_end_do_not_fill_memory),
		TEST(a_grandchild_that_holds_the_pipe_is_not_waited_for),
		TEST(a_grandchild_of_another_group_is_not_waited_for),
		TEST(it_gets_no_descriptor_of_ours),
		TEST(it_works_without_standard_descriptors),
		TEST(signals_are_as_at_the_start),
		TEST(many_run_and_each_keeps_its_own),
		TEST(a_stop_ends_what_runs_and_starts_nothing),
		TEST(no_room_is_an_error),
		TEST(a_link_in_the_way_is_not_followed),
		TEST(without_dead_children_it_ends_all_the_same),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

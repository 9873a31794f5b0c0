/* SPDX-License-Identifier: BSD-2-Clause */
/* refusing - tries something with each of its allocations refused, one after the other, in a process of its own. */
#ifndef WS_TEST_REFUSING_H
#define WS_TEST_REFUSING_H

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/error.h"
#include "lib/json_memory.h"
#include "lib/sqlite/sqlite_memory.h"
#include "tests/unit/sanitized.h"
#include "tests/unit/written_files.h"

#define TRIALS_MAX 100000
#ifdef WS_SANITIZED
#define STEP 5 /* of the allocations, every fifth: each process takes ten times as long */
#else
#define STEP 1
#endif

static uint64_t n_allocations, refused_one; /* of the trial under way; 0: none is refused */

static bool fails(void)
{
	if (!refused_one || ++n_allocations != refused_one)
		return false;
	errno = ENOMEM;
	return true;
}

#include "tests/memory/allocators.h"

/* Before SQLite is used. */
__attribute__((constructor)) static void watch(void)
{
	ws_json_memory_watch();
	ws_sqlite_memory_watch();
}

/* How a trial went. */
enum outcome { WHOLE, SHORT, WRONG, OVER };

static char dir[64];

static int make_place(void **state)
{
	(void)state;
	strcpy(dir, "/dev/shm/wirespan-refusals.XXXXXX"); /* databases are synchronized a thousand times */
	if (mkdtemp(dir))
		return 0;
	strcpy(dir, "/tmp/wirespan-refusals.XXXXXX");
	return mkdtemp(dir) ? 0 : -1;
}

static int remove_place(void **state)
{
	(void)state;
	return remove_tree(dir);
}

static char *in_place(const char *name)
{
	static char path[128];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	return path;
}

/* Tries it until an allocation is asked for that it does not make. Some trials must tell of a lack. */
static void with_each_refused(enum outcome (*try)(void))
{
	unsigned n_short = 0, at = 1;
	int status;

	for (; at < TRIALS_MAX; at += STEP) {
		pid_t child = fork();

		if (child == 0) {
			enum outcome outcome;

			refused_one = at;
			outcome = try();
			_exit(outcome != WRONG && n_allocations < at ? OVER : outcome);
		}
		assert_true(child > 0);
		assert_int_equal(waitpid(child, &status, 0), child);
		if (!WIFEXITED(status) || WEXITSTATUS(status) == WRONG || WEXITSTATUS(status) > OVER)
			fail_msg("allocation %u: status 0x%x", at, (unsigned)status);
		if (WEXITSTATUS(status) == OVER)
			break;
		n_short += WEXITSTATUS(status) == SHORT;
	}
	assert_true(at > 1 && at < TRIALS_MAX);
	assert_true(n_short > 0);
}

/* A lack of memory, said so; anything else is wrong. */
static enum outcome told(int rc, const struct ws_error *err)
{
	return rc == -ENOMEM && (strstr(err->text, "out of memory") || strstr(err->text, "Cannot allocate memory"))
		       ? SHORT
		       : (fprintf(stderr, "%d: %s\n", rc, err->text), WRONG);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, make_place, remove_place)

#endif

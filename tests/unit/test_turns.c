/* SPDX-License-Identifier: BSD-2-Clause */
/* test_turns - pieces of work side by side: each is done once, turns come in order, words come out in that order. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ingest/turns.h"
#include "ingest/words.h"

#define PIECES_MAX 200

struct world {
	pthread_barrier_t both; /* two pieces meet here */
	uint32_t n_done[PIECES_MAX];
	uint32_t order[PIECES_MAX]; /* written in turn, so under no lock */
	uint32_t n;
};

/* Later pieces are quicker, so that they wait; every third one does not ask for its turn at all. */
static void piece(void *context, struct ws_turns *turns, uint32_t i)
{
	struct world *w = context;

	usleep((7 - i % 8) * 50);
	w->n_done[i]++;
	if (i % 3 == 0)
		return;
	ws_turns_wait(turns, i);
	if (ws_turns_has_come(turns, i))
		w->order[w->n++] = i;
}

static void turns_come_in_order(void **state)
{
	static const uint32_t threads[] = { 1, 2, 3, 16 }, pieces[] = { 0, 1, 2, 3, PIECES_MAX };

	(void)state;
	for (size_t t = 0; t < 4; t++) {
		for (size_t p = 0; p < 5; p++) {
			struct world *w = calloc(1, sizeof(*w));
			uint32_t n_in_turn = 0;

			assert_non_null(w);
			ws_turns_run(pieces[p], threads[t], piece, w);
			for (uint32_t i = 0; i < PIECES_MAX; i++)
				assert_int_equal(w->n_done[i], i < pieces[p]);
			for (uint32_t i = 0; i < pieces[p]; i++)
				if (i % 3)
					assert_int_equal(w->order[n_in_turn++], i);
			assert_int_equal(w->n, n_in_turn);
			free(w);
		}
	}
}

static void meet(void *context, struct ws_turns *turns, uint32_t i)
{
	struct world *w = context;

	pthread_barrier_wait(&w->both);
	ws_turns_wait(turns, i);
}

/* They are: each of the two waits for the other. */
static void two_at_a_time(void **state)
{
	struct world *w = calloc(1, sizeof(*w));

	(void)state;
	assert_non_null(w);
	pthread_barrier_init(&w->both, NULL, 2);
	ws_turns_run(8, 2, meet, w);
	pthread_barrier_destroy(&w->both);
	free(w);
}

/* What is said on one stream comes in order; nothing of it is a format. */
static void words_wait(void **state)
{
	struct ws_words words = { 0 };
	char text[64] = { 0 };
	int out[2], kept;

	(void)state;
	assert_int_equal(pipe(out), 0);
	assert_int_equal(ws_words_add(&words, stdout, "%s\n", "100%s"), 0);
	for (int i = 0; i < 3; i++)
		assert_int_equal(ws_words_add(&words, stdout, "%d ", i), 0);
	fflush(stdout);
	kept = dup(STDOUT_FILENO);
	dup2(out[1], STDOUT_FILENO);
	ws_words_say(&words);
	ws_words_say(&words);
	fflush(stdout);
	dup2(kept, STDOUT_FILENO);
	assert_true(read(out[0], text, sizeof(text) - 1) > 0);
	assert_string_equal(text, "100%s\n0 1 2 ");
	close(kept);
	close(out[0]);
	close(out[1]);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(turns_come_in_order),
		cmocka_unit_test(two_at_a_time),
		cmocka_unit_test(words_wait),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

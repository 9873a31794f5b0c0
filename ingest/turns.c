/* SPDX-License-Identifier: BSD-2-Clause */
/* turns - see the header. Pieces are begun in order, so whoever waits for his turn waits for work that was begun. */
#include "ingest/turns.h"

#include <pthread.h>
#include <stdlib.h>

struct ws_turns {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	ws_turns_work *work;
	void *context;
	uint32_t n;
	uint32_t n_begun;
	uint32_t turn; /* the first piece that is not done */
};

bool ws_turns_has_come(struct ws_turns *t, uint32_t i)
{
	bool has_come;

	pthread_mutex_lock(&t->lock);
	has_come = t->turn == i;
	pthread_mutex_unlock(&t->lock);
	return has_come;
}

void ws_turns_wait(struct ws_turns *t, uint32_t i)
{
	pthread_mutex_lock(&t->lock);
	while (t->turn != i)
		pthread_cond_wait(&t->changed, &t->lock);
	pthread_mutex_unlock(&t->lock);
}

static void end_piece(struct ws_turns *t, uint32_t i)
{
	pthread_mutex_lock(&t->lock);
	t->turn = i + 1;
	pthread_cond_broadcast(&t->changed);
	pthread_mutex_unlock(&t->lock);
}

/* The next piece; false: all were begun. */
static bool begin_piece(struct ws_turns *t, uint32_t *i)
{
	bool is_some;

	pthread_mutex_lock(&t->lock);
	is_some = t->n_begun < t->n;
	if (is_some)
		*i = t->n_begun++;
	pthread_mutex_unlock(&t->lock);
	return is_some;
}

static void *do_pieces(void *context)
{
	struct ws_turns *t = context;
	uint32_t i;

	while (begin_piece(t, &i)) {
		t->work(t->context, t, i);
		ws_turns_wait(t, i);
		end_piece(t, i);
	}
	return NULL;
}

void ws_turns_run(uint32_t n, uint32_t n_threads, ws_turns_work *work, void *context)
{
	struct ws_turns t = { .lock = PTHREAD_MUTEX_INITIALIZER,
			      .changed = PTHREAD_COND_INITIALIZER,
			      .work = work,
			      .context = context,
			      .n = n };
	const uint32_t n_others = (n_threads < n ? n_threads : n) - (n > 0 && n_threads > 0);
	pthread_t *thread = calloc(n_others + 1, sizeof(*thread));
	uint32_t n_started = 0;

	while (thread && n_started < n_others && pthread_create(&thread[n_started], NULL, do_pieces, &t) == 0)
		n_started++;
	do_pieces(&t); /* this thread is one of them */
	while (n_started > 0)
		pthread_join(thread[--n_started], NULL);
	free(thread);
	pthread_cond_destroy(&t.changed);
	pthread_mutex_destroy(&t.lock);
}

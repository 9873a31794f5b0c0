/* SPDX-License-Identifier: BSD-2-Clause */
/* relay - see the header. */
#include "ingest/relay.h"

#include <errno.h>

int ws_relay_init(struct ws_relay *r, uint32_t n_slots)
{
	int code;

	*r = (struct ws_relay) { .n_slots = n_slots };
	code = pthread_mutex_init(&r->lock, NULL);
	if (code)
		return -code;
	code = pthread_cond_init(&r->changed, NULL);
	if (code)
		pthread_mutex_destroy(&r->lock);
	return -code;
}

int ws_relay_wait_empty(struct ws_relay *r, uint32_t *slot)
{
	bool is_stopped;

	pthread_mutex_lock(&r->lock);
	while (!r->is_stopped && r->n_given - r->n_returned == r->n_slots)
		pthread_cond_wait(&r->changed, &r->lock);
	is_stopped = r->is_stopped;
	*slot = (uint32_t)(r->n_given % r->n_slots);
	pthread_mutex_unlock(&r->lock);
	return is_stopped ? -ECANCELED : 0;
}

bool ws_relay_wait_full(struct ws_relay *r, uint32_t *slot)
{
	bool is_there;

	pthread_mutex_lock(&r->lock);
	while (!r->has_ended && r->n_given == r->n_returned)
		pthread_cond_wait(&r->changed, &r->lock);
	is_there = r->n_given != r->n_returned;
	*slot = (uint32_t)(r->n_returned % r->n_slots);
	pthread_mutex_unlock(&r->lock);
	return is_there;
}

/* One of the two threads says something that the other may wait for. */
static void note(struct ws_relay *r, uint64_t *count, bool *flag)
{
	pthread_mutex_lock(&r->lock);
	if (count)
		(*count)++;
	if (flag)
		*flag = true;
	pthread_cond_signal(&r->changed);
	pthread_mutex_unlock(&r->lock);
}

void ws_relay_give(struct ws_relay *r)
{
	note(r, &r->n_given, NULL);
}

void ws_relay_return(struct ws_relay *r)
{
	note(r, &r->n_returned, NULL);
}

void ws_relay_end(struct ws_relay *r)
{
	note(r, NULL, &r->has_ended);
}

void ws_relay_stop(struct ws_relay *r)
{
	note(r, NULL, &r->is_stopped);
}

void ws_relay_destroy(struct ws_relay *r)
{
	pthread_cond_destroy(&r->changed);
	pthread_mutex_destroy(&r->lock);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * relay - a bounded queue of numbered slots from one thread to another, in order. What the slots are is its users'
 * affair: a slot is the giver's, then the taker's, never both's.
 */
#ifndef WS_RELAY_H
#define WS_RELAY_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

struct ws_relay {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	uint32_t n_slots;
	uint64_t n_given;
	uint64_t n_returned;
	bool has_ended;	 /* nothing more will be given */
	bool is_stopped; /* nothing more will be taken */
};

/* Returns 0 or -errno. */
int ws_relay_init(struct ws_relay *r, uint32_t n_slots);

/* The giver: waits for an empty slot. Returns 0, or -ECANCELED if nothing more will be taken. */
int ws_relay_wait_empty(struct ws_relay *r, uint32_t *slot);

/* The giver: the slot that was waited for is full. */
void ws_relay_give(struct ws_relay *r);

/* The giver: there is no more. */
void ws_relay_end(struct ws_relay *r);

/* The taker: waits for a full slot. Returns false if there is no more. */
bool ws_relay_wait_full(struct ws_relay *r, uint32_t *slot);

/* The taker: the slot that was waited for is empty again. */
void ws_relay_return(struct ws_relay *r);

/* The taker: it wants no more. */
void ws_relay_stop(struct ws_relay *r);

/* Both threads are done with it. */
void ws_relay_destroy(struct ws_relay *r);

#endif

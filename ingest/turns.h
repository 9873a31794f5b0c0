/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * turns - numbered pieces of work, done by several threads side by side. What must happen in order, each piece does
 * when its turn has come: when all those before it are done.
 */
#ifndef WS_TURNS_H
#define WS_TURNS_H

#include <stdbool.h>
#include <stdint.h>

struct ws_turns;

/* Does piece number i. */
typedef void ws_turns_work(void *context, struct ws_turns *turns, uint32_t i);

/* Does the n pieces, and returns when all are done. Where no more threads can be had, fewer than n_threads do it. */
void ws_turns_run(uint32_t n, uint32_t n_threads, ws_turns_work *work, void *context);

/* For the work on piece i: are all pieces before it done? It stays so. */
bool ws_turns_has_come(struct ws_turns *turns, uint32_t i);

/* Waits for that. */
void ws_turns_wait(struct ws_turns *turns, uint32_t i);

#endif

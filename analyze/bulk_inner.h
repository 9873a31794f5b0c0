/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bulk_inner - what the join of a run in bulk needs while it runs: for bulk, bulk_read, sifting and remainder alone.
 */
#ifndef WS_ANALYZE_BULK_INNER_H
#define WS_ANALYZE_BULK_INNER_H

#include <pthread.h>
#include <stdatomic.h>

#include "analyze/absence.h"
#include "analyze/bulk.h"

#define WS_BULK_WORKERS_MAX WS_BULK_THREADS_MAX

/* Latencies of a source and direction, in no order. Several threads add to them. */
struct ws_heap {
	uint64_t *at; /* room for every pair that there can be; memory that is not written to costs nothing */
	_Atomic uint64_t n;
};

/* What lies on a tray, of one source: the NIC's sightings, then the vport's. Room is used again. */
struct ws_haul {
	struct ws_packed *at;
	uint16_t *file;
	struct ws_packed_more *more; /* NULL: not wanted */
	size_t n_nic;
	size_t n;
	size_t room;
};

/* Latencies of a tray, before they go onto the heap. */
struct ws_handful {
	uint64_t *at[WS_N_WAYS];
	size_t n[WS_N_WAYS];
	size_t room;
};

struct ws_bulk;

/* What a thread works with. */
struct ws_bulk_worker {
	struct ws_bulk *bulk;
	uint32_t number;
	pthread_t thread;
	int rc;
	struct ws_tray_writer *writer; /* of what remains */
	struct ws_haul haul;
	struct ws_handful handful;
	uint32_t *slot;	   /* of the sifting's hash table: the first of an identity + 1; 0: empty */
	size_t n_slots;	   /* that there is room for */
	uint64_t mask;	   /* slots in use - 1 */
	uint32_t *partner; /* by sighting: index + 1 */
	size_t n_partners;
	uint32_t (*votes[WS_N_SOURCES])[WS_N_WAYS]; /* by node and tuple */
	struct ws_join sum[WS_N_SOURCES];	    /* counts only */
	struct ws_accord accord;
};

struct ws_bulk_told;

struct ws_bulk {
	struct ws_study *study;
	const struct ws_bulk_wish *wish;
	bool is_joined[WS_N_SOURCES];
	bool has_more;
	bool keeps_all; /* the first pass only votes: the second one compares both sources */
	struct ws_trays *trays;
	uint8_t *list_of_file;	/* 2 * source + side, or WS_NO_LIST */
	uint32_t *rank_of_file; /* by node, then file: the order of a join's input */
	uint32_t n_readers;	/* writers of the first pass's trays; those behind them are the workers' */
	struct ws_heap heap[WS_N_SOURCES][WS_N_WAYS];
	struct ws_misses *misses[WS_N_SOURCES][WS_N_SIDES]; /* one a node */
	struct ws_absence *absence[WS_N_SOURCES];
	pthread_mutex_t naming; /* names are looked up by one at a time */
	struct ws_bulk_worker worker[WS_BULK_WORKERS_MAX];
	uint32_t n_workers;
	_Atomic uint32_t next_tray;
	struct ws_bulk_told *told; /* what a store has joined; NULL: everything is joined here */
};

/* Reads the rows of the files that are flagged: onto trays, as misses, to the sink. As ws_bulk_join(). */
int ws_bulk_read(struct ws_bulk *bulk, struct ws_store *store, const bool *read, struct ws_error *err);

/* Of writers first .. end - 1, a source's part of a tray into the worker's haul. 0, -ENOMEM or the file's error. */
int ws_haul_load(struct ws_bulk_worker *worker, enum ws_source source, uint32_t tray, uint32_t first, uint32_t end);

/* Puts a handful onto the source's heaps. The handful is empty then. */
void ws_handful_heap(struct ws_bulk_worker *worker, enum ws_source source);

/* Room for n latencies of each direction. 0 or -ENOMEM. */
int ws_handful_reserve(struct ws_handful *handful, size_t n);

/* The first pass over a tray, and the second one. 0, -ENOMEM, -EOVERFLOW, or what the temporary file says. */
int ws_sift(struct ws_bulk_worker *worker, uint32_t tray);
int ws_remainder(struct ws_bulk_worker *worker, uint32_t tray);

#endif

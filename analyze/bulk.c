/* SPDX-License-Identifier: BSD-2-Clause */
/* bulk - see bulk.h. */
#include "analyze/bulk.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysinfo.h>

#include "analyze/bulk_inner.h"
#include "analyze/bulk_told.h"
#include "analyze/scratch.h"

/* A database is not believed to have more rows than this before they are read. */
#define TOLD_MAX (UINT64_C(1) << 31)

/* Votes beyond this are not counted in an array. */
#define VOTES_MAX (UINT64_C(1) << 32)

/* Says of every file which list it belongs to and where its node stands; and of every source whether it is joined. */
static int assign_files(struct ws_bulk *bulk)
{
	const struct ws_study *study = bulk->study;
	uint32_t n_files = study->catalog.n_files, rank = 0;

	bulk->list_of_file = malloc((size_t)n_files + 1);
	bulk->rank_of_file = calloc((size_t)n_files + 1, sizeof(*bulk->rank_of_file));
	if (!bulk->list_of_file || !bulk->rank_of_file)
		return -ENOMEM;
	memset(bulk->list_of_file, WS_NO_LIST, (size_t)n_files + 1);
	for (int source = 0; source < WS_N_SOURCES; source++) {
		const struct ws_view *view = &study->view[source];

		bulk->is_joined[source] = bulk->wish->joins && view->present && !*view->why;
		for (int side = 0; side < WS_N_SIDES && bulk->is_joined[source]; side++) {
			memset(bulk->list_of_file + (view->file[side] - study->catalog.file),
			       WS_N_SIDES * source + side, view->n_files[side]);
			bulk->misses[source][side] = calloc((size_t)study->n_nodes + 1,
							    sizeof(*bulk->misses[source][side]));
			if (!bulk->misses[source][side])
				return -ENOMEM;
		}
	}
	for (uint32_t node = 0; node < study->n_nodes; node++) {
		for (uint32_t f = 0; f < n_files; f++) {
			if (study->vantage[f].node == node)
				bulk->rank_of_file[f] = rank++;
		}
	}
	bulk->keeps_all = bulk->wish->latencies && bulk->is_joined[0] && bulk->is_joined[1];
	bulk->has_more = bulk->wish->sink && bulk->wish->sink->has_more;
	return 0;
}

int ws_bulk_complain(int rc, struct ws_error *err)
{
	if (rc == -ENOMEM)
		return ws_error(err, rc, "out of memory");
	if (rc == -EOVERFLOW)
		return ws_error(err, rc, "cannot join the points: %s", strerror(EOVERFLOW));
	return ws_error(err, rc,
			"%s: cannot keep there what does not fit in memory: %s: set TMPDIR to a directory with more "
			"room, or give a larger --memory",
			ws_scratch_directory(), strerror(-rc));
}

uint32_t ws_bulk_n_threads(void)
{
	int n = get_nprocs();

	return n > WS_BULK_THREADS_MAX ? WS_BULK_THREADS_MAX : n < 1 ? 1 : (uint32_t)n;
}

static int open_workers(struct ws_bulk *bulk)
{
	const struct ws_study *study = bulk->study;
	uint64_t n_votes = (uint64_t)study->n_nodes * study->tuples.n + 1;
	uint32_t n = ws_bulk_n_threads();
	int rc = n_votes > VOTES_MAX ? -EOVERFLOW : 0;

	n = n > ws_trays_n(bulk->trays) ? ws_trays_n(bulk->trays) : n;
	for (; bulk->n_workers < n && !rc; bulk->n_workers++) {
		struct ws_bulk_worker *worker = &bulk->worker[bulk->n_workers];

		worker->bulk = bulk;
		worker->number = bulk->n_workers;
		rc = ws_trays_writer(bulk->trays, &worker->writer);
		for (int source = 0; source < WS_N_SOURCES && !rc; source++) {
			if (!bulk->is_joined[source])
				continue;
			worker->votes[source] = calloc(n_votes, sizeof(*worker->votes[source]));
			rc = worker->votes[source] ? 0 : -ENOMEM;
		}
	}
	return rc;
}

static void *sift_trays(void *argument)
{
	struct ws_bulk_worker *worker = argument;
	uint32_t tray, n = ws_trays_n(worker->bulk->trays);

	while (!worker->rc && (tray = atomic_fetch_add(&worker->bulk->next_tray, 1)) < n)
		worker->rc = ws_sift(worker, tray);
	return NULL;
}

static void *join_remainders(void *argument)
{
	struct ws_bulk_worker *worker = argument;
	uint32_t tray, n = ws_trays_n(worker->bulk->trays);

	while (!worker->rc && (tray = atomic_fetch_add(&worker->bulk->next_tray, 1)) < n)
		worker->rc = ws_remainder(worker, tray);
	return NULL;
}

/* Lets all workers do a pass over the trays. A thread that cannot be started leaves its work to the others. */
static int run_pass(struct ws_bulk *bulk, void *(*pass)(void *))
{
	uint32_t n_started = 1;
	int rc = 0;

	atomic_store(&bulk->next_tray, 0);
	while (n_started < bulk->n_workers &&
	       !pthread_create(&bulk->worker[n_started].thread, NULL, pass, &bulk->worker[n_started]))
		n_started++;
	pass(&bulk->worker[0]);
	for (uint32_t i = 1; i < n_started; i++)
		pthread_join(bulk->worker[i].thread, NULL);
	for (uint32_t i = 0; i < bulk->n_workers && !rc; i++)
		rc = bulk->worker[i].rc;
	return rc;
}

/* Adds all workers' votes to the first one's. */
static void count_votes(struct ws_bulk *bulk)
{
	size_t n = (size_t)bulk->study->n_nodes * bulk->study->tuples.n;

	for (int source = 0; source < WS_N_SOURCES; source++) {
		for (uint32_t w = 1; w < bulk->n_workers && bulk->is_joined[source]; w++) {
			for (size_t i = 0; i < n; i++) {
				bulk->worker[0].votes[source][i][0] += bulk->worker[w].votes[source][i][0];
				bulk->worker[0].votes[source][i][1] += bulk->worker[w].votes[source][i][1];
			}
			free(bulk->worker[w].votes[source]);
			bulk->worker[w].votes[source] = NULL;
		}
	}
}

/* Hands over what was found. */
static int conclude(struct ws_bulk *bulk)
{
	struct ws_study *study = bulk->study;
	struct ws_accord *accord[WS_BULK_WORKERS_MAX];

	for (int source = 0; source < WS_N_SOURCES; source++) {
		struct ws_view *view = &study->view[source];

		view->joined = bulk->is_joined[source];
		for (uint32_t i = 0; i < bulk->n_workers && view->joined; i++)
			ws_join_add_counts(&view->join, &bulk->worker[i].sum[source]);
		if (!view->joined)
			continue;
		view->join.n_causes = bulk->absence[source] || view->n_files[0] > 1 || view->n_files[1] > 1
					      ? WS_N_CAUSES
					      : WS_N_PLAIN_CAUSES;
		for (int way = 0; way < WS_N_WAYS; way++) {
			struct ws_heap *heap = &bulk->heap[source][way];
			uint64_t *cut = heap->at ? realloc(heap->at, (heap->n + 1) * sizeof(*cut)) : NULL;

			view->latency_ns[way] = cut ? cut : heap->at;
			heap->at = NULL;
		}
	}
	if (!bulk->keeps_all)
		return 0;
	for (uint32_t i = 0; i < bulk->n_workers; i++)
		accord[i] = &bulk->worker[i].accord;
	study->has_agreement = true;
	return ws_accord_complete(accord, bulk->n_workers, &study->agreement);
}

static void close_worker(struct ws_bulk_worker *worker)
{
	free(worker->haul.at);
	free(worker->haul.file);
	free(worker->haul.more);
	for (int way = 0; way < WS_N_WAYS; way++)
		free(worker->handful.at[way]);
	free(worker->slot);
	free(worker->partner);
	for (int source = 0; source < WS_N_SOURCES; source++)
		free(worker->votes[source]);
	ws_accord_close(&worker->accord);
}

static void bulk_close(struct ws_bulk *bulk)
{
	ws_trays_close(bulk->trays);
	ws_bulk_told_close(bulk->told);
	for (uint32_t i = 0; i < WS_BULK_WORKERS_MAX; i++)
		close_worker(&bulk->worker[i]);
	for (int source = 0; source < WS_N_SOURCES; source++) {
		for (int way = 0; way < WS_N_WAYS; way++)
			free(bulk->heap[source][way].at);
		for (int side = 0; side < WS_N_SIDES; side++) {
			for (uint32_t i = 0; i < bulk->study->n_nodes && bulk->misses[source][side]; i++)
				free(bulk->misses[source][side][i].at);
			free(bulk->misses[source][side]);
		}
		ws_absence_close(bulk->absence[source]);
	}
	free(bulk->list_of_file);
	free(bulk->rank_of_file);
	pthread_mutex_destroy(&bulk->naming);
	free(bulk);
}

static uint64_t count_told(const struct ws_study *study, const bool *read)
{
	uint64_t n = 0;

	for (uint32_t f = 0; f < study->catalog.n_files; f++) {
		uint64_t told = read[f] ? study->catalog.file[f].n_requests : 0;

		n += told < TOLD_MAX ? told : TOLD_MAX;
	}
	return n;
}

/* Everything behind the reading. */
static int join(struct ws_bulk *bulk)
{
	int rc = open_workers(bulk);

	for (int source = 0; source < WS_N_SOURCES && !rc; source++) {
		if (bulk->is_joined[source])
			rc = ws_absence_open(bulk->study, source, &bulk->absence[source]);
	}
	rc = rc || !bulk->told ? rc : ws_bulk_told_take(bulk, bulk->told);
	rc = rc ? rc : run_pass(bulk, sift_trays);
	if (!rc)
		count_votes(bulk);
	rc = rc ? rc : run_pass(bulk, join_remainders);
	return rc ? rc : conclude(bulk);
}

int ws_bulk_join(struct ws_study *study, struct ws_store *store, const bool *read, const struct ws_bulk_wish *wish,
		 struct ws_error *err)
{
	struct ws_bulk *bulk = calloc(1, sizeof(*bulk));
	int rc;

	if (!bulk)
		return ws_bulk_complain(-ENOMEM, err);
	bulk->study = study;
	bulk->wish = wish;
	pthread_mutex_init(&bulk->naming, NULL);
	rc = assign_files(bulk);
	rc = rc ? rc
		: ws_trays_open(count_told(study, read), wish->memory_bytes, bulk->list_of_file, bulk->has_more,
				&bulk->trays);
	if (rc) {
		ws_bulk_complain(rc, err);
	} else {
		rc = ws_bulk_read(bulk, store, read, err);
		if (!rc) {
			rc = join(bulk);
			if (rc)
				ws_bulk_complain(rc, err);
		}
	}
	bulk_close(bulk);
	return rc;
}

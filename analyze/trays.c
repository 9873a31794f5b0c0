/* SPDX-License-Identifier: BSD-2-Clause */
/* trays - see trays.h. A tray is a chain of chunks for every writer; all sightings of a chunk are of one file. */
#include "analyze/trays.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "analyze/scratch.h"

/* A tray of so many sightings is joined in the cache; or of a 16th of what may stay in memory, if that is less. */
#define TRAY_EXPECTED	    32768
#define TRAY_EXPECTED_LEAST 16
#define TRAYS_MAX	    1024

/* Large enough to be worth a system call, unless the limit is low. */
#define CHUNK_BYTES_MAX 16384
#define CHUNK_BYTES_MIN 1024

/* Chunks are taken from blocks of this size. */
#define BLOCK_BYTES	(4 << 20)
#define WRITERS_AT_ONCE 4

struct chunk {
	struct chunk *next;
	struct ws_packed *at; /* NULL: in the temporary file; what there is more comes behind them */
	uint64_t at_off;      /* there */
	uint32_t n;
	uint16_t file;
	bool is_kept; /* ended, and counted as in memory */
};

struct chain {
	struct chunk *first;
	struct chunk *last;
};

struct ws_tray_writer {
	struct ws_trays *trays;
	struct chain *chain; /* one a tray */
};

/* Memory that chunks are taken from: its first bytes point to the one before. */
struct block {
	struct block *next;
};

/* A chunk's memory while nobody uses it. */
struct spare {
	struct spare *next;
};

struct ws_trays {
	uint32_t n_trays;
	uint32_t n_writers;
	struct ws_tray_writer writer[WS_TRAY_WRITERS_MAX];
	const uint8_t *list_of_file;
	bool has_more;
	uint32_t sighting_bytes;
	uint32_t chunk_bytes;
	uint32_t chunk_room; /* sightings */
	uint64_t memory_bytes;
	pthread_mutex_t lock; /* over all that follows */
	struct spare *spare;
	struct block *block;
	uint32_t block_used; /* bytes of the last block */
	uint64_t kept_bytes;
	int fd; /* -1: not needed yet */
	uint64_t file_bytes;
};

uint32_t ws_trays_n(const struct ws_trays *trays)
{
	return trays->n_trays;
}

int ws_trays_open(uint64_t n_expected, uint64_t memory_bytes, const uint8_t *list_of_file, bool has_more,
		  struct ws_trays **trays)
{
	struct ws_trays *made = calloc(1, sizeof(*made));
	uint64_t n_a_tray = memory_bytes / (16 * sizeof(struct ws_packed));

	if (!made)
		return -ENOMEM;
	n_a_tray = n_a_tray > TRAY_EXPECTED ? TRAY_EXPECTED : n_a_tray;
	n_a_tray = n_a_tray < TRAY_EXPECTED_LEAST ? TRAY_EXPECTED_LEAST : n_a_tray;
	made->n_trays = 1;
	while (made->n_trays < TRAYS_MAX && n_expected / made->n_trays > n_a_tray)
		made->n_trays *= 2;
	made->chunk_bytes = CHUNK_BYTES_MAX;
	while (made->chunk_bytes > CHUNK_BYTES_MIN &&
	       (uint64_t)made->chunk_bytes * made->n_trays * WRITERS_AT_ONCE > memory_bytes / 2)
		made->chunk_bytes /= 2;
	made->has_more = has_more;
	made->sighting_bytes = sizeof(struct ws_packed) + (has_more ? sizeof(struct ws_packed_more) : 0);
	made->chunk_room = made->chunk_bytes / made->sighting_bytes;
	made->memory_bytes = memory_bytes;
	made->list_of_file = list_of_file;
	made->fd = -1;
	pthread_mutex_init(&made->lock, NULL);
	*trays = made;
	return 0;
}

static void close_writer(struct ws_tray_writer *writer, uint32_t n_trays)
{
	for (uint32_t i = 0; i < n_trays && writer->chain; i++) {
		struct chunk *next;

		for (struct chunk *chunk = writer->chain[i].first; chunk; chunk = next) {
			next = chunk->next;
			free(chunk);
		}
	}
	free(writer->chain);
}

void ws_trays_close(struct ws_trays *trays)
{
	struct block *next;

	if (!trays)
		return;
	for (uint32_t i = 0; i < trays->n_writers; i++)
		close_writer(&trays->writer[i], trays->n_trays);
	for (struct block *block = trays->block; block; block = next) {
		next = block->next;
		munmap(block, BLOCK_BYTES);
	}
	if (trays->fd >= 0)
		close(trays->fd);
	pthread_mutex_destroy(&trays->lock);
	free(trays);
}

int ws_trays_writer(struct ws_trays *trays, struct ws_tray_writer **writer)
{
	struct ws_tray_writer *made = &trays->writer[trays->n_writers];

	if (trays->n_writers == WS_TRAY_WRITERS_MAX)
		return -EMFILE;
	made->trays = trays;
	made->chain = calloc(trays->n_trays, sizeof(*made->chain));
	if (!made->chain)
		return -ENOMEM;
	trays->n_writers++;
	*writer = made;
	return 0;
}

/* Memory for a chunk, under the lock. NULL: there is none. */
static struct ws_packed *take_memory(struct ws_trays *trays)
{
	struct spare *spare = trays->spare;
	struct block *block;
	char *at;

	if (spare) {
		trays->spare = spare->next;
		return (struct ws_packed *)spare;
	}
	/* the first chunk's place is the block's own */
	if (!trays->block || trays->block_used + trays->chunk_bytes > BLOCK_BYTES) {
		block = mmap(NULL, BLOCK_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		if (block == MAP_FAILED)
			return NULL;
		block->next = trays->block;
		trays->block = block;
		trays->block_used = trays->chunk_bytes;
	}
	at = (char *)trays->block + trays->block_used;
	trays->block_used += trays->chunk_bytes;
	return (struct ws_packed *)at;
}

/* Decides where a chunk stays that nothing is added to any more: in memory, or at the place in the file that is told. 0
 * or -errno. */
static int settle(struct ws_trays *trays, struct chunk *ended, uint64_t *off)
{
	int rc = 0;

	pthread_mutex_lock(&trays->lock);
	if (trays->kept_bytes + trays->chunk_bytes <= trays->memory_bytes) {
		trays->kept_bytes += trays->chunk_bytes;
		ended->is_kept = true;
	} else {
		rc = trays->fd < 0 ? ws_scratch_open(&trays->fd) : 0;
		*off = trays->file_bytes;
		trays->file_bytes += (uint64_t)ended->n * trays->sighting_bytes;
	}
	pthread_mutex_unlock(&trays->lock);
	return rc;
}

/* Behind the chunk's sightings, as many as there is room for. */
static struct ws_packed_more *more_of(const struct ws_trays *trays, const struct chunk *chunk)
{
	return (struct ws_packed_more *)(chunk->at + trays->chunk_room);
}

/* Ends a chunk. *memory: its own, if it is free again. */
static int end_chunk(struct ws_trays *trays, struct chunk *ended, struct ws_packed **memory)
{
	uint64_t off = 0;
	int rc = settle(trays, ended, &off);

	if (rc || ended->is_kept)
		return rc;
	rc = ws_scratch_write(trays->fd, ended->at, ended->n * sizeof(*ended->at), off);
	if (!rc && trays->has_more)
		rc = ws_scratch_write(trays->fd, more_of(trays, ended), ended->n * sizeof(struct ws_packed_more),
				      off + ended->n * sizeof(*ended->at));
	if (rc)
		return rc;
	*memory = ended->at;
	ended->at_off = off;
	ended->at = NULL;
	return 0;
}

/* Appends an empty chunk to the chain. */
static int add_chunk(struct ws_trays *trays, struct chain *chain, uint32_t file)
{
	struct chunk *made = calloc(1, sizeof(*made));
	int rc = made ? 0 : -ENOMEM;

	if (!rc && chain->last)
		rc = end_chunk(trays, chain->last, &made->at);
	if (!rc && !made->at) {
		pthread_mutex_lock(&trays->lock);
		made->at = take_memory(trays);
		pthread_mutex_unlock(&trays->lock);
		rc = made->at ? 0 : -ENOMEM;
	}
	if (rc) {
		free(made);
		return rc;
	}
	made->file = (uint16_t)file;
	if (chain->last)
		chain->last->next = made;
	else
		chain->first = made;
	chain->last = made;
	return 0;
}

int ws_tray_put(struct ws_tray_writer *writer, uint32_t file, const struct ws_packed *packed,
		const struct ws_packed_more *more)
{
	struct ws_trays *trays = writer->trays;
	/* the hash's upper 32 bits, as a fraction of the trays */
	struct chain *chain = &writer->chain[(ws_packed_hash(packed) >> 32) * trays->n_trays >> 32];
	struct chunk *chunk = chain->last;

	if (!chunk || chunk->n == trays->chunk_room || chunk->file != file) {
		int rc = add_chunk(trays, chain, file);

		if (rc)
			return rc;
		chunk = chain->last;
	}
	if (more)
		more_of(trays, chunk)[chunk->n] = *more;
	chunk->at[chunk->n++] = *packed;
	return 0;
}

size_t ws_tray_count(const struct ws_trays *trays, uint32_t tray, uint32_t list, uint32_t first, uint32_t end)
{
	size_t n = 0;

	for (uint32_t i = first; i < end; i++) {
		for (const struct chunk *chunk = trays->writer[i].chain[tray].first; chunk; chunk = chunk->next)
			n += trays->list_of_file[chunk->file] == list ? chunk->n : 0;
	}
	return n;
}

static int read_chunk(const struct ws_trays *trays, const struct chunk *chunk, struct ws_packed *at,
		      struct ws_packed_more *more)
{
	const size_t bytes = chunk->n * sizeof(*at), more_bytes = trays->has_more ? chunk->n * sizeof(*more) : 0;
	int rc;

	if (chunk->at) {
		memcpy(at, chunk->at, bytes);
		if (more_bytes)
			memcpy(more, more_of(trays, chunk), more_bytes);
		return 0;
	}
	rc = ws_scratch_read(trays->fd, at, bytes, chunk->at_off);
	return rc || !more_bytes ? rc : ws_scratch_read(trays->fd, more, more_bytes, chunk->at_off + bytes);
}

int ws_tray_read(const struct ws_trays *trays, uint32_t tray, uint32_t list, uint32_t first, uint32_t end,
		 struct ws_packed *at, uint16_t *file, struct ws_packed_more *more)
{
	for (uint32_t i = first; i < end; i++) {
		for (const struct chunk *chunk = trays->writer[i].chain[tray].first; chunk; chunk = chunk->next) {
			int rc;

			if (trays->list_of_file[chunk->file] != list)
				continue;
			rc = read_chunk(trays, chunk, at, more);
			if (rc)
				return rc;
			for (uint32_t k = 0; k < chunk->n; k++)
				file[k] = chunk->file;
			at += chunk->n;
			file += chunk->n;
			more += trays->has_more ? chunk->n : 0;
		}
	}
	return 0;
}

void ws_tray_clear(struct ws_trays *trays, uint32_t tray, uint32_t first, uint32_t end)
{
	pthread_mutex_lock(&trays->lock);
	for (uint32_t i = first; i < end; i++) {
		struct chain *chain = &trays->writer[i].chain[tray];
		struct chunk *next;

		for (struct chunk *chunk = chain->first; chunk; chunk = next) {
			next = chunk->next;
			if (chunk->at) {
				struct spare *spare = (struct spare *)chunk->at;

				spare->next = trays->spare;
				trays->spare = spare;
			}
			trays->kept_bytes -= chunk->is_kept ? trays->chunk_bytes : 0;
			free(chunk);
		}
		*chain = (struct chain) { 0 };
	}
	pthread_mutex_unlock(&trays->lock);
}

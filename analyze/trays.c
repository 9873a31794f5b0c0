/* SPDX-License-Identifier: BSD-2-Clause */
/* trays - see trays.h. A tray is a chain of chunks for every writer; all sightings of a chunk are of one file. */
#include "analyze/trays.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

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
	struct ws_packed *at; /* NULL: in the temporary file */
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

const char *ws_trays_directory(void)
{
	const char *directory = getenv("TMPDIR");

	return directory && *directory ? directory : "/var/tmp";
}

uint32_t ws_trays_n(const struct ws_trays *trays)
{
	return trays->n_trays;
}

int ws_trays_open(uint64_t n_expected, uint64_t memory_bytes, const uint8_t *list_of_file, struct ws_trays **trays)
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
	made->chunk_room = (uint32_t)(made->chunk_bytes / sizeof(struct ws_packed));
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

/* Opens a file without a name. 0 or -errno. */
static int open_file(struct ws_trays *trays)
{
	static const char name[] = "wirespan-XXXXXX";
	const char *directory = ws_trays_directory();
	size_t size = strlen(directory) + 1 + sizeof(name);
	char *path;
	int rc = 0;

	trays->fd = open(directory, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (trays->fd >= 0)
		return 0;
	/* not every file system has such files */
	path = malloc(size);
	if (!path)
		return -ENOMEM;
	stpcpy(stpcpy(stpcpy(path, directory), "/"), name);
	trays->fd = mkostemp(path, O_CLOEXEC);
	if (trays->fd < 0)
		rc = -errno;
	else
		unlink(path);
	free(path);
	return rc;
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
		rc = trays->fd < 0 ? open_file(trays) : 0;
		*off = trays->file_bytes;
		trays->file_bytes += ended->n * sizeof(*ended->at);
	}
	pthread_mutex_unlock(&trays->lock);
	return rc;
}

static int write_all(int fd, const char *from, size_t n, uint64_t off)
{
	while (n) {
		ssize_t done = pwrite(fd, from, n, (off_t)off);

		if (done < 0 && errno != EINTR)
			return -errno;
		from += done > 0 ? done : 0;
		off += done > 0 ? (uint64_t)done : 0;
		n -= done > 0 ? (size_t)done : 0;
	}
	return 0;
}

static int read_all(int fd, char *to, size_t n, uint64_t off)
{
	while (n) {
		ssize_t done = pread(fd, to, n, (off_t)off);

		if (done == 0)
			return -EIO;
		if (done < 0 && errno != EINTR)
			return -errno;
		to += done > 0 ? done : 0;
		off += done > 0 ? (uint64_t)done : 0;
		n -= done > 0 ? (size_t)done : 0;
	}
	return 0;
}

/* Ends a chunk. *memory: its own, if it is free again. */
static int end_chunk(struct ws_trays *trays, struct chunk *ended, struct ws_packed **memory)
{
	uint64_t off = 0;
	int rc = settle(trays, ended, &off);

	if (rc || ended->is_kept)
		return rc;
	rc = write_all(trays->fd, (const char *)ended->at, ended->n * sizeof(*ended->at), off);
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

int ws_tray_put(struct ws_tray_writer *writer, uint32_t file, const struct ws_packed *packed)
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

int ws_tray_read(const struct ws_trays *trays, uint32_t tray, uint32_t list, uint32_t first, uint32_t end,
		 struct ws_packed *at, uint16_t *file)
{
	for (uint32_t i = first; i < end; i++) {
		for (const struct chunk *chunk = trays->writer[i].chain[tray].first; chunk; chunk = chunk->next) {
			int rc = 0;

			if (trays->list_of_file[chunk->file] != list)
				continue;
			if (chunk->at)
				memcpy(at, chunk->at, chunk->n * sizeof(*at));
			else
				rc = read_all(trays->fd, (char *)at, chunk->n * sizeof(*at), chunk->at_off);
			if (rc)
				return rc;
			for (uint32_t k = 0; k < chunk->n; k++)
				file[k] = chunk->file;
			at += chunk->n;
			file += chunk->n;
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

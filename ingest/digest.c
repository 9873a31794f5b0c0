/* SPDX-License-Identifier: BSD-2-Clause */
/* digest - see the header. */
#include "ingest/digest.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

#include "lib/names.h"
#include "lib/threads.h"

#define CHUNK_LEN (1u << 16) /* stays in the cache */

static void write_text(XXH128_hash_t hash, char text[WS_DIGEST_TEXT_LEN])
{
	XXH128_canonical_t canonical;

	XXH128_canonicalFromHash(&canonical, hash);
	ws_hex_text(canonical.digest, sizeof(canonical.digest), text);
}

void ws_digest_bytes(const void *bytes, size_t len, char text[WS_DIGEST_TEXT_LEN])
{
	write_text(XXH3_128bits(bytes, len), text);
}

struct ws_digest {
	pthread_t thread;
	char *path;
	int fd;
	int rc;
	uint64_t size_bytes;
	char text[WS_DIGEST_TEXT_LEN];
	struct ws_error err;
};

/* Opens a regular file; the descriptor is the caller's, to be closed. */
static int open_file(const char *path, int *fd, struct ws_error *err)
{
	struct stat st;
	int opened = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	if (opened < 0)
		return ws_error(err, -errno, "%s: cannot open: %s", path, strerror(errno));
	if (fstat(opened, &st) || !S_ISREG(st.st_mode)) {
		close(opened);
		return ws_error(err, -EINVAL, "%s: not a regular file", path);
	}
	*fd = opened;
	return 0;
}

static int hash_file(const char *path, int fd, char text[WS_DIGEST_TEXT_LEN], uint64_t *size_bytes,
		     struct ws_error *err)
{
	XXH3_state_t *state = XXH3_createState();
	uint8_t *chunk = malloc(CHUNK_LEN);
	uint64_t size = 0;
	int rc = 0;
	ssize_t n;

	if (!state || !chunk) {
		rc = ws_error(err, -ENOMEM, "out of memory");
		goto out;
	}
	XXH3_128bits_reset(state);
	while ((n = read(fd, chunk, CHUNK_LEN)) > 0) {
		XXH3_128bits_update(state, chunk, (size_t)n);
		size += (uint64_t)n;
	}
	if (n < 0) {
		rc = ws_error(err, -errno, "%s: offset %llu: cannot read: %s", path, (unsigned long long)size,
			      strerror(errno));
		goto out;
	}
	write_text(XXH3_128bits_digest(state), text);
	*size_bytes = size;
out:
	free(chunk);
	XXH3_freeState(state);
	return rc;
}

int ws_digest_file(const char *path, char text[WS_DIGEST_TEXT_LEN], uint64_t *size_bytes, struct ws_error *err)
{
	int fd, rc = open_file(path, &fd, err);

	if (rc)
		return rc;
	rc = hash_file(path, fd, text, size_bytes, err);
	close(fd);
	return rc;
}

static void *hash_in_thread(void *context)
{
	struct ws_digest *d = context;

	d->rc = hash_file(d->path, d->fd, d->text, &d->size_bytes, &d->err);
	return NULL;
}

static void free_digest(struct ws_digest *d)
{
	if (!d)
		return;
	if (d->fd >= 0)
		close(d->fd);
	free(d->path);
	free(d);
}

int ws_digest_begin(const char *path, struct ws_digest **digest, struct ws_error *err)
{
	struct ws_digest *d = calloc(1, sizeof(*d));
	int rc;

	if (d)
		d->fd = -1;
	if (!d || !(d->path = strdup(path))) {
		rc = ws_error(err, -ENOMEM, "out of memory");
		goto out;
	}
	rc = open_file(path, &d->fd, err);
	if (rc)
		goto out;
	rc = -pthread_create(&d->thread, NULL, hash_in_thread, d);
	if (rc)
		ws_error(err, rc, "%s: cannot start a thread: %s", path, ws_thread_words(-rc));
out:
	if (rc)
		free_digest(d);
	else
		*digest = d;
	return rc;
}

int ws_digest_end(struct ws_digest *d, char text[WS_DIGEST_TEXT_LEN], uint64_t *size_bytes, struct ws_error *err)
{
	int rc;

	if (!d)
		return 0;
	pthread_join(d->thread, NULL);
	rc = d->rc;
	if (rc) {
		ws_error(err, rc, "%s", d->err.text);
	} else {
		memcpy(text, d->text, sizeof(d->text));
		*size_bytes = d->size_bytes;
	}
	free_digest(d);
	return rc;
}

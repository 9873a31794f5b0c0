/* SPDX-License-Identifier: BSD-2-Clause */
/* recfile_write - writes record files: a head, marks with blocks, an end; see recfile.h and recfile.md. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <xxhash.h>
#include <zstd.h>

#include "lib/recfile.h"
#include "lib/recfile_block.h"
#include "lib/still_there.h"

struct ws_recfile_writer {
	int fd;
	int level;
	char *path;	 /* the final name */
	char *part_path; /* the name until then */
	ZSTD_CCtx *zstd;
	ZSTD_CCtx *plain; /* for what is not worth compressing */
	struct ws_recfile_encoder *encoder;
	uint8_t *block; /* encoded */
	uint8_t *frame; /* compressed */
	size_t frame_cap;
	uint64_t n_bytes;      /* written, in whole blocks */
	uint64_t n_torn_bytes; /* behind them */
	uint64_t n_records;    /* written */
	uint32_t n_pending;
	int failed_rc; /* of the first write that failed: what follows it would not be readable */
	struct ws_record pending[WS_RECFILE_BLOCK_RECORDS];
};

/* The bytes of a mark, grown field by field. */
struct mark_bytes {
	uint8_t data[WS_RECFILE_MARK_MAX];
	uint32_t len;
};

static void mark_put(struct mark_bytes *m, const void *value, uint32_t len)
{
	memcpy(m->data + m->len, value, len);
	m->len += len;
}

static void mark_put16(struct mark_bytes *m, uint16_t value)
{
	mark_put(m, &value, sizeof(value));
}

static void mark_put32(struct mark_bytes *m, uint32_t value)
{
	mark_put(m, &value, sizeof(value));
}

static void mark_put64(struct mark_bytes *m, uint64_t value)
{
	mark_put(m, &value, sizeof(value));
}

static void mark_begin(struct mark_bytes *m, enum ws_recfile_kind kind)
{
	m->len = 0;
	mark_put32(m, WS_RECFILE_SKIPPABLE_MAGIC);
	mark_put32(m, 0); /* the frame's size: set at the end */
	mark_put32(m, WS_RECFILE_SIGNATURE);
	mark_put16(m, WS_RECFILE_VERSION);
	mark_put16(m, kind);
}

/* A write has failed: what it left of a block is of no use, and takes room where there may be none. */
static void cut_torn(struct ws_recfile_writer *w)
{
	if (w->n_torn_bytes && ftruncate(w->fd, (off_t)w->n_bytes) == 0)
		w->n_torn_bytes = 0;
}

static int write_all(struct ws_recfile_writer *w, const void *data, size_t len, struct ws_error *err)
{
	const uint8_t *at = data;

	if (w->failed_rc)
		return ws_error(err, w->failed_rc, "%s: an earlier write has failed", w->part_path);
	while (len > 0) {
		ssize_t n = write(w->fd, at, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			w->failed_rc = -errno;
			ws_error(err, w->failed_rc, "%s: cannot write: %s", w->part_path, strerror(errno));
			cut_torn(w);
			return w->failed_rc;
		}
		at += n;
		len -= (size_t)n;
		w->n_torn_bytes += (uint64_t)n;
	}
	return 0;
}

static int mark_write(struct ws_recfile_writer *w, struct mark_bytes *m, struct ws_error *err)
{
	uint32_t size = m->len - 8 + sizeof(uint64_t);

	memcpy(m->data + 4, &size, sizeof(size));
	mark_put64(m, XXH3_64bits(m->data + 8, m->len - 8));
	return write_all(w, m->data, m->len, err);
}

/* What was written is whole. */
static void settle(struct ws_recfile_writer *w)
{
	w->n_bytes += w->n_torn_bytes;
	w->n_torn_bytes = 0;
}

/* Counters behind the last one that is not 0 are left out. */
static void mark_put_state(struct mark_bytes *m, const struct ws_recfile_mark *mark)
{
	uint32_t n_counters = WS_N_REASONS;

	while (n_counters > 0 && mark->n_frames[n_counters - 1] == 0)
		n_counters--;
	mark_put64(m, mark->monotonic_ns);
	mark_put64(m, mark->realtime_ns);
	mark_put64(m, mark->n_ring_full);
	mark_put32(m, n_counters);
	mark_put32(m, 0);
	for (uint32_t i = 0; i < n_counters; i++)
		mark_put64(m, mark->n_frames[i]);
}

static int write_head(struct ws_recfile_writer *w, const struct ws_recfile_head *head, struct ws_error *err)
{
	const uint8_t flags = head->prefers_list ? WS_RECFILE_PREFERS_LIST : 0;
	const uint16_t n_contexts = (uint16_t)strnlen(head->contexts, WS_RECFILE_CONTEXTS_MAX);
	struct mark_bytes m;
	int rc;

	mark_begin(&m, WS_RECFILE_KIND_HEAD);
	mark_put32(&m, WS_RECORD_VERSION);
	mark_put32(&m, head->window_bytes);
	mark_put64(&m, head->monotonic_ns);
	mark_put64(&m, head->realtime_ns);
	mark_put(&m, head->point, sizeof(head->point));
	mark_put(&m, &flags, sizeof(flags));
	mark_put16(&m, n_contexts);
	mark_put(&m, head->contexts, n_contexts);
	rc = mark_write(w, &m, err);
	if (rc == 0)
		settle(w);
	return rc;
}

static int set_level(ZSTD_CCtx *zstd, int level)
{
	return ZSTD_isError(ZSTD_CCtx_setParameter(zstd, ZSTD_c_compressionLevel, level)) ||
	       ZSTD_isError(ZSTD_CCtx_setParameter(zstd, ZSTD_c_checksumFlag, 1));
}

int ws_recfile_create(const char *path, const struct ws_recfile_head *head, int level,
		      struct ws_recfile_writer **writer, struct ws_error *err)
{
	const size_t block_cap = ws_recfile_block_bound(WS_RECFILE_BLOCK_RECORDS);
	struct ws_recfile_writer *w;
	int rc;

	if (faccessat(AT_FDCWD, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
		return ws_error(err, -EEXIST, "%s: exists already; record into another directory, or move it away",
				path);
	w = calloc(1, sizeof(*w));
	if (!w)
		return ws_error(err, -ENOMEM, "%s: out of memory", path);
	w->fd = -1;
	w->level = level;
	w->frame_cap = 2 * ZSTD_compressBound(block_cap);
	w->encoder = ws_recfile_encoder_new();
	w->block = malloc(block_cap);
	w->frame = malloc(w->frame_cap);
	w->zstd = ZSTD_createCCtx();
	w->plain = ZSTD_createCCtx();
	w->path = strdup(path);
	if (asprintf(&w->part_path, "%s" WS_RECFILE_PART_SUFFIX, path) < 0)
		w->part_path = NULL;
	rc = -ENOMEM;
	if (!w->encoder || !w->block || !w->frame || !w->zstd || !w->plain || !w->path || !w->part_path) {
		ws_error(err, rc, "%s: out of memory", path);
		goto out;
	}
	if (set_level(w->zstd, level) || set_level(w->plain, ZSTD_minCLevel())) {
		rc = ws_error(err, -EINVAL, "zstd refuses compression level %d; use 1 to 19", level);
		goto out;
	}
	w->fd = open(w->part_path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (w->fd < 0) {
		rc = ws_error(err, -errno, "%s: cannot create: %s%s", w->part_path, strerror(errno),
			      errno == EEXIST ? "; an earlier recording did not finish: load it, or move it away" : "");
		goto out;
	}
	rc = write_head(w, head, err);
	if (rc)
		unlink(w->part_path); /* it would be in the way of the next attempt */
out:
	if (rc)
		ws_recfile_close(w);
	else
		*writer = w;
	return rc;
}

struct ws_record *ws_recfile_slot(struct ws_recfile_writer *w)
{
	return w->n_pending < WS_RECFILE_BLOCK_RECORDS ? &w->pending[w->n_pending++] : NULL;
}

uint32_t ws_recfile_pending(const struct ws_recfile_writer *w)
{
	return w->failed_rc ? 0 : w->n_pending;
}

/*
 * The pending records as zstd frames: one, and another for random bytes, which is stored as it is, as no attempt to
 * compress them is worth its time. Returns their length, or zstd's error.
 */
static size_t pack(struct ws_recfile_writer *w)
{
	size_t n_random, len = ws_recfile_block_encode(w->encoder, w->pending, w->n_pending, w->block, &n_random);
	size_t packed = ZSTD_compress2(w->zstd, w->frame, w->frame_cap, w->block, len - n_random), more = 0;

	if (n_random && !ZSTD_isError(packed))
		more = ZSTD_compress2(w->plain, w->frame + packed, w->frame_cap - packed, w->block + len - n_random,
				      n_random);
	return ZSTD_isError(packed) ? packed : ZSTD_isError(more) ? more : packed + more;
}

int ws_recfile_flush(struct ws_recfile_writer *w, const struct ws_recfile_mark *mark, struct ws_error *err)
{
	struct mark_bytes m;
	size_t len = 0;
	int rc;

	if (w->n_pending) {
		len = pack(w);
		if (ZSTD_isError(len))
			return ws_error(err, -EIO, "%s: zstd: %s", w->part_path, ZSTD_getErrorName(len));
	}
	mark_begin(&m, WS_RECFILE_KIND_BLOCK);
	mark_put64(&m, w->n_records);
	mark_put32(&m, w->n_pending);
	mark_put32(&m, (uint32_t)len);
	mark_put_state(&m, mark);
	rc = mark_write(w, &m, err);
	if (rc == 0)
		rc = write_all(w, w->frame, len, err);
	if (rc)
		return rc;
	settle(w);
	w->n_records += w->n_pending;
	w->n_pending = 0;
	return 0;
}

int ws_recfile_look(const struct ws_recfile_writer *w, struct ws_error *err)
{
	return ws_still_there(w->fd, w->part_path, err);
}

/* Renames, but never over a file that has come there meanwhile, where the file system can tell. */
int ws_recfile_give_name(const char *from, const char *to)
{
	if (renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) == 0)
		return 0;
	return errno == EINVAL ? rename(from, to) : -1;
}

int ws_recfile_finish(struct ws_recfile_writer *w, const struct ws_recfile_mark *mark, struct ws_error *err)
{
	struct mark_bytes m;
	int rc;

	if (w->n_pending) {
		rc = ws_recfile_flush(w, mark, err);
		if (rc)
			return rc;
	}
	mark_begin(&m, WS_RECFILE_KIND_END);
	mark_put64(&m, w->n_records);
	mark_put32(&m, 0);
	mark_put32(&m, 0);
	mark_put_state(&m, mark);
	rc = mark_write(w, &m, err);
	if (rc)
		return rc;
	settle(w);
	rc = ws_recfile_look(w, err);
	if (rc)
		return rc;
	if (fsync(w->fd))
		return ws_error(err, -errno, "%s: cannot sync: %s", w->part_path, strerror(errno));
	if (ws_recfile_give_name(w->part_path, w->path))
		return ws_error(err, -errno, "%s: cannot rename to %s: %s", w->part_path, w->path, strerror(errno));
	return 0;
}

uint64_t ws_recfile_written_bytes(const struct ws_recfile_writer *w)
{
	return w->n_bytes;
}

uint64_t ws_recfile_written_records(const struct ws_recfile_writer *w)
{
	return w->n_records;
}

void ws_recfile_discard(struct ws_recfile_writer *w)
{
	unlink(w->part_path);
}

void ws_recfile_close(struct ws_recfile_writer *w)
{
	if (!w)
		return;
	if (w->fd >= 0)
		close(w->fd);
	ZSTD_freeCCtx(w->zstd);
	ZSTD_freeCCtx(w->plain);
	ws_recfile_encoder_free(w->encoder);
	free(w->block);
	free(w->frame);
	free(w->path);
	free(w->part_path);
	free(w);
}

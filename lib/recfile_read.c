/* SPDX-License-Identifier: BSD-2-Clause */
/* recfile_read - reads record files that may be cut, corrupt or hostile; see recfile.h and recfile.md. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>
#include <zstd.h>

#include "lib/recfile.h"
#include "lib/recfile_block.h"

/* Bytes of a mark before its own fields: signature, version, kind; and behind them: the hash. */
#define MARK_PREFIX_LEN 8u
#define MARK_HASH_LEN	8u
/* Fields that every head has: versions, window, clocks, name. */
#define HEAD_LEN 88u

struct ws_recfile_reader {
	int fd;
	char *path;
	uint64_t off; /* of the next frame */
	uint64_t size;
	ZSTD_DCtx *zstd;
	uint8_t *frame;
	uint8_t *block;
	struct ws_record *records; /* and behind them room for the tables of a block */
	uint32_t frame_cap;
	uint32_t records_cap;
	uint16_t version; /* of the file */
	struct ws_recfile_status status;
};

/* A mark as it stands in the file: checked for length and hash, fields not read yet. */
struct mark_view {
	uint8_t data[WS_RECFILE_MARK_MAX];
	uint32_t len; /* of the fields */
	uint16_t version;
	uint16_t kind;
};

static uint64_t get64(const uint8_t *from)
{
	uint64_t value;

	memcpy(&value, from, sizeof(value));
	return value;
}

/* Reads len bytes at off. Returns 0, -ENODATA if the file ends before, or -errno. */
static int read_at(const struct ws_recfile_reader *r, uint64_t off, void *to, size_t len)
{
	uint8_t *at = to;

	while (len > 0) {
		ssize_t n = pread(r->fd, at, len, (off_t)off);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			return -ENODATA;
		at += n;
		off += (uint64_t)n;
		len -= (size_t)n;
	}
	return 0;
}

/* Reads the mark at r->off and moves behind it. Returns 0, -ENODATA at the file's end, -EINVAL if it is no mark. */
static int read_mark(struct ws_recfile_reader *r, struct mark_view *m)
{
	uint8_t frame[8];
	uint32_t size;
	int rc;

	rc = read_at(r, r->off, frame, sizeof(frame));
	if (rc)
		return rc;
	size = ws_recfile_get32(frame + 4);
	if (ws_recfile_get32(frame) != WS_RECFILE_SKIPPABLE_MAGIC || size < MARK_PREFIX_LEN + MARK_HASH_LEN ||
	    size > sizeof(m->data))
		return -EINVAL;
	rc = read_at(r, r->off + 8, m->data, size);
	if (rc)
		return rc;
	if (ws_recfile_get32(m->data) != WS_RECFILE_SIGNATURE ||
	    get64(m->data + size - MARK_HASH_LEN) != XXH3_64bits(m->data, size - MARK_HASH_LEN))
		return -EINVAL;
	m->version = ws_recfile_get16(m->data + 4);
	m->kind = ws_recfile_get16(m->data + 6);
	m->len = size - MARK_PREFIX_LEN - MARK_HASH_LEN;
	r->off += 8 + size;
	return 0;
}

/* The fields of a mark begin behind its prefix. */
static const uint8_t *mark_fields(const struct mark_view *m)
{
	return m->data + MARK_PREFIX_LEN;
}

/* Which contexts were looked for, from the fields behind the point's name. Returns 0, or -EINVAL. */
static int read_contexts(const uint8_t *f, uint32_t len, struct ws_recfile_head *head)
{
	uint32_t n;

	if (len == 0) {
		strcpy(head->contexts, WS_RECFILE_CONTEXTS_OLD);
		return 0;
	}
	if (len < 3)
		return -EINVAL;
	n = ws_recfile_get16(f + 1);
	if (n > len - 3 || n > WS_RECFILE_CONTEXTS_MAX)
		return -EINVAL;
	for (uint32_t i = 0; i < n; i++)
		if (f[3 + i] <= ' ' || f[3 + i] > '~')
			return -EINVAL;
	head->prefers_list = f[0] & WS_RECFILE_PREFERS_LIST;
	memcpy(head->contexts, f + 3, n);
	head->contexts[n] = '\0';
	return 0;
}

static int read_head(struct ws_recfile_reader *r, struct ws_error *err)
{
	struct ws_recfile_head *head = &r->status.head;
	struct mark_view m;
	const uint8_t *f;
	int rc = read_mark(r, &m);

	if (rc == -ENODATA)
		return ws_error(err, -EINVAL, "%s: no record file: it ends after %llu bytes, within its head", r->path,
				(unsigned long long)r->size);
	if (rc == -EINVAL || (rc == 0 && (m.kind != WS_RECFILE_KIND_HEAD || m.len < HEAD_LEN)))
		return ws_error(err, -EINVAL, "%s: no record file: offset 0 does not hold its head; see lib/recfile.md",
				r->path);
	if (rc)
		return ws_error(err, rc, "%s: cannot read: %s", r->path, strerror(-rc));
	if (m.version < 1 || m.version > WS_RECFILE_VERSION)
		return ws_error(err, -EINVAL, "%s: record file of version %u; this program reads versions 1 to %u",
				r->path, m.version, WS_RECFILE_VERSION);
	r->version = m.version;
	f = mark_fields(&m);
	head->window_bytes = ws_recfile_get32(f + 4);
	head->monotonic_ns = get64(f + 8);
	head->realtime_ns = get64(f + 16);
	memcpy(head->point, f + 24, sizeof(head->point));
	head->point[sizeof(head->point) - 1] = '\0';
	if (read_contexts(f + HEAD_LEN, m.len - HEAD_LEN, head))
		return ws_error(err, -EINVAL,
				"%s: offset 104: a list of contexts that is longer than its mark, or no text; see "
				"lib/recfile.md",
				r->path);
	return 0;
}

int ws_recfile_open(const char *path, struct ws_recfile_reader **reader, struct ws_error *err)
{
	struct ws_recfile_reader *r = calloc(1, sizeof(*r));
	struct stat st;
	int rc;

	if (!r)
		return ws_error(err, -ENOMEM, "%s: out of memory", path);
	r->fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (r->fd < 0 || fstat(r->fd, &st)) {
		rc = ws_error(err, -errno, "%s: cannot open: %s", path, strerror(errno));
		goto out;
	}
	if (!S_ISREG(st.st_mode)) {
		rc = ws_error(err, -EINVAL, "%s: no record file: not a regular file", path);
		goto out;
	}
	r->size = (uint64_t)st.st_size;
	r->path = strdup(path);
	r->zstd = ZSTD_createDCtx();
	if (!r->path || !r->zstd) {
		rc = ws_error(err, -ENOMEM, "%s: out of memory", path);
		goto out;
	}
	rc = read_head(r, err);
out:
	if (rc)
		ws_recfile_reader_close(r);
	else
		*reader = r;
	return rc;
}

/* Makes room for a block. Returns 0 or -ENOMEM. */
static int reserve(struct ws_recfile_reader *r, uint32_t frame_len, uint32_t n)
{
	if (frame_len > r->frame_cap) {
		free(r->frame);
		r->frame_cap = 0;
		r->frame = malloc(frame_len);
		if (!r->frame)
			return -ENOMEM;
		r->frame_cap = frame_len;
	}
	if (n > r->records_cap) {
		free(r->block);
		free(r->records);
		r->records_cap = 0;
		/* room for columns that later versions may add */
		r->block = malloc(2 * ws_recfile_block_bound(n));
		r->records = malloc((n + ws_recfile_rows(n)) * sizeof(*r->records));
		if (!r->block || !r->records)
			return -ENOMEM;
		r->records_cap = n;
	}
	return 0;
}

/* Decompresses and decodes the frames of a block. Returns 0, or -EINVAL if the block is corrupt. */
static int decode_block(struct ws_recfile_reader *r, uint32_t frame_len, uint32_t n)
{
	size_t len = ZSTD_decompressDCtx(r->zstd, r->block, 2 * ws_recfile_block_bound(r->records_cap), r->frame,
					 frame_len);

	if (ZSTD_isError(len))
		return -EINVAL;
	if (r->version == 1)
		return ws_recfile_columns_decode(r->block, len, r->records, n);
	return ws_recfile_block_decode(r->block, len, r->records, n, r->records + n);
}

/* The state of the tap that a mark carries behind its first 16 bytes. Returns 0, or -EINVAL. */
static int take_state(struct ws_recfile_reader *r, const struct mark_view *m)
{
	struct ws_recfile_mark *mark = &r->status.mark;
	const uint8_t *f = mark_fields(m) + 16;
	uint32_t n;

	if (m->len < 48)
		return -EINVAL;
	n = ws_recfile_get32(f + 24);
	if (n > (m->len - 48) / 8)
		return -EINVAL;
	mark->monotonic_ns = get64(f);
	mark->realtime_ns = get64(f + 8);
	mark->n_ring_full = get64(f + 16);
	memset(mark->n_frames, 0, sizeof(mark->n_frames));
	mark->n_other_frames = 0;
	for (uint32_t i = 0; i < n; i++) {
		uint64_t n_frames = get64(f + 32 + 8 * (size_t)i);

		if (i < WS_N_REASONS)
			mark->n_frames[i] = n_frames;
		else
			mark->n_other_frames += n_frames;
	}
	r->status.n_marks++;
	return 0;
}

/* What is left of the file belongs to no whole block: count it and be done. */
static int give_up(struct ws_recfile_reader *r, uint64_t from_off)
{
	r->status.unread_bytes = r->size > from_off ? r->size - from_off : 0;
	r->off = r->size;
	return 0;
}

int ws_recfile_next(struct ws_recfile_reader *r, const struct ws_record **records, uint32_t *n, struct ws_error *err)
{
	*n = 0;
	while (r->off < r->size && !r->status.is_complete) {
		uint64_t mark_off = r->off;
		uint32_t n_block, frame_len;
		struct mark_view m;
		int rc = read_mark(r, &m);

		if (rc == -ENODATA || rc == -EINVAL)
			return give_up(r, mark_off);
		if (rc)
			return ws_error(err, rc, "%s: offset %llu: cannot read: %s", r->path,
					(unsigned long long)mark_off, strerror(-rc));
		if (m.kind != WS_RECFILE_KIND_BLOCK && m.kind != WS_RECFILE_KIND_END)
			continue;
		if (take_state(r, &m))
			return give_up(r, mark_off);
		if (m.kind == WS_RECFILE_KIND_END) {
			r->status.is_complete = true;
			return give_up(r, r->off);
		}
		n_block = ws_recfile_get32(mark_fields(&m) + 8);
		frame_len = ws_recfile_get32(mark_fields(&m) + 12);
		if (n_block == 0)
			continue;
		if (n_block > WS_RECFILE_BLOCK_RECORDS_MAX || frame_len > WS_RECFILE_FRAME_MAX)
			return give_up(r, mark_off);
		if (reserve(r, frame_len, n_block))
			return ws_error(err, -ENOMEM, "%s: out of memory", r->path);
		rc = read_at(r, r->off, r->frame, frame_len);
		if (rc == -ENODATA) {
			r->status.n_cut_records += n_block;
			return give_up(r, r->off);
		}
		if (rc)
			return ws_error(err, rc, "%s: offset %llu: cannot read: %s", r->path,
					(unsigned long long)r->off, strerror(-rc));
		r->off += frame_len;
		if (decode_block(r, frame_len, n_block)) {
			r->status.n_corrupt_records += n_block;
			continue;
		}
		r->status.n_records += n_block;
		*records = r->records;
		*n = n_block;
		return 0;
	}
	return 0;
}

const struct ws_recfile_status *ws_recfile_reader_status(const struct ws_recfile_reader *r)
{
	return &r->status;
}

void ws_recfile_reader_close(struct ws_recfile_reader *r)
{
	if (!r)
		return;
	if (r->fd >= 0)
		close(r->fd);
	ZSTD_freeDCtx(r->zstd);
	free(r->frame);
	free(r->block);
	free(r->records);
	free(r->path);
	free(r);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* unpack - see the header. zlib and zstd do the work. */
#include "lib/log/unpack.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>
#include <zstd_errors.h>

struct ungzip {
	gzFile gz;
	bool *is_cut;
};

struct unzstd {
	FILE *file;
	bool *is_cut;
	bool is_in_frame;
	ZSTD_DStream *stream;
	ZSTD_inBuffer in;
	uint8_t packed[1 << 17];
};

static ssize_t read_gzip(void *cookie, char *to, size_t len)
{
	struct ungzip *g = cookie;
	int n = gzread(g->gz, to, (unsigned int)(len < 1u << 30 ? len : 1u << 30)), code;

	gzerror(g->gz, &code);
	if (n < 0)
		errno = code == Z_MEM_ERROR ? ENOMEM : EIO;
	if (code == Z_BUF_ERROR)
		*g->is_cut = true;
	return n;
}

static int close_gzip(void *cookie)
{
	struct ungzip *g = cookie;

	gzclose(g->gz);
	free(g);
	return 0;
}

static ssize_t read_zstd(void *cookie, char *to, size_t len)
{
	struct unzstd *z = cookie;
	ZSTD_outBuffer out = { .dst = to, .size = len };

	while (out.pos == 0) {
		size_t rc;

		if (z->in.pos == z->in.size) {
			z->in.size = fread(z->packed, 1, sizeof(z->packed), z->file);
			z->in.pos = 0;
			if (z->in.size == 0) {
				*z->is_cut = z->is_in_frame;
				return 0;
			}
		}
		rc = ZSTD_decompressStream(z->stream, &out, &z->in);
		if (ZSTD_isError(rc)) {
			errno = ZSTD_getErrorCode(rc) == ZSTD_error_memory_allocation ? ENOMEM : EIO;
			return -1;
		}
		z->is_in_frame = rc != 0;
	}
	return (ssize_t)out.pos;
}

static int close_zstd(void *cookie)
{
	struct unzstd *z = cookie;

	ZSTD_freeDStream(z->stream);
	fclose(z->file);
	free(z);
	return 0;
}

static FILE *open_gzip(FILE *file, bool *is_cut)
{
	const cookie_io_functions_t io = { .read = read_gzip, .close = close_gzip };
	struct ungzip *g = calloc(1, sizeof(*g));
	int fd = dup(fileno(file));
	FILE *plain;

	fclose(file);
	if (!g || fd < 0)
		goto fail;
	lseek(fd, 0, SEEK_SET);
	g->is_cut = is_cut;
	g->gz = gzdopen(fd, "rb");
	if (!g->gz) {
		errno = ENOMEM;
		goto fail;
	}
	gzbuffer(g->gz, 1 << 17);
	plain = fopencookie(g, "r", io);
	if (!plain) {
		close_gzip(g);
		errno = ENOMEM;
	}
	return plain;
fail:
	if (fd >= 0)
		close(fd);
	free(g);
	return NULL;
}

static FILE *open_zstd(FILE *file, bool *is_cut)
{
	const cookie_io_functions_t io = { .read = read_zstd, .close = close_zstd };
	struct unzstd *z = calloc(1, sizeof(*z));
	FILE *plain;

	if (!z) {
		fclose(file);
		return NULL;
	}
	z->file = file;
	z->is_cut = is_cut;
	z->in.src = z->packed;
	z->stream = ZSTD_createDStream();
	if (!z->stream) {
		close_zstd(z);
		errno = ENOMEM;
		return NULL;
	}
	plain = fopencookie(z, "r", io);
	if (!plain) {
		close_zstd(z);
		errno = ENOMEM;
	}
	return plain;
}

FILE *ws_unpack_open(const char *path, bool *is_packed, bool *is_cut)
{
	FILE *file = fopen(path, "rbe");
	uint8_t magic[4] = { 0 };
	ssize_t n;

	if (!file)
		return NULL;
	n = pread(fileno(file), magic, sizeof(magic), 0);
	*is_packed = true;
	*is_cut = false;
	if (n >= 2 && magic[0] == 0x1f && magic[1] == 0x8b)
		return open_gzip(file, is_cut);
	if (n == 4 && memcmp(magic, "\x28\xb5\x2f\xfd", 4) == 0)
		return open_zstd(file, is_cut);
	*is_packed = false;
	return file;
}

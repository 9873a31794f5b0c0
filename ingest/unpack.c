/* SPDX-License-Identifier: BSD-2-Clause */
/* unpack - see the header. zlib and zstd do the work. */
#include "ingest/unpack.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

struct unzstd {
	FILE *file;
	ZSTD_DStream *stream;
	ZSTD_inBuffer in;
	uint8_t packed[1 << 17];
};

static ssize_t read_gzip(void *cookie, char *to, size_t len)
{
	int n = gzread(cookie, to, (unsigned int)(len < 1u << 30 ? len : 1u << 30));

	if (n < 0)
		errno = EIO;
	return n;
}

static int close_gzip(void *cookie)
{
	gzclose(cookie);
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
			if (z->in.size == 0)
				return 0;
		}
		rc = ZSTD_decompressStream(z->stream, &out, &z->in);
		if (ZSTD_isError(rc)) {
			errno = EIO;
			return -1;
		}
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

static FILE *open_gzip(FILE *file)
{
	const cookie_io_functions_t io = { .read = read_gzip, .close = close_gzip };
	int fd = dup(fileno(file));
	gzFile gz;

	fclose(file);
	if (fd < 0)
		return NULL;
	lseek(fd, 0, SEEK_SET);
	gz = gzdopen(fd, "rb");
	if (!gz) {
		close(fd);
		errno = ENOMEM;
		return NULL;
	}
	gzbuffer(gz, 1 << 17);
	return fopencookie(gz, "r", io);
}

static FILE *open_zstd(FILE *file)
{
	const cookie_io_functions_t io = { .read = read_zstd, .close = close_zstd };
	struct unzstd *z = calloc(1, sizeof(*z));

	if (!z) {
		fclose(file);
		return NULL;
	}
	z->file = file;
	z->in.src = z->packed;
	z->stream = ZSTD_createDStream();
	if (!z->stream) {
		close_zstd(z);
		errno = ENOMEM;
		return NULL;
	}
	return fopencookie(z, "r", io);
}

FILE *ws_unpack_open(const char *path, bool *is_packed)
{
	FILE *file = fopen(path, "rbe");
	uint8_t magic[4] = { 0 };
	size_t n;

	if (!file)
		return NULL;
	n = fread(magic, 1, sizeof(magic), file);
	rewind(file);
	*is_packed = true;
	if (n >= 2 && magic[0] == 0x1f && magic[1] == 0x8b)
		return open_gzip(file);
	if (n == 4 && memcmp(magic, "\x28\xb5\x2f\xfd", 4) == 0)
		return open_zstd(file);
	*is_packed = false;
	setvbuf(file, NULL, _IOFBF, 1 << 16); /* stays in the cache */
	return file;
}

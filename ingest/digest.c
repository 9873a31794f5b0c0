/* SPDX-License-Identifier: BSD-2-Clause */
/* digest - see the header. */
#include "ingest/digest.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

#include "lib/names.h"

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

int ws_digest_file(const char *path, char text[WS_DIGEST_TEXT_LEN], uint64_t *size_bytes, struct ws_error *err)
{
	XXH3_state_t *state = XXH3_createState();
	uint8_t *chunk = malloc(CHUNK_LEN);
	uint64_t size = 0;
	struct stat st;
	int fd = -1, rc = 0;
	ssize_t n = 0;

	if (!state || !chunk) {
		rc = ws_error(err, -ENOMEM, "out of memory");
		goto out;
	}
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0) {
		rc = ws_error(err, -errno, "%s: cannot open: %s", path, strerror(errno));
		goto out;
	}
	if (fstat(fd, &st) || !S_ISREG(st.st_mode)) {
		rc = ws_error(err, -EINVAL, "%s: not a regular file", path);
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
	if (fd >= 0)
		close(fd);
	free(chunk);
	XXH3_freeState(state);
	return rc;
}

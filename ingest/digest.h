/* SPDX-License-Identifier: BSD-2-Clause */
/* digest - the content hash by which files are known: XXH3-128, as `xxhsum -H2` prints it. Not a signature. */
#ifndef WS_DIGEST_H
#define WS_DIGEST_H

#include <stddef.h>
#include <stdint.h>

#include "lib/error.h"

#define WS_DIGEST_TEXT_LEN 33

/* The hash of a file, and its size. Returns 0 or -errno. */
int ws_digest_file(const char *path, char text[WS_DIGEST_TEXT_LEN], uint64_t *size_bytes, struct ws_error *err);

struct ws_digest;

/*
 * Begins to hash a file in a thread of its own, while it is read for something else. Returns 0 or -errno; -EINVAL for
 * what is no regular file.
 */
int ws_digest_begin(const char *path, struct ws_digest **digest, struct ws_error *err);

/* Waits for the hash, and frees what began it. NULL is nothing. As ws_digest_file() otherwise. */
int ws_digest_end(struct ws_digest *digest, char text[WS_DIGEST_TEXT_LEN], uint64_t *size_bytes, struct ws_error *err);

/* The hash of bytes at hand. */
void ws_digest_bytes(const void *bytes, size_t len, char text[WS_DIGEST_TEXT_LEN]);

#endif

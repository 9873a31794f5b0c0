/* SPDX-License-Identifier: BSD-2-Clause */
/* unpack - a file as a stream of its plain bytes, whatever it is compressed with. */
#ifndef WS_UNPACK_H
#define WS_UNPACK_H

#include <stdbool.h>
#include <stdio.h>

/*
 * Opens path for reading; gzip and zstd are known by their first bytes. *is_packed says whether the stream is
 * decompressed: then it cannot seek. Returns the stream, the caller's to close, or NULL with errno set. Nothing has
 * been read from it: setvbuf() may follow. Damage in the compressed data reads as an error, its end in mid-frame as the
 * end of the stream: *is_cut, which must last as long as the stream, says so then.
 */
FILE *ws_unpack_open(const char *path, bool *is_packed, bool *is_cut);

#endif

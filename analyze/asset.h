/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * asset - the files of reports/ that the program needs when it runs: gnuplot scripts, the page's style.
 */
#ifndef WS_ANALYZE_ASSET_H
#define WS_ANALYZE_ASSET_H

#include <stddef.h>

#include "lib/error.h"

/*
 * Finds a file by its name ("cdf.gp"): in WIRESPAN_REPORTS if that is set; else in reports/ of the source tree around
 * build/bin, or in share/wirespan beside the bin that the program is installed in. 0, or -ENOENT.
 */
int ws_asset_find(const char *name, char *path, size_t size, struct ws_error *err);

/* Its whole text, owned by the caller (free), with a 0 behind it. 0; -ENOENT; -EFBIG (more than 1 MiB); other -errno.
 */
int ws_asset_read(const char *name, char **text, size_t *len, struct ws_error *err);

#endif

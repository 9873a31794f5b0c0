/* SPDX-License-Identifier: BSD-2-Clause */
/* standard - standard input, output and error of a program whose starter may have closed them. */
#ifndef WS_STANDARD_H
#define WS_STANDARD_H

#include "lib/error.h"

/*
 * Puts /dev/null where they are closed, so that no file that is opened later takes their place. An output that was
 * closed cannot be written to afterwards either. To be called before anything is opened.
 */
void ws_standard_keep(void);

/* Has all that was printed to standard output been taken? 0 or -errno. To be asked at the end. */
int ws_standard_flush(struct ws_error *err);

#endif

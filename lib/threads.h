/* SPDX-License-Identifier: BSD-2-Clause */
/* threads - words for threads that could not be started. */
#ifndef WS_THREADS_H
#define WS_THREADS_H

#include <errno.h>
#include <string.h>

/* What pthread_create() failed for; it has one code for two reasons. */
static inline const char *ws_thread_words(int code)
{
	return code == EAGAIN ? "out of memory, or too many threads" : strerror(code);
}

#endif

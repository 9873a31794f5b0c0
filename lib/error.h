/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * error - the words that go with a -errno: what failed, in which file and where, and what to do about it. Inner files
 * write them, main files print them.
 */
#ifndef WS_ERROR_H
#define WS_ERROR_H

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct ws_error {
	char text[1024]; /* one line or a few, without the final line feed; empty: nothing was said */
};

/* Sets the words and returns rc, so that a failing line is one line. The last one set counts; err may be NULL. */
__attribute__((format(printf, 3, 4))) static inline int ws_error(struct ws_error *err, int rc, const char *format, ...)
{
	va_list args;

	if (!err)
		return rc;
	va_start(args, format);
	vsnprintf(err->text, sizeof(err->text), format, args);
	va_end(args);
	return rc;
}

/* The words for a -errno of which nobody knows more; 0 says nothing. Returns rc. */
static inline int ws_error_bare(struct ws_error *err, int rc)
{
	return rc ? ws_error(err, rc, "%s", rc == -ENOMEM ? "out of memory" : strerror(-rc)) : 0;
}

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * text_stream - a stream that writes into memory, and knows whether all of it found room. open_memstream() does not:
 * what it is refused memory for is left out, without ferror(), and fclose() says that all is well.
 */
#ifndef WS_TEXT_STREAM_H
#define WS_TEXT_STREAM_H

#include <stddef.h>
#include <stdio.h>

/* Zeroed: nothing to close. Must stay where it is while it is open. */
struct ws_text_stream {
	FILE *out; /* write here */
	char *text;
	size_t len;
	size_t room;
};

/* 0 or -ENOMEM. To be ended with one of the next two. */
int ws_text_stream_open(struct ws_text_stream *stream);

/*
 * Ends the writing. 0: *text is all that was written, with a 0 behind it, and the caller's, to be freed; -ENOMEM: some
 * of it found no room, and nothing is left. len may be NULL.
 */
int ws_text_stream_finish(struct ws_text_stream *stream, char **text, size_t *len);

/* What put writes, as a text: the caller's, to be freed. NULL: no memory. */
char *ws_text_written(void (*put)(const void *context, FILE *out), const void *context);

/* Forgets what was written; an ended stream is fine. */
void ws_text_stream_close(struct ws_text_stream *stream);

#endif

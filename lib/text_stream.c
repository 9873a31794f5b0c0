/* SPDX-License-Identifier: BSD-2-Clause */
/* text_stream - see the header. */
#include "lib/text_stream.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_ROOM 256

/* Makes room for n more bytes, and for a 0 behind them. */
static bool make_room(struct ws_text_stream *stream, size_t n)
{
	size_t room = stream->room ? stream->room : FIRST_ROOM;
	char *grown;

	if (n >= SIZE_MAX / 2 - stream->len)
		return false;
	while (room <= stream->len + n)
		room *= 2;
	if (room == stream->room)
		return true;
	grown = realloc(stream->text, room);
	if (!grown)
		return false;
	stream->text = grown;
	stream->room = room;
	return true;
}

/* 0 tells stdio of an error, which it keeps. */
static ssize_t take(void *cookie, const char *bytes, size_t n)
{
	struct ws_text_stream *stream = cookie;

	if (!make_room(stream, n)) {
		errno = ENOMEM;
		return 0;
	}
	memcpy(stream->text + stream->len, bytes, n);
	stream->len += n;
	return (ssize_t)n;
}

int ws_text_stream_open(struct ws_text_stream *stream)
{
	*stream = (struct ws_text_stream) { 0 };
	stream->out = fopencookie(stream, "w", (cookie_io_functions_t) { .write = take });
	return stream->out ? 0 : -ENOMEM;
}

int ws_text_stream_finish(struct ws_text_stream *stream, char **text, size_t *len)
{
	bool failed = ferror(stream->out);

	failed |= fclose(stream->out) != 0;
	stream->out = NULL;
	if (failed || !make_room(stream, 0)) {
		ws_text_stream_close(stream);
		return -ENOMEM;
	}
	stream->text[stream->len] = '\0';
	*text = stream->text;
	if (len)
		*len = stream->len;
	*stream = (struct ws_text_stream) { 0 };
	return 0;
}

char *ws_text_written(void (*put)(const void *context, FILE *out), const void *context)
{
	struct ws_text_stream stream;
	char *text;

	if (ws_text_stream_open(&stream))
		return NULL;
	put(context, stream.out);
	return ws_text_stream_finish(&stream, &text, NULL) ? NULL : text;
}

void ws_text_stream_close(struct ws_text_stream *stream)
{
	if (stream->out)
		fclose(stream->out);
	free(stream->text);
	*stream = (struct ws_text_stream) { 0 };
}

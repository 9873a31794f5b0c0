/* SPDX-License-Identifier: BSD-2-Clause */
/* framing - see the header. */
#include "ingest/framing.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

/* A quarter of the sequence space: the end of a longer body cannot be told from its beginning. */
#define BODY_MAX (1u << 30)

/* The value behind name, in lower case, at the line's beginning, blanks skipped; NULL if the line begins otherwise. */
static const uint8_t *header_value(const uint8_t *line, const uint8_t *end, const char *name)
{
	size_t len;

	if (line == end || (*line | 0x20) != *name) /* most lines end here */
		return NULL;
	len = strlen(name);
	if ((size_t)(end - line) < len || strncasecmp((const char *)line, name, len) != 0)
		return NULL;
	for (line += len; line < end && (*line == ' ' || *line == '\t'); line++)
		;
	return line;
}

static void read_length(const uint8_t *value, const uint8_t *end, struct ws_framing *f)
{
	uint64_t n = 0;
	const uint8_t *at = value;

	for (; at < end && *at >= '0' && *at <= '9' && n < UINT32_MAX; at++)
		n = n * 10 + (uint64_t)(*at - '0');
	if (at == value || (at < end && *at != ' ' && *at != '\t' && *at != '\r' && *at != '\n'))
		f->is_open_ended = true;
	else
		f->body_len = n;
	if (n > BODY_MAX)
		f->is_open_ended = true;
}

int ws_framing_read(const uint8_t *bytes, uint32_t len, struct ws_framing *framing)
{
	const uint8_t *end = bytes + len, *line = bytes;
	struct ws_framing f = { 0 };

	for (;;) {
		const uint8_t *feed = memchr(line, '\n', (size_t)(end - line)), *value;

		if (!feed)
			return -EAGAIN;
		if (line != bytes && (feed == line || (feed == line + 1 && *line == '\r'))) {
			f.head_len = (uint32_t)(feed + 1 - bytes);
			*framing = f;
			return 0;
		}
		value = header_value(line, feed, "content-length:");
		if (value)
			read_length(value, feed, &f);
		else if (header_value(line, feed, "transfer-encoding:"))
			f.is_chunked = true;
		line = feed + 1;
	}
}

uint32_t ws_chunks_read(struct ws_chunks *c, const uint8_t *bytes, uint32_t len, bool *has_ended)
{
	uint32_t at = 0;

	*has_ended = false;
	while (at < len) {
		if (c->state == WS_CHUNKS_DATA) {
			at += ws_chunks_skip(c, len - at);
			continue;
		}
		switch (ws_chunks_byte(c, bytes[at])) {
		case WS_CHUNKS_BROKEN:
			*has_ended = true;
			return at;
		case WS_CHUNKS_ENDED:
			*has_ended = true;
			return at + 1;
		default:
			at++;
		}
	}
	return len;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* framing - see the header. */
#include "ingest/framing.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

/* A quarter of the sequence space: the end of a longer body cannot be told from its beginning. */
#define BODY_MAX (1u << 30)

/* The value behind NAME at the line's beginning, blanks skipped; NULL if the line begins otherwise. */
static const uint8_t *header_value(const uint8_t *line, const uint8_t *end, const char *name)
{
	size_t len = strlen(name);

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

enum chunk_state {
	CHUNK_SIZE = 0, /* reading hex digits */
	CHUNK_EXTENSION,
	CHUNK_DATA,
	CHUNK_TRAILER,
};

static int hex_value(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

uint32_t ws_chunks_read(struct ws_chunks *c, const uint8_t *bytes, uint32_t len, bool *has_ended)
{
	*has_ended = false;
	for (uint32_t i = 0; i < len; i++) {
		int digit = hex_value(bytes[i]);

		switch (c->state) {
		case CHUNK_SIZE:
			if (digit >= 0 && c->size <= BODY_MAX) {
				c->size = c->size * 16 + (uint64_t)digit;
				c->has_digit = true;
				break;
			}
			c->state = CHUNK_EXTENSION;
			if (!c->has_digit ||
			    (bytes[i] != '\n' && bytes[i] != '\r' && bytes[i] != ';' && bytes[i] != ' ')) {
				*has_ended = true;
				return i;
			}
			/* fall through */
		case CHUNK_EXTENSION:
			if (bytes[i] != '\n')
				break;
			c->state = c->size ? CHUNK_DATA : CHUNK_TRAILER;
			c->left = c->size + 2;
			c->size = 0;
			c->has_digit = false;
			c->is_line_empty = true;
			break;
		case CHUNK_DATA: {
			uint64_t skip = c->left < len - i ? c->left : len - i;

			c->left -= skip;
			i += (uint32_t)skip - 1;
			if (c->left == 0)
				c->state = CHUNK_SIZE;
			break;
		}
		default:
			if (bytes[i] == '\n' && c->is_line_empty) {
				*has_ended = true;
				return i + 1;
			}
			if (bytes[i] != '\r')
				c->is_line_empty = bytes[i] == '\n';
		}
	}
	return len;
}

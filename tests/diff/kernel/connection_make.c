/* SPDX-License-Identifier: BSD-2-Clause */
/* connection_make - see the header. */
#include "tests/diff/kernel/connection_make.h"

static struct wire_layout random_layout(struct dice *d)
{
	const struct wire_layout layout = { .is_padded = dice_chance(d, 30),
					    .padding = (uint8_t)dice_below(d, 100),
					    .has_priority = dice_chance(d, 30),
					    .flags = dice_chance(d, 50) ? WIRE_END_STREAM : 0,
					    .fragment = dice_chance(d, 60) ? 0 : dice_between(d, 1, 60) };

	return layout;
}

static void put_other_frame(struct dice *d, struct wire *w, uint32_t stream, bool may_mislead)
{
	static uint8_t data[16384];

	memset(data, 'd', sizeof(data));
	switch (dice_below(d, may_mislead ? 4 : 3)) {
	case 0:
		wire_frame(w, WIRE_PING, 0, 0, "\1\2\3\4\5\6\7\10", 8);
		break;
	case 1:
		wire_frame(w, WIRE_WINDOW_UPDATE, 0, stream, "\0\xff\0\0", 4);
		break;
	case 3: /* bytes that look like a frame of headers */
		memcpy(data, "\0\0\x10\1\5\0\0\0\1", CONNECTION_HEADER_LEN);
		wire_frame(w, WIRE_DATA, 0, stream, data, dice_between(d, 20, 300));
		break;
	default:
		wire_frame(w, WIRE_DATA, 0, stream, data, dice_below(d, dice_chance(d, 80) ? 500 : sizeof(data)));
	}
}

static void write_wire(struct dice *d, struct connection *c)
{
	struct wire *w = &c->wire;
	uint32_t n = 1 + dice_below(d, 12), stream = 1;

	wire_begin(w);
	wire_put(w, WIRE_PREFACE, sizeof(WIRE_PREFACE) - 1);
	if (c->story == A_BYTE_A_SEGMENT)
		n = 1 + dice_below(d, 4);
	wire_frame(w, WIRE_SETTINGS, 0, 0, "\0\3\0\0\0d", 6);
	for (; n; n--, stream += 2 + 2 * dice_below(d, 3)) {
		struct wire_layout layout = random_layout(d);
		const bool is_grpc = dice_chance(d, 30);

		wire_request(w, stream, dice_chance(d, 80) ? 1 + dice_below(d, 1000) : 0, is_grpc, &layout);
		while (c->story != A_BYTE_A_SEGMENT && dice_chance(d, 40))
			put_other_frame(d, w, stream,
					c->story != LOSES); /* who has lost its place takes it for what it looks like */
		if (is_grpc && c->story != LOSES && dice_chance(d, 30)) {
			layout = random_layout(d);
			layout.flags |= WIRE_END_STREAM;
			wire_trailers(w, stream, &layout);
		}
	}
	wire_end(w);
}

static void add_piece(struct connection *c, uint32_t from, uint32_t to)
{
	if (from < to && c->n < CONNECTION_PIECES_MAX)
		c->piece[c->n++] = (struct piece) { .from = from, .to = to };
}

/* The preface's segment must hold the preface; the rest is cut anyhow. */
static void cut(struct dice *d, struct connection *c)
{
	const uint32_t kind = dice_below(d, 4), n_preface = sizeof(WIRE_PREFACE) - 1;
	uint32_t from = n_preface + (c->story == A_BYTE_A_SEGMENT ? 0 : dice_below(d, 40));

	if (from > c->wire.len)
		from = c->wire.len;
	add_piece(c, 0, from);
	while (from < c->wire.len) {
		uint32_t len = kind == 0 ? 1448 : kind == 1 ? dice_between(d, 1, 30) : dice_between(d, 1, 2000);

		if (kind == 3) { /* inside the header of the next request's frame */
			for (uint32_t i = 0; i < c->wire.n; i++)
				if (c->wire.request[i].off > from) {
					len = c->wire.request[i].off - from + dice_below(d, CONNECTION_HEADER_LEN + 1);
					break;
				}
		}
		if (c->story == A_BYTE_A_SEGMENT || c->n > 2 * (CONNECTION_PIECES_MAX - 64))
			len = 1;
		if (len == 0 || len > 60000)
			len = 60000;
		if (len > c->wire.len - from || c->n + 100 > (CONNECTION_PIECES_MAX - 64))
			len = c->wire.len - from;
		add_piece(c, from, from + len);
		from += len;
	}
}

static void tell_story(struct dice *d, struct connection *c)
{
	uint32_t at = c->n > 1 ? 1 + dice_below(d, c->n - 1) : 0;

	if (at == 0)
		return;
	if (c->story == REPEATS) {
		struct piece again = c->piece[at = dice_below(d, c->n)];

		again.is_repeat = true;
		at += 1 + (dice_chance(d, 60) ? 0 : dice_below(d, c->n - at));
		memmove(&c->piece[at + 1], &c->piece[at], (c->n - at) * sizeof(again));
		c->piece[at] = again;
		c->n++;
	} else if (c->story == OVERLAPS) {
		const uint32_t room = c->piece[at].from - c->piece[at - 1].from;

		if (room > 1)
			c->piece[at].from -= dice_below(d, room);
	} else if (c->story == LOSES) {
		c->lost_off = c->piece[at].from;
		c->n--;
		memmove(&c->piece[at], &c->piece[at + 1], (c->n - at) * sizeof(c->piece[0]));
		for (uint32_t i = at; i < c->n; i++)
			c->piece[i].is_blind = true;
	}
}

void connection_make(struct dice *d, struct connection *c)
{
	c->n = 0;
	c->story = dice_below(d, N_STORIES);
	c->isn = (uint32_t)dice_u64(d);
	carrier_make(d, 0, (uint16_t)dice_between(d, 32768, 60000), 8080, &c->carrier);
	write_wire(d, c);
	cut(d, c);
	c->lost_off = c->wire.len;
	tell_story(d, c);
}

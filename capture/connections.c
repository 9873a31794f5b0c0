/* SPDX-License-Identifier: BSD-2-Clause */
/* connections - see the header. */
#include "capture/connections.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "capture/shelf.h"
#include "lib/http.h"
#include "lib/http2.h"

#define CONNECTIONS_MAX 4096
/* Requests of a connection that are kept, for the case that their segment comes again. */
#define RECENT_MAX 16
/* Frames that may come again, or bring others again, while a request is under way. */
#define CLAIMED_MAX 8

/* One direction, client to server, of an HTTP/2 connection. */
struct connection {
	struct ws_shelved shelved; /* first */
	struct ws_http2 *http2;
	struct ws_record recent[RECENT_MAX];
	uint32_t n_recent;		     /* ever */
	uint16_t next_message;		     /* the number that must come next */
	uint64_t claimed_ts_ns[CLAIMED_MAX]; /* stamps of the last frames that requests were counted for */
	uint32_t n_claimed;		     /* ever */
};

struct ws_connections {
	struct ws_desk *desk;
	struct ws_shelf shelf;
	struct connection *speaking; /* whose records are being emitted */
	bool is_repeating;	     /* they have been emitted before */
};

struct ws_connections *ws_connections_new(struct ws_desk *desk)
{
	struct ws_connections *a = calloc(1, sizeof(*a));

	if (a)
		a->desk = desk;
	return a;
}

/* Is the frame of that stamp counted for a request already? It is from now on. */
static bool claims_again(struct connection *c, uint64_t ts_ns)
{
	for (uint32_t i = 0; i < CLAIMED_MAX && i < c->n_claimed; i++)
		if (c->claimed_ts_ns[i] == ts_ns)
			return true;
	c->claimed_ts_ns[c->n_claimed++ % CLAIMED_MAX] = ts_ns;
	return false;
}

/*
 * A record of an HTTP/2 request; its frame was counted as one without any. All messages of a frame have its stamp: of
 * several requests that begin in it the first one counts.
 */
static int emit_http2(void *context, const struct ws_record *record)
{
	struct ws_connections *a = context;
	struct ws_record r = *record;

	if (a->speaking) {
		r.flags &= (uint8_t)~WS_FLAG_LATER_IN_FRAME;
		r.flags |= claims_again(a->speaking, r.ts_ns) ? WS_FLAG_LATER_IN_FRAME : 0;
		if (!a->is_repeating)
			a->speaking->recent[a->speaking->n_recent++ % RECENT_MAX] = r;
	}
	if (!(r.flags & WS_FLAG_LATER_IN_FRAME)) {
		a->desk->n_told[WS_REASON_HTTP2]--;
		a->desk->n_told[ws_reason_slot(r.reason, r.family)]++;
	}
	return a->desk->emit(a->desk->context, &r);
}

/* Nothing more of the connection comes: a request under way is told as it is. Returns 0 or -errno. */
static int close_connection(struct ws_connections *a, struct connection *connection)
{
	int rc;

	a->speaking = connection;
	rc = ws_http2_lost(connection->http2, emit_http2, a);
	a->speaking = NULL;
	ws_shelf_take(&a->shelf, &connection->shelved);
	ws_http2_free(connection->http2);
	free(connection);
	return rc;
}

static int open_connection(struct ws_connections *a, const struct ws_catch *c)
{
	const struct ws_shelf_key key = ws_shelf_key(c, 0);
	struct connection *connection = (struct connection *)ws_shelf_find(&a->shelf, &key);
	int rc = connection ? close_connection(a, connection) : 0;

	if (rc)
		return rc;
	connection = calloc(1, sizeof(*connection));
	if (connection)
		connection->http2 = ws_http2_new(a->desk->wanted, a->desk->window);
	if (!connection || !connection->http2) {
		free(connection);
		return -ENOMEM;
	}
	connection->shelved.key = key;
	connection->next_message = (uint16_t)(c->segment + 1);
	ws_shelf_put(&a->shelf, &connection->shelved);
	if (a->shelf.n > CONNECTIONS_MAX)
		rc = close_connection(a, (struct connection *)a->shelf.oldest);
	return rc;
}

/* A segment of the connection has passed before, or a part of it: so have the requests that begin in it. */
static int repeat(struct ws_connections *a, const struct connection *connection, const struct ws_catch *c)
{
	const uint32_t oldest = connection->n_recent > RECENT_MAX ? connection->n_recent - RECENT_MAX : 0;
	int rc = 0;

	a->is_repeating = true;
	for (uint32_t i = oldest; i < connection->n_recent && rc == 0; i++) {
		struct ws_record r = connection->recent[i % RECENT_MAX], frame;

		if (r.seq - c->seq >= c->payload_len)
			continue;
		ws_desk_frame(a->desk, c, &frame);
		if (r.done_ts_ns && r.done_ts_ns < frame.ts_ns)
			r.done_ts_ns = frame.ts_ns;
		r.ts_ns = frame.ts_ns;
		r.frame_len = frame.frame_len;
		r.payload_len = frame.payload_len;
		r.req_off = r.seq - c->seq;
		r.tcp_flags = frame.tcp_flags;
		rc = emit_http2(a, &r);
	}
	a->is_repeating = false;
	return rc;
}

/* The first bytes of a segment of a connection that cannot be decoded any more. */
static int take_blind(struct ws_connections *a, const struct ws_catch *c, const uint8_t *body, size_t len)
{
	const struct ws_bytes b = { .data = body, .len = (uint32_t)len };
	struct ws_record r;

	if (!ws_http2_is_headers(&b, 0))
		return 0;
	ws_desk_frame(a->desk, c, &r);
	r.http_version = 2;
	r.reason = WS_REASON_UNDECODABLE;
	r.stream_id = ws_bytes_be32(&b, 5) & 0x7fffffff;
	return emit_http2(a, &r);
}

/* A message of a connection whose preface was read. */
static int take_message(struct ws_connections *a, struct connection *connection, const struct ws_catch *c,
			const uint8_t *body, size_t len)
{
	struct ws_record frame;
	int rc = 0;

	if (connection->next_message != c->segment) /* messages were lost */
		rc = ws_http2_lost(connection->http2, emit_http2, a);
	connection->next_message = (uint16_t)(c->segment + 1);
	if (rc)
		return rc;
	switch (c->kind) {
	case WS_CATCH_HTTP2_AGAIN:
		return repeat(a, connection, c);
	case WS_CATCH_HTTP2_BLIND:
		return take_blind(a, c, body, len);
	case WS_CATCH_HTTP2_LOST:
		return ws_http2_lost(connection->http2, emit_http2, a);
	default:
		if (c->to_off - c->from_off > len)
			return -EPROTO;
		ws_desk_frame(a->desk, c, &frame);
		frame.seq = c->seq - c->req_off; /* of the segment's payload */
		frame.req_off = 0;
		return ws_http2_piece(connection->http2, &frame, c->seq, c->from_off, body, c->to_off - c->from_off,
				      emit_http2, a);
	}
}

int ws_connections_take(struct ws_connections *a, const struct ws_catch *c, const uint8_t *body, size_t len)
{
	const struct ws_shelf_key key = ws_shelf_key(c, 0);
	int rc;

	if (c->kind == WS_CATCH_HTTP2_PREFACE)
		return open_connection(a, c);
	a->desk->n_told[WS_REASON_HTTP2] += c->counts_frame;
	a->speaking = (struct connection *)ws_shelf_find(&a->shelf, &key);
	rc = a->speaking ? take_message(a, a->speaking, c, body, len)
			 : take_blind(a, c, body, len); /* the preface's message was lost */
	a->speaking = NULL;
	return rc;
}

int ws_connections_finish(struct ws_connections *a)
{
	int rc = 0;

	while (rc == 0 && a->shelf.oldest)
		rc = close_connection(a, (struct connection *)a->shelf.oldest);
	return rc;
}

void ws_connections_free(struct ws_connections *a)
{
	if (!a)
		return;
	while (a->shelf.oldest) {
		struct connection *connection = (struct connection *)a->shelf.oldest;

		ws_shelf_take(&a->shelf, &connection->shelved);
		ws_http2_free(connection->http2);
		free(connection);
	}
	free(a);
}

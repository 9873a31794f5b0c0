/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * assembly - see the header: HTTP/1.x heads are put together in reassembly.c, HTTP/2's in connections.c; responses are
 * whole as they come.
 */
#include "capture/assembly.h"

#include <errno.h>
#include <stdlib.h>

#include "capture/connections.h"
#include "capture/desk.h"
#include "capture/reassembly.h"

struct ws_assembly {
	struct ws_desk desk;
	struct ws_reassembly *heads;
	struct ws_connections *connections;
};

struct ws_assembly *ws_assembly_new(const struct ws_wanted *wanted, uint32_t window, uint8_t point,
				    ws_assembly_emit *emit, void *context)
{
	struct ws_assembly *a = calloc(1, sizeof(*a));

	if (!a)
		return NULL;
	a->desk = (struct ws_desk) {
		.wanted = wanted, .window = window, .point = point, .emit = emit, .context = context
	};
	a->heads = ws_reassembly_new(&a->desk);
	a->connections = ws_connections_new(&a->desk);
	if (!a->heads || !a->connections) {
		ws_assembly_free(a);
		return NULL;
	}
	return a;
}

/* A response's first frame; the program has counted it. */
static int take_response(const struct ws_desk *desk, const struct ws_catch *c)
{
	struct ws_record r;

	ws_desk_frame(desk, c, &r);
	r.reason = WS_REASON_HTTP_RESPONSE;
	r.ack = c->ack;
	r.status = c->status;
	return desk->emit(desk->context, &r);
}

int ws_assembly_take(struct ws_assembly *a, const void *message, size_t len)
{
	const struct ws_catch *c = message;
	const uint8_t *body = (const uint8_t *)message + sizeof(*c);

	if (len < sizeof(*c))
		return -EPROTO;
	len -= sizeof(*c);
	switch (c->kind) {
	case WS_CATCH_HEAD:
	case WS_CATCH_HEAD_MORE:
	case WS_CATCH_HEAD_GAP:
		return ws_reassembly_take(a->heads, c, body, len);
	case WS_CATCH_HTTP2_PREFACE:
	case WS_CATCH_HTTP2:
	case WS_CATCH_HTTP2_LOST:
	case WS_CATCH_HTTP2_AGAIN:
	case WS_CATCH_HTTP2_BLIND:
		return ws_connections_take(a->connections, c, body, len);
	case WS_CATCH_RESPONSE:
		return take_response(&a->desk, c);
	default:
		return -EPROTO;
	}
}

int ws_assembly_expire(struct ws_assembly *a, uint64_t now_ns)
{
	return ws_reassembly_expire(a->heads, now_ns);
}

int ws_assembly_finish(struct ws_assembly *a)
{
	int rc = ws_reassembly_finish(a->heads);

	return rc ? rc : ws_connections_finish(a->connections);
}

void ws_assembly_account(const struct ws_assembly *a, uint64_t n_frames[WS_N_REASONS])
{
	for (uint32_t i = 0; i < WS_N_REASONS; i++) {
		if (i == WS_REASON_UNREAD)
			continue;
		n_frames[i] += a->desk.n_told[i];
		n_frames[WS_REASON_UNREAD] -= a->desk.n_told[i];
	}
}

void ws_assembly_free(struct ws_assembly *a)
{
	if (!a)
		return;
	ws_reassembly_free(a->heads);
	ws_connections_free(a->connections);
	free(a);
}

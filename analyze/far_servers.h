/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * far_servers - whom to ask for what is counted where the rows lie: of a cluster, one server of each shard, directly,
 * if the URL names them all; else the server that was reached, which asks the others.
 */
#ifndef WS_ANALYZE_FAR_SERVERS_H
#define WS_ANALYZE_FAR_SERVERS_H

#include "analyze/far.h"
#include "lib/clickhouse/result.h"

struct ws_far_server {
	struct ws_client *client;
	const char *suffix; /* of every large table's name there: "", "_local" */
	bool is_all;	    /* it answers for all servers */
	bool is_own;	    /* client is to be closed */
};

struct ws_far_servers {
	struct ws_far_server *at;
	uint32_t n;
};

/* 0, -ENOMEM, or what the client says. To be closed with ws_far_servers_close(). far has to outlive it. */
int ws_far_servers_open(const struct ws_far *far, struct ws_far_servers *servers, struct ws_error *err);

/* What a server may keep in memory while it groups; the rest goes to its disk. */
#define WS_FAR_GROUP_BYTES "536870912"

/* A server is asked about so many rows at a time: it answers before it seems to be silent, and within its memory. */
#define WS_FAR_SLICE_ROWS 8000000

/* What every server is asked, and who is told of the rows of their answers. */
struct ws_far_asking {
	/* The query behind its SELECT, to one server; NULL: no memory. It is freed. */
	char *(*compose)(const void *context, const struct ws_far_server *server);
	const uint8_t *kind; /* of the columns: WS_KIND_... */
	uint32_t n_kinds;
	int (*take)(void *context, const struct ws_value *row); /* other than 0 ends it */
	void *context;
};

/* Asks all servers, which work at the same time. 0, what take returns, -ENOMEM, or what the client says. */
int ws_far_servers_ask(const struct ws_far_servers *servers, const struct ws_far_asking *asking, struct ws_error *err);

/* NULL and all-zero are fine. */
void ws_far_servers_close(struct ws_far_servers *servers);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * far_servers - whom to ask for what is counted where the rows lie: of a cluster, one server of each shard, directly,
 * if the URL names them all; else the server that was reached, which asks the others.
 */
#ifndef WS_ANALYZE_FAR_SERVERS_H
#define WS_ANALYZE_FAR_SERVERS_H

#include "analyze/far.h"

struct ws_far_server {
	struct ws_client *client;
	const char *table; /* "request", "request_local" */
	bool is_all;	   /* it answers for all servers */
	bool is_own;	   /* client is to be closed */
};

struct ws_far_servers {
	struct ws_far_server *at;
	uint32_t n;
};

/* 0, -ENOMEM, or what the client says. To be closed with ws_far_servers_close(). far has to outlive it. */
int ws_far_servers_open(const struct ws_far *far, struct ws_far_servers *servers, struct ws_error *err);

/* NULL and all-zero are fine. */
void ws_far_servers_close(struct ws_far_servers *servers);

#endif

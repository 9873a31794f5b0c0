/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * url - where a store is: clickhouse://[USER@]HOST[:PORT][,HOST[:PORT]]/DATABASE, clickhouses:// over TLS. The ports
 * are those of ClickHouse's HTTP interface. A password stands in no URL.
 */
#ifndef WS_URL_H
#define WS_URL_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/error.h"

#define WS_URL_HOSTS_MAX  64
#define WS_URL_NAME_MAX	  64  /* characters of a user, a database */
#define WS_URL_HOST_MAX	  255 /* of a host's name or address */
#define WS_URL_PORT_HTTP  8123
#define WS_URL_PORT_HTTPS 8443
/* Room for a server's address as text. */
#define WS_URL_HOST_TEXT_LEN (WS_URL_HOST_MAX + 32)

struct ws_url_host {
	char name[WS_URL_HOST_MAX + 1]; /* an IPv6 address without its brackets */
	uint16_t port;
};

struct ws_url {
	bool is_tls;
	char user[WS_URL_NAME_MAX + 1]; /* empty: the server's default */
	char database[WS_URL_NAME_MAX + 1];
	uint32_t n_hosts; /* at least 1: servers of one cluster */
	struct ws_url_host host[WS_URL_HOSTS_MAX];
};

/* Returns 0 or -EINVAL; the words say what is wrong, and never repeat a password. */
int ws_url_parse(const char *text, struct ws_url *url, struct ws_error *err);

/* http://HOST:PORT or https://HOST:PORT of a server. Returns text. */
const char *ws_url_host_text(const struct ws_url *url, uint32_t host, char text[WS_URL_HOST_TEXT_LEN]);

#endif

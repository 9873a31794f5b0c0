/* SPDX-License-Identifier: BSD-2-Clause */
/* far_servers - see far_servers.h. */
#include "analyze/far_servers.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "lib/clickhouse/client.h"
#include "lib/clickhouse/tables.h"

/* A number that a query about the cluster answers; %s in it: the cluster's name. */
static int ask(struct ws_client *client, const char *query, const char *cluster, int64_t *number, struct ws_error *err)
{
	char *literal = ws_client_quoted(cluster), *text = NULL;
	int rc = -ENOMEM;

	if (literal && asprintf(&text, "%s%s", query, literal) >= 0)
		rc = ws_client_number(client, text, number, err);
	else
		ws_error(err, rc, "out of memory");
	free(text);
	free(literal);
	return rc;
}

/* Asks every server of the URL which shard it is, and keeps the first of each. Returns how many shards were found. */
static int64_t find_shards(const struct ws_far *far, const char *cluster, int64_t n_shards,
			   struct ws_far_server *server)
{
	const struct ws_access *access = ws_far_access(far);
	int64_t n_found = 0;

	for (uint32_t host = 0; host < access->url.n_hosts && n_found < n_shards; host++) {
		struct ws_client *client;
		struct ws_error unheard; /* one that is not there is asked for through another, which names it */
		int64_t shard = 0;

		if (ws_client_open_one(access, host, &client, &unheard))
			continue;
		ws_client_use_database(client);
		if (ask(client, "SELECT toInt64(max(shard_num)) FROM system.clusters WHERE is_local AND cluster = ",
			cluster, &shard, &unheard) ||
		    shard < 1 || shard > n_shards || server[shard - 1].client) {
			ws_client_close(client);
			continue;
		}
		server[shard - 1] = (struct ws_far_server) { client, "_local", false, true };
		n_found++;
	}
	return n_found;
}

int ws_far_servers_open(const struct ws_far *far, struct ws_far_servers *servers, struct ws_error *err)
{
	struct ws_far_servers made = { 0 };
	struct ws_client *client = ws_far_client(far);
	char *cluster = NULL;
	int64_t n_shards = 1;
	int rc = ws_tables_cluster(client, &cluster, err);

	if (!rc && cluster)
		rc = ask(client, "SELECT toInt64(max(shard_num)) FROM system.clusters WHERE cluster = ", cluster,
			 &n_shards, err);
	if (!rc && (n_shards < 1 || n_shards > WS_URL_HOSTS_MAX))
		n_shards = 1; /* more than any URL can name */
	made.at = rc ? NULL : calloc((size_t)n_shards, sizeof(*made.at));
	if (!rc && !made.at)
		rc = ws_error(err, -ENOMEM, "out of memory");
	if (!rc && cluster) {
		made.n = (uint32_t)n_shards;
		if (find_shards(far, cluster, n_shards, made.at) < n_shards) {
			ws_far_servers_close(&made);
			made.at = calloc(1, sizeof(*made.at));
			rc = made.at ? 0 : ws_error(err, -ENOMEM, "out of memory");
		}
	}
	if (!rc && !made.n) {
		made.n = 1;
		made.at[0] = (struct ws_far_server) { client, "", cluster != NULL, false };
	}
	free(cluster);
	if (rc)
		ws_far_servers_close(&made);
	else
		*servers = made;
	return rc;
}

/* Hands over what a server answers. */
static int read_answer(const struct ws_far_asking *asking, struct ws_result *result, struct ws_error *err)
{
	const struct ws_value *row;
	int status = 0, rc = 0;

	while (!rc && (status = ws_result_next(result, &row, err)) > 0)
		rc = asking->take(asking->context, row);
	return rc ? rc : status;
}

int ws_far_servers_ask(const struct ws_far_servers *servers, const struct ws_far_asking *asking, struct ws_error *err)
{
	struct ws_result **result = calloc((size_t)servers->n + 1, sizeof(*result));
	int rc = result ? 0 : ws_error(err, -ENOMEM, "out of memory");

	for (uint32_t i = 0; i < servers->n && !rc; i++) {
		char *text = asking->compose(asking->context, &servers->at[i]);

		rc = text ? ws_result_open(servers->at[i].client, text, asking->kind, asking->n_kinds, &result[i], err)
			  : ws_error(err, -ENOMEM, "out of memory");
		free(text);
	}
	for (uint32_t i = 0; i < servers->n && !rc; i++)
		rc = read_answer(asking, result[i], err);
	for (uint32_t i = 0; i < servers->n && result; i++)
		ws_result_close(result[i]);
	free(result);
	return rc;
}

void ws_far_servers_close(struct ws_far_servers *servers)
{
	if (!servers)
		return;
	for (uint32_t i = 0; i < servers->n; i++) {
		if (servers->at[i].is_own)
			ws_client_close(servers->at[i].client);
	}
	free(servers->at);
	*servers = (struct ws_far_servers) { 0 };
}

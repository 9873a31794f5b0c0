/* SPDX-License-Identifier: BSD-2-Clause */
/* tables - see the header. The statements are those that 18.16 knows, and later versions still do. */
#include "lib/clickhouse/tables.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "lib/clickhouse/small.h"

#define COLUMN(name, kind)	    { #name, kind },
#define COLUMN_NULLABLE(name, kind) { #name, (kind) | WS_KIND_NULLABLE },

static const struct ws_table_column request_columns[] = { { "request_id", WS_KIND_I64 },
							  { "file_id", WS_KIND_U32 },
							  { "flow_id", WS_KIND_I64 },
							  WS_REQUEST_FIELDS(COLUMN, COLUMN_NULLABLE, COLUMN) };

static const struct ws_table_column response_columns[] = { { "response_id", WS_KIND_I64 },
							   { "file_id", WS_KIND_U32 },
							   { "flow_id", WS_KIND_I64 },
							   WS_RESPONSE_FIELDS(COLUMN) };

static const struct ws_table_column flow_columns[] = {
	{ "flow_id", WS_KIND_I64 },
	{ "file_id", WS_KIND_U32 },
	{ "ip_version", WS_KIND_U8 },
	{ "saddr", WS_KIND_FIXED_16 },
	{ "daddr", WS_KIND_FIXED_16 },
	{ "sport", WS_KIND_U16 },
	{ "dport", WS_KIND_U16 },
	{ "encap", WS_KIND_STRING },
	{ "vni", WS_KIND_U32 },
	{ "outer_ip_version", WS_KIND_U8 },
	{ "outer_saddr", WS_KIND_STRING_OR_NULL },
	{ "outer_daddr", WS_KIND_STRING_OR_NULL },
	{ "vlan", WS_KIND_U16 },
};

#define N_COLUMNS(columns) (columns), sizeof(columns) / sizeof((columns)[0])

/* Requests of one identity lie together. */
#define REQUEST_SHARDING "if(empty(trace_id), intHash64(seq), cityHash64(" WS_SQL_SETTLED_TRACE_ID "))"

const struct ws_table ws_large_tables[WS_N_LARGE] = {
	[WS_TABLE_REQUEST] = { "request", N_COLUMNS(request_columns), "trace_id, span_id, seq", REQUEST_SHARDING },
	[WS_TABLE_RESPONSE] = { "response", N_COLUMNS(response_columns), "load, response_id",
				"intHash64(response_id)" },
	[WS_TABLE_FLOW] = { "flow", N_COLUMNS(flow_columns), "load, flow_id", "intHash64(flow_id)" },
};

static const char run_columns[] =
	"run String, sequence UInt64, version UInt64, committed_at DateTime, part String, writer String,"
	" schema_version UInt32, n_requests Int64, n_responses Int64, n_flows Int64";

static const char content_columns[] = "run String, version UInt64, name String, of_version UInt64, n_rows Int64";

/* A growing text; NULL once memory was lacking. */
struct text {
	char *words;
};

__attribute__((format(printf, 2, 3))) static void add(struct text *text, const char *format, ...)
{
	char *more, *grown = NULL;
	va_list args;
	int n;

	va_start(args, format);
	n = vasprintf(&more, format, args);
	va_end(args);
	if (n < 0)
		more = NULL;
	if (text->words && more && asprintf(&grown, "%s%s", text->words, more) < 0)
		grown = NULL;
	free(text->words);
	free(more);
	text->words = grown;
}

/* Where tables are made: on which servers, and how. */
struct making {
	const struct ws_access *access;
	struct ws_client *client; /* to one of the servers; the one that is made on */
	const char *cluster;	  /* NULL: one server */
	const char *on_cluster;	  /* " ON CLUSTER name", or "" */
};

/* Another program may have been first. */
static int execute(struct ws_client *client, struct text *text, struct ws_error *err)
{
	int rc = text->words ? ws_client_execute(client, text->words, err) : ws_error(err, -ENOMEM, "out of memory");

	free(text->words);
	return rc == -EEXIST ? 0 : rc;
}

/* A table of these columns and, in a cluster, what stands above it. */
static int make(const struct making *m, const char *name, const char *columns, const char *engine, const char *sharding,
		struct ws_error *err)
{
	const char *database = m->access->url.database, *suffix = m->cluster ? "_local" : "";
	struct text text = { strdup("") };
	int rc;

	add(&text, "CREATE TABLE IF NOT EXISTS `%s`.`%s%s`%s (%s) ENGINE = %s", database, name, suffix, m->on_cluster,
	    columns, engine);
	rc = execute(m->client, &text, err);
	if (rc || !m->cluster)
		return rc;
	text.words = strdup("");
	add(&text, "CREATE TABLE IF NOT EXISTS `%s`.`%s`%s (%s) ENGINE = Distributed(`%s`, `%s`, `%s_local`, %s)",
	    database, name, m->on_cluster, columns, m->cluster, database, name, sharding);
	return execute(m->client, &text, err);
}

static int make_large(const struct making *m, const struct ws_table *table, struct ws_error *err)
{
	struct text columns = { strdup("part String, run String, load UInt64") };
	char *engine = NULL;
	int rc;

	for (uint32_t i = 0; i < table->n_columns; i++)
		add(&columns, ", `%s` %s", table->column[i].name, ws_kind_name(table->column[i].kind));
	if (asprintf(&engine, "MergeTree PARTITION BY part ORDER BY (run, %s)", table->order) < 0)
		engine = NULL;
	rc = engine && columns.words ? make(m, table->name, columns.words, engine, table->sharding, err)
				     : ws_error(err, -ENOMEM, "out of memory");
	free(columns.words);
	free(engine);
	return rc;
}

static int make_small(const struct making *m, const struct ws_small_table *table, struct ws_error *err)
{
	struct text columns = { strdup("run String, version UInt64, row_no UInt64") };
	int rc;

	for (uint32_t i = 0; i < table->n_columns; i++)
		add(&columns, ", `%s` %s", table->column[i].name, ws_kind_name(table->column[i].kind));
	rc = columns.words ? make(m, table->name, columns.words, "MergeTree ORDER BY (run, version, row_no)",
				  "cityHash64(run)", err)
			   : ws_error(err, -ENOMEM, "out of memory");
	free(columns.words);
	return rc;
}

static int make_all(const struct making *m, const struct ws_small_tables *small, struct ws_error *err)
{
	struct text text = { strdup("") };
	int rc;

	add(&text, "CREATE DATABASE IF NOT EXISTS `%s`%s", m->access->url.database, m->on_cluster);
	rc = execute(m->client, &text, err);
	for (uint32_t i = 0; rc == 0 && i < WS_N_LARGE; i++)
		rc = make_large(m, &ws_large_tables[i], err);
	for (uint32_t i = 0; rc == 0 && i < small->n; i++)
		rc = make_small(m, &small->table[i], err);
	if (rc == 0)
		rc = make(m, "content", content_columns, "MergeTree ORDER BY (run, version, name)", "cityHash64(run)",
			  err);
	/* the last one: who finds it finds all */
	if (rc == 0)
		rc = make(m, "run", run_columns, "MergeTree ORDER BY (run, sequence, version)", "cityHash64(run)", err);
	return rc;
}

/* Tables of the database that have one of our names, on the client's server. */
static int count_tables(const struct making *m, const struct ws_small_tables *small, int64_t *n, struct ws_error *err)
{
	const char *suffix = m->cluster ? "_local" : "";
	struct text text = { strdup("") };
	int rc;

	add(&text, "SELECT count() FROM system.tables WHERE database = '%s' AND name IN ('run%s', 'content%s'",
	    m->access->url.database, suffix, suffix);
	for (uint32_t i = 0; i < WS_N_LARGE; i++)
		add(&text, ", '%s%s'", ws_large_tables[i].name, suffix);
	for (uint32_t i = 0; i < small->n; i++)
		add(&text, ", '%s%s'", small->table[i].name, suffix);
	add(&text, ")");
	rc = text.words ? ws_client_number(m->client, text.words, n, err) : ws_error(err, -ENOMEM, "out of memory");
	free(text.words);
	return rc;
}

static int make_where_missing(const struct making *m, const struct ws_small_tables *small, struct ws_error *err)
{
	int64_t n = 0;
	int rc = count_tables(m, small, &n, err);

	return rc || n == (int64_t)small->n + WS_N_LARGE + 2 ? rc : make_all(m, small, err);
}

/* What the engine of table run is; "" without one. *text is the caller's. */
static int engine_of(const struct ws_access *access, struct ws_client *client, char **engine, struct ws_error *err)
{
	char *sql;
	int rc;

	if (asprintf(&sql, "SELECT engine FROM system.tables WHERE database = '%s' AND name = 'run'",
		     access->url.database) < 0)
		return ws_error(err, -ENOMEM, "out of memory");
	rc = ws_client_text(client, sql, engine, err);
	free(sql);
	if (rc == 0)
		(*engine)[strcspn(*engine, "\n")] = '\0';
	return rc;
}

/* A cluster's name stands in statements and in configurations: no more than these characters. */
static int check_cluster(struct ws_client *client, const char *cluster, int64_t *n_servers, struct ws_error *err)
{
	char *sql;
	int rc;

	if (!*cluster || strlen(cluster) > WS_URL_NAME_MAX ||
	    cluster[strspn(cluster, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-")])
		return ws_error(err, -EINVAL, "--cluster: a name has 1 to %d letters, digits, _ and -",
				WS_URL_NAME_MAX);
	if (asprintf(&sql, "SELECT count() FROM system.clusters WHERE cluster = '%s'", cluster) < 0)
		return ws_error(err, -ENOMEM, "out of memory");
	rc = ws_client_number(client, sql, n_servers, err);
	free(sql);
	if (rc == 0 && *n_servers == 0)
		rc = ws_error(err, -ENOENT, "%s: it knows no cluster %s: --cluster takes a name in its remote_servers",
			      ws_client_name(client), cluster);
	return rc;
}

/* Does something on every server of the URL, or by ON CLUSTER on one, if the URL has not all servers of the cluster. */
static int everywhere(const struct making *m, int (*work)(const struct making *, const void *, struct ws_error *),
		      const void *context, struct ws_error *err)
{
	char on_cluster[WS_URL_NAME_MAX + 16];
	int64_t n_servers = 0;
	int rc = m->cluster ? check_cluster(m->client, m->cluster, &n_servers, err) : 0;

	if (rc)
		return rc;
	if (n_servers > m->access->url.n_hosts) {
		snprintf(on_cluster, sizeof(on_cluster), " ON CLUSTER `%s`", m->cluster);
		return work(&(struct making) { m->access, m->client, m->cluster, on_cluster }, context, err);
	}
	if (!m->cluster)
		return work(m, context, err);
	for (uint32_t i = 0; rc == 0 && i < m->access->url.n_hosts; i++) {
		struct making here = { m->access, NULL, m->cluster, "" };

		rc = ws_client_open_one(m->access, i, &here.client, err);
		if (rc == 0)
			rc = work(&here, context, err);
		ws_client_close(here.client);
	}
	return rc;
}

static int make_work(const struct making *m, const void *context, struct ws_error *err)
{
	return make_where_missing(m, context, err);
}

int ws_tables_create(const struct ws_access *access, struct ws_client *client, const char *cluster,
		     struct ws_error *err)
{
	const struct making m = { access, client, cluster, "" };
	struct ws_small_tables small = { 0 };
	char *engine = NULL;
	sqlite3 *db = NULL;
	int rc = engine_of(access, client, &engine, err);

	if (rc == 0 && cluster && *engine && strcmp(engine, "Distributed") != 0)
		rc = ws_error(err, -EINVAL,
			      "%s: database %s is a store of one server already: leave --cluster out, or take another "
			      "database",
			      ws_client_name(client), access->url.database);
	else if (rc == 0 && !cluster && !*engine && access->url.n_hosts > 1)
		rc = ws_error(err, -EINVAL,
			      "%s: there is no store in database %s; to make one on several servers, say "
			      "--cluster NAME",
			      ws_client_name(client), access->url.database);
	if (rc == 0 && sqlite3_open(":memory:", &db) != SQLITE_OK)
		rc = ws_error(err, -ENOMEM, "out of memory");
	if (rc == 0)
		rc = ws_small_create(db, err);
	if (rc == 0)
		rc = ws_small_read(db, &small, err);
	if (rc == 0 && (cluster || strcmp(engine, "Distributed") != 0))
		rc = everywhere(&m, make_work, &small, err);
	if (rc == 0)
		ws_client_use_database(client);
	ws_small_free(&small);
	sqlite3_close(db);
	free(engine);
	return rc;
}

int ws_tables_cluster(struct ws_client *client, char **cluster, struct ws_error *err)
{
	char *text, *name = NULL;
	size_t len;
	int rc = ws_client_text(
		client, "SELECT engine_full FROM system.tables WHERE database = currentDatabase() AND name = 'run'",
		&text, err);

	if (rc)
		return rc;
	if (strncmp(text, "Distributed(", 12) == 0) {
		name = text + 12 + strspn(text + 12, "`' \\");
		len = strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-");
		name = strndup(name, len);
		rc = name ? 0 : ws_error(err, -ENOMEM, "out of memory");
	}
	free(text);
	if (rc == 0)
		*cluster = name;
	return rc;
}

struct alteration {
	const char *name;
	const char *change;
};

static int alter_work(const struct making *m, const void *context, struct ws_error *err)
{
	const struct alteration *a = context;
	struct text text = { strdup("") };

	add(&text, "ALTER TABLE `%s`.`%s%s`%s %s", m->access->url.database, a->name, m->cluster ? "_local" : "",
	    m->on_cluster, a->change);
	return execute(m->client, &text, err);
}

int ws_tables_alter(const struct ws_access *access, struct ws_client *client, const char *cluster, const char *name,
		    const char *change, struct ws_error *err)
{
	const struct making m = { access, client, cluster, "" };
	const struct alteration a = { name, change };

	return everywhere(&m, alter_work, &a, err);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tables - what lies in a store, and its making. Names and units are those of lib/schema.sql.
 *
 * Large tables, request, response and flow, have the columns part (of the layout: what may be dropped at once), run,
 * load (which attempt to load brought the row) and then those of lib/schema.sql in its order. All other tables of
 * lib/schema.sql, and file_load (mirror.h), are small: they have run, version, row_no (from 0, in SQLite's order) and
 * then theirs: INTEGER is Int64, TEXT and BLOB are String, what may be NULL is Nullable. They are written as wholes:
 * table content says which version of each a version of a run consists of, table run which versions of runs there are;
 * of those with a run's name the one with the greatest (sequence, version) counts.
 *
 * In a cluster each NAME is a Distributed table above NAME_local on every server: the small ones and a run's row by
 * run, requests by the id that they are joined by, so that a join finds both sides on one shard.
 */
#ifndef WS_TABLES_H
#define WS_TABLES_H

#include "lib/clickhouse/client.h"
#include "lib/clickhouse/rowbinary.h"

/*
 * The columns of request behind request_id, file_id and flow_id: KIND(name, type), name being that of column and field
 * of struct ws_record. CONTEXT: NULL without a context. OTHER: see ingest/depot_rows.c.
 */
#define WS_REQUEST_FIELDS(ALWAYS, CONTEXT, OTHER)        \
	ALWAYS(ts_ns, WS_KIND_I64)                       \
	ALWAYS(seq, WS_KIND_U32)                         \
	ALWAYS(direction, WS_KIND_U8)                    \
	ALWAYS(payload_len, WS_KIND_U32)                 \
	ALWAYS(n_segments, WS_KIND_U16)                  \
	ALWAYS(reason, WS_KIND_U8)                       \
	ALWAYS(family, WS_KIND_U8)                       \
	CONTEXT(ids_end_off, WS_KIND_U32)                \
	OTHER(trace_id, WS_KIND_STRING_OR_NULL)          \
	OTHER(span_id, WS_KIND_STRING_OR_NULL)           \
	ALWAYS(http_version, WS_KIND_U8)                 \
	ALWAYS(families, WS_KIND_U16)                    \
	ALWAYS(malformed, WS_KIND_U16)                   \
	CONTEXT(ctx_segment, WS_KIND_U16)                \
	CONTEXT(ids_end_segment, WS_KIND_U16)            \
	CONTEXT(done_ts_ns, WS_KIND_I64)                 \
	OTHER(parent_span_id, WS_KIND_STRING_OR_NULL)    \
	OTHER(sampled, WS_KIND_U8 | WS_KIND_NULLABLE)    \
	CONTEXT(ctx_off, WS_KIND_U32)                    \
	CONTEXT(ctx_len, WS_KIND_U32)                    \
	ALWAYS(searched_len, WS_KIND_U32)                \
	ALWAYS(req_off, WS_KIND_U32)                     \
	ALWAYS(frame_len, WS_KIND_U32)                   \
	ALWAYS(tcp_flags, WS_KIND_U8)                    \
	OTHER(stream_id, WS_KIND_U32 | WS_KIND_NULLABLE) \
	ALWAYS(flaw, WS_KIND_U8)                         \
	ALWAYS(flags, WS_KIND_U8)

/* Those of response behind response_id, file_id and flow_id. */
#define WS_RESPONSE_FIELDS(ALWAYS)       \
	ALWAYS(ts_ns, WS_KIND_I64)       \
	ALWAYS(seq, WS_KIND_U32)         \
	ALWAYS(ack, WS_KIND_U32)         \
	ALWAYS(direction, WS_KIND_U8)    \
	ALWAYS(payload_len, WS_KIND_U32) \
	ALWAYS(status, WS_KIND_U16)

/*
 * The trace id of a request as it is joined by, whoever wrote it: Datadog's are joined by their last 8 bytes, an
 * x-request-id without its version, in the byte that Envoy changes. As ws_identity_settle() has it; substring() counts
 * from 1.
 */
#define WS_SQL_SETTLED_TRACE_ID                                                                                     \
	"multiIf(family = 5 AND length(trace_id) = 16, substring(trace_id, 9, 8), family = 9,"                      \
	" concat(substring(trace_id, 1, 6), unhex(hex(bitAnd(reinterpretAsUInt8(substring(trace_id, 7, 1)), 15)))," \
	" substring(trace_id, 8)), trace_id)"

struct ws_table_column {
	const char *name;
	uint8_t kind; /* enum ws_kind */
};

struct ws_table {
	const char *name;
	const struct ws_table_column *column; /* those of lib/schema.sql */
	uint32_t n_columns;
	const char *order;    /* by what it is sorted, behind run */
	const char *sharding; /* an expression: in a cluster, rows with the same value lie together */
};

enum ws_large {
	WS_TABLE_REQUEST,
	WS_TABLE_RESPONSE,
	WS_TABLE_FLOW,
	WS_N_LARGE,
};

extern const struct ws_table ws_large_tables[WS_N_LARGE];

/*
 * Creates the database and the tables where they are missing. cluster: NULL for one server, or for a store that is
 * there; else a name in the servers' remote_servers: the tables are made on all servers of the URL, or by ON CLUSTER
 * where the URL has fewer of them than the cluster. From then on client uses the database.
 */
int ws_tables_create(const struct ws_access *access, struct ws_client *client, const char *cluster,
		     struct ws_error *err);

/* The cluster whose store it is; NULL: it is one server's. *cluster is the caller's, to be freed. */
int ws_tables_cluster(struct ws_client *client, char **cluster, struct ws_error *err);

/* Runs "ALTER TABLE name ..." on the tables where the rows lie: on every server of the URL, or by ON CLUSTER, as above.
 */
int ws_tables_alter(const struct ws_access *access, struct ws_client *client, const char *cluster, const char *name,
		    const char *change, struct ws_error *err);

#endif

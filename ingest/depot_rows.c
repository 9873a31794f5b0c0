/* SPDX-License-Identifier: BSD-2-Clause */
/* depot_rows - see the header. What is NULL in SQLite (rows.c) is NULL here. */
#include "ingest/depot_rows.h"

#include <stdbool.h>

#include "lib/clickhouse/tables.h"
#include "lib/names.h"

/* An integer of the kind, which is a constant. */
static inline uint8_t *put(uint8_t *at, unsigned int kind, uint64_t value)
{
	switch (kind & ~(unsigned int)WS_KIND_NULLABLE) {
	case WS_KIND_U8:
		return ws_put_u8(at, (uint8_t)value);
	case WS_KIND_U16:
		return ws_put_u16(at, (uint16_t)value);
	case WS_KIND_U32:
		return ws_put_u32(at, (uint32_t)value);
	default:
		return ws_put_i64(at, (int64_t)value);
	}
}

static inline uint8_t *put_nullable(uint8_t *at, unsigned int kind, bool is_there, uint64_t value)
{
	at = ws_put_u8(at, !is_there);
	return is_there ? put(at, kind, value) : at;
}

static inline uint8_t *put_trace_id(uint8_t *at, const struct ws_record *r, bool has_context)
{
	const int skip = r->flags & WS_FLAG_TRACE_ID_64 ? 8 : 0;

	return ws_put_string(at, r->trace_id + skip, has_context ? 16 - (size_t)skip : 0);
}

static inline uint8_t *put_span_id(uint8_t *at, const struct ws_record *r, bool has_context)
{
	return ws_put_string(at, r->span_id, has_context ? 8 : 0);
}

static inline uint8_t *put_parent_span_id(uint8_t *at, const struct ws_record *r, bool has_context)
{
	static const uint8_t zero[8];

	return ws_put_string(at, r->parent_span_id, has_context && memcmp(r->parent_span_id, zero, 8) != 0 ? 8 : 0);
}

static inline uint8_t *put_sampled(uint8_t *at, const struct ws_record *r, bool has_context)
{
	return put_nullable(at, WS_KIND_U8, has_context && r->sampled != WS_SAMPLED_UNKNOWN,
			    r->sampled == WS_SAMPLED_YES);
}

static inline uint8_t *put_stream_id(uint8_t *at, const struct ws_record *r, bool has_context)
{
	(void)has_context;
	return put_nullable(at, WS_KIND_U32, r->http_version == 2, r->stream_id);
}

#define PUT_ALWAYS(name, kind)	at = put(at, kind, r->name);
#define PUT_CONTEXT(name, kind) at = put_nullable(at, kind, has_context, r->name);
#define PUT_OTHER(name, kind)	at = put_##name(at, r, has_context);

uint8_t *ws_depot_put_request(uint8_t *at, int64_t request_id, uint32_t file_id, int64_t flow_id,
			      const struct ws_record *r)
{
	const bool has_context = r->reason == WS_REASON_CONTEXT;

	at = ws_put_i64(at, request_id);
	at = ws_put_u32(at, file_id);
	at = ws_put_i64(at, flow_id);
	WS_REQUEST_FIELDS(PUT_ALWAYS, PUT_CONTEXT, PUT_OTHER)
	return at;
}

uint8_t *ws_depot_put_response(uint8_t *at, int64_t response_id, uint32_t file_id, int64_t flow_id,
			       const struct ws_record *r)
{
	at = ws_put_i64(at, response_id);
	at = ws_put_u32(at, file_id);
	at = ws_put_i64(at, flow_id);
	WS_RESPONSE_FIELDS(PUT_ALWAYS)
	return at;
}

uint8_t *ws_depot_put_flow(uint8_t *at, int64_t flow_id, uint32_t file_id, const struct ws_flow_key *key)
{
	const char *encap = ws_encap_name(key->encap);
	const size_t n_outer = key->outer_ip_version ? 16 : 0;

	at = ws_put_i64(at, flow_id);
	at = ws_put_u32(at, file_id);
	at = ws_put_u8(at, key->ip_version);
	at = ws_put_bytes(at, key->saddr, 16);
	at = ws_put_bytes(at, key->daddr, 16);
	at = ws_put_u16(at, key->sport);
	at = ws_put_u16(at, key->dport);
	at = ws_put_string(at, encap, strlen(encap));
	at = ws_put_u32(at, key->vni);
	at = ws_put_u8(at, key->outer_ip_version);
	at = ws_put_string(at, key->outer_saddr, n_outer);
	at = ws_put_string(at, key->outer_daddr, n_outer);
	return ws_put_u16(at, key->vlan);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* far_passages - see far_passages.h: what the servers tell is put apart again. */
#include "analyze/mesh/far_passages.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/mesh/far_passages_sql.h"
#include "analyze/ns.h"

struct asking {
	const struct ws_far_passages *passages;
	char *condition;
	struct ws_passages_sql sql;
	uint64_t n_left; /* rows that hold nothing, as they would be too long */
	bool is_odd;	 /* an answer makes no sense */
};

static char *compose_requests(const void *context, const struct ws_far_server *server)
{
	return ws_passages_sql_requests(&((const struct asking *)context)->sql, server);
}

static char *compose_responses(const void *context, const struct ws_far_server *server)
{
	return ws_passages_sql_responses(&((const struct asking *)context)->sql, server);
}

/* A number of n bytes, which *at is moved over. */
static uint64_t number_at(const uint8_t **at, uint32_t n)
{
	uint64_t number = 0;

	memcpy(&number, *at, n); /* little-endian, as this machine is: lib/record.h */
	*at += n;
	return number;
}

/* The stamp of an element, as its file has it; *at is moved over it. */
static int64_t stamp_at(const uint8_t **at, uint32_t n_bytes, int64_t base)
{
	return ws_ns_plus(base, (int64_t)number_at(at, n_bytes));
}

static uint32_t stamp_bytes(int64_t form)
{
	return form & WS_FORM_WIDE ? 8 : 4;
}

static int is_odd(struct asking *asking)
{
	asking->is_odd = true;
	return -EPROTO;
}

/* Reads the next sighting of a row into s, whose span id and seq are those of the one before. 0 or -EPROTO. */
static int read_sighting(struct asking *asking, const struct ws_value *row, const uint8_t **at, const uint8_t *end,
			 struct ws_sighting *s)
{
	const struct ws_far_passages *passages = asking->passages;
	const struct ws_passages_sql *sql = &asking->sql;
	const uint32_t width = stamp_bytes(row[1].integer);
	int64_t moved_ns;
	uint64_t traits, file;

	if ((size_t)(end - *at) < width + 1 + sql->file_bytes + sql->flow_bytes)
		return is_odd(asking);
	moved_ns = stamp_at(at, width, row[2].integer);
	traits = number_at(at, 1);
	file = number_at(at, sql->file_bytes);
	s->tuple = ws_roster_find(passages->roster, (int64_t)number_at(at, sql->flow_bytes));
	if (s->tuple == UINT32_MAX || file >= passages->catalog->n_files || !sql->wanted[file])
		return is_odd(asking);
	s->file = (uint16_t)file;
	s->ts_ns = ws_ns_less(moved_ns, passages->offset_ns[file]);
	s->direction = traits & WS_TRAITS_DIRECTION;
	if (s->direction > WS_DIRECTION_OUT)
		return is_odd(asking);
	s->family = traits >> WS_TRAITS_FAMILY_AT & (WS_MAX_FAMILIES - 1);
	if (traits & WS_TRAITS_NEW) {
		if (end - *at < 12)
			return is_odd(asking);
		memcpy(s->identity.span_id, *at, sizeof(s->identity.span_id));
		*at += sizeof(s->identity.span_id);
		s->identity.seq = (uint32_t)number_at(at, 4);
	}
	return 0;
}

static int take_requests(void *context, const struct ws_value *row)
{
	struct asking *asking = context;
	const uint8_t *at = row[3].bytes, *end = at + row[3].n_bytes;
	struct ws_sighting s = { .reason = WS_REASON_CONTEXT };
	int rc = 0;

	if (row[1].integer & WS_FORM_MANY) {
		asking->n_left++;
		return 0;
	}
	memcpy(s.identity.trace_id, row[0].bytes, sizeof(s.identity.trace_id));
	s.identity.trace_id_len = (uint32_t)row[1].integer & (WS_FORM_WIDE - 1);
	if (s.identity.trace_id_len != 8 && s.identity.trace_id_len != 16)
		return is_odd(asking);
	while (at < end && !rc) {
		rc = read_sighting(asking, row, &at, end, &s);
		rc = rc ? rc : asking->passages->request(asking->passages->context, &s);
	}
	return rc;
}

static int take_responses(void *context, const struct ws_value *row)
{
	struct asking *asking = context;
	const struct ws_far_passages *passages = asking->passages;
	const uint32_t width = stamp_bytes(row[2].integer), n_bytes = width + 12 + asking->sql.flow_bytes;
	const uint8_t *at = row[4].bytes, *end = at + row[4].n_bytes;
	struct ws_far_response response = { .file = (uint16_t)row[0].integer };
	int rc = 0;

	if (row[4].n_bytes % n_bytes || response.file >= passages->catalog->n_files ||
	    !asking->sql.wanted[response.file])
		return is_odd(asking);
	while (at < end && !rc) {
		response.ts_ns = ws_ns_less(stamp_at(&at, width, row[3].integer), passages->offset_ns[response.file]);
		response.seq = (uint32_t)number_at(&at, 4);
		response.ack = (uint32_t)number_at(&at, 4);
		response.status = (uint16_t)number_at(&at, 2);
		response.direction = (uint8_t)number_at(&at, 1);
		response.row = (uint64_t)row[1].integer * WS_RESPONSES_PER_ROW + number_at(&at, 1);
		response.tuple = ws_roster_find(passages->roster, (int64_t)number_at(&at, asking->sql.flow_bytes));
		if (response.tuple == UINT32_MAX)
			return is_odd(asking);
		rc = passages->response(passages->context, &response);
	}
	return rc;
}

/* Asks for all slices, one after the other, of rows that lie evenly on all servers. */
static int ask(struct asking *asking, const struct ws_far_servers *servers, const struct ws_far_asking *question,
	       uint64_t n_rows, struct ws_error *err)
{
	struct ws_passages_sql *sql = &asking->sql;
	int rc = 0;

	asking->n_left = 0;
	sql->n_slices = n_rows ? n_rows / servers->n / WS_FAR_SLICE_ROWS + 1 : 0;
	for (sql->slice = 0; sql->slice < sql->n_slices && !rc; sql->slice++)
		rc = ws_far_servers_ask(servers, question, err);
	return rc;
}

/* Leaves identities that were seen too often to those who read rows. */
static int restrict_rows(struct asking *asking, struct ws_error *err)
{
	char *where = ws_passages_sql_left(&asking->sql);

	if (!where)
		return ws_error(err, -ENOMEM, "out of memory");
	ws_far_restrict(asking->passages->far, NULL, where);
	return 0;
}

/* Traces, then the identities of those that were seen too often for a row. */
static int ask_requests(struct asking *asking, const struct ws_far_servers *servers, enum ws_far_left *left,
			struct ws_error *err)
{
	static const uint8_t kind[] = { WS_KIND_FIXED_16, WS_KIND_U8, WS_KIND_I64, WS_KIND_STRING };
	const struct ws_far_asking question = { compose_requests, kind, sizeof(kind), take_requests, asking };
	const struct ws_far_passages *passages = asking->passages;
	uint64_t n_rows = 0;
	int rc;

	for (uint32_t f = 0; f < passages->catalog->n_files; f++)
		n_rows += passages->wanted_requests[f] ? passages->catalog->file[f].n_contexts : 0;
	asking->sql.wanted = passages->wanted_requests;
	rc = ask(asking, servers, &question, n_rows, err);
	asking->sql.by_identity = true;
	if (!rc && asking->n_left)
		rc = ask(asking, servers, &question, n_rows, err);
	*left = asking->n_left ? WS_FAR_LEFT_SOME : WS_FAR_LEFT_NONE;
	return rc || !asking->n_left ? rc : restrict_rows(asking, err);
}

static int ask_responses(struct asking *asking, const struct ws_far_servers *servers, struct ws_error *err)
{
	static const uint8_t kind[] = { WS_KIND_U16, WS_KIND_I64, WS_KIND_U8, WS_KIND_I64, WS_KIND_STRING };
	const struct ws_far_asking question = { compose_responses, kind, sizeof(kind), take_responses, asking };
	const struct ws_far_passages *passages = asking->passages;
	uint64_t n_rows = 0;

	for (uint32_t f = 0; f < passages->catalog->n_files; f++)
		n_rows += passages->wanted_responses[f] ? passages->catalog->file[f].n_responses : 0;
	asking->sql.wanted = passages->wanted_responses;
	return ask(asking, servers, &question, n_rows, err);
}

/* Can all be packed? Numbers of flows go on from 1. */
static bool is_packable(struct asking *asking, const struct ws_far_counts *counts)
{
	const struct ws_roster *roster = asking->passages->roster;
	const int64_t last = roster->n ? roster->entry[roster->n - 1].flow_id : 0;

	asking->sql.file_bytes = asking->passages->catalog->n_files > 256 ? 2 : 1;
	asking->sql.flow_bytes = 1;
	while (asking->sql.flow_bytes < 4 && last >> 8 * asking->sql.flow_bytes)
		asking->sql.flow_bytes++;
	return !counts->n_odd && last <= UINT32_MAX && (!roster->n || roster->entry[0].flow_id >= 0);
}

/* Asks for how many there are, and then for all of them. */
static int ask_all(struct asking *asking, const struct ws_far_servers *servers, struct ws_far_counts *counts,
		   enum ws_far_left *left, struct ws_error *err)
{
	const struct ws_far_passages *passages = asking->passages;
	int rc = ws_far_counts_open(passages->far, servers, passages->catalog, counts, err);

	for (uint32_t f = 0; f < passages->catalog->n_files && !rc; f++)
		rc = ws_far_check_rows(passages->far, &passages->catalog->file[f], counts->file[f].n_requests, err);
	if (rc || !is_packable(asking, counts))
		return rc;
	rc = ask_requests(asking, servers, left, err);
	return rc ? rc : ask_responses(asking, servers, err);
}

int ws_far_passages(const struct ws_far_passages *passages, struct ws_far_counts *counts, enum ws_far_left *left,
		    struct ws_error *err)
{
	struct asking asking = { .passages = passages };
	enum ws_far_left remains = WS_FAR_LEFT_ALL;
	struct ws_far_servers servers = { 0 };
	struct ws_far_counts made = { 0 };
	int rc = 0;

	if (passages->catalog->n_files <= WS_FAR_FILES_MAX) {
		asking.condition = ws_far_condition_of(passages->far, NULL, UINT32_MAX);
		asking.sql = (struct ws_passages_sql) { .passages = passages, .condition = asking.condition };
		rc = asking.condition ? ws_far_servers_open(passages->far, &servers, err)
				      : ws_error(err, -ENOMEM, "out of memory");
		rc = rc ? rc : ask_all(&asking, &servers, &made, &remains, err);
	}
	if (asking.is_odd)
		ws_error(err, rc, "%s: told of packets of files or flows that take no part: try again",
			 ws_far_name(passages->far));
	ws_far_servers_close(&servers);
	free(asking.condition);
	if (rc) {
		ws_far_counts_close(&made);
	} else {
		*counts = made;
		*left = remains;
	}
	return rc;
}

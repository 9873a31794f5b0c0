/* SPDX-License-Identifier: BSD-2-Clause */
/* far_alike - see far_alike.h. */
#include "analyze/far_alike.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/far_servers.h"
#include "analyze/roster.h"

/* Rows that analyze refuses, and says why when it reads them. */
#define IS_ODD                                            \
	"(direction > 2 OR reason > 63 OR family > 15 OR" \
	" (reason = 16 AND (length(span_id) != 8 OR length(trace_id) NOT IN (8, 16))))"

/* Of a file's rows, as a first question tells. */
struct rows {
	uint64_t n, n_odd;
	uint64_t n_headed, n_headless; /* with a direction, and without */
	uint64_t n_told;	       /* as a second question tells */
};

struct asking {
	struct ws_study *study;
	const char *family;
	ws_far_take_alike take;
	void *context;
	char *condition;
	struct rows *rows; /* by file */
	struct ws_roster roster;
	bool is_torn; /* a request of a flow that is not there */
};

static const char *merging(const struct ws_far_server *server)
{
	return server->is_all ? ", distributed_group_by_no_merge = 1" : "";
}

static char *compose_rows(const void *context, const struct ws_far_server *server)
{
	char *text;

	if (asprintf(&text,
		     "file_id, toInt64(count()), toInt64(countIf" IS_ODD "), toInt64(countIf(direction != 0)),"
		     " toInt64(countIf(direction = 0)) FROM %s WHERE %s GROUP BY file_id"
		     " SETTINGS max_bytes_before_external_group_by = " WS_FAR_GROUP_BYTES "%s",
		     server->table, ((const struct asking *)context)->condition, merging(server)) < 0)
		return NULL;
	return text;
}

/* The index of a file; n_files: there is no such. */
static uint32_t find_file(const struct ws_catalog *catalog, int64_t file_id)
{
	uint32_t f = 0;

	while (f < catalog->n_files && catalog->file[f].file_id != file_id)
		f++;
	return f;
}

static int take_rows(void *context, const struct ws_value *row)
{
	struct asking *asking = context;
	uint32_t f = find_file(&asking->study->catalog, row[0].integer);

	if (f == asking->study->catalog.n_files)
		return 0;
	asking->rows[f].n += (uint64_t)row[1].integer;
	asking->rows[f].n_odd += (uint64_t)row[2].integer;
	asking->rows[f].n_headed += (uint64_t)row[3].integer;
	asking->rows[f].n_headless += (uint64_t)row[4].integer;
	return 0;
}

/* Does a row of the file say all that there is to say of it, whatever else was seen at its point? */
static bool stand_alone(const struct asking *asking, uint32_t f)
{
	const struct ws_catalog *catalog = &asking->study->catalog;
	const struct ws_file *file = &catalog->file[f];
	struct rows at_point = { 0 };

	for (uint32_t i = 0; i < catalog->n_files; i++) {
		if (strcmp(catalog->file[i].point, file->point) != 0)
			continue;
		at_point.n_headed += asking->rows[i].n_headed;
		at_point.n_headless += asking->rows[i].n_headless;
		if (file->source != WS_SOURCE_PCAP && catalog->file[i].source == WS_SOURCE_PCAP)
			return false;
	}
	return !asking->rows[f].n_odd && (!at_point.n_headed || !at_point.n_headless);
}

/* What a place has that only a context has. */
#define OF_CONTEXT(column) ", toUInt32(if(reason = 16, ifNull(" column ", 0), 0)) AS p_" column

static char *compose_alike(const void *context, const struct ws_far_server *server)
{
	char *text;

	if (asprintf(
		    &text,
		    "file_id, flow_id, direction, reason, family, http_version, families, malformed, flaw,"
		    " toUInt8(bitAnd(flags, %d)) AS is_later, toUInt32(if(reason = 16, ifNull(ids_end_off, %" PRIu32
		    "), 0)) AS p_ids_end" OF_CONTEXT("ctx_segment") OF_CONTEXT("ids_end_segment") OF_CONTEXT("ctx_off")
			    OF_CONTEXT("ctx_len") OF_CONTEXT(
				    "searched_len") ", toInt64(count()) FROM %s WHERE %s"
						    " GROUP BY file_id, flow_id, direction, reason, family, "
						    "http_version, families, malformed, flaw,"
						    " is_later, p_ids_end, p_ctx_segment, p_ids_end_segment, "
						    "p_ctx_off, p_ctx_len, p_searched_len"
						    " SETTINGS max_bytes_before_external_group_by = " WS_FAR_GROUP_BYTES
						    "%s",
		    WS_FLAG_LATER_IN_FRAME, WS_NEVER, server->table, ((const struct asking *)context)->condition,
		    merging(server)) < 0)
		return NULL;
	return text;
}

static uint16_t uint16_of(const struct ws_value *value)
{
	return value->integer > UINT16_MAX ? UINT16_MAX : (uint16_t)value->integer;
}

static int take_alike(void *context, const struct ws_value *row)
{
	struct asking *asking = context;
	const struct ws_catalog *catalog = &asking->study->catalog;
	uint32_t f = find_file(catalog, row[0].integer);
	struct ws_sighting s = {
		.tuple = ws_roster_find(&asking->roster, row[1].integer),
		.ids_end_off = row[3].integer == WS_REASON_CONTEXT ? (uint32_t)row[10].integer : WS_NEVER,
		.direction = (uint8_t)row[2].integer,
		.reason = (uint8_t)row[3].integer,
		.family = (uint8_t)row[4].integer,
		.file = (uint16_t)f,
	};
	const struct ws_place place = {
		.http_version = (uint8_t)row[5].integer,
		.families = (uint16_t)row[6].integer,
		.malformed = (uint16_t)row[7].integer,
		.flaw = (uint8_t)row[8].integer,
		.flags = (uint8_t)row[9].integer,
		.ctx_segment = uint16_of(&row[11]),
		.ids_end_segment = uint16_of(&row[12]),
		.ctx_off = (uint32_t)row[13].integer,
		.ctx_len = (uint32_t)row[14].integer,
		.searched_len = (uint32_t)row[15].integer,
	};

	if (f == catalog->n_files)
		return 0;
	asking->rows[f].n_told += (uint64_t)row[16].integer;
	asking->is_torn = s.tuple == UINT32_MAX;
	if (asking->is_torn)
		return -EPROTO;
	if (asking->family && s.reason == WS_REASON_CONTEXT &&
	    (s.family == WS_FAMILY_NONE || s.family != ws_file_family(&catalog->file[f], asking->family))) {
		s.reason = WS_REASON_OTHER_FAMILY;
		s.ids_end_off = WS_NEVER;
	}
	return asking->take(asking->context, &s, &place, (uint64_t)row[16].integer);
}

/* Is what the servers can group all that there is to know? */
static int ask_rows(struct asking *asking, struct ws_far *far, const struct ws_far_servers *servers, bool *told,
		    struct ws_error *err)
{
	static const uint8_t kind[] = { WS_KIND_U32, WS_KIND_I64, WS_KIND_I64, WS_KIND_I64, WS_KIND_I64 };
	const struct ws_far_asking rows = { compose_rows, kind, 5, take_rows, asking };
	const struct ws_catalog *catalog = &asking->study->catalog;
	int rc = ws_far_servers_ask(servers, &rows, err);

	*told = !rc;
	for (uint32_t f = 0; f < catalog->n_files && !rc; f++) {
		rc = ws_far_check_rows(far, &catalog->file[f], asking->rows[f].n, err);
		*told &= stand_alone(asking, f);
	}
	return rc;
}

int ws_far_alike(struct ws_store *store, struct ws_study *study, const char *family, ws_far_take_alike take,
		 void *context, bool *told, struct ws_error *err)
{
	static const uint8_t kind[] = {
		WS_KIND_U32, WS_KIND_I64, WS_KIND_U8,  WS_KIND_U8,  WS_KIND_U8,	 WS_KIND_U8,
		WS_KIND_U16, WS_KIND_U16, WS_KIND_U8,  WS_KIND_U8,  WS_KIND_U32, WS_KIND_U32,
		WS_KIND_U32, WS_KIND_U32, WS_KIND_U32, WS_KIND_U32, WS_KIND_I64,
	};
	struct ws_far *far = ws_store_far(store);
	struct ws_far_servers servers = { 0 };
	struct asking asking = {
		.study = study,
		.family = family,
		.take = take,
		.context = context,
		.condition = ws_far_condition_of(far, NULL, UINT32_MAX),
		.rows = calloc((size_t)study->catalog.n_files + 1, sizeof(*asking.rows)),
	};
	const struct ws_far_asking alike = { compose_alike, kind, 17, take_alike, &asking };
	int rc = asking.condition && asking.rows ? 0 : ws_error(err, -ENOMEM, "out of memory");

	*told = false;
	rc = rc ? rc : ws_far_servers_open(far, &servers, err);
	rc = rc ? rc : ask_rows(&asking, far, &servers, told, err);
	if (!rc && *told)
		rc = ws_roster_open(store, &study->tuples, &asking.roster, err);
	if (!rc && *told)
		rc = ws_far_servers_ask(&servers, &alike, err);
	for (uint32_t f = 0; f < study->catalog.n_files && !rc && *told; f++)
		rc = ws_far_check_rows(far, &study->catalog.file[f], asking.rows[f].n_told, err);
	if (asking.is_torn)
		ws_error(err, rc, "%s: holds a request of a flow that is not there: drop the run, and load it again",
			 ws_far_name(far));
	ws_roster_close(&asking.roster);
	ws_far_servers_close(&servers);
	free(asking.condition);
	free(asking.rows);
	return rc;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* far_alike - see far_alike.h. */
#include "analyze/far_alike.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/far_sql.h"
#include "lib/text_stream.h"

/* More moments at which names change are not asked about: each is looked at for every row. */
#define CHANGES_MAX 1000

/* Of a file's rows, as a first question tells. */
struct rows {
	uint64_t n, n_odd;
	int64_t first_ns, last_ns;
	uint64_t n_told; /* as a second question tells */
};

struct asking {
	const struct ws_study *study;
	const struct ws_roster *roster;
	const char *family;
	ws_far_take_alike take;
	void *context;
	char *condition;
	struct rows *rows; /* by file */
	struct ws_numbers *changes;
	bool is_torn;  /* a request of a flow that is not there */
	bool has_more; /* requests that a file does not have were told of */
};

static char *compose_rows(const void *context, const struct ws_far_server *server)
{
	char *text;

	if (asprintf(&text,
		     "file_id, toInt64(count()), toInt64(countIf(" WS_FAR_IS_ODD
		     ")), min(ts_ns), max(ts_ns) FROM request%s WHERE %s"
		     " GROUP BY file_id SETTINGS max_bytes_before_external_group_by = " WS_FAR_GROUP_BYTES "%s",
		     server->suffix, ((const struct asking *)context)->condition, ws_far_merging(server->is_all)) < 0)
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
	struct rows *rows = &asking->rows[f];

	if (f == asking->study->catalog.n_files)
		return 0;
	rows->first_ns = !rows->n || row[3].integer < rows->first_ns ? row[3].integer : rows->first_ns;
	rows->last_ns = !rows->n || row[4].integer > rows->last_ns ? row[4].integer : rows->last_ns;
	rows->n += (uint64_t)row[1].integer;
	rows->n_odd += (uint64_t)row[2].integer;
	return 0;
}

/* What rows that are alike have in common, up to the period; of a place, what only a context has. */
#define OF_CONTEXT(column) "toUInt32(if(reason = 16, ifNull(" column ", 0), 0))"
static const char *const common[] = {
	"file_id",
	"flow_id",
	"direction",
	"reason",
	"family",
	"http_version",
	"families",
	"malformed",
	"flaw",
	"toUInt8(bitAnd(flags, 2))",					 /* WS_FLAG_LATER_IN_FRAME */
	"toUInt32(if(reason = 16, ifNull(ids_end_off, 4294967295), 0))", /* WS_NEVER */
	OF_CONTEXT("ctx_segment"),
	OF_CONTEXT("ids_end_segment"),
	OF_CONTEXT("ctx_off"),
	OF_CONTEXT("ctx_len"),
	OF_CONTEXT("searched_len"),
};
#define N_COMMON (sizeof(common) / sizeof(common[0]))

_Static_assert(WS_FLAG_LATER_IN_FRAME == 2 && WS_NEVER == 4294967295, "they stand in SQL, too");

void ws_far_put_period(const struct ws_study *study, const struct ws_numbers *changes, FILE *out)
{
	fputs("toUInt32(", out);
	if (changes->n) {
		fputs("arrayCount(x -> x <= ts_ns + multiIf(", out);
		for (uint32_t f = 0; f < study->catalog.n_files; f++)
			fprintf(out, "file_id = %" PRId64 ", toInt64(%" PRId64 "), ", study->catalog.file[f].file_id,
				study->naming.offset_ns[f]);
		fputs("toInt64(0)), [", out);
		for (uint64_t i = 0; i < changes->n; i++)
			fprintf(out, "%stoInt64(%" PRId64 ")", i ? ", " : "", (int64_t)changes->at[i]);
		fputs("])", out);
	} else {
		fputc('0', out);
	}
	fputc(')', out);
}

static char *compose_alike(const void *context, const struct ws_far_server *server)
{
	const struct asking *asking = context;
	struct ws_text_stream stream;
	char *text;

	if (ws_text_stream_open(&stream))
		return NULL;
	for (size_t i = 0; i < N_COMMON; i++)
		fprintf(stream.out, "%s AS c%zu, ", common[i], i);
	ws_far_put_period(asking->study, asking->changes, stream.out);
	fprintf(stream.out,
		" AS period, toInt64(count()), tupleElement(max((ts_ns, request_id)), 1),"
		" tupleElement(max((ts_ns, request_id)), 2) FROM request%s WHERE %s GROUP BY period",
		server->suffix, asking->condition);
	for (size_t i = 0; i < N_COMMON; i++)
		fprintf(stream.out, ", c%zu", i);
	fprintf(stream.out, " SETTINGS max_bytes_before_external_group_by = " WS_FAR_GROUP_BYTES "%s",
		ws_far_merging(server->is_all));
	return ws_text_stream_finish(&stream, &text, NULL) ? NULL : text;
}

uint8_t ws_far_reason(const struct ws_file *file, const char *asked, uint8_t reason, uint8_t family)
{
	if (!asked || reason != WS_REASON_CONTEXT)
		return reason;
	return family != WS_FAMILY_NONE && family == ws_file_family(file, asked) ? reason : WS_REASON_OTHER_FAMILY;
}

static uint16_t uint16_of(const struct ws_value *value)
{
	return value->integer > UINT16_MAX ? UINT16_MAX : (uint16_t)value->integer;
}

/* Columns behind those in common. */
enum { PERIOD = N_COMMON, N_ALIKE, LAST_NS, LAST_ROW, N_COLUMNS };

static int take_alike(void *context, const struct ws_value *row)
{
	struct asking *asking = context;
	const struct ws_catalog *catalog = &asking->study->catalog;
	uint32_t f = find_file(catalog, row[0].integer);
	struct ws_sighting s = {
		.ts_ns = row[LAST_NS].integer,
		.tuple = ws_roster_find(asking->roster, row[1].integer),
		.ids_end_off = (uint32_t)row[10].integer,
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
	asking->has_more = row[N_ALIKE].integer < 1 ||
			   (uint64_t)row[N_ALIKE].integer > catalog->file[f].n_requests - asking->rows[f].n_told;
	if (asking->has_more)
		return -EPROTO;
	asking->rows[f].n_told += (uint64_t)row[N_ALIKE].integer;
	asking->is_torn = s.tuple == UINT32_MAX;
	if (asking->is_torn)
		return -EPROTO;
	s.reason = ws_far_reason(&catalog->file[f], asking->family, s.reason, s.family);
	if (s.reason != WS_REASON_CONTEXT)
		s.ids_end_off = WS_NEVER;
	return asking->take(asking->context, &s, &place, (uint64_t)row[LAST_ROW].integer,
			    (uint64_t)row[N_ALIKE].integer);
}

/* Is what the servers can group all that there is to know? */
static int ask_rows(struct asking *asking, const struct ws_far *far, const struct ws_far_servers *servers, bool *told,
		    struct ws_error *err)
{
	static const uint8_t kind[] = { WS_KIND_U32, WS_KIND_I64, WS_KIND_I64, WS_KIND_I64, WS_KIND_I64 };
	const struct ws_far_asking rows = { compose_rows, kind, sizeof(kind), take_rows, asking };
	const struct ws_study *study = asking->study;
	int rc = ws_far_servers_ask(servers, &rows, err);

	*told = !rc;
	for (uint32_t f = 0; f < study->catalog.n_files && !rc; f++) {
		const struct rows *of_file = &asking->rows[f];

		rc = ws_far_check_rows(far, &study->catalog.file[f], of_file->n, err);
		*told &= !of_file->n_odd;
		if (!rc && of_file->n && study->by & WS_BY_NAMES &&
		    ws_naming_changes(&study->naming, f, of_file->first_ns, of_file->last_ns, asking->changes))
			rc = ws_error(err, -ENOMEM, "out of memory");
	}
	*told &= asking->changes->n <= CHANGES_MAX;
	return rc;
}

int ws_far_alike(struct ws_far *far, const struct ws_study *study, const struct ws_roster *roster, const char *family,
		 ws_far_take_alike take, void *context, struct ws_numbers *changes, bool *told, struct ws_error *err)
{
	static const uint8_t kind[N_COLUMNS] = {
		WS_KIND_U32, WS_KIND_I64, WS_KIND_U8,  WS_KIND_U8,  WS_KIND_U8,	 WS_KIND_U8,  WS_KIND_U16,
		WS_KIND_U16, WS_KIND_U8,  WS_KIND_U8,  WS_KIND_U32, WS_KIND_U32, WS_KIND_U32, WS_KIND_U32,
		WS_KIND_U32, WS_KIND_U32, WS_KIND_U32, WS_KIND_I64, WS_KIND_I64, WS_KIND_I64,
	};
	struct ws_far_servers servers = { 0 };
	struct asking asking = {
		.study = study,
		.roster = roster,
		.family = family,
		.take = take,
		.context = context,
		.changes = changes,
		.condition = ws_far_condition_of(far, NULL, UINT32_MAX),
		.rows = calloc((size_t)study->catalog.n_files + 1, sizeof(*asking.rows)),
	};
	const struct ws_far_asking alike = { compose_alike, kind, N_COLUMNS, take_alike, &asking };
	int rc = asking.condition && asking.rows ? 0 : ws_error(err, -ENOMEM, "out of memory");

	*told = false;
	rc = rc ? rc : ws_far_servers_open(far, &servers, err);
	rc = rc ? rc : ask_rows(&asking, far, &servers, told, err);
	if (!rc && *told)
		rc = ws_far_servers_ask(&servers, &alike, err);
	for (uint32_t f = 0; f < study->catalog.n_files && !rc && *told; f++)
		rc = ws_far_check_rows(far, &study->catalog.file[f], asking.rows[f].n_told, err);
	if (asking.is_torn)
		ws_error(err, rc, "%s: holds a request of a flow that is not there: drop the run, and load it again",
			 ws_far_name(far));
	if (asking.has_more)
		ws_error(err, rc,
			 "%s: told of more requests than a file has: the store has changed meanwhile: try again",
			 ws_far_name(far));
	ws_far_servers_close(&servers);
	free(asking.condition);
	free(asking.rows);
	return rc;
}

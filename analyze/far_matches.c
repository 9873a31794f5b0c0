/* SPDX-License-Identifier: BSD-2-Clause */
/* far_matches - see far_matches.h. */
#include "analyze/far_matches.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "analyze/far_alike.h"
#include "analyze/far_sql.h"
#include "analyze/radix.h"
#include "analyze/trays.h"
#include "lib/clickhouse/client.h"
#include "lib/clickhouse/result.h"
#include "lib/clickhouse/tables.h"
#include "lib/text_stream.h"

/* What is told of counterparts: by its bits whether the record file has one, and the capture; or that there are more.
 */
#define CROWDED 4

/* Columns of an answer: of each file flow, traits and the last stamp. */
enum { SHAPE, POINT, SEQ, FLOW_0, TRAITS_0, LAST_0, FLOW_1, TRAITS_1, LAST_1, N_MATCHES, N_ROWS, N_COLUMNS };

struct asking {
	const struct ws_far_matching *matching;
	ws_harvest_take_match take;
	void *context;
	struct ws_numbers *crowded;
	uint64_t n_rows, n_crowded_rows;
	uint64_t slice, n_slices;
	bool is_torn; /* a request of a flow that is not there, or a point that is none */
	bool is_odd;  /* more requests than there are, or counts that contradict one another */
};

static bool list_of(const void *context, uint32_t file, int64_t *number)
{
	const struct ws_far_judged *judged = context;

	*number = judged->list_of_file[file];
	return judged->list_of_file[file] != WS_NO_LIST;
}

static bool point_of(const void *context, uint32_t file, int64_t *number)
{
	const struct ws_far_judged *judged = context;

	*number = judged->vantage[file].node;
	return judged->list_of_file[file] != WS_NO_LIST;
}

/* A list's part of a sequence number at a point: of no more than one row, its values. */
static void put_list(int list, FILE *out)
{
	fprintf(out,
		", countIf(list = %d) AS n%d, sumIf(flow, list = %d) AS f%d, sumIf(traits, list = %d) AS x%d,"
		" maxIf(ts_ns, list = %d) AS t%d",
		list, list, list, list, list, list, list, list);
}

/* The question behind SELECT. NULL: no memory; the caller's, to be freed. */
static char *compose(const struct asking *asking)
{
	const struct ws_far_matching *matching = asking->matching;
	char *rows = ws_far_rows(matching->far, WS_TABLE_REQUEST), *text = NULL;
	struct ws_text_stream stream;

	if (!rows || ws_text_stream_open(&stream)) {
		free(rows);
		return NULL;
	}
	fputs("toUInt8(if(n0 > 1 OR n1 > 1, 4, n0 + 2 * n1)) AS shape, toUInt32(point),"
	      " toUInt32(if(shape = 4, seq, 0)) AS s",
	      stream.out);
	for (int list = 0; list < 2; list++)
		fprintf(stream.out,
			", if(shape = 4, 0, f%d) AS flow%d, toInt64(if(shape = 4, 0, x%d)) AS traits%d,"
			" toInt64(max(t%d))",
			list, list, list, list, list);
	fputs(", toInt64(count()), toInt64(sum(n0 + n1)) FROM (SELECT point, seq", stream.out);
	put_list(0, stream.out);
	put_list(1, stream.out);
	fputs(" FROM (SELECT ", stream.out);
	ws_far_put_numbers(&matching->study->catalog, point_of, matching->judged, stream.out);
	fputs(" AS point, ", stream.out);
	ws_far_put_numbers(&matching->study->catalog, list_of, matching->judged, stream.out);
	fputs(" AS list, seq, toInt64(flow_id) AS flow, ts_ns, ", stream.out);
	ws_far_put_period(matching->study, matching->changes, stream.out);
	fputs(" AS period, bitShiftLeft(toUInt64(period), 32) + bitShiftLeft(toUInt64(http_version), 24) +"
	      " bitShiftLeft(toUInt64(family), 16) + bitShiftLeft(toUInt64(direction), 8) + reason AS traits ",
	      stream.out);
	fputs(rows, stream.out);
	if (asking->n_slices > 1)
		fprintf(stream.out, " AND intHash32(seq) %% %" PRIu64 " = %" PRIu64, asking->n_slices, asking->slice);
	fputs(") GROUP BY point, seq) GROUP BY shape, point, s, flow0, traits0, flow1, traits1"
	      " SETTINGS max_bytes_before_external_group_by = " WS_FAR_GROUP_BYTES
	      ", distributed_product_mode = 'local'",
	      stream.out);
	free(rows);
	return ws_text_stream_finish(&stream, &text, NULL) ? NULL : text;
}

/* The file of a point's list; n_files: there is none. */
static uint32_t file_at(const struct ws_far_matching *matching, int64_t point, uint8_t list)
{
	const uint32_t n_files = matching->study->catalog.n_files;
	uint32_t f = 0;

	while (f < n_files && (matching->judged->list_of_file[f] != list || matching->judged->vantage[f].node != point))
		f++;
	return f;
}

/* Fills in what a file has. 0 or -EPROTO. */
static int look(const struct ws_far_matching *matching, const struct ws_value *value, uint32_t file,
		struct ws_sighting *seen, struct ws_place *place)
{
	const struct ws_catalog *catalog = &matching->study->catalog;
	const uint64_t traits = (uint64_t)value[1].integer;

	*seen = (struct ws_sighting) {
		.ts_ns = value[2].integer,
		.tuple = ws_roster_find(matching->roster, value[0].integer),
		.ids_end_off = WS_NEVER,
		.direction = (uint8_t)(traits >> 8),
		.family = (uint8_t)(traits >> 16),
		.file = (uint16_t)file,
	};
	*place = (struct ws_place) { .http_version = (uint8_t)(traits >> 24) };
	if (file == catalog->n_files || seen->tuple == UINT32_MAX)
		return -EPROTO;
	seen->reason = ws_far_reason(&catalog->file[file], matching->family, (uint8_t)traits, seen->family);
	return 0;
}

static int take_match(struct asking *asking, const struct ws_value *row)
{
	const struct ws_far_matching *matching = asking->matching;
	struct ws_harvest_match match = { .n = (uint64_t)row[N_MATCHES].integer }, alone;
	int rc = 0;

	for (int list = 0; list < 2 && !rc; list++) {
		uint32_t file = file_at(matching, row[POINT].integer, (uint8_t)list);

		match.is_seen[list] = row[SHAPE].integer >> list & 1;
		match.at[list].file = (uint16_t)file;
		if (match.is_seen[list])
			rc = look(matching, &row[list ? FLOW_1 : FLOW_0], file, &match.at[list], &match.place[list]);
		asking->is_torn |= rc || file == matching->study->catalog.n_files;
	}
	if (asking->is_torn)
		return -EPROTO;
	if (!match.is_seen[0] || !match.is_seen[1] || match.at[0].tuple == match.at[1].tuple)
		return asking->take(asking->context, &match);
	/* of two connections: each is alone */
	for (int list = 0; list < 2 && !rc; list++) {
		alone = match;
		alone.is_seen[!list] = false;
		rc = asking->take(asking->context, &alone);
	}
	return rc;
}

/* Does a row stand for requests, for no more than are left, and, if for counterparts, for all that it says? */
static bool is_sound(const struct asking *asking, const struct ws_value *row)
{
	const uint64_t shape = (uint64_t)row[SHAPE].integer, n = (uint64_t)row[N_MATCHES].integer;
	const uint64_t n_rows = (uint64_t)row[N_ROWS].integer;

	if (n < 1 || n > n_rows || n_rows > asking->matching->judged->n_rows - asking->n_rows)
		return false;
	return shape == CROWDED || (shape >= 1 && shape <= 3 && n_rows == (shape == 3 ? 2 * n : n));
}

static int take(struct asking *asking, const struct ws_value *row)
{
	asking->is_odd = !is_sound(asking, row);
	if (asking->is_odd)
		return -EPROTO;
	asking->n_rows += (uint64_t)row[N_ROWS].integer;
	if (row[SHAPE].integer != CROWDED)
		return take_match(asking, row);
	asking->n_crowded_rows += (uint64_t)row[N_ROWS].integer;
	return ws_numbers_add(asking->crowded, (uint64_t)row[POINT].integer << 32 | (uint64_t)row[SEQ].integer);
}

static int ask(struct asking *asking, struct ws_error *err)
{
	static const uint8_t kind[N_COLUMNS] = { WS_KIND_U8,  WS_KIND_U32, WS_KIND_U32, WS_KIND_I64,
						 WS_KIND_I64, WS_KIND_I64, WS_KIND_I64, WS_KIND_I64,
						 WS_KIND_I64, WS_KIND_I64, WS_KIND_I64 };
	struct ws_result *result = NULL;
	const struct ws_value *row;
	char *query = compose(asking);
	int status,
		rc = query ? ws_result_open(ws_far_client(asking->matching->far), query, kind, N_COLUMNS, &result, err)
			   : ws_error(err, -ENOMEM, "out of memory");

	free(query);
	if (rc)
		return rc;
	while (!rc && (status = ws_result_next(result, &row, err)) > 0)
		rc = take(asking, row);
	ws_result_close(result);
	return rc ? rc : status;
}

int ws_far_matches(const struct ws_far_matching *matching, ws_harvest_take_match take_one, void *context,
		   struct ws_numbers *crowded, uint64_t *n_rows, struct ws_error *err)
{
	struct asking asking = {
		.matching = matching,
		.take = take_one,
		.context = context,
		.crowded = crowded,
		.n_slices = matching->judged->n_rows / WS_FAR_SLICE_ROWS + 1,
	};
	int rc = 0;

	for (; asking.slice < asking.n_slices && !rc; asking.slice++)
		rc = ask(&asking, err);
	if (asking.is_torn)
		return ws_error(err, rc,
				"%s: holds a request of a flow that is not there: drop the run, and load it again",
				ws_far_name(matching->far));
	if (asking.is_odd)
		return ws_error(err, rc,
				"%s: told of other requests than it has counted: the store has changed meanwhile: try "
				"again",
				ws_far_name(matching->far));
	if (!rc && asking.n_rows != matching->judged->n_rows)
		rc = ws_error(err, -EPROTO,
			      "%s: %" PRIu64 " requests were counted, of %" PRIu64
			      ": the store has changed meanwhile: try again",
			      ws_far_name(matching->far), asking.n_rows, matching->judged->n_rows);
	if (!rc && ws_radix_sort(crowded->at, crowded->n))
		rc = ws_error(err, -ENOMEM, "out of memory");
	if (!rc)
		*n_rows = asking.n_crowded_rows;
	return rc;
}

bool ws_far_is_crowded(const struct ws_numbers *crowded, uint64_t number)
{
	uint64_t low = 0, high = crowded->n;

	while (low < high) {
		uint64_t middle = low + (high - low) / 2;

		if (crowded->at[middle] < number)
			low = middle + 1;
		else
			high = middle;
	}
	return low < crowded->n && crowded->at[low] == number;
}

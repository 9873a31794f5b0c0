/* SPDX-License-Identifier: BSD-2-Clause */
/* far_sift_sql - see far_sift_sql.h. */
#include "analyze/far_sift_sql.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/far_sql.h"
#include "analyze/trays.h"
#include "lib/text_stream.h"

/* If buckets are few, only rows of these are looked at again. A server takes a query of 256 KB and of 50000 parts. */
#define BUCKETS_MAX 15000

/* Each source's sightings once at each side, in fields of 16 bits a list; the number of rows keeps a carry out. */
#define MASK_EBPF "65537"
#define MASK_PCAP "281479271677952"
#define MASK_BOTH "281479271743489"
#define IS_PAIRED "((count() = 2 AND mask IN (" MASK_EBPF ", " MASK_PCAP ")) OR (count() = 4 AND mask = " MASK_BOTH "))"

/* Sequence numbers tell requests without a context apart. */
#define HASH   "cityHash64(" WS_SIFT_ID ", toUInt32(seq))"
#define BUCKET "toInt64(" HASH " % 262144)"

static bool takes_part(const struct ws_far_question *question, uint32_t file)
{
	return question->list_of_file[file] != WS_NO_LIST;
}

static bool list_of(const void *context, uint32_t file, int64_t *number)
{
	const struct ws_far_question *question = context;

	*number = question->list_of_file[file];
	return takes_part(question, file);
}

/* The list of a row. One without a context that leaves it open whether there is one is of no list's: of another one. */
static void put_list(const struct ws_far_question *question, FILE *out)
{
	if (!question->bare_reasons) {
		ws_far_put_numbers(question->catalog, list_of, question, out);
		return;
	}
	fputs("(", out);
	ws_far_put_numbers(question->catalog, list_of, question, out);
	fputs(" + if(reason != 16 AND NOT bitTest(toUInt64(", out);
	fprintf(out, "%" PRIu64 "), reason) AND ", question->bare_reasons);
	ws_far_put_numbers(question->catalog, list_of, question, out);
	fprintf(out, " = 0, %d, 0))", WS_N_SIDES);
}

static bool node_of(const void *context, uint32_t file, int64_t *number)
{
	const struct ws_far_question *question = context;

	*number = question->vantage[file].node;
	return takes_part(question, file);
}

static bool index_of(const void *context, uint32_t file, int64_t *number)
{
	const struct ws_far_question *question = context;

	*number = file;
	return takes_part(question, file);
}

static bool family_of(const void *context, uint32_t file, int64_t *number)
{
	const struct ws_far_question *question = context;

	*number = question->family[file];
	return takes_part(question, file);
}

/* A row that takes part, and ids that can be some. */
static void put_takes_part(const struct ws_far_question *question, FILE *out)
{
	fputs("(direction < 3 AND ((reason = 16 AND length(span_id) = 8 AND length(trace_id) IN (8, 16))", out);
	if (question->bare_reasons)
		fputs(" OR (reason != 16 AND empty(trace_id) AND empty(span_id))", out);
	fputc(')', out);
	if (question->family) {
		fputs(" AND family != 0 AND family = ", out);
		ws_far_put_numbers(question->catalog, family_of, question, out);
	}
	fputc(')', out);
}

/* The identity of a row, and its node. */
static void put_key(const struct ws_far_question *question, const char *const name[5], FILE *out)
{
	fprintf(out,
		WS_SIFT_ID "%s, toFixedString(substring(span_id, 1, 8), 8)%s, toUInt32(seq)%s, "
			   "toUInt8(length(" WS_SQL_SETTLED_TRACE_ID "))%s, toUInt32(",
		name[0], name[1], name[2], name[3]);
	ws_far_put_numbers(question->catalog, node_of, question, out);
	fprintf(out, ")%s", name[4]);
}

static void put_mask(const struct ws_far_question *question, FILE *out)
{
	fputs("sum(bitShiftLeft(toUInt64(1), 16 * ", out);
	put_list(question, out);
	fputs(")) AS mask", out);
}

/* The sum of a value over the rows of a list. */
static void put_sum(const char *value, char name, int list, const struct ws_far_question *question, FILE *out)
{
	fprintf(out, ", sumIf(%s, ", value);
	put_list(question, out);
	fprintf(out, " = %d) AS %c%d", list, name, list);
}

/* What single pairs are told with, and pairs that are alike are not. */
static void put_more_sums(const struct ws_far_question *question, int list, FILE *out)
{
	fputs(", sumIf(toUInt64(", out);
	ws_far_put_numbers(question->catalog, index_of, question, out);
	fputs("), ", out);
	put_list(question, out);
	fprintf(out, " = %d) AS i%d", list, list);
	if (list % WS_N_SIDES == WS_SIDE_NIC)
		put_sum("toInt64(request_id)", 'q', list, question, out);
	else if (question->ids)
		put_sum(WS_SIFT_EXTRAS, 'x', list, question, out);
}

/* Of each identity: the stamps, flows and traits of its lists, which are those of its sightings where it is a pair. */
static void put_groups(const struct ws_sift_sql *sql, bool are_single, FILE *out)
{
	static const char *const key[] = { " AS k1", " AS k2", " AS k3", " AS k4", " AS node" };
	const struct ws_far_question *question = sql->question;

	fputs("SELECT ", out);
	put_key(question, key, out);
	fputs(", ", out);
	put_mask(question, out);
	for (int list = 0; list < WS_N_SOURCES * WS_N_SIDES; list++) {
		put_sum("toInt64(flow_id)", 'f', list, question, out);
		put_sum("ts_ns", 't', list, question, out);
		put_sum(WS_SIFT_TRAITS, 'r', list, question, out);
		fprintf(out, ", bitAnd(r%d, 255) AS d%d", list, list);
		if (are_single && question->is_joined[list / WS_N_SIDES])
			put_more_sums(question, list, out);
	}
	fprintf(out, ", " IS_PAIRED " AS is_paired FROM request%s WHERE %s AND ", sql->suffix, sql->condition);
	put_takes_part(question, out);
	if (sql->n_slices > 1)
		fprintf(out, " AND " HASH " %% %" PRIu64 " = %" PRIu64, sql->n_slices, sql->slice);
	fputs(" GROUP BY k1, k2, k3, k4, node", out);
}

/* Behind a question. Grouped is on each shard: all of a trace is on one. */
static void put_settings(const struct ws_sift_sql *sql, FILE *out)
{
	fprintf(out, " SETTINGS max_bytes_before_external_group_by = " WS_FAR_GROUP_BYTES "%s",
		ws_far_merging(sql->is_all));
}

/* The way and the class of a source's pair: ws_single_way(), ws_pair_class(), ws_kernel_way(). 1: received; 2: sent. */
static void put_pair(int source, FILE *out)
{
	const int nic = WS_N_SIDES * source + WS_SIDE_NIC, vport = WS_N_SIDES * source + WS_SIDE_VPORT;

	fprintf(out,
		", if(t%d != t%d, t%d < t%d, if(d%d != 0, d%d = 1, d%d = 2)) AS w%d"
		", if(w%d, t%d - t%d, t%d - t%d) AS l%d"
		", if(bitShiftRight(r%d, 8) != bitShiftRight(r%d, 8), %d, 0) +"
		" if((d%d != 0 AND (d%d = 2) != w%d) OR (d%d != 0 AND (d%d = 1) != w%d), %d, 0) AS c%d",
		vport, nic, vport, nic, vport, vport, nic, source, source, nic, vport, vport, nic, source, nic, vport,
		WS_CLASS_SPLIT, nic, nic, source, vport, vport, source, WS_CLASS_INCONSISTENT, source);
}

/* What is told of an identity. */
static void put_kinds(const struct ws_far_question *question, FILE *out)
{
	const char *ebpf = question->latencies ? "0, 1" : "0", *pcap = question->latencies ? "2, 3" : "2";

	fprintf(out, "multiIf(NOT is_paired, [6], mask = " MASK_EBPF ", [%s], mask = " MASK_PCAP ", [%s], ", ebpf,
		pcap);
	if (question->agreement)
		fprintf(out, "w0 = w1, [%s, %s, 4, 5], [%s, %s, 4])", ebpf, pcap, ebpf, pcap);
	else
		fprintf(out, "[%s, %s])", ebpf, pcap);
}

/* What is told of a kind: a, before it is rounded. */
static const char told_raw[] =
	"SELECT kind, multiIf(kind = 0, f0, kind = 1, l0, kind = 2, f2, kind = 3, l1, kind = 4, f1, kind = 5, l0 - l1,"
	" toInt64(cityHash64(k1, k3) % 262144)) AS raw,"
	" multiIf(kind = 0, f1, kind = 2, f3, kind = 4, f3, toInt64(0)) AS b,"
	" toInt64(multiIf(kind = 0, node * 32 + w0 * 16 + c0, kind = 1, w0, kind = 2, node * 32 + w1 * 16 + c1,"
	" kind = 3, w1, kind = 4, w0 != w1, kind = 5, w0, 0)) AS c"
	" FROM (SELECT k1, k3, node, is_paired, mask, f0, f1, f2, f3";

/*
 * Nanoseconds rounded to the middle of their step: of a power of 2 and all up to the next, steps are 2^-STEP_BITS of
 * it, 1 ns at least. Numbers and their negatives alike.
 */
static void put_rounded(FILE *out)
{
	fprintf(out,
		"if(kind IN (1, 3, 5), if(raw < 0, -1, 1) * toInt64(size - size %% step + intDiv(step, 2)), raw) AS a"
		" FROM (SELECT kind, raw, b, c, toInt64(abs(raw)) AS size,"
		" greatest(toInt64(intDiv(toInt64(roundToExp2(size)), %d)), toInt64(1)) AS step FROM (",
		1 << WS_SIFT_STEP_BITS);
}

static void put_question(const void *context, FILE *out)
{
	const struct ws_sift_sql *sql = context;

	fputs("kind, a, b, c, toInt64(count()) FROM (SELECT kind, b, c, ", out);
	if (sql->question->rounds)
		put_rounded(out);
	else
		fputs("raw AS a FROM (", out);
	fputs(told_raw, out);
	put_pair(WS_SOURCE_EBPF, out);
	put_pair(WS_SOURCE_PCAP, out);
	fputs(", ", out);
	put_kinds(sql->question, out);
	fputs(" AS kinds FROM (", out);
	put_groups(sql, false, out);
	fprintf(out, ")) ARRAY JOIN kinds AS kind)%s) GROUP BY kind, a, b, c", sql->question->rounds ? ")" : "");
	put_settings(sql, out);
}

char *ws_sift_sql_ask(const struct ws_sift_sql *sql)
{
	return ws_text_written(put_question, sql);
}

/* The columns of a source's pair. */
static void put_spots(const struct ws_far_question *question, int source, FILE *out)
{
	const int nic = WS_N_SIDES * source + WS_SIDE_NIC, vport = WS_N_SIDES * source + WS_SIDE_VPORT;

	for (int list = nic; list <= vport; list++)
		fprintf(out, ", f%d, toUInt16(i%d), t%d, toInt64(r%d)", list, list, list, list);
	fprintf(out, ", q%d", nic);
	if (question->ids)
		fprintf(out, ", toInt64(x%d)", vport);
}

uint32_t ws_sift_pair_kinds(const struct ws_far_question *question, uint8_t kind[WS_SIFT_COLUMNS_MAX])
{
	static const uint8_t of_spot[] = { WS_KIND_I64, WS_KIND_U16, WS_KIND_I64, WS_KIND_I64 };
	uint32_t n = 0;

	kind[n++] = WS_KIND_U8;
	kind[n++] = WS_KIND_U32;
	if (question->ids) {
		kind[n++] = WS_KIND_FIXED_16;
		kind[n++] = WS_KIND_U8;
		kind[n++] = WS_KIND_I64;
	}
	for (int source = 0; source < WS_N_SOURCES; source++) {
		for (size_t i = 0; i < 2 * sizeof(of_spot) && question->is_joined[source]; i++)
			kind[n++] = of_spot[i % sizeof(of_spot)];
		if (question->is_joined[source])
			kind[n++] = WS_KIND_I64;
		if (question->is_joined[source] && question->ids)
			kind[n++] = WS_KIND_I64;
	}
	return n;
}

static void put_single_pairs(const void *context, FILE *out)
{
	const struct ws_sift_sql *sql = context;
	const struct ws_far_question *question = sql->question;

	fputs("toUInt8(multiIf(NOT is_paired, 3, mask = " MASK_EBPF ", 0, mask = " MASK_PCAP ", 1, 2)),"
	      " toUInt32(if(is_paired, k3, cityHash64(k1, k3) % 262144))",
	      out);
	if (question->ids)
		fputs(", k1, k4, reinterpretAsInt64(k2)", out);
	for (int source = 0; source < WS_N_SOURCES; source++) {
		if (question->is_joined[source])
			put_spots(question, source, out);
	}
	fputs(" FROM (", out);
	put_groups(sql, true, out);
	fputc(')', out);
	put_settings(sql, out);
}

char *ws_sift_sql_pairs(const struct ws_sift_sql *sql)
{
	return ws_text_written(put_single_pairs, sql);
}

static void put_buckets(const struct ws_sift_sql *sql, FILE *out)
{
	const char *comma = "";

	fputs(BUCKET " IN (", out);
	for (uint32_t bucket = 0; bucket < WS_SIFT_BUCKETS; bucket++) {
		if (sql->left[bucket / 64] >> bucket % 64 & 1) {
			fprintf(out, "%s%" PRIu32, comma, bucket);
			comma = ",";
		}
	}
	fputc(')', out);
}

static bool are_few(const struct ws_sift_sql *sql)
{
	return sql->n_left && sql->n_left <= BUCKETS_MAX;
}

/* Of the rows that take part, those of identities that are left: they are told by grouping once more. */
static void put_left(const struct ws_sift_sql *sql, FILE *out)
{
	static const char *const unnamed[] = { "", "", "", "", "" };
	static const char *const key[] = { " AS k1", " AS k2", " AS k3", " AS k4", " AS k5" };

	fputs(" OR (", out);
	put_key(sql->question, unnamed, out);
	fputs(") IN (SELECT ", out);
	put_key(sql->question, key, out);
	/* servers later than 18.16 ask for an alias where their analyzer is the older one, until 24.3 the default */
	fprintf(out, " FROM request AS one WHERE %s AND ", sql->condition);
	put_takes_part(sql->question, out);
	if (are_few(sql)) {
		fputs(" AND ", out);
		put_buckets(sql, out);
	}
	fputs(" GROUP BY k1, k2, k3, k4, k5 HAVING NOT ((count() = 2 AND (", out);
	put_mask(sql->question, out);
	fputs(") IN (" MASK_EBPF ", " MASK_PCAP ")) OR (count() = 4 AND mask = " MASK_BOTH ")))", out);
}

/* What PREWHERE says: rows that take no part, and the buckets of what is left. */
static void put_prewhere(const void *context, FILE *out)
{
	const struct ws_sift_sql *sql = context;

	fputs("(NOT ", out);
	put_takes_part(sql->question, out);
	if (sql->n_left) {
		fputs(" OR ", out);
		if (are_few(sql))
			put_buckets(sql, out);
		else
			fputc('1', out);
	}
	fputc(')', out);
}

static void put_where(const void *context, FILE *out)
{
	const struct ws_sift_sql *sql = context;

	fprintf(out, "%s AND (NOT ", sql->condition);
	put_takes_part(sql->question, out);
	if (sql->n_left)
		put_left(sql, out);
	fputc(')', out);
}

int ws_sift_sql_left(const struct ws_sift_sql *sql, char **prewhere, char **where)
{
	char *first = ws_text_written(put_prewhere, sql), *then = ws_text_written(put_where, sql);

	if (!first || !then) {
		free(first);
		free(then);
		return -ENOMEM;
	}
	*prewhere = first;
	*where = then;
	return 0;
}

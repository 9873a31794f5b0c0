/* SPDX-License-Identifier: BSD-2-Clause */
/* far_sift - see far_sift.h. */
#include "analyze/far_sift.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/far_servers.h"
#include "analyze/trays.h"
#include "lib/clickhouse/result.h"

/* What a server may keep in memory while it groups; the rest goes to its disk. */
#define GROUP_BYTES "536870912"

/*
 * Of identities that are left, the buckets are noted that their ids fall into: if they are few, only rows of these are
 * looked at again. A server takes a query of 256 KB and of 50000 parts.
 */
#define N_BUCKETS   (UINT32_C(1) << 18)
#define BUCKETS_MAX 15000

/* A server is asked about so many rows at a time: it answers before it seems to be silent, and within its memory. */
#define SLICE_ROWS 8000000

/* Each source's sightings once at each side, in fields of 16 bits a list; the number of rows keeps a carry out. */
#define MASK_EBPF "65537"
#define MASK_PCAP "281479271677952"
#define MASK_BOTH "281479271743489"
#define IS_PAIRED "((count() = 2 AND mask IN (" MASK_EBPF ", " MASK_PCAP ")) OR (count() = 4 AND mask = " MASK_BOTH "))"

/* ws_identity_settle() in SQL; substring() counts from 1. */
#define SETTLED                                                                                                     \
	"multiIf(family = 5 AND length(trace_id) = 16, substring(trace_id, 9, 8), family = 9,"                      \
	" concat(substring(trace_id, 1, 6), unhex(hex(bitAnd(reinterpretAsUInt8(substring(trace_id, 7, 1)), 15)))," \
	" substring(trace_id, 8)), trace_id)"
#define ID "toFixedString(substring(" SETTLED ", 1, 16), 16)"
#define TRAITS                                                                                          \
	"bitShiftLeft(toUInt64(payload_len), 24) + bitShiftLeft(toUInt64(least(n_segments, 65535)), 8)" \
	" + direction"
#define BUCKET "toInt64(cityHash64(" ID ") % 262144)"

struct asking {
	struct ws_far *far;
	const struct ws_far_question *question;
	int (*take)(void *context, const struct ws_told *told);
	void *context;
	char *condition; /* of the files that take part */
	uint64_t *left;	 /* bits: buckets of identities that are left */
	uint32_t n_left; /* of these */
	uint64_t slice;	 /* of identities, by their hash: the one that is asked about */
	uint64_t n_slices;
};

/* transform(file_id, [files], [numbers]): a number of each file that takes part. */
static void put_numbers(const struct ws_far_question *question,
			uint64_t (*number)(const struct ws_far_question *, uint32_t), FILE *out)
{
	const struct ws_catalog *catalog = question->catalog;

	for (int part = 0; part < 2; part++) {
		const char *comma = "";

		fputs(part ? "], [" : "transform(file_id, [", out);
		for (uint32_t f = 0; f < catalog->n_files; f++) {
			if (question->list_of_file[f] == WS_NO_LIST)
				continue;
			fprintf(out, "%s%" PRId64, comma,
				part ? (int64_t)number(question, f) : catalog->file[f].file_id);
			comma = ", ";
		}
	}
	fputs("], 0)", out);
}

static uint64_t list_of(const struct ws_far_question *question, uint32_t file)
{
	return question->list_of_file[file];
}

static uint64_t node_of(const struct ws_far_question *question, uint32_t file)
{
	return question->vantage[file].node;
}

static uint64_t family_of(const struct ws_far_question *question, uint32_t file)
{
	return question->family[file];
}

/* A row with a context that takes part, and ids that can be some. */
static void put_takes_part(const struct ws_far_question *question, FILE *out)
{
	fputs("(reason = 16 AND length(span_id) = 8 AND length(trace_id) IN (8, 16) AND direction < 3", out);
	if (question->family) {
		fputs(" AND family != 0 AND family = ", out);
		put_numbers(question, family_of, out);
	}
	fputc(')', out);
}

/* The identity of a row, and its node. */
static void put_key(const struct ws_far_question *question, const char *const name[5], FILE *out)
{
	fprintf(out,
		ID "%s, toFixedString(substring(span_id, 1, 8), 8)%s, toUInt32(seq)%s, toUInt8(length(" SETTLED
		   "))%s, toUInt32(",
		name[0], name[1], name[2], name[3]);
	put_numbers(question, node_of, out);
	fprintf(out, ")%s", name[4]);
}

static void put_mask(const struct ws_far_question *question, FILE *out)
{
	fputs("sum(bitShiftLeft(toUInt64(1), 16 * ", out);
	put_numbers(question, list_of, out);
	fputs(")) AS mask", out);
}

/* The sum of a value over the rows of a list. */
static void put_sum(const char *value, char name, int list, const struct ws_far_question *question, FILE *out)
{
	fprintf(out, ", sumIf(%s, ", value);
	put_numbers(question, list_of, out);
	fprintf(out, " = %d) AS %c%d", list, name, list);
}

/* Of each identity: the stamps, flows and traits of its lists, which are those of its sightings where it is a pair. */
static void put_groups(const struct asking *asking, const char *table, FILE *out)
{
	static const char *const key[] = { " AS k1", " AS k2", " AS k3", " AS k4", " AS node" };
	const struct ws_far_question *question = asking->question;

	fputs("SELECT ", out);
	put_key(question, key, out);
	fputs(", ", out);
	put_mask(question, out);
	for (int list = 0; list < WS_N_SOURCES * WS_N_SIDES; list++) {
		put_sum("toInt64(flow_id)", 'f', list, question, out);
		put_sum("ts_ns", 't', list, question, out);
		put_sum(TRAITS, 'r', list, question, out);
		fprintf(out, ", bitAnd(r%d, 255) AS d%d", list, list);
	}
	fprintf(out, ", " IS_PAIRED " AS is_paired FROM %s WHERE %s AND ", table, asking->condition);
	put_takes_part(question, out);
	if (asking->n_slices > 1)
		fprintf(out, " AND cityHash64(" ID ") %% %" PRIu64 " = %" PRIu64, asking->n_slices, asking->slice);
	fputs(" GROUP BY k1, k2, k3, k4, node", out);
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

/* The whole question, of one server's rows, or of all servers' through one of them. NULL: no memory. */
static char *compose(const struct asking *asking, const struct ws_far_server *server)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return NULL;
	fputs("kind, a, b, c, toInt64(count()) FROM (SELECT kind,"
	      " multiIf(kind = 0, f0, kind = 1, l0, kind = 2, f2, kind = 3, l1, kind = 4, f1, kind = 5, l0 - l1,"
	      " toInt64(cityHash64(k1) % 262144)) AS a,"
	      " multiIf(kind = 0, f1, kind = 2, f3, kind = 4, f3, toInt64(0)) AS b,"
	      " toInt64(multiIf(kind = 0, node * 32 + w0 * 16 + c0, kind = 1, w0, kind = 2, node * 32 + w1 * 16 + c1,"
	      " kind = 3, w1, kind = 4, w0 != w1, kind = 5, w0, 0)) AS c"
	      " FROM (SELECT k1, node, is_paired, mask, f0, f1, f2, f3",
	      out);
	put_pair(WS_SOURCE_EBPF, out);
	put_pair(WS_SOURCE_PCAP, out);
	fputs(", ", out);
	put_kinds(asking->question, out);
	fputs(" AS kinds FROM (", out);
	put_groups(asking, server->table, out);
	fputs(")) ARRAY JOIN kinds AS kind) GROUP BY kind, a, b, c SETTINGS max_bytes_before_external_group_by "
	      "= " GROUP_BYTES,
	      out);
	if (server->is_all)
		fputs(", distributed_group_by_no_merge = 1", out);
	if (fclose(out)) {
		free(text);
		return NULL;
	}
	return text;
}

static int take_left(struct asking *asking, const struct ws_told *told)
{
	uint64_t bucket = (uint64_t)told->a, bit;

	if (bucket >= N_BUCKETS)
		return -EPROTO;
	bit = UINT64_C(1) << bucket % 64;
	asking->n_left += !(asking->left[bucket / 64] & bit);
	asking->left[bucket / 64] |= bit;
	return 0;
}

/* Reads what a server tells. */
static int read_told(struct asking *asking, struct ws_result *result, struct ws_error *err)
{
	const struct ws_value *value;
	int status, rc = 0;

	while (!rc && (status = ws_result_next(result, &value, err)) > 0) {
		struct ws_told told = { (enum ws_told_kind)value[0].integer, value[1].integer, value[2].integer,
					(uint64_t)value[3].integer, (uint64_t)value[4].integer };

		rc = told.kind == WS_TOLD_LEFT ? take_left(asking, &told) : 0;
		rc = rc ? rc : asking->take(asking->context, &told);
		if (rc)
			return rc;
	}
	return rc ? rc : status;
}

/* All servers work at the same time. */
static int ask(struct asking *asking, const struct ws_far_servers *servers, struct ws_error *err)
{
	static const uint8_t kind[] = { WS_KIND_U8, WS_KIND_I64, WS_KIND_I64, WS_KIND_I64, WS_KIND_I64 };
	struct ws_result **result = calloc((size_t)servers->n + 1, sizeof(*result));
	int rc = result ? 0 : ws_error(err, -ENOMEM, "out of memory");

	for (uint32_t i = 0; i < servers->n && !rc; i++) {
		char *text = compose(asking, &servers->at[i]);

		rc = text ? ws_result_open(servers->at[i].client, text, kind, 5, &result[i], err)
			  : ws_error(err, -ENOMEM, "out of memory");
		free(text);
	}
	for (uint32_t i = 0; i < servers->n && !rc; i++)
		rc = read_told(asking, result[i], err);
	for (uint32_t i = 0; i < servers->n && result; i++)
		ws_result_close(result[i]);
	free(result);
	return rc;
}

/* How many slices there are, of rows that lie evenly on all servers. */
static uint64_t count_slices(const struct asking *asking, const struct ws_far_servers *servers)
{
	const struct ws_catalog *catalog = asking->question->catalog;
	uint64_t n_rows = 0;

	for (uint32_t f = 0; f < catalog->n_files; f++)
		n_rows += asking->question->list_of_file[f] != WS_NO_LIST ? catalog->file[f].n_requests : 0;
	return n_rows / servers->n / SLICE_ROWS + 1;
}

/* Does each file have the rows that it is said to have? */
static int check_files(const struct asking *asking, struct ws_error *err)
{
	static const uint8_t kind[] = { WS_KIND_I64, WS_KIND_I64 };
	const struct ws_catalog *catalog = asking->question->catalog;
	uint64_t *n = calloc((size_t)catalog->n_files + 1, sizeof(*n));
	const struct ws_value *value;
	struct ws_result *result = NULL;
	char *query = NULL;
	int rc, status = 0;

	if (!n || asprintf(&query, "toInt64(file_id), toInt64(count()) FROM request WHERE %s GROUP BY file_id",
			   asking->condition) < 0)
		query = NULL;
	rc = query ? ws_result_open(ws_far_client(asking->far), query, kind, 2, &result, err)
		   : ws_error(err, -ENOMEM, "out of memory");
	while (!rc && (status = ws_result_next(result, &value, err)) > 0) {
		for (uint32_t f = 0; f < catalog->n_files; f++)
			n[f] += catalog->file[f].file_id == value[0].integer ? (uint64_t)value[1].integer : 0;
	}
	rc = rc ? rc : status;
	for (uint32_t f = 0; f < catalog->n_files && !rc; f++) {
		if (asking->question->list_of_file[f] != WS_NO_LIST && n[f] != catalog->file[f].n_requests)
			rc = ws_error(err, -EPROTO,
				      "%s: holds %" PRIu64 " requests of %s, which has %" PRIu64
				      ": another program loads it, or rows are lost: try again, else drop the run and "
				      "load it again",
				      ws_far_name(asking->far), n[f], catalog->file[f].path,
				      catalog->file[f].n_requests);
	}
	ws_result_close(result);
	free(query);
	free(n);
	return rc;
}

static void put_buckets(const struct asking *asking, FILE *out)
{
	const char *comma = "";

	fputs(BUCKET " IN (", out);
	for (uint32_t bucket = 0; bucket < N_BUCKETS; bucket++) {
		if (asking->left[bucket / 64] >> bucket % 64 & 1) {
			fprintf(out, "%s%" PRIu32, comma, bucket);
			comma = ",";
		}
	}
	fputc(')', out);
}

/* Rows that take no part, and, if there are some, those of identities that are left. */
static int restrict_rows(struct asking *asking, struct ws_error *err)
{
	static const char *const unnamed[] = { "", "", "", "", "" };
	static const char *const key[] = { " AS k1", " AS k2", " AS k3", " AS k4", " AS k5" };
	const bool are_few = asking->n_left && asking->n_left <= BUCKETS_MAX;
	char *prewhere = NULL, *where = NULL;
	size_t size;
	FILE *first = open_memstream(&prewhere, &size), *then = open_memstream(&where, &size);
	int failed = !first || !then;

	if (!failed) {
		fputs("(NOT ", first);
		put_takes_part(asking->question, first);
		fputs(asking->n_left ? " OR " : "", first);
		if (are_few)
			put_buckets(asking, first);
		fputs(!asking->n_left ? ")" : are_few ? ")" : "1)", first);
		fprintf(then, "%s AND (NOT ", asking->condition);
		put_takes_part(asking->question, then);
		if (asking->n_left) {
			fputs(" OR (", then);
			put_key(asking->question, unnamed, then);
			fputs(") IN (SELECT ", then);
			put_key(asking->question, key, then);
			fprintf(then, " FROM request WHERE %s AND ", asking->condition);
			put_takes_part(asking->question, then);
			if (are_few) {
				fputs(" AND ", then);
				put_buckets(asking, then);
			}
			fputs(" GROUP BY k1, k2, k3, k4, k5 HAVING NOT ((count() = 2 AND (", then);
			put_mask(asking->question, then);
			fputs(") IN (" MASK_EBPF ", " MASK_PCAP ")) OR (count() = 4 AND mask = " MASK_BOTH ")))", then);
		}
		fputc(')', then);
	}
	failed |= first ? fclose(first) : 0;
	failed |= then ? fclose(then) : 0;
	if (failed) {
		free(prewhere);
		free(where);
		return ws_error(err, -ENOMEM, "out of memory");
	}
	ws_far_restrict(asking->far, prewhere, where);
	return 0;
}

static char *condition_of_files(const struct ws_far *far, const struct ws_far_question *question)
{
	const struct ws_catalog *catalog = question->catalog;
	int64_t *file_id = calloc((size_t)catalog->n_files + 1, sizeof(*file_id));
	uint32_t n = 0;
	char *condition;

	if (!file_id)
		return NULL;
	for (uint32_t f = 0; f < catalog->n_files; f++) {
		if (question->list_of_file[f] != WS_NO_LIST)
			file_id[n++] = catalog->file[f].file_id;
	}
	condition = ws_far_condition_of(far, file_id, n);
	free(file_id);
	return condition;
}

int ws_far_sift(struct ws_far *far, const struct ws_far_question *question,
		int (*take)(void *context, const struct ws_told *told), void *context, struct ws_error *err)
{
	struct ws_far_servers servers = { 0 };
	struct asking asking = {
		.far = far,
		.question = question,
		.take = take,
		.context = context,
		.condition = condition_of_files(far, question),
		.left = calloc(N_BUCKETS / 64, sizeof(*asking.left)),
	};
	int rc = asking.condition && asking.left ? 0 : ws_error(err, -ENOMEM, "out of memory");

	rc = rc ? rc : ws_far_servers_open(far, &servers, err);
	rc = rc ? rc : check_files(&asking, err);
	asking.n_slices = rc ? 0 : count_slices(&asking, &servers);
	for (; asking.slice < asking.n_slices && !rc; asking.slice++)
		rc = ask(&asking, &servers, err);
	rc = rc ? rc : restrict_rows(&asking, err);
	ws_far_servers_close(&servers);
	free(asking.condition);
	free(asking.left);
	return rc;
}

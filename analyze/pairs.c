/* SPDX-License-Identifier: BSD-2-Clause */
/* pairs - see pairs.h. */
#include "analyze/pairs.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/harvest.h"
#include "analyze/json.h"
#include "analyze/key.h"
#include "lib/names.h"

/* A row's flow and ids as text. */
struct text {
	const char *saddr;
	const char *daddr;
	unsigned int sport;
	unsigned int dport;
	uint32_t seq;
	char trace_id[33];
	char span_id[17];
	const char *family;
	unsigned int http_version;
	uint32_t stream_id; /* 0: none */
};

/* Who sent a row's packet to whom, and where it was seen. */
struct names {
	char caller_room[WS_OWNER_TEXT_MAX];
	char callee_room[WS_OWNER_TEXT_MAX];
	const char *caller;
	const char *callee;
	char src_name[WS_EDGE_WORDS_MAX];
	char dst_name[WS_EDGE_WORDS_MAX];
	char edge[WS_EDGE_WORDS_MAX];
	const char *node;
	const char *point;
};

/* Addresses as text, one a tuple: written once, not once a row. */
struct address_book {
	const struct ws_tuples *tuples;
	char (*saddr)[WS_ADDRESS_TEXT_LEN];
	char (*daddr)[WS_ADDRESS_TEXT_LEN];
	bool has_names; /* rows have names, too */
};

static void address_book_close(struct address_book *book)
{
	free(book->saddr);
	free(book->daddr);
}

static int address_book_open(const struct ws_study *study, struct address_book *book)
{
	const struct ws_tuples *tuples = &study->tuples;
	struct address_book made = {
		.tuples = tuples,
		.has_names = ws_study_has_names(study),
		.saddr = malloc(((size_t)tuples->n + 1) * sizeof(*made.saddr)),
		.daddr = malloc(((size_t)tuples->n + 1) * sizeof(*made.daddr)),
	};

	if (!made.saddr || !made.daddr) {
		address_book_close(&made);
		return -ENOMEM;
	}
	for (uint32_t i = 0; i < tuples->n; i++) {
		ws_address_text(tuples->at[i].saddr, made.saddr[i]);
		ws_address_text(tuples->at[i].daddr, made.daddr[i]);
	}
	*book = made;
	return 0;
}

static void describe(const struct address_book *book, const struct ws_study *study, const struct ws_told *told,
		     struct text *text)
{
	const struct ws_sighting *s = &told->at;
	const struct ws_tuple *tuple = &book->tuples->at[s->tuple];

	text->saddr = book->saddr[s->tuple];
	text->daddr = book->daddr[s->tuple];
	text->sport = tuple->sport;
	text->dport = tuple->dport;
	text->seq = s->identity.seq;
	ws_hex_text(s->identity.trace_id, s->identity.trace_id_len, text->trace_id);
	ws_hex_text(s->identity.span_id, sizeof(s->identity.span_id), text->span_id);
	text->family = ws_file_family_name(&study->catalog.file[s->file], s->family);
	text->http_version = told->http_version;
	text->stream_id = told->stream_id;
}

/* An address and its port, as in a URL: 10.0.0.1:80, [2001:db8::1]:80. */
static const char *endpoint(const char *address, unsigned int port, char text[WS_ADDRESS_TEXT_LEN + 16])
{
	snprintf(text, WS_ADDRESS_TEXT_LEN + 16, strchr(address, ':') ? "[%s]:%u" : "%s:%u", address, port);
	return text;
}

/* Names the ends of a sighting's packet; other: the same packet at the other side, or NULL. */
static int name_ends(struct ws_study *study, const struct ws_sighting *s, const struct ws_sighting *other,
		     struct names *names)
{
	struct ws_parties parties;
	int rc = ws_naming_parties(&study->naming, &study->tuples, s, other, &parties);

	if (rc)
		return rc;
	names->caller = ws_naming_caller(&parties.caller, names->caller_room);
	names->callee = ws_naming_callee(&parties.callee, names->callee_room);
	ws_owner_full_name(parties.caller.owner, parties.caller.address, names->src_name, sizeof(names->src_name));
	ws_owner_full_name(parties.callee.owner, parties.callee.address, names->dst_name, sizeof(names->dst_name));
	ws_naming_edge(&parties, names->edge);
	names->node = ws_study_node(study, s);
	names->point = study->catalog.file[s->file].point;
	return 0;
}

/* Adds the names to a row, whose key for the point depends on what the row is. */
static json_t *with_names(json_t *row, const struct names *names, const char *point_key)
{
	int rc = !row;

	rc |= json_object_set_new(row, "caller", ws_json_text(names->caller));
	rc |= json_object_set_new(row, "callee", ws_json_text(names->callee));
	rc |= json_object_set_new(row, "src_name", ws_json_text(names->src_name));
	rc |= json_object_set_new(row, "dst_name", ws_json_text(names->dst_name));
	rc |= json_object_set_new(row, "edge", ws_json_text(names->edge));
	rc |= json_object_set_new(row, "node", *names->node ? ws_json_text(names->node) : json_null());
	rc |= json_object_set_new(row, point_key, ws_json_text(names->point));
	if (rc) {
		json_decref(row);
		return NULL;
	}
	return row;
}

/* Ends a row of TSV: with a stream's number, or that there is none; then the names, if there are any. */
static int put_rest(uint32_t stream_id, const struct names *names, FILE *out)
{
	const char *const column[] = { names->caller, names->callee, names->src_name, names->dst_name,
				       names->edge,   names->node,   names->point };

	if (stream_id)
		fprintf(out, "%" PRIu32, stream_id);
	else
		putc('-', out);
	for (size_t i = 0; i < sizeof(column) / sizeof(*column) && names->caller; i++) {
		putc('\t', out);
		ws_key_put_text(*column[i] ? column[i] : "-", out);
	}
	putc('\n', out);
	return 0;
}

/* Ends a row of the table. */
static int put_end(const struct names *names, FILE *out)
{
	if (names->caller) {
		fputs("  ", out);
		ws_key_put_text(names->point, out);
		fputs(*names->node ? ", " : "", out);
		ws_key_put_text(names->node, out);
		fputs(": ", out);
		ws_key_put_text(names->src_name, out);
		fputs(" -> ", out);
		ws_key_put_text(names->dst_name, out);
	}
	putc('\n', out);
	return 0;
}

static int print_pair(struct ws_study *study, const struct ws_told *told, const struct address_book *book,
		      enum ws_format format, bool first, FILE *out)
{
	const char *source = ws_source_name(told->source);
	const char *way = ws_way_name(told->way), *class = ws_class_name(told->class);
	int64_t nic_ns = told->other.ts_ns, vport_ns = told->at.ts_ns;
	uint64_t latency_ns = ws_latency_ns(told->way, nic_ns, vport_ns);
	char from[WS_ADDRESS_TEXT_LEN + 16], to[WS_ADDRESS_TEXT_LEN + 16];
	struct names names = { 0 };
	struct text t;
	json_t *row;
	int rc = book->has_names ? name_ends(study, &told->at, &told->other, &names) : 0;

	if (rc)
		return rc;
	describe(book, study, told, &t);
	switch (format) {
	case WS_FORMAT_JSON:
		row = json_pack("{s:s, s:s, s:s, s:s, s:i, s:s, s:i, s:I, s:s, s:s, s:I, s:I, s:I, s:o, s:i, s:o}",
				"source", source, "direction", way, "class", class, "saddr", t.saddr, "sport",
				(int)t.sport, "daddr", t.daddr, "dport", (int)t.dport, "seq", (json_int_t)t.seq,
				"trace_id", t.trace_id, "span_id", t.span_id, "nic_ns", (json_int_t)nic_ns, "vport_ns",
				(json_int_t)vport_ns, "latency_ns", (json_int_t)latency_ns, "family",
				ws_json_text(t.family), "http_version", (int)t.http_version, "stream_id",
				ws_json_integer_if(t.stream_id, t.stream_id));
		return ws_json_print_row(names.caller ? with_names(row, &names, "vport") : row, first, out);
	case WS_FORMAT_TSV:
		fprintf(out,
			"%s\t%s\t%s\t%s\t%u\t%s\t%u\t%" PRIu32 "\t%s\t%s\t%" PRId64 "\t%" PRId64 "\t%" PRIu64
			"\t%s\t%u\t",
			source, way, class, t.saddr, t.sport, t.daddr, t.dport, t.seq, t.trace_id, t.span_id, nic_ns,
			vport_ns, latency_ns, t.family, t.http_version);
		return put_rest(t.stream_id, &names, out);
	default:
		fprintf(out,
			"%-6s %-3s %-22s %-25s %-25s %10" PRIu32 " %-32s %-16s %20" PRId64 " %20" PRId64 " %9" PRIu64
			".%03" PRIu64,
			source, way, class, endpoint(t.saddr, t.sport, from), endpoint(t.daddr, t.dport, to), t.seq,
			t.trace_id, t.span_id, nic_ns, vport_ns, latency_ns / 1000, latency_ns % 1000);
		return put_end(&names, out);
	}
}

static int print_stray(struct ws_study *study, const struct ws_told *told, const struct address_book *book,
		       enum ws_format format, bool first, FILE *out)
{
	const struct ws_sighting *s = &told->at;
	const char *source = ws_source_name(told->source);
	const char *point = ws_side_name(told->side), *cause = ws_cause_name(told->cause);
	char from[WS_ADDRESS_TEXT_LEN + 16], to[WS_ADDRESS_TEXT_LEN + 16];
	struct names names = { 0 };
	struct text t;
	json_t *row;
	int rc = book->has_names ? name_ends(study, s, NULL, &names) : 0;

	if (rc)
		return rc;
	describe(book, study, told, &t);
	switch (format) {
	case WS_FORMAT_JSON:
		row = json_pack("{s:s, s:s, s:s, s:I, s:s, s:i, s:s, s:i, s:I, s:s, s:s, s:o, s:i, s:o}", "source",
				source, "point", point, "reason", cause, "ts_ns", (json_int_t)s->ts_ns, "saddr",
				t.saddr, "sport", (int)t.sport, "daddr", t.daddr, "dport", (int)t.dport, "seq",
				(json_int_t)t.seq, "trace_id", t.trace_id, "span_id", t.span_id, "family",
				ws_json_text(t.family), "http_version", (int)t.http_version, "stream_id",
				ws_json_integer_if(t.stream_id, t.stream_id));
		return ws_json_print_row(names.caller ? with_names(row, &names, "point_name") : row, first, out);
	case WS_FORMAT_TSV:
		fprintf(out, "%s\t%s\t%s\t%" PRId64 "\t%s\t%u\t%s\t%u\t%" PRIu32 "\t%s\t%s\t%s\t%u\t", source, point,
			cause, s->ts_ns, t.saddr, t.sport, t.daddr, t.dport, t.seq, t.trace_id, t.span_id, t.family,
			t.http_version);
		return put_rest(t.stream_id, &names, out);
	default:
		fprintf(out, "%-6s %-5s %-14s %20" PRId64 " %-25s %-25s %10" PRIu32 " %-32s %-16s", source, point,
			cause, s->ts_ns, endpoint(t.saddr, t.sport, from), endpoint(t.daddr, t.dport, to), t.seq,
			t.trace_id, t.span_id);
		return put_end(&names, out);
	}
}

/* The columns of TSV that there are only with names, but for the last one. */
#define NAMES_HEADER "\tcaller\tcallee\tsrc_name\tdst_name\tedge\tnode\t"

/* Prints all that the harvest has, pairs or strays. header: one a format; last_column: of TSV, where there are names.
 */
static int print_all(struct ws_study *study, enum ws_format format, const char *const header[], const char *last_column,
		     FILE *out)
{
	struct address_book book;
	struct ws_told told;
	bool first = true;
	int rc = address_book_open(study, &book);

	if (rc)
		return rc;
	fputs(header[format], out);
	if (format == WS_FORMAT_TSV) {
		fputs(book.has_names ? NAMES_HEADER : "\n", out);
		fputs(book.has_names ? last_column : "", out);
	}
	while (!ferror(out) && (rc = ws_harvest_next(study->harvest, &told)) > 0) {
		rc = (told.is_pair ? print_pair : print_stray)(study, &told, &book, format, first, out);
		first = false;
		if (rc)
			break;
	}
	if (format == WS_FORMAT_JSON)
		fputs("\n]}\n", out);
	address_book_close(&book);
	return rc;
}

int ws_pairs_print(struct ws_study *study, enum ws_format format, FILE *out)
{
	static const char *const header[] = {
		[WS_FORMAT_TABLE] =
			"source way class                  from                      to                        "
			"       seq trace id                         span id                      nic [ns]"
			"           vport [ns]  latency [us]\n",
		[WS_FORMAT_TSV] =
			"# pairs in order of their entry; nic_ns, vport_ns: stamps of the source's clock\n"
			"# source\tdirection\tclass\tsaddr\tsport\tdaddr\tdport\tseq\ttrace_id\tspan_id\tnic_ns\t"
			"vport_ns\tlatency_ns\tfamily\thttp_version\tstream_id",
		[WS_FORMAT_JSON] = "{\"pairs\":[",
	};
	return print_all(study, format, header, "vport\n", out);
}

int ws_pairs_print_unmatched(struct ws_study *study, enum ws_format format, FILE *out)
{
	static const char *const header[] = {
		[WS_FORMAT_TABLE] =
			"source point reason                   stamp [ns] from                      to       "
			"                        seq trace id                         span id\n",
		[WS_FORMAT_TSV] =
			"# sightings with a context that found no partner at the other point; ts_ns: stamp of the "
			"source's clock\n"
			"# source\tpoint\treason\tts_ns\tsaddr\tsport\tdaddr\tdport\tseq\ttrace_id\tspan_id\tfamily\t"
			"http_version\tstream_id",
		[WS_FORMAT_JSON] = "{\"unmatched\":[",
	};
	return print_all(study, format, header, "point_name\n", out);
}

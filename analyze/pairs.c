/* SPDX-License-Identifier: BSD-2-Clause */
/* pairs - see pairs.h. */
#include "analyze/pairs.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/json.h"
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

/* Addresses as text, one a tuple: written once, not once a row. */
struct address_book {
	const struct ws_tuples *tuples;
	char (*saddr)[WS_ADDRESS_TEXT_LEN];
	char (*daddr)[WS_ADDRESS_TEXT_LEN];
};

static void address_book_close(struct address_book *book)
{
	free(book->saddr);
	free(book->daddr);
}

static int address_book_open(const struct ws_tuples *tuples, struct address_book *book)
{
	struct address_book made = {
		.tuples = tuples,
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

/* Describes a sighting of the view's side. */
static void describe(const struct address_book *book, const struct ws_study *study, const struct ws_view *view,
		     enum ws_side side, uint32_t i, struct text *text)
{
	const struct ws_file *file = view->file[side];
	const struct ws_sightings *sightings = &study->sightings[file - study->catalog.file];
	const struct ws_sighting *s = &sightings->at[i];
	const struct ws_place *place = &sightings->place[i];
	const struct ws_tuple *tuple = &book->tuples->at[s->tuple];
	uint8_t trace_id[sizeof(s->identity.trace_id)];

	text->saddr = book->saddr[s->tuple];
	text->daddr = book->daddr[s->tuple];
	text->sport = tuple->sport;
	text->dport = tuple->dport;
	text->seq = s->identity.seq;
	memcpy(trace_id, s->identity.trace_id, sizeof(trace_id));
	trace_id[WS_ID_VERSION_BYTE] |= place->id_version;
	ws_hex_text(trace_id, s->identity.trace_id_len, text->trace_id);
	ws_hex_text(s->identity.span_id, sizeof(s->identity.span_id), text->span_id);
	text->family = ws_file_family_name(file, s->family);
	text->http_version = place->http_version;
	text->stream_id = place->stream_id;
}

/* An address and its port, as in a URL: 10.0.0.1:80, [2001:db8::1]:80. */
static const char *endpoint(const char *address, unsigned int port, char text[WS_ADDRESS_TEXT_LEN + 16])
{
	snprintf(text, WS_ADDRESS_TEXT_LEN + 16, strchr(address, ':') ? "[%s]:%u" : "%s:%u", address, port);
	return text;
}

/* The last column of a row: a stream's number, or that there is none. */
static int put_stream(uint32_t stream_id, FILE *out)
{
	if (stream_id)
		fprintf(out, "%" PRIu32 "\n", stream_id);
	else
		fputs("-\n", out);
	return 0;
}

static int print_pair(const struct ws_study *study, const struct ws_view *view, const struct ws_pair *pair,
		      const char *source, const struct address_book *book, enum ws_format format, bool first, FILE *out)
{
	const struct ws_join *join = &view->join;
	const struct ws_sighting *nic = &join->side[WS_SIDE_NIC].at[pair->at[WS_SIDE_NIC]];
	const struct ws_sighting *vport = &join->side[WS_SIDE_VPORT].at[pair->at[WS_SIDE_VPORT]];
	const char *way = ws_way_name(pair->way), *class = ws_class_name(pair->class);
	uint64_t latency_ns = ws_pair_latency_ns(join, pair);
	char from[WS_ADDRESS_TEXT_LEN + 16], to[WS_ADDRESS_TEXT_LEN + 16];
	struct text t;

	describe(book, study, view, WS_SIDE_VPORT, pair->at[WS_SIDE_VPORT], &t);
	switch (format) {
	case WS_FORMAT_JSON:
		return ws_json_print_row(
			json_pack("{s:s, s:s, s:s, s:s, s:i, s:s, s:i, s:I, s:s, s:s, s:I, s:I, s:I, s:o, s:i, s:o}",
				  "source", source, "direction", way, "class", class, "saddr", t.saddr, "sport",
				  (int)t.sport, "daddr", t.daddr, "dport", (int)t.dport, "seq", (json_int_t)t.seq,
				  "trace_id", t.trace_id, "span_id", t.span_id, "nic_ns", (json_int_t)nic->ts_ns,
				  "vport_ns", (json_int_t)vport->ts_ns, "latency_ns", (json_int_t)latency_ns, "family",
				  ws_json_text(t.family), "http_version", (int)t.http_version, "stream_id",
				  ws_json_integer_if(t.stream_id, t.stream_id)),
			first, out);
	case WS_FORMAT_TSV:
		fprintf(out,
			"%s\t%s\t%s\t%s\t%u\t%s\t%u\t%" PRIu32 "\t%s\t%s\t%" PRId64 "\t%" PRId64 "\t%" PRIu64
			"\t%s\t%u\t",
			source, way, class, t.saddr, t.sport, t.daddr, t.dport, t.seq, t.trace_id, t.span_id,
			nic->ts_ns, vport->ts_ns, latency_ns, t.family, t.http_version);
		return put_stream(t.stream_id, out);
	default:
		fprintf(out,
			"%-6s %-3s %-22s %-25s %-25s %10" PRIu32 " %-32s %-16s %20" PRId64 " %20" PRId64 " %9" PRIu64
			".%03" PRIu64 "\n",
			source, way, class, endpoint(t.saddr, t.sport, from), endpoint(t.daddr, t.dport, to), t.seq,
			t.trace_id, t.span_id, nic->ts_ns, vport->ts_ns, latency_ns / 1000, latency_ns % 1000);
		return 0;
	}
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
			"vport_ns\tlatency_ns\tfamily\thttp_version\tstream_id\n",
		[WS_FORMAT_JSON] = "{\"pairs\":[",
	};
	struct address_book book;
	bool first = true;
	int rc = address_book_open(&study->tuples, &book);

	if (rc)
		return rc;
	fputs(header[format], out);
	for (int source = 0; source < WS_N_SOURCES && !rc; source++) {
		struct ws_join *join = &study->view[source].join;

		rc = ws_join_sort(join);
		for (uint32_t i = 0; i < join->n_pairs && !rc && !ferror(out); i++) {
			rc = print_pair(study, &study->view[source], &join->pair[i], ws_source_name(source), &book,
					format, first, out);
			first = false;
		}
	}
	if (format == WS_FORMAT_JSON)
		fputs("\n]}\n", out);
	address_book_close(&book);
	return rc;
}

static int print_stray(const struct ws_study *study, const struct ws_view *view, const struct ws_stray *stray,
		       const char *source, const struct address_book *book, enum ws_format format, bool first,
		       FILE *out)
{
	const struct ws_sighting *s = &view->join.side[stray->side].at[stray->at];
	const char *point = ws_side_name(stray->side), *cause = ws_cause_name(stray->cause);
	char from[WS_ADDRESS_TEXT_LEN + 16], to[WS_ADDRESS_TEXT_LEN + 16];
	struct text t;

	describe(book, study, view, stray->side, stray->at, &t);
	switch (format) {
	case WS_FORMAT_JSON:
		return ws_json_print_row(
			json_pack("{s:s, s:s, s:s, s:I, s:s, s:i, s:s, s:i, s:I, s:s, s:s, s:o, s:i, s:o}", "source",
				  source, "point", point, "reason", cause, "ts_ns", (json_int_t)s->ts_ns, "saddr",
				  t.saddr, "sport", (int)t.sport, "daddr", t.daddr, "dport", (int)t.dport, "seq",
				  (json_int_t)t.seq, "trace_id", t.trace_id, "span_id", t.span_id, "family",
				  ws_json_text(t.family), "http_version", (int)t.http_version, "stream_id",
				  ws_json_integer_if(t.stream_id, t.stream_id)),
			first, out);
	case WS_FORMAT_TSV:
		fprintf(out, "%s\t%s\t%s\t%" PRId64 "\t%s\t%u\t%s\t%u\t%" PRIu32 "\t%s\t%s\t%s\t%u\t", source, point,
			cause, s->ts_ns, t.saddr, t.sport, t.daddr, t.dport, t.seq, t.trace_id, t.span_id, t.family,
			t.http_version);
		return put_stream(t.stream_id, out);
	default:
		fprintf(out, "%-6s %-5s %-14s %20" PRId64 " %-25s %-25s %10" PRIu32 " %-32s %-16s\n", source, point,
			cause, s->ts_ns, endpoint(t.saddr, t.sport, from), endpoint(t.daddr, t.dport, to), t.seq,
			t.trace_id, t.span_id);
		return 0;
	}
}

int ws_pairs_print_unmatched(const struct ws_study *study, enum ws_format format, FILE *out)
{
	static const char *const header[] = {
		[WS_FORMAT_TABLE] =
			"source point reason                   stamp [ns] from                      to       "
			"                        seq trace id                         span id\n",
		[WS_FORMAT_TSV] =
			"# sightings with a context that found no partner at the other point; ts_ns: stamp of the "
			"source's clock\n"
			"# source\tpoint\treason\tts_ns\tsaddr\tsport\tdaddr\tdport\tseq\ttrace_id\tspan_id\tfamily\t"
			"http_version\tstream_id\n",
		[WS_FORMAT_JSON] = "{\"unmatched\":[",
	};
	struct address_book book;
	bool first = true;
	int rc = address_book_open(&study->tuples, &book);

	if (rc)
		return rc;
	fputs(header[format], out);
	for (int source = 0; source < WS_N_SOURCES; source++) {
		const struct ws_join *join = &study->view[source].join;

		for (uint32_t i = 0; i < join->n_strays && !rc && !ferror(out); i++) {
			rc = print_stray(study, &study->view[source], &join->stray[i], ws_source_name(source), &book,
					 format, first, out);
			first = false;
		}
	}
	if (format == WS_FORMAT_JSON)
		fputs("\n]}\n", out);
	address_book_close(&book);
	return rc;
}

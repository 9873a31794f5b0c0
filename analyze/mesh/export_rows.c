/* SPDX-License-Identifier: BSD-2-Clause */
/* export_rows - see export.h: as CSV and as JSON, a line an interval. */
#include <inttypes.h>
#include <string.h>

#include "analyze/mesh/export.h"
#include "analyze/mesh/journey.h"
#include "lib/names.h"

/* What is a text in both formats. */
struct texts {
	char trace_id[33], span_id[17], parent_span_id[17];
	char caller[WS_OWNER_TEXT_MAX], callee[WS_OWNER_TEXT_MAX];
	char saddr[WS_ADDRESS_TEXT_LEN], daddr[WS_ADDRESS_TEXT_LEN];
	const char *caller_name, *callee_name;
	const struct ws_atlas_point *from, *to;
	const struct ws_tuple *tuple;
	bool is_answer;
	uint16_t status;
};

static void describe(const struct ws_export_row *row, struct texts *texts)
{
	const struct ws_atlas *atlas = row->atlas;

	ws_hex_text(row->trace_id, sizeof(row->trace_id), texts->trace_id);
	ws_hex_text(row->span_id, sizeof(row->span_id), texts->span_id);
	*texts->parent_span_id = 0;
	if (row->has_parent)
		ws_hex_text(row->parent_span_id, sizeof(row->parent_span_id), texts->parent_span_id);
	texts->caller_name = ws_call_caller(atlas, row->call, texts->caller);
	texts->callee_name = ws_call_callee(row->call, texts->callee);
	texts->from = &atlas->point[row->from->point];
	texts->to = &atlas->point[row->to->point];
	texts->tuple = &atlas->tuples.at[row->from->tuple];
	/* A response has its request's tuple. */
	texts->is_answer = row->from->kind == WS_PASSAGE_RESPONSE;
	ws_address_text(texts->is_answer ? texts->tuple->daddr : texts->tuple->saddr, texts->saddr);
	ws_address_text(texts->is_answer ? texts->tuple->saddr : texts->tuple->daddr, texts->daddr);
	texts->status = row->to->kind == WS_PASSAGE_RESPONSE ? row->to->status : 0;
}

void ws_export_csv_header(FILE *out)
{
	fputs("trace_id,span_id,parent_span_id,name,way,caller,callee,from_node,from_point,to_node,to_point,source,"
	      "class,saddr,sport,daddr,dport,seq,status,start_realtime_ns,end_realtime_ns,duration_ns,"
	      "duration_bound_ns,clock_bound_ns\r\n",
	      out);
}

void ws_export_csv(const struct ws_export_row *row, uint32_t n, FILE *out)
{
	struct texts texts;

	for (uint32_t i = 0; i < n; i++, row++) {
		describe(row, &texts);
		fprintf(out, "%s,%s,%s,%s,%s,", texts.trace_id, texts.span_id, texts.parent_span_id,
			ws_interval_name(row->interval->kind), ws_interval_way(row->interval));
		ws_export_field(texts.caller_name, out);
		ws_export_field(texts.callee_name, out);
		ws_export_field(row->atlas->node[texts.from->node], out);
		ws_export_field(texts.from->name, out);
		ws_export_field(row->atlas->node[texts.to->node], out);
		ws_export_field(texts.to->name, out);
		fprintf(out, "%s,%s,%s,%u,%s,%u,%" PRIu32 ",", ws_source_name(texts.from->source), row->class,
			texts.saddr, texts.is_answer ? texts.tuple->dport : texts.tuple->sport, texts.daddr,
			texts.is_answer ? texts.tuple->sport : texts.tuple->dport, row->from->identity.seq);
		if (texts.status)
			fprintf(out, "%u", texts.status);
		fprintf(out, ",%" PRId64 ",%" PRId64 ",%" PRId64 ",%" PRIu64 ",", row->start_ns, row->end_ns,
			row->interval->duration_ns, row->interval->bound_ns);
		if (row->is_aligned)
			fprintf(out, "%" PRIu64, row->clock_bound_ns);
		fputs("\r\n", out);
	}
}

static void put_member(const char *name, const char *text, FILE *out)
{
	fprintf(out, ",\"%s\":", name);
	ws_export_string(text, out);
}

void ws_export_jsonl(const struct ws_export_row *row, uint32_t n, FILE *out)
{
	struct texts texts;

	for (uint32_t i = 0; i < n; i++, row++) {
		describe(row, &texts);
		fprintf(out,
			"{\"trace_id\":\"%s\",\"span_id\":\"%s\",\"parent_span_id\":%s%s%s,\"name\":\"%s\",\"way\":\"%"
			"s\"",
			texts.trace_id, texts.span_id, row->has_parent ? "\"" : "",
			row->has_parent ? texts.parent_span_id : "null", row->has_parent ? "\"" : "",
			ws_interval_name(row->interval->kind), ws_interval_way(row->interval));
		put_member("caller", texts.caller_name, out);
		put_member("callee", texts.callee_name, out);
		put_member("from_node", row->atlas->node[texts.from->node], out);
		put_member("from_point", texts.from->name, out);
		put_member("to_node", row->atlas->node[texts.to->node], out);
		put_member("to_point", texts.to->name, out);
		fprintf(out,
			",\"source\":\"%s\",\"class\":\"%s\",\"saddr\":\"%s\",\"sport\":%u,\"daddr\":\"%s\",\"dport\":%"
			"u,"
			"\"seq\":%" PRIu32,
			ws_source_name(texts.from->source), row->class, texts.saddr,
			texts.is_answer ? texts.tuple->dport : texts.tuple->sport, texts.daddr,
			texts.is_answer ? texts.tuple->sport : texts.tuple->dport, row->from->identity.seq);
		if (texts.status)
			fprintf(out, ",\"status\":%u", texts.status);
		fprintf(out,
			",\"start_realtime_ns\":%" PRId64 ",\"end_realtime_ns\":%" PRId64 ",\"duration_ns\":%" PRId64
			",\"duration_bound_ns\":%" PRIu64,
			row->start_ns, row->end_ns, row->interval->duration_ns, row->interval->bound_ns);
		if (row->is_aligned)
			fprintf(out, ",\"clock_bound_ns\":%" PRIu64, row->clock_bound_ns);
		fputs("}\n", out);
	}
}

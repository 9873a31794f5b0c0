/* SPDX-License-Identifier: BSD-2-Clause */
/* journey_text - see journey_output.h: as a table and as TSV. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "analyze/mesh/journey_output.h"
#include "analyze/mesh/waterfall.h"
#include "lib/names.h"

/* Columns of a name at most. */
#define NAME_COLUMNS_MAX 40

const char *ws_hop_kind(const struct ws_passage *passage)
{
	return passage->kind == WS_PASSAGE_RESPONSE ? "response" : "request";
}

const char *ws_hop_station(const struct ws_hop *hop)
{
	return hop->station == WS_HOP_REPEAT	? "repeat"
	       : hop->station == WS_HOP_TRANSIT ? "transit"
						: ws_station_name(hop->station);
}

static const struct ws_atlas_point *point_of(const struct ws_journey *journey, uint32_t passage)
{
	return &journey->atlas->point[journey->atlas->passage[passage].point];
}

static const struct ws_call *call_of(const struct ws_journey *journey, uint32_t stage)
{
	return &journey->calls->at[journey->stage[stage].call];
}

static double us(int64_t ns)
{
	return (double)ns / 1000;
}

/* The widths of the packets' columns with names in them. */
struct widths {
	uint32_t node, point, edge;
};

static void widen(uint32_t *width, const char *text)
{
	uint32_t wanted = ws_terminal_width(text);

	wanted = wanted < NAME_COLUMNS_MAX ? wanted : NAME_COLUMNS_MAX;
	*width = wanted > *width ? wanted : *width;
}

static void print_hops(const struct ws_journey *journey, const struct ws_terminal *terminal, FILE *out)
{
	struct widths widths = { 4, 5, 4 };
	char edge[WS_CALL_EDGE_MAX], footing[WS_FOOTING_MAX];

	for (uint32_t i = 0; i < journey->n_hops; i++) {
		const struct ws_atlas_point *point = point_of(journey, journey->hop[i].passage);

		widen(&widths.node, journey->atlas->node[point->node]);
		widen(&widths.point, point->name);
		widen(&widths.edge, ws_call_edge(journey->atlas, call_of(journey, journey->hop[i].stage), edge));
	}
	fprintf(out, "\n%12s  %-*s %-*s %-8s %-12s %-*s %-8s %10s %14s\n", "at [us]", (int)widths.node, "node",
		(int)widths.point, "point", "dir", "station", (int)widths.edge, "edge", "kind", "seq",
		"since last [us]");
	for (uint32_t i = 0; i < journey->n_hops; i++) {
		const struct ws_hop *hop = &journey->hop[i];
		const struct ws_passage *passage = &journey->atlas->passage[hop->passage];
		const struct ws_atlas_point *point = point_of(journey, hop->passage);

		fprintf(out, "%12.1f%c ", us(hop->at_ns), hop->footing == WS_FOOTING_MEASURED ? ' ' : '*');
		ws_terminal_put(terminal, journey->atlas->node[point->node], widths.node, true, out);
		putc(' ', out);
		ws_terminal_put(terminal, point->name, widths.point, true, out);
		fprintf(out, " %-8s %-12s ", ws_direction_name(passage->direction), ws_hop_station(hop));
		ws_terminal_put(terminal, ws_call_edge(journey->atlas, call_of(journey, hop->stage), edge), widths.edge,
				true, out);
		fprintf(out, " %-8s %10" PRIu32, ws_hop_kind(passage), passage->identity.seq);
		if (hop->has_latency)
			fprintf(out, " %15.1f", us(hop->latency_ns));
		else
			fprintf(out, " %15s", "-");
		if (hop->has_latency && hop->latency_bound_ns)
			fprintf(out, " +- %.1f", us((int64_t)hop->latency_bound_ns));
		putc('\n', out);
	}
	for (uint32_t i = 0; i < journey->n_hops; i++) {
		if (journey->hop[i].footing != WS_FOOTING_MEASURED) {
			fprintf(out, "* %s\n", ws_waterfall_footing(journey, footing));
			break;
		}
	}
}

/* What was not seen where it must have passed. */
static void print_missing(const struct ws_journey *journey, const struct ws_terminal *terminal, FILE *out)
{
	char edge[WS_CALL_EDGE_MAX];

	for (uint32_t i = 0; i < journey->n_stages; i++) {
		const struct ws_call *call = call_of(journey, i);

		for (int k = 0; k < 2 * WS_N_STATIONS; k++) {
			bool is_response = k >= WS_N_STATIONS;
			int station = is_response ? 2 * WS_N_STATIONS - 1 - k : k;
			uint32_t point = UINT32_MAX;
			enum ws_presence presence = ws_lookout_presence(journey->watch, call, station, is_response,
									&point);

			if (presence != WS_PRESENCE_MISSED && presence != WS_PRESENCE_UNWATCHED)
				continue;
			ws_terminal_put(terminal, ws_call_edge(journey->atlas, call, edge), UINT32_MAX, false, out);
			fprintf(out, ": the %s was not seen at %s: ", is_response ? "response" : "request",
				ws_station_name(station));
			if (presence == WS_PRESENCE_MISSED)
				ws_terminal_put(terminal, journey->atlas->point[point].name, UINT32_MAX, false, out);
			if (is_response && call->request[station] == WS_NO_PASSAGE)
				fputs(presence == WS_PRESENCE_MISSED ? " missed its request, which tells it\n"
								     : "not watched\n",
				      out);
			else
				fputs(presence == WS_PRESENCE_MISSED ? " missed it\n" : "not watched\n", out);
		}
	}
}

/* Where the end-to-end time was measured, if that is not where the caller is. */
static void print_outer(const struct ws_journey *journey, FILE *out)
{
	enum ws_station outer = WS_STATION_CALLER_VPORT;

	for (uint32_t i = 0; i < journey->n_stages; i++) {
		const struct ws_stage *stage = &journey->stage[i];

		if (stage->parent == WS_NO_CALL && stage->legs.has_round_trip && stage->legs.outer > outer)
			outer = stage->legs.outer;
	}
	if (outer > WS_STATION_CALLER_VPORT)
		fprintf(out, "measured at %s: what lies between the caller and that point is not in it\n",
			ws_station_name(outer));
}

static void print_sums(const struct ws_journey *journey, FILE *out)
{
	if (!journey->n_roots_whole) {
		fputs("\nend to end: not known, no point saw the first request and its response\n", out);
	} else {
		fprintf(out, "\nend to end %.1f us, to the first byte of the answer%s; the last packet is at %.1f us\n",
			us(journey->end_to_end_ns),
			journey->n_roots_whole > 1 ? " (several calls without a known parent added)" : "",
			us(journey->end_ns));
		print_outer(journey, out);
	}
	fprintf(out, "%-24s %12s %7s   %12s\n", "of which", "us", "%", "all calls us");
	for (int part = 0; part < WS_N_PARTS; part++) {
		bool is_summed = part < WS_N_INTERVAL_KINDS;

		if (!journey->part_ns[part] && !(is_summed && journey->n_summed[part]))
			continue;
		fprintf(out, "  %-22s", ws_part_name(part));
		if (journey->n_roots_whole)
			fprintf(out, " %12.1f", us(journey->part_ns[part]));
		else
			fprintf(out, " %12s", "-");
		if (journey->end_to_end_ns)
			fprintf(out, " %7.2f", 100 * (double)journey->part_ns[part] / (double)journey->end_to_end_ns);
		else
			fprintf(out, " %7s", "-");
		if (is_summed)
			fprintf(out, "   %12.1f", us(journey->sum_ns[part]));
		putc('\n', out);
	}
}

int ws_journey_print_table(const struct ws_journey *journey, FILE *out)
{
	struct ws_terminal terminal = ws_terminal_find(out);
	char id[33];
	int rc;

	fprintf(out,
		"trace %s: %" PRIu32 " calls, %" PRIu32 " packets, %" PRIu32 " of them repeats, %" PRIu32
		" missed; %" PRIu32 " spans of the mesh's tracer\n\n",
		ws_hex_text(journey->trace_id, sizeof(journey->trace_id), id), journey->n_stages, journey->n_hops,
		journey->n_repeats, journey->n_missed, journey->n_beside);
	rc = ws_waterfall_print(journey, &terminal, out);
	if (rc)
		return rc;
	print_hops(journey, &terminal, out);
	if (journey->n_repeats)
		fputs("repeats: requests that were sent again; stations count from the first passage at each, so the "
		      "way includes the wait\n",
		      out);
	print_missing(journey, &terminal, out);
	print_sums(journey, out);
	return ferror(out) ? -EIO : 0;
}

/* A field of TSV, and the tab before it. */
static void put_field(const char *text, FILE *out)
{
	putc('\t', out);
	ws_terminal_put_field(text, out);
}

static void put_number(bool is_known, int64_t ns, FILE *out)
{
	if (is_known)
		fprintf(out, "\t%" PRId64, ns);
	else
		fputs("\t", out);
}

static void put_calls(const struct ws_journey *journey, FILE *out)
{
	char edge[WS_CALL_EDGE_MAX];

	fputs("# call\tnumber\tparent\tedge\tspan_id\tbegin_ns\tend_ns\tround_trip_ns\tservice_ns\tself_ns\t"
	      "underlay_round_trip_ns\tn_repeats\tcaller_placed\tcallee_placed\n",
	      out);
	for (uint32_t i = 0; i < journey->n_stages; i++) {
		const struct ws_stage *stage = &journey->stage[i];
		const struct ws_legs *legs = &stage->legs;
		const struct ws_call *call = call_of(journey, i);
		char span_id[17];

		fprintf(out, "call\t%" PRIu32, i);
		put_number(stage->parent != WS_NO_CALL, stage->parent, out);
		put_field(ws_call_edge(journey->atlas, call, edge), out);
		put_field(ws_hex_text(ws_call_identity(journey->atlas, call)->span_id, 8, span_id), out);
		put_number(true, stage->begin_ns, out);
		put_number(true, stage->end_ns, out);
		put_number(legs->has_round_trip, legs->round_trip_ns, out);
		put_number(legs->has_service, legs->service_ns, out);
		put_number(legs->has_service, stage->self_ns, out);
		put_number(legs->has_underlay, legs->underlay_ns, out);
		put_number(true, call->n_repeats, out);
		put_field(ws_footing_name(stage->shift[WS_END_CALLER].footing), out);
		put_field(ws_footing_name(stage->shift[WS_END_CALLEE].footing), out);
		putc('\n', out);
	}
}

static void put_intervals(const struct ws_journey *journey, FILE *out)
{
	fputs("# interval\tcall\tkind\tway\tfrom_node\tfrom_point\tto_node\tto_point\tduration_ns\tbound_ns\n", out);
	for (uint32_t i = 0; i < journey->n_stages; i++) {
		for (uint32_t k = 0; k < journey->stage[i].legs.n; k++) {
			const struct ws_interval *interval = &journey->stage[i].legs.at[k];
			const struct ws_atlas_point *from = point_of(journey, interval->from);
			const struct ws_atlas_point *to = point_of(journey, interval->to);

			fprintf(out, "interval\t%" PRIu32 "\t%s\t%s", i, ws_interval_name(interval->kind),
				ws_interval_way(interval));
			put_field(journey->atlas->node[from->node], out);
			put_field(from->name, out);
			put_field(journey->atlas->node[to->node], out);
			put_field(to->name, out);
			put_number(interval->is_known, interval->duration_ns, out);
			put_number(interval->is_known, (int64_t)interval->bound_ns, out);
			putc('\n', out);
		}
	}
}

static void put_hops(const struct ws_journey *journey, FILE *out)
{
	char edge[WS_CALL_EDGE_MAX];

	fputs("# packet\tat_ns\tplaced\tbound_ns\tcall\tedge\tkind\tstation\tnode\tpoint\tsource\tdirection\tts_ns\t"
	      "realtime_ns\tseq\tstatus\tsince_last_ns\tsince_last_bound_ns\n",
	      out);
	for (uint32_t i = 0; i < journey->n_hops; i++) {
		const struct ws_hop *hop = &journey->hop[i];
		const struct ws_passage *passage = &journey->atlas->passage[hop->passage];
		const struct ws_atlas_point *point = point_of(journey, hop->passage);

		fprintf(out, "packet\t%" PRId64 "\t%s", hop->at_ns, ws_footing_name(hop->footing));
		put_number(hop->footing == WS_FOOTING_ALIGNED, (int64_t)hop->bound_ns, out);
		put_number(true, hop->stage, out);
		put_field(ws_call_edge(journey->atlas, call_of(journey, hop->stage), edge), out);
		fprintf(out, "\t%s\t%s", ws_hop_kind(passage), ws_hop_station(hop));
		put_field(journey->atlas->node[point->node], out);
		put_field(point->name, out);
		fprintf(out, "\t%s\t%s\t%" PRId64 "\t%" PRId64 "\t%" PRIu32, ws_source_name(point->source),
			ws_direction_name(passage->direction), passage->ts_ns, passage->realtime_ns,
			passage->identity.seq);
		put_number(passage->kind == WS_PASSAGE_RESPONSE, passage->status, out);
		put_number(hop->has_latency, hop->latency_ns, out);
		put_number(hop->has_latency, (int64_t)hop->latency_bound_ns, out);
		putc('\n', out);
	}
}

static void put_spans(const struct ws_journey *journey, FILE *out)
{
	char id[17];

	fputs("# span\tat_ns\tduration_ns\tcall\tmatched_by\tfits\tservice\tkind\toperation\tspan_id\tparent_span_id\t"
	      "start_realtime_ns\n",
	      out);
	for (uint32_t i = 0; i < journey->n_beside; i++) {
		const struct ws_beside *beside = &journey->beside[i];
		const struct ws_mesh_span *span = beside->span;

		fprintf(out, "span\t%" PRId64 "\t%" PRId64, beside->at_ns, span->duration_ns);
		put_number(beside->stage != WS_NO_CALL, beside->stage, out);
		fprintf(out, "\t%s\t%d", ws_kinship_name(beside->kinship), beside->fits);
		put_field(span->service, out);
		put_field(span->kind, out);
		put_field(span->operation, out);
		put_field(ws_hex_text(span->span_id, 8, id), out);
		put_field(span->has_parent ? ws_hex_text(span->parent_span_id, 8, id) : "", out);
		put_number(true, span->start_ns, out);
		putc('\n', out);
	}
}

int ws_journey_print_tsv(const struct ws_journey *journey, FILE *out)
{
	char id[33], footing[WS_FOOTING_MAX];

	fprintf(out,
		"# trace %s; the first column says what a row is; *at_ns, begin_ns and end_ns: ns since %" PRId64
		" of CLOCK_REALTIME; empty: not known\n",
		ws_hex_text(journey->trace_id, sizeof(journey->trace_id), id), journey->begin_ns);
	if (*ws_waterfall_footing(journey, footing))
		fprintf(out, "# %s\n", footing);
	put_calls(journey, out);
	put_intervals(journey, out);
	put_hops(journey, out);
	put_spans(journey, out);
	fputs("# part\tname\tof_end_to_end_ns\tover_all_calls_ns\n", out);
	fputs("part\tend to end", out);
	put_number(journey->n_roots_whole, journey->end_to_end_ns, out);
	fputs("\t\n", out);
	for (int part = 0; part < WS_N_PARTS; part++) {
		fprintf(out, "part\t%s", ws_part_name(part));
		put_number(journey->n_roots_whole, journey->part_ns[part], out);
		put_number(part < WS_N_INTERVAL_KINDS, part < WS_N_INTERVAL_KINDS ? journey->sum_ns[part] : 0, out);
		putc('\n', out);
	}
	return ferror(out) ? -EIO : 0;
}

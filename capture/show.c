/* SPDX-License-Identifier: BSD-2-Clause */
/* show - see the header. */
#include "capture/show.h"

#include <errno.h>
#include <string.h>

#include "lib/context.h"
#include "lib/names.h"

/* A line under way: one record. */
struct line {
	const struct ws_record *r;
	const struct ws_wanted *wanted; /* what the file's tap looked for */
	FILE *out;
};

/* The name of a family, the user's own headers by theirs. */
static const char *family_name(const struct line *l, uint8_t family, char text[WS_FAMILY_TEXT_LEN])
{
	if (family < WS_MAX_FAMILIES && (l->wanted->families & 1u << family))
		return ws_wanted_family_name(l->wanted, family, text);
	return ws_family_name(family);
}

/* " WORD a,b", if there is a family in the set. */
static void show_families(const struct line *l, const char *word, uint16_t families)
{
	const char *between = " ";

	if (families)
		fprintf(l->out, " %s", word);
	for (uint8_t f = 0; f < WS_MAX_FAMILIES; f++) {
		char text[WS_FAMILY_TEXT_LEN];

		if (!(families & 1u << f))
			continue;
		fprintf(l->out, "%s%s", between, family_name(l, f, text));
		between = ",";
	}
}

static void show_context(const struct line *l)
{
	const struct ws_record *r = l->r;
	const int is_short = (r->flags & WS_FLAG_TRACE_ID_64) != 0;
	char trace[33], span[17], parent[17], family[WS_FAMILY_TEXT_LEN];

	ws_hex_text(r->trace_id + (is_short ? 8 : 0), is_short ? 8 : 16, trace);
	ws_hex_text(r->span_id, 8, span);
	fprintf(l->out, " %s trace %s%s span %s", family_name(l, r->family, family), trace,
		r->flags & WS_FLAG_HASHED_ID ? " (hash)" : "", span);
	if (memcmp(r->parent_span_id, "\0\0\0\0\0\0\0", 8) != 0)
		fprintf(l->out, " parent %s", ws_hex_text(r->parent_span_id, 8, parent));
	if (r->sampled != WS_SAMPLED_UNKNOWN)
		fprintf(l->out, " sampled %d", r->sampled == WS_SAMPLED_YES);
	fprintf(l->out, " at %u..%u", r->ctx_off, r->ctx_off + r->ctx_len);
	if (r->n_segments > 1)
		fprintf(l->out, " segments %u..%u of %u", r->ctx_segment, r->ids_end_segment, r->n_segments);
	if (r->done_ts_ns != r->ts_ns)
		fprintf(l->out, " done after %llu ns", (unsigned long long)(r->done_ts_ns - r->ts_ns));
	show_families(l, "also", r->families & (uint16_t) ~(r->family < WS_MAX_FAMILIES ? 1u << r->family : 0));
}

static void show_response(const struct line *l)
{
	fprintf(l->out, " response %u ack %u", l->r->status, l->r->ack);
}

static void show_reason(const struct line *l)
{
	const struct ws_record *r = l->r;
	const bool is_context = r->reason >= WS_REASON_CONTEXT && r->reason < WS_REASON_HEAD_CONTINUED;
	const char *name = is_context ? NULL : ws_slot_name(r->reason);

	fprintf(l->out, " %s searched %u", name ? name : "unknown", r->searched_len);
	if (r->n_segments > 1)
		fprintf(l->out, " segments %u", r->n_segments);
}

/* What else there is in the head. */
static void show_rest(const struct line *l)
{
	const struct ws_record *r = l->r;

	show_families(l, "malformed", r->malformed);
	if (r->malformed)
		fprintf(l->out, " (%s)", ws_flaw_name(r->flaw));
	if (r->flags & WS_FLAG_TRACESTATE)
		fputs(" tracestate", l->out);
	if (r->flags & WS_FLAG_CROWDED)
		fputs(" crowded", l->out);
}

static void show_record(const struct line *l)
{
	char from[WS_ADDRESS_TEXT_LEN], to[WS_ADDRESS_TEXT_LEN];
	const struct ws_record *r = l->r;

	fprintf(l->out, "%llu.%09llu %s %s.%u > %s.%u", (unsigned long long)(r->ts_ns / 1000000000u),
		(unsigned long long)(r->ts_ns % 1000000000u), ws_direction_name(r->direction),
		ws_address_text(r->saddr, from), r->sport, ws_address_text(r->daddr, to), r->dport);
	if (r->encap != WS_ENCAP_NONE)
		fprintf(l->out, " %s %u %s > %s", ws_encap_name(r->encap), r->vni,
			ws_address_text(r->outer_saddr, from), ws_address_text(r->outer_daddr, to));
	fprintf(l->out, " seq %u len %u", r->seq, r->payload_len);
	if (r->http_version == 2)
		fprintf(l->out, " http/2 stream %u", r->stream_id);
	if (r->flags & WS_FLAG_GRPC)
		fputs(" grpc", l->out);
	if (r->reason == WS_REASON_CONTEXT)
		show_context(l);
	else if (r->reason == WS_REASON_HTTP_RESPONSE)
		show_response(l);
	else
		show_reason(l);
	show_rest(l);
	fputc('\n', l->out);
}

int ws_show(const char *path, uint64_t n_max, FILE *out, struct ws_recfile_status *status, struct ws_error *err)
{
	struct ws_recfile_reader *reader;
	struct ws_wanted wanted = { 0 };
	struct line line = { .wanted = &wanted, .out = out };
	const struct ws_record *records;
	uint64_t n_shown = 0;
	uint32_t n = 0;
	int rc = ws_recfile_open(path, &reader, err);

	if (rc)
		return rc;
	if (ws_wanted_parse(ws_recfile_reader_status(reader)->head.contexts, &wanted, NULL))
		wanted.families = 0; /* a list from a later version */
	while ((rc = ws_recfile_next(reader, &records, &n, err)) == 0 && n > 0)
		for (uint32_t i = 0; i < n && (n_max == 0 || n_shown < n_max); i++, n_shown++) {
			line.r = &records[i];
			show_record(&line);
		}
	if (rc == 0 && (fflush(out) || ferror(out)))
		rc = ws_error(err, -EIO, "cannot write the output: %s", strerror(errno));
	if (rc == 0)
		*status = *ws_recfile_reader_status(reader);
	ws_recfile_reader_close(reader);
	return rc;
}

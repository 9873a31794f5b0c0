/* SPDX-License-Identifier: BSD-2-Clause */
/* show - see the header. */
#include "capture/show.h"

#include <errno.h>
#include <string.h>

#include "lib/names.h"

static void show_context(const struct ws_record *r, FILE *out)
{
	const int is_short = (r->flags & WS_FLAG_TRACE_ID_64) != 0;
	char trace[33], span[17], parent[17];

	if (r->reason != WS_REASON_CONTEXT) {
		const char *name = r->reason < WS_REASON_CONTEXT ? ws_slot_name(r->reason) : NULL;

		fprintf(out, " %s searched %u", name ? name : "unknown", r->searched_len);
		return;
	}
	ws_hex_text(r->trace_id + (is_short ? 8 : 0), is_short ? 8 : 16, trace);
	ws_hex_text(r->span_id, 8, span);
	fprintf(out, " %s trace %s span %s", ws_family_name(r->family), trace, span);
	if (memcmp(r->parent_span_id, "\0\0\0\0\0\0\0", 8) != 0)
		fprintf(out, " parent %s", ws_hex_text(r->parent_span_id, 8, parent));
	if (r->sampled != WS_SAMPLED_UNKNOWN)
		fprintf(out, " sampled %d", r->sampled == WS_SAMPLED_YES);
	fprintf(out, " at %u..%u", r->ctx_off, r->ctx_off + r->ctx_len);
}

static void show_record(const struct ws_record *r, FILE *out)
{
	char from[WS_ADDRESS_TEXT_LEN], to[WS_ADDRESS_TEXT_LEN];

	fprintf(out, "%llu.%09llu %s %s.%u > %s.%u", (unsigned long long)(r->ts_ns / 1000000000u),
		(unsigned long long)(r->ts_ns % 1000000000u), ws_direction_name(r->direction),
		ws_address_text(r->saddr, from), r->sport, ws_address_text(r->daddr, to), r->dport);
	if (r->encap != WS_ENCAP_NONE)
		fprintf(out, " %s %u %s > %s", ws_encap_name(r->encap), r->vni, ws_address_text(r->outer_saddr, from),
			ws_address_text(r->outer_daddr, to));
	fprintf(out, " seq %u len %u", r->seq, r->payload_len);
	show_context(r, out);
	fputc('\n', out);
}

int ws_show(const char *path, uint64_t n_max, FILE *out, struct ws_recfile_status *status, struct ws_error *err)
{
	struct ws_recfile_reader *reader;
	const struct ws_record *records;
	uint64_t n_shown = 0;
	uint32_t n = 0;
	int rc = ws_recfile_open(path, &reader, err);

	if (rc)
		return rc;
	while ((rc = ws_recfile_next(reader, &records, &n, err)) == 0 && n > 0)
		for (uint32_t i = 0; i < n && (n_max == 0 || n_shown < n_max); i++, n_shown++)
			show_record(&records[i], out);
	if (rc == 0 && (fflush(out) || ferror(out)))
		rc = ws_error(err, -EIO, "cannot write the output: %s", strerror(errno));
	if (rc == 0)
		*status = *ws_recfile_reader_status(reader);
	ws_recfile_reader_close(reader);
	return rc;
}

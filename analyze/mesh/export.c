/* SPDX-License-Identifier: BSD-2-Clause */
/* export - see export.h: finds the intervals, and gives them their ids and times. */
#include "analyze/mesh/export.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "analyze/mesh/journey.h"
#include "analyze/ns.h"

/* Intervals of one batch at most, more or less: a trace that has more takes several. */
#define BATCH_MAX 2048

struct batch {
	struct ws_export_row *row;
	struct ws_interval *interval; /* the rows' own */
	uint32_t n;
};

struct ws_export {
	struct ws_export_plan plan;
	struct batch batch; /* of one trace */
	struct ws_export_count count;
};

/* What makes an interval this one: hashed for its id, so without padding. */
struct fingerprint {
	struct ws_identity identity;
	int64_t from_ns, to_ns;
	uint32_t kind, is_answer;
};

_Static_assert(sizeof(struct fingerprint) == 56, "a fingerprint has no padding");

static void make_span_id(const struct ws_identity *identity, struct ws_export_row *row)
{
	struct fingerprint fingerprint = { *identity, row->from->realtime_ns, row->to->realtime_ns, row->interval->kind,
					   row->interval->is_answer };
	uint64_t hash = XXH3_64bits(&fingerprint, sizeof(fingerprint));

	hash = hash ? hash : 1;
	for (int i = 0; i < 8; i++)
		row->span_id[i] = (uint8_t)(hash >> (56 - 8 * i));
}

/* In the words of `analyze pairs`. */
static const char *class_of(const struct ws_export_row *row)
{
	bool has_nat = row->from->tuple != row->to->tuple && row->interval->kind != WS_INTERVAL_SERVICE;
	bool has_repeat = row->call->n_repeats && !row->interval->is_answer &&
			  row->interval->kind != WS_INTERVAL_SERVICE;

	return has_nat ? (has_repeat ? "nat+retransmit" : "nat") : (has_repeat ? "retransmit" : "matched");
}

static void place(const struct ws_clocks *clocks, struct ws_export_row *row)
{
	uint32_t node = row->atlas->point[row->from->point].node;
	int64_t correction_ns;

	row->start_ns = row->from->realtime_ns;
	if (clocks) {
		correction_ns = ws_clocks_correction(clocks, node, row->start_ns, &row->clock_bound_ns);
		row->is_aligned = row->clock_bound_ns != WS_CLOCK_UNBOUND;
		row->start_ns = ws_ns_plus(row->start_ns, row->is_aligned ? correction_ns : 0);
	}
	row->end_ns = ws_ns_plus(row->start_ns, row->interval->duration_ns);
}

/* May the interval go out? Counts it, too. */
static bool is_wanted(const struct ws_interval *interval, enum ws_format format, struct ws_export_count *count)
{
	bool is_otlp = format == WS_FORMAT_OTLP;

	if (!interval->is_known)
		count->n_apart++;
	else if (is_otlp && interval->kind == WS_INTERVAL_GAP)
		count->n_gaps++;
	else if (is_otlp && interval->duration_ns < 0)
		count->n_negative++;
	else
		count->n_intervals++;
	return interval->is_known && !(is_otlp && (interval->kind == WS_INTERVAL_GAP || interval->duration_ns < 0));
}

static void add_call(struct ws_export *export, const struct ws_call *call, const struct ws_identity *identity)
{
	static const uint8_t none[8];
	const struct ws_atlas *atlas = export->plan.atlas;
	struct batch *batch = &export->batch;
	struct ws_legs legs;

	ws_legs_make(atlas, export->plan.clocks, call, &legs);
	for (uint32_t i = 0; i < legs.n; i++) {
		struct ws_export_row *row = &batch->row[batch->n];

		if (!is_wanted(&legs.at[i], export->plan.format, &export->count))
			continue;
		batch->interval[batch->n] = legs.at[i];
		*row = (struct ws_export_row) {
			.atlas = atlas,
			.call = call,
			.interval = &batch->interval[batch->n],
			.from = &atlas->passage[legs.at[i].from],
			.to = &atlas->passage[legs.at[i].to],
			.has_parent = memcmp(identity->span_id, none, sizeof(none)) != 0,
		};
		ws_trace_id_widen(identity->trace_id, identity->trace_id_len, row->trace_id);
		memcpy(row->parent_span_id, identity->span_id, sizeof(row->parent_span_id));
		make_span_id(identity, row);
		row->class = class_of(row);
		place(export->plan.clocks, row);
		batch->n++;
	}
}

static void flush(struct ws_export *export)
{
	const struct batch *batch = &export->batch;
	enum ws_format format = export->plan.format;

	if (batch->n)
		(format == WS_FORMAT_CSV     ? ws_export_csv
		 : format == WS_FORMAT_JSONL ? ws_export_jsonl
					     : ws_export_otlp)(batch->row, batch->n, export->plan.out);
	export->batch.n = 0;
}

int ws_export_open(const struct ws_export_plan *plan, struct ws_export **export)
{
	struct ws_export *made = calloc(1, sizeof(*made));

	if (!made)
		return -ENOMEM;
	made->plan = *plan;
	made->batch.row = malloc((BATCH_MAX + WS_MAX_INTERVALS) * sizeof(*made->batch.row));
	made->batch.interval = malloc((BATCH_MAX + WS_MAX_INTERVALS) * sizeof(*made->batch.interval));
	if (!made->batch.row || !made->batch.interval) {
		ws_export_close(made);
		return -ENOMEM;
	}
	if (plan->format == WS_FORMAT_CSV)
		ws_export_csv_header(plan->out);
	*export = made;
	return 0;
}

int ws_export_write(struct ws_export *export, const struct ws_calls *calls)
{
	const struct ws_identity *last = NULL;
	int rc = 0;

	for (uint32_t i = 0; i < calls->n && !rc; i++) {
		const struct ws_identity *identity = ws_call_identity(export->plan.atlas, &calls->at[i]);
		bool is_new = !last || last->trace_id_len != identity->trace_id_len ||
			      memcmp(last->trace_id, identity->trace_id, sizeof(last->trace_id)) != 0;

		export->count.n_traces += is_new;
		if (is_new || export->batch.n >= BATCH_MAX)
			flush(export);
		last = identity;
		add_call(export, &calls->at[i], identity);
		rc = ferror(export->plan.out) ? -EIO : 0;
	}
	if (!rc)
		flush(export);
	return rc ? rc : ferror(export->plan.out) ? -EIO : 0;
}

const struct ws_export_count *ws_export_count(const struct ws_export *export)
{
	return &export->count;
}

void ws_export_close(struct ws_export *export)
{
	if (!export)
		return;
	free(export->batch.row);
	free(export->batch.interval);
	free(export);
}

const struct ws_owner *ws_export_pod(const struct ws_export_row *row)
{
	const struct ws_interval *interval = row->interval;
	bool is_callee = interval->from_station >= WS_STATION_CALLEE_NIC;
	const struct ws_owner *owner = is_callee ? row->call->callee : row->call->caller;

	if (interval->kind == WS_INTERVAL_UNDERLAY || interval->kind == WS_INTERVAL_GAP || !owner ||
	    owner->kind != WS_OWNER_POD)
		return NULL;
	return owner;
}

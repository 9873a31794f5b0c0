/* SPDX-License-Identifier: BSD-2-Clause */
/* toll_text - what is printed of the toll, and what the report's chapter says of it; see toll.h. */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "analyze/json.h"
#include "analyze/overhead/toll.h"
#include "analyze/summary.h"

/* Room for a number with its interval. */
#define INTERVAL_MAX 96

/* "1.23 [1.10, 1.36]", with four figures that mean something; "[-]": no interval; "-": no number. */
static const char *interval_text(const struct ws_interval *interval, char text[INTERVAL_MAX])
{
	char value[32], low[32], high[32];

	if (!isfinite(interval->value))
		return strcpy(text, "-");
	ws_summary_number(interval->value, value);
	if (interval->has_interval)
		snprintf(text, INTERVAL_MAX, "%s [%s, %s]", value, ws_summary_number(interval->low, low),
			 ws_summary_number(interval->high, high));
	else
		snprintf(text, INTERVAL_MAX, "%s [-]", value);
	return text;
}

const char *ws_toll_words(const struct ws_toll *toll, const struct ws_toll_pair *pair, char text[WS_TOLL_WORDS_MAX])
{
	const struct ws_interval *ratio = &pair->throughput, *cpu = &pair->added_us[WS_TOLL_PROCESS];
	const struct ws_interval *median = &pair->added_us[WS_TOLL_MEDIAN],
				 *times = &pair->times_empty[WS_TOLL_PROCESS];
	char number[INTERVAL_MAX];
	size_t n = (size_t)snprintf(text, WS_TOLL_WORDS_MAX, "%s against %s, %u blocks: throughput %s times as high",
				    toll->trials->treatment[pair->treatment].name,
				    toll->trials->treatment[pair->against].name, pair->n_blocks,
				    interval_text(ratio, number));

	if (ratio->has_interval && ratio->low <= 1 && ratio->high >= 1)
		n += (size_t)snprintf(text + n, WS_TOLL_WORDS_MAX - n, " (no difference found)");
	n += (size_t)snprintf(text + n, WS_TOLL_WORDS_MAX - n, "; a request costs the processes %s µs more CPU",
			      interval_text(cpu, number));
	if (cpu->has_interval && cpu->low <= 0 && cpu->high >= 0)
		n += (size_t)snprintf(text + n, WS_TOLL_WORDS_MAX - n, " (no difference found)");
	if (isfinite(times->value) && times->has_interval)
		n += (size_t)snprintf(text + n, WS_TOLL_WORDS_MAX - n, ", %s times what empty programs add",
				      interval_text(times, number));
	snprintf(text + n, WS_TOLL_WORDS_MAX - n, "; median latency %s µs longer", interval_text(median, number));
	return text;
}

static json_t *interval_json(const struct ws_interval *interval)
{
	const bool known = interval->has_interval;

	return json_pack("{s:o, s:o, s:o}", "value", ws_json_real(interval->value), "ci_low",
			 ws_json_real_if(known, interval->low), "ci_high", ws_json_real_if(known, interval->high));
}

/* Sets NAME + suffix. */
static int set(json_t *object, enum ws_toll_measure measure, const char *suffix, json_t *value)
{
	char name[64];

	snprintf(name, sizeof(name), "%s%s", ws_toll_name(measure), suffix);
	return json_object_set_new(object, name, value);
}

static json_t *row_json(const struct ws_toll *toll, uint32_t i)
{
	const struct ws_toll_row *row = &toll->row[i];
	json_t *object = json_pack("{s:s, s:s, s:I, s:I, s:I, s:o, s:o, s:o, s:o, s:o, s:o}", "treatment",
				   toll->trials->treatment[i].name, "words", toll->trials->treatment[i].words, "blocks",
				   (json_int_t)row->n_blocks, "requests", (json_int_t)row->n_requests, "failed",
				   (json_int_t)row->n_failed, "requests_per_s", ws_json_real(row->rate_per_s),
				   "wakeups_per_s", ws_json_real(row->wakeups_per_s), "irq_work_per_request",
				   ws_json_real(row->irq_work), "steal", ws_json_real(row->steal), "frames",
				   ws_json_integer_if(row->n_frames >= 0, (uint64_t)row->n_frames), "lost",
				   ws_json_integer_if(row->n_lost >= 0, (uint64_t)row->n_lost));
	int rc = !object;

	for (int k = 0; k < WS_N_TOLLS; k++)
		rc |= set(object, k, "_us", ws_json_real(row->mean_us[k]));
	if (!rc)
		return object;
	json_decref(object);
	return NULL;
}

static json_t *pair_json(const struct ws_toll *toll, const struct ws_toll_pair *pair)
{
	const struct ws_treatment_name *name = toll->trials->treatment;
	json_t *object = json_pack("{s:s, s:s, s:I, s:o}", "treatment", name[pair->treatment].name, "against",
				   name[pair->against].name, "blocks", (json_int_t)pair->n_blocks, "throughput_ratio",
				   interval_json(&pair->throughput));
	int rc = !object;

	for (int k = 0; k < WS_N_TOLLS; k++) {
		rc |= set(object, k, "_added_us", interval_json(&pair->added_us[k]));
		if (isfinite(pair->times_empty[k].value))
			rc |= set(object, k, "_times_empty", interval_json(&pair->times_empty[k]));
	}
	if (!rc)
		return object;
	json_decref(object);
	return NULL;
}

static json_t *toll_json(const struct ws_run *run, const struct ws_toll *toll)
{
	json_t *rows = json_array(), *pairs = json_array();
	json_t *object = json_pack("{s:o, s:I, s:o, s:o, s:o}", "run", ws_json_text(run->name), "seed",
				   (json_int_t)toll->trials->seed, "conditions",
				   ws_conditions_json(&run->findings.background.conditions), "treatments", rows,
				   "pairs", pairs);
	int rc = !object;

	for (uint32_t i = 0; i < toll->trials->n_treatments && !rc; i++)
		rc |= json_array_append_new(rows, row_json(toll, i));
	for (uint32_t i = 0; i < toll->n_pairs && !rc; i++)
		rc |= json_array_append_new(pairs, pair_json(toll, &toll->pair[i]));
	if (!rc)
		return object;
	json_decref(object);
	return NULL;
}

/* A number after a tab; NaN where there is none. */
static void print_tsv_number(bool known, double value, FILE *out)
{
	if (known && isfinite(value))
		fprintf(out, "\t%.6g", value);
	else
		fputs("\tNaN", out);
}

static void print_tsv_interval(const struct ws_interval *interval, FILE *out)
{
	print_tsv_number(true, interval->value, out);
	print_tsv_number(interval->has_interval, interval->low, out);
	print_tsv_number(interval->has_interval, interval->high, out);
}

static void print_tsv_head(FILE *out)
{
	fputs("# what capturing costs; intervals at 95% over blocks (Student's t), NaN where there is none\n"
	      "# run\ttreatment\tagainst\tblocks\tthroughput_ratio\tci_low\tci_high",
	      out);
	for (int k = 0; k < WS_N_TOLLS; k++)
		fprintf(out, "\t%s_added_us\tci_low\tci_high", ws_toll_name(k));
	for (int k = 0; k < WS_N_TOLLS; k++)
		fprintf(out, "\t%s_times_empty\tci_low\tci_high", ws_toll_name(k));
	fputc('\n', out);
}

static void print_tsv(const struct ws_run *run, const struct ws_toll *toll, FILE *out)
{
	for (uint32_t i = 0; i < toll->n_pairs; i++) {
		const struct ws_toll_pair *pair = &toll->pair[i];

		fprintf(out, "%s\t%s\t%s\t%u", run->name, toll->trials->treatment[pair->treatment].name,
			toll->trials->treatment[pair->against].name, pair->n_blocks);
		print_tsv_interval(&pair->throughput, out);
		for (int k = 0; k < WS_N_TOLLS; k++)
			print_tsv_interval(&pair->added_us[k], out);
		for (int k = 0; k < WS_N_TOLLS; k++)
			print_tsv_interval(&pair->times_empty[k], out);
		fputc('\n', out);
	}
}

/* "12 of 3456", or "-". */
static const char *loss_text(const struct ws_toll_row *row, char text[64])
{
	if (row->n_frames < 0 || row->n_lost < 0)
		return strcpy(text, "-");
	snprintf(text, 64, "%" PRId64 " of %" PRId64, row->n_lost, row->n_frames);
	return text;
}

static void print_rows(const struct ws_toll *toll, FILE *out)
{
	fprintf(out, "%-10s%7s%11s%12s%12s%12s%12s%12s%12s%11s%10s%22s\n", "treatment", "blocks", "requests/s",
		"median[us]", "p99[us]", "CPU[us]", "processes'", "softirq", "own", "wakeups/s", "irq work",
		"lost of frames");
	for (uint32_t i = 0; i < toll->trials->n_treatments; i++) {
		static const enum ws_toll_measure shown[] = { WS_TOLL_MEDIAN,  WS_TOLL_P99,	WS_TOLL_CPU,
							      WS_TOLL_PROCESS, WS_TOLL_SOFTIRQ, WS_TOLL_OWN };
		const struct ws_toll_row *row = &toll->row[i];
		char text[64];

		fprintf(out, "%-10s%7u%11.0f", toll->trials->treatment[i].name, row->n_blocks, row->rate_per_s);
		for (size_t k = 0; k < sizeof(shown) / sizeof(*shown); k++)
			fprintf(out, "%12s", ws_summary_number(row->mean_us[shown[k]], text));
		fprintf(out, "%11.1f", row->wakeups_per_s);
		fprintf(out, "%10s", isfinite(row->irq_work) ? ws_summary_number(row->irq_work, text) : "-");
		fprintf(out, "%22s\n", loss_text(row, text));
	}
}

/* The interval if it has an end: a ratio without one says nothing. */
static const char *bounded_text(const struct ws_interval *interval, char text[INTERVAL_MAX])
{
	return interval->has_interval ? interval_text(interval, text) : strcpy(text, "-");
}

static void print_pairs(const struct ws_toll *toll, FILE *out)
{
	fprintf(out, "%-20s%24s%24s%24s%24s%24s%24s\n", "against", "throughput", "median added [us]", "CPU added [us]",
		"times empty", "processes' added [us]", "times empty");
	for (uint32_t i = 0; i < toll->n_pairs; i++) {
		const struct ws_toll_pair *pair = &toll->pair[i];
		char text[2 * WS_TREATMENT_NAME_MAX + 8 > INTERVAL_MAX ? 2 * WS_TREATMENT_NAME_MAX + 8 : INTERVAL_MAX];

		snprintf(text, sizeof(text), "%s / %s", toll->trials->treatment[pair->treatment].name,
			 toll->trials->treatment[pair->against].name);
		fprintf(out, "%-20s", text);
		fprintf(out, "%24s", interval_text(&pair->throughput, text));
		fprintf(out, "%24s", interval_text(&pair->added_us[WS_TOLL_MEDIAN], text));
		fprintf(out, "%24s", interval_text(&pair->added_us[WS_TOLL_CPU], text));
		fprintf(out, "%24s", bounded_text(&pair->times_empty[WS_TOLL_CPU], text));
		fprintf(out, "%24s", interval_text(&pair->added_us[WS_TOLL_PROCESS], text));
		fprintf(out, "%24s\n", bounded_text(&pair->times_empty[WS_TOLL_PROCESS], text));
	}
}

static void print_table(const struct ws_run *run, const struct ws_toll *toll, FILE *out)
{
	fprintf(out, "%s, order by seed %" PRId64 "\n", run->name, toll->trials->seed);
	print_rows(toll, out);
	fputc('\n', out);
	print_pairs(toll, out);
	fputc('\n', out);
}

/* Calls take for every run that has trials. */
static int each_run(const struct ws_campaign *campaign,
		    int (*take)(const struct ws_run *run, const struct ws_toll *toll, void *context), void *context)
{
	int rc = 0;

	for (uint32_t i = 0; i < campaign->n_runs && !rc; i++) {
		const struct ws_run *run = &campaign->run[i];
		struct ws_toll toll;

		if (!run->findings.background.trials.n)
			continue;
		rc = ws_toll_open(&run->findings.background.trials, &toll);
		if (rc)
			return rc;
		rc = take(run, &toll, context);
		ws_toll_close(&toll);
	}
	return rc;
}

struct printing {
	enum ws_format format;
	FILE *out;
	json_t *runs;
};

static int print_run(const struct ws_run *run, const struct ws_toll *toll, void *context)
{
	const struct printing *p = context;

	if (p->format == WS_FORMAT_JSON)
		return json_array_append_new(p->runs, toll_json(run, toll)) ? -ENOMEM : 0;
	if (p->format == WS_FORMAT_TSV)
		print_tsv(run, toll, p->out);
	else
		print_table(run, toll, p->out);
	return 0;
}

int ws_toll_print(const struct ws_campaign *campaign, enum ws_format format, FILE *out)
{
	struct printing p = { .format = format, .out = out };
	json_t *document;
	int rc;

	if (format == WS_FORMAT_JSON)
		p.runs = json_array();
	if (format == WS_FORMAT_TSV)
		print_tsv_head(out);
	rc = each_run(campaign, print_run, &p);
	if (format == WS_FORMAT_TABLE && !rc && ws_toll_n_runs(campaign))
		fputs("CPU is by request: of the whole machine; of the load's processes and of those that capture. "
		      "times "
		      "empty: what is\nadded to nothing attached, over what empty programs add. irq work: by request, "
		      "interrupts by which the kernel wakes.\nIntervals: 95%, Student's t over blocks; of ratios, "
		      "Fieller's.\n",
		      out);
	if (format != WS_FORMAT_JSON)
		return rc;
	document = json_pack("{s:o}", "runs", p.runs);
	if (!rc)
		return ws_json_print(document, out);
	json_decref(document);
	return rc;
}

/* What a request costs of a CPU, what of it is added, and how many times what empty programs add. */
static void put_cost(struct ws_page *page, const struct ws_toll_row *row, const struct ws_toll_pair *pair,
		     enum ws_toll_measure measure)
{
	char text[INTERVAL_MAX];

	ws_page_cell(page, "%s", ws_summary_number(row->mean_us[measure], text));
	ws_page_cell(page, "%s", pair ? interval_text(&pair->added_us[measure], text) : "-");
	ws_page_cell(page, "%s", pair ? bounded_text(&pair->times_empty[measure], text) : "-");
}

/* A treatment; pair: against nothing attached, NULL for that itself. */
static void put_row(struct ws_page *page, const struct ws_treatment_name *name, const struct ws_toll_row *row,
		    const struct ws_toll_pair *pair)
{
	char text[INTERVAL_MAX];

	ws_page_cell(page, "%s (%s)", name->name, name->words);
	ws_page_cell(page, "%u", row->n_blocks);
	ws_page_cell(page, "%" PRId64, row->n_requests);
	ws_page_cell(page, "%.0f", row->rate_per_s);
	ws_page_cell(page, "%s", pair ? interval_text(&pair->throughput, text) : "-");
	ws_page_cell(page, "%s", ws_summary_number(row->mean_us[WS_TOLL_MEDIAN], text));
	ws_page_cell(page, "%s", pair ? interval_text(&pair->added_us[WS_TOLL_MEDIAN], text) : "-");
	ws_page_cell(page, "%s", pair ? interval_text(&pair->added_us[WS_TOLL_P99], text) : "-");
	put_cost(page, row, pair, WS_TOLL_CPU);
	put_cost(page, row, pair, WS_TOLL_PROCESS);
	ws_page_cell(page, "%s", ws_summary_number(row->mean_us[WS_TOLL_OWN], text));
	ws_page_cell(page, "%.1f", row->wakeups_per_s);
	ws_page_cell(page, "%s", isfinite(row->irq_work) ? ws_summary_number(row->irq_work, text) : "-");
	ws_page_cell(page, "%s", loss_text(row, text));
	ws_page_row_end(page);
}

static int put_run(const struct ws_run *run, const struct ws_toll *toll, void *context)
{
	static const struct ws_page_column columns[] = {
		{ "treatment", NULL, WS_CELLS_NAME },
		{ "blocks", NULL, WS_CELLS_NUMBER },
		{ "requests", NULL, WS_CELLS_NUMBER },
		{ "requests", "1/s", WS_CELLS_NUMBER },
		{ "throughput, ratio", NULL, WS_CELLS_NUMBER },
		{ "median latency", "µs", WS_CELLS_NUMBER },
		{ "added", "µs", WS_CELLS_NUMBER },
		{ "p99, added", "µs", WS_CELLS_NUMBER },
		{ "CPU a request, machine", "µs", WS_CELLS_NUMBER },
		{ "added", "µs", WS_CELLS_NUMBER },
		{ "times empty", NULL, WS_CELLS_NUMBER },
		{ "CPU a request, processes", "µs", WS_CELLS_NUMBER },
		{ "added", "µs", WS_CELLS_NUMBER },
		{ "times empty", NULL, WS_CELLS_NUMBER },
		{ "own CPU a request", "µs", WS_CELLS_NUMBER },
		{ "wake-ups", "1/s", WS_CELLS_NUMBER },
		{ "irq work a request", NULL, WS_CELLS_NUMBER },
		{ "lost of frames", NULL, WS_CELLS_NUMBER },
	};
	const uint32_t none = ws_trials_find(toll->trials, WS_TREATMENT_NONE);
	struct ws_page *page = context;
	char text[WS_TOLL_WORDS_MAX];

	ws_page_heading(page, 3, run->name);
	ws_page_table_begin(page, "By treatment; ratios and what is added against nothing attached, with 95% intervals",
			    columns, sizeof(columns) / sizeof(*columns));
	for (uint32_t i = 0; i < toll->trials->n_treatments; i++)
		put_row(page, &toll->trials->treatment[i], &toll->row[i], ws_toll_find(toll, i, none));
	ws_page_table_end(page);
	for (uint32_t i = 0; i < toll->n_pairs; i++)
		ws_page_list_item(page, "%s.", ws_toll_words(toll, &toll->pair[i], text));
	return 0;
}

int ws_toll_put(const struct ws_campaign *campaign, struct ws_page *page)
{
	if (!ws_toll_n_runs(campaign))
		return 0;
	ws_page_heading(page, 2, "What capturing costs");
	ws_page_paragraph(
		page, "The same load once under each treatment in a block, in random order, and again in the next "
		      "block. Differences are taken within blocks; the intervals (Student's t, of ratios Fieller's) "
		      "rest on the blocks, not on the requests. Throughput says something where the load goes as "
		      "fast as it can, latency where it keeps a rate. CPU of the machine: what else ran there is in "
		      "it, and in the intervals; of processes: of the load's and of those that capture, with the "
		      "interrupts that met them. irq work: interrupts of the machine by which the kernel wakes, such "
		      "as the reader of a ring buffer.");
	return each_run(campaign, put_run, page);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * main - analyze: joins the same packet at both tracing points and tells what that says. The only file that speaks to
 * the user and chooses the exit status: 0 done, 1 failed, 2 wrong usage.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "analyze/audit.h"
#include "analyze/gallery.h"
#include "analyze/ledger.h"
#include "analyze/pairs.h"
#include "analyze/report.h"
#include "lib/version.h"

enum status { STATUS_DONE = 0, STATUS_FAILED = 1, STATUS_USAGE = 2 };

struct command {
	const char *name;
	const char *summary;
	unsigned int options; /* enum ws_option */
	/* Of a run: how deep it looks into it. NULL: a run is taken as a campaign of one. */
	enum ws_depth depth;
	int (*run)(const struct ws_invocation *invocation, struct ws_study *study);
	/* Of a campaign: what it needs of its runs, enum ws_finding. NULL: it takes a run only. */
	unsigned int needs;
	int (*run_campaign)(const struct ws_invocation *invocation, const struct ws_campaign *campaign);
	const char *help;
};

/* Tells a failure or a warning. Standard output first, so that the two come in order where they meet. */
static void tell(const char *kind, const char *text)
{
	fflush(stdout);
	fprintf(stderr, "analyze: %s%s\n", kind, text);
}

/* Tells what came of printing to standard output. */
static int printed(int rc)
{
	if (!rc && !fflush(stdout) && !ferror(stdout))
		return STATUS_DONE;
	tell("", rc == -ENOMEM ? "out of memory" : "cannot write to standard output");
	return STATUS_FAILED;
}

/* Tells if there was nothing to join; or, of commands that join nothing, nothing at all. */
static int checked(const struct ws_invocation *invocation, const struct ws_study *study, bool joins)
{
	struct ws_error err = { 0 };

	if (!(joins ? ws_study_check : ws_study_check_files)(study, invocation, &err))
		return STATUS_DONE;
	tell("", err.text);
	return STATUS_FAILED;
}

static int print_cdf(const struct ws_cdf *cdf, const struct ws_invocation *invocation)
{
	struct ws_error err = { 0 };
	int status = printed(ws_cdf_print(cdf, invocation->format, stdout));

	if (status)
		return status;
	if (invocation->term && ws_gallery_print_cdf(cdf, stdout, &err))
		tell("warning: ", err.text);
	status = checked(invocation, cdf->study, true);
	if (!status && ws_gallery_cdf(cdf, invocation, &err))
		tell("warning: ", err.text);
	return status;
}

static int run_cdf(const struct ws_invocation *invocation, struct ws_study *study)
{
	const struct ws_view *ebpf = &study->view[WS_SOURCE_EBPF], *pcap = &study->view[WS_SOURCE_PCAP];
	bool both = ebpf->joined && pcap->joined;
	struct ws_agreement agreement = { 0 };
	struct ws_series_set set = { 0 };
	struct ws_cdf cdf = { study, &set, both ? &agreement : NULL };
	int rc = ws_series_open(study, &set), status = STATUS_FAILED;

	if (!rc && both)
		rc = ws_agreement(&ebpf->join, &pcap->join, NULL, &agreement);
	if (rc)
		tell("", strerror(-rc));
	else
		status = print_cdf(&cdf, invocation);
	ws_series_close(&set);
	return status;
}

static int run_pairs(const struct ws_invocation *invocation, struct ws_study *study)
{
	int status = printed(invocation->unmatched ? ws_pairs_print_unmatched(study, invocation->format, stdout)
						   : ws_pairs_print(study, invocation->format, stdout));

	return status ? status : checked(invocation, study, true);
}

static int run_ledger(const struct ws_invocation *invocation, struct ws_study *study)
{
	int status = printed(ws_ledger_print(study, invocation->format, stdout));
	struct ws_error err;

	if (!status && !ws_ledger_balances(study)) {
		ws_error(&err, 0,
			 "%s/run.db: the ledger does not balance: reasons do not add up to frames: remove the file and "
			 "run `ingest --dir %s` again",
			 invocation->dir, invocation->dir);
		tell("", err.text);
		status = STATUS_FAILED;
	}
	return status ? status : checked(invocation, study, false);
}

static int run_detect(const struct ws_invocation *invocation, struct ws_study *study)
{
	struct ws_detection *detection = calloc((size_t)study->catalog.n_files + 1, sizeof(*detection));
	struct ws_detect detect = { study, detection, 0, invocation->search_bytes, invocation->n_search_bytes };
	struct ws_error err = { 0 };
	int rc = detection ? 0 : -ENOMEM, status = STATUS_FAILED;

	for (uint32_t i = 0; i < study->catalog.n_files && !rc; i++) {
		if (!study->wanted[i])
			continue;
		rc = ws_detection_open(study, i, &detection[detect.n]);
		detect.n += !rc;
	}
	if (rc) {
		tell("", strerror(-rc));
	} else {
		status = printed(ws_detect_print(&detect, invocation->format, stdout));
		status = status ? status : checked(invocation, study, false);
		if (!status && ws_gallery_detect(&detect, invocation, &err))
			tell("warning: ", err.text);
	}
	for (uint32_t i = 0; i < detect.n; i++)
		ws_detection_close(&detection[i]);
	free(detection);
	return status;
}

/* Tells that a command has nothing to say of these runs. */
static int nothing(const struct ws_invocation *invocation, const char *text)
{
	struct ws_error err;

	ws_error(&err, 0, "%s: %s", invocation->dir, text);
	tell("", err.text);
	return STATUS_FAILED;
}

static int run_bundle(const struct ws_invocation *invocation, const struct ws_campaign *campaign)
{
	struct ws_error err = { 0 };
	struct ws_bundle bundle;
	int status, rc = ws_bundle_open(campaign, &bundle);

	if (rc) {
		tell("", strerror(-rc));
		return STATUS_FAILED;
	}
	status = printed(ws_bundle_print(&bundle, invocation->format, stdout));
	if (!status && invocation->term && ws_gallery_print_bundle(&bundle, stdout, &err))
		tell("warning: ", err.text);
	if (!status && !bundle.n)
		status = nothing(invocation, "no run with pairs in it; `analyze ledger` tells why");
	if (!status && ws_gallery_bundle(&bundle, invocation, &err))
		tell("warning: ", err.text);
	ws_bundle_close(&bundle);
	return status;
}

static int run_sweep(const struct ws_invocation *invocation, const struct ws_campaign *campaign)
{
	struct ws_error err = { 0 };
	struct ws_sweep sweep;
	int status, rc = ws_sweep_open(campaign, invocation, &sweep);

	if (rc) {
		tell("", strerror(-rc));
		return STATUS_FAILED;
	}
	status = printed(ws_sweep_print(&sweep, invocation->format, stdout));
	if (!status && !sweep.n)
		status = nothing(invocation, "no run with records or captures in it");
	if (!status && ws_gallery_sweep(&sweep, invocation, &err))
		tell("warning: ", err.text);
	ws_sweep_close(&sweep);
	return status;
}

static int run_e2e(const struct ws_invocation *invocation, const struct ws_campaign *campaign)
{
	struct ws_error err = { 0 };
	struct ws_e2e e2e;
	int status, rc = ws_e2e_open(campaign, &e2e);

	if (rc) {
		tell("", strerror(-rc));
		return STATUS_FAILED;
	}
	status = printed(ws_e2e_print(&e2e, invocation->format, stdout));
	if (!status && invocation->term && ws_gallery_print_e2e(&e2e, stdout, &err))
		tell("warning: ", err.text);
	if (!status && !e2e.n)
		status = nothing(invocation, "no load log (load.*) was loaded: add it to the run and run ingest again");
	if (!status && ws_gallery_e2e(&e2e, invocation, &err))
		tell("warning: ", err.text);
	ws_e2e_close(&e2e);
	return status;
}

static int run_compare(const struct ws_invocation *invocation, const struct ws_campaign *unused)
{
	struct ws_selection selection[2] = { 0 };
	struct ws_compare compare = { 0 };
	struct ws_error err = { 0 };
	int status = STATUS_FAILED, rc = 0;

	(void)unused;
	for (int i = 0; i < 2 && !rc; i++)
		rc = ws_selection_open(invocation->operand[i], invocation->dir, invocation, &selection[i], &err);
	rc = rc ? rc : ws_compare_open(&selection[0], &selection[1], &compare, &err);
	if (rc) {
		tell("", err.text);
	} else {
		status = printed(ws_compare_print(&compare, invocation->format, stdout));
		if (!status && ws_gallery_compare(&compare, invocation, &err))
			tell("warning: ", err.text);
	}
	ws_compare_close(&compare);
	for (int i = 0; i < 2; i++)
		ws_selection_close(&selection[i]);
	return status;
}

static int run_report(const struct ws_invocation *invocation, const struct ws_campaign *campaign)
{
	struct ws_error err = { 0 }, missing = { 0 };

	if (ws_report_write(campaign, invocation, &missing, &err)) {
		tell("", err.text);
		return STATUS_FAILED;
	}
	if (*missing.text)
		tell("warning: ", missing.text);
	printf("%s%s/report.html\n%s%s/report.md\n", invocation->out ? invocation->out : invocation->dir,
	       invocation->out ? "" : "/reports", invocation->out ? invocation->out : invocation->dir,
	       invocation->out ? "" : "/reports");
	return printed(0);
}

static int run_audit(const struct ws_invocation *invocation, const struct ws_campaign *campaign)
{
	int status = printed(ws_audit_print(campaign, invocation->format, stdout));

	if (!status && !ws_audit_all_balance(campaign))
		status = nothing(invocation, "a ledger does not balance: reasons do not add up to frames: remove the "
					     "run.db of that run and run ingest again");
	return status;
}

#define HELP_COMMON                                                                     \
	"  --dir DIR           the run; ingest has made run.db in it\n"                 \
	"  --source SOURCE     ebpf or pcap only; both, each by itself, if not given\n" \
	"  --format FORMAT     table (default), tsv or json\n"                          \
	"  --help              this text\n"
#define HELP_CAMPAIGN                                                                                         \
	"  --dir DIR           the run, or a directory of runs: a campaign; ingest has made run.db in each\n" \
	"  --source SOURCE     ebpf or pcap only; both, each by itself, if not given\n"                       \
	"  --format FORMAT     table (default), tsv or json\n"                                                \
	"  --help              this text\n"
#define HELP_FILES                                                           \
	"  --out DIR           put the files there, not into DIR/reports/\n" \
	"  --no-figure         write no .svg and .pdf\n"
#define HELP_TERM "  --term              draw the figure in the terminal, too\n"

static const struct command commands[] = {
	{ "cdf", "distribution of the latency between the points", WS_OPTION_FIGURE | WS_OPTION_TERM, WS_DEPTH_JOIN,
	  run_cdf, WS_FIND_LATENCIES, run_bundle,
	  "How long does the overlay hold a packet, rx (NIC to vport) and tx (vport to NIC)? Quantiles are order\n"
	  "statistics, the x(ceil(q n)) of n; their 95% intervals assume no distribution. Writes cdf.tsv (of a run: "
	  "every\n"
	  "point), cdf-drawn.tsv (what the figure draws), cdf.json, cdf.svg and cdf.pdf into DIR/reports/. Of a "
	  "campaign,\n"
	  "runs under the same conditions are put together, and the figure has a panel for each set of "
	  "conditions.\n\n" HELP_CAMPAIGN HELP_FILES HELP_TERM },
	{ "pairs", "every packet seen at both points", WS_OPTION_UNMATCHED, WS_DEPTH_JOIN, run_pairs, 0, NULL,
	  "One row a packet, in order of its entry; addresses and ports as at the vport.\n\n" HELP_COMMON
	  "  --unmatched         instead, the sightings with a context that found no partner, and why\n" },
	{ "ledger", "the account of every frame and every sighting", 0, WS_DEPTH_JOIN, run_ledger,
	  WS_FIND_LATENCIES | WS_FIND_TRACES, run_audit,
	  "Every frame that passed a point has exactly one reason; the reasons add up to the frames, or it "
	  "fails. Of a\ncampaign: a line a file, with the traces seen beside the requests that the load log says were "
	  "answered.\n\n" HELP_CAMPAIGN },
	{ "detect", "contexts found by a search of N bytes", WS_OPTION_FIGURE | WS_OPTION_SEARCH_BYTES,
	  WS_DEPTH_SIGHTINGS, run_detect, WS_FIND_DETECTIONS, run_sweep,
	  "Of the requests that carry a context, how many does a search of the first N payload bytes find? Writes\n"
	  "detect.tsv, detect.json, detect.svg and detect.pdf into DIR/reports/. Of a campaign: live searches of N "
	  "bytes\n"
	  "beside what the offsets of a search of the whole head say.\n\n" HELP_CAMPAIGN HELP_FILES
	  "  --search-bytes LIST numbers and FROM:TO:STEP, separated by commas; default 100:1600:100\n" },
	{ "e2e", "end-to-end latency and schedule of the load", WS_OPTION_FIGURE | WS_OPTION_TERM, WS_DEPTH_CATALOG,
	  NULL, 0, run_e2e,
	  "What did a request take, as the load generator logged it (load.*), and did the generator keep an even "
	  "rate?\n"
	  "Requests answered with a status from 200 to 399 count; the others are told. Writes e2e.tsv, e2e-drawn.tsv,\n"
	  "e2e.json, e2e.svg and e2e.pdf into DIR/reports/.\n\n" HELP_CAMPAIGN HELP_FILES HELP_TERM },
	{ "compare", "two runs or groups of runs, and what the data support", WS_OPTION_FIGURE | WS_OPTION_OPERANDS,
	  WS_DEPTH_CATALOG, NULL, 0, run_compare,
	  "A and B are each DIR, or DIR:KEY=VALUE,... for those runs of a campaign that have these conditions; with "
	  "--dir,\n"
	  "KEY=VALUE,... is enough. The key source (ebpf, pcap) says whose latencies are meant: the same run by both "
	  "is\n"
	  "compared packet by packet. Tells the shift of the median, p90 and p99, Kolmogorov-Smirnov and "
	  "Wasserstein-1.\n\n"
	  "  --dir DIR           the campaign that operands without a directory mean\n"
	  "  --source SOURCE     ebpf or pcap only\n"
	  "  --format FORMAT     table (default), tsv or json\n"
	  "  --out DIR           write compare.tsv, compare-drawn.tsv, compare.json, compare.svg and compare.pdf "
	  "there;\n"
	  "                      of the same packets by both methods, compare-packets.tsv, .svg and .pdf, too\n"
	  "  --no-figure         write no .svg and .pdf\n"
	  "  --help              this text\n" },
	{ "report", "everything on one page, HTML and Markdown", WS_OPTION_FIGURE | WS_OPTION_PUBLISHED,
	  WS_DEPTH_CATALOG, NULL, WS_REPORT_NEEDS, run_report,
	  "Writes report.html, which needs nothing beside it and runs no scripts, and report.md with its pictures\n"
	  "report-*.svg and their series report-*.tsv into DIR/reports/: end-to-end latency, detection, latency "
	  "between the\n"
	  "points, agreement of the methods, what measuring adds, accounts, runs and content hashes.\n\n"
	  "  --dir DIR           the run, or a directory of runs: a campaign; ingest has made run.db in each\n"
	  "  --source SOURCE     ebpf or pcap only; both if not given\n"
	  "  --published DIR     numbers to set beside the measured ones: DIR/published.tsv, as in datasets/paper\n"
	  "  --out DIR           put the files there, not into DIR/reports/\n"
	  "  --no-figure         no pictures\n"
	  "  --help              this text\n" },
};
#define N_COMMANDS (sizeof(commands) / sizeof(*commands))

static void print_help(FILE *out)
{
	fprintf(out, "usage: analyze COMMAND --dir DIR [OPTION]...\n\n"
		     "Joins the packets that ingest has loaded, at both tracing points of a node.\n\ncommands:\n");
	for (size_t i = 0; i < N_COMMANDS; i++)
		fprintf(out, "  %-8s%s\n", commands[i].name, commands[i].summary);
	fprintf(out, "\n`analyze COMMAND --help` lists a command's options.\n"
		     "exit status: 0 done, 1 failed, 2 wrong usage\n");
}

static int wrong_usage(const char *text, const char *hint)
{
	fprintf(stderr, "analyze: %s; try `analyze %s%s--help`\n", text, hint, *hint ? " " : "");
	return STATUS_USAGE;
}

static int with_run(const struct command *command, const struct ws_invocation *invocation)
{
	struct ws_error err = { 0 };
	struct ws_study study;
	int status;

	if (ws_study_open(invocation, command->depth, &study, &err)) {
		tell("", err.text);
		return STATUS_FAILED;
	}
	status = command->run(invocation, &study);
	ws_study_close(&study);
	return status;
}

static int with_campaign(const struct command *command, const struct ws_invocation *invocation)
{
	struct ws_campaign campaign;
	struct ws_error err = { 0 };
	int status;

	/* Operands open their own. */
	if (command->options & WS_OPTION_OPERANDS)
		return command->run_campaign(invocation, NULL);
	if (ws_campaign_open(invocation, command->needs, &campaign, &err)) {
		tell("", err.text);
		return STATUS_FAILED;
	}
	for (uint32_t i = 0; i < campaign.n_unloaded; i++) {
		ws_error(&err, 0, "%s: not loaded, left out: run `ingest --dir %s`", campaign.unloaded[i],
			 invocation->dir);
		tell("warning: ", err.text);
	}
	if (campaign.n_orphans) {
		ws_error(&err, 0,
			 "%s: %u runs were recorded beside one that is not here: what they missed is not known",
			 invocation->dir, campaign.n_orphans);
		tell("warning: ", err.text);
	}
	status = command->run_campaign(invocation, &campaign);
	ws_campaign_close(&campaign);
	return status;
}

static int run_command(const struct command *command, int argc, char **argv)
{
	struct ws_invocation invocation;
	struct ws_error err = { 0 };
	int status, rc = ws_invocation_parse(argc, argv, command->options, &invocation, &err);

	if (rc == -EINVAL)
		return wrong_usage(err.text, command->name);
	if (rc) {
		tell("", "out of memory");
		return STATUS_FAILED;
	}
	if (invocation.help) {
		printf("usage: analyze %s %s [OPTION]...\n\n%s", command->name,
		       command->options & WS_OPTION_OPERANDS ? "A B" : "--dir DIR", command->help);
		ws_invocation_close(&invocation);
		return printed(0);
	}
	status = command->run && (!command->run_campaign || ws_campaign_is_run(invocation.dir))
			 ? with_run(command, &invocation)
			 : with_campaign(command, &invocation);
	ws_invocation_close(&invocation);
	return status;
}

/* Whoever started us may have closed these; files that we open must not take their place. */
static void keep_standard_files(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDWR);
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd >= 0)
		close(fd);
}

int main(int argc, char **argv)
{
	struct ws_error err;

	keep_standard_files();
	if (argc < 2)
		return wrong_usage("a command is missing", "");
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "help")) {
		print_help(stdout);
		return printed(0);
	}
	if (!strcmp(argv[1], "--version")) {
		printf("analyze " WS_VERSION "\n");
		return printed(0);
	}
	for (size_t i = 0; i < N_COMMANDS; i++) {
		if (!strcmp(argv[1], commands[i].name))
			return run_command(&commands[i], argc - 1, argv + 1);
	}
	ws_error(&err, 0, "unknown command '%s'", argv[1]);
	return wrong_usage(err.text, "");
}

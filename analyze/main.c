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
#include "analyze/help.h"
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
	struct ws_subject *subject = calloc((size_t)study->catalog.n_files + 1, sizeof(*subject));
	struct ws_detect detect = {
		.study = study,
		.detection = detection,
		.subject = subject,
		.by = invocation->by,
		.search_bytes = invocation->search_bytes,
		.n_search_bytes = invocation->n_search_bytes,
	};
	struct ws_error err = { 0 };
	int rc = detection && subject ? 0 : -ENOMEM, status = STATUS_FAILED;

	for (uint32_t i = 0; i < study->catalog.n_files && !rc; i++) {
		if (!study->wanted[i])
			continue;
		rc = ws_detection_open(study, i, &detection[detect.n]);
		if (!rc) {
			subject[detect.n] = ws_subject_of(&detection[detect.n], &study->conditions);
			detect.n++;
		}
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
	free(subject);
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

static int run_offsets(const struct ws_invocation *invocation, const struct ws_campaign *campaign)
{
	struct ws_error err = { 0 };
	struct ws_offsets offsets = { 0 };
	struct ws_sweep sweep;
	int status, rc = ws_sweep_open(campaign, invocation, &sweep);

	if (!rc) {
		rc = ws_offsets_open(&sweep, &offsets);
		if (rc)
			ws_sweep_close(&sweep);
	}
	if (rc) {
		tell("", strerror(-rc));
		return STATUS_FAILED;
	}
	status = printed(ws_offsets_print(&offsets, invocation->format, stdout));
	if (!status && !offsets.n)
		status = nothing(invocation, "no context was found; `analyze detect` and `analyze ledger` tell why");
	if (!status && ws_gallery_offsets(&offsets, invocation, &err))
		tell("warning: ", err.text);
	ws_offsets_close(&offsets);
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

static const struct command commands[] = {
	{ "cdf", "distribution of the latency between the points", WS_OPTION_FIGURE | WS_OPTION_TERM | WS_OPTION_FAMILY,
	  WS_DEPTH_JOIN, run_cdf, WS_FIND_LATENCIES, run_bundle, ws_help_cdf },
	{ "pairs", "every packet seen at both points", WS_OPTION_UNMATCHED | WS_OPTION_FAMILY, WS_DEPTH_PLACES,
	  run_pairs, 0, NULL, ws_help_pairs },
	{ "ledger", "the account of every frame and every sighting", 0, WS_DEPTH_JOIN, run_ledger,
	  WS_FIND_LATENCIES | WS_FIND_TRACES, run_audit, ws_help_ledger },
	{ "detect", "contexts found by a search of N bytes",
	  WS_OPTION_FIGURE | WS_OPTION_SEARCH_BYTES | WS_OPTION_BY | WS_OPTION_FAMILY, WS_DEPTH_SIGHTINGS, run_detect,
	  WS_FIND_DETECTIONS, run_sweep, ws_help_detect },
	{ "offsets", "where in the head the contexts sit", WS_OPTION_FIGURE | WS_OPTION_BY | WS_OPTION_FAMILY,
	  WS_DEPTH_CATALOG, NULL, WS_FIND_DETECTIONS, run_offsets, ws_help_offsets },
	{ "e2e", "end-to-end latency and schedule of the load", WS_OPTION_FIGURE | WS_OPTION_TERM, WS_DEPTH_CATALOG,
	  NULL, 0, run_e2e, ws_help_e2e },
	{ "compare", "two runs or groups of runs, and what the data support", WS_OPTION_FIGURE | WS_OPTION_OPERANDS,
	  WS_DEPTH_CATALOG, NULL, 0, run_compare, ws_help_compare },
	{ "report", "everything on one page, HTML and Markdown", WS_OPTION_FIGURE | WS_OPTION_PUBLISHED,
	  WS_DEPTH_CATALOG, NULL, WS_REPORT_NEEDS, run_report, ws_help_report },
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
	if (ws_study_check_family(&study, invocation, &err)) {
		tell("", err.text);
		status = STATUS_FAILED;
	} else {
		status = command->run(invocation, &study);
	}
	ws_study_close(&study);
	return status;
}

/* Was no family asked for, or any file searched for it? */
static bool family_is_known(const struct ws_invocation *invocation, const struct ws_campaign *campaign)
{
	for (uint32_t i = 0; i < campaign->n_runs && invocation->family; i++) {
		const struct ws_catalog *catalog = &campaign->run[i].findings.catalog;

		for (uint32_t k = 0; k < catalog->n_files; k++) {
			if (ws_file_family(&catalog->file[k], invocation->family))
				return true;
		}
	}
	return !invocation->family;
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
	status = family_is_known(invocation, &campaign)
			 ? command->run_campaign(invocation, &campaign)
			 : nothing(invocation,
				   "no file of these runs was searched for contexts of the family that --family "
				   "names");
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

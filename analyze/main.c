/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * main - analyze: joins the same packet at both tracing points and tells what that says. The only file that speaks to
 * the user and chooses the exit status: 0 done, 1 failed, 2 wrong usage.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/commands.h"
#include "analyze/help.h"
#include "analyze/origin.h"
#include "analyze/report.h"
#include "lib/json_memory.h"
#include "lib/sqlite/sqlite_memory.h"
#include "lib/standard.h"
#include "lib/version.h"

struct command {
	const char *name;
	const char *summary;
	unsigned int options; /* enum ws_option */
	/* Of a run: what it needs of it, enum ws_need. NULL: a run is taken as a campaign of one. */
	unsigned int of_run;
	int (*run)(const struct ws_invocation *invocation, struct ws_study *study);
	/* Of a campaign: what it needs of its runs, enum ws_finding. NULL: it takes a run only. */
	unsigned int needs;
	int (*run_campaign)(const struct ws_invocation *invocation, const struct ws_campaign *campaign);
	const char *help;
	/* Of all nodes together. NULL: it takes runs or campaigns. */
	int (*run_atlas)(const struct ws_invocation *invocation);
};

#define ATLAS(name, summary, options, run, help)                                 \
	{                                                                        \
		name, summary, options, 0, NULL, 0, NULL, help, .run_atlas = run \
	}

static const struct command commands[] = {
	{ "cdf", "distribution of the latency between the points",
	  WS_OPTION_FIGURE | WS_OPTION_TERM | WS_OPTION_FAMILY | WS_OPTION_BY_NAMES | WS_OPTION_MEMORY,
	  WS_NEED_JOIN | WS_NEED_LATENCIES, ws_command_cdf, WS_FIND_LATENCIES, ws_command_bundle, ws_help_cdf, NULL },
	{ "pairs", "every packet seen at both points", WS_OPTION_UNMATCHED | WS_OPTION_FAMILY | WS_OPTION_MEMORY,
	  WS_NEED_JOIN | WS_NEED_PAIRS, ws_command_pairs, 0, NULL, ws_help_pairs, NULL },
	{ "ledger", "the account of every frame and every sighting", WS_OPTION_MEMORY, WS_NEED_JOIN, ws_command_ledger,
	  WS_FIND_JOIN | WS_FIND_TRACES, ws_command_audit, ws_help_ledger, NULL },
	{ "detect", "contexts found by a search of N bytes",
	  WS_OPTION_FIGURE | WS_OPTION_SEARCH_BYTES | WS_OPTION_BY | WS_OPTION_BY_NAMES | WS_OPTION_FAMILY |
		  WS_OPTION_MEMORY,
	  WS_NEED_SIGHTINGS, ws_command_detect, WS_FIND_DETECTIONS, ws_command_sweep, ws_help_detect, NULL },
	{ "offsets", "where in the head the contexts sit",
	  WS_OPTION_FIGURE | WS_OPTION_BY | WS_OPTION_FAMILY | WS_OPTION_MEMORY, 0, NULL, WS_FIND_DETECTIONS,
	  ws_command_offsets, ws_help_offsets, NULL },
	{ "e2e", "end-to-end latency and schedule of the load", WS_OPTION_FIGURE | WS_OPTION_TERM, 0, NULL, 0,
	  ws_command_e2e, ws_help_e2e, NULL },
	{ "overhead", "what capturing costs, as `capture run --overhead` measured it", 0, 0, NULL, 0,
	  ws_command_overhead, ws_help_overhead, NULL },
	{ "compare", "two runs or groups of runs, and what the data support",
	  WS_OPTION_FIGURE | WS_OPTION_OPERANDS | WS_OPTION_MEMORY, 0, NULL, 0, ws_command_compare, ws_help_compare,
	  NULL },
	{ "report", "everything on one page, HTML and Markdown",
	  WS_OPTION_FIGURE | WS_OPTION_PUBLISHED | WS_OPTION_MEMORY, 0, NULL, WS_REPORT_NEEDS, ws_command_report,
	  ws_help_report, NULL },
	ATLAS("runs", "the runs in a store, and dropping one", WS_OPTION_STORE, ws_command_runs, ws_help_runs),
	ATLAS("trace", "one request's way through all nodes",
	      WS_OPTION_FIGURE | WS_OPTION_ALIGN | WS_OPTION_TRACE_ID | WS_OPTION_MEMORY, ws_command_trace,
	      ws_help_trace),
	ATLAS("topology", "who calls whom, as seen in packets", WS_OPTION_FIGURE | WS_OPTION_MEMORY,
	      ws_command_topology, ws_help_topology),
	ATLAS("clocks", "how far the nodes' clocks are apart", WS_OPTION_FIGURE | WS_OPTION_MEMORY, ws_command_clocks,
	      ws_help_clocks),
	ATLAS("underlay", "from NIC to NIC: one-way delay between the nodes",
	      WS_OPTION_FIGURE | WS_OPTION_ALIGN | WS_OPTION_MEMORY, ws_command_underlay, ws_help_underlay),
	ATLAS("export", "packet intervals as spans, for other tools",
	      WS_OPTION_ALIGN | WS_OPTION_EXPORT | WS_OPTION_MEMORY, ws_command_export, ws_help_export),
};
#define N_COMMANDS (sizeof(commands) / sizeof(*commands))

static void print_help(FILE *out)
{
	fprintf(out, "usage: analyze COMMAND --dir DIR [OPTION]...\n\n"
		     "Joins the packets that ingest has loaded, at both tracing points of a node.\n\ncommands:\n");
	for (size_t i = 0; i < N_COMMANDS; i++)
		fprintf(out, "  %-10s%s\n", commands[i].name, commands[i].summary);
	fprintf(out, "\n`analyze COMMAND --help` lists a command's options.\n"
		     "exit status: 0 done, 1 failed, 2 wrong usage\n");
}

static int wrong_usage(const char *text, const char *hint)
{
	fprintf(stderr, "analyze: %s; try `analyze %s%s--help`\n", text, hint, *hint ? " " : "");
	return WS_STATUS_USAGE;
}

/* What a command needs of a run, as it was called. */
static unsigned int needs_of(const struct command *command, const struct ws_invocation *invocation)
{
	if (command->of_run & WS_NEED_LATENCIES && invocation->by & WS_BY_NAMES)
		return WS_NEED_JOIN | WS_NEED_STRATA;
	if (command->of_run & WS_NEED_PAIRS && invocation->unmatched)
		return WS_NEED_JOIN | WS_NEED_STRAYS;
	return command->of_run;
}

static int with_run(const struct command *command, const struct ws_invocation *invocation)
{
	struct ws_error err = { 0 };
	struct ws_study study;
	int status;

	if (ws_study_open(invocation, needs_of(command, invocation), &study, &err)) {
		ws_tell("", err.text);
		return WS_STATUS_FAILED;
	}
	if (ws_study_check_family(&study, invocation, &err)) {
		ws_tell("", err.text);
		status = WS_STATUS_FAILED;
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
		ws_tell("", err.text);
		return WS_STATUS_FAILED;
	}
	for (uint32_t i = 0; i < campaign.n_unloaded; i++) {
		ws_error(&err, 0, "%s: not loaded, left out: run `ingest --dir %s`", campaign.unloaded[i],
			 invocation->dir);
		ws_tell("warning: ", err.text);
	}
	if (campaign.n_orphans) {
		ws_error(&err, 0,
			 "%s: %u runs were recorded beside one that is not here: what they missed is not known",
			 invocation->dir, campaign.n_orphans);
		ws_tell("warning: ", err.text);
	}
	status =
		family_is_known(invocation, &campaign)
			? command->run_campaign(invocation, &campaign)
			: ws_tell_nothing(invocation,
					  "no file of these runs was searched for contexts of the family that --family "
					  "names");
	ws_campaign_close(&campaign);
	return status;
}

/* For what the directory is: a run, or several. */
static int carry_out(const struct command *command, const struct ws_invocation *invocation)
{
	struct ws_error err = { 0 };
	bool is_run = command->run;

	if (command->run_atlas)
		return command->run_atlas(invocation);
	if (command->run && command->run_campaign &&
	    ws_origin_is_run(&invocation->origin, invocation->dir, &is_run, &err)) {
		ws_tell("", err.text);
		return WS_STATUS_FAILED;
	}
	return is_run ? with_run(command, invocation) : with_campaign(command, invocation);
}

static int run_command(const struct command *command, int argc, char **argv)
{
	struct ws_invocation invocation;
	struct ws_error err = { 0 };
	char *name = NULL;
	int status, rc = ws_invocation_parse(argc, argv, command->options, &invocation, &err);

	if (rc == -EINVAL)
		return wrong_usage(err.text, command->name);
	if (rc) {
		ws_tell("", "out of memory");
		return WS_STATUS_FAILED;
	}
	if (invocation.help) {
		printf("usage: analyze %s %s [OPTION]...\n\n%s%s", command->name,
		       command->options & WS_OPTION_OPERANDS   ? "A B"
		       : command->options & WS_OPTION_TRACE_ID ? "ID --dir DIR"
		       : command->options & WS_OPTION_STORE    ? "--store URL"
							       : "--dir DIR",
		       command->help, ws_help_store);
		ws_invocation_close(&invocation);
		return ws_tell_printed(0);
	}
	rc = ws_origin_open(&invocation.origin, &err);
	if (rc == -EINVAL) {
		ws_invocation_close(&invocation);
		return wrong_usage(err.text, command->name);
	}
	rc = rc ? rc : ws_origin_name(&invocation.origin, invocation.dir, &name, &err);
	if (rc) {
		ws_origin_close(&invocation.origin);
		ws_invocation_close(&invocation);
		ws_tell("", err.text);
		return WS_STATUS_FAILED;
	}
	if (name)
		invocation.origin.run = name;
	status = carry_out(command, &invocation);
	ws_origin_close(&invocation.origin);
	ws_invocation_close(&invocation);
	free(name);
	if (status == WS_STATUS_DONE && ws_json_memory_was_short()) {
		ws_tell("", "out of memory: something is missing in what was written");
		status = WS_STATUS_FAILED;
	}
	return status ? status : ws_tell_printed(0); /* a figure for the terminal may have followed */
}

int main(int argc, char **argv)
{
	struct ws_error err;

	ws_standard_keep();
	ws_json_memory_watch();
	ws_sqlite_memory_watch();
	if (argc < 2)
		return wrong_usage("a command is missing", "");
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "help")) {
		print_help(stdout);
		return ws_tell_printed(0);
	}
	if (!strcmp(argv[1], "--version")) {
		printf("analyze " WS_VERSION "\n");
		return ws_tell_printed(0);
	}
	for (size_t i = 0; i < N_COMMANDS; i++) {
		if (!strcmp(argv[1], commands[i].name))
			return run_command(&commands[i], argc - 1, argv + 1);
	}
	ws_error(&err, 0, "unknown command '%s'", argv[1]);
	return wrong_usage(err.text, "");
}

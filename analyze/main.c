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

#include "analyze/gallery.h"
#include "analyze/ledger.h"
#include "analyze/pairs.h"
#include "lib/version.h"

enum status { STATUS_DONE = 0, STATUS_FAILED = 1, STATUS_USAGE = 2 };

struct command {
	const char *name;
	const char *summary;
	unsigned int options; /* enum ws_option */
	enum ws_depth depth;
	int (*run)(const struct ws_invocation *invocation, struct ws_study *study);
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
		rc = ws_agreement(&ebpf->join, &pcap->join, &agreement);
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

#define HELP_COMMON                                                                     \
	"  --dir DIR           the run; ingest has made run.db in it\n"                 \
	"  --source SOURCE     ebpf or pcap only; both, each by itself, if not given\n" \
	"  --format FORMAT     table (default), tsv or json\n"                          \
	"  --help              this text\n"
#define HELP_FILES                                                                 \
	"  --out DIR           put the files there, not into the run's reports/\n" \
	"  --no-figure         write no .svg and .pdf\n"

static const struct command commands[] = {
	{ "cdf", "distribution of the latency between the points", WS_OPTION_FIGURE | WS_OPTION_TERM, WS_DEPTH_JOIN,
	  run_cdf,
	  "How long does the overlay hold a packet, rx (NIC to vport) and tx (vport to NIC)? Quantiles are order\n"
	  "statistics, the x(ceil(q n)) of n; their 95% intervals assume no distribution. Writes cdf.tsv (every "
	  "point),\n"
	  "cdf-drawn.tsv (what the figure draws), cdf.json, cdf.svg and cdf.pdf into DIR/reports/.\n\n" HELP_COMMON
		  HELP_FILES "  --term              draw the distribution in the terminal, too\n" },
	{ "pairs", "every packet seen at both points", WS_OPTION_UNMATCHED, WS_DEPTH_JOIN, run_pairs,
	  "One row a packet, in order of its entry; addresses and ports as at the vport.\n\n" HELP_COMMON
	  "  --unmatched         instead, the sightings with a context that found no partner, and why\n" },
	{ "ledger", "the account of every frame and every sighting", 0, WS_DEPTH_JOIN, run_ledger,
	  "Every frame that passed a point has exactly one reason; the reasons add up to the frames, or it "
	  "fails.\n\n" HELP_COMMON },
	{ "detect", "contexts found by a search of N bytes", WS_OPTION_FIGURE | WS_OPTION_SEARCH_BYTES,
	  WS_DEPTH_SIGHTINGS, run_detect,
	  "Of the requests that carry a context, how many does a search of the first N payload bytes find? Writes\n"
	  "detect.tsv, detect.json, detect.svg and detect.pdf into DIR/reports/.\n\n" HELP_COMMON HELP_FILES
	  "  --search-bytes LIST numbers and FROM:TO:STEP, separated by commas; default 100:1600:100\n" },
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

static int run_command(const struct command *command, int argc, char **argv)
{
	struct ws_invocation invocation;
	struct ws_error err = { 0 };
	struct ws_study study;
	int status, rc = ws_invocation_parse(argc, argv, command->options, &invocation, &err);

	if (rc == -EINVAL)
		return wrong_usage(err.text, command->name);
	if (rc) {
		tell("", "out of memory");
		return STATUS_FAILED;
	}
	if (invocation.help) {
		printf("usage: analyze %s --dir DIR [OPTION]...\n\n%s", command->name, command->help);
		ws_invocation_close(&invocation);
		return printed(0);
	}
	rc = ws_study_open(&invocation, command->depth, &study, &err);
	if (rc) {
		tell("", err.text);
		status = STATUS_FAILED;
	} else {
		status = command->run(&invocation, &study);
		ws_study_close(&study);
	}
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

/* SPDX-License-Identifier: BSD-2-Clause */
/* main - the command line of capture: sub-commands, signals, and all that is said to the user. */
#include <bpf/libbpf.h>
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "capture/check.h"
#include "capture/collect/collect.h"
#include "capture/options.h"
#include "capture/overhead/overhead.h"
#include "capture/plan/plan_apply.h"
#include "capture/plan/plan_run.h"
#include "capture/plan/plan_show.h"
#include "capture/privilege.h"
#include "capture/run.h"
#include "capture/sandbox.h"
#include "capture/show.h"
#include "lib/json_memory.h"
#include "lib/standard.h"
#include "lib/version.h"

static const char help[] =
	"Usage: capture collect|plan|run|check|show [options]\n"
	"\n"
	"  collect  take a snapshot of the cluster: pods, services, containers, interfaces, NAT rules\n"
	"  plan     find the tracing points of pods in a snapshot\n"
	"  run      record HTTP requests and their tracing contexts at tracing points\n"
	"  check    say whether this kernel and these privileges can do it, and what to do if not\n"
	"  show     print the records of a record file, one a line\n"
	"\n"
	"`capture SUBCOMMAND --help` says more. Version " WS_VERSION ".\n";

static const char check_help[] = "Usage: capture check\n"
				 "\n"
				 "Tries each thing that a recording needs. Exit status 0 if all of it works.\n";

static const char show_help[] =
	"Usage: capture show [-n N] FILE\n"
	"\n"
	"Prints the records of a record file (NAME.rec.zst, or .part while it is written):\n"
	"time, direction, addresses, tunnel, sequence number, payload length, context and its place.\n"
	"\n"
	"  -n N    only the first N records\n";

static volatile sig_atomic_t stop; /* 2: for the second time */

static void on_signal(int number)
{
	(void)number;
	stop = stop ? 2 : 1;
}

static int usage_error(const char *command, const char *text)
{
	fprintf(stderr, "capture %s: %s\n`capture %s --help` shows how it is used.\n", command, text, command);
	return 2;
}

static void tell(const struct ws_run_progress *p, int is_final)
{
	const bool is_terminal = isatty(STDERR_FILENO);

	if (!is_final && is_terminal)
		fprintf(stderr, "\r%.0f s  frames %llu  contexts %llu  lost %llu ", p->elapsed_s,
			(unsigned long long)p->n_frames, (unsigned long long)p->n_contexts,
			(unsigned long long)p->n_lost);
	if (!is_final)
		return;
	fprintf(stderr, "%s%.1f s: %llu frames, %llu requests, %llu with a context, %llu messages lost",
		is_terminal ? "\r\033[K" : "", p->elapsed_s, (unsigned long long)p->n_frames,
		(unsigned long long)p->n_requests, (unsigned long long)p->n_contexts, (unsigned long long)p->n_lost);
	if (p->n_pcap_written || p->n_pcap_dropped)
		fprintf(stderr, "; pcap: %llu packets, %llu dropped", (unsigned long long)p->n_pcap_written,
			(unsigned long long)p->n_pcap_dropped);
	fputc('\n', stderr);
	if (p->n_lost)
		fputs("Ring buffers were full: take a larger --ring-buffer, a --cpu for the reader, or a --filter.\n",
		      stderr);
	if (p->n_pcap_dropped)
		fputs("Packet captures dropped packets: take a larger --pcap-buffer, or a --snaplen.\n", stderr);
	if (p->n_clock_steps)
		fprintf(stderr,
			"The wall clock was set meanwhile, %u times by %.3f s in all: times of packet captures jump.\n",
			p->n_clock_steps, p->clock_step_s);
	if (p->no_filter)
		fprintf(stderr, "capture run: warning: recorded with all system calls allowed: %s\n", p->no_filter);
}

static void tell_trial(const struct ws_trials *trials, const struct ws_trial *trial, uint32_t n_blocks)
{
	if (trial->position)
		fprintf(stderr, "block %lld of %u, ", (long long)trial->block, n_blocks);
	else
		fprintf(stderr, "order by seed %lld; warming up, ", (long long)trials->seed);
	fprintf(stderr, "%s: %lld requests, %.0f/s, median %.3f ms, CPU %.2f, our own %.3f", /* in CPUs */
		trials->treatment[trial->treatment].name, (long long)trial->n_requests,
		(double)trial->n_requests / (double)trial->duration_ns * 1e9, (double)trial->latency_median_ns / 1e6,
		(double)trial->busy_ns / (double)trial->window_ns,
		(double)trial->own_cpu_ns / (double)trial->window_ns);
	if (trial->n_frames >= 0)
		fprintf(stderr, "; %lld frames, %lld lost", (long long)trial->n_frames, (long long)trial->n_lost);
	fputc('\n', stderr);
}

static void catch_signals(void)
{
	struct sigaction action = { .sa_handler = on_signal }, hangup;

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	signal(SIGCHLD, SIG_DFL); /* whoever started us may have ignored it: then nobody learns how a program ended */
	sigaction(SIGHUP, NULL, &hangup); /* whoever ignores it, nohup, wants to go on */
	if (hangup.sa_handler != SIG_IGN)
		sigaction(SIGHUP, &action, NULL);
}

/* The plan's points become the options', and have to be there. */
static int take_plan(struct ws_capture_options *options, struct ws_plan *plan, struct ws_error *err)
{
	struct ws_error why = { 0 };
	int rc = ws_plan_read(options->plan_path, plan, err);

	if (rc == 0)
		rc = ws_plan_apply(plan, options, err);
	if (rc)
		return rc;
	rc = ws_plan_check(ws_plan_node_find(plan, options->node), options->netns, &why);
	return rc ? ws_error(err, rc, "%s: %s", options->plan_path, why.text) : 0;
}

/* What packets hold beside headers is not for everybody. */
static void warn_of_packets(const struct ws_capture_options *o)
{
	if (o->with_pcap && o->pcap_snaplen > WS_HEADERS_ONLY_BYTES)
		fprintf(stderr,
			"capture run: warning: packet captures hold what passes: headers, cookies, tokens, bodies. "
			"%s/*.pcap "
			"can be read by you only; --snaplen N keeps the first N bytes of a packet. Record files hold "
			"ids.\n",
			o->dir);
}

/* A call that was refused may be why something is missing; and it says that this program has to be told of it. */
static void warn_of_refusals(void)
{
	char name[64];
	int first;
	const uint64_t n = ws_sandbox_refused(&first);

	if (n)
		fprintf(stderr,
			"capture run: warning: %llu system calls were refused, the first of them %s: they are not "
			"among "
			"those that a recording needs (run.json has it, too). Please report it\n",
			(unsigned long long)n, ws_sandbox_call_name(first, name));
}

static int command_run(int argc, char **argv)
{
	struct ws_capture_options options;
	struct ws_plan plan = { 0 };
	struct ws_error err = { 0 };
	int command_status = -1;
	int rc = ws_capture_options_parse(argc - 1, argv + 1, &options, &err);

	if (rc == 1) {
		fputs(ws_capture_run_help, stdout);
		return 0;
	}
	if (rc)
		return usage_error("run", err.text);
	catch_signals();
	signal(SIGPIPE, SIG_IGN); /* who read our words may go: the recording goes on */
	signal(SIGXFSZ, SIG_IGN); /* a limit of files' sizes: the write fails, with words */
	libbpf_set_print(NULL);
	if (options.plan_path)
		rc = take_plan(&options, &plan, &err);
	if (rc == 0)
		rc = ws_privilege_check(&options, &err);
	if (rc == 0 && !options.is_quiet)
		warn_of_packets(&options);
	if (rc == 0 && options.overhead_blocks)
		rc = ws_overhead_run(&options, argc, argv, &stop, options.is_quiet ? NULL : tell_trial, &err);
	else if (rc == 0)
		rc = ws_run(&options, argc, argv, &stop, options.is_quiet ? NULL : tell, &command_status, &err);
	ws_plan_close(&plan);
	warn_of_refusals();
	if (rc) {
		fprintf(stderr, "capture run: %s\n", err.text);
		return 1;
	}
	if (command_status > 0) {
		fprintf(stderr, "capture run: %s ended with exit status %d; the recording is complete\n",
			options.command[0], command_status);
		return 1;
	}
	return 0;
}

static void tell_line(void *context, const char *line)
{
	fprintf(context, "%s\n", line);
}

static int command_collect(int argc, char **argv)
{
	struct ws_snapshot_options options;
	struct ws_error err = { 0 };
	int rc = ws_snapshot_options_parse(argc - 1, argv + 1, &options, &err);

	if (rc == 1) {
		fputs(ws_snapshot_help, stdout);
		return 0;
	}
	if (rc)
		return usage_error("collect", err.text);
	catch_signals();
	options.stop = &stop;
	rc = ws_snapshot_take(&options, options.is_quiet ? NULL : tell_line, stdout, &err);
	if (rc)
		fprintf(stderr, "capture collect: %s\n", err.text);
	return rc ? 1 : 0;
}

static int command_plan(int argc, char **argv)
{
	struct ws_plan_options options;
	struct ws_error err = { 0 };
	int rc = ws_plan_options_parse(argc - 1, argv + 1, &options, &err);

	if (rc == 1) {
		fputs(ws_plan_help, stdout);
		return 0;
	}
	if (rc)
		return usage_error("plan", err.text);
	rc = ws_plan_run(&options, stdout, &err);
	fflush(stdout);
	if (rc)
		fprintf(stderr, "capture plan: %s\n", err.text);
	return rc ? 1 : 0;
}

static int command_check(int argc, char **argv)
{
	if (argc > 2 && strcmp(argv[2], "--help") == 0) {
		fputs(check_help, stdout);
		return 0;
	}
	if (argc > 2)
		return usage_error("check", "takes no arguments");
	return ws_check(stdout) ? 0 : 1;
}

static int command_show(int argc, char **argv)
{
	struct ws_recfile_status status;
	struct ws_error err = { 0 };
	uint64_t n_max = 0;
	char *end;
	int code;

	if (argc > 2 && strcmp(argv[2], "--help") == 0) {
		fputs(show_help, stdout);
		return 0;
	}
	optind = 2;
	opterr = 0;
	while ((code = getopt(argc, argv, "+n:")) != -1) {
		if (code != 'n')
			return usage_error("show", "takes -n N and one FILE");
		n_max = strtoull(optarg, &end, 10);
		if (*optarg < '1' || *optarg > '9' || *end)
			return usage_error("show", "-n needs a number above 0");
	}
	if (argc - optind != 1)
		return usage_error("show", "needs one FILE");
	if (ws_show(argv[optind], n_max, stdout, &status, &err)) {
		fprintf(stderr, "capture show: %s\n", err.text);
		return 1;
	}
	if (status.n_corrupt_records)
		fprintf(stderr, "capture show: %s: %llu records skipped: their blocks are corrupt\n", argv[optind],
			(unsigned long long)status.n_corrupt_records);
	if (!status.is_complete)
		fprintf(stderr, "capture show: %s: cut off: %llu bytes at the end belong to no whole block%s\n",
			argv[optind], (unsigned long long)status.unread_bytes,
			status.n_cut_records ? ", records are missing" : "");
	return status.n_corrupt_records ? 1 : 0;
}

static int run_command(int argc, char **argv)
{
	static const struct {
		const char *name;
		int (*run)(int argc, char **argv);
	} commands[] = { { "collect", command_collect },
			 { "plan", command_plan },
			 { "run", command_run },
			 { "check", command_check },
			 { "show", command_show } };

	if (argc > 1 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)) {
		fputs(help, stdout);
		return 0;
	}
	for (size_t i = 0; argc > 1 && i < sizeof(commands) / sizeof(commands[0]); i++)
		if (strcmp(argv[1], commands[i].name) == 0)
			return commands[i].run(argc, argv);
	if (argc > 1)
		fprintf(stderr, "capture: no sub-command '%s'\n", argv[1]);
	fputs(help, stderr);
	return 2;
}

int main(int argc, char **argv)
{
	struct ws_error err = { 0 };
	int status;

	ws_standard_keep();
	ws_json_memory_watch();
	status = run_command(argc, argv);
	if (status == 0 && ws_standard_flush(&err)) {
		fprintf(stderr, "capture: %s\n", err.text);
		status = 1;
	}
	return status;
}

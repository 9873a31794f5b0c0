/* SPDX-License-Identifier: BSD-2-Clause */
/* main - the command line of ingest, and all that is said to the user. */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ingest/database.h"
#include "ingest/inputs.h"
#include "ingest/links.h"
#include "ingest/load.h"
#include "ingest/snapshot.h"
#include "ingest/telling.h"
#include "ingest/turns.h"
#include "ingest/words.h"
#include "lib/json_memory.h"
#include "lib/option.h"
#include "lib/standard.h"
#include "lib/tunnels.h"
#include "lib/version.h"
#include "lib/wanted.h"

#define PCAP_OPTIONS_MAX 16
#define JOBS_MAX	 1024

static const char help[] =
	"Usage: ingest --dir DIR [--pcap POINT=FILE]... [options]\n"
	"\n"
	"Loads a run directory into DIR/run.db: record files, packet captures, logs of load generators, the\n"
	"conditions of the run and the snapshot of its cluster. A directory that is no run itself is a\n"
	"campaign: every run below it is loaded, each with the campaign's snapshot where it has none of its\n"
	"own. A load log or conditions.json in a campaign's own directory belongs to none of them: it is\n"
	"refused, and the rest is loaded. Loading again changes nothing; a file whose content has changed\n"
	"takes the place of what was loaded of it.\n"
	"\n"
	"  --dir DIR            run directory with any of:\n"
	"                         NAME.rec.zst        records of a tracing point\n"
	"                         NAME.pcap           its packet capture (.pcapng, .cap; also .gz, .zst)\n"
	"                         run.json            what was recorded, as capture writes it\n"
	"                         load.ANYTHING       the load generator's log (also .gz, .zst): h2load --log-file,\n"
	"                                             vegeta encode --to csv or json, hey -o csv, k6 --out csv or\n"
	"                                             json; which of them, its first line tells\n"
	"                         conditions.json     what was set up, one flat object: {\"rate_per_s\": 80, ...}\n"
	"                         overhead.json       what capturing costs, as `capture run --overhead` writes it\n"
	"                         cluster/            who has which address, and the mesh's traces, as `capture\n"
	"                                             collect` writes it\n"
	"  --pcap POINT=FILE    a packet capture from elsewhere, as that of POINT\n"
	"  --vxlan-port LIST    UDP ports of VXLAN in packet captures (default 4789,8472)\n"
	"  --context LIST       contexts to look for in packet captures, joined by commas: w3c, b3, b3-single,\n"
	"                       jaeger, datadog, skywalking, aws, google, x-request-id, header:NAME (a header of\n"
	"                       your own, up to 4), all (the first nine), default (the first eight);\n"
	"                       without it: what run.json says that the records were searched for, or default\n"
	"  --prefer first|list  of several contexts in a request the first complete one counts (default), or that\n"
	"                       which stands first in the LIST of --context\n"
	"  --jobs N             load up to N runs of a campaign at a time (default: as many as there are processors);\n"
	"                       what is loaded and said does not depend on it\n"
	"  --quiet              say nothing of what went well\n"
	"  --help               this text\n";

struct pcap_option {
	const char *point;
	const char *path;
};

/* A run to load, or what there is to say in its place. */
struct piece {
	char *dir;   /* of the run */
	char *words; /* instead of a run */
};

struct job {
	const char *root; /* --dir */
	struct ws_reading reading;
	struct pcap_option pcap[PCAP_OPTIONS_MAX];
	uint32_t n_pcaps;
	bool has_contexts; /* --context or --prefer was given */
	bool is_quiet;
	uint32_t n_jobs; /* runs at a time */
	struct piece *piece;
	uint32_t n_pieces;
	uint32_t n_failed;		  /* changed by whose turn it is */
	struct ws_snapshot_memory memory; /* likewise */
};

/* A run under way. */
struct run {
	struct job *job;
	const char *dir;
	struct ws_turns *turns;
	uint32_t number;
	struct ws_words words; /* that wait for its turn */
};

/* Says what there is to say as soon as it is the run's turn. */
static void say_if_turn(struct run *run)
{
	if (ws_turns_has_come(run->turns, run->number))
		ws_words_say(&run->words);
}

/* Before there is a database. */
static int check_readable(const struct ws_inputs *inputs, struct ws_error *err)
{
	const char *unreadable = NULL;

	for (uint32_t i = 0; i < inputs->n && !unreadable; i++)
		if (access(inputs->input[i].path, R_OK))
			unreadable = inputs->input[i].path;
	for (uint32_t i = 0; i < inputs->n_logs && !unreadable; i++)
		if (access(inputs->log[i].path, R_OK))
			unreadable = inputs->log[i].path;
	return unreadable ? ws_error(err, -errno, "%s: cannot read: %s", unreadable, strerror(errno)) : 0;
}

/* A recording that was ended in the moment in which it made its file. */
static bool is_empty_part(const struct ws_input *input)
{
	struct stat st;

	return input->is_part && stat(input->path, &st) == 0 && st.st_size == 0;
}

static int load_logs(struct run *run, struct ws_database *db, const struct ws_inputs *inputs, struct ws_error *err)
{
	int rc = 0;

	for (uint32_t i = 0; rc == 0 && i < inputs->n_logs; i++) {
		struct ws_loaded_log loaded;

		rc = ws_load_log(db, run->dir, &inputs->log[i], &loaded, err);
		if (rc == 0)
			ws_tell_log(&run->words, run->job->is_quiet, &inputs->log[i], &loaded);
		say_if_turn(run);
	}
	return rc;
}

/* In turn: it depends on what the runs before have left. */
static int load_snapshots(struct run *run, struct ws_database *db, struct ws_error *err)
{
	struct ws_loaded_snapshots loaded = { 0 };
	int rc;

	ws_turns_wait(run->turns, run->number);
	ws_words_say(&run->words);
	rc = ws_load_snapshots(db, run->dir, run->job->root, &run->job->memory, &loaded, err);

	for (uint32_t i = 0; rc == 0 && i < loaded.n; i++)
		ws_tell_snapshot(&run->words, run->job->is_quiet, &loaded.at[i], &loaded);
	ws_loaded_snapshots_free(&loaded);
	return rc;
}

/* Without --context, packet captures are searched for what the run's records were searched for. */
static int take_contexts(struct ws_database *db, const char *manifest_path, struct ws_wanted *wanted,
			 struct ws_error *err)
{
	char text[WS_WANTED_TEXT_LEN];
	struct ws_error why = { 0 };
	struct ws_wanted parsed;
	bool prefers_list;
	int rc = ws_database_contexts(db, text, sizeof(text), &prefers_list, err);

	if (rc <= 0)
		return rc;
	if (ws_wanted_parse(text, &parsed, &why))
		return ws_error(err, -EINVAL, "%s: configuration.contexts: %s; say --context LIST",
				manifest_path ? manifest_path : "run.json", why.text);
	parsed.prefers_list = prefers_list;
	*wanted = parsed;
	return 0;
}

static int load_inputs(struct run *run, const struct ws_inputs *inputs, struct ws_error *err)
{
	struct ws_reading reading = run->job->reading;
	struct ws_database *db;
	char *path;
	int rc = check_readable(inputs, err);

	if (rc)
		return rc;
	if (asprintf(&path, "%s/run.db", run->dir) < 0)
		return ws_error(err, -ENOMEM, "out of memory");
	rc = ws_database_open(path, &db, err);
	free(path);
	if (rc)
		return rc;
	if (inputs->manifest_path)
		rc = ws_load_manifest(db, inputs->manifest_path, err);
	if (rc == 0 && inputs->conditions_path)
		rc = ws_load_conditions(db, inputs->conditions_path, err);
	if (rc == 0 && inputs->overhead_path)
		rc = ws_load_overhead(db, inputs->overhead_path, err);
	if (rc == 0 && !run->job->has_contexts)
		rc = take_contexts(db, inputs->manifest_path, &reading.wanted, err);
	for (uint32_t i = 0; rc == 0 && i < inputs->n; i++) {
		struct ws_loaded loaded;

		if (is_empty_part(&inputs->input[i])) {
			ws_tell_empty(&run->words, &inputs->input[i]);
			continue;
		}
		rc = ws_load(db, run->dir, &inputs->input[i], &reading, &loaded, err);
		if (rc == 0)
			ws_tell_file(&run->words, run->job->is_quiet, &inputs->input[i], &loaded);
		say_if_turn(run);
	}
	if (rc == 0)
		rc = load_logs(run, db, inputs, err);
	if (rc == 0)
		rc = load_snapshots(run, db, err);
	if (rc == 0)
		rc = ws_database_check(db, err);
	ws_database_close(db);
	return rc;
}

static int load_run(struct run *run, struct ws_error *err)
{
	const struct job *job = run->job;
	struct ws_inputs inputs = { 0 };
	int rc = ws_inputs_find(run->dir, &inputs, err);

	if (rc == 0 && geteuid() == 0)
		rc = ws_links_check(run->dir, &inputs, err);
	for (uint32_t i = 0; rc == 0 && i < job->n_pcaps; i++)
		rc = ws_inputs_add_pcap(&inputs, job->pcap[i].point, job->pcap[i].path, err);
	if (rc == 0 && !ws_inputs_are_some(&inputs))
		rc = ws_error(
			err, -ENOENT,
			"%s: nothing to load; a run has record files (NAME.rec.zst), packet captures (NAME.pcap), "
			"a load generator's log (load.ANYTHING), conditions.json or overhead.json",
			run->dir);
	if (rc == 0)
		rc = load_inputs(run, &inputs, err);
	ws_inputs_free(&inputs);
	return rc;
}

/* One piece; a failure does not keep the campaign's other runs from being loaded. */
static void do_piece(void *context, struct ws_turns *turns, uint32_t i)
{
	struct job *job = context;
	const struct piece *piece = &job->piece[i];
	struct run run = { .job = job, .dir = piece->dir, .turns = turns, .number = i };
	struct ws_error err = { 0 };
	int rc = piece->dir ? load_run(&run, &err) : -EINVAL;

	ws_turns_wait(turns, i);
	ws_words_say(&run.words);
	if (rc == 0 && run.words.are_lost)
		rc = ws_error(&err, -ENOMEM, "%s: loaded, but out of memory for what there is to say of it", run.dir);
	if (rc) {
		fprintf(stderr, "ingest: %s\n", piece->words ? piece->words : err.text);
		job->n_failed++;
	}
}

/* Appends a piece; its texts are the job's from now on. Without memory there is nothing that could be done. */
static void add_piece(struct job *job, char *dir, char *words)
{
	struct piece *grown = realloc(job->piece, (job->n_pieces + 1) * sizeof(*grown));

	if (!grown || (!dir && !words)) {
		fputs("ingest: out of memory\n", stderr);
		exit(1);
	}
	job->piece = grown;
	job->piece[job->n_pieces++] = (struct piece) { dir, words };
}

static void note_run(void *context, const char *dir)
{
	add_piece(context, strdup(dir), NULL);
}

/* What nobody would miss at once: it is said, and the status says it, too. */
static void refuse_stray(void *context, const char *dir, const char *path, const char *run)
{
	char *words;

	if (asprintf(&words,
		     "%s belongs to no run: %s is a campaign, as there are runs below it, such as %s; move the file "
		     "into the run that it belongs to",
		     path, dir, run) < 0)
		words = NULL;
	add_piece(context, NULL, words);
}

static void free_job(struct job *job)
{
	for (uint32_t i = 0; i < job->n_pieces; i++) {
		free(job->piece[i].dir);
		free(job->piece[i].words);
	}
	free(job->piece);
	ws_snapshot_memory_free(&job->memory);
}

static int usage_error(const char *text, const char *value)
{
	fprintf(stderr, "ingest: %s%s\n`ingest --help` shows how it is used.\n", text, value);
	return 2;
}

/* POINT=FILE, in place. The point's name becomes part of no path. */
static int parse_pcap(char *text, struct job *job)
{
	char *equals = strchr(text, '=');

	if (!equals || equals == text || !equals[1] || job->n_pcaps == PCAP_OPTIONS_MAX)
		return -EINVAL;
	*equals = '\0';
	job->pcap[job->n_pcaps++] = (struct pcap_option) { text, equals + 1 };
	return 0;
}

static int parse_jobs(const char *text, uint32_t *n_jobs)
{
	char *end;
	unsigned long n = strtoul(text, &end, 10);

	if (*text < '0' || *text > '9' || *end || n < 1 || n > JOBS_MAX)
		return -EINVAL;
	*n_jobs = (uint32_t)n;
	return 0;
}

/* Reads the command line. Returns 0 to go on, 1 if all is done, 2 for wrong usage, which it has said. */
static int parse_options(int argc, char **argv, struct job *job, const char **dir)
{
	static const struct option options[] = {
		{ "dir", required_argument, NULL, WS_OPTION_LONG + 'd' },
		{ "pcap", required_argument, NULL, WS_OPTION_LONG + 'p' },
		{ "vxlan-port", required_argument, NULL, WS_OPTION_LONG + 'v' },
		{ "context", required_argument, NULL, WS_OPTION_LONG + 'c' },
		{ "prefer", required_argument, NULL, WS_OPTION_LONG + 'r' },
		{ "jobs", required_argument, NULL, WS_OPTION_LONG + 'j' },
		{ "quiet", no_argument, NULL, WS_OPTION_LONG + 'q' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	const char *contexts = ws_wanted_default;
	bool prefers_list = false;
	struct ws_error err = { 0 };
	char letter[3];
	int code;

	while ((code = getopt_long(argc, argv, ":h", options, NULL)) != -1) {
		switch (code) {
		case WS_OPTION_LONG + 'd':
			*dir = optarg;
			for (size_t len = strlen(optarg); len > 1 && optarg[len - 1] == '/'; len--)
				optarg[len - 1] = '\0';
			break;
		case WS_OPTION_LONG + 'p':
			if (parse_pcap(optarg, job))
				return usage_error("--pcap needs POINT=FILE, not ", optarg);
			break;
		case WS_OPTION_LONG + 'v':
			if (ws_tunnels_parse(optarg, &job->reading.tunnels))
				return usage_error("--vxlan-port needs up to eight ports joined by commas, not ",
						   optarg);
			break;
		case WS_OPTION_LONG + 'c':
			contexts = optarg;
			job->has_contexts = true;
			break;
		case WS_OPTION_LONG + 'r':
			job->has_contexts = true;
			prefers_list = strcmp(optarg, "list") == 0;
			if (!prefers_list && strcmp(optarg, "first") != 0)
				return usage_error("--prefer needs first or list, not ", optarg);
			break;
		case WS_OPTION_LONG + 'j':
			if (parse_jobs(optarg, &job->n_jobs))
				return usage_error("--jobs needs a number from 1 to 1024, not ", optarg);
			break;
		case WS_OPTION_LONG + 'q':
			job->is_quiet = true;
			break;
		case 'h':
			fputs(help, stdout);
			return 1;
		case ':':
			return usage_error(argv[optind - 1], " needs a value");
		default:
			return usage_error("no option ", ws_option_unknown(argv, letter));
		}
	}
	if (optind < argc)
		return usage_error("unexpected argument ", argv[optind]);
	if (!*dir)
		return usage_error("--dir is missing", "");
	if (ws_wanted_parse(contexts, &job->reading.wanted, &err))
		return usage_error("--context: ", err.text);
	job->reading.wanted.prefers_list = prefers_list;
	return 0;
}

static uint32_t count_processors(void)
{
	long n = sysconf(_SC_NPROCESSORS_ONLN);

	return n < 1 ? 1 : n > JOBS_MAX ? JOBS_MAX : (uint32_t)n;
}

/* The exit status: code, or 1 if what was printed was not taken. */
static int end_of_printing(int code)
{
	struct ws_error err = { 0 };

	if (!ws_standard_flush(&err))
		return code;
	fprintf(stderr, "ingest: %s\n", err.text);
	return code ? code : 1;
}

int main(int argc, char **argv)
{
	struct job job = { .reading.tunnels = { .vxlan_port = { 4789, 8472 } }, .n_jobs = count_processors() };
	const struct ws_runs_visitor visitor = { note_run, refuse_stray, &job };
	struct ws_error err = { 0 };
	const char *dir = NULL;
	uint32_t n_runs = 1;
	int code, rc = 0;

	ws_standard_keep();
	signal(SIGPIPE, SIG_IGN); /* loading goes on when nobody reads what is said of it */
	code = parse_options(argc, argv, &job, &dir);
	if (code)
		return end_of_printing(code == 1 ? 0 : code);
	ws_json_memory_watch();
	job.root = dir;
	if (job.n_pcaps)
		note_run(&job, dir);
	else
		rc = ws_runs_visit(dir, &visitor, &n_runs, &err);
	ws_turns_run(job.n_pieces, job.n_jobs, do_piece, &job);
	if (rc)
		fprintf(stderr, "ingest: %s\n", err.text);
	else if (n_runs == 0)
		fprintf(stderr,
			"ingest: %s: no run in it: no record file (NAME.rec.zst), packet capture (NAME.pcap), "
			"load generator's log (load.ANYTHING), conditions.json, overhead.json or run.json\n",
			dir);
	code = rc || n_runs == 0 || job.n_failed;
	free_job(&job);
	return end_of_printing(code);
}

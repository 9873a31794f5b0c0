/* SPDX-License-Identifier: BSD-2-Clause */
/* inputs - which files of a run directory are to be loaded, and which directories are runs. */
#ifndef WS_INPUTS_H
#define WS_INPUTS_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/error.h"

enum ws_source {
	WS_SOURCE_EBPF = 0,
	WS_SOURCE_PCAP = 1,
};

/* One file to load. */
struct ws_input {
	char *point; /* name of the tracing point */
	char *path;
	enum ws_source source;
	bool is_part; /* the recording did not finish: the file still has its temporary name */
};

/* The log of a load generator. */
struct ws_log_input {
	char *name; /* of the file, without .gz and .zst */
	char *path;
};

struct ws_inputs {
	struct ws_input *input; /* sorted by point and source */
	uint32_t n;
	struct ws_log_input *log; /* sorted by name */
	uint32_t n_logs;
	char *manifest_path;   /* NULL without run.json */
	char *conditions_path; /* NULL without conditions.json */
	char *overhead_path;   /* NULL without overhead.json */
};

/*
 * Finds record files (NAME.rec.zst), packet captures (NAME.pcap, .pcapng, .cap, each also .gz or .zst), load-generator
 * logs (load.ANYTHING else), the manifest, the conditions and what capturing costs in dir. Two files for the same point
 * and source, or for the same log, are an error. The inputs are the caller's, to be freed.
 */
int ws_inputs_find(const char *dir, struct ws_inputs *inputs, struct ws_error *err);

/* Is there something to load, apart from a manifest? */
bool ws_inputs_are_some(const struct ws_inputs *inputs);

/* Adds a packet capture that the user named. Takes the place of one that was found for the same point. */
int ws_inputs_add_pcap(struct ws_inputs *inputs, const char *point, const char *path, struct ws_error *err);

void ws_inputs_free(struct ws_inputs *inputs);

struct ws_runs_visitor {
	void (*run)(void *context, const char *dir); /* its own result is for its caller to keep */
	/*
	 * A load log or the conditions at path, in a directory that is a campaign: run is below it, the first by name.
	 * NULL: nobody is told.
	 */
	void (*stray)(void *context, const char *dir, const char *path, const char *run);
	void *context;
};

/*
 * Visits dir if it is a run, else every run below it, in order of name, but not in snapshots (directories named
 * cluster). A directory with runs below it that holds no record file, packet capture or manifest is a campaign,
 * whatever else it holds. Stops at the first failure of the walk itself. *n_runs counts.
 */
int ws_runs_visit(const char *dir, const struct ws_runs_visitor *visitor, uint32_t *n_runs, struct ws_error *err);

#endif

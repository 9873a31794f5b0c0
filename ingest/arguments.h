/* SPDX-License-Identifier: BSD-2-Clause */
/* arguments - the command line of ingest. */
#ifndef WS_ARGUMENTS_H
#define WS_ARGUMENTS_H

#include <stdbool.h>
#include <stdint.h>

#include "ingest/load.h"

#define WS_PCAP_OPTIONS_MAX 16

/* --pcap */
struct ws_pcap_option {
	const char *point;
	const char *path;
};

/* Texts are those of argv. */
struct ws_arguments {
	const char *dir;
	struct ws_reading reading;
	struct ws_pcap_option pcap[WS_PCAP_OPTIONS_MAX];
	uint32_t n_pcaps;
	bool has_contexts; /* --context or --prefer was given */
	bool is_quiet;
	uint32_t n_jobs;   /* runs at a time */
	const char *store; /* NULL: run.db; so are the following without their options */
	const char *run;
	const char *cluster;
	const char *password_file;
	const char *ca_path;
};

/* Reads the command line. Returns 0 to go on, 1 if all is done (--help), 2 for wrong usage, which it has said. */
int ws_arguments_parse(int argc, char **argv, struct ws_arguments *arguments);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * catalog - what run.db holds: its input files, where they were recorded, and the account of their frames.
 */
#ifndef WS_ANALYZE_CATALOG_H
#define WS_ANALYZE_CATALOG_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/record.h"

/* What recorded a file. In order of preference: what is asked of "the run" is asked of its eBPF records first. */
enum ws_source { WS_SOURCE_EBPF, WS_SOURCE_PCAP, WS_N_SOURCES };

/* What a tracing point is to the join. The first two are those of enum ws_side. */
enum ws_role { WS_ROLE_NIC, WS_ROLE_VPORT, WS_ROLE_OTHER };

/* So many frames of one reason, or losses of one kind. */
struct ws_tally {
	char *name;
	uint64_t n;
};

struct ws_tallies {
	struct ws_tally *at; /* by name */
	uint32_t n;
};

/* A row of table file, its point, its ledger and its losses. */
struct ws_file {
	int64_t file_id;
	enum ws_source source;
	enum ws_role role;
	char *point;	    /* name */
	char *node;	    /* of the point; "": not known */
	char *pod;	    /* "NAMESPACE/NAME" whose vport the point is; "": not known */
	char *path;	    /* as ingest found it */
	char *content_hash; /* XXH3-128, 32 hex digits */
	uint64_t n_requests;
	uint64_t n_contexts;
	uint64_t n_responses;
	uint64_t n_frames;
	uint64_t unread_bytes;
	bool complete;
	int64_t first_ns; /* the window in which the point was watched; INT64_MIN, INT64_MAX where unknown */
	int64_t last_ns;
	uint32_t search_bytes;	       /* payload bytes searched at most; UINT32_MAX: the whole head */
	char *family[WS_MAX_FAMILIES]; /* names of the families looked for, by enum ws_family; NULL: not looked for */
	struct ws_tallies reasons;
	struct ws_tallies losses;
};

/* Files in order of source, role, name of the point. */
struct ws_catalog {
	struct ws_file *file;
	uint32_t n_files;
};

/* Frees the catalog's memory and empties it; NULL is fine. */
void ws_catalog_close(struct ws_catalog *catalog);

/* The name of a family as the file knows it ("header:x-my-trace"); of one that it did not look for, the general one. */
const char *ws_file_family_name(const struct ws_file *file, uint8_t family);

/* The number of the family of that name, or 0 (WS_FAMILY_NONE): the file was not searched for it. */
uint8_t ws_file_family(const struct ws_file *file, const char *name);

/* Did the search end where heads end, not at a window of its own? Then it tells of every N. */
bool ws_file_saw_whole_heads(const struct ws_file *file);

/* Frames of requests of which the records were lost before they were read. */
uint64_t ws_file_n_unread(const struct ws_file *file);

/* The sum of the tallies. */
uint64_t ws_tallies_sum(const struct ws_tallies *tallies);

/* The tally of that name, or 0. */
uint64_t ws_tallies_get(const struct ws_tallies *tallies, const char *name);

/* Adds n to the tally of that name, which is made if it is new. 0 or -ENOMEM. */
int ws_tallies_add(struct ws_tallies *tallies, const char *name, uint64_t n);

/* Frees the tallies' memory and empties them; NULL is fine. */
void ws_tallies_close(struct ws_tallies *tallies);

/* "ebpf", "pcap". */
const char *ws_source_name(enum ws_source source);

#endif

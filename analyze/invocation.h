/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * invocation - what the user asked for: a sub-command's options, parsed and checked.
 */
#ifndef WS_ANALYZE_INVOCATION_H
#define WS_ANALYZE_INVOCATION_H

#include <stdbool.h>
#include <stdint.h>

#include "analyze/catalog.h"
#include "analyze/origin.h"
#include "lib/error.h"

/* The last three are those of `analyze export` alone. */
enum ws_format {
	WS_FORMAT_TABLE,
	WS_FORMAT_TSV,
	WS_FORMAT_JSON,
	WS_FORMAT_OTLP,
	WS_FORMAT_CSV,
	WS_FORMAT_JSONL,
};

/* How the clocks of several nodes are brought together. */
enum ws_align {
	WS_ALIGN_NONE,	  /* not: times of different nodes are not compared */
	WS_ALIGN_PACKETS, /* from the packets between them: clocks.h */
	WS_ALIGN_CHRONY,  /* from what chrony said */
	WS_ALIGN_PTP,
};

/* Options beyond those that every sub-command has. Bits. */
enum ws_option {
	WS_OPTION_FIGURE = 1,	    /* --out, --no-figure */
	WS_OPTION_TERM = 2,	    /* --term */
	WS_OPTION_UNMATCHED = 4,    /* --unmatched */
	WS_OPTION_SEARCH_BYTES = 8, /* --search-bytes */
	WS_OPTION_OPERANDS = 16,    /* two operands; --dir may be left out; files only with --out */
	WS_OPTION_PUBLISHED = 32,   /* --published */
	WS_OPTION_BY = 64,	    /* --by: hop, family, format */
	WS_OPTION_FAMILY = 128,	    /* --family */
	WS_OPTION_ALIGN = 256,	    /* --align */
	WS_OPTION_TRACE_ID = 512,   /* one operand, a trace id */
	WS_OPTION_EXPORT = 1024,    /* --out is a file; formats otlp, csv, jsonl, and none else */
	WS_OPTION_BY_NAMES = 2048,  /* --by: edge, pod, service, node */
	WS_OPTION_MEMORY = 4096,    /* --memory */
	WS_OPTION_STORE = 8192,	    /* of a store as a whole: no --dir; --drop */
};

/* What contexts are told apart by. Bits. */
enum ws_by {
	WS_BY_FAMILY = 1,
	WS_BY_FORMAT = 2, /* layout of the headers, version of HTTP */
	WS_BY_HOP = 4,	  /* direction at the point, and whom the request was for */
	WS_BY_EDGE = 8,	  /* caller's service and callee's */
	WS_BY_POD = 16,	  /* at the vport */
	WS_BY_SERVICE = 32,
	WS_BY_NODE = 64,
};

/* Those that are names of the cluster's. */
#define WS_BY_NAMES (WS_BY_EDGE | WS_BY_POD | WS_BY_SERVICE | WS_BY_NODE)

struct ws_invocation {
	const char *dir;	   /* the run; points into argv; NULL only where there are operands */
	struct ws_origin origin;   /* where the runs are; to be opened and closed by who asks them */
	const char *operand[2];	   /* NULL where the sub-command has none */
	const char *out;	   /* where files go, or NULL: DIR/reports */
	const char *drop;	   /* the run to be dropped, or NULL */
	const char *published;	   /* a file of published numbers, or NULL: none was named */
	bool source[WS_N_SOURCES]; /* which sources are wanted; all, if none was named */
	bool one_source;	   /* --source was given */
	enum ws_format format;
	bool figure;
	bool term;
	bool unmatched;
	unsigned int by; /* bits of enum ws_by; WS_BY_FAMILY, if nothing was said */
	enum ws_align align;
	uint8_t trace_id[16];	/* the operand; of 64 bits in the first 8 */
	uint32_t trace_id_len;	/* 8 or 16; 0 without the operand */
	const char *family;	/* only contexts of the family of this name; NULL: all */
	bool help;		/* --help: nothing else matters */
	uint64_t memory_bytes;	/* of sightings that are kept in memory while a run is joined in bulk */
	uint32_t *search_bytes; /* ascending, without repetition; owned */
	uint32_t n_search_bytes;
};

/*
 * Parses argv[0..argc-1] = sub-command and its arguments; options: the bits of enum ws_option that it has.
 * 0; -EINVAL for wrong usage, told in err; -ENOMEM. To be closed with ws_invocation_close().
 */
int ws_invocation_parse(int argc, char **argv, unsigned int options, struct ws_invocation *invocation,
			struct ws_error *err);

/* NULL is fine. */
void ws_invocation_close(struct ws_invocation *invocation);

#endif

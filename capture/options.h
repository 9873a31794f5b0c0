/* SPDX-License-Identifier: BSD-2-Clause */
/* options - what the user asks of `capture run`, read from its command line. */
#ifndef WS_CAPTURE_OPTIONS_H
#define WS_CAPTURE_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/context.h"
#include "lib/error.h"
#include "lib/recfile.h"
#include "lib/tap_config.h"

/* Of what a recording writes: packets and addresses are for who recorded them. */
#define WS_CAPTURE_FILE_MODE 0600
/* Of a packet: Ethernet, IPv4 and TCP without options. What is longer may be payload. */
#define WS_HEADERS_ONLY_BYTES 54
/* Of a run; a record has a byte for its point's number. */
#define WS_POINTS_MAX 128
/* Blocks of trials, unless the user says otherwise, and at most. */
#define WS_OVERHEAD_BLOCKS     10
#define WS_OVERHEAD_BLOCKS_MAX 1000
/* Seconds between two looks at the cluster, unless the user says otherwise. */
#define WS_WATCH_S 10

struct ws_plan;

/* Where the in-kernel program sits. */
enum ws_hook {
	WS_HOOK_SOCKET = 0, /* a packet socket at the interface */
	WS_HOOK_TC,	    /* in front of its traffic control: tcx, else clsact */
	WS_HOOK_CLSACT,	    /* there, by clsact even where there is tcx */
};

/* A tracing point as it was asked for; strings are the command line's, or the plan's. */
struct ws_point_options {
	char name[WS_RECFILE_NAME_MAX + 1];
	const char *interface;
	const char *netns;			 /* NULL: capture's own */
	const char *role;			 /* NULL: its name tells */
	const char *node;			 /* Kubernetes' name of it; NULL: not known */
	const char *pod;			 /* "NAMESPACE/NAME"; NULL or "": none */
	uint32_t ifindex;			 /* that the interface has to have; 0: any */
	struct ws_filter filter[WS_FILTERS_MAX]; /* in place of the run's */
	const char *filter_text[WS_FILTERS_MAX];
	uint32_t n_filters;  /* 0: the run's */
	uint32_t ring_bytes; /* 0: the run's */
};

struct ws_capture_options {
	const char *dir;
	struct ws_point_options point[WS_POINTS_MAX];
	uint32_t n_points;
	uint32_t search_bytes;
	struct ws_wanted wanted;
	struct ws_tunnels tunnels;
	struct ws_filter filter[WS_FILTERS_MAX];
	const char *filter_text[WS_FILTERS_MAX];
	uint32_t n_filters;
	uint64_t duration_ns; /* 0: until a signal or the command's end */
	uint32_t ring_bytes;  /* of each point's ring buffer: a power of two */
	int zstd_level;
	int reader_cpu; /* -1: wherever the scheduler puts it */
	int pcap_cpu;
	bool with_ebpf;
	enum ws_hook hook;
	bool with_pcap;
	uint32_t pcap_snaplen;
	uint32_t pcap_buffer_bytes;
	bool with_bpf_stats;
	bool wakes_reader;
	bool records_responses;	    /* where HTTP/1.x responses begin is recorded, too */
	const char *plan_path;	    /* NULL: none */
	const char *node;	    /* of the plan; NULL: to be found out */
	const char *netns;	    /* of all points that have none of their own */
	const struct ws_plan *plan; /* once it is applied */
	uint32_t watch_s;	    /* seconds between two looks at the cluster; 0: none */
	bool has_search_bytes;	    /* given on the command line, which wins over the plan */
	bool has_contexts;
	bool has_vxlan_ports;
	bool has_ring_bytes;
	bool has_responses;
	bool is_quiet;
	uint32_t overhead_blocks; /* blocks of trials in place of a recording; 0: a recording */
	uint32_t seed;		  /* of their order */
	const char *treatments;	  /* what is measured; NULL: the usual */
	bool has_overhead;
	bool has_seed;
	char **command; /* to record while it runs; NULL-terminated; NULL: none */
};

/*
 * Reads the arguments behind `capture run`. Returns 0; -EINVAL with words for a wrong one; 1 if help was asked for.
 * The options refer to argv.
 */
int ws_capture_options_parse(int argc, char **argv, struct ws_capture_options *o, struct ws_error *err);

/* The help text of `capture run`. */
extern const char ws_capture_run_help[];

#endif

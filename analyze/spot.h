/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * spot - where in its head each request's context sits, put into groups: by family, version of HTTP, hop.
 *
 * What a search did not find is there, too, as far as somebody knows of it: it belongs to what a search should find.
 * Requests that are alike in all of this are one spot, which counts them: there are few places, whatever the requests.
 */
#ifndef WS_ANALYZE_SPOT_H
#define WS_ANALYZE_SPOT_H

#include <stdbool.h>
#include <stdint.h>

#include "analyze/invocation.h"
#include "analyze/key.h"

/* What is known of a request's context. In order of standing in a group. */
enum ws_spot_kind {
	WS_SPOT_FOUND,
	WS_SPOT_MISSED, /* it has one, as the capture of the same point knows */
	WS_SPOT_OPEN,	/* nobody knows whether it has one: its family is none */
};

/* Which way a request went at its point. */
enum ws_going { WS_GOING_UNKNOWN, WS_GOING_RX, WS_GOING_TX, WS_GOING_IN, WS_GOING_OUT };

/* Requests that are alike. Offsets count from the request line's first byte; places are 0 unless it was found. */
struct ws_spot {
	uint8_t daddr[16]; /* of the inner packet: whom the request was for */
	uint16_t dport;
	uint16_t family; /* index into the spots' names */
	uint8_t going;	 /* enum ws_going */
	uint8_t http_version;
	uint8_t kind; /* enum ws_spot_kind */
	uint8_t zero;
	uint32_t key; /* index into the spots' keys; 0 where nothing is told apart by name */
	uint32_t begin_off;
	uint32_t end_off; /* found within N if <= N */
	uint32_t length;  /* from begin_off to the end of the last id, the parent's among them */
	uint32_t searched_len;
	uint16_t begin_segment; /* from 1 */
	uint16_t end_segment;
	uint64_t n; /* requests; all before it is what they have in common */
};

/* Zeroed: none. */
struct ws_spots {
	struct ws_spot *at; /* different ones */
	uint32_t n, room;
	uint32_t *slot; /* hash table: index + 1, 0: empty; n_slots is a power of two, at most half full */
	uint32_t n_slots;
	char **family; /* names; owned */
	uint32_t n_families;
	struct ws_keys keys; /* by which spots are told apart by name; none: they are not */
};

/* The index of a family's name, which is added if it is new. 0 or -ENOMEM. */
int ws_spots_family(struct ws_spots *spots, const char *name, uint16_t *index);

/* Adds the spot's requests, whose family is an index of spots. 0, -ENOMEM, or -EOVERFLOW (2^30 different ones). */
int ws_spots_add(struct ws_spots *spots, const struct ws_spot *spot);

/* Adds another set's spots, those that are open only if they are wanted. As ws_spots_add(). */
int ws_spots_append(struct ws_spots *spots, const struct ws_spots *more, bool with_open);

/* NULL and all-zero are fine. */
void ws_spots_close(struct ws_spots *spots);

/* Spots that have in common what was asked for. */
struct ws_spot_group {
	const char *family;	     /* NULL: not told apart by it */
	uint8_t http_version;	     /* 0: likewise */
	const struct ws_spot *hop;   /* a spot whose going, daddr and dport are the group's; NULL: likewise */
	const struct ws_key *key;    /* NULL: likewise */
	const struct ws_spot *found; /* by end_off, ascending */
	uint32_t n_places;	     /* of these */
	uint64_t n_found;	     /* requests */
	uint64_t n_missed;
	uint64_t n_open;     /* requests that might belong here: without a family they might belong to any */
	bool expected_known; /* false: how many contexts passed is not known */
	uint64_t n_expected; /* found, missed, and what was unread */
};

struct ws_spot_groups {
	struct ws_spot_group *at; /* by family (in order of name), version, hop; those without a context are left out */
	uint32_t n;
	struct ws_spot *spot; /* what the groups point into */
};

/*
 * Puts spots into groups by the bits of enum ws_by. open_is_out: what is open is nobody's loss (of a capture); else it
 * makes the number expected unknown. n_unread: requests of which nothing is known, not even the hop: they count as
 * expected in every group, so that rates are lower bounds. 0 or -ENOMEM. spots must outlive the groups, which are to be
 * closed with ws_spot_groups_close().
 */
int ws_spot_groups_open(const struct ws_spots *spots, unsigned int by, bool open_is_out, uint64_t n_unread,
			struct ws_spot_groups *groups);

/* NULL and all-zero are fine. */
void ws_spot_groups_close(struct ws_spot_groups *groups);

enum ws_threshold_kind {
	WS_THRESHOLD_BYTES,
	WS_THRESHOLD_NEVER,	   /* too many were not found by a search of whole heads */
	WS_THRESHOLD_NOT_SEARCHED, /* it lies beyond what was searched */
	WS_THRESHOLD_UNKNOWN,	   /* how many contexts passed is not known, or none did */
};

/* The smallest number of bytes that finds so many percent. */
struct ws_threshold {
	enum ws_threshold_kind kind;
	uint32_t bytes; /* only if WS_THRESHOLD_BYTES */
};

/* The percentages that are told. */
#define WS_N_THRESHOLDS 4
extern const uint32_t ws_threshold_percent[WS_N_THRESHOLDS]; /* 50, 90, 99, 100 */

/*
 * The smallest integer N with (found with end_off <= N) / expected >= percent / 100: the order statistic x(k), k =
 * ceil(percent * expected / 100). saw_whole: the search ended where heads end. percent: 1 to 100.
 */
struct ws_threshold ws_spot_threshold(const struct ws_spot_group *group, uint32_t percent, bool saw_whole);

/* "rx", "tx", "in", "out", "unknown". */
const char *ws_going_name(enum ws_going going);

/* Room for what ws_spot_group_words() writes. */
#define WS_GROUP_WORDS_MAX (192 + WS_KEY_WORDS_MAX)

/* What the group has in common, in words: "b3, HTTP/1, rx 10.0.0.1:9080, productpage -> reviews"; "all contexts" if
 * nothing. Returns text. */
const char *ws_spot_group_words(const struct ws_spot_group *group, char text[WS_GROUP_WORDS_MAX]);

#endif

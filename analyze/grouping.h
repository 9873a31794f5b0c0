/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * grouping - gathers members of two lists, left and right, that have the same identity: a hash join that keeps
 * duplicates, each list's in its own order.
 */
#ifndef WS_ANALYZE_GROUPING_H
#define WS_ANALYZE_GROUPING_H

#include <stddef.h>
#include <stdint.h>

#include "analyze/sighting.h"

/* No member. */
#define WS_NOBODY UINT32_MAX

/* A list of things that begin with a struct ws_identity. Not owned. */
struct ws_members {
	const void *base;
	size_t stride;	   /* bytes from one thing to the next */
	uint32_t n;	   /* things, < WS_NOBODY */
	const uint8_t *in; /* n flags: only things whose flag is not 0 are members; NULL: all are */
};

/* The members of one identity: chains of indexes into both lists. WS_NOBODY: none on that side. */
struct ws_group {
	uint32_t first[2];
	uint32_t last[2];
};

struct ws_grouping {
	struct ws_group *group; /* in order of the first member: left's first, then those that only right has */
	uint32_t n;
	uint32_t *next[2]; /* for every thing of a list the next of its group, or WS_NOBODY */
};

/* 0, -ENOMEM, or -EOVERFLOW for more than 2^31 members. To be closed with ws_grouping_close(). */
int ws_grouping_open(const struct ws_members members[2], struct ws_grouping *grouping);

/* Frees what ws_grouping_open() made; NULL and all-zero are fine. */
void ws_grouping_close(struct ws_grouping *grouping);

#endif

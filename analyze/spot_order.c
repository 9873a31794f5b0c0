/* SPDX-License-Identifier: BSD-2-Clause */
/* spot_order - see spot_order.h. */
#include "analyze/spot_order.h"

#include <stdlib.h>
#include <string.h>

static int compare_numbers(uint64_t left, uint64_t right)
{
	return (left > right) - (left < right);
}

int ws_spot_compare_way(const struct ws_spot *a, const struct ws_spot *b)
{
	int order = compare_numbers(a->http_version, b->http_version);

	order = order ? order : compare_numbers(a->going, b->going);
	order = order ? order : memcmp(a->daddr, b->daddr, sizeof(a->daddr));
	order = order ? order : compare_numbers(a->dport, b->dport);
	return order ? order : compare_numbers(a->key, b->key);
}

int ws_spot_compare_group(const struct ws_spot *a, const struct ws_spot *b)
{
	int order = compare_numbers(a->family, b->family);

	return order ? order : ws_spot_compare_way(a, b);
}

static int compare(const void *left, const void *right)
{
	const struct ws_spot *a = left, *b = right;
	int order = ws_spot_compare_group(a, b);

	order = order ? order : compare_numbers(a->kind, b->kind);
	order = order ? order : compare_numbers(a->end_off, b->end_off);
	order = order ? order : compare_numbers(a->begin_off, b->begin_off);
	order = order ? order : compare_numbers(a->length, b->length);
	return order ? order : compare_numbers(a->searched_len, b->searched_len);
}

void ws_spots_sort(struct ws_spot *spot, uint32_t n)
{
	if (n)
		qsort(spot, n, sizeof(*spot), compare);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* far_sql - what questions to a store's servers have in common, in their SQL. */
#ifndef WS_ANALYZE_FAR_SQL_H
#define WS_ANALYZE_FAR_SQL_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "analyze/catalog.h"
#include "analyze/far_servers.h"

/* Rows of request that analyze refuses, and says why when it reads them. */
#define WS_FAR_IS_ODD                                 \
	"direction > 2 OR reason > 63 OR family > 15" \
	" OR (reason = 16 AND (length(span_id) != 8 OR length(trace_id) NOT IN (8, 16)))"

/* The number of a file of the catalog, which stays as it is if the file takes no part: false. */
typedef bool (*ws_far_number)(const void *context, uint32_t file, int64_t *number);

/* Writes the number of a row's file: transform(file_id, [files], [numbers], 0). Numbers from 0 to UINT32_MAX. */
void ws_far_put_numbers(const struct ws_catalog *catalog, ws_far_number number, const void *context, FILE *out);

/* The same as an Int64, of any numbers. */
void ws_far_put_wide_numbers(const struct ws_catalog *catalog, ws_far_number number, const void *context, FILE *out);

/* Behind SETTINGS and another one: what is grouped on each shard is all that there is of a group. */
static inline const char *ws_far_merging(bool is_all)
{
	return is_all ? ", distributed_group_by_no_merge = 1" : "";
}

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * result - the rows that a query answers, one by one as they come, with bounded memory. Every row is asked for with a
 * mark before it, so that an exception that the server writes behind rows, under 200 OK, is told from a row; what was
 * cut off is told by HTTP's own lengths. Either is an error: an answer never ends early unseen.
 */
#ifndef WS_RESULT_H
#define WS_RESULT_H

#include "lib/clickhouse/client.h"
#include "lib/clickhouse/rowbinary.h"

struct ws_result;

/*
 * query: what stands between SELECT and FORMAT, "a, b FROM t WHERE c = 1"; no DISTINCT, and a UNION in a FROM only.
 * kinds: of its n_columns columns; copied.
 */
int ws_result_open(struct ws_client *client, const char *query, const uint8_t *kinds, uint32_t n_columns,
		   struct ws_result **result, struct ws_error *err);

/*
 * Returns 1 with the next row's n_columns values, valid until the next call; 0: there are no more; or -errno: those of
 * client.h, and -EBADMSG.
 */
int ws_result_next(struct ws_result *result, const struct ws_value **values, struct ws_error *err);

/* At any time; the rest is not waited for. NULL is fine. */
void ws_result_close(struct ws_result *result);

#endif

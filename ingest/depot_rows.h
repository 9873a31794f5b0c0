/* SPDX-License-Identifier: BSD-2-Clause */
/* depot_rows - records as RowBinary rows of a store's large tables (lib/clickhouse/tables.h). */
#ifndef WS_DEPOT_ROWS_H
#define WS_DEPOT_ROWS_H

#include <stdint.h>

#include "ingest/flows.h"
#include "lib/record.h"

/* The longest row, without the columns that all large tables begin with. */
#define WS_DEPOT_ROW_MAX 256

/* Each writes a row from request_id, response_id or flow_id on, and returns the place behind it. */
uint8_t *ws_depot_put_request(uint8_t *at, int64_t request_id, uint32_t file_id, int64_t flow_id,
			      const struct ws_record *record);
uint8_t *ws_depot_put_response(uint8_t *at, int64_t response_id, uint32_t file_id, int64_t flow_id,
			       const struct ws_record *record);
uint8_t *ws_depot_put_flow(uint8_t *at, int64_t flow_id, uint32_t file_id, const struct ws_flow_key *key);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * image - records as rows of the tables request and response in a small database of its own, in memory, as SQLite lays
 * it out in a file (sqlite.org/fileformat2.html). From one database into another SQLite copies rows of equal tables
 * as they are, without looking at their columns: three times as fast as a statement that computes 30 columns a row.
 * And the image is made in another thread than the one that inserts.
 */
#ifndef WS_IMAGE_H
#define WS_IMAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/record.h"

/* The largest pages that SQLite knows: few of them, so few steps from one to the next. */
#define WS_IMAGE_PAGE_BYTES (1u << 16)
/* Rows of both tables together. */
#define WS_IMAGE_ROWS_MAX 8192

/* The tables' root pages, in the database that an image's first page is taken from. */
#define WS_IMAGE_ROOT_REQUEST  2
#define WS_IMAGE_ROOT_RESPONSE 3

struct ws_image;

/* NULL without memory. The caller frees it. */
struct ws_image *ws_image_new(void);

/* Empties it. first_page: WS_IMAGE_PAGE_BYTES of a database whose only tables are these, empty. */
void ws_image_begin(struct ws_image *image, const uint8_t *first_page);

/* How many more rows there is room for. */
uint32_t ws_image_room(const struct ws_image *image);

/* Appends a row. Ids grow from row to row of a table, and stay below 2^56. */
void ws_image_add_request(struct ws_image *image, const struct ws_record *r, int64_t id, int64_t file_id,
			  int64_t flow_id);
void ws_image_add_response(struct ws_image *image, const struct ws_record *r, int64_t id, int64_t file_id,
			   int64_t flow_id);

/* Completes it. Returns the database's bytes, the image's own until it begins again, and how many they are. */
uint8_t *ws_image_finish(struct ws_image *image, uint64_t *len);

/* NULL is nothing. */
void ws_image_free(struct ws_image *image);

#endif

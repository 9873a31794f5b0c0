/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * json - what all of analyze's JSON has in common. The values are jansson's.
 */
#ifndef WS_ANALYZE_JSON_H
#define WS_ANALYZE_JSON_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "analyze/conditions.h"

/* A text as a new value; bytes that are not UTF-8 (a file's name may have any) become '?'. NULL: out of memory. */
json_t *ws_json_text(const char *text);

/* A number as a new value; null if it is not finite. */
json_t *ws_json_real(double value);

/* A number as a new value; null if it is not known. */
json_t *ws_json_integer_if(bool known, uint64_t value);
json_t *ws_json_real_if(bool known, double value);

/* Nanoseconds as microseconds: a new value. */
json_t *ws_json_us(uint64_t ns);
json_t *ws_json_signed_us(int64_t ns);

/* Conditions as a new object of texts; NULL: out of memory. */
json_t *ws_conditions_json(const struct ws_conditions *conditions);

/* Prints a whole document, indented, and releases it. 0, -ENOMEM if document is NULL, or -EIO. */
int ws_json_print(json_t *document, FILE *out);

/*
 * Prints one row of a long array on a line of its own, after a comma unless it is the first, and releases it: memory
 * stays bounded however many there are. Errors as above.
 */
int ws_json_print_row(json_t *row, bool first, FILE *out);

#endif

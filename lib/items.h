/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * items - the elements of a large JSON file's list, one at a time: the memory of one element, however many there are.
 */
#ifndef WS_ITEMS_H
#define WS_ITEMS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/error.h"

/* The largest element that is read; a larger one is an error. (etcd keeps no object above 1.5 MB.) */
#define WS_ITEMS_ELEMENT_MAX (16u << 20)

/*
 * Visits the elements of the arrays that stand under the key in the outermost object of each JSON text in the file
 * (several, one after the other, are JSON lines); key NULL: of the outermost array, or the outermost objects
 * themselves. visit() borrows the element; a return value other than 0 ends the walk and is returned. 0; -EPROTO: no
 * JSON, told with the file's name and the byte; -EFBIG: an element is too large; -ENOMEM; other -errno.
 */
int ws_items_visit(const char *path, const char *key, int (*visit)(void *context, json_t *element), void *context,
		   struct ws_error *err);

/* The same of those elements only that wanted() says yes to; it borrows their bytes. A no saves most of the time. */
int ws_items_visit_wanted(const char *path, const char *key,
			  bool (*wanted)(void *context, const char *bytes, size_t len),
			  int (*visit)(void *context, json_t *element), void *context, struct ws_error *err);

#endif

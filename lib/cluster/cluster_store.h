/* SPDX-License-Identifier: BSD-2-Clause */
/* cluster_store - where a snapshot keeps its texts and small arrays: packed, and given back all at once. */
#ifndef WS_CLUSTER_STORE_H
#define WS_CLUSTER_STORE_H

#include <stddef.h>

struct ws_cluster_store;

/* NULL without memory. */
struct ws_cluster_store *ws_cluster_store_new(void);

/* NULL is fine. */
void ws_cluster_store_free(struct ws_cluster_store *store);

/* A copy of the bytes that stands as long as the store; align: a power of two, 16 at most. NULL without memory. */
void *ws_cluster_store_copy(struct ws_cluster_store *store, const void *bytes, size_t len, size_t align);

/* The text with '?' for each byte of a control character and of what is not UTF-8; to has room for len + 1 bytes. */
void ws_cluster_text_clean(const char *text, size_t len, char *to);

/* A copy of the text, cleaned like that; len is WS_CLUSTER_TEXT_MAX at most. NULL without memory. */
const char *ws_cluster_store_text(struct ws_cluster_store *store, const char *text, size_t len);

/* The same for a text that many share: equal ones are one copy, the same pointer. */
const char *ws_cluster_store_shared(struct ws_cluster_store *store, const char *text, size_t len);

#endif

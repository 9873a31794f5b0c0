/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * key - what packets are told apart by, in words: conditions of their run, edge, pod, service, node.
 */
#ifndef WS_ANALYZE_KEY_H
#define WS_ANALYZE_KEY_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

enum ws_key_part {
	WS_KEY_LABEL,	/* conditions of the runs, as label.h tells them */
	WS_KEY_EDGE,	/* "productpage -> reviews": caller's service -> callee's service */
	WS_KEY_POD,	/* "NAMESPACE/NAME" of the pod at the vport */
	WS_KEY_SERVICE, /* which that pod serves */
	WS_KEY_NODE,
	WS_N_KEY_PARTS,
};

/* Texts may hold anything that names of a cluster hold. NULL: not told apart by it. */
struct ws_key {
	const char *part[WS_N_KEY_PARTS];
};

/* The text of a part of which nothing is known. */
#define WS_KEY_UNKNOWN "unknown"

/* Different keys. All-zero: none. */
struct ws_keys {
	struct ws_key *at; /* their texts are those of the pool */
	uint32_t n;
	uint32_t room;
	uint32_t *slot; /* hash table of index + 1, a power of two large */
	uint32_t n_slots;
	struct ws_text_pool *texts;
};

/* The index of a key, which is added if it is new; its texts are copied. 0, -ENOMEM or -EOVERFLOW. */
int ws_keys_add(struct ws_keys *keys, const struct ws_key *key, uint32_t *index);

/* NULL and all-zero are fine. */
void ws_keys_close(struct ws_keys *keys);

/* Orders keys by their texts. */
int ws_key_compare(const struct ws_key *a, const struct ws_key *b);

/* Room for what ws_key_words() writes; what does not fit is cut. */
#define WS_KEY_WORDS_MAX 512

/*
 * The parts in words, one behind the other, apart from the label: "productpage -> reviews, node1"; control characters
 * as ws_key_put_text() has them. Returns text.
 */
const char *ws_key_words(const struct ws_key *key, char text[WS_KEY_WORDS_MAX]);

/* "label", "edge", "pod" ... */
const char *ws_key_part_name(enum ws_key_part part);

/* Sets the parts that are not NULL. 0 or nonzero: out of memory. */
int ws_key_json(const struct ws_key *key, json_t *object);

/* The names of a key's parts, or the parts, as columns of TSV, each with a tab behind it. */
void ws_key_put_tsv_names(const struct ws_key *key, FILE *out);
void ws_key_put_tsv(const struct ws_key *key, FILE *out);

/* Writes a text as a field of TSV or of a table: what would end a field or a line, or steer a terminal, becomes '?'. */
void ws_key_put_text(const char *text, FILE *out);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * conditions - what was set up for a run (conditions.json): keys and values, in words and in order.
 */
#ifndef WS_ANALYZE_CONDITIONS_H
#define WS_ANALYZE_CONDITIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ws_condition {
	char *key;
	char *value;
};

struct ws_conditions {
	struct ws_condition *at; /* by key, each key once */
	uint32_t n;
};

/* Keys in the order in which a reader looks for them; NULL ends the list. */
extern const char *const ws_conditions_leading[];

/* Sets a key to a copy of value. 0 or -ENOMEM. */
int ws_conditions_set(struct ws_conditions *conditions, const char *key, const char *value);

/* The value of a key, or NULL. */
const char *ws_conditions_get(const struct ws_conditions *conditions, const char *key);

/* Is the value of that key this one? */
bool ws_conditions_is(const struct ws_conditions *conditions, const char *key, const char *value);

/*
 * Orders by what a reader looks for first (overlay, headers, rate, what was attached), then by the other keys. Decimal
 * numbers come before texts, and count as numbers. Keys that do not tell runs apart (round, campaign, beside) count for
 * nothing: 0 says that two runs are rounds of the same.
 */
int ws_conditions_compare(const struct ws_conditions *a, const struct ws_conditions *b);

/* The same by one key; a missing one comes first. */
int ws_conditions_compare_key(const struct ws_conditions *a, const struct ws_conditions *b, const char *key);

/* Does the key tell nothing of what was measured (round, campaign; beside: the run that was recorded at the same time)?
 */
bool ws_condition_is_bookkeeping(const char *key);

/*
 * Writes what the key's value means to a reader: "80/s", "eBPF and pcap", "vxlan"; unknown keys as "key value". Cut to
 * size.
 */
void ws_condition_words(const char *key, const char *value, char *text, size_t size);

/* Frees the conditions and empties them; NULL is fine. */
void ws_conditions_close(struct ws_conditions *conditions);

#endif

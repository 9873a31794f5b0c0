/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * json_scan - where the values of JSON texts begin and end, byte by byte: RFC 8259 to the letter (UTF-8 and numbers,
 * too), in memory that does not grow. Halves of surrogate pairs are not looked for. Several texts may stand one after
 * the other.
 */
#ifndef WS_JSON_SCAN_H
#define WS_JSON_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Arrays and objects in each other, at most. */
#define WS_JSON_DEPTH_MAX 512
/* The longest name of a member of an outermost object that ws_json_scan_is_key() knows. */
#define WS_JSON_KEY_MAX 63

enum ws_json_event {
	WS_JSON_MORE,  /* the bytes are used up */
	WS_JSON_BEGIN, /* a value begins at *at; depth is that of what it is in */
	WS_JSON_END,   /* a value ended before *at; the same depth */
	WS_JSON_BROKEN /* the byte at *at may not stand there: see why */
};

/* All-zero to begin with. */
struct ws_json_scan {
	uint64_t off;	/* in the file, of the next byte */
	uint32_t depth; /* how many arrays and objects are open */
	const char *why;
	uint8_t state;
	uint8_t n_left;	  /* bytes to come of a character, an escape */
	uint8_t low;	  /* within which the next byte of a character lies */
	uint8_t high;	  /* of a character */
	bool is_key;	  /* the string under way is a member's name */
	bool is_begun;	  /* a value was told of, its first byte is next */
	const char *word; /* what is to come of true, false, null */
	uint8_t is_object[WS_JSON_DEPTH_MAX / 8];
	char key[WS_JSON_KEY_MAX + 1]; /* the last name in an outermost object, as it is written */
	uint8_t key_len;	       /* WS_JSON_KEY_MAX + 1: longer */
};

/* Goes on from bytes[*at] to the next event; off counts along. */
enum ws_json_event ws_json_scan(struct ws_json_scan *scan, const uint8_t *bytes, size_t len, size_t *at);

/* May the file end here? */
bool ws_json_scan_is_complete(const struct ws_json_scan *scan);

/* Is this the name that was read last in an outermost object? One that is written with escapes is not known. */
bool ws_json_scan_is_key(const struct ws_json_scan *scan, const char *key);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * names - the words for the numbers in records: what the manifest, the database and every output call them. Part of the
 * public formats: names do not change.
 */
#ifndef WS_NAMES_H
#define WS_NAMES_H

#include <stddef.h>
#include <stdint.h>

#include "lib/record.h"

/* The name of a ledger slot (see ws_reason_slot()), or NULL for a number that has none. Static. */
const char *ws_slot_name(uint32_t slot);

/*
 * Names of enum ws_family, ws_flaw, ws_encap, ws_direction; "unknown" for any other number. Static. The user's families
 * are "header-1" to "header-4" here; ws_wanted_family_name() has their headers' names.
 */
const char *ws_family_name(uint8_t family);
const char *ws_flaw_name(uint8_t flaw);
const char *ws_encap_name(uint8_t encap);
const char *ws_direction_name(uint8_t direction);

/* Room for an address as text, with its final zero. */
#define WS_ADDRESS_TEXT_LEN 46

/* An address in wire order as text; an IPv4-mapped one as dotted quad (RFC 5952, RFC 4291 2.5.5.2). Returns text. */
const char *ws_address_text(const uint8_t address[16], char text[WS_ADDRESS_TEXT_LEN]);

/* n bytes as 2 * n lower-case hex digits and a final zero. Returns text. */
const char *ws_hex_text(const uint8_t *bytes, size_t n, char *text);

#endif

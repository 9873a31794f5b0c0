/* SPDX-License-Identifier: BSD-2-Clause */
/* names - see the header. */
#include "lib/names.h"

#include <arpa/inet.h>
#include <string.h>

static const char *const slot_names[WS_N_REASONS] = {
	[WS_REASON_NOT_IP] = "not_ip",
	[WS_REASON_NOT_TCP] = "not_tcp",
	[WS_REASON_FRAGMENT] = "fragment",
	[WS_REASON_BAD_HEADER] = "bad_header",
	[WS_REASON_FILTERED] = "filtered",
	[WS_REASON_NO_PAYLOAD] = "no_payload",
	[WS_REASON_TLS] = "tls",
	[WS_REASON_OTHER_PAYLOAD] = "other_payload",
	[WS_REASON_HTTP_RESPONSE] = "http_response",
	[WS_REASON_BEYOND_WINDOW] = "beyond_window",
	[WS_REASON_SPLIT] = "split",
	[WS_REASON_MALFORMED] = "malformed",
	[WS_REASON_INCOMPLETE] = "incomplete",
	[WS_REASON_NO_CONTEXT] = "no_context",
	[WS_REASON_TRUNCATED] = "truncated",
	[WS_REASON_CONTEXT + WS_FAMILY_W3C] = "context_w3c",
	[WS_REASON_CONTEXT + WS_FAMILY_B3] = "context_b3",
};

static const char *const family_names[] = { "none", "w3c", "b3" };
static const char *const encap_names[] = { "none", "vxlan", "ipip", "geneve", "gre" };
static const char *const direction_names[] = { "unknown", "in", "out" };

#define NAME_OF(names, n) ((n) < sizeof(names) / sizeof((names)[0]) ? (names)[n] : "unknown")

const char *ws_slot_name(uint32_t slot)
{
	return slot < WS_N_REASONS ? slot_names[slot] : NULL;
}

const char *ws_family_name(uint8_t family)
{
	return NAME_OF(family_names, family);
}

const char *ws_encap_name(uint8_t encap)
{
	return NAME_OF(encap_names, encap);
}

const char *ws_direction_name(uint8_t direction)
{
	return NAME_OF(direction_names, direction);
}

const char *ws_address_text(const uint8_t address[16], char text[WS_ADDRESS_TEXT_LEN])
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
	const int is_v4 = memcmp(address, mapped, sizeof(mapped)) == 0;

	if (!inet_ntop(is_v4 ? AF_INET : AF_INET6, is_v4 ? address + 12 : address, text, WS_ADDRESS_TEXT_LEN))
		text[0] = '\0';
	return text;
}

const char *ws_hex_text(const uint8_t *bytes, size_t n, char *text)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < n; i++) {
		text[2 * i] = digits[bytes[i] >> 4];
		text[2 * i + 1] = digits[bytes[i] & 15];
	}
	text[2 * n] = '\0';
	return text;
}

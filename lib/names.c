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
	[WS_REASON_UNREAD] = "unread",
	[WS_REASON_CONTEXT + WS_FAMILY_W3C] = "context_w3c",
	[WS_REASON_CONTEXT + WS_FAMILY_B3] = "context_b3",
	[WS_REASON_CONTEXT + WS_FAMILY_B3_SINGLE] = "context_b3_single",
	[WS_REASON_CONTEXT + WS_FAMILY_JAEGER] = "context_jaeger",
	[WS_REASON_CONTEXT + WS_FAMILY_DATADOG] = "context_datadog",
	[WS_REASON_CONTEXT + WS_FAMILY_SKYWALKING] = "context_skywalking",
	[WS_REASON_CONTEXT + WS_FAMILY_AWS] = "context_aws",
	[WS_REASON_CONTEXT + WS_FAMILY_GOOGLE] = "context_google",
	[WS_REASON_CONTEXT + WS_FAMILY_REQUEST_ID] = "context_x_request_id",
	[WS_REASON_CONTEXT + WS_FAMILY_USER] = "context_header_1",
	[WS_REASON_CONTEXT + WS_FAMILY_USER + 1] = "context_header_2",
	[WS_REASON_CONTEXT + WS_FAMILY_USER + 2] = "context_header_3",
	[WS_REASON_CONTEXT + WS_FAMILY_USER + 3] = "context_header_4",
	[WS_REASON_HEAD_CONTINUED] = "head_continued",
	[WS_REASON_LOST_SEGMENT] = "lost_segment",
	[WS_REASON_OUT_OF_ORDER] = "out_of_order",
	[WS_REASON_HTTP2] = "http2",
	[WS_REASON_UNDECODABLE] = "http2_undecodable",
};

static const char *const family_names[WS_MAX_FAMILIES] = {
	[WS_FAMILY_NONE] = "none",
	[WS_FAMILY_W3C] = "w3c",
	[WS_FAMILY_B3] = "b3",
	[WS_FAMILY_B3_SINGLE] = "b3-single",
	[WS_FAMILY_JAEGER] = "jaeger",
	[WS_FAMILY_DATADOG] = "datadog",
	[WS_FAMILY_SKYWALKING] = "skywalking",
	[WS_FAMILY_AWS] = "aws",
	[WS_FAMILY_GOOGLE] = "google",
	[WS_FAMILY_REQUEST_ID] = "x-request-id",
	[WS_FAMILY_USER] = "header-1",
	[WS_FAMILY_USER + 1] = "header-2",
	[WS_FAMILY_USER + 2] = "header-3",
	[WS_FAMILY_USER + 3] = "header-4",
};

static const char *const flaw_names[WS_N_FLAWS] = {
	[WS_FLAW_NONE] = "none", [WS_FLAW_LENGTH] = "length",	[WS_FLAW_CHARACTER] = "character",
	[WS_FLAW_ZERO] = "zero", [WS_FLAW_VERSION] = "version", [WS_FLAW_PART] = "part",
};

static const char *const encap_names[] = { "none", "vxlan", "ipip", "geneve", "gre" };
static const char *const direction_names[] = { "unknown", "in", "out" };

#define NAME_OF(names, n) ((n) < sizeof(names) / sizeof((names)[0]) && (names)[n] ? (names)[n] : "unknown")

const char *ws_slot_name(uint32_t slot)
{
	return slot < WS_N_REASONS ? slot_names[slot] : NULL;
}

const char *ws_family_name(uint8_t family)
{
	return NAME_OF(family_names, family);
}

const char *ws_flaw_name(uint8_t flaw)
{
	return NAME_OF(flaw_names, flaw);
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

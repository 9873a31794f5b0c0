/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * context_cases - values of context headers: good ones and what they say, refused ones and why. Hashes are those that
 * xxhsum -H2 and -H3 print.
 */
#ifndef WS_TEST_CONTEXT_CASES_H
#define WS_TEST_CONTEXT_CASES_H

#include "lib/context.h"

#define W_TRACE "0af7651916cd43dd8448eb211c80319c"
#define W_SPAN	"b7ad6b7169203331"
#define W_IDS	W_TRACE "-" W_SPAN
#define W_VALUE "00-" W_IDS "-01"

#define B_TRACE	   "463ac35c9f6413ad48485a3953bb6124"
#define B_TRACE_64 "89abcdef01234567"
#define B_PADDED   "0000000000000000" B_TRACE_64
#define B_SPAN	   "a2fb4a1d1a96d312"
#define B_PARENT   "0020000000000001"

#define UUID	 "0af76519-16cd-43dd-8448-eb211c80319c"
#define NO_ID	 "0000000000000000"
#define NO_TRACE NO_ID NO_ID

/* sw8: texts and their Base64 */
#define SW_TRACE_B64   "YTRlYzZmYzhjY2FiNGJiNGI2ODIwNjQ2OThjYzk3ZTYuNzQuMTYyMTgzODExMDQ1NTAwMDk="
#define SW_TRACE       "ca106ac355d5fbef1f272e0eeec71db1"
#define SW_SEGMENT_B64 "YTRlYzZmYzhjY2FiNGJiNGI2ODIwNjQ2OThjYzk3ZTYuNzQuMTYyMTgzODExMDQ1NTAwMDg="
#define SW_SPAN_2      "92c0d032288c360b" /* segment-2 */
#define SW_REST	       "-c3Zj-aW5z-L2E=-MTAuMC4wLjE6ODA="
#define SW_UUID_B64    "MGFmNzY1MTktMTZjZC00M2RkLTg0NDgtZWIyMTFjODAzMTlj"
#define SW_HEX_B64     "MGFmNzY1MTkxNmNkNDNkZDg0NDhlYjIxMWM4MDMxOWM="
#define SW_ZERO_B64    "MDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDA="

#define A_ROOT	"1-5759e988-bd862e3fe1be46a994272793"
#define A_TRACE "5759e988bd862e3fe1be46a994272793"
#define A_SPAN	"53995c3f42cd8ad8"

#define UNKNOWN WS_SAMPLED_UNKNOWN
#define NO	WS_SAMPLED_NO
#define YES	WS_SAMPLED_YES

#define BITS_64 WS_FLAG_TRACE_ID_64
#define HASHED	WS_FLAG_HASHED_ID

#define W3C	   WS_HEADER_TRACEPARENT
#define B3_T	   WS_HEADER_B3_TRACE
#define B3_S	   WS_HEADER_B3_SPAN
#define B3_P	   WS_HEADER_B3_PARENT
#define B3	   WS_HEADER_B3_SINGLE
#define JAEGER	   WS_HEADER_JAEGER
#define DD_T	   WS_HEADER_DATADOG_TRACE
#define DD_P	   WS_HEADER_DATADOG_PARENT
#define DD_TAGS	   WS_HEADER_DATADOG_TAGS
#define SW8	   WS_HEADER_SW8
#define AWS	   WS_HEADER_AWS
#define GOOGLE	   WS_HEADER_GOOGLE
#define REQUEST_ID WS_HEADER_REQUEST_ID
#define USER	   (WS_HEADER_USER + 1)

/* Bytes that a cut value must have behind the ids for them to count; LINE_END: all, and the line's end. */
#define LINE_END 1000

struct good_case {
	const char *name;
	uint8_t header;
	const char *value;
	const char *trace;
	const char *span;
	const char *parent;  /* NULL: none */
	const char *ids_end; /* the ids of this line end where this string ends; NULL: where the value ends */
	uint8_t sampled;
	uint8_t flags;
	uint32_t n_behind;
};

/* A case is a line or two. */
/* clang-format off */
static const struct good_case good_cases[] = {
	{ "w3c", W3C, W_VALUE, W_TRACE, W_SPAN, 0, W_SPAN, YES, 0, 0 },
	{ "w3c, a blank before", W3C, " " W_VALUE, W_TRACE, W_SPAN, 0, W_SPAN, YES, 0, 0 },
	{ "w3c, tabs and blanks around", W3C, " \t  " W_VALUE " \t ", W_TRACE, W_SPAN, 0, W_SPAN, YES, 0, 0 },
	{ "w3c, not sampled", W3C, "00-" W_IDS "-00", W_TRACE, W_SPAN, 0, W_SPAN, NO, 0, 0 },
	{ "w3c, flags 02", W3C, "00-" W_IDS "-02", W_TRACE, W_SPAN, 0, W_SPAN, NO, 0, 0 },
	{ "w3c, flags 10", W3C, "00-" W_IDS "-10", W_TRACE, W_SPAN, 0, W_SPAN, NO, 0, 0 },
	{ "w3c, flags 0a", W3C, "00-" W_IDS "-0a", W_TRACE, W_SPAN, 0, W_SPAN, NO, 0, 0 },
	{ "w3c, flags 0b", W3C, "00-" W_IDS "-0b", W_TRACE, W_SPAN, 0, W_SPAN, YES, 0, 0 },
	{ "w3c, flags ff", W3C, "00-" W_IDS "-ff", W_TRACE, W_SPAN, 0, W_SPAN, YES, 0, 0 },
	{ "w3c, version 01", W3C, "01-" W_IDS "-01", W_TRACE, W_SPAN, 0, W_SPAN, YES, 0, 0 },
	{ "w3c, version fe and more", W3C, "fe-" W_IDS "-01-what-ever=1", W_TRACE, W_SPAN, 0, W_SPAN, YES, 0, 0 },
	{ "w3c, version cc and a dash", W3C, "cc-" W_IDS "-00-", W_TRACE, W_SPAN, 0, W_SPAN, NO, 0, 0 },
	{ "w3c, small ids", W3C, "00-00000000000000000000000000000001-0000000000000002-01",
	  "00000000000000000000000000000001", "0000000000000002", 0, "0002", YES, 0, 0 },
	{ "w3c, ids of f", W3C, "00-ffffffffffffffffffffffffffffffff-ffffffffffffffff-01",
	  "ffffffffffffffffffffffffffffffff", "ffffffffffffffff", 0, "f-ffffffffffffffff", YES, 0, 0 },

	{ "b3 trace id", B3_T, " " B_TRACE, B_TRACE, W_SPAN, 0, 0, UNKNOWN, 0, 0 },
	{ "b3 trace id, blanks", B3_T, "\t" B_TRACE "  ", B_TRACE, W_SPAN, 0, B_TRACE, UNKNOWN, 0, 0 },
	{ "b3 trace id of 64 bits", B3_T, " " B_TRACE_64, B_PADDED, W_SPAN, 0, 0, UNKNOWN, BITS_64, LINE_END },
	{ "b3 trace id of 64 bits, a blank", B3_T, B_TRACE_64 " ", B_PADDED, W_SPAN, 0, B_TRACE_64, UNKNOWN,
	  BITS_64, 1 },
	{ "b3 trace id with an upper half of zeros", B3_T, B_PADDED, B_PADDED, W_SPAN, 0, 0, UNKNOWN, 0, 0 },
	{ "b3 span id", B3_S, " " B_SPAN, W_TRACE, B_SPAN, 0, 0, UNKNOWN, 0, 0 },

	{ "b3-single", B3, " " B_TRACE "-" B_SPAN, B_TRACE, B_SPAN, 0, 0, UNKNOWN, 0, 0 },
	{ "b3-single, sampled", B3, B_TRACE "-" B_SPAN "-1", B_TRACE, B_SPAN, 0, B_SPAN, YES, 0, 0 },
	{ "b3-single, not sampled", B3, B_TRACE "-" B_SPAN "-0 ", B_TRACE, B_SPAN, 0, B_SPAN, NO, 0, 0 },
	{ "b3-single, debug", B3, B_TRACE "-" B_SPAN "-d", B_TRACE, B_SPAN, 0, B_SPAN, YES, 0, 0 },
	{ "b3-single, parent", B3, B_TRACE "-" B_SPAN "-1-" B_PARENT " ", B_TRACE, B_SPAN, B_PARENT, B_SPAN, YES, 0,
	  0 },
	{ "b3-single, 64 bits", B3, B_TRACE_64 "-" B_SPAN "-d-" B_PARENT, B_PADDED, B_SPAN, B_PARENT, B_SPAN, YES,
	  BITS_64, 0 },

	{ "jaeger", JAEGER, " " W_TRACE ":" W_SPAN ":0:1", W_TRACE, W_SPAN, 0, W_SPAN, YES, 0, 0 },
	{ "jaeger, parent", JAEGER, W_TRACE ":" W_SPAN ":" B_PARENT ":0", W_TRACE, W_SPAN, B_PARENT, W_SPAN, NO, 0, 0 },
	{ "jaeger, no parent", JAEGER, W_TRACE ":" W_SPAN "::01", W_TRACE, W_SPAN, 0, W_SPAN, YES, 0, 0 },
	{ "jaeger, debug", JAEGER, W_TRACE ":" W_SPAN ":0:2", W_TRACE, W_SPAN, 0, W_SPAN, YES, 0, 0 },
	{ "jaeger, other flags", JAEGER, W_TRACE ":" W_SPAN ":0:fc", W_TRACE, W_SPAN, 0, W_SPAN, NO, 0, 0 },
	{ "jaeger, 64 bits", JAEGER, B_TRACE_64 ":" B_SPAN ":0:1", B_PADDED, B_SPAN, 0, B_SPAN, YES, BITS_64, 0 },
	{ "jaeger, zeros left out", JAEGER, "abc:1:20000000000001:1", "00000000000000000000000000000abc",
	  "0000000000000001", B_PARENT, "abc:1", YES, BITS_64, 1 },
	{ "jaeger, 17 digits", JAEGER, "1" B_TRACE_64 ":" B_SPAN ":0:0", "0000000000000001" B_TRACE_64, B_SPAN, 0,
	  B_SPAN, NO, 0, 0 },
	{ "jaeger, %3A", JAEGER, W_TRACE "%3A" W_SPAN "%3a0%3A1", W_TRACE, W_SPAN, 0, W_SPAN, YES, 0, 0 },
	{ "jaeger, %3A and no parent", JAEGER, W_TRACE "%3A" W_SPAN "%3A%3A1 ", W_TRACE, W_SPAN, 0, W_SPAN, YES, 0,
	  0 },
	{ "jaeger, upper case", JAEGER, "0AF7651916CD43DD8448EB211C80319C:B7AD6B7169203331:0:0A", W_TRACE, W_SPAN,
	  0, "3331", YES, 0, 0 },

	{ "datadog trace id", DD_T, " 9920249030613615975", B_PADDED, W_SPAN, 0, 0, UNKNOWN, BITS_64, LINE_END },
	{ "datadog trace id of 20 digits", DD_T, "18446744073709551615", NO_ID "ffffffffffffffff", W_SPAN, 0, 0,
	  UNKNOWN, BITS_64, 0 },
	{ "datadog trace id 1", DD_T, "1 ", NO_ID "0000000000000001", W_SPAN, 0, "1", UNKNOWN, BITS_64, 1 },
	{ "datadog parent id", DD_P, "13235353014750950193", NO_ID "0000000000000001", W_SPAN, 0, 0, UNKNOWN,
	  BITS_64, 0 },
	{ "datadog parent id with leading zeros", DD_P, "007", NO_ID "0000000000000001", "0000000000000007", 0, 0,
	  UNKNOWN, BITS_64, LINE_END },

	{ "sw8", SW8, " 1-" SW_TRACE_B64 "-" SW_SEGMENT_B64 "-2" SW_REST, SW_TRACE, SW_SPAN_2, 0,
	  SW_SEGMENT_B64 "-2", YES, HASHED, 1 },
	{ "sw8, sample 0", SW8, "0-" SW_TRACE_B64 "-" SW_SEGMENT_B64 "-2" SW_REST, SW_TRACE, SW_SPAN_2, 0,
	  SW_SEGMENT_B64 "-2", NO, HASHED, 1 },
	{ "sw8, four fields", SW8, "1-" SW_TRACE_B64 "-" SW_SEGMENT_B64 "-2", SW_TRACE, SW_SPAN_2, 0, 0, YES, HASHED,
	  LINE_END },
	{ "sw8, UUID", SW8, "1-" SW_UUID_B64 "-" SW_SEGMENT_B64 "-2-", W_TRACE, SW_SPAN_2, 0, SW_SEGMENT_B64 "-2",
	  YES, 0, 1 },
	{ "sw8, 32 hex digits", SW8, "1-" SW_HEX_B64 "-" SW_SEGMENT_B64 "-2-", W_TRACE, SW_SPAN_2, 0,
	  SW_SEGMENT_B64 "-2", YES, 0, 1 },
	{ "sw8, long index", SW8, "1-YQ==-YmM=-2147483647-", "a96faf705af16834e6c632b61e964e1f", "982a02f7a464f134", 0,
	  "2147483647", YES, HASHED, 1 },

	{ "aws", AWS, " Root=" A_ROOT ";Parent=" A_SPAN ";Sampled=1", A_TRACE, A_SPAN, 0, A_SPAN, YES, 0, 0 },
	{ "aws, not sampled", AWS, "Root=" A_ROOT ";Parent=" A_SPAN ";Sampled=0", A_TRACE, A_SPAN, 0, A_SPAN, NO, 0,
	  0 },
	{ "aws, asked to decide", AWS, "Root=" A_ROOT ";Parent=" A_SPAN ";Sampled=?", A_TRACE, A_SPAN, 0, A_SPAN,
	  UNKNOWN, 0, 0 },
	{ "aws, other order", AWS, "Sampled=1; Parent=" A_SPAN "; Root=" A_ROOT, A_TRACE, A_SPAN, 0, 0, YES, 0, 0 },
	{ "aws, other fields", AWS, "Self=1-67891234-12456789abcdef012345678;Root=" A_ROOT ";Lineage=25:1;Parent=" A_SPAN
	  ";", A_TRACE, A_SPAN, 0, A_SPAN, UNKNOWN, 0, 0 },
	{ "aws, no parent", AWS, "Root=" A_ROOT ";Sampled=1", A_TRACE, NO_ID, 0, A_ROOT, YES, 0, LINE_END },
	{ "aws, root alone", AWS, "Root=" A_ROOT " ", A_TRACE, NO_ID, 0, A_ROOT, UNKNOWN, 0, LINE_END },
	{ "aws, parent of zeros", AWS, "Root=" A_ROOT ";Parent=" NO_ID ";Sampled=0", A_TRACE, NO_ID, 0, A_ROOT, NO,
	  0, sizeof(";Parent=" NO_ID) - 1 },
	{ "aws, the first of each", AWS, "Root=" A_ROOT ";Parent=" A_SPAN ";Sampled=0;Root=1-x;Parent=" W_SPAN ";Sampled=1",
	  A_TRACE, A_SPAN, 0, A_SPAN, NO, 0, 0 },
	{ "aws, upper case", AWS, "Parent=53995C3F42CD8AD8;Root=1-5759E988-BD862E3FE1BE46A994272793", A_TRACE, A_SPAN,
	  0, 0, UNKNOWN, 0, 0 },

	{ "google", GOOGLE, " " W_TRACE "/13235353014750950193;o=1", W_TRACE, W_SPAN, 0, "950193", YES, 0, 0 },
	{ "google, not traced", GOOGLE, W_TRACE "/7;o=0", W_TRACE, "0000000000000007", 0, "/7", NO, 0, 1 },
	{ "google, options 3", GOOGLE, W_TRACE "/7;o=3 ", W_TRACE, "0000000000000007", 0, "/7", YES, 0, 1 },
	{ "google, options 2", GOOGLE, W_TRACE "/7;o=2", W_TRACE, "0000000000000007", 0, "/7", NO, 0, 1 },
	{ "google, no options", GOOGLE, W_TRACE "/7", W_TRACE, "0000000000000007", 0, 0, UNKNOWN, 0, LINE_END },
	{ "google, empty options", GOOGLE, W_TRACE "/7;o=", W_TRACE, "0000000000000007", 0, "/7", UNKNOWN, 0, 1 },
	{ "google, no span", GOOGLE, W_TRACE ";o=1", W_TRACE, NO_ID, 0, W_TRACE, YES, 0, 1 },
	{ "google, empty span", GOOGLE, W_TRACE "/;o=1", W_TRACE, NO_ID, 0, W_TRACE, YES, 0, 2 },
	{ "google, span 0", GOOGLE, W_TRACE "/0;o=1", W_TRACE, NO_ID, 0, W_TRACE, YES, 0, 3 },
	{ "google, trace alone", GOOGLE, W_TRACE, W_TRACE, NO_ID, 0, 0, UNKNOWN, 0, LINE_END },
	{ "google, upper case", GOOGLE, "0AF7651916CD43DD8448EB211C80319C/7;o=1", W_TRACE, "0000000000000007", 0,
	  "/7", YES, 0, 1 },

	{ "x-request-id, UUID", REQUEST_ID, " " UUID, W_TRACE, NO_ID, 0, 0, UNKNOWN, 0, LINE_END },
	{ "x-request-id, upper case UUID", REQUEST_ID, "0AF76519-16CD-43DD-8448-EB211C80319C ", W_TRACE, NO_ID, 0,
	  "319C", UNKNOWN, 0, LINE_END },
	{ "x-request-id, 32 hex digits", REQUEST_ID, W_TRACE, W_TRACE, NO_ID, 0, 0, UNKNOWN, 0, LINE_END },
	{ "x-request-id, 16 hex digits", REQUEST_ID, B_TRACE_64, B_PADDED, NO_ID, 0, 0, UNKNOWN, BITS_64, LINE_END },
	{ "x-request-id, text", REQUEST_ID, "\thello world ", "df8d09e93f874900a99b8775cc15b6c7", NO_ID, 0, "world",
	  UNKNOWN, HASHED, LINE_END },
	{ "x-request-id, one character", REQUEST_ID, "a", "a96faf705af16834e6c632b61e964e1f", NO_ID, 0, 0, UNKNOWN,
	  HASHED, LINE_END },
	{ "x-request-id, nearly a UUID", REQUEST_ID, "0af76519-16cd-43dd-8448-eb211c80319g",
	  "2a571adeafbdbeac9bedb6046fd281e9", NO_ID, 0, 0, UNKNOWN, HASHED, LINE_END },
	{ "user's header, UUID", USER, UUID, W_TRACE, NO_ID, 0, 0, UNKNOWN, 0, LINE_END },
	{ "user's header, decimal", USER, "12345678901234567890", "e576adec7e0f4cabc53cde4bb1dbac00", NO_ID, 0, 0,
	  UNKNOWN, HASHED, LINE_END },
};
/* clang-format on */

struct bad_case {
	const char *name;
	uint8_t header;
	const char *value;
	uint8_t flaw;
};

#define LENGTH	  WS_FLAW_LENGTH
#define CHARACTER WS_FLAW_CHARACTER
#define ZERO	  WS_FLAW_ZERO
#define VERSION	  WS_FLAW_VERSION
#define PART	  WS_FLAW_PART

/* clang-format off */
static const struct bad_case bad_cases[] = {
	/* W3C Trace Context 3.2.2 */
	{ "w3c, empty", W3C, "", LENGTH },
	{ "w3c, blanks", W3C, " \t        \t  ", LENGTH },
	{ "w3c, version ff", W3C, "ff-" W_IDS "-01", VERSION },
	{ "w3c, version of upper case", W3C, "0A-" W_IDS "-01", CHARACTER },
	{ "w3c, version of one digit", W3C, "0-" W_IDS "-01", LENGTH },
	{ "w3c, version no hex", W3C, "0g-" W_IDS "-01", CHARACTER },
	{ "w3c, version no hex either", W3C, "g0-" W_IDS "-01", CHARACTER },
	{ "w3c, no version", W3C, W_IDS "-01", LENGTH },
	{ "w3c, empty version", W3C, "-" W_IDS "-01", PART },
	{ "w3c, no dash behind the version", W3C, "00_" W_IDS "-01", CHARACTER },
	{ "w3c, no dash behind the trace id", W3C, "00-" W_TRACE "_" W_SPAN "-01", CHARACTER },
	{ "w3c, no dash behind the span id", W3C, "00-" W_IDS "_01", CHARACTER },
	{ "w3c, version alone", W3C, "00", PART },
	{ "w3c, trace id alone", W3C, "00-" W_TRACE, PART },
	{ "w3c, no flags", W3C, "00-" W_IDS, PART },
	{ "w3c, no flags behind the dash", W3C, "00-" W_IDS "-", PART },
	{ "w3c, one flag digit", W3C, "00-" W_IDS "-1", LENGTH },
	{ "w3c, three flag digits", W3C, "00-" W_IDS "-011", LENGTH },
	{ "w3c, upper-case flags", W3C, "00-" W_IDS "-0A", CHARACTER },
	{ "w3c, flags no hex", W3C, "00-" W_IDS "-0g", CHARACTER },
	{ "w3c, flags no hex either", W3C, "00-" W_IDS "-x1", CHARACTER },
	{ "w3c, trace id of zeros", W3C, "00-" NO_TRACE "-" W_SPAN "-01", ZERO },
	{ "w3c, span id of zeros", W3C, "00-" W_TRACE "-" NO_ID "-01", ZERO },
	{ "w3c, upper-case trace id", W3C, "00-0AF7651916CD43DD8448EB211C80319C-" W_SPAN "-01", CHARACTER },
	{ "w3c, upper-case span id", W3C, "00-" W_TRACE "-B7AD6B7169203331-01", CHARACTER },
	{ "w3c, trace id no hex", W3C, "00-0af7651916cd43dd8448eb211c80319g-" W_SPAN "-01", CHARACTER },
	{ "w3c, trace id no ASCII", W3C, "00-0af7651916cd43dd\xb8" "448eb211c80319c-" W_SPAN "-01", CHARACTER },
	{ "w3c, trace id with the bytes beside hex digits", W3C, "00-/:`g651916cd43dd8448eb211c80319c-" W_SPAN "-01",
	  CHARACTER },
	{ "w3c, short trace id", W3C, "00-0af7651916cd43dd8448eb211c80319-" W_SPAN "-01", LENGTH },
	{ "w3c, long trace id", W3C, "00-" W_TRACE "0-" W_SPAN "-01", LENGTH },
	{ "w3c, short span id", W3C, "00-" W_TRACE "-b7ad6b716920333-01", LENGTH },
	{ "w3c, long span id", W3C, "00-" W_IDS "0-01", LENGTH },
	{ "w3c, version 00 and more", W3C, W_VALUE "-what", LENGTH },
	{ "w3c, version 00 and a dash", W3C, W_VALUE "-", LENGTH },
	{ "w3c, version 01 and more without a dash", W3C, "01-" W_IDS "-01what", CHARACTER },
	{ "w3c, version 01, a blank, more", W3C, "01-" W_IDS "-01 -what", CHARACTER },
	{ "w3c, more behind a blank", W3C, W_VALUE " what", CHARACTER },
	{ "w3c, a blank within", W3C, "00- " W_IDS "-01", CHARACTER },
	{ "w3c, quoted", W3C, "\"" W_VALUE "\"", CHARACTER },
	{ "w3c, carriage return that ends no line", W3C, W_VALUE "\rX", CHARACTER },
	/* B3: 16 or 32 lower-case hex digits for the trace, 16 for the span */
	{ "b3 trace id, empty", B3_T, "", LENGTH },
	{ "b3 trace id of 15", B3_T, "89abcdef0123456", LENGTH },
	{ "b3 trace id of 17", B3_T, B_TRACE_64 "8", LENGTH },
	{ "b3 trace id of 31", B3_T, "463ac35c9f6413ad48485a3953bb612", LENGTH },
	{ "b3 trace id of 33", B3_T, B_TRACE "0", LENGTH },
	{ "b3 trace id of upper case", B3_T, "463AC35C9F6413AD48485A3953BB6124", CHARACTER },
	{ "b3 trace id half upper case", B3_T, "463ac35c9f6413ad48485A3953BB6124", CHARACTER },
	{ "b3 trace id of zeros", B3_T, NO_TRACE, ZERO },
	{ "b3 trace id of 16 zeros", B3_T, NO_ID, ZERO },
	{ "b3 trace id and more", B3_T, B_TRACE "-1", CHARACTER },
	{ "b3 trace id of 64 bits and more", B3_T, B_TRACE_64 " x", CHARACTER },
	{ "b3 span id, empty", B3_S, "", LENGTH },
	{ "b3 span id of 15", B3_S, "a2fb4a1d1a96d31", LENGTH },
	{ "b3 span id of 17", B3_S, B_SPAN "0", LENGTH },
	{ "b3 span id of 32", B3_S, B_TRACE, LENGTH },
	{ "b3 span id of zeros", B3_S, NO_ID, ZERO },
	{ "b3 span id of upper case", B3_S, "A2FB4A1D1A96D312", CHARACTER },
	{ "b3 span id and more", B3_S, B_SPAN ";q=1", CHARACTER },

	{ "b3-single, empty", B3, "", LENGTH },
	{ "b3-single, trace id alone", B3, B_TRACE, PART },
	{ "b3-single, no span id", B3, B_TRACE "-", PART },
	{ "b3-single, short trace id", B3, "463ac35c-" B_SPAN "-1", LENGTH },
	{ "b3-single, trace id of 24", B3, B_TRACE_64 "00000000-" B_SPAN "-1", LENGTH },
	{ "b3-single, long trace id", B3, B_TRACE "00-" B_SPAN "-1", LENGTH },
	{ "b3-single, trace id of zeros", B3, NO_TRACE "-" B_SPAN "-1", ZERO },
	{ "b3-single, span id of zeros", B3, B_TRACE "-" NO_ID "-1", ZERO },
	{ "b3-single, span id of 17", B3, B_TRACE "-" B_SPAN "0-1", LENGTH },
	{ "b3-single, upper case", B3, "463AC35C9F6413AD48485A3953BB6124-" B_SPAN "-1", CHARACTER },
	{ "b3-single, no decision", B3, B_TRACE "-" B_SPAN "-", PART },
	{ "b3-single, no such decision", B3, B_TRACE "-" B_SPAN "-x", CHARACTER },
	{ "b3-single, decision of two", B3, B_TRACE "-" B_SPAN "-11", LENGTH },
	{ "b3-single, no parent", B3, B_TRACE "-" B_SPAN "-1-", PART },
	{ "b3-single, short parent", B3, B_TRACE "-" B_SPAN "-1-002", LENGTH },
	{ "b3-single, parent of zeros", B3, B_TRACE "-" B_SPAN "-1-" NO_ID, ZERO },
	{ "b3-single, and more", B3, B_TRACE "-" B_SPAN "-1-" B_PARENT "-1", LENGTH },
	{ "b3-single, no such decision alone", B3, "x", CHARACTER },
	{ "b3-single, decision alone and more", B3, "1-", LENGTH },

	{ "jaeger, empty", JAEGER, "", LENGTH },
	{ "jaeger, trace id alone", JAEGER, W_TRACE, PART },
	{ "jaeger, no span id", JAEGER, W_TRACE "::0:1", PART },
	{ "jaeger, no trace id", JAEGER, ":" W_SPAN ":0:1", PART },
	{ "jaeger, no flags", JAEGER, W_TRACE ":" W_SPAN ":0", PART },
	{ "jaeger, empty flags", JAEGER, W_TRACE ":" W_SPAN ":0:", PART },
	{ "jaeger, trace id of 33", JAEGER, W_TRACE "0:" W_SPAN ":0:1", LENGTH },
	{ "jaeger, span id of 17", JAEGER, W_TRACE ":" W_SPAN "0:0:1", LENGTH },
	{ "jaeger, parent of 17", JAEGER, W_TRACE ":" W_SPAN ":" W_SPAN "0:1", LENGTH },
	{ "jaeger, flags of 3", JAEGER, W_TRACE ":" W_SPAN ":0:001", LENGTH },
	{ "jaeger, flags of 9", JAEGER, W_TRACE ":" W_SPAN ":0:000000001", LENGTH },
	{ "jaeger, five parts", JAEGER, W_TRACE ":" W_SPAN ":0:1:1", LENGTH },
	{ "jaeger, trace id zero", JAEGER, "0:" W_SPAN ":0:1", ZERO },
	{ "jaeger, span id zero", JAEGER, W_TRACE ":0000:0:1", ZERO },
	{ "jaeger, no hex", JAEGER, W_TRACE ":g:0:1", CHARACTER },
	{ "jaeger, dashes", JAEGER, W_TRACE "-" W_SPAN "-0-1", CHARACTER },
	{ "jaeger, %3B", JAEGER, W_TRACE "%3B" W_SPAN "%3B0%3B1", CHARACTER },
	{ "jaeger, %4A", JAEGER, W_TRACE "%4A" W_SPAN ":0:1", CHARACTER },
	{ "jaeger, %3", JAEGER, W_TRACE "%3", CHARACTER },

	{ "datadog trace id, empty", DD_T, "", LENGTH },
	{ "datadog trace id, zero", DD_T, "0", ZERO },
	{ "datadog trace id, 2^64", DD_T, "18446744073709551616", LENGTH },
	{ "datadog trace id of 21 digits", DD_T, "100000000000000000000", LENGTH },
	{ "datadog trace id in hex", DD_T, "12ab", CHARACTER },
	{ "datadog trace id, negative", DD_T, "-1", CHARACTER },
	{ "datadog trace id, a blank within", DD_T, "1 2", CHARACTER },
	{ "datadog parent id, zero", DD_P, "00", ZERO },
	{ "datadog parent id, text", DD_P, "x", CHARACTER },
	{ "datadog tags, short", DD_TAGS, "_dd.p.tid=640cfd8d,a=b", LENGTH },
	{ "datadog tags, long", DD_TAGS, "_dd.p.tid=640cfd8d000000000", LENGTH },
	{ "datadog tags, no hex", DD_TAGS, "a=b,_dd.p.tid=640cfd8d0000000g", CHARACTER },
	{ "datadog tags, upper case", DD_TAGS, "_dd.p.tid=640CFD8D00000000", CHARACTER },
	{ "datadog tags, empty", DD_TAGS, "_dd.p.tid=,a=b", PART },
	{ "datadog tags, other end", DD_TAGS, "_dd.p.tid=640cfd8d00000000;", CHARACTER },

	{ "sw8, empty", SW8, "", LENGTH },
	{ "sw8, sample alone", SW8, "1", PART },
	{ "sw8, sample 2", SW8, "2-" SW_TRACE_B64 "-" SW_SEGMENT_B64 "-2" SW_REST, CHARACTER },
	{ "sw8, sample 10", SW8, "10-" SW_TRACE_B64 "-" SW_SEGMENT_B64 "-2" SW_REST, LENGTH },
	{ "sw8, no trace id", SW8, "1--" SW_SEGMENT_B64 "-2" SW_REST, PART },
	{ "sw8, trace id alone", SW8, "1-" SW_TRACE_B64, PART },
	{ "sw8, no segment", SW8, "1-" SW_TRACE_B64 "--2" SW_REST, PART },
	{ "sw8, no index", SW8, "1-" SW_TRACE_B64 "-" SW_SEGMENT_B64 "-", PART },
	{ "sw8, empty index", SW8, "1-" SW_TRACE_B64 "-" SW_SEGMENT_B64 "--YQ==", PART },
	{ "sw8, index no number", SW8, "1-" SW_TRACE_B64 "-" SW_SEGMENT_B64 "-x" SW_REST, CHARACTER },
	{ "sw8, index of 11 digits", SW8, "1-YQ==-YmM=-12345678901-", LENGTH },
	{ "sw8, index and more", SW8, "1-YQ==-YmM=-12x-", CHARACTER },
	{ "sw8, index, a blank, more", SW8, "1-YQ==-YmM=-12 -", CHARACTER },
	{ "sw8, no padding", SW8, "1-YQ-YmM=-1-", LENGTH },
	{ "sw8, too much padding", SW8, "1-Y===-YmM=-1-", LENGTH },
	{ "sw8, only padding", SW8, "1-====-YmM=-1-", LENGTH },
	{ "sw8, padding within", SW8, "1-YQ=Y-YmM=-1-", CHARACTER },
	{ "sw8, the URL's alphabet", SW8, "1-YQ_=-YmM=-1-", CHARACTER },
	{ "sw8, trace id of zeros", SW8, "1-" SW_ZERO_B64 "-YmM=-1-", ZERO },

	{ "aws, empty", AWS, "", LENGTH },
	{ "aws, no root", AWS, "Parent=" A_SPAN ";Sampled=1", PART },
	{ "aws, empty root", AWS, "Root=;Parent=" A_SPAN, PART },
	{ "aws, empty root at the end", AWS, "Parent=" A_SPAN ";Root=", PART },
	{ "aws, version 2", AWS, "Root=2-5759e988-bd862e3fe1be46a994272793", VERSION },
	{ "aws, short time", AWS, "Root=1-5759e98-bd862e3fe1be46a994272793", LENGTH },
	{ "aws, long time", AWS, "Root=1-5759e9889-bd862e3fe1be46a994272793", LENGTH },
	{ "aws, short number", AWS, "Root=1-5759e988-bd862e3fe1be46a99427279;Sampled=1", LENGTH },
	{ "aws, long number", AWS, "Root=" A_ROOT "0", LENGTH },
	{ "aws, root no hex", AWS, "Root=1-5759e988-bd862e3fe1be46a99427279x", CHARACTER },
	{ "aws, root and more", AWS, "Root=" A_ROOT ",Sampled=1", CHARACTER },
	{ "aws, root of zeros", AWS, "Root=1-00000000-000000000000000000000000;Parent=" A_SPAN, ZERO },
	{ "aws, short parent", AWS, "Root=" A_ROOT ";Parent=53995c3f42cd8ad;Sampled=1", LENGTH },
	{ "aws, long parent", AWS, "Root=" A_ROOT ";Parent=" A_SPAN "0", LENGTH },
	{ "aws, empty parent", AWS, "Root=" A_ROOT ";Parent=;Sampled=1", PART },
	{ "aws, parent no hex", AWS, "Root=" A_ROOT ";Parent=53995c3f42cd8adg", CHARACTER },
	{ "aws, keys in lower case", AWS, "root=" A_ROOT, PART },

	{ "google, empty", GOOGLE, "", LENGTH },
	{ "google, short trace id", GOOGLE, "0af7651916cd43dd8448eb211c80319/7;o=1", LENGTH },
	{ "google, long trace id", GOOGLE, W_TRACE "0/7;o=1", LENGTH },
	{ "google, trace id no hex", GOOGLE, "0af7651916cd43dd8448eb211c80319x/7;o=1", CHARACTER },
	{ "google, trace id of zeros", GOOGLE, NO_TRACE "/7;o=1", ZERO },
	{ "google, span 2^64", GOOGLE, W_TRACE "/18446744073709551616;o=1", LENGTH },
	{ "google, span of 21 digits", GOOGLE, W_TRACE "/000000000000000000007;o=1", LENGTH },
	{ "google, span in hex", GOOGLE, W_TRACE "/7a;o=1", CHARACTER },
	{ "google, span no number", GOOGLE, W_TRACE "/x;o=1", CHARACTER },
	{ "google, two spans", GOOGLE, W_TRACE "/7/7", CHARACTER },
	{ "google, nothing behind the semicolon", GOOGLE, W_TRACE "/7;", PART },
	{ "google, other option", GOOGLE, W_TRACE "/7;p=1", CHARACTER },
	{ "google, option without a value", GOOGLE, W_TRACE "/7;o", PART },
	{ "google, option no number", GOOGLE, W_TRACE "/7;o=x", CHARACTER },
	{ "google, and more", GOOGLE, W_TRACE "/7;o=1;o=1", LENGTH },

	{ "x-request-id, empty", REQUEST_ID, "", LENGTH },
	{ "x-request-id, blanks", REQUEST_ID, "  \t", LENGTH },
	{ "x-request-id, control byte", REQUEST_ID, "a\x01", CHARACTER },
	{ "x-request-id, tab within", REQUEST_ID, "a\tb", CHARACTER },
	{ "x-request-id, no ASCII", REQUEST_ID, "a\xc3\xa4", CHARACTER },
	{ "x-request-id, DEL", REQUEST_ID, "a\x7f", CHARACTER },
	{ "x-request-id, nil UUID", REQUEST_ID, "00000000-0000-0000-0000-000000000000", ZERO },
	{ "x-request-id, 16 zeros", REQUEST_ID, NO_ID, ZERO },
	{ "x-request-id of 72", REQUEST_ID,
	  "0123456789012345678901234567890123456789012345678901234567890123456789xx", LENGTH },
	{ "user's header, empty", USER, "", LENGTH },
	{ "user's header, control byte", USER, "a\x1f" "b", CHARACTER },
};
/* clang-format on */

#endif

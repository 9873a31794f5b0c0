/* SPDX-License-Identifier: BSD-2-Clause */
/* context_heads - heads with several context headers, and what must be found in them. */
#ifndef WS_TEST_CONTEXT_HEADS_H
#define WS_TEST_CONTEXT_HEADS_H

#include "lib/context.h"

#define W_TRACE	    "0af7651916cd43dd8448eb211c80319c"
#define W_SPAN	    "b7ad6b7169203331"
#define TRACEPARENT "traceparent: 00-" W_TRACE "-" W_SPAN "-01"

#define B_TRACE	   "463ac35c9f6413ad48485a3953bb6124"
#define B_TRACE_64 "89abcdef01234567"
#define B_SPAN	   "a2fb4a1d1a96d312"
#define B_PARENT   "0020000000000001"
#define B3_TRACE   "X-B3-TraceId: " B_TRACE
#define B3_SPAN	   "X-B3-SpanId: " B_SPAN
#define B3_PARENT  "X-B3-ParentSpanId: " B_PARENT
#define B3_SINGLE  "b3: " B_TRACE "-" B_SPAN "-0-" B_PARENT

#define DD_TRACE    "x-datadog-trace-id: 1234605616436508552"	/* 1122334455667788 */
#define DD_PARENT   "x-datadog-parent-id: 12302652060662169600" /* aabbccddeeff0000 */
#define DD_PRIORITY "x-datadog-sampling-priority: "
#define DD_TAGS	    "x-datadog-tags: _dd.p.dm=-1,_dd.p.tid=640cfd8d00000000"

#define AWS    "X-Amzn-Trace-Id: Root=1-5759e988-bd862e3fe1be46a994272793"
#define GOOGLE "X-Cloud-Trace-Context: 105445aa7843bc8bf206b12000100000/1;o=1"
#define MY_ID  "x-mine: 0123456789abcdef"

#define NO_ID "0000000000000000"

#define BIT(family) (1u << WS_FAMILY_##family)

/* The families of a case: a list. Lines that begin with a colon are no context header's. */
struct head_case {
	const char *name;
	const char *wanted;
	const char *lines[8];
	const char *trace;
	const char *span;
	const char *parent;
	const char *ids_end; /* the ids end where this string ends for the first time; so does the context ... */
	const char *ctx_end; /* ... unless with this one */
	const char *begin;   /* the context begins with the first line that begins so */
	uint16_t families;
	uint8_t family; /* WS_FAMILY_NONE: none, and why is in reason */
	uint8_t sampled;
	uint8_t flags;
	uint8_t reason;
};

#define UNKNOWN WS_SAMPLED_UNKNOWN
#define NO	WS_SAMPLED_NO
#define YES	WS_SAMPLED_YES
#define BITS_64 WS_FLAG_TRACE_ID_64

#define W3C WS_FAMILY_W3C
#define B3  WS_FAMILY_B3
#define DD  WS_FAMILY_DATADOG

#define SINGLE	   WS_FAMILY_B3_SINGLE
#define DD_TRACE_L "1122334455667788"
#define DD_SPAN	   "aabbccddeeff0000"

/* A case is a few lines. */
/* clang-format off */
static const struct head_case cases[] = {
	{ "w3c", "default", { ":host: a", TRACEPARENT, ":x: y" }, W_TRACE, W_SPAN, NO_ID, W_SPAN, 0, "tracep", BIT(W3C),
	  W3C, YES, 0, 0 },
	{ "w3c and tracestate", "default", { "tracestate: a=b", TRACEPARENT }, W_TRACE, W_SPAN, NO_ID, W_SPAN, 0,
	  "tracep", BIT(W3C), W3C, YES, WS_FLAG_TRACESTATE, 0 },
	{ "the first of two", "default", { TRACEPARENT, "traceparent: 00-" B_TRACE "-" B_SPAN "-00" }, W_TRACE, W_SPAN,
	  NO_ID, W_SPAN, 0, "tracep", BIT(W3C), W3C, YES, 0, 0 },

	{ "b3", "default", { B3_TRACE, ":host: a", B3_SPAN }, B_TRACE, B_SPAN, NO_ID, B_SPAN, 0, "X-B3-T", BIT(B3), B3,
	  UNKNOWN, 0, 0 },
	{ "b3, span first", "default", { B3_SPAN, B3_TRACE }, B_TRACE, B_SPAN, NO_ID, B_TRACE, 0, "X-B3-S", BIT(B3), B3,
	  UNKNOWN, 0, 0 },
	{ "b3, parent last", "default", { B3_TRACE, B3_SPAN, ":host: a", B3_PARENT, "x-b3-sampled: 1" }, B_TRACE,
	  B_SPAN, B_PARENT, B_SPAN, B_PARENT, "X-B3-T", BIT(B3), B3, YES, 0, 0 },
	{ "b3, parent between", "default", { B3_TRACE, B3_PARENT, B3_SPAN, "x-b3-sampled: 0" }, B_TRACE, B_SPAN,
	  B_PARENT, B_SPAN, 0, "X-B3-T", BIT(B3), B3, NO, 0, 0 },
	{ "b3, parent first", "default", { B3_PARENT, B3_SPAN, B3_TRACE }, B_TRACE, B_SPAN, B_PARENT, B_TRACE, 0,
	  "X-B3-P", BIT(B3), B3, UNKNOWN, 0, 0 },
	{ "b3, true", "default", { "x-b3-sampled: true", B3_TRACE, B3_SPAN }, B_TRACE, B_SPAN, NO_ID, B_SPAN, 0,
	  "X-B3-T", BIT(B3), B3, YES, 0, 0 },
	{ "b3, false", "default", { "x-b3-sampled: false ", B3_TRACE, B3_SPAN }, B_TRACE, B_SPAN, NO_ID, B_SPAN, 0,
	  "X-B3-T", BIT(B3), B3, NO, 0, 0 },
	{ "b3, the first decision", "default", { "x-b3-sampled:0", "x-b3-sampled:1", B3_TRACE, B3_SPAN }, B_TRACE,
	  B_SPAN, NO_ID, B_SPAN, 0, "X-B3-T", BIT(B3), B3, NO, 0, 0 },
	{ "b3, no decision", "default", { "x-b3-sampled:", "x-b3-sampled: d", "x-b3-sampled: 01", B3_TRACE, B3_SPAN },
	  B_TRACE, B_SPAN, NO_ID, B_SPAN, 0, "X-B3-T", BIT(B3), B3, UNKNOWN, 0, 0 },
	{ "b3, debug overrides", "default", { B3_TRACE, B3_SPAN, "x-b3-flags: 1", "x-b3-sampled: 0" }, B_TRACE, B_SPAN,
	  NO_ID, B_SPAN, 0, "X-B3-T", BIT(B3), B3, YES, 0, 0 },
	{ "b3, no debug", "default", { B3_TRACE, B3_SPAN, "x-b3-flags: 0" }, B_TRACE, B_SPAN, NO_ID, B_SPAN, 0,
	  "X-B3-T", BIT(B3), B3, UNKNOWN, 0, 0 },
	{ "b3, the first of each", "default",
	  { B3_TRACE, "x-b3-traceid: " B_TRACE_64, B3_SPAN, "x-b3-spanid: ffffffffffffffff" }, B_TRACE, B_SPAN, NO_ID,
	  B_SPAN, 0, "X-B3-T", BIT(B3), B3, UNKNOWN, 0, 0 },
	{ "b3-single, a decision alone first", "default", { "b3: 1", B3_SINGLE }, B_TRACE, B_SPAN, B_PARENT, B_SPAN,
	  B_PARENT, "b3: 4", BIT(B3_SINGLE), SINGLE, NO, 0, 0 },

	{ "datadog", "default", { DD_TRACE, DD_PARENT, DD_PRIORITY "1" }, NO_ID DD_TRACE_L, DD_SPAN, NO_ID,
	  "9600", 0, "x-datadog-t", BIT(DATADOG), DD, YES, BITS_64, 0 },
	{ "datadog, tags", "default", { DD_TRACE, DD_PARENT, DD_PRIORITY "-1", DD_TAGS }, "640cfd8d00000000" DD_TRACE_L,
	  DD_SPAN, NO_ID, "9600", 0, "x-datadog-t", BIT(DATADOG), DD, NO, 0, 0 },
	{ "datadog, tags first", "default", { DD_TAGS, DD_PARENT, DD_PRIORITY "0", DD_TRACE },
	  "640cfd8d00000000" DD_TRACE_L, DD_SPAN, NO_ID, "8552", 0, "x-datadog-p", BIT(DATADOG), DD, NO, 0, 0 },
	{ "datadog, tag of zeros", "default", { "x-datadog-tags: _dd.p.tid=" NO_ID, DD_TRACE, DD_PARENT },
	  NO_ID DD_TRACE_L, DD_SPAN, NO_ID, "9600", 0, "x-datadog-tr", BIT(DATADOG), DD, UNKNOWN, BITS_64, 0 },
	{ "datadog, other tags", "default",
	  { "x-datadog-tags: a_dd.p.tid=640cfd8d00000000,_dd.p.ti=6", DD_TRACE, DD_PARENT, DD_PRIORITY "x" },
	  NO_ID DD_TRACE_L, DD_SPAN, NO_ID, "9600", 0, "x-datadog-tr", BIT(DATADOG), DD, UNKNOWN, BITS_64, 0 },
	{ "datadog, tag and blanks", "default",
	  { "x-datadog-tags: a=b, _dd.p.tid=640cfd8d00000000 , c=d", DD_TRACE, DD_PARENT, DD_PRIORITY "2" },
	  "640cfd8d00000000" DD_TRACE_L, DD_SPAN, NO_ID, "9600", 0, "x-datadog-tr", BIT(DATADOG), DD, YES, 0, 0 },

	{ "the first complete one: w3c", "default", { B3_TRACE, TRACEPARENT, B3_SPAN }, W_TRACE, W_SPAN, NO_ID, W_SPAN,
	  0, "tracep", BIT(W3C) | BIT(B3), W3C, YES, 0, 0 },
	{ "the first complete one: b3", "default", { B3_TRACE, B3_SPAN, TRACEPARENT }, B_TRACE, B_SPAN, NO_ID, B_SPAN,
	  0, "X-B3-T", BIT(W3C) | BIT(B3), B3, UNKNOWN, 0, 0 },
	{ "the first complete one: google", "b3,w3c,google,aws", { GOOGLE, AWS, B3_TRACE, B3_SPAN, TRACEPARENT },
	  "105445aa7843bc8bf206b12000100000", "0000000000000001", NO_ID, "00/1", 0, "X-Cloud",
	  BIT(W3C) | BIT(B3) | BIT(GOOGLE) | BIT(AWS), WS_FAMILY_GOOGLE, YES, 0, 0 },
	{ "the first that is wanted", "aws,b3-single", { TRACEPARENT, B3_TRACE, B3_SPAN, AWS, B3_SINGLE },
	  "5759e988bd862e3fe1be46a994272793", NO_ID, NO_ID, "2793", 0, "X-Amzn", BIT(AWS) | BIT(B3_SINGLE),
	  WS_FAMILY_AWS, UNKNOWN, 0, 0 },
	{ "the user's", "header:x-mine,default", { MY_ID, TRACEPARENT }, NO_ID "0123456789abcdef", NO_ID, NO_ID,
	  "89abcdef", 0, "x-mine", BIT(USER) | BIT(W3C), WS_FAMILY_USER, UNKNOWN, BITS_64, 0 },
	{ "x-request-id is not in the default", "default", { "x-request-id: a", TRACEPARENT }, W_TRACE, W_SPAN, NO_ID,
	  W_SPAN, 0, "tracep", BIT(W3C), W3C, YES, 0, 0 },
	{ "list: w3c", "PREFER w3c,b3", { B3_TRACE, B3_SPAN, TRACEPARENT }, W_TRACE, W_SPAN, NO_ID, W_SPAN, 0, "tracep",
	  BIT(W3C) | BIT(B3), W3C, YES, 0, 0 },
	{ "list: b3", "PREFER b3,w3c", { TRACEPARENT, B3_TRACE, B3_SPAN }, B_TRACE, B_SPAN, NO_ID, B_SPAN, 0, "X-B3-T",
	  BIT(W3C) | BIT(B3), B3, UNKNOWN, 0, 0 },
	{ "list: what is complete", "PREFER b3,w3c", { B3_TRACE, TRACEPARENT }, W_TRACE, W_SPAN, NO_ID, W_SPAN, 0,
	  "tracep", BIT(W3C), W3C, YES, 0, 0 },

	{ "nothing", "default", { ":host: a", "tracestate: a=b" }, 0, 0, 0, 0, 0, 0, 0, 0, 0, WS_FLAG_TRACESTATE,
	  WS_REASON_NO_CONTEXT },
	{ "tracestate of a family that is not wanted", "b3", { "tracestate: a=b" }, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
	  WS_REASON_NO_CONTEXT },
	{ "nothing that is wanted", "b3", { TRACEPARENT }, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, WS_REASON_NO_CONTEXT },
	{ "parent and decision alone", "default", { B3_PARENT, "x-b3-sampled: 1", "x-b3-flags: 1" }, 0, 0, 0, 0, 0, 0,
	  0, 0, 0, 0, WS_REASON_NO_CONTEXT },
	{ "a decision alone: 0", "default", { "b3: 0" }, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, WS_REASON_NO_CONTEXT },
	{ "a decision alone: d", "default", { "b3:d " }, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, WS_REASON_NO_CONTEXT },
	{ "trace id alone", "default", { B3_TRACE, "x-b3-sampled: 1" }, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
	  WS_REASON_INCOMPLETE },
	{ "span id alone", "default", { B3_SPAN, B3_PARENT }, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, WS_REASON_INCOMPLETE },
	{ "halves of two families", "default", { B3_TRACE, DD_PARENT }, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
	  WS_REASON_INCOMPLETE },
	{ "datadog, tags alone", "default", { DD_TAGS, DD_PRIORITY "1" }, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
	  WS_REASON_NO_CONTEXT },
};
/* clang-format on */

#endif

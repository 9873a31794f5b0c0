/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * families - the header fields that carry tracing contexts, and those that say where a request ends.
 *
 * Sources: W3C Trace Context 3.2; openzipkin/b3-propagation; Jaeger client libraries, propagation format; Datadog trace
 * propagation (x-datadog-tags: _dd.p.tid has the upper 64 bits); SkyWalking cross process propagation headers v3; AWS
 * X-Ray tracing header; Google Cloud Trace context propagation; Envoy, x-request-id; RFC 9112 6.
 */
#ifndef WS_FAMILIES_H
#define WS_FAMILIES_H

#include "lib/record.h"

/*
 * X(symbol, name with its colon in lower case, family, bytes of the value that are looked at: a multiple of 8, at most
 * WS_VALUE_MAX). The names that the user gives stand behind them.
 */
#define WS_HEADERS(X)                                                             \
	X(TRACEPARENT, "traceparent:", WS_FAMILY_W3C, 72)                         \
	X(TRACESTATE, "tracestate:", WS_FAMILY_W3C, 8)                            \
	X(B3_TRACE, "x-b3-traceid:", WS_FAMILY_B3, 40)                            \
	X(B3_SPAN, "x-b3-spanid:", WS_FAMILY_B3, 24)                              \
	X(B3_PARENT, "x-b3-parentspanid:", WS_FAMILY_B3, 24)                      \
	X(B3_SAMPLED, "x-b3-sampled:", WS_FAMILY_B3, 16)                          \
	X(B3_FLAGS, "x-b3-flags:", WS_FAMILY_B3, 8)                               \
	X(B3_SINGLE, "b3:", WS_FAMILY_B3_SINGLE, 80)                              \
	X(JAEGER, "uber-trace-id:", WS_FAMILY_JAEGER, 96)                         \
	X(DATADOG_TRACE, "x-datadog-trace-id:", WS_FAMILY_DATADOG, 32)            \
	X(DATADOG_PARENT, "x-datadog-parent-id:", WS_FAMILY_DATADOG, 32)          \
	X(DATADOG_PRIORITY, "x-datadog-sampling-priority:", WS_FAMILY_DATADOG, 8) \
	X(DATADOG_TAGS, "x-datadog-tags:", WS_FAMILY_DATADOG, 256)                \
	X(SW8, "sw8:", WS_FAMILY_SKYWALKING, 256)                                 \
	X(AWS, "x-amzn-trace-id:", WS_FAMILY_AWS, 256)                            \
	X(GOOGLE, "x-cloud-trace-context:", WS_FAMILY_GOOGLE, 72)                 \
	X(REQUEST_ID, "x-request-id:", WS_FAMILY_REQUEST_ID, 72)                  \
	X(CONTENT_LENGTH, "content-length:", WS_FAMILY_NONE, 24)                  \
	X(TRANSFER_ENCODING, "transfer-encoding:", WS_FAMILY_NONE, 8)

enum ws_header {
	WS_HEADER_NONE = 0,
#define WS_SYMBOL(symbol, name, family, value_max) WS_HEADER_##symbol,
	WS_HEADERS(WS_SYMBOL)
#undef WS_SYMBOL
		WS_HEADER_USER, /* the first of WS_USER_HEADERS_MAX */
	WS_N_HEADERS = WS_HEADER_USER + WS_USER_HEADERS_MAX,
};

/* The most bytes of a value that are looked at. */
#define WS_VALUE_MAX 256
/* Bytes looked at of the value of a header that the user named. */
#define WS_USER_VALUE_MAX 128
/* The longest name, its colon included. */
#define WS_NAME_MAX 40

#endif

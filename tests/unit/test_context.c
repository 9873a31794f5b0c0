/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_context - the search for a tracing context, against W3C Trace Context 3.2 and B3's multiple headers.
 *
 * A case is the text of a payload and what must be said of it. Offsets are not written down: they follow from where the
 * named strings stand in the text. Each case is searched whole, through every window, and with the payload cut at every
 * byte; the bytes always end at a guard page.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "lib/context.h"
#include "tests/unit/guard.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

#define GET   "GET /cart?id=7 HTTP/1.1\r\n"
#define HOST  "Host: shop.example\r\n"
#define AGENT "User-Agent: test/1.0\r\n"
#define STATE "tracestate: congo=t61rcWkgMzE\r\n"
#define END   "\r\n"

#define W_TRACE "0af7651916cd43dd8448eb211c80319c"
#define W_SPAN	"b7ad6b7169203331"
#define W_IDS	W_TRACE "-" W_SPAN
#define W_VALUE "00-" W_IDS "-01"
#define TP	"traceparent: " W_VALUE "\r\n"

#define B_TRACE		  "463ac35c9f6413ad48485a3953bb6124"
#define B_TRACE_64	  "89abcdef01234567"
#define B_SPAN		  "a2fb4a1d1a96d312"
#define B_PARENT	  "0020000000000001"
#define B3_TRACE	  "X-B3-TraceId: " B_TRACE "\r\n"
#define B3_TRACE_64	  "X-B3-TraceId: " B_TRACE_64 "\r\n"
#define B3_SPAN		  "X-B3-SpanId: " B_SPAN "\r\n"
#define B3_PARENT	  "X-B3-ParentSpanId: " B_PARENT "\r\n"
#define B3_SAMPLED(value) "X-B3-Sampled: " value "\r\n"
#define B3_FLAGS(value)	  "X-B3-Flags: " value "\r\n"

struct context_case {
	const char *name;
	const char *text;
	uint8_t reason; /* of the whole payload; 0 stands for WS_REASON_CONTEXT */
	uint8_t sampled;
	const char *begin;   /* the context's first header line begins with this; NULL: "traceparent" */
	const char *ids_end; /* trace and span id end with this; NULL: W_SPAN */
	const char *ctx_end; /* the context ends with this; NULL: as ids_end */
	const char *parent;  /* its line begins with this; NULL: there is none */
};

#define UNKNOWN WS_SAMPLED_UNKNOWN
#define NO	WS_SAMPLED_NO
#define YES	WS_SAMPLED_YES

/* A case is a line or two. */
/* clang-format off */
static const struct context_case w3c_cases[] = {
	{ "last header", GET HOST AGENT TP END, 0, YES, 0, 0, 0, 0 },
	{ "first header", GET TP HOST AGENT STATE END, 0, YES, 0, 0, 0, 0 },
	{ "between others, with a body", GET HOST TP STATE AGENT END "body", 0, YES, 0, 0, 0, 0 },
	{ "behind tracestate", GET STATE TP END, 0, YES, 0, 0, 0, 0 },
	{ "absolute-form", "GET http://shop.example/ HTTP/1.0\r\n" TP END, 0, YES, 0, 0, 0, 0 },
	{ "not sampled", GET "traceparent: 00-" W_IDS "-00\r\n" END, 0, NO, 0, 0, 0, 0 },
	{ "flags 02", GET "traceparent: 00-" W_IDS "-02\r\n" END, 0, NO, 0, 0, 0, 0 },
	{ "flags 03", GET "traceparent: 00-" W_IDS "-03\r\n" END, 0, YES, 0, 0, 0, 0 },
	{ "flags 10", GET "traceparent: 00-" W_IDS "-10\r\n" END, 0, NO, 0, 0, 0, 0 },
	{ "flags 0a", GET "traceparent: 00-" W_IDS "-0a\r\n" END, 0, NO, 0, 0, 0, 0 },
	{ "flags 0b", GET "traceparent: 00-" W_IDS "-0b\r\n" END, 0, YES, 0, 0, 0, 0 },
	{ "flags fe", GET "traceparent: 00-" W_IDS "-fe\r\n" END, 0, NO, 0, 0, 0, 0 },
	{ "flags ff", GET "traceparent: 00-" W_IDS "-ff\r\n" END, 0, YES, 0, 0, 0, 0 },
	{ "upper-case name", GET "TRACEPARENT: " W_VALUE "\r\n" END, 0, YES, "TRACEP", 0, 0, 0 },
	{ "name in mixed case", GET HOST "tRaCePaReNt: " W_VALUE "\r\n" END, 0, YES, "tRaC", 0, 0, 0 },
	{ "no blank", GET "traceparent:" W_VALUE "\r\n" END, 0, YES, 0, 0, 0, 0 },
	{ "tab", GET "traceparent:\t" W_VALUE "\r\n" END, 0, YES, 0, 0, 0, 0 },
	{ "7 blanks", GET "traceparent:       " W_VALUE "\r\n" END, 0, YES, 0, 0, 0, 0 },
	{ "8 blanks", GET "traceparent:        " W_VALUE "\r\n" END, 0, YES, 0, 0, 0, 0 },
	{ "19 blanks and tabs", GET "traceparent: \t \t \t \t \t \t \t \t \t " W_VALUE "\r\n" END, 0, YES, 0, 0, 0,
	  0 },
	{ "a blank behind", GET "traceparent: " W_VALUE " \r\n" END, 0, YES, 0, 0, 0, 0 },
	{ "8 blanks behind", GET "traceparent: " W_VALUE "        \r\n" END, 0, YES, 0, 0, 0, 0 },
	{ "19 blanks behind", GET "traceparent: " W_VALUE " \t \t \t \t \t \t \t \t \t \r\n" END, 0, YES, 0, 0, 0,
	  0 },
	{ "bare line feeds", "GET / HTTP/1.1\nHost: a\ntraceparent: " W_VALUE "\n\n", 0, YES, 0, 0, 0, 0 },
	{ "version 01", GET "traceparent: 01-" W_IDS "-01\r\n" END, 0, YES, 0, 0, 0, 0 },
	{ "version fe and more", GET "traceparent: fe-" W_IDS "-01-what-ever=1\r\n" END, 0, YES, 0, 0, 0, 0 },
	{ "version cc and a dash", GET "traceparent: cc-" W_IDS "-00-\r\n" END, 0, NO, 0, 0, 0, 0 },
	{ "trace id 0...01", GET "traceparent: 00-00000000000000000000000000000001-0000000000000001-01\r\n" END, 0,
	  YES, 0, "-0000000000000001", 0, 0 },
	{ "trace id 10...0", GET "traceparent: 00-10000000000000000000000000000000-1000000000000000-01\r\n" END, 0,
	  YES, 0, "00000000-1000000000000000", 0, 0 },
	{ "ids of f", GET "traceparent: 00-ffffffffffffffffffffffffffffffff-ffffffffffffffff-01\r\n" END, 0, YES, 0,
	  "ffffffff-ffffffffffffffff", 0, 0 },
	{ "the first of two", GET TP "traceparent: 00-" B_TRACE "-" B_SPAN "-00\r\n" END, 0, YES, 0, 0, 0, 0 },
	{ "the valid one of two", GET "traceparent: 00-" B_TRACE "-0000000000000000-00\r\n" TP END, 0, YES, TP, 0, 0,
	  0 },
	{ "behind a B3 trace id", GET B3_TRACE TP B3_SPAN END, 0, YES, 0, 0, 0, 0 },
	{ "behind decoys", GET "x-traceparent: 1\r\nX-Copy: traceparent: 00-" B_TRACE "-" B_SPAN "-00\r\n" TP END, 0,
	  YES, TP, 0, 0, 0 },
	{ "behind a folded line", GET "X-Note: a\r\n traceparent: 00-" B_TRACE "-" B_SPAN "-00\r\n" TP END, 0, YES,
	  TP, 0, 0, 0 },
	{ "behind a carriage return that ends no line", GET "X-Note: a\rtraceparent: 1\r\n" TP END, 0, YES, TP, 0, 0,
	  0 },
	{ "behind a long request line",
	  "GET /0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789 "
	  "HTTP/1.1\r\n" TP END,
	  0, YES, 0, 0, 0, 0 },
};

static const struct context_case b3_cases[] = {
	{ "trace, span", GET B3_TRACE B3_SPAN END, 0, UNKNOWN, "X-B3-T", B_SPAN, 0, 0 },
	{ "span, trace", GET HOST B3_SPAN B3_TRACE END, 0, UNKNOWN, "X-B3-Sp", B_TRACE, 0, 0 },
	{ "trace, span, parent, sampled", GET B3_TRACE B3_SPAN B3_PARENT B3_SAMPLED("1") HOST END, 0, YES, "X-B3-T",
	  B_SPAN, B_PARENT, "X-B3-P" },
	{ "trace, parent, span, sampled", GET B3_TRACE B3_PARENT B3_SPAN B3_SAMPLED("0") END, 0, NO, "X-B3-T", B_SPAN,
	  B_SPAN, "X-B3-P" },
	{ "parent, span, trace", GET B3_PARENT B3_SPAN B3_TRACE END, 0, UNKNOWN, "X-B3-P", B_TRACE, B_TRACE,
	  "X-B3-P" },
	{ "sampled first", GET B3_SAMPLED("1") HOST B3_TRACE B3_SPAN END, 0, YES, "X-B3-T", B_SPAN, 0, 0 },
	{ "others in between", GET B3_TRACE HOST AGENT B3_SPAN END, 0, UNKNOWN, "X-B3-T", B_SPAN, 0, 0 },
	{ "others before the parent", GET B3_TRACE B3_SPAN HOST B3_PARENT END, 0, UNKNOWN, "X-B3-T", B_SPAN, 0, 0 },
	{ "64-bit trace id", GET B3_TRACE_64 B3_SPAN END, 0, UNKNOWN, "X-B3-T", B_SPAN, 0, 0 },
	{ "64-bit trace id behind the span", GET B3_SPAN B3_TRACE_64 END, 0, UNKNOWN, "X-B3-S", B_TRACE_64, 0, 0 },
	{ "sampled true", GET B3_TRACE B3_SPAN B3_SAMPLED("true") END, 0, YES, "X-B3-T", B_SPAN, 0, 0 },
	{ "sampled false", GET B3_TRACE B3_SPAN B3_SAMPLED("false") END, 0, NO, "X-B3-T", B_SPAN, 0, 0 },
	{ "sampled d", GET B3_TRACE B3_SPAN B3_SAMPLED("d") END, 0, UNKNOWN, "X-B3-T", B_SPAN, 0, 0 },
	{ "sampled nothing", GET B3_TRACE B3_SPAN B3_SAMPLED("") END, 0, UNKNOWN, "X-B3-T", B_SPAN, 0, 0 },
	{ "debug", GET B3_TRACE B3_SPAN B3_FLAGS("1") END, 0, YES, "X-B3-T", B_SPAN, 0, 0 },
	{ "no debug", GET B3_TRACE B3_SPAN B3_FLAGS("0") END, 0, UNKNOWN, "X-B3-T", B_SPAN, 0, 0 },
	{ "not sampled, but debug", GET B3_TRACE B3_SPAN B3_SAMPLED("0") B3_FLAGS("1") END, 0, YES, "X-B3-T", B_SPAN,
	  0, 0 },
	{ "debug, and not sampled", GET B3_FLAGS("1") B3_SAMPLED("0") B3_TRACE B3_SPAN END, 0, YES, "X-B3-T", B_SPAN,
	  0, 0 },
	{ "any case, any blanks",
	  GET "x-b3-traceid:" B_TRACE "\r\nX-B3-SPANID:\t " B_SPAN " \r\nx-B3-pArEnTsPaNiD:  " B_PARENT "\t\r\n" END,
	  0, UNKNOWN, "x-b3-t", B_SPAN, B_PARENT, "x-B3-p" },
	{ "bare line feeds", "GET / HTTP/1.1\nX-B3-TraceId: " B_TRACE "\nX-B3-SpanId: " B_SPAN "\n\n", 0, UNKNOWN,
	  "X-B3-T", B_SPAN, 0, 0 },
	{ "parent is no id", GET B3_TRACE B3_SPAN "X-B3-ParentSpanId: 0\r\n" END, 0, UNKNOWN, "X-B3-T", B_SPAN, 0,
	  0 },
	{ "parent is zero", GET "X-B3-ParentSpanId: 0000000000000000\r\n" B3_TRACE B3_SPAN END, 0, UNKNOWN, "X-B3-T",
	  B_SPAN, 0, 0 },
	{ "the first of two", GET B3_TRACE B3_TRACE_64 B3_SPAN "X-B3-SpanId: ffffffffffffffff\r\n" END, 0, UNKNOWN,
	  "X-B3-T", B_SPAN, 0, 0 },
	{ "the valid one of two", GET "x-b3-traceid: " B_TRACE "0\r\n" B3_TRACE B3_SPAN END, 0, UNKNOWN, "X-B3-T",
	  B_SPAN, 0, 0 },
	{ "before traceparent", GET B3_TRACE B3_SPAN TP END, 0, UNKNOWN, "X-B3-T", B_SPAN, 0, 0 },
	{ "behind an invalid traceparent", GET "traceparent: ff-" W_IDS "-01\r\n" B3_TRACE B3_SPAN END, 0, UNKNOWN,
	  "X-B3-T", B_SPAN, 0, 0 },
};

#define NONE(name, text) { name, text, WS_REASON_NO_CONTEXT, 0, 0, 0, 0, 0 }
#define HALF(name, text) { name, text, WS_REASON_INCOMPLETE, 0, 0, 0, 0, 0 }
#define BAD(name, value) { name, GET HOST "traceparent: " value "\r\n" AGENT END, WS_REASON_MALFORMED, 0, 0, 0, 0, 0 }
#define BAD_B3(name, text) { name, GET text HOST END, WS_REASON_MALFORMED, 0, 0, 0, 0, 0 }
#define OTHER(name, text) { name, text, WS_REASON_OTHER_PAYLOAD, 0, 0, 0, 0, 0 }

static const struct context_case other_cases[] = {
	NONE("no header at all", GET END),
	NONE("no context", GET HOST AGENT STATE END "body"),
	NONE("bare line feeds, context in the body", "GET / HTTP/1.1\nHost: a\n\n" TP "\n"),
	NONE("in the body", GET HOST END TP B3_TRACE B3_SPAN END),
	NONE("in a value", GET "X-Copy: traceparent: " W_VALUE "\r\n" END),
	NONE("in the target", "GET /?traceparent:" W_VALUE " HTTP/1.1\r\n" END),
	NONE("in a folded line", GET "X-Note: a\r\n " TP "\t" TP END),
	NONE("behind a carriage return that ends no line", GET "X-Note: a\r" TP END),
	NONE("blank before the colon", GET "traceparent : " W_VALUE "\r\n" END),
	NONE("name goes on", GET "traceparents: " W_VALUE "\r\n" END),
	NONE("name begins earlier", GET "xtraceparent: " W_VALUE "\r\n" END),
	NONE("name with a dash", GET "trace-parent: " W_VALUE "\r\n" END),
	NONE("name without a colon", GET "traceparent\r\n: " W_VALUE "\r\n" END),
	NONE("name with a control byte in place of a letter", GET "\x54race\x10" "arent: " W_VALUE "\r\n" END),
	NONE("name whose dash has another bit", GET "X\rB3\rTraceId: " B_TRACE "\r\n" END),
	NONE("name whose digit has another bit", GET "X-B\x13-TraceId: " B_TRACE "\r\n" END),
	NONE("name whose colon has another bit", GET "traceparent\x1a " W_VALUE "\r\n" END),
	NONE("B3 in one header", GET "b3: " B_TRACE "-" B_SPAN "-1\r\n" END),
	NONE("parent and sampling alone", GET B3_PARENT B3_SAMPLED("1") B3_FLAGS("1") END),
	HALF("trace id alone", GET HOST B3_TRACE B3_SAMPLED("1") END),
	HALF("64-bit trace id alone", GET HOST B3_TRACE_64 END),
	HALF("span id alone", GET B3_SPAN HOST B3_PARENT END),
	/* W3C Trace Context 3.2.2 */
	BAD("empty", ""),
	BAD("blanks only", " \t        \t        "),
	BAD("version ff", "ff-" W_IDS "-01"),
	BAD("version of upper case", "0A-" W_IDS "-01"),
	BAD("version of one digit", "0-" W_IDS "-01"),
	BAD("version no hex", "0g-" W_IDS "-01"),
	BAD("version no hex either", "g0-" W_IDS "-01"),
	BAD("no version", W_IDS "-01"),
	BAD("no dash behind the version", "00_" W_IDS "-01"),
	BAD("no dash behind the trace id", "00-" W_TRACE "_" W_SPAN "-01"),
	BAD("no dash behind the span id", "00-" W_IDS "_01"),
	BAD("no flags", "00-" W_IDS),
	BAD("no flags behind the dash", "00-" W_IDS "-"),
	BAD("one flag digit", "00-" W_IDS "-1"),
	BAD("three flag digits", "00-" W_IDS "-011"),
	BAD("upper-case flags", "00-" W_IDS "-0A"),
	BAD("flags no hex", "00-" W_IDS "-0g"),
	BAD("flags no hex either", "00-" W_IDS "-x1"),
	BAD("trace id of zeros", "00-00000000000000000000000000000000-" W_SPAN "-01"),
	BAD("span id of zeros", "00-" W_TRACE "-0000000000000000-01"),
	BAD("upper-case trace id", "00-0AF7651916CD43DD8448EB211C80319C-" W_SPAN "-01"),
	BAD("upper-case span id", "00-" W_TRACE "-B7AD6B7169203331-01"),
	BAD("trace id no hex", "00-0af7651916cd43dd8448eb211c80319g-" W_SPAN "-01"),
	BAD("trace id no ASCII", "00-0af7651916cd43dd\xb8" "448eb211c80319c-" W_SPAN "-01"),
	BAD("trace id with the bytes beside hex digits", "00-/:`g651916cd43dd8448eb211c80319c-" W_SPAN "-01"),
	BAD("short trace id", "00-0af7651916cd43dd8448eb211c80319-" W_SPAN "-01"),
	BAD("long trace id", "00-0af7651916cd43dd8448eb211c80319c0-" W_SPAN "-01"),
	BAD("short span id", "00-" W_TRACE "-b7ad6b716920333-01"),
	BAD("version 00 and more", W_VALUE "-what"),
	BAD("version 00 and a dash", W_VALUE "-"),
	BAD("version 01 and more without a dash", "01-" W_IDS "-01what"),
	BAD("version 01, a blank, more", "01-" W_IDS "-01 -what"),
	BAD("version 01, 8 blanks, more", "01-" W_IDS "-01        -what"),
	BAD("version 01, 16 blanks, more", "01-" W_IDS "-01                -what"),
	BAD("more behind a blank", W_VALUE " what"),
	BAD("more behind 8 blanks", W_VALUE "        what"),
	BAD("two in one line", W_VALUE ", " W_VALUE),
	BAD("quoted", "\"" W_VALUE "\""),
	BAD("carriage return that ends no line", W_VALUE "\rX"),
	BAD("folded", "\r\n " W_VALUE),
	/* B3: 16 or 32 lower-case hex digits for the trace, 16 for the span */
	BAD_B3("empty trace id", "X-B3-TraceId:\r\n" B3_SPAN),
	BAD_B3("trace id of 15", "X-B3-TraceId: 89abcdef0123456\r\n" B3_SPAN),
	BAD_B3("trace id of 17", "X-B3-TraceId: 89abcdef012345678\r\n" B3_SPAN),
	BAD_B3("trace id of 31", "X-B3-TraceId: 463ac35c9f6413ad48485a3953bb612\r\n" B3_SPAN),
	BAD_B3("trace id of 33", "X-B3-TraceId: " B_TRACE "0\r\n" B3_SPAN),
	BAD_B3("trace id of upper case", "X-B3-TraceId: 463AC35C9F6413AD48485A3953BB6124\r\n" B3_SPAN),
	BAD_B3("trace id half upper case", "X-B3-TraceId: 463ac35c9f6413ad48485A3953BB6124\r\n" B3_SPAN),
	BAD_B3("trace id of zeros", "X-B3-TraceId: 00000000000000000000000000000000\r\n" B3_SPAN),
	BAD_B3("64-bit trace id of zeros", "X-B3-TraceId: 0000000000000000\r\n" B3_SPAN),
	BAD_B3("trace id and more", "X-B3-TraceId: " B_TRACE "-1\r\n" B3_SPAN),
	BAD_B3("64-bit trace id and more", "X-B3-TraceId: " B_TRACE_64 " x\r\n" B3_SPAN),
	BAD_B3("empty span id", B3_TRACE "X-B3-SpanId:\r\n"),
	BAD_B3("span id of 15", B3_TRACE "X-B3-SpanId: a2fb4a1d1a96d31\r\n"),
	BAD_B3("span id of 17", B3_TRACE "X-B3-SpanId: " B_SPAN "0\r\n"),
	BAD_B3("span id of 32", B3_TRACE "X-B3-SpanId: " B_TRACE "\r\n"),
	BAD_B3("span id of zeros", B3_TRACE "X-B3-SpanId: 0000000000000000\r\n"),
	BAD_B3("span id of upper case", B3_TRACE "X-B3-SpanId: A2FB4A1D1A96D312\r\n"),
	BAD_B3("span id and more", B3_TRACE "X-B3-SpanId: " B_SPAN ";q=1\r\n"),
	/* lines that are no request lines */
	OTHER("HTTP/2 preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
	OTHER("HTTP/2.0", "GET / HTTP/2.0\r\n" TP END),
	OTHER("no version", "GET /\r\n" TP END),
	OTHER("blank behind the version", "GET / HTTP/1.1 \r\n" TP END),
	OTHER("text", "HELLO world, how are you?\r\n" TP END),
};
/* clang-format on */

/* Searches a payload of which so many bytes are at hand, as capture and ingest do. */
static struct ws_record search(const char *text, uint32_t n_at_hand, uint32_t payload_len, uint32_t window)
{
	struct ws_bytes b = ws_guard(text, n_at_hand);
	struct ws_record r = { 0 };
	struct ws_search s;
	uint32_t n_steps = 1;

	ws_search_init(&s, window);
	while (!ws_search_step(&s, &b))
		assert_true(++n_steps <= 2 * b.len + 2);
	ws_search_finish(&s, payload_len, &r);
	assert_true(r.searched_len <= window);
	return r;
}

static uint32_t min_u32(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

static struct ws_record search_window(const char *text, uint32_t payload_len, uint32_t window)
{
	return search(text, min_u32(payload_len, window + WS_SEARCH_PEEK), payload_len, window);
}

/* Where the string ends, or begins, in the text. */
static uint32_t place(const char *text, const char *string, int at_end)
{
	const char *at = strstr(text, string);

	assert_non_null(at);
	return (uint32_t)(at - text) + (at_end ? (uint32_t)strlen(string) : 0);
}

/* The id written as hex digits at off. */
static void check_id(const char *text, uint32_t off, const uint8_t *id, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		unsigned int byte;

		assert_int_equal(sscanf(text + off + 2 * i, "%2x", &byte), 1);
		assert_int_equal(id[i], byte);
	}
}

static void check_no_id(const struct ws_record *r)
{
	static const uint8_t zero[32];

	assert_memory_equal(r->trace_id, zero, 32);
	assert_int_equal(r->family, WS_FAMILY_NONE);
	assert_int_equal(r->sampled, UNKNOWN);
	assert_int_equal(r->flags, 0);
	assert_int_equal(r->ctx_off, 0);
	assert_int_equal(r->ctx_len, 0);
	assert_int_equal(r->ids_end_off, 0);
}

static int is_w3c(const struct context_case *c)
{
	return !c->begin || (c->begin[0] | 0x20) == 't';
}

static uint32_t ids_end_off(const struct context_case *c)
{
	uint32_t begin = place(c->text, c->begin ? c->begin : "traceparent", 0);

	return begin + place(c->text + begin, c->ids_end ? c->ids_end : W_SPAN, 1);
}

static void check_w3c(const struct context_case *c, const struct ws_record *r)
{
	assert_int_equal(r->family, WS_FAMILY_W3C);
	assert_int_equal(r->flags, 0);
	check_id(c->text, r->ids_end_off - 49, r->trace_id, 16);
	check_id(c->text, r->ids_end_off - 16, r->span_id, 8);
	assert_memory_equal(r->parent_span_id, "\0\0\0\0\0\0\0", 8);
}

static void check_b3(const struct context_case *c, const struct ws_record *r, int has_parent)
{
	int is_64 = !strstr(c->text, B_TRACE);

	assert_int_equal(r->family, WS_FAMILY_B3);
	assert_int_equal(r->flags, is_64 ? WS_FLAG_TRACE_ID_64 : 0);
	if (is_64) {
		assert_memory_equal(r->trace_id, "\0\0\0\0\0\0\0", 8);
		check_id(B_TRACE_64, 0, r->trace_id + 8, 8);
	} else {
		check_id(B_TRACE, 0, r->trace_id, 16);
	}
	check_id(B_SPAN, 0, r->span_id, 8);
	check_id(has_parent ? B_PARENT : "0000000000000000", 0, r->parent_span_id, 8);
}

/* The context was found, where it is; has_parent: its parent span id could be read. */
static void check_found(const struct context_case *c, const struct ws_record *r, int has_parent)
{
	uint32_t begin = place(c->text, c->begin ? c->begin : "traceparent", 0);
	uint32_t end = ids_end_off(c);

	assert_int_equal(r->reason, WS_REASON_CONTEXT);
	assert_int_equal(r->ids_end_off, end);
	assert_true(r->searched_len >= end);
	if (is_w3c(c))
		check_w3c(c, r);
	else
		check_b3(c, r, has_parent);
	if (has_parent)
		end = begin + place(c->text + begin, c->ctx_end, 1);
	assert_int_equal(r->ctx_off, begin);
	assert_int_equal(r->ctx_len, end - begin);
}

/* Length of the head with its empty line; of a payload without one, more than it has. */
static uint32_t head_len(const char *text)
{
	const char *at;

	for (at = strchr(text, '\n'); at; at = strchr(at + 1, '\n'))
		if (at[1] == '\n' || (at[1] == '\r' && at[2] == '\n'))
			return (uint32_t)(at - text) + (at[1] == '\n' ? 2 : 3);
	return UINT32_MAX;
}

static void found_whole(void **state)
{
	const struct context_case *c = *state;
	uint32_t len = (uint32_t)strlen(c->text);
	struct ws_record r = search(c->text, len, len, WS_WINDOW_MAX);

	check_found(c, &r, c->parent != NULL);
	assert_int_equal(r.sampled, c->sampled);
}

/* A context is found within N if its ids end there; else the head goes on beyond the window. */
static void found_in_windows(void **state)
{
	const struct context_case *c = *state;
	uint32_t len = (uint32_t)strlen(c->text), ids_end = ids_end_off(c);

	for (uint32_t window = 1; window <= len + 1; window++) {
		struct ws_record r = search_window(c->text, len, window);
		int has_parent = c->parent && place(c->text, c->parent, 0) < window;

		if (window < ids_end) {
			assert_int_equal(r.reason, WS_REASON_BEYOND_WINDOW);
			check_no_id(&r);
			continue;
		}
		check_found(c, &r, has_parent);
		/* B3 says whether it samples in lines of their own, which may begin behind the window */
		if (is_w3c(c) || window >= head_len(c->text))
			assert_int_equal(r.sampled, c->sampled);
	}
}

/* The rest of a cut payload is elsewhere: what is at hand decides if the ids are. */
static void found_in_cut_payload(void **state)
{
	const struct context_case *c = *state;
	uint32_t len = (uint32_t)strlen(c->text), ids_end = ids_end_off(c);

	for (uint32_t n = 5; n <= len; n++) {
		struct ws_record r = search(c->text, n, n, WS_WINDOW_MAX);
		int has_parent = c->parent && n >= place(c->text, B_PARENT, 1);

		if (n < ids_end || (n == ids_end && r.reason != WS_REASON_CONTEXT)) {
			/* 16 digits at the very end of the bytes may be half of 32 */
			assert_true(n < ids_end || (c->ids_end && !strcmp(c->ids_end, B_TRACE_64)));
			assert_int_equal(r.reason, WS_REASON_SPLIT);
			check_no_id(&r);
			continue;
		}
		check_found(c, &r, has_parent);
		if (is_w3c(c)) /* "-01": without the second digit the flags are not known */
			assert_int_equal(r.sampled, n >= ids_end + 3 ? c->sampled : UNKNOWN);
	}
}

static void not_found_whole(void **state)
{
	const struct context_case *c = *state;
	uint32_t len = (uint32_t)strlen(c->text);
	struct ws_record r = search(c->text, len, len, WS_WINDOW_MAX);

	assert_int_equal(r.reason, c->reason);
	check_no_id(&r);
}

/*
 * The reason is known once the whole head lies in the window, and stays; before, the head goes on beyond the window -
 * unless its last bytes were seen by the peek. What is no request line is seen wherever the window ends.
 */
static void not_found_in_windows(void **state)
{
	const struct context_case *c = *state;
	uint32_t len = (uint32_t)strlen(c->text), head = head_len(c->text);
	int is_known = 0;

	for (uint32_t window = 1; window <= len + 1; window++) {
		struct ws_record r = search_window(c->text, len, window);

		if (c->reason == WS_REASON_OTHER_PAYLOAD || window >= head)
			is_known = 1;
		if (!is_known && r.reason == c->reason)
			is_known = 1;
		assert_int_equal(r.reason, is_known ? c->reason : WS_REASON_BEYOND_WINDOW);
		assert_true(!is_known || c->reason == WS_REASON_OTHER_PAYLOAD || window + WS_SEARCH_PEEK >= head);
		check_no_id(&r);
	}
}

/* Only the end of the head tells that there is no context; a value that is cut before its fault may stand. */
static void not_found_in_cut_payload(void **state)
{
	const struct context_case *c = *state;
	uint32_t len = (uint32_t)strlen(c->text), head = head_len(c->text);

	for (uint32_t n = 0; n <= len; n++) {
		struct ws_record r = search(c->text, n, n, WS_WINDOW_MAX);

		if (r.reason != WS_REASON_CONTEXT)
			check_no_id(&r);
		if (n < 5)
			assert_int_equal(r.reason, WS_REASON_OTHER_PAYLOAD);
		else if (c->reason == WS_REASON_OTHER_PAYLOAD)
			assert_true(r.reason == WS_REASON_SPLIT || r.reason == WS_REASON_OTHER_PAYLOAD);
		else if (n >= head || (c->reason != WS_REASON_MALFORMED && r.reason != WS_REASON_SPLIT))
			assert_int_equal(r.reason, n >= head ? c->reason : WS_REASON_SPLIT);
		else
			assert_true(r.reason == WS_REASON_SPLIT || r.reason == WS_REASON_CONTEXT);
	}
}

/* More bytes than window and peek say nothing else. */
static void bytes_behind_the_peek_do_not_count(void **state)
{
	const struct context_case *c = *state;
	uint32_t len = (uint32_t)strlen(c->text);

	for (uint32_t window = 1; window + WS_SEARCH_PEEK < len; window++) {
		struct ws_record less = search_window(c->text, len, window);
		struct ws_record more = search(c->text, len, len, window);

		assert_memory_equal(&less, &more, sizeof(less));
	}
}

static void payload_without_its_end(void **state)
{
	static const char text[] = GET HOST AGENT "Cookie: a=b; c=d; e=";
	uint32_t len = sizeof(text) - 1;

	(void)state;
	for (uint32_t window = 1; window <= len + 1; window++) {
		struct ws_record r = search_window(text, len, window);

		assert_int_equal(r.reason, window < len ? WS_REASON_BEYOND_WINDOW : WS_REASON_SPLIT);
		assert_int_equal(r.searched_len, min_u32(window, len));
		check_no_id(&r);
	}
}

/* A first line that does not end within what is at hand is a request's if its target could be one. */
static void first_line_without_its_end(void **state)
{
	struct ws_record r;

	(void)state;
	r = search_window("GET /0123456789", 15, 15);
	assert_int_equal(r.reason, WS_REASON_SPLIT);
	r = search_window("GET /0123456789", 15, 14);
	assert_int_equal(r.reason, WS_REASON_BEYOND_WINDOW);
	r = search_window("THE 0123456789", 14, 14);
	assert_int_equal(r.reason, WS_REASON_OTHER_PAYLOAD);
}

/* A head with a context as long as a search can be, at its end; and one byte beyond. */
static void longest_window(void **state)
{
	static char text[WS_SEARCH_MAX + 1024];
	struct ws_record r;
	size_t n, tail_len = sizeof("\r\n" TP END) - 1;

	(void)state;
	for (int beyond = 0; beyond <= 1; beyond++) {
		/* "-01 CR LF CR LF" stand behind the ids */
		size_t len = WS_WINDOW_MAX + 7 + (size_t)beyond;

		n = (size_t)snprintf(text, sizeof(text), GET "Cookie: ");
		memset(text + n, 'c', len - tail_len - n);
		memcpy(text + len - tail_len, "\r\n" TP END, tail_len + 1);
		r = search_window(text, (uint32_t)len, WS_WINDOW_MAX);
		assert_int_equal(r.reason, beyond ? WS_REASON_BEYOND_WINDOW : WS_REASON_CONTEXT);
		assert_int_equal(r.ids_end_off, beyond ? 0 : WS_WINDOW_MAX);
		assert_int_equal(r.searched_len, WS_WINDOW_MAX);
	}
}

/* The steps stay bounded by the bytes: lines of one byte, contexts that fail, blanks. */
static void steps_are_bounded(void **state)
{
	static const char *const parts[] = { "\n",
					     "a\n",
					     "traceparent:\n",
					     "x-b3-flags:1\n",
					     "x-b3-spanid: \t 0\n",
					     B3_TRACE,
					     "traceparent:          " };
	static char text[4096];

	(void)state;
	for (size_t i = 0; i < COUNT(parts); i++) {
		size_t n = (size_t)snprintf(text, sizeof(text), "GET / HTTP/1.1\n");

		while (n + strlen(parts[i]) < sizeof(text))
			n += (size_t)snprintf(text + n, sizeof(text) - n, "%s", parts[i]);
		search(text, (uint32_t)n, (uint32_t)n, WS_WINDOW_MAX); /* counts its steps */
	}
}

static void hex_digits(void **state)
{
	(void)state;
	for (int place_of = 0; place_of < 8; place_of++) {
		for (int c = 0; c < 256; c++) {
			uint64_t digits = 0x3030303030303030u;
			uint32_t bytes = 0, want;
			int is_hex = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');

			digits ^= (uint64_t)(c ^ '0') << (8 * place_of);
			assert_int_equal(ws_hex8(digits, &bytes), is_hex ? 0 : -1);
			if (!is_hex)
				continue;
			want = (uint32_t)(c <= '9' ? c - '0' : c - 'a' + 10) << (place_of % 2 ? 0 : 4);
			assert_int_equal(bytes, want << (place_of / 2 * 8));
		}
	}
}

/* One test for each case, so that a failure names it and the others are still run. */
static size_t add_cases(struct CMUnitTest *to, const struct context_case *cases, size_t n, CMUnitTestFunction test)
{
	for (size_t i = 0; i < n; i++)
		to[i] = (struct CMUnitTest) { .name = cases[i].name,
					      .test_func = test,
					      .initial_state = (void *)&cases[i] };
	return n;
}

#define N_CASES (COUNT(w3c_cases) + COUNT(b3_cases) + COUNT(other_cases))

int main(void)
{
	static struct CMUnitTest tests[4 * N_CASES + 5] = {
		cmocka_unit_test(payload_without_its_end),
		cmocka_unit_test(first_line_without_its_end),
		cmocka_unit_test(longest_window),
		cmocka_unit_test(steps_are_bounded),
		cmocka_unit_test(hex_digits),
	};
	CMUnitTestFunction found[] = { found_whole, found_in_windows, found_in_cut_payload,
				       bytes_behind_the_peek_do_not_count };
	CMUnitTestFunction not_found[] = { not_found_whole, not_found_in_windows, not_found_in_cut_payload,
					   bytes_behind_the_peek_do_not_count };
	size_t n = 5;

	for (size_t i = 0; i < 4; i++) {
		n += add_cases(tests + n, w3c_cases, COUNT(w3c_cases), found[i]);
		n += add_cases(tests + n, b3_cases, COUNT(b3_cases), found[i]);
		n += add_cases(tests + n, other_cases, COUNT(other_cases), not_found[i]);
	}
	return cmocka_run_group_tests_name("context", tests, NULL, NULL);
}

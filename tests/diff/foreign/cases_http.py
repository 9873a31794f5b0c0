"""cases_http - what a request head may look like: header names, blanks, families, forbidden values and decoys."""
from __future__ import annotations

import itertools
from typing import Sequence

from case import case
from http_text import (B3, W3C, Ids, Request, b3, b3_lines, filler, plain, request, response, traceparent, w3c,
                       w3c_line)
from traffic import Run, cut

METHODS = ("GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH", "PROPFIND")


def each(run: Run, messages: Sequence[Request]) -> None:
    """Every message on a connection of its own, the ways alternating, answered."""
    for index, message in enumerate(messages):
        conn = run.connection(("rx", "tx")[index % 2])
        conn.ask(message)
        conn.answer()


# -- well-formed contexts

@case(classes={"matched": 20}, unmatched={})
def methods_and_versions(run: Run) -> None:
    """Every method of RFC 9110, PATCH and PROPFIND, in HTTP/1.0 and HTTP/1.1, in all forms of target."""
    targets = {"CONNECT": "shop.example:443", "OPTIONS": "*", "TRACE": "/", "PROPFIND": "/dav/",
               "GET": "http://shop.example/absolute"}
    each(run, [w3c(run.ids(), method=method, target=targets.get(method, "/p?q=1"), version=version,
                   body=b"name=value" if method in ("POST", "PUT", "PATCH") else b"")
               for method in METHODS for version in ("HTTP/1.0", "HTTP/1.1")])


@case(classes={"matched": 10}, unmatched={})
def name_case(run: Run) -> None:
    """Field names are case-insensitive."""
    w3c_names = ("traceparent", "Traceparent", "TRACEPARENT", "TraceParent", "tRACEPARENT", "tRaCePaReNt")
    messages = [request([w3c_line(ids, name)], ids, W3C) for name in w3c_names for ids in [run.ids()]]
    for names in (("x-b3-traceid", "x-b3-spanid"), ("X-B3-TRACEID", "X-B3-SPANID"), ("X-b3-tRACEID", "x-B3-Spanid"),
                  ("X-B3-TraceId", "x-b3-spanid")):
        ids = run.ids()
        messages.append(request([f"{names[0]}: {ids.trace}", f"{names[1]}: {ids.span}"], ids, B3))
    each(run, messages)


BLANKS = (("", ""), (" ", ""), ("   ", ""), ("\t", ""), (" \t ", ""), (" ", " "), (" ", "\t"), ("", "  \t"),
          (" " * 40, " " * 40))


@case(classes={"matched": 2 * len(BLANKS)}, unmatched={})
def blanks_around_values(run: Run) -> None:
    """No blank, several and tabs after the colon; trailing blanks."""
    messages = []
    for before, after in BLANKS:
        ids = run.ids()
        messages.append(request([f"traceparent:{before}{traceparent(ids)}{after}"], ids, W3C))
        ids = run.ids()
        lines = [f"X-B3-SpanId:{before}{ids.span}{after}", f"X-B3-TraceId:{before}{ids.trace}{after}"]
        messages.append(request(lines, ids, B3))
    each(run, messages)


@case(classes={"matched": 10}, unmatched={})
def places_in_header(run: Run) -> None:
    """The context first, last, and behind ever more other fields, up to 1600 bytes and beyond."""
    each(run, [w3c(run.ids(), before=before, after=after)
               for before, after in ((0, 0), (0, 1200), (100, 0), (37, 0), (400, 10), (901, 300), (700, 0), (1330, 0),
                                     (500, 500), (1111, 0))])


@case(classes={"matched": 48}, unmatched={})
def b3_orders(run: Run) -> None:
    """Every order of the four B3 fields, next to each other and with others in between."""
    messages = []
    for order in itertools.permutations("tsp1"):
        messages.append(b3(run.ids(), order="".join(order)))
        ids = run.ids()
        others = ("Accept: */*", "Cookie: a=b", "DNT: 1", "TE:")
        lines = [line for couple in zip(others, b3_lines(ids, "".join(order))) for line in couple]
        messages.append(request(lines, ids, B3))
    each(run, messages)


@case(classes={"matched": 8}, unmatched={})
def b3_forms(run: Run) -> None:
    """64-bit trace ids, trace and span id alone, the debug flag, and fields far apart."""
    short = [run.ids(16) for _ in range(4)]
    apart = [run.ids(), run.ids(16)]
    each(run, [b3(short[0]), b3(short[1], order="st"), b3(short[2], order="ts"),
               b3(short[3], before=300, order="d1pst"),
               b3(run.ids(), order="ts"), b3(run.ids(), order="dst"),
               request([*b3_lines(apart[0], "t"), *filler(800), *b3_lines(apart[0], "s")], apart[0], B3),
               request([*b3_lines(apart[1], "s"), *filler(500), *b3_lines(apart[1], "t")], apart[1], B3)])


@case(classes={"matched": 7}, unmatched={})
def w3c_versions(run: Run) -> None:
    """Higher versions are read as version 00 is, with or without more behind a dash; flags are any two hex digits."""
    values = ({"version": "01"}, {"version": "01", "suffix": "-extra"}, {"version": "cc", "suffix": "-what-the-future"},
              {"version": "fe", "flags": "ff"}, {"flags": "00"}, {"flags": "ff"}, {"version": "01", "suffix": "-0"})
    each(run, [request([w3c_line(ids, **value)], ids, W3C) for value in values for ids in [run.ids()]])


@case(classes={"matched": 4}, unmatched={})
def bare_lf(run: Run) -> None:
    """Line ends without CR, which RFC 9112 2.2 lets a recipient recognise."""
    each(run, [w3c(run.ids(), eol="\n"), b3(run.ids(), eol="\n"), w3c(run.ids(), 300, 300, eol="\n"),
               b3(run.ids(16), eol="\n"), plain(eol="\n")])


# -- contexts that are none

def w3c_refused(ids: Ids) -> dict[str, str]:
    """Values that W3C Trace Context 3.2.2 forbids."""
    return {
        "version_ff": traceparent(ids, "ff"), "version_ff_suffix": traceparent(ids, "ff", suffix="-x"),
        "version_upper": traceparent(ids, "0A"), "version_no_hex": traceparent(ids, "0g"),
        "version_short": traceparent(ids, "0"), "trace_zero": traceparent(Ids("0" * 32, ids.span)),
        "span_zero": traceparent(Ids(ids.trace, "0" * 16)),
        "trace_upper": traceparent(Ids("A" + ids.trace[1:], ids.span)),
        "span_upper": traceparent(Ids(ids.trace, ids.span[:-1] + "F")),
        "trace_no_hex": traceparent(Ids("g" * 32, ids.span)),
        "span_no_hex": traceparent(Ids(ids.trace, "x" * 16)), "trace_short": traceparent(Ids(ids.trace[1:], ids.span)),
        "trace_long": traceparent(Ids(ids.trace + "0", ids.span)),
        "span_short": traceparent(Ids(ids.trace, ids.span[1:])),
        "span_long": traceparent(Ids(ids.trace, ids.span + "0")), "flags_short": traceparent(ids, flags="0"),
        "flags_no_hex": traceparent(ids, flags="0z"), "flags_upper": traceparent(ids, flags="0A"),
        "flags_missing": traceparent(ids)[:-3], "extra_00": traceparent(ids, suffix="-extra"),
        "extra_00_digit": traceparent(ids, suffix="0"), "extra_00_dash": traceparent(ids, suffix="-"),
        "extra_01_no_dash": traceparent(ids, "01", suffix="extra"), "extra_01_dot": traceparent(ids, "01", suffix=".x"),
        "underscores": traceparent(ids).replace("-", "_"), "quoted": f'"{traceparent(ids)}"',
        "empty": "", "word": "none",
    }


@case(classes={"matched": 1}, unmatched={})
def w3c_malformed(run: Run) -> None:
    """Each forbidden value alone in its request."""
    each(run, [request([f"traceparent: {value}"], reason="malformed") for value in w3c_refused(run.ids()).values()])
    run.connection().ask(w3c(run.ids()))


@case(classes={"matched": 1}, unmatched={})
def b3_malformed(run: Run) -> None:
    """B3 ids of wrong length, of other digits, in upper case."""
    ids = run.ids()
    bad = ((ids.trace[1:], ids.span), (ids.trace + "0", ids.span), (ids.trace[:17], ids.span),
           (ids.trace[:15], ids.span),
           (ids.trace, ids.span[1:]), (ids.trace, ids.span + "ab"), ("g" * 32, ids.span), (ids.trace, "-" * 16),
           ("A" + ids.trace[1:], ids.span), (ids.trace, "F" + ids.span[1:]), ("", ids.span), (ids.trace, ids.trace))
    each(run, [request([f"X-B3-TraceId: {trace}", f"X-B3-SpanId: {span}"], reason="malformed") for trace, span in bad])
    run.connection().ask(w3c(run.ids()))


@case(classes={"matched": 1}, unmatched={})
def b3_incomplete(run: Run) -> None:
    """Only one of trace id and span id; the sampling decision alone is no context at all."""
    each(run, [request(b3_lines(run.ids(), order), reason="incomplete")
               for order in ("t", "s", "tp1", "sp1", "1t", "dps")])
    each(run, [request(b3_lines(run.ids(), order), reason="no_context") for order in ("1", "d")])
    run.connection().ask(w3c(run.ids()))


@case(classes={"matched": 2}, unmatched={})
def malformed_and_valid(run: Run) -> None:
    """A context of one family counts where that of the other is malformed."""
    ids = run.ids()
    first = request(["traceparent: 00-bad", *b3_lines(ids)], ids, B3)
    ids = run.ids()
    each(run, [first, request(["X-B3-TraceId: bad", "X-B3-SpanId: bad", w3c_line(ids)], ids, W3C)])


# -- decoys

def decoy_lines(value: str) -> dict[str, list[str]]:
    """Header lines in which a careless search finds a context."""
    line = f"traceparent: {value}"
    return {
        "in_value": [f"X-Note: {line}"], "in_value_crlf_text": [f"X-Note: \\r\\n{line}"],
        "in_cookie": [f"Cookie: a=1; {line}; b=2"],
        "folded": ["X-Note: see", f" {line}"], "folded_tab": ["X-Note: see", f"\t{line}"],
        "prefixed": [f"x-{line}"], "prefixed_no_dash": [f"x{line}"], "suffixed": [f"traceparents: {value}"],
        "suffixed_dash": [f"traceparent-old: {value}"], "blank_before_colon": [f"traceparent : {value}"],
        "tab_before_colon": [f"traceparent\t: {value}"], "no_colon": [f"traceparent {value}"],
        "equals": [f"traceparent={value}"], "state": [f"tracestate: {value}"],
        "b3_in_values": [f"X-Note: X-B3-TraceId: {value[3:35]}", f"X-Note: X-B3-SpanId: {value[36:52]}"],
        "b3_folded": ["X-Note: see", f" X-B3-TraceId: {value[3:35]}", f" X-B3-SpanId: {value[36:52]}"],
        "b3_prefixed": [f"Y-X-B3-TraceId: {value[3:35]}", f"Y-X-B3-SpanId: {value[36:52]}"],
        "b3_underscores": [f"X_B3_TraceId: {value[3:35]}", f"X_B3_SpanId: {value[36:52]}"],
    }


@case(classes={"matched": 1}, unmatched={})
def decoys_in_header(run: Run) -> None:
    """Header lines that hold the name and a valid value without being the header."""
    for lines in decoy_lines(traceparent(run.ids())).values():
        each(run, [request(["Accept: */*", *lines, "X-Last: 1"])])
    run.connection().ask(w3c(run.ids()))


@case(classes={"matched": 1}, unmatched={}, tshark_unsound="tshark takes a bare CR for a line end")
def decoy_behind_bare_cr(run: Run) -> None:
    """A CR without LF ends no line: RFC 9112 2.2 lets a recipient refuse it or take it for a blank."""
    each(run, [request([f"X-Note: a\rtraceparent: {traceparent(run.ids())}"])])
    run.connection().ask(w3c(run.ids()))


@case(classes={"matched": 2}, unmatched={})
def decoy_in_target(run: Run) -> None:
    """The name and a value in the request target, also where it looks like the next line."""
    value = traceparent(run.ids())
    real = run.ids()
    each(run, [plain(target=f"/?traceparent:{value}"), plain(target=f"/%0d%0atraceparent:{value}"),
               plain(target=f"traceparent:{value}"), w3c(real, target=f"/?traceparent:{value}")])
    run.connection().ask(w3c(run.ids()))


@case(classes={"matched": 3}, unmatched={})
def decoy_beside_the_real(run: Run) -> None:
    """A decoy before and after the real header: only the real one counts, and its place too."""
    for order in (0, 1):
        ids, other = run.ids(), run.ids()
        lines = [f"X-Note: traceparent: {traceparent(other)}", w3c_line(ids)]
        each(run, [request(lines[::-1] if order else lines, ids, W3C)])
    ids = run.ids()
    each(run, [w3c(ids, body=f"\r\ntraceparent: {traceparent(run.ids())}\r\n\r\n".encode(), method="POST")])


@case(classes={"matched": 2}, unmatched={})
def decoy_in_body(run: Run) -> None:
    """A context in the body behind the blank line, in the same segment and in a later one."""
    body = f"traceparent: {traceparent(run.ids())}\r\nX: y\r\n\r\n".encode()
    each(run, [request(["Accept: */*"], method="POST", body=body)])
    conn = run.connection()
    message = request(["Accept: */*"], method="POST", body=body)
    for piece in conn.split(message, message.head_len):
        run.carry(conn, piece)
    conn.answer()
    conn.ask(w3c(run.ids()))
    run.connection().ask(w3c(run.ids()))


@case(classes={"matched": 4}, unmatched={})
def decoy_request_in_body(run: Run) -> None:
    """A later segment of a body is a whole request to the byte: Content-Length says that it is none."""
    for way in ("rx", "tx"):
        conn = run.connection(way)
        message = w3c(run.ids(), method="POST", body=w3c(run.ids()).data)
        for piece in conn.split(message, message.head_len):
            run.carry(conn, piece)
        conn.answer()
        conn.ask(w3c(run.ids()))
        conn.answer()


@case(classes={"matched": 3}, unmatched={})
def decoy_request_deep_in_body(run: Run) -> None:
    """The body takes several segments, the third begins like a request; the last ends in a real request."""
    conn = run.connection()
    decoy = w3c(run.ids()).data
    message = w3c(run.ids(), method="PUT", body=b"u" * 700 + decoy + b"u" * 100)
    ids = run.ids()
    follower = w3c(ids)
    start = message.head_len
    whole = conn.whole(message, follower)
    pieces = cut(whole, (start + 300, start + 700, start + 700 + len(decoy)))
    for piece in pieces:
        run.carry(conn, piece)
    conn.answer()
    conn.ask(w3c(run.ids()))


@case(classes={"matched": 2}, unmatched={})
def decoy_request_in_chunk(run: Run) -> None:
    """The same with a chunked body (RFC 9112 7.1): a segment within a chunk begins like a request."""
    decoy = w3c(run.ids()).data
    conn = run.connection()
    ids = run.ids()
    message = request([w3c_line(ids), "Transfer-Encoding: chunked"], ids, W3C, method="POST")
    for piece in conn.split(message):
        run.carry(conn, piece)
    run.carry(conn, conn.segment(b"%x\r\n" % len(decoy)))
    run.carry(conn, conn.segment(decoy))
    run.carry(conn, conn.segment(b"\r\n0\r\n\r\n"))
    conn.answer()
    conn.ask(w3c(run.ids()))


@case(classes={"matched": 2}, unmatched={})
def decoy_in_response(run: Run) -> None:
    """A response's header and body hold contexts and a request."""
    conn = run.connection()
    conn.ask(w3c(run.ids()))
    line = w3c_line(run.ids())
    conn.answer(response([line, *b3_lines(run.ids())], body=f"GET / HTTP/1.1\r\n{line}\r\n\r\n".encode()))
    conn.ask(w3c(run.ids()))
    conn.answer(response([line], version="HTTP/1.0"))


# -- several requests

@case(classes={"matched": 12}, unmatched={})
def pipelined(run: Run) -> None:
    """Two, three and mixed requests in one segment: pairs of their own, one frame."""
    for way in ("rx", "tx"):
        run.connection(way).ask(w3c(run.ids()), w3c(run.ids()))
        run.connection(way).ask(w3c(run.ids()), plain(), b3(run.ids()))
        run.connection(way).ask(plain(), w3c(run.ids(), method="POST", body=b"n=1"), b3(run.ids(16), before=300))


@case(classes={"matched": 3}, unmatched={})
def pipelined_over_a_border(run: Run) -> None:
    """The second request begins at the end of a segment and goes on in the next, where a third one begins."""
    conn = run.connection()
    first, second, third = w3c(run.ids()), w3c(run.ids()), w3c(run.ids())
    whole = conn.whole(first, second, third)
    for piece in cut(whole, (len(first.data) + 60,)):
        run.carry(conn, piece)


@case(classes={"matched": 24}, unmatched={})
def keep_alive(run: Run) -> None:
    """Many requests on one connection each way, with answers in between."""
    for way in ("rx", "tx"):
        conn = run.connection(way)
        conn.open()
        for number in range(12):
            conn.ask(w3c(run.ids(), before=number * 40) if number % 2 else b3(run.ids()))
            conn.answer(response(body=b"r" * number))
        conn.close()


@case(classes={"matched": 4}, unmatched={})
def same_ids_on_two_connections(run: Run) -> None:
    """A context forwarded unchanged: the sequence numbers tell the requests apart."""
    ids = run.ids()
    first, second = run.connection("rx"), run.connection("rx")
    for conn in (first, second, first):
        conn.ask(w3c(ids))
    run.connection("tx").ask(w3c(ids))


@case(classes={"matched": 4}, unmatched={})
def same_seq_on_two_connections(run: Run) -> None:
    """Equal sequence numbers with different ids."""
    for way in ("rx", "rx", "tx", "tx"):
        run.connection(way, seq=123_456_789).ask(w3c(run.ids()))


@case(classes={"matched": 6}, unmatched={})
def seq_wraps(run: Run) -> None:
    """The sequence number wraps within a request, between two in one segment, and right before one."""
    conn = run.connection("rx", seq=0xFFFFFFC0)
    conn.ask(w3c(run.ids()))
    conn.answer()
    conn.ask(w3c(run.ids()))
    first = w3c(run.ids())
    run.connection("tx", seq=2**32 - len(first.data)).ask(first, w3c(run.ids()))
    conn = run.connection("rx", seq=2**32 - len(first.data))
    conn.ask(w3c(run.ids()))
    conn.ask(w3c(run.ids()))


@case(classes={"matched": 2}, unmatched={}, tshark_unsound="tshark does not reassemble over the wrap")
def seq_wraps_in_split(run: Run) -> None:
    """The sequence number wraps within the second of a head's three segments, and right between two."""
    for way, places in (("tx", (40, 80)), ("rx", (50, 90))):
        conn = run.connection(way, seq=2**32 - 50)
        for piece in conn.split(w3c(run.ids()), *places):
            run.carry(conn, piece)

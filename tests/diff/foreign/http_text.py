"""http_text - HTTP/1.x messages as bytes, and what a reader of the standards must find in them."""
from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Sequence

W3C, B3 = "context_w3c", "context_b3"


@dataclass(frozen=True)
class Ids:
    """A trace context's ids in lower-case hex, as they are sent."""

    trace: str
    span: str
    parent: str = ""


class Mint:
    """Deals ids that never repeat within a case and are the same at every run."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._count = 0

    def __call__(self, trace_digits: int = 32) -> Ids:
        """New ids; 16 digits make a 64-bit trace id."""
        self._count += 1
        digest = hashlib.sha256(f"{self._name} {self._count}".encode()).hexdigest()
        return Ids(digest[:trace_digits], digest[32:48], digest[48:64])


@dataclass(frozen=True)
class Request:
    """A request's bytes with the truth about its head: why it is counted, its ids and where they end."""

    data: bytes
    head_len: int
    reason: str
    ids: Ids | None = None
    ids_end: int = 0


def traceparent(ids: Ids, version: str = "00", flags: str = "01", suffix: str = "") -> str:
    """W3C Trace Context 3.2.2: the value of traceparent."""
    return f"{version}-{ids.trace}-{ids.span}-{flags}{suffix}"


def w3c_line(ids: Ids, name: str = "traceparent", **value: str) -> str:
    """The header line as most senders write it."""
    return f"{name}: {traceparent(ids, **value)}"


def b3_lines(ids: Ids, order: str = "tsp1", names: Sequence[str] = ()) -> list[str]:
    """B3 multiple headers in the order of the letters: t trace, s span, p parent, 1 sampled, d debug flag."""
    lines = {"t": f"X-B3-TraceId: {ids.trace}", "s": f"X-B3-SpanId: {ids.span}",
             "p": f"X-B3-ParentSpanId: {ids.parent}", "1": "X-B3-Sampled: 1", "d": "X-B3-Flags: 1"}
    return [lines[letter] for letter in order]


def filler(length: int, name: str = "X-Filler") -> list[str]:
    """Header lines of `length` bytes in all (at least 16), line ends included, as cookies and tokens make them."""
    lines = []
    while length >= 400:
        lines.append(f"{name}: " + "f" * (200 - len(name) - 4))
        length -= 200
    if length:
        lines.append(f"{name}: " + "f" * max(0, length - len(name) - 4))
    return lines


def request(lines: Sequence[str | bytes], ids: Ids | None = None, reason: str = "no_context", *, method: str = "GET",
            target: str = "/api/v1/items?id=7", version: str = "HTTP/1.1", host: str = "shop.example",
            body: bytes = b"", eol: str = "\r\n") -> Request:
    """A request whose header holds `lines` after Host. `ids` are those that a reader must find.

    Each id must stand in the head exactly once: its end is looked up there.
    """
    whole: list[bytes] = [f"{method} {target} {version}".encode(), f"Host: {host}".encode()]
    whole += [line.encode() if isinstance(line, str) else line for line in lines]
    if body:
        whole.append(f"Content-Length: {len(body)}".encode())
    head = b"".join(line + eol.encode() for line in whole) + eol.encode()
    ids_end = 0
    if ids is not None:
        for value in (ids.trace.encode(), ids.span.encode()):
            if head.count(value) != 1:
                raise ValueError("the ids of a request must be unique in its head")
            ids_end = max(ids_end, head.index(value) + len(value))
    return Request(head + body, len(head), reason, ids, ids_end)


def w3c(ids: Ids, before: int = 0, after: int = 0, **options) -> Request:
    """A usual request with traceparent, `before` and `after` bytes of other header lines around it."""
    lines = [*filler(before), w3c_line(ids), "tracestate: vendor=1", *filler(after)]
    return request(lines, ids, W3C, **options)


def b3(ids: Ids, before: int = 0, after: int = 0, order: str = "tsp1", **options) -> Request:
    """A usual request with B3 multiple headers."""
    return request([*filler(before), *b3_lines(ids, order), *filler(after)], ids, B3, **options)


def plain(**options) -> Request:
    """A request without any context."""
    return request(["User-Agent: curl/8.5.0", "Accept: */*"], **options)


def response(lines: Sequence[str] = (), body: bytes = b"ok", status: str = "200 OK",
             version: str = "HTTP/1.1") -> bytes:
    """A response; its header may hold decoys."""
    head = [f"{version} {status}", f"Content-Length: {len(body)}", *lines]
    return "".join(line + "\r\n" for line in head).encode() + b"\r\n" + body

"""http2_text - HTTP/2 frames as bytes, written by hand, with header blocks by python3-hpack (RFC 9113, RFC 7541)."""
from __future__ import annotations

import struct
from dataclasses import dataclass, field
from typing import Sequence

from hpack import Encoder

from http_text import B3, W3C, Ids, traceparent
from traffic import Head

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, SETTINGS, PING, WINDOW_UPDATE, CONTINUATION = 0, 1, 4, 6, 8, 9
END_STREAM, END_HEADERS, PADDED, PRIORITY = 0x1, 0x4, 0x8, 0x20

Fields = Sequence[tuple[str, str]]


def frame(kind: int, flags: int, stream: int, payload: bytes = b"") -> bytes:
    """A frame: RFC 9113 4.1."""
    return struct.pack(">I", len(payload))[1:] + struct.pack(">BBI", kind, flags, stream) + payload


@dataclass(frozen=True)
class Layout:
    """How a header block is laid out in frames."""

    padding: int | None = None
    priority: bool = False
    fragment: int = 0  # bytes of the block in each frame; 0: all in one
    ends: bool = True  # the stream, on this side


@dataclass
class Frames:
    """Frames in a row, and the requests that begin in them."""

    data: bytes = b""
    heads: list[Head] = field(default_factory=list)

    def __add__(self, other: Frames) -> Frames:
        moved = [Head(head.offset + len(self.data), head.reason, head.ids, head.ids_end, head.length, head.stream_id)
                 for head in other.heads]
        return Frames(self.data + other.data, self.heads + moved)

    @property
    def reason(self) -> str:
        """Why a segment of these frames is counted."""
        return self.heads[0].reason if self.heads else "http2"


def settings() -> Frames:
    """What a client's connection begins with."""
    return Frames(PREFACE + frame(SETTINGS, 0, 0, bytes.fromhex("000300000064")) +
                  frame(WINDOW_UPDATE, 0, 0, bytes.fromhex("00ff0000")))


class Sender:
    """One side of a connection: its header compression, and its streams."""

    def __init__(self) -> None:
        self.encoder = Encoder()
        self.stream = -1

    def _fragments(self, fields: Fields) -> list[bytes]:
        """Each field's bytes; they follow each other in the block."""
        return [self.encoder.encode([single]) for single in fields]

    @staticmethod
    def _lay_out(block: bytes, stream: int, layout: Layout) -> tuple[bytes, list[int]]:
        """The block in its frames, and where each of its bytes stands."""
        step = layout.fragment or len(block)
        data, places = b"", []
        for start in range(0, len(block), step):
            piece, front, back = block[start:start + step], b"", b""
            flags = END_HEADERS if start + step >= len(block) else 0
            if start == 0:
                flags |= END_STREAM if layout.ends else 0
                if layout.padding is not None:
                    flags |= PADDED
                    front, back = bytes([layout.padding]), bytes(layout.padding)
                if layout.priority:
                    flags |= PRIORITY
                    front += bytes.fromhex("000000000f")
            begin = len(data) + 9 + len(front)
            places += range(begin, begin + len(piece))
            data += frame(CONTINUATION if start else HEADERS, flags, stream, front + piece + back)
        return data, places

    def block(self, fields: Fields, stream: int, layout: Layout = Layout()) -> Frames:
        """Header fields that begin no request: trailers, or a server's."""
        return Frames(self._lay_out(b"".join(self._fragments(fields)), stream, layout)[0])

    def request(self, lines: Fields, ids: Ids | None = None, reason: str = "no_context", *,
                layout: Layout = Layout(), method: str = "GET", path: str = "/api/v1/items?id=7") -> Frames:
        """A request on the next stream. `ids` are those that a reader must find; each stands in one field."""
        self.stream += 2
        fields = [(":method", method), (":scheme", "http"), (":authority", "shop.example"), (":path", path), *lines]
        fragments = self._fragments(fields)
        data, places = self._lay_out(b"".join(fragments), self.stream, layout)
        ids_end = 0
        for index, (_, value) in enumerate(fields):
            if ids and (ids.trace in value or ids.span in value):
                ids_end = places[sum(map(len, fragments[:index + 1])) - 1] + 1
        return Frames(data, [Head(0, reason, ids, ids_end, len(data), self.stream)])

    def w3c(self, ids: Ids, layout: Layout = Layout(), **options) -> Frames:
        """A usual request with traceparent."""
        return self.request([("user-agent", "curl/8.5.0"), ("traceparent", traceparent(ids)), ("accept", "*/*")], ids,
                            W3C, layout=layout, **options)

    def b3(self, ids: Ids, layout: Layout = Layout()) -> Frames:
        """A usual request with B3 multiple headers."""
        return self.request([("x-b3-traceid", ids.trace), ("x-b3-parentspanid", ids.parent), ("x-b3-spanid", ids.span),
                             ("x-b3-sampled", "1")], ids, B3, layout=layout)

    def grpc(self, ids: Ids, message: bytes = b"") -> Frames:
        """A unary call: HEADERS, and the message in DATA."""
        lines = [("content-type", "application/grpc"), ("te", "trailers"), ("traceparent", traceparent(ids))]
        head = self.request(lines, ids, W3C, layout=Layout(ends=False), method="POST", path="/shop.Cart/Add")
        return head + Frames(frame(DATA, END_STREAM, self.stream, b"\0" + struct.pack(">I", len(message)) + message))

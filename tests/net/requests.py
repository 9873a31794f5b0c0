#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Writes HTTP/1.1 requests to 10.244.1.10:9091 in pieces that the caller of TCP decides: pipelined, cut anywhere, with
bodies. Each piece is one write, and leaves as one segment unless it is longer.

Prints a line for each request that it sent and that was answered: TRACE|SPAN|WHAT.

Usage: requests.py pipelined|dropped N
  pipelined  N rounds of everything that may stand in a connection, each on a connection of its own
  dropped    N heads of three pieces whose middle one begins with "x-drop" (fault.bpf.c) and holds the context, and N whose
             last one holds it
"""
import os
import socket
import sys
import time

SERVER = ("10.244.1.10", 9091)
PAUSE_S = 0.004  # between pieces, so that they are not joined


def context():
    return os.urandom(16).hex(), os.urandom(8).hex()


def head(ids, method="GET", more=()):
    """The head of a request, its context not first."""
    lines = [f"{method} /page HTTP/1.1", "host: tests", "accept: */*", f"traceparent: 00-{ids[0]}-{ids[1]}-01", *more]
    return "\r\n".join(lines).encode() + b"\r\n\r\n"


class Connection:
    def __init__(self):
        self.sock = socket.create_connection(SERVER)
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.sock.settimeout(10)
        self.sent = []

    def new(self, what):
        ids = context()
        self.sent.append((*ids, what))
        return ids

    def write(self, *pieces):
        for piece in pieces:
            self.sock.sendall(piece)
            time.sleep(PAUSE_S)

    def finish(self):
        """Waits until all are answered, says which they were, and closes."""
        answers = b""
        while answers.count(b"HTTP/1.1 200") < len(self.sent):
            more = self.sock.recv(65536)
            if not more:
                sys.exit(f"{answers.count(b'HTTP/1.1 200')} of {len(self.sent)} requests answered: {answers[-200:]!r}")
            answers += more
        self.sock.close()
        for line in self.sent:
            print("|".join(line))


def cut(request, *places):
    """The request in pieces; a place is a text before which it is cut, or a number of bytes."""
    pieces, begin = [], 0
    for place in places:
        at = place if isinstance(place, int) else request.index(place)
        pieces.append(request[begin:at])
        begin = at
    return [*pieces, request[begin:]]


def in_one_segment(c):
    """Three requests in one segment."""
    c.write(head(c.new("first of three")) + head(c.new("second of three")) + head(c.new("third of three")))


def over_segments(c):
    """Heads cut where it may hurt."""
    for place in (b"traceparent", b"aceparent", b"-01\r\n", b"\n\r\n", b"\r\n\r\n", b" /page", 1, 2, 5, b"P/1.1", b"host"):
        c.write(*cut(head(c.new(f"cut before {place!r}")), place))
    ids = c.new("cut within its trace id")
    c.write(*cut(head(ids), ids[0][20:].encode()))
    ids = c.new("cut within its span id")
    c.write(*cut(head(ids), ids[1][7:].encode()))
    request = head(c.new("in pieces of 13 bytes"))
    c.write(*cut(request, *range(13, len(request), 13)))


def behind_bodies(c):
    """A request behind a body: in mid-segment; in the segment in which the body ends; in one of its own."""
    body = b"GET /not HTTP/1.1\r\ntraceparent: 00-0123456789abcdef0123456789abcdef-0123456789abcdef-01\r\n\r\n" * 3
    post = head(c.new("with a body"), "POST", [f"content-length: {len(body)}"])
    c.write(post + body + head(c.new("behind a body")))
    post = head(c.new("with a body over segments"), "POST", [f"content-length: {len(body)}"])
    c.write(post + body[:20], body[20:90], body[90:] + head(c.new("behind the end of a body")))
    post = head(c.new("whose body is a segment"), "POST", [f"content-length: {len(body)}"])
    c.write(post, body, head(c.new("behind a whole segment")))
    post = head(c.new("with a chunked body"), "POST", ["transfer-encoding: chunked"])
    c.write(post + b"5\r\nchunk\r\n", b"4\r\nGET \r\n0\r\n\r\n", head(c.new("behind a chunked body")))
    chunks = b"%x\r\n%s\r\n3;of=it\r\nend\r\n0\r\n\r\n" % (len(body), body)
    post = head(c.new("with chunks"), "POST", ["transfer-encoding: chunked"])
    c.write(post + chunks + head(c.new("behind chunks")))
    post = head(c.new("with chunks over segments"), "POST", ["transfer-encoding: chunked"])
    at = chunks.index(b"GET")
    c.write(post + chunks[:at], chunks[at:-9], chunks[-9:] + head(c.new("behind the end of chunks")))


def across_segments(c):
    """Two requests and a half, then the rest and one more."""
    third = head(c.new("third, cut"))
    half = len(third) // 2
    c.write(head(c.new("before the cut one")) + third[:half], third[half:] + head(c.new("behind the cut one")))


def dropped(c, place):
    """A head of three pieces; the one in the middle is lost on its way and sent again behind the last one."""
    ids = c.new(place)
    traceparent = f"traceparent: 00-{ids[0]}-{ids[1]}-01\r\n"
    middle, last = (traceparent, "") if place == "middle" else ("", traceparent)
    for piece in ("GET /page HTTP/1.1\r\nhost: tests\r\n", f"x-drop: 1\r\n{middle}", f"{last}accept: */*\r\n\r\n"):
        c.sock.sendall(piece.encode())
        time.sleep(0.0005)


def main():
    if len(sys.argv) != 3 or sys.argv[1] not in ("pipelined", "dropped"):
        sys.exit(__doc__)
    for _ in range(int(sys.argv[2])):
        if sys.argv[1] == "pipelined":
            for case in (in_one_segment, over_segments, behind_bodies, across_segments):
                c = Connection()
                case(c)
                c.finish()
        else:
            for place in ("middle", "last"):
                c = Connection()
                dropped(c, place)
                c.finish()


if __name__ == "__main__":
    main()

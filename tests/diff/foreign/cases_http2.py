"""cases_http2 - HTTP/2 without TLS, gRPC included: what header blocks may look like, and what segments do to them."""
from __future__ import annotations

from dataclasses import dataclass, replace

from case import case
from cases_join import entry, wait
from http2_text import CONTINUATION, DATA, END_HEADERS, HEADERS, PING, SETTINGS, Frames, Layout, Sender, frame, settings
from http_text import request, traceparent
from traffic import BOTH, Connection, Run, Segment, concatenate, cut

LAYOUTS = (Layout(), Layout(padding=0), Layout(padding=200), Layout(priority=True), Layout(padding=7, priority=True),
           Layout(fragment=30), Layout(padding=5, priority=True, fragment=20), Layout(fragment=1))


@dataclass
class Talk:
    """An HTTP/2 connection past both points."""

    run: Run
    conn: Connection
    client: Sender
    server: Sender

    def segment(self, *frames: Frames) -> Segment:
        """The client's next frames in one segment."""
        whole = sum(frames, Frames())
        return self.conn.segment(whole.data, whole.reason, whole.heads)

    def say(self, *frames: Frames, at: tuple = BOTH) -> Segment:
        """The same past the points."""
        segment = self.segment(*frames)
        self.run.carry(self.conn, segment, at=at)
        return segment

    def answer(self) -> None:
        """What a server sends; its header block holds a decoy."""
        stream = max(self.client.stream, 1)
        line = ("traceparent", traceparent(self.run.ids()))
        frames = self.server.block([(":status", "200"), line], stream, Layout(ends=False))
        self.conn.answer(frames.data + frame(DATA, 1, stream, b"ok"), "http2")


def begin(run: Run, way: str, **options) -> Talk:
    """A connection that is open and has said so."""
    conn = run.connection(way, **options)
    conn.open()
    talk = Talk(run, conn, Sender(), Sender())
    talk.say(settings())
    conn.answer(frame(SETTINGS, 0, 0) + frame(SETTINGS, 1, 0), "http2")
    return talk


@case(classes={"matched": 24}, unmatched={})
def http2_requests(run: Run) -> None:
    """Many requests on a connection: what repeats is an index into the table."""
    for way in ("rx", "tx"):
        talk = begin(run, way)
        for number in range(12):
            talk.say(talk.client.b3(run.ids()) if number % 3 == 2 else talk.client.w3c(run.ids()))
            talk.answer()
        talk.conn.close()


@case(classes={"matched": 6}, unmatched={})
def http2_grpc(run: Run) -> None:
    """Calls whose messages go on in later segments, with trailers, pings and other frames in between."""
    for way in ("rx", "tx"):
        talk = begin(run, way)
        for size in (5, 4000, 9000):
            segment = talk.segment(talk.client.grpc(run.ids(), b"m" * size))
            for piece in cut(segment, range(1400, len(segment.payload), 1400)):
                run.carry(talk.conn, piece)
            talk.answer()
            talk.say(Frames(frame(PING, 1, 0, b"12345678")))
            talk.say(talk.client.block([("x-checksum", "0123456789abcdef")], talk.client.stream))


@case(classes={"matched": 2 * len(LAYOUTS)}, unmatched={})
def http2_layouts(run: Run) -> None:
    """Padding, priority, and blocks that go on in CONTINUATION frames."""
    for way in ("rx", "tx"):
        talk = begin(run, way)
        for layout in LAYOUTS:
            talk.say(talk.client.w3c(run.ids(), layout))


@case(classes={"matched": 8}, unmatched={})
def http2_several_in_a_segment(run: Run) -> None:
    """Several requests in one segment, the first of them with and without a context; and behind the preface."""
    for way in ("rx", "tx"):
        talk = begin(run, way)
        talk.say(talk.client.w3c(run.ids()), talk.client.w3c(run.ids()))
        talk.say(talk.client.request([]), Frames(frame(DATA, 1, 3, b"x")), talk.client.b3(run.ids()))
        conn = run.connection(way)
        talk = Talk(run, conn, Sender(), Sender())
        talk.say(settings(), talk.client.w3c(run.ids()))


@case(classes={"matched": 2}, unmatched={})
def http2_contexts_that_are_none(run: Run) -> None:
    """Forbidden values, parts of a context, none; and the ids of a request before, which the table knows."""
    for way in ("rx", "tx"):
        talk = begin(run, way)
        ids = run.ids()
        talk.say(talk.client.w3c(ids))
        talk.say(talk.client.request([("traceparent", traceparent(ids, "ff"))], reason="malformed"))
        talk.say(talk.client.request([("x-b3-traceid", ids.trace)], reason="incomplete"))
        talk.say(talk.client.request([("x-note", f"traceparent: {traceparent(ids)}")]))
        talk.say(talk.client.request([]))


def cuts_of(talk: Talk, run: Run, step: int) -> list[Segment]:
    """Two requests, cut every few bytes."""
    whole = talk.segment(talk.client.w3c(run.ids(), Layout(fragment=50)), talk.client.b3(run.ids()))
    return cut(whole, range(step, len(whole.payload), step))


@case(classes={"matched": 16}, unmatched={}, tshark_reorders=True)
def http2_segments(run: Run) -> None:
    """Blocks over many segments, cut inside frame headers and fields, alike at both points."""
    for way in ("rx", "tx"):
        for step in (3, 7, 40, 100):
            talk = begin(run, way)
            for piece in cuts_of(talk, run, step):
                run.carry(talk.conn, piece)


@case(classes={"split": 8}, unmatched={}, tshark_reorders=True)
def http2_super_packets(run: Run) -> None:
    """Several segments at the NIC, one at the vport."""
    for way in ("rx", "tx"):
        for step in (40, 150):
            talk = begin(run, way)
            pieces = cuts_of(talk, run, step)
            if way == "rx":
                run.gather(talk.conn, pieces)
            else:
                run.carry(talk.conn, concatenate(pieces), leaving=pieces)


@case(classes={"matched": 8}, unmatched={}, tshark_reorders=True)
def http2_out_of_order(run: Run) -> None:
    """Later segments first; the preface's too."""
    for way in ("rx", "tx"):
        talk = begin(run, way)
        for piece in reversed(cuts_of(talk, run, 80)):
            run.carry(talk.conn, piece)
        conn = run.connection(way)
        conn.open()
        talk = Talk(run, conn, Sender(), Sender())
        whole = talk.segment(settings(), talk.client.w3c(run.ids()), talk.client.w3c(run.ids()))
        for piece in reversed(cut(whole, (14, 40, 90))):
            run.carry(conn, piece)


@case(classes={"matched": 4, "retransmit": 4}, unmatched={}, tshark_repeats=True)
def http2_retransmitted(run: Run) -> None:
    """A request's segment comes again, at once and later: a sighting each, and the table is none the worse."""
    for way in ("rx", "tx"):
        talk = begin(run, way)
        segment = talk.say(talk.client.w3c(run.ids()))
        wait(run)
        run.carry(talk.conn, segment)
        talk.say(talk.client.w3c(run.ids()))
        talk.say(talk.client.b3(run.ids()))


@case(classes={"matched": 2}, unmatched={"nic_http2_undecodable": 2, "vport_http2_undecodable": 2},
      tshark_unsound="tshark goes on decoding where a part of the table is missing")
def http2_lost_at_exit(run: Run) -> None:
    """A request's segment is lost between the points: behind it the exit cannot decode, and says so."""
    for way in ("rx", "tx"):
        talk = begin(run, way)
        talk.say(talk.client.w3c(run.ids()))
        talk.say(talk.client.request([("x-note", "kept by the table")]), at=(entry(way),))
        for _ in range(2):
            segment = talk.segment(talk.client.w3c(run.ids()))
            run.carry(talk.conn, segment, leaving=[segment.without_context("http2_undecodable")])


@case(classes={"matched": 4}, unmatched={})
def http2_lost_in_data(run: Run) -> None:
    """A segment in the middle of a DATA frame's payload is lost: nothing of the headers is."""
    for way in ("rx", "tx"):
        talk = begin(run, way)
        segment = talk.segment(talk.client.grpc(run.ids(), b"m" * 6000))
        for index, piece in enumerate(cut(segment, range(1400, len(segment.payload), 1400))):
            run.carry(talk.conn, piece, at=BOTH if index != 2 else (entry(way),))
        talk.say(talk.client.w3c(run.ids()))


@case(classes={"matched": 2}, unmatched={}, tshark_unsound="tshark guesses at connections whose beginning is missing")
def http2_joined_in_the_middle(run: Run) -> None:
    """The capture began after the connection: requests that nobody can read, and answers, which are told apart."""
    for way in ("rx", "tx"):
        conn = run.connection(way)
        talk = Talk(run, conn, Sender(), Sender())
        for _ in range(3):
            segment = talk.segment(talk.client.w3c(run.ids()))
            run.carry(conn, replace(segment, reason="http2_undecodable", heads=()))
            conn.answer(talk.server.block([(":status", "200")], talk.client.stream).data, "http2")
            conn.answer(frame(DATA, 1, talk.client.stream, b"ok"), "other_payload")
        begin(run, way).say(Sender().w3c(run.ids()))


@case(classes={"matched": 4}, unmatched={}, tshark_unsound="tshark does not reassemble over the wrap")
def http2_seq_wraps(run: Run) -> None:
    """The sequence number wraps within the preface, and within a block."""
    for way in ("rx", "tx"):
        for before in (10, 120):
            conn = run.connection(way, seq=2**32 - before)
            talk = Talk(run, conn, Sender(), Sender())
            whole = talk.segment(settings(), talk.client.w3c(run.ids()))
            for piece in cut(whole, (before - 3, before + 8)):
                run.carry(conn, piece)


@case(classes={"matched": 4}, unmatched={}, tshark_unsound="tshark's choice of the dissector is forced per port")
def http2_by_upgrade(run: Run) -> None:
    """HTTP/1.1 that is upgraded (RFC 7540 3.2): the preface follows the request, and stream 1 is the request."""
    for way in ("rx", "tx"):
        conn = run.connection(way)
        ids = run.ids()
        lines = ["Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABk"]
        conn.ask(request([*lines, f"traceparent: {traceparent(ids)}"], ids, "context_w3c"))
        conn.answer(b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n")
        talk = Talk(run, conn, Sender(), Sender())
        talk.client.stream = 1
        talk.say(settings())
        talk.answer()
        talk.say(talk.client.w3c(run.ids()))


@case(classes={"matched": 2}, unmatched={}, tshark_unsound="tshark shows what it can of broken blocks")
def http2_broken(run: Run) -> None:
    """A CONTINUATION of another stream: from there on nothing can be decoded, at either point."""
    for way in ("rx", "tx"):
        talk = begin(run, way)
        talk.say(talk.client.w3c(run.ids()))
        broken = Frames(frame(HEADERS, 0, 3, b"\x82") + frame(CONTINUATION, END_HEADERS, 5, b"\x84"),
                        talk.client.request([], reason="http2_undecodable").heads)
        run.carry(talk.conn, talk.segment(broken))
        run.carry(talk.conn, talk.segment(talk.client.w3c(run.ids())).without_context("http2_undecodable"))

"""traffic - connections whose packets pass both points, noted with their truth as they are made.

A `Run` is one run directory in the making. Its clock moves on by `STEP` after every packet, which is more than any
latency, so that packets overlap only where a case wants it.
"""
from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Iterable, Sequence

from scapy.layers.inet import ICMP, IP
from scapy.layers.inet6 import ICMPv6EchoRequest, IPv6

import capfile
import truth
from http_text import Ids, Mint, Request, response
from truth import POINTS, Answer, Sighting
from wire import Site, arp_frame, tcp_packet

START_NS = 1_700_000_000_123_456_000
STEP_NS = 1_000_000
BOTH = ("nic", "vport")
SEQ_MASK = 0xFFFFFFFF


@dataclass(frozen=True)
class Head:
    """A request line in a segment, as a reader of the capture must report it."""

    offset: int
    reason: str
    ids: Ids | None = None
    ids_end: int = 0
    length: int = 0  # of the head; of HTTP/2: of its header block, frame headers included
    stream_id: int = 0  # of HTTP/2


@dataclass(frozen=True)
class Segment:
    """A piece of a TCP stream, with the reason under which its frame is counted."""

    seq: int
    payload: bytes
    reason: str = "other_payload"
    heads: tuple[Head, ...] = ()
    flags: str = "PA"

    def without_context(self, reason: str) -> Segment:
        """The same bytes at a point where the rest of the head is not to be had."""
        heads = tuple(Head(head.offset, reason, stream_id=head.stream_id) for head in self.heads)
        return replace(self, reason=reason, heads=heads)

    def again(self) -> Segment:
        """The same bytes once more: they go on with no head any longer."""
        return replace(self, reason="other_payload" if self.reason == "head_continued" else self.reason)


@dataclass
class Frame:
    """One frame at one point."""

    ts_ns: int
    data: bytes
    wire_len: int
    reason: str
    sightings: list[Sighting] = field(default_factory=list)
    answer: Answer | None = None


def _modulo(seq: int) -> int:
    return seq & SEQ_MASK


def concatenate(segments: Sequence[Segment]) -> Segment:
    """One super-packet of neighbouring segments, as segmentation offload has it. The first one's reason counts."""
    payload, heads = b"", []
    for segment in segments:
        heads += [replace(head, offset=head.offset + len(payload)) for head in segment.heads]
        payload += segment.payload
    return Segment(segments[0].seq, payload, segments[0].reason, tuple(heads))


def _reason_of_rest(segment: Segment, start: int) -> str:
    """Why a piece is counted in which no request begins. Frames of HTTP/2 have a reason of their own."""
    if any(head.stream_id for head in segment.heads) or segment.reason == "http2":
        return "http2"
    goes_on = any(head.offset < start < head.offset + head.length for head in segment.heads)
    return "head_continued" if goes_on else "other_payload"


def cut(segment: Segment, places: Sequence[int]) -> list[Segment]:
    """A super-packet as several segments; a head that starts in one of them is searched on into the next."""
    if any(not low < high for low, high in zip([0, *places], [*places, len(segment.payload)])):
        raise ValueError(f"places {places} do not cut {len(segment.payload)} bytes")
    pieces = []
    bounds = [0, *places, len(segment.payload)]
    for start, end in zip(bounds, bounds[1:]):
        heads = tuple(replace(head, offset=head.offset - start) for head in segment.heads if start <= head.offset < end)
        reason = heads[0].reason if heads else _reason_of_rest(segment, start)
        pieces.append(Segment(_modulo(segment.seq + start), segment.payload[start:end], reason, heads))
    return pieces


@dataclass(frozen=True)
class Options:
    """What a connection's packets carry besides their payload."""

    ip_options: tuple = ()
    tcp_options: tuple = ()
    extensions: tuple = ()
    bad_checksum: bool = False


@dataclass
class Connection:
    """A TCP connection; `way` is that of the client's requests. `nic_*` differ where NAT is between the points."""

    run: Run
    way: str
    client: tuple[str, int]
    server: tuple[str, int]
    nic_client: tuple[str, int]
    nic_server: tuple[str, int]
    seq: int
    ack: int
    options: Options

    def ends(self, point: str) -> tuple[tuple[str, int], tuple[str, int]]:
        """Client and server as a point sees them."""
        return (self.nic_client, self.nic_server) if point == "nic" else (self.client, self.server)

    def segment(self, payload: bytes, reason: str = "other_payload", heads: Iterable[Head] = (),
                flags: str = "PA") -> Segment:
        """The client's next bytes."""
        segment = Segment(self.seq, payload, reason, tuple(heads), flags)
        self.seq = _modulo(self.seq + len(payload) + ("S" in flags) + ("F" in flags))
        return segment

    def whole(self, *requests: Request) -> Segment:
        """The client's next requests in one segment (pipelining if there are several)."""
        heads, payload = [], b""
        for request in requests:
            heads.append(Head(len(payload), request.reason, request.ids, request.ids_end, request.head_len))
            payload += request.data
        return self.segment(payload, requests[0].reason, heads)

    def split(self, request: Request, *places: int) -> list[Segment]:
        """The client's next request, cut at these bytes of it."""
        return cut(self.whole(request), places)

    def open(self) -> None:
        """The three-way handshake."""
        self.run.carry(self, self.segment(b"", "no_payload", flags="S"))
        self.run.carry(self, Segment(self.ack, b"", "no_payload", flags="SA"), back=True)
        self.ack = _modulo(self.ack + 1)
        self.run.carry(self, self.segment(b"", "no_payload", flags="A"))

    def ask(self, *requests: Request, at: Sequence[str] = BOTH) -> Segment:
        """Sends requests in one segment past the points."""
        segment = self.whole(*requests)
        self.run.carry(self, segment, at=at)
        return segment

    def answer(self, data: bytes | None = None, reason: str = "http_response", at: Sequence[str] = BOTH) -> None:
        """The server's next bytes."""
        data = response() if data is None else data
        self.run.carry(self, Segment(self.ack, data, reason), back=True, at=at)
        self.ack = _modulo(self.ack + len(data))

    def acknowledge(self) -> None:
        """A bare ACK of the server."""
        self.run.carry(self, Segment(self.ack, b"", "no_payload", flags="A"), back=True)

    def close(self) -> None:
        """FIN and ACK in both directions."""
        self.run.carry(self, self.segment(b"", "no_payload", flags="FA"))
        self.run.carry(self, Segment(self.ack, b"", "no_payload", flags="FA"), back=True)
        self.ack = _modulo(self.ack + 1)
        self.run.carry(self, self.segment(b"", "no_payload", flags="A"))


class Run:
    """A run directory in the making."""

    def __init__(self, name: str, nic: Site, vport: Site, nic_form: str = "pcap", vport_form: str = "pcap") -> None:
        self.name = name
        self.sites = {"nic": nic, "vport": vport}
        self.forms = {"nic": nic_form, "vport": vport_form}
        self.frames: dict[str, list[Frame]] = {point: [] for point in POINTS}
        self.unit = max(capfile.resolution_ns(form) for form in self.forms.values())
        self.now = START_NS
        self.ids = Mint(name)
        self._packets = 0
        self._connections = 0

    # -- time

    def tick(self, steps: int = 1) -> None:
        """Moves the clock on."""
        self.now += steps * STEP_NS

    def latency(self) -> int:
        """The next packet's time between the points: every one is different, none a whole number of us."""
        self._packets += 1
        ns = 20_001 + self._packets * 7_919 % 70_001
        return ns // self.unit * self.unit

    # -- what passes

    def connection(self, way: str = "rx", version: int = 4, *, nat_client: tuple[str, int] | None = None,
                   nat_server: tuple[str, int] | None = None, seq: int | None = None,
                   options: Options = Options()) -> Connection:
        """A new connection. `nat_*` are the addresses at the NIC where they are not those at the vport."""
        self._connections += 1
        number = self._connections
        prefix = "10.244." if version == 4 else "fd00:244::"
        joint = "." if version == 4 else ":"
        client = (f"{prefix}{1 + number // 200}{joint}{10 + number % 200}", 40_000 + number)
        server = (f"{prefix}9{joint}5", 8080)
        start = seq if seq is not None else _modulo(1_000_003 * number + 77)
        return Connection(self, way, client, server, nat_client or client, nat_server or server, start,
                          _modulo(500_009 * number + 5), options)

    def emit(self, point: str, conn: Connection, segment: Segment, ts_ns: int, *, back: bool = False,
             keep: int = 0) -> Frame:
        """A segment's frame at one point; `keep` is the number of bytes that the capture kept of it."""
        site = self.sites[point]
        client, server = conn.ends(point)
        source, target = (server, client) if back else (client, server)
        other = conn.seq if back else conn.ack
        inner = tcp_packet(source, target, segment.seq, 0 if segment.flags == "S" else other, segment.flags,
                           segment.payload, ip_options=conn.options.ip_options, tcp_options=conn.options.tcp_options,
                           extensions=conn.options.extensions, bad_checksum=conn.options.bad_checksum)
        inwards = (conn.way == "rx") != back  # towards the pod
        data = site.wrap(inner, outgoing=inwards == (point == "vport"))
        frame = self.raw(point, data, segment.reason, ts_ns, keep=keep or site.snaplen)
        frame.sightings = [self._sighting(point, conn, segment, head, frame) for head in segment.heads]
        if segment.reason == "http_response":
            kept = segment.payload[:max(0, len(frame.data) - data.index(segment.payload))]
            frame.answer = self._answer(point, segment, (*source, *target), other, frame.ts_ns, kept)
        return frame

    def _answer(self, point: str, segment: Segment, ends: tuple[str, int, str, int], ack: int, ts_ns: int,
                kept: bytes) -> Answer:
        """The truth about a frame that begins with a status line, of which so many bytes were kept."""
        tunnels = self.sites[point].tunnels
        encap, vni = (tunnels[0].encap, tunnels[0].vni) if tunnels else ("none", 0)
        code = kept.split(b" ")[1][:3] if len(kept) >= len("HTTP/1.1 200") else b"0"
        return Answer(point, ts_ns, *ends, segment.seq, ack, len(segment.payload), int(code), encap, vni)

    def _sighting(self, point: str, conn: Connection, segment: Segment, head: Head, frame: Frame) -> Sighting:
        """The truth about one request line."""
        site = self.sites[point]
        (saddr, sport), (daddr, dport) = conn.ends(point)
        outermost = site.tunnels[0] if site.tunnels else None
        return Sighting(
            point=point, ts_ns=frame.ts_ns, way=conn.way, saddr=saddr, sport=sport, daddr=daddr, dport=dport,
            seq=_modulo(segment.seq + head.offset), payload_len=len(segment.payload), req_off=head.offset,
            frame_len=frame.wire_len, encap=outermost.encap if outermost else "none",
            vni=outermost.vni if outermost else 0, reason=head.reason, trace_id=head.ids.trace if head.ids else "",
            span_id=head.ids.span if head.ids else "", ids_end_off=head.ids_end, stream_id=head.stream_id,
            direction_lies=site.direction_lies)

    def carry(self, conn: Connection, segment: Segment, *, at: Sequence[str] = BOTH, back: bool = False,
              leaving: Sequence[Segment] | None = None, latency_ns: int | None = None) -> None:
        """A segment passes one point, and the other after a while (there perhaps as other `leaving` segments)."""
        way = conn.way if not back else ("tx" if conn.way == "rx" else "rx")
        entry, leave = ("nic", "vport") if way == "rx" else ("vport", "nic")
        after = self.latency() if latency_ns is None else latency_ns
        if entry in at:
            self.emit(entry, conn, segment, self.now, back=back)
        if leave in at:
            for index, piece in enumerate(leaving or [segment]):
                self.emit(leave, conn, piece, self.now + after + index * 1000, back=back)
        self.tick()

    def gather(self, conn: Connection, pieces: Sequence[Segment]) -> None:
        """Segments at the entry that leave as one super-packet, 1 us apart."""
        entry, leave = ("nic", "vport") if conn.way == "rx" else ("vport", "nic")
        for index, piece in enumerate(pieces):
            self.emit(entry, conn, piece, self.now + index * 1000)
        self.emit(leave, conn, concatenate(pieces), self.now + self.latency() + len(pieces) * 1000)
        self.tick()

    def raw(self, point: str, data: bytes, reason: str, ts_ns: int | None = None, *, keep: int = 0) -> Frame:
        """Any frame at one point."""
        frame = Frame(self.now if ts_ns is None else ts_ns, data[:keep] if keep else data, len(data), reason)
        self.frames[point].append(frame)
        return frame

    def raw_both(self, data: bytes, reason: str) -> None:
        """The same frame at both points, whatever their tunnels."""
        for index, point in enumerate(POINTS):
            self.raw(point, data, reason, self.now + index * 1000)
        self.tick()

    def inner_both(self, packet: bytes, reason: str) -> None:
        """An inner IP packet in each point's own wrapping."""
        for index, point in enumerate(POINTS):
            self.raw(point, self.sites[point].wrap(packet, point == "vport"), reason, self.now + index * 1000)
        self.tick()

    def bookend(self, point: str) -> None:
        """A frame that marks that the capture ran at this time."""
        site = self.sites[point]
        match site.link:
            case "raw" | "raw4":
                self.raw(point, bytes(IP(src="192.0.2.10", dst="192.0.2.11") / ICMP()), "not_tcp")
            case "raw6":
                self.raw(point, bytes(IPv6(src="fd00::1", dst="fd00::2") / ICMPv6EchoRequest()), "not_tcp")
            case _:
                self.raw(point, arp_frame(site), "not_ip")

    def bookends(self) -> None:
        """Both captures ran at this time."""
        for point in POINTS:
            self.bookend(point)
        self.tick()

    # -- what is written

    def write(self, directory: Path) -> dict:
        """Writes the run directory with truth.json, and gives the truth."""
        directory.mkdir(parents=True, exist_ok=True)
        points, windows, sightings, answers = {}, {}, [], []
        for point in POINTS:
            frames = sorted(self.frames[point], key=lambda frame: frame.ts_ns)
            captured = [capfile.Captured(frame.ts_ns, frame.data, frame.wire_len) for frame in frames]
            capfile.store(directory, point, captured, self.sites[point].link, self.forms[point])
            points[point] = {"frames": len(frames), "reasons": dict(Counter(frame.reason for frame in frames))}
            windows[point] = (frames[0].ts_ns, frames[-1].ts_ns)
            sightings += [sighting for frame in frames for sighting in frame.sightings]
            answers += [frame.answer for frame in frames if frame.answer]
        document = truth.document(self.name, points, sightings, answers, windows)
        (directory / "truth.json").write_text(json.dumps(document, indent=1) + "\n")
        return document

"""case_random - a whole run by chance: 5,000 requests on 200 connections with losses, retransmissions and splits.

The seed decides everything, the encapsulation included; the truth is noted as the frames are made.
"""
from __future__ import annotations

import random
from typing import Callable

from case import BARE, Case
from http_text import Request, b3, plain, w3c
from traffic import STEP_NS, Connection, Run, Segment, concatenate, cut
from wire import Site, geneve, gre, ipip, vxlan

N_CONNECTIONS = 200
N_EACH = 25
FEW = 0.01

ENCAPSULATIONS: list[Callable[[], Site]] = [
    lambda: Site(tunnels=(vxlan(4789),)), lambda: Site(tunnels=(vxlan(8472, vni=1),)),
    lambda: Site(tunnels=(vxlan(outer=6),)), lambda: Site(tunnels=(ipip(4),)), lambda: Site(tunnels=(ipip(6),)),
    lambda: Site(tunnels=(geneve(options=True),)), lambda: Site(tunnels=(gre(key=5),)),
    lambda: Site(tunnels=(gre(ethernet=True),)), lambda: Site(tags=(("802.1Q", 100),), tunnels=(vxlan(),)),
    lambda: BARE]


class Chance:
    """One run's dice."""

    def __init__(self, run: Run, seed: int) -> None:
        self.run = run
        self.dice = random.Random(seed)
        self.put_together: set[tuple] = set()  # heads of two segments that a point has seen

    def request(self) -> Request:
        """A request of any kind and size."""
        roll, dice = self.dice.random(), self.dice
        before, after = dice.choice((0, 0, dice.randrange(16, 900))), dice.choice((0, dice.randrange(16, 300)))
        if roll < 0.08:
            return plain()
        if roll < 0.55:
            posts = dice.random() < 0.1
            return w3c(self.run.ids(), before, after, method="POST" if posts else "GET", body=b"q=1" if posts else b"")
        order = "".join(dice.sample("tsp1", 4))
        return b3(self.run.ids(dice.choice((16, 32))), before, after, order)

    def latency(self) -> int:
        """Some us, seldom much more, so that packets of unrelated connections overtake each other."""
        if self.dice.random() < FEW:
            return self.dice.randrange(400_000, 2_000_000)
        return self.dice.randrange(3_000, 120_000)

    def at_points(self, way: str) -> tuple[str, ...]:
        """Where a copy is seen: 1% is lost between the points, half a percent not captured at one of them."""
        roll = self.dice.random()
        entry, leaving = ("nic", "vport") if way == "rx" else ("vport", "nic")
        if roll < FEW:
            return (entry,)
        if roll < FEW * 1.5:
            return (self.dice.choice((entry, leaving)),)
        return (entry, leaving)

    def send(self, conn: Connection, at_ns: int, message: Request) -> int:
        """One request, perhaps in two segments, perhaps retransmitted; returns when it was over."""
        segment = conn.whole(message)
        copies = 2 if self.dice.random() < FEW else 1
        place = self.dice.randrange(20, len(message.data) - 1) if self.dice.random() < 0.05 else 0
        for _ in range(copies):
            seen = self.at_points(conn.way)
            if place:
                self.split(conn, segment, place, at_ns, seen)
            else:
                self.pass_points(conn, segment, at_ns, seen)
            at_ns += 10_000_000
        return at_ns

    def pass_points(self, conn: Connection, segment: Segment, at_ns: int, seen: tuple[str, ...]) -> None:
        """A whole segment at the points that saw it."""
        entry, leaving = ("nic", "vport") if conn.way == "rx" else ("vport", "nic")
        for point, ts_ns in ((entry, at_ns), (leaving, at_ns + self.latency())):
            if point in seen:
                self.run.emit(point, conn, segment, ts_ns)

    def split(self, conn: Connection, segment: Segment, place: int, at_ns: int, seen: tuple[str, ...]) -> None:
        """Two segments at the NIC; at the vport the same or a super-packet."""
        pieces = cut(segment, (place,))
        at_vport = pieces if self.dice.random() < 0.5 else [concatenate(pieces)]
        after = self.latency()
        for point, copies in (("nic", pieces), ("vport", at_vport)):
            if point in seen:
                leaves = (point == "vport") == (conn.way == "rx")
                head = (point, id(conn), segment.seq)
                if head in self.put_together:
                    copies = [piece.again() for piece in copies]
                self.put_together.add(head)
                for index, piece in enumerate(copies):
                    self.run.emit(point, conn, piece, at_ns + index * 1_500 + (after + 4_000 if leaves else 0))

    def talk(self, conn: Connection, start_ns: int) -> None:
        """A connection's whole life."""
        at_ns = start_ns
        for _ in range(N_EACH):
            at_ns = self.send(conn, at_ns, self.request()) + self.dice.randrange(1_000_000)
            if self.dice.random() < 0.3:
                answer = Segment(conn.ack, b"", "no_payload", flags="A")
                for index, point in enumerate(("vport", "nic") if conn.way == "rx" else ("nic", "vport")):
                    self.run.emit(point, conn, answer, at_ns - 1_000_000 + index * 30_000, back=True)


def build(run: Run, seed: int) -> None:
    """All connections at once."""
    chance = Chance(run, seed)
    start = run.now
    for number in range(N_CONNECTIONS):
        way, version = chance.dice.choice(("rx", "tx")), chance.dice.choice((4, 4, 6))
        conn = run.connection(way, version, seq=chance.dice.randrange(2**32))
        if number % 10 == 0:
            conn.nic_server = ("10.96.0.7", 80) if version == 4 else ("fd00:96::7", 80)
        chance.talk(conn, start + 10_000_000 + chance.dice.randrange(50_000_000))
    run.now = max(frame.ts_ns for frames in run.frames.values() for frame in frames) + STEP_NS


def random_case(seed: int) -> Case:
    """The case of a seed."""
    site = ENCAPSULATIONS[random.Random(f"site {seed}").randrange(len(ENCAPSULATIONS))]()
    forms = random.Random(f"form {seed}").choice((("pcap", "pcap"), ("pcapng", "pcap"), ("pcap.zst", "pcapng.gz")))
    return Case("random", lambda run: build(run, seed), site, BARE, *forms, bookends=True, classes=None, unmatched=None,
                tshark_repeats=True, tshark_reorders=False, tshark_unsound="")

"""cases_join - the same packet at two points: losses, retransmissions, NAT, segmentation, and time windows."""
from __future__ import annotations

from case import BARE, case
from http_text import b3, plain, w3c
from traffic import Connection, Run, Segment, concatenate, cut
from wire import Site, vxlan

RTO_NS = 200_000_000
MSS = 1398


def wait(run: Run) -> None:
    """A retransmission timeout passes."""
    run.now += RTO_NS


def entry(way: str) -> str:
    """The point that a packet of this way passes first."""
    return "nic" if way == "rx" else "vport"


def leaving(way: str) -> str:
    """The point that it passes last."""
    return "vport" if way == "rx" else "nic"


def steady(run: Run, conn: Connection, n: int = 3) -> None:
    """Undisturbed requests, which show the connection's way."""
    for _ in range(n):
        conn.ask(w3c(run.ids()))
        conn.answer()


# -- NAT

SERVICE, POD = ("10.96.0.10", 80), ("10.244.9.5", 8080)


@case(classes={"nat": 8}, unmatched={})
def nat(run: Run) -> None:
    """tx: service address at the vport, pod at the NIC. rx: NodePort at the NIC, pod at the vport; and source NAT."""
    to_service = run.connection("tx", nat_server=POD)
    to_service.server = SERVICE
    from_outside = run.connection("rx", nat_server=("192.0.2.10", 30080))
    masqueraded = run.connection("tx", nat_client=("192.0.2.10", 61001))
    port_only = run.connection("rx", nat_client=("10.244.1.13", 61002))
    for conn in (to_service, from_outside, masqueraded, port_only):
        conn.open()
        conn.ask(w3c(run.ids()))
        conn.answer()
        conn.ask(b3(run.ids()))
        conn.answer()


@case(classes={"nat": 2}, unmatched={})
def nat_ipv6(run: Run) -> None:
    """The same with IPv6 addresses."""
    for way in ("rx", "tx"):
        run.connection(way, 6, nat_server=("fd00:96::10", 80)).ask(w3c(run.ids()))


@case(classes={"nat+retransmit": 2, "nat+split": 2, "nat+retransmit+split": 2, "retransmit+split": 2}, unmatched={},
      tshark_repeats=True)
def classes_combined(run: Run) -> None:
    """Several classes hold at once."""
    conn = run.connection("tx", nat_server=POD)
    conn.server = SERVICE
    again = conn.ask(w3c(run.ids()))
    run.carry(conn, again)
    for addresses in ({"nat_server": ("192.0.2.10", 30080)}, {}):
        conn = run.connection("tx", **addresses)
        whole = conn.whole(w3c(run.ids(), before=2000))
        run.carry(conn, whole, leaving=cut(whole, (MSS,)))
        wait(run)
        run.carry(conn, whole, leaving=[piece.again() for piece in cut(whole, (1000,))])
    for _ in range(2):
        conn = run.connection("rx", nat_server=("192.0.2.10", 30080))
        run.gather(conn, conn.split(w3c(run.ids(), before=2000), MSS))


# -- losses

@case(classes={"matched": 6}, unmatched={"nic_lost": 2, "vport_lost": 2})
def missing_at_one_point(run: Run) -> None:
    """A request that only one point saw, both ways."""
    for way in ("rx", "tx"):
        conn = run.connection(way)
        steady(run, conn, 2)
        conn.ask(w3c(run.ids()), at=["nic"])
        conn.answer()
        conn.ask(w3c(run.ids()), at=["vport"])
        conn.answer()
        steady(run, conn, 1)


@case(classes={}, unmatched={"nic_lost": 3})
def vport_sees_no_request(run: Run) -> None:
    """Nothing to join: one capture holds requests, the other only its bookends."""
    for way in ("rx", "tx", "rx"):
        run.connection(way).ask(w3c(run.ids()), at=["nic"])


@case(classes={}, unmatched={})
def no_request_at_all(run: Run) -> None:
    """Two captures without HTTP."""
    conn = run.connection()
    conn.open()
    conn.close()


@case(classes={"retransmit": 10}, unmatched={}, tshark_repeats=True)
def retransmit_seen_twice(run: Run) -> None:
    """Both copies passed both points; and once three of them."""
    for way in ("rx", "tx"):
        conn = run.connection(way)
        again = conn.ask(w3c(run.ids()))
        wait(run)
        run.carry(conn, again)
        again = conn.ask(b3(run.ids()))
        for _ in range(2):
            wait(run)
            run.carry(conn, again)


@case(classes={"retransmit": 2}, unmatched={"nic_lost": 1, "vport_lost": 1}, tshark_repeats=True)
def retransmit_first_copy_lost(run: Run) -> None:
    """The first copy was lost between the points: the exit belongs to the second, not to the first."""
    for way in ("rx", "tx"):
        conn = run.connection(way)
        again = conn.ask(w3c(run.ids()), at=[entry(way)])
        wait(run)
        run.carry(conn, again)


@case(classes={"retransmit": 2}, unmatched={"nic_lost": 1, "vport_lost": 1}, tshark_repeats=True)
def retransmit_second_copy_lost(run: Run) -> None:
    """The first copy arrived (its acknowledgement did not); the second was lost between the points."""
    for way in ("rx", "tx"):
        conn = run.connection(way)
        again = conn.ask(w3c(run.ids()))
        wait(run)
        run.carry(conn, again, at=[entry(way)])


@case(classes={"retransmit": 2, "matched": 12}, unmatched={"nic_lost": 1, "vport_lost": 1}, tshark_repeats=True)
def retransmit_first_entry_not_captured(run: Run) -> None:
    """The entry's capture misses the first copy. Other requests fix the way; else the exit would pass for the entry."""
    for way in ("rx", "tx"):
        conn = run.connection(way)
        steady(run, conn)
        again = conn.ask(w3c(run.ids()), at=[leaving(way)])
        wait(run)
        run.carry(conn, again)
        conn.answer()
        steady(run, conn)


@case(classes={"retransmit": 4}, unmatched={}, tshark_repeats=True)
def retransmit_overlapping(run: Run) -> None:
    """Two copies enter before the first leaves: the first exit takes the latest entry, the second what is left."""
    for way in ("rx", "tx"):
        conn = run.connection(way)
        segment = conn.whole(w3c(run.ids()))
        for point, delay in ((entry(way), 0), (entry(way), 5_000), (leaving(way), 40_000), (leaving(way), 90_000)):
            run.emit(point, conn, segment, run.now + delay)
        run.tick()


@case(classes={"retransmit": 2}, unmatched={"nic_lost": 1, "vport_lost": 1}, tshark_repeats=True)
def duplicate_at_one_point(run: Run) -> None:
    """The network doubled a frame at the entry: one pair, with the copy right before the exit."""
    for way in ("rx", "tx"):
        conn = run.connection(way)
        segment = conn.whole(w3c(run.ids()))
        for point, delay in ((entry(way), 0), (entry(way), 700), (leaving(way), 40_000)):
            run.emit(point, conn, segment, run.now + delay)
        run.tick()


# -- heads over several segments

@case(classes={"split": 6}, unmatched={})
def super_packet(run: Run) -> None:
    """3000 bytes at the vport; at the NIC two or three segments, the context in the second."""
    for places, before in (((1500,), 1600), ((1000, 2000), 1200), ((1000, 2000), 1700)):
        for way in ("rx", "tx"):
            conn = run.connection(way)
            ids = run.ids()
            rest = 3000 - len(w3c(ids, before=before).data)
            whole = conn.whole(w3c(ids, before=before, after=rest))
            assert len(whole.payload) == 3000
            if way == "tx":
                run.carry(conn, whole, leaving=cut(whole, places))
            else:
                run.gather(conn, cut(whole, places))


def cut_places(run: Run) -> list:
    """A request with a W3C and one with a B3 context, and the places that hurt."""
    found = []
    for message in (w3c(run.ids(), before=60), b3(run.ids(), before=60)):
        head, ids = message.data[:message.head_len], message.ids
        name = head.index(b"traceparent") if b"traceparent" in head else head.index(b"X-B3-TraceId")
        trace, span = head.index(ids.trace.encode()), head.index(ids.span.encode())
        line_end = head.index(b"\r\n", trace)
        found += [(message.data, place) for place in (
            name, name + 5, trace - 2, trace, trace + 9, trace + 32, span, span + 3, span + 15, span + 16, line_end,
            line_end + 1, line_end + 2, len(head) - 4, len(head) - 3, len(head) - 2, len(head) - 1,
            head.index(b"\r\n") + 1, head.index(b"Host") + 2, head.index(b" HTTP") + 3, head.index(b"items"))]
    return found


def _split_everywhere(run: Run, whole_at_vport: bool) -> None:
    """One request for each place, its ids fresh."""
    for index, (data, place) in enumerate(cut_places(run)):
        conn = run.connection(("rx", "tx")[index % 2])
        maker = w3c if b"traceparent" in data else b3
        message = maker(run.ids(), before=60)
        pieces = conn.split(message, place)
        if not whole_at_vport:
            for piece in pieces:
                run.carry(conn, piece)
        elif conn.way == "rx":
            run.gather(conn, pieces)
        else:
            run.carry(conn, concatenate(pieces), leaving=pieces)


@case(classes={"matched": 42}, unmatched={})
def split_in_two_at_both(run: Run) -> None:
    """Cut inside names, ids, blanks and line ends, alike at both points."""
    _split_everywhere(run, False)


@case(classes={"split": 42}, unmatched={})
def split_in_two_at_nic(run: Run) -> None:
    """The same cuts at the NIC, whole at the vport."""
    _split_everywhere(run, True)


@case(classes={"matched": 2, "split": 2}, unmatched={})
def split_into_many(run: Run) -> None:
    """A head of 6 kB in usual segments, and one in pieces of seven bytes."""
    for way in ("rx", "tx"):
        conn = run.connection(way)
        message = w3c(run.ids())
        for piece in conn.split(message, *range(7, len(message.data), 7)):
            run.carry(conn, piece)
        conn = run.connection(way)
        message = w3c(run.ids(), before=5000, after=1000)
        pieces = conn.split(message, *range(MSS, len(message.data), MSS))
        if way == "rx":
            run.gather(conn, pieces)
        else:
            run.carry(conn, concatenate(pieces), leaving=pieces)


def _pieces(run: Run, way: str) -> tuple[Connection, Segment, Segment]:
    """A head in two segments, the context in the second, on a connection that was opened."""
    conn = run.connection(way)
    conn.open()
    first, second = conn.split(w3c(run.ids(), before=300), 200)
    return conn, first, second


@case(classes={"matched": 4}, unmatched={}, tshark_reorders=True)
def split_out_of_order(run: Run) -> None:
    """The second segment comes first: at both points, and at one."""
    for way in ("rx", "tx"):
        conn, first, second = _pieces(run, way)
        run.carry(conn, second)
        run.carry(conn, first)
        conn.answer()
        conn, first, second = _pieces(run, way)
        for point, delays in ((entry(way), (0, 9_000)), (leaving(way), (80_000, 70_000))):
            for segment, delay in zip((first, second), delays):
                run.emit(point, conn, segment, run.now + delay)
        run.tick()
        conn.answer()


@case(classes={"matched": 2}, unmatched={}, tshark_repeats=True)
def split_second_doubled(run: Run) -> None:
    """First, second, second again."""
    for way in ("rx", "tx"):
        conn, first, second = _pieces(run, way)
        for segment in (first, second, second.again()):
            run.carry(conn, segment)
        conn.answer()


@case(classes={"retransmit": 4}, unmatched={}, tshark_repeats=True)
def split_first_doubled(run: Run) -> None:
    """First, first again, second: the second completes both sightings of the first."""
    for way in ("rx", "tx"):
        conn, first, second = _pieces(run, way)
        for segment in (first, first, second):
            run.carry(conn, segment)
        conn.answer()


@case(classes={"retransmit": 4}, unmatched={}, tshark_repeats=True)
def split_both_doubled(run: Run) -> None:
    """First, second, and both again after a timeout."""
    for way in ("rx", "tx"):
        conn, first, second = _pieces(run, way)
        for segment in (first, second):
            run.carry(conn, segment)
        wait(run)
        for segment in (first, second.again()):
            run.carry(conn, segment)
        conn.answer()


@case(classes={"retransmit": 4}, unmatched={}, tshark_repeats=True)
def split_first_again_alone(run: Run) -> None:
    """First, second, first again: the bytes that complete it have passed already."""
    for way in ("rx", "tx"):
        conn, first, second = _pieces(run, way)
        for segment in (first, second, first):
            run.carry(conn, segment)
        conn.answer()


@case(classes={"matched": 2}, unmatched={}, tshark_repeats=True)
def split_overlapping(run: Run) -> None:
    """The second segment repeats the end of the first, as a retransmission in other pieces does."""
    for way in ("rx", "tx"):
        conn = run.connection(way)
        whole = conn.whole(w3c(run.ids(), before=300))
        first = cut(whole, (200,))[0]
        second = cut(whole, (150,))[1]
        run.carry(conn, first)
        run.carry(conn, second)
        conn.answer()


@case(classes={"matched": 2}, unmatched={"nic_not_detected": 1, "vport_not_detected": 1})
def split_rest_lost_at_exit(run: Run) -> None:
    """The exit saw the request line but not the rest of the head: not detected there."""
    for way in ("rx", "tx"):
        conn = run.connection(way)
        steady(run, conn, 1)
        first, second = conn.split(w3c(run.ids(), before=300), 200)
        run.carry(conn, first, leaving=[first.without_context("split")])
        run.carry(conn, second, at=[entry(way)])


@case(classes={"matched": 2}, unmatched={})
def split_rest_lost_everywhere(run: Run) -> None:
    """Neither point saw the rest of the head."""
    for way in ("rx", "tx"):
        conn = run.connection(way)
        steady(run, conn, 1)
        first, _ = conn.split(w3c(run.ids(), before=300), 200)
        run.carry(conn, first.without_context("split"))


@case(classes={"matched": 4}, unmatched={"nic_not_detected": 1, "vport_not_detected": 1})
def split_rest_lost_then_more(run: Run) -> None:
    """After the hole the connection goes on: the next request is found, and does not fill the unfinished head."""
    for way in ("rx", "tx"):
        conn = run.connection(way)
        steady(run, conn, 1)
        first, second = conn.split(w3c(run.ids(), before=300), 200)
        run.carry(conn, first, leaving=[first.without_context("split")])
        run.carry(conn, second, at=[entry(way)])
        conn.answer()
        steady(run, conn, 1)


@case(classes={"matched": 2}, unmatched={})
def split_without_context(run: Run) -> None:
    """A head over two segments that holds no context; the next request does."""
    for way in ("rx", "tx"):
        conn = run.connection(way)
        for piece in conn.split(plain(), 50):
            run.carry(conn, piece)
        conn.answer()
        conn.ask(w3c(run.ids()))


# -- time windows

@case(bookends=False, classes={"matched": 3}, unmatched={"nic_outside_window": 2})
def vport_begins_later(run: Run) -> None:
    """Two requests before the vport's first frame."""
    conn = run.connection("rx")
    run.bookend("nic")
    run.tick()
    for _ in range(2):
        conn.ask(w3c(run.ids()), at=["nic"])
    run.bookend("vport")
    run.tick()
    steady(run, conn)
    run.bookends()


@case(bookends=False, classes={"matched": 2}, unmatched={"vport_outside_window": 2, "vport_lost": 1})
def nic_ends_earlier(run: Run) -> None:
    """Two requests after the NIC's last frame, and one lost before it."""
    conn = run.connection("tx")
    run.bookends()
    steady(run, conn, 2)
    conn.ask(w3c(run.ids()), at=["vport"])
    run.bookends()
    for _ in range(2):
        conn.ask(w3c(run.ids()), at=["vport"])


@case(bookends=False, classes={}, unmatched={"nic_outside_window": 2, "vport_outside_window": 2})
def windows_apart(run: Run) -> None:
    """The captures do not overlap in time."""
    conn = run.connection("rx")
    for point in ("nic", "vport"):
        for _ in range(2):
            conn.ask(w3c(run.ids()), at=[point])


@case(bookends=False, classes={"matched": 1}, unmatched={}, nic=Site(tunnels=(vxlan(8472),)), vport=BARE)
def one_frame_each(run: Run) -> None:
    """The smallest run: one frame in each file."""
    run.connection("rx").ask(w3c(run.ids()))



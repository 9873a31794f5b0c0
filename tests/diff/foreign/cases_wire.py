"""cases_wire - what lies around a request: file formats, link types, VLAN tags, tunnels, IP and TCP headers."""
from __future__ import annotations

from dataclasses import replace

from scapy.layers.dns import DNS, DNSQR
from scapy.layers.inet import ICMP, IP, TCP, UDP, IPOption_NOP, IPOption_Timestamp
from scapy.layers.inet6 import (ICMPv6EchoRequest, ICMPv6ND_NS, IPv6, IPv6ExtHdrDestOpt, IPv6ExtHdrFragment,
                                IPv6ExtHdrHopByHop, IPv6ExtHdrRouting, PadN, RouterAlert)
from scapy.layers.l2 import ARP, LLC, STP, Dot3, Ether
from scapy.packet import Raw

from case import BARE, OVERLAY, add, case
from http_text import W3C, b3, filler, plain, request, response, w3c, w3c_line
from traffic import Options, Run
from wire import NODE_A, NODE_B, Site, Tag, Tunnel, geneve, gre, ipip, tcp_packet, vxlan

USUAL = {"matched": 6}


def usual_traffic(run: Run, version: int = 4, options: Options = Options()) -> None:
    """A connection each way, opened and closed, with three requests: W3C, B3 and one without a context."""
    for way in ("rx", "tx"):
        conn = run.connection(way, version, options=options)
        conn.open()
        for message in (w3c(run.ids()), b3(run.ids()), plain(), w3c(run.ids(), before=600)):
            conn.ask(message)
            conn.answer()
            conn.acknowledge()
        conn.close()


def link(**fields) -> Ether:
    """An Ethernet header with both addresses given: scapy would ask the network for them."""
    return Ether(src=NODE_A, dst=NODE_B, **fields)


def usual4(run: Run) -> None:
    """Usual traffic between IPv4 pods."""
    usual_traffic(run, 4)


def usual6(run: Run) -> None:
    """Usual traffic between IPv6 pods."""
    usual_traffic(run, 6)


def both_families(run: Run) -> None:
    """Usual traffic of IPv4 and of IPv6 pods."""
    usual_traffic(run, 4)
    usual_traffic(run, 6)


# -- tunnels

TUNNELS: dict[str, Tunnel] = {
    "vxlan_4789": vxlan(4789), "vxlan_8472": vxlan(8472), "vxlan_vni_24_bits": vxlan(vni=0xFFFFFF),
    "vxlan_over_ipv6": vxlan(outer=6), "geneve": geneve(), "geneve_options": geneve(options=True),
    "geneve_carrying_ip": geneve(ethernet=False), "geneve_over_ipv6_options": geneve(options=True, outer=6),
    "gre": gre(), "gre_key": gre(key=0x01020304), "gre_key_seq_csum": gre(key=9, sequence=True, checksum=True),
    "gre_csum": gre(checksum=True), "gre_seq": gre(sequence=True), "gre_ethernet": gre(ethernet=True),
    "gre_ethernet_key": gre(key=0x00ABCD01, ethernet=True), "gre_over_ipv6": gre(outer=6),
}
for _name, _tunnel in TUNNELS.items():
    add(f"tunnel_{_name}", both_families, nic=Site(tunnels=(_tunnel,)), classes={"matched": 12}, unmatched={})
for _inner, _build in ((4, usual4), (6, usual6)):
    for _outer in (4, 6):
        add(f"tunnel_ipip_{_inner}in{_outer}", _build, nic=Site(tunnels=(ipip(_outer),)), classes=USUAL, unmatched={})
add("tunnel_none", both_families, nic=BARE, classes={"matched": 12}, unmatched={})
add("tunnel_at_both_points", usual4, nic=OVERLAY, vport=OVERLAY, classes=USUAL, unmatched={})
add("tunnel_nested_ipip_in_vxlan", usual4, nic=Site(tunnels=(vxlan(), ipip())), classes=USUAL, unmatched={})

# -- VLAN tags

Q5: Tag = ("802.1Q", 5)
TAGS: dict[str, Site] = {
    "8021q_outside": Site(tags=(("802.1Q", 0xA005),), tunnels=(vxlan(),)),
    "8021q_inside": Site(tunnels=(vxlan(inner_tags=(Q5,)),)),
    "qinq_outside": Site(tags=(("802.1ad", 0x6007), Q5), tunnels=(vxlan(),)),
    "qinq_inside": Site(tunnels=(vxlan(inner_tags=(("802.1ad", 7), Q5)),)),
    "qinq_of_two_8021q": Site(tags=(("802.1Q", 9), Q5), tunnels=(vxlan(),)),
    "8021q_outside_and_inside": Site(tags=(Q5,), tunnels=(vxlan(inner_tags=(("802.1Q", 6),)),)),
    "8021q_no_tunnel": Site(tags=(Q5,)),
}
for _name, _site in TAGS.items():
    add(f"vlan_{_name}", both_families, nic=_site, classes={"matched": 12}, unmatched={})

# -- IP and TCP headers

HOP = IPv6ExtHdrHopByHop(options=[RouterAlert(value=0), PadN(optdata=b"")])
DESTINATION = IPv6ExtHdrDestOpt(options=[PadN(optdata=b"\0" * 12)])
ROUTING = IPv6ExtHdrRouting(type=0, segleft=0, addresses=["2001:db8::77"])
HEADERS: dict[str, tuple[int, Options]] = {
    "ipv6_hop_by_hop": (6, Options(extensions=(HOP,))),
    "ipv6_destination_options": (6, Options(extensions=(DESTINATION,))),
    "ipv6_hop_and_destination": (6, Options(extensions=(HOP, DESTINATION))),
    "ipv6_hop_destination_routing_destination": (6, Options(extensions=(HOP, DESTINATION, ROUTING, DESTINATION))),
    "ipv4_options": (4, Options(ip_options=(IPOption_NOP(), IPOption_Timestamp(flg=0, oflw=0)))),
    "ipv4_options_full": (4, Options(ip_options=tuple(IPOption_NOP() for _ in range(40)))),
    "tcp_options": (4, Options(tcp_options=(("NOP", None), ("NOP", None), ("Timestamp", (123456, 654321))))),
    "tcp_options_full": (6, Options(tcp_options=tuple(("NOP", None) for _ in range(40)))),
    "wrong_checksums": (4, Options(bad_checksum=True)),
}
for _name, (_version, _options) in HEADERS.items():
    add(f"header_{_name}", lambda run, v=_version, o=_options: usual_traffic(run, v, o), classes=USUAL, unmatched={})


@case(nic=Site(pad=True), vport=Site(pad=True), classes={"matched": 1, "split": 1}, unmatched={})
def ethernet_padding(run: Run) -> None:
    """Padding on bare ACKs and on the last two bytes of a head is not payload."""
    conn = run.connection("rx")
    conn.open()
    conn.ask(w3c(run.ids()))
    conn.acknowledge()
    message = w3c(run.ids())
    run.gather(conn, conn.split(message, len(message.data) - 2))
    conn.close()


PADDING_DECOY = b"traceparent: 00-0123456789abcdef0123456789abcdef-0123456789abcdef-01\r\n\r\n"


@case(nic=Site(tunnels=(vxlan(),), trailer=b"GET / HTTP/1.1\r\n" + PADDING_DECOY), vport=Site(trailer=PADDING_DECOY),
      classes=USUAL, unmatched={})
def padding_decoy(run: Run) -> None:
    """Bytes behind the IP packet look like a context, and like a request: a reader goes by the IP length."""
    usual_traffic(run)


# -- files

FORMS = ["pcap-us", "pcap-be", "pcap-us-be", "pcap.gz", "pcap.zst", "pcapng", "pcapng-us", "pcapng-be",
         "pcapng-editcap", "pcapng.gz", "pcapng.zst"]
for _form in FORMS:
    add("file_" + _form.replace("-", "_").replace(".", "_"), usual4, nic_form=_form, vport_form=_form, classes=USUAL,
        unmatched={})
add("file_pcapng_ns_and_pcap_us_gz", usual4, nic_form="pcapng", vport_form="pcap-us.gz", classes=USUAL, unmatched={})
add("file_pcap_zst_and_pcapng_us", usual4, nic_form="pcap.zst", vport_form="pcapng-us", classes=USUAL, unmatched={})

# -- link types

LINKS: dict[str, tuple[Site, Site, int]] = {
    "cooked_v1": (Site(link="sll", tunnels=(vxlan(),)), Site(link="sll"), 12),
    "cooked_v2": (Site(link="sll2", tunnels=(vxlan(),)), Site(link="sll2"), 12),
    "raw_ip": (Site(link="raw", tunnels=(ipip(),)), Site(link="raw"), 12),
    "cooked_v1_and_ethernet": (Site(link="sll", tunnels=(geneve(),)), BARE, 12),
    "ethernet_and_cooked_v2": (OVERLAY, Site(link="sll2"), 12),
}
for _name, (_nic, _vport, _n) in LINKS.items():
    add(f"link_{_name}", both_families, nic=_nic, vport=_vport, classes={"matched": _n}, unmatched={})
add("link_raw_ipv4_and_ethernet", usual4, nic=Site(link="raw4", tunnels=(ipip(),)), classes=USUAL, unmatched={})
add("link_raw_ipv6", usual6, nic=Site(link="raw6", tunnels=(ipip(6),)), vport=Site(link="raw6"), classes=USUAL,
    unmatched={})
add("link_cooked_direction_disagrees", usual4, nic=Site(link="sll", tunnels=(vxlan(),), direction_lies=True),
    vport=Site(link="sll"), classes={"inconsistent": 6}, unmatched={})


# -- the ledger

@case(nic=BARE, classes={"matched": 1}, unmatched={})
def ledger_not_ip(run: Run) -> None:
    """ARP, spanning tree (a length where the type stands), LLDP and an unknown EtherType."""
    run.raw_both(bytes(link() / ARP()), "not_ip")
    run.raw_both(bytes(Dot3(src=NODE_A, dst="01:80:c2:00:00:00") / LLC() / STP()), "not_ip")
    run.raw_both(bytes(link(type=0x88CC) / Raw(b"\x02\x07\x04abcdef\0\0")), "not_ip")
    run.raw_both(bytes(link(type=0x88B5) / Raw(b"GET / HTTP/1.1\r\n\r\n")), "not_ip")
    run.connection().ask(w3c(run.ids()))


@case(classes={"matched": 1}, unmatched={})
def ledger_not_tcp(run: Run) -> None:
    """UDP, ICMP and neighbour discovery inside the tunnel and outside of it; a request over UDP."""
    query = UDP(sport=5353, dport=53) / DNS(qd=DNSQR(qname="shop.example"))
    four, six = IP(src="10.244.1.2", dst="10.244.1.3"), IPv6(src="fd00::2", dst="fd00::3")
    for packet in (four / query, six / query, four / ICMP() / b"ping", six / ICMPv6EchoRequest(data=b"ping"),
                   six / ICMPv6ND_NS(tgt="fd00::3"), four / UDP(sport=1, dport=80) / w3c(run.ids()).data):
        run.inner_both(bytes(packet), "not_tcp")
        run.raw_both(bytes(link() / packet), "not_tcp")
    run.connection().ask(w3c(run.ids()))


@case(classes={"matched": 1}, unmatched={})
def ledger_arp_in_tunnel(run: Run) -> None:
    """ARP inside VXLAN: the frame is IP, and after decapsulation no TCP."""
    run.raw("nic", bytes(link() / OVERLAY.tunnels[0].head(4) / link() / ARP()), "not_tcp")
    run.raw("vport", bytes(link() / ARP()), "not_ip")
    run.tick()
    run.connection().ask(w3c(run.ids()))


def _fragments(version: int, request_bytes: bytes, first: bool) -> bytes:
    """The first or a later fragment of a TCP packet."""
    if version == 4:
        ip = IP(src="10.244.1.2", dst="10.244.1.3", proto=6, id=99, flags="MF" if first else 0, frag=0 if first else 30)
    else:
        ip = (IPv6(src="fd00::2", dst="fd00::3") /
              IPv6ExtHdrFragment(nh=6, offset=0 if first else 30, m=int(first), id=99))
    tcp = bytes(TCP(sport=44444, dport=8080, seq=1, flags="PA"))
    body = (tcp + request_bytes + b"." * 400)[:240] if first else b"GET / HTTP/1.1\r\n" + b"." * 84
    return bytes(ip / Raw(body))


@case(classes={"matched": 1}, unmatched={},
      tshark_unsound="tshark reassembles IP fragments; a tracing point refuses them")
def ledger_fragments(run: Run) -> None:
    """First and later fragments, inside the tunnel and outside of it."""
    for version in (4, 6):
        for first in (True, False):
            packet = _fragments(version, w3c(run.ids()).data, first)
            run.inner_both(packet, "fragment")
            kind = 0x0800 if version == 4 else 0x86DD
            run.raw_both(bytes(link(type=kind) / Raw(packet)), "fragment")
    outer = IP(src="192.0.2.10", dst="192.0.2.11", proto=17, flags="MF", id=7)
    run.raw_both(bytes(link() / outer / UDP(sport=5, dport=4789, chksum=0, len=3000) / Raw(b"\x08" + b"\0" * 799)),
                 "fragment")
    run.connection().ask(w3c(run.ids()))


@case(classes={"matched": 1}, unmatched={})
def ledger_no_payload(run: Run) -> None:
    """SYN, SYN/ACK, bare ACK, FIN, RST and a window update."""
    conn = run.connection()
    conn.open()
    conn.ask(w3c(run.ids()))
    conn.acknowledge()
    run.carry(conn, replace(conn.segment(b"", "no_payload"), flags="A"))
    conn.close()
    run.carry(conn, replace(conn.segment(b"", "no_payload"), flags="RA"))


@case(classes={"matched": 2}, unmatched={})
def ledger_payloads(run: Run) -> None:
    """TLS records, random bytes, HTTP/2, text that almost is a request, responses and their bodies."""
    tls = run.connection("tx")
    tls.open()
    for kind, minor in ((22, 1), (20, 3), (23, 3), (21, 3), (22, 3)):
        run.carry(tls, tls.segment(bytes((kind, 3, minor, 0, 40)) + bytes(range(160, 200)), "tls"))
    tls.answer(bytes((22, 3, 3, 0, 122)) + b"\x02" + b"\xa5" * 121, "tls")
    run.carry(tls, tls.segment(b"\xaa" * 300))
    noise = run.connection()
    for payload in (bytes(range(255, 0, -1)), b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"GETAWAY car\r\n\r\n", b"\0" * 20,
                    b"SSH-2.0-OpenSSH_9.2\r\n", b"*1\r\n$4\r\nPING\r\n", b"HTTP is a protocol\r\n", b"x"):
        run.carry(noise, noise.segment(payload, "http2" if payload.startswith(b"PRI") else "other_payload"))
        noise = run.connection()
    conn = run.connection()
    conn.ask(w3c(run.ids()))
    answer = response(body=b"b" * 900)
    conn.answer(answer[:600])
    conn.answer(answer[600:], "other_payload")
    conn.ask(w3c(run.ids()))
    conn.answer(response(version="HTTP/1.0", status="404 Not Found"))


@case(classes={"matched": 1}, unmatched={})
def ledger_bad_header(run: Run) -> None:
    """Whole frames (nothing cut by the capture) whose headers contradict their length or each other."""
    packet = tcp_packet(("10.244.1.2", 40000), ("10.244.9.5", 8080), 1, 1, "PA", w3c(run.ids()).data)
    packet6 = tcp_packet(("fd00::2", 40000), ("fd00::5", 8080), 1, 1, "PA", w3c(run.ids()).data)
    ether = bytes(link(type=0x0800))
    ether6 = bytes(link(type=0x86DD))
    short_ihl = b"\x44" + packet[1:]
    short_total = packet[:2] + b"\0\x10" + packet[4:]
    short_offset = packet[:32] + b"\x40" + packet[33:]
    long_offset = packet[:2] + b"\0\x2c" + packet[4:32] + b"\xf0" + packet[33:44]
    for frame in (ether + packet[:10], ether + packet[:30], ether6 + packet6[:20], ether6 + packet6[:50],
                  ether + short_ihl, ether + short_total, ether + short_offset, ether + long_offset):
        run.raw_both(frame, "bad_header")
    for keep in (10, 30):
        run.raw("nic", OVERLAY.wrap(packet, False)[:50 + keep], "bad_header")
        run.tick()
    run.connection().ask(w3c(run.ids()))


# -- frames that the capture cut

def _snap(run: Run, segment, conn, keep: int) -> None:
    """A segment that both captures kept up to `keep` bytes after the vport's TCP header."""
    for index, point in enumerate(("nic", "vport") if conn.way == "rx" else ("vport", "nic")):
        headers = 54 + (50 if point == "nic" else 0)
        run.emit(point, conn, segment, run.now + index * 30_000, keep=headers + keep)
    run.tick()


@case(classes={"matched": 2}, unmatched={}, tshark_unsound="tshark shows no request whose head the capture cut")
def snaplen_cuts(run: Run) -> None:
    """Cut before the context, within its ids, right behind them, behind the head, and within the first bytes."""
    for place in ("before", "within", "behind", "after_head", "method", "nothing", "tls", "noise", "response"):
        conn = run.connection()
        message = w3c(run.ids(), before=200, after=100)
        segment = conn.whole(message)
        hidden = segment.without_context("truncated")
        match place:
            case "before":
                _snap(run, hidden, conn, 100)
            case "within":
                _snap(run, hidden, conn, message.ids_end - 1)
            case "behind":
                _snap(run, segment, conn, message.ids_end + 6)
            case "after_head":
                whole = conn.whole(request([*filler(100), w3c_line(ids := run.ids())], ids, W3C, method="POST",
                                           body=b"z" * 500))
                _snap(run, whole, conn, whole.heads[0].ids_end + 60)
            case "method":
                _snap(run, replace(segment, reason="truncated", heads=()), conn, 2)
            case "nothing":
                _snap(run, replace(segment, reason="truncated", heads=()), conn, 0)
            case "tls":
                _snap(run, conn.segment(b"\x17\x03\x03\x01\x00" + b"\x99" * 256, "tls"), conn, 40)
            case "noise":
                _snap(run, conn.segment(b"\x99" * 256), conn, 40)
            case "response":
                _snap(run, conn.segment(response(body=b"k" * 300), "http_response"), conn, 40)


@case(classes={"matched": 1}, unmatched={})
def snaplen_whole_head_without_context(run: Run) -> None:
    """Only the body was cut away: that there is no context is known."""
    conn = run.connection()
    message = request(["Accept: */*"], method="POST", body=b"k" * 600)
    _snap(run, conn.whole(message), conn, message.head_len + 10)
    run.connection().ask(w3c(run.ids()))


@case(classes={"matched": 1}, unmatched={})
def snaplen_headers(run: Run) -> None:
    """The capture kept less than the headers: that is truncation, no bad header."""
    for keep in (20, 30, 44):
        conn = run.connection()
        segment = replace(conn.whole(w3c(run.ids())), reason="truncated", heads=())
        for point in ("nic", "vport"):
            run.emit(point, conn, segment, run.now, keep=keep)
            run.now += 1000
        run.tick()
    run.connection().ask(w3c(run.ids()))


@case(unmatched={"vport_not_detected": 1}, classes={"matched": 1})
def snaplen_at_one_point(run: Run) -> None:
    """One point's capture was cut before the context: not detected there, not lost."""
    conn = run.connection()
    message = w3c(run.ids(), before=200)
    segment = conn.whole(message)
    run.emit("nic", conn, segment.without_context("truncated"), run.now, keep=200)
    run.emit("vport", conn, segment, run.now + 30_000)
    run.tick()
    run.connection().ask(w3c(run.ids()))

"""wire - frames as they pass a point: a link header, VLAN tags and tunnels around an inner IP packet.

Scapy packs every header. What surrounds a packet depends, at a given point, on its length alone (tunnels are sent
without an outer UDP checksum, as kernels do), so the surrounding bytes are packed once for each length.
"""
from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Callable, Sequence

from scapy.contrib.geneve import GENEVE, GeneveOptions
from scapy.layers.inet import IP, TCP, UDP
from scapy.layers.inet6 import IPv6
from scapy.layers.l2 import ARP, GRE, CookedLinux, CookedLinuxV2, Dot1AD, Dot1Q, Ether
from scapy.layers.vxlan import VXLAN
from scapy.packet import Packet, Raw

NODE_A, NODE_B = "02:00:00:00:00:0a", "02:00:00:00:00:0b"
POD_A, POD_B = "0a:58:00:00:00:0a", "0a:58:00:00:00:0b"
OUTER4 = ("192.0.2.10", "192.0.2.11")
OUTER6 = ("2001:db8:ffff::10", "2001:db8:ffff::11")
ETHERTYPE = {4: 0x0800, 6: 0x86DD}
IP_PROTOCOL = {4: 4, 6: 41}  # a whole packet as payload of another

Tag = tuple[str, int]  # "802.1Q" or "802.1ad", and the tag control information


@dataclass(frozen=True)
class Tunnel:
    """One encapsulation: what stands before the inner packet, given its IP version."""

    encap: str  # as the database names it
    outer_version: int
    head: Callable[[int], Packet]
    vni: int = 0
    carries_ethernet: bool = False
    inner_tags: tuple[Tag, ...] = ()
    sums_payload: bool = False  # its header has a checksum over what it carries


def outer_ip(version: int, protocol: int) -> Packet:
    """The header between two nodes."""
    if version == 4:
        return IP(src=OUTER4[0], dst=OUTER4[1], proto=protocol, id=0x1234, flags="DF")
    return IPv6(src=OUTER6[0], dst=OUTER6[1], nh=protocol)


def vxlan(port: int = 4789, vni: int = 42, outer: int = 4, inner_tags: tuple[Tag, ...] = ()) -> Tunnel:
    """RFC 7348; port 8472 is what Linux and flannel used before IANA gave one."""
    def head(_version: int) -> Packet:
        return outer_ip(outer, 17) / UDP(sport=51234, dport=port, chksum=0) / VXLAN(flags=0x08, vni=vni)
    return Tunnel("vxlan", outer, head, vni, True, inner_tags)


def geneve(options: bool = False, ethernet: bool = True, vni: int = 77, outer: int = 4) -> Tunnel:
    """RFC 8926, with two options of unlike length if wanted."""
    wanted = [GeneveOptions(classid=0x0102, type=1, data=b"\1\2\3\4"),
              GeneveOptions(classid=0x0103, type=2, data=b"GET / HTTP/1")] if options else []

    def head(version: int) -> Packet:
        protocol = 0x6558 if ethernet else ETHERTYPE[version]
        return outer_ip(outer, 17) / UDP(sport=51234, dport=6081, chksum=0) / GENEVE(
            vni=vni, proto=protocol, options=wanted)
    return Tunnel("geneve", outer, head, vni, ethernet)


def gre(key: int | None = None, sequence: bool = False, checksum: bool = False, ethernet: bool = False,
        outer: int = 4) -> Tunnel:
    """RFC 2784 and 2890; each optional field shifts the payload by four bytes."""
    def head(version: int) -> Packet:
        return outer_ip(outer, 47) / GRE(
            proto=0x6558 if ethernet else ETHERTYPE[version], key_present=int(key is not None), key=key,
            seqnum_present=int(sequence), seqence_number=7 if sequence else None, chksum_present=int(checksum))
    return Tunnel("gre", outer, head, key or 0, ethernet, sums_payload=checksum)


def ipip(outer: int = 4) -> Tunnel:
    """RFC 2003, 4213 and 2473: the inner version names the outer's protocol."""
    return Tunnel("ipip", outer, lambda version: outer_ip(outer, IP_PROTOCOL[version]))


def tagged(ether: Packet, tags: Sequence[Tag]) -> Packet:
    """An Ethernet header with VLAN tags behind it, outermost first."""
    for kind, tci in tags:
        layer = Dot1AD if kind == "802.1ad" else Dot1Q
        ether.lastlayer().type = 0x88A8 if layer is Dot1AD else 0x8100
        ether = ether / layer(prio=tci >> 13, id=tci >> 12 & 1, vlan=tci & 0xFFF)
    return ether


def ethernet(version: int, pods: bool, tags: Sequence[Tag] = ()) -> Packet:
    """A link header between two nodes or two pods."""
    frame = tagged(Ether(src=POD_A if pods else NODE_A, dst=POD_B if pods else NODE_B), tags)
    frame.lastlayer().type = ETHERTYPE[version]
    return frame


@dataclass(frozen=True)
class Site:
    """How packets look at a point: link type, tags outside, tunnels from the outermost to the innermost."""

    link: str = "ether"
    tags: tuple[Tag, ...] = ()
    tunnels: tuple[Tunnel, ...] = ()
    pad: bool = False  # fill small frames up to Ethernet's 60 bytes
    trailer: bytes = b""  # bytes after the IP packet, as padding that is not zero
    snaplen: int = 0
    direction_lies: bool = False  # a cooked header that says the opposite of what happened

    def link_header(self, version: int, outgoing: bool) -> Packet | None:
        """The header of the capture's link type; cooked ones say which way the packet went."""
        kind = 4 if outgoing != self.direction_lies else 0
        source = bytes.fromhex(NODE_A.replace(":", "")) + b"\0\0"
        match self.link:
            case "ether":
                return ethernet(version, not self.tunnels, self.tags)
            case "sll":
                return CookedLinux(pkttype=kind, lladdrtype=1, lladdrlen=6, src=source, proto=ETHERTYPE[version])
            case "sll2":
                return CookedLinuxV2(pkttype=kind, ifindex=3, lladdrtype=1, lladdrlen=6, src=source,
                                     proto=ETHERTYPE[version])
        return None

    def _pack(self, inner: Packet, version: int, outgoing: bool) -> bytes:
        """The whole frame around an inner packet."""
        stack = inner
        for tunnel in reversed(self.tunnels):
            if tunnel.carries_ethernet:
                stack = ethernet(version, True, tunnel.inner_tags) / stack
            stack = tunnel.head(version) / stack
            version = tunnel.outer_version
        link = self.link_header(version, outgoing)
        return bytes(stack if link is None else link / stack)

    @lru_cache(maxsize=None)
    def _around(self, version: int, length: int, outgoing: bool) -> bytes:
        """The bytes before an inner packet of this version and length."""
        packed = self._pack(Raw(b"\0" * length), version, outgoing)
        return packed[:len(packed) - length]

    def wrap(self, inner: bytes, outgoing: bool) -> bytes:
        """The frame that carries an inner packet past this point."""
        version = inner[0] >> 4
        if any(tunnel.sums_payload for tunnel in self.tunnels):
            frame = self._pack(Raw(inner), version, outgoing)
        else:
            frame = self._around(version, len(inner), outgoing) + inner
        frame += self.trailer
        if self.pad and len(frame) < 60:
            frame += b"\0" * (60 - len(frame))
        return frame


def tcp_packet(source: tuple[str, int], target: tuple[str, int], seq: int, ack: int, flags: str, payload: bytes,
               *, ip_options: Sequence = (), tcp_options: Sequence = (), extensions: Sequence[Packet] = (),
               bad_checksum: bool = False) -> bytes:
    """An inner packet. A wrong checksum is what a capture sees when the interface computes it later."""
    tcp = TCP(sport=source[1], dport=target[1], seq=seq, ack=ack, flags=flags, options=list(tcp_options))
    if bad_checksum:
        tcp.chksum = 0xDEAD
    if ":" in source[0]:
        packet: Packet = IPv6(src=source[0], dst=target[0])
        for extension in extensions:
            packet = packet / extension.copy()
    else:
        packet = IP(src=source[0], dst=target[0], id=0x4321, flags="DF", options=list(ip_options))
    packet = packet / tcp
    return bytes(packet / Raw(payload) if payload else packet)


def arp_frame(site: Site) -> bytes:
    """An ARP request in the point's link type (raw IP has no place for one)."""
    arp = ARP(psrc="192.0.2.10", pdst="192.0.2.11", hwsrc=NODE_A)
    header = site.link_header(4, False)
    if site.link == "ether":
        header = Ether(src=NODE_A, dst="ff:ff:ff:ff:ff:ff")
    if header is None:
        raise ValueError("raw IP carries no ARP")
    if site.link != "ether":
        header.proto = 0x0806
    return bytes(header / arp)

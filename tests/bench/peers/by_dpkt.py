#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""by_dpkt - from two packet captures to the figure, by a script around dpkt.

usage: by_dpkt.py NIC.PCAP VPORT.PCAP OUT_DIR

Prints the seconds that reading took. Right where every request is one packet that passes once. Beyond that:
- a request that was sent again takes the place of its first sighting: one passage is missing; and where the network lost one of
  them between the points, the first at one is paired with the second at the other, a latency that is a timeout;
- a context that lies in the second segment of its request, or over two, is not found;
- it knows Ethernet, IPv4 and VXLAN at one port, and no VLAN tags, IPv6, IP in IP, fragments.
"""
import re

import dpkt
from figure import join_by_key

TRACE = re.compile(rb"\r\nx-b3-traceid: *([0-9a-f]{16,32})\r\n", re.IGNORECASE)
SPAN = re.compile(rb"\r\nx-b3-spanid: *([0-9a-f]{16})\r\n", re.IGNORECASE)
METHODS = (b"GET ", b"POST", b"PUT ", b"HEAD", b"DELE", b"PATC", b"OPTI")


def segment_of(frame):
    """The TCP segment of a frame, out of a VXLAN tunnel if it is in one; None without."""
    ip = dpkt.ethernet.Ethernet(frame).data
    if isinstance(ip, dpkt.ip.IP) and isinstance(ip.data, dpkt.udp.UDP) and ip.data.dport == 4789:
        ip = dpkt.ethernet.Ethernet(ip.data.data[8:]).data
    return ip.data if isinstance(ip, dpkt.ip.IP) and isinstance(ip.data, dpkt.tcp.TCP) else None


def read(path):
    """(sequence number, trace id, span id) of each request to its time in ns."""
    found = {}
    with open(path, "rb") as file:
        for stamp, frame in dpkt.pcap.Reader(file):
            tcp = segment_of(frame)
            if tcp is None or tcp.data[:4] not in METHODS:
                continue
            trace, span = TRACE.search(tcp.data), SPAN.search(tcp.data)
            if trace and span:
                found[tcp.seq, trace[1].decode(), span[1].decode()] = int(stamp * 10**9)
    return found


join_by_key(read)

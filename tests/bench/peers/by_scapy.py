#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""by_scapy - from two packet captures to the figure, by a script around scapy.

usage: by_scapy.py NIC.PCAP VPORT.PCAP OUT_DIR

Prints the seconds that reading took. Right where every request is one packet that passes once. Beyond that it goes wrong where
by_dpkt.py does; tunnels scapy takes off by itself.
"""
import re

from figure import join_by_key
from scapy.all import TCP, PcapReader  # pylint: disable=no-name-in-module

TRACE = re.compile(rb"\r\nx-b3-traceid: *([0-9a-f]{16,32})\r\n", re.IGNORECASE)
SPAN = re.compile(rb"\r\nx-b3-spanid: *([0-9a-f]{16})\r\n", re.IGNORECASE)
METHODS = (b"GET ", b"POST", b"PUT ", b"HEAD", b"DELE", b"PATC", b"OPTI")


def read(path):
    """(sequence number, trace id, span id) of each request to its time in ns."""
    found = {}
    with PcapReader(path) as packets:
        for packet in packets:
            if TCP not in packet:
                continue
            payload = bytes(packet[TCP].payload)
            if payload[:4] not in METHODS:
                continue
            trace, span = TRACE.search(payload), SPAN.search(payload)
            if trace and span:
                found[packet[TCP].seq, trace[1].decode(), span[1].decode()] = int(packet.time * 10**9)
    return found


join_by_key(read)

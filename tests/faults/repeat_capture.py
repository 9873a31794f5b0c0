#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Prints a packet capture that goes on N times: each time a second later, and from other ports.

usage: repeat_capture.py CAPTURE.pcap N
"""
import struct
import sys


def main():
    if len(sys.argv) != 3 or not sys.argv[2].isdigit():
        sys.exit(__doc__)
    with open(sys.argv[1], "rb") as file:
        data = file.read()
    packets, at = [], 24
    while at + 16 <= len(data):
        header = list(struct.unpack_from("<IIII", data, at))
        packets.append((header, data[at + 16 : at + 16 + header[2]]))
        at += 16 + header[2]
    out = [data[:24]]
    for i in range(int(sys.argv[2])):
        for (seconds, fraction, captured, wire), frame in packets:
            out.append(struct.pack("<IIII", seconds + i, fraction, captured, wire) + frame)
    sys.stdout.buffer.write(b"".join(out))


main()

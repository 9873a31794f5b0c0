#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Sends frames, each of which holds one HTTP request, out of an interface, and says how many it has sent.

Their span ids are the decimal numbers from 1 on, so that it can be told from records which are missing; trace ids are
random. SIGTERM ends it.

Usage: send.py INTERFACE [N [PER_SECOND]]
  N           how many; 0, the default: until it is ended
  PER_SECOND  frames a second; 0, the default: as fast as it can
"""
import errno
import os
import signal
import socket
import struct
import sys
import time

AT_ONCE = 50  # frames between two looks at the clock


def checksum(data):
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def frame_head(n_payload):
    """Ethernet and IPv4, for all frames of that length."""
    ip = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 40 + n_payload, 1, 0x4000, 64, 6, 0, bytes([10, 9, 0, 1]), bytes([10, 9, 0, 2]))
    ip = ip[:10] + struct.pack("!H", checksum(ip)) + ip[12:]
    return bytes.fromhex("020000000002" "020000000001" "0800") + ip


def main():
    if not 2 <= len(sys.argv) <= 4:
        sys.exit(__doc__)
    n_wanted = int(sys.argv[2]) if len(sys.argv) > 2 else 0
    per_second = int(sys.argv[3]) if len(sys.argv) > 3 else 0
    ended = []
    signal.signal(signal.SIGTERM, lambda *_: ended.append(True))
    out = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
    out.bind((sys.argv[1], 0))
    before = b"GET /page HTTP/1.1\r\nhost: tests\r\ntraceparent: 00-"
    head = frame_head(len(before) + 32 + 1 + 16 + len(b"-01\r\n\r\n"))
    n = 0
    start = time.monotonic()
    while not ended and (n_wanted == 0 or n < n_wanted):
        n += 1
        # a port and a sequence number of its own: each is a connection's only request
        tcp = struct.pack("!HHIIBBHHH", 1024 + n % 60000, 80, n, 1, 0x50, 0x18, 512, 0, 0)
        frame = head + tcp + before + os.urandom(16).hex().encode() + b"-%016d-01\r\n\r\n" % n
        try:
            out.send(frame)
        except OSError as e:
            if e.errno != errno.ENOBUFS:  # it has left by this interface; the other end had no room
                raise
        if per_second and n % AT_ONCE == 0:
            time.sleep(max(0.0, start + n / per_second - time.monotonic()))
    print(n)


if __name__ == "__main__":
    main()

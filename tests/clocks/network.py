#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Writes what tcpdump at the NICs of four nodes would have: Bookinfo's calls, requests and responses, over a network whose
delays are known: DIR/node1/nic.pcap ... node4, and DIR/truth.json with every delay there and back, by caller and callee.
"""
import argparse
import json
import os
import random
import struct

# Caller, callee, least delay there and back in ns: paths are not symmetric. Behind every delay is an exponential tail.
EDGES = ((4, 1, 40_000, 40_000), (1, 2, 60_000, 25_000), (1, 3, 30_000, 30_000), (3, 4, 35_000, 90_000))
TAIL_NS = 25_000
SERVICE_NS = 3_000_000
BEGIN_NS = 1_760_000_000_000_000_000
IN, OUT = 0, 4  # packet types of the cooked link header


def frame(kind, source, target, sport, seq, ack, payload):
    address = [bytes((10, 244, node, 10)) for node in (source, target)]
    ports = struct.pack("!HH", *((sport, 9080) if sport > 0 else (9080, -sport)))
    tcp = ports + struct.pack("!IIBBHHH", seq, ack, 5 << 4, 0x18, 512, 0, 0) + payload
    ip = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(tcp), 0, 0x4000, 64, 6, 0) + address[0] + address[1]
    return struct.pack("!HHH8sH", kind, 1, 6, bytes(8), 0x0800) + ip + tcp


class Network:
    def __init__(self, seed, with_responses):
        self.rng = random.Random(seed)
        self.frames = {node: [] for node in range(1, 5)}
        self.sequence = {edge[:2]: self.rng.randrange(2**32) for edge in EDGES}
        self.answer = {edge[:2]: self.rng.randrange(2**32) for edge in EDGES}
        self.truth = {}
        self.with_responses = with_responses

    def delay(self, least):
        return least + round(self.rng.expovariate(1 / TAIL_NS))

    def send(self, at_ns, source, target, least, *packet):
        """Returns when it came."""
        come = at_ns + self.delay(least)
        self.frames[source].append((at_ns, frame(OUT, source, target, *packet)))
        self.frames[target].append((come, frame(IN, source, target, *packet)))
        return come

    def call(self, at_ns, edge, trace):
        caller, callee, there_ns, back_ns = edge
        key, port = (caller, callee), 40000 + 10 * caller + callee
        context = f"00-{trace:032x}-{self.rng.randrange(1, 2**64):016x}-01"
        request = f"GET / HTTP/1.1\r\nhost: service\r\ntraceparent: {context}\r\n\r\n".encode()
        response = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"
        seq, answer = self.sequence[key], self.answer[key]
        come = self.send(at_ns, caller, callee, there_ns, port, seq, answer, request)
        self.sequence[key] = end = (seq + len(request)) % 2**32
        gone = come + SERVICE_NS + round(self.rng.expovariate(1 / SERVICE_NS))
        if not self.with_responses:
            return
        back = self.send(gone, callee, caller, back_ns, -port, answer, end, response)
        self.answer[key] = (answer + len(response)) % 2**32
        self.truth.setdefault(f"node{caller} node{callee}", []).append((come - at_ns) + (back - gone))

    def write(self, directory):
        for node, frames in self.frames.items():
            os.makedirs(f"{directory}/node{node}", exist_ok=True)
            with open(f"{directory}/node{node}/nic.pcap", "wb") as out:
                out.write(struct.pack("<IHHiIII", 0xA1B23C4D, 2, 4, 0, 0, 65535, 113))
                for at_ns, data in sorted(frames, key=lambda f: f[0]):
                    out.write(struct.pack("<IIII", at_ns // 10**9, at_ns % 10**9, len(data), len(data)) + data)
        with open(f"{directory}/truth.json", "w", encoding="ascii") as out:
            json.dump(self.truth, out)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("directory")
    parser.add_argument("--seconds", type=float, default=6)
    parser.add_argument("--requests-only", action="store_true")
    options = parser.parse_args()
    network = Network(1, not options.requests_only)
    for i in range(int(options.seconds * 50)):
        for number, edge in enumerate(EDGES):
            network.call(BEGIN_NS + i * 20_000_000 + number * 1_000_000, edge, i + 1)
    network.write(options.directory)


if __name__ == "__main__":
    main()

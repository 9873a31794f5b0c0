#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Writes the packet captures of a run at a NIC and a vport in which traces are hard to put together, the same bytes every time: a
connection that carried many traces; one trace of 300 requests, and one request that was sent 300 times; ids of Datadog whose upper half
one point did not see, and ids of x-request-id with another version at each point; answers that come after further requests were sent; the same ids at the same moment on two connections, of traces of 20 s;
and answers on a connection whose requests nobody saw.

    make_odd.py DIR     DIR is made; `ingest --context w3c,datadog,x-request-id` finds them all"""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "journey"))
from make_mesh import BASE_NS, Capture, answer, frame, request  # noqa: E402

CLIENT, SERVER = "10.1.1.5", "10.1.2.5"


class Run:
    def __init__(self):
        self.capture = {"nic": Capture(), "vport": Capture()}
        self.us = 0

    def send(self, port, seq, heads, pause_us=200, after_us=25):
        """A request with these headers at the NIC and at the vport, and its answer."""
        sent = [request("/", head) for head in heads]
        for (point, capture), payload, us in zip(self.capture.items(), sent, (0, after_us)):
            capture.add(BASE_NS + 1000 * (self.us + us), frame(CLIENT, port, SERVER, 9080, seq, 700 + seq, payload))
        for point, us in (("vport", after_us + 50), ("nic", after_us + 60)):
            self.capture[point].add(BASE_NS + 1000 * (self.us + us), frame(SERVER, 9080, CLIENT, port, 700 + seq, seq + len(sent[0]),
                                                                           answer(200)))
        self.us += pause_us


def w3c(trace, span):
    return f"traceparent: 00-{trace:032x}-{span:016x}-01\r\n"


def datadog(trace, span, upper):
    return f"x-datadog-trace-id: {trace}\r\nx-datadog-parent-id: {span}\r\n" + \
        (f"x-datadog-tags: _dd.p.tid={upper:016x}\r\n" if upper else "")


def main():
    run = Run()
    for i in range(120):
        run.send(41000, 1000 + 1000 * i, 2 * [w3c(0x4bf9 + i % 40, 100 + i)])
    for i in range(300):
        run.send(42000 + i % 3, 1000 + 1000 * i, 2 * [w3c(0xc0ffee, 5000 + i)])
    for i in range(300):
        run.send(43000, 5000, 2 * [w3c(0xdecade, 77)])
    for i in range(20):
        run.send(44000, 1000 + 1000 * i, [datadog(1234567 + i, 900 + i, 0x640cfd8d00000000), datadog(1234567 + i, 900 + i, 0)])
    for i in range(20):
        run.send(45000, 1000 + 1000 * i, [f"x-request-id: 550e8400-e29b-{version}1d4-a716-4466554400{i:02x}\r\n" for version in "49"])
    for i in range(10):
        for port in (46001, 46000):
            run.send(port, 9000 + 100 * i, 2 * [w3c(0xabcd + i // 5, 42)], pause_us=0)
        run.us += 4_000_000
    for i in range(8):
        ask, begin = request("/", w3c(0x91be + i % 2, 600 + i)), 1000 * i
        late = 1000 * 300 * (i % 4)
        for point, us in (("nic", 0), ("vport", 25)):
            run.capture[point].add(BASE_NS + 1000 * (run.us + us), frame(CLIENT, 48000 + i // 4, SERVER, 9080, begin, 7, ask))
            run.capture[point].add(BASE_NS + 1000 * (run.us + us + 700) + late, frame(SERVER, 9080, CLIENT, 48000 + i // 4, 700 + begin,
                                                                                     begin + len(ask), answer(200 + i)))
        run.us += 200
    for i in range(10):
        for us, point in ((0, "vport"), (10, "nic")):
            run.capture[point].add(BASE_NS + 1000 * (run.us + us), frame(SERVER, 9080, CLIENT, 47000 + i % 4, 50 + i, 60, answer(204)))
        run.us += 100
    directory = pathlib.Path(sys.argv[1])
    directory.mkdir()
    for point, capture in run.capture.items():
        capture.write(directory / f"{point}.pcap")


main()

#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Writes a small campaign of two nodes, the same bytes every time: packet captures at the NIC and the vport of each, and
a cluster snapshot with names, spans and dependencies. A client outside calls front on node1, which calls shop on node2.

  tests/journey/make_mesh.py DIR [--hostile]     DIR is made; --hostile: names full of quotes, tags and control characters
"""
import json
import os
import struct
import sys

BASE_NS = 1_700_000_000_000_000_000
# What node2's clock is ahead of node1's.
AHEAD_NS = 250_000_000
CLIENT, FRONT, SHOP = "192.0.2.7", "10.1.1.5", "10.1.2.5"
NODES = {"node1": "192.168.9.1", "node2": "192.168.9.2"}
PLAIN = {"front": "front", "shop": "shop", "operation": "GET /shop"}
HOSTILE = {
    "front": "fr<script>alert(1)</script>&\"'`$(touch pwned)`\n\x1b[2J",
    "shop": "../../sh\u202eop'; DROP TABLE span;--,\t|*{}%s%n",
    "operation": "</text><script>alert(2)</script>\x07\n,\"",
}


def address(text):
    return bytes(map(int, text.split(".")))


def ip(proto, source, target, payload):
    return struct.pack("!BBHIBBH", 0x45, 0, 20 + len(payload), 0x4000, 64, proto, 0) + address(source) + \
        address(target) + payload


ETHERNET = bytes.fromhex("020000000002 020000000001 0800".replace(" ", ""))


def frame(source, sport, target, dport, seq, ack, payload):
    tcp = struct.pack("!HHIIHHHH", sport, dport, seq, ack, 0x5018, 0xffff, 0, 0) + payload
    return ETHERNET + ip(6, source, target, tcp)


def vxlan(inner, source, target):
    return ETHERNET + ip(17, source, target, struct.pack("!HHHHII", 50000, 4789, 16 + len(inner), 0, 0x08000000,
                                                         42 << 8) + inner)


class Capture:
    def __init__(self):
        self.packets = []

    def add(self, ns, data):
        self.packets.append((ns, data))

    def write(self, path):
        with open(path, "wb") as out:
            out.write(struct.pack("<IHHiIII", 0xa1b23c4d, 2, 4, 0, 0, 262144, 1))
            for ns, data in sorted(self.packets):
                out.write(struct.pack("<IIII", ns // 10**9, ns % 10**9, len(data), len(data)) + data)


POINTS = [(node, point) for node in NODES for point in ("nic", "vport")]


class Mesh:
    def __init__(self):
        self.capture = {point: Capture() for point in POINTS}
        self.connection = {}

    def see(self, node, point, us, data):
        self.capture[node, point].add(BASE_NS + round(us * 1000) + (AHEAD_NS if node == "node2" else 0), data)

    def send(self, connection, payload, is_answer, times, tunnel):
        """One packet at the points named in times: {(node, point): us}."""
        state = self.connection.setdefault(connection, [1000 + 100000 * len(self.connection), 500])
        source, sport, target, dport = connection
        if is_answer:
            data = frame(target, dport, source, sport, state[1], state[0], payload)
        else:
            data = frame(source, sport, target, dport, state[0], state[1], payload)
        for (node, point), us in times.items():
            ends = tuple(NODES.values())[::-1 if is_answer else 1]
            self.see(node, point, us, vxlan(data, *ends) if tunnel and point == "nic" else data)
        return data

    def advance(self, connection, n, is_answer):
        self.connection[connection][1 if is_answer else 0] += n


def request(path, headers):
    return f"GET {path} HTTP/1.1\r\nHost: shop\r\n{headers}\r\n".encode()


def answer(status):
    return f"HTTP/1.1 {status} X\r\nContent-Length: 0\r\n\r\n".encode()


def exchange(mesh, connection, ask, status, there, back, tunnel, again=None, lost=()):
    mesh.send(connection, ask, False, {k: v for k, v in there.items() if ("request", *k) not in lost}, tunnel)
    if again:
        mesh.send(connection, ask, False, again, tunnel)
    mesh.advance(connection, len(ask), False)
    reply = answer(status)
    mesh.send(connection, reply, True, {k: v for k, v in back.items() if ("response", *k) not in lost}, tunnel)
    mesh.advance(connection, len(reply), True)


N1, V1, N2, V2 = POINTS


def journey(mesh, number, begin_us, status=200, again=None, lost=(), bits64=False, children=1):
    """One request from outside, and what front asks shop for it."""
    trace = f"{number:016x}" if bits64 else f"4bf92f3577b34da6a3ce929d0e0e{number:04x}"

    def head(span, parent):
        return f"x-b3-traceid: {trace}\r\nx-b3-spanid: {span:016x}\r\n" + \
            (f"x-b3-parentspanid: {parent:016x}\r\n" if parent else "") + "x-b3-sampled: 1\r\n"

    root, at = 16 * number, begin_us
    outer, inner = (CLIENT, 40000, FRONT, 9080), (FRONT, 41000, SHOP, 9080)
    ask = request("/", head(root, None))
    mesh.send(outer, ask, False, {N1: at, V1: at + 20}, False)
    mesh.advance(outer, len(ask), False)
    for child in range(children):
        t = at + 120 + 300 * child
        exchange(mesh, (*inner[:1], inner[1] + child, *inner[2:]), request("/shop", head(root + 1 + child, root)), status,
                 {V1: t, N1: t + 12.5, N2: t + 30, V2: t + 50}, {V2: t + 150, N2: t + 158.25, N1: t + 176, V1: t + 185},
                 True, again and {k: t + us for k, us in again.items()}, lost)
    end = at + 120 + 300 * children
    reply = answer(status)
    mesh.send(outer, reply, True, {V1: end, N1: end + 9}, False)
    mesh.advance(outer, len(reply), True)
    return trace, root


def span(trace, span_id, parent, process, kind, start_us, duration_us, operation):
    return {"traceID": trace, "spanID": f"{span_id:016x}", "operationName": operation,
            "references": [{"refType": "CHILD_OF", "traceID": trace, "spanID": f"{parent:016x}"}] if parent else [],
            "startTime": BASE_NS // 1000 + start_us, "duration": duration_us,
            "tags": [{"key": "span.kind", "type": "string", "value": kind}], "processID": process}


def cluster(directory, names, traces):
    os.makedirs(directory)

    def write(name, document):
        with open(f"{directory}/{name}", "w", encoding="utf-8") as out:
            json.dump(document, out)

    def pod(name, node, host):
        return {"metadata": {"name": f"{name}-v1-abc", "namespace": "demo", "labels": {"app": name}},
                "spec": {"nodeName": node}, "status": {"phase": "Running", "hostIP": NODES[node], "podIP": host,
                                                       "podIPs": [{"ip": host}]}}

    def service(name, host):
        return {"metadata": {"name": name, "namespace": "demo"}, "spec": {"clusterIP": host, "selector": {"app": name},
                                                                          "ports": [{"port": 9080}]}}

    write("pods.json", {"apiVersion": "v1", "kind": "List", "items": [
        {"apiVersion": "v1", "kind": "Pod", **p} for p in (pod(names["front"], "node1", FRONT),
                                                           pod(names["shop"], "node2", SHOP))]})
    write("services.json", {"apiVersion": "v1", "kind": "List", "items": [
        {"apiVersion": "v1", "kind": "Service", **s} for s in (service(names["front"], "10.96.0.5"),
                                                               service(names["shop"], "10.96.0.6"))]})
    write("nodes.json", {"apiVersion": "v1", "kind": "List", "items": [
        {"apiVersion": "v1", "kind": "Node", "metadata": {"name": node},
         "status": {"addresses": [{"type": "InternalIP", "address": host}]}} for node, host in NODES.items()]})
    data = []
    for trace, root, begin_us in traces:
        data.append({"traceID": trace, "spans": [
            span(trace, root, None, "p1", "server", begin_us + 25, 480, "GET /"),
            span(trace, root + 1, root, "p1", "client", begin_us + 118, 190, names["operation"]),
            span(trace, root + 1, root, "p2", "server", begin_us + 250_175, 90, names["operation"]),
            span(trace, root + 9, root, "p1", "internal", begin_us + 9000, 5, "a clock that is wrong"),
        ], "processes": {"p1": {"serviceName": names["front"] + ".demo"}, "p2": {"serviceName": names["shop"] + ".demo"}}})
    write("traces-1.json", {"data": data})
    write("dependencies.json", {"data": [
        {"parent": names["front"] + ".demo", "child": names["shop"] + ".demo", "callCount": 7},
        {"parent": names["shop"] + ".demo", "child": "stock.demo", "callCount": 3}]})


def main():
    words = [word for word in sys.argv[1:] if word != "--hostile"]
    if len(words) != 1 or words[0].startswith("-"):
        print("usage: tests/journey/make_mesh.py DIR [--hostile]", file=sys.stderr)
        return 2
    mesh = Mesh()
    traces = []
    for number in range(1, 5):
        traces.append((*journey(mesh, number, 10000 * number), 10000 * number))
    journey(mesh, 5, 50000, status=503)
    # the request is sent again, and its first passage is lost on the way to node2
    journey(mesh, 6, 60000, again={V1: 40, N1: 45, N2: 60, V2: 70}, lost={("request", *N2), ("request", *V2)})
    journey(mesh, 7, 70000, lost={("request", *N2), ("response", *N1)})
    journey(mesh, 8, 80000, bits64=True)
    journey(mesh, 9, 90000, children=3)
    for node, point in POINTS:
        os.makedirs(f"{words[0]}/{node}", exist_ok=True)
        mesh.capture[node, point].write(f"{words[0]}/{node}/{point}.pcap")
    cluster(f"{words[0]}/cluster", HOSTILE if "--hostile" in sys.argv else PLAIN, traces)
    return 0


if __name__ == "__main__":
    sys.exit(main())

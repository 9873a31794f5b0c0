#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Compares what `analyze trace`, `topology` and `export` say of a campaign with what its run.db files say.

Reads the databases on its own: calls from requests of one identity, stations from the kernel's direction or the
addresses' owners, answers from sequence and acknowledgment numbers. Then every call, interval and edge must be there,
once, with the same numbers; the OTLP export must be well-formed, its spans' ids unique and its parents those that the
requests' contexts name.

  tests/journey/judge.py --bin BIN --dir CAMPAIGN [--source ebpf|pcap] [--expect-edges "A -> B, B -> C"]
                         [--expect-traces N] [--traces N]

--expect-edges: the edges of the campaign are these, and every trace has each of them, with all stations that its way
leads over, there and back. --expect-traces: so many traces have them. --traces: look into so many traces with
`analyze trace` (20). Ends with "N passed, N failed"; exit status 0, 1, or 2 for wrong usage.
"""
import argparse
import collections
import glob
import json
import os
import re
import sqlite3
import statistics
import subprocess
import sys

STATIONS = ["caller_vport", "caller_nic", "callee_nic", "callee_vport"]
# Stamps of two files of one node are brought together by their clock readings.
READINGS_NS = 2000
n_passed = n_failed = 0


def check(good, text):
    global n_passed, n_failed
    if good:
        n_passed += 1
    else:
        n_failed += 1
        if n_failed <= 10:
            print("FAILED:", text[:500])


def shown(text):
    """As every output has it: what would turn the direction of writing is replaced."""
    return re.sub("[\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]", "\ufffd", text)


Passage = collections.namedtuple("Passage", "run file point role node pod ts realtime direction flow seq ack payload "
                                            "status ident")


class Campaign:
    def __init__(self, directory, source):
        self.requests, self.responses, self.owners = [], [], {}
        paths = sorted(glob.glob(directory + "/run.db") + glob.glob(directory + "/**/run.db", recursive=True))
        if not paths:
            sys.exit(f"judge: {directory}: no run.db in or below it")
        for path in dict.fromkeys(paths):
            self.read(path, source)

    def read(self, path, source):
        db = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
        for row in db.execute("SELECT address, kind, namespace, name, service, workload, node FROM owner"):
            rank = {"pod": 0, "service": 1, "node": 2}[row[1]]
            if row[0] not in self.owners or rank < self.owners[row[0]][0]:
                self.owners[row[0]] = (rank, *row[1:])
        files = {}
        for file_id, point_id, kind in db.execute("SELECT file_id, point_id, source FROM file ORDER BY source"):
            if (source is None or kind == source) and point_id not in [f[0] for f in files.values()]:
                files[file_id] = (point_id, kind)
        points = {r[0]: r[1:] for r in db.execute("SELECT point_id, name, role, node, pod FROM point")}
        flows = {r[0]: r[1:] for r in db.execute("SELECT flow_id, saddr, sport, daddr, dport FROM flow")}
        for file_id, (point_id, kind) in files.items():
            readings = [r - m for m, r in db.execute(
                "SELECT monotonic_ns, realtime_ns FROM clock_pair WHERE file_id = ?", (file_id,))]
            offset = int(statistics.median(readings)) if readings and kind == "ebpf" else 0
            name, role, node, pod = points[point_id]
            where = (path, file_id, name, role, node or os.path.basename(os.path.dirname(path)), pod)
            for ts, direction, flow, seq, payload, trace, span, in db.execute(
                    "SELECT ts_ns, direction, flow_id, seq, payload_len, trace_id, span_id FROM request "
                    "WHERE file_id = ? ORDER BY ts_ns", (file_id,)):
                ident = trace and (trace.rjust(16, b"\0").hex(), span.hex(), seq)
                self.requests.append(Passage(*where, ts, ts + offset, direction, flows[flow], seq, None, payload, None,
                                             ident))
            for ts, direction, flow, seq, ack, status in db.execute(
                    "SELECT ts_ns, direction, flow_id, seq, ack, status FROM response WHERE file_id = ? "
                    "ORDER BY ts_ns", (file_id,)):
                self.responses.append(Passage(*where, ts, ts + offset, direction, flows[flow], seq, ack, None, status,
                                              None))
        db.close()

    def owner(self, address):
        return self.owners.get(address)

    def service(self, address, is_caller):
        owner = self.owner(address)
        if owner:
            return owner[4] or owner[5] or owner[3]
        if is_caller and self.owners:
            return "outside"
        return str_address(address)

    def station(self, p):
        """Where a request passes, 0 to 3; None: cannot be told."""
        if p.role not in ("nic", "vport"):
            return None
        if p.direction in (1, 2):
            from_pod = (p.direction == 1) == (p.role == "vport")
        else:
            caller, callee = self.owner(p.flow[0]), self.owner(p.flow[2])
            of = (lambda o: o and (f"{o[2]}/{o[3]}" == p.pod if p.role == "vport" and p.pod else o[6] == p.node))
            if bool(of(caller)) == bool(of(callee)):
                return None
            from_pod = bool(of(caller))
        return (0 if from_pod else 3) if p.role == "vport" else (1 if from_pod else 2)

    def calls(self):
        on_flow = collections.defaultdict(list)
        for p in self.requests:
            on_flow[(p.run, p.file, p.flow)].append(p)
        answers = {}
        for p in self.responses:
            back = (p.flow[2], p.flow[3], p.flow[0], p.flow[1])
            best = None
            for q in on_flow.get((p.run, p.file, back), ()):
                behind = (p.ack - q.seq) % 2**32
                if 0 < behind < 2**31 and q.ts <= p.ts and (best is None or behind < best[0]):
                    best = (behind, q)
            if best and best[1].ident:
                answers.setdefault((p.run, p.file, best[1].ident, best[1].flow), p)
        calls = {}
        for p in sorted((p for p in self.requests if p.ident), key=lambda p: p.realtime):
            station = self.station(p)
            if station is None:
                continue
            call = calls.setdefault(p.ident, {"request": [None] * 4, "response": [None] * 4, "n_repeats": 0})
            if call["request"][station] is None:
                call["request"][station] = p
                call["response"][station] = answers.get((p.run, p.file, p.ident, p.flow))
            else:
                call["n_repeats"] += 1
        for call in calls.values():
            first = next(p for p in call["request"] if p)
            last = next(p for p in reversed(call["request"]) if p)
            call["edge"] = shown(f"{self.service(first.flow[0], True)} -> {self.service(last.flow[2], False)}")
        return calls


def str_address(address):
    import ipaddress
    ip = ipaddress.IPv6Address(address)
    return str(ip.ipv4_mapped or ip)


KINDS = {(0, 1): "overlay tx", (1, 2): "underlay", (2, 3): "overlay rx", (0, 3): "local"}
TURNED = {"overlay tx": "overlay rx", "overlay rx": "overlay tx"}


def intervals(call):
    """(name, way, from, to) of neighbours that were seen."""
    steps = [(s, "request") for s in range(4)] + [(s, "response") for s in reversed(range(4))]
    seen = [(s, way, call[way][s]) for s, way in steps if call[way][s]]
    for (s, way, p), (t, way_to, q) in zip(seen, seen[1:]):
        if way == "request" and way_to == "response":
            yield ("sidecar and application" if s == t == 3 else "unknown"), ("callee" if s == t == 3 else "request"), p, q
            continue
        name = KINDS.get((min(s, t), max(s, t)), "unknown")
        if name != "underlay" and p.node != q.node or name == "local" and p.node != q.node:
            name = "unknown"
        yield (TURNED.get(name, name) if way == "response" else name), way, p, q


def tolerance(p, q):
    return 0 if (p.run, p.file) == (q.run, q.file) else READINGS_NS


def run(args, *words):
    done = subprocess.run([f"{args.bin}/analyze", *words, "--dir", args.dir] +
                          (["--source", args.source] if args.source else []), capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"judge: analyze {' '.join(words)}: exit status {done.returncode}: {done.stderr}")
    return done


def judge_export(args, calls):
    expected = {}
    n_apart = 0
    for (trace, span, seq), call in calls.items():
        for name, way, p, q in intervals(call):
            if p.node != q.node:
                n_apart += 1
                continue
            expected[(trace, span, name, way, p.node, p.point, q.node, q.point, p.seq)] = (p, q, call)
    done = run(args, "export", "--format", "jsonl")
    said = [json.loads(line) for line in done.stdout.splitlines()]
    n_left_out = re.search(r"(\d+) intervals between nodes are left out", done.stderr)
    check(int(n_left_out[1] if n_left_out else 0) == n_apart, f"export: {n_apart} intervals between nodes left out")
    check(len(said) == len(expected), f"export: {len(said)} intervals, {len(expected)} expected")
    check(len({row["span_id"] for row in said}) == len(said), "export: span ids are not unique")
    for row in said:
        key = (row["trace_id"], row["parent_span_id"] or "0" * 16, row["name"], row["way"], row["from_node"],
               row["from_point"], row["to_node"], row["to_point"], row["seq"])
        found = expected.pop(key, None)
        if not found:
            check(False, f"export: not expected, or twice: {key}")
            continue
        p, q, call = found
        check(abs(row["duration_ns"] - (q.realtime - p.realtime)) <= tolerance(p, q) and
              row["end_realtime_ns"] - row["start_realtime_ns"] == row["duration_ns"] and
              shown(f"{row['caller']} -> {row['callee']}") == call["edge"], f"export: {row}")
    for key in expected:
        check(False, f"export: missing: {key}")
    return len(said)


def judge_otlp(args, calls, n_rows):
    """By the field names and rules of opentelemetry-proto, trace/v1, in its JSON mapping."""
    contexts = {(trace, span) for trace, span, _ in calls}
    ids, n_out = set(), 0
    for line in run(args, "export", "--format", "otlp").stdout.splitlines():
        document = json.loads(line)
        good = set(document) == {"resourceSpans"}
        for resource in document["resourceSpans"]:
            good &= set(resource) == {"resource", "scopeSpans"}
            good &= any(a["key"] == "service.name" for a in resource["resource"]["attributes"])
            for scope in resource["scopeSpans"]:
                good &= scope["scope"]["name"] == "wirespan" and bool(scope["scope"]["version"])
                for span in scope["spans"]:
                    n_out += 1
                    good &= set(span) <= {"traceId", "spanId", "parentSpanId", "name", "kind", "startTimeUnixNano",
                                          "endTimeUnixNano", "attributes"}
                    good &= bool(re.fullmatch("[0-9a-f]{32}", span["traceId"])) and span["traceId"] != "0" * 32
                    good &= bool(re.fullmatch("[0-9a-f]{16}", span["spanId"])) and span["spanId"] != "0" * 16
                    good &= span["spanId"] not in ids and span["kind"] == 1
                    good &= (span["traceId"], span.get("parentSpanId", "0" * 16)) in contexts
                    good &= isinstance(span["startTimeUnixNano"], str) and isinstance(span["endTimeUnixNano"], str)
                    good &= 0 < int(span["startTimeUnixNano"]) <= int(span["endTimeUnixNano"])
                    good &= all(set(a) == {"key", "value"} and len(a["value"]) == 1 and
                                set(a["value"]) <= {"stringValue", "intValue"} and
                                all(isinstance(v, str) for v in a["value"].values()) for a in span["attributes"])
                    ids.add(span["spanId"])
        check(good, f"otlp: {line[:300]}")
    check(n_out <= n_rows and n_out >= n_rows - sum(n_rows_left_out(calls)), f"otlp: {n_out} spans, {n_rows} intervals")


def n_rows_left_out(calls):
    for call in calls.values():
        for name, _, p, q in intervals(call):
            if p.node == q.node and (name == "unknown" or q.realtime - p.realtime < READINGS_NS):
                yield 1


def judge_csv(args, n_rows):
    import csv
    import io
    text = run(args, "export", "--format", "csv").stdout
    rows = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    check(len(rows) == n_rows + 1, f"csv: {len(rows)} lines for {n_rows} intervals")
    check(all(len(row) == len(rows[0]) for row in rows), "csv: rows of different lengths")


def there_and_back(call, station):
    p, q = call["request"][station], call["response"][station]
    return q.realtime - p.realtime if p and q else None


def round_trip(call):
    return next((ns for ns in (there_and_back(call, s) for s in range(4)) if ns is not None), None)


def judge_topology(args, calls, edges):
    said = json.loads(run(args, "topology", "--no-figure", "--format", "json").stdout)
    seen = {shown(f"{e['caller']} -> {e['callee']}"): e for e in said["edges"] if e["n_calls"]}
    check(set(seen) == set(edges), f"topology: edges {sorted(seen)}, expected {sorted(edges)}")
    check(said["n_calls"] == len(calls), f"topology: {said['n_calls']} calls, {len(calls)} expected")
    for name, of_edge in edges.items():
        e = seen.get(name)
        if not e:
            continue
        answered = [next(r for r in c["response"] if r) for c in of_edge if any(c["response"])]
        callee = [ns for ns in (there_and_back(c, 3) for c in of_edge) if ns is not None]
        trips = [ns for ns in map(round_trip, of_edge) if ns is not None]
        check(e["n_calls"] == len(of_edge), f"topology: {name}: calls")
        check(e["n_answered"] == len(answered), f"topology: {name}: {e['n_answered']} answered, not {len(answered)}")
        check(sum(e["status"].values()) == len(answered), f"topology: {name}: sum of statuses")
        for digit in range(1, 6):
            check(e["status"][f"{digit}xx"] == sum(r.status // 100 == digit for r in answered),
                  f"topology: {name}: {digit}xx")
        check(e["n_repeats"] == sum(c["n_repeats"] for c in of_edge), f"topology: {name}: repeats")
        for key, numbers in (("callee_time", callee), ("round_trip", trips)):
            check(e[key]["n"] == len(numbers), f"topology: {name}: n of {key}")
            if numbers:
                rank = sorted(numbers)[(len(numbers) + 1) // 2 - 1]
                check(e[key]["median_ns"] == rank, f"topology: {name}: median of {key} {e[key]['median_ns']}, not {rank}")


def judge_trace(args, trace, of_trace):
    said = json.loads(run(args, "trace", trace, "--no-figure", "--out", args.scratch, "--format", "json").stdout)
    check(len(said["calls"]) == len(of_trace), f"trace {trace}: {len(said['calls'])} calls, not {len(of_trace)}")
    parts = said["totals"]["of_end_to_end"]
    if said["totals"]["end_to_end_ns"] is not None:
        check(sum(parts.values()) == said["totals"]["end_to_end_ns"], f"trace {trace}: parts do not add up")
    for c in said["calls"]:
        call = of_trace.get((c["span_id"], c["seq"]))
        if not call:
            check(False, f"trace {trace}: call {c['call']} is not in the databases")
            continue
        check(shown(c["edge"]) == call["edge"], f"trace {trace}: edge {c['edge']}, not {call['edge']}")
        for way in ("request", "response"):
            for s, station in enumerate(STATIONS):
                check((c[way][station] == "seen") == bool(call[way][s]), f"trace {trace}: {way} at {station}")
        check(c["round_trip_ns"] == round_trip(call) if round_trip(call) is not None else c["round_trip_ns"] is None,
              f"trace {trace}: round trip of call {c['call']}")
        if c["parent"] is not None:
            parent = said["calls"][c["parent"]]
            check(parent["callee"].get("name") == c["caller"].get("name"), f"trace {trace}: parent of {c['call']}")
    n_packets = sum(sum(map(bool, c["request"])) + sum(map(bool, c["response"])) + c["n_repeats"]
                    for c in of_trace.values())
    check(len(said["packets"]) == n_packets, f"trace {trace}: {len(said['packets'])} packets, not {n_packets}")


def is_whole(call):
    """Seen wherever the way leads, there and back."""
    nodes = {p.node for p in call["request"] if p}
    needed = range(4) if len(nodes) > 1 else (0, 3)
    if call["edge"].startswith("outside ->"):
        needed = (2, 3)
    return all(call["request"][s] and call["response"][s] for s in needed)


def judge_whole(args, by_trace, edges):
    wanted = {e.strip() for e in args.expect_edges.split(",")}
    check(set(edges) == wanted, f"edges {sorted(edges)}, expected {sorted(wanted)}")
    n_whole = 0
    for trace, of_trace in by_trace.items():
        good = {c["edge"] for c in of_trace.values()} == wanted and all(map(is_whole, of_trace.values()))
        check(good, f"trace {trace}: not every edge of it, or not every station")
        n_whole += good
    if args.expect_traces is not None:
        check(n_whole == args.expect_traces, f"{n_whole} whole traces, {args.expect_traces} expected")


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("--bin", required=True)
    parser.add_argument("--dir", required=True)
    parser.add_argument("--source", choices=["ebpf", "pcap"])
    parser.add_argument("--expect-edges")
    parser.add_argument("--expect-traces", type=int)
    parser.add_argument("--traces", type=int, default=20)
    args = parser.parse_args()
    import tempfile
    with tempfile.TemporaryDirectory() as args.scratch:
        calls = Campaign(args.dir, args.source).calls()
        by_trace, edges = collections.defaultdict(dict), collections.defaultdict(list)
        for (trace, span, seq), call in calls.items():
            by_trace[trace][(span, seq)] = call
            edges[call["edge"]].append(call)
        check(calls, "no calls in the databases")
        n_rows = judge_export(args, calls)
        judge_csv(args, n_rows)
        judge_otlp(args, calls, n_rows)
        judge_topology(args, calls, edges)
        step = max(1, len(by_trace) // max(1, args.traces))
        for trace in sorted(by_trace)[::step][:args.traces]:
            judge_trace(args, trace, by_trace[trace])
        if args.expect_edges:
            judge_whole(args, by_trace, edges)
    print(f"{n_passed} passed, {n_failed} failed")
    return 1 if n_failed else 0


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Nodes with shifted and drifting clocks: known errors are added to the stamps of a campaign that several nodes recorded,
`analyze clocks` estimates them, and every estimate is held against the truth and against round trips found here.

A case counts as good if at every knot of every node the truth is within the stated bound. The best bound between two nodes
is held against half the least round trip of one request and its response, which is taken from the stamps before
anything was added, call by call, without analyze.
"""
import argparse
import bisect
import json
import math
import os
import random
import shutil
import sqlite3
import subprocess
import sys

KINDS = ("shift", "drift", "wander", "jump")


class Error:
    """What is added to a node's clock: ns, as a function of the time since the campaign's beginning, ns."""

    def __init__(self, rng, kind, span_ns):
        self.shift_ns = rng.randrange(-3 * 10**9, 3 * 10**9)
        self.rate = 0.0 if kind == "shift" else rng.uniform(-50e-6, 50e-6)
        self.swing_ns = 0.0
        self.period_ns = span_ns * rng.uniform(1, 3)
        if kind == "wander":
            # The rate swings by as much as a warming quartz's in minutes would; the campaign is that short.
            self.swing_ns = rng.uniform(-1e-6, 1e-6) * self.period_ns / (2 * math.pi)
        self.jump_ns = 0
        self.jump_at_ns = span_ns * 2
        if kind == "jump":
            self.jump_ns = rng.choice((-1, 1)) * rng.randrange(10**6, 20 * 10**6)
            self.jump_at_ns = int(span_ns * rng.uniform(0.25, 0.75))

    def at(self, t_ns, behind=None):
        """behind: the jump is taken to have been already, or not; None: as it was."""
        if behind is None:
            behind = t_ns >= self.jump_at_ns
        return (self.shift_ns + round(self.rate * t_ns)
                + round(self.swing_ns * math.sin(2 * math.pi * t_ns / self.period_ns))
                + (self.jump_ns if behind else 0))

    def times(self, clock_ns):
        """At which times the clock, less the beginning, stood there: one, or two if it was set back; none: set forward."""
        found = []
        for behind in (False, True):
            t_ns = clock_ns - self.at(0, behind)
            for _ in range(6):
                t_ns = clock_ns - self.at(t_ns, behind)
            if behind == (t_ns >= self.jump_at_ns):
                found.append(t_ns)
        return found


NO_ERROR = Error(random.Random(0), "shift", 1)
NO_ERROR.shift_ns = 0


def databases(campaign):
    return sorted(os.path.join(base, "run.db") for base, _, files in os.walk(campaign) if "run.db" in files)


def realtime_offsets(db):
    """By file: what makes its stamps CLOCK_REALTIME, to the microsecond."""
    offsets = {file_id: 0 for (file_id,) in db.execute("SELECT file_id FROM file")}
    for file_id, ns in db.execute("SELECT file_id, avg(realtime_ns - monotonic_ns) FROM clock_pair JOIN file USING "
                                  "(file_id) WHERE source = 'ebpf' GROUP BY file_id"):
        first = db.execute("SELECT realtime_ns - monotonic_ns FROM clock_pair WHERE file_id = ? LIMIT 1",
                           (file_id,)).fetchone()[0]
        offsets[file_id] = first if ns is not None else 0
    return offsets


def nodes_of(db, path):
    """By file: the node; of a point without one, the run's name."""
    run = os.path.basename(os.path.dirname(path))
    return {f: node or run for f, node in db.execute("SELECT file_id, node FROM file JOIN point USING (point_id)")}


def least_round_trips(campaign):
    """By pair of nodes: the least delay there and back of a request and its response, NIC to NIC, ns; and the first and
    the last stamp of all."""
    sides, span = {}, [None, None]
    for path in databases(campaign):
        db = sqlite3.connect(path)
        offsets, node = realtime_offsets(db), nodes_of(db, path)
        preferred = "ebpf" if db.execute("SELECT 1 FROM file WHERE source = 'ebpf' LIMIT 1").fetchone() else "pcap"
        answers = {}
        for f, ts, saddr, sport, daddr, dport in db.execute(
                "SELECT r.file_id, r.ts_ns, saddr, sport, daddr, dport FROM response r JOIN flow USING (flow_id) "
                "JOIN file f ON f.file_id = r.file_id JOIN point USING (point_id) WHERE role = 'nic' AND source = ? "
                "ORDER BY r.ts_ns", (preferred,)):
            answers.setdefault((f, daddr, dport, saddr, sport), []).append(ts)
        seen = {}
        for f, ts, saddr, sport, daddr, dport, seq, trace, span_id in db.execute(
                "SELECT r.file_id, r.ts_ns, saddr, sport, daddr, dport, seq, trace_id, span_id FROM request r "
                "JOIN flow USING (flow_id) JOIN file f ON f.file_id = r.file_id JOIN point USING (point_id) "
                "WHERE role = 'nic' AND source = ? AND trace_id IS NOT NULL ORDER BY r.ts_ns", (preferred,)):
            stamps = answers.get((f, saddr, sport, daddr, dport), [])
            i = bisect.bisect_right(stamps, ts)
            real = ts + offsets[f]
            span = [min(span[0] or real, real), max(span[1] or real, real)]
            if i < len(stamps):
                seen.setdefault((seq, trace, span_id), []).append((node[f], real, stamps[i] - ts))
        for key, found in seen.items():
            sides.setdefault(key, []).extend(found)
        db.close()
    least = {}
    for found in sides.values():
        if len(found) != 2 or found[0][0] == found[1][0]:
            continue
        pair = tuple(sorted((found[0][0], found[1][0])))
        # The caller waits longer than the callee takes: the difference is the network's.
        least[pair] = min(least.get(pair, 10**18), abs(found[0][2] - found[1][2]))
    return least, span


def disturb(path, error, begin_ns):
    """Adds a node's error to all stamps of its database."""
    db = sqlite3.connect(path)
    node = nodes_of(db, path)
    for file_id, offset in realtime_offsets(db).items():
        by = error.get(node[file_id], NO_ERROR)
        db.create_function("moved", 1, lambda t: None if t is None else t + by.at(t + offset - begin_ns))
        db.execute("UPDATE request SET ts_ns = moved(ts_ns), done_ts_ns = moved(done_ts_ns) WHERE file_id = ?", (file_id,))
        db.execute("UPDATE response SET ts_ns = moved(ts_ns) WHERE file_id = ?", (file_id,))
        db.execute("UPDATE file SET first_ns = moved(first_ns), last_ns = moved(last_ns) WHERE file_id = ?", (file_id,))
    db.commit()
    db.close()


def judge(document, error, begin_ns):
    """How many knots are beyond their bounds, of how many; and the worst excess in ns."""
    n_bad, n, worst = 0, 0, 0
    for node in document["nodes"]:
        if node["reference"] is None:
            return 1, 1, math.inf
        own = error.get(node["node"], NO_ERROR)
        reference = error.get(node["reference"], NO_ERROR)
        for knot in node["knots"]:
            for t_ns in own.times(knot["at_ns"] - begin_ns):
                truth = reference.at(t_ns) - own.at(t_ns)
                excess = abs(knot["correction_ns"] - truth) - knot["bound_ns"]
                n += 1
                n_bad += excess > 1
                worst = max(worst, excess)
    return n_bad, n, worst


def run_case(options, seed, least, span):
    rng = random.Random(seed)
    kind = KINDS[seed % len(KINDS)]
    target = os.path.join(options.scratch, "case")
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(options.campaign, target, ignore=shutil.ignore_patterns("*.zst", "*.pcap*", "reports"))
    names = sorted({name for pair in least for name in pair})
    error = {name: Error(rng, kind, span[1] - span[0]) for name in names}
    for name in names:
        if name != names[seed // len(KINDS) % len(names)]:
            error[name].jump_ns = 0
    for path in databases(target):
        disturb(path, error, span[0])
    out = subprocess.run([options.analyze, "clocks", "--dir", target, "--format", "json", "--no-figure"],
                         stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)
    if out.returncode:
        print(f"seed {seed}: analyze clocks failed: {out.stderr.strip()}")
        return kind, False, []
    document = json.loads(out.stdout)
    n_bad, n, worst = judge(document, error, span[0])
    if n_bad:
        print(f"seed {seed} ({kind}): {n_bad} of {n} knots are beyond their bounds, by {worst} ns at worst")
    ratios = []
    for pair in document["pairs"]:
        half_ns = least[tuple(sorted((pair["node"], pair["other"])))] / 2
        ratios.append((pair["bound_min_us"] * 1000 / half_ns, pair["bound_median_us"] * 1000 / half_ns,
                       pair["bound_min_us"] * 1000 <= half_ns + 1))
    return kind, n_bad == 0, ratios


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("campaign", help="a directory of runs, one a node, loaded by ingest")
    parser.add_argument("--analyze", required=True, help="the program")
    parser.add_argument("--scratch", required=True, help="a directory for copies")
    parser.add_argument("--seeds", type=int, default=100)
    options = parser.parse_args()
    least, span = least_round_trips(options.campaign)
    if not least:
        sys.exit(f"{options.campaign}: no request and response were seen at two nodes' NICs")
    n_good, n_within, n_pairs, by_kind, all_ratios = 0, 0, 0, {}, []
    for seed in range(1, options.seeds + 1):
        kind, good, ratios = run_case(options, seed, least, span)
        n_good += good
        tally = by_kind.setdefault(kind, [0, 0])
        tally[0] += good
        tally[1] += 1
        n_pairs += len(ratios)
        n_within += sum(within for _, _, within in ratios)
        all_ratios += ratios
    print("truth within the bound: " + ", ".join(f"{k} {g} of {n}" for k, (g, n) in sorted(by_kind.items())))
    print(f"in all: {n_good} of {options.seeds} cases")
    print(f"best bound of two nodes at most half their least round trip (and 1 ns): {n_within} of {n_pairs}; "
          f"in the mean {sum(r[0] for r in all_ratios) / max(1, n_pairs):.4f} of it, the median bound "
          f"{sum(r[1] for r in all_ratios) / max(1, n_pairs):.4f}")
    passed = (n_good * 100 >= 95 * options.seeds) + (n_pairs > 0 and n_within * 100 >= 95 * n_pairs)
    print(f"{passed} passed, {2 - passed} failed")
    return 0 if passed == 2 else 1


if __name__ == "__main__":
    sys.exit(main())

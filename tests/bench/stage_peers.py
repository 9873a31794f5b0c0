# SPDX-License-Identifier: BSD-2-Clause
"""stage_peers - from two packet captures to the figure of both directions: ingest and analyze cdf beside the scripts that one
would write today (tests/bench/peers). Their answers must be ours where the plain case holds."""
import os
import shutil
import statistics

from runs import Wrong, count, fresh_run
from stage_pipeline import PEER_PYTHON, has_module

STAGE = "two pcaps to the figure"


class Input:
    """Two packet captures, and the pairs that are in them: (sequence number, trace id) to (stamp at the NIC, at the vport)."""

    def __init__(self, bench, name, n):
        self.n = n
        self.run = bench.path(name)
        os.makedirs(self.run)
        self.n_packets = int(bench.run(bench.tool("make_run"), "pcaps", self.run, str(n), "5").split()[0])
        self.files = [os.path.join(self.run, point + ".pcap") for point in ("nic", "vport")]
        self.clean, self.all = {}, []

    def go(self, bench):
        """Our way. Returns seconds, seconds of processors, and the seconds of ingest."""
        fresh_run(self.run)
        ingest = bench.timed(bench.program("ingest"), "--dir", self.run, "--quiet")[0]
        cdf = bench.timed(bench.program("analyze"), "cdf", "--dir", self.run)[0]
        return ingest.wall_s + cdf.wall_s, ingest.cpu_s + cdf.cpu_s, ingest.wall_s

    def read_pairs(self, bench):
        said = bench.run(bench.program("analyze"), "pairs", "--dir", self.run, "--format", "tsv")
        for line in said.splitlines():
            if line.startswith("#"):
                continue
            cell = line.split("\t")
            stamps = int(cell[10]), int(cell[11])
            self.all.append(stamps)
            if cell[2] == "matched":
                self.clean[int(cell[7]), cell[8]] = stamps
        if len(self.clean) < self.n / 10:
            raise Wrong(f"{len(self.clean)} matched pairs of {self.n} packets")


def median_of(pairs):
    """Of rx and of tx, in ns."""
    return [statistics.median(d for d in (way * (vport - nic) for nic, vport in pairs) if d > 0) for way in (1, -1)]


def check(name, path, given):
    """A script's pairs: every request that was seen once at each point is there, once, and as we have it. Of those that were seen
    more often, returns how many pairs are false, and how many are missing."""
    clean, n_false, n_pairs, ours = {}, 0, 0, set(given.all)
    with open(path, encoding="ascii") as file:
        for line in file:
            seq, trace_id, nic_ns, vport_ns = line.split()
            key, stamps = (int(seq), trace_id), (int(nic_ns), int(vport_ns))
            n_pairs += 1
            n_false += stamps not in ours
            if key in given.clean:
                if key in clean or stamps != given.clean[key]:
                    raise Wrong(f"{name}: pair {key} is {stamps}, ours {given.clean[key]}")
                clean[key] = stamps
    if len(clean) != len(given.clean):
        raise Wrong(f"{name}: {len(clean)} of {len(given.clean)} pairs")
    if median_of(clean.values()) != median_of(given.clean.values()):
        raise Wrong(f"{name}: medians {median_of(clean.values())} ns, ours {median_of(given.clean.values())} ns")
    return n_false, len(given.all) - (n_pairs - n_false)


def measure(bench):
    n = 50000 if bench.quick else 200000
    bench.say(f"peers, 2 x {count(n)} packets")
    whole = Input(bench, "peers", n)
    whole.go(bench)
    whole.read_pairs(bench)
    rounds = 1 if bench.quick else 2
    has_tshark = shutil.which("tshark") is not None
    peer(bench, whole, "tshark -T fields, pandas", ["by_tshark.py", "--pandas"], rounds,
         "" if has_tshark and has_module("pandas") else "tshark or python3-pandas is not installed", "ratio >= 60")
    peer(bench, whole, "tshark -T fields, dict", ["by_tshark.py"], 1, "" if has_tshark else "tshark is not installed",
         "ratio >= 60")
    peer(bench, whole, "dpkt", ["by_dpkt.py"], 1 if bench.quick else 3,
         "" if has_module("dpkt") else "python3-dpkt is not installed", "ratio >= 18")
    shutil.rmtree(whole.run)
    tenth = Input(bench, "tenth", n // 10)
    tenth.go(bench)
    tenth.read_pairs(bench)
    peer(bench, tenth, "scapy", ["by_scapy.py"], 1 if bench.quick else 2,
         "" if has_module("scapy") else "python3-scapy is not installed", "ratio >= 300", 10)
    shutil.rmtree(tenth.run)


def ours_beside(bench, given, scale):
    """Our seconds for the whole input, also beside a peer that is given a part of it."""
    if scale == 1:
        return given.go(bench)
    run = Input(bench, "whole", given.n * scale)
    try:
        return run.go(bench)
    finally:
        shutil.rmtree(run.run)


def peer(bench, given, name, script, rounds, why_not, target, scale=1):
    """One script beside our way, in turns. scale: it is given one of so many packets, and its reading counts so many times."""
    size = f"2 x {count(given.n * scale)} packets"
    if why_not:
        bench.miss(STAGE, size, name, why_not, target)
        return
    ours, theirs, cpu, reading, memory, wrong = [], [], [], [], [], (0, 0)
    for _ in range(rounds):
        out = bench.path("peer")
        os.makedirs(out)
        cost, said = bench.timed(PEER_PYTHON, bench.here("peers", script[0]), *script[1:], *given.files, out)
        ours.append(ours_beside(bench, given, scale))
        reading.append(float(said.split()[0]))
        theirs.append(cost.wall_s + (scale - 1) * reading[-1])
        cpu.append(cost.cpu_s * theirs[-1] / cost.wall_s)
        memory.append(cost.memory_mb)
        wrong = check(name, os.path.join(out, "pairs.tsv"), given)
        shutil.rmtree(out)
    if scale > 1:
        name += f" (a tenth, x {scale})"
    bench.add(STAGE, size, name, "s", theirs, "wirespan", [wall for wall, _, _ in ours], target)
    bench.add(STAGE, size, f"{name}: CPU", "s", cpu, "wirespan", [cpu_s for _, cpu_s, _ in ours])
    bench.add(STAGE, size, f"{name}: pairs missing or false", "pairs", [sum(wrong)], "right", [len(given.all)])
    bench.add(STAGE, size, f"{name}: peak memory", "MB", memory)
    if script == ["by_tshark.py"]:
        bench.add("ingest", size, "tshark -T fields alone", "s", reading, "ingest", [ingest for _, _, ingest in ours],
                  "ratio >= 80")

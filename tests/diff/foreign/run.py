#!/usr/bin/python3
"""run - the foreign judge: captures of known truth go through ingest and analyze, and every answer must be exact.

    run.py [--bin DIR] [--work DIR] [--keep] [--seed N] [CASE...]

A CASE may end in `*`. Without one, all run, `random` (of the given seed) last. Ends with `N passed, N failed`.
"""
from __future__ import annotations

import argparse
import ipaddress
import json
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import Iterable, Mapping

sys.dont_write_bytecode = True

from all_cases import select  # noqa: E402 - after the line that keeps the source tree clean
from case import Case  # noqa: E402
from truth import POINTS, SEARCH_BYTES  # noqa: E402

ANALYSES = {"pairs": [], "cdf": ["--no-figure"], "detect": ["--no-figure"], "ledger": []}
PAIR_FIELDS = ("direction", "class", "saddr", "sport", "daddr", "dport", "seq", "trace_id", "span_id", "nic_ns",
               "vport_ns", "latency_ns")
REQUEST_FIELDS = ("point", "ts_ns", "seq", "reason", "trace_id", "span_id", "ids_end_off", "saddr", "sport", "daddr",
                  "dport", "payload_len", "req_off", "frame_len", "encap", "vni", "stream_id")
RESPONSE_FIELDS = ("point", "ts_ns", "saddr", "sport", "daddr", "dport", "seq", "ack", "payload_len", "status", "encap",
                   "vni")
REASON_CODES = {9: "beyond_window", 10: "split", 11: "malformed", 12: "incomplete", 13: "no_context", 14: "truncated",
                36: "http2_undecodable"}
FAMILIES = {1: "context_w3c", 2: "context_b3"}
TOLERANCE_US = 0.00051  # half a ns and what printing in us costs
SHOWN = 4
TIMEOUT_S = 120


class Unfit(Exception):
    """A command failed, or its answer has not the promised form."""


# -- the product

def command(arguments: list) -> bytes:
    """Standard output of a command that must succeed."""
    words = [str(argument) for argument in arguments]
    try:
        done = subprocess.run(words, capture_output=True, timeout=TIMEOUT_S)
    except subprocess.TimeoutExpired:
        raise Unfit(f"{' '.join(words)}: no end after {TIMEOUT_S} s") from None
    if done.returncode != 0:
        message = done.stderr.decode(errors="replace").strip()[-400:]
        raise Unfit(f"{' '.join(words)}: status {done.returncode}: {message}")
    return done.stdout


def analyses(programs: Path, run: Path) -> dict[str, bytes]:
    """What each analysis prints."""
    return {name: command([programs / "analyze", name, "--dir", run, "--format", "json", *options])
            for name, options in ANALYSES.items()}


# -- differences

def differ(what: str, wanted: Counter, given: Counter, fields: tuple[str, ...] = ()) -> list[str]:
    """The first rows that one side alone has."""
    lines = []
    for sign, left in (("missing", wanted - given), ("unexpected", given - wanted)):
        rows = sorted(left.elements(), key=repr)
        for row in rows[:SHOWN]:
            shown = " ".join(f"{name}={value}" for name, value in zip(fields, row)) if fields else repr(row)
            lines.append(f"{what}: {sign}: {shown}")
        if len(rows) > SHOWN:
            lines.append(f"{what}: {sign}: {len(rows) - SHOWN} more of {len(rows)}")
    return lines


def nonzero(counts: Mapping[str, int]) -> dict[str, int]:
    """Counts without zeros, which may be printed or not."""
    return {name: n for name, n in counts.items() if n}


def only_pcap(entries: Iterable[Mapping]) -> list[Mapping]:
    """Entries of the source at hand; there must be no other."""
    listed = list(entries)
    strange = [entry["source"] for entry in listed if entry["source"] != "pcap"]
    if strange:
        raise Unfit(f"sources that do not exist here: {strange[:3]}")
    return listed


def check_pairs(truth: dict, answer: dict) -> list[str]:
    """Every pair, field by field."""
    given = Counter(tuple(pair[name] for name in PAIR_FIELDS) for pair in only_pcap(answer["pairs"]))
    wanted = Counter(tuple(pair[name] for name in PAIR_FIELDS) for pair in truth["pairs"])
    lines = differ("pair", wanted, given, PAIR_FIELDS)
    if any(pair["latency_ns"] < 0 for pair in answer["pairs"]):
        lines.append("pair: a latency is negative")
    return lines


def check_cdf(truth: dict, answer: dict) -> tuple[list[str], set[str]]:
    """Order statistics and mean of each direction; and which median was printed for an even n."""
    given = {series["direction"]: series for series in only_pcap(answer["series"]) if series["n"]}
    lines, medians = [], set()
    if set(given) != set(truth["cdf"]):
        return [f"cdf: directions {sorted(given)}, expected {sorted(truth['cdf'])}"], medians
    for way, wanted in truth["cdf"].items():
        series = given[way]
        if series["n"] != wanted["n"]:
            lines.append(f"cdf {way}: n {series['n']}, expected {wanted['n']}")
            continue
        for name in ("min_us", "max_us", "mean_us"):
            if abs(series[name] - wanted[name]) > TOLERANCE_US:
                lines.append(f"cdf {way}: {name} {series[name]}, expected {wanted[name]}")
        low, high = wanted["median_low_us"], wanted["median_high_us"]
        if abs(series["median_us"] - low) <= TOLERANCE_US:
            medians |= {"lower"} if high - low > TOLERANCE_US else set()
        elif abs(series["median_us"] - (low + high) / 2) <= TOLERANCE_US:
            medians.add("mean")
        else:
            lines.append(f"cdf {way}: median_us {series['median_us']}, expected {low} or its mean with {high}")
    return lines, medians


def check_detect(truth: dict, answer: dict) -> list[str]:
    """Expected and detected contexts at each point for each search space."""
    given = {(entry["point"], entry["search_bytes"]): (entry["expected"], entry["detected"])
             for entry in only_pcap(answer["points"])}
    lines = []
    for point in POINTS:
        for n in SEARCH_BYTES:
            wanted = tuple(truth["points"][point]["detect"][str(n)])
            found = given.get((point, n), (0, 0))
            if found != wanted:
                lines.append(f"detect {point} N={n}: expected/detected {found}, truth {wanted}")
    return lines[:SHOWN]


def check_ledger(truth: dict, answer: dict) -> list[str]:
    """Frames, reasons, classes and the unmatched."""
    lines = []
    points = {entry["point"]: entry for entry in only_pcap(answer["points"])}
    for point in POINTS:
        if point not in points:
            lines.append(f"ledger: no point {point}")
            continue
        given, wanted = points[point], truth["points"][point]
        if given["frames"] != wanted["frames"] or sum(given["reasons"].values()) != given["frames"]:
            lines.append(f"ledger {point}: frames {given['frames']}, reasons add up to "
                         f"{sum(given['reasons'].values())}, truth {wanted['frames']}")
        lines += differ(f"ledger {point}", Counter(wanted["reasons"]), Counter(nonzero(given["reasons"])))
    for name in ("classes", "unmatched"):
        given = nonzero(answer["join"][name])
        if given != truth[name]:
            lines.append(f"ledger join.{name}: {given}, truth {truth[name]}")
    return lines


# -- the database

def database_rows(run: Path) -> Counter:
    """The request table, in the terms of the truth."""
    query = """SELECT point.name, ts_ns, seq, reason, family, trace_id, span_id, ids_end_off, saddr, sport, daddr,
                      dport, payload_len, req_off, frame_len, encap, vni, ifnull(stream_id, 0)
               FROM request JOIN flow USING (flow_id) JOIN file ON file.file_id = request.file_id
               JOIN point USING (point_id)"""
    connection = sqlite3.connect(f"file:{run / 'run.db'}?mode=ro", uri=True)
    rows: Counter = Counter()
    for row in connection.execute(query):
        point, ts_ns, seq, code, family, trace, span, ids_end, saddr, sport, daddr, dport, *rest = row
        has_context = code == 16
        reason = FAMILIES.get(family, f"family {family}") if has_context else REASON_CODES.get(code, f"reason {code}")
        ids = (trace.hex(), span.hex(), ids_end) if has_context else ("", "", 0)
        source, target = (str(six.ipv4_mapped or six) for six in map(ipaddress.IPv6Address, (saddr, daddr)))
        rows[(point, ts_ns, seq, reason, *ids, source, sport, target, dport, *rest)] += 1
    connection.close()
    return rows


def check_responses(truth: dict, run: Path) -> list[str]:
    """Every frame that begins with a status line is a row, and counted as one."""
    query = """SELECT point.name, ts_ns, saddr, sport, daddr, dport, seq, ack, payload_len, status, encap, vni
               FROM response JOIN flow USING (flow_id) JOIN file ON file.file_id = response.file_id
               JOIN point USING (point_id)"""
    counts = "SELECT name, n_responses FROM file JOIN point USING (point_id)"
    connection = sqlite3.connect(f"file:{run / 'run.db'}?mode=ro", uri=True)
    given: Counter = Counter()
    for point, ts_ns, saddr, sport, daddr, dport, *rest in connection.execute(query):
        source, target = (str(six.ipv4_mapped or six) for six in map(ipaddress.IPv6Address, (saddr, daddr)))
        given[(point, ts_ns, source, sport, target, dport, *rest)] += 1
    counted = dict(connection.execute(counts).fetchall())
    connection.close()
    wanted = Counter(tuple(answer[name] for name in RESPONSE_FIELDS) for answer in truth["answers"])
    lines = differ("response", wanted, given, RESPONSE_FIELDS)
    for point in POINTS:
        n = sum(row[0] == point for row in wanted.elements())
        if counted.get(point, 0) != n or n != truth["points"][point]["reasons"].get("http_response", 0):
            lines.append(f"response {point}: {counted.get(point)} counted, truth {n}")
    return lines


def check_requests(truth: dict, run: Path) -> list[str]:
    """Every sighting, with or without a context."""
    wanted = Counter(tuple(sighting[name] for name in REQUEST_FIELDS) for sighting in truth["sightings"])
    return differ("request", wanted, database_rows(run), REQUEST_FIELDS)


# -- a case

def judge(case: Case, programs: Path, run: Path, once: bool) -> tuple[list[str], set[str]]:
    """Generates, loads, asks and compares; then, unless once, loads again, which must change nothing."""
    truth = case.write(run)
    command([programs / "ingest", "--dir", run])
    printed = analyses(programs, run)
    try:
        answers = {name: json.loads(text) for name, text in printed.items()}
        lines = check_pairs(truth, answers["pairs"]) + check_detect(truth, answers["detect"])
        lines += check_ledger(truth, answers["ledger"]) + check_requests(truth, run)
        lines += check_responses(truth, run)
        wrong, medians = check_cdf(truth, answers["cdf"])
    except (KeyError, TypeError, ValueError, AttributeError, sqlite3.Error) as error:
        raise Unfit(f"an answer has not the promised form: {type(error).__name__}: {error}") from error
    lines += wrong
    if once:
        return lines, medians
    command([programs / "ingest", "--dir", run])
    again = analyses(programs, run)
    lines += [f"{name}: other bytes after a second ingest" for name in ANALYSES if again[name] != printed[name]]
    return lines, medians


def run_all(cases: list[Case], programs: Path, work: Path, once: bool) -> int:
    """A line for each case; returns how many failed."""
    failed, medians = 0, set()
    for case in cases:
        run = work / case.name
        shutil.rmtree(run, ignore_errors=True)
        try:
            lines, seen = judge(case, programs, run, once)
            medians |= seen
        except Unfit as unfit:
            lines = [str(unfit)]
        failed += bool(lines)
        print(f"{'FAIL' if lines else 'ok  '} {case.name}", flush=True)
        for line in lines:
            print(f"     {line}")
    print(f"median of an even n: {' and '.join(sorted(medians)) or 'not seen'}")
    print(f"{len(cases) - failed} passed, {failed} failed")
    return failed


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bin", type=Path, default=Path("build/bin"), help="where ingest and analyze lie")
    parser.add_argument("--work", type=Path, help="where run directories are made; they are left there")
    parser.add_argument("--keep", action="store_true", help="leave the run directories, and say where")
    parser.add_argument("--seed", type=int, default=1, help="of the case `random`")
    parser.add_argument("--once", action="store_true", help="do not load each a second time")
    parser.add_argument("cases", nargs="*", metavar="CASE")
    options = parser.parse_args()
    for name in ("ingest", "analyze"):
        if not (options.bin / name).is_file():
            parser.error(f"{options.bin / name} does not exist: build it, or name its directory with --bin")
    cases = select(options.cases, options.seed)
    work = options.work or Path(tempfile.mkdtemp(prefix="foreign-"))
    failed = run_all(cases, options.bin, work, options.once)
    if options.keep:
        print(f"run directories: {work}")
    elif not options.work:
        shutil.rmtree(work)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

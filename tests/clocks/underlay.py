#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""What `analyze underlay` says of a network whose delays are known (network.py), against these."""
import json
import math
import subprocess
import sys

PASSED = [0, 0]


def check(name, good):
    PASSED[not good] += 1
    print(("ok      " if good else "FAILED  ") + name)


def run(analyze, command, directory, *options):
    return subprocess.run([analyze, command, "--dir", directory, "--no-figure", *options], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, check=False)


def quantile(values, num, den):
    return sorted(values)[math.ceil(len(values) * num / den) - 1]


def main():
    analyze, campaign, silent = sys.argv[1:]
    with open(f"{campaign}/truth.json", encoding="ascii") as file:
        truth = json.load(file)
    table = run(analyze, "underlay", campaign)
    check("without --align no one-way delay is told, and why",
          table.returncode == 0 and "one way is not told" in table.stdout and "+-" not in table.stdout)
    plain = json.loads(run(analyze, "underlay", campaign, "--format", "json").stdout)
    check("without --align the JSON has no one-way delay", all(d["what"] == "there and back" for d in plain["delays"]))
    found = {f"{d['from']} {d['to']}": d for d in plain["delays"] if d["scope"] == "nodes"}
    check("there and back between every two nodes", sorted(found) == sorted(truth))
    for pair, delays in truth.items():
        row = found.get(pair, {})
        exact = {"min": min(delays), "max": max(delays), "median": quantile(delays, 1, 2), "p90": quantile(delays, 9, 10),
                 "p99": quantile(delays, 99, 100)}
        check(f"there and back {pair} to the ns",
              bool(row) and row["n"] == len(delays)
              and all(round(row[q]["value_us"] * 1000) == ns for q, ns in exact.items()))
    # Both clocks are the same here: what is told one way is true to the bound of the clocks.
    aligned = json.loads(run(analyze, "underlay", campaign, "--align", "packets", "--format", "json").stdout)
    ways = [d for d in aligned["delays"] if d["scope"] == "nodes" and d["what"] == "one way"]
    least = {("node4", "node1"): 40, ("node1", "node4"): 40, ("node1", "node2"): 60, ("node2", "node1"): 25,
             ("node1", "node3"): 30, ("node3", "node1"): 30, ("node3", "node4"): 35, ("node4", "node3"): 90}
    check("one way in both directions between every two nodes", {(d["from"], d["to"]) for d in ways} == set(least))
    for way in ways:
        low_us = least.get((way["from"], way["to"]), -1)
        check(f"least delay from {way['from']} to {way['to']} within its bound",
              0 <= low_us and way["min"]["clock_bound_us"] > 0
              and abs(way["min"]["value_us"] - low_us) <= way["min"]["clock_bound_us"] + 1.5)
    for command in ("underlay", "clocks"):
        none = run(analyze, command, silent, *(("--align", "packets") if command == "underlay" else ()))
        check(f"{command} without responses fails and says what to do",
              none.returncode == 1 and "--responses" in none.stderr and not none.stdout)
    none = run(analyze, "underlay", campaign, "--align", "chrony")
    check("--align chrony without a word of chrony's fails and says what to do",
          none.returncode == 1 and "capture collect" in none.stderr)
    tsv = run(analyze, "clocks", campaign, "--format", "tsv").stdout.splitlines()
    check("clocks: TSV has a row for every node and every pair",
          len([r for r in tsv if r.startswith("node\t")]) == 4 and len([r for r in tsv if r.startswith("pair\t")]) == 4)
    print(f"{PASSED[0]} passed, {PASSED[1]} failed")
    return 1 if PASSED[1] else 0


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Checks aligned times of make_mesh.py's campaign against what is true there: node2's clock is 250 ms ahead, and the
network takes 17.5 us to node2 and 17.75 us back.

  tests/journey/aligned.py RAW ALIGNED     exports in JSON, a line an interval, without and with --align packets
"""
import json
import sys

AHEAD_NS = 250_000_000
TRUE_NS = {"request": 17500, "response": 17750}


def read(path):
    with open(path, encoding="utf-8") as lines:
        return {row["span_id"]: row for row in map(json.loads, lines)}


def main():
    if len(sys.argv) != 3:
        print("usage: tests/journey/aligned.py RAW ALIGNED", file=sys.stderr)
        return 2
    raw, aligned = read(sys.argv[1]), read(sys.argv[2])
    wrong, n_underlay = [], 0
    for span_id, row in aligned.items():
        bound = row["clock_bound_ns"]
        if row["name"] == "underlay":
            n_underlay += 1
            if row["class"] == "matched" and abs(row["duration_ns"] - TRUE_NS[row["way"]]) > row["duration_bound_ns"]:
                wrong.append(row)
        if row["from_node"] == row["to_node"] and row["duration_ns"] != raw[span_id]["duration_ns"]:
            wrong.append(row)
        if span_id in raw:
            moved = row["start_realtime_ns"] - raw[span_id]["start_realtime_ns"]
            if abs(moved + (AHEAD_NS if row["from_node"] == "node2" else 0)) > bound:
                wrong.append(row)
    for row in wrong[:5]:
        print("wrong:", row)
    return 1 if wrong or n_underlay < 18 or not raw.keys() <= aligned.keys() else 0


if __name__ == "__main__":
    sys.exit(main())

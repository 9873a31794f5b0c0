#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""merge_pandas - pairs and exact quantiles of rows that were exported as CSV, by pandas.

usage: merge_pandas.py NIC.CSV VPORT.CSV

Columns: trace_id, span_id, seq, ts_ns, direction. Prints for rx and tx: n, p50, p90 and p99 in ns. Requests that were sent again
are told apart by a limit of 100 ms, which fits the generated data and no others: without it each sighting of such a request at one
point is paired with each at the other.
"""
import sys

import pandas


def main():
    nic, vport = (pandas.read_csv(path) for path in sys.argv[1:])
    both = nic.merge(vport, on=["trace_id", "span_id", "seq"])
    both["ns"] = (both.ts_ns_y - both.ts_ns_x).abs()
    both = both[both.ns < 100000000]
    for direction, name in ((1, "rx"), (2, "tx")):
        ns = both.ns[both.direction_x == direction].sort_values().to_numpy()
        print(name, len(ns), *(ns[-(-len(ns) * q // 100) - 1] for q in (50, 90, 99)))


main()

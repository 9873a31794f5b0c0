#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""by_tshark - from two packet captures to the figure, by tshark -T fields and a join in pandas or in a dict.

usage: by_tshark.py [--pandas] NIC.PCAP VPORT.PCAP OUT_DIR

Prints the seconds that tshark took. Right where every request is one packet that passes once. Beyond that:
- tshark does not dissect a retransmitted request again: one of its passages is missing. Where the captures did not begin at the
  same moment it may be the first at one point and the second at the other, which makes a pair that is none;
- told to dissect each (tcp.analyze_sequence_numbers:FALSE), pandas pairs every sighting of a request at one point with every one at
  the other: of a request that was sent twice two of four pairs are false;
- times as floating-point numbers, as pandas would read them, are good to a quarter of a microsecond: they are read as text;
- a request over several segments has the time of its last, and its sequence number.
"""
import re
import subprocess
import sys
import time

from figure import finish

TRACE = re.compile(r"x-b3-traceid: *([0-9a-f]{16,32})", re.IGNORECASE)
SPAN = re.compile(r"x-b3-spanid: *([0-9a-f]{16})", re.IGNORECASE)
FIELDS = ("frame.time_epoch", "tcp.seq_raw", "http.request.line")


def read(path):
    """(sequence number, trace id, span id, ns) of each request."""
    command = ["tshark", "-n", "-r", path, "-d", "udp.port==4789,vxlan", "-Y", "http.request", "-T", "fields"]
    for field in FIELDS:
        command += ["-e", field]
    said = subprocess.run(command, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True).stdout
    for line in said.splitlines():
        stamp, seq, lines = line.split("\t", 2)
        trace, span = TRACE.search(lines), SPAN.search(lines)
        if trace and span:
            seconds, fraction = stamp.split(".")
            yield int(seq.split(",")[-1]), trace[1], span[1], int(seconds) * 10**9 + int(fraction[:9].ljust(9, "0"))


def join_pandas(nic, vport):
    import pandas

    columns = ["seq", "trace", "span", "ns"]
    both = pandas.DataFrame(nic, columns=columns).merge(pandas.DataFrame(vport, columns=columns), on=columns[:3])
    return list(zip(both.seq, both.trace, both.ns_x, both.ns_y))


def join_dict(nic, vport):
    at_nic = {row[:3]: row[3] for row in nic}
    return [(row[0], row[1], at_nic[row[:3]], row[3]) for row in vport if row[:3] in at_nic]


def main():
    with_pandas = sys.argv[1] == "--pandas"
    nic_path, vport_path, out_dir = sys.argv[2 if with_pandas else 1:]
    start = time.monotonic()
    nic, vport = list(read(nic_path)), list(read(vport_path))
    print(time.monotonic() - start)
    finish((join_pandas if with_pandas else join_dict)(nic, vport), out_dir)


main()

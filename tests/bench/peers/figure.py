# SPDX-License-Identifier: BSD-2-Clause
"""figure - what the scripts beside it have in common: the pairs as a file, and the figure of both directions. A thousand points
a curve, drawn by gnuplot, which is kinder to them than most plotting would be."""
import os
import subprocess
import sys
import time

SCRIPT = """set terminal {terminal}
set output '{out}'
set logscale x
set xlabel 'latency [us]'
set ylabel 'fraction of requests'
set key bottom right
plot '{out_dir}/rx.dat' using 1:2 with steps title 'rx', '{out_dir}/tx.dat' using 1:2 with steps title 'tx'
"""


def curve(path, latencies_ns):
    n = len(latencies_ns)
    latencies_ns.sort()
    with open(path, "w", encoding="ascii") as file:
        for i in range(0, n, max(1, n // 1000)):
            file.write(f"{latencies_ns[i] / 1000} {(i + 1) / n}\n")


def finish(pairs, out_dir):
    """pairs: (sequence number, trace id, ns at the NIC, ns at the vport). rx: NIC first."""
    with open(os.path.join(out_dir, "pairs.tsv"), "w", encoding="ascii") as file:
        file.writelines("%d\t%s\t%d\t%d\n" % pair for pair in pairs)
    curve(os.path.join(out_dir, "rx.dat"), [vport - nic for _, _, nic, vport in pairs if vport > nic])
    curve(os.path.join(out_dir, "tx.dat"), [nic - vport for _, _, nic, vport in pairs if nic > vport])
    for terminal, name in (("svg", "cdf.svg"), ("pdfcairo", "cdf.pdf")):
        script = SCRIPT.format(terminal=terminal, out=os.path.join(out_dir, name), out_dir=out_dir)
        subprocess.run(["gnuplot"], input=script, text=True, check=True, capture_output=True)


def join_by_key(read):
    """The program around a reader: NIC.PCAP VPORT.PCAP OUT_DIR. read: a path's ns by (sequence number, trace id, span id)."""
    nic_path, vport_path, out_dir = sys.argv[1:]
    start = time.monotonic()
    nic, vport = read(nic_path), read(vport_path)
    print(time.monotonic() - start)
    finish([(key[0], key[1], nic[key], ns) for key, ns in vport.items() if key in nic], out_dir)

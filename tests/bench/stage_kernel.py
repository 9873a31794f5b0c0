# SPDX-License-Identifier: BSD-2-Clause
"""stage_kernel - what the in-kernel program costs a packet, as bench_bpf tells it; all of it in BUILD/bench/bench_bpf.txt."""
import os


def measure(bench):
    if os.geteuid() != 0:
        bench.miss("kernel", "1 packet", "tap", "needs root")
        return
    bench.say("in the kernel")
    said = bench.take_figures(bench.tool("bench_bpf"), os.path.join(bench.build, "tap.bpf.o"),
                              bench.tool("byte_by_byte.bpf.o"), "15" if bench.quick else "41")
    with open(bench.tool("bench_bpf.txt"), "w", encoding="utf-8") as file:
        file.write(said + "\n")
    if "skipped" in said:
        bench.miss("kernel", "1 packet", "tap", "BPF_PROG_RUN is not permitted")

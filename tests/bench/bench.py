#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""bench - how fast everything is, as ratios to baselines that are measured in the same run, and how much memory it takes.

usage: bench.py --build DIR [--quick] [--only STAGE[,STAGE]...] [--tsv FILE]

Data are made on the spot from fixed seeds; nothing is fetched. What is compared takes turns in every round; medians. Prints
one table and keeps it, with every number, in DIR/bench/bench.tsv (or FILE), and the most important of it in DIR/bench/bench.md.
Of programs that are not installed it says "not measured".

Exit status: 0 done, however slow; 1 a program failed or an answer was wrong; 2 wrong usage.
"""
import getopt
import os
import signal
import sys

import figures
import stage_capture
import stage_growth
import stage_kernel
import stage_peers
import stage_pipeline
from runs import Bench, Wrong

STAGES = {
    "kernel": stage_kernel.measure,
    "capture": stage_capture.measure,
    "pipeline": stage_pipeline.measure,
    "growth": stage_growth.measure,
    "peers": stage_peers.measure,
}


def wrong_usage(text):
    print(f"bench.py: {text}\n{__doc__.splitlines()[2]}\nstages: {', '.join(STAGES)}", file=sys.stderr)
    sys.exit(2)


def options(argv):
    build, quick, only, tsv = None, False, list(STAGES), None
    try:
        given, rest = getopt.getopt(argv, "", ["build=", "quick", "only=", "tsv=", "help"])
    except getopt.GetoptError as error:
        wrong_usage(error)
    for name, value in given:
        if name == "--help":
            print(__doc__.strip() + f"\n\nstages: {', '.join(STAGES)}")
            sys.exit(0)
        elif name == "--build":
            build = value
        elif name == "--quick":
            quick = True
        elif name == "--only":
            only = value.split(",")
        elif name == "--tsv":
            tsv = value
    if not build or rest or any(stage not in STAGES for stage in only):
        wrong_usage("--build is needed" if not build else f"not understood: {' '.join(rest or only)}")
    return build, quick, only, tsv or os.path.join(build, "bench", "bench.tsv")


def main():
    build, quick, only, tsv = options(sys.argv[1:])
    if not os.access(os.path.join(build, "bench", "timed"), os.X_OK):
        print(f"bench.py: {build}: not built: make bench-programs", file=sys.stderr)
        return 1
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the data are removed
    bench = Bench(build, quick)
    failures = []
    try:
        for stage in only:
            try:
                STAGES[stage](bench)
            except Wrong as error:
                failures.append(f"{stage}: {error}")
                print(f"bench.py: {failures[-1]}", file=sys.stderr)
    finally:
        bench.close()
    print(f"\n{figures.machine()}, {os.uname().sysname} {os.uname().release}, commit {figures.commit(bench.root)}, "
          f"{'quick, ' if quick else ''}{bench.elapsed_s():.0f} s")
    print("medians of rounds; baseline and ratio (median / baseline) of the same rounds; low .. high: of eleven rounds or "
          "more, four of five\n")
    print("\n".join(figures.table(bench.figures)))
    figures.write_tsv(tsv, bench.figures, bench.root)
    with open(bench.tool("bench.md"), "w", encoding="utf-8") as file:
        file.write("\n".join(figures.markdown(bench.figures, bench.root, f"make bench{' QUICK=1' if quick else ''}")) + "\n")
    met = [f.is_met() for f in bench.figures if isinstance(f, figures.Figure)]
    print(f"\n{met.count(True)} targets met, {met.count(False)} not; every number: {tsv}")
    for text in bench.notes:
        print(f"note: {text}")
    for text in failures:
        print(f"failed: {text}")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())

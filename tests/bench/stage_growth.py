# SPDX-License-Identifier: BSD-2-Clause
"""stage_growth - the same from 10^5 to 10^7 rows a point: each size's time beside ten times that of the size before, each
size's memory beside that of the size before. A ratio of 1 is growth in step with the rows; of memory, none at all."""
import os
import re
import shutil

from runs import count, fresh_run
from stage_pipeline import measure_pandas

# rows a point, and how often each is measured
FULL = ((100000, 5), (1000000, 3), (10000000, 1))
QUICK = ((100000, 3), (1000000, 1))
BYTES_A_ROW = 400  # of record files, database, reports, and a CSV, together
PANDAS_UNTIL_S = 540  # begun later, on a machine so slow, it would make the whole take more than 20 minutes


def measure(bench):
    before = {}
    for rows, rounds in QUICK if bench.quick else FULL:
        needed = 2 * rows * BYTES_A_ROW
        if shutil.disk_usage(bench.dir).free < needed:
            bench.miss("growth", f"2 x {count(rows)} rows", "ingest, cdf", f"needs {needed / 1e9:.0f} GB of disk")
            continue
        bench.say(f"growth: 2 x {count(rows)} rows")
        run = bench.path("growth")
        os.makedirs(run)
        bench.run(bench.tool("make_run"), "records", run, str(rows))
        costs = {"ingest": [], "cdf": []}
        for _ in range(rounds):
            fresh_run(run)
            costs["ingest"].append(bench.timed(bench.program("ingest"), "--dir", run, "--quiet")[0])
            costs["cdf"].append(bench.timed(bench.program("analyze"), "cdf", "--dir", run, "--no-figure")[0])
        if rows == 10000000:
            measure_pandas_if_fit(bench, run, rows)
        shutil.rmtree(run)
        for name, of_name in costs.items():
            add_figures(bench, name, rows, of_name, before.get(name))
        before = costs


def measure_pandas_if_fit(bench, run, rows):
    """It takes minutes and gigabytes of memory."""
    with open("/proc/meminfo", encoding="ascii") as file:
        free_gb = int(re.search(r"^MemAvailable: *(\d+)", file.read(), re.MULTILINE)[1]) / 2**20
    why_not = "" if free_gb > 12 else f"needs 12 GB of memory, {free_gb:.0f} are free"
    if bench.elapsed_s() > PANDAS_UNTIL_S:
        why_not = "no time left"
    if why_not:
        bench.miss("join", f"{count(rows)} pairs", "pandas: read_csv, merge", why_not, "ratio >= 10")
    else:
        measure_pandas(bench, run, rows, 1, "ratio >= 10")


def targets(name, rows):
    """Of time and of memory."""
    if name == "cdf" and rows == 10000000:
        return "value <= 5.5", "value <= 1000"
    if name == "ingest" and rows == 10000000:
        return "", "ratio <= 1.2"
    return "", ""


def add_figures(bench, name, rows, costs, before):
    size = f"2 x {count(rows)} rows"
    time_target, memory_target = targets(name, rows)
    smaller = f"2 x {count(rows // 10)}" if before else ""
    bench.add("growth", size, f"{name}, time", "s", [c.wall_s for c in costs], f"10 x that of {smaller}" if before else "",
              [10 * c.wall_s for c in before or ()], time_target)
    bench.add("growth", size, f"{name}, CPU", "s", [c.cpu_s for c in costs], f"10 x that of {smaller}" if before else "",
              [10 * c.cpu_s for c in before or ()])
    bench.add("growth", size, f"{name}, peak memory", "MB", [c.memory_mb for c in costs], smaller,
              [c.memory_mb for c in before or ()], memory_target)

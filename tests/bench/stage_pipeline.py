# SPDX-License-Identifier: BSD-2-Clause
"""stage_pipeline - from record files and packet captures to the figure and the report, as whole processes: each beside the
least that its work takes (rows into the same table, libpcap alone) and beside SQL."""
import importlib.util
import json
import os
import shutil
import sqlite3
import subprocess

from runs import Wrong, count, fresh_run

PEER_PYTHON = "/usr/bin/python3"  # where Debian's modules are


def measure(bench):
    rows = 200000 if bench.quick else 1000000
    bench.say(f"ingest and analyze, 2 x {count(rows)} rows")
    run = bench.path("run")
    os.makedirs(run)
    bench.run(bench.tool("make_run"), "records", run, str(rows))
    measure_records(bench, run, rows)
    measure_sql(bench, run, rows)
    measure_pandas(bench, run, rows, 3, "" if bench.quick else "ratio >= 6")
    shutil.rmtree(run)
    bench.say("ingest of packet captures")
    for share in (5, 1):
        measure_pcaps(bench, 50000 if bench.quick else 200000, share)


def measure_records(bench, run, rows):
    size, n = f"2 x {count(rows)} rows", 2 * rows
    ingest, bare, cdf, figure, report, json_cdf = [], [], [], [], [], []
    files = [os.path.join(run, name + ".rec.zst") for name in ("nic", "vport")]
    analyze = (bench.program("analyze"), "cdf", "--dir", run)
    for i in range(bench.rounds):
        fresh_run(run)
        if os.path.exists(bench.path("bare.db")):
            os.unlink(bench.path("bare.db"))
        bare.append([float(x) for x in bench.run(bench.tool("bare_insert"), bench.path("bare.db"), *files).split()])
        ingest.append(bench.timed(bench.program("ingest"), "--dir", run, "--quiet")[0])
        cdf.append(bench.timed(*analyze, "--no-figure")[0])
        figure.append(bench.timed(*analyze)[0])
        if i < 3:
            report.append(bench.timed(bench.program("analyze"), "report", "--dir", run)[0])
    compare_tables(os.path.join(run, "run.db"), bench.path("bare.db"))
    os.unlink(bench.path("bare.db"))
    rates = [n / c.wall_s / 1e6 for c in ingest]
    bench.add("ingest", size, "records", "M rows/s", rates, "bare insert", [n / b[0] / 1e6 for b in bare],
              "value >= 2")
    bench.add("ingest", size, "records, time", "s", [c.wall_s for c in ingest], "bare insert", [b[0] for b in bare],
              "ratio <= 1.2")
    bench.add("ingest", size, "records, CPU", "s", [c.cpu_s for c in ingest], "bare insert", [b[1] for b in bare])
    bench.add("ingest", size, "records, database", "B/row", [os.path.getsize(os.path.join(run, "run.db")) / n],
              "record files", [sum(map(os.path.getsize, files)) / n])
    walls = [c.wall_s for c in cdf]
    bench.add("analyze", size, "cdf, no figure", "s", walls, "ingest", [c.wall_s for c in ingest],
              "" if bench.quick else "value <= 0.5")
    bench.add("analyze", size, "cdf, no figure, CPU", "s", [c.cpu_s for c in cdf], "ingest", [c.cpu_s for c in ingest])
    bench.add("analyze", size, "cdf with its figure", "s", [c.wall_s for c in figure], "cdf, no figure", walls)
    bench.add("analyze", size, "report", "s", [c.wall_s for c in report], "cdf with its figure",
              [c.wall_s for c in figure[:len(report)]])
    for name, costs in (("ingest", ingest), ("cdf, no figure", cdf), ("report", report)):
        bench.add("ingest" if name == "ingest" else "analyze", size, f"{name}, peak memory", "MB",
                  [c.memory_mb for c in costs], "database", [os.path.getsize(os.path.join(run, "run.db")) / 2**20])


def compare_tables(run_db, bare_db):
    """The bare insert is measured with exactly the rows that ingest inserts."""
    db = sqlite3.connect(f"file:{run_db}?mode=ro", uri=True)
    db.execute("ATTACH ? AS bare", (f"file:{bare_db}?mode=ro",))
    names = [row[1] for row in db.execute("PRAGMA table_info(request)")]
    same = " AND ".join(f"a.{name} IS b.{name}" for name in names)
    counts = db.execute("SELECT (SELECT count(*) FROM main.request), (SELECT count(*) FROM bare.request),"
                        f" (SELECT count(*) FROM main.request AS a JOIN bare.request AS b USING (request_id) WHERE {same})"
                        ).fetchone()
    db.close()
    if len(set(counts)) != 1:
        raise Wrong(f"bare_insert's rows are not ingest's: {counts[0]} and {counts[1]}, {counts[2]} the same")


def quantiles_of(bench, run):
    """What analyze says: n, p50, p90 and p99 in ns of each direction."""
    said = json.loads(bench.run(bench.program("analyze"), "cdf", "--dir", run, "--no-figure", "--format", "json"))
    return {s["direction"]: [s["n"]] + [round(s[f"{q}_us"] * 1000) for q in ("median", "p90", "p99")] for s in said["series"]}


def read_quantiles(lines):
    """Lines of a direction, n, and quantiles in ns."""
    return {line.split()[0]: [int(x) for x in line.split()[1:]] for line in lines}


def check_quantiles(who, theirs, ours):
    if theirs != ours:
        raise Wrong(f"{who} says n, p50, p90, p99 [ns] {theirs}, analyze cdf {ours}")


def measure_sql(bench, run, rows):
    """Pairs a second of analyze cdf, which ends with the files written, and of SQL's join, its index and its sorting."""
    bench.say("join, beside SQL")
    ours, sql, memory = [], [], []
    truth = quantiles_of(bench, run)
    for _ in range(3):
        shutil.copyfile(os.path.join(run, "run.db"), bench.path("sql.db"))
        cost, said = bench.timed(bench.tool("sql_join"), bench.path("sql.db"))
        ours.append(bench.timed(bench.program("analyze"), "cdf", "--dir", run, "--no-figure")[0])
        sql.append([float(x) for x in said.splitlines()[0].split()])
        memory.append(cost.memory_mb)
        check_quantiles("sql_join", read_quantiles(said.splitlines()[1:]), truth)
    os.unlink(bench.path("sql.db"))
    size = f"{count(rows)} pairs"
    bench.add("join", size, "SQL: index, join, sort", "s", [sum(s) for s in sql], "cdf, no figure", [c.wall_s for c in ours])
    bench.add("join", size, "SQL: join and sort, had it the index", "s", [sum(s[1:]) for s in sql], "cdf, no figure",
              [c.wall_s for c in ours])
    bench.add("join", size, "pairs joined, quantiles, files written", "M pairs/s", [rows / c.wall_s / 1e6 for c in ours],
              "SQL", [rows / sum(s) / 1e6 for s in sql])
    bench.add("join", size, "peak memory", "MB", [c.memory_mb for c in ours], "SQL", memory)


def measure_pandas(bench, run, rows, rounds, target):
    """read_csv and merge, of what it needs of the rows; writing the CSV is not counted."""
    bench.say(f"join of {count(rows)} pairs, beside pandas")
    if not has_module("pandas"):
        bench.miss("join", f"{count(rows)} pairs", "pandas", "python3-pandas is not installed", target)
        return
    files = [bench.path(name + ".csv") for name in ("nic", "vport")]
    export_csv(os.path.join(run, "run.db"), files)
    truth = quantiles_of(bench, run)
    ours, pandas = [], []
    for _ in range(rounds):
        cost, said = bench.timed(PEER_PYTHON, bench.here("peers", "merge_pandas.py"), *files)
        check_quantiles("merge_pandas.py", read_quantiles(said.splitlines()), truth)
        pandas.append(cost)
        ours.append(bench.timed(bench.program("analyze"), "cdf", "--dir", run, "--no-figure")[0])
    for path in files:
        os.unlink(path)
    bench.add("join", f"{count(rows)} pairs", "pandas: read_csv, merge", "s", [c.wall_s for c in pandas], "cdf, no figure",
              [c.wall_s for c in ours], target)
    bench.add("join", f"{count(rows)} pairs", "pandas, peak memory", "MB", [c.memory_mb for c in pandas], "cdf, no figure",
              [c.memory_mb for c in ours])


def export_csv(run_db, files):
    db = sqlite3.connect(f"file:{run_db}?mode=ro", uri=True)
    for path in files:
        with open(path, "w", encoding="ascii") as file:
            file.write("trace_id,span_id,seq,ts_ns,direction\n")
            file.writelines("%s,%s,%d,%d,%d\n" % row for row in db.execute(
                "SELECT hex(trace_id), hex(span_id), seq, ts_ns, direction FROM request WHERE file_id = (SELECT file_id"
                " FROM file JOIN point USING (point_id) WHERE name = ?)", (os.path.basename(path)[:-4],)))
    db.close()


def has_module(name):
    """Whether the Python of the peers has it."""
    if os.path.realpath(PEER_PYTHON) == os.path.realpath(os.sys.executable):
        return importlib.util.find_spec(name) is not None
    return subprocess.run([PEER_PYTHON, "-c", f"import {name}"], capture_output=True, check=False).returncode == 0


def measure_pcaps(bench, n, share):
    run = bench.path(f"pcaps{share}")
    os.makedirs(run)
    n_packets, n_requests = map(int, bench.run(bench.tool("make_run"), "pcaps", run, str(n), str(share)).split())
    files = [os.path.join(run, name + ".pcap") for name in ("nic", "vport")]
    ingest, plain = [], []
    for _ in range(bench.rounds):
        fresh_run(run)
        cost, said = bench.timed(bench.tool("read_pcap"), *files)
        if not said.startswith(f"{2 * n_packets} packets"):
            raise Wrong(f"read_pcap: {said.strip()} of {2 * n_packets}")
        plain.append(cost)
        ingest.append(bench.timed(bench.program("ingest"), "--dir", run, "--quiet")[0])
    check_requests(os.path.join(run, "run.db"), 2 * n_requests)
    size = f"2 x {count(n)} packets"
    what = "pcap, 1 in 5 a request" if share == 5 else "pcap, all requests"
    rates, plain_rates = ([2 * n_packets / c.wall_s / 1e6 for c in costs] for costs in (ingest, plain))
    bench.add("ingest", size, what, "M packets/s", rates, "libpcap alone", plain_rates, "value >= 2" if share == 5 else "")
    bench.add("ingest", size, what + ", CPU", "s", [c.cpu_s for c in ingest], "libpcap alone", [c.cpu_s for c in plain])
    bench.add("ingest", size, what + ", peak memory", "MB", [c.memory_mb for c in ingest], "files",
              [sum(map(os.path.getsize, files)) / 2**20])
    shutil.rmtree(run)


def check_requests(run_db, n_requests):
    db = sqlite3.connect(f"file:{run_db}?mode=ro", uri=True)
    n, = db.execute("SELECT count(*) FROM request WHERE trace_id IS NOT NULL").fetchone()
    db.close()
    if n != n_requests:
        raise Wrong(f"ingest found {n} requests with a context in packet captures of {n_requests}")

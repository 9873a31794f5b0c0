#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Lets allocations of ingest, of every analyze command and of capture's readers fail, one after the other.

Usage: tests/memory/run.py BIN_DIR FAILING_SO [--sample N] [--only WORD] [--jobs N] [--seed N]

Each command is run without a failure first, which tells what it says and how often it allocates; then again with its
first allocation failing, with its second, and so on (--sample N: N of them, drawn evenly). Promised is: exit status 1
and words that say so, or all as if nothing had failed, but for a warning; never a crash; no half-written file; what is only read
stays as it was; after a failed ingest the files in the database are whole, and the next ingest makes of it what it would have been.
"""
import argparse
import filecmp
import os
import pathlib
import random
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import threading

from served import Place, Served

TOP = pathlib.Path(__file__).resolve().parent.parent.parent
SAMPLE = TOP / "datasets/sample"
GOLDEN = TOP / "tests/golden"
CAMPAIGN = TOP / "datasets/sample-campaign"
WORDS = ("out of memory", "Cannot allocate memory")
PER_FILE = ("request", "response", "ledger", "loss", "clock_pair", "family", "flow")


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("bin", type=pathlib.Path)
    parser.add_argument("failing", type=pathlib.Path)
    parser.add_argument("--sample", type=int, default=0, help="so many allocations of each command; 0: every one")
    parser.add_argument("--only", default="", help="only commands with this word in them")
    parser.add_argument("--jobs", type=int, default=1, help="so many at once")
    parser.add_argument("--seed", type=int, default=1)
    return parser.parse_args()


class Command:
    """A command, the directory that it works in, and whether it changes a database."""

    def __init__(self, name, argv, source, loads=False, files=()):
        self.name, self.argv, self.source, self.loads, self.files = name, argv, source, loads, files


class Suite:
    def __init__(self, args, work):
        self.args, self.work = args, work
        self.bin, self.failing = args.bin.resolve(), args.failing.resolve()
        self.random = random.Random(args.seed)
        self.n_passed = self.n_failed = self.n_runs = 0
        self.lock = threading.Lock()

    def serve(self, command, place, scratch):
        scratch.mkdir(parents=True, exist_ok=True)
        env = {
            "PATH": os.environ["PATH"],
            "LC_ALL": "C",
            "TMPDIR": str(scratch),
            "WIRESPAN_REPORTS": str(TOP / "reports"),
            "LD_PRELOAD": str(self.failing),
            "ASAN_OPTIONS": "verify_asan_link_order=0:abort_on_error=1:allocator_may_return_null=1:detect_leaks=0",
            "UBSAN_OPTIONS": "print_stacktrace=1:abort_on_error=1",
        }
        return Served([str(self.bin / command.argv[0]), *command.argv[1:]], place, env, scratch)

    def fail(self, command, fail_at, words):
        with self.lock:
            self.n_failed += 1
        print(f"FAIL {command.name}, allocation {fail_at}: {words}", flush=True)

    def test(self, command):
        wanted_dir = self.work / "wanted"
        served = self.serve(command, Place(command.source, wanted_dir), self.work / "tmp")
        wanted = served.run(0)
        served.close()
        n = wanted[3]
        if wanted[0] != 0 or n == 0:
            self.fail(command, 0, f"ended with {wanted[0]} without a failure: {wanted[2][-600:]}")
            return
        numbers = range(1, n + 1)
        if self.args.sample and self.args.sample < n:
            first = range(1, self.args.sample // 4 + 1)
            numbers = sorted({*first, *self.random.sample(numbers, self.args.sample - len(first))})
        trials = [Trial(self, command, wanted, wanted_dir, self.work / f"job{i}") for i in range(self.args.jobs)]
        jobs = [threading.Thread(target=trial.try_all, args=[numbers[i::len(trials)]]) for i, trial in enumerate(trials)]
        for job in jobs:
            job.start()
        for job in jobs:
            job.join()
        n_good = sum(trial.n_good for trial in trials)
        self.n_runs += sum(trial.n_runs for trial in trials)
        is_good = n_good == len(numbers)
        print(f"{'ok  ' if is_good else 'FAIL'} {command.name}: {len(numbers)} of {n} allocations", flush=True)
        if is_good:
            self.n_passed += 1


class Trial:
    """Failures of one command, one after the other."""

    def __init__(self, suite, command, wanted, wanted_dir, work):
        self.suite, self.command, self.wanted, self.wanted_dir = suite, command, wanted, wanted_dir
        shutil.rmtree(work, ignore_errors=True)
        self.place = Place(command.source, work / "run")
        self.served = suite.serve(command, self.place, work / "tmp")
        self.contents_wanted = (contents(wanted_dir, True), contents(wanted_dir, False)) if command.loads else None
        self.judged = set()
        self.n_good = self.n_runs = 0

    def try_all(self, numbers):
        for at in numbers:
            self.n_good += self.try_one(at)
        self.served.close()

    def run(self, fail_at):
        self.n_runs += 1
        return self.served.run(fail_at)

    def fail(self, fail_at, words):
        self.suite.fail(self.command, fail_at, words)

    def try_one(self, fail_at):
        got = self.run(fail_at)
        good = self.check_said(fail_at, got) and self.check_files(fail_at)
        if good and self.command.loads:
            good = self.check_database(fail_at, got[0] != 0)
        self.place.restore()
        return good

    def check_said(self, fail_at, got):
        """What a command with a failure said and how it ended, beside what it says without."""
        status, out, err, _ = got
        if status not in (0, 1):
            self.fail(fail_at, f"ended with {status}: {err[-1500:]}")
            return False
        if status == 1:
            if not any(word in err for word in WORDS):
                self.fail(fail_at, f"failed, but for want of memory? {err[-300:]!r}")
                return False
            return True
        if out != self.wanted[1] and not err:
            self.fail(fail_at, "said something else, and nothing of why")
            return False
        return True

    def check_files(self, fail_at):
        """What it wrote is what it writes without a failure, or is not there; what it only reads is as it was."""
        for name in self.place.changes():
            path, other = self.place.path / name, self.wanted_dir / name
            if name in self.place.stamps and not self.command.loads:
                self.fail(fail_at, f"changed {name}, which it only reads")
                return False
            if any(pathlib.PurePath(name).match(f"{wanted}*") for wanted in self.command.files) and \
                    not (other.exists() and filecmp.cmp(path, other, shallow=False)):
                self.fail(fail_at, f"left {name}, which is not as it should be")
                return False
        return True

    def check_database(self, fail_at, failed):
        """The files in the database are whole; loading again makes it what it would have been. Once for each state."""
        state = (failed, self.place.state())
        if state in self.judged:
            return True
        part = contents(self.place.path, True)
        whole = contents(self.place.path, False)
        if not failed and whole != self.contents_wanted[1]:
            others = [key for key in whole.keys() | self.contents_wanted[1].keys() if whole.get(key) != self.contents_wanted[1].get(key)]
            self.fail(fail_at, f"said that all is loaded, and it is not: {others}")
            return False
        for key, rows in part.items():
            if self.contents_wanted[0].get(key) != rows:
                self.fail(fail_at, f"{key} is in the database, but not whole")
                return False
        status, _, err, _ = self.run(0)
        if status != 0 or contents(self.place.path, False) != self.contents_wanted[1]:
            self.fail(fail_at, f"loading again did not mend it: status {status}, {err[-300:]}")
            return False
        self.judged.add(state)
        return True


def contents(directory, by_file):
    """All rows of the databases, or those of each file that is loaded; numbers of rows count for nothing."""
    found = {}
    for path in sorted(directory.rglob("run.db")):
        run = str(path.relative_to(directory))
        db = sqlite3.connect(path)
        tables = [row[0] for row in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        if by_file:
            for number, name in db.execute("SELECT file_id, path FROM file").fetchall() if "file" in tables else ():
                for table in PER_FILE:
                    found[run, name, table] = rows_of(db, f"SELECT * FROM {table} WHERE file_id = {number}")
        else:
            for table in tables:
                found[run, table] = rows_of(db, f"SELECT * FROM {table}")
        db.close()
    return found


def rows_of(db, sql):
    cursor = db.execute(sql)
    keep = [i for i, column in enumerate(cursor.description) if not column[0].endswith("_id")]
    return sorted(repr([row[i] for i in keep]) for row in cursor)


def make_sources(suite):
    """Directories to work in: a run, loaded and not; a small campaign; a mesh."""
    run = suite.work / "plain"
    run.mkdir()
    for name in ("conditions.json", "run.json", "load.h2load", "nic.rec.zst", "vport.rec.zst", "nic.pcap.zst"):
        shutil.copy(SAMPLE / name, run)
    shutil.copy(TOP / "tests/golden/overhead.json", run)
    shutil.copytree(run, suite.work / "loaded")
    campaign = suite.work / "campaign"
    campaign.mkdir()
    for name in ("vxlan-proposed-80-n200-ebpf", "vxlan-proposed-80-n200-both"):
        shutil.copytree(CAMPAIGN / name, campaign / name)
    mesh = suite.work / "mesh/nodes"
    mesh.parent.mkdir()
    subprocess.run(["cc", "-std=gnu17", "-D_GNU_SOURCE", f"-I{TOP}", GOLDEN / "mesh.c", *TOP.glob("lib/*.c"), "-lzstd", "-lxxhash",
                    "-lnghttp2", "-ljansson", "-lm", "-o", suite.work / "make_mesh"], check=True)
    subprocess.run([suite.work / "make_mesh", mesh.parent], check=True)
    shutil.copytree(GOLDEN / "cluster", mesh / "cluster")
    shutil.copytree(mesh, suite.work / "mesh_loaded")
    network = suite.work / "network"
    subprocess.run([TOP / "tests/clocks/network.py", "--seconds", "0.1", network], check=True)
    for path in (suite.work / "loaded", campaign, suite.work / "mesh_loaded", network):
        subprocess.run([suite.bin / "ingest", "--quiet", "--dir", path], check=True)
    return run, suite.work / "loaded", campaign, mesh, suite.work / "mesh_loaded", network


def some_trace(mesh):
    db = sqlite3.connect(next(mesh.rglob("run.db")))
    found = db.execute("SELECT hex(trace_id) FROM request WHERE trace_id IS NOT NULL ORDER BY 1").fetchone()[0]
    db.close()
    return found


def commands(suite):
    plain, loaded, campaign, mesh, mesh_loaded, network = make_sources(suite)
    yield Command("ingest", ["ingest", "--dir", "."], plain, loads=True)
    yield Command("ingest of a mesh with a snapshot", ["ingest", "--quiet", "--dir", ".", "--jobs", "2"], mesh, loads=True)
    yield Command("ingest again", ["ingest", "--dir", "."], loaded, loads=True)
    for name in ("cdf", "detect", "offsets", "e2e"):
        yield Command(f"analyze {name}", ["analyze", name, "--dir", ".", "--no-figure"], loaded, files=["reports/*"])
    yield Command("analyze cdf, figure", ["analyze", "cdf", "--dir", "."], loaded, files=["reports/*"])
    for name in ("pairs", "ledger", "overhead"):
        yield Command(f"analyze {name}", ["analyze", name, "--dir", ".", "--format", "json"], loaded)
    yield Command("analyze report", ["analyze", "report", "--dir", ".", "--no-figure"], loaded, files=["reports/*"])
    yield Command("analyze compare", ["analyze", "compare", "--no-figure", "vxlan-proposed-80-n200-ebpf",
                                      "vxlan-proposed-80-n200-both"], campaign)
    for name in ("cdf", "detect", "ledger", "report"):
        yield Command(f"analyze {name} of a campaign", ["analyze", name, "--dir", "."] +
                      ([] if name == "ledger" else ["--no-figure"]), campaign, files=["reports/*"])
    yield Command("analyze topology", ["analyze", "topology", "--dir", ".", "--no-figure"], mesh_loaded)
    yield Command("analyze clocks", ["analyze", "clocks", "--dir", ".", "--no-figure"], network, files=["reports/*"])
    yield Command("analyze underlay", ["analyze", "underlay", "--dir", ".", "--no-figure", "--align", "packets"], network, files=["reports/*"])
    yield Command("analyze topology, figure", ["analyze", "topology", "--dir", "."], mesh_loaded, files=["reports/*"])
    yield Command("analyze cdf by names", ["analyze", "cdf", "--dir", ".", "--no-figure", "--by", "edge,node"], mesh_loaded)
    yield Command("analyze trace", ["analyze", "trace", some_trace(mesh_loaded), "--dir", "."], mesh_loaded, files=["reports/*"])
    for form in ("otlp", "csv"):
        yield Command(f"analyze export, {form}", ["analyze", "export", "--dir", ".", "--format", form, "--out", "spans"],
                      mesh_loaded, files=["spans"])
    yield Command("capture show", ["capture", "show", "nic.rec.zst"], plain)


def main():
    args = arguments()
    with tempfile.TemporaryDirectory() as work:
        suite = Suite(args, pathlib.Path(work))
        for command in commands(suite):
            if args.only in command.name:
                suite.test(command)
        print(f"{suite.n_runs} runs")
        print(f"{suite.n_passed} passed, {suite.n_failed} failed")
    return suite.n_failed > 0


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Other people's packet captures, malformed ones too, through ingest and analyze. Build both with sanitizers for this.

Usage: tests/captures/run.py BIN_DIR DIRECTORY [--seconds N] [--jobs N]

Every file below DIRECTORY that begins as a packet capture does is loaded as the capture of a point, twice; then its
ledger is printed. Promised is: it is loaded, and every frame is in the ledger once; or it is refused in words that name
it; in no more than N seconds (60), and loading it again changes nothing. Collections that are good at being bad:
https://github.com/the-tcpdump-group/tcpdump (tests/), https://github.com/the-tcpdump-group/libpcap (testprogs/),
https://wiki.wireshark.org/SampleCaptures.
"""
import argparse
import concurrent.futures
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

MAGICS = tuple(map(bytes.fromhex, ("a1b2c3d4", "d4c3b2a1", "a1b23c4d", "4d3cb2a1", "0a0d0d0a", "a1b2cd34", "34cdb2a1")))
SANITIZERS = ("runtime error", "Sanitizer")


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("bin", type=pathlib.Path)
    parser.add_argument("directory", type=pathlib.Path)
    parser.add_argument("--seconds", type=int, default=60, help="that a command may take")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    args = parser.parse_args()
    if not args.directory.is_dir():
        parser.error(f"{args.directory} is no directory of packet captures")
    return args


def is_capture(path):
    try:
        with path.open("rb") as file:
            start = file.read(4)
    except OSError:
        return False
    return start in MAGICS or path.suffix in (".pcap", ".pcapng", ".cap")


def run(args, *argv):
    """Returns the status ("time" for one that did not end), output and errors."""
    env = dict(os.environ, ASAN_OPTIONS="abort_on_error=1", UBSAN_OPTIONS="abort_on_error=1:print_stacktrace=1", LC_ALL="C")
    try:
        done = subprocess.run(argv, env=env, stdin=subprocess.DEVNULL, capture_output=True, timeout=args.seconds, check=False)
    except subprocess.TimeoutExpired:
        return "time", "", f"took more than {args.seconds} s"
    return done.returncode, done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace")


def try_capture(args, path, work):
    """Returns how it ended, 'loaded' or 'refused', or None and what was wrong."""
    load = (str(args.bin / "ingest"), "--dir", str(work), "--context", "all", "--pcap", f"nic={path}")
    status, out, err = run(args, *load)
    if status not in (0, 1) or any(word in err for word in SANITIZERS):
        return None, f"ingest ended with {status}: {err[-2000:]}"
    if status == 1:
        return ("refused", None) if str(path) in err else (None, f"refused without its name: {err[-300:]}")
    again = run(args, *load)
    if again[0] != 0 or "loaded before, unchanged" not in again[1]:
        return None, f"loaded again it is not what was loaded: {again[0]}: {again[1][-300:]}{again[2][-300:]}"
    for command in (("ledger",), ("pairs", "--unmatched"), ("detect", "--no-figure")):
        status, out, err = run(args, str(args.bin / "analyze"), *command, "--dir", str(work))
        if status not in (0, 1) or any(word in err for word in SANITIZERS):
            return None, f"analyze {command[0]} ended with {status}: {err[-2000:]}"
        if "does not balance" in err:
            return None, err[-300:]
    return "loaded", None


def work_on(args, path):
    work = tempfile.mkdtemp()
    try:
        return path, *try_capture(args, path.absolute(), pathlib.Path(work))
    finally:
        shutil.rmtree(work)


def main():
    args = arguments()
    args.bin = args.bin.resolve()
    paths = sorted(path for path in args.directory.rglob("*") if path.is_file() and is_capture(path))
    count = {"loaded": 0, "refused": 0, None: 0}
    if not paths:
        sys.exit(f"tests/captures/run.py: no packet capture below {args.directory}")
    with concurrent.futures.ThreadPoolExecutor(args.jobs) as pool:
        for path, ended, flaw in pool.map(lambda path: work_on(args, path), paths):
            count[ended] += 1
            if flaw:
                print(f"FAIL {path}: {flaw}", flush=True)
    print(f"{len(paths)} captures: {count['loaded']} loaded, {count['refused']} refused in words")
    print(f"{count['loaded'] + count['refused']} passed, {count[None]} failed")
    return count[None] > 0


if __name__ == "__main__":
    sys.exit(main())

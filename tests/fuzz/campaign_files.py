#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Campaign files changed at random, and read as datasets/campaign.sh reads them: datasets/campaign/plan.sh.

Usage: tests/fuzz/campaign_files.py SECONDS [SEED]

What must hold: the file is taken (exit status 0) or refused (2) in words that name it and, where a line is wrong, the
line; nothing in it is run, and no file is made; each line of the plan has its 15 columns, its directory's name is one
that is no path, and is there once; the conditions written from it are one flat JSON object.
"""
import json
import pathlib
import random
import re
import subprocess
import sys
import tempfile
import time

TOP = pathlib.Path(__file__).resolve().parent.parent.parent
PLAN = TOP / "datasets/campaign/plan.sh"
CONDITIONS = TOP / "datasets/campaign/conditions.sh"
WORDS = [
    "vxlan", "ipip", "proposed", "original", "original-gateway", "80", "1", "2000", "0", "99999999999999999999", "-", "200",
    "100,200,400", "100,,200", ",", "65536", "65537", "none", "ebpf", "pcap", "both", "wakeup", "nodes=all", "family=w3c",
    "purpose=detection", "purpose=latency", "key=value", "key=", "=value", "seen[$(touch made)]", "$(touch made)", "`touch made`",
    "a[$(touch made)]", "; touch made", "@", "*", "@,@", "*,1", "[", "]", "-n", "--", "../x", "..", "x/../y", "#", "\t", "\r",
    "\0", "\x1b[31m", "ä", "\\", "'", '"', "%s%n", "overlay=x", "round=1", "x=..", "x=.", "k1=1.r2", "x=n200",
]
LINES = [
    "vxlan proposed 80 200 30 both", "ipip original 1 100,200,400 60 ebpf", "vxlan original-gateway 80 - 30 none",
    "ipip proposed 2000 65536 86400 wakeup family=aws colour=red", "vxlan proposed 80 200 30 both nodes=all", "# words", "",
]


def make_file(rng):
    lines = []
    for _ in range(rng.randint(1, 4)):
        words = rng.choice(LINES).split(" ")
        for _ in range(rng.choice((0, 0, 1, 1, 2, 3))):
            at = rng.randrange(len(words) + 1)
            how = rng.randrange(4)
            if how == 0:
                words.insert(at, rng.choice(WORDS))
            elif at < len(words) and how == 1:
                words[at] = rng.choice(WORDS)
            elif at < len(words) and how == 2:
                words[at] += rng.choice(WORDS)
            elif at < len(words):
                del words[at]
        lines.append(" ".join(words).encode())
    made = bytearray(b"\n".join(lines) + rng.choice((b"\n", b"", b"\r\n")))
    for _ in range(rng.choice((0, 0, 0, 1, 3))):
        if made:
            made[rng.randrange(len(made))] = rng.randrange(256)
    return bytes(made)


def run(work, *argv):
    return subprocess.run(argv, cwd=work, stdin=subprocess.DEVNULL, capture_output=True, timeout=30, check=False)


def flaw_of(work, path):
    done = run(work, PLAN, path)
    text, err = done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace")
    if sorted(file.name for file in work.iterdir()) != [path.name]:
        return "a file was made"
    if done.returncode == 2:
        return None if str(path) in err else f"refused without its name: {err}"
    if done.returncode != 0 or err:
        return f"ended with {done.returncode}: {err}"
    if b"\0" in path.read_bytes():
        return "taken, though there is a NUL byte in it"
    names = set()
    for line in text.splitlines():
        columns = line.split("\t")
        if len(columns) != 15:
            return f"{len(columns)} columns: {line!r}"
        if not re.fullmatch(r"[a-z][A-Za-z0-9._=-]*", columns[1]) or columns[1] in names:
            return f"the directory {columns[1]!r}"
        names.add(columns[1])
    line = text.splitlines()[0]
    conditions = json.loads(run(work, CONDITIONS, "name", "5", names.pop(), line).stdout)
    if not all(isinstance(value, (str, int, float)) for value in conditions.values()):
        return f"conditions: {conditions}"
    return None


def main():
    seconds, seed = float(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else time.time_ns()
    rng, n, until = random.Random(seed), 0, time.monotonic() + seconds
    while n == 0 or time.monotonic() < until:
        with tempfile.TemporaryDirectory() as work:
            path = pathlib.Path(work) / "test.campaign"
            path.write_bytes(make_file(rng))
            flaw = flaw_of(pathlib.Path(work), path)
            if flaw:
                print(f"seed {seed}, file {n}: {flaw}\n{path.read_bytes()!r}")
                return 1
        n += 1
    print(f"number_of_campaign_files: {n}, seed {seed}")
    return 0


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""One question, two answers: recomputes what `analyze` says of a campaign, from the databases that ingest has made, and
compares. Prints a line a check; exit status: 0 all alike, 1 not, 2 wrong usage."""
import argparse
import json
import math
import os
import subprocess
import sys
import tempfile

import checks
import recorded

TOLERANCE = 1e-9
ABSENT = "(absent)"


def differences(want, got, where=""):
    """What differs, in words: numbers with a fraction by more than the tolerance, all else at all. Fields of an answer
    that are not asked for do not count."""
    if isinstance(want, dict) and isinstance(got, dict):
        for key, value in want.items():
            yield from differences(value, got.get(key, ABSENT), f"{where}.{key}" if where else str(key))
        if where.endswith(("classes", "reasons")):
            yield from (f"{where}.{key}: not expected" for key in got if key not in want)
    elif isinstance(want, (list, tuple)) and isinstance(got, (list, tuple)):
        if len(want) != len(got):
            yield f"{where or 'list'}: {len(want)} expected, {len(got)} there" + only(want, got)
        else:
            for i, (left, right) in enumerate(zip(want, got)):
                yield from differences(left, right, f"{where}[{i}]")
    elif not same(want, got):
        yield f"{where or 'value'}: expected {want}, is {got}"


def only(want, got):
    """Up to two members of each list that the other does not have."""
    missing = [x for x in want if x not in got][:2]
    surplus = [x for x in got if x not in want][:2]
    return f"; missing {missing}; surplus {surplus}"


def same(want, got):
    """Are two scalars the same?"""
    if isinstance(want, bool) or isinstance(got, bool):
        return want is got
    if isinstance(want, float) and isinstance(got, (int, float)):
        return math.isclose(want, got, rel_tol=TOLERANCE)
    return want == got


def analyze_of(bin_dir, campaign, scratch):
    """A function that asks `analyze`: ask("e2e"), ask("compare", A, B), ask("ledger", run=RUN)."""
    def ask(command, *arguments, run=None):
        call = [os.path.join(bin_dir, "analyze"), command, *arguments, "--dir", run.path if run else campaign.path,
                "--format", "json"]
        if command not in ("ledger", "pairs"):
            call += ["--no-figure", "--out", scratch]
        done = subprocess.run(call, capture_output=True, text=True, check=False)
        if not done.stdout.startswith("{"):
            sys.exit(f"judge.py: {' '.join(call)}: status {done.returncode}: {done.stderr.strip()}")
        return json.loads(done.stdout)
    return ask


def judge(campaign, ask, commands, say=print):
    """All checks of these commands. Returns how many passed and the names of those that failed."""
    passed, failed = 0, []
    for command in commands:
        for name, want, got in checks.ALL[command](campaign, ask):
            wrong = list(differences(want, got))
            if wrong:
                failed.append(name)
                say(f"FAIL {name}: {'; '.join(wrong[:6])}{' ...' if len(wrong) > 6 else ''}")
            else:
                passed += 1
                say(f"ok   {name}")
    return passed, failed


def parse(argv):
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bin", required=True, metavar="DIR", help="where the programs lie: build/bin")
    parser.add_argument("--only", metavar="COMMAND", choices=sorted(checks.ALL), help="one command of analyze only")
    parser.add_argument("campaign", metavar="CAMPAIGN", help="a directory of runs that ingest has loaded")
    return parser.parse_args(argv)


def main():
    """Judges one campaign."""
    options = parse(sys.argv[1:])
    campaign = recorded.Campaign(options.campaign)
    if not campaign.runs:
        sys.exit(f"judge.py: {options.campaign}: no run.db in any directory below; `ingest --dir` makes them")
    with tempfile.TemporaryDirectory() as scratch:
        passed, failed = judge(campaign, analyze_of(options.bin, campaign, scratch),
                               [options.only] if options.only else list(checks.ALL))
    print(f"{passed} passed, {len(failed)} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

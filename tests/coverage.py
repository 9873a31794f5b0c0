#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Sums up what gcov says of a build with --coverage: lines and branches by room, and what no test has run.

Usage: tests/coverage.py BUILD_DIR

Prints a table, and writes BUILD_DIR/uncovered.txt: of each file its share, the functions that were never called, and
the lines that never ran.
"""
import collections
import json
import pathlib
import subprocess
import sys

ROOMS = ("lib", "capture", "ingest", "analyze")


def read(build):
    """file name -> (functions' runs, lines' runs, branches' runs); a header's sums over all who include it."""
    functions, lines, branches = (collections.defaultdict(lambda: collections.defaultdict(int)) for _ in range(3))
    notes = sorted(str(path) for room in ROOMS for path in (build / room).rglob("*.gcno"))
    for start in range(0, len(notes), 50):
        text = subprocess.run(["gcov", "--json-format", "--stdout", "--branch-probabilities", *notes[start:start + 50]],
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True).stdout
        for unit in text.splitlines():
            for file in json.loads(unit)["files"]:
                name = file["file"]
                if name.split("/")[0] not in ROOMS:
                    continue
                for function in file["functions"]:
                    functions[name][function["name"]] += function["execution_count"]
                for line in file["lines"]:
                    lines[name][line["line_number"]] += line["count"]
                    for number, branch in enumerate(line["branches"]):
                        branches[name][line["line_number"], number] += branch["count"]
    return functions, lines, branches


def share(counts):
    n = sum(1 for count in counts if count)
    return f"{100 * n / len(counts):5.1f}%" if counts else "   -  "


def spans(numbers):
    """1, 2, 3, 7 -> 1-3 7"""
    found = []
    for number in numbers:
        if found and number == found[-1][1] + 1:
            found[-1][1] = number
        else:
            found.append([number, number])
    return " ".join(str(a) if a == b else f"{a}-{b}" for a, b in found)


def main():
    build = pathlib.Path(sys.argv[1])
    functions, lines, branches = read(build)
    if not lines:
        sys.exit(f"tests/coverage.py: no .gcno in {build}: build it with --coverage")
    print(f"{'room':10}{'files':>6}{'lines':>8}{'covered':>9}{'branches':>10}{'taken':>9}{'functions':>11}{'called':>9}")
    for room in (*ROOMS, ""):
        of = [name for name in lines if not room or name.startswith(room + "/")]
        every = [list(v for name in of for v in table[name].values()) for table in (lines, branches, functions)]
        print(f"{room or 'all':10}{len(of):6}{len(every[0]):8}{share(every[0]):>9}{len(every[1]):10}{share(every[1]):>9}"
              f"{len(every[2]):11}{share(every[2]):>9}")
    with (build / "uncovered.txt").open("w") as out:
        for name in sorted(lines, key=lambda name: share(list(lines[name].values()))):
            never = sorted(number for number, count in lines[name].items() if not count)
            if not never:
                continue
            print(f"{name}: lines {share(list(lines[name].values())).strip()},"
                  f" branches {share(list(branches[name].values())).strip()}", file=out)
            uncalled = sorted(function for function, count in functions[name].items() if not count)
            if uncalled:
                print(f"    never called: {' '.join(uncalled)}", file=out)
            print(f"    never run: {spans(never)}", file=out)
    print(f"what no test has run: {build / 'uncovered.txt'}")


if __name__ == "__main__":
    main()

# SPDX-License-Identifier: BSD-2-Clause
"""figures - what was measured: a value for each round beside a baseline's of the same round, and what the aim is."""
import math
import os
import re
import statistics
import subprocess
import time

TSV_HEAD = ("machine", "kernel", "commit", "date", "stage", "size", "quantity", "unit", "median", "low", "high", "baseline",
            "baseline_median", "ratio", "ratio_low", "ratio_high", "target", "met")


class Figure:
    """values, baseline_values: one a round, or one for all. target: "", or "value|ratio <=|>= NUMBER"."""

    def __init__(self, stage, size, quantity, unit, values, baseline="", baseline_values=(), target=""):
        self.stage, self.size, self.quantity, self.unit = stage, size, quantity, unit
        self.values, self.baseline, self.baseline_values = list(values), baseline, list(baseline_values)
        self.target = target

    @staticmethod
    def read(line):
        """From a line of a program: figure STAGE SIZE QUANTITY UNIT VALUES BASELINE BASELINE_VALUES TARGET, by tabs."""
        _, stage, size, quantity, unit, values, baseline, baseline_values, target = line.split("\t")
        numbers = [[float(x) for x in text.split(",") if x] for text in (values, baseline_values)]
        return Figure(stage, size, quantity, unit, numbers[0], baseline, numbers[1], target)

    def ratios(self):
        """Within the rounds, where there are as many of both; else of the medians."""
        if not self.values or not self.baseline_values or statistics.median(self.baseline_values) == 0:
            return []
        if len(self.values) == len(self.baseline_values):
            return [v / b for v, b in zip(self.values, self.baseline_values) if b]
        return [statistics.median(self.values) / statistics.median(self.baseline_values)]

    def is_met(self):
        """None without a target, or without what it is about."""
        if not self.target:
            return None
        subject, relation, number = self.target.split()
        values = self.values if subject == "value" else self.ratios()
        if not values:
            return None
        value = statistics.median(values)
        return value <= float(number) if relation == "<=" else value >= float(number)


class NotMeasured:
    """A place in the table for what is not there on this machine, and why."""

    def __init__(self, stage, size, quantity, why, target=""):
        self.stage, self.size, self.quantity, self.why, self.target = stage, size, quantity, why, target


def spread(values):
    """Median, and what four of five rounds lie within: of fewer than eleven rounds, the least and the most."""
    ordered = sorted(values)
    cut = math.floor(0.1 * (len(ordered) - 1))
    return statistics.median(ordered), ordered[cut], ordered[len(ordered) - 1 - cut]


def number(value):
    """Three digits, no exponent."""
    if value == 0 or abs(value) >= 100:
        return f"{value:.0f}"
    return f"{value:.{max(0, 2 - math.floor(math.log10(abs(value))))}f}"


def aim(target):
    """The target as the table says it."""
    return re.sub(r"^ratio (.*)$", r"\1 x", re.sub(r"^value ", "", target))


def met_word(figure):
    return {None: "", True: "met", False: "NOT MET"}[figure.is_met()]


def table(figures):
    """The lines of the table: what was measured, in the order in which it was."""
    rows = [("stage", "size", "quantity", "median", "unit", "low .. high", "baseline", "ratio", "target", "")]
    for f in figures:
        if isinstance(f, NotMeasured):
            rows.append((f.stage, f.size, f.quantity, "-", "", f"not measured: {f.why}", "", "", aim(f.target), ""))
            continue
        median, low, high = spread(f.values)
        ratios = f.ratios()
        base = f"{f.baseline} {number(statistics.median(f.baseline_values))}" if f.baseline_values else f.baseline
        rows.append((f.stage, f.size, f.quantity, number(median), f.unit,
                     f"{number(low)} .. {number(high)}" if len(f.values) > 1 else "", base,
                     number(spread(ratios)[0]) if ratios else "", aim(f.target), met_word(f)))
    widths = [max(len(row[i]) for row in rows if "not measured" not in row[5] or i != 5) for i in range(len(rows[0]))]
    return ["  ".join(cell.rjust(w) if i in (3, 7) else cell.ljust(w)
                      for i, (cell, w) in enumerate(zip(row, widths))).rstrip() for row in rows]


# what stands in bench.md: all with a target but for the kernel's many kinds of packet, of which these
OF_KERNEL = ("TCP data, not HTTP", "B3 at head of 420 B", "B3 at head of 420 B, no record", "W3C 1400 B deep",
             "W3C 1400 B deep, byte by byte")
WITHOUT_TARGET = ("records, reader's CPU", "SQL: index, join, sort", "pcap, all requests", "cdf with its figure", "report",
                  "ingest, time", "ingest, peak memory", "report, peak memory")


def in_short(f):
    """Whether a figure stands in bench.md."""
    if f.stage == "kernel":
        return f.quantity in OF_KERNEL
    return bool(f.target) or f.quantity in WITHOUT_TARGET


def markdown(figures, root, command):
    """The lines of bench.md: the most important of the table, and where it was measured."""
    lines = ["| stage | of | what | median | beside | ratio | target | |", "|---|---|---|---|---|---|---|---|"]
    for f in figures:
        if not in_short(f):
            continue
        if isinstance(f, NotMeasured):
            cells = (f.stage, f.size, f.quantity, f"not measured: {f.why}", "", "", aim(f.target), "")
        else:
            ratios = f.ratios()
            beside = f"{f.baseline} {number(statistics.median(f.baseline_values))}" if f.baseline_values else ""
            cells = (f.stage, f.size, f.quantity, f"{number(statistics.median(f.values))} {f.unit}", beside,
                     number(statistics.median(ratios)) if ratios else "", aim(f.target), met_word(f).lower())
        lines.append("| " + " | ".join(cells) + " |")
    return lines + ["", f"`{command}` at {commit(root)} on {machine()}, {os.uname().sysname} {os.uname().release}. Medians of "
                    "rounds; a ratio is the median of the rounds' ratios."]


def machine():
    """Processor and how many."""
    model = "unknown processor"
    with open("/proc/cpuinfo", encoding="utf-8", errors="replace") as file:
        for line in file:
            if line.startswith("model name"):
                model = line.split(":", 1)[1].strip()
                break
    return f"{os.cpu_count()} x {model}"


def commit(root):
    """The checkout's, with a plus where files were changed; unknown outside of one."""
    try:
        name = subprocess.run(["git", "-C", root, "rev-parse", "--short=12", "HEAD"], capture_output=True, text=True,
                              check=True).stdout.strip()
        changed = subprocess.run(["git", "-C", root, "status", "--porcelain", "--untracked-files=no"],
                                 capture_output=True, text=True, check=True).stdout.strip()
        return name + ("+" if changed else "")
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


def write_tsv(path, figures, root):
    """Everything that was measured, a line each; numbers as they are."""
    where = [machine(), " ".join(os.uname()[i] for i in (0, 2)), commit(root),
             time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())]
    with open(path, "w", encoding="utf-8") as file:
        file.write("\t".join(TSV_HEAD) + "\n")
        for f in figures:
            if isinstance(f, NotMeasured):
                row = [f.stage, f.size, f.quantity] + [""] * 9 + [f.target, "not measured: " + f.why]
            else:
                ratios = [f"{x:.6g}" for x in spread(f.ratios())] if f.ratios() else [""] * 3
                base = f"{statistics.median(f.baseline_values):.6g}" if f.baseline_values else ""
                row = [f.stage, f.size, f.quantity, f.unit, *(f"{x:.6g}" for x in spread(f.values)), f.baseline, base,
                       *ratios, f.target, met_word(f)]
            file.write("\t".join(where + row) + "\n")

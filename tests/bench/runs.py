# SPDX-License-Identifier: BSD-2-Clause
"""runs - starting programs and taking their times; where things are; what a run of the benchmark is like."""
import dataclasses
import os
import shutil
import subprocess
import sys
import tempfile
import time

from figures import Figure, NotMeasured


class Wrong(Exception):
    """A program failed, or an answer is not what it must be."""


@dataclasses.dataclass
class Cost:
    """What a process took. memory_mb: the peak of what was resident, of it or of the largest of its children."""

    wall_s: float
    user_s: float
    system_s: float
    memory_mb: float

    @property
    def cpu_s(self):
        return self.user_s + self.system_s


def last_words(text):
    return "\n".join(text.strip().splitlines()[-12:])


class Bench:
    """One run: places, rounds, and the figures so far."""

    def __init__(self, build, quick):
        self.root = os.path.realpath(os.path.join(os.path.dirname(__file__), "..", ".."))
        self.build = os.path.realpath(build)
        self.quick = quick
        self.rounds = 3 if quick else 5
        self.start_s = time.monotonic()
        self.figures, self.notes = [], []
        # beside the build, not in /tmp: that may be memory
        os.makedirs(os.path.join(self.build, "bench"), exist_ok=True)
        self.dir = tempfile.mkdtemp(prefix="data.", dir=os.path.join(self.build, "bench"))

    def elapsed_s(self):
        return time.monotonic() - self.start_s

    def close(self):
        shutil.rmtree(self.dir, ignore_errors=True)

    def path(self, *parts):
        return os.path.join(self.dir, *parts)

    def program(self, name):
        return os.path.join(self.build, "bin", name)

    def tool(self, name):
        return os.path.join(self.build, "bench", name)

    def here(self, *parts):
        return os.path.join(self.root, "tests", "bench", *parts)

    def add(self, *args, **kwargs):
        self.figures.append(Figure(*args, **kwargs))

    def miss(self, stage, size, quantity, why, target=""):
        self.figures.append(NotMeasured(stage, size, quantity, why, target))

    def say(self, text):
        """Where the run is, for who waits."""
        print(f"{time.strftime('%H:%M:%S')} {text}", file=sys.stderr, flush=True)

    def run(self, *command):
        """Its standard output; Wrong if it fails."""
        result = subprocess.run(command, capture_output=True, text=True, check=False)
        if result.returncode:
            raise Wrong(f"{' '.join(command)}: exit status {result.returncode}\n{last_words(result.stderr + result.stdout)}")
        return result.stdout

    def timed(self, *command):
        """Cost and words of a program."""
        cost_path, said_path = self.path("cost"), self.path("said")
        with open(said_path, "w+", encoding="utf-8", errors="replace") as file:
            status = subprocess.run([self.tool("timed"), cost_path, *command], stdout=file, stderr=subprocess.STDOUT,
                                    check=False).returncode
            file.seek(0)
            said = file.read()
        if status:
            raise Wrong(f"{' '.join(command)}: exit status {status}\n{last_words(said)}")
        with open(cost_path, encoding="utf-8") as file:
            wall, user, system, memory = file.read().split()
        return Cost(float(wall), float(user), float(system), float(memory) / 1024), said

    def take_figures(self, *command):
        """Runs a program that tells figures by itself, and notes; the rest of what it says is returned."""
        rest = []
        for line in self.run(*command).splitlines():
            if line.startswith("figure\t"):
                self.figures.append(Figure.read(line))
            elif line.startswith("note\t"):
                self.notes.append(line.split("\t", 1)[1])
            else:
                rest.append(line)
        return "\n".join(rest)


def fresh_run(path):
    """No database, no reports."""
    for name in os.listdir(path):
        if name.startswith("run.db"):
            os.unlink(os.path.join(path, name))
    shutil.rmtree(os.path.join(path, "reports"), ignore_errors=True)


def count(n):
    """1000000 as 1 M, 200000 as 200 k."""
    for unit, text in ((1000000, "M"), (1000, "k")):
        if n >= unit and n * 10 % unit == 0:
            return f"{n / unit:g} {text}"
    return str(n)

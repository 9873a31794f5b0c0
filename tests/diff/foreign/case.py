"""case - the register of cases: what each is called, how its points look, and what its author expects of the join.

`classes` and `unmatched` are written by hand beside the case; they judge the join in truth.py, which is computed.
"""
from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Callable, Mapping

from traffic import Run
from wire import Site, vxlan

Build = Callable[[Run], None]
CASES: dict[str, "Case"] = {}
OVERLAY = Site(tunnels=(vxlan(),))
BARE = Site()


@dataclass(frozen=True)
class Case:
    """One run directory and what is special about it."""

    name: str
    build: Build
    nic: Site
    vport: Site
    nic_form: str
    vport_form: str
    bookends: bool
    classes: Mapping[str, int] | None
    unmatched: Mapping[str, int] | None
    tshark_repeats: bool  # requests pass a point more than once: tshark is asked for the set only
    tshark_reorders: bool  # segments of a head arrive out of order: tshark has to be told to wait for holes
    tshark_unsound: str  # why tshark's view cannot judge this case

    def write(self, directory: Path) -> dict:
        """Generates the run directory; raises if truth and the author disagree."""
        run = Run(self.name, self.nic, self.vport, self.nic_form, self.vport_form)
        if self.bookends:
            run.bookends()
        self.build(run)
        if self.bookends:
            run.bookends()
        document = run.write(directory)
        for field, wanted in (("classes", self.classes), ("unmatched", self.unmatched)):
            if wanted is not None and dict(wanted) != document[field]:
                raise AssertionError(f"{self.name}: author's {field} {dict(wanted)}, computed {document[field]}")
        return document


def add(name: str, build: Build, *, nic: Site = OVERLAY, vport: Site = BARE, nic_form: str = "pcap",
        vport_form: str = "pcap", bookends: bool = True, classes: Mapping[str, int] | None = None,
        unmatched: Mapping[str, int] | None = None, tshark_repeats: bool = False, tshark_reorders: bool = False,
        tshark_unsound: str = "") -> None:
    """Registers a case."""
    if name in CASES:
        raise ValueError(f"two cases are called {name}")
    CASES[name] = Case(name, build, nic, vport, nic_form, vport_form, bookends, classes, unmatched, tshark_repeats,
                       tshark_reorders, tshark_unsound)


def case(**options) -> Callable[[Build], Build]:
    """Registers the decorated function as a case of its own name."""
    def register(build: Build) -> Build:
        add(build.__name__, build, **options)
        return build
    return register

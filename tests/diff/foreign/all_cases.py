"""all_cases - every case by name, in the order in which they are written down."""
from __future__ import annotations

import cases_http  # noqa: F401 - registers its cases
import cases_http2  # noqa: F401
import cases_join  # noqa: F401
import cases_splits  # noqa: F401
import cases_wire  # noqa: F401
from case import CASES, Case
from case_random import random_case


def select(names: list[str], seed: int) -> list[Case]:
    """The named cases, or all. A name may end in `*`."""
    known = {**CASES, "random": random_case(seed)}
    if not names:
        return list(known.values())
    chosen: dict[str, Case] = {}
    for name in names:
        found = [key for key in known if key == name or (name.endswith("*") and key.startswith(name[:-1]))]
        if not found:
            raise SystemExit(f"no case is called {name}")
        chosen |= {key: known[key] for key in found}
    return list(chosen.values())

"""truth - what an exact join of two points must answer, computed from what the generator knows it sent.

This is the specification's join in the plainest form. It never looks at a byte of a frame: every sighting was noted
when its frame was made, and the way a connection's requests went is known, not guessed.
"""
from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import asdict, dataclass
from typing import Iterable, Mapping, Sequence

SEARCH_BYTES = tuple(range(100, 1601, 100))
POINTS = ("nic", "vport")
OTHER = {"nic": "vport", "vport": "nic"}


@dataclass(frozen=True)
class Sighting:
    """One request line seen at one point."""

    point: str
    ts_ns: int
    way: str  # rx or tx, as it really went
    saddr: str
    sport: int
    daddr: str
    dport: int
    seq: int
    payload_len: int
    req_off: int
    frame_len: int
    encap: str
    vni: int
    reason: str
    trace_id: str = ""
    span_id: str = ""
    ids_end_off: int = 0
    stream_id: int = 0  # of HTTP/2
    direction_lies: bool = False

    @property
    def key(self) -> tuple[int, str, str]:
        """What makes two sightings the same packet."""
        return self.seq, self.trace_id, self.span_id

    @property
    def ends(self) -> tuple[str, int, str, int]:
        """The inner addresses and ports."""
        return self.saddr, self.sport, self.daddr, self.dport


@dataclass(frozen=True)
class Answer:
    """A frame that begins with a status line, seen at one point."""

    point: str
    ts_ns: int
    saddr: str
    sport: int
    daddr: str
    dport: int
    seq: int
    ack: int
    payload_len: int
    status: int  # 0: the capture cut it
    encap: str
    vni: int


def _class(nic: Sighting, vport: Sighting, repeated: bool) -> str:
    """A pair's class: every way in which its sightings differ."""
    names = [("nat", nic.ends != vport.ends), ("retransmit", repeated), ("split", nic.payload_len != vport.payload_len),
             ("inconsistent", nic.direction_lies or vport.direction_lies)]
    return "+".join(name for name, holds in names if holds) or "matched"


def _pair(nic: Sighting, vport: Sighting, way: str, repeated: bool) -> dict:
    """A pair as `analyze pairs` prints it."""
    return {"direction": way, "class": _class(nic, vport, repeated), "saddr": vport.saddr, "sport": vport.sport,
            "daddr": vport.daddr, "dport": vport.dport, "seq": vport.seq, "trace_id": vport.trace_id,
            "span_id": vport.span_id, "nic_ns": nic.ts_ns, "vport_ns": vport.ts_ns,
            "latency_ns": abs(nic.ts_ns - vport.ts_ns)}


def _join_key(sightings: Sequence[Sighting]) -> tuple[list[dict], list[Sighting]]:
    """Pairs of one key, and the sightings left over: each exit takes the latest unused entry before it."""
    (way,) = {sighting.way for sighting in sightings}
    entry_point = "nic" if way == "rx" else "vport"
    by_time = sorted(sightings, key=lambda sighting: sighting.ts_ns)
    entries = [sighting for sighting in by_time if sighting.point == entry_point]
    exits = [sighting for sighting in by_time if sighting.point != entry_point]
    repeated = len(entries) > 1 or len(exits) > 1
    pairs, left = [], []
    for leaving in exits:
        before = [entry for entry in entries if entry.ts_ns < leaving.ts_ns]
        if not before:
            left.append(leaving)
            continue
        entries.remove(before[-1])
        nic, vport = (before[-1], leaving) if way == "rx" else (leaving, before[-1])
        pairs.append(_pair(nic, vport, way, repeated))
    return pairs, left + entries


def _why_unmatched(sighting: Sighting, windows: Mapping[str, tuple[int, int]],
                   without: Mapping[str, Mapping[int, str]]) -> str:
    """The reason why a sighting has no partner."""
    other = OTHER[sighting.point]
    first, last = windows[other]
    if not first <= sighting.ts_ns <= last:
        return f"{sighting.point}_outside_window"
    if sighting.seq in without[other]:
        named = without[other][sighting.seq] == "http2_undecodable"
        return f"{sighting.point}_{'http2_undecodable' if named else 'not_detected'}"
    return f"{sighting.point}_lost"


def join(sightings: Iterable[Sighting], windows: Mapping[str, tuple[int, int]]) -> tuple[list[dict], Counter]:
    """All pairs in order of time, and the unmatched sightings counted by point and reason."""
    keys: dict[tuple, list[Sighting]] = defaultdict(list)
    without: dict[str, dict[int, str]] = {point: {} for point in POINTS}
    for sighting in sightings:
        if sighting.trace_id:
            keys[sighting.key].append(sighting)
        else:
            without[sighting.point][sighting.seq] = sighting.reason
    pairs: list[dict] = []
    unmatched: Counter = Counter()
    for group in keys.values():
        found, left = _join_key(group)
        pairs += found
        unmatched.update(_why_unmatched(sighting, windows, without) for sighting in left)
    pairs.sort(key=lambda pair: (min(pair["nic_ns"], pair["vport_ns"]), pair["seq"], pair["trace_id"]))
    return pairs, unmatched


def detection(ends: Sequence[int]) -> dict[int, tuple[int, int]]:
    """For each search space: (contexts there are, contexts that lie within it)."""
    return {n: (len(ends), sum(end <= n for end in ends)) for n in SEARCH_BYTES}


def distribution(latencies: Sequence[int]) -> dict:
    """Exact order statistics in us. For an even n both middle ones are given."""
    ordered = sorted(latencies)
    n = len(ordered)
    return {"n": n, "min_us": ordered[0] / 1000, "max_us": ordered[-1] / 1000, "mean_us": sum(ordered) / n / 1000,
            "median_low_us": ordered[(n - 1) // 2] / 1000, "median_high_us": ordered[n // 2] / 1000}


def document(case: str, points: Mapping[str, Mapping], sightings: Sequence[Sighting], answers: Sequence[Answer],
             windows: Mapping[str, tuple[int, int]]) -> dict:
    """The content of truth.json. `points` holds `frames` and `reasons` of each point."""
    pairs, unmatched = join(sightings, windows)
    series = {}
    for way in ("rx", "tx"):
        latencies = [pair["latency_ns"] for pair in pairs if pair["direction"] == way]
        if latencies:
            series[way] = distribution(latencies)
    described = {}
    for point in POINTS:
        ends = sorted(s.ids_end_off for s in sightings if s.point == point and s.trace_id)
        described[point] = {**points[point], "ids_end": ends,
                            "detect": {str(n): list(pair) for n, pair in detection(ends).items()}}
    return {"case": case, "pairs": pairs, "classes": dict(Counter(pair["class"] for pair in pairs)),
            "unmatched": dict(unmatched),
            "unmatched_total": {point: sum(n for reason, n in unmatched.items() if reason.startswith(point))
                                for point in POINTS},
            "cdf": series, "points": described,
            "sightings": [asdict(s) for s in sorted(sightings, key=lambda s: (s.point, s.ts_ns, s.req_off))],
            "answers": [asdict(a) for a in sorted(answers, key=lambda a: (a.point, a.ts_ns))]}

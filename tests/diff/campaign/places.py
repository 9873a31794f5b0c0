# SPDX-License-Identifier: BSD-2-Clause
"""What `analyze detect` and `analyze offsets` should say of where contexts sit, and of the requests without one; as in
checks.py. Groups are what the option --by tells apart."""
import collections
import functools
import ipaddress
import itertools

import estimates
from recorded import OPEN_REASONS, UNREAD, cell_key, unread

CONTEXT = 16
PERCENT = (50, 90, 99, 100)
BINS = 60
# Names as README.md and lib/schema.sql have them.
REASONS = {9: "beyond_window", 10: "split", 11: "malformed", 12: "incomplete", 13: "no_context", 14: "truncated",
           15: "unread", 33: "lost_segment", 34: "out_of_order", 36: "http2_undecodable"}
FLAWS = ("none", "length", "character", "zero", "version", "part")
WAYS = {("nic", 1): "rx", ("nic", 2): "tx", ("vport", 1): "tx", ("vport", 2): "rx", ("other", 1): "in", ("other", 2): "out"}

Head = collections.namedtuple("Head", "seq reason direction family http begin length end first last searched families"
                              " malformed flaw daddr dport flow")
# found: heads; missed: keys of contexts that only the capture knows; open: keys without a family that might have one
Probe = collections.namedtuple("Probe", "found missed open unread whole window reasons judged noted used malformed")

HEADS_SQL = """
    SELECT r.seq, r.reason, r.direction, coalesce(n.name, 'none'), r.http_version, r.ctx_off, r.ctx_len, r.ids_end_off,
           r.ctx_segment, r.ids_end_segment, r.searched_len, r.families, r.malformed, r.flaw, f.daddr, f.dport,
           f.ip_version || hex(f.saddr) || '/' || f.sport || '/' || hex(f.daddr) || '/' || f.dport
    FROM request r JOIN flow f USING (flow_id) LEFT JOIN family n ON n.file_id = r.file_id AND n.family = r.family
    WHERE r.file_id = ? ORDER BY r.ts_ns, r.request_id"""


def heads(run, file):
    """All requests of a file in order of time."""
    return [Head(*row) for row in run.db.execute(HEADS_SQL, (file.file_id,))]


def keys_of(run, file):
    """A function from a head to what can tell it from others: family, version, way, address, port. Which way a flow goes
    is taken from any source at the point, where a head does not say."""
    ways = {}
    for other in run.files:
        if other.point == file.point:
            ways.update({h.flow: h.direction for h in heads(run, other) if h.direction})

    def key(head, family):
        way = WAYS.get((file.role, head.direction or ways.get(head.flow, 0)), "unknown")
        address = ipaddress.IPv6Address(head.daddr)
        return family, head.http, way, str(address.ipv4_mapped or address), head.dport
    return key


def by_request(found):
    """Heads by flow and sequence number."""
    requests = collections.defaultdict(list)
    for head in found:
        requests[head.seq, head.flow].append(head)
    return requests


def is_undecided(head):
    """Does the record leave open whether there is a context?"""
    return head is None or head.reason == UNREAD or head.reason in OPEN_REASONS


def judged_by(capture, records, key, probe):
    """Takes from a capture of the same point what the records do not know."""
    ours, theirs = by_request(records), by_request(capture)
    for request in set(ours) | set(theirs):
        for mine, other in itertools.zip_longest(ours.get(request, []), theirs.get(request, [])):
            if not is_undecided(mine):
                continue
            has_context = other is not None and other.reason == CONTEXT
            name = REASONS[mine.reason] if mine else "no_record"
            probe.reasons[name] += mine is None
            probe.judged[name] += has_context
            if has_context:
                probe.missed.append(key(other, other.family))


def look(run, file, probe):
    """Adds what a file says to its probe."""
    key, own = keys_of(run, file), heads(run, file)
    capture = None if file.source == "pcap" else run.file("pcap", file.point)
    names = dict(run.db.execute("SELECT family, name FROM family WHERE file_id = ?", (file.file_id,)))
    for head in own:
        if head.reason == CONTEXT:
            probe.found.append((key(head, head.family), head))
            probe.used[head.family] += 1
        elif head.reason != UNREAD:
            probe.reasons[REASONS[head.reason]] += 1
        for number, name in names.items():
            probe.noted[name] += head.families >> number & 1
            probe.malformed[name, FLAWS[head.flaw]] += head.malformed >> number & 1
        if head.reason in OPEN_REASONS and capture is None and file.source != "pcap":
            probe.open.append(key(head, None))
    probe.reasons["unread"] += unread(run, file)
    if capture is not None:
        judged_by(heads(run, capture), own, key, probe)
    return 0 if capture is not None or file.source == "pcap" else unread(run, file), capture is not None


@functools.lru_cache(maxsize=None)
def probes(campaign):
    """A probe for every cell, source and point."""
    found = {}
    for key, runs in campaign.cells().items():
        for source, point in sorted({(f.source, f.point) for run in runs for f in run.files}):
            probe = Probe([], [], [], 0, True, None, *(collections.Counter() for _ in range(5)))
            n_unread, whole, window, judged = 0, True, None, False
            for run, file in ((run, run.file(source, point)) for run in runs):
                if file is None:
                    continue
                more, is_judged = look(run, file, probe)
                n_unread, whole, judged = n_unread + more, whole and bool(file.whole), judged or is_judged
                if file.search_bytes is not None:
                    window = min(file.search_bytes, window or file.search_bytes)
            probe = probe._replace(unread=n_unread, whole=whole, window=None if whole else window)
            found[key, source, point] = probe if judged else probe._replace(judged=None)
    return found


def part_of(key, by):
    """What of a key the groups are told apart by."""
    family, http, *hop = key
    return (family if "family" in by else None, http if "format" in by else None,
            *(hop if "hop" in by else (None, None, None)))


def groups_of(probe, by):
    """By group: heads found, ascending by their end; how many were expected, None where nobody knows."""
    found, missed = collections.defaultdict(list), collections.Counter(part_of(key, by) for key in probe.missed)
    for key, head in probe.found:
        found[part_of(key, by)].append(head)
    open_parts = {part_of(key, by)[1:] for key in probe.open}
    return {part: (sorted(found[part], key=lambda h: h.end),
                   None if part[1:] in open_parts else len(found[part]) + missed[part] + probe.unread)
            for part in set(found) | set(missed)}


@functools.lru_cache(maxsize=None)
def groups(campaign, by):
    """The groups of every probe, told apart by the words of that text."""
    return {key: groups_of(probe, by.split(",")) for key, probe in probes(campaign).items()}


def told_part(row):
    """The same of a row of an answer."""
    return tuple(row[name] for name in ("family", "http_version", "direction", "daddr", "dport"))


def threshold(ends, expected, percent):
    """The smallest N that finds so many percent, by trying them all."""
    if not expected:
        return None
    return next((n for n in sorted(set(ends)) if 100 * sum(end <= n for end in ends) >= percent * expected), None)


def probe_key(row):
    """The probe that a row speaks of."""
    return cell_key(row["conditions"]), row["source"], row["point"]


def told(key, *more):
    """A probe and what is told of it, as a text that sorts."""
    cell, source, point = key
    return " ".join(map(str, (*(f"{k}={v}" for k, v in sorted(cell, key=str)), source, point, *more)))


def first_of(campaign, key, by, probe):
    """How a row names its probe."""
    run = campaign.cells()[key[0]][0]
    return {"run": run.name, "conditions": run.conditions, "searched_bytes": probe.window,
            **({"headers": run.conditions.get("headers") if "format" in by else None} if by else {})}


def check_groups(campaign, answer, by):
    """Thresholds, and what is told of requests without a context and of families."""
    rows = {(probe_key(row), told_part(row)): row for row in answer["thresholds"]}
    want = {(key, part): (probe, *group) for key, probe in probes(campaign).items()
            for part, group in groups(campaign, ",".join(by))[key].items()}
    yield f"thresholds by {by}: rows", sorted(told(*row) for row in want), sorted(
        told(probe_key(row), told_part(row)) for row in answer["thresholds"])
    for (key, part), (probe, found, expected) in want.items():
        ends = [head.end for head in found]
        yield (f"thresholds by {by}: {key[1:]} {part}",
               {**first_of(campaign, key, by, probe), "expected": expected, "found": len(found),
                **{f"n{p}_bytes": threshold(ends, expected, p) for p in PERCENT}}, rows.get((key, part), {}))
    for name, of, value in (("reasons", reasons_of, ("reason", "n", "with_context")),
                            ("malformed", malformed_of, ("family", "flaw", "n")),
                            ("families", families_of, ("family", "noted", "used"))):
        got = [told(probe_key(row), row["run"], sorted(row["conditions"].items()), row["searched_bytes"],
                    *(row[v] for v in value)) for row in answer[name]]
        wanted = [told(key, run.name, sorted(run.conditions.items()), probe.window, *row)
                  for key, probe in probes(campaign).items() for run in campaign.cells()[key[0]][:1] for row in of(probe)]
        yield f"{name} by {by}", sorted(wanted), sorted(got)


def reasons_of(probe):
    """Rows of reasons: name, requests, how many of them have a context."""
    return [(name, n, None if probe.judged is None else probe.judged[name]) for name, n in probe.reasons.items() if n]


def malformed_of(probe):
    """Rows of refused values: family, flaw, heads."""
    return [(*what, n) for what, n in probe.malformed.items() if n]


def families_of(probe):
    """Rows of families that were in any head."""
    names = {f for (f, _), n in probe.malformed.items() if n} | {
        f for counter in (probe.noted, probe.used) for f, n in counter.items() if n}
    return [(name, probe.noted[name], probe.used[name]) for name in names]


def spread(values):
    """Order statistics."""
    values = sorted(values)
    found = {"min": values[0], "median": estimates.quantile(values, estimates.MEDIAN),
            "p90": estimates.quantile(values, estimates.P90), "p99": estimates.quantile(values, estimates.P99),
            "max": values[-1]}
    return {f"{name}_bytes": value for name, value in found.items()}


def histogram(values, width):
    """How many lie in each bin, but for empty ones."""
    counted = collections.Counter(min(value // width, BINS - 1) for value in values)
    return [{"from_bytes": i * width, "n": counted[i]} for i in range(BINS) if counted[i]]


def check_offsets(campaign, ask):
    """Where contexts begin and end, by group."""
    for by in ("family", "hop,family,format"):
        answer = ask("offsets", "--by", by)
        rows = {(probe_key(row), told_part(row)): row for row in answer["offsets"]}
        want = {(key, part): (probe, *group) for key, probe in probes(campaign).items()
                for part, group in groups(campaign, by)[key].items() if group[0]}
        yield f"offsets by {by}: rows", sorted(told(*row) for row in want), sorted(
            told(probe_key(row), told_part(row)) for row in answer["offsets"])
        last = max(head.end for _, found, _ in want.values() for head in found)
        width = next(f * 10 ** d for d in range(9) for f in (1, 2, 5) if f * 10 ** d * BINS >= last)
        yield f"offsets by {by}: bins", width, answer["bin_bytes"]
        for (key, part), (probe, found, expected) in want.items():
            yield (f"offsets by {by}: {key[1:]} {part}", {
                **first_of(campaign, key, by.split(","), probe), "expected": expected, "n": len(found),
                "begin": spread(h.begin for h in found), "end": spread(h.end for h in found),
                "length": spread(h.length for h in found), "searched": spread(h.searched for h in found),
                "begin_behind_first_segment": sum(h.first > 1 for h in found),
                "end_behind_first_segment": sum(h.last > 1 for h in found), "last_segment": max(h.last for h in found),
                "begins": histogram((h.begin for h in found), width),
                "ends": histogram((h.end - 1 for h in found), width)}, rows.get((key, part), {}))

# SPDX-License-Identifier: BSD-2-Clause
"""What the databases of a campaign hold, by SQL: runs, cells, load, pairs of sightings, contexts. Written from
lib/schema.sql and README.md."""
import collections
import functools
import itertools
import os
import sqlite3

BOOKKEEPING = {"round", "campaign", "beside"}
# beyond_window, split, truncated, lost_segment, out_of_order, undecodable: nobody knows whether there is a context
OPEN_REASONS = {9, 10, 14, 33, 34, 36}
UNREAD = 15  # the record was lost
LATER_IN_FRAME = 2  # flag: its frame is counted for another request
WHOLE_HEAD = 65536  # a search of so many bytes ends where heads end; so does one of 16384, if none went on
WHOLE_HEAD_ONCE = 16384
REQUEST_ID = 9  # a family whose ids are UUIDs: the version, which proxies write anew, does not tell packets apart
RX, TX = "rx", "tx"
MS, US = ("ms", 1e6), ("us", 1e3)  # units, and how many ns they have

File = collections.namedtuple("File", "file_id source point role whole search_bytes n_requests n_contexts n_frames"
                              " complete unread_bytes path content_hash node pod")
Sighting = collections.namedtuple("Sighting", "identity ts_ns tuple payload_len direction reason ids_end_off"
                                  " file_id trace_id family http_version stream_id")
Pair = collections.namedtuple("Pair", "way latency_ns entry_ns kind identity tuple nic vport")

# A trace id as it tells packets apart.
ID_SQL = f"""CASE WHEN r.family = {REQUEST_ID} THEN substr(hex(r.trace_id), 1, 12) || '0' || substr(hex(r.trace_id), 14)
    ELSE hex(r.trace_id) END"""

SIGHTINGS_SQL = f"""
    SELECT {ID_SQL}, hex(r.span_id), r.seq, r.ts_ns, r.payload_len, r.direction, r.reason, r.ids_end_off,
           r.file_id, lower(hex(r.trace_id)), r.family, r.http_version, r.stream_id,
           f.ip_version, f.saddr, f.sport, f.daddr, f.dport
    FROM request r JOIN flow f USING (flow_id) WHERE r.file_id = ? ORDER BY r.ts_ns, r.request_id"""

ONCE_SQL = f"""
    WITH seen AS (SELECT r.*, {ID_SQL} AS id, f.ip_version, f.saddr, f.sport, f.daddr, f.dport,
                         count(*) OVER (PARTITION BY r.file_id, seq, {ID_SQL}, span_id) AS times
                  FROM request r JOIN flow f USING (flow_id) WHERE trace_id IS NOT NULL)
    SELECT n.id, hex(n.span_id), n.seq, n.ts_ns, v.ts_ns, n.direction, v.direction,
           n.payload_len <> v.payload_len,
           (n.ip_version, n.saddr, n.sport, n.daddr, n.dport) <> (v.ip_version, v.saddr, v.sport, v.daddr, v.dport),
           v.ip_version, v.saddr, v.sport, v.daddr, v.dport
    FROM seen n JOIN seen v USING (seq, id, span_id)
    WHERE n.file_id = ? AND v.file_id = ? AND n.times = 1 AND v.times = 1"""


def plain(value):
    """A condition's value, so that 80 and 80.0 are the same."""
    try:
        return float(value)
    except ValueError:
        return value


def scaled(ns, unit):
    """ns in the unit; None stays."""
    return None if ns is None else ns / unit[1]


def cell_key(conditions):
    """What the rounds of one cell have in common."""
    return frozenset((k, plain(v)) for k, v in conditions.items() if k not in BOOKKEEPING)


def majority(votes):
    """The direction that most votes name; None without one, or where it is a draw."""
    count = collections.Counter(v for v in votes if v)
    return None if count[RX] == count[TX] else max((RX, TX), key=lambda way: count[way])


def kernel_way(role, direction):
    """A packet that the NIC received is rx; one that the host end of the pod's veth received is tx."""
    return {("nic", 1): RX, ("nic", 2): TX, ("vport", 1): TX, ("vport", 2): RX}.get((role, direction))


def kind_of(nat, repeated, split, inconsistent):
    """The name of a pair's class."""
    flags = {"nat": nat, "retransmit": repeated, "split": split, "inconsistent": inconsistent}
    return "+".join(name for name, flag in flags.items() if flag) or "matched"


class Run:
    """One run.db."""

    def __init__(self, path, name):
        self.path, self.name = path, name
        self.db = sqlite3.connect(f"file:{os.path.join(path, 'run.db')}?mode=ro", uri=True)
        self.conditions = dict(self.db.execute("SELECT key, value FROM condition")) or {"run": name}
        self.key = cell_key(self.conditions)
        self.files = [File(*row) for row in self.db.execute(
            "SELECT file_id, source, name, role, search_bytes IS NULL OR search_bytes >= ? OR search_bytes >= ?"
            "           AND NOT EXISTS (SELECT * FROM ledger WHERE ledger.file_id = file.file_id"
            "                           AND reason = 'beyond_window' AND n_frames > 0), search_bytes, n_requests, n_contexts, n_frames, complete,"
            "       unread_bytes, path, content_hash, coalesce(node, ''), coalesce(pod, '')"
            " FROM file JOIN point USING (point_id)", (WHOLE_HEAD, WHOLE_HEAD_ONCE))]

    def is_for_detection(self):
        """Such runs had other programs beside them: their latencies are in no distribution."""
        return self.conditions.get("purpose") == "detection"

    def file(self, source, point):
        """The file of that source and point's name, or None."""
        return next((f for f in self.files if (f.source, f.point) == (source, point)), None)

    @functools.lru_cache(maxsize=None)
    def logs(self):
        """The load logs: what is known of the file, and its requests as (start, latency, status)."""
        return [({"path": path, "format": form, "content_hash": content_hash, "complete": bool(complete)},
                 self.db.execute("SELECT start_ns, latency_ns, status FROM load_request WHERE load_log_id = ?"
                                 " ORDER BY start_ns, request_no", (log_id,)).fetchall())
                for log_id, path, form, content_hash, complete in self.db.execute(
                    "SELECT load_log_id, path, format, content_hash, complete FROM load_log")]

    def end_to_end(self):
        """Latencies of the requests that were answered well, ns."""
        return [latency for latency, in
                self.db.execute("SELECT latency_ns FROM load_request WHERE status BETWEEN 200 AND 399")]

    @functools.lru_cache(maxsize=None)
    def sightings(self, file_id):
        """All requests of a file in order of time."""
        return [Sighting((seq, trace, span) if trace else None, ts, tuple(flow), length, direction, reason, ids_end, *more)
                for trace, span, seq, ts, length, direction, reason, ids_end, *more, version, saddr, sport, daddr, dport
                in self.db.execute(SIGHTINGS_SQL, (file_id,)) for flow in [(version, saddr, sport, daddr, dport)]]

    @functools.lru_cache(maxsize=None)
    def requests(self, file_id):
        """Requests by flow and sequence number, with their context or without, repetitions in order of time."""
        found = collections.defaultdict(list)
        rows = self.db.execute("SELECT seq FROM request WHERE file_id = ? ORDER BY ts_ns, request_id", (file_id,))
        for (seq,), sighting in zip(rows, self.sightings(file_id)):
            found[seq, sighting.tuple].append(sighting)
        return found

    def node_of(self, file):
        """Where a file was recorded: of points of which that is not known, at the only node that is, if it is but one."""
        known = {f.node for f in self.files if f.node}
        return file.node or (known.pop() if len(known) == 1 else "")

    def nodes(self, source):
        """The files of every node, at NICs and at vports."""
        found = {}
        for file in self.files:
            if file.source == source and file.role in ("nic", "vport"):
                found.setdefault(self.node_of(file), ([], []))[file.role == "vport"].append(file)
        return found

    def sides(self, source):
        """All files at NICs and vports; None where no node has both."""
        nodes = self.nodes(source).values()
        if not any(nic and vport for nic, vport in nodes):
            return None
        return [file for sides in nodes for side in sides for file in side]

    @functools.lru_cache(maxsize=None)
    def pairs(self, source):
        """Every packet that was found at both sides of a node."""
        return [pair for sides in self.nodes(source).values() for pair in self.pairs_of(*sides)]

    def pairs_of(self, nics, vports):
        """The pairs of a node. An identity at several of its vports and at its NIC, too, is not looked for."""
        nic, vport = (by_identity(sorted((s for file in side for s in self.sightings(file.file_id)),
                                         key=lambda s: s.ts_ns)) for side in (nics, vports))
        if len(nics) == len(vports) == 1:
            once = [once_pair(*row) for row in self.db.execute(ONCE_SQL, (nics[0].file_id, vports[0].file_id))]
        else:
            once = [once_of(nic[i][0], vport[i][0]) for i in set(nic) & set(vport) if len(nic[i]) == len(vport[i]) == 1]
        once = [pair._replace(nic=nic[pair.identity][0], vport=vport[pair.identity][0]) for pair in once]
        flows = collections.defaultdict(list)
        for pair in once:
            flows[pair.tuple].append(pair.way)
        for identity in set(nic) & set(vport):
            if len(nic[identity]) > 1 or len(vport[identity]) > 1:
                once += repeated_pairs(nic[identity], vport[identity], flows)
        return once


def once_pair(trace, span, seq, nic_ns, vport_ns, nic_direction, vport_direction, split, nat, *flow):
    """The pair of an identity that was seen once at each point: what came first is its entry."""
    kernel = [kernel_way("nic", nic_direction), kernel_way("vport", vport_direction)]
    if nic_ns == vport_ns:
        way = majority(kernel) or RX
    else:
        way = RX if nic_ns < vport_ns else TX
    inconsistent = any(k not in (None, way) for k in kernel)
    return Pair(way, abs(vport_ns - nic_ns), min(nic_ns, vport_ns), kind_of(nat, False, split, inconsistent),
                (seq, trace, span), tuple(flow), None, None)


def once_of(nic, vport):
    """The same from two sightings."""
    seq, trace, span = nic.identity
    return once_pair(trace, span, seq, nic.ts_ns, vport.ts_ns, nic.direction, vport.direction,
                     nic.payload_len != vport.payload_len, nic.tuple != vport.tuple, *vport.tuple)


def by_identity(sightings):
    """Sightings with a context by sequence number and context, in order of time."""
    found = collections.defaultdict(list)
    for sighting in sightings:
        if sighting.identity:
            found[sighting.identity].append(sighting)
    return found


def repeated_pairs(nic, vport, flows):
    """An identity seen more than once at a point: exits in order of time, each with the latest entry left before it."""
    kernel = [kernel_way("nic", s.direction) for s in nic] + [kernel_way("vport", s.direction) for s in vport]
    way = majority(kernel) or majority(flows[vport[0].tuple]) or (RX if nic[0].ts_ns <= vport[0].ts_ns else TX)
    entries, exits = (list(nic), vport) if way == RX else (list(vport), nic)
    for leaving in exits:
        before = [e for e in entries if e.ts_ns <= leaving.ts_ns]
        if not before:
            continue
        entering = before[-1]
        entries.remove(entering)
        at_nic, at_vport = (entering, leaving) if way == RX else (leaving, entering)
        both = (kernel_way("nic", at_nic.direction), kernel_way("vport", at_vport.direction))
        yield Pair(way, leaving.ts_ns - entering.ts_ns, entering.ts_ns,
                   kind_of(at_nic.tuple != at_vport.tuple, True, at_nic.payload_len != at_vport.payload_len,
                           any(k not in (None, way) for k in both)), at_nic.identity, at_vport.tuple,
                   at_nic, at_vport)


class Campaign:
    """All runs in or below a directory."""

    def __init__(self, path):
        self.path = path
        found = sorted(root for root, _, files in os.walk(path) if "run.db" in files)
        self.runs = [Run(root, os.path.relpath(root, path)) for root in found]
        self.by_name = {run.name: run for run in self.runs}

    def cells(self):
        """Runs by what was the same for them."""
        cells = collections.defaultdict(list)
        for run in self.runs:
            cells[run.key].append(run)
        return cells

    def load_of(self, run):
        """The run whose load a run saw: itself, or the one that was recorded beside it."""
        return run if run.logs() else self.by_name.get(run.conditions.get("beside"))

    def expected(self, run, file):
        """How many contexts passed, or None; and of how many requests nobody knows."""
        known, open_here = expected_alone(run, file)
        beside = self.by_name.get(run.conditions.get("beside"))
        if known is None and beside is not None:
            known = expected_beside(file, beside)
        return known, open_here


def expected_alone(run, file):
    """The contexts that passed as far as the run itself knows, and of how many requests it does not know. The capture at
    the same point knows, too, what has no record; without one, records that leave nothing open speak for themselves."""
    sightings = run.sightings(file.file_id)
    n, n_open = sum(s.identity is not None for s in sightings), sum(s.reason in OPEN_REASONS for s in sightings)
    capture = None if file.source == "pcap" else run.file("pcap", file.point)
    if file.source == "pcap":
        return n, n_open
    if capture is None and n_open == 0:
        return n + unread(run, file), n_open
    return (None, n_open) if capture is None else expected_of_both(run.requests(file.file_id),
                                                                   run.requests(capture.file_id))


def unread(run, file):
    """Requests of which the records were lost: their frames, and those that shared the frame of another request."""
    (frames,), (later,) = (run.db.execute(sql, (file.file_id, *more)).fetchone() for sql, more in (
        ("SELECT coalesce(sum(n_frames), 0) FROM ledger WHERE file_id = ? AND reason = 'unread'", ()),
        ("SELECT count(*) FROM request WHERE file_id = ? AND reason = ? AND flags & ?", (UNREAD, LATER_IN_FRAME))))
    return frames + later


def expected_of_both(records, capture):
    """Contexts, and requests left open, of records and a capture of the same point: request by request."""
    n, n_open = 0, 0
    for request in set(records) | set(capture):
        for ours, theirs in counterparts(records.get(request, []), capture.get(request, [])):
            decided = next((s for s in (ours, theirs) if s and s.reason not in OPEN_REASONS | {UNREAD}), None)
            n += decided is not None and decided.identity is not None
            n_open += decided is None
    return n, n_open


def counterparts(records, capture):
    """Sightings of a flow and sequence number: what both have once with the same context, or without; the rest in order."""
    seen = [collections.Counter(s.identity for s in side) for side in (records, capture)]
    once = {identity for identity in seen[0] if seen[0][identity] == seen[1][identity] == 1}
    for identity in once:
        yield tuple(next(s for s in side if s.identity == identity) for side in (records, capture))
    yield from itertools.zip_longest(*([s for s in side if s.identity not in once] for side in (records, capture)))


def expected_beside(file, beside):
    """The contexts at the same point of the run beside, if it saw as many requests there."""
    other = beside.file("ebpf", file.point) or beside.file("pcap", file.point)
    if other is None or other.n_requests != file.n_requests:
        return None
    return expected_alone(beside, other)[0]

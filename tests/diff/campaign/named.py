# SPDX-License-Identifier: BSD-2-Clause
"""What `analyze` should say of packets by name: who called whom, at which node and vport. Names come from table owner, by
address and time; written from lib/schema.sql and README.md."""
import collections
import functools
import ipaddress

from recorded import RX, TX, US, kernel_way

PARTS = ("edge", "pod", "service", "node")
KINDS = ("pod", "service", "node")  # the first says the most

Owner = collections.namedtuple("Owner", "kind namespace name service workload node from_ns until_ns")
# Reasons that are not looked into here: when a point was watched, and what the other point saw instead.
EXPLAINED = {"outside_window", "not_detected", "lost_segment", "out_of_order", "http2_undecodable"}


def address_text(address):
    """An address as people write it."""
    parsed = ipaddress.IPv6Address(address)
    return str(parsed.ipv4_mapped or parsed)


class Names:
    """The names that a run knows."""

    def __init__(self, run):
        self.run = run
        self.owners = collections.defaultdict(list)
        for address, *row in run.db.execute("SELECT address, kind, namespace, name, service, workload, node, from_ns, until_ns FROM owner"):
            self.owners[address].append(Owner(*row))
        (self.taken,), = run.db.execute("SELECT max(taken_ns) FROM snapshot")
        self.files = {file.file_id: file for file in run.files}
        self.offset = {file.file_id: self.offset_of(file) for file in run.files}
        self.families = {(file_id, family): name for file_id, family, name in
                         run.db.execute("SELECT file_id, family, name FROM family")}

    def offset_of(self, file):
        """What moves a file's stamps to CLOCK_REALTIME; None: nobody knows."""
        if file.source == "pcap":
            return 0
        read = sorted(o for o, in self.run.db.execute(
            "SELECT realtime_ns - monotonic_ns FROM clock_pair WHERE file_id = ?", (file.file_id,)))
        return read[len(read) // 2] if read else None

    def are_told(self):
        """Are single packets told with names?"""
        several = any(len([f for f in self.run.files if (f.source, f.role) == side]) > 1
                      for side in ((s, r) for s in ("ebpf", "pcap") for r in ("nic", "vport")))
        return bool(self.owners) or several

    def realtime(self, sighting):
        """A stamp on the scale of the owners'."""
        offset = self.offset[sighting.file_id]
        if offset is None:
            return self.taken if self.taken is not None else (1 << 63) - 2
        return sighting.ts_ns + offset

    def owner(self, address, at_ns):
        """Who had the address then."""
        there = [o for o in self.owners.get(address, ()) if (o.from_ns is None or o.from_ns <= at_ns)
                 and (o.until_ns is None or at_ns < o.until_ns)]
        return min(there, key=lambda o: (KINDS.index(o.kind), -(o.from_ns or 0)), default=None)

    def ends(self, sighting, other=None):
        """Address and owner of caller and callee. Of the two sides, that counts which says more."""
        at_ns, ends = self.realtime(sighting), []
        for field in (1, 3):
            address = sighting.tuple[field]
            owner = self.owner(address, at_ns)
            if other is not None:
                second = self.owner(other.tuple[field], at_ns)
                if second and (owner is None or KINDS.index(second.kind) < KINDS.index(owner.kind)):
                    address, owner = other.tuple[field], second
            ends.append((address, owner))
        return ends

    def service(self, end, is_caller=False):
        """What an end stands for."""
        address, owner = end
        if owner:
            return owner.service or owner.workload or owner.name
        return "outside" if is_caller and self.owners and address not in self.owners else address_text(address)

    def words(self, sighting, other, point_key):
        """The fields that say who a packet was from and for, and where it was seen."""
        caller, callee = ends = self.ends(sighting, other)
        full = [f"{o.namespace}/{o.name}" if o and o.namespace else o.name if o else address_text(a) for a, o in ends]
        file = self.files[sighting.file_id]
        return {"caller": self.service(caller, True), "callee": self.service(callee), "src_name": full[0],
                "dst_name": full[1], "edge": self.edge(ends), "node": self.run.node_of(file) or None,
                point_key: file.point}

    def edge(self, ends):
        """Who calls whom."""
        return f"{self.service(ends[0], True)} -> {self.service(ends[1])}"

    def key(self, sighting, other, way):
        """All that a packet can be told apart by."""
        file, ends = self.files[sighting.file_id], self.ends(sighting, other)
        end = ends[1] if way == RX else ends[0] if way == TX else None
        owner = end[1] if end else None
        pod = file.pod if file.role == "vport" else ""
        if not pod and owner and owner.kind == "pod":
            pod = f"{owner.namespace}/{owner.name}"
        return (self.edge(ends), pod or "unknown", self.service(end) if end else "unknown",
                self.run.node_of(file) or (owner.node if owner else None) or "unknown")

    def reason(self, source, file, sighting):
        """Why a sighting has no partner, if neither its time nor a request without a context explains it."""
        node = self.run.node_of(file)
        nics, vports = self.run.nodes(source)[node]
        owners = [owner for _, owner in self.ends(sighting)]
        if file.role == "vport":
            at = {side: {f.file_id for f in files for s in self.run.sightings(f.file_id) if s.identity == sighting.identity}
                  for side, files in (("nic", nics), ("vport", vports))}
            pods = [o.node for o in owners if o and o.kind == "pod" and o.node]
            between = not at["nic"] and len(at["vport"]) > 1
            return "local" if between or (len(pods) == 2 and pods[0] == pods[1]) else "lost"
        watched, there = {f.pod for f in vports}, {f"{o.namespace}/{o.name}" for rows in self.owners.values() for o in rows
                                                   if o.kind == "pod"}
        names = {f"{o.namespace}/{o.name}" for o in owners if o and o.kind == "pod"}
        known = bool(self.owners) and "" not in watched and watched <= there
        of_node = any(o and o.kind == "pod" and o.node == node for o in owners)
        return "other_pod" if known and of_node and not names & watched else "lost"

    def key_of_point(self, file):
        """What is known of what a point lost."""
        return ("unknown", (file.pod if file.role == "vport" else "") or "unknown", "unknown",
                self.run.node_of(file) or "unknown")


def flow(sighting):
    """The fields of a packet itself."""
    _, saddr, sport, daddr, dport = sighting.tuple
    return {"saddr": address_text(saddr), "sport": sport, "daddr": address_text(daddr), "dport": dport,
            "seq": sighting.identity[0], "trace_id": sighting.trace_id, "span_id": sighting.identity[2].lower(),
            "http_version": sighting.http_version, "stream_id": sighting.stream_id}


def pair_row(names, source, pair):
    """A row of `analyze pairs`."""
    row = {"source": source, "direction": pair.way, "class": pair.kind, "nic_ns": pair.nic.ts_ns,
           "vport_ns": pair.vport.ts_ns, "latency_ns": pair.latency_ns,
           "family": names.families.get((pair.vport.file_id, pair.vport.family)), **flow(pair.vport)}
    if names.are_told():
        row.update(names.words(pair.vport, pair.nic, "vport"))
    return row


def place(row):
    """What a row of unmatched sightings is known by."""
    return tuple(row[key] for key in ("source", "point", "ts_ns", "seq", "trace_id", "span_id"))


def in_order(rows):
    """Rows in an order of their own, so that lists can be compared."""
    return sorted(rows, key=lambda row: sorted((k, str(v)) for k, v in row.items()))


def strays(run, source):
    """Sightings with a context that are in no pair."""
    paired = collections.Counter((s.file_id, s.identity, s.ts_ns) for p in run.pairs(source) for s in (p.nic, p.vport))
    for file in run.sides(source) or ():
        for sighting in run.sightings(file.file_id):
            if sighting.identity and paired[file.file_id, sighting.identity, sighting.ts_ns] > 0:
                paired[file.file_id, sighting.identity, sighting.ts_ns] -= 1
            elif sighting.identity:
                yield file, sighting


def check_pairs(campaign, ask):
    """Every pair, and every sighting without one, of every run."""
    for run in campaign.runs:
        sources = [source for source in ("ebpf", "pcap") if run.sides(source)]
        if not sources:
            continue
        names = Names(run)
        want = [pair_row(names, source, pair) for source in sources for pair in run.pairs(source)]
        yield f"pairs: {run.name}", in_order(want), in_order(ask("pairs", run=run)["pairs"])
        want, reason = [], {}
        for source, (file, sighting) in ((s, stray) for s in sources for stray in strays(run, s)):
            row = {"source": source, "point": file.role, "ts_ns": sighting.ts_ns,
                   "reason": names.reason(source, file, sighting), "family": names.families.get((sighting.file_id, sighting.family)), **flow(sighting)}
            want.append({**row, **(names.words(sighting, None, "point_name") if names.are_told() else {})})
            reason[place(row)] = row["reason"]
        got = [{**row, "reason": reason.get(place(row)) if row["reason"] in EXPLAINED
                else "lost" if row["reason"] == "unread" else row["reason"]}
               for row in ask("pairs", "--unmatched", run=run)["unmatched"]]
        yield f"pairs: unmatched of {run.name}", in_order(want), in_order(got)


def by_side(counts):
    """Counts by reason, added up."""
    return {side: sum(n for name, n in counts.items() if name.startswith(f"{side}_")) for side in ("nic", "vport")}


@functools.lru_cache(maxsize=None)
def collect(campaign):
    """Latencies, classes, sightings without a partner and losses, by conditions, source and key."""
    pairs, alone = collections.defaultdict(list), collections.defaultdict(collections.Counter)
    for run in campaign.runs:
        if run.is_for_detection():
            continue
        names = Names(run)
        cell = frozenset((k, v) for k, v in run.key if k not in ("run", "node"))
        for source in ("ebpf", "pcap"):
            for pair in run.pairs(source):
                pairs[cell, source, names.key(pair.vport, pair.nic, pair.way), pair.way].append(pair)
            for file, s in strays(run, source):
                alone[cell, source, names.key(s, None, kernel_way(file.role, s.direction))][file.role] += 1
            for file in run.files:
                (n,), = run.db.execute("SELECT coalesce(sum(n), 0) FROM loss WHERE file_id = ?", (file.file_id,))
                if n and file.source == source and file.role != "other":
                    alone[cell, source, names.key_of_point(file)]["lost"] += n
    return pairs, alone


def check_by(campaign, ask, summary):
    """Latencies told apart by everything that there is."""
    answer = ask("cdf", "--by", ",".join(PARTS))
    pairs, alone = collect(campaign)
    want = []
    for (cell, source, key, way), found in pairs.items():
        left = alone.get((cell, source, key), {})
        want.append({"source": source, "direction": way, **dict(zip(PARTS, key)),
                     **summary(sorted(pair.latency_ns for pair in found), US),
                     "classes": {"matched": 0, **collections.Counter(pair.kind for pair in found)},
                     "unmatched": {side: left.get(side, 0) for side in ("nic", "vport")}})
    got = [{**{k: v for k, v in row.items() if k != "label"}, "unmatched": by_side(row["unmatched"]),
            "classes": {"matched": 0, **row["classes"]}} for row in answer["series"]]
    yield "cdf by name: series", in_order(rounded(want)), in_order(rounded(got))
    want = [{"source": source, **dict(zip(PARTS, key)), "lost": n["lost"],
             "unmatched": {side: n[side] for side in ("nic", "vport")}} for (_, source, key), n in alone.items()]
    got = [{**{k: v for k, v in row.items() if k != "label"}, "unmatched": by_side(row["unmatched"])}
           for row in answer["left_over"]]
    yield "cdf by name: left over", in_order(want), in_order(got)


def rounded(rows):
    """Fractions cut to ten figures, so that rows that are the same have the same place in their order."""
    return [{k: float(f"{v:.10g}") if isinstance(v, float) else v for k, v in row.items()} for row in rows]

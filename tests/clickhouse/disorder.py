#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Makes of a loaded run another one, the same in run.db and in stores: of its requests some are moved to other connections and
sequence numbers, have other contexts or none, other reasons, directions and stamps; and the pods' names change in mid-run.

    disorder.py RUN_DB SEED RUN PORT[,PORT]...

RUN: as the stores call it. PORT: a server's; of two, the shards of a cluster. Exit status: 0, or a traceback."""

import random
import sqlite3
import sys
import time
import urllib.parse
import urllib.request

# Each leaves open, or does not, whether there is a context: beyond_window, split, malformed ... http2_undecodable.
BARE_REASONS = (9, 10, 11, 12, 13, 13, 13, 14, 15, 33, 34, 36)
PLACES = ("ids_end_off", "trace_id", "span_id", "ctx_segment", "ids_end_segment", "parent_span_id", "sampled", "ctx_off", "ctx_len")


class Store:
    """A server, or the shards of a cluster, by HTTP."""

    def __init__(self, ports):
        self.ports = ports.split(",")
        self.local = "_local" if len(self.ports) > 1 else ""

    def ask(self, sql, port=None, body=b""):
        query = urllib.parse.urlencode({"database": "wirespan", "insert_distributed_sync": 1, "query": sql})
        with urllib.request.urlopen("http://127.0.0.1:%s/?%s" % (port or self.ports[0], query), data=body) as answer:
            return answer.read().decode()

    def change(self, table, what):
        """Alters a table on every server, and waits until it is done."""
        for port in self.ports:
            self.ask("ALTER TABLE %s%s %s" % (table, self.local, what), port)
            for _ in range(600):
                if self.ask("SELECT count() FROM system.mutations WHERE NOT is_done", port).strip() == "0":
                    break
                time.sleep(0.05)
            else:
                raise RuntimeError("a mutation takes too long")

    def insert(self, table, columns, rows):
        lines = b"".join(b"\t".join(map(escaped, row)) + b"\n" for row in rows)
        self.ask("INSERT INTO %s (%s) FORMAT TabSeparated" % (table, ", ".join(columns)), body=lines)


def escaped(value):
    """A value of TabSeparated."""
    if value is None:
        return b"\\N"
    if isinstance(value, bytes):
        return value.replace(b"\\", b"\\\\").replace(b"\t", b"\\t").replace(b"\n", b"\\n").replace(b"\0", b"\\0")
    return escaped(value.encode()) if isinstance(value, str) else b"%d" % value


class Disorder:
    """What happens to single rows."""

    def __init__(self, rows, flows, point, seed):
        """flows: by file, the flow of each connection."""
        self.random = random.Random(seed)
        self.rows, self.flows = rows, flows
        self.shared = sorted(set.intersection(*(set(of_file) for of_file in flows.values())))
        self.connection = {flow: connection for of_file in flows.values() for connection, flow in of_file.items()}
        self.is_torn = seed % 3 == 2  # sources know packets by other addresses
        self.peers = {f: [r for r in rows if point[r["file_id"]] == point[f]] for f in point}
        self.own = {f: [r for r in rows if r["file_id"] == f] for f in point}

    def bare(self, row):
        row.update(dict.fromkeys(PLACES), family=0, families=0, reason=self.random.choice(BARE_REASONS))
        row["flags"] = self.random.choice((0, 2)) if row["reason"] == 15 else 0

    def move(self, row, connection):
        row["flow_id"] = self.flows[row["file_id"]].get(connection, row["flow_id"])

    def other_flow(self, row):
        """Of all that is known of the packet at its point, or of the row alone."""
        connection = self.random.choice(self.shared)
        for other in [row] if self.is_torn else self.peers[row["file_id"]]:
            if other["seq"] == row["seq"]:
                self.move(other, connection)

    def part(self, row):
        """Leaves a context open on another connection than the one on which the packet was seen beside."""
        self.bare(row)
        row["reason"] = 9
        self.move(row, self.random.choice(self.shared))

    def crowd(self, row):
        other = self.random.choice(self.peers[row["file_id"]])
        row["seq"] = other["seq"]
        if not self.is_torn:
            self.move(row, self.connection[other["flow_id"]])

    def same_packet(self, row):
        other = self.random.choice(self.peers[row["file_id"]])
        row.update({name: other[name] for name in other if name not in ("request_id", "file_id", "flow_id", "ts_ns")})
        self.move(row, self.connection[other["flow_id"]])

    def other_id(self, row):
        if row["reason"] != 16:
            return
        row["family"] = self.random.choice((1, 2, 5, 9))
        row["families"] = 1 << row["family"]
        row["trace_id"] = self.random.choice((row["trace_id"], row["trace_id"][:8], row["trace_id"][:8] + bytes(8)))

    def other_time(self, row):
        row["ts_ns"] = self.random.choice(self.own[row["file_id"]])["ts_ns"]

    def other_direction(self, row):
        row["direction"] = self.random.choice((0, 1, 2))

    def other_version(self, row):
        row["http_version"] = 3 - row["http_version"]

    def make(self):
        ways = (self.bare, self.other_flow, self.part, self.crowd, self.same_packet, self.other_id, self.other_time, self.other_direction,
                self.other_version)
        share = 0.2 if self.is_torn else self.random.choice((0.02, 0.2, 0.8))
        for row in self.rows:
            while self.random.random() < share:
                self.random.choice(ways)(row)


def owners(db, seed):
    """Names for the connections' ends, of which some change while the run is on."""
    chance = random.Random(seed)
    taken = db.execute("SELECT min(realtime_ns), max(realtime_ns) FROM clock_pair").fetchone()
    made = []
    for number, (address,) in enumerate(db.execute("SELECT DISTINCT daddr FROM flow UNION SELECT DISTINCT saddr FROM flow ORDER BY 1")):
        middle = chance.randint(*taken)
        until = chance.choice((None, middle))
        made.append((address, "pod", "default", "pod-%d" % number, "service-%d" % (number % 3), None, "node1", None, until))
        if until and chance.random() < 0.5:
            made.append((address, "pod", "default", "later-%d" % number, "service-later", None, "node1", until, None))
    return made


def main():
    path, seed, run, stores = sys.argv[1], int(sys.argv[2]), sys.argv[3], [Store(ports) for ports in sys.argv[4:]]
    db = sqlite3.connect(path)
    db.row_factory = sqlite3.Row
    rows = [dict(row) for row in db.execute("SELECT * FROM request ORDER BY request_id")]
    flows = {}
    for file_id, flow_id, *connection in db.execute("SELECT file_id, flow_id, saddr, sport, daddr, dport FROM flow"):
        flows.setdefault(file_id, {})[tuple(connection)] = flow_id
    Disorder(rows, flows, dict(db.execute("SELECT file_id, point_id FROM file").fetchall()), seed).make()
    columns = list(rows[0])
    db.executemany("REPLACE INTO request VALUES (%s)" % ", ".join("?" * len(columns)), [tuple(row.values()) for row in rows])
    db.execute("DELETE FROM owner")
    named = [tuple(row) for row in owners(db, seed)]
    db.executemany("INSERT INTO owner VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", named)
    db.commit()
    owner_columns = [row[1] for row in db.execute("PRAGMA table_info(owner)")]
    empty = {name for name in columns if name in ("trace_id", "span_id")} # no Nullable columns
    for store in stores:
        loads = {int(f): (part, load) for f, part, load in
                 (line.split("\t") for line in
                  store.ask("SELECT DISTINCT file_id, part, load FROM request WHERE run = '%s'" % run).splitlines())}
        version = store.ask("SELECT version FROM run WHERE run = '%s' ORDER BY sequence DESC LIMIT 1" % run).strip()
        store.change("request", "DELETE WHERE run = '%s'" % run)
        store.insert("request", ["part", "run", "load"] + columns,
                     [(loads[row["file_id"]][0], run, int(loads[row["file_id"]][1]),
                       *(b"" if value is None and name in empty else value for name, value in row.items())) for row in rows])
        store.change("owner", "DELETE WHERE run = '%s'" % run)
        store.insert("owner", ["run", "version", "row_no"] + owner_columns,
                     [(run, int(version), number, *row) for number, row in enumerate(named)])
        store.change("content", "DELETE WHERE run = '%s' AND name = 'owner'" % run)
        store.insert("content", ("run", "version", "name", "of_version", "n_rows"),
                     [(run, int(version), "owner", int(version), len(named))])


main()

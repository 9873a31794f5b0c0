#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Puts into a copy of a campaign what a clean recording seldom has - retransmissions, translated addresses, equal
stamps, unanswered requests, records that leave it open, accounts that do not add up, rounds - so that the judge and
`analyze` have to agree on these, too. Takes the databases alone."""
import argparse
import os
import shutil
import sqlite3
import sys

# A copy of every request of :file that is one of :each; their stamps are :later ns later.
REPEAT = """
    INSERT INTO request (file_id, flow_id, ts_ns, seq, direction, payload_len, n_segments, reason, family, ids_end_off,
        trace_id, span_id, parent_span_id, sampled, ctx_off, ctx_len, searched_len, req_off, frame_len, tcp_flags)
    SELECT file_id, flow_id, ts_ns + :later, seq, direction, payload_len, n_segments, reason, family, ids_end_off,
        trace_id, span_id, parent_span_id, sampled, ctx_off, ctx_len, searched_len, req_off, frame_len, tcp_flags
    FROM request WHERE file_id = :file AND request_id % :each = 1"""

LEAVE_OPEN = """
    UPDATE request SET reason = :reason, family = 0, ids_end_off = NULL, trace_id = NULL, span_id = NULL,
        parent_span_id = NULL, sampled = NULL, ctx_off = NULL, ctx_len = NULL
    WHERE file_id = :file AND seq % :each = 0"""

# The stamp that the same packet has at the other point, for some packets.
SAME_STAMP = """
    UPDATE request AS mine SET ts_ns = (SELECT theirs.ts_ns FROM request AS theirs
        WHERE theirs.file_id = :other AND (theirs.seq, theirs.trace_id, theirs.span_id)
            = (mine.seq, mine.trace_id, mine.span_id))
    WHERE file_id = :file AND seq % :each = 0 AND EXISTS (SELECT 1 FROM request AS theirs
        WHERE theirs.file_id = :other AND (theirs.seq, theirs.trace_id, theirs.span_id)
            = (mine.seq, mine.trace_id, mine.span_id))"""

RECOUNT = """
    UPDATE file SET n_requests = (SELECT count(*) FROM request WHERE request.file_id = file.file_id),
        n_contexts = (SELECT count(trace_id) FROM request WHERE request.file_id = file.file_id)"""


def files(db):
    """Files by source and point."""
    return {(source, point): file_id for file_id, source, point in
            db.execute("SELECT file_id, source, name FROM file JOIN point USING (point_id)")}


def repeat(db):
    """Retransmissions at one point, at the other, at both; some so late that they overtake the next packet."""
    for (source, point), file_id in files(db).items():
        each, later = (7, 5_000) if point == "nic" else (11, 9_000_000)
        if source == "pcap":
            each += 2
        db.execute(REPEAT, {"file": file_id, "each": each, "later": later})


def translate(db):
    """Another port at the NIC than at the vport, for some connections."""
    db.execute("UPDATE flow SET sport = sport + 1 WHERE sport % 3 = 0 AND file_id IN"
               " (SELECT file_id FROM file JOIN point USING (point_id) WHERE role = 'nic')")


def turn(db):
    """Directions that the kernel does not know, or has wrong."""
    db.execute("UPDATE request SET direction = 0 WHERE seq % 5 = 0")
    db.execute("UPDATE request SET direction = 3 - direction WHERE seq % 5 = 1")


def stamp(db):
    """The same stamp at both points."""
    known = files(db)
    for (source, point), file_id in known.items():
        if point == "nic" and (source, "vport") in known:
            db.execute(SAME_STAMP, {"file": file_id, "other": known[source, "vport"], "each": 4})


def split(db):
    """Other lengths at the NIC."""
    for (_, point), file_id in files(db).items():
        if point == "nic":
            db.execute("UPDATE request SET payload_len = payload_len + 100 WHERE file_id = ? AND seq % 3 = 0",
                       (file_id,))


def shorten(db):
    """Trace ids of eight bytes."""
    db.execute("UPDATE request SET trace_id = substr(trace_id, 1, 8) WHERE seq % 6 = 0")


def lose(db):
    """Packets that one point has not seen, and says so."""
    for (_, point), file_id in files(db).items():
        db.execute("DELETE FROM request WHERE file_id = ? AND seq % 13 = ?", (file_id, int(point == "nic")))
        db.execute("UPDATE loss SET n = n + 3 WHERE file_id = ?", (file_id,))


def leave_open(db):
    """Records beyond the window, and captures that were cut: the other one knows, or nobody."""
    for (source, _), file_id in files(db).items():
        db.execute(LEAVE_OPEN, {"file": file_id, "reason": 9 if source == "ebpf" else 14,
                                "each": 4 if source == "ebpf" else 6})


def spoil_load(db):
    """Requests without an answer, with other answers, started together, and answers that take long."""
    db.execute("UPDATE load_request SET status = 0 WHERE request_no % 17 = 0")
    db.execute("UPDATE load_request SET status = 404 WHERE request_no % 19 = 0")
    db.execute("UPDATE load_request SET status = 302 WHERE request_no % 23 = 0")
    db.execute("UPDATE load_request SET latency_ns = latency_ns * 40 WHERE request_no % 29 = 0")
    db.execute("UPDATE OR IGNORE load_request SET start_ns = start_ns / 50000000 * 50000000")


def silence(db):
    """A load without any good answer."""
    db.execute("UPDATE load_request SET status = 503")


def second_vport(db):
    """Two vports: the join would have to guess."""
    db.execute("INSERT INTO point SELECT max(point_id) + 1, 'vport9', 'vport', NULL, NULL, NULL FROM point")
    db.execute("INSERT INTO file SELECT max(file_id) + 1, (SELECT max(point_id) FROM point), 'ebpf', 'vport9.rec.zst',"
               " 'none', 1, 1, 0, 0, 0, 0, NULL, NULL, NULL FROM file")


def forget_conditions(db):
    """A run of which nobody wrote down what was set up."""
    db.execute("DELETE FROM condition")


def next_round(db):
    """Another round of the same, a little slower."""
    db.execute("UPDATE condition SET value = '2' WHERE key = 'round'")
    db.execute("UPDATE load_request SET latency_ns = latency_ns + 12345")
    db.execute("UPDATE request SET ts_ns = ts_ns + 333 WHERE file_id IN (SELECT file_id FROM file WHERE point_id = 1)")


LATENCY = [("repeat",), ("translate",), ("turn",), ("stamp",), ("split",), ("shorten",), ("lose",), ("leave_open",),
           ("stamp", "turn", "repeat"), ("repeat", "translate", "split", "lose"), ("lose", "leave_open", "repeat")]
LOAD = [("spoil_load",), ("silence",), ("forget_conditions",)]
OTHER = [("second_vport",), ("lose",), ("leave_open",), ("repeat",)]


def conditions(path):
    """The conditions of a run.db."""
    with sqlite3.connect(path) as db:
        return dict(db.execute("SELECT key, value FROM condition"))


def edit(path, names):
    """Changes a run.db in the ways named, one after the other, and makes its counts right again."""
    db = sqlite3.connect(path)
    for name in names:
        globals()[name](db)
    db.execute(RECOUNT)
    db.commit()
    db.close()


def plan(runs):
    """Which run gets which oddities: a list goes round among the runs that it is for; every third one stays."""
    groups = {"latency": [], "load": [], "other": []}
    for run, told in sorted(runs.items()):
        detection = told.get("purpose") == "detection"
        groups["other" if detection else "load" if told.get("attached") == "none" else "latency"].append(run)
    for name, ways in (("latency", LATENCY), ("load", LOAD), ("other", OTHER)):
        for i, run in enumerate(run for j, run in enumerate(groups[name]) if j % 3 != 2):
            yield run, ways[i % len(ways)]


def make(source, target, offset):
    """Copies the databases of a campaign, adds a second round to some, and makes them odd; offset turns the lists."""
    runs = {}
    for root, _, names in os.walk(source):
        if "run.db" in names:
            path = os.path.join(target, os.path.relpath(root, source))
            os.makedirs(path)
            shutil.copy(os.path.join(root, "run.db"), path)
            runs[path] = conditions(os.path.join(path, "run.db"))
    for number, (run, told) in enumerate(sorted(runs.items())):
        if told.get("purpose") != "detection" and number % 2 == offset % 2:
            shutil.copytree(run, f"{run}.round2")
            edit(os.path.join(f"{run}.round2", "run.db"), ["next_round"])
    for ways in (LATENCY, LOAD, OTHER):
        ways[:] = ways[offset % len(ways):] + ways[:offset % len(ways)]
    for run, ways in plan(runs):
        edit(os.path.join(run, "run.db"), ways)
        print(f"{os.path.relpath(run, target)}: {', '.join(ways)}")


def main():
    """Makes one odd campaign."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("source", help="a campaign that ingest has loaded")
    parser.add_argument("target", help="a directory that is not there yet")
    parser.add_argument("--offset", type=int, default=0, help="another number makes another assignment")
    options = parser.parse_args()
    make(options.source, options.target, options.offset)
    return 0


if __name__ == "__main__":
    sys.exit(main())

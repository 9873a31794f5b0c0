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

# A copy of every request of :file that is one of :each; their stamps are :later ns later. {columns}: all others.
REPEAT = """
    INSERT INTO request ({columns}, ts_ns) SELECT {columns}, ts_ns + :later
    FROM request WHERE file_id = :file AND request_id % :each = 1"""

LEAVE_OPEN = """
    UPDATE request SET reason = :reason, family = 0, ids_end_off = NULL, trace_id = NULL, span_id = NULL,
        parent_span_id = NULL, sampled = NULL, ctx_off = NULL, ctx_len = NULL, families = 0, ctx_segment = NULL,
        ids_end_segment = NULL, done_ts_ns = NULL
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
    columns = ", ".join(name for _, name, *_ in db.execute("PRAGMA table_info(request)")
                        if name not in ("request_id", "ts_ns"))
    for (source, point), file_id in files(db).items():
        each, later = (7, 5_000) if point == "nic" else (11, 9_000_000)
        if source == "pcap":
            each += 2
        db.execute(REPEAT.format(columns=columns), {"file": file_id, "each": each, "later": later})


def translate(db):
    """Another port at the NIC than at the vport, for some connections."""
    db.execute("UPDATE flow SET sport = sport + 1 WHERE sport % 3 = 0 AND file_id IN"
               " (SELECT file_id FROM file JOIN point USING (point_id) WHERE role = 'nic')")


def turn(db):
    """Directions that the kernel does not know, or has wrong."""
    db.execute("UPDATE request SET direction = 0 WHERE seq % 5 = 0")
    db.execute("UPDATE request SET direction = 3 - direction WHERE direction > 0 AND seq % 5 = 1")


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


def leave_open_otherwise(db):
    """The other ways in which records do not know: segments that never came, or in disorder, HTTP/2 that nobody can read,
    records that were lost and of which something is known."""
    for (source, _), file_id in files(db).items():
        for rest, reason in enumerate((10, 33, 34, 36, 15) if source == "ebpf" else (10, 33)):
            db.execute(LEAVE_OPEN.replace("= 0", "= :rest"),
                       {"file": file_id, "reason": reason, "each": 12, "rest": rest})


def see_all(db):
    """Searches of the whole head, whatever they were."""
    db.execute("UPDATE file SET search_bytes = NULL")


def lose_records(db):
    """Records that were lost before they were read: their frames are in the ledger, and one was not its frame's first."""
    for (source, _), file_id in files(db).items():
        if source != "ebpf":
            continue
        db.execute("INSERT INTO ledger VALUES (?, 'unread', 5) ON CONFLICT DO UPDATE SET n_frames = n_frames + 5", (file_id,))
        db.execute("UPDATE file SET n_frames = n_frames + 5 WHERE file_id = ?", (file_id,))
        db.execute(LEAVE_OPEN, {"file": file_id, "reason": 15, "each": 31})
        db.execute("UPDATE request SET flags = flags | 2 WHERE reason = 15 AND seq % 2 = 0 AND file_id = ?", (file_id,))


def mix_families(db):
    """Several families in the heads, another one that counts, UUIDs whose version differs between the points; headers
    that the user named."""
    for (_, point), file_id in files(db).items():
        db.executemany("INSERT OR IGNORE INTO family VALUES (?, ?, ?)", [
            (file_id, 1, "w3c"), (file_id, 4, "jaeger"), (file_id, 9, "x-request-id"), (file_id, 12, "header:x-trace")])
        for rest, family in enumerate((1, 4, 12, 9)):
            db.execute("UPDATE request SET family = ?, families = families | (1 << ?) WHERE trace_id IS NOT NULL"
                       " AND file_id = ? AND seq % 9 = ?", (family, family, file_id, rest))
        db.execute("UPDATE request SET trace_id = with_version(trace_id, ?) WHERE family = 9 AND file_id = ?",
                   (4 if point == "nic" else 9, file_id))
        db.execute("UPDATE request SET families = families | 16 WHERE families > 0 AND seq % 4 = 0 AND file_id = ?",
                   (file_id,))


def refuse(db):
    """Headers whose values were refused, some of two families at once."""
    for file_id in files(db).values():
        db.executemany("INSERT OR IGNORE INTO family VALUES (?, ?, ?)", [(file_id, 1, "w3c"), (file_id, 4, "jaeger")])
    for flaw in range(1, 6):
        db.execute("UPDATE request SET malformed = malformed | 2 | ((seq % 2) << 4), flaw = ? WHERE seq % 7 = ?",
                   (flaw, flaw))


def spread_out(db):
    """Contexts all over the head, and in later segments of it."""
    db.execute("UPDATE request SET ctx_off = ctx_off + seq % 3000, ids_end_off = ids_end_off + seq % 3000 + seq % 5,"
               " searched_len = searched_len + seq % 3100, ctx_len = ctx_len + seq % 7,"
               " ctx_segment = 1 + seq % 3000 / 1448, ids_end_segment = 1 + (seq % 3000 + 200) / 1448"
               " WHERE trace_id IS NOT NULL")


def upgrade(db):
    """Requests that came by HTTP/2."""
    db.execute("UPDATE request SET http_version = 2, stream_id = 1 + seq % 100 * 2 WHERE seq % 3 = 0")


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
    """Another vport of the same node, at which nothing was seen."""
    db.execute("INSERT INTO point SELECT max(point_id) + 1, 'vport9', 'vport', NULL, NULL, NULL, NULL FROM point")
    db.execute("INSERT INTO file SELECT max(file_id) + 1, (SELECT max(point_id) FROM point), 'ebpf', 'vport9.rec.zst',"
               " 'none', 1, 1, 0, 0, 0, 0, 0, NULL, NULL, NULL, 'w3c,b3', 0 FROM file")


def forget_conditions(db):
    """A run of which nobody wrote down what was set up."""
    db.execute("DELETE FROM condition")


def next_round(db):
    """Another round of the same, a little slower."""
    db.execute("UPDATE condition SET value = '2' WHERE key = 'round'")
    db.execute("UPDATE load_request SET latency_ns = latency_ns + 12345")
    db.execute("UPDATE request SET ts_ns = ts_ns + 333 WHERE file_id IN (SELECT file_id FROM file WHERE point_id = 1)")


LATENCY = [("repeat",), ("translate",), ("turn",), ("stamp",), ("split",), ("shorten",), ("lose",), ("leave_open",),
           ("stamp", "turn", "repeat"), ("repeat", "translate", "split", "lose"), ("lose", "leave_open", "repeat"),
           ("mix_families", "spread_out", "leave_open_otherwise", "repeat"), ("see_all", "mix_families", "lose_records"),
           ("see_all", "refuse", "upgrade", "spread_out", "leave_open_otherwise"), ("upgrade", "mix_families", "turn", "refuse"),
           ("mix_families", "lose_records", "lose", "spread_out")]
LOAD = [("spoil_load",), ("silence",), ("forget_conditions",)]
OTHER = [("second_vport",), ("lose", "mix_families"), ("leave_open", "spread_out"), ("repeat", "refuse"),
         ("see_all", "leave_open_otherwise", "upgrade"), ("lose_records", "mix_families")]


def conditions(path):
    """The conditions of a run.db."""
    with sqlite3.connect(path) as db:
        return dict(db.execute("SELECT key, value FROM condition"))


def edit(path, names):
    """Changes a run.db in the ways named, one after the other, and makes its counts right again."""
    db = sqlite3.connect(path)
    db.create_function("with_version", 2, lambda trace, n: trace[:6] + bytes([trace[6] & 15 | n << 4]) + trace[7:])
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

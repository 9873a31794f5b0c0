#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Gives the addresses in a copy of a campaign names, as a cluster snapshot would: pods, services, nodes, some that change
hands in the middle of a run, some that nobody ever had. Takes the databases alone."""
import argparse
import os
import shutil
import sqlite3
import sys

MIDDLE = """
    SELECT CASE WHEN source = 'pcap' THEN 0 ELSE (SELECT max(realtime_ns - monotonic_ns) FROM clock_pair
               WHERE clock_pair.file_id = file.file_id) END
        + (SELECT (min(ts_ns) + max(ts_ns)) / 2 FROM request WHERE request.file_id = file.file_id)
    FROM file WHERE n_requests > 0 LIMIT 1"""

ADD = "INSERT INTO owner VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"


def rows_of(i, address, middle):
    """The owners of the address with the number i."""
    pod = (address, "pod", f"space{i % 3}", f"pod-{i}", f"service{i % 5}", f"load-{i}", f"node{i % 2}")
    kinds = [
        [(*pod, None, None)],
        [(*pod, None, middle), (address, "pod", "late", f"heir-{i}", None, "heirs", "node1", middle, None)],
        [(address, "service", "space0", f"front-{i}", f"front-{i}", None, None, None, None),
         (address, "node", None, f"host-{i}", None, None, f"host-{i}", None, None)],
        [(address, "node", None, f"host-{i}", None, None, f"host-{i}", None, None)],
        [(address, "pod", "space1", f"bare\t<{i}>'\"", None, None, None, middle, None)],
        [],
    ]
    return kinds[i % len(kinds)]


def baptize(path, offset):
    """Names the addresses of one run; offset: which of them have which kind of owner."""
    db = sqlite3.connect(path)
    with db:
        middle = (db.execute(MIDDLE).fetchone() or (None,))[0]
        db.execute("DELETE FROM owner")
        addresses = sorted({a for row in db.execute("SELECT saddr, daddr FROM flow") for a in row})
        for i, address in enumerate(addresses):
            db.executemany(ADD, rows_of(i + offset, address, middle))
        db.execute("UPDATE point SET node = 'node1', pod = CASE WHEN role = 'vport' THEN 'space0/pod-0' END")
    db.close()


def main():
    """Makes a named copy of a campaign."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--offset", type=int, default=0, help="which addresses get which kind of owner")
    parser.add_argument("campaign", help="runs that ingest has loaded")
    parser.add_argument("copy", help="where the copy goes; must not be there")
    options = parser.parse_args()
    if os.path.exists(options.copy):
        sys.exit(f"baptize.py: {options.copy}: is there already")
    for root, _, names in os.walk(options.campaign):
        if "run.db" in names:
            to = os.path.join(options.copy, os.path.relpath(root, options.campaign))
            os.makedirs(to)
            shutil.copy(os.path.join(root, "run.db"), to)
            baptize(os.path.join(to, "run.db"), options.offset)
    return 0


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Is a run in a store, row by row and in order, what run.db has? Asks the server by itself, over HTTP, and SQLite; knows of the
store what lib/clickhouse/tables.h says. Prints the number of rows and of tables that are the same, or what is not, with status 1.

    judge.py [--spare N] HTTP_URL DATABASE RUN RUN_DB

--spare N: rows of the run in request, response and flow that do not count; without it, any number."""

import argparse
import sqlite3
import sys
import time
import urllib.request

LARGE = {"request": "request_id", "response": "response_id", "flow": "flow_id"}


def ask(url, sql):
    """Rows of texts; None is NULL. Opened without a proxy."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(url, data=sql.encode(), timeout=120) as answer:
        for line in answer:
            yield [None if cell == "\\N" else cell for cell in line.decode().rstrip("\n").split("\t")]


def quoted(text):
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def latest(url, database, run):
    rows = list(ask(url, f"SELECT sequence, version FROM {database}.run WHERE run = {quoted(run)}"
                         " ORDER BY sequence DESC, version DESC LIMIT 1 FORMAT TSV"))
    return rows[0][1] if rows else None


def columns_of(db, table):
    """(name, is a text or a blob) of each."""
    return [(row[1], row[2] != "INTEGER") for row in db.execute(f"PRAGMA table_info(\"{table}\")")]


def shown(value):
    """As the queries below have it: bytes in hexadecimal, with something before them so that none is not nothing."""
    if value is None:
        return None
    if isinstance(value, str):
        value = value.encode()
    return "x" + value.hex().upper() if isinstance(value, bytes) else str(value)


def expressions(columns, large):
    for name, is_bytes in columns:
        if not is_bytes:
            yield f"`{name}`"
        elif large and name in ("trace_id", "span_id", "parent_span_id", "outer_saddr", "outer_daddr"):
            yield f"if(empty(`{name}`), NULL, concat('x', hex(`{name}`)))"
        else:
            yield f"concat('x', hex(`{name}`))"


def rows_in_store(url, database, run, table, columns, content, loads):
    names = ", ".join(expressions(columns, table in LARGE))
    where = f"FROM {database}.`{table}` WHERE run = {quoted(run)}"
    if table in LARGE:
        if not loads:
            return
        pairs = ", ".join(f"({file_id}, {load})" for file_id, load in loads)
        yield from ask(url, f"SELECT {names} {where} AND (toInt64(file_id), toInt64(load)) IN ({pairs})"
                            f" ORDER BY {LARGE[table]} FORMAT TSV")
    elif table in content:
        yield from ask(url, f"SELECT {names} {where} AND version = {content[table]} ORDER BY row_no FORMAT TSV")


def compare(url, database, run, db, table, content, loads):
    """Rows that are the same, or words."""
    columns = columns_of(db, table)
    order = f" ORDER BY {LARGE[table]}" if table in LARGE else ""
    names = ", ".join(f'"{name}"' for name, _ in columns)
    wanted = db.execute(f'SELECT {names} FROM "{table}"{order or " NOT INDEXED"}')
    n = 0
    for got in rows_in_store(url, database, run, table, columns, content, loads):
        row = wanted.fetchone()
        if row is None:
            return n, f"{table}: the store has more than {n} rows"
        if [shown(value) for value in row] != got:
            return n, f"{table}: row {n} is {got}, and in run.db {[shown(value) for value in row]}"
        n += 1
    return n, f"{table}: the store has {n} rows, run.db more" if wanted.fetchone() else None


def count_spare(url, database, run, loads):
    """Rows of the run that do not count; what is being removed takes a moment."""
    counting = ", ".join(["0"] + [load for _, load in loads])
    for _ in range(100):
        n = 0
        for table in LARGE:
            n += int(next(ask(url, f"SELECT count() FROM {database}.{table} WHERE run = {quoted(run)}"
                                   f" AND toInt64(load) NOT IN ({counting}) FORMAT TSV"))[0])
        if n == 0:
            break
        time.sleep(0.1)
    return n


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--spare", type=int)
    parser.add_argument("url")
    parser.add_argument("database")
    parser.add_argument("run")
    parser.add_argument("run_db")
    a = parser.parse_args()
    db = sqlite3.connect(f"file:{a.run_db}?mode=ro", uri=True)
    version = latest(a.url, a.database, a.run)
    if version is None:
        sys.exit(f"{a.run}: no such run")
    content = {row[0]: row[1] for row in ask(a.url, f"SELECT name, of_version FROM {a.database}.content"
                                                    f" WHERE run = {quoted(a.run)} AND version = {version} FORMAT TSV")}
    loads = []
    if "file_load" in content:
        loads = list(ask(a.url, f"SELECT file_id, load FROM {a.database}.file_load WHERE run = {quoted(a.run)}"
                                f" AND version = {content['file_load']} FORMAT TSV"))
    n_rows = 0
    tables = [row[0] for row in db.execute("SELECT name FROM sqlite_schema WHERE type = 'table'"
                                           " AND name NOT LIKE 'sqlite%'")]
    for table in tables:
        n, words = compare(a.url, a.database, a.run, db, table, content, loads)
        if words:
            sys.exit(words)
        n_rows += n
    if a.spare is not None:
        n = count_spare(a.url, a.database, a.run, loads)
        if n != a.spare:
            sys.exit(f"{n} rows of the run do not count, and {a.spare} should")
    print(f"{n_rows} rows in {len(tables)} tables are the same")


main()

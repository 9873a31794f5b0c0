#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""A ClickHouse server of the version that libchdb.so has: the whole engine as a library, its interfaces for HTTP and for other servers
among them. Takes a server's configuration; runs until it is killed.

    current.py LIBRARY --config-file=FILE"""

import ctypes
import os
import sys

# as clickhouse-local: it listens once it is told to, and ends with the last statement, which waits for the end of its input
STATEMENTS = b"""SYSTEM START LISTEN TCP; SYSTEM START LISTEN HTTP;
SELECT count() FROM file('stdin', 'LineAsString', 'line String') FORMAT Null"""


def main():
    library = ctypes.CDLL(sys.argv[1])
    never, _kept = os.pipe()
    os.dup2(never, 0)
    arguments = [b"clickhouse-local", *(os.fsencode(word) for word in sys.argv[2:]), b"--query", STATEMENTS]
    library.chdb_query_cmdline.restype = ctypes.c_void_p
    library.chdb_result_error.restype = ctypes.c_char_p
    result = library.chdb_query_cmdline(len(arguments), (ctypes.c_char_p * len(arguments))(*arguments))
    words = library.chdb_result_error(ctypes.c_void_p(result)) if result else b"it ended without a word"
    sys.exit((words or b"it ended").decode(errors="replace"))


main()

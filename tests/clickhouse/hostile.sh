#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# shellcheck disable=SC2154 # suite.sh sets work, store, clickhouse_...
# Analyze believes no number of a store's: answers in which single values are changed on the way are told, and lead to no result.
set -euo pipefail

root=$(cd "$(dirname "$0")/../.." && pwd)
usage() {
    cat << TEXT
usage: tests/clickhouse/hostile.sh BIN_DIR

  BIN_DIR   where ingest and analyze lie: build/bin; make_run lies in build/bench

Starts a server of its own on loopback. Ends with \`N passed, N failed\`. Exit status: 0 all told, 1 not, 2 wrong usage.
TEXT
}
if [ "${1:-}" = --help ]; then
    usage
    exit 0
fi
if [ $# -ne 1 ]; then
    usage >&2
    exit 2
fi
bin=$(cd "$1" && pwd)
# shellcheck source=tests/clickhouse/suite.sh disable=SC1091
. "$root/tests/clickhouse/suite.sh"

load_made() {
    mkdir "$work/made"
    "$bin/../bench/make_run" records "$work/made" 400 > /dev/null
    "$bin/ingest" --quiet --dir "$work/made" && "$bin/ingest" --quiet --dir "$work/made" --store "$one"
}

# told TEXT WHEN FROM TO COMMAND...: with FROM (hexadecimal) changed to TO in answers to WHEN, it fails, prints nothing, and says TEXT.
told() {
    local text=$1 when=$2 proxy_options=(--change "$3:$4")
    shift 4
    by_proxy changed "$when" told_so "$text" "$@"
}
told_so() {
    local text=$1
    shift
    fails "$text" timeout 120 "$bin/analyze" "$@" --store "clickhouse://$store/wirespan"
}

# number N: as a column has it, in hexadecimal.
number() {
    python3 -c 'import sys; print((int(sys.argv[1]) % 2 ** 64).to_bytes(8, "little").hex())' "$1"
}

clickhouse_one one
one=clickhouse://127.0.0.1:${clickhouse_port[one]}/wirespan
check "loaded" load_made
id=$(sqlite3 "$work/made/run.db" "SELECT lower(hex(trace_id)) FROM request WHERE reason = 16 LIMIT 1")
seen='.* AS seen, .*FROM request'
check "an id of 63 bytes" told 'take no part' "$seen" "${id}10" "${id}3f" topology --no-figure --dir "$work/made"
check "an id of none" told 'take no part' "$seen" "${id}10" "${id}00" topology --no-figure --dir "$work/made"
check "a pair's id of 255 bytes" told 'take no part' '.*AS x1' "${id}10" "${id}ff" pairs --dir "$work/made"
n_alike=$(sqlite3 "$work/made/run.db" "SELECT count(*) FROM request GROUP BY file_id, flow_id, direction, family, families, flags,
    ids_end_off, ctx_off, ctx_len, searched_len ORDER BY 1 DESC LIMIT 1")
check "of alike requests, more than there are" told 'more requests than a file has' '.* AS c0, ' \
    "$(number "$n_alike")" "$(number $((1 << 62)))" detect --no-figure --dir "$work/made"
report_checks

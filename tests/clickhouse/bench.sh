#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# shellcheck disable=SC2154 # server.sh sets clickhouse_...
# What a ClickHouse store costs beside run.db: loading, `analyze cdf`, bytes on disk, from 10^5 to 10^7 rows a point, each
# in the same run by turns; and what 10^9 and 10^11 rows would need by these rates.
set -euo pipefail

root=$(cd "$(dirname "$0")/../.." && pwd)
usage() {
    cat << TEXT
usage: tests/clickhouse/bench.sh [--rows N,N,...] [--rounds N] BUILD_DIR

  BUILD_DIR   with bin/ and bench/make_run: build
  --rows      rows of each of two points; default 100000,1000000,10000000
  --rounds    of each measurement, the median counts; default 3

Needs about 200 bytes of disk a row, in TMPDIR or /var/tmp. Prints tab-separated values, then the calculation.
TEXT
}
rows=100000,1000000,10000000
rounds=3
while [ $# -gt 1 ]; do
    case $1 in
    --rows) rows=$2 ;;
    --rounds) rounds=$2 ;;
    *) break ;;
    esac
    shift 2
done
if [ "${1:-}" = --help ]; then
    usage
    exit 0
fi
if [ $# -ne 1 ] || [[ ! $rows =~ ^[0-9,]+$ ]] || [[ ! $rounds =~ ^[1-9][0-9]*$ ]]; then
    usage >&2
    exit 2
fi
build=$(cd "$1" && pwd)
export WIRESPAN_REPORTS=${WIRESPAN_REPORTS:-$root/reports}

work=$(mktemp -d "${TMPDIR:-/var/tmp}/wirespan-clickhouse.XXXXXX")
# shellcheck disable=SC2034 # server.sh reads it
servers=$work/servers
# shellcheck source=tests/clickhouse/server.sh disable=SC1091
. "$root/tests/clickhouse/server.sh"
trap 'clickhouse_end; rm -rf "$work"' EXIT

# timed FILE COMMAND...: adds its seconds to the file.
timed() {
    local file=$1 TIMEFORMAT=%R
    shift
    { time "$@" > "$work/out" 2> "$work/err"; } 2>> "$file" || { cat "$work/err" >&2; return 1; }
}

median() {
    sort -n "$1" | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'
}

clickhouse_one one
store=clickhouse://127.0.0.1:${clickhouse_port[one]}/bench
printf '# rows\tload_sqlite_s\tload_store_s\tcdf_sqlite_s\tcdf_store_s\tbytes_sqlite\tbytes_store\tstore_over_sqlite_load\tstore_over_sqlite_cdf\n'
for n in ${rows//,/ }; do
    dir=$work/run$n
    mkdir "$dir"
    "$build/bench/make_run" records "$dir" "$n" > /dev/null
    rm -f "$work"/*.s
    for ((round = 0; round < rounds; round++)); do
        rm -f "$dir/run.db"
        timed "$work/load_sqlite.s" "$build/bin/ingest" --quiet --dir "$dir"
        timed "$work/load_store.s" "$build/bin/ingest" --quiet --dir "$dir" --store "$store" --run "run$n-$round"
    done
    for ((round = 0; round < rounds; round++)); do
        timed "$work/cdf_sqlite.s" "$build/bin/analyze" cdf --no-figure --dir "$dir" --format json
        mv "$work/out" "$work/wanted"
        timed "$work/cdf_store.s" "$build/bin/analyze" cdf --no-figure --dir "$dir" --format json --store "$store" --run "run$n-0"
        cmp "$work/wanted" "$work/out"
    done
    bytes=$("$build/bin/analyze" runs --store "$store" --format json |
        jq --arg run "run$n-0" '.runs[] | select(.run == $run) | .bytes_on_disk')
    awk -v rows=$((2 * n)) -v ls="$(median "$work/load_sqlite.s")" -v lc="$(median "$work/load_store.s")" \
        -v cs="$(median "$work/cdf_sqlite.s")" -v cc="$(median "$work/cdf_store.s")" -v bs="$(stat -c %s "$dir/run.db")" \
        -v bc="$bytes" 'BEGIN { printf "%d\t%s\t%s\t%s\t%s\t%d\t%d\t%.2f\t%.2f\n", rows, ls, lc, cs, cc, bs, bc, lc / ls, cc / cs }' |
        tee -a "$work/table"
    for ((round = 0; round < rounds; round++)); do
        "$build/bin/analyze" runs --store "$store" --drop "run$n-$round"
    done
    rm -rf "$dir"
done
# The last line's rates, of one server on this machine; a day's rows loaded within the day, a cdf within a minute.
awk -v cores="$(nproc)" 'END {
    load = $1 / $3; cdf = $1 / $5; bytes = $7 / $1
    printf "# one server here (%d cores, shared with ingest, analyze and whatever else): %.2g rows/s loaded, %.2g rows/s joined, %.1f bytes a row\n", cores, load, cdf, bytes
    for (rows = 1e9; rows < 1e12; rows *= 100)
        printf "# %.0e rows: %.3g GB on disk; load %.3g h on one server, %d shards to load them in a day; cdf %.3g h on one, %d shards for a minute\n", rows, rows * bytes / 1e9, rows / load / 3600, int(rows / load / 86400) + 1, rows / cdf / 3600, int(rows / cdf / 60) + 1
}' "$work/table"

#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# shellcheck disable=SC2154 # suite.sh sets work, one, two, layouts, rows, clickhouse_...
# What detect and offsets say of a ClickHouse store is what they say of run.db, byte for byte, whatever the requests, and counts
# travel, not requests, also where a capture judges records and where names are asked for.
set -euo pipefail

root=$(cd "$(dirname "$0")/../.." && pwd)
usage() {
    cat << TEXT
usage: tests/clickhouse/detect.sh [--seeds N] BIN_DIR

  BIN_DIR     where ingest and analyze lie: build/bin
  --seeds N   so many runs with disorder made at random: 3

Starts servers of its own on loopback. Ends with \`N passed, N failed\`. Exit status: 0 all alike, 1 not, 2 wrong usage.
TEXT
}
n_seeds=3
case ${1-} in
--help)
    usage
    exit 0
    ;;
--seeds)
    n_seeds=${2-}
    shift 2
    ;;
esac
if [ $# -ne 1 ]; then
    usage >&2
    exit 2
fi
bin=$(cd "$1" && pwd)
# shellcheck source=tests/clickhouse/suite.sh disable=SC1091
. "$root/tests/clickhouse/suite.sh"
suite_layouts

cp -R "$work/campaign/vxlan-proposed-80-n200-both" "$work/disorder"
mkdir "$work/made"
"$bin/../bench/make_run" records "$work/made" 20000 > /dev/null
check "a torn run" torn_run
for dir in campaign disorder torn made; do check "$dir: loaded" load "$work/$dir"; done
mv "$work/disorder/run.db" "$work/order.db"

# each_way DIR: by what requests are told apart, and of which.
each_way() {
    same "$1" detect --no-figure --by hop,family,format --format json &&
        same "$1" detect --no-figure --by edge,node --format json &&
        same "$1" detect --no-figure --family b3 --source ebpf &&
        same "$1" offsets --no-figure --by edge,hop --format json
}
check "campaign" each_way "$work/campaign"
check "sources that know a packet by other addresses" each_way "$work/torn"

# disorder SEED: a run that is the same in run.db and in the stores.
disorder() {
    cp "$work/order.db" "$work/disorder/run.db"
    "$root/tests/clickhouse/disorder.py" "$work/disorder/run.db" "$1" disorder "${clickhouse_port[one]}" "${clickhouse_port[a]},${clickhouse_port[b]}"
}
for ((seed = 1; seed <= n_seeds; seed++)); do
    check "disorder $seed" disorder "$seed"
    check "disorder $seed: contexts and names" each_way "$work/disorder"
done
for command in "cdf --no-figure" ledger pairs; do
    # shellcheck disable=SC2086 # several words
    check "the last one: $command" same "$work/disorder" $command
done

# spoilt DIR COMMAND...: it says that it failed, and with which server.
spoilt() {
    local dir=$1
    shift
    fails "$store" "$bin/analyze" "$@" --dir "$dir" --store "clickhouse://$store/wirespan"
}
any_row='.*FROM request.* ORDER BY request_id'
for dir in campaign made; do
    for command in "detect --no-figure --format json" "offsets --no-figure --by hop,family,format" "detect --no-figure --by edge"; do
        # shellcheck disable=SC2086 # several words
        check "$dir: contexts are counted where they are: no row travels ($command)" by_proxy words "$any_row" same "$work/$dir" $command
    done
done
check "but rows do, where sources know a packet by other addresses" by_proxy words "$rows" spoilt "$work/torn" detect --no-figure
check "and those of sequence numbers that a point has more than once" by_proxy words "$any_row" spoilt "$work/disorder" detect --no-figure
for fault in cut-answer words-behind; do
    check "$fault: contexts that are counted" by_proxy "$fault" '.* AS c13, ' spoilt "$work/made" detect --no-figure
    check "$fault: what record and capture have once" by_proxy "$fault" '.*ARRAY JOIN kinds' spoilt "$work/disorder" detect --no-figure
    check "$fault: counterparts" by_proxy "$fault" '.* AS shape, ' spoilt "$work/disorder" detect --no-figure
    check "$fault: rows" by_proxy "$fault" "$any_row" spoilt "$work/disorder" detect --no-figure
done
report_checks

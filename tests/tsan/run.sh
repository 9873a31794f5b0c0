#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# What has threads, built with ThreadSanitizer: unit tests, and ingest and analyze on a seeded run and a campaign of four
# with several jobs, and that campaign into a ClickHouse store; as root a recording of two points with packet captures, too. A race is a
# failure; so is an answer that differs
# from that of one job.
# Usage: tests/tsan/run.sh BUILD_DIR TEST...
set -uo pipefail

top=$(readlink -f "$(dirname "$0")/../..")
build=$(readlink -f "$1")
shift
export TSAN_OPTIONS="halt_on_error=1:exitcode=66:second_deadlock_stack=1" LC_ALL=C WIRESPAN_REPORTS=$top/reports
work=$(mktemp -d)
netns=wstsan-$$
servers=$work/servers
trap 'clickhouse_end; ip netns del "$netns" 2> /dev/null; rm -rf "$work"' EXIT
# shellcheck source=tests/check.sh
source "$top/tests/check.sh"
# shellcheck source=tests/clickhouse/server.sh
source "$top/tests/clickhouse/server.sh"

# load JOBS: a campaign of four runs, records and packet captures, in $work/JOBS.
load() {
    mkdir "$work/$1"
    for run in 1 2 3 4; do cp -r "$work/run" "$work/$1/$run"; done
    "$build/bin/ingest" --dir "$work/$1" --jobs "$1" > "$work/said.$1"
}

# say COMMAND...: what analyze says of the campaign of four jobs.
say() {
    "$build/bin/analyze" "$@" --dir "$work/4"
}

same_loaded() {
    diff <(sed "s|$work/1/||" "$work/said.1") <(sed "s|$work/4/||" "$work/said.4")
}

# small_memory: what a run says does not depend on how much of it is kept in memory.
small_memory() {
    diff <("$build/bin/analyze" cdf --no-figure --dir "$work/4/1") \
        <("$build/bin/analyze" cdf --no-figure --memory 1M --dir "$work/4/1")
}

# record: 2000 requests past both ends of a veth, by eBPF and packet capture, programs loaded side by side; each is recorded.
record() {
    ip netns add "$netns" && ip -n "$netns" link add wt0 type veth peer name wt1 && ip -n "$netns" link set wt0 up &&
        ip -n "$netns" link set wt1 up || return 1
    "$build/bin/capture" run --dir "$work/recorded" --netns "$netns" --point nic=wt0 --point vport=wt1 --context w3c --pcap --quiet -- \
        ip netns exec "$netns" "$top/tests/faults/send.py" wt0 2000 && "$build/bin/ingest" --dir "$work/recorded" || return 1
    equals "2000 2000 2000 2000" "$(sqlite3 "$work/recorded/run.db" "SELECT group_concat(n_contexts, ' ') FROM file")"
}

# store: the campaign into a ClickHouse store, two runs side by side: there it has the account that its databases have.
store() {
    local url at
    mkdir "$servers" && clickhouse_one one || return 1
    at=127.0.0.1:${clickhouse_port[one]}
    url=clickhouse://$at/traces
    "$build/bin/ingest" --quiet --dir "$work/4" --jobs 2 --store "$url" &&
        "$build/bin/analyze" ledger --dir "$work/4" > "$work/ledger.here" && "$build/bin/analyze" ledger --dir "$work/4" --store "$url" > "$work/ledger.there" &&
        diff "$work/ledger.here" "$work/ledger.there"
}

mkdir "$work/run"
"$build/bench/make_run" records "$work/run" 40000 > /dev/null || exit 1
"$build/bench/make_run" pcaps "$work/run" 20000 5 > /dev/null || exit 1
cp "$top/tests/golden/load_logs/load.h2load" "$work/run" 2> /dev/null

for test in "$@"; do check "${test##*/}" "$test"; done
check "four jobs" load 4
check "one job" load 1
check "they say the same" same_loaded
# shellcheck disable=SC2086 # words
for command in cdf ledger detect offsets e2e "report --no-figure"; do check "analyze $command" say $command; done
check "analyze cdf of a run, much memory and little" small_memory
if command -v clickhouse-server > /dev/null; then
    check "ingest --store, two jobs" store
else
    echo "skip ingest --store: skipped: clickhouse-server is not installed"
fi
if [ "$(id -u)" -eq 0 ] && "$build/bin/capture" check > /dev/null 2>&1; then
    check "capture run, two points, packet captures" record
else
    echo "skip capture run: skipped: needs root and eBPF; \`capture check\` says more"
fi
report_checks

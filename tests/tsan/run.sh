#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# What has threads, built with ThreadSanitizer: unit tests, and ingest and analyze on a seeded run and a campaign of four
# with several jobs. A race is a failure; so is an answer that differs from that of one job.
# Usage: tests/tsan/run.sh BUILD_DIR TEST...
set -uo pipefail

top=$(readlink -f "$(dirname "$0")/../..")
build=$(readlink -f "$1")
shift
export TSAN_OPTIONS="halt_on_error=1:exitcode=66:second_deadlock_stack=1" LC_ALL=C WIRESPAN_REPORTS=$top/reports
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# shellcheck source=tests/check.sh
source "$top/tests/check.sh"

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

mkdir "$work/run"
"$build/bench/make_run" records "$work/run" 40000 > /dev/null || exit 1
"$build/bench/make_run" pcaps "$work/run" 20000 5 > /dev/null || exit 1
cp "$top/tests/golden/load_logs/load.h2load" "$work/run" 2> /dev/null

for test in "$@"; do check "${test##*/}" "$test"; done
check "four jobs" load 4
check "one job" load 1
check "they say the same" same_loaded
for command in cdf ledger detect offsets e2e; do check "analyze $command" say "$command"; done
check "analyze cdf of a run, much memory and little" small_memory
report_checks

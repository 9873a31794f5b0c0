#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# Every test, one suite after the other; ends with the sum of what passed and failed. What needs root or a kernel that
# allows eBPF says that it is skipped where it cannot run. Run by `make test`, which builds and installs first.
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1

work=$(mktemp -d)
lanes=() # process groups
trap 'for lane in "${lanes[@]}"; do kill -- "-$lane" 2> /dev/null; done; rm -rf "$work"' EXIT
n_passed=0
n_failed=0

# count NAME LOG STATUS WHEN: counts lines of the suite's log such as "12 passed, 0 failed" and cmocka's own. A suite that fails
# without a failed test, or that counts nothing, is one failure.
count() {
    local log=$2 status=$3 passed failed
    echo "== $1"
    passed=$(sed -nE 's/^([0-9]+) passed, [0-9]+ failed$/\1/p; s/^\[  PASSED  \] ([0-9]+) test\(s\)\.$/\1/p' "$log" |
        paste -sd+ | sed 's/^$/0/')
    failed=$(sed -nE 's/^[0-9]+ passed, ([0-9]+) failed$/\1/p; s/^\[  FAILED  \] ([0-9]+) test\(s\).*/\1/p' "$log" |
        paste -sd+ | sed 's/^$/0/')
    passed=$((passed))
    failed=$((failed))
    if [ "$failed" -eq 0 ] && { [ "$status" -ne 0 ] || [ "$passed" -eq 0 ]; }; then failed=1; fi
    if [ "$failed" -ne 0 ]; then
        grep -vE '^(cc|gcc|clang) |^ok |^\[       OK|^\[ RUN' "$log" | tail -60
    fi
    grep -i 'skipped' "$log" | head -3
    echo "   $passed passed, $failed failed in $4"
    n_passed=$((n_passed + passed))
    n_failed=$((n_failed + failed))
}

# suite NAME COMMAND...: runs it, and counts.
suite() {
    local name=$1 start=$SECONDS status
    shift
    "$@" > "$work/log" 2>&1
    status=$?
    count "$name" "$work/log" "$status" "$((SECONDS - start)) s"
}

# Fuzzing counts as one test: nothing was found in the time.
fuzz() {
    make -s -j 2 fuzz FUZZ_SECONDS=2 && echo "1 passed, 0 failed"
}

lint() {
    make -s -j "$(nproc)" lint && echo "1 passed, 0 failed"
}

# static_third: clang-tidy and cppcheck of every third source, another third each day.
static_third() {
    local files
    mapfile -t files < <(find lib capture ingest analyze -name '*.c' | sort | awk -v day="$(date +%j)" 'NR % 3 == (day + 0) % 3')
    tests/static/run.sh build "${files[@]}"
}

# aside NAME COMMAND...: runs a suite in a lane beside, and keeps what it says for collect NAME.
aside() {
    local name=$1 start=$SECONDS status
    shift
    "$@" > "$work/$name" 2>&1
    status=$?
    echo "$status $((SECONDS - start))" > "$work/$name.end"
}

# collect NAME...: counts suites of the lanes beside, which have ended.
collect() {
    local name status seconds
    for name in "$@"; do
        read -r status seconds < "$work/$name.end" || status=1 # the lane was ended
        count "$name" "$work/$name" "$status" "$seconds s, beside the others"
    done
}

with_root=false
if [ "$(id -u)" -eq 0 ] && build/bin/capture check > /dev/null; then with_root=true; fi
make -s build/tests/kernel_host || exit 1
# what takes long and finds seldom: by turns
is_odd_day=false
if [ $((10#$(date +%j) % 2)) -eq 1 ]; then is_odd_day=true; fi

# Three lanes: what sends traffic, and then judges; what sends little or waits for most of its time; and what computes, which
# has the lower priority. What they share is built.
set -m # a process group for each, to be ended as one
{
    if $with_root; then
        aside "evaluation" tests/reproduce/run.sh build/bin
        aside "kernel parser = host parser" make -s check-bpf
        aside "real traffic" make -s check-net
    fi
    renice -n 10 "$BASHPID" > /dev/null
    aside "a campaign's numbers = an independent judge's" make -s check-numbers
    aside "host parser = tshark" make -s check-tshark EVERY=4
    aside "journeys, clocks" make -s check-mesh
    if $is_odd_day; then
        aside "fuzz" fuzz
    else
        aside "threads under ThreadSanitizer" make -s -j 2 check-tsan
        aside "a part under memcheck" make -s check-valgrind PARTS=load_logs
    fi
} &
lanes+=($!)
{
    aside "clusters" make -s check-cluster
    if $with_root; then
        aside "faults" make -s check-faults
        aside "two minutes of traffic" make -s soak MINUTES=2 RATE=2000
    fi
    aside "campaigns" make -s check-campaign
    aside "ClickHouse" make -s check-clickhouse
} &
lanes+=($!)
set +m
renice -n 10 $$ > /dev/null
suite "lint" lint
suite "clang-tidy, cppcheck, a third" static_third
suite "unit, golden, generated captures, sample" make -s check
suite "the same under sanitizers" make -s -j "$(nproc)" check-san
suite "pages in a browser" make -s check-browser
suite "allocations that fail" make -s check-memory SAMPLE=8
for lane in "${lanes[@]}"; do wait "$lane"; done
lanes=()
if $with_root; then
    collect "evaluation" "kernel parser = host parser" "real traffic" "faults" "two minutes of traffic"
else
    echo "== the paper's evaluation, kernel parser = host parser, real traffic, faults, soak: skipped: not root, or no eBPF;" \
        "\`build/bin/capture check\` says why"
fi
collect "a campaign's numbers = an independent judge's" "host parser = tshark" "journeys, clocks" "clusters" "campaigns" "ClickHouse"
if $is_odd_day; then
    collect "fuzz"
else
    collect "threads under ThreadSanitizer" "a part under memcheck"
fi

echo "$n_passed passed, $n_failed failed"
[ "$n_failed" -eq 0 ]

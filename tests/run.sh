#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# Every test, one suite after the other; ends with the sum of what passed and failed. What needs root or a kernel that
# allows eBPF says that it is skipped where it cannot run. Run by `make test`, which builds and installs first.
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1

work=$(mktemp -d)
log=$work/log
declare -A background_pid=()
trap 'rm -rf "$work"; [ "${#background_pid[@]}" -eq 0 ] || kill "${background_pid[@]}" 2> /dev/null' EXIT
n_passed=0
n_failed=0

# suite NAME COMMAND...: runs it; counts lines such as "12 passed, 0 failed" and cmocka's own. A suite that fails without a
# failed test, or that counts nothing, is one failure.
suite() {
    local name=$1 status passed failed start=$SECONDS
    shift
    echo "== $name"
    "$@" > "$log" 2>&1
    status=$?
    passed=$(sed -nE 's/^([0-9]+) passed, [0-9]+ failed$/\1/p; s/^\[  PASSED  \] ([0-9]+) test\(s\)\.$/\1/p' "$log" |
        paste -sd+ | sed 's/^$/0/')
    failed=$(sed -nE 's/^[0-9]+ passed, ([0-9]+) failed$/\1/p; s/^\[  FAILED  \] ([0-9]+) test\(s\).*/\1/p' "$log" |
        paste -sd+ | sed 's/^$/0/')
    passed=$((passed))
    failed=$((failed))
    if [ "$status" -ne 0 ] && [ "$failed" -eq 0 ]; then failed=1; fi
    if [ "$status" -ne 0 ] || [ "$failed" -ne 0 ]; then
        grep -vE '^(cc|gcc|clang) |^ok |^\[       OK|^\[ RUN' "$log" | tail -60
    fi
    grep -i 'skipped' "$log" | head -3
    echo "   $passed passed, $failed failed in $((SECONDS - start)) s"
    n_passed=$((n_passed + passed))
    n_failed=$((n_failed + failed))
}

# Fuzzing counts as one test: nothing was found in the time.
fuzz() {
    make -s fuzz FUZZ_SECONDS=6 && echo "1 passed, 0 failed"
}

lint() {
    make -s -j "$(nproc)" lint && echo "1 passed, 0 failed"
}

# background NAME COMMAND...: begins a suite beside the others, to be counted by collect NAME.
background() {
    local name=$1
    shift
    "$@" > "$work/$name" 2>&1 &
    background_pid[$name]=$!
}

# replay STATUS NAME: what the suite in the background said, and how it ended.
replay() {
    cat "$work/$2"
    return "$1"
}

# collect NAME: waits for the suite in the background, and counts it.
collect() {
    wait "${background_pid[$1]}"
    suite "$1" replay $? "$1"
    unset "background_pid[$1]"
}

# Two lanes, as most suites use one processor.
with_root=false
if [ "$(id -u)" -eq 0 ] && build/bin/capture check > /dev/null; then with_root=true; fi
make -s build/tests/kernel_host || exit 1
if $with_root; then background "evaluation" tests/reproduce/run.sh build/bin; fi
suite "lint" lint
suite "unit, golden, generated captures, sample" make -s check
background "host parser = tshark" make -s check-tshark
suite "the same under sanitizers" make -s -j "$(nproc)" check-san
suite "a campaign's numbers = an independent judge's" make -s check-numbers
if $with_root; then collect "evaluation"; fi
collect "host parser = tshark"
background "clusters" make -s check-cluster
if $with_root; then
    suite "kernel parser = host parser" make -s check-bpf
    suite "real traffic" make -s check-net
else
    echo "== the paper's evaluation, kernel parser = host parser, real traffic: skipped: not root, or no eBPF;" \
        "\`build/bin/capture check\` says why"
fi
collect "clusters"
background "fuzz" fuzz
suite "journeys, clocks" make -s check-mesh
suite "campaigns" make -s check-campaign
collect "fuzz"
suite "pages in a browser" make -s check-browser

echo "$n_passed passed, $n_failed failed"
[ "$n_failed" -eq 0 ]

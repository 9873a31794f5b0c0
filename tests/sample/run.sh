#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# The recorded run in datasets/sample/ and the recorded campaign in datasets/sample-campaign/: their figures and numbers are
# reproduced byte for byte, wherever they lie, and what cannot record uses the run.
# Usage: tests/sample/run.sh [--update] [BIN_DIR]     --update: keep what is produced as what is expected
set -uo pipefail

top=$(readlink -f "$(dirname "$0")/../..")
update=
if [ "${1:-}" = --update ]; then
    update=1
    shift
fi
bin=$(readlink -f "${1:-$top/build/bin}")
sample=$top/datasets/sample
export WIRESPAN_REPORTS=$top/reports # whatever directory the programs were built in
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# shellcheck source=tests/check.sh
source "$top/tests/check.sh"

# A copy of the recording in $work/NAME, loaded and analysed there.
analyse() {
    mkdir "$work/$1"
    cp "$sample"/*.zst "$sample"/*.json "$sample/load.h2load" "$work/$1/"
    "$bin/ingest" --quiet --dir "$work/$1" && "$bin/analyze" cdf --dir "$work/$1" > /dev/null &&
        "$bin/analyze" detect --dir "$work/$1" > /dev/null &&
        "$bin/analyze" e2e --dir "$work/$1" > /dev/null &&
        "$bin/analyze" ledger --format json --dir "$work/$1" > "$work/$1/reports/ledger.json"
}

# The report of the recorded campaign, in $work/NAME/campaign; sums: of what is too large to keep.
report() {
    mkdir -p "$work/$1"
    cp -r "$top/datasets/sample-campaign" "$work/$1/campaign"
    "$bin/ingest" --quiet --dir "$work/$1/campaign" &&
        "$bin/analyze" report --dir "$work/$1/campaign" --published "$top/datasets/paper" > /dev/null &&
        (cd "$work/$1/campaign/reports" && sha256sum report*.html report*.svg report*.tsv > sums)
}

# drawn_on_terminal NAME OPTION...: what the command of the run or campaign in $work/NAME says, and behind it a figure with its axes and a curve.
drawn_on_terminal() {
    local dir=$work/$1 n
    shift
    LC_ALL=C.UTF-8 "$bin/analyze" "$@" --no-figure --dir "$dir" > "$work/plain" && LC_ALL=C.UTF-8 "$bin/analyze" "$@" --no-figure --term --dir "$dir" > "$work/drawn" || return 1
    n=$(wc -l < "$work/plain")
    head -n "$n" "$work/drawn" | diff "$work/plain" - && tail -n +$((n + 1)) "$work/drawn" > "$work/figure" &&
        grep -q '^ *0 +-*+' "$work/figure" && grep -Eq 'latency \[(µs|ms)\]' "$work/figure" && grep -q '\*\*\*\*' "$work/figure"
}

# Without root, the README's first command says so and goes on with the sample.
without_root() {
    local home=$work/nobody
    mkdir "$home" && chmod 777 "$home" && chmod 755 "$work"
    # programs and scripts where anybody may read them
    cp -r "$bin" "$home/bin" && cp -r "$top/datasets" "$home/datasets" && cp -r "$top/reports" "$home/reports"
    chmod -R a+rX "$home"
    if ! (cd "$home" && export BIN=$home/bin WIRESPAN_REPORTS=$home/reports HOME=$home &&
        setpriv --reuid=65534 --regid=65534 --clear-groups datasets/measure.sh --dir "$home/run" > out 2> said); then
        cat "$home/out" "$home/said"
        return 1
    fi
    grep -q "cannot record as it is: not root" "$home/said" && grep -q "320 rx, 640 tx pairs" "$home/out" &&
        [ -s "$home/run/reports/cdf.svg" ]
}

check "analysed" analyse first
check "analysed again" analyse second
if [ -n "$update" ]; then
    rm -rf "$sample/reports" && mkdir "$sample/reports"
    for name in cdf.svg cdf.tsv cdf.json detect.svg detect.tsv detect.json e2e.svg e2e.json ledger.json; do
        cp "$work/first/reports/$name" "$sample/reports/"
    done
fi
check "the campaign's report" report somewhere
check "and again" report somewhere/else/entirely
check "the figure of latencies says what it covers" \
    grep -Eq '<text>[1-9][0-9]* rx, [1-9][0-9]* tx pairs; ' "$work/somewhere/campaign/reports/report-cdf.svg"
check "the same bytes, wherever it lies" diff -r "$work/somewhere/campaign/reports" "$work/somewhere/else/entirely/campaign/reports"
for name in report.md sums; do
    if [ -n "$update" ]; then cp "$work/somewhere/campaign/reports/$name" "$top/tests/sample/$name"; fi
    check "the campaign's $name as recorded" cmp "$top/tests/sample/$name" "$work/somewhere/campaign/reports/$name"
done
for file in "$work"/first/reports/*; do
    check "twice the same bytes: $(basename "$file")" cmp "$file" "$work/second/reports/$(basename "$file")"
done
for file in "$sample"/reports/*; do
    check "as recorded: $(basename "$file")" cmp "$file" "$work/first/reports/$(basename "$file")"
done
check "cdf, drawn on a terminal" drawn_on_terminal second cdf
check "e2e, drawn on a terminal" drawn_on_terminal second e2e
check "cdf of a campaign, drawn on a terminal" drawn_on_terminal somewhere/campaign cdf
check "e2e of a campaign, drawn on a terminal" drawn_on_terminal somewhere/campaign e2e
# shellcheck disable=SC2016
check "loading again changes nothing" bash -c '"$0" --quiet --dir "$1" && "$2" pairs --dir "$1" | cksum > "$1/again" &&
    "$2" pairs --dir "$3" | cksum | cmp - "$1/again"' "$bin/ingest" "$work/first" "$bin/analyze" "$work/second"
if [ "$(id -u)" -eq 0 ]; then
    check "without root: the sample" without_root
fi
report_checks

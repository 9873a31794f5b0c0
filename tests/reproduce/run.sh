#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# The paper's evaluation with few requests, as a user would repeat it (needs root), and what must hold of it whatever the machine:
# every run complete, nothing lost, every request seen, the detection rates of each header layout, numbers that an
# independent judge confirms, a page that a browser takes, and the same bytes wherever the campaign lies.
# Usage: tests/reproduce/run.sh BIN_DIR
set -uo pipefail

top=$(readlink -f "$(dirname "$0")/../..")
bin=$(readlink -f "${1:-$top/build/bin}")
export WIRESPAN_REPORTS=$top/reports
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
campaign=$work/campaign
# shellcheck source=tests/check.sh
source "$top/tests/check.sh"

# suite COMMAND...: a program that counts its own checks.
suite() {
    "$@" > "$work/output" 2>&1
    grep -v '^ok ' "$work/output" | grep -v 'passed, '
    n_passed=$((n_passed + $(sed -nE 's/^([0-9]+) passed, [0-9]+ failed$/\1/p' "$work/output" | tail -1)))
    n_failed=$((n_failed + $(sed -nE 's/^[0-9]+ passed, ([0-9]+) failed$/\1/p' "$work/output" | tail -1)))
}

reproduce() {
    BIN=$bin "$top/datasets/reproduce.sh" --quick --dir "$campaign"
}

# rates LAYOUT: what live searches and recorded offsets say of the layout, both in one: "BYTES:PER_MILLE" at each number.
rates() {
    "$bin/analyze" detect --dir "$campaign" --format json --no-figure --out "$work/detect" --source ebpf \
        --search-bytes 100,200,300,400,600,800,1000 |
        jq -r --arg headers "$1" '[.points[] | select(.conditions.headers == $headers and .conditions.purpose == "detection"
            and .conditions.node == "productpage") | [.search_bytes, (.rate * 1000 | round)]] | unique |
            map("\(.[0]):\(.[1])") | join(" ")'
}

proposed_is_found() {
    equals "100:0 200:1000 300:1000 400:1000 600:1000 800:1000 1000:1000" "$(rates proposed)"
}

original_is_not_found() {
    equals "100:0 200:0 300:0 400:0 600:0 800:0 1000:0" "$(rates original)"
}

gateway_is_found_in_part() {
    equals "100:0 200:0 300:0 400:667 600:667 800:667 1000:667" "$(rates original-gateway)"
}

# Of every file: the ledger balances, nothing was lost, and where the whole head was searched every answered request was seen.
all_accounted() {
    "$bin/analyze" ledger --dir "$campaign" --format json > "$work/ledger.json" &&
        jq -e '(.files | length > 100) and all(.files[]; .balanced and .lost == 0 and .load_answered > 0 and
            (.contexts < .requests or .traces == .load_answered)) and all(.joins[]; .joined)' "$work/ledger.json"
}

# On every node, each request as often as it passes there.
seen_at_every_hop() {
    jq -r '.files[] | select(.run | test("nodes[.]?(details|reviews|ratings|gateway|)$")) |
        "\(.run | sub(".*nodes"; "")) \(.contexts / .load_answered)"' "$work/ledger.json" | sort -u > "$work/hops"
    equals " 3|.details 1|.gateway 1|.ratings 1|.reviews 2" "$(paste -sd '|' "$work/hops")"
}

# 16 + 4 published latencies, a measured one for each overlay beside them.
beside_published() {
    sed -n '/^## Published/,/^## Accounts/p' "$campaign/reports/report.md" | grep -E '^\| (Table 1|Figure 9)' > "$work/rows"
    equals "20 0" "$(wc -l < "$work/rows") $(grep -c '| \\- |' "$work/rows")"
}

# The same campaign in another place, loaded there: the same bytes.
same_bytes() {
    local copy=$work/elsewhere/under/another/name
    mkdir -p "$copy"
    cp -r "$campaign/." "$copy"
    find "$copy" -name run.db -delete
    rm -r "$copy/reports"
    (cd "$copy" && LC_ALL=C TZ=Asia/Tokyo "$bin/ingest" --quiet --dir . &&
        "$bin/analyze" report --dir . --published "$top/datasets/paper") || return 1
    diff -r "$campaign/reports" "$copy/reports"
}

again_records_nothing() {
    touch "$work/later"
    BIN=$bin "$top/datasets/reproduce.sh" --quick --dir "$campaign" || return 1
    equals 0 "$(find "$campaign" -name '*.rec.zst' -newer "$work/later" | wc -l)"
}

if [ "$(id -u)" -ne 0 ] || ! "$bin/capture" check > "$work/check" 2>&1; then
    echo "tests/reproduce: needs root and eBPF: skipped"
    exit 0
fi
check "the evaluation, quick" reproduce
check "proposed: 0% within 100 bytes, 100% from 200 on" proposed_is_found
check "original: never found up to 1000 bytes" original_is_not_found
check "original, metadata of the gateway only: two thirds from 400 bytes on" gateway_is_found_in_part
check "every frame and every request accounted for" all_accounted
check "every request at every hop" seen_at_every_hop
check "a measured number beside each of Table 1 and Figure 9" beside_published
check "elsewhere the same bytes" same_bytes
check "run again: nothing is recorded" again_records_nothing
suite "$top/tests/diff/campaign/judge.py" --bin "$bin" "$campaign"
suite "$top/tests/browser/run.sh" "$campaign/reports/report.html"
report_checks

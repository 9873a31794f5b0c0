#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# shellcheck disable=SC2154 # suite.sh and server.sh set work, one, two, layouts, rows, clickhouse_...
# Analyze's answers from a ClickHouse store are those from run.db, byte for byte: on one server, and on two shards, asked
# directly and through one of them. Then what happens when the store, or the way to it, breaks.
set -euo pipefail

root=$(cd "$(dirname "$0")/../.." && pwd)
usage() {
    cat << TEXT
usage: tests/clickhouse/analyze.sh [--long] BIN_DIR

  BIN_DIR   where ingest and analyze lie: build/bin; make_run lies in build/bench
  --long    every run of the campaign and every foreign capture, not some of them

Starts servers of its own on loopback. Ends with \`N passed, N failed\`. Exit status: 0 all alike, 1 not, 2 wrong usage.
TEXT
}
if [ "${1:-}" = --help ]; then
    usage
    exit 0
fi
is_long=false
if [ "${1:-}" = --long ]; then
    is_long=true
    shift
fi
if [ $# -ne 1 ]; then
    usage >&2
    exit 2
fi
bin=$(cd "$1" && pwd)
# shellcheck source=tests/clickhouse/suite.sh disable=SC1091
. "$root/tests/clickhouse/suite.sh"
suite_layouts

# same_run DIR: what is said of a run by itself, all in one check.
same_run() {
    local dir=$1 name=${1#"$work/"} command
    local layouts=("--store $one --run $name" "--store $two --run $name")
    for command in "cdf --no-figure" ledger pairs "detect --no-figure --by hop,family,format"; do
        # shellcheck disable=SC2086 # several words
        same "$dir" $command --format json || return 1
    done
}

# made_run: 20000 requests, of which some are sent again, beside what nobody else saw.
made_run() {
    mkdir "$work/made"
    "$bin/../bench/make_run" records "$work/made" 20000 > /dev/null
}

# foreign: captures of known truth, each of which is a run.
foreign() {
    local cases=(nat retransmit_overlapping same_ids_on_two_connections missing_at_one_point http2_grpc duplicate_at_one_point)
    if $is_long; then cases=(); fi
    "$root/tests/diff/foreign/run.py" --bin "$bin" --work "$work/foreign" --keep ${cases[@]+"${cases[@]}"} > /dev/null
}

# answered: 8 connections with many requests each, and their answers.
answered() {
    mkdir "$work/answered"
    "$bin/../bench/make_run" pcaps "$work/answered" 20000 5 > /dev/null
}

# nodes: what the NICs of four nodes saw, with answers and without them.
nodes() {
    "$root/tests/clocks/network.py" --seconds 2 "$work/nodes" && "$root/tests/clocks/network.py" --seconds 2 --requests-only "$work/unanswered"
}

check "a made run" made_run
check "foreign captures" foreign
check "a torn run" torn_run
check "captures with answers" answered
check "captures of nodes" nodes
check "odd traces" "$root/tests/clickhouse/make_odd.py" "$work/odd"
mkdir "$work/refused"
cp "$work/made/"*.rec.zst "$work/refused/"
for dir in campaign made foreign torn answered nodes unanswered refused; do check "$dir: loaded" load "$work/$dir"; done
check "odd: loaded" load "$work/odd" --context w3c,datadog,x-request-id

commands=("cdf --no-figure" "detect --no-figure" ledger "topology --no-figure")
if $is_long; then commands+=(e2e "cdf --no-figure --by node" "offsets --no-figure" export "detect --no-figure --by node" "clocks --no-figure" overhead); fi
$is_long || layouts=("--store $one" "--store $two")
for command in "${commands[@]}"; do
    # shellcheck disable=SC2086 # several words
    check "campaign: $command" same "$work/campaign" $command --format json
done
layouts=("--store $one" "--store $two" "--store $through_one")
for command in "cdf --no-figure" "cdf --no-figure --family b3" "ledger --memory 1M" "detect --no-figure" pairs; do
    # shellcheck disable=SC2086 # several words
    check "made run: $command" same "$work/made" $command --format json
done
some='n200-both/|foreign/'
if $is_long; then some=.; fi
while read -r db; do
    check "run ${db%/run.db}" same_run "$work/${db%/run.db}"
done < <(cd "$work" && find campaign foreign -name run.db | sort | grep -E "$some")

# rounded DIR: the same counts; quantiles, those of differences, too, off by the part that is said at most; said in words, in
# JSON and beside the curves, and only where something was rounded.
rounded() {
    local layout out name=${1#"$work/"}
    local layouts=("--store $one --run $name" "--store $two --run $name")
    local -x WIRESPAN_STORE_EXACT=10
    "$bin/analyze" cdf --no-figure --dir "$1" --format json > "$work/wanted"
    for layout in "${layouts[@]}"; do
        # shellcheck disable=SC2086 # several words
        "$bin/analyze" cdf --no-figure --dir "$1" $layout --format json --out "$work/out" > "$work/got.json"
        jq -ne --slurpfile wanted "$work/wanted" --slurpfile got "$work/got.json" '
            def numbers: [paths(type == "number") as $p | {key: ($p | map(tostring) | join(".")), value: getpath($p)}] | from_entries;
            $got[0].max_relative_rounding as $most | ($wanted[0] | numbers) as $w | ($got[0] | numbers | del(.max_relative_rounding)) as $g
            | $most > 0 and $most <= 0.001 and ($w | keys) == ($g | keys) and $w != $g
            and ($w | to_entries | all(.key as $k | (.value - $g[$k] | fabs) <= (if $k | endswith("mean_diff_us") then infinite
                elif $k | endswith("_us") then (.value | fabs) * $most + 1e-9 else 0 end)))' > "$work/judged" || return 1
    done
    for out in table tsv; do
        # shellcheck disable=SC2086 # several words
        "$bin/analyze" cdf --no-figure --dir "$1" $layout --format $out > "$work/got.$out"
    done
    for out in got.table got.tsv out/cdf.tsv; do
        grep -q 'store rounded each latency.* at most 0.049% of it' "$work/$out" || { echo "$out"; return 1; }
    done
    WIRESPAN_STORE_EXACT=1000000 same "$1" cdf --no-figure --format json
}
check "made run: latencies rounded from a size on" rounded "$work/made"
check "both sources: latencies and differences rounded" rounded "$work/campaign/vxlan-proposed-80-n200-both"

# same_report DIR: every file that report writes.
same_report() {
    local layout
    rm -rf "$work/report"
    "$bin/analyze" report --dir "$1" --no-figure --out "$work/report" > /dev/null
    for layout in "${layouts[@]}"; do
        # shellcheck disable=SC2086 # several words
        "$bin/analyze" report --dir "$1" --no-figure --out "$work/report.far" $layout > /dev/null || return 1
        diff -r "$work/report" "$work/report.far" || return 1
        rm -r "$work/report.far"
    done
}
layouts=("--store $one")
if $is_long; then layouts+=("--store $two"); fi
check "campaign: report" same_report "$work/campaign"
layouts=("--store $one" "--store $two" "--store $through_one")
for command in "cdf --no-figure" ledger "cdf --no-figure --by node"; do
    # shellcheck disable=SC2086 # several words
    check "sources that know a packet by other addresses: $command" same "$work/torn" $command --format json
done
check "the same of its pairs" same "$work/torn/run" pairs
check "campaign: compare" same "$work/campaign" compare attached=ebpf attached=pcap --no-figure --format json
member=$work/campaign/vxlan-proposed-80-n200
check "a run of a campaign, called as its own directory" same "$member-both" cdf --no-figure --format json
# as `same`: what is compared is named by operands, not by --dir
compared() {
    local layout
    "$bin/analyze" compare "$@" --no-figure --format json > "$work/wanted"
    for layout in "${layouts[@]}"; do
        # shellcheck disable=SC2086 # several words
        "$bin/analyze" compare "$@" --no-figure --format json $layout | cmp "$work/wanted" || return 1
    done
}
check "two runs of a campaign, called as their own directories" compared "$member-both" "$member-ebpf"
mkdir "$work/made/below"
check "a directory below a run is none" fails 'no run of the name below|there is none' "$bin/analyze" cdf --dir "$work/made/below" \
    --no-figure --store "$one"
rmdir "$work/made/below"
check "made run: export" same "$work/made" export --format csv
trace=$(sqlite3 "$work/made/run.db" "SELECT lower(hex(trace_id)) FROM request WHERE reason = 16 LIMIT 1")
check "one trace" same "$work/made" trace "$trace" --no-figure --format json
answered=$(sqlite3 "$work/answered/run.db" "SELECT lower(hex(trace_id)) FROM request WHERE reason = 16 LIMIT 1 OFFSET 2000")
check "one trace of connections with many answers" same "$work/answered" trace "$answered" --no-figure --format json
$is_long || layouts=("--store $one" "--store $two")
for dir in answered nodes unanswered odd; do
    for command in "topology --no-figure" "export --format csv"; do
        # shellcheck disable=SC2086 # several words
        check "$dir: $command" same "$work/$dir" $command
    done
done
for dir in nodes unanswered; do
    for command in clocks underlay; do check "$dir: $command" same "$work/$dir" "$command" --no-figure --format json; done
    check "$dir: a trace, with clocks from packets" same "$work/$dir" trace 00000000000000000000000000000007 --align packets --no-figure
done
for id in 00000000000000000000000000004bfa 00000000000000000000000000c0ffee 00000000000000000000000000decade \
    0000000000000000000000000000abcd 000000000012d68a 640cfd8d00000000000000000012d68a 550e8400e29b41d4a716446655440003 \
    550e8400e29b01d4a716446655440003 000000000000000000000000000091be 000000000000000000000000000091bf; do
    check "odd: trace $id" same "$work/odd" trace "$id" --no-figure --format json
done

layouts=("--store $one" "--store $two" "--store $through_one")

# whole_or_out_of_memory COMMAND...: with one of its first allocations refused, those by which it asks what the store has; the same words, or why there are none.
whole_or_out_of_memory() {
    local n status wanted
    wanted=$("$bin/analyze" "$@")
    for n in $(seq 1 61 3600); do
        status=0
        WS_FAIL_AT=$n LD_PRELOAD=$work/failing.so "$bin/analyze" "$@" > "$work/got" 2> "$work/got.err" || status=$?
        if [ "$status" -eq 0 ]; then
            equals "$wanted" "$(cat "$work/got")" || { echo "allocation $n"; return 1; }
        elif [ "$status" -ne 1 ] || ! grep -qE 'out of memory|Cannot allocate memory' "$work/got.err"; then
            echo "allocation $n: status $status"
            cat "$work/got.err"
            return 1
        fi
    done
}
"${CC:-cc}" -std=gnu17 -D_GNU_SOURCE -I"$root" -O2 -fPIC -shared -fno-builtin "$root/tests/memory/failing.c" -o "$work/failing.so"
check "a run is none of several where memory is lacking" whole_or_out_of_memory detect --no-figure --dir "$work/made" --store "$one"

# altered CHANGE: what a row of the run refused on the one server is from then on.
altered() {
    local i
    clickhouse_ask one "ALTER TABLE wirespan.request $1 WHERE run = 'refused' AND request_id = 7"
    for ((i = 0; i < 300; i++)); do
        if [ "$(clickhouse_ask one 'SELECT count() FROM system.mutations WHERE NOT is_done')" = 0 ]; then return 0; fi
        sleep 0.1
    done
    return 1
}
check "a row with what is refused" altered "UPDATE parent_span_id = 'odd'"
layouts=("--store $one")
check "which is not asked for" same "$work/refused" export --format csv
layouts=("--store $one" "--store $two" "--store $through_one")

# runs
check "runs lists what was loaded" equals "$(cd "$work" && find . -name run.db | wc -l)" \
    "$("$bin/analyze" runs --store "$two" --format json | jq '.runs | length')"
check "runs: rows and bytes of both shards" test "$("$bin/analyze" runs --store "$through_one" --format json |
    jq '.bytes_on_disk > 0 and .compression_ratio > 1')" = true
check "a user who may only read" same "$work/made" cdf --no-figure --format json
layouts=("--store clickhouse://reader@${one#clickhouse://}")
check "a reader" same "$work/made" cdf --no-figure --format json
check "a wrong password" fails 'user|password' "$bin/analyze" cdf --dir "$work/made" --no-figure \
    --store "clickhouse://wirespan@${one#clickhouse://}"
exceeded='[0-9]: Limit for result exceeded, max rows: 30.00 thousand, current rows: [0-9.]+ thousand\.?'
check "an error of the server's own behind rows" fails "$exceeded( \(TOO_MANY_ROWS_OR_BYTES\) \(version [0-9.]+\))? \(code 396\)\$" \
    "$bin/analyze" export --dir "$work/refused" --format csv --store "clickhouse://limited@${one#clickhouse://}"

# the way to the store
# spoilt COMMAND...: it says that it failed, and with which server.
spoilt() {
    fails "$store" "$bin/analyze" "$@" --dir "$work/made" --store "clickhouse://$store/wirespan"
}

# spoilt_campaign COMMAND...: the same of the campaign.
spoilt_campaign() {
    fails "$store" "$bin/analyze" "$@" --dir "$work/campaign" --store "clickhouse://$store/wirespan"
}

# spoilt_refused COMMAND...: the same as spoilt, of the run whose rows may be refused.
spoilt_refused() {
    fails "$store" "$bin/analyze" "$@" --dir "$work/refused" --store "clickhouse://$store/wirespan"
}

# spoilt_answered COMMAND...: the same, of connections with many answers.
spoilt_answered() {
    fails "$store" "$bin/analyze" "$@" --dir "$work/answered" --store "clickhouse://$store/wirespan"
}

# spoilt_nodes COMMAND...: the same, of a campaign with responses.
spoilt_nodes() {
    fails "$store" "$bin/analyze" "$@" --dir "$work/nodes" --store "clickhouse://$store/wirespan"
}

check "pairs are counted where the rows are: none of them travels (cdf)" by_proxy words "$rows" same "$work/made" cdf --no-figure \
    --format json
check "the same (ledger)" by_proxy words "$rows" same "$work/made" ledger
for command in ledger "cdf --no-figure" "cdf --no-figure --by edge,node"; do
    # shellcheck disable=SC2086 # several words
    check "the same of a campaign: $command" by_proxy words "$rows" same "$work/campaign" $command --format json
done
for command in pairs "pairs --unmatched" "cdf --no-figure --by node"; do
    # shellcheck disable=SC2086 # several words
    check "the same of single packets: $command" by_proxy words "$rows" same "$work/made" $command
done
torn() {
    fails "$store" "$bin/analyze" "$@" --dir "$work/torn" --store "clickhouse://$store/wirespan"
}
for command in "topology --no-figure" "export --format csv"; do
    # shellcheck disable=SC2086 # several words
    check "the same of all nodes together: $command" by_proxy words "$rows" same "$work/unanswered" $command
done
# of rows 2.9 MB would come, 4.7 for a trace
check "a trace comes together, once: topology" travels 900000 same "$work/made" topology --no-figure
check "a trace comes alone" travels 60000 same "$work/made" trace "$trace" --no-figure
check "a trace comes alone, with its answers" travels 40000 same "$work/answered" trace "$answered" --no-figure
check "but rows do, where one may be refused" by_proxy words "$rows" spoilt_refused export
check "but rows do, where sources know a packet by other addresses" by_proxy words "$rows" torn cdf --no-figure
check "the same of a report" by_proxy words "$rows" same_report "$work/made"
check "different ids are counted where they are" by_proxy words '.*uniqExactIf' spoilt_campaign ledger
for fault in cut-answer words words-behind full html short garbage; do
    check "$fault: what is counted there" by_proxy "$fault" '.*ARRAY JOIN kinds' spoilt cdf --no-figure
done
for fault in cut-answer words-behind; do
    check "$fault: what is left" by_proxy "$fault" '.*FROM request PREWHERE' spoilt cdf --no-figure
    check "$fault: flows" by_proxy "$fault" '.*FROM flow' spoilt cdf --no-figure
    check "$fault: rows" by_proxy "$fault" "$rows" spoilt_refused export
    check "$fault: requests of a trace together" by_proxy "$fault" '.* AS seen, .*FROM request' spoilt export
    check "$fault: responses" by_proxy "$fault" '.* AS seen, .*FROM response' spoilt_nodes topology --no-figure
    check "$fault: how many there are" by_proxy "$fault" '.*GLOBAL NOT IN.*FROM request' spoilt export
    check "$fault: when a trace's connections carried it" by_proxy "$fault" '.*argMinIf' spoilt_answered trace "$answered" --no-figure
    check "$fault: a trace's requests" by_proxy "$fault" '.*GLOBAL IN.*FROM request' spoilt trace "$trace" --no-figure
    check "$fault: single pairs" by_proxy "$fault" '.*AS x1' spoilt pairs
done
export WIRESPAN_STORE_SECONDS=1
check "a silent server" by_proxy silent '.*ARRAY JOIN kinds' spoilt cdf --no-figure
unset WIRESPAN_STORE_SECONDS

# killed_in_the_middle URL COMMAND...: shard b stands still when the question comes, and is killed then; the error names it.
killed_in_the_middle() {
    local url=$1 status=0 pid
    shift
    kill -STOP "${clickhouse_pid[b]}"
    "$bin/analyze" "$@" --dir "$work/made" --store "$url" > "$work/got" 2> "$work/got.err" &
    pid=$!
    sleep 1.5
    clickhouse_kill b
    wait "$pid" || status=$?
    cat "$work/got.err"
    [ "$status" -eq 1 ] && [ ! -s "$work/got" ] && grep -qE "${clickhouse_port[b]}|${clickhouse_tcp[b]}" "$work/got.err"
}

layouts=("--store $two" "--store $through_one")
check "a shard killed in the middle: what is counted there" killed_in_the_middle "$two" cdf --no-figure
for url in "$two" "$through_one"; do
    check "a shard that is down" fails "${clickhouse_port[b]}|${clickhouse_tcp[b]}" "$bin/analyze" ledger --dir "$work/made" \
        --store "$url"
done
clickhouse_again b
check "it is back" same "$work/made" cdf --no-figure --format json
check "a shard killed in the middle: traces" killed_in_the_middle "$through_one" export
clickhouse_again b
check "it is back again" same "$work/made" ledger

drop() {
    "$bin/analyze" runs --store "$two" --drop made &&
        fails 'no run of the name made' "$bin/analyze" ledger --dir "$work/made" --store "$two" &&
        "$bin/ingest" --quiet --dir "$work/made" --store "$two" && same "$work/made" ledger --format json
}
check "dropped, it is there no more; loaded again, it is" drop
check "dropping what is not there" fails 'no run nobody' "$bin/analyze" runs --store "$two" --drop nobody

# rows that cannot be
while IFS='|' read -r name change words; do
    check "$name: made" altered "$change"
    check "$name: told" fails "$words" "$bin/analyze" topology --no-figure --dir "$work/refused" --store "$one"
done << 'ROWS'
a direction that is none|UPDATE direction = 7|a number that there is not
a flow that is none|UPDATE direction = 1, flow_id = 999999|of a flow that is not there
a row that is missing|DELETE|holds 19999 requests of
ROWS
check "a row that is missing, of a trace" fails 'holds other numbers of requests' "$bin/analyze" trace "$trace" --no-figure \
    --dir "$work/refused" --store "$one"
clickhouse_kill one
check "no server" fails "${clickhouse_port[one]}" "$bin/analyze" cdf --dir "$work/made" --store "$one"
report_checks

#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# Campaigns: what campaign files are refused, what is listed, what is never recorded again; with root, small campaigns on the
# testbed that are interrupted, resumed, and made to fail.
# Usage: tests/campaign/run.sh [BIN_DIR]
set -uo pipefail

top=$(readlink -f "$(dirname "$0")/../..")
BIN=$(readlink -f "${1:-$top/build/bin}")
export BIN LC_ALL=C
campaign=$top/datasets/campaign.sh
plan=$top/datasets/campaign/plan.sh
work=$(mktemp -d)
export TMPDIR=$work/temporary # what is left behind is found there
mkdir "$TMPDIR"
running=

# shellcheck source=tests/check.sh
source "$top/tests/check.sh"

# clean_up: the EXIT trap. A command in the background that is ended before it runs (still a copy of this shell) comes here, too.
clean_up() {
    [ "$BASHPID" = $$ ] || return
    if [ -n "$running" ]; then
        kill -TERM "$running" 2> /dev/null
        wait "$running"
    fi
    rm -rf "$work"
}
trap clean_up EXIT

# ends STATUS COMMAND...: it ends with that status; what it said is in $work/said and is shown.
ends() {
    local wanted=$1 status=0
    shift
    "$@" > "$work/said" 2>&1 || status=$?
    cat "$work/said"
    equals "$wanted" "$status"
}

# says TEXT: the last command of ends did.
says() {
    grep -qF -- "$1" "$work/said" || { echo "not said: $1"; return 1; }
}

# write_file LINE...: a campaign file; sets file.
write_file() {
    file=$work/test.campaign
    printf '%s\n' "$@" > "$file"
}

# refused LINE TEXT: a campaign with that line as its second is refused; the words name file and line and hold TEXT; nothing
# is made, though the first line is right.
refused() {
    write_file "vxlan proposed 80 200 2 both" "$1"
    ends 2 "$campaign" --dir "$work/none" "$file" && says "$file:2: " && says "$2" && [ ! -e "$work/none" ]
}

refused_lines() {
    refused "vxlan proposed 80 200 2" "5 of 6 columns" &&
        refused "geneve proposed 80 200 2 both" "overlay 'geneve': vxlan or ipip" &&
        refused "vxlan moved 80 200 2 both" "proposed, original or original-gateway" &&
        refused "vxlan proposed 0 200 2 both" "rate '0'" && refused "vxlan proposed 2001 200 2 both" "from 1 to 2000" &&
        refused "vxlan proposed 080 200 2 both" "rate '080'" && refused "vxlan proposed 80 200 0.5 both" "duration '0.5'" &&
        refused "vxlan proposed 80 0 2 both" "search_bytes '0'" && refused "vxlan proposed 80 65537 2 both" "1 to 65536" &&
        refused "vxlan proposed 80 100,,200 2 both" "search_bytes ''" && refused "vxlan proposed 80 100, 2 both" "100," &&
        refused "vxlan proposed 80 100,100 2 both" "twice" && refused "vxlan proposed 80 - 2 both" "'-' (no search)" &&
        refused "vxlan proposed 80 200 2 tcpdump" "none, ebpf, pcap, both or wakeup" &&
        refused "vxlan proposed 80 100,200 2 pcap" "ebpf or both" && refused "vxlan proposed 80 200 2 none nodes=all" "ebpf or both"
}

refused_options() {
    local line="vxlan proposed 80 200 2 both"
    refused "$line family=b4" "b3, w3c, b3-single" && refused "$line nodes=2" "productpage or all" &&
        refused "$line purpose=fun" "latency or detection" && refused "$line nodes=all purpose=latency" "disturbs" &&
        refused "$line note" "KEY=VALUE" && refused "$line note=" "KEY=VALUE" && refused "$line Note=1" "KEY=VALUE" &&
        refused "$line note=a/b" "KEY=VALUE" && refused "$line node=details" "comes from the columns" &&
        refused "$line beside=x" "comes from the columns" && refused "$line a=1 a=2" "twice" &&
        refused $'vxlan proposed 80 200 2 both note=\e[31m' "plain text"
}

# bash would read it as if it were not there
refused_nul() {
    write_file "vxlan proposed 80 200 2 both"
    printf 'vxlan\0 proposed 80 200 3 both\n' >> "$file"
    ends 2 "$campaign" --dir "$work/none" "$file" && says "$file: not plain text: it holds a NUL byte" && [ ! -e "$work/none" ]
}

every_error_at_once() {
    write_file "vxlan proposed 80 200 2 all" "" "# fine" "ipip proposed x 200 2 both"
    ends 2 "$campaign" --dir "$work/none" "$file" && says "$file:1: attached" && says "$file:4: rate" && [ ! -e "$work/none" ]
}

# Same directory, and yet not the same run.
refused_doubles() {
    refused "vxlan proposed 80 200 3 both" "a line above makes the same directory" || return 1
    write_file "vxlan proposed 80 100,200 2 both" "vxlan proposed 80 100,300 2 both"
    ends 2 "$plan" "$file" && says "a line above" || return 1
    write_file "vxlan proposed 80 200 2 both a=x" "vxlan proposed 80 200 2 both a=x" "vxlan proposed 80 200 2 both a=x.r2"
    ends 2 "$plan" "$file" && says "line 2 makes the directory"
}

no_file() {
    ends 2 "$campaign" --list "$work/missing.campaign" && says "cannot read" || return 1
    write_file "# nothing"
    ends 2 "$campaign" --list "$file" && says "no run in it" || return 1
    cp "$file" "$work/a b.campaign"
    echo "vxlan proposed 80 200 2 both" > "$work/a b.campaign"
    ends 2 "$campaign" --dir "$work/none" "$work/a b.campaign" && says "rename it" && [ ! -e "$work/none" ]
}

wrong_usage() {
    write_file "vxlan proposed 80 200 2 both"
    ends 2 "$campaign" && ends 2 "$campaign" "$file" && says "--dir CAMPAIGN_DIR is missing" && ends 2 "$campaign" --dir &&
        ends 2 "$campaign" --dir x --fast "$file" && ends 2 "$campaign" --dir x "$file" "$file" && ends 2 "$plan" &&
        ends 2 "$top/datasets/reproduce.sh" --slow && ends 0 "$campaign" --help && ends 0 "$plan" --help &&
        ends 0 "$top/datasets/campaign/record.sh" --help && ends 0 "$top/datasets/reproduce.sh" --help
}

# Tabs, CR LF, comments behind a run, no line feed at the end; names, rounds, what lies beside a sweep.
planned() {
    file=$work/test.campaign
    printf '  # first\r\nvxlan\tproposed 80  200 2 both # a comment: \xc3\xbc\r\n\nvxlan proposed 80 200 2 both\nipip original 1 - 6 none b=x a=2 family=w3c' > "$file"
    ends 0 "$plan" "$file" && equals "vxlan-proposed-80-n200-both vxlan-proposed-80-n200-both.r2 ipip-original-1-none-w3c-a=2-b=x" \
        "$(cut -f 2 "$work/said" | paste -sd ' ')" || return 1
    write_file "vxlan proposed 80 100,200 2 both nodes=all" "vxlan proposed 80 100 2 ebpf nodes=all"
    ends 0 "$plan" "$file" && equals "productpage/both/65536 productpage/ebpf/100 productpage/ebpf/200 details/ebpf/65536 \
reviews/ebpf/65536 ratings/ebpf/65536 gateway/ebpf/65536 productpage/ebpf/100 details/ebpf/65536 reviews/ebpf/65536 \
ratings/ebpf/65536 gateway/ebpf/65536" "$(cut -f 3-5 "$work/said" | tr '\t' / | paste -sd ' ')" &&
        equals "sweep detection" "$(cut -f 6-7 "$work/said" | tr '\t' ' ' | sort -u)"
}

listed() {
    write_file "vxlan proposed 80 100,200 3 both" "ipip original 1 - 6 none"
    ends 0 "$campaign" --list "$file" && equals "[1/2] vxlan proposed 80/s sweep of 2 both, 3 s: vxlan-proposed-80-sweep-both and 2 more directories
[2/2] ipip original 1/s none, 6 s: ipip-original-1-none" "$(head -2 "$work/said")" && says "2 runs, about"
}

# What is shipped: fits into the time that is promised, and draws every figure on both overlays.
shipped() {
    local name minutes=$2 runs
    "$plan" "$top/datasets/campaigns/$1.campaign" > "$work/plan" || return 1
    cut -f 2 "$work/plan" > "$work/names"
    equals 0 "$(sort "$work/names" | uniq -d | wc -l)" || return 1
    runs=$(awk -F '\t' '!seen[$1]++ { s += $12; n++ } END { print int((s + 4 * n + 59) / 60) }' "$work/plan")
    [ "$runs" -le "$minutes" ] || { echo "takes $runs minutes"; return 1; }
    for name in {vxlan,ipip}-{original,proposed}-{1,80}-none {vxlan,ipip}-proposed-80-n200-{both,ebpf,pcap,wakeup} \
        {vxlan,ipip}-proposed-1-n200-both {vxlan,ipip}-{original,original-gateway}-80-sweep-both.n{100,800,1000} \
        {vxlan,ipip}-proposed-80-sweep-both-nodes.{n100,n200,n800,details,reviews,ratings,gateway}; do
        grep -qxF "$name" "$work/names" || { echo "$name is not there"; return 1; }
    done
}

conditions() {
    local line
    write_file "vxlan proposed 80 100,200 2 both" "ipip original 1 - 6 none a=2 b=2.50 c=007 d=1.2.3"
    ends 0 "$plan" "$file" || return 1
    line=$(sed -n 2p "$work/said")
    equals '{"attached":"sweep","beside":"main","campaign":"x","duration_s":2,"family":"b3","headers":"proposed","node":"productpage","overlay":"vxlan","purpose":"detection","rate_per_s":80,"round":1,"search_bytes":100,"warm_up_s":1}' \
        "$("$top/datasets/campaign/conditions.sh" x 1 main "$line" | jq -cS .)" || return 1
    line=$(sed -n 4p "$work/said")
    equals 'none null 2 2.5 "007" "1.2.3" null' "$("$top/datasets/campaign/conditions.sh" x 1 ipip-original-1-none-a=2-b=2.50-c=007-d=1.2.3 "$line" |
        jq -r '"\(.attached) \(.search_bytes) \(.a) \(.b) \(.c | tojson) \(.d | tojson) \(.beside)"')"
}

machine() {
    local name='a"\b'
    "$top/datasets/campaign/machine.sh" "$name" "$BIN/capture" > "$work/m1" &&
        "$top/datasets/campaign/machine.sh" "$name" "$BIN/capture" | cmp - "$work/m1" && equals "$name" "$(jq -r .campaign "$work/m1")" && jq -e --arg kernel "$(uname -r)" \
        '.kernel == $kernel and (.n_cpus > 0) and (.capture_sha256 | length == 64) and (.wirespan | test("^[0-9]"))' "$work/m1"
}

# Every published number has all its columns; Table 1 and Figure 9 are as they were printed.
published() {
    awk -F '\t' '/^#/ { next } NF != 12 || $9 !~ /^(=|<|>=)$/ || $10 !~ /^[0-9.]+$/ { print "line " NR ": " $0; bad = 1 }
        $1 == "table1" { n1++; table += $10 } $1 == "figure9" { n9++; means += $10 } $1 == "figure8" { n8++ }
        END { if (n1 != 16 || n8 != 32 || n9 != 4 || table < 1493.25 || table > 1493.35 || means < 134.4 || means > 134.6) {
            print n1, n8, n9, table, means; bad = 1 } exit bad }' "$top/datasets/paper/published.tsv" &&
        awk -F '\t' '!/^#/ && NF != 4 { print; bad = 1 } END { exit bad }' "$top/datasets/paper/setup.tsv" &&
        awk -F '\t' '!/^#/ && NF != 5 { print; bad = 1 } END { exit bad }' "$top/datasets/paper/findings.tsv"
}

# A directory that was begun with one file goes on with that one only.
changed_file() {
    write_file "vxlan proposed 80 200 2 both"
    mkdir "$work/changed" && cp "$file" "$work/changed/campaign.txt" && echo "# more" >> "$file" || return 1
    ends 1 "$campaign" --list --dir "$work/changed" "$file" && says "holds another campaign" && says "campaign.txt" &&
        ends 1 "$campaign" --dir "$work/changed" "$file" && says "holds another campaign" &&
        equals "campaign.txt" "$(ls -A "$work/changed")" && ends 0 "$campaign" --list --dir "$work/changed" "$work/changed/campaign.txt"
}

# nobody COMMAND...: runs it without root, on copies that anybody may read.
nobody() {
    if [ "$(id -u)" -ne 0 ]; then
        "$@"
        return
    fi
    chmod 755 "$work" && mkdir -p "$work/home" && cp -r "$top/datasets" "$work/home/" && cp -r "$BIN" "$work/home/bin" &&
        chmod -R a+rX "$work/home" || return 1
    (cd "$work/home" && BIN=$work/home/bin setpriv --reuid=65534 --regid=65534 --clear-groups "${@/#$top/$work/home}")
}

without_root() {
    ends 1 nobody "$top/datasets/campaign.sh" --dir "$work/none" "$top/datasets/campaigns/quick.campaign" && says "needs root" &&
        ends 1 nobody "$top/datasets/reproduce.sh" --dir "$work/none" && says "needs root" && says "datasets/sample" && [ ! -e "$work/none" ]
}

check "wrong columns are refused, by line" refused_lines
check "wrong options are refused, by line" refused_options
check "a NUL byte is refused" refused_nul
check "every error of a file is told" every_error_at_once
check "different runs in one directory are refused" refused_doubles
check "no file, an empty file, a bad name" no_file
check "usage" wrong_usage
check "what a file makes" planned
check "--list" listed
check "paper.campaign" shipped paper 42
check "quick.campaign" shipped quick 4
check "conditions.json" conditions
check "machine.json" machine
check "published numbers" published
check "a changed campaign file is refused" changed_file
check "without root it says so" without_root

# begin: starts the campaign in $file into $dir in the background, as a terminal would: able to be interrupted.
begin() {
    : > "$work/said" # what an earlier one said is not this one's
    env --default-signal=INT,TERM "$campaign" --dir "$dir" "$file" > "$work/said" 2>&1 &
    running=$!
}

# await PATH: until it is there; gives up when the campaign has ended.
await() {
    until [ -e "$1" ]; do
        kill -0 "$running" 2> /dev/null || { cat "$work/said"; echo "$1 never came"; return 1; }
        sleep 0.05
    done
}

# ended STATUS: the campaign that begin started ends so.
ended() {
    local status=0
    wait "$running" || status=$?
    running=
    cat "$work/said"
    equals "$1" "$status"
}

# nothing_left: no namespace of a campaign's testbed that is not another's, no temporary file, no process.
nothing_left() {
    equals "" "$(ip netns list | cut -d ' ' -f 1 | grep -F "wirespan-campaign-$1-")" && equals "" "$(ls -A "$TMPDIR")" &&
        equals "" "$(grep -las "[w]irespan-campaign-$1" /proc/[0-9]*/cmdline || true)"
}

# Interrupted by SIGNAL in the middle of its second run: the first stays, the second is marked, the testbed is gone.
interrupted() {
    local pid
    rm -f "$dir/vxlan-proposed-80-sweep-both/run.json" # of an earlier attempt
    begin
    pid=$running
    await "$dir/vxlan-proposed-80-sweep-both/run.json" && sleep 0.5 && kill "-$1" "$pid" && ended "$2" && nothing_left "$pid" &&
        says "1 of 3 runs are complete" && says "same command again" && [ -e "$dir/vxlan-original-80-none/conditions.json" ] &&
        [ -e "$dir/vxlan-proposed-80-sweep-both/incomplete" ] && [ ! -e "$dir/vxlan-proposed-80-sweep-both/conditions.json" ]
}

# While a campaign is at work in a directory, another is refused.
locked() {
    local status=0
    begin
    until grep -q '\[2/3\]' "$work/said"; do
        kill -0 "$running" || return 1
        sleep 0.05
    done
    kill -STOP "$running" # it must not end first, however slow the machine is
    "$campaign" --dir "$dir" "$file" > "$work/second" 2>&1 || status=$?
    cat "$work/second"
    kill -CONT "$running" && kill -TERM "$running" && ended 143 && equals 1 "$status" && grep -q "another campaign.sh is at work" "$work/second"
}

resumed() {
    local before pid
    before=$(stat -c '%i %Y' "$dir/vxlan-original-80-none/conditions.json")
    begin
    pid=$running
    ended 0 && nothing_left "$pid" && says "[1/3] vxlan original 80/s none, 2 s ... complete already" &&
        says "[2/3] vxlan proposed 80/s sweep of 2 both, 2 s ... 160 requests" && says "2 recorded, 1 complete already, 0 failed" &&
        equals "$before" "$(stat -c '%i %Y' "$dir/vxlan-original-80-none/conditions.json")" &&
        equals "" "$(find "$dir" -name incomplete -o -name '*.part' -o -name '*.pcap')" && cmp "$file" "$dir/campaign.txt"
}

# Each directory of a sweep is a run of its own: same load, its own search.
sweep_recorded() {
    local main=$dir/vxlan-proposed-80-sweep-both
    [ -s "$main/nic.pcap.zst" ] && [ -s "$main/load.h2load" ] && [ ! -e "$main.n100/load.h2load" ] &&
        "$BIN/ingest" --quiet --dir "$dir" && equals "0 0 480 480 480 480" "$(for d in "$main.n100" "$main.n200" "$main"; do
            sqlite3 "$d/run.db" "SELECT n_contexts FROM file WHERE source = 'ebpf'"
        done | paste -sd ' ')" && equals "vxlan-proposed-80-sweep-both" "$(jq -r .beside "$main.n100/conditions.json")"
}

wakeup_recorded() {
    jq -e '.configuration.wakes_reader' "$dir/vxlan-proposed-80-n200-wakeup/run.json"
}

# Another machine than the one that a campaign was begun on is noted, and nothing complete is recorded again.
machine_changed() {
    sed -i 's/"kernel": "/&old-/' "$dir/machine.json"
    begin
    ended 0 && says "machine.2.json" && says "3 complete already" && [ -e "$dir/machine.2.json" ] || return 1
    begin
    ended 0 && [ ! -e "$dir/machine.3.json" ]
}

# Part of what was recorded together is gone: said, not recorded over.
sibling_lost() {
    mv "$dir/vxlan-proposed-80-sweep-both.n100" "$work/taken"
    begin
    ended 1 && says "vxlan-proposed-80-sweep-both.n100 is missing" && mv "$work/taken" "$dir/vxlan-proposed-80-sweep-both.n100"
}

# every_node: all services and the gateway see the same requests.
every_node() {
    write_file "ipip proposed 40 1000 2 ebpf nodes=all"
    dir=$work/nodes
    begin
    ended 0 && "$BIN/ingest" --quiet --dir "$dir" && equals "productpage 240 details 80 reviews 160 ratings 80 gateway 80" \
        "$(for d in "" .details .reviews .ratings .gateway; do
            jq -r .node "$dir/ipip-proposed-40-n1000-ebpf-nodes$d/conditions.json"
            sqlite3 "$dir/ipip-proposed-40-n1000-ebpf-nodes$d/run.db" "SELECT n_contexts FROM file JOIN point USING (point_id)
                WHERE role = 'vport'"
        done | paste -sd ' ')"
}

# A testbed that fails: the campaign says why and stops, or goes on; what is somebody else's stays; afterwards it can be resumed.
failing() {
    write_file "vxlan proposed 80 - 1 none" "vxlan original 80 - 1 none" "ipip original 80 - 1 none"
    dir=$work/failing
    mkdir -p "$dir/vxlan-original-80-none"
    echo mine > "$dir/vxlan-original-80-none/notes"
    printf '#!/bin/sh\necho "no wire today" >&2\nexit 1\n' > "$work/no-testbed" && chmod +x "$work/no-testbed"
    ends 1 env CAMPAIGN_TESTBED="$work/no-testbed" "$campaign" --dir "$dir" "$file" && says "no wire today" && says "1 failed, 2 not tried" &&
        [ -e "$dir/vxlan-proposed-80-none/run.log" ] && [ ! -e "$dir/ipip-original-80-none" ] || return 1
    ends 1 env CAMPAIGN_TESTBED="$work/no-testbed" "$campaign" --keep-going --dir "$dir" "$file" && says "3 failed, 0 not tried" &&
        says "is in the way" && equals mine "$(cat "$dir/vxlan-original-80-none/notes")" || return 1
    rm -r "$dir/vxlan-original-80-none"
    begin
    ended 0 && says "3 recorded"
}

# A run whose load is not answered as it should be is not complete.
bad_answers() {
    write_file "vxlan proposed 2 - 1 none"
    dir=$work/answers
    # shellcheck disable=SC2016
    printf '#!/bin/bash\nwhile [ "$1" != --log ]; do shift; done\nprintf "1 200 5\\n2 503 5\\n" > "$2"\n' > "$work/bad-load"
    chmod +x "$work/bad-load"
    ends 1 env CAMPAIGN_LOAD="$work/bad-load" "$campaign" --dir "$dir" "$file" && says "1 answered 2xx" &&
        [ ! -e "$dir/vxlan-proposed-2-none/conditions.json" ]
}

if [ "$(id -u)" -eq 0 ] && "$BIN/capture" check > /dev/null 2>&1; then
    dir=$work/runs
    write_file "vxlan original 80 - 2 none" "vxlan proposed 80 100,200 2 both" "vxlan proposed 80 200 2 wakeup"
    cp "$file" "$work/three.campaign"
    file=$work/three.campaign
    check "interrupted by SIGINT" interrupted INT 130
    check "interrupted by SIGTERM" interrupted TERM 143
    check "one campaign at a time" locked
    check "resumed: what is complete is not recorded again" resumed
    check "a sweep" sweep_recorded
    check "wake-up" wakeup_recorded
    check "another machine" machine_changed
    check "a directory of a sweep is gone" sibling_lost
    check "every node, IPIP" every_node
    check "a failing testbed" failing
    check "a load with bad answers" bad_answers
else
    echo "recording: skipped: not root, or no eBPF"
fi
report_checks

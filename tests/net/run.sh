#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# Records real traffic on the testbed (network namespaces; needs root) and checks what the whole pipeline says of it:
# every request that was sent is at both points, both methods agree packet by packet, ledgers balance, filters and search
# windows do what they say, and a killed recording is readable. Every hop of every request is in hops.sh, what networks do to packets
# in faults.sh, heads of many segments in segments.sh, all families of contexts in families.sh, connections of many requests in pipelining.sh and
# http2.sh, responses in responses.sh, what capturing costs in overhead.sh, the program at tc in hooks.sh, privileges and planted
# links in privilege.sh.
# Usage: tests/net/run.sh [BIN_DIR]
set -uo pipefail

top=$(readlink -f "$(dirname "$0")/../..")
bin=$(readlink -f "${1:-$top/build/bin}")
testbed=$top/datasets/testbed/testbed.sh
export bin top testbed
work=$(mktemp -d)
fault_object=$work/fault.bpf.o
export work fault_object
trap '[ "$BASHPID" != $$ ] || rm -rf "$work"' EXIT # not in a command that is ended before it runs, still a copy of this shell
export TESTBED_IPIP_OBJECT=${TESTBED_IPIP_OBJECT:-$(dirname "$bin")/ipip.bpf.o}

# shellcheck source=tests/check.sh
source "$top/tests/check.sh"
here=$top/tests/net
# shellcheck source=tests/net/checks.sh
source "$here/checks.sh"
# shellcheck source=tests/net/records.sh
source "$here/records.sh"
# shellcheck source=tests/net/hops.sh
source "$here/hops.sh"
# shellcheck source=tests/net/faults.sh
source "$here/faults.sh"
# shellcheck source=tests/net/segments.sh
source "$here/segments.sh"
# shellcheck source=tests/net/families.sh
source "$here/families.sh"
# shellcheck source=tests/net/pipelining.sh
source "$here/pipelining.sh"
# shellcheck source=tests/net/http2.sh
source "$here/http2.sh"
# shellcheck source=tests/net/responses.sh
source "$here/responses.sh"
# shellcheck source=tests/net/overhead.sh
source "$here/overhead.sh"
# shellcheck source=tests/net/hooks.sh
source "$here/hooks.sh"
# shellcheck source=tests/net/privilege.sh
source "$here/privilege.sh"

# What the search missed is there as a record that says why.
beyond_window() {
    equals "nic|$2|0 vport|$2|0 " "$(sql "$1" "SELECT name, sum(reason = 9), sum(reason = 16) FROM request JOIN file
        USING (file_id) JOIN point USING (point_id) WHERE source = 'ebpf' GROUP BY name ORDER BY name" | tr '\n' ' ')"
}

# A live search of N bytes finds what the offsets of a recording of the whole head say that it will: here N cuts between the
# gateway's requests and productpage's own, which are two thirds.
agrees_with_offsets() {
    local offsets live
    offsets=$(sql "$2" "SELECT group_concat(round(share, 6)) FROM (SELECT avg(ids_end_off <= $3) AS share FROM request JOIN
        file USING (file_id) WHERE source = 'ebpf' GROUP BY file_id ORDER BY file_id)")
    live=$(sql "$1" "SELECT group_concat(round(share, 6)) FROM (SELECT avg(reason = 16) AS share FROM request JOIN
        file USING (file_id) WHERE source = 'ebpf' GROUP BY file_id ORDER BY file_id)")
    equals "0.666667,0.666667" "$offsets" && equals "$offsets" "$live"
}

# A filter keeps what it selects and counts the rest.
filtered() {
    equals "nic|$2|$2 vport|$2|$2 " "$(sql "$1" "SELECT name, n_requests, (SELECT count(*) FROM request WHERE
        request.file_id = file.file_id AND direction = CASE role WHEN 'nic' THEN 1 ELSE 2 END) FROM file JOIN point
        USING (point_id) WHERE source = 'ebpf' ORDER BY name" | tr '\n' ' ')" &&
        equals 1 "$(sql "$1" "SELECT min(n_frames) > 0 FROM ledger WHERE reason = 'filtered' AND file_id IN
            (SELECT file_id FROM file WHERE source = 'ebpf')")"
}

# Kills a recording in mid-run; what it had written must be readable, and ingest must say that it is not all.
killed() {
    local dir=$work/killed
    mkdir "$dir"
    export RUN_DIR=$dir
    # shellcheck disable=SC2016
    "$testbed" -- bash -c '
        "$bin/capture" run --dir "$RUN_DIR" --netns "$TESTBED_NODE1_NETNS" --point nic="$TESTBED_NIC" \
            --point vport="$TESTBED_VPORT" --pcap --quiet &
        capture=$!
        until [ -e "$RUN_DIR/run.json" ]; do sleep 0.05; done
        "$top/datasets/testbed/load.sh" --rate 100 --duration 3 --log "$RUN_DIR/load.h2load"
        kill -KILL "$capture"
        wait "$capture"
        true' || return 1
    if [ ! -e "$dir/nic.rec.zst.part" ] || [ -e "$dir/nic.rec.zst" ]; then
        ls "$dir"
        return 1
    fi
    "$bin/ingest" --dir "$dir" 2> "$work/said" || { cat "$work/said"; return 1; }
    grep -q "nic.rec.zst.part: its recording did not finish" "$work/said" || { cat "$work/said"; return 1; }
    # a second before the end was flushed at the latest: at least 100 of 300 requests, each seen three times, and not more than were sent
    equals "1|1" "$(sql "$dir" "SELECT min(n_contexts) >= 300, max(n_contexts) <= 900 FROM file
        WHERE source = 'ebpf' AND complete = 0")" &&
        equals "0" "$(jq -r 'if .state == "running" then 0 else 1 end' "$dir/run.json")"
}

# SIGINT ends a recording in good order.
interrupted() {
    local dir=$work/interrupted
    mkdir "$dir"
    export RUN_DIR=$dir
    # shellcheck disable=SC2016
    "$testbed" -- bash -c '
        "$bin/capture" run --dir "$RUN_DIR" --netns "$TESTBED_NODE1_NETNS" --point nic="$TESTBED_NIC" --quiet &
        capture=$!
        until [ -e "$RUN_DIR/run.json" ]; do sleep 0.05; done
        kill -INT "$capture"
        wait "$capture"' || return 1
    zstd -qt "$dir/nic.rec.zst" && equals "complete signal" "$(jq -r '"\(.state) \(.ended_by)"' "$dir/run.json")"
}

# A point that vanishes, as the vport of a restarted pod does, ends the recording with an error; what was recorded is kept.
vanished() {
    local dir=$work/vanished status
    ip link add wsvanish0 type veth peer name wsvanish1 && ip link set wsvanish0 up && ip link set wsvanish1 up || return 1
    "$bin/capture" run --dir "$dir" --point vport=wsvanish0 --duration 20 --quiet 2> "$work/said" &
    wait_for "$dir/run.json"
    ip link del wsvanish0
    wait $!
    status=$?
    equals 1 "$status" && grep -q "wsvanish0: went down or away" "$work/said" && zstd -qt "$dir/vport.rec.zst" &&
        equals failed "$(jq -r .state "$dir/run.json")"
}

# The command runs on any CPU, with no descriptor of the recording; that it is ended with the recording is no failure.
command_is_free() {
    local dir=$work/command
    # shellcheck disable=SC2016
    "$bin/capture" run --dir "$dir" --point nic=lo --pcap --cpu 0 --duration 1 --quiet -- bash -c '
        grep Cpus_allowed_list /proc/self/status > "$0"; ls /proc/self/fd | wc -l >> "$0"; exec sleep 30' "$work/seen" || return 1
    # ls has 0, 1, 2 and the directory
    equals "$(grep Cpus_allowed_list /proc/self/status) 4" "$(tr '\n' ' ' < "$work/seen" | sed 's/ $//')" &&
        equals "complete duration" "$(jq -r '"\(.state) \(.ended_by)"' "$dir/run.json")"
}

# A full disk ends the run with words that say so; the packet capture keeps its temporary name.
full_disk() {
    local dir=$work/full status
    mkdir "$dir" && mount -t tmpfs -o size=128k tmpfs "$dir" || return 1
    # shellcheck disable=SC2016
    "$bin/capture" run --dir "$dir/run" --no-ebpf --pcap --point nic=lo --duration 20 --quiet -- bash -c '
        for i in {1..400}; do head -c 1000 /dev/zero > /dev/udp/127.0.0.1/9; done' 2> "$work/said"
    status=$?
    ls "$dir/run" > "$work/files"
    umount "$dir"
    cat "$work/said" "$work/files"
    equals 1 "$status" && grep -q "nic.pcap.part: cannot write: No space left on device" "$work/said" &&
        grep -qx nic.pcap.part "$work/files" && ! grep -qx nic.pcap "$work/files"
}

# A run that fails before it began leaves nothing in the way of the next attempt.
failed_start() {
    local dir=$work/failed
    if "$bin/capture" run --dir "$dir" --point nic=lo --point vport=nosuchif0 --pcap --duration 1 2> "$work/said"; then
        return 1
    fi
    grep -q "interface nosuchif0" "$work/said" && equals "" "$(ls "$dir")" &&
        "$bin/capture" run --dir "$dir" --point nic=lo --duration 0.2 --quiet
}

# An earlier recording is never overwritten.
not_overwritten() {
    local before after
    before=$(cat "$1"/*.zst "$1/run.json" | cksum)
    if "$bin/capture" run --dir "$1" --point nic=lo --duration 1 2> "$work/said"; then return 1; fi
    after=$(cat "$1"/*.zst "$1/run.json" | cksum)
    equals "$before" "$after" && grep -q "exists already" "$work/said"
}

if [ "$(id -u)" -ne 0 ] || ! "$bin/capture" check > "$work/check" 2>&1; then
    echo "tests/net: needs root and eBPF: skipped"
    cat "$work/check" 2> /dev/null
    exit 0
fi

[ -r "$TESTBED_IPIP_OBJECT" ] || { echo "tests/net: $TESTBED_IPIP_OBJECT is missing: run make" >&2; exit 1; }
if ! "${CLANG:-clang}" -O2 -g -target bpf -mcpu=v3 -ffreestanding -Wall -Wextra -Werror -I"/usr/include/$(uname -m)-linux-gnu" \
    -c "$here/fault.bpf.c" -o "$fault_object"; then
    echo "tests/net: cannot compile fault.bpf.c" >&2
    exit 1
fi
export -f attach swap segment_at stay_cut no_probes small_segments serve serve_grpc open_before

for run in b3 w3c ipip; do
    case $run in
    ipip) options="--overlay ipip" ;;
    *) options="--family $run" ;;
    esac
    dir=$work/$run
    check "$run: recorded" record "$dir" 200 4 "$options" --pcap
    check "$run: loaded" "$bin/ingest" --dir "$dir"
    check "$run: every request accounted for" accounted "$dir" 800
    check "$run: both methods, the same packets" methods_agree "$dir" 800
    check "$run: ledgers balance, nothing lost" balanced "$dir"
    check "$run: records equal pcap" records_equal_pcap "$dir"
    check "$run: C join equals SQL join" joins_agree "$dir"
done
check "nothing equals no packet capture" nothing_is_not_equal "$work/b3"
check "window 800, original layout: recorded" record "$work/window" 100 2 "--headers original" --search-bytes 800
check "window 800, original layout: loaded" "$bin/ingest" --dir "$work/window"
check "window 800, original layout: none found, every miss has a record" beyond_window "$work/window" 600
check "window 103: recorded" record "$work/cut" 100 2 "" --search-bytes 103
check "window 103: loaded" "$bin/ingest" --dir "$work/cut"
check "window 103: as the offsets say" agrees_with_offsets "$work/cut" "$work/b3" 103
check "filter: recorded" record "$work/filter" 100 2 "" --filter daddr=10.244.1.0/24,dport=9080
check "filter: loaded" "$bin/ingest" --dir "$work/filter"
check "filter: only what it selects" filtered "$work/filter" 200
responses
layouts
hooks
alongside 'whole_way vxlan proposed' 'whole_way ipip original'
check "two testbeds side by side" side_by_side
for fault in retransmissions swapped_requests swapped_segments splits; do
    alongside "$fault vxlan" "$fault ipip"
done
tail_first
whole_heads vxlan
whole_heads ipip
all_families
alongside 'pipelining vxlan' 'late_segments ipip'
alongside 'many_streams vxlan' 'unreadable ipip'
testbed_manners
privileges
check "overhead: every treatment in every block" overhead_measured
check "overhead: the reader is woken by the clock" overhead_wakes_nobody
check "overhead: loaded and told" overhead_told
check "overhead: stopped, nothing is left" overhead_stopped
check "overhead: what cannot be measured says why" overhead_refused
check "SIGKILL: what was written is readable" killed
check "SIGINT: ends in good order" interrupted
check "a point that vanishes ends the run" vanished
check "the command is free of the recording" command_is_free
check "a full disk ends the run" full_disk
check "a failed start leaves nothing behind" failed_start
check "a recording is never overwritten" not_overwritten "$work/b3"
# shellcheck disable=SC2016
check "no such interface: exit 1" bash -c '! "$bin/capture" run --dir "$0" --point nic=nosuchif0 2>/dev/null' "$work/none"

report_checks

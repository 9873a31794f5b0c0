#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# What faults do to `capture`: it is killed, its disk is full, its directory, interface or namespace goes away, its buffers
# overflow, somebody else records into its directory, nobody takes what it says. After each: the words, the exit status,
# nothing lost that was written, and the next run works. Faults of networks are in tests/net/faults.sh.
# KILLS=N: so many kills at random moments (5); SEED=N: those of an earlier run. STEP_CLOCK=1: sets this machine's clock, too, 2 s
# forwards and back again.
# Usage: tests/faults/capture.sh [BIN_DIR]
set -uo pipefail

top=$(readlink -f "$(dirname "$0")/../..")
bin=$(readlink -f "${1:-$top/build/bin}")
kills=${KILLS:-5}
seed=${SEED:-$((RANDOM + 1))}
export LC_ALL=C
here=$top/tests/faults
work=$(mktemp -d)
netns=wsfault-$$

# shellcheck source=tests/check.sh
source "$top/tests/check.sh"
# shellcheck source=tests/faults/capture/kills.sh
source "$here/capture/kills.sh"
# shellcheck source=tests/faults/capture/files.sh
source "$here/capture/files.sh"
# shellcheck source=tests/faults/capture/links.sh
source "$here/capture/links.sh"
# shellcheck source=tests/faults/capture/losses.sh
source "$here/capture/losses.sh"
# shellcheck source=tests/faults/capture/streams.sh
source "$here/capture/streams.sh"

# clean_up: the EXIT trap.
clean_up() {
    local child mounted
    for child in $(jobs -pr); do
        kill -KILL "$child"
    done
    ip netns pids "$netns" | xargs -r kill -KILL
    ip netns list | cut -d ' ' -f 1 | grep -x "$netns\(-.*\)\?" | xargs -r -n 1 ip netns del
    for mounted in "$work"/*; do
        if mountpoint -q "$mounted"; then umount -l "$mounted"; fi
    done
    rm -rf "$work"
}

# new_link NETNS: two interfaces in it, wf0 and wf1, whose only frames are those that a test sends.
new_link() {
    ip -n "$1" link add wf0 type veth peer name wf1 && ip -n "$1" link set wf0 up && ip -n "$1" link set wf1 up
}

# new_netns NETNS
new_netns() {
    ip netns add "$1" && ip netns exec "$1" sysctl -qw net.ipv6.conf.all.disable_ipv6=1 net.ipv6.conf.default.disable_ipv6=1 &&
        new_link "$1"
}

# send [N [PER_SECOND]]: requests out of wf0; see send.py.
send() {
    ip netns exec "$netns" "$here/send.py" wf0 "$@"
}

# sender [N [PER_SECOND]]: the same, for the background: the process that is killed is the one that sends.
sender() {
    exec ip netns exec "$netns" "$here/send.py" wf0 "$@"
}

# points: the options of a run that records both ends.
points=(--netns "$netns" --point nic=wf0 --point vport=wf1 --context w3c --no-bpf-stats)

# begin DIR OPTION...: records in the background, into $work/DIR, until it is ended. Sets pid, and said: the file with what it says.
# Returns when it records.
begin() {
    local dir=$work/$1
    said=$work/${1//\//-}.said
    "$bin/capture" run --dir "$dir" "${points[@]}" "${@:2}" > /dev/null 2> "$said" &
    pid=$!
    until [ -e "$dir/run.json" ]; do
        kill -0 "$pid" 2> /dev/null || { cat "$said"; echo "it does not record"; return 1; }
        sleep 0.02
    done
}

# ends STATUS: the run that begin has begun ends so.
ends() {
    local status=0
    wait "$pid" || status=$?
    cat "$said"
    equals "$1" "$status"
}

# says TEXT: the last run did, in $said.
says() {
    grep -qF -- "$1" "$said" || { echo "not said: $1"; return 1; }
}

# json DIR FILTER: what run.json of $work/DIR says.
json() {
    jq -r "$2" "$work/$1/run.json"
}

# names DIR: of the files in $work/DIR, on one line.
names() {
    find "$work/$1" -mindepth 1 -printf '%f\n' | sort | paste -sd ' '
}

# sql DIR QUERY
sql() {
    sqlite3 -batch "file:$work/$1/run.db?mode=ro" "$2"
}

# loads DIR: ingest takes what is there; what it says is in $work/DIR.ingest.
loads() {
    "$bin/ingest" --dir "$work/$1" > "$work/$1.ingest" 2>&1 || { cat "$work/$1.ingest"; return 1; }
}

# without_holes DIR: of what was sent, each file holds all from its first to its last request, each once.
without_holes() {
    equals "" "$(sql "$1" "WITH r AS (SELECT file_id, CAST(hex(span_id) AS INTEGER) AS id FROM request)
        SELECT path, count(*), count(DISTINCT id), min(id), max(id) FROM r JOIN file USING (file_id) GROUP BY file_id
        HAVING count(*) <> count(DISTINCT id) OR count(*) <> max(id) - min(id) + 1")"
}

# works DIR: a run into a new directory is complete and has all that is sent.
works() {
    begin "$1" && equals 50 "$(send 50)" && kill -INT "$pid" && ends 0 && equals "complete 50 50" \
        "$(json "$1" '.state + ([.points[].ebpf | " \(.n_records - .lost.ring_full)"] | join(""))')"
}

if [ "$(id -u)" -ne 0 ] || ! "$bin/capture" check > "$work/check" 2>&1; then
    echo "tests/faults/capture.sh: needs root and eBPF: skipped"
    cat "$work/check" 2> /dev/null
    rm -rf "$work"
    exit 0
fi
trap clean_up EXIT
trap 'exit 130' INT TERM
new_netns "$netns" || exit 1

streams
kills
files
links
losses
report_checks

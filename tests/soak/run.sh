#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# Records for a long time, at the highest rate that loses nothing on this machine, on the testbed: h2load in the gateway's pod, nginx in
# productpage's, both points of productpage's node. Memory and handles of capture must stay flat, and at the end there must be a
# record of each request, paired, and each frame accounted for.
set -uo pipefail

top=$(readlink -f "$(dirname "$0")/../..")
readonly top here=$top/tests/soak
readonly clients=20 trial_seconds=3 least_rate=1000 most_rate=1024000
readonly context='traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'
# on disk, of a request: two records, two rows of the database, and what analyze keeps beside
readonly bytes_per_request=500
# A leak of a byte a request must show: half of it is the limit.
readonly leak_bytes=0.5

# usage: prints the synopsis to stdout.
usage() {
    cat <<'TEXT'
usage: run.sh [--minutes N] [--rate N] BUILD_DIR

--minutes is 30 unless given, fractions allowed; --rate, requests a second, is looked for with short runs unless given. Samples
of what capture takes are kept in BUILD_DIR/soak/samples.tsv. The recording and its database take some 500 bytes a request
in $TMPDIR (/var/tmp) while it runs. Needs root.
TEXT
}

# capture_load DIR RATE SECONDS: records the load, in the background, as $capture_pid. What h2load says goes to DIR.load.
capture_load() {
    local per_client=$(($2 / clients))
    # shellcheck disable=SC2016
    "$build/bin/capture" run --dir "$1" --netns "$TESTBED_NODE1_NETNS" --point nic="$TESTBED_NIC" --point vport="$TESTBED_VPORT" \
        --filter "dport=$server_port" --quiet -- sh -c 'exec ip netns exec "$0" h2load --h1 -t 1 -c "$1" -n "$2" --rps="$3" -H "$4" "$5" > "$6"' \
        "$TESTBED_GATEWAY_NETNS" $clients $((per_client * clients * $3)) $per_client "$context" "http://$server_address:$server_port/" "$1.load" &
    capture_pid=$!
}

# answered DIR: how many requests were; nothing if any failed.
answered() {
    sed -nE 's/^requests: ([0-9]+) total, .* \1 succeeded, 0 failed.*/\1/p' "$1.load"
}

# lost DIR: messages that found no room.
lost() {
    jq '[.points[].ebpf.lost[]] | add' "$1/run.json"
}

# holds RATE: does a short run at this rate lose nothing, and does the load keep it?
holds() {
    local dir=$work/trial rate
    rm -rf "$dir" "$dir.load"
    capture_load "$dir" "$1" $trial_seconds
    wait $capture_pid || return
    rate=$(sed -nE 's|^finished in [^,]*, ([0-9]+)[.0-9]* req/s.*|\1|p' "$dir.load")
    echo "  $1/s: ${rate:-0}/s answered, $(lost "$dir") lost"
    [ -n "$(answered "$dir")" ] && [ "$(lost "$dir")" -eq 0 ] && [ "${rate:-0}" -ge $(($1 * 97 / 100)) ]
}

# find_rate: leaves in $rate nine tenths of the highest rate that holds: the machine is not always alone.
find_rate() {
    local good=0 bad=0 next=$least_rate
    while [ $bad -eq 0 ] && [ $next -le $most_rate ]; do
        if holds $next; then good=$next next=$((next * 2)); else bad=$next; fi
    done
    [ $good -gt 0 ] || return
    while [ $bad -gt 0 ] && [ $((bad - good)) -gt $((good / 10)) ]; do
        next=$(((good + bad) / 2 / clients * clients))
        if holds $next; then good=$next; else bad=$next; fi
    done
    rate=$((good * 9 / 10 / clients * clients))
}

# sample: a line of what capture takes now.
sample() {
    local proc=/proc/$capture_pid memory cpu handles records
    memory=$(awk '/^(VmRSS|RssAnon|Threads):/ { printf "\t%d", $2 }' "$proc/status" 2> /dev/null) && [ -n "$memory" ] || return
    cpu=$(awk -v hz="$(getconf CLK_TCK)" '{ sub(/.*\) /, ""); printf "%.2f", ($12 + $13) / hz }' "$proc/stat") || return
    handles=$(find "$proc/fd" -mindepth 1 2> /dev/null | wc -l)
    records=$(du -cb "$work"/run/*.rec.zst* 2> /dev/null | awk 'END { print $1 }')
    printf '%s%s\t%s\t%s\t%s\n' "$(awk '{ print $1 }' /proc/uptime)" "$memory" "$handles" "$cpu" "$records" >> "$samples"
}

# soak SECONDS: the long run, and its samples.
soak() {
    printf 'time_s\trss_kb\trss_anon_kb\tthreads\thandles\tcpu_s\trecord_bytes\n' > "$samples"
    capture_load "$work/run" "$rate" "$1"
    while kill -0 $capture_pid 2> /dev/null; do
        sleep "$sample_s"
        sample
    done
    wait $capture_pid
}

# retransmitted: segments that the gateway's pod has sent again.
retransmitted() {
    # shellcheck disable=SC2016 # awk's fields
    ip netns exec "$TESTBED_GATEWAY_NETNS" awk '/^Tcp:/ && $13 ~ /^[0-9]+$/ { print $13 }' /proc/net/snmp
}

# flat COLUMN [BYTES]: see flat.awk.
flat() {
    awk -v column="$1" -v requests="$n_requests" -v bytes="${2:-0}" -f "$here/flat.awk" "$samples"
}

# records_equal_requests: at each point one of each request, and at most one more for each segment that was sent again.
records_equal_requests() {
    jq -e --argjson n "$n_requests" --argjson again "$n_again" '[.points[].contexts] | length == 2 and all(. >= $n and . <= $n + $again)' "$work/ledger.json" ||
        { jq -c '[.points[].contexts]' "$work/ledger.json"; echo "$n_requests requests, $n_again segments sent again"; return 1; }
}

# balanced: each frame has one reason, and none was lost.
balanced() {
    jq -e '.balanced and all(.points[]; .complete and ([.lost[]] | add // 0) == 0)' "$work/ledger.json"
}

# pairs_complete: no sighting is without its partner, but one that was sent again.
pairs_complete() {
    jq -e --argjson n "$n_requests" --argjson again "$n_again" '.join | .pairs >= $n and .pairs <= $n + $again and
        ([.unmatched[]] | add) <= $again' "$work/ledger.json" || { jq -c .join "$work/ledger.json"; return 1; }
}

# check_memory: is memory flat? By how much it may grow is said once, be it flat or not.
check_memory() {
    local n_before=$n_failed
    check "memory is flat" flat rss_anon_kb $leak_bytes
    [ "$n_failed" -gt "$n_before" ] || sed 's/^/     /' "$work/output"
}

# made_samples LINES GROWTH_KB HANDLES [STEP_KB]: what a run of a hundred samples would have left, with noise; one million requests.
made_samples() {
    awk -v n="$1" -v growth="$2" -v handles="$3" -v step="${4:-0}" 'BEGIN { print "time_s\trss_anon_kb\thandles"
        for (i = 0; i < n; i++) printf "%d\t%d\t%d\n", i, 20000 + (i * 7919) % 40 + growth * i / n + (i > n / 3 ? step : 0), 20 + handles * i / n }' > "$samples"
}

# n_told: how often check_memory says by how much memory may grow.
n_told() {
    local work=$work/told n_failed=0
    mkdir -p "$work"
    check_memory | grep -c 'may grow by'
}

# criteria: those that a run is judged by fail where they must.
criteria() {
    local samples=$work/made.tsv n_requests=1000000 growth
    made_samples 100 0 0
    if ! flat rss_anon_kb $leak_bytes || ! flat handles; then echo "flat, and not taken for it"; return 1; fi
    made_samples 100 977 0 && flat handles || return
    if flat rss_anon_kb $leak_bytes; then echo "a byte a request, and not seen"; return 1; fi
    made_samples 100 0 0 900
    flat rss_anon_kb $leak_bytes || { echo "a step, and taken for a leak"; return 1; }
    made_samples 100 0 0 3000
    if flat rss_anon_kb $leak_bytes; then echo "three megabytes at once, and not seen"; return 1; fi
    made_samples 100 977 0 900
    if flat rss_anon_kb $leak_bytes; then echo "a step and a leak, and not seen"; return 1; fi
    made_samples 100 0 4 && flat rss_anon_kb $leak_bytes || return
    if flat handles; then echo "four handles, and not seen"; return 1; fi
    made_samples 8 0 0
    if flat handles; then echo "eight samples, and not too few"; return 1; fi
    made_samples 100 0 0 && n_requests=1000
    if flat rss_anon_kb $leak_bytes; then echo "1000 requests, and not too few"; return 1; fi
    if flat nothing; then echo "no such column, and not seen"; return 1; fi
    n_requests=1000000
    for growth in 0 977; do
        made_samples 100 $growth 0
        equals 1 "$(n_told)" || { echo "with $growth KB"; return 1; }
    done
}

# inside: what the testbed runs.
inside() {
    local n_seconds free_bytes n_before
    trap '[ -z "$server_pid" ] || kill "$server_pid" 2> /dev/null' EXIT
    n_seconds=$(awk -v m="$minutes" 'BEGIN { printf "%d", m * 60 }')
    sample_s=$(awk -v s="$n_seconds" 'BEGIN { s /= 200; print (s > 5 ? 5 : s < 0.5 ? 0.5 : s) }')
    mkdir "$work/nginx" && chmod a+rx "$work" "$work/nginx"
    serve "$work/nginx" || { echo "soak: the server did not start" >&2; exit 1; }
    if [ "$rate" -eq 0 ]; then
        echo "looking for the highest rate that loses nothing"
        find_rate || { echo "soak: not even $least_rate requests a second are recorded without loss" >&2; exit 1; }
    fi
    rate=$((rate / clients * clients))
    free_bytes=$(df --output=avail -B1 "$work" | tail -1)
    if [ "$free_bytes" -lt $((rate * n_seconds * bytes_per_request)) ]; then
        echo "soak: $((rate * n_seconds * bytes_per_request >> 20)) MB are needed in $work: set TMPDIR, or --rate, or --minutes" >&2
        exit 1
    fi
    echo "$rate requests a second for $n_seconds s; a sample each $sample_s s in $samples"
    check "the criteria can fail" criteria
    n_before=$(retransmitted)
    check "recorded" soak "$n_seconds"
    n_again=$(($(retransmitted) - n_before))
    n_requests=$(answered "$work/run")
    n_requests=${n_requests:-0}
    check "every request was answered" equals $((rate * n_seconds)) "$n_requests"
    check_memory
    check "handles are flat" flat handles
    check "threads are flat" flat threads
    check "loaded" "$build/bin/ingest" --quiet --dir "$work/run"
    "$build/bin/analyze" ledger --dir "$work/run" --format json > "$work/ledger.json"
    check "records = requests" records_equal_requests
    check "ledgers balance, nothing lost" balanced
    check "all are paired" pairs_complete
    echo "     $n_requests requests, $(awk -v n="$n_requests" 'END { printf "%.2f us of CPU a request", 1e6 * $6 / n }' "$samples"), $n_again segments sent again"
    report_checks
}

if [ "${1-}" != --inside ]; then
    minutes=30 rate=0
    while [ $# -gt 1 ]; do
        case $1 in
        --minutes) minutes=$2 ;;
        --rate) rate=$2 ;;
        *) break ;;
        esac
        shift 2
    done
    if [ "${1-}" = --help ]; then
        usage
        exit 0
    fi
    if [ $# -ne 1 ] || [ ! -x "$1/bin/capture" ] || [[ ! $minutes =~ ^[0-9]+(\.[0-9]+)?$ ]] || [[ ! $rate =~ ^[0-9]{1,7}$ ]]; then
        usage >&2
        exit 2
    fi
    build=$(readlink -f "$1")
    if [ "$(id -u)" -ne 0 ] || ! "$build/bin/capture" check > /dev/null 2>&1; then
        echo "soak: skipped: needs root and eBPF; \`$1/bin/capture check\` says more"
        exit 0
    fi
    for program in nginx h2load jq ip; do
        command -v $program > /dev/null || { echo "soak: skipped: $program is missing: make setup-tests"; exit 0; }
    done
    work=$(mktemp -d "${TMPDIR:-/var/tmp}/wirespan-soak.XXXXXX")
    trap 'rm -rf "$work"' EXIT
    mkdir -p "$build/soak"
    samples=$build/soak/samples.tsv
    export work build samples minutes rate
    "$top/datasets/testbed/testbed.sh" -- "$0" --inside
    exit
fi
# shellcheck source=tests/check.sh
source "$top/tests/check.sh"
# shellcheck source=tests/server.sh
source "$top/tests/server.sh"
inside

#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# Measures how long a container overlay holds requests: records a run on the testbed, at the node of the service productpage,
# loads it, and prints the latency distribution and the account of every frame. Where the testbed cannot run (no root, no
# eBPF), it says so and does the same with the recorded run in datasets/sample/.
set -euo pipefail

here=$(dirname "$0") # as it was called: the manifest keeps the command line
bin=${BIN:-$here/../build/bin}
dir=
rate=80
duration=30
overlay=vxlan
headers=proposed
family=b3
search_bytes=65536

usage() {
    cat <<'END'
Usage: datasets/measure.sh [--dir DIR] [--rate R] [--duration S] [--overlay vxlan|ipip]
                           [--headers proposed|original|original-gateway] [--family FAMILY] [--search-bytes N]

  --dir DIR           run directory to make (default: runs/N, the first N that is free)
  --rate R            requests per second (default 80, the paper's higher rate)
  --duration S        seconds of load (default 30)
  --overlay OVERLAY   what joins the nodes' pods: vxlan (default) or ipip
  --headers LAYOUT    where the sidecar writes the context: proposed (at the head, default), original (last), or
                      original-gateway (last, with less before it): see datasets/testbed/sidecar.md
  --family FAMILY     context that the sidecar writes: b3 (default), w3c, b3-single, jaeger, datadog, skywalking,
                      aws or google
  --search-bytes N    bytes of each head that the in-kernel search looks at (default 65536, the most)

The run directory gets conditions.json: what was chosen here, for who compares runs.
END
}

fail_usage() {
    echo "measure.sh: $1" >&2
    usage >&2
    exit 2
}

while [ $# -gt 0 ]; do
    case $1 in
    --help) usage; exit 0 ;;
    --dir | --rate | --duration | --overlay | --headers | --family | --search-bytes)
        [ $# -ge 2 ] || fail_usage "$1 needs a value"
        name=${1#--}
        declare "${name//-/_}=$2"
        shift 2
        ;;
    *) fail_usage "unexpected argument '$1'" ;;
    esac
done

[[ $search_bytes =~ ^[1-9][0-9]*$ ]] || fail_usage "--search-bytes is a number of bytes, not '$search_bytes'"

# The first runs/N that does not exist.
free_directory() {
    local n=1
    while [ -e "runs/$n" ]; do n=$((n + 1)); done
    mkdir -p runs
    echo "runs/$n"
}

# The run's conditions: one flat JSON object. Values are words that testbed.sh and load.sh have accepted.
write_conditions() {
    printf '{"overlay":"%s","headers":"%s","family":"%s","rate_per_s":%s,"duration_s":%s,"search_bytes":%s,"attached":"both","node":"productpage"}\n' \
        "$overlay" "$headers" "$family" "$rate" "$duration" "$search_bytes" > "$dir/conditions.json"
}

# Records on the testbed. capture runs in our namespace and opens its points in node 1's; the load starts when they are
# attached, and ends the recording.
record() {
    export MEASURE_DIR=$dir MEASURE_RATE=$rate MEASURE_DURATION=$duration MEASURE_SEARCH=$search_bytes MEASURE_BIN=$bin
    export MEASURE_LOAD=$here/testbed/load.sh TESTBED_IPIP_OBJECT=${TESTBED_IPIP_OBJECT:-$bin/../ipip.bpf.o}
    # shellcheck disable=SC2016
    "$here/testbed/testbed.sh" --overlay "$overlay" --headers "$headers" --family "$family" -- bash -c '
        exec "$MEASURE_BIN/capture" run --dir "$MEASURE_DIR" --netns "$TESTBED_NODE1_NETNS" \
            --point nic="$TESTBED_NIC" --point vport="$TESTBED_VPORT" --search-bytes "$MEASURE_SEARCH" --pcap \
            -- "$MEASURE_LOAD" --rate "$MEASURE_RATE" --duration "$MEASURE_DURATION" --log "$MEASURE_DIR/load.h2load"'
}

[ -n "$dir" ] || dir=$(free_directory)
if [ "$(id -u)" -ne 0 ]; then
    reason="not root"
elif ! reason=$("$bin/capture" check 2>&1); then
    : # it says why
else
    reason=
fi

if [ -z "$reason" ]; then
    echo "Recording $duration s at $rate requests/s on the testbed (four nodes, $overlay, headers $headers) into $dir"
    record
    write_conditions
else
    echo "This machine cannot record as it is: $reason" >&2
    echo "Using the recorded run in datasets/sample/ instead (copied to $dir)." >&2
    mkdir -p "$dir"
    cp -r "$here"/sample/*.zst "$here"/sample/*.json "$here"/sample/load.h2load "$dir/"
    chmod -R u+w "$dir"
fi
echo
"$bin/ingest" --dir "$dir"
echo
"$bin/analyze" cdf --dir "$dir" --term
echo
"$bin/analyze" ledger --dir "$dir"
echo
echo "Figure: $dir/reports/cdf.svg (and .pdf); its numbers: cdf.tsv, cdf.json. Every pair: analyze pairs --dir $dir"

#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# From a cluster to its packets, with one command: brings up the testbed as a cluster, takes a snapshot of it on every node, plans the tracing
# points of all pods, records every node by a process of its own around a load, loads it all, and draws the service graph and one request's way.
set -euo pipefail

here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
bin=${BIN:-$here/../build/bin}
dir=
rate=80
duration=10
overlay=vxlan
headers=proposed
kube_proxy=()

usage() {
    cat <<'END'
Usage: datasets/mesh.sh [--dir DIR] [--rate R] [--duration S] [--overlay vxlan|ipip]
                        [--headers proposed|original|original-gateway] [--kube-proxy]

  --dir DIR           campaign directory to make (default: runs/mesh-N, the first N that is free)
  --rate R            requests per second (default 80)
  --duration S        seconds of load (default 10)
  --overlay OVERLAY   what joins the nodes' pods: vxlan (default) or ipip
  --headers LAYOUT    where the sidecars write the context: see datasets/measure.sh
  --kube-proxy        services have addresses of their own, which each node turns into their pods'
END
}

fail_usage() {
    echo "mesh.sh: $1" >&2
    usage >&2
    exit 2
}

while [ $# -gt 0 ]; do
    case $1 in
    --help) usage; exit 0 ;;
    --kube-proxy) kube_proxy=(--kube-proxy); shift ;;
    --dir | --rate | --duration | --overlay | --headers)
        [ $# -ge 2 ] || fail_usage "$1 needs a value"
        declare "${1#--}=$2"
        shift 2
        ;;
    *) fail_usage "unexpected argument '$1'" ;;
    esac
done

# The first runs/mesh-N that does not exist.
free_directory() {
    local n=1
    while [ -e "runs/mesh-$n" ]; do n=$((n + 1)); done
    echo "runs/mesh-$n"
}

if [ "$(id -u)" -ne 0 ]; then
    echo "mesh.sh: not root: the testbed's network namespaces and the recording need it; run it again with sudo" >&2
    exit 1
fi
if ! reason=$("$bin/capture" check 2>&1); then
    echo "mesh.sh: this machine cannot record: $reason" >&2
    exit 1
fi
[ -n "$dir" ] || dir=$(free_directory)
[ ! -e "$dir/plan.json" ] || { echo "mesh.sh: $dir/plan.json exists already; name another --dir" >&2; exit 1; }
mkdir -p "$dir"
dir=$(cd "$dir" && pwd)

echo "Recording four nodes, $duration s at $rate requests/s ($overlay, headers $headers), into $dir"
export BIN=$bin TESTBED_IPIP_OBJECT=${TESTBED_IPIP_OBJECT:-$bin/../ipip.bpf.o}
"$here/testbed/testbed.sh" --cluster ${kube_proxy[@]+"${kube_proxy[@]}"} --overlay "$overlay" --headers "$headers" -- \
    "$here/testbed/record_mesh.sh" --dir "$dir" --rate "$rate" --duration "$duration"
echo
"$bin/ingest" --dir "$dir"
echo
"$bin/analyze" topology --dir "$dir"
echo
trace=$("$bin/analyze" pairs --dir "$dir/node1" --format tsv | awk '!/^#/ && !found { print $9; found = 1 }')
if [ -n "$trace" ]; then
    "$bin/analyze" trace "$trace" --dir "$dir"
    echo
fi
echo "Another request: analyze trace ID --dir $dir; what each edge's packets waited: analyze cdf --by edge --dir $dir"

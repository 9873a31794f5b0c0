#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# Records all four nodes of the testbed at once, as it is done on a cluster: each node collects what its tools say, one plan is made of it, each node
# carries it out with a process of its own, and the mesh's spans are asked for at the end. Runs as (part of) the command of testbed.sh --cluster.
set -euo pipefail

here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
bin=${BIN:-$here/../../build/bin}
dir=
rate=80
duration=10
plan=(--all)
run=()
pids=() # captures

usage() {
    cat <<'END'
usage: record_mesh.sh --dir DIR [--rate R] [--duration S] [--plan-option WORD]... [-- OPTION...]

  --dir DIR             campaign directory to make: cluster/, plan.json, node1/ ... node4/, each a run
  --rate R              requests per second (default 80)
  --duration S          seconds of load (default 10)
  --plan-option WORD    a word for `capture plan` in place of --all; may be given again
  OPTION...             for `capture run`

BIN names the folder of the programs (default build/bin).
END
}

# complain TEXT: one line to stderr.
complain() {
    printf 'record_mesh: %s\n' "$1" >&2
}

# parse_arguments ARG...: sets dir, rate, duration, plan, run; exits 2 on wrong usage, 0 after --help.
parse_arguments() {
    local words=()
    while (($#)); do
        case $1 in
            --help | -h) usage; exit 0 ;;
            --dir | --rate | --duration | --plan-option)
                (($# >= 2)) || { complain "$1 needs a value"; usage >&2; exit 2; }
                if [[ $1 == --plan-option ]]; then words+=("$2"); else printf -v "${1#--}" %s "$2"; fi
                shift 2
                ;;
            --) shift; run=("$@"); break ;;
            *) complain "unknown argument '$1'"; usage >&2; exit 2 ;;
        esac
    done
    [[ -n $dir ]] || { complain '--dir is missing'; usage >&2; exit 2; }
    ((${#words[@]} == 0)) || plan=("${words[@]}")
}

# netns N: the network namespace of node N.
netns() {
    local variable=TESTBED_NODE$1_NETNS
    printf %s "${!variable}"
}

# collect_nodes: a snapshot by all nodes at once, into one directory.
collect_nodes() {
    local node collectors=() pid
    for node in 1 2 3 4; do
        PATH=$TESTBED_CLUSTER_BIN:$PATH "$bin/capture" collect --dir "$dir" --node "node$node" --netns "$(netns "$node")" --quiet &
        collectors+=($!)
    done
    for pid in "${collectors[@]}"; do wait "$pid"; done
}

# start_captures: one a node; returns when all are attached.
start_captures() {
    local node deadline=$((SECONDS + 60))
    for node in 1 2 3 4; do
        "$bin/capture" run --dir "$dir/node$node" --plan "$dir/plan.json" --node "node$node" --netns "$(netns "$node")" --quiet \
            ${run[@]+"${run[@]}"} &
        pids+=($!)
    done
    for node in 1 2 3 4; do
        until [[ -e $dir/node$node/run.json ]]; do
            kill -0 "${pids[node - 1]}" 2>/dev/null || { complain "the recording of node $node has ended"; exit 1; }
            ((SECONDS < deadline)) || { complain "the recording of node $node has not begun after 60 s"; exit 1; }
            sleep 0.05
        done
    done
}

# end_captures: all end in good order; returns 1 if one failed.
end_captures() {
    local pid status=0
    kill -INT "${pids[@]}" 2>/dev/null || true
    for pid in "${pids[@]}"; do wait "$pid" || status=1; done
    pids=()
    return "$status"
}

# clean_up: the EXIT trap: no capture is left running.
clean_up() {
    trap '' INT TERM HUP
    ((${#pids[@]} == 0)) || end_captures || true
}

parse_arguments "$@"
[[ -n ${TESTBED_CLUSTER_BIN-} ]] || { complain 'no cluster: run it as a command of testbed.sh --cluster'; exit 1; }
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP
mkdir -p "$dir"
collect_nodes
"$bin/capture" plan --dir "$dir" "${plan[@]}"
start_captures
# the client asks the gateway, which is on node 4
"$here/load.sh" --rate "$rate" --duration "$duration" --log "$dir/node4/load.h2load"
end_captures
"$bin/capture" collect --dir "$dir" --node node1 --only traces,dependencies --jaeger "$TESTBED_JAEGER_URL" --timeout 120 --quiet

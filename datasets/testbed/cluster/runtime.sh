#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# The testbed's stand-in for the container runtimes' tools, run as TESTBED_CLUSTER_BIN/crictl, docker, nerdctl or ctr: answers from the lists
# that lists.py wrote, as the tool of the node whose network namespace it runs in. Where that node has another runtime, it fails as the tool does.
set -euo pipefail

top=$(dirname -- "${BASH_SOURCE[0]}")/..
tool=${0##*/}
here=$(stat -Lc %i /proc/self/ns/net)
node=$(awk -v inode="$here" '$1 == inode { print $2 }' "$top/nodes")
answers=$top/$node/$tool

# complain TEXT: and ends.
complain() {
    printf '%s\n' "$1" >&2
    exit 1
}

if [[ -z $node || ! -d $answers ]]; then
    case $tool in
        crictl) complain 'time="2026-01-05T08:00:00Z" level=fatal msg="validate service connection: CRI v1 runtime API is not implemented for endpoint \"unix:///run/containerd/containerd.sock\": rpc error: code = Unavailable desc = connection error: desc = \"transport: Error while dialing dial unix /run/containerd/containerd.sock: connect: no such file or directory\""' ;;
        docker) complain 'Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?' ;;
        nerdctl) complain 'time="2026-01-05T08:00:00Z" level=fatal msg="cannot access containerd socket \"/run/containerd/containerd.sock\": no such file or directory"' ;;
        *) complain 'ctr: failed to dial "/run/containerd/containerd.sock": connection error: desc = "transport: error while dialing: dial unix /run/containerd/containerd.sock: connect: no such file or directory"' ;;
    esac
fi
case "$tool $*" in
    'crictl ps -o json') list="ps" ;;
    'crictl pods -o json') list=pods ;;
    'crictl inspect '* | 'crictl inspectp '* | 'docker inspect '*) list=$1-$2 ;;
    'docker ps --no-trunc -q' | 'nerdctl --namespace k8s.io ps --no-trunc -q') list="ps" ;;
    'nerdctl --namespace k8s.io inspect '*) list=inspect-$4 ;;
    'ctr --namespace k8s.io tasks list') list=tasks ;;
    *) complain "$tool: this stand-in does not know '$*'" ;;
esac
[[ $list =~ ^[a-z0-9-]+$ && -r $answers/$list ]] || complain "Error: No such object: ${*: -1}"
cat -- "$answers/$list"

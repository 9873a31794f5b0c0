#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# The testbed's stand-in for kubectl: answers `kubectl get KIND -o json` and `kubectl version -o json` from the lists that lists.py wrote.
# Run as TESTBED_CLUSTER_BIN/kubectl.
set -euo pipefail

top=$(dirname -- "${BASH_SOURCE[0]}")/..
words=()
namespace=
selector=

# complain TEXT: as kubectl does, and ends.
complain() {
    printf 'error: %s\n' "$1" >&2
    exit 1
}

while (($#)); do
    case $1 in
        --kubeconfig) [[ -r $2 ]] || complain "stat $2: no such file or directory"; shift 2 ;;
        --namespace | -n) namespace=$2; shift 2 ;;
        --field-selector) selector=$2; shift 2 ;;
        -o) [[ $2 == json ]] || complain "unable to match a printer suitable for the output format \"$2\""; shift 2 ;;
        --all-namespaces | -A) shift ;;
        -*) complain "unknown flag: $1" ;;
        *) words+=("$1"); shift ;;
    esac
done

case "${words[*]}:$selector" in
    version:) list=kubectl-version ;;
    'get configmap:metadata.name=kube-flannel-cfg') list=flannel ;;
    'get configmap:metadata.name=cilium-config') list=cilium ;;
    'get peerauthentications.security.istio.io:') list=peerauthentications ;;
    'get ippools.crd.projectcalico.org:') list=ippools ;;
    'get '*:) list=${words[1]} ;;
    *) complain "unknown command \"${words[*]}\" for \"kubectl\"" ;;
esac
[[ $list =~ ^[a-z-]+$ && -r $top/kubectl/$list.json ]] || complain "the server doesn't have a resource type \"${words[1]%%.*}\""
if [[ -z $namespace ]]; then
    cat -- "$top/kubectl/$list.json"
else
    python3 -c '
import json, sys
value = json.load(open(sys.argv[1]))
value["items"] = [item for item in value["items"] if item["metadata"].get("namespace") in (None, sys.argv[2])]
print(json.dumps(value, indent=4, sort_keys=True))' "$top/kubectl/$list.json" "$namespace"
fi

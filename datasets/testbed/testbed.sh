#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# Runs a command beside a service mesh on this machine: four nodes with an overlay between them, Bookinfo's services and an ingress gateway in
# pods, a client. Brings it up, runs the command, takes everything down. README.md draws it.
set -euo pipefail

# The caller's variables, whatever this script gives its own of the same names: COMMAND gets them as they are.
mapfile -t -d '' callers_environment </proc/$$/environ

here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
readonly here callers_environment

overlay=vxlan
headers=proposed
family=b3
cluster=         # non-empty: with stand-ins for a cluster's tools
kube_proxy=      # non-empty: services have addresses of their own
name=wirespan-$$
command=()
# shellcheck disable=SC2034 # network.sh reads it
ipip_object=${TESTBED_IPIP_OBJECT:-$here/../../build/ipip.bpf.o}

dir=             # temp dir, once made
command_pid=     # COMMAND, while it runs
bringing_up=     # non-empty until the first request is answered
signalled=       # non-empty when a signal came while COMMAND ran

# usage: prints the synopsis to stdout.
usage() {
    cat <<'TEXT'
usage: testbed.sh [--overlay vxlan|ipip] [--headers proposed|original|original-gateway]
                  [--family LIST] [--cluster] [--kube-proxy] [--name NAME] -- COMMAND [ARG...]

Brings the testbed up, runs COMMAND, takes the testbed down, exits with COMMAND's exit status.
Needs root.

  --overlay vxlan|ipip  what joins the nodes' pods (default vxlan, port 8472); ipip needs
                        build/ipip.bpf.o (made by make), or another TESTBED_IPIP_OBJECT
  --headers LAYOUT      where the proxies write the tracing context:
                          proposed          at the head, after the request line (default)
                          original          last, behind about 1 KB of peer metadata
                          original-gateway  last, with metadata from the gateway only
  --family LIST         headers of the tracing context (default b3): w3c, b3, b3-single, jaeger, datadog,
                        skywalking, aws, google, and x-my-id, a header that is nobody's standard;
                        several, joined by commas, are sent together
  --cluster             as a cluster: stand-ins for kubectl, crictl, docker, nerdctl, ctr and Jaeger, which know
                        the pods that run here (needs python3, curl)
  --kube-proxy          with it, services have addresses of their own (10.96.x.y), which rules in the nodes turn into
                        their pods', as kube-proxy's do, and the gateway has a node port (needs iptables)
  --name NAME           prefix of the network namespaces' names (default wirespan-PID);
                        letters, digits, dot, dash, underscore; different names run side by side

COMMAND finds in its environment:
  TESTBED_NODE1_NETNS ... TESTBED_NODE4_NETNS   the nodes' network namespaces (ip netns exec)
  TESTBED_PRODUCTPAGE_NETNS TESTBED_DETAILS_NETNS TESTBED_REVIEWS_NETNS TESTBED_RATINGS_NETNS
                                                the services' pods, on nodes 1, 2, 3, 4
  TESTBED_GATEWAY_NETNS TESTBED_CLIENT_NETNS    the ingress gateway's pod, on node 4; the client
  TESTBED_NIC TESTBED_VPORT                     a node's two tracing points: its NIC, and the
                                                host end of the veth of its service's pod
  TESTBED_GATEWAY_VPORT                         that of the gateway's pod, in node 4
  TESTBED_URL                                   what the client asks the gateway for
  TESTBED_DIR                                   temp dir, removed at the end
  TESTBED_OVERLAY TESTBED_HEADERS TESTBED_FAMILY  as chosen
and with --cluster:
  TESTBED_CLUSTER_BIN                           folder of the stand-ins, for the front of PATH; crictl, docker, nerdctl and ctr
                                                answer for the node whose network namespace they run in
  TESTBED_JAEGER_URL                            Jaeger's, with the spans that the proxies measured
  TESTBED_SCALE                                 `TESTBED_SCALE up reviews` gives reviews a second pod, 10.244.2.12 on
                                                node 2 (vport1); `down reviews` takes it away
TEXT
}

# complain TEXT: one line to stderr.
complain() {
    printf 'testbed: %s\n' "$1" >&2
}

# usage_error TEXT: complains and exits 2.
usage_error() {
    complain "$1"
    usage >&2
    exit 2
}

# parse_arguments ARG...: sets overlay, headers, family, name and command; exits 2 on wrong usage, 0 after --help.
parse_arguments() {
    while (($#)); do
        case $1 in
            --help | -h) usage; exit 0 ;;
            --overlay | --headers | --family | --name)
                (($# >= 2)) || usage_error "$1 needs a value"
                printf -v "${1#--}" %s "$2"
                shift 2
                ;;
            --cluster) cluster=yes; shift ;;
            --kube-proxy) cluster=yes kube_proxy=yes; shift ;;
            --) shift; command=("$@"); break ;;
            *) usage_error "unknown argument '$1' (COMMAND comes after --)" ;;
        esac
    done
    [[ $overlay == vxlan || $overlay == ipip ]] || usage_error "--overlay is vxlan or ipip, not '$overlay'"
    [[ $headers == proposed || $headers == original || $headers == original-gateway ]] ||
        usage_error "--headers is proposed, original or original-gateway, not '$headers'"
    local known='(w3c|b3|b3-single|jaeger|datadog|skywalking|aws|google|x-my-id)'
    [[ $family =~ ^$known(,$known)*$ ]] || usage_error "--family is one or more of ${known//|/, }, joined by commas, not '$family'"
    [[ $name =~ ^[A-Za-z0-9_][A-Za-z0-9._-]{0,63}$ ]] || usage_error "--name '$name': letters, digits, . - _ only, at most 64"
    ((${#command[@]})) || usage_error 'no COMMAND given'
}

# bring_up: the whole testbed; exits 1 if it fails.
bring_up() {
    bringing_up=yes
    dir=$(mktemp -d "${TMPDIR:-/tmp}/wirespan-testbed.XXXXXX")
    make_network
    write_configurations
    [[ -z $cluster ]] || prepare_cluster
    start_mesh
    [[ -z $cluster ]] || start_cluster
    bringing_up=
}

# end_processes PID...: asks them to end, waits up to 2 s, then kills. They need not be children.
end_processes() {
    local pid left tries
    kill -TERM "$@" 2>/dev/null || true
    for ((tries = 0; tries < 40; tries++)); do
        left=
        for pid in "$@"; do
            if kill -0 "$pid" 2>/dev/null; then left=yes; fi
        done
        [[ -n $left ]] || return 0
        sleep 0.05
    done
    kill -KILL "$@" 2>/dev/null || true
}

# take_down: the EXIT trap. Removes all that this run made, however far it came; keeps the exit status.
take_down() {
    local status=$?
    trap '' INT TERM HUP
    set +e
    if [[ -n $bringing_up ]]; then
        complain 'bring-up failed; taking down'
        [[ -z $dir ]] || show_logs
        [[ -z ${!-} ]] || nginx_pids+=("$!") # started, but perhaps not yet noted
    fi
    stop_cluster
    stop_mesh
    remove_network
    [[ -z $dir ]] || rm -rf -- "$dir"
    exit "$status"
}

# family_tree PID: prints PID and the pids of all its descendants. cat, because awk gives up at a process that is gone when its turn comes.
family_tree() {
    cat /proc/[0-9]*/status 2>/dev/null | awk -v root="$1" '
        /^Pid:/ { pid = $2 }
        /^PPid:/ { children[$2] = children[$2] " " pid }
        END {
            tree = root
            n = split(tree, queue, " ")
            for (i = 1; i <= n; i++) {
                count = split(children[queue[i]], more, " ")
                for (j = 1; j <= count; j++) queue[++n] = more[j]
                print queue[i]
            }
        }' || true
}

# terminal_is_ours: true if this process group is its terminal's foreground group, to which ^C goes as a whole.
terminal_is_ours() {
    local stat pgrp tpgid
    read -r stat </proc/$$/stat
    # after "pid (name) ": state ppid pgrp session tty_nr tpgid
    read -r _ _ pgrp _ _ tpgid _ <<<"${stat##*) }"
    [[ $pgrp == "$tpgid" ]]
}

# pass_on SIGNAL: the trap while COMMAND runs. Gives the signal to COMMAND and its descendants and lets COMMAND end in its own time
# on INT (which a terminal has sent it already), within 10 s on TERM and HUP.
pass_on() {
    local tree tries
    : "${command_pid:=$!}"
    [[ $command_pid != "${nginx_pids[-1]}" && $command_pid != "$jaeger_pid" ]] || exit $((128 + $(kill -l "$1"))) # COMMAND was not yet started
    signalled=yes
    if [[ $1 == INT ]] && terminal_is_ours; then return 0; fi # a bare return would return what the signal interrupted
    mapfile -t tree < <(family_tree "$command_pid")
    kill "-$1" "${tree[@]}" 2>/dev/null || true
    [[ $1 != INT ]] || return 0
    for ((tries = 0; tries < 100; tries++)); do
        kill -0 "$command_pid" 2>/dev/null || return 0
        sleep 0.1
    done
    complain 'COMMAND did not end within 10 s: killing it'
    mapfile -t tree < <(family_tree "$command_pid")
    kill -KILL "${tree[@]}" 2>/dev/null || true
}

# testbed_variables: sets variables, what COMMAND finds in its environment beside its caller's.
testbed_variables() {
    local role
    for role in node1 node2 node3 node4 productpage details reviews ratings gateway client; do
        variables+=("TESTBED_${role^^}_NETNS=$name-$role")
    done
    variables+=(TESTBED_NIC=eth0 TESTBED_VPORT=vport0 TESTBED_GATEWAY_VPORT=vport1
        "TESTBED_URL=http://10.244.4.11:$gateway_port/productpage" "TESTBED_DIR=$dir"
        "TESTBED_OVERLAY=$overlay" "TESTBED_HEADERS=$headers" "TESTBED_FAMILY=$family")
    [[ -z $cluster ]] || cluster_variables
}

# run_command: runs COMMAND with the caller's stdin and process group, returns its exit status.
run_command() {
    local status variables=()
    testbed_variables
    trap 'pass_on INT' INT
    trap 'pass_on TERM' TERM
    trap 'pass_on HUP' HUP
    # In the background, because bash runs traps only after a foreground command; a background command would ignore ^C.
    (
        trap - INT QUIT
        exec env -i "${callers_environment[@]}" "${variables[@]}" "${command[@]}"
    ) <&0 &
    : "${command_pid:=$!}"
    signalled=again
    while [[ -n $signalled ]]; do
        signalled=
        status=0
        wait "$command_pid" 2>/dev/null || status=$?
    done
    return "$status"
}

# shellcheck source=datasets/testbed/network.sh
source "$here/network.sh"
# shellcheck source=datasets/testbed/mesh.sh
source "$here/mesh.sh"
# shellcheck source=datasets/testbed/cluster.sh
source "$here/cluster.sh"
parse_arguments "$@"
[[ -z $cluster ]] || roles+=("$scaled_role")
check_network
check_mesh
[[ -z $cluster ]] || check_cluster
trap take_down EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
trap 'exit 129' HUP
bring_up
run_command

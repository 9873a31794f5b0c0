#!/usr/bin/env bash
# Runs a command beside a small container network on this machine: two nodes, two pods with nginx applications and
# sidecars, VXLAN between the nodes. Brings it up, runs the command, takes everything down. README.md draws it.
set -euo pipefail

here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
readonly here

family=b3
name=wirespan-$$
command=()

dir=             # temp dir, once made
namespaces=()    # those that this run made, and only those
nginx_pids=()    # nginx masters
command_pid=     # COMMAND, while it runs
bringing_up=     # non-empty until the first request is answered
signalled=       # non-empty when a signal came while COMMAND ran

# usage: prints the synopsis to stdout.
usage() {
    cat <<'TEXT'
usage: testbed.sh [--family b3|w3c] [--name NAME] -- COMMAND [ARG...]

Brings the testbed up, runs COMMAND, takes the testbed down, exits with COMMAND's exit status.
Needs root.

  --family b3|w3c  headers of the tracing context (default b3)
  --name NAME      prefix of the network namespaces' names (default wirespan-PID);
                   letters, digits, dot, dash, underscore; different names run side by side

COMMAND finds in its environment:
  TESTBED_NODE1_NETNS TESTBED_NODE2_NETNS   the nodes' network namespaces (ip netns exec)
  TESTBED_FRONT_NETNS TESTBED_BACK_NETNS    the pods' network namespaces
  TESTBED_NIC TESTBED_VPORT                 the two tracing points' devices, in either node
  TESTBED_URL                               what the load asks for, from the back pod
  TESTBED_DIR                               temp dir, removed at the end
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

# parse_arguments ARG...: sets family, name and command; exits 2 on wrong usage, 0 after --help.
parse_arguments() {
    while (($#)); do
        case $1 in
            --help | -h) usage; exit 0 ;;
            --family | --name)
                (($# >= 2)) || usage_error "$1 needs a value"
                printf -v "${1#--}" %s "$2"
                shift 2
                ;;
            --) shift; command=("$@"); break ;;
            *) usage_error "unknown argument '$1' (COMMAND comes after --)" ;;
        esac
    done
    [[ $family == b3 || $family == w3c ]] || usage_error "--family is b3 or w3c, not '$family'"
    [[ $name =~ ^[A-Za-z0-9_][A-Za-z0-9._-]{0,63}$ ]] || usage_error "--name '$name': letters, digits, . - _ only, at most 64"
    ((${#command[@]})) || usage_error 'no COMMAND given'
}

# check_prerequisites: exits 1 with what to do if this machine cannot run a testbed; changes nothing.
check_prerequisites() {
    ((EUID == 0)) || { complain 'network namespaces need root: run it again as root (sudo)'; exit 1; }
    command -v ip >/dev/null || { complain 'ip is missing: install iproute2'; exit 1; }
    command -v nginx >/dev/null || { complain 'nginx is missing: install nginx (its service need not run)'; exit 1; }
    command -v setsid >/dev/null || { complain 'setsid is missing: install util-linux'; exit 1; }
    local node
    for node in underlay node1 node2 front back; do
        [[ ! -e /run/netns/$name-$node ]] || {
            complain "namespace $name-$node exists: another testbed of this name runs (use another --name), or a killed one left it (ip netns del $name-$node)"
            exit 1
        }
    done
}

# try_device TYPE WORD...: makes a device in the underlay namespace and removes it; exits 1 if the kernel cannot.
try_device() {
    local error
    if ! error=$(ip -n "$name-underlay" link add try0 type "$@" 2>&1); then
        complain "this kernel cannot make a $1 device ($error): load its module (modprobe $1) or boot a kernel with it"
        exit 1
    fi
    ip -n "$name-underlay" link del try0
}

# make_namespaces: makes the five namespaces with loopback up and notes them for cleanup; exits 1 if not allowed.
make_namespaces() {
    local role error
    for role in underlay node1 node2 front back; do
        namespaces+=("$name-$role") # noted first: a signal may come right after it is made
        if ! error=$(ip netns add "$name-$role" 2>&1); then
            unset 'namespaces[-1]'
            complain "cannot make a network namespace ($error): root with CAP_SYS_ADMIN and a writable /run/netns are needed; in a container run it privileged"
            exit 1
        fi
        ip -n "$name-$role" link set lo up
    done
}

# set_sysctl NETNS KEY VALUE: KEY is a path below /proc/sys/net/.
set_sysctl() {
    ip netns exec "$1" tee "/proc/sys/net/$2" <<<"$3" >/dev/null
}

# make_underlay: a bridge in its own namespace, the nodes' network.
make_underlay() {
    ip -n "$name-underlay" link add br0 type bridge
    ip -n "$name-underlay" link set br0 up
}

# vxlan_mac N: the fixed address of node N's VXLAN device.
vxlan_mac() {
    printf '02:00:00:00:77:%02x' "$1"
}

# make_node N PEER: node N with its NIC on the bridge and a VXLAN device that knows node PEER (flannel's way: nothing is learned or asked for).
make_node() {
    local node=$1 peer=$2 ns=$name-node$1
    ip -n "$name-underlay" link add "node$node" type veth peer name eth0 netns "$ns"
    ip -n "$name-underlay" link set "node$node" master br0 up
    ip -n "$ns" addr add "192.168.77.$node/24" dev eth0
    ip -n "$ns" link set eth0 mtu 1500 up
    ip -n "$ns" link add vxlan1 address "$(vxlan_mac "$node")" type vxlan id 1 local "192.168.77.$node" dev eth0 dstport 8472 nolearning
    ip -n "$ns" addr add "10.244.$node.0/32" dev vxlan1
    ip -n "$ns" link set vxlan1 mtu 1450 up
    ip -n "$ns" neigh add "10.244.$peer.0" lladdr "$(vxlan_mac "$peer")" dev vxlan1 nud permanent
    bridge -n "$ns" fdb add "$(vxlan_mac "$peer")" dev vxlan1 dst "192.168.77.$peer" self permanent
    ip -n "$ns" route add "10.244.$peer.0/24" via "10.244.$peer.0" dev vxlan1 onlink
    set_sysctl "$ns" ipv4/ip_forward 1
}

# make_pod ROLE N: pod ROLE (10.244.N.10) on node N, its veth's host end vport0 in the node (Calico's way: /32 and a link-local gateway).
make_pod() {
    local ns=$name-$1 node=$name-node$2 ip=10.244.$2.10
    ip -n "$node" link add vport0 address ee:ee:ee:ee:ee:ee type veth peer name eth0 address "$(printf '02:00:00:00:10:%02x' "$2")" netns "$ns"
    ip -n "$node" link set vport0 mtu 1450 up
    ip -n "$node" neigh add "$ip" lladdr "$(printf '02:00:00:00:10:%02x' "$2")" dev vport0 nud permanent
    ip -n "$node" route add "$ip/32" dev vport0 scope link
    ip -n "$ns" addr add "$ip/32" dev eth0
    ip -n "$ns" link set eth0 mtu 1450 up
    ip -n "$ns" neigh add 169.254.1.1 lladdr ee:ee:ee:ee:ee:ee dev eth0 nud permanent
    ip -n "$ns" route add 169.254.1.1 dev eth0 scope link
    ip -n "$ns" route add default via 169.254.1.1
}

# write_configurations: fills nginx/*.conf in to TESTBED_DIR, sidecar.conf once for each pod.
write_configurations() {
    local body file
    printf -v body '%2000s' ''
    body="back: ${body// /.}"
    for file in main http front-app back-app; do
        sed -e "s/@GROUP@/$(id -gn nobody)/" -e "s/@BODY@/$body/" "$here/nginx/$file.conf" >"$dir/$file.conf"
    done
    write_sidecar front 1 back 2
    write_sidecar back 2 front 1
}

# write_sidecar POD N PEER M: the sidecar's configuration for pod POD on node N, whose outbound requests go to PEER on node M.
write_sidecar() {
    sed -e "s/@FAMILY@/$family/g" -e "s/@POD@/$1/g" -e "s/@POD_IP@/10.244.$2.10/g" \
        -e "s/@PEER@/$3/g" -e "s/@PEER_IP@/10.244.$4.10/g" "$here/nginx/sidecar.conf" >"$dir/$1-sidecar.conf"
}

# start_nginx POD WHAT: starts $dir/POD-WHAT.conf in the pod's namespace, in a session of its own (a terminal's ^C is not for
# nginx), with none of the caller's files open (a pipe that nginx held would hang its reader). Notes the master's pid.
start_nginx() {
    local prefix=$dir/$1-$2
    mkdir "$prefix"
    (
        for fd in /proc/"$BASHPID"/fd/*; do
            fd=${fd##*/}
            ((fd <= 2)) || exec {fd}>&-
        done
        exec setsid ip netns exec "$name-$1" nginx -p "$prefix/" -c "$prefix.conf" -e "$prefix/error.log"
    ) </dev/null >"$prefix/start.log" 2>&1 &
    nginx_pids+=($!)
}

# answers: true if one request through the whole testbed is answered 200.
answers() {
    local status
    # shellcheck disable=SC2016 # the variables belong to the inner shell
    status=$(ip netns exec "$name-back" timeout 2 bash -c '
        exec 3<>/dev/tcp/127.0.0.1/15001
        printf "GET /front HTTP/1.1\r\nhost: front\r\nconnection: close\r\n\r\n" >&3
        read -r _ status _ <&3
        echo "$status"' 2>/dev/null) && [[ $status == 200 ]]
}

# wait_until_answered: returns when a request is answered 200; exits 1 if an nginx ends or 10 s pass.
wait_until_answered() {
    local deadline=$((SECONDS + 10)) pid
    until answers; do
        for pid in "${nginx_pids[@]}"; do
            kill -0 "$pid" 2>/dev/null || { complain 'an nginx ended at once'; exit 1; }
        done
        ((SECONDS < deadline)) || { complain 'no request was answered 200 within 10 s'; exit 1; }
        sleep 0.05
    done
}

# bring_up: the whole testbed; exits 1 if it fails.
bring_up() {
    bringing_up=yes
    dir=$(mktemp -d "${TMPDIR:-/tmp}/wirespan-testbed.XXXXXX")
    make_namespaces
    try_device vxlan id 1 dstport 8472
    try_device veth
    make_underlay
    make_node 1 2
    make_node 2 1
    make_pod front 1
    make_pod back 2
    write_configurations
    start_nginx back app
    start_nginx back sidecar
    start_nginx front app
    start_nginx front sidecar
    wait_until_answered
    bringing_up=
}

# show_logs: the ends of what nginx said, to stderr.
show_logs() {
    local log
    for log in "$dir"/*/*.log; do
        [[ -s $log ]] || continue
        complain "end of ${log#"$dir"/}:"
        tail -n 5 "$log" >&2
    done
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
    local status=$? ns pids=()
    trap '' INT TERM HUP
    set +e
    if [[ -n $bringing_up ]]; then
        complain 'bring-up failed; taking down'
        [[ -z $dir ]] || show_logs
        [[ -z ${!-} ]] || nginx_pids+=("$!") # started, but perhaps not yet noted
    fi
    ((${#nginx_pids[@]})) && end_processes "${nginx_pids[@]}" && wait "${nginx_pids[@]}" 2>/dev/null
    for ns in "${namespaces[@]}"; do
        # Whatever else COMMAND left running in there would keep the namespace alive without a name.
        mapfile -t pids < <(ip netns pids "$ns")
        ((${#pids[@]})) && end_processes "${pids[@]}"
        ip netns del "$ns"
    done
    [[ -z $dir ]] || rm -rf -- "$dir"
    exit "$status"
}

# family_tree PID: prints PID and the pids of all its descendants.
family_tree() {
    awk -v root="$1" '
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
        }' /proc/[0-9]*/status 2>/dev/null || true
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
    [[ $command_pid != "${nginx_pids[-1]}" ]] || exit $((128 + $(kill -l "$1"))) # COMMAND was not yet started
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

# run_command: runs COMMAND with the caller's stdin and process group, returns its exit status.
run_command() {
    local status
    export TESTBED_NODE1_NETNS=$name-node1 TESTBED_NODE2_NETNS=$name-node2
    export TESTBED_FRONT_NETNS=$name-front TESTBED_BACK_NETNS=$name-back
    export TESTBED_NIC=eth0 TESTBED_VPORT=vport0
    export TESTBED_URL=http://127.0.0.1:15001/front TESTBED_DIR=$dir
    trap 'pass_on INT' INT
    trap 'pass_on TERM' TERM
    trap 'pass_on HUP' HUP
    # In the background, because bash runs traps only after a foreground command; a background command would ignore ^C.
    (
        trap - INT QUIT
        exec "${command[@]}"
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

parse_arguments "$@"
check_prerequisites
trap take_down EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
trap 'exit 129' HUP
bring_up
run_command

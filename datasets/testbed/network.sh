# shellcheck shell=bash
# shellcheck disable=SC2154 # testbed.sh sets them
# SPDX-License-Identifier: BSD-2-Clause
# The testbed's network, sourced by testbed.sh: namespaces, nodes, overlay, pods. It reads $name, $overlay and $ipip_object, and
# notes in $namespaces what it made. README.md draws it; ipip.bpf.c computes with the same addresses.

readonly n_nodes=4
roles=(underlay client node1 node2 node3 node4 productpage details reviews ratings gateway)
# The pods: service, node, last byte of the address, vport in the node (the paper's Figure 6).
readonly pods=('productpage 1 10 vport0' 'details 2 10 vport0' 'reviews 3 10 vport0' 'ratings 4 10 vport0' 'gateway 4 11 vport1')

namespaces=() # those that this run made, and only those

# check_network: exits 1 with what to do if this machine cannot make the network; changes nothing.
check_network() {
    ((EUID == 0)) || { complain 'network namespaces need root: run it again as root (sudo)'; exit 1; }
    command -v ip >/dev/null || { complain 'ip is missing: install iproute2'; exit 1; }
    if [[ $overlay == ipip ]]; then
        command -v tc >/dev/null || { complain 'tc is missing: install iproute2'; exit 1; }
        [[ -r $ipip_object ]] || {
            complain "$ipip_object is missing, the programs of --overlay ipip: run make, or name the object in TESTBED_IPIP_OBJECT"
            exit 1
        }
    fi
    local role
    for role in "${roles[@]}"; do
        [[ ! -e /run/netns/$name-$role ]] || {
            complain "namespace $name-$role exists: another testbed of this name runs (use another --name), or a killed one left it (ip netns del $name-$role)"
            exit 1
        }
    done
}

# make_network: all of it, bottom up; exits 1 if the kernel cannot.
make_network() {
    local node pod
    make_namespaces
    try_device veth
    if [[ $overlay == vxlan ]]; then try_device vxlan id 1 dstport 8472; fi
    make_underlay
    for ((node = 1; node <= n_nodes; node++)); do
        make_node "$node"
        "make_$overlay" "$node"
    done
    for pod in "${pods[@]}"; do
        # shellcheck disable=SC2086 # a pod is words
        make_pod $pod
    done
}

# remove_network: ends what still runs in this run's namespaces, and removes them.
remove_network() {
    local ns pids
    for ns in "${namespaces[@]}"; do
        # Whatever COMMAND left running in there would keep the namespace alive without a name.
        mapfile -t pids < <(ip netns pids "$ns")
        ((${#pids[@]})) && end_processes "${pids[@]}"
        ip netns del "$ns"
    done
}

# make_namespaces: makes every namespace with loopback up and notes it for removal; exits 1 if not allowed.
make_namespaces() {
    local role error
    for role in "${roles[@]}"; do
        namespaces+=("$name-$role") # noted first: a signal may come right after it is made
        if ! error=$(ip netns add "$name-$role" 2>&1); then
            unset 'namespaces[-1]'
            complain "cannot make a network namespace ($error): root with CAP_SYS_ADMIN and a writable /run/netns are needed; in a container run it privileged"
            exit 1
        fi
        ip -n "$name-$role" link set lo up
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

# set_sysctl NETNS KEY VALUE: KEY is a path below /proc/sys/net/.
set_sysctl() {
    ip netns exec "$1" tee "/proc/sys/net/$2" <<<"$3" >/dev/null
}

# make_underlay: a bridge in its own namespace, the nodes' network, and the client on it, who knows the way to the gateway.
make_underlay() {
    ip -n "$name-underlay" -batch - <<END
link add br0 type bridge
link set br0 up
link add client type veth peer name eth0 netns $name-client
link set client master br0 up
END
    ip -n "$name-client" -batch - <<END
addr add 192.168.77.5/24 dev eth0
link set eth0 mtu 1500 up
route add 10.244.4.0/24 via 192.168.77.4
END
}

# make_node N: node N with its NIC on the bridge.
make_node() {
    ip -n "$name-underlay" -batch - <<END
link add node$1 type veth peer name eth0 netns $name-node$1
link set node$1 master br0 up
END
    ip -n "$name-node$1" -batch - <<END
addr add 192.168.77.$1/24 dev eth0
link set eth0 mtu 1500 up
END
    set_sysctl "$name-node$1" ipv4/ip_forward 1
}

# vxlan_mac N: the fixed address of node N's VXLAN device.
vxlan_mac() {
    printf '02:00:00:00:77:%02x' "$1"
}

# make_vxlan N: a VXLAN device in node N that knows the other nodes (flannel's way: nothing is learned or asked for).
make_vxlan() {
    local peer ns=$name-node$1
    ip -n "$ns" -batch - <<END
link add vxlan1 address $(vxlan_mac "$1") type vxlan id 1 local 192.168.77.$1 dev eth0 dstport 8472 nolearning
addr add 10.244.$1.0/32 dev vxlan1
link set vxlan1 mtu 1450 up
END
    for ((peer = 1; peer <= n_nodes; peer++)); do
        ((peer != $1)) || continue
        ip -n "$ns" neigh add "10.244.$peer.0" lladdr "$(vxlan_mac "$peer")" dev vxlan1 nud permanent
        bridge -n "$ns" fdb add "$(vxlan_mac "$peer")" dev vxlan1 dst "192.168.77.$peer" self permanent
        ip -n "$ns" route add "10.244.$peer.0/24" via "10.244.$peer.0" dev vxlan1 onlink
    done
}

# make_ipip N: the programs of ipip.bpf.c on node N's NIC, and routes to the other nodes' pods (Calico's way, but for the device).
make_ipip() {
    local peer hook error ns=$name-node$1
    for hook in qdisc egress ingress; do
        if ! error=$(attach_ipip "$ns" "$hook" 2>&1); then
            complain "cannot attach $ipip_object to a NIC at $hook ($error): the kernel needs clsact and cls_bpf, and its BPF must allow root to load programs"
            exit 1
        fi
    done
    for ((peer = 1; peer <= n_nodes; peer++)); do
        ((peer != $1)) || continue
        ip -n "$ns" route add "10.244.$peer.0/24" via "192.168.77.$peer" dev eth0 mtu 1480
    done
}

# attach_ipip NETNS HOOK: one step of it: the qdisc, or the program of egress or ingress.
attach_ipip() {
    if [[ $2 == qdisc ]]; then
        tc -n "$1" qdisc add dev eth0 clsact
    else
        tc -n "$1" filter add dev eth0 "$2" bpf direct-action object-file "$ipip_object" section "tc/$2"
    fi
}

# pod_mtu: the pods' MTU: the NIC's 1500 less what the overlay adds.
pod_mtu() {
    if [[ $overlay == vxlan ]]; then echo 1450; else echo 1480; fi
}

# make_pod SERVICE N HOST VPORT: the pod 10.244.N.HOST on node N, its veth's host end VPORT in the node (Calico's way: /32 and a link-local gateway).
make_pod() {
    local ns=$name-$1 node=$name-node$2 ip=10.244.$2.$3 mac mtu
    printf -v mac '02:00:00:00:%02x:%02x' "$2" "$3"
    mtu=$(pod_mtu)
    ip -n "$node" -batch - <<END
link add $4 address ee:ee:ee:ee:ee:ee type veth peer name eth0 address $mac netns $ns
link set $4 mtu $mtu up
neigh add $ip lladdr $mac dev $4 nud permanent
route add $ip/32 dev $4 scope link
END
    ip -n "$ns" -batch - <<END
addr add $ip/32 dev eth0
link set eth0 mtu $mtu up
neigh add 169.254.1.1 lladdr ee:ee:ee:ee:ee:ee dev eth0 nud permanent
route add 169.254.1.1 dev eth0 scope link
route add default via 169.254.1.1
END
}

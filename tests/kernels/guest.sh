#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# What runs in place of init in a kernel that run.sh boots: a client, a node and a server in network namespaces, VXLAN between
# client and node; records the client's requests at both of the node's interfaces by each hook, and holds the in-kernel program against
# the host's parser. All that it finds goes into /out, as a tar archive onto the drive; then it turns the machine off.
# busybox's shell.
set -u
export PATH=/bin:/sbin:/usr/bin:/usr/sbin HOME=/ TMPDIR=/tmp
/bin/busybox --install -s /bin
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
mkdir -p /run /tmp /out /var && ln -s /run /var/run
mount -t tmpfs tmpfs /run
mount -t tmpfs tmpfs /tmp
mount -t tmpfs tmpfs /out

# ip: iproute2's, not the shell's own.
ip() { /bin/ip "$@"; }

# say TEXT: a line on the console.
say() { echo "guest: $*" > /dev/console; }

# modules: in the order in which they need one another.
modules() {
    for module in /modules/*.ko; do
        insmod "$module" || { say "cannot load $module"; return 1; }
    done
    mkdir -p /dev/net
    [ -e /dev/net/tun ] || mknod /dev/net/tun c 10 200
}

# tunnel NETNS INTERFACE PEER ADDRESS: VXLAN to the peer.
tunnel() {
    ip -n "$1" link add vx type vxlan id 42 dstport 4789 remote "$3" dev "$2" &&
        ip -n "$1" address add "$4/24" dev vx && ip -n "$1" link set vx up
}

# An emulated machine may be slow to answer: nothing is to be sent again because of that.
network() {
    for netns in client node server; do
        ip netns add $netns && ip -n $netns link set lo up &&
            ip netns exec $netns sh -c 'echo 0 > /proc/sys/net/ipv4/tcp_early_retrans' || return
    done
    ip link add ca netns client type veth peer name na netns node && ip link add sb netns server type veth peer name nb netns node &&
        ip -n client address add 192.168.77.1/24 dev ca && ip -n node address add 192.168.77.2/24 dev na &&
        ip -n node address add 10.10.0.1/24 dev nb && ip -n server address add 10.10.0.2/24 dev sb &&
        ip -n client link set ca up && ip -n node link set na up && ip -n node link set nb up && ip -n server link set sb up &&
        tunnel client ca 192.168.77.2 10.9.0.1 && tunnel node na 192.168.77.1 10.9.0.2 &&
        ip -n client route add 10.10.0.0/24 via 10.9.0.2 rto_min 20s && ip -n server route add 10.9.0.0/24 via 10.10.0.1 rto_min 20s &&
        ip netns exec node sh -c 'echo 1 > /proc/sys/net/ipv4/ip_forward'
}

# keep NAME COMMAND...: runs it; /out/NAME has what it said, /out/NAME.status how it ended.
keep() {
    name=$1
    shift
    say "$name"
    "$@" > "/out/$name" 2>&1
    echo $? > "/out/$name.status"
}

# sent_again: segments that the client has sent more than once.
# shellcheck disable=SC2016 # awk's fields
sent_again() { /bin/ip netns exec client awk '/^Tcp: [0-9]/ { print $13 }' /proc/net/snmp; }

# record HOOK: what a recording needs is beside it: the requests that were sent. On a busy machine TCP may send something again, and
# then more is to be seen than was asked for: such a recording is made anew.
record() {
    for try in 1 2 3 4 5; do
        rm -rf "/out/$1"
        before=$(sent_again)
        # shellcheck disable=SC2016
        keep "record-$1" capture run --dir "/out/$1" --netns node --point nic=na --point vport=nb --pcap --hook "$1" --quiet -- \
            sh -c '/bin/ip netns exec client kernel_traffic send 10.10.0.2 8080 4 > "$0"' "/tmp/sent"
        mv /tmp/sent "/out/$1/sent"
        [ "$(sent_again)" != "$before" ] || return
        say "try $try: something was sent again"
    done
}

modules > /tmp/modules 2>&1 && network > /tmp/network 2>&1
echo $? > /out/network.status
cat /tmp/modules /tmp/network > /out/network
uname -r > /out/release
keep check capture check
ip netns exec server kernel_traffic serve 10.10.0.2 8080 &
for hook in socket tc clsact; do
    record $hook
done
# percent: from the kernel's command line
if [ -n "${percent-}" ]; then
    keep kernel_host kernel_host /tap.bpf.o 20240917 "$percent"
    keep kernel_host_tc kernel_host /tap.bpf.o 20240917 "$percent" tc
fi
dmesg > /out/dmesg
tar cf /dev/vda -C /out . && sync && say "done"
poweroff -f

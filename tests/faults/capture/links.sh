# shellcheck shell=bash
# shellcheck disable=SC2154 # capture.sh sets them
# SPDX-License-Identifier: BSD-2-Clause
# Interfaces and namespaces that go away, and come back. Sourced by capture.sh.

# renewed: the interfaces are others, of the same names.
renewed() {
    ip -n "$netns" link del wf0 && new_link "$netns"
}

# index: of wf0.
index() {
    ip -n "$netns" -j link show wf0 | jq '.[0].ifindex'
}

# gone_and_back OPTION...: the run ends, though the name leads to an interface again; the next one records that.
gone_and_back() {
    local before
    before=$(index)
    rm -rf "$work/back" "$work/back-2"
    begin back "$@" && equals 10 "$(send 10)" && sleep 0.3 && renewed && ends 1 && says "interface wf" && says "what was recorded before is kept" &&
        equals failed "$(json back .state)" && json back .failure | grep -q "^interface wf" && loads back && equals 20 "$(sql back 'SELECT count(*) FROM request')" &&
        works back-2 && equals "$before $(index)" "$before $(json back-2 '.points[0].ebpf.ifindex')" && [ "$before" -ne "$(index)" ]
}

# Down is as good as away, and up again is not as if nothing had been.
down_and_up() {
    begin down && ip -n "$netns" link set wf1 down && ip -n "$netns" link set wf1 up && ends 1 && says "went down or away: Network is down" &&
        equals failed "$(json down .state)" && works down-2
}

# It goes away when the run is about to end: that is not a complete recording.
gone_at_the_end() {
    local status=0
    "$bin/capture" run --dir "$work/at-end" "${points[@]}" --quiet -- ip -n "$netns" link del wf0 2> "$work/said" || status=$?
    said=$work/said
    cat "$said"
    new_link "$netns" && equals "1 failed" "$status $(json at-end .state)" && says "went down or away"
}

# The namespace's name is taken away. The recording ends: else its sockets would keep the namespace alive, with its interfaces, and nobody could
# reach it; and the one that gets the name next is another one.
namespace_deleted() {
    local other=$netns-other i points=(--netns "$netns-other" --point nic=wf0 --context w3c --no-bpf-stats)
    rm -rf "$work/deleted" "$work/deleted-2"
    new_netns "$other" && ip -n "$other" link add wf2 type veth peer name wf3 netns "$netns" && begin deleted "$@" && ip netns del "$other" &&
        ends 1 && says "network namespace $other: was deleted; what was recorded before is kept" && equals failed "$(json deleted .state)" || return 1
    for ((i = 0; i < 100; i++)); do
        ip -n "$netns" link show wf3 > /dev/null 2>&1 || break
        sleep 0.1
    done
    ! ip -n "$netns" link show wf3 2> /dev/null || { echo "the namespace is still there"; return 1; }
    new_netns "$other" && begin deleted-2 "$@" && kill -INT "$pid" && ends 0 && ip netns del "$other"
}

links() {
    check "an interface goes and comes back: the run ends, the next one works" gone_and_back
    check "the same, packet capture only" gone_and_back --no-ebpf --pcap
    check "an interface goes down and up: the run ends" down_and_up
    check "an interface goes just before the end: not complete" gone_at_the_end
    check "the namespace is deleted: the run ends, and lets it go" namespace_deleted
    check "the same, packet capture only" namespace_deleted --no-ebpf --pcap
}

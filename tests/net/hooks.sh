# shellcheck shell=bash
# shellcheck disable=SC2154 # run.sh sets them
# SPDX-License-Identifier: BSD-2-Clause
# The same traffic with the program at tc. Sourced by run.sh.

# tc_equals_pcap DIR: as records_equal_pcap; but what the testbed's own tc program wraps on its way out at the NIC of --overlay ipip, the tap at
# tc has seen before.
tc_equals_pcap() {
    local query="SELECT name, reason, family, families, malformed, flaw, flags, seq, hex(trace_id), hex(span_id), hex(parent_span_id), sampled,
        ctx_off, ctx_len, ids_end_off, n_segments, ctx_segment, ids_end_segment, searched_len, req_off, payload_len, tcp_flags,
        http_version, stream_id, hex(saddr), hex(daddr), sport, dport, CASE WHEN NOT (name = 'nic' AND hex(saddr) LIKE '%0AF4010A' AND $2)
        THEN frame_len || encap || vni || hex(outer_saddr) || hex(outer_daddr) || vlan END
        FROM request JOIN flow USING (flow_id) JOIN file ON file.file_id = request.file_id JOIN point USING (point_id) WHERE source ="
    rows_are_equal "$1" "$query"
}

# Contexts of the load at each point, by direction: a third on its way in.
directions() {
    equals "nic|1|$2 nic|2|$((2 * $2)) vport|1|$((2 * $2)) vport|2|$2 " "$(sql "$1" "SELECT name, direction, count(*) FROM request JOIN file
        USING (file_id) JOIN point USING (point_id) WHERE source = 'ebpf' AND reason = 16 GROUP BY 1, 2 ORDER BY 1, 2" | tr '\n' ' ')"
}

# said_hook DIR HOOK: run.json says where the program was.
said_hook() {
    equals "tc $2 $2" "$(jq -r '.configuration.hook + " " + ([.points[].ebpf.hook] | join(" "))' "$1/run.json")"
}

# attached NETNS: what is attached at the namespace's lo, of everybody's, on one line.
attached() {
    local hook
    bpftool link show | grep -o "^[0-9]*: tcx\|^[0-9]*: type 11" | wc -l
    for hook in ingress egress; do
        tc -n "$1" filter show dev lo $hook | grep -o 'tap_[a-z]*\|drop_one' | uniq
    done
}

# wait_for FILE: until a recording has begun.
wait_for() {
    local i
    for ((i = 0; i < 200; i++)); do
        [ ! -e "$1" ] || return 0
        sleep 0.05
    done
    return 1
}

# killed_at_tc HOOK: SIGKILL leaves nothing at tcx; at clsact what the next recording removes, beside another one that lives. Nobody else's
# filter is touched.
killed_at_tc() {
    local netns=wshook-$$ status=0
    ip netns add "$netns" && ip -n "$netns" link set lo up && mkdir -p "$work/killed-$1" || return 1
    (leaves "$netns" "$1" "$work/killed-$1") || status=1
    ip netns del "$netns"
    return $status
}

# leaves NETNS HOOK DIR
leaves() {
    local pid tcx ours='' i
    tc -n "$1" qdisc add dev lo clsact && tc -n "$1" filter add dev lo ingress pref 1 handle 7 bpf direct-action object-file "$fault_object" \
        section tc/drop_one || return 1
    tcx=$(attached "$1" | head -1)
    "$bin/capture" run --dir "$3/1" --netns "$1" --hook "$2" --point nic=lo --quiet &
    pid=$!
    wait_for "$3/1/run.json" || return 1
    equals "$(kinds "$2" "$tcx" 1)" "$(attached "$1" | paste -sd' ')" || return 1
    kill -KILL $pid
    wait $pid
    [ "$2" = tc ] || ours=1
    equals "$(kinds "$2" "$tcx" "$ours")" "$(attached "$1" | paste -sd' ')" || return 1
    # one beside the other
    "$bin/capture" run --dir "$3/2" --netns "$1" --hook "$2" --point nic=lo --quiet -- \
        "$bin/capture" run --dir "$3/3" --netns "$1" --hook "$2" --point nic=lo --quiet -- \
        ip netns exec "$1" bash -c '! exec 3<>/dev/tcp/127.0.0.1/9' 2> /dev/null || return 1
    for i in 2 3; do
        equals "complete true" "$(jq -r '"\(.state) \(.points[0].ebpf.frames >= 4)"' "$3/$i/run.json")" || return 1
    done
    equals "$(kinds "$2" "$tcx" '')" "$(attached "$1" | paste -sd' ')"
}

# kinds HOOK TCX OURS: what attached must say: TCX links of others, and ours if OURS.
kinds() {
    if [ "$1" = tc ]; then
        echo "$(($2 + ${3:-0} * 2)) drop_one"
    else
        echo "$2 ${3:+tap_in }drop_one${3:+ tap_out}"
    fi
}

# An interface that goes away ends the recording at tc, too.
vanished_at_tc() {
    local dir=$work/vanished-tc status
    ip link add wsvanish2 type veth peer name wsvanish3 && ip link set wsvanish2 up && ip link set wsvanish3 up || return 1
    "$bin/capture" run --dir "$dir" --hook tc --point vport=wsvanish2 --duration 20 --quiet 2> "$work/said" &
    wait_for "$dir/run.json"
    ip link del wsvanish2
    wait $!
    status=$?
    equals 1 "$status" && grep -q "wsvanish2: went down or away" "$work/said" && zstd -qt "$dir/vport.rec.zst"
}

# hooks: real traffic with the program at tc, by both overlays and both ways of attaching.
hooks() {
    local dir overlay hook tc_kind
    tc_kind=$(grep -o -- '--hook tc *[a-z]*' "$work/check" | awk '{ print $3 }')
    for hook in tc clsact; do
        for overlay in vxlan ipip; do
            dir=$work/$hook-$overlay
            check "$hook, $overlay: recorded" record "$dir" 200 3 "--overlay $overlay" --pcap --hook "$hook"
            check "$hook, $overlay: loaded" "$bin/ingest" --quiet --dir "$dir"
            check "$hook, $overlay: every request accounted for" accounted "$dir" 600
            check "$hook, $overlay: both methods, the same packets" methods_agree "$dir" 600
            check "$hook, $overlay: ledgers balance, nothing lost" balanced "$dir"
            check "$hook, $overlay: records equal pcap" tc_equals_pcap "$dir" "$([ $overlay = ipip ] && echo 1 || echo 0)"
            check "$hook, $overlay: directions" directions "$dir" 600
            check "$hook, $overlay: run.json says where" said_hook "$dir" "$([ $hook = tc ] && echo "$tc_kind" || echo clsact)"
        done
        check "$hook: what SIGKILL leaves" killed_at_tc $hook
    done
    check "tc: a point that vanishes ends the run" vanished_at_tc
}

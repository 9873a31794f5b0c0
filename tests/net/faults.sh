# shellcheck shell=bash
# shellcheck disable=SC2154 # run.sh sets them
# SPDX-License-Identifier: BSD-2-Clause
# What networks do to packets, made to happen between the tracing points of productpage's node: packets are lost and sent
# again, overtake each other, are cut in segments. Sourced by run.sh; each fault is one run of real requests.

productpage="x'00000000000000000000FFFF0AF4010A'" # 10.244.1.10, as the database has it

# attach NETNS DEVICE HOOK PROGRAM: a program of fault.bpf.c at ingress or egress. For PREPARE.
attach() {
    tc -n "$1" qdisc add dev "$2" clsact &&
        tc -n "$1" filter add dev "$2" "$3" bpf direct-action object-file "$fault_object" section "tc/$4"
}

# swap: every two frames with payload that node 1 hands to productpage change places before its vport. With SACK the sender
# would take what is overtaken for lost at once, and with tail loss probes what is held for 20 ms. For PREPARE.
swap() {
    ip netns exec "$TESTBED_GATEWAY_NETNS" tee /proc/sys/net/ipv4/tcp_{sack,early_retrans} <<< 0 > /dev/null &&
        ip -n "$TESTBED_NODE1_NETNS" link add hold0 index 901 type veth peer name hold1 &&
        ip -n "$TESTBED_NODE1_NETNS" link set hold0 mtu 1500 up && ip -n "$TESTBED_NODE1_NETNS" link set hold1 mtu 1500 up ||
        return
    ip netns exec "$TESTBED_NODE1_NETNS" "$top/tests/net/swap.py" hold1 "$TESTBED_VPORT" > "$RUN_DIR.swap" 2>&1 &
    until grep -qx listening "$RUN_DIR.swap"; do kill -0 $! && sleep 0.05 || return; done
    attach "$TESTBED_NODE1_NETNS" "$TESTBED_VPORT" egress hold
}

# segment_at NETNS DEVICE: no super-packet leaves by DEVICE: they are cut in segments before. For PREPARE.
segment_at() {
    ip -n "$1" link set "$2" gso_max_segs 1 gso_max_size 1500
}

# stay_cut: what arrives in segments at node 1 leaves its tunnel in segments: the VXLAN device would join them. For PREPARE.
stay_cut() {
    [ "$TESTBED_OVERLAY" != vxlan ] || ip -n "$TESTBED_NODE1_NETNS" link set vxlan1 gro_max_size 1000
}

# paired DIR SOURCE CLASSES UNMATCHED: the pairs are of these classes, so many each, and no more sightings are unmatched.
paired() {
    equals "$3" "$(classes "$1" "$2")" && equals "$4" "$(unmatched "$1" "$2")"
}

# latest_entries DIR SOURCE: between a pair's entry and its exit there is no other sighting of the request at the entry, and
# no exit comes before its entry: a request that was sent again is paired with itself and not with the one that was lost.
latest_entries() {
    local n
    pairs "$1" "$2" > "$work/pairs"
    n=$(sqlite3 -batch :memory: "ATTACH 'file:$1/run.db?mode=ro' AS run" \
        "CREATE TABLE pair (seq INTEGER, trace, span, class, direction, nic_ns INTEGER, vport_ns INTEGER, daddr)" \
        ".import $work/pairs pair" "WITH way AS (SELECT seq, trace, span, CASE direction WHEN 'rx' THEN 'nic' ELSE 'vport' END AS
        role, min(nic_ns, vport_ns) AS entry_ns, max(nic_ns, vport_ns) AS exit_ns, direction = 'rx' AND nic_ns > vport_ns OR
        direction = 'tx' AND nic_ns < vport_ns AS wrong FROM pair)
        SELECT count(*) || ' ' || sum(wrong) || ' ' || (SELECT count(*) FROM way AS w JOIN run.request AS r ON r.seq = w.seq AND
        lower(hex(r.trace_id)) = w.trace AND lower(hex(r.span_id)) = w.span JOIN run.file USING (file_id) JOIN run.point AS p
        USING (point_id) WHERE source = '$2' AND p.role = w.role AND ts_ns > entry_ns AND ts_ns < exit_ns) FROM way")
    equals "$(wc -l < "$work/pairs") 0 0" "$n"
}

# lengths DIR SOURCE POINT: payload bytes of the frames in which requests to productpage began.
lengths() {
    sql "$1" "SELECT DISTINCT payload_len FROM request JOIN flow USING (flow_id) JOIN file ON file.file_id = request.file_id
        JOIN point USING (point_id) WHERE source = '$2' AND name = '$3' AND daddr = $productpage ORDER BY 1" | paste -sd' '
}

# joined DIR SOURCE N: the pairs to productpage are N requests that SQL finds at both points under one identity, each once.
joined() {
    pairs "$1" "$2" | awk -F'|' -v OFS='|' '$8 == "10.244.1.10" { print $1, $2, $3 }' | sort > "$work/c_join"
    sql "$1" "WITH s AS (SELECT seq, trace_id, span_id, role FROM request JOIN flow USING (flow_id) JOIN file ON file.file_id =
        request.file_id JOIN point USING (point_id) WHERE source = '$2' AND reason = 16 AND daddr = $productpage)
        SELECT n.seq, lower(hex(n.trace_id)), lower(hex(n.span_id)) FROM s AS n JOIN s AS v USING (seq, trace_id, span_id)
        WHERE n.role = 'nic' AND v.role = 'vport'" | sort > "$work/sql_join"
    diff "$work/c_join" "$work/sql_join" && equals "$3" "$(wc -l < "$work/c_join")"
}

# overtakings DIR SOURCE: how many requests came to the vport in another place of the row than to the NIC.
overtakings() {
    sql "$1" "WITH s AS (SELECT seq, trace_id, role, row_number() OVER (PARTITION BY role ORDER BY ts_ns) AS place FROM
        request JOIN flow USING (flow_id) JOIN file ON file.file_id = request.file_id JOIN point USING (point_id)
        WHERE source = '$2' AND daddr = $productpage)
        SELECT count(*) FROM s AS n JOIN s AS v USING (seq, trace_id) WHERE n.role = 'nic' AND v.role = 'vport' AND
        n.place <> v.place"
}

# outer_headers FILE: every outer IPv4 header of IP-in-IP, of super-packets and of segments, has the right checksum and length, forbids
# fragments, and names the nodes of the inner addresses.
outer_headers() {
    tshark -r "$1" -o ip.check_checksum:TRUE -Y 'ip.proto == 4' -T fields -E occurrence=a -e frame.len -e ip.len -e ip.checksum.status \
        -e ip.flags.df -e ip.src -e ip.dst 2> /dev/null | awk -F'\t' '
        {
            split($2, len, ","); split($3, status, ","); split($4, df, ","); split($5, src, ","); split($6, dst, ",")
            split(src[1], outer, "."); split(src[2], inner, "."); split(dst[1], outer_to, "."); split(dst[2], inner_to, ".")
            if (len[1] != $1 - 14 || len[1] != len[2] + 20 || status[1] != 1 || status[2] != 1 || df[1] !~ /1|True/ ||
                outer[4] != inner[3] || outer_to[4] != inner_to[3]) { print; bad++ }
            if ($1 > 1514) large++
        }
        END { print NR, "of protocol 4,", large + 0, "super-packets"; exit NR < 1000 || bad }'
}

# retransmissions OVERLAY: one request is lost; between the points or behind them, on its way in or out.
retransmissions() {
    local overlay=$1 where run source
    # shellcheck disable=SC2016 # the variables belong to the testbed
    local -A hooks=([rx-between]='"$TESTBED_NODE1_NETNS" "$TESTBED_VPORT" egress' [rx-behind]='"$TESTBED_PRODUCTPAGE_NETNS" eth0 ingress'
        [tx-between]='"$TESTBED_NODE1_NETNS" "$TESTBED_VPORT" ingress' [tx-behind]='"$TESTBED_DETAILS_NETNS" eth0 ingress')
    local -A wanted=([rx-between]='rx matched 99, rx retransmit 1, tx matched 200' [rx-behind]='rx matched 99, rx retransmit 2, tx matched 200'
        [tx-between]='rx matched 100, tx matched 199, tx retransmit 1' [tx-behind]='rx matched 100, tx matched 199, tx retransmit 2')
    local -A lost=([rx-between]='nic lost 1' [rx-behind]='' [tx-between]='vport lost 1' [tx-behind]='')
    for where in rx-between rx-behind tx-between tx-behind; do
        run=$work/lost-$overlay-$where
        PREPARE="attach ${hooks[$where]} drop_one" check "lost, $where, $overlay: recorded" record "$run" 100 1 "--overlay $overlay" --pcap
        check "lost, $where, $overlay: loaded" "$bin/ingest" --quiet --dir "$run"
        for source in ebpf pcap; do
            check "lost, $where, $overlay, $source: pairs of class retransmit" paired "$run" $source "${wanted[$where]}" "${lost[$where]}"
            check "lost, $where, $overlay, $source: each with its latest entry" latest_entries "$run" $source
        done
    done
}

# tail_first: a request of two segments, the second with the context, passes the NIC as one super-packet, is lost, and comes again; often its tail first
# (a tail loss probe). The packet capture knows what is in it, and pairs it with the NIC's second sighting, not with the first one.
tail_first() {
    local run=$work/tail-first
    # shellcheck disable=SC2016
    PREPARE='attach "$TESTBED_NODE1_NETNS" "$TESTBED_VPORT" egress drop_one' \
        check "lost, original layout: recorded" record "$run" 100 1 "--headers original" --pcap
    check "lost, original layout: loaded" "$bin/ingest" --quiet --dir "$run"
    check "lost, original layout, pcap: pairs of class retransmit" paired "$run" pcap 'rx matched 99, rx retransmit 1, tx matched 200' 'nic lost 1'
    check "lost, original layout, pcap: each with its latest entry" latest_entries "$run" pcap
    check "lost, original layout, ebpf: each with its latest entry" latest_entries "$run" ebpf
    check "lost, original layout: ledgers balance, nothing lost" balanced "$run"
}

# swapped_requests OVERLAY: requests on two connections overtake each other, whole.
swapped_requests() {
    local overlay=$1 run=$work/swapped-$1 source
    # shellcheck disable=SC2016
    PREPARE=swap LOAD='ip netns exec "$TESTBED_CLIENT_NETNS" h2load --h1 -n 200 -c 2 "$TESTBED_URL"' \
        check "swapped requests, $overlay: recorded" record "$run" - - "--overlay $overlay" --pcap
    check "swapped requests, $overlay: loaded" "$bin/ingest" --quiet --dir "$run"
    for source in ebpf pcap; do
        check "swapped requests, $overlay, $source: they did overtake" [ "$(overtakings "$run" $source)" -ge 100 ]
        check "swapped requests, $overlay, $source: each paired with itself" joined "$run" $source 200
        check "swapped requests, $overlay, $source: all matched" paired "$run" $source 'rx matched 200, tx matched 400' ''
    done
}

# found_in_order DIR: of the requests to productpage the search in the kernel found every context at the NIC, and at the vport those
# whose last segment came last (done_ts_ns is the latest stamp up to the ids' end, of a packet capture); it says of each other request that a segment was missing.
found_in_order() {
    equals "nic 100 0 0; vport 0 0 0" "$(sql "$1" "WITH r AS (SELECT source, name, seq, reason, done_ts_ns - ts_ns AS took FROM request JOIN flow USING
        (flow_id) JOIN file ON file.file_id = request.file_id JOIN point USING (point_id) WHERE daddr = $productpage)
        SELECT k.name || ' ' || CASE k.name WHEN 'nic' THEN sum(k.reason = 16) ELSE sum(k.reason = 16) - sum(p.took > 0) END || ' ' ||
        sum((k.reason = 16) <> (p.took > 0)) || ' ' || sum(k.reason NOT IN (16, 10, 33)) FROM r AS k JOIN r AS p USING (name, seq)
        WHERE k.source = 'ebpf' AND p.source = 'pcap' GROUP BY k.name ORDER BY k.name" | paste -sd';' | sed 's/;/; /g')"
}

# swapped_segments OVERLAY: each request is two segments, the second with the context, and comes to the vport second segment
# first. There only the packet capture can find the context: the search in the kernel goes in the order of the bytes.
swapped_segments() {
    local overlay=$1 run=$work/segments-$1
    # shellcheck disable=SC2016
    PREPARE='swap && segment_at "$TESTBED_GATEWAY_NETNS" eth0 && stay_cut' check "swapped segments, $overlay: recorded" \
        record "$run" 50 2 "--overlay $overlay --headers original" --pcap
    check "swapped segments, $overlay: loaded" "$bin/ingest" --quiet --dir "$run"
    check "swapped segments, $overlay: two segments each" equals "2 2" "$(sql "$run" "SELECT min(n_segments) || ' ' ||
        max(n_segments) FROM request JOIN flow USING (flow_id) JOIN file ON file.file_id = request.file_id WHERE source = 'pcap'
        AND daddr = $productpage")"
    check "swapped segments, $overlay: each paired with itself" joined "$run" pcap 100
    check "swapped segments, $overlay: all matched" paired "$run" pcap 'rx matched 100, tx matched 200' ''
    check "swapped segments, $overlay: they did overtake" [ "$(sql "$run" "SELECT count(*) FROM request JOIN file USING (file_id)
        WHERE source = 'pcap' AND ids_end_segment = 2 AND done_ts_ns = ts_ns")" -ge 50 ]
    check "swapped segments, $overlay: the search in the kernel finds what comes in order" found_in_order "$run"
    check "swapped segments, $overlay: ledgers balance, nothing lost" balanced "$run"
}

# splits OVERLAY: a request is a super-packet at one point and segments at the other: cut at productpage's vport on its way in, cut
# at the NIC of the gateway's node on its way out. There the context of the original layout is in the second segment, where it is found, too.
splits() {
    local overlay=$1 run=$work/split-$1 source segment=1398
    [ "$overlay" = vxlan ] || segment=1428 # the pods' MTU less 52 bytes of headers
    # shellcheck disable=SC2016
    PREPARE='segment_at "$TESTBED_NODE1_NETNS" "$TESTBED_VPORT"' check "split at the vport, $overlay: recorded" \
        record "$run-rx" 50 2 "--overlay $overlay" --pcap
    # shellcheck disable=SC2016
    PLACE='netns=$TESTBED_NODE4_NETNS vport=$TESTBED_GATEWAY_VPORT' PREPARE='segment_at "$TESTBED_NODE4_NETNS" "$TESTBED_NIC"' \
        check "split at the NIC, $overlay: recorded" \
        record "$run-tx" 50 2 "--overlay $overlay --headers original" --filter saddr=10.244.4.11 --pcap
    check "split, $overlay: loaded" "$bin/ingest" --quiet --dir "$run-rx"
    check "split, $overlay: loaded" "$bin/ingest" --quiet --dir "$run-tx"
    for source in ebpf pcap; do
        check "split at the vport, $overlay, $source: class split" paired "$run-rx" $source 'rx split 100, tx matched 200' ''
        check "split at the vport, $overlay, $source: each paired with itself" joined "$run-rx" $source 100
        check "split at the vport, $overlay, $source: whole at the NIC only" equals "1674 $segment" \
            "$(lengths "$run-rx" $source nic) $(lengths "$run-rx" $source vport)"
        check "split at the NIC, $overlay, $source: whole at the vport only" equals "$segment 1674" \
            "$(lengths "$run-tx" $source nic) $(lengths "$run-tx" $source vport)"
        check "split at the NIC, $overlay, $source: ids in the second segment, of the original layout" equals "2 2 1 1" "$(sql "$run-tx" "SELECT
            group_concat(n_segments || ' ' || ids_end_segment, ' ') FROM (SELECT DISTINCT name, n_segments, ids_end_segment FROM request JOIN flow
            USING (flow_id) JOIN file ON file.file_id = request.file_id JOIN point USING (point_id) WHERE source = '$source' AND daddr = $productpage
            ORDER BY name)")"
    done
    check "split at the NIC, $overlay, ebpf: class split" paired "$run-tx" ebpf 'tx split 100' ''
    # the packet capture has no filter: it saw the requests to ratings at the NIC, whose vport was not watched
    check "split at the NIC, $overlay, pcap: class split" paired "$run-tx" pcap 'tx split 100' 'nic lost 100'
    check "split at the NIC, $overlay, ebpf: each paired with itself" joined "$run-tx" ebpf 100
    check "split at the NIC, $overlay, pcap: each paired with itself" joined "$run-tx" pcap 100
    if [ "$overlay" = ipip ]; then
        check "split at the vport, ipip: outer headers of super-packets" outer_headers "$run-rx/nic.pcap"
        check "split at the NIC, ipip: outer headers of segments" outer_headers "$run-tx/nic.pcap"
    fi
}

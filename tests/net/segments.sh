# shellcheck shell=bash
# shellcheck disable=SC2154 # run.sh sets them
# SPDX-License-Identifier: BSD-2-Clause
# Heads of any length, in super-packets and in small segments, at the testbed's low and high rate: the search in the kernel finds every
# context of the original layout, of which the paper's window of 800 bytes finds none. Sourced by run.sh.

# small_segments: the pods' MTU becomes 600, and no device cuts or joins segments: heads are 3 or 4 segments. For PREPARE.
small_segments() {
    local ns feature
    for ns in PRODUCTPAGE DETAILS REVIEWS RATINGS GATEWAY; do
        ns=TESTBED_${ns}_NETNS
        ip -n "${!ns}" link set eth0 mtu 600 || return
        for feature in tso gso gro; do ip netns exec "${!ns}" ethtool -K eth0 $feature off || return; done
    done
    for ns in "$TESTBED_NODE1_NETNS" "$TESTBED_NODE4_NETNS"; do
        for feature in tso gso gro; do ip netns exec "$ns" ethtool -K "$TESTBED_NIC" $feature off || return; done
    done
    [ "$TESTBED_OVERLAY" != vxlan ] || ip netns exec "$TESTBED_NODE1_NETNS" ethtool -K vxlan1 gro off
}

# no_probes: no tail loss probes, which would send again what is not lost but only answered late. For PREPARE.
no_probes() {
    local ns
    for ns in "$TESTBED_PRODUCTPAGE_NETNS" "$TESTBED_GATEWAY_NETNS"; do
        ip netns exec "$ns" tee /proc/sys/net/ipv4/tcp_early_retrans <<< 0 > /dev/null || return
    done
}

# segments_of FILE: what a packet capture has of payload, by tshark: "TS_NS|SEQ|LEN|SPORT", a line for each segment.
segments_of() {
    tshark -r "$1" -o tcp.analyze_sequence_numbers:FALSE -o tcp.desegment_tcp_streams:FALSE -d udp.port==8472,vxlan -d tcp.port==9080,data \
        -Y 'tcp.len > 0 and tcp.dstport == 9080' -T fields -E separator='|' -e frame.time_epoch -e tcp.seq_raw -e tcp.len -e tcp.srcport 2> /dev/null |
        sed 's/\.//'
}

# places_are_right DIR POINT: of the packet capture's requests, by its own segments: how many the head takes, which hold the context's first
# byte and the last byte of its ids, and that done_ts_ns is the stamp of that one.
places_are_right() {
    local n
    segments_of "$1/$2.pcap" > "$work/segments"
    n=$(sqlite3 -batch :memory: "ATTACH 'file:$1/run.db?mode=ro' AS run" "CREATE TABLE segment (ts INTEGER, seq INTEGER, len INTEGER, port INTEGER)" \
        ".import $work/segments segment" "CREATE INDEX by_port ON segment (port, seq)" "WITH r AS (SELECT request.*, sport FROM run.request JOIN run.flow
        USING (flow_id) JOIN run.file ON file.file_id = request.file_id JOIN run.point USING (point_id) WHERE source = 'pcap' AND name = '$2'),
        s AS (SELECT request_id, n_segments, ctx_segment, ids_end_segment, done_ts_ns, count(*) AS n,
        sum(s.seq <= r.seq + ctx_off) AS ctx, sum(s.seq < r.seq + ids_end_off) AS ids_end,
        max(CASE WHEN s.seq < r.seq + ids_end_off AND s.seq + len >= r.seq + ids_end_off THEN ts END) AS done FROM r JOIN segment AS s
        ON port = sport AND s.seq >= r.seq AND s.seq < r.seq + searched_len GROUP BY 1, 2, 3, 4, 5)
        SELECT count(*) || ' ' || sum(n = n_segments AND ctx = ctx_segment AND ids_end = ids_end_segment AND done = done_ts_ns) FROM s")
    equals "$3 $3" "$n"
}

# segment_counts DIR SOURCE POINT: how many requests have heads of how many segments, and in which the ids end: "SEGMENTS/IDS_END N".
segment_counts() {
    sql "$1" "SELECT n_segments || '/' || ids_end_segment || ' ' || count(*) FROM request JOIN file USING (file_id) JOIN point USING (point_id)
        WHERE source = '$2' AND name = '$3' GROUP BY n_segments, ids_end_segment ORDER BY 1" | paste -sd, | sed 's/,/, /g'
}

# done_follows DIR: in the kernel's records the ids are done with the first segment, or later: by as much as the packet capture says. 100 us
# in the median would be a fault.
done_follows() {
    equals "0 0 1" "$(sql "$1" "WITH r AS (SELECT source, name, seq, trace_id, span_id, ids_end_segment, done_ts_ns - ts_ns AS took FROM request
        JOIN file USING (file_id) JOIN point USING (point_id)), d AS (SELECT a.took, a.ids_end_segment, abs(a.took - b.took) AS differs FROM r AS a JOIN r AS b
        USING (name, seq, trace_id, span_id) WHERE a.source = 'ebpf' AND b.source = 'pcap')
        SELECT sum(ids_end_segment = 1 AND took <> 0) || ' ' || sum(ids_end_segment > 1 AND took <= 0) || ' ' ||
        ((SELECT differs FROM d ORDER BY 1 LIMIT 1 OFFSET (SELECT count(*) / 2 FROM d)) < 100000) FROM d")"
}

# whole_heads OVERLAY: original layout, 80 and then 1000 requests a second, first in super-packets, then in small segments.
whole_heads() {
    local run=$work/heads-$1 name="original, $1" n=1080 source point
    # shellcheck disable=SC2016
    PREPARE=no_probes LOAD='load() { "$top/datasets/testbed/load.sh" --rate "$1" --duration 1 --log "$RUN_DIR/$1$2.log"; }
        load 80 && load 1000 && small_segments && load 80 -small && load 1000 -small' \
        check "$name: recorded" record "$run" - - "--overlay $1 --headers original" --pcap
    cat "$run"/*.log > "$run/load.h2load"
    check "$name: loaded" "$bin/ingest" --quiet --dir "$run"
    check "$name: 65536 bytes are searched" equals 65536 "$(sql "$run" "SELECT DISTINCT search_bytes FROM file WHERE source = 'ebpf'")"
    check "$name: every context found, every request paired" accounted "$run" $((2 * n))
    check "$name: ledgers balance, nothing lost" balanced "$run"
    check "$name: records equal pcap" records_equal_pcap "$run"
    for source in ebpf pcap; do
        for point in nic vport; do
            # productpage's own are 1349 bytes, the gateway's 1674
            check "$name, $source, $point: segments" equals "1/1 $((3 * n)), 3/3 $((2 * n)), 4/4 $n" "$(segment_counts "$run" $source $point)"
        done
    done
    check "$name: the stamp of the ids' end" done_follows "$run"
    for point in nic vport; do
        check "$name, $point: as its segments say" places_are_right "$run" $point $((6 * n))
    done
}

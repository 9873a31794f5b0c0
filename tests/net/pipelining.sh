# shellcheck shell=bash
# shellcheck disable=SC2154 # run.sh sets them
# SPDX-License-Identifier: BSD-2-Clause
# What a connection may hold but one request a segment, written by requests.py from the gateway's pod to a server in productpage's: several
# requests in a segment, heads cut anywhere, bodies, segments of a head that come late. Sourced by run.sh.

# serve: the server of server.conf in productpage's pod. For PREPARE.
serve() {
    mkdir "$TESTBED_DIR/server" && chmod a+rx "$TESTBED_DIR" || return
    ip netns exec "$TESTBED_PRODUCTPAGE_NETNS" nginx -p "$TESTBED_DIR/server/" -c "$top/tests/net/server.conf" \
        -e "$TESTBED_DIR/server/error.log" > "$TESTBED_DIR/server/said" 2>&1 &
    until ip netns exec "$TESTBED_PRODUCTPAGE_NETNS" ss -Htnl | grep -q :9091; do kill -0 $! && sleep 0.05 || return; done
}

# sent_are_found DIR SOURCE POINT: the contexts at the point are those of DIR/sent, in which a line begins with TRACE|SPAN; each once.
sent_are_found() {
    [ -s "$1/sent" ] && diff <(cut -d'|' -f 1-2 "$1/sent" | sort) <(sql "$1" "SELECT lower(hex(trace_id)), lower(hex(span_id)) FROM request
        JOIN file USING (file_id) JOIN point USING (point_id) WHERE source = '$2' AND name = '$3' AND reason = 16" | sort)
}

# no_misses DIR SOURCE POINT: every request has a context.
no_misses() {
    equals "" "$(sql "$1" "SELECT reason, count(*) FROM request JOIN file USING (file_id) JOIN point USING (point_id)
        WHERE source = '$2' AND name = '$3' AND reason <> 16 GROUP BY 1")"
}

# everywhere NAME DIR FUNCTION: checks FUNCTION DIR SOURCE POINT for both methods at both points.
everywhere() {
    local source point
    for source in ebpf pcap; do
        for point in nic vport; do
            check "$1, $source, $point" "$3" "$2" $source $point
        done
    done
}

# pipelining OVERLAY: all that requests.py can think of.
pipelining() {
    local run=$work/pipelining-$1
    # shellcheck disable=SC2016
    PREPARE='no_probes && serve' LOAD='ip netns exec "$TESTBED_GATEWAY_NETNS" "$top/tests/net/requests.py" pipelined 3 > "$RUN_DIR/sent"' \
        check "pipelining, $1: recorded" record "$run" - - "--overlay $1" --pcap
    check "pipelining, $1: loaded" "$bin/ingest" --quiet --dir "$run"
    check "pipelining, $1: all were answered" equals 96 "$(grep -c . "$run/sent")"
    everywhere "pipelining, $1: all found" "$run" sent_are_found
    everywhere "pipelining, $1: nothing else" "$run" no_misses
    check "pipelining, $1: ledgers balance, nothing lost" balanced "$run"
    check "pipelining, $1: records equal pcap" records_equal_pcap "$run"
    check "pipelining, $1: all paired" paired "$run" ebpf "rx matched 96" ""
}

# late_segments OVERLAY: the segment in the middle of a head is lost before the vport and sent again, behind the last one. What is in it is
# found as it comes late; what is in the last one passed early, and is not found in the kernel. The NIC sees all in order.
late_segments() {
    local run=$work/late-$1 point
    # shellcheck disable=SC2016
    PREPARE='no_probes && serve && attach "$TESTBED_NODE1_NETNS" "$TESTBED_VPORT" egress drop_marked' \
        LOAD='ip netns exec "$TESTBED_GATEWAY_NETNS" "$top/tests/net/requests.py" dropped 10 > "$RUN_DIR/sent"' \
        check "late segment, $1: recorded" record "$run" - - "--overlay $1" --pcap
    check "late segment, $1: loaded" "$bin/ingest" --quiet --dir "$run"
    check "late segment, $1, pcap, nic: all found" sent_are_found "$run" pcap nic
    check "late segment, $1, pcap, vport: all found" sent_are_found "$run" pcap vport
    check "late segment, $1, ebpf, nic: all found" sent_are_found "$run" ebpf nic
    check "late segment, $1, ebpf, vport: those whose late segment has the context" equals "$(grep middle "$run/sent" | cut -d'|' -f1 | sort)" \
        "$(sql "$run" "SELECT lower(hex(trace_id)) FROM request JOIN file USING (file_id) JOIN point USING (point_id)
            WHERE source = 'ebpf' AND name = 'vport' AND reason = 16 ORDER BY 1")"
    check "late segment, $1, ebpf, vport: out_of_order the others, in record and ledger" equals "10 10" "$(sql "$run" "SELECT
        (SELECT count(*) FROM request JOIN file USING (file_id) JOIN point USING (point_id) WHERE source = 'ebpf' AND name = 'vport' AND
        reason = 34) || ' ' || (SELECT ledger.n_frames FROM ledger JOIN file USING (file_id) JOIN point USING (point_id) WHERE source = 'ebpf' AND
        name = 'vport' AND reason = 'out_of_order')")"
    check "late segment, $1: those without partner say why" equals "nic out_of_order 10" "$(unmatched "$run" ebpf)"
    check "late segment, $1, pcap: all paired" paired "$run" pcap "rx matched 20" ""
    check "late segment, $1: ledgers balance, nothing lost" balanced "$run"
}

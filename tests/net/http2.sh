# shellcheck shell=bash
# shellcheck disable=SC2154 # run.sh sets them
# SPDX-License-Identifier: BSD-2-Clause
# HTTP/2 and gRPC without TLS, from the gateway's pod to servers in productpage's (server.conf, grpc_calls.py): many streams on a connection,
# connections older than the recording, segments lost. Sourced by run.sh.

# h2load cannot vary a header: all its requests have this one
h2load_trace=0af7651916cd43dd8448eb211c80319c
h2load_span=b7ad6b7169203331
export h2load_trace h2load_span

# serve_grpc: the server of grpc_calls.py in productpage's pod. For PREPARE.
serve_grpc() {
    ip netns exec "$TESTBED_PRODUCTPAGE_NETNS" "$top/tests/net/grpc_calls.py" server > "$RUN_DIR.grpc" 2>&1 &
    until grep -qx listening "$RUN_DIR.grpc"; do kill -0 $! && sleep 0.05 || return; done
}

# open_before: a connection that has had a request before the recording begins, and has 15 more when there is a file RUN_DIR.go. For PREPARE.
open_before() {
    (
        ip netns exec "$TESTBED_GATEWAY_NETNS" "$top/tests/net/http2_requests.py" 15 1 "$RUN_DIR.ready" "$RUN_DIR.go" > "$RUN_DIR.old" 2>&1
        touch "$RUN_DIR.over"
    ) &
    until [ -e "$RUN_DIR.ready" ]; do kill -0 $! && sleep 0.05 || return; done
}

# http2_seen DIR SOURCE POINT: the contexts are those of DIR/sent, TRACE|SPAN|STREAM, or where it names a method, a gRPC call; and h2load's.
http2_seen() {
    [ -s "$1/sent" ] && diff <(sort "$1/sent") <(sql "$1" "SELECT lower(hex(trace_id)), lower(hex(span_id)), CASE WHEN flags & 16 THEN 'gRPC' ELSE
        stream_id END FROM request JOIN file USING (file_id) JOIN point USING (point_id) WHERE source = '$2' AND name = '$3' AND reason = 16 AND
        http_version = 2 AND lower(hex(trace_id)) <> '$h2load_trace'" | sort) &&
        equals "400|400|1|1" "$(sql "$1" "SELECT count(*), count(DISTINCT sport || ' ' || stream_id), min(http_version = 2 AND stream_id % 2),
        min(lower(hex(span_id)) = '$h2load_span') FROM request JOIN flow USING (flow_id) JOIN file ON file.file_id = request.file_id
        JOIN point USING (point_id) WHERE source = '$2' AND name = '$3' AND lower(hex(trace_id)) = '$h2load_trace'")"
}

# traceparents FILE: how many HEADERS frames of a packet capture hold a traceparent, by tshark.
traceparents() {
    tshark -r "$1" -d udp.port==8472,vxlan -d tcp.port==9090,http2 -d tcp.port==9092,http2 -Y http2.header.name -T fields -E aggregator=' ' \
        -e http2.header.name 2> /dev/null | tr ' ' '\n' | grep -cx traceparent
}

# many_streams OVERLAY: 400 requests of h2load, 10 at a time on each of 4 connections; 200 of http2_requests.py, each with its own context; 40
# calls of gRPC, unary and streams.
many_streams() {
    local run=$work/http2-$1 point
    # shellcheck disable=SC2016
    PREPARE='no_probes && serve && serve_grpc' LOAD='
        from=(ip netns exec "$TESTBED_GATEWAY_NETNS")
        "${from[@]}" h2load -n 400 -c 4 -m 10 -H "traceparent: 00-$h2load_trace-$h2load_span-01" http://10.244.1.10:9090/page > "$RUN_DIR/h2load" &&
        "${from[@]}" "$top/tests/net/http2_requests.py" 200 10 > "$RUN_DIR/sent" &&
        "${from[@]}" "$top/tests/net/grpc_calls.py" client 20 | sed "s/|[OM].*/|gRPC/" >> "$RUN_DIR/sent"' \
        check "http2, $1: recorded" record "$run" - - "--overlay $1" --pcap
    check "http2, $1: loaded" "$bin/ingest" --quiet --dir "$run"
    check "http2, $1: all were answered" equals "240 1" "$(grep -c . "$run/sent") $(grep -c '400 succeeded, 0 failed' "$run/h2load")"
    everywhere "http2, $1: all found, of their streams" "$run" http2_seen
    everywhere "http2, $1: nothing else" "$run" no_misses
    for point in nic vport; do
        check "http2, $1, $point: as many as tshark finds" equals 640 "$(traceparents "$run/$point.pcap")"
    done
    check "http2, $1: ledgers balance, nothing lost" balanced "$run"
    check "http2, $1: records equal pcap" records_equal_pcap "$run"
    for point in nic vport; do # the answers' frames, too, are known by the preface of the other direction
        check "http2, $1, $point: frames of HTTP/2, and others, as in the pcap" payloads_agree "$run" "$point"
    done
    check "http2, $1, ebpf: all paired" paired "$run" ebpf "rx matched 640" ""
    check "http2, $1, pcap: all paired" paired "$run" pcap "rx matched 640" ""
    check "http2, $1: cdf of all" equals "ebpf rx 640, pcap rx 640" "$("$bin/analyze" cdf --dir "$run" --no-figure --format json |
        jq -r '[.series[] | select(.n > 0) | "\(.source) \(.direction) \(.n)"] | join(", ")')"
}

# payloads DIR SOURCE POINT: the ledger's counts of frames whose payload begins no request.
payloads() {
    sql "$1" "SELECT reason, ledger.n_frames FROM ledger JOIN file USING (file_id) JOIN point USING (point_id) WHERE source = '$2' AND name = '$3'
        AND reason IN ('http2', 'http2_undecodable', 'other_payload') ORDER BY 1" | paste -sd' '
}

# payloads_agree DIR POINT: there are frames of HTTP/2 that begin no request, and both methods count them, and what is none, alike.
payloads_agree() {
    local ebpf
    ebpf=$(payloads "$1" ebpf "$2") && [[ $ebpf =~ http2\|[1-9] ]] && equals "$(payloads "$1" pcap "$2")" "$ebpf"
}

# undecodable DIR SOURCE POINT: the ledger's count of HTTP/2 headers that nobody can read; and records of the kind that hold an id: "N 0".
undecodable() {
    sql "$1" "SELECT coalesce((SELECT ledger.n_frames FROM ledger JOIN file USING (file_id) JOIN point USING (point_id) WHERE source = '$2' AND
        name = '$3' AND reason = 'http2_undecodable'), 0) || ' ' || (SELECT count(*) FROM request JOIN file USING (file_id) JOIN point
        USING (point_id) WHERE source = '$2' AND name = '$3' AND reason = 36 AND (trace_id IS NOT NULL OR http_version <> 2))"
}

# streams DIR SOURCE POINT: the streams of whose requests a context was found.
streams() {
    sql "$1" "SELECT DISTINCT stream_id FROM request JOIN file USING (file_id) JOIN point USING (point_id) WHERE source = '$2' AND name = '$3'
        AND reason = 16 ORDER BY 1" | paste -sd' '
}

# unreadable OVERLAY: 15 requests on a connection older than the recording; then 60 on one whose 21st HEADERS (stream 41) is lost before the
# vport and comes again behind later ones.
unreadable() {
    local run=$work/unreadable-$1 all before
    all=$(seq -s' ' 1 2 119)
    before=$(seq -s' ' 1 2 39)
    # shellcheck disable=SC2016
    PREPARE='no_probes && serve && attach "$TESTBED_NODE1_NETNS" "$TESTBED_VPORT" egress drop_stream && open_before' LOAD='
        touch "$RUN_DIR.go"; until [ -e "$RUN_DIR.over" ]; do sleep 0.05; done
        ip netns exec "$TESTBED_GATEWAY_NETNS" "$top/tests/net/http2_requests.py" 60 60 > "$RUN_DIR/sent"' \
        check "http2 unreadable, $1: recorded" record "$run" - - "--overlay $1" --pcap
    check "http2 unreadable, $1: loaded" "$bin/ingest" --quiet --dir "$run"
    check "http2 unreadable, $1: all were answered" equals "15 60" "$(grep -c . "$run.old") $(grep -c . "$run/sent")"
    check "http2 unreadable, $1, ebpf, nic: the older connection, nothing guessed" equals "15 0" "$(undecodable "$run" ebpf nic)"
    check "http2 unreadable, $1, pcap, nic: the older connection, nothing guessed" equals "15 0" "$(undecodable "$run" pcap nic)"
    check "http2 unreadable, $1, pcap, vport: the older connection, nothing guessed" equals "15 0" "$(undecodable "$run" pcap vport)"
    check "http2 unreadable, $1, ebpf, vport: and from the lost segment on" equals "55 0" "$(undecodable "$run" ebpf vport)"
    check "http2 unreadable, $1, ebpf, nic: the other connection" equals "$all" "$(streams "$run" ebpf nic)"
    check "http2 unreadable, $1, pcap, nic: the other connection" equals "$all" "$(streams "$run" pcap nic)"
    check "http2 unreadable, $1, pcap, vport: the other connection" equals "$all" "$(streams "$run" pcap vport)"
    check "http2 unreadable, $1, ebpf, vport: up to the lost segment" equals "$before" "$(streams "$run" ebpf vport)"
    check "http2 unreadable, $1: ledgers balance, nothing lost" balanced "$run"
}

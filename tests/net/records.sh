# shellcheck shell=bash
# shellcheck disable=SC2154 # run.sh sets them
# SPDX-License-Identifier: BSD-2-Clause
# What must hold of every run of real traffic: all requests accounted for, both methods alike, ledgers balanced. Sourced by run.sh.

# Every request of the load: at each point by each method once on its way in and twice on its way out, and paired.
accounted() {
    local dir=$1 n=$2
    equals "$n" "$(grep -c . "$dir/load.h2load")" || return 1
    equals "ebpf|nic|$((3 * n)) ebpf|vport|$((3 * n)) pcap|nic|$((3 * n)) pcap|vport|$((3 * n)) " "$(sql "$dir" \
        'SELECT source, name, n_contexts FROM file JOIN point USING (point_id) ORDER BY 1, 2' | tr '\n' ' ')" || return 1
    "$bin/analyze" cdf --dir "$dir" --no-figure --format json > "$dir/cdf.json" || return 1
    equals "ebpf rx $n, ebpf tx $((2 * n)), pcap rx $n, pcap tx $((2 * n))" \
        "$(jq -r '[.series[] | "\(.source) \(.direction) \(.n)"] | join(", ")' "$dir/cdf.json")"
}

# The same packets by both methods, and their latencies not far from each other: 100 us in the median would be a fault.
methods_agree() {
    jq -e --argjson n "$((3 * $2))" '.agreement | .n == $n and .n_ebpf_only == 0 and .n_pcap_only == 0
        and .n_direction_differs == 0 and all(.directions[]; .median_diff_us < 100 and .median_diff_us > -100)' \
        "$1/cdf.json"
}

balanced() {
    "$bin/analyze" ledger --dir "$1" --format json |
        jq -e 'all(.points[]; .frames == ([.reasons[]] | add) and ([.lost[]] | add) == 0)'
}

# rows_are_equal DIR QUERY: the query, which ends with "source =", has the same rows of both sources, and there are some.
rows_are_equal() {
    sql "$1" "$2 'ebpf'" | sort > "$work/records" || return 1
    sql "$1" "$2 'pcap'" | sort > "$work/packets" || return 1
    [ -s "$work/records" ] || { echo "$1: no records to compare"; return 1; }
    diff "$work/records" "$work/packets" > "$work/differ" || { head -8 "$work/differ"; return 1; }
}

# records = pcap: the same sightings at each point, in all that both can know: what names them, where all stands, in which segments.
records_equal_pcap() {
    local query="SELECT name, reason, family, families, malformed, flaw, flags, seq, hex(trace_id), hex(span_id), hex(parent_span_id), sampled,
        ctx_off, ctx_len, ids_end_off, n_segments, ctx_segment, ids_end_segment, searched_len, req_off, payload_len, frame_len, tcp_flags,
        http_version, stream_id, hex(saddr), hex(daddr), sport, dport, encap, vni, hex(outer_saddr), hex(outer_daddr), vlan
        FROM request JOIN flow USING (flow_id) JOIN file ON file.file_id = request.file_id JOIN point USING (point_id) WHERE source ="
    rows_are_equal "$1" "$query"
}

# nothing_is_not_equal: records_equal_pcap fails without a database, without a request, and if a record is missing or has changed.
nothing_is_not_equal() {
    local dir=$work/nothing
    mkdir -p "$dir" || return 1
    ! records_equal_pcap "$dir" || { echo "no database, and equal"; return 1; }
    cp "$1/run.db" "$dir" && records_equal_pcap "$dir" || return 1
    sqlite3 "$dir/run.db" "UPDATE request SET seq = seq + 1 WHERE request_id = (SELECT max(request_id) FROM request)"
    ! records_equal_pcap "$dir" || { echo "another sequence number, and equal"; return 1; }
    cp "$1/run.db" "$dir" && sqlite3 "$dir/run.db" "DELETE FROM request WHERE request_id = (SELECT max(request_id) FROM request)"
    ! records_equal_pcap "$dir" || { echo "a request less, and equal"; return 1; }
    sqlite3 "$dir/run.db" "DELETE FROM request"
    ! records_equal_pcap "$dir" || { echo "no request, and equal"; return 1; }
}

# C join = SQL join, on identities that were seen once at each point.
joins_agree() {
    "$bin/analyze" pairs --dir "$1" --source ebpf --format json |
        jq -r '.pairs[] | "\(.seq)|\(.trace_id)|\(.span_id)|\(.latency_ns)"' | sort > "$work/c_join"
    sql "$1" "WITH s AS (SELECT request.*, role FROM request JOIN file USING (file_id) JOIN point USING (point_id)
        WHERE source = 'ebpf' AND reason = 16)
        SELECT n.seq, lower(hex(n.trace_id)), lower(hex(n.span_id)), abs(v.ts_ns - n.ts_ns) FROM s AS n JOIN s AS v
        USING (seq, trace_id, span_id) WHERE n.role = 'nic' AND v.role = 'vport'" | sort > "$work/sql_join"
    [ -s "$work/c_join" ] && diff "$work/c_join" "$work/sql_join"
}

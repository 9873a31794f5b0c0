# shellcheck shell=bash
# shellcheck disable=SC2154 # run.sh sets them
# SPDX-License-Identifier: BSD-2-Clause
# Responses of real traffic: each that the ledger counts is a row, by both methods the same one, and answers its request. Sourced by run.sh.

# rows of response by source and point, those of status 200, and frames that the ledger counts as responses.
response_counts() {
    sql "$1" "SELECT source, name, n_responses, (SELECT count(*) FROM response AS r WHERE r.file_id = file.file_id AND status = 200),
        (SELECT n_frames FROM ledger WHERE ledger.file_id = file.file_id AND reason = 'http_response')
        FROM file JOIN point USING (point_id) ORDER BY 1, 2" | tr '\n' ' '
}

# Every request of the load was answered with 200, at each point once on its way in and twice on its way out.
every_answer() {
    local n=$((3 * $2))
    equals "ebpf|nic|$n|$n|$n ebpf|vport|$n|$n|$n pcap|nic|$n|$n|$n pcap|vport|$n|$n|$n " "$(response_counts "$1")" &&
        equals "$((2 * n)) $n $((2 * n)) $n" "$(jq -r '[.points[].ebpf | .n_records, .n_responses] | join(" ")' "$1/run.json")"
}

# Records only where they were asked for: the packet capture of such a run has them, the ledger counts them.
no_answers_unasked() {
    local n=$((3 * $2))
    equals "ebpf|nic|0|0|$n ebpf|vport|0|0|$n pcap|nic|$n|$n|$n pcap|vport|$n|$n|$n " "$(response_counts "$1")"
}

# By both methods the same, in all that both can know.
responses_equal_pcap() {
    local query="SELECT name, seq, ack, payload_len, status, hex(saddr), hex(daddr), sport, dport, encap, vni, hex(outer_saddr),
        hex(outer_daddr), vlan FROM response JOIN flow USING (flow_id) JOIN file ON file.file_id = response.file_id
        JOIN point USING (point_id) WHERE source ="
    sql "$1" "$query 'ebpf'" | sort > "$work/ebpf"
    [ -s "$work/ebpf" ] || return 1
    diff "$work/ebpf" <(sql "$1" "$query 'pcap'" | sort) > "$work/differ" || { head -8 "$work/differ"; return 1; }
}

# A response's acknowledgment number is where a request of the other direction ended, which passed before it, the other way.
answers_requests() {
    equals "$((4 * 3 * $2))" "$(sql "$1" "SELECT count(*) FROM response AS r JOIN flow AS back USING (flow_id)
        JOIN flow AS there ON there.file_id = r.file_id AND there.saddr = back.daddr AND there.daddr = back.saddr
            AND there.sport = back.dport AND there.dport = back.sport
        JOIN request AS q ON q.flow_id = there.flow_id AND (q.seq + q.payload_len) & 0xffffffff = r.ack AND q.ts_ns < r.ts_ns
            AND (q.direction = 0 OR q.direction + r.direction = 3)")"
}

responses() {
    local dir=$work/responses
    check "responses: recorded" record "$dir" 200 2 "" --pcap --responses
    check "responses: loaded" "$bin/ingest" --dir "$dir"
    check "responses: every request accounted for" accounted "$dir" 400
    check "responses: every answer is a row" every_answer "$dir" 400
    check "responses: by both methods the same" responses_equal_pcap "$dir"
    check "responses: each answers its request" answers_requests "$dir" 400
    check "responses: ledgers balance, nothing lost" balanced "$dir"
    check "responses: none where none are asked for" no_answers_unasked "$work/b3" 800
}

#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# The same question asked of analyze and of SQL: which packets were seen at both sides of a node, how long did each take, and
# what was seen between two pods of a node only? For every run in or below a directory, whatever its nodes and vports.
# Usage: tests/diff/mesh/join.sh BIN_DIR DIR     ingest has made run.db in the runs
set -euo pipefail

usage() { echo "usage: tests/diff/mesh/join.sh BIN_DIR DIR"; }

# check NAME COMMAND...: counts a check; what went wrong is told.
check() {
    local name=$1
    shift
    if "$@"; then
        n_passed=$((n_passed + 1))
    else
        echo "FAILED: $name"
        n_failed=$((n_failed + 1))
    fi
}

# sql DB QUERY
sql() { sqlite3 -readonly "$1" "$2"; }

# Sightings with a context, each with its node and side; and how often its identity was seen at that side of the node.
seen="WITH seen AS (SELECT file_id, point.name, role, coalesce(node, '') AS node, request.direction, ts_ns, seq, trace_id, span_id,
    count(*) OVER (PARTITION BY source, coalesce(node, ''), role, seq, trace_id, span_id) AS n
    FROM request JOIN file USING (file_id) JOIN point USING (point_id) WHERE source = 'SOURCE' AND reason = 16 AND role <> 'other')"

# pairs_agree RUN SOURCE: identities seen once at each side of a node.
pairs_agree() {
    "$bin/analyze" pairs --dir "$1" --source "$2" --format json | jq -r '.pairs[] | select(.class | test("retransmit") | not) |
        "\(.seq)|\(.trace_id)|\(.span_id)|\(.direction)|\(.latency_ns)"' | sort > "$work/c"
    sql "$1/run.db" "${seen/SOURCE/$2} SELECT n.seq, lower(hex(n.trace_id)), lower(hex(n.span_id)),
        iif(n.ts_ns < v.ts_ns, 'rx', iif(n.ts_ns > v.ts_ns, 'tx', iif(v.direction = 1, 'tx', 'rx'))), abs(v.ts_ns - n.ts_ns)
        FROM seen AS n JOIN seen AS v USING (node, seq, trace_id, span_id)
        WHERE n.role = 'nic' AND v.role = 'vport' AND n.n = 1 AND v.n = 1" | sort > "$work/sql"
    diff "$work/c" "$work/sql" | head -5
    cmp -s "$work/c" "$work/sql"
}

# Is the run one whose pairs say which node and vport they are of?
says_vport() { jq -e '.pairs[0].vport' "$1" > /dev/null 2>&1; }

# places_agree RUN SOURCE: each pair's node and vport, where analyze names them.
places_agree() {
    "$bin/analyze" pairs --dir "$1" --source "$2" --format json > "$work/pairs"
    says_vport "$work/pairs" || return 0
    jq -r '.pairs[] | "\(.vport)|\(.node // "")|\(.seq)|\(.trace_id)|\(.vport_ns)"' "$work/pairs" | sort > "$work/c"
    sql "$1/run.db" "${seen/SOURCE/$2} SELECT name, node, seq, lower(hex(trace_id)), ts_ns FROM seen WHERE role = 'vport'" |
        sort > "$work/sql"
    [ -z "$(comm -23 "$work/c" "$work/sql" | tee >(head -3 >&2))" ]
}

# local_agrees RUN SOURCE: seen at two vports of a node and never at its NIC.
local_agrees() {
    local said counted
    said=$("$bin/analyze" pairs --dir "$1" --source "$2" --unmatched --format json |
        jq '[.unmatched[] | select(.reason == "local")] | length')
    counted=$(sql "$1/run.db" "${seen/SOURCE/$2} SELECT count(*) FROM seen AS v WHERE role = 'vport'
        AND EXISTS (SELECT 1 FROM seen AS o WHERE o.node = v.node AND o.role = 'vport' AND o.seq = v.seq
            AND o.trace_id = v.trace_id AND o.span_id = v.span_id AND o.name <> v.name)
        AND NOT EXISTS (SELECT 1 FROM seen AS n WHERE n.node = v.node AND n.role = 'nic' AND n.seq = v.seq
            AND n.trace_id = v.trace_id AND n.span_id = v.span_id)")
    # names may tell more: that both ends of what one vport saw are pods of the node
    [ "$said" -eq "$counted" ] || { [ "$said" -gt "$counted" ] && [ "$(sql "$1/run.db" 'SELECT count(*) FROM owner')" -gt 0 ]; } ||
        { echo "local: $said by analyze, $counted by SQL"; return 1; }
}

# all_told RUN SOURCE: every sighting with a context is in a pair or unmatched.
all_told() {
    local said counted
    said=$("$bin/analyze" ledger --dir "$1" --source "$2" --format json | jq '.join | .pairs * 2 + ([.unmatched[]] | add)')
    counted=$(sql "$1/run.db" "${seen/SOURCE/$2} SELECT count(*) FROM seen")
    [ "$said" -eq "$counted" ] || { echo "sightings: $said by analyze, $counted by SQL"; return 1; }
}

case ${1:-} in -h | --help) usage && exit ;; esac
if [ $# -ne 2 ] || [ ! -x "$1/analyze" ] || [ ! -d "$2" ]; then
    usage >&2
    exit 2
fi
bin=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
n_passed=0
n_failed=0

mapfile -t databases < <(find "$2" -name run.db | sort)
if [ ${#databases[@]} -eq 0 ]; then
    echo "$2: no run.db in it or below it: run \`ingest --dir $2\` first" >&2
    exit 1
fi
for db in "${databases[@]}"; do
    run=$(dirname "$db")
    for source in ebpf pcap; do
        n=$(sql "$db" "SELECT count(DISTINCT role) FROM file JOIN point USING (point_id) WHERE source = '$source' AND role <> 'other'")
        [ "$n" -eq 2 ] || continue
        check "$run, $source: pairs" pairs_agree "$run" "$source"
        check "$run, $source: nodes and vports" places_agree "$run" "$source"
        check "$run, $source: local" local_agrees "$run" "$source"
        check "$run, $source: every sighting" all_told "$run" "$source"
    done
done
echo "$n_passed passed, $n_failed failed"
[ "$n_failed" -eq 0 ] && [ "$n_passed" -gt 0 ]

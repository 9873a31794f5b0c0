# shellcheck shell=bash
# shellcheck disable=SC2154 # run.sh sets them
# SPDX-License-Identifier: BSD-2-Clause
# Every family of tracing context that the testbed's proxies can write, alone and several in a request. What tshark reads in the packet
# capture's heads, converted here, is what both methods must have found. Sourced by run.sh.

# header_values FILE: the heads of requests to services by tshark, each header a line: "NUMBER name: value".
header_values() {
    tshark -r "$1" -d udp.port==8472,vxlan -d tcp.port==9080,http -Y http.request -T fields -E aggregator=$'\x01' -e http.request.line 2> /dev/null |
        awk -F'\001' '{ for (i = 1; i <= NF; i++) print NR, $i }' | sed 's/\\r\\n$//'
}

# ids_of FAMILY: of header_values on stdin, "TRACE|SPAN|PARENT" of each request in that family's own notation, sorted; "-" where it has none.
ids_of() {
    awk -v family="$1" '
        function part(text, separator, n,   parts) { split(text, parts, separator); return parts[n] }
        { header = tolower($2); value = $0; sub(/^[0-9]+ [^:]*: */, "", value); trace = "" }
        family == "b3" && header == "x-b3-traceid:" { b3[$1] = value }
        family == "b3" && header == "x-b3-spanid:" { trace = b3[$1]; span = value }
        family == "w3c" && header == "traceparent:" { trace = part(value, "-", 2); span = part(value, "-", 3) }
        family == "b3-single" && header == "b3:" { trace = part(value, "-", 1); span = part(value, "-", 2) }
        family == "jaeger" && header == "uber-trace-id:" { trace = part(value, ":", 1); span = part(value, ":", 2) }
        family == "datadog" && header == "x-datadog-trace-id:" { low[$1] = value }
        family == "datadog" && header == "x-datadog-parent-id:" { parent[$1] = value }
        family == "datadog" && header == "x-datadog-tags:" { trace = part(value, "=", 2) " " low[$1]; span = parent[$1] }
        family == "skywalking" && header == "sw8:" { trace = part(value, "-", 2); span = part(value, "-", 3) }
        family == "aws" && header == "x-amzn-trace-id:" { split(value, f, /[=;-]/); trace = f[3] f[4]; span = f[6] }
        family == "google" && header == "x-cloud-trace-context:" { trace = part(value, "/", 1); span = part(part(value, "/", 2), ";", 1) }
        family == "x-request-id" && header == "x-request-id:" { trace = value; gsub(/-/, "", trace); span = "0000000000000000" }
        family == "header:x-my-id" && header == "x-my-id:" { trace = value; span = "0000000000000000" }
        trace != "" { print trace "|" span }' | case $1 in
        datadog) while IFS=' |' read -r high low span; do printf '%s%016x|%016x\n' "$high" "$low" "$span"; done ;;
        google) while IFS='|' read -r trace span; do printf '%s|%016x\n' "$trace" "$span"; done ;;
        skywalking)
            while IFS='|' read -r trace span; do
                echo "$(base64 -d <<< "$trace" | xxhsum -H2 | awk '{ print $1 }')|$({ base64 -d <<< "$span"; echo -n -3; } | xxhsum -H3 | awk '{ print $NF }')"
            done
            ;;
        header:*) while IFS='|' read -r trace span; do echo "$(echo -n "$trace" | xxhsum -H2 | awk '{ print $1 }')|$span"; done ;;
        *) cat ;;
    esac | sort
}

# found_ids DIR SOURCE POINT FAMILY: the same of a run's contexts.
found_ids() {
    sql "$1" "SELECT lower(hex(trace_id)) || '|' || lower(hex(span_id)) FROM request JOIN file USING (file_id) JOIN point USING (point_id)
        JOIN family USING (file_id, family) WHERE source = '$2' AND point.name = '$3' AND reason = 16 AND family.name = '$4' ORDER BY 1"
}

# right_ids DIR FAMILY N: both methods at both points have the N ids of that family that tshark reads there, and no others.
right_ids() {
    local source point
    for point in nic vport; do
        header_values "$1/$point.pcap" | ids_of "$2" > "$work/ids"
        equals "$3" "$(grep -c . "$work/ids")" || return
        for source in ebpf pcap; do
            diff "$work/ids" <(found_ids "$1" $source $point "$2") || return
        done
    done
}

# one_family FAMILY OVERLAY LAYOUT: 20 requests whose context is of that family.
one_family() {
    local run=$work/family-$1
    check "family $1: recorded" record "$run" 20 1 "--family $1 --overlay $2 --headers $3" --pcap
    check "family $1: loaded" "$bin/ingest" --quiet --dir "$run"
    check "family $1: every request accounted for" accounted "$run" 20
    check "family $1: ids as tshark reads them" right_ids "$run" "$1" 60
    check "family $1: ledgers balance, nothing lost" balanced "$run"
    check "family $1: records equal pcap" records_equal_pcap "$run"
}

# noted DIR: in how many files the requests have which families: "FILES FAMILY of FAMILIES, REQUESTS": the one that counts, all complete ones.
noted() {
    sql "$1" "SELECT name || ' of ' || (SELECT group_concat(f.name, ' ') FROM (SELECT name, family FROM family AS other WHERE other.file_id = family.file_id
        AND families >> other.family & 1 ORDER BY family) AS f) || ', ' || count(*) FROM request JOIN family USING (file_id, family) GROUP BY file_id, family,
        families" | sort | uniq -c | awk '{ $1 = $1; print }'
}

# record_lists DIR: b3, w3c and a header of nobody's standard in each request, with Envoy's x-request-id; three recordings of the same points, one
# inside the other, which differ in what they look for: DIR-own, DIR-w3c, DIR-first.
record_lists() {
    # shellcheck disable=SC2016 # the variables belong to the inner shell
    RUN_DIR=$1 "$testbed" --family b3,w3c,x-my-id -- bash -c '
        look() { # NAME CONTEXT PREFER
            all+=("$bin/capture" run --dir "$RUN_DIR-$1" --netns "$TESTBED_NODE1_NETNS" --point nic="$TESTBED_NIC" --point vport="$TESTBED_VPORT"
                --context "$2" --prefer "$3" --pcap --quiet --)
        }
        look own "$1" list; look w3c "$2" list; look first "$1" first
        exec "${all[@]}" "$top/datasets/testbed/load.sh" --rate 20 --duration 1 --log "$RUN_DIR.log"' record_lists "$2" "$3"
}

# several_families: the list decides which context counts, and without it the place in the head; the others are noted.
several_families() {
    local run=$work/several name all='w3c b3 x-request-id header:x-my-id'
    local own=header:x-my-id,b3,w3c,x-request-id w3c=w3c,header:x-my-id,b3,x-request-id
    check "several families: recorded" record_lists "$run" $own $w3c
    check "several families: loaded" "$bin/ingest" --quiet --dir "$run-own" --context $own --prefer list
    check "several families: loaded" "$bin/ingest" --quiet --dir "$run-w3c" --context $w3c --prefer list
    check "several families: loaded" "$bin/ingest" --quiet --dir "$run-first" --context $own --prefer first
    check "several families, own before others: all noted" equals "4 header:x-my-id of $all, 60" "$(noted "$run-own")"
    check "several families, w3c before others: all noted" equals "4 w3c of $all, 60" "$(noted "$run-w3c")"
    check "several families, the first in the head: all noted" equals "4 b3 of $all, 60" "$(noted "$run-first")"
    check "several families, own before others: ids as tshark reads them" right_ids "$run-own" header:x-my-id 60
    check "several families, w3c before others: ids as tshark reads them" right_ids "$run-w3c" w3c 60
    check "several families, the first in the head: ids as tshark reads them" right_ids "$run-first" b3 60
    for name in own w3c first; do
        check "several families, $name: records equal pcap" records_equal_pcap "$run-$name"
        check "several families, $name: all paired" paired "$run-$name" ebpf "rx matched 20, tx matched 40" ""
        check "several families, $name: ledgers balance, nothing lost" balanced "$run-$name"
    done
}

# request_ids: x-request-id and nothing else, by --context alone.
request_ids() {
    local run=$work/request-id
    check "family x-request-id: recorded" record "$run" 20 1 "" --pcap --context x-request-id
    check "family x-request-id: loaded" "$bin/ingest" --quiet --dir "$run" --context x-request-id
    check "family x-request-id: every request accounted for" accounted "$run" 20
    check "family x-request-id: ids as tshark reads them" right_ids "$run" x-request-id 60
    check "family x-request-id: records equal pcap" records_equal_pcap "$run"
}

# all_families: two at a time.
all_families() {
    alongside 'one_family b3-single vxlan original' 'one_family jaeger ipip proposed'
    alongside 'one_family datadog vxlan proposed' 'one_family skywalking ipip original'
    alongside 'one_family aws vxlan original' 'one_family google ipip proposed'
    alongside several_families request_ids
}

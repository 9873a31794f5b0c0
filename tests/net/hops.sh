# shellcheck shell=bash
# shellcheck disable=SC2154 # run.sh sets them
# SPDX-License-Identifier: BSD-2-Clause
# The way of every request through the mesh: all nodes recorded at once, several testbeds at once, the detection of each header
# layout, and the testbed's own manners. Sourced by run.sh.

# record_nodes DIR OVERLAY LAYOUT RATE SECONDS: a recording at each node in DIR/node1 ... DIR/node4, and at the gateway's vport in DIR/gateway,
# one inside the other, the load innermost: all points watch from before the first request to after the last.
record_nodes() {
    mkdir -p "$1"
    # shellcheck disable=SC2016 # the variables belong to the inner shell
    RUN_DIR=$1 "$testbed" --overlay "$2" --headers "$3" -- bash -c '
        at() { # NAME NETNS VPORT FILTER
            all+=("$bin/capture" run --dir "$RUN_DIR/$1" --netns "$2" --point nic="$TESTBED_NIC" --point vport="$3" --filter "$4" --quiet --)
        }
        at node1 "$TESTBED_NODE1_NETNS" "$TESTBED_VPORT" dport=9080
        at node2 "$TESTBED_NODE2_NETNS" "$TESTBED_VPORT" dport=9080
        at node3 "$TESTBED_NODE3_NETNS" "$TESTBED_VPORT" dport=9080
        at node4 "$TESTBED_NODE4_NETNS" "$TESTBED_VPORT" daddr=10.244.4.10,dport=9080
        at gateway "$TESTBED_NODE4_NETNS" "$TESTBED_GATEWAY_VPORT" saddr=10.244.4.11,dport=9080
        exec "${all[@]}" "$top/datasets/testbed/load.sh" --rate "$1" --duration "$2" --log "$RUN_DIR/load.h2load"' \
        record_nodes "$4" "$5"
}

# load_nodes DIR: loads each of the runs.
load_nodes() {
    local place
    for place in node1 node2 node3 node4 gateway; do
        "$bin/ingest" --quiet --dir "$1/$place" || return
    done
}

# ask_nodes DIR QUERY: asks the databases of all nodes: seen (place, point, service, seq, trace, span, parent), a row for each sighting.
ask_nodes() {
    local place attach='' view=''
    for place in node1 node2 node3 node4 gateway; do
        attach+="ATTACH 'file:$1/$place/run.db?mode=ro' AS $place;"
        view+="${view:+ UNION ALL }SELECT '$place' AS place, name AS point, CASE hex(daddr) $services END AS service, seq,
            hex(trace_id) AS trace, hex(span_id) AS span, hex(parent_span_id) AS parent FROM $place.request JOIN $place.flow USING (flow_id)
            JOIN $place.file ON file.file_id = request.file_id JOIN $place.point USING (point_id) WHERE reason = 16"
    done
    sqlite3 -batch :memory: "$attach CREATE TEMP TABLE seen AS $view; $2"
}

services="WHEN '00000000000000000000FFFF0AF4010A' THEN 'productpage' WHEN '00000000000000000000FFFF0AF4020A' THEN 'details'
    WHEN '00000000000000000000FFFF0AF4030A' THEN 'reviews' WHEN '00000000000000000000FFFF0AF4040A' THEN 'ratings'"

# every_hop DIR N: each of N traces was seen once on its way to each service, at both points of the nodes at both ends.
every_hop() {
    local wanted='gateway|nic|productpage|N|N
gateway|vport|productpage|N|N
node1|nic|details|N|N
node1|nic|productpage|N|N
node1|nic|reviews|N|N
node1|vport|details|N|N
node1|vport|productpage|N|N
node1|vport|reviews|N|N
node2|nic|details|N|N
node2|vport|details|N|N
node3|nic|ratings|N|N
node3|nic|reviews|N|N
node3|vport|ratings|N|N
node3|vport|reviews|N|N
node4|nic|ratings|N|N
node4|vport|ratings|N|N'
    equals "${wanted//N/$2}" "$(ask_nodes "$1" 'SELECT place, point, service, count(*), count(DISTINCT trace) FROM seen GROUP BY 1, 2, 3 ORDER BY 1, 2, 3')"
}

# one_identity DIR N: a request is the same at all four points of its way: N sequence numbers with trace and span a service.
one_identity() {
    equals "details|$2
productpage|$2
ratings|$2
reviews|$2" "$(ask_nodes "$1" 'SELECT service, count(*) FROM (SELECT service, seq, trace, span FROM seen GROUP BY 1, 2, 3, 4 HAVING count(*) = 4)
        GROUP BY 1 ORDER BY 1')"
}

# families DIR N: N times the gateway's root span has details and reviews as children, and reviews has ratings, within one trace.
families() {
    equals "$2|$((4 * $2))" "$(ask_nodes "$1" "CREATE TEMP TABLE span AS SELECT DISTINCT service, trace, span, parent FROM seen;
        SELECT (SELECT count(*) FROM span AS p JOIN span AS d USING (trace) JOIN span AS v USING (trace) JOIN span AS t USING (trace)
        WHERE p.service = 'productpage' AND coalesce(p.parent, '') = '' AND d.service = 'details' AND d.parent = p.span AND
        v.service = 'reviews' AND v.parent = p.span AND t.service = 'ratings' AND t.parent = v.span),
        (SELECT count(DISTINCT span) FROM span)")"
}

# all_paired DIR N: no sighting of any node is without its partner.
all_paired() {
    equals "node1 rx matched $2, tx matched $((2 * $2)); node2 rx matched $2; node3 rx matched $2, tx matched $2; node4 rx matched $2; gateway tx matched $2; " \
        "$(for place in node1 node2 node3 node4 gateway; do
            echo -n "$place $(classes "$1/$place" ebpf)$(unmatched "$1/$place" ebpf); "
        done)"
}

# whole_way OVERLAY LAYOUT: every request of a load, at every hop that it took.
whole_way() {
    local run=$work/nodes-$1
    check "four nodes, $1, $2: recorded" record_nodes "$run" "$1" "$2" 100 3
    check "four nodes, $1, $2: loaded" load_nodes "$run"
    check "four nodes, $1, $2: every request at every hop" every_hop "$run" 300
    check "four nodes, $1, $2: one identity on the whole hop" one_identity "$run" 300
    check "four nodes, $1, $2: spans are each other's parents" families "$run" 300
    check "four nodes, $1, $2: all paired" all_paired "$run" 300
}

# rates DIR: what a search of 100, 200, 300, 400 and 1000 bytes finds at each point, in percent.
rates() {
    "$bin/analyze" detect --dir "$1" --no-figure --format json --search-bytes 100,200,300,400,1000 |
        jq -r '[.points[] | [.source, .point, .search_bytes, .expected, (.rate * 1000 | round / 10)]] | sort | .[] | map(tostring) | join(" ")'
}

# rates_are DIR N RATE...: the same five rates, of N requests, at both points and by both methods.
rates_are() {
    local source point i sizes=(100 200 300 400 1000) dir=$1 n=$2
    shift 2
    rates "$dir" > "$work/rates"
    for source in ebpf pcap; do
        for point in nic vport; do
            for i in 0 1 2 3 4; do echo "$source $point ${sizes[i]} $n ${*:i+1:1}"; done
        done
    done | diff - "$work/rates"
}

# layouts: the paper's Figure 8: what a search of N bytes finds at productpage's node, by header layout.
layouts() {
    check "layout proposed: none in 100 bytes, all in 200" rates_are "$work/b3" 2400 0 100 100 100 100
    check "layout original: recorded" record "$work/original" 100 2 '--overlay vxlan --headers original' --pcap
    check "layout original: loaded" "$bin/ingest" --quiet --dir "$work/original"
    check "layout original: none in 1000 bytes" rates_are "$work/original" 600 0 0 0 0 0
    check "layout original-gateway: recorded" record "$work/original-gateway" 100 2 '--overlay ipip --headers original-gateway' --pcap
    check "layout original-gateway: loaded" "$bin/ingest" --quiet --dir "$work/original-gateway"
    check "layout original-gateway: two of three hops from 400 on" rates_are "$work/original-gateway" 600 0 0 0 66.7 66.7
    check "layout proposed: place and length" equals "$(shape 27 104 1674 25 139 1349 25 139 1349)" "$(shapes b3)"
    check "layout original: place and length" equals "$(shape 1576 1653 1674 1214 1328 1349 1214 1328 1349)" "$(shapes original)"
    check "layout original-gateway: place and length" equals "$(shape 1576 1653 1674 320 434 455 320 434 455)" "$(shapes original-gateway)"
    check "layouts: the heads hold the same header lines" equals "$(header_names b3)" "$(header_names original)"
}

# shape NUMBER...: three numbers a service: productpage, details, reviews.
shape() {
    printf 'productpage|%s|%s|%s\ndetails|%s|%s|%s\nreviews|%s|%s|%s\n' "$@" | sort
}

# shapes RUN: service, first byte of the context, end of its span ids, length of the request; a line for each shape of request in the run.
shapes() {
    sql "$work/$1" "SELECT DISTINCT CASE hex(daddr) $services END, ctx_off, ctx_off + ctx_len, payload_len FROM request
        JOIN flow USING (flow_id) ORDER BY 1"
}

# header_names RUN: the header lines of the run's requests, sorted, and how many different sets there are.
header_names() {
    tshark -r "$work/$1/vport.pcap" -Y http.request -T fields -E aggregator=' ' -e http.request.line -d tcp.port==9080,http 2> /dev/null |
        sed 's/\\r\\n/\n/g' | sed -E 's/^ *([a-z0-9-]+):.*/\1/' | sort | uniq -c | awk '{ print $2 }' | grep . | paste -sd' '
}

# side_by_side: two testbeds at once, of different overlays and families, each with its own recording: neither sees the other's requests.
side_by_side() {
    record "$work/left" 100 3 '--overlay vxlan --name left-'$$ --pcap > "$work/left.said" 2>&1 &
    local left=$! status=0
    record "$work/right" 50 4 '--overlay ipip --family w3c --headers original --name right-'$$ --pcap || status=$?
    wait "$left" || { cat "$work/left.said"; return 1; }
    [ "$status" -eq 0 ] && "$bin/ingest" --quiet --dir "$work/left" && "$bin/ingest" --quiet --dir "$work/right" &&
        accounted "$work/left" 300 && accounted "$work/right" 200 &&
        equals "vxlan|2" "$(sql "$work/left" "SELECT DISTINCT encap, family FROM request JOIN flow USING (flow_id) WHERE encap <> 'none'")" &&
        equals "ipip|1" "$(sql "$work/right" "SELECT DISTINCT encap, family FROM request JOIN flow USING (flow_id) WHERE encap <> 'none'")"
}

# left_behind NAME: what a testbed of that name has left: namespaces, temp folders of this test.
left_behind() {
    find /run/netns -name "$1-*" 2> /dev/null
    find "$work/tmp" -mindepth 1 2> /dev/null
}

# manners: COMMAND's exit status and environment, and nothing stays behind.
manners() {
    local status=0
    mkdir -p "$work/tmp"
    # variables of the caller's that have the names of the script's own
    # shellcheck disable=SC2016
    TMPDIR=$work/tmp dir=mine name=mine status=mine headers=mine "$testbed" --name "manners-$$" -- bash -c '
        [ "$dir $name $status $headers" = "mine mine mine mine" ] && [ -d "$TESTBED_DIR" ] && ip netns exec "$TESTBED_NODE3_NETNS" true &&
            [ "$TESTBED_OVERLAY $TESTBED_HEADERS $TESTBED_FAMILY" = "vxlan proposed b3" ] && exit 37' || status=$?
    equals 37 "$status" && equals "" "$(left_behind "manners-$$")"
}

# ended: SIGTERM ends COMMAND and takes the testbed down, also while other processes come and go.
ended() {
    local pid churn status=0
    while :; do /bin/true; done &
    churn=$!
    # shellcheck disable=SC2016
    TMPDIR=$work/tmp "$testbed" --name "ended-$$" -- bash -c 'echo up > "$0"; sleep 600' "$work/is_up" &
    pid=$!
    until [ -s "$work/is_up" ] || ! kill -0 $pid; do sleep 0.05; done
    kill -TERM $pid
    wait $pid || status=$?
    kill $churn
    wait $churn
    equals 143 "$status" && equals "" "$(left_behind "ended-$$")"
}

# ended_early: SIGTERM at different times of the bring-up leaves nothing half made.
ended_early() {
    local pid after
    for after in 0.05 0.15 0.3 0.5; do
        TMPDIR=$work/tmp "$testbed" --name "early-$$" -- sleep 600 2> /dev/null &
        pid=$!
        sleep $after
        kill -TERM $pid
        wait $pid
        equals "" "$(left_behind "early-$$")" || return
    done
}

# refused TEXT COMMAND...: exit status 1, with words that hold TEXT, and nothing was made.
refused() {
    local text=$1 status=0
    shift
    TMPDIR=$work/tmp "$@" > "$work/said" 2>&1 || status=$?
    cat "$work/said"
    equals 1 "$status" && grep -q -- "$text" "$work/said" && equals "" "$(left_behind "refused-$$")"
}

# taken_name: a name that another testbed has is refused, and that one does not suffer.
taken_name() {
    # shellcheck disable=SC2016
    "$testbed" --name "taken-$$" -- bash -c '
        "$0" --name "$2" -- true 2> "$1" && exit 1
        grep -q "namespace $2-underlay exists" "$1" && ip netns exec "$2-node4" true' "$testbed" "$work/said" "taken-$$"
}

# testbed_manners: all of these.
testbed_manners() {
    check "testbed: exit status, environment, nothing left" manners
    check "testbed: SIGTERM takes it down, COMMAND and all" ended
    check "testbed: SIGTERM while it comes up" ended_early
    check "testbed: a taken name is refused" taken_name
    check "testbed: refused without the programs of ipip" refused 'run make' \
        env TESTBED_IPIP_OBJECT="$work/none.o" "$testbed" --overlay ipip --name "refused-$$" -- true
    # where anybody may read it
    cp -r "$top/datasets/testbed" "$work/testbed" && chmod -R a+rX "$work/testbed" && chmod 711 "$work"
    check "testbed: refused without root" refused 'need root' \
        setpriv --reuid=65534 --regid=65534 --clear-groups "$work/testbed/testbed.sh" --name "refused-$$" -- true
}

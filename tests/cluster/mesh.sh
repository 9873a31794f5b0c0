# shellcheck shell=bash
# shellcheck disable=SC2154 # run.sh sets bin, top, testbed, work
# shellcheck disable=SC2016 # the variables belong to the testbed's command
# SPDX-License-Identifier: BSD-2-Clause
# The whole way on the testbed: four nodes collect, one plan, four recordings at once, one campaign. Sourced by run.sh. Root.

readonly n_requests=200
# Point and how many requests with a context pass it, for each request of the load.
readonly passages='nic-node1 3
nic-node2 1
nic-node3 2
nic-node4 2
vport-details-v1-79f774bdb9-6jl84 1
vport-istio-ingressgateway-5d6cbf9bfc-2bgbq 1
vport-productpage-v1-6b746f74dc-9rlmh 3
vport-ratings-v1-b6994bb96-4dzjt 1
vport-reviews-v1-5b667bcb7-qrxcb 2'

# truth DIR: what the plan must find, asked of the namespaces themselves: "NODE ROLE INTERFACE POD" a line.
truth() {
    local node role pod variable netns peer
    for node in 1 2 3 4; do
        variable=TESTBED_NODE${node}_NETNS
        echo "node$node nic $(ip -n "${!variable}" -j route get "192.168.77.$((node % 4 + 1))" | jq -r '.[0].dev')"
    done
    while read -r node role pod; do
        variable=TESTBED_${role}_NETNS
        netns=${!variable}
        peer=$(ip -n "$netns" -j link show eth0 | jq -r '.[0].link_index')
        variable=TESTBED_NODE${node}_NETNS
        echo "node$node vport $(ip -n "${!variable}" -j link show | jq -r --argjson peer "$peer" '.[] | select(.ifindex == $peer) | .ifname') $pod"
    done <<END
1 PRODUCTPAGE default/productpage-v1-6b746f74dc-9rlmh
2 DETAILS default/details-v1-79f774bdb9-6jl84
3 REVIEWS default/reviews-v1-5b667bcb7-qrxcb
4 RATINGS default/ratings-v1-b6994bb96-4dzjt
4 GATEWAY istio-system/istio-ingressgateway-5d6cbf9bfc-2bgbq
END
}

# same_but_counters FILE FILE: iptables-save's output but for its comments' times and counters.
same_but_counters() {
    diff <(sed -E '/^#/d; s/\[[0-9]+:[0-9]+\]//' "$1") <(sed -E '/^#/d; s/\[[0-9]+:[0-9]+\]//' "$2")
}

# printed_by_tools DIR: runs in the testbed: what was collected is what the tools print, byte for byte.
printed_by_tools() {
    local dir=$1 node variable netns file name id
    PATH=$TESTBED_CLUSTER_BIN:$PATH
    for name in pods nodes namespaces services endpoints endpointslices; do
        kubectl get "$name" --all-namespaces -o json | cmp - "$dir/cluster/$name.json" || return 1
    done
    kubectl version -o json | cmp - "$dir/cluster/kubectl-version.json" || return 1
    for node in 1 2 3 4; do
        variable=TESTBED_NODE${node}_NETNS
        netns="ip netns exec ${!variable}"
        file=$dir/cluster/node/node$node
        # shellcheck disable=SC2086 # netns is words
        {
            $netns ip -j -d link show | cmp - "$file/link.json" && $netns ip -j addr show | cmp - "$file/addr.json" &&
                $netns ip -j route show table all | cmp - "$file/route.json" && $netns ethtool -k eth0 | cmp - "$file/offload-eth0.txt" &&
                $netns ethtool -k vport0 | cmp - "$file/offload-vport0.txt" || return 1
            $netns iptables-save > "$work/now-$node" && same_but_counters "$work/now-$node" "$file/iptables.txt" || return 1
            for name in "$file"/crictl-* "$file"/docker-* "$file"/nerdctl-*; do
                [ -e "$name" ] || continue
                id=${name##*-}
                id=${id%.json}
                case $name in
                *crictl-*) $netns crictl inspect "$id" 2> /dev/null | cmp -s - "$name" || $netns crictl inspectp "$id" | cmp - "$name" || return 1 ;;
                *docker-*) $netns docker inspect "$id" | cmp - "$name" || return 1 ;;
                *) $netns nerdctl --namespace k8s.io inspect "$id" | cmp - "$name" || return 1 ;;
                esac
            done
        }
        for name in "$file"/pid-*.link.json; do
            id=${name##*pid-}
            nsenter --net="/proc/${id%%.*}/ns/net" ip -j -d link show | cmp - "$name" || return 1
        done
    done
}

# mesh DIR OPTIONS: a campaign on a testbed of its own; what must be asked while it is up is asked, too.
mesh() {
    # shellcheck disable=SC2086 # options are words
    MESH_DIR=$1 "$testbed" --cluster $2 -- bash -c '
        # an address is another text until the kernel has found that it is nobody else'"'"'s
        for role in NODE1 NODE2 NODE3 NODE4 PRODUCTPAGE DETAILS REVIEWS RATINGS GATEWAY; do
            netns=TESTBED_${role}_NETNS
            while ip -n "${!netns}" addr | grep -q tentative; do sleep 0.1; done
        done
        "$top/datasets/testbed/record_mesh.sh" --dir "$MESH_DIR" --rate 100 --duration 2 > "$MESH_DIR.told" || exit
        cat "$TESTBED_DIR"/*-proxy/spans.log | jq -r "select(.trace != \"\") | .trace" | sort | uniq -c | sort -n > "$MESH_DIR.spans"
        truth > "$MESH_DIR.truth"
        printed_by_tools "$MESH_DIR" > "$MESH_DIR.printed" 2>&1; echo "$?" >> "$MESH_DIR.printed"'
}

as_printed() {
    equals 0 "$(cat "$1.printed")"
}

# No interface was named by hand, and all are the right ones.
plan_is_true() {
    diff <(sort "$1.truth") <(jq -r '.nodes[] | .node as $node | .points[] | [$node, .role, .interface, .pod] | join(" ")' "$1/plan.json" | sed 's/ $//' | sort) &&
        equals 9 "$(jq '[.nodes[].points[]] | length' "$1/plan.json")" && equals "$2" "$(jq -r '[.nodes[].overlay] | unique | join(",")' "$1/plan.json")"
}

# sql_of DIR QUERY: what the four runs' databases answer, one after the other.
sql_of() {
    local node
    for node in 1 2 3 4; do
        sqlite3 -batch "file:$1/node$node/run.db?mode=ro" "$2" || return 1
    done
}

# Every request of the load is at every point that it must pass, as often as it must.
all_at_all_points() {
    diff <(awk -v n=$n_requests '{ print $1 "|" n * $2 "|" n }' <<< "$passages") \
        <(sql_of "$1" "SELECT point.name, count(*), count(DISTINCT trace_id) FROM request JOIN file USING (file_id) JOIN point USING (point_id)
            WHERE length(trace_id) > 0 GROUP BY point.name" | sort)
}

# Every call of every request (a span id) is seen at four points: its caller's vport and NIC, its callee's NIC and vport.
four_points_a_call() {
    equals "$((4 * n_requests)) calls, each at 4 points" "$(sql_of "$1" "SELECT hex(trace_id) || hex(span_id) FROM request WHERE length(trace_id) > 0" |
        sort | uniq -c | awk '{ n++; at[$1]++ } END { if (at[4] == n) print n " calls, each at 4 points"; else for (k in at) print at[k], "calls at", k }')"
}

# pairs_of DIR NODE: "DIRECTION CLASS EDGE: N" of the pairs at a node's points, joined.
pairs_of() {
    "$bin/analyze" pairs --dir "$1/$2" --format tsv | awk -F'\t' '/^# source/ { for (i = 1; i <= NF; i++) if ($i == "edge") edge = i }
        !/^#/ { n[$2 " " $3 " " $edge]++ } END { for (k in n) print k ": " n[k] }' | LC_ALL=C sort | paste -sd, | sed 's/,/, /g'
}

# All pairs, with their classes and names: a request that asks for a service's address is another's at the NIC behind DNAT.
pairs_are_named() {
    local tx=$2
    equals "rx matched istio-ingressgateway -> productpage: 200, tx $tx productpage -> details: 200, tx $tx productpage -> reviews: 200" "$(pairs_of "$1" node1)" &&
        equals "rx matched productpage -> details: 200" "$(pairs_of "$1" node2)" &&
        equals "rx matched productpage -> reviews: 200, tx $tx reviews -> ratings: 200" "$(pairs_of "$1" node3)" &&
        equals "rx matched reviews -> ratings: 200, tx $tx istio-ingressgateway -> productpage: 200" "$(pairs_of "$1" node4)"
}

# The spans are those that the proxies have logged, and each request of the load has its eight; the graph that Jaeger claims has four edges.
spans_are_loaded() {
    equals "$(awk '{ n += $1 } END { print NR "|" n }' "$1.spans")" "$(sqlite3 -batch "file:$1/node1/run.db?mode=ro" "SELECT count(DISTINCT trace_id), count(*) FROM span")" &&
        equals "$n_requests" "$(sqlite3 -batch "file:$1/node1/run.db?mode=ro" "SELECT count(*) FROM (SELECT trace_id FROM span WHERE trace_id IN (SELECT trace_id FROM request)
            GROUP BY trace_id HAVING count(*) = 8)")" &&
        equals 4 "$(jq '.data | length' "$1/cluster/dependencies.json")"
}

whole_mesh() {
    local dir=$work/mesh-$1
    check "$1: four nodes collected, planned, recorded" mesh "$dir" "$3"
    check "$1: what was collected is what the tools print" as_printed "$dir"
    check "$1: the plan's points are the true ones" plan_is_true "$dir" "$2"
    check "$1: loaded" "$bin/ingest" --dir "$dir"
    check "$1: every request is at all points" all_at_all_points "$dir"
    check "$1: every call is at four points" four_points_a_call "$dir"
    check "$1: pairs, with classes and names" pairs_are_named "$dir" "$4"
    check "$1: the proxies' spans" spans_are_loaded "$dir"
}

# hostile_copy DIR: the campaign's snapshot, where names are what nobody wants.
hostile_copy() {
    rm -rf "$1"
    mkdir -p "$1"
    cp -r "$work/mesh-vxlan/cluster" "$1/cluster"
    rm -rf "$1"/cluster/traces* "$1"/cluster/update*
}

# rewrite FILE FILTER: jq in place.
rewrite() {
    jq "$2" "$1" > "$1.new" && mv "$1.new" "$1"
}

# harmless DIR: a plan was made or refused in words; nothing in what it says moves the terminal, no name leaves its folder.
harmless() {
    local status
    "$bin/capture" plan --dir "$1" --all > "$work/plan.out" 2> "$work/plan.err"
    status=$?
    if [ "$status" -gt 1 ] || { [ "$status" -eq 1 ] && [ ! -s "$work/plan.err" ]; }; then
        echo "exit $status"
        cat "$work/plan.err"
        return 1
    fi
    if LC_ALL=C grep -qP '[\x00-\x08\x0b-\x1f\x7f]' "$work/plan.out" "$work/plan.err"; then
        echo "control characters in the output"
        return 1
    fi
    [ ! -e "$work/canary" ] && equals "" "$(find "$1" -newer "$1/cluster" -type f ! -name plan.json ! -path '*/cluster/*')" || return 1
    [ "$status" -eq 0 ] || return 0
    equals "" "$(jq -r '.nodes[].points[].name' "$1/plan.json" | grep -vE '^[A-Za-z0-9][A-Za-z0-9._-]*$')" &&
        equals "" "$(jq -r '.nodes[].points[].interface' "$1/plan.json" | grep -E '^$|[/[:cntrl:]]')"
}

hostile_names() {
    local dir=$work/hostile-plan name
    for name in '../../x' "a\"b'c" 'a
b' '$(touch $work/canary)' '`touch $work/canary`' '<script>alert(1)</script>' '; DROP TABLE point;--' '-rf' $'\e[2J\e]0;title\a' '' 'ü😀' "$(printf 'x%.0s' {1..5000})"; do
        hostile_copy "$dir"
        NAME=$name rewrite "$dir/cluster/pods.json" '(.items[] | select(.metadata.labels.app == "details") | .metadata.name) = env.NAME |
            (.items[] | select(.metadata.labels.app == "reviews") | .metadata.namespace) = env.NAME'
        NAME=$name rewrite "$dir/cluster/services.json" '.items[].metadata.name = env.NAME'
        NAME=$name rewrite "$dir/cluster/nodes.json" '.items[0].metadata.name = env.NAME | .items[1].status.addresses[0].address = env.NAME'
        NAME=$name rewrite "$dir/cluster/node/node1/link.json" '(.[] | select(.ifname == "vport0") | .ifname) = env.NAME'
        for file in "$dir"/cluster/node/node2/crictl-*; do NAME=$name rewrite "$file" '.status.labels["io.kubernetes.pod.name"] = env.NAME'; done
        harmless "$dir" || { printf '%q\n' "$name"; return 1; }
    done
}

# Every file cut in the middle, or of another shape: an error that names it, or a plan without it; never a crash.
broken_files() {
    local dir=$work/broken-plan file text
    hostile_copy "$dir"
    while read -r file; do
        cp "$file" "$work/whole"
        head -c $(($(stat -c %s "$work/whole") / 2)) "$work/whole" > "$file"
        harmless "$dir" || { echo "$file: cut"; return 1; }
        for text in '[[[[' '{"items": {"a": 1}}' '{"items": [1, null, {"metadata": 5, "spec": [], "status": "x"}]}' '[{"ifname": 5, "ifindex": -1, "link_index": 1e99}]' 'x'; do
            printf %s "$text" > "$file"
            harmless "$dir" || { echo "$file: $text"; return 1; }
        done
        cp "$work/whole" "$file"
    done < <(find "$dir/cluster" -type f ! -name '.*' ! -name 'offload-*' | sort | awk -F/ '{ kind = $NF; sub(/-[0-9a-f]+\.json$/, "", kind); sub(/pid-[0-9]+/, "pid", kind) } !seen[kind]++')
}

# reviews gets a second pod while node 2 is recorded: its vport is recorded from then on, and the manifest says so.
watched() {
    local dir=$work/watched
    MESH_DIR=$dir "$testbed" --kube-proxy -- bash -c '
        export PATH=$TESTBED_CLUSTER_BIN:$PATH NODE_NAME=node2
        mkdir -p "$MESH_DIR"
        "$bin/capture" collect --dir "$MESH_DIR" --node node2 --netns "$TESTBED_NODE2_NETNS" --quiet &&
            "$bin/capture" plan --dir "$MESH_DIR" --all --node node2 --netns "$TESTBED_NODE2_NETNS" > "$MESH_DIR/plan.txt" || exit
        "$bin/capture" run --dir "$MESH_DIR/node2" --plan "$MESH_DIR/plan.json" --node node2 --netns "$TESTBED_NODE2_NETNS" --watch=1 --quiet &
        capture=$!
        until [ -e "$MESH_DIR/node2/run.json" ]; do kill -0 "$capture" || exit; sleep 0.05; done
        "$TESTBED_SCALE" up reviews || exit
        for ((i = 0; i < 150; i++)); do
            [ ! -e "$MESH_DIR"/node2/vport-reviews*.part ] || break
            sleep 0.1
        done
        "$top/datasets/testbed/load.sh" --rate 100 --duration 4 --log "$MESH_DIR/node2/load.h2load"
        cp "$TESTBED_DIR/reviews2-proxy/spans.log" "$MESH_DIR/spans.log"
        kill -INT "$capture"
        wait "$capture"' > "$work/watched.told" 2>&1 || { cat "$work/watched.told"; return 1; }
    "$bin/ingest" --dir "$dir" > "$work/watched.ingest" 2>&1 || { cat "$work/watched.ingest"; return 1; }
}

# The new pod's requests as its own proxy logged them are in its vport's recording.
new_pod_is_recorded() {
    local dir=$work/watched served
    served=$(grep -c '"kind":"server"' "$dir/spans.log")
    [ "$served" -gt 0 ] || { echo "the new pod served nothing"; return 1; }
    equals "watching 0" "$(jq -r '"\(.privileges.seccomp) \(.privileges.refused_calls)"' "$dir/node2/run.json")" || return 1
    equals "$served" "$(sqlite3 -batch "file:$dir/node2/run.db?mode=ro" "SELECT count(DISTINCT trace_id) FROM request JOIN file USING (file_id) JOIN point USING (point_id)
        WHERE length(trace_id) > 0 AND point.name LIKE 'vport-reviews%'")" &&
        equals "default/reviews-v1-5b667bcb7-h7zqv vport1 vport" "$(jq -r '.points[] | select(.name | startswith("vport-reviews")) | [.pod, .interface, .role] | join(" ")' "$dir/node2/run.json")"
}

# A new pod's packet capture cannot begin, as its file is there: its tap records all the same, and what the manifest says of it stays true when later plans
# have come and the pod has gone.
half_a_new_point() {
    local dir=$work/half name=vport-reviews-v1-5b667bcb7-h7zqv
    MESH_DIR=$dir NEW=$name "$testbed" --cluster -- bash -c '
        export PATH=$TESTBED_CLUSTER_BIN:$PATH
        mkdir -p "$MESH_DIR/node2"
        : > "$MESH_DIR/node2/$NEW.pcap"
        "$bin/capture" collect --dir "$MESH_DIR" --node node2 --netns "$TESTBED_NODE2_NETNS" --quiet &&
            "$bin/capture" plan --dir "$MESH_DIR" --all --node node2 --netns "$TESTBED_NODE2_NETNS" > "$MESH_DIR/plan.txt" || exit
        "$bin/capture" run --dir "$MESH_DIR/node2" --plan "$MESH_DIR/plan.json" --node node2 --netns "$TESTBED_NODE2_NETNS" --watch=1 --pcap --quiet &
        capture=$!
        until [ -e "$MESH_DIR/node2/run.json" ]; do kill -0 "$capture" || exit; sleep 0.05; done
        # until FILTER: the manifest says so
        said() { for ((i = 0; i < 300; i++)); do ! jq -e "$1" "$MESH_DIR/node2/run.json" > /dev/null || return 0; sleep 0.1; done; return 1; }
        "$TESTBED_SCALE" up reviews && said "any(.changes[]; .event == \"failed\")" && "$TESTBED_SCALE" down reviews && said "any(.changes[]; .event == \"detached\")"
        kill -INT "$capture"
        wait "$capture"' > "$work/half.told" 2>&1 || { cat "$work/half.told"; return 1; }
    equals "failed $name default/reviews-v1-5b667bcb7-h7zqv,detached $name default/reviews-v1-5b667bcb7-h7zqv" \
        "$(jq -r '[.changes[] | [.event, .point, .pod] | join(" ")] | join(",")' "$dir/node2/run.json")" &&
        equals "complete vport1 default/reviews-v1-5b667bcb7-h7zqv true" \
            "$(jq -r --arg name "$name" '.state + " " + (.points[] | select(.name == $name) | [.interface, .pod, .ended_early] | map(tostring) | join(" "))' "$dir/node2/run.json")" &&
        [ -s "$dir/node2/$name.rec.zst" ] && [ ! -e "$dir/node2/plan-watched.json.part" ]
}

# A testbed with a cluster and a pod more leaves nothing when its command is ended: no namespace, no server, no file.
leaves_nothing() {
    local name=wirespan-leaves-$$ dir pid
    "$testbed" --cluster --name "$name" -- bash -c '"$TESTBED_SCALE" up reviews && echo "$TESTBED_DIR" > "$work/leaves.part" && mv "$work/leaves.part" "$work/leaves" && exec sleep 1000' \
        > "$work/leaves.told" 2>&1 &
    pid=$!
    until [ -e "$work/leaves" ]; do
        kill -0 "$pid" 2> /dev/null || { cat "$work/leaves.told"; return 1; }
        sleep 0.1
    done
    dir=$(cat "$work/leaves")
    equals 12 "$(find /run/netns -name "$name-*" | wc -l)" || return 1
    kill -TERM "$pid"
    wait "$pid"
    equals "" "$(find /run/netns -name "$name-*")" && [ ! -e "$dir" ] && equals "" "$(grep -als "[/]${dir#/}" /proc/[0-9]*/cmdline)"
}

# not_root: without root, the one command says what it needs. It may look into a checkout that is root's alone.
not_root() {
    local status
    setpriv --reuid=65534 --clear-groups --inh-caps=+dac_read_search --ambient-caps=+dac_read_search "$top/datasets/mesh.sh" --dir "$work/no" > /dev/null 2> "$work/said"
    status=$?
    equals 1 "$status" && grep -q "not root" "$work/said"
}

meshes() {
    export -f truth printed_by_tools same_but_counters
    whole_mesh vxlan vxlan "" matched
    whole_mesh ipip ipip "--overlay ipip --kube-proxy" nat
    check "plan: hostile names do no harm" hostile_names
    check "plan: broken files do no harm" broken_files
    check "watch: reviews scaled in mid-run" watched
    check "watch: the new pod's vport is recorded, and in the manifest" new_pod_is_recorded
    check "watch: a new point without its packet capture" half_a_new_point
    check "collect: a full disk" disk_full
    check "testbed: a cluster that is ended leaves nothing" leaves_nothing
    check "mesh.sh says that it needs root" not_root
}

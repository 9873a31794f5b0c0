# shellcheck shell=bash
# shellcheck disable=SC2154 # run.sh sets bin, work
# shellcheck disable=SC2016 # the variables in the fakes' texts are theirs
# shellcheck disable=SC2012 # the names are known
# SPDX-License-Identifier: BSD-2-Clause
# `capture collect` with programs that hang, fail, print without end, are missing, or say hostile things. Sourced by run.sh. No root.

# fake DIR NAME: makes DIR/NAME a program of the text on stdin, for bash.
fake() {
    mkdir -p "$1"
    { echo '#!/bin/bash'; cat; } > "$1/$2"
    chmod +x "$1/$2"
}

# plain_fakes DIR: programs that answer at once. What kubectl, iptables-save and curl are asked is in DIR/asked.
plain_fakes() {
    local name
    fake "$1" kubectl <<'END'
printf '%q ' kubectl "$@" >> "${0%/*}/asked"; echo >> "${0%/*}/asked"
printf '{"kind": "List", "items": []}'
END
    fake "$1" ip <<'END'
case "$*" in *link*) echo '[{"ifindex":2,"ifname":"eth0","link_type":"ether"}]' ;; *) echo '[]' ;; esac
END
    fake "$1" ethtool <<< 'echo "Features for $2:"'
    for name in iptables-save ip6tables-save nft ipvsadm chronyc pmc; do fake "$1" "$name" <<< "echo '$name'"; done
    fake "$1" crictl <<'END'
case $1 in
ps) echo '{"containers": []}' ;;
pods) echo '{"items": []}' ;;
esac
END
    for name in docker nerdctl ctr; do fake "$1" "$name" <<< ':'; done
    fake "$1" curl <<'END'
printf '%q ' curl "$@" >> "${0%/*}/asked"; echo >> "${0%/*}/asked"
echo '{"data": []}'
END
}

# collect FAKES DIR [ARG...]: a collection that finds no other programs than the fakes.
collect() {
    local fakes=$1 dir=$2
    shift 2
    PATH=$fakes "$bin/capture" collect --dir "$dir" --node n1 "$@" > "$work/told" 2>&1
}

# source_of DIR NAME KEY [NODE]: what snapshot.json says of a source.
source_of() {
    jq -r --arg name "$2" --arg key "$3" --arg node "${4-n1}" '.sources[] | select(.name == $name and (.node // $node) == $node) | .[$key]' \
        "$1/cluster/snapshot.json"
}

# nothing_half DIR: no temporary file is left.
nothing_half() {
    equals "" "$(find "$1" -name '*.part' -o -name '*.answer*')"
}

kept_byte_for_byte() {
    local fakes=$work/bytes-bin dir=$work/bytes
    plain_fakes "$fakes"
    printf 'a\0b\xff\r\n$(x) no line feed at the end' > "$work/odd"
    fake "$fakes" kubectl <<< "/bin/cat '$work/odd'"
    fake "$fakes" nft <<< "/bin/cat '$work/odd'; echo words >&2"
    collect "$fakes" "$dir" && cmp "$work/odd" "$dir/cluster/pods.json" && cmp "$work/odd" "$dir/cluster/node/n1/nft.json" &&
        equals "ok 0 $(stat -c %s "$work/odd") words node/n1/nft.json" "$(for key in status exit_status n_bytes words file; do source_of "$dir" nft $key; done | paste -sd' ')" &&
        equals '["nft","-j","list","ruleset"]' "$(jq -c '.sources[] | select(.name == "nft") | .command' "$dir/cluster/snapshot.json")" &&
        equals complete "$(jq -r .state "$dir/cluster/snapshot.json")" && nothing_half "$dir"
}

troubles_are_named() {
    local fakes=$work/trouble-bin dir=$work/trouble
    plain_fakes "$fakes"
    fake "$fakes" kubectl <<'END'
case $2 in
pods) exec /bin/sleep 1000 ;;
nodes) printf '{"half'; echo "first" >&2; echo "You must be logged in" >&2; exit 7 ;;
esac
echo '{}'
END
    fake "$fakes" iptables-save <<< 'while :; do printf "%1000000s" ""; done'
    rm "$fakes/nft"
    collect "$fakes" "$dir" --timeout 1 || { cat "$work/told"; return 1; }
    equals timeout "$(source_of "$dir" pods status)" && equals "failed 7" "$(source_of "$dir" nodes status) $(source_of "$dir" nodes exit_status)" &&
        equals too_large "$(source_of "$dir" iptables status)" && equals missing "$(source_of "$dir" nft status)" && equals ok "$(source_of "$dir" services status)" &&
        [ ! -e "$dir/cluster/pods.json" ] && [ ! -e "$dir/cluster/nodes.json" ] && [ ! -e "$dir/cluster/node/n1/iptables.txt" ] && nothing_half "$dir" &&
        grep -q '^pods  *timeout  *0  without it: names of pods' "$work/told" && grep -q '^nodes  *failed .*You must be logged in; without it: ' "$work/told" &&
        grep -q '^nft  *missing .*no such program' "$work/told"
}

nothing_there() {
    local status
    mkdir -p "$work/empty-bin"
    collect "$work/empty-bin" "$work/nothing"
    status=$?
    equals 1 "$status" && grep -q "no source has answered" "$work/told" && equals missing "$(source_of "$work/nothing" pods status)"
}

# What is no JSON is kept as it is, and costs what would have been asked because of it.
broken_json() {
    local fakes=$work/broken-bin dir=$work/broken
    plain_fakes "$fakes"
    fake "$fakes" ip <<< 'printf "[{\"ifname\": \"eth0"'
    fake "$fakes" crictl <<< 'printf "{\"containers\": [{"'
    fake "$fakes" curl <<< 'printf "<html>"'
    collect "$fakes" "$dir" --jaeger http://127.0.0.1:1 && equals '[{"ifname": "eth0' "$(cat "$dir/cluster/node/n1/link.json")" &&
        [ ! -e "$dir/cluster/node/n1/offload-eth0.txt" ] && grep -q 'crictl .*no JSON' "$work/told" && grep -q "Jaeger's services left out" "$work/told" && nothing_half "$dir"
}

# Jaeger says nothing of the traces beyond those it was asked for.
as_many_traces_as_asked_for() {
    local fakes=$work/many-bin dir=$work/many
    plain_fakes "$fakes"
    fake "$fakes" curl <<'END'
case "$*" in
*/api/services) echo '{"data": ["some", "all"]}' ;;
*service=some*) echo '{"data": [{"a": [1, 2]}, {}], "total": 0}' ;;
*service=all*) printf '{"data": [{}'; printf ', {}%.0s' {2..10000}; echo ']}' ;;
*) echo '{}' ;;
esac
END
    collect "$fakes" "$dir" --jaeger http://127.0.0.1:1 && grep -q 'traces-2.json holds 10000 traces.* there may be more' "$work/told" && ! grep -q 'traces-1.json holds' "$work/told"
}

# Ids and names that come out of programs become arguments and files only if they are plain.
hostile_words() {
    local fakes=$work/hostile-bin dir=$work/hostile/a/b canary=$work/hostile/canary
    mkdir -p "$dir"
    plain_fakes "$fakes"
    fake "$fakes" crictl <<END
printf '%q ' crictl "\$@" >> '$work/hostile-asked'; echo >> '$work/hostile-asked'
case \$1 in
ps) echo '{"containers": [{"id": "../../x"}, {"id": "\$(touch $canary)"}, {"id": "-rf"}, {"id": "a b"}, {"id": "a\\nb"}, {"id": ""}, {"id": 5}, {},
    {"id": "a/b"}, {"id": "\\u0000"}, {"id": "good-1"}, {"id": "$(printf 'x%.0s' {1..300})"}, 7, null]}' ;;
pods) echo '{"items": {"id": "no array"}}' ;;
*) echo '{"info": {"pid": "1; rm"}}' ;;
esac
END
    fake "$fakes" docker <<END
printf '%q ' docker "\$@" >> '$work/hostile-asked'; echo >> '$work/hostile-asked'
if [ "\$1" = ps ]; then printf '../x\\n\$(touch $canary)\\n--help\\n\\n \\nab\\0cd\\ngood2\\r\\n'; else echo '[{"State": {"Pid": -7}}]'; fi
END
    fake "$fakes" ip <<'END'
case "$*" in
*link*) echo '[{"ifname":"../up","link_type":"ether"},{"ifname":"-K","link_type":"ether"},{"ifname":"a;b","link_type":"ether"},{"ifname":".","link_type":"ether"},{"ifname":"eth0.5","link_type":"ether"},{"ifname":7,"link_type":"ether"}]' ;;
*) echo '[]' ;;
esac
END
    fake "$fakes" curl <<'END'
printf '%s\n' "$@" | /bin/grep -a http >> "${0%/*}/asked-url"
case "$*" in */api/services) echo '{"data": ["a b&limit=1", "../../$(x)", "\n\"", "-o/tmp/x", "\u00fc", 5]}' ;; *) echo '{}' ;; esac
END
    collect "$fakes" "$dir" --jaeger 'http://[::1]:16686/base/' || { cat "$work/told"; return 1; }
    equals "crictl-good-1.json docker-good2.json offload-eth0.5.txt" "$(find "$dir/cluster/node/n1" -name '*-*' ! -name 'ctr-*' -printf '%f\n' | sort | paste -sd' ')" &&
        equals "crictl inspect good-1" "$(grep 'crictl inspect' "$work/hostile-asked" | sed 's/ $//')" && equals "docker inspect good2" "$(grep 'docker inspect' "$work/hostile-asked" | sed 's/ $//')" &&
        equals "%0A%22 %C3%BC -o%2Ftmp%2Fx ..%2F..%2F%24%28x%29 a%20b%26limit%3D1" "$(sed -n 's/.*[?]service=\([^&]*\)&.*/\1/p' "$fakes/asked-url" | LC_ALL=C sort | paste -sd' ')" &&
        equals "http://[::1]:16686/base/api/services" "$(head -1 "$fakes/asked-url")" && [ ! -e "$canary" ] && equals "a" "$(ls "$work/hostile")" &&
        equals "b" "$(ls "$work/hostile/a")" && equals "cluster" "$(ls "$dir")" && nothing_half "$dir"
}

# Six nodes at once, each of which says something else of the cluster: all end up in the list, and no file is mixed.
nodes_at_once() {
    local fakes=$work/at-once-bin dir=$work/at-once n pids=() status=0
    plain_fakes "$fakes"
    fake "$fakes" kubectl <<< 'for i in {1..300}; do echo "$NODE_NAME $2 $i"; done'
    for n in 1 2 3 4 5 6; do
        NODE_NAME=node$n PATH=$fakes "$bin/capture" collect --dir "$dir" --quiet &
        pids+=($!)
    done
    for n in "${pids[@]}"; do wait "$n" || status=1; done
    equals 0 "$status" && equals "node1 node2 node3 node4 node5 node6" "$(ls "$dir/cluster/node" | paste -sd' ')" &&
        equals "6 6 1" "$(jq '[([.sources[] | select(.name == "link" and .status == "ok") | .node] | unique | length), ([.sources[] | select(.name == "link")] | length),
            ([.sources[] | select(.name == "pods")] | length)] | map(tostring) | join(" ")' -r "$dir/cluster/snapshot.json")" &&
        equals "1 300" "$(cut -d' ' -f1 "$dir/cluster/pods.json" | sort | uniq -c | awk '{ n++; lines += $1 } END { print n, lines }')" && nothing_half "$dir"
}

# A node that has no kubectl leaves what another has collected with it.
other_nodes_answer_stays() {
    local fakes=$work/stays-bin dir=$work/stays
    plain_fakes "$fakes"
    collect "$fakes" "$dir" && rm "$fakes/kubectl" &&
        PATH=$fakes "$bin/capture" collect --dir "$dir" --node n2 --quiet && equals ok "$(source_of "$dir" pods status)" && [ -e "$dir/cluster/pods.json" ] &&
        equals "ok ok" "$(source_of "$dir" link status n1) $(source_of "$dir" link status n2)"
}

# Two collections of one node into one directory: the second says so.
same_node_at_once() {
    local fakes=$work/same-bin dir=$work/same first status
    plain_fakes "$fakes"
    fake "$fakes" nft <<< "/bin/touch '$work/same-runs'; while [ ! -e '$work/same-go' ]; do /bin/sleep 0.05; done"
    collect "$fakes" "$dir" &
    first=$!
    until [ -e "$work/same-runs" ]; do sleep 0.05; done
    PATH=$fakes "$bin/capture" collect --dir "$dir" --node n1 > "$work/second" 2>&1
    status=$?
    touch "$work/same-go"
    wait "$first" && equals 1 "$status" && grep -q "another .capture collect. of the node n1" "$work/second"
}

# SIGINT in mid-collection: no half file, nothing left running, and what had been got is listed.
interrupted_collection() {
    local fakes=$work/int-bin dir=$work/int status pid
    plain_fakes "$fakes"
    fake "$fakes" nft <<< "printf '{\"half'; echo \$\$ > '$work/int-pid.part'; /bin/mv '$work/int-pid.part' '$work/int-pid'; trap '' TERM; while :; do /bin/sleep 0.2; done"
    PATH=$fakes "$bin/capture" collect --dir "$dir" --node n1 > "$work/told" 2>&1 &
    pid=$!
    until [ -e "$work/int-pid" ]; do sleep 0.05; done
    kill -INT "$pid"
    wait "$pid"
    status=$?
    equals 1 "$status" && grep -q interrupted "$work/told" && nothing_half "$dir" && [ ! -e "$dir/cluster/node/n1/nft.json" ] &&
        equals interrupted "$(jq -r .state "$dir/cluster/snapshot.json")" && equals ok "$(source_of "$dir" pods status)" && ! kill -0 "$(cat "$work/int-pid")" 2> /dev/null
}

updates() {
    local fakes=$work/update-bin dir=$work/update pid
    plain_fakes "$fakes"
    collect "$fakes" "$dir" && collect "$fakes" "$dir" --update && collect "$fakes" "$dir" --update || return 1
    # one that is interrupted has no number
    fake "$fakes" nft <<< "/bin/touch '$work/update-runs'; exec /bin/sleep 1000"
    PATH=$fakes "$bin/capture" collect --dir "$dir" --node n1 --update > /dev/null 2>&1 &
    pid=$!
    until [ -e "$work/update-runs" ]; do sleep 0.05; done
    kill -INT "$pid"
    wait "$pid"
    equals "update-0001 update-0002" "$(cd "$dir/cluster" && echo update-*)" && [ -e "$dir/cluster/update-0002/pods.json" ] && [ -e "$dir/cluster/update-0002/snapshot.json" ] &&
        equals "" "$(find "$dir/cluster" -name '.update*')"
}

# The second collection on a node: containers that are gone are gone, what is not answered now stays as it was.
second_collection() {
    local fakes=$work/twice-bin dir=$work/twice
    plain_fakes "$fakes"
    fake "$fakes" docker <<< 'if [ "$1" = ps ]; then echo old; else echo "[{}]"; fi'
    collect "$fakes" "$dir" && [ -e "$dir/cluster/node/n1/docker-old.json" ] || return 1
    fake "$fakes" docker <<< 'if [ "$1" = ps ]; then echo new; else echo "[{}]"; fi'
    fake "$fakes" kubectl <<< 'exit 1'
    collect "$fakes" "$dir" && [ ! -e "$dir/cluster/node/n1/docker-old.json" ] && [ -e "$dir/cluster/node/n1/docker-new.json" ] && equals "" "$(source_of "$dir" docker-old status)" &&
        equals "ok 1" "$(source_of "$dir" pods status) $(jq '[.sources[] | select(.name == "pods")] | length' "$dir/cluster/snapshot.json")" && [ -e "$dir/cluster/pods.json" ] &&
        equals 600 "$(stat -c %a "$dir/cluster/node/n1/docker-new.json")"
}

# A process that is younger than the answer that named it is not the one that was meant.
reused_pid() {
    local fakes=$work/reused-bin dir=$work/reused
    plain_fakes "$fakes"
    fake "$fakes" docker <<END
if [ "\$1" = ps ]; then echo one; exit; fi
/bin/sleep 0.1
/usr/bin/setsid /bin/sleep 60 > /dev/null 2>&1 &
echo \$! > '$work/reused-pid'
echo "[{\"State\": {\"Pid\": \$!}}]"
END
    collect "$fakes" "$dir"
    kill "$(cat "$work/reused-pid")" && equals "" "$(find "$dir" -name 'pid-*')" && grep -q '^pid .*every process is gone' "$work/told"
}

# How kubectl is asked: the namespace for what has namespaces, the configuration for all.
kubectl_options() {
    local fakes=$work/options-bin
    plain_fakes "$fakes"
    collect "$fakes" "$work/options" --only pods,nodes,flannel --namespace shop --kubeconfig "/tmp/a file" &&
        equals "kubectl --kubeconfig /tmp/a\\ file get configmap --all-namespaces --field-selector metadata.name=kube-flannel-cfg -o json;kubectl --kubeconfig /tmp/a\\ file get nodes --all-namespaces -o json;kubectl --kubeconfig /tmp/a\\ file get pods --namespace shop -o json" \
            "$(sed 's/ $//' "$fakes/asked" | sort | paste -sd';')" && equals "flannel.json nodes.json pods.json snapshot.json" \
            "$(ls "$work/options/cluster" | paste -sd' ')"
}

traces_copied() {
    local dir=$work/traces
    printf '{"data": []}' > "$work/my traces.json"
    printf '{"resourceSpans": []}\n{}\n' > "$work/otlp.jsonl"
    plain_fakes "$work/traces-bin"
    collect "$work/traces-bin" "$dir" --traces "$work/my traces.json" --traces "$work/otlp.jsonl" --traces "$work/no such file" --only traces &&
        cmp "$work/my traces.json" "$dir/cluster/traces-1.json" && cmp "$work/otlp.jsonl" "$dir/cluster/traces-2.jsonl" && grep -q "no such file: No such file" "$work/told" &&
        equals "snapshot.json traces-1.json traces-2.jsonl" "$(ls "$dir/cluster" | paste -sd' ')"
}

# Files of traces that somebody made by hand are not a collection's to remove.
traces_by_hand_stay() {
    local dir=$work/traces-by-hand
    plain_fakes "$work/traces-bin"
    mkdir -p "$dir/cluster"
    printf '{"data": []}' | tee "$dir/cluster/traces-mesh.json" "$dir/cluster/traces-2.json" > "$work/spans.json"
    collect "$work/traces-bin" "$dir" --traces "$work/spans.json" --only traces &&
        equals "traces-1.json traces-mesh.json" "$(cd "$dir/cluster" && echo traces*)"
}

# Whoever started us ignores SIGCHLD: then nobody would ever say that a program has ended.
ignored_sigchld() {
    local fakes=$work/chld-bin
    plain_fakes "$fakes"
    timeout -k 1 60 env --ignore-signal=CHLD PATH="$fakes" "$bin/capture" collect --dir "$work/chld" --node n1 --only link > "$work/told" 2>&1 &&
        equals "ok 0" "$(source_of "$work/chld" link status) $(source_of "$work/chld" link exit_status)"
}

broken_list() {
    local dir=$work/broken-list status
    mkdir -p "$dir/cluster"
    echo '{"sources": [' > "$dir/cluster/snapshot.json"
    plain_fakes "$work/broken-list-bin"
    collect "$work/broken-list-bin" "$dir"
    status=$?
    equals 1 "$status" && grep -q "cluster/snapshot.json: line 2: .*move it away" "$work/told" && equals '{"sources": [' "$(cat "$dir/cluster/snapshot.json")"
}

# A full disk ends the collection with words that say so, and leaves nothing half. Root.
disk_full() {
    local fakes=$work/full-bin dir=$work/full status
    plain_fakes "$fakes"
    fake "$fakes" iptables-save <<< 'printf "%1000000s" x'
    mkdir "$dir" && mount -t tmpfs -o size=256k tmpfs "$dir" || return 1
    collect "$fakes" "$dir"
    status=$?
    find "$dir" -name '*.part' > "$work/left"
    umount "$dir"
    cat "$work/told" "$work/left"
    equals 1 "$status" && grep -q "iptables.txt.n1.part: cannot be written: No space left on device" "$work/told" && [ ! -s "$work/left" ]
}

wrong_usage() {
    local words status n=0
    while read -r -a words; do
        "$bin/capture" collect "${words[@]}" > /dev/null 2> "$work/told"
        status=$?
        if [ "$status" -ne 2 ] || [ ! -s "$work/told" ]; then
            echo "exit $status: ${words[*]}"
            return 1
        fi
        n=$((n + 1))
    done <<END
--dir $work/x --node ../x
--dir $work/x --node a/b
--dir $work/x --node .hidden
--dir $work/x --only pods,nosuch
--dir $work/x --only pods,
--dir $work/x --jaeger file:///etc/passwd
--dir $work/x --jaeger http://me:secret@host:16686/
--dir $work/x --timeout 0
--dir $work/x --timeout 1x
--dir $work/x --lookback -5
--dir $work/x --namespace --all
--dir $work/x --nosuch
--dir $work/x more
--node a
--dir
END
    equals 15 "$n" && [ ! -e "$work/x" ] && ! NODE_NAME='a;b' "$bin/capture" collect --dir "$work/x" 2> /dev/null && [ ! -e "$work/x" ]
}

collections() {
    check "collect: what programs print is kept byte for byte" kept_byte_for_byte
    check "collect: hang, failure, no end, missing: named, nothing half" troubles_are_named
    check "collect: nothing there: exit 1" nothing_there
    check "collect: broken JSON" broken_json
    check "collect: as many traces as asked for" as_many_traces_as_asked_for
    check "collect: hostile ids, interfaces, services" hostile_words
    check "collect: six nodes at once" nodes_at_once
    check "collect: another node's answer stays" other_nodes_answer_stays
    check "collect: one node twice at once" same_node_at_once
    check "collect: SIGINT leaves no half file" interrupted_collection
    check "collect: updates are numbered, interrupted ones are not" updates
    check "collect: a second collection of a node" second_collection
    check "collect: a reused process id is not asked" reused_pid
    check "collect: how kubectl is asked" kubectl_options
    check "collect: files of traces" traces_copied
    check "collect: files of traces made by hand stay" traces_by_hand_stay
    check "collect: started with SIGCHLD ignored" ignored_sigchld
    check "collect: a broken list is not overwritten" broken_list
    check "collect: wrong usage: exit 2" wrong_usage
}

# shellcheck shell=bash
# shellcheck disable=SC2154 # run.sh sets them
# SPDX-License-Identifier: BSD-2-Clause
# Who may record, what is left to a recording once it runs, and that links that somebody planted are not followed. On a veth between
# two namespaces of its own, with real requests. Sourced by run.sh.

N_REQUESTS=40
NOBODY=65534

# as_nobody CAPABILITIES COMMAND...: in the recording's namespace, as a user without any privilege but these ("bpf net_raw").
as_nobody() {
    local set=-all c
    for c in $1; do set+=,+$c; done
    shift
    ${EXEC-} ip netns exec "$near" setpriv --reuid $NOBODY --regid $NOBODY --clear-groups --inh-caps "$set" --ambient-caps "$set" \
        --bounding-set "$set" -- "$@"
}

# given NAME: a directory that nobody owns.
given() {
    install -d -o $NOBODY -g $NOBODY "$place/$1"
}

# requests: N_REQUESTS of them, with a context and with a secret, past the veth.
requests() {
    ip netns exec "$near" curl -s -o /dev/null --fail -H 'traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01' \
        -H 'Authorization: Bearer hush-hush' \
        "http://10.99.0.2:8080/?[1-$N_REQUESTS]"
}

# start_capture ARGUMENT...: in the background, and waits until it records and has given up what it could; sets $capture.
start_capture() {
    local i
    EXEC="exec" "$@" & # what is put before `capture` becomes it: the process is the same
    capture=$!
    for ((i = 0; i < 200; i++)); do
        [ "$(awk '/^Seccomp:/ { print $2 }' "/proc/$capture/status" 2> /dev/null)" != 2 ] || return 0
        kill -0 $capture 2> /dev/null || break
        sleep 0.05
    done
    echo "no filter of system calls on process $capture"
    return 1
}

# end_capture: its exit status.
end_capture() {
    kill -INT "$capture"
    wait "$capture"
}

# statuses: of each thread "CapInh CapPrm CapEff CapBnd CapAmb NoNewPrivs Seccomp", the same ones once.
statuses() {
    local task
    for task in "/proc/$capture/task"/*/status; do
        awk '/^(Cap...|NoNewPrivs|Seccomp):/ { printf "%s ", $2 } END { print "" }' "$task"
    done | sed 's/ $//' | sort -u
}

# left CAPABILITIES [alone]: what statuses must say when these (hex) are left to one thread, and there are others or not.
left() {
    local none=0000000000000000
    [ "${2-}" = alone ] || echo "$none $none $none $none $none 1 2"
    [ "$1" = $none ] || echo "$none $1 $1 $1 $none 1 2"
}

# found DIR: the records of it that have a context.
found() {
    "$place/bin/capture" show "$1/nic.rec.zst" | grep -c 0af7651916cd43dd8448eb211c80319c
}

# Exactly what is documented records, eBPF and packets, as somebody who is not root.
least_privilege() {
    given least
    start_capture as_nobody 'bpf perfmon net_raw' "$place/bin/capture" run --dir "$place/least" --point nic=wsp0 --pcap --quiet || return 1
    requests || return 1
    # not even CAP_SETPCAP, to take from the bounding set; nobody gets anything of it with no_new_privs
    equals "0000000000000000 0000000000000000 0000000000000000 000000c000002000 0000000000000000 1 2" "$(statuses)" || return 1
    end_capture || return 1
    equals "complete recording 0 " "$(jq -r '"\(.state) \(.privileges.seccomp) \(.privileges.refused_calls) \(.privileges.capabilities | join(" "))"' \
        "$place/least/run.json")" || return 1
    equals $N_REQUESTS "$(found "$place/least")" || return 1
    equals "nic.pcap 600 nobody nic.rec.zst 600 nobody run.json 600 nobody " "$(cd "$place/least" && stat -c '%n %a %U' -- * | tr '\n' ' ')"
}

# ids_only: of a header's value that is taken for a context, too, the records hold a hash; packets hold all.
ids_only() {
    local dir=$place/ids
    start_capture ip netns exec "$near" "$place/bin/capture" run --dir "$dir" --point nic=wsp0 --pcap --context header:authorization --quiet || return 1
    requests && end_capture && "$bin/ingest" --quiet --dir "$dir" || return 1
    equals "ebpf|$N_REQUESTS pcap|$N_REQUESTS " "$(sql "$dir" "SELECT source, count(trace_id) FROM request JOIN file USING (file_id) GROUP BY 1" | tr '\n' ' ')" &&
        equals $N_REQUESTS "$(grep -ao hush-hush "$dir/nic.pcap" | wc -l)" &&
        equals 0 "$({ zstdcat "$dir/nic.rec.zst"; cat "$dir/run.json" "$dir/run.db"; } | grep -ac hush-hush)"
}

# at_tc: the same at traffic control, by tcx or clsact.
at_tc() {
    given "tc-$1"
    as_nobody 'bpf perfmon net_raw net_admin' "$place/bin/capture" run --dir "$place/tc-$1" --hook "$1" --point nic=wsp0 --duration 1 --quiet &
    local pid=$!
    wait_for "$place/tc-$1/run.json"
    requests || return 1
    wait $pid || return 1
    equals $N_REQUESTS "$(found "$place/tc-$1")" &&
        equals "" "$(for way in ingress egress; do tc -n "$near" filter show dev wsp0 $way; done)"
}

# lacks CAPABILITIES OPTIONS WORDS: with these alone it does not start, says WORDS, and leaves nothing.
lacks() {
    local status=0
    given lacks
    # shellcheck disable=SC2086 # options are words
    as_nobody "$1" "$place/bin/capture" run --dir "$place/lacks" --point nic=wsp0 --duration 0.1 --quiet $2 2> "$work/said" || status=$?
    cat "$work/said"
    equals 1 "$status" && grep -qF "$3" "$work/said" && equals "" "$(ls "$place/lacks")"
}

# checked CAPABILITIES STATUS WORDS: what `capture check` says.
checked() {
    local status=0
    as_nobody "$1" "$place/bin/capture" check > "$work/said" || status=$?
    cat "$work/said"
    equals "$2" "$status" && grep -qF "$3" "$work/said"
}

# gives_up CAPABILITIES NAMES OPTION...: root's recording; of its threads one has what is left (hex), the others nothing.
gives_up() {
    local wanted=$1 names=$2 dir=$place/root-$RANDOM
    shift 2
    [ -z "${OWNER-}" ] || install -d -o "$OWNER" "$dir"
    start_capture ip netns exec "$near" "$place/bin/capture" run --dir "$dir" --point nic=wsp0 --quiet "$@" || return 1
    requests || return 1
    equals "$wanted" "$(statuses)" || return 1
    end_capture || return 1
    equals "complete $names 0" "$(jq -r '"\(.state) \(.privileges.capabilities | join(" ")) \(.privileges.refused_calls)"' "$dir/run.json")" &&
        equals $N_REQUESTS "$(found "$dir")" && equals "" "$(find "$dir" -name '*.part')"
}

# planted NAME STATUS: a link under a name that the recording writes to. It is not followed.
planted() {
    local target dir status
    for target in secret nowhere; do
        dir=$place/planted-$1-$target status=0
        given "planted-$1-$target"
        echo secret > "$place/secret"
        ln -s "$place/$target" "$dir/$1"
        ip netns exec "$near" "$place/bin/capture" run --dir "$dir" --point nic=wsp0 --pcap --duration 0.1 --quiet 2> "$work/said" || status=$?
        cat "$work/said"
        equals "$2" "$status" && equals secret "$(cat "$place/secret")" || return 1
        [ ! -e "$place/nowhere" ] || { echo "a link was followed"; return 1; }
        [ "$2" = 0 ] || grep -q "$1" "$work/said" || return 1
    done
}

# warned: that packets may hold secrets is said once, and not of what holds headers only.
warned() {
    ip netns exec "$near" "$place/bin/capture" run --dir "$place/warned-1" --point nic=wsp0 --pcap --duration 0.1 2> "$work/said" || return 1
    equals 1 "$(grep -c 'warning: packet captures hold what passes' "$work/said")" || return 1
    ip netns exec "$near" "$place/bin/capture" run --dir "$place/warned-2" --point nic=wsp0 --pcap --snaplen 54 --duration 0.1 2> "$work/said" || return 1
    equals 0 "$(grep -c warning "$work/said")"
}

# only_below: ingest and analyze as nobody, where all but the run's directory is read-only.
only_below() {
    # shellcheck disable=SC2016 # for the inner shell
    DIR=$place/least NOBODY=$NOBODY PLACE=$place WIRESPAN_REPORTS=$place/reports unshare -m bash -c '
        set -e
        mount --make-rprivate /
        mount --bind "$DIR" "$DIR"
        findmnt -rno TARGET | while read -r target; do
            case $target in "$DIR" | /proc* | /dev* | /sys*) ;; *) mount -o remount,bind,ro "$target" 2> /dev/null || true ;; esac
        done
        ! touch "$PLACE/somewhere" 2> /dev/null
        cd /
        nobody=(setpriv --reuid $NOBODY --regid $NOBODY --clear-groups --bounding-set -all)
        "${nobody[@]}" "$PLACE/bin/ingest" --dir "$DIR"
        "${nobody[@]}" "$PLACE/bin/ingest" --dir "$DIR"
        "${nobody[@]}" "$PLACE/bin/analyze" ledger --dir "$DIR" > /dev/null
        "${nobody[@]}" "$PLACE/bin/analyze" detect --dir "$DIR" > /dev/null
        "${nobody[@]}" "$PLACE/bin/analyze" report --dir "$DIR" > /dev/null' || return 1
    equals "$((2 * N_REQUESTS))" "$(sql "$place/least" "SELECT count(*) FROM request")" && [ -s "$place/least/reports/report.html" ]
}

# foreign_links: root loads a directory of somebody else's. Links there are not written through, nor read through.
foreign_links() {
    local dir=$place/foreign name
    given foreign
    cp "$place/least/nic.rec.zst" "$place/least/run.json" "$dir"
    echo secret > "$place/secret"
    ln -s "$place/secret" "$dir/run.db"
    if "$bin/ingest" --dir "$dir" 2> "$work/said"; then return 1; fi
    grep -q "run.db: a symbolic link" "$work/said" && equals secret "$(cat "$place/secret")" || return 1
    rm "$dir/run.db"
    ln -s "$place/secret" "$dir/run.db-journal"
    "$bin/ingest" --quiet --dir "$dir" 2> /dev/null
    equals secret "$(cat "$place/secret")" || return 1
    rm -f "$dir/run.db" "$dir/run.db-journal"
    for name in conditions.json load.h2load nic.pcap; do
        ln -s "$place/secret" "$dir/$name"
        chown -h $NOBODY "$dir/$name"
        if "$bin/ingest" --quiet --dir "$dir" 2> "$work/said"; then return 1; fi
        cat "$work/said"
        grep -q "$name: a link that user $NOBODY made" "$work/said" && [ ! -e "$dir/run.db" ] || return 1
        rm "$dir/$name"
    done
    ln -s "$place/least/nic.pcap" "$dir/nic.pcap" # root's own
    "$bin/ingest" --quiet --dir "$dir" || return 1
    equals "$((2 * N_REQUESTS))" "$(sql "$dir" "SELECT count(*) FROM request")"
}

# collect_link: a snapshot is not taken into a directory that somebody else has led elsewhere.
collect_link() {
    local dir=$place/foreign below
    mkdir "$place/snapshot"
    for below in cluster cluster/node; do
        mkdir -p "$dir/${below%/*}"
        rm -rf "${dir:?}/$below"
        ln -s "$place/snapshot" "$dir/$below"
        chown -h $NOBODY "$dir/$below"
        if "$bin/capture" collect --dir "$dir" --node n1 --only link --quiet 2> "$work/said"; then return 1; fi
        cat "$work/said"
        grep -q "$below: a link that user $NOBODY made" "$work/said" && equals "" "$(ls "$place/snapshot")" || return 1
        rm "$dir/$below"
    done
    rm -rf "$dir/cluster"
}

# reports_link: analyze writes through no link that it was not given.
reports_link() {
    local dir=$place/foreign
    mkdir "$place/elsewhere"
    ln -s "$place/elsewhere" "$dir/reports"
    "$bin/analyze" detect --dir "$dir" > /dev/null 2> "$work/said" || return 1 # its table is told all the same
    cat "$work/said"
    grep -q "reports: cannot write there: it is a link" "$work/said" && equals "" "$(ls "$place/elsewhere")" || return 1
    "$bin/analyze" detect --dir "$dir" --out "$dir/reports" > /dev/null && [ -s "$place/elsewhere/detect.tsv" ]
}

# privileges: all of it.
privileges() {
    local place near=wspriv-$$-a far=wspriv-$$-b capture server kill=0000000000000020 clsact=0000000000201000 override=0000000000000002 name
    local none=0000000000000000
    place=$(mktemp -d) && chmod 755 "$place" && mkdir "$place/bin" && cp "$bin"/* "$place/bin" && cp -r "$top/reports" "$place" || return
    ip netns add $near
    ip netns add $far
    ip link add wsp0 netns $near type veth peer name wsp1 netns $far
    ip -n $near address add 10.99.0.1/24 dev wsp0
    ip -n $far address add 10.99.0.2/24 dev wsp1
    for name in lo wsp0; do ip -n $near link set $name up; done
    ip -n $far link set wsp1 up
    mkdir "$place/empty"
    ip netns exec $far python3 -m http.server --bind 10.99.0.2 --directory "$place/empty" 8080 > /dev/null 2>&1 &
    server=$!
    check "privileges: a server to record" eventually requests
    check "privileges: CAP_BPF, CAP_PERFMON and CAP_NET_RAW record, and are given up" least_privilege
    check "secrets: records hold ids only" ids_only
    check "privileges: at tcx with CAP_NET_ADMIN" at_tc tc
    check "privileges: at clsact with CAP_NET_ADMIN" at_tc clsact
    check "privileges: without CAP_BPF" lacks 'perfmon net_raw net_admin' '' 'CAP_BPF is missing, to load the in-kernel program'
    check "privileges: without CAP_PERFMON" lacks 'bpf net_raw net_admin' '' 'CAP_PERFMON is missing, for the kernel to take'
    check "privileges: without CAP_NET_RAW" lacks 'bpf perfmon net_admin' '' 'CAP_NET_RAW is missing, to open packet sockets'
    check "privileges: without CAP_NET_ADMIN" lacks 'bpf perfmon net_raw' '--hook tc' 'CAP_NET_ADMIN is missing, to attach it at traffic control'
    check "privileges: without CAP_SYS_ADMIN" lacks 'bpf perfmon net_raw' "--netns $far" 'CAP_SYS_ADMIN is missing, to enter other network namespaces'
    check "privileges: without any" lacks '' '--pcap' 'CAP_BPF is missing, to load the in-kernel program; CAP_NET_RAW is missing, to open packet sockets at the tracing points; CAP_PERFMON is missing'
    check "privileges: packets alone need no CAP_BPF" lacks '' '--no-ebpf --pcap' 'capture run: CAP_NET_RAW is missing'
    check "privileges: capture check says what is missing" checked '' 1 'CAP_BPF is missing, to load the in-kernel program; CAP_NET_RAW is missing, to open packet sockets at the tracing points; CAP_PERFMON is missing'
    check "privileges: capture check with what is needed" checked 'bpf perfmon net_raw' 0 'there: CAP_BPF, CAP_NET_RAW, CAP_PERFMON'
    check "privileges: root keeps none" gives_up "$(left $none)" '' --pcap
    check "privileges: at tcx root keeps none" gives_up "$(left $none)" '' --hook tc
    check "privileges: CAP_KILL for a command" gives_up "$(left $kill alone)" CAP_KILL -- sleep 60
    check "privileges: CAP_NET_ADMIN, CAP_SYS_ADMIN for clsact" gives_up "$(left $clsact)" 'CAP_NET_ADMIN CAP_SYS_ADMIN' --hook clsact --pcap
    OWNER=$NOBODY check "privileges: CAP_DAC_OVERRIDE in a directory of others" gives_up "$(left $override)" CAP_DAC_OVERRIDE --pcap
    check "links: none is followed to run.json.part" planted run.json.part 0
    for name in run.json nic.rec.zst nic.rec.zst.part nic.pcap nic.pcap.part; do
        check "links: none is followed to $name" planted $name 1
    done
    check "privileges: a warning that packets may hold secrets" warned
    check "privileges: ingest and analyze write below --dir only, as nobody" only_below
    check "links: ingest writes and reads through none of others" foreign_links
    check "links: collect writes through none of others" collect_link
    check "links: analyze writes through none" reports_link
    kill "$server"
    wait "$server" 2> /dev/null
    ip netns del $near
    ip netns del $far
    rm -rf "$place"
}

# eventually COMMAND...: until it succeeds, for ten seconds.
eventually() {
    local i
    for ((i = 0; i < 100; i++)); do
        ! "$@" || return 0
        sleep 0.1
    done
    return 1
}

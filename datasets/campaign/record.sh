#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# Records one run on a testbed that is up: warms it up, attaches every recording, sends the load, detaches. Runs as the COMMAND
# of testbed.sh, whose environment it uses; campaign.sh calls it.
set -euo pipefail

rate='' duration='' warm_up='' log=''
recordings=() # four words each: DIR NODE METHOD SEARCH_BYTES

# usage: prints the synopsis to stdout.
usage() {
    cat <<'TEXT'
usage: record.sh --rate R --duration S --warm-up S --log FILE [--recording DIR NODE METHOD SEARCH_BYTES]...

  --rate R, --duration S   the load: requests a second, seconds
  --warm-up S              seconds of the same load before, whose log is thrown away; nothing is attached then
  --log FILE               what the load generator logs
  --recording ...          record NODE's two tracing points into DIR while the load runs; all recordings share the load
                           NODE: productpage, details, reviews, ratings or gateway
                           METHOD: ebpf, pcap, both, or wakeup (eBPF with the ring buffer's default wake-up)
                           SEARCH_BYTES: bytes searched; with pcap it means nothing

Environment: CAMPAIGN_CAPTURE (the program capture), CAMPAIGN_LOAD (load.sh), and what testbed.sh exports.
TEXT
}

# usage_error TEXT: complains and exits 2.
usage_error() {
    printf 'record: %s\n' "$1" >&2
    usage >&2
    exit 2
}

# parse_arguments ARG...: sets the variables above; exits 2 on wrong usage, 0 after --help.
parse_arguments() {
    while (($#)); do
        case $1 in
            --help | -h) usage; exit 0 ;;
            --rate | --duration | --log | --warm-up)
                (($# >= 2)) || usage_error "$1 needs a value"
                case $1 in
                    --rate) rate=$2 ;;
                    --duration) duration=$2 ;;
                    --log) log=$2 ;;
                    *) warm_up=$2 ;;
                esac
                shift 2
                ;;
            --recording)
                (($# >= 5)) || usage_error "$1 needs four values"
                recordings+=("$2" "$3" "$4" "$5")
                shift 5
                ;;
            *) usage_error "unknown argument '$1'" ;;
        esac
    done
    [[ -n $rate && -n $duration && -n $warm_up && -n $log ]] || usage_error '--rate, --duration, --warm-up and --log are needed'
}

# find_points NODE: sets netns and vport.
find_points() {
    vport=${TESTBED_VPORT-}
    case $1 in
        productpage) netns=${TESTBED_NODE1_NETNS-} ;;
        details) netns=${TESTBED_NODE2_NETNS-} ;;
        reviews) netns=${TESTBED_NODE3_NETNS-} ;;
        ratings) netns=${TESTBED_NODE4_NETNS-} ;;
        gateway) netns=${TESTBED_NODE4_NETNS-} vport=${TESTBED_GATEWAY_VPORT-} ;;
        *) usage_error "node '$1': productpage, details, reviews, ratings or gateway" ;;
    esac
    [[ -n $netns && -n $vport && -n ${TESTBED_NIC-} ]] || usage_error 'no testbed: run it as a command of testbed.sh'
}

# find_pod: sets pod to the address that is routed to the vport: that of the pod behind it.
find_pod() {
    pod=$(ip -n "$netns" -4 route show dev "$vport" | awk '{ sub("/32$", "", $1); if ($1 ~ /^[0-9.]+$/) { print $1; exit } }')
    [[ -n $pod ]] || { printf 'record: no address is routed to %s in %s: whose packets pass there?\n' "$vport" "$netns" >&2; exit 1; }
}

# add_recording DIR NODE METHOD SEARCH_BYTES IS_MAIN: appends a capture to command.
add_recording() {
    find_points "$2"
    command+=("$CAMPAIGN_CAPTURE" run --dir "$1" --netns "$netns" --point "nic=$TESTBED_NIC" --point "vport=$vport" --quiet)
    case $3 in
        ebpf) command+=(--search-bytes "$4") ;;
        pcap) command+=(--no-ebpf --pcap) ;;
        both) command+=(--search-bytes "$4" --pcap) ;;
        wakeup) command+=(--search-bytes "$4" --wakeup) ;;
        *) usage_error "method '$3': ebpf, pcap, both or wakeup" ;;
    esac
    # Two pods of node 4 share its NIC: a recording is of one pod's requests.
    case $2 in
        ratings | gateway) find_pod; command+=(--filter "addr=$pod") ;;
    esac
    # Many recordings at once: smaller buffers for those beside the main one.
    [[ -n $5 ]] || command+=(--ring-buffer 4)
    command+=(--)
}

# build_command: one capture inside the other, the main one outermost, the load innermost: it starts when all are attached.
build_command() {
    local i is_main=yes
    command=()
    for ((i = 0; i < ${#recordings[@]}; i += 4)); do
        add_recording "${recordings[@]:i:4}" "$is_main"
        is_main=
    done
    command+=("$CAMPAIGN_LOAD" --rate "$rate" --duration "$duration" --log "$log")
}

parse_arguments "$@"
: "${CAMPAIGN_CAPTURE:?}" "${CAMPAIGN_LOAD:?}" "${TESTBED_DIR:?}"
build_command
"$CAMPAIGN_LOAD" --rate "$rate" --duration "$warm_up" --log "$TESTBED_DIR/warm-up.log"
exec "${command[@]}"

# shellcheck shell=bash
# shellcheck disable=SC2154 # capture.sh sets them
# SPDX-License-Identifier: BSD-2-Clause
# Nobody takes what capture says: standard output is full or closed, standard error is closed or a pipe without a reader. Sourced by capture.sh.

# unheard TO ARGUMENT...: what prints says that it cannot, and fails. TO: full, or closed.
unheard() {
    local status=0
    if [ "$1" = full ]; then
        "$bin/capture" "${@:2}" > /dev/full 2> "$work/said" || status=$?
    else
        "$bin/capture" "${@:2}" >&- 2> "$work/said" || status=$?
    fi
    said=$work/said
    cat "$said"
    echo "${*:2}: $1"
    equals 1 "$status" && says "capture" && says "cannot write"
}

no_output() {
    local to command
    for to in full closed; do
        unheard "$to" --help && unheard "$to" check && unheard "$to" show "$work/first/nic.rec.zst" || return 1
        for command in collect plan run check show; do
            unheard "$to" "$command" --help || return 1
        done
    done
}

# closed ARGUMENT...: capture in the namespace, with descriptors 0, 1 and 2 closed.
closed() {
    # shellcheck disable=SC2016
    ip netns exec "$netns" bash -c 'exec "$@" 0<&- 1>&- 2>&-' closed "$bin/capture" "$@"
}

# all_closed N OPTION...: a recording needs none of the three; nothing that is said gets into its files, which hold N requests.
all_closed() {
    local status=0
    rm -rf "$work/closed-run"
    # shellcheck disable=SC2016
    closed run --dir "$work/closed-run" --point nic=wf0 --context w3c "${@:2}" -- bash -c '"$0" wf0 100 > /dev/null' "$here/send.py" ||
        status=$?
    equals "0 complete" "$status $(json closed-run .state)" && loads closed-run &&
        equals "0 $1" "$(sql closed-run "SELECT sum(unread_bytes) || ' ' || sum(n_requests) FROM file")" || return 1
    closed run --dir "$work/closed-run" --point nic=wf0 || status=$?
    equals 1 "$status"
}

# Who reads what is said has gone: the recording is complete all the same, and so is what the command of the run does with its own pipes.
no_reader() {
    local status
    # shellcheck disable=SC2016
    {
        "$bin/capture" run --dir "$work/no-reader" "${points[@]}" -- bash -c 'yes | head -n 1 > /dev/null; echo "${PIPESTATUS[0]}" > "$0"' \
            "$work/yes"
        echo $? > "$work/status"
    } 2>&1 | true
    status=$(cat "$work/status")
    equals "0 complete 141" "$status $(json no-reader .state) $(cat "$work/yes")"
}

streams() {
    check "a run to begin with" works first
    check "standard output full or closed: exit 1 with words" no_output
    check "input, output and errors closed: the recording is whole" all_closed 200 --pcap
    check "the same, packet capture only" all_closed 100 --no-ebpf --pcap
    check "errors into a pipe that nobody reads: the recording is complete" no_reader
}

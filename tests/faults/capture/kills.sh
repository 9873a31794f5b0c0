# shellcheck shell=bash
# shellcheck disable=SC2154 # capture.sh sets them
# SPDX-License-Identifier: BSD-2-Clause
# SIGKILL at random moments; SIGINT twice; two captures in one directory. Sourced by capture.sh.

# pause MILLISECONDS
pause() {
    sleep "$(printf '%d.%03d' $(($1 / 1000)) $(($1 % 1000)))"
}

# shown FILE: so many records can be read in it; 0 if it is not there yet, or has no head.
shown() {
    "$bin/capture" show "$1" 2> /dev/null | wc -l
}

# kill_at_random DIR WHEN: begins a recording and kills it while it starts (0), records (1), or ends (2). Sets n_before: how many of the NIC's
# records were in the file just before.
kill_at_random() {
    local dir=$work/$1 victim
    "$bin/capture" run --dir "$dir" "${points[@]}" --pcap --quiet 2> "$dir.said" &
    victim=$!
    if [ "$2" -ne 0 ]; then
        until [ -e "$dir/run.json" ] || ! kill -0 "$victim" 2> /dev/null; do sleep 0.02; done
    fi
    pause $((RANDOM % 1500))
    if [ "$2" -eq 2 ]; then
        kill -INT "$victim"
        pause $((RANDOM % 300))
    fi
    n_before=$(shown "$dir/nic.rec.zst.part")
    kill -KILL "$victim" 2> /dev/null
    wait "$victim" 2> /dev/null
    true
}

# explained DIR: ingest says of each file with a temporary name that its recording did not finish; a second recording into the directory is refused,
# and says why.
explained() {
    local file
    for file in "$work/$1"/*.rec.zst.part "$work/$1"/*.pcap.part; do
        [ ! -e "$file" ] || grep -q "$file: its recording did not finish\|$file: is empty: its recording was ended" "$work/$1.ingest" || { cat "$work/$1.ingest"; return 1; }
    done
    ! "$bin/capture" run --dir "$work/$1" "${points[@]}" --duration 1 2> "$work/$1.again" || { echo "recorded again"; return 1; }
    grep -q 'run.json: exists already; record into another directory\|an earlier recording did not finish: load it, or move it away' \
        "$work/$1.again" || { cat "$work/$1.again"; return 1; }
}

# kept DIR: all that was in the record file is still there, and no request between the first and the last is missing in any file.
kept() {
    local file=$work/$1/nic.rec.zst
    [ -e "$file" ] || file=$file.part
    [ "$n_before" -le "$(shown "$file")" ] || { echo "there were $n_before records"; return 1; }
    loads "$1" && without_holes "$1" && explained "$1" && { [ ! -e "$work/$1/run.json" ] || jq -e .state "$work/$1/run.json" > /dev/null; }
}

# killed N: N times at random moments, while requests are sent all the time.
killed() {
    local i n_before n_begun=0 sending
    RANDOM=$seed
    sender 0 3000 > "$work/sent" &
    sending=$!
    for ((i = 1; i <= $1; i++)); do
        kill_at_random "killed-$i" $((i % 3))
        if [ -e "$work/killed-$i/nic.rec.zst" ] || [ -e "$work/killed-$i/nic.rec.zst.part" ]; then
            kept "killed-$i" || { echo "kill $i of SEED=$seed"; ls -l "$work/killed-$i"; kill "$sending"; return 1; }
            n_begun=$((n_begun + 1))
        fi
        rm -rf "$work/killed-$i"
    done
    kill "$sending"
    wait "$sending"
    echo "$n_begun of $1 had begun to write" > "$work/kills"
    [ "$1" -lt 2 ] || [ $((n_begun * 2)) -ge "$1" ] || { echo "only $(cat "$work/kills")"; return 1; }
}

# In the moment between a file's making and its head's writing a kill, or a power cut, leaves an empty file.
killed_at_once() {
    mkdir "$work/at-once" && : > "$work/at-once/vport.rec.zst.part" && : > "$work/at-once/vport.pcap.part" &&
        cp "$work/whole/nic.rec.zst" "$work/at-once/nic.rec.zst.part" && loads at-once &&
        grep -q "vport.rec.zst.part: is empty" "$work/at-once.ingest" && equals 50 "$(sql at-once 'SELECT count(*) FROM request')"
}

# The second SIGINT comes at any moment of the end.
interrupted_twice() {
    local i
    for i in 0 3 30 200; do
        begin "twice-$i" && equals 20 "$(send 20)" || return 1
        kill -INT "$pid"
        pause "$i"
        kill -INT "$pid" 2> /dev/null
        ends 0 && equals "complete signal" "$(json "twice-$i" '.state + " " + .ended_by')" && loads "twice-$i" &&
            equals 40 "$(sql "twice-$i" 'SELECT count(*) FROM request')" || return 1
    done
}

# A command that does not want to end is ended by the second SIGINT at the latest; the recording is complete.
stubborn_command() {
    # shellcheck disable=SC2016
    begin stubborn -- bash -c 'trap "" INT TERM; : > "$0"; while :; do sleep 0.1; done' "$work/started" || return 1
    until [ -e "$work/started" ]; do sleep 0.02; done
    kill -INT "$pid"
    sleep 0.1
    kill -INT "$pid"
    ends 0 && equals "complete signal 137" "$(json stubborn '"\(.state) \(.ended_by) \(.command_status)"')"
}

# Both begin at the same time, at points of different names: one records, the other says why not, and touches nothing.
two_at_once() {
    local name status statuses=() started=()
    for name in nic vport; do
        "$bin/capture" run --dir "$work/two" --netns "$netns" --point "$name=wf0" --context w3c --duration 2 --quiet 2> "$work/two-$name" &
        started+=("$!")
    done
    for pid in "${started[@]}"; do
        status=0
        wait "$pid" || status=$?
        statuses+=("$status")
    done
    cat "$work/two-nic" "$work/two-vport"
    [ "${statuses[0]}" -ne 0 ] && name=vport || name=nic
    equals "0 1" "$(printf '%s\n' "${statuses[@]}" | sort | paste -sd ' ')" &&
        equals "complete $name" "$(json two '.state + " " + ([.points[].name] | join(" "))')" &&
        equals "$(printf '%s\n' "$name.rec.zst" run.json | sort | paste -sd ' ')" "$(names two)" &&
        equals "capture run: $work/two: another capture records into it; name another directory, or wait until it has ended" \
            "$(cat "$work/two-nic" "$work/two-vport")"
}

kills() {
    check "SIGINT twice: complete" interrupted_twice
    check "SIGINT twice: a command that will not end" stubborn_command
    check "two captures into one directory: one records" two_at_once
    check "SIGKILL, $kills times: nothing that was written is lost" killed "$kills"
    sed 's/^/     /' "$work/kills" 2> /dev/null
    check "SIGKILL: the next run works" works whole
    check "SIGKILL before a file's first bytes: ingest says so and goes on" killed_at_once
}

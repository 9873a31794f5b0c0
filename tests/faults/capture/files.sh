# shellcheck shell=bash
# shellcheck disable=SC2154 # capture.sh sets them
# SPDX-License-Identifier: BSD-2-Clause
# Where files cannot be written, any more or at all. Sourced by capture.sh.

# new_disk NAME SIZE: a disk of that size at $work/NAME.
new_disk() {
    mkdir "$work/$1" && mount -t tmpfs -o "size=$2" tmpfs "$work/$1"
}

# fill NAME: no byte more fits on the disk.
fill() {
    ! dd if=/dev/zero of="$work/$1/filler" bs=4k count=100k 2> /dev/null
}

# brought_home NAME: a run on a full disk, copied to where there is room.
brought_home() {
    cp -r "$work/$1/run" "$work/$1-copy" && umount "$work/$1"
}

# full WHAT OPTION...: the disk gets full while a run records.
full() {
    new_disk "full-$1" 512k || return 1
    begin "full-$1/run" "${@:2}" || return 1
    send 60000 30000 > "$work/sent"
    ends 1 && says "$work/full-$1/run/" &&
        says "cannot write: No space left on device; what was recorded before is kept: \`ingest --dir $work/full-$1/run\` loads it" &&
        brought_home "full-$1" && loads "full-$1-copy" && without_holes "full-$1-copy"
}

# The last block that fitted is the end of the file: it takes no room for bytes that nobody can read.
full_records() {
    full records || return 1
    equals "0 1" "$(sql full-records-copy "SELECT sum(unread_bytes), min(n_requests) >= 4096 FROM file WHERE source = 'ebpf'" | tr '|' ' ')" &&
        grep -q "its recording did not finish" "$work/full-records-copy.ingest" && [ "$(json full-records-copy .state)" != complete ]
}

full_pcaps() {
    full pcaps --no-ebpf --pcap && says .pcap.part &&
        equals 1 "$(sql full-pcaps-copy "SELECT sum(n_requests) > 500 FROM file")"
}

# Records are complete, and the manifest of the beginning stays: a later one does not fit.
full_manifest() {
    new_disk full-manifest 256k && begin full-manifest/run && fill full-manifest && kill -INT "$pid" && ends 1 &&
        says "run.json.part: cannot write: No space left on device" && equals "nic.rec.zst run.json vport.rec.zst" \
        "$(names full-manifest/run)" && equals running "$(json full-manifest/run .state)" &&
        zstd -qt "$work/full-manifest/run/"*.zst && umount "$work/full-manifest"
}

# A run that finds no room at all leaves nothing, and can be made there when there is room.
full_at_start() {
    local options
    new_disk full-start 256k && mkdir "$work/full-start/run" && fill full-start || return 1
    for options in "" --pcap "--no-ebpf --pcap"; do
        # shellcheck disable=SC2086 # they are words
        ! "$bin/capture" run --dir "$work/full-start/run" "${points[@]}" $options --duration 1 2> "$work/said" || return 1
        said=$work/said
        cat "$said"
        says "No space left on device" && equals "" "$(names full-start/run)" || return 1
    done
    rm "$work/full-start/filler"
    works full-start/run && umount "$work/full-start"
}

# A limit of the size of files is like a full disk, and ends no process.
limited_files() {
    local status=0
    (ulimit -f 200 && exec "$bin/capture" run --dir "$work/limited" "${points[@]}" --quiet -- \
        ip netns exec "$netns" "$here/send.py" wf0 60000 30000) 2> "$work/limited.said" || status=$?
    said=$work/limited.said
    cat "$said"
    equals 1 "$status" && says "cannot write: File too large" && loads limited && without_holes limited
}

removed() {
    begin removed --pcap && send 10 && rm -r "$work/removed" && ends 1 && says ".part: is not there any more" && ! says "is kept" > /dev/null &&
        [ ! -e "$work/removed" ] && works removed
}

# What was recorded is in the directory, wherever it is.
moved() {
    begin moved && equals 10 "$(send 10)" && mv "$work/moved" "$work/moved-away" && mkdir "$work/moved" && ends 1 &&
        says "nic.rec.zst.part: is not there any more: it was removed, moved, or replaced" && equals "" "$(names moved)" &&
        loads moved-away && equals 20 "$(sql moved-away 'SELECT count(*) FROM request')"
}

# unprivileged DIR ARGUMENT...: records, as one for whom permissions count.
unprivileged() {
    setpriv --bounding-set -dac_override,-dac_read_search,-fowner "$bin/capture" run --dir "$work/$1" "${points[@]}" --quiet "${@:2}"
}

# Nothing can be made or renamed in the directory any more: all is there under the temporary names.
made_read_only() {
    local status=0
    # shellcheck disable=SC2016
    unprivileged read-only -- bash -c 'ip netns exec "$0" "$1/send.py" wf0 500; chmod 555 "$2"' "$netns" "$here" "$work/read-only" \
        > /dev/null 2> "$work/read-only.said" || status=$?
    chmod 755 "$work/read-only"
    said=$work/read-only.said
    cat "$said"
    equals 1 "$status" && says "nic.rec.zst.part: cannot rename to $work/read-only/nic.rec.zst: Permission denied; what was recorded" &&
        loads read-only && equals 1000 "$(sql read-only 'SELECT count(*) FROM request')" && equals running "$(json read-only .state)"
}

read_only_at_start() {
    local status=0
    mkdir -m 555 "$work/closed"
    unprivileged closed --duration 1 2> "$work/closed.said" || status=$?
    said=$work/closed.said
    cat "$said"
    equals 1 "$status" && says "nic.rec.zst.part: cannot create: Permission denied" && equals "" "$(names closed)"
}

# A command that cannot be run leaves nothing in the way of the one that was meant.
no_such_command() {
    local status=0
    "$bin/capture" run --dir "$work/command" "${points[@]}" -- /no/such/command 2> "$work/said" || status=$?
    said=$work/said
    cat "$said"
    equals 1 "$status" && says "cannot run /no/such/command: No such file or directory" && equals "" "$(names command)" && works command
}

files() {
    check "disk full, records: what fitted is readable" full_records
    check "disk full, pcaps: what fitted is readable" full_pcaps
    check "disk full, run.json: records are complete" full_manifest
    check "disk full at the start: nothing is left, the next run works" full_at_start
    check "a limit of the size of files" limited_files
    check "the directory is removed: the run ends and says so" removed
    check "the directory is moved: the run ends, nothing is lost" moved
    check "the directory is made read-only: nothing is lost" made_read_only
    check "the directory is read-only at the start" read_only_at_start
    check "a command that cannot be run leaves nothing" no_such_command
}

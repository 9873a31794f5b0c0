#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# What faults do to ingest and analyze, each made to happen: killed in the middle, disks that run full, databases that are
# locked, damaged, of another version or no files, inputs that change while they are read, a gnuplot that fails, directories
# that cannot be written, output that nobody takes. After each: the right words, the right status, nothing lost that was said
# to be loaded, and the next run works. Small disks and foreign users need root; the rest does not.
# Usage: tests/faults/data.sh [BIN_DIR]    KILLS=N: so many kills of each kind (3); DAMAGES=N: so many places damaged (60)
set -uo pipefail

top=$(readlink -f "$(dirname "$0")/../..")
case ${1:-} in
--help)
    sed -n '3,8s/^# //p' "$0"
    exit 0
    ;;
esac
BIN=$(readlink -f "${1:-$top/build/bin}")
if [ ! -x "$BIN/ingest" ] || [ ! -x "$BIN/analyze" ]; then
    echo "data.sh: $BIN: no ingest and analyze there: run make first" >&2
    exit 2
fi
kills=${KILLS:-3}
damages=${DAMAGES:-60}
first_damage=${FIRST_DAMAGE:-1}
PATH=$BIN:$PATH
export LC_ALL=C WIRESPAN_REPORTS=$top/reports
RANDOM=${SEED:-17}

work=$(mktemp -d "${TMPDIR:-/var/tmp}/wirespan-faults.XXXXXX")
disk=$work/disk
# shellcheck source=tests/check.sh
source "$top/tests/check.sh"

# clean_up: the EXIT trap.
clean_up() {
    jobs -rp | xargs -r kill -KILL 2> /dev/null
    umount -q "$disk" 2> /dev/null
    rm -rf "$work"
}
trap clean_up EXIT

# ends STATUS COMMAND...: it ends with that status, within a minute; what it said is in $work/said and is shown.
ends() {
    local wanted=$1 status=0
    shift
    timeout -s KILL 60 "$@" > "$work/printed" 2> "$work/said" || status=$?
    tail -5 "$work/said"
    equals "$wanted" "$status"
}

# says TEXT: the last command of ends did, on standard error.
says() {
    grep -qF -- "$1" "$work/said" || { echo "not said: $1"; return 1; }
}

# fresh DIR FROM: a copy of the run or campaign FROM, without databases.
fresh() {
    rm -rf "$1"
    cp -r "$2" "$1"
    find "$1" -name 'run.db*' -delete
}

# dumps DIR: what the databases below it hold, in order of their names.
dumps() {
    local db
    find "$1" -name run.db | sort | while read -r db; do
        echo "${db#"$1"/}"
        sqlite3 "$db" .dump
    done
}

# clean DIR: whole databases, and nothing that ingest would have put beside them.
clean() {
    local db left
    left=$(find "$1" -name 'run.db-*' -o -name '*.tmp')
    [ -z "$left" ] || { echo "left behind: $left"; return 1; }
    find "$1" -name run.db | while read -r db; do
        equals ok "$(sqlite3 "$db" 'PRAGMA integrity_check')" || return 1
    done
}

# as_undisturbed DIR WANTED: ingest once more, and what is there is what would be without any fault.
as_undisturbed() {
    ends 0 ingest --quiet --jobs 2 --dir "$1" && dumps "$1" | cmp - "$2" && clean "$1"
}

# with_root CHECK...: it is counted as a check with root, and told as skipped without.
with_root() {
    if [ "$(id -u)" -eq 0 ]; then
        check "$@"
    else
        echo "skip $1: skipped: not root"
    fi
}

# Before a command: without root.
nobody=()
if [ "$(id -u)" -eq 0 ]; then nobody=(setpriv --reuid=65534 --regid=65534 --clear-groups); fi

# --- inputs

# make_inputs: a run of captures and records large enough to be hit in the middle, its database's dump, and a campaign.
make_inputs() {
    ${CC:-cc} -std=gnu17 -D_GNU_SOURCE -I"$top" "$top/tests/golden/inputs.c" "$top"/lib/*.c -lzstd -lxxhash -lnghttp2 \
        -ljansson -lm -o "$work/inputs" && mkdir "$work/files" && "$work/inputs" "$work/files" || return 1
    "$top/tests/faults/repeat_capture.py" "$work/files/packets/nic.pcap" 3000 > "$work/many-nic.pcap" &&
        "$top/tests/faults/repeat_capture.py" "$work/files/packets/vport.pcap" 3000 > "$work/many-vport.pcap" || return 1
    mkdir -p "$work/run" "$work/campaign"/{a,b,c}
    cp "$work/many-nic.pcap" "$work/run/nic.pcap"
    cp "$work/many-vport.pcap" "$work/run/vport.pcap"
    cp "$top/tests/golden/load_logs"/* "$work/run"
    cp "$work/files/records"/*.rec.zst "$work/run"
    cp -r "$top/tests/golden/cluster" "$work/campaign"
    cp "$work/many-nic.pcap" "$work/campaign/a/nic.pcap"
    cp "$work/files/packets"/*.pcap "$work/campaign/b"
    cp "$top/tests/golden/load_logs/load.h2load" "$top/tests/golden/load_logs/conditions.json" "$work/campaign/b"
    cp "$work/many-vport.pcap" "$work/campaign/c/vport.pcap"
    cp "$work/files/records"/*.rec.zst "$work/campaign/c"
    for name in run campaign; do
        fresh "$work/loaded-$name" "$work/$name"
        ingest --quiet --jobs 2 --dir "$work/loaded-$name" && dumps "$work/loaded-$name" > "$work/$name.dump" || return 1
    done
}

# --- killed

# whole_files DIR: of each file that is in a database, all rows are; of no other is any.
whole_files() {
    local db
    find "$1" -name run.db -size +0 | while read -r db; do
        [ "$(sqlite3 "$db" "SELECT count(*) FROM sqlite_schema")" -gt 0 ] || continue
        equals "" "$(sqlite3 "$db" "SELECT path FROM file WHERE content_hash = '' OR n_requests <> (SELECT count(*) FROM request
            WHERE request.file_id = file.file_id)" "SELECT file_id FROM request WHERE file_id NOT IN (SELECT file_id FROM file)" \
            "SELECT name FROM load_log WHERE n_requests <> (SELECT count(*) FROM load_request WHERE load_request.load_log_id =
            load_log.load_log_id)")" || return 1
    done
}

# killed NAME OPTION...: ingest of that run or campaign is killed at random moments; afterwards each database is as before or
# complete, and ingest goes on as if nothing had been.
killed() {
    local name=$1 i begin took_us pid n_hit=0
    shift
    fresh "$work/killed" "$work/$name"
    begin=${EPOCHREALTIME/./}
    ingest --quiet "$@" --dir "$work/killed" || return 1
    took_us=$((${EPOCHREALTIME/./} - begin))
    for ((i = 0; i < kills; i++)); do
        fresh "$work/killed" "$work/$name"
        # several times into the same directory, as impatient people do
        for _ in 1 2; do
            ingest --quiet "$@" --dir "$work/killed" 2> "$work/said" &
            pid=$!
            sleep "$(printf '0.%06d' $(((RANDOM * 32768 + RANDOM) % (took_us * 9 / 10 < 900000 ? took_us * 9 / 10 : 900000))))"
            kill -KILL "$pid" 2> /dev/null && n_hit=$((n_hit + 1))
            wait "$pid" 2> /dev/null
            if [ -f "$work/killed/run.db-journal" ]; then
                timeout -s KILL 60 analyze ledger --dir "$work/killed" > /dev/null 2> "$work/said"
                [ $? -le 1 ] || { echo "analyze after a kill: $(cat "$work/said")"; return 1; }
                if grep -q 'cannot read it' "$work/said"; then says "run ingest again, which puts it in order" || return 1; fi
            fi
            rm -rf "$work/copy" && cp -r "$work/killed" "$work/copy"
            whole_files "$work/copy" || { echo "kill $i"; return 1; }
        done
        as_undisturbed "$work/killed" "$work/$name.dump" || { echo "kill $i"; return 1; }
    done
    [ $((2 * n_hit)) -ge "$kills" ] || { echo "only $n_hit of $((2 * kills)) kills hit"; return 1; }
}

# interrupted: a journal of a killed ingest: analyze says what to do, and touches nothing.
interrupted() {
    local pid
    fresh "$work/killed" "$work/run"
    for _ in {1..50}; do
        ingest --quiet --dir "$work/killed" 2> /dev/null &
        pid=$!
        until [ -s "$work/killed/run.db-journal" ] || ! kill -0 "$pid" 2> /dev/null; do :; done
        sleep 0.05
        kill -KILL "$pid" 2> /dev/null
        wait "$pid" 2> /dev/null
        if [ -s "$work/killed/run.db-journal" ]; then break; fi
        rm -f "$work/killed/run.db"
    done
    [ -s "$work/killed/run.db-journal" ] || { echo "no journal was left"; return 1; }
    if analyze ledger --dir "$work/killed" > /dev/null 2> "$work/said"; then
        echo "a journal that is not hot"
    else
        says "run ingest again" || return 1
    fi
    as_undisturbed "$work/killed" "$work/run.dump"
}

# --- full disks

# small_disk KILOBYTES: a file system of that size, empty, at $disk.
small_disk() {
    umount -q "$disk" 2> /dev/null
    mkdir -p "$disk" && mount -t tmpfs -o "size=${1}k,mode=777" faults "$disk"
}

# full_disk: ingest of a run that has no room, at many sizes, so that it runs full at its first page, among the rows, at the
# end; then there is room.
full_disk() {
    local need_kb size status n_failed=0
    need_kb=$(du -k "$work/loaded-run" | tail -1 | cut -f 1)
    for size in 4 8 64 200 $((need_kb / 8)) $((need_kb / 4)) $((need_kb / 2)) $((need_kb * 7 / 10)) $((need_kb * 9 / 10)); do
        # inputs elsewhere: what has no room is the database
        small_disk "$size" || return 1
        find "$work/run" -type f | while read -r file; do ln -s "$file" "$disk/${file##*/}"; done
        status=0
        timeout -s KILL 60 ingest --quiet --dir "$disk" 2> "$work/said" || status=$?
        if [ "$status" -ne 0 ]; then
            cat "$work/said"
            equals 1 "$status" && says "no room is left on its disk" || return 1
            n_failed=$((n_failed + 1))
        fi
        whole_files "$disk" || { echo "with $size KB"; return 1; }
        mount -o "remount,size=$((need_kb * 3))k" "$disk" || return 1
        as_undisturbed "$disk" "$work/run.dump" || { echo "with $size KB"; return 1; }
    done
    [ "$n_failed" -ge 5 ] || { echo "only $n_failed sizes were too small"; return 1; }
}

# full_reports: no room for the files of analyze: none is half there, those of before stay.
full_reports() {
    small_disk 4000 && mkdir "$disk/reports" && analyze cdf --dir "$work/loaded-run" --out "$disk/reports" > /dev/null || return 1
    cp -r "$disk/reports" "$work/reports-before"
    cat /dev/zero > "$disk/filler" 2> /dev/null
    ends 1 analyze cdf --dir "$work/loaded-run" --out "$disk/reports" && says "cannot write it: No space left on device" || return 1
    diff -r "$work/reports-before" "$disk/reports" || return 1
    ends 1 analyze report --dir "$work/loaded-run" --out "$disk/reports" && [ ! -e "$disk/reports/report.html" ] || return 1
    rm "$disk/filler"
    ends 0 analyze cdf --dir "$work/loaded-run" --out "$disk/reports" && [ -s "$disk/reports/cdf.tsv" ]
}

# full_temporary: what does not fit in memory has no room in TMPDIR, or there is none.
full_temporary() {
    small_disk 100 || return 1
    TMPDIR=$disk ends 1 analyze cdf --dir "$work/loaded-run" --memory 1M --no-figure --out "$work/out" && says "$disk: cannot keep there" &&
        says "set TMPDIR" && equals "" "$(ls -A "$disk")" || return 1
    TMPDIR=$work/none ends 1 analyze cdf --dir "$work/loaded-run" --memory 1M --no-figure --out "$work/out" &&
        says "$work/none: cannot keep there" || return 1
    ends 0 analyze cdf --dir "$work/loaded-run" --memory 1M --no-figure --out "$work/out"
}

# For python3, with FILE COMMAND...: runs it, and writes its peak of memory in KB to FILE.
readonly with_peak='import resource, subprocess, sys
status = subprocess.call(sys.argv[2:])
open(sys.argv[1], "w").write(str(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss))
sys.exit(status)'

# little_memory COMMAND OPTION...: the command says the same with the least memory as with much, and takes less of it.
little_memory() {
    local memory peak=() name
    if [ ! -d "$work/large" ]; then
        mkdir "$work/large"
        for name in nic vport; do
            "$top/tests/faults/repeat_capture.py" "$work/files/packets/$name.pcap" 20000 > "$work/large/$name.pcap" || return 1
        done
        ingest --quiet --dir "$work/large" || return 1
    fi
    for memory in 1M 1G; do
        ends 0 python3 -c "$with_peak" "$work/peak" analyze "$@" --dir "$work/large" --memory $memory --out "$work/out" || return 1
        rm -rf "$work/out-$memory"
        mv "$work/printed" "$work/printed-$memory"
        mv "$work/out" "$work/out-$memory"
        peak+=("$(cat "$work/peak")")
    done
    cmp "$work/printed-1M" "$work/printed-1G" && diff -r "$work/out-1M" "$work/out-1G" || return 1
    # of the 280,000 requests, 92 bytes each, those of one point
    [ $((peak[0] + 8000)) -lt "${peak[1]}" ] || { echo "peak memory: ${peak[*]} KB"; return 1; }
}

# --- locked databases

# holding SQL: another program does this to the database, and does not let go until let_go.
holding() {
    coproc holder { sqlite3 "$work/locked/run.db"; }
    printf '%s\n' "$1" "SELECT 'held';" >&"${holder[1]}"
    until read -r -u "${holder[0]}" line && [ "$line" = held ]; do :; done
}

# shellcheck disable=SC2154 # coproc sets it
let_go() {
    local pid=$holder_PID
    printf '.quit\n' >&"${holder[1]}"
    wait "$pid"
}

# locked: a reader that stays, a writer that stays: how long ingest and analyze wait, and what they say.
locked() {
    local begin pid
    fresh "$work/locked" "$work/run"
    rm "$work/locked/vport.pcap" "$work/locked"/load.*
    ingest --quiet --dir "$work/locked" || return 1
    dumps "$work/locked" > "$work/locked.dump"
    cp "$work/run/vport.pcap" "$work/locked"
    holding "BEGIN; SELECT count(*) FROM file;"
    begin=$SECONDS
    ends 1 ingest --quiet --dir "$work/locked" && says "another program has kept it locked for 10 s" || return 1
    [ $((SECONDS - begin)) -ge 9 ] || { echo "waited $((SECONDS - begin)) s only"; return 1; }
    ends 0 analyze ledger --dir "$work/locked" && let_go && dumps "$work/locked" | cmp - "$work/locked.dump" || return 1
    holding "BEGIN EXCLUSIVE;"
    ingest --quiet --dir "$work/locked" 2> "$work/beside" &
    pid=$!
    ends 1 analyze ledger --dir "$work/locked" && says "database is locked" && says "wait until that has ended" || return 1
    ! wait "$pid" && grep -q "another program has kept it locked" "$work/beside" && let_go || return 1
    rm "$work/locked/run.db"
    cp "$work/run"/load.* "$work/locked"
    as_undisturbed "$work/locked" "$work/run.dump"
}

# two_at_once: two ingests into one directory: both end well, or one says that it had to wait too long; nothing is there twice.
two_at_once() {
    local pid status=0
    fresh "$work/two" "$work/campaign"
    ingest --quiet --dir "$work/two" 2> "$work/first" &
    pid=$!
    timeout -s KILL 100 ingest --quiet --dir "$work/two" 2> "$work/second" || status=$?
    wait "$pid" || status=$?
    if [ "$status" -ne 0 ]; then
        cat "$work/first" "$work/second"
        equals 1 "$status" && grep -q "kept it locked" "$work/first" "$work/second" || return 1
    fi
    ends 0 ingest --quiet --dir "$work/two" && clean "$work/two" && whole_files "$work/two"
}

# --- databases that are something else

# refused WORDS_OF_INGEST WORDS_OF_ANALYZE: what run.db is now, both refuse, and neither changes it.
refused() {
    local before
    before=$(find "$work/odd" -name 'run.db*' -printf '%f %i %s %T@\n')
    ends 1 ingest --quiet --dir "$work/odd" && says "$1" && ends 1 analyze ledger --dir "$work/odd" && says "$2" &&
        equals "$before" "$(find "$work/odd" -name 'run.db*' -printf '%f %i %s %T@\n')"
}

odd_databases() {
    fresh "$work/odd" "$work/files/packets"
    mkfifo "$work/odd/run.db" && refused "not a regular file" "not a regular file" || return 1
    rm "$work/odd/run.db" && mkdir "$work/odd/run.db" && refused "not a regular file" "not a regular file" || return 1
    rmdir "$work/odd/run.db" && head -c 5000 /dev/urandom > "$work/odd/run.db" &&
        refused "file is not a database" "file is not a database" || return 1
    echo "SQLite format 3" > "$work/odd/run.db" && refused "move it away" "run.db: " || return 1
    rm "$work/odd/run.db" && sqlite3 "$work/odd/run.db" 'CREATE TABLE t (x)' && refused "of another kind" "schema version 0" || return 1
    rm "$work/odd/run.db" && ingest --quiet --dir "$work/odd" && sqlite3 "$work/odd/run.db" 'PRAGMA user_version = 5' &&
        refused "of a later version" "a later program made it" || return 1
    sqlite3 "$work/odd/run.db" 'PRAGMA user_version = 3' && ends 1 ingest --dir "$work/odd" && says "analyze reads it as it is" || return 1
    # an empty file is as good as none
    : > "$work/odd/run.db"
    ends 1 analyze ledger --dir "$work/odd" && says "run \`ingest --dir" && ends 0 ingest --quiet --dir "$work/odd" || return 1
    # a link: analyze reads what it leads to, ingest writes in the run's directory only
    mv "$work/odd/run.db" "$work/elsewhere.db" && ln -s "$work/elsewhere.db" "$work/odd/run.db" &&
        ends 0 analyze ledger --dir "$work/odd" && ends 1 ingest --dir "$work/odd" && says "a symbolic link"
}

# odd_inputs: inputs that are no files are not waited for.
odd_inputs() {
    local name
    for name in run.json conditions.json overhead.json nic.pcap nic.rec.zst load.h2load cluster/pods.json; do
        rm -rf "$work/odd" && mkdir -p "$work/odd/cluster" && cp "$work/files/packets/vport.pcap" "$work/odd" && mkfifo "$work/odd/$name" || return 1
        ends 1 ingest --dir "$work/odd" && says "$name: not a regular file" || return 1
        rm "$work/odd/$name"
        ends 0 ingest --quiet --dir "$work/odd" || return 1
    done
}

# unreadable: a database, and a directory, that are not ours to read or write.
unreadable() {
    fresh "$work/odd" "$work/files/packets"
    ingest --quiet --dir "$work/odd" && chmod 755 "$work" && chmod 555 "$work/odd" && chmod 444 "$work/odd"/* || return 1
    ends 0 "${nobody[@]}" "$BIN/analyze" ledger --dir "$work/odd" || return 1
    ends 0 "${nobody[@]}" "$BIN/analyze" cdf --dir "$work/odd" && says "warning: $work/odd/reports: cannot write there: Permission denied" || return 1
    ends 1 "${nobody[@]}" "$BIN/analyze" cdf --dir "$work/odd" --out "$work/odd/reports" && says "cannot write there: Permission denied" || return 1
    install -m 444 "$work/files/records/nic.rec.zst" "$work/odd/more.rec.zst"
    ends 1 "${nobody[@]}" "$BIN/ingest" --dir "$work/odd" && says "ingest writes it and its journal beside it" || return 1
    chmod 000 "$work/odd/run.db"
    ends 1 "${nobody[@]}" "$BIN/analyze" ledger --dir "$work/odd" && says "run.db: cannot read it: unable to open" || return 1
    chmod 755 "$work/odd" && chmod 644 "$work/odd/run.db" && ends 0 ingest --quiet --dir "$work/odd"
}

# read_only: the same on a file system that nobody can write.
read_only() {
    small_disk 20000 && cp "$work/files/packets"/*.pcap "$disk" && ingest --quiet --dir "$disk" && cp "$work/files/records/nic.rec.zst" "$disk" &&
        mount -o remount,ro "$disk" || return 1
    ends 0 analyze cdf --dir "$disk" && says "warning: $disk/reports: cannot write there: Read-only file system" || return 1
    ends 1 ingest --dir "$disk" && says "ingest writes it and its journal beside it" || return 1
    mount -o remount,rw "$disk" && ends 0 ingest --quiet --dir "$disk"
}

# --- inputs that change

# changing: a capture is written to, cut, or replaced all the time while it is loaded.
changing() {
    local pid status
    for way in append cut replace remove; do
        fresh "$work/changing" "$work/run"
        rm "$work/changing"/load.* "$work/changing"/*.rec.zst
        case $way in
        append) while :; do head -c 16 "$work/run/vport.pcap" >> "$work/changing/vport.pcap"; done & ;;
        cut) while :; do truncate -s -1000 "$work/changing/vport.pcap"; sleep 0.002; done & ;;
        replace) while :; do
            cp "$work/run/nic.pcap" "$work/changing/vport.tmp"
            mv "$work/changing/vport.tmp" "$work/changing/vport.pcap"
        done & ;;
        remove) (until [ -f "$work/changing/run.db-journal" ]; do :; done; rm "$work/changing/vport.pcap") & ;;
        esac
        pid=$!
        status=0
        timeout -s KILL 60 ingest --quiet --dir "$work/changing" 2> "$work/said" || status=$?
        kill "$pid" 2> /dev/null
        wait "$pid" 2> /dev/null
        equals 1 "$status" || { echo "$way"; cat "$work/said"; return 1; }
        grep -qE "vport.pcap: (changed|went away) while it was read|vport.pcap: cannot open|vport.pcap: packet" "$work/said" ||
            { cat "$work/said"; return 1; }
        equals 0 "$(sqlite3 "$work/changing/run.db" "SELECT count(*) FROM file WHERE path = 'vport.pcap'")" || return 1
        rm -rf "$work/changing/vport.tmp" "$work/changing/run.db"
        cp "$work/run"/* "$work/changing"
        as_undisturbed "$work/changing" "$work/run.dump" || { echo "$way"; return 1; }
    done
}

# changing_snapshot: a cluster snapshot that is written to while it is read: nothing of it is loaded, all else is.
changing_snapshot() {
    local pid status=0
    fresh "$work/changing" "$work/campaign"
    rm -r "$work/changing"/{a,c}
    # long enough to be met
    awk 'BEGIN { printf "{\"data\":["; for (i = 1; i <= 30000; i++) printf "%s{\"traceID\":\"%x\",\"spans\":[{\"traceID\":\"%x\",\"spanID\":\"1\"," \
        "\"operationName\":\"o\",\"startTime\":5,\"duration\":1,\"processID\":\"p\"}],\"processes\":{\"p\":{\"serviceName\":\"s\"}}}", (i > 1) ? "," : "", i, i
        print "]}" }' > "$work/changing/cluster/traces-many.json"
    while :; do echo line >> "$work/changing/cluster/notes.txt"; sleep 0.01; done &
    pid=$!
    timeout -s KILL 60 ingest --quiet --dir "$work/changing" 2> "$work/said" || status=$?
    kill "$pid"
    wait "$pid" 2> /dev/null
    equals 1 "$status" && says "cluster: changed while it was read: nothing of it was loaded" &&
        equals "0 0 2" "$(sqlite3 -separator ' ' "$work/changing/b/run.db" "SELECT (SELECT count(*) FROM snapshot), (SELECT count(*) FROM span),
            (SELECT count(*) FROM file)")" || return 1
    ends 0 ingest --quiet --dir "$work/changing" &&
        equals 1 "$(sqlite3 "$work/changing/b/run.db" "SELECT count(*) >= 30000 FROM span")" && clean "$work/changing"
}

# going: the run's directory, or its database, is removed or moved while it is loaded: what was loaded went with it, and it is said.
going() {
    local way pid status
    for way in directory database moved; do
        rm -rf "$work/gone"
        fresh "$work/going" "$work/run"
        ingest --quiet --dir "$work/going" 2> "$work/said" &
        pid=$!
        until [ -f "$work/going/run.db-journal" ] || ! kill -0 "$pid" 2> /dev/null; do :; done
        case $way in
        directory) while ! rm -r "$work/going" 2> /dev/null; do :; done ;;
        database) rm "$work/going/run.db" ;;
        moved) mv "$work/going" "$work/gone" ;;
        esac
        status=0
        wait "$pid" || status=$?
        cat "$work/said"
        equals 1 "$status" || { echo "$way"; return 1; }
        grep -qE "removed or moved while it was written|cannot open|went away while it was read" "$work/said" || { echo "$way"; return 1; }
        fresh "$work/going" "$work/run"
        as_undisturbed "$work/going" "$work/run.dump" || { echo "$way"; return 1; }
    done
}

# --- damaged databases

# What is asked of a damaged database.
commands=("cdf --no-figure --format tsv" "pairs --format tsv" "detect --no-figure --format tsv" "ledger --format tsv"
    "topology --no-figure --format tsv" "e2e --no-figure --format tsv" "report --no-figure")

# told: analyze of a damaged database ends with 0 or 1, soon, with words if 1. What it prints is what it would of the
# whole one; if not, SQLite does not see the damage either: it lies within a number.
told() {
    local command status name n=0 # n_words, n_within: the caller's
    for command in "${commands[@]}"; do
        name=${command%% *}
        status=0
        # shellcheck disable=SC2086 # words
        timeout -s KILL 60 analyze $command --dir "$work/damaged" > "$work/printed" 2> "$work/said" || status=$?
        if [ "$name" = report ]; then grep -v 'run.db' "$work/damaged/reports/report.md" > "$work/printed" 2> /dev/null; fi
        if [ "$status" -gt 1 ] || { [ "$status" -eq 1 ] && [ ! -s "$work/said" ]; }; then
            echo "$name ended with $status: $(cat "$work/said")"
            return 1
        fi
        rm -rf "$work/damaged/reports"
        n_words=$((n_words + status))
        if [ "$status" -eq 1 ] || cmp -s "$work/printed" "$work/whole-$name"; then continue; fi
        if [ "$(sqlite3 "$work/damaged/run.db" 'PRAGMA integrity_check' 2>&1)" != ok ]; then
            echo "$name printed something else than of the whole database, and SQLite sees the damage"
            diff "$work/printed" "$work/whole-$name" | head -5
            return 1
        fi
        n=$((n + 1))
    done
    n_within=$((n_within + (n > 0)))
}

# damaged: run.db as damage.py leaves it, many times.
damaged() {
    local i what command n_words n_refused=0 n_within=0
    mkdir "$work/damaged"
    cp "$work/files/packets"/*.pcap "$work/files/records"/*.rec.zst "$top/tests/golden/load_logs/load.h2load" "$work/damaged"
    ingest --quiet --dir "$work/damaged" && cp "$work/damaged/run.db" "$work/whole.db" || return 1
    for command in "${commands[@]}"; do
        # shellcheck disable=SC2086 # words
        analyze $command --dir "$work/damaged" > "$work/whole-${command%% *}" || return 1
    done
    grep -v 'run.db' "$work/damaged/reports/report.md" > "$work/whole-report"
    for ((i = 0; i < damages; i++)); do
        what=$("$top/tests/faults/damage.py" "$work/whole.db" "$work/damaged/run.db" $((first_damage + i))) || return 1
        n_words=0
        told || { echo "damage $((first_damage + i)): $what"; return 1; }
        n_refused=$((n_refused + (n_words > 0)))
    done
    echo "$n_refused of $damages refused, $n_within with a number changed that nothing tells"
    # and it can be made anew
    rm -f "$work/damaged"/run.db*
    ends 0 ingest --quiet --dir "$work/damaged" && ends 0 analyze ledger --dir "$work/damaged"
}

# half_loaded: rows and files that are missing, as no ingest leaves them; and runs that are not loaded yet.
half_loaded() {
    cp -r "$work/loaded-campaign" "$work/half"
    rm "$work/half/b/run.db"
    ends 0 analyze ledger --dir "$work/half" && says "b: not loaded, left out: run \`ingest --dir" || return 1
    sqlite3 "$work/half/c/run.db" "DELETE FROM request WHERE request_id % 100 = 0"
    ends 1 analyze ledger --dir "$work/half/c" && says "it is damaged" && ends 1 analyze ledger --dir "$work/half" && says "c/run.db" || return 1
    fresh "$work/half" "$work/files/packets"
    rm "$work/half/vport.pcap"
    ingest --quiet --dir "$work/half" && ends 1 analyze pairs --dir "$work/half" && says "role vport" && says "add the missing file" || return 1
    sqlite3 "$work/half/run.db" "DELETE FROM request; DELETE FROM file"
    ends 1 analyze ledger --dir "$work/half" && says "holds no files"
}

# --- gnuplot

# with_gnuplot LINE...: a gnuplot of these lines of shell is the first in PATH.
with_gnuplot() {
    mkdir -p "$work/fake"
    printf '%s\n' '#!/bin/sh' "$@" > "$work/fake/gnuplot"
    chmod 755 "$work/fake/gnuplot"
}

# without_figure WORDS: the table is printed, the series is written, the figure is not, and it is said; status 0.
without_figure() {
    rm -rf "$work/figures"
    PATH=$work/fake:$PATH WIRESPAN_GNUPLOT_SECONDS=1 ends 0 analyze cdf --dir "$work/damaged" --out "$work/figures" && says "warning: " && says "$1" &&
        [ -s "$work/printed" ] && equals "cdf-drawn.tsv cdf.json cdf.tsv" "$(cd "$work/figures" && echo *)" || return 1
    rm -rf "$work/figures"
    PATH=$work/fake:$PATH WIRESPAN_GNUPLOT_SECONDS=1 ends 0 analyze report --dir "$work/damaged" --out "$work/figures" && says "$1" &&
        grep -q "A figure is missing here" "$work/figures/report.md" && equals "" "$(find "$work/figures" -name '.*' -type f)"
}

# no_gnuplot: none is installed.
no_gnuplot() {
    local program
    mkdir -p "$work/bin"
    for program in timeout tail grep find rm cat; do ln -sf "$(command -v "$program")" "$work/bin"; done
    ln -sf "$BIN/analyze" "$work/bin"
    rm -rf "$work/fake" && mkdir "$work/fake" && PATH=$work/bin without_figure "install the package gnuplot-nox"
}

# shellcheck disable=SC2016 # for the shell of the fake
gnuplots() {
    with_gnuplot 'echo "cannot" >&2' 'exit 7' && without_figure "gnuplot failed (status 7): cannot" &&
        with_gnuplot 'exec sleep 1000' && without_figure "did not end within 1 s" &&
        with_gnuplot 'kill -SEGV $$' && without_figure "ended by signal 11" &&
        with_gnuplot 'head -c 5000000 /dev/zero >&2' 'exec sleep 1000' && without_figure "without end" &&
        with_gnuplot 'exec head -c 90000000 /dev/zero' && without_figure "figure" &&
        with_gnuplot 'echo "<svg>"' && without_figure "half of it" && with_gnuplot 'exit 0' && without_figure "drew nothing"
}

# no_drafts_left: analyze killed while it draws leaves no file of its own half there, and none that is hidden once the next has run.
no_drafts_left() {
    rm -rf "$work/figures"
    # shellcheck disable=SC2016
    with_gnuplot 'kill -KILL "$PPID"'
    PATH=$work/fake:$PATH ends 137 analyze report --dir "$work/damaged" --out "$work/figures" &&
        equals ".report.html .report.md" "$(cd "$work/figures" && find . -name '.*' -type f | sed 's|^./||; s/\.wirespan-[0-9]*\.tmp$//' | sort | paste -sd ' ')" || return 1
    ends 0 analyze cdf --dir "$work/damaged" --no-figure --out "$work/figures" && equals "" "$(find "$work/figures" -name '.*' -type f)"
}

# --- output

# printing: every command ends with 1 and words when standard output is closed or full.
printing() {
    local command
    for command in "ingest --help" "ingest --dir $work/damaged" "analyze --help" "analyze help" "analyze --version" "analyze cdf --help" \
        "analyze pairs --help" "analyze ledger --help" "analyze detect --help" "analyze offsets --help" "analyze e2e --help" \
        "analyze overhead --help" "analyze compare --help" "analyze report --help" "analyze trace --help" "analyze topology --help" \
        "analyze clocks --help" "analyze underlay --help" "analyze export --help" \
        "analyze cdf --no-figure --dir $work/damaged" "analyze pairs --format json --dir $work/damaged" \
        "analyze ledger --format tsv --dir $work/damaged" "analyze detect --no-figure --dir $work/damaged" \
        "analyze offsets --no-figure --dir $work/damaged" "analyze e2e --no-figure --dir $work/damaged" \
        "analyze report --no-figure --dir $work/damaged" "analyze topology --no-figure --dir $work/damaged"; do
        # shellcheck disable=SC2086 # words
        if $command > /dev/full 2> "$work/said"; then
            echo "to a full disk: $command"
            return 1
        fi
        says "cannot write to standard output" || { echo "to a full disk: $command"; return 1; }
        # shellcheck disable=SC2086 # words
        if $command >&- 2> "$work/said"; then
            echo "closed: $command"
            return 1
        fi
        says "cannot write to standard output" || { echo "closed: $command"; return 1; }
    done
    # nothing to say is no failure
    ingest --quiet --dir "$work/damaged" >&- && equals ok "$(sqlite3 "$work/damaged/run.db" 'PRAGMA integrity_check')"
}

# nobody_listens: who reads what ingest says goes away: it loads all the same, and says it.
nobody_listens() {
    local status=0
    fresh "$work/listened" "$work/campaign"
    { ingest --dir "$work/listened" --jobs 1 2> "$work/said"; echo $? > "$work/status"; } | head -c 1 > /dev/null
    status=$(cat "$work/status")
    dumps "$work/listened" | cmp - "$work/campaign.dump" && { [ "$status" -eq 0 ] || says "cannot write to standard output"; }
}

# no_directory: the place for results goes away, or is a file.
no_directory() {
    ends 1 analyze cdf --dir "$work/damaged" --out "$work/none/reports" && says "cannot write there" || return 1
    : > "$work/file"
    ends 1 analyze cdf --dir "$work/damaged" --out "$work/file" && says "cannot write there" || return 1
    mkdir -p "$work/going"
    with_gnuplot "rm -rf '$work/going'" "exec $(command -v gnuplot || echo false) \"\$@\""
    PATH=$work/fake:$PATH ends 1 analyze cdf --dir "$work/damaged" --out "$work/going" && says "cannot write it" && [ ! -e "$work/going" ]
}

make_inputs || { echo "data.sh: the inputs could not be made" >&2; exit 1; }
check "a run's ingest killed $kills times 2: as before or complete, and then as if nothing had been" killed run
check "a campaign's, two runs at a time" killed campaign --jobs 2
check "analyze after a killed ingest says what to do" interrupted
with_root "disks that run full at nine sizes" full_disk
for command in detect offsets cdf; do
    check "analyze $command says the same with little memory" little_memory "$command" --no-figure
done
check "locked by a reader, by a writer" locked
check "two ingests into one directory" two_at_once
check "run.db that is something else" odd_databases
check "inputs that are no files" odd_inputs
check "run.db that is not ours" unreadable
with_root "a file system that cannot be written" read_only
check "captures that grow, shrink, are replaced and vanish while they are read" changing
check "a cluster snapshot that changes while it is read" changing_snapshot
check "a run's directory that goes while it is loaded" going
check "$damages damages of run.db" damaged
check "runs that are half loaded" half_loaded
check "no gnuplot" no_gnuplot
check "gnuplot fails, hangs, is killed, talks without end, draws half a picture" gnuplots
check "analyze killed: nothing hidden stays" no_drafts_left
check "output closed or full, every command" printing
check "nobody listens to ingest" nobody_listens
check "directories for results that are not there" no_directory
with_root "no room for results" full_reports
with_root "no room for what does not fit in memory" full_temporary
report_checks

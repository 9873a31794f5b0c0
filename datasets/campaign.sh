#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# Records a campaign: every run that a campaign file lists, each on a testbed of its own, into one directory. What is complete
# is never recorded again, so that an interrupted campaign goes on where it was. campaign.md specifies file and directory.
set -euo pipefail
export LC_ALL=C

here=$(dirname -- "${BASH_SOURCE[0]}")
bin=${BIN:-$here/../build/bin}
testbed=${CAMPAIGN_TESTBED:-$here/testbed/testbed.sh}
load=${CAMPAIGN_LOAD:-$here/testbed/load.sh}
readonly here bin testbed load

readonly warm_up_s=1           # seconds of load before anything is attached
readonly run_guess_ms=3000      # what a run takes beside its load, until one was measured
readonly recording_guess_ms=650 # what a recording beside the main one adds: the kernel verifies two programs
readonly disk_warning_kib=$((1024 * 1024))
readonly marker=incomplete     # the file in a run directory that is not complete

dir='' file='' list='' keep_going='' keep_pcap=
campaign=        # its name
plan=()          # lines of plan.sh
first_of_run=()  # run number - 1 -> index of its first line in plan
n_runs=0
testbed_pid=     # while a testbed is up
signal=          # the signal that came
n_complete=0 n_failed=0 n_skipped=0
overhead_ms=0    # what the runs recorded here took beside their load
guessed_ms=0     # what had been guessed of them
has_warned_of_disk=

# usage: prints the synopsis to stdout.
usage() {
    cat <<'TEXT'
usage: campaign.sh --dir CAMPAIGN_DIR [--keep-going] [--keep-pcap] FILE
       campaign.sh --list [--dir CAMPAIGN_DIR] FILE

Records the runs that the campaign file lists (campaign.md says how) into CAMPAIGN_DIR. Complete runs are
skipped: after an interruption the same command goes on. Needs root, except for --list.

  --dir CAMPAIGN_DIR  the campaign's directory; made if missing
  --list              say what would be recorded, and how long it takes
  --keep-going        go on after a run that failed
  --keep-pcap         do not compress packet captures
  --help              this text

Environment: BIN, the directory of the programs (default: build/bin of this checkout).
Exit status: 0 all runs are complete, 1 not all, 2 wrong usage or a wrong campaign file.
TEXT
}

# complain TEXT: one line to stderr.
complain() {
    printf 'campaign: %s\n' "$1" >&2
}

# usage_error TEXT: complains and exits 2.
usage_error() {
    complain "$1"
    usage >&2
    exit 2
}

# parse_arguments ARG...: sets dir, file, list, keep_going, keep_pcap; exits 2 on wrong usage, 0 after --help.
parse_arguments() {
    while (($#)); do
        case $1 in
            --help | -h) usage; exit 0 ;;
            --list) list=yes; shift ;;
            --keep-going) keep_going=yes; shift ;;
            --keep-pcap) keep_pcap=yes; shift ;;
            --dir)
                (($# >= 2)) || usage_error '--dir needs a directory'
                dir=${2%/}
                shift 2
                ;;
            -*) usage_error "unknown option '$1'" ;;
            *)
                [[ -z $file ]] || usage_error "one campaign file, not '$file' and '$1'"
                file=$1
                shift
                ;;
        esac
    done
    [[ -n $file ]] || usage_error 'the campaign FILE is missing'
    [[ -n $dir || -n $list ]] || usage_error '--dir CAMPAIGN_DIR is missing'
}

# read_plan: reads and checks the whole campaign file; exits 2 if it is wrong.
read_plan() {
    local text i number last=0
    text=$("$here/campaign/plan.sh" "$file") || { complain "nothing was recorded: $file is to be corrected first"; exit 2; }
    mapfile -t plan <<<"$text"
    for i in "${!plan[@]}"; do
        number=${plan[i]%%$'\t'*}
        if ((number != last)); then first_of_run+=("$i"); fi
        last=$number
    done
    n_runs=${#first_of_run[@]}
    first_of_run+=("${#plan[@]}") # where a run after the last would begin
}

# read_directory INDEX: sets the variables of a line of the plan.
read_directory() {
    IFS=$'\t' read -r _ name node method search _ _ overlay headers family rate duration _ _ words <<<"${plan[$1]}"
}

# directories RUN: prints the names of the directories of run RUN (from 1), the main one first.
directories() {
    local i
    for ((i = first_of_run[$1 - 1]; i < first_of_run[$1]; i++)); do
        cut -f 2 <<<"${plan[i]}"
    done
}

# is_complete NAME: true if the run directory says that it is.
is_complete() {
    [[ -n $dir && -f $dir/$1/conditions.json ]]
}

# duration_words SECONDS: in words.
duration_words() {
    if (($1 < 100)); then printf '%d s' "$1"; else printf '%d min' "$((($1 + 30) / 60))"; fi
}

# now_ms: milliseconds since the epoch.
now_ms() {
    printf %s "$((${EPOCHREALTIME/./} / 1000))"
}

# guess_ms RUN: what run RUN takes beside its load, by guess.
guess_ms() {
    printf %s "$((run_guess_ms + (first_of_run[$1] - first_of_run[$1 - 1] - 1) * recording_guess_ms))"
}

# left_s RUN: seconds that the runs after run RUN will take, those that are complete left out.
left_s() {
    local i load_ms=0 beside_ms=0
    for ((i = $1; i < n_runs; i++)); do
        read_directory "${first_of_run[i]}"
        if is_complete "$name"; then continue; fi
        load_ms=$((load_ms + duration * 1000))
        beside_ms=$((beside_ms + $(guess_ms "$((i + 1))")))
    done
    ((guessed_ms == 0)) || beside_ms=$((beside_ms * overhead_ms / guessed_ms))
    printf %s "$(((load_ms + beside_ms + 999) / 1000))"
}

# left_words RUN: how long the runs after run RUN will take, as the end of a progress line.
left_words() {
    local seconds
    seconds=$(left_s "$1")
    ((seconds == 0)) || printf '; about %s left' "$(duration_words "$seconds")"
}

# list_runs: --list.
list_runs() {
    local i n state
    for ((i = 0; i < n_runs; i++)); do
        read_directory "${first_of_run[i]}"
        n=$(directories "$((i + 1))" | wc -l)
        state=
        if is_complete "$name"; then state=', complete'; fi
        printf '[%*d/%d] %s, %d s: %s' "${#n_runs}" "$((i + 1))" "$n_runs" "$words" "$duration" "$name"
        if ((n > 1)); then printf ' and %d more directories' "$((n - 1))"; fi
        printf '%s\n' "$state"
    done
    printf '%d runs, about %s to go\n' "$n_runs" "$(duration_words "$(left_s 0)")"
}

# json_member FILE KEY: the text value of KEY in a document of machine.sh.
json_member() {
    [[ ! -e $1 ]] || sed -n "s/^  \"$2\": \"\(.*\)\",\{0,1\}\$/\1/p" "$1"
}

# check_same_campaign: exits 1 if the directory holds another campaign; sets the campaign's name.
check_same_campaign() {
    campaign=$(basename -- "$file" .campaign)
    [[ $campaign =~ ^[A-Za-z0-9._-]{1,64}$ ]] || {
        complain "the campaign file's name '$campaign' becomes the campaign's: letters, digits, . _ and - only; rename it"
        exit 2
    }
    [[ -e $dir/campaign.txt ]] || return 0
    if ! cmp -s -- "$file" "$dir/campaign.txt"; then
        complain "$dir holds another campaign: $dir/campaign.txt differs from $file. Record into another directory (--dir),
  or go on with what was begun there: $0 --dir $dir $dir/campaign.txt"
        exit 1
    fi
    local recorded
    recorded=$(json_member "$dir/machine.json" campaign)
    campaign=${recorded:-$campaign}
}

# check_prerequisites: exits 1 with what to do if this machine cannot record.
check_prerequisites() {
    local reason
    ((EUID == 0)) || { complain 'recording needs root: run it again as root (sudo); --list does not'; exit 1; }
    [[ -x $testbed && -x $load ]] || { complain "the testbed is missing: $testbed, $load"; exit 1; }
    [[ -x $bin/capture ]] || { complain "$bin/capture is missing: build it (make), or set BIN to the directory of the programs"; exit 1; }
    # programs built elsewhere bring the testbed's IPIP programs with them
    if [[ -z ${TESTBED_IPIP_OBJECT-} && -e $bin/../ipip.bpf.o ]]; then export TESTBED_IPIP_OBJECT=$bin/../ipip.bpf.o; fi
    reason=$("$bin/capture" check 2>&1) || { complain "this machine cannot record:"$'\n'"$reason"; exit 1; }
    if [[ -z $keep_pcap ]] && ! command -v zstd >/dev/null; then
        complain 'warning: zstd is missing: packet captures stay uncompressed (install zstd)'
        keep_pcap=yes
    fi
}

# open_directory: makes the directory, takes it for this process and its testbeds alone, and keeps campaign and machine in it.
open_directory() {
    local lock
    mkdir -p -- "$dir" || { complain "cannot make $dir"; exit 1; }
    exec {lock}<"$dir"
    flock -n "$lock" || { complain "another campaign.sh is at work in $dir, or a testbed of one that was killed; wait for its end"; exit 1; }
    check_same_campaign # again: nobody else changes it now
    if [[ ! -e $dir/campaign.txt ]]; then
        if [[ -n $(ls -A -- "$dir") ]]; then
            complain "note: $dir is not empty; what is in it stays"
        fi
        cp -- "$file" "$dir/.campaign.txt.part"
        mv -- "$dir/.campaign.txt.part" "$dir/campaign.txt"
    fi
    keep_machine
}

# keep_machine: writes machine.json; where one of another machine or of other programs is there already, a numbered one.
keep_machine() {
    local part=$dir/.machine.json.part kept=$dir/machine.json n=1
    "$here/campaign/machine.sh" "$campaign" "$bin/capture" >"$part"
    while [[ -e $kept ]]; do
        if cmp -s -- "$part" "$kept"; then
            rm -- "$part"
            return
        fi
        n=$((n + 1))
        kept=$dir/machine.$n.json
    done
    mv -- "$part" "$kept"
    ((n == 1)) || complain "warning: machine or programs are not those that the campaign was begun with: $kept says what they are now"
}

# warn_of_disk: once, if little is free.
warn_of_disk() {
    local free_kib
    free_kib=$(df -Pk -- "$dir" | awk 'NR == 2 { print $4 }')
    if [[ -z $has_warned_of_disk && $free_kib -lt $disk_warning_kib ]]; then
        has_warned_of_disk=yes
        printf '\n'
        complain "warning: less than 1 GB is free for $dir ($((free_kib / 1024)) MB)"
    fi
}

# claim NAME...: makes the run's directories, each marked incomplete; what an earlier attempt has left of them is removed.
# Returns 1 with the reason in $failure if something else is there.
claim() {
    local name
    for name in "$@"; do
        [[ -e $dir/$name && ! -e $dir/$name/$marker ]] || continue
        failure="$dir/$name is in the way and no incomplete run of this campaign: move it away"
        return 1
    done
    for name in "$@"; do
        if ! rm -rf -- "${dir:?}/${name:?}" || ! mkdir -- "$dir/$name" || ! printf '%s\n' \
            'This run is not complete. The next campaign.sh removes the directory and records it again.' >"$dir/$name/$marker"; then
            failure="cannot make $dir/$name"
            return 1
        fi
    done
}

# take_testbed_down: ends the testbed, which takes itself down; waits for that.
take_testbed_down() {
    [[ -n $testbed_pid ]] || return 0
    kill -TERM "$testbed_pid" 2>/dev/null || true
    while kill -0 "$testbed_pid" 2>/dev/null; do wait "$testbed_pid" 2>/dev/null || true; done
    testbed_pid=
}

# record RUN: runs the testbed with the recordings of run RUN inside; what it says goes to the main directory's run.log.
# Returns its exit status.
record() {
    local i status recordings=() main log
    for ((i = first_of_run[$1 - 1]; i < first_of_run[$1]; i++)); do
        read_directory "$i"
        [[ $method == none ]] || recordings+=(--recording "$dir/$name" "$node" "$method" "$search")
    done
    read_directory "${first_of_run[$1 - 1]}"
    main=$dir/$name log=$dir/$name/run.log
    # A session of its own: ^C is for this script, which ends the testbed in order.
    CAMPAIGN_CAPTURE=$bin/capture CAMPAIGN_LOAD=$load setsid "$testbed" --overlay "$overlay" --headers "$headers" \
        --family "$family" --name "wirespan-campaign-$$" -- "$here/campaign/record.sh" --rate "$rate" --duration "$duration" \
        --warm-up "$warm_up_s" --log "$main/load.h2load" ${recordings[@]+"${recordings[@]}"} </dev/null >"$log" 2>&1 &
    testbed_pid=$!
    [[ -z $signal ]] || take_testbed_down # it came before the pid was known
    while :; do # a signal ends the waiting, not the testbed
        status=0
        wait "$testbed_pid" || status=$?
        kill -0 "$testbed_pid" 2>/dev/null || break
    done
    testbed_pid=
    return "$status"
}

# check_recorded NAME: sets n_requests from the main directory's load log; returns 1 with the reason in $failure.
check_recorded() {
    local n_good log=$dir/$1/load.h2load
    [[ -s $log ]] || { failure="$log is missing"; return 1; }
    read -r n_requests n_good < <(awk '$2 ~ /^2/ { good++ } END { print NR, good + 0 }' "$log")
    if ((n_requests != rate * duration || n_good != n_requests)); then
        failure="$n_requests of $((rate * duration)) requests in $log, $n_good answered 2xx"
        return 1
    fi
}

# compress NAME...: the packet captures in these directories; returns 1 with the reason in $failure.
compress() {
    local name pcap
    [[ -z $keep_pcap ]] || return 0
    for name in "$@"; do
        for pcap in "$dir/$name"/*.pcap; do
            [[ -e $pcap ]] || continue
            if ! zstd -q --rm -o "$pcap.zst.part" -- "$pcap" || ! mv -- "$pcap.zst.part" "$pcap.zst"; then
                failure="cannot compress $pcap"
                return 1
            fi
        done
    done
}

# complete_run RUN NAME...: writes the directories' conditions.json, whole or not at all. The run is complete from the moment when
# its main directory has one, the last to get it. Returns 1 with the reason in $failure.
complete_run() {
    local first=${first_of_run[$1 - 1]} i=${first_of_run[$1]} name part
    shift
    while ((i-- > first)); do
        name=$(cut -f 2 <<<"${plan[i]}")
        part=$dir/$name/.conditions.json.part
        if ! "$here/campaign/conditions.sh" "$campaign" "$warm_up_s" "$1" "${plan[i]}" >"$part" ||
            ! mv -- "$part" "$dir/$name/conditions.json"; then
            failure="cannot write $dir/$name/conditions.json"
            return 1
        fi
    done
    for name in "$@"; do rm -f -- "$dir/$name/$marker"; done
}

# skip NAME...: a run whose main directory is complete; returns 1 with the reason in $failure if one of its directories is gone.
skip() {
    local name
    for name in "$@"; do
        if ! is_complete "$name"; then
            failure="$dir/$name is missing or has no conditions.json, though $dir/$1, recorded at the same time, is complete: put it back, or move $1 away, too"
            return 1
        fi
        rm -f -- "$dir/$name/$marker"
    done
}

# one_run RUN: records run RUN, or skips it; prints its line. Returns 1 if it failed.
one_run() {
    local names start_ms before=$SECONDS failure='' n_requests=0
    mapfile -t names < <(directories "$1")
    read_directory "${first_of_run[$1 - 1]}"
    printf '[%*d/%d] %s, %d s ... ' "${#n_runs}" "$1" "$n_runs" "$words" "$duration"
    if is_complete "${names[0]}"; then
        if skip "${names[@]}"; then
            n_skipped=$((n_skipped + 1))
            printf 'complete already\n'
            return 0
        fi
    elif warn_of_disk && claim "${names[@]}"; then
        start_ms=$(now_ms)
        if ! record "$1"; then
            failure="$dir/${names[0]}/run.log ends so:"$'\n'$(tail -n 4 "$dir/${names[0]}/run.log" | sed 's/^/  /')
        elif check_recorded "${names[0]}" && compress "${names[@]}" && complete_run "$1" "${names[@]}"; then
            n_complete=$((n_complete + 1))
            overhead_ms=$((overhead_ms + $(now_ms) - start_ms - duration * 1000))
            guessed_ms=$((guessed_ms + $(guess_ms "$1")))
            printf '%d requests%s\n' "$n_requests" "$(left_words "$1")"
            return 0
        fi
        [[ -z $signal ]] || { printf 'interrupted, stays incomplete\n'; interrupted; }
    fi
    n_failed=$((n_failed + 1))
    printf 'failed after %d s\n' "$((SECONDS - before))"
    complain "$failure"
    return 1
}

# interrupted: says how to go on, and ends with the signal's exit status.
interrupted() {
    local i n=0
    for ((i = 0; i < n_runs; i++)); do
        read_directory "${first_of_run[i]}"
        if is_complete "$name"; then n=$((n + 1)); fi
    done
    complain "interrupted. $n of $n_runs runs are complete and stay; to go on, give the same command again"
    exit $((128 + $(kill -l "$signal")))
}

# on_signal SIGNAL: notes it and asks the testbed to end; what waits for the testbed goes on from there.
on_signal() {
    signal=$1
    [[ -z $testbed_pid ]] || kill -TERM "$testbed_pid" 2>/dev/null || true
}

# summary: the last words.
summary() {
    local each_ms=0
    ((n_complete == 0)) || each_ms=$((overhead_ms / n_complete))
    printf '%s: %d runs: %d recorded, %d complete already, %d failed, %d not tried; took %d min %d s' "$dir" "$n_runs" "$n_complete" \
        "$n_skipped" "$n_failed" "$((n_runs - n_complete - n_skipped - n_failed))" "$((SECONDS / 60))" "$((SECONDS % 60))"
    if ((n_complete)); then
        printf ' (%d.%d s a run beside its load)' "$((each_ms / 1000))" "$((each_ms % 1000 / 100))"
    fi
    printf '\n'
}

parse_arguments "$@"
read_plan
[[ -z $dir ]] || check_same_campaign
if [[ -n $list ]]; then
    list_runs
    exit 0
fi
check_prerequisites
trap take_testbed_down EXIT
trap 'on_signal INT' INT
trap 'on_signal TERM' TERM
trap 'on_signal HUP' HUP
open_directory
for ((number = 1; number <= n_runs; number++)); do
    [[ -z $signal ]] || interrupted
    one_run "$number" || [[ -n $keep_going ]] || break
done
summary
((n_failed == 0 && n_complete + n_skipped == n_runs))

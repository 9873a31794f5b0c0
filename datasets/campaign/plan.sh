#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# Reads a campaign file, checks all of it, and prints what is to be recorded: one line for each run directory. Needs no root
# and changes nothing. ../campaign.md specifies the file.
set -euo pipefail
export LC_ALL=C

readonly window_max=65536 # the whole search window of capture
# keys of conditions.json that campaign.sh writes itself
readonly reserved=' campaign overlay headers rate_per_s duration_s warm_up_s attached search_bytes node round beside '

file=
line_no=0
n_bad=0
n_runs=0
declare -A line_of_name=()   # run name -> what its line says, in full, to tell rounds from runs that differ
declare -A rounds_of_name=() # run name -> how many times so far
declare -A line_of_dir=()    # directory -> number of the line that makes it

# usage: prints the synopsis to stdout.
usage() {
    cat <<'TEXT'
usage: plan.sh FILE

Checks the campaign file and prints a line for each run directory that it makes, columns separated by tabs:
run number, directory, node, method (none, ebpf, pcap, both, wakeup), bytes searched (or -), attached (as a condition),
purpose, overlay, headers, family, rate (requests/s), duration (s), round, other conditions (KEY=VALUE ..., or -), words.
The directories of one run stand together, the main one first. Exit status 2 if the file is wrong.
TEXT
}

# bad TEXT: complains about the line that is being read.
bad() {
    printf '%s:%d: %s\n' "$file" "$line_no" "$1" >&2
    n_bad=$((n_bad + 1))
}

# is_number TEXT MAX: true for a whole number from 1 to MAX.
is_number() {
    [[ $1 =~ ^[1-9][0-9]{0,5}$ && $1 -le $2 ]]
}

# reset_line: the variables that a line sets, with their defaults.
reset_line() {
    overlay='' headers='' rate='' search='' duration='' attached=''
    family=b3 nodes=productpage purpose='' extras=()
    searches=() is_sweep=
}

# read_search: splits and checks $search; a list is a sweep.
read_search() {
    local n
    declare -A seen=()
    if [[ $search == - ]]; then
        [[ $attached == none || $attached == pcap ]] ||
            bad "search_bytes '-' (no search) goes with attached none or pcap only; here it is a number from 1 to $window_max, or a list 100,200,..."
        return
    fi
    if [[ $search == *,* ]]; then is_sweep=yes; fi
    if [[ $search == ,* || $search == *, ]]; then bad "search_bytes '$search': a list has a number on both sides of each comma"; return; fi
    IFS=, read -ra searches <<<"$search"
    for n in "${searches[@]}"; do
        if ! is_number "$n" "$window_max"; then
            bad "search_bytes '$n': a number from 1 to $window_max, a list of such (100,200,...), or - (none)"
        elif [[ -n ${seen[$n]-} ]]; then
            bad "search_bytes '$search': $n stands in it twice"
        fi
        seen[${n:-0}]=yes
    done
}

# read_option WORD: one KEY=VALUE.
read_option() {
    local key=${1%%=*} value=${1#*=} other
    if [[ $1 != *=* || ! $key =~ ^[a-z][a-z0-9_]{0,31}$ || ! $value =~ ^[A-Za-z0-9._-]{1,64}$ ]]; then
        bad "'$1': what follows the six columns is KEY=VALUE; a key has small letters, digits and _, a value letters, digits, . _ and -"
        return
    fi
    if [[ $reserved == *" $key "* ]]; then
        bad "'$1': the condition '$key' comes from the columns; use another key"
        return
    fi
    case $key in
        family)
            [[ $value =~ ^(b3|w3c|b3-single|jaeger|datadog|skywalking|aws|google)$ ]] ||
                bad "family '$value': b3, w3c, b3-single, jaeger, datadog, skywalking, aws or google"
            family=$value
            ;;
        nodes) [[ $value == productpage || $value == all ]] || bad "nodes '$value': productpage or all"; nodes=$value ;;
        purpose) [[ $value == latency || $value == detection ]] || bad "purpose '$value': latency or detection"; purpose=$value ;;
        *)
            for other in ${extras[@]+"${extras[@]}"}; do
                [[ ${other%%=*} != "$key" ]] || bad "'$1': the key '$key' stands in the line twice"
            done
            extras+=("$1")
            ;;
    esac
}

# check_columns: the six columns, each by itself.
check_columns() {
    [[ $overlay == vxlan || $overlay == ipip ]] || bad "overlay '$overlay': vxlan or ipip"
    [[ $headers == proposed || $headers == original || $headers == original-gateway ]] ||
        bad "headers '$headers': proposed, original or original-gateway"
    is_number "$rate" 2000 || bad "rate '$rate': requests a second, a whole number from 1 to 2000"
    is_number "$duration" 86400 || bad "duration '$duration': seconds, a whole number from 1 to 86400"
    case $attached in
        none | ebpf | pcap | both | wakeup) ;;
        *) bad "attached '$attached': none, ebpf, pcap, both or wakeup" ;;
    esac
    read_search
}

# check_together: what the columns and options say together; sets the purpose if the line does not.
check_together() {
    local default=latency
    if [[ -n $is_sweep || $nodes == all ]]; then
        default=detection
        [[ $attached == ebpf || $attached == both ]] ||
            bad "attached '$attached': a list of search_bytes and nodes=all need eBPF programs: ebpf or both"
        [[ $purpose != latency ]] ||
            bad "purpose=latency: what is recorded beside a list of search_bytes or nodes=all disturbs its latencies: leave it out"
    fi
    : "${purpose:=$default}"
    purpose_is_default=
    if [[ $purpose == "$default" ]]; then purpose_is_default=yes; fi
}

# name_run: sets name, dir and round; lines that are alike are rounds.
name_run() {
    local whole
    name=$overlay-$headers-$rate
    if [[ -n $is_sweep ]]; then
        name+=-sweep
    elif [[ $search != - ]]; then
        name+=-n$search
    fi
    name+=-$attached
    [[ $family == b3 ]] || name+=-$family
    [[ $nodes != all ]] || name+=-nodes
    [[ -n $purpose_is_default ]] || name+=-$purpose
    for word in ${extras[@]+"${extras[@]}"}; do name+=-$word; done
    whole="$search $duration"
    if [[ -n ${line_of_name[$name]-} && ${line_of_name[$name]} != "$whole" ]]; then
        bad "a line above makes the same directory '$name' with other search_bytes or another duration: lines that are alike are rounds; tell others apart with a KEY=VALUE of their own"
    fi
    line_of_name[$name]=$whole
    round=$((${rounds_of_name[$name]-0} + 1))
    rounds_of_name[$name]=$round
    dir=$name
    ((round == 1)) || dir+=.r$round
}

# say_run: sets words, what the progress line says of the run.
say_run() {
    words="$overlay $headers $rate/s"
    if [[ -n $is_sweep ]]; then
        words+=" sweep of ${#searches[@]}"
    elif [[ $search != - ]]; then
        words+=" n$search"
    fi
    words+=" $attached"
    [[ $nodes != all ]] || words+=" all nodes"
    [[ $family == b3 ]] || words+=" $family"
    for word in ${extras[@]+"${extras[@]}"}; do words+=" $word"; done
    ((round == 1)) || words+=" round $round"
}

# print_directory DIR NODE METHOD SEARCH: one line of the plan.
print_directory() {
    local stands_for=$attached
    if [[ -n $is_sweep || $nodes == all ]]; then stands_for=sweep; fi
    if [[ -n ${line_of_dir[$1]-} ]]; then
        bad "line ${line_of_dir[$1]} makes the directory '$1', too: tell them apart with a KEY=VALUE of their own"
    fi
    line_of_dir[$1]=$line_no
    local IFS=$'\t' extras_text
    extras_text=$(IFS=' '; printf %s "${extras[*]-}")
    local columns=("$n_runs" "$1" "$2" "$3" "$4" "$stands_for" "$purpose" "$overlay" "$headers" "$family" "$rate" "$duration"
        "$round" "${extras_text:--}" "$words")
    printf '%s\n' "${columns[*]}"
}

# print_run: the run's directories, the main one first.
print_run() {
    local n node
    if [[ -z $is_sweep ]]; then
        print_directory "$dir" productpage "$attached" "$search"
    else
        print_directory "$dir" productpage "$attached" "$window_max"
        for n in "${searches[@]}"; do print_directory "$dir.n$n" productpage ebpf "$n"; done
    fi
    [[ $nodes == all ]] || return 0
    for node in details reviews ratings gateway; do print_directory "$dir.$node" "$node" ebpf "$window_max"; done
}

# read_line WORD...: one run.
read_line() {
    local before=$n_bad word
    reset_line
    if (($# < 6)); then
        bad "$# of 6 columns: overlay headers rate search_bytes duration attached [KEY=VALUE...]"
        return
    fi
    overlay=$1 headers=$2 rate=$3 search=$4 duration=$5 attached=$6
    shift 6
    check_columns
    for word in "$@"; do read_option "$word"; done
    check_together
    if ((n_bad == before)) && ((${#extras[@]})); then mapfile -t extras < <(printf '%s\n' "${extras[@]}" | sort); fi
    ((n_bad == before)) || return 0
    n_runs=$((n_runs + 1))
    name_run
    say_run
    print_run
}

# read_file: every line; returns 1 if one is wrong or there is none.
read_file() {
    local line words
    while IFS= read -r line || [[ -n $line ]]; do
        line_no=$((line_no + 1))
        if [[ $line == '#'* ]]; then continue; fi
        line=${line%%[[:space:]]#*}
        if [[ $line =~ [^[:print:][:space:]] ]]; then
            bad 'not plain text: only printable ASCII outside of comments'
            continue
        fi
        read -ra words <<<"${line//[$'\r\v\f']/ }"
        ((${#words[@]})) || continue
        read_line "${words[@]}"
    done
    if ((n_runs == 0 && n_bad == 0)); then
        printf '%s: no run in it; a run is a line: overlay headers rate search_bytes duration attached [KEY=VALUE...]\n' "$file" >&2
        return 1
    fi
    ((n_bad == 0))
}

case ${1-} in
    --help | -h) usage; exit 0 ;;
esac
if (($# != 1)); then usage >&2; exit 2; fi
file=$1
if [[ -d $file || ! -r $file ]]; then
    printf 'campaign: cannot read the campaign file %s\n' "$file" >&2
    exit 2
fi
if [[ -f $file ]] && ! cmp -s -- "$file" <(tr -d '\0' <"$file"); then # bash leaves NUL bytes out, and says nothing
    printf '%s: not plain text: it holds a NUL byte\n' "$file" >&2
    exit 2
fi
read_file <"$file" || exit 2

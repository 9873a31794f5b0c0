# shellcheck shell=bash
# shellcheck disable=SC2154 # run.sh sets them
# SPDX-License-Identifier: BSD-2-Clause
# What the network tests share, sourced by run.sh: recording on a testbed, asking the run's database. They read
# $bin, $top and $work.

# record DIR RATE SECONDS TESTBED_OPTIONS [capture option]...: a run at productpage's node, on a testbed of its own, the load inside the
# recording. PREPARE, if set, is run in the testbed before; LOAD in place of the even load; PLACE sets netns and vport to others.
record() {
    local run=$1 load="$top/datasets/testbed/load.sh --rate $2 --duration $3 --log $1/load.h2load" options=$4
    shift 4
    # shellcheck disable=SC2016,SC2086 # the variables belong to the inner shell; options are words
    RUN_DIR=$run PREPARE=${PREPARE-} PLACE=${PLACE-} LOAD=${LOAD:-$load} "$testbed" $options -- bash -c '
        netns=$TESTBED_NODE1_NETNS vport=$TESTBED_VPORT
        eval "$PLACE"
        eval "$PREPARE" || exit
        exec "$bin/capture" run --dir "$RUN_DIR" --netns "$netns" --point nic="$TESTBED_NIC" \
            --point vport="$vport" --quiet "$@" -- bash -c "$LOAD"' record "$@"
}

# sql DIR QUERY: what the run's database answers.
sql() {
    sqlite3 -batch "file:$1/run.db?mode=ro" "$2"
}

# pairs DIR SOURCE: "SEQ|TRACE|SPAN|CLASS|DIRECTION|NIC_NS|VPORT_NS|DADDR" of each pair.
pairs() {
    "$bin/analyze" pairs --dir "$1" --source "$2" --format tsv |
        awk -v OFS='|' '!/^#/ { print $8, $9, $10, $3, $2, $11, $12, $6 }'
}

# classes DIR SOURCE: how many pairs of each direction and class: "rx matched 5, tx matched 10".
classes() {
    pairs "$1" "$2" | awk -F'|' '{ n[$5 " " $4]++ } END { for (k in n) print k, n[k] }' | sort | paste -sd, | sed 's/,/, /g'
}

# unmatched DIR SOURCE: how many sightings of each point found no partner, and why: "nic lost 1".
unmatched() {
    "$bin/analyze" pairs --dir "$1" --source "$2" --unmatched --format tsv | awk '!/^#/ { print $2, $3 }' | sort | uniq -c | awk '{ print $2, $3, $1 }' | paste -sd, | sed 's/,/, /g'
}

# apart NUMBER COMMAND: runs a command that checks with a $work of its own, below the other; leaves its counts in $work/apart-NUMBER.
apart() {
    local counts=$work/apart-$1 work n_passed=0 n_failed=0
    work=$(mktemp -d "${counts%/*}/XXXXXX")
    $2
    echo "$n_passed $n_failed" > "$counts"
}

# alongside COMMAND COMMAND: two commands that check at the same time; what they print is shown in their order.
alongside() {
    local i n_good n_bad pids=()
    for i in 1 2; do
        apart $i "${!i}" > "$work/said-$i" 2>&1 &
        pids+=($!)
    done
    for i in 1 2; do
        wait "${pids[i - 1]}"
        cat "$work/said-$i"
        if read -r n_good n_bad < "$work/apart-$i"; then
            n_passed=$((n_passed + n_good))
            n_failed=$((n_failed + n_bad))
        else
            check "${!i}: came to its end" false
        fi
        rm -f "$work/apart-$i"
    done
}

# shellcheck shell=bash
# shellcheck disable=SC2154 # run.sh sets them
# SPDX-License-Identifier: BSD-2-Clause
# What capturing costs, measured for real but shortly: every treatment in every block, nothing left behind, and no half a result
# when it is stopped. No time is judged. Sourced by run.sh.

# overhead DIR OPTION... -- LOAD...: capture run --overhead at node 1's points, inside the testbed.
overhead() {
    local dir=$1
    shift
    "$bin/capture" run --dir "$dir" --netns "$TESTBED_NODE1_NETNS" --point nic="$TESTBED_NIC" --point vport="$TESTBED_VPORT" "$@"
}

# Two blocks of all treatments that there are.
overhead_measured() {
    local dir=$work/overhead treatments
    export RUN_DIR=$dir
    # shellcheck disable=SC2016
    "$testbed" -- bash -c 'overhead "$RUN_DIR" --overhead=2 --seed 5 --treatments none,empty,ebpf,tcpdump,nostats,pcap,both,wakeup -- \
        "$top/datasets/testbed/load.sh" --rate 100 --duration 1 --log {}' 2> "$work/said" || { cat "$work/said"; return 1; }
    # it is all that is there
    equals "overhead.json" "$(ls -A "$dir")" || return 1
    treatments='none empty ebpf tcpdump nostats pcap both wakeup'
    equals "complete 5 $treatments" "$(jq -r '[.state, .seed, .treatments[].name] | join(" ")' "$dir/overhead.json")" &&
        jq -e '[.treatments[].name] as $names | .trials | length == 16
            and ([.[] | [.block, .position]] | unique | length) == 16 and all(.[]; .position >= 1 and .position <= 8)
            and ([.[] | [.block, .treatment]] | unique | length) == 16 and ([.[].treatment] | unique) == ($names | sort)
            and all(.[]; .n_requests == 100 and .n_failed == 0 and .duration_ns > 0 and .window_ns > .duration_ns / 2
                and .latency_median_ns > 0 and .latency_p99_ns >= .latency_median_ns and .busy_ns > 0 and .load_cpu_ns > 0)
            and all(.[] | select(.treatment == "none" or .treatment == "empty"); .n_frames == null and .n_lost == null and .own_cpu_ns == 0)
            and all(.[] | select(.treatment != "none" and .treatment != "empty"); .n_frames >= 600 and .n_lost == 0 and .own_cpu_ns > 0)' \
            "$dir/overhead.json"
}

# The reader looks by the clock: so often a second, however many records there are; and nothing wakes it.
overhead_wakes_nobody() {
    jq -e '.trials | all(.[] | select(.treatment == "ebpf"); .n_wakeups <= 60 * .window_ns / 1e9 + 20)' "$work/overhead/overhead.json"
}

overhead_told() {
    "$bin/ingest" --dir "$work/overhead" && "$bin/analyze" overhead --dir "$work/overhead" --format json > "$work/toll.json" &&
        jq -e '.runs[0] | (.treatments | length) == 8 and all(.treatments[]; .blocks == 2 and .requests == 200)
            and (.pairs | length) == 28 and all(.pairs[]; .blocks == 2 and .throughput_ratio.value > 0)' "$work/toll.json" &&
        "$bin/analyze" report --dir "$work/overhead" --no-figure > /dev/null &&
        grep -q '^## What capturing costs' "$work/overhead/reports/report.md"
}

# Stopped before a block is whole: no result, nothing left behind, neither file nor program.
overhead_stopped() {
    local dir=$work/overhead-stopped
    export RUN_DIR=$dir
    # shellcheck disable=SC2016
    "$testbed" -- bash -c '
        "$bin/capture" run --dir "$RUN_DIR" --netns "$TESTBED_NODE1_NETNS" --point nic="$TESTBED_NIC" --overhead=2 --quiet -- \
            bash -c "echo > \"\$0.begun\"; exec sleep 300" {} &
        until compgen -G "$RUN_DIR/.overhead.*/trial/load.log.begun" > /dev/null; do kill -0 $! || exit 1; sleep 0.05; done
        kill -TERM $!
        wait $!
        [ $? -eq 1 ]' 2> "$work/said" || { cat "$work/said"; return 1; }
    grep -q "stopped before the first block was whole" "$work/said" && equals "" "$(ls -A "$dir")" && ! pgrep -f "$dir" > /dev/null
}

# A load that fails, one that logs nothing, and a result that is there already: words that say so.
overhead_refused() {
    local dir=$work/overhead-refused
    mkdir "$dir"
    if "$bin/capture" run --dir "$dir" --point nic=lo --overhead -- bash -c 'echo "no such host" >&2; exit 7' {} 2> "$work/said"; then
        return 1
    fi
    grep -q "treatment none: the load command bash ended with exit status 7: no such host" "$work/said" || return 1
    if "$bin/capture" run --dir "$dir" --point nic=lo --overhead -- true {} 2> "$work/said"; then return 1; fi
    grep -q "load.log: cannot open" "$work/said" && equals "" "$(ls -A "$dir")" || return 1
    echo mine > "$dir/overhead.json"
    if "$bin/capture" run --dir "$dir" --point nic=lo --overhead -- true {} 2> "$work/said"; then return 1; fi
    grep -q "exists already" "$work/said" && equals mine "$(cat "$dir/overhead.json")"
}

export -f overhead

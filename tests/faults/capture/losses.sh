# shellcheck shell=bash
# shellcheck disable=SC2154 # capture.sh sets them
# SPDX-License-Identifier: BSD-2-Clause
# Buffers that overflow: sent = recorded + lost, exactly. And a wall clock that is set. Sourced by capture.sh.

# received: frames that wf1 has got.
received() {
    ip -n "$netns" -s -j link show wf1 | jq '.[0].stats64.rx.packets'
}

# account DIR POINT: frames, records + lost, frames of which nothing is known, lost; packets, written + dropped.
account() {
    json "$1" ".points[] | select(.name == \"$2\") | (.ebpf | \"\(.frames) \(.n_records + .lost.ring_full) \(.reasons.unread - .lost.ring_full)\") +
        (.pcap | \" \(.received) \(.written + .lost.dropped)\")"
}

# lossy DIR: both buffers of the NIC overflowed, and something was recorded.
lossy() {
    json "$1" '.points[0] | .ebpf.lost.ring_full > 0 and .ebpf.n_records > 0 and .pcap.lost.dropped > 0 and .pcap.written > 0'
}

# balanced DIR N N_RECEIVED: everything that was sent is recorded or counted as lost, at each point, by each method; and so it is in the database.
balanced() {
    equals "true" "$(lossy "$1")" && equals "$2 $2 0 $2 $2" "$(account "$1" nic)" && equals "$3 $3 0 $3 $3" "$(account "$1" vport)" &&
        says "Ring buffers were full: take a larger --ring-buffer" && says "Packet captures dropped packets: take a larger --pcap-buffer" &&
        loads "$1" && equals "$2 $3" "$(sql "$1" "SELECT (SELECT count(*) FROM request WHERE file_id = f.file_id) +
            (SELECT n_frames FROM ledger WHERE file_id = f.file_id AND reason = 'unread') FROM file AS f JOIN point USING (point_id) WHERE source = 'ebpf' ORDER BY name" | paste -sd ' ')" &&
        equals 0 "$(sql "$1" "SELECT count(*) - count(DISTINCT file_id || hex(span_id)) FROM request")"
}

# Nobody reads for a while: what the buffers hold is recorded, the rest is lost.
stopped_reader() {
    local n before
    before=$(received)
    begin stopped --pcap --ring-buffer 1 --pcap-buffer 1 && kill -STOP "$pid" && n=$(send 20000) && kill -CONT "$pid" && kill -INT "$pid" && ends 0 &&
        balanced stopped "$n" $(($(received) - before))
}

# The reader gets less time than it needs: what is lost comes in pieces.
slow_reader() {
    local sending before
    before=$(received)
    begin slow --pcap --ring-buffer 1 --pcap-buffer 1 || return 1
    sender 100000 > "$work/sent" &
    sending=$!
    while kill -0 "$sending" 2> /dev/null; do
        kill -STOP "$pid"
        sleep 0.2
        kill -CONT "$pid"
        sleep 0.03
    done
    wait "$sending"
    kill -INT "$pid" && ends 0 && balanced slow "$(cat "$work/sent")" $(($(received) - before))
}

# step SECONDS: sets the wall clock forwards, and after a while back to where it would be.
step() {
    /usr/bin/python3 - "$1" << 'END'
import sys, time
start_s = time.clock_gettime(time.CLOCK_REALTIME) - time.monotonic()
try:
    time.clock_settime(time.CLOCK_REALTIME, start_s + time.monotonic() + float(sys.argv[1]))
    time.sleep(1.5)
finally:
    time.clock_settime(time.CLOCK_REALTIME, start_s + time.monotonic())
END
}

# out_of_order DIR SECONDS: requests whose stamps are before, or so long after, that of the one before.
out_of_order() {
    sql "$1" "SELECT sum(ts_ns < before_ns OR ts_ns > before_ns + $2 * 1000000000) FROM (SELECT ts_ns, lag(ts_ns) OVER (PARTITION BY
        file_id ORDER BY hex(span_id)) AS before_ns FROM request JOIN file USING (file_id) WHERE source = 'ebpf')"
}

# The wall clock is set 2 s forwards and back: records keep their time, a run its duration, and what jumps is said.
clock_set() {
    local sending
    begin clock --pcap --duration 5 || return 1
    sender 5000 1000 > "$work/sent" &
    sending=$!
    sleep 1
    step 2
    wait "$sending"
    ends 0 && says "The wall clock was set meanwhile, 2 times by" && equals "complete duration 2 4" \
        "$(json clock '"\(.state) \(.ended_by) \(.clock_steps.n) \(.clock_steps.together_ns / 1e9 | round)"')" && loads clock && without_holes clock &&
        equals "0" "$(out_of_order clock 1.9)"
}

# set_here FILE SECONDS...: sets the clock of the program that has that file (wall_clock.c), each time when it has looked at what it was set to.
set_here() {
    python3 - "$@" << 'END'
import mmap, struct, sys, time
with open(sys.argv[1], "r+b") as file:
    page = mmap.mmap(file.fileno(), 16)
for seconds in sys.argv[2:]:
    page[:8] = struct.pack("q", int(float(seconds) * 1e9))
    last = struct.unpack("Q", page[8:])[0] + 20  # each look is five readings
    give_up_s = time.monotonic() + 60
    while struct.unpack("Q", page[8:])[0] < last:
        if time.monotonic() > give_up_s:
            sys.exit("it does not look at the clock")
        time.sleep(0.05)
END
}

# The same of one program only: an hour forwards and 15 minutes back. It does not end for its --duration, and each stamp follows the one before.
clock_set_here() {
    local sending
    "${CC:-cc}" -std=gnu17 -D_GNU_SOURCE -O2 -fPIC -shared "$here/wall_clock.c" -o "$work/wall_clock.so" &&
        head -c 16 /dev/zero > "$work/wall_clock" || return 1
    LD_PRELOAD=$work/wall_clock.so WS_WALL_CLOCK=$work/wall_clock begin clock-here --duration 600 || return 1
    sender 0 1000 > "$work/sent" &
    sending=$!
    set_here "$work/wall_clock" 0 3600 2700 || return 1
    kill "$sending"
    wait "$sending"
    kill -INT "$pid" && ends 0 && says "The wall clock was set meanwhile, 2 times by" && equals "complete signal 2 4500" \
        "$(json clock-here '"\(.state) \(.ended_by) \(.clock_steps.n) \(.clock_steps.together_ns / 1e9 | round)"')" && loads clock-here &&
        without_holes clock-here && equals "0" "$(out_of_order clock-here 600)"
}

losses() {
    check "nobody reads: sent = recorded + lost" stopped_reader
    check "the reader is too slow: sent = recorded + lost" slow_reader
    check "after a loss the next run works" works after-loss
    check "its wall clock is set: records are as they were" clock_set_here
    if [ "${STEP_CLOCK:-0}" = 1 ]; then
        check "the machine's wall clock is set: records are as they were" clock_set
    else
        echo "     the machine's wall clock is set: skipped, as it is everybody's: STEP_CLOCK=1"
    fi
}

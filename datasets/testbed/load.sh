#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# Puts an even open-loop HTTP load on the testbed with h2load and checks that every request was sent and answered.
# Runs as (part of) the command of testbed.sh, whose environment it uses.
set -euo pipefail

# The headers' lengths depend on it: not on h2load's version.
readonly user_agent='Mozilla/5.0 (compatible; testbed-load/1.0)'

h2load_pid=
partial=

# usage: prints the synopsis to stdout.
usage() {
    cat <<'TEXT'
usage: load.sh --rate R --duration S --log FILE

Sends exactly R*S requests, R a second (1..2000) for S seconds, from the client to TESTBED_URL.
FILE gets a line for each request: start (us since the epoch), HTTP status (-1: no answer), latency (us).
Exits 1 if a request got no answer, or a proxy or an application logged an error meanwhile.
TEXT
}

# complain TEXT: one line to stderr.
complain() {
    printf 'load: %s\n' "$1" >&2
}

# usage_error TEXT: complains and exits 2.
usage_error() {
    complain "$1"
    usage >&2
    exit 2
}

# parse_arguments ARG...: sets rate, duration and log; exits 2 on wrong usage, 0 after --help.
parse_arguments() {
    rate='' duration='' log=''
    while (($#)); do
        case $1 in
            --help | -h) usage; exit 0 ;;
            --rate | --duration | --log)
                (($# >= 2)) || usage_error "$1 needs a value"
                printf -v "${1#--}" %s "$2"
                shift 2
                ;;
            *) usage_error "unknown argument '$1'" ;;
        esac
    done
    [[ $rate =~ ^[1-9][0-9]{0,3}$ && $rate -le 2000 ]] || usage_error "--rate is an integer from 1 to 2000, not '$rate'"
    [[ $duration =~ ^[1-9][0-9]{0,5}$ ]] || usage_error "--duration is a whole number of seconds, not '$duration'"
    [[ -n $log ]] || usage_error '--log FILE is missing'
}

# check_prerequisites: exits 1 with what to do if there is no testbed or no h2load.
check_prerequisites() {
    [[ -n ${TESTBED_CLIENT_NETNS-} && -n ${TESTBED_DIR-} && -n ${TESTBED_URL-} ]] || { complain 'no testbed: run it as a command of testbed.sh'; exit 1; }
    command -v h2load >/dev/null || { complain 'h2load is missing: install nghttp2-client'; exit 1; }
    [[ -d $(dirname -- "$log") && ! -d $log ]] || { complain "cannot write $log: its folder must exist, and it must not be one"; exit 1; }
}

# coprime A B: true if A and B have no common divisor.
coprime() {
    local a=$1 b=$2 t
    while ((b)); do t=$((a % b)) a=$b b=$t; done
    ((a == 1))
}

# plan_connections: sets connections and period_ms so that their requests interleave evenly.
# h2load starts a connection every period_ms (whole milliseconds) and each then sends rate/connections a second. The
# requests are 1000/rate ms apart if period_ms is that, or a multiple by a number coprime to the connections. Takes the
# smallest multiple whose rounding to milliseconds shifts no request by more than 30% of the distance. Its timers are
# too coarse for more than 100 requests a second on one connection.
plan_connections() {
    local multiple error fewest=$(((rate + 99) / 100))
    ((fewest >= 8)) || fewest=$((rate < 8 ? rate : 8))
    for ((multiple = 1; ; multiple++)); do
        for ((connections = fewest; connections < fewest + 4 && connections <= rate; connections++)); do
            period_ms=$(((multiple * 1000 + rate / 2) / rate))
            error=$((period_ms * rate - multiple * 1000)) # thousandths of the distance, for each connection
            ((period_ms > 0 && ${error#-} * (connections - 1) <= 300)) || continue
            if coprime "$multiple" "$connections"; then return; fi
        done
    done
}

# clean_up: the EXIT trap: no h2load and no half-written log stay behind.
clean_up() {
    trap '' INT TERM HUP # a second signal must not leave the half-written log behind
    if [[ -n $h2load_pid ]]; then
        kill "$h2load_pid" 2>/dev/null || true
        wait "$h2load_pid" 2>/dev/null || true
    fi
    [[ -z $partial ]] || rm -f -- "$partial" "$partial.out"
}

# run_h2load: sends the requests, writes the log to $partial; exits 1 with h2load's words if it fails.
run_h2load() {
    local per_connection output
    per_connection=$(awk -v r="$rate" -v c="$connections" 'BEGIN { printf "%.9f", r / c }')
    output=$partial.out
    ip netns exec "$TESTBED_CLIENT_NETNS" h2load --h1 -n $((rate * duration)) -c "$connections" \
        -r 1 --rate-period="${period_ms}ms" --rps="$per_connection" -H "accept: */*" -H "user-agent: $user_agent" \
        --log-file="$partial" "$TESTBED_URL" >"$output" 2>&1 </dev/null &
    h2load_pid=$!
    wait "$h2load_pid" || { complain "h2load failed: $(tail -n 3 "$output")"; exit 1; }
    h2load_pid=
}

# logged_bytes: how much the testbed's proxies and applications have logged. A page whose parts failed is answered 200 nonetheless.
logged_bytes() {
    cat "$TESTBED_DIR"/*/error.log | wc -c
}

# finish: prints the summary line and gives the log its name; returns 1 if a request was not sent or not answered.
finish() {
    local status=0
    awk -v expected=$((rate * duration)) '
        $2 ~ /^2/ { good++ }
        $2 == -1 { unanswered++ }
        END {
            printf "%d requests sent, %d answered 2xx, %d other", NR, good, NR - good
            if (unanswered) printf " (%d of them unanswered)", unanswered
            if (NR != expected) printf "; %d should have been sent", expected
            print ""
            exit unanswered > 0 || NR != expected
        }' "$partial" || status=1
    chmod a+r -- "$partial" # h2load's own mode keeps others from analysing the run
    mv -- "$partial" "$log"
    if [[ $(logged_bytes) != "$logged_before" ]]; then
        complain "a proxy or an application logged an error: $(tail -q -n 1 "$TESTBED_DIR"/*/error.log | tail -n 1)"
        status=1
    fi
    return "$status"
}

parse_arguments "$@"
check_prerequisites
plan_connections
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
trap 'exit 129' HUP
partial=$(dirname -- "$log")/.${log##*/}.$$ # hidden: load.* would be taken for a log
logged_before=$(logged_bytes)
run_h2load
finish

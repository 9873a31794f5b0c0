#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# A cluster with ZooKeeper, of which the store's URL names one server: by ON CLUSTER tables are made and rows removed on both, what is
# in the store is what run.db has, and analyze says the same through either server. Then a server or ZooKeeper is down: words and
# status 1; done again when all are up, there is one whole copy.
# Usage: tests/clickhouse/cluster.sh [BIN_DIR]
set -uo pipefail

top=$(readlink -f "$(dirname "$0")/../..")
case ${1:-} in
--help)
    sed -n '3,6s/^# //p' "$0"
    exit 0
    ;;
esac
bin=$(readlink -f "${1:-$top/build/bin}")
maker=${bin%/bin}/bench/make_run
if [ ! -x "$bin/ingest" ] || [ ! -x "$maker" ]; then
    echo "cluster.sh: $bin: no ingest, or no ../bench/make_run: run make all bench-programs first" >&2
    exit 2
fi
unset CLICKHOUSE_LIBRARY # the library's server has no ON CLUSTER
for program in clickhouse-server java; do
    command -v $program > /dev/null && continue
    echo "cluster.sh: skipped: no $program: apt-get install -y clickhouse-server zookeeper"
    exit 0
done
if [ ! -e /usr/share/java/zookeeper.jar ]; then
    echo "cluster.sh: skipped: no ZooKeeper: apt-get install -y zookeeper"
    exit 0
fi
work=$(mktemp -d "${TMPDIR:-/var/tmp}/wirespan-clickhouse.XXXXXX")
servers=$work/servers
mkdir "$servers"
unset WIRESPAN_STORE_PASSWORD
export LC_ALL=C WIRESPAN_REPORTS=${WIRESPAN_REPORTS:-$top/reports} PYTHONDONTWRITEBYTECODE=1
# shellcheck source=tests/check.sh disable=SC1091
source "$top/tests/check.sh"
# shellcheck source=tests/clickhouse/server.sh disable=SC1091
source "$top/tests/clickhouse/server.sh"
trap 'clickhouse_end; rm -rf "$work"' EXIT

# url SERVER [DATABASE]: of a store, through this server alone.
url() {
    echo "clickhouse://127.0.0.1:${clickhouse_port[$1]}/${2:-wirespan}"
}

# load DIR URL [OPTION...]
load() {
    local dir=$1 store=$2
    shift 2
    timeout -s KILL 120 "$bin/ingest" --quiet --dir "$dir" --store "$store" "$@" 2>&1
}

# in_time COMMAND...: it does well within ten seconds, tried again and again: servers take a moment to find ZooKeeper again.
in_time() {
    local i
    for ((i = 0; i < 10; i++)); do
        if "$@"; then return 0; fi
        sleep 1
    done
    return 1
}

# fails WORDS COMMAND...: status 1 and these words, a regular expression.
fails() {
    local words=$1 status=0
    shift
    "$@" > "$work/said" 2>&1 || status=$?
    cat "$work/said"
    equals 1 "$status" && grep -qE -- "$words" "$work/said"
}

# same_rows SERVER RUN DIR [DATABASE]: through the server, the store has of the run what DIR/run.db has, and nothing else.
same_rows() {
    "$top/tests/clickhouse/judge.py" --spare 0 "http://127.0.0.1:${clickhouse_port[$1]}/" "${4:-wirespan}" "$2" "$3/run.db"
}

# same DIR COMMAND...: analyze says through either server what it says of run.db.
same() {
    local dir=$1 server
    shift
    "$bin/analyze" "$@" --dir "$dir" --format json > "$work/wanted" || return 1
    for server in left right; do
        "$bin/analyze" "$@" --dir "$dir" --format json --store "$(url $server)" > "$work/got" || return 1
        cmp "$work/wanted" "$work/got" || return 1
    done
}

make_inputs() {
    mkdir "$work/made" "$work/other" "$work/changed" && "$maker" records "$work/made" 20000 > /dev/null &&
        "$maker" records "$work/other" 2000 > /dev/null && cp -R "$top/datasets/sample-campaign" "$work/campaign" &&
        chmod -R u+w "$work/campaign" && find "$work/campaign" -name run.db -delete &&
        "$bin/ingest" --quiet --dir "$work/made" && "$bin/ingest" --quiet --dir "$work/campaign"
}

# Both servers have all tables, and some of the run's rows each.
on_both() {
    local counting="SELECT groupArray(name) FROM (SELECT name FROM system.tables WHERE database = 'wirespan' ORDER BY name)"
    equals "$(clickhouse_ask left "$counting")" "$(clickhouse_ask right "$counting")" &&
        [ "$(clickhouse_ask left 'SELECT count() FROM wirespan.request_local')" -gt 0 ] &&
        [ "$(clickhouse_ask right 'SELECT count() FROM wirespan.request_local')" -gt 0 ]
}

again() {
    load "$work/made" "$(url right)" && same_rows left made "$work/made"
}

# A file that has changed takes the place of what was loaded of it; the next load removes that, on both servers.
changed() {
    local dir=$work/changed
    cp "$work/other"/*.rec.zst "$dir" && load "$dir" "$(url left)" && "$bin/ingest" --quiet --dir "$dir" &&
        cp "$work/made/vport.rec.zst" "$dir" && "$bin/ingest" --quiet --dir "$dir" && load "$dir" "$(url right)" &&
        load "$dir" "$(url right)" && same_rows left changed "$dir"
}

# Dropped, no row of it is left on either server; loaded again, it is whole.
dropped() {
    local server i n
    "$bin/analyze" runs --store "$(url right)" --drop made || return 1
    for ((i = 0; i < 100; i++)); do
        n=0
        for server in left right; do
            n=$((n + $(clickhouse_ask $server "SELECT count() FROM wirespan.request_local WHERE run = 'made'")))
        done
        if [ $n -eq 0 ]; then break; fi
        sleep 0.1
    done
    equals 0 "$n" && fails 'no run of the name made' "$bin/analyze" ledger --dir "$work/made" --store "$(url left)" &&
        load "$work/made" "$(url right)" && same_rows left made "$work/made"
}

# Two that make the tables of one store at the same moment, each through another server.
two_at_once() {
    local first status=0
    load "$work/made" "$(url left twice)" --cluster duo --run first > "$work/first" &
    first=$!
    timeout -s KILL 120 "$bin/ingest" --quiet --dir "$work/made" --store "$(url right twice)" --cluster duo --run second || status=$?
    wait "$first" || { cat "$work/first"; return 1; }
    equals 0 "$status" && same_rows left second "$work/made" twice && same_rows right first "$work/made" twice
}

# Without ZooKeeper what is there is read; nothing is made, nothing removed, and it is said why.
without_zookeeper() {
    local words='ZooKeeper cannot be reached: when it can, do it again'
    clickhouse_zookeeper_kill
    fails "$words" load "$work/made" "$(url left later)" --cluster duo && same "$work/made" ledger &&
        fails "$words" "$bin/analyze" runs --store "$(url left)" --drop made && same "$work/made" ledger || return 1
    clickhouse_zookeeper_again && in_time load "$work/made" "$(url left later)" --cluster duo &&
        same_rows right made "$work/made" later && dropped
}

# A server that is down makes no tables; it does when it is up.
without_a_server() {
    clickhouse_kill right
    WIRESPAN_STORE_SECONDS=8 fails 'a server of the cluster does not do what all are to do' load "$work/made" "$(url left third)" \
        --cluster duo && fails "${clickhouse_tcp[right]}.*cannot be reached" "$bin/analyze" runs --store "$(url left)" --drop made || return 1
    clickhouse_again right && load "$work/made" "$(url left third)" --cluster duo && same_rows right made "$work/made" third &&
        same "$work/made" ledger
}

check "inputs" make_inputs
check "ZooKeeper starts" clickhouse_zookeeper
check "two shards start" clickhouse_shards duo left right
check "one server named: loaded" load "$work/made" "$(url left)" --cluster duo
check "tables and rows on both servers" on_both
check "equal to run.db" same_rows right made "$work/made"
check "twice is once" again
check "a campaign" load "$work/campaign" "$(url right)"
for command in "cdf --no-figure" ledger "detect --no-figure" "offsets --no-figure" pairs "topology --no-figure"; do
    # shellcheck disable=SC2086 # several words
    check "made run: $command" same "$work/made" $command
done
for command in "cdf --no-figure" ledger "detect --no-figure" "topology --no-figure"; do
    # shellcheck disable=SC2086 # several words
    check "campaign: $command" same "$work/campaign" $command
done
check "a file that changed" changed
check "two stores made at once" two_at_once
check "dropped, and loaded again" dropped
check "ZooKeeper killed" without_zookeeper
check "a server killed" without_a_server
report_checks

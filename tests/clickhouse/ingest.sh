#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# Loading into ClickHouse: what is in the store is, row by row, what run.db has (judge.py), on one server and on two shards;
# twice is once; and what faults do: ingest, the server or a shard killed in the middle, connections cut, silence, a full disk,
# errors after 200 OK, wrong passwords, old servers and hostile ones. After each: the right words and status, nothing that counts
# but whole loads, and repeating gives one complete copy.
# Usage: tests/clickhouse/ingest.sh [BIN_DIR]
# shellcheck disable=SC2016 # backquotes are the SQL's
set -uo pipefail

top=$(readlink -f "$(dirname "$0")/../..")
case ${1:-} in
--help)
    sed -n '3,8s/^# //p' "$0"
    exit 0
    ;;
esac
BIN=$(readlink -f "${1:-$top/build/bin}")
maker=${BIN%/bin}/bench/make_run
if [ ! -x "$BIN/ingest" ] || [ ! -x "$maker" ]; then
    echo "ingest.sh: $BIN: no ingest, or no ../bench/make_run: run make all bench-programs first" >&2
    exit 2
fi
if [ -z "${CLICKHOUSE_LIBRARY-}" ] && ! command -v clickhouse-server > /dev/null; then
    echo "skipped: no clickhouse-server: apt-get install -y clickhouse-server"
    exit 0
fi
here=$top/tests/clickhouse
work=$(mktemp -d "${TMPDIR:-/var/tmp}/wirespan-clickhouse.XXXXXX")
servers=$work/servers
mkdir "$servers"
export LC_ALL=C
# shellcheck source=tests/check.sh disable=SC1091
source "$top/tests/check.sh"
# shellcheck source=tests/clickhouse/server.sh disable=SC1091
source "$here/server.sh"

proxy_pid=
end_proxy() {
    if [ -n "$proxy_pid" ]; then kill "$proxy_pid" 2> /dev/null; fi
    wait "$proxy_pid" 2> /dev/null
    proxy_pid=
}

clean_up() {
    end_proxy
    jobs -rp | xargs -r kill -KILL 2> /dev/null
    clickhouse_end
    rm -rf "$work"
}
trap clean_up EXIT

# proxy SERVER FAULT [OPTION...]: sets $proxy, the port of a proxy before the server; the one before it is ended.
proxy() {
    local server=$1 fault=$2
    shift 2
    end_proxy
    rm -f "$work/port" "$work/mark" "$work/go" "$work/go.done"
    "$here/fault_proxy.py" --mark "$work/mark" --until "$work/go" "$@" "${clickhouse_port[$server]}" "$fault" \
        > "$work/port" 2> "$work/proxy" &
    proxy_pid=$!
    for _ in {1..200}; do
        if [ -s "$work/port" ]; then break; fi
        sleep 0.05
    done
    proxy=$(cat "$work/port")
}

# url PORT[,PORT] [DATABASE]
url() {
    local hosts=
    for port in ${1//,/ }; do hosts+=${hosts:+,}127.0.0.1:$port; done
    echo "clickhouse://$hosts/${2:-$database}"
}

# load DIR URL [OPTION...]: what it says is in $work/said, what it prints in $work/printed.
load() {
    local dir=$1 store=$2
    shift 2
    timeout -s KILL 120 "$BIN/ingest" --quiet --dir "$dir" --store "$store" "$@" > "$work/printed" 2> "$work/said"
}

# fails DIR URL WORDS [OPTION...]: status 1, these words, no control character, no endless line.
fails() {
    local dir=$1 store=$2 words=$3 status=0
    shift 3
    load "$dir" "$store" "$@" || status=$?
    tail -c 1500 "$work/said"
    equals 1 "$status" && grep -qF -- "$words" "$work/said" && ! grep -q '[[:cntrl:]]' "$work/said" &&
        [ "$(wc -c < "$work/said")" -lt 2500 ]
}

# same SERVER RUN DIR [JUDGE_OPTION...]: the store has the run as DIR/run.db has it.
same() {
    local server=$1 run=$2 dir=$3
    shift 3
    "$here/judge.py" "$@" "http://127.0.0.1:${clickhouse_port[$server]}/" "$database" "$run" "$dir/run.db"
}

# repeated SERVER DIR URL: loaded again without a fault, there is one copy, and nothing else.
repeated() {
    load "$2" "$3" || { cat "$work/said"; return 1; }
    same "$1" "$(basename "$2")" "$2" --spare 0
}

# absent SERVER RUN: no version of the run counts.
absent() {
    equals 0 "$(clickhouse_ask "$1" "SELECT count() FROM $database.run WHERE run = '$2'")"
}

# fresh DATABASE: what follows goes into a database of its own.
fresh() {
    database=$1
}

# marked: waits until the proxy has made its fault.
marked() {
    for _ in {1..600}; do
        if [ -e "$work/mark" ]; then return 0; fi
        sleep 0.05
    done
    echo "the fault was not reached"
    return 1
}

make_inputs() {
    ${CC:-cc} -std=gnu17 -D_GNU_SOURCE -I"$top" "$top/tests/golden/inputs.c" "$top"/lib/*.c -lzstd -lxxhash -lnghttp2 \
        -ljansson -lm -o "$work/inputs" && mkdir "$work/files" && "$work/inputs" "$work/files" || return 1
    # a run with everything, a run of two blocks a file, and a campaign
    mkdir -p "$work/all" "$work/large" "$work/campaign"/{a,b,c}
    cp "$work/files/packets"/*.pcap "$work/files/records"/*.rec.zst "$top/tests/golden/load_logs"/* "$work/all"
    cp "$top/tests/golden/overhead.json" "$work/all"
    cp -r "$top/tests/golden/cluster" "$work/all"
    "$maker" records "$work/large" 2000 > /dev/null && mkdir "$work/larger" && "$maker" records "$work/larger" 70000 > /dev/null &&
        mv "$work/larger/nic.rec.zst" "$work/large" || return 1
    cp -r "$top/tests/golden/cluster" "$work/campaign"
    cp "$work/files/packets"/*.pcap "$work/campaign/a"
    cp "$work/files/records"/*.rec.zst "$work/campaign/b"
    cp "$top/tests/golden/load_logs/load.h2load" "$top/tests/golden/load_logs/conditions.json" "$work/campaign/c"
    "$BIN/ingest" --quiet --dir "$work/all" && "$BIN/ingest" --quiet --dir "$work/large" &&
        "$BIN/ingest" --quiet --dir "$work/campaign"
}

# --- without a fault

# twice SERVER URL OPTION...
twice() {
    local server=$1 store=$2
    shift 2
    load "$work/all" "$store" "$@" || { cat "$work/said"; return 1; }
    same "$server" all "$work/all" --spare 0 || return 1
    load "$work/all" "$store" || { cat "$work/said"; return 1; }
    same "$server" all "$work/all" --spare 0 || return 1
    equals "$(clickhouse_ask "$server" "SELECT max(sequence) FROM $database.run")" \
        "$(clickhouse_ask "$server" "SELECT count() FROM $database.run")" # twice wrote no version
}

campaign() {
    local run
    load "$work/campaign" "$2" --jobs 3 --run many/runs || { cat "$work/said"; return 1; }
    for run in a b c; do
        same "$1" "many/runs/$run" "$work/campaign/$run" --spare 0 || return 1
    done
}

# A file that has changed takes the place of what was loaded of it; what was replaced goes at the next load, which does not wait
# for the server to come to it.
changed() {
    local dir=$work/changed
    mkdir "$dir"
    cp "$work/files/records"/*.rec.zst "$dir"
    load "$dir" "$2" || return 1
    rm "$dir"/vport*.rec.zst
    cp "$work/large/vport.rec.zst" "$dir"
    "$BIN/ingest" --quiet --dir "$dir" # only so that run.db has gone the same way
    rm "$dir"/run.db
    cp "$work/files/records"/vport*.rec.zst "$work/vport.first" && cp "$work/vport.first" "$dir/vport.rec.zst" &&
        "$BIN/ingest" --quiet --dir "$dir" && cp "$work/large/vport.rec.zst" "$dir" &&
        "$BIN/ingest" --quiet --dir "$dir" && load "$dir" "$2" && same "$1" changed "$dir" &&
        clickhouse_ask "$1" "SYSTEM STOP MERGES" || return 1
    WIRESPAN_STORE_SECONDS=2 load "$dir" "$2" || { cat "$work/said"; return 1; }
    clickhouse_ask "$1" "SYSTEM START MERGES" && same "$1" changed "$dir" --spare 0
}

# Rows of one request lie on one shard, and both shards have some.
sharded() {
    local shared left right
    left=$(clickhouse_ask left "SELECT count() FROM $database.request_local")
    right=$(clickhouse_ask right "SELECT count() FROM $database.request_local")
    shared=$(clickhouse_ask left "SELECT count() FROM (SELECT trace_id FROM $database.request WHERE family NOT IN (0, 5, 9)
        GROUP BY trace_id HAVING uniq(cityHash64(trace_id) % 2) > 1)")
    echo "left $left, right $right"
    [ "$left" -gt 0 ] && [ "$right" -gt 0 ] && equals 0 "$shared"
}

# --- users

users() {
    local store=clickhouse://wirespan@127.0.0.1:${clickhouse_port[one]}/$database
    local user_is_wrong="is the user in the URL right" password_is_wrong="is WIRESPAN_STORE_PASSWORD"
    if [ -n "${CLICKHOUSE_LIBRARY-}" ]; then # later versions do not say which of both it is
        user_is_wrong="are the user in the URL and WIRESPAN_STORE_PASSWORD" password_is_wrong=$user_is_wrong
    fi
    fails "$work/all" "$store" WIRESPAN_STORE_PASSWORD &&
        WIRESPAN_STORE_PASSWORD=wrong fails "$work/all" "$store" "$password_is_wrong" &&
        fails "$work/all" "clickhouse://nobody@127.0.0.1:${clickhouse_port[one]}/$database" "$user_is_wrong" &&
        fails "$work/all" "clickhouse://reader@127.0.0.1:${clickhouse_port[one]}/$database" "may only read" --run other || return 1
    printf '%s\n' "$clickhouse_password" > "$work/password"
    chmod 644 "$work/password"
    fails "$work/all" "$store" "chmod 600" --store-password-file "$work/password" || return 1
    chmod 600 "$work/password"
    load "$work/all" "$store" --store-password-file "$work/password" &&
        WIRESPAN_STORE_PASSWORD=$clickhouse_password load "$work/all" "$store" && same one all "$work/all" --spare 0
}

# Wrong usage: status 2, and a password in the URL is not said again.
usage() {
    local status=0
    "$BIN/ingest" --dir "$work/all" --store clickhouse://me:s3cret@host/db > "$work/printed" 2>&1 || status=$?
    equals 2 "$status" && grep -q WIRESPAN_STORE_PASSWORD "$work/printed" && ! grep -q s3cret "$work/printed" &&
        ! "$BIN/ingest" --dir "$work/all" --run x > "$work/printed" 2>&1
}

# Over TLS: with the certificate that was named, and with no other; nothing is sent to whom is not known.
tls() {
    local name
    for name in good other; do
        openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj "/CN=$name" \
            -addext subjectAltName=IP:127.0.0.1 -keyout "$work/$name.key" -out "$work/$name.crt" || return 1
        cat "$work/$name.key" "$work/$name.crt" > "$work/$name.pem"
    done
    proxy one none --tls "$work/good.pem"
    local store=clickhouses://127.0.0.1:$proxy/$database
    fails "$work/all" "$store" "--store-ca FILE" && fails "$work/all" "$store" "--store-ca FILE" --store-ca "$work/other.crt" &&
        fails "$work/all" "$store" "--store-ca FILE" --store-ca "$work/none.crt" &&
        fails "$work/all" "clickhouses://localhost:$proxy/$database" "--store-ca FILE" --store-ca "$work/good.crt" &&
        [ ! -e "$work/mark" ] && fails "$work/all" "clickhouse://127.0.0.1:$proxy/$database" 127.0.0.1 || return 1
    load "$work/all" "$store" --run tls --store-ca "$work/good.crt" || { cat "$work/said"; return 1; }
    same one tls "$work/all" --spare 0
}

# --- faults by the proxy

# fault NAME DIR WHEN SKIP WORDS: with the fault the load ends in these words; repeated, there is one copy.
fault() {
    local name=$1 dir=$2 when=$3 skip=$4 words=$5
    proxy one "$name" --when "$when" --skip "$skip"
    WIRESPAN_STORE_SECONDS=2 fails "$dir" "$(url "$proxy")" "$words" &&
        repeated one "$dir" "$(url "${clickhouse_port[one]}")"
}

# An answer to the row that makes a version count is lost: it counts, or it does not; never half.
lost_commit() {
    proxy one lost-answer --when 'INSERT INTO run'
    fails "$work/all" "$(url "$proxy")" "connection was cut" && repeated one "$work/all" "$(url "${clickhouse_port[one]}")"
}

# refused NAME WORDS: by a server that answers so from the beginning.
refused() {
    proxy one "$1"
    WIRESPAN_STORE_SECONDS=2 fails "$work/all" "$(url "$proxy")" "$2"
}

# read_fault NAME WORDS: a run that is there is read wrongly when it is opened: nothing is loaded on top of that.
read_fault() {
    local before after
    load "$work/all" "$(url "${clickhouse_port[one]}")" || return 1
    before=$(clickhouse_ask one "SELECT count() FROM $database.run")
    proxy one "$1" --when 'SELECT toUInt8.*FROM `point`'
    WIRESPAN_STORE_SECONDS=2 fails "$work/all" "$(url "$proxy")" "$2" || return 1
    after=$(clickhouse_ask one "SELECT count() FROM $database.run")
    equals "$before" "$after" && same one all "$work/all"
}

# killed WHEN SKIP: ingest is killed while this request is under way.
killed() {
    local pid
    proxy one pause --when "$1" --skip "$2"
    "$BIN/ingest" --quiet --dir "$work/large" --store "$(url "$proxy")" > /dev/null 2>&1 &
    pid=$!
    marked || return 1
    kill -KILL "$pid"
    wait "$pid" 2> /dev/null
    touch "$work/go" # the server finishes what it was sent
    for _ in {1..600}; do
        if [ -e "$work/go.done" ]; then break; fi
        sleep 0.05
    done
    repeated one "$work/large" "$(url "${clickhouse_port[one]}")"
}

# server_killed SERVER VICTIM DIR URL_OF_PROXY WORDS: the victim is killed while the second block is under way.
server_killed() {
    local server=$1 victim=$2 words=$3 others=$4 pid status=0
    proxy "$server" pause --when 'INSERT INTO request' --skip 1
    "$BIN/ingest" --quiet --dir "$work/large" --store "$(url "$proxy$others")" > /dev/null 2> "$work/said" &
    pid=$!
    marked || return 1
    clickhouse_kill "$victim"
    touch "$work/go"
    wait "$pid" || status=$?
    cat "$work/said"
    equals 1 "$status" && grep -qF -- "$words" "$work/said" || return 1
    clickhouse_again "$victim" && absent "$server" large &&
        repeated "$server" "$work/large" "$(url "${clickhouse_port[$server]}$others")"
}

# Loading while a shard is down from the beginning.
shard_down() {
    clickhouse_kill right
    fails "$work/all" "$(url "${clickhouse_port[left]},${clickhouse_port[right]}")" "${clickhouse_tcp[right]}" || return 1
    clickhouse_again right && repeated left "$work/all" "$(url "${clickhouse_port[left]},${clickhouse_port[right]}")"
}

# Two at once of one directory: one after the other.
two_at_once() {
    local first status=0
    "$BIN/ingest" --quiet --dir "$work/large" --store "$(url "${clickhouse_port[one]}")" > "$work/first" 2>&1 &
    first=$!
    load "$work/large" "$(url "${clickhouse_port[one]}")" || status=$?
    wait "$first" || { cat "$work/first"; return 1; }
    if [ "$status" -ne 0 ]; then grep -F "another program has been loading it" "$work/said" || return 1; fi
    repeated one "$work/large" "$(url "${clickhouse_port[one]}")"
}

# Another version of the run comes to count while it is loaded: the later one says so, and what counts is whole.
overtaken() {
    local pid status=0
    proxy one pause --when 'INSERT INTO content'
    "$BIN/ingest" --quiet --dir "$work/all" --run all --store "$(url "$proxy")" > /dev/null 2> "$work/said" &
    pid=$!
    marked || return 1
    cp -r "$work/all" "$work/elsewhere"
    load "$work/elsewhere" "$(url "${clickhouse_port[one]}")" --run all || return 1
    mv "$work/said" "$work/said.other"
    touch "$work/go"
    wait "$pid" || status=$?
    rm -rf "$work/elsewhere"
    equals 1 "$status" && same one all "$work/all" && repeated one "$work/all" "$(url "${clickhouse_port[one]}")"
}

# The same at the last moment, when it has looked for others already, of a run of one file: what was acknowledged counts
# and stays whole, whichever of the two random numbers of versions is greater.
overtaken_last() {
    local pid status i one_server
    one_server=$(url "${clickhouse_port[one]}")
    mkdir "$work/single" && cp "$work/large/nic.rec.zst" "$work/single" && "$BIN/ingest" --quiet --dir "$work/single" &&
        cp -r "$work/single" "$work/elsewhere" || return 1
    for i in 1 2 3 4 5; do
        status=0
        proxy one pause --when 'INSERT INTO run '
        "$BIN/ingest" --quiet --dir "$work/single" --run "last$i" --store "$(url "$proxy")" > /dev/null 2> "$work/said.last" &
        pid=$!
        marked || return 1
        load "$work/elsewhere" "$one_server" --run "last$i" || return 1
        touch "$work/go"
        wait "$pid" || status=$?
        cat "$work/said.last"
        equals 1 "$status" && grep -q 'another program has loaded run last.*does not count' "$work/said.last" &&
            same one "last$i" "$work/single" || return 1
        load "$work/single" "$one_server" --run "last$i" || { cat "$work/said"; return 1; }
        same one "last$i" "$work/single" --spare 0 || return 1
    done
    rm -rf "$work/elsewhere" "$work/single"
}

check "inputs" make_inputs
check "a server starts" clickhouse_one one
check "two shards start" clickhouse_shards pair left right

fresh plain
check "one server: equal to run.db, twice is once" twice one "$(url "${clickhouse_port[one]}")"
check "one server: a campaign, three at a time" campaign one "$(url "${clickhouse_port[one]}")"
check "one server: a file that changed" changed one "$(url "${clickhouse_port[one]}")"
check "users and passwords" users
check "wrong usage" usage
check "TLS" tls
pair=$(url "${clickhouse_port[left]},${clickhouse_port[right]}")
check "several servers and no --cluster" fails "$work/all" "$pair" "say --cluster NAME"
check "a cluster that there is not" fails "$work/all" "$pair" "knows no cluster" --cluster nobody
if [ -z "${CLICKHOUSE_LIBRARY-}" ]; then # the library's server has no ON CLUSTER at all
    check "fewer servers than the cluster, and no ZooKeeper" fails "$work/all" "$(url "${clickhouse_port[left]}" alone)" \
        "name all servers" --cluster pair
fi
check "two shards: equal to run.db, twice is once" twice left "$pair" --cluster pair
check "two shards: a campaign" campaign right "$pair"
check "two shards: where rows lie" sharded

fresh faulty
check "cut before the first block" fault cut-request "$work/large" 'INSERT INTO request' 0 "connection was cut"
fresh faulty2
check "cut in the middle of the second block" fault cut-half "$work/large" 'INSERT INTO request' 1 "connection was cut"
fresh faulty3
check "a block's answer is lost" fault lost-answer "$work/large" 'INSERT INTO request' 1 "connection was cut"
check "error after 200 OK in place of a block's answer" fault words "$work/all" 'INSERT INTO (flow|request)' 0 "Memory limit"
fresh faulty4
check "full disk" fault full "$work/all" 'INSERT INTO request' 0 "no room is left on the server's disk"
fresh faulty8
check "silence in a block" fault silent "$work/all" 'INSERT INTO `point`' 0 "no answer for 2 s"
fresh faulty5
check "cut while small tables are written" fault cut-half "$work/all" 'INSERT INTO `ledger`' 0 "connection was cut"
fresh faulty6
check "cut before a version counts" fault cut-request "$work/all" 'INSERT INTO run' 0 "connection was cut"
fresh faulty7
check "the answer that it counts is lost" lost_commit
check "error after rows of a small table" read_fault words-behind "Memory limit"
check "a small table's rows cut off" read_fault cut-answer "connection was cut"
check "a small table's rows end in the middle, unseen by HTTP" read_fault short "in the middle of a row"
check "a small table's rows are flooded" read_fault flood "is damaged"
check "an answer whose end cannot be told" read_fault no-length "cannot be told from a cut"

fresh refused
check "an old version" refused old "1.1.54388 is too old"
check "a web page" refused html "does not say its version"
check "no HTTP" refused garbage "is it a ClickHouse server"
check "hostile words" refused hostile "127.0.0.1"
check "an endless answer" refused flood "is it a ClickHouse server"
check "HTTP 403" refused denied "refused (HTTP 403)"
check "silence from the beginning" refused silent "no answer for 2 s"
check "nobody there" fails "$work/all" clickhouse://127.0.0.1:1/x "is the server up"

fresh killed
check "ingest killed in the first block" killed 'INSERT INTO request' 0
fresh killed2
check "ingest killed in the second file" killed 'INSERT INTO request' 2
fresh killed3
check "ingest killed while small tables are written" killed 'INSERT INTO `file`' 0
fresh killed4
check "ingest killed before a version counts" killed 'INSERT INTO run' 0
fresh both
check "two at once" two_at_once
check "another version came first" overtaken
check "another load comes in between at the last moment" overtaken_last

fresh down
check "the server killed in the middle of a load" server_killed one one "connection was cut" ""
fresh plain
check "a shard killed in the middle of a load" server_killed left right "${clickhouse_tcp[right]}" ",${clickhouse_port[right]}"
check "a shard down from the beginning" shard_down
report_checks

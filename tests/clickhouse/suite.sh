# shellcheck shell=bash
# shellcheck disable=SC2154 # who sources it sets $root and $bin; server.sh sets clickhouse_...
# SPDX-License-Identifier: BSD-2-Clause
# Sourced by the suites that compare what analyze says of a store with what it says of run.db. $work is a directory that goes with the
# suite. Ends the suite where there is no server.
if [ -z "${CLICKHOUSE_LIBRARY-}" ] && ! command -v clickhouse-server > /dev/null; then
    echo "skipped: no clickhouse-server: apt-get install -y clickhouse-server"
    exit 0
fi
unset WIRESPAN_STORE_PASSWORD
export WIRESPAN_REPORTS=${WIRESPAN_REPORTS:-$root/reports} PYTHONDONTWRITEBYTECODE=1

work=$(mktemp -d "${TMPDIR:-/var/tmp}/wirespan-clickhouse.XXXXXX")
# shellcheck disable=SC2034 # server.sh reads it
servers=$work/servers
proxy_pid=
# shellcheck source=tests/clickhouse/server.sh disable=SC1091
. "$root/tests/clickhouse/server.sh"
# shellcheck source=tests/check.sh disable=SC1091
. "$root/tests/check.sh"
trap '[ -z "$proxy_pid" ] || kill "$proxy_pid" 2> /dev/null || true; clickhouse_end; rm -rf "$work"' EXIT

# same DIR COMMAND [OPTION]...: the same words and status from run.db and from each layout.
same() {
    local dir=$1 layout wanted=0 got
    shift
    "$bin/analyze" "$@" --dir "$dir" > "$work/wanted" 2> "$work/wanted.err" || wanted=$?
    for layout in "${layouts[@]}"; do
        got=0
        # shellcheck disable=SC2086 # several words
        "$bin/analyze" "$@" --dir "$dir" $layout > "$work/got" 2> "$work/got.err" || got=$?
        equals "$wanted" "$got" || { cat "$work/got.err"; return 1; }
        cmp "$work/wanted" "$work/got" || { echo "analyze $* --dir $dir $layout"; return 1; }
    done
}

# fails TEXT COMMAND...: it fails, prints nothing, and says TEXT (a regular expression).
fails() {
    local text=$1 status=0
    shift
    "$@" > "$work/got" 2> "$work/got.err" || status=$?
    cat "$work/got.err"
    [ "$status" -eq 1 ] && [ ! -s "$work/got" ] && grep -qE "$text" "$work/got.err"
}

# torn_run: a run whose vport capture shows another client than its records do, as behind a NAT that only the records see.
torn_run() {
    mkdir -p "$work/torn/run"
    cp "$root/datasets/sample-campaign/vxlan-proposed-80-n200-both/"* "$work/torn/run/"
    zstd -qd --rm "$work/torn/run/vport.pcap.zst"
    python3 -c '
import pathlib, sys
path = pathlib.Path(sys.argv[1])
path.write_bytes(path.read_bytes().replace(bytes([10, 244, 4, 11]), bytes([10, 244, 4, 12])))' "$work/torn/run/vport.pcap"
}

# load DIR [OPTION]...
load() {
    local dir=$1
    shift
    "$bin/ingest" --quiet --dir "$dir" "$@" && "$bin/ingest" --quiet --dir "$dir" "$@" --store "$one" &&
        "$bin/ingest" --quiet --dir "$dir" "$@" --store "$two" --cluster both
}

# by_proxy FAULT WHEN COMMAND...: the command, with $store the one server behind a proxy that makes the fault where WHEN is found;
# $proxy_options: more that the proxy is told.
proxy_options=()
by_proxy() {
    local fault=$1 when=$2 status=0 i
    shift 2
    rm -f "$work/port" "$work/bytes"
    "$root/tests/clickhouse/fault_proxy.py" --when "(?s)$when" --bytes "$work/bytes" ${proxy_options[@]+"${proxy_options[@]}"} \
        "${clickhouse_port[one]}" "$fault" > "$work/port" &
    proxy_pid=$!
    for ((i = 0; i < 100; i++)); do [ -s "$work/port" ] || sleep 0.1; done
    store=127.0.0.1:$(cat "$work/port")
    layouts=("--store clickhouse://$store/wirespan")
    "$@" || status=$?
    kill "$proxy_pid"
    wait "$proxy_pid" 2> /dev/null || true
    proxy_pid=
    return "$status"
}

# travels MOST COMMAND...: no more bytes than so many come from the one server.
travels() {
    local most=$1
    shift
    by_proxy none . "$@" || return 1
    [ "$(cat "$work/bytes")" -le "$most" ] || { echo "$(cat "$work/bytes") bytes"; return 1; }
}

# rows of table request as a whole, for by_proxy
# shellcheck disable=SC2034 # for the caller
rows='(?!.*PREWHERE).*FROM request WHERE.* ORDER BY request_id'

# suite_layouts: starts one server, and two that are the shards of a cluster; $one, $two and $through_one are their URLs, $layouts the options
# for each of them. $work/campaign is the sample campaign.
suite_layouts() {
    clickhouse_one one
    clickhouse_shards both a b
    one=clickhouse://127.0.0.1:${clickhouse_port[one]}/wirespan
    two=clickhouse://127.0.0.1:${clickhouse_port[a]},127.0.0.1:${clickhouse_port[b]}/wirespan
    through_one=clickhouse://127.0.0.1:${clickhouse_port[a]}/wirespan
    layouts=("--store $one" "--store $two" "--store $through_one")

    cp -R "$root/datasets/sample-campaign" "$work/campaign"
    chmod -R u+w "$work/campaign"
    find "$work/campaign" -name run.db -delete
}

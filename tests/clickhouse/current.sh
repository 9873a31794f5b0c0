#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# What the tests beside this one see on Debian's ClickHouse, on a current one: npm's package of the engine as a library has the server's
# own interfaces (current.py). Loading and analyzing as it comes, and analyzing with the analyzer that servers had until 24.3.
set -uo pipefail

readonly version=26.7.3-stable.1

# usage: prints the synopsis to stdout.
usage() {
    cat << TEXT
usage: current.sh [--version VERSION] BIN_DIR

VERSION is one of npm's package @chdb/lib-linux-x64-gnu ($version). It is kept in \$XDG_CACHE_HOME/wirespan/clickhouse
(~/.cache): 180 MB are fetched once. Ends with \`N passed, N failed\`.
TEXT
}

wanted=$version
case ${1-} in
--help)
    usage
    exit 0
    ;;
--version)
    wanted=${2-}
    shift 2
    ;;
esac
if [ $# -ne 1 ] || [ -z "$wanted" ]; then
    usage >&2
    exit 2
fi
here=$(readlink -f "$(dirname "$0")")
bin=$(readlink -f "$1")
cache=${XDG_CACHE_HOME:-$HOME/.cache}/wirespan/clickhouse
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
n_passed=0
n_failed=0

# part NAME COMMAND...: the checks of a test, counted with the others'. One that does not come to its end is a failure.
part() {
    local name=$1 sum
    shift
    echo "== $name"
    "$@" 2>&1 | tee "$work/log"
    sum=$(grep -E '^[0-9]+ passed, [0-9]+ failed$' "$work/log" | tail -n 1)
    if [ -z "$sum" ]; then sum='0 passed, 1 failed'; fi
    n_passed=$((n_passed + ${sum%% *}))
    sum=${sum#*, }
    n_failed=$((n_failed + ${sum%% *}))
}

"$here/fetch.sh" "$wanted" "$cache" 2> "$work/fetch.log" || {
    echo "current ClickHouse: skipped: $(tail -n 1 "$work/fetch.log")"
    exit 0
}
export CLICKHOUSE_LIBRARY=$cache/$wanted/libchdb.so
part "ClickHouse $wanted: loading" "$here/ingest.sh" "$bin"
part "ClickHouse $wanted: analyzing" "$here/analyze.sh" "$bin"
part "ClickHouse $wanted: contexts" "$here/detect.sh" "$bin"
export clickhouse_profile='<enable_analyzer>0</enable_analyzer>'
part "ClickHouse $wanted, the older analyzer" "$here/analyze.sh" "$bin"
part "ClickHouse $wanted, the older analyzer: contexts" "$here/detect.sh" "$bin"
echo "$n_passed passed, $n_failed failed"
[ "$n_failed" -eq 0 ]

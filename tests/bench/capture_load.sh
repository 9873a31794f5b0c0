#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# The closed loop that bench_capture.sh measures with: a server with nothing to do in productpage's pod on node 1, and h2load in
# the gateway's pod on node 4, over the overlay, as fast as both can. Server and client are children of this script: what
# they cost is its cost. Runs inside testbed.sh.
set -euo pipefail

top=$(readlink -f "$(dirname "$0")/../..")
# shellcheck source=tests/server.sh
source "$top/tests/server.sh"
readonly context='traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'
client_pid=

# usage: prints the synopsis to stdout.
usage() {
	echo "usage: capture_load.sh SECONDS LOG"
}

# clean_up: the EXIT trap: nothing of ours stays behind.
clean_up() {
	trap '' INT TERM HUP
	[[ -z $client_pid ]] || kill "$client_pid" 2>/dev/null || true
	[[ -z $server_pid ]] || kill -QUIT "$server_pid" 2>/dev/null || true
	wait 2>/dev/null || true
	rm -rf -- "$dir"
}

if [[ ${1-} == --help ]]; then
	usage
	exit 0
fi
if (($# != 2)) || [[ ! $1 =~ ^[1-9][0-9]*$ ]]; then
	usage >&2
	exit 2
fi
[[ -n ${TESTBED_PRODUCTPAGE_NETNS-} ]] || { echo 'capture_load: no testbed: run it as a command of testbed.sh' >&2; exit 1; }
dir=$(mktemp -d "${TMPDIR:-/tmp}/wirespan-load.XXXXXX")
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
trap 'exit 129' HUP
serve "$dir" || { echo 'capture_load: the server did not start' >&2; exit 1; }
ip netns exec "$TESTBED_GATEWAY_NETNS" h2load --h1 -c 16 -t 1 -D "$1" -H "$context" --log-file="$2" "http://$server_address:$server_port/" &
client_pid=$!
wait "$client_pid"
client_pid=
kill -QUIT "$server_pid"
wait "$server_pid" || true
server_pid=

#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# The closed loop that bench_capture.sh measures with: a server with nothing to do in productpage's pod on node 1, and h2load in
# the gateway's pod on node 4, over the overlay, as fast as both can. Server and client are children of this script: what
# they cost is its cost. Runs inside testbed.sh.
set -euo pipefail

readonly port=9095
readonly context='traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'
server_pid=
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

# answers: true once the server does.
answers() {
	ip netns exec "$TESTBED_PRODUCTPAGE_NETNS" bash -c ": </dev/tcp/10.244.1.10/$port" 2>/dev/null
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
cat >"$dir/nginx.conf" <<TEXT
daemon off;
master_process off;
pid $dir/nginx.pid;
error_log stderr warn;
events { worker_connections 1024; }
http {
    access_log off;
    client_body_temp_path $dir/body;
    keepalive_requests 100000000;
    server {
        listen 10.244.1.10:$port;
        return 200 "well\n";
    }
}
TEXT
ip netns exec "$TESTBED_PRODUCTPAGE_NETNS" nginx -p "$dir" -e stderr -c "$dir/nginx.conf" &
server_pid=$!
until answers; do
	kill -0 "$server_pid" 2>/dev/null || { echo 'capture_load: the server did not start' >&2; exit 1; }
	sleep 0.02
done
ip netns exec "$TESTBED_GATEWAY_NETNS" h2load --h1 -c 16 -t 1 -D "$1" -H "$context" --log-file="$2" "http://10.244.1.10:$port/" &
client_pid=$!
wait "$client_pid"
client_pid=
kill -QUIT "$server_pid"
wait "$server_pid" || true
server_pid=

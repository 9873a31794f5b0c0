# shellcheck shell=bash
# SPDX-License-Identifier: BSD-2-Clause
# A server with nothing to do, for loads as high as they go: nginx in productpage's pod of the testbed. Sourced by what runs inside
# testbed.sh.

readonly server_address=10.244.1.10 server_port=9095
server_pid=

# server_answers: true once the server does, asked from the gateway's pod.
server_answers() {
    ip netns exec "$TESTBED_GATEWAY_NETNS" bash -c ": < /dev/tcp/$server_address/$server_port" 2> /dev/null
}

# serve DIR: starts the server, its files in DIR, as $server_pid, and waits until it answers. What nginx says goes to DIR/said; it
# is shown if it does not start.
serve() {
    local i
    cat > "$1/nginx.conf" << TEXT
daemon off;
master_process off;
pid $1/nginx.pid;
error_log stderr warn;
events { worker_connections 1024; }
http {
    access_log off;
    client_body_temp_path $1/body;
    keepalive_requests 1000000000;
    server {
        listen $server_address:$server_port;
        return 200 "well\n";
    }
}
TEXT
    ip netns exec "$TESTBED_PRODUCTPAGE_NETNS" nginx -p "$1" -e stderr -c "$1/nginx.conf" > "$1/said" 2>&1 &
    server_pid=$!
    for ((i = 0; i < 500; i++)); do
        if server_answers; then return; fi
        kill -0 "$server_pid" 2> /dev/null || break
        sleep 0.02
    done
    cat "$1/said" >&2
    return 1
}

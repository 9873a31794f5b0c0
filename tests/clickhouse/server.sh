# shellcheck shell=bash
# shellcheck disable=SC2154 # who sources it sets $servers
# SPDX-License-Identifier: BSD-2-Clause
# Sourced by tests that need ClickHouse servers: starts and ends them on loopback, each with its own directory, ports and process.
# The caller sets `servers`, a directory that is its own, and calls clickhouse_end when it ends.
#
#   clickhouse_one NAME            a server of its own
#   clickhouse_shards CLUSTER A B  two servers that are the two shards of CLUSTER, without ZooKeeper
#   clickhouse_zookeeper           a ZooKeeper, for the servers that are configured from then on
#   clickhouse_kill NAME           kill -9
#   clickhouse_again NAME          starts what was killed, as it was
#   clickhouse_ask NAME SQL        what the server answers, by curl
#
# CLICKHOUSE_LIBRARY=FILE in the environment: not Debian's server, but the one that this libchdb.so has in it (current.py). What is in
# $clickhouse_profile and $clickhouse_config when a server is configured goes into the users' settings and its configuration, as XML.
#
# ${clickhouse_port[NAME]}: where its HTTP interface listens; ${clickhouse_pid[NAME]}: its process. Users: default without a
# password, wirespan whose password is in $clickhouse_password, reader who may only read, limited to whom no more than 30000 rows are told.
declare -A clickhouse_port clickhouse_tcp clickhouse_pid
# shellcheck disable=SC2034 # for the caller
clickhouse_password='a b&c%d"e'
clickhouse_program=(clickhouse-server)
if [ -n "${CLICKHOUSE_LIBRARY-}" ]; then
    clickhouse_program=(python3 "$(readlink -f "$(dirname "${BASH_SOURCE[0]}")")/current.py" "$CLICKHOUSE_LIBRARY")
fi

# Ports that nobody has now: as many as are asked for.
clickhouse_free_ports() {
    python3 - "$1" << 'PYTHON'
import socket, sys
sockets = [socket.socket() for _ in range(int(sys.argv[1]))]
for s in sockets:
    s.bind(("127.0.0.1", 0))
print(*[s.getsockname()[1] for s in sockets])
PYTHON
}

# clickhouse_configure NAME: writes its files; the clusters that it knows are in $servers/clusters.
clickhouse_configure() {
    local dir=$servers/$1
    mkdir -p "$dir/data" "$dir/tmp"
    : >> "$servers/clusters"
    cat > "$dir/config.xml" << XML
<yandex>
    <logger><level>warning</level><log>$dir/log</log><errorlog>$dir/errors</errorlog></logger>
    <http_port>${clickhouse_port[$1]}</http_port>
    <tcp_port>${clickhouse_tcp[$1]}</tcp_port>
    <listen_host>127.0.0.1</listen_host>
    <max_connections>200</max_connections>
    <keep_alive_timeout>3</keep_alive_timeout>
    <max_concurrent_queries>100</max_concurrent_queries>
    <uncompressed_cache_size>0</uncompressed_cache_size>
    <mark_cache_size>67108864</mark_cache_size>
    <path>$dir/data/</path>
    <tmp_path>$dir/tmp/</tmp_path>
    <users_config>$dir/users.xml</users_config>
    <default_profile>default</default_profile>
    <default_database>default</default_database>
    <remote_servers>$(cat "$servers/clusters")</remote_servers>
    ${clickhouse_config-}
</yandex>
XML
    cat > "$dir/users.xml" << XML
<yandex>
    <profiles>
        <default><max_memory_usage>2000000000</max_memory_usage><max_threads>2</max_threads>${clickhouse_profile-}</default>
        <reading><readonly>2</readonly></reading>
        <limited><readonly>2</readonly><max_result_rows>30000</max_result_rows><max_block_size>4096</max_block_size></limited>
    </profiles>
    <quotas><default/></quotas>
    <users>
        <default><password></password><networks><ip>127.0.0.1</ip></networks><profile>default</profile><quota>default</quota></default>
        <wirespan><password>${clickhouse_password//&/&amp;}</password><networks><ip>127.0.0.1</ip></networks><profile>default</profile><quota>default</quota></wirespan>
        <reader><password></password><networks><ip>127.0.0.1</ip></networks><profile>reading</profile><quota>default</quota></reader>
        <limited><password></password><networks><ip>127.0.0.1</ip></networks><profile>limited</profile><quota>default</quota></limited>
    </users>
</yandex>
XML
}

clickhouse_ask() {
    curl -sS --noproxy '*' --max-time 60 --data-binary "$2" "http://127.0.0.1:${clickhouse_port[$1]}/"
}

# clickhouse_again NAME: starts the server that is configured, and waits until it answers.
clickhouse_again() {
    local dir=$servers/$1 i
    (cd "$dir" && exec "${clickhouse_program[@]}" --config-file="$dir/config.xml" >> "$dir/out" 2>&1 < /dev/null) &
    clickhouse_pid[$1]=$!
    for ((i = 0; i < 600; i++)); do
        if [ "$(clickhouse_ask "$1" 'SELECT 1' 2> /dev/null)" = 1 ]; then return 0; fi
        if ! kill -0 "${clickhouse_pid[$1]}" 2> /dev/null; then break; fi
        sleep 0.1
    done
    echo "clickhouse-server does not start: see what it says:" >&2
    tail -n 5 "$dir/out" "$dir/errors" >&2
    return 1
}

clickhouse_one() {
    read -r "clickhouse_port[$1]" "clickhouse_tcp[$1]" < <(clickhouse_free_ports 2)
    clickhouse_configure "$1"
    clickhouse_again "$1"
}

clickhouse_shards() {
    local cluster=$1 name
    shift
    read -r "clickhouse_port[$1]" "clickhouse_tcp[$1]" "clickhouse_port[$2]" "clickhouse_tcp[$2]" < <(clickhouse_free_ports 4)
    {
        echo "<$cluster>"
        for name in "$@"; do
            echo "<shard><replica><host>127.0.0.1</host><port>${clickhouse_tcp[$name]}</port></replica></shard>"
        done
        echo "</$cluster>"
    } >> "$servers/clusters"
    for name in "$@"; do
        clickhouse_configure "$name"
        clickhouse_again "$name" || return 1
    done
}

# clickhouse_zookeeper_again: starts it, and waits until it answers.
clickhouse_zookeeper_again() {
    local i
    java -Xmx256m -cp /usr/share/java/zookeeper.jar org.apache.zookeeper.server.quorum.QuorumPeerMain "$servers/zookeeper/zoo.cfg" \
        >> "$servers/zookeeper/out" 2>&1 < /dev/null &
    clickhouse_zookeeper_pid=$!
    for ((i = 0; i < 300; i++)); do
        if [ "$(python3 - "$clickhouse_zookeeper_port" 2> /dev/null << 'PYTHON'
import socket, sys
with socket.create_connection(("127.0.0.1", int(sys.argv[1])), 1) as s:
    s.sendall(b"srvr")
    print(s.recv(9).decode())
PYTHON
        )" = Zookeeper ]; then return 0; fi
        sleep 0.1
    done
    echo "ZooKeeper does not start: see what it says:" >&2
    tail -n 5 "$servers/zookeeper/out" >&2
    return 1
}

clickhouse_zookeeper() {
    read -r clickhouse_zookeeper_port < <(clickhouse_free_ports 1)
    mkdir -p "$servers/zookeeper/data"
    printf '%s\n' tickTime=500 "dataDir=$servers/zookeeper/data" "clientPort=$clickhouse_zookeeper_port" clientPortAddress=127.0.0.1 \
        admin.enableServer=false > "$servers/zookeeper/zoo.cfg"
    clickhouse_config="<zookeeper><node><host>127.0.0.1</host><port>$clickhouse_zookeeper_port</port></node>
        <session_timeout_ms>3000</session_timeout_ms></zookeeper>
        <distributed_ddl><path>/clickhouse/task_queue/ddl</path></distributed_ddl>"
    clickhouse_zookeeper_again
}

clickhouse_zookeeper_kill() {
    kill -KILL "$clickhouse_zookeeper_pid"
    wait "$clickhouse_zookeeper_pid" 2> /dev/null || true
}

clickhouse_kill() {
    kill -KILL "${clickhouse_pid[$1]}"
    wait "${clickhouse_pid[$1]}" 2> /dev/null || true
}

clickhouse_end() {
    local name
    if [ -n "${clickhouse_zookeeper_pid-}" ]; then clickhouse_zookeeper_kill 2> /dev/null || true; fi
    for name in "${!clickhouse_pid[@]}"; do
        kill -KILL "${clickhouse_pid[$name]}" 2> /dev/null || true
        wait "${clickhouse_pid[$name]}" 2> /dev/null || true
    done
}

# shellcheck shell=bash
# shellcheck disable=SC2154 # testbed.sh sets them
# SPDX-License-Identifier: BSD-2-Clause
# The testbed as a cluster, sourced by testbed.sh (--cluster, --kube-proxy): stand-ins for the tools of Kubernetes, of the container runtimes and for
# Jaeger, kube-proxy's rules in the nodes, a pod more on demand. It reads $name, $dir, $overlay, $kube_proxy and $nginx_pids. cluster/ has its programs.

readonly scaled_role=reviews2 # the pod that cluster/scale.sh brings up: reviews' second, on node 2
readonly node_port=30080      # the gateway's; lists.py says it, too

jaeger_pid=
pause_pids=() # processes that hold the pods' namespaces, as a pod's sandbox does

# check_cluster: exits 1 with what to do if a program is missing; changes nothing.
check_cluster() {
    command -v python3 >/dev/null || { complain 'python3 is missing: install python3'; exit 1; }
    command -v curl >/dev/null || { complain 'curl is missing: install curl'; exit 1; }
    [[ -z $kube_proxy ]] || command -v iptables-restore >/dev/null || { complain 'iptables-restore is missing: install iptables'; exit 1; }
}

# proxied_address SERVICE: sets REPLY to the address that kube-proxy's rules turn into those of its pods.
proxied_address() {
    case $1 in
        productpage) REPLY=10.96.10.1 ;;
        details) REPLY=10.96.10.2 ;;
        reviews) REPLY=10.96.10.3 ;;
        ratings) REPLY=10.96.10.4 ;;
    esac
}

# prepare_cluster: before the mesh starts: the proxies note their requests, and with kube-proxy ask the services' own addresses.
prepare_cluster() {
    local service proxy node
    mkdir -p "$dir/cluster/bin"
    cp "$here/cluster/spans.conf" "$dir/spans.conf"
    for proxy in gateway productpage details reviews ratings; do note_requests "$dir/$proxy-proxy.conf"; done
    if [[ -z $kube_proxy ]]; then
        follow_pods
    else
        for service in productpage details reviews ratings; do
            proxied_address "$service"
            # a connection is one pod's: a new one now and then finds a new pod
            sed -i -E "s/^(upstream $service \{ server )[0-9.]+(:9080; keepalive 64;)/\1$REPLY\2 keepalive_requests 50;/" "$dir/services.conf"
        done
    fi
    write_cluster_tools
    for ((node = 1; node <= n_nodes; node++)); do
        printf '%s node%s\n' "$(stat -Lc %i "/run/netns/$name-node$node")" "$node"
    done >"$dir/cluster/nodes"
    : >"$dir/cluster/pods.tsv"
    add_pod gateway istio-ingressgateway-5d6cbf9bfc-2bgbq istio-system 4 10.244.4.11 gateway
    add_pod productpage productpage-v1-6b746f74dc-9rlmh default 1 10.244.1.10 productpage
    add_pod details details-v1-79f774bdb9-6jl84 default 2 10.244.2.10 details
    add_pod reviews reviews-v1-5b667bcb7-qrxcb default 3 10.244.3.10 reviews
    add_pod ratings ratings-v1-b6994bb96-4dzjt default 4 10.244.4.10 ratings
    apply_pods
}

# follow_pods: without kube-proxy, productpage's sidecar sends every other request for reviews to its second pod as long as the file below is there. To
# tell nginx anew would end connections, and with them now and then a request.
follow_pods() {
    # shellcheck disable=SC2016 # the variables are nginx's
    printf 'upstream %s { server 10.244.2.12:9080; keepalive 64; }\nsplit_clients $request_id $pod_number { 50%% 2; * ""; }\n' \
        "$scaled_role" >>"$dir/services.conf"
    chmod 711 "$dir" # nginx's worker looks for the file as nobody
    # shellcheck disable=SC2016
    sed -i -e "s|^\( *\)listen 127.0.0.1:15001;|&\n\1set \$pods \$service;\n\1if (-f $dir/cluster/scaled-\$service) { set \$pods \$service\$pod_number; }|" \
        -e 's|proxy_pass http://$service;|proxy_pass http://$pods;|' "$dir/productpage-proxy.conf"
}

# note_requests FILE: a proxy's configuration, changed so that it notes each request in spans.log.
note_requests() {
    sed -i -E -e 's/^( *)include services.conf;/&\n\1include spans.conf;/' \
        -e 's/^( *)listen (127\.0\.0\.1:15001|[0-9.]+:8080);/&\n\1access_log spans.log client;/' \
        -e 's/^( *)listen [0-9.]+:9080;/&\n\1access_log spans.log server;/' "$1"
}

# write_cluster_tools: the stand-ins, where they find their answers, and the script that scales.
write_cluster_tools() {
    local tool
    cp "$here/cluster/kubectl.sh" "$dir/cluster/bin/kubectl"
    for tool in crictl docker nerdctl ctr; do cp "$here/cluster/runtime.sh" "$dir/cluster/bin/$tool"; done
    {
        printf '#!/usr/bin/env bash\n'
        declare -p name dir here overlay headers family kube_proxy
        # shellcheck disable=SC2016 # the variables are the script's
        printf 'source "$here/cluster/scale.sh"\n'
    } >"$dir/cluster/scale"
    chmod +x "$dir/cluster/scale" "$dir/cluster/bin/"*
}

# add_pod SERVICE POD NAMESPACE NODE ADDRESS ROLE [PAUSE_PID APP_PID PROXY_PID]: a line of pods.tsv.
add_pod() {
    printf '%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n' "$1" "$2" "$3" "$4" "$5" "$name-$6" "${7:-0}" "${8:-0}" "${9:-0}" \
        "$(date -u +%Y-%m-%dT%H:%M:%SZ)" >>"$dir/cluster/pods.tsv"
}

# apply_pods: what the stand-ins say, and kube-proxy's rules, are as pods.tsv.
apply_pods() {
    local node
    python3 "$here/cluster/lists.py" "$dir/cluster" "$overlay"
    [[ -n $kube_proxy ]] || return 0
    for ((node = 1; node <= n_nodes; node++)); do
        ip netns exec "$name-node$node" iptables-restore <"$dir/cluster/kube-proxy.rules"
    done
}

# start_pause ROLE: starts a process that does nothing in the pod's namespace; sets REPLY to its pid.
start_pause() {
    (
        for fd in /proc/"$BASHPID"/fd/*; do
            fd=${fd##*/}
            ((fd <= 2)) || exec {fd}>&-
        done
        exec setsid ip netns exec "$name-$1" sleep infinity
    ) </dev/null >/dev/null 2>&1 &
    REPLY=$!
    pause_pids+=("$REPLY")
}

# start_cluster: when the mesh answers: the pods' processes are known, and Jaeger's stand-in runs.
start_cluster() {
    local role line lines=() i=0 pids
    # in start_mesh's order: application, proxy
    local -A app_pid=() proxy_pid=()
    for role in ratings details reviews productpage; do
        app_pid[$role]=${nginx_pids[i++]}
        proxy_pid[$role]=${nginx_pids[i++]}
    done
    app_pid[gateway]=0
    proxy_pid[gateway]=${nginx_pids[i]}
    mapfile -t lines <"$dir/cluster/pods.tsv"
    for line in "${lines[@]}"; do
        role=${line%%$'\t'*}
        start_pause "$role"
        pids=$REPLY$'\t'${app_pid[$role]}$'\t'${proxy_pid[$role]}
        printf '%s\n' "${line/$'\t0\t0\t0\t'/$'\t'$pids$'\t'}"
    done >"$dir/cluster/pods.part"
    mv "$dir/cluster/pods.part" "$dir/cluster/pods.tsv"
    apply_pods
    start_jaeger
}

# start_jaeger: starts the stand-in; returns when it listens.
start_jaeger() {
    local deadline=$((SECONDS + 10))
    (
        for fd in /proc/"$BASHPID"/fd/*; do
            fd=${fd##*/}
            ((fd <= 2)) || exec {fd}>&-
        done
        exec setsid python3 "$here/cluster/jaeger.py" "$dir" "$dir/cluster/jaeger.port"
    ) </dev/null >"$dir/cluster/jaeger.log" 2>&1 &
    jaeger_pid=$!
    until [[ -s $dir/cluster/jaeger.port ]]; do
        kill -0 "$jaeger_pid" 2>/dev/null || { complain "jaeger.py ended at once: $(tail -n 1 "$dir/cluster/jaeger.log")"; exit 1; }
        ((SECONDS < deadline)) || { complain 'jaeger.py does not listen after 10 s'; exit 1; }
        sleep 0.05
    done
}

# stop_cluster: ends what start_cluster started.
stop_cluster() {
    [[ -z $jaeger_pid ]] || pause_pids+=("$jaeger_pid")
    ((${#pause_pids[@]})) && end_processes "${pause_pids[@]}" && wait "${pause_pids[@]}" 2>/dev/null
}

# cluster_variables: adds to variables what COMMAND finds in its environment.
cluster_variables() {
    variables+=("TESTBED_CLUSTER_BIN=$dir/cluster/bin" "TESTBED_JAEGER_URL=http://127.0.0.1:$(<"$dir/cluster/jaeger.port")"
        "TESTBED_SCALE=$dir/cluster/scale")
    # a later one counts
    [[ -z $kube_proxy ]] || variables+=("TESTBED_URL=http://192.168.77.4:$node_port/productpage")
}

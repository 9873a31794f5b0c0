# shellcheck shell=bash
# shellcheck disable=SC2154 # run.sh sets bin, top, work
# SPDX-License-Identifier: BSD-2-Clause
# The real kubectl, docker, containerd and ctr, where they are installed; ip, ethtool, iptables-save and nft are the real ones in mesh.sh, too. Sourced by
# run.sh behind mesh.sh, whose campaign without kube-proxy is what the servers here know. Root.

# serve NAME ARG...: starts api_server.py, notes its pid in server_pid; returns when FILE (its last argument) is there.
serve() {
    local place=${*: -1}
    rm -f "$place"
    "$top/tests/cluster/api_server.py" "$@" > "$work/served" 2>&1 &
    server_pid=$!
    until [ -e "$place" ]; do
        kill -0 "$server_pid" 2> /dev/null || { cat "$work/served"; return 1; }
        sleep 0.05
    done
}

# end_server: by its own id.
end_server() {
    kill "$server_pid"
    wait "$server_pid" 2> /dev/null
}

# plan_of DIR: a plan of all pods, without where and when it was made.
plan_of() {
    "$bin/capture" plan --dir "$1" --all > "$work/plan.out" 2> "$work/plan.err" || { cat "$work/plan.err"; return 1; }
    jq 'del(.snapshot)' "$1/plan.json"
}

# What the real kubectl prints of the same cluster leads to the same plan.
real_kubectl() {
    local wanted=$work/mesh-vxlan dir name
    dir=$(mktemp -d "$work/real-kubectl.XXXXXX")
    serve kubernetes "$wanted/cluster" "$work/port" || return 1
    cat > "$work/kubeconfig" <<END
apiVersion: v1
kind: Config
clusters: [{name: here, cluster: {server: "http://127.0.0.1:$(cat "$work/port")"}}]
users: [{name: me, user: {}}]
contexts: [{name: here, context: {cluster: here, user: me}}]
current-context: here
END
    HOME=$work "$bin/capture" collect --dir "$dir" --node node1 --kubeconfig "$work/kubeconfig" \
        --only pods,nodes,namespaces,services,endpoints,endpointslices,kubectl-version,ippools,flannel,cilium,peerauthentications > "$work/told" 2>&1
    end_server
    cat "$work/told"
    for name in pods nodes namespaces services endpoints endpointslices flannel cilium peerauthentications; do
        equals "$(jq -S .items "$wanted/cluster/$name.json")" "$(jq -S .items "$dir/cluster/$name.json")" || { echo "$name"; return 1; }
    done
    equals "failed" "$(jq -r '.sources[] | select(.name == "ippools") | .status' "$dir/cluster/snapshot.json")" &&
        equals v1.22.4 "$(jq -r .serverVersion.gitVersion "$dir/cluster/kubectl-version.json")" && cp -r "$wanted/cluster/node" "$dir/cluster/" &&
        equals "$(plan_of "$wanted")" "$(plan_of "$dir")"
}

# The same of the real docker client.
real_docker() {
    local docker=$1 wanted=$work/mesh-vxlan dir=$work/real-docker file
    mkdir -p "$dir" "$work/docker-bin"
    cp -r "$wanted/cluster" "$dir/"
    rm -f "$dir"/cluster/node/node3/docker-* "$dir/cluster/snapshot.json"
    ln -sf "$docker" "$work/docker-bin/docker"
    serve docker "$wanted/cluster/node/node3" "$work/docker.sock" || return 1
    HOME=$work DOCKER_HOST=unix://$work/docker.sock PATH=$work/docker-bin:$PATH "$bin/capture" collect --dir "$dir" --node node3 --only docker > "$work/told" 2>&1
    end_server
    cat "$work/told"
    equals 3 "$(find "$dir/cluster/node/node3" -name 'docker-*' | wc -l)" || return 1
    for file in "$wanted"/cluster/node/node3/docker-*; do
        equals "$(jq -S . "$file")" "$(jq -S . "$dir/cluster/node/node3/${file##*/}")" || return 1
    done
    equals "$(plan_of "$wanted")" "$(plan_of "$dir")"
}

# run_containerd DIR: a containerd of our own in DIR; sets containerd_pid.
run_containerd() {
    local tries
    cat > "$1/config.toml" <<END
version = 2
root = "$1/root"
state = "$1/state"
disabled_plugins = ["io.containerd.grpc.v1.cri"]
[grpc]
  address = "$1/containerd.sock"
[ttrpc]
  address = "$1/ttrpc.sock"
END
    setsid containerd --config "$1/config.toml" > "$1/log" 2>&1 < /dev/null &
    containerd_pid=$!
    for ((tries = 0; tries < 100; tries++)); do
        ! timeout 2 ctr --namespace k8s.io containers list > /dev/null 2>&1 || return 0
        kill -0 "$containerd_pid" 2> /dev/null || break
        sleep 0.1
    done
    tail -n 3 "$1/log"
    return 1
}

# A container that the real containerd runs, in a pod's namespace as a CNI makes it; only `ctr` knows its process, only the pod's
# status says whose it is.
real_containerd() {
    local dir=$work/real-containerd at=$work/ctd id=wirespan-$$ status
    local node=$id-node pod=$id-pod rootfs=$work/ctd/rootfs
    export CONTAINERD_ADDRESS=$at/containerd.sock
    mkdir -p "$at" "$rootfs/bin" "$rootfs/proc" "$rootfs/sys" "$rootfs/dev" "$rootfs/tmp" "$dir/cluster"
    cp "$(command -v busybox)" "$rootfs/bin/busybox"
    ip netns add "$node" && ip netns add "$pod" && ip -n "$node" link add dummy-veth0 type veth peer name dummy-veth1 &&
        ip -n "$node" link add cali0123456789a type veth peer name eth0 netns "$pod" && ip -n "$node" link set cali0123456789a up && ip -n "$pod" link set eth0 up &&
        ip -n "$pod" addr add 10.9.8.7/32 dev eth0 && ip -n "$node" route add 10.9.8.7 dev cali0123456789a && run_containerd "$at" &&
        timeout 60 ctr --namespace k8s.io run --detach --rootfs --with-ns "network:/run/netns/$pod" "$rootfs" "$id" /bin/busybox sleep 1000 &&
        jq -n --arg id "containerd://$id" '{items: [{metadata: {name: "sleeper", namespace: "default", uid: "u1"}, spec: {nodeName: "n1", containers: [{name: "sleep"}]},
            status: {phase: "Running", podIP: "10.9.8.7", podIPs: [{ip: "10.9.8.7"}], containerStatuses: [{name: "sleep", containerID: $id}]}}]}' > "$dir/cluster/pods.json" &&
        "$bin/capture" collect --dir "$dir" --node n1 --netns "$node" --only link,addr,route,ctr,pid &&
        "$bin/capture" plan --dir "$dir" --pod sleeper &&
        equals "cali0123456789a default/sleeper" "$(jq -r '.nodes[].points[] | select(.role == "vport") | [.interface, .pod] | join(" ")' "$dir/plan.json")"
    status=$?
    timeout 10 ctr --namespace k8s.io tasks kill --signal SIGKILL "$id" > /dev/null 2>&1
    sleep 0.3
    timeout 10 ctr --namespace k8s.io tasks rm --force "$id" > /dev/null 2>&1
    timeout 10 ctr --namespace k8s.io containers rm "$id" > /dev/null 2>&1
    [ -z "${containerd_pid-}" ] || { kill "$containerd_pid" && wait "$containerd_pid"; } 2> /dev/null
    ip netns del "$pod"
    ip netns del "$node"
    unset CONTAINERD_ADDRESS
    return "$status"
}

# container_runs: are the programs there that a container needs? Says which is not.
container_runs() {
    local why
    for why in containerd ctr runc busybox; do
        command -v "$why" > /dev/null || { echo "$why is missing"; return 1; }
    done
}

# debian_kubectl: Debian's own kubectl, unpacked beside the one that is installed (their packages cannot be installed together); prints its folder.
debian_kubectl() {
    local at=$work/kubernetes-client
    mkdir -p "$at"
    (cd "$at" && timeout 60 apt-get -qq download kubernetes-client > /dev/null 2>&1 && dpkg -x kubernetes-client_*.deb .) && echo "$at/usr/bin"
}

# with_kubectl FOLDER: the check with the kubectl there.
with_kubectl() {
    local PATH=$1:$PATH
    check "real kubectl $(kubectl version --client -o json | jq -r .clientVersion.gitVersion): the same plan" real_kubectl
}

real_tools() {
    local docker folder why
    if folder=$(command -v kubectl); then
        with_kubectl "${folder%/*}"
    else
        echo "real kubectl: skipped: not installed (kubernetes-client)"
    fi
    if dpkg -s kubernetes-client > /dev/null 2>&1; then
        :
    elif folder=$(debian_kubectl); then
        with_kubectl "$folder"
    else
        echo "Debian's kubectl: skipped: its package cannot be fetched"
    fi
    for docker in /usr/bin/docker $(command -v docker); do
        [ ! -x "$docker" ] || break
    done
    if [ -x "$docker" ]; then
        check "real docker client $("$docker" --version | sed -E 's/.*version ([^,]*),.*/\1/'): the same plan" real_docker "$docker"
    else
        echo "real docker client: skipped: not installed (docker.io)"
    fi
    if why=$(container_runs); then
        check "real containerd and ctr: a container's vport" real_containerd
    else
        echo "real containerd: skipped: $why"
    fi
}

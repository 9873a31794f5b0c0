# shellcheck shell=bash
# shellcheck disable=SC2154 # the script that sources it sets name, dir, here, overlay, kube_proxy
# SPDX-License-Identifier: BSD-2-Clause
# Adds a pod to a testbed that runs, or takes it away: reviews' second, 10.244.2.12 on node 2, with a vport of its own. Sourced by
# TESTBED_DIR/cluster/scale, which testbed.sh --cluster writes.
set -euo pipefail

readonly scaled_pod=reviews-v1-5b667bcb7-h7zqv scaled_address=10.244.2.12 scaled_vport=vport1

complain() {
    printf 'scale: %s\n' "$1" >&2
}

# shellcheck source=datasets/testbed/network.sh
source "$here/network.sh"
# shellcheck source=datasets/testbed/mesh.sh
source "$here/mesh.sh"
# shellcheck source=datasets/testbed/cluster.sh
source "$here/cluster.sh"

# scale_up: the namespace is there since the testbed came up, the veth and what runs in it are new.
scale_up() {
    local deadline=$((SECONDS + 10)) wanted=$dir PAUSE
    [[ ! -d $dir/$scaled_role-proxy ]] || { complain 'reviews has two pods already'; exit 1; }
    make_pod "$scaled_role" 2 "${scaled_address##*.}" "$scaled_vport"
    cp "$dir/reviews-app.conf" "$dir/$scaled_role-app.conf"
    mkdir "$dir/cluster/scaled"
    dir=$dir/cluster/scaled write_proxy reviews sidecar "$scaled_pod" "$scaled_address"
    dir=$wanted
    mv "$dir/cluster/scaled/reviews-proxy.conf" "$dir/$scaled_role-proxy.conf"
    rmdir "$dir/cluster/scaled"
    note_requests "$dir/$scaled_role-proxy.conf"
    start_pause "$scaled_role"
    PAUSE=$REPLY
    start_nginx "$scaled_role" app
    start_nginx "$scaled_role" proxy
    until ip netns exec "$name-$scaled_role" bash -c "exec 3<>/dev/tcp/$scaled_address/9080 4<>/dev/tcp/127.0.0.1/9081" 2>/dev/null; do
        ((SECONDS < deadline)) || { complain 'the new pod does not listen after 10 s'; exit 1; }
        sleep 0.05
    done
    add_pod reviews "$scaled_pod" default 2 "$scaled_address" "$scaled_role" "$PAUSE" "${nginx_pids[@]}"
    apply_pods
    : >"$dir/cluster/scaled-reviews"
}

# scale_down: nothing is sent to the pod any more, then it ends.
scale_down() {
    local pids
    [[ -d $dir/$scaled_role-proxy ]] || { complain 'reviews has one pod only'; exit 1; }
    grep -v -F "$scaled_pod" "$dir/cluster/pods.tsv" >"$dir/cluster/pods.part"
    mv "$dir/cluster/pods.part" "$dir/cluster/pods.tsv"
    rm -f "$dir"/cluster/node2/*/*
    apply_pods
    rm -f "$dir/cluster/scaled-reviews"
    sleep 1 # requests under way
    mapfile -t pids < <(ip netns pids "$name-$scaled_role")
    ((${#pids[@]} == 0)) || kill -TERM "${pids[@]}" 2>/dev/null || true
    while [[ -n $(ip netns pids "$name-$scaled_role") ]]; do sleep 0.05; done
    ip -n "$name-node2" link del "$scaled_vport"
    rm -rf "$dir/$scaled_role-proxy" "$dir/$scaled_role-app"
}

case ${1-} in
    up | down) [[ ${2-} == reviews ]] || { complain 'only reviews can be scaled'; exit 2; }; "scale_$1" ;;
    *) complain 'usage: scale up|down reviews'; exit 2 ;;
esac

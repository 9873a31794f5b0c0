# shellcheck shell=bash
# shellcheck disable=SC2154 # testbed.sh sets them
# SPDX-License-Identifier: BSD-2-Clause
# The testbed's mesh, sourced by testbed.sh: what the proxies say of themselves, nginx's configurations, and the nginx processes of the
# pods. It reads $name, $dir, $headers and $family, and notes in $nginx_pids what it started. sidecar.md explains the headers.

readonly gateway_port=8080 # nginx/gateway.conf listens there

nginx_pids=() # nginx masters

# check_mesh: exits 1 with what to do if a program is missing; changes nothing.
check_mesh() {
    command -v nginx >/dev/null || { complain 'nginx is missing: install nginx (its service need not run)'; exit 1; }
    command -v setsid >/dev/null || { complain 'setsid is missing: install util-linux'; exit 1; }
}

# delimited TAG TEXT: sets REPLY to TEXT as a length-delimited protobuf field; TAG is its first byte in hex, TEXT shorter than 16 KB.
# Needs LC_ALL=C, so that lengths are bytes; a bash variable holds every byte but 0, which only an empty field would bring.
delimited() {
    local length n=${#2}
    if ((n < 128)); then
        printf -v length '\\x%02x' "$n"
    else
        printf -v length '\\x%02x\\x%02x' $((n & 127 | 128)) $((n >> 7))
    fi
    printf -v REPLY '%b%s' "\\x$1$length" "$2"
}

# entry KEY TAG TEXT: sets REPLY to an entry of a google.protobuf.Struct; TAG 1a: TEXT is a string, 2a: a Struct's entries.
entry() {
    local key value
    delimited 0a "$1"
    key=$REPLY
    delimited "$2" "$3"
    delimited 12 "$REPLY"
    value=$REPLY
    delimited 0a "$key$value"
}

# entries KEY VALUE [KEY VALUE]...: sets REPLY to string entries in a row.
entries() {
    local all=
    while (($#)); do
        entry "$1" 1a "$2"
        all+=$REPLY
        shift 2
    done
    REPLY=$all
}

# peer_metadata NAMESPACE POD IP ACCOUNT LABEL VALUE...: prints base64 of the Struct with which Istio's proxies introduce themselves to one
# another (x-envoy-peer-metadata), for pod POD (DEPLOYMENT-HASH-SUFFIX).
peer_metadata() {
    local LC_ALL=C namespace=$1 pod=$2 ip=$3 account=$4 deployment=${2%-*-*} message
    shift 4
    entries CLUSTER_ID Kubernetes INSTANCE_IPS "$ip" ISTIO_VERSION 1.12.1
    message=$REPLY
    entries "$@"
    entry LABELS 2a "$REPLY"
    message+=$REPLY
    entries MESH_ID cluster.local NAME "$pod" NAMESPACE "$namespace" \
        OWNER "kubernetes://apis/apps/v1/namespaces/$namespace/deployments/$deployment" \
        SERVICE_ACCOUNT "$account" WORKLOAD_NAME "$deployment"
    printf %s "$message$REPLY" | base64 -w 0
}

# gateway_metadata POD IP: that of the ingress gateway, with the labels that Istio's installer gives it.
gateway_metadata() {
    local hash=${1%-*}
    peer_metadata istio-system "$1" "$2" istio-ingressgateway-service-account \
        app istio-ingressgateway install.operator.istio.io/owning-resource unknown istio ingressgateway istio.io/rev default \
        operator.istio.io/component IngressGateways pod-template-hash "${hash##*-}" release istio \
        service.istio.io/canonical-name istio-ingressgateway service.istio.io/canonical-revision latest sidecar.istio.io/inject false
}

# sidecar_metadata SERVICE POD IP: that of a sidecar of Bookinfo.
sidecar_metadata() {
    local hash=${2%-*}
    peer_metadata default "$2" "$3" "bookinfo-$1" \
        app "$1" pod-template-hash "${hash##*-}" security.istio.io/tlsMode istio service.istio.io/canonical-name "$1" \
        service.istio.io/canonical-revision v1 version v1
}

# write_configurations: fills nginx/*.conf in to $dir; the proxies' own are gateway.conf and SERVICE-sidecar.conf.
write_configurations() {
    local body head='#' tail='#' file
    printf -v body '%2000s' ''
    if [[ $headers == proposed ]]; then head=''; else tail=''; fi
    for file in main http context context-headers received-context request services forwarded-headers \
        {productpage,details,reviews,ratings}-app; do
        sed -e "s/@GROUP@/$(id -gn nobody)/" -e "s/@FAMILY@/$family/" -e "s/@HEAD@/$head/" -e "s/@TAIL@/$tail/" \
            -e "s/@BODY@/${file%-app}: ${body// /.}/" "$here/nginx/$file.conf" >"$dir/$file.conf"
    done
    write_digits >"$dir/digits.conf"
    write_proxy gateway gateway istio-ingressgateway-5d6cbf9bfc-2bgbq 10.244.4.11
    write_proxy productpage sidecar productpage-v1-6b746f74dc-9rlmh 10.244.1.10
    write_proxy details sidecar details-v1-79f774bdb9-6jl84 10.244.2.10
    write_proxy reviews sidecar reviews-v1-5b667bcb7-qrxcb 10.244.3.10
    write_proxy ratings sidecar ratings-v1-b6994bb96-4dzjt 10.244.4.10
}

# write_proxy SERVICE WHAT POD IP: nginx/WHAT.conf (gateway or sidecar) as that of pod POD. Of layout original-gateway only the gateway has
# metadata, and with it its id: Istio's proxies add both or none.
write_proxy() {
    local metadata='' id='' file=$dir/$1-proxy.conf
    if [[ $2 == gateway ]]; then
        metadata=$(gateway_metadata "$3" "$4")
        id="router~$4~$3.istio-system~istio-system.svc.cluster.local"
    elif [[ $headers != original-gateway ]]; then
        metadata=$(sidecar_metadata "$1" "$3" "$4")
        id="sidecar~$4~$3.default~default.svc.cluster.local"
    fi
    sed -e "s/@POD_IP@/$4/" -e "s|@PEER_METADATA@|$metadata|" -e "s|@PEER_METADATA_ID@|$id|" \
        -e "s|@SKYWALKING_NAMES@|$(skywalking_names "$1" "$3")|" "$here/nginx/$2.conf" >"$file"
}

# skywalking_names SERVICE POD: the last four parts of an sw8: service, instance, endpoint, the address that is asked.
skywalking_names() {
    local names='' text
    for text in "$1" "$2" "GET:/$1" 10.244.0.0:9080; do names+=-$(printf %s "$text" | base64 -w 0); done
    printf %s "${names#-}"
}

# write_digits: prints digits.conf, which context.conf describes: each digit is drawn by a hash of the request's id and the digit's place. In base64
# of decimal digits every symbol depends on one digit only: the first of three digits makes two symbols, the others one each.
write_digits() {
    local what place digits base64 id
    local -a symbols
    local -a first=(MD MT Mj Mz ND NT Nj Nz OD OT) second=(A E I M Q U Y c g k) third=(w x y z 0 1 2 3 4 5)
    for what in new_trace span; do
        digits='' base64=''
        for place in {0..17}; do
            id=${what}_$place
            case $((place % 3)) in
                0) symbols=("${first[@]}") ;;
                1) symbols=("${second[@]}") ;;
                2) symbols=("${third[@]}") ;;
            esac
            draw_digit "$id" "digit_$id" {0..9}
            draw_digit "$id" "base64_$id" "${symbols[@]}"
            digits+="\${digit_$id}"
            base64+="\${base64_$id}"
        done
        # a map with a default only: a variable made of variables
        printf 'map "" $%s { default "%s"; }\n' "${what}_digits" "$digits" "${what}_base64" "$base64"
    done
}

# draw_digit KEY VARIABLE TEXT...: prints what sets the variable to one of ten texts; the same one, of two lists, for the same request and KEY.
draw_digit() {
    printf "split_clients \"\$request_id %s\" \$%s {" "$1" "$2"
    printf ' 10%% "%s";' "${@:3:9}"
    printf ' * "%s"; }\n' "${12}"
}

# start_mesh: every nginx, applications first; returns when a request was answered by all services.
start_mesh() {
    local service
    for service in ratings details reviews productpage; do
        start_nginx "$service" app
        start_nginx "$service" proxy
    done
    start_nginx gateway proxy
    wait_until_answered
}

# start_nginx POD WHAT: starts $dir/POD-WHAT.conf in the pod's namespace, in a session of its own (a terminal's ^C is not for
# nginx), with none of the caller's files open (a pipe that nginx held would hang its reader). Notes the master's pid.
start_nginx() {
    local prefix=$dir/$1-$2
    mkdir "$prefix"
    (
        for fd in /proc/"$BASHPID"/fd/*; do
            fd=${fd##*/}
            ((fd <= 2)) || exec {fd}>&-
        done
        exec setsid ip netns exec "$name-$1" nginx -p "$prefix/" -c "$prefix.conf" -e "$prefix/error.log"
    ) </dev/null >"$prefix/start.log" 2>&1 &
    nginx_pids+=($!)
}

# answers: true if one request of the client is answered 200, with the texts of all four services: a page whose parts are missing is a 200 too.
answers() {
    local answer service
    # shellcheck disable=SC2016 # the variables belong to the inner shell
    answer=$(ip netns exec "$name-client" timeout 2 bash -c '
        exec 3<>"/dev/tcp/10.244.4.11/$1"
        printf "GET /productpage HTTP/1.1\r\nhost: productpage\r\nconnection: close\r\n\r\n" >&3
        cat <&3' answers "$gateway_port" 2>/dev/null) || return 1
    [[ $answer == 'HTTP/1.1 200 '* ]] || return 1
    for service in productpage details reviews ratings; do
        [[ $answer == *"$service: ....."* ]] || return 1
    done
}

# wait_until_answered: returns when a request is answered; exits 1 if an nginx ends or 10 s pass.
wait_until_answered() {
    local deadline=$((SECONDS + 10)) pid
    until answers; do
        for pid in "${nginx_pids[@]}"; do
            kill -0 "$pid" 2>/dev/null || { complain 'an nginx ended at once'; exit 1; }
        done
        ((SECONDS < deadline)) || { complain 'no request was answered by all services within 10 s'; exit 1; }
        sleep 0.05
    done
}

# stop_mesh: ends every nginx that this run started.
stop_mesh() {
    ((${#nginx_pids[@]})) && end_processes "${nginx_pids[@]}" && wait "${nginx_pids[@]}" 2>/dev/null
}

# show_logs: the ends of what nginx said, to stderr.
show_logs() {
    local log
    for log in "$dir"/*/*.log; do
        [[ -s $log ]] || continue
        complain "end of ${log#"$dir"/}:"
        tail -n 5 "$log" >&2
    done
}

#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# Writes files to begin fuzzing with: a directory below OUT_DIR for each fuzz target that needs some; fuzz_frame's only if
# BUILD_DIR/tests/kernel_host is there. More captures: those of tests/diff/foreign/run.py, which it
# keeps if asked to.
# Usage: tests/fuzz/seeds.sh OUT_DIR [BUILD_DIR]
set -euo pipefail
export LC_ALL=C

top=$(readlink -f "$(dirname "$0")/../..")
if [ $# -lt 1 ] || [ $# -gt 2 ]; then
    echo "usage: tests/fuzz/seeds.sh OUT_DIR [BUILD_DIR]" >&2
    exit 2
fi
if [ -x "${2:-}/tests/kernel_host" ]; then
    mkdir -p "$1/fuzz_frame"
    "$2/tests/kernel_host" --seeds "$1/fuzz_frame"
fi
mkdir -p "$1/fuzz_pcap" "$1/fuzz_recfile" "$1/fuzz_load_log" "$1/fuzz_cluster"
mkdir -p "$1/fuzz_plan" "$1/fuzz_document" "$1/fuzz_arguments" "$1/fuzz_invocation" "$1/fuzz_output" "$1/fuzz_store"
top_out=$(readlink -f "$1")
cp "$top/tests/fuzz/plan.json" "$1/fuzz_plan"
pcap=$(readlink -f "$1/fuzz_pcap")
recfile=$(readlink -f "$1/fuzz_recfile")
load_log=$(readlink -f "$1/fuzz_load_log")
cluster=$(readlink -f "$1/fuzz_cluster")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/files"
${CC:-cc} -std=gnu17 -D_GNU_SOURCE -I"$top" "$top/tests/golden/inputs.c" "$top"/lib/*.c -lzstd -lxxhash -lnghttp2 -ljansson -lm -o "$work/inputs"
"$work/inputs" "$work/files"
cd "$work/files"

# link_type FILE TYPE: a pcap's header with another link type.
link_type() {
    head -c 20 "$1"
    printf '%b' "\\x$(printf %02x "$2")\\x00\\x00\\x00"
    tail -c +25 "$1"
}

# pcapng: section header, an interface of nanoseconds, and one packet of three bytes.
pcapng() {
    printf '\x0a\x0d\x0d\x0a\x1c\0\0\0\x4d\x3c\x2b\x1a\x01\0\0\0\xff\xff\xff\xff\xff\xff\xff\xff\x1c\0\0\0'
    printf '\x01\0\0\0\x20\0\0\0\x01\0\0\0\0\0\4\0\x09\0\x01\0\x09\0\0\0\0\0\0\0\x20\0\0\0'
    printf '\x06\0\0\0\x24\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x03\0\0\0\x03\0\0\0abc\0\x24\0\0\0'
}

for name in packets/nic packets/vport short/nic; do
    file=$pcap/${name/\//-}
    cp "$name.pcap" "$file.pcap"
    gzip -nc "$name.pcap" > "$file.gz"
    zstd -qc "$name.pcap" > "$file.zst"
    head -c 500 "$name.pcap" > "$file-cut.pcap"
    for type in 0 12 101 108 113 228 229; do link_type "$name.pcap" $type > "$file-$type.pcap"; done
    link_type "$name.pcap" 20 | sed 's/\x14\x00\x00\x00/\x14\x01\x00\x00/' > "$file-276.pcap" # LINUX_SLL2
done
pcapng > "$pcap/one.pcapng"
cp text.pcap "$pcap"

cp records/*.zst damaged/*.zst ./*.zst "$recfile"
cp answers/nic.rec.zst "$recfile/answers.rec.zst"
cp "$top"/tests/golden/{version,format}*.rec.zst "$recfile"
columns='\x02\x00\x00\x00\x02\x00\x01\x00\x09\x00\x04\x01\x08\x00\x00\x00\x12\x00\x02\x00\x02\x00\x00\x00'
columns+='\x14\x01\x00\x00\x00\x00\x00\x00\x34\x12'
printf '%b' "C\\x02$columns" > "$recfile/columns"
fields=$(printf '\\x00%.0s' {1..64})
printf '%b' "M\\x02\\x02\\x30\\x00\\x22\\x00${fields:0:192}$columns\\x03\\x00\\x30\\x00\\x00\\x00${fields:0:192}" \
    > "$recfile/marks"
printf '%b' "M\\x02\\x02\\x30\\x01\\x22\\x00${fields}$columns\\x04\\x00\\x01\\x00\\x00\\x00\\x00" > "$recfile/kinds"
zstd -qdc answers/nic.rec.zst > block # the only one of its file
block_len=$(wc -c < block)
{ printf 'B\x06'; cat block; } > "$recfile/block"
{ printf '%b' "N\\x02\\x06\\x30\\x00$(printf '\\x%02x' $((block_len % 256)) $((block_len / 256)))${fields:0:192}"; cat block; } \
    > "$recfile/blocks"

for file in "$top"/tests/golden/load_logs/load.*; do
    name=${file##*/load.}
    cp "$file" "$load_log/$name"
    head -c 300 "$file" > "$load_log/$name-cut"
    gzip -nc "$file" > "$load_log/$name.gz"
    zstd -qc "$file" > "$load_log/$name.zst"
done
cp "$top/tests/golden/load_logs/conditions.json" "$load_log"

# snapshot KIND TEXT: a file of a cluster snapshot; its kind is its place in the names of fuzz_cluster.c.
snapshot() {
    printf '%b%s' "\\x$(printf %02x "$1")" "$2" > "$cluster/$1-$(printf %s "$2" | cksum | cut -d ' ' -f 1)"
}

# list KIND ELEMENT...: what `kubectl get -o json` prints
list() {
    local kind=$1 IFS=,
    shift
    snapshot "$kind" "{\"apiVersion\":\"v1\",\"items\":[$*],\"kind\":\"List\"}"
}

list 0 '{"metadata":{"name":"a-5d4b-x","namespace":"d","uid":"u","labels":{"app":"a","pod-template-hash":"5d4b"},"ownerReferences":[{"kind":"ReplicaSet","name":"a-5d4b","controller":true}],"deletionTimestamp":"2024-05-01T10:00:00Z"},"spec":{"nodeName":"n","hostNetwork":false,"containers":[{"name":"istio-proxy","ports":[{"containerPort":80,"protocol":"TCP"}]}]},"status":{"phase":"Running","podIP":"10.0.0.1","podIPs":[{"ip":"fd00::1"}],"startTime":"2024-05-01T10:00:00Z"}}' \
    '{"metadata":{"name":"b","ownerReferences":[{"kind":"Node","name":"n"}]}}'
list 1 '{"metadata":{"name":"n"},"spec":{"podCIDR":"10.0.0.0/24","podCIDRs":["fd00::/64"]},"status":{"addresses":[{"type":"InternalIP","address":"1.2.3.4"}]}}'
list 2 '{"metadata":{"name":"s","namespace":"d"},"spec":{"clusterIP":"10.96.0.1","clusterIPs":["None"],"externalIPs":["1.1.1.1"],"ports":[{"port":80,"targetPort":"http","nodePort":30000}],"type":"NodePort"},"status":{"loadBalancer":{"ingress":[{"ip":"2.2.2.2"}]}}}'
list 3 '{"metadata":{"name":"s","namespace":"d"},"subsets":[{"addresses":[{"ip":"10.0.0.1","targetRef":{"kind":"Pod","name":"a"}}],"notReadyAddresses":[{"ip":"10.0.0.2"}],"ports":[{"port":80,"protocol":"TCP"}]}]}'
list 4 '{"metadata":{"labels":{"kubernetes.io/service-name":"s"},"namespace":"d"},"addressType":"IPv4","endpoints":[{"addresses":["10.0.0.1"],"targetRef":{"kind":"Pod","name":"a"}}],"ports":[{"port":80}]}'
list 5 '{"metadata":{"name":"p"},"spec":{"ipipMode":"Always","vxlanMode":"Never"}}'
list 6 '{"data":{"net-conf.json":"{\"Backend\":{\"Type\":\"vxlan\"}}"},"metadata":{"name":"kube-flannel-cfg"}}'
list 7 '{"data":{"routing-mode":"tunnel","tunnel-protocol":"geneve"},"metadata":{"name":"cilium-config"}}'
list 8 '{"metadata":{"name":"default","namespace":"istio-system"},"spec":{"selector":{},"mtls":{"mode":"STRICT"}}}'
snapshot 9 '{"version":1,"state":"complete","taken_realtime_ns":1764000000000000000,"sources":[{"name":"pods","file":"pods.json","status":"ok","node":"n","words":""}]}'
links='[{"ifindex":2,"link_index":9,"ifname":"v","flags":["UP"],"mtu":1450,"master":"b","link_type":"ether","link_netnsid":0,"linkinfo":{"info_kind":"vxlan","info_data":{"id":1,"port":8472}},"addr_info":[{"local":"10.0.0.1","prefixlen":24}]},{"ifindex":3,"ifname":"w","link":"v"},{"ifindex":4,"ifname":"x","link":"if7"},{}]'
snapshot 10 "$links"
snapshot 11 "$links"
snapshot 20 "$links"
snapshot 12 '[{"dst":"default","gateway":"1.2.3.4","dev":"e","metric":5},{"type":"local","dst":"10.0.0.0/8","nexthops":[{"gateway":"fe80::1","dev":"f"}],"scope":"link"},{"dst":"1.1.1.1","via":{"host":"fe80::2"}}]'
snapshot 13 '{"nftables":[{"map":{"family":"ip","table":"t","name":"m","type":["ipv4_addr","inet_proto","inet_service"],"map":"verdict","elem":[[{"concat":["10.0.0.1","tcp",80]},{"goto":{"target":"c"}}]]}},{"rule":{"family":"ip","table":"t","chain":"r","expr":[{"match":{"op":"==","left":{"payload":{"protocol":"ip","field":"daddr"}},"right":{"prefix":{"addr":"10.0.0.0","len":8}}}},{"vmap":{"key":{"meta":{"key":"l4proto"}},"data":"@m"}}]}},{"rule":{"family":"ip","table":"t","chain":"c","comment":"a/b","expr":[{"vmap":{"key":{"numgen":{}},"data":{"set":[[0,{"jump":{"target":"d"}}]]}}}]}},{"rule":{"family":"ip","table":"t","chain":"d","expr":[{"dnat":{"addr":"10.0.0.2","port":81}},{"masquerade":null},{"redirect":{"port":1}}]}}]}'
snapshot 14 '*nat
-A OUTPUT -m comment --comment "x \"y\"" -j S
-A S -s 10.0.0.0/8 ! -d 10.0.0.1/32 -p tcp -m tcp --dport 80 -m addrtype --dst-type LOCAL -j E
[1:2] -A E -m comment --comment "d/s:p" -j DNAT --to-destination 10.0.0.2:81
-A P -j SNAT --to-source [fd00::1]:5
-A P -j REDIRECT --to-ports 6
-A P -j MASQUERADE
COMMIT'
snapshot 15 '-A -t 10.0.0.1:80 -s rr
-a -t 10.0.0.1:80 -r [fd00::1]:81 -m -w 1'
snapshot 16 '{"info":{"pid":7,"runtimeSpec":{"linux":{"namespaces":[{"type":"network","path":"/run/n"}]}}},"status":{"id":"i","labels":{"io.kubernetes.pod.name":"a","io.kubernetes.pod.namespace":"d"},"metadata":{"name":"c","namespace":"d","uid":"u"},"state":"SANDBOX_READY"}}'
docker='[{"Id":"i","Name":"/c","State":{"Running":true,"Pid":7},"Config":{"Labels":{"io.kubernetes.pod.name":"a"}},"NetworkSettings":{"SandboxKey":"/k"}},{"ID":"j","Labels":{},"Spec":{},"Process":{"Pid":8}}]'
snapshot 17 "$docker"
snapshot 18 "$docker"
snapshot 19 'TASK PID STATUS
i 7 RUNNING'
snapshot 21 'A9FEA97B,a,4,1714557600.250000000,-0.000012345,0.1,0.2,-1.2,0.1,0.1,0.0004,0.00005,64.2,Normal'
snapshot 22 '	90e2ba.fffe.20c7f8-0 seq 0 RESPONSE MANAGEMENT TIME_STATUS_NP
		master_offset -12
		gmPresent true
		gmIdentity 90e2ba.fffe.20c7f8
		meanPathDelay 5.5'
snapshot 23 '{"data":[{"traceID":"1","spans":[{"traceID":"1","spanID":"2","operationName":"o","references":[{"refType":"CHILD_OF","spanID":"3"}],"startTime":1,"duration":2,"tags":[{"key":"node_id","value":"sidecar~1.1.1.1~a.d~x"},{"key":"span.kind","value":"server"}],"processID":"p"}],"processes":{"p":{"serviceName":"s","tags":[{"key":"hostname","value":"h"}]}}}]}'
snapshot 23 '{"resourceSpans":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"s"}}]},"scopeSpans":[{"spans":[{"traceId":"CvdlGRbNQ92ESOshHIAxnA==","spanId":"b7ad6b7169203331","parentSpanId":"","kind":2,"startTimeUnixNano":"1","endTimeUnixNano":2}]}]}]}'
snapshot 24 '{"data":[{"parent":"a","child":"b","callCount":3}]}'

# document KIND FILE: one of a run's; its kind is as fuzz_document.c counts them.
document() {
    { printf '%b' "\\x0$1"; cat "$2"; } > "$top_out/fuzz_document/$1-$(cksum < "$2" | cut -d ' ' -f 1)"
}

# words TARGET FIRST ARGUMENT...: a command line; FIRST is the byte that says whose.
words() {
    local target=$1 first=$2
    shift 2
    { printf '%b' "\\x0$first"; printf '%s\0' "$@"; } > "$top_out/$target/$first-$(printf %s "$*" | cksum | cut -d ' ' -f 1)"
}

document 0 "$top/datasets/sample/run.json"
document 1 "$top/datasets/sample/conditions.json"
echo '{"a": 1e400, "b": [1], "c": null, "d": true, "e\u0000": "\u001b", "f": -0.0, "a": 2}' > "$work/odd"
document 1 "$work/odd"
document 2 "$top/tests/golden/overhead.json"

words fuzz_arguments 0 --dir d --point nic=eth0 --netns /run/n --point vport=v --filter saddr=10.0.0.0/8,dport=80 --vxlan-port 4789,1 \
    --duration 1.5 --pcap --snaplen 96 --level 19 --context b3,header:x-a --prefer list -- true
words fuzz_arguments 0 --dir d --plan p --node n --watch 5 --ring-buffer 16 --hook tc
words fuzz_arguments 0 --dir d --point nic=e --overhead=2 --treatments none,ebpf --seed 7 -- load '{}'
words fuzz_arguments 1 --dir d --pod a/b --service s --node n --netns x --search-bytes 200 --format json --partial
words fuzz_arguments 2 --dir d --node n --namespace k --jaeger http://h:1 --traces f --only pods,nodes --timeout 5 --update
words fuzz_arguments 3 --dir d/ --pcap nic=f --vxlan-port 1 --context all --prefer first --jobs 4 --quiet
words fuzz_arguments 3 --dir d --store 'clickhouse://u@h:1,[::1]/d' --run r --cluster c --store-password-file f --store-ca g
printf 'Uclickhouses://me@a:1,[::1]:9443,10.0.0.1/traces' > "$top_out/fuzz_store/url"
printf 'W\200Code: 279, e.displayText() = DB::NetException: Log: \nCode: 210, e.what() = DB::NetException' > "$top_out/fuzz_store/words"
printf 'V18.16.1\n' > "$top_out/fuzz_store/version"
printf 'R\007\000\001\002\003\004\005\106\103\001\002\002\003\003\003\0034444444\002ab\000\001\00044444444' > "$top_out/fuzz_store/rows"
words fuzz_invocation 0 --dir d --by edge,node --memory 2G --no-figure --term --source ebpf --family w3c
words fuzz_invocation 2 --dir d --by hop,family --search-bytes 100,200:400:50 --format json --out o
words fuzz_invocation 3 a b --out o
words fuzz_invocation 4 0af76519-16cd43dd8448eb211c80319c --dir d --align chrony
words fuzz_invocation 5 --dir d --format csv --align ptp --out f

# shellcheck disable=SC2016 # the marks are the text
printf '%b' '\x00a "b" <c> & d\\e\n# f, `g` | *h* [i](j) www.k http://l \xc3\xa4 \xff \xe2\x80\xae' > "$top_out/fuzz_output/text"
printf '%b' '\x01<?xml version="1.0"?><!DOCTYPE svg><svg xmlns="http://www.w3.org/2000/svg" width="9" viewBox="0 0 9 9"><defs>' \
    '<g id="a"/><script>x</script></defs><use xlink:href="#a" onload="x" href="http://h/"/><path fill="url(#a)" d="M0,0"' \
    " style='stroke:url(http://h/)'/><a href=\"j\"><text>x &lt; &#65; y</text></a><![CDATA[z]]></svg>" > "$top_out/fuzz_output/picture"

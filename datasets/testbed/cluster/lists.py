#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Writes what the testbed's stand-ins for kubectl, crictl, docker, nerdctl and ctr answer, and the rules that kube-proxy would give
iptables-restore: in those programs' own layouts, about the pods that run here, with their real processes and addresses.

usage: lists.py DIR OVERLAY    DIR/pods.tsv: service, pod, namespace, node, address, network namespace, pid of the sandbox, of the application
                               (0: none), of the proxy, when it was made (ISO 8601)
"""
import base64
import hashlib
import json
import os
import sys

RUNTIMES = {1: ("crictl", "nerdctl", "ctr"), 2: ("crictl", "ctr"), 3: ("docker",), 4: ("nerdctl", "ctr")}
# name, namespace, cluster address, [port's name, port, port of the pods, node port]
SERVICES = [
    ("productpage", "default", "10.96.10.1", ["http", 9080, 9080, 0]),
    ("details", "default", "10.96.10.2", ["http", 9080, 9080, 0]),
    ("reviews", "default", "10.96.10.3", ["http", 9080, 9080, 0]),
    ("ratings", "default", "10.96.10.4", ["http", 9080, 9080, 0]),
    ("istio-ingressgateway", "istio-system", "10.96.20.1", ["http2", 80, 8080, 30080]),
]
BEGUN = "2026-01-05T08:00:00Z"  # when the cluster's lasting things were made


def digest(*words):
    return hashlib.sha256("/".join(words).encode()).hexdigest()


def uid(*words):
    d = digest("uid", *words)
    return f"{d[:8]}-{d[8:12]}-4{d[13:16]}-a{d[17:20]}-{d[20:32]}"


def listing(items, api="v1"):
    return {"apiVersion": api, "items": items, "kind": "List", "metadata": {"resourceVersion": "", "selfLink": ""}}


class Pod:
    def __init__(self, line):
        (self.service, self.name, self.namespace, node, self.address, self.netns, pause, app, proxy, self.made) = line.rstrip("\n").split("\t")
        self.node = int(node)
        self.uid = uid(self.namespace, self.name)
        self.replica_set, _, self.suffix = self.name.rpartition("-")
        self.deployment, _, self.hash = self.replica_set.rpartition("-")
        self.sandbox = digest("sandbox", self.name)
        self.pause_pid = int(pause)
        self.is_gateway = self.service == "gateway"
        self.app = "istio-ingressgateway" if self.is_gateway else self.service
        # name, id, pid, image
        self.containers = [] if self.is_gateway else [
            (self.service, digest("app", self.name), int(app), f"docker.io/istio/examples-bookinfo-{self.service}-v1:1.16.2")]
        self.containers.append(("istio-proxy", digest("proxy", self.name), int(proxy), "docker.io/istio/proxyv2:1.12.1"))

    def labels(self):
        labels = {"app": self.app, "pod-template-hash": self.hash, "service.istio.io/canonical-name": self.app}
        if self.is_gateway:
            labels |= {"istio": "ingressgateway", "service.istio.io/canonical-revision": "latest", "sidecar.istio.io/inject": "false"}
        else:
            labels |= {"security.istio.io/tlsMode": "istio", "service.istio.io/canonical-revision": "v1", "version": "v1"}
        return labels

    def runtime(self):
        return "docker" if "docker" in RUNTIMES[self.node] else "containerd"

    def container_spec(self, name, image):
        ports = {"istio-proxy": [{"containerPort": 15090, "name": "http-envoy-prom", "protocol": "TCP"}]}.get(
            name, [{"containerPort": 9080, "protocol": "TCP"}])
        if self.is_gateway:
            ports = [{"containerPort": 15021, "protocol": "TCP"}, {"containerPort": 8080, "protocol": "TCP"},
                     {"containerPort": 15090, "name": "http-envoy-prom", "protocol": "TCP"}]
        return {"image": image, "imagePullPolicy": "IfNotPresent", "name": name, "ports": ports, "resources": {},
                "terminationMessagePath": "/dev/termination-log", "terminationMessagePolicy": "File"}

    def kubernetes(self):
        return {
            "apiVersion": "v1", "kind": "Pod",
            "metadata": {
                "annotations": {} if self.is_gateway else {"sidecar.istio.io/status": json.dumps(
                    {"initContainers": ["istio-init"], "containers": ["istio-proxy"], "revision": "default"})},
                "creationTimestamp": self.made, "generateName": self.replica_set + "-", "labels": self.labels(), "name": self.name,
                "namespace": self.namespace,
                "ownerReferences": [{"apiVersion": "apps/v1", "blockOwnerDeletion": True, "controller": True, "kind": "ReplicaSet",
                                     "name": self.replica_set, "uid": uid(self.replica_set)}],
                "resourceVersion": "1024", "uid": self.uid},
            "spec": {
                "containers": [self.container_spec(name, image) for name, _, _, image in self.containers], "dnsPolicy": "ClusterFirst",
                "enableServiceLinks": True, "nodeName": f"node{self.node}", "preemptionPolicy": "PreemptLowerPriority", "priority": 0,
                "restartPolicy": "Always", "schedulerName": "default-scheduler", "securityContext": {},
                "serviceAccountName": f"bookinfo-{self.service}", "terminationGracePeriodSeconds": 30},
            "status": {
                "conditions": [{"lastProbeTime": None, "lastTransitionTime": self.made, "status": "True", "type": kind}
                               for kind in ("Initialized", "Ready", "ContainersReady", "PodScheduled")],
                "containerStatuses": [
                    {"containerID": f"{self.runtime()}://{ident}", "image": image, "imageID": f"sha256:{digest(image)}", "lastState": {},
                     "name": name, "ready": True, "restartCount": 0, "started": True, "state": {"running": {"startedAt": self.made}}}
                    for name, ident, _, image in self.containers],
                "hostIP": f"192.168.77.{self.node}", "phase": "Running", "podIP": self.address, "podIPs": [{"ip": self.address}],
                "qosClass": "BestEffort", "startTime": self.made}}

    def cri_labels(self, container=None):
        labels = {"io.kubernetes.pod.name": self.name, "io.kubernetes.pod.namespace": self.namespace, "io.kubernetes.pod.uid": self.uid}
        return labels | ({"io.kubernetes.container.name": container} if container else self.labels())

    def namespaces(self, path):
        return [{"type": "pid"}, {"type": "ipc", "path": f"/proc/{self.pause_pid}/ns/ipc"},
                {"type": "uts", "path": f"/proc/{self.pause_pid}/ns/uts"}, {"type": "mount"}, {"type": "network", "path": path}]

    def crictl_container(self, name, ident, pid, image):
        time = self.made.replace("Z", ".123456789Z")
        return {
            "status": {
                "id": ident, "metadata": {"attempt": 0, "name": name}, "state": "CONTAINER_RUNNING", "createdAt": time, "startedAt": time,
                "finishedAt": "0001-01-01T00:00:00Z", "exitCode": 0, "image": {"annotations": {}, "image": image},
                "imageRef": f"sha256:{digest(image)}", "reason": "", "message": "", "labels": self.cri_labels(name),
                "annotations": {"io.kubernetes.container.hash": digest(name)[:8], "io.kubernetes.container.restartCount": "0",
                                "io.kubernetes.pod.terminationGracePeriod": "30"},
                "mounts": [], "logPath": f"/var/log/pods/{self.namespace}_{self.name}_{self.uid}/{name}/0.log"},
            "info": {
                "sandboxID": self.sandbox, "pid": pid, "removing": False, "snapshotKey": ident, "snapshotter": "overlayfs",
                "runtimeType": "io.containerd.runc.v2", "runtimeOptions": {"systemd_cgroup": True},
                "runtimeSpec": {"ociVersion": "1.0.2-dev", "process": {"user": {"uid": 0, "gid": 0}, "args": ["nginx"], "env": ["PATH=/usr/bin"], "cwd": "/"},
                                "linux": {"namespaces": self.namespaces(f"/proc/{self.pause_pid}/ns/net")}}}}

    def crictl_sandbox(self):
        time = self.made.replace("Z", ".023456789Z")
        return {
            "status": {
                "id": self.sandbox, "metadata": {"attempt": 0, "name": self.name, "namespace": self.namespace, "uid": self.uid},
                "state": "SANDBOX_READY", "createdAt": time, "network": {"additionalIps": [], "ip": self.address},
                "linux": {"namespaces": {"options": {"ipc": "POD", "network": "POD", "pid": "CONTAINER", "targetId": ""}}},
                "labels": self.cri_labels(), "annotations": {"kubernetes.io/config.source": "api"}, "runtimeHandler": ""},
            "info": {
                "pid": self.pause_pid, "processStatus": "running", "netNamespaceClosed": False, "image": "k8s.gcr.io/pause:3.6",
                "snapshotKey": self.sandbox, "snapshotter": "overlayfs", "runtimeHandler": "", "runtimeType": "io.containerd.runc.v2",
                "runtimeSpec": {"ociVersion": "1.0.2-dev", "linux": {"namespaces": self.namespaces(f"/var/run/netns/{self.netns}")}},
                "cniResult": {"Interfaces": {"eth0": {"IPConfigs": [{"IP": self.address, "Gateway": "169.254.1.1"}], "Mac": "",
                                                      "Sandbox": f"/var/run/netns/{self.netns}"}}}}}

    def crictl_line(self, name, ident, image):
        return {"id": ident, "podSandboxId": self.sandbox, "metadata": {"name": name, "attempt": 0}, "image": {"image": image, "annotations": {}},
                "imageRef": f"sha256:{digest(image)}", "state": "CONTAINER_RUNNING", "createdAt": "1764000000000000000",
                "labels": self.cri_labels(name), "annotations": {"io.kubernetes.container.restartCount": "0"}}

    def docker(self, name, ident, pid, image, is_nerdctl):
        labels = self.cri_labels(None if name == "POD" else name)
        if is_nerdctl:
            labels["io.cri-containerd.kind"] = "sandbox" if name == "POD" else "container"
        else:
            labels |= {"io.kubernetes.container.name": name, "io.kubernetes.docker.type": "podsandbox" if name == "POD" else "container"}
            if name != "POD":
                labels["io.kubernetes.sandbox.id"] = self.sandbox
        state = {"Status": "running", "Running": True, "Paused": False, "Restarting": False, "OOMKilled": False, "Dead": False, "Pid": pid,
                 "ExitCode": 0, "Error": "", "StartedAt": self.made, "FinishedAt": "0001-01-01T00:00:00Z"}
        return [{
            "Id": ident, "Created": self.made, "Path": "nginx", "Args": [], "State": state, "Image": f"sha256:{digest(image)}",
            "Name": f"/k8s_{name}_{self.name}_{self.namespace}_{self.uid}_0", "RestartCount": 0, "Driver": "overlayfs" if is_nerdctl else "overlay2",
            "Platform": "linux", "Mounts": [],
            "HostConfig": {"NetworkMode": "none" if name == "POD" else f"container:{self.sandbox}", "RestartPolicy": {"Name": "no", "MaximumRetryCount": 0}},
            "Config": {"Hostname": self.name, "Env": ["PATH=/usr/bin"], "Image": image, "Labels": labels},
            "NetworkSettings": {"SandboxKey": f"/var/run/netns/{self.netns}" if name == "POD" else "", "Ports": {}, "IPAddress": "", "Networks": {}}}]


def host_pod(kind, node):
    """A daemon of the cluster's own, in its node's network namespace."""
    name = f"{kind}-{digest(kind, str(node))[:5]}"
    return {
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {"creationTimestamp": BEGUN, "generateName": kind + "-", "labels": {"k8s-app": kind, "controller-revision-hash": "6c9bc6c9"},
                     "name": name, "namespace": "kube-system",
                     "ownerReferences": [{"apiVersion": "apps/v1", "controller": True, "kind": "DaemonSet", "name": kind, "uid": uid(kind)}],
                     "uid": uid("kube-system", name)},
        "spec": {"containers": [{"image": f"k8s.gcr.io/{kind}:v1.22.4", "name": kind, "resources": {}}], "hostNetwork": True,
                 "nodeName": f"node{node}", "priorityClassName": "system-node-critical"},
        "status": {"hostIP": f"192.168.77.{node}", "phase": "Running", "podIP": f"192.168.77.{node}", "podIPs": [{"ip": f"192.168.77.{node}"}],
                   "startTime": BEGUN}}


def node(number, overlay):
    address = f"192.168.77.{number}"
    if overlay == "vxlan":
        annotations = {"flannel.alpha.coreos.com/backend-data": f'{{"VNI":1,"VtepMAC":"02:00:00:00:77:{number:02x}"}}',
                       "flannel.alpha.coreos.com/backend-type": "vxlan", "flannel.alpha.coreos.com/kube-subnet-manager": "true",
                       "flannel.alpha.coreos.com/public-ip": address}
    else:
        annotations = {"projectcalico.org/IPv4Address": f"{address}/24", "projectcalico.org/IPv4IPIPTunnelAddr": f"10.244.{number}.0"}
    return {
        "apiVersion": "v1", "kind": "Node",
        "metadata": {"annotations": annotations, "creationTimestamp": BEGUN, "name": f"node{number}", "uid": uid(f"node{number}"),
                     "labels": {"kubernetes.io/arch": "amd64", "kubernetes.io/hostname": f"node{number}", "kubernetes.io/os": "linux"}},
        "spec": {"podCIDR": f"10.244.{number}.0/24", "podCIDRs": [f"10.244.{number}.0/24"]},
        "status": {"addresses": [{"address": address, "type": "InternalIP"}, {"address": f"node{number}", "type": "Hostname"}],
                   "conditions": [{"lastTransitionTime": BEGUN, "reason": "KubeletReady", "status": "True", "type": "Ready"}],
                   "nodeInfo": {"architecture": "amd64", "containerRuntimeVersion": "docker://20.10.24" if "docker" in RUNTIMES[number] else "containerd://1.6.20",
                                "kernelVersion": os.uname().release, "kubeProxyVersion": "v1.22.4", "kubeletVersion": "v1.22.4", "operatingSystem": "linux",
                                "osImage": "Debian GNU/Linux 12 (bookworm)"}}}


def service(name, namespace, address, port):
    port_name, number, target, node_port = port
    app = name
    return {
        "apiVersion": "v1", "kind": "Service",
        "metadata": {"creationTimestamp": BEGUN, "labels": {"app": app, "service": name}, "name": name, "namespace": namespace, "uid": uid("service", name)},
        "spec": {"clusterIP": address, "clusterIPs": [address], "internalTrafficPolicy": "Cluster", "ipFamilies": ["IPv4"], "ipFamilyPolicy": "SingleStack",
                 "ports": [{"name": port_name, "port": number, "protocol": "TCP", "targetPort": target} | ({"nodePort": node_port} if node_port else {})],
                 "selector": {"app": app}, "sessionAffinity": "None", "type": "NodePort" if node_port else "ClusterIP"},
        "status": {"loadBalancer": {}}}


def endpoint_target(pod):
    return {"kind": "Pod", "name": pod.name, "namespace": pod.namespace, "uid": pod.uid}


def endpoints(name, namespace, port, pods):
    return {
        "apiVersion": "v1", "kind": "Endpoints",
        "metadata": {"creationTimestamp": BEGUN, "labels": {"app": name, "service": name}, "name": name, "namespace": namespace, "uid": uid("endpoints", name)},
        "subsets": [{"addresses": [{"ip": pod.address, "nodeName": f"node{pod.node}", "targetRef": endpoint_target(pod)} for pod in pods],
                     "ports": [{"name": port[0], "port": port[2], "protocol": "TCP"}]}]}


def slices(name, namespace, port, pods):
    return {
        "addressType": "IPv4", "apiVersion": "discovery.k8s.io/v1",
        "endpoints": [{"addresses": [pod.address], "conditions": {"ready": True, "serving": True, "terminating": False}, "nodeName": f"node{pod.node}",
                       "targetRef": endpoint_target(pod)} for pod in pods],
        "kind": "EndpointSlice",
        "metadata": {"creationTimestamp": BEGUN, "generateName": name + "-", "name": f"{name}-{digest('slice', name)[:5]}", "namespace": namespace,
                     "labels": {"endpointslice.kubernetes.io/managed-by": "endpointslice-controller.k8s.io", "kubernetes.io/service-name": name}},
        "ports": [{"name": port[0], "port": port[2], "protocol": "TCP"}]}


def config_map(name, data):
    return {"apiVersion": "v1", "data": data, "kind": "ConfigMap",
            "metadata": {"creationTimestamp": BEGUN, "name": name, "namespace": "kube-system", "uid": uid("configmap", name)}}


def peer_authentication():
    return {"apiVersion": "security.istio.io/v1beta1", "kind": "PeerAuthentication",
            "metadata": {"creationTimestamp": BEGUN, "name": "default", "namespace": "istio-system", "uid": uid("peerauthentication")},
            "spec": {"mtls": {"mode": "DISABLE"}}}


def ip_pool():
    return {"apiVersion": "crd.projectcalico.org/v1", "kind": "IPPool",
            "metadata": {"annotations": {"projectcalico.org/metadata": "{}"}, "creationTimestamp": BEGUN, "name": "default-ipv4-ippool", "uid": uid("ippool")},
            "spec": {"allowedUses": ["Workload", "Tunnel"], "blockSize": 24, "cidr": "10.244.0.0/16", "ipipMode": "Always", "natOutgoing": True,
                     "nodeSelector": "all()", "vxlanMode": "Never"}}


def version():
    def one(extra):
        return {"major": "1", "minor": "22", "gitVersion": "v1.22.4", "goVersion": "go1.16.10", "compiler": "gc", "platform": "linux/amd64"} | extra
    return {"clientVersion": one({}), "serverVersion": one({})}


def backends(name, pods):
    return [pod for pod in pods if pod.app == name]


def chain(kind, *words):
    """kube-proxy's names of chains."""
    return f"KUBE-{kind}-{base64.b32encode(hashlib.sha256(''.join(words).encode()).digest()).decode()[:16]}"


def rules(pods):
    """What kube-proxy 1.22 gives iptables-restore for these services."""
    chains, lines, node_ports = [], [], []
    for name, namespace, address, port in SERVICES:
        title = f"{namespace}/{name}:{port[0]}"
        said = f'-m comment --comment "{title}"'
        of_service = chain("SVC", title, "tcp")
        chains.append(of_service)
        cluster = f'-d {address}/32 -p tcp -m comment --comment "{title} cluster IP" -m tcp --dport {port[1]}'
        lines.append(f"-A KUBE-SERVICES ! -s 10.244.0.0/16 {cluster} -j KUBE-MARK-MASQ")
        lines.append(f"-A KUBE-SERVICES {cluster} -j {of_service}")
        if port[3]:
            node_ports.append(f"-A KUBE-NODEPORTS -p tcp {said} -m tcp --dport {port[3]} -j KUBE-MARK-MASQ")
            node_ports.append(f"-A KUBE-NODEPORTS -p tcp {said} -m tcp --dport {port[3]} -j {of_service}")
        behind = backends(name, pods)
        for i, pod in enumerate(behind):
            endpoint = f"{pod.address}:{port[2]}"
            of_endpoint = chain("SEP", title, "tcp", endpoint)
            chains.append(of_endpoint)
            left = len(behind) - i
            chance = f" -m statistic --mode random --probability {1 / left:0.11f}" if left > 1 else ""
            lines.append(f"-A {of_service} {said}{chance} -j {of_endpoint}")
            lines.append(f"-A {of_endpoint} -s {pod.address}/32 {said} -j KUBE-MARK-MASQ")
            lines.append(f"-A {of_endpoint} -p tcp {said} -m tcp -j DNAT --to-destination {endpoint}")
    portals = '-m comment --comment "kubernetes service portals" -j KUBE-SERVICES'
    head = ["*nat"] + [f":{name} - [0:0]" for name in ["KUBE-SERVICES", "KUBE-NODEPORTS", "KUBE-POSTROUTING", "KUBE-MARK-MASQ"] + chains]
    return "\n".join(head + [
        f"-A PREROUTING {portals}", f"-A OUTPUT {portals}",
        '-A POSTROUTING -m comment --comment "kubernetes postrouting rules" -j KUBE-POSTROUTING',
        "-A KUBE-POSTROUTING -m mark ! --mark 0x4000/0x4000 -j RETURN",
        "-A KUBE-POSTROUTING -j MARK --set-xmark 0x4000/0x0",
        '-A KUBE-POSTROUTING -m comment --comment "kubernetes service traffic requiring SNAT" -j MASQUERADE --random-fully',
        "-A KUBE-MARK-MASQ -j MARK --set-xmark 0x4000/0x4000",
    ] + lines + node_ports + [
        '-A KUBE-SERVICES -m comment --comment "kubernetes service nodeports; NOTE: this must be the last rule in this chain" '
        "-m addrtype --dst-type LOCAL -j KUBE-NODEPORTS", "COMMIT", ""])


def write(path, text):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path + ".part", "w", encoding="utf-8") as file:
        file.write(text)
    os.replace(path + ".part", path)


def write_json(path, value, indent=4):
    write(path, json.dumps(value, indent=indent, sort_keys=True) + "\n")


def write_kubectl(top, overlay, pods):
    daemons = ["kube-proxy", "kube-flannel-ds" if overlay == "vxlan" else "calico-node"]
    lists = {
        "pods": listing([pod.kubernetes() for pod in pods] + [host_pod(kind, n) for kind in daemons for n in RUNTIMES]),
        "nodes": listing([node(n, overlay) for n in RUNTIMES]),
        "namespaces": listing([{"apiVersion": "v1", "kind": "Namespace", "spec": {"finalizers": ["kubernetes"]}, "status": {"phase": "Active"},
                                "metadata": {"name": name, "creationTimestamp": BEGUN,
                                             "labels": {"kubernetes.io/metadata.name": name} | ({"istio-injection": "enabled"} if name == "default" else {})}}
                               for name in ("default", "istio-system", "kube-system")]),
        "services": listing([service(*words) for words in SERVICES]),
        "endpoints": listing([endpoints(name, namespace, port, backends(name, pods)) for name, namespace, _, port in SERVICES]),
        "endpointslices": listing([slices(name, namespace, port, backends(name, pods)) for name, namespace, _, port in SERVICES]),
        "kubectl-version": version(),
        "flannel": listing([config_map("kube-flannel-cfg", {
            "cni-conf.json": '{"name": "cbr0", "cniVersion": "0.3.1", "plugins": [{"type": "flannel"}]}\n',
            "net-conf.json": '{\n  "Network": "10.244.0.0/16",\n  "Backend": {\n    "Type": "vxlan"\n  }\n}\n'})] if overlay == "vxlan" else []),
        "cilium": listing([]),
        "peerauthentications": listing([peer_authentication()]),
    }
    if overlay == "ipip":
        lists["ippools"] = listing([ip_pool()])
    for name, value in lists.items():
        write_json(f"{top}/kubectl/{name}.json", value)


def write_runtimes(top, number, pods):
    """One node's: DIR/node1/crictl/ps, inspect-ID ... A runtime that is not there has no directory."""
    here = f"{top}/node{number}"
    tools = RUNTIMES[number]
    with_sandbox = [(pod, *what) for pod in pods for what in pod.containers + [("POD", pod.sandbox, pod.pause_pid, "k8s.gcr.io/pause:3.6")]]
    if "crictl" in tools:
        write_json(f"{here}/crictl/ps", {"containers": [pod.crictl_line(name, ident, image) for pod in pods for name, ident, _, image in pod.containers]}, 2)
        write_json(f"{here}/crictl/pods", {"items": [
            {"id": pod.sandbox, "metadata": {"name": pod.name, "uid": pod.uid, "namespace": pod.namespace, "attempt": 0}, "state": "SANDBOX_READY",
             "createdAt": "1764000000000000000", "labels": pod.cri_labels(), "annotations": {}, "runtimeHandler": ""} for pod in pods]}, 2)
        for pod in pods:
            write_json(f"{here}/crictl/inspectp-{pod.sandbox}", pod.crictl_sandbox(), 2)
            for container in pod.containers:
                write_json(f"{here}/crictl/inspect-{container[1]}", pod.crictl_container(*container), 2)
    for tool in ("docker", "nerdctl"):
        if tool in tools:
            write(f"{here}/{tool}/ps", "".join(ident + "\n" for _, _, ident, _, _ in with_sandbox))
            for pod, *what in with_sandbox:
                write_json(f"{here}/{tool}/inspect-{what[1]}", pod.docker(*what, tool == "nerdctl"))
    if "ctr" in tools:
        rows = [("TASK", "PID", "STATUS")] + [(ident, str(pid), "RUNNING") for _, _, ident, pid, _ in with_sandbox]
        wide = [max(len(row[i]) for row in rows) + 4 for i in range(3)]
        write(f"{here}/ctr/tasks", "".join("".join(word.ljust(w) for word, w in zip(row, wide)) + "\n" for row in rows))


def main():
    top, overlay = sys.argv[1:]
    with open(f"{top}/pods.tsv", encoding="utf-8") as file:
        pods = [Pod(line) for line in file]
    write_kubectl(top, overlay, pods)
    for number in RUNTIMES:
        write_runtimes(top, number, [pod for pod in pods if pod.node == number])
    write(f"{top}/kube-proxy.rules", rules(pods))


if len(sys.argv) != 3 or sys.argv[1] in ("-h", "--help"):
    print(__doc__)
    sys.exit(0 if "--help" in sys.argv or "-h" in sys.argv else 2)
main()

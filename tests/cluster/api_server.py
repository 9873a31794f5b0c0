#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""A Kubernetes API server for the real kubectl: on loopback, over the lists of a snapshot. Or a Docker API on a socket for the real docker client.

usage: api_server.py kubernetes SNAPSHOT PORT_FILE      serves SNAPSHOT/pods.json ... ; writes its port
       api_server.py docker NODE_DIRECTORY SOCKET       serves NODE_DIRECTORY/docker-ID.json
"""
import glob
import http.server
import json
import os
import re
import socketserver
import sys
import urllib.parse

# group and version: resource: (kind, file of the snapshot, is it in namespaces)
KINDS = {
    "v1": {"pods": ("Pod", "pods", True), "nodes": ("Node", "nodes", False), "namespaces": ("Namespace", "namespaces", False),
           "services": ("Service", "services", True), "endpoints": ("Endpoints", "endpoints", True), "configmaps": ("ConfigMap", None, True)},
    "discovery.k8s.io/v1": {"endpointslices": ("EndpointSlice", "endpointslices", True)},
    "security.istio.io/v1beta1": {"peerauthentications": ("PeerAuthentication", "peerauthentications", True)},
    "crd.projectcalico.org/v1": {"ippools": ("IPPool", "ippools", False)},
}


def load(path):
    with open(path, encoding="utf-8") as file:
        return json.load(file)


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_HEAD(self):
        self.do_GET()

    def do_GET(self):
        url = urllib.parse.urlsplit(self.path)
        asked = {key: values[0] for key, values in urllib.parse.parse_qs(url.query).items()}
        value = self.server.find(url.path, asked)
        status = 200 if value is not None else 404
        if value is None:
            value = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": "NotFound", "code": 404, "message": "not found"}
        body = value.encode() if isinstance(value, str) else json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("API-Version", "1.41")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)

    def address_string(self):
        return "-"

    def log_message(self, *_):
        pass


class Kubernetes(socketserver.ThreadingMixIn, http.server.HTTPServer):
    daemon_threads = True
    top = ""

    def there(self):
        return {api: {name: what for name, what in kinds.items() if what[1] is None or os.path.exists(f"{self.top}/{what[1]}.json")}
                for api, kinds in KINDS.items()}

    def items(self, name, file, asked):
        if name != "configmaps":
            return load(f"{self.top}/{file}.json")["items"]
        wanted = asked.get("fieldSelector", "").removeprefix("metadata.name=")
        return [item for path in ("flannel", "cilium") for item in load(f"{self.top}/{path}.json")["items"] if item["metadata"]["name"] == wanted]

    def find(self, path, asked):
        there = self.there()
        if path == "/version":
            return load(f"{self.top}/kubectl-version.json")["serverVersion"]
        if path == "/api":
            return {"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": []}
        if path == "/apis":
            versions = [{"groupVersion": api, "version": api.split("/")[1]} for api, kinds in there.items() if "/" in api and kinds]
            return {"kind": "APIGroupList", "apiVersion": "v1",
                    "groups": [{"name": one["groupVersion"].split("/")[0], "versions": [one], "preferredVersion": one} for one in versions]}
        for api, kinds in there.items():
            root = ("/apis/" if "/" in api else "/api/") + api
            if path == root and kinds:
                return {"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": api,
                        "resources": [{"name": name, "singularName": "", "namespaced": what[2], "kind": what[0], "verbs": ["get", "list"]} for name, what in kinds.items()]}
            for name, (kind, file, _) in kinds.items():
                if path == f"{root}/{name}":
                    return {"kind": kind + "List", "apiVersion": api, "metadata": {"resourceVersion": "1"}, "items": self.items(name, file, asked)}
        return None


class Docker(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True
    top = ""

    def containers(self):
        return [load(path)[0] for path in sorted(glob.glob(f"{self.top}/docker-*.json"))]

    def find(self, path, _):
        path = re.sub(r"^/v1\.[0-9]+", "", path)
        if path == "/_ping":
            return "OK"
        if path == "/containers/json":
            return [{"Id": one["Id"], "Names": [one["Name"]], "Image": one["Image"], "ImageID": one["Image"], "Command": one["Path"], "Created": 1764000000,
                     "Ports": [], "Labels": one["Config"]["Labels"], "State": "running", "Status": "Up 2 minutes", "Mounts": [],
                     "HostConfig": {"NetworkMode": "none"}, "NetworkSettings": {"Networks": {}}} for one in self.containers()]
        for one in self.containers():
            if path == f"/containers/{one['Id']}/json":
                return one
        return None


def main():
    what, top, place = sys.argv[1:]
    if what == "docker":
        server = Docker(place, Handler)
    else:
        server = Kubernetes(("127.0.0.1", 0), Handler)
        with open(place + ".part", "w", encoding="utf-8") as file:
            file.write(f"{server.server_port}\n")
        os.replace(place + ".part", place)
    server.top = top
    server.serve_forever()


if len(sys.argv) != 4:
    print(__doc__)
    sys.exit(0 if "--help" in sys.argv or "-h" in sys.argv else 2)
main()

#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""The testbed's stand-in for Jaeger's query service: a server on loopback with /api/services, /api/traces and /api/dependencies. Its spans are
what the proxies logged of the requests that they handled (spans.conf): measured, not made up.

usage: jaeger.py DIR PORT_FILE    DIR: the testbed's, with SERVICE-proxy/spans.log and cluster/pods.tsv
"""
import collections
import glob
import http.server
import json
import os
import socketserver
import sys
import time
import urllib.parse

LOOKBACK_S = 2 * 24 * 3600
LIMIT = 100


def tags(**words):
    return [{"key": key.replace("__", "."), "type": "int64" if isinstance(value, int) else "string", "value": value} for key, value in words.items()]


class Spans:
    """All that the logs say so far."""

    def __init__(self, top):
        pods = {}
        with open(f"{top}/cluster/pods.tsv", encoding="utf-8") as file:
            for line in file:
                service, name, namespace, _, address, netns = line.split("\t")[:6]
                pods[netns.rpartition("-")[2]] = (service, name, namespace, address)
        self.traces = collections.defaultdict(list)
        self.services = {}
        for path in sorted(glob.glob(f"{top}/*-proxy/spans.log")):
            pod = pods.get(os.path.basename(os.path.dirname(path)).removesuffix("-proxy"))
            if pod:
                self.read(path, pod)

    def read(self, path, pod):
        service, name, namespace, address = pod
        canonical = "istio-ingressgateway" if service == "gateway" else service
        process = {"serviceName": canonical if service == "gateway" else f"{service}.{namespace}", "tags": tags(ip=address)}
        role = "router" if service == "gateway" else "sidecar"
        node_id = f"{role}~{address}~{name}.{namespace}~{namespace}.svc.cluster.local"
        with open(path, encoding="utf-8") as file:
            for line in file:
                if line.endswith("}\n"):
                    said = json.loads(line)
                    if said["trace"] and said["span"]:
                        self.add(said, process, canonical, namespace, node_id)

    def add(self, said, process, canonical, namespace, node_id):
        is_server = said["kind"] == "server"
        took_us = round(said["took_s"] * 1e6)
        # Envoy's server has its client's span id; Jaeger gives it one of its own below that of its client
        span_id = f"{int(said['span'], 16) ^ 0x5A5A5A5A00000000:016x}" if is_server else said["span"]
        parent = said["span"] if is_server else said["parent"]
        if not is_server and parent:
            parent = f"{int(parent, 16) ^ 0x5A5A5A5A00000000:016x}"
        operation = said["operation"] or f"{canonical}.{namespace}.svc.cluster.local:9080/*"
        words = tags(component="proxy", node_id=node_id, guid_x_request_id=said["guid"], http__url=f"http://{said['host']}{said['path']}",
                     http__method=said["method"], http__status_code=str(said["status"]), request_size=str(said["request_bytes"]),
                     response_size=str(said["response_bytes"]), peer__address=said["upstream"], istio__canonical_service=canonical,
                     istio__namespace=namespace, istio__mesh_id="cluster.local", span__kind=said["kind"], internal__span__format="zipkin")
        for tag in words:
            tag["key"] = tag["key"].replace("guid_x_request_id", "guid:x-request-id")
        self.traces[said["trace"]].append((process, {
            "traceID": said["trace"], "spanID": span_id, "operationName": operation,
            "references": [{"refType": "CHILD_OF", "traceID": said["trace"], "spanID": parent}] if parent else [],
            "startTime": round(said["end_s"] * 1e6) - took_us, "duration": took_us, "tags": words, "logs": [], "warnings": None}))

    def names(self):
        return sorted({process["serviceName"] for spans in self.traces.values() for process, _ in spans})

    def find(self, service, start_us, end_us, limit):
        found = []
        for trace_id, spans in self.traces.items():
            first_us = min(span["startTime"] for _, span in spans)
            if start_us <= first_us <= end_us and any(process["serviceName"] == service for process, _ in spans):
                found.append((-first_us, trace_id))
        return [self.show(trace_id) for _, trace_id in sorted(found)[:limit]]

    def show(self, trace_id):
        processes, spans = {}, []
        for process, span in sorted(self.traces[trace_id], key=lambda both: both[1]["startTime"]):
            key = next((key for key, known in processes.items() if known == process), f"p{len(processes) + 1}")
            processes[key] = process
            spans.append(span | {"processID": key})
        return {"traceID": trace_id, "spans": spans, "processes": processes, "warnings": None}

    def dependencies(self, start_us, end_us):
        calls = collections.Counter()
        for spans in self.traces.values():
            owner = {span["spanID"]: process["serviceName"] for process, span in spans}
            for process, span in spans:
                for reference in span["references"]:
                    parent = owner.get(reference["spanID"])
                    if parent and parent != process["serviceName"] and start_us <= span["startTime"] <= end_us:
                        calls[parent, process["serviceName"]] += 1
        return [{"parent": parent, "child": child, "callCount": n} for (parent, child), n in sorted(calls.items())]


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        url = urllib.parse.urlsplit(self.path)
        asked = {key: values[0] for key, values in urllib.parse.parse_qs(url.query).items()}
        now_us = time.time_ns() // 1000
        try:
            if url.path == "/api/services":
                data = Spans(self.server.top).names()
            elif url.path == "/api/traces" and "service" in asked:
                data = Spans(self.server.top).find(asked["service"], int(asked.get("start", now_us - LOOKBACK_S * 1000000)),
                                                   int(asked.get("end", now_us)), int(asked.get("limit", LIMIT)))
            elif url.path == "/api/dependencies":
                end_us = int(asked.get("endTs", now_us // 1000 + 1)) * 1000
                data = Spans(self.server.top).dependencies(end_us - int(asked.get("lookback", LOOKBACK_S * 1000)) * 1000, end_us)
            else:
                return self.answer(400, {"data": None, "total": 0, "limit": 0, "offset": 0, "errors": [{"code": 400, "msg": "parameter 'service' is required"}]})
        except ValueError as error:
            return self.answer(400, {"data": None, "total": 0, "limit": 0, "offset": 0, "errors": [{"code": 400, "msg": str(error)}]})
        return self.answer(200, {"data": data, "total": len(data) if url.path == "/api/services" else 0, "limit": 0, "offset": 0, "errors": None})

    def answer(self, status, value):
        body = json.dumps(value, separators=(",", ":")).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
    daemon_threads = True


def main():
    server = Server(("127.0.0.1", 0), Handler)
    server.top = sys.argv[1]
    with open(sys.argv[2] + ".part", "w", encoding="utf-8") as file:
        file.write(f"{server.server_port}\n")
    os.replace(sys.argv[2] + ".part", sys.argv[2])
    server.serve_forever()


if len(sys.argv) != 3:
    print(__doc__)
    sys.exit(0 if "--help" in sys.argv or "-h" in sys.argv else 2)
main()

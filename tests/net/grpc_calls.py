#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""A gRPC server and its client (python3-grpcio), without TLS, at 10.244.1.10:9092. The client makes N unary calls and N streams of five
messages each way, every call with a traceparent of its own, and prints TRACE|SPAN|METHOD of each that was answered.

Usage: grpc_calls.py server | client N
  server: prints "listening" when it does; ends on SIGTERM
"""
import os
import sys
from concurrent import futures

import grpc

ADDRESS = "10.244.1.10:9092"


def echo(request, _context):
    return request


def echo_all(requests, _context):
    yield from requests


def serve():
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=4))
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("tests.Echo", {
        "One": grpc.unary_unary_rpc_method_handler(echo),
        "Many": grpc.stream_stream_rpc_method_handler(echo_all),
    }),))
    if not server.add_insecure_port(ADDRESS):
        sys.exit(f"cannot listen at {ADDRESS}")
    server.start()
    print("listening", flush=True)
    server.wait_for_termination()


def call(n):
    with grpc.insecure_channel(ADDRESS) as channel:
        one, many = channel.unary_unary("/tests.Echo/One"), channel.stream_stream("/tests.Echo/Many")
        for i in range(2 * n):
            trace, span = os.urandom(16).hex(), os.urandom(8).hex()
            options = {"metadata": (("traceparent", f"00-{trace}-{span}-01"),), "timeout": 10}
            if i % 2:
                good = list(many((bytes([j]) * 3000 for j in range(5)), **options)) == [bytes([j]) * 3000 for j in range(5)]
            else:
                good = one(b"text", **options) == b"text"
            if not good:
                sys.exit(f"call {i} came back as another")
            print(trace, span, "Many" if i % 2 else "One", sep="|")


def main():
    if sys.argv[1:] == ["server"]:
        serve()
    elif len(sys.argv) == 3 and sys.argv[1] == "client":
        call(int(sys.argv[2]))
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    main()

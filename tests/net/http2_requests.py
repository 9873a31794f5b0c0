#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Sends HTTP/2 requests without TLS to 10.244.1.10:9090 (python3-h2), each with a traceparent of its own, STREAMS at a time
on a connection, a segment each. Prints TRACE|SPAN|STREAM of each request that was answered.

Usage: http2_requests.py REQUESTS STREAMS [READY_FILE GO_FILE]
  With files: sends one request, makes READY_FILE, and goes on when there is a GO_FILE. That one is not printed.
"""
import os
import socket
import sys
import time

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import StreamEnded, StreamReset, ConnectionTerminated

SERVER = ("10.244.1.10", 9090)
PAUSE_S = 0.001  # between requests that do not wait for each other, so that their segments are not joined


class Client:
    def __init__(self):
        self.sock = socket.create_connection(SERVER)
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.sock.settimeout(10)
        self.h2 = H2Connection(config=H2Configuration(client_side=True, header_encoding="utf-8"))
        self.h2.initiate_connection()
        self.send()
        self.open = {}

    def send(self):
        self.sock.sendall(self.h2.data_to_send())

    def begin(self):
        trace, span, stream = os.urandom(16).hex(), os.urandom(8).hex(), self.h2.get_next_available_stream_id()
        self.h2.send_headers(stream, [(":method", "GET"), (":scheme", "http"), (":authority", "tests"), (":path", f"/page/{stream}"),
                                      ("user-agent", "tests"), ("traceparent", f"00-{trace}-{span}-01"), ("x-last", "yes")],
                             end_stream=True)
        self.send()
        self.open[stream] = (trace, span, str(stream))
        time.sleep(PAUSE_S)

    def wait(self):
        """Waits for answers; returns the requests that were answered."""
        done = []
        while not done:
            data = self.sock.recv(65536)
            if not data:
                sys.exit("the server has closed the connection")
            for event in self.h2.receive_data(data):
                if isinstance(event, StreamEnded):
                    done.append(self.open.pop(event.stream_id))
                elif isinstance(event, (StreamReset, ConnectionTerminated)):
                    sys.exit(f"refused: {event}")
            self.send()
        return done


def main():
    if len(sys.argv) not in (3, 5):
        sys.exit(__doc__)
    n_left, n_streams = int(sys.argv[1]), int(sys.argv[2])
    client = Client()
    if len(sys.argv) == 5:
        client.begin()
        client.wait()
        open(sys.argv[3], "w", encoding="utf-8").close()
        while not os.path.exists(sys.argv[4]):
            time.sleep(0.02)
    while n_left or client.open:
        while n_left and len(client.open) < n_streams:
            client.begin()
            n_left -= 1
        for request in client.wait():
            print("|".join(request))


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Stands between a client and a ClickHouse server, and makes one fault: with the requests whose SQL begins with what --when (a
regular expression) says, from the one after --skip on. Prints its port, and serves until it is ended.

    fault_proxy.py [--when RE] [--skip N] [--mark FILE] [--until FILE] [--bytes FILE] [--change HEX:HEX] [--tls PEM] UPSTREAM_PORT FAULT

none          there is none
cut-request   the connection is closed, and nothing was done
cut-half      half of the request's body reaches the server, then both connections are closed
lost-answer   done, but the connection is closed without an answer
cut-answer    half of the answer, then the connection is closed
silent        nothing comes any more
pause         goes on when FILE of --until is there; FILE.done is, when the server has answered
words         200 OK, and an exception in place of the answer
words-behind  200 OK, the answer, and an exception behind it
full          500, and a full disk's words
denied        403, and no words
old           a version that is too old
html          a web page
hostile       words with control characters, endless in length
flood         an answer without end
short         an answer that ends in the middle of a row, as if that were all
no-length     an answer whose end is the connection's
changed       the answer, in which the first bytes of --change are replaced by its second ones
garbage       bytes that are no HTTP"""

import argparse
import http.client
import http.server
import os
import re
import ssl
import sys
import threading
import time
import urllib.parse

EXCEPTION = b"Code: 241, e.displayText() = DB::Exception: Memory limit (total) exceeded: made by a test, e.what() = DB::Exception\n"
FULL = (b"Code: 243, e.displayText() = DB::Exception: Cannot reserve 1048576 bytes, not enough space, "
        b"e.what() = DB::Exception\n")


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def forward(self, body, half=False):
        upstream = http.client.HTTPConnection("127.0.0.1", self.server.upstream, timeout=120)
        upstream.putrequest("POST", self.path, skip_accept_encoding=True)
        for name, value in self.headers.items():
            if name.lower() not in ("host", "accept-encoding"):
                upstream.putheader(name, value)
        upstream.endheaders()
        upstream.send(body[:len(body) // 2] if half else body)
        if half:
            upstream.close()
            return None
        answer = upstream.getresponse()
        return answer.status, answer.read()

    def answer(self, status, body, length=True):
        s = self.server
        with s.lock:
            s.n_bytes += len(body)
            if s.bytes:
                with open(s.bytes, "w", encoding="ascii") as out:
                    out.write(f"{s.n_bytes}\n")
        self.send_response(status)
        if length:
            self.send_header("Content-Length", str(len(body)))
        else:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)

    def cut(self):
        self.close_connection = True
        self.wfile.flush()
        self.connection.shutdown(2)

    def is_meant(self, body):
        s = self.server
        query = urllib.parse.parse_qs(urllib.parse.urlsplit(self.path).query).get("query", [None])[0]
        sql = query if query is not None else body.decode("utf-8", "replace")
        with s.lock:
            if not re.match(s.when, sql):
                return False
            s.n_met += 1
            return s.n_met > s.skip

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if not self.is_meant(body):
            self.answer(*self.forward(body))
            return
        if self.server.mark:
            open(self.server.mark, "w").close()
        getattr(self, "do_" + self.server.fault.replace("-", "_"))(body)

    def do_none(self, body):
        self.answer(*self.forward(body))

    def do_cut_request(self, _):
        self.cut()

    def do_cut_half(self, body):
        self.forward(body, half=True)
        self.cut()

    def do_lost_answer(self, body):
        self.forward(body)
        self.cut()

    def do_cut_answer(self, body):
        status, answer = self.forward(body)
        self.send_response(status)
        self.send_header("Content-Length", str(len(answer) + 1))
        self.end_headers()
        self.wfile.write(answer[:(len(answer) + 1) // 2])
        self.cut()

    def do_silent(self, _):
        time.sleep(3600)

    def do_pause(self, body):
        while not os.path.exists(self.server.until):
            time.sleep(0.02)
        answer = self.forward(body)
        open(self.server.until + ".done", "w").close()
        self.answer(*answer)

    def do_words(self, _):
        self.answer(200, EXCEPTION)

    def do_words_behind(self, body):
        self.answer(200, self.forward(body)[1] + EXCEPTION)

    def do_full(self, _):
        self.answer(500, FULL)

    def do_denied(self, _):
        self.answer(403, b"")

    def do_old(self, _):
        self.answer(200, b"1.1.54388\n")

    def do_html(self, _):
        self.answer(200, b"<html><body>It works!</body></html>")

    def do_hostile(self, _):
        self.answer(500, b"Code: 99999999999999999999, \x1b[31m\x00\xc2\x9b" + b"A" * 3000000 + b"%s%n")

    def do_flood(self, _):
        self.send_response(200)
        self.send_header("Content-Length", str(1 << 40))
        self.end_headers()
        try:
            while True:
                self.wfile.write(b"\x01" * (1 << 20))
        except OSError:
            self.close_connection = True

    def do_short(self, body):
        self.answer(200, self.forward(body)[1][:-1])

    def do_changed(self, body):
        status, answer = self.forward(body)
        self.answer(status, answer.replace(*self.server.change))

    def do_no_length(self, body):
        self.answer(200, self.forward(body)[1], length=False)
        self.cut()

    def do_garbage(self, _):
        self.wfile.write(b"\xff\x00 SSH-2.0-nothing\r\n" * 3)
        self.cut()


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_):
        pass


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--when", default=".")
    parser.add_argument("--skip", type=int, default=0)
    parser.add_argument("--mark", help="a file that is made when the fault is")
    parser.add_argument("--until", help="what pause waits for")
    parser.add_argument("--bytes", help="a file that says how many bytes all answers so far had")
    parser.add_argument("--change", default=":", help="what is looked for in answers, and what comes in its place")
    parser.add_argument("--tls", help="a key and its certificate: speaks TLS to the client")
    parser.add_argument("upstream", type=int)
    parser.add_argument("fault", choices=sorted(name[3:].replace("_", "-") for name in dir(Handler)
                                                if name.startswith("do_") and name != "do_POST"))
    a = parser.parse_args()
    server = Server(("127.0.0.1", 0), Handler)
    if a.tls:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(a.tls)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    server.upstream, server.fault, server.when, server.skip = a.upstream, a.fault, re.compile(a.when), a.skip
    server.mark, server.until, server.n_met, server.lock = a.mark, a.until, 0, threading.Lock()
    server.bytes, server.n_bytes = a.bytes, 0
    server.change = [bytes.fromhex(part) for part in a.change.split(":")]
    print(server.server_port, flush=True)
    server.serve_forever()


sys.exit(main())

#!/usr/bin/python3
"""tshark_judge - a foreign judgement: do the contexts in run.db stand where Wireshark sees them?

tshark finds requests and their header lines (tunnels, reassembly, HTTP framing, HTTP/2's header compression); a strict
validator of our own reads the values. What comes out is compared with the `request` table of run.db:
(sequence number of the request line or HEADERS frame, source, destination, HTTP/2 stream, trace id, span id) of every
request with a context; and with the `response` table: (sequence number, acknowledgment number, source, destination,
status) of every frame that begins with a status line, for which tshark puts no segments together.

    tshark_judge.py [--bin DIR] [--work DIR] [--keep] [--seed N] [--against db|truth] [CASE...]
    tshark_judge.py --run RUNDIR          any run directory that ingest has loaded

What is left out, and why:
- cases marked `tshark_unsound` (the mark says why: it reassembles IP fragments, which a tracing point refuses; shows no
  request whose head the capture cut, though its ids are there; takes a bare CR for a line end; does not reassemble a
  head over the wrap of the sequence number);
- how often a request passed, in cases marked `tshark_repeats`: by default tshark does not dissect a retransmission
  again, so there sets are compared and not multisets;
- requests that tshark sees and the product counts as split, truncated or malformed have no context in the table; a
  strict reading of tshark's lines finds none there either, so they need no exclusion;
- out-of-order segments, but in cases marked `tshark_reorders`: told to wait for holes, tshark waits for ever where the
  capture lost a frame.

tshark runs without name resolution and with absolute sequence numbers, UDP port 8472 as
VXLAN and every TCP port as HTTP; what begins as HTTP/2 does it takes for that. gRPC is left out, as its dissector fails
on responses without a request, and takes the frame's other layers with it. Its PDML output is read, as it alone keeps
the requests of one frame apart.
"""
from __future__ import annotations

import argparse
import ipaddress
import json
import re
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ElementTree
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Iterator

sys.dont_write_bytecode = True

POINTS = ("nic", "vport")
TSHARK = ["tshark", "-n", "-o", "tcp.relative_sequence_numbers:FALSE", "-o", "tcp.desegment_tcp_streams:TRUE",
          "-o", "tcp.no_subdissector_on_error:FALSE", "-o", "tcp.try_heuristic_first:FALSE",
          "-o", "http.desegment_headers:TRUE", "-o", "http.desegment_body:TRUE",
          "--disable-protocol", "grpc", "-d", "udp.port==8472,vxlan", "-d", "tcp.port==1-65535,http"]

REORDER = ["-o", "tcp.reassemble_out_of_order:TRUE"]  # waits for holes, and for ever where a frame was lost

ALONE = ["-o", "tcp.desegment_tcp_streams:FALSE"]  # each frame for itself

Key = tuple[int, str, int, str, int, int, str, str]
Answer = tuple[int, int, str, int, str, int, int]
Flow = tuple[str, int, str, int]


# -- the strict validator

W3C_00 = re.compile(rb"00-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}")
W3C_HIGHER = re.compile(rb"(?!00|ff)[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}(-.*)?", re.DOTALL)
B3_TRACE = re.compile(rb"[0-9a-f]{16}(?:[0-9a-f]{16})?")
B3_SPAN = re.compile(rb"[0-9a-f]{16}")


def fields_of(lines: list[bytes]) -> dict[bytes, bytes]:
    """Header lines as fields by lower-case name (RFC 9112 5: no blank before the colon, none at the line's start)."""
    found: dict[bytes, bytes] = {}
    for line in lines:
        name, colon, value = line.rstrip(b"\r\n").partition(b":")
        if colon and re.fullmatch(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+", name):
            found.setdefault(name.lower(), value.strip(b" \t"))
    return found


def w3c_ids(value: bytes) -> tuple[str, str] | None:
    """W3C Trace Context 3.2.2."""
    match = W3C_00.fullmatch(value) or W3C_HIGHER.fullmatch(value)
    if not match or not match[1].strip(b"0") or not match[2].strip(b"0"):
        return None
    return match[1].decode(), match[2].decode()


def context_of(lines: list[bytes]) -> tuple[str, str] | None:
    """Trace id and span id of a head, W3C before B3."""
    fields = fields_of(lines)
    if ids := w3c_ids(fields.get(b"traceparent", b"")):
        return ids
    trace, span = fields.get(b"x-b3-traceid", b""), fields.get(b"x-b3-spanid", b"")
    if B3_TRACE.fullmatch(trace) and B3_SPAN.fullmatch(span):
        return trace.decode(), span.decode()
    return None


# -- what tshark sees

@dataclass
class Stack:
    """What has been read of one frame's layers: the innermost addresses and TCP header, and reassembly."""

    saddr: str = ""
    daddr: str = ""
    sport: int = 0
    dport: int = 0
    seq: int = 0
    ack: int = 0
    payload_at: int = 0
    pdu_seq: int | None = None  # sequence number of the reassembled bytes' begin
    pdu_size: int = 0
    cursor: int = 0
    found: list[tuple[int, int, list[bytes]]] = field(default_factory=list)

    @property
    def flow(self) -> Flow:
        """The innermost addresses and ports."""
        return self.saddr, self.sport, self.daddr, self.dport

    def request_seq(self, position: int, end: int) -> int:
        """The sequence number of a message, whose position counts within the reassembled bytes or the frame."""
        if self.pdu_seq is not None and position == self.cursor and position < self.pdu_size:
            self.cursor = end
            return (self.pdu_seq + position) & 0xFFFFFFFF
        return (self.seq + position - self.payload_at) & 0xFFFFFFFF


class FrameSeqs:
    """Sequence number and payload length by frame number: reassembly names the frames that it took bytes of. tshark is asked
    when one is wanted: it takes half a second to start."""

    def __init__(self, capture: Path, tshark: list[str]):
        self.capture, self.tshark = capture, tshark
        self.seqs: dict[int, tuple[int, int]] | None = None

    def __getitem__(self, number: int) -> tuple[int, int]:
        if self.seqs is None:
            self.seqs = frame_seqs(self.capture, self.tshark)
        return self.seqs[number]


def frame_seqs(capture: Path, tshark: list[str]) -> dict[int, tuple[int, int]]:
    """Of every TCP frame, by tshark's reading."""
    command = [*tshark, "-r", str(capture), "-Y", "tcp", "-T", "fields", "-e", "frame.number", "-e", "tcp.seq_raw",
               "-e", "tcp.len"]
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    rows = (line.split("\t") for line in output.splitlines())
    return {int(number): (int(seq), int(length or 0)) for number, seq, length in rows if seq}


def message_end(layer: ElementTree.Element) -> int:
    """Where a message ends: tshark's own size goes on over what is pipelined behind it."""
    lines = [part for part in layer if part.get("name") in ("", "http.request.line")]
    head = max((int(part.get("pos")) + int(part.get("size")) for part in lines), default=0)
    body = [int(part.get("show")) for part in layer.iter("field") if part.get("name") == "http.content_length"]
    return head + sum(body)


@dataclass
class Block:
    """A header block under way: each frame shows the fields that end in it."""

    seq: int
    lines: list[bytes] = field(default_factory=list)


Blocks = dict[tuple[Flow, int], Block]


def read_http2(stack: Stack, layer: ElementTree.Element, blocks: Blocks) -> None:
    """An HTTP/2 frame, which may begin or end a header block."""
    position = int(layer.get("pos", 0))
    seq = stack.request_seq(position, position + int(layer.get("size", 0)))
    shown = {part.get("name"): part.get("show") for part in layer.iter("field")}
    if shown.get("http2.type") not in ("1", "9"):
        return
    stream = int(shown["http2.streamid"])
    if shown["http2.type"] == "1":
        blocks[stack.flow, stream] = Block(seq)
    block = blocks[stack.flow, stream]
    for header in layer.iter("field"):
        if header.get("name") == "http2.header":
            parts = {part.get("name"): bytes.fromhex(part.get("value") or "") for part in header.iter("field")}
            block.lines.append(parts["http2.header.name"] + b": " + parts.get("http2.header.value", b""))
    if shown["http2.flags.eh"] == "1" and any(line.startswith(b":method: ") for line in block.lines):
        stack.found.append((block.seq, stream, [line for line in block.lines if not line.startswith(b":")]))


def read_layer(stack: Stack, layer: ElementTree.Element, seqs: FrameSeqs | None,
               blocks: Blocks) -> None:
    """Takes over what one layer says."""
    name, text = layer.get("name"), layer.get("showname", "")
    position, size = int(layer.get("pos", 0)), int(layer.get("size", 0))
    if name in ("ip", "ipv6") and (match := re.search(r"Src: (\S+), Dst: (\S+)", text)):
        stack.saddr, stack.daddr = match[1], match[2]
    elif name == "tcp" and (match := re.search(r"Src Port: (\d+), Dst Port: (\d+), Seq: (\d+)", text)):
        stack.sport, stack.dport, stack.seq = int(match[1]), int(match[2]), int(match[3])
        stack.ack = int(match[1]) if (match := re.search(r"Ack: (\d+)", text)) else 0
        stack.payload_at = position + size
        stack.pdu_seq = None
    elif name == "fake-field-wrapper":
        for segments in layer.iter("field"):
            if segments.get("name") == "tcp.segments":
                first = re.search(r"#(\d+)\((\d+)\)", segments.get("showname", ""))
                seq, length = seqs[int(first[1])]
                stack.pdu_seq, stack.pdu_size, stack.cursor = seq + length - int(first[2]), int(segments.get("size")), 0
    elif name == "http":
        seq = stack.request_seq(position, message_end(layer))
        lines = [bytes.fromhex(line.get("value")) for line in layer.iter("field")
                 if line.get("name") == "http.request.line"]
        if any(line.get("name") == "http.request" for line in layer.iter("field")):
            stack.found.append((seq, 0, lines))
    elif name == "http2":
        read_http2(stack, layer, blocks)


def tshark_requests(capture: Path, reorders: bool) -> Iterator[Key]:
    """Every request with a valid context that tshark sees."""
    tshark = TSHARK + REORDER if reorders else TSHARK
    seqs = FrameSeqs(capture, tshark)
    wanted = "http.request or http2.type == 1 or http2.type == 9"
    command = [*tshark, "-r", str(capture), "-Y", wanted, "-T", "pdml", "-J", "http http2"]
    blocks: Blocks = {}
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        for _, element in ElementTree.iterparse(process.stdout):
            if element.tag != "packet":
                continue
            stack = Stack()
            for layer in element:
                read_layer(stack, layer, seqs, blocks)
            for seq, stream, lines in stack.found:
                if ids := context_of(lines):
                    yield (seq, *stack.flow, stream, *ids)
            element.clear()


def may_hold_answers(capture: Path) -> bool:
    """Is the capture packed, or is there what could be a status line in it? (A start of tshark takes half a second.)"""
    data = capture.read_bytes()
    return data[:2] in (b"\x1f\x8b", b"\x28\xb5") or re.search(rb"(?<! )HTTP/\d", data) is not None


def tshark_answers(capture: Path) -> Iterator[Answer]:
    """Every frame in which tshark sees a response begin with the payload."""
    if not may_hold_answers(capture):
        return
    command = [*TSHARK, *ALONE, "-r", str(capture), "-Y", "http.response", "-T", "pdml", "-J", "http"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        for _, element in ElementTree.iterparse(process.stdout):
            if element.tag != "packet":
                continue
            stack = Stack()
            for layer in element:
                if layer.get("name") in ("ip", "ipv6", "tcp"):
                    read_layer(stack, layer, None, {})
                codes = [part.get("show") for part in layer.iter("field") if part.get("name") == "http.response.code"]
                if codes and int(layer.get("pos", 0)) == stack.payload_at:
                    yield (stack.seq, stack.ack, *stack.flow, int(codes[0]))
            element.clear()


# -- what is to be judged

def address(blob: bytes) -> str:
    """The database's 16 bytes as text."""
    six = ipaddress.IPv6Address(blob)
    return str(six.ipv4_mapped or six)


def database_requests(run: Path, point: str) -> list[Key]:
    """Requests with a context in run.db."""
    query = """SELECT request.seq, flow.saddr, flow.sport, flow.daddr, flow.dport, ifnull(request.stream_id, 0),
                      request.trace_id, request.span_id
               FROM request JOIN flow USING (flow_id) JOIN file ON file.file_id = request.file_id
               JOIN point USING (point_id)
               WHERE request.reason = 16 AND point.name = ? AND file.source = 'pcap'"""
    connection = sqlite3.connect(f"file:{run / 'run.db'}?mode=ro", uri=True)
    rows = connection.execute(query, (point,)).fetchall()
    connection.close()
    return [(seq, address(saddr), sport, address(daddr), dport, stream, trace.hex(), span.hex())
            for seq, saddr, sport, daddr, dport, stream, trace, span in rows]


def database_answers(run: Path, point: str) -> list[Answer]:
    """Responses in run.db."""
    query = """SELECT seq, ack, saddr, sport, daddr, dport, status
               FROM response JOIN flow USING (flow_id) JOIN file ON file.file_id = response.file_id
               JOIN point USING (point_id) WHERE point.name = ? AND file.source = 'pcap'"""
    connection = sqlite3.connect(f"file:{run / 'run.db'}?mode=ro", uri=True)
    rows = connection.execute(query, (point,)).fetchall()
    connection.close()
    return [(seq, ack, address(saddr), sport, address(daddr), dport, status)
            for seq, ack, saddr, sport, daddr, dport, status in rows]


def truth_answers(run: Path, point: str) -> list[Answer]:
    """Responses in truth.json."""
    return [(a["seq"], a["ack"], a["saddr"], a["sport"], a["daddr"], a["dport"], a["status"])
            for a in json.loads((run / "truth.json").read_text())["answers"] if a["point"] == point]


def truth_requests(run: Path, point: str) -> list[Key]:
    """Requests with a context in truth.json: this judges the generator."""
    sightings = json.loads((run / "truth.json").read_text())["sightings"]
    return [(s["seq"], s["saddr"], s["sport"], s["daddr"], s["dport"], s["stream_id"], s["trace_id"],
             s["span_id"])
            for s in sightings if s["point"] == point and s["trace_id"]]


def capture_of(run: Path, point: str) -> Path:
    """The point's capture file, whatever its format."""
    (found,) = [path for path in run.iterdir() if path.name.startswith((f"{point}.pcap",))]
    return found


def judge(run: Path, against: str, as_sets: bool, reorders: bool = False) -> list[str]:
    """Differences between tshark and what is judged."""
    requests, answers = ((database_requests, database_answers) if against == "db"
                         else (truth_requests, truth_answers))
    differences = []
    for point in POINTS:
        capture = capture_of(run, point)
        for theirs, ours in ((Counter(tshark_requests(capture, reorders)), Counter(requests(run, point))),
                             (Counter(tshark_answers(capture)), Counter(answers(run, point)))):
            if as_sets:
                theirs, ours = Counter(set(theirs)), Counter(set(ours))
            differences += [f"{point}: only tshark: {key}" for key in (theirs - ours).elements()]
            differences += [f"{point}: only {against}: {key}" for key in (ours - theirs).elements()]
    return differences


# -- the command

def report(name: str, differences: list[str]) -> bool:
    """Prints a case's line; true if it passed."""
    print(f"{'FAIL' if differences else 'ok  '} {name}", flush=True)
    for difference in differences[:6]:
        print(f"     {difference}")
    if len(differences) > 6:
        print(f"     ... {len(differences) - 6} more")
    return not differences


def judge_cases(options: argparse.Namespace, work: Path) -> Counter:
    """Generates each case, has it loaded, and judges it."""
    from all_cases import select
    results: Counter = Counter()
    for case in select(options.cases, options.seed)[::options.every]:
        if case.tshark_unsound:
            print(f"skip {case.name}: {case.tshark_unsound}")
            continue
        run = work / case.name
        shutil.rmtree(run, ignore_errors=True)
        try:
            case.write(run)
            if options.against == "db":
                subprocess.run([options.bin / "ingest", "--dir", run], check=True, capture_output=True, text=True)
            differences = judge(run, options.against, case.tshark_repeats, case.tshark_reorders)
        except subprocess.CalledProcessError as error:
            differences = [f"{error.cmd[0]}: status {error.returncode}: {(error.stderr or '').strip()[:300]}"]
        results[report(case.name, differences)] += 1
    return results


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bin", type=Path, default=Path("build/bin"), help="where ingest lies")
    parser.add_argument("--work", type=Path, help="where run directories are made")
    parser.add_argument("--keep", action="store_true", help="leave the run directories")
    parser.add_argument("--seed", type=int, default=1, help="of the case `random`")
    parser.add_argument("--against", choices=("db", "truth"), default="db", help="what is judged")
    parser.add_argument("--run", type=Path, help="judge this run directory's run.db, as sets")
    parser.add_argument("--every", type=int, default=1, metavar="N", help="of the cases, only every Nth")
    parser.add_argument("cases", nargs="*", metavar="CASE")
    options = parser.parse_args()
    if options.against == "db" and not options.run and not (options.bin / "ingest").is_file():
        parser.error(f"{options.bin / 'ingest'} does not exist: build it, or name its directory with --bin")
    if options.run:
        results = Counter([report(str(options.run), judge(options.run, options.against, True))])
    else:
        work = options.work or Path(tempfile.mkdtemp(prefix="foreign-"))
        results = judge_cases(options, work)
        if not options.keep and not options.work:
            shutil.rmtree(work)
    print(f"{results[True]} passed, {results[False]} failed")
    return 1 if results[False] else 0


if __name__ == "__main__":
    sys.exit(main())

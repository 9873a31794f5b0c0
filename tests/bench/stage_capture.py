# SPDX-License-Identifier: BSD-2-Clause
"""stage_capture - record files, and recording beside tcpdump: the same packets over a veth pair in a namespace of its own."""
import glob
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time

from runs import Bench, Wrong, count

RATE = 40000  # packets a second: what the generated traffic has, and what no way of recording loses packets at
STAGE = "capture"


def measure(bench):
    bench.say("record files")
    said = bench.take_figures(bench.tool("bench_files"), bench.dir, "300000" if bench.quick else "1000000",
                              str(bench.rounds + 2))
    with open(bench.tool("bench_files.txt"), "w", encoding="utf-8") as file:
        file.write(said + "\n")
    n = 40000 if bench.quick else 100000
    if os.geteuid() != 0:
        bench.miss(STAGE, f"{count(n)} packets", "recording", "needs root")
        return
    measure_ring(bench)
    bench.say("recording beside tcpdump")
    os.makedirs(bench.path("replay"))
    n_packets, n_requests = map(int, bench.run(bench.tool("make_run"), "pcaps", bench.path("replay"), str(n), "5").split())
    script = [sys.executable, bench.here("stage_capture.py"), bench.build, "quick" if bench.quick else "full"]
    made = subprocess.run(["unshare", "--net", "--mount", *script, bench.path("replay", "nic.pcap"), str(n_packets),
                           str(n_requests)], capture_output=True, text=True, check=False)
    if made.returncode:
        raise Wrong(f"recording on a veth pair: {made.stderr.strip()}")
    shutil.rmtree(bench.path("replay"))
    add_figures(bench, json.loads(made.stdout), n_packets, n_requests)


# what bench_ring says, and which of it has a target
RING_TARGETS = {
    ("capture.records", "rate"): "value >= 6000000",
    ("capture.records", "size"): "value <= 23",
    ("capture.records", "pcap -s 0 to records"): "value >= 50",
}


def measure_ring(bench):
    """From the ring buffer to the record file, beside packet captures of the same frames whole, by processor time."""
    if not os.access(bench.tool("bench_ring"), os.X_OK):
        return
    bench.say("from the ring buffer to files")
    n = 50000 if bench.quick else 200000
    lines = bench.run(bench.tool("bench_ring"), bench.dir, "--tsv", str(n), str(bench.rounds)).splitlines()
    rows = [line.split("\t") for line in lines if line.count("\t") == 3]
    pcap = {quantity.removeprefix("pcap "): float(value) for stage, quantity, _, value in rows if stage == "capture.pcap"}
    for stage, quantity, unit, value in rows:
        base = pcap.get(quantity.removeprefix("pcap ")) if stage != "capture.pcap" else None
        bench.add(stage, f"{count(n)} requests", quantity, unit, [float(value)], "pcap -s 0" if base else "",
                  [base] if base else [], target=RING_TARGETS.get((stage, quantity), ""))


def add_figures(bench, ways, n_packets, n_requests):
    """ways: for each, a list of what a round gave: cpu_s, bytes, lost, wakes, memory_mb."""
    size = f"{count(n_packets // 1000 * 1000)} packets"
    has_peer = "tcpdump" in ways

    def of(way, key, per=1.0):
        return [entry[key] / per for entry in ways[way]] if way in ways else []

    def beside(quantity, unit, way, key, per):
        bench.add(STAGE, size, quantity, unit, of(way, key, per), "tcpdump -w" if has_peer else "", of("tcpdump", key, per))

    beside("records, reader's CPU", "us/packet", "ebpf", "cpu_s", n_packets / 1e6)
    beside("--no-ebpf --pcap, CPU", "us/packet", "pcap", "cpu_s", n_packets / 1e6)
    if has_peer:
        bench.add(STAGE, size, "pcap -s 0, written", "B/packet", of("tcpdump", "bytes", n_packets), "records",
                  of("ebpf", "bytes", n_packets), target="ratio >= 50")
    else:
        bench.miss(STAGE, size, "pcap -s 0, written", "tcpdump is not installed", "ratio >= 50")
    for way in ways:
        bench.add(STAGE, size, f"lost, {way}", "packets", of(way, "lost"))
    if any(of("wakeup", "wakes")):
        bench.add(STAGE, size, "the reader woken (IRQ work)", "per 1000 requests", of("ebpf", "wakes", n_requests / 1e3),
                  "--wakeup", of("wakeup", "wakes", n_requests / 1e3), target="ratio <= 0.1")
    else:
        bench.miss(STAGE, size, "the reader woken (IRQ work)", "/proc/interrupts does not count it", "ratio <= 0.1")
    bench.add(STAGE, size, "records, peak memory", "MB", of("ebpf", "memory_mb"), "tcpdump -w" if has_peer else "",
              of("tcpdump", "memory_mb"))


def records_lost(directory):
    """What run.json counts as lost."""
    with open(os.path.join(directory, "run.json"), encoding="utf-8") as file:
        found = re.findall(r'"(?:ring_full|dropped|interface_dropped)": *(\d+)', file.read())
    return sum(map(int, found))


def check_records(bench, directory, n_requests):
    """Every request that was sent, and was not lost, is in the record file."""
    n = len(bench.run(bench.program("capture"), "show", os.path.join(directory, "nic.rec.zst")).splitlines())
    if n + records_lost(directory) != n_requests:
        raise Wrong(f"{n} records and {records_lost(directory)} lost of {n_requests} requests")


def irq_works():
    """How often work was queued for an interrupt, on all processors: what waking a ring buffer's reader takes."""
    with open("/proc/interrupts", encoding="ascii") as file:
        return sum(int(n) for line in file if line.strip().startswith("IWI:") for n in line.split() if n.isdigit())


class Recorder:
    """A recording process that is ready, and what it has used since then."""

    def __init__(self, bench, command, ready):
        self.command, self.said = command, open(bench.path("said"), "w+b")  # pylint: disable=consider-using-with
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=self.said, stderr=subprocess.STDOUT)
        deadline = time.monotonic() + 60
        while ready not in self.words():
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.process.kill()
                raise Wrong(f"{' '.join(command)}: {self.words().strip() or 'not ready after a minute'}")
            time.sleep(0.02)
        time.sleep(0.2)
        self.first = self.usage()

    def words(self):
        with open(self.said.name, encoding="utf-8", errors="replace") as file:
            return file.read()

    def usage(self):
        """Seconds on a processor, of all of its threads, and the machine's count of irq_works()."""
        cpu_ns = 0
        tasks = f"/proc/{self.process.pid}/task"
        for task in os.listdir(tasks):
            with open(f"{tasks}/{task}/schedstat", encoding="ascii") as file:
                cpu_ns += int(file.read().split()[0])
        return cpu_ns / 1e9, irq_works()

    def finish(self):
        """What it has used, with its peak memory; ends it. It must end well."""
        cpu_s, wakes = (now - then for now, then in zip(self.usage(), self.first))
        with open(f"/proc/{self.process.pid}/status", encoding="ascii") as file:
            memory_mb = int(re.search(r"^VmHWM:\s*(\d+)", file.read(), re.MULTILINE)[1]) / 1024
        self.process.send_signal(signal.SIGINT)
        self.process.stdin.close()
        try:
            if self.process.wait(timeout=60):
                raise Wrong(f"{' '.join(self.command)}: {self.words().strip()}")
        except subprocess.TimeoutExpired as error:
            self.process.kill()
            raise Wrong(f"{self.command[0]} did not end") from error
        self.said.close()
        return {"cpu_s": cpu_s, "wakes": wakes, "memory_mb": memory_mb}


def record(bench, way, pcap, n_requests):
    """One way of recording, on the interface `end`, while the packets pass."""
    directory = bench.path("recorded")
    shutil.rmtree(directory, ignore_errors=True)
    os.makedirs(directory)
    ours = [bench.program("capture"), "run", "--quiet", "--dir", directory, "--point", "nic=end"]
    attached = ["--", "sh", "-c", "echo listening on; exec cat"]
    command = {
        "ebpf": ours + attached,
        "wakeup": ours + ["--wakeup"] + attached,
        "pcap": ours + ["--no-ebpf", "--pcap"] + attached,
        "tcpdump": ["tcpdump", "-q", "-n", "-s", "0", "-B", "65536", "-i", "end", "-w", os.path.join(directory, "nic.pcap")],
    }[way]
    recorder = Recorder(bench, command, "listening on")
    try:
        bench.run(bench.tool("replay"), pcap, "begin", str(RATE))
        time.sleep(0.3)
    finally:
        used = recorder.finish()
    if way == "tcpdump":
        used["lost"] = int(re.search(r"(\d+) packets dropped by kernel", recorder.words())[1])
    else:
        used["lost"] = records_lost(directory)
    if way in ("ebpf", "wakeup"):
        check_records(bench, directory, n_requests)
    used["bytes"] = sum(map(os.path.getsize, glob.glob(os.path.join(directory, "nic.*"))))
    return used


def inside(argv):
    """In a network namespace of its own: the ways take turns."""
    build, extent, pcap, _, n_requests = argv
    bench = Bench(build, extent == "quick")
    ways = {way: [] for way in ("ebpf", "tcpdump", "pcap", "wakeup") if way != "tcpdump" or shutil.which("tcpdump")}
    try:
        bench.run("ip", "link", "add", "begin", "mtu", "9000", "type", "veth", "peer", "name", "end", "mtu",
                  "9000")
        for name in ("lo", "begin", "end"):
            if os.path.exists(f"/proc/sys/net/ipv6/conf/{name}/disable_ipv6"):
                with open(f"/proc/sys/net/ipv6/conf/{name}/disable_ipv6", "w", encoding="utf-8") as file:
                    file.write("1")
            bench.run("ip", "link", "set", name, "up")
        for _ in range(bench.rounds):
            for way, rounds in ways.items():
                rounds.append(record(bench, way, pcap, int(n_requests)))
    finally:
        bench.close()
    json.dump(ways, sys.stdout)


if __name__ == "__main__":
    try:
        inside(sys.argv[1:])
    except Wrong as error:
        print(error, file=sys.stderr)
        sys.exit(1)

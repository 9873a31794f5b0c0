#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Opens HTML pages in headless Chromium and checks that they show without an error and ask for nothing from anywhere.

usage: look.py --chromium PROGRAM [--seconds N] [--screenshot FILE [--width N] [--dark] [--pdf FILE]] PAGE...

Talks with the browser in the DevTools protocol over two pipes (--remote-debugging-pipe: messages end with a 0 byte). Only
the standard library is needed. Prints one line a check, and "N passed, N failed" at the end. Exit status: 0 all passed, 1
something failed, 2 wrong usage.
"""

import argparse
import base64
import fcntl
import json
import os
import pathlib
import re
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time

WIDTHS = (320, 1280)
HEIGHT = 900

# What a page is asked in the browser; every answer is a list of complaints.
OVERFLOW = """(() => {
    const root = document.documentElement, said = [];
    if (root.clientWidth != innerWidth) said.push(`${root.clientWidth} px in a window of ${innerWidth} px`);
    if (root.scrollWidth > root.clientWidth) {
        said.push(`scrolls sideways: ${root.scrollWidth} px in ${root.clientWidth} px`);
        for (const e of document.querySelectorAll('body *')) {
            const scroller = e.closest('.table, pre, svg');
            if ((!scroller || scroller === e) && e.getBoundingClientRect().right > root.clientWidth + 0.5)
                said.push(`<${e.localName}> "${e.textContent.trim().slice(0, 40)}"`);
        }
    }
    return said.slice(0, 5);
})()"""

FIGURES = """[...document.querySelectorAll('figure')].flatMap((figure, i) => {
    const said = [], svg = figure.querySelectorAll('svg');
    if (svg.length != 1) return [`figure ${i + 1} has ${svg.length} pictures`];
    const box = svg[0].getBoundingClientRect(), drawn = svg[0].getBBox();
    if (!(box.width > 0 && box.height > 0 && drawn.width > 0 && drawn.height > 0)) said.push(`figure ${i + 1} is empty`);
    if (svg[0].getAttribute('role') != 'img' || !svg[0].getAttribute('aria-label'))
        said.push(`figure ${i + 1} says nothing to those who do not see it`);
    return said;
})"""

IDS = """(() => {
    const said = [], seen = new Set();
    for (const e of document.querySelectorAll('[id]')) {
        if (seen.has(e.id)) said.push(`id ${e.id} twice`);
        seen.add(e.id);
    }
    for (const e of document.querySelectorAll('*'))
        for (const a of e.attributes) {
            const inside = [...a.value.matchAll(/url\\(['"]?#([^'")]+)/g)].map(m => m[1]);
            if (/^(xlink:)?href$/.test(a.name) && a.value.startsWith('#')) inside.push(a.value.slice(1));
            for (const id of inside) if (!seen.has(id)) said.push(`${a.name} leads to ${id}, which is not there`);
        }
    return said.slice(0, 5);
})()"""

DOCUMENT = """(() => {
    const said = [], missing = (s, what) => { if (!document.querySelector(s)) said.push('no ' + what); };
    if (document.compatMode != 'CSS1Compat') said.push('quirks mode');
    if (!document.title) said.push('no title');
    if (!document.documentElement.lang) said.push('no language');
    missing('main', 'main part');
    missing('h1', 'heading');
    missing('meta[name=viewport]', 'viewport');
    missing('meta[http-equiv=Content-Security-Policy]', 'Content-Security-Policy');
    if (document.scripts.length) said.push(document.scripts.length + ' scripts');
    for (const e of document.querySelectorAll('*'))
        for (const a of e.attributes) if (/^on/i.test(a.name)) said.push(`<${e.localName} ${a.name}>`);
    const main = document.querySelector('main');
    if (!main || !main.innerText.trim()) said.push('nothing to read');
    return said.slice(0, 5);
})()"""

FOLDED_ON_PAPER = """[...document.querySelectorAll('.folded')].filter(e => e.getClientRects().length == 0)
    .map(e => 'folded on paper: ' + e.textContent.trim().slice(0, 40))"""

UNFOLD = "document.querySelectorAll('details').forEach(e => { e.open = true; }), []"


class BrowserError(Exception):
    """The browser did not do what it was asked."""


class Browser:
    """A headless Chromium with an empty profile, and the pipes to it."""

    def __init__(self, program, deadline):
        self.deadline = deadline
        self.profile = tempfile.mkdtemp(prefix="look-")
        self.next_id = 0
        self.buffer = b""
        self.events = []
        self.process = None
        try:
            self.start(program)
        except BaseException:
            self.close()
            raise

    def start(self, program):
        """Starts the browser: it reads from its descriptor 3 and writes to its descriptor 4."""
        to_browser, self.write_fd = os.pipe()
        self.read_fd, from_browser = os.pipe()
        # Above 4, so that neither dup2 overwrites what the other needs.
        ends = [fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, 10) for fd in (to_browser, from_browser)]
        os.close(to_browser)
        os.close(from_browser)

        def connect():
            os.dup2(ends[0], 3)
            os.dup2(ends[1], 4)

        command = [program, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
                   "--disable-background-networking", "--disable-component-update", "--disable-sync",
                   "--disable-extensions", "--disable-dev-shm-usage", "--hide-scrollbars", "--lang=en",
                   "--host-resolver-rules=MAP * ~NOTFOUND", "--user-data-dir=" + self.profile,
                   "--remote-debugging-pipe", "about:blank"]
        try:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                            stderr=subprocess.DEVNULL, start_new_session=True, pass_fds=(3, 4),
                                            preexec_fn=connect)
        finally:
            for end in ends:
                os.close(end)

    def close(self):
        """Ends the browser, all of its processes, and its profile."""
        if self.process:
            try:
                os.killpg(self.process.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
            self.process.wait()
        shutil.rmtree(self.profile, ignore_errors=True)

    def receive(self, until):
        """The next message; BrowserError if there is none until then."""
        while b"\0" not in self.buffer:
            left = min(until, self.deadline) - time.monotonic()
            if left <= 0 or not select.select([self.read_fd], [], [], left)[0]:
                raise BrowserError("no answer in time")
            more = os.read(self.read_fd, 1 << 20)
            if not more:
                raise BrowserError("the browser has ended")
            self.buffer += more
        message, self.buffer = self.buffer.split(b"\0", 1)
        return json.loads(message)

    def call(self, method, session=None, seconds=30, **parameters):
        """Asks and waits for the answer; events on the way are kept."""
        self.next_id += 1
        question = {"id": self.next_id, "method": method, "params": parameters}
        if session:
            question["sessionId"] = session
        data = json.dumps(question).encode() + b"\0"
        while data:
            data = data[os.write(self.write_fd, data):]
        until = time.monotonic() + seconds
        while True:
            message = self.receive(until)
            if message.get("id") == self.next_id:
                if "error" in message:
                    raise BrowserError("%s: %s" % (method, message["error"].get("message")))
                return message["result"]
            self.events.append(message)

    def wait_for(self, method, session, seconds=30):
        """Waits for an event, which stays among the events."""
        until = time.monotonic() + seconds
        while not any(e.get("method") == method and e.get("sessionId") == session for e in self.events):
            self.events.append(self.receive(until))


class Page:
    """A tab that shows one page."""

    def __init__(self, browser, url):
        self.browser = browser
        self.url = url
        self.target = browser.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = browser.call("Target.attachToTarget", targetId=self.target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network", "Audits"):
            self.call(domain + ".enable")
        browser.events.clear()
        self.failure = self.call("Page.navigate", url=url).get("errorText")
        if not self.failure:
            browser.wait_for("Page.loadEventFired", self.session)

    def call(self, method, **parameters):
        return self.browser.call(method, self.session, **parameters)

    def ask(self, expression):
        """What an expression in the page comes to."""
        answer = self.call("Runtime.evaluate", expression=expression, returnByValue=True)
        if "exceptionDetails" in answer:
            raise BrowserError("the page's question failed: %s" % answer["exceptionDetails"].get("text"))
        return answer["result"].get("value")

    def set_width(self, width, height=HEIGHT):
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)

    def complaints(self):
        """What the console, the log and the inspector said."""
        said = []
        for event in self.browser.events:
            parameters = event.get("params", {})
            if event.get("method") == "Runtime.consoleAPICalled":
                said.append("console: %s" % json.dumps(parameters.get("args"))[:200])
            elif event.get("method") == "Runtime.exceptionThrown":
                said.append("exception: %s" % json.dumps(parameters.get("exceptionDetails"))[:200])
            elif event.get("method") == "Log.entryAdded":
                said.append("log: %s" % parameters["entry"].get("text", "")[:200])
            elif event.get("method") == "Audits.issueAdded":
                said.append("issue: %s" % json.dumps(parameters.get("issue"))[:300])
        return said

    def requests(self):
        """What was asked for, other than the page itself and what stands in it."""
        asked = [e["params"]["request"]["url"] for e in self.browser.events
                 if e.get("method") == "Network.requestWillBeSent"]
        return ["asked for " + url[:200] for url in asked if url != self.url and not url.startswith("data:")]

    def close(self):
        self.browser.call("Target.closeTarget", targetId=self.target)


class Tally:
    """Counts checks."""

    def __init__(self):
        self.n_passed = 0
        self.n_failed = 0

    def check(self, name, said):
        """said: the complaints; none is what is wanted."""
        if said:
            self.n_failed += 1
            print("FAIL %s" % name)
            for line in said:
                print("     %s" % line)
        else:
            self.n_passed += 1
            print("ok   %s" % name)


def print_to_pdf(page):
    """The page on A4 paper, and the complaints about it."""
    answer = page.call("Page.printToPDF", printBackground=True, preferCSSPageSize=True)
    pdf = base64.b64decode(answer["data"])
    said = []
    if not pdf.startswith(b"%PDF-") or b"%%EOF" not in pdf[-64:]:
        said.append("%d bytes that are no PDF" % len(pdf))
    boxes = re.findall(rb"/MediaBox\s*\[\s*0\s+0\s+([\d.]+)\s+([\d.]+)", pdf)
    if not boxes:
        said.append("no pages")
    # A4 is 595.28 by 841.89 points.
    said += ["a page of %s by %s points" % (w.decode(), h.decode()) for w, h in boxes
             if abs(float(w) - 595.28) > 2 or abs(float(h) - 841.89) > 2]
    return pdf, said[:5]


def look_at(browser, path, tally, arguments):
    """All checks of one page."""
    name = path.name
    page = Page(browser, path.resolve().as_uri())
    try:
        tally.check("%s: opens" % name, [page.failure] if page.failure else [])
        if page.failure:
            return
        tally.check("%s: is a document" % name, page.ask(DOCUMENT))
        tally.check("%s: ids" % name, page.ask(IDS))
        for state in ("folded", "unfolded"):
            if state == "unfolded":
                page.ask(UNFOLD)
                tally.check("%s: figures" % name, page.ask(FIGURES))
            for width in WIDTHS:
                page.set_width(width)
                tally.check("%s: %s, %d px wide" % (name, state, width), page.ask(OVERFLOW))
        page.ask("document.querySelectorAll('details').forEach(e => { e.open = false; }), []")
        page.call("Emulation.setEmulatedMedia", media="print")
        tally.check("%s: nothing is folded on paper" % name, page.ask(FOLDED_ON_PAPER))
        page.call("Emulation.setEmulatedMedia", media="")
        pdf, said = print_to_pdf(page)
        tally.check("%s: prints" % name, said)
        tally.check("%s: no complaints" % name, page.complaints())
        tally.check("%s: asks for nothing" % name, page.requests())
        if arguments.pdf:
            pathlib.Path(arguments.pdf).write_bytes(pdf)
        if arguments.screenshot:
            take_screenshot(page, arguments)
    finally:
        page.close()


def take_screenshot(page, arguments):
    """The whole page, as high as it is."""
    scheme = "dark" if arguments.dark else "light"
    page.call("Emulation.setEmulatedMedia", media="", features=[{"name": "prefers-color-scheme", "value": scheme}])
    if arguments.unfold:
        page.ask(UNFOLD)
    page.set_width(arguments.width)
    height = min(int(page.ask("document.documentElement.scrollHeight")), 16000)
    page.set_width(arguments.width, height)
    answer = page.call("Page.captureScreenshot", format="png", captureBeyondViewport=True)
    pathlib.Path(arguments.screenshot).write_bytes(base64.b64decode(answer["data"]))


def main():
    parser = argparse.ArgumentParser(description="Opens HTML pages in headless Chromium and checks them.")
    parser.add_argument("--chromium", required=True, metavar="PROGRAM", help="the browser")
    parser.add_argument("--seconds", type=float, default=120, help="for all of it (120)")
    parser.add_argument("--screenshot", metavar="FILE", help="take a picture (PNG) of the last page")
    parser.add_argument("--pdf", metavar="FILE", help="keep the last page as it is printed")
    parser.add_argument("--width", type=int, default=1280, help="of the screenshot")
    parser.add_argument("--dark", action="store_true", help="screenshot in dark colours")
    parser.add_argument("--unfold", action="store_true", help="screenshot with all details open")
    parser.add_argument("pages", nargs="+", type=pathlib.Path, metavar="PAGE")
    arguments = parser.parse_args()

    tally = Tally()
    browser = None
    try:
        browser = Browser(arguments.chromium, time.monotonic() + arguments.seconds)
        for path in arguments.pages:
            look_at(browser, path, tally, arguments)
    except (BrowserError, OSError) as error:
        tally.check("browser", [str(error)])
    finally:
        if browser:
            browser.close()
    print("%d passed, %d failed" % (tally.n_passed, tally.n_failed))
    return 1 if tally.n_failed else 0


if __name__ == "__main__":
    sys.exit(main())

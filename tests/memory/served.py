# SPDX-License-Identifier: BSD-2-Clause
"""A command that is run again and again in a directory that is put back each time: what the runs share is done once."""
import hashlib
import os
import select
import shutil
import signal
import subprocess

SECONDS = 120


class Place:
    """A copy of a directory, which is as it was after restore()."""

    def __init__(self, source, path):
        self.source, self.path = source, path
        shutil.rmtree(path, ignore_errors=True)
        shutil.copytree(source, path)
        self.stamps = {name: self.stamp(name) for name in self.names()}

    def names(self):
        for at, _, files in os.walk(self.path):
            for name in files:
                yield os.path.relpath(os.path.join(at, name), self.path)

    def stamp(self, name):
        """Differs for a file that was written: copies have the times of what they were copied from."""
        st = os.lstat(self.path / name)
        return st.st_ino, st.st_size, st.st_mtime_ns, st.st_mode

    def changes(self):
        """Files that are not as they were: new ones, changed ones, and those that are gone."""
        now = {name: self.stamp(name) for name in self.names()}
        return sorted(name for name in now.keys() | self.stamps.keys() if now.get(name) != self.stamps.get(name))

    def state(self):
        """Stands for all that is in the directory."""
        made = hashlib.sha256()
        for name in self.changes():
            path = self.path / name
            made.update(f"{name}\0{path.stat().st_size if path.exists() else -1}\0".encode())
            if path.exists():
                made.update(path.read_bytes())
        return made.digest()

    def restore(self):
        for name in self.changes():
            (self.path / name).unlink(missing_ok=True)
            if name in self.stamps:
                (self.path / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(self.source / name, self.path / name)
                self.stamps[name] = self.stamp(name)
        for at, directories, files in os.walk(self.path, topdown=False):
            if not directories and not files and not (self.source / os.path.relpath(at, self.path)).exists():
                os.rmdir(at)


class Served:
    """A program under failing.so's WS_FAIL_SERVE."""

    def __init__(self, argv, place, env, scratch):
        self.out, self.err = scratch / "out", scratch / "err"
        requests, self.requests = os.pipe()
        self.answers, answers = os.pipe()
        with open(self.out, "wb") as out, open(self.err, "wb") as err:
            self.process = subprocess.Popen(
                argv, cwd=place.path, env=env | {"WS_FAIL_SERVE": f"{requests},{answers}"}, stdin=subprocess.DEVNULL, stdout=out,
                stderr=err, pass_fds=[requests, answers])
        os.close(requests)
        os.close(answers)

    def line(self, seconds):
        """The next line; None if there is none in time."""
        text = b""
        while not text.endswith(b"\n"):
            if not select.select([self.answers], [], [], seconds)[0]:
                return None
            text += os.read(self.answers, 1) or b"\n"
        if not text.strip():
            raise RuntimeError(f"{self.process.args}: it ended")
        return text.split()

    def run(self, fail_at):
        """Returns status, output, errors, and how many allocations there were."""
        os.write(self.requests, b"%d\n" % fail_at)
        group = int(self.line(None)[0])
        words = self.line(SECONDS)
        late = words is None
        if late:
            os.killpg(group, signal.SIGKILL)
            words = self.line(None)
        status, count = (int(word) for word in words)
        return os.waitstatus_to_exitcode(status), self.out.read_bytes(), \
            f"not done in {SECONDS} s" if late else self.err.read_text(errors="replace"), count

    def close(self):
        os.close(self.requests)
        self.process.wait()
        os.close(self.answers)

#!/usr/bin/env python3
"""The same Chinese texts through Spiral and through Fossil, in turns.

    tests/bench/fossil.py build/release/bin/bench_peer [--documents 10000] [--bytes 2000] [--turns 5] [--check-ins 1]

Both begin with two repositories that know the same project and hold no text. One writes all texts; first exchange: the
other gets them. 10 texts change; the other gets those. Then a third, empty one gets everything (fresh copy).

Fossil keeps one versioned file a document, put in by one check-in (--check-ins for more), which is its cheapest way: one
manifest instead of 10,000 wiki pages with an artifact of control each. It syncs over http with its own server on the
loopback, and clones both so and from the file. Spiral seals 200 documents a frame, each frame signed, and goes by its
exchange files; the time is that of tips, export, import with every signature and hash verified, and the view. Fossil
verifies hashes; check-ins are not signed. What a process needs to start is in Fossil's times (some 5 ms a command) and
not in ours. bytes: what went over the wire, or the files that were carried.
"""
import argparse
import os
import re
import resource
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time


class Work:
    """Wall time and processor time, the latter of all children that ended."""

    def __enter__(self):
        self.wall = time.monotonic()
        self.cpu = self.children()
        return self

    def __exit__(self, *_):
        self.wall = time.monotonic() - self.wall
        self.cpu = self.children() - self.cpu

    @staticmethod
    def children():
        use = resource.getrusage(resource.RUSAGE_CHILDREN)
        return use.ru_utime + use.ru_stime


class Fossil:
    def __init__(self, folder, check_ins):
        self.folder = folder
        self.check_ins = check_ins
        self.environment = {"PATH": os.environ["PATH"], "HOME": folder, "FOSSIL_HOME": folder, "USER": "bench", "LC_ALL": "C.UTF-8"}

    def run(self, *arguments, cwd=None):
        done = subprocess.run(["fossil", *arguments], cwd=cwd or self.folder, env=self.environment, text=True,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        if done.returncode != 0:
            sys.exit(f"fossil {' '.join(arguments)}: {done.stdout}")
        return done.stdout

    def serve(self, repository):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.server = subprocess.Popen(["fossil", "server", "--localhost", "--port", str(self.port), repository],
                                       cwd=self.folder, env=self.environment, stdin=subprocess.DEVNULL,
                                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for _ in range(200):
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
                return f"http://127.0.0.1:{self.port}/"
            except OSError:
                time.sleep(0.02)
        sys.exit("the fossil server does not answer")

    def stop(self):
        self.server.terminate()
        self.server.wait()

    @staticmethod
    def wire(told):
        """Bytes both ways, as Fossil tells them at the end."""
        found = re.findall(r"(?:wire bytes )?sent: (\d+)\s+received: (\d+)", told)
        if not found:
            sys.exit(f"no byte counts in: {told}")
        return int(found[-1][0]) + int(found[-1][1])

    def sync(self, repository):
        """One sync of `repository` with what is served; the processor time includes the server's."""
        with Work() as work:
            url = self.serve("server.fossil")
            served = time.monotonic()
            told = self.run("sync", url, "-R", repository, "--once")
            took = time.monotonic() - served
            self.stop()
        return took, work.cpu, self.wire(told)

    def turn(self, texts, changed):
        figures = {}
        self.run("init", "writer.fossil")
        self.run("clone", "writer.fossil", "server.fossil")
        # Who may write is not what is measured.
        self.run("user", "capabilities", "nobody", "s", "-R", "server.fossil")
        work = os.path.join(self.folder, "work")
        os.mkdir(work)
        self.run("open", "../writer.fossil", cwd=work)
        self.run("settings", "autosync", "off", cwd=work)
        with Work() as writing:
            names = sorted(os.listdir(texts))
            step = -(-len(names) // self.check_ins)
            for first in range(0, len(names), step):
                for name in names[first:first + step]:
                    shutil.copytree(os.path.join(texts, name), os.path.join(work, name))
                self.run("addremove", cwd=work)
                self.run("commit", "--no-warnings", "-m", "texts", cwd=work)
        figures["write"] = (writing.wall, writing.cpu, 0)
        figures["first"] = self.sync("writer.fossil")
        files = sorted(os.path.join(root, name) for root, _, found in os.walk(work) for name in found if name.endswith(".txt"))
        for i in range(changed):
            with open(files[i * len(files) // changed], "a", encoding="utf-8") as file:
                file.write(f"已于本月完成整改，待复核{i}。\n")
        self.run("commit", "--no-warnings", "-m", "changes", cwd=work)
        figures["changed"] = self.sync("writer.fossil")
        figures["nothing"] = self.sync("writer.fossil")
        with Work() as work_cpu:
            url = self.serve("server.fossil")
            served = time.monotonic()
            told = self.run("clone", url, "copy.fossil", "--once")
            took = time.monotonic() - served
            self.stop()
        figures["copy"] = (took, work_cpu.cpu, self.wire(told))
        with Work() as copying:
            self.run("clone", "writer.fossil", "file.fossil")
        figures["copy-by-file"] = (copying.wall, copying.cpu, 0)
        sizes = {name: os.path.getsize(os.path.join(self.folder, name + ".fossil")) for name in ("writer", "server", "copy")}
        figures["disk"] = (0, 0, sizes["server"])
        figures["disk-copy"] = (0, 0, sizes["copy"])
        return figures


def ours(program, texts, changed):
    done = subprocess.run([program, "--texts", texts, "--changed", str(changed)], text=True, stdout=subprocess.PIPE, check=True)
    figures = {}
    for line in done.stdout.splitlines():
        what, wall, cpu, size = line.split()
        figures[what] = (float(wall), float(cpu), float(size))
    figures["disk"] = (0, 0, figures["store"][2] + figures["view"][2])
    return figures


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("--documents", type=int, default=10000)
    parser.add_argument("--bytes", type=int, default=2000)
    parser.add_argument("--changed", type=int, default=10)
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--check-ins", type=int, default=1)
    options = parser.parse_args()
    if shutil.which("fossil") is None:
        print("fossil is not installed")
        sys.exit(77)

    theirs, our = [], []
    with tempfile.TemporaryDirectory(prefix="spiral-bench.") as folder:
        texts = os.path.join(folder, "texts")
        subprocess.run([options.program, "--make", texts, "--documents", str(options.documents), "--bytes", str(options.bytes)],
                       check=True)
        raw = sum(os.path.getsize(os.path.join(root, name)) for root, _, found in os.walk(texts) for name in found)
        for turn in range(options.turns):
            place = os.path.join(folder, f"fossil-{turn}")
            os.mkdir(place)
            theirs.append(Fossil(place, options.check_ins).turn(texts, options.changed))
            shutil.rmtree(place)
            our.append(ours(options.program, texts, options.changed))

    def seconds(turns, what, part=0):
        return statistics.median(turn[what][part] for turn in turns)

    def ratio(what, theirs_what, part=0):
        return statistics.median(a[what][part] / b[theirs_what][part] for a, b in zip(our, theirs))

    version = subprocess.run(["fossil", "version"], text=True, stdout=subprocess.PIPE, check=True).stdout.split()[4]
    print(f"{options.documents} documents, {raw / 1e6:.2f} MB of text; Fossil {version}, {options.check_ins} check-in(s); "
          f"{options.turns} turns")
    print("\n| | Fossil s | ours s | ours ÷ Fossil | by processor | Fossil bytes | our bytes | ours ÷ Fossil |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- |")
    for name, what, theirs_what in (("first exchange", "first", "first"),
                                    (f"{options.changed} changed, a frame each", "changed", "changed"),
                                    (f"{options.changed} changed, one frame", "changed-in-one", "changed"),
                                    ("nothing changed", "nothing", "nothing"),
                                    ("fresh copy (clone by http)", "copy", "copy"),
                                    ("fresh copy (clone of the file)", "copy", "copy-by-file"),
                                    ("writing all", "write", "write")):
        sizes = ["", "", ""]
        if seconds(theirs, theirs_what, 2) > 0:
            sizes = [f"{seconds(theirs, theirs_what, 2):,.0f}", f"{seconds(our, what, 2):,.0f}", f"{ratio(what, theirs_what, 2):.2f}"]
        print(f"| {name} | {seconds(theirs, theirs_what):.3f} | {seconds(our, what):.3f} | {ratio(what, theirs_what):.2f} | "
              f"{ratio(what, theirs_what, 1):.2f} | {' | '.join(sizes)} |")
    print(f"| disk after all this | | | | | {seconds(theirs, 'disk', 2):,.0f} | {seconds(our, 'disk', 2):,.0f} | {ratio('disk', 'disk', 2):.2f} |")
    print(f"\nWithout the view: first exchange {seconds(our, 'first-without-view'):.3f} s, fresh copy "
          f"{seconds(our, 'copy-without-view'):.3f} s, {options.changed} changed {seconds(our, 'changed-without-view'):.4f} s. "
          f"store.db {seconds(our, 'store', 2):,.0f}, view.db {seconds(our, 'view', 2):,.0f} bytes; "
          f"{seconds(our, 'frames', 2):.0f} frames: headers {seconds(our, 'headers', 2):,.0f}, signatures "
          f"{seconds(our, 'signatures', 2):,.0f} bytes. Fossil's fresh copy on disk: {seconds(theirs, 'disk-copy', 2):,.0f} bytes.")


if __name__ == "__main__":
    main()

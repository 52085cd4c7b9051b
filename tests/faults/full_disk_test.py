#!/usr/bin/python3
"""A file system that is really full: a small tmpfs, with so much room left that the operation ends in another place each
time. Afterwards there is room again, and the operation succeeds. Skipped where nothing can be mounted.

    full_disk_test.py --worker PROGRAM [--long]"""
import argparse
import os
import shutil
import subprocess
import sys
import tempfile

import harness

SKIPPED = 77
SIZE = 24 * 1024 * 1024
PAGE = 4096


class SmallDisk:
    def __init__(self):
        self.path = tempfile.mkdtemp(prefix="spiral-full.")
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={SIZE},mode=700", "tmpfs", self.path], capture_output=True)
        if mounted.returncode != 0:
            os.rmdir(self.path)
            print("skipped, mounting does not work here:", mounted.stderr.decode().strip())
            sys.exit(SKIPPED)

    def leave(self, room):
        """Fills the disk until only `room` bytes are free."""
        status = os.statvfs(self.path)
        with open(os.path.join(self.path, "ballast"), "wb") as file:
            os.posix_fallocate(file.fileno(), 0, max(PAGE, status.f_bavail * status.f_bsize - room))

    def relieve(self):
        os.remove(os.path.join(self.path, "ballast"))

    def close(self):
        subprocess.run(["umount", self.path], check=True)
        os.rmdir(self.path)


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--worker", required=True)
    options.add_argument("--long", action="store_true")
    given = options.parse_args()
    if os.geteuid() != 0 or shutil.which("mount") is None:
        print("skipped, mounting needs root")
        return SKIPPED

    # Most of what a start needs is some pages for logs and their index; larger steps afterwards.
    rooms = [0, 1, 3, 8, 12, 20, 40, 100, 300] if not given.long else [*range(0, 40), *range(40, 400, 10), *range(400, 1000, 50)]
    operations = ["create", "seal", "step", "import", "export", "attach", "backup", "restore", "join", "enrol", "table"]
    if given.long:
        operations += ["edit", "draft", "grant", "rebuild", "search", "request", "found", "reopen"]
    disk = SmallDisk()
    report = harness.Report()
    bench = harness.Bench(given.worker)
    refused = 0
    try:
        for number, operation in enumerate(operations):
            bench.reference(operation)
            # The fast run takes each third, others for each operation.
            for room in rooms if given.long else rooms[number % 3::3]:
                root = os.path.join(disk.path, "run")
                shutil.copytree(bench.template, root)
                disk.leave(room * PAGE)
                outcome = bench.run(operation, root, 1)
                disk.relieve()
                wrong = []
                if outcome.status not in (0, 4):
                    wrong.append(f"the run ended with {outcome.status}, {outcome.fails}")
                for fail in outcome.fails:
                    if fail[1] != "environment" or not fail[2].startswith("disk.full:"):
                        wrong.append(f"a full disk is reported as {fail}")
                refused += outcome.status == 4
                more, leftovers = harness.judge(bench, operation, root, outcome, exactly=True, clean=True)
                report.add(f"{operation} with {room} pages of room", wrong + more, leftovers)
                shutil.rmtree(root)
    finally:
        bench.close()
        disk.close()
    if refused == 0:
        report.add("all operations", ["none of them ever met a full disk"])
    print(f"{refused} of them were refused")
    return report.end("runs on a small disk")


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/python3
"""Kills the worker with SIGKILL at random moments of each operation and judges what is left. The moments are spread over
the acts of a run and over the time that one act takes undisturbed; a run that ends before its moment is no kill and is
made again.

    kill_test.py --worker PROGRAM [--kills 300] [--seed 1] [--operations import,join]"""
import argparse
import os
import random
import signal
import subprocess
import sys
import time

import harness

# How often an operation is done in one run, so that most of the time is the operation and not the start of the program.
ACTS = {"create": 12, "edit": 12, "draft": 12, "seal": 12, "step": 12, "attach": 4, "grant": 12, "export": 4, "backup": 3,
        "rebuild": 3}


def start(bench, operation, root, seed):
    return subprocess.Popen([bench.worker, "run", operation, root, str(seed), str(ACTS.get(operation, 1))],
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


def timing_of(bench, operation):
    """Seconds until the first acknowledgement and between two, of an undisturbed run: the shortest of three, because on a
    busy machine the others are too long and kills would come too late."""
    best = None
    for _ in range(3):
        root = bench.fresh()
        begin = time.monotonic()
        marks = []
        with start(bench, operation, root, 1) as process:
            for line in process.stdout:
                if line.startswith(b"ack " + operation.encode() + b" "):
                    marks.append(time.monotonic() - begin)
            marks.append(time.monotonic() - begin)
        if process.returncode != 0:
            raise RuntimeError(f"{operation}, undisturbed: {process.returncode}")
        first = marks[0]
        between = (marks[-1] - first) / (len(marks) - 1)
        if best is None or first < best[0]:
            best = (first, between)
        bench.drop(root)
    return best


def killed(bench, report, operation, timing, part, moment, landed):
    """Kills in the act after the `part` of the acts is acknowledged, at `moment` (0…1) of the time that one takes."""
    acts = ACTS.get(operation, 1)
    awaited = min(acts - 1, int(part * acts))
    # The first act has the start of the program before it; the end of the program comes after the last.
    wait = (timing[0] if awaited == 0 else timing[1]) * moment * (1 if acts > 1 else 1.1)
    for attempt in range(8):
        root = bench.fresh()
        with start(bench, operation, root, 1) as process:
            text = b""
            for _ in range(awaited):
                while True:
                    line = process.stdout.readline()
                    text += line
                    if not line or line.startswith(b"ack " + operation.encode() + b" "):
                        break
            time.sleep(wait * 0.8 ** attempt)   # sooner at each attempt that came too late
            process.send_signal(signal.SIGKILL)
            text += process.stdout.read()
        if process.returncode == -signal.SIGKILL:
            break
        bench.drop(root)
    else:
        report.add(f"{operation} at {moment:.2f}", ["it was never killed in time"])
        return
    outcome = harness.Outcome(process.returncode, text.decode())
    landed.append(len([ack for ack in outcome.acks if ack[0] == operation]))
    wrong, leftovers = harness.judge(bench, operation, root, outcome)
    report.add(f"{operation} killed after {awaited} acts and {wait * 1000:.1f} ms", wrong, leftovers)
    if not (wrong and os.environ.get("FAULT_KEEP")):
        bench.drop(root)
    else:
        print("kept:", root)


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--worker", required=True)
    options.add_argument("--kills", type=int, default=60)
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--operations")
    given = options.parse_args()

    # On the disk where temporary files lie: a sync that takes its time is a moment to be killed in.
    bench = harness.Bench(given.worker)
    report = harness.Report()
    chance = random.Random(given.seed)
    acknowledged = {}
    try:
        operations = given.operations.split(",") if given.operations else bench.operations
        tasks = []
        for number in range(given.kills):
            # Each operation in turn, each time in another part of it; where it is one act, of that.
            operation = operations[number % len(operations)]
            parts = -(-given.kills // len(operations))
            part = (number // len(operations) + chance.random()) / parts
            tasks.append((operation, part, chance.random() if ACTS.get(operation, 1) > 1 else part))
        timings = {}
        for operation in {task[0] for task in tasks}:
            bench.reference(operation)
            timings[operation] = timing_of(bench, operation)

        def one(task):
            operation, part, moment = task
            killed(bench, report, operation, timings[operation], part, moment, acknowledged.setdefault(operation, []))

        harness.each(tasks, one)
    finally:
        if not os.environ.get("FAULT_KEEP"):
            bench.close()
    print("acknowledged before the kill:", {name: sorted(counts) for name, counts in sorted(acknowledged.items())})
    return report.end("kills")


if __name__ == "__main__":
    sys.exit(main())

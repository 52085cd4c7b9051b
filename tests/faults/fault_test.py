#!/usr/bin/python3
"""Runs each operation with a fault at call 1, 2, 3 … of those that change files (or read them), up to the last, and
judges what is left. Without --long only some of the calls are taken, others for each seed.

    fault_test.py --worker PROGRAM --shim LIBRARY [--long] [--kinds crash,torn] [--operations import,join] [--at N]"""
import argparse
import os
import random
import sys

import harness

SYNCS = ("fsync", "fdatasync")
ROOM = ("write", "pwrite", "writev", "ftruncate", "fallocate", "open", "rename", "link", "mkdir")
WRITES = ("write", "pwrite", "writev")
# Which calls a kind of fault is about; at the others it would do nothing, or what `crash` does.
ABOUT = {"crash": None, "power": None, "torn": WRITES, "full": ROOM, "full-for-ever": ROOM, "sync": SYNCS, "sync-for-ever": SYNCS,
         "read": None, "read-for-ever": None}


def calls_of(bench, operation, reads):
    """The calls of an undisturbed run: (number, name, file); those that read, or those that write."""
    root = bench.fresh()
    log = root + ".log"
    outcome = bench.faulty(operation, root, "read" if reads else "none", 0, log=log)
    if outcome.status != 0:
        raise RuntimeError(f"{operation} with the shim alone: {outcome.fails} {outcome.problems}")
    with open(log, encoding="utf-8") as lines:
        calls = [(int(number), name, path) for number, name, path in (line.rstrip("\n").split(" ", 2) for line in lines)]
    os.remove(log)
    bench.drop(root)
    # What the worker itself reads for its act is nobody's data.
    return [call for call in calls if call[1] != "read"] if reads else calls


def disturb(bench, report, operation, kind, number, name, path, seed):
    root = bench.fresh()
    # Where the fault passes, the program itself tries once more; where it stays, a second start does.
    passes = kind in ("full", "sync", "read")
    outcome = bench.faulty(operation, root, kind, number, retries=2 if passes else 0, random_seed=seed + number)
    wrong = []
    full = kind in ("full", "full-for-ever")
    if kind in ("crash", "torn", "power"):
        if outcome.status != harness.STATUS_KILLED:
            wrong.append(f"the run ended with {outcome.status}, not where it should: {outcome.fails}")
    elif full:
        for fail in outcome.fails:
            if fail[1] != "environment" or not fail[2].startswith("disk.full:"):
                wrong.append(f"a full disk is reported as {fail}")
        if passes and outcome.status != 0:
            wrong.append(f"with room again it still fails: {outcome.status}, {outcome.fails}")
        if not passes and outcome.status not in (0, 4):
            wrong.append(f"the run ended with {outcome.status}, {outcome.fails}")
        if not passes and outcome.status == 0 and not outcome.acks:
            wrong.append("neither acknowledged nor refused")
    else:
        # Where only the last sync of a new folder failed, the replica is there, and making it again is refused.
        there = operation in harness.MAKES_FOLDER and len(outcome.fails) > 1 and "replica.exists" in outcome.fails[-1][2]
        # SQLite takes a page that cannot be read for a damaged one, and says so.
        codes = ("environment", "damaged") if kind.startswith("read") else ("environment",)
        if outcome.status not in (0, 4) and not there and not (outcome.fails and "damaged" in codes):
            wrong.append(f"the run ended with {outcome.status}, {outcome.fails}")
        for fail in outcome.fails[:1] if there else outcome.fails:
            if fail[1] not in codes:
                wrong.append(f"a failed {kind[:4]} is reported as {fail}")
    more, leftovers = harness.judge(bench, operation, root, outcome, exactly=full, clean=full)
    report.add(f"{operation}, {kind} at call {number} ({name} {path})", wrong + more, leftovers)
    if not (wrong or more) or not os.environ.get("FAULT_KEEP"):
        bench.drop(root)
    else:
        print("kept:", root)


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--worker", required=True)
    options.add_argument("--shim", required=True)
    options.add_argument("--long", action="store_true")
    options.add_argument("--kinds", default=",".join(ABOUT))
    options.add_argument("--operations")
    options.add_argument("--at", type=int)
    options.add_argument("--points", type=int, default=60, help="of the fast run, over all operations and kinds")
    options.add_argument("--seed", type=int, default=1)
    given = options.parse_args()

    bench = harness.Bench(given.worker, given.shim, harness.fast_place())
    report = harness.Report()
    chance = random.Random(given.seed)
    kinds = given.kinds.split(",")
    operations = given.operations.split(",") if given.operations else bench.operations
    tasks = []
    try:
        for operation in operations:
            bench.reference(operation)
            known = {}
            for kind in kinds:
                reads = kind.startswith("read")
                if reads not in known:
                    known[reads] = calls_of(bench, operation, reads)
                calls = known[reads]
                points = [call for call in calls if ABOUT[kind] is None or call[1] in ABOUT[kind]]
                if given.at is not None:
                    points = [call for call in calls if call[0] == given.at]
                elif not given.long:
                    # One from each part of the operation, so that the sample is spread over all of it.
                    parts = min(len(points), max(1, given.points // (len(operations) * len(kinds))))
                    points = [points[chance.randrange(part * len(points) // parts, (part + 1) * len(points) // parts)]
                              for part in range(parts)]
                tasks += [(operation, kind, *call) for call in points]
        harness.each(tasks, lambda task: disturb(bench, report, *task, given.seed))
    finally:
        if not os.environ.get("FAULT_KEEP"):
            bench.close()
    return report.end(f"runs with a fault ({len(operations)} operations; {', '.join(kinds)})")


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/python3
"""The server's disk fails under it: full, an fsync that fails, power that goes, a crash at any call (the shim in front of
spirald), and a small disk that is really full (where one can be mounted). People get clear words and keep their work,
/healthz is not good meanwhile, the server serves again when there is room, and nothing acknowledged is lost.

    network_disk.py [--points 4] [--seed 1]"""
import argparse
import os
import random
import subprocess
import tempfile
import time

from network_bench import SHIM, College, Failed, Watch, eventually, need, script

# Of these the process goes on; of the others it ends at the fault.
LASTING = ("full-for-ever", "sync-for-ever")
PASSING = ("full", "sync")
ENDING = ("power", "crash", "torn")
DISK = 12 * 1024 * 1024


def calls_of_a_day(college, chance):
    """How many calls the server makes undisturbed at its start, and then while people work."""
    log = os.path.join(college.room.path, "calls")
    count = lambda: sum(1 for _ in open(log, "rb"))  # noqa: E731
    college.start(LD_PRELOAD=SHIM, FAULT_ROOT=college.server.replica, FAULT_LOG=log, FAULT_KIND="power", FAULT_AT="0")
    first = count()
    works(college, chance)
    college.daemon.stop()
    return first, count()


def works(college, chance):
    """Everybody writes and synchronises; how many could not."""
    failed = 0
    for person in college.people:
        for _ in range(2):
            person.writes(chance)
            failed += not person.syncs()
    return failed


def fails_at(college, chance, kind, at, told):
    environment = {"LD_PRELOAD": SHIM, "FAULT_ROOT": college.server.replica, "FAULT_KIND": kind, "FAULT_AT": str(at),
                   "FAULT_SEED": str(at)}
    when = f"{kind} at call {at}"
    try:
        daemon = college.start(**environment)
    except Failed:
        told["did not start"] = told.get("did not start", 0) + 1
        college.daemon = None
    else:
        before = [len(person.refusals) for person in college.people]
        failed = works(college, chance)
        said = [code for person, count in zip(college.people, before) for code in person.refusals[count:]]
        for code in said:
            told[code] = told.get(code, 0) + 1
        alive = daemon.process.poll() is None
        need(alive or kind in ENDING, when, "ended the server:", daemon.log)
        if alive and failed and kind in LASTING:
            need("server.disk" in said, when, "is told as", said)
            need(college.health()[0] == 503, when, "and /healthz is", college.health())
        if alive and kind in PASSING:
            eventually(f"{when}: /healthz is good again", lambda: college.health() == (200, "good"))
            need(works(college, chance) == 0 or failed == 0, when, "and the server serves nobody afterwards")
        acked = college.acked()
        daemon.kill()
    college.holds_acked(college.acked(), when)
    college.start()
    for person in college.people:
        need(person.syncs(), when, "and nobody is served after the next start:", person.refusals[-1:])
    need(college.health() == (200, "good"), when, "and not healthy after the next start")
    college.daemon.stop()


def small_disk(college, chance):
    """The server's folder on a disk of its own, with room for a few pages, and then with enough."""
    place = tempfile.mkdtemp(prefix="spiral-disk.")
    # The more was written before, the more the store holds; and whoever looks at it afterwards makes a view beside it.
    held = sum(os.path.getsize(os.path.join(folder, file)) for folder, _, files in os.walk(college.server.replica) for file in files)
    size = DISK + 3 * held
    if subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size},mode=700", "tmpfs", place], capture_output=True).returncode != 0:
        os.rmdir(place)
        print("no small disk: nothing can be mounted here")
        return
    ballast = os.path.join(place, "ballast")
    watch = None
    old = college.server.replica
    try:
        college.server.replica = college.server.environment["SPIRAL_REPLICA"] = os.path.join(place, "replica")
        subprocess.run(["cp", "-a", old, college.server.replica], check=True)
        college.start()
        person = college.people[0]
        need(person.syncs(), "not served on a small disk")
        watch = Watch(college.people[1])
        watch.awaits("connected")
        for pages in (0, 3, 30):
            free = os.statvfs(place).f_bavail * 4096
            with open(ballast, "wb") as file:
                os.posix_fallocate(file.fileno(), 0, max(4096, free - pages * 4096))
            for _ in range(40):
                person.writes(chance, "很长的一段文字" * 2000)
                if not person.syncs():
                    break
            else:
                raise Failed(f"with {pages} pages of room nothing was ever refused")
            need(person.refusals[-1] == "server.disk", "a full disk is told as", person.refusals[-1])
            need(college.health() == (503, "disk.full"), "a full disk, and /healthz says", college.health())
            if pages == 0:
                college.people[1].writes(chance)
                lost = watch.awaits("lost")
                need(lost["reason"] == "server.disk", "who watches is told", lost)
            time.sleep(3)
            need(college.health()[0] == 503, "good again without room")
            need(college.daemon.process.poll() is None, "a full disk ended the server")
            os.remove(ballast)
            eventually("good again when there is room", lambda: college.health() == (200, "good"))
            need(person.syncs(), "there is room, and nobody is served:", person.refusals[-1:])
        # Who watched was thrown out while something of theirs could not be stored, if at all, and is connected again.
        college.people[1].writes(chance)
        revision = college.people[1].written[-1].encode()
        eventually("who watches goes on", lambda: person.syncs() and revision in person.run("dump"), 40)
        need(watch.process.poll() is None, "a full disk of the server ended a watch")
        college.daemon.stop()
        college.holds_acked(college.acked(), "a small disk")
    finally:
        if watch:
            watch.kill()
        college.daemon.kill()
        if os.path.isdir(os.path.join(place, "replica")):
            subprocess.run(["rm", "-rf", old], check=True)
            subprocess.run(["cp", "-a", os.path.join(place, "replica"), old], check=True)
        college.server.replica = college.server.environment["SPIRAL_REPLICA"] = old
        subprocess.run(["umount", place], check=True)
        os.rmdir(place)


def main(room):
    options = argparse.ArgumentParser()
    options.add_argument("--points", type=int, default=4)
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--kinds", default=",".join(LASTING + PASSING + ENDING))
    given = options.parse_args()
    chance = random.Random(given.seed)
    college = College(room, 2)
    told = {}
    try:
        college.begin()
        college.daemon.stop()
        first, last = calls_of_a_day(college, chance)
        kinds = given.kinds.split(",")
        for number in range(given.points):
            for kind in kinds if given.points > len(kinds) else kinds[number::given.points]:
                # Now and then at the start, else while people work.
                at = chance.randrange(1, first) if chance.random() < 0.15 else chance.randrange(first, last)
                fails_at(college, chance, kind, at, told)
        small_disk(college, chance)
        college.start()
        _, written = college.ends_equal()
        print(f"calls: {first} at the start, {last} in a day; {written} revisions, {len(college.acked())} acknowledged; told: {told}")
    finally:
        college.close()


script(main)

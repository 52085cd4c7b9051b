#!/usr/bin/python3
"""kill -9 of the server or of a client at random moments, and halts of the server, while three people write and
synchronise over lines that are cut. Whatever `spiral sync` called done is on the server's disk at once; whatever a command
called written is there at the end, with everybody.

    network_kill.py [--kills 12] [--seed 1]"""
import argparse
import random
import signal
import threading
import time

from network_bench import College, Proxy, Watch, need, script


def works(person, seed, over, failures):
    chance = random.Random(seed)
    try:
        while not over.is_set():
            person.writes(chance)
            if chance.random() < 0.7:
                person.syncs()
    except BaseException as failure:   # told by the main thread
        failures.append(failure)


def halted(college, proxy):
    """A server whose kernel answers and that itself says nothing for good: a call ends, and the replica is free again."""
    person = college.people[0]
    college.daemon.sends(signal.SIGSTOP)
    need(not person.syncs() and person.refusals[-1] == "tls.timeout", "a halted server is told as", person.refusals[-1])
    college.daemon.sends(signal.SIGCONT)
    # The same within a session: after its handshake, of which some 2 KB are, the line carries nothing more.
    proxy.stalls, proxy.budget = True, lambda: 2600
    person.writes(random.Random(1), "长" * 5000)
    need(not person.syncs() and person.refusals[-1] == "tls.idle", "a silent server is told as", person.refusals[-1])
    proxy.stalls, proxy.budget = False, lambda: None
    # Who stays connected asks after a silence, and then gives up.
    with Watch(person) as watch:
        watch.awaits("connected")
        college.daemon.sends(signal.SIGSTOP)
        lost = watch.awaits("lost", 300)
        need(lost["reason"] == "tls.idle", "a halted server is told to who watches as", lost)
        college.daemon.sends(signal.SIGCONT)
        watch.awaits("connected", 60)


def main(room):
    options = argparse.ArgumentParser()
    options.add_argument("--kills", type=int, default=12)
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--halt", action="store_true")
    given = options.parse_args()
    chance = random.Random(given.seed)
    proxy = Proxy(None, lambda: None if chance.random() < 0.6 else int(chance.expovariate(1 / 6000)))
    college = College(room, 3, proxy.port)
    proxy.target = college.port
    budget, proxy.budget = proxy.budget, lambda: None
    counts = {"server": 0, "client": 0, "halt": 0}
    over, failures, threads = threading.Event(), [], []
    try:
        college.begin()
        proxy.budget = budget
        threads = [threading.Thread(target=works, args=(person, given.seed * 100 + number, over, failures))
                   for number, person in enumerate(college.people)]
        for thread in threads:
            thread.start()
        while counts["server"] + counts["client"] < given.kills and not failures:
            time.sleep(chance.random() * 0.6)
            what = chance.random()
            if what < 0.45:
                acked = college.acked()
                college.daemon.kill()
                college.holds_acked(acked, f"after kill {counts['server']} of the server")
                college.start()
                counts["server"] += 1
            elif what < 0.9:
                running = chance.choice(college.people).running
                if running and running.poll() is None:
                    running.kill()
                    counts["client"] += 1
            else:
                college.daemon.sends(signal.SIGSTOP)
                time.sleep(chance.random() * (2 if given.kills < 50 else 5))
                college.daemon.sends(signal.SIGCONT)
                counts["halt"] += 1
        over.set()
        for thread in threads:
            thread.join()
        if failures:
            raise failures[0]
        proxy.budget = lambda: None
        if given.halt:
            halted(college, proxy)
        people, written = college.ends_equal()
        refusals = sorted({code for person in college.people for code in person.refusals})
        print(f"{counts}, {proxy.cuts} lines cut; {written} revisions of {people} machines, {len(college.acked())} acknowledged; told: {refusals}")
        need(written > 0, "nobody wrote anything")
    finally:
        over.set()
        college.close()
        proxy.close()


script(main)

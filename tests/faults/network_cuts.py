#!/usr/bin/python3
"""Many replicas of one department on one server, over lines that are cut at random bytes, end with equal dumps.

    network_cuts.py [--replicas 6] [--rounds 3] [--seed 1]"""
import argparse
import random
from concurrent.futures import ThreadPoolExecutor

from network_bench import College, Proxy, need, script

AT_ONCE = 4


def main(room):
    options = argparse.ArgumentParser()
    options.add_argument("--replicas", type=int, default=6)
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--seed", type=int, default=1)
    given = options.parse_args()
    chance = random.Random(given.seed)
    # Most within the handshake or the first words, some after much: every part of a session is cut sooner or later.
    budget = lambda: int(chance.expovariate(1 / chance.choice((800, 3000, 20000))))  # noqa: E731
    proxy = Proxy(None)
    college = College(room, given.replicas - 1, proxy.port)
    proxy.target = college.port
    failed = 0

    def one(person, seed):
        own = random.Random(seed)
        for _ in range(own.randrange(1, 4)):
            person.writes(own)
        return sum(not person.syncs() for _ in range(2))

    try:
        college.begin()
        proxy.budget = budget
        with ThreadPoolExecutor(AT_ONCE) as pool:
            for number in range(given.rounds):
                seeds = [given.seed * 1_000_000 + number * 1000 + place for place in range(given.replicas)]
                failed += sum(pool.map(one, (college.founder, *college.people), seeds))
                # Work on what others wrote, so that there is something to join and to differ.
                known = sorted({document for person in college.people for document in person.documents if person.acked})
                for person in college.people:
                    held = {each["id"] for each in person.json("doc", "list")}
                    person.documents = [document for document in known if document in held] or person.documents
        need(proxy.cuts > 0 and failed > 0, "no line was ever cut")
        proxy.budget = lambda: None
        replicas, written = college.ends_equal()
        print(f"{replicas} replicas, {written} revisions, {proxy.cuts} lines cut, {failed} synchronisations that were to be done again")
    finally:
        college.close()
        proxy.close()


script(main)

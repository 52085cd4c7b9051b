#!/usr/bin/python3
"""A large attachment whose way is cut at 90 %: up to the server, and down to three people and a hub. It goes on from the
server, from the hub and from a stick, and of what had arrived nothing travels again but the piece that was cut.

    network_attachment.py [--megabytes 20] [--cut 0.9]"""
import argparse
import hashlib
import json
import os
import subprocess
import time

from network_bench import SPIRAL, UNIT, College, Daemon, Proxy, eventually, free_port, install, need, script

MIB = 1024 * 1024
# TLS's records, lengths, the frames and answers of a session: what a line carries besides pieces.
OVERHEAD, BESIDES = 1.004, 200 * 1024
# What lay in the system's buffers when the line was reset never reached the program.
BUFFERS = 4 * MIB
TIMEOUT = 3000


class Clock:
    """What each part of the way took, for who reads the figures."""

    def __init__(self):
        self.began = time.monotonic()

    def tells(self, what):
        now = time.monotonic()
        print(f"  {what}: {now - self.began:.1f} s", flush=True)
        self.began = now


class CutsOnce(Proxy):
    """Cuts the next line when it has carried `left` bytes, if that is set, and no other."""

    def __init__(self):
        self.left = None
        super().__init__(None, self.once)

    def once(self):
        left, self.left = self.left, None
        return left


def makes(path, megabytes):
    """Bytes that no packer makes smaller; the last piece is short."""
    whole = hashlib.sha256()
    with open(path, "wb") as file:
        for number in range(megabytes):
            data = os.urandom(MIB if number + 1 < megabytes else MIB - 12345)
            whole.update(data)
            file.write(data)
    return whole.hexdigest()


def arrived(machine, sha256):
    """Pieces that are whole and right in the folder of a machine, by its own list of hashes; all if the file is there."""
    folder = os.path.join(machine.replica, "attachments", sha256[:2])
    if os.path.exists(os.path.join(folder, sha256[2:])):
        return None
    names = [name for name in os.listdir(folder) if name.startswith(sha256[2:] + ".") and name.endswith(".list")]
    need(len(names) == 1, machine.name, "has no list of pieces:", names)
    with open(os.path.join(folder, names[0]), "rb") as file:
        hashes = file.read()[:-32]
    right = 0
    with open(os.path.join(folder, names[0][:-5] + ".part"), "rb") as part:
        for at in range(0, len(hashes), 32):
            right += hashlib.sha256(part.read(MIB)).digest() == hashes[at:at + 32]
    return right


def syncs(person, *words, status=0):
    done = subprocess.run([SPIRAL, "sync", *words, "--json"], cwd=person.folder, env=person.environment, stdin=subprocess.DEVNULL,
                          capture_output=True, timeout=TIMEOUT)
    need(done.returncode == status, person.name, words, "ended with", done.returncode, done.stdout[:600], done.stderr[:300])
    return json.loads(done.stdout)


def does(person, *words):
    done = subprocess.run([SPIRAL, *words, "--json"], cwd=person.folder, env=person.environment, stdin=subprocess.DEVNULL,
                          capture_output=True, timeout=TIMEOUT)
    need(done.returncode == 0, person.name, words, done.stdout[:600], done.stderr[:300])
    return json.loads(done.stdout)


def cut(proxy, person, budget, receiver, sha256, pieces):
    """A synchronisation whose line is cut after so many bytes; how many pieces had arrived. No more than one piece of what
    the line carried is lost."""
    proxy.left = budget
    told = syncs(person, status=4)
    need(told["error"]["code"].startswith(("tls.", "session.cut")), person.name, "is told", told)
    # A server may still be writing what it was given.
    before, have = None, arrived(receiver, sha256)
    while have is not None and have != before:
        time.sleep(1)
        before, have = have, arrived(receiver, sha256)
    need(have is not None and 0 < have < pieces, receiver.name, "was not cut in the middle:", have, "of", pieces)
    lost = budget - have * MIB
    need(lost <= MIB * OVERHEAD + (OVERHEAD - 1) * budget + BESIDES + BUFFERS, f"{receiver.name}: {lost} bytes that were carried are lost")
    return have


def saved(person, document, folder, size, sha256):
    """Gives the file out again and looks at its bytes; the copy is removed."""
    place = os.path.join(folder, "saved-" + person.name)
    os.mkdir(place)
    (file,) = does(person, "doc", "files", document, "--save", place)
    need(file["here"] and file["size"] == size, person.name, "has not the file:", file)
    whole = hashlib.sha256()
    with open(file["saved"], "rb") as given:
        while data := given.read(MIB):
            whole.update(data)
    need(whole.hexdigest() == sha256, person.name, "gives out other bytes")
    os.remove(file["saved"])


def main(room):
    options = argparse.ArgumentParser()
    options.add_argument("--megabytes", type=int, default=20)
    options.add_argument("--cut", type=float, default=0.9)
    given = options.parse_args()
    proxy = CutsOnce()
    college = College(room, 4, proxy.port)
    proxy.target = college.port
    li, wang, zhao, qian = college.people
    hub_port = free_port()
    hub_url = f"spiral://127.0.0.1:{hub_port}"
    hub = install(room, college.founder, "west", "--hub", "--scope", f"unit/{UNIT}", "--scope", "college", "--server", hub_url)
    campus = None
    pieces, budget = given.megabytes, int(given.megabytes * MIB * given.cut)
    clock = Clock()
    try:
        college.begin()
        document = does(li, "doc", "new", "plan", "--unit", UNIT, "--set", "title=录像")["id"]
        film = os.path.join(room.path, "录像.mp4")
        sha256, size = makes(film, given.megabytes), os.path.getsize(film)
        clock.tells("made")
        does(li, "doc", "attach", document, film)
        os.remove(film)
        clock.tells("attached")

        have = cut(proxy, li, budget, college.server, sha256, pieces)
        clock.tells(f"up to the server, cut with {have} of {pieces} pieces there")
        told = syncs(li)
        need(told["pieces_sent"] == pieces - have, "the server had", have, "and was sent", told["pieces_sent"])
        need(syncs(li)["pieces_sent"] == 0 and arrived(college.server, sha256) is None, "not whole at the server")
        clock.tells("the rest up")

        for person in (wang, zhao, qian):
            person.have = cut(proxy, person, budget, person, sha256, pieces)
        clock.tells("down from the server to three, cut with " + ", ".join(str(person.have) for person in (wang, zhao, qian)))
        told = syncs(wang)
        need(told["pieces_received"] == pieces - wang.have and told["agreed"], "from the server came", told["pieces_received"])
        clock.tells("the rest from the server")

        proxy.left = budget
        campus = Daemon(hub, None, "--data", hub.replica, "--listen", f"127.0.0.1:{hub_port}", "--web", "127.0.0.1:0")
        campus.awaits("upstream-failed", TIMEOUT)
        before = arrived(hub, sha256)
        need(before is not None and budget - before * MIB <= MIB * OVERHEAD + (OVERHEAD - 1) * budget + BESIDES + BUFFERS, "the hub lost more than a piece:", before)
        clock.tells(f"down to the hub, cut with {before} of {pieces} pieces there")
        eventually("the hub goes on by itself", lambda: arrived(hub, sha256) is None, TIMEOUT)
        clock.tells("the rest to the hub")
        told = syncs(zhao, hub_url)
        need(told["pieces_received"] == pieces - zhao.have, "from the hub came", told["pieces_received"], "and", pieces - zhao.have, "were missing")
        clock.tells("the rest from the hub")

        stick = room.stick("film.spiral")
        does(li, "sync", "--export", stick)
        clock.tells("onto a stick")
        told = does(qian, "sync", "--import", stick)
        need(told["pieces"] == pieces - qian.have, "from the stick came", told["pieces"], "and", pieces - qian.have, "were missing")
        os.remove(stick)
        clock.tells("the rest from the stick")
        for person in (wang, zhao, qian):
            saved(person, document, room.path, size, sha256)
        clock.tells("given out and compared, three times")
        need(college.health() == (200, "good"), "the server is ill:", college.health())
        print(f"{size} bytes in {pieces} pieces, cut at {given.cut:.0%}")
    finally:
        if campus:
            campus.kill()
        college.close()
        proxy.close()


script(main)

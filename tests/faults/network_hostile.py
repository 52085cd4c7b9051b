#!/usr/bin/python3
"""Strangers and an enrolled device that mean harm, against a server that honest people use at the same time: each honest
synchronisation succeeds, the server's memory stays bounded, and it is healthy afterwards.

    network_hostile.py [--seconds 1] [--most-mb 200]"""
import argparse
import random
import socket
import ssl
import subprocess
import threading
import time

from network_bench import HOSTILE_PEER, College, need, script

STRANGERS = 500
KINDS = ("asks", "tips", "everything", "small", "bomb", "garbage", "frames", "early", "mute")
# The beginning of a TLS 1.3 hello, whose rest never comes.
HALF_HELLO = bytes.fromhex("1603010200010001fc0303") + bytes(100)


def memory(pid):
    with open(f"/proc/{pid}/status") as file:
        return next(int(line.split()[1]) // 1024 for line in file if line.startswith("VmRSS"))


def stranger(port, number):
    """From another address each hundred: of one address the server takes 128 handshakes at a time."""
    made = socket.socket()
    made.bind((f"127.0.0.{2 + number // 100}", 0))
    made.settimeout(5)
    made.connect(("127.0.0.1", port))
    return made


def unproven(port, number):
    """TLS as it should be, with nobody behind it that the server knows."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.set_alpn_protocols(["spiral/1"])
    return context.wrap_socket(stranger(port, number), server_hostname="spiral")


def strangers(port, over, chance):
    """What each of the strangers does is one of five."""
    held, dripping = [], []
    for number in range(STRANGERS):
        try:
            what = number % 5
            if what == 3 and number % 25 == 3:
                one = unproven(port, number)
                one.sendall(b"\xff\xff\xff\xff" + bytes(chance.randrange(0, 3000)))
            elif what == 3 and number % 25 == 8:
                one = unproven(port, number)
                one.sendall((400_000).to_bytes(4, "little") + bytes(1000))
                dripping.append(one)
            else:
                one = stranger(port, number)
                if what == 1:
                    one.sendall(chance.randbytes(chance.randrange(1, 4000)))
                elif what == 2:
                    one.sendall(HALF_HELLO)
                elif what == 4:
                    dripping.append(one)
            held.append(one)
        except OSError:
            pass   # thrown out, which is as good
    while not over.wait(0.3):
        for one in dripping:
            try:
                one.send(b"\x16")
            except OSError:
                pass
    for one in held:
        one.close()


def main(room):
    options = argparse.ArgumentParser()
    options.add_argument("--seconds", type=int, default=1)
    options.add_argument("--most-mb", type=int, default=200)
    options.add_argument("--kinds", default=",".join(KINDS))
    given = options.parse_args()
    chance = random.Random(1)
    college = College(room, 2)
    honest, eve = college.people
    worst = {}
    attackers = []
    try:
        college.begin()
        pid = college.daemon.process.pid
        calm = memory(pid)

        def meanwhile(name, going):
            """The honest go on for as long as the attack lasts, and at least twice."""
            number, longest = 0, 0
            while number < 2 or going():
                honest.writes(chance)
                began = time.monotonic()
                need(honest.syncs(), f"{name}: an honest synchronisation failed:", honest.refusals[-1:])
                longest = max(longest, time.monotonic() - began)
                worst[name] = (max(worst.get(name, (0,))[0], memory(pid)), round(longest, 1))
                number += 1
            need(worst[name][0] < calm + given.most_mb, f"{name}: the server took {worst[name][0]} MB, {calm} before")

        over = threading.Event()
        thread = threading.Thread(target=strangers, args=(college.port, over, chance), daemon=True)
        thread.start()
        until = time.monotonic() + 4 * given.seconds
        meanwhile("strangers", lambda: time.monotonic() < until)
        over.set()
        thread.join()
        for kind in given.kinds.split(","):
            attacker = subprocess.Popen([HOSTILE_PEER, eve.replica, room.passphrase, str(college.port), kind, str(given.seconds)],
                                        stdout=subprocess.PIPE, text=True)
            attackers.append(attacker)
            meanwhile(kind, lambda: attacker.poll() is None)
            told = attacker.communicate()[0]
            need(attacker.returncode == 0 and not told.startswith("0 "), kind, "never came through:", told)
            worst[kind] += (told.strip(),)
        need(college.daemon.process.poll() is None and college.health() == (200, "good"), "not healthy afterwards")
        print(f"{calm} MB in calm; most while attacked, longest honest synchronisation, what was done:")
        for name, what in worst.items():
            print(" ", name, *what)
        college.ends_equal()
    finally:
        for attacker in attackers:
            if attacker.poll() is None:
                attacker.kill()
        college.close()


script(main)

#!/usr/bin/python3
"""The passphrase at a terminal, without echo; the agent that keeps the key for a while; locking again."""
import os
import pty
import select
import time

from machines import SPIRAL, Machine, found, need, script

WAIT = 60


def at_terminal(machine, words, answers):
    """Runs spiral with a terminal of its own, typing each answer when its prompt has come. Gives status and screen."""
    environment = {key: value for key, value in machine.environment.items() if key not in ("SPIRAL_PASSPHRASE_FILE", "SPIRAL_NO_AGENT")}
    child, terminal = pty.fork()
    if child == 0:
        os.chdir(machine.folder)
        os.execve(SPIRAL, [SPIRAL, *words], environment)
    screen, end = b"", time.monotonic() + WAIT
    try:
        while time.monotonic() < end:
            ready, _, _ = select.select([terminal], [], [], 1)
            if not ready:
                continue
            try:
                piece = os.read(terminal, 4096)
            except OSError:
                break
            if not piece:
                break
            screen += piece
            if answers and answers[0][0].encode() in screen:
                os.write(terminal, answers.pop(0)[1].encode() + b"\n")
    finally:
        os.close(terminal)
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status), screen.decode(errors="replace")


def main(room):
    machine = found(room)
    secret = "correct horse battery staple"
    plain = {"SPIRAL_PASSPHRASE_FILE": "", "SPIRAL_NO_AGENT": ""}

    status, screen = at_terminal(machine, ["doc", "new", "plan", "--set", "title=甲"], [("口令", "wrong horse battery")])
    need(status == 1 and "口令不对" in screen, status, screen)
    status, screen = at_terminal(machine, ["doc", "new", "plan", "--set", "title=甲"], [("口令", secret)])
    need(status == 0 and "已保存" in screen, status, screen)
    need("horse" not in screen, "the passphrase was shown")

    # Ctrl-C at the prompt ends the program, and the terminal has its echo again.
    machine.json("lock")
    status, screen = at_terminal(machine, ["doc", "new", "plan", "--set", "title=断"], [("口令", "\x03")])
    need(status == -2, "Ctrl-C at the prompt gives", status, screen)
    status, screen = at_terminal(machine, ["doc", "new", "plan", "--set", "title=甲二"], [("口令", secret)])
    need(status == 0, status, screen)

    # The agent has the key now: nobody is asked, not even without a terminal.
    status, screen = at_terminal(machine, ["doc", "new", "plan", "--set", "title=乙"], [])
    need(status == 0 and "口令" not in screen, status, screen)
    for name in plain:
        machine.environment.pop(name)
    machine.json("doc", "new", "plan", "--set", "title=丙")
    sockets = [os.path.join(folder, name) for folder, _, names in os.walk(machine.replica) for name in names if name.endswith(".sock")]
    need(len(sockets) == 1 and os.stat(os.path.dirname(sockets[0])).st_mode & 0o777 == 0o700, sockets)
    machine.json("backup", room.stick("with-agent.backup"))

    machine.json("lock")
    machine.refused("doc", "new", "plan", "--set", "title=丁", status=3, code="passphrase.no-terminal")
    need(len([each for each in machine.json("doc", "list") if each["type"] == "plan.v1"]) == 4, "what was refused was written")
    for folder, _, names in os.walk(room.path):
        for name in names:
            path = os.path.join(folder, name)
            if path == room.passphrase or name.endswith(".sock"):
                continue
            with open(path, "rb") as file:
                need(secret.encode() not in file.read(), "the passphrase lies in", path)

    # A progress bar is for people at a terminal; a table keeps its columns under each other.
    status, screen = at_terminal(machine, ["doc", "list"], [])
    need(status == 0 and "编号" in screen, screen)


script(main)

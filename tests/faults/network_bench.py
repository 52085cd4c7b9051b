"""What the network tests of this folder share: a college of real processes, a proxy that cuts lines, and what everybody
was told. The machines are those of tests/e2e."""
import os
import random
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "e2e"))
import machines  # noqa: E402
from machines import SPIRAL, Daemon, Failed, Machine, Room, Watch, eventually, found, free_port, install, need  # noqa: E402,F401

SHIM, HOSTILE_PEER = os.environ.get("FAULT_SHIM"), os.environ.get("HOSTILE_PEER")
UNIT = "jwc"
# What a synchronisation may say when the server or the line is not well; anything else is a bug.
PASSING = ("tls.", "session.cut", "server.disk")


class Proxy:
    """Passes connections on to `target`, each until it has carried as many bytes as `budget` says; None: for ever."""

    def __init__(self, target, budget=lambda: None):
        self.target, self.budget, self.cuts = target, budget, 0
        self.stalls = False   # then a line that has carried its bytes is held open and carries nothing more
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accepts, daemon=True).start()

    def accepts(self):
        while True:
            try:
                near, _ = self.listener.accept()
            except OSError:
                return
            try:
                far = socket.create_connection(("127.0.0.1", self.target))
            except OSError:
                near.close()
                continue
            line = {"left": self.budget(), "lock": threading.Lock(), "ends": (near, far)}
            for source, sink in ((near, far), (far, near)):
                threading.Thread(target=self.carries, args=(line, source, sink), daemon=True).start()

    def carries(self, line, source, sink):
        try:
            while data := source.recv(16384):
                with line["lock"]:
                    left = line["left"]
                    if left == 0 and self.stalls:
                        return
                    if left is not None:
                        data = data[:left]
                        line["left"] = left - len(data)
                sink.sendall(data)
                if left is not None and left <= len(data):
                    self.cuts += 1
                    if self.stalls:
                        return
                    break
            else:
                sink.shutdown(socket.SHUT_WR)
                return
        except OSError:
            pass
        # As a line breaks: some of the time with a reset, else without a word.
        for end in line["ends"]:
            try:
                if random.random() < 0.5:
                    end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                end.shutdown(socket.SHUT_RDWR)
                end.close()
            except OSError:
                pass

    def close(self):
        self.listener.close()


class Person(Machine):
    """A machine that remembers what its programs called done: `written` by this one, `acked` by the server."""

    def __init__(self, room, name):
        super().__init__(room, name)
        self.written, self.acked, self.running, self.refusals = [], set(), None, []
        self.documents = []

    def does(self, *words):
        """(status, JSON); status None if somebody killed it."""
        self.running = subprocess.Popen([SPIRAL, *words, "--json"], cwd=self.folder, env=self.environment, stdin=subprocess.DEVNULL,
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        out, err = self.running.communicate(timeout=240)
        status = self.running.returncode
        if status == -signal.SIGKILL:
            return None, {}
        need(status in (0, 1, 2, 4), self.name, *(word[:40] for word in words), "ended with", status, err.decode(errors="replace"))
        return status, machines.json.loads(out)

    def writes(self, chance, text=None):
        text = text or f"{self.name} {chance.random()}" + "文" * chance.randrange(0, 400)
        if self.documents and chance.random() < 0.6:
            status, told = self.does("doc", "edit", chance.choice(self.documents), "--set", f"content={text}")
        else:
            status, told = self.does("doc", "new", "plan", "--unit", UNIT, "--set", f"title={text[:60]}", "--set", f"content={text}")
            if status == 0:
                self.documents.append(told["id"])
        if status == 0:
            self.written.append(told["revision"])
        else:
            need(status is None, self.name, "could not write:", told)

    def syncs(self):
        """True if the server has all; else it was killed, or told why in clear words."""
        before = len(self.written)
        status, told = self.does("sync")
        if status == 0:
            need(told["agreed"] and not told["refused"] and not told["pending"], self.name, "is not equal:", told)
            self.acked.update(self.written[:before])
            return True
        if status is not None:
            error = told.get("error", {})
            need(status == 4 and error.get("code", "").startswith(PASSING) and error["message"] and error["next"],
                 self.name, "was told", status, told)
            self.refusals.append(error["code"])
        return False


class College:
    """A founder, a server and people of one department. `url_port`: what the registry says; the server may lie behind."""

    def __init__(self, room, people, url_port=None, server_folder=None):
        self.room, self.port = room, free_port()
        self.url_port = url_port or self.port
        self.founder = found(room, units=[(UNIT, "教务处", "东校区")])
        self.founder.__class__ = Person
        vars(self.founder).update(written=[], acked=set(), running=None, refusals=[], documents=[])
        self.founder.json("registry", "grant", self.founder.status()["person"], "quality@college")
        self.server = install(room, self.founder, "centre", "--server", f"spiral://127.0.0.1:{self.url_port}")
        self.people = [self.joins(f"p{number}", f"人{number}") for number in range(people)]
        self.daemon = None

    def joins(self, name, person):
        machine = Person(self.room, name)
        invitation, request, welcome = (self.room.stick(f"{name}.{kind}") for kind in ("invitation", "request", "welcome"))
        self.founder.json("invite", "--person", person, "--unit", UNIT, "--role", "clerk", "-o", invitation)
        told = machine.json("join", machine.replica, invitation, "-o", request)
        self.founder.json("enrol", request, "--digits", told["digits"], "-o", welcome)
        machine.json("join", machine.replica, "--finish", welcome)
        return machine

    def start(self, **environment):
        self.daemon = Daemon(self.server, None, "--data", self.server.replica, "--listen", f"127.0.0.1:{self.port}", "--web",
                             "127.0.0.1:0", **environment)
        return self.daemon

    def begin(self):
        self.start()
        for machine in (self.founder, *self.people):
            need(machine.syncs(), machine.name, "cannot synchronise at the start")

    def health(self):
        """(status, text) of /healthz."""
        try:
            with urllib.request.urlopen(f"http://{self.daemon.web}/healthz", timeout=20) as answer:
                return answer.status, answer.read().decode().strip()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode().strip()

    def acked(self):
        return set().union(*(machine.acked for machine in (self.founder, *self.people)))

    def holds_acked(self, acked, when):
        """Of the server's folder, nobody serving: every revision that it called stored."""
        dump = self.server.run("dump").decode()
        lost = [revision for revision in acked if revision not in dump]
        need(not lost, f"{when}: the server lost {len(lost)} of {len(acked)} acknowledged revisions:", lost[:3])

    def ends_equal(self):
        """Everybody synchronises until all have all; then the dumps are equal and everything is whole."""
        everybody = (self.founder, *self.people)
        for _ in range(2):
            for machine in everybody:
                need(machine.syncs(), machine.name, "cannot synchronise at the end:", machine.refusals[-1:])
        self.daemon.stop()
        whole = self.server.run("dump")
        need(self.founder.run("dump") == whole, "who reads everything holds something else than the server")
        dumps = {machine.run("dump") for machine in self.people}
        need(len(dumps) == 1, "people of one department hold different things")
        for machine in everybody:
            lost = [revision for revision in machine.written if revision.encode() not in whole]
            need(not lost, machine.name, "wrote what is nowhere:", lost[:3])
        for machine in (*everybody, self.server):
            need(machine.json("check", "--deep")["good"], machine.name, "is not whole")
        return len(everybody), sum(len(machine.written) for machine in everybody)

    def close(self):
        for machine in (self.founder, *self.people):
            if machine.running and machine.running.poll() is None:
                machine.running.kill()
        if self.daemon:
            self.daemon.kill()


def script(main):
    if not machines.SPIRALD:
        sys.exit(77)
    try:
        with Room() as room:
            main(room)
    except Failed as failure:
        sys.exit(f"FAILED: {failure}")
    print("good")

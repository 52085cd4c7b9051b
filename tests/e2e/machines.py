"""Machines for the end-to-end scripts: each has a folder, a home and a state of its own, as computers do."""
import json
import os
import queue
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request

SPIRAL = os.environ["SPIRAL"]
SPIRALD = os.environ.get("SPIRALD", "")
SOURCE = os.environ.get("SPIRAL_SOURCE", os.getcwd())


class Failed(Exception):
    pass


def need(condition, *what):
    if not condition:
        raise Failed(" ".join(str(each) for each in what))


class Room:
    """The folder that all machines of a script stand in; removed at the end. `carried` is the USB stick."""

    def __init__(self):
        self.path = tempfile.mkdtemp(prefix="spiral-e2e-")
        self.carried = os.path.join(self.path, "stick")
        os.mkdir(self.carried)
        self.passphrase = os.path.join(self.path, "passphrase")
        with open(self.passphrase, "w") as file:
            file.write("correct horse battery staple\n")

    def stick(self, name):
        return os.path.join(self.carried, name)

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        shutil.rmtree(self.path, ignore_errors=True)


class Machine:
    def __init__(self, room, name, replica=None):
        self.room, self.name = room, name
        self.folder = os.path.join(room.path, name)
        os.makedirs(self.folder, exist_ok=True)
        self.replica = replica or os.path.join(self.folder, "replica")
        self.environment = {
            "PATH": os.environ["PATH"],
            "HOME": os.path.join(self.folder, "home"),
            "XDG_STATE_HOME": os.path.join(self.folder, "state"),
            "SPIRAL_REPLICA": self.replica,
            "SPIRAL_PASSPHRASE_FILE": room.passphrase,
            "SPIRAL_NO_AGENT": "1",
            "TZ": "Asia/Shanghai",
        }
        os.makedirs(self.environment["HOME"], exist_ok=True)

    def run(self, *words, status=0, data=None, **environment):
        """Runs spiral; any other exit status than the one expected ends the script. Gives standard output as bytes."""
        done = subprocess.run([SPIRAL, *words], cwd=self.folder, env={**self.environment, **environment}, input=data,
                              stdin=None if data is not None else subprocess.DEVNULL, capture_output=True, timeout=120)
        statuses = status if isinstance(status, tuple) else (status,)
        need(done.returncode in statuses, f"{self.name}: spiral {' '.join(words)}: status {done.returncode}, not {statuses}\n",
             done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace"))
        self.err = done.stderr.decode()
        return done.stdout

    def text(self, *words, **options):
        return self.run(*words, **options).decode()

    def json(self, *words, **options):
        """One JSON document, and nothing on standard error."""
        out = self.run(*words, "--json", **options)
        document = json.loads(out)
        need(not self.err, self.name, words, "said beside its JSON:", self.err)
        return document

    def refused(self, *words, status, code=None):
        error = self.json(*words, status=status)["error"]
        need(error["message"] and error["next"], words, "says not what next:", error)
        need(code is None or error["code"] == code, words, "refused for", error["code"], "and not", code)
        return error

    def status(self):
        """The status, after checking that every row is counted once."""
        status = self.json("status")
        counts = status["counts"]
        total = sum(counts[name] for name in ("current", "superseded", "different", "pending", "quarantined", "redacted"))
        need(total == counts["total"], self.name, "counts", total, "of", counts["total"])
        return status

    def dump(self):
        out = self.run("dump")
        for line in out.splitlines():
            json.loads(line)
        return out


class Daemon:
    """spirald at work on one machine, on ports of its own; stopped with SIGTERM, by its process id."""

    def __init__(self, machine, data, *words, **environment):
        self.notices = os.path.join(machine.folder, "notify")
        if os.path.exists(self.notices):
            os.remove(self.notices)
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(self.notices)
        self.socket.setblocking(False)
        command = words or ("--data", data, "--listen", "127.0.0.1:0", "--web", "127.0.0.1:0")
        self.log, self.name = [], machine.name
        self.process = subprocess.Popen([SPIRALD, *command], cwd=machine.folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, text=True,
                                        env={**machine.environment, "NOTIFY_SOCKET": self.notices, **environment})
        # Read all the time: a server whose log nobody takes would wait for that for ever.
        self.lines = queue.SimpleQueue()
        self.reader = threading.Thread(target=self.reads, daemon=True)
        self.reader.start()
        try:
            listening = self.awaits("listening")
        except Failed:
            self.kill()
            raise
        self.listen, self.web = listening["listen"], listening.get("web")

    def reads(self):
        for line in self.process.stderr:
            self.lines.put(line)
        self.lines.put(None)

    def awaits(self, event, seconds=120):
        """Reads the log up to an event; each line is one JSON object."""
        until = time.monotonic() + seconds
        while True:
            try:
                line = self.lines.get(timeout=max(0, until - time.monotonic()))
            except queue.Empty:
                raise Failed(f"{self.name}: no {event} within {seconds} s: {self.log[-20:]}") from None
            if line is None:
                break
            self.log.append(json.loads(line))
            need({"t", "level", "event"} <= set(self.log[-1]), "a line of the log is not whole:", line)
            if self.log[-1]["event"] == event:
                return self.log[-1]
        raise Failed(f"{self.name}: spirald ended before {event}: {self.log}")

    def page(self, path):
        with urllib.request.urlopen(f"http://{self.web}{path}", timeout=20) as answer:
            return answer.read().decode()

    def told(self):
        """What the service manager was told since the last time."""
        notices = []
        while True:
            try:
                notices.append(self.socket.recv(4096).decode().split("\n")[0])
            except BlockingIOError:
                return notices

    def sends(self, number):
        os.kill(self.process.pid, number)

    def stop(self, number=signal.SIGTERM):
        self.sends(number)
        self.process.wait(timeout=60)
        out = self.process.stdout.read()
        self.ended()
        need(self.process.returncode == 0, f"{self.name}: spirald ended with {self.process.returncode}: {self.log}")
        need(not out, "spirald writes to standard output:", out)

    def ended(self):
        """The rest of the log, when the process is gone."""
        self.reader.join(timeout=20)
        while not self.lines.empty():
            line = self.lines.get()
            self.log += [json.loads(line)] if line else []

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.ended()
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        self.kill()


class Watch:
    """`spiral sync --watch --json` beside other commands of the same machine."""

    def __init__(self, machine, *words):
        self.machine, self.events = machine, queue.SimpleQueue()
        self.process = subprocess.Popen([SPIRAL, "sync", "--watch", "--json", *words], cwd=machine.folder, env=machine.environment,
                                        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.reader = threading.Thread(target=self.reads, daemon=True)
        self.reader.start()

    def reads(self):
        for line in self.process.stdout:
            self.events.put(json.loads(line))
        self.events.put(None)

    def awaits(self, name, seconds=30):
        until = time.monotonic() + seconds
        while True:
            try:
                event = self.events.get(timeout=max(0, until - time.monotonic()))
            except queue.Empty:
                raise Failed(f"{self.machine.name}: the watch does not say {name} within {seconds} s") from None
            need(event is not None, self.machine.name, "ended its watch before", name, self.process.stderr.read() if event is None else "")
            if event.get("event", "error" if "error" in event else None) == name:
                return event

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        self.kill()


def eventually(what, condition, seconds=20):
    """Asks until it is so."""
    until = time.monotonic() + seconds
    while not condition():
        need(time.monotonic() < until, f"not within {seconds} s:", what)
        time.sleep(0.1)


def free_port():
    """Free a moment ago; a server whose address the registry names needs to know it before it starts."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def spirald(machine, *words, status=0):
    """One command of spirald that ends by itself: its JSON, or what it said on standard error."""
    done = subprocess.run([SPIRALD, *words], cwd=machine.folder, env=machine.environment, stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, timeout=120)
    need(done.returncode == status, f"spirald {' '.join(words)}: status {done.returncode}, not {status}\n", done.stdout, done.stderr)
    return json.loads(done.stdout) if "--json" in words else done.stderr


def install(room, keeper, name, *invited):
    """The machine of a server or hub, enrolled with digits: invitation, request, digits read aloud, welcome."""
    machine = Machine(room, name)
    invitation, request, welcome = (room.stick(f"{name}.{kind}") for kind in ("invitation", "request", "welcome"))
    keeper.json("invite", "--as-server", name, *invited, "-o", invitation)
    told = spirald(machine, "init", "--data", machine.replica, invitation, "-o", request, "--json")
    need(keeper.json("digits", request)["digits"] == told["digits"], "the digits differ")
    keeper.json("enrol", request, "--digits", told["digits"], "-o", welcome)
    need(spirald(machine, "--data", machine.replica, "--finish", welcome, "--json")["name"] == name, "enrolled as another")
    return machine


def found(room, name="王芳", college="示范学院", domain="qa.example.edu.cn", units=()):
    machine = Machine(room, "founder")
    machine.json("init", machine.replica, "--college", college, "--domain", domain, "--person", name)
    for unit, title, campus in units:
        machine.json("unit", "add", unit, title, "--campus", campus)
    return machine


def join(room, keeper, name, person, *invited):
    """Invitation, request, digits read aloud, welcome: as two people do it."""
    machine = Machine(room, name)
    invitation, request, welcome = (room.stick(f"{name}.{kind}") for kind in ("invitation", "request", "welcome"))
    keeper.json("invite", *(invited if "--another-device-of" in invited else ("--person", person, *invited)), "-o", invitation)
    told = machine.json("join", machine.replica, invitation, "-o", request)
    need(keeper.json("digits", request)["digits"] == told["digits"], "the digits differ")
    need(machine.text("digits", request).strip() == told["digits"], "the joiner sees other digits")
    keeper.json("enrol", request, "--digits", told["digits"], "-o", welcome)
    need(machine.json("join", machine.replica, "--finish", welcome)["person_name"] == person, "joined as somebody else")
    return machine


def carry(room, source, *targets, status=0):
    """Everything the source holds, on a stick to each target."""
    file = room.stick("carried.spiral")
    source.json("sync", "--export", file)
    return [target.json("sync", "--import", file, status=status) for target in targets]


def script(main):
    try:
        with Room() as room:
            main(room)
    except Failed as failure:
        sys.exit(f"FAILED: {failure}")
    print("good")

"""Machines for the end-to-end scripts: each has a folder, a home and a state of its own, as computers do."""
import json
import os
import shutil
import subprocess
import sys
import tempfile

SPIRAL = os.environ["SPIRAL"]
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

#!/usr/bin/python3
"""The command line as scripts rely on it: exit statuses, one JSON document on stdout, help in both languages,
completion that loads, signatures that stock ssh-keygen accepts, and a revocation that every replica reads alike."""
import json
import os
import pathlib
import subprocess
import tempfile

SPIRAL = os.environ["SPIRAL"]
place = pathlib.Path(tempfile.mkdtemp(prefix="spiral-e2e-"))
(place / "passphrase").write_text("a passphrase for tests\n")


def run(device, *arguments, status=0, stdin=b""):
    home = place / "home" / device
    (home / "run").mkdir(parents=True, exist_ok=True)
    os.chmod(home / "run", 0o700)
    environment = {
        "PATH": os.environ["PATH"], "HOME": str(home), "XDG_STATE_HOME": str(home / "state"),
        "XDG_RUNTIME_DIR": str(home / "run"), "SPIRAL_REPLICA": str(place / device), "LANG": "C.UTF-8",
        "SPIRAL_PASSPHRASE_FILE": str(place / "passphrase"),
    }
    done = subprocess.run([SPIRAL, *map(str, arguments)], env=environment, input=stdin, capture_output=True, timeout=120)
    if status is not None:
        assert done.returncode == status, (arguments, done.returncode, done.stdout.decode(), done.stderr.decode())
    return done


def told(device, *arguments, status=0):
    return json.loads(run(device, "--json", *arguments, status=status).stdout)


def joins(device, name, unit, *roles):
    options = [part for role in roles for part in ("--role", role)]
    run("office", "invite", "--person", name, "--unit", unit, *options, "-o", place / f"{device}.invitation")
    run(device, "join", place / device, place / f"{device}.invitation", "-o", place / f"{device}.request")
    # --yes alone enrols nobody.
    run("office", "--yes", "enrol", place / f"{device}.request", "-o", place / "never", status=3)
    run("office", "enrol", place / f"{device}.request", "--digits", "00000 " * 6, "-o", place / "never", status=1)
    digits = told("office", "digits", place / f"{device}.request")["digits"]
    run("office", "enrol", place / f"{device}.request", "--digits", digits, "-o", place / f"{device}.welcome")
    run(device, "join", place / device, "--finish", place / f"{device}.welcome")


def carry(giver, taker):
    run(taker, "sync", "--tips", place / "tips")
    run(giver, "sync", "--export", place / "stick", "--for", place / "tips")
    return told(taker, "sync", "--import", place / "stick", status=None)


try:
    run("office", "init", place / "office", "--college", "样例学院", "--domain", "qa.example.edu.cn", "--person", "赵")
    run("office", "unit", "add", "jwc", "教务处", "--campus", "东校区")
    run("office", "unit", "add", "zkb", "质控办", "--campus", "东校区")
    joins("clerk", "李", "jwc", "clerk")
    joins("head", "孙", "jwc", "head")
    carry("office", "clerk")

    made = told("clerk", "doc", "new", "task", "--unit", "jwc", "--set", "title=课程标准修订", "--set", "due=2026-01-31")
    task = made["id"]
    assert told("clerk", "doc", "show", task[:6])["fields"]["title"] == "课程标准修订"
    assert [one["id"] for one in told("clerk", "search", "标准")] == [task]
    overdue = told("clerk", "task", "list", "--overdue", "--today", "2026-02-02")
    assert task in json.dumps(overdue) and told("clerk", "task", "list", "--overdue", "--today", "2026-01-31") != overdue
    step = told("clerk", "step", task, "submit")
    assert step["state"] == "submitted" and step["record"] and step["id"] == task

    # Refusals say why and what next, in the status that scripts branch on.
    for arguments, status in [
        (("step", task, "recheck-pass"), 1), (("step", task, "fly"), 3), (("doc", "show", "ffffffff"), None),
        (("doc", "new", "nothing", "--set", "a=b"), 3), (("frobnicate",), 3), (("doc", "edit", task, "--set", "due=2026-02-30"), 3),
    ]:
        error = told("clerk", *arguments, status=status)["error"]
        assert error["code"] and error["message"] and "next" in error, error

    # Stock tools: the record and the frame that lists it.
    run("clerk", "registry", "allowed-signers", "-o", place / "allowed")
    person = told("clerk", "status")["person"]
    record = step["record"]
    frame = next(one["frame"] for one in told("clerk", "record", "list", "--of", task) if one["id"] == record)
    for kind, name, space in (("record", record, "submit"), ("frame", frame, "frame")):
        raw = run("clerk", kind, "show", name, "--raw").stdout
        (place / "signature").write_bytes(run("clerk", kind, "signature", name).stdout)
        verify = ["ssh-keygen", "-Y", "verify", "-f", str(place / "allowed"), "-I", person, "-s", str(place / "signature"), "-n"]
        assert subprocess.run([*verify, f"{space}@qa.example.edu.cn"], input=raw, capture_output=True).returncode == 0
        assert subprocess.run([*verify, "accept@qa.example.edu.cn"], input=raw, capture_output=True).returncode != 0
        assert subprocess.run([*verify, f"{space}@qa.example.edu.cn"], input=raw + b" ", capture_output=True).returncode != 0

    # A lost laptop: what it signed before stands, what comes later is quarantined, on every replica alike.
    carry("clerk", "office")
    device = told("clerk", "status")["device"]
    run("office", "registry", "revoke", device, "--reason", "电脑遗失")
    later = told("clerk", "doc", "new", "task", "--unit", "jwc", "--set", "title=以后写的")["id"]
    carry("office", "head")
    run("clerk", "sync", "--export", place / "late")
    run("head", "sync", "--import", place / "late", status=None)
    run("office", "sync", "--import", place / "late", status=None)
    for replica in ("head", "office"):
        assert told(replica, "doc", "show", task)["title"] == "课程标准修订"
        run(replica, "doc", "show", later, status=1)
        counts = told(replica, "status")["counts"]
        assert counts["quarantined"] == 1, counts
        assert sum(counts[name] for name in ("current", "superseded", "different", "pending", "quarantined", "redacted")) == counts["total"]
    assert run("head", "dump").stdout == run("office", "dump").stdout
    before = run("head", "dump").stdout
    run("head", "rebuild")
    assert run("head", "dump").stdout == before
    run("head", "check", "--deep")

    # Backup and restore; a restored replica says that it is one.
    run("head", "backup", place / "head.backup")
    run("head", "restore", place / "head.backup", place / "again")
    assert subprocess.run([SPIRAL, "--replica", str(place / "again"), "dump"], capture_output=True, env={**os.environ, "HOME": str(place / "home" / "new")}).stdout == before

    # Help teaches in both languages; completion loads.
    commands = told("head", "help")
    names = [one["command"] for one in (commands if isinstance(commands, list) else commands["commands"])]
    assert len(names) >= 40, len(names)
    for name in names:
        for language in ("zh", "en"):
            text = run("head", "--lang", language, "help", *name.split()).stdout.decode()
            assert "spiral" in text and len(text) > 80, name
    for shell in ("bash", "zsh"):
        script = run("head", "completion", shell).stdout
        (place / f"completion.{shell}").write_bytes(script)
        if subprocess.run(["which", shell], capture_output=True).returncode == 0:
            # Loading zsh's whole machinery is another test's matter; two of them at once get in each other's way.
            words = ["-n"] if shell == "zsh" else []
            loaded = subprocess.run([shell, *words, f"{place}/completion.{shell}"], capture_output=True)
            assert loaded.returncode == 0 and not loaded.stderr, (shell, loaded.stderr)
    print("the command line does what scripts rely on")
finally:
    for device in ("office", "clerk", "head"):
        run(device, "lock", status=None)
    subprocess.run(["rm", "-rf", str(place)])

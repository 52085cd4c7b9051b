#!/usr/bin/python3
"""What scripts rely on: exit statuses, one JSON document for every command, help in both languages, damaged files."""
import json
import os
import subprocess

from machines import SPIRAL, Machine, found, join, need, script

LATER = ("publish", "withdraw", "disclosure", "review", "bundle", "witness")


def main(room):
    founder = found(room, units=(("jwc", "教务处", "东校区"),))
    clerk = join(room, founder, "clerk", "李雷", "--unit", "jwc", "--role", "clerk")
    helps(clerk)
    statuses(room, clerk)
    documents(room, founder, clerk)
    damaged(room, founder, clerk)
    together(clerk)
    rehearsal(room)


def helps(clerk):
    everything = json.loads(clerk.run("help", "--json", "--lang", "en"))
    need(len(everything) > 40, len(everything))
    for command in everything:
        words = command["command"].split()
        texts = [clerk.text("help", *words, "--lang", language) for language in ("zh", "en")]
        need(texts[0] != texts[1], words, "says the same in both languages")
        need(texts[1] == clerk.text(*words, "--help", LANG="en_GB.UTF-8"), words)
        need(all(example in texts[0] for example in command["examples"]), words)
        need(any("\u4e00" <= character <= "\u9fff" for character in texts[0]), words, "has no Chinese help")
        # An option that does not exist, and too many words: wrong usage, told as JSON too.
        clerk.refused(*words, "--no-such-option", status=3)
    need("doc new" in clerk.text("--help") and clerk.text("doc", "--help"), "no overview")
    need(clerk.json("--version")["version"], "no version")


def statuses(room, clerk):
    clerk.refused("doc", "show", "0000", status=2, code="document.missing")
    clerk.refused("doc", "show", "xyz", status=3, code="id.form")
    clerk.refused("doc", "show", "ab", status=3, code="id.form")
    clerk.refused("record", "show", "00000000", "--raw", status=2)
    clerk.refused("frame", "show", "00000000", status=2, code="frame.missing")
    clerk.refused("sync", status=2, code="server.none")
    clerk.refused("sync", "spiral://127.0.0.1:7420", "--import", "a", status=3, code="usage.sync")
    clerk.refused("sync", "--import", "a", "--export", "b", status=3, code="usage.sync")
    clerk.refused("sync", "--import", "nothing-there", status=2, code="file.missing")
    clerk.refused("doc", "new", "novel", "--set", "title=x", status=3, code="type.unknown")
    clerk.refused("doc", "new", "plan", "--set", "title", status=3, code="usage.set")
    clerk.refused("doc", "new", "task", "--set", "title=x", "--set", "due=2026-13-01", status=3)
    clerk.refused("doc", "list", "--today", "tomorrow", status=3, code="usage.day")
    # A clerk may propose a unit; it is not in force before an admin and the keeper agree.
    need(clerk.json("unit", "add", "x", "X", "--campus", "C", "-o", room.stick("p"), status=2)["entry"] is None, "a clerk added a unit")
    clerk.refused("enrol", "x", status=3, code="usage.missing")
    clerk.refused("stauts", status=3, code="usage.unknown-command")
    need("status" in clerk.refused("stauts", status=3)["next"], "nothing near is named")
    for word in LATER:
        clerk.refused(word, status=3, code="usage.later-command")
    nowhere = Machine(room, "nowhere")
    nowhere.refused("status", status=2, code="replica.missing")
    del nowhere.environment["SPIRAL_REPLICA"]
    nowhere.refused("status", status=3, code="replica.not-named")
    # The nearest folder above that holds a replica.
    inside = os.path.join(clerk.replica, "keys")
    environment = {key: value for key, value in clerk.environment.items() if key != "SPIRAL_REPLICA"}
    below = subprocess.run([SPIRAL, "status", "--json"], cwd=inside, env=environment, capture_output=True)
    need(below.returncode == 0 and json.loads(below.stdout)["person_name"] == "李雷", "the replica above was not found")
    # Nothing to write to: the answer was not given, and that is not "done".
    with open("/dev/full", "w") as full:
        lost = subprocess.run([SPIRAL, "status"], cwd=clerk.folder, env=clerk.environment, stdout=full, stderr=subprocess.PIPE)
    need(lost.returncode == 4 and lost.stderr, "an answer that could not be written counts as done")


def documents(room, founder, clerk):
    """Each command gives one JSON document and nothing else, with the names that scripts use."""
    made = clerk.json("doc", "new", "task", "--set", "title=甲", "--set", "due=2026-03-31")
    need(set(made) >= {"id", "revision", "state"}, made)
    doc = made["id"]
    clerk.json("doc", "edit", doc, "--set", "note=a\"b\\c\n第二行", "--draft")
    clerk.json("doc", "seal", doc)
    step = clerk.json("step", doc, "submit")
    need(set(step) >= {"id", "record", "revision", "state"}, step)
    for words in (("doc", "list"), ("task", "list"), ("record", "list"), ("doc", "differences"), ("doc", "history", doc), ("search", "甲乙")):
        need(isinstance(clerk.json(*words), list), words)
    shown = clerk.json("doc", "show", doc)
    need(shown["fields"]["note"] == "a\"b\\c\n第二行", shown["fields"])
    need(any(line.startswith("spiral step") for line in shown["next"]), shown["next"])
    counts = clerk.json("status")["counts"]
    need(set(counts) == {"current", "superseded", "different", "pending", "quarantined", "redacted", "total", "drafts", "inbox"}, counts)
    need(isinstance(clerk.json("dump"), list), "dump")
    for words in (("registry", "show"), ("registry", "allowed-signers"), ("check",), ("check", "--deep"), ("rebuild",), ("lock",),
                  ("catalogue", "list"), ("completion", "bash"), ("version",)):
        clerk.json(*words)
    exported = clerk.json("sync", "--export", room.stick("x"))
    numbers = ("round_trips", "bytes_sent", "bytes_received", "frames_sent", "frames_received", "seconds")
    need(all(isinstance(exported[name], (int, float)) for name in numbers), exported)
    need(exported["bytes_sent"] == os.path.getsize(room.stick("x")), "bytes_sent is not the size of the file")
    taken = founder.json("sync", "--import", room.stick("x"))
    need(taken["bytes_received"] == exported["bytes_sent"] and all(taken[name] == [] for name in ("pending", "refused")), taken)
    threshold = founder.json("registry", "threshold", "admin", "1")
    need(threshold["entry"], threshold)
    founder.refused("registry", "threshold", "admin", "2", status=3, code="usage.threshold")
    founder.refused("registry", "revoke", founder.json("status")["device"], "--reason", "x", status=1, code="registry.device-is-keeper")


def damaged(room, founder, clerk):
    """A file cut short or changed on its way changes nothing, and says so."""
    clerk.json("doc", "new", "plan", "--set", "title=路上")
    whole = room.stick("whole.spiral")
    clerk.json("sync", "--export", whole)
    with open(whole, "rb") as file:
        content = file.read()
    before = founder.dump()
    bad = room.stick("bad.spiral")
    samples = [content[:size] for size in (0, 1, 8, 9, 100, len(content) // 2, len(content) - 1)]
    for place in range(0, len(content), max(1, len(content) // 12)):
        samples.append(content[:place] + bytes([content[place] ^ 4]) + content[place + 1:])
    for sample in samples:
        with open(bad, "wb") as file:
            file.write(sample)
        error = founder.refused("sync", "--import", bad, status=1)
        need(error["code"].startswith("exchange."), error)
    need(founder.dump() == before, "a damaged file changed something")
    founder.json("sync", "--import", whole)
    need(founder.dump() != before, "the whole file changed nothing")
    for name in ("invitation", "request", "welcome"):
        with open(room.stick(f"clerk.{name}"), "rb") as file:
            content = file.read()
        with open(bad, "wb") as file:
            file.write(content[:-2])
        new = Machine(room, "newcomer")
        if name == "invitation":
            new.refused("join", "r", bad, "-o", "q", status=1)
        elif name == "request":
            founder.refused("digits", bad, status=1)
        else:
            new.json("join", "r2", room.stick("clerk.invitation"), "-o", room.stick("again"))
            new.refused("join", "r2", "--finish", bad, status=1)


def together(clerk):
    """Commands that want to write at the same moment wait for each other."""
    before = len(clerk.json("doc", "list"))
    running = [subprocess.Popen([SPIRAL, "doc", "new", "plan", "--set", f"title={number}"], cwd=clerk.folder, env=clerk.environment,
                                stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) for number in range(4)]
    for each in running:
        _, told = each.communicate(timeout=120)
        need(each.returncode == 0, told.decode())
    need(len(clerk.json("doc", "list")) == before + 4, "not each was written")


def rehearsal(room):
    """SPIRAL_CLOCK gives a rehearsal its own time."""
    actor = Machine(room, "actor")
    actor.json("init", actor.replica, "--college", "样例", "--domain", "qa.example.edu.cn", "--person", "甲", "--sample",
               SPIRAL_CLOCK="2026-03-02T08:00:00Z")
    need(len(actor.json("registry", "show")["units"]) == 16, "the sample college has 16 units")
    made = actor.json("doc", "new", "plan", "--set", "title=彩排", SPIRAL_CLOCK="2026-03-02T09:30:00.000Z")
    history = actor.json("doc", "history", made["id"])
    need(history[0]["time"].startswith("2026-03-02T09:30:00"), history)
    need("2026-03-02 17:30" in actor.text("doc", "history", made["id"]), "times are not shown in the zone of the computer")
    actor.run("status", status=3, SPIRAL_CLOCK="noon")


script(main)

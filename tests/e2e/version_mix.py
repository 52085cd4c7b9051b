#!/usr/bin/python3
"""Programs of two versions side by side. The older ones are spiral and spirald as they are; the newer one is
stranger.py, which was written from the pages of docs/ alone: it speaks versions 1 to 3, says messages that nobody knows
yet, and writes kinds, types and a schema of its own. A caller and then a hub of the newer version work with the older
programs: what both know is exchanged, what only the newer knows is stored, counted and relayed byte for byte, and two
that have no version in common say so."""
import json
import sys

try:
    import stranger
except ImportError as missing:
    print("skipped:", missing)
    sys.exit(77)
from machines import SPIRALD, Daemon, Failed, found, free_port, install, join, need, script
from stranger import NEEDS_NEWER, STORED, Ended, Key, Pen, Server, Shelf, Unusual

NEWER = Unusual(versions=(1, 3), extension=b"what version 3 says besides", kinds=(64, 77, 255))
NEWEST = Unusual(versions=(3, 4))


def shelf_of(room, machine):
    """What somebody reads who has only an exchange file of a machine."""
    file = room.stick("for-the-stranger.spiral")
    machine.json("sync", "--export", file)
    shelf = Shelf()
    for said in stranger.messages_of_file(file):
        if said.kind == stranger.BATCH:
            for frame in said.frames():
                shelf.take(frame)
    return shelf


def writes_newer(shelf, key):
    """Frames of a newer program: what everybody knows, what only a newer one does, and at the end a header of its own."""
    pen = Pen(shelf, key, "clerk@unit/jwc")
    scope = "unit/jwc"
    plain = pen.revision(scope, "plan.v1", {"title": "陌生程序所写"})
    pen.writes(scope, [plain])
    later = [pen.revision(scope, "plan.v9", {"goal": "第九版的计划"}), pen.record(scope, "endorse.v7", plain[0], {"stars": 5}),
             pen.revision(scope, "plan.v1", {"title": "有新键"}, lock="yes", crit=["lock"])]
    frames = [pen.writes(scope, [row]) for row in later]
    opaque = ("0" * 64, b"", None)
    frames.append(pen.writes(scope, [opaque], schema=2, payload=b"bytes of a form yet to come"))
    beyond = pen.frame(scope, [pen.revision(scope, "plan.v1", {"title": "再之后"})], v=2)
    return plain, later, frames, beyond


def newer_caller(room, founder, port, li, wang, key):
    """A caller of the next version on the server of today."""
    shelf = shelf_of(room, li)
    server_key = next(shelf.keys[device] for device, kind in shelf.kinds.items() if kind == "server")
    told = stranger.call(port, server_key, shelf, key, NEWER)
    need(told.agreed and told.greeting["newest"] == 2, "a newer caller and the server do not come to the same:", vars(told))
    need(not [frame for frame in shelf.log if not shelf.may_read(key.device, frame.says["scope"])], "the stranger got what is not hers")
    plain, later, frames, beyond = writes_newer(shelf, key)
    told = stranger.call(port, server_key, shelf, key, NEWER, extra=[beyond])
    need([what for what, _ in told.answers] == [STORED] * 5 + [NEEDS_NEWER], "the server's answers:", told.answers)
    need(told.agreed, "not equal after newer frames; or the digest of docs/protocol.md is another than the server's")
    need(stranger.call(port, server_key, shelf, key, NEWER).agreed, "not equal when nothing is new")

    for machine in (li, wang):
        need(machine.json("sync")["agreed"], machine.name, "is not equal to the server")
        shown = {each["title"] for each in machine.json("doc", "list") if each.get("title")}
        need("陌生程序所写" in shown and "有新键" not in shown, machine.name, "sees", shown)
        counts = machine.status()["counts"]
        need(counts["pending"] == 4, machine.name, "does not count what needs a newer version:", counts)
    doc = json.loads(plain[1])["doc"]
    li.json("doc", "edit", doc, "--set", "content=老程序补充")
    li.json("sync")

    # Another of the newer program, with nothing in hand, gets it all back, byte for byte; and so from a stick of Li's.
    fresh = shelf_of(room, founder)   # who has not synchronised since
    told = stranger.call(port, server_key, fresh, key, NEWER)
    need(told.agreed, "whoever begins anew is not equal:", vars(told))
    for where, other in (("the server", fresh), ("a stick", shelf_of(room, li))):
        for frame in frames:
            same = other.frames.get(frame.id)
            need(same and same.header == frame.header and same.signature == frame.signature, where, "lost a frame of a newer program")
            need(frame.says["schema"] == 1 or same.payload == frame.payload, where, "changed a payload of another schema")
        for id, data, signature in later:
            need(other.rows.get(id) == (data, signature), where, "lost or changed a row of a newer kind")
        need(beyond.id not in other.frames, where, "gives a header that cannot be checked")
    written = [json.loads(data) for data, _ in fresh.rows.values()]
    need(any(row.get("fields", {}).get("content") == "老程序补充" for row in written), "what the older wrote on it is not there")

    try:
        stranger.call(port, server_key, fresh, key, NEWEST)
    except (Ended, AssertionError) as refused:
        need(str(refused) == "session.version", "without a common version it is told", refused)
    else:
        raise Failed("a server of version 1 talks to a caller of version 2 and 3")
    # A signature for another connection, and a device that nobody knows, as a stranger would try.
    key.sign, right = (lambda name_space, text: right(name_space, text + b"!")), key.sign
    try:
        stranger.call(port, server_key, fresh, key, NEWER)
        raise Failed("a false proof was taken")
    except Ended as refused:
        need(str(refused) == "session.proof", "a false proof is told as", refused)
    key.sign = right
    return shelf


def newer_hub(room, founder, li, wang, shelf, newer):
    """A hub of the next version, and programs of today that call it."""
    port = free_port()
    url = f"spiral://127.0.0.1:{port}"
    hub = install(room, founder, "west", "--hub", "--scope", "unit/jwc", "--scope", "college", "--server", url)
    for machine in (founder, li, wang):
        machine.json("sync")
    with open(room.passphrase) as file:
        key = Key(hub.replica, file.read().strip())
    held = shelf_of(room, founder)
    for frame in shelf.log:
        held.take(frame)
    running = Server(held, key, port, NEWER)
    try:
        document = li.json("doc", "new", "plan", "--set", "title=经新版汇聚点")["id"]
        told = li.json("sync", url)
        need(told["agreed"] and told["frames_sent"] >= 1 and not told["refused"] and not told["pending"], "an older caller at a newer hub:", told)
        need(li.json("sync", url)["round_trips"] == 1, "nothing new takes more than a round trip")
        pen = Pen(held, newer, "clerk@unit/jwc")
        more = pen.writes("unit/jwc", [pen.revision("unit/jwc", "plan.v9", {"goal": "经汇聚点的第九版"})])
        told = wang.json("sync", url)
        need(told["agreed"], "the second older caller is not equal:", told)
        need(wang.json("doc", "show", document)["fields"]["title"] == "经新版汇聚点", "the two did not meet at the newer hub")
        need(wang.json("frame", "show", more.id)["id"] == more.id, "a frame of the newer program did not come from the hub")
        need(running.failures == [] and running.sessions >= 3, "the newer hub saw", running.failures)
        need(all(each["newest"] == 2 for each in running.greetings), "an older program greets with", running.greetings)
    finally:
        running.stop()
    # Wang carries to the server what came from the newer hub.
    need(wang.json("sync")["agreed"] and founder.json("sync")["agreed"], "not equal after the hub")
    need(founder.json("frame", "show", more.id)["id"] == more.id, "an older program does not pass on what it cannot read")

    running = Server(held, key, port, NEWEST)
    try:
        refused = li.json("sync", url, status=1)["error"]
        need(refused["code"] == "session.version" and refused["next"], "a hub that is too new is told as", refused)
    finally:
        running.stop()


def main(room):
    founder = found(room, units=[("jwc", "教务处", "东校区")])
    founder.json("registry", "grant", founder.status()["person"], "quality@college")
    port = free_port()
    server = install(room, founder, "centre", "--server", f"spiral://127.0.0.1:{port}")
    invited = ("--unit", "jwc", "--role", "clerk")
    li, wang, newer = (join(room, founder, name, person, *invited) for name, person in (("li", "李雷"), ("wang", "王强"), ("newer", "新程")))
    with open(room.passphrase) as file:
        key = Key(newer.replica, file.read().strip())
    with Daemon(server, None, "--data", server.replica, "--listen", f"127.0.0.1:{port}", "--web", "127.0.0.1:0") as running:
        for machine in (founder, li, wang):
            need(machine.json("sync")["agreed"], machine.name, "is not equal at the start")
        shelf = newer_caller(room, founder, port, li, wang, key)
        newer_hub(room, founder, li, wang, shelf, key)
        need(running.page("/healthz") == "good\n", "the server is ill after newer callers")
        running.stop()
    need(founder.dump() == server.dump(), "the server's dump is not that of who reads everything")
    for machine in (founder, server, li, wang):
        need(machine.json("check", "--deep")["good"], machine.name, "is not whole")


if not SPIRALD:
    sys.exit(77)
script(main)

#!/usr/bin/python3
"""A college with its server, as people live it: synchronised by command and by watching, with the server away, a device
revoked, somebody new, a hub while the line to the server is cut, and a stick beside all that."""
import json
import sys
import time

from machines import SPIRALD, Daemon, Machine, Watch, carry, eventually, found, free_port, install, join, need, script

NUMBERS = ("round_trips", "bytes_sent", "bytes_received", "frames_sent", "frames_received", "seconds", "view_seconds",
           "stored", "differences", "pieces_sent", "pieces_received")
LISTS = ("pending", "quarantined", "refused", "proposed", "withheld", "two_views")


def synchronise(machine, *words, status=0):
    """One `spiral sync`, and that its JSON has every key."""
    told = machine.json("sync", *words, status=status)
    for key in NUMBERS:
        need(isinstance(told[key], (int, float)), "no number", key, told)
    for key in LISTS:
        need(isinstance(told[key], list), "no list", key, told)
    need(told["server"].startswith("spiral://") and isinstance(told["agreed"], bool), told)
    need(set(told) == {*NUMBERS, *LISTS, "server", "agreed"}, "keys that nobody knows:", sorted(told))
    return told


def serving(machine, port):
    return Daemon(machine, None, "--data", machine.replica, "--listen", f"127.0.0.1:{port}", "--web", "127.0.0.1:0")


def title_of(machine, document):
    return machine.json("doc", "show", document)["fields"].get("title")


def holds(machine, document):
    return any(each["id"] == document for each in machine.json("doc", "list"))


def by_command(room, founder, li, wang):
    synchronise(founder)
    made = li.json("doc", "new", "plan", "--set", "title=甲")["id"]
    told = synchronise(li)
    need(told["frames_sent"] >= 1 and told["agreed"] and not told["refused"], told)
    told = synchronise(wang)
    need(told["frames_received"] >= 2 and holds(wang, made), "the plan did not arrive, or no receipt:", told)
    synchronise(li)
    again = synchronise(li)
    need(again["round_trips"] == 1 and again["frames_sent"] == again["frames_received"] == again["stored"] == 0, again)
    need(li.text("sync", "--lang", "en").startswith("Synchronised with spiral://"), "a person is told nothing")
    return made


def while_watching(room, server, port, running, li, wang, plan):
    with Watch(li) as mine, Watch(wang) as theirs:
        mine.awaits("connected")
        theirs.awaits("connected")
        li.json("doc", "edit", plan, "--set", "title=乙")
        theirs.awaits("agreed")
        eventually("what Li writes is at Wang's", lambda: title_of(wang, plan) == "乙")
        # Both write at once, by commands beside the watch; and one synchronises besides, on the same replica.
        for number in range(3):
            li.json("doc", "edit", plan, "--set", f"content=甲 {number}")
            wang.json("doc", "edit", plan, "--set", f"note=乙 {number}")
        synchronise(li)
        eventually("both watchers are equal", lambda: li.dump() == wang.dump())

        running.stop()
        lost = mine.awaits("lost")
        need(lost["reason"].startswith(("tls.", "session.")) and lost["retry_seconds"] == 5, lost)
        refused = li.refused("sync", status=4, code="tls.refused")
        need("127.0.0.1" in refused["message"], "not told where nobody answered:", refused)
        li.json("doc", "edit", plan, "--set", "title=丙")
        running = serving(server, port)
        mine.awaits("connected")
        eventually("the watch goes on when the server is back", lambda: title_of(wang, plan) == "丙")
    return running


def decided_beside_a_watch(founder):
    """The server keeps the registry. What is decided here while a watch stays connected goes out with it; once it waited
    for somebody to synchronise by hand."""
    founder.json("registry", "move", "centre")
    synchronise(founder)
    with Watch(founder) as watch:
        watch.awaits("connected")
        founder.json("unit", "add", "sxzx", "实训中心", "--campus", "东校区", status=2)
        told = watch.awaits("proposed")["proposed"]
        need(told["entry"] and not told["reason"], "the keeper did not append:", told)
        eventually("the new unit is in force here",
                   lambda: "sxzx" in [each["id"] for each in founder.json("registry", "show")["units"]])
    again = synchronise(founder)
    need(again["proposed"] == [], "what was decided still waits:", again)


def somebody_new(room, founder, url, plan):
    invited = ("--unit", "jwc", "--role", "clerk")
    late = join(room, founder, "late", "钱七", *invited)
    need(late.status()["server"]["url"] == url, "the invitation does not carry the server")
    # The server has not heard of the device yet, and says just that; what is here stays. A watch waits for it.
    late.refused("sync", status=1, code="session.unknown-device")
    with Watch(late) as watch:
        lost = watch.awaits("lost")
        need(lost["reason"] == "session.unknown-device" and lost["retry_seconds"] == 5, lost)
        synchronise(founder)
        watch.awaits("connected")
        watch.awaits("agreed")
    need(holds(late, plan), "who joins has nothing after the first connection")
    need(synchronise(late)["agreed"], "who has joined is not equal to the server")
    own = late.json("doc", "new", "task", "--set", "title=新人的任务")["id"]
    need(synchronise(late)["refused"] == [], "a newcomer's frames are refused")
    return late, own


def revoked(room, founder, li, wang, plan):
    device = wang.status()["device"]
    wang.json("doc", "new", "task", "--set", "title=未送出")
    with Watch(wang) as watch:
        watch.awaits("connected")
        watch.awaits("agreed")
        founder.json("sync")
        founder.json("registry", "revoke", device, "--reason", "电脑遗失")
        synchronise(founder)
        # Connected as it is: from now on it is told nothing that it may not read.
        secret = li.json("doc", "new", "plan", "--set", "title=吊销之后")["id"]
        synchronise(li)
        time.sleep(1)
        need(not holds(wang, secret), "a revoked device that had stayed connected got what was written later")
    before = wang.dump()
    wang.refused("sync", status=1, code="session.revoked")
    last = json.loads(wang.text("sync", "--watch", "--json", status=1).splitlines()[-1])
    need(last["error"]["code"] == "session.revoked", "a watch that is of no use goes on:", last)
    need("revoked" in wang.text("sync", "--lang", "en", status=1) + wang.err, "not in words:", wang.err)
    need(wang.dump() == before and holds(wang, plan), "a revoked device lost what it had")
    need(not holds(wang, secret), "a revoked device got what was written later")


def over_a_hub(room, founder, server, port, running, li, zhao):
    """Two departments of one campus meet at the hub while nobody reaches the server."""
    hub_port = free_port()
    url = f"spiral://127.0.0.1:{hub_port}"
    hub = install(room, founder, "west", "--hub", "--scope", "unit/jwc", "--scope", "unit/xsc", "--scope", "college", "--server", url)
    for machine in (founder, li, zhao):
        synchronise(machine)
    with serving(hub, hub_port) as campus:
        campus.awaits("upstream-begin")
        synchronise(li, url)
        running.stop()
        document = li.json("doc", "new", "plan", "--unit", "xsc", "--set", "title=两个部门的计划")["id"]
        told = synchronise(li, url)
        need(told["server"] == url and told["frames_sent"] >= 1, told)
        synchronise(zhao, url)
        need(title_of(zhao, document) == "两个部门的计划", "the departments did not meet at the hub")
        zhao.json("doc", "edit", document, "--set", "content=学工处补充")
        synchronise(zhao, url)
        synchronise(li, url)
        need(li.json("doc", "show", document)["fields"]["content"] == "学工处补充", "not back over the hub")
        need(campus.page("/healthz") == "good\n", "a hub without its server is ill")
        need(not holds(founder, document), "the founder knows what only the hub knew")

        running = serving(server, port)
        campus.awaits("upstream-begin")
        eventually("the hub hands over to the server", lambda: founder.json("sync")["agreed"] and holds(founder, document))
        for machine in (li, zhao):
            synchronise(machine)
        campus.stop()
    return running, hub


def main(room):
    founder = found(room, units=[("jwc", "教务处", "东校区"), ("xsc", "学工处", "西校区")])
    founder.refused("sync", status=2, code="server.none")
    founder.refused("sync", "--watch", status=2, code="server.none")
    founder.refused("sync", "http://127.0.0.1/", status=3, code="tls.address")
    founder.refused("sync", "--watch", "--export", "x", status=3, code="usage.sync")
    port = free_port()
    url = f"spiral://127.0.0.1:{port}"
    server = install(room, founder, "centre", "--server", url)
    founder.json("registry", "grant", founder.status()["person"], "quality@college")
    li = join(room, founder, "li", "李雷", "--unit", "jwc", "--role", "clerk", "--role", "clerk@unit/xsc")
    wang = join(room, founder, "wang", "王强", "--unit", "jwc", "--role", "clerk")
    zhao = join(room, founder, "zhao", "赵敏", "--unit", "xsc", "--role", "clerk")
    li.refused("sync", status=4, code="tls.refused")
    # The server was enrolled before the people were: it is brought the rest by the first who comes.
    running = serving(server, port)
    try:
        li.refused("sync", status=1, code="session.unknown-device")
        plan = by_command(room, founder, li, wang)
        running = while_watching(room, server, port, running, li, wang, plan)
        late, own = somebody_new(room, founder, url, plan)
        revoked(room, founder, li, wang, plan)
        running, hub = over_a_hub(room, founder, server, port, running, li, zhao)
        decided_beside_a_watch(founder)

        # The third road: what one wrote offline travels by stick to another, who takes it to the server.
        by_stick = late.json("doc", "new", "plan", "--set", "title=U 盘带来")["id"]
        carry(room, late, li)
        synchronise(li)
        synchronise(founder)
        need(title_of(founder, by_stick) == "U 盘带来", "a stick's frames do not go on over the network")
        for machine in (late, li, zhao, founder, late, li, zhao, founder):
            need(synchronise(machine)["agreed"], machine.name, "is not equal to the server")
        running.stop()
        need(founder.dump() == server.dump(), "the server's dump is not that of who reads everything")
        need(holds(server, own), "the server lacks the newcomer's task")
        carry(room, li, late)
        carry(room, late, li)
        for machine in (founder, server, hub, li, wang, zhao, late):
            need(machine.json("check", "--deep")["good"], machine.name, "is not whole")
    finally:
        running.kill()


if not SPIRALD:
    sys.exit(77)
script(main)

#!/usr/bin/python3
"""One college over USB, as people live it: founded, joined, written offline, carried both ways in the wrong order,
different versions seen and decided, approved, listed, revoked, checked with stock tools, backed up."""
import os
import subprocess

from machines import SOURCE, Machine, carry, found, join, need, script

UNITS = (("jwc", "教务处", "东校区"), ("xsc", "学生处", "西校区"), ("zkb", "质控办", "东校区"))
DOMAIN = "qa.example.edu.cn"


def gives_out(room, office, own):
    """An attachment becomes a file again; no file that is there is overwritten."""
    place = os.path.join(office.folder, "下载")
    office.refused("doc", "files", own, "--save", place, status=2, code="folder.missing")
    os.mkdir(place)
    with open(room.stick("证据.txt"), "rb") as file:
        evidence = file.read()
    given = lambda name: open(os.path.join(place, name), "rb").read()  # noqa: E731
    for _ in range(2):
        (file,) = office.json("doc", "files", own, "--save", place)
        need(file["here"] and file["saved"] == os.path.join(place, "证据.txt"), file)
        need(os.listdir(place) == ["证据.txt"] and given("证据.txt") == evidence, "not the same again:", os.listdir(place))
    with open(os.path.join(place, "证据.txt"), "wb") as mine:
        mine.write("我自己的文件".encode())
    (file,) = office.json("doc", "files", own, "--save", place)
    beside = file["sha256"][:8] + "-证据.txt"
    need(file["saved"] == os.path.join(place, beside) and given(beside) == evidence, file)
    need(given("证据.txt") == "我自己的文件".encode(), "a person's own file was overwritten")
    need("saved" not in office.json("doc", "files", own)[0], "a list saves nothing")


def main(room):
    founder = found(room, units=UNITS)
    clerk = join(room, founder, "clerk", "李雷", "--unit", "jwc", "--role", "clerk")
    head = join(room, founder, "head", "韩梅", "--unit", "jwc", "--role", "head")
    other = join(room, founder, "other", "周强", "--unit", "xsc", "--role", "clerk")
    office = join(room, founder, "office", "赵敏", "--unit", "zkb", "--role", "quality")
    carry(room, founder, clerk, head, other, office)
    need("threshold-one" in founder.status()["advice"], "one key is the whole college, and nobody says so")

    enrolment(room, founder)
    plan = versions(room, clerk, head)
    wrong_order(room, clerk, head, office)
    other_scope(room, clerk, other)
    approval(room, clerk, head, plan)
    evidence(room, clerk, head, plan)
    tasks(room, founder, clerk, head, office)
    search(clerk, plan)
    revocation(room, founder, clerk, head)
    equal_everywhere(room, founder, clerk, head, office)
    restored(room, head)


def enrolment(room, founder):
    invitation, request = room.stick("late.invitation"), room.stick("late.request")
    founder.json("invite", "--person", "钱七", "--unit", "jwc", "--role", "clerk", "-o", invitation)
    late = Machine(room, "late")
    late.json("join", late.replica, invitation, "-o", request)
    founder.refused("enrol", request, "-o", room.stick("late.welcome"), "--yes", status=3, code="enrol.no-digits")
    founder.refused("enrol", request, "-o", room.stick("late.welcome"), "--digits", "1 2 3 4 5 6", status=1, code="enrol.digits")
    need(not os.path.exists(room.stick("late.welcome")), "a welcome without the right digits")
    late.refused("doc", "new", "plan", "--set", "title=x", status=2, code="device.not-enrolled")


def versions(room, clerk, head):
    """The same field, edited on two machines: both texts on both sides; other fields merge without a question."""
    made = clerk.json("doc", "new", "plan", "--set", "title=2026年工作计划", "--set", "content=初稿")
    plan = made["id"]
    need(len(plan) == 32 and len(made["revision"]) == 64 and made["state"] == "draft", made)
    carry(room, clerk, head)

    clerk.json("doc", "edit", plan, "--set", "content=经办人的改稿")
    clerk.json("doc", "edit", plan[:4], "--set", "period=2026")
    kept = clerk.json("doc", "edit", plan, "--set", "note=尚未定稿", "--draft")
    need(kept["draft"] and clerk.status()["counts"]["drafts"] == 1, "the draft is not counted")
    head.json("doc", "edit", plan, "--set", "content=负责人的改稿")
    head.json("doc", "edit", plan, "--set", "start=2026-01-01")

    # In the wrong order: what came later first. It waits, is counted, and stands once the rest is there.
    tips, early = room.stick("clerk.tips"), room.stick("early.spiral")
    clerk.json("sync", "--tips", tips)
    head.json("sync", "--export", early, "--for", tips)
    carry(room, clerk, head)
    carry(room, head, clerk)
    clerk.json("sync", "--import", early)
    again = clerk.json("sync", "--import", early)
    need(again["stored"] == 0 and again["frames_received"] >= 1, "a file taken in twice stored something:", again)
    for key in ("round_trips", "bytes_sent", "bytes_received", "frames_sent", "frames_received", "seconds"):
        need(isinstance(again[key], (int, float)), key)
    need(again["pending"] == [] and again["quarantined"] == [] and again["refused"] == [], again)

    for machine in (clerk, head):
        open_now = machine.json("doc", "differences", plan)
        need(len(open_now) == 1 and open_now[0]["field"] == "content" and open_now[0]["base"] == "初稿", open_now)
        texts = {side["value"]: side["writers"][0]["person_name"] for side in open_now[0]["sides"]}
        need(texts == {"经办人的改稿": "李雷", "负责人的改稿": "韩梅"}, texts)
        need(all(side["writers"][0]["device"] and side["writers"][0]["time"] for side in open_now[0]["sides"]), "no device, no time")
        shown = machine.json("doc", "show", plan)
        need(shown["fields"]["period"] == "2026" and shown["fields"]["start"] == "2026-01-01", "other fields did not merge")
        need(machine.status()["counts"]["different"] == 2, "the two texts are not counted as different")
    printed = head.text("doc", "show", plan)
    need(all(word in printed for word in ("不同版本", "经办人的改稿", "负责人的改稿", "李雷", "韩梅", "--take N")), printed)

    clerk.refused("doc", "resolve", plan, "content", "--take", "3", status=(1, 3))
    clerk.json("doc", "seal", plan)
    carry(room, clerk, head)
    side = next(side["take"] for side in head.json("doc", "differences", plan)[0]["sides"] if side["value"] == "经办人的改稿")
    head.refused("step", plan, "submit", status=1, code="step.differences-open")
    resolved = head.json("doc", "resolve", plan, "content", "--take", str(side))
    need(resolved["differences"] == 0 and resolved["revision"], resolved)
    need(head.json("doc", "differences") == [], "still different")
    late_import = carry(room, head, clerk)[0]
    need(late_import["differences"] == 0, late_import)
    need(clerk.json("doc", "show", plan)["fields"]["content"] == "经办人的改稿", "the resolution did not arrive")
    changes = clerk.json("doc", "diff", made["revision"], resolved["revision"][:12])
    need({change["field"] for change in changes} == {"content", "note", "period", "start"}, changes)
    return plan


def wrong_order(room, clerk, head, office):
    """The second stick arrives first: what is on it waits for what is named, is counted apart, and stands in the end."""
    carry(room, clerk, head, office)
    first, second, tips = room.stick("first.spiral"), room.stick("second.spiral"), room.stick("head.tips")
    made = clerk.json("doc", "new", "plan", "--set", "title=先后")["id"]
    clerk.json("sync", "--export", first)
    head.json("sync", "--import", first)
    head.json("sync", "--tips", tips)
    clerk.json("doc", "edit", made, "--set", "content=后写的")
    need(clerk.json("sync", "--export", second, "--for", tips)["frames_sent"] == 1, "more than what the head lacks")
    waiting = office.json("sync", "--import", second, status=2)
    need(len(waiting["pending"]) == 1 and waiting["pending"][0]["about"], waiting)
    status = office.status()
    need(status["counts"]["inbox"] == 1 and "inbox" in status["advice"], status["counts"])
    office.json("sync", "--import", first)
    need(office.status()["counts"]["inbox"] == 0, "something waits still")
    need(office.json("doc", "show", made)["fields"]["content"] == "后写的", "the second stick was lost")


def other_scope(room, clerk, other):
    """A department does not get the rows of another, not even when their file is taken in."""
    result = carry(room, clerk, other)[0]
    need(result["outside_scopes"] > 0, result)
    need(other.json("doc", "list", "--scope", "unit/jwc") == [], "another unit's documents")
    for folder, _, files in os.walk(other.replica):
        for name in files:
            with open(os.path.join(folder, name), "rb") as file:
                need("经办人的改稿".encode() not in file.read(), "another unit's text lies in", name)
    other.refused("doc", "new", "plan", "--unit", "jwc", "--set", "title=x", status=1, code="authority.no-grant")


def approval(room, clerk, head, plan):
    submitted = clerk.json("step", plan, "submit")
    need(submitted["state"] == "submitted" and len(submitted["record"]) == 64, submitted)
    carry(room, clerk, head)
    # The head wrote into it too, so she is an author; nobody approves her own work.
    head.refused("step", plan, "approve", status=1, code="authority.self-approval")
    clerk.refused("step", plan, "approve", status=1)

    alone = clerk.json("doc", "new", "plan", "--set", "title=经办人独稿")["id"]
    clerk.json("step", alone, "submit")
    carry(room, clerk, head)
    done = head.json("step", alone, "approve", "--comment", "同意")
    need(done["state"] == "approved", done)
    carry(room, head, clerk)
    need(clerk.json("doc", "show", alone)["state"] == "approved", "the approval did not arrive")
    head.refused("step", alone, "return", status=1, code="step.comment-required")


def evidence(room, clerk, head, plan):
    """Signatures of acts and frames, checked by the stock ssh-keygen."""
    allowed = room.stick("allowed")
    clerk.json("registry", "allowed-signers", "-o", allowed)
    records = clerk.json("record", "list")
    approve = next(each for each in records if each["kind"] == "approve.v1")
    raw = clerk.run("record", "show", approve["id"][:16], "--raw")
    sum_of = subprocess.run(["sha256sum"], input=raw, capture_output=True, check=True).stdout.decode().split()[0]
    need(sum_of == approve["id"], "the id is not the hash of the bytes")

    def verify(name, data, person, space):
        return subprocess.run(["ssh-keygen", "-Y", "verify", "-f", allowed, "-I", person, "-n", f"{space}@{DOMAIN}", "-s", name],
                              input=data, capture_output=True).returncode

    signature = room.stick("record.sig")
    with open(signature, "wb") as file:
        file.write(clerk.run("record", "signature", approve["id"]))
    need(verify(signature, raw, approve["person"], "approve") == 0, "ssh-keygen refuses the approval")
    need(verify(signature, raw, approve["person"], "submit") != 0, "an approval passes as a submission")
    need(verify(signature, raw + b" ", approve["person"], "approve") != 0, "changed bytes pass")

    frame = approve["frame"]
    with open(signature, "wb") as file:
        file.write(clerk.run("frame", "signature", frame[:8]))
    header = clerk.run("frame", "show", frame, "--raw")
    need(verify(signature, header, approve["person"], "frame") == 0, "ssh-keygen refuses the frame")
    need(("r" + approve["id"]).encode() in header, "the frame does not list the approval")
    revision = clerk.json("doc", "show", plan)["heads"][0]
    clerk.refused("record", "signature", revision, status=1, code="record.is-revision")
    need(len(clerk.json("record", "list", "--of", plan)) >= 1, "no records of the plan")


def tasks(room, founder, clerk, head, office):
    schedule = os.path.join(SOURCE, "schemas/catalogues/yancheng-schedule.json")
    tried = office.json("import", "schedule", schedule, "--dry-run")
    need((tried["rows"], tried["dated"], tried["done"], tried["ongoing"], tried["made"]) == (40, 38, 1, 1, 0), tried)
    office_import = founder.json("import", "organisation", os.path.join(SOURCE, "schemas/catalogues/yancheng-organisation.json"))
    need(office_import["rows"] == 16 and len(founder.json("registry", "show")["units"]) == 19, office_import)
    carry(room, founder, office)
    made = office.json("import", "schedule", schedule)
    codes = {note["code"] for note in made["notes"]}
    need(made["made"] == 40 and {"order", "duplicate-year", "owner-not-a-unit"} <= codes, made["made"], codes)
    need(office.json("import", "schedule", schedule)["made"] == 0, "rows taken before were taken again")
    tables = office.json("catalogue", "import", os.path.join(SOURCE, "schemas/catalogues/yancheng-diagnosis-catalogue.json"))
    need((tables["elements"], tables["points"], tables["made"]) == (36, 80, 5), tables)
    need(len(office.json("catalogue", "list")) == 5, "catalogues")

    own = clerk.json("doc", "new", "task", "--set", "title=整改课程标准", "--set", "kind=rectification", "--set", "due=2026-03-31")["id"]
    clerk.refused("step", own, "submit", status=1, code="step.incomplete")
    clerk.json("doc", "edit", own, "--set", "cause=甲", "--set", "measures=乙", "--set", "evidence=丙")
    with open(room.stick("证据.txt"), "w") as file:
        file.write("佐证材料\n" * 1000)
    attached = clerk.json("doc", "attach", own, room.stick("证据.txt"))
    need(attached["revision"], attached)
    clerk.json("step", own, "submit")
    carry(room, clerk, office)
    need(office.json("doc", "show", own)["files"][0]["name"] == "证据.txt", "the attachment did not travel")
    gives_out(room, office, own)
    office.refused("step", own, "recheck-fail", "--comment", "不足", status=1, code="step.until-required")
    failed = office.json("step", own, "recheck-fail", "--comment", "不足", "--until", "2026-04-30")
    need(failed["state"] == "failed" and failed["due"] == "2026-04-30", failed)

    overdue = office.json("task", "list", "--overdue", "--today", "2026-05-01")
    mine = next(line for line in overdue if line["id"] == own)
    need(mine["days_overdue"] == 1 and mine["round"] == 2 and mine["owner_name"] == "教务处", mine)
    need(len(overdue) == 39, "the printed schedule is overdue too:", len(overdue))
    need(office.json("task", "list", "--overdue", "--today", "2016-01-01") == [], "nothing is overdue in 2016")
    soon = office.json("task", "list", "--unit", "jwc", "--due-before", "2026-05-01")
    need(own in {line["id"] for line in soon} and all(line["owner"] == "jwc" and line["due"] < "2026-05-01" for line in soon), soon)
    printed = office.text("task", "list", "--overdue", "--today", "2026-05-01")
    need("教务处" in printed and "尚无数据" in printed, "the ages of the departments' data are not told")
    ages = {age["unit"]: age for age in office.status()["units"]}
    need(ages["jwc"]["newest"] and not ages["xsc"]["newest"], ages)
    carry(room, office, clerk)


def search(clerk, plan):
    hits = clerk.json("search", "计划")
    need(plan in [hit["id"] for hit in hits] and all("«计划»" in hit["excerpt"] for hit in hits), hits)
    both = clerk.json("search", "整改", "标准")
    need(both and len(both) < len(clerk.json("search", "标准")) and clerk.json("search", "没有这词") == [], both)


def revocation(room, founder, clerk, head):
    carry(room, clerk, founder)
    device = clerk.status()["device"]
    revoked = founder.json("registry", "revoke", device[:8], "--reason", "电脑遗失")
    need(revoked["entry"] and {cut["scope"] for cut in revoked["cuts"]} >= {"unit/jwc"}, revoked)
    # The clerk, who does not know, goes on writing; it is quarantined wherever it comes, and not lost.
    after = clerk.json("doc", "new", "plan", "--set", "title=撤销后所写")
    carry(room, clerk, founder)
    status = founder.status()
    need(status["counts"]["quarantined"] == 1 and status["reasons"] == {"above-cut": 1}, status["counts"], status["reasons"])
    founder.refused("doc", "show", after["id"], status=1, code="document.nothing-stands")
    carry(room, founder, clerk)
    clerk.refused("doc", "new", "plan", "--set", "title=再写", status=1)
    need("revoked" in clerk.status()["advice"], "nobody tells the clerk")
    # On a new device of hers she affirms it.
    second = join(room, founder, "clerk2", "李雷", "--another-device-of", "李雷")
    carry(room, founder, second)
    second.json("affirm", after["revision"][:10], "--comment", "确为本人所写")
    need(second.status()["counts"]["quarantined"] == 0, second.status()["counts"])
    carry(room, second, founder, head)
    need(founder.json("doc", "show", after["id"])["title"] == "撤销后所写", "affirmed work did not return")
    # A grant is revoked, with its cut, and given again for a time.
    grant = next(each for each in founder.json("registry", "show")["grants"] if each["person_name"] == "韩梅")
    founder.json("registry", "revoke", grant["id"][:8], "--reason", "调岗")
    given = founder.json("registry", "grant", "韩梅", "head@unit/jwc", "--until", "2099-01-01")
    need(given["entry"], given)
    carry(room, founder, head)
    need("head@unit/jwc" in head.status()["roles"], head.status()["roles"])
    founder.refused("unit", "add", "BAD", "坏", "--campus", "x", status=3, code="unit.id")
    head_proposal = room.stick("proposal.json")
    waits = head.json("unit", "add", "new", "新部门", "--campus", "x", "-o", head_proposal, status=2)
    need(waits["entry"] is None and waits["missing"], waits)
    need(founder.json("registry", "cosign", head_proposal)["entry"], "the keeper did not append what an admin agreed to")


def equal_everywhere(room, founder, clerk, head, office):
    """Whoever holds the same shows the same, whatever the road and order; so does a view made anew."""
    for _ in range(2):
        for source in (clerk, head, office, founder):
            carry(room, source, *(each for each in (founder, office) if each is not source))
    need(founder.dump() == office.dump(), "the dumps of founder and office differ")
    carry(room, founder, head)
    carry(room, office, head)
    before = head.dump()
    head.json("rebuild")
    need(head.dump() == before, "the view made anew is another one")
    for machine in (founder, head, office):
        machine.status()
        need(machine.json("check", "--deep")["good"], machine.name, "is damaged")


def restored(room, head):
    file = room.stick("head.backup")
    head.json("backup", file)
    new = Machine(room, "restored")
    new.json("restore", file, new.replica)
    new.refused("restore", file, new.replica, status=1, code="replica.exists")
    need(new.dump() == head.dump(), "a restored replica shows something else")
    new.run("doc", "new", "plan", "--set", "title=恢复之后", status=0)
    need("恢复或复制" in new.err, "nobody warns of what may be missing:", new.err)
    need("restored" in new.status()["advice"], "the warning is gone too soon")


script(main)

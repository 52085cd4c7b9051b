#!/usr/bin/python3
"""Units and people that change, with the command line alone: a department is dissolved and goes on as part of another, a
clerk moves, a unit moves to another campus, and a second college takes a campus over: its open rectification is an open
task there, and what was signed before is history. Findings of a report become tasks, a measure that works a standard."""
import os

from machines import carry, found, join, need, script

UNITS = (("jwc", "教务处", "东校区"), ("zkb", "质控办", "东校区"), ("jdx", "机电系", "东校区"), ("qcx", "汽车系", "西校区"))


def meet(room, keeper, *machines):
    for _ in range(2):
        for machine in machines:
            carry(room, machine, keeper)
        carry(room, keeper, *machines)


def rectification(clerk, office, room, title):
    """Submitted and failed once, with a new day."""
    task = clerk.json("doc", "new", "task", "--set", f"title={title}", "--set", "kind=rectification", "--set", "owner=jdx",
                      "--set", "due=2027-03-31", "--set", "problem=设备不足", "--set", "cause=慢", "--set", "measures=快",
                      "--set", "effect=有", "--set", "evidence=台账")["id"]
    clerk.json("step", task, "submit")
    carry(room, clerk, office)
    office.json("step", task, "recheck-fail", "--comment", "台账不全", "--until", "2027-05-31")
    carry(room, office, clerk)
    return task


def improvement(room, clerk, head, office):
    report = office.json("doc", "new", "report", "--scope", "college", "--set", "title=复核报告", "--set", "kind=other", "--set",
                         'answers=[{"evidence":"台账","id":"F1","owner":"jdx","problem":"实训设备不足","result":"待改进"}]')["id"]
    gap = office.json("finding", "matrix", report, status=2)
    need(gap["gaps"] == 1 and gap["findings"][0]["row"] == "F1", gap)
    plan = office.json("doc", "new", "plan", "--scope", "college", "--set", "title=整改方案", "--set", "kind=rectification",
                       "--set", f"answers_report=college:{report}")["id"]
    need("F1" in office.refused("step", plan, "submit", status=1, code="finding.without-task")["message"], "the gap is not named")
    made = office.json("finding", "import", report, "--tasks", "--due", "2027-06-30")
    need(made[0]["task"] and made[0]["finding"], made)
    need(office.json("finding", "matrix", report)["gaps"] == 0, "a gap is left")
    need(office.json("finding", "import", report, "--tasks", "--due", "2027-06-30")[0]["known"], "made twice")
    office.json("step", plan, "submit")

    point = clerk.json("doc", "new", "point", "--set", "title=设备完好率", "--set", "result=not-met", "--set", "evidence=台账",
                       "--set", "problem=低")["id"]
    clerk.json("step", point, "problems-found")
    for field, text, action in (("cause", "少", "causes-found"), ("main_cause", "少", "main-cause-found"),
                                ("measures", "每周点检", "plan-made"), ("execution", "已点检", "submit")):
        clerk.json("doc", "edit", point, "--set", f"{field}={text}")
        clerk.json("step", point, action)
    clerk.refused("standard", "propose", point, "--title", "实训管理标准", status=1, code="standard.unproven")
    carry(room, clerk, head)
    head.json("step", point, "recheck-pass")
    carry(room, head, clerk)
    told = clerk.json("standard", "propose", point, "--title", "实训管理标准")
    standard = told["standard"].split(":")[1]
    need(standard[:8] in clerk.text("doc", "show", point), "the point does not show its standard")
    shown = clerk.text("doc", "show", standard)
    need(point[:8] in shown and told["check"][:8] in shown, "the standard does not show point and check", shown)
    need(clerk.json("standard", "check") == [], "a proof is missing")

    need(sum(1 for paper in clerk.json("plan", "annexes", "机械制图", "--dry-run", status=2) if not paper["document"]) == 6, "six")
    need(all(paper["made"] for paper in clerk.json("plan", "annexes", "机械制图", "--start", "2027-09-01")), "not all made")


def main(room):
    founder = found(room, units=UNITS)
    clerk = join(room, founder, "clerk", "李雷", "--unit", "jdx", "--role", "clerk")
    head = join(room, founder, "head", "韩梅", "--unit", "jdx", "--role", "head")
    dean = join(room, founder, "dean", "周平", "--unit", "qcx", "--role", "head")
    office = join(room, founder, "office", "赵敏", "--unit", "zkb", "--role", "quality")
    everybody = (clerk, head, dean, office)
    carry(room, founder, *everybody)
    improvement(room, clerk, head, office)
    task = rectification(clerk, office, room, "添置设备")
    meet(room, founder, *everybody)

    # --- another campus -------------------------------------------------------------------------------------------
    need(founder.json("unit", "move", "jdx", "西校区")["from"] == "东校区", "moved from where?")
    founder.refused("unit", "move", "jdx", "西校区", status=1, code="unit.same-campus")
    meet(room, founder, *everybody)
    (unit,) = [each for each in office.json("quality", "list")["units"] if each["unit"] == "jdx"]
    need(unit["campus"] == "西校区" and unit["open"] > 0, unit)

    # --- another college takes the campus over --------------------------------------------------------------------
    folder = room.stick("移交")
    school = office.json("status")["college"]["id"] if isinstance(office.json("status").get("college"), dict) else None
    out = office.json("takeover", "export", folder, "--unit", "jdx", status=(0, 2))
    need(out["documents"] > 3 and out["acts"] > 5, out)
    os.mkdir(os.path.join(room.path, "other"))
    other_room = type(room)()
    try:
        takes_over(other_room, folder, out["school"], task)
    finally:
        other_room.__exit__(None, None, None)
    need(school is None or school == out["school"], "the school is another one")

    # --- a person moves, a unit is dissolved ------------------------------------------------------------------------
    clerk.json("doc", "edit", task, "--set", "effect=又一轮", "--draft")
    moved = founder.json("person", "move", "李雷", "--from", "jdx", "--to", "qcx")
    need([act["act"] for act in moved["acts"]] == ["grant", "revoke"], moved)
    meet(room, founder, *everybody)
    clerk.refused("doc", "seal", task, status=1)
    need("drafts-stranded" in clerk.status()["advice"], "her draft is not said")
    need(any(entry["code"] == "inbox.draft-stranded" for entry in clerk.json("inbox")["entries"]), "not in her inbox")

    founder.refused("unit", "close", "jdx", status=1, code="unit.open-work")
    closed = founder.json("unit", "close", "jdx", "--leave-open")
    need(len(closed["begun"]) > 1, closed)
    meet(room, founder, *everybody)
    lines = office.json("quality", "list", "--unit", "jdx")
    need(lines["unit_closed"] == len(lines["tasks"]) > 0, lines)
    need("请指定接续部门" in office.text("quality", "list", "--unit", "jdx", "--lang", "zh"), "said in words")
    office.refused("unit", "hand-over", "jdx", "--reason", "撤并", status=1, code="unit.no-successor")
    founder.json("unit", "close", "jdx", "--successor", "qcx")
    meet(room, founder, *everybody)
    founder.refused("unit", "add", "jdx", "机电系", "--campus", "东校区", status=1, code="unit.closed")
    given = office.json("unit", "hand-over", "jdx", "--reason", "并入汽车系")
    need(given["successor"] == "qcx" and given["carried_on"] and not given["left"], given)
    meet(room, founder, *everybody)
    after = office.json("quality", "list", "--unit", "jdx")
    need(after["unit_closed"] == 0 and all(line["carried_on"] for line in after["tasks"]), after)
    dean.json("doc", "edit", task, "--set", "effect=接着做")
    need(office.json("unit", "work", "jdx")["successor"] == "qcx", "who goes on?")


def takes_over(room, folder, school, task):
    founder = found(room, name="吴校长", college="另一学院", domain="qa.other.edu.cn", units=(("jd", "机电学院", "新校区"),))
    clerk = join(room, founder, "clerk", "郑文", "--unit", "jd", "--role", "clerk")
    carry(room, founder, clerk)
    clerk.refused("takeover", "import", folder, "--unit", "jdx=jd", "--school", "0" * 64, status=1, code="takeover.other-school")
    dry = clerk.json("takeover", "import", folder, "--unit", "jdx=jd", "--school", school, "--dry-run", status=(0, 2))
    need(all(not each["known"] for each in dry["documents"]), dry)
    done = clerk.json("takeover", "import", folder, "--unit", "jdx=jd", "--school", school, status=(0, 2))
    again = clerk.json("takeover", "import", folder, "--unit", "jdx=jd", status=(0, 2))
    need(all(each["known"] for each in again["documents"]) and len(again["documents"]) == len(done["documents"]), again)
    (new,) = [each for each in done["documents"] if each["from"] == f"unit/jdx:{task}"]
    need(new["open_task"], new)
    (line,) = [each for each in clerk.json("task", "list") if each["id"] == new["id"]]
    need(line["state"] == "open" and line["due"] == "2027-05-31", line)
    (history,) = [each for each in clerk.json("doc", "history", new["id"]) if each["sort"] == "history"]
    need(history["proven"] and history["college"] == "示范学院", history)
    signed = {(item["kind"], item["person_name"]) for item in history["items"] if item["proven"]}
    need({("submit.v1", "李雷"), ("recheck-fail.v1", "赵敏")} <= signed, signed)
    words = clerk.text("doc", "history", new["id"], "--lang", "zh")
    need("李雷" in words and "在本校不生效" in words, words)


script(main)

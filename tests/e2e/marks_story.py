#!/usr/bin/python3
"""What stands signed against the organisation of a college is marked wherever people look: on the document, in the
check, in the quality office's list and inbox. Here it comes about without any other program: the powers and the seats
were laid down after the signatures."""
import json

from machines import carry, found, join, need, script


def main(room):
    wang = found(room, units=(("jwc", "教务处", "东校区"), ("zkb", "质控办", "东校区")))
    li = join(room, wang, "li", "李雷", "--unit", "jwc", "--role", "clerk", "--role", "quality@college", "--role", "head@college")
    wang.json("registry", "grant", "王芳", "clerk@unit/jwc")
    standard = wang.json("doc", "new", "standard", "--unit", "jwc", "--set", "title=课程标准", "--set", "content=每月一次")["id"]
    person = li.status()["person"]
    person = person if isinstance(person, str) else person["id"]

    def seats(head):
        return "seats=" + json.dumps([{"id": "s1", "kind": "head", "person": head}])

    body = wang.json("doc", "new", "body", "--scope", "college", "--set", "title=质量保证委员会", "--set", "kind=leading",
                     "--set", seats(person))["id"]
    plan = wang.json("doc", "new", "plan", "--scope", "college", "--set", "title=年度计划", "--set", "kind=annual",
                     "--set", "content=…", "--set", f"body=college:{body}")["id"]
    wang.json("step", plan, "submit")
    carry(room, wang, li)
    li.json("step", standard, "submit")
    li.json("step", standard, "approve")
    li.json("step", plan, "approve")
    need(li.json("doc", "show", standard)["breaches"] == [], "nothing is laid down yet")
    need(li.json("doc", "show", plan)["breaches"] == [], "the head of the day signed")

    units = [{"id": "jwc", "parent": "college", "kinds": ["functional"]}, {"id": "zkb", "parent": "college", "kinds": ["quality"]}]
    powers = [{"id": "p1", "name": "教务部门", "units": ["jwc"]}, {"id": "p2", "name": "质控部门", "units": ["zkb"]}]
    wang.json("doc", "new", "organisation", "--scope", "college", "--set", "title=机构设置",
              "--set", "units=" + json.dumps(units), "--set", "powers=" + json.dumps(powers, ensure_ascii=False))
    founder = wang.status()["person"]
    founder = founder if isinstance(founder, str) else founder["id"]
    wang.json("doc", "edit", body, "--set", seats(founder))
    carry(room, wang, li)

    told = {each["code"]: each for each in li.json("doc", "show", standard)["breaches"]}
    need(told["organisation.three-powers"]["text"] == "李雷 教务部门 → 质控部门", told)
    need("违规：违反“三权分治”" in li.text("doc", "show", standard, "--lang", "zh"), "the document is marked in Chinese")
    need("against the rules" in li.text("doc", "show", plan, "--lang", "en"), "and in English")
    need([each["code"] for each in li.json("doc", "show", plan)["breaches"]] == ["organisation.decided-outside-seat"], "the seat")
    both = {"organisation.three-powers", "organisation.decided-outside-seat"}
    need(both <= {each["code"] for each in li.json("organisation", "check", status=1)}, "organisation check")
    listed = li.json("quality", "list")
    need({each["code"] for each in listed["breaches"]} == both, listed["breaches"])
    need(not [unit for unit in listed["units"] if unit["unit"] == "jwc" and unit["fine"]], "its unit is shown as fine")
    need("签署违反机构规定" in li.text("quality", "list", "--lang", "zh"), "the list in words")
    warned = [each for each in li.json("inbox")["entries"] if each["kind"] == "warning"]
    need(both <= {each["code"] for each in warned}, warned)
    need("李雷" in li.text("inbox", "--lang", "zh"), "the inbox names who signed")

    # From now on it is asked before: the same hands sign nothing more across the powers.
    other = wang.json("doc", "new", "standard", "--unit", "jwc", "--set", "title=第二份", "--set", "content=每周一次")["id"]
    carry(room, wang, li)
    li.json("step", other, "submit")
    li.refused("step", other, "approve", status=1, code="organisation.three-powers")


script(main)

#!/usr/bin/python3
"""A college's year of reports and signatures at the command line: what crosses the three powers or leaves a body's seats
is refused before it is signed; schools' reports fall due; the road to city and province is walked in its order; data
that came late are told; and no final report stands on 76 points of 100."""
import json
import os
import pathlib
import subprocess
import tempfile

SPIRAL = os.environ["SPIRAL"]
CATALOGUES = pathlib.Path(os.environ["SPIRAL_SOURCE"]) / "schemas" / "catalogues"
place = pathlib.Path(tempfile.mkdtemp(prefix="spiral-e2e-"))
(place / "passphrase").write_text("a passphrase for tests\n")
ENVIRONMENT = {
    "PATH": os.environ["PATH"], "HOME": str(place), "XDG_STATE_HOME": str(place / "state"), "LANG": "C.UTF-8",
    "SPIRAL_REPLICA": str(place / "office"), "SPIRAL_PASSPHRASE_FILE": str(place / "passphrase"),
    "SPIRAL_NO_AGENT": "1", "SPIRAL_CLOCK": "2026-03-02T08:00:00Z", "TZ": "Asia/Shanghai",
}


def run(*arguments, status=0):
    done = subprocess.run([SPIRAL, *map(str, arguments)], env=ENVIRONMENT, capture_output=True, timeout=120)
    words = done.stdout.decode(), done.stderr.decode()
    assert done.returncode == status, (arguments, done.returncode, *words)
    return words[0] + words[1]


def told(*arguments, status=0):
    return json.loads(run("--json", *arguments, status=status))


def refused(code, *arguments, status=1):
    error = told(*arguments, status=status)["error"]
    assert error["code"] == code, (arguments, error)
    return error


def new(document_type, *options, **fields):
    sets = [each for name, value in fields.items() for each in ("--set", f"{name}={value}")]
    return told("doc", "new", document_type, *options, *sets)["id"]


run("init", place / "office", "--college", "盐城样例学院", "--domain", "qa.example.edu.cn", "--person", "王芳", "--sample")
run("registry", "grant", "王芳", "quality@college")
run("registry", "grant", "王芳", "clerk@unit/yc-d03")
run("import", "bodies", CATALOGUES / "yancheng-organisation.json")
shown = told("organisation", "show")

# --- the three powers --------------------------------------------------------------------------------------------------
standard = new("standard", "--unit", "yc-d03", title="课程标准", content="每月一次")
run("step", standard, "submit")
error = refused("organisation.three-powers", "step", standard, "approve")
assert "王芳" in error["message"] and "教务部门" in error["message"] and "质控部门" in error["message"], error
assert "三权分治" in run("step", standard, "approve", "--lang", "zh", status=1)
assert told("doc", "show", standard)["state"] == "submitted" and told("doc", "show", standard)["breaches"] == []

# --- a body's decision -------------------------------------------------------------------------------------------------
committee = next(each for each in shown["bodies"] if each["kind"] == "leading")["id"]
plan = new("plan", "--scope", "college", title="年度计划", kind="annual", content="…", body=f"college:{committee}")
run("step", plan, "submit")
refused("organisation.not-seated", "step", plan, "approve")

# --- a final report on an incomplete catalogue -------------------------------------------------------------------------
annex = told("import", "catalogue", CATALOGUES / "leshan-annex3.json")["documents"][0]
annex = annex if isinstance(annex, str) else annex["id"]
final = new("report", "--scope", "college", title="最终报告", kind="final", catalogue=f"college:{annex.split(':')[-1]}")
assert "24 points" in refused("catalogue.incomplete", "step", final, "submit")["message"]

# --- yearly reports of schools -----------------------------------------------------------------------------------------
status = told("report", "status", "--year", "2026")
assert [each["school"] for each in status["schools"]] and status["written"] == 0 and status["overdue"] == 0
assert {each["status"] for each in status["schools"]} == {"open"}
late = told("report", "due", "--year", "2025", "--today", "2026-03-02")
assert late["overdue"] == len(late["schools"]) == len(status["schools"])
assert "逾期未交" in run("report", "status", "--year", "2025", "--lang", "zh")
school = status["schools"][0]["school"]
run("registry", "grant", "王芳", f"clerk@unit/{school}")
report = new("report", "--unit", school, title="质量年度报告", kind="annual", report_kind="RK-06", year="2026", owner=school)
error = told("step", report, "submit", status=1)["error"]["code"]
assert error == "organisation.no-group", error
me = told("status")["person"]
me = me if isinstance(me, str) else me["id"]
new("body", "--scope", "college", title="质量保证工作组", kind="school-group", unit=school,
    seats=json.dumps([{"id": "s1", "kind": "head", "person": me}]))
run("step", report, "submit")
signed = {each["school"]: each for each in told("report", "status", "--year", "2026")["schools"]}[school]
assert signed["status"] == "signed" and signed["signed_by_name"] == "王芳" and signed["signed_on"] == "2026-03-02"
assert school not in [each["school"] for each in told("report", "due", "--year", "2026")["schools"]]
refused("report.year", "report", "status", "--year", "26x", status=3)

# --- the yearly road ---------------------------------------------------------------------------------------------------
settings = shown["settings"]
run("doc", "edit", settings, "--set", "yearly_road=true")
assert any(each["code"] == "road.due" for each in told("inbox", "--today", "2026-09-10")["entries"])
ENVIRONMENT["SPIRAL_CLOCK"] = "2026-11-20T08:00:00Z"
YEAR = ("--year", "2026")
refused("road.before-receipt", "report", "hand-in", "province", *YEAR, "--on", "2026-10-08")
refused("road.receipt-before", "report", "receipt", "self-diagnosis", *YEAR, "--on", "2026-09-30")
refused("road.future", "report", "hand-in", "self-diagnosis", *YEAR, "--on", "2026-11-22")
run("report", "hand-in", "self-diagnosis", *YEAR, "--on", "2026-09-28")
run("report", "receipt", "self-diagnosis", *YEAR, "--on", "2026-09-30")
handed = told("report", "hand-in", "city", *YEAR, "--on", "2026-11-12", "--report", final, "--note", "专人送达")
assert handed["findings"] == ["road.late"], handed
refused("road.before-receipt", "report", "hand-in", "province", *YEAR, "--on", "2026-11-13")
refused("road.no-proof", "report", "receipt", "city", *YEAR, "--on", "2026-11-15")
(place / "回执.pdf").write_text("收讫")
run("report", "receipt", "city", *YEAR, "--on", "2026-11-15", "--number", "12号", "--file", place / "回执.pdf")
run("report", "hand-in", "province", *YEAR, "--on", "2026-11-16")
refused("road.taken", "report", "hand-in", "province", *YEAR, "--on", "2026-11-17")
road = told("report", "road", *YEAR, status=1)
assert [step["findings"] for step in road["steps"]] == [[], ["road.late"], []], road
assert road["steps"][1]["received"]["number"] == "12号" and len(road["steps"][1]["received"]["files"]) == 1
assert road["steps"][1]["handed_in"]["by_name"] == "王芳"
# What was signed is not changed by writing over it.
run("doc", "edit", handed["document"], "--set", "on=2026-10-12")
assert told("report", "road", *YEAR, status=1)["steps"][1]["handed_in"]["on"] == "2026-11-12"
assert "迟交" in run("report", "road", *YEAR, "--lang", "zh", status=1)
assert "late" in run("report", "road", *YEAR, "--lang", "en", status=1).lower()

# --- the quality of data -----------------------------------------------------------------------------------------------
run("doc", "new", "task", "--unit", "yc-d03", "--set", "title=没有进展", "--set", "owner=yc-d03", "--set", "due=2026-10-01")
data = told("quality", "data")
unit = {each["unit"]: each for each in data["units"]}["yc-d03"]
assert unit["missing"] == 1 and data["missing"] == 1 and len(data["findings"]) == 1, data
assert told("quality", "data", "--today", "2026-09-30")["missing"] == 0
assert "缺报 1" in run("quality", "data", "--unit", "yc-d03", "--lang", "zh")

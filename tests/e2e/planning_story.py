#!/usr/bin/python3
"""A year's planning with the command line alone: bodies, road map and phases from the papers, a task book split among
units, progress with evidence, and the same tasks as list, board, chart and calendar. The calendar file is read by a
stock parser."""
import json
import os
import pathlib
import subprocess
import sys
import tempfile

try:
    import icalendar
except ImportError:
    print("python3-icalendar is not installed")
    sys.exit(77)

SPIRAL = os.environ["SPIRAL"]
CATALOGUES = pathlib.Path(os.environ["SPIRAL_SOURCE"]) / "schemas" / "catalogues"
place = pathlib.Path(tempfile.mkdtemp(prefix="spiral-e2e-"))
(place / "passphrase").write_text("a passphrase for tests\n")
ENVIRONMENT = {
    "PATH": os.environ["PATH"], "HOME": str(place), "XDG_STATE_HOME": str(place / "state"), "LANG": "C.UTF-8",
    "SPIRAL_REPLICA": str(place / "office"), "SPIRAL_PASSPHRASE_FILE": str(place / "passphrase"),
    "SPIRAL_NO_AGENT": "1", "SPIRAL_CLOCK": "2026-03-02T08:00:00Z",
}
TODAY = ("--today", "2026-03-02")


def run(*arguments, status=0):
    done = subprocess.run([SPIRAL, *map(str, arguments)], env=ENVIRONMENT, capture_output=True, timeout=120)
    words = done.stdout.decode(), done.stderr.decode()
    assert done.returncode == status, (arguments, done.returncode, *words)
    return words[0] + words[1]


def told(*arguments, status=0):
    return json.loads(run("--json", *TODAY, *arguments, status=status))


run("init", place / "office", "--college", "盐城样例学院", "--domain", "qa.example.edu.cn", "--person", "王芳", "--sample")

# --- the organisation ------------------------------------------------------------------------------------------------
assert told("organisation", "show", status=2)["error"]["code"] == "organisation.none"
organisation = CATALOGUES / "yancheng-organisation.json"
assert told("import", "bodies", organisation, "--dry-run")["made"] == 0
assert told("import", "bodies", organisation)["made"] == 5
shown = told("organisation", "show")
assert len(shown["bodies"]) == 4 and len(shown["units"]) == 16
matrix = told("organisation", "matrix", "--of", "tasks")
assert matrix["total"] == sum(matrix["levels"].values()) + len(matrix["without_level"]) + len(matrix["without_system"])
assert told("organisation", "matrix", "--of", "pens", status=3)["error"]["code"] == "organisation.matrix-of"
codes = {remark["code"] for remark in told("organisation", "check", status=1)}
assert {"organisation.seat-unfilled", "organisation.no-system", "organisation.diagnosis-nobody"} <= codes
assert "校长" in run("organisation", "check", "--lang", "zh", status=1)
own = [each for each in told("organisation", "diagnosis", "--unit", "yc-d03") if each["self"]]
assert len(own) == 1 and own[0]["object"] == "yc-d03"
assert set(told("organisation", "coverage")["counts"].values()) == {0}

# --- plans -------------------------------------------------------------------------------------------------------------
run("import", "phases", CATALOGUES / "yancheng-phases.json")
assert told("import", "roadmap", CATALOGUES / "leshan-roadmap.json")["made"] == 26
gaps = [each for each in told("plan", "check", status=1) if each["code"] == "task.no-owner"]
assert len(gaps) == 25
rows = [{"id": str(n), "title": f"任务{n}；要求，一\\二", "owner": unit, "due": due, "weight": weight, "standard": "通过验收"}
        for n, unit, due, weight in ((1, "yc-d03", "2026-06-30", "2"), (2, "yc-d12", "2026-12-31", "1.5"))]
book = told("doc", "new", "plan", "--scope", "college", "--set", "title=2026年工作要点", "--set", "kind=master",
            "--set", "tasks=" + json.dumps(rows, ensure_ascii=False))["id"]
assert {each["code"] for each in told("plan", "book", book, status=1)["remarks"]} == {"book.no-task"}
parts = told("task", "split", book)
assert [part["unit"] for part in parts] == ["yc-d03", "yc-d12"]
assert all(part["known"] for part in told("task", "split", book))
assert told("plan", "book", "--year", "2026", book)["remarks"] == []

# --- progress ------------------------------------------------------------------------------------------------------------
first = parts[0]["id"]
(place / "纪要.txt").write_text("会议纪要")
entered = told("task", "progress", first, "--percent", "60", "--date", "2026-02-20", "--text", "初稿",
               "--evidence", place / "纪要.txt")
assert entered["remarks"] == []
for options, code in ((("--percent", "101"), "progress.over"), (("--percent", "50"), "progress.back"),
                      (("--percent", "70", "--date", "2026-03-09"), "progress.future")):
    assert told("task", "progress", first, *options, "--text", "x", status=1)["error"]["code"] == code
assert told("task", "progress", first, "--percent", "half", "--text", "x", status=3)["error"]["code"] == "progress.percent"
assert told("task", "progress", gaps[0]["place"], "--percent", "1", "--text", "x", status=1)["error"]["code"] == "task.no-owner"
late = told("task", "progress", first, "--percent", "50", "--date", "2025-12-20", "--text", "补录")
assert [each["code"] for each in late["remarks"]] == ["progress.late-year"]
plans = {plan["id"]: plan for plan in told("plan", "tree")}
assert plans[book]["progress"] == "34.29", plans[book]   # (2 × 60 + 1.5 × 0) / 3.5 = 34.2857…

# --- one set of tasks, four ways ---------------------------------------------------------------------------------------------
for filters in ((), ("--unit", "yc-d03"), ("--overdue",), ("--due-before", "2019-01-01"), ("--all",)):
    listed = {task["id"]: task["due"] for task in told("task", "list", *filters)}
    cards = {card["id"] for lane in told("board", *filters) for column in lane["columns"].values() for card in column}
    chart = {item["id"] for item in told("gantt", *filters)["items"]}
    told("calendar", "-o", place / "due.ics", *filters)
    text = (place / "due.ics").read_bytes()
    assert all(len(line) <= 75 for line in text.split(b"\r\n")) and text.count(b"\n") == text.count(b"\r\n")
    events = list(icalendar.Calendar.from_ical(text).walk("VEVENT"))
    assert cards == chart == set(listed), filters
    assert {str(event["UID"]).split(".")[0] for event in events} == {doc for doc, due in listed.items() if due}
    for event in events:
        assert event["DTSTART"].dt.isoformat() == listed[str(event["UID"]).split(".")[0]]
    if filters == ("--unit", "yc-d03"):
        assert [str(event["SUMMARY"]) for event in events] == ["任务1；要求，一\\二"]
        assert event["CATEGORIES"].to_ical().decode() == "教务处"
lane = [lane for lane in told("board") if lane["unit"] == "yc-d03"][0]
assert [card["id"] for card in lane["columns"]["under-way"]] == [first]
assert len(told("gantt")["bands"]) == 8 + 3
assert "2021" in run("gantt", "--lang", "en") and "未开始" in run("board", "--lang", "zh")

# --- what stands in the way of the review ---------------------------------------------------------------------------------------
assert told("plan", "blockers") == []
run("doc", "new", "task", "--unit", "yc-d03", "--set", "title=限期整改", "--set", "kind=rectification")
assert [each["code"] for each in told("plan", "blockers", status=1)] == ["review.open-rectification"]

#!/usr/bin/python3
"""Workbooks and CSV as departments keep them, made and read by another program too; and the catalogues, as printed."""
import datetime
import json
import os
import sys

try:
    import openpyxl
except ImportError:
    print("python3-openpyxl is not installed")
    sys.exit(77)

from machines import SOURCE, found, need, script

CATALOGUES = os.path.join(SOURCE, "schemas", "catalogues")


def main(room):
    office = found(room, units=(("jwc", "教务处", "东校区"), ("zkb", "质控办", "东校区"), ("xy1", "机电学院", "西校区")))
    task_book(room, office)
    duties(room, office)
    encodings(room, office)
    catalogues(room, office)


def task_book(room, office):
    """The empty sheet is filled in a spreadsheet program, comes in, is given back, is mended and comes in again."""
    empty = room.stick("任务书.xlsx")
    need(office.json("template", "tasks", "-o", empty)["headings"][0] == "编号", "headings")
    book = openpyxl.load_workbook(empty)
    sheet = book.worksheets[0]
    need(sheet.title == "任务书" and book.worksheets[1].sheet_state == "hidden", book.sheetnames)
    lists = {str(rule.sqref): rule.formula1 for rule in sheet.data_validations.dataValidation}
    need(len(lists) == 3, lists)
    heading = {cell.value.rstrip("*"): cell.column for cell in sheet[1]}
    need(heading["牵头责任部门"] and sheet.cell(1, heading["任务"]).value == "任务*", heading)

    def write(row, **values):
        for name, value in values.items():
            sheet.cell(row, heading[name]).value = value

    write(2, 编号="T1", 任务="修订人才培养方案", 牵头责任部门="教务处", 任务属性="指定", 完成期限=datetime.date(2026, 6, 30), 权重=0.5)
    sheet.cell(2, heading["完成期限"]).number_format = "yyyy/m/d"
    write(3, 编号="T2", 任务="听课", 牵头责任部门="机电学院", 完成期限="2026.13")
    write(4, 编号="T3", 任务="质量年报", 牵头责任部门="质量处", 完成期限="2026年12月")
    sheet.merge_cells(start_row=5, end_row=6, start_column=heading["牵头责任部门"], end_column=heading["牵头责任部门"])
    write(5, 编号="T4", 任务="甲", 牵头责任部门="质控办", 完成期限="持续")
    write(6, 编号=5, 任务="乙", 完成期限="2026-09-30")
    filled = room.stick("已填.xlsx")
    book.save(filled)

    tried = office.json("import", "tasks", filled, "--dry-run", status=1)
    need((tried["rows"], tried["made"], tried["refused"], tried["dry_run"]) == (5, 3, 2, True), tried)
    need(office.json("task", "list") == [], "a dry run wrote something")
    back = room.stick("待改.xlsx")
    taken = office.json("import", "tasks", filled, "--errors", back, status=1)
    told = {(note["row"], note["field"], note["code"]) for note in taken["notes"]}
    need(told == {(3, "due", "bad-date"), (4, "owner", "owner-unknown-unit")}, told)
    tasks = {task["title"]: task for task in office.json("task", "list")}
    need(set(tasks) == {"修订人才培养方案", "甲", "乙"}, tasks)
    need(tasks["修订人才培养方案"]["due"] == "2026-06-30" and tasks["乙"]["due"] == "2026-09-30", tasks)

    given = openpyxl.load_workbook(back)
    sheet = given.worksheets[0]
    last = sheet.max_column
    need(sheet.cell(1, last).value == "错误", sheet.cell(1, last).value)
    need("期限" in sheet.cell(3, last).value and sheet.cell(2, last).value is None, "the column of errors")
    need(sheet.cell(3, heading["完成期限"]).fill.fgColor.rgb == "FFFFC7CE", "the cell is not marked")
    sheet.cell(3, heading["完成期限"]).value = "2026.12"
    sheet.cell(4, heading["牵头责任部门"]).value = "质控办"
    given.save(back)
    again = office.json("import", "tasks", back)
    need((again["made"], again["skipped"], again["refused"]) == (2, 3, 0), again)
    sheet.cell(2, heading["任务"]).value = "修订人才培养方案（第二稿）"
    given.save(back)
    office.refused("import", "tasks", back, "--on-existing", "stop", status=1, code="import.exists")
    updated = office.json("import", "tasks", back, "--on-existing", "update")
    need((updated["updated"], updated["unchanged"]) == (1, 4), updated)
    need(len(office.json("task", "list")) == 5, "an update made something")
    need("第二稿" in office.text("task", "list"), "the update is not there")
    office.refused("import", "tasks", back, "--on-existing", "maybe", status=3, code="usage.value")
    office.refused("import", "frogs", back, status=3, code="import.kind")
    office.refused("import", "tasks", room.stick("nothing.xlsx"), status=2, code="file.missing")


def duties(room, office):
    """Fifty rows with five bad ones, in English."""
    office.json("template", "duties", "-o", room.stick("duties.xlsx"), "--lang", "en")
    book = openpyxl.load_workbook(room.stick("duties.xlsx"))
    sheet = book.worksheets[0]
    need([cell.value for cell in sheet[1]][:3] == ["id", "department*", "duty*"], [cell.value for cell in sheet[1]])
    for number in range(50):
        row = [f"D{number}", "教务处", "教学管理", "检查", "秘书", f"第{number}项", "每学期2次，完成率100%"]
        if number in (3, 13, 23):
            row[6] = "进一步提高质量"
        if number in (33, 43):
            row[4] = None
        sheet.append(row)
    book.save(room.stick("duties.xlsx"))
    taken = office.json("import", "duties", room.stick("duties.xlsx"), status=1)
    need((taken["made"], taken["refused"]) == (45, 5), taken)
    need(sorted({note["row"] for note in taken["notes"]}) == [5, 15, 25, 35, 45], taken["notes"])
    said = office.text("import", "duties", room.stick("duties.xlsx"), "--dry-run", status=1)
    need("标准没有时限" in said and "职责没有岗位" in said, said)


def encodings(room, office):
    for name, encoding in (("gb.csv", "gb18030"), ("bom.csv", "utf-8-sig"), ("plain.csv", "utf-8"), ("wide.csv", "utf-16")):
        with open(room.stick(name), "w", encoding=encoding, newline="\r\n") as file:
            file.write("部门代号,部门名称,校区\n" + f"x{name[:2]},\"{encoding},处\",东校区\n")
        need(office.json("import", "units", room.stick(name))["made"] == 1, name)
    with open(room.stick("rows.json"), "w") as file:
        json.dump({"rows": [{"unit": "json", "name": "由 JSON 来"}]}, file)
    need(office.json("import", "units", room.stick("rows.json"))["made"] == 1, "rows as JSON")
    with open(room.stick("bad.xlsx"), "wb") as file:
        file.write(b"PK\x03\x04 nothing")
    office.refused("import", "units", room.stick("bad.xlsx"), status=1, code="sheets.not-a-workbook")


def catalogues(room, office):
    """Printed catalogues as they are; a college's additions; what may not be done; two versions beside each other."""
    for name, documents, elements, points in (("yancheng-diagnosis-catalogue", 5, 36, 80), ("leshan-annex3", 1, 12, 76), ("national-elements", 1, 15, 37)):
        taken = office.json("catalogue", "import", os.path.join(CATALOGUES, name + ".json"))
        need((taken["made"], taken["elements"], taken["points"]) == (documents, elements, points), taken)
    listed = {each["title"]: each for each in office.json("catalogue", "list")}
    need(len(listed) == 7, listed)
    annex = next(each for each in listed.values() if each["missing_points"])
    need(annex["missing_points"] == 24, annex)
    need("缺 24 个诊断点" in office.text("catalogue", "show", annex["id"]), "no banner")
    national = next(each for each in listed.values() if each["layer"] == "national")
    shown = office.json("catalogue", "show", national["id"])
    need(shown["thresholds"] == {"elements": 15, "effective_from": 12, "abnormal_to": 9}, shown["thresholds"])
    need("待核对" in office.text("catalogue", "show", national["id"]), "the draft is not marked")

    own = {"schema": "catalogue/1", "id": "own", "title_zh": "我校诊断目录", "version": "2026",
           "projects": [{"zh": "特色", "elements": [{"id": "X-1", "zh": "校企合作", "points": [{"id": "X-1-P1", "zh": "订单班"}], "responsible": ["教务处"]}]}]}

    def file(content):
        with open(room.stick("own.json"), "w") as out:
            json.dump(content, out, ensure_ascii=False)
        return room.stick("own.json")

    made = office.json("catalogue", "import", file(own), "--base", national["id"], "--layer", "college")
    need((made["elements"], made["points"]) == (16, 38), made)
    first = office.json("catalogue", "show", made["documents"][0])
    need(first["thresholds"]["effective_from"] == 13 and first["thresholds"]["abnormal_to"] == 10, first["thresholds"])
    gone = dict(own, version="2027", projects=[{"zh": "体系总体构架", "elements": [{"id": "N-1.1", "zh": "质量保证理念", "withdrawn": True}]}])
    refused = office.refused("catalogue", "import", file(gone), "--base", national["id"], status=1, code="catalogue.layer")
    need("质量保证理念" in refused["message"], refused)
    office.refused("catalogue", "import", room.stick("专业.csv"), "--base", national["id"], status=3, code="catalogue.base-needs-json")
    office.refused("catalogue", "import", file(own), "--errors", room.stick("e.xlsx"), status=3, code="import.no-sheet")
    own["version"] = "2027"
    own["projects"][0]["elements"][0]["points"] = [{"id": "X-1-P2", "zh": "订单班与学徒制", "was": ["X-1-P1"]}, {"id": "X-1-P3", "zh": "产业学院"}]
    newer = office.json("catalogue", "import", file(own), "--base", national["id"])
    changes = office.json("catalogue", "compare", made["documents"][0], newer["documents"][0])
    need(changes["added"] == ["X-1-P3"] and changes["withdrawn"] == [] and changes["reworded"] == ["X-1-P2"], changes)
    need(office.json("catalogue", "show", first["revision"])["counts"] == first["counts"], "the version before is not what it was")
    found_here = office.json("catalogue", "check", status=1)
    codes = {each["code"] for each in found_here}
    need({"catalogue-incomplete", "catalogue-unconfirmed", "point-without-owner", "owner-unknown-unit"} <= codes, codes)
    with open(room.stick("专业.csv"), "w", encoding="gb18030") as out:
        out.write("代码,专业名称,所属学院,停办日期\n480402,纺织品设计,机电学院,\n460301,机电一体化,机电学院,2019-06-30\n")
    need(office.json("import", "programmes", room.stick("专业.csv"))["made"] == 2, "programmes")
    table = next(each for each in listed.values() if each["level"] == "programme")
    subjects = office.json("catalogue", "instances", table["id"])
    need((len(subjects["subjects"]), subjects["elements"], subjects["points"]) == (1, 9, 17), subjects)
    past = office.json("catalogue", "instances", table["id"], "--from", "2019-01-01", "--to", "2019-12-31")
    need(len(past["subjects"]) == 2 and past["findings"][0]["code"] == "programme-closes", past)
    office.refused("catalogue", "show", office.json("task", "list")[0]["id"], status=3, code="catalogue.not-one")
    need("延续的诊断点" in office.text("catalogue", "compare", made["documents"][0], newer["documents"][0]), "compare")


script(main)

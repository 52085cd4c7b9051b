#!/usr/bin/python3
"""docs/requirements.md is whole and honest in form: every id once, a known state, and tests that are there."""
import pathlib
import re
import sys

# Group, first and last number, digits.
LISTS = (("M", 1, 9, 3), ("Y", 1, 82, 3), ("N", 1, 32, 3), ("C", 1, 13, 3), ("L", 1, 33, 3), ("J", 1, 20, 3), ("T", 1, 20, 0), ("X", 1, 16, 0),
         ("P.1.", 1, 6, 0), ("P.2.", 1, 7, 0), ("P.3.", 1, 4, 0), ("P.4.", 1, 4, 0), ("P.5.", 1, 4, 0), ("P.6.", 1, 5, 0), ("C5.", 1, 14, 0))
STATES = ("met", "partly", "not yet")


def ids():
    for group, first, last, digits in LISTS:
        for number in range(first, last + 1):
            yield f"{group}{number:0{digits}d}" if digits else f"{group}{number}"


def test_names():
    """Names of all test cases; a name may be written as several literals."""
    names = set()
    pattern = re.compile(r'TEST_CASE(?:_METHOD)?\(\s*(?:\w+\s*,\s*)?((?:"(?:[^"\\]|\\.)*"\s*)+)')
    for path in pathlib.Path("tests").rglob("*.cpp"):
        for literals in pattern.findall(path.read_text(encoding="utf-8")):
            name = "".join(re.findall(r'"((?:[^"\\]|\\.)*)"', literals))
            names.add(re.sub(r"\\(.)", r"\1", name))
    return names


def main():
    errors, seen, counts = [], [], dict.fromkeys(STATES, 0)
    names = test_names()
    if len(names) < 500:
        errors.append(f"only {len(names)} test cases were found: the pattern is wrong")
    for number, line in enumerate(pathlib.Path("docs/requirements.md").read_text(encoding="utf-8").splitlines(), 1):
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")] if line.startswith("| ") else []
        if not cells or cells[0] in ("id", "---"):
            continue
        if len(cells) != 5:
            errors.append(f"line {number}: {len(cells)} cells, not 5")
            continue
        name, asks, state, where, tests = cells
        seen.append(name)
        if state not in STATES:
            errors.append(f"{name}: what is the state “{state}”?")
            continue
        counts[state] += 1
        quoted = re.findall(r"`([^`]+)`", tests)
        if not asks:
            errors.append(f"{name}: says not what it asks for")
        if state == "not yet" and (quoted or where):
            errors.append(f"{name}: not yet, but somewhere")
        if state != "not yet" and (not quoted or not where):
            errors.append(f"{name}: {state}, but names no place or no test")
        for each in quoted:
            there = pathlib.Path(each).is_file() if each.startswith("tests/") else each in names
            if not there:
                errors.append(f"{name}: there is no test “{each}”")
    expected = list(ids())
    errors += [f"{name} is missing" for name in expected if name not in seen]
    errors += [f"{name} is no id of the list" for name in sorted(set(seen)) if name not in expected]
    errors += [f"{name} stands there twice" for name in sorted(set(seen)) if seen.count(name) > 1]
    for error in errors:
        print(error)
    print(f"{len(seen)} ids: " + ", ".join(f"{count} {state}" for state, count in counts.items()))
    return 1 if errors else 0


sys.exit(main())

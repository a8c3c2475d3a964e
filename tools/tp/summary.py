#!/usr/bin/env python3
"""Counts the tests of several ctest runs and prints one closing line: N passed, N failed, N skipped.

Reads ctest's JUnit files. A program of GoogleTest or of Python's unittest counts by its cases (their numbers stand at
the end of its output), anything else as one. Exit code 0 if nothing failed and something passed.
"""
import argparse
import re
import sys
import xml.etree.ElementTree as xml
from pathlib import Path

COUNTS = {
    "passed": re.compile(r"^\[  PASSED  \] (\d+) tests?\.", re.M),
    "failed": re.compile(r"^\[  FAILED  \] (\d+) tests?, listed below:", re.M),
    "skipped": re.compile(r"^\[  SKIPPED \] (\d+) tests?, listed below:", re.M),
}
UNITTEST = re.compile(r"^Ran (\d+) tests? in .*\n\n(?:OK|FAILED)(.*)$", re.M)


def count_unittest(output):
    """As COUNTS; all zero if it is none. Parts of a test (subTest) may fail one by one."""
    found = UNITTEST.findall(output)
    if not found:
        return dict.fromkeys(COUNTS, 0)
    ran, rest = found[-1]
    named = {name: int(number) for name, number in re.findall(r"(\w+)=(\d+)", rest)}
    failed, skipped = named.get("failures", 0) + named.get("errors", 0), named.get("skipped", 0)
    return {"passed": max(int(ran) - failed - skipped, 0), "failed": failed, "skipped": skipped}


def count_case(case):
    """(passed, failed, skipped) of one ctest test."""
    output = case.findtext("system-out") or ""
    numbers = count_unittest(output)
    for verdict, pattern in COUNTS.items():
        found = pattern.findall(output)
        numbers[verdict] += int(found[-1]) if found else 0
    status = case.get("status")
    if case.find("failure") is not None or status == "fail":
        # A program may die after its last case passed: that is a failure of its own.
        return numbers["passed"], max(numbers["failed"], 1), numbers["skipped"]
    if case.find("skipped") is not None or status in ("notrun", "disabled"):
        return 0, 0, 1
    if sum(numbers.values()) == 0:
        return 1, 0, 0
    return numbers["passed"], numbers["failed"], numbers["skipped"]


def count_file(path):
    totals, notes = [0, 0, 0], []
    for case in xml.parse(path).getroot().iter("testcase"):
        counts = count_case(case)
        totals = [a + b for a, b in zip(totals, counts)]
        run = f"{Path(path).stem}: {case.get('name')}"
        if counts[1]:
            notes.append(f"failed   {run}")
        elif counts[2]:
            notes.append(f"skipped  {run}: {skip_reason(case)}")
    return totals, notes


def skip_reason(case):
    output = case.findtext("system-out") or ""
    reasons = re.findall(r"[Ss]kipped(?:: |\n| (?=['\"]))(.+)", output)
    element = case.find("skipped")
    if not reasons and element is not None:
        reasons = [element.get("message") or ""]
    return (reasons[0].strip() if reasons else "") or "no reason printed"


def main(arguments):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--broken", type=int, default=0, help="steps that could not run at all")
    parser.add_argument("files", nargs="*")
    options = parser.parse_args(arguments)
    passed, failed, skipped = 0, options.broken, 0
    for path in options.files:
        if not Path(path).is_file():
            continue
        try:
            totals, notes = count_file(path)
        except xml.ParseError:
            totals, notes = [0, 1, 0], [f"failed   {Path(path).stem}: unreadable result file"]
        passed, failed, skipped = passed + totals[0], failed + totals[1], skipped + totals[2]
        for line in notes:
            print(line)
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    return 0 if failed == 0 and passed > 0 else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

#!/usr/bin/env python3
"""Compares the table of limits in docs/PROTOCOL.md with src/base/limits.hpp.

Rows are read below the heading that says Limits: | `name` | value unit | …; units: bytes, s, ms, min, h or none.
A row that names no constant, or another value than the header, is an error; so is a page without rows.
"""
import re
import sys
from pathlib import Path

UNITS = {"": 1, "bytes": 1, "h": 3_600_000, "min": 60_000, "s": 1_000, "ms": 1}
CONSTANT = re.compile(r"inline constexpr (?:auto|std::\w+|int) (\w+)\s*=\s*([^;]+);")
ROW = re.compile(r"^\|\s*`(\w+)`\s*\|\s*([\d,.]+)\s*(\w*)[^|]*\|", re.M)


def value_of(expression):
    """A number; times in milliseconds. None if it is computed from other constants."""
    plain = expression.replace("'", "").strip()
    match = re.fullmatch(r"(\d+)(ms|s|min|h)", plain)
    if match:
        return int(match.group(1)) * UNITS[match.group(2)]
    match = re.fullmatch(r"(\d+)[uUlL]*(?:\s*<<\s*(\d+))?", plain)
    return int(match.group(1)) << int(match.group(2) or 0) if match else None


def is_time(expression):
    return re.fullmatch(r"[\d']+(ms|s|min|h)", expression.strip()) is not None


def compare(header, page):
    constants = {name: expression for name, expression in CONSTANT.findall(header)}
    section = re.search(r"^#+ [^\n]*Limits\n(.*?)(?=^#|\Z)", page, re.M | re.S)
    rows = ROW.findall(section.group(1)) if section else []
    wrong = [] if rows else ["no row of the form | `name` | value | was found"]
    for name, number, unit in rows:
        if name not in constants:
            wrong.append(f"{name} is not in limits.hpp")
            continue
        expected = value_of(constants[name])
        # Constants that are plain numbers of seconds carry the unit in their name.
        scale = UNITS.get(unit) if is_time(constants[name]) or unit in ("", "bytes") else 1 if unit == "s" else None
        if expected is None or scale is None:
            wrong.append(f"{name}: cannot compare '{number} {unit}' with '{constants[name]}'")
        elif float(number.replace(",", "")) * scale != expected:
            wrong.append(f"{name} is {constants[name]} in limits.hpp, not {number} {unit}")
    return wrong


def main():
    root = Path(__file__).resolve().parents[2]
    header = (root / "src/base/limits.hpp").read_text()
    wrong = compare(header, (root / "docs/PROTOCOL.md").read_text())
    for line in wrong:
        print(f"docs/PROTOCOL.md: {line}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())

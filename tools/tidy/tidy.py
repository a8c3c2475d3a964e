#!/usr/bin/env python3
"""Checks what a compiler does not: who may include whom, sizes, banned words, co_await, who opens secrets, leftovers.

usage: tidy.py [ROOT] [--no-warnings]
Reads the files git knows or would know. Exit code 1 if there is an error; warnings only inform.
A rule is a function (files) -> findings, where files maps a path to its text; tidy_test.py feeds each one a passing and
a failing sample.
"""
import argparse
import re
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
import coawait  # noqa: E402
from common import CPP, SCRIPTS, Finding, each_match, is_cpp, is_test, room, shipped  # noqa: E402
from includes import may_include, rule_includes, rule_third_party  # noqa: E402
from source import Tokens, functions  # noqa: E402
from words import rule_banned, rule_leftovers, rule_links  # noqa: E402

LINES_SOFT, LINES_HARD, LINES_SOFT_TEST, LINES_HARD_TEST = 300, 500, 500, 700
FUNCTION_LINES, COLUMNS, COLUMNS_SCRIPT, COLUMNS_TABLE, README_LINES = 70, 110, 120, 124, 12
TABLES = "src/base/"  # bounds, units and reasons side by side, one a line
LONG_FUNCTIONS = "tools/tidy/long_functions.allow"
REVEAL_ALLOWED = "tools/tidy/reveal.allow"


def rule_sizes(files):
    for path, text in files.items():
        lines = text.split("\n")
        if path.endswith(CPP + SCRIPTS):
            limit = COLUMNS_TABLE if path.startswith(TABLES) else COLUMNS if is_cpp(path) else COLUMNS_SCRIPT
            for number, line in enumerate(lines, 1):
                if len(line) > limit:
                    yield Finding(path, number, "columns", f"{len(line)} columns, at most {limit}")
        if is_cpp(path) or path.endswith(".py"):
            hard = LINES_HARD_TEST if is_test(path) else LINES_HARD
            if len(lines) - 1 > hard:
                yield Finding(path, hard, "lines", f"{len(lines) - 1} lines, at most {hard}")
            soft = LINES_SOFT_TEST if is_test(path) else LINES_SOFT
            if soft < len(lines) - 1 <= hard:
                yield Finding(path, soft, "lines", f"{len(lines) - 1} lines, better {soft}", warning=True)


def allow_list(files, path):
    """{key: (line, reason)} of lines `key: reason`; # begins a comment."""
    entries = {}
    for number, line in enumerate(files.get(path, "").split("\n"), 1):
        if line.strip() and not line.startswith("#"):
            key, _, reason = line.partition(": ")
            entries[key.strip()] = (number, reason.strip())
    return entries


def check_allow_list(path, entries, used, rule):
    for key, (line, reason) in entries.items():
        if key not in used:
            yield Finding(path, line, rule, f"{key} does not need its entry any more")
        elif not reason:
            yield Finding(path, line, rule, f"{key}: say why")


def rule_functions(files):
    allowed, used = allow_list(files, LONG_FUNCTIONS), set()
    for path, text in files.items():
        if not is_cpp(path):
            continue
        for name, first, last in functions(Tokens(text)):
            if last - first > FUNCTION_LINES:
                used.add(f"{path} {name}")
                if f"{path} {name}" not in allowed:
                    message = f"{name} has {last - first} lines, at most {FUNCTION_LINES}"
                    yield Finding(path, first, "function-lines", message)
    yield from check_allow_list(LONG_FUNCTIONS, allowed, used, "function-lines")


def rule_readmes(files):
    folders = {room(path) for path in files if room(path) and is_cpp(path)}
    for folder in sorted(folders):
        path = f"src/{folder}/README.md"
        if path not in files:
            yield Finding(path, 1, "readme", "missing: purpose, may-include line, where to start, what is refused")
            continue
        if may_include(files, folder) is None:
            yield Finding(path, 1, "readme", "has no may-include line")
        length = len(files[path].rstrip("\n").split("\n"))
        if length > README_LINES:
            yield Finding(path, README_LINES, "readme", f"{length} lines, at most {README_LINES}")


def rule_coawait(files):
    for path, text in files.items():
        if is_cpp(path) and "co_await" in text:
            for line, message in coawait.check(text):
                yield Finding(path, line, "co_await", message)


def rule_reveal(files):
    allowed, used = allow_list(files, REVEAL_ALLOWED), set()
    calls = r"(?:\.|->)\s*reveal(?:_text)?\s*\("
    for path, line, _ in each_match(files, calls, shipped):
        if path not in used and path not in allowed:
            yield Finding(path, line, "reveal", f"opens a secret; add '{path}: reason' to {REVEAL_ALLOWED} if it must")
        used.add(path)
    yield from check_allow_list(REVEAL_ALLOWED, allowed, used, "reveal")


RULES = [rule_includes, rule_third_party, rule_sizes, rule_functions, rule_readmes, rule_banned, rule_coawait,
         rule_reveal, rule_leftovers, rule_links]  # fmt: skip


def check(files):
    return sorted({finding for rule in RULES for finding in rule(files)})


def read_tree(root):
    """{path: text} of what git tracks or would track; without git, of everything outside build/."""
    listing = subprocess.run(["git", "-C", root, "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
                             capture_output=True, check=False)  # fmt: skip
    if listing.returncode == 0:
        paths = listing.stdout.decode(errors="replace").split("\0")
    else:
        paths = [str(path.relative_to(root)) for path in Path(root).rglob("*")]
        paths = [path for path in paths if not path.startswith(("build/", ".git/"))]
    files = {}
    for path in sorted(filter(None, paths)):
        full = Path(root) / path
        if full.is_file() and not full.is_symlink():
            data = full.read_bytes()
            files[path] = "" if b"\0" in data else data.decode("utf-8", errors="replace")
    return files


def main(arguments):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("root", nargs="?", default=str(Path(__file__).resolve().parents[2]))
    parser.add_argument("--no-warnings", action="store_true")
    options = parser.parse_args(arguments)
    files = read_tree(options.root)
    findings = check(files)
    for finding in findings:
        if not (finding.warning and options.no_warnings):
            print(finding)
    errors = sum(not finding.warning for finding in findings)
    print(f"tidy: {errors} errors, {len(findings) - errors} warnings in {len(files)} files")
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

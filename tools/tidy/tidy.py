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
from pathlib import Path, PurePosixPath
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parent))
import coawait  # noqa: E402
from source import Tokens, comments, functions, strip  # noqa: E402


class Finding(NamedTuple):
    path: str
    line: int
    rule: str
    message: str
    warning: bool = False

    def __str__(self):
        kind = "warning" if self.warning else "error"
        return f"{self.path}:{self.line}: {kind}: [{self.rule}] {self.message}"


LINES_SOFT, LINES_HARD, LINES_HARD_TEST = 300, 500, 700
FUNCTION_LINES, COLUMNS, COLUMNS_SCRIPT, README_LINES = 70, 110, 120, 12
BEAST_FILES = 4
TRACKED_BYTES = 2 << 20
LONG_FUNCTIONS = "tools/tidy/long_functions.allow"
REVEAL_ALLOWED = "tools/tidy/reveal.allow"

CPP = (".cpp", ".hpp")
SCRIPTS = (".py", ".sh", ".mjs", ".js", ".cmake")


def is_cpp(path):
    return path.endswith(CPP)


def is_test(path):
    return path.endswith(("_test.cpp", "_test.hpp")) or path.startswith(("tests/", "fuzz/", "bench/"))


def room(path):
    """The folder below src/ a file lives in, or None."""
    parts = PurePosixPath(path).parts
    return parts[1] if len(parts) > 2 and parts[0] == "src" else None


def each_match(files, pattern, wanted, transform=strip):
    """(path, line, match) of a pattern in all wanted files."""
    for path, text in files.items():
        if wanted(path):
            for number, line in enumerate(transform(text).split("\n"), 1):
                for match in re.finditer(pattern, line):
                    yield path, number, match


# ---- who may include whom

THIRD_PARTY = [
    # (header pattern, where it may stand, why)
    (r"boost/beast", r"src/net/|cmake/", "Beast only in src/net"),
    (r"openssl/ssl\.h|boost/asio/ssl", r"src/net/", "TLS only in src/net"),
    (r"openssl/", r"(src/crypto/|src/net/).*\.cpp$", "OpenSSL only in .cpp files of src/crypto and src/net"),
    (r"boost/json", r"src/codec/json\.hpp$|cmake/", "Boost.JSON only through codec/json.hpp"),
    (r"boost/url", r"src/codec/|cmake/", "Boost.URL only in src/codec"),
    (r"boost/asio", r"src/(async|net|link|store|bus|engine|relay|node|client)/|apps/|tests/|bench/|cmake/",
     "the layers below async know no Asio"),
    (r"sqlite3", r"src/store/", "SQLite only in src/store"),
    (r"toml", r"src/config/", "toml++ only in src/config"),
]  # fmt: skip


def includes(text):
    """[(line, name, quoted)]"""
    found = []
    for number, line in enumerate(text.split("\n"), 1):
        match = re.match(r'\s*#\s*include\s*(?:"([^"]+)"|<([^>]+)>)', line)
        if match:
            found.append((number, match.group(1) or match.group(2), match.group(1) is not None))
    return found


def may_include(files, folder):
    """Entries of a folder's may-include line: folders, or folder/stem for one header. None without such a line."""
    match = re.search(r"^may-include:(.*)$", files.get(f"src/{folder}/README.md", ""), re.M)
    return None if match is None else set(match.group(1).replace(",", " ").split())


def rule_includes(files):
    for path, text in files.items():
        if not is_cpp(path):
            continue
        folder = room(path)
        allowed = may_include(files, folder) if folder else None
        for line, name, quoted in includes(text):
            if name.startswith(("../", "./")) or name.endswith(".cpp"):
                yield Finding(path, line, "includes", f'"{name}": include headers as "folder/file.hpp"')
            elif quoted and folder and "/" not in name:
                yield Finding(path, line, "includes", f'"{name}": include headers as "folder/file.hpp"')
            elif quoted and allowed is not None:
                target, stem = name.split("/", 1)[0], re.sub(r"\.hpp$", "", name)
                if target != folder and target not in allowed and stem not in allowed:
                    yield Finding(path, line, "includes", f"{folder} may not include {name} (see its README)")


def rule_third_party(files):
    beast = [path for path, text in files.items()
             if path.startswith("src/net/") and path.endswith(".cpp") and not is_test(path)
             and any(name.startswith("boost/beast") for _, name, _ in includes(text))]  # fmt: skip
    if len(beast) > BEAST_FILES:
        yield Finding(beast[-1], 1, "third-party", f"{len(beast)} .cpp files include Beast, at most {BEAST_FILES} may")
    for path, text in files.items():
        if not is_cpp(path):
            continue
        for line, name, quoted in includes(text):
            for pattern, place, why in THIRD_PARTY:
                tests_may = is_test(path) and not path.startswith("src/")
                if not quoted and re.match(pattern, name) and not re.match(place, path) and not tests_may:
                    yield Finding(path, line, "third-party", f"<{name}>: {why}")
                    break


# ---- sizes

def rule_sizes(files):
    for path, text in files.items():
        lines = text.split("\n")
        if path.endswith(CPP + SCRIPTS):
            limit = COLUMNS if is_cpp(path) else COLUMNS_SCRIPT
            for number, line in enumerate(lines, 1):
                if len(line) > limit:
                    yield Finding(path, number, "columns", f"{len(line)} columns, at most {limit}")
        if is_cpp(path) or path.endswith(".py"):
            hard = LINES_HARD_TEST if is_test(path) else LINES_HARD
            if len(lines) - 1 > hard:
                yield Finding(path, hard, "lines", f"{len(lines) - 1} lines, at most {hard}")
            elif len(lines) - 1 > LINES_SOFT:
                yield Finding(path, LINES_SOFT, "lines", f"{len(lines) - 1} lines, better {LINES_SOFT}", warning=True)


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


# ---- words

def outside(*places):
    return lambda path: is_cpp(path) and not path.startswith(places)


def only_in(*places):
    return lambda path: is_cpp(path) and path.startswith(places)


def shipped(path):
    return is_cpp(path) and not is_test(path)


BANNED = [
    # (pattern in code without comments and strings, which files, what to do instead)
    (r"\bdetached\b", is_cpp, "every task has an owner: spawn it in a task_scope"),
    (r"\bco_spawn\b", outside("src/async/task_scope"), "spawn through async/task_scope"),
    (r"\b(?:std::)?s?rand\s*\(", is_cpp, "use the injected random_source"),
    (r"\brandom_device\b|\bmt19937", outside("src/crypto/"), "use the injected random_source"),
    (r"\b(?:strcpy|strcat|v?sprintf|gets|strtok)\s*\(", is_cpp, "unbounded or shared-state C string function"),
    (r"\b(?:secure_)?getenv\s*\(", outside("apps/", "src/config/", "tests/", "bench/"),
     "the environment is read in config only"),
    (r"\bstd::(?:cout|cerr|clog)\b|\b(?:printf|puts|putchar)\s*\(",
     lambda p: shipped(p) and p.startswith("src/"), "log through services.log; print in apps"),
    (r"\bthis_thread\s*::\s*sleep_|\bu?sleep\s*\(", is_cpp, "wait for the event, with a deadline"),
    (r"\bsleep_(?:for|until)\s*\(", lambda p: is_test(p) and not p.startswith("src/async/"),
     "no sleep as synchronisation: wait for the event, with a deadline"),
    (r"\bthread_local\b", is_cpp, "no hidden state: pass it"),
    (r"\busing\s+namespace\s+(?:std|boost)\b(?!\s*::)", is_cpp, "name what you use"),
    (r"\b\w*(?:io|ioc|context|ctx)_?\s*(?:\.|->)\s*stop\s*\(", is_cpp, "cancel and join; never stop the io_context"),
    (r"\bmake_strand\b|\basio::strand\b", is_cpp, "one event loop thread a process: no strands"),
    (r"(?<![\w:])assert\s*\(", is_cpp, "TP_ASSERT stays on in release builds"),
    (r"\bcatch\s*\(\s*\.\.\.\s*\)\s*\{\s*\}", is_cpp, "say what is swallowed and why it may be"),
    (r"\bstd::regex\b", shipped, "unbounded time on chosen input"),
    (r"\b(?:system|popen)\s*\(", shipped, "no shell: child_process takes an argument list"),
]  # fmt: skip


def rule_banned(files):
    for pattern, wanted, instead in BANNED:
        for path, line, match in each_match(files, pattern, wanted):
            yield Finding(path, line, "banned", f"{match.group(0).strip()}: {instead}")
    for path, text in files.items():
        if is_cpp(path):
            for line, comment in comments(text):
                # A note for later says what and why, so that somebody else can do it.
                if re.search(r"\b(?:TODO|FIXME|XXX)\b(?!\S*\s+\S+\s+\S+\s+\S+)", comment):
                    yield Finding(path, line, "banned", "a TODO without a sentence: say what is missing and why")


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


# ---- leftovers

GENERATED = (
    r"(^|/)(build|node_modules|__pycache__|CMakeFiles)/|\.(o|a|so|pyc|orig|rej|swp|gguf|log|profraw)$"
    r"|(^|/)(CMakeCache\.txt|compile_commands\.json)$"
)
LEFTOVERS = [
    (r"\b[Ii]ssues?\s#\d*", "refers to a tracker a reader cannot see"),
    (r"(?<![\w.}~-])/wor[k]/", "a path of one machine"),
    (r"registry\.npm(?:js)\.org|files\.python(?:hosted)\.org|(?<!\w)pypi\.or[g]|deb\.debia[n]\.org"
     r"|proxy\.golan[g]\.org|(?<!\w)static\.crates\.i[o]",
     "names a package registry's host; use the client's own configuration"),
    (r"^(?:<{7}|>{7})(?: |$)", "a merge conflict"),
]  # fmt: skip


def rule_leftovers(files):
    for path, text in files.items():
        if re.search(GENERATED, path):
            yield Finding(path, 1, "leftovers", "generated files are not kept")
        if len(text) > TRACKED_BYTES:
            yield Finding(path, 1, "leftovers", f"{len(text)} bytes, at most {TRACKED_BYTES}")
        for number, line in enumerate(text.split("\n"), 1):
            for pattern, why in LEFTOVERS:
                if re.search(pattern, line):
                    yield Finding(path, number, "leftovers", why)
            for match in re.finditer(r"(?i)token\.place|\bToken ?Place\b", line):
                if match.group(0) not in ("token.place", "tokenplace") and not match.group(0).islower():
                    yield Finding(path, number, "leftovers", f"{match.group(0)}: the name is token.place, lowercase")


RULES = [rule_includes, rule_third_party, rule_sizes, rule_functions, rule_readmes, rule_banned, rule_coawait,
         rule_reveal, rule_leftovers]  # fmt: skip


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

"""Words and files that must not be there: in code, in any file, in links between pages."""
import posixpath
import re

from common import Finding, each_match, is_cpp, is_test, shipped
from source import comments

TRACKED_BYTES = 2 << 20

def outside(*places):
    return lambda path: is_cpp(path) and not path.startswith(places)


def only_in(*places):
    return lambda path: is_cpp(path) and path.startswith(places)


BANNED = [
    # (pattern in code without comments and strings, which files, what to do instead)
    (r"\bdetached\b", is_cpp, "every task has an owner: spawn it in a task_scope"),
    (r"\bco_spawn\b", outside("src/async/task_scope"), "spawn through async/task_scope"),
    (r"\b(?:std::)?s?rand\s*\(", is_cpp, "use the injected random_source"),
    (r"\brandom_device\b|\bmt19937", outside("src/crypto/"), "use the injected random_source"),
    (r"\b(?:strcpy|strcat|v?sprintf|gets|strtok)\s*\(", is_cpp, "unbounded or shared-state C string function"),
    (r"\b(?:secure_)?getenv\s*\(", lambda p: shipped(p) and not p.startswith(("apps/", "src/config/")),
     "the environment is read in config only"),
    (r"\bstd::(?:cout|cerr|clog)\b|\b(?:printf|puts|putchar)\s*\(",
     lambda p: shipped(p) and p.startswith("src/"), "log through services.log; print in apps"),
    (r"\bthis_thread\s*::\s*sleep_|\bu?sleep\s*\(", is_cpp, "wait for the event, with a deadline"),
    # A peer that is slow on purpose says async::sleep_for: it can be cancelled and blocks nobody.
    (r"(?<!async::)\bsleep_(?:for|until)\s*\(", lambda p: is_test(p) and not p.startswith("src/async/"),
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


def any_file(_):
    return True


def rule_leftovers(files):
    for path, text in files.items():
        if re.search(GENERATED, path):
            yield Finding(path, 1, "leftovers", "generated files are not kept")
        if len(text) > TRACKED_BYTES:
            yield Finding(path, 1, "leftovers", f"{len(text)} bytes, at most {TRACKED_BYTES}")
    for pattern, why in LEFTOVERS:
        for path, line, _ in each_match(files, pattern, any_file, transform=str):
            yield Finding(path, line, "leftovers", why)
    for path, line, match in each_match(files, r"(?i)token\.place|token ?place\b", any_file, transform=str):
        if not match.group(0).islower() or " " in match.group(0):
            yield Finding(path, line, "leftovers", f"{match.group(0)}: the name is token.place, lowercase")


def rule_links(files):
    folders = {posixpath.dirname(path) for path in files}
    for path, text in files.items():
        if not path.endswith(".md"):
            continue
        for number, line in enumerate(text.split("\n"), 1):
            for target in re.findall(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)", line):
                full = posixpath.normpath(posixpath.join(posixpath.dirname(path), target))
                if full not in files and full not in folders:
                    yield Finding(path, number, "links", f"{target} is not here")

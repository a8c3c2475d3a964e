"""What every rule of tidy needs: findings, kinds of files, matches with their lines."""
import re
from pathlib import PurePosixPath
from typing import NamedTuple

from source import strip

CPP = (".cpp", ".hpp")
SCRIPTS = (".py", ".sh", ".mjs", ".js", ".cmake")


class Finding(NamedTuple):
    path: str
    line: int
    rule: str
    message: str
    warning: bool = False

    def __str__(self):
        kind = "warning" if self.warning else "error"
        return f"{self.path}:{self.line}: {kind}: [{self.rule}] {self.message}"


def is_cpp(path):
    return path.endswith(CPP)


def is_test(path):
    kinds = ("_test.cpp", "_test.hpp", "test_support.hpp", "test_support.cpp")
    return path.endswith(kinds) or path.startswith(("tests/", "fuzz/", "bench/"))


def shipped(path):
    return is_cpp(path) and not is_test(path)


def room(path):
    """The folder below src/ a file lives in, or None."""
    parts = PurePosixPath(path).parts
    return parts[1] if len(parts) > 2 and parts[0] == "src" else None


def each_match(files, pattern, wanted, transform=strip):
    """(path, line, match) of a pattern in all wanted files."""
    for path, text in files.items():
        if wanted(path):
            code = transform(text)
            for match in re.finditer(pattern, code, re.M):
                yield path, code.count("\n", 0, match.start()) + 1, match

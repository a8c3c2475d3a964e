"""Who may include whom: our folders by their READMEs, heavy libraries by a table."""
import re

from common import Finding, is_cpp, is_test, room

BEAST_FILES = 4

THIRD_PARTY = [
    # (header pattern, where it may stand, why)
    (r"boost/beast", r"src/net/|cmake/", "Beast only in src/net"),
    (r"openssl/ssl\.h|boost/asio/ssl", r"src/net/", "TLS only in src/net"),
    (r"openssl/", r"src/(crypto|net)/.*(\.cpp|test\w*\.hpp)$", "OpenSSL only in .cpp files of src/crypto and src/net"),
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

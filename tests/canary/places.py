"""Where words could be left behind: files and their names, metrics, the memory of a running program.

Each function yields (place, bytes); the finder looks into them.
"""
import functools
import http.client
import subprocess
import sys
from pathlib import Path

PIECE = 16 << 20
NOT_MEMORY = ("[vvar", "[vsyscall]")


def files(*folders):
    """Names and contents of everything below: logs, keys, state, temporary files."""
    for folder in folders:
        for path in sorted(Path(folder).rglob("*")):
            name = path.relative_to(folder)
            yield f"the name of {name.parent}/*", str(name).encode()
            if path.is_file():
                yield f"file {name}", path.read_bytes()


def metrics(program, url):
    host, port = url.removeprefix("http://").split(":")
    connection = http.client.HTTPConnection(host, int(port), timeout=20)
    try:
        connection.request("GET", "/metrics")
        answer = connection.getresponse()
        assert answer.status == 200, f"{program} has no metrics"
        yield f"metrics of the {program}", answer.read()
    finally:
        connection.close()


# Forbids reading its memory, as the programs do (PR_SET_DUMPABLE is 4), until its standard input is closed.
CLOSED = "import ctypes, sys; ctypes.CDLL(None).prctl(4, 0, 0, 0, 0); print(id(sys), flush=True); sys.stdin.read()"


@functools.lru_cache(maxsize=None)
def can_read_memory():
    """The programs forbid it to their own user; root may, but not in every container."""
    with subprocess.Popen([sys.executable, "-c", CLOSED], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as probe:
        try:
            address = int(probe.stdout.readline())
            with open(f"/proc/{probe.pid}/mem", "rb", 0) as mem:
                mem.seek(address)
                return len(mem.read(8)) == 8
        except OSError:
            return False
        finally:
            probe.stdin.close()


def memory(program, pid, overlap):
    """Everything mapped readable, in pieces that share `overlap` bytes with the one before."""
    seen = 0
    regions = Path(f"/proc/{pid}/maps").read_text(encoding="utf-8", errors="replace").splitlines()
    with open(f"/proc/{pid}/mem", "rb", 0) as mem:
        for line in regions:
            addresses, rights, *rest = line.split()
            if "r" not in rights or rest[-1].startswith(NOT_MEMORY):
                continue
            at, end = (int(a, 16) for a in addresses.split("-"))
            while at < end:
                mem.seek(at)
                try:
                    data = mem.read(min(PIECE, end - at))
                except OSError:  # a mapping of a device, or gone by now
                    break
                if not data:
                    break
                seen += len(data)
                yield f"memory of the {program}", data
                at += len(data) if at + len(data) >= end else max(len(data) - overlap, 1)
    assert seen > 1 << 20, f"only {seen} bytes of the {program}'s memory could be read"


def search(finder, *sources):
    """["PLACE: WHAT"…], each once."""
    found = {}
    for source in sources:
        for place, data in source:
            for what in finder.find(data):
                found[f"{place}: {what}"] = None
    return list(found)

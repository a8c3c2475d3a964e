#!/usr/bin/env python3
"""coldstart.py - time from exec to the first 200, memory then, binary size and library count.

    ./coldstart.py [--runs 10] CMD URL [CMD2 URL2 ...]

With several CMD URL pairs the runs are interleaved and ratios to the first pair are printed. A refused connection is
retried every 0.2 ms. RSS counts the whole process tree (shared pages once per process; PSS counts them once), read at
the first 200 and again after 1 s of idling. Wrapper scripts that exec are fine: size and ldd are those of /proc/PID/exe
at the end.
"""
import argparse
import os
import re
import shlex
import socket
import statistics
import subprocess
import time
from urllib.parse import urlsplit


def tree(pid):
    kids = {}
    for d in os.listdir("/proc"):
        if d.isdigit():
            try:
                s = open(f"/proc/{d}/stat").read()
                kids.setdefault(int(s[s.rindex(")") + 2 :].split()[1]), []).append(int(d))
            except OSError:
                pass
    out = [pid]
    for p in out:
        out += kids.get(p, [])
    return out


def memory(pid):
    rss = pss = 0
    for p in tree(pid):
        try:
            rss += int(re.search(r"VmRSS:\s+(\d+)", open(f"/proc/{p}/status").read())[1])
            pss += int(re.search(r"^Pss:\s+(\d+)", open(f"/proc/{p}/smaps_rollup").read(), re.M)[1])
        except (OSError, TypeError):
            pass
    return rss, pss


def once(cmd, url, timeout):
    u = urlsplit(url)
    req = f"GET {u.path or '/'} HTTP/1.1\r\nHost: {u.netloc}\r\nConnection: close\r\n\r\n".encode()
    t0 = time.perf_counter()
    p = subprocess.Popen(
        shlex.split(cmd),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd=os.path.dirname(os.path.abspath(__file__)),
    )
    try:
        while True:
            if time.perf_counter() - t0 > timeout or p.poll() is not None:
                raise SystemExit(f"{cmd}: no 200 from {url}")
            try:
                with socket.create_connection((u.hostname, u.port or 80), 0.5) as s:
                    s.sendall(req)
                    if b" 200" in s.recv(65536)[:16]:
                        break
            except OSError:
                pass
            time.sleep(0.0002)
        ms = (time.perf_counter() - t0) * 1000
        rss, pss = memory(p.pid)
        time.sleep(1)
        rss2, pss2 = memory(p.pid)
        exe = os.readlink(f"/proc/{p.pid}/exe")
    finally:
        p.terminate()
        try:
            p.wait(10)
        except subprocess.TimeoutExpired:
            p.kill()
            p.wait()
    return {
        "first_200_ms": ms,
        "rss_mib": rss / 1024,
        "pss_mib": pss / 1024,
        "idle_rss_mib": rss2 / 1024,
        "idle_pss_mib": pss2 / 1024,
        "exe": exe,
    }


def compare(pairs, runs, timeout=60):
    """{index of the pair: [what once() says]}, the pairs taking turns."""
    rows = {i: [] for i in range(len(pairs))}
    for r in range(runs):
        for k in range(len(pairs)):
            i = (r + k) % len(pairs)
            rows[i].append(once(*pairs[i], timeout))
    return rows


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("--runs", type=int, default=10)
    ap.add_argument("--timeout", type=float, default=60)
    ap.add_argument("pairs", nargs="+", metavar="CMD URL")
    a = ap.parse_args()
    pairs = list(zip(a.pairs[::2], a.pairs[1::2]))
    rows = compare(pairs, a.runs, a.timeout)
    for i, (cmd, _) in enumerate(pairs):
        exe = rows[i][0]["exe"]
        ldd = subprocess.run(["ldd", exe], capture_output=True, text=True).stdout
        libs = sum("=>" in x for x in ldd.splitlines())
        print(f"{cmd}\n  binary {exe} {os.path.getsize(exe) / 2**20:.2f} MiB, {libs} shared libraries")
        for m in rows[i][0]:
            if m != "exe":
                xs = [x[m] for x in rows[i]]
                ratio = statistics.median(x[m] / y[m] for x, y in zip(rows[i], rows[0]))
                print(
                    f"  {m:13} {statistics.median(xs):8.2f} [{min(xs):.2f}..{max(xs):.2f}]"
                    + (f"  x{ratio:.2f} of the first" if i else "")
                )


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""selfcheck.py - is the harness itself right? Known answers, about 20 s. Exit status 0 when all hold."""
import json
import os
import signal
import subprocess
import threading
import time

import suite

LG, URL = f"{suite.BIN}/loadgen", "http://127.0.0.1:9007"
body = f"{suite.TMP}/b.json"
open(body, "w").write("{}")
failed = 0


def lg(args):
    return json.loads(subprocess.run([LG, *args.split()], capture_output=True, text=True).stdout)


def check(what, ok, detail):
    global failed
    failed += not ok
    print(("ok   " if ok else "FAIL ") + what + ": " + detail, flush=True)


up = suite.Proc(f"{suite.BIN}/upstream --port 9007", URL + "/ok")
try:
    pid = up.p.pid
    a, b = (lg(f"http --url {URL}/x?ms={ms} --body {body} --rate 300 --secs 2")["lat_p50"] for ms in (20, 25))
    check("a 5 ms longer upstream shows as 5 ms", abs(b - a - 5000) < 300, f"{b - a:.0f} us")

    def stall():
        time.sleep(1.5)
        os.kill(pid, signal.SIGSTOP)
        time.sleep(0.5)
        os.kill(pid, signal.SIGCONT)

    for mode, args, low, high in (
        ("open loop sees a 0.5 s stall in p90 (no coordinated omission)", "--rate 1000", 150e3, 520e3),
        ("closed loop hides it, as known", "-c 1", 0, 20e3),
    ):
        t = threading.Thread(target=stall)
        t.start()
        r = lg(f"http --url {URL}/ok {args} --secs 3 --warmup 0.5")
        t.join()
        check(
            mode,
            low <= r["lat_p90"] < high and r["lat_max"] > 400e3 and not r["errors"],
            f"p90 {r['lat_p90']:.0f} us, max {r['lat_max']:.0f} us, n {r['n']:.0f}",
        )

    r = lg(f"stream --url {URL}/stream?rate=50&size=250&secs=30 -c 100 --secs 2 --settle 0.5 --pids up={pid}")
    check(
        "100 streams x 50 events/s all arrive, in order",
        abs(r["events_per_s"] - 5000) < 100 and not r["seq_errors"] + r["errors"],
        f"{r['events_per_s']:.0f}/s",
    )
    check("event size", abs(r["mbps"] - 10) < 0.3, f"{r['mbps']:.2f} Mbit/s of 10.00")
    r = lg(f"stream --url {URL}/stream?rate=50&size=300&secs=1&framing=ohttp -c 20 --events ohttp --whole --secs 3")
    check(
        "finite chunked-OHTTP streams end cleanly",
        r["ended"] == 20 and not r["seq_errors"] + r["errors"],
        f"{r['ended']:.0f} ended, {r['events']:.0f} records",
    )
    r = lg(f"stream --url {URL}/stream?rate=20&size=4000&secs=30 -c 12 --slow 2 --slow-bps 1000 --secs 2 --settle 0.2")
    check(
        "slow readers get what they take, the others everything",
        r["slow_bytes"] < 12000 and abs(r["events_per_s"] - 200) < 12,
        f"{r['slow_bytes']:.0f} B slow, {r['events_per_s']:.0f}/s fast",
    )
    r = lg("http --url http://127.0.0.1:9009/ok -c 1 --secs 0.3 --warmup 0.1")
    check("a dead target is all errors", r["errors"] == r["n"] > 0, f"{r['errors']:.0f} of {r['n']:.0f}")

    def ticks():
        return sum(int(x) for x in open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()[11:13]) / os.sysconf(
            "SC_CLK_TCK"
        )

    t0 = ticks()
    r = lg(f"http --url {URL}/ok -c 16 --secs 3 --warmup 0 --pids up={pid}")
    t1 = ticks()
    check(
        "CPU accounting agrees with /proc/PID/stat",
        abs(r["up_cpu_s"] - (t1 - t0)) < 0.05 + 0.05 * (t1 - t0),
        f"{r['up_cpu_s']:.3f} s and {t1 - t0:.3f} s",
    )
    size = 64 << 20
    for d, path in (("down", f"/bulk?bytes={size}"), ("up", "/sink")):
        r = lg(f"bulk --url {URL}{path} --dir {d} --bytes {size} -c 2")
        check(f"bulk {d}", not r["errors"] and r["gbit_s"] > 0.5, f"{r['gbit_s']:.1f} Gbit/s")
finally:
    up.stop()
raise SystemExit(1 if failed else 0)

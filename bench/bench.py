#!/usr/bin/env python3
"""bench.py - every figure of docs/BENCHMARKS.md in one run, side by side with nginx, haproxy or the engine itself.

    ./tp bench [--quick] [--nice N] [--quiet S] [--only hop,start,restart,gone,ttft,tokens] [--json FILE]

--quick: about four minutes, two rounds; without it five rounds. The machine should be otherwise idle;
what neighbours took is printed with each table. Needs nginx, haproxy, taskset; the row with a real engine needs
llama-server and a model in the cache folder (./tp up puts them there) and is left out, saying so, without them.
"""
import argparse
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import time

import coldstart
import engine_ab
import stack
import suite
from suite import BIN, HERE, TMP, UP, fmt

PARTS = ("hop", "start", "restart", "gone", "ttft", "tokens")


def spread(xs, unit=""):
    return f"{fmt(statistics.median(xs))}{unit} [{fmt(min(xs))}..{fmt(max(xs))}]"


class Report:
    """One row for each figure: what, ours, the reference, ours : reference, goal."""

    def __init__(self):
        self.rows = []

    def add(self, what, ours, reference, ratio, goal):
        self.rows.append((what, ours, reference, ratio, goal))
        print(f"\n== {what}: ours {ours}; reference {reference}; ratio {ratio}; goal {goal}", flush=True)

    def text(self):
        lines = ["| what | ours | reference | ours : reference | first step / then |", "|---|---|---|---|---|"]
        return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in self.rows])


def machine():
    model = "unknown processor"
    for line in open("/proc/cpuinfo"):
        if line.startswith("model name"):
            model = line.split(":", 1)[1].strip()
            break
    memory = int(open("/proc/meminfo").readline().split()[1]) / 2**20
    load = os.getloadavg()[0]
    return (
        f"{os.cpu_count()} x {model}, {memory:.0f} GiB, {platform.system()} {platform.release()}, "
        f"load before the run {load:.1f}, {time.strftime('%Y-%m-%d %H:%M', time.gmtime())} UTC"
    )


def column(rounds, target, metric):
    return [r[target][metric] for r in rounds]


def ratios(rounds, metric, added=False, ours="relay"):
    base = column(rounds, "direct", metric) if added else [0] * len(rounds)
    pairs = zip(column(rounds, ours, metric), column(rounds, "nginx", metric), base)
    return [(x - d) / (n - d) for x, n, d in pairs]


def errors_of(rounds, target):
    failed = sum(r[target].get(k, 0) for r in rounds for k in suite.COUNTS)
    return f"; {failed:.0f} ERRORS, VOID" if failed else ""


def hop_row(report, results, scenario, metric, what, goal, added=False, unit="", ours="relay"):
    rounds = results[scenario]
    base = column(rounds, "direct", metric) if added else [0] * len(rounds)

    def own(target):
        return [x - d for x, d in zip(column(rounds, target, metric), base)]

    reference = f"nginx {spread(own('nginx'), unit)}, haproxy {spread(own('haproxy'), unit)}"
    mine = spread(own(ours), unit) + errors_of(rounds, ours)
    report.add(what, mine, reference, spread(ratios(rounds, metric, added, ours)), goal)


def user_space(rounds, target):
    """Microseconds an event; the share is formed over all rounds together, because a tick is 10 ms."""
    share = sum(column(rounds, target, "relay_user_ticks")) / max(1, sum(column(rounds, target, "relay_all_ticks")))
    return statistics.median(column(rounds, target, "relay_us_per_unit")) * share


def hop(report, a):
    """The relay and its session against plain reverse proxies."""
    a.only = "c1,c32,sse200,down,idle5k"
    results = suite.run(a, suite.default_targets())
    hop_row(report, results, "c1", "lat_p50", "added latency, c = 1, p50", "<= 1.2 / <= 1.05", True, " us")
    hop_row(report, results, "c1", "lat_p99", "added latency, c = 1, p99", "-", True, " us")
    hop_row(report, results, "c32", "rps", "requests/s, c = 32, one core", ">= 1.0 / >= 1.5")
    us = "relay_us_per_unit"
    hop_row(report, results, "sse200", us, "relay CPU per event, 200 streams x 50/s", "<= 1.2 / <= 1.0", unit=" us")
    user = [user_space(results["sse200"], target) for target in ("relay", "nginx", "haproxy")]
    theirs = f"nginx {fmt(user[1])} us, haproxy {fmt(user[2])} us"
    report.add("... of it in user space", f"{fmt(user[0])} us", theirs, fmt(user[0] / user[1]), "- / <= 4 us")
    text = "the same, 0.5 ms moderation in the node"
    hop_row(report, results, "sse200", us, text, "- / <= 0.5", unit=" us", ours="relay500")
    text = "memory per idle stream (5,000)"
    hop_row(report, results, "idle5k", "relay_kib_per_stream", text, "<= 5 / <= 2.5 KiB", unit=" KiB")
    hop_row(report, results, "down", "relay_cpu_s_per_gb", "bulk, relay CPU", "<= 1.0 / <= 0.6", unit=" s/GB")


def start(report, quick):
    up = suite.Proc(f"{BIN}/upstream --port {UP}", f"http://127.0.0.1:{UP}/ok", log="upstream")
    relay = f"{BIN}/tokenplace-relay --port 19003 --state-dir {TMP}/cold-state --log-level error"
    nginx = f"{HERE}/run_nginx.sh 19001 {UP}"
    try:
        pairs = [(nginx, "http://127.0.0.1:19001/ok"), (relay, "http://127.0.0.1:19003/livez")]
        rows = coldstart.compare(pairs, 5 if quick else 12)
    finally:
        up.stop()

    def both(metric):
        ours, theirs = [r[metric] for r in rows[1]], [r[metric] for r in rows[0]]
        return ours, theirs, spread([x / y for x, y in zip(ours, theirs)])

    ours, theirs, ratio = both("idle_rss_mib")
    report.add(
        "idle RSS of the relay", spread(ours, " MiB"), "nginx " + spread(theirs, " MiB"), ratio, "< 20 / < 12 MiB"
    )
    ours, theirs, ratio = both("first_200_ms")
    report.add(
        "cold start to the first 200", spread(ours, " ms"), "nginx " + spread(theirs, " ms"), ratio, "< 50 / < 22 ms"
    )
    sizes = []
    for name in ("tokenplace-relay", "tokenplace-server", "tokenplace"):
        subprocess.run(["strip", "-o", f"{TMP}/stripped", f"{BIN}/{name}"], check=True)
        sizes.append(f"{name} {os.path.getsize(f'{TMP}/stripped') / 1e6:.2f} MB")
    report.add("stripped program", ", ".join(sizes), "-", "-", "< 8 MB")


def restart(report, quick):
    up = suite.Proc(f"{BIN}/upstream --port {UP} --rate 200", f"http://127.0.0.1:{UP}/ok", log="upstream")
    whole = None
    try:
        whole = stack.Stack(f"http://127.0.0.1:{UP}")
        for outage, times in ((0.1, 4), (2.0, 3)) if quick else ((0.1, 12), (2.0, 10)):
            seconds = [whole.restart_relay(outage) for _ in range(times)]
            what = f"node serves again after a relay restart, {outage} s outage"
            report.add(what, spread(seconds, " s"), "-", "-", "< 2 / < 0.5 s")
    finally:
        if whole:
            whole.stop()
        up.stop()


def gone(report, quick):
    engine, whole = stack.WatchedEngine(), None
    try:
        whole = stack.Stack(f"http://127.0.0.1:{engine.port}")
        ours, direct = [], []
        for _ in range(5 if quick else 20):
            direct.append(stack.client_gone_seconds(f"http://127.0.0.1:{engine.port}/v1", engine) * 1e3)
            ours.append(stack.client_gone_seconds(whole.base, engine) * 1e3)
        what = "client gone, until the engine is told"
        report.add(what, spread(ours, " ms"), "direct " + spread(direct, " ms"), "-", "< 100 / < 20 ms")
    finally:
        if whole:
            whole.stop()
        engine.stop()


def ask_all_ways(name, direct, ways, arguments):
    out = f"{TMP}/{name}.json"
    cmd = [sys.executable, f"{HERE}/engine_ab.py", "--direct", direct, "--json", out, *arguments]
    for way, url in ways.items():
        cmd += ["--hop", f"{way}={url}"]
    subprocess.run(cmd, check=True)
    return json.load(open(out))["rounds"]


def ttft(report, quick):
    """The mock engine answers in no time, so what remains is ours."""
    up = suite.Proc(f"{BIN}/upstream --port {UP} --rate 200", f"http://127.0.0.1:{UP}/ok", log="upstream")
    nginx, whole = None, None
    try:
        nginx = suite.Proc(f"{HERE}/run_nginx.sh 19001 {UP}", "http://127.0.0.1:19001/ok", log="nginx")
        whole = stack.Stack(f"http://127.0.0.1:{UP}")
        ways = {"nginx": "http://127.0.0.1:19001/v1", "sealed": whole.base}
        count = [
            "--rounds",
            "3" if quick else "5",
            "--short",
            "20",
            "--tokens",
            "16",
            "--streams",
            "0",
            "--model",
            "mock",
        ]
        rounds = ask_all_ways("ttft", f"http://127.0.0.1:{UP}/v1", ways, count)
        for metric, what in (("ttft_p50_ms", "p50"), ("ttft_p95_ms", "p95")):
            ours = [r["sealed"][metric] - r["direct"][metric] for r in rounds]
            theirs = [r["nginx"][metric] - r["direct"][metric] for r in rounds]
            goal = "< 2 / < 1 ms" if what == "p50" else "-"
            what = f"added time to first token, client to engine and back, {what}"
            report.add(what, spread(ours, " ms"), "nginx " + spread(theirs, " ms"), "-", goal)
        cpu_per_token(report, whole, 1000 if quick else 3000)
    finally:
        for child in (whole, nginx, up):
            if child:
                child.stop()


def cpu_per_token(report, whole, count):
    """What the three programs spend on one streamed token: unlike tokens/s it does not depend on the neighbours."""

    def ticks():
        fields = {n: open(f"/proc/{c.p.pid}/stat").read().rsplit(")", 1)[1].split() for n, c in whole.children.items()}
        return {name: int(f[11]) + int(f[12]) for name, f in fields.items()}

    way = engine_ab.Way("sealed", whole.base, [])
    body = {"model": "mock", "messages": [{"role": "user", "content": "go"}], "max_tokens": count}
    before = ticks()
    got = engine_ab.stream(way, body)["n"]
    us = {name: (t - before[name]) / os.sysconf("SC_CLK_TCK") * 1e6 / got for name, t in ticks().items()}
    each = ", ".join(f"{name} {fmt(value)}" for name, value in us.items())
    report.add("CPU of the chain per token", f"{fmt(sum(us.values()))} us ({each})", "-", "-", "-")


def tokens(report, quick):
    engine = stack.llama_server(19020)
    if engine is None:
        print("\nleft out: tokens/s with a real engine (no llama-server or no model in the cache folder)")
        return
    whole, nginx = None, None
    try:
        nginx = suite.Proc(f"{HERE}/run_nginx.sh 19001 19020", "http://127.0.0.1:19001/health", log="nginx")
        whole = stack.Stack("http://127.0.0.1:19020")
        ways = {"nginx": "http://127.0.0.1:19001/v1", "sealed": whole.base}
        count = [
            "--rounds",
            "4" if quick else "8",
            "--short",
            "2",
            "--tokens",
            "64",
            "--streams",
            "0",
            "--model",
            "bench",
        ]
        rounds = ask_all_ways("tokens", "http://127.0.0.1:19020/v1", ways, count)
        ours, direct, nginx_s = ([r[w]["single_tok_s"] for r in rounds] for w in ("sealed", "direct", "nginx"))
        ratio = spread([x / y for x, y in zip(ours, direct)])
        theirs = f"direct {spread(direct)}, nginx : direct {spread([x / y for x, y in zip(nginx_s, direct)])}"
        report.add("tokens/s, client to engine and back", spread(ours), theirs, ratio, ">= 0.98 / >= 0.99")
    finally:
        for child in (whole, nginx, engine):
            if child:
                child.stop()


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("--quick", action="store_true")
    ap.add_argument("--only", default=",".join(PARTS))
    ap.add_argument("--rounds", type=int, default=0, help="of part hop (2 with --quick, else 5)")
    ap.add_argument("--nice", type=int, default=0, help="negative: measure ahead of other people's jobs (needs root)")
    ap.add_argument("--quiet", type=float, default=3, help="wait up to this many s before a round for idle neighbours")
    ap.add_argument("--json", default=f"{TMP}/bench.json", help="the table, for programs")
    a = ap.parse_args()
    missing = [tool for tool in ("nginx", "haproxy", "taskset", "strip") if not shutil.which(tool)]
    if missing:
        raise SystemExit(f"bench needs {', '.join(missing)} on PATH")
    suite.be_nice(a.nice)
    report, about, wanted = Report(), machine(), a.only.split(",")
    print(about, flush=True)
    rounds = argparse.Namespace(
        rounds=a.rounds or (2 if a.quick else 5), scale=1.0, out=f"{TMP}/results", quiet=a.quiet
    )
    rounds.no_awake, rounds.pin = False, os.cpu_count() > 1
    for part in PARTS:
        if part in wanted:
            hop(report, rounds) if part == "hop" else globals()[part](report, a.quick)
    print(f"\n{about}\n\n{report.text()}")
    with open(a.json, "w") as f:
        json.dump({"machine": about, "rows": report.rows}, f, indent=1)


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""suite.py - interleaved side-by-side rounds of relays in front of the same answers from memory.

    ./suite.py [--targets FILE] [--only c1,sse200,...] [--rounds 5] [--scale 1.0] [--out results] [--nice N] [--quiet S]
               [--no-pin] [--no-awake]
    ./suite.py --render results.json...

Every request is the same for every target: POST, a body of a few bytes that says what to do ("/ok", "/stream?rate=50"),
the media types of a sealed request and answer. Plain proxies stand before `upstream`, our relay before `bench_node`,
which speaks the node's session and gives the same bytes. Every target is started fresh for every scenario (memory
scenarios: every round); the same short measurement visits all targets in rotating order, and this is repeated `rounds`
times, so a noisy neighbour hits everybody. Printed per metric: median [min..max] over the rounds, the amount added over
"direct", and the ratio to the reference ("nginx") formed inside each round.
--targets: JSON list of {"name","cmd","base"[,"path"][,"ready"][,"args"][,"env"][,"pids"][,"skip"]}. In cmd, {up} is the
upstream's port, {bench} this folder. path: where requests go (default /ohttp/peer). args: extra loadgen arguments for a
scenario ("*": all). pids: further groups to account, each with a file holding a pid, e.g. {"node": "/tmp/x/node.pid"}.
A target without cmd is used as it runs ("root_pid": pid or pid file). Raw rounds go to <out>.json, tables to <out>.md.
"""
import argparse
import json
import os
import re
import shlex
import signal
import statistics
import subprocess
import sys
import time
import urllib.request

HERE = os.path.dirname(os.path.abspath(__file__))
BIN = os.environ.setdefault("BENCH_BIN", os.path.join(os.path.dirname(HERE), "build", "release", "bin"))
TMP = os.environ.setdefault("PERF_TMP", "/tmp/perf")
os.makedirs(TMP, exist_ok=True)
UP = 19000
IDENTITIES = 6  # a session carries 1,000 streams at most, and idle5k wants 5,000

# name: (mode, what the body asks for, loadgen arguments, metrics shown). {s:N} = N seconds times --scale.
H = ["rps", "lat_p50", "lat_p90", "lat_p99", "lat_p99.9", "relay_us_per_unit", "node_us_per_unit"]
S = [
    "events_per_s",
    "transit_p50",
    "transit_p99",
    "jitter_p50",
    "ttfb_p50",
    "ttfb_p99",
    "relay_us_per_unit",
    "relay_user_us_per_unit",
    "node_us_per_unit",
]
M = [
    "relay_rss_before_kib",
    "relay_rss_open_kib",
    "relay_kib_per_stream",
    "relay_setup_us_per_stream",
    "kernel_tcp_kib",
]
SCENARIOS = {
    "c1": ("http", "/ok", "-c 1 --secs {s:0.4} --warmup 0.15", H),
    "c32": ("http", "/ok", "-c 32 --secs {s:0.4} --warmup 0.15", H),
    "open1k": ("http", "/ok", "--rate 1000 --secs {s:1} --warmup 0.3", H),
    "open5k": ("http", "/ok", "--rate 5000 --secs {s:1} --warmup 0.3", H),
    "sse50": ("stream", "/stream?rate=50&size=250&secs=60", "-c 50 --settle 0.3 --secs {s:1}", S),
    "sse200": ("stream", "/stream?rate=50&size=250&secs=60", "-c 200 --settle 0.3 --stagger-ms 1 --secs {s:1}", S),
    "slow": ("stream", "/stream?rate=50&size=2000&secs=60", "-c 60 --slow 10 --slow-bps 2000 --secs {s:5}", S + M),
    "churn": (
        "stream",
        "/stream?rate=100&size=250&secs=0.2",
        "-c 32 --repeat --settle 0.3 --secs {s:3}",
        ["started"] + S,
    ),
    "idle1k": ("stream", "/stream?rate=0&secs=120", "-c 1000 --stagger-ms 1 --settle 0.5 --secs 1", M),
    "idle5k": ("stream", "/stream?rate=0&secs=120", "-c 5000 --stagger-ms 0.5 --settle 0.5 --secs 1", M),
    "down": ("bulk", "/bulk?bytes=268435456", "--dir down", ["gbit_s", "relay_cpu_s_per_gb", "node_cpu_s_per_gb"]),
}
# A round takes this many slices of every target in turn (A B C A B C ...) and keeps the median slice: the speed of the
# machine drifts by tens of percent within seconds, so targets must alternate faster than that.
SLICES = {"c1": 6, "c32": 6, "open1k": 3, "open5k": 3, "sse50": 3, "sse200": 3, "down": 3}
FRESH_PER_ROUND = {"idle1k", "idle5k", "slow"}  # memory is only meaningful from a fresh process


def peers():
    out = subprocess.run([f"{BIN}/bench_node", "--peers", str(IDENTITIES)], capture_output=True, text=True, check=True)
    return out.stdout.split()


def our_target(name, port, extra="", skip=(), bin_folder=None):
    """A relay of ours with its node; the node's streams are spread over its identities where they are many."""
    ids = peers()
    paths = f"{TMP}/paths-{port}"
    with open(paths, "w") as f:
        f.writelines(f"/api/v2/nodes/{peer}/ohttp\n" for peer in ids)
    many = f"--paths {paths}"
    target = {
        "name": name,
        "base": f"http://127.0.0.1:{port}",
        "path": f"/api/v2/nodes/{ids[0]}/ohttp",
        "cmd": f"{{bench}}/run_relay.sh {port} --identities {IDENTITIES} {extra}",
        "ready": [f"http://127.0.0.1:{port}/api/v2/nodes/{peer}" for peer in ids],
        "pids": {"node": f"{TMP}/relay-{port}/node.pid"},
        "args": {"idle1k": many, "idle5k": many, "slow": many},
        "skip": list(skip),
    }
    if bin_folder:
        target["env"] = {"BENCH_BIN": bin_folder}
    return target


def default_targets():
    only_streams = [name for name in SCENARIOS if name != "sse200"]
    return [
        {"name": "direct", "base": f"http://127.0.0.1:{UP}"},
        {"name": "nginx", "cmd": "{bench}/run_nginx.sh 19001 {up}", "base": "http://127.0.0.1:19001"},
        {"name": "haproxy", "cmd": "{bench}/run_haproxy.sh 19002 {up}", "base": "http://127.0.0.1:19002"},
        our_target("relay", 19003),
        our_target("relay500", 19004, "--moderation 500", only_streams),
    ]


def wait_ready(urls, limit=15):
    end = time.time() + limit
    for url in [urls] if isinstance(urls, str) else urls:
        while True:
            try:
                with urllib.request.urlopen(url, timeout=1) as r:
                    if r.status == 200:
                        break
            except OSError:
                time.sleep(0.02)
            if time.time() > end:
                raise SystemExit(f"{url} did not answer 200")


class Awake:
    """Lowest-priority spinners (loadgen spin), one per core: virtual cores never halt, so wake-ups cost the same.

    Without them latencies on an idle VM are dominated by halt exits (20-40 us per hop, and bimodal: they vanish when a
    neighbour keeps the cores busy). Same session as the measured processes on purpose: autogroup scheduling would
    otherwise give them an equal share."""

    def __init__(self):
        self.ps = [subprocess.Popen([f"{BIN}/loadgen", "spin", "--cpu", str(i)]) for i in range(os.cpu_count())]

    def group(self):
        return "+".join(str(p.pid) for p in self.ps)

    def stop(self):
        for p in self.ps:
            p.kill()
            p.wait()


class Proc:
    """One child in the foreground, ended by its own pid."""

    def __init__(self, cmd, ready, env=None, cpu=None, log="proc"):
        if cpu is not None:
            cmd = f"taskset -c {cpu} {cmd}"
        self.p = subprocess.Popen(
            shlex.split(cmd),
            cwd=HERE,
            env={**os.environ, **(env or {})},
            stdout=open(f"{TMP}/{log}.log", "a"),
            stderr=subprocess.STDOUT,
        )
        wait_ready(ready)
        time.sleep(0.05)
        if self.p.poll() is not None:  # somebody else's server answered on that port
            raise SystemExit(f"{cmd} ended at once: port taken? see {TMP}/{log}.log")

    def stop(self):
        self.p.terminate()
        try:
            self.p.wait(5)
        except subprocess.TimeoutExpired:
            self.p.kill()
            self.p.wait()


def start_target(t, pin):
    if "cmd" not in t:
        return None
    ready = t.get("ready", t["base"] + "/ok")
    return Proc(t["cmd"].format(up=UP, bench=HERE), ready, t.get("env"), 1 if pin else None, t["name"])


def pid_of(x):
    """A pid, or the file that holds it."""
    return x if isinstance(x, int) else open(x).read().strip()


def measure(t, proc, name, scale, pin, up, awake):
    mode, wanted, args, _ = SCENARIOS[name]
    args = re.sub(r"\{s:([\d.]+)\}", lambda x: str(float(x[1]) * scale), args)
    body = f"{TMP}/{name}.req"
    with open(body, "w") as f:
        f.write(wanted)
    url = t["base"] + t.get("path", "/ohttp/peer")
    groups = {"up": up.p.pid, **({"awake": awake.group()} if awake else {})}
    if proc or "root_pid" in t:
        groups["relay"] = proc.p.pid if proc else pid_of(t["root_pid"])
    for g, f in t.get("pids", {}).items():
        groups[g] = pid_of(f)
    cmd = (["taskset", "-c", "0"] if pin else []) + [f"{BIN}/loadgen", mode, "--url", url, *shlex.split(args)]
    cmd += ["--body", body, "-H", "Content-Type: message/ohttp-chunked-req"]
    cmd += ["--events", "ohttp"] if mode == "stream" else []
    cmd += shlex.split(t.get("args", {}).get("*", "")) + shlex.split(t.get("args", {}).get(name, ""))
    cmd += ["--pids", ",".join(f"{k}={v}" for k, v in groups.items())]
    r = subprocess.run(cmd, capture_output=True, text=True)
    try:
        return json.loads(r.stdout)
    except json.JSONDecodeError:
        raise SystemExit(f"loadgen failed: {' '.join(cmd)}\n{r.stdout}{r.stderr}")


COUNTS = ("errors", "bad_status", "seq_errors")


def merge(slices):
    """The slices of one target in one round: medians, but failures add up, and the share of user space is formed over
    all ticks together, because a tick is 10 ms."""
    row = {}
    for m, v in slices[0].items():
        xs = [x[m] for x in slices]
        row[m] = v if isinstance(v, str) else sum(xs) if m in COUNTS or m.endswith("_ticks") else statistics.median(xs)
    if row.get("relay_all_ticks"):
        row["relay_user_us_per_unit"] = row["relay_us_per_unit"] * row["relay_user_ticks"] / row["relay_all_ticks"]
    return row


def mmm(xs):
    return min(xs), statistics.median(xs), max(xs)


def fmt(x):
    return f"{x:.0f}" if abs(x) >= 1000 else f"{x:.1f}" if abs(x) >= 100 else f"{x:.2f}" if abs(x) >= 1 else f"{x:.3f}"


def trio(xs):
    a, b, c = mmm(xs)
    return f"{fmt(b)} [{fmt(a)}..{fmt(c)}]"


ADDED = ("lat_", "transit_", "ttfb_p", "jitter_")  # for these the amount over "direct" is the relay's own


def table(name, rounds, targets, ref="nginx"):
    """Markdown, metric x target: median [min..max]; +added over direct; x ratio to the reference (of the added part
    where there is one). Differences and ratios are formed inside each round."""
    mode, wanted, args, metrics = SCENARIOS[name]
    names = targets
    out = [
        f"\n### {name}: `{mode} {wanted} {args}`\n",
        "| metric | " + " | ".join(names) + " |",
        "|" + "---|" * (len(names) + 1),
    ]
    for m in metrics:
        cells = []
        for n in names:
            xs = [r[n][m] for r in rounds if m in r[n]]
            if not xs:
                cells.append("-")
                continue
            cell = trio(xs)
            base = [r["direct"][m] for r in rounds if m in r.get("direct", {})]
            added = (
                [r[n][m] - r["direct"][m] for r in rounds] if m.startswith(ADDED) and base and n != "direct" else None
            )
            if added:
                cell += f"; +{trio(added)}"
            if n not in (ref, "direct") and all(m in r.get(ref, {}) and r[ref][m] for r in rounds):
                if added and all(r[ref][m] > r["direct"][m] for r in rounds):  # own cost against own cost
                    cell += f"; x{trio([x / (r[ref][m] - r['direct'][m]) for x, r in zip(added, rounds)])} of added"
                else:
                    cell += f"; x{trio([r[n][m] / r[ref][m] for r in rounds])}"
            cells.append(cell)
        if set(cells) != {"-"}:
            out.append(f"| {m} | " + " | ".join(cells) + " |")
    bad = {n: sum(r[n].get(k, 0) for r in rounds for k in COUNTS) for n in names}
    noise = [r[n]["machine_other_s"] / max(r[n]["secs"], 0.1) for r in rounds for n in names]
    busy = trio([r[n]["client_util"] for r in rounds for n in names])
    out.append(f"\nerrors {bad}; cores taken by neighbours {trio(noise)}; loadgen busy {busy}")
    return "\n".join(out)


def others_busy(awake, secs=0.3):
    """Cores busy right now; called while nothing of ours runs."""

    def read():
        v = [int(x) for x in open("/proc/stat").readline().split()[1:9]]
        mine = sum(
            sum(int(x) for x in open(f"/proc/{p.pid}/stat").read().rsplit(")", 1)[1].split()[11:13])
            for p in (awake.ps if awake else [])
        )
        return v[0] + v[1] + v[2] + v[5] + v[6] - mine, sum(v)

    a = read()
    time.sleep(secs)
    b = read()
    return (b[0] - a[0]) / max(1, b[1] - a[1]) * os.cpu_count()


def wait_quiet(limit, awake):
    end = time.time() + limit
    while time.time() < end and others_busy(awake) > 0.4:
        time.sleep(0.2)


def be_nice(nice):
    """Between sessions it is the autogroup's nice value that counts, so have our own session and set that too."""
    if not nice:
        return
    try:
        os.nice(nice)
        os.setsid()
        open("/proc/self/autogroup", "w").write(str(nice))
    except OSError as e:
        print(f"nice value not set: {e}", file=sys.stderr)


def one_round(targets, name, turn, live, a, up, awake):
    """Slices of every target in turn; live: the running targets, which the next round goes on using."""
    slices = {t["name"]: [] for t in targets}
    wait_quiet(a.quiet, awake)
    for k in range(len(targets) * SLICES.get(name, 1)):
        t = targets[(turn + k) % len(targets)]
        if name in FRESH_PER_ROUND and live.get(t["name"]):
            live.pop(t["name"]).stop()
        if t["name"] not in live or live[t["name"]] is None:
            live[t["name"]] = start_target(t, a.pin)
        slices[t["name"]].append(measure(t, live[t["name"]], name, a.scale, a.pin, up, awake))
    return {n: merge(xs) for n, xs in slices.items()}


def run(a, targets):
    """All rounds of all scenarios; {scenario: [{target: metrics}]}. Prints each table when it is there."""
    results, report = {}, []
    up = Proc(f"{BIN}/upstream --port {UP}", f"http://127.0.0.1:{UP}/ok", cpu=0 if a.pin else None, log="upstream")
    awake = None if a.no_awake else Awake()
    old = signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that finally runs
    live = {}
    try:
        for name in a.only.split(","):
            todo = [t for t in targets if name not in t.get("skip", [])]
            results[name] = [one_round(todo, name, i, live, a, up, awake) for i in range(a.rounds)]
            report.append(table(name, results[name], [t["name"] for t in todo]))
            print(report[-1], flush=True)
            while live:  # the next scenario starts from fresh processes
                p = live.popitem()[1]
                if p:
                    p.stop()
            json.dump(results, open(a.out + ".json", "w"))
            open(a.out + ".md", "w").write("\n".join(report) + "\n")
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)  # a second signal must not leave children behind
        for p in live.values():
            if p:
                p.stop()
        up.stop()
        if awake:
            awake.stop()
        signal.signal(signal.SIGTERM, old)
    return results


def parser():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("--targets")
    ap.add_argument("--render", nargs="+", metavar="JSON", help="only print the tables of earlier results")
    ap.add_argument("--only", default="c1,c32,sse50,sse200,down,idle5k")
    ap.add_argument("--rounds", type=int, default=5)
    ap.add_argument("--scale", type=float, default=1.0)
    ap.add_argument("--out", default=f"{TMP}/results")
    ap.add_argument("--nice", type=int, default=0)
    ap.add_argument(
        "--quiet", type=float, default=10, help="wait up to this many s before a round for idle neighbours"
    )
    ap.add_argument("--no-awake", action="store_true", help="let idle cores halt (see class Awake)")
    ap.add_argument("--no-pin", dest="pin", action="store_false", help="default: relay on cpu 1, the rest on cpu 0")
    return ap


def main():
    a = parser().parse_args()
    if a.render:
        for f in a.render:
            for name, rounds in json.load(open(f)).items():
                print(table(name, rounds, list(rounds[0])))  # rounds[0] visits the targets in their listed order
        return
    be_nice(a.nice)
    run(a, json.load(open(a.targets)) if a.targets else default_targets())


if __name__ == "__main__":
    main()

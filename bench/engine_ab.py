#!/usr/bin/env python3
"""engine_ab.py - what extra hops cost a real engine: one OpenAI server, asked directly and through other ways.

    ./engine_ab.py --direct http://127.0.0.1:8092/v1 --hop nginx=http://127.0.0.1:9011/v1 [--hop local=...] [--rounds 5]
                   [--tokens 64] [--short 6] [--streams 4] [--model M] [--prompt TEXT] [-H 'Authorization: Bearer x']
                   [--extra '{}']

Each round visits all ways in rotating order, request by request:
  ttft    `short` streaming requests of 2 tokens          time to first non-empty content event, p50/p95 over the round
  plain   `short` non-streaming requests of 4 tokens      whole latency
  single  one stream of `tokens` tokens                   tokens/s after the first, inter-token gap p50/p95
  multi   `streams` streams at once, `tokens` tokens each aggregate tokens/s, TTFT and gaps (0: left out)
Sampling is greedy with a fixed seed, ignore_eos and cache_prompt:false (every request does the same work); --extra
replaces these engine-specific fields. One connection per way and stream is kept alive; connecting is outside the times.
Every event with non-empty delta.content counts as one token (llama-server sends one per event); the sum is checked
against usage or timings when the engine reports them, and the single-stream text must be the same on every way.
Ratios to direct are formed inside each round; min/median/max over the rounds is printed, medians go to --json.
"""
import argparse
import json
import socket
import statistics
import sys
import threading
import time
from urllib.parse import urlsplit


class Way:
    """One base URL; a small HTTP/1.1 client that stamps every network read."""

    def __init__(self, name, base, headers):
        u = urlsplit(base)
        self.name, self.host, self.port, self.prefix, self.headers = (
            name,
            u.hostname,
            u.port or 80,
            u.path.rstrip("/"),
            headers,
        )
        self.local = threading.local()

    def post(self, path, body):
        """Returns (sent_at, [(time, bytes)] of decoded body pieces, status)."""
        data = json.dumps(body, separators=(",", ":")).encode()
        head = (
            f"POST {self.prefix}{path} HTTP/1.1\r\nHost: {self.host}:{self.port}\r\nContent-Type: application/json\r\n"
        )
        head += "".join(h + "\r\n" for h in self.headers) + f"Content-Length: {len(data)}\r\n\r\n"
        for attempt in (0, 1):
            s = getattr(self.local, "s", None)
            if s is None:
                s = self.local.s = socket.create_connection((self.host, self.port), 120)
                s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            try:
                t0 = time.perf_counter()
                s.sendall(head.encode() + data)
                buf = s.recv(65536)
                if buf:
                    break
            except ConnectionError:
                pass
            self.local.s = None  # the peer had closed a kept connection
            if attempt:
                raise SystemExit(f"{self.name}: connection closed")
        at = time.perf_counter()
        while b"\r\n\r\n" not in buf:
            buf += s.recv(65536)
            at = time.perf_counter()
        h, buf = buf.split(b"\r\n\r\n", 1)
        status, low = int(h.split(b" ", 2)[1]), h.lower()
        out = []
        if b"transfer-encoding: chunked" in low:
            while True:
                while True:  # all complete chunks in buf
                    line, sep, rest = buf.partition(b"\r\n")
                    if not sep:
                        break
                    n = int(line.split(b";")[0], 16)
                    if len(rest) < n + 2:
                        break
                    if n == 0:
                        if b"\r\nconnection: close" in low:
                            self.local.s = None
                        return t0, out, status
                    out.append((at, rest[:n]))
                    buf = rest[n + 2 :]
                more = s.recv(65536)
                if not more:
                    raise SystemExit(f"{self.name}: stream cut")
                at = time.perf_counter()
                buf += more
        length = next((int(x.split(b":")[1]) for x in low.split(b"\r\n") if x.startswith(b"content-length:")), None)
        while length is None or len(buf) < length:
            more = s.recv(65536)
            if not more:
                break
            at = time.perf_counter()
            buf += more
        if length is None or b"\r\nconnection: close" in low:
            self.local.s = None
        return t0, [(at, buf)], status


def stream(way, body):
    t0, pieces, status = way.post("/chat/completions", {**body, "stream": True})
    if status != 200:
        raise SystemExit(f"{way.name}: HTTP {status}: {pieces[:1]}")
    times, text, reported, rest = [], [], None, b""
    for at, data in pieces:
        rest += data
        *events, rest = rest.replace(b"\r\n", b"\n").split(b"\n\n")
        for e in events:
            for line in e.split(b"\n"):
                if not line.startswith(b"data: ") or line == b"data: [DONE]":
                    continue
                d = json.loads(line[6:])
                if "error" in d:
                    raise SystemExit(f"{way.name}: {d}")
                c = d["choices"][0].get("delta", {}).get("content") if d.get("choices") else None
                if c:
                    times.append(at)
                    text.append(c)
                reported = (
                    (d.get("timings") or {}).get("predicted_n")
                    or (d.get("usage") or {}).get("completion_tokens")
                    or reported
                )
    if not times:
        raise SystemExit(f"{way.name}: no content events")
    return {
        "ttft": times[0] - t0,
        "gaps": [b - a for a, b in zip(times, times[1:])],
        "start": t0,
        "end": times[-1],
        "first": times[0],
        "n": len(times),
        "reported": reported,
        "text": "".join(text),
    }


def pct(xs, p):
    xs = sorted(xs)
    return xs[min(len(xs) - 1, int(p / 100 * len(xs)))]


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("--direct", required=True)
    ap.add_argument("--hop", action="append", default=[], metavar="NAME=URL")
    ap.add_argument("-H", action="append", default=[], dest="headers")
    ap.add_argument("--rounds", type=int, default=5)
    ap.add_argument("--tokens", type=int, default=64)
    ap.add_argument("--short", type=int, default=6)
    ap.add_argument("--streams", type=int, default=4)
    ap.add_argument("--model", default="default")
    ap.add_argument("--prompt", default="Write a long story about a lighthouse keeper.")
    ap.add_argument("--extra", default='{"ignore_eos":true,"cache_prompt":false,"timings_per_token":false}')
    ap.add_argument("--json")
    a = ap.parse_args()
    ways = [Way("direct", a.direct, a.headers)] + [Way(*h.split("=", 1), a.headers) for h in a.hop]
    body = {
        "model": a.model,
        "messages": [{"role": "user", "content": a.prompt}],
        "temperature": 0,
        "seed": 1,
        **json.loads(a.extra),
    }
    for w in ways:  # warm up: connections, engine caches
        stream(w, {**body, "max_tokens": 4})
    rounds, texts, odd = [], {}, 0
    for r in range(a.rounds):
        order = ways[r % len(ways) :] + ways[: r % len(ways)]
        row = {w.name: {} for w in ways}
        ttft, plain = {w.name: [] for w in ways}, {w.name: [] for w in ways}
        for k in range(a.short):
            for w in order:
                ttft[w.name].append(stream(w, {**body, "max_tokens": 2})["ttft"])
            for w in order:
                t0, p, status = w.post("/chat/completions", {**body, "max_tokens": 4})
                if status != 200:
                    raise SystemExit(f"{w.name}: HTTP {status}")
                plain[w.name].append(p[-1][0] - t0)
        for w in order:
            s = stream(w, {**body, "max_tokens": a.tokens})
            odd += s["reported"] not in (None, s["n"])
            texts.setdefault(w.name, set()).add(s["text"])
            row[w.name].update(
                {
                    "ttft_p50_ms": pct(ttft[w.name], 50) * 1e3,
                    "ttft_p95_ms": pct(ttft[w.name], 95) * 1e3,
                    "plain_p50_ms": pct(plain[w.name], 50) * 1e3,
                    "plain_p95_ms": pct(plain[w.name], 95) * 1e3,
                    "single_tok_s": (s["n"] - 1) / (s["end"] - s["first"]),
                    "single_gap_p50_ms": pct(s["gaps"], 50) * 1e3,
                    "single_gap_p95_ms": pct(s["gaps"], 95) * 1e3,
                }
            )
        for w in order if a.streams else []:
            res, gate = [], threading.Barrier(a.streams)

            def one():
                gate.wait()
                res.append(stream(w, {**body, "max_tokens": a.tokens}))

            ts = [threading.Thread(target=one) for _ in range(a.streams)]
            [t.start() for t in ts]
            [t.join() for t in ts]
            if len(res) != a.streams:
                raise SystemExit(f"{w.name}: a concurrent stream failed")
            gaps = [g for s in res for g in s["gaps"]]
            row[w.name].update(
                {
                    "multi_tok_s": sum(s["n"] for s in res)
                    / (max(s["end"] for s in res) - min(s["start"] for s in res)),
                    "multi_ttft_p50_ms": pct([s["ttft"] for s in res], 50) * 1e3,
                    "multi_gap_p50_ms": pct(gaps, 50) * 1e3,
                    "multi_gap_p95_ms": pct(gaps, 95) * 1e3,
                }
            )
        rounds.append(row)
        print(f"round {r + 1}/{a.rounds} done", file=sys.stderr, flush=True)
    names = [w.name for w in ways]
    print(
        f"| metric | {' | '.join(names)} | "
        + " | ".join(f"{n} / direct" for n in names[1:])
        + " |\n|"
        + "---|" * (2 * len(names))
    )
    summary = {}
    for m in rounds[0]["direct"]:

        def show(xs, f="{:.2f}"):
            return f"{f} [{f}..{f}]".format(statistics.median(xs), min(xs), max(xs))

        ratios = {n: [r[n][m] / r["direct"][m] for r in rounds] for n in names[1:]}
        print(
            f"| {m} | "
            + " | ".join(show([r[n][m] for r in rounds]) for n in names)
            + " | "
            + " | ".join(show(x, "{:.3f}") for x in ratios.values())
            + " |"
        )
        summary[m] = {
            **{n: statistics.median(r[n][m] for r in rounds) for n in names},
            "ratio": {n: statistics.median(x) for n, x in ratios.items()},
        }
    same = len(set().union(*texts.values())) == 1
    streams = a.rounds * len(ways)
    print(f"\nsame text on every way: {same}; streams whose event count differs from the engine's: {odd} of {streams}")
    if a.json:
        json.dump({"rounds": rounds, "summary": summary, "same_text": same}, open(a.json, "w"))


if __name__ == "__main__":
    main()

"""The three programs of ours in a row (relay, node, gateway), and engines for them, as child processes on loopback."""

import json
import os
import select
import shutil
import signal
import socket
import subprocess
import threading
import time
import urllib.request

from suite import BIN, TMP

RELAY, NODE, GATEWAY = 19010, 19011, 19012


class Child:
    def __init__(self, name, cmd):
        self.name = name
        self.log = open(f"{TMP}/{name}.log", "a")
        self.p = subprocess.Popen(cmd, stdout=self.log, stderr=subprocess.STDOUT)

    def stop(self, how=signal.SIGTERM):
        if self.p.poll() is None:
            self.p.send_signal(how)
        try:
            self.p.wait(5)
        except subprocess.TimeoutExpired:
            self.p.kill()
            self.p.wait()
        self.log.close()


def ask(url, timeout=1.0):
    """The parsed JSON of a 200, else None."""
    try:
        with urllib.request.urlopen(url, timeout=timeout) as r:
            return json.loads(r.read()) if r.status == 200 else None
    except (OSError, ValueError):
        return None


def wait_until(what, condition, limit, pause=0.002):
    """Polls; returns time.perf_counter() of the first success."""
    end = time.perf_counter() + limit
    while time.perf_counter() < end:
        if condition():
            return time.perf_counter()
        time.sleep(pause)
    raise SystemExit(f"{what}: not within {limit} s; logs are in {TMP}")


class Stack:
    """Relay, node and gateway in front of an OpenAI-compatible engine."""

    def __init__(self, engine_url):
        self.state = f"{TMP}/stack-state"
        shutil.rmtree(self.state, ignore_errors=True)
        self.children = {}
        try:
            self.start_relay()
            node = [f"{BIN}/tokenplace-server", "--relay-url", f"http://127.0.0.1:{RELAY}", "--server-port", str(NODE)]
            node += ["--engine-url", engine_url, "--state-dir", f"{self.state}/node", "--log-level", "warning"]
            self.children["node"] = Child("node", node)
            gateway = [f"{BIN}/tokenplace", "gateway", "--listen", f"127.0.0.1:{GATEWAY}"]
            gateway += ["--relay", f"http://127.0.0.1:{RELAY}", "--state-dir", f"{self.state}/gateway"]
            self.children["gateway"] = Child("gateway", gateway)
            wait_until("node in the directory", self.has_node, 30)
            wait_until("gateway", lambda: ask(f"{self.base}/models"), 10)
        except BaseException:
            self.stop()
            raise

    base = f"http://127.0.0.1:{GATEWAY}/v1"

    def start_relay(self):
        relay = [f"{BIN}/tokenplace-relay", "--port", str(RELAY), "--state-dir", f"{self.state}/relay"]
        self.children["relay"] = Child("relay", relay + ["--log-level", "warning"])

    def health(self):
        return ask(f"http://127.0.0.1:{RELAY}/healthz")

    def has_node(self):
        return (self.health() or {}).get("nodes", 0) > 0

    def restart_relay(self, outage):
        """Kills the relay, starts it again after `outage` seconds; seconds from its first 200 until the node serves."""
        self.children["relay"].stop(signal.SIGKILL)
        time.sleep(outage)
        self.start_relay()
        up = wait_until("relay", self.health, 10, 0.0005)
        return wait_until("node after a restart of its relay", self.has_node, 60) - up

    def stop(self):
        for name in ("gateway", "node", "relay"):
            if name in self.children:
                self.children.pop(name).stop()


def llama_server(port):
    """The engine and model of the cache folder on `port`, or None when one of them is not there."""
    cache = os.path.join(os.environ.get("XDG_CACHE_HOME", os.path.expanduser("~/.cache")), "token.place")
    found = {}
    for folder, _, files in os.walk(cache):
        for f in files:
            if f == "llama-server" or f.endswith(".gguf"):
                found["engine" if f == "llama-server" else "model"] = os.path.join(folder, f)
    engine = found.get("engine") or shutil.which("llama-server")
    if not engine or "model" not in found:
        return None
    cmd = [engine, "-m", found["model"], "-c", "4096", "-np", "4", "--port", str(port), "--alias", "bench"]
    child = Child("llama-server", cmd + ["--host", "127.0.0.1"])
    wait_until("llama-server", lambda: ask(f"http://127.0.0.1:{port}/health"), 60, 0.05)
    return child


class WatchedEngine:
    """Streams an event every 20 ms until its client goes away, and notes when it noticed."""

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.gone = threading.Event()
        self.gone_at = 0.0
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                s = self.listener.accept()[0]
            except OSError:
                return
            threading.Thread(target=self.serve, args=(s,), daemon=True).start()

    def serve(self, s):
        s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        buf = b""
        try:
            while True:
                while b"\r\n\r\n" not in buf:
                    more = s.recv(65536)
                    if not more:
                        return
                    buf += more
                head, buf = buf.split(b"\r\n\r\n", 1)
                fields = head.lower().split(b"\r\n")
                length = next((int(f.split(b":")[1]) for f in fields if f.startswith(b"content-length:")), 0)
                while len(buf) < length:
                    buf += s.recv(65536)
                buf = buf[length:]
                if head.startswith(b"POST"):
                    return self.stream(s)
                body = b'{"object":"list","data":[{"id":"mock","object":"model","owned_by":"bench"}]}'
                s.sendall(
                    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body)
                )
                s.sendall(body)
        except OSError:
            pass
        finally:
            s.close()

    def stream(self, s):
        s.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
        choice = {"index": 0, "delta": {"content": "word "}, "finish_reason": None}
        event = {"id": "x", "object": "chat.completion.chunk", "created": 1, "model": "mock", "choices": [choice]}
        data = b"data: " + json.dumps(event).encode() + b"\n\n"
        try:
            while True:
                s.sendall(b"%x\r\n%s\r\n" % (len(data), data))
                if select.select([s], [], [], 0.02)[0] and not s.recv(1):
                    break
        except OSError:
            pass
        self.gone_at = time.perf_counter()
        self.gone.set()

    def stop(self):
        self.listener.close()


def client_gone_seconds(base, engine):
    """Begins a stream, reads some of it, hangs up; seconds until the engine notices."""
    engine.gone.clear()
    host, port = base.split("/")[2].split(":")
    body = json.dumps({"model": "mock", "stream": True, "messages": [{"role": "user", "content": "go"}]}).encode()
    s = socket.create_connection((host, int(port)), 10)
    head = b"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
    head += b"Content-Length: %d\r\n\r\n"
    s.sendall(head % len(body) + body)
    got = b""
    while got.count(b"word ") < 5:
        more = s.recv(65536)
        if not more:
            raise SystemExit("the stream ended early: " + got[:300].decode(errors="replace"))
        got += more
    t0 = time.perf_counter()
    s.close()
    if not engine.gone.wait(10):
        raise SystemExit("the engine went on for 10 s after its client had gone")
    return engine.gone_at - t0

"""Starts the real programs for tests: on free loopback ports, in a temporary state folder, ready before use.

A test case derives from `Case` and asks `self.house` for what it needs. Whatever was started is ended by its process id
when the test is over, however it ends; then the last log lines of each program are shown if the test failed.
Waiting is always waiting for something, with a deadline; nobody sleeps and hopes.
"""
import ctypes
import http.client
import json
import os
import random
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
PROGRAMS = Path(os.environ.get("TP_PROGRAMS", ROOT / "build/dev/bin"))
WAIT = float(os.environ.get("TP_E2E_WAIT", "20"))  # seconds for anything that should take a moment
MOCK_SENTENCE = "Mock Response: The capital of France is Paris."
MOCK_MODEL = "mock-model"
REAL_MODEL = "smollm2-135m-instruct"

PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36
LIBC = ctypes.CDLL(None)


def die_with_parent():
    """In a child, before its program starts: not even a killed test leaves programs running."""
    LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def wait_until(what, seen, seconds=WAIT, step=0.005):
    """The first true value of `seen()`. `what` names it in the failure."""
    end = time.monotonic() + seconds
    while True:
        value = seen()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"waited {seconds:g} s in vain for: {what}")
        time.sleep(step)


def free_port():
    """Below the range of outgoing connections, so that none of those takes it in between."""
    for _ in range(200):
        port = random.randrange(20_000, 32_000)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
                return port
            except OSError:
                continue
    raise AssertionError("no free port")


def closed_port_url():
    return f"http://127.0.0.1:{free_port()}"


def descendants(pid):
    """Process ids of the children of `pid` and of theirs."""
    parents = {}
    for entry in os.listdir("/proc"):
        if not entry.isdigit():
            continue
        try:
            stat = Path(f"/proc/{entry}/stat").read_text()
        except OSError:
            continue
        parents.setdefault(int(stat.rsplit(")", 1)[1].split()[1]), []).append(int(entry))
    found, open_ends = [], [pid]
    while open_ends:
        for child in parents.get(open_ends.pop(), []):
            found.append(child)
            open_ends.append(child)
    return found


def alive(pid):
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except OSError:
        return False
    return state not in "ZX"


def command_of(pid):
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")[0].decode(errors="replace")
    except OSError:
        return ""


def kill(pid, how=signal.SIGKILL):
    try:
        os.kill(pid, how)
    except ProcessLookupError:
        pass


def resident_kib(pid):
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1])
    raise AssertionError("no resident size")


class Program:
    """One running program. Its stderr goes to a file; stdout too, unless a pipe is asked for."""

    def __init__(self, house, name, arguments, environment=None, stdin=subprocess.DEVNULL):
        self.name = name
        self.error_file = house.folder / f"{name}.{len(house.programs)}.stderr"
        self.output_file = house.folder / f"{name}.{len(house.programs)}.stdout"
        with open(self.error_file, "wb") as error, open(self.output_file, "wb") as output:
            self.process = subprocess.Popen([str(a) for a in arguments], stdin=stdin, stdout=output, stderr=error,
                                            env=house.environment(environment), cwd=house.folder,
                                            start_new_session=True, preexec_fn=die_with_parent)
        house.programs.append(self)

    @property
    def pid(self):
        return self.process.pid

    def running(self):
        return self.process.poll() is None

    def errors(self):
        return self.error_file.read_text(errors="replace")

    def output(self):
        return self.output_file.read_text(errors="replace")

    def signal(self, which):
        self.process.send_signal(which)

    def wait(self, seconds=WAIT):
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"{self.name} is still running after {seconds:g} s") from None

    def kill(self):
        self.process.kill()
        return self.wait()

    def stop(self):
        self.process.terminate()
        return self.wait()

    def end(self):
        """However it is; its children first, so that none is left without a parent."""
        children = descendants(self.pid) if self.running() else []
        if self.running():
            self.process.kill()
            self.process.wait(WAIT)
        for child in children:
            kill(child)


class Service(Program):
    """A program with an address."""

    def __init__(self, house, name, arguments, port, **more):
        super().__init__(house, name, arguments, **more)
        self.port = port
        self.url = f"http://127.0.0.1:{port}"

    def ready(self, path="/livez", seconds=WAIT):
        def answers():
            if not self.running():
                raise AssertionError(f"{self.name} ended with {self.process.returncode} before it was ready: "
                                     + self.errors()[-500:])
            try:
                return request(self.url, "GET", path, timeout=2).status == 200
            except OSError:
                return False
        wait_until(f"{self.name} on {path}", answers, seconds)
        return self

    def metric(self, name):
        for line in request(self.url, "GET", "/metrics").text.splitlines():
            if line.startswith(name + " "):
                return int(float(line.split()[-1]))
        raise AssertionError(f"{self.name} has no metric {name}")


class House:
    """What one test has running, and its folder."""

    def __init__(self):
        LIBC.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)  # orphans become ours, and are seen
        self.folder = Path(tempfile.mkdtemp(prefix="tp-e2e-"))
        self.programs = []

    def environment(self, more=None):
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TERM") if name in os.environ}
        # One thread: on a busy machine several threads of an engine mostly wait for each other.
        kept.update(TOKEN_PLACE_ENGINE_THREADS="1")
        kept.update(XDG_STATE_HOME=str(self.folder / "state"), TP_SOURCE_DIR=str(ROOT))
        kept.update(more or {})
        return kept

    def run(self, program, *arguments, environment=None, stdin=None, seconds=WAIT):
        """Runs to its end: a CompletedProcess with text."""
        return subprocess.run([str(PROGRAMS / program), *map(str, arguments)], capture_output=True, text=True,
                              input=stdin if stdin is not None else "", timeout=seconds, cwd=self.folder,
                              env=self.environment(environment), start_new_session=True, check=False)

    def relay(self, *options, port=None, gateway=None, wait=True):
        port = port or free_port()
        more = ["--gateway-url", gateway] if gateway else []
        made = Service(self, "relay", [PROGRAMS / "tokenplace-relay", "--port", port, "--state-dir",
                                       self.folder / f"relay{port}", *more, *options], port)
        return made.ready() if wait else made

    def gateway(self, relay_url, *options, port=None):
        port = port or free_port()
        return Service(self, "gateway", [PROGRAMS / "tokenplace", "gateway", "--listen", f"127.0.0.1:{port}", "--relay",
                                         relay_url, "--state-dir", self.folder / "client", *options], port).ready()

    def node(self, relay_url, *options, script=None, state=None, wait=True, environment=None):
        """A node with the mock engine, unless the options say --model or --engine-url; in the directory at return."""
        port = free_port()
        arguments = ["--relay-url", relay_url, "--server-port", port, "--state-dir",
                     state or self.folder / f"node{port}", *options]
        if not {"--model", "--engine-url"} & {str(o) for o in options}:
            arguments.append("--use-mock-llm")
        if script is not None:
            file = self.folder / f"script{port}.json"
            file.write_text(json.dumps(script))
            arguments += ["--mock-script", file]
        made = Service(self, "node", [PROGRAMS / "tokenplace-server", *arguments], port, environment=environment)
        if wait:
            made.ready("/metrics")
            wait_until("the node's registration", lambda: made.metric("token_place_node_links") > 0, 60)
        return made

    def town(self, *node_options, script=None, relay_options=()):
        """Relay, gateway and node: (relay, node, gateway)."""
        gateway_port = free_port()
        relay = self.relay(*relay_options, gateway=f"http://127.0.0.1:{gateway_port}")
        node = self.node(relay.url, *node_options, script=script)
        return relay, node, self.gateway(relay.url, port=gateway_port)

    def end(self):
        for program in reversed(self.programs):
            program.end()
        for stray in descendants(os.getpid()):
            kill(stray)

    def tell(self):
        for program in self.programs:
            tail = program.errors().splitlines()[-12:]
            print(f"-- {program.name} (exit code {program.process.returncode}), last lines:", *tail, sep="\n   ",
                  file=sys.stderr)

    def remove(self):
        shutil.rmtree(self.folder, ignore_errors=True)


class Case(unittest.TestCase):
    """`self.house`: one a test. A class that wants one for all its tests sets `shared` and `prepare(house)`."""

    shared = False
    town_house = None
    place = ""  # a test that repeats itself in several places says where it is
    maxDiff = 2_000

    @classmethod
    def setUpClass(cls):
        if cls.shared:
            cls.town_house = House()
            try:
                cls.prepare(cls.town_house)
            except BaseException:
                cls.town_house.end()
                cls.town_house.tell()
                raise

    @classmethod
    def prepare(cls, house):
        pass

    @classmethod
    def tearDownClass(cls):
        if cls.town_house is not None:
            cls.town_house.end()
            cls.town_house.remove()
            cls.town_house = None

    def setUp(self):
        self.house = self.town_house or House()
        if self.town_house is None:
            self.addCleanup(self.house.remove)
        self.addCleanup(self._finish)

    def _finish(self):
        outcome = self._outcome.result
        failed = any(test is self for test, _ in outcome.failures + outcome.errors)
        if self.town_house is None:
            self.house.end()
        if failed:
            print(f"-- {self.id()} failed {self.place}", file=sys.stderr)
            self.house.tell()

    def assert_error(self, answer, status, code, **more):
        """An answer in the form of OpenAI's errors."""
        self.assertEqual(answer.status, status, answer.text[:300])
        error = answer.json()["error"]
        self.assertEqual(set(error), {"message", "type", "code", "param"})
        codes = code if isinstance(code, (tuple, list, set)) else (code,)
        self.assertIn(error["code"], codes)
        for name, value in more.items():
            self.assertEqual(error[name], value, name)
        return error

    def assert_works(self, url, model=MOCK_MODEL):
        """The next request is answered."""
        answer = chat(url, "hello", model=model)
        self.assertEqual(answer.status, 200, answer.text[:300])
        self.assertTrue(answer.content())

    def say(self, text):
        """A measured figure, for the log of the test."""
        print(f"   measured: {text}", file=sys.stderr, flush=True)


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    @property
    def text(self):
        return self.body.decode(errors="replace")

    def json(self):
        return json.loads(self.body)

    def content(self):
        return self.json()["choices"][0]["message"]["content"]


def split(url):
    host, port = url.removeprefix("http://").split("/")[0].split(":")
    return host, int(port)


def request(url, method, path, body=None, headers=None, timeout=WAIT):
    """One whole call. A dict as body is sent as JSON."""
    headers = dict(headers or {})
    if isinstance(body, (dict, list)):
        body = json.dumps(body)
        headers.setdefault("Content-Type", "application/json")
    host, port = split(url)
    connection = http.client.HTTPConnection(host, port, timeout=timeout)
    try:
        connection.request(method, path, body=body, headers=headers)
        answer = connection.getresponse()
        return Answer(answer.status, answer.headers, answer.read())
    finally:
        connection.close()


def question(text, model=MOCK_MODEL, **more):
    return {"model": model, "messages": [{"role": "user", "content": text}], **more}


def chat(url, text, model=MOCK_MODEL, timeout=60, **more):
    return request(url, "POST", "/v1/chat/completions", question(text, model, **more), timeout=timeout)


class Stream:
    """A streamed chat, event by event: `events` holds (time of arrival, data) of what came."""

    def __init__(self, url, text, model=MOCK_MODEL, timeout=60, receive_buffer=None, **more):
        host, port = split(url)
        self.socket = socket.socket()
        if receive_buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.settimeout(timeout)
        self.socket.connect((host, port))
        body = json.dumps(question(text, model, stream=True, **more)).encode()
        head = (f"POST /v1/chat/completions HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\n"
                f"Content-Length: {len(body)}\r\n\r\n")
        self.socket.sendall(head.encode() + body)
        self.response = http.client.HTTPResponse(self.socket, method="POST")
        self.events = []

    def begin(self):
        self.response.begin()
        if self.status != 200:
            raise AssertionError(f"no stream but status {self.status}: {self.response.read(500).decode()}")
        return self

    @property
    def status(self):
        return self.response.status

    def next(self):
        """The next event's data; None at the clean end. A cut connection raises HTTPException or OSError."""
        while True:
            line = self.response.readline()
            if not line:
                if not self.response.isclosed() and self.response.chunked:
                    raise http.client.IncompleteRead(b"")
                return None
            if line.startswith(b"data: "):
                data = line[6:].strip().decode()
                self.events.append((time.monotonic(), data))
                return data

    def until_words(self, count):
        """Waits until that many pieces of text have come."""
        while len(self.words()) < count:  # few, so counting anew costs nothing
            if self.next() is None:
                raise AssertionError(f"the stream ended after {len(self.words())} pieces of text, error {self.error()}")
        return self

    def rest(self):
        while self.next() is not None:
            pass
        return self

    def parsed(self):
        return [json.loads(data) for _, data in self.events if data != "[DONE]"]

    def words(self):
        pieces = []
        for event in self.parsed():
            for choice in event.get("choices", []):
                text = choice.get("delta", {}).get("content")
                if text:
                    pieces.append(text)
        return pieces

    def error(self):
        """The error in the last event, or None."""
        return next((event["error"] for event in reversed(self.parsed()) if "error" in event), None)

    def is_whole(self):
        return bool(self.events) and self.events[-1][1] == "[DONE]"

    def close(self):
        self.response.close()
        self.socket.close()

    def reset(self):
        """As a crashed client: the connection is reset."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close()


def setup_path(script):
    """What tools/setup/SCRIPT --check prints: a path, or None."""
    done = subprocess.run([str(ROOT / "tools/setup" / script), "--check"], capture_output=True, text=True, check=False)
    return done.stdout.strip() or None


def real_engine():
    """(engine, model): paths, or a skipped test."""
    engine = os.environ.get("TOKEN_PLACE_ENGINE") or setup_path("get-engine.sh")
    model = os.environ.get("TOKEN_PLACE_MODEL") or setup_path("get-model.sh")
    if not engine or not Path(engine).is_file():
        raise unittest.SkipTest("there is no llama-server; run tools/setup/get-engine.sh")
    if not model or not Path(model).is_file():
        raise unittest.SkipTest("there is no model; run tools/setup/get-model.sh")
    return engine, model


def main():
    """Exit code 77 when nothing could be run; each skipped test says why."""
    for program in ("tokenplace", "tokenplace-relay", "tokenplace-server"):
        if not os.access(PROGRAMS / program, os.X_OK):
            print(f"skipped: {program} is not built in {PROGRAMS}")
            sys.exit(77)
    result = unittest.main(verbosity=2, exit=False, warnings="ignore").result
    if result.testsRun == len(result.skipped) and result.wasSuccessful() and result.skipped:
        print(f"skipped: {result.skipped[0][1]}", flush=True)
        sys.exit(77)
    for test, reason in result.skipped:
        print(f"skipped: {test}: {reason}")
    sys.exit(0 if result.wasSuccessful() else 1)

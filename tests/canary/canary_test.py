"""A marked prompt and a marked answer go every way a call can go, at log level trace; then they must be nowhere:
not in logs, metrics, state or temporary files, and, where the relay only ever saw envelopes, not in its memory.

planted_test.py shows that the search finds what is there; the tests called `…is_seen` show it for the real programs.
"""
import http.client
import json
import os
import socket
import sys
import tempfile
import unittest
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "e2e"))

import house as e2e  # noqa: E402
import places  # noqa: E402
from finder import Finder, new_marker  # noqa: E402

TRACE = ("--log-level", "trace")
OVERLONG = (8 << 20) + 1
NO_MEMORY = "this system does not let us read a program's memory"


class Marked(e2e.Case):
    """Programs at trace level, markers, and calls that carry them. One town for each class."""

    shared = True

    @classmethod
    def prepare(cls, house):
        cls.prompt, cls.reply, cls.key = new_marker("prompt"), new_marker("answer"), new_marker("apikey")
        cls.finder = Finder(prompt=cls.prompt, answer=cls.reply, key=cls.key)
        hidden = tempfile.TemporaryDirectory(prefix="tp-canary-")  # what holds the words on purpose
        cls.addClassCleanup(hidden.cleanup)
        cls.hidden = Path(hidden.name)
        home = house.folder / "home"
        home.mkdir()
        before = os.environ.get("HOME", "/")
        os.environ["HOME"] = str(home)
        cls.addClassCleanup(os.environ.update, HOME=before)
        cls.script = cls.hidden / "script.json"
        cls.script.write_text(json.dumps({"rules": cls.rules()}))
        cls.build(house)
        cls.services = [program for program in house.programs if isinstance(program, e2e.Service)]

    @classmethod
    def rules(cls):
        said = f"It begins {cls.reply} and goes on with {cls.reply} to the end"
        failed = json.dumps({"error": {"message": cls.reply, "type": "server_error", "code": cls.reply, "param": None}})
        return [
            {"match": "slow", "reply": said * 8, "delay_ms_between": 20},
            {"match": "refused", "status": 400, "body": failed},
            {"match": "broken", "status": 500, "body": failed},
            {"match": "crash", "fault": "error_500"},
            {"match": "cut", "reply": said, "fault": "cut", "after": 3},
            {"match": "malformed", "reply": said, "fault": "malformed", "after": 3},
            {"match": "loading", "fault": "unavailable"},
            {"reply": said},
        ]

    def chat(self, *arguments, stdin=None):
        """`tokenplace chat`; what it logs is searched with the rest. What it says on stdout is the answer."""
        options = ("--relay", self.relay.url, "--state-dir", self.house.folder / "chat", *TRACE)
        done = self.house.run("tokenplace", "chat", *options, *arguments, stdin=stdin,
                              environment={"TOKEN_PLACE_NODE_API_KEY": self.key})
        with open(self.house.folder / "chat.stderr", "a", encoding="utf-8") as log:
            log.write(done.stderr)
        return done

    def ask(self, url, path, body, **headers):
        if not isinstance(body, str):
            body = json.dumps(body)
        headers.setdefault("Content-Type", "application/json")
        try:
            return e2e.request(url, "POST", path, body, headers, timeout=60).status
        except (OSError, http.client.HTTPException):
            return 0  # cut off: one of the ways a call can end

    def every_way(self, url):
        """Good and bad calls to an OpenAI surface; returns their statuses."""
        hello = {"role": "user", "content": f"hello {self.prompt}"}
        good = e2e.question(f"hello {self.prompt}")
        chat = "/v1/chat/completions"
        tool = {"type": "function", "function": {"name": "look_up", "description": self.prompt, "parameters": {}}}
        calls = {
            "whole": (chat, good),
            "streamed": (chat, {**good, "stream": True}),
            "with everything": (chat, {**good, "user": self.prompt, "tools": [tool], "stop": [self.prompt],
                                       "metadata": {self.prompt: self.prompt}, self.prompt: 1}),
            "completion": ("/v1/completions", {"model": e2e.MOCK_MODEL, "prompt": self.prompt}),
            "embedding": ("/v1/embeddings", {"model": e2e.MOCK_MODEL, "input": self.prompt}),
            "response": ("/v1/responses", {"model": e2e.MOCK_MODEL, "input": self.prompt}),
            "unknown model": (chat, {**good, "model": "no-such-model"}),
            "model of two kinds": (chat, {**good, "model": [self.prompt]}),
            "no messages": (chat, {**good, "messages": [], "user": self.prompt}),
            "unknown role": (chat, {**good, "messages": [{**hello, "role": self.prompt}]}),
            "wrong type": (chat, {**good, "messages": [hello, self.prompt]}),
            "temperature in words": (chat, {**good, "temperature": self.prompt}),
            "malformed": (chat, json.dumps(good)[:-3]),
            "malformed at once": (chat, self.prompt),
            "not UTF-8": (chat, json.dumps(good).replace("hello", "\xff")),
            "over-long": (chat, json.dumps({**good, "user": self.prompt * (OVERLONG // len(self.prompt) + 1)})),
            "unknown path": (f"/v1/{self.prompt}?{self.prompt}={self.prompt}", good),
            "query": (f"{chat}?{self.prompt}={self.prompt}", good),
        }
        for fault in ("refused", "broken", "crash", "cut", "malformed", "loading"):
            calls[f"engine: {fault}"] = (chat, e2e.question(f"{fault} {self.prompt}"))
            calls[f"engine, streamed: {fault}"] = (chat, e2e.question(f"{fault} {self.prompt}", stream=True))
        statuses = {what: self.ask(url, path, body) for what, (path, body) in calls.items()}
        statuses["strange key"] = self.ask(url, chat, good, Authorization=f"Bearer {self.key}")
        statuses["model page"] = e2e.request(url, "GET", f"/v1/models/{self.prompt}").status
        self.leave_midway(url)
        return statuses

    def leave_midway(self, url):
        stream = e2e.Stream(url, f"slow {self.prompt}").begin().until_words(2)
        stream.socket.close()

    def assert_ways(self, statuses):
        """The calls were what their names say, so that every path was walked."""
        for what in ("whole", "streamed", "query", "completion"):
            self.assertEqual(statuses[what], 200, what)
        for what in ("malformed", "no messages", "unknown role", "wrong type"):
            self.assertEqual(statuses[what], 400, what)
        others = {"unknown model": 404, "engine: broken": 500, "engine: cut": 502, "engine: loading": 503}
        for what, status in others.items():
            self.assertEqual(statuses[what], status, what)
        self.assertIn(statuses["over-long"], (0, 413))

    def everywhere(self, *memories):
        """Every place but the memories that are not named."""
        sources = [places.files(self.house.folder)]
        sources += [places.metrics(service.name, service.url) for service in self.services if service.running()]
        sources += [places.memory(service.name, service.pid, self.finder.overlap) for service in memories]
        return places.search(self.finder, *sources)

    def assert_nowhere(self, *memories):
        self.assertEqual(self.everywhere(*memories), [])

    def assert_logs_are_real(self):
        begun = {"relay": "relay_listening", "node": "relay_joined", "gateway": "gateway_listening"}
        for service in self.services:
            self.assertIn(begun[service.name], service.errors(), service.name)


class Sealed(Marked):
    """Everything is sealed at the client or its gateway, so the relay's memory must not hold a word either."""

    @classmethod
    def build(cls, house):
        cls.relay = house.relay(*TRACE)
        cls.node = house.node(cls.relay.url, *TRACE, "--log-format", "json", "--mock-script", cls.script)
        cls.gateway = house.gateway(cls.relay.url, *TRACE)
        cls.peer = e2e.request(cls.relay.url, "GET", "/api/v2/nodes").json()["data"][0]["peer_id"]

    def memories(self):
        return [self.relay] if places.can_read_memory() else []

    @unittest.skipUnless(places.can_read_memory(), NO_MEMORY)
    def test_the_relays_memory(self):
        """By name, so that a run without it says so: the other tests search it only where they may."""
        self.assertEqual(self.memories(), [self.relay])
        self.assert_ways(self.every_way(self.gateway.url))
        self.assert_nowhere(self.relay)

    def test_chat(self):
        question = ("-m", f"hello {self.prompt}")
        for arguments in [question, (*question, "--no-stream"), (*question, "--json"), (*question, "--node", self.peer),
                          (*question, "--system", self.prompt)]:
            done = self.chat(*arguments)
            self.assertEqual(done.returncode, 0)
            self.assertIn(self.reply, done.stdout)
        self.assertIn(self.reply, self.chat(stdin=f"hello {self.prompt}\n").stdout)
        self.assertNotEqual(self.chat("-m", self.prompt, "--model", "no-such-model").returncode, 0)
        self.chat("-m", f"cut {self.prompt}")
        self.assert_nowhere(*self.memories())

    def test_gateway(self):
        self.assert_ways(self.every_way(self.gateway.url))
        self.assert_nowhere(*self.memories())

    def test_local_api_of_the_node(self):
        self.assert_ways(self.every_way(self.node.url))
        self.assert_nowhere(*self.memories())

    def test_while_an_answer_streams(self):
        stream = e2e.Stream(self.gateway.url, f"slow {self.prompt}").begin().until_words(10)
        self.assert_nowhere(*self.memories())
        stream.rest()
        stream.socket.close()
        self.assertIn(self.reply, "".join(data for _, data in stream.events))

    def test_envelopes_tampered_with(self):
        body = self.seal()
        route = f"/api/v2/nodes/{self.peer}/ohttp"
        good = {"Content-Type": "message/ohttp-chunked-req"}
        post = lambda data, headers=good: e2e.request(self.relay.url, "POST", route, data, headers).status  # noqa: E731
        self.assertEqual(post(body), 200)
        self.assertEqual(post(body), 409)
        for at in (0, 6, 7, 38, 40, len(body) // 2, len(body) - 1):
            changed = bytearray(self.seal())
            changed[at] ^= 1
            self.assertIn(post(bytes(changed)), (400, 413), at)
        self.assertEqual(post(self.seal()[:-20]), 400)
        self.assertEqual(post(self.seal() + b"more"), 400)
        self.assertEqual(post(self.seal(), {"Content-Type": "message/ohttp-req"}), 400)
        self.assertEqual(post(self.seal(), {"Content-Type": "application/json"}), 415)
        self.assertIn(self.ask(self.relay.url, route, "x" * OVERLONG, **good), (0, 413))
        self.assert_nowhere(*self.memories())

    def seal(self):
        out = self.hidden / "envelope"
        done = self.house.run("tokenplace", "seal", "--relay", self.relay.url, "--node", self.peer, "--out", out, "-m",
                              self.prompt, "--state-dir", self.house.folder / "seal", *TRACE)
        self.assertEqual(done.returncode, 0)
        return out.read_bytes()

    def test_zz_last_words(self):
        """Runs last: stopping logs, too."""
        self.leave_midway(self.gateway.url)
        self.assert_logs_are_real()
        for program in (self.gateway, self.node, self.relay):
            self.assertEqual(program.stop(), 0, program.name)
        self.assert_nowhere()


class Plain(Marked):
    """Plain calls to a relay with a gateway: whoever runs both reads them, but none of them writes them down."""

    @classmethod
    def build(cls, house):
        port = e2e.free_port()
        cls.relay = house.relay(*TRACE, "--log-format", "json", gateway=f"http://127.0.0.1:{port}")
        cls.node = house.node(cls.relay.url, *TRACE, "--mock-script", cls.script)
        cls.gateway = house.gateway(cls.relay.url, *TRACE, "--log-format", "json", port=port)

    def test_relay(self):
        self.assert_ways(self.every_way(self.relay.url))
        self.assert_nowhere()

    def test_zz_last_words(self):
        self.assert_logs_are_real()
        for program in (self.gateway, self.node, self.relay):
            self.assertEqual(program.stop(), 0, program.name)
        self.assert_nowhere()


class Seen(Marked):
    """What real programs were made to hold is seen where it is: the search reaches the places it claims to search."""

    @classmethod
    def build(cls, house):
        cls.relay = house.relay(*TRACE)
        cls.node = house.node(cls.relay.url, *TRACE, "--mock-script", cls.script)

    @unittest.skipUnless(places.can_read_memory(), NO_MEMORY)
    def test_what_the_relay_has_read_is_seen(self):
        with socket.create_connection(("127.0.0.1", self.relay.port), timeout=15) as plug:
            plug.sendall(f"GET /livez HTTP/1.1\r\nX-Unfinished: {self.prompt}".encode())  # kept until the head ends
            held = lambda: [place for place in self.everywhere(self.relay) if place.startswith("memory")]  # noqa: E731
            found = e2e.wait_until("the relay to have read it", held)
        self.assertIn("memory of the relay: first half of the prompt as utf-8", found)
        self.assertIn("memory of the relay: second half of the prompt as utf-8", found)

    @unittest.skipUnless(places.can_read_memory(), NO_MEMORY)
    def test_what_the_node_was_told_to_answer_is_seen(self):
        self.assertIn("memory of the node: first half of the answer as utf-8", self.everywhere(self.node))

    def test_what_is_planted_beside_their_files_is_seen(self):
        for folder in (self.house.folder / f"relay{self.relay.port}", self.house.folder / f"node{self.node.port}"):
            self.assertTrue(any(folder.iterdir()), "state")
            leak = folder / "leak"
            leak.write_text(self.prompt.encode().hex())
            self.assertIn(f"file {folder.name}/leak: second half of the prompt as hex", self.everywhere())
            leak.unlink()
        with open(self.relay.error_file, "a", encoding="utf-8") as log:
            log.write(f"planted {self.reply}\n")
        self.assertIn(f"file {self.relay.error_file.name}: first half of the answer as utf-8", self.everywhere())


if __name__ == "__main__":
    e2e.main()

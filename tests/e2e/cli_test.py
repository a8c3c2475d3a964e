#!/usr/bin/env python3
"""`tokenplace` as a person uses it: up, chat (one message, piped, in a terminal), nodes, models, keys, doctor."""
import json
import os
import pty
import re
import select
import signal
import socket
import subprocess
import time
from pathlib import Path

import house
import openai_cases

STEADY = {"match": "STEADY", "reply": " ".join(f"word{n}" for n in range(40)), "delay_ms_between": 25}


class ChatTest(house.Case):
    shared = True

    @classmethod
    def prepare(cls, town):
        cls.relay, cls.node, cls.gateway = town.town("--name", "A kind node", script=[STEADY])

    def chat(self, *options, stdin=None, relay=None):
        return self.house.run("tokenplace", "chat", "--relay", relay or self.relay.url, *options, stdin=stdin)

    def test_one_message(self):
        done = self.chat("-m", "What is the capital of France?")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(done.stdout, house.MOCK_SENTENCE + "\n")
        self.assertIn("A kind node", done.stderr)
        self.assertIn("the relay cannot read this, the node can", done.stderr)

    def test_a_piped_message(self):
        done = self.chat(stdin="What is the capital of France?\n")
        self.assertEqual((done.returncode, done.stdout), (0, house.MOCK_SENTENCE + "\n"), done.stderr)

    def test_nothing_to_ask_is_wrong_usage(self):
        done = self.chat(stdin=" \n")
        self.assertEqual((done.returncode, done.stdout), (2, ""))
        self.assertEqual(len(done.stderr.splitlines()), 1)

    def test_json_is_one_whole_answer(self):
        done = self.chat("-m", "hello", "--json")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(json.loads(done.stdout)["choices"][0]["message"]["content"], house.MOCK_SENTENCE)

    def test_words_appear_as_they_are_made(self):
        for options, spread in (((), True), (("--no-stream",), False)):
            program = subprocess.Popen([house.PROGRAMS / "tokenplace", "chat", "--relay", self.relay.url, "-m",
                                        "STEADY", *options], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                                       stdin=subprocess.DEVNULL, env=self.house.environment())
            pieces = 0
            while os.read(program.stdout.fileno(), 65_536):
                pieces += 1
            program.stdout.close()
            self.assertEqual(program.wait(house.WAIT), 0)
            if spread:
                self.assertGreater(pieces, 10)
            else:
                self.assertLessEqual(pieces, 2)

    def test_what_cannot_be_asked_is_said(self):
        cases = [
            (["--model", "no-such"], None, 1),
            (["--node", "12D3KooWNvSZnPi3RrhrTwEY4LuuBeB6K6facKUCJcyWG1aoDd2p"], None, 1),
            ([], house.closed_port_url(), 1),
        ]
        for options, relay, code in cases:
            with self.subTest(options=options, relay=relay):
                done = self.chat("-m", "hello", *options, relay=relay)
                self.assertEqual((done.returncode, done.stdout), (code, ""))
                self.assertTrue(done.stderr.startswith("tokenplace: "), done.stderr)
                self.assertEqual(len(done.stderr.splitlines()), 1, done.stderr)

    def test_interrupted_it_stops_and_says_so(self):
        program = house.Program(self.house, "chat", [house.PROGRAMS / "tokenplace", "chat", "--relay", self.relay.url,
                                                     "-m", "LONG"])
        house.wait_until("the first words", lambda: len(program.output().split()) > 2)
        program.signal(signal.SIGINT)
        self.assertEqual(program.wait(3), 1)
        self.assertIn("not the whole answer", program.errors())
        house.wait_until("the engine to stop", lambda: self.node.metric("token_place_node_in_flight") == 0, 2)

    def test_nodes_for_people_and_programs(self):
        done = self.house.run("tokenplace", "nodes", "--relay", self.relay.url)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("A kind node", done.stdout)
        self.assertIn(house.MOCK_MODEL, done.stdout)
        done = self.house.run("tokenplace", "nodes", "--relay", self.relay.url, "--json")
        listed = json.loads(done.stdout)
        text = json.dumps(listed)
        self.assertIn("A kind node", text)
        self.assertRegex(text, r"12D3Koo\w{45}")

    def test_models_for_people_and_programs(self):
        done = self.house.run("tokenplace", "models", "--relay", self.relay.url)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn(house.MOCK_MODEL, done.stdout)
        done = self.house.run("tokenplace", "models", "list", "--relay", self.relay.url, "--json")
        self.assertIn(house.MOCK_MODEL, json.dumps(json.loads(done.stdout)))

    def test_doctor_is_content(self):
        done = self.house.run("tokenplace", "doctor", "--relay", self.relay.url)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        done = self.house.run("tokenplace", "doctor", "--relay", self.relay.url, "--json")
        checks = json.loads(done.stdout)["checks"]
        self.assertEqual({check["verdict"] for check in checks}, {"ok"}, checks)
        self.assertEqual([check["check"] for check in checks], ["relay", "clock", "nodes", "model", "sealed answer"])

    def test_doctor_says_what_to_do(self):
        done = self.house.run("tokenplace", "doctor", "--relay", house.closed_port_url())
        self.assertEqual(done.returncode, 1)
        self.assertRegex(done.stdout, r"(?m)^bad +relay ")
        self.assertIn("tokenplace up", done.stdout)


class KeysTest(house.Case):
    def keys(self, *words):
        return self.house.run("tokenplace", "keys", *words, "--state-dir", self.house.folder / "state")

    def test_show_and_rotate(self):
        none = self.keys("show")
        self.assertEqual((none.returncode, none.stdout), (1, ""))
        self.assertEqual(self.keys("rotate").returncode, 0)
        first = self.keys("show")
        self.assertEqual(first.returncode, 0)
        self.assertRegex(first.stdout, r"^12D3Koo\w{45}\n$")
        self.assertEqual(json.loads(self.keys("show", "--json").stdout)["peer_id"], first.stdout.strip())
        self.assertEqual(self.keys("rotate").returncode, 0)
        second = self.keys("show")
        self.assertNotEqual(second.stdout, first.stdout)


class Terminal:
    """A program at a pseudo-terminal."""

    def __init__(self, case, arguments):
        self.shown = ""
        self.pid, self.side = pty.fork()
        if self.pid == 0:
            house.die_with_parent()
            os.execve(arguments[0], arguments, {**case.house.environment(), "TERM": "xterm", "LANG": "C.UTF-8"})
        case.addCleanup(self.end)
        self.ended = None

    def read(self, seconds):
        if select.select([self.side], [], [], seconds)[0]:
            try:
                self.shown += os.read(self.side, 65_536).decode(errors="replace")
            except OSError:  # the other side has ended
                return False
        return True

    def expect(self, pattern, seconds=house.WAIT):
        """Waits for it, and forgets what was shown up to its end."""
        end = time.monotonic() + seconds
        while not (found := re.search(pattern, self.shown, re.DOTALL)):
            alive = self.read(0.05)
            if time.monotonic() > end or not alive:
                raise AssertionError(f"not shown: {pattern!r}; shown: {self.shown[-400:]!r}")
        self.shown = self.shown[found.end():]
        return found

    def type(self, text):
        os.write(self.side, text.encode())

    def exit_code(self, seconds=house.WAIT):
        def gone():
            self.read(0.01)
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.ended = status
            return pid
        try:
            house.wait_until("the program's end", gone, seconds)
        except AssertionError as late:
            waits_in = Path(f"/proc/{self.pid}/wchan").read_text(encoding="ascii")  # for its terminal, or for the loop?
            raise AssertionError(f"{late}; it waits in {waits_in}; shown: {self.shown[-400:]!r}") from late
        return os.waitstatus_to_exitcode(self.ended)

    def end(self):
        if self.ended is None:
            house.kill(self.pid)
            os.waitpid(self.pid, 0)
        os.close(self.side)


class TerminalTest(house.Case):
    def setUp(self):
        super().setUp()
        self.relay, self.node, _ = self.house.town("--name", "A kind node", script=[STEADY])
        self.terminal = Terminal(self, [str(house.PROGRAMS / "tokenplace"), "chat", "--relay", self.relay.url])
        self.terminal.expect("Ctrl-D leaves")
        self.terminal.expect("> ")

    def test_a_conversation(self):
        self.terminal.type("hello\r")
        self.terminal.expect(re.escape(house.MOCK_SENTENCE))
        self.terminal.expect("> ")
        self.terminal.type("and now?\r")
        self.terminal.expect(re.escape(house.MOCK_SENTENCE))
        self.terminal.expect("> ")
        self.terminal.type("\x04")
        self.assertEqual(self.terminal.exit_code(), 0)

    def test_ctrl_c_stops_the_answer_and_not_the_conversation(self):
        self.terminal.type("LONG\r")
        self.terminal.expect("A kind node")
        house.wait_until("an answer under way", lambda: self.node.metric("token_place_node_in_flight") == 1)
        self.terminal.type("\x03")
        self.terminal.expect("not the whole answer", 3)
        house.wait_until("the engine to stop", lambda: self.node.metric("token_place_node_in_flight") == 0, 2)
        self.terminal.expect("> ")
        self.terminal.type("hello\r")
        self.terminal.expect(re.escape(house.MOCK_SENTENCE))
        self.terminal.expect("> ")
        self.terminal.type("\x03")
        self.terminal.expect("Ctrl-C again leaves")
        self.terminal.type("\x03")
        self.assertEqual(self.terminal.exit_code(), 0)

    def test_history_and_longer_messages(self):
        self.terminal.type("STEADY\r")
        self.terminal.expect("word39")
        self.terminal.expect("> ")
        self.terminal.type("\x1b[A\r")  # up
        self.terminal.expect("word39")
        self.terminal.expect("> ")
        self.terminal.type("one \\\r")
        self.terminal.expect(r"\. ")
        self.terminal.type("two\r")
        self.terminal.expect(re.escape(house.MOCK_SENTENCE))

    def test_a_lost_node_is_said_and_the_conversation_goes_on(self):
        self.terminal.type("LONG\r")
        house.wait_until("an answer under way", lambda: self.node.metric("token_place_node_in_flight") == 1)
        self.node.kill()
        self.terminal.expect("tokenplace: ")
        self.terminal.expect("> ")
        self.house.node(self.relay.url)
        self.terminal.type("hello\r")
        self.terminal.expect(re.escape(house.MOCK_SENTENCE))


class UpTest(house.Case):
    def test_it_says_where_and_leaves_nothing_running(self):
        for which in (signal.SIGINT, signal.SIGTERM):
            with self.subTest(signal=which.name):
                up = openai_cases.Up(self.house, "--mock")
                for shown in (f"http://localhost:{up.relay_port}/", f"http://localhost:{up.relay_port}/v1",
                              house.MOCK_MODEL, "12D3Koo", "tokenplace chat"):
                    self.assertIn(shown, up.program.output())
                self.assert_works(up.relay)
                children = house.descendants(up.program.pid)
                self.assertEqual(len(children), 3)
                up.program.signal(which)
                self.assertEqual(up.program.wait(), 0)
                self.assertEqual([pid for pid in children if house.alive(pid)], [])
                for url in (up.relay, up.gateway, up.node):
                    with self.assertRaises(OSError):
                        house.request(url, "GET", "/livez")

    def test_killed_it_leaves_nothing_running(self):
        up = openai_cases.Up(self.house, "--mock")
        children = house.descendants(up.program.pid)
        up.program.kill()
        house.wait_until("its programs to end", lambda: not any(map(house.alive, children)), 5)

    def test_stopped_inside_an_answer_it_finishes_it(self):
        up = openai_cases.Up(self.house, "--mock")
        stream = house.Stream(up.relay, "LONG").begin().until_words(3)
        children = house.descendants(up.program.pid)
        up.program.signal(signal.SIGINT)
        stream.rest()
        self.assertTrue(stream.is_whole(), stream.error())
        self.assertEqual(up.program.wait(30), 0)
        self.assertEqual([pid for pid in children if house.alive(pid)], [])

    def test_a_second_one_on_the_same_port_says_what_to_do(self):
        up = openai_cases.Up(self.house, "--mock")
        done = self.house.run("tokenplace", "up", "--mock", "--port", up.relay_port, "--state-dir",
                              self.house.folder / "second")
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertIn(str(up.relay_port), done.stderr)
        self.assertIn("in use", done.stderr)
        self.assertEqual(len(done.stderr.splitlines()), 1)
        self.assert_works(up.relay)

    def test_what_crashes_is_started_again(self):
        up = openai_cases.Up(self.house, "--mock")
        for program in ("tokenplace-relay", "tokenplace-server"):
            with self.subTest(program=program):
                pid = next(p for p in house.descendants(up.program.pid) if house.command_of(p).endswith(program))
                os.kill(pid, signal.SIGKILL)
                house.wait_until("an answer again", lambda: self.answers(up.relay), 20, step=0.05)
        self.assertTrue(up.program.running())

    def answers(self, url):
        try:
            return house.chat(url, "hello", timeout=5).status == 200
        except OSError:
            return False

    def test_an_engine_that_cannot_start_is_said(self):
        ports = [f"--{name}={house.free_port()}" for name in ("port", "gateway-port", "server-port")]
        done = self.house.run("tokenplace", "up", "--model", self.house.folder / "no-such.gguf", *ports, "--state-dir",
                              self.house.folder / "state", seconds=40)
        self.assertIn(done.returncode, (1, 2))
        self.assertIn("model", done.stderr)
        self.assertEqual(done.stdout, "")

    def test_joining_a_relay_that_runs(self):
        relay = self.house.relay()
        gateway_port = house.free_port()
        joined = house.Program(self.house, "joined", [
            house.PROGRAMS / "tokenplace", "up", "--mock", "--relay", relay.url, "--gateway-port", gateway_port,
            "--server-port", house.free_port(), "--state-dir", self.house.folder / "joined"])
        house.wait_until("up", lambda: "token.place is up." in joined.output(), 30)
        self.assert_works(f"http://127.0.0.1:{gateway_port}")
        joined.signal(signal.SIGINT)
        self.assertEqual(joined.wait(), 0)
        with socket.create_connection(("127.0.0.1", relay.port)):
            pass  # not ours to stop


class RealChatTest(house.Case):
    def test_a_sealed_chat_with_a_real_model(self):
        relay, _, _ = self.house.town(*openai_cases.real_options())
        done = self.house.run("tokenplace", "chat", "--relay", relay.url, "-m", "Say hello.", "--max-tokens", "8",
                              seconds=100)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertTrue(done.stdout.strip())


if __name__ == "__main__":
    house.main()

#!/usr/bin/env python3
"""What is in the way of a start is said in one line; exit code 1: the job failed, 2: wrong usage or configuration."""
import os
import re
import signal
import socket
import time

import house

PROGRAMS = {"tokenplace-relay": "port", "tokenplace-server": "server-port"}


class StartTest(house.Case):
    def refused(self, done, code, *words):
        self.assertEqual(done.returncode, code, done.stderr)
        self.assertEqual(done.stdout, "")
        lines = [line for line in done.stderr.splitlines() if line.strip()]
        self.assertEqual(len(lines), 1, done.stderr)
        for word in words:
            self.assertIn(word, lines[0])

    def start(self, program, *options, **more):
        usual = {"tokenplace-relay": ["--port", house.free_port()],
                 "tokenplace-server": ["--server-port", house.free_port(), "--use-mock-llm"]}.get(program, [])
        state = [] if "--state-dir" in options else ["--state-dir", self.house.folder / "state"]
        return self.house.run(program, *usual, *state, *options, **more)

    def test_a_port_in_use(self):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
            for program, option in PROGRAMS.items():
                with self.subTest(program=program):
                    self.refused(self.start(program, f"--{option}", port), 1, str(port), "in use", option)
            with self.subTest(program="gateway"):
                self.refused(self.start("tokenplace", "gateway", "--listen", f"127.0.0.1:{port}"), 1, "listen")
            with self.subTest(program="up"):
                self.refused(self.start("tokenplace", "up", "--mock", "--port", port), 1, str(port), "in use", "--port")

    def test_key_files_that_others_can_read_or_that_are_none(self):
        for program, file in (("tokenplace-relay", "relay.key"), ("tokenplace-server", "identity.key")):
            for what in ("too open", "garbage", "a folder", "empty"):
                with self.subTest(program=program, what=what):
                    state = self.house.folder / f"{program}-{what.replace(' ', '-')}"
                    key = state / file
                    state.mkdir(mode=0o700)
                    if what == "a folder":
                        key.mkdir()
                    elif what == "too open":
                        self.make_identity(state)
                        os.replace(state / "identity.key", key)
                        key.chmod(0o644)
                    else:
                        key.write_text("not a key\n" if what == "garbage" else "")
                        key.chmod(0o600)
                    self.refused(self.start(program, "--state-dir", state), 1, str(key), "chmod 600")

    def make_identity(self, state):
        made = self.house.run("tokenplace", "keys", "rotate", "--state-dir", state)
        self.assertEqual(made.returncode, 0, made.stderr)

    def test_a_place_that_is_not_this_machines(self):
        for program, option in (("tokenplace-relay", "--host"), ("tokenplace", "--listen")):
            with self.subTest(program=program):
                command = ["gateway", option, "example.com:1"] if program == "tokenplace" else [option, "example.com"]
                self.refused(self.start(program, *command), 1, option, "no address of this machine")

    def test_tls_files_that_hold_something_else(self):
        for program, options in (("tokenplace-relay", ["--tls-cert", __file__, "--tls-key", __file__]),
                                 ("tokenplace-server", ["--relay-url", "https://127.0.0.1:1", "--relay-ca", __file__])):
            with self.subTest(program=program):
                self.refused(self.start(program, *options), 1, options[-2], "PEM")

    def test_a_state_folder_that_cannot_be_made(self):
        (self.house.folder / "file").write_text("")
        for program in PROGRAMS:
            with self.subTest(program=program):
                self.refused(self.start(program, "--state-dir", self.house.folder / "file" / "below"), 1, "--state-dir")

    def test_an_engine_that_is_not_there(self):
        nowhere = self.house.folder / "nowhere"
        done = self.house.run("tokenplace-server", "--model", nowhere, "--server-port", house.free_port(),
                              "--state-dir", self.house.folder / "state")
        self.assertIn(done.returncode, (1, 2))
        self.assertIn("model", done.stderr)

    def test_one_signal_ends_a_node_whose_engine_is_not_there(self):
        relay = self.house.relay()
        node = self.house.node(relay.url, "--engine-url", "http://127.0.0.1:1", wait=False).ready("/metrics")
        node.signal(signal.SIGTERM)
        begun = time.monotonic()
        self.assertEqual(node.wait(), 0)
        self.assertLess(time.monotonic() - begun, 2)

    def test_the_local_api_is_not_opened_to_the_world_without_a_key(self):
        done = self.start("tokenplace-server", "--server-host", "0.0.0.0")
        self.refused(done, 2, "server-host", "TOKEN_PLACE_API_KEY")

    def test_identities_are_private_files(self):
        relay, node, _ = self.house.town()
        for file in self.house.folder.glob("**/*.key"):
            self.assertEqual(file.stat().st_mode & 0o777, 0o600, file.name)
        self.assertEqual(len(list(self.house.folder.glob("**/*.key"))), 2)
        for file in self.house.folder.glob("**/*.key"):
            self.assertEqual(file.parent.stat().st_mode & 0o077, 0, file.parent.name)

    def test_a_local_api_with_a_key_wants_it(self):
        relay = self.house.relay()
        node = self.house.node(relay.url, environment={"TOKEN_PLACE_API_KEY": "a-key"})
        self.assert_error(house.chat(node.url, "hello"), 401, ("invalid_api_key", "missing_api_key"),
                          type="authentication_error")
        for key, status in (("wrong", 401), ("a-key", 200)):
            answer = house.request(node.url, "POST", "/v1/chat/completions", house.question("hello"),
                                   {"Authorization": f"Bearer {key}"})
            self.assertEqual(answer.status, status)


# Each row: program, arguments, environment, file; and the words that its one line must hold.
WRONG = [
    ("tokenplace-relay", ["--port", "seventy"], {}, None, ["port", "flag --port", "seventy"]),
    ("tokenplace-relay", ["--port=70000"], {}, None, ["port", "flag --port", "65535"]),
    ("tokenplace-relay", ["--port"], {}, None, ["port", "flag --port"]),
    ("tokenplace-relay", ["--no-such"], {}, None, ["--no-such"]),
    ("tokenplace-relay", ["--prot", "1"], {}, None, ["--prot", "--port"]),
    ("tokenplace-relay", ["word"], {}, None, ["word"]),
    ("tokenplace-relay", [], {"TOKEN_PLACE_PORT": "x"}, None, ["port", "environment TOKEN_PLACE_PORT"]),
    ("tokenplace-relay", [], {"RELAY_PORT": "x"}, None, ["port", "environment RELAY_PORT"]),
    ("tokenplace-relay", [], {}, "port = \"x\"\n", ["port", "file", "line 1"]),
    ("tokenplace-relay", [], {}, "\n\ncolour = 1\n", ["colour", "line 3"]),
    ("tokenplace-relay", [], {}, "[nobody]\nport = 1\n", ["nobody", "line"]),
    ("tokenplace-relay", [], {}, "port = \n", ["line 1"]),
    ("tokenplace-relay", ["--drain-time", "soon"], {}, None, ["drain-time", "flag --drain-time", "soon"]),
    ("tokenplace-relay", ["--gateway-url", "ftp://x"], {}, None, ["gateway-url", "flag --gateway-url"]),
    ("tokenplace-relay", ["--env", "party"], {}, None, ["env", "production"]),
    ("tokenplace-relay", ["--log-level", "loud"], {}, None, ["log-level", "loud"]),
    ("tokenplace-relay", ["--tls-cert", "x"], {}, None, ["--tls-cert", "--tls-key"]),
    ("tokenplace-relay", ["--tls-cert", "/no/cert", "--tls-key", "/no/key"], {}, None,
     ["flag --tls-cert", "no such file"]),
    ("tokenplace-relay", ["--tls-cert", house.HERE / "house.py", "--tls-key", "/no/key"], {}, None,
     ["flag --tls-key", "no such file"]),
    ("tokenplace-relay", ["--config", "/no/such.toml"], {}, None, ["config", "/no/such.toml"]),
    ("tokenplace-server", ["--max-concurrency", "0"], {}, None, ["max-concurrency", "flag --max-concurrency"]),
    ("tokenplace-server", ["--use-mock-llm=perhaps"], {}, None, ["use-mock-llm", "perhaps"]),
    ("tokenplace-server", [], {"USE_MOCK_LLM": "perhaps"}, None, ["use-mock-llm", "environment USE_MOCK_LLM"]),
    ("tokenplace-server", ["--relay-url", "nonsense"], {}, None, ["relay-url", "flag --relay-url"]),
    ("tokenplace-server", ["--name", "x" * 65], {}, None, ["name", "flag --name", "64 bytes"]),
    ("tokenplace-server", ["--relay-ca", "/no/ca"], {}, None, ["flag --relay-ca", "no such file"]),
    ("tokenplace-server", ["--api-key", "x"], {}, None, ["api-key", "TOKEN_PLACE_API_KEY"]),
    ("tokenplace-server", ["--use-mock-llm", "--engine-url", "http://127.0.0.1:1"], {}, None, ["--engine-url"]),
    ("tokenplace-server", [], {"USE_MOCK_LLM": "1", "TOKEN_PLACE_MODEL": "x"}, None,
     ["environment USE_MOCK_LLM", "environment TOKEN_PLACE_MODEL"]),
    ("tokenplace", ["dance"], {}, None, ["dance"]),
    ("tokenplace", ["modles"], {}, None, ["modles", "did you mean models?"]),
    ("tokenplace", [], {}, None, ["--help"]),
    ("tokenplace", ["chat", "--relay", "nonsense", "-m", "x"], {}, None, ["relay", "flag --relay"]),
    ("tokenplace", ["chat", "--node", "nobody", "-m", "x"], {}, None, ["node", "flag --node"]),
    ("tokenplace", ["gateway", "--listen", "no port"], {}, None, ["listen", "flag --listen"]),
    ("tokenplace", ["gateway", "--listen", "nowhere"], {}, None, ["listen", "flag --listen", "HOST:PORT"]),
    ("tokenplace", ["gateway", "extra"], {}, None, ["extra", "--help"]),
    ("tokenplace", ["up", "--mock", "--model", "x"], {}, None, ["flag --mock", "flag --model"]),
    ("tokenplace", ["keys", "burn"], {}, None, ["burn"]),
    ("tokenplace", ["up", "--port", "0"], {}, None, ["port", "flag --port"]),
]


class ConfigurationTest(house.Case):
    def test_a_wrong_value_is_named_with_its_source(self):
        for number, (program, arguments, variables, file, words) in enumerate(WRONG):
            with self.subTest(number=number, program=program, arguments=arguments, words=words):
                if file is not None:
                    path = self.house.folder / f"{number}.toml"
                    path.write_text(file)
                    arguments = [*arguments, "--config", path]
                done = self.house.run(program, *arguments, environment=variables)
                self.assertEqual(done.returncode, 2, done.stderr)
                self.assertEqual(done.stdout, "")
                lines = done.stderr.splitlines()
                self.assertEqual(len(lines), 1, done.stderr)
                for word in words:
                    self.assertIn(word, lines[0])

    def test_print_config_says_where_each_value_came_from(self):
        file = self.house.folder / "some.toml"
        file.write_text("upload-time = \"7s\"\n[tokenplace-relay]\ncall_time = \"2h\"\n")
        done = self.house.run("tokenplace-relay", "--config", file, "--port", "1234", "--print-config",
                              environment={"TOKEN_PLACE_SILENCE_TIME": "9s", "RELAY_HOST": "127.0.0.2"})
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        for expected in (r"port = 1234 +# flag --port",
                         r'silence-time = "9s" +# environment TOKEN_PLACE_SILENCE_TIME',
                         r'host = "127.0.0.2" +# environment RELAY_HOST',
                         r'drain-time = "20s" +# default',
                         r'upload-time = "7s" +# file .*some.toml, line 1',
                         r'call-time = "2h" +# file .*some.toml, line 3'):
            self.assertRegex(done.stdout, expected)

    def test_a_flag_wins_over_an_environment_that_names_another_engine(self):
        outside = {"TOKEN_PLACE_MODEL": "/no/such.gguf"}
        for program, flag in (("tokenplace-server", "--use-mock-llm"), ("tokenplace", "--mock")):
            command = ["up"] if program == "tokenplace" else []
            done = self.house.run(program, *command, flag, "--print-config", environment=outside)
            self.assertEqual((done.returncode, done.stderr), (0, ""))
            self.assertRegex(done.stdout, r"# model: unset +# default; environment TOKEN_PLACE_MODEL gives way to")
        self.house.node(self.house.relay().url, environment=outside)

    def test_print_config_keeps_secrets(self):
        done = self.house.run("tokenplace-server", "--print-config", environment={"TOKEN_PLACE_API_KEY": "do-not-show"})
        self.assertEqual(done.returncode, 0)
        self.assertNotIn("do-not-show", done.stdout + done.stderr)
        self.assertRegex(done.stdout, r"api-key: set +# environment TOKEN_PLACE_API_KEY")
        self.assertRegex(done.stdout, r"engine-api-key: unset")

    def test_a_printed_configuration_is_a_configuration(self):
        printed = self.house.run("tokenplace-server", "--use-mock-llm", "--name", "a \"name\"", "--print-config")
        file = self.house.folder / "printed.toml"
        file.write_text(printed.stdout)
        again = self.house.run("tokenplace-server", "--config", file, "--print-config")
        self.assertEqual((again.returncode, again.stderr), (0, ""))
        strip = re.compile(r" +# .*")
        self.assertEqual([strip.sub("", line) for line in again.stdout.splitlines() if "config" not in line],
                         [strip.sub("", line) for line in printed.stdout.splitlines() if "config" not in line])

    def test_snake_case_and_flag_forms(self):
        for arguments in (["--use_mock_llm", "--server_port", "4321"], ["--use-mock-llm=true", "--server-port=4321"]):
            done = self.house.run("tokenplace-server", *arguments, "--print-config")
            self.assertRegex(done.stdout, r"use-mock-llm = true")
            self.assertRegex(done.stdout, r"server-port = 4321")

    def test_version(self):
        for program in ("tokenplace", *PROGRAMS):
            done = self.house.run(program, "--version")
            self.assertEqual(done.returncode, 0)
            self.assertRegex(done.stdout, rf"^{program} \d+\.\d+\.\d+\n$")


# What people and their scripts rely on, by program and command: more may come, none may go.
COMMANDS = "up chat gateway nodes models keys doctor bench seal relay server"
EVERYWHERE = "config state-dir log-level log-format print-config version help"
PROMISED = {
    "tokenplace-relay": "host port env gateway-url tls-cert tls-key max-connections upload-time first-head-time "
                        "silence-time call-time drain-time",
    "tokenplace-server": "relay-url relay-port relay-ca name use-mock-llm mock-script model engine-url "
                         "engine-api-key-file engine context max-concurrency max-queue queue-time cache-dir "
                         "server-host server-port api-key-file drain-time env",
    "tokenplace up": "mock model port relay relay-ca no-relay engine engine-url context max-concurrency name "
                     "gateway-port server-port ready-time",
    "tokenplace chat": "message system no-stream json max-tokens relay relay-ca node model node-api-key-file",
    "tokenplace gateway": "listen allow-origin drain-time relay relay-ca node node-api-key-file",
    "tokenplace nodes": "json relay relay-ca",
    "tokenplace models": "json relay relay-ca",
    "tokenplace keys": "json",
    "tokenplace doctor": "json relay relay-ca node model node-api-key-file",
    "tokenplace bench": "",
    "tokenplace seal": "out count message stream max-tokens relay relay-ca node model node-api-key-file",
    "tokenplace": "",
}


class HelpTest(house.Case):
    def test_nothing_that_was_promised_is_gone(self):
        for program, options in PROMISED.items():
            done = self.house.run(*program.split(), "--help")
            self.assertEqual((done.returncode, done.stderr), (0, ""), program)
            shown = set(re.findall(r"(?m)^ +(?:-\w, )?--([\w-]+)", done.stdout))
            self.assertEqual(set(f"{options} {EVERYWHERE}".split()) - shown, set(), program)
        # The last page is that of `tokenplace` itself.
        self.assertEqual(set(COMMANDS.split()) - set(re.findall(r"(?m)^  (\w+) ", done.stdout)), set())

    def documented(self):
        """docs/CONFIG.md: {(program, command): {option: secret}}."""
        tables, place = {}, None
        for line in (house.ROOT / "docs/CONFIG.md").read_text().splitlines():
            if heading := re.match(r"#{2,3} (tokenplace[\w-]*)(?: ([\w-]+))?", line):
                place = heading.groups()
                tables[place] = {}
            elif row := re.match(r"\| `([\w-]+)[^`]*`( \(secret\))? \|", line):
                tables[place][row.group(1)] = bool(row.group(2))
        return tables

    def test_help_lists_every_documented_option(self):
        tables = self.documented()
        programs = {program for program, _ in tables}
        self.assertEqual(programs, {"tokenplace", *PROGRAMS}, "docs/CONFIG.md is not made: ninja config_doc")
        for (program, command), options in tables.items():
            done = self.house.run(program, *([command] if command else []), "--help")
            if command in ("relay", "server"):  # --help goes on to the other program
                self.assertIn(f"tokenplace-{command}", done.stdout)
                continue
            with self.subTest(program=program, command=command):
                self.assertEqual((done.returncode, done.stderr), (0, ""))
                for option, is_secret in options.items():
                    variable = "TOKEN_PLACE_" + option.upper().replace("-", "_")
                    name = f"({variable}|--{option}-file)" if is_secret else f"--(no-)?{option}"
                    self.assertRegex(done.stdout, rf"(?m)^ +(-\w, )?{name}\b")

    def test_help_fits_a_terminal_and_says_what_each_does(self):
        for program in ("tokenplace", *PROGRAMS):
            done = self.house.run(program, "--help")
            self.assertEqual(done.returncode, 0)
            self.assertTrue(all(len(line) <= 120 for line in done.stdout.splitlines()))
            self.assertFalse([line for line in done.stdout.splitlines() if line != line.rstrip()],
                             "no blanks at the ends of lines")


if __name__ == "__main__":
    house.main()

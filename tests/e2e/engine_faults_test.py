#!/usr/bin/env python3
"""The engine fails in every way it can: clear errors, and the next request works. With llama-server and the mock."""
import os
import signal
import time

import house
import openai_cases

ENGINE_LOST = ("engine_failed", "engine_unavailable")
HANGS = [
    {"match": "HANGATONCE", "fault": "hang"},
    {"match": "HANGINSIDE", "reply": "one two three four five", "delay_ms_between": 10, "fault": "hang", "after": 3},
    {"match": "BREAK", "reply": "one two three four five", "delay_ms_between": 10, "fault": "cut", "after": 3},
    {"match": "FAIL", "fault": "error_500"},
    {"match": "MALFORMED", "reply": "one two three four", "fault": "malformed", "after": 2},
    {"match": "LOADING", "fault": "unavailable"},
]


class MockFaultTest(house.Case):
    shared = True

    @classmethod
    def prepare(cls, town):
        cls.relay, cls.node, cls.gateway = town.town(
            script=HANGS, relay_options=("--silence-time", "2s", "--first-head-time", "2s"))

    def doors(self):
        for name, url in (("relay", self.relay.url), ("gateway", self.gateway.url)):
            self.place = f"through the {name}"
            yield url

    def test_an_engine_that_never_answers(self):
        for url in self.doors():
            for streamed in (False, True):
                begun = time.monotonic()
                answer = house.chat(url, "HANGATONCE", stream=streamed)
                self.assert_error(answer, 504, "deadline_exceeded")
                self.assertLess(time.monotonic() - begun, 8)
                self.idle()
                self.assert_works(url)

    def test_an_engine_that_stops_inside_an_answer(self):
        for url in self.doors():
            stream = house.Stream(url, "HANGINSIDE").begin().rest()
            self.assertEqual(len(stream.words()), 3)
            self.assertFalse(stream.is_whole())
            self.assertIn(stream.error()["code"], ("stalled", "node_gone"))
            stream.close()
            self.idle()
            self.assert_works(url)

    def test_an_engine_that_breaks_off(self):
        for url in self.doors():
            stream = house.Stream(url, "BREAK").begin().rest()
            self.assertEqual(len(stream.words()), 3)
            self.assertFalse(stream.is_whole())
            self.assertIn(stream.error()["code"], ENGINE_LOST)
            stream.close()
            self.assert_error(house.chat(url, "BREAK"), 502, ENGINE_LOST)
            self.assert_works(url)

    def test_an_engine_that_fails(self):
        for url in self.doors():
            for streamed in (False, True):
                answer = house.chat(url, "FAIL", stream=streamed)
                self.assertIn(answer.status, (500, 502))
                self.assertEqual(answer.json()["error"]["type"], "server_error")
            self.assert_works(url)

    def test_an_engine_that_talks_nonsense(self):
        for url in self.doors():
            stream = house.Stream(url, "MALFORMED").begin()
            try:
                stream.rest()
            except ValueError:
                pass  # the nonsense is passed on as it is, or replaced by an error
            stream.close()
            self.assert_works(url)

    def test_an_engine_that_loads(self):
        for url in self.doors():
            answer = house.chat(url, "LOADING")
            self.assert_error(answer, 503, "engine_unavailable", type="service_unavailable_error")
            self.assertTrue(answer.headers["Retry-After"])
            self.assert_works(url)

    def idle(self):
        house.wait_until("the node to let go", lambda: self.node.metric("token_place_node_in_flight") == 0, 2)


class LlamaServerTest(house.Case):
    """With the real engine; the model is only asked for a few words."""

    def setUp(self):
        super().setUp()
        options = openai_cases.real_options()
        self.relay, self.node, self.gateway = self.house.town(*options)

    def engine_pid(self):
        """llama-server is the node's only child that lasts."""
        children = [pid for pid in house.descendants(self.node.pid) if "llama-server" in house.command_of(pid)]
        return children[0] if len(children) == 1 else None

    def long_stream(self):
        return house.Stream(self.gateway.url, "Count from one to one thousand in words.", model=house.REAL_MODEL,
                            max_tokens=600, timeout=110).begin().until_words(2)

    def works_again(self, seconds):
        def works():
            answer = house.chat(self.gateway.url, "hello", model=house.REAL_MODEL, max_tokens=2)
            if answer.status != 200:
                self.assertIn(answer.json()["error"]["code"], ENGINE_LOST)
            return answer.status == 200
        begun = time.monotonic()
        house.wait_until("an answer of the new engine", works, seconds, step=0.1)
        return time.monotonic() - begun

    def test_killed_inside_an_answer_it_is_started_again(self):
        stream, first = self.long_stream(), self.engine_pid()
        os.kill(first, signal.SIGKILL)
        stream.rest()
        self.assertFalse(stream.is_whole())
        self.assertIn(stream.error()["code"], ENGINE_LOST)
        stream.close()
        self.say(f"llama-server answers again {self.works_again(60):.1f} s after it was killed")
        self.assertNotEqual(self.engine_pid(), first)

    def test_it_dies_with_a_killed_node(self):
        engine = house.wait_until("llama-server", self.engine_pid)
        self.node.kill()
        house.wait_until("llama-server to end", lambda: not house.alive(engine), 5)

    def test_it_ends_with_a_stopped_node(self):
        engine = house.wait_until("llama-server", self.engine_pid)
        self.assertEqual(self.node.stop(), 0)
        self.assertFalse(house.alive(engine))

    def test_frozen_it_is_replaced(self):
        stream, first = self.long_stream(), self.engine_pid()
        os.kill(first, signal.SIGSTOP)
        begun = time.monotonic()
        stream.rest()
        self.say(f"a frozen llama-server is noticed after {time.monotonic() - begun:.1f} s")
        self.assertFalse(stream.is_whole())
        self.assertIn(stream.error()["code"], (*ENGINE_LOST, "stalled", "deadline_exceeded"))
        stream.close()
        self.works_again(60)
        self.assertNotEqual(self.engine_pid(), first)


if __name__ == "__main__":
    house.main()

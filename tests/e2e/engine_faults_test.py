#!/usr/bin/env python3
"""The engine fails in every way that a script of the mock can name: clear errors, and the next request works."""
import json
import time

import house

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
            answer = house.chat(url, "MALFORMED", stream=True)
            self.assertEqual((answer.status, answer.headers["Content-Type"]), (200, "text/event-stream"))
            *good, last = [line[6:] for line in answer.text.splitlines() if line.startswith("data: ")]
            # What an engine says passes untouched: the good as it was, the nonsense too, and no end that was not said.
            said = [choice["delta"].get("content") for event in good for choice in json.loads(event)["choices"]]
            self.assertEqual("".join(word for word in said if word), "one two")
            self.assertEqual(last, '{"choices":[{"delta":')
            self.assert_works(url)

    def test_an_engine_that_loads(self):
        for url in self.doors():
            answer = house.chat(url, "LOADING")
            self.assert_error(answer, 503, "engine_unavailable", type="service_unavailable_error")
            self.assertTrue(answer.headers["Retry-After"])
            self.assert_works(url)

    def idle(self):
        house.wait_until("the node to let go", lambda: self.node.metric("token_place_node_in_flight") == 0, 2)


if __name__ == "__main__":
    house.main()

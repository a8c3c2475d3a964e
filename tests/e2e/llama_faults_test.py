#!/usr/bin/env python3
"""llama-server itself is killed, frozen, orphaned: clear errors, and the next request works."""
import os
import signal
import time

import house
import openai_cases

ENGINE_LOST = ("engine_failed", "engine_unavailable")


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

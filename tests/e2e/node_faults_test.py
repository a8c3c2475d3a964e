#!/usr/bin/env python3
"""A machine disappears: one request is lost at most, says so clearly, and the next one works. SIGTERM loses none."""
import http.client
import signal
import threading
import time

import house

SLOW_START = {"match": "SLOWSTART", "delay_ms_first": 60_000}
STEADY = {"match": "STEADY", "reply": ("word " * 40).strip(), "delay_ms_between": 50}  # two seconds
LOST = ("node_gone", "node_not_found", "no_nodes")


class NodeLostTest(house.Case):
    def setUp(self):
        super().setUp()
        self.relay, self.node, self.gateway = self.house.town(script=[SLOW_START, STEADY])

    def doors(self):
        return (("relay", self.relay.url), ("gateway", self.gateway.url))

    def new_node(self):
        self.node = self.house.node(self.relay.url, script=[SLOW_START, STEADY])

    def test_killed_before_the_request(self):
        for name, url in self.doors():
            with self.subTest(door=name):
                self.assert_works(url)
                self.node.kill()
                answer = house.chat(url, "hello")
                self.assertIn(answer.status, (404, 502, 503))
                self.assert_error(answer, answer.status, LOST)
                self.new_node()
                self.assert_works(url)

    def test_killed_between_request_and_first_token(self):
        for name, url in self.doors():
            for streamed in (False, True):
                with self.subTest(door=name, stream=streamed):
                    answers = []
                    asking = threading.Thread(
                        target=lambda u=url, s=streamed: answers.append(house.chat(u, "SLOWSTART", stream=s)))
                    asking.start()
                    house.wait_until("the node to work on it",
                                     lambda: self.node.metric("token_place_node_in_flight") == 1)
                    self.node.kill()
                    asking.join(house.WAIT)
                    self.assert_error(answers[0], 502, "node_gone", type="server_error")
                    self.new_node()
                    self.assert_works(url)

    def test_killed_during_tokens(self):
        for name, url in self.doors():
            with self.subTest(door=name):
                stream = house.Stream(url, "LONG").begin().until_words(5)
                self.node.kill()
                killed = time.monotonic()
                stream.rest()
                self.assertFalse(stream.is_whole())
                self.assertLess(time.monotonic() - killed, 5)
                self.assertIsNotNone(stream.error(), "a cut stream ends with an error event")
                self.assertEqual(stream.error()["code"], "node_gone")
                self.new_node()
                self.assert_works(url)

    def test_another_node_takes_over_before_the_first_token(self):
        self.house.node(self.relay.url, script=[STEADY])
        self.node.kill()
        for _ in range(5):
            self.assert_works(self.gateway.url)


class RelayLostTest(house.Case):
    def test_a_killed_relay_is_back_with_its_nodes_in_two_seconds(self):
        relay, node, gateway = self.house.town()
        port, door = relay.port, f"http://127.0.0.1:{gateway.port}"
        for _ in range(3):
            stream = house.Stream(door, "LONG").begin().until_words(3)
            relay.kill()
            stream.rest()
            self.assertFalse(stream.is_whole())
            self.assertIsNotNone(stream.error(), "a cut stream ends with an error event")
            started = time.monotonic()
            relay = self.house.relay("--gateway-url", door, port=port, wait=False)
            relay.ready()
            ready = time.monotonic()
            house.wait_until("the node in the directory again", lambda: self.nodes(relay) == 1)
            listed = time.monotonic()
            self.say(f"relay answers {1000 * (ready - started):.0f} ms after its start, "
                     f"lists the node after {1000 * (listed - started):.0f} ms")
            self.assertLess(listed - started, 2)
            self.assert_works(door)
        self.assertTrue(node.running())

    def test_while_the_relay_is_away_the_gateway_says_so(self):
        relay, _, gateway = self.house.town()
        self.assert_works(gateway.url)
        relay.kill()
        answer = house.chat(gateway.url, "hello")
        self.assert_error(answer, 503, "relay_unreachable", type="service_unavailable_error")
        self.assertTrue(answer.headers["Retry-After"])

    def nodes(self, relay):
        return house.request(relay.url, "GET", "/healthz").json()["nodes"]


class GatewayLostTest(house.Case):
    def test_without_its_gateway_the_relay_says_so(self):
        relay, _, gateway = self.house.town()
        gateway.kill()
        self.assert_error(house.chat(relay.url, "hello"), 503, "gateway_unreachable")


class DrainTest(house.Case):
    """SIGTERM: what streams is finished, then exit code 0. A second one does not wait."""

    def streaming(self, through, text="STEADY"):
        return house.Stream(through.url, text).begin().until_words(5)

    def finish(self, stream, program):
        program.signal(signal.SIGTERM)
        stream.rest()
        self.assertTrue(stream.is_whole(), stream.error())
        self.assertEqual(len(stream.words()), 40)
        self.assertEqual(program.wait(), 0)

    def test_the_relay_finishes_its_streams(self):
        relay, _, gateway = self.house.town(script=[STEADY])
        self.finish(self.streaming(gateway), relay)

    def test_the_relay_finishes_plain_streams(self):
        relay, _, _ = self.house.town(script=[STEADY])
        self.finish(self.streaming(relay), relay)

    def test_the_node_finishes_its_streams_and_takes_no_more(self):
        relay, node, gateway = self.house.town(script=[STEADY])
        stream = self.streaming(gateway)
        node.signal(signal.SIGTERM)
        house.wait_until("the directory without the node",
                         lambda: house.request(relay.url, "GET", "/healthz").json()["nodes"] == 0, 2)
        self.finish_after(stream, node)

    def finish_after(self, stream, program):
        stream.rest()
        self.assertTrue(stream.is_whole(), stream.error())
        self.assertEqual(program.wait(), 0)

    def test_the_gateway_finishes_its_streams(self):
        _, _, gateway = self.house.town(script=[STEADY])
        self.finish(self.streaming(gateway), gateway)

    def test_an_idle_program_leaves_at_once(self):
        for program in self.house.town():
            begun = time.monotonic()
            self.assertEqual(program.stop(), 0)
            self.assertLess(time.monotonic() - begun, 5, program.name)

    def test_a_second_signal_does_not_wait(self):
        for which in range(3):
            with self.subTest(program=which):
                programs = self.house.town()
                stream = self.streaming(programs[2], "LONG")
                programs[which].signal(signal.SIGTERM)
                house.wait_until("draining", lambda p=programs[which]: self.refuses(p))
                programs[which].signal(signal.SIGTERM)
                begun = time.monotonic()
                programs[which].wait(3)
                self.assertLess(time.monotonic() - begun, 1)
                try:
                    stream.rest()
                except (OSError, http.client.HTTPException):
                    pass
                self.assertFalse(stream.is_whole())

    def refuses(self, program):
        try:
            house.request(program.url, "GET", "/livez", timeout=1)
        except OSError:
            return True
        return False


if __name__ == "__main__":
    house.main()

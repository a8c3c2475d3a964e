#!/usr/bin/env python3
"""Many clients, slow clients, clients that leave: the others notice nothing, and nothing is kept for the gone."""
import asyncio
import json
import socket
import statistics
import time
import http.client

import house

FAST = {"match": "STREAM", "reply": " ".join(["word"] * 20), "delay_ms_between": 25}
FLOOD = {"match": "FLOOD", "reply": " ".join(["w"] * 60_000)}  # about 14 MB of events, as fast as they are taken


class ClientGoneTest(house.Case):
    """From the socket's end to the node's idle engine: 100 ms, as the median of some tries."""

    TRIES = 5

    def setUp(self):
        super().setUp()
        self.relay, self.node, self.gateway = self.house.town(script=[FAST, {"match": "WAIT", "fault": "hang"}])

    def in_flight(self, connection):
        connection.request("GET", "/metrics")
        lines = connection.getresponse().read().decode().splitlines()
        return int(next(line for line in lines if line.startswith("token_place_node_in_flight ")).split()[1])

    def measure(self, url, leave, text="LONG"):
        connection = http.client.HTTPConnection("127.0.0.1", self.node.port, timeout=5)
        stream = house.Stream(url, text)
        if text == "LONG":
            stream.begin().until_words(3)
        house.wait_until("a call under way", lambda: self.in_flight(connection) == 1)
        begun = time.monotonic()
        leave(stream)
        house.wait_until("the engine to stop", lambda: self.in_flight(connection) == 0, 5, step=0)
        taken = time.monotonic() - begun
        connection.close()
        return taken

    def test_the_engine_stops_when_the_client_has_gone(self):
        for name, url in (("relay", self.relay.url), ("gateway", self.gateway.url)):
            for how in ("close", "reset"):
                for text in ("LONG", "WAIT"):
                    with self.subTest(door=name, how=how, text=text):
                        times = [self.measure(url, getattr(house.Stream, how), text) for _ in range(self.TRIES)]
                        self.say(f"client gone ({how}, through the {name}, "
                                 f"{'inside' if text == 'LONG' else 'before'} the answer): engine idle after "
                                 f"{1000 * statistics.median(times):.1f} ms")
                        self.assertLess(statistics.median(times), 0.1)
                        self.assertLess(max(times), 1)
        self.assert_works(self.gateway.url)


class SlowReaderTest(house.Case):
    def test_a_client_that_does_not_read_costs_little_and_holds_up_nobody(self):
        relay, _, gateway = self.house.town("--max-concurrency", "16", script=[FLOOD, FAST])
        self.assert_works(relay.url)
        before = {program.name: house.resident_kib(program.pid) for program in (relay, gateway)}
        slow = [house.Stream(url, "FLOOD", receive_buffer=4096) for url in (relay.url, gateway.url) * 4]
        for stream in slow:
            stream.begin().until_words(1)  # and then reads no more
        peak = dict(before)
        end = time.monotonic() + 4
        while time.monotonic() < end:
            stream = house.Stream(relay.url, "STREAM").begin().rest()
            self.assertTrue(stream.is_whole(), stream.error())
            stream.close()
            for program in (relay, gateway):
                peak[program.name] = max(peak[program.name], house.resident_kib(program.pid))
        for program in (relay, gateway):
            grown = peak[program.name] - before[program.name]
            self.say(f"8 clients that do not read: the {program.name} grows by {grown} KiB")
            self.assertLess(grown, 16 * 1024)
        for stream in slow:
            stream.close()
        self.assert_works(relay.url)


class ManyStreamsTest(house.Case):
    STREAMS = 200

    def test_two_hundred_streams_at_once(self):
        relay, node, gateway = self.house.town("--max-concurrency", "256", script=[FAST])
        for name, service in (("gateway", gateway), ("relay", relay)):
            begun = time.monotonic()
            ends = asyncio.run(self.many(service.port))
            self.say(f"{self.STREAMS} streams of 20 words at 40 a second through the {name}: all whole after "
                     f"{time.monotonic() - begun:.2f} s")
            self.assertEqual(ends, [True] * self.STREAMS)
            house.wait_until("an idle node", lambda: node.metric("token_place_node_in_flight") == 0)
        self.assert_works(gateway.url)

    def test_a_full_queue_is_said_and_passes(self):
        _, _, gateway = self.house.town("--max-concurrency", "2", "--max-queue", "2", script=[FAST])
        statuses = asyncio.run(self.statuses(gateway.port, 12))
        self.assertEqual(set(statuses), {200, 503})
        self.assertGreaterEqual(statuses.count(200), 4)
        self.assert_works(gateway.url)

    async def one(self, port):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        body = json.dumps(house.question("STREAM", stream=True)).encode()
        writer.write(b"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
                     b"Connection: close\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
        answer = await reader.read(-1)
        writer.close()
        return answer

    async def many(self, port):
        answers = await asyncio.wait_for(asyncio.gather(*[self.one(port) for _ in range(self.STREAMS)]), 60)
        return [b"data: [DONE]" in answer and answer.count(b'"content":') >= 20 for answer in answers]

    async def statuses(self, port, count):
        answers = await asyncio.wait_for(asyncio.gather(*[self.one(port) for _ in range(count)]), 60)
        for answer in answers:
            if b" 503 " in answer[:20]:
                self.assertIn(b'"node_busy"', answer)
        return [int(answer.split(b" ")[1]) for answer in answers]


if __name__ == "__main__":
    house.main()

#!/usr/bin/env python3
"""The openai Python package, unchanged, through the relay's /v1 and through the gateway, with the mock."""
import http.server
import json
import threading
import time

import house
from openai_doors import ASK, Doors, Shared, openai


class MockTest(Shared, Doors):
    options = ("--mock",)
    model = house.MOCK_MODEL

    def test_the_mock_says_its_sentence(self):
        for client in self.clients():
            answer = client.chat.completions.create(model=self.model, messages=ASK)
            self.assertEqual(answer.choices[0].message.content, house.MOCK_SENTENCE)
            self.assertEqual(answer.usage.completion_tokens, 8)

    def test_tokens_arrive_one_by_one_in_time(self):
        # The mock makes 20 words a second of a LONG answer: what arrived in lumps was held back on the way.
        for client in self.clients():
            times = []
            stream = client.chat.completions.create(model=self.model, stream=True,
                                                    messages=[{"role": "user", "content": "LONG"}])
            for chunk in stream:
                if chunk.choices and chunk.choices[0].delta.content:
                    times.append(time.monotonic())
                if len(times) == 30:
                    break
            stream.close()
            gaps = sorted(b - a for a, b in zip(times, times[1:]))
            self.assertGreater(gaps[len(gaps) // 2], 0.03)
            self.assertGreater(times[-1] - times[0], 1.0)

    def test_responses_are_answered(self):
        for client in self.clients():
            answer = client.responses.create(model=self.model, input="hello")
            self.assertEqual(answer.output_text, house.MOCK_SENTENCE)

    def test_a_route_that_does_not_exist_says_so(self):
        for client in self.clients():
            with self.assertRaises(openai.NotFoundError):
                client.post("/no/such/route", body={}, cast_to=object)


CALL = {"id": "call_1", "type": "function", "function": {"name": "weather", "arguments": "{\"city\":\"Paris\"}"}}
LOGPROBS = {"content": [{"token": "a", "logprob": -0.5, "bytes": [97], "top_logprobs": []}], "refusal": None}


class CallingEngine(http.server.BaseHTTPRequestHandler):
    """An OpenAI-compatible server that calls a tool, and remembers what it was asked."""

    asked = []

    def log_message(self, *_):
        pass

    def answer(self, body, kind="application/json"):
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        self.answer(json.dumps({"object": "list", "data": [{"id": "caller", "object": "model"}]}).encode())

    def do_POST(self):
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.asked.append(request)
        top = {"id": "x", "created": 1, "model": "caller"}
        if not request.get("stream"):
            choice = {"index": 0, "finish_reason": "tool_calls", "logprobs": LOGPROBS,
                      "message": {"role": "assistant", "content": None, "tool_calls": [CALL]}}
            return self.answer(json.dumps({**top, "object": "chat.completion", "choices": [choice]}).encode())
        events = [{"role": "assistant", "content": None, "tool_calls": [{"index": 0, **CALL}]}, {}]
        text = "".join("data: " + json.dumps({**top, "object": "chat.completion.chunk", "choices": [
            {"index": 0, "delta": delta, "finish_reason": None if delta else "tool_calls"}]}) + "\n\n"
            for delta in events)
        return self.answer((text + "data: [DONE]\n\n").encode(), "text/event-stream")


class ToolsTest(Doors):
    """Tools, schemas and logprobs are the engine's business: they pass both ways as they are."""

    model = "caller"

    @classmethod
    def prepare(cls, town):
        cls.engine = http.server.ThreadingHTTPServer(("127.0.0.1", 0), CallingEngine)
        threading.Thread(target=cls.engine.serve_forever, daemon=True).start()
        cls.addClassCleanup(cls.engine.server_close)
        cls.addClassCleanup(cls.engine.shutdown)
        cls.options = ("--engine-url", f"http://127.0.0.1:{cls.engine.server_port}")
        super().prepare(town)

    ASKED = {
        "tools": [{"type": "function", "function": {
            "name": "weather", "description": "Weather of a city", "strict": True,
            "parameters": {"type": "object", "properties": {"city": {"type": "string", "enum": ["Paris", "Köln"]}},
                           "required": ["city"], "additionalProperties": False}}}],
        "tool_choice": {"type": "function", "function": {"name": "weather"}},
        "response_format": {"type": "json_schema", "json_schema": {"name": "x", "schema": {"type": "object"}}},
        "logprobs": True, "top_logprobs": 2, "seed": 7, "stop": ["a", "b"], "temperature": 0.25,
        "messages": [{"role": "user", "content": "Weather?"},
                     {"role": "assistant", "content": None, "tool_calls": [CALL]},
                     {"role": "tool", "tool_call_id": "call_1", "content": "7 °C"}],
    }

    def test_a_whole_call(self):
        for client in self.clients():
            answer = client.chat.completions.create(model=self.model, **self.ASKED, extra_body={"its_own": [1, {}]})
            self.assertEqual(answer.choices[0].finish_reason, "tool_calls")
            self.assertEqual(answer.choices[0].message.tool_calls[0].to_dict(), CALL)
            self.assertEqual(answer.choices[0].logprobs.to_dict(), LOGPROBS)
            self.assertEqual(CallingEngine.asked[-1], {"model": "caller", "its_own": [1, {}], **self.ASKED})

    def test_a_streamed_call(self):
        for client in self.clients():
            chunks = list(client.chat.completions.create(model=self.model, stream=True, **self.ASKED))
            self.assertEqual(chunks[0].choices[0].delta.tool_calls[0].to_dict(), {"index": 0, **CALL})
            self.assertEqual(chunks[-1].choices[0].finish_reason, "tool_calls")


if __name__ == "__main__":
    house.main()

#!/usr/bin/env python3
"""The openai Python package, unchanged, with llama-server and the default model."""
import json
import time

import house
import openai_cases
from openai_doors import ASK, Doors, Shared


TELL = [{"role": "user", "content": "Tell a long story about a relay on a hill."}]


class RealModelTest(Shared, Doors):
    model = house.REAL_MODEL
    through = ("relay",)  # whose /v1 is the gateway, one hop further

    @classmethod
    def prepare(cls, town):
        cls.options = openai_cases.real_options()
        super().prepare(town)

    def test_tokens_arrive_one_by_one_in_time(self):
        for client in self.clients():
            times = []
            for chunk in client.chat.completions.create(model=self.model, messages=TELL, max_tokens=48, stream=True):
                if chunk.choices and chunk.choices[0].delta.content:
                    times.append(time.monotonic())
            # On busy cores some tokens arrive together; an answer held back until its end arrives at one moment.
            self.assertGreater(len(times), 24)
            self.assertGreater(len({round(t, 3) for t in times}), 6)

    def test_tools_are_taken(self):
        # This model's template knows no tools, so the engine answers in words; openai_python_test.py sees calls pass.
        tools = [{"type": "function", "function": {"name": "weather", "parameters": {"type": "object"}}}]
        for client in self.clients():
            answer = client.chat.completions.create(model=self.model, messages=ASK, tools=tools, max_tokens=8)
            self.assertTrue(answer.choices[0].message.content or answer.choices[0].message.tool_calls)

    def test_a_json_schema_binds_the_answer(self):
        schema = {"type": "object", "properties": {"city": {"type": "string"}, "people": {"type": "integer"}},
                  "required": ["city", "people"], "additionalProperties": False}
        for client in self.clients():
            answer = client.chat.completions.create(
                model=self.model, messages=[{"role": "user", "content": "Name a city and how many people live there."}],
                response_format={"type": "json_schema", "json_schema": {"name": "city", "strict": True,
                                                                        "schema": schema}},
                max_tokens=64, temperature=0)
            made = json.loads(answer.choices[0].message.content)
            self.assertEqual(set(made), {"city", "people"})
            self.assertIsInstance(made["people"], int)

    def test_logprobs_come_when_asked_and_are_null_otherwise(self):
        for client in self.clients():
            arguments = {"model": self.model, "messages": ASK, "max_tokens": 4}
            with_them = client.chat.completions.create(logprobs=True, top_logprobs=3, **arguments)
            content = with_them.choices[0].logprobs.content
            self.assertGreaterEqual(len(content), 1)
            self.assertEqual(len(content[0].top_logprobs), 3)
            without = client.chat.completions.with_raw_response.create(**arguments)
            choice = json.loads(without.text if isinstance(without.text, str) else without.text())["choices"][0]
            self.assertIn("logprobs", choice)
            self.assertIsNone(choice["logprobs"])


if __name__ == "__main__":
    house.main()

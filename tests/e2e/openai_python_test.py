#!/usr/bin/env python3
"""The openai Python package, unchanged, through the relay's /v1 and through the gateway, with the mock."""
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


if __name__ == "__main__":
    house.main()

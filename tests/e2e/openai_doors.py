"""What the openai Python package must find behind every door, whatever the engine."""
import house
import openai_cases

openai_cases.use_packages()
import openai  # noqa: E402  (found by use_packages)

ASK = [{"role": "user", "content": "Say hello in one short sentence."}]


class Doors(house.Case):
    """Runs every test through both doors of one `tokenplace up`."""

    shared = True
    options = ()
    model = ""
    through = ("relay", "gateway")

    @classmethod
    def prepare(cls, town):
        cls.up = openai_cases.Up(town, *cls.options)

    def clients(self):
        for name in self.through:
            url = self.up.doors[name]
            self.place = f"through the {name}"
            with openai.OpenAI(base_url=url + "/v1", api_key="unused", max_retries=0, timeout=100) as client:
                yield client

    def refused(self, kind, call, **fields):
        with self.assertRaises(kind) as caught:
            call()
        for name, value in fields.items():
            self.assertEqual(getattr(caught.exception, name), value, name)
        return caught.exception


class Shared:
    """What holds with any engine."""

    def test_lists_and_retrieves_models(self):
        for client in self.clients():
            self.assertEqual([model.id for model in client.models.list()], [self.model])
            self.assertEqual(client.models.retrieve(self.model).id, self.model)
            self.refused(openai.NotFoundError, lambda: client.models.retrieve("no-such"), code="model_not_found")

    def test_an_unknown_model_is_not_found(self):
        for client in self.clients():
            self.refused(openai.NotFoundError,
                         lambda: client.chat.completions.create(model="no-such", messages=ASK),
                         code="model_not_found", param="model")

    def test_bad_input_names_its_parameter(self):
        bad = [
            ("messages", {"messages": []}),
            ("messages[0].role", {"messages": [{"role": "wizard", "content": "x"}]}),
            ("messages", {"messages": "text"}),
            ("temperature", {"messages": ASK, "temperature": "hot"}),
            ("max_tokens", {"messages": ASK, "max_tokens": "many"}),
            ("stream", {"messages": ASK, "extra_body": {"stream": "yes"}}),
        ]
        for client in self.clients():
            for param, arguments in bad:
                with self.subTest(param=param):
                    self.refused(openai.BadRequestError,
                                 lambda a=arguments: client.chat.completions.create(model=self.model, **a),
                                 param=param)

    def test_the_answer_says_how_private_it_was(self):
        for client in self.clients():
            answer = client.chat.completions.with_raw_response.create(model=self.model, messages=ASK, max_tokens=8)
            through_relay = client.base_url.port == self.up.relay_port
            self.assertEqual(answer.headers["x-token-place-privacy"], "gateway" if through_relay else "sealed")
            self.assertTrue(answer.headers["x-token-place-node"].startswith("12D3Koo"))
            self.assertTrue(answer.headers["x-request-id"])

    def test_a_whole_answer_has_text_and_usage(self):
        for client in self.clients():
            answer = client.chat.completions.create(model=self.model, messages=ASK, max_tokens=8)
            self.assertEqual(answer.object, "chat.completion")
            self.assertTrue(answer.choices[0].message.content)
            self.assertIsNone(answer.choices[0].message.refusal)
            self.assertIn(answer.choices[0].finish_reason, ("stop", "length"))
            self.assertEqual(answer.usage.total_tokens, answer.usage.prompt_tokens + answer.usage.completion_tokens)

    def test_a_stream_carries_usage_when_asked(self):
        for client in self.clients():
            chunks = list(client.chat.completions.create(model=self.model, messages=ASK, max_tokens=8, stream=True,
                                                         stream_options={"include_usage": True}))
            self.assertTrue("".join(c.choices[0].delta.content or "" for c in chunks if c.choices))
            self.assertEqual([c.choices[0].finish_reason for c in chunks if c.choices][-1] in ("stop", "length"), True)
            self.assertEqual(chunks[-1].choices, [])
            self.assertGreater(chunks[-1].usage.completion_tokens, 0)
            self.assertTrue(all(c.usage is None for c in chunks[:-1]))

    def test_completions_answer_and_stream(self):
        for client in self.clients():
            whole = client.completions.create(model=self.model, prompt="Once upon a time", max_tokens=8)
            self.assertEqual(whole.object, "text_completion")
            self.assertTrue(whole.choices[0].text)
            parts = list(client.completions.create(model=self.model, prompt="Once", max_tokens=8, stream=True))
            self.assertGreater(len(parts), 1)

    def test_embeddings_come_or_are_refused_clearly(self):
        for client in self.clients():
            try:
                answer = client.embeddings.create(model=self.model, input=["one", "two"])
            except openai.APIStatusError as refusal:
                self.assertIn(refusal.status_code, (400, 404, 501))
                self.assertTrue(refusal.body["message"])
                self.assertTrue(refusal.type)
                self.say(f"embeddings are refused: {refusal.status_code} {refusal.code}")
            else:
                self.assertEqual([item.index for item in answer.data], [0, 1])
                self.assertGreater(len(answer.data[0].embedding), 1)

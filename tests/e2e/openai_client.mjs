// The openai package for Node, unchanged: node openai_client.mjs BASE_URL MODEL PRIVACY. Prints one line a check; the
// first that fails ends it with exit code 1.
import assert from "node:assert/strict";
import OpenAI from "openai";

const [baseURL, model, privacy] = process.argv.slice(2);
const client = new OpenAI({ baseURL, apiKey: "unused", maxRetries: 0, timeout: 60_000 });
const messages = [{ role: "user", content: "Say hello in one short sentence." }];
const isMock = model === "mock-model";

async function refusal(call) {
  try {
    await call();
  } catch (error) {
    if (error instanceof OpenAI.APIError) return error;
    throw error;
  }
  throw new Error("was not refused");
}

const checks = {
  async "lists and retrieves models"() {
    const ids = [];
    for await (const each of client.models.list()) ids.push(each.id);
    assert.deepEqual(ids, [model]);
    assert.equal((await client.models.retrieve(model)).id, model);
    const unknown = await refusal(() => client.models.retrieve("no-such"));
    assert.equal(unknown.status, 404);
    assert.equal(unknown.code, "model_not_found");
  },
  async "answers a chat and says how private it was"() {
    const { data, response } = await client.chat.completions.create({ model, messages, max_tokens: 8 }).withResponse();
    assert.ok(data.choices[0].message.content.length > 0);
    assert.equal(data.usage.total_tokens, data.usage.prompt_tokens + data.usage.completion_tokens);
    assert.equal(response.headers.get("x-token-place-privacy"), privacy);
    assert.ok(response.headers.get("x-request-id"));
  },
  async "streams, with usage at the end"() {
    const stream = await client.chat.completions.create({
      model, messages, max_tokens: 8, stream: true, stream_options: { include_usage: true },
    });
    let text = "";
    let last;
    for await (const chunk of stream) {
      text += chunk.choices[0]?.delta?.content ?? "";
      last = chunk;
    }
    assert.ok(text.length > 0);
    assert.ok(last.usage.completion_tokens > 0);
  },
  async "tokens arrive one by one in time"() {
    if (!isMock) return;  // the mock's pace is known: 20 words a second
    const times = [];
    const stream = await client.chat.completions.create({
      model, stream: true, messages: [{ role: "user", content: "LONG" }],
    });
    for await (const chunk of stream) {
      if (chunk.choices[0]?.delta?.content) times.push(performance.now());
      if (times.length === 20) break;  // leaving the loop ends the request
    }
    assert.ok(times.at(-1) - times[0] > 700, `20 words in ${times.at(-1) - times[0]} ms`);
  },
  async "completions and responses"() {
    const done = await client.completions.create({ model, prompt: "Once upon a time", max_tokens: 4 });
    assert.equal(done.object, "text_completion");
    if (!isMock) return;
    const response = await client.responses.create({ model, input: "hello" });
    assert.ok(response.output_text.length > 0);
  },
  async "embeddings or a clear refusal"() {
    try {
      const made = await client.embeddings.create({ model, input: ["one", "two"] });
      assert.equal(made.data.length, 2);
      assert.ok(made.data[0].embedding.length > 1);
    } catch (error) {
      if (!(error instanceof OpenAI.APIError)) throw error;
      assert.ok([400, 404, 501].includes(error.status));
      assert.ok(error.message.length > 0);
    }
  },
  async "bad input is a 400 that names the parameter"() {
    for (const [param, wrong] of [["messages", { messages: [] }], ["temperature", { messages, temperature: "hot" }]]) {
      const error = await refusal(() => client.chat.completions.create({ model, ...wrong }));
      assert.equal(error.status, 400);
      assert.equal(error.param, param);
    }
    const unknown = await refusal(() => client.chat.completions.create({ model: "no-such", messages }));
    assert.equal(unknown.status, 404);
  },
};

for (const [name, check] of Object.entries(checks)) {
  try {
    await check();
    console.log(`ok   ${name}`);
  } catch (error) {
    console.log(`FAIL ${name}`);
    console.error(error);
    process.exit(1);
  }
}

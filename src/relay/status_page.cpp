#include "relay/status_page.hpp"

#include "openai/error_answer.hpp"

namespace tp::relay {

namespace {

constexpr std::string_view before = R"(<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>token.place relay</title>
<style>
body{font:1rem/1.5 system-ui,sans-serif;max-width:40rem;margin:2rem auto;padding:0 1rem}
body{color:#222;background:#fff}
code,pre{font-family:ui-monospace,monospace;background:#f3f3f3;padding:.1em .3em}
pre{padding:.6em;overflow-x:auto}table{border-collapse:collapse}td,th{text-align:left;padding:.2em 1em .2em 0}
@media(prefers-color-scheme:dark){body{color:#ddd;background:#181818}code,pre{background:#2a2a2a}}
</style></head><body>
<h1>token.place relay</h1>
<p>This relay connects people who need a language model with volunteers' computers that run one.
Sealed requests pass through it unread. The computer that runs the model sees the prompt;
it does not learn who asked.</p>
)";

constexpr std::string_view after = R"(
<h2>Use it</h2>
<p>Chat from a terminal, sealed to a node:</p>
<pre>tokenplace chat</pre>
<p>Point an OpenAI program at a local gateway, which seals every request:</p>
<pre>tokenplace gateway
export OPENAI_BASE_URL=http://localhost:8484/v1</pre>
<p>Status for programs: <a href="/healthz">/healthz</a>, <a href="/metrics">/metrics</a>,
<a href="/api/v2/nodes">/api/v2/nodes</a>, <a href="/v1/models">/v1/models</a>.</p>
</body></html>
)";

}  // namespace

asio::awaitable<void> respond_page(const context& shared, net::http_exchange& call) {
  std::string page(before);
  page.append("<p>Nodes connected: ").append(std::to_string(shared.nodes.size())).append(".</p>\n");
  page.append("<table><tr><th>Model</th><th>Nodes</th></tr>\n");
  for (const relaycore::served_model& model : shared.nodes.models()) {
    if (!openai::sane_model_id(model.id)) continue;  // ids come from strangers; these need no escaping
    page.append("<tr><td>").append(model.id).append("</td><td>");
    page.append(std::to_string(model.nodes)).append("</td></tr>\n");
  }
  page.append("</table>").append(after);
  const codec::http_fields fields{
      {"Content-Type", "text/html; charset=utf-8"},
      {"Cache-Control", "no-store"},
      {"Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"},
      {"X-Content-Type-Options", "nosniff"},
      {"Referrer-Policy", "no-referrer"}};
  const auto sent = co_await call.respond(200, fields, as_bytes(page));
  static_cast<void>(sent);
}

}  // namespace tp::relay

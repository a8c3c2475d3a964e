// tokenplace seal: request bodies for load tests, as bench/'s generator takes them: one body as it is, or any
// number, each after its length (u32, little-endian). A node takes each body once and only near its date.
#include <algorithm>
#include <cstdio>

#include "base/limits.hpp"
#include "cli/asker.hpp"
#include "cli/commands.hpp"

namespace tp::cli {

namespace {

bool write_bytes(std::FILE* out, bytes_view data) {
  return std::fwrite(data.data(), 1, data.size(), out) == data.size();
}

bool write_record(std::FILE* out, bytes_view body) {
  const std::size_t size = body.size();
  std::uint8_t length[4];
  for (std::size_t at = 0; at < 4; ++at) length[at] = static_cast<std::uint8_t>(size >> (8 * at));
  return write_bytes(out, length) && write_bytes(out, body);
}

result<void> write_bodies(const context& of, const e2ee::verified_record& node, const plaintext& text,
                          std::FILE* out) {
  const std::int64_t count = of.values.integer("count");
  client::call_request request;
  request.target = "/v1/chat/completions";
  request.fields = {{"content-type", "application/json"}};
  const secret_key& key = of.values.secret("node-api-key");
  if (!key.empty()) {
    const std::string value = std::string("Bearer ").append(key.reveal_text());
    const result<void> added = request.fields.add("authorization", value);
    if (added.has_error()) return added;
  }
  request.body = plaintext(text.reveal());
  codec::bhttp_request message = client::to_message(std::move(request));
  for (std::int64_t made = 0; made < std::max<std::int64_t>(count, 1); ++made) {
    const result<e2ee::sealed_request> sealed =
        client::seal_for(node, message, of.with.clock.unix_now(), of.with.random);
    if (sealed.has_error()) return sealed.error();
    const bool written = count == 0 ? write_bytes(out, sealed->body) : write_record(out, sealed->body);
    if (!written) return errc::io_error;
  }
  return {};
}

// The record and a model of it.
struct aim {
  e2ee::verified_record node;
  std::string model;
};

task<aim> find_aim(relay_access& relay, codec::peer_id peer, asker& chooser, async::deadline until) {
  const result<client::node_entry> entry = co_await relay.nodes().recent_one(peer, until);
  if (entry.has_error()) co_return entry.error();
  const result<std::string> model = co_await chooser.choose_model(until);
  if (model.has_error()) co_return model.error();
  aim found{entry->record, *model};
  co_return std::move(found);
}

}  // namespace

int run_seal(const context& of) {
  const std::optional<codec::peer_id> peer = pinned_node(of.values);
  const std::string& path = of.values.text("out");
  if (!peer || path.empty()) {
    complain(!peer ? "node: --node PEERID is needed" : "out: --out FILE is needed; - is standard output");
    return 2;
  }
  const std::unique_ptr<relay_access> relay = relay_access::open(of, of.values.text("relay"));
  if (relay == nullptr) return 1;
  asker chooser(*relay, of.values.text("model"), peer, of.values.secret("node-api-key"));
  const async::deadline until = async::deadline::after(limits::first_head_time);
  const outcome<aim> found = run_interruptibly(of.loop, find_aim(*relay, *peer, chooser, until));
  if (found.value.has_error()) {
    complain(explain(to_errc(found.value.error())));
    return 1;
  }
  conversation talk("");
  talk.ask(of.values.text("message"));
  asking how;
  how.model = found.value->model;
  how.form = of.values.flag("stream") ? answer_form::streamed : answer_form::whole;
  how.max_tokens = of.values.integer("max-tokens");
  std::FILE* out = path == "-" ? stdout : std::fopen(path.c_str(), "wb");
  if (out == nullptr) {
    complain(of.values.refusal_line("out", "the file cannot be written"));
    return 1;
  }
  const result<void> written = write_bodies(of, found.value->node, talk.request_body(how), out);
  const bool closed = (out == stdout ? std::fflush(out) : std::fclose(out)) == 0;
  if (written.has_value() && closed) return 0;
  complain(written.has_error() ? explain(to_errc(written.error())) : "the file cannot be written");
  return 1;
}

int run_bench(const context&) {
  complain("measuring needs the source tree: run ./tp bench there; docs/BENCHMARKS.md explains the figures");
  return 0;
}

}  // namespace tp::cli

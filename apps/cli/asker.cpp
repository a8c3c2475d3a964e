#include "cli/asker.hpp"

#include <algorithm>

#include "base/limits.hpp"
#include "cli/terminal_text.hpp"
#include "codec/sse.hpp"

namespace tp::cli {

namespace {

bool can_chat(const e2ee::model_entry& model) {
  const auto& able = model.capabilities;
  return able.empty() || std::find(able.begin(), able.end(), "chat") != able.end();
}

std::string first_chat_model(const e2ee::verified_record& record) {
  for (const e2ee::model_entry& each : record.fields().models) {
    if (can_chat(each)) return each.id;
  }
  return {};
}

bool is_another_nodes_turn(errc failure) {
  return failure == errc::node_not_found || failure == errc::node_gone || failure == errc::not_found;
}

}  // namespace

asker::asker(relay_access& relay, std::string model, std::optional<codec::peer_id> pin,
             const secret_key& with_key)
    : relay_(relay), model_(std::move(model)), pin_(pin), node_key_(with_key) {}

task<std::string> asker::choose_model(async::deadline until) {
  if (!model_.empty()) co_return model_;
  if (pin_) {
    const codec::peer_id pinned = *pin_;
    const result<client::node_entry> node = co_await relay_.nodes().recent_one(pinned, until);
    if (node.has_error()) co_return node.error();
    model_ = first_chat_model(node->record);
  } else {
    const auto list = co_await relay_.nodes().recent(until);
    if (list.has_error()) co_return list.error();
    if ((*list)->nodes.empty()) co_return errc::node_not_found;
    for (const client::node_entry& node : (*list)->nodes) {
      if (model_.empty()) model_ = first_chat_model(node.record);
    }
  }
  if (model_.empty()) co_return errc::not_found;
  co_return model_;
}

client::call_request asker::request_for(const conversation& talk, const asking& how) const {
  client::call_request request;
  request.target = "/v1/chat/completions";
  request.fields = {{"content-type", "application/json"}};
  if (!node_key_.empty()) {
    const std::string value = std::string("Bearer ").append(node_key_.reveal_text());
    const result<void> added = request.fields.add("authorization", value);
    if (added.has_error()) complain("the node's API key has characters that cannot be sent");
  }
  request.body = talk.request_body(how);
  return request;
}

task<std::unique_ptr<client::sealed_answer>> asker::call(const conversation& talk, const asking& how,
                                                         async::deadline until) {
  const bool stays = stays_.has_value();
  client::call_wish wish{how.model, stays ? stays_ : pin_};
  client::call_request request = request_for(talk, how);
  result<std::unique_ptr<client::sealed_answer>> answer =
      co_await relay_.calls().call(std::move(request), std::move(wish), until);
  bool lost = answer.has_error() && is_another_nodes_turn(to_errc(answer.error()));
  if (answer.has_value() && (*answer)->origin() == client::answer_origin::relay) {
    lost = (*answer)->status() == 502 || (*answer)->status() == 503 || (*answer)->status() == 404;
  }
  if (!stays || pin_ || !lost) co_return std::move(answer);
  stays_.reset();
  client::call_wish any{how.model, std::nullopt};
  client::call_request again = request_for(talk, how);
  answer = co_await relay_.calls().call(std::move(again), std::move(any), until);
  co_return std::move(answer);
}

task<std::string> asker::name_of(codec::peer_id node, async::deadline until) {
  const result<client::node_entry> entry = co_await relay_.nodes().recent_one(node, until);
  if (entry.has_error()) co_return std::string();
  co_return clean_line(entry->record.fields().name);
}

task<answered> asker::ask(const conversation& talk, asking how, const hooks& to, async::deadline until) {
  const result<std::string> model = co_await choose_model(until);
  if (model.has_error()) co_return model.error();
  how.model = *model;
  result<std::unique_ptr<client::sealed_answer>> called = co_await call(talk, how, until);
  if (called.has_error()) co_return called.error();
  client::sealed_answer& answer = **called;
  const codec::peer_id node = answer.node();
  const result<std::string> name = co_await name_of(node, until);
  if (name.has_error()) co_return name.error();
  answered out{node, *name, answer.status(), {}, {}, answer.origin() == client::answer_origin::relay};
  if (!out.by_relay) {
    stays_ = node;
    to.on_node(out);
  }
  const std::optional<std::string_view> type = answer.fields().find("content-type");
  const bool is_stream = type && type->starts_with("text/event-stream");
  result<void> read;
  if (is_stream) {
    read = co_await read_stream(answer, out, to);
  } else {
    read = co_await read_whole(answer, out, to);
  }
  if (read.has_error()) co_return read.error();
  co_return std::move(out);
}

task<void> asker::read_whole(client::sealed_answer& answer, answered& out, const hooks& to) {
  const result<plaintext> body = co_await answer.read_all(limits::response_bytes_max);
  if (body.has_error()) co_return body.error();
  raw_ = body->reveal_text();
  answer_part part = read_answer(raw_);
  out.error = clean_line(part.error);
  if (answer.status() >= 400 && out.error.empty()) out.error = "status " + std::to_string(answer.status());
  out.text = std::move(part.text);
  if (out.error.empty()) to.on_text(out.text);
  co_return async::success();
}

task<void> asker::read_stream(client::sealed_answer& answer, answered& out, const hooks& to) {
  codec::sse_parser parser;
  const codec::sse_parser::event_sink on_event = [&](bytes_view data) {
    if (as_chars(data) == "[DONE]") return;
    const answer_part part = read_event(as_chars(data));
    if (!part.error.empty()) out.error = clean_line(part.error);
    if (part.text.empty()) return;
    out.text.append(part.text);
    to.on_text(part.text);
  };
  for (;;) {
    const result<plaintext> piece = co_await answer.read();
    if (piece.has_error()) co_return piece.error();
    if (piece->empty()) co_return async::success();
    const result<void> parsed = parser.push(piece->reveal(), on_event);
    if (parsed.has_error()) co_return parsed.error();
  }
}

}  // namespace tp::cli

#include "client/sealed_call.hpp"

#include <algorithm>
#include <charconv>

#include "base/limits.hpp"
#include "client/chooser.hpp"
#include "codec/http_date.hpp"

namespace tp::client {

namespace {

// error.code of an OpenAI-shaped body; empty if it is none.
std::string error_code_of(std::string_view body) {
  const result<json::value> parsed = codec::parse_json(body);
  if (parsed.has_error() || !parsed->is_object()) return {};
  const json::object* error = codec::find_object(parsed->get_object(), "error");
  const json::string* code = error == nullptr ? nullptr : codec::find_string(*error, "code");
  return code == nullptr ? std::string() : std::string(codec::text_of(*code));
}

std::optional<std::chrono::seconds> retry_after_of(const codec::http_fields& fields) {
  const std::optional<std::string_view> text = fields.find("retry-after");
  if (!text) return std::nullopt;
  unsigned seconds = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), seconds);
  if (error != std::errc{} || end != text->data() + text->size()) return std::nullopt;
  return std::chrono::seconds(seconds);
}

}  // namespace

struct sealed_client::attempt_plan {
  codec::bhttp_request message;
  call_wish wish;
  retry_rules rules;
  std::vector<codec::peer_id> tried;
  std::optional<node_entry> node;
  std::string refusal_code;  // of the last clear refusal
};

codec::bhttp_request to_message(call_request request) {
  codec::bhttp_request message;
  message.method = std::move(request.method);
  message.authority = e2ee::sealed_authority;
  message.path = std::move(request.target);
  message.fields = std::move(request.fields);
  message.content = std::move(request.body);
  return message;
}

result<e2ee::sealed_request> seal_for(const e2ee::verified_record& node, codec::bhttp_request& message,
                                      unix_seconds date, random_source& random) {
  const result<void> dated = message.fields.set("date", codec::http_date(date));
  if (dated.has_error()) return dated.error();
  const result<void> addressed = message.fields.set("sealed-to", node.peer().text());
  if (addressed.has_error()) return addressed.error();
  const result<e2ee::key_choice> key = e2ee::choose_key(node.fields().ohttp_keys);
  if (key.has_error()) return key.error();
  const std::size_t padded = e2ee::bucket(codec::bhttp_request_bytes(message));
  result<plaintext> encoded = codec::encode_bhttp_request(message, padded);
  if (encoded.has_error()) return encoded.error();
  return e2ee::seal_request(*key, e2ee::form::chunked, *encoded, random);
}

task<std::unique_ptr<sealed_answer>> sealed_client::call(call_request request, call_wish wish,
                                                         async::deadline until) {
  attempt_plan plan;
  plan.message = to_message(std::move(request));
  plan.wish = std::move(wish);
  // At most one try and one more for each reason in retry_rules.
  for (;;) {
    if (!plan.node) {
      const result<void> picked = co_await pick(plan, until);
      if (picked.has_error()) co_return picked.error();
    }
    result<std::unique_ptr<sealed_answer>> answer = co_await attempt(plan, until);
    if (answer.has_error()) co_return answer.error();
    const result<retry> step = co_await next_step(plan, **answer, until);
    if (step.has_error()) co_return step.error();
    if (*step == retry::no) co_return std::move(*answer);
  }
}

// Sets plan.node to one that was not tried.
task<void> sealed_client::pick(attempt_plan& plan, async::deadline until) {
  if (plan.wish.pin) {
    const codec::peer_id pinned = *plan.wish.pin;
    result<node_entry> entry = co_await nodes_.recent_one(pinned, until);
    if (entry.has_error()) co_return entry.error();
    if (!plan.wish.model.empty() && !entry->record.serves(plan.wish.model)) co_return errc::not_found;
    plan.node = std::move(*entry);
    co_return async::success();
  }
  const result<std::shared_ptr<const node_list>> list = co_await nodes_.recent(until);
  if (list.has_error()) co_return list.error();
  const std::vector<node_entry>& nodes = (*list)->nodes;
  const std::optional<std::size_t> chosen = choose_node(nodes, plan.wish.model, plan.tried, services_.random);
  if (!chosen && nodes.empty()) co_return errc::node_not_found;
  if (!chosen) co_return errc::not_found;
  plan.node = nodes[*chosen];
  co_return async::success();
}

task<std::unique_ptr<sealed_answer>> sealed_client::attempt(attempt_plan& plan, async::deadline until) {
  const codec::peer_id node = plan.node->record.peer();
  result<e2ee::sealed_request> sealed =
      seal_for(plan.node->record, plan.message, date_for(node), services_.random);
  if (sealed.has_error()) co_return sealed.error();
  net::http_request request;
  request.method = "POST";
  request.target = "/api/v2/nodes/" + node.text() + "/ohttp";
  const result<void> typed =
      request.fields.add("Content-Type", e2ee::request_media_type(e2ee::form::chunked));
  if (typed.has_error()) co_return typed.error();
  request.body = sealed->body;
  result<std::unique_ptr<net::http_response>> sent = co_await relay_.send(std::move(request), until);
  if (sent.has_error()) co_return relay_failure(sent.error());
  net::http_response& response = **sent;
  if (response.status() != 200) {
    result<std::unique_ptr<sealed_answer>> clear = co_await refused(node, response);
    co_return std::move(clear);
  }
  const std::optional<std::string_view> media_type = response.fields().find("content-type");
  const bool is_sealed = media_type && e2ee::response_form(*media_type) == e2ee::form::chunked;
  if (!is_sealed) co_return errc::not_sealed;
  auto answer = std::make_unique<sealed_answer>(node, std::move(*sent), std::move(sealed->answer));
  const result<void> head = co_await answer->read_head();
  if (head.has_error()) co_return head.error();
  co_return std::move(answer);
}

// Redirects and other statuses below 400 are nothing a relay may say here.
task<std::unique_ptr<sealed_answer>> sealed_client::refused(const codec::peer_id& node,
                                                            net::http_response& response) {
  if (response.status() < 400) co_return errc::not_sealed;
  const result<bytes> body = co_await response.read_all(limits::clear_error_bytes_max);
  if (body.has_error() && body.error() == errc::cancelled) co_return errc::cancelled;
  plaintext shown = body.has_value() ? plaintext(bytes_view(*body)) : plaintext();
  codec::http_fields kept;
  for (const std::string_view name : {"content-type", "retry-after"}) {
    const std::optional<std::string_view> value = response.fields().find(name);
    if (!value) continue;
    const result<void> added = kept.add(name, *value);
    if (added.has_error()) continue;
  }
  co_return std::make_unique<sealed_answer>(node, response.status(), std::move(kept), std::move(shown));
}

task<retry> sealed_client::next_step(attempt_plan& plan, sealed_answer& answer, async::deadline until) {
  if (answer.origin() == answer_origin::node) {
    const result<retry> step = co_await after_sealed(plan, answer);
    co_return step;
  }
  // What was refused in the clear is short; read it for its code and put it back for the caller.
  result<plaintext> body = co_await answer.read();
  if (body.has_error()) co_return body.error();
  plan.refusal_code = error_code_of(body->reveal_text());
  answer.put_back(std::move(*body));
  const result<retry> step = co_await after_clear(plan, answer, until);
  co_return step;
}

task<retry> sealed_client::after_clear(attempt_plan& plan, const sealed_answer& answer,
                                       async::deadline until) {
  const clear_refusal refusal{answer.status(), plan.refusal_code, retry_after_of(answer.fields())};
  retry step = plan.rules.on_clear(refusal);
  if (step == retry::newer_key) {
    const codec::peer_id node = answer.node();
    const result<node_entry> entry = co_await nodes_.fetch_one(node, until);
    nodes_.forget_recent();
    if (entry.has_error()) co_return retry::no;
    const result<e2ee::key_choice> used = e2ee::choose_key(plan.node->record.fields().ohttp_keys);
    const result<e2ee::key_choice> now = e2ee::choose_key(entry->record.fields().ohttp_keys);
    const bool changed = used.has_value() && now.has_value() && !(*used == *now);
    if (!changed) co_return retry::no;
    plan.node = *entry;
    co_return retry::newer_key;
  }
  if (step == retry::another_node) {
    nodes_.forget_recent();
    const std::optional<node_entry> before = std::move(plan.node);
    plan.node.reset();
    plan.tried.push_back(answer.node());
    result<void> picked = errc::node_not_found;
    if (!plan.wish.pin) picked = co_await pick(plan, until);
    if (picked.has_value()) co_return retry::another_node;
    if (picked.error() == errc::cancelled) co_return errc::cancelled;
    plan.node = before;
    step = plan.rules.on_no_other_node(refusal);
  }
  if (step != retry::wait) co_return step;
  const result<retry> waited = co_await wait_for(refusal.retry_after, until);
  co_return waited;
}

// Only a date to correct makes a sealed answer reason for another try: nothing was worked on.
task<retry> sealed_client::after_sealed(attempt_plan& plan, sealed_answer& answer) {
  if (answer.status() != 400) co_return retry::no;
  const std::optional<std::string_view> date = answer.fields().find("date");
  const result<unix_seconds> node_time = codec::parse_http_date(date.value_or(std::string_view()));
  if (node_time.has_error()) co_return retry::no;
  result<plaintext> body = co_await answer.read_all(limits::date_answer_bytes_max);
  if (body.has_error()) co_return body.error();
  const bool is_about_date = error_code_of(body->reveal_text()) == "date_out_of_window";
  answer.put_back(std::move(*body));
  if (!is_about_date || !plan.rules.may_correct_date()) co_return retry::no;
  if (clock_offsets_.size() >= limits::known_nodes_max) clock_offsets_.clear();
  clock_offsets_[answer.node()] = *node_time - services_.clock.unix_now();
  co_return retry::wait;
}

task<retry> sealed_client::wait_for(std::optional<std::chrono::seconds> time, async::deadline until) {
  const async::deadline end = async::deadline::after(time.value_or(std::chrono::seconds(0)));
  if (end.when() >= until.when()) co_return retry::no;
  const result<void> slept = co_await async::sleep_until(end);
  if (slept.has_error()) co_return slept.error();
  co_return retry::wait;
}

unix_seconds sealed_client::date_for(const codec::peer_id& node) const {
  const auto offset = clock_offsets_.find(node);
  return services_.clock.unix_now() + (offset == clock_offsets_.end() ? 0 : offset->second);
}

}  // namespace tp::client

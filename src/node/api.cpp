#include "node/api.hpp"

#include "crypto/hash.hpp"
#include "node/call_run.hpp"
#include "openai/models.hpp"

namespace tp::node {

// Digests are compared, so that the time taken tells nothing of the key, not even its length.
bool api::admits(caller who, std::optional<std::string_view> authorization) const {
  if (config_.api_key.empty()) return true;
  if (who == caller::sealed && config_.api_key_for == key_demand::local) return true;
  constexpr std::string_view scheme = "Bearer ";
  std::string_view given = authorization.value_or("");
  if (!codec::same_name(given.substr(0, scheme.size()), scheme)) return false;
  given.remove_prefix(scheme.size());
  const crypto::digest told = crypto::sha256(as_bytes(given));
  return crypto::equal_in_constant_time(told, crypto::sha256(config_.api_key.reveal()));
}

asio::awaitable<void> api::answer(api_call call, answer_sink& to) {
  count_.calls.add();
  const openai::route_match route = openai::find_route(call.method, call.target);
  if (route.outcome == openai::route_outcome::unknown) {
    co_return co_await refuse(openai::error_answer(openai::refusal::not_found), to);
  }
  if (route.outcome == openai::route_outcome::wrong_method) {
    co_return co_await refuse(openai::error_answer(openai::refusal::method_not_allowed), to);
  }
  const bool about_models = route.which == openai::endpoint::models || route.which == openai::endpoint::model;
  if (about_models) co_return co_await answer_models(route, to);

  openai::request_facts facts;
  facts.which = route.which;
  if (openai::has_json_request(route.which)) {
    openai::request_check checked = openai::check_request(route.which, call.body);
    if (checked.refused) co_return co_await refuse(*checked.refused, to);
    facts = std::move(checked.facts);
    if (!serves(facts.model)) co_return co_await refuse(openai::model_not_found(facts.model), to);
  }
  co_await run(std::move(call), facts, to);
}

asio::awaitable<void> api::run(api_call call, const openai::request_facts& facts, answer_sink& to) {
  const async::deadline until = async::deadline::after(config_.time.call);
  engine::engine_request request;
  request.method = std::move(call.method);
  request.target = std::move(call.target);
  request.content_type = std::move(call.content_type);
  request.model = facts.model;
  request.body = std::move(call.body);
  const asio::any_io_executor executor = co_await asio::this_coro::executor;
  call_run running(executor, engine_, gate_, facts, to, config_.time, count_);
  const auto passed = co_await running.run(std::move(request), until);
  if (passed) co_return;
  count_.cut.add();
  with_.log.debug("answer_cut", field("reason", passed.error()));
}

asio::awaitable<void> api::answer_models(const openai::route_match& route, answer_sink& to) {
  std::vector<openai::model_entry> models;
  for (const engine::model_info& offered : engine_.models()) {
    openai::model_entry entry;
    entry.id = offered.id;
    entry.created = with_.clock.unix_now();
    entry.context_length = offered.context_length;
    entry.capabilities = offered.capabilities;
    models.push_back(std::move(entry));
  }
  std::string text;
  if (route.which == openai::endpoint::models) {
    text = openai::model_list_text(models);
  } else {
    for (const openai::model_entry& entry : models) {
      if (entry.id == route.model) text = openai::model_text(entry);
    }
    if (text.empty()) co_return co_await refuse(openai::model_not_found(route.model), to);
  }
  plaintext body(as_bytes(text));
  const auto sent = co_await to.whole(200, typed("application/json"), std::move(body));
  if (!sent) count_.cut.add();
}

// Of single models all: whether the node has the one that is asked for is answered like any other question.
std::vector<e2ee::route> api::all_routes() {
  std::vector<e2ee::route> all{{"GET", "/v1/models"}, {"GET", "/v1/models/"}};
  for (const std::string_view path : openai::engine_paths()) all.push_back({"POST", path});
  return all;
}

bool api::serves(std::string_view model) const {
  for (const engine::model_info& offered : engine_.models()) {
    if (offered.id == model) return true;
  }
  return false;
}

asio::awaitable<void> api::refuse(const openai::api_error& error, answer_sink& to) {
  count_.refused.add();
  const auto sent = co_await send_error(to, error);
  if (!sent) count_.cut.add();
}

}  // namespace tp::node

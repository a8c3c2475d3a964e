#include "relaycore/v1_routes_json.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include "codec/http1_chars.hpp"
#include "codec/http_fields.hpp"
#include "codec/json.hpp"

namespace tp::relaycore {

namespace {

using codec::chars::trim;
struct route_row {
  v1_route route;
  std::string_view path;
};
constexpr std::array<route_row, 8> routes{{{v1_route::next_server, "/next_server"},
                                           {v1_route::faucet, "/faucet"},
                                           {v1_route::sink, "/sink"},
                                           {v1_route::source, "/source"},
                                           {v1_route::retrieve, "/retrieve"},
                                           {v1_route::unregister, "/unregister"},
                                           {v1_route::stream_source, "/stream/source"},
                                           {v1_route::stream_retrieve, "/stream/retrieve"}}};

// A parsed body whose fields are taken one by one; the first that does not fit spoils all.
class fields {
 public:
  static result<fields> of(v1_route route, std::string_view body) {
    auto parsed = codec::parse_json(body, {.bytes = body_bytes_max(route)});
    if (!parsed) return parsed.error() == errc::too_large ? errc::too_large : errc::invalid_argument;
    if (!parsed->is_object()) return errc::invalid_argument;
    return fields(std::move(parsed->get_object()));
  }

  // 1 … most bytes.
  std::string required(std::string_view name, std::size_t most) {
    std::string text = optional(name, most);
    if (text.empty()) ok_ = false;
    return text;
  }

  // Empty if absent or null.
  std::string optional(std::string_view name, std::size_t most) {
    const json::value* const found = find(name);
    if (found == nullptr) return {};
    const json::string* const text = found->if_string();
    if (text == nullptr || text->size() > most) {
      ok_ = false;
      return {};
    }
    return std::string(codec::text_of(*text));
  }

  template <class Enumeration>
  Enumeration flag(std::string_view name, Enumeration if_not, Enumeration if_so) {
    const json::value* const found = find(name);
    if (found == nullptr) return if_not;
    if (!found->is_bool()) ok_ = false;
    return found->is_bool() && found->get_bool() ? if_so : if_not;
  }

  v1_sealed sealed() {
    v1_sealed made;
    made.chat_history = required("chat_history", limits::v1_answer_body_bytes_max);
    made.cipherkey = required("cipherkey", limits::v1_key_text_max);
    made.iv = required("iv", limits::v1_short_text_max);
    made.mode = optional("mode", limits::v1_short_text_max);
    made.tag = optional("tag", limits::v1_short_text_max);
    made.associated_data = optional("associated_data", limits::v1_short_text_max);
    return made;
  }

  // Null counts as absent.
  const json::value* find(std::string_view name) const {
    const json::value* const found = object_.if_contains({name.data(), name.size()});
    return found == nullptr || found->is_null() ? nullptr : found;
  }

  bool ok() const { return ok_; }

 private:
  explicit fields(json::object object) : object_(std::move(object)) {}

  json::object object_;
  bool ok_ = true;
};

json::value text_value(std::string_view text) {
  return json::value(json::string_view(text.data(), text.size()));
}

void put_sealed(json::object& into, const v1_sealed& sealed) {
  into["chat_history"] = text_value(sealed.chat_history);
  into["cipherkey"] = text_value(sealed.cipherkey);
  into["iv"] = text_value(sealed.iv);
  if (!sealed.mode.empty()) into["mode"] = text_value(sealed.mode);
  if (!sealed.tag.empty()) into["tag"] = text_value(sealed.tag);
  if (!sealed.associated_data.empty()) into["associated_data"] = text_value(sealed.associated_data);
}

void put_work(json::object& into, const v1_work& work) {
  into["client_public_key"] = work.client_key.empty() ? json::value(nullptr) : text_value(work.client_key);
  put_sealed(into, work.sealed);
}

v1_reply reply(int status, json::object body) {
  return {status, codec::to_text(json::value(std::move(body)))};
}

v1_reply plain_error(int status, std::string_view message) {
  return reply(status, {{"error", text_value(message)}});
}

// As /next_server and /faucet wrote theirs; the code inside is not always the status.
v1_reply coded_error(int status, std::string_view message, int code) {
  return reply(status, {{"error", {{"message", text_value(message)}, {"code", code}}}});
}

v1_reply openai_error(int status, std::string_view message, std::string_view type, std::string_view code) {
  return reply(status, {{"error",
                         {{"message", text_value(message)},
                          {"type", text_value(type)},
                          {"code", text_value(code)},
                          {"param", nullptr}}}});
}

constexpr std::string_view invalid_request = "Invalid request data";

v1_reply usual_refusal(v1_route route) {
  switch (route) {
    case v1_route::faucet:
      return coded_error(400, invalid_request, 400);
    case v1_route::sink:
    case v1_route::unregister:
      return plain_error(400, "Invalid public key");
    default:
      return plain_error(400, invalid_request);
  }
}

std::chrono::seconds bounded_wait(std::string_view digits) {
  unsigned seconds = 0;
  const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), seconds);
  const bool whole = read.ptr == digits.data() + digits.size() && !digits.empty();
  if (read.ec == std::errc::result_out_of_range && whole) return limits::v1_wait_max;
  if (read.ec != std::errc() || !whole) return std::chrono::seconds(0);
  return std::min(std::chrono::seconds(seconds), limits::v1_wait_max);
}

}  // namespace

std::optional<v1_route> find_v1_route(std::string_view path) {
  for (const route_row& row : routes) {
    if (row.path == path) return row.route;
  }
  return std::nullopt;
}

std::string_view method_of(v1_route route) { return route == v1_route::next_server ? "GET" : "POST"; }

std::size_t body_bytes_max(v1_route route) {
  switch (route) {
    case v1_route::faucet:
    case v1_route::stream_source:
      return limits::v1_body_bytes_max;
    case v1_route::source:
      return limits::v1_answer_body_bytes_max;
    default:
      return limits::http_small_body_max;
  }
}

result<v1_request> parse_v1_faucet(std::string_view body) {
  auto from = fields::of(v1_route::faucet, body);
  if (!from) return from.error();
  v1_request made;
  made.server_key = from->required("server_public_key", limits::v1_key_text_max);
  made.client_key = from->optional("client_public_key", limits::v1_key_text_max);
  made.sealed = from->sealed();
  made.form = from->flag("stream", v1_form::whole, v1_form::stream);
  if (!from->ok()) return errc::invalid_argument;
  if (made.form == v1_form::stream && made.client_key.empty()) return errc::field_invalid;
  return made;
}

result<v1_poll> parse_v1_sink(std::string_view body) {
  auto from = fields::of(v1_route::sink, body);
  if (!from) return from.error();
  v1_poll made;
  if (const json::value* const batch = from->find("max_batch_size")) {
    const bool unsigned_large = batch->is_uint64();  // beyond int64, so certainly enough
    if (!unsigned_large && (!batch->is_int64() || batch->get_int64() < 1)) return errc::field_invalid;
    const auto most = static_cast<std::int64_t>(limits::v1_batch_max);
    made.batch =
        unsigned_large ? limits::v1_batch_max : static_cast<std::size_t>(std::min(batch->get_int64(), most));
    made.wants_list = made.batch > 1;
  }
  made.server_key = from->required("server_public_key", limits::v1_key_text_max);
  made.challenge_response = from->optional("challenge_response", limits::v1_short_text_max);
  if (!from->ok()) return errc::invalid_argument;
  return made;
}

result<v1_answer> parse_v1_source(std::string_view body) {
  auto from = fields::of(v1_route::source, body);
  if (!from) return from.error();
  v1_answer made;
  made.client_key = from->required("client_public_key", limits::v1_key_text_max);
  made.sealed = from->sealed();
  if (!from->ok()) return errc::invalid_argument;
  return made;
}

result<v1_chunk> parse_v1_stream_source(std::string_view body) {
  auto from = fields::of(v1_route::stream_source, body);
  if (!from) return from.error();
  v1_chunk made;
  made.session = from->required("session_id", limits::v1_short_text_max);
  made.end = from->flag("final", v1_end::open, v1_end::final);
  const json::value* const chunk = from->find("chunk");
  if (!from->ok() || chunk == nullptr) return errc::invalid_argument;
  if (!chunk->is_string() && !chunk->is_object()) return errc::invalid_argument;
  made.json = codec::to_text(*chunk);
  return made;
}

result<std::string> parse_v1_key(v1_route route, std::string_view body) {
  auto from = fields::of(route, body);
  if (!from) return from.error();
  const std::string_view name = route == v1_route::unregister ? "server_public_key" : "client_public_key";
  std::string key = from->required(name, limits::v1_key_text_max);
  if (!from->ok()) return errc::invalid_argument;
  return key;
}

std::chrono::seconds v1_wait(std::string_view prefer, std::string_view query) {
  while (!prefer.empty()) {
    const std::string_view each = trim(prefer.substr(0, prefer.find(',')));
    prefer.remove_prefix(std::min(prefer.size(), prefer.find(',')));
    if (!prefer.empty()) prefer.remove_prefix(1);
    const std::string_view preference = trim(each.substr(0, each.find(';')));
    const std::size_t equals = preference.find('=');
    if (equals == std::string_view::npos) continue;
    if (codec::same_name(trim(preference.substr(0, equals)), "wait"))
      return bounded_wait(trim(preference.substr(equals + 1)));
  }
  while (!query.empty()) {
    const std::string_view pair = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(query.size(), pair.size() + 1));
    if (pair.starts_with("wait=")) return bounded_wait(pair.substr(5));
  }
  return std::chrono::seconds(0);
}

v1_reply v1_next_server_reply(const std::optional<std::string>& server_key) {
  if (!server_key) return coded_error(200, "No servers available", 503);
  return reply(200, {{"server_public_key", text_value(*server_key)}});
}

v1_reply v1_faucet_reply() { return reply(200, {{"message", "Request received"}}); }

v1_reply v1_sink_reply(const v1_poll& asked, const v1_poll_answer& told) {
  json::object body{{"next_ping_in_x_seconds", told.next_ping.count()}};
  if (!told.challenge.empty()) body["challenge"] = text_value(told.challenge);
  if (told.work.empty()) return reply(200, std::move(body));
  const v1_work& first = told.work.front();
  put_work(body, first);
  if (!first.stream_session.empty()) {
    body["stream"] = true;
    body["stream_session_id"] = text_value(first.stream_session);
  }
  if (asked.wants_list) {
    json::array batch;
    for (const v1_work& work : told.work) {
      json::object item;
      put_work(item, work);
      item["stream"] = !work.stream_session.empty();
      if (!work.stream_session.empty()) item["stream_session_id"] = text_value(work.stream_session);
      batch.push_back(std::move(item));
    }
    body["batch"] = std::move(batch);
  }
  return reply(200, std::move(body));
}

v1_reply v1_source_reply() { return reply(200, {{"message", "Response received and queued for client"}}); }

v1_reply v1_retrieve_reply(const std::optional<v1_sealed>& answer) {
  if (!answer) return plain_error(200, "No response available for the given public key");
  json::object body;
  put_sealed(body, *answer);
  return reply(200, std::move(body));
}

v1_reply v1_unregister_reply(v1_removed removed) {
  return reply(200, {{"message", "Server unregistered"}, {"removed", removed == v1_removed::yes}});
}

v1_reply v1_stream_source_reply(v1_end end) {
  return reply(200, {{"message", "Chunk stored"}, {"final", end == v1_end::final}});
}

v1_reply v1_stream_retrieve_reply(const std::optional<v1_chunks>& chunks) {
  if (!chunks) return plain_error(200, "No active stream for the given public key");
  std::string body =
      R"({"stream":true,"session_id":)" + codec::to_text(text_value(chunks->session)) + R"(,"chunks":[)";
  for (std::size_t i = 0; i < chunks->json.size(); ++i) {
    if (i != 0) body.push_back(',');
    body.append(chunks->json[i]);  // JSON already
  }
  body.append(chunks->end == v1_end::final ? R"(],"final":true})" : "]}");
  return {200, std::move(body)};
}

v1_reply v1_refusal(v1_route route, errc failure) {
  switch (failure) {
    case errc::permission_denied:
      return coded_error(401, "Missing or invalid relay server token", 401);
    case errc::too_large:
      return openai_error(413, "The request is too large. Send less at once.", "invalid_request_error",
                          "body_too_large");
    case errc::too_many:
      return openai_error(429, "Too much is waiting for this key or address. Fetch the answers first.",
                          "rate_limit_error", "too_many_waiting");
    case errc::node_busy:
      return openai_error(503, "Too much is waiting here or at this node. Try again or choose another node.",
                          "service_unavailable_error", "node_busy");
    case errc::field_invalid:
      if (route == v1_route::sink) return plain_error(400, "Invalid max_batch_size");
      if (route == v1_route::faucet)
        return coded_error(400, "Streaming requests require a client public key", 400);
      return usual_refusal(route);
    case errc::node_not_found:
      return plain_error(404, "Server with the specified public key not found");
    case errc::not_found:
      return route == v1_route::stream_source ? plain_error(404, "Unknown stream session")
                                              : usual_refusal(route);
    default:
      return usual_refusal(route);
  }
}

}  // namespace tp::relaycore

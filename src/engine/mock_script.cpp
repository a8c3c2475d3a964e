#include "engine/mock_script.hpp"

#include <array>

#include "base/limits.hpp"
#include "codec/json.hpp"

namespace tp::engine {
namespace {

constexpr std::int64_t delay_ms_max = 3'600'000;

std::optional<mock_fault> parse_fault(std::string_view text) {
  constexpr std::array faults{mock_fault::none, mock_fault::hang,      mock_fault::error_500,
                              mock_fault::cut,  mock_fault::malformed, mock_fault::unavailable};
  for (const mock_fault fault : faults) {
    if (name(fault) == text) return fault;
  }
  return std::nullopt;
}

std::optional<std::int64_t> integer_of(const json::value& value, std::int64_t most) {
  if (!value.is_int64() || value.get_int64() < 0 || value.get_int64() > most) return std::nullopt;
  return value.get_int64();
}

bool read_text_member(std::string_view key, const json::value& value, mock_rule& out) {
  if (!value.is_string()) return false;
  const std::string_view text = codec::text_of(value.get_string());
  if (key == "match") {
    out.match = text;
  } else if (key == "reply") {
    out.reply = text;
  } else if (key == "body") {
    out.body = text;
  } else if (key == "fault") {
    const auto fault = parse_fault(text);
    if (!fault) return false;
    out.fault = *fault;
  } else {
    return false;
  }
  return true;
}

bool read_number_member(std::string_view key, const json::value& value, mock_rule& out) {
  const auto number = integer_of(value, key == "status" ? 599 : delay_ms_max);
  if (!number) return false;
  if (key == "index") {
    out.index = static_cast<std::size_t>(*number);
  } else if (key == "after") {
    out.after = static_cast<std::size_t>(*number);
  } else if (key == "delay_ms_first") {
    out.delay_first = std::chrono::milliseconds(*number);
  } else if (key == "delay_ms_between") {
    out.delay_between = std::chrono::milliseconds(*number);
  } else if (key == "status" && *number >= 200) {
    out.status = static_cast<int>(*number);
  } else {
    return false;
  }
  return true;
}

result<mock_rule> read_rule(const json::value& from) {
  const json::object* object = from.if_object();
  if (object == nullptr) return errc::invalid_configuration;
  mock_rule out;
  for (const auto& [key, value] : *object) {
    const std::string_view member(key.data(), key.size());
    const bool good =
        value.is_string() ? read_text_member(member, value, out) : read_number_member(member, value, out);
    if (!good) return errc::invalid_configuration;
  }
  return out;
}

}  // namespace

std::string_view name(mock_fault fault) noexcept {
  switch (fault) {
    case mock_fault::none: return "none";
    case mock_fault::hang: return "hang";
    case mock_fault::error_500: return "error_500";
    case mock_fault::cut: return "cut";
    case mock_fault::malformed: return "malformed";
    case mock_fault::unavailable: return "unavailable";
  }
  return "unknown";
}

result<std::vector<mock_rule>> parse_mock_script(std::string_view text) {
  const result<json::value> parsed =
      codec::parse_json(text, {limits::json_depth_max, limits::mock_script_bytes_max});
  if (!parsed) return parsed.error();
  const json::array* list = parsed->if_array();
  if (const json::object* top = parsed->if_object()) {
    if (top->size() == 1) list = codec::find_array(*top, "rules");
  }
  if (list == nullptr) return errc::invalid_configuration;
  if (list->size() > limits::mock_rules_max) return errc::too_many;
  std::vector<mock_rule> out;
  for (const json::value& item : *list) {
    result<mock_rule> rule = read_rule(item);
    if (!rule) return rule.error();
    out.push_back(std::move(*rule));
  }
  return out;
}

const mock_rule* find_rule(const std::vector<mock_rule>& rules, std::size_t call_index,
                           std::string_view last_message) {
  for (const mock_rule& rule : rules) {
    if (rule.index && *rule.index != call_index) continue;
    if (rule.match && last_message.find(*rule.match) == std::string_view::npos) continue;
    return &rule;
  }
  return nullptr;
}

}  // namespace tp::engine

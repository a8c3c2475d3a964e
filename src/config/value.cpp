#include "config/value.hpp"

#include <algorithm>
#include <charconv>
#include <optional>

namespace tp::config {

namespace {

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

std::optional<std::int64_t> read_integer(std::string_view text) {
  std::int64_t number = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc{} || stop != end || text.empty()) return std::nullopt;
  return number;
}

std::optional<bool> read_flag(std::string_view text) {
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  if (lower == "1" || lower == "true" || lower == "yes" || lower == "on") return true;
  if (lower == "0" || lower == "false" || lower == "no" || lower == "off") return false;
  return std::nullopt;
}

std::optional<std::int64_t> read_milliseconds(std::string_view text) {
  struct unit {
    std::string_view suffix;
    std::int64_t milliseconds;
  };
  static constexpr unit units[] = {
      {"ms", 1}, {"s", 1'000}, {"m", 60'000}, {"h", 3'600'000}, {"d", 86'400'000}};
  std::int64_t scale = 1'000;
  for (const unit& each : units) {
    if (!text.ends_with(each.suffix)) continue;
    scale = each.milliseconds;
    text.remove_suffix(each.suffix.size());
    break;
  }
  const std::optional<std::int64_t> number = read_integer(text);
  constexpr std::int64_t days_of_a_century = 36'500;
  if (!number || *number < 0 || *number > days_of_a_century * 86'400'000 / scale) return std::nullopt;
  return *number * scale;
}

std::string bounds_text(const option& rule) {
  const std::string_view unit = rule.type == option_type::duration ? " ms" : "";
  return std::to_string(rule.minimum).append(" and ").append(std::to_string(rule.maximum)).append(unit);
}

refusal out_of_bounds(const option& rule, std::string_view text) {
  return {shown(text) + " is not between " + bounds_text(rule)};
}

parsed number_value(const option& rule, std::string_view text) {
  const std::string_view clean = trimmed(text);
  const bool is_duration = rule.type == option_type::duration;
  const std::optional<std::int64_t> number = is_duration ? read_milliseconds(clean) : read_integer(clean);
  if (!number) {
    return refusal{shown(text) +
                   (is_duration ? " is not a duration such as 250ms, 30s, 5m or 2h" : " is not an integer")};
  }
  if (*number < rule.minimum || *number > rule.maximum) return out_of_bounds(rule, text);
  return value{{std::string(clean)}, *number};
}

std::vector<std::string> list_items(const std::vector<std::string>& texts) {
  std::vector<std::string> items;
  for (std::string_view rest : texts) {
    while (!rest.empty()) {
      const std::size_t comma = std::min(rest.find(','), rest.size());
      const std::string_view item = trimmed(rest.substr(0, comma));
      if (!item.empty()) items.emplace_back(item);
      rest.remove_prefix(std::min(comma + 1, rest.size()));
    }
  }
  return items;
}

std::string joined(const std::vector<std::string>& items, std::string_view between) {
  std::string text;
  for (const std::string& item : items) text.append(text.empty() ? "" : between).append(item);
  return text;
}

// Choices and the option's own check, for texts and each item of a list.
std::optional<refusal> wrong_text(const option& rule, const std::string& text) {
  const bool known =
      rule.choices.empty() || std::find(rule.choices.begin(), rule.choices.end(), text) != rule.choices.end();
  const bool is_secret = rule.secret == secrecy::secret;
  const std::string subject = is_secret ? "the value" : shown(text);
  if (!known) return refusal{subject + " is not one of " + joined(rule.choices, ", ")};
  if (rule.check == nullptr || text.empty()) return std::nullopt;
  const std::string why = rule.check(text);
  if (why.empty()) return std::nullopt;
  return refusal{subject + " " + why};
}

std::string home_replaced(std::string_view text, std::string_view home) {
  if (home.empty() || (text != "~" && !text.starts_with("~/"))) return std::string(text);
  return std::string(home).append(text.substr(1));
}

}  // namespace

parsed parse_value(const option& rule, const std::vector<std::string>& texts, std::string_view home) {
  const std::string last = texts.empty() ? std::string() : texts.back();
  switch (rule.type) {
    case option_type::integer:
    case option_type::duration:
      return number_value(rule, last);
    case option_type::flag: {
      const std::optional<bool> on = read_flag(trimmed(last));
      if (!on) return refusal{shown(last) + " is neither true nor false"};
      return value{{*on ? "true" : "false"}, *on ? 1 : 0};
    }
    case option_type::list: {
      value items{list_items(texts), 0};
      for (const std::string& item : items.texts) {
        if (std::optional<refusal> wrong = wrong_text(rule, item)) return *wrong;
      }
      return items;
    }
    case option_type::path:
    case option_type::text:
      break;
  }
  if (std::optional<refusal> wrong = wrong_text(rule, last)) return *wrong;
  return value{{rule.type == option_type::path ? home_replaced(last, home) : last}, 0};
}

std::string canonical_name(std::string_view spelling) {
  std::string name(spelling);
  for (char& c : name) {
    if (c == '_') c = '-';
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  }
  return name;
}

std::string environment_name(std::string_view name) {
  std::string upper = "TOKEN_PLACE_";
  for (const char c : name) {
    const bool is_lower = c >= 'a' && c <= 'z';
    upper += c == '-' ? '_' : is_lower ? static_cast<char>(c - 32) : c;
  }
  return upper;
}

std::string shown(std::string_view text) {
  constexpr std::size_t shown_max = 60;
  std::string out = "\"";
  for (const char c : text.substr(0, shown_max)) {
    const bool plain = static_cast<unsigned char>(c) >= 0x20 && c != 0x7f && c != '"';
    out += plain ? c : '?';
  }
  return out.append(text.size() > shown_max ? "…\"" : "\"");
}

std::string value_name(const option& rule) {
  if (!rule.value_name.empty()) return rule.value_name;
  switch (rule.type) {
    case option_type::flag:
      return "";
    case option_type::integer:
      return "N";
    case option_type::duration:
      return "TIME";
    case option_type::path:
      return "PATH";
    case option_type::list:
      return "TEXT,…";
    case option_type::text:
      break;
  }
  return rule.choices.empty() ? "TEXT" : joined(rule.choices, "|");
}

}  // namespace tp::config

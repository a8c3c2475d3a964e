// The values a program runs with, each with where it came from. Made by load(), read by name.
// Immutable after that; move-only because it may hold secrets. Asking for a name that is not in the table, or
// as another type, is a bug of ours.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/secret.hpp"
#include "config/option.hpp"
#include "config/value.hpp"

namespace tp::config {

enum class source { fallback, file, environment, flag };

struct setting {
  option rule;
  value current;
  secret_key secret;  // instead of current.texts, for secrets
  source from = source::fallback;
  std::string where;    // the file's path, the variable's name, or the flag as spelled
  std::string ignored;  // what was said but does not count, and why; empty: nothing
  bool present() const { return !current.texts.empty() || !secret.empty(); }
  // Whether somebody chose it: not by "", "--no-NAME" or an empty list.
  bool chosen() const;
};

// "default", "file /etc/x.toml", "environment RELAY_PORT", "flag --port".
std::string provenance(const setting& entry);

class settings {
 public:
  const std::string& text(std::string_view name) const;  // empty if unset; also for paths as text
  std::filesystem::path path(std::string_view name) const;
  std::int64_t integer(std::string_view name) const;
  bool flag(std::string_view name) const;
  const std::vector<std::string>& list(std::string_view name) const;
  std::chrono::milliseconds duration(std::string_view name) const;
  const secret_key& secret(std::string_view name) const;  // empty if unset

  // Whether somebody set it (a default does not count).
  bool given(std::string_view name) const;

  // The line to print before leaving with 2 when an application finds a value impossible.
  std::string refusal_line(std::string_view name, std::string_view why) const;

  const std::vector<setting>& all() const { return entries_; }

  // For load() only.
  void put(setting entry);
  setting* find(std::string_view name);

 private:
  const setting& at(std::string_view name) const;
  std::vector<setting> entries_;
};

}  // namespace tp::config

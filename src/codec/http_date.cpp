#include "codec/http_date.hpp"

#include <algorithm>
#include <array>
#include <chrono>

#include "codec/http1_chars.hpp"

namespace tp::codec {

namespace {

using std::chrono::days;
using std::chrono::sys_days;

constexpr std::array<std::string_view, 7> weekdays = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
constexpr std::array<std::string_view, 12> months = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
constexpr unix_seconds last_time = 253'402'300'799;  // the end of the year 9999
constexpr unix_seconds day_seconds = 86'400;
constexpr std::string_view pattern = "Sun, 06 Nov 1994 08:49:37 GMT";

template <std::size_t N>
int place(const std::array<std::string_view, N>& names, std::string_view name) {
  const auto found = std::find(names.begin(), names.end(), name);
  return found == names.end() ? -1 : static_cast<int>(found - names.begin());
}

// -1 unless all are digits.
int number(std::string_view digits) {
  int value = 0;
  for (const char c : digits) {
    if (!chars::is_digit(c)) return -1;
    value = value * 10 + (c - '0');
  }
  return value;
}

void put_number(char* at, unsigned digits, unsigned value) {
  for (; digits > 0; --digits, value /= 10) at[digits - 1] = static_cast<char>('0' + value % 10);
}

}  // namespace

std::string http_date(unix_seconds time) {
  time = std::clamp<unix_seconds>(time, 0, last_time);
  const sys_days day{days(time / day_seconds)};
  const std::chrono::year_month_day date{day};
  const auto seconds = static_cast<unsigned>(time % day_seconds);
  std::string text(pattern);
  text.replace(0, 3, weekdays[std::chrono::weekday(day).c_encoding()]);
  put_number(&text[5], 2, static_cast<unsigned>(date.day()));
  text.replace(8, 3, months[static_cast<unsigned>(date.month()) - 1]);
  put_number(&text[12], 4, static_cast<unsigned>(static_cast<int>(date.year())));
  put_number(&text[17], 2, seconds / 3600);
  put_number(&text[20], 2, seconds / 60 % 60);
  put_number(&text[23], 2, seconds % 60);
  return text;
}

result<unix_seconds> parse_http_date(std::string_view text) {
  if (text.size() != pattern.size()) return errc::date_invalid;
  for (const std::size_t fixed : {3U, 4U, 7U, 11U, 16U, 19U, 22U, 25U, 26U, 27U, 28U}) {
    if (text[fixed] != pattern[fixed]) return errc::date_invalid;
  }
  const int day = number(text.substr(5, 2));
  const int month = place(months, text.substr(8, 3));
  const int year = number(text.substr(12, 4));
  const int hour = number(text.substr(17, 2));
  const int minute = number(text.substr(20, 2));
  const int second = number(text.substr(23, 2));
  if (day < 1 || month < 0 || year < 1970 || hour < 0 || minute < 0 || second < 0) return errc::date_invalid;
  if (hour > 23 || minute > 59 || second > 59) return errc::date_invalid;
  const std::chrono::year_month_day date{std::chrono::year(year),
                                         std::chrono::month(static_cast<unsigned>(month + 1)),
                                         std::chrono::day(static_cast<unsigned>(day))};
  if (!date.ok()) return errc::date_invalid;
  const sys_days midnight{date};
  const int weekday = place(weekdays, text.substr(0, 3));
  if (weekday != static_cast<int>(std::chrono::weekday(midnight).c_encoding())) return errc::date_invalid;
  return midnight.time_since_epoch().count() * day_seconds + hour * 3600 + minute * 60 + second;
}

}  // namespace tp::codec

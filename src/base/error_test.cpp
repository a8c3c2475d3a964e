#include "base/error.hpp"

#include <gtest/gtest.h>

#include <boost/system/errc.hpp>
#include <set>
#include <string>

namespace tp {
namespace {

TEST(error, every_enumerator_has_its_own_name) {
  std::set<std::string_view> names;
  const int last = static_cast<int>(errc::internal);
  for (int value = 0; value <= last; ++value) {
    const std::string_view text = name(static_cast<errc>(value));
    EXPECT_NE(text, "unknown") << value;
    EXPECT_TRUE(names.insert(text).second) << text;
    EXPECT_EQ(text.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_"), std::string_view::npos)
        << text;
  }
  EXPECT_EQ(name(static_cast<errc>(last + 1)), "unknown");
  EXPECT_EQ(name(static_cast<errc>(-1)), "unknown");
}

TEST(error, message_is_the_name_and_nothing_else) {
  const error_code error = errc::decrypt_failed;
  EXPECT_TRUE(error);
  EXPECT_EQ(error.message(), "decrypt_failed");
  EXPECT_EQ(std::string(error.category().name()), "token.place");
  EXPECT_FALSE(error_code(errc::ok));
}

TEST(error, our_codes_come_back_unchanged) {
  EXPECT_EQ(to_errc(error_code()), errc::ok);
  for (const errc each : {errc::invalid_argument, errc::node_gone, errc::internal}) {
    EXPECT_EQ(to_errc(each), each);
  }
}

TEST(error, foreign_codes_become_the_nearest_of_ours) {
  namespace sys = boost::system::errc;
  constexpr std::pair<sys::errc_t, errc> table[] = {
      {sys::operation_canceled, errc::cancelled},
      {sys::connection_refused, errc::connection_refused},
      {sys::connection_reset, errc::connection_reset},
      {sys::broken_pipe, errc::connection_reset},
      {sys::connection_aborted, errc::connection_reset},
      {sys::not_connected, errc::connection_closed},
      {sys::timed_out, errc::deadline_exceeded},
      {sys::address_in_use, errc::address_in_use},
      {sys::no_such_file_or_directory, errc::file_not_found},
      {sys::permission_denied, errc::permission_denied},
      {sys::no_space_on_device, errc::io_error},
  };
  for (const auto& [foreign, ours] : table) {
    EXPECT_EQ(to_errc(sys::make_error_code(foreign)), ours) << name(ours);
    EXPECT_EQ(to_errc(error_code(foreign, boost::system::system_category())), ours) << name(ours);
  }
}

TEST(error, travels_in_a_result) {
  const auto half = [](int value) -> result<int> {
    if (value % 2 != 0) return errc::invalid_argument;
    return value / 2;
  };
  EXPECT_EQ(half(4).value(), 2);
  EXPECT_EQ(half(3).error(), errc::invalid_argument);
}

}  // namespace
}  // namespace tp

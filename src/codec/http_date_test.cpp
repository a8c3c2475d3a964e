#include "codec/http_date.hpp"

#include <gtest/gtest.h>

namespace tp::codec {
namespace {

struct row {
  unix_seconds time;
  std::string_view text;
};
constexpr row rows[] = {
    {0, "Thu, 01 Jan 1970 00:00:00 GMT"},
    {784'111'777, "Sun, 06 Nov 1994 08:49:37 GMT"},
    {951'827'696, "Tue, 29 Feb 2000 12:34:56 GMT"},
    {1'790'000'000, "Mon, 21 Sep 2026 14:13:20 GMT"},
    {4'107'542'400, "Mon, 01 Mar 2100 00:00:00 GMT"},
    {253'402'300'799, "Fri, 31 Dec 9999 23:59:59 GMT"},
};

TEST(http_date, writes_and_reads_the_same) {
  for (const row& row : rows) {
    EXPECT_EQ(http_date(row.time), row.text);
    const auto parsed = parse_http_date(row.text);
    ASSERT_TRUE(parsed) << row.text;
    EXPECT_EQ(*parsed, row.time);
  }
  for (unix_seconds time = 1; time < 253'402'300'799; time += 86'399'999) {
    const auto parsed = parse_http_date(http_date(time));
    ASSERT_TRUE(parsed) << time;
    ASSERT_EQ(*parsed, time);
  }
}

TEST(http_date, stays_inside_its_years) {
  EXPECT_EQ(http_date(-1), rows[0].text);
  EXPECT_EQ(http_date(INT64_MAX), rows[5].text);
}

TEST(http_date, refuses_everything_else) {
  const std::string_view bad[] = {
      "",
      "Mon, 06 Nov 1994 08:49:37 GMT",  // a Sunday
      "sun, 06 Nov 1994 08:49:37 GMT",
      "Sun, 06 nov 1994 08:49:37 GMT",
      "Sun, 06 Nov 1994 08:49:37 UTC",
      "Sun, 06 Nov 1994 08:49:37 gmt",
      "Sun, 06 Nov 1994 08:49:37 GMT ",
      " Sun, 06 Nov 1994 08:49:37 GMT",
      "Sun, 6 Nov 1994 08:49:37 GMT",
      "Sun,  6 Nov 1994 08:49:37 GMT",
      "Sun, 06-Nov-1994 08:49:37 GMT",
      "Sunday, 06-Nov-94 08:49:37 GMT",
      "Sun Nov  6 08:49:37 1994",
      "1994-11-06T08:49:37Z",
      "784111777",
      "Sun, 06 Nov 1994 24:49:37 GMT",
      "Sun, 06 Nov 1994 08:60:37 GMT",
      "Sun, 06 Nov 1994 08:49:60 GMT",
      "Sun, 06 Nov 1994 +8:49:37 GMT",
      "Sun, 06 Nov 1994 08:-9:37 GMT",
      "Wed, 30 Feb 2000 12:34:56 GMT",
      "Mon, 29 Feb 2100 00:00:00 GMT",
      "Fri, 00 Jan 1971 00:00:00 GMT",
      "Wed, 31 Dec 1969 23:59:59 GMT",
      "Sat, 01 Jan 0000 00:00:00 GMT",
      "xxx, 21 Sep 2026 14:13:20 GMT",
  };
  for (const std::string_view text : bad) {
    EXPECT_EQ(parse_http_date(text).error(), errc::date_invalid) << text;
  }
}

}  // namespace
}  // namespace tp::codec

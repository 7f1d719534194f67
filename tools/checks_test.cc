#include "checks.h"

#include <gtest/gtest.h>

namespace tenon::tools {
namespace {

TEST(Between, TakesNumbersAlone) {
  const CLI::Validator check = Between(0, 10);
  for (const char* good : {"0", "10", "2.5", "1e1"})
    EXPECT_EQ(check(std::string(good)), "") << good;
  for (const char* bad : {"-1", "10.1", "nan", "inf", "", "2s", " 2"})
    EXPECT_NE(check(std::string(bad)), "") << bad;
  EXPECT_EQ(Between(0)(std::string("-1")), "'-1': expected a number of at least 0");
}

TEST(OneOf, NamesTheNearest) {
  const CLI::Validator check = OneOf({"strict", "standard"});
  EXPECT_EQ(check(std::string("standard")), "");
  EXPECT_EQ(check(std::string("strct")),
            "'strct': expected one of strict, standard; did you mean 'strict'?");
  EXPECT_EQ(check.get_description(), "{strict,standard}");
}

TEST(AsBytes, HasUnitsAndFractions) {
  const CLI::Validator check = AsBytes();
  const auto bytes = [&](std::string text) { return check(text).empty() ? text : "refused"; };
  EXPECT_EQ(bytes("64000000"), "64000000");
  EXPECT_EQ(bytes("64MB"), "64000000");
  EXPECT_EQ(bytes("1.5GiB"), "1610612736");
  EXPECT_EQ(bytes("0"), "0");
  EXPECT_EQ(bytes("3kb"), "3000");
  for (const char* bad : {"-5", "", "MB", "1.5.2MB", "5XB", "5 MB", "99999999TB", "nan", "1e3"})
    EXPECT_EQ(bytes(bad), "refused") << bad;
}

}  // namespace
}  // namespace tenon::tools

#include "bench/apart.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <csignal>

#include "failure.h"

namespace tenon::tools {
namespace {

using Json = nlohmann::ordered_json;

TEST(ApartTest, GivesWhatTheOtherProcessFound) {
  const pid_t here = getpid();
  const Json answer = RunApart([&] {
    return Json{{"here", getpid() == here}, {"long", std::string(1 << 20, 'x')}};
  });
  EXPECT_FALSE(answer["here"].get<bool>());
  EXPECT_EQ(answer["long"].get<std::string>().size(), size_t{1} << 20);
}

TEST(ApartTest, FailuresKeepTheirCode) {
  try {
    RunApart([]() -> Json { throw Failure(kModelRejected, "no such model"); });
    FAIL();
  } catch (const Failure& failure) {
    EXPECT_EQ(failure.code(), kModelRejected);
    EXPECT_STREQ(failure.what(), "no such model");
  }
}

TEST(ApartTest, ADeathIsTold) {
  for (const bool killed : {true, false}) {
    try {
      RunApart([&]() -> Json {
        if (killed) raise(SIGKILL);
        _exit(7);
      });
      FAIL();
    } catch (const Failure& failure) {
      EXPECT_EQ(failure.code(), kBackendFailed);
      EXPECT_NE(std::string(failure.what()).find(killed ? "signal 9" : "code 7"),
                std::string::npos);
    }
  }
}

}  // namespace
}  // namespace tenon::tools

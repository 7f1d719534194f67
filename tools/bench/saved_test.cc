#include "bench/saved.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

namespace tenon::tools {
namespace {

using Json = nlohmann::ordered_json;

class SavedTest : public ::testing::Test {
 protected:
  SavedTest() {
    flags_.model = Path("model.onnx");
    std::ofstream(flags_.model) << "the model";
  }
  ~SavedTest() override {
    for (const char* name : {"model.onnx", "saved.json"}) std::filesystem::remove(Path(name));
  }
  static std::string Path(const char* name) {
    return ::testing::TempDir() + "saved_test_" + std::to_string(getpid()) + "_" + name;
  }
  Json PointOf(const char* backends, const char* dim, uint32_t threads) const {
    Point point{.flags = flags_, .label = {}};
    point.flags.backends = backends;
    point.flags.dims = {dim};
    Json result = PointKey(point);
    const std::vector<double> times(10, threads);
    result.update({{"threads", threads},
                   {"streams", 1},
                   {"processor", "p"},
                   {"series",
                    {{"model_ms", times},
                     {"compute_ms", times},
                     {"stream_ms", times},
                     {"chase_ms", times}}}});
    return result;
  }
  std::string Write(const Json& whole) const {
    std::ofstream(Path("saved.json")) << whole.dump();
    return Path("saved.json");
  }
  void ExpectRefusal(const Json& whole, const char* part) const {
    const std::string path = Write(whole);
    try {
      const SavedResult saved(path);
      ADD_FAILURE() << whole.dump();
    } catch (const Failure& failure) {
      EXPECT_EQ(failure.code(), kUsage);
      EXPECT_NE(std::string(failure.what()).find(part), std::string::npos) << failure.what();
    }
  }

  BenchFlags flags_;
};

TEST_F(SavedTest, FindsThePointOfTheSameWork) {
  const SavedResult saved(Write(WholeResult(
      flags_, {PointOf("a", "N=1", 1), PointOf("b", "N=1", 1), PointOf("a", "N=8", 2)}, true)));
  EXPECT_EQ(saved.Find(PointOf("b", "N=1", 1))["requested_backends"], "b");
  EXPECT_EQ(saved.Find(PointOf("c", "N=8", 2))["requested_backends"], "a");
  for (const Json& other : {PointOf("a", "N=2", 1), PointOf("a", "N=1", 2), PointOf("c", "N=1", 1)})
    EXPECT_THROW((void)saved.Find(other), Failure);
}

TEST_F(SavedTest, OnePointStandsAtTheTop) {
  const Json whole = WholeResult(flags_, {PointOf("a", "N=1", 4)}, true);
  EXPECT_EQ(whole["threads"], 4);
  EXPECT_FALSE(WholeResult(flags_, {PointOf("a", "N=1", 4)}, false).contains("series"));
  const SavedResult saved(Write(whole));
  EXPECT_EQ(saved.Find(PointOf("a", "N=1", 4))["series"]["model_ms"][0], 4);
}

TEST_F(SavedTest, TellsWhatDiffers) {
  const Json point = PointOf("a", "N=1", 1);
  const SavedResult saved(Write(WholeResult(flags_, {point}, true)));
  EXPECT_TRUE(saved.Differences(point, WholeResult(flags_, {point}, false), point).empty());
  std::ofstream(flags_.model) << "the modem";
  const Json other = PointOf("b", "N=1", 1);
  const std::vector<std::string> found =
      saved.Differences(point, WholeResult(flags_, {other}, false), other);
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[0], "the model was another: " + flags_.model);
  EXPECT_EQ(found[1], "-b was \"a\", is \"b\"");
}

TEST_F(SavedTest, RefusesWhatCannotBeCompared) {
  const Json good = WholeResult(flags_, {PointOf("a", "N=1", 1)}, true);
  Json bad = good;
  bad["version"] = 2;
  ExpectRefusal(bad, "version 2");
  bad = good;
  bad.erase("series");
  ExpectRefusal(bad, "no series");
  bad = good;
  bad["host"]["calibration"]["version"] = 0;
  ExpectRefusal(bad, "measure it anew");
  bad = good;
  bad["host"]["calibration"]["build"] = "another compiler";
  ExpectRefusal(bad, "same compiler");
  bad = good;
  bad["results"] = 5;
  ExpectRefusal(bad, "no list");
  bad = good;
  bad["requested_backends"] = 5;
  ExpectRefusal(bad, "string");
  bad = good;
  bad["series"]["stream_ms"].push_back(1);
  ExpectRefusal(bad, "as many");
  bad = good;
  bad["series"]["chase_ms"][0] = -1;
  ExpectRefusal(bad, "not positive");
  bad = WholeResult(flags_, {PointOf("a", "N=1", 1), PointOf("a", "N=8", 1)}, true);
  bad["results"][1].erase("series");
  ExpectRefusal(bad, "no series");
  ExpectRefusal(Json::array(), "no result of tenon bench");
  EXPECT_THROW(SavedResult(Path("missing.json")), Failure);
}

}  // namespace
}  // namespace tenon::tools

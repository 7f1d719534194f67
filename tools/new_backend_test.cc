#include "new_backend.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "failure.h"

namespace tenon::tools {
namespace {

namespace fs = std::filesystem;

class NewBackendTest : public testing::Test {
 protected:
  void SetUp() override { fs::remove_all(folder_); }
  void TearDown() override { fs::remove_all(folder_); }
  static std::string Read(const fs::path& path) {
    std::stringstream text;
    text << std::ifstream(path, std::ios::binary).rdbuf();
    return text.str();
  }
  int Code(const NewBackend& backend) {
    try {
      Write(backend);
    } catch (const Failure& failure) {
      message_ = failure.what();
      return failure.code();
    }
    return kOk;
  }
  fs::path folder_ = fs::path(testing::TempDir()) / "new_backend_test";
  std::string message_;
};

TEST(NearestBackendName, GivesWhatTheAbiAllows) {
  EXPECT_EQ(NearestBackendName("acme_2"), "acme_2");
  EXPECT_EQ(NearestBackendName("Acme-NPU 2"), "acme_npu_2");
  EXPECT_EQ(NearestBackendName("2_fast"), "fast");
  EXPECT_EQ(NearestBackendName("host"), "host_backend");
  EXPECT_EQ(NearestBackendName("Reference"), "reference_backend");
  EXPECT_EQ(NearestBackendName("-1"), "");
  EXPECT_EQ(NearestBackendName(std::string(40, 'a')), std::string(31, 'a'));
}

TEST_F(NewBackendTest, EveryProjectHasItsNameAndNoPlaceholder) {
  for (const char* kind : {"kernel", "compiler"}) {
    for (const char* lang : {"c", "c++"}) {
      fs::remove_all(folder_);
      const std::vector<std::string> files = Write({"acme", kind, lang, folder_});
      EXPECT_THAT(files, testing::IsSupersetOf({"CMakeLists.txt", "README.md", "acme.json",
                                                "src/driver.h", "src/driver_sim.c",
                                                "tests/CMakeLists.txt", "tests/levels.c"}));
      EXPECT_THAT(Read(folder_ / "README.md"), testing::HasSubstr("acme"));
      for (const std::string& file : files)
        EXPECT_THAT(Read(folder_ / file), testing::Not(testing::HasSubstr("my_npu"))) << file;
      const bool compiles = std::string_view(kind) == "compiler";
      const std::string suffix = std::string_view(lang) == "c" ? ".c" : ".cc";
      EXPECT_EQ(fs::exists(folder_ / ("src/compile" + suffix)), compiles);
      EXPECT_EQ(fs::exists(folder_ / ("src/matmul" + suffix)), !compiles);
    }
  }
}

TEST_F(NewBackendTest, RefusesNamesFoldersInUseAndWhatCannotBeWritten) {
  EXPECT_EQ(Code({"Acme-2", "kernel", "c", folder_}), kUsage);
  EXPECT_THAT(message_, testing::HasSubstr("did you mean 'acme_2'?"));
  for (const char* taken : {"host", "reference", "simulator"}) {
    EXPECT_EQ(Code({taken, "kernel", "c", folder_}), kUsage);
    EXPECT_THAT(message_, testing::HasSubstr("a backend of Tenon's own"));
  }
  EXPECT_FALSE(fs::exists(folder_));
  fs::create_directories(folder_);
  EXPECT_EQ(Code({"acme", "kernel", "c", folder_}), kOk);  // empty: may be used
  EXPECT_EQ(Code({"acme", "kernel", "c", folder_}), kUsage);
  EXPECT_THAT(message_, testing::HasSubstr("has something in it"));
  EXPECT_EQ(Code({"acme", "kernel", "c", folder_ / "README.md"}), kUsage);
  EXPECT_EQ(Code({"acme", "kernel", "c", folder_ / "README.md" / "below"}), kNotWritable);
}

}  // namespace
}  // namespace tenon::tools

#include "files.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "failure.h"

namespace tenon::tools {
namespace {

namespace fs = std::filesystem;

class Files : public ::testing::Test {
 protected:
  Files()
      : folder_(fs::path(::testing::TempDir()) /
                fs::path("files_test." + std::to_string(getpid()))) {
    fs::create_directories(folder_);
  }
  ~Files() override { fs::remove_all(folder_); }
  std::string Path(const char* name) const { return folder_ / name; }
  static void Put(const std::string& path, std::string_view text) {
    WriteFile(path, text, nullptr, 0);
  }
  fs::path folder_;
};

TEST_F(Files, ReplacesAndLeavesNothingBeside) {
  Put(Path("a"), "first");
  std::ifstream open(Path("a"));
  Put(Path("a"), "other");
  std::string word;
  open >> word;
  EXPECT_EQ(word, "first");  // who had it open
  EXPECT_EQ(ReadFile(Path("a")), "other");
  EXPECT_EQ(std::distance(fs::directory_iterator(folder_), {}), 1);
}

TEST_F(Files, KeepsLinksAndPermissions) {
  Put(Path("a"), "first");
  fs::permissions(Path("a"), fs::perms::owner_read | fs::perms::owner_write);
  fs::create_symlink("a", Path("link"));
  Put(Path("link"), "other");
  EXPECT_TRUE(fs::is_symlink(Path("link")));
  EXPECT_EQ(ReadFile(Path("a")), "other");
  EXPECT_EQ(fs::status(Path("a")).permissions(), fs::perms::owner_read | fs::perms::owner_write);
}

TEST_F(Files, WhatIsNoFileIsWrittenInPlace) {
  Put("/dev/null", "text");
  EXPECT_TRUE(fs::is_character_file("/dev/null"));
  EXPECT_THROW(Put("/dev/full", "text"), Failure);
}

TEST_F(Files, SaysWhatCannotBeWritten) {
  EXPECT_THROW(Put(folder_, "text"), Failure);
  EXPECT_THROW(Put(Path("none/a"), "text"), Failure);
  EXPECT_THROW(CheckWritable("--save", folder_), Failure);
  EXPECT_THROW(CheckWritable("--save", Path("none/a")), Failure);
  CheckWritable("--save", Path("a"));
  CheckWritable("--save", "files_test.none");  // in the current folder
  EXPECT_FALSE(fs::exists(Path("a")));
}

}  // namespace
}  // namespace tenon::tools

#include "artifact_cache.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <thread>
#include <vector>

#include "tenon/backend/digest.h"

namespace tenon::backend {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

// The values are those of the xxhash package of PyPI.
TEST(Digest, IsXxh64) {
  std::string all(256, '\0');
  for (int i = 0; i < 256; ++i) all[static_cast<size_t>(i)] = static_cast<char>(i);
  EXPECT_EQ(Digest(""), 0xef46db3751d8e999);
  EXPECT_EQ(Digest("abc"), 0x44bc2cf5ad770999);
  EXPECT_EQ(Digest("xxhash", 20141025), 0xb559b98d844e0635);
  EXPECT_EQ(Digest("Call me Ishmael. Some years ago--never mind how long precisely-"),
            0x02a2e85470d6fd96);
  EXPECT_EQ(Digest(all, 7), 0xd233f62ec80e6ea8);
}

class ArtifactCache : public testing::Test {
 protected:
  void SetUp() override {
    services_->cache_directory =
        testing::TempDir() + "/tenon_artifact_cache_" + std::to_string(getpid());
    services_->log = [this](tenon_log_level level, std::string_view line) {
      log_ += std::to_string(level) + " " + std::string(line) + "\n";
    };
    fs::remove_all(directory());
  }
  void TearDown() override { fs::remove_all(directory()); }
  fs::path directory() const { return services_->cache_directory; }
  std::vector<fs::path> Files() const {
    std::vector<fs::path> files;
    for (const auto& entry : fs::recursive_directory_iterator(directory())) {
      if (entry.is_regular_file()) files.push_back(entry.path());
    }
    return files;
  }
  std::string Get(const HostTable& host, const std::string& key) {
    auto found = CacheGet(host, key);
    if (found.ok()) return std::string(found.value().bytes);
    EXPECT_EQ(found.status().code(), Code::kNotFound);
    return "nothing";
  }

  std::shared_ptr<HostServices> services_ = std::make_shared<HostServices>();
  std::string log_;
  HostTable host_{"acme", "1.0", 1, services_};
};

TEST_F(ArtifactCache, KeepsBytesByBackendVersionAndKey) {
  const HostTable newer("acme", "1.1", 1, services_), other("acme_1", "0", 1, services_);
  ASSERT_TRUE(CachePut(host_, "a/b", std::string("x\0y", 3)).ok());
  ASSERT_TRUE(CachePut(host_, "a_b", "other").ok());
  ASSERT_TRUE(CachePut(host_, "empty", "").ok());
  EXPECT_EQ(Get(host_, "a/b"), std::string("x\0y", 3));
  EXPECT_EQ(Get(host_, "a_b"), "other");
  EXPECT_EQ(Get(host_, "empty"), "");
  EXPECT_EQ(Get(host_, "c"), "nothing");
  EXPECT_EQ(Get(newer, "a/b"), "nothing");
  EXPECT_EQ(Get(other, "a/b"), "nothing");
  ASSERT_TRUE(CachePut(host_, "a_b", "second").ok());
  EXPECT_EQ(Get(host_, "a_b"), "second");
  EXPECT_EQ(log_, "");
  EXPECT_EQ(CachePut(host_, "", "x").code(), Code::kInvalidArgument);
  EXPECT_EQ(CacheGet(host_, std::string(256, 'k')).status().code(), Code::kInvalidArgument);
}

TEST_F(ArtifactCache, IsOffWithoutADirectory) {
  services_->cache_directory = "";
  EXPECT_TRUE(CachePut(host_, "a", "x").ok());
  EXPECT_EQ(Get(host_, "a"), "nothing");
}

TEST_F(ArtifactCache, BytesLiveOnWhenTheFileIsReplacedOrGone) {
  const std::string large(100'000, 'l');
  ASSERT_TRUE(CachePut(host_, "a", large).ok());
  auto kept = CacheGet(host_, "a");
  ASSERT_TRUE(kept.ok());
  EXPECT_EQ(reinterpret_cast<uintptr_t>(kept.value().bytes.data()) % 64, 0u);
  ASSERT_TRUE(CachePut(host_, "a", "short").ok());
  fs::remove_all(directory());
  EXPECT_EQ(kept.value().bytes, large);
}

TEST_F(ArtifactCache, EveryDamageIsFoundAndLogged) {
  ASSERT_TRUE(CachePut(host_, "key", "some bytes").ok());
  ASSERT_EQ(Files().size(), 1u);
  std::ifstream in(Files()[0], std::ios::binary);
  const std::string whole((std::istreambuf_iterator<char>(in)), {});
  const auto write = [&](const std::string& bytes) {
    std::ofstream(Files()[0], std::ios::binary) << bytes;
    log_.clear();
  };
  for (size_t at = 0; at < whole.size(); ++at) {
    std::string damaged = whole;
    damaged[at] = static_cast<char>(damaged[at] ^ 4);
    write(damaged);
    EXPECT_EQ(Get(host_, "key"), "nothing") << "byte " << at;
    EXPECT_THAT(log_, HasSubstr("damaged")) << "byte " << at;
    write(whole.substr(0, at));
    EXPECT_EQ(Get(host_, "key"), "nothing") << "cut at " << at;
    EXPECT_THAT(log_, HasSubstr("2 acme: artifact cache: ")) << "cut at " << at;
  }
  write(whole + "x");
  EXPECT_EQ(Get(host_, "key"), "nothing");
  ASSERT_TRUE(CachePut(host_, "key", "some bytes").ok());
  EXPECT_EQ(Get(host_, "key"), "some bytes");
}

TEST_F(ArtifactCache, WhatCannotBeWrittenIsAStatus) {
  std::ofstream(directory()) << "a file";
  const Status status = CachePut(host_, "a", "x");
  EXPECT_EQ(status.code(), Code::kIo);
  EXPECT_THAT(std::string(status.message()), HasSubstr("can't be written"));
  EXPECT_EQ(Get(host_, "a"), "nothing");
}

// As on a full disk: a write ends early. In a process of its own, as the limit is the process's.
TEST_F(ArtifactCache, NothingIsLeftOfAFileThatDoesNotFit) {
  ASSERT_TRUE(CachePut(host_, "before", "x").ok());
  const pid_t child = fork();
  if (child == 0) {
    signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{4096, 4096};
    setrlimit(RLIMIT_FSIZE, &limit);
    const Status status = CachePut(host_, "large", std::string(100'000, 'x'));
    _exit(status.code() == Code::kIo ? 0 : 1);
  }
  int ended = 0;
  ASSERT_EQ(waitpid(child, &ended, 0), child);
  EXPECT_TRUE(WIFEXITED(ended) && WEXITSTATUS(ended) == 0);
  EXPECT_EQ(Files().size(), 1u);
}

TEST_F(ArtifactCache, WritersAndReadersMeetWholeFiles) {
  const std::string values[2] = {std::string(50'000, 'a'), std::string(60'000, 'b')};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 50; ++i) {
        EXPECT_TRUE(CachePut(host_, "key", values[t % 2]).ok());
        auto found = CacheGet(host_, "key");
        EXPECT_TRUE(found.ok() &&
                    (found.value().bytes == values[0] || found.value().bytes == values[1]));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(Files().size(), 1u);
}

}  // namespace
}  // namespace tenon::backend

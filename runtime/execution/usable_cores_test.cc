#include "tenon/execution/usable_cores.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

namespace tenon::execution {
namespace {

class UsableCoresTest : public ::testing::Test {
 protected:
  void SetUp() override { std::filesystem::create_directories(mount_ / "outer/inner"); }
  void TearDown() override { std::filesystem::remove_all(mount_); }
  void Limit(const char* group, const char* text) {
    std::ofstream(mount_ / group / "cpu.max") << text << '\n';
  }
  uint32_t Granted(const char* membership) { return GrantedCores(membership, mount_.string()); }

  const std::filesystem::path mount_ =
      std::filesystem::path(::testing::TempDir()) /
      ("cgroup_" + std::to_string(::testing::UnitTest::GetInstance()->random_seed()) +
       ::testing::UnitTest::GetInstance()->current_test_info()->name());
};

TEST_F(UsableCoresTest, TheNarrowestGroupCounts) {
  Limit("outer", "150000 100000");
  Limit("outer/inner", "400000 100000");
  EXPECT_EQ(Granted("0::/outer/inner\n"), 2);
  EXPECT_EQ(Granted("12:cpu:/other\n0::/outer/inner\n"), 2);
}

TEST_F(UsableCoresTest, AShareOfACoreIsOne) {
  Limit("outer", "20000 100000");
  EXPECT_EQ(Granted("0::/outer\n"), 1);
}

TEST_F(UsableCoresTest, WhereNothingIsLimitedAllCoresCount) {
  Limit("outer", "max 100000");
  EXPECT_EQ(Granted("0::/outer/inner\n"), UINT32_MAX);
  EXPECT_EQ(Granted("0::/gone\n"), UINT32_MAX);
  EXPECT_EQ(Granted(""), UINT32_MAX);
  Limit("outer/inner", "nonsense");
  EXPECT_EQ(Granted("0::/outer/inner\n"), UINT32_MAX);
}

TEST_F(UsableCoresTest, ThisProcessHasACore) { EXPECT_GE(UsableCores(), 1U); }

}  // namespace
}  // namespace tenon::execution

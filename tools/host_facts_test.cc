#include "host_facts.h"

#include <gtest/gtest.h>

namespace tenon::tools {
namespace {

TEST(HostFactsTest, ReadsTheFirstProcessor) {
  const HostFacts facts = ParseCpuInfo(
      "processor\t: 0\nvendor_id\t: GenuineIntel\nmodel name\t: Some CPU @ 2.1GHz\nflags\t\t: fpu "
      "sse4_2 "
      "avx2 fma avx512f amx_tile xyz\n\nprocessor\t: 1\nmodel name\t: Other\nflags\t\t: avx\n");
  EXPECT_EQ(facts.processor, "Some CPU @ 2.1GHz");
  EXPECT_EQ(facts.instruction_sets,
            (std::vector<std::string>{"sse4_2", "avx2", "fma", "avx512f", "amx_tile"}));
}

TEST(HostFactsTest, ReadsArm) {
  const HostFacts facts = ParseCpuInfo("processor\t: 0\nFeatures\t: fp asimd asimddp i8mm\n\n");
  EXPECT_EQ(facts.processor, "");
  EXPECT_EQ(facts.instruction_sets, (std::vector<std::string>{"asimd", "asimddp", "i8mm"}));
}

TEST(HostFactsTest, ThisHostHasCoresAndMemory) {
  const HostFacts& facts = ReadHostFacts();
  EXPECT_GE(facts.cores, 1U);
  EXPECT_GT(facts.memory_bytes, uint64_t{64} << 20);
}

}  // namespace
}  // namespace tenon::tools

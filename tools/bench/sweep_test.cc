#include "bench/sweep.h"

#include <gtest/gtest.h>

namespace tenon::tools {
namespace {

std::vector<std::string> Labels(const BenchFlags& flags) {
  std::vector<std::string> labels;
  for (const Point& point : SweepPoints(flags)) labels.push_back(point.label);
  return labels;
}

TEST(SweepTest, OnePointHasNoLabel) {
  BenchFlags flags;
  flags.dims = {"N=8"};
  flags.thread_list = "2";
  const std::vector<Point> points = SweepPoints(flags);
  ASSERT_EQ(points.size(), 1U);
  EXPECT_EQ(points[0].label, "");
  EXPECT_EQ(points[0].threads, 2U);
  EXPECT_EQ(points[0].flags.dims, std::vector<std::string>{"N=8"});
}

TEST(SweepTest, ListsMultiplyAndLabelsNameWhatDiffers) {
  BenchFlags flags;
  flags.backends = "a,b\na+b";
  flags.dims = {"N=1,8", "S=16"};
  flags.thread_list = "1,2";
  EXPECT_EQ(Labels(flags), (std::vector<std::string>{
                               "a,b, N=1, threads 1", "a,b, N=1, threads 2", "a,b, N=8, threads 1",
                               "a,b, N=8, threads 2", "a+b, N=1, threads 1", "a+b, N=1, threads 2",
                               "a+b, N=8, threads 1", "a+b, N=8, threads 2"}));
  const Point last = SweepPoints(flags).back();
  EXPECT_EQ(last.flags.backends, "a+b");
  EXPECT_EQ(last.flags.dims, (std::vector<std::string>{"N=8", "S=16"}));
}

TEST(SweepTest, RefusesWhatIsNoListOfSizes) {
  for (const std::vector<std::string>& dims : std::vector<std::vector<std::string>>{
           {"N"}, {"=3"}, {"N=1,,2"}, {"N="}, {"N=-1"}, {"N=x"}, {"N=1", "N=2"}}) {
    BenchFlags flags;
    flags.dims = dims;
    try {
      SweepPoints(flags);
      ADD_FAILURE() << dims[0];
    } catch (const Failure& failure) {
      EXPECT_EQ(failure.code(), kUsage);
      EXPECT_NE(std::string(failure.what()).find(dims[0].substr(0, 1)), std::string::npos);
    }
  }
}

TEST(SweepTest, RefusesWhatIsNoListOfThreads) {
  for (const char* list : {"", "1,,2", "1,", "-1", "two", "1.5", "4294967296"}) {
    BenchFlags flags;
    flags.thread_list = list;
    EXPECT_THROW(SweepPoints(flags), Failure) << list;
  }
}

}  // namespace
}  // namespace tenon::tools

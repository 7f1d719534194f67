#include "table.h"

#include <gtest/gtest.h>

namespace tenon::tools {
namespace {

TEST(TableTest, PadsToTheWidestCellAndLeavesOutEmptyColumns) {
  Table table({"name", "unused", "ms"}, "llr");
  table.Add({"größe", "", "1.5"});
  table.Add({"a", "", "12.25"});
  EXPECT_EQ(table.Text(1), " name      ms\n größe    1.5\n a      12.25\n");
}

TEST(TableTest, ShortRowsAreFilledUp) {
  Table table({"a", "b"}, "ll");
  EXPECT_TRUE(table.empty());
  table.Add({"x"});
  EXPECT_EQ(table.Text(), "a\nx\n");
}

TEST(TableTest, NumbersHaveThreeDigitsAndAUnit) {
  EXPECT_EQ(Percent(0.0004), "<0.1 %");
  EXPECT_EQ(Percent(0.0994), "9.9 %");
  EXPECT_EQ(Percent(0.0996), "10 %");
  EXPECT_EQ(Percent(1), "100 %");
  EXPECT_EQ(Bytes(999), "999 B");
  EXPECT_EQ(Bytes(999'900), "1.00 MB");
  EXPECT_EQ(Bytes(12'345'678), "12.3 MB");
  EXPECT_EQ(Seconds(0.001234), "1.23 ms");
  EXPECT_EQ(Seconds(-0.0123), "-12.3 ms");
  EXPECT_EQ(Seconds(2e-10), "0.20 ns");
  EXPECT_EQ(Seconds(0), "0 s");
  EXPECT_EQ(Count(7), "7");
  EXPECT_EQ(Count(4'089'184'256.0), "4.09 G");
}

}  // namespace
}  // namespace tenon::tools

// What the cases do not reach: the ends of ranges, and the accuracy of vectorised functions.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "support/math.h"
#include "testing/held_node.h"

namespace tenon::operators::testing {
namespace {

template <typename T>
HeldTensor Vector(DataType type, std::vector<T> values) {
  return HeldTensor::Make(type, Shape{static_cast<int64_t>(values.size())}, values.data());
}
template <typename T>
std::vector<T> Compute(const char* op, DataType type, std::vector<std::vector<T>> inputs) {
  std::vector<HeldTensor> held;
  for (auto& input : inputs) held.push_back(Vector(type, input));
  const HeldNode node("", op, FindOperator("", op)->newest().number, std::move(held), 1);
  const auto result = node.Run();
  EXPECT_TRUE(result.ok()) << result.status().ToString();
  const T* data = (*result)[0].view.template as<T>();
  return {data, data + (*result)[0].view.shape.ElementCount()};
}

TEST(Integers, NeverTrap) {
  constexpr int32_t least = std::numeric_limits<int32_t>::min();
  using V = std::vector<int32_t>;
  EXPECT_EQ(Compute<int32_t>("Div", DataType::kInt32, {{7, least, 5}, {0, -1, -2}}),
            (V{0, least, -2}));
  EXPECT_EQ(Compute<int32_t>("Mod", DataType::kInt32, {{7, least, 5}, {0, -1, -3}}), (V{0, 0, -1}));
  EXPECT_EQ(Compute<int32_t>("Neg", DataType::kInt32, {{least, 3}}), (V{least, -3}));
  EXPECT_EQ(Compute<int32_t>("Pow", DataType::kInt32, {{0, 2, -1}, {-1, 40, -3}}), (V{0, 0, -1}));
}

TEST(Floats, KeepNaN) {
  const float nan = std::nanf("");
  for (const char* op : {"Relu", "Neg", "Exp", "Sqrt", "Abs"}) {
    EXPECT_TRUE(std::isnan(Compute<float>(op, DataType::kFloat32, {{nan, 1}})[0])) << op;
  }
  for (const char* op : {"Min", "Max"}) {
    EXPECT_TRUE(std::isnan(Compute<float>(op, DataType::kFloat32, {{nan}, {1}})[0])) << op;
    EXPECT_TRUE(std::isnan(Compute<float>(op, DataType::kFloat32, {{1}, {nan}})[0])) << op;
  }
}

TEST(Exponential, IsWithinTwoUnits) {
  for (float x = -105; x < 90; x += 0.00937F) {
    const auto expected = static_cast<float>(std::exp(static_cast<double>(x)));
    const float unit = std::max(std::nextafter(expected, INFINITY) - expected,
                                std::numeric_limits<float>::denorm_min());
    if (std::isinf(expected)) {
      EXPECT_TRUE(std::isinf(Exponential(x))) << x;
    } else {
      EXPECT_LE(std::fabs(Exponential(x) - expected), 2 * unit) << x;
    }
  }
  EXPECT_EQ(Exponential(-INFINITY), 0);
  EXPECT_EQ(Exponential(INFINITY), INFINITY);
}

TEST(SaturateCast, StaysInRange) {
  EXPECT_EQ(SaturateCast<int32_t>(1e20F), std::numeric_limits<int32_t>::max());
  EXPECT_EQ(SaturateCast<int64_t>(-1e30), std::numeric_limits<int64_t>::min());
  EXPECT_EQ(SaturateCast<uint8_t>(-3.0F), 0);
  EXPECT_EQ(SaturateCast<int8_t>(std::nan("")), 0);
  EXPECT_EQ(SaturateCast<int32_t>(-2.9), -2);
}

}  // namespace
}  // namespace tenon::operators::testing

// Convolutions of random geometry against seven plain loops in float64.
#include <gtest/gtest.h>

#include <random>

#include "testing/held_node.h"

namespace tenon::operators::testing {
namespace {

struct Geometry {
  int64_t batch, group, channels, outputs;  // channels and outputs of one group
  int64_t size[2], kernel[2], stride[2], dilation[2], pads[4];
};

std::vector<double> Convolve(const Geometry& g, const float* x, const float* w, const float* b,
                             const Shape& y) {
  std::vector<double> result;
  for (int64_t n = 0; n < g.batch; ++n) {
    for (int64_t m = 0; m < g.outputs * g.group; ++m) {
      for (int64_t i = 0; i < y[2] * y[3]; ++i) {
        double sum = b[m];
        for (int64_t k = 0; k < g.channels * g.kernel[0] * g.kernel[1]; ++k) {
          const int64_t kx = k % g.kernel[1], ky = k / g.kernel[1] % g.kernel[0],
                        c = k / (g.kernel[0] * g.kernel[1]);
          const int64_t iy = i / y[3] * g.stride[0] + ky * g.dilation[0] - g.pads[0];
          const int64_t ix = i % y[3] * g.stride[1] + kx * g.dilation[1] - g.pads[1];
          if (iy < 0 || iy >= g.size[0] || ix < 0 || ix >= g.size[1]) continue;
          const int64_t channel = n * g.channels * g.group + m / g.outputs * g.channels + c;
          sum += static_cast<double>(x[(channel * g.size[0] + iy) * g.size[1] + ix]) *
                 w[m * g.channels * g.kernel[0] * g.kernel[1] + k];
        }
        result.push_back(sum);
      }
    }
  }
  return result;
}

HeldTensor Random(std::mt19937& random, const Shape& shape) {
  HeldTensor tensor = HeldTensor::Make(DataType::kFloat32, shape, nullptr);
  std::uniform_real_distribution<float> value(-1, 1);
  for (int64_t i = 0; i < shape.ElementCount(); ++i) tensor.view.as<float>()[i] = value(random);
  return tensor;
}

TEST(Conv, EqualsPlainLoops) {
  std::mt19937 random(7);
  const auto pick = [&](int64_t least, int64_t most) {
    return std::uniform_int_distribution(least, most)(random);
  };
  int run = 0;
  for (int trial = 0; trial < 300; ++trial) {
    const bool depthwise = trial % 3 == 0;
    Geometry g = {pick(1, 2),
                  depthwise ? pick(1, 9) : pick(1, 3),
                  depthwise ? 1 : pick(1, 40),
                  depthwise ? pick(1, 2) : pick(1, trial % 10 == 1 ? 210 : 20),
                  {pick(1, 20), pick(1, 40)},
                  {pick(1, 4), pick(1, 4)},
                  {pick(1, 3), pick(1, 3)},
                  {pick(1, 2), pick(1, 3)},
                  {pick(0, 3), pick(0, 3), pick(0, 3), pick(0, 3)}};
    std::vector<HeldTensor> inputs;
    inputs.push_back(Random(random, Shape{g.batch, g.channels * g.group, g.size[0], g.size[1]}));
    inputs.push_back(
        Random(random, Shape{g.outputs * g.group, g.channels, g.kernel[0], g.kernel[1]}));
    inputs.push_back(Random(random, Shape{g.outputs * g.group}));
    HeldNode node("", "Conv", 1, std::move(inputs), 1);
    node.SetInt("group", g.group);
    node.SetInts("strides", g.stride);
    node.SetInts("dilations", g.dilation);
    node.SetInts("pads", g.pads);
    const auto y = node.Run();
    if (!y.ok()) {
      EXPECT_NE(y.status().message().find("the kernel spans"), std::string_view::npos)
          << y.status().ToString();
      continue;
    }
    ++run;
    const auto expected =
        Convolve(g, node.input(0).value->as<float>(), node.input(1).value->as<float>(),
                 node.input(2).value->as<float>(), (*y)[0].view.shape);
    ASSERT_EQ(static_cast<int64_t>(expected.size()), (*y)[0].view.shape.ElementCount());
    for (size_t i = 0; i < expected.size(); ++i) {
      ASSERT_NEAR((*y)[0].view.as<float>()[i], expected[i], 1e-4)
          << "trial " << trial << " at " << i;
    }
  }
  EXPECT_GT(run, 200);
}

}  // namespace
}  // namespace tenon::operators::testing

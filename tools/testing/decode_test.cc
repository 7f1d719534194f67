// A language model decodes on a device: one token a run, and the past, which grows, is donated: each run's present is the
// next run's past and never leaves the device. Every step equals ONNX Runtime's, whose numbers decode_reference.py wrote.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "npy.h"

namespace tenon::tools {
namespace {

constexpr double kBound = 1e-4;              // of the largest magnitude
constexpr uint64_t kRowBytes = 12 * 64 * 4;  // what one tensor of the past grows by in a step
constexpr const char* kLargest =
    "simulator.largest_allocation=268435456";  // the embedding is one tensor
constexpr uint64_t kLogitsBytes = uint64_t{50257} * 4;

std::string FileIn(const char* variable, const char* name) {
  const char* folder = std::getenv(variable);
  return std::string(folder ? folder : ".") + "/" + name;
}

std::span<const float> Floats(const HostTensor& tensor) {
  return {reinterpret_cast<const float*>(tensor.data.data()), tensor.data.size() / sizeof(float)};
}

double Difference(std::span<const float> got, std::span<const float> want) {
  double scale = 0, worst = 0;
  for (size_t i = 0; i < want.size(); ++i) {
    scale = std::max(scale, std::abs(static_cast<double>(want[i])));
    const double off = std::abs(static_cast<double>(got[i]) - static_cast<double>(want[i]));
    worst = std::isfinite(off) ? std::max(worst, off) : INFINITY;
  }
  return worst / scale;
}

class DecodeTest : public ::testing::TestWithParam<const char*> {
 protected:
  DecodeTest()
      : tokens_(ReadNpy(FileIn("TENON_TEST_DECODE", "tokens.npy"))),
        logits_(ReadNpy(FileIn("TENON_TEST_DECODE", "logits.npy"))),
        present_(ReadNpy(FileIn("TENON_TEST_DECODE", "present.npy"))),
        steps_(static_cast<uint32_t>(tokens_.dims[0])) {}

  Session Open(const SessionOptions& options) {
    return Session(runtime_, FileIn("TENON_TEST_MODELS", "gpt2_decode.onnx"), options);
  }
  // Binds an empty past in memory of `backend` and gives each of it to its present.
  void BindPast(const Session& session, Binding& binding, const std::string& backend) {
    const int64_t empty[] = {1, 12, 0, 64};
    for (uint32_t i = 1; i < session.inputs().size(); ++i) {
      binding.SetInput(i, session.CreateTensor(TENON_FLOAT32, empty, backend));
      binding.Donate(i, i);  // outputs are in the order of inputs: logits, then the present
    }
  }
  // One run; the difference of its logits to ONNX Runtime's.
  double Step(Binding& binding, uint32_t step, tenon_run_times* times) {
    auto* token = reinterpret_cast<int64_t*>(tokens_.data.data()) + step;
    binding.SetInput(0, Tensor::Wrap(std::span<int64_t>(token, 1), std::vector<int64_t>{1, 1}));
    RunOptions options;
    options.times = times;
    binding.Run(options);
    const auto* logits = static_cast<const float*>(binding.output_info(0).data);
    return Difference({logits, 50257}, Floats(logits_).subspan(size_t{step} * 50257, 50257));
  }
  // The whole present after the last step.
  double PresentDifference(const Session& session, const Binding& binding) {
    const size_t count = size_t{12} * steps_ * 64;
    std::vector<float> values(count);
    double worst = 0;
    for (uint32_t o = 1; o < session.outputs().size(); ++o) {
      Check(tenon_tensor_read(binding.output(o), values.data(), count * sizeof(float)));
      worst = std::max(worst, Difference(values, Floats(present_).subspan((o - 1) * count, count)));
    }
    return worst;
  }

  Runtime runtime_{{.layers = {"validate"}}};
  HostTensor tokens_, logits_, present_;
  uint32_t steps_;
};

TEST_P(DecodeTest, ThePastStaysOnTheDevice) {
  const Session session =
      Open({.backends = "simulator",
            .backend_options = {std::string("simulator.memory=") + GetParam(), kLargest}});
  Binding binding(session);
  BindPast(session, binding, "simulator");
  double worst = 0;
  std::vector<uint64_t> copied;
  for (uint32_t step = 0; step < steps_; ++step) {
    tenon_run_times times = TENON_INIT(tenon_run_times);
    worst = std::max(worst, Step(binding, step, &times));
    ASSERT_LE(worst, kBound) << "step " << step;
    copied.push_back(times.copied_bytes);
    const tenon_tensor_info present = binding.output_info(1);
    ASSERT_STREQ(present.backend, "simulator");
    ASSERT_EQ(present.data, nullptr);
    ASSERT_EQ(present.dims[2], step + 1);
  }
  EXPECT_LE(PresentDifference(session, binding), kBound);
  // The token goes in and the logits come out. What grows is less than a row of one tensor of the past: the mask.
  for (uint32_t step = 1; step < steps_; ++step)
    EXPECT_LT(copied[step], copied[step - 1] + kRowBytes / 8) << "step " << step;
  EXPECT_LT(copied.back(), kLogitsBytes + kRowBytes);
  EXPECT_EQ(runtime_.violations(), "");
  const tenon_session_stats stats = session.statistics();
  std::printf(
      "%s: %u steps, largest difference %.1e; copies a step %.1f, bytes %llu in the first and %llu "
      "in the last, past %llu\n",
      GetParam(), steps_, worst, static_cast<double>(stats.copy_count) / steps_,
      static_cast<unsigned long long>(copied.front()),
      static_cast<unsigned long long>(copied.back()),
      static_cast<unsigned long long>(24 * kRowBytes * steps_));
}
INSTANTIATE_TEST_SUITE_P(Memory, DecodeTest, ::testing::Values("locked", "handle", "unified"),
                         [](const auto& info) { return std::string(info.param); });

// The count is not blind: a past that lives on the host crosses in every step.
TEST_F(DecodeTest, APastOnTheHostCrosses) {
  const Session session = Open({.backends = "simulator", .backend_options = {kLargest}});
  Binding binding(session);
  BindPast(session, binding, "");
  for (uint32_t step = 0; step < 3; ++step) {
    tenon_run_times times = TENON_INIT(tenon_run_times);
    ASSERT_LE(Step(binding, step, &times), kBound);
    EXPECT_GE(times.copied_bytes, kLogitsBytes + 24 * kRowBytes * (2 * step + 1));
  }
}

}  // namespace
}  // namespace tenon::tools

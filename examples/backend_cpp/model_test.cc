// The built backend in a runtime, under the validation layer: a model of its three operators.
#include <gtest/gtest.h>

#include <algorithm>
#include <mutex>
#include <string>
#include <vector>

#include "tenon/runtime/tenon.hpp"

namespace {

TEST(Model, RunsOnTheBackendAloneInItsMemory) {
  std::mutex mutex;
  std::vector<std::string> lines;
  {
    const tenon::Runtime runtime({.backend_files = {EXAMPLE_BACKEND},
                                  .layers = {"validate"},
                                  .log =
                                      [&](tenon_log_level, const char* line) {
                                        const std::lock_guard lock(mutex);
                                        lines.emplace_back(line);
                                      },
                                  .log_level = TENON_LOG_DEBUG});
    const tenon::Session session(runtime, EXAMPLE_MODEL,
                                 {.backends = "example_cpp", .fallback = TENON_FALLBACK_FORBID});
    // The shape function gave the last dimension; rows stay open.
    ASSERT_EQ(session.outputs().at(0).dims, (std::vector<int64_t>{-1, 4}));
    for (const int64_t rows : {1, 5}) {
      std::vector<float> x(static_cast<size_t>(rows * 3)), expected;
      for (size_t i = 0; i < x.size(); ++i) x[i] = static_cast<float>(i % 7) - 3;
      const float bias[] = {0.5f, -0.5f, 0.25f, 0};
      for (int64_t row = 0; row < rows; ++row) {
        for (int64_t column = 0; column < 4; ++column) {
          float sum = bias[column];
          for (int64_t k = 0; k < 3; ++k) {
            const float weight = static_cast<float>(column * 3 + k) / 4 - 1;
            sum += x[static_cast<size_t>(row * 3 + k)] * weight;
          }
          expected.push_back(1.5f * std::max(sum, 0.0f));
        }
      }
      const std::vector<tenon::Tensor> y = session.Run({tenon::Tensor::Wrap(x, {rows, 3})});
      ASSERT_EQ(y.at(0).dims(), (std::vector<int64_t>{rows, 4}));
      for (size_t i = 0; i < expected.size(); ++i)
        EXPECT_NEAR(y[0].As<float>()[i], expected[i], 1e-5f) << "row and column of " << i;
    }
    EXPECT_EQ(runtime.violations(), "");
  }
  // What the device says when it is closed.
  const auto said = std::ranges::find_if(
      lines, [](const std::string& line) { return line.find("pool: ") != std::string::npos; });
  ASSERT_NE(said, lines.end());
  EXPECT_EQ(said->find("pool: 0 allocations"), std::string::npos) << *said;
  EXPECT_NE(said->find(", 0 bytes in use"), std::string::npos) << *said;
}

}  // namespace

// Sizes that are data, through the public API: runs that repeat, bound, donated and unwanted outputs, outputs on a device,
// runs at the same time, faults. The graphs are those of data_sizes.py, which compares them with ONNX Runtime and numpy.
#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <numeric>
#include <string>
#include <thread>
#include <vector>

#include "tenon/runtime/tenon.hpp"

namespace tenon {
namespace {

using Ints = std::vector<int64_t>;

std::string ModelPath(const std::string& name) {
  const char* folder = std::getenv("TENON_TEST_MODELS");
  return std::string(folder ? folder : ".") + "/data_sizes_" + name + ".onnx";
}

// A matrix with `count` elements that are not zero, which ones depends on the seed.
struct Matrix {
  int64_t rows, columns;
  std::vector<float> values;
  Matrix(int64_t r, int64_t c, int64_t count, int64_t seed = 0)
      : rows(r), columns(c), values(static_cast<size_t>(r * c)) {
    for (int64_t i = 0; i < count; ++i)
      values[static_cast<size_t>((seed + i * 7) % (r * c))] = static_cast<float>(i % 5 + 1);
  }
  Tensor Wrap() { return Tensor::Wrap(values, {rows, columns}); }
};

// What the graph "pick" gives: the indices, and their sum with one and two added.
struct Picked {
  Ints indices, sums{0, 0};
  std::vector<float> doubled;
  int64_t count = 0;
  explicit Picked(const Matrix& x) {
    Ints rows, columns;
    for (int64_t i = 0; i < x.rows * x.columns; ++i) {
      const float value = x.values[static_cast<size_t>(i)];
      if (value == 0) continue;
      rows.push_back(i / x.columns);
      columns.push_back(i % x.columns);
      doubled.push_back(2 * value);
      sums[0] += rows.back() + 1;
      sums[1] += columns.back() + 2;
      ++count;
    }
    indices = rows;
    indices.insert(indices.end(), columns.begin(), columns.end());
  }
};

template <typename T>
std::vector<T> Read(const Binding& binding, uint32_t output) {
  std::vector<T> out(binding.output_info(output).bytes / sizeof(T));
  Check(tenon_tensor_read(binding.output(output), out.data(), out.size() * sizeof(T)));
  return out;
}

void ExpectPicked(const Binding& binding, const Matrix& x) {
  const Picked expected(x);
  ASSERT_EQ(binding.output_info(0).dims[1], expected.count);
  EXPECT_EQ(Read<int64_t>(binding, 0), expected.indices);
  EXPECT_EQ(Read<float>(binding, 1), expected.doubled);
  EXPECT_EQ(binding.output_info(2).dims[0], expected.count);
  EXPECT_EQ(Read<int64_t>(binding, 3), expected.sums);
  EXPECT_EQ(Read<float>(binding, 4), x.values);
}

class DataSizes : public ::testing::TestWithParam<const char*> {
 protected:
  DataSizes() : runtime_(Options()) {}
  void TearDown() override { EXPECT_EQ(runtime_.violations(), ""); }

  static RuntimeOptions Options() {
    RuntimeOptions options;
    options.threads = 2;
    options.layers = {"validate"};
    return options;
  }
  // The parameter: options of the simulator, or "reference".
  Session Open(const std::string& model, std::vector<std::string> more = {},
               SessionOptions options = {}) {
    options.backends = "reference";
    if (std::string(GetParam()) != "reference") {
      options.backends = "simulator,reference";
      options.backend_options = {"simulator." + std::string(GetParam()), "simulator.claim=all"};
    }
    for (const std::string& option : more) options.backend_options.push_back(option);
    return Session(runtime_, ModelPath(model), options);
  }
  Runtime runtime_;
};

INSTANTIATE_TEST_SUITE_P(Places, DataSizes,
                         ::testing::Values("reference", "memory=handle", "memory=locked",
                                           "memory=unified"));

TEST_P(DataSizes, RunsWithOtherCountsOneAfterTheOther) {
  const Session session = Open("pick");
  Binding binding(session);
  uint64_t replans = 0;
  for (const int64_t count : {3, 0, 20, 20, 1, 35, 20, 0, 34}) {
    Matrix x(5, 7, count);
    const Tensor tensor = x.Wrap();
    binding.SetInput(0, tensor);
    binding.Run();
    ExpectPicked(binding, x);
    replans = session.statistics().replan_count;
    binding.Run();  // the same once more: nothing is planned
    ExpectPicked(binding, x);
    EXPECT_EQ(session.statistics().replan_count, replans);
  }
  Matrix other(11, 2, 9);
  const Tensor tensor = other.Wrap();
  binding.SetInput(0, tensor);
  binding.Run();
  ExpectPicked(binding, other);
}

TEST_P(DataSizes, KeepsMemoryBounded) {
  const Session session = Open("pick");
  Binding binding(session);
  uint64_t peak = 0;
  for (int run = 0; run < 60; ++run) {
    Matrix x(40, 50, run % 2 == 0 ? 2000 : 1 + run * 31, run);
    const Tensor tensor = x.Wrap();
    binding.SetInput(0, tensor);
    binding.Run();
    ExpectPicked(binding, x);
    if (run < 2) peak = session.statistics().charged_bytes;
  }
  // Blocks that grow get a quarter more.
  EXPECT_LE(session.statistics().charged_bytes, peak + peak / 2);
}

TEST_P(DataSizes, WritesIntoBoundOutputsOfTheRightShape) {
  const Session session = Open("pick");
  Binding binding(session);
  Matrix x(4, 6, 9);
  const Picked expected(x);
  const Tensor tensor = x.Wrap();
  binding.SetInput(0, tensor);
  Ints indices(18, -1), sums(2, -1);
  std::vector<float> doubled(9, -1);
  binding.SetOutput(0, Tensor::Wrap(indices, {2, 9}));
  binding.SetOutput(1, Tensor::Wrap(doubled, {9}));
  binding.SetOutput(3, Tensor::Wrap(sums, {2}));
  binding.Run();
  EXPECT_EQ(indices, expected.indices);
  EXPECT_EQ(doubled, expected.doubled);
  EXPECT_EQ(sums, expected.sums);
  for (const uint32_t output : {0u, 1u}) {  // of the kernel that allocates, and behind it
    Ints many(24);
    std::vector<float> few(8);
    binding.SetOutput(output, output == 0 ? Tensor::Wrap(many, {2, 12}) : Tensor::Wrap(few, {8}));
    try {
      binding.Run();
      ADD_FAILURE() << "a tensor of another shape was taken";
    } catch (const Error& error) {
      EXPECT_NE(std::string(error.what())
                    .find("the result is [" + std::string(output == 0 ? "2, 9" : "9")),
                std::string::npos)
          << error.what();
    }
    binding.SetOutput(output,
                      output == 0 ? Tensor::Wrap(indices, {2, 9}) : Tensor::Wrap(doubled, {9}));
    binding.Run();
    EXPECT_EQ(indices, expected.indices);
  }
}

TEST_P(DataSizes, LeavesOutputsOnADevice) {
  const std::string backend = std::string(GetParam()) == "reference" ? "reference" : "simulator";
  const Session session = Open("pick");
  Binding binding(session);
  for (uint32_t output = 0; output < 5; ++output) binding.SetOutputDevice(output, backend);
  for (const int64_t count : {4, 0, 17, 5}) {
    Matrix x(6, 3, count);
    const Tensor tensor = x.Wrap();
    binding.SetInput(0, tensor);
    binding.Run();
    ExpectPicked(binding, x);
  }
}

TEST_P(DataSizes, ComputesTheRestWhereAnOutputIsNotWanted) {
  const Session session = Open("pick");
  Matrix x(3, 5, 6);
  const Picked expected(x);
  const Tensor tensor = x.Wrap();
  for (uint32_t wanted = 0; wanted < 4; ++wanted) {
    Binding binding(session);
    binding.SetInput(0, tensor);
    for (uint32_t output = 0; output < 5; ++output) {
      if (output != wanted) binding.SkipOutput(output);
    }
    for (int run = 0; run < 2; ++run) {
      binding.Run();
      if (wanted == 0) {
        EXPECT_EQ(Read<int64_t>(binding, 0), expected.indices);
      }
      if (wanted == 1) {
        EXPECT_EQ(Read<float>(binding, 1), expected.doubled);
      }
      if (wanted == 3) {
        EXPECT_EQ(Read<int64_t>(binding, 3), expected.sums);
      }
    }
  }
}

// The indices of a run are the next run's input, and a list grows by them: in Tenon's memory and in the caller's.
TEST_P(DataSizes, DonatesWhatHasAnotherSizeEachTime) {
  const Session session = Open("carry");
  Ints first_indices(10), first_list = {1, 2, 3};
  std::iota(first_indices.begin(), first_indices.end(), 0);
  Binding binding(session);
  binding.SetInput(1, Tensor::Wrap(first_indices, {2, 5}));
  binding.SetInput(2, Tensor::Wrap(first_list, {3}));
  binding.Donate(1, 0);
  binding.Donate(2, 1);
  Ints indices = first_indices, list = first_list;
  for (const int64_t count : {5, 2, 2, 0, 8, 0, 3}) {
    Matrix x(3, 4, count, count);
    const Tensor tensor = x.Wrap();
    binding.SetInput(0, tensor);
    binding.Run();
    EXPECT_EQ(Read<int64_t>(binding, 2)[0],
              std::accumulate(indices.begin(), indices.end(), int64_t{0}));
    const Picked expected(x);
    indices = expected.indices;
    list.insert(list.end(), indices.begin() + expected.count, indices.end());
    EXPECT_EQ(Read<int64_t>(binding, 0), indices);
    EXPECT_EQ(Read<int64_t>(binding, 1), list);
  }
}

TEST_P(DataSizes, RunsAtTheSameTime) {
  const Session session = Open("pick");
  std::vector<std::thread> threads;
  std::atomic<int> wrong{0};
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (int run = 0; run < 25; ++run) {
        Matrix x(4, 8, (run * 5 + t * 3) % 33, t);
        const Picked expected(x);
        const std::vector<Tensor> outputs = session.Run({x.Wrap()});
        const std::span<const int64_t> indices = outputs.at(0).As<int64_t>(),
                                       sums = outputs.at(3).As<int64_t>();
        wrong += !std::equal(indices.begin(), indices.end(), expected.indices.begin(),
                             expected.indices.end());
        wrong += !std::equal(sums.begin(), sums.end(), expected.sums.begin(), expected.sums.end());
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong.load(), 0);
}

TEST_P(DataSizes, EndsWhereTheBudgetEnds) {
  SessionOptions options;
  options.budget_bytes = 12000;
  const Session session = Open("pick", {}, options);
  Binding binding(session);
  for (const int64_t count : {10, 200, 12}) {
    Matrix x(10, 20, count);
    const Tensor tensor = x.Wrap();
    binding.SetInput(0, tensor);
    if (count < 100) {
      binding.Run();
      ExpectPicked(binding, x);
      continue;
    }
    try {
      binding.Run();
      ADD_FAILURE() << "more than the budget was allocated";
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), TENON_BUDGET_EXCEEDED) << error.what();
    }
  }
}

using DataSizesAndFaults = DataSizes;
INSTANTIATE_TEST_SUITE_P(Memories, DataSizesAndFaults,
                         ::testing::Values("memory=handle", "memory=locked", "memory=unified"));

// Every fault of a kind, one after the other, until none is reached.
TEST_P(DataSizesAndFaults, EndInAStatusAndTheNextRunIsRight) {
  for (const char* kind : {"alloc", "copy", "kernel", "enqueue", "prepare"}) {
    int reached = 0;
    for (int occurrence = 1; occurrence < 60; ++occurrence) {
      Matrix x(4, 6, 9);
      std::string message;
      try {
        const Session session = Open(
            "again", {"simulator.fault=" + std::string(kind) + ":" + std::to_string(occurrence)});
        std::vector<Tensor> outputs;
        try {
          outputs = session.Run({x.Wrap()});
        } catch (const Error& error) {
          message = error.what();
          outputs = session.Run({x.Wrap()});
        }
        EXPECT_EQ(outputs.at(2).As<int64_t>()[1] - outputs.at(1).info().dims[1], 9)
            << kind << " " << occurrence;
      } catch (const Error& error) {
        message = error.what();  // while the session was made
      }
      reached += !message.empty();
      if (message.empty()) break;
    }
    EXPECT_GT(reached, 0) << kind;
    EXPECT_LT(reached, 59) << kind;
  }
}

using DataSizesAndAHang = DataSizes;
INSTANTIATE_TEST_SUITE_P(Memory, DataSizesAndAHang, ::testing::Values("memory=handle"));

// The run waits in the kernel for a device that does not come back.
TEST_P(DataSizesAndAHang, GivesUpInTime) {
  SessionOptions options;
  options.drain_timeout = std::chrono::milliseconds(100);
  Matrix x(4, 6, 9);
  const Session session = Open("alone", {"simulator.fault=hang:2"}, options);  // behind the copy
  RunOptions patience;
  patience.timeout = std::chrono::milliseconds(100);
  try {
    session.Run({x.Wrap()}, patience);
    ADD_FAILURE() << "the device does not hang";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), TENON_DEADLINE_EXCEEDED) << error.what();
    EXPECT_NE(std::string(error.what()).find("NonZero"), std::string::npos) << error.what();
  }
}

}  // namespace
}  // namespace tenon

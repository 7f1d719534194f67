// Runs a model a given number of times on `reference`, and nothing else: what callgrind counts.
//
// usage: run_times MODEL RUNS [GROW]: with GROW, every open dimension has the size 1 in the first
// run and one more in each following run; without, the shapes stay and tensors are bound once.
// Prints what the session did, and what opening the file and the first run took: time, and growth
// of resident memory of a process whose libraries are loaded.
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <vector>

#include "process_memory.h"
#include "tenon/runtime/tenon.hpp"

namespace {

std::vector<int64_t> ShapeOf(const tenon::ValueInfo& input, int64_t open) {
  std::vector<int64_t> dims = input.dims;
  for (int64_t& dim : dims) dim = dim < 0 ? open : dim;
  return dims;
}

size_t Count(const std::vector<int64_t>& dims) {
  size_t count = 1;
  for (int64_t dim : dims) count *= static_cast<size_t>(dim);
  return count;
}

int Main(const char* model, int runs, bool grow) {
  const tenon::Runtime runtime({.threads = 1});
  static_cast<void>(runtime.backends());
  const long long before = tenon::tools::ResidentBytes();
  const auto begin = std::chrono::steady_clock::now();
  const tenon::Session session(runtime, model, {.backends = "reference"});
  const tenon::ValueInfo input = session.inputs().at(0);
  tenon::Binding binding(session);
  std::vector<float> values;
  for (int run = 0; run < runs; ++run) {
    if (run == 0 || grow) {
      const std::vector<int64_t> dims = ShapeOf(input, 1 + run);
      values.assign(Count(dims), 0.5f);
      binding.SetInput(0, tenon::Tensor::Wrap(std::span<float>(values), dims));
    }
    binding.Run();
    if (run > 0) continue;
    const std::chrono::duration<double, std::milli> first =
        std::chrono::steady_clock::now() - begin;
    std::printf(
        "first output after %.3f ms, %.3f ms of it in kernels; resident memory grew by %lld "
        "bytes\n",
        first.count(), static_cast<double>(session.statistics().first_run_kernel_ns) * 1e-6,
        tenon::tools::ResidentBytes() - before);
  }
  const tenon_session_stats stats = session.statistics();
  std::printf("%u steps, %llu replans, %u plans kept, %llu bytes charged\n", stats.step_count,
              static_cast<unsigned long long>(stats.replan_count), stats.plan_count,
              static_cast<unsigned long long>(stats.charged_bytes));
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) {
    std::fprintf(stderr, "usage: run_times MODEL RUNS [grow]\n");
    return 2;
  }
  try {
    return Main(argv[1], std::atoi(argv[2]), argc > 3);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "run_times: %s\n", error.what());
    return 1;
  }
}

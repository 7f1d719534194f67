// Runs a model a given number of times on `reference` with one thread, and nothing else: what callgrind counts.
//
// usage: run_times MODEL RUNS [grow] [NAME=SPEC...]: inputs as `tenon run --input` has them, else zeros; with `grow`, every
// open dimension has the size 1 in the first run and one more in each following run; without, the shapes stay and tensors
// are bound once. Prints what the session did, and what opening the file and the first run took: time, and growth of
// resident memory of a process whose libraries are loaded, less the inputs.
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "input_spec.h"
#include "process_memory.h"
#include "session_flags.h"

namespace tenon::tools {
namespace {

using Clock = std::chrono::steady_clock;

double Milliseconds(Clock::duration time) {
  return std::chrono::duration<double, std::milli>(time).count();
}

// Zeros; every open dimension has this size.
std::vector<HostTensor> Zeros(const Session& session, int64_t open) {
  std::vector<HostTensor> tensors;
  for (const ValueInfo& input : session.inputs()) {
    std::vector<int64_t> dims = input.dims;
    for (int64_t& dim : dims) dim = dim < 0 ? open : dim;
    tensors.push_back(MakeTensor(input.dtype, dims));
  }
  return tensors;
}

int Main(const SessionFlags& flags, int runs, bool grow) {
  const std::unique_ptr<Runtime> runtime = MakeRuntime(1);
  static_cast<void>(runtime->backends());
  const long long before = ResidentBytes();
  const auto begin = Clock::now();
  const std::unique_ptr<Session> session = OpenOn(*runtime, flags);
  const auto opened = Clock::now();
  const long long before_inputs = ResidentBytes();
  std::vector<HostTensor> inputs =
      flags.inputs.empty() ? Zeros(*session, 1) : MakeInputs(*session, flags);
  const long long input_bytes = ResidentBytes() - before_inputs;
  const auto first = Clock::now();
  Binding binding(*session);
  for (int run = 0; run < runs; ++run) {
    if (run > 0 && grow) inputs = Zeros(*session, 1 + run);
    for (uint32_t i = 0; (run == 0 || grow) && i < inputs.size(); ++i)
      binding.SetInput(i, inputs[i].Wrap());
    binding.Run();
    if (run > 0) continue;
    std::printf(
        "first output after %.3f ms, %.3f ms of it in kernels; resident memory grew by %lld "
        "bytes\n",
        Milliseconds(opened - begin + (Clock::now() - first)),
        static_cast<double>(session->statistics().first_run_kernel_ns) * 1e-6,
        ResidentBytes() - before - input_bytes);
  }
  const tenon_session_stats stats = session->statistics();
  std::printf(
      "load: import %.3f, passes %.3f, placement %.3f, lower %.3f, kernels %.3f ms; first run: "
      "plan "
      "%.3f ms\n",
      static_cast<double>(stats.import_ns) * 1e-6, static_cast<double>(stats.passes_ns) * 1e-6,
      static_cast<double>(stats.placement_ns) * 1e-6, static_cast<double>(stats.lower_ns) * 1e-6,
      static_cast<double>(stats.kernels_ns) * 1e-6,
      static_cast<double>(stats.first_run_plan_ns) * 1e-6);
  std::printf("%u steps, %llu replans, %u plans kept, %llu bytes charged\n", stats.step_count,
              static_cast<unsigned long long>(stats.replan_count), stats.plan_count,
              static_cast<unsigned long long>(stats.charged_bytes));
  return 0;
}

}  // namespace
}  // namespace tenon::tools

int main(int argc, char** argv) {
  if (argc < 3) {
    std::fprintf(stderr, "usage: run_times MODEL RUNS [grow] [NAME=SPEC...]\n");
    return 2;
  }
  tenon::tools::SessionFlags flags;
  flags.model = argv[1];
  flags.backends = "reference";
  const bool grow = argc > 3 && std::strcmp(argv[3], "grow") == 0;
  flags.inputs.assign(argv + (grow ? 4 : 3), argv + argc);
  try {
    return tenon::tools::Main(flags, std::atoi(argv[2]), grow);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "run_times: %s\n", error.what());
    return 1;
  }
}

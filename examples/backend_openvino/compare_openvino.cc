// What Tenon costs: each model through Tenon on the backend "openvino" and through OpenVINO itself, in
// one process, in turns, on the same memory bound once. And what the artifact cache saves: the first
// load, and the second.
//
// usage: compare_openvino --backend FILE [--rounds 15] [--loads 3] [--ms 200] [--threads 2]
//                         [--dim NAME=V]... [--cpu] MODEL...
//
// A round runs both in turns of 20 ms, for --ms milliseconds each, and takes the medians. The rounds are
// spread over --loads loads of both, in changing order: where the memory of a load comes to lie makes a
// difference of some percent. --cpu takes the CPU time of the process instead, for a machine that has
// other work, too.
// A model passes where the median over the rounds is at most 3 % or 20 microseconds above OpenVINO's
// own, the second load takes at most half of the first, and the outputs are equal (within 1e-4 of the
// largest magnitude). Ends with exit code 1 where one does not.
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <filesystem>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "openvino.h"
#include "tenon/runtime/tenon.hpp"

namespace {

using example::Check;
using example::Made;
using Clock = std::chrono::steady_clock;

double MsSince(Clock::time_point begin) {
  return std::chrono::duration<double, std::milli>(Clock::now() - begin).count();
}
double Median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

struct Options {
  std::string backend;
  int rounds = 15, loads = 3;
  double ms = 200;
  uint32_t threads = 2;
  bool cpu = false;
  std::vector<std::string> dims, models;
};

// Memory of one input or output, the same for both engines.
struct Value {
  tenon_dtype dtype;
  std::vector<int64_t> dims;
  std::vector<std::byte> bytes;
  tenon::Tensor Wrap() { return tenon::Tensor::Wrap(dtype, dims, bytes.data(), bytes.size()); }
  example::Tensor ForOpenvino() {
    return example::Over(bytes.data(), example::TypeOf(dtype), dims);
  }
};

size_t SizeOf(tenon_dtype dtype) {
  if (dtype == TENON_FLOAT32 || dtype == TENON_INT32) return 4;
  if (dtype == TENON_INT64) return 8;
  throw std::runtime_error("inputs and outputs are float32, int32 or int64 here");
}

int64_t SizeOfDim(const std::string& name, const Options& options) {
  for (const std::string& dim : options.dims) {
    if (dim.starts_with(name + "=")) return std::stoll(dim.substr(name.size() + 1));
  }
  return 1;
}

// Floats normal, integers from 0 to 99; masks of ones.
Value MakeInput(const tenon::ValueInfo& info, const Options& options) {
  Value value{info.dtype, info.dims, {}};
  size_t count = 1;
  for (size_t i = 0; i < value.dims.size(); ++i) {
    if (value.dims[i] < 0) value.dims[i] = SizeOfDim(info.symbols[i], options);
    count *= static_cast<size_t>(value.dims[i]);
  }
  value.bytes.resize(count * SizeOf(value.dtype));
  std::mt19937 random(7);
  std::normal_distribution<float> normal;
  const bool mask = info.name.find("mask") != std::string::npos;
  for (size_t i = 0; i < count; ++i) {
    const int64_t whole = mask ? 1 : static_cast<int64_t>(random() % 100);
    const auto narrow = static_cast<int32_t>(whole);
    const float real = normal(random);
    const void* from = value.dtype == TENON_FLOAT32 ? static_cast<const void*>(&real)
                       : value.dtype == TENON_INT64 ? static_cast<const void*>(&whole)
                                                    : &narrow;
    const size_t size = SizeOf(value.dtype);
    std::memcpy(value.bytes.data() + i * size, from, size);
  }
  return value;
}

// The largest difference relative to the largest magnitude; integers must be equal.
double Difference(const Value& got, const Value& want) {
  if (got.dtype != TENON_FLOAT32) return got.bytes == want.bytes ? 0 : INFINITY;
  const auto* a = reinterpret_cast<const float*>(got.bytes.data());
  const auto* b = reinterpret_cast<const float*>(want.bytes.data());
  double worst = 0, largest = 0;
  for (size_t i = 0; i < got.bytes.size() / sizeof *a; ++i) {
    worst = std::max(worst, std::fabs(static_cast<double>(a[i]) - static_cast<double>(b[i])));
    largest = std::max(largest, std::fabs(static_cast<double>(b[i])));
  }
  return largest > 0 ? worst / largest : worst;
}

class ByTenon {
 public:
  ByTenon(const Options& options, const std::string& model, const std::string& cache)
      : runtime_({.discovery = TENON_DISCOVER_NONE,
                  .backend_files = {options.backend},
                  .threads = options.threads,
                  .cache_directory = cache,
                  .log = [](tenon_log_level, const char* line) {
                    std::fprintf(stderr, "%s\n", line);
                  }}) {
    (void)runtime_.backends();  // OpenVINO's libraries are loaded once, and are no part of a load
    for (double* ms : {&first_load_ms, &second_load_ms}) {
      binding_.reset();
      session_.reset();
      const auto begin = Clock::now();
      session_ = std::make_unique<tenon::Session>(tenon::Model(runtime_, model),
                                                  tenon::SessionOptions{.backends = "openvino"});
      *ms = MsSince(begin);
    }
    binding_ = std::make_unique<tenon::Binding>(*session_);
  }
  const tenon::Session& session() const { return *session_; }
  // Makes the outputs where they are not there yet.
  void Bind(std::vector<Value>& inputs, std::vector<Value>& outputs) {
    for (uint32_t i = 0; i < inputs.size(); ++i) {
      tensors_.push_back(inputs[i].Wrap());
      binding_->SetInput(i, tensors_.back());
    }
    binding_->Run();
    for (uint32_t o = 0; o < session_->outputs().size(); ++o) {
      const tenon_tensor_info info = binding_->output_info(o);
      const std::vector<int64_t> dims(info.dims, info.dims + info.rank);
      outputs.push_back({info.dtype, dims, std::vector<std::byte>(info.bytes)});
    }
    for (uint32_t o = 0; o < outputs.size(); ++o) {
      tensors_.push_back(outputs[o].Wrap());
      binding_->SetOutput(o, tensors_.back());
    }
  }
  void Run() { binding_->Run(); }
  double first_load_ms = 0, second_load_ms = 0;

 private:
  tenon::Runtime runtime_;
  std::unique_ptr<tenon::Session> session_;
  std::unique_ptr<tenon::Binding> binding_;
  std::vector<tenon::Tensor> tensors_;
};

class ByOpenvino {
 public:
  ByOpenvino(const Options& options, const std::string& model)
      : core_(Made<example::Core>("starting OpenVINO", ov_core_create)) {
    const std::string threads = std::to_string(options.threads);
    compiled_ = Made<example::Compiled>("compiling", [&](ov_compiled_model_t** out) {
      return ov_core_compile_model_from_file(core_.get(), model.c_str(), "CPU", 8, out,
                                             ov_property_key_inference_num_threads, threads.c_str(),
                                             ov_property_key_hint_performance_mode, "LATENCY",
                                             ov_property_key_hint_inference_precision, "f32",
                                             ov_property_key_hint_execution_mode, "ACCURACY");
    });
    request_ = Made<example::InferRequest>("making a request", [&](ov_infer_request_t** out) {
      return ov_compiled_model_create_infer_request(compiled_.get(), out);
    });
  }
  void Bind(std::vector<Value>& inputs, std::vector<Value>& outputs) {
    for (size_t i = 0; i < inputs.size(); ++i)
      Check(ov_infer_request_set_input_tensor_by_index(request_.get(), i,
                                                       inputs[i].ForOpenvino().get()),
            "binding an input");
    for (size_t o = 0; o < outputs.size(); ++o)
      Check(ov_infer_request_set_output_tensor_by_index(request_.get(), o,
                                                        outputs[o].ForOpenvino().get()),
            "binding an output");
  }
  void Run() { Check(ov_infer_request_infer(request_.get()), "running"); }

 private:
  example::Core core_;
  example::Compiled compiled_;
  example::InferRequest request_;
};

double CpuMs() {
  timespec now{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e3 + static_cast<double>(now.tv_nsec) / 1e6;
}

// Times of calls, of as many as fit into `ms`, and one at least.
template <typename F>
void Time(const Options& options, double ms, const F& call, std::vector<double>* samples) {
  const auto begin = Clock::now();
  do {
    const auto start = Clock::now();
    const double cpu = options.cpu ? CpuMs() : 0;
    call();
    samples->push_back(options.cpu ? CpuMs() - cpu : MsSince(start));
  } while (MsSince(begin) < ms);
}

// The medians of a round of both, in turns that are short, so that a slow spell of the machine hits both.
std::pair<double, double> Round(const Options& options, ByTenon& tenon, ByOpenvino& openvino) {
  constexpr double kTurnMs = 20;
  std::vector<double> ours, theirs;
  const auto begin = Clock::now();
  for (bool tenon_first = true; ours.size() < 3 || MsSince(begin) < 2 * options.ms;
       tenon_first = !tenon_first) {
    for (const bool of_tenon : {tenon_first, !tenon_first}) {
      if (of_tenon) {
        Time(
            options, kTurnMs, [&] { tenon.Run(); }, &ours);
      } else {
        Time(
            options, kTurnMs, [&] { openvino.Run(); }, &theirs);
      }
    }
  }
  return {Median(ours), Median(theirs)};
}

// Both engines with a model loaded and its inputs bound.
struct Pair {
  Pair(const Options& options, const std::string& model, const std::string& cache,
       bool tenon_first) {
    if (tenon_first) tenon.emplace(options, model, cache);
    openvino.emplace(options, model);
    if (!tenon_first) tenon.emplace(options, model, cache);
    for (const tenon::ValueInfo& info : tenon->session().inputs())
      inputs.push_back(MakeInput(info, options));
    tenon->Bind(inputs, outputs);
    expected = outputs;
    openvino->Bind(inputs, expected);
  }
  // After a run of both: the largest difference of an output.
  double Error() {
    tenon->Run();
    openvino->Run();
    double error = 0;
    for (size_t o = 0; o < outputs.size(); ++o)
      error = std::max(error, Difference(outputs[o], expected[o]));
    return error;
  }
  std::vector<Value> inputs, outputs, expected;
  std::optional<ByTenon> tenon;
  std::optional<ByOpenvino> openvino;
};

bool Compare(const Options& options, const std::string& model) {
  const std::filesystem::path cache =
      std::filesystem::temp_directory_path() / ("compare_openvino." + std::to_string(getpid()));
  std::filesystem::remove_all(cache);
  double error = 0, first_load_ms = 0, second_load_ms = 0;
  size_t segments = 0, nodes = 0;
  std::vector<double> ours, theirs, ratios, differences;
  for (int load = 0; load < options.loads; ++load) {
    Pair pair(options, model, cache, load % 2 == 0);
    error = std::max(error, pair.Error());
    for (int round = load; round < options.rounds; round += options.loads) {
      const auto [one, other] = Round(options, *pair.tenon, *pair.openvino);
      ours.push_back(one);
      theirs.push_back(other);
      ratios.push_back(one / other);
      differences.push_back((one - other) * 1e3);
    }
    if (load > 0) continue;
    first_load_ms = pair.tenon->first_load_ms;
    second_load_ms = pair.tenon->second_load_ms;
    for (const tenon_placement_row* row : pair.tenon->session().placement()) {
      nodes += *row->node != '\0';
      segments += std::strcmp(row->backend, "openvino") == 0;
    }
  }
  std::filesystem::remove_all(cache);
  const bool fast = Median(ratios) <= 1.03 || Median(differences) <= 20;
  const bool kept = second_load_ms <= first_load_ms / 2;
  const bool equal = error <= 1e-4;
  std::printf("%-26s %4zu/%-4zu %9.3f %9.3f %7.3f %8.1f  %8.0f %8.0f  %5.2f  %.1e  %s%s%s%s\n",
              std::filesystem::path(model).stem().c_str(), segments, nodes, Median(theirs),
              Median(ours), Median(ratios), Median(differences), first_load_ms, second_load_ms,
              second_load_ms / first_load_ms, error, fast && kept && equal ? "ok" : "",
              fast ? "" : "SLOW ", kept ? "" : "LOAD ", equal ? "" : "DIFFERENT");
  std::fflush(stdout);
  return fast && kept && equal;
}

Options Parse(int argc, char** argv) {
  Options options;
  for (int i = 1; i < argc; ++i) {
    const std::string flag = argv[i];
    if (flag == "--cpu") {
      options.cpu = true;
      continue;
    }
    if (flag.starts_with("--") && i + 1 == argc) throw std::runtime_error(flag + " wants a value");
    if (flag == "--backend") {
      options.backend = argv[++i];
    } else if (flag == "--rounds") {
      options.rounds = std::stoi(argv[++i]);
    } else if (flag == "--loads") {
      options.loads = std::stoi(argv[++i]);
    } else if (flag == "--ms") {
      options.ms = std::stod(argv[++i]);
    } else if (flag == "--threads") {
      options.threads = static_cast<uint32_t>(std::stoul(argv[++i]));
    } else if (flag == "--dim") {
      options.dims.emplace_back(argv[++i]);
    } else {
      options.models.push_back(flag);
    }
  }
  if (options.loads < 1 || options.rounds < options.loads)
    throw std::runtime_error("--rounds must be at least --loads, and --loads at least 1");
  if (options.backend.empty() || options.models.empty())
    throw std::runtime_error(
        "usage: compare_openvino --backend FILE [--rounds N] [--loads N] [--ms MS] "
        "[--threads N] [--dim NAME=V]... [--cpu] MODEL...");
  return options;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    const Options options = Parse(argc, argv);
    std::printf("%-26s %-9s %9s %9s %7s %8s  %8s %8s  %5s  %s\n", "", "nodes on", "openvino",
                "tenon", "", "differ.", "first", "second", "", "");
    std::printf("%-26s %-9s %9s %9s %7s %8s  %8s %8s  %5s  %s\n", "model", "openvino", "ms", "ms",
                "ratio", "us", "load ms", "load ms", "ratio", "error");
    int failed = 0;
    for (const std::string& model : options.models) failed += !Compare(options, model);
    return failed == 0 ? 0 : 1;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "compare_openvino: %s\n", error.what());
    return 2;
  }
}

// Runs a model in a C++ program: tells what it takes and gives, runs it, prints what came out.
//
// usage: embed_cpp MODEL [-b BACKENDS] [-t MILLISECONDS] [INPUT=[SHAPE:]VALUE | INPUT=[SHAPE:]@FILE]...
// for example: embed_cpp model.onnx -b reference -t 1000 image=1x3x224x224:0.5
//
// VALUE fills an input; FILE has its elements as they lie in memory, row by row. Inputs that are
// not named are filled with 1, dimensions that the model and SHAPE leave open are 1. -t: a run that
// takes longer is cancelled.
// Exit codes: 0 ok, 2 usage, 3 model rejected, 4 the run failed or took too long.
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <fstream>
#include <iostream>
#include <iterator>
#include <map>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "tenon/runtime/tenon.hpp"

namespace {

enum Exit { kUsage = 2, kModel = 3, kRun = 4 };

struct Arguments {
  std::string model, backends;
  std::chrono::nanoseconds timeout{0};
  std::map<std::string, std::string> inputs;  // "x": "1x3:0.5" or "@file"
};

Arguments Parse(int argc, char** argv) {
  Arguments arguments;
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    const size_t equals = word.find('=');
    const bool flag = word == "-b" || word == "-t";
    if (flag && i + 1 < argc) {
      const std::string value = argv[++i];
      if (word == "-b") arguments.backends = value;
      if (word == "-t")
        arguments.timeout = std::chrono::nanoseconds(int64_t(std::stod(value) * 1e6));
    } else if (!flag && arguments.model.empty()) {
      arguments.model = word;
    } else if (!flag && equals != std::string::npos) {
      arguments.inputs[word.substr(0, equals)] = word.substr(equals + 1);
    } else {
      throw std::invalid_argument("'" + word + "' is not understood");
    }
  }
  if (arguments.model.empty()) throw std::invalid_argument("no model");
  return arguments;
}

void Print(const char* what, const tenon::ValueInfo& info) {
  std::cout << what << ' ' << info.name << ' ' << tenon_dtype_name(info.dtype) << " [";
  for (size_t i = 0; i < info.dims.size(); ++i) {
    std::cout << (i > 0 ? ", " : "");
    if (info.dims[i] >= 0) {
      std::cout << info.dims[i];
    } else {
      std::cout << (info.symbols[i].empty() ? "?" : info.symbols[i]);
    }
  }
  std::cout << "]\n";
}

// Calls f with a T for the type that holds the elements.
template <typename F>
void WithType(tenon_dtype dtype, F f) {
  switch (dtype) {
    case TENON_FLOAT32:
      return f(float{});
    case TENON_FLOAT64:
      return f(double{});
    case TENON_INT64:
      return f(int64_t{});
    case TENON_INT32:
      return f(int32_t{});
    case TENON_UINT8:
    case TENON_BOOL:
      return f(uint8_t{});
    default:
      throw std::invalid_argument(std::string(tenon_dtype_name(dtype)) +
                                  ": this example does not know its elements");
  }
}

// An input's memory and the tensor over it.
struct Input {
  std::vector<char> bytes;
  tenon::Tensor tensor;
};

// The sizes that the model knows, then those of "1x3:..."; `said` is left with what is behind them.
std::vector<int64_t> ReadShape(const tenon::ValueInfo& info, std::string& said) {
  std::vector<int64_t> dims = info.dims;
  std::ranges::replace(dims, -1, 1);
  const size_t colon = said.find_first_not_of("0123456789x");
  if (colon == std::string::npos || said[colon] != ':') return dims;
  std::istringstream shape(said.substr(0, colon));
  std::string size;
  for (size_t i = 0; std::getline(shape, size, 'x'); ++i) {
    if (i >= dims.size())
      throw std::invalid_argument(info.name + ": SHAPE has too many dimensions");
    dims[i] = std::stoll(size);
  }
  said.erase(0, colon + 1);
  return dims;
}

Input MakeInput(const tenon::ValueInfo& info, std::string said) {
  if (info.kind != TENON_VALUE_TENSOR || !info.has_rank)
    throw std::invalid_argument(info.name + ": this example makes tensors of known rank only");
  const std::vector<int64_t> dims = ReadShape(info, said);
  uint64_t count = 1;
  for (const int64_t dim : dims) count *= static_cast<uint64_t>(dim);
  Input input;
  input.bytes.resize(tenon_dtype_bytes(info.dtype, count));
  if (said.starts_with('@')) {
    std::ifstream file(said.substr(1), std::ios::binary);
    const std::vector<char> content(std::istreambuf_iterator<char>(file), {});
    if (content.size() != input.bytes.size())
      throw std::invalid_argument(said + ": has " + std::to_string(content.size()) +
                                  " bytes, the input " + std::to_string(input.bytes.size()));
    input.bytes = content;
  } else {
    WithType(info.dtype, [&]<typename T>(T) {
      std::fill_n(reinterpret_cast<T*>(input.bytes.data()), count,
                  static_cast<T>(said.empty() ? 1.0 : std::stod(said)));
    });
  }
  input.tensor = tenon::Tensor::Wrap(info.dtype, dims, input.bytes.data(), input.bytes.size());
  return input;
}

void Print(const std::string& name, const tenon_tensor_info& info) {
  if (info.kind != TENON_VALUE_TENSOR)
    throw std::invalid_argument(name + ": this example prints tensors only");
  uint64_t count = 1;
  std::cout << name << " [";
  for (int32_t i = 0; i < info.rank; ++i) {
    std::cout << (i > 0 ? ", " : "") << info.dims[i];
    count *= static_cast<uint64_t>(info.dims[i]);
  }
  std::cout << "]:";
  WithType(info.dtype, [&]<typename T>(T) {
    const auto* data = static_cast<const T*>(info.data);
    for (uint64_t i = 0; i < std::min<uint64_t>(count, 8); ++i)
      std::cout << ' ' << static_cast<double>(data[i]);
  });
  std::cout << (count > 8 ? " ...\n" : "\n");
}

void Run(const tenon::Session& session, Arguments arguments) {
  const std::vector<tenon::ValueInfo> inputs = session.inputs(), outputs = session.outputs();
  for (const tenon::ValueInfo& info : inputs) Print("input", info);
  for (const tenon::ValueInfo& info : outputs) Print("output", info);

  // A binding keeps tensors for many runs; outputs that nothing is bound to get memory of Tenon's, kept as well.
  tenon::Binding binding(session);
  std::vector<Input> made;
  made.reserve(inputs.size());
  for (const tenon::ValueInfo& info : inputs) {
    made.push_back(MakeInput(info, arguments.inputs[info.name]));
    binding.SetInput(info.name, made.back().tensor);
  }
  for (const auto& [name, said] : arguments.inputs) {
    const auto is = [&](const tenon::ValueInfo& info) { return info.name == name; };
    if (std::ranges::none_of(inputs, is)) throw std::invalid_argument("no input " + name);
  }
  tenon_run_times times = TENON_INIT(tenon_run_times);
  binding.Run({.timeout = arguments.timeout, .times = &times});
  for (uint32_t i = 0; i < outputs.size(); ++i) Print(outputs[i].name, binding.output_info(i));
  std::cout << static_cast<double>(times.total_ns) / 1e6 << " ms\n";
}

int Fail(int code, const std::string& message) {
  std::cerr << "embed_cpp: " << message << '\n';
  return code;
}

}  // namespace

int main(int argc, char** argv) {
  std::cout.precision(7);
  Exit doing = kUsage;
  try {
    const Arguments arguments = Parse(argc, argv);
    // A runtime has the backends: here those beside its library, and what the environment adds.
    doing = kRun;
    const tenon::Runtime runtime({.use_environment = true});
    // A session is a model that is ready to run on them.
    doing = kModel;
    const tenon::Session session(runtime, arguments.model, {.backends = arguments.backends});
    doing = kRun;
    Run(session, arguments);
  } catch (const tenon::Error& error) {
    // Inputs that don't fit are noticed when they are bound, or by the run, which knows all sizes.
    const bool usage = doing == kRun && error.code() == TENON_INVALID_ARGUMENT;
    return Fail(usage ? kUsage : doing, error.what());
  } catch (const std::exception& error) {
    return Fail(kUsage, error.what());
  }
}

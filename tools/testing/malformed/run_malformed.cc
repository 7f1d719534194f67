// Opens and runs the models of make_malformed.py, each in a child process with limits, and compares the code in which that
// ends with the codes that are right for it.
//
// usage: run_malformed FOLDER [NUMBER]
//
// A model may use 2 seconds of the processor and 1 GB of memory. A child goes on to the next model until one kills it.
// NUMBER: that model alone, in this process. Ends with a line "N passed, N failed".
#include <poll.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <fstream>
#include <iostream>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "tenon/runtime/tenon.hpp"

#if defined(__has_feature)
#if __has_feature(address_sanitizer) && !defined(__SANITIZE_ADDRESS__)
#define __SANITIZE_ADDRESS__ 1
#endif
#endif
// With a sanitizer RLIMIT_AS can't be set: its shadow memory is address space.
#if defined(__SANITIZE_ADDRESS__)
extern "C" const char* __asan_default_options() {
  return "hard_rss_limit_mb=1024:quarantine_size_mb=32";
}
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kLimitAddressSpace = false;
#else
constexpr bool kLimitAddressSpace = true;
#endif

namespace {

constexpr double kMostSeconds = 2;
constexpr int kMostWallSeconds = 30;  // other processes run, too
constexpr uint64_t kMostBytes = 1 << 30;
constexpr tenon_dtype kString = 8;  // TensorProto.STRING

struct Case {
  std::string file, codes, what;
};

struct Outcome {
  int code = 0;
  double seconds = 0;
  std::string message;
};

std::vector<Case> ReadIndex(const std::string& folder) {
  std::vector<Case> cases;
  std::ifstream index(folder + "/index.tsv");
  for (std::string line; std::getline(index, line);) {
    std::istringstream fields(line);
    Case& row = cases.emplace_back();
    std::getline(fields, row.file, '\t');
    std::getline(fields, row.codes, '\t');
    std::getline(fields, row.what);
  }
  return cases;
}

std::vector<tenon::Tensor> ZeroInputs(const tenon::Session& session) {
  std::vector<tenon::Tensor> inputs;
  for (const tenon::ValueInfo& info : session.inputs()) {
    if (info.kind != TENON_VALUE_TENSOR) {
      inputs.push_back(tenon::Tensor::Sequence(info.dtype, {}, info.kind));
      continue;
    }
    std::vector<int64_t> dims = info.dims;
    uint64_t count = 1;
    for (size_t axis = 0; axis < dims.size(); ++axis) {
      if (dims[axis] < 0) dims[axis] = axis < 2 ? 2 : 48;  // a picture: [N, C, H, W]
      count *= static_cast<uint64_t>(dims[axis]);
    }
    if (info.dtype == kString && count < 1000) {
      inputs.push_back(tenon::Tensor::Strings(std::vector<std::string>(count), dims));
      continue;
    }
    inputs.push_back(session.CreateTensor(info.dtype, dims));
    const tenon_tensor_info made = inputs.back().info();
    if (made.data != nullptr) std::memset(made.data, 0, made.bytes);
  }
  return inputs;
}

void OpenAndRun(const tenon::Runtime& runtime, const std::string& path) {
  tenon::SessionOptions options;
  options.backends = "reference";
  options.budget_bytes = kMostBytes / 4;
  const tenon::Session session(tenon::Model(runtime, path), options);
  const std::vector<tenon::Tensor> inputs = ZeroInputs(session);
  static_cast<void>(session.Run(inputs, {.timeout = std::chrono::milliseconds(500)}));
}

double ProcessorSeconds() {
  timespec time{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

Outcome Try(const tenon::Runtime& runtime, const std::string& path) {
  Outcome outcome;
  const double begin = ProcessorSeconds();
  try {
    OpenAndRun(runtime, path);
  } catch (const tenon::Error& error) {
    outcome.code = error.code();
    outcome.message = error.what();
  }
  outcome.seconds = ProcessorSeconds() - begin;
  return outcome;
}

// "" or what is wrong with it.
std::string Judge(const Case& row, const Outcome& outcome) {
  const std::string code = tenon_code_name(outcome.code);
  std::string problem;
  if (("," + row.codes + ",").find("," + code + ",") == std::string::npos)
    problem = code + ", expected " + row.codes;
  else if (outcome.code != TENON_OK && outcome.message.empty())
    problem = code + " without a message";
  else if (outcome.seconds > kMostSeconds)
    problem = std::to_string(outcome.seconds) + " s";
  if (problem.empty()) return problem;
  return row.file + " (" + row.what + "): " + problem + ": " + outcome.message.substr(0, 500);
}

// Writes a line "i code seconds message" for each model, after a line "i" when it begins.
[[noreturn]] void Child(const std::string& folder, const std::vector<Case>& cases, size_t first,
                        int out) {
  if (kLimitAddressSpace) {
    const rlimit limit = {kMostBytes, kMostBytes};
    setrlimit(RLIMIT_AS, &limit);
  }
  const rlimit no_core = {0, 0};
  setrlimit(RLIMIT_CORE, &no_core);
  const tenon::Runtime runtime({.threads = 1});
  for (size_t i = first; i < cases.size(); ++i) {
    dprintf(out, "%zu\n", i);
    Outcome outcome = Try(runtime, folder + "/" + cases[i].file);
    for (char& c : outcome.message) {
      if (c == '\n' || c == '\0') c = ' ';
    }
    dprintf(out, "%zu %d %f %s\n", i, outcome.code, outcome.seconds, outcome.message.c_str());
  }
  _exit(0);
}

class Supervisor {
 public:
  Supervisor(std::string folder, std::vector<Case> cases)
      : folder_(std::move(folder)), cases_(std::move(cases)) {}

  int Run() {
    while (next_ < cases_.size()) RunChild();
    std::cout << "codes:";
    for (const auto& [code, count] : codes_)
      std::cout << " " << tenon_code_name(code) << " " << count;
    std::cout << "; most " << most_seconds_ << " s of the processor\n"
              << cases_.size() - failed_ << " passed, " << failed_ << " failed\n";
    return failed_ == 0 ? 0 : 1;
  }

 private:
  void RunChild() {
    int pipes[2];
    if (pipe(pipes) != 0) std::abort();
    std::cout.flush();
    const pid_t child = fork();
    if (child == 0) {
      close(pipes[0]);
      Child(folder_, cases_, next_, pipes[1]);
    }
    close(pipes[1]);
    running_ = false;
    const bool in_time = Read(pipes[0]);
    close(pipes[0]);
    if (!in_time) kill(child, SIGKILL);
    int status = 0;
    waitpid(child, &status, 0);
    if (next_ == cases_.size()) return;
    const std::string how = !in_time              ? "hangs"
                            : WIFSIGNALED(status) ? "signal " + std::to_string(WTERMSIG(status))
                                                  : "exit " + std::to_string(WEXITSTATUS(status));
    Fail(cases_[next_].file + " (" + cases_[next_].what + "): the process ended: " + how +
         (running_ ? "" : " before it began"));
    ++next_;
  }

  // Until the child closes its end; false where it takes too long.
  bool Read(int in) {
    std::string text;
    for (;;) {
      pollfd wait = {in, POLLIN, 0};
      const int ready = poll(&wait, 1, kMostWallSeconds * 1000);
      if (ready < 0 && errno == EINTR) continue;
      if (ready <= 0) return false;
      char bytes[65536];
      const ssize_t got = read(in, bytes, sizeof bytes);
      if (got <= 0) return true;
      text.append(bytes, static_cast<size_t>(got));
      for (size_t end; (end = text.find('\n')) != std::string::npos; text.erase(0, end + 1))
        Line(text.substr(0, end));
    }
  }

  void Line(const std::string& line) {
    std::istringstream fields(line);
    size_t index = 0;
    Outcome outcome;
    fields >> index;
    running_ = true;
    if (!(fields >> outcome.code >> outcome.seconds)) return;
    std::getline(fields >> std::ws, outcome.message);
    const std::string problem = Judge(cases_[index], outcome);
    if (!problem.empty()) Fail(problem);
    ++codes_[outcome.code];
    most_seconds_ = std::max(most_seconds_, outcome.seconds);
    next_ = index + 1;
    running_ = false;
  }

  void Fail(const std::string& what) {
    ++failed_;
    std::cout << "FAIL " << what << std::endl;
  }

  const std::string folder_;
  const std::vector<Case> cases_;
  size_t next_ = 0, failed_ = 0;
  bool running_ = false;
  double most_seconds_ = 0;
  std::map<int, size_t> codes_;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    std::cerr << "usage: run_malformed FOLDER [NUMBER]\n";
    return 2;
  }
  std::vector<Case> cases = ReadIndex(argv[1]);
  if (cases.empty()) {
    std::cerr << argv[1] << ": no index.tsv\n";
    return 2;
  }
  if (argc == 2) return Supervisor(argv[1], std::move(cases)).Run();
  const tenon::Runtime runtime({.threads = 1});
  const Case& row = cases.at(std::strtoul(argv[2], nullptr, 10));
  const Outcome outcome = Try(runtime, std::string(argv[1]) + "/" + row.file);
  const std::string problem = Judge(row, outcome);
  std::cout << row.what << ": " << tenon_code_name(outcome.code) << " in " << outcome.seconds
            << " s: " << outcome.message << "\n"
            << problem << "\n";
  return problem.empty() ? 0 : 1;
}

// tenon verify: runs the tests that come with models, folders as ONNX has them:
//   TEST/model.onnx, TEST/test_data_set_<i>/input_<j>.pb, output_<j>.pb
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <exception>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <thread>

#include "checks.h"
#include "comparison.h"
#include "files.h"
#include "junit.h"
#include "session_flags.h"
#include "value_pb.h"
#include "verbs.h"

namespace tenon::tools {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

struct VerifyFlags : SessionFlags {
  std::vector<std::string> paths;
  std::vector<std::string> known;  // names of tests that cannot pass
  Tolerance tolerance;
  uint32_t jobs = 1;
  bool quiet = false;
  std::string junit;  // file
};

struct Outcome {
  enum class Kind { kPassed, kFailed, kSkipped } kind = Kind::kPassed;
  double relative = 0, largest = 0;
  std::string reason;        // of a failure or a skip
  std::exception_ptr usage;  // wrong options, no failure of this test
};

// Folders with a model or with the name of a test, below `path` or `path` itself, sorted.
std::vector<fs::path> FindTests(const std::string& path) {
  std::error_code error;
  if (!fs::is_directory(path, error))
    throw Failure(kUsage,
                  fmt::format("{}: not a folder (expected that of a test, or one above it)", path));
  std::vector<fs::path> found;
  const auto is_test = [](const fs::path& folder) {
    std::error_code unknown;
    return fs::exists(folder / "model.onnx", unknown) ||
           folder.filename().string().starts_with("test_");
  };
  fs::path top = fs::path(path).lexically_normal();
  if (!top.has_filename()) top = top.parent_path();  // FOLDER/
  if (is_test(top)) return {top};
  auto at = fs::recursive_directory_iterator(top, error);
  for (; !error && at != fs::recursive_directory_iterator(); at.increment(error)) {
    std::error_code unknown;
    if (!at->is_directory(unknown) || !is_test(at->path())) continue;
    found.push_back(at->path());
    at.disable_recursion_pending();
  }
  if (error) throw Failure(kUsage, fmt::format("{}: can't be read: {}", path, error.message()));
  std::ranges::sort(found);
  return found;
}

// test_data_set_0/input_0.pb, input_1.pb .. as far as they go.
std::vector<fs::path> Numbered(const fs::path& folder, const char* prefix, const char* suffix) {
  std::vector<fs::path> found;
  for (;;) {
    const fs::path path = folder / fmt::format("{}{}{}", prefix, found.size(), suffix);
    if (!fs::exists(path)) return found;
    found.push_back(path);
  }
}

std::vector<HostTensor> ReadValues(const std::vector<fs::path>& files,
                                   const std::vector<ValueInfo>& infos) {
  std::vector<HostTensor> values;
  for (const fs::path& file : files) {
    const ValueInfo& info = infos[values.size()];
    values.push_back(ReadValuePb(file, info.kind, info.dtype));
  }
  return values;
}

// Runs one data set; what is wrong with it, or "".
std::string RunDataSet(const Session& session, const fs::path& folder, const Tolerance& tolerance,
                       Outcome* outcome) {
  const std::vector<fs::path> in = Numbered(folder, "input_", ".pb");
  const std::vector<fs::path> out = Numbered(folder, "output_", ".pb");
  const std::vector<ValueInfo> infos = session.outputs();
  if (in.size() != session.inputs().size() || out.size() != infos.size())
    return fmt::format("has {} inputs and {} outputs, the model {} and {}", in.size(), out.size(),
                       session.inputs().size(), infos.size());
  std::vector<HostTensor> inputs = ReadValues(in, session.inputs());
  const std::vector<HostTensor> wanted = ReadValues(out, infos);
  std::vector<Tensor> wrapped;
  for (HostTensor& input : inputs) wrapped.push_back(input.Wrap());
  const std::vector<Tensor> outputs = session.Run(wrapped);
  for (size_t i = 0; i < outputs.size(); ++i) {
    const Difference difference = Compare(outputs[i].get(), wanted[i], tolerance);
    outcome->largest = std::max(outcome->largest, difference.largest);
    outcome->relative = std::max(outcome->relative, difference.relative);
    if (!difference.mismatch.empty())
      return fmt::format("output {} \"{}\": {}", i, infos[i].name, difference.mismatch);
  }
  return "";
}

Outcome RunTest(const Runtime& runtime, const VerifyFlags& flags, const fs::path& folder) {
  Outcome outcome;
  const auto end = [&](Outcome::Kind kind, std::string reason) {
    outcome.kind = kind;
    outcome.reason = std::move(reason);
    return outcome;
  };
  const std::vector<fs::path> sets = Numbered(folder, "test_data_set_", "");
  if (!fs::exists(folder / "model.onnx") || sets.empty())
    return end(Outcome::Kind::kSkipped, "no model.onnx or no test_data_set_0");
  try {
    SessionFlags of_test = flags;
    of_test.model = folder / "model.onnx";
    std::unique_ptr<Session> session;
    try {
      session = OpenOn(runtime, of_test);
    } catch (const Failure& failure) {
      if (failure.code() != kUsage) throw;
      outcome.usage = std::current_exception();
      return outcome;
    }
    for (const fs::path& set : sets) {
      const std::string wrong = RunDataSet(*session, set, flags.tolerance, &outcome);
      if (!wrong.empty())
        return end(Outcome::Kind::kFailed, fmt::format("{}: {}", set.filename().string(), wrong));
    }
  } catch (const std::exception& error) {
    const std::string_view what = error.what();
    const std::string prefix = (folder / "model.onnx").string() + ": ";  // is said already
    return end(Outcome::Kind::kFailed,
               std::string(what.substr(what.starts_with(prefix) ? prefix.size() : 0)));
  }
  return outcome;
}

// A test that is known to fail is skipped; where it passes, it must leave the list.
Outcome RunKnownTest(const Runtime& runtime, const VerifyFlags& flags, const fs::path& folder) {
  Outcome outcome = RunTest(runtime, flags, folder);
  if (outcome.usage ||
      std::ranges::find(flags.known, folder.filename().string()) == flags.known.end())
    return outcome;
  if (outcome.kind == Outcome::Kind::kFailed) {
    outcome.kind = Outcome::Kind::kSkipped;
    outcome.reason = "known: " + outcome.reason;
  } else if (outcome.kind == Outcome::Kind::kPassed) {
    outcome.kind = Outcome::Kind::kFailed;
    outcome.reason = "passes, and --known says that it fails";
  }
  return outcome;
}

// All tests, `jobs` at once. Each outcome goes to `done` in the tests' order.
void RunAll(const Runtime& runtime, const VerifyFlags& flags, const std::vector<fs::path>& tests,
            const std::function<void(const fs::path&, const Outcome&)>& done) {
  std::vector<Outcome> outcomes(tests.size());
  std::vector<std::atomic<bool>> ready(tests.size());
  std::atomic<size_t> next{0};
  const auto work = [&] {
    for (size_t i = next++; i < tests.size(); i = next++) {
      outcomes[i] = RunKnownTest(runtime, flags, tests[i]);
      ready[i] = true;
      ready[i].notify_all();
    }
  };
  std::vector<std::jthread> threads;
  for (uint32_t i = 0; i < flags.jobs; ++i) threads.emplace_back(work);
  for (size_t i = 0; i < tests.size(); ++i) {
    ready[i].wait(false);
    if (outcomes[i].usage) {
      next = tests.size();
      std::rethrow_exception(outcomes[i].usage);
    }
    done(tests[i], outcomes[i]);
  }
}

// A backend that isn't there would fail each test.
void CheckNames(const Runtime& runtime, const std::string& list) {
  const std::vector<std::string> names = NamesIn(list);
  if (names.empty()) return;
  std::vector<std::string> known;
  for (const tenon_backend_info* info : runtime.backends()) known.push_back(info->name);
  for (const std::string& name : names) {
    if (std::ranges::find(known, name) == known.end())
      throw Failure(kUsage, fmt::format("backend \"{}\" was not found; there are: {}", name,
                                        fmt::join(known, ", ")));
  }
}

int Verify(const VerifyFlags& flags) {
  std::vector<fs::path> tests;
  for (const std::string& path : flags.paths) {
    const std::vector<fs::path> found = FindTests(path);
    if (found.empty()) throw Failure(kUsage, fmt::format("{}: no test in it or below", path));
    tests.insert(tests.end(), found.begin(), found.end());
  }
  for (const std::string& known : flags.known) {
    if (std::ranges::none_of(tests, [&](const fs::path& test) { return test.filename() == known; }))
      throw Failure(kUsage, fmt::format("--known {}: no test has this name", known));
  }
  const std::unique_ptr<Runtime> runtime =
      MakeRuntime(flags.threads ? flags.threads : 1, flags.backend_files, false, flags.cache);
  CheckNames(*runtime, flags.backends);
  static constexpr const char* kWords[] = {"passed", "failed", "skipped"};
  size_t counts[3] = {};
  Json cases = Json::array();
  JunitReport junit("tenon verify");
  RunAll(*runtime, flags, tests, [&](const fs::path& test, const Outcome& outcome) {
    const auto kind = static_cast<size_t>(outcome.kind);
    ++counts[kind];
    junit.Add(test.string(), static_cast<JunitReport::Result>(kind), outcome.reason);
    if (flags.json) {
      cases.push_back({{"test", test.string()},
                       {"result", kWords[kind]},
                       {"relative", Finite(outcome.relative)},
                       {"largest", Finite(outcome.largest)},
                       {"reason", outcome.reason}});
    } else if (outcome.kind != Outcome::Kind::kPassed) {
      fmt::print("{:<8} {}: {}\n", kWords[kind], test.string(), outcome.reason);
    } else if (!flags.quiet) {
      fmt::print("{:<8} {}  {:.1e} of the largest magnitude, {:.1e} absolute\n", kWords[kind],
                 test.string(), outcome.relative, outcome.largest);
    }
  });
  if (flags.json) {
    const Json json = {{"version", 1},
                       {"passed", counts[0]},
                       {"failed", counts[1]},
                       {"skipped", counts[2]},
                       {"tests", cases}};
    PrintJson(json);
  } else {
    fmt::print("{} passed, {} failed, {} skipped\n", counts[0], counts[1], counts[2]);
  }
  if (!flags.junit.empty()) junit.Write(flags.junit);
  CheckViolations(*runtime);
  if (counts[0] + counts[1] == 0 && flags.known.empty())
    throw Failure(kUsage, "no test ran (expected TEST/model.onnx, TEST/test_data_set_0 in a PATH)");
  return counts[1] ? kMismatch : kOk;
}

}  // namespace

void AddVerify(CLI::App& app, Action& action) {
  CLI::App* verb = app.add_subcommand("verify", "Runs the tests that come with models");
  auto flags = std::make_shared<VerifyFlags>();
  verb->add_option("paths", flags->paths, "Folders of tests, or above them")
      ->required()
      ->type_name("PATH");
  flags->AddSessionTo(*verb);
  verb->add_option("--rtol", flags->tolerance.rtol,
                   "What floats may differ by, of the largest magnitude of the output; 0.0001")
      ->check(Between(0));
  verb->add_option("--atol", flags->tolerance.atol, "The same, absolute, in addition; 1e-7")
      ->check(Between(0));
  verb->add_option("-j,--jobs", flags->jobs, "Tests that run at once")->check(Between(1, 256));
  verb->add_option("--known", flags->known,
                   "A test that is known to fail: counts as skipped, and as failed where it passes")
      ->type_name("NAME")
      ->allow_extra_args(false);
  verb->add_option("--threads", flags->threads, "Threads that compute, for all tests; 1");
  verb->add_option("--junit", flags->junit, "Writes the results as JUnit's XML")->type_name("FILE");
  verb->add_flag("--quiet", flags->quiet, "Prints what did not pass, and the counts");
  verb->footer(
      "A test is a folder with model.onnx and test_data_set_<i>/input_<j>.pb, output_<j>.pb. Exit "
      "code 1 where one fails.\n"
      "Example: tenon verify /usr/share/libonnx-testdata/data/simple -b reference -j 2");
  verb->callback([flags, &action] { action = [flags] { return Verify(*flags); }; });
}

}  // namespace tenon::tools

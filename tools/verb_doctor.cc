// tenon doctor: whether this machine and installation are in order, and what to do where they are not.
#include <dlfcn.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>
#if defined(__GLIBC__)
#include <gnu/libc-version.h>
#endif

#include <chrono>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>

#include "files.h"
#include "host_facts.h"
#include "session_flags.h"
#include "smoke_model.h"
#include "table.h"
#include "verbs.h"

namespace tenon::tools {
namespace {

using Json = nlohmann::ordered_json;

struct Finding {
  enum class Result { kOk, kNote, kFailed } result = Result::kOk;
  std::string subject, detail;
  std::string remedy;  // "" where all is well
};
constexpr const char* kResults[] = {"ok", "note", "FAILED"};

// Bytes of what /proc/meminfo tells in kB.
double MemoryInfo(const std::string& key) {
  std::ifstream file("/proc/meminfo");
  for (std::string line; std::getline(file, line);) {
    if (!line.starts_with(key)) continue;
    return std::strtod(line.c_str() + line.find(':') + 1, nullptr) * 1024;
  }
  return 0;
}

Finding CheckLibrary() {
  Dl_info info{};
  dladdr(reinterpret_cast<void*>(&tenon_version), &info);
  std::string libc;
#if defined(__GLIBC__)
  libc = fmt::format(", glibc {}", gnu_get_libc_version());
#endif
  return {Finding::Result::kOk, "runtime",
          fmt::format("tenon {}, ABI {}.{}, {}{}", tenon_version(), TENON_ABI_MAJOR,
                      TENON_ABI_MINOR, info.dli_fname ? info.dli_fname : "linked in", libc),
          ""};
}

Finding CheckCpu(const Runtime& runtime) {
  const HostFacts& facts = ReadHostFacts();
  const uint32_t threads = runtime.threads();
  Finding finding{
      Finding::Result::kOk, "cpu",
      fmt::format("{}; {}; {} of {} cores", facts.processor, fmt::join(facts.instruction_sets, " "),
                  facts.cores, sysconf(_SC_NPROCESSORS_ONLN)),
      ""};
  if (threads < facts.cores) {
    finding.result = Finding::Result::kNote;
    finding.detail += fmt::format(", of which a control group grants the time of {}", threads);
    finding.remedy = "raise the group's cpu.max, where more threads should compute";
  }
  return finding;
}

Finding CheckMemory() {
  const double total = MemoryInfo("MemTotal"), free = MemoryInfo("MemAvailable");
  const bool low = free < 0.05 * total;
  return {low ? Finding::Result::kNote : Finding::Result::kOk, "memory",
          fmt::format("{} of {} available", Bytes(free), Bytes(total)),
          low ? "models may not fit; --budget limits what a session asks for" : ""};
}

void CheckEnvironment(std::vector<Finding>& findings) {
  for (const char* name :
       {"TENON_ADD_BACKEND_FILES", "TENON_BACKEND_FILES", "TENON_BACKENDS_SELECT",
        "TENON_BACKENDS_DISABLE", "TENON_LAYERS", "TENON_ARTIFACT_CACHE"}) {
    const char* value = std::getenv(name);
    if (!value) continue;
    findings.push_back(
        {Finding::Result::kNote, "environment", fmt::format("{}={}", name, value),
         std::string(name) == "TENON_LAYERS" ? "layers cost time: unset it before you measure"
         : std::string(name) == "TENON_ARTIFACT_CACHE"
             ? "loads take what was compiled before: unset it before you measure them"
         : std::string(name) == "TENON_ADD_BACKEND_FILES"
             ? "these backends come instead of the installation's of the same name"
             : fmt::format("unset {} to get the backends of the installation", name)});
  }
}

struct Smoke {
  std::string wrong;  // "" where the model's output is right
  bool refused = false;
  size_t taken = 0;  // nodes on the backend
};

// The smoke model on a list of backends that begins with `backend`.
Smoke RunSmoke(const Runtime& runtime, const std::string& backend, const std::string& list) {
  const SmokeModel smoke = MakeSmokeModel();
  Smoke result;
  try {
    const Model model(runtime, std::as_bytes(std::span(smoke.onnx)));
    SessionOptions options;
    options.backends = list;
    options.fallback = list == backend ? TENON_FALLBACK_FORBID : TENON_FALLBACK_REPORT;
    Session session(model, options);
    for (const tenon_placement_row* row : session.placement())
      result.taken += *row->node != '\0' && row->backend == backend;
    HostTensor input =
        MakeTensor(TENON_FLOAT32, {smoke.input_dims.begin(), smoke.input_dims.end()});
    std::memcpy(input.data.data(), smoke.input.data(), input.data.size());
    std::vector<Tensor> inputs;
    inputs.push_back(input.Wrap());
    const std::vector<Tensor> outputs = session.Run(inputs);
    std::vector<float> got(smoke.expected.size());
    outputs[0].Read(got.data(), got.size() * sizeof(float));
    for (size_t i = 0; i < got.size() && result.wrong.empty(); ++i) {
      if (!(std::abs(got[i] - smoke.expected[i]) <= 0.05F))
        result.wrong = fmt::format("y[{}] is {}, expected {}", i, got[i], smoke.expected[i]);
    }
    if (result.wrong.empty()) result.wrong = runtime.violations();
  } catch (const Error& error) {
    result.refused = error.code() == TENON_UNSUPPORTED || error.code() == TENON_NOT_FOUND;
    result.wrong = error.what();
  }
  return result;
}

Finding CheckBackend(const Runtime& runtime, const tenon_backend_info& info) {
  Finding finding{Finding::Result::kOk, *info.name ? info.name : info.library_path, "", ""};
  if (info.code != TENON_OK) {
    finding.result = Finding::Result::kFailed;
    finding.detail = info.refusal;
    finding.remedy = fmt::format("tenon backends info {}",
                                 *info.manifest_path ? info.manifest_path : info.library_path);
    return finding;
  }
  Smoke smoke = RunSmoke(runtime, info.name, info.name);
  const std::string with_help = fmt::format("{},reference", info.name);
  const bool helped = smoke.refused;
  if (helped) smoke = RunSmoke(runtime, info.name, with_help);
  finding.detail =
      fmt::format("{} kernels{}, {} device{}", info.kernel_count, info.compiles ? ", compiles" : "",
                  info.device_count, info.device_count == 1 ? "" : "s");
  if (info.device_count == 0) {
    finding.result = Finding::Result::kNote;
    finding.remedy = "no device is in this machine, or its driver does not see it";
  } else if (smoke.wrong.empty() && smoke.taken == 0) {
    finding.result = Finding::Result::kNote;
    finding.detail += "; takes no node of y = Relu(x * w + b)";
    finding.remedy = fmt::format("list another backend behind it: -b {}", with_help);
  } else if (smoke.wrong.empty()) {
    finding.detail += "; y = Relu(x * w + b) is right";
    if (helped) finding.detail += fmt::format(", {} of its nodes here", smoke.taken);
  } else {
    finding.result = Finding::Result::kFailed;
    finding.detail += "; y = Relu(x * w + b): " + smoke.wrong;
    finding.remedy =
        fmt::format("tenon backends info {}; leave it out with TENON_BACKENDS_DISABLE={}",
                    info.library_path, info.name);
  }
  for (uint32_t i = 0; i < info.left_out_count; ++i) {
    finding.result = std::max(finding.result, Finding::Result::kNote);
    finding.detail += fmt::format("; left out: {}", info.left_out[i]);
  }
  return finding;
}

struct DoctorFlags {
  std::vector<std::string> backend_files;
  bool json = false;
};

int Doctor(const DoctorFlags& flags) {
  const std::unique_ptr<Runtime> runtime = MakeRuntime(0, flags.backend_files);
  std::vector<Finding> findings = {CheckLibrary(), CheckCpu(*runtime), CheckMemory()};
  CheckEnvironment(findings);
  const auto backends = runtime->backends();
  for (const tenon_backend_info* info : backends) findings.push_back(CheckBackend(*runtime, *info));
  if (backends.empty()) {
    findings.push_back({Finding::Result::kFailed, "backends", "none was found",
                        "install one, or name its file: --backend-file FILE"});
  }
  bool failed = false;
  Json json = {{"version", 1}, {"checks", Json::array()}};
  Table table({"", "", ""}, "lll");
  for (const Finding& finding : findings) {
    const char* result = kResults[static_cast<int>(finding.result)];
    failed |= finding.result == Finding::Result::kFailed;
    json["checks"].push_back({{"subject", finding.subject},
                              {"result", result},
                              {"detail", finding.detail},
                              {"remedy", finding.remedy}});
    table.Add({finding.subject, result, finding.detail});
    if (!finding.remedy.empty()) table.Add({"", "", "-> " + finding.remedy});
  }
  json["healthy"] = !failed;
  if (flags.json)
    PrintJson(json);
  else
    fmt::print("{}", table.Text().substr(1));
  return failed ? kBackendFailed : kOk;
}

}  // namespace

void AddDoctor(CLI::App& app, Action& action) {
  CLI::App* verb = app.add_subcommand(
      "doctor", "Checks the machine, the installation and each backend, and says what to do");
  auto flags = std::make_shared<DoctorFlags>();
  verb->add_option("--backend-file", flags->backend_files,
                   "A backend's shared object or manifest, besides those that are found")
      ->type_name("FILE")
      ->allow_extra_args(false);
  verb->add_flag("--json", flags->json, "Print JSON on stdout");
  verb->footer("Example: tenon doctor");
  verb->callback([flags, &action] { action = [flags] { return Doctor(*flags); }; });
}

}  // namespace tenon::tools

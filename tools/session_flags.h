// The flags that all verbs on a model share, and what is opened with them.
#pragma once

#include <CLI/App.hpp>
#include <memory>
#include <string>
#include <vector>

#include "failure.h"
#include "host_tensor.h"

namespace tenon::tools {

struct SessionFlags {
  std::string model;
  std::string backends;
  std::vector<std::string> settings;  // BACKEND.OPTION=VALUE
  std::vector<std::string> dims;      // NAME=V
  std::vector<std::string> inputs;    // NAME=SPEC
  std::string numerics = "standard";
  std::string fallback = "report";
  std::vector<std::string> backend_files;
  std::string cache;  // folder of compiled artifacts
  uint32_t threads = 0;
  uint64_t budget = 0;
  uint64_t plan_cache = 0;
  bool json = false;
  std::vector<std::string> part_inputs, part_outputs;  // no flags: of SessionOptions

  void AddTo(CLI::App& verb, bool with_inputs);  // the model, and:
  void AddSessionTo(CLI::App& verb);
};

// A session with the runtime it belongs to. Failures become exit codes: kModelRejected, kBackendFailed or kUsage.
struct OpenedSession {
  std::unique_ptr<Runtime> runtime;
  std::unique_ptr<Session> session;
};
SessionOptions OptionsOf(const SessionFlags& flags, tenon_session_flags stage_flags = 0,
                         uint32_t threads = 0);
// What a failure to open means for the exit code. `model_stage`: the model was read, not yet placed.
[[noreturn]] void RethrowOpenError(const Error& error, bool model_stage, const SessionFlags& flags);
// stage_flags: TENON_SESSION_... ; threads 0: as the flags say.
OpenedSession Open(const SessionFlags& flags, tenon_session_flags stage_flags = 0,
                   uint32_t threads = 0);
// The same on a runtime of the caller's.
std::unique_ptr<Session> OpenOn(const Runtime& runtime, const SessionFlags& flags,
                                tenon_session_flags stage_flags = 0, uint32_t threads = 0);
// backends_only: no model will be opened; see tenon_runtime_options. cache: of compiled artifacts.
std::unique_ptr<Runtime> MakeRuntime(uint32_t threads, std::vector<std::string> backend_files = {},
                                     bool backends_only = false, std::string cache = {});
// One tensor for each input, in the model's order: as --input says, the others random.
std::vector<HostTensor> MakeInputs(const Session& session, const SessionFlags& flags);
// The names of a list of backends, empty ones too: a,b+c.
std::vector<std::string> NamesIn(const std::string& list);
// Throws Failure(kUsage) where an output file is the model, the file of an --input, or another output. Paths may be empty.
struct OutputFile {
  const char* option;
  std::string path;
};
void CheckOutputs(const SessionFlags& flags, const std::vector<OutputFile>& outputs);
// Complaints of the validation layer, if there are any, as a failure.
void CheckViolations(const Runtime& runtime);
// What a failed run means for the exit code; where inputs don't fit, the message tells the sizes that open dimensions of
// inputs had which no --input gave.
[[noreturn]] void RethrowRunError(const Error& error, const Session& session,
                                  const SessionFlags& flags, std::span<const HostTensor> inputs);
// One line where nodes run on another group of backends than the first, else empty.
std::string FallbackOf(const Session& session);
// Prints it on stderr.
void ReportFallback(const Session& session);

}  // namespace tenon::tools

// A model placed on backends, ready to run. Thread-safe.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "model.h"
#include "report.h"
#include "tenon/execution/executable.h"
#include "tenon/placement/placement.h"

namespace tenon::session {

struct SessionOptions {
  std::string backends;                      // "a,b+c"
  std::vector<std::string> backend_options;  // "simulator.claim=seed:7"
  tenon_numerics numerics = TENON_NUMERICS_STANDARD;
  uint32_t threads = 0;
  std::vector<std::string> dims;  // "NAME=4"
  bool forbid_fallback = false;
  bool keep_stages = false, fold = true;
  uint32_t max_contexts = 16;
  uint64_t budget_bytes = 0;
  uint64_t plan_cache_bytes = uint64_t{64} << 20;
  uint64_t drain_timeout_ns = 10'000'000'000;
  uint64_t compile_timeout_ns = 0;
  std::vector<std::string> part_inputs, part_outputs;  // part.h; empty: the model's
  bool all_outputs = false;
};

struct LoadTimes {
  uint64_t import_ns = 0, backends_ns = 0, passes_ns = 0, placement_ns = 0, lower_ns = 0,
           kernels_ns = 0, load_ns = 0;
};

class ForeignOperators;

class Session {
 public:
  static Result<std::shared_ptr<Session>> Create(std::shared_ptr<const Model> model,
                                                 const SessionOptions& options);
  ~Session();

  const Model& model() const { return *model_; }
  const ValueInfos& inputs() const { return *inputs_; }  // after fixed dimensions
  const ValueInfos& outputs() const { return *outputs_; }
  const std::shared_ptr<execution::Executable>& executable() const { return executable_; }
  const LoadTimes& load_times() const { return load_times_; }
  const PlacementRows& placement() const { return *rows_; }
  const execution::ByteBudget& budget() const { return *budget_; }

  // What a run with tensors of its own needs; kept for the next one, so that it need not allocate.
  struct OneOff {
    std::shared_ptr<execution::Binding> binding;
    std::vector<uint32_t> outputs;  // indices, in the caller's order
    std::vector<uint8_t> listed;    // by output
  };
  std::unique_ptr<OneOff> TakeOneOff();
  void ReturnOneOff(std::unique_ptr<OneOff> one_off);

  Result<std::string> Explain(tenon_format format) const;
  Result<std::string> Inspect(std::string_view stage, tenon_format format) const;
  Status EnableProfile(bool on);
  std::string Profile() const;

 private:
  struct ClockPair {  // a device's clock and the host's at one moment
    uint64_t device_ns = 0, host_ns = 0;
    uint64_t ToHost(const ClockPair& later, uint64_t at_ns) const;
  };
  using Clocks = std::map<std::pair<std::string, uint32_t>, ClockPair>;  // by backend and device
  Clocks ReadClocks() const;
  Session() = default;
  Status Load(const SessionOptions& options);
  Status LoadBackends(const SessionOptions& options);
  Status Optimise(const SessionOptions& options, graph::Graph* graph);
  Clocks FlushProfile() const;  // gives clocks_
  void KeepStage(const char* stage, const graph::Graph& graph);

  std::shared_ptr<const Model> model_;  // first: what follows may need its runtime to end
  std::vector<std::vector<std::string>> groups_;
  placement::BackendList backends_;
  std::unique_ptr<ValueInfos> inputs_, outputs_;
  placement::Report report_;
  std::unique_ptr<PlacementRows> rows_;
  std::shared_ptr<execution::ByteBudget> budget_;
  std::shared_ptr<const ForeignOperators> foreign_;
  LoadTimes load_times_;
  bool keep_stages_ = false;
  std::map<std::string, graph::Graph, std::less<>> stages_;
  std::shared_ptr<execution::Executable> executable_;
  mutable std::mutex mutex_;  // of what is below
  std::vector<std::unique_ptr<OneOff>> one_offs_;
  Clocks clocks_;  // when profiling was switched on
  bool profiling_ = false;
};

// "a,b+c" as groups of names. kInvalidArgument: an empty name, one that stands twice.
Result<std::vector<std::vector<std::string>>> ParseBackendList(std::string_view text);
// "simulator.claim=seed:7".
struct BackendSetting {
  std::string backend, option, value;
};
Result<BackendSetting> ParseBackendSetting(std::string_view text);
// "NAME=4".
Result<std::map<std::string, int64_t>> ParseDims(const std::vector<std::string>& dims);

}  // namespace tenon::session

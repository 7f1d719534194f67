// A model placed on backends, ready to run. Thread-safe.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "model.h"
#include "preparation.h"
#include "report.h"
#include "tenon/execution/executable.h"
#include "tenon/placement/placement.h"

namespace tenon::session {

struct LoadTimes {
  uint64_t import_ns = 0, backends_ns = 0, passes_ns = 0, placement_ns = 0, lower_ns = 0,
           kernels_ns = 0, load_ns = 0;
};

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
  Clocks FlushProfile() const;  // gives clocks_

  std::shared_ptr<const Model> model_;  // first: what follows may need its runtime to end
  BackendGroups groups_;
  placement::BackendList backends_;
  std::unique_ptr<ValueInfos> inputs_, outputs_;
  placement::Report report_;
  std::unique_ptr<PlacementRows> rows_;
  std::shared_ptr<execution::ByteBudget> budget_;
  std::shared_ptr<const ForeignOperators> foreign_;
  SessionOptions options_;
  LoadTimes load_times_;
  bool keep_stages_ = false;
  std::map<std::string, graph::Graph, std::less<>> stages_;
  std::shared_ptr<execution::Executable> executable_;
  mutable std::mutex mutex_;  // of what is below
  std::vector<std::unique_ptr<OneOff>> one_offs_;
  Clocks clocks_;  // when profiling was switched on
  bool profiling_ = false;
};

}  // namespace tenon::session

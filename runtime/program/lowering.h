// The state of one lowering: from values of the graph to places of their bytes, and the steps that
// move them there.
#pragma once

#include <string>
#include <vector>

#include "tenon/placement/kernel_facts.h"
#include "tenon/program/lower.h"

namespace tenon::program {

class Lowering {
 public:
  Lowering(const placement::PlacedGraph& placed, placement::Report* report)
      : placed_(placed), report_(report) {}
  Result<std::shared_ptr<const Program>> Run();

 private:
  // A fence behind which bytes in host memory are there.
  struct Pending {
    uint32_t device = kNone;
    uint32_t fence = kNone;
  };
  // What everybody needs of a value, views included.
  struct Needs {
    bool elsewhere = false;  // in another memory than where it is made
  };

  // lower.cc: the order of things
  void AddDevices();
  void AddValues();
  void AddNodes();
  void ChooseOutputHomes();
  Status EmitNode(uint32_t node);
  Status EmitHostStep(uint32_t node);
  Status EmitSegment(const placement::Segment& segment);
  Status EmitCopiesToHost(uint32_t logical);
  Status FinishOutputs();
  void DropUnusedSignals();
  void SetSteps(size_t first_row, uint32_t step);
  void FindNeeds();
  uint32_t Root(uint32_t logical) const;
  bool MadeByStep(uint32_t logical) const;
  // What nobody takes stands where the host would run it.
  bool IsHostStep(uint32_t node) const {
    const auto kind = placed_.nodes[node].kind;
    return kind == placement::NodeChoice::Kind::kHostStep ||
           kind == placement::NodeChoice::Kind::kNobody;
  }
  bool Allocates(uint32_t node) const;
  uint32_t InputStage(uint32_t node) const;
  void SetOutputStage(uint32_t node, uint32_t stage);
  Status NoteStage(uint32_t node);
  Result<uint32_t> ReadContents(uint32_t logical);
  void PlanBefore(const Step& step);
  void EmitPlan();
  uint32_t InputMemory(const placement::NodePlacement& user, size_t input) const;
  bool LeavesDevice(uint32_t logical, uint32_t memory) const;

  // values.cc: places and movement
  uint32_t MemoryOf(uint32_t device, uint32_t kind) const;
  bool IsAsync(uint32_t device) const {
    return device != kNone && program_.devices[device].asynchronous;
  }
  // A layout of a backend's own is meant as that of `device`.
  uint32_t Find(uint32_t logical, uint32_t memory, uint32_t layout, uint32_t device) const;
  uint32_t AddPhysical(uint32_t logical, uint32_t memory, uint32_t layout, Home home,
                       uint32_t index);
  // In an arena, or the caller's output.
  uint32_t AddMade(uint32_t logical, uint32_t memory, uint32_t layout, uint32_t device);
  Result<uint32_t> Ensure(uint32_t logical, uint32_t memory, uint32_t layout, uint32_t device);
  Result<uint32_t> EnsureDense(uint32_t logical, uint32_t memory);
  Result<uint32_t> Reorder(uint32_t physical, uint32_t layout, uint32_t device);
  uint32_t LayoutDevice(uint32_t physical) const;
  uint32_t Copy(uint32_t device, uint32_t physical, uint32_t memory);
  void WaitForInput(uint32_t device, uint32_t physical);
  void SignalBehind(uint32_t device, const std::vector<uint32_t>& outputs);
  uint32_t PushStep(Step step);
  void AddNodeRow(uint32_t node);  // in the order of the steps
  void AddRow(placement::NodeChoice::Kind kind, uint32_t device, const std::string& kernel,
              uint32_t from);
  uint32_t BaseOf(uint32_t physical) const;

  const placement::PlacedGraph& placed_;
  placement::Report* report_;
  Program program_;
  std::vector<placement::NodeChoice> rows_;
  std::vector<std::vector<uint32_t>> places_;  // by logical: its physical values
  std::vector<uint32_t> view_of_;              // by logical: the value that it is a view of
  std::vector<uint32_t> made_by_;              // by logical: kernel or segment node, kNone else
  std::vector<uint32_t> output_home_;          // by logical: the output whose memory it is made in
  std::vector<Needs> needs_;                   // by logical
  std::vector<Pending> pending_;               // by physical
  std::vector<uint32_t> host_waited_;          // by device: fences below this are known to the host
  std::vector<std::vector<uint32_t>> queue_waited_;  // by device, by other device
  std::vector<uint32_t> stage_;  // by logical: the first stage that knows its shape (stages.h)
  uint32_t stage_now_ = 0;       // of the steps that are emitted
  uint32_t node_stage_ = 0;      // of the node that is emitted, as far as contents decide it
  std::vector<uint32_t>
      read_stage_;  // by logical: the stage that knows its contents, kNone: nobody asks
  std::vector<uint32_t> reads_;  // physical values whose contents the next kPlan step reads
};

}  // namespace tenon::program

// What of a program runs, and where its values are, for one way of binding tensors: in which memory
// each input and output tensor is, and which outputs are wanted. Does not depend on shapes;
// immutable; shared by all run contexts.
//
// A tensor that already is in the memory where the program would copy it is bound there and the
// copy is left out; one that is elsewhere goes through a staging block. Steps that only make
// unwanted outputs are left out, but not those that allocate: what is planned behind them depends on
// their sizes.
#pragma once

#include <optional>
#include <vector>

#include "live_program.h"

namespace tenon::execution {

struct BindingLayout {
  std::vector<MemorySpace> inputs;
  std::vector<std::optional<MemorySpace>> outputs;  // empty where not wanted
  friend bool operator==(const BindingLayout&, const BindingLayout&) = default;
};

class Route {
 public:
  enum class Where : uint8_t {
    kArena,
    kConstant,
    kResolved,
    kInput,
    kOutput,
    kOwn,
    kSized,
    kObject
  };
  struct Place {  // of a physical value that is no alias
    Where where = Where::kArena;
    uint32_t index = 0;  // of the input or output; of kOwn: a block of the run context
  };
  struct Edge {  // a copy between a tensor and a physical value, before or after the steps
    uint32_t tensor;
    uint32_t physical;
  };

  Route(const LiveProgram& live, BindingLayout layout);

  const BindingLayout& layout() const { return layout_; }
  const Place& place(uint32_t base) const { return places_[base]; }
  const std::vector<uint32_t>& steps() const { return steps_; }
  const std::vector<uint32_t>& own() const {
    return own_;
  }  // physical values with a block of their own
  const std::vector<Edge>& copies_in() const { return copies_in_; }
  const std::vector<Edge>& copies_out() const { return copies_out_; }
  // Devices whose queues are not known to be done when the steps are.
  const std::vector<uint32_t>& drains() const { return drains_; }
  // Whether output `output` may be written over input `input` while the program runs, sizes being
  // equal.
  bool MayAlias(const LiveProgram& live, uint32_t input, uint32_t output) const;

 private:
  void PlaceInput(const LiveProgram& live, uint32_t input);
  void PlaceOutput(const LiveProgram& live, uint32_t output);
  void MakeOwn(const LiveProgram& live, uint32_t base);
  bool HasReader(const LiveProgram& live,
                 uint32_t base) const;  // among steps that are not left out
  void SelectSteps(const LiveProgram& live);
  void FindDrains(const LiveProgram& live);

  BindingLayout layout_;
  std::vector<Place> places_;   // by physical value
  std::vector<bool> left_out_;  // by step
  std::vector<bool> needed_;    // by physical value
  std::vector<uint32_t> steps_, own_, drains_;
  std::vector<Edge> copies_in_, copies_out_;
};

}  // namespace tenon::execution

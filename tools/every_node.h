// Two backend lists run a model on the same inputs: every value that a node makes is compared.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "comparison.h"
#include "session_flags.h"

namespace tenon::tools {

struct ComparedValue {
  std::string value;
  std::string what;   // "float32[1, 3]"
  std::string range;  // of the reference: "min -1.2, max 0.9 at [0, 1], mean 0.01"
  Difference difference;
  bool equal() const { return difference.mismatch.empty(); }
};

struct NodeInput : ComparedValue {
  bool constant = false;  // then nothing of the above but the name is said
};

struct ComparedNode {
  std::string node, op;
  size_t number = 0;                       // from 1 on, in topological order
  std::string where = {}, reference = {};  // "simulator.sim_mul"
  ComparedValue output = {};               // the first that differs
  std::vector<NodeInput> inputs = {};
  // With the reference's inputs and nothing around it: whether the difference is made here.
  enum class Cause { kMadeHere, kInherited, kUnknown } cause = Cause::kUnknown;
  std::string unknown = {};  // why it can't be told
  Difference alone = {};
};

struct EveryNode {
  size_t nodes = 0;           // of the graph after the passes
  size_t with_subgraphs = 0;  // whose inside is not compared
  size_t moved = 0;  // that run on another kernel than where only the model's outputs are wanted
  size_t unshared =
      0;  // values of the reference that the other does not have: functions taken whole
  size_t differing = 0;
  std::vector<ComparedValue> values;  // in topological order of their nodes
  std::optional<ComparedNode> first;  // that differs
};

// `flags` and `reference` differ in backends and settings; `plain` is a session of `flags`. Throws Failure.
EveryNode CompareEveryNode(const Runtime& runtime, const SessionFlags& flags,
                           const SessionFlags& reference, const Session& plain,
                           std::vector<HostTensor>& inputs, const Tolerance& tolerance);

}  // namespace tenon::tools

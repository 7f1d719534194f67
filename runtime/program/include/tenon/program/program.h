// A program: what placement decided, lowered to a flat list of steps. Immutable, serialisable data without pointers to
// live objects; shared by all sessions and run contexts that use it, from any thread.
//
// Two numberings. A *logical* value is a value of the graph: type and (symbolic) shape. A *physical* value is where its
// bytes are for somebody: one logical value has one physical value per memory and layout that it is needed in.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tenon/graph/graph.h"

namespace tenon::program {

inline constexpr uint32_t kNone = UINT32_MAX;

class ProgramIndex;  // private to this room

// A device of a backend, by name; execution finds the live one.
struct DeviceRef {
  std::string backend;
  uint32_t id = 0;
  bool asynchronous = false;  // has queues
};

// A memory that arenas are made of. Index 0 of Program::memories is plain host memory (device kNone).
struct MemoryRef {
  uint32_t device = kNone;  // index in Program::devices
  uint32_t kind = 0;        // id of the memory kind
  uint64_t alignment = 64;
  uint64_t largest_allocation = UINT64_MAX;
};

struct LogicalValue {
  std::string name;  // of the graph's value
  DataType type = DataType::kUndefined;
  Shape shape;                // known when loaded: static, or with symbols and unknown dimensions
  uint32_t constant = kNone;  // index in Program::constants
  ValueKind kind = ValueKind::kTensor;  // of others, type and shape are those of the tensors within
  // Strings, and what is no tensor: the host keeps it as an object.
  bool is_object() const { return kind != ValueKind::kTensor || type == DataType::kString; }
};

struct Program;

// A node of the placed graph, kept for run-time shapes and for reports. Its inputs and outputs are logical values.
struct ProgramNode {
  graph::Node node;  // in the revision in which its kernel gets it; ids are logical values
  bool host_arithmetic =
      false;               // its outputs are computed while shapes are resolved; it has no step
  bool is_view = false;    // output 0 is an alias of input 0; it has no step
  bool host_step = false;  // a step of kind kHost runs it
  // Of control flow, in the order of Node::Subgraphs. Their inputs are the node's own for them, then
  // what it captures.
  std::vector<std::shared_ptr<const Program>> subprograms;
};

enum class Home : uint8_t {
  kArena,     // placed by the memory planner
  kConstant,  // Program::constants[index], in its memory (uploaded once, shared)
  kInput,     // the caller's input `index`
  kOutput,    // the caller's output `index`
  kAlias,     // the bytes of physical value `index`, under another shape
  kResolved,  // computed while shapes are resolved (host memory, tiny)
  kSized,     // allocated while its step runs: its size depends on data
  kObject,    // no bytes: an object that a host step made
};

struct PhysicalValue {
  uint32_t logical = 0;
  uint32_t memory = 0;  // index in Program::memories
  uint32_t layout = 0;  // tenon_layout
  Home home = Home::kArena;
  uint32_t index = 0;      // see Home
  uint32_t owner = kNone;  // of a backend's own layout: index in Program::devices
};

enum class StepKind : uint8_t {
  kKernel,    // runs `kernel` on `device`
  kCopy,      // copies inputs[0] to outputs[0] on the queue of `device`; one end may be host memory
  kSignal,    // sets fence `fence` behind everything enqueued on `device` so far
  kHostWait,  // the host waits for `fence` (set earlier on `device`)
  kQueueWait,  // the queue of `device` waits for `fence`, which was set on `other_device`
  kPlan,  // the host plans the steps behind it, by the contents of `inputs`: begins the next stage (stages.h)
  kHost,  // the host runs `node`: control flow, sequences, optionals, strings; its arguments are in host memory
};

const char* StepKindName(StepKind kind);  // "kernel"

struct Step {
  StepKind kind = StepKind::kKernel;
  uint32_t device = kNone;  // index in Program::devices
  uint32_t other_device = kNone;
  uint32_t fence = kNone;         // 0 .. Program::fence_count - 1, each set once
  uint32_t kernel = kNone;        // index in Program::kernels
  uint32_t node = kNone;          // index in Program::nodes; kNone for copies and reorders
  std::vector<uint32_t> inputs;   // physical values; kNone where absent
  std::vector<uint32_t> outputs;  // physical values; kNone where not wanted
};

// A kernel to be made: a descriptor of a backend for a node (or a compiled segment).
struct KernelRef {
  uint32_t device = kNone;
  std::string descriptor;  // tenon_kernel_descriptor.name
  std::vector<std::string>
      fallbacks;                  // same device and layouts, tried in order where prepare declines
  uint32_t node = kNone;          // index in Program::nodes; kNone: a reorder
  std::vector<uint32_t> segment;  // nodes of a compiled segment; then `artifact` is its bytes
  std::shared_ptr<const std::string_view> artifact;
  // The run gives all its outputs their shapes (TENON_KERNEL_ALLOCATES_OUTPUT), where not all are
  // known when the model is loaded. Their homes are kSized and kOutput.
  bool allocates = false;
  // What the descriptor and all fallbacks allow: the step's output may overwrite its input when their sizes are equal.
  std::vector<operators::InPlace> in_place;
};

struct Program {
  std::vector<DeviceRef> devices;
  std::vector<MemoryRef> memories;
  std::vector<std::shared_ptr<const graph::Constant>> constants;
  std::vector<LogicalValue> logical;
  std::vector<PhysicalValue> physical;
  std::vector<ProgramNode> nodes;  // topological order
  std::vector<KernelRef> kernels;
  std::vector<Step> steps;
  std::vector<uint32_t> inputs;  // logical values, in the graph's order
  std::vector<uint32_t> outputs;
  std::vector<uint32_t> input_physical;  // where the caller's input is (Home::kInput)
  // The physical value that holds the result: kOutput where a step can write to the caller's memory (of the graph's value
  // or of one that it is a view of); else (constant, input passed through, wanted twice) it is copied.
  std::vector<uint32_t> output_physical;
  std::vector<std::string> symbols;
  uint32_t fence_count = 0;
  // Derived from everything above for planning, by MakeIndex at the end of lowering. Null in programs made by hand:
  // planning then derives it in each call.
  std::shared_ptr<const ProgramIndex> index;

  void MakeIndex();
  bool IsStatic() const;                   // every logical shape is static
  bool Allocates(const Step& step) const;  // its kernel does
  std::string Dump() const;                // for `tenon inspect --stage program`
};

}  // namespace tenon::program

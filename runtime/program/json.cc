// ProgramJson. Written by hand: the room needs no JSON library, and the order of the keys is part
// of the format.
#include <cstdio>

#include "index.h"
#include "names.h"
#include "tenon/program/plan.h"

namespace tenon::program {
namespace {

class Writer {
 public:
  void Open(char bracket) {
    Comma();
    text_ += bracket;
    fresh_ = true;
  }
  void Close(char bracket) {
    text_ += bracket;
    fresh_ = false;
  }
  void Line() {
    Comma();
    text_ += "\n ";
    fresh_ = true;
  }
  void Key(const char* key) {
    Comma();
    Quote(key);
    text_ += ':';
    fresh_ = true;
  }
  void Text(std::string_view value) {
    Comma();
    Quote(value);
  }
  void Number(uint64_t value) {
    Comma();
    text_ += std::to_string(value);
  }
  void Signed(int64_t value) {
    Comma();
    text_ += std::to_string(value);
  }
  void Bool(bool value) {
    Comma();
    text_ += value ? "true" : "false";
  }
  void Index(uint32_t value) { value == kNone ? Signed(-1) : Number(value); }
  template <typename V>
  void Indices(const V& values) {
    Open('[');
    for (uint32_t v : values) Index(v);
    Close(']');
  }
  void Dims(const Shape& shape) {
    if (!shape.has_rank()) return Text("?");
    Open('[');
    for (int64_t dim : shape.dims()) Signed(dim);
    Close(']');
  }
  std::string Take() { return std::move(text_) + "\n"; }

 private:
  void Comma() {
    if (!fresh_) text_ += ',';
    fresh_ = false;
  }
  void Quote(std::string_view value) {
    text_ += '"';
    for (const char c : value) {
      if (c == '"' || c == '\\') {
        text_ += '\\';
        text_ += c;
      } else if (static_cast<unsigned char>(c) < 0x20) {
        char escaped[8];
        std::snprintf(escaped, sizeof escaped, "\\u%04x", static_cast<unsigned>(c));
        text_ += escaped;
      } else {
        text_ += c;
      }
    }
    text_ += '"';
  }
  std::string text_;
  bool fresh_ = true;
};

void WriteDevices(const Program& program, Writer* w) {
  w->Key("devices");
  w->Open('[');
  for (const DeviceRef& device : program.devices) {
    w->Open('{');
    w->Key("backend"), w->Text(device.backend);
    w->Key("id"), w->Number(device.id);
    w->Key("asynchronous"), w->Bool(device.asynchronous);
    w->Close('}');
  }
  w->Close(']');
  w->Key("memories");
  w->Open('[');
  for (const MemoryRef& memory : program.memories) {
    w->Open('{');
    w->Key("device"), w->Index(memory.device);
    w->Key("kind"), w->Number(memory.kind);
    w->Key("alignment"), w->Number(memory.alignment);
    w->Key("largest_allocation"), w->Number(memory.largest_allocation);
    w->Close('}');
  }
  w->Close(']');
}

void WriteValues(const Program& program, const ResolvedShapes& shapes, const MemoryPlan& plan,
                 Writer* w) {
  w->Key("logical");
  w->Open('[');
  for (uint32_t l = 0; l < program.logical.size(); ++l) {
    const LogicalValue& value = program.logical[l];
    w->Line();
    w->Open('{');
    w->Key("name"), w->Text(value.name);
    w->Key("type"), w->Text(DataTypeName(value.type));
    w->Key("shape"), w->Dims(l < shapes.shapes.size() ? shapes.shapes[l] : value.shape);
    w->Key("declared"), w->Dims(value.shape);
    w->Key("constant"), w->Index(value.constant);
    w->Close('}');
  }
  w->Close(']');
  w->Key("physical");
  w->Open('[');
  for (uint32_t p = 0; p < program.physical.size(); ++p) {
    const PhysicalValue& value = program.physical[p];
    w->Line();
    w->Open('{');
    w->Key("logical"), w->Index(value.logical);
    w->Key("memory"), w->Index(value.memory);
    w->Key("layout"), w->Number(value.layout);
    w->Key("home"), w->Text(HomeName(value.home));
    w->Key("index"), w->Index(value.index);
    if (p < plan.physical.size() && plan.physical[p].block != kNone) {
      w->Key("block"), w->Index(plan.physical[p].block);
      w->Key("offset"), w->Number(plan.physical[p].offset);
      w->Key("bytes"), w->Number(plan.physical[p].bytes);
    }
    w->Close('}');
  }
  w->Close(']');
}

void WriteKernel(const KernelRef& kernel, Writer* w) {
  w->Key("kernel"), w->Text(kernel.descriptor);
  w->Key("segment"), w->Indices(kernel.segment);
  w->Key("in_place");
  w->Open('[');
  for (const operators::InPlace pair : kernel.in_place) {
    w->Open('[');
    w->Number(pair.input), w->Number(pair.output);
    w->Close(']');
  }
  w->Close(']');
}

void WriteProgram(const Program& program, const ResolvedShapes& shapes, const MemoryPlan& plan,
                  Writer* w);

void WriteSteps(const Program& program, const MemoryPlan& plan, Writer* w) {
  w->Key("nodes");
  w->Open('[');
  for (const ProgramNode& node : program.nodes) {
    w->Line();
    w->Open('{');
    w->Key("name"), w->Text(node.node.name);
    w->Key("domain"), w->Text(node.node.domain);
    w->Key("op"), w->Text(node.node.op);
    w->Key("revision"), w->Signed(node.node.revision);
    w->Key("host"), w->Bool(node.host_arithmetic);
    w->Key("view"), w->Bool(node.is_view);
    w->Key("inputs"), w->Indices(node.node.inputs);
    w->Key("outputs"), w->Indices(node.node.outputs);
    if (!node.subprograms.empty()) {
      w->Key("subprograms");
      w->Open('[');
      for (const auto& subprogram : node.subprograms)
        WriteProgram(*subprogram, ResolvedShapes(), MemoryPlan(), w);
      w->Close(']');
    }
    w->Close('}');
  }
  w->Close(']');
  w->Key("steps");
  w->Open('[');
  for (uint32_t s = 0; s < program.steps.size(); ++s) {
    const Step& step = program.steps[s];
    w->Line();
    w->Open('{');
    w->Key("kind"), w->Text(StepKindName(step.kind));
    w->Key("title"), w->Text(StepTitle(program, step));
    w->Key("device"), w->Index(step.device);
    w->Key("other_device"), w->Index(step.other_device);
    w->Key("fence"), w->Index(step.fence);
    w->Key("node"), w->Index(step.node);
    w->Key("inputs"), w->Indices(step.inputs);
    w->Key("outputs"), w->Indices(step.outputs);
    if (step.kernel != kNone) WriteKernel(program.kernels[step.kernel], w);
    if (s < plan.workspace.size() && plan.workspace[s].block != kNone) {
      const Placement& place = plan.workspace[s];
      w->Key("workspace");
      w->Open('{');
      w->Key("memory"), w->Index(place.memory);
      w->Key("block"), w->Index(place.block);
      w->Key("offset"), w->Number(place.offset);
      w->Key("bytes"), w->Number(place.bytes);
      w->Close('}');
    }
    w->Close('}');
  }
  w->Close(']');
}

void WriteArenas(const MemoryPlan& plan, Writer* w) {
  w->Key("arenas");
  w->Open('[');
  for (const Arena& arena : plan.arenas) {
    w->Line();
    w->Open('{');
    w->Key("bytes"), w->Number(arena.bytes);
    w->Key("lower_bound"), w->Number(arena.lower_bound);
    w->Key("blocks");
    w->Open('[');
    for (uint64_t bytes : arena.block_bytes) w->Number(bytes);
    w->Close(']');
    w->Close('}');
  }
  w->Close(']');
}

// Without the brackets around it.
void WriteBody(const Program& program, const ResolvedShapes& shapes, const MemoryPlan& plan,
               Writer* w) {
  WriteDevices(program, w);
  w->Key("inputs"), w->Indices(program.inputs);
  w->Key("outputs"), w->Indices(program.outputs);
  w->Key("input_physical"), w->Indices(program.input_physical);
  w->Key("output_physical"), w->Indices(program.output_physical);
  WriteValues(program, shapes, plan, w);
  WriteSteps(program, plan, w);
  WriteArenas(plan, w);
}

void WriteProgram(const Program& program, const ResolvedShapes& shapes, const MemoryPlan& plan,
                  Writer* w) {
  w->Line();
  w->Open('{');
  WriteBody(program, shapes, plan, w);
  w->Close('}');
}

}  // namespace

std::string ProgramJson(const Program& program, const ResolvedShapes& shapes,
                        const MemoryPlan& plan) {
  Writer w;
  w.Open('{');
  w.Key("version"), w.Number(1);
  w.Key("stage"), w.Text("program");
  WriteBody(program, shapes, plan, &w);
  w.Close('}');
  return w.Take();
}

}  // namespace tenon::program

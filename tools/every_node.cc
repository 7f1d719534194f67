#include "every_node.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "table.h"

namespace tenon::tools {
namespace {

using Json = nlohmann::ordered_json;

// Results that are kept at once, of each of the two. A run itself holds all values that could be asked for.
constexpr uint64_t kMostBytes = uint64_t{256} << 20;
// What a value counts as whose size even a run does not tell, because data decides it.
constexpr uint64_t kUnknownBytes = kMostBytes / 16;

struct GraphNode {
  std::string name, op;
  std::vector<std::string> inputs = {}, outputs = {};  // values; without those that are absent
  bool subgraphs = false;
};

std::set<std::string> ConstantsOf(const Json& program) {
  std::set<std::string> constants;
  for (const Json& value : program["logical"]) {
    if (value["constant"] != -1) constants.insert(value["name"].get<std::string>());
  }
  return constants;
}

// The sizes that values had in the last run.
std::map<std::string, uint64_t> SizesOf(const Json& program, std::span<const ValueInfo> infos) {
  std::map<std::string, const Json*> shapes;
  for (const Json& value : program["logical"])
    shapes[value["name"].get<std::string>()] = &value["shape"];
  std::map<std::string, uint64_t> sizes;
  for (const ValueInfo& info : infos) {
    uint64_t& size = sizes[info.name] = kUnknownBytes;
    const auto shape = shapes.find(info.name);
    if (shape == shapes.end() || !shape->second->is_array()) continue;
    uint64_t count = 1;
    bool known = true;
    for (const Json& dim : *shape->second) {
      known &= dim >= 0;
      count *= known ? dim.get<uint64_t>() : 1;
    }
    if (known) size = tenon_dtype_bytes(info.dtype, count);
  }
  return sizes;
}

// In topological order.
std::vector<GraphNode> NodesOf(const Json& program) {
  const Json& values = program["logical"];
  std::vector<GraphNode> nodes;
  for (const Json& json : program["nodes"]) {
    GraphNode node{.name = json["name"], .op = json["op"]};
    node.subgraphs = json.contains("subprograms");
    const auto take = [&](const char* key, std::vector<std::string>* names) {
      for (const Json& id : json[key]) {
        if (id == -1) continue;
        const std::string name = values[id.get<size_t>()]["name"];
        if (std::ranges::find(*names, name) == names->end()) names->push_back(name);
      }
    };
    take("inputs", &node.inputs);
    take("outputs", &node.outputs);
    nodes.push_back(std::move(node));
  }
  return nodes;
}

struct Where {
  std::string backend, kernel, kind;
  std::string Text() const {
    return kernel.empty() ? backend + " (" + kind + ")" : backend + "." + kernel;
  }
  // A segment's kernel is named after what is in it.
  bool Same(const Where& other) const {
    return backend == other.backend && kind == other.kind &&
           (kernel == other.kernel || kind == "segment");
  }
};

std::map<std::string, Where> PlacesOf(const Session& session) {
  std::map<std::string, Where> places;
  for (const tenon_placement_row* row : session.placement()) {
    if (*row->node != '\0' && *row->path == '\0')
      places[row->node] = {row->backend, row->kernel, row->kind};
  }
  return places;
}

// A session with its inputs, whose outputs are asked for by name.
class Side {
 public:
  Side(const Runtime& runtime, const SessionFlags& flags, tenon_session_flags more,
       std::vector<HostTensor>& inputs)
      : session_(OpenOn(runtime, flags, more)), flags_(flags), given_(inputs) {
    for (HostTensor& input : inputs) tensors_.push_back(input.Wrap());
    const std::vector<ValueInfo> infos = session_->inputs();
    for (size_t i = 0; i < infos.size(); ++i) names_.push_back(infos[i].name);
  }
  const Session& session() const { return *session_; }
  std::vector<Tensor> Run(std::span<const std::string> outputs) const {
    std::vector<std::pair<std::string, const Tensor*>> inputs;
    for (size_t i = 0; i < names_.size(); ++i) inputs.emplace_back(names_[i], &tensors_[i]);
    try {
      return session_->Run(inputs, outputs);
    } catch (const Error& error) {
      RethrowRunError(error, *session_, flags_, given_);
    }
  }

 private:
  std::unique_ptr<Session> session_;
  SessionFlags flags_;
  std::vector<HostTensor>& given_;
  std::vector<Tensor> tensors_;
  std::vector<std::string> names_;
};

class Comparer {
 public:
  Comparer(const Runtime& runtime, const SessionFlags& flags, const SessionFlags& reference,
           std::vector<HostTensor>& inputs, const Tolerance& tolerance)
      : runtime_(runtime),
        flags_(flags),
        reference_flags_(reference),
        inputs_(inputs),
        tolerance_(tolerance),
        ours_(runtime, flags, TENON_SESSION_ALL_OUTPUTS, inputs),
        reference_(runtime, reference, TENON_SESSION_ALL_OUTPUTS, inputs) {}

  EveryNode Compare(const Session& plain) {
    ListNodes();
    for (size_t begin = 0; begin < order_.size();) {
      size_t end = begin;
      for (uint64_t bytes = 0; end < order_.size(); ++end) {
        bytes += bytes_[order_[end]];
        if (bytes > kMostBytes && end > begin) break;
      }
      Progress(fmt::format("compare: {} of {} values", begin, order_.size()));
      CompareChunk(std::span(order_).subspan(begin, end - begin));
      begin = end;
    }
    Progress("");
    const auto places = PlacesOf(ours_.session()), before = PlacesOf(plain);
    for (const auto& [node, place] : places) {
      const auto was = before.find(node);
      out_.moved += was == before.end() || !was->second.Same(place);
    }
    for (const ComparedValue& value : out_.values) {
      if (value.equal()) continue;
      if (out_.differing++ == 0) DescribeFirst(value, places);
    }
    return std::move(out_);
  }

 private:
  // A run that makes no values but the model's, so that the program's sizes are known.
  void ListNodes() {
    const std::vector<ValueInfo> outputs = reference_.session().outputs();
    const std::string one = outputs.at(0).name;
    reference_.Run({&one, 1});
    const Json program = Json::parse(reference_.session().Inspect("program", TENON_FORMAT_JSON));
    nodes_ = NodesOf(program);
    constants_ = ConstantsOf(program);
    bytes_ = SizesOf(program, outputs);
    std::set<std::string> theirs;
    for (const ValueInfo& info : ours_.session().outputs()) theirs.insert(info.name);
    for (const GraphNode& node : nodes_) {
      out_.with_subgraphs += node.subgraphs;
      for (const std::string& output : node.outputs) {
        if (!bytes_.count(output)) continue;
        if (theirs.count(output)) {
          order_.push_back(output);
        } else {
          ++out_.unshared;
        }
      }
    }
    out_.nodes = nodes_.size();
  }

  void CompareChunk(std::span<const std::string> names) {
    const std::vector<Tensor> got = ours_.Run(names), want = reference_.Run(names);
    for (size_t i = 0; i < names.size(); ++i) {
      ComparedValue value{names[i], Describe(want[i].get()), Summarise(want[i].get()), {}};
      value.difference = tools::Compare(got[i].get(), CopyOf(want[i].get()), tolerance_);
      known_[value.value] = out_.values.size();
      out_.values.push_back(std::move(value));
    }
  }

  void DescribeFirst(const ComparedValue& value, const std::map<std::string, Where>& places) {
    const auto node = std::ranges::find_if(nodes_, [&](const GraphNode& n) {
      return std::ranges::find(n.outputs, value.value) != n.outputs.end();
    });
    ComparedNode first{.node = node->name,
                       .op = node->op,
                       .number = static_cast<size_t>(node - nodes_.begin()) + 1,
                       .output = value};
    const auto text = [&](const std::map<std::string, Where>& all) {
      const auto found = all.find(node->name);
      return found == all.end() ? std::string("?") : found->second.Text();
    };
    first.where = text(places);
    first.reference = text(PlacesOf(reference_.session()));
    for (const std::string& input : node->inputs) first.inputs.push_back(InputOf(input));
    RunAlone(*node, places, &first);
    out_.first = std::move(first);
  }

  NodeInput InputOf(const std::string& name) {
    NodeInput input;
    input.value = name;
    input.constant = constants_.count(name) != 0;
    if (const auto known = known_.find(name); known != known_.end()) {
      static_cast<ComparedValue&>(input) = out_.values[known->second];
    } else if (!input.constant) {  // one of the model's
      const std::vector<ValueInfo> infos = reference_.session().inputs();
      for (size_t i = 0; i < infos.size(); ++i) {
        if (infos[i].name != name) continue;
        const Tensor tensor = inputs_[i].Wrap();
        input.what = Describe(tensor.get());
        input.range = Summarise(tensor.get());
      }
    }
    return input;
  }

  // The node by itself on both lists, with the inputs that the reference has.
  void RunAlone(const GraphNode& node, const std::map<std::string, Where>& places,
                ComparedNode* first) {
    SessionFlags ours = flags_, reference = reference_flags_;
    std::vector<HostTensor> inputs;
    for (const std::string& input : node.inputs) {
      if (constants_.count(input)) continue;
      ours.part_inputs.push_back(input);
      inputs.push_back(ReferenceValue(input));
    }
    if (inputs.empty()) inputs = inputs_;  // the model's, which it does not read
    ours.part_outputs = {first->output.value};
    reference.part_inputs = ours.part_inputs;
    reference.part_outputs = ours.part_outputs;
    // The dimensions' symbols are bound already, or may be gone.
    ours.fallback = "report";
    try {
      const Side one(runtime_, ours, 0, inputs), other(runtime_, reference, 0, inputs);
      const auto alone = PlacesOf(one.session());
      const auto there = alone.find(node.name), here = places.find(node.name);
      if (there == alone.end() || here == places.end() || !there->second.Same(here->second)) {
        first->unknown =
            "by itself it runs on " + (there == alone.end() ? "nothing" : there->second.Text());
        return;
      }
      const std::vector<Tensor> got = one.Run(ours.part_outputs);
      const std::vector<Tensor> want = other.Run(ours.part_outputs);
      first->alone = tools::Compare(got[0].get(), CopyOf(want[0].get()), tolerance_);
      first->cause = first->alone.mismatch.empty() ? ComparedNode::Cause::kInherited
                                                   : ComparedNode::Cause::kMadeHere;
    } catch (const Failure& failure) {
      first->unknown = failure.what();
    }
  }

  HostTensor ReferenceValue(const std::string& name) {
    const std::vector<ValueInfo> infos = reference_.session().inputs();
    for (size_t i = 0; i < infos.size(); ++i) {
      if (infos[i].name == name) return inputs_[i];
    }
    return CopyOf(reference_.Run({&name, 1})[0].get());
  }

  const Runtime& runtime_;
  const SessionFlags &flags_, &reference_flags_;
  std::vector<HostTensor>& inputs_;
  const Tolerance& tolerance_;
  Side ours_, reference_;
  std::vector<GraphNode> nodes_;
  std::set<std::string> constants_;
  std::vector<std::string> order_;         // of values
  std::map<std::string, uint64_t> bytes_;  // of the reference's outputs
  std::map<std::string, size_t> known_;    // index in out_.values
  EveryNode out_;
};

}  // namespace

EveryNode CompareEveryNode(const Runtime& runtime, const SessionFlags& flags,
                           const SessionFlags& reference, const Session& plain,
                           std::vector<HostTensor>& inputs, const Tolerance& tolerance) {
  return Comparer(runtime, flags, reference, inputs, tolerance).Compare(plain);
}

}  // namespace tenon::tools

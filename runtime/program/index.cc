#include "index.h"

#include <algorithm>

namespace tenon::program {

ProgramIndex::ProgramIndex(const Program& program)
    : is_static_(program.IsStatic()), constants_(program.constants) {
  constant_views_.resize(program.logical.size());
  for (uint32_t l = 0; l < program.logical.size(); ++l) {
    const uint32_t c = program.logical[l].constant;
    if (c == kNone) continue;
    constant_logicals_.push_back(l);
    const graph::Constant& constant = *program.constants[c];
    if (!constant.blob) continue;
    constant_views_[l] = {constant.type, constant.shape,
                          const_cast<std::byte*>(constant.blob->data)};
  }
  IndexNodes(program);
  IndexLifetimes(program);
  ExtendForQueues(program);
  IndexReuses(program);
  IndexStages(program);
}

void ProgramIndex::IndexNodes(const Program& program) {
  size_t arguments = 0;
  for (const ProgramNode& node : program.nodes) {
    owned_nodes_.push_back(node.node);
    arguments += node.node.inputs.size() + node.node.outputs.size();
  }
  arguments_.reserve(arguments);
  computed_.resize(program.logical.size());
  read_.resize(program.logical.size());
  for (const Step& step : program.steps)
    has_host_arithmetic_ |= step.kind == StepKind::kPlan && !step.inputs.empty();
  for (uint32_t n = 0; n < program.nodes.size(); ++n) {
    const graph::Node& owned = owned_nodes_[n];
    holders_.push_back(std::make_unique<graph::NodeViewHolder>(owned));
    Node& node = nodes_.emplace_back();
    node.view = holders_.back()->view();
    if (owned.definition != nullptr) node.infer = owned.definition->infer;
    auto list = [&](const std::vector<uint32_t>& values) {
      const uint32_t* begin = arguments_.data() + arguments_.size();
      arguments_.insert(arguments_.end(), values.begin(), values.end());
      return std::span<const uint32_t>(begin, values.size());
    };
    node.inputs = list(owned.inputs);
    node.outputs = list(owned.outputs);
    node.host_step = program.nodes[n].host_step;
    if (program.nodes[n].host_arithmetic) ChooseHostRule(program, program.nodes[n], &node);
  }
}

void ProgramIndex::ChooseHostRule(const Program& program, const ProgramNode& from, Node* node) {
  has_host_arithmetic_ = true;
  for (uint32_t output : node->outputs) {
    if (output != kNone) computed_[output] = true;
  }
  if (node->view.domain.empty() && node->view.op == "Shape") {
    node->host = HostRule::kShape;
  } else if (node->view.domain.empty() && node->view.op == "Size") {
    node->host = HostRule::kSize;
  } else {
    const auto present = std::ranges::find_if(node->inputs, [](uint32_t l) { return l != kNone; });
    const uint32_t typed = present != node->inputs.end() ? *present : node->outputs[0];
    node->host = HostRule::kKernel;
    node->kernel = operators::FindKernel(from.node.domain, from.node.op, from.node.revision,
                                         program.logical[typed].type);
    if (node->kernel != nullptr) PlanAhead(program, node);
  }
}

void ProgramIndex::PlanAhead(const Program& program, Node* node) {
  auto specs = [&](std::span<const uint32_t> values) {
    std::vector<operators::TensorSpec> list;
    for (uint32_t l : values) {
      if (l == kNone)
        list.emplace_back();
      else
        list.push_back({true, program.logical[l].type, program.logical[l].shape});
    }
    return list;
  };
  auto known = [](const operators::TensorSpec& spec) {
    return !spec.present || spec.shape.IsStatic();
  };
  const auto inputs = specs(node->inputs), outputs = specs(node->outputs);
  if (!std::ranges::all_of(inputs, known) || !std::ranges::all_of(outputs, known)) return;
  if (auto plan = node->kernel->Plan(node->view, inputs, outputs); plan.ok())
    node->plan = std::move(plan).value();
}

}  // namespace tenon::program

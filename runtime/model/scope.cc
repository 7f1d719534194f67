#include "scope.h"

namespace tenon::model {

using graph::kNone;
using graph::ValueId;

int Scope::OpsetOf(const std::string& domain) const {
  for (const auto& [known, version] : opsets_) {
    if (known == domain) return version;
  }
  return 0;
}

ValueId Scope::Find(const std::string& name) const {
  const auto found = ids_.find(name);
  return found == ids_.end() ? kNone : found->second;
}

std::string Scope::ValueName(const std::string& name) {
  std::string unique = prefix_ + name;
  for (int i = 1; !made_.value_names.insert(unique).second; ++i)
    unique = prefix_ + name + "_" + std::to_string(i);
  return unique;
}

ValueId Scope::ValueFor(const std::string& name) {
  const auto [found, is_new] = ids_.emplace(name, kNone);
  if (is_new) {
    graph::Value value;
    value.name = ValueName(name);
    found->second = made_.graph.AddValue(std::move(value));
  }
  return found->second;
}

ValueId Scope::Read(const std::string& name, const std::string& reader) {
  if (const auto found = ids_.find(name); found != ids_.end()) {
    readers_.try_emplace(name, reader);
    return found->second;
  }
  if (outer_ == nullptr || own_.contains(name)) {
    readers_.try_emplace(name, reader);
    return ValueFor(name);
  }
  return Capture(name, outer_->Read(name, reader));
}

ValueId Scope::Capture(const std::string& name, ValueId around) {
  if (around == kNone) return ids_[name] = kNone;
  if (const auto found = made_.captured.find(around); found != made_.captured.end())
    return ids_[name] = found->second;
  const ValueId inside = ValueFor(name);
  made_.captures.emplace_back(around, inside);
  made_.captured.emplace(around, inside);
  defined_.insert(name);
  return inside;
}

Result<ValueId> Scope::Define(const std::string& name, const std::string& what) {
  if (name.empty()) return Status(Code::kInvalidArgument, what + " has no name");
  if (!defined_.insert(name).second) {
    return Status(
        Code::kInvalidArgument,
        what + " \"" + name + "\": the name is taken already; names of values are unique");
  }
  return ValueFor(name);
}

std::string Scope::NodeName(const onnx::NodeProto& node, int index) {
  const std::string base =
      prefix_ + (node.name().empty() ? node.op_type() + "_" + std::to_string(index) : node.name());
  std::string name = base;
  if (made_.node_names.insert(name).second) return name;
  name += "_" + std::to_string(index);
  for (int i = 1; !made_.node_names.insert(name).second; ++i)
    name = base + "_" + std::to_string(index) + "_" + std::to_string(i);
  return name;
}

Status Scope::CheckProduced() const {
  for (const auto& [name, reader] : readers_) {
    const ValueId id = Find(name);
    if (id == kNone || defined_.contains(name)) continue;
    const graph::Value& value = made_.graph.values[id];
    if (value.producer != kNone || value.constant) continue;
    return Status(Code::kInvalidArgument,
                  "node \"" + reader + "\" reads \"" + name +
                      "\", which is made by no node and is no input or initializer");
  }
  return {};
}

}  // namespace tenon::model

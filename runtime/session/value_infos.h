// The inputs or outputs of a graph as tenon.h tells them. Immutable; lends from itself.
#pragma once

#include <deque>
#include <span>
#include <string>
#include <vector>

#include "tenon/graph/graph.h"
#include "tenon/runtime/tenon.h"

namespace tenon::session {

class ValueInfos {
 public:
  ValueInfos() = default;
  ValueInfos(const graph::Graph& graph, std::span<const graph::ValueId> values);
  ValueInfos(const ValueInfos&) = delete;
  ValueInfos& operator=(const ValueInfos&) = delete;
  std::span<const tenon_value_info* const> infos() const { return list_; }
  // Index by name, UINT32_MAX where there is none.
  uint32_t Find(std::string_view name) const;
  std::string Names() const;  // "x", "y"

 private:
  struct Row {
    tenon_value_info info{};
    std::string name;
    std::vector<int64_t> dims;
    std::vector<std::string> symbols;
    std::vector<const char*> symbol_pointers;
  };
  std::deque<Row> rows_;
  std::vector<const tenon_value_info*> list_;
};

// Metadata as a list key, value, key, value.
class Metadata {
 public:
  explicit Metadata(const graph::Graph& graph);
  std::span<const char* const> pairs() const { return pointers_; }

 private:
  std::deque<std::string> strings_;
  std::vector<const char*> pointers_;
};

}  // namespace tenon::session

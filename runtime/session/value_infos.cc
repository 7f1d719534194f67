#include "value_infos.h"

namespace tenon::session {

ValueInfos::ValueInfos(const graph::Graph& graph, std::span<const graph::ValueId> values) {
  for (graph::ValueId id : values) {
    const graph::Value& value = graph.values[id];
    Row& row = rows_.emplace_back();
    row.name = value.name;
    for (int64_t dim : value.shape.dims()) {
      const bool symbol = dim <= -2;
      row.dims.push_back(dim < 0 ? -1 : dim);
      row.symbols.push_back(symbol ? graph.symbols[SymbolId(dim)] : "");
    }
    for (const std::string& symbol : row.symbols) {
      row.symbol_pointers.push_back(symbol.empty() ? nullptr : symbol.c_str());
    }
    row.info.struct_size = sizeof row.info;
    row.info.dtype = static_cast<tenon_dtype>(value.type);
    row.info.name = row.name.c_str();
    row.info.rank = value.shape.rank();
    row.info.kind = static_cast<tenon_value_kind>(value.kind);
    row.info.dims = row.dims.data();
    row.info.symbols = row.symbol_pointers.data();
    list_.push_back(&row.info);
  }
}

uint32_t ValueInfos::Find(std::string_view name) const {
  for (uint32_t i = 0; i < list_.size(); ++i) {
    if (list_[i]->name == name) return i;
  }
  return UINT32_MAX;
}

std::string ValueInfos::Names() const {
  std::string names;
  for (const tenon_value_info* info : list_)
    names += (names.empty() ? "\"" : ", \"") + std::string(info->name) + "\"";
  return names.empty() ? "none" : names;
}

Metadata::Metadata(const graph::Graph& graph) {
  for (const auto& [key, value] : graph.metadata) {
    pointers_.push_back(strings_.emplace_back(key).c_str());
    pointers_.push_back(strings_.emplace_back(value).c_str());
  }
}

}  // namespace tenon::session

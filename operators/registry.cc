// The operators of all source files, sorted by name for look-up. Built on first use, then constant.
#include <algorithm>
#include <tuple>
#include <vector>

#include "support/rows.h"

namespace tenon::operators {
namespace {

struct Registry {
  std::vector<const Operator*> all;
  std::vector<const Operator*> by_name;

  Registry() {
    for (const RowsFunction source : RowSources()) {
      for (const Operator& row : source()) all.push_back(&row);
    }
    by_name = all;
    std::ranges::sort(by_name, {}, KeyOf);
  }
  static std::tuple<std::string_view, std::string_view> KeyOf(const Operator* row) {
    return {row->name, row->domain};
  }
  static const Registry& Get() {
    static const Registry registry;
    return registry;
  }
};

}  // namespace

std::span<const Operator* const> AllOperators() { return Registry::Get().all; }

const Operator* FindOperator(std::string_view domain, std::string_view name) {
  const auto& rows = Registry::Get().by_name;
  const std::tuple key(name, domain == "ai.onnx" ? std::string_view() : domain);
  const auto found = std::ranges::lower_bound(rows, key, {}, Registry::KeyOf);
  return found != rows.end() && Registry::KeyOf(*found) == key ? *found : nullptr;
}

int RevisionAt(const Operator& op, int opset) {
  int number = 0;
  for (const Revision& revision : op.revisions) {
    if (revision.since_opset <= opset) number = revision.number;
  }
  return number;
}

int OpsetOf(const Operator& op, int revision) {
  for (const Revision& candidate : op.revisions) {
    if (candidate.number == revision) return candidate.since_opset;
  }
  return 0;
}

}  // namespace tenon::operators

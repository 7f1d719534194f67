// The operators' revisions against ONNX's own history: what changed in inputs, outputs or attributes
// since opset 6 is a revision of the row, or stands below with a reason.
#include <gtest/gtest.h>
#include <onnx/defs/operator_sets.h>
#include <onnx/defs/schema.h>

#include <algorithm>
#include <map>
#include <set>

#include "importer.h"
#include "tenon/operators/operator.h"

namespace tenon::model {
namespace {

namespace onnx = ::ONNX_NAMESPACE;
using Change = std::pair<std::string, int>;  // operator, version that brought it

// Changes that are no revision. What only widens what is accepted (types, negative axes and indices)
// is not seen here: it changes no signature.
const std::map<Change, const char*> kNoRevision = {
    {{"Constant", 11}, "every Constant becomes an initializer when it is imported"},
    {{"Constant", 12}, "every Constant becomes an initializer when it is imported"},
    {{"Loop", 11}, "a loop may carry nothing; those that carry something read the same"},
};
// Operators without a row.
const std::map<std::string, const char*> kNoRow = {
    {"ImageDecoder", "needs a decoder of pictures"},
    {"RegexFullMatch", "strings"},
};
// Revisions that change the meaning of what was there under the same signature.
const std::map<Change, const char*> kMeaning = {
    {{"Dropout", 10}, "the mask is bool"},
    {{"Max", 8}, "broadcasts"},
    {{"Mean", 8}, "broadcasts"},
    {{"Min", 8}, "broadcasts"},
    {{"Mod", 28}, "fmod = 0 for floats"},
    {{"OptionalGetElement", 18}, "takes tensors and sequences, too"},
    {{"PRelu", 7}, "broadcasts"},
    {{"Pad", 19}, "mode wrap"},
    {{"Resize", 19}, "half_pixel_symmetric"},
    {{"ScatterElements", 18}, "reductions max and min"},
    {{"ScatterND", 18}, "reductions max and min"},
    {{"Sum", 8}, "broadcasts"},
};

struct Signature {
  std::vector<std::pair<std::string, int>> inputs, outputs;
  std::map<std::string, std::tuple<int, bool, std::string>> attributes;
  bool deprecated;
  friend bool operator==(const Signature&, const Signature&) = default;
};
Signature SignatureOf(const onnx::OpSchema& schema) {
  Signature result;
  for (const auto& input : schema.inputs())
    result.inputs.emplace_back(input.GetName(), static_cast<int>(input.GetOption()));
  for (const auto& output : schema.outputs())
    result.outputs.emplace_back(output.GetName(), static_cast<int>(output.GetOption()));
  for (const auto& [name, attribute] : schema.attributes()) {
    result.attributes[name] = {static_cast<int>(attribute.type), attribute.required,
                               attribute.default_value.SerializeAsString()};
  }
  result.deprecated = schema.deprecated();
  return result;
}

// ONNX's own operators by name, their versions from the one that stood in opset 6 on.
std::map<std::string, std::map<int, onnx::OpSchema>> History() {
  RegisterSchemas();
  std::map<std::string, std::map<int, onnx::OpSchema>> history;
  for (const onnx::OpSchema& schema : onnx::OpSchemaRegistry::get_all_schemas_with_history()) {
    if (schema.domain().empty()) history[schema.Name()].emplace(schema.since_version(), schema);
  }
  for (auto& [name, versions] : history) {
    auto first = versions.upper_bound(kOldestOpset);
    if (first == versions.begin()) continue;
    versions.erase(versions.begin(), std::prev(first));
  }
  return history;
}

TEST(History, EveryOperatorHasARowOrAReason) {
  for (const auto& [name, versions] : History()) {
    const bool has_row = operators::FindOperator("", name) != nullptr;
    EXPECT_NE(has_row, kNoRow.contains(name))
        << name << (has_row ? " has a row: take it out of kNoRow" : " has neither row nor reason");
  }
}

TEST(History, EveryChangeIsARevisionOrHasAReason) {
  std::set<Change> met;
  for (const auto& [name, versions] : History()) {
    const operators::Operator* op = operators::FindOperator("", name);
    if (op == nullptr) continue;
    for (auto at = std::next(versions.begin()); at != versions.end(); ++at) {
      const Change change = {name, at->first};
      const bool changed = !(SignatureOf(std::prev(at)->second) == SignatureOf(at->second));
      const bool is_revision =
          std::ranges::find(op->revisions, at->first, &operators::Revision::number) !=
          op->revisions.end();
      if (kNoRevision.contains(change) || kMeaning.contains(change)) met.insert(change);
      if (changed) {
        EXPECT_NE(is_revision, kNoRevision.contains(change))
            << name << "-" << at->first << " changed inputs, outputs or attributes"
            << (is_revision ? " and is a revision: take it out of kNoRevision"
                            : " and is neither a revision nor has a reason");
      } else {
        EXPECT_EQ(is_revision, kMeaning.contains(change))
            << name << "-" << at->first << " has the signature of the version before it";
      }
    }
  }
  EXPECT_EQ(met.size(), kNoRevision.size() + kMeaning.size()) << "an entry names no version";
}

TEST(History, RevisionsAreVersionsOfOnnx) {
  const auto history = History();
  for (const operators::Operator* op : operators::AllOperators()) {
    if (!op->domain.empty()) continue;
    const auto found = history.find(std::string(op->name));
    ASSERT_NE(found, history.end()) << op->name;
    const auto& versions = found->second;
    const int first = versions.begin()->first;
    EXPECT_EQ(op->revisions[0].number, first <= kOldestOpset ? 1 : first) << op->name;
    for (const operators::Revision& revision : op->revisions.subspan(1))
      EXPECT_TRUE(versions.contains(revision.number)) << op->name << " " << revision.number;
  }
}

}  // namespace
}  // namespace tenon::model

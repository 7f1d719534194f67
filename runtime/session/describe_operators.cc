// The operators that Tenon knows, as JSON.
#include <nlohmann/json.hpp>

#include "api.h"
#include "tenon/operators/operator.h"

using namespace tenon;           // NOLINT
using namespace tenon::session;  // NOLINT

namespace {

using Json = nlohmann::ordered_json;

Json ArgumentsJson(const std::vector<model::SchemaArgument>& arguments) {
  Json out = Json::array();
  for (const model::SchemaArgument& argument : arguments) {
    out.push_back({{"name", argument.name},
                   {"optional", argument.optional},
                   {"variadic", argument.variadic},
                   {"types", argument.types}});
  }
  return out;
}

Json Describe(const operators::Operator& op) {
  Json revisions = Json::array();
  for (const operators::Revision& revision : op.revisions)
    revisions.push_back({{"revision", revision.number},
                         {"since_opset", revision.since_opset},
                         {"to_previous", revision.to_previous != nullptr}});
  const auto has = [&op](uint32_t flag) { return (op.flags & flag) != 0; };
  Json out = {{"domain", op.domain},
              {"name", op.name},
              {"revisions", std::move(revisions)},
              {"host", has(operators::kOnHost)},
              {"view", has(operators::kView)},
              {"data_dependent", has(operators::kDataDependent)},
              {"deterministic", !has(operators::kNondeterministic)},
              {"min_inputs", op.arity.min_inputs},
              {"function", false},
              {"inputs", Json::array()},
              {"outputs", Json::array()},
              {"attributes", Json::array()}};
  const int opset = op.domain.empty() ? model::NewestOpset() : op.newest().since_opset;
  const auto schema = model::DescribeSchema(std::string(op.domain), std::string(op.name), opset);
  if (!schema) return out;
  out["function"] = schema->function;
  out["inputs"] = ArgumentsJson(schema->inputs);
  out["outputs"] = ArgumentsJson(schema->outputs);
  for (const model::SchemaAttribute& attribute : schema->attributes)
    out["attributes"].push_back({{"name", attribute.name},
                                 {"type", attribute.type},
                                 {"required", attribute.required},
                                 {"default", attribute.default_value}});
  return out;
}

}  // namespace

tenon_status tenon_operators(tenon_blob** out_blob) {
  return Guard([&] {
    TENON_REQUIRE(out_blob);
    Json list = Json::array();
    for (const operators::Operator* op : operators::AllOperators()) list.push_back(Describe(*op));
    const Json out = {
        {"version", 1}, {"newest_opset", model::NewestOpset()}, {"operators", std::move(list)}};
    return MakeBlob(out.dump(), out_blob);
  });
}

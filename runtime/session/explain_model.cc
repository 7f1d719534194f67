// An explanation of a model without a session, so that it also tells about one that nobody can run.
#include "explanation.h"
#include "tenon/graph/file.h"
#include "tenon/model/model.h"
#include "tenon/passes/passes.h"
#include "tenon/program/lower.h"

namespace tenon::session {
namespace {

using Annotations = std::vector<std::pair<std::string, std::string>>;

std::string Fixed(double value) {
  char text[40];
  std::snprintf(text, sizeof text, "%.2f", value);
  return text;
}

// In the optimised graph, at each node: where it runs, why not elsewhere, and what it costs.
Result<std::string> AnnotatedModel(const graph::Graph& optimised, const Explanation& explanation) {
  std::map<placement::NodeKey, Annotations> by_node;
  for (size_t r = 0; r < explanation.report.rows.size(); ++r) {
    const placement::NodeChoice& row = explanation.report.rows[r];
    if (row.node.empty() || !row.origin.empty()) continue;
    Annotations& pairs = by_node[{row.path, row.node}];
    const RowGroup& group = explanation.groups[explanation.group_of[r]];
    pairs.emplace_back("tenon.backend", row.backend.empty() ? "nobody" : row.backend);
    pairs.emplace_back("tenon.kind", placement::KindName(row.kind));
    if (!row.kernel.empty()) pairs.emplace_back("tenon.kernel", row.kernel);
    pairs.emplace_back("tenon.cost_us", Fixed(explanation.costs[r].us) + " " +
                                            CostSourceName(explanation.costs[r].source));
    if (group.fallback) pairs.emplace_back("tenon.fallback", "yes");
    for (const Why& why : group.why) pairs.emplace_back("tenon.not." + why.backend, why.Text());
    for (const std::string& backend : row.passed_over)
      pairs.emplace_back("tenon.not." + backend, "takes it, too; the whole would cost more");
  }
  model::ExportOptions options;
  options.annotate = [&](const std::string& path, const graph::Node& node) {
    const auto found = by_node.find({path, node.name});
    return found == by_node.end() ? Annotations() : found->second;
  };
  return model::Export(optimised, options);
}

}  // namespace

Result<std::string> ExplainModel(const Model& model, const SessionOptions& options,
                                 std::string_view profile, tenon_format format) {
  TENON_ASSIGN(const UsedBackends used, LoadBackends(*model.runtime(), options));
  graph::Graph graph = model.graph();
  for (const auto& file : graph.files) TENON_RETURN_IF_ERROR(file->Check());
  TENON_RETURN_IF_ERROR(Optimise(options, used, &graph));

  placement::Options placing;
  placing.backends = used.list;
  placing.numerics = options.numerics;
  placing.allow_nobody = true;
  placing.declined = std::make_shared<placement::Declined>();
  placing.deadline_ns =
      options.compile_timeout_ns != 0 ? backend::ClockNs() + options.compile_timeout_ns : 0;
  placement::Report report;
  {
    TENON_ASSIGN(const placement::PlacedGraph placed, placement::Place(graph, placing));
    auto program = program::Lower(placed, &report);
    if (!program.ok()) return std::move(program).status();
  }
  if (format == TENON_FORMAT_TEXT) return ExplainText(report, used.groups);
  Explanation explanation = Describe(std::move(report), used.groups);
  for (const passes::OpenDim& dim : passes::OpenDims(graph))
    explanation.open_dims.push_back(dim.name);
  if (!profile.empty()) TENON_RETURN_IF_ERROR(AddProfile(profile, &explanation));
  if (format == TENON_FORMAT_ONNX) return AnnotatedModel(graph, explanation);
  if (format != TENON_FORMAT_JSON)
    return Status(Code::kInvalidArgument, "there is no format " + std::to_string(format));
  TENON_RETURN_IF_ERROR(AddWhatIfs(graph, placing, &explanation));
  return ExplanationJson(explanation);
}

}  // namespace tenon::session
